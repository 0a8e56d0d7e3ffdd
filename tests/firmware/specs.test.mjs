// Specs on an emulated board: what they report is what they report in Node, above all when they fail.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { before, test } from "node:test";
import { noQemu, root } from "./support.mjs";

/** A repository with what specs need, and sources of its own; images are made beside the real ones' compilers. */
const tree = path.join(root, "build/spec-board/test-tree");

/** A spec that takes instructions in proportion to a number. */
const work = (n) => `test("works", () => {
  let sum: u32 = 1;
  for (let i: u32 = 0; i < ${n}; i++) sum = (sum ^ (sum << 5)) + load<u8>(sum & 255);
  expect<u32>(sum).not.toBe(0);
});`;

/** A spec that goes well, with all that is imported, and one that fails in every way that there is. */
const SPECS = {
  good: `
    @external("g2g", "random") declare function random(ptr: usize, length: u32): void;
    @external("g2g", "tick") declare function tick(): i64;
    @external("g2g", "post") declare function post(kind: u32, ptr: usize, length: u32): void;
    @external("g2g", "submit") declare function submit(handle: i32, op: u32, ptr: usize, length: u32, aux: i64, token: u32): i32;
    @external("spec", "posts") declare function posts(): i32;
    @external("spec", "postLength") declare function postLength(i: i32): i32;
    @external("spec", "postCopy") declare function postCopy(i: i32, into: usize): void;
    let before = 0;
    describe("a group", () => {
      beforeEach(() => { before++; });
      test("numbers of all types", () => {
        expect<i32>(before).toBe(1);
        expect<i64>(-5000000000).toBe(-5000000000);
        expect<u64>(u64.MAX_VALUE).toBe(u64.MAX_VALUE);
        expect<f32>(0.5).toBe(0.5);
        expect<f64>(1e300).toBeGreaterThan(1e299);
        expect<string>("a" + before.toString()).toBe("a1");
      });
      test("imports", () => {
        const bytes = new StaticArray<u8>(8);
        random(changetype<usize>(bytes), 8);
        expect<u64>(load<u64>(changetype<usize>(bytes))).not.toBe(0);
        expect<i64>(tick()).toBe(1000);
        expect<i32>(submit(1, 2, 3, 4, -5, 6)).toBe(-9);
        post(7, changetype<usize>(bytes), 8);
        expect<i32>(postLength(posts() - 1)).toBe(8);
        const copy = new StaticArray<u8>(8);
        postCopy(0, changetype<usize>(copy));
        expect<u64>(load<u64>(changetype<usize>(copy))).toBe(load<u64>(changetype<usize>(bytes)));
      });
      test("memory grows, and what is added is empty", () => {
        const before = memory.size();
        expect<i32>(memory.grow(3)).toBe(before);
        expect<i32>(memory.size()).toBe(before + 3);
        const end = <usize>memory.size() << 16;
        expect<u64>(load<u64>(end - 8)).toBe(0);
        store<u64>(end - 8, 5);
        expect<u64>(load<u64>(end - 8)).toBe(5);
        expect<i32>(memory.grow(65536)).toBe(-1);
      });
      throws("a trap that is expected", () => { unreachable(); });
    });
    log<string>("a log");`,
  bad: `
    @inline function end(): usize { return <usize>memory.size() << 16; }
    function zero(): i32 { return 0; }
    function deep(n: i32): i32 { return n ? deep(n + 1) + deep(n - 1) : 1; }
    test("is another", () => { expect<i32>(1 + 1).toBe(3, "one and one"); });
    test("is the same", () => { expect<string>("left").not.toBe("left"); });
    test("is far off", () => { expect<u64>(u64.MAX_VALUE).toBe(1); });
    test("is a structure", () => { expect<i32[]>([1, 2]).toStrictEqual([1, 3]); });
    test("reads behind its memory", () => { expect<i32>(load<i32>(end() - 3)).toBe(0); });
    test("writes behind its memory", () => { expect<i32>(1).toBe(1); store<u8>(end(), 1); });
    test("fills behind its memory", () => { expect<i32>(1).toBe(1); memory.fill(end() - 1, 0, 2); });
    test("divides by zero", () => { expect<i32>(5 / zero()).toBe(0); });
    test("asserts", () => { expect<i32>(1).toBe(1); assert(false, "why it failed"); });
    test("goes no further", () => { expect<i32>(1).toBe(1); unreachable(); });
    test("calls itself", () => { expect<i32>(deep(1)).toBe(0); });
    test("calls what is another", () => { call_indirect<f64>(<u32>zero() + 1, 1.5); expect<i32>(1).toBe(1); });
    test("expects nothing", () => {});
    throws("does not trap", () => { zero(); }, "it should have");
    test("still passes", () => { expect<i32>(1).toBe(1); });
    describe("a group that fails itself", () => { unreachable(); });
    todo("later");`,
  nested: `test("a call within a call", () => { expect<() => void>(() => { unreachable(); }).toThrow(); });`,
  start: "unreachable();",
  once: work(100_000_000),
  twice: work(200_000_000),
};

