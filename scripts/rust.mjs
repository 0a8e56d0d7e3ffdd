// What is written in Rust and runs at the desk: format, lints and tests of the host interface, of the native host and of the
// firmware's crates, and both engines of the firmware. Boards are built by the stage `firmware`.
// node scripts/rust.mjs [--no-engines] [--no-host]
import { spawnSync } from "node:child_process";
import path from "node:path";
import { root } from "./lib/inputs.mjs";
import { decoderNeeds, hostNeeds, hostTarget } from "./lib/native.mjs";
import { finish, tally } from "./lib/tally.mjs";

/** Crates of the firmware that run at the desk, with the features that have tests. */
const CRATES = {
  "g2g-runtime": ["messages", "stats"],
  "g2g-elements": ["all"],
  "g2g-chips": ["cmsdk", "lan9118", "pl011", "stellaris", "sse"],
  "g2g-setup": [],
  "g2g-recorder": [],
  "g2g-update": [],
};

const count = tally();
const cache = process.env.G2G_CACHE ? path.resolve(process.env.G2G_CACHE) : path.join(root, "build");
const env = { ...process.env, CARGO_TARGET_DIR: path.join(cache, "cargo-desk"), CARGO_TERM_COLOR: "never" };

/** Runs a program; its output, and null or why it failed. */
function run(program, args, folder = ".", more = {}) {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd: path.join(root, folder),
    env: { ...env, ...more },
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  const output = `${stdout ?? ""}${stderr ?? ""}`;
  return { output, failure: status === 0 ? null : `${program} ${args.join(" ")}\n${error?.message ?? output}` };
}

/** Runs tests of cargo's and books each. */
function test(name, args, folder, more) {
  const { output, failure } = run("cargo", ["test", "--quiet", ...args], folder, more);
  let passed = 0;
  for (const [, n] of output.matchAll(/^test result: \w+\. (\d+) passed/gm)) passed += Number(n);
  count.passed += passed;
  count.test(name, failure ?? (passed ? null : "no test ran"));
}

/** The native host, in the profile that its binary is built in, so that the compiler of the core is built once. */
function testHost() {
  const more = { CARGO_TARGET_DIR: hostTarget() };
  const missing = hostNeeds();
  if (missing) {
    count.skip("the native host", missing);
    return;
  }
  const without = decoderNeeds();
  if (without) count.skip("g2g-avdec-process", without);
  const workspace = ["--workspace", "--release", ...(without ? ["--exclude", "g2g-avdec-process"] : [])];
  count.test("host: format", run("cargo", ["fmt", "--all", "--check"], "host").failure);
  const lints = ["clippy", "--quiet", ...workspace, "--all-targets", "--", "-D", "warnings"];
  count.test("host: clippy", run("cargo", lints, "host", more).failure);
  test("host: tests", workspace, "host", more);
}

const features = (list) => (list.length ? ["--features", list.join(",")] : []);

if (run("cargo", ["--version"]).failure) count.skip("Rust", "there is no cargo (rustup.rs, or Debian's cargo-web)");
else if (run("cargo", ["fetch", "--locked"], "firmware").failure) count.skip("Rust", "its crates cannot be had");
else {
  for (const folder of ["interface", "firmware"]) {
    count.test(`${folder}: format`, run("cargo", ["fmt", "--all", "--check"], folder).failure);
  }
  const strict = ["--all-targets", "--", "-D", "warnings"];
  count.test("interface: clippy", run("cargo", ["clippy", "--quiet", ...strict], "interface").failure);
  test("interface: tests", [], "interface");
  for (const [crate, list] of Object.entries(CRATES)) {
    const which = ["-p", crate, ...features(list)];
    count.test(`${crate}: clippy`, run("cargo", ["clippy", "--quiet", ...which, ...strict], "firmware").failure);
    test(`${crate}: tests`, which, "firmware");
  }
  if (!process.argv.includes("--no-host")) testHost();
  if (!process.argv.includes("--no-engines")) {
    const { output, failure } = run(process.execPath, ["firmware/engine/test.mjs"]);
    for (const [, n] of output.matchAll(/^test result: \w+\. (\d+) passed/gm)) count.passed += Number(n);
    count.test("engines", failure);
  }
}
finish(count);
