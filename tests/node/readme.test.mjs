// What README.md shows is run as it stands, in a folder with a clip of ours.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { transform } from "esbuild";
import { launch } from "../../build/node/index.mjs";
import { cli, folder, root } from "../support/g2g.mjs";
import { NATIVE } from "../support/hosts.mjs";

const run = promisify(execFile);
const readme = fs.readFileSync(path.join(root, "README.md"), "utf8");

/** A folder with in.ts and in.mp4. */
async function folderWithClip(t) {
  const dir = folder(t);
  await run(process.execPath, [cli, "demo", dir]);
  fs.renameSync(path.join(dir, "clip.ts"), path.join(dir, "in.ts"));
  fs.renameSync(path.join(dir, "clip.mp4"), path.join(dir, "in.mp4"));
  return dir;
}

test("the commands of the README work", async (t) => {
  const dir = await folderWithClip(t);
  // Those for boards need more than Node: tests/firmware/readme.test.mjs.
  const commands = [...readme.matchAll(/^ {4}\.\/g2g (?!firmware |--host )(.*)$/gm)].map((m) => m[1]);
  const lines = [...readme.matchAll(/^ {4}npm start -- (".*")$/gm)].map((m) => `launch ${m[1]}`);
  assert.ok(commands.length > 6 && lines.length > 0);
  // In the order of the text: a recording is made before it is replayed.
  for (const command of [...lines, ...commands]) {
    await run("bash", ["-c", `"$NODE" "$CLI" ${command}`], {
      cwd: dir,
      env: { ...process.env, NODE: process.execPath, CLI: cli },
      maxBuffer: 64 << 20,
    });
  }
  assert.equal(fs.statSync(path.join(dir, "bars.yuv")).size, (30 * 320 * 240 * 3) / 2);
  assert.ok(fs.statSync(path.join(dir, "out.mp4")).size > 100_000);
});

test("the commands of the README for the native host work", { skip: NATIVE.missing ?? false }, async (t) => {
  const dir = await folderWithClip(t);
  const line = "filesrc location=in.ts ! tsdemux ! fakesink";
  fs.writeFileSync(path.join(dir, "pipelines.toml"), `[[pipeline]]\nname = "clip"\nline = "${line}"\n`);
  const commands = [...readme.matchAll(/^ {4}\.\/g2g --host native (.*)$/gm)].map((m) => m[1]);
  assert.ok(commands.length > 1);
  for (const command of commands) {
    await run("bash", ["-c", `"$G2G" ${command}`], { cwd: dir, env: { ...process.env, G2G: NATIVE.program } });
  }
});

test("the program of the README works", async (t) => {
  const dir = await folderWithClip(t);
  const source = /```js\n([^]*?)```/.exec(readme)[1];
  const library = pathToFileURL(path.join(root, "build/node/index.mjs")).href;
  const { code } = await transform(source.replace('"glass2glass"', JSON.stringify(library)), { target: "node20" });
  fs.writeFileSync(path.join(dir, "program.mjs"), code);
  const { stdout } = await run(process.execPath, ["program.mjs"], { cwd: dir, maxBuffer: 64 << 20 });
  assert.match(stdout, /^0n \d+$/m);
});

test("the examples in the element reference can be built", async () => {
  const reference = fs.readFileSync(path.join(root, "docs/elements.md"), "utf8");
  const examples = [...reference.matchAll(/g2g launch '(.*)'/g)].map((m) => m[1]);
  assert.ok(examples.length > 10);
  for (const line of examples) await (await launch(line)).close();
});
