import { NONE } from "../core/time";
import { State } from "../generated/abi";
import { Element, ElementFlag } from "./element";
import { asFrame, isEvent, peek } from "./link";
import { Pad } from "./pad";
import { PipelineFlag, pipeline, wakeAt } from "./pipeline";

/**
 * Whether a sink may take the packet at the head of its pad's link now. Events pass; a frame is held until the pipeline
 * plays, and with `sync` until its time has come, for which the element is woken.
 * @param offset ns added to the time of each frame (ts-offset)
 */
export function mayRender(e: Element, pad: Pad, sync: bool, offset: i64): bool {
  const packet = peek(pad.link!);
  if (isEvent(packet)) return true;
  const p = pipeline();
  if (p.state != State.Playing) {
    e.set(ElementFlag.Prerolled);
    return false;
  }
  if (!sync) return true;
  const t = renderTime(pad, packet, offset);
  if (t == NONE || t <= p.now) return true;
  wakeAt(e, t);
  return false;
}

/** When a frame is due on the host's clock, ns; NONE for a frame without a time. */
function renderTime(pad: Pad, packet: usize, offset: i64): i64 {
  const f = asFrame(packet);
  const t = onClock(pad.segment.runningTime(f.pts != NONE ? f.pts : f.dts));
  return t == NONE ? NONE : t + offset;
}

/** A running time on the host's clock, with the latency that sinks wait. */
@inline
function onClock(running: i64): i64 {
  if (running == NONE) return NONE;
  const p = pipeline();
  return p.baseTime + running + (p.has(PipelineFlag.Live) ? p.latency : 0);
}

/**
 * When a frame is due on the host's clock, ns, with the latency that sinks wait; NONE without a time or clock.
 * @param running time of the frame, ns or NONE
 */
export function dueTime(running: i64): i64 {
  return pipeline().state == State.Playing ? onClock(running) : NONE;
}

/** How late a frame is, ns, negative when it is early; 0 without a time. */
export function lateness(pad: Pad, packet: usize, offset: i64): i64 {
  const t = renderTime(pad, packet, offset);
  return t == NONE ? 0 : pipeline().now - t;
}

/** Notes that a sink has dealt with the end of its stream. */
export function sinkEnded(e: Element): void {
  e.set(ElementFlag.Eos);
}
