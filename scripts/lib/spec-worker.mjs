// Compiles and runs spec files for scripts/spec.mjs, one message with a file at a time.
import { TestContext } from "@as-pect/core";
import loader from "@assemblyscript/loader";
import asc from "assemblyscript/asc";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { root } from "./inputs.mjs";

const UNSUPPORTED = -9;
const CACHE = path.join(root, "build/spec");

const sha = (data) => createHash("sha256").update(data).digest("hex");

/** Everything that a spec's module depends on besides its sources. */
const ground = sha(
  ["package-lock.json", "as-pect.asconfig.json", "scripts/lib/spec-worker.mjs"]
    .map((file) => fs.readFileSync(path.join(root, file)))
    .join("\0"),
);

function readSource(name) {
  try {
    return fs.readFileSync(path.resolve(root, name), "utf8");
  } catch {
    return null;
  }
}

/**
 * Compiles a spec, or takes the module of an earlier run when no file that it was made from has changed.
 * @returns the module and the files it was made from; throws with the compiler's messages
 */
async function compile(file, target) {
  const base = path.join(CACHE, `${file.replaceAll("/", "-")}-${target}`);
  try {
    const { made, hashes } = JSON.parse(fs.readFileSync(`${base}.json`, "utf8"));
    if (made === ground && Object.entries(hashes).every(([name, hash]) => sha(readSource(name) ?? "") === hash)) {
      return { binary: fs.readFileSync(`${base}.wasm`), files: Object.keys(hashes) };
    }
  } catch {
    // Never compiled: it is now.
  }
  const hashes = {};
  let binary = null;
  const stderr = asc.createMemoryStream();
  const { error } = await asc.main(
    [file, "--baseDir", root, "--config", "as-pect.asconfig.json", "--target", target, "--outFile", "spec.wasm"],
    {
      stderr,
      readFile(name) {
        const text = readSource(name);
        // What is looked for and not there matters too: it may appear.
        hashes[name] = sha(text ?? "");
        return text;
      },
      writeFile(name, data) {
        if (name.endsWith(".wasm")) binary = Buffer.from(data);
      },
    },
  );
  if (error) throw new Error(stderr.toString() || error.message);
  fs.mkdirSync(CACHE, { recursive: true });
  fs.writeFileSync(`${base}.wasm`, binary);
  fs.writeFileSync(`${base}.json`, JSON.stringify({ made: ground, hashes }));
  return { binary, files: Object.keys(hashes) };
}

/**
 * What a spec may import: the host interface, which refuses everything and keeps what is posted, and `spec`, through
 * which assembly/base/__tests__ counts checks and reads posts.
 */
function createHost(memory, onCheck) {
  let posts = [];
  let seed = 1;
  let ticks = 0n;
  const bytes = (ptr, length) => new Uint8Array(memory().buffer, ptr >>> 0, length >>> 0);
  return {
    g2g: {
      open: () => UNSUPPORTED,
      submit: () => UNSUPPORTED,
      cancel: () => {},
      close: () => {},
      retain: () => {},
      release: () => {},
      post: (kind, ptr, length) => posts.push({ kind, data: bytes(ptr, length).slice() }),
      random(ptr, length) {
        for (let i = 0; i < length; i++) {
          seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
          bytes(ptr, length)[i] = seed >>> 24;
        }
      },
      tick: () => (ticks += 1000n),
    },
    spec: {
      checked: onCheck,
      posts: () => posts.length,
      postKind: (i) => posts[i].kind,
      postLength: (i) => posts[i].data.length,
      postCopy: (i, into) => bytes(into, posts[i].data.length).set(posts[i].data),
      forgetPosts: () => (posts = []),
    },
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

/** Runs a compiled spec. @returns how many tests passed, and one text for each that failed */
function run(binary, label) {
  const context = new TestContext({
    fileName: label,
    binary,
    reporter: { onEnter() {}, onExit() {}, onFinish() {} },
  });
  const checks = new Map();
  const count = () => checks.set(context.targetNode, (checks.get(context.targetNode) ?? 0) + 1);
  let instance = null;
  const imports = context.createImports(createHost(() => instance.exports.memory, count));
  for (const name of EXPECTATIONS) {
    const report = imports.__aspect[name];
    imports.__aspect[name] = (...args) => {
      count();
      return report(...args);
    };
  }
  instance = loader.instantiateSync(binary, imports);
  context.run(instance);
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
  return { passed, failures };
}

/** Runs a spec as the baseline and, when code that it reaches has a SIMD variant, with SIMD. */
async function runFile(file) {
  const result = { file, passed: 0, failures: [] };
  const add = ({ passed, failures }) => {
    result.passed += passed;
    result.failures.push(...failures);
  };
  try {
    const { binary, files } = await compile(file, "baseline");
    add(run(binary, file));
    if (files.some((name) => name.startsWith("assembly/") && readSource(name)?.includes("ASC_FEATURE_SIMD"))) {
      add(run((await compile(file, "simd")).binary, `${file} (SIMD)`));
    }
  } catch (error) {
    result.failures.push(`${file}: ${error.message}`);
  }
  if (!result.passed && !result.failures.length) result.failures.push(`${file}: has no tests`);
  return result;
}

process.on("message", async (file) => process.send(await runFile(file)));