before(() => {
  fs.rmSync(tree, { recursive: true, force: true });
  fs.mkdirSync(path.join(tree, "build/spec-board"), { recursive: true });
  for (const name of ["package.json", "package-lock.json", "as-pect.asconfig.json", "scripts"]) {
    fs.cpSync(path.join(root, name), path.join(tree, name), { recursive: true });
  }
  for (const name of ["node_modules", "boards", "firmware", "tests"])
    fs.symlinkSync(path.join(root, name), path.join(tree, name));
  // Copied, since it looks for the boards from where it lies.
  fs.cpSync(path.join(root, "build/tool"), path.join(tree, "build/tool"), { recursive: true });
  for (const [name, text] of Object.entries(SPECS)) {
    const file = path.join(tree, `assembly/base/__tests__/${name}.spec.ts`);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
  }
});

/** Runs specs. @returns its exit code and lines, without what a place of running adds */
function specs(...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["scripts/spec.mjs", ...args], {
    cwd: tree,
    env: { ...process.env, G2G_TALLY: "" },
    encoding: "utf8",
  });
  const lines = (stdout + stderr).split("\n").filter((line) => !/^\s+at /.test(line));
  const plain = (line) => line.replace(/, [\d.]+ M instructions$/, "").replace(/ on mps2.*/, "");
  return { status, lines: lines.map(plain), text: stdout + stderr };
}

for (const engine of ["wasm3", "aot"]) {
  const board = ["--board", "mps2-an386", "--engine", engine];

  test(`${engine}: specs that pass pass`, { skip: noQemu }, () => {
    const there = specs("good", ...board);
    assert.equal(there.status, 0, there.text);
    assert.deepEqual(there.lines, specs("good").lines);
    assert.match(there.text, /4 passed, 0 failed, [\d.]+ M instructions/);
    assert.match(there.text, /1 of 1 spec files ran, 4 tests on mps2-an386 with \w+, [\d.]+ M instructions/);
  });

  test(`${engine}: what fails says what it says in Node`, { skip: noQemu }, () => {
    const there = specs("bad", ...board);
    assert.equal(there.status, 1);
    assert.deepEqual(there.lines, specs("bad").lines);
    assert.match(there.text, /at assembly\/base\/__tests__\/bad.spec\/deep/, "frames have the names of the functions");
  });

  test(`${engine}: a start that traps is a failure`, { skip: noQemu }, () => {
    const there = specs("start", ...board);
    assert.equal(there.status, 1);
    assert.deepEqual(there.lines, specs("start").lines);
  });

  test(`${engine}: a call within a call is refused`, { skip: noQemu }, () => {
    const there = specs("nested", ...board);
    assert.equal(there.status, 1);
    assert.match(there.text, /a call within a call/);
  });

  test(`${engine}: the same instructions each time`, { skip: noQemu }, () => {
    const [one, two] = [specs("good", ...board), specs("good", ...board)].map(
      ({ text }) => /, ([\d.]+) M/.exec(text)[1],
    );
    assert.equal(one, two);
  });
}

test("twice the work is twice the instructions, however often the clock begins anew", { skip: noQemu }, () => {
  const { text } = specs("once", "twice", "--board", "mps2-an386", "--engine", "aot");
  const [once, twice] = ["once", "twice"].map((name) => Number(new RegExp(`${name}\\.spec.*, (\\d+) M`).exec(text)[1]));
  assert.ok(once > 300 && Math.abs(twice / once - 2) < 0.05, text);
});

for (const [engine, ...words] of [["wasm3"], ["aot", "bits", "caps/", "g711", "biquad", "isobmff/__tests__/edits"]]) {
  test(`${engine}: specs of the core pass`, { skip: noQemu }, () => {
    const args = ["scripts/spec.mjs", "--board", "mps2-an386", "--engine", engine, ...words];
    const env = { ...process.env, G2G_TALLY: "" };
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, env, encoding: "utf8" });
    assert.equal(status, 0, stdout + stderr);
    const [, files, tests] = /(\d+) of \1 spec files ran, (\d+) tests/.exec(stdout);
    assert.ok(files >= 5 && tests >= 30, stdout);
  });
}

test(
  "boards, engines and options that there are not are refused, what does not fit is skipped",
  { skip: noQemu },
  () => {
    for (const args of [["--board", "none"], ["--board", "mps2-an386", "--engine", "none"], ["--none"]]) {
      assert.equal(specs(...args).status, 2, args.join(" "));
    }
    const args = ["scripts/spec.mjs", "--board", "mps2-an386", "mpegts/__tests__/demuxer"];
    const env = { ...process.env, G2G_TALLY: "" };
    const { stdout } = spawnSync(process.execPath, args, { cwd: root, env, encoding: "utf8" });
    assert.match(stdout, /needs 21 MiB of memory, of which mps2-an386 has 12\n0 passed, 0 failed, 1 skipped/);
  },
);
