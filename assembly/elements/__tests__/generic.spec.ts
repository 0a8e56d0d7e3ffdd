import { endCore, launchText, runUntilIdle } from "../../abi/__tests__/core";
import { set_state, step } from "../../abi/exports";
import { postData, postKind, posts } from "../../abi/__tests__/posts";
import { must } from "../../base/__tests__/region";
import { RECORDREADER_SIZE, RecordReader } from "../../base/records";
import { EventType } from "../../core/event";
import { framesUsed } from "../../core/frame";
import { setReady } from "../../core/ready";
import { NONE } from "../../core/time";
import { Post, State } from "../../generated/abi";
import { Code } from "../../generated/errors";
import { Prop as FakesinkProp } from "../../generated/elements/fakesink";
import { Prop as QueueProp } from "../../generated/elements/queue";
import { Prop as TeeProp } from "../../generated/elements/tee";
import { allow, begin, element, log, play, prepareScript, run, send, sendEvent } from "../../graph/__tests__/script";
import { queued } from "../../graph/link";
import { firstError } from "../../launch/__tests__/reports";

const READER: usize = memory.data(RECORDREADER_SIZE, 8);

/** The numbers of the last message that an element posted of itself: for a frame its size, pts, dts and so on. */
function lastMessage(): Array<i64> {
  const out = new Array<i64>();
  for (let i = posts() - 1; i >= 0; i--) {
    if (postKind(i) != Post.Element) continue;
    const data = postData(i);
    const r = changetype<RecordReader>(READER).over(changetype<usize>(data), data.length);
    r.text();
    for (let n = 0; n < 6 && r.more; n++) out.push(r.int());
    break;
  }
  return out;
}

/** How many messages elements posted of themselves. */
function messages(): i32 {
  let n = 0;
  for (let i = 0; i < posts(); i++) n += i32(postKind(i) == Post.Element);
  return n;
}

function wake(name: string): void {
  setReady(element(name).index);
}

/** How many words a log has. */
function words(text: string): i32 {
  return text.length ? text.split(" ").length : 0;
}

describe("fakesrc and fakesink", () => {
  test("as many frames as asked for arrive, of the sizes asked for", () => {
    play("fakesrc num-buffers=50 sizetype=random sizemin=10 sizemax=20 ! fakesink name=k silent=false");
    expect<i64>(element("k").propInt(FakesinkProp.rendered)).toBe(50);
    let least: i64 = 100;
    let most: i64 = 0;
    for (let i = 0; i < posts(); i++) {
      if (postKind(i) != Post.Element) continue;
      const data = postData(i);
      const r = changetype<RecordReader>(READER).over(changetype<usize>(data), data.length);
      r.text();
      const size = r.int();
      least = min(least, size);
      most = max(most, size);
    }
    expect<i64>(least).toBe(10);
    expect<i64>(most).toBe(20);
    endCore();
  });

  test("with a datarate frames have the times that it gives", () => {
    play("fakesrc num-buffers=3 sizetype=fixed sizemax=100 datarate=1000 ! fakesink silent=false");
    const last = lastMessage();
    must(last[0] == 100 && last[1] == 200000000 && last[2] == NONE && last[3] == 100000000 && last[4] == 200, "times");
    endCore();
  });

  test("a source whose memory is all in use waits, loses nothing, and goes on", () => {
    prepareScript();
    const line =
      "fakesrc num-buffers=20 sizetype=fixed sizemax=700000 name=s !" +
      " queue name=q max-size-buffers=0 max-size-bytes=0 max-size-time=0 ! probe name=p  script ! probe";
    must(launchText(line) == 0, "built");
    // What begins the stream, and no frame.
    allow("p", 3);
    set_state(State.Playing);
    for (let n = 0; n < 20; n++) step(1, 100);
    const held = framesUsed();
    must(held > 1 && held < 8, `${held} frames fit`);
    const links = queued(element("q").sink!.link!) + queued(element("p").sink!.link!);
    const level = <u32>element("q").propInt(QueueProp.current_level_buffers);
    expect<u32>(held).toBe(links + level, "no frame is lost on the way");
    allow("p", -1);
    for (let n = 0; n < 50; n++) {
      wake("p");
      step(1, 100);
    }
    expect<i32>(words(log())).toBe(3 + 20 + 1);
    expect<string>(firstError()).toBe("");
    endCore();
  });

  test("with sync frames are taken when they are due, and late ones dropped", () => {
    play("script name=s ! fakesink name=k sync=true max-lateness=5 silent=false");
    begin("s", "a/b");
    send("s", 1, 100);
    send("s", 2, 200);
    send("s", 3, 203);
    expect<i64>(step(0, 1000)).toBe(100, "the deadline of the first");
    expect<i64>(element("k").propInt(FakesinkProp.rendered)).toBe(0);
    expect<i64>(step(99, 1000)).toBe(100);
    expect<i64>(step(100, 1000)).toBe(200);
    expect<i64>(element("k").propInt(FakesinkProp.rendered)).toBe(1);
    step(206, 1000);
    expect<i64>(element("k").propInt(FakesinkProp.rendered)).toBe(2);
    expect<i64>(element("k").propInt(FakesinkProp.dropped)).toBe(1, "6 late is over 5, 3 late is not");
    endCore();
  });

  test("a sink with a number of frames ends behind it", () => {
    play("fakesrc num-buffers=10 ! fakesink name=k num-buffers=4");
    expect<i64>(element("k").propInt(FakesinkProp.rendered)).toBe(4);
    endCore();
  });
});

