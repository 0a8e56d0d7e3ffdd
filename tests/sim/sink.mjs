// A sink: takes frames, keeps some, and gives them back late and in another order.
import { Completed, HostError } from "./core.mjs";
import { SimElement } from "./element.mjs";
import { Fault } from "./fault.mjs";

/**
 * A sink. Its config, besides those of SimElement:
 *
 *     keep     frames that it keeps until it is stopped
 *     window   frames that it takes at once, more than keep
 *     busy     share of frames that it refuses at first though it could take them
 *     shut     gives nothing back, and takes no more than its window, until `open` is called
 *     frameErrorAt  number of the frame that fails; refuse: when it is submitted
 */
export class SimSink extends SimElement {
  constructor(host, name, config, random) {
    super(host, name, config, random, 1, 0);
    this.keep = config.keep ?? 0;
    this.window = Math.max(config.window ?? 4, this.keep + 1);
    /** Frames that came, in order: header, when, due. */
    this.got = [];
    this.drains = 0;
    this.draining_ = false;
    this.epochs = [];
    this.shut = Boolean(config.shut);
  }

  get draining() {
    return this.draining_;
  }

  frame(op, frame) {
    const { config, host, random } = this;
    if (host.state !== 3) throw new Fault(`${this.name}: a frame in state ${host.state}`);
    const moving = this.held.some((f) => f.releasing);
    const full = this.held.length >= this.window;
    if (this.shut ? full : (full || random.chance(config.busy ?? 0)) && moving) return HostError.Busy;
    const index = this.got.length;
    if (config.frameErrorAt === index && config.refuse) return config.frameError;
    this.got.push({ header: frame.header, at: host.now, due: frame.due, caps: frame.caps, epoch: this.epoch });
    if (config.frameErrorAt === index) {
      this.finishLater(op, config.frameError);
      return HostError.Pending;
    }
    const entry = { op, frame, releasing: false };
    if (!this.shut && !this.keep && random.chance(host.style.sync)) return 0;
    this.held.push(entry);
    if (this.shut) return HostError.Pending;
    const kept = this.held.filter((e) => !e.releasing);
    if (kept.length > this.keep) {
      const one = random.pick(kept);
      one.releasing = true;
      host.later(host.delay(random), () => this.release(one, 0), this);
    }
    return HostError.Pending;
  }

  /** Gives back what it has kept while it was shut. */
  open() {
    this.shut = false;
    for (const entry of this.held) {
      entry.releasing = true;
      this.host.later(0, () => this.release(entry, 0), this);
    }
  }

  /** The end: answered when everything but what is kept has been given back. */
  drain(op) {
    this.drains++;
    this.draining_ = true;
    if (this.random.chance(this.host.style.sync)) return 0;
    this.host.later(this.host.delay(this.random), () => this.finish(op, 0, Completed.End), this);
    return HostError.Pending;
  }

  flush() {
    this.draining_ = false;
    this.epochs.push(this.got.length);
    for (const entry of this.held) {
      entry.releasing = true;
      this.host.later(this.host.delay(this.random), () => this.release(entry, 0), this);
    }
  }
}

/** A sink that takes anything: `got` has the bytes of each frame as `header.raw`. */
export class SimTap extends SimSink {
  get plain() {
    return true;
  }
}
