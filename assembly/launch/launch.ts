import { Owner, allocZero, free } from "../base/heap";
import { isAlpha, isDigit } from "../base/text";
import { Vec } from "../base/vec";
import { capsMeet, unionCaps } from "../caps/algebra";
import { Caps, capsUnref } from "../caps/caps";
import { capsError, capsErrorAt, parseCaps } from "../caps/parse";
import { NONE } from "../core/time";
import { Code } from "../generated/errors";
import { Atom } from "../generated/words";
import { addElement, addLink, findElement, requestPad } from "../graph/build";
import { addAtom, addInt, addText, beginReport, failMemory, sendError } from "../graph/bus";
import { Element, addPad } from "../graph/element";
import { Direction, Pad, PadFlag, Presence } from "../graph/pad";
import { capsOfPad, isRelated, transformCaps } from "../graph/relation";
import { atomData, atomLength, atomOf } from "../registry/atom";
import { Factory, FactoryFlag, PadTemplate, findFactory } from "../registry/factory";
import { PropertyFlag, PropertyType, setFromText } from "../registry/property";
import { enumValues, nearestElement, nearestProperty } from "./hints";
import { LEXER_SIZE, Lexer, TokenKind } from "./lexer";

/**
 * The launch grammar:
 *
 *     line     = chain { chain }
 *     chain    = node { "!" node }
 *     node     = element | caps | reference
 *     element  = NAME { NAME "=" VALUE }
 *     caps     = MEDIA/TYPE "," …          becomes a capsfilter
 *     reference= NAME "." [ PAD ]          an element or pad named anywhere in the line
 *
 * The line is read into nodes and joints first, so that a reference may come before what it names.
 */

/** A node of the line: an element, or a reference that is resolved when all elements are known. */
@unmanaged
class Node {
  /** First and last element: the same but for a bin. */
  head: Element | null;
  tail: Element | null;
  /** Name of a reference, or of a bin. */
  name: u32;
  /** Pad that a reference names, or 0. */
  pad: u32;
  column: u32;
}

/** Two nodes that "!" joins. */
@unmanaged
class Joint {
  from: Node;
  to: Node;
}

/**
 *      0 nodes
 *     12 joints
 *     24 bins    nodes that are bins
 */
@unmanaged
class Line {
  nodes_data: usize;
  nodes_length: u32;
  nodes_capacity: u32;
  joints_data: usize;
  joints_length: u32;
  joints_capacity: u32;
  lexer: usize;
  failed: bool;

  @inline
  get nodes(): Vec<Node> {
    return changetype<Vec<Node>>(changetype<usize>(this));
  }

  @inline
  get joints(): Vec<Joint> {
    return changetype<Vec<Joint>>(changetype<usize>(this) + offsetof<Line>("joints_data"));
  }
}

const LINE: usize = memory.data(32, 4);
const LEXER: usize = memory.data(48, 4);

@inline
function line(): Line {
  return changetype<Line>(LINE);
}

/**
 * Builds the pipeline that a line describes.
 * @returns 0, or the Code of the error that was posted
 */
export function launchLine(p: usize, n: u32): i32 {
  memory.fill(LINE, 0, 32);
  const lx = changetype<Lexer>(LEXER);
  if (!lx.over(p, n)) {
    failMemory(null);
    return Code.NoMemory;
  }
  let code = parseLine(lx, null);
  if (!code && lx.open) code = syntax(lx, Expected.Quote);
  if (!code && !line().nodes.length) code = syntax(lx, Expected.Element);
  for (let i: u32 = 0; i < line().joints.length && !code; i++) code = join(line().joints.get(i));
  lx.release();
  for (let i: u32 = 0; i < line().joints.length; i++) free(changetype<usize>(line().joints.get(i)));
  for (let i: u32 = 0; i < line().nodes.length; i++) free(changetype<usize>(line().nodes.get(i)));
  line().joints.release();
  line().nodes.release();
  return code;
}

/** What the line should have had, by its number in the table of errors. */
const enum Expected {
  Element = 0,
  Quote,
  NoBin,
}

function syntax(lx: Lexer, expected: Expected): i32 {
  beginReport(null, Code.Syntax, -1, NONE);
  addText(lx.data, lx.length);
  addInt(lx.column);
  addInt(expected);
  sendError(null);
  return Code.Syntax;
}

function newNode(column: u32): Node | null {
  const p = allocZero(offsetof<Node>(), Owner.Launch);
  if (!p) return null;
  const node = changetype<Node>(p);
  node.column = column;
  if (line().nodes.push(node)) return node;
  free(p);
  return null;
}

