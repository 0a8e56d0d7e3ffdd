import { PoolShape } from "../core/block";
import { Format } from "../core/segment";
import { NONE } from "../core/time";
import { Caps } from "../caps/caps";
import { Element, ElementFlag } from "./element";
import { Pad } from "./pad";

/** Questions that elements ask each other along the links. */
export const enum QueryType {
  Position = 1,
  Duration,
  /** Can bytes or times be sought? Answer: a = 1 when they can, b = the end or NONE. */
  Seeking,
  /** Latency upstream: live in a, minimum in b, maximum in c. */
  Latency,
  /** What should blocks for these caps be like? Answered downstream in `shape`. */
  Allocation,
  /** Can ranges be asked for (EventType.Range)? Answer: a = 1, b = size in bytes or NONE. */
  Ranges,
}

@unmanaged
export class Query {
  type: QueryType;
  format: Format;
  a: i64;
  b: i64;
  c: i64;
  caps: Caps | null;
  // PoolShape
  size: u32;
  align: u32;
  padding: u32;
  min: u32;
  max: u32;

  @inline
  get shape(): PoolShape {
    return changetype<PoolShape>(changetype<usize>(this) + offsetof<Query>("size"));
  }
}

const DEPTH: u32 = 8;
const QUERIES: usize = memory.data(64 * 8 + 4, 8);

/** A query to fill in; at most DEPTH are in use at once, each ended with `endQuery`. */
export function beginQuery(type: QueryType, format: Format): Query {
  const depth = load<u32>(QUERIES + 64 * DEPTH);
  store<u32>(QUERIES + 64 * DEPTH, depth + 1);
  const q = changetype<Query>(QUERIES + <usize>min<u32>(depth, DEPTH - 1) * 64);
  q.type = type;
  q.format = format;
  q.a = 0;
  q.b = NONE;
  q.c = NONE;
  q.caps = null;
  q.size = 0;
  q.align = 0;
  q.padding = 0;
  q.min = 0;
  q.max = 0;
  return q;
}

export function endQuery(): void {
  store<u32>(QUERIES + 64 * DEPTH, load<u32>(QUERIES + 64 * DEPTH) - 1);
}

/** Asks the element that a pad is linked to; false when nobody answers. */
export function askPeer(pad: Pad, q: Query): bool {
  const link = pad.link;
  if (!link) return false;
  return ask(pad.isSink ? link.src : link.sink, q);
}

/**
 * Asks the element of a pad. An element that does not answer hands most questions on through its other side: those of
 * the stream upstream, allocation downstream.
 */
export function ask(pad: Pad, q: Query): bool {
  const e = pad.element;
  if (e.factory.query && call_indirect<bool>(e.factory.query, e, pad, q)) return true;
  if (q.type == QueryType.Allocation) {
    // One way on: the peer knows. More, as behind a tee: each is asked and the shapes are joined.
    let any = false;
    for (let p = e.src; p; p = p!.next) if (e.sinks && askPeer(p, q)) any = true;
    return any;
  }
  if (q.type == QueryType.Latency) return askLatency(e, q);
  for (let p = e.sink; p; p = p!.next) if (askPeer(p, q)) return true;
  return false;
}

/** Joins the latencies of all inputs and adds the element's own. */
export function askLatency(e: Element, q: Query): bool {
  let live: i64 = e.has(ElementFlag.Live) ? 1 : 0;
  let low: i64 = 0;
  let high: i64 = NONE;
  for (let p = e.sink; p; p = p!.next) {
    q.a = 0;
    q.b = 0;
    q.c = NONE;
    if (!askPeer(p, q) || !q.a) continue;
    live = 1;
    low = max<i64>(low, q.b);
    if (q.c != NONE) high = high == NONE ? q.c : min<i64>(high, q.c);
  }
  q.a = live;
  q.b = low + e.minLatency;
  q.c = high == NONE || e.maxLatency == NONE ? NONE : high + e.maxLatency;
  return true;
}
