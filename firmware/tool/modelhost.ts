import type { Report } from "../../node-host/src/core/errors.js";
import { Message, readMessage } from "../../node-host/src/core/messages.js";
import { CoreImports } from "../../node-host/src/core/interface.js";
import { RecordReader } from "../../node-host/src/core/records.js";
import { ElementTable } from "../../node-host/src/table.js";
import { HostError, Op, OpenKind } from "../../node-host/src/generated/abi.js";
import { BootEntry, isTransient } from "./bootlog.js";
import { evaluate } from "./formula.js";
import { rawFrameBytes, sampleBytes } from "./rawsize.js";

/** An element that a board serves: its table, and the size of the blocks that it wants to fill. */
export interface BoardElement extends ElementTable {
  /** For its src pad: a formula over its properties, caps.FIELD, frame-bytes and sample-bytes; without it, 0. */
  block?: { pad: string; bytes: string };
}

/** An instance of a board's element. */
export interface ModelInstance {
  readonly table: BoardElement;
  readonly name: string;
  readonly properties: Map<string, bigint | number | string>;
  /** Caps by number of the pad. */
  readonly caps: Map<number, string>;
}

/** An operation that the board would work on. */
export interface PendingOperation {
  readonly handle: number;
  readonly op: number;
  readonly ptr: number;
  readonly length: number;
  readonly aux: bigint;
  readonly token: number;
}

/** Fields of fixed caps, as text: "rate" of "audio/x-raw, rate=(int)8000". */
export function capsFields(caps: string): Map<string, string> {
  const [media, ...fields] = caps.split(/,\s*(?=[\w-]+\s*=)/);
  const out = new Map([["", media.trim()]]);
  for (const field of fields) {
    const m = /^([\w-]+)\s*=\s*(?:\([\w/]+\)\s*)?"?(.*?)"?;?$/.exec(field.trim());
    if (m) out.set(m[1], m[2]);
  }
  return out;
}

/**
 * A board without the board: it notes what the core asks for and answers as the firmware will, so that a pipeline can be
 * brought to its start, and tried, at the desk.
 */
export class ModelHost implements CoreImports {
  readonly log: BootEntry[] = [];
  readonly instances = new Map<number, ModelInstance>();
  readonly pending = new Map<number, PendingOperation>();
  readonly messages: Message[] = [];
  /** Why the line cannot run on a board, when the core wanted what no board has. */
  refused = "";
  /** A frame has been handed over. */
  fed = false;
  private memory: WebAssembly.Memory | null = null;
  private random32 = 0x9e3779b9;

  /** @param elements that the board serves */
  constructor(private readonly elements: readonly BoardElement[]) {}

  /** Tells where the core's memory is; before any call of the core. */
  attach(memory: WebAssembly.Memory): void {
    this.memory = memory;
  }

  /** The error that the core posted, when it did. */
  get error(): Report | undefined {
    const posted = this.messages.find((m) => m.type === "error");
    return posted?.type === "error" ? posted : undefined;
  }

  /** The core's memory. */
  get u8(): Uint8Array {
    return new Uint8Array(this.memory!.buffer);
  }

  /** The core's memory. */
  get view(): DataView {
    return new DataView(this.memory!.buffer);
  }

  open(kind: number, spec: number, length: number): number {
    const bytes = this.u8.slice(spec, spec + length);
    if (kind !== Number(OpenKind.Element)) {
      this.refused ||= `it reads or writes files, and a board has none: "${Buffer.from(bytes).toString()}"`;
      return HostError.Unsupported;
    }
    const r = new RecordReader(bytes);
    const factory = r.text();
    const table = this.elements.find((t) => t.name === factory);
    if (!table) return HostError.NotFound;
    const handle = this.instances.size + 1;
    this.instances.set(handle, { table, name: r.text(), properties: new Map(), caps: new Map() });
    this.log.push({ kind: "open", handle, spec: bytes });
    return handle;
  }

  submit(handle: number, op: number, ptr: number, length: number, aux: bigint, token: number): number {
    const result = this.answer(handle, op, ptr, length);
    if (result === Number(HostError.Pending)) {
      this.pending.set(token, { handle, op, ptr, length, aux, token });
      if (op === Number(Op.Frame)) this.fed = true;
    }
    const data = isTransient(op) ? this.u8.slice(ptr, ptr + length) : undefined;
    this.log.push({ kind: "submit", handle, op, ptr: data ? 0 : ptr, length, aux, token, result, data });
    return result;
  }

  private answer(handle: number, op: number, ptr: number, length: number): number {
    const instance = this.instances.get(handle);
    if (!instance) return HostError.NotFound;
    const r = new RecordReader(this.u8.slice(ptr, ptr + length));
    switch (op as Op) {
      case Op.Property: {
        const name = r.text();
        const value = r.next();
        if (!(value instanceof Uint8Array)) instance.properties.set(name, value);
        return 0;
      }
      case Op.Configure: {
        const pad = r.int();
        instance.caps.set(pad, r.text());
        return this.blockBytes(instance, pad);
      }
      case Op.Frame:
      case Op.Credit:
      case Op.Drain:
        return HostError.Pending;
      default:
        return 0;
    }
  }

  /** Bytes of the blocks that an element wants for a pad. */
  private blockBytes({ table, properties, caps }: ModelInstance, pad: number): number {
    const pads = table.pads ?? [];
    const sinks = pads.filter((p) => p.direction === "sink").length;
    const { block } = table;
    if (!block || pad < sinks || pads.filter((p) => p.direction === "src")[pad - sinks]?.name !== block.pad) return 0;
    const fields = capsFields(caps.get(pad)!);
    return evaluate(block.bytes, (name) => {
      if (name === "frame-bytes") return rawFrameBytes(fields);
      if (name === "sample-bytes") return sampleBytes(fields);
      const value = name.startsWith("caps.") ? fields.get(name.slice(5)) : properties.get(name);
      return value === undefined || value === "" || Number.isNaN(Number(value)) ? undefined : Number(value);
    });
  }

  cancel(): void {
    // Nothing ends early: a pipeline is only brought to its start.
  }

  close(handle: number): void {
    this.instances.delete(handle);
  }

  retain(): void {
    // A board's elements give no memory handles.
  }

  release(): void {
    // A board's elements give no memory handles.
  }

  post(kind: number, ptr: number, length: number): void {
    this.messages.push(readMessage(kind, this.u8.slice(ptr, ptr + length)));
  }

  /** The same numbers in every build: the firmware puts its own in their place when it starts. */
  random(ptr: number, length: number): void {
    const bytes = this.u8.subarray(ptr, ptr + length);
    for (let i = 0; i < length; i++) {
      this.random32 ^= this.random32 << 13;
      this.random32 ^= this.random32 >>> 17;
      this.random32 ^= this.random32 << 5;
      bytes[i] = this.random32;
    }
    this.log.push({ kind: "random", ptr, data: bytes.slice() });
  }

  tick(): bigint {
    return 0n;
  }
}
