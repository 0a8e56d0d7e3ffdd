// Runs the same module over the vectors in four engines and compares every call that the core makes, every byte that it
// writes and its whole memory at the end: V8 (Node), wasmtime, wasm3, and C made by wasm2c. V8 and wasmtime also run the
// module with SIMD, and V8 the one that the optimizer has not touched, whose calls and outputs must be the same.
// node tests/engines/run.mjs [VECTOR ...]
import fs from "node:fs";
import path from "node:path";
import { root } from "../../scripts/lib/inputs.mjs";
import { finish, tally } from "../../scripts/lib/tally.mjs";
import { Inputs, readVectors } from "../support/vector-files.mjs";
import { runJob } from "../support/vector-host.mjs";
import { ABI } from "../support/vector-records.mjs";
import { checkFloats } from "./floats.mjs";
import { ENGINES, Unavailable, execute } from "./build.mjs";
import { writeJobs } from "./jobs.mjs";

const FOLDER = path.join(root, "build/engines/runs");

fs.rmSync(FOLDER, { recursive: true, force: true });
fs.mkdirSync(path.join(FOLDER, "inputs"), { recursive: true });

/** A copy of an artifact: all engines run the same one, whatever is built meanwhile. */
function artifact(name) {
  const copy = path.join(FOLDER, name);
  fs.copyFileSync(path.join(root, "build", name), copy);
  return copy;
}

const SCALAR = artifact("core.wasm");
const SIMD = artifact("core.simd.wasm");
/** The same source, not optimized: what the optimizer makes of it must not differ. */
const PLAIN = path.join(FOLDER, "core.plain.wasm");

/** Work of a step. */
const WORK = 2000;

/** What runs besides Node: the engine, the module, and whether it is too slow for vectors that are marked so. */
const RUNS = [
  { engine: "wasm2c", core: SCALAR },
  { engine: "wasmtime", core: SCALAR },
  { engine: "wasmtime", core: SIMD },
  { engine: "wasm3", core: SCALAR, slow: true },
];

const count = tally();
const wanted = process.argv.slice(2);
const all = readVectors();
const vectors = readVectors(wanted);
const modules = new Map([SCALAR, SIMD].map((file) => [file, new WebAssembly.Module(fs.readFileSync(file))]));
const inputs = new Inputs(all, (job) => runJob(modules.get(SCALAR), job).outputs);

const shown = (line) => (line === undefined ? "nothing" : line.length > 300 ? `${line.slice(0, 300)} ...` : line);

/** The first difference of two runs in words, or null. */
function difference(expected, found) {
  const n = Math.max(expected.trace.length, found.trace.length);
  for (let i = 0; i < n; i++) {
    if (expected.trace[i] === found.trace[i]) continue;
    return `call ${i + 1}:\n  expected ${shown(expected.trace[i])}\n  found    ${shown(found.trace[i])}`;
  }
  for (const [name, data] of expected.outputs) {
    const other = found.outputs.get(name);
    if (other && data.equals(other)) continue;
    const at = other ? data.findIndex((byte, i) => byte !== other[i]) : 0;
    return `${name} differs at byte ${at}`;
  }
  return null;
}

/** A run without what depends on the module and not on what it does: where its memory lies. */
const withoutMemory = ({ trace, outputs }) => ({ trace: trace.filter((line) => !line.startsWith("memory ")), outputs });

/** A run without how much memory is in use: the optimizer moves where the heap begins. */
const withoutUse = (run) => {
  const { trace, outputs } = withoutMemory(run);
  return { trace: trace.filter((line) => !line.startsWith(`query ${ABI.Query.Memory} `)), outputs };
};

/** Reads what a host has left of a job; what is not there is empty. */
function readRun(folder, name, outputs) {
  const file = (suffix) => path.join(folder, `${name}.${suffix}`);
  const trace = fs.existsSync(file("trace")) ? fs.readFileSync(file("trace"), "latin1").trimEnd().split("\n") : [];
  const written = [...outputs.keys()].filter((output) => fs.existsSync(file(output)));
  return { trace, outputs: new Map(written.map((output) => [output, fs.readFileSync(file(output))])) };
}

await execute(process.execPath, [
  ...["node_modules/assemblyscript/bin/asc.js", "assembly/profiles/full.ts", "--config", "asconfig.json"],
  ...["--target", "baseline", "--optimizeLevel", "0", "--outFile", PLAIN],
]);
modules.set(PLAIN, new WebAssembly.Module(fs.readFileSync(PLAIN)));

// Node's runs are what the others are compared with.
const jobs = [];
const expected = new Map([SCALAR, SIMD].map((file) => [file, new Map()]));
for (const vector of vectors) {
  try {
    const job = { ...inputs.job(vector), slow: vector.slow === true };
    const run = (file) => runJob(modules.get(file), job, { work: WORK, memory: true });
    const [scalar, simd] = [SCALAR, SIMD].map((file) => {
      expected.get(file).set(job.name, run(file));
      return withoutMemory(expected.get(file).get(job.name));
    });
    count.test(`${job.name}: SIMD in Node`, difference(scalar, simd));
    count.test(`${job.name}: not optimized, in Node`, difference(withoutUse(scalar), withoutUse(run(PLAIN))));
    jobs.push(job);
  } catch (error) {
    // A trap, or a run without an end.
    count.test(`${vector.name}: Node`, error.message);
  }
}

/** Runs the jobs in an engine, which is made first. */
async function runEngine({ engine, core, slow = false }) {
  const label = `${engine}${core === SIMD ? " with SIMD" : ""}`;
  let command;
  try {
    command = await ENGINES[engine](core);
  } catch (error) {
    if (error instanceof Unavailable) count.skip(label, error.message);
    else count.test(label, error.message);
    return;
  }
  const mine = slow ? jobs.filter((job) => !job.slow) : jobs;
  const folder = path.join(FOLDER, label.replaceAll(" ", "-"));
  fs.mkdirSync(folder);
  const list = path.join(folder, "jobs");
  fs.writeFileSync(list, writeJobs(mine, path.join(FOLDER, "inputs"), { work: WORK, options: 0 }));
  const start = performance.now();
  const [program, ...args] = command;
  const failure = await execute(program, [...args, core, list, folder]).then(
    () => null,
    (error) => error.message,
  );
  if (failure) count.test(label, failure);
  for (const job of mine) {
    const wish = expected.get(core).get(job.name);
    const found = readRun(folder, job.name, wish.outputs);
    // A host that has failed leaves the jobs behind it undone.
    if (!failure || found.trace.length) count.test(`${job.name}: ${label}`, difference(wish, found));
  }
  console.log(`${label}: ${mine.length} vectors in ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

// One after the other: each makes use of both processors while it is compiled, and then they are few.
for (const run of RUNS) await runEngine(run);
checkFloats(count);
finish(count);
