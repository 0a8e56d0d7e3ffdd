import { Text } from "../base/text";
import { clearAllReady, MAX_ELEMENTS } from "../core/ready";
import { NONE } from "../core/time";
import { Code } from "../generated/errors";
import { atomData, atomLength, atomOf, findAtom } from "../registry/atom";
import { Factory, FactoryFlag } from "../registry/factory";
import { addAtom, beginReport, sendError } from "./bus";
import { Element, findPad, freeElement, newElement } from "./element";
import { Link, aim, freeLink, newLink } from "./link";
import { Pad } from "./pad";
import { PipelineFlag, pipeline } from "./pipeline";

/** Frames that a link holds; a few keep elements apart without holding data back. */
export const LINK_LIMIT: u32 = 4;

const NAME: usize = memory.data(272, 4);
const NAME_TEXT: usize = memory.data(16, 4);

/** A name for an element made of its factory's name and a number that is free. */
export function freshName(f: Factory): u32 {
  const t = changetype<Text>(NAME_TEXT);
  let serial: u32 = 0;
  let known: u32 = 0;
  do {
    t.into(NAME, 272);
    t.put(atomData(f.name), atomLength(f.name));
    t.u64(serial++);
    known = findAtom(NAME, t.length);
  } while (known && findElement(known));
  return atomOf(NAME, t.length);
}

/** The element of a name, or null. */
export function findElement(name: u32): Element | null {
  const list = pipeline().elements;
  for (let i: u32 = 0; i < list.length; i++) if (list.get(i).name == name) return list.get(i);
  return null;
}

/** Adds an element to the pipeline; name 0 makes one. Null when there are too many or the heap has no room. */
export function addElement(f: Factory, name: u32): Element | null {
  const p = pipeline();
  if (p.elements.length >= MAX_ELEMENTS) return null;
  const e = newElement(f, name ? name : freshName(f));
  if (!e) return null;
  if (!p.elements.push(e)) {
    freeElement(e);
    return null;
  }
  p.flags |= PipelineFlag.Reorder;
  if (f.init && call_indirect<i32>(f.init, e)) {
    p.elements.pop();
    freeElement(e);
    return null;
  }
  return e;
}

/** Links two free pads; null when the heap has no room. */
export function addLink(src: Pad, sink: Pad): Link | null {
  const l = newLink(src, sink, LINK_LIMIT);
  if (!l) return null;
  l.mark = -1;
  if (!pipeline().links.push(l)) {
    freeLink(l);
    return null;
  }
  pipeline().flags |= PipelineFlag.Reorder;
  return l;
}

/** Takes a link out of the pipeline. */
export function removeLink(l: Link): void {
  pipeline().links.remove(l);
  freeLink(l);
  pipeline().flags |= PipelineFlag.Reorder;
}

/** Puts a new element of a factory with one pad each way into a link; false when the heap has no room. */
export function insertBetween(l: Link, f: Factory): bool {
  const e = addElement(f, 0);
  if (!e) return false;
  const src = l.src;
  const sink = l.sink;
  removeLink(l);
  return addLink(src, e.sink!) != null && addLink(e.src!, sink) != null;
}

/** A request pad of an element for a name or template name; null when it has none to give. */
export function requestPad(e: Element, template: u32, name: u32): Pad | null {
  const have = name ? findPad(e, name, true) : null;
  if (have) return have.link ? null : have;
  const f = e.factory;
  if (!f.request) return null;
  const pad = call_indirect<Pad | null>(f.request, e, template, name);
  return pad;
}

/**
 * Numbers the elements so that each comes after those that feed it.
 * @returns false after an error was posted: the links go round in a circle
 */
export function orderElements(): bool {
  const p = pipeline();
  p.flags &= ~PipelineFlag.Reorder;
  const order = p.order;
  order.length = 0;
  const n = p.elements.length;
  if (!order.reserve(n)) return false;
  // Index holds the count of inputs that are not numbered yet.
  for (let i: u32 = 0; i < n; i++) {
    const e = p.elements.get(i);
    e.index = 0;
    for (let pad = e.sink; pad; pad = pad!.next) if (pad.link) e.index++;
    if (!e.index) order.push(e);
  }
  p.sources = order.length;
  p.served = 0;
  for (let i: u32 = 0; i < order.length; i++) {
    for (let pad = order.get(i).src; pad; pad = pad!.next) {
      if (!pad.link) continue;
      const next = pad.link!.sink.element;
      if (--next.index == 0) order.push(next);
    }
  }
  if (order.length < n) {
    for (let i: u32 = 0; i < n; i++) {
      const e = p.elements.get(i);
      if (!e.index) continue;
      beginReport(e, Code.Cycle, -1, NONE);
      addAtom(e.name);
      sendError(null);
      return false;
    }
  }
  clearAllReady();
  for (let i: u32 = 0; i < n; i++) order.get(i).index = i;
  for (let i: u32 = 0; i < p.links.length; i++) aim(p.links.get(i));
  return true;
}

/** Whether an element ends streams: it has inputs and no outputs. */
@inline
export function isSink(e: Element): bool {
  return e.sinks > 0 && !e.srcs && !e.factory.has(FactoryFlag.NoEnd);
}

/** Whether an element begins streams. */
@inline
export function isSource(e: Element): bool {
  return !e.sinks;
}

/** Ends all links and elements; nothing is in flight. */
export function clearPipeline(): void {
  const p = pipeline();
  while (p.links.length) freeLink(p.links.pop());
  while (p.elements.length) freeElement(p.elements.pop());
  p.links.release();
  p.elements.release();
  p.order.release();
}
