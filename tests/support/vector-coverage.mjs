// Which elements of the core have vectors.
import fs from "node:fs";
import path from "node:path";
import { filesUnder, root } from "../../scripts/lib/inputs.mjs";

/** Names of the elements that stand in no vector's line, not even by another name. */
export function elementsWithout(vectors) {
  const words = new Set(vectors.flatMap((v) => v.line.split(/[\s!]+/)));
  return filesUnder("assembly", (file) => file.endsWith(".json") && !file.endsWith("tsconfig.json"))
    .map((file) => JSON.parse(fs.readFileSync(path.join(root, file), "utf8")))
    .filter(({ name, aliases = [], pads, line }) => (pads || line) && ![name, ...aliases].some((n) => words.has(n)))
    .map(({ name }) => name);
}
