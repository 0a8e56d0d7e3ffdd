// Programs for the benches' machine, a Cortex-M4: compiling them, running them in QEMU, and what they take.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

export const here = path.dirname(fileURLToPath(import.meta.url));
export const root = path.join(here, "../..");
export const folder = path.join(root, "build/bench-firmware");
fs.mkdirSync(folder, { recursive: true });
export const engine = path.join(root, "firmware/engine/c");
export const wasm2c = path.join(root, "node_modules/wabt/bin/wasm2c");

const CPU = ["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"];

/** As firmware/engine/build.rs compiles. */
const C = [
  ...["-std=gnu11", "-ffp-contract=off", "-fno-math-errno", "-fno-strict-aliasing", "-fwrapv"],
  ...["-fno-asynchronous-unwind-tables", "-ffunction-sections", "-fdata-sections"],
];

const LINK = ["-nostartfiles", "--specs=nano.specs", `-T${path.join(here, "machine.ld")}`, "-Wl,--gc-sections"];

/** An instruction takes 64 ns of the emulator's time. */
const QEMU = [
  ...["-M", "mps2-an386", "-nographic", "-monitor", "none", "-serial", "none"],
  ...["-icount", "shift=6,align=off,sleep=off", "-semihosting-config", "enable=on,target=native"],
];

const gcc = (args) =>
  execFileSync("arm-none-eabi-gcc", [...CPU, ...C, ...args], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });

/** Compiles C to an object file of a name. */
export function compile(source, object, flags) {
  gcc([...flags, `-I${here}`, `-I${engine}`, "-c", source, "-o", object]);
  return object;
}

/** Compiles machine.c and links objects to a program. */
export function link(objects, program) {
  const machine = compile(path.join(here, "machine.c"), "machine.o", ["-O2", "-fno-tree-loop-distribute-patterns"]);
  gcc([...LINK, machine, ...objects, "-lm", "-o", program]);
}

/** What a program prints, as lines of words; an error when it ends badly. */
export function run(program) {
  // Semihosting writes to stderr.
  const command = `qemu-system-arm ${[...QEMU, "-kernel", program].join(" ")} 2>&1`;
  const out = execFileSync("sh", ["-c", command], { cwd: folder, timeout: 120_000 });
  const lines = String(out).trim().split("\n");
  return lines.map((line) => line.split(" "));
}

/** Bytes of read-only memory and of memory of a program or object file. */
export function sizeOf(file) {
  const out = execFileSync("arm-none-eabi-size", [file], { cwd: folder }).toString();
  const [text, data, bss] = out.split("\n")[1].trim().split(/\s+/).map(Number);
  return { rom: text + data, ram: data + bss };
}

/** A module of firmware/tool, bundled. */
export async function toolModule(name) {
  const outfile = path.join(folder, `${name}.mjs`);
  const entryPoints = [path.join(root, `firmware/tool/${name}.ts`)];
  const options = { bundle: true, format: "esm", platform: "node", packages: "external", logLevel: "warning" };
  await build({ entryPoints, outfile, ...options });
  return import(outfile);
}
