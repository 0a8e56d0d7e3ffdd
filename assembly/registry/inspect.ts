import { Owner, alloc, free, heap } from "../base/heap";
import { RECORDREADER_SIZE, RecordReader, recordInt, recordText } from "../base/records";
import { TEXT_SIZE, Text } from "../base/text";
import { WRITER_SIZE, Writer } from "../base/writer";
import { blocksUsed } from "../core/block";
import { eventsUsed } from "../core/event";
import { framesUsed } from "../core/frame";
import { Format } from "../core/segment";
import { NONE } from "../core/time";
import { Caps } from "../caps/caps";
import { printCaps } from "../caps/print";
import { HostError, Query as HostQuery } from "../generated/abi";
import { findElement, isSink } from "../graph/build";
import { queued } from "../graph/link";
import { ring } from "../graph/operations";
import { Pad } from "../graph/pad";
import { ROOT, pipeline } from "../graph/pipeline";
import { QueryType, ask, askPeer, beginQuery, endQuery } from "../graph/query";
import { atomData, atomLength, findAtom } from "./atom";
import { factories } from "./factory";
import { recordProperty } from "./property";

/** Answers to the host's queries: a u32 length, then records. */
const ANSWER: usize = memory.data(WRITER_SIZE, 4);
const READER: usize = memory.data(RECORDREADER_SIZE, 4);
const PRINTED: usize = memory.data(TEXT_SIZE, 4);
const MAX_CAPS_TEXT: u32 = 4096;

@inline
function out(): Writer {
  return changetype<Writer>(ANSWER);
}

/** Gives the answer buffer back. */
export function answersRelease(): void {
  out().release();
}

function putAtom(atom: u32): void {
  recordText(out(), atomData(atom), atomLength(atom));
}

function putCaps(c: Caps | null): void {
  const room = c ? alloc(MAX_CAPS_TEXT, Owner.Message) : 0;
  if (!room) {
    recordText(out(), 0, 0);
    return;
  }
  const t = changetype<Text>(PRINTED).into(room, MAX_CAPS_TEXT);
  printCaps(t, c!);
  recordText(out(), room, t.length);
  free(room);
}

/** Answers a query of the host; the address of the answer, or a negative HostError. */
export function answer(kind: i32, ptr: usize, length: u32): i32 {
  const w = out();
  const r = changetype<RecordReader>(READER).over(ptr, length);
  let code = 0;
  // The arguments may lie in the last answer, so they are read before it is cleared.
  if (kind == HostQuery.Property) code = answerProperty(r);
  else {
    w.clear();
    w.extend(4);
    switch (kind) {
      case HostQuery.Position:
      case HostQuery.Duration:
        answerTime(kind == HostQuery.Position ? QueryType.Position : QueryType.Duration);
        break;
      case HostQuery.Seeking:
        answerTime(QueryType.Seeking);
        break;
      case HostQuery.Stats:
        answerStats();
        break;
      case HostQuery.Graph:
        answerGraph();
        break;
      case HostQuery.Memory:
        answerMemory();
        break;
      case HostQuery.Ring:
        recordInt(w, changetype<usize>(ring()));
        break;
      case HostQuery.Root:
        recordInt(w, ROOT);
        break;
      case HostQuery.Latency:
        recordInt(w, pipeline().latency);
        recordInt(w, pipeline().maxLatency);
        break;
      case HostQuery.Factories:
        for (let i: u32 = 0; i < factories().length; i++) putAtom(factories().get(i).name);
        break;
      default:
        code = HostError.Unsupported;
    }
  }
  if (code) return code;
  if (w.full || !w.data) return HostError.NoMemory;
  store<u32>(w.data, w.length - 4);
  return <i32>w.data;
}

/** Arguments: element, property. Answer: its value. */
function answerProperty(r: RecordReader): i32 {
  r.text();
  const e = findElement(findAtom(r.data, r.length));
  r.text();
  const property = findAtom(r.data, r.length);
  if (r.bad || !e) return HostError.NotFound;
  const i = e.factory.findProperty(property);
  if (i < 0) return HostError.Unsupported;
  out().clear();
  out().extend(4);
  recordProperty(out(), e.factory.property(i), e.slot(i));
  return 0;
}

