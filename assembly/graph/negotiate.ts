import { Owner, allocZero, free, heap } from "../base/heap";
import { TEXT_SIZE, Text } from "../base/text";
import { Vec } from "../base/vec";
import {
  FEATURE_CONFLICT,
  MEDIA_CONFLICT,
  NO_CONFLICT,
  firstConflict,
  intersectCaps,
  subsetCaps,
} from "../caps/algebra";
import { ANY_FEATURE, Caps, capsOf, capsRef, capsUnref, copyCaps, newCaps, sameCaps } from "../caps/caps";
import { fixateCaps } from "../caps/fixate";
import { Kind, Value, copyValue, freeValue } from "../caps/value";
import { NONE } from "../core/time";
import { Code } from "../generated/errors";
import { Atom } from "../generated/words";
import { putAtom } from "../registry/atom";
import { Factory, FactoryFlag, Relation, factories, readFactory } from "../registry/factory";
import { addAtom, addCaps, addInt, addText, beginReport, failMemory, sendError } from "./bus";
import { Element, pushCaps, templateOf } from "./element";
import { Link } from "./link";
import { Direction, Pad, Presence } from "./pad";
import { insertBetween } from "./build";
import { PipelineFlag, pipeline } from "./pipeline";
import { capsOfPad, isRelated, transformCaps } from "./relation";

/**
 * Negotiation finds caps for every link of a region such that each lies in what both pads can carry and each element's
 * relation between its pads holds. Sets of caps are narrowed along the relations until nothing changes; then the first
 * link that is still open is fixed to the alternative its source likes best, and so on, going back when a choice leads
 * nowhere. Relations tie fields by equality, so narrowed sets of one structure each are consistent field by field and
 * the search over structures is complete; relations in code are searched by splitting lists and ranges too. The work is
 * bounded by MAX_ATTEMPTS.
 */

/** Choices that one negotiation may try. */
const MAX_ATTEMPTS: u32 = 20000;

/**
 * The region being negotiated: its links and, for each, the caps it can still have.
 */
@unmanaged
class Region {
  links_data: usize;
  links_length: u32;
  links_capacity: u32;
  sets_data: usize;
  sets_length: u32;
  sets_capacity: u32;
  queue_data: usize;
  queue_length: u32;
  queue_capacity: u32;
  trail_data: usize;
  trail_length: u32;
  trail_capacity: u32;
  attempts: u32;
  /** What conflicted first: the link, and what each side of it admits. */
  conflict: Link | null;
  given: Caps | null;
  taken: Caps | null;

  @inline
  get links(): Vec<Link> {
    return changetype<Vec<Link>>(changetype<usize>(this));
  }

  @inline
  get sets(): Vec<Caps> {
    return changetype<Vec<Caps>>(changetype<usize>(this) + offsetof<Region>("sets_data"));
  }

  /** Elements whose relations are to be applied again. */
  @inline
  get queue(): Vec<Element> {
    return changetype<Vec<Element>>(changetype<usize>(this) + offsetof<Region>("queue_data"));
  }

  /** Sets as they were before a choice: pairs of number and caps. */
  @inline
  get trail(): Vec<u32> {
    return changetype<Vec<u32>>(changetype<usize>(this) + offsetof<Region>("trail_data"));
  }

  /**
   * Replaces a set and keeps the old one on the trail; the reference to `caps` is taken over.
   * @returns false, with everything as it was, when the heap has no room
   */
  narrow(i: u32, caps: Caps): bool {
    if (!this.trail.reserve(max<u32>(this.trail.length + 2, this.trail.length << 1))) {
      capsUnref(caps);
      return false;
    }
    this.trail.push(i);
    this.trail.push(<u32>changetype<usize>(this.sets.get(i)));
    this.sets.set(i, caps);
    return true;
  }

  /** Takes back all that was narrowed since the trail had `length` entries. */
  undo(length: u32): void {
    while (this.trail.length > length) {
      const old = changetype<Caps>(<usize>this.trail.pop());
      const i = this.trail.pop();
      capsUnref(this.sets.get(i));
      this.sets.set(i, old);
    }
  }

  add(link: Link): void {
    if (link.mark >= 0) return;
    if (this.links.push(link)) link.mark = <i32>this.links.length - 1;
  }

  enqueue(e: Element): void {
    if (isRelated(e) && this.queue.indexOf(e) < 0) this.queue.push(e);
  }

