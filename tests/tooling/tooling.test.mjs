// The programs that run the checks must themselves fail when they should: each is run in a small tree of its own.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { root } from "../../scripts/lib/inputs.mjs";

let tree = "";

before(() => {
  tree = fs.mkdtempSync(path.join(os.tmpdir(), "g2g-tooling-"));
  for (const name of ["package.json", "package-lock.json", "asconfig.json", "as-pect.asconfig.json", "scripts"]) {
    fs.cpSync(path.join(root, name), path.join(tree, name), { recursive: true });
  }
  fs.symlinkSync(path.join(root, "node_modules"), path.join(tree, "node_modules"));
});

beforeEach(() => fs.rmSync(path.join(tree, "assembly"), { recursive: true, force: true }));

after(() => fs.rmSync(tree, { recursive: true }));

function write(file, text) {
  fs.mkdirSync(path.dirname(path.join(tree, file)), { recursive: true });
  fs.writeFileSync(path.join(tree, file), text);
}

/** Runs a program of the tree. @returns its exit status, all it printed, and its counts */
function run(...args) {
  const tally = path.join(tree, "tally.json");
  fs.rmSync(tally, { force: true });
  const env = { ...process.env, G2G_TALLY: tally };
  // Set by the runner that runs this test; a runner below it would report to that one.
  delete env.NODE_TEST_CONTEXT;
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: tree, env, encoding: "utf8" });
  const counts = fs.existsSync(tally) ? JSON.parse(fs.readFileSync(tally, "utf8")) : null;
  return { status, output: stdout + stderr, counts };
}

const spec = (name, text) => write(`assembly/base/__tests__/${name}.spec.ts`, text);

test("specs that expect and get what they expect pass", () => {
  spec("good", 'test("adds", () => { expect<i32>(1 + 1).toBe(2); });');
  const { status, output, counts } = run("scripts/spec.mjs");
  assert.equal(status, 0, output);
  assert.equal(counts.passed, 1);
  assert.match(output, /1 of 1 spec files ran, 1 tests/);
});

test("no specs at all is a failure", () => {
  write("assembly/base/code.ts", "export const X: i32 = 1;");
  assert.equal(run("scripts/spec.mjs").status, 1);
});

const bad = {
  "a spec without tests": ["export const X: i32 = 1;", /has no tests/],
  "a test that expects nothing": ['test("idle", () => {});', /idle: expects nothing/],
  "an expectation that is not met": ['test("adds", () => { expect<i32>(1 + 1).toBe(3); });', /actual: +2/],
  "a trap": ['test("traps", () => { expect<i32>(1).toBe(1); unreachable(); });', /traps: /],
  "a trap outside of all tests": ["unreachable();", /unreachable/],
  "a spec that does not compile": ['test("x", () => { expect<i32>(nothing).toBe(1); });', /Cannot find name 'nothing'/],
  "a test that is left for later": ['todo("later");\ntest("x", () => { expect<i32>(1).toBe(1); });', /todo: later/],
};
for (const [name, [text, message]] of Object.entries(bad)) {
  test(`${name} is a failure, and the specs beside it still run`, () => {
    spec("bad", text);
    spec("good", 'test("adds", () => { expect<i32>(1 + 1).toBe(2); });');
    const { status, output, counts } = run("scripts/spec.mjs");
    assert.equal(status, 1, output);
    assert.equal(counts.failed, 1, output);
    assert.ok(counts.passed >= 1, output);
    assert.match(output, message);
  });
}

test("code with a variant for SIMD is run as both", () => {
  write("assembly/base/kind.ts", "export function kind(): i32 { return ASC_FEATURE_SIMD ? 2 : 1; }");
  spec("kind", 'import { kind } from "../kind"; test("kind", () => { expect<i32>(kind()).toBe(1); });');
  const { status, output, counts } = run("scripts/spec.mjs");
  assert.equal(status, 1);
  assert.equal(counts.passed, 1, output);
  assert.match(output, /kind\.spec\.ts \(SIMD\): .*kind/);
});

test("a changed source is compiled again", () => {
  write("assembly/base/value.ts", "export const VALUE: i32 = 1;");
  spec("value", 'import { VALUE } from "../value"; test("value", () => { expect<i32>(VALUE).toBe(1); });');
  assert.equal(run("scripts/spec.mjs").status, 0);
  write("assembly/base/value.ts", "export const VALUE: i32 = 2;");
  assert.equal(run("scripts/spec.mjs").status, 1);
});

test("core code that no profile reaches is compiled and held against the strict subset", () => {
  write("assembly/base/good.ts", "export function good(n: u32): u32 { return n + 1; }");
  assert.equal(run("scripts/strict-check.mjs").status, 0);
  write("assembly/base/bad.ts", "export function bad(n: u32): u32 { return n + nothing; }");
  const broken = run("scripts/strict-check.mjs");
  assert.equal(broken.status, 1);
  assert.match(broken.output, /Cannot find name 'nothing'/);
  write("assembly/base/bad.ts", "export function bad(n: u32): u32 {\n  return [n][0];\n}");
  const managed = run("scripts/strict-check.mjs");
  assert.equal(managed.status, 1);
  assert.match(managed.output, /assembly\/base\/bad\.ts:2:10: strict: an array literal/);
});

test("a file without tests under Node's runner is counted as failed", () => {
  write("empty.test.mjs", "export const nothing = 1;");
  write(
    "good.test.mjs",
    'import { test } from "node:test"; test("good", () => {}); test("later", { skip: "why" }, () => {});',
  );
  const tally = path.join(tree, "tally.json");
  const reporter = ["--test-reporter=./scripts/lib/count-reporter.mjs", `--test-reporter-destination=${tally}`];
  const { counts } = run("--test", ...reporter, "empty.test.mjs", "good.test.mjs");
  assert.deepEqual(counts, { passed: 1, failed: 1, skipped: 1, reasons: ["later: why"] });
});
