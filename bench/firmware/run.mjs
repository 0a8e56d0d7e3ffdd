// Instructions that inner loops of the core take as C from wasm2c on a Cortex-M4, beside the same written in C, in QEMU.
// node bench/firmware/run.mjs [VARIANT]
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { compile, engine, folder, here, link, root, run, sizeOf, toolModule, wasm2c } from "./cortex.mjs";

/** What is compared: options of compileToC and flags of the C compiler. */
const VARIANTS = {
  checked: [{}, ["-O2"]],
  "checked, one check an access": [{ hoist: false }, ["-O2"]],
  "checked, base as a symbol": [{}, ["-O2", "-DG2G_BASE=0"]],
  "checked -O3": [{}, ["-O3"]],
  "checked -Os": [{}, ["-Os", "-DG2G_COLD="]],
  unchecked: [{ checked: false }, ["-O2"]],
  "unchecked -O3": [{ checked: false }, ["-O3"]],
  "unchecked, base as a symbol": [{ checked: false }, ["-O2", "-DG2G_BASE=0"]],
};

/** The kernels as a module, compiled as the core is. */
function compileKernels() {
  const asc = path.join(root, "node_modules/assemblyscript/bin/asc.js");
  const out = path.join(folder, "kernels.wasm");
  const args = ["bench/firmware/kernels.ts", "--config", "asconfig.json", "--target", "baseline", "--outFile", out];
  execFileSync(process.execPath, [asc, ...args], { cwd: root, stdio: "inherit" });
  return fs.readFileSync(out);
}

/** Instructions by kernel: [of the core, of the C], and bytes of the core's code. */
function measure(code, flags) {
  fs.writeFileSync(path.join(folder, "core.c"), code.c);
  fs.writeFileSync(path.join(folder, "core.h"), code.h);
  const include = `-I${folder}`;
  const objects = [
    compile("core.c", "core.o", [...flags, include, "-w"]),
    compile(path.join(engine, "aot.c"), "aot.o", ["-Os", include]),
    compile(path.join(here, "native.c"), "native.o", ["-O3"]),
    compile(path.join(here, "kernels.c"), "kernels.o", ["-O2"]),
  ];
  link(objects, "kernels.elf");
  const rows = run("kernels.elf");
  return { size: sizeOf("core.o").rom, kernels: new Map(rows.map(([name, ...n]) => [name, n.map(Number)])) };
}

fs.mkdirSync(folder, { recursive: true });
const wasm = compileKernels();
const { compileToC } = await toolModule("aot");
const only = process.argv[2];
const table = {};
for (const [name, [options, flags]] of Object.entries(VARIANTS)) {
  if (only && name !== only) continue;
  const { size, kernels } = measure(compileToC(wasm, { wasm2c, memory: 65536, ...options }), flags);
  if (!table["C -O3"]) table["C -O3"] = Object.fromEntries([...kernels].map(([k, [, native]]) => [k, native]));
  table[name] = {
    ...Object.fromEntries([...kernels].map(([k, [core, native]]) => [k, `${core} ${(core / native).toFixed(2)}`])),
    bytes: size,
  };
}
console.table(table);