  /** Notes the first conflict of this negotiation; takes over neither reference. */
  blame(link: Link, given: Caps, taken: Caps): void {
    if (this.conflict) return;
    this.conflict = link;
    this.given = capsRef(given);
    this.taken = capsRef(taken);
  }

  release(): void {
    this.undo(0);
    for (let i: u32 = 0; i < this.sets.length; i++) capsUnref(this.sets.get(i));
    for (let i: u32 = 0; i < this.links.length; i++) this.links.get(i).mark = -1;
    capsUnref(this.given);
    capsUnref(this.taken);
    this.links.release();
    this.sets.release();
    this.queue.release();
    this.trail.release();
    free(changetype<usize>(this));
  }
}

function newRegion(): Region | null {
  // Memory that ran short before, and did no harm, explains nothing that fails now.
  heap().failedOwner = 0;
  const p = allocZero(offsetof<Region>(), Owner.Negotiation);
  return changetype<Region | null>(p);
}

/** Adds the links that the root's stream goes through as long as elements hand its caps on. */
function follow(r: Region): void {
  for (let i: u32 = 0; i < r.links.length; i++) {
    const e = r.links.get(i).sink.element;
    if (!isRelated(e)) continue;
    for (let p = e.src; p; p = p!.next) if (p.link) r.add(p.link!);
  }
}

/** Adds all other links that relations tie to those of the region. */
function close(r: Region, root: Pad): void {
  for (let i: u32 = 0; i < r.links.length; i++) {
    const link = r.links.get(i);
    gather(r, link.sink.element);
    if (changetype<usize>(link.src) != changetype<usize>(root)) gather(r, link.src.element);
  }
}

function gather(r: Region, e: Element): void {
  if (!isRelated(e)) return;
  for (let p = e.sink; p; p = p!.next) if (p.link) r.add(p.link!);
  for (let p = e.src; p; p = p!.next) if (p.link) r.add(p.link!);
}

/**
 * Sets each link of the region to what both of its pads can carry; links from number `own` on, which another stream
 * goes through, to the caps they have. False on a conflict.
 */
function begin(r: Region, root: Pad | null, offered: Caps | null, own: u32): bool {
  let ok = true;
  for (let i: u32 = 0; i < r.links.length; i++) {
    const link = r.links.get(i);
    let given: Caps;
    if (i >= own && link.src.caps) given = capsRef(link.src.caps!);
    else if (root && changetype<usize>(link.src) == changetype<usize>(root)) given = capsRef(offered!);
    else given = capsOfPad(link.src);
    const taken = capsOfPad(link.sink);
    const both = intersectCaps(given, taken);
    if (both.isEmpty) {
      r.blame(link, given, taken);
      ok = false;
    }
    capsUnref(given);
    capsUnref(taken);
    if (!r.sets.push(both)) {
      capsUnref(both);
      return false;
    }
    r.enqueue(link.sink.element);
    if (!root || changetype<usize>(link.src) != changetype<usize>(root)) r.enqueue(link.src.element);
  }
  return ok;
}

/** Applies one relation from one pad to another; false when nothing is left. */
function apply(r: Region, e: Element, from: Pad, to: Pad): bool {
  const a = from.link;
  const b = to.link;
  if (!a || !b || a.mark < 0 || b.mark < 0) return true;
  const have = r.sets.get(b.mark);
  const image = transformCaps(e, from, r.sets.get(a.mark), to);
  // The order of preference comes from upstream.
  const both = to.isSink ? intersectCaps(have, image) : intersectCaps(image, have);
  if (both.isEmpty) {
    if (to.isSink) r.blame(b, have, image);
    else r.blame(b, image, have);
    capsUnref(image);
    capsUnref(both);
    return false;
  }
  capsUnref(image);
  if (subsetCaps(have, both)) {
    capsUnref(both);
    return true;
  }
  if (!r.narrow(b.mark, both)) return false;
  r.enqueue(b.src.element);
  r.enqueue(b.sink.element);
  return true;
}

