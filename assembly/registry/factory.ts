import { Owner, allocZero, free, make } from "../base/heap";
import { RECORDREADER_SIZE, RecordReader } from "../base/records";
import { copyText } from "../base/text";
import { Vec } from "../base/vec";
import { Caps, anyCaps, capsUnref } from "../caps/caps";
import { parseCaps } from "../caps/parse";
import { Direction, Presence } from "../graph/pad";
import { Atom } from "../generated/words";
import { atomOf } from "./atom";
import { PropertySpec, PropertyType } from "./property";

/** How the caps of an element's pads depend on each other. */
export const enum Relation {
  /** Not at all. */
  None = 0,
  /** All pads have the same caps. */
  Same = 1,
  /** The named fields are the same on both sides; others are free. */
  Fields = 2,
}

export const enum FactoryFlag {
  None = 0,
  /** A line of other elements that stands for this one. */
  Bin = 1,
  /** Served by the host. */
  Host = 2,
  /** Made up only by the launch grammar. */
  Hidden = 4,
  /** A byte source that serves ranges, or an element that hands range requests on. */
  Ranges = 8,
  /** Never counted among the sinks whose end is the pipeline's end. */
  NoEnd = 16,
  /** Takes data from several pads and waits for all of them. */
  Aggregator = 32,
  /** A sink of the host's that shows frames at their time itself. */
  Timed = 64,
  /** An element of the host's that tells its caps itself. */
  LateCaps = 128,
}

/**
 *      0 name       atom, "video_%u" for pads that are made as needed
 *      4 direction
 *      8 presence
 *     12 caps       what the pad can ever carry
 *     16 prefer     what it would like best, or null
 */
@unmanaged
export class PadTemplate {
  name: u32;
  direction: Direction;
  presence: Presence;
  caps: Caps;
  prefer: Caps | null;
}

/**
 * A factory makes elements of one kind. It is registered with a descriptor, records made from the element's table (or
 * sent by the host for an element of its own), which is read when the factory is first used:
 *
 *     text name, int rank, int flags, text aliases with commas, text line of a bin,
 *     text relation ("none", "same" or fields with commas), int pads, int properties;
 *     a pad: text name, int direction, int presence, text caps, text preferred caps;
 *     a property: text name, int type, int flags, text default, text minimum, text maximum, int values;
 *       a value: text nick, int value
 *
 * The functions are indices in the function table, 0 for the default behaviour; see graph/element.ts for each.
 */
@unmanaged
export class Factory {
  name: u32;
  descriptor: usize;
  length: u32;
  read: bool;
  rank: i32;
  flags: u32;
  relation: Relation;
  fields_data: usize;
  fields_length: u32;
  fields_capacity: u32;
  pads: u32;
  templates: usize;
  properties: u32;
  specs: usize;
  /** Bytes of the element's record. */
  size: u32;
  /** For a bin: the line it stands for. */
  line: usize;
  lineLength: u32;

  // (e: Element): i32 — sets fields up after the properties have their defaults; 0 or an ErrorCode
  init: u32;
  // (e: Element): i32 — READY to PAUSED: opens what it needs; 0, or an ErrorCode after telling the bus
  start: u32;
  // (e: Element): void — back to READY: closes
  stop: u32;
  // (e: Element): i32 — moves what can be moved
  work: u32;
  // (e: Element, pad: Pad, event: Event): bool — true when it has dealt with an event at a sink pad and keeps it
  event: u32;
  // (e: Element, pad: Pad, event: Event): bool — true when it has dealt with an event that came up to a src pad
  upstream: u32;
  // (e: Element, pad: Pad, query: Query): bool — true when it has answered
  query: u32;
  // (e: Element, op: Operation, record: Completion): void — an operation has a completion
  complete: u32;
  // (e: Element, property: u32): i32 — a property was set; 0 or an ErrorCode
  changed: u32;
  // (e: Element, template: u32, name: u32): Pad | null — a request pad
  request: u32;
  // (e: Element): void — forgets everything in flight
  flush: u32;
  // (e: Element): void — gives its own memory back
  dispose: u32;
  // (e: Element, from: Pad, caps: Caps, to: Pad): Caps — relation in code; a new reference
  transform: u32;
  // (e: Element, pad: Pad): Caps — what a pad can carry now; a new reference
  padCaps: u32;
  // (e: Element, pad: Pad, caps: Caps, input: Caps): Caps — the stream of `caps` that a src pad would like best when fixed
  // caps come in; a new reference
  fixate: u32;

