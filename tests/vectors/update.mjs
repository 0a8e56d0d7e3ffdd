// Writes what vectors give now as what is expected, and prints what has changed. What depends on how the host goes about
// it is no result: such a vector is not written, and the program fails.
// node tests/vectors/update.mjs [VECTOR ...]
import fs from "node:fs";
import path from "node:path";
import prettier from "prettier";
import { root } from "../../scripts/lib/inputs.mjs";
import { readVectorFiles } from "../support/vector-files.mjs";
import { differences, firstDifference, loadCores, variants } from "../support/vector-variants.mjs";

const SEEDS = { count: 12, from: 1 };

const wanted = process.argv.slice(2);
const files = readVectorFiles();
const all = files.flatMap(([, vectors]) => vectors);
const run = loadCores(all);
let failed = false;
for (const [file, vectors] of files) {
  let changed = false;
  for (const vector of vectors) {
    if (wanted.length && !wanted.includes(vector.name)) continue;
    const results = [...variants(run, vector, SEEDS)];
    const [[, { leaks, ...plain }]] = results;
    const unlike = results.map(([label, result]) => {
      return [label, result.fault ?? firstDifference({ ...plain, leaks: null }, result)];
    });
    const bad = unlike.filter(([, difference]) => difference);
    for (const [label, difference] of bad) console.error(`${vector.name}: ${label}: ${difference}`);
    if (bad.length) {
      failed = true;
      continue;
    }
    const changes = [...differences(vector.expected ?? {}, plain)];
    if (!changes.length) continue;
    changed = true;
    console.log(`${vector.name}${vector.expected ? "" : " (new)"}`);
    if (vector.expected) for (const change of changes) console.log(`  ${change}`);
    vector.expected = plain;
  }
  if (!changed) continue;
  const config = await prettier.resolveConfig(file);
  fs.writeFileSync(file, await prettier.format(JSON.stringify(vectors), { ...config, filepath: file }));
  console.log(`wrote ${path.relative(root, file)}`);
}
process.exitCode = failed ? 1 : 0;
