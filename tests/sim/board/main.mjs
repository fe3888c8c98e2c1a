// A board behind a socket: reports of 64 bytes on a Unix socket, orders as lines of JSON on the standard input.
//
//   node main.mjs --image ELF --socket PATH [--flash FILE] [--seed N] [--clock scripted|real] [--verify RATE]
import fs from 'node:fs';
import net from 'node:net';
import readline from 'node:readline';
import { parseArgs } from 'node:util';
import { Chip, PowerCut } from './chip.mjs';
import { Host, Stalled } from './host.mjs';

const REPORT = 64;
const LED = 25;
const MILLISECOND = 1e6;
const MICROSECOND = 1e3;
/** How much board time passes between two looks at the sockets. */
const SLICE = MILLISECOND;
/** How long the board may go on by itself after it was last asked something, before its time stands. */
const SETTLE = 20 * MILLISECOND;

const { values: options } = parseArgs({
  options: {
    image: { type: 'string' },
    socket: { type: 'string' },
    flash: { type: 'string' },
    seed: { type: 'string', default: '1' },
    clock: { type: 'string', default: 'scripted' },
    verify: { type: 'string', default: '0' },
    original: { type: 'boolean', default: false },
  },
});

class Board {
  constructor() {
    this.chip = new Chip(options.image, {
      seed: Number(options.seed),
      verify: Number(options.verify),
      translate: !options.original,
    });
    if (options.flash && fs.existsSync(options.flash)) this.chip.flash.set(fs.readFileSync(options.flash));
    this.host = new Host(this.chip);
    this.connections = new Set();
    this.isPowered = true;
    this.isRunning = false;
    this.wall = 0;
    this.target = 0; // until when time has to pass
    this.settled = 0;
    this.waiting = [];
    this.host.onReport = (report) => this.connections.forEach((connection) => connection.write(report));
    // Firmware resets itself when something went wrong: a panic, a fault, a watchdog that wasn't fed.
    this.chip.onReset = (why, registers) => {
      const at = [15, 14, 13].map((r) => registers[r].toString(16)).join(' ');
      say({ event: 'crashed', why: `the chip has reset itself: ${why}; pc, lr and sp were ${at}` });
    };
    const attach = this.chip.onBoot;
    this.chip.onBoot = () => {
      attach();
      this.disconnect();
      Object.assign(this, { target: 0, settled: SETTLE });
    };
    if (options.clock === 'real') setInterval(() => this.follow(), 1);
  }

  listen(path) {
    fs.rmSync(path, { force: true });
    net.createServer((connection) => this.connected(connection)).listen(path, () => say({ event: 'listening' }));
  }

  connected(connection) {
    if (!this.isPowered) return connection.destroy();
    let rest = Buffer.alloc(0);
    this.connections.add(connection);
    connection.on('data', (data) => {
      rest = Buffer.concat([rest, data]);
      for (; rest.length >= REPORT; rest = rest.subarray(REPORT)) this.host.send(Uint8Array.from(rest.subarray(0, REPORT)));
      this.kick();
    });
    connection.on('error', () => {});
    connection.on('close', () => this.connections.delete(connection));
  }

  /** Lets the board run for as long as it has something to do. */
  kick() {
    this.settled = this.chip.nanos + SETTLE;
    if (this.isRunning || !this.isPowered) return;
    this.isRunning = true;
    setImmediate(() => this.slice());
  }

  follow() {
    if (!this.isPowered) return;
    const now = performance.now();
    this.target = Math.max(this.target, this.chip.nanos + (now - (this.followed ?? now)) * MILLISECOND);
    this.followed = now;
    this.kick();
  }

  slice() {
    const started = performance.now();
    const { chip } = this;
    try {
      do {
        const until = Math.min(chip.nanos + SLICE, Math.max(this.target, chip.nanos + 1));
        if (chip.run(this.target > chip.nanos ? until : chip.nanos + SLICE)) {
          // It sleeps: time jumps to what wakes it.
          if (!this.hasToGoOn()) return this.rest(started);
          const { nextAlarm } = chip.mcu.clock;
          const end = Math.max(this.target, this.settled, this.host.isBusy ? Infinity : 0);
          const to = Math.min(nextAlarm ? nextAlarm.nanos : Infinity, end);
          if (to === Infinity) return this.rest(started);
          chip.sleep(Math.max(0, to - chip.nanos));
        }
        if (this.host.isBusy) this.settled = chip.nanos + SETTLE;
      } while (performance.now() - started < 10);
    } catch (error) {
      return this.broken(error);
    }
    this.wall += performance.now() - started;
    setImmediate(() => this.slice());
  }

  hasToGoOn() {
    return this.host.isBusy || this.chip.nanos < this.target || this.chip.nanos < this.settled;
  }

  rest(started) {
    this.wall += performance.now() - started;
    this.isRunning = false;
    this.waiting.splice(0).forEach((resolve) => resolve());
  }

