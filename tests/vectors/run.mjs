// Runs every vector in Node and compares what it gives with what is expected: as it is; with SIMD; with a step for every
// unit of work; as a real host would, which answers late and in any order, chosen by seeds; and in the Node library.
// node tests/vectors/run.mjs [--seeds N] [--from N] [VECTOR ...]
import { finish, tally } from "../../scripts/lib/tally.mjs";
import { readVectors } from "../support/vector-files.mjs";
import { elementsWithout } from "../support/vector-coverage.mjs";
import { playInNode } from "../support/vector-node.mjs";
import { firstDifference, loadCores, variants } from "../support/vector-variants.mjs";

const args = process.argv.slice(2);
const option = (name, otherwise) => {
  const at = args.indexOf(name);
  return at < 0 ? otherwise : Number(args.splice(at, 2)[1]);
};
const seeds = { count: option("--seeds", 12), from: option("--from", 1) };

const count = tally();
const all = readVectors();
const run = loadCores(all);
for (const vector of readVectors(args)) {
  if (!vector.expected) {
    count.test(vector.name, "nothing is expected of it: node tests/vectors/update.mjs writes what it gives");
    continue;
  }
  for (const [label, result] of variants(run, vector, seeds)) {
    const expected = { ...vector.expected, leaks: null };
    count.test(`${vector.name}: ${label}`, firstDifference(expected, result));
  }
  const played = await playInNode(run, vector);
  if (played) count.test(`${vector.name}: the Node library`, firstDifference(played.expected, played.found));
}
if (!args.length) {
  const missing = elementsWithout(all);
  count.test("every element has a vector", missing.length ? `none has ${missing.join(", ")}` : null);
}
finish(count);
