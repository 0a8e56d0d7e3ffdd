import { Completed, Query } from "../generated/abi.js";
import { HostFault } from "./errors.js";
import { Core } from "./instance.js";
import { NONE } from "./time.js";

/** A completion with everything that it can carry; see DESIGN.md, "Completions". */
export interface CompletionRecord {
  token: number;
  kind: Completed;
  pad: number;
  result: number;
  epoch: number;
  handle: number;
  flags: number;
  pts: bigint;
  dts: bigint;
  duration: bigint;
  capture: bigint;
  extra: number;
  length: number;
}

/** Bytes of a completion in the ring. */
export const COMPLETION_SIZE = 64;

/** A completion of which nothing is known but its token and kind. */
export function emptyCompletion(token: number, kind: Completed): CompletionRecord {
  return {
    token,
    kind,
    pad: 0,
    result: 0,
    epoch: 0,
    handle: 0,
    flags: 0,
    pts: NONE,
    dts: NONE,
    duration: NONE,
    capture: NONE,
    extra: 0,
    length: 0,
  };
}

/** The completion ring of an instance, from the host's side. What does not fit waits here, in order. */
export class Ring {
  private readonly at: number;
  private readonly slots: number;
  private readonly records: number;
  private readonly waiting: CompletionRecord[] = [];

  constructor(private readonly core: Core) {
    const answer = core.query(Query.Ring);
    if (typeof answer === "number") throw new HostFault("the core has no completion ring");
    this.at = answer.int();
    this.slots = core.view.getUint32(this.at + 8, true);
    this.records = core.view.getUint32(this.at + 12, true);
  }

  /** Whether the core has completions to take. */
  get filled(): boolean {
    const v = this.core.view;
    return this.waiting.length > 0 || v.getUint32(this.at, true) !== v.getUint32(this.at + 4, true);
  }

  /** Ends an operation that carries nothing but its result. */
  result(token: number, result: number, epoch = 0): void {
    if (this.waiting.length || !this.hasRoom()) {
      this.waiting.push({ ...emptyCompletion(token, Completed.Result), result, epoch });
      return;
    }
    const p = this.slot();
    const v = this.core.view;
    this.core.u8.fill(0, p, p + COMPLETION_SIZE);
    v.setUint32(p, token, true);
    v.setUint16(p + 4, Completed.Result, true);
    v.setInt32(p + 8, result, true);
    v.setUint32(p + 12, epoch, true);
    this.advance();
  }

  /** Puts a completion in. */
  put(c: CompletionRecord): void {
    if (this.waiting.length || !this.hasRoom()) this.waiting.push(c);
    else this.write(c);
  }

  /** Puts in what has waited, as far as there is room. */
  refill(): void {
    while (this.waiting.length && this.hasRoom()) this.write(this.waiting.shift()!);
  }

  private hasRoom(): boolean {
    const v = this.core.view;
    return (v.getUint32(this.at + 4, true) - v.getUint32(this.at, true)) >>> 0 < this.slots;
  }

  private slot(): number {
    return this.records + (this.core.view.getUint32(this.at + 4, true) & (this.slots - 1)) * COMPLETION_SIZE;
  }

  private advance(): void {
    const v = this.core.view;
    v.setUint32(this.at + 4, (v.getUint32(this.at + 4, true) + 1) >>> 0, true);
  }

  private write(c: CompletionRecord): void {
    writeCompletion(this.core.view, this.slot(), c);
    this.advance();
  }
}

/** Writes a completion where the core reads it. */
export function writeCompletion(v: DataView, p: number, c: CompletionRecord): void {
  v.setUint32(p, c.token, true);
  v.setUint16(p + 4, c.kind, true);
  v.setUint16(p + 6, c.pad, true);
  v.setInt32(p + 8, c.result, true);
  v.setUint32(p + 12, c.epoch, true);
  v.setInt32(p + 16, c.handle, true);
  v.setUint32(p + 20, c.flags, true);
  v.setBigInt64(p + 24, c.pts, true);
  v.setBigInt64(p + 32, c.dts, true);
  v.setBigInt64(p + 40, c.duration, true);
  v.setBigInt64(p + 48, c.capture, true);
  v.setUint32(p + 56, c.extra, true);
  v.setUint32(p + 60, c.length, true);
}
