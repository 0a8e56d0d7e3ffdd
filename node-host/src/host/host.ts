import { HostFault } from "../core/errors.js";
import { Core } from "../core/instance.js";
import { CoreImports } from "../core/interface.js";
import { RecordReader, decodeText } from "../core/records.js";
import { CompletionRecord, Ring } from "../core/ring.js";
import type { HostElementFactory } from "../element.js";
import { HostError, OpenKind, Post } from "../generated/abi.js";
import { crypto } from "../lazy.js";
import { ElementHost, ElementServer } from "./elements.js";
import { openFile } from "./files.js";
import { HandleTable } from "./handles.js";
import { IdleWork, Resource, Traffic } from "./resource.js";

/** What was posted, as it came. */
export interface Posted {
  kind: Post;
  records: Uint8Array;
}

/** Serves the imports of one instance: files, elements, memory handles, messages. */
export class Host implements CoreImports, ElementHost {
  readonly traffic: Traffic = { reads: 0, readBytes: 0, writes: 0, writtenBytes: 0, inputBytes: 0, inFlight: 0 };
  readonly handles = new HandleTable();
  readonly idleWork = new Set<IdleWork>();
  /** Messages that nobody has taken yet. */
  readonly posted: Posted[] = [];
  /** Why elements failed. */
  readonly causes = new Map<string, unknown>();
  /** A fault of the host or of its elements that no operation can carry. */
  fault: Error | null = null;
  /** Called whenever there is something for the core to do. */
  onWork: () => void = () => {};
  private core!: Core;
  private ring!: Ring;
  private readonly resources = new Map<number, Resource>();
  private lastHandle = 0;
  private deferred: (() => void)[] = [];
  private ends: Promise<void>[] = [];

  /**
   * @param factories host elements by name
   * @param clock the host's monotonic clock, ns
   */
  constructor(
    private readonly factories: ReadonlyMap<string, HostElementFactory>,
    private readonly clock: () => bigint,
  ) {}

  /** Takes the instance that it serves, after init. */
  bind(core: Core): void {
    this.core = core;
    this.ring = new Ring(core);
  }

  get u8(): Uint8Array {
    return this.core.u8;
  }

  get view(): DataView {
    return this.core.view;
  }

  now(): bigint {
    return this.clock();
  }

  // What the core calls.

  open(kind: number, spec: number, length: number): number {
    const bytes = this.u8.subarray(spec, spec + length);
    const resource = kind === OpenKind.Element ? this.openElement(bytes) : this.openPath(kind, bytes);
    if (typeof resource === "number") return resource;
    this.resources.set(++this.lastHandle, resource);
    return this.lastHandle;
  }

  submit(handle: number, op: number, ptr: number, length: number, aux: bigint, token: number): number {
    const resource = this.resources.get(handle);
    return resource ? resource.submit(op, ptr, length, aux, token) : HostError.Closed;
  }

  cancel(token: number): void {
    for (const r of this.resources.values()) r.cancel(token);
  }

  close(handle: number): void {
    const resource = this.resources.get(handle);
    this.resources.delete(handle);
    resource?.close();
  }

  retain(handle: number): void {
    this.guard(() => this.handles.get(handle).retain());
  }

  release(handle: number): void {
    this.guard(() => this.handles.get(handle).release());
  }

  post(kind: number, ptr: number, length: number): void {
    this.posted.push({ kind, records: this.u8.slice(ptr, ptr + length) });
  }

  random(ptr: number, length: number): void {
    crypto().randomFillSync(this.u8, ptr, length);
  }

  tick(): bigint {
    return process.hrtime.bigint();
  }

  // What resources call.

  complete(token: number, result: number, epoch = 0): void {
    this.ring.result(token, result, epoch);
    this.onWork();
  }

  put(c: CompletionRecord): void {
    this.ring.put(c);
    this.onWork();
  }

  alloc(length: number): number {
    return this.core.alloc(length);
  }

  defer(run: () => void): void {
    this.deferred.push(run);
    this.onWork();
  }

  ending(end: Promise<void>): void {
    this.ends.push(end);
  }

  blame(element: string, cause: unknown): void {
    if (!this.causes.has(element)) this.causes.set(element, cause);
  }

  // What the loop calls.

  /** Fills the ring with what has waited for room. */
  refill(): void {
    this.ring.refill();
  }

  /** Whether completions wait for the core. */
  get completed(): boolean {
    return this.ring.filled;
  }

  /** Performs what was submitted to elements; whether there was anything. */
  perform(): boolean {
    if (!this.deferred.length) return false;
    const runs = this.deferred;
    this.deferred = [];
    for (const run of runs) run();
    return true;
  }

  /** Does something of what can be done while the core waits; whether there was anything. */
  performIdle(): boolean {
    for (const work of this.idleWork) if (work.perform()) return true;
    return false;
  }

  /** Settles when all elements have ended that were told to. */
  async ended(): Promise<void> {
    while (this.ends.length) {
      const ends = this.ends;
      this.ends = [];
      this.perform();
      await Promise.all(ends);
    }
  }

  /** Gives everything back that the core has not, which after `dispose` is a leak and after a trap is the rest. */
  closeAll(): void {
    for (const r of this.resources.values()) r.close();
    this.resources.clear();
  }

  /** What was opened and not closed, and memory handles not given back, in words; empty when all was. */
  leaks(): string {
    const open = this.resources.size ? `handles not closed: ${this.resources.size}` : "";
    return [open, this.handles.leaks()].filter((s) => s).join("; ");
  }

  private openPath(kind: number, bytes: Uint8Array): Resource | number {
    return openFile(this, kind, decodeText(bytes));
  }

  private openElement(bytes: Uint8Array): Resource | number {
    const r = new RecordReader(bytes);
    const factory = this.factories.get(r.text());
    return factory ? new ElementServer(this, factory, r.text()) : HostError.NotFound;
  }

  private guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      if (!(error instanceof HostFault)) throw error;
      this.fault ??= error;
    }
  }
}
