// Runs the specs of the core: every assembly/**/__tests__/*.spec.ts, under as-pect.
// node scripts/spec.mjs [words]   with words, only the files whose path has one of them
// Fails when a file has no tests, a test expects nothing, or a file does not come to its end.
import { fork } from "node:child_process";
import os from "node:os";
import path from "node:path";
import { filesUnder, root } from "./lib/inputs.mjs";
import { finish, tally } from "./lib/tally.mjs";

/** A file that takes longer than this, to compile and to run, counts as hung. */
const LIMIT_MS = 180_000;

const words = process.argv.slice(2);
const all = filesUnder("assembly", (file) => /\/__tests__\/[^/]+\.spec\.ts$/.test(file));
const files = all.filter((file) => !words.length || words.some((word) => file.includes(word)));
const count = tally();
const results = new Map();
const queue = [...files];

/** One process that takes files from the queue until it is empty. */
function worker() {
  return new Promise((resolve) => {
    const child = fork(path.join(root, "scripts/lib/spec-worker.mjs"), { cwd: root });
    let file = null;
    let timer = null;
    const end = () => child.kill("SIGKILL");
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
      console.log(
        `${failures.length ? "FAILED" : "ok    "} ${result.file}: ${passed} passed, ${failures.length} failed`,
      );
      for (const failure of failures) console.error(failure);
      next();
    });
    child.on("exit", (code, signal) => {
      clearTimeout(timer);
      process.off("exit", end);
      if (file)
        console.error(`FAILED ${file}: the process ended (${signal ?? code}), or took over ${LIMIT_MS / 1000} s`);
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
for (const file of files) {
  const result = results.get(file);
  tests += (result?.passed ?? 0) + (result?.failures.length ?? 0);
  count.passed += result?.passed ?? 0;
  count.failed += result?.failures.length ?? 1;
}
console.log(`${results.size} of ${files.length} spec files ran, ${tests} tests`);
finish(count);
