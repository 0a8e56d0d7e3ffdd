// The simulated host: virtual time, completions in the orders that a seed chooses, and checks of everything that the
// contract of DESIGN.md promises a host.
import {
  Code,
  Core,
  HostError,
  NONE,
  OpenKind,
  Post,
  Query,
  Send,
  State,
  Wait,
  decodeRecords,
  nameOf,
  Op,
} from "./core.mjs";
import { Fault } from "./fault.mjs";
import { openFile } from "./files.mjs";
import { MemoryTable } from "./memory.mjs";
import { Random } from "./random.mjs";

/** Steps in a row that may answer Again without any being a livelock: budgets of 1 take many. */
const MAX_AGAIN = 20000;

/**
 * How a host behaves.
 *
 *     delay     (random) → ns until something is answered
 *     fill      "burst": all that is done goes into the ring at once; "single": one by one; "some": between
 *     budget    (random) → work of a step
 *     sync      share of the operations without data that are answered at once
 *     spurious  share of the waits that end before anything has happened
 *     late      (random) → ns that the host wakes up too late
 */
export const CALM = {
  delay: () => 0,
  fill: "burst",
  budget: () => 2000,
  sync: 0,
  spurious: 0,
  late: () => 0,
};

/** One instance of the core and the world around it. Times are ns, as numbers. */
export class SimHost {
  /**
   * @param module compiled core
   * @param options
   *     seed      of all that is not said
   *     ceiling   bytes of memory
   *     flags     of init
   *     style     see CALM
   *     factories { table, create(host, name, random) } of host elements
   *     configs   what elements do, by name, for their `create`
   *     files     contents by path
   *     trace     called with lines of what happens
   */
  constructor(module, options = {}) {
    const { seed = 0, ceiling = 8 << 20, flags = 0, style = {}, factories = [], configs = {}, files, trace } = options;
    this.random = new Random(seed);
    this.style = { ...CALM, ...style };
    this.configs = configs;
    this.trace = trace ?? null;
    this.factories = new Map(factories.map((f) => [f.table.name, f]));
    this.files = new Map(Object.entries(files ?? {}));
    this.memory = new MemoryTable();
    this.now = 1000;
    this.timers = [];
    /** What is done and not yet in the ring: by lane, in order within a lane. */
    this.lanes = new Map();
    this.resources = new Map();
    this.elements = new Map();
    this.ops = new Map();
    /** Tokens whose last completion is in the ring. */
    this.ended = new Set();
    this.handles = 0;
    this.messages = [];
    this.steps = 0;
    this.again = 0;
    this.inCore = false;
    /** Allocations made by this host. */
    this.allocs = 0;
    this.state = State.Null;
    this.target = State.Null;
    this.closing = false;
    /** Calls of the core in the step, and the most that a step made for each unit of work. */
    this.calls = 0;
    this.worst = 0;
    this.core = new Core(module, this.imports(), ceiling, flags);
    for (const { table } of factories) {
      const code = this.core.describe(table);
      if (code) throw new Fault(`${table.name} cannot be described: ${code}`);
    }
  }

  log(...words) {
    if (this.trace) this.trace(`${String(this.now).padStart(12)} ${words.join(" ")}`);
  }

  // What the core calls.

  imports() {
    const guard =
      (call) =>
      (...args) => {
        this.calls++;
        return call(...args);
      };
    return {
      open: guard((kind, spec, n) => this.open(kind, spec >>> 0, n)),
      submit: guard((handle, op, ptr, n, aux, token) => this.submit(handle, op, ptr >>> 0, n >>> 0, aux, token >>> 0)),
      cancel: guard((token) => this.cancel(token >>> 0)),
      close: guard((handle) => this.close(handle)),
      retain: guard((handle) => this.memory.retain(handle)),
      release: guard((handle) => this.memory.release(handle)),
      post: guard((kind, ptr, n) => this.post(kind, ptr >>> 0, n)),
      random: guard((ptr, n) => {
        for (let i = 0; i < n; i++) this.core.u8[(ptr >>> 0) + i] = this.random.next();
      }),
      tick: () => 0n,
    };
  }

