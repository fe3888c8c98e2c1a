// Thumb code in flash, translated into JavaScript: a dozen times as fast as looking at each instruction again.
//
// A trace begins at an address and goes on along the straight way, over calls and unconditional branches, with an exit
// at each branch that may be taken. Registers and flags are local variables within. What isn't common ends a trace and
// is left to the simulator's own core. `verify.mjs` compares what traces do with what that core does.
//
// Instructions are those of the ARMv6-M Architecture Reference Manual (DDI 0419), A6.7; cycles are rp2040js's.
const LONGEST = 96;

const RAM = 0x20000000;
export const RAM_WORDS = (264 * 1024) / 4;

/** Makes traces of what is in `flash16`; `memory` is what they work on. */
export class Translator {
  constructor(flash16, memory) {
    this.flash16 = flash16;
    this.memory = memory;
    this.flash32 = new Uint32Array(flash16.buffer);
  }

  /** The trace that begins at an offset in flash; null if the core has to do what is there. */
  translate(offset) {
    const trace = new Trace(this.flash16, this.flash32);
    const { length } = trace.from(offset);
    if (length === 0) return null;
    const { R, S, M8, M16, M32, T, io } = this.memory;
    // eslint-disable-next-line no-new-func
    return new Function('R', 'S', 'M8', 'M16', 'M32', 'T', 'io', trace.text())(R, S, M8, M16, M32, T, io);
  }
}

const int = (value) => (value | 0).toString();
const address = (offset) => 0x10000000 + offset;

class Trace {
  constructor(flash16, flash32) {
    this.flash16 = flash16;
    this.flash32 = flash32;
    this.lines = [];
    this.used = new Set();
    this.length = 0;
    this.cycles = 0;
    this.visited = new Set();
    this.calls = [];
  }

  text() {
    const names = [...this.used].sort((a, b) => a - b);
    const registers = names.map((r) => `r${r}=R[${r}]`).join(',');
    return `return function () {
let ${registers ? registers + ',' : ''}n=S[0],z=S[1],c=S[2],v=S[3],a=0,b=0,t=0,i=0;
${this.lines.join('\n').replaceAll('@SAVE@', names.map((r) => `R[${r}]=r${r};`).join(''))}
}`;
  }

  r(number) {
    this.used.add(number);
    return `r${number}`;
  }

  /** Leaves the trace. */
  leave(pc, extra = 0) {
    return `@SAVE@R[15]=${pc};S[0]=n;S[1]=z;S[2]=c;S[3]=v;T[0]+=${this.length};return ${this.cycles + extra};`;
  }

  from(start) {
    let at = start;
    for (;;) {
      if (this.length >= LONGEST || this.visited.has(at)) break;
      const next = this.instruction(at);
      if (next === undefined) break;
      this.visited.add(at);
      if (next === null) return this;
      at = next;
    }
    if (this.length) this.lines.push(this.leave(int(address(at))));
    return this;
  }

  put(line, cycles = 1) {
    this.lines.push(line);
    this.length += 1;
    this.cycles += cycles;
  }

  add(left, right, to) {
    return `a=${left};b=${right};t=a+b|0;c=(t>>>0)<(a>>>0)?1:0;v=(a^t)&(b^t);n=z=t;${to ? `${to}=t;` : ''}`;
  }

  subtract(left, right, to) {
    return `a=${left};b=${right};t=a-b|0;c=(a>>>0)>=(b>>>0)?1:0;v=(a^b)&(a^t);n=z=t;${to ? `${to}=t;` : ''}`;
  }

  addWithCarry(left, right, to) {
    return `a=${left};b=${right};t=a+b+c|0;c=((a&b)|((a|b)&~t))>>>31;v=(a^t)&(b^t);n=z=t;${to}=t;`;
  }

