// Makes the hosts of the engines under build/engines, each once for what it is made from. An engine that cannot be had
// here, for want of a tool or of a network, is skipped with the reason.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "../../scripts/lib/inputs.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const FOLDER = path.join(root, "build/engines");

/** C files that the generated code is cut into, so that they are compiled side by side. */
const CUTS = 4;

/** Why an engine cannot be had here. */
export class Unavailable extends Error {}

/**
 * Runs a program to its end.
 * @returns what it wrote to stdout; throws with what it wrote when it fails, Unavailable when it is not there
 */
export function execute(program, args, { timeout = 300_000, cwd = root } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, stdio: ["ignore", "pipe", "pipe"], timeout, killSignal: "SIGKILL" });
    const out = [];
    const err = [];
    child.stdout.on("data", (data) => out.push(data));
    child.stderr.on("data", (data) => err.push(data));
    child.on("error", (error) => {
      reject(error.code === "ENOENT" ? new Unavailable(`there is no ${program}`) : error);
    });
    child.on("close", (code, signal) => {
      const text = Buffer.concat(out).toString();
      if (code === 0) return resolve(text);
      const said = (Buffer.concat(err).toString() + text).trim();
      const ended = signal === "SIGKILL" ? `was ended after ${timeout / 1000} s` : `ended with ${code ?? signal}`;
      return reject(new Error(`${path.basename(program)} ${ended}: ${said}`));
    });
  });
}

const read = (name) => fs.readFileSync(path.join(here, name));

function keyOf(...parts) {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${part.length}\0`).update(part);
  return hash.digest("hex").slice(0, 16);
}

/**
 * A folder under build/engines that holds what `make` puts into it; the one of another key goes away.
 * @param make gets the folder; when it fails nothing is kept
 */
async function kept(name, key, make) {
  const folder = path.join(FOLDER, `${name}-${key}`);
  if (fs.existsSync(path.join(folder, "made"))) return folder;
  fs.mkdirSync(FOLDER, { recursive: true });
  for (const old of fs.readdirSync(FOLDER)) {
    if (/^(.+)-[0-9a-f]{16}$/.exec(old)?.[1] === name) fs.rmSync(path.join(FOLDER, old), { recursive: true });
  }
  fs.mkdirSync(folder);
  await make(folder);
  fs.writeFileSync(path.join(folder, "made"), "");
  return folder;
}

/** What pip could not do: a package that is not the one that is pinned is a failure, no network is none. */
function blame(error) {
  if (error instanceof Unavailable || /do not match the hashes|hash/i.test(error.message)) return error;
  const lines = error.message.split("\n");
  const reason = lines.find((line) => line.startsWith("ERROR:")) ?? lines[0];
  return new Unavailable(`the package cannot be had: ${reason.slice(0, 200)}`);
}

/** The Python of an environment of its own, with wasmtime; what is made in it stays apart from the system's. */
const python = once(async () => {
  const version = await execute("python3", ["--version"]);
  const folder = await kept("python", keyOf(version, read("requirements.txt")), async (made) => {
    await execute("python3", ["-m", "venv", made]).catch((error) => {
      throw error instanceof Unavailable ? error : new Unavailable("there is no python3-venv");
    });
    const pip = ["-m", "pip", "install", "--quiet", "--require-hashes", "--only-binary", ":all:", "--no-deps"];
    await execute(path.join(made, "bin/python"), [...pip, "-r", path.join(here, "requirements.txt")]).catch((error) => {
      throw blame(error);
    });
  });
  return path.join(folder, "bin/python");
});

/** The folder of wasm3's C sources. */
const wasm3Sources = once(async () => {
  const program = await python();
  const folder = await kept("wasm3-sources", keyOf(read("wasm3.txt")), async (made) => {
    const pip = ["-m", "pip", "download", "--quiet", "--require-hashes", "--no-binary", ":all:", "--no-deps"];
    await execute(program, [...pip, "-r", path.join(here, "wasm3.txt"), "-d", made]).catch((error) => {
      throw blame(error);
    });
    const archive = fs.readdirSync(made).find((name) => name.endsWith(".tar.gz"));
    await execute(program, ["-m", "tarfile", "-e", path.join(made, archive), made]);
  });
  return path.join(folder, "pywasm3-0.5.0/wasm3");
});

const compiler = once(async () => ({ version: await execute("gcc", ["--version"]) }));

function once(make) {
  let result = null;
  return () => (result ??= make());
}

/** Options that keep the arithmetic WebAssembly's. */
const FLAGS = ["-O2", "-ffp-contract=off"];
const OURS = ["-std=gnu11", "-Wall", "-Wextra"];
const THEIRS = ["-std=gnu11", "-w", "-DNDEBUG"];

/** Compiles C files, as many at a time as there are processors, and links them. */
async function compileAll(folder, includes, files) {
  const options = [...FLAGS, ...includes.map((place) => `-I${place}`)];
  const objects = files.map(([file]) => path.join(folder, `${path.basename(file, ".c")}.o`));
  const work = files.map(
    ([file, flags], i) =>
      () =>
        execute("gcc", [...options, ...flags, "-c", file, "-o", objects[i]]),
  );
  const worker = async () => {
    for (let job = work.shift(); job; job = work.shift()) await job();
  };
  await Promise.all(os.cpus().map(worker));
  await execute("gcc", ["-o", path.join(folder, "host"), ...objects, "-lm"]);
  for (const object of objects) fs.rmSync(object);
}

const own = (...names) => names.map((name) => [path.join(here, name), OURS]);

/** The engines by name: what makes the command that runs a core on jobs, given the core. */
export const ENGINES = {
  async wasmtime() {
    return [await python(), path.join(here, "host.py")];
  },

  async wasm3() {
    const { version } = await compiler();
    const sources = await wasm3Sources();
    const key = keyOf(version, read("wasm3.txt"), ...["engine.h", "engine-wasm3.c", "host.c", "build.mjs"].map(read));
    const folder = await kept("wasm3", key, (made) => {
      const theirs = fs.readdirSync(sources).filter((name) => name.endsWith(".c"));
      const files = theirs.map((name) => [path.join(sources, name), THEIRS]);
      return compileAll(made, [here, sources], [...files, ...own("engine-wasm3.c", "host.c")]);
    });
    return [path.join(folder, "host")];
  },

  async wasm2c(core) {
    const { version } = await compiler();
    const sources = ["engine.h", "engine-wasm2c.c", "host.c", "wasm-rt.h", "build.mjs"].map(read);
    const folder = await kept("wasm2c", keyOf(version, fs.readFileSync(core), ...sources), async (made) => {
      const wasm2c = path.join(root, "node_modules/wabt/bin/wasm2c");
      const out = path.join(made, "core.c");
      await execute(process.execPath, [wasm2c, core, "-n", "core", "--num-outputs", String(CUTS), "-o", out]);
      const cuts = Array.from({ length: CUTS }, (_, i) => [path.join(made, `core_${i}.c`), THEIRS]);
      return compileAll(made, [made, here], [...cuts, ...own("engine-wasm2c.c", "host.c")]);
    });
    return [path.join(folder, "host")];
  },
};
