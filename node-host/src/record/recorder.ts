import { createHash } from "node:crypto";
import { CoreTrap } from "../core/errors.js";
import { CoreExports, CoreImports } from "../core/interface.js";
import type { Tap } from "../core/instance.js";
import { RecordReader, decodeText } from "../core/records.js";
import { COMPLETION_SIZE, CompletionRecord } from "../core/ring.js";
import { Completed, HostError, Op, OpenKind, Query } from "../generated/abi.js";
import { FRAME_RECORD } from "../host/frame.js";
import { COMPLETION_FIELDS, Entry, MAGIC, RecordingFlag, VERSION, hashOf } from "./format.js";
import { FieldWriter } from "./writer.js";

/** An operation that is in flight. */
interface Operation {
  op: number;
  handle: number;
  ptr: number;
  length: number;
  aux: bigint;
  /** Completions with data that may still come. */
  left: number;
}

/** How a recording is made. */
export interface RecorderOptions {
  /** Whether hashes of what is read from files stand in place of the data. */
  digests: boolean;
  /** SHA-256 of the module. */
  hash: Uint8Array;
}

/** Writes a recording of one instance; it stands between core and host. */
export class Recorder implements Tap {
  private readonly out: FieldWriter;
  private readonly outputs = createHash("sha256");
  private readonly operations = new Map<number, Operation>();
  /** Paths of the files that are read and can be read again, by handle. */
  private readonly paths = new Map<number, string>();
  private readonly inputs = new Map<string, number>();
  private core!: CoreExports;
  private view!: DataView;
  private u8!: Uint8Array;
  private ring = 0;
  private tail = 0;
  private now = 0n;
  private finished = false;

  /**
   * Begins a recording.
   * @param file its path
   */
  constructor(
    file: string,
    private readonly options: RecorderOptions,
  ) {
    this.out = new FieldWriter(file);
    this.out.raw(Buffer.from(MAGIC)).byte(VERSION);
    this.out.byte(options.digests ? RecordingFlag.Digests : 0).raw(options.hash);
  }

  imports(host: CoreImports): CoreImports {
    const { out } = this;
    return {
      open: (kind, spec, length) => {
        const bytes = this.u8.slice(spec, spec + length);
        const handle = host.open(kind, spec, length);
        out.byte(Entry.Open).uint(kind).bytes(bytes).sint(handle);
        if (kind === OpenKind.FileRead && handle > 0) this.noteInput(handle, decodeText(bytes));
        return handle;
      },
      submit: (handle, op, ptr, length, aux, token) => {
        const payload = this.payload(op, ptr, length);
        const result = host.submit(handle, op, ptr, length, aux, token);
        const operation = { op, handle, ptr, length, aux, left: Number(aux) };
        const follows = result >= 0 && (op === Op.Read || op === Op.Size);
        out.byte(Entry.Submit).uint(handle).uint(op).uint(ptr).uint(length).sint(aux).uint(token);
        out
          .bytes(payload)
          .sint(result)
          .byte(follows ? 1 : 0);
        if (op === Op.Write && result !== HostError.Busy) this.outputs.update(payload);
        if (follows) this.arrived(operation, op === Op.Size ? 8 : result);
        if (result === HostError.Pending) this.operations.set(token, operation);
        return result;
      },
      cancel: (token) => {
        out.byte(Entry.Cancel).uint(token);
        host.cancel(token);
      },
      close: (handle) => {
        out.byte(Entry.Close).uint(handle);
        this.paths.delete(handle);
        host.close(handle);
      },
      retain: (handle) => {
        out.byte(Entry.Retain).uint(handle);
        host.retain(handle);
      },
      release: (handle) => {
        out.byte(Entry.Release).uint(handle);
        host.release(handle);
      },
      post: (kind, ptr, length) => {
        const records = this.u8.subarray(ptr, ptr + length);
        out.byte(Entry.Post).uint(kind).bytes(records);
        this.outputs.update(Uint8Array.of(kind)).update(records);
        host.post(kind, ptr, length);
      },
      random: (ptr, length) => {
        host.random(ptr, length);
        out.byte(Entry.Random).bytes(this.u8.subarray(ptr, ptr + length));
      },
      tick: () => host.tick(),
    };
  }