  broken(error) {
    this.isRunning = false;
    this.off();
    if (error instanceof PowerCut) say({ event: 'power-cut', where: error.message });
    else {
      const at = this.chip.registers[15].toString(16);
      say({ event: 'crashed', why: `${error.message} (at ${at})`, stack: error.stack });
    }
    this.waiting.splice(0).forEach((resolve) => resolve());
  }

  off() {
    this.isPowered = false;
    this.disconnect();
  }

  /** What is gone from the bus is gone for programs. */
  disconnect() {
    this.connections.forEach((connection) => connection.destroy());
    this.connections.clear();
  }

  /** Waits until the board has nothing more to do. */
  quiet() {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.kick();
      if (!this.isPowered) this.waiting.splice(0).forEach((done) => done());
    });
  }

  powerUp() {
    this.off();
    this.chip.powerUp();
    this.isPowered = true;
    return this.quiet();
  }

  /** Watches the light for a while. */
  async light(milliseconds) {
    const { chip } = this;
    const changes = [];
    const stop = chip.mcu.gpio[LED].addListener(() => changes.push(chip.nanos));
    this.target = chip.nanos + milliseconds * MILLISECOND;
    await this.quiet();
    stop();
    const apart = changes.slice(1).map((at, index) => at - changes[index]);
    return { changes: changes.length, shortest: Math.round(Math.min(milliseconds * MILLISECOND, ...apart) / MILLISECOND) };
  }

  status() {
    const { chip, host } = this;
    return {
      powered: this.isPowered,
      configured: host.isConfigured,
      unused: chip.untouched(),
      light: chip.output(LED),
      clock: chip.nanos / MILLISECOND,
      instructions: chip.count[0],
      wall: this.wall,
      ...chip.statistics,
      usb: host.counts,
    };
  }

  async bus(steps) {
    const done = this.host.task(steps);
    this.kick();
    try {
      return await done;
    } catch (error) {
      if (error instanceof Stalled) return null;
      throw error;
    }
  }

  async obey(order) {
    const { chip, host } = this;
    switch (order.do) {
      case 'status':
        break;
      case 'quiet':
        await this.quiet();
        break;
      case 'power-cycle':
        await this.powerUp();
        break;
      case 'off':
        this.off();
        break;
      case 'reset':
        this.off();
        chip.reset(order.reason ?? 0);
        this.isPowered = true;
        await this.quiet();
        break;
      case 'advance':
        this.target = chip.nanos + order.milliseconds * MILLISECOND;
        await this.quiet();
        break;
      case 'light':
        return { ...(await this.light(order.milliseconds)), ...this.status() };
      case 'cut':
        chip.cut = order.operation ? { operation: order.operation, bytes: order.bytes ?? 0, kind: order.kind } : null;
        break;
      case 'watch':
        chip.watch = order.on ? (kind, at) => say({ event: 'flash', kind, at }) : null;
        break;
      case 'haste':
        chip.haste = order.factor;
        break;
      case 'entropy':
        chip.isStuck = Boolean(order.stuck);
        break;
      case 'snapshot':
        fs.writeFileSync(order.file, chip.flash.subarray(0, chip.flashSize));
        break;
      case 'restore': {
        const kept = fs.readFileSync(order.file);
        chip.flash.set(kept.subarray(chip.codeEnd), chip.codeEnd);
        await this.powerUp();
        break;
      }
      case 'control': {
        let took;
        const request = host.control(bytes(order.setup), bytes(order.data ?? ''));
        const data = await this.bus(timed(chip, request, (nanoseconds) => (took = nanoseconds / MICROSECOND)));
        return { ...this.status(), data: data && Buffer.from(data).toString('hex'), took };
      }
      case 'configure':
        await this.bus(host.configuration(order.value));
        break;
      case 'bus-reset':
        await this.bus(host.busReset());
        if (order.enumerate ?? true) await this.bus(host.configuration(1));
        break;
      case 'clear-halt':
        await this.bus(host.clearHalt(order.endpoint));
        break;
      case 'suspend':
        await this.bus(host.suspend());
        break;
      case 'resume':
        await this.bus(host.resume());
        break;
      case 'stop':
        process.exit(0);
        break;
      default:
        throw new Error(`there is no order ${order.do}`);
    }
    return this.status();
  }
}

/** Does something on the bus, and tells how much of the board's time it took. */
function* timed(chip, steps, tell) {
  const from = chip.nanos;
  const value = yield* steps;
  tell(chip.nanos - from);
  return value;
}

function bytes(hex) {
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}

function say(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

const board = new Board();
board.kick();
if (options.socket) board.listen(options.socket);
const orders = readline.createInterface({ input: process.stdin });
orders.on('line', (line) => {
  const order = JSON.parse(line);
  board.obey(order).then(
    (done) => say({ id: order.id, done }),
    (error) => say({ id: order.id, failed: error.message }),
  );
});
orders.on('close', () => process.exit(0));
