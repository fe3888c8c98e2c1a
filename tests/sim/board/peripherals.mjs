// What the firmware meets on the chip and rp2040js 1.4.1 doesn't have. Sections are of the RP2040 datasheet.
import { BasePeripheral } from 'rp2040js';

/** XIP_CTRL (2.6.3.6): nothing is streamed, the cache is never in the way. */
export class XipControl extends BasePeripheral {
  readUint32() {
    return 0;
  }
  writeUint32() {}
}

/** A register file without any effect: pads and clocks that nobody looks at. */
export class Registers extends BasePeripheral {
  constructor(chip, name, initial = {}) {
    super(chip, name);
    this.values = new Map(Object.entries(initial).map(([offset, value]) => [Number(offset), value]));
  }
  readUint32(offset) {
    return this.values.get(offset & 0xfff) ?? 0;
  }
  writeUint32(offset, value) {
    this.values.set(offset, value >>> 0);
  }
}

const RANDOMBIT = 0x1c;
const STATUS = 0x18;

/** The ring oscillator (2.17), whose RANDOMBIT is read for entropy: fair bits that follow from a seed, or a broken source. */
export class RingOscillator extends Registers {
  constructor(chip, random, isStuck) {
    super(chip, 'ROSC');
    this.random = random;
    this.isStuck = isStuck;
  }
  readUint32(offset) {
    if (offset === RANDOMBIT) return this.isStuck() ? 1 : this.random.bit();
    if (offset === STATUS) return 0x80001000; // stable, enabled
    return super.readUint32(offset);
  }
}

const READ_UNIQUE_ID = 0x4b;
const READ_JEDEC_ID = 0x9f;
const [SSI_CTRLR0, SSI_SSIENR, SSI_DR0] = [0, 8, 0x60];
const EEPROM_READ = 3;

/** Gives the flash chip's ids over the SSI (4.10) in its EEPROM read mode; the rest stays as it was. */
export function answerFlashCommands(ssi, uniqueId) {
  const [read, write] = [ssi.readUint32.bind(ssi), ssi.writeUint32.bind(ssi)];
  let mode = 0;
  let answer = null;
  ssi.writeUint32 = (offset, value) => {
    if (offset === SSI_CTRLR0) mode = (value >> 8) & 3;
    if (offset === SSI_SSIENR) answer = null;
    if (offset === SSI_DR0 && mode === EEPROM_READ && answer === null) {
      const command = value & 255;
      if (command === READ_UNIQUE_ID) answer = [0, 0, 0, 0, ...uniqueId]; // four dummy bytes
      else if (command === READ_JEDEC_ID) answer = [0xef, 0x40, 0x15]; // W25Q16JV
      if (answer) return; // otherwise boot2, which begins the continuous read mode
    }
    write(offset, value);
  };
  ssi.readUint32 = (offset) => (offset === SSI_DR0 && answer ? (answer.shift() ?? 0xff) : read(offset));
}

const [SIE_STATUS, SIE_SUSPENDED] = [0x50, 1 << 4];

/** SIE_STATUS.SUSPENDED is cleared by writing it (4.1.4): embassy-rp looks at it again otherwise, for ever. */
export function clearSuspended(usb) {
  const write = usb.writeUint32.bind(usb);
  usb.writeUint32 = (offset, value) => {
    if (offset === SIE_STATUS && usb.rawWriteValue & SIE_SUSPENDED) usb.sieStatus &= ~SIE_SUSPENDED;
    write(offset, value);
  };
}

/** Random numbers that follow from a seed: xoshiro128** (Blackman, Vigna), seeded by SplitMix32. */
export class Random {
  constructor(seed) {
    let x = seed >>> 0;
    this.state = Uint32Array.from({ length: 4 }, () => {
      x = (x + 0x9e3779b9) >>> 0;
      let z = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      return z ^ (z >>> 15);
    });
    this.left = 0;
    this.bits = 0;
  }
  word() {
    const s = this.state;
    const rotate = (value, by) => (value << by) | (value >>> (32 - by));
    const result = Math.imul(rotate(Math.imul(s[1], 5), 7), 9);
    const shifted = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate(s[3], 11);
    return result >>> 0;
  }
  bit() {
    if (this.left === 0) [this.bits, this.left] = [this.word(), 32];
    this.left -= 1;
    return (this.bits >>> this.left) & 1;
  }
}