  load(width, at, to) {
    const from = {
      32: `(i=a-${RAM}|0,i=i>>>2|i<<30)>>>0<${RAM_WORDS}?M32[i]:io.load32(a)`,
      16: `(i=a-${RAM}|0,i=i>>>1|i<<31)>>>0<${RAM_WORDS * 2}?M16[i]:io.load16(a)`,
      8: `(i=a-${RAM}|0)>>>0<${RAM_WORDS * 4}?M8[i]:io.load8(a)`,
    }[width];
    return `a=${at};${to}=${from};`;
  }

  store(width, at, what) {
    const test = {
      32: `(i=a-${RAM}|0,i=i>>>2|i<<30)>>>0<${RAM_WORDS}`,
      16: `(i=a-${RAM}|0,i=i>>>1|i<<31)>>>0<${RAM_WORDS * 2}`,
      8: `(i=a-${RAM}|0)>>>0<${RAM_WORDS * 4}`,
    }[width];
    return `a=${at};if(${test})M${width}[i]=${what};else io.store${width}(a,${what});`;
  }

  /** Loads registers from ascending words; `a` is the first's address. */
  loadSeveral(registers) {
    const each = (from) => registers.map((r, k) => `${this.r(r)}=${from(k)};`).join('');
    const fast = each((k) => `M32[i+${k}]`);
    const slow = each((k) => `io.load32(a+${4 * k}|0)`);
    return `i=a-${RAM}|0;i=i>>>2|i<<30;if(i>>>0<${RAM_WORDS - registers.length}){${fast}}else{${slow}}`;
  }

  storeSeveral(registers) {
    const each = (to) => registers.map((r, k) => to(k, this.r(r))).join('');
    const fast = each((k, r) => `M32[i+${k}]=${r};`);
    const slow = each((k, r) => `io.store32(a+${4 * k}|0,${r});`);
    return `i=a-${RAM}|0;i=i>>>2|i<<30;if(i>>>0<${RAM_WORDS - registers.length}){${fast}}else{${slow}}`;
  }

  /** Goes where `t` says, which may be back from an exception. Ahead is where a call that is in the trace returns to. */
  go(extra) {
    const back = this.calls.pop();
    if (back !== undefined) {
      this.cycles += extra;
      this.lines.push(`if((t&-2)!==${int(address(back))}){${this.away('t', 0)}}`);
      return back;
    }
    this.lines.push(this.away('t', extra));
    return null;
  }

  away(to, extra) {
    const leave = this.leave(`${to}&-2`, extra);
    return `if(${to}>>>28===15){@SAVE@S[0]=n;S[1]=z;S[2]=c;S[3]=v;T[0]+=${this.length};io.back(${to});return ${this.cycles + extra};}${leave}`;
  }

