// A transform: for each frame none, one or several, late; it looks ahead, keeps references, and may change its caps.
import { Completed, HostError } from "./core.mjs";
import { SimElement } from "./element.mjs";
import { Fault } from "./fault.mjs";
import { DEVICE, MIN_SIZE, capsText } from "./payload.mjs";
import { hash } from "./random.mjs";

/** Identities of what a transform makes of a frame: they follow from its name and the frame alone. */
export function outputsOf(name, config, id) {
  if (config.keep) return [id];
  const counts = config.counts ?? [1, 1, 1, 0, 2, 3];
  const n = counts[hash(`${name} ${id}`, 3) % counts.length];
  return Array.from({ length: n }, (_, k) => `${id}/${name}${k || ""}`);
}

/**
 * A transform. Its config, besides those of SimElement:
 *
 *     keep      hands each frame on under its own identity
 *     counts    frames that it may make of one
 *     ahead     frames that must have come after one before anything is made of it
 *     refs      frames that it keeps after one has come, as a decoder does with pictures
 *     window    frames that it takes at once, at least refs + 2
 *     busy      share of frames that it refuses at first though it could take them
 *     out       for one that tells its caps itself: { domain, every } with new caps before about one in `every` frames
 *     frameErrorAt  number of the input frame that fails; refuse: when it is submitted
 */
export class SimTransform extends SimElement {
  constructor(host, name, config, random) {
    super(host, name, config, random, 1, 1);
    this.output = this.outputs[0];
    this.ahead = config.ahead ?? 0;
    this.refs = config.refs ?? 0;
    this.window = Math.max(config.window ?? 4, this.refs + 2);
    /** Frames of which something is to be made, oldest first. */
    this.work = [];
    /** Frames that the core has lent. */
    this.received = 0;
    this.drainOp = null;
    this.mode = 0;
    this.scheduled = false;
    this.received = 0;
    /** Identities of what came in, in order. */
    this.seen = [];
  }

  get draining() {
    return this.drainOp !== null;
  }

  frame(op, frame) {
    const { config, random } = this;
    // Refused only while something is under way whose end makes the core ask again.
    const moving = this.held.some((f) => f.releasing);
    const full = this.held.length >= this.window || this.work.length > this.window * 4;
    if ((full || random.chance(config.busy ?? 0)) && moving) return HostError.Busy;
    const index = this.received++;
    if (config.frameErrorAt === index && config.refuse) return config.frameError;
    this.seen.push(frame.header.id);
    const entry = { op, frame, index, releasing: false, ready: false, lost: config.frameErrorAt === index };
    this.work.push(entry);
    // Nothing comes of what is behind a frame that fails.
    if (entry.lost) {
      this.finishLater(op, config.frameError);
      return HostError.Pending;
    }
    if (config.keep && frame.handle) this.host.memory.retain(frame.handle);
    this.host.later(this.host.delay(random), () => ((entry.ready = true), this.wake()), this);
    // What was copied is done with at once.
    if (!this.refs && random.chance(this.host.style.sync)) {
      this.advance();
      return 0;
    }
    this.held.push(entry);
    this.advance();
    return HostError.Pending;
  }

  /** Gives frames back that are needed no more. */
  advance() {
    for (const entry of this.held) {
      if (entry.releasing || (!this.draining && this.received - entry.index <= this.refs)) continue;
      entry.releasing = true;
      this.host.later(this.host.delay(this.random), () => this.release(entry, 0), this);
    }
    this.wake();
  }

  cancel(op) {
    super.cancel(op);
    // On the way to NULL nothing more is made: references kept for what was to be handed on go back.
    if (this.host.closing) this.forget();
  }

  forget() {
    for (const { frame, lost } of this.work.splice(0)) {
      if (this.config.keep && frame.handle && !lost) this.host.memory.release(frame.handle);
    }
  }

  close() {
    this.forget();
  }

