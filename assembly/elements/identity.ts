import { Frame, frameUnref, writableFrame } from "../core/frame";
import { Event, EventType, newEvent } from "../core/event";
import { Format } from "../core/segment";
import { NONE, SECOND, scale } from "../core/time";
import { Post } from "../generated/abi";
import { DESCRIPTOR, DESCRIPTOR_LENGTH, Prop } from "../generated/elements/identity";
import { Code } from "../generated/errors";
import { addInt, beginMessage, beginReport, failMemory, sendError, sendMessage } from "../graph/bus";
import { Element, ElementFlag, push, pushEos, pushEvent } from "../graph/element";
import { filterWork, handOn } from "../graph/filter";
import { wantNoMore } from "../graph/flow";
import { Pad } from "../graph/pad";

import { newFactory } from "../registry/factory";

@unmanaged
class Identity extends Element {
  seen: u32;
  /** Set when a property asks for more than handing on. */
  busy: bool;
  random: u32;
  bytes: u64;
}

export function register(): void {
  const f = newFactory(DESCRIPTOR, DESCRIPTOR_LENGTH, offsetof<Identity>());
  f.work = work.index;
  f.start = start.index;
  f.event = event.index;
}

function start(e: Element): i32 {
  const self = changetype<Identity>(e);
  self.seen = 0;
  self.bytes = 0;
  self.random = 0x2545f491;
  self.busy =
    e.propDouble(Prop.drop_probability) > 0 ||
    e.propInt(Prop.error_after) >= 0 ||
    e.propInt(Prop.eos_after) >= 0 ||
    e.propInt(Prop.datarate) > 0 ||
    !e.propBool(Prop.silent) ||
    e.propBool(Prop.single_segment);
  return 0;
}

function work(e: Element): i32 {
  const self = changetype<Identity>(e);
  if (self.busy) return filterWork(e, chain.index);
  return handOn(e);
}

/** Xorshift, so that the same line drops the same frames everywhere. */
function drop(self: Identity): bool {
  let x = self.random;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  self.random = x;
  return <f64>x < self.propDouble(Prop.drop_probability) * 4294967296.0;
}

function chain(e: Element, pad: Pad, frame: Frame): void {
  const self = changetype<Identity>(e);
  if (e.has(ElementFlag.Eos)) {
    frameUnref(frame);
    return;
  }
  const seen = self.seen++;
  if (<i64>seen == e.propInt(Prop.error_after)) {
    beginReport(e, Code.Asked, frame.offset, frame.pts);
    addInt(seen);
    sendError(e);
    frameUnref(frame);
    return;
  }
  if (<i64>seen == e.propInt(Prop.eos_after)) {
    frameUnref(frame);
    pushEos(e);
    wantNoMore(e);
    return;
  }
  if (!e.propBool(Prop.silent)) announce(e, frame);
  if (e.propDouble(Prop.drop_probability) > 0 && drop(self)) {
    frameUnref(frame);
    return;
  }
  const datarate = e.propInt(Prop.datarate);
  if (datarate > 0 || e.propBool(Prop.single_segment)) {
    const own = writableFrame(frame);
    if (!own) {
      failMemory(e);
      return;
    }
    frame = own;
    if (datarate > 0) {
      frame.pts = scale(<i64>self.bytes, SECOND, datarate);
      frame.duration = scale(<i64>frame.size, SECOND, datarate);
      frame.dts = NONE;
      self.bytes += frame.size;
    } else {
      frame.pts = pad.segment.runningTime(frame.pts);
      frame.dts = pad.segment.runningTime(frame.dts);
    }
  }
  push(e.src!, frame);
}

function announce(e: Element, frame: Frame): void {
  beginMessage(e);
  addInt(frame.size);
  addInt(frame.pts);
  addInt(frame.dts);
  addInt(frame.duration);
  addInt(frame.offset);
  addInt(frame.flags);
  sendMessage(Post.Element);
}

function event(e: Element, pad: Pad, event: Event): bool {
  if (e.has(ElementFlag.Eos) && event.type == EventType.Eos) return true;
  if (event.type != EventType.Segment || !e.propBool(Prop.single_segment)) return false;
  const one = newEvent(EventType.Segment);
  if (one) one.segment.init(Format.Time);
  pushEvent(e.src!, one);
  return true;
}
