import { endCore, launchText, runUntilIdle } from "../../abi/__tests__/core";
import { set_state } from "../../abi/exports";
import { postKind, posts } from "../../abi/__tests__/posts";
import { Random } from "../../base/__tests__/random";
import { must } from "../../base/__tests__/region";
import { capsUnref } from "../../caps/caps";
import { parseCaps } from "../../caps/parse";
import { Event, EventType, newEvent } from "../../core/event";
import { frameUnref, newFrame } from "../../core/frame";
import { Format } from "../../core/segment";
import { NONE } from "../../core/time";
import { Post, State } from "../../generated/abi";
import { Code } from "../../generated/errors";
import { firstError } from "../../launch/__tests__/reports";
import { findFactory, newFactory } from "../../registry/factory";
import { Descriptor } from "../../registry/__tests__/descriptors";
import { Aggregate, aggregate, nextPad, orderTime } from "../aggregate";
import { addElement, addLink, orderElements } from "../build";
import { noMorePads, openPad } from "../demux";
import { Element, ElementFlag, addPad, findPad, pushEvent, push, removePad } from "../element";
import { offer } from "../flow";
import { asFrame, peek, take } from "../link";
import { Pad, PadFlag } from "../pad";
import { pipeline } from "../pipeline";
import { Query, QueryType, ask, beginQuery, endQuery } from "../query";
import { padName } from "../request";
import { atom, element, play, prepareScript, run, word } from "./script";

const MIXER = new Descriptor("mixer").counts(2, 0).pad("sink_%u", 2, 3, "").pad("src", 1, 1, "").data();
const SPLIT = new Descriptor("split")
  .counts(3, 0)
  .pad("sink", 2, 1, "")
  .pad("video_%u", 1, 2, "v/raw")
  .pad("audio_%u", 1, 2, "a/raw")
  .data();

function addMixer(): void {
  const f = newFactory(changetype<usize>(MIXER), MIXER.length, offsetof<Element>());
  f.request = request.index;
}

function addSplit(): void {
  newFactory(changetype<usize>(SPLIT), SPLIT.length, offsetof<Element>());
}

function request(e: Element, template: u32, name: u32): Pad | null {
  return addPad(e, template, padName(e, template, name));
}

/** Events that aggregate handed over. */
let events: i32 = 0;

function count(e: Element, pad: Pad, event: Event): void {
  events++;
}

function sendAt(pad: Pad, dts: i64): void {
  const f = newFrame()!;
  f.dts = dts;
  f.pts = dts == NONE ? NONE : dts + 1000;
  push(pad, f);
}

describe("the order of elements", () => {
  test("each comes after those that feed it, in random graphs", () => {
    const random = new Random(5);
    for (let n = 0; n < 60; n++) {
      prepareScript();
      addMixer();
      const count: u32 = 2 + random.below(20);
      const order = new Array<u32>();
      // Made in an order that has nothing to do with the links.
      for (let i: u32 = 0; i < count; i++) order.push(i);
      for (let i: u32 = count - 1; i > 0; i--) {
        const k = random.below(i + 1);
        const t = order[i];
        order[i] = order[k];
        order[k] = t;
      }
      const made = new Array<Element>();
      for (let i: u32 = 0; i < count; i++) made.push(addElement(findFactory(atom("mixer"))!, 0)!);
      for (let i: u32 = 1; i < count; i++) {
        const from = made[order[random.below(i)]];
        if (!from.src!.link) addLink(from.src!, request(made[order[i]], 0, 0)!);
      }
      must(orderElements(), "no circle");
      const p = pipeline();
      for (let i: u32 = 0; i < p.links.length; i++) {
        const link = p.links.get(i);
        must(link.sink.element.index > link.src.element.index, "downstream");
      }
      for (let i: u32 = 0; i < p.order.length; i++) must(p.order.get(i).index == i, "its number");
      must(p.order.length == p.elements.length, "all of them");
      endCore();
    }
  });

  test("a circle is an error that names an element of it", () => {
    prepareScript();
    must(launchText("identity name=a ! identity name=b ! a.") == 0, "built");
    must(!orderElements(), "refused");
    expect<string>(firstError()).toBe(`${Code.Cycle} "a"`);
    endCore();
  });

  test("a pad without a link is an error that names it", () => {
    prepareScript();
    must(launchText("script ! identity ! probe  identity name=lost ! probe") == 0, "built");
    set_state(State.Ready);
    runUntilIdle(0);
    expect<string>(firstError()).toBe(`${Code.NotLinked} "sink" "lost"`);
    endCore();
  });
});

