// An RP2040 with the firmware in its flash: power, resets, time.
import fs from 'node:fs';
import { ConsoleLogger, LogLevel, RP2040 } from 'rp2040js';
import { correct } from './core.mjs';
import { Random, Registers, RingOscillator, XipControl, answerFlashCommands, clearSuspended } from './peripherals.mjs';
import { PowerCut, install, isBootable } from './rom.mjs';
import { Translator } from './translate.mjs';
import { Verifier } from './verify.mjs';

export { PowerCut };

/** The chip resets itself. */
export class ChipReset extends Error {}

const FLASH = 0x10000000;
const FLASH_SIZE = 2 << 20;
const VECTORS = FLASH + 0x100;
const SIO = 0xd0000000;
const AIRCR = 0xe000ed0c;
const SYSRESETREQ = 0x05fa0004;
/** What firmware paints its stack with (`firmware/boards/stack`). */
const PAINT = 0x5afe57ac;
/** How often an address is come to before a trace is made of it. */
const WARM = 4;

export class Chip {
  constructor(elf, { seed = 1, verify = 0, translate = true } = {}) {
    this.random = new Random(seed);
    this.entropy = new Random(seed ^ 0x5eed);
    this.uniqueId = Array.from({ length: 8 }, () => this.random.word() & 255);
    this.flashSize = FLASH_SIZE;
    this.flash = new Uint8Array(16 << 20).fill(0xff);
    this.sram = new Uint8Array(264 << 10);
    this.registers = new Uint32Array(16);
    this.flags = new Int32Array(4); // sign of N, zero for Z, C, sign of V
    this.codeEnd = load(elf, this.flash);
    if (!isBootable(this.flash)) throw new Error('the boot ROM would not start this image: boot2 has a wrong checksum');
    this.count = new Float64Array(2); // instructions, and cycles of slow accesses
    this.statistics = { boots: 0, erases: 0, programs: 0, verified: 0, traces: 0, busy: 0 };
    this.cut = null;
    this.watch = null;
    this.isStuck = false;
    /** How many times as much as in truth the core does in a time. */
    this.haste = 1;
    this.onBoot = () => {};
    this.onReset = () => {};
    this.io = this.slowAccesses();
    const memory = {
      R: new Int32Array(this.registers.buffer),
      S: this.flags,
      M8: this.sram,
      M16: new Uint16Array(this.sram.buffer),
      M32: new Int32Array(this.sram.buffer),
      T: this.count,
      io: this.io,
    };
    const flash16 = new Uint16Array(this.flash.buffer);
    this.translator = translate ? new Translator(flash16, memory) : null;
    this.traces = new Array(this.codeEnd >> 1);
    this.heat = new Uint8Array(this.codeEnd >> 1);
    this.verifier = verify ? new Verifier(this, verify) : null;
    this.totalNanos = 0;
    this.powerUp();
  }

  /** Restores the power: what isn't in the flash is gone. */
  powerUp() {
    const words = new Uint32Array(this.sram.buffer);
    for (let i = 0; i < words.length; i++) words[i] = this.random.word();
    this.start(0, null);
  }

  /** Begins as the boot ROM and boot2 leave the chip. */
  start(reason, scratch) {
    this.totalNanos += this.mcu?.clock.nanos ?? 0;
    const mcu = new RP2040();
    this.mcu = mcu;
    mcu.logger = new Complaints();
    Object.assign(mcu, {
      flash: this.flash,
      flash16: new Uint16Array(this.flash.buffer),
      flashView: new DataView(this.flash.buffer),
      sram: this.sram,
      sramView: new DataView(this.sram.buffer),
    });
    const { core } = mcu;
    this.registers.fill(0);
    core.registers = this.registers;
    shareFlags(core, this.flags);
    correct(core);
    Object.assign(mcu.peripherals, {
      0x14000: new XipControl(mcu, 'XIP_CTRL'),
      0x40018: new Registers(mcu, 'IO_QSPI'),
      0x40060: new RingOscillator(mcu, this.entropy, () => this.isStuck),
      0x40064: new Registers(mcu, 'VREG_AND_CHIP_RESET', { 0: 0xb1, 8: 0x100 }), // regulated; a power-on reset
    });
    answerFlashCommands(mcu.peripherals[0x18000], this.uniqueId);
    clearSuspended(mcu.usbCtrl);
    const watchdog = mcu.peripherals[0x40058];
    watchdog.reason = reason;
    if (scratch) watchdog.scratchData.set(scratch);
    watchdog.onWatchdogTrigger = () => {
      throw new ChipReset('watchdog');
    };
    install(this);
    core.VTOR = VECTORS;
    core.SP = mcu.readUint32(VECTORS);
    core.PC = mcu.readUint32(VECTORS + 4) & ~1;
    this.statistics.boots += 1;
    this.onBoot();
  }

