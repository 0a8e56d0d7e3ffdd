import { NONE } from "../core/time";
import { Format } from "../core/segment";
import { newEvent, EventType } from "../core/event";
import { Post } from "../generated/abi";
import { addInt, beginMessage, sendMessage } from "./bus";
import { isSink } from "./build";
import { sendUpstream } from "./flow";
import { PipelineFlag, pipeline } from "./pipeline";
import { QueryType, askPeer, beginQuery, endQuery } from "./query";

/**
 * Finds the latency of the pipeline: the longest minimum over the paths from live sources to sinks, which all sinks
 * wait so that the slowest path is in time, and the shortest maximum, which must not be less. Posts it.
 */
export function updateLatency(): void {
  const p = pipeline();
  let live = false;
  let low: i64 = 0;
  let high: i64 = NONE;
  for (let i: u32 = 0; i < p.elements.length; i++) {
    const e = p.elements.get(i);
    if (!isSink(e)) continue;
    for (let pad = e.sink; pad; pad = pad!.next) {
      const q = beginQuery(QueryType.Latency, Format.Time);
      if (askPeer(pad, q) && q.a) {
        live = true;
        low = max<i64>(low, q.b + e.minLatency);
        if (q.c != NONE) high = high == NONE ? q.c : min<i64>(high, q.c);
      }
      endQuery();
    }
  }
  p.latency = low;
  p.maxLatency = high;
  if (!live) {
    p.flags &= ~PipelineFlag.Live;
    return;
  }
  p.flags |= PipelineFlag.Live;
  for (let i: u32 = 0; i < p.elements.length; i++) {
    const e = p.elements.get(i);
    if (!isSink(e)) continue;
    for (let pad = e.sink; pad; pad = pad!.next) {
      const event = newEvent(EventType.Latency);
      if (!event) continue;
      event.start = low;
      sendUpstream(pad, event);
    }
  }
  beginMessage(null);
  addInt(low);
  addInt(high);
  sendMessage(Post.Latency);
}
