// Builds the native host with cargo: its command line, or an example of its library; and the program that decodes for it.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { root } from "./inputs.mjs";

/** Where cargo builds: in a cache outside the tree if there is one. */
export function hostTarget() {
  return path.join(
    process.env.G2G_CACHE ? path.resolve(process.env.G2G_CACHE) : path.join(root, "build"),
    "cargo-host",
  );
}

/**
 * Builds; does nothing when all is up to date.
 * @param options example: name of an example in place of the command line, of: the package that has it; quiet: say nothing but errors
 * @returns the program's path, or why there can be none here
 */
export function buildHost({ example, of = "g2g-host", quiet = !process.stderr.isTTY } = {}) {
  if (example) return cargo(["-p", of, "--example", example], path.join("examples", example), quiet);
  return cargo(["-p", "g2g"], "g2g", quiet);
}

/** Why the native host cannot be built here; nothing when it can. */
export function hostNeeds() {
  const runs = (program, ...args) => spawnSync(program, args, { stdio: "ignore" }).status === 0;
  if (!runs("cargo", "--version")) return "there is no cargo; rustup (rustup.rs) installs Rust";
  if (!runs("cc", "--version") || !runs("c++", "--version"))
    return "there is no C++ compiler; scripts/apt.sh installs it";
  const fetched = spawnSync("cargo", ["fetch", "--locked"], { cwd: path.join(root, "host"), stdio: "ignore" });
  if (fetched.status !== 0) return "the crates that it needs cannot be had";
}

/** Runs cargo's build of a package; the path of a program that it makes. */
function cargo(what, program, quiet) {
  const missing = hostNeeds();
  if (missing) return { missing };
  const args = ["build", "--release", "--locked", ...(quiet ? ["--quiet"] : []), ...what];
  const env = { ...process.env, CARGO_TARGET_DIR: hostTarget() };
  const { status } = spawnSync("cargo", args, { cwd: path.join(root, "host"), env, stdio: ["ignore", 2, 2] });
  if (status !== 0) throw new Error(`cargo ${args.join(" ")} ended with ${status}`);
  return { program: path.join(hostTarget(), "release", program) };
}

/** Why the program that decodes with libavcodec cannot be built here; nothing when it can. */
export function decoderNeeds() {
  const has = (...args) => spawnSync("pkg-config", args, { stdio: "ignore" }).status === 0;
  if (!has("--version")) return "there is no pkg-config; scripts/apt.sh installs it";
  const missing = ["libavcodec", "libavutil"].filter((name) => !has("--exists", name));
  if (missing.length) return `there is no ${missing.join(", no ")}; scripts/apt.sh installs them`;
  const clang = "ldconfig -p | grep -q libclang || ls /usr/lib/llvm-*/lib/libclang*.so*";
  if (spawnSync("sh", ["-c", clang], { stdio: "ignore" }).status !== 0) {
    return "there is no libclang; scripts/apt.sh installs it";
  }
}

/**
 * Builds the process in which `avdec_*` decode, beside the command line.
 * @returns the program's path, or why there can be none here
 */
export function buildDecoder({ quiet = !process.stderr.isTTY } = {}) {
  const missing = decoderNeeds();
  if (missing) return { missing };
  return cargo(["-p", "g2g-avdec-process"], "g2g-avdec-process", quiet);
}
