import type { MemoryHandle } from "./host/handles.js";
import type { InputFrame } from "./host/frame.js";
import type { ElementTable } from "./table.js";

/**
 * Elements that the host serves: a decoder of the machine, a camera, a sink for an application. They stand in launch lines
 * and negotiate like any other. Register them with `launch(line, { elements: [factory] })`.
 */

/** Events against the stream that reach an element of the host. */
export type UpstreamEventName = "qos" | "force-key-unit";

/**
 * An event against the stream. qos: rate is the proportion, start the jitter in ns, stop the timestamp. force-key-unit: start
 * is the running time in ns, or null for now.
 */
export interface UpstreamEvent {
  rate: number;
  start: bigint | null;
  stop: bigint | null;
}

/** Makes elements of one kind. */
export interface HostElementFactory {
  /**
   * What the element is: name, pads, properties. The flag late-caps means that it gives the caps of its src
   * pads itself, timed that a sink shows frames at their time itself.
   */
  readonly table: ElementTable;
  /** Frames that an element may hold at once, 8 if nothing is said; see also HostElement.room. */
  readonly window?: number;
  /** Makes an element when its pipeline starts. It may throw; the pipeline then fails. */
  create(context: ElementContext): HostElement;
}

/** Times and flags of data that an element gives; times are ns. */
export interface DataInfo {
  pts?: bigint | null;
  dts?: bigint | null;
  duration?: bigint | null;
  /** FrameFlag bits. */
  flags?: number;
  /** When the first byte was captured, on the host's clock. */
  capture?: bigint | null;
}

/**
 * An element's side of the contract (DESIGN.md, "Host elements"). Everything but `frame` and `credit` is called one after the
 * other: the next call comes when the promise of the one before is settled, but that of `drain` holds nothing up. A call
 * that throws or rejects fails the pipeline.
 */
export interface HostElement {
  /** A property has its value: first all of them, then whenever one is set. Whole numbers and booleans are bigint. */
  property?(name: string, value: bigint | number | string): void | Promise<void>;
  /**
   * A pad has caps from now on. Pads count sinks first, then srcs. An element with one src pad may answer, for that pad, the
   * bytes of the blocks that it wants to fill: then each credit brings a block, and `fill` writes into it.
   */
  configure?(pad: number, caps: string): number | void | Promise<number | void>;
  /**
   * Whether one more frame can be taken; without it the factory's window counts. Called in the middle of a step: answer from
   * what is known, call nothing of the pipeline.
   */
  room?(): boolean;
  /** A frame to work on. It and its views are the element's until `frame.release()`. */
  frame?(frame: InputFrame): void | Promise<void>;
  /**
   * Data may be given on a src pad (a number among src pads), as often as `context.credits` says. This does not wait for other
   * calls.
   */
  credit?(pad: number): void;
  /**
   * A sink pad has come to its end, or to caps or a segment that change what follows: settle when all that went in has come
   * out. Without this, that is when no frame is held.
   */
  drain?(pad: number): void | Promise<void>;
  /** Something came against the stream to a src pad. */
  event?(name: UpstreamEventName, pad: number, event: UpstreamEvent): void | Promise<void>;
  /** Forget what is in flight. Frames that are held must be released. */
  flush?(): void | Promise<void>;
  /**
   * The pipeline is going down: release the frames that are held as soon as nothing uses them. An element without this has
   * them taken away.
   */
  cancel?(): void;
  /** The element ends. */
  stop?(): void | Promise<void>;
}

/** What a pipeline gives to an element. Src pads are numbered among src pads. */
export interface ElementContext {
  /** Name of the instance. */
  readonly name: string;
  /** The host's clock, ns. */
  now(): bigint;
  /** How often data may be given on a pad before the core has taken some. */
  credits(pad: number): number;
  /**
   * Gives data, which is copied into the core before the call returns.
   * @returns false when there is no credit
   * @throws {HostFault} when the core has no memory for it, or a block for it is too small
   */
  data(pad: number, bytes: Uint8Array, info?: DataInfo): boolean;
  /**
   * Gives data that `write` puts straight into the core's memory.
   * @param size bytes that are needed at most
   * @param write gets the place and answers how many bytes it wrote
   * @returns false when there is no credit
   */
  fill(pad: number, size: number, write: (to: Uint8Array) => number, info?: DataInfo): boolean;
  /** Makes a handle for memory in another domain, with one reference. */
  handle(domain: string, value: unknown, freed?: () => void): MemoryHandle;
  /** Gives data in another memory domain; the caller's reference goes with it, unless there is no credit (false). */
  give(pad: number, handle: MemoryHandle, size: number, info?: DataInfo): boolean;
  /** Tells what a pad gives from now on; caps that are not fixed leave the choice to the core, which answers with configure. */
  caps(pad: number, caps: string): void;
  /** Tells how much later things come out than they go in, ns. */
  latency(min: bigint, max: bigint | null): void;
  /** Ends the stream of a pad. */
  end(pad: number): void;
  /** Fails the pipeline. */
  fail(error: Error): void;
}