  wake() {
    if (this.scheduled) return;
    this.scheduled = true;
    this.host.later(this.host.delay(this.random), () => this.produce(), this);
  }

  produce() {
    this.scheduled = false;
    if (this.latencies.length && this.random.chance(0.2)) this.tellLatency();
    while (this.work.length) {
      const entry = this.work[0];
      const seen = this.received - entry.index > this.ahead || this.draining;
      if (!entry.ready || !seen || entry.lost) return;
      entry.left ??= outputsOf(this.name, this.config, entry.frame.header.id);
      while (entry.left.length) {
        if (!this.make(entry, entry.left[0])) return;
        entry.left.shift();
      }
      this.work.shift();
    }
    this.drained();
  }

  /** Makes one frame; false when that has to wait. */
  make({ frame }, id) {
    const { config, output } = this;
    if (config.out && !this.tellOwnCaps(frame.header, id)) return false;
    if (output.waiting && this.patient) return false;
    if (!config.out && !output.caps) return false;
    const caps = config.out ? this.told : output.caps;
    if (!output.waiting) {
      const { domain, g, m } = output.caps;
      if (domain !== caps.domain || g !== caps.g || m !== caps.m) {
        throw new Fault(`${this.name}: configured with ${output.caps.text}, not with ${capsText(caps)}`);
      }
    }
    const header = { ...frame.header, id, g: caps.g, m: caps.m };
    const pass = config.keep && frame.handle && caps.domain === frame.caps.domain;
    if (!config.out && !pass && (header.g !== frame.header.g || (config.keep && header.m !== frame.header.m))) {
      throw new Fault(`${this.name}: ${id} would change its caps`);
    }
    const handle = pass ? frame.handle : 0;
    const most = output.waiting || !output.blockSize ? (config.sizes ?? 512) : output.blockSize;
    const made = MIN_SIZE + (hash(id, 2) % (Math.max(most, MIN_SIZE + 1) - MIN_SIZE));
    const size = handle || this.plain ? frame.size : made;
    if (!output.give(header, size, caps.domain, handle)) {
      if (output.armed.length && !output.waiting) this.retry();
      return false;
    }
    // The reference that was kept has gone with the frame, or is not needed.
    if (config.keep && frame.handle && !handle) this.host.memory.release(frame.handle);
    return true;
  }

  /** Tells the caps of the next frame when they are others; false when that has to wait. */
  tellOwnCaps({ g }, id) {
    const { out } = this.config;
    const due = this.changedFor !== id && hash(id, 4) % out.every === 0;
    if (this.told && this.told.g === g && !due) return true;
    const m = this.told && due ? this.mode + 1 : this.mode;
    const domain = out.swap && m % 2 ? (out.domain ? "" : DEVICE) : out.domain;
    const caps = { domain, g, m };
    if (!this.output.tellCaps(capsText(caps))) {
      this.retry();
      return false;
    }
    this.mode = m;
    this.changedFor = id;
    this.told = caps;
    // Data may follow at once, or when the core has answered.
    this.patient = this.random.chance(0.5);
    return true;
  }

  drain(op) {
    this.drainOp = op;
    if (!this.work.length && !this.host.lanes.has(this.output.lane) && this.random.chance(this.host.style.sync)) {
      this.drainOp = null;
      this.advance();
      return 0;
    }
    for (const entry of this.work) entry.ready ||= this.random.chance(0.5);
    this.advance();
    return HostError.Pending;
  }

  drained() {
    const op = this.drainOp;
    if (!op || this.work.length) return;
    this.drainOp = null;
    this.finish(op, 0, Completed.End, this.output.lane);
  }

  /** Forgets everything; what waits for a credit is void. */
  flush() {
    this.forget();
    this.drainOp = null;
    this.advance();
  }
}

/** A transform that hands frames on as they are, whatever they carry, late. */
export class SimHold extends SimTransform {
  get plain() {
    return true;
  }
}