  /** Writes one instruction. Gives where to go on, null if nothing follows, undefined if the core has to do it. */
  instruction(at) {
    const op = this.flash16[at >> 1];
    const next = at + 2;
    const pc = address(at) + 4;
    const lo = (shift) => this.r((op >> shift) & 7);
    const imm5 = (op >> 6) & 31;
    const imm8 = op & 255;
    const flags = 'n=z=t;';
    switch (op >> 11) {
      case 0b00000: // LSLS (immediate)
        this.put(`a=${lo(3)};${imm5 ? `c=(a>>>${32 - imm5})&1;` : ''}t=a<<${imm5};${lo(0)}=t;${flags}`);
        return next;
      case 0b00001: // LSRS (immediate)
        this.put(`a=${lo(3)};${imm5 ? `c=(a>>>${imm5 - 1})&1;t=a>>>${imm5}|0;` : 'c=a>>>31;t=0;'}${lo(0)}=t;${flags}`);
        return next;
      case 0b00010: // ASRS (immediate)
        this.put(`a=${lo(3)};c=(a>>>${imm5 ? imm5 - 1 : 31})&1;t=a>>${imm5 || 31};${lo(0)}=t;${flags}`);
        return next;
      case 0b00011: {
        const right = op & 0x400 ? int((op >> 6) & 7) : lo(6);
        this.put(op & 0x200 ? this.subtract(lo(3), right, lo(0)) : this.add(lo(3), right, lo(0)));
        return next;
      }
      case 0b00100: // MOVS
        this.put(`t=${imm8};${lo(8)}=t;${flags}`);
        return next;
      case 0b00101: // CMP (immediate)
        this.put(this.subtract(lo(8), int(imm8), ''));
        return next;
      case 0b00110: // ADDS
        this.put(this.add(lo(8), int(imm8), lo(8)));
        return next;
      case 0b00111: // SUBS
        this.put(this.subtract(lo(8), int(imm8), lo(8)));
        return next;
      case 0b01000:
        return op & 0x400 ? this.high(op, next, pc) : this.processing(op, next);
      case 0b01001: // LDR (literal)
        this.put(`${lo(8)}=${int(this.flash32[(((pc & ~3) + (imm8 << 2)) & 0xffffff) >> 2])};`, 2);
        return next;
      case 0b01010:
      case 0b01011: {
        const at = `${lo(3)}+${lo(6)}|0`;
        const to = lo(0);
        const line = [
          () => this.store(32, at, to),
          () => this.store(16, at, to),
          () => this.store(8, at, to),
          () => `${this.load(8, at, to)}${to}=${to}<<24>>24;`,
          () => this.load(32, at, to),
          () => this.load(16, at, to),
          () => this.load(8, at, to),
          () => `${this.load(16, at, to)}${to}=${to}<<16>>16;`,
        ][(op >> 9) & 7];
        this.put(line(), 2);
        return next;
      }
      case 0b01100:
        this.put(this.store(32, `${lo(3)}+${imm5 * 4}|0`, lo(0)), 2);
        return next;
      case 0b01101:
        this.put(this.load(32, `${lo(3)}+${imm5 * 4}|0`, lo(0)), 2);
        return next;
      case 0b01110:
        this.put(this.store(8, `${lo(3)}+${imm5}|0`, lo(0)), 2);
        return next;
      case 0b01111:
        this.put(this.load(8, `${lo(3)}+${imm5}|0`, lo(0)), 2);
        return next;
      case 0b10000:
        this.put(this.store(16, `${lo(3)}+${imm5 * 2}|0`, lo(0)), 2);
        return next;
      case 0b10001:
        this.put(this.load(16, `${lo(3)}+${imm5 * 2}|0`, lo(0)), 2);
        return next;
      case 0b10010:
        this.put(this.store(32, `${this.r(13)}+${imm8 * 4}|0`, lo(8)), 2);
        return next;
      case 0b10011:
        this.put(this.load(32, `${this.r(13)}+${imm8 * 4}|0`, lo(8)), 2);
        return next;
      case 0b10100: // ADR
        this.put(`${lo(8)}=${int((pc & ~3) + imm8 * 4)};`);
        return next;
      case 0b10101: // ADD (SP plus immediate)
        this.put(`${lo(8)}=${this.r(13)}+${imm8 * 4}|0;`);
        return next;
      case 0b10110:
      case 0b10111:
        return this.miscellaneous(op, next);
      case 0b11000:
      case 0b11001:
        return this.several(op, next);
      case 0b11010:
      case 0b11011:
        return this.conditional(op, next, at);
      case 0b11100: { // B
        this.put('', 2);
        return (next + 2 + (((op & 0x7ff) << 21) >> 20)) & 0xffffff;
      }
      case 0b11110:
        return this.wide(op, next);
      default:
        return undefined;
    }
  }

