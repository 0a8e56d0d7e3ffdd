import { intersectCaps } from "../caps/algebra";
import { Caps, Structure, capsRef, capsUnref, copyCaps } from "../caps/caps";
import { Kind, Value } from "../caps/value";
import { addElement, addLink, orderElements } from "../graph/build";
import { Element, findPad, pushStreamStart } from "../graph/element";
import { handleEvent } from "../graph/filter";
import { Link, asEvent, take } from "../graph/link";
import { checkGraph, negotiate } from "../graph/negotiate";
import { Pad } from "../graph/pad";
import { PipelineFlag, pipeline } from "../graph/pipeline";
import { capsOfPad } from "../graph/relation";
import { atomOf } from "../registry/atom";
import { describeFactory } from "../registry/factory";

/**
 * Graphs of elements that do nothing but negotiate, for programs that test the negotiation. Elements, pads and links
 * cross as addresses; all end with dispose().
 */

/** How the caps of an element's pads depend on each other beyond what its descriptor says. */
const enum InCode {
  No = 0,
  /** The field of src pads is one more than that of sink pads; the rest is the same. */
  Successor = 1,
}

/**
 * Adds an element with pads and a relation as a descriptor says (registry/factory.ts).
 * @param inCode InCode
 * @param field for a relation in code: the name of the field that it changes
 * @returns 0 for a damaged descriptor
 */
export function graph_element(ptr: usize, length: u32, inCode: u32, field: usize, fieldLength: u32): usize {
  const f = describeFactory(ptr, length, offsetof<Chain>());
  if (!f) return 0;
  if (inCode == InCode.Successor) f.transform = successor.index;
  const e = addElement(f, 0);
  if (e) changetype<Chain>(e).field = atomOf(field, fieldLength);
  return changetype<usize>(e);
}

/** An element with the field that its relation in code changes. */
@unmanaged
class Chain extends Element {
  field: u32;
}

/** Links two pads by their names. */
export function graph_link(src: usize, srcName: u32, sink: usize, sinkName: u32): usize {
  const from = findPad(changetype<Element>(src), srcName, false);
  const to = findPad(changetype<Element>(sink), sinkName, true);
  return from && to ? changetype<usize>(addLink(from, to)) : 0;
}

/** The atom of a text. */
export function atom(ptr: usize, length: u32): u32 {
  return atomOf(ptr, length);
}

/** Whether the whole graph can be negotiated. */
export function graph_check(): bool {
  return orderElements() && checkGraph();
}

/** What a link can carry as graph_check found, a new reference; 0 before. */
export function graph_allowed(link: usize): usize {
  return reference(changetype<Link>(link).allowed);
}

/** Caps that a link's packets have, a new reference; 0 when none went through. */
export function graph_caps(link: usize): usize {
  return reference(changetype<Link>(link).src.caps);
}

function reference(caps: Caps | null): usize {
  return caps ? changetype<usize>(capsRef(caps)) : 0;
}

/** Begins the streams of a source's pads and lets their caps go through the graph; false when that failed. */
export function graph_begin(source: usize): bool {
  for (let pad = changetype<Element>(source).src; pad; pad = pad!.next) {
    pushStreamStart(pad, 1);
    const caps = capsOfPad(pad);
    const ok = negotiate(pad, caps);
    capsUnref(caps);
    if (!ok) return false;
  }
  const order = pipeline().order;
  for (let i: u32 = 0; i < order.length; i++) {
    for (let pad = order.get(i).sink; pad; pad = pad!.next) passOn(order.get(i), pad);
  }
  return !pipeline().has(PipelineFlag.Failed);
}

function passOn(e: Element, pad: Pad): void {
  const link = pad.link;
  if (!link) return;
  while (link.head != link.tail) handleEvent(e, pad, asEvent(take(link)));
}

/** The relation Successor. */
function successor(e: Element, from: Pad, caps: Caps, to: Pad): Caps {
  const own = capsOfPad(to);
  if (caps.any || from.isSink == to.isSink) return own;
  const moved = copyCaps(caps);
  for (let i: u32 = 0; i < moved.count; i++) move(moved.at(i), changetype<Chain>(e).field, from.isSink ? 1 : -1);
  const image = intersectCaps(moved, own);
  capsUnref(moved);
  capsUnref(own);
  return image;
}

function move(s: Structure, field: u32, by: i32): void {
  const v = s.find(field);
  if (!v) return;
  for (let i: u32 = 0; i < v.alternatives; i++) moveValue(v.alternative(i), by);
}

function moveValue(v: Value, by: i32): void {
  if (v.kind != Kind.Int && v.kind != Kind.IntRange) return;
  v.a += by;
  if (v.kind == Kind.IntRange) v.b += by;
}
