import { HostFault } from "../core/errors.js";
import { RecordReader, encodeText } from "../core/records.js";
import { CompletionRecord, emptyCompletion } from "../core/ring.js";
import { coreTime, timeOf } from "../core/time.js";
import type {
  DataInfo,
  ElementContext,
  HostElement,
  HostElementFactory,
  UpstreamEvent,
  UpstreamEventName,
} from "../element.js";
import { Completed, HostError, Op } from "../generated/abi.js";
import { hostErrorOf } from "./errno.js";
import { InputFrame } from "./frame.js";
import { HandleTable, MemoryHandle } from "./handles.js";
import { Resource, ResourceHost } from "./resource.js";

/** Frames that an element may hold when its factory says nothing. */
const DEFAULT_WINDOW = 8;

/** What the server of an element needs of the host. */
export interface ElementHost extends ResourceHost {
  readonly handles: HandleTable;
  /** Puts a completion into the ring. */
  put(c: CompletionRecord): void;
  /** Memory of the core's heap; 0 when there is none. Not during a step. */
  alloc(length: number): number;
  /** Has `run` called after the step. */
  defer(run: () => void): void;
  now(): bigint;
  /** Notes that an element is ending; the pipeline is not closed before that. */
  ending(end: Promise<void>): void;
  /** Notes why an element failed, for the error that the core posts. */
  blame(element: string, cause: unknown): void;
}

/** A credit operation that is armed. */
interface Credit {
  token: number;
  left: number;
  block: number;
  size: number;
}

/** What a call of the element answers: bytes of the blocks it wants, from `configure`. */
type Answer = number | void;

/** Events against the stream, by the numbers of assembly/core/event.ts. */
const EVENTS: Record<number, UpstreamEventName> = { 33: "qos", 35: "force-key-unit" };

/** An operation that waits for the element or is being worked on. */
interface Pending {
  token: number;
  op: Op;
  /** Whether its last completion has gone. */
  over: boolean;
  /** Ends the wait for the element's answer, which nobody needs any more. */
  abandon?: () => void;
}

/**
 * Serves one host element: takes the operations of the core in, hands them to the element after the step, and makes its
 * answers into completions.
 */
export class ElementServer implements Resource, ElementContext {
  private element: HostElement | null = null;
  private readonly pending = new Map<number, Pending>();
  private readonly frames = new Map<number, InputFrame>();
  private readonly armed: Credit[][] = [];
  private readonly ending: boolean[] = [];
  /** What is to be told to the core as soon as an operation is armed. */
  private readonly notices: CompletionRecord[] = [];
  private readonly idle: (() => void)[] = [];
  private epoch = 0;
  private work: Promise<void> | null = null;
  private readonly queue: (() => void | Promise<void>)[] = [];
  private cancelling = false;
  private broken: Error | null = null;
  /** Sink pads, which count before src pads. */
  private readonly sinks: number;

  /**
   * Begins an element, which is made after the step.
   * @param name of the instance
   */
  constructor(
    private readonly host: ElementHost,
    private readonly factory: HostElementFactory,
    readonly name: string,
  ) {
    this.sinks = (factory.table.pads ?? []).filter((p) => p.direction === "sink").length;
    this.enqueue(() => {
      this.element = factory.create(this);
    });
  }

  submit(op: number, ptr: number, length: number, aux: bigint, token: number): number {
    switch (op) {
      case Op.Frame:
        return this.takeFrame(ptr, token);
      case Op.Credit:
        return this.arm(ptr, length, Number(aux), token);
      case Op.Property: {
        const r = this.records(ptr, length);
        const name = r.text();
        const value = r.next() as bigint | number | string;
        return this.call(token, op, () => this.element!.property?.(name, value));
      }
      case Op.Configure: {
        const r = this.records(ptr, length);
        const pad = r.int();
        const caps = r.text();
        return this.call(token, op, () => this.element!.configure?.(pad, caps));
      }
      case Op.Event: {
        const r = this.records(ptr, length);
        const name = EVENTS[r.int()];
        const pad = r.int() - this.sinks;
        const event: UpstreamEvent = { rate: Number(r.next()), start: timeOf(r.big()), stop: timeOf(r.big()) };
        return this.call(token, op, () => (name ? this.element!.event?.(name, pad, event) : undefined));
      }
      case Op.Drain:
        return this.call(token, op, () =>
          this.element!.drain ? this.element!.drain(Number(aux)) : new Promise((resolve) => this.whenIdle(resolve)),
        );
      case Op.Flush:
        return this.call(token, op, () => {
          // Data given from now on is of the new epoch.
          this.epoch = Number(aux);
          return this.element!.flush?.();
        });
      default:
        return HostError.Unsupported;
    }
  }

