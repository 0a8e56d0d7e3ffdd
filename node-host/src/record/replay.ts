import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { toJson } from "../cli/json.js";
import { CoreTrap, HostFault, hostErrorText } from "../core/errors.js";
import { CoreExports, CoreImports } from "../core/interface.js";
import { Message, readMessage } from "../core/messages.js";
import { CoreModule, corePaths, loadCore } from "../core/module.js";
import { RecordReader, decodeText } from "../core/records.js";
import { emptyCompletion, writeCompletion, COMPLETION_SIZE } from "../core/ring.js";
import { HostError, Op, OpenKind, Query } from "../generated/abi.js";
import { hostErrorOf } from "../host/errno.js";
import { FRAME_RECORD } from "../host/frame.js";
import { COMPLETION_FIELDS, Entry, MAGIC, RecordingFlag, TORN, VERSION, hashOf } from "./format.js";
import { EndOfRecording, FieldReader } from "./reader.js";

/** How a recording is replayed. */
export interface ReplayOptions {
  /** Path of the core; without it, that one of the library's which made the recording. */
  core?: string;
  /** Folder in which to write what the sinks wrote, each file under its own name. */
  output?: string;
  /** Where files are now that a recording with digests names, by the path it names. */
  inputs?: Record<string, string>;
  /** Called with each message that the core posts. */
  onMessage?: (message: Message) => void;
}

/** What was replayed. */
export interface ReplayResult {
  /** Entries of the recording. */
  entries: number;
  /** Steps of the core. */
  steps: number;
  /** Messages posted. */
  messages: number;
  /** Files written, with the bytes that went into them. */
  outputs: { path: string; bytes: number }[];
  /** Whether the recording goes to its end; one that was cut off ends with what it has. */
  complete: boolean;
  /** The trap that the recording ends with, and that has come again; null when there is none. */
  trap: string | null;
  /** Why the recording ends before its run; null when it does not, or does not say. */
  torn: string | null;
  /** How often an image began again. */
  restarts: number;
}

/** The core did something else than it did when it was recorded. */
export class Divergence extends Error {
  override readonly name = "Divergence";

  /**
   * @param what what was expected and what came
   * @param step the step in which it came, from 1
   * @param offset where in the recording, bytes
   */
  constructor(
    readonly what: string,
    readonly step: number,
    readonly offset: number,
  ) {
    super(`the replay diverges in step ${step} (byte ${offset} of the recording): ${what}`);
  }
}

/** A file that a sink writes. */
interface Sink {
  /** Its path when the run was recorded. */
  path: string;
  /** Where it is written now, if it is. */
  file: string;
  fd: number;
  bytes: number;
  next: number;
}

const CALLS: Record<number, string> = {
  [Entry.Open]: "open",
  [Entry.Submit]: "submit",
  [Entry.Cancel]: "cancel",
  [Entry.Close]: "close",
  [Entry.Retain]: "retain",
  [Entry.Release]: "release",
  [Entry.Post]: "post",
  [Entry.Random]: "random",
  [Entry.Return]: "the end of the call",
  [Entry.Trap]: "a trap",
};

/**
 * Repeats a recorded run: with no file, clock or network, but for the files that a recording with digests names.
 * @param file path of the recording
 * @throws {Divergence} when the core does something else than it did then
 * @throws {HostFault} when the file is no recording, there is no core that made it, or an input is not what it was
 */
export function replay(file: string, options: ReplayOptions = {}): ReplayResult {
  const reader = openRecording(file);
  try {
    return new Replay(reader, options).run();
  } finally {
    reader.close();
  }
}

function openRecording(file: string): FieldReader {
  try {
    return new FieldReader(file);
  } catch (cause) {
    throw new HostFault(`the recording ${file} cannot be read: ${why(cause)}`, { cause });
  }
}

/** What an error of the system means. */
function why(error: unknown): string {
  return hostErrorText(hostErrorOf(error));
}

function unwritable(file: string, cause: unknown): HostFault {
  return new HostFault(`the output ${file} cannot be written: ${why(cause)}`, { cause });
}

/** Writes all of some bytes. */
function writeOut({ file, fd }: Sink, bytes: Uint8Array, at: number): void {
  try {
    for (let done = 0; done < bytes.length;) done += fs.writeSync(fd, bytes, done, bytes.length - done, at + done);
  } catch (cause) {
    throw unwritable(file, cause);
  }
}

