import { endCore } from "../../abi/__tests__/core";
import { postKind, posts } from "../../abi/__tests__/posts";
import { firstError } from "../../launch/__tests__/reports";
import { must } from "../../base/__tests__/region";
import { EventType } from "../../core/event";
import { framesUsed } from "../../core/frame";
import { Post } from "../../generated/abi";
import { Code } from "../../generated/errors";
import { setReady } from "../../core/ready";
import { flushDownstream } from "../flow";
import { queued } from "../link";
import { allow, begin, change, element, log, play, run, send, sendEvent } from "./script";

function wake(probe: string): void {
  setReady(element(probe).index);
}

describe("the flow through the graph", () => {
  test("packets arrive in order, events among frames", () => {
    play("script name=s ! identity ! probe name=p");
    must(begin("s", "a/b"), "negotiated");
    send("s", 1);
    sendEvent("s", EventType.Gap, 5, 5);
    send("s", 2);
    run();
    expect<string>(log()).toBe("p:start p:a/b p:segment0 p:1 p:gap p:2");
    sendEvent("s", EventType.Eos);
    run();
    expect<string>(log()).toBe("p:eos");
    endCore();
  });

  test("who does not take stops those before it, and is given more as soon as it takes", () => {
    play("script name=s ! identity name=i ! identity ! probe name=p");
    begin("s", "a/b");
    run();
    log();
    allow("p", 0);
    for (let i = 0; i < 30; i++) send("s", i);
    run();
    expect<string>(log()).toBe("");
    expect<u32>(queued(element("p").sink!.link!)).toBe(4);
    expect<u32>(queued(element("i").sink!.link!)).toBe(22);
    allow("p", 1);
    wake("p");
    run();
    expect<string>(log()).toBe("p:0");
    expect<u32>(queued(element("p").sink!.link!)).toBe(4, "the place was filled at once");
    expect<u32>(queued(element("i").sink!.link!)).toBe(21);
    allow("p", -1);
    wake("p");
    run();
    expect<string>(log().slice(0, 11)).toBe("p:1 p:2 p:3");
    expect<u32>(framesUsed()).toBe(0);
    endCore();
  });

  test("a tee hands every frame to each branch without copying it", () => {
    play("script name=s ! tee name=t ! probe name=p t. ! probe name=q t. ! identity ! probe name=r");
    begin("s", "a/b");
    run();
    log();
    send("s", 7, 0, 1000);
    run();
    const order = log();
    must(order.includes("p:7") && order.includes("q:7") && order.includes("r:7"), order);
    expect<u32>(framesUsed()).toBe(0);
    sendEvent("s", EventType.Eos);
    run();
    const ends = log();
    must(ends.includes("p:eos") && ends.includes("q:eos") && ends.includes("r:eos"), ends);
    endCore();
  });

  test("a tee waits for the branch that is full", () => {
    play("script name=s ! tee name=t ! probe name=p t. ! probe name=q");
    begin("s", "a/b");
    run();
    log();
    allow("q", 0);
    for (let i = 0; i < 10; i++) send("s", i);
    run();
    expect<string>(log()).toBe("p:0 p:1 p:2 p:3");
    expect<u32>(framesUsed()).toBe(10);
    endCore();
  });

  test("a funnel gives caps and segment again whenever its input changes", () => {
    play("script name=s ! funnel name=f ! probe name=p script name=z ! f.");
    begin("s", "a/b", 1);
    begin("z", "c/d", 2);
    run();
    send("s", 1);
    run();
    send("z", 2);
    run();
    send("z", 3);
    send("s", 4);
    run();
    const got = log();
    expect<string>(got.slice(0, 9)).toBe("p:start p");
    must(got.includes("p:a/b p:segment1 p:1 p:c/d p:segment2 p:2"), got);
    must(got.includes("p:4") && got.includes("p:3"), got);
    sendEvent("s", EventType.Eos);
    run();
    expect<string>(log()).toBe("", "one input is still open");
    sendEvent("z", EventType.Eos);
    run();
    expect<string>(log()).toBe("p:eos");
    endCore();
  });

  test("caps that change go through while they fit, and end the pipeline with an explanation when not", () => {
    play("script name=s ! identity ! capsfilter caps=a/b,x=[1,5] ! probe name=p");
    must(begin("s", "a/b, x=1"), "fits");
    run();
    expect<string>(log()).toBe("p:start p:a/b p:segment0");
    must(change("s", "a/b, x=5"), "still fits");
    run();
    expect<string>(log()).toBe("p:a/b");
    must(!change("s", "a/b, x=6"), "fits no more");
    expect<string>(firstError().slice(0, 40)).toBe(
      `${Code.CannotLink} "identity0" "capsfilter0" "x" "a/b, x`.slice(0, 40),
    );
    endCore();
  });

  test("a flush voids what is in flight on every branch", () => {
    play("script name=s ! tee name=t ! queue name=q ! probe name=p t. ! probe name=r");
    begin("s", "a/b");
    run();
    log();
    allow("p", 0);
    allow("r", 0);
    for (let i = 0; i < 8; i++) send("s", i);
    run();
    expect<u32>(framesUsed()).toBe(8);
    flushDownstream(element("s").src!);
    expect<u32>(framesUsed()).toBe(0);
    allow("p", -1);
    allow("r", -1);
    send("s", 99);
    run();
    const got = log();
    must(got == "r:99 p:99" || got == "p:99 r:99", got);
    endCore();
  });

  test("a queue holds what it may, and a full one stops or drops as it is told", () => {
    const leaky: Array<string> = ["no", "upstream", "downstream"];
    const results: Array<string> = ["0 1 2 3 4 5 6 7 8 9 10 11", "0 1 2 3 4 5 6", "0 1 2 3 9 10 11"];
    for (let k = 0; k < 3; k++) {
      play(`script name=s ! queue name=q max-size-buffers=3 leaky=${leaky[k]} silent=true ! probe name=p`);
      begin("s", "a/b");
      run();
      log();
      allow("p", 0);
      for (let i = 0; i < 12; i++) send("s", i);
      run();
      // Three in the queue, four in the link behind it; the others wait or are gone.
      expect<u32>(framesUsed()).toBe(k ? 7 : 12, leaky[k]);
      allow("p", -1);
      sendEvent("s", EventType.Eos);
      wake("p");
      run();
      expect<string>(log().replaceAll("p:", "")).toBe(`${results[k]} eos`, leaky[k]);
      endCore();
    }
  });

  test("a queue gives nothing below its threshold, and all at the end", () => {
    play("script name=s ! queue min-threshold-buffers=3 ! probe name=p");
    begin("s", "a/b");
    run();
    send("s", 1);
    send("s", 2);
    run();
    expect<string>(log()).toBe("");
    send("s", 3);
    run();
    expect<string>(log()).toBe("p:start p:a/b p:segment0 p:1");
    sendEvent("s", EventType.Eos);
    run();
    expect<string>(log()).toBe("p:2 p:3 p:eos");
    endCore();
  });

  test("the end of all sinks is posted once", () => {
    play("script name=s ! probe script name=z ! probe");
    begin("s", "a/b");
    begin("z", "a/b");
    sendEvent("s", EventType.Eos);
    run();
    let ends = 0;
    for (let i = 0; i < posts(); i++) ends += i32(postKind(i) == Post.Eos);
    expect<i32>(ends).toBe(0);
    sendEvent("z", EventType.Eos);
    run();
    run();
    for (let i = 0; i < posts(); i++) ends += i32(postKind(i) == Post.Eos);
    expect<i32>(ends).toBe(1);
    endCore();
  });
});
