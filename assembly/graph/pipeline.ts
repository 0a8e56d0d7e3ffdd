import { Vec } from "../base/vec";
import { NONE } from "../core/time";
import { State } from "../generated/abi";
import { Element, ElementFlag } from "./element";
import { Link } from "./link";

export const enum PipelineFlag {
  None = 0,
  /** An error was posted. */
  Failed = 1,
  /** All sinks have ended; eos was posted. */
  Ended = 2,
  /** The application asked for the end. */
  Ending = 4,
  /** Times of work calls are sampled. */
  Statistics = 8,
  /** Going down to NULL: operations are being cancelled. */
  Closing = 16,
  /** Elements were added or links changed, so the order must be made anew. */
  Reorder = 32,
  /** A live source is in the pipeline. */
  Live = 64,
  /** Converters may be inserted where memory domains do not meet. */
  AutoConvert = 128,
}

/**
 * The pipeline of this instance.
 *
 *      0 elements  in the order they were made
 *     12 links
 *     24 order     elements by their number
 *     36 state     that has been reached
 *     40 target    that was asked for
 *     44 flags     PipelineFlag
 *     48 now       the host's clock at this step, ns
 *     56 baseTime  now - running time while playing
 *     64 paused    running time at which it was paused
 *     72 latency   that sinks add, ns
 *     80 budget    work left in this step
 */
@unmanaged
export class Pipeline {
  elements_data: usize;
  elements_length: u32;
  elements_capacity: u32;
  links_data: usize;
  links_length: u32;
  links_capacity: u32;
  order_data: usize;
  order_length: u32;
  order_capacity: u32;
  state: State;
  target: State;
  flags: u32;
  now: i64;
  baseTime: i64;
  paused: i64;
  latency: i64;
  budget: i32;
  /** Streams numbered so far. */
  streams: u32;
  /** Operations in flight. */
  pending: u32;
  /** Times a link was grown because the graph stood still. */
  grown: u32;
  /** Whether the host has been told that all sinks have their first frame. */
  prerolled: bool;
  maxLatency: i64;
  /** The memory ceiling, bytes. */
  ceiling: u32;
  /** Elements without inputs, which come first in the order, and the number of the one that had the last turn. */
  sources: u32;
  served: u32;
  /** Since when an element starves while the host has operations but completes none, ns, or NONE. */
  starving: i64;
  /** Some element may want to be woken at a time. */
  timers: bool;
  /** Some element may wait for data on one pad while others have some. */
  waits: bool;

  @inline
  get elements(): Vec<Element> {
    return changetype<Vec<Element>>(changetype<usize>(this));
  }

  @inline
  get links(): Vec<Link> {
    return changetype<Vec<Link>>(changetype<usize>(this) + offsetof<Pipeline>("links_data"));
  }

  @inline
  get order(): Vec<Element> {
    return changetype<Vec<Element>>(changetype<usize>(this) + offsetof<Pipeline>("order_data"));
  }

  @inline
  has(flag: PipelineFlag): bool {
    return (this.flags & flag) != 0;
  }

  /** Running time now, or NONE when no clock runs. */
  runningTime(): i64 {
    return this.state == State.Playing ? this.now - this.baseTime : this.state == State.Paused ? this.paused : NONE;
  }
}

const PIPELINE: usize = memory.data(160, 8);

/** Address of the pipeline's record: the root of the instance's state. */
export const ROOT: usize = PIPELINE;

@inline
export function pipeline(): Pipeline {
  return changetype<Pipeline>(PIPELINE);
}

/** Makes the record new. */
export function pipelineInit(): void {
  memory.fill(PIPELINE, 0, 160);
  pipeline().now = 0;
  pipeline().paused = 0;
  pipeline().starving = NONE;
}

/** Has an element woken at a time, ns of the host's clock. */
export function wakeAt(e: Element, time: i64): void {
  e.wake = time;
  pipeline().timers = true;
}

/** Notes that an element waits for data on one pad while others have some. */
export function waitForData(e: Element): void {
  e.set(ElementFlag.Waiting);
  pipeline().waits = true;
}

/** Takes work out of the step's budget: 1 for about a microsecond. */
@inline
export function spend(units: i32): void {
  pipeline().budget -= units;
}
