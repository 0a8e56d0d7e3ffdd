import { alloc as heapAlloc, free as heapFree, heap, heapInit, Owner } from "../base/heap";
import { releasePieces } from "../base/store";
import { sized, tune } from "../base/tuning";
import { blocksInit, blocksRelease } from "../core/block";
import { eventsInit, eventsRelease } from "../core/event";
import { framesInit, framesRelease } from "../core/frame";
import { ABI_VERSION, HostError, State } from "../generated/abi";
import { Code } from "../generated/errors";
import { clearPipeline } from "../graph/build";
import { busInit, busRelease } from "../graph/bus";
import { operationsInit, operationsRelease } from "../graph/operations";
import { PipelineFlag, pipeline, pipelineInit } from "../graph/pipeline";
import { step as runStep } from "../graph/runner";
import { describeElement, hostElementsRelease } from "../elements/hostelement";
import { launchLine } from "../launch/launch";
import { answer, answersRelease } from "../registry/inspect";
import { sendToPipeline } from "../registry/control";
import { atomsRelease } from "../registry/atom";
import { factoriesRelease } from "../registry/factory";

/** Completions that the ring holds. */
const RING_SLOTS: u32 = 256;

/** The same where memory is scarce. */
const SMALL_RING: u32 = 16;

/** Bytes that a heap needs to be one. */
const LEAST_HEAP: u32 = 256;

/** Options of init. */
const enum Option {
  Statistics = 1,
  AutoConvert = 2,
  /** Memory is scarce: rings and pools are made in small steps. */
  Small = 4,
  /** With Small: the board has a data cache with lines of 32 bytes. */
  CacheLines = 8,
}

/** Version of the host interface. */
export function abi_version(): i32 {
  return ABI_VERSION;
}

/** First half of init: takes the memory. */
export function beginInit(ceiling: u32, options: u32): i32 {
  const pages = <i32>((<u64>ceiling + 0xffff) >> 16);
  const have = memory.size();
  if (pages > have && memory.grow(pages - have) < 0) return HostError.NoMemory;
  const end = (<usize>max<i32>(pages, have)) << 16;
  return prepare(__heap_base, options & Option.Small ? min<usize>(end, ceiling & ~15) : end, ceiling, options);
}

/** Prepares a core whose heap is [start, end). */
export function prepare(start: usize, end: usize, ceiling: u32, options: u32): i32 {
  if (end < start + LEAST_HEAP) return HostError.NoMemory;
  heapInit(start, end);
  tune((options & Option.Small) != 0, options & Option.CacheLines ? 32 : 16);
  pipelineInit();
  pipeline().ceiling = ceiling;
  if (options & Option.Statistics) pipeline().flags |= PipelineFlag.Statistics;
  if (options & Option.AutoConvert) pipeline().flags |= PipelineFlag.AutoConvert;
  releasePieces(true);
  blocksInit();
  framesInit();
  eventsInit();
  busInit();
  return operationsInit(sized(RING_SLOTS, SMALL_RING)) ? 0 : HostError.NoMemory;
}

/** Second half of init: whether everything was registered. */
export function endInit(): i32 {
  return heap().failedOwner ? HostError.NoMemory : 0;
}

/** Memory for the host to write arguments into; 0 when there is none. */
export function alloc(length: u32): usize {
  return heapAlloc(length, Owner.Host);
}

export function free(ptr: usize): void {
  heapFree(ptr);
}

/** Registers an element that the host serves, by a descriptor as in registry/factory.ts; 0 or a negative HostError. */
export function describe(ptr: usize, length: u32): i32 {
  return describeElement(ptr, length) ? 0 : HostError.Invalid;
}

/** Builds a pipeline from a launch line; 0, or the Code of the error that was posted. */
export function launch(ptr: usize, length: u32): i32 {
  if (pipeline().elements.length) return Code.NotNow;
  return launchLine(ptr, length);
}

/** Asks for a state; it is reached in the steps that follow. */
export function set_state(state: i32): i32 {
  if (state < State.Null || state > State.Playing) return HostError.Invalid;
  pipeline().target = state;
  return 0;
}

/** See graph/runner.ts. */
export function step(now: i64, work: i32): i64 {
  return runStep(now, work);
}

/**
 * Answers a Query whose arguments are records at ptr.
 * @returns the address of a u32 length and records, valid until the next call, or a negative HostError
 */
export function query(kind: i32, ptr: usize, length: u32): i32 {
  return answer(kind, ptr, length);
}

/** Takes a Send of the application with records at ptr; 0 or an error. */
export function event(kind: i32, ptr: usize, length: u32): i32 {
  return sendToPipeline(kind, ptr, length);
}

/**
 * Ends the instance, which is in state NULL with nothing in flight.
 * @returns pieces of memory that nobody gave back: 0 unless something leaks; negative when it is not in NULL
 */
export function dispose(): i32 {
  const p = pipeline();
  if (p.state != State.Null || p.pending) return HostError.Busy;
  clearPipeline();
  operationsRelease();
  factoriesRelease();
  atomsRelease();
  busRelease();
  answersRelease();
  hostElementsRelease();
  releasePieces(false);
  framesRelease();
  eventsRelease();
  blocksRelease();
  return <i32>heap().live;
}
