// What rp2040js 1.4.1's core does otherwise than an ARMv6-M core. Sections are of DDI 0419.
//
// - SEV sets the event register (A6.7.57): executors wake themselves by it, and sleep for good otherwise.
// - ADCS and SBCS: overflow where an operand and the carry together leave 32 bits. What is left of
//   https://github.com/wokwi/rp2040js/issues/50 and https://github.com/wokwi/rp2040js/issues/58.
// - Shifts by a register that says 0 leave the carry as it is, LSLS by more than 32 clears it (A2.2.1).
// - BLX may branch to what LR was (A6.7.14).
// - STMIA writes its base back also if the base is in the list (A6.7.58).
const SEV = 0xbf40;
const BLX_LR = 0x47f0;

/** Makes a core execute instructions as the architecture has them. */
export function correct(core) {
  const executeInstruction = core.executeInstruction;
  core.executeInstruction = function () {
    if (this.interruptsUpdated && this.checkForInterrupts()) this.waiting = false;
    const op = this.readUint16(this.PC & ~1);
    const carry = this.C;
    switch (op >> 6) {
      case 0b0100000101:
        return addWithCarry(this, op, this.registers[(op >> 3) & 7]);
      case 0b0100000110:
        return addWithCarry(this, op, ~this.registers[(op >> 3) & 7]);
      case 0b0100000010:
      case 0b0100000011:
      case 0b0100000100:
      case 0b0100000111: {
        const by = this.registers[(op >> 3) & 7] & 255;
        const cycles = executeInstruction.call(this);
        if (by === 0) this.C = carry;
        else if (by > 32 && op >> 6 === 0b0100000010) this.C = false;
        return cycles;
      }
      default:
    }
    if (op === SEV) this.eventRegistered = true;
    if (op === BLX_LR) return swapLink(this);
    const base = op >> 11 === 0b11000 && op & (1 << ((op >> 8) & 7)) ? (op >> 8) & 7 : undefined;
    const from = base === undefined ? 0 : this.registers[base];
    const cycles = executeInstruction.call(this);
    if (base !== undefined) this.registers[base] = from + 4 * ones(op & 255);
    return cycles;
  };
}

function addWithCarry(core, op, right) {
  const d = op & 7;
  const [a, b] = [core.registers[d] | 0, right | 0];
  const sum = (a >>> 0) + (b >>> 0) + (core.C ? 1 : 0);
  const result = sum | 0;
  core.registers[d] = result;
  core.N = result < 0;
  core.Z = result === 0;
  core.C = sum > 0xffffffff;
  core.V = a + b + (sum - (a >>> 0) - (b >>> 0)) !== result;
  core.PC += 2;
  core.cycles += 1;
  return 1;
}

function swapLink(core) {
  const to = core.LR;
  core.LR = (core.PC & ~1) + 2 | 1;
  core.PC = to & ~1;
  core.cycles += 2;
  return 2;
}

function ones(bits) {
  let count = 0;
  for (let rest = bits; rest; rest &= rest - 1) count += 1;
  return count;
}
