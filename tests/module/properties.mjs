// What every artifact of the core must be, read from the module itself.
import binaryen from "binaryen";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { root } from "../../scripts/lib/inputs.mjs";

/** What the baseline may use: everything here runs on the smallest engine (wasm3 0.5). */
const BASELINE = [
  "--mvp-features",
  "--enable-bulk-memory",
  "--enable-sign-ext",
  "--enable-mutable-globals",
  "--enable-nontrapping-float-to-int",
  "--disable-simd",
];

/** The functions in the table under a heading of DESIGN.md. */
function designed(heading) {
  const text = fs.readFileSync(path.join(root, "DESIGN.md"), "utf8");
  const section = text.split(/^### /m).find((s) => s.startsWith(heading));
  if (!section) throw new Error(`DESIGN.md has no section ${heading}`);
  const cells = section.split("\n").filter((line) => line.startsWith("| `"));
  return cells.flatMap((line) => [...line.split(" | ")[0].matchAll(/`(\w+)/g)].map((m) => m[1])).sort();
}

/** Names of imports and exports as DESIGN.md gives them. */
export const IMPORTS = designed("Imports");
export const EXPORTS = designed("Exports");

/** Whether the module is valid with the features of the baseline alone. */
function validAsBaseline(binary) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "g2g-module-"));
  const file = path.join(folder, "module.wasm");
  try {
    fs.writeFileSync(file, binary);
    const tool = path.join(root, "node_modules/binaryen/bin/wasm-opt");
    const { status, error } = spawnSync(process.execPath, [
      tool,
      file,
      ...BASELINE,
      "-o",
      path.join(folder, "out.wasm"),
    ]);
    if (error) throw error;
    return status === 0;
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

/** Memories that a module declares, from its memory section; the library tells only whether there is one. */
function declaredMemories(binary) {
  const number = (at) => {
    let value = 0;
    for (let shift = 0; ; shift += 7, at++) {
      value |= (binary[at] & 127) << shift;
      if (binary[at] < 128) return { value, next: at + 1 };
    }
  };
  for (let at = 8; at < binary.length;) {
    const size = number(at + 1);
    if (binary[at] === 5) return number(size.next).value;
    at = size.next + size.value;
  }
  return 0;
}

/**
 * What is wrong with a module, a line each; nothing for a proper one.
 * @param binary the module, a Uint8Array
 * @param simd whether it may use SIMD
 */
export function problems(binary, { simd }) {
  const found = [];
  let wasm;
  try {
    wasm = new WebAssembly.Module(binary);
  } catch (error) {
    return [error.message];
  }
  const module = binaryen.readBinary(binary);
  for (const { module: from, name, kind } of WebAssembly.Module.imports(wasm)) {
    if (from !== "g2g") found.push(`imports ${from}.${name}, which is not of module g2g`);
    else if (kind !== "function" || !IMPORTS.includes(name))
      found.push(`imports ${kind} ${name}, which DESIGN.md does not list`);
  }
  const exported = WebAssembly.Module.exports(wasm);
  for (const { name, kind } of exported) {
    const designed = EXPORTS.includes(name) && kind === (name === "memory" ? "memory" : "function");
    if (!designed) found.push(`exports ${kind} ${name}, which DESIGN.md does not list`);
  }
  for (const name of EXPORTS) if (!exported.some((e) => e.name === name)) found.push(`does not export ${name}`);
  // Nothing that the compiler makes with the stub run time needs one, so there is no exception for exported ones either.
  for (let i = 0; i < module.getNumGlobals(); i++) {
    const { name, mutable } = binaryen.getGlobalInfo(module.getGlobalByIndex(i));
    if (mutable) found.push(`has the mutable global ${name}`);
  }
  if (module.getStart()) found.push("has a start function");
  const imported = WebAssembly.Module.imports(wasm).filter((i) => i.kind === "memory").length;
  const count = imported + declaredMemories(binary);
  if (count !== 1) found.push(`has ${count} memories`);
  for (let i = 0; i < module.getNumDataSegments(); i++) {
    const { passive } = module.getDataSegmentInfo(module.getDataSegmentByIndex(i));
    if (passive) found.push(`data segment ${i} is passive`);
  }
  module.dispose();
  if (!simd && !validAsBaseline(binary)) found.push("uses features that the baseline must not have");
  return found;
}
