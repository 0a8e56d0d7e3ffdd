// The copies and fills that boards have instead of those of Rust's library: firmware/engine/c/memory.c, in QEMU.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import path from "node:path";
import test from "node:test";
import { compile, engine, folder, link, run } from "../../bench/firmware/cortex.mjs";
import { noQemu } from "./support.mjs";

const harness = path.join(import.meta.dirname, "memory.c");
const OPTIONS = ["-Os", "-fno-tree-loop-distribute-patterns", "-fno-builtin"];
const CPUS = {
  "a word at any address": [],
  "words at their own addresses": ["-mno-unaligned-access"],
};

for (const [name, flags] of Object.entries(CPUS)) {
  test(`all lengths and places: ${name}`, { skip: noQemu }, () => {
    mkdirSync(folder, { recursive: true });
    const id = `memory-${Object.keys(CPUS).indexOf(name)}`;
    const memory = compile(path.join(engine, "memory.c"), `${id}.o`, [...OPTIONS, ...flags]);
    const main = compile(harness, `${id}-main.o`, [...OPTIONS, ...flags]);
    link([main, memory], `${id}.elf`);
    assert.deepEqual(run(`${id}.elf`), [["19383"]]);
  });
}
