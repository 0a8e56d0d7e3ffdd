// Random graphs of the core's own elements, and what must hold of the frames that go through them.
import { Fault } from "./fault.mjs";

/** Frames of `n` that identity with a drop-probability hands on. */
function undropped(n, probability) {
  let x = 0x2545f491;
  let left = 0;
  for (let i = 0; i < n; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    if (!(x >>> 0 < probability * 4294967296)) left++;
  }
  return left;
}

/**
 * Draws a graph: sources, elements in a row, branches of a tee, flows that a funnel joins, sinks.
 *
 *     line      for launch
 *     elements  by name: how many frames it gives of those that came in, (ins: number[]) → [least, most], per src pad
 *     sinks     names of the sinks
 *     failing   an element will post an error
 *     endless   no source ends by itself
 */
export class Line {
  constructor(random, { endless = false, failing = false } = {}) {
    this.random = random;
    this.endless = endless;
    this.failing = failing;
    /** A stream ends before its source, which may be cut short when that is live. */
    this.cut = endless || failing;
    this.planted = false;
    this.parts = [];
    this.elements = {};
    this.sinks = [];
    this.count = 0;
    const flows = Array.from({ length: random.between(1, 3) }, () => this.source());
    for (let left = random.between(0, 14); left > 0; left--) this.grow(flows);
    if (failing && !this.planted) this.fail(flows[0]);
    for (const flow of flows) this.parts.push(`${flow.text} ! ${this.sink()}`);
    this.line = this.parts.join("  ");
  }

  name(kind, gives) {
    const name = `${kind}${++this.count}`;
    this.elements[name] = gives;
    return name;
  }

  source() {
    const { random } = this;
    const n = random.between(0, 200);
    const sizes = random.pick([
      "sizetype=fixed sizemax=100",
      "sizetype=random sizemin=1 sizemax=5000 filltype=random",
      "sizetype=empty",
    ]);
    const rate = random.pick([0, 0, 100_000, 1_000_000]);
    const live = rate && sizes !== "sizetype=empty" && random.chance(0.3) ? " is-live=true" : "";
    const name = this.name("src", () => [this.cut ? 0 : n, this.endless ? Infinity : n]);
    const limit = this.endless ? -1 : n;
    return { text: `fakesrc name=${name} num-buffers=${limit} ${sizes} datarate=${rate}${live}` };
  }

  /** Adds something to the flows. */
  grow(flows) {
    const { random } = this;
    const at = random.below(flows.length);
    const flow = flows[at];
    switch (random.below(7)) {
      case 0:
        flow.text += ` ! identity name=${this.name("id", same)}${random.chance(0.2) ? " silent=false" : ""}`;
        break;
      case 1:
        this.fault(flow);
        break;
      case 2:
      case 3:
        this.queue(flow);
        break;
      case 4:
        flow.text += ` ! capsfilter name=${this.name("caps", same)} caps=application/octet-stream`;
        break;
      case 5: {
        if (flows.length > 6) break;
        const name = this.name("tee", same);
        this.parts.push(`${flow.text} ! tee name=${name}`);
        flows.splice(at, 1, ...Array.from({ length: random.between(2, 3) }, () => ({ text: `${name}.` })));
        break;
      }
      default: {
        if (flows.length < 2) break;
        const name = this.name("funnel", sum);
        const joined = flows.splice(0, random.between(2, flows.length));
        for (const f of joined) this.parts.push(`${f.text} ! ${name}.`);
        this.parts.push(`funnel name=${name}`);
        flows.push({ text: `${name}.` });
      }
    }
  }

  fault(flow) {
    const { random } = this;
    if (this.failing && random.chance(0.5)) {
      this.fail(flow);
      return;
    }
    if (random.chance(0.5)) {
      // A sink that gets nothing of a stream without an end is waited for in vain.
      const p = random.pick([0.1, 0.5, this.endless ? 0.9 : 1]);
      const gives = ([n]) => [undropped(n, p), undropped(n, p)];
      flow.text += ` ! identity name=${this.name("drop", gives)} drop-probability=${p}`;
    } else {
      const n = random.below(100);
      this.cut = true;
      const name = this.name("end", ([come]) => [Math.min(come, n), Math.min(come, n)]);
      flow.text += ` ! identity name=${name} eos-after=${n}`;
    }
  }

  fail(flow) {
    this.planted = true;
    const n = this.random.below(50);
    const name = this.name("fail", ([come]) => [Math.min(come, n), Math.min(come, n)]);
    flow.text += ` ! identity name=${name} error-after=${n}`;
  }

  queue(flow) {
    const { random } = this;
    const leaky = random.pick(["no", "no", "upstream", "downstream"]);
    const limits = [
      random.pick(["", "", "max-size-buffers=1", "max-size-buffers=7", "max-size-buffers=0"]),
      random.pick(["", "", "max-size-bytes=3000", "max-size-bytes=0"]),
      random.pick(["", "", "max-size-time=5000000", "max-size-time=0"]),
      random.pick(["", "", "", "min-threshold-buffers=3"]),
    ];
    // A queue that must hold more than it can gives nothing, and rightly so.
    if (limits[3]) limits.splice(0, 3, "max-size-buffers=10", "max-size-bytes=0", "max-size-time=0");
    const name = this.name("q", leaky === "no" ? same : ([n]) => [Math.min(n, 1), n]);
    flow.text += ` ! queue name=${name} leaky=${leaky} ${limits.join(" ")}`.replaceAll(/ +/g, " ").trimEnd();
  }

  sink() {
    const { random } = this;
    const name = this.name("sink", () => [0, 0]);
    this.sinks.push(name);
    return `fakesink name=${name}${random.pick(["", "", " sync=true", " sync=true qos=true", " silent=false"])}`;
  }
}

const same = ([n]) => [n, n];
const sum = (ins) => [ins.reduce((a, b) => a + b, 0), ins.reduce((a, b) => a + b, 0)];

/**
 * Checks that every element gave what it should of what came to it, and that sinks took all that came.
 * @param failed an error was posted: elements have dropped what came behind it
 * @throws Fault
 */
export function checkFlow(host, graph, failed) {
  const { links } = host.stats();
  for (const [name, gives] of Object.entries(graph.elements)) {
    const ins = links.filter((l) => l.sink === name).map((l) => l.frames);
    if (graph.sinks.includes(name)) {
      const taken = host.property(name, "rendered");
      if (taken !== ins[0]) throw new Fault(`${name} took ${taken} frames of ${ins[0]}`);
      continue;
    }
    // A stream that is cut short behind it leaves a queue with what it holds.
    const held = name.startsWith("q") ? host.property(name, "current-level-buffers") : 0;
    const [least, most] = gives(ins).map((n) => n - held);
    for (const { srcPad, frames } of links.filter((l) => l.src === name)) {
      if (frames > most || (frames < least && !failed)) {
        throw new Fault(`${name}.${srcPad} gave ${frames} frames for ${ins.join(" + ")}, not ${least} to ${most}`);
      }
    }
  }
  const waiting = links.find((l) => l.queued);
  if (waiting) throw new Fault(`${waiting.queued} packets are left between ${waiting.src} and ${waiting.sink}`);
}
