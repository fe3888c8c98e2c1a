// Random instructions, translated and by rp2040js's own core: registers, flags, cycles and RAM have to be the same.
//
//   node compare.mjs [COUNT] [SEED]
import { RP2040, ConsoleLogger, LogLevel } from 'rp2040js';
import { correct } from './core.mjs';
import { Random } from './peripherals.mjs';
import { Translator } from './translate.mjs';

const [count, seed] = [Number(process.argv[2] ?? 20000), Number(process.argv[3] ?? 1)];
const random = new Random(seed);
const flash = new Uint8Array(16 << 20);
const flash16 = new Uint16Array(flash.buffer);
const sram = new Uint8Array(264 << 10);
const registers = new Uint32Array(16);
const flags = new Int32Array(4);
const counted = new Float64Array(2);
const outside = () => {
  throw new Error('an access outside RAM');
};
const io = { load32: outside, load16: outside, load8: outside, store32: outside, store16: outside, store8: outside, back: outside };
const memory = {
  R: new Int32Array(registers.buffer),
  S: flags,
  M8: sram,
  M16: new Uint16Array(sram.buffer),
  M32: new Int32Array(sram.buffer),
  T: counted,
  io,
};
const translator = new Translator(flash16, memory);

const other = new RP2040();
other.logger = new ConsoleLogger(LogLevel.Error, false);
Object.assign(other, { flash, flash16, flashView: new DataView(flash.buffer) });
correct(other.core);

/** Values at which carries and overflows turn, among any others. */
const EDGES = [0, 1, 2, 31, 32, 33, 255, 256, 0x7fffffff, 0x80000000, 0x80000001, 0xffffffff, 0xfffffffe];
const value = () => (random.word() % 3 ? random.word() : EDGES[random.word() % EDGES.length]);
/** Somewhere in RAM's middle, so that every offset stays within it. */
const place = () => 0x20008000 + ((random.word() % 0x10000) & ~3);

const START = 0x1000;
let done = 0;
let translated = 0;
const kinds = new Set();
while (done < count) {
  done += 1;
  const op = random.word() & 0xffff;
  // Code behind it is the same each time, and ends the trace: BKPT.
  flash16.fill(0xbe00, START >> 1, (START >> 1) + 8);
  flash16[START >> 1] = op;
  if (op >> 11 === 0b11110) flash16[(START >> 1) + 1] = 0xd000 | (random.word() & 0x2fff);
  const trace = translator.translate(START);
  if (!trace) continue;
  const isAccess = op >> 12 >= 5 && op >> 12 <= 9 || op >> 12 === 0xb || op >> 12 === 0xc;
  for (let r = 0; r < 13; r++) registers[r] = isAccess ? place() : value();
  // An address and an offset: register offsets are small, and aligned for every width.
  if (op >> 12 === 5) registers[(op >> 6) & 7] = (random.word() % 1024) & ~3;
  if (op >> 12 === 5 && ((op >> 6) & 7) === ((op >> 3) & 7)) continue;
  registers[13] = place();
  registers[14] = (0x10002000 | (random.word() & 0xffe)) + 1;
  registers[15] = 0x10000000 + START;
  const before = { registers: registers.slice(), flags: [random.bit(), random.bit(), random.bit(), random.bit()] };
  flags.set([-before.flags[0], before.flags[1] ? 0 : 1, before.flags[2], -before.flags[3]]);
  for (let i = 0; i < 16; i++) sram[(registers[13] - 0x20000000) + i] = random.word();
  other.sram.set(sram);
  other.core.registers.set(before.registers);
  [other.core.N, other.core.Z, other.core.C, other.core.V] = before.flags.map(Boolean);
  counted.fill(0);
  let cycles = 0;
  try {
    cycles = trace();
  } catch (error) {
    if (error.message !== 'an access outside RAM') throw error;
    continue;
  }
  let expected = 0;
  for (let i = 0; i < counted[0]; i++) expected += other.core.executeInstruction();
  const what = `${op.toString(16)} of ${counted[0]} instructions with ${[...before.registers].map((r) => r.toString(16))}, flags ${before.flags}`;
  const same = (name, found, wanted) => {
    if (found !== wanted) {
      console.error(`${what}: ${name} is ${found} instead of ${wanted}`);
      process.exit(1);
    }
  };
  for (let r = 0; r < 16; r++) same(`r${r}`, registers[r] & (r === 15 ? ~1 : ~0), other.core.registers[r] & (r === 15 ? ~1 : ~0));
  same('N', flags[0] < 0, other.core.N);
  same('Z', flags[1] === 0, other.core.Z);
  same('C', flags[2] !== 0, other.core.C);
  same('V', flags[3] < 0, other.core.V);
  same('cycles', cycles, expected);
  same('RAM', Buffer.compare(sram, other.sram), 0);
  translated += 1;
  kinds.add(op >> 9);
}
console.log(`${translated} random instructions of ${kinds.size} kinds do the same translated and by rp2040js's core`);
