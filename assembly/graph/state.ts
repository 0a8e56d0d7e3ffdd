import { capsUnref } from "../caps/caps";
import { clearAllReady, setReady } from "../core/ready";
import { NONE } from "../core/time";
import { Post, State } from "../generated/abi";
import { Code } from "../generated/errors";
import { isSink, isSource, orderElements } from "./build";
import { addAtom, addInt, beginMessage, beginReport, sendError, sendMessage } from "./bus";
import { ElementFlag } from "./element";
import { updateLatency } from "./latency";
import { drainLink } from "./link";
import { checkGraph } from "./negotiate";
import { cancelAll } from "./operations";
import { Pad, PadFlag } from "./pad";
import { PipelineFlag, pipeline } from "./pipeline";

/** Moves towards the target state as far as it goes now; whether the state has changed. */
@inline
export function changeState(): bool {
  const p = pipeline();
  // A pipeline that plays, and shall, has nowhere to go.
  if (p.state == State.Playing && p.target == State.Playing && !p.has(PipelineFlag.Closing)) return false;
  return move();
}

function move(): bool {
  const p = pipeline();
  let changed = false;
  // What has begun to close closes first, whatever was asked for since.
  while (p.state != p.target || p.has(PipelineFlag.Closing)) {
    if (p.state < p.target && !p.has(PipelineFlag.Closing)) {
      if (p.has(PipelineFlag.Failed) && p.state < State.Paused) return changed;
      if (!goUp()) return changed;
    } else if (p.has(PipelineFlag.Closing) ? !close() : !goDown()) return changed;
    changed = true;
  }
  if (p.state == State.Paused && !p.prerolled && isPrerolled()) announcePreroll();
  // Whatever failed on the way up may be tried again from NULL.
  if (p.state == State.Null && p.target == State.Null) p.flags &= ~PipelineFlag.Failed;
  return changed;
}

function reached(state: State): void {
  const p = pipeline();
  beginMessage(null);
  addInt(p.state);
  addInt(state);
  addInt(p.target);
  p.state = state;
  sendMessage(Post.StateChanged);
}

/** One state up; false when that has to wait or has failed. */
function goUp(): bool {
  const p = pipeline();
  switch (p.state) {
    case State.Null:
      // A converter may have been inserted by checkGraph.
      if (!orderElements() || !checkLinks() || !checkGraph() || (p.has(PipelineFlag.Reorder) && !orderElements())) {
        // Nothing has started, so nothing has an end to send.
        p.flags &= ~PipelineFlag.Ending;
        return false;
      }
      reached(State.Ready);
      return true;
    case State.Ready:
      if (!startAll()) return false;
      reached(State.Paused);
      return true;
    default:
      if (!p.prerolled) {
        if (!isPrerolled()) return false;
        announcePreroll();
      }
      updateLatency();
      p.baseTime = p.now - p.paused;
      reached(State.Playing);
      wakeAll();
      return true;
  }
}

/** Whether every input has a source and every source somewhere to send; false after an error was posted. */
function checkLinks(): bool {
  const p = pipeline();
  for (let i: u32 = 0; i < p.elements.length; i++) {
    const e = p.elements.get(i);
    let lone: Pad | null = null;
    for (let pad = e.sink; pad; pad = pad!.next) if (!pad.link) lone = pad;
    let out = e.srcs == 0;
    for (let pad = e.src; pad; pad = pad!.next) if (pad.link) out = true;
    if (!out && !lone && isSource(e)) lone = e.src;
    if (!lone) continue;
    beginReport(e, Code.NotLinked, -1, NONE);
    addAtom(lone.name);
    addAtom(e.name);
    sendError(null);
    return false;
  }
  return true;
}

/** One state down; false while operations are in flight. */
function goDown(): bool {
  const p = pipeline();
  switch (p.state) {
    case State.Playing:
      p.paused = p.now - p.baseTime;
      reached(State.Paused);
      return true;
    case State.Paused:
      beginClose();
      return close();
    default:
      reached(State.Null);
      p.flags &= ~(PipelineFlag.Failed | PipelineFlag.Ended | PipelineFlag.Ending | PipelineFlag.Live);
      return true;
  }
}

/** Asks for the end of all operations. */
function beginClose(): void {
  pipeline().flags |= PipelineFlag.Closing;
  cancelAll();
}

/** Stops all elements and is in READY, unless operations are still in flight. */
function close(): bool {
  const p = pipeline();
  if (p.pending) return false;
  p.flags &= ~(PipelineFlag.Closing | PipelineFlag.Ended | PipelineFlag.Ending | PipelineFlag.Live);
  stopAll();
  if (p.state > State.Ready) reached(State.Ready);
  return true;
}

/** Starts all elements, those furthest downstream first; false after an error was posted. */
function startAll(): bool {
  const p = pipeline();
  p.prerolled = false;
  p.paused = 0;
  clearAllReady();
  for (let i = <i32>p.order.length - 1; i >= 0; i--) {
    const e = p.order.get(i);
    e.set(ElementFlag.Started);
    if (e.factory.start && call_indirect<i32>(e.factory.start, e)) {
      // Elements that have started may have begun operations.
      beginClose();
      close();
      return false;
    }
  }
  wakeAll();
  return true;
}

function stopAll(): void {
  const p = pipeline();
  for (let i: u32 = 0; i < p.links.length; i++) {
    const link = p.links.get(i);
    drainLink(link);
    link.blocked = false;
  }
  for (let i: u32 = 0; i < p.order.length; i++) {
    const e = p.order.get(i);
    if (e.has(ElementFlag.Started) && e.factory.stop) call_indirect<void>(e.factory.stop, e);
    e.flags &= ElementFlag.Live;
    e.wake = NONE;
    for (let pad = e.sink; pad; pad = pad!.next) forgetStream(pad);
    for (let pad = e.src; pad; pad = pad!.next) forgetStream(pad);
  }
  clearAllReady();
  p.prerolled = false;
}

/** Makes a pad as it was before the stream began. */
function forgetStream(pad: Pad): void {
  pad.flags &= ~(PadFlag.Eos | PadFlag.Started | PadFlag.Segment | PadFlag.Unwanted);
  capsUnref(pad.caps);
  pad.caps = null;
}

function wakeAll(): void {
  const p = pipeline();
  for (let i: u32 = 0; i < p.order.length; i++) setReady(i);
}

/** Whether every sink has its first frame or its end; with a live source none is waited for. */
function isPrerolled(): bool {
  const p = pipeline();
  for (let i: u32 = 0; i < p.elements.length; i++) if (p.elements.get(i).has(ElementFlag.Live)) return true;
  for (let i: u32 = 0; i < p.elements.length; i++) {
    const e = p.elements.get(i);
    if (!isSink(e)) continue;
    if (!(e.flags & (ElementFlag.Prerolled | ElementFlag.Eos | ElementFlag.Failed))) return false;
  }
  return true;
}

function announcePreroll(): void {
  pipeline().prerolled = true;
  beginMessage(null);
  sendMessage(Post.AsyncDone);
}
