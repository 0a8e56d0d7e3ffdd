// Brings a checkout to the point where build/node/cli.mjs runs: the version of Node, dependencies, the build.
// Says on stderr what takes time. This file is all that an old version of Node has to understand.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const NODE_FLOOR = 20;
/** Newer than package-lock.json when the dependencies are known to be those that it names. */
const INSTALLED = path.join(root, "node_modules/.glass2glass");

/** Ends the process with one line of what is missing. */
function fail(text) {
  process.stderr.write(`glass2glass: ${text}\n`);
  process.exit(1);
}

function packagesOf(file) {
  try {
    return JSON.parse(fs.readFileSync(path.join(root, file), "utf8")).packages;
  } catch {
    return null;
  }
}

/** Whether node_modules holds what package-lock.json names; npm keeps a list of what it installed. */
function installed() {
  const wanted = packagesOf("package-lock.json");
  const have = packagesOf("node_modules/.package-lock.json");
  if (!wanted || !have) return false;
  return Object.keys(wanted).every((name) => {
    if (!name) return true;
    if (!have[name]) return wanted[name].optional === true;
    return have[name].version === wanted[name].version && fs.existsSync(path.join(root, name));
  });
}

function install() {
  const stamp = fs.statSync(INSTALLED, { throwIfNoEntry: false });
  const lock = fs.statSync(path.join(root, "package-lock.json"));
  if (stamp && stamp.mtimeMs > lock.mtimeMs) return;
  if (!installed()) {
    process.stderr.write("glass2glass: installing dependencies (npm ci), once\n");
    const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    // npm is a script that only a shell starts on Windows.
    const npm = spawnSync("npm", args, { cwd: root, stdio: ["ignore", 2, 2], shell: process.platform === "win32" });
    if (npm.error) fail(`npm does not start: ${npm.error.message}`);
    if (npm.status) fail(`npm ci failed (${npm.status === null ? npm.signal : npm.status})`);
  }
  fs.writeFileSync(INSTALLED, "");
}

/**
 * Does what is missing; ends the process with a message when that fails.
 * @param options testkit: the module for tests as well
 */
export async function bootstrap({ testkit = false } = {}) {
  if (Number(process.versions.node.split(".")[0]) < NODE_FLOOR) {
    fail(`needs Node.js ${NODE_FLOOR} or newer, this is ${process.versions.node}`);
  }
  install();
  const { build, BuildError } = await import("./build.mjs");
  let start = 0;
  const begin = () => {
    start = Date.now();
    process.stderr.write("glass2glass: building ...");
  };
  try {
    await build({ begin, testkit });
    if (start) process.stderr.write(` ${((Date.now() - start) / 1000).toFixed(1)} s\n`);
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    if (start) process.stderr.write("\n");
    fail(`the build failed\n${error.message}`);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await bootstrap();