describe("pads", () => {
  test("request pads get the next free number, or the name that was asked for", () => {
    prepareScript();
    addMixer();
    const e = addElement(findFactory(atom("mixer"))!, 0)!;
    expect<string>(word(request(e, 0, 0)!.name)).toBe("sink_0");
    expect<string>(word(request(e, 0, atom("sink_7"))!.name)).toBe("sink_7");
    expect<string>(word(request(e, 0, atom("sink_%u"))!.name)).toBe("sink_1");
    for (let i = 2; i < 7; i++) request(e, 0, 0);
    expect<string>(word(request(e, 0, 0)!.name)).toBe("sink_8");
    expect<u32>(e.sinks).toBe(9);
    removePad(findPad(e, atom("sink_3"), true)!);
    removePad(findPad(e, atom("sink_0"), true)!);
    expect<u32>(e.sinks).toBe(7);
    expect<bool>(findPad(e, atom("sink_3"), true) == null).toBe(true);
    expect<string>(word(e.sink!.name)).toBe("sink_7");
    expect<string>(word(request(e, 0, 0)!.name)).toBe("sink_0", "free again");
    endCore();
  });

  test("a stream that is found takes the first pad held open that can carry it", () => {
    prepareScript();
    addSplit();
    const line =
      "script ! split name=d  d. ! capsfilter caps=a/raw,x=2 ! probe name=p  d. ! capsfilter caps=a/raw ! probe  d.video_0 ! probe";
    must(launchText(line) == 0, "built");
    set_state(State.Playing);
    run();
    const d = element("d");
    const streams: Array<string> = ["a/raw, x=(int)1", "v/raw", "a/raw, x=(int)2", "a/raw, x=(int)3"];
    const names: Array<string> = ["audio_0", "video_0", "audio_1", "audio_2"];
    const sinks: Array<string> = ["capsfilter1", "probe1", "capsfilter0", ""];
    for (let i = 0; i < 4; i++) {
      const text = String.UTF8.encode(streams[i]);
      const caps = parseCaps(changetype<usize>(text), text.byteLength)!;
      const pad = openPad(d, streams[i].startsWith("v") ? 1 : 2, atom(names[i]), caps)!;
      must(word(pad.name) == names[i] && !pad.has(PadFlag.Pending), names[i]);
      expect<string>(pad.link ? word(pad.link!.sink.element.name) : "").toBe(sinks[i], names[i]);
      capsUnref(caps);
    }
    noMorePads(d);
    expect<string>(firstError()).toBe("");
    endCore();
  });

  test("a branch whose stream does not exist ends with a warning; when none does, that is an error", () => {
    for (let found = 0; found < 2; found++) {
      prepareScript();
      addSplit();
      must(launchText("script ! split name=d  d.video_0 ! probe name=p  d.audio_0 ! probe name=q") == 0, "built");
      set_state(State.Playing);
      run();
      const d = element("d");
      if (found) {
        const text = String.UTF8.encode("v/raw");
        const caps = parseCaps(changetype<usize>(text), text.byteLength)!;
        must(openPad(d, 1, atom("video_0"), caps) != null, "opened");
        capsUnref(caps);
      }
      noMorePads(d);
      run();
      let warnings = 0;
      for (let i = 0; i < posts(); i++) warnings += i32(postKind(i) == Post.Warning);
      expect<i32>(warnings).toBe(found);
      expect<string>(firstError().slice(0, 3)).toBe(found ? "" : `${Code.NoPads}`);
      if (found) expect<bool>(element("q").has(ElementFlag.Eos) && !element("p").has(ElementFlag.Eos)).toBe(true);
      endCore();
    }
  });
});

