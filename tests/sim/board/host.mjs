// The USB host that the board is plugged into: it resets the bus, enumerates, and moves reports.
//
// rp2040js 1.4.1 ends IN transfers by itself and takes AVAILABLE away when a buffer is armed; silicon does so when the
// transfer is done (RP2040 datasheet, 4.1.2.5.2), and embassy-rp reads that bit. Here packets move when a host would
// ask for them. Sections are of the Universal Serial Bus Specification 2.0.

const AVAILABLE = 1 << 10;
const STALL = 1 << 11;
const DATA1 = 1 << 13;
const FULL = 1 << 15;
const LENGTH = 0x3ff;

const SETUP_RECEIVED = 1 << 17;
const BUS_RESET = 1 << 19;
const SUSPENDED = 1 << 4;
const RESUME = 1 << 11;
const PULL_UP = 1 << 16;

const MICROSECOND = 1e3;
const MILLISECOND = 1e6;
/** A frame (8.4.3): interrupt endpoints are asked once in each, since theirs is a bInterval of 1. */
const FRAME = MILLISECOND;
/** How long after a NAK endpoint 0 is asked again. */
const RETRY = 50 * MICROSECOND;
/** How long the board's program may take for a control request (9.2.6.4). */
const PATIENCE = 5000 * MILLISECOND;

const ADDRESS = 5;
const CONFIGURATION = 1;
/** How often a device is given an address before it is given up, and the pause between, as in Linux's hub driver. */
const ATTEMPTS = 8;
const PAUSE = 200 * MILLISECOND;

/** A control request that was refused (8.5.3.4). */
export class Stalled extends Error {}

export class Host {
  constructor(chip) {
    this.chip = chip;
    this.onReport = () => {};
    this.onConfigured = () => {};
    this.counts = { sent: 0, received: 0, controls: 0, stalls: 0, mismatches: 0, resets: 0 };
    /** Whether the host enumerates what is plugged in by itself. */
    this.isAttentive = true;
    chip.onBoot = () => this.attach();
    this.attach();
  }

  /** Something that may be a device has got its power. */
  attach() {
    const { mcu } = this.chip;
    this.usb = mcu.usbCtrl;
    this.view = mcu.usbDPRAMView;
    this.queue = [];
    this.tasks = [];
    this.isConfigured = false;
    this.isSuspended = false;
    this.toggles = { in: 0, out: 0, in0: 0, out0: 0 };
    this.alarm = mcu.clock.createAlarm(() => this.turn());
    this.isScheduled = false;
    this.usb.DPRAMUpdated = (offset, value) => {
      if (value & (AVAILABLE | STALL) && offset >= 0x80 && offset < 0x100) this.schedule();
    };
    this.usb.onUSBEnabled = () => {};
    if (this.isAttentive) this.task(this.enumeration()).catch(() => {});
  }

  /** Whether something is under way for which time has to pass. */
  get isBusy() {
    return this.tasks.length > 0 || this.queue.length > 0 || this.isScheduled;
  }

  /** Sends a report when it can be sent. */
  send(report) {
    this.queue.push(report);
    this.schedule();
  }

  /** Does something on the bus; gives what comes of it. */
  task(steps) {
    return new Promise((resolve, reject) => {
      this.tasks.push({ steps, resolve, reject, until: undefined });
      this.schedule();
    });
  }

  schedule() {
    if (this.isScheduled) return;
    this.isScheduled = true;
    const { nanos } = this.chip;
    this.alarm.schedule(this.tasks.length ? RETRY : FRAME - (nanos % FRAME));
  }

  /** Asks every endpoint that is to be asked now. */
  turn() {
    this.isScheduled = false;
    const [task] = this.tasks;
    if (task) this.step(task);
    const { nanos } = this.chip;
    const isFrame = this.lastFrame === undefined || nanos < this.lastFrame || nanos - this.lastFrame >= FRAME - RETRY;
    if (isFrame && this.isConfigured && !this.isSuspended) {
      this.lastFrame = nanos;
      this.moveReports();
    }
    if (this.tasks.length || this.hasArmed()) this.schedule();
  }

  hasArmed() {
    if (!this.isConfigured || this.isSuspended) return false;
    return Boolean(this.get(1, 'in') & AVAILABLE || (this.queue.length && this.get(1, 'out') & AVAILABLE));
  }

