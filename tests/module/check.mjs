// Checks the artifacts of the core: what they import, export and use, and how large they are.
// node tests/module/check.mjs [--update-budget]   sets the budget a little above the sizes of now
import binaryen from "binaryen";
import fs from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { root } from "../../scripts/lib/inputs.mjs";
import { finish, tally } from "../../scripts/lib/tally.mjs";
import { EXPORTS, problems } from "./properties.mjs";

const ARTIFACTS = { "core.wasm": { simd: false }, "core.simd.wasm": { simd: true } };
const BUDGET = path.join(root, "tables/size-budget.json");
/** A new budget is this much above the size. */
const HEADROOM = 1.04;
/** A budget that is this much above the size no longer says anything. */
const SLACK = 1.15;

const binaries = Object.fromEntries(
  Object.keys(ARTIFACTS).map((name) => [name, fs.readFileSync(path.join(root, "build", name))]),
);
const sizes = Object.fromEntries(
  Object.entries(binaries).map(([name, data]) => [
    name,
    { raw: data.length, gzip: gzipSync(data, { level: 9 }).length },
  ]),
);

if (process.argv.includes("--update-budget")) {
  const above = (size) => Math.ceil((size * HEADROOM) / 256) * 256;
  const budget = Object.fromEntries(
    Object.entries(sizes).map(([name, { raw, gzip }]) => [name, { raw: above(raw), gzip: above(gzip) }]),
  );
  fs.writeFileSync(BUDGET, `${JSON.stringify(budget, null, 2)}\n`);
  process.exit(0);
}

const count = tally();

/** Modules that each break one rule, as WebAssembly text, with what must be said; they prove that the checks can fail. */
const exportsAll = EXPORTS.filter((name) => name !== "memory").map((name) => `(func (export "${name}"))`);
const proper = ['(memory (export "memory") 1)', ...exportsAll];
const broken = [
  ["a proper module", proper, null],
  ["an import of another module", ['(import "env" "abort" (func))', ...proper], /imports env\.abort/],
  ["an import that is not designed", ['(import "g2g" "now" (func))', ...proper], /imports function now/],
  [
    "an imported memory",
    ['(import "g2g" "memory" (memory 1))', ...exportsAll, '(export "memory" (memory 0))'],
    /imports memory/,
  ],
  ["an export too much", [...proper, '(func (export "extra"))'], /exports function extra/],
  ["an export too few", proper.filter((line) => !line.includes('"step"')), /does not export step/],
  ["a mutable global", [...proper, "(global $g (mut i32) (i32.const 0))"], /has the mutable global/],
  [
    "an exported mutable global",
    [...proper, '(global $g (mut i32) (i32.const 0)) (export "g" (global $g))'],
    /has the mutable global/,
  ],
  ["a start function", [...proper, "(func $s) (start $s)"], /has a start function/],
  ["no memory", exportsAll, /has 0 memories/],
  ["a table for a memory", [...exportsAll, '(table (export "memory") 1 funcref)'], /exports table memory/],
  ["two memories", [...proper, "(memory 1)"], /has 2 memories|memory count of 2/],
  ["a passive segment", [...proper, '(data $d "x") (func (data.drop $d))'], /is passive/],
  ["SIMD", [...proper, "(func (drop (v128.const i32x4 0 0 0 0)))"], /uses features/],
  ["a tail call", [...proper, "(func $t (return_call $t))"], /uses features/],
];
for (const [name, lines, expected] of broken) {
  const module = binaryen.parseText(`(module ${lines.join(" ")})`);
  module.setFeatures(binaryen.Features.All);
  const found = problems(module.emitBinary(), { simd: false });
  const right = expected === null ? !found.length : found.some((line) => expected.test(line));
  count.test(`a module with ${name}`, right ? null : `expected ${expected}, found: ${found.join("; ") || "nothing"}`);
  module.dispose();
}

const budget = JSON.parse(fs.readFileSync(BUDGET, "utf8"));
for (const [name, data] of Object.entries(binaries)) {
  const found = problems(data, ARTIFACTS[name]);
  count.test(name, found.length ? found.join("; ") : null);
  for (const [kind, size] of Object.entries(sizes[name])) {
    const limit = budget[name]?.[kind] ?? 0;
    let reason = null;
    if (size > limit) reason = `${size} bytes, ${size - limit} over the budget of ${limit} (npm run budget)`;
    else if (limit > size * SLACK) reason = `the budget of ${limit} is too far above ${size} bytes (npm run budget)`;
    count.test(`size of ${name}, ${kind}`, reason);
    console.log(`${name} ${kind}: ${size} of ${limit} bytes`);
  }
}
finish(count);