  cancel(token: number): void {
    const p = this.pending.get(token);
    if (p && p.op !== Op.Frame) {
      this.finish(p, HostError.Cancelled);
      p.abandon?.();
    }
    for (const credits of this.armed) {
      const i = credits?.findIndex((c) => c.token === token) ?? -1;
      if (i < 0) continue;
      credits.splice(i, 1);
      this.host.complete(token, HostError.Cancelled);
    }
    if (p?.op !== Op.Frame || this.cancelling) return;
    this.cancelling = true;
    this.host.defer(() => {
      this.cancelling = false;
      try {
        if (this.element?.cancel) this.element.cancel();
        else this.releaseAll();
      } catch (error) {
        this.fault(error);
        this.releaseAll();
      }
    });
  }

  close(): void {
    // After a trap, frames may still be held.
    this.releaseAll();
    this.host.ending(
      new Promise((resolve) => {
        this.enqueue(() => Promise.resolve(this.element?.stop?.()).then(resolve, resolve));
      }),
    );
  }

  now(): bigint {
    return this.host.now();
  }

  credits(pad: number): number {
    return (this.armed[pad] ?? []).reduce((n, c) => n + c.left, 0);
  }

  data(pad: number, bytes: Uint8Array, info?: DataInfo): boolean {
    return this.fill(
      pad,
      bytes.length,
      (to) => {
        to.set(bytes);
        return bytes.length;
      },
      info,
    );
  }

  fill(pad: number, size: number, write: (to: Uint8Array) => number, info?: DataInfo): boolean {
    const credit = this.armed[pad]?.[0];
    if (!credit) return false;
    const c = this.dataRecord(credit, pad, info);
    if (credit.block) {
      if (size > credit.size) {
        throw new HostFault(`${this.name}: ${size} bytes do not fit into a block of ${credit.size}`);
      }
      c.result = write(this.host.u8.subarray(credit.block, credit.block + size));
    } else {
      c.extra = size ? this.host.alloc(size) : 0;
      if (size && !c.extra) throw new HostFault(`${this.name}: the core has no memory for ${size} bytes`);
      c.length = size ? write(this.host.u8.subarray(c.extra, c.extra + size)) : 0;
    }
    this.spend(pad, credit);
    this.host.put(c);
    return true;
  }

  handle(domain: string, value: unknown, freed?: () => void): MemoryHandle {
    return this.host.handles.create(domain, this.name, value, freed);
  }

  give(pad: number, handle: MemoryHandle, size: number, info?: DataInfo): boolean {
    const credit = this.armed[pad]?.[0];
    if (!credit) return false;
    const c = this.dataRecord(credit, pad, info);
    c.handle = handle.id;
    c.result = size;
    this.spend(pad, credit);
    this.host.put(c);
    return true;
  }

  caps(pad: number, caps: string): void {
    const c = emptyCompletion(0, Completed.Caps);
    const text = encodeText(caps);
    c.pad = pad;
    c.extra = this.host.alloc(text.length);
    if (!c.extra) throw new HostFault(`${this.name}: the core has no memory for caps`);
    c.length = text.length;
    this.host.u8.set(text, c.extra);
    this.notify(c);
  }

  latency(min: bigint, max: bigint | null): void {
    const c = emptyCompletion(0, Completed.Latency);
    c.pts = min;
    c.dts = coreTime(max);
    this.notify(c);
  }

  end(pad: number): void {
    this.ending[pad] = true;
    for (const credit of this.armed[pad]?.splice(0) ?? []) this.endCredit(credit, pad);
  }

  fail(error: Error): void {
    this.host.blame(this.name, error);
    this.broken = error;
    const code = hostErrorOf(error);
    for (const credits of this.armed) {
      for (const c of credits?.splice(0) ?? []) this.host.complete(c.token, code);
    }
    for (const p of [...this.pending.values()]) if (p.op !== Op.Frame) this.finish(p, code);
  }

  /** Calls something when the element holds no frame. */
  private whenIdle(run: () => void): void {
    if (this.frames.size) this.idle.push(run);
    else run();
  }

  private releaseAll(): void {
    for (const frame of [...this.frames.values()]) frame.release();
  }

  private records(ptr: number, length: number): RecordReader {
    return new RecordReader(this.host.u8.slice(ptr, ptr + length));
  }