  /** Resets the chip without cutting the power: RAM and the watchdog's scratch registers stay. */
  reset(reason) {
    this.start(reason, this.mcu.peripherals[0x40058].scratchData);
  }

  /** Board time since the last start. */
  get nanos() {
    return this.mcu.clock.nanos;
  }

  get isWaiting() {
    return this.mcu.core.waiting;
  }

  pass(nanoseconds) {
    this.mcu.clock.tick(nanoseconds);
  }

  /** Whether an output is high. */
  output(pin) {
    return this.mcu.gpio[pin].value === 1;
  }

  /** How many bytes at RAM's beginning, where the stack ends, were never written since they were painted. */
  untouched() {
    const words = new Uint32Array(this.sram.buffer);
    const end = words.findIndex((word) => word !== PAINT);
    return 4 * (end < 0 ? words.length : end);
  }

  /** Tells what happens to a flash operation: where it is cut, if it is. */
  flashOperation(kind, at, length, bytes) {
    this.statistics[kind === 'erase' ? 'erases' : 'programs'] += 1;
    this.watch?.(kind, at, bytes);
    if (!this.cut || (this.cut.kind && this.cut.kind !== kind)) return null;
    if (this.cut.operation > 1) {
      this.cut.operation -= 1;
      return null;
    }
    const cut = { bytes: Math.min(this.cut.bytes, length) };
    this.cut = null;
    return cut;
  }

  /** Runs until the core sleeps, or this board time has come. The chip's own resets happen; a cut of the power is thrown. */
  run(until) {
    return this.resettable(() => this.runOn(until));
  }

  /** Lets time pass for a core that sleeps. */
  sleep(nanoseconds) {
    this.resettable(() => this.pass(nanoseconds));
  }