  moveReports() {
    const given = this.askIn(1, 'in');
    if (given) {
      this.counts.received += 1;
      this.onReport(given);
    }
    if (this.queue.length && this.giveOut(1, 'out', this.queue[0]) === true) {
      this.queue.shift();
      this.counts.sent += 1;
    }
  }

  step(task) {
    const { nanos } = this.chip;
    if (task.until !== undefined && nanos < task.until) return;
    task.until = undefined;
    const end = (how, value) => {
      this.tasks.shift();
      how(value);
    };
    try {
      const { done, value } = task.steps.next();
      if (done) end(task.resolve, value);
      else if (value) task.until = nanos + value;
    } catch (error) {
      if (!(error instanceof Stalled) && !(error instanceof NoAnswer)) throw error;
      end(task.reject, error);
    }
  }

  // What is on the wire.

  controlOffset(endpoint, direction) {
    return 0x80 + endpoint * 8 + (direction === 'out' ? 4 : 0);
  }

  get(endpoint, direction) {
    return this.view.getUint32(this.controlOffset(endpoint, direction), true);
  }

  buffer(endpoint, direction) {
    if (endpoint === 0) return 0x100;
    return this.view.getUint32(8 * endpoint + (direction === 'out' ? 4 : 0), true) & 0xffc0;
  }

  isStalling(endpoint, direction, control) {
    if (!(control & STALL)) return false;
    // Endpoint 0 stalls only while its arm is set, which a SETUP clears (4.1.2.5.4 of the datasheet).
    return endpoint !== 0 || Boolean(this.usb.epStallArm & (direction === 'in' ? 1 : 2));
  }

  /** An IN token: data, or nothing for a NAK. What has the wrong toggle is a repetition and is dropped (8.6.3). */
  askIn(endpoint, direction) {
    const key = endpoint ? 'in' : 'in0';
    const control = this.get(endpoint, direction);
    if (this.isStalling(endpoint, direction, control)) return this.stalled(endpoint);
    if (!(control & AVAILABLE)) return null;
    const from = this.buffer(endpoint, direction);
    const data = this.chip.mcu.usbDPRAM.slice(from, from + (control & LENGTH));
    this.view.setUint32(this.controlOffset(endpoint, direction), control & ~(AVAILABLE | FULL), true);
    this.usb.indicateBufferReady(endpoint, false);
    if ((control & DATA1 ? 1 : 0) !== this.toggles[key]) {
      this.counts.mismatches += 1;
      return null;
    }
    this.toggles[key] ^= 1;
    return data;
  }

  /** An OUT token: true for an ACK. What has the wrong toggle the device acknowledges and drops (8.6.3). */
  giveOut(endpoint, direction, data) {
    const key = endpoint ? 'out' : 'out0';
    const control = this.get(endpoint, direction);
    if (this.isStalling(endpoint, direction, control)) return this.stalled(endpoint);
    if (!(control & AVAILABLE)) return false;
    if ((control & DATA1 ? 1 : 0) !== this.toggles[key]) {
      this.counts.mismatches += 1;
      this.toggles[key] ^= 1;
      return true;
    }
    this.chip.mcu.usbDPRAM.set(data, this.buffer(endpoint, direction));
    const received = (control & ~(AVAILABLE | LENGTH)) | FULL | data.length;
    this.view.setUint32(this.controlOffset(endpoint, direction), received, true);
    this.usb.indicateBufferReady(endpoint, true);
    this.toggles[key] ^= 1;
    return true;
  }

  stalled(endpoint) {
    this.counts.stalls += 1;
    if (endpoint === 0) throw new Stalled('STALL');
    return null;
  }

  // What takes several turns: each `yield` waits for the next one, or for the time that it yields.

  *until(attempt) {
    const end = this.chip.nanos + PATIENCE;
    for (;;) {
      const found = attempt();
      if (found !== null && found !== false) return found;
      if (this.chip.nanos > end) throw new NoAnswer('no answer to a control request');
      yield;
    }
  }