  private takeFrame(ptr: number, token: number): number {
    const room = this.element?.room ? this.element.room() : this.frames.size < (this.factory.window ?? DEFAULT_WINDOW);
    if (!room && !this.broken) return HostError.Busy;
    const p: Pending = { token, op: Op.Frame, over: false };
    const frame = new InputFrame(this.host.u8, this.host.view, ptr, this.host.handles, () => {
      this.frames.delete(token);
      this.finish(p, this.broken ? hostErrorOf(this.broken) : 0);
      if (!this.frames.size) for (const run of this.idle.splice(0)) run();
    });
    this.pending.set(token, p);
    this.frames.set(token, frame);
    this.enqueue(() => {
      if (frame.released) return;
      if (!this.element?.frame || this.broken) {
        frame.release();
        return;
      }
      // Frames may be worked on side by side.
      Promise.resolve(this.element.frame(frame)).catch((error: unknown) => {
        this.fault(error);
        frame.release();
      });
    });
    return HostError.Pending;
  }

  private arm(ptr: number, length: number, aux: number, token: number): number {
    const pad = (ptr ? aux : length) - this.sinks;
    const credit: Credit = { token, left: ptr ? 1 : aux, block: ptr, size: ptr ? length : 0 };
    if (this.broken) return hostErrorOf(this.broken);
    (this.armed[pad] ??= []).push(credit);
    // Not behind other calls: a drain that is waited for needs the credit.
    this.host.defer(() => {
      if (!this.armed[pad].includes(credit)) return;
      for (const notice of this.notices.splice(0)) this.host.put({ ...notice, token, epoch: this.epoch });
      try {
        if (this.ending[pad]) this.end(pad);
        else this.element?.credit?.(pad);
      } catch (error) {
        this.fail(error instanceof Error ? error : new Error(String(error)));
      }
    });
    return HostError.Pending;
  }

  private notify(c: CompletionRecord): void {
    const token = this.armed.flat()[0]?.token;
    if (token === undefined) this.notices.push(c);
    else this.host.put({ ...c, token, epoch: this.epoch });
  }

  private dataRecord(credit: Credit, pad: number, info: DataInfo | undefined): CompletionRecord {
    const c = emptyCompletion(credit.token, Completed.Data);
    c.pad = pad;
    c.epoch = this.epoch;
    c.flags = info?.flags ?? 0;
    c.pts = coreTime(info?.pts);
    c.dts = coreTime(info?.dts);
    c.duration = coreTime(info?.duration);
    c.capture = coreTime(info?.capture);
    return c;
  }

  /** Takes one credit; an operation without any left is over. */
  private spend(pad: number, credit: Credit): void {
    if (--credit.left === 0 || credit.block) this.armed[pad].shift();
  }

  private endCredit(credit: Credit, pad: number): void {
    const c = emptyCompletion(credit.token, Completed.End);
    c.pad = pad;
    c.epoch = this.epoch;
    this.host.put(c);
  }

  /** Queues a call of the element whose end is the operation's. */
  private call(token: number, op: Op, run: () => Answer | Promise<Answer>): number {
    const p: Pending = { token, op, over: false };
    this.pending.set(token, p);
    const failed = (error: unknown): void => {
      if (p.over) return;
      this.fault(error);
      this.finish(p, hostErrorOf(error));
    };
    this.enqueue(() => {
      if (p.over) return;
      try {
        if (this.broken) throw this.broken;
        const answer = run();
        if (answer instanceof Promise) {
          const over = answer.then((n) => this.finish(p, n ?? 0), failed);
          // What is left may wait for an answer to Configure, or for credits that follow it.
          if (op === Op.Drain) return;
          return new Promise((resolve) => {
            p.abandon = resolve;
            over.then(resolve, resolve);
          });
        }
        this.finish(p, answer ?? 0);
      } catch (error) {
        failed(error);
      }
    });
    return HostError.Pending;
  }

  private fault(error: unknown): void {
    this.host.blame(this.name, error);
    this.broken ??= error instanceof Error ? error : new Error(String(error));
  }

  /** Ends an operation once. */
  private finish(p: Pending, result: number): void {
    if (p.over) return;
    p.over = true;
    this.pending.delete(p.token);
    if (p.op !== Op.Drain || result < 0) {
      this.host.complete(p.token, result, this.epoch);
      return;
    }
    const c = emptyCompletion(p.token, Completed.End);
    c.epoch = this.epoch;
    this.host.put(c);
  }

  /** Has something called after the step, behind what waits; calls of all elements keep the order of the operations. */
  private enqueue(run: () => void | Promise<void>): void {
    this.queue.push(run);
    this.host.defer(() => this.next());
  }

  /** Makes the oldest call unless one is being waited for. */
  private next(): void {
    const run = this.work ? undefined : this.queue.shift();
    if (!run) return;
    let waits: void | Promise<void>;
    try {
      waits = run();
    } catch (error) {
      this.fault(error);
      return;
    }
    if (!waits) return;
    this.work = waits.then(
      () => this.resume(),
      (error: unknown) => {
        this.fault(error);
        this.resume();
      },
    );
  }

  private resume(): void {
    this.work = null;
    while (this.queue.length && !this.work) this.next();
  }
}
