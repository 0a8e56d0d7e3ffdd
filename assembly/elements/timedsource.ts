import { BlockPool, closeBlockPool } from "../core/block";
import { Event, EventType, SeekFlag, newEvent } from "../core/event";
import { Frame } from "../core/frame";
import { Format } from "../core/segment";
import { NONE, SECOND, scaleFloor } from "../core/time";
import { State } from "../generated/abi";
import { Element, ElementFlag, pushEvent, wake } from "../graph/element";
import { flushDownstream } from "../graph/flow";
import { updateLatency } from "../graph/latency";
import { PadFlag } from "../graph/pad";
import { pipeline, wakeAt } from "../graph/pipeline";
import { Query, QueryType } from "../graph/query";
import { startPad } from "../graph/source";
import { Caps, capsUnref } from "../caps/caps";
import { capsOfPad } from "../graph/relation";

/**
 * What sources that make units at a fixed rate have in common: a unit is a picture or a sample. Unit `n` is at
 * n * rateD / rateN seconds, rounded down as GStreamer does, so that times never drift.
 */
@unmanaged
export class TimedSource extends Element {
  /** Units a second; a numerator of 0 stands for no rate. */
  rateN: i64;
  rateD: i64;
  /** The next unit, and that at which the stream ends, -1 for none. */
  next: i64;
  end: i64;
  /** Units and time before the caps that hold now. */
  unitsBefore: i64;
  timeBefore: i64;
  /** The segment: its start, its stop or NONE, its speed. */
  from: i64;
  until: i64;
  speed: f64;
  pool: BlockPool | null;
  /** Caps have been negotiated. */
  begun: bool;
  discont: bool;
  sequence: u32;
}

/** To be called at start. */
export function startTimed(self: TimedSource, live: bool): void {
  self.next = 0;
  self.end = -1;
  self.unitsBefore = 0;
  self.timeBefore = 0;
  self.from = 0;
  self.until = NONE;
  self.speed = 1;
  self.begun = false;
  self.discont = true;
  self.sequence = 0;
  self.rateN = 0;
  self.minLatency = 0;
  self.maxLatency = NONE;
  if (live) self.set(ElementFlag.Live);
  else self.clear(ElementFlag.Live);
}

/** To be called at stop. */
export function stopTimed(self: TimedSource): void {
  closeBlockPool(self.pool);
  self.pool = null;
}

/**
 * Negotiates what the source can give.
 * @returns false after an error was posted
 */
export function negotiateTimed(self: TimedSource): bool {
  const pad = self.src!;
  const offered = capsOfPad(pad);
  const ok = startPad(pad, offered);
  capsUnref(offered);
  self.begun = ok;
  return ok;
}

/** Sets the rate, after caps were negotiated; units are counted from 0 again, time goes on. */
export function setRate(self: TimedSource, rateN: i64, rateD: i64): void {
  self.timeBefore = timeOf(self, self.next);
  self.unitsBefore += self.next;
  if (self.end >= 0) self.end -= self.next;
  self.next = 0;
  self.rateN = rateN;
  self.rateD = rateD;
}

/** Tells how long a unit is delayed at least: with a live source only, which cannot give it before it is over. */
export function setTimedLatency(self: TimedSource, ns: i64): void {
  if (!self.has(ElementFlag.Live) || self.minLatency == ns) return;
  self.minLatency = ns;
  updateLatency();
}

/** When unit `n` of the present caps starts, ns. */
export function timeOf(self: TimedSource, n: i64): i64 {
  return self.timeBefore + (self.rateN > 0 ? scaleFloor(n, SECOND * self.rateD, self.rateN) : 0);
}

/** The unit in which a time lies. */
function unitAt(self: TimedSource, time: i64): i64 {
  if (self.rateN == 0) return 0;
  const n = scaleFloor(max<i64>(time, 0), self.rateN, SECOND * self.rateD);
  // The time at which a unit starts has been rounded down.
  return timeOf(self, n + 1) <= time ? n + 1 : n;
}

