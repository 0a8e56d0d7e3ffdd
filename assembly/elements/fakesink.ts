import { EventType, eventUnref, newEvent } from "../core/event";
import { Frame, frameUnref } from "../core/frame";
import { State, Post } from "../generated/abi";
import { DESCRIPTOR, DESCRIPTOR_LENGTH, Prop } from "../generated/elements/fakesink";
import { addInt, addText, beginMessage, sendMessage } from "../graph/bus";
import { Element, ElementFlag, Work, noteEvent } from "../graph/element";
import { sendUpstream, wantNoMore } from "../graph/flow";
import { asEvent, asFrame, dropPacket, isEvent, peek, take } from "../graph/link";
import { pipeline } from "../graph/pipeline";
import { lateness, mayRender, sinkEnded } from "../graph/sink";
import { newFactory } from "../registry/factory";

const DUMP: usize = memory.data(16, 8);

export function register(): void {
  const f = newFactory(DESCRIPTOR, DESCRIPTOR_LENGTH, offsetof<Element>());
  f.start = start.index;
  f.work = work.index;
}

function start(e: Element): i32 {
  store<i64>(e.slot(Prop.rendered), 0);
  store<i64>(e.slot(Prop.dropped), 0);
  return 0;
}

function work(e: Element): i32 {
  const pad = e.sink!;
  const link = pad.link;
  if (!link) return Work.Idle;
  const sync = e.propBool(Prop.sync);
  const offset = e.propInt(Prop.ts_offset);
  const quiet = e.propBool(Prop.silent) && !e.propBool(Prop.dump);
  const count = e.propInt(Prop.num_buffers);
  let rendered = e.propInt(Prop.rendered);
  while (link.head != link.tail) {
    if (e.has(ElementFlag.Eos)) {
      dropPacket(take(link));
      continue;
    }
    if ((sync || pipeline().state != State.Playing) && !mayRender(e, pad, sync, offset)) break;
    const late = sync && !isEvent(peek(link)) ? lateness(pad, peek(link), offset) : 0;
    const packet = take(link);
    if (isEvent(packet)) {
      const event = asEvent(packet);
      noteEvent(pad, event);
      if (event.type == EventType.Eos) sinkEnded(e);
      eventUnref(event);
      continue;
    }
    const frame = asFrame(packet);
    const limit = e.propInt(Prop.max_lateness);
    if (sync && e.propBool(Prop.qos)) tellLateness(e, frame, late);
    if (sync && limit >= 0 && late > limit) store<i64>(e.slot(Prop.dropped), e.propInt(Prop.dropped) + 1);
    else {
      if (!quiet) announce(e, frame);
      rendered++;
      if (count >= 0 && rendered >= count) {
        sinkEnded(e);
        wantNoMore(e);
      }
    }
    frameUnref(frame);
  }
  store<i64>(e.slot(Prop.rendered), rendered);
  return Work.Idle;
}

/** Tells upstream how well frames keep their times: jitter and timestamp of this one. */
function tellLateness(e: Element, frame: Frame, late: i64): void {
  const event = newEvent(EventType.Qos);
  if (!event) return;
  event.rate = late > 0 ? 1.5 : 1;
  event.start = late;
  event.stop = e.sink!.segment.runningTime(frame.pts);
  sendUpstream(e.sink!, event);
}

function announce(e: Element, frame: Frame): void {
  beginMessage(e);
  addInt(frame.size);
  addInt(frame.pts);
  addInt(frame.dts);
  addInt(frame.duration);
  addInt(frame.offset);
  addInt(frame.flags);
  if (e.propBool(Prop.dump)) {
    const n = min<u32>(frame.size, 16);
    frame.slices.copyOut(0, DUMP, n);
    addText(DUMP, n);
  }
  sendMessage(Post.Element);
}