/** Reads chains until the end; elements of a bin's line get the bin's name in front of theirs. */
function parseLine(lx: Lexer, bin: Node | null): i32 {
  let before: Node | null = null;
  lx.next();
  while (lx.kind != TokenKind.End) {
    if (lx.kind == TokenKind.Link) return syntax(lx, Expected.Element);
    if (lx.kind == TokenKind.Paren) return syntax(lx, Expected.NoBin);
    const count = line().nodes.length;
    const code = parseNode(lx, bin);
    if (code) return code;
    const node = line().nodes.get(count);
    if (before) {
      const code = addJoint(before, node);
      if (code) return code;
    }
    before = null;
    if (lx.kind == TokenKind.Link) {
      before = node;
      lx.next();
      if (lx.kind == TokenKind.End) return syntax(lx, Expected.Element);
    }
  }
  return 0;
}

function addJoint(from: Node, to: Node): i32 {
  const p = allocZero(offsetof<Joint>(), Owner.Launch);
  if (p) {
    const j = changetype<Joint>(p);
    j.from = from;
    j.to = to;
    if (line().joints.push(j)) return 0;
    free(p);
  }
  failMemory(null);
  return Code.NoMemory;
}

/** Whether a word is a media type, which no element's name is. */
function isMedia(p: usize, n: u32): bool {
  for (let i: u32 = 0; i < n; i++) {
    const c = <u32>load<u8>(p + i);
    if (c == 47) return i > 0;
    if (!isAlpha(c) && !isDigit(c) && c != 45 && c != 95) return false;
  }
  return false;
}

/** Place of the dot in a reference, or -1: NAME "." [PAD] without anything that a name cannot have. */
function referenceDot(p: usize, n: u32): i32 {
  let dot = -1;
  for (let i: u32 = 0; i < n; i++) {
    const c = <u32>load<u8>(p + i);
    if (c == 46 && dot < 0) {
      dot = <i32>i;
      continue;
    }
    if (!isAlpha(c) && !isDigit(c) && c != 45 && c != 95 && c != 37) return -1;
  }
  return dot;
}

function parseNode(lx: Lexer, bin: Node | null): i32 {
  const node = newNode(lx.column);
  if (!node) {
    failMemory(null);
    return Code.NoMemory;
  }
  if (isMedia(lx.data, lx.length) && !lx.quoted) return parseCapsNode(lx, node);
  if (lx.equals < 0) {
    const dot = referenceDot(lx.data, lx.length);
    if (dot > 0) {
      node.name = atomOf(lx.data, <u32>dot);
      node.pad = atomOf(lx.data + dot + 1, lx.length - <u32>dot - 1);
      lx.next();
      return 0;
    }
    return parseElement(lx, node, bin);
  }
  return syntax(lx, Expected.Element);
}

/** Caps in the line: words up to "!", the end, or a word that no sign before it or at its start ties to the others. */
function parseCapsNode(lx: Lexer, node: Node): i32 {
  const from = lx.start;
  let to = lx.pos;
  let open = ties(load<u8>(to - 1), true);
  while (true) {
    lx.next();
    if (lx.kind != TokenKind.Word) {
      if (lx.kind != TokenKind.Paren) break;
    } else if (!open && !ties(load<u8>(lx.start), false)) break;
    to = lx.pos;
    open = ties(load<u8>(to - 1), true);
  }
  const f = findFactory(Atom.capsfilter);
  const e = f ? addElement(f, 0) : null;
  if (!e) {
    failMemory(null);
    return Code.NoMemory;
  }
  node.head = e;
  node.tail = e;
  if (setFromText(e.factory.property(0), e.slot(0), from, <u32>(to - from))) return 0;
  return badCaps(from, <u32>(to - from), node.column);
}

/** Whether a sign ties the word that it ends, or begins, to the next one, or the last: , ; = ) and brackets. */
function ties(c: u32, ends: bool): bool {
  switch (c) {
    case 44:
    case 59:
    case 61:
    case 41:
      return true;
    case 40:
    case 60:
    case 91:
    case 123:
      return ends;
    case 62:
    case 93:
    case 125:
      return !ends;
    default:
      return false;
  }
}

function badCaps(p: usize, n: u32, column: u32): i32 {
  const caps = parseCaps(p, n);
  if (caps) capsUnref(caps);
  beginReport(null, Code.BadCaps, -1, NONE);
  addText(p, n);
  addInt(capsError());
  addInt(column + capsErrorAt());
  sendError(null);
  return Code.BadCaps;
}