describe("aggregate", () => {
  test("the frame that is decoded first comes first, when every input has one or can have none before it", () => {
    prepareScript();
    addMixer();
    must(launchText("script name=a ! m. script name=b ! m. mixer name=m ! probe") == 0, "built");
    must(orderElements(), "ordered");
    const m = element("m");
    const a = element("a").src!;
    const b = element("b").src!;
    events = 0;
    must(aggregate(m, count.index) == Aggregate.Wait && !m.has(ElementFlag.Waiting), "nothing is there");
    const segment = newEvent(EventType.Segment)!;
    segment.segment.init(Format.Time);
    segment.refs++;
    pushEvent(a, segment);
    pushEvent(b, segment);
    sendAt(a, 20);
    must(aggregate(m, count.index) == Aggregate.Wait && m.has(ElementFlag.Waiting), "b may have an earlier one");
    expect<i32>(events).toBe(2);
    sendAt(b, 10);
    sendAt(b, 30);
    must(aggregate(m, count.index) == Aggregate.Frame && nextPad() == b.link!.sink, "b first");
    expect<i64>(orderTime(nextPad(), asFrame(peek(nextPad().link!)))).toBe(10);
    frameUnref(asFrame(take(nextPad().link!)));
    must(aggregate(m, count.index) == Aggregate.Frame && nextPad() == a.link!.sink, "then a");
    frameUnref(asFrame(take(nextPad().link!)));
    must(aggregate(m, count.index) == Aggregate.Wait, "a may have one before 30");
    const gap = newEvent(EventType.Gap)!;
    gap.start = 20;
    gap.stop = 5;
    pushEvent(a, gap);
    must(aggregate(m, count.index) == Aggregate.Wait, "silent up to 25 only");
    const longer = newEvent(EventType.Gap)!;
    longer.start = 25;
    longer.stop = 10;
    pushEvent(a, longer);
    must(aggregate(m, count.index) == Aggregate.Frame && nextPad() == b.link!.sink, "silent up to 35");
    must(!m.has(ElementFlag.Waiting), "waits no more");
    frameUnref(asFrame(take(nextPad().link!)));
    sendAt(a, NONE);
    sendAt(b, 1);
    must(aggregate(m, count.index) == Aggregate.Frame && nextPad() == a.link!.sink, "one without a time goes at once");
    frameUnref(asFrame(take(nextPad().link!)));
    pushEvent(a, newEvent(EventType.Eos));
    must(
      aggregate(m, count.index) == Aggregate.Frame && nextPad() == b.link!.sink,
      "an input that ended is not waited for",
    );
    frameUnref(asFrame(take(nextPad().link!)));
    must(aggregate(m, count.index) == Aggregate.Wait, "b is open");
    pushEvent(b, newEvent(EventType.Eos));
    must(aggregate(m, count.index) == Aggregate.End, "all have ended");
    endCore();
  });
});

/** Events and queries that came up to the script. */
let seen: i32 = 0;

function takeUpstream(e: Element, pad: Pad, event: Event): bool {
  if (event.type != EventType.ForceKeyUnit) return false;
  seen++;
  return true;
}

function answerLatency(e: Element, pad: Pad, q: Query): bool {
  if (q.type == QueryType.Position) {
    q.a = 42;
    return true;
  }
  return false;
}

describe("questions and events against the stream", () => {
  test("an upstream event reaches the source through any elements, until one takes it", () => {
    play("script name=s ! identity ! tee name=t ! probe name=p t. ! queue ! probe name=q");
    element("s").factory.upstream = takeUpstream.index;
    seen = 0;
    const event = newEvent(EventType.ForceKeyUnit)!;
    must(offer(element("q").sink!.link!.src, event), "taken");
    expect<i32>(seen).toBe(1);
    event.type = EventType.Qos;
    must(!offer(element("q").sink!.link!.src, event), "nobody knows it");
    event.refs++;
    pushEvent(element("s").src!, event);
    pushEvent(element("s").src!, event);
    endCore();
  });

  test("a question goes upstream to who can answer it", () => {
    play("script name=s ! identity ! tee name=t ! probe name=p t. ! queue ! probe name=q");
    const q = beginQuery(QueryType.Position, Format.Time);
    must(!ask(element("p").sink!, q), "nobody knows");
    element("s").factory.query = answerLatency.index;
    must(ask(element("p").sink!, q) && q.a == 42, "the source does");
    endQuery();
    endCore();
  });

  test("latency is the longest minimum and the shortest maximum of the paths from live sources", () => {
    prepareScript();
    addMixer();
    must(
      launchText("script ! identity name=a ! m. script ! identity name=b ! m. mixer name=m ! probe name=p") == 0,
      "built",
    );
    element("a").minLatency = 30;
    element("a").maxLatency = 100;
    element("b").minLatency = 10;
    element("b").maxLatency = NONE;
    element("m").minLatency = 5;
    element("m").maxLatency = 7;
    element("p").minLatency = 1;
    set_state(State.Playing);
    run();
    expect<i64>(pipeline().latency).toBe(36);
    endCore();
  });
});
