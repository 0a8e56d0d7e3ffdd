import { freshHeap, must, regionStart } from "../../base/__tests__/region";
import { heap } from "../../base/heap";
import { RECORDREADER_SIZE, RecordReader } from "../../base/records";
import { register as registerFakesink } from "../../elements/fakesink";
import { register as registerFakesrc } from "../../elements/fakesrc";
import { register as registerIdentity } from "../../elements/identity";
import { ABI_VERSION, HostError, Post, State } from "../../generated/abi";
import { Code } from "../../generated/errors";
import { abi_version, alloc, describe as describeElement, dispose, free, prepare, set_state, step } from "../exports";
import { endCore, freshCore, launchText, runUntilIdle } from "./core";
import { postData, postKind, posts } from "./posts";

const READER: usize = memory.data(RECORDREADER_SIZE, 8);

function readerOf(data: StaticArray<u8>): RecordReader {
  return changetype<RecordReader>(READER).over(changetype<usize>(data), data.length);
}

function startCore(): void {
  freshCore();
  registerFakesrc();
  registerFakesink();
  registerIdentity();
}

/** How many messages of a kind were posted. */
function countPosts(kind: Post): i32 {
  let n = 0;
  for (let i = 0; i < posts(); i++) n += i32(postKind(i) == kind);
  return n;
}

describe("exports", () => {
  test("the version is that of the tables", () => {
    expect<i32>(abi_version()).toBe(ABI_VERSION);
  });

  test("a core that did nothing gives everything back", () => {
    startCore();
    endCore();
  });

  test("memory that the host keeps is a leak, counted by dispose", () => {
    startCore();
    const p = alloc(100);
    const q = alloc(0);
    must(p != 0 && q != 0, "memory");
    free(q);
    expect<i32>(dispose()).toBe(1);
  });

  test("a core without room for itself says so", () => {
    freshHeap();
    expect<i32>(prepare(regionStart(), regionStart() + 256, 256, 0)).toBe(HostError.NoMemory);
    freshHeap();
  });

  test("a state that does not exist is refused", () => {
    startCore();
    expect<i32>(set_state(State.Playing + 1)).toBe(HostError.Invalid);
    expect<i32>(set_state(-1)).toBe(HostError.Invalid);
    endCore();
  });

  test("a description that is no description is refused", () => {
    startCore();
    const p = alloc(16);
    memory.fill(p, 0xff, 16);
    expect<i32>(describeElement(p, 16)).toBe(HostError.Invalid);
    expect<i32>(describeElement(p, 0)).toBe(HostError.Invalid);
    free(p);
    endCore();
  });

  test("an element that does not exist is an error that names it", () => {
    startCore();
    expect<i32>(launchText("fakesrc ! fakesing")).toBe(Code.NoElement);
    expect<i32>(countPosts(Post.Error)).toBe(1);
    let at = 0;
    while (postKind(at) != Post.Error) at++;
    const data = postData(at);
    const r = readerOf(data);
    expect<i64>(r.int()).toBe(Code.NoElement);
    expect<bool>(r.text()).toBe(true);
    expect<i64>(r.int()).toBe(-1, "no byte of a stream");
    r.int();
    expect<bool>(r.text()).toBe(true);
    expect<string>(String.UTF8.decodeUnsafe(r.data, r.length)).toBe("fakesing");
    expect<i64>(r.int()).toBe(11, "the column");
    expect<bool>(r.text()).toBe(true);
    expect<string>(String.UTF8.decodeUnsafe(r.data, r.length)).toBe("fakesink", "what was meant");
    expect<bool>(r.bad).toBe(false);
    endCore();
  });

  test("a second line has no place", () => {
    startCore();
    expect<i32>(launchText("fakesrc ! fakesink")).toBe(0);
    expect<i32>(launchText("fakesrc ! fakesink")).toBe(Code.NotNow);
    endCore();
  });

  test("a pipeline runs to its end, and a step of little work goes on where the last stopped", () => {
    startCore();
    expect<i32>(launchText("fakesrc num-buffers=1000 ! identity ! fakesink")).toBe(0);
    set_state(State.Playing);
    let steps = 0;
    let wait: i64 = 0;
    while (!wait) {
      wait = step(1, 10);
      must(++steps < 100000, "the pipeline ends");
    }
    expect<i32>(steps).toBeGreaterThan(10, "the work was spent many times");
    expect<i32>(countPosts(Post.Eos)).toBe(1);
    expect<i32>(countPosts(Post.Error)).toBe(0);
    endCore();
  });

  test("frames flow without allocations", () => {
    startCore();
    launchText("fakesrc num-buffers=200000 ! identity ! fakesink");
    set_state(State.Playing);
    let allocs: u32 = 0;
    let steps = 0;
    for (; step(1, 5000) == 0; steps++) {
      if (steps == 2) allocs = heap().allocs;
      else if (steps > 2) must(heap().allocs == allocs || countPosts(Post.Eos) > 0, "no allocation");
    }
    expect<i32>(steps).toBeGreaterThan(20);
    endCore();
  });

  test("dispose has to wait for NULL", () => {
    startCore();
    launchText("fakesrc ! fakesink");
    set_state(State.Ready);
    runUntilIdle(1);
    expect<i32>(dispose()).toBe(HostError.Busy);
    endCore();
  });
});
