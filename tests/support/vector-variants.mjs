// The ways in which a vector is run, which must all give the same, and the comparison of what they give.
import fs from "node:fs";
import path from "node:path";
import { root } from "../../scripts/lib/inputs.mjs";
import { Inputs } from "./vector-files.mjs";
import { runJob } from "./vector-host.mjs";
import { leaksOf, resultOf } from "./vector-result.mjs";

/** Statistics are counted: option 1 of init. */
const STATISTICS = 1;

/**
 * Loads the artifacts of the core.
 * @returns inputs: of the vectors; on(artifact, vector, options): what a vector gives; artifacts are scalar and simd
 */
export function loadCores(vectors) {
  const load = (name) => new WebAssembly.Module(fs.readFileSync(path.join(root, "build", name)));
  const modules = { scalar: load("core.wasm"), simd: load("core.simd.wasm") };
  const inputs = new Inputs(vectors, (job) => runJob(modules.scalar, job).outputs);
  const on = (artifact, vector, options) => {
    const job = inputs.job(vector);
    try {
      const { trace, outputs } = runJob(modules[artifact], job, options);
      const result = { inputs: inputs.hashes(vector), ...resultOf(trace, outputs), leaks: leaksOf(trace) };
      for (const key of vector.loose ?? []) delete result[key];
      for (const [name, description] of Object.entries(vector.like ?? {})) {
        if (!outputs.get(name)?.equals(inputs.of(description)))
          result.fault = `${name} is not like what it is to be like`;
      }
      return result;
    } catch (error) {
      // A trap, or a run without an end.
      return { fault: error.message };
    }
  };
  return { inputs, on };
}

/** Runs a vector in every way. Gives the label of each and its result, the plain one first. */
export function* variants(run, vector, { count, from }) {
  yield ["as it is", run.on("scalar", vector)];
  yield ["with SIMD", run.on("simd", vector)];
  yield ["step by step", run.on("scalar", vector, { work: 1 })];
  for (let seed = from; seed < from + count; seed++) {
    const artifact = seed % 2 ? "simd" : "scalar";
    const options = { seed, options: seed % 3 ? 0 : STATISTICS };
    yield [`seed ${seed}`, run.on(artifact, vector, options)];
  }
}

const shown = (value) => {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 400 ? `${text.slice(0, 400)} ...` : text;
};

const isBranch = (value) => typeof value === "object" && value !== null;

/** What differs between two values of JSON, as texts. */
export function* differences(expected, found, place = "") {
  if (isBranch(expected) && isBranch(found) && Array.isArray(expected) === Array.isArray(found)) {
    for (const key of new Set([...Object.keys(expected), ...Object.keys(found)])) {
      yield* differences(expected[key], found[key], place ? `${place}.${key}` : key);
    }
  } else if (expected !== found) yield `${place}: expected ${shown(expected)}, found ${shown(found)}`;
}

/** The first difference, or null. */
export function firstDifference(expected, found) {
  return differences(expected, found).next().value ?? null;
}
