// Writes the inputs of vectors into a folder, each under its SHA-256, for hosts that have no JavaScript.
// node tests/vectors/inputs.mjs FOLDER [VECTOR ...]
import fs from "node:fs";
import path from "node:path";
import { readVectors } from "../support/vector-files.mjs";
import { loadCores } from "../support/vector-variants.mjs";

const [folder, ...names] = process.argv.slice(2);
if (!folder) {
  console.error("usage: node tests/vectors/inputs.mjs FOLDER [VECTOR ...]");
  process.exit(2);
}
const { inputs } = loadCores(readVectors());
fs.mkdirSync(folder, { recursive: true });
for (const vector of readVectors(names)) {
  for (const [name, [, hash]] of Object.entries(inputs.hashes(vector))) {
    fs.writeFileSync(path.join(folder, hash), inputs.of(vector.inputs[name]));
  }
}
