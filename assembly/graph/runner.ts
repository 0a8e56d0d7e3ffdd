import { tick } from "../abi/imports";
import { free, heap } from "../base/heap";
import { EventType } from "../core/event";
import { clearReady, highestReady, readyBelow, setReady } from "../core/ready";
import { NONE } from "../core/time";
import { Completed, Post, State, Wait } from "../generated/abi";
import { Code } from "../generated/errors";
import { isSink, isSource, orderElements } from "./build";
import { addAtom, addInt, beginMessage, beginReport, failMemory, sendError, sendMessage } from "./bus";
import { Element, ElementFlag, Work, pushEos } from "./element";
import { Link, MAX_LIMIT, asEvent, asFrame, dropPacket, isEvent, peekAt, queued, setLimit, take } from "./link";
import { currentOperation, endOperation, nextCompletion } from "./operations";
import { PadFlag } from "./pad";
import { PipelineFlag, pipeline } from "./pipeline";
import { changeState } from "./state";

/** How long an element may starve while the host works before room is made for it to be fed, ns. */
const PATIENCE: i64 = 100000000;

/** How long it may when there is no room to be made, before that is an error, ns. */
const LAST_PATIENCE: i64 = 10000000000;

/** Links that one search for the one in the way looks at. */
const MAX_LOOKS: u32 = 4096;

const LOOKS: usize = memory.data(4, 4);

/** Turns between two that are timed while statistics are on. */
const SAMPLE_MASK: u32 = 15;

/**
 * Runs the graph: takes completions in, follows state changes, then gives turns to the element furthest downstream that
 * has something to do, until nothing can move or the work is spent.
 * @param now the host's clock, ns
 * @param work budget; 1 is about a microsecond
 * @returns a deadline, ns, or a Wait
 */
export function step(now: i64, work: i32): i64 {
  const p = pipeline();
  if (now > p.now) p.now = now;
  takeCompletions();
  changeState();
  if (p.has(PipelineFlag.Reorder) && p.state != State.Null && !orderElements()) return Wait.Finished;
  wakeTimers();
  p.budget = work;
  let wait: i64 = Wait.Again;
  do {
    if (p.has(PipelineFlag.Ending)) askSourcesToEnd();
    if (!runReady()) return Wait.Again;
    wait = settle();
  } while (wait == Wait.Again);
  return wait;
}

/** Gives turns until nobody has anything to do; false when the budget is spent before. */
function runReady(): bool {
  const p = pipeline();
  // On the way down nobody begins anything.
  if (p.has(PipelineFlag.Closing)) return true;
  const statistics = p.has(PipelineFlag.Statistics);
  const order = p.order;
  while (p.budget > 0) {
    let i = highestReady(order.length);
    if (i < 0) return true;
    if (<u32>i < p.sources && p.sources > 1) i = nextSource(i);
    clearReady(i);
    const e = order.get(i);
    const flags = e.flags & (ElementFlag.Failed | ElementFlag.Ending | ElementFlag.Started);
    const work = e.factory.work;
    if (flags & (ElementFlag.Failed | ElementFlag.Ending)) runOut(e);
    else if (!work || !flags) continue;
    else if (statistics && (e.turns++ & SAMPLE_MASK) == 0) timedTurn(e);
    else if (call_indirect<i32>(work, e) == Work.Again) setReady(i);
    // Behind the turn, so that an element can do something with a budget of 1.
    p.budget--;
  }
  return false;
}

/**
 * The source whose turn it is when only sources, of which `highest` comes last, have something to do. They take turns,
 * since one that always finds room would keep the others from theirs.
 */
function nextSource(highest: i32): i32 {
  const p = pipeline();
  const below = readyBelow(p.served);
  p.served = <u32>(below < 0 ? highest : below);
  return p.served;
}

/** What to wait for when nobody has anything to do; Again when that has changed on a closer look. */
function settle(): i64 {
  const p = pipeline();
  if (!p.has(PipelineFlag.Closing) && (p.has(PipelineFlag.Ending) || changeState())) return Wait.Again;
  // Operations that were cancelled are awaited, whatever has ended or failed.
  if (p.has(PipelineFlag.Closing)) return Wait.Completion;
  if (checkEnd() || (p.target == State.Null && p.state == State.Null)) return Wait.Finished;
  const deadline = nextDeadline();
  if (deadline != NONE) return deadline;
  if (isIdle()) return Wait.Completion;
  if (p.pending) return awaitHost();
  if (unstall() || p.has(PipelineFlag.Ending)) return Wait.Again;
  // Not even the end of all streams gets anything moving: that is the end.
  p.flags |= PipelineFlag.Ended;
  return Wait.Finished;
}

