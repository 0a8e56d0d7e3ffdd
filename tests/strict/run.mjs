// Proves that the check of the strict subset is alive: every file under fail/ breaks one rule and names in its first line
// the place and the start of the message that it must get, as its only one; every file under pass/ must compile.
// node tests/strict/run.mjs
import asc from "assemblyscript/asc";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { finish, tally } from "../../scripts/lib/tally.mjs";
import Strict from "../../scripts/strict/transform.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, "../..");
const count = tally();

/** Compiles a file as the build does. @returns the error, if any, and what asc wrote to stderr */
async function compile(file) {
  const args = ["--baseDir", root, "--config", "asconfig.json", "--target", "baseline", "--outFile", "out.wasm"];
  const { error, stderr } = await asc.main([file, ...args], {
    stderr: asc.createMemoryStream(),
    writeFile: () => {},
    transforms: [Strict],
  });
  return { error, stderr: stderr.toString() };
}

function list(folder) {
  return fs
    .readdirSync(path.join(here, folder))
    .sort()
    .map((name) => `tests/strict/${folder}/${name}`);
}

for (const file of list("fail")) {
  const [first] = fs.readFileSync(path.join(root, file), "utf8").split("\n");
  const [, at, message] = /^\/\/ expect (\d+:\d+) (.+)$/.exec(first) ?? [];
  const { error, stderr } = await compile(file);
  const found = stderr.split("\n").filter((line) => line.includes(": strict: "));
  const expected = `${file}:${at}: strict: ${message}`;
  let reason = null;
  if (!at) reason = "its first line is not `// expect LINE:COLUMN MESSAGE`";
  else if (!error) reason = "it compiles";
  else if (!found.length) reason = `it fails for another reason:\n${stderr}`;
  else if (found.length > 1) reason = `more than one violation:\n${found.join("\n")}`;
  else if (!found[0].startsWith(expected)) reason = `expected ${expected}\n     found ${found[0]}`;
  count.test(file, reason);
}

for (const file of list("pass")) {
  const { error, stderr } = await compile(file);
  count.test(file, error ? `it does not compile:\n${stderr}` : null);
}

finish(count);
