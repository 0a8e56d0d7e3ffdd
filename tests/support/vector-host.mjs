// The host that vectors are defined by: files in memory, time that stands still until it is waited for, everything
// done at once. The hosts of tests/engines do the same in Python and C, and write the same trace. With a seed this one
// does what a real host may do: it lets operations wait and ends them in any order, gives the core little work or much,
// calls it too early.
import { Random, crc32 } from "./vector-bits.mjs";
import { ABI } from "./vector-records.mjs";

const { Completed, HostError, Op, OpenKind, Query, State, Wait } = ABI;

/** Steps after which a run is taken to go on for ever, and bytes that a file may become. */
const MAX_STEPS = 200_000;
const MAX_FILE = 64 * 2 ** 20;

/** The first time that the core hears of, ns. */
const START = 1_000_000_000n;

const COMPLETION_SIZE = 64;

const hex = (data) => Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("hex");

/** A file of the vector: bytes, what goes wrong with it, and whether it is a stream. */
class File {
  constructor({ data = Buffer.alloc(0), stream = null, faults = {} } = {}) {
    this.data = data;
    /** Where the data grows into. */
    this.room = Buffer.alloc(0);
    /** Bytes that a Read of a stream gives at most; null for a file that is no stream. */
    this.stream = stream;
    /** open: HostError, read: offset from which on reading fails, room: bytes that fit. */
    this.faults = faults;
    this.written = false;
  }

  /** Makes it this long; what is new is zero. */
  resize(size) {
    if (size > MAX_FILE) throw new Error(`it writes files of more than ${MAX_FILE} bytes`);
    if (size > this.room.length) {
      const more = Buffer.alloc(2 * size);
      this.data.copy(more);
      this.room = more;
    }
    if (size > this.data.length) this.room.fill(0, this.data.length, size);
    this.data = this.room.subarray(0, size);
  }

  write(at, bytes) {
    if (at + bytes.length > this.data.length) this.resize(at + bytes.length);
    bytes.copy(this.data, at);
  }
}

/** One run of a job in an instance of its own. */
class Run {
  constructor(module, job, { seed = null, work = 2000, options = 0, memory = false } = {}) {
    this.job = job;
    this.random = seed === null ? null : new Random(seed);
    this.work = work;
    this.options = options;
    this.reportsMemory = memory;
    this.trace = [];
    this.files = new Map(Object.entries(job.files).map(([name, file]) => [name, new File(file)]));
    this.handles = new Map();
    this.lastHandle = 0;
    this.pending = [];
    this.ticks = 0n;
    this.steps = 0;
    this.now = START;
    const g2g = {
      open: (kind, spec, length) => this.open(kind >>> 0, this.bytes(spec, length)),
      submit: (...args) => this.submit(...args),
      cancel: (token) => this.cancel(token >>> 0),
      close: (handle) => {
        this.trace.push(`close ${handle}`);
        this.handles.delete(handle);
      },
      retain: (handle) => this.trace.push(`retain ${handle}`),
      release: (handle) => this.trace.push(`release ${handle}`),
      post: (kind, ptr, length) => this.trace.push(`post ${kind} ${hex(this.bytes(ptr, length))}`),
      random: (ptr, length) => {
        const out = this.bytes(ptr, length);
        for (let i = 0; i < out.length; i++) out[i] = (i * 197 + 101) & 255;
        this.trace.push(`random ${length >>> 0}`);
      },
      // With a seed it jumps, since nothing may depend on it.
      tick: () => (this.ticks += this.random ? BigInt(this.random.below(1e9)) : 1000n),
    };
    this.core = new WebAssembly.Instance(module, { g2g }).exports;
    this.look();
  }

  look() {
    this.u8 = Buffer.from(this.core.memory.buffer);
  }

  bytes(ptr, length) {
    return this.u8.subarray(ptr >>> 0, (ptr >>> 0) + (length >>> 0));
  }

  open(kind, spec) {
    const name = spec.toString();
    const answer = (handle) => {
      this.trace.push(`open ${kind} ${hex(spec)} -> ${handle}`);
      return handle;
    };
    if (kind === OpenKind.Element) return answer(HostError.NotFound);
    let file = this.files.get(name);
    if (file?.faults.open) return answer(file.faults.open);
    const reads = kind === OpenKind.FileRead;
    if (!file) {
      if (reads) return answer(HostError.NotFound);
      file = new File();
      this.files.set(name, file);
    }
    if (!reads) file.written = true;
    if (kind === OpenKind.FileWrite) file.resize(0);
    this.handles.set(++this.lastHandle, { file, reads, next: 0 });
    return answer(this.lastHandle);
  }

