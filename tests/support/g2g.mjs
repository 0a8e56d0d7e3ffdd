// What the tests of the Node host share: the library, the command line, files that go away.
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import * as library from "../../build/node/index.mjs";

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
export const cli = path.join(root, "build/node/cli.mjs");

/** Time after which something that should have happened has not, ms. */
export const PATIENCE = 20_000;

/** Launches a pipeline that is closed, and checked for leaks, at the end of the test. */
export async function launch(t, line, options = {}) {
  const pipeline = await library.launch(line, { checkLeaks: true, ...options });
  t.after(() => within(pipeline.close(), `closing ${line}`));
  return pipeline;
}

/** Plays a line to its end; the pipeline, which is closed at the end of the test. */
export async function play(t, line, options) {
  const pipeline = await launch(t, line, options);
  await within(pipeline.play(), `playing ${line}`);
  await within(pipeline.done, `the end of ${line}`);
  return pipeline;
}

/** What a promise gives; an error when that takes too long. */
export async function within(promise, what, ms = PATIENCE) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} takes more than ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A folder that is gone when the test ends. */
export function folder(t) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "g2g-"));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** n bytes that differ from place to place and from seed to seed. */
export function noise(n, seed = 1) {
  const out = Buffer.alloc(n);
  let x = (seed * 0x9e3779b9) >>> 0 || 1;
  for (let i = 0; i < n; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    out[i] = x;
  }
  return out;
}

/** Starts the command line, Node's or another one; `exit` settles with its code and what it printed. */
export function start(args, { input, cwd, command = [process.execPath, cli] } = {}) {
  const [program, ...first] = command;
  const child = spawn(program, [...first, ...args], { cwd, stdio: ["pipe", "pipe", "pipe"] });
  const out = [];
  const err = [];
  child.stdout.on("data", (data) => out.push(data));
  child.stderr.on("data", (data) => err.push(data));
  // A program that ends before it has read everything is no fault of the test.
  child.stdin.on("error", () => {});
  if (input !== undefined) child.stdin.end(input);
  const exit = new Promise((resolve) => {
    child.on("close", (code, signal) =>
      resolve({ code, signal, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString() }),
    );
  });
  return {
    child,
    exit: within(exit, `g2g ${args.join(" ")}`).catch((e) => (child.kill("SIGKILL"), Promise.reject(e))),
  };
}

/** Runs the command line to its end. */
export function g2g(args, options = {}) {
  return start(args, { input: "", ...options }).exit;
}

/** Takes all messages of a pipeline until it ends. */
export async function messages(pipeline) {
  const all = [];
  for await (const m of pipeline.bus) all.push(m);
  return all;
}