  open(kind, spec, length) {
    const bytes = this.core.u8.slice(spec, spec + length);
    let resource;
    if (kind === OpenKind.Element) {
      const [factory, name] = decodeRecords(bytes);
      const f = this.factories.get(factory);
      if (!f) throw new Fault(`an element ${factory} is opened that was not described`);
      const config = this.configs[name] ?? {};
      if (config.openError) return config.openError;
      resource = f.create(this, name, config, this.random.fork(name));
      this.elements.set(name, resource);
    } else {
      resource = openFile(this, kind, new TextDecoder().decode(bytes));
      if (typeof resource === "number") return resource;
    }
    const handle = ++this.handles;
    this.resources.set(handle, resource);
    resource.handle = handle;
    this.log("open", handle, resource.name);
    return handle;
  }

  submit(handle, op, ptr, length, aux, token) {
    const resource = this.resources.get(handle);
    if (!resource) throw new Fault(`${nameOf(Op, op)} on handle ${handle}, which is not open`);
    if (this.ops.has(token)) throw new Fault(`token ${token} is used again before its operation has ended`);
    if (this.closing)
      throw new Fault(`${resource.name}: ${nameOf(Op, op)} is submitted while operations are cancelled`);
    const entry = { token, op, resource, ptr, length, aux: Number(aux), cancelled: false, ending: false, owned: [] };
    this.ops.set(token, entry);
    const result = resource.submit(entry);
    this.log("submit", resource.name, nameOf(Op, op), token, "→", result === HostError.Pending ? "pending" : result);
    if (result !== HostError.Pending) this.ops.delete(token);
    return result;
  }

  cancel(token) {
    const op = this.ops.get(token);
    // Its last completion may have gone into the ring before the core had a reason to cancel it.
    if (!op && this.ended.has(token)) return;
    if (!op) throw new Fault(`token ${token} is cancelled, which names no operation`);
    if (op.cancelled) throw new Fault(`token ${token} is cancelled twice`);
    op.cancelled = true;
    this.log("cancel", op.resource.name, nameOf(Op, op.op), token);
    // Credits are also taken back when the blocks for them get another size.
    if (this.target < State.Paused && op.op !== Op.Credit) this.closing = true;
    op.resource.cancel(op);
  }

  close(handle) {
    const resource = this.resources.get(handle);
    if (!resource) throw new Fault(`handle ${handle} is closed, which is not open`);
    for (const op of this.ops.values()) {
      if (op.resource === resource) throw new Fault(`${resource.name} is closed while ${nameOf(Op, op.op)} is pending`);
    }
    this.log("close", resource.name);
    this.resources.delete(handle);
    resource.closed = true;
    resource.close?.();
  }

  post(kind, ptr, length) {
    const records = decodeRecords(this.core.u8.slice(ptr, ptr + length));
    this.log(
      "post",
      nameOf(Post, kind),
      JSON.stringify(records, (_, v) => (typeof v === "bigint" ? `${v}` : v)),
    );
    this.messages.push({ kind, records, at: this.now, step: this.steps });
    if (kind !== Post.StateChanged) return;
    this.state = records[2];
    if (this.state <= State.Ready) this.closing = false;
  }

  // What elements and files use.

  /** Memory of the core for what an element gives; 0 when there is none. */
  alloc(length) {
    if (this.inCore) throw new Fault("the host calls the core from inside one of its calls");
    const p = this.core.alloc(length);
    if (p) this.allocs++;
    return p;
  }

  /** Calls `run` after a time, unless its owner has been closed. */
  later(delay, run, owner = null) {
    const timer = { at: this.now + delay, run, owner };
    let i = this.timers.length;
    while (i && this.timers[i - 1].at > timer.at) i--;
    this.timers.splice(i, 0, timer);
  }

  /** A delay of the host's style. */
  delay(random = this.random) {
    return this.style.delay(random);
  }

