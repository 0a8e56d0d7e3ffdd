// Where the sources of the FreeRTOS kernel lie, fetched by cargo when they are not there yet.
// node firmware/c/freertos/kernel.mjs   prints the folder
import { execFileSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";

const MANIFEST = path.join(path.dirname(fileURLToPath(import.meta.url)), "kernel/Cargo.toml");

/** The folder FreeRTOS-Kernel of the package, whose hash stands in kernel/Cargo.lock. */
export function freertosKernel() {
  const args = ["metadata", "--format-version", "1", "--locked", "--manifest-path", MANIFEST];
  const text = execFileSync("cargo", args, { encoding: "utf8", maxBuffer: 1 << 24, stdio: ["ignore", "pipe", "pipe"] });
  const found = JSON.parse(text).packages.find((p) => p.name === "freertos-next");
  return path.join(path.dirname(found.manifest_path), "FreeRTOS-Kernel");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(freertosKernel());
