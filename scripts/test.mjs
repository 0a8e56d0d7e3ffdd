// All tests. Sets up what is missing, runs every stage even when one fails, and prints a table at the end.
// npm test [-- STAGE ...]   only the stages named
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { bootstrap } from "./bootstrap.mjs";
import { filesUnder, root } from "./lib/inputs.mjs";

/** The folder of the simulated host, whose tests are a stage of their own. */
const SIMULATED = "tests/sim/";

/** The folder of what is built for boards and run there. */
const FIRMWARE = "tests/firmware/";

/** Runs the tests under Node's own runner that `accept` names. */
function nodeTests(accept) {
  const files = filesUnder("tests", (file) => file.endsWith(".test.mjs") && accept(file));
  const reporters = { spec: "stdout", "./scripts/lib/count-reporter.mjs": "TALLY" };
  const args = Object.entries(reporters).flatMap(([reporter, destination]) => [
    `--test-reporter=${reporter}`,
    `--test-reporter-destination=${destination}`,
  ]);
  return files.length ? ["--test", ...args, ...files] : null;
}

/** Arguments for Node by stage; TALLY stands for the file that gets the counts. null: there is nothing to run. */
const STAGES = {
  // Before the build, which would make good what is stale.
  generated: () => ["scripts/generate.mjs", "--check"],
  lint: () => ["scripts/lint.mjs"],
  strict: () => ["tests/strict/run.mjs"],
  module: () => ["tests/module/check.mjs"],
  spec: () => ["scripts/spec.mjs"],
  sim: () => nodeTests((file) => file.startsWith(SIMULATED)),
  node: () => nodeTests((file) => !file.startsWith(SIMULATED) && !file.startsWith(FIRMWARE)),
  engines: () => ["tests/engines/run.mjs"],
  vectors: () => ["tests/vectors/run.mjs"],
  rust: () => ["scripts/rust.mjs"],
  native: () => ["tests/native/run.mjs"],
  firmware: () => nodeTests((file) => file.startsWith(FIRMWARE)),
};

/** Runs one stage. @returns its counts, seconds and reasons of what was skipped */
function runStage(name) {
  const args = STAGES[name]();
  const script = args?.find((arg) => arg.endsWith(".mjs") && !arg.startsWith("--"));
  if (!args || !fs.existsSync(path.join(root, script))) {
    return { passed: 0, failed: 0, skipped: 1, reasons: [`${script ?? "its tests"}: not there`], seconds: 0 };
  }
  console.log(`\n=== ${name}`);
  const tally = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "g2g-test-")), "tally.json");
  const start = performance.now();
  const { status, signal } = spawnSync(
    process.execPath,
    args.map((arg) => arg.replace("=TALLY", `=${tally}`)),
    { cwd: root, stdio: "inherit", env: { ...process.env, G2G_TALLY: tally } },
  );
  const seconds = (performance.now() - start) / 1000;
  let counts = { passed: 0, failed: 0, skipped: 0, reasons: [] };
  if (fs.existsSync(tally)) counts = { ...counts, ...JSON.parse(fs.readFileSync(tally, "utf8")) };
  // A program that counts nothing is one check.
  else if (status === 0) counts.passed = 1;
  if (status !== 0 && !counts.failed) counts.failed = 1;
  if (signal) console.error(`${name} was ended by ${signal}`);
  fs.rmSync(path.dirname(tally), { recursive: true });
  return { ...counts, seconds };
}

function printTable(results) {
  const row = (...cells) => cells.map((cell, i) => (i ? String(cell).padStart(9) : String(cell).padEnd(12))).join("");
  console.log(`\n${row("", "passed", "failed", "skipped", "seconds")}`);
  for (const [name, r] of results) console.log(row(name, r.passed, r.failed, r.skipped, r.seconds.toFixed(1)));
}

const wanted = process.argv.slice(2);
for (const name of wanted) {
  if (name in STAGES) continue;
  console.error(`no stage ${name}; there are ${Object.keys(STAGES).join(", ")}`);
  process.exit(2);
}
const names = Object.keys(STAGES).filter((name) => !wanted.length || wanted.includes(name));
const results = new Map();
let built = false;
for (const name of names) {
  if (name !== "generated" && !built) {
    await bootstrap({ testkit: true });
    built = true;
  }
  results.set(name, runStage(name));
}
for (const [name, { reasons }] of results) {
  for (const reason of new Set(reasons)) console.log(`SKIPPED ${name}: ${reason}`);
}
printTable(results);
const sum = (key) => [...results.values()].reduce((total, r) => total + r[key], 0);
const failed = [...results].filter(([, r]) => r.failed).map(([name]) => name);
console.log(
  `\n${sum("passed")} passed, ${sum("failed")} failed, ${sum("skipped")} skipped` +
    (failed.length ? `: FAILED in ${failed.join(", ")}` : ""),
);
process.exit(failed.length ? 1 : 0);
