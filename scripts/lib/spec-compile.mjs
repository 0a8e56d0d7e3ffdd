// Compiles specs, each once for what it is made from.
import asc from "assemblyscript/asc";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { root } from "./inputs.mjs";

const CACHE = path.join(root, "build/spec");

const sha = (data) => createHash("sha256").update(data).digest("hex");

/** Everything that a spec's module depends on besides its sources. */
const ground = sha(
  ["package-lock.json", "as-pect.asconfig.json", "scripts/lib/spec-compile.mjs"]
    .map((file) => fs.readFileSync(path.join(root, file)))
    .join("\0"),
);

/** The text of a source, or null when there is none. */
export function readSource(name) {
  try {
    return fs.readFileSync(path.resolve(root, name), "utf8");
  } catch {
    return null;
  }
}

/**
 * Compiles a spec, or takes the module of an earlier run when no file that it was made from has changed.
 * @returns the module and the files it was made from; throws with the compiler's messages
 */
export async function compile(file, target) {
  const base = path.join(CACHE, `${file.replaceAll("/", "-")}-${target}`);
  try {
    const { made, hashes } = JSON.parse(fs.readFileSync(`${base}.json`, "utf8"));
    if (made === ground && Object.entries(hashes).every(([name, hash]) => sha(readSource(name) ?? "") === hash)) {
      return { binary: fs.readFileSync(`${base}.wasm`), files: Object.keys(hashes) };
    }
  } catch {
    // Never compiled: it is now.
  }
  const hashes = {};
  let binary = null;
  const stderr = asc.createMemoryStream();
  const { error } = await asc.main(
    [file, "--baseDir", root, "--config", "as-pect.asconfig.json", "--target", target, "--outFile", "spec.wasm"],
    {
      stderr,
      readFile(name) {
        const text = readSource(name);
        // What is looked for and not there matters too: it may appear.
        hashes[name] = sha(text ?? "");
        return text;
      },
      writeFile(name, data) {
        if (name.endsWith(".wasm")) binary = Buffer.from(data);
      },
    },
  );
  if (error) throw new Error(stderr.toString() || error.message);
  fs.mkdirSync(CACHE, { recursive: true });
  fs.writeFileSync(`${base}.wasm`, binary);
  fs.writeFileSync(`${base}.json`, JSON.stringify({ made: ground, hashes }));
  return { binary, files: Object.keys(hashes) };
}