  /** Data processing (A5.2.2). */
  processing(op, next) {
    const d = this.r(op & 7);
    const m = this.r((op >> 3) & 7);
    const logic = (value) => `t=${value};${d}=t;n=z=t;`;
    const line = [
      () => logic(`${d}&${m}`),
      () => logic(`${d}^${m}`),
      () => `a=${d};b=${m}&255;t=b<32?a<<b:0;if(b)c=b<=32?(b===32?a&1:(a>>>(32-b))&1):0;${d}=t;n=z=t;`,
      () => `a=${d};b=${m}&255;t=b<32?a>>>b|0:0;if(b)c=b<=32?(a>>>(b-1))&1:0;${d}=t;n=z=t;`,
      () => `a=${d};b=${m}&255;if(b>32)b=32;t=b<32?a>>b:a>>31;if(b)c=(a>>>(b-1))&1;${d}=t;n=z=t;`,
      () => this.addWithCarry(d, m, d),
      () => this.addWithCarry(d, `~${m}`, d),
      () => `a=${d};b=${m}&255;t=a>>>(b&31)|a<<(32-b&31);if(b)c=t>>>31;${d}=t;n=z=t;`,
      () => `t=${d}&${m};n=z=t;`,
      () => this.subtract('0', m, d),
      () => this.subtract(d, m, ''),
      () => this.add(d, m, ''),
      () => logic(`${d}|${m}`),
      () => logic(`Math.imul(${d},${m})`),
      () => logic(`${d}&~${m}`),
      () => logic(`~${m}`),
    ][(op >> 6) & 15];
    this.put(line());
    return next;
  }

  /** Special data instructions and branch and exchange (A5.2.3). */
  high(op, next, pc) {
    const m = (op >> 3) & 15;
    const d = ((op >> 4) & 8) | (op & 7);
    const value = (number) => (number === 15 ? int(pc) : this.r(number));
    switch ((op >> 8) & 3) {
      case 0: // ADD
        if (d === 15) return undefined;
        this.put(`${this.r(d)}=${value(d)}+${value(m)}${d === 13 ? '&-4' : '|0'};`);
        return next;
      case 1: // CMP
        if (d === 15 || m === 15) return undefined;
        this.put(this.subtract(this.r(d), this.r(m), ''));
        return next;
      case 2: // MOV
        if (d === 15) {
          this.put(`t=${value(m)};`, 2);
          this.lines.push(this.leave('t&-2'));
          return null;
        }
        this.put(`${this.r(d)}=${value(m)}${d === 13 ? '&-4' : ''};`);
        return next;
      default: {
        if (op & 7 || m === 15) return undefined;
        if (op & 0x80) { // BLX
          this.put(`t=${this.r(m)};${this.r(14)}=${int(address(next) | 1)};`, 2);
          this.lines.push(this.leave('t&-2'));
          return null;
        }
        this.put(`t=${this.r(m)};`); // BX
        return this.go(1);
      }
    }
  }

