import { intersectCaps, intersectStructures, unionCaps } from "../caps/algebra";
import { Caps, Structure, anyCaps, capsRef, capsUnref, emptyCaps, newCaps } from "../caps/caps";
import { copyValue } from "../caps/value";
import { Relation } from "../registry/factory";
import { Element, templateOf } from "./element";
import { Direction, Pad, PadFlag, Presence } from "./pad";

/** What a pad can carry now, by itself: its template, narrowed by what the element knows. A new reference. */
export function capsOfPad(pad: Pad): Caps {
  const f = pad.element.factory;
  if (f.padCaps) return call_indirect<Caps>(f.padCaps, pad.element, pad);
  if (!pad.has(PadFlag.Pending) || pad.name) return capsRef(templateOf(pad).caps);
  // Any of the pads that may appear.
  let out = emptyCaps();
  for (let i: u32 = 0; i < f.pads; i++) {
    const t = f.template(i);
    if (t.direction != Direction.Src || t.presence != Presence.Sometimes) continue;
    const both = unionCaps(out, t.caps);
    capsUnref(out);
    out = both;
  }
  return out;
}

/** Whether the caps of an element's pads depend on each other. */
export function isRelated(e: Element): bool {
  return e.factory.transform != 0 || e.factory.relation != Relation.None;
}

/**
 * What pad `to` can carry when pad `from` of the same element carries some of `caps`. A new reference.
 */
export function transformCaps(e: Element, from: Pad, caps: Caps, to: Pad): Caps {
  const f = e.factory;
  if (f.transform) return call_indirect<Caps>(f.transform, e, from, caps, to);
  if (f.relation == Relation.None) return capsOfPad(to);
  const own = capsOfPad(to);
  if (f.relation == Relation.Same) {
    const out = intersectCaps(caps, own);
    capsUnref(own);
    return out;
  }
  if (caps.any || own.any) return own;
  // Pads of one direction carry their streams independently; the fields tie inputs to outputs.
  if (from.isSink == to.isSink) return own;
  const out = newCaps();
  const projected = newCaps();
  for (let i: u32 = 0; i < caps.count; i++) {
    for (let j: u32 = 0; j < own.count; j++) {
      if (!project(projected, caps.at(i), own.at(j), e)) continue;
      intersectStructures(out, projected.at(0), own.at(j));
      projected.dropLast();
    }
  }
  capsUnref(projected);
  capsUnref(own);
  return out;
}

/** A structure of the media type and feature of `shape` with the fields of `s` that the element keeps. */
function project(into: Caps, s: Structure, shape: Structure, e: Element): bool {
  const out = into.add(shape.media, shape.feature);
  if (!out) return false;
  const fields = e.factory.fields;
  for (let i: u32 = 0; i < fields.length; i++) {
    const v = s.find(fields.get(i));
    if (!v) continue;
    const slot = out.slot(v.field);
    if (slot && copyValue(slot, v)) continue;
    into.dropLast();
    return false;
  }
  return true;
}

/** Pads that one question may look at, however the graph branches; behind more, anything is accepted. */
const MAX_LOOKS: u32 = 4096;

/** Looks that are left, and questions being answered: elements may ask for caps behind them in turn. */
const LOOKS: usize = memory.data(8, 4);

/**
 * What can be carried behind a src pad by its link and all that its caps go on to, as far as that agrees. A new
 * reference.
 */
export function acceptedCaps(src: Pad): Caps {
  const asked = load<u32>(LOOKS, 4);
  if (!asked) store<u32>(LOOKS, MAX_LOOKS);
  store<u32>(LOOKS, asked + 1, 4);
  const out = accepted(src);
  store<u32>(LOOKS, asked, 4);
  return out;
}

function accepted(src: Pad): Caps {
  const left = load<u32>(LOOKS);
  const link = src.link;
  if (!link || !left) return anyCaps();
  store<u32>(LOOKS, left - 1);
  const sink = link.sink;
  const e = sink.element;
  let out = capsOfPad(sink);
  if (!isRelated(e)) return out;
  for (let p = e.src; p; p = p!.next) {
    const behind = accepted(p);
    const image = transformCaps(e, p, behind, sink);
    const both = intersectCaps(out, image);
    capsUnref(behind);
    capsUnref(image);
    // Where nothing can go on, the link at which that is so has the better explanation.
    if (both.isEmpty) {
      capsUnref(both);
      continue;
    }
    capsUnref(out);
    out = both;
  }
  return out;
}
