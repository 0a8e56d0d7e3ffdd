// A source: frames with numbers, in memory of its own device or of the core.
import { Completed, FrameFlag } from "./core.mjs";
import { SimElement } from "./element.mjs";
import { DEVICE, MIN_SIZE, capsText } from "./payload.mjs";
import { hash } from "./random.mjs";

/** Times between two frames of a source, ns. */
export const FRAME_TIME = 1_000_000;

/**
 * A source. Its config, besides those of SimElement:
 *
 *     frames    how many it gives; Infinity for one that only the application ends
 *     late      its caps come from itself: { domain } at first, then at each frame in `changes`
 *     changes   { [frame number]: { domain, open } } new caps; `open` leaves the choice of the domain to the core
 *     pace      ns between two frames; 0: as fast as there are credits
 *     failAt    number of the frame in whose place an error comes
 *     sizes     largest frame, bytes
 *     breach    what it does against the contract in place of its fourth frame: pad, domain, size or caps
 */
export class SimSource extends SimElement {
  constructor(host, name, config, random) {
    super(host, name, config, random, 0, 1);
    this.output = this.outputs[0];
    this.made = 0;
    this.g = 0;
    this.domain = config.late?.domain ?? null;
    this.told = false;
    this.scheduled = false;
    this.done = false;
  }

  wake() {
    if (this.scheduled || this.done) return;
    this.scheduled = true;
    const delay = this.config.pace || this.host.delay(this.random);
    this.host.later(delay, () => this.produce(), this);
  }

  /** Gives a burst of frames, or one, as the dice say. */
  produce() {
    this.scheduled = false;
    let n = this.config.pace ? 1 : this.random.pick([1, 1, 2, 8]);
    while (n-- > 0) if (!this.next()) return;
    this.wake();
  }

  /** Does the next thing: caps, a frame, the end; false when that has to wait for the core. */
  next() {
    const { config, output } = this;
    if (this.done || !output.armed.length) return false;
    if (this.latencies.length && this.random.chance(0.2)) this.tellLatency();
    if (config.breach && this.made === 3) {
      this.done = true;
      return this.breach(config.breach);
    }
    if (config.failAt === this.made) {
      const [credit] = output.armed;
      this.done = true;
      output.armed.shift();
      this.finish(credit.op, config.failError, undefined, output.lane);
      return false;
    }
    if (this.made >= config.frames) {
      this.done = output.end();
      return false;
    }
    const change = config.changes?.[this.made];
    if (config.late && (!this.told || (change && this.changedAt !== this.made)))
      return this.newCaps(change ?? config.late);
    if (output.waiting && (this.domain === null || this.patient)) return false;
    if (!config.late && !output.caps) return false;
    if (!output.waiting) {
      this.domain = output.caps.domain;
      this.g = output.caps.g;
      this.m = output.caps.m;
    }
    const header = this.header();
    if (!output.give(header, this.sizeOf(header.id), this.domain)) {
      if (output.armed.length && !output.waiting) this.retry();
      return false;
    }
    this.made++;
    return true;
  }

  /** Does once what the contract does not allow. */
  breach(what) {
    const { host, output } = this;
    const [credit] = output.armed;
    const c = { kind: Completed.Data, pad: 0, epoch: this.epoch, result: 16 };
    switch (what) {
      case "pad":
        Object.assign(c, { pad: 5, handle: host.memory.create(DEVICE, {}) });
        break;
      case "domain":
        c.handle = host.memory.create(DEVICE, {});
        break;
      case "size":
        c.result = credit.size + 1;
        break;
      default: {
        const text = "video/x-sim, generation=[";
        Object.assign(c, { kind: Completed.Caps, extra: host.alloc(text.length), length: text.length });
        host.core.u8.set(new TextEncoder().encode(text), c.extra);
      }
    }
    // Data uses its credit up; caps do not, nor does what is for no pad at all.
    const last = (what === "size" || what === "domain") && --credit.left === 0;
    if (last) output.armed.shift();
    host.emit(output.lane, credit.op, c, last);
    return false;
  }

  newCaps({ domain, open }) {
    const g = this.told ? this.g + 1 : this.g;
    const both = [DEVICE, ""].sort((a) => (a === domain ? -1 : 1));
    const text = (open ? both : [domain]).map((d) => capsText({ domain: d, g, m: 0 })).join("; ");
    if (!this.output.tellCaps(text)) {
      this.retry();
      return false;
    }
    this.g = g;
    this.m = 0;
    this.told = true;
    this.changedAt = this.made;
    this.domain = open ? null : domain;
    this.patient = this.random.chance(0.5);
    return true;
  }

  header() {
    const n = this.made;
    const header = { id: `${this.name}.${n}`, g: this.g, m: this.m, pts: n * FRAME_TIME };
    if (n % 3) header.dts = Math.max(0, (n - 1) * FRAME_TIME);
    if (n % 2) header.duration = FRAME_TIME;
    header.flags = n % 5 ? FrameFlag.Delta : FrameFlag.Key;
    return header;
  }

  sizeOf(id) {
    // What a block cannot hold is never made.
    const most = this.output.waiting || !this.output.blockSize ? (this.config.sizes ?? 512) : this.output.blockSize;
    return MIN_SIZE + (hash(id, 2) % (Math.max(most, MIN_SIZE + 1) - MIN_SIZE));
  }
}
