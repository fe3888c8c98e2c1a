// A stand-in for the boot ROM (RP2040 datasheet, 2.8.3): its function table, and flash functions that can be cut short.
// Each function is a BKPT that is carried out here.

/** The power goes in the middle of a flash operation. */
export class PowerCut extends Error {}

const FIRST_CODE = 16;
const TABLE = 0x100;
const LOOKUP = 0x200;
const FUNCTIONS = 0x300;

export const PAGE = 256;
export const SECTOR = 4096;
/** What a W25Q16JV takes for a page and a sector (its datasheet, 9.6), typically. */
const PAGE_NANOSECONDS = 400e3;
const SECTOR_NANOSECONDS = 45e6;

/** The functions: arguments as the chip's registers, the result in r0. */
const functions = (chip) => ({
  IF: () => {}, // connect_internal_flash
  EX: () => {}, // flash_exit_xip
  FC: () => {}, // flash_flush_cache
  CX: () => {}, // flash_enter_cmd_xip
  RE: (at, length) => erase(chip, at, length),
  RP: (at, from, length) => program(chip, at, from, length),
  MC: (to, from, length) => copy(chip, to, from, length),
  C4: (to, from, length) => copy(chip, to, from, length),
  MS: (to, value, length) => fill(chip, to, value, length),
  S4: (to, value, length) => fill(chip, to, value, length),
});

/** Puts the ROM into a chip. */
export function install(chip) {
  const rom = new Uint16Array(chip.mcu.bootrom.buffer);
  const put = (at, ...halfwords) => rom.set(halfwords, at >> 1);
  put(0x10, 0x754d, 0x0201); // "Mu", 1, version 2
  put(0x14, TABLE, TABLE, LOOKUP | 1);
  // r0 the table, r1 the code:
  put(LOOKUP, 0x8802, 0x2a00, 0xd004, 0x428a, 0xd001, 0x3004, 0xe7f8, 0x8840, 0x4770);
  //   ldrh r2,[r0]; cmp r2,#0; beq 1f; cmp r2,r1; beq 2f; adds r0,#4; b .-12; 2: ldrh r0,[r0,#2]; 1: bx lr
  const carriedOut = Object.entries(functions(chip));
  carriedOut.forEach(([code, _], index) => {
    put(TABLE + index * 4, code.charCodeAt(0) | (code.charCodeAt(1) << 8), (FUNCTIONS + index * 4) | 1);
    put(FUNCTIONS + index * 4, 0xbe00 | (FIRST_CODE + index), 0x4770); // bkpt; bx lr
  });
  chip.mcu.onBreak = (code) => {
    const { registers } = chip.mcu.core;
    const found = carriedOut[code - FIRST_CODE];
    if (!found) throw new Error(`BKPT ${code} at ${(registers[15] - 2).toString(16)}`);
    const result = found[1](registers[0], registers[1], registers[2]);
    if (result !== undefined) registers[0] = result;
  };
}

/** Whether the boot ROM would start what is at the flash's begin: CRC-32/MPEG-2 over boot2 (2.8.1.3.1). */
export function isBootable(flash) {
  let crc = 0xffffffff;
  for (let i = 0; i < 252; i++) {
    crc ^= flash[i] << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  }
  const stored = flash[252] | (flash[253] << 8) | (flash[254] << 16) | (flash[255] << 24);
  return (crc | 0) === stored;
}

function erase(chip, at, length) {
  within(chip, at, length, SECTOR);
  const { flash } = chip;
  for (let sector = at; sector < at + length; sector += SECTOR) {
    const cut = chip.flashOperation('erase', sector, SECTOR);
    if (cut) {
      // Any bits may be erased: here all of the first bytes, some of the next ones.
      flash.fill(0xff, sector, sector + cut.bytes);
      const ragged = Math.min(cut.bytes + 64, SECTOR);
      for (let i = sector + cut.bytes; i < sector + ragged; i++) flash[i] |= chip.random.word() & 0xff;
      throw new PowerCut(`in the erase of ${sector.toString(16)}, after ${cut.bytes} bytes`);
    }
    flash.fill(0xff, sector, sector + SECTOR);
    chip.pass(SECTOR_NANOSECONDS);
  }
}

function program(chip, at, from, length) {
  within(chip, at, length, PAGE);
  const { flash } = chip;
  const bytes = Uint8Array.from({ length }, (_, i) => chip.mcu.readUint8(from + i));
  for (let page = 0; page < length; page += PAGE) {
    const changed = bytes.subarray(page, page + PAGE);
    const cut = chip.flashOperation('program', at + page, PAGE, changed);
    const whole = cut ? cut.bytes : PAGE;
    for (let i = 0; i < whole; i++) flash[at + page + i] &= changed[i];
    if (cut) {
      // Of the byte that is being programmed any bits may be.
      if (whole < PAGE) flash[at + page + whole] &= changed[whole] | chip.random.word();
      throw new PowerCut(`in the program of ${(at + page).toString(16)}, after ${whole} bytes`);
    }
    chip.pass(PAGE_NANOSECONDS);
  }
}

function within(chip, at, length, unit) {
  if (at % unit || length % unit || at + length > chip.flashSize) {
    throw new Error(`a flash operation at ${at.toString(16)} of ${length} bytes`);
  }
  // What is programmed or erased can't be executed meanwhile, and isn't the program itself.
  if (at < chip.codeEnd) throw new Error(`the firmware changes itself at ${at.toString(16)}`);
}

function copy(chip, to, from, length) {
  for (let i = 0; i < length; i++) chip.mcu.writeUint8(to + i, chip.mcu.readUint8(from + i));
}

function fill(chip, to, value, length) {
  for (let i = 0; i < length; i++) chip.mcu.writeUint8(to + i, value);
}
