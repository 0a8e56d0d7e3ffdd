// Fetches the C sources of wasm3, pinned by hash, once; prints the folder they are in.
// node firmware/engine/wasm3.mjs
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "../..");
const PIN = path.join(root, "tests/engines/wasm3.txt");
const FOLDER = path.join(root, "build/wasm3");

/**
 * The sources of wasm3.
 * @returns the folder with wasm3.h
 * @throws when there is no python3 with venv, or no network and nothing was fetched before
 */
export function wasm3Sources() {
  const sources = path.join(FOLDER, "pywasm3-0.5.0/wasm3");
  if (fs.existsSync(path.join(sources, "wasm3.h"))) return sources;
  const made = `${FOLDER}.${process.pid}`;
  fs.mkdirSync(made, { recursive: true });
  const python = (program, args) => execFileSync(program, args, { cwd: made, stdio: ["ignore", "ignore", "inherit"] });
  try {
    python("python3", ["-m", "venv", "venv"]);
    const pip = [
      "-m",
      "pip",
      "download",
      "--quiet",
      "--require-hashes",
      "--no-binary",
      ":all:",
      "--no-deps",
      "-r",
      PIN,
    ];
    python("venv/bin/python", [...pip, "-d", "."].map(String));
    const archive = fs.readdirSync(made).find((name) => name.endsWith(".tar.gz"));
    python("venv/bin/python", ["-m", "tarfile", "-e", archive, "."]);
    fs.rmSync(path.join(made, "venv"), { recursive: true });
    fs.rmSync(FOLDER, { recursive: true, force: true });
    fs.renameSync(made, FOLDER);
  } finally {
    fs.rmSync(made, { recursive: true, force: true });
  }
  return sources;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(wasm3Sources());
