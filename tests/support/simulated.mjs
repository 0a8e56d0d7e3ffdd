// A host that behaves as badly as the contract lets it: elements that answer late, out of order and many times, that change
// caps and latency, hold frames and give memory of their own domain. All of it follows a seed.

/** A small generator of numbers (mulberry32). */
export function random(seed) {
  let a = seed >>> 0;
  const next = () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return {
    /** A whole number from 0 to n - 1. */
    below: (n) => Math.floor(next() * n),
    /** Whether something with a probability happens. */
    chance: (p) => next() < p,
  };
}

/** Runs things later, in an order that follows the seed. */
export class Later {
  #waiting = [];
  #running = null;

  constructor(rnd) {
    this.rnd = rnd;
  }

  /** Has something run after a few turns of the event loop. */
  add(run) {
    this.#waiting.push({ left: this.rnd.below(5), run });
    if (!this.#running) this.#running = setImmediate(() => this.#turn());
  }

  #turn() {
    this.#running = null;
    const due = [];
    this.#waiting = this.#waiting.filter((w) => (w.left-- > 0 ? true : (due.push(w), false)));
    while (due.length) due.splice(this.rnd.below(due.length), 1)[0].run();
    if (this.#waiting.length && !this.#running) this.#running = setImmediate(() => this.#turn());
  }
}

const ANY = { name: "sink", direction: "sink", caps: "ANY" };
const caps = (domain) => (domain ? "video/x-sim(memory:Sim)" : "video/x-sim");

/** What a frame carries, as bytes or behind a handle. */
const numberOf = (frame) => (frame.handle ? frame.handle.value.n : Buffer.from(frame.copy()).readUInt32LE());

/** Gives frame n; whether there was a credit. */
function give(context, domain, n, ledger) {
  if (domain) {
    if (!context.credits(0)) return false;
    ledger.handles++;
    context.give(
      0,
      context.handle("Sim", { n }, () => ledger.handles--),
      4,
      { pts: BigInt(n) },
    );
    return true;
  }
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(n);
  return context.data(0, bytes, { pts: BigInt(n) });
}

/** A source of `count` numbered frames, which come when it likes and whose caps change on the way. */
export function source(rnd, later, domain, count, ledger) {
  const src = { name: "src", direction: "src", caps: caps(domain) };
  return {
    table: { name: "simsrc", pads: [src], flags: ["late-caps"] },
    create(context) {
      let n = 0;
      let epoch = -1;
      let scheduled = false;
      if (rnd.chance(0.3)) context.latency(BigInt(rnd.below(1000)), null);
      const serve = () => {
        scheduled = false;
        let burst = 1 + rnd.below(6);
        while (n < count && burst-- && context.credits(0)) {
          const now = Math.floor(n / 10);
          if (now !== epoch) context.caps(0, `${caps(domain)},epoch=${(epoch = now)}`);
          give(context, domain, n++, ledger);
        }
        if (n === count) context.end(0);
        else if (context.credits(0)) plan();
      };
      const plan = () => {
        if (scheduled) return;
        scheduled = true;
        later.add(serve);
      };
      return { credit: plan, stop: () => void (n = count) };
    },
  };
}

/**
 * A transform that holds frames, works on them out of order, gives each `times` times, in order, when it likes.
 */
export function transform(rnd, later, domain, times, ledger) {
  const pads = [
    { ...ANY, caps: caps(domain) },
    { name: "src", direction: "src", caps: caps(domain) },
  ];
  return {
    table: { name: "simfilter", pads, relation: "same" },
    window: 1 + rnd.below(6),
    create(context) {
      const waiting = [];
      let drained = null;
      const serve = () => {
        while (waiting.length && waiting[0].ready) {
          const w = waiting[0];
          while (w.left && give(context, domain, w.n, ledger)) w.left--;
          if (w.left) return;
          waiting.shift();
        }
        if (waiting.length) return;
        drained?.();
        drained = null;
      };
      return {
        // Half of the time the caps are accepted late.
        configure: () => (rnd.chance(0.5) ? new Promise((resolve) => later.add(resolve)) : undefined),
        frame(frame) {
          const w = { n: numberOf(frame), left: times, ready: false };
          waiting.push(w);
          // A decoder keeps its input for a while, sometimes longer than it takes to give its output.
          later.add(() => frame.release());
          later.add(() => {
            w.ready = true;
            if (rnd.chance(0.1)) context.latency(BigInt(rnd.below(5000)), BigInt(5000 + rnd.below(5000)));
            serve();
          });
        },
        credit: serve,
        drain: () =>
          new Promise((resolve) => {
            drained = resolve;
            later.add(serve);
          }),
      };
    },
  };
}

/** A sink that notes what it gets, with its caps, and gives frames back when it likes, in any order. */
export function sink(rnd, later, domain, seen) {
  return {
    table: { name: "simsink", pads: [{ ...ANY, caps: caps(domain) }] },
    window: 1 + rnd.below(8),
    create() {
      let epoch = -1;
      return {
        configure(_pad, text) {
          epoch = Number(/epoch=\(int\)(\d+)/.exec(text)?.[1] ?? -1);
        },
        frame(frame) {
          seen.push({ n: numberOf(frame), pts: frame.pts, epoch });
          later.add(() => frame.release());
        },
      };
    },
  };
}