/** The unit at which the stream ends: that of its units, or of the segment; or the largest number. */
export function endOf(self: TimedSource): i64 {
  let end = self.end >= 0 ? self.end : i64.MAX_VALUE;
  if (self.until != NONE && self.rateN > 0) {
    // The first that starts at the stop or later.
    end = min<i64>(end, -scaleFloor(self.timeBefore - self.until, self.rateN, SECOND * self.rateD));
  }
  return end;
}

/** Sends the segment unless it has been sent. */
export function sendSegment(self: TimedSource): void {
  const pad = self.src!;
  if (pad.has(PadFlag.Segment)) return;
  const event = newEvent(EventType.Segment);
  if (!event) return;
  const s = event.segment.init(Format.Time);
  s.rate = self.speed;
  s.start = self.from;
  s.stop = self.until;
  s.time = self.from;
  s.position = self.from;
  pushEvent(pad, event);
}

/** Whether a live source may give the next unit now: while playing, at its time. If not, it is woken then. */
export function isDue(self: TimedSource, pts: i64): bool {
  if (!self.has(ElementFlag.Live)) return true;
  const p = pipeline();
  if (p.state != State.Playing) return false;
  const t = p.baseTime + self.src!.segment.runningTime(pts);
  if (t <= p.now) return true;
  wakeAt(self, t);
  return false;
}

/**
 * Gives a frame of `units` units its times and numbers, and counts them.
 * @param offset ns added to the times
 * @param now whether its time is when it is made
 */
export function stampFrame(self: TimedSource, f: Frame, units: i64, offset: i64, now: bool): void {
  const time = timeOf(self, self.next);
  f.pts = now ? max<i64>(pipeline().runningTime(), 0) : time + offset;
  if (self.rateN > 0) f.duration = timeOf(self, self.next + units) - time;
  f.offset = (self.unitsBefore + self.next) * (<i64>f.size / units);
  f.sequence = self.sequence++;
  self.next += units;
}

/** Answers the queries about position, duration and seeking. */
export function queryTimed(self: TimedSource, q: Query): bool {
  if (q.format != Format.Time) return false;
  const total: i64 = self.end >= 0 && self.rateN > 0 ? timeOf(self, self.end) : NONE;
  switch (q.type) {
    case QueryType.Position:
      q.a = timeOf(self, self.next);
      return true;
    case QueryType.Duration:
      q.a = total;
      return total != NONE;
    case QueryType.Seeking:
      q.a = 1;
      q.b = total;
      return true;
    default:
      return false;
  }
}

/**
 * Deals with what comes up to the src pad. A seek has to flush, in time and forwards; without the accurate flag it goes
 * to the start of the unit in which the time lies.
 * @returns whether that is the end of it
 */
export function upstreamTimed(self: TimedSource, event: Event): bool {
  if (event.type == EventType.Reconfigure) {
    self.begun = false;
    wake(self);
    return true;
  }
  if (event.type != EventType.Seek || event.format != Format.Time) return false;
  if (event.rate <= 0 || !(event.flags & SeekFlag.Flush)) return false;
  const target = event.start == NONE ? 0 : max<i64>(event.start, 0);
  // Times count from the start of the stream, whatever caps it has had.
  if (self.end >= 0) self.end += self.unitsBefore;
  self.unitsBefore = 0;
  self.timeBefore = 0;
  self.next = unitAt(self, target);
  if (event.flags & SeekFlag.SnapAfter && timeOf(self, self.next) < target) self.next++;
  self.from = event.flags & SeekFlag.Accurate ? target : timeOf(self, self.next);
  self.until = event.stop;
  self.speed = event.rate;
  self.discont = true;
  flushDownstream(self.src!);
  self.clear(ElementFlag.Eos);
  self.wake = NONE;
  wake(self);
  return true;
}