  /** A control transfer (8.5.3): `setup` is its first packet's 8 bytes; `data` goes out, or what comes in is given. */
  *control(setup, data = new Uint8Array(0)) {
    this.counts.controls += 1;
    const length = setup[6] | (setup[7] << 8);
    this.chip.mcu.usbDPRAM.set(setup);
    Object.assign(this.toggles, { in0: 1, out0: 1 });
    this.usb.epStallArm = 0;
    this.usb.sieStatus |= SETUP_RECEIVED;
    this.usb.sieStatusUpdated();
    yield;
    const got = [];
    if (setup[0] & 0x80 && length) {
      for (let last = false; !last; ) {
        const packet = yield* this.until(() => this.askIn(0, 'in'));
        got.push(...packet);
        last = packet.length < 64 || got.length >= length;
      }
      this.toggles.out0 = 1;
      yield* this.until(() => this.giveOut(0, 'out', new Uint8Array(0)));
    } else {
      for (let at = 0; at < data.length; at += 64) {
        yield* this.until(() => this.giveOut(0, 'out', data.subarray(at, at + 64)));
      }
      this.toggles.in0 = 1;
      yield* this.until(() => this.askIn(0, 'in'));
    }
    yield;
    return Uint8Array.from(got);
  }

  /** What Linux does with a device that was plugged in; one that is late is asked again. */
  *enumeration() {
    yield* this.until(() => this.usb.sieCtrl & PULL_UP && this.usb.mainCtrl & 1);
    yield 100 * MILLISECOND; // 7.1.7.3: a connection that bounces
    for (let tries = 1; !(yield* this.addressed()); tries++) {
      if (tries === ATTEMPTS) throw new Error('the device has not taken its address');
      yield PAUSE;
    }
    const head = yield* this.control(standard(0x80, 6, 0x200, 0, 9));
    yield* this.control(standard(0x80, 6, 0x200, 0, head[2] | (head[3] << 8)));
    yield* this.configuration(CONFIGURATION);
    // HID 1.11, 7.2.4; Linux goes on when it is refused.
    yield* this.control(Uint8Array.of(0x21, 0x0a, 0, 0, 0, 0, 0, 0));
    yield* this.control(standard(0x81, 6, 0x2200, 0, 255));
    this.onConfigured();
  }

  /** Resets the bus and gives the device an address; tells whether it has taken it (9.2.6.3). */
  *addressed() {
    yield* this.busReset();
    const device = yield* this.control(standard(0x80, 6, 0x100, 0, 64));
    yield* this.busReset();
    yield* this.control(standard(0x00, 5, ADDRESS, 0, 0));
    yield 10 * MILLISECOND;
    if (device[0] !== 18) throw new Error(`a device descriptor of ${device[0]} bytes`);
    return (this.usb.addrEndp & 0x7f) === ADDRESS;
  }

  *busReset() {
    this.counts.resets += 1;
    Object.assign(this, { isConfigured: false, isSuspended: false });
    Object.assign(this.toggles, { in: 0, out: 0, in0: 0, out0: 0 });
    this.usb.sieStatus |= BUS_RESET;
    this.usb.sieStatusUpdated();
    yield* this.until(() => !(this.usb.sieStatus & BUS_RESET));
    yield 10 * MILLISECOND; // 7.1.7.5: recovery
  }

  *configuration(value) {
    yield* this.control(standard(0x00, 9, value, 0, 0));
    Object.assign(this.toggles, { in: 0, out: 0 });
    this.isConfigured = value !== 0;
  }

  /** Clears an endpoint's halt; its toggle begins anew with it (9.4.5). */
  *clearHalt(direction) {
    yield* this.control(standard(0x02, 1, 0, direction === 'in' ? 0x81 : 0x01, 0));
    this.toggles[direction] = 0;
  }

  *suspend() {
    this.isSuspended = true;
    this.usb.sieStatus |= SUSPENDED;
    this.usb.sieStatusUpdated();
    yield 10 * MILLISECOND;
  }

  *resume() {
    this.usb.sieStatus = (this.usb.sieStatus & ~SUSPENDED) | RESUME;
    this.usb.sieStatusUpdated();
    yield 20 * MILLISECOND; // 7.1.7.7
    this.isSuspended = false;
  }
}

class NoAnswer extends Error {}

/** A setup packet (9.3). */
export function standard(type, request, value, index, length) {
  return Uint8Array.of(type, request, value & 255, value >> 8, index & 255, index >> 8, length & 255, length >> 8);
}