  /** Miscellaneous 16-bit instructions (A5.2.5). */
  miscellaneous(op, next) {
    const d = () => this.r(op & 7);
    const m = () => this.r((op >> 3) & 7);
    if (op >> 7 === 0b101100000) this.put(`${this.r(13)}=${this.r(13)}+${(op & 127) * 4}|0;`);
    else if (op >> 7 === 0b101100001) this.put(`${this.r(13)}=${this.r(13)}-${(op & 127) * 4}|0;`);
    else if (op >> 6 === 0b1011001000) this.put(`${d()}=${m()}<<16>>16;`);
    else if (op >> 6 === 0b1011001001) this.put(`${d()}=${m()}<<24>>24;`);
    else if (op >> 6 === 0b1011001010) this.put(`${d()}=${m()}&65535;`);
    else if (op >> 6 === 0b1011001011) this.put(`${d()}=${m()}&255;`);
    else if (op >> 6 === 0b1011101000) this.put(`a=${m()};${d()}=a<<24|(a<<8&0xff0000)|(a>>>8&0xff00)|a>>>24;`);
    else if (op >> 6 === 0b1011101001) this.put(`a=${m()};${d()}=(a<<8&0xff00ff00)|(a>>>8&0xff00ff);`);
    else if (op >> 6 === 0b1011101011) this.put(`a=${m()};${d()}=(a<<24>>16)|(a>>>8&255);`);
    else if (op >> 9 === 0b1011010) { // PUSH
      const registers = this.listed(op & 255);
      if (op & 256) registers.push(14);
      if (!registers.length) return undefined;
      const r13 = this.r(13);
      const size = 4 * registers.length;
      this.put(`a=${r13}-${size}|0;${this.storeSeveral(registers)}${r13}=a;`, 1 + registers.length - (op >> 8 & 1));
    } else if (op >> 9 === 0b1011110) { // POP
      const registers = this.listed(op & 255);
      const r13 = this.r(13);
      const popsPc = op & 256;
      if (!registers.length && !popsPc) return undefined;
      const size = 4 * (registers.length + (popsPc ? 1 : 0));
      const loads = registers.length ? this.loadSeveral(registers) : '';
      const target = popsPc ? this.load(32, `a+${4 * registers.length}|0`, 't') : '';
      this.put(`a=${r13};${r13}=a+${size}|0;${loads}${target}`, 1 + registers.length);
      if (popsPc) return this.go(2);
    } else if (op === 0xbf00) this.put(''); // NOP
    else return undefined;
    return next;
  }

  /** LDMIA and STMIA. */
  several(op, next) {
    const registers = this.listed(op & 255);
    const base = (op >> 8) & 7;
    const isLoad = op & 0x800;
    // What a base within the list is stored as is the core's business.
    if (!registers.length || (!isLoad && registers.includes(base))) return undefined;
    const back = registers.includes(base) ? '' : `${this.r(base)}=a+${4 * registers.length}|0;`;
    const moves = isLoad ? this.loadSeveral(registers) : this.storeSeveral(registers);
    this.put(`a=${this.r(base)};${moves}${back}`, 1 + registers.length);
    return next;
  }

  conditional(op, next, at) {
    const condition = (op >> 8) & 15;
    if (condition >= 14) return undefined;
    const test = [
      'z===0', 'z!==0', 'c!==0', 'c===0', 'n<0', 'n>=0', 'v<0', 'v>=0',
      'c!==0&&z!==0', 'c===0||z===0', '(n^v)>=0', '(n^v)<0', 'z!==0&&(n^v)>=0', 'z===0||(n^v)<0',
    ][condition];
    const to = (next + 2 + ((op << 24) >> 23)) & 0xffffff;
    this.put('');
    this.lines.push(`if(${test}){${this.leave(int(address(to)), 1)}}`);
    return next;
  }

  wide(op, next) {
    const op2 = this.flash16[next >> 1];
    if (op === 0xf3bf && (op2 & 0xffc0) === 0x8f40 && (op2 & 0x30) !== 0x30) { // DSB, DMB, ISB
      this.put('', 3);
      return next + 2;
    }
    if (op2 >> 14 !== 3 || !(op2 & 0x1000)) return undefined;
    const sign = (op >> 10) & 1;
    const i1 = 1 - (sign ^ ((op2 >> 13) & 1));
    const i2 = 1 - (sign ^ ((op2 >> 11) & 1));
    const offset = ((sign ? -1 : 0) << 24) | (i1 << 23) | (i2 << 22) | ((op & 0x3ff) << 12) | ((op2 & 0x7ff) << 1);
    this.put(`${this.r(14)}=${int(address(next + 2) | 1)};`, 3); // BL
    const to = next + 2 + offset;
    if (to < 0 || to >= 0x1000000) {
      this.lines.push(this.leave(int(address(to))));
      return null;
    }
    this.calls.push(next + 2);
    return to;
  }

  listed(bits) {
    return [0, 1, 2, 3, 4, 5, 6, 7].filter((r) => bits & (1 << r));
  }
}