/** The core with a hash. */
function findCore(hash: string, given: string | undefined): CoreModule {
  const paths = given ? [given] : corePaths(true);
  const cores = paths.filter((p) => given || fs.existsSync(p)).map((p) => loadCore(p));
  const found = cores.find((c) => Buffer.from(c.hash).toString("hex") === hash);
  if (found) return found;
  const have = cores.map((c) => `${path.basename(c.path)} is ${Buffer.from(c.hash).toString("hex").slice(0, 16)}`);
  throw new HostFault(`the recording was made with core ${hash.slice(0, 16)}, which is not here (${have.join(", ")})`);
}

/** The module that stands in a recording. */
function ownCore(hash: string, bytes: Uint8Array): WebAssembly.Module {
  if (hex(hashOf(bytes)) !== hash) throw new HostFault("the recording is damaged: its module is not that of its head");
  try {
    return new WebAssembly.Module(Uint8Array.from(bytes));
  } catch (cause) {
    throw new HostFault("the recording's module is none", { cause });
  }
}

class Replay {
  private readonly module: WebAssembly.Module;
  private core!: CoreExports;
  private readonly digests: boolean;
  /** Whether the module is that of an image. */
  private readonly image: boolean;
  private readonly outputs = createHash("sha256");
  private readonly sinks = new Map<number, Sink>();
  private readonly written: { path: string; bytes: number }[] = [];
  private readonly inputs: { path: string; fd: number }[] = [];
  private u8!: Uint8Array;
  private view!: DataView;
  /** Where the ring is when an image begins. */
  private readonly firstRing: number = 0;
  private ring = 0;
  private now = 0n;
  private entries = 0;
  private restarts = 0;
  private steps = 0;
  private messages = 0;
  private at = 0;
  /** What went wrong inside an import; thrown again outside the core. */
  private failure: Error | null = null;

  constructor(
    private readonly in_: FieldReader,
    private readonly options: ReplayOptions,
  ) {
    let magic = "";
    try {
      magic = decodeText(in_.raw(MAGIC.length));
    } catch {
      // Too short.
    }
    if (magic !== MAGIC) throw new HostFault("the file is no recording");
    const version = in_.byte();
    if (version !== VERSION) throw new HostFault(`the recording is of version ${version}; version ${VERSION} is known`);
    const flags = in_.byte();
    this.digests = (flags & RecordingFlag.Digests) !== 0;
    this.image = (flags & RecordingFlag.Image) !== 0;
    const hash = hex(in_.raw(32));
    if (this.image) {
      try {
        this.firstRing = in_.uint();
        const bytes = in_.bytes();
        this.module = options.core ? findCore(hash, options.core).module : ownCore(hash, bytes);
      } catch (cause) {
        if (!(cause instanceof EndOfRecording || cause instanceof RangeError)) throw cause;
        throw new HostFault("the recording is damaged: it ends in its module", { cause });
      }
    } else this.module = findCore(hash, options.core).module;
    this.begin();
  }

  /** Makes the instance. */
  private begin(): void {
    const g2g = this.imports() as unknown as WebAssembly.ModuleImports;
    try {
      this.core = new WebAssembly.Instance(this.module, { g2g }).exports as unknown as CoreExports;
      // A sealed module has nothing but steps.
      if (!this.image) this.core.abi_version();
      this.ring = this.firstRing;
      this.look();
    } catch (cause) {
      throw new HostFault("the recording's module is no core", { cause });
    }
  }

  run(): ReplayResult {
    let complete = false;
    let trap: string | null = null;
    let torn: string | null = null;
    try {
      while (!complete && torn === null) {
        const entry = this.next();
        if (entry === Entry.End) {
          this.expect("the outputs", hex(this.in_.raw(32)), this.outputs.digest("hex"));
          complete = true;
        } else if (entry === Entry.Torn) {
          const why = this.in_.byte();
          torn = TORN[why] ?? `reason ${why}`;
        } else if (entry === Entry.Restart && this.image) {
          trap = null;
          this.restarts++;
          this.begin();
        } else if (trap !== null)
          throw new HostFault(`the recording is damaged: a call after a trap at byte ${this.at}`);
        else if (!this.arrive(entry)) {
          trap = this.call(entry);
          if (trap !== null && !this.image) break;
        }
      }
    } catch (error) {
      if (error instanceof RangeError) throw new HostFault("the recording is damaged", { cause: error });
      if (!(error instanceof EndOfRecording)) throw error;
    } finally {
      for (const s of this.sinks.values()) this.endSink(s);
      for (const i of this.inputs) if (i.fd >= 0) fs.closeSync(i.fd);
    }
    const { entries, steps, messages, written, restarts } = this;
    return { entries, steps, messages, outputs: written, complete, trap, torn, restarts };
  }

