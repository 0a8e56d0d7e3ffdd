// What simulated elements have in common: answers that come late, credits, caps, and a look at every frame that arrives.
import { Completed, HostError, NONE, Op, decodeRecords, nameOf } from "./core.mjs";
import { Fault } from "./fault.mjs";
import { timeOf } from "./host.mjs";
import { decodePayload, encodePayload, readCaps } from "./payload.mjs";

/** Time after which it is tried again what has failed, ns, and how often in a row. */
const RETRY = 1_000_000;
const MAX_RETRIES = 1000;

/**
 * An instance. What a config may say for each kind of element:
 *
 *     answers    what Configure answers for a src pad, bytes of blocks (0: own memory)
 *     openError, propertyError, configureError, frameErrorAt   the HostError of a failure that is asked for
 *     latencies  [min, max] pairs to report on the way
 */
export class SimElement {
  /**
   * @param sinks sink pads, which come before src pads in numbers
   * @param srcs src pads
   */
  constructor(host, name, config, random, sinks, srcs) {
    this.host = host;
    this.name = name;
    this.config = config;
    this.random = random;
    this.sinks = sinks;
    this.properties = {};
    /** Caps of the sink pads. */
    this.inputs = Array.from({ length: sinks }, () => null);
    /** Frames that have come in and not been given back: entries with op and frame. */
    this.held = [];
    this.outputs = Array.from({ length: srcs }, (_, i) => new Output(this, i));
    this.epoch = 0;
    this.latencies = [...(config.latencies ?? [])];
    /** The last latency that the core was told. */
    this.latency = [0, 0];
    /** Times in a row that nothing could be given. */
    this.retries = 0;
  }

  get draining() {
    return false;
  }

  /** Whether frames are just bytes, whatever their caps, and not those of the simulation. */
  get plain() {
    return false;
  }

  submit(op) {
    const { core } = this.host;
    const records = () => decodeRecords(core.u8.slice(op.ptr, op.ptr + op.length));
    switch (op.op) {
      case Op.Property: {
        const [name, value] = records();
        this.properties[name] = value;
        return this.answer(op, this.config.propertyError === name ? HostError.Io : 0);
      }
      case Op.Configure: {
        const [pad, text] = records();
        op.pad = pad;
        return this.answer(op, this.configure(pad, this.plain ? { text, domain: "" } : readCaps(text)));
      }
      case Op.Credit:
        return this.arm(op);
      case Op.Frame:
        return this.frame(op, this.receive(op));
      case Op.Drain:
        return this.drain(op);
      case Op.Flush:
        this.epoch = op.aux;
        this.flush();
        return this.answer(op, 0);
      case Op.Event:
        this.event(...records());
        return this.answer(op, 0);
      default:
        throw new Fault(`${this.name}: ${nameOf(Op, op.op)} on an element`);
    }
  }

  /** Answers an operation without data, at once or later. */
  answer(op, result) {
    if (this.random.chance(this.host.style.sync)) return result;
    this.finishLater(op, result);
    return HostError.Pending;
  }

  finishLater(op, result) {
    this.host.later(this.host.delay(this.random), () => this.finish(op, result), this);
  }

  /** Ends an operation unless it has ended. */
  finish(op, result, kind = Completed.Result, lane = op) {
    if (!op.ending) this.host.emit(lane, op, { kind, result, epoch: this.epoch }, true);
  }

  /** A request to end: an answer that is under way may still come instead. */
  cancel(op) {
    if (op.op === Op.Credit) this.outputs[op.pad].cancel(op);
    else {
      const entry = this.held.find((e) => e.op === op);
      const end = () => (entry ? this.release(entry, HostError.Cancelled) : this.finish(op, HostError.Cancelled));
      this.host.later(this.host.delay(this.random), end, this);
    }
  }

  /** Gives back a frame that is among those held. */
  release(entry, result) {
    if (!this.held.includes(entry)) return;
    this.held.splice(this.held.indexOf(entry), 1);
    this.stillThere(entry.frame);
    this.finish(entry.op, result);
  }

  configure(pad, caps) {
    if (this.config.configureError && pad === (this.config.configureErrorPad ?? 0)) return this.config.configureError;
    if (pad < this.sinks) {
      this.inputs[pad] = caps;
      return 0;
    }
    return this.outputs[pad - this.sinks].configure(caps);
  }

  /** Checks that what the core asks of a pad does not overtake the answer to its caps. */
  checkConfigured(pad, what) {
    for (const op of this.host.ops.values()) {
      if (op.resource === this && op.op === Op.Configure && op.pad === pad)
        throw new Fault(`${this.name}: ${what} before its caps are answered`);
    }
  }

