// What artifacts are made from, and a hash that says whether they are up to date.
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the repository. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

/** Files under a folder or the file itself, as sorted paths from the root with slashes; none when it does not exist. */
export function filesUnder(place, accept = () => true) {
  const stat = fs.statSync(path.join(root, place), { throwIfNoEntry: false });
  if (!stat) return [];
  if (stat.isFile()) return accept(place) ? [place] : [];
  const out = [];
  for (const name of fs.readdirSync(path.join(root, place)).sort()) {
    if (name !== "node_modules") out.push(...filesUnder(`${place}/${name}`, accept));
  }
  return out;
}

/** A hash over the names and contents of files. */
export function hashFiles(files) {
  const hash = createHash("sha256");
  for (const file of files) {
    const data = fs.readFileSync(path.join(root, file));
    hash.update(`${file}\0${data.length}\0`).update(data);
  }
  return hash.digest("hex");
}