  private look(): void {
    this.u8 = new Uint8Array(this.core.memory.buffer);
    this.view = new DataView(this.core.memory.buffer);
  }

  private next(): Entry {
    this.at = this.in_.offset;
    this.entries++;
    return this.in_.byte();
  }

  private diverge(what: string): never {
    throw new Divergence(what, this.steps, this.at);
  }

  private expect(what: string, recorded: string | number | bigint, now: string | number | bigint): void {
    if (recorded !== now) this.diverge(`${what}: recorded ${recorded}, now ${now}`);
  }

  /** Makes the call of an entry; the trap it ends with, or null. */
  private call(entry: Entry): string | null {
    const { core, in_ } = this;
    switch (entry) {
      case Entry.Init: {
        const ceiling = in_.uint();
        const options = in_.uint();
        const trap = this.returns("init", () => core.init(ceiling, options));
        this.look();
        return trap;
      }
      case Entry.Alloc: {
        const length = in_.uint();
        return this.returns("alloc", () => core.alloc(length));
      }
      case Entry.Free: {
        const ptr = in_.uint();
        return this.returns("free", () => {
          core.free(ptr);
          return 0;
        });
      }
      case Entry.Describe:
        return this.withBytes("describe", (ptr, n) => core.describe(ptr, n));
      case Entry.Launch:
        return this.withBytes("launch", (ptr, n) => core.launch(ptr, n));
      case Entry.SetState: {
        const state = in_.uint();
        return this.returns("set_state", () => core.set_state(state));
      }
      case Entry.Step: {
        this.now += in_.signed();
        const work = in_.uint();
        this.steps++;
        return this.returns("step", () => core.step(this.now, work));
      }
      case Entry.Query: {
        const kind = in_.uint();
        return this.withBytes("query", (ptr, n) => {
          const at = core.query(kind, ptr, n);
          if (kind === Query.Ring && at > 0) this.ring = new RecordReader(this.u8.subarray(at + 4)).int();
          return at;
        });
      }
      case Entry.Event: {
        const kind = in_.uint();
        return this.withBytes("event", (ptr, n) => core.event(kind, ptr, n));
      }
      case Entry.Dispose:
        return this.returns("dispose", () => core.dispose());
      default:
        throw new HostFault(`the recording is damaged: entry ${entry} at byte ${this.at}`);
    }
  }

  private withBytes(what: string, call: (ptr: number, length: number) => number): string | null {
    const ptr = this.in_.uint();
    const bytes = this.in_.bytes();
    this.put(ptr, bytes);
    const n = bytes.length;
    return this.returns(what, () => call(ptr, n));
  }

  /** Makes a call and compares its result. */
  private returns(what: string, call: () => number | bigint): string | null {
    let result: number | bigint;
    try {
      result = call();
    } catch (error) {
      if (this.failure) throw this.failure;
      if (!(error instanceof WebAssembly.RuntimeError)) throw error;
      const entry = this.next();
      if (entry !== Entry.Trap) throw new CoreTrap(`the core has trapped: ${error.message}`, { cause: error });
      return this.in_.text();
    }
    const entry = this.next();
    if (entry !== Entry.Return) this.diverge(`recorded ${CALLS[entry] ?? `entry ${entry}`}, now ${what} is over`);
    this.expect(`result of ${what}`, this.in_.signed(), BigInt(result));
    return null;
  }

  /** Does what the host did before the next call; false when the entry is a call. */
  private arrive(entry: Entry): boolean {
    switch (entry) {
      case Entry.Data:
        this.put(this.in_.uint(), this.in_.bytes());
        return true;
      case Entry.Input:
        this.input();
        return true;
      case Entry.InputName:
        this.nameInput();
        return true;
      case Entry.Completion:
        this.completion();
        return true;
      default:
        return false;
    }
  }