  arm(op) {
    const number = op.ptr ? op.aux : op.length;
    const output = this.outputs[number - this.sinks];
    if (!output) throw new Fault(`${this.name}: a credit for a pad that is none`);
    this.checkConfigured(number, "a credit");
    if (op.ptr) {
      this.host.own(op, op.ptr, op.length, false);
      this.host.core.u8.fill(0xee, op.ptr, op.ptr + op.length);
    }
    output.arm(op);
    return HostError.Pending;
  }

  /** Reads a frame record and checks the frame: what it carries, its times, the caps it comes under. */
  receive(op) {
    const { core, memory } = this.host;
    const v = core.view;
    const p = op.ptr;
    const frame = {
      pad: v.getUint32(p, true),
      flags: v.getUint32(p + 4, true),
      pts: timeOf(v.getBigInt64(p + 8, true)),
      dts: timeOf(v.getBigInt64(p + 16, true)),
      duration: timeOf(v.getBigInt64(p + 24, true)),
      due: timeOf(v.getBigInt64(p + 40, true)),
      size: v.getUint32(p + 48, true),
      handle: v.getInt32(p + 52, true),
      running: timeOf(v.getBigInt64(p + 72, true)),
    };
    const count = v.getUint32(p + 56, true);
    const at = v.getUint32(p + 60, true);
    frame.stretches = Array.from({ length: count }, (_, i) => ({
      at: v.getUint32(at + 8 * i, true),
      length: v.getUint32(at + 8 * i + 4, true),
    }));
    this.checkConfigured(frame.pad, "a frame");
    const caps = this.inputs[frame.pad];
    if (!caps) throw new Fault(`${this.name}: a frame before its caps`);
    if (this.draining) throw new Fault(`${this.name}: a frame while it drains`);
    frame.caps = caps;
    if (caps.domain) {
      if (!frame.handle || count) throw new Fault(`${this.name}: ${caps.text}, but a frame in system memory`);
      const h = memory.get(frame.handle);
      if (h.domain !== caps.domain) throw new Fault(`${this.name}: ${caps.text}, but a handle of ${h.domain}`);
      frame.header = h.value.header;
      if (h.value.size !== frame.size) throw new Fault(`${this.name}: ${frame.size} bytes of ${h.value.size}`);
    } else {
      if (frame.handle) throw new Fault(`${this.name}: ${caps.text}, but a frame with a handle`);
      for (const s of frame.stretches) this.host.own(op, s.at, s.length, true);
      frame.header = this.plain ? plainHeader(frame, this.bytes(frame)) : decodePayload(this.bytes(frame));
    }
    if (!this.plain) this.checkFrame(frame);
    return frame;
  }

  checkFrame(frame) {
    const { header: h, caps } = frame;
    if (h.g !== caps.g || h.m !== caps.m) {
      throw new Fault(`${this.name}: ${h.id}, made under ${h.g}/${h.m}, comes under ${caps.text}`);
    }
    for (const key of ["pts", "dts", "duration", "flags"]) {
      if (frame[key] !== (h[key] ?? null)) throw new Fault(`${this.name}: ${key} of ${h.id} is ${frame[key]}`);
    }
  }

  /** The bytes of a frame in system memory, in one piece. */
  bytes(frame) {
    const { u8 } = this.host.core;
    if (frame.stretches.length === 1) {
      const [{ at, length }] = frame.stretches;
      return u8.subarray(at, at + length);
    }
    return Buffer.concat(frame.stretches.map(({ at, length }) => u8.subarray(at, at + length)));
  }

  /** Checks, before it is given back, that a frame is still what came. */
  stillThere(frame) {
    if (frame.handle) {
      if (this.host.memory.get(frame.handle).value.header !== frame.header)
        throw new Fault(`${frame.header.id} is gone`);
    } else if (!this.unchanged(frame)) {
      throw new Fault(`${this.name}: the bytes of ${frame.header.id} were changed while they were held`);
    }
  }

  unchanged(frame) {
    const bytes = this.bytes(frame);
    return this.plain ? frame.header.raw.equals(bytes) : decodePayload(bytes).id === frame.header.id;
  }

  /** Tells a change of latency with some operation that is armed. */
  tellLatency() {
    const credit = this.outputs.map((o) => o.armed[0]).find(Boolean);
    if (!this.latencies.length || !credit) return;
    const [min, max] = (this.latency = this.latencies.shift());
    this.host.emit(
      credit.lane,
      credit.op,
      { kind: Completed.Latency, pts: BigInt(min), dts: max === null ? NONE : BigInt(max) },
      false,
    );
  }

  flush() {}

  event() {}

  frame(op) {
    throw new Fault(`${this.name}: the frame ${op.token} for an element without inputs`);
  }

  drain(op) {
    return this.answer(op, 0);
  }

  /** Something can go on: credits or caps have come. */
  wake() {}

  /** Tries later what failed for want of memory, or of a block that fits; in the end that is an error. */
  retry() {
    if (++this.retries < MAX_RETRIES) {
      this.host.later(RETRY, () => this.wake(), this);
      return;
    }
    const output = this.outputs.find((o) => o.armed.length);
    if (output) this.finish(output.armed.shift().op, HostError.NoMemory, undefined, output.lane);
  }
}

