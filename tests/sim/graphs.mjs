// Random pipelines of simulated and real elements, with what each sink must get.
import { DEVICE, MEDIA } from "./payload.mjs";

/** Caps of a domain, without fields. */
const narrow = (domain) => `${MEDIA}${domain ? `(${domain})` : ""}`;

/**
 * Draws a pipeline.
 *
 *     line     for launch
 *     configs  of the simulated elements, by name
 *     sinks    by name, the paths that lead to it: { source, transforms: [{ name, config }] }
 *     flags    of init
 */
export class Graph {
  constructor(random, { frames = 40, endless = false } = {}) {
    this.random = random;
    this.frames = frames;
    this.endless = endless;
    this.configs = {};
    this.sinks = {};
    this.parts = [];
    this.counts = {};
    this.convert = random.chance(0.3);
    this.shape = random.pick(["line", "line", "tee", "tee", "diamond", "diamond", "funnel"]);
    this[this.shape]();
    this.line = this.parts.join("  ");
    this.flags = this.convert ? 2 : 0;
  }

  name(kind) {
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
    return `${kind}${this.counts[kind]}`;
  }

  line() {
    const flow = this.source();
    this.chain(flow, 4);
    this.parts.push(`${flow.text} ! ${this.sink(flow)}`);
  }

  tee() {
    const flow = this.source();
    this.chain(flow, 2);
    this.split(flow);
    const branches = this.random.between(2, 3);
    for (let i = 0; i < branches; i++) {
      const branch = { ...flow, text: "t." };
      this.chain(branch, 3);
      this.parts.push(`${branch.text} ! ${this.sink(branch)}`);
    }
  }

  diamond() {
    const flow = this.source();
    this.chain(flow, 1);
    this.split(flow);
    this.merge(Array.from({ length: this.random.between(2, 3) }, () => ({ ...flow, text: "t." })));
  }

  split(flow) {
    // What one branch asks for holds for all.
    if (flow.domain === "negotiated") flow.domain = this.random.pick([DEVICE, ""]);
    this.parts.push(`${flow.text} ! tee name=t`);
  }

  funnel() {
    this.merge([this.source(), this.source()]);
  }

  /** Joins flows by a funnel, each behind a transform of its own that tells its frames from the others'. */
  merge(flows) {
    const domain = this.random.pick([DEVICE, ""]);
    const out = { text: "f.", domain, paths: [] };
    for (const flow of flows) {
      this.chain(flow, 1);
      // What comes out of a funnel has one domain; transforms of the same kind need none but their own.
      this.code(flow, domain, false);
      if (this.random.chance(0.5)) this.item(flow, "queue");
      out.paths.push(...flow.paths);
      this.parts.push(`${flow.text} ! f.`);
    }
    this.parts.push("funnel name=f");
    this.chain(out, 2);
    this.parts.push(`${out.text} ! ${this.sink(out)}`);
  }

  /** The head of a flow: where it comes from, the domain it is in (null: any, by what the source says). */
  source() {
    const { random } = this;
    const name = this.name("s");
    const config = { frames: this.endless ? Infinity : random.between(0, this.frames) };
    config.answers = random.pick([0, 0, 256, 1024]);
    config.sizes = random.pick([200, 512, 2000]);
    if (this.endless) config.pace = random.pick([1000, 100_000, 1_000_000]);
    if (random.chance(0.3)) config.latencies = this.latencies();
    this.configs[name] = config;
    const live = random.chance(0.15) ? " is-live=true" : "";
    let domain = random.pick([DEVICE, "", "negotiated"]);
    const late = random.chance(0.5);
    if (late) {
      if (domain === "negotiated") domain = null;
      config.late = { domain: domain ?? random.pick([DEVICE, ""]), open: domain === null && random.chance(0.3) };
      config.changes = {};
      for (let n = random.between(1, 12); n < this.frames; n += random.between(1, 15)) {
        const other = domain ?? random.pick([DEVICE, ""]);
        config.changes[n] = { domain: other, open: domain === null && random.chance(0.3) };
      }
    }
    const caps = domain === null || domain === "negotiated" ? "" : ` caps="${narrow(domain)}"`;
    const text = `${late ? "simlatesrc" : "simsrc"} name=${name}${caps}${live}`;
    return { text, domain, paths: [{ source: name, transforms: [] }] };
  }