function parseElement(lx: Lexer, node: Node, bin: Node | null): i32 {
  const f = findFactory(atomOf(lx.data, lx.length));
  if (!f || f.has(FactoryFlag.Hidden)) {
    beginReport(null, Code.NoElement, -1, NONE);
    addText(lx.data, lx.length);
    addInt(lx.column);
    addAtom(nearestElement(lx.data, lx.length));
    sendError(null);
    return Code.NoElement;
  }
  if (f.has(FactoryFlag.Bin)) return parseBin(lx, node, f);
  const e = addElement(f, 0);
  if (!e) {
    failMemory(null);
    return Code.NoMemory;
  }
  node.head = e;
  node.tail = e;
  while (lx.next() == TokenKind.Word && lx.equals > 0) {
    const code = parseProperty(lx, node, e);
    if (code) return code;
  }
  return 0;
}

/** name=value behind an element, which for a bin goes to the first of its elements that knows it. */
function parseProperty(lx: Lexer, node: Node, e: Element): i32 {
  const n = <u32>lx.equals;
  const name = atomOf(lx.data, n);
  const value = lx.data + n + 1;
  const length = lx.length - n - 1;
  if (name == Atom.name) {
    const wanted = atomOf(value, length);
    if (!wanted) return badValue(lx, e, -1, value, length);
    if (findElement(wanted)) {
      beginReport(null, Code.NameTaken, -1, NONE);
      addAtom(wanted);
      addInt(lx.column);
      sendError(null);
      return Code.NameTaken;
    }
    e.name = wanted;
    node.name = wanted;
    return 0;
  }
  const i = e.factory.findProperty(name);
  if (i < 0) {
    beginReport(null, Code.NoProperty, -1, NONE);
    addAtom(e.factory.name);
    addText(lx.data, n);
    addInt(lx.column);
    addAtom(nearestProperty(e.factory, lx.data, n));
    sendError(null);
    return Code.NoProperty;
  }
  const spec = e.factory.property(i);
  if (spec.flags & PropertyFlag.ReadOnly) {
    beginReport(null, Code.ReadOnly, -1, NONE);
    addAtom(name);
    addAtom(e.name);
    sendError(null);
    return Code.ReadOnly;
  }
  if (!setFromText(spec, e.slot(i), value, length)) {
    if (spec.type == PropertyType.Caps) return badCaps(value, length, lx.column + n + 1);
    return badValue(lx, e, i, value, length);
  }
  return e.factory.changed ? call_indirect<i32>(e.factory.changed, e, i) : 0;
}

function badValue(lx: Lexer, e: Element, property: i32, value: usize, length: u32): i32 {
  beginReport(null, Code.BadValue, -1, NONE);
  addText(lx.data, <u32>lx.equals);
  addText(value, length);
  addInt(lx.column + <u32>lx.equals + 1);
  addAtom(e.factory.name);
  if (property >= 0) {
    // What would fit: the range, or the values one by one.
    const spec = e.factory.property(property);
    addInt(spec.type);
    addText(spec.low, spec.lowLength);
    addText(spec.high, spec.highLength);
    const r = enumValues(spec);
    while (r.more) {
      r.text();
      addText(r.data, r.length);
      r.int();
    }
  }
  sendError(null);
  return Code.BadValue;
}

/** A bin: its line's elements take its place; properties go to the first of them that has them. */
function parseBin(lx: Lexer, node: Node, f: Factory): i32 {
  const inner = changetype<Lexer>(allocZero(LEXER_SIZE, Owner.Launch));
  if (!changetype<usize>(inner) || !inner.over(f.line, f.lineLength)) {
    free(changetype<usize>(inner));
    failMemory(null);
    return Code.NoMemory;
  }
  const first = line().nodes.length;
  let code = parseLine(inner, node);
  inner.release();
  free(changetype<usize>(inner));
  if (code) return code;
  const last = line().nodes.length;
  node.head = line().nodes.get(first).head;
  node.tail = line().nodes.get(last - 1).tail;
  while (lx.next() == TokenKind.Word && lx.equals > 0) {
    const name = atomOf(lx.data, <u32>lx.equals);
    let owner: Element | null = null;
    for (let i = first; i < last && !owner; i++) {
      const e = line().nodes.get(i).head;
      if (e && e.factory.findProperty(name) >= 0) owner = e;
    }
    if (name == Atom.name) {
      node.name = atomOf(lx.data + lx.equals + 1, lx.length - <u32>lx.equals - 1);
      continue;
    }
    code = parseProperty(lx, node, owner ? owner : node.head!);
    if (code) return code;
  }
  return 0;
}

