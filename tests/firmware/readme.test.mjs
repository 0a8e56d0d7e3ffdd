// What README.md shows for boards is run as it stands.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { promisify } from "node:util";
import { cli } from "../support/g2g.mjs";
import { noQemu, noRust, root } from "./support.mjs";

const skip = noQemu || noRust("thumbv7em-none-eabihf");

test("the commands of the README for boards work", { skip }, async () => {
  const readme = fs.readFileSync(path.join(root, "README.md"), "utf8");
  const commands = [...readme.matchAll(/^ {4}\.\/g2g (firmware .*)$/gm)].map((m) => m[1]);
  assert.ok(commands.length > 2);
  let said = "";
  for (const command of commands) {
    const { stdout } = await promisify(execFile)("bash", ["-c", `"$NODE" "$CLI" ${command}`], {
      env: { ...process.env, NODE: process.execPath, CLI: cli },
      timeout: 600_000,
    });
    said += stdout;
  }
  assert.match(said, /^eos\r$/m);
});