  submit(handle, op, ptr, length, aux, token) {
    let result = this.start(handle, op, ptr >>> 0, length >>> 0, aux);
    if (typeof result === "function") {
      const finish = result;
      if (this.random && this.random.below(4)) {
        this.pending.push({ token: token >>> 0, finish });
        result = HostError.Pending;
      } else result = finish();
    }
    this.trace.push(`submit ${handle} ${op} ${length >>> 0} ${aux} ${token >>> 0} -> ${result}`);
    return result;
  }

  /** Begins an operation: its result, or what is to be done for it, now or later. */
  start(handle, op, ptr, length, aux) {
    const h = this.handles.get(handle);
    if (!h) return HostError.Closed;
    const { file } = h;
    if (op === Op.Size) {
      this.u8.writeBigInt64LE(file.stream === null ? BigInt(file.data.length) : -1n, ptr);
      return 0;
    }
    if (file.stream !== null && aux >= 0n && (op === Op.Read || op === Op.Write)) return HostError.Unsupported;
    switch (op) {
      case Op.Read: {
        const at = aux >= 0n ? Number(aux) : h.next;
        const most = file.stream ? Math.min(length, file.stream) : length;
        const n = Math.max(Math.min(most, file.data.length - at), 0);
        if (aux < 0n) h.next = at + n;
        // The bytes are the host's meanwhile: what they hold says nothing.
        if (this.random) this.u8.fill(0xaa, ptr, ptr + length);
        return () => {
          if (at + n > (file.faults.read ?? Infinity)) return HostError.Io;
          return file.data.copy(this.u8, ptr, at, at + n);
        };
      }
      case Op.Write: {
        if (h.reads) return HostError.Denied;
        const pairs = Array.from({ length }, (_, i) => this.u8.readUInt32LE(ptr + 8 * i));
        const sizes = Array.from({ length }, (_, i) => this.u8.readUInt32LE(ptr + 8 * i + 4));
        const size = sizes.reduce((sum, n) => sum + n, 0);
        const at = aux >= 0n ? Number(aux) : h.next;
        if (aux < 0n) h.next = at + size;
        return () => {
          if (at + size > (file.faults.room ?? Infinity)) return HostError.NoSpace;
          file.write(at, Buffer.concat(pairs.map((p, i) => this.u8.subarray(p, p + sizes[i]))));
          return size;
        };
      }
      case Op.Truncate:
        file.resize(Number(aux));
        return 0;
      case Op.Sync:
        return () => 0;
      default:
        return HostError.Unsupported;
    }
  }

  cancel(token) {
    this.trace.push(`cancel ${token}`);
    const op = this.pending.find((p) => p.token === token);
    // It may end as it would have, or not.
    if (op && this.random.below(2)) op.finish = () => HostError.Cancelled;
  }

  /** Ends some of what is pending, at least so many. */
  complete(least) {
    if (!this.pending.length) return;
    let n = Math.max(this.random.below(this.pending.length + 1), least);
    const slots = this.u8.readUInt32LE(this.ring + 8);
    const records = this.u8.readUInt32LE(this.ring + 12);
    for (; n > 0 && this.pending.length; n--) {
      const tail = this.u8.readUInt32LE(this.ring + 4);
      if ((tail - this.u8.readUInt32LE(this.ring)) >>> 0 >= slots) return;
      const [{ token, finish }] = this.pending.splice(this.random.below(this.pending.length), 1);
      const p = records + (tail & (slots - 1)) * COMPLETION_SIZE;
      this.u8.fill(0, p, p + COMPLETION_SIZE);
      this.u8.writeUInt32LE(token, p);
      this.u8.writeUInt16LE(Completed.Result, p + 4);
      this.u8.writeInt32LE(finish(), p + 8);
      this.u8.writeUInt32LE((tail + 1) >>> 0, this.ring + 4);
    }
  }

  /** Puts bytes into the core's memory for a call. */
  with(data, call) {
    const ptr = this.core.alloc(data.length) >>> 0;
    this.u8.set(data, ptr);
    const result = call(ptr, data.length);
    this.core.free(ptr);
    return result;
  }