  /** Lets a completion go into the ring, behind those of the same lane. */
  emit(lane, op, completion, last) {
    if (op.ending) throw new Fault(`${op.resource.name}: the operation ${op.token} has ended already`);
    if (last) op.ending = true;
    const list = this.lanes.get(lane);
    const item = { op, completion: { token: op.token, ...completion }, last };
    if (list) list.push(item);
    else this.lanes.set(lane, [item]);
  }

  /** Notes bytes that belong to the host until the operation ends; `shared` ones may be read by others. */
  own(op, ptr, length, shared) {
    if (!length) return;
    const end = ptr + length;
    for (const other of this.ops.values()) {
      for (const range of other.owned) {
        if ((shared && range.shared) || end <= range.ptr || range.end <= ptr) continue;
        throw new Fault(`${op.resource.name}: bytes at ${ptr} are given away twice, first to ${other.resource.name}`);
      }
    }
    op.owned.push({ ptr, end, shared });
  }

  // The loop of DESIGN.md.

  /** Builds the pipeline; the code. */
  launch(line) {
    this.log("launch", line);
    return this.outside(() => this.core.launch(line));
  }

  /** Asks for a state by name. */
  setState(name) {
    this.log("state", name);
    this.target = State[name];
    return this.outside(() => this.core.exports.set_state(State[name]));
  }

  /** Asks for the end of the stream. */
  sendEos() {
    this.log("eos");
    return this.outside(() => this.core.event(Send.Eos));
  }

  outside(call) {
    this.inCore = true;
    try {
      return call();
    } finally {
      this.inCore = false;
    }
  }

  /** Puts what is done into the ring, as the style has it. */
  fill() {
    const { fill } = this.style;
    let n = fill === "burst" ? Infinity : fill === "single" ? 1 : this.random.between(0, 12);
    while (n-- > 0 && this.lanes.size && this.core.room) {
      const lane = [...this.lanes.keys()][this.random.below(this.lanes.size)];
      const list = this.lanes.get(lane);
      const { op, completion, last } = list.shift();
      if (!list.length) this.lanes.delete(lane);
      this.log(
        "complete",
        op.resource.name,
        nameOf(Op, op.op),
        op.token,
        JSON.stringify(completion.note ?? completion.result ?? ""),
      );
      completion.taken?.(this.steps + 1);
      this.core.put(completion);
      if (last) {
        this.ops.delete(op.token);
        this.ended.add(op.token);
      }
    }
  }

  /** One step; what it answers. */
  step() {
    const budget = this.style.budget(this.random);
    this.calls = 0;
    this.steps++;
    const wait = Number(this.outside(() => this.core.exports.step(BigInt(this.now), budget)));
    this.ended.clear();
    if (this.target < State.Paused && this.state > State.Ready) this.closing = true;
    this.log("step", this.steps, "of", budget, "→", wait);
    this.worst = Math.max(this.worst, this.calls / (budget + this.core.slots));
    return wait;
  }

  /**
   * Runs until nothing will ever happen, `until` holds, or nobody has anything to do.
   * @returns "finished", "until" or "idle"
   */
  run(until = () => false, maxSteps = 200000) {
    const last = this.steps + maxSteps;
    let again = 0;
    while (true) {
      this.runTimers();
      if (until()) return "until";
      this.fill();
      const wait = this.step();
      if (this.steps > last) throw new Fault(`no end after ${maxSteps} steps`);
      if (wait === Wait.Again) {
        if (++again > MAX_AGAIN) throw new Fault(`${MAX_AGAIN} steps in a row had more to do`);
        continue;
      }
      again = 0;
      if (wait === Wait.Finished) return until() ? "until" : "finished";
      if (this.lanes.size) continue;
      if (this.style.spurious && this.random.chance(this.style.spurious)) continue;
      const timer = this.timers.length ? this.timers[0].at : Infinity;
      const next = Math.min(timer, wait > 0 ? wait : Infinity);
      if (next === Infinity) return until() ? "until" : "idle";
      if (next > this.now) this.now = next + this.style.late(this.random);
      else if (timer > this.now && ++this.again > MAX_AGAIN) throw new Fault("a deadline that has passed stays");
    }
  }

