// Runs the specs of the core: every assembly/**/__tests__/*.spec.ts, under as-pect.
// node scripts/spec.mjs [words] [--board NAME [--engine ENGINE] [--all]]
//   words      only the files whose path has one of them
//   --board    on an emulated board (firmware/spec) in place of here, some of all folders
//   --engine   what runs them there: wasm3 (the default), or aot, C made ahead of time
//   --all      on a board: all files, not only the chosen ones
// Fails when a file has no tests, a test expects nothing, or a file does not come to its end.
import { fork } from "node:child_process";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { filesUnder, root } from "./lib/inputs.mjs";
import { BOARDS, CHOSEN, ENGINES, missing, tooLarge } from "./lib/spec-image.mjs";
import { finish, tally } from "./lib/tally.mjs";

/** A file that takes longer than this, to compile and to run, counts as hung: here, and on an emulated board. */
const LIMITS_MS = [180_000, 900_000];

function usage(message) {
  console.error(message);
  process.exit(2);
}

/** What the command line says. */
function readArguments() {
  const options = { board: { type: "string" }, engine: { type: "string" }, all: { type: "boolean" } };
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    return { ...values, words: positionals };
  } catch (error) {
    return usage(error.message);
  }
}

const { words, board, engine = ENGINES[0], all: everything } = readArguments();
if (board && !BOARDS.includes(board)) usage(`no specs run on ${board}; they run on ${BOARDS.join(", ")}`);
if (!ENGINES.includes(engine)) usage(`there is no engine ${engine}; there are ${ENGINES.join(", ")}`);

const LIMIT_MS = LIMITS_MS[board ? 1 : 0];

const all = filesUnder("assembly", (file) => /\/__tests__\/[^/]+\.spec\.ts$/.test(file));
const named = words.length ? words : board && !everything ? CHOSEN : [""];
const count = tally();
const absent = board ? missing() : null;
const files = all.filter((file) => {
  if (!named.some((word) => file.includes(word))) return false;
  const reason = absent ?? (board ? tooLarge(file, board) : null);
  if (reason) count.skip(file, reason);
  return !reason;
});
const results = new Map();
const queue = [...files];

const instructions = (n) => `${(n / 1e6).toFixed(n < 1e7 ? 1 : 0)} M instructions`;

/** One process that takes files from the queue until it is empty. */
function worker() {
  return new Promise((resolve) => {
    // A group of its own, which an emulator that it starts is in too.
    const args = board ? [board, engine] : [];
    const child = fork(path.join(root, "scripts/lib/spec-worker.mjs"), args, { cwd: root, detached: true });
    let file = null;
    let timer = null;
    const end = () => {
      try {
        process.kill(-child.pid, "SIGKILL");
      } catch {
        // It ended by itself.
      }
    };
    process.on("exit", end);
    const next = () => {
      clearTimeout(timer);
      file = queue.shift() ?? null;
      if (!file) {
        child.disconnect();
        return;
      }
      timer = setTimeout(end, LIMIT_MS);
      child.send(file);
    };
    child.on("message", (result) => {
      results.set(result.file, result);
      const { passed, failures } = result;
      const counts = `${passed} passed, ${failures.length} failed`;
      const cost = board ? `, ${instructions(result.instructions)}` : "";
      console.log(`${failures.length ? "FAILED" : "ok    "} ${result.file}: ${counts}${cost}`);
      for (const failure of failures) console.error(failure);
      next();
    });
    child.on("exit", (code, signal) => {
      clearTimeout(timer);
      process.off("exit", end);
      if (file)
        console.error(`FAILED ${file}: the process ended (${signal ?? code}), or took over ${LIMIT_MS / 1000} s`);
      end();
      // The file that ended it stays without a result; the others go on in a new process.
      resolve(file ? worker() : undefined);
    });
    next();
  });
}

// A process that runs a spec in an endless loop hears nothing, so it must not outlive this one.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(1));

const workers = Math.min(os.availableParallelism(), 4, files.length);
await Promise.all(Array.from({ length: workers }, worker));

let tests = 0;
let spent = 0;
for (const file of files) {
  const result = results.get(file);
  spent += result?.instructions ?? 0;
  tests += (result?.passed ?? 0) + (result?.failures.length ?? 0);
  count.passed += result?.passed ?? 0;
  count.failed += result?.failures.length ?? 1;
}
const where = board ? ` on ${board} with ${engine}, ${instructions(spent)}` : "";
console.log(`${results.size} of ${files.length} spec files ran, ${tests} tests${where}`);
finish(count);
