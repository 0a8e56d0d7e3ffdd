// `g2g firmware` on the command line: exit codes, and what is said.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { cli } from "../support/g2g.mjs";
import { folder, root, tool } from "./support.mjs";

function g2g(...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, "firmware", ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
}

test("every command has help with an example, and the exit codes", () => {
  for (const command of ["build", "run", "flash", "boards", "budget"]) {
    const { status, stdout } = g2g(command, "--help");
    assert.equal(status, 0);
    assert.match(stdout, new RegExp(`Example:\\n  g2g firmware ${command}`));
    assert.match(stdout, /Exit codes:/);
  }
});

test("what is wrong on the command line ends with 2", () => {
  for (const [args, message] of [
    [["build", "fakesrc ! fakesink"], /required option '-b, --board/],
    [["build", "--board", "nothing", "fakesrc ! fakesink"], /no board "nothing"/],
    [["build", "--board", "mps2-an386"], /missing required argument 'line'/],
    [
      ["build", "--board", "mps2-an386", "--engine", "v8", "fakesrc ! fakesink"],
      /no engine "v8"; there are: aot, wasm3/,
    ],
    [["build", "--board", "mps2-an386", "--memory", "lots", "fakesrc ! fakesink"], /--memory takes bytes/],
    [["build", "--board", "mps2-an386", "--name", "../x", "fakesrc ! fakesink"], /is no name for an image/],
    [["build", "--board", "mps2-an386", "--engine=wasm3", "--unchecked", "x"], /--unchecked is for the engine aot/],
    [["run", "--board", "mps2-an386", "--name", "never-built"], /build one: g2g firmware build --board mps2-an386/],
    [["run", "--board", "mps2-an386", "--timeout", "soon"], /--timeout takes seconds/],
    [["flash", "--board", "nothing"], /no board "nothing"/],
  ]) {
    const { status, stderr } = g2g(...args);
    assert.equal(status, 2, stderr);
    assert.match(stderr, message);
  }
});

test("the boards are listed, as text and as JSON", () => {
  const { status, stdout } = g2g("boards", "--json");
  assert.equal(status, 0);
  const boards = JSON.parse(stdout);
  assert.ok(boards.length > 0);
  const text = g2g("boards").stdout;
  for (const b of boards) assert.ok(text.includes(b.name));
});

test("every board of the repository is as it should be", () => {
  const folders = fs.readdirSync(path.join(root, "boards"), { withFileTypes: true }).filter((e) => e.isDirectory());
  assert.ok(folders.length > 0);
  for (const { name } of folders) tool.loadBoard(name);
});

test("an installed package says that firmware needs the repository", (t) => {
  const dir = folder(t);
  fs.cpSync(path.join(root, "build/node"), path.join(dir, "build/node"), { recursive: true });
  const installed = path.join(dir, "build/node/cli.mjs");
  const { status, stderr } = spawnSync(process.execPath, [installed, "firmware", "boards"], { encoding: "utf8" });
  assert.equal(status, 2);
  assert.match(stderr, /firmware is built from the repository/);
});