  exports(core: CoreExports): CoreExports {
    const { out } = this;
    this.core = core;
    this.look();
    const bytes = (ptr: number, length: number): Uint8Array => this.u8.subarray(ptr >>> 0, (ptr >>> 0) + length);
    return {
      memory: core.memory,
      abi_version: () => core.abi_version(),
      init: (ceiling, options) => {
        out.byte(Entry.Init).uint(ceiling).uint(options);
        const code = this.returns(() => core.init(ceiling, options));
        this.look();
        return code;
      },
      alloc: (length) => {
        out.byte(Entry.Alloc).uint(length);
        return this.returns(() => core.alloc(length));
      },
      free: (ptr) => {
        out.byte(Entry.Free).uint(ptr >>> 0);
        this.returns(() => {
          core.free(ptr);
          return 0;
        });
      },
      describe: (ptr, length) => {
        out.byte(Entry.Describe).uint(ptr).bytes(bytes(ptr, length));
        return this.returns(() => core.describe(ptr, length));
      },
      launch: (ptr, length) => {
        out.byte(Entry.Launch).uint(ptr).bytes(bytes(ptr, length));
        return this.returns(() => core.launch(ptr, length));
      },
      set_state: (state) => {
        out.byte(Entry.SetState).uint(state);
        return this.returns(() => core.set_state(state));
      },
      step: (now, work) => {
        this.completions();
        out
          .byte(Entry.Step)
          .sint(now - this.now)
          .uint(work);
        this.now = now;
        return this.returns(() => core.step(now, work));
      },
      query: (kind, ptr, length) => {
        out.byte(Entry.Query).uint(kind).uint(ptr).bytes(bytes(ptr, length));
        const at = this.returns(() => core.query(kind, ptr, length));
        if (kind === Query.Ring && at > 0) {
          this.ring = new RecordReader(bytes(at + 4, this.view.getUint32(at, true))).int();
          this.tail = this.view.getUint32(this.ring + 4, true);
        }
        return at;
      },
      event: (kind, ptr, length) => {
        out.byte(Entry.Event).uint(kind).uint(ptr).bytes(bytes(ptr, length));
        return this.returns(() => core.event(kind, ptr, length));
      },
      dispose: () => {
        out.byte(Entry.Dispose);
        return this.returns(() => core.dispose());
      },
    };
  }

  /** Ends the recording and closes its file. */
  finish(): void {
    if (this.finished) return;
    this.finished = true;
    this.out.byte(Entry.End).raw(this.outputs.digest());
    this.out.close();
  }

  private look(): void {
    this.u8 = new Uint8Array(this.core.memory.buffer);
    this.view = new DataView(this.core.memory.buffer);
  }

  /** Makes a call and writes its result behind what it caused. */
  private returns<T extends number | bigint>(call: () => T): T {
    let result: T;
    try {
      result = call();
    } catch (error) {
      this.out.byte(Entry.Trap).text(error instanceof Error ? error.message : String(error));
      throw error instanceof WebAssembly.RuntimeError
        ? new CoreTrap(`the core has trapped: ${error.message}`, { cause: error })
        : error;
    }
    this.out.byte(Entry.Return).sint(result);
    return result;
  }

  private noteInput(handle: number, path: string): void {
    // What cannot be read again is kept whole.
    if (path !== "-" && !path.startsWith("/dev/")) this.paths.set(handle, path);
  }

