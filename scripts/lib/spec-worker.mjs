// Compiles and runs spec files for scripts/spec.mjs, one message with a file at a time: here, or on a board.
// node scripts/lib/spec-worker.mjs [BOARD ENGINE]
import { TestContext } from "@as-pect/core";
import loader from "@assemblyscript/loader";
import { compile, readSource } from "./spec-compile.mjs";

const [BOARD, ENGINE] = process.argv.slice(2);

const UNSUPPORTED = -9;

/**
 * What a spec may import: the host interface, which refuses everything and keeps what is posted, and `spec`, through
 * which assembly/base/__tests__ counts checks and reads posts.
 */
function createHost(memory, onCheck) {
  let posts = [];
  let seed = 1;
  let ticks = 0n;
  return {
    g2g: {
      open: () => UNSUPPORTED,
      submit: () => UNSUPPORTED,
      cancel: () => {},
      close: () => {},
      retain: () => {},
      release: () => {},
      post: (kind, ptr, length) => posts.push({ kind, data: memory.read(ptr, length) }),
      random(ptr, length) {
        const next = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) >>> 24;
        memory.write(ptr, Uint8Array.from({ length }, next));
      },
      tick: () => (ticks += 1000n),
    },
    spec: {
      checked: onCheck,
      posts: () => posts.length,
      postKind: (i) => posts[i].kind,
      postLength: (i) => posts[i].data.length,
      postCopy: (i, into) => memory.write(into, posts[i].data),
      forgetPosts: () => (posts = []),
    },
  };
}

/** A module in this process. */
function here(binary, imports) {
  const instance = loader.instantiateSync(binary, imports);
  const bytes = (ptr, length) => new Uint8Array(instance.exports.memory.buffer, ptr >>> 0, length >>> 0);
  return {
    exports: instance.exports,
    read: (ptr, length) => bytes(ptr, length).slice(),
    write: (ptr, data) => bytes(ptr, data.length).set(data),
    instructions: 0,
    close() {},
  };
}

/** The functions of as-pect that a test reports an expectation through. */
const EXPECTATIONS = [
  "reportExpectedReflectedValue",
  "reportExpectedTruthy",
  "reportExpectedFalsy",
  "reportExpectedFinite",
  "reportExpectedSnapshot",
];

const text = (value) => value?.stringify({ indent: 6 }).trim();

/**
 * Runs a compiled spec.
 * @param file the spec, for a board's image of it
 * @param label what it is called in messages
 * @returns how many tests passed, one text for each that failed, and the instructions that a board counted
 */
async function run(binary, file, label) {
  const context = new TestContext({
    fileName: label,
    binary,
    reporter: { onEnter() {}, onExit() {}, onFinish() {} },
  });
  const checks = new Map();
  const count = () => checks.set(context.targetNode, (checks.get(context.targetNode) ?? 0) + 1);
  let module = null;
  const memory = { read: (...args) => module.read(...args), write: (...args) => module.write(...args) };
  const imports = context.createImports(createHost(memory, count));
  for (const name of EXPECTATIONS) {
    const report = imports.__aspect[name];
    imports.__aspect[name] = (...args) => {
      count();
      return report(...args);
    };
  }
  if (BOARD) {
    const { onBoard } = await import("./spec-board.mjs");
    module = await onBoard(BOARD, ENGINE, file, binary, imports);
  } else module = here(binary, imports);
  try {
    context.run(module);
  } finally {
    module.close();
  }
  let passed = 0;
  const failures = context.errors.map((e) => `${label}: ${e.type}: ${e.message}\n${e.stackTrace}`);
  // A group that no test made fail; what failed at the top level stands among the errors.
  const failedItself = (node) =>
    node.children.every((child) => child.pass) && !(node === context.rootNode && context.errors.length);
  const visit = (node, names) => {
    const where = `${label}: ${names.join(" > ")}`;
    const isTest = node.type === 0;
    if (isTest && node.pass && !node.negated && !checks.get(node)) failures.push(`${where}: expects nothing`);
    else if (isTest && node.pass) passed++;
    else if (!node.pass && (isTest || failedItself(node))) {
      const lines = [`${where}: ${node.message ?? "failed"}`];
      if (node.actual) lines.push(`  actual:   ${text(node.actual)}`);
      if (node.expected) lines.push(`  expected: ${node.expected.negated ? "not " : ""}${text(node.expected)}`);
      const frames = node.stackTrace?.split("\n").filter((line) => !line.includes("@as-pect/"));
      if (frames) lines.push(frames.join("\n"));
      failures.push(lines.join("\n"));
    }
    for (const todo of node.todos) failures.push(`${where}: todo: ${todo}`);
    for (const child of node.children) visit(child, [...names, child.name]);
    for (const log of node.logs) process.stdout.write(`${where}: ${text(log)}\n`);
  };
  visit(context.rootNode, []);
  return { passed, failures, instructions: module.instructions };
}

/**
 * Runs a spec as the baseline and, when code that it reaches has a SIMD variant, with SIMD, which no engine of a board
 * has.
 */
async function runFile(file) {
  const result = { file, passed: 0, failures: [], instructions: 0 };
  const add = ({ passed, failures, instructions }) => {
    result.passed += passed;
    result.failures.push(...failures);
    result.instructions += instructions;
  };
  const hasSimd = (name) => name.startsWith("assembly/") && readSource(name)?.includes("ASC_FEATURE_SIMD");
  try {
    const { binary, files } = await compile(file, "baseline");
    add(await run(binary, file, file));
    if (!BOARD && files.some(hasSimd)) add(await run((await compile(file, "simd")).binary, file, `${file} (SIMD)`));
  } catch (error) {
    result.failures.push(`${file}: ${error.message}`);
  }
  if (!result.passed && !result.failures.length) result.failures.push(`${file}: has no tests`);
  return result;
}

process.on("message", async (file) => process.send(await runFile(file)));