  private put(ptr: number, bytes: Uint8Array): void {
    if (ptr + bytes.length > this.u8.length) throw new HostFault(`the recording is damaged: data outside the memory`);
    this.u8.set(bytes, ptr);
  }

  private nameInput(): void {
    const name = this.in_.text();
    this.inputs.push({ path: this.options.inputs?.[name] ?? name, fd: -1 });
  }

  /** Bytes of a file, of which the recording has the hash. */
  private input(): void {
    const ptr = this.in_.uint();
    const length = this.in_.uint();
    const input = this.inputs[this.in_.uint()];
    const offset = this.in_.uint();
    const hash = hex(this.in_.raw(32));
    if (!this.digests || !input || ptr + length > this.u8.length) throw new HostFault("the recording is damaged");
    try {
      if (input.fd < 0) input.fd = fs.openSync(input.path, "r");
      fs.readSync(input.fd, this.u8, ptr, length, offset);
    } catch (cause) {
      throw new HostFault(`the input ${input.path} cannot be read: ${why(cause)}`, { cause });
    }
    if (hex(hashOf(this.u8.subarray(ptr, ptr + length))) !== hash) {
      throw new HostFault(
        `the input ${input.path} is not what it was: it differs from byte ${offset} to ${offset + length}`,
      );
    }
  }

  private completion(): void {
    const c = emptyCompletion(this.in_.uint(), this.in_.uint());
    const mask = this.in_.uint();
    const fields = c as unknown as Record<string, number | bigint>;
    COMPLETION_FIELDS.forEach(([field, absent], i) => {
      if (mask & (1 << i)) fields[field] = typeof absent === "bigint" ? this.in_.signed() : this.in_.sint();
    });
    const tail = this.view.getUint32(this.ring + 4, true);
    const slots = this.view.getUint32(this.ring + 8, true);
    const records = this.view.getUint32(this.ring + 12, true);
    writeCompletion(this.view, records + (tail & (slots - 1)) * COMPLETION_SIZE, c);
    this.view.setUint32(this.ring + 4, (tail + 1) >>> 0, true);
  }

  /** The imports: each takes its entry and compares. An exception leaves the core, which is not used any more. */
  private imports(): CoreImports {
    const { in_ } = this;
    const inside = <T extends unknown[], R>(entry: Entry, run: (...args: T) => R) => {
      return (...args: T): R => {
        try {
          const got = this.next();
          if (got !== entry) this.diverge(`recorded ${CALLS[got] ?? `entry ${got}`}, now ${CALLS[entry]}`);
          return run(...args);
        } catch (error) {
          this.failure = error as Error;
          throw error;
        }
      };
    };
    const numbered = (entry: Entry) =>
      inside(entry, (n: number) => this.expect(`number for ${CALLS[entry]}`, in_.uint(), n >>> 0));
    return {
      open: inside(Entry.Open, (kind: number, spec: number, length: number) => {
        this.expect("kind of open", in_.uint(), kind);
        const bytes = this.u8.slice(spec >>> 0, (spec >>> 0) + length);
        this.expect("what is opened", decodeText(in_.bytes()), decodeText(bytes));
        const handle = in_.sint();
        if (handle > 0 && (kind === OpenKind.FileWrite || kind === OpenKind.FileAppend)) {
          this.openSink(handle, decodeText(bytes));
        }
        return handle;
      }),
      submit: inside(
        Entry.Submit,
        (handle: number, op: number, ptr: number, length: number, aux: bigint, token: number) =>
          this.submit(handle, op, ptr >>> 0, length >>> 0, aux, token >>> 0),
      ),
      cancel: numbered(Entry.Cancel),
      close: inside(Entry.Close, (handle: number) => {
        this.expect("handle to close", in_.uint(), handle);
        const sink = this.sinks.get(handle);
        if (sink) this.endSink(sink);
        this.sinks.delete(handle);
      }),
      retain: numbered(Entry.Retain),
      release: numbered(Entry.Release),
      post: inside(Entry.Post, (kind: number, ptr: number, length: number) => {
        const records = this.u8.slice(ptr >>> 0, (ptr >>> 0) + length);
        const then = in_.uint();
        const recorded = in_.bytes();
        if (then !== kind || Buffer.compare(recorded, records)) {
          this.diverge(`message: recorded ${show(then, recorded)}, now ${show(kind, records)}`);
        }
        this.outputs.update(Uint8Array.of(kind)).update(records);
        this.messages++;
        this.options.onMessage?.(readMessage(kind, records));
      }),
      random: inside(Entry.Random, (ptr: number, length: number) => {
        const bytes = in_.bytes();
        this.expect("random bytes", bytes.length, length);
        this.put(ptr >>> 0, bytes);
      }),
      tick: () => 0n,
    };
  }