function timedTurn(e: Element): void {
  const t = tick();
  if (call_indirect<i32>(e.factory.work, e) == Work.Again) setReady(e.index);
  e.spent += tick() - t;
  e.sampled++;
}

/** Hands completions to the elements that wait for them. */
function takeCompletions(): void {
  while (true) {
    const c = nextCompletion();
    if (!c) return;
    const op = currentOperation();
    const e = op.element;
    pipeline().starving = NONE;
    const last = c.kind == Completed.Result || c.kind == Completed.End;
    if (e.factory.complete) call_indirect<void>(e.factory.complete, e, op, c);
    if (c.extra) free(c.extra);
    if (last) endOperation(op);
    setReady(e.index);
  }
}

function wakeTimers(): void {
  const p = pipeline();
  if (!p.timers) return;
  for (let i: u32 = 0; i < p.order.length; i++) {
    const e = p.order.get(i);
    if (e.wake == NONE || e.wake > p.now) continue;
    e.wake = NONE;
    setReady(e.index);
  }
}

function nextDeadline(): i64 {
  const p = pipeline();
  let t = NONE;
  if (!p.timers || p.state != State.Playing) return t;
  for (let i: u32 = 0; i < p.order.length; i++) {
    const w = p.order.get(i).wake;
    if (w != NONE && (t == NONE || w < t)) t = w;
  }
  p.timers = t != NONE;
  return t;
}

/** Marks all sources, so that each sends the end of its stream at its next turn. */
function askSourcesToEnd(): void {
  const p = pipeline();
  p.flags &= ~PipelineFlag.Ending;
  for (let i: u32 = 0; i < p.elements.length; i++) {
    const e = p.elements.get(i);
    if (isSource(e) && !e.has(ElementFlag.Eos)) e.set(ElementFlag.Ending);
    if (e.has(ElementFlag.Failed) || e.has(ElementFlag.Ending)) setReady(e.index);
  }
}

/** The turn of an element that has failed or shall end: sends the end of the stream once and drops what comes. */
function runOut(e: Element): void {
  if (!e.has(ElementFlag.Eos)) {
    e.clear(ElementFlag.Waiting);
    e.wake = NONE;
    pushEos(e);
  }
  for (let pad = e.sink; pad; pad = pad!.next) {
    const link = pad.link;
    if (!link) continue;
    while (link.head != link.tail) {
      const packet = take(link);
      if (isEvent(packet) && asEvent(packet).type == EventType.Eos) pad.flags |= PadFlag.Eos;
      dropPacket(packet);
    }
  }
}

/** Whether all sinks have ended; the first time, that is posted. */
function checkEnd(): bool {
  const p = pipeline();
  if (p.has(PipelineFlag.Ended)) return true;
  if (p.state < State.Paused) return p.has(PipelineFlag.Failed);
  let sinks: u32 = 0;
  // One that has not ended is found soonest from the end.
  for (let i = <i32>p.elements.length - 1; i >= 0; i--) {
    const e = p.elements.get(i);
    if (!isSink(e)) continue;
    sinks++;
    if (!e.has(ElementFlag.Eos)) return false;
  }
  if (!sinks) {
    // Without a sink the end is that of all sources.
    for (let i: u32 = 0; i < p.elements.length; i++) if (!p.elements.get(i).has(ElementFlag.Eos)) return false;
  }
  if (p.state != State.Playing && !p.has(PipelineFlag.Failed)) return false;
  p.flags |= PipelineFlag.Ended;
  if (!p.has(PipelineFlag.Failed)) {
    beginMessage(null);
    sendMessage(Post.Eos);
  }
  return true;
}

/** Whether nothing has to move now: not started, or paused with a frame at every sink. */
function isIdle(): bool {
  const p = pipeline();
  if (p.state < State.Paused) return true;
  return p.state == State.Paused && p.prerolled;
}

/**
 * Helps a graph that stands still although nothing is awaited: an element waits for one stream while another is full.
 * The full links in front of it are grown, within the memory there is.
 * @returns whether something can move again; if not, the error has been posted
 */