/** Narrows all sets until the relations of all queued elements hold; false when a set is empty. */
function propagate(r: Region): bool {
  while (r.queue.length) {
    const e = r.queue.pop();
    const all = e.factory.transform != 0;
    for (let p = e.sink; p; p = p!.next) {
      for (let q = e.src; q; q = q!.next) {
        if (!apply(r, e, p, q) || !apply(r, e, q, p)) {
          r.queue.length = 0;
          return false;
        }
      }
      if (!all) continue;
      for (let q = e.sink; q; q = q!.next) {
        if (changetype<usize>(p) != changetype<usize>(q) && !apply(r, e, p, q)) {
          r.queue.length = 0;
          return false;
        }
      }
    }
  }
  return true;
}

/** Fixes link `i` to `caps` (taken over) and goes on; false, with everything as before, when that leads nowhere. */
function attempt(r: Region, i: u32, caps: Caps): bool {
  if (caps.isEmpty || r.attempts >= MAX_ATTEMPTS || heap().failedOwner) {
    capsUnref(caps);
    return false;
  }
  r.attempts++;
  const length = r.trail.length;
  const link = r.links.get(i);
  if (!r.narrow(i, caps)) return false;
  r.enqueue(link.src.element);
  r.enqueue(link.sink.element);
  if (propagate(r) && search(r)) return true;
  r.undo(length);
  return false;
}

/** The fixed caps that come into an element that hands caps on, or null. */
function inputOf(r: Region, e: Element): Caps | null {
  if (!isRelated(e)) return null;
  for (let p = e.sink; p; p = p!.next) {
    const l = p.link;
    if (l && l.mark >= 0 && r.sets.get(l.mark).isFixed()) return r.sets.get(l.mark);
  }
  return null;
}

/** What a link would like best of a set: what comes in, for an element that can leave it as it is; else its source's wish. */
function chooseFor(r: Region, link: Link, set: Caps): Caps {
  const e = link.src.element;
  const input = inputOf(r, e);
  if (input) {
    return e.factory.fixate ? call_indirect<Caps>(e.factory.fixate, e, link.src, set, input) : fixateCaps(set, input);
  }
  const wish = templateOf(link.src).prefer;
  return fixateCaps(set, wish ? wish : templateOf(link.sink).prefer);
}

/** Fixes the links that are still open, one after the other. */
function search(r: Region): bool {
  let i: u32 = 0;
  while (i < r.links.length && r.sets.get(i).isFixed()) i++;
  if (i == r.links.length) return true;
  const set = r.sets.get(i);
  if (set.any) return attempt(r, i, capsOf(Atom.application_octet_stream));
  if (attempt(r, i, chooseFor(r, r.links.get(i), set))) return true;
  if (set.count > 1) {
    for (let k: u32 = 0; k < set.count; k++) {
      const one = newCaps();
      one.addCopy(set.at(k));
      if (attempt(r, i, one)) return true;
    }
    return false;
  }
  return split(r, i, set);
}

/** Tries the halves of the first open field of a single structure. */
function split(r: Region, i: u32, set: Caps): bool {
  const s = set.at(0);
  for (let f: u32 = 0; f < s.count; f++) {
    const v = s.field(f);
    if (v.isFixed()) continue;
    for (let half: u32 = 0; half < 2; half++) {
      const part = copyCaps(set);
      const slot = part.at(0).find(v.field);
      if (!slot || !halve(slot, v, half)) {
        capsUnref(part);
        continue;
      }
      if (attempt(r, i, part)) return true;
    }
    return false;
  }
  return false;
}

/** Sets `out`, a copy of `v`, to its first (0) or second (1) half; false when that is nothing new. */
function halve(out: Value, v: Value, half: u32): bool {
  if (v.kind == Kind.List) {
    const n = <u32>v.b;
    const k = n >> 1;
    if (half ? n - k == 1 : k == 1) {
      freeValue(out);
      return copyValue(out, v.item(half ? n - 1 : 0));
    }
    const from: u32 = half ? k : 0;
    const to: u32 = half ? n : k;
    freeValue(out);
    if (!copyValue(out, v)) return false;
    for (let j: u32 = 0; j < n; j++) {
      if (j >= from && j < to) continue;
      freeValue(out.item(j));
      out.item(j).kind = Kind.Bool;
    }
    if (from) {
      memory.copy(changetype<usize>(out.item(0)), changetype<usize>(out.item(from)), <usize>(to - from) * 24);
    }
    out.b = <i32>(to - from);
    return true;
  }
  if (v.kind == Kind.IntRange) {
    const step = v.step;
    const n = (<i64>v.b - v.a) / step;
    const mid = <i64>v.a + (n >> 1) * step;
    return half ? out.setRange(<i32>(mid + step), v.b, step) : out.setRange(v.a, <i32>mid, step);
  }
  // The ends of a range of fractions; what lies between has been tried by its wish.
  if (v.kind == Kind.FractionRange) return half ? out.setFraction(v.c, v.d) : out.setFraction(v.a, v.b);
  return false;
}