  resettable(work) {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof ChipReset)) throw error;
      this.onReset(error.message, this.registers);
      this.reset(error.message === 'watchdog' ? 1 : 0);
      return false;
    }
  }

  runOn(until) {
    const { core, clock } = this.mcu;
    const { registers, traces, count, io } = this;
    for (;;) {
      if (core.interruptsUpdated && core.checkForInterrupts()) core.waiting = false;
      if (core.waiting) return true;
      const nanos = clock.nanos;
      if (nanos >= until) return false;
      const nanosPerCycle = 1e9 / this.mcu.clkSys / this.haste;
      const ahead = clock.nextAlarm ? Math.min(clock.nextAlarm.nanos, until) : until;
      io.limit = Math.max(1, Math.ceil((ahead - nanos) / nanosPerCycle));
      io.cycles = 0;
      io.synchronised = 0;
      io.nanosPerCycle = nanosPerCycle;
      while (io.cycles < io.limit) {
        const at = registers[15] - FLASH;
        const trace = traces[at >>> 1];
        if (trace) {
          io.cycles += trace();
        } else if (trace === undefined && at >= 0 && at < this.codeEnd && this.warm(at)) {
          continue;
        } else {
          count[0] += 1;
          io.cycles += core.executeInstruction();
          break;
        }
      }
      if (count[1]) {
        io.cycles += count[1];
        count[1] = 0;
      }
      clock.tick((io.cycles - io.synchronised) * nanosPerCycle);
      this.statistics.busy += (io.cycles * nanosPerCycle * this.haste) / 1e6;
    }
  }

  /** Makes a trace of code that is come to again. Tells whether there is one now. */
  warm(at) {
    const index = at >>> 1;
    if (!this.translator || ++this.heat[index] < WARM) return false;
    const trace = this.translator.translate(at & ~1);
    if (trace) this.statistics.traces += 1;
    this.traces[index] = trace && this.verifier ? this.verifier.watched(trace, index) : trace;
    return trace !== null;
  }

  /** What traces do with addresses outside RAM. */
  slowAccesses() {
    const chip = this;
    const io = {
      limit: 0,
      cycles: 0,
      synchronised: 0,
      nanosPerCycle: 8,
      touched: false,
      /** Peripherals see the time that it is, and what they do is seen at once. */
      meet(address, cost) {
        this.touched = true;
        if (address >= SIO && address < 0xe0000000) {
          chip.count[1] -= 1;
          return;
        }
        if (address >= 0x40000000 && address < 0x50000000) chip.count[1] += cost;
        else if (address < 0x40000000) return;
        chip.mcu.clock.tick((this.cycles - this.synchronised) * this.nanosPerCycle);
        this.synchronised = this.cycles;
        this.limit = 0;
      },
      load32(address) {
        const at = address >>> 0;
        if (at >>> 24 === 0x10 && !(at & 3)) return chip.mcu.flashView.getInt32(at & 0xffffff, true);
        aligned(at, 3);
        this.meet(at, 2);
        return chip.mcu.readUint32(at) | 0;
      },
      load16(address) {
        const at = address >>> 0;
        if (at >>> 24 === 0x10 && !(at & 1)) return chip.mcu.flashView.getUint16(at & 0xffffff, true);
        aligned(at, 1);
        this.meet(at, 2);
        return chip.mcu.readUint16(at);
      },
      load8(address) {
        const at = address >>> 0;
        if (at >>> 24 === 0x10) return chip.flash[at & 0xffffff];
        this.meet(at, 2);
        return chip.mcu.readUint8(at);
      },
      store32(address, value) {
        const at = address >>> 0;
        aligned(at, 3);
        if (at === AIRCR && (value & 0xffff0007) === SYSRESETREQ) throw new ChipReset('request');
        this.meet(at, 3);
        chip.mcu.writeUint32(at, value);
      },
      store16(address, value) {
        const at = address >>> 0;
        aligned(at, 1);
        this.meet(at, 3);
        chip.mcu.writeUint16(at, value & 0xffff);
      },
      store8(address, value) {
        const at = address >>> 0;
        this.meet(at, 3);
        chip.mcu.writeUint8(at, value & 0xff);
      },
      back(address) {
        this.touched = true;
        this.limit = 0;
        chip.mcu.core.BXWritePC(address >>> 0);
      },
    };
    return io;
  }
}

/** A core without unaligned accesses faults (DDI 0419, A3.2.1). */
function aligned(at, mask) {
  if (at & mask) throw new Error(`HardFault: unaligned access to ${at.toString(16)}`);
}

/** The core's flags lie where traces have theirs. */
function shareFlags(core, flags) {
  flags.set([0, 1, 0, 0]);
  const share = (name, get, set) => Object.defineProperty(core, name, { get, set, configurable: true });
  share('N', () => flags[0] < 0, (value) => { flags[0] = value ? -1 : 0; });
  share('Z', () => flags[1] === 0, (value) => { flags[1] = value ? 0 : 1; });
  share('C', () => flags[2] !== 0, (value) => { flags[2] = value ? 1 : 0; });
  share('V', () => flags[3] < 0, (value) => { flags[3] = value ? -1 : 0; });
}

/** An access to what isn't there, or an instruction that doesn't exist, ends it here; a chip would fault. */
class Complaints extends ConsoleLogger {
  constructor() {
    super(LogLevel.Error, false);
  }
  warn(name, message) {
    if (name === 'RP2040' || name === 'CortexM0Core') this.error(name, message);
  }
  error(name, message) {
    throw new Error(`${name}: ${message}`);
  }
}

/** Puts an ELF file's segments where they belong in flash; tells where they end. */
function load(path, flash) {
  const file = fs.readFileSync(path);
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  let end = 0;
  let header = view.getUint32(28, true);
  for (let i = 0; i < view.getUint16(44, true); i++, header += view.getUint16(42, true)) {
    const [type, offset, , physical, size] = [0, 4, 8, 12, 16].map((field) => view.getUint32(header + field, true));
    if (type !== 1 || !size || physical >>> 24 !== 0x10) continue;
    flash.set(file.subarray(offset, offset + size), physical - FLASH);
    end = Math.max(end, physical - FLASH + size);
  }
  return (end + 3) & ~3;
}