  private submit(handle: number, op: number, ptr: number, length: number, aux: bigint, token: number): number {
    const { in_ } = this;
    const name = `operation ${op}`;
    this.expect(`handle of ${name}`, in_.uint(), handle);
    this.expect("operation", in_.uint(), op);
    this.expect(`address of ${name}`, in_.uint(), ptr);
    this.expect(`length of ${name}`, in_.uint(), length);
    this.expect(`argument of ${name}`, in_.signed(), aux);
    this.expect(`token of ${name}`, in_.uint(), token);
    const recorded = hex(in_.bytes());
    let payload: Uint8Array = new Uint8Array(0);
    if (op === Op.Write) payload = this.write(handle, ptr, length, aux);
    else if (op === Op.Frame) {
      const parts = this.stretches(this.view.getUint32(ptr + 60, true), this.view.getUint32(ptr + 56, true));
      payload = hashOf(this.u8.subarray(ptr, ptr + FRAME_RECORD), ...parts);
    } else if (op === Op.Property || op === Op.Configure) payload = this.u8.slice(ptr, ptr + length);
    if (op === Op.Write) this.expect(`bytes written at ${aux}`, recorded, hex(payload));
    else this.expect(`what goes out with ${name}`, recorded, hex(payload));
    const result = in_.sint();
    const follows = in_.byte();
    if (op === Op.Write && result !== HostError.Busy) this.outputs.update(payload);
    for (let left = follows; left;) {
      const entry = this.next();
      // A name may come before the data.
      if (entry !== Entry.InputName) left = 0;
      if (!this.arrive(entry)) throw new HostFault(`the recording is damaged at byte ${this.at}`);
    }
    return result;
  }

  private stretches(pairs: number, count: number): Uint8Array[] {
    const parts: Uint8Array[] = [];
    for (let i = 0; i < count; i++) {
      const at = this.view.getUint32(pairs + 8 * i, true);
      parts.push(this.u8.subarray(at, at + this.view.getUint32(pairs + 8 * i + 4, true)));
    }
    return parts;
  }

  /** Writes what a sink writes, if it is wanted; the hash of the bytes. */
  private write(handle: number, ptr: number, count: number, aux: bigint): Uint8Array {
    const parts = this.stretches(ptr, count);
    const sink = this.sinks.get(handle);
    if (sink) {
      let at = aux < 0n ? sink.next : Number(aux);
      for (const p of parts) {
        if (sink.fd >= 0) writeOut(sink, p, at);
        at += p.length;
        sink.bytes += p.length;
      }
      sink.next = at;
    }
    return hashOf(...parts);
  }

  private openSink(handle: number, name: string): void {
    let fd = -1;
    let file = "";
    if (this.options.output !== undefined) {
      file = path.join(this.options.output, name === "-" ? "stdout" : path.basename(name));
      try {
        fs.mkdirSync(this.options.output, { recursive: true });
        fd = fs.openSync(file, "w");
      } catch (cause) {
        throw unwritable(file, cause);
      }
    }
    this.sinks.set(handle, { path: name, file, fd, bytes: 0, next: 0 });
  }

  private endSink(sink: Sink): void {
    if (sink.fd >= 0) fs.closeSync(sink.fd);
    this.written.push({ path: sink.path, bytes: sink.bytes });
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** A message in a few words. */
function show(kind: number, records: Uint8Array): string {
  let m: Message;
  try {
    m = readMessage(kind, records);
  } catch {
    return `bytes ${hex(records)}`;
  }
  if ("text" in m) return `${m.type} "${m.text}"`;
  return toJson(m);
}