  @inline
  get fields(): Vec<u32> {
    return changetype<Vec<u32>>(changetype<usize>(this) + offsetof<Factory>("fields_data"));
  }

  @inline
  template(i: u32): PadTemplate {
    return changetype<PadTemplate>(this.templates + <usize>i * <usize>offsetof<PadTemplate>());
  }

  @inline
  property(i: u32): PropertySpec {
    return changetype<PropertySpec>(this.specs + <usize>i * <usize>offsetof<PropertySpec>());
  }

  @inline
  has(flag: FactoryFlag): bool {
    return (this.flags & flag) != 0;
  }

  /** The first template of a direction and presence at or after `from`, or -1. */
  findTemplate(direction: Direction, presence: Presence, from: u32): i32 {
    for (let i = from; i < this.pads; i++) {
      const t = this.template(i);
      if (t.direction == direction && t.presence == presence) return i;
    }
    return -1;
  }

  /** Number of a property, or -1. */
  findProperty(name: u32): i32 {
    for (let i: u32 = 0; i < this.properties; i++) if (this.property(i).name == name) return i;
    return -1;
  }
}

/**
 *      0 factories
 *     12 aliases   pairs of atom and factory
 */
@unmanaged
class Registry {
  list_data: usize;
  list_length: u32;
  list_capacity: u32;
  aliases_data: usize;
  aliases_length: u32;
  aliases_capacity: u32;
}

const REGISTRY: usize = memory.data(24, 4);
const READER: usize = memory.data(RECORDREADER_SIZE, 4);

/** All factories, in the order they were registered. */
@inline
export function factories(): Vec<Factory> {
  return changetype<Vec<Factory>>(REGISTRY);
}

@inline
function aliases(): Vec<u32> {
  return changetype<Vec<u32>>(REGISTRY + offsetof<Registry>("aliases_data"));
}

/**
 * Registers a factory whose elements have records of `size` bytes. The caller fills in the functions. The heap has room
 * at this time; where it has none, the record is the null page and the instance is of no use, which init reports.
 */
export function newFactory(descriptor: usize, length: u32, size: u32): Factory {
  const f = make<Factory>(Owner.Factory);
  if (!changetype<usize>(f)) return f;
  f.descriptor = descriptor;
  f.length = length;
  f.size = size;
  const r = changetype<RecordReader>(READER).over(descriptor, length);
  if (r.text()) f.name = atomOf(r.data, r.length);
  f.rank = <i32>r.int();
  f.flags = <u32>r.int();
  if (r.text()) addAliases(f, r.data, r.length);
  factories().push(f);
  return f;
}

/** Gives a factory further names, separated by commas. */
function addAliases(f: Factory, p: usize, n: u32): void {
  let from: u32 = 0;
  for (let i: u32 = 0; i <= n; i++) {
    if (i < n && load<u8>(p + i) != 44) continue;
    const name = atomOf(p + from, i - from);
    from = i + 1;
    if (!name) continue;
    aliases().push(name);
    aliases().push(<u32>changetype<usize>(f));
  }
}

/** Reads the rest of a factory's descriptor; false when it is damaged or the heap has no room. */
export function readFactory(f: Factory): bool {
  if (f.read) return true;
  const r = changetype<RecordReader>(READER).over(f.descriptor, f.length);
  r.text();
  r.int();
  r.int();
  r.text();
  if (r.text() && r.length) {
    f.line = r.data;
    f.lineLength = r.length;
  }
  if (!r.text() || !readRelation(f, r.data, r.length)) return false;
  const pads = r.int();
  const properties = r.int();
  if (r.bad || pads < 0 || pads > 64 || properties < 0 || properties > 256) return false;
  // An attempt before may have found too little memory half-way.
  forgetTables(f);
  f.templates = allocZero(max<u32>(<u32>pads * offsetof<PadTemplate>(), 4), Owner.Factory);
  f.specs = allocZero(max<u32>(<u32>properties * offsetof<PropertySpec>(), 4), Owner.Factory);
  if (!f.templates || !f.specs) return false;
  for (let i: u32 = 0; i < <u32>pads; i++) {
    const t = f.template(i);
    t.caps = anyCaps();
    f.pads = i + 1;
    if (r.text()) t.name = atomOf(r.data, r.length);
    t.direction = <Direction>r.int();
    t.presence = <Presence>r.int();
    if (!r.text()) return false;
    if (r.length) {
      const caps = parseCaps(r.data, r.length);
      if (!caps) return false;
      t.caps = caps;
    }
    if (!r.text()) return false;
    if (r.length) t.prefer = parseCaps(r.data, r.length);
    if (!t.name || (t.direction != Direction.Src && t.direction != Direction.Sink)) return false;
  }
  for (let i: u32 = 0; i < <u32>properties; i++) {
    const p = f.property(i);
    if (r.text()) p.name = atomOf(r.data, r.length);
    p.type = <PropertyType>r.int();
    p.flags = <u32>r.int();
    p.initial = readText(r);
    p.initialLength = r.length;
    p.low = readText(r);
    p.lowLength = r.length;
    p.high = readText(r);
    p.highLength = r.length;
    p.values = <u32>r.int();
    p.valuesAt = r.pos;
    for (let k: u32 = 0; k < p.values && !r.bad; k++) {
      r.text();
      r.int();
    }
    p.valuesEnd = r.pos;
    if (r.bad || !p.name) return false;
    f.properties = i + 1;
  }
  f.read = true;
  return true;
}