  latencies() {
    return Array.from({ length: 3 }, () => [
      this.random.below(1000) * 1000,
      1_000_000 + this.random.below(1000) * 1000,
    ]);
  }

  chain(flow, most) {
    const n = this.random.between(0, most);
    for (let i = 0; i < n; i++) {
      this.item(
        flow,
        this.random.pick(["filter", "filter", "code", "code", "convert", "queue", "identity", "capsfilter"]),
      );
    }
  }

  item(flow, kind) {
    const { random } = this;
    switch (kind) {
      case "filter":
        this.add(flow, "simfilter", this.transform(flow));
        break;
      case "code":
        this.code(flow, random.pick([DEVICE, ""]), random.chance(0.2));
        break;
      case "convert":
        if (flow.domain === null) break;
        if (flow.domain === "negotiated") flow.domain = random.pick([DEVICE, ""]);
        // A converter that does not fit needs another in front of it.
        this.add(
          flow,
          (flow.domain === "") === !(this.convert && random.chance(0.3)) ? "simupload" : "simdownload",
          {},
        );
        flow.domain = this.last === "simupload" ? DEVICE : "";
        break;
      case "queue": {
        const limits = [`max-size-buffers=${random.between(1, 6)}`, `max-size-bytes=${random.between(500, 5000)}`];
        flow.text += ` ! queue ${random.pick(["", ...limits])}`.trimEnd();
        break;
      }
      case "capsfilter":
        if (flow.domain !== null && flow.domain !== "negotiated") flow.text += ` ! ${narrow(flow.domain)}`;
        break;
      default:
        flow.text += ` ! identity${random.chance(0.2) ? " silent=false" : ""}`;
    }
  }

  /** A transform that tells its caps itself. @param swap whether it changes the domain as well */
  code(flow, domain, swap) {
    const config = this.transform(flow);
    config.out = { domain, every: this.random.pick([3, 7, 1000]), swap };
    this.add(flow, swap ? "simcode" : domain ? "simrender" : "simencode", config);
    flow.domain = swap ? null : domain;
  }

  transform() {
    const { random } = this;
    return {
      answers: random.pick([0, 256, 1024]),
      sizes: random.pick([200, 512, 2000]),
      ahead: random.pick([0, 0, 1, 3, 8]),
      refs: random.pick([0, 0, 1, 4]),
      window: random.pick([2, 4, 8]),
      busy: random.pick([0, 0, 0.3]),
      counts: random.pick([undefined, [1], [0, 1], [2, 3]]),
      latencies: random.chance(0.2) ? this.latencies() : [],
    };
  }

  add(flow, factory, config) {
    const name = this.name(factory.slice(3, 5));
    this.configs[name] = config;
    this.last = factory;
    flow.text += ` ! ${factory} name=${name}`;
    const keeps = factory === "simupload" || factory === "simdownload";
    flow.paths = flow.paths.map((p) => ({
      source: p.source,
      transforms: [...p.transforms, { name, config: { ...config, keep: keeps } }],
    }));
  }

  sink(flow) {
    const { random } = this;
    const name = this.name("k");
    this.configs[name] = {
      keep: random.pick([0, 0, 1, 5]),
      window: random.pick([1, 2, 6, 12]),
      busy: random.pick([0, 0, 0.3]),
    };
    this.sinks[name] = flow.paths;
    let caps = "";
    if (flow.domain !== null && random.chance(0.4)) {
      const mine = flow.domain === "negotiated" ? random.pick([DEVICE, ""]) : flow.domain;
      caps = ` caps="${narrow(this.convert && random.chance(0.5) ? random.pick([DEVICE, ""]) : mine)}"`;
    }
    return `simsink name=${name}${caps}`;
  }
}