/** Answer: whether it is known, a, b of the query, which go upstream from the sinks, and from src pads that feed nobody. */
function answerTime(type: QueryType): void {
  const p = pipeline();
  const q = beginQuery(type, Format.Time);
  let known = false;
  for (let i: u32 = 0; i < p.elements.length && !known; i++) {
    const e = p.elements.get(i);
    if (!isSink(e) || !e.sink) continue;
    known = askPeer(e.sink!, q);
  }
  for (let i: u32 = 0; i < p.elements.length && !known; i++) {
    for (let pad = p.elements.get(i).src; pad && !known; pad = pad!.next) if (!pad.link) known = ask(pad, q);
  }
  if (!known && type == QueryType.Position) {
    const t = p.runningTime();
    known = t != NONE;
    q.a = t;
  }
  recordInt(out(), known ? 1 : 0);
  recordInt(out(), q.a);
  recordInt(out(), q.b);
  endQuery();
}

/**
 * Answer: elements; for each its name, factory, turns, timed turns, ns that those took, operations in flight, and for each
 * CopyReason bytes and count. Then links; for each src element, src pad, sink element, sink pad, frames, bytes, packets
 * waiting, limit.
 */
function answerStats(): void {
  const w = out();
  const p = pipeline();
  recordInt(w, p.elements.length);
  for (let i: u32 = 0; i < p.elements.length; i++) {
    const e = p.elements.get(i);
    putAtom(e.name);
    putAtom(e.factory.name);
    recordInt(w, e.turns);
    recordInt(w, e.sampled);
    recordInt(w, e.spent);
    recordInt(w, e.pending);
    for (let k: u32 = 0; k < 7; k++) {
      const slot = e.ledger + ((<usize>k) << 4);
      recordInt(w, e.ledger ? load<i64>(slot) : 0);
      recordInt(w, e.ledger ? load<i64>(slot, 8) : 0);
    }
  }
  recordInt(w, p.links.length);
  for (let i: u32 = 0; i < p.links.length; i++) {
    const l = p.links.get(i);
    putAtom(l.src.element.name);
    putAtom(l.src.name);
    putAtom(l.sink.element.name);
    putAtom(l.sink.name);
    recordInt(w, l.frames);
    recordInt(w, l.bytes);
    recordInt(w, queued(l));
    recordInt(w, l.limit);
  }
}

/**
 * Answer: elements; for each its name, factory, order, pads; for each pad its name, whether it is a sink pad, the element
 * and pad it is linked to (empty: none) and its caps.
 */
function answerGraph(): void {
  const w = out();
  const p = pipeline();
  recordInt(w, p.elements.length);
  for (let i: u32 = 0; i < p.elements.length; i++) {
    const e = p.elements.get(i);
    putAtom(e.name);
    putAtom(e.factory.name);
    recordInt(w, e.index);
    recordInt(w, e.sinks + e.srcs);
    for (let pad = e.sink; pad; pad = pad!.next) putPad(pad);
    for (let pad = e.src; pad; pad = pad!.next) putPad(pad);
  }
}

function putPad(pad: Pad): void {
  const l = pad.link;
  const peer: Pad | null = l ? (pad.isSink ? l.src : l.sink) : null;
  putAtom(pad.name);
  recordInt(out(), pad.isSink ? 1 : 0);
  putAtom(peer ? peer.element.name : 0);
  putAtom(peer ? peer.name : 0);
  putCaps(pad.caps);
}

/**
 * Answer: ceiling, bytes in use, most that were, pieces in use, allocations so far, frames, events and blocks in use, links
 * grown.
 */
function answerMemory(): void {
  const w = out();
  const h = heap();
  recordInt(w, pipeline().ceiling);
  recordInt(w, h.liveBytes);
  recordInt(w, h.peakBytes);
  recordInt(w, h.live);
  recordInt(w, h.allocs);
  recordInt(w, framesUsed());
  recordInt(w, eventsUsed());
  recordInt(w, blocksUsed());
  recordInt(w, pipeline().grown);
}
