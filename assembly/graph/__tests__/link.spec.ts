import { endCore, launchText } from "../../abi/__tests__/core";
import { Random } from "../../base/__tests__/random";
import { must } from "../../base/__tests__/region";
import { EventType, eventsUsed, newEvent } from "../../core/event";
import { frameUnref, framesUsed, newFrame } from "../../core/frame";
import { clearAllReady, clearReady, highestReady } from "../../core/ready";
import { element, prepareScript } from "./script";
import { orderElements } from "../build";
import { push, pushEvent, room } from "../element";
import {
  Link,
  MAX_LIMIT,
  asEvent,
  asFrame,
  drainLink,
  dropPacket,
  isEvent,
  peek,
  peekAt,
  queued,
  setLimit,
  take,
} from "../link";

/** The link of a pipeline of two elements that do nothing yet. */
function makeLink(): Link {
  prepareScript();
  must(launchText("script name=s ! probe name=p") == 0, "built");
  must(orderElements(), "ordered");
  clearAllReady();
  return element("s").src!.link!;
}

describe("links", () => {
  test("packets come out in the order they went in, whatever the limit does", () => {
    const link = makeLink();
    const random = new Random(1);
    const model = new Array<i32>();
    let serial = 0;
    for (let n = 0; n < 20000; n++) {
      const what = random.below(model.length > 100 ? 8 : 12);
      if (what < 5 && model.length) {
        must((peekAt(link, model.length - 1) & 1) == <usize>(model[model.length - 1] & 1), "the newest");
        const packet = take(link);
        const number = isEvent(packet) ? <i32>asEvent(packet).sub : <i32>asFrame(packet).sequence;
        must(number == model.shift() && isEvent(packet) == <bool>(number & 1), "the oldest");
        dropPacket(packet);
      } else if (what == 5) must(setLimit(link, 1 + random.below(200)), "room");
      else {
        const number = serial++;
        if (number & 1) {
          const e = newEvent(EventType.Custom)!;
          e.sub = number;
          pushEvent(link.src, e);
        } else {
          const f = newFrame()!;
          f.sequence = number;
          push(link.src, f);
        }
        model.push(number);
      }
      must(queued(link) == <u32>model.length, "the count");
      must(room(link.src) == <u32>model.length < link.limit, "room below the limit");
      if (model.length) must(<i32>isEvent(peek(link)) == (model[0] & 1), "the head");
    }
    drainLink(link);
    expect<u32>(framesUsed() + eventsUsed()).toBe(0);
    endCore();
  });

  test("what is put makes the consumer ready; what is taken wakes a producer that waits, once", () => {
    const link = makeLink();
    const s = element("s").index;
    const p = element("p").index;
    expect<u32>(p).toBeGreaterThan(s, "further downstream");
    for (let i = 0; i < 4; i++) push(link.src, newFrame()!);
    expect<i32>(highestReady(1024)).toBe(p);
    clearReady(p);
    frameUnref(asFrame(take(link)));
    expect<i32>(highestReady(1024)).toBe(-1, "nobody waited");
    push(link.src, newFrame()!);
    clearReady(p);
    must(!room(link.src), "full");
    frameUnref(asFrame(take(link)));
    expect<i32>(highestReady(1024)).toBe(s);
    clearReady(s);
    frameUnref(asFrame(take(link)));
    expect<i32>(highestReady(1024)).toBe(-1, "woken once");
    drainLink(link);
    endCore();
  });

  test("a link counts frames and bytes, not events", () => {
    const link = makeLink();
    const f = newFrame()!;
    f.slices.size = 1000;
    push(link.src, f);
    pushEvent(link.src, newEvent(EventType.Gap));
    expect<u32>(link.frames).toBe(1);
    expect<u64>(link.bytes).toBe(1000);
    f.slices.size = 0;
    drainLink(link);
    endCore();
  });

  test("events that exceed every bound are dropped, not kept", () => {
    const link = makeLink();
    must(setLimit(link, 4), "as it is");
    for (let i: u32 = 0; i < MAX_LIMIT * 2; i++) pushEvent(link.src, newEvent(EventType.Gap));
    expect<u32>(queued(link)).toBeLessThanOrEqual(MAX_LIMIT * 2);
    expect<u32>(eventsUsed()).toBe(queued(link));
    expect<u32>(link.limit).toBe(4);
    drainLink(link);
    expect<u32>(eventsUsed()).toBe(0);
    endCore();
  });
});