  runTimers() {
    while (this.timers.length && this.timers[0].at <= this.now) {
      const { run, owner } = this.timers.shift();
      if (!owner?.closed) run();
    }
  }

  // What tests ask.

  /** The answer to a query. @throws Fault when there is none */
  query(kind, args) {
    const answer = this.outside(() => this.core.query(kind, args));
    if (typeof answer === "number") throw new Fault(`query ${nameOf(Query, kind)} answers ${answer}`);
    return answer;
  }

  /** Numbers of query Memory by name. */
  memoryUse() {
    const keys = ["ceiling", "bytes", "peak", "pieces", "allocs", "frames", "events", "blocks", "grown"];
    const values = this.query(Query.Memory);
    return Object.fromEntries(keys.map((key, i) => [key, values[i]]));
  }

  /** Elements and links of query Stats. */
  stats() {
    const list = this.query(Query.Stats);
    let at = 0;
    const elements = Array.from({ length: list[at++] }, () => {
      const [name, factory, turns, sampled, spent, pending] = list.slice(at, at + 6);
      at += 6 + 14;
      return { name, factory, turns, sampled, spent, pending };
    });
    const links = Array.from({ length: list[at++] }, () => {
      const [src, srcPad, sink, sinkPad, frames, bytes, queued, limit] = list.slice(at, at + 8);
      at += 8;
      return { src, srcPad, sink, sinkPad, frames, bytes, queued, limit };
    });
    return { elements, links };
  }

  /** Elements of query Graph with their pads and caps. */
  graph() {
    const list = this.query(Query.Graph);
    let at = 0;
    return Array.from({ length: list[at++] }, () => {
      const [name, factory, index, pads] = list.slice(at, at + 4);
      at += 4;
      const all = Array.from({ length: pads }, () => {
        const [pad, isSink, peer, peerPad, caps] = list.slice(at, at + 5);
        at += 5;
        return { pad, isSink: Boolean(isSink), peer, peerPad, caps };
      });
      return { name, factory, index, pads: all };
    });
  }

  property(element, name) {
    return this.query(Query.Property, [element, name])[0];
  }

  set(element, name, value) {
    return this.outside(() => this.core.event(Send.Property, [element, name, String(value)]));
  }

  /** Messages of a kind. */
  posted(kind) {
    return this.messages.filter((m) => m.kind === Post[kind]);
  }

  /** The errors that were posted, in words. */
  errors() {
    return this.posted("Error")
      .map(
        ({ records: [code, element, , , ...args] }) => `${Code[code]} of ${element}: ${args.map(String).join(" | ")}`,
      )
      .join("; ");
  }

  /** Goes to NULL and gives everything back. @throws Fault when something is left */
  finish() {
    this.setState("Null");
    const how = this.run();
    if (how !== "finished" || this.state !== State.Null)
      throw new Fault(`NULL is not reached: ${how} in state ${this.state}`);
    this.checkEmpty();
    const leaked = this.outside(() => this.core.exports.dispose());
    if (leaked) throw new Fault(`dispose answers ${leaked}`);
  }

  /** Whether the pipeline, which is in NULL, holds nothing. */
  checkEmpty() {
    const open = [...this.resources.values()].map((r) => r.name);
    if (open.length) throw new Fault(`not closed: ${open.join(", ")}`);
    if (this.ops.size || this.lanes.size) throw new Fault(`${this.ops.size} operations are pending in NULL`);
    const handles = [...this.memory.live.values()].map((h) => `${h.id} (${h.refs})`);
    if (handles.length) throw new Fault(`handles with references: ${handles.join(", ")}`);
    const { frames, events, blocks } = this.memoryUse();
    if (frames || events || blocks) throw new Fault(`in use: ${frames} frames, ${events} events, ${blocks} blocks`);
  }
}

/** A time of a record, ns; null when there is none. */
export const timeOf = (ns) => (ns === NONE ? null : Number(ns));