/** The node that a reference means: an element's or a bin's; null when none has the name. */
function resolve(node: Node): Node | null {
  if (node.head) return node;
  for (let i: u32 = 0; i < line().nodes.length; i++) {
    const other = line().nodes.get(i);
    if (other.head && other.name == node.name) return other;
  }
  // Elements that were named by themselves (capsfilter0).
  const e = findElement(node.name);
  if (!e) return null;
  node.head = e;
  node.tail = e;
  return node;
}

function join(j: Joint): i32 {
  const from = resolve(j.from);
  const to = resolve(j.to);
  if (!from || !to) {
    const lost = from ? j.to : j.from;
    beginReport(null, Code.NoSuchName, -1, NONE);
    addAtom(lost.name);
    addInt(lost.column);
    sendError(null);
    return Code.NoSuchName;
  }
  const src = takeSrc(from.tail!, j.from.head == from.head ? 0 : j.from.pad, to.head!);
  if (!src) return noPad(from.tail!, j.from.pad, j.from.column, false);
  const sink = takeSink(to.head!, j.to.head == to.head ? 0 : j.to.pad, src);
  if (!sink) return noPad(to.head!, j.to.pad, j.to.column, true);
  if (addLink(src, sink)) return 0;
  failMemory(null);
  return Code.NoMemory;
}

function noPad(e: Element, pad: u32, column: u32, sink: bool): i32 {
  beginReport(null, Code.NoPad, -1, NONE);
  addAtom(e.name);
  if (pad) addAtom(pad);
  else addAtom(sink ? Atom.sink : Atom.src);
  addInt(column);
  for (let i: u32 = 0; i < e.factory.pads; i++) {
    const t = e.factory.template(i);
    if ((t.direction == Direction.Sink) == sink) addAtom(t.name);
  }
  sendError(null);
  return Code.NoPad;
}

/** Whether a pad's name fits a template's: the same, or with a number or text where the template has %u, %d or %s. */
function fitsTemplate(name: u32, t: PadTemplate): bool {
  if (!name || name == t.name) return true;
  const p = atomData(t.name);
  const n = atomLength(t.name);
  let k: u32 = 0;
  while (k < n && load<u8>(p + k) != 37) k++;
  if (k == n || atomLength(name) <= k) return false;
  const q = atomData(name);
  for (let i: u32 = 0; i < k; i++) if (load<u8>(p + i) != load<u8>(q + i)) return false;
  return true;
}

/** A free src pad of an element; one that will appear is held open by a pad without a name. */
function takeSrc(e: Element, name: u32, next: Element): Pad | null {
  for (let p = e.src; p; p = p!.next) {
    if (!p.link && !p.has(PadFlag.Gone) && (!name || p.name == name)) return p;
  }
  const f = e.factory;
  for (let i: u32 = 0; i < f.pads; i++) {
    const t = f.template(i);
    if (t.direction != Direction.Src || !fitsTemplate(name, t)) continue;
    if (t.presence == Presence.Sometimes) {
      const pad = addPad(e, i, name);
      if (pad) pad.flags |= PadFlag.Pending;
      return pad;
    }
    if (t.presence == Presence.Request) return requestPad(e, i, name);
  }
  return null;
}

/** A free sink pad of an element that can carry what a src pad gives. */
function takeSink(e: Element, name: u32, src: Pad): Pad | null {
  for (let p = e.sink; p; p = p!.next) {
    if (!p.link && (!name || p.name == name)) return p;
  }
  const f = e.factory;
  const given = possibleCaps(src, 0);
  let pad: Pad | null = null;
  for (let pass = 0; pass < 2 && !pad; pass++) {
    for (let i: u32 = 0; i < f.pads && !pad; i++) {
      const t = f.template(i);
      if (t.direction != Direction.Sink || t.presence != Presence.Request || !fitsTemplate(name, t)) continue;
      // When nothing fits, the first template makes the link fail with an explanation.
      if (pass == 0 && !capsMeet(given, t.caps)) continue;
      pad = requestPad(e, i, name);
    }
  }
  capsUnref(given);
  return pad;
}

/** What a src pad may give, as far as the elements before it tell; a new reference. */
function possibleCaps(pad: Pad, depth: u32): Caps {
  const e = pad.element;
  if (!isRelated(e) || depth > 64) return capsOfPad(pad);
  let out: Caps | null = null;
  for (let p = e.sink; p; p = p!.next) {
    if (!p.link) continue;
    const before = possibleCaps(p.link!.src, depth + 1);
    const image = transformCaps(e, p, before, pad);
    capsUnref(before);
    if (!out) {
      out = image;
      continue;
    }
    const both = unionCaps(out, image);
    capsUnref(out);
    capsUnref(image);
    out = both;
  }
  return out ? out : capsOfPad(pad);
}