/** Posts what went wrong. */
function explain(r: Region): void {
  if (heap().failedOwner) {
    failMemory(null);
    return;
  }
  const link = r.conflict;
  if (!link || r.attempts >= MAX_ATTEMPTS) {
    beginReport(null, Code.NegotiationTooHard, -1, NONE);
    addInt(r.attempts);
    sendError(null);
    return;
  }
  reportConflict(link, r.given!, r.taken!);
}

/** Posts the error for a link whose sides have nothing in common. */
export function reportConflict(link: Link, given: Caps, taken: Caps): void {
  const field = conflictOf(given, taken);
  const fix = findConverter(given, taken);
  const domains = field == FEATURE_CONFLICT && fix != null && onlyMoves(fix!);
  beginReport(link.sink.element, domains ? Code.NeedsConverter : Code.CannotLink, -1, NONE);
  addAtom(link.src.element.name);
  addAtom(link.sink.element.name);
  if (domains) {
    addDomains(given);
    addDomains(taken);
  } else {
    if (field == MEDIA_CONFLICT || field == NO_CONFLICT) addAtom(Atom.media_type);
    else addAtom(field == FEATURE_CONFLICT ? Atom.memory : field);
    addCaps(given);
    addCaps(taken);
  }
  if (fix) addAtom(fix.name);
  else addText(0, 0);
  sendError(null);
}

const DOMAINS: usize = memory.data(256, 4);
const TEXT: usize = memory.data(TEXT_SIZE, 4);

/** Adds the memory domains of caps to a message, each once. */
function addDomains(caps: Caps): void {
  const text = changetype<Text>(TEXT).into(DOMAINS, 256);
  for (let i: u32 = 0; i < caps.count; i++) {
    const domain = caps.at(i).feature;
    let first: u32 = 0;
    while (caps.at(first).feature != domain) first++;
    if (first < i) continue;
    if (i) {
      text.byte(44);
      text.byte(32);
    }
    if (domain == ANY_FEATURE) putAtom(text, Atom.ANY);
    else putAtom(text, domain ? domain : Atom.memory_SystemMemory);
  }
  addText(DOMAINS, text.length);
}

/** The conflict of the two structures that are most alike: a field before memory before the media type. */
export function conflictOf(given: Caps, taken: Caps): u32 {
  let found = MEDIA_CONFLICT;
  for (let i: u32 = 0; i < given.count; i++) {
    for (let j: u32 = 0; j < taken.count; j++) {
      const c = firstConflict(given.at(i), taken.at(j));
      if (c == MEDIA_CONFLICT || c == NO_CONFLICT) continue;
      if (c != FEATURE_CONFLICT) return c;
      found = c;
    }
  }
  return found;
}

/**
 * The highest-ranking factory with one input and one output whose element would join two sets of caps, or null.
 */
export function findConverter(given: Caps, taken: Caps): Factory | null {
  let best: Factory | null = null;
  for (let i: u32 = 0; i < factories().length; i++) {
    const f = factories().get(i);
    if (f.has(FactoryFlag.Hidden) || f.has(FactoryFlag.Bin) || !readFactory(f) || f.pads != 2) continue;
    if (f.relation == Relation.Same || (best && best.rank >= f.rank)) continue;
    const sink = f.findTemplate(Direction.Sink, Presence.Always, 0);
    const src = f.findTemplate(Direction.Src, Presence.Always, 0);
    if (sink < 0 || src < 0) continue;
    if (joins(f, given, f.template(sink).caps, f.template(src).caps, taken)) best = f;
  }
  return best;
}