  step() {
    const work = this.random ? [1, 1, 3, 20, 300, 5000][this.random.below(6)] : this.work;
    const wait = this.core.step(this.now, work);
    this.trace.push(`step ${this.now} ${work} -> ${wait}`);
    if (++this.steps > MAX_STEPS) throw new Error(`it goes on after ${this.steps} steps`);
    return wait;
  }

  /** Takes steps until nothing is to be awaited any more, or until a time. */
  settle(until = null) {
    for (;;) {
      const wait = this.step();
      if (wait === BigInt(Wait.Finished)) return;
      if (wait === BigInt(Wait.Again)) {
        this.complete(0);
        continue;
      }
      if (wait === BigInt(Wait.Completion)) {
        if (!this.pending.length) return;
        this.complete(1);
        continue;
      }
      if (this.random && this.pending.length && this.random.below(4)) this.complete(1);
      // Too early: the core only says so again.
      else if (this.random && !this.random.below(8)) this.now += (wait - this.now) / 3n;
      else if (until !== null && wait > until) {
        this.now = until;
        return;
      } else if (wait > this.now) this.now = wait;
    }
  }

  query(kind, args) {
    const at = args.length ? this.with(args, (p, n) => this.core.query(kind, p, n)) : this.core.query(kind, 0, 0);
    if (at < 0 && at > -4096) return { code: at, data: Buffer.alloc(0) };
    const p = at >>> 0;
    return { code: 0, data: this.bytes(p + 4, this.u8.readUInt32LE(p)) };
  }

  ask(kind, args = Buffer.alloc(0)) {
    const { code, data } = this.query(kind, args);
    this.trace.push(`query ${kind} -> ${code} ${hex(data)}`);
  }

  act({ kind, number, until, data }) {
    switch (kind) {
      case "state":
        this.trace.push(`state ${number} -> ${this.core.set_state(number)}`);
        break;
      case "send":
        this.trace.push(`send ${number} -> ${this.with(data, (p, n) => this.core.event(number, p, n))}`);
        break;
      case "query":
        this.ask(number, data);
        return;
      case "wait":
        break;
      default:
        throw new Error(`no action ${kind}`);
    }
    this.settle(until === null ? null : START + BigInt(until));
  }

  run() {
    const { job } = this;
    const code = this.core.init(job.ceiling, this.options);
    this.look();
    this.trace.push(`init ${job.ceiling} ${this.options} -> ${code}`);
    if (code) return;
    const { data } = this.query(Query.Ring, Buffer.alloc(0));
    this.ring = Number(data.readBigInt64LE(1));
    const launched = this.with(Buffer.from(job.line), (p, n) => this.core.launch(p, n));
    this.trace.push(`launch -> ${launched}`);
    if (!launched) for (const action of job.actions) this.act(action);
    this.ask(Query.Stats);
    this.ask(Query.Graph);
    this.ask(Query.Memory);
    this.trace.push(`state ${State.Null} -> ${this.core.set_state(State.Null)}`);
    this.settle();
    this.trace.push(`dispose -> ${this.core.dispose()}`);
    for (const name of [...this.files.keys()].sort()) {
      const { data, written } = this.files.get(name);
      if (written) this.trace.push(`file ${name} ${data.length} ${crc32(data)}`);
    }
    if (!this.reportsMemory) return;
    // Memory that was never touched is zero.
    let end = this.u8.length;
    while (end && !this.u8[end - 1]) end--;
    this.trace.push(`memory ${end} ${crc32(this.u8.subarray(0, end))}`);
  }
}

/**
 * Runs a job.
 * @param module compiled core
 * @param options
 *   seed      null for the plain host; else it does everything that a host may do, chosen by the seed
 *   work      of each step of the plain host
 *   options   of init
 *   memory    whether the trace ends with a check of the whole memory
 * @returns trace: lines; outputs: Map from the names of files that were written to their bytes
 */
export function runJob(module, job, options) {
  const run = new Run(module, job, options);
  try {
    run.run();
  } catch (error) {
    throw new Error(`${job.name}: ${error.message}`, { cause: error });
  }
  const written = [...run.files].filter(([, file]) => file.written);
  return { trace: run.trace, outputs: new Map(written.map(([name, file]) => [name, file.data])) };
}