/** A text of the descriptor, which outlives the factory. */
function readText(r: RecordReader): usize {
  r.text();
  return r.data;
}

function readRelation(f: Factory, p: usize, n: u32): bool {
  f.fields.length = 0;
  let from: u32 = 0;
  for (let i: u32 = 0; i <= n; i++) {
    if (i < n && load<u8>(p + i) != 44) continue;
    const atom = atomOf(p + from, i - from);
    from = i + 1;
    if (!atom) return n == 0;
    if (!f.fields.push(atom)) return false;
  }
  if (f.fields.length == 1) {
    const word = f.fields.get(0);
    if (word == Atom.none || word == Atom.same) {
      f.relation = word == Atom.same ? Relation.Same : Relation.None;
      f.fields.release();
      return true;
    }
  }
  f.relation = Relation.Fields;
  return true;
}

/** The factory of a name or alias, read, or null. */
export function findFactory(name: u32): Factory | null {
  if (!name) return null;
  for (let i: u32 = 0; i < factories().length; i++) {
    const f = factories().get(i);
    if (f.name == name) return readFactory(f) ? f : null;
  }
  for (let i: u32 = 0; i < aliases().length; i += 2) {
    if (aliases().get(i) != name) continue;
    const f = changetype<Factory>(<usize>aliases().get(i + 1));
    return readFactory(f) ? f : null;
  }
  return null;
}

/** Registers an element of the host's; the descriptor is copied. Null when it is damaged or there is no room. */
export function describeFactory(descriptor: usize, length: u32, size: u32): Factory | null {
  const copy = copyText(descriptor, length);
  if (!copy) return null;
  const f = newFactory(copy, length, size);
  if (!changetype<usize>(f)) return null;
  f.flags |= FactoryFlag.Host;
  if (f.name && readFactory(f)) return f;
  factories().pop();
  while (aliases().length && aliases().get(aliases().length - 1) == <u32>changetype<usize>(f)) aliases().length -= 2;
  freeFactory(f);
  return null;
}

/** Gives back what was read of pads and properties. */
function forgetTables(f: Factory): void {
  for (let i: u32 = 0; i < f.pads; i++) {
    capsUnref(f.template(i).caps);
    capsUnref(f.template(i).prefer);
  }
  free(f.templates);
  free(f.specs);
  f.templates = 0;
  f.specs = 0;
  f.pads = 0;
  f.properties = 0;
}

/** Forgets what has served to build and to negotiate elements; those that there are go on. */
export function factoriesSettle(): void {
  for (let i: u32 = 0; i < factories().length; i++) {
    const f = factories().get(i);
    for (let k: u32 = 0; k < f.pads; k++) {
      capsUnref(f.template(k).caps);
      capsUnref(f.template(k).prefer);
      f.template(k).caps = anyCaps();
      f.template(k).prefer = null;
    }
    if (f.has(FactoryFlag.Host)) free(f.descriptor);
    else memory.fill(f.descriptor, 0, f.length);
    f.descriptor = 0;
    f.length = 0;
  }
}

function freeFactory(f: Factory): void {
  forgetTables(f);
  f.fields.release();
  if (f.has(FactoryFlag.Host)) free(f.descriptor);
  free(changetype<usize>(f));
}

/** Forgets all factories. */
export function factoriesRelease(): void {
  for (let i: u32 = 0; i < factories().length; i++) freeFactory(factories().get(i));
  factories().release();
  aliases().release();
}
