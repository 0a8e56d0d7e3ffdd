import { RECORDREADER_SIZE, RecordReader } from "../base/records";
import { Event, EventType, eventRef, eventUnref, newEvent } from "../core/event";
import { NONE } from "../core/time";
import { HostError, Send, State } from "../generated/abi";
import { Code } from "../generated/errors";
import { findElement, isSink } from "../graph/build";
import { endSources } from "../graph/bus";
import { sendUpstream } from "../graph/flow";
import { PipelineFlag, pipeline } from "../graph/pipeline";
import { findAtom } from "./atom";
import { PropertyFlag, setFromText } from "./property";

const READER: usize = memory.data(RECORDREADER_SIZE, 4);

/** Deals with what the application sends; 0, a Code or a negative HostError. */
export function sendToPipeline(kind: i32, ptr: usize, length: u32): i32 {
  const r = changetype<RecordReader>(READER).over(ptr, length);
  const p = pipeline();
  switch (kind) {
    case Send.Property:
      return setProperty(r);
    case Send.Eos:
      endSources();
      return 0;
    case Send.Seek: {
      // rate, format, flags, start, stop
      const event = newEvent(EventType.Seek);
      if (!event) return HostError.NoMemory;
      event.rate = r.double();
      event.format = <u32>r.int();
      event.flags = <u32>r.int();
      event.start = r.int();
      event.stop = r.int();
      return toSinks(event, r.bad);
    }
    case Send.ForceKeyUnit: {
      const event = newEvent(EventType.ForceKeyUnit);
      if (!event) return HostError.NoMemory;
      event.start = r.more ? r.int() : NONE;
      return toSinks(event, r.bad);
    }
    case Send.Statistics:
      if (r.int()) p.flags |= PipelineFlag.Statistics;
      else p.flags &= ~PipelineFlag.Statistics;
      return r.bad ? HostError.Invalid : 0;
    default:
      return HostError.Unsupported;
  }
}

/** Sends an event upstream from every sink until one way takes it; 0 when one has. */
function toSinks(event: Event, bad: bool): i32 {
  const p = pipeline();
  let done = false;
  for (let i: u32 = 0; i < p.elements.length && !bad && !done; i++) {
    const e = p.elements.get(i);
    if (!isSink(e)) continue;
    for (let pad = e.sink; pad && !done; pad = pad!.next) done = sendUpstream(pad, eventRef(event));
  }
  eventUnref(event);
  return bad ? HostError.Invalid : done ? 0 : HostError.Unsupported;
}

/** Arguments: element, property, text of the value. */
function setProperty(r: RecordReader): i32 {
  r.text();
  const e = findElement(findAtom(r.data, r.length));
  r.text();
  const name = findAtom(r.data, r.length);
  r.text();
  if (r.bad) return HostError.Invalid;
  if (!e) return Code.NoSuchName;
  const i = e.factory.findProperty(name);
  if (i < 0) return Code.NoProperty;
  const spec = e.factory.property(i);
  if (spec.flags & PropertyFlag.ReadOnly) return Code.ReadOnly;
  if (spec.flags & PropertyFlag.Before && pipeline().state > State.Ready) return Code.NotNow;
  if (!setFromText(spec, e.slot(i), r.data, r.length)) return Code.BadValue;
  return e.factory.changed ? call_indirect<i32>(e.factory.changed, e, i) : 0;
}
