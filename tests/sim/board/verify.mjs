// Compares traces with rp2040js's own core, which goes the same way one instruction after the other.
import { RP2040, ConsoleLogger, LogLevel } from 'rp2040js';
import { correct } from './core.mjs';

/** How often each trace is compared before only a sample is. */
const FIRST = 3;

/** Runs what traces run once more, in a core of its own with the same flash, and fails on any difference. */
export class Verifier {
  /** One of `rate` runs is compared. */
  constructor(chip, rate) {
    this.chip = chip;
    this.rate = rate;
    this.other = new RP2040();
    this.other.logger = new ConsoleLogger(LogLevel.Error, false);
    this.other.flash = chip.flash;
    this.other.flash16 = new Uint16Array(chip.flash.buffer);
    this.other.flashView = new DataView(chip.flash.buffer);
    correct(this.other.core);
    this.before = { sram: new Uint8Array(chip.sram.length), registers: new Uint32Array(16), flags: null };
  }

  watched(trace, index) {
    let left = FIRST;
    return () => {
      if (left > 0) left -= 1;
      else if (this.chip.random.word() % this.rate) return trace();
      return this.compared(trace, index);
    };
  }

  compared(trace, index) {
    const { chip, before, other } = this;
    const { core } = chip.mcu;
    before.sram.set(chip.sram);
    before.registers.set(chip.registers);
    before.flags = [core.N, core.Z, core.C, core.V];
    const [instructions, slow] = chip.count;
    chip.io.touched = false;
    const cycles = trace();
    // What peripherals were asked for can't be asked twice.
    if (chip.io.touched) return cycles;
    const steps = chip.count[0] - instructions;
    other.sram.set(before.sram);
    other.core.registers.set(before.registers);
    [other.core.N, other.core.Z, other.core.C, other.core.V] = before.flags;
    other.core.currentMode = core.currentMode;
    let expected = 0;
    for (let i = 0; i < steps; i++) expected += other.core.executeInstruction();
    const at = `the trace at ${(0x10000000 + index * 2).toString(16)}, ${steps} instructions`;
    const same = (what, found, wanted) => {
      if (found !== wanted) throw new Error(`${at}: ${what} is ${found} instead of ${wanted}`);
    };
    chip.registers[15] &= ~1; // the core keeps a vector's lowest bit for a while
    other.core.registers[15] &= ~1;
    for (let r = 0; r < 16; r++) same(`r${r}`, chip.registers[r], other.core.registers[r]);
    for (const flag of ['N', 'Z', 'C', 'V']) same(flag, core[flag], other.core[flag]);
    same('cycles', cycles + chip.count[1] - slow, expected);
    same('RAM', Buffer.compare(chip.sram, other.sram), 0);
    chip.statistics.verified += 1;
    return cycles;
  }
}