function joins(f: Factory, given: Caps, sink: Caps, src: Caps, taken: Caps): bool {
  if (sink.any || src.any) return false;
  const input = intersectCaps(given, sink);
  const output = intersectCaps(src, taken);
  let yes = false;
  const probe = newCaps();
  for (let i: u32 = 0; i < input.count && !yes; i++) {
    for (let j: u32 = 0; j < output.count && !yes; j++) {
      const s = probe.add(output.at(j).media, output.at(j).feature);
      if (!s) break;
      for (let k: u32 = 0; k < f.fields.length; k++) {
        const v = input.at(i).find(f.fields.get(k));
        if (!v) continue;
        const slot = s.slot(v.field);
        if (slot) copyValue(slot, v);
      }
      yes = firstConflict(probe.at(0), output.at(j)) == NO_CONFLICT;
      probe.dropLast();
    }
  }
  capsUnref(probe);
  capsUnref(input);
  capsUnref(output);
  return yes;
}

/**
 * Checks that the whole graph can be negotiated and notes for every link what it can carry (Link.allowed). Where two
 * memory domains do not meet, a converter is inserted if the pipeline allows it.
 * @returns false after an error was posted
 */
export function checkGraph(): bool {
  while (true) {
    const r = newRegion();
    if (!r) {
      failMemory(null);
      return false;
    }
    const links = pipeline().links;
    for (let i: u32 = 0; i < links.length; i++) links.get(i).mark = -1;
    for (let i: u32 = 0; i < links.length; i++) r.add(links.get(i));
    let ok = r.links.length == links.length && begin(r, null, null, links.length) && propagate(r);
    if (ok) {
      for (let i: u32 = 0; i < r.links.length; i++) {
        const link = r.links.get(i);
        capsUnref(link.allowed);
        link.allowed = capsRef(r.sets.get(i));
      }
      // Where memory ran short a set may be smaller than it should be, or a relation not applied.
      ok = search(r) && !heap().failedOwner;
    }
    const again = !ok && insertConverter(r);
    if (!ok && !again) explain(r);
    r.release();
    if (!again) return ok;
  }
}

/** Puts a converter into the link in conflict when only the memory domains differ; false when there is none. */
function insertConverter(r: Region): bool {
  const link = r.conflict;
  if (!link || !pipeline().has(PipelineFlag.AutoConvert)) return false;
  if (conflictOf(r.given!, r.taken!) != FEATURE_CONFLICT) return false;
  const f = findConverter(r.given!, r.taken!);
  return f != null && onlyMoves(f) && insertBetween(link, f);
}

/** Whether a converter changes where the data lies and nothing else: one without a rank does more. */
@inline
function onlyMoves(converter: Factory): bool {
  return converter.rank > 0;
}

/**
 * Plans the links downstream of a src pad whose element can give `offered`.
 * @returns the fixed caps for the pad's link (a reference of the link's), or null after an error was posted. For an
 *   unlinked pad the offer is fixated by itself, as a new reference in the pad's caps.
 */
export function plan(pad: Pad, offered: Caps): Caps | null {
  const link = pad.link;
  if (!link) return null;
  const planned = link.planned;
  if (planned && planned.isFixed() && subsetCaps(planned, offered) && offered.isFixed()) return planned;
  const r = newRegion();
  if (!r) {
    failMemory(pad.element);
    return null;
  }
  const links = pipeline().links;
  for (let i: u32 = 0; i < links.length; i++) links.get(i).mark = -1;
  r.add(link);
  follow(r);
  const own = r.links.length;
  close(r, pad);
  const ok = begin(r, pad, offered, own) && propagate(r) && search(r) && !heap().failedOwner;
  if (ok) {
    for (let i: u32 = 0; i < r.links.length; i++) {
      const l = r.links.get(i);
      // What other streams were planned to have and have not had yet may have to change with this one.
      if (i >= own && l.src.caps) continue;
      capsUnref(l.planned);
      l.planned = capsRef(r.sets.get(i));
    }
  } else explain(r);
  r.release();
  return ok ? link.planned : null;
}

/**
 * Negotiates a src pad: plans its links for `offered` and sends the caps event.
 * @returns false after an error was posted; the caps are the pad's caps
 */
export function negotiate(pad: Pad, offered: Caps): bool {
  if (!pad.link) {
    const fixed = fixateCaps(offered, templateOf(pad).prefer);
    pushCaps(pad, fixed);
    capsUnref(fixed);
    return true;
  }
  const caps = plan(pad, offered);
  if (!caps) return false;
  if (pad.caps && sameCaps(pad.caps!, caps)) return true;
  pushCaps(pad, caps);
  // There may have been no room for the event.
  return changetype<usize>(pad.caps) == changetype<usize>(caps);
}