function unstall(): bool {
  const p = pipeline();
  let moved = false;
  let waiting: Element | null = null;
  let bytes: u64 = 0;
  for (let i: u32 = 0; i < p.links.length; i++) {
    const link = p.links.get(i);
    const e = link.sink.element;
    if (e.has(ElementFlag.Waiting)) waiting = e;
    // A sink that holds its first frame waits for other sinks to get theirs.
    else if (p.state == State.Playing || !e.has(ElementFlag.Prerolled)) continue;
    if (!link.blocked) continue;
    bytes += bytesIn(link);
    if (growLink(link)) moved = true;
  }
  if (moved) return true;
  if (p.has(PipelineFlag.Failed)) return abandon();
  if (heap().failedOwner) failMemory(waiting);
  else if (waiting) reportStall(waiting, bytes);
  else {
    beginReport(null, Code.Stalled, -1, NONE);
    addAtom(0);
    addAtom(0);
    addInt(0);
    sendError(null);
  }
  return false;
}

/** Bytes that wait in a link. */
function bytesIn(link: Link): u64 {
  let bytes: u64 = 0;
  for (let k: u32 = 0; k < queued(link); k++) {
    const packet = peekAt(link, k);
    if (!isEvent(packet)) bytes += asFrame(packet).size;
  }
  return bytes;
}

/** Lets a producer be further ahead, within three quarters of the ceiling; whether it may. */
function growLink(link: Link): bool {
  const p = pipeline();
  if (heap().liveBytes > p.ceiling - (p.ceiling >> 2) || link.limit >= MAX_LIMIT / 2) return false;
  if (!setLimit(link, link.limit * 2)) return false;
  p.grown++;
  link.blocked = false;
  setReady(link.producer);
  return true;
}

/**
 * What to wait for while the host has operations. An element of the host's may need more frames before it gives any,
 * and not get them because another branch is full: nobody but time can tell that from one that works slowly.
 */
function awaitHost(): i64 {
  const p = pipeline();
  let e: Element | null = null;
  let link: Link | null = null;
  if (p.waits || p.state == State.Paused) {
    let waits = false;
    for (let i: u32 = 0; i < p.elements.length && !link; i++) {
      e = p.elements.get(i);
      if (e.has(ElementFlag.Waiting)) waits = true;
      if (starves(e)) link = linkInTheWay(e);
    }
    if (!link) p.waits = waits;
  }
  if (!link) {
    p.starving = NONE;
    return Wait.Completion;
  }
  if (p.starving == NONE) p.starving = p.now;
  if (p.now < p.starving + PATIENCE) return p.starving + PATIENCE;
  if (growLink(link)) {
    p.starving = NONE;
    return Wait.Again;
  }
  if (p.now < p.starving + LAST_PATIENCE) return p.starving + LAST_PATIENCE;
  p.starving = NONE;
  reportStall(e!, bytesIn(link));
  return Wait.Again;
}

/** Whether an element waits for data on one pad while others have some, or is a sink without its first frame. */
function starves(e: Element): bool {
  if (e.has(ElementFlag.Waiting)) return true;
  const p = pipeline();
  if (p.state != State.Paused || p.prerolled || !isSink(e)) return false;
  return !(e.flags & (ElementFlag.Prerolled | ElementFlag.Eos | ElementFlag.Failed));
}

/** The full link that keeps data from an element which has an empty one, or null. */
function linkInTheWay(e: Element): Link | null {
  store<u32>(LOOKS, MAX_LOOKS);
  return blockage(e);
}

function blockage(e: Element): Link | null {
  for (let pad = e.sink; pad; pad = pad!.next) {
    const link = pad.link;
    const looks = load<u32>(LOOKS);
    if (!link || link.head != link.tail || pad.has(PadFlag.Eos) || !looks) continue;
    store<u32>(LOOKS, looks - 1);
    const feeder = link.src.element;
    for (let p = feeder.src; p; p = p!.next) {
      const other = p.link;
      if (other && other.blocked && queued(other) >= other.limit) return other;
    }
    const found = blockage(feeder);
    if (found) return found;
  }
  return null;
}

/** After an error nothing more comes of its own accord: all elements that have not ended do so now. */
function abandon(): bool {
  const p = pipeline();
  let any = false;
  for (let i: u32 = 0; i < p.elements.length; i++) {
    const e = p.elements.get(i);
    if (e.has(ElementFlag.Eos)) continue;
    e.set(ElementFlag.Failed);
    setReady(e.index);
    any = true;
  }
  return any;
}

function reportStall(e: Element, bytes: u64): void {
  beginReport(e, Code.Stalled, -1, NONE);
  addAtom(e.name);
  let idle: u32 = 0;
  for (let pad = e.sink; pad; pad = pad!.next) if (pad.link && !queued(pad.link!)) idle = pad.name;
  addAtom(idle);
  addInt(bytes);
  sendError(e);
}