  /** What the core gives out with an operation. */
  private payload(op: number, ptr: number, length: number): Uint8Array {
    switch (op) {
      case Op.Write:
        return hashOf(...this.stretches(ptr, length));
      case Op.Frame: {
        const count = this.view.getUint32(ptr + 56, true);
        const pairs = this.view.getUint32(ptr + 60, true);
        return hashOf(this.u8.subarray(ptr, ptr + FRAME_RECORD), ...this.stretches(pairs, count));
      }
      case Op.Property:
      case Op.Configure:
        return this.u8.slice(ptr, ptr + length);
      default:
        return new Uint8Array(0);
    }
  }

  private stretches(pairs: number, count: number): Uint8Array[] {
    const parts: Uint8Array[] = [];
    for (let i = 0; i < count; i++) {
      const at = this.view.getUint32(pairs + 8 * i, true);
      parts.push(this.u8.subarray(at, at + this.view.getUint32(pairs + 8 * i + 4, true)));
    }
    return parts;
  }

  /** Writes down the completions that have come since the last step, with the bytes they brought. */
  private completions(): void {
    if (!this.ring) return;
    const v = this.view;
    const tail = v.getUint32(this.ring + 4, true);
    const slots = v.getUint32(this.ring + 8, true);
    const records = v.getUint32(this.ring + 12, true);
    for (; this.tail !== tail; this.tail = (this.tail + 1) >>> 0) {
      this.completion(readCompletion(v, records + (this.tail & (slots - 1)) * COMPLETION_SIZE));
    }
  }

  private completion(c: CompletionRecord): void {
    const operation = this.operations.get(c.token);
    if (c.extra && c.length) this.data(c.extra, c.length);
    else if (operation && c.result > 0) {
      if (operation.op === Op.Read) this.arrived(operation, c.result);
      else if (operation.op === Op.Credit && operation.ptr && c.kind === Completed.Data)
        this.data(operation.ptr, c.result);
    }
    let mask = 0;
    COMPLETION_FIELDS.forEach(([field, absent], i) => {
      if (c[field] !== absent) mask |= 1 << i;
    });
    this.out.byte(Entry.Completion).uint(c.token).uint(c.kind).uint(mask);
    COMPLETION_FIELDS.forEach(([field], i) => {
      if (mask & (1 << i)) this.out.sint(c[field]);
    });
    if (!operation) return;
    const over = c.kind === Completed.Result || c.kind === Completed.End;
    if (over || (c.kind === Completed.Data && (operation.ptr || --operation.left <= 0)))
      this.operations.delete(c.token);
  }

  private data(ptr: number, length: number): void {
    this.out
      .byte(Entry.Data)
      .uint(ptr)
      .bytes(this.u8.subarray(ptr, ptr + length));
  }

  /** Bytes that a read has brought. */
  private arrived(o: Operation, length: number): void {
    const path = this.paths.get(o.handle);
    if (!this.options.digests || path === undefined || o.op !== Op.Read || o.aux < 0n) {
      this.data(o.ptr, length);
      return;
    }
    let input = this.inputs.get(path);
    if (input === undefined) {
      input = this.inputs.size;
      this.inputs.set(path, input);
      this.out.byte(Entry.InputName).text(path);
    }
    this.out.byte(Entry.Input).uint(o.ptr).uint(length).uint(input).uint(o.aux);
    this.out.raw(hashOf(this.u8.subarray(o.ptr, o.ptr + length)));
  }
}

function readCompletion(v: DataView, p: number): CompletionRecord {
  return {
    token: v.getUint32(p, true),
    kind: v.getUint16(p + 4, true),
    pad: v.getUint16(p + 6, true),
    result: v.getInt32(p + 8, true),
    epoch: v.getUint32(p + 12, true),
    handle: v.getInt32(p + 16, true),
    flags: v.getUint32(p + 20, true),
    pts: v.getBigInt64(p + 24, true),
    dts: v.getBigInt64(p + 32, true),
    duration: v.getBigInt64(p + 40, true),
    capture: v.getBigInt64(p + 48, true),
    extra: v.getUint32(p + 56, true),
    length: v.getUint32(p + 60, true),
  };
}