describe("identity", () => {
  test("it drops about the share that it is told, the same frames each time", () => {
    let first = "";
    for (let n = 0; n < 2; n++) {
      play("fakesrc num-buffers=1000 ! identity drop-probability=0.25 ! probe name=p");
      run();
      const got = log();
      must(words(got) > 700 && words(got) < 800, `${words(got)} of 1000`);
      if (n) must(got == first, "the same");
      first = got;
      endCore();
    }
  });

  test("it ends the stream or fails after the frame that it is told", () => {
    play("fakesrc num-buffers=10 ! identity eos-after=3 ! probe name=p");
    expect<string>(log()).toBe("p:start p:application/octet-stream p:segment0 p:0 p:1 p:2 p:eos");
    endCore();
    play("fakesrc num-buffers=10 ! identity error-after=2 ! probe name=p");
    expect<string>(log()).toBe("p:start p:application/octet-stream p:segment0 p:0 p:1 p:eos");
    expect<string>(firstError()).toBe(`${Code.Asked} 2`);
    expect<u32>(framesUsed()).toBe(0);
    endCore();
  });

  test("single-segment turns times into running time", () => {
    play("script name=s ! identity single-segment=true ! fakesink silent=false");
    begin("s", "a/b", 1000);
    send("s", 1, 1500);
    run();
    expect<i64>(lastMessage()[1]).toBe(500);
    endCore();
  });

  test("a datarate makes times", () => {
    play("script name=s ! identity datarate=100 ! fakesink silent=false");
    begin("s", "a/b", 0);
    send("s", 1, 777, 50);
    send("s", 2, 888, 50);
    run();
    const last = lastMessage();
    must(last[1] == 500000000 && last[3] == 500000000, "half a second each");
    endCore();
  });

  test("it tells of each frame unless it is silent", () => {
    play("fakesrc num-buffers=5 ! identity silent=false ! fakesink");
    expect<i32>(messages()).toBe(5);
    endCore();
  });
});

describe("queue", () => {
  test("its limits in bytes and time hold like that in frames", () => {
    const limits: Array<string> = ["max-size-bytes=250", "max-size-time=250"];
    for (let k = 0; k < 2; k++) {
      play(`script name=s ! queue name=q max-size-buffers=0 ${limits[k]} silent=true ! probe name=p`);
      begin("s", "a/b");
      run();
      log();
      allow("p", 0);
      for (let i = 0; i < 12; i++) send("s", i, i * 100, 100);
      run();
      const q = element("q");
      // Four frames lie in the link behind it. It holds what the limit says, or a little more.
      expect<i64>(q.propInt(QueueProp.current_level_buffers)).toBe(3 + k, limits[k]);
      expect<i64>(q.propInt(QueueProp.current_level_bytes)).toBe(300 + 100 * k);
      expect<i64>(q.propInt(QueueProp.current_level_time)).toBe(300);
      expect<u32>(queued(q.sink!.link!)).toBe(5 - k);
      allow("p", -1);
      wake("p");
      run();
      expect<string>(log()).toBe("p:0 p:1 p:2 p:3 p:4 p:5 p:6 p:7 p:8 p:9 p:10 p:11");
      expect<i64>(q.propInt(QueueProp.current_level_buffers)).toBe(0);
      expect<i64>(q.propInt(QueueProp.current_level_time)).toBe(0);
      endCore();
    }
  });

  test("at the end it can drop what it holds", () => {
    play("script name=s ! queue flush-on-eos=true ! probe name=p");
    begin("s", "a/b");
    run();
    log();
    allow("p", 0);
    for (let i = 0; i < 8; i++) send("s", i);
    run();
    sendEvent("s", EventType.Eos);
    run();
    allow("p", -1);
    wake("p");
    run();
    expect<string>(log()).toBe("p:0 p:1 p:2 p:3 p:eos");
    expect<u32>(framesUsed()).toBe(0);
    endCore();
  });

  test("it tells once that it is full", () => {
    play("script name=s ! queue max-size-buffers=2 ! probe name=p");
    begin("s", "a/b");
    run();
    allow("p", 0);
    for (let i = 0; i < 12; i++) send("s", i);
    run();
    expect<i32>(messages()).toBe(1);
    endCore();
  });
});

describe("tee", () => {
  test("it counts its branches and wants one", () => {
    play("script name=s ! tee name=t ! probe name=p t. ! probe name=q");
    expect<i64>(element("t").propInt(TeeProp.num_src_pads)).toBe(2);
    expect<i64>(runUntilIdle(1)).toBeGreaterThan(1);
    endCore();
  });
});
