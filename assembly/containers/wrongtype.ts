import { capsMeet } from "../caps/algebra";
import { Caps, capsUnref } from "../caps/caps";
import { NONE } from "../core/time";
import { Code } from "../generated/errors";
import { addAtom, addCaps, addInt, addText, beginReport, sendError } from "../graph/bus";
import { Element } from "../graph/element";
import { Direction, Presence } from "../graph/pad";
import { Factory, FactoryFlag, factories, readFactory } from "../registry/factory";

/** Function (head: usize, n: u32): Caps | null that finds out what a stream is; 0 in a core without the element typefind. */
const FINDER: usize = memory.data(4, 4);

/** Says who finds out what a stream is: a core that has no use for that otherwise need not hold it. */
export function setTypeFinder(index: u32): void {
  store<u32>(FINDER, index);
}

/**
 * Posts the error that a stream is not of the type that an element takes, with what it is instead and, if there is one,
 * the element that takes that.
 * @param own the media type that the element takes
 * @param head the first bytes of the stream
 * @param n how many there are
 */
export function failWrongType(e: Element, own: u32, head: usize, n: u32): void {
  const caps = typeOf(head, n);
  refuse(e, own, caps);
  capsUnref(caps);
}

/** Posts that error if the first bytes of a stream are those of another type; whether they are. */
export function failIfOther(e: Element, own: u32, head: usize, n: u32): bool {
  const caps = typeOf(head, n);
  const other = caps != null && caps.media != own;
  if (other) refuse(e, own, caps);
  capsUnref(caps);
  return other;
}

function refuse(e: Element, own: u32, caps: Caps | null): void {
  beginReport(e, Code.WrongType, 0, NONE);
  addAtom(own);
  if (caps && caps.media != own) {
    const taker = takerOf(caps);
    addCaps(caps);
    if (taker) addAtom(taker.name);
    else addText(0, 0);
    addInt(taker ? 2 : 1);
  }
  sendError(e);
}

/** The type of a stream by its first bytes; null when that cannot be told. */
function typeOf(head: usize, n: u32): Caps | null {
  const finder = load<u32>(FINDER);
  return finder && n ? call_indirect<Caps | null>(finder, head, n) : null;
}

/** The highest-ranking factory whose elements take such a stream, and not just any; null when there is none. */
function takerOf(caps: Caps): Factory | null {
  let best: Factory | null = null;
  for (let i: u32 = 0; i < factories().length; i++) {
    const f = factories().get(i);
    if (f.has(FactoryFlag.Hidden) || f.has(FactoryFlag.Bin) || !readFactory(f)) continue;
    if (best && best.rank >= f.rank) continue;
    const sink = f.findTemplate(Direction.Sink, Presence.Always, 0);
    if (sink < 0) continue;
    const taken = f.template(sink).caps;
    if (!taken.any && capsMeet(caps, taken)) best = f;
  }
  return best;
}