/** What is known of a frame that is just bytes. */
function plainHeader({ pts, dts, duration, flags, pad }, bytes) {
  const header = { id: `frame at ${dts ?? pts}`, pad, flags, raw: Buffer.from(bytes) };
  for (const [key, time] of Object.entries({ pts, dts, duration })) if (time !== null) header[key] = time;
  return header;
}

/** A src pad: the credits for it and what it gives. */
class Output {
  constructor(element, index) {
    this.element = element;
    this.host = element.host;
    this.index = index;
    /** Everything that a pad gives goes into the ring in order. */
    this.lane = { name: `${element.name} src ${index}` };
    this.armed = [];
    this.caps = null;
    /** Times that caps were told and not yet configured. */
    this.waiting = 0;
    this.blockSize = 0;
    /** Headers of frames given, in order; `taken` of each is the step that took it, 0 before. */
    this.given = [];
    this.ended = false;
  }

  get number() {
    return this.element.sinks + this.index;
  }

  configure(caps) {
    this.caps = caps;
    if (this.waiting) this.waiting--;
    const answer = caps.domain ? 0 : (this.element.config.answers ?? 0);
    this.blockSize = answer;
    this.host.later(0, () => this.element.wake(), this.element);
    return answer;
  }

  arm(op) {
    op.pad = this.index;
    // The core may not know yet that nothing more comes.
    if (this.ended) {
      this.element.finish(op, 0, Completed.End, this.lane);
      return;
    }
    const credits = op.ptr ? 1 : op.aux;
    this.armed.push({ op, lane: this.lane, left: credits, block: op.ptr, size: op.ptr ? op.length : 0 });
    this.host.later(this.host.delay(this.element.random), () => this.element.wake(), this.element);
  }

  cancel(op) {
    const end = () => {
      this.armed = this.armed.filter((c) => c.op !== op);
      this.element.finish(op, HostError.Cancelled, Completed.Result, this.lane);
    };
    this.host.later(this.host.delay(this.element.random), end, this.element);
  }

  /** Whether there is a credit for a frame of a size. */
  creditFor(size, domain) {
    const fits = this.armed.filter((c) => domain || !c.block || c.size >= size);
    return fits.length ? (this.element.random.chance(0.5) ? fits[0] : this.element.random.pick(fits)) : null;
  }

  /**
   * Gives a frame, if there is a credit and memory for it.
   * @param handle whose reference goes with it; without one the pad's caps decide
   * @returns whether it has
   */
  give(header, size, domain, handle = 0) {
    const { host, element } = this;
    const credit = this.creditFor(size, domain);
    if (!credit) return false;
    const c = { kind: Completed.Data, pad: this.index, epoch: element.epoch, result: size, note: header.id };
    if (domain) c.handle = handle || host.memory.create(domain, { header, size });
    else {
      const bytes = header.raw ?? encodePayload(header, size);
      if (credit.block) {
        for (let i = 0; i < credit.size; i++) {
          if (host.core.u8[credit.block + i] !== 0xee)
            throw new Fault(`${element.name}: a block of its credit was changed`);
        }
        host.core.u8.set(bytes, credit.block);
      } else {
        c.extra = host.alloc(size);
        if (!c.extra) return false;
        c.length = size;
        host.core.u8.set(bytes, c.extra);
      }
    }
    c.flags = header.flags;
    for (const key of ["pts", "dts", "duration"]) if (header[key] !== undefined) c[key] = BigInt(header[key]);
    const entry = { header, taken: 0 };
    c.taken = (step) => (entry.taken = step);
    this.given.push(entry);
    element.retries = 0;
    const last = --credit.left === 0;
    if (last) this.armed.splice(this.armed.indexOf(credit), 1);
    host.emit(this.lane, credit.op, c, last);
    return true;
  }

  /** Tells caps; false when no operation is armed that could carry them, or there is no memory. */
  tellCaps(text) {
    const credit = this.armed[0];
    const extra = credit ? this.host.alloc(text.length) : 0;
    if (!extra) return false;
    this.host.core.u8.set(new TextEncoder().encode(text), extra);
    const c = {
      kind: Completed.Caps,
      pad: this.index,
      epoch: this.element.epoch,
      extra,
      length: text.length,
      note: text,
    };
    this.host.emit(this.lane, credit.op, c, false);
    this.waiting++;
    return true;
  }

  /** Nothing more comes; false when no credit is armed that could say so. */
  end() {
    if (!this.armed.length) return false;
    this.ended = true;
    const { random } = this.element;
    for (const [i, { op }] of this.armed.splice(0).entries()) {
      if (i && random.chance(0.3)) this.element.finish(op, 0, Completed.Result, this.lane);
      else this.element.finish(op, 0, Completed.End, this.lane);
    }
    return true;
  }
}
