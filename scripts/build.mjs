// Makes everything that is made: generated sources, build/core.wasm and build/core.simd.wasm, build/node, build/tool.
// node scripts/build.mjs [--debug] [--types] [--testkit] [--force]
//   --debug    also build/core.debug.wasm, with names and assertions
//   --types    also build/types, the declarations of the Node package
//   --testkit  also build/testkit.wasm, parts of the core by themselves, for tests
//   --force    even when nothing changed
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { withoutCustom } from "./lib/sections.mjs";
import { filesUnder, hashFiles, root } from "./lib/inputs.mjs";

/** The mtime of the stamp is the start of the build that made it, so `find -newer` sees what changed meanwhile. */
const STAMP = "build/stamp.json";
const TOOLS = ["package-lock.json", "scripts/build.mjs", "scripts/lib/inputs.mjs"];
const ENTRY = "assembly/profiles/full.ts";
const TESTKIT = { entry: "assembly/profiles/testkit.ts", artifact: "build/testkit.wasm" };

const FLAGS = ["debug", "types", "testkit", "force"];

const isSource = (file) => !file.includes("/__tests__/");

const core = {
  inputs: () =>
    [
      ...TOOLS,
      "asconfig.json",
      "assembly",
      "tables",
      "scripts/generate.mjs",
      "scripts/lib/descriptor.mjs",
      "scripts/lib/profile.mjs",
      "scripts/strict",
    ].flatMap((place) => filesUnder(place, isSource)),
  outputs: ["core", "core.simd"].flatMap((name) => [`build/${name}.wasm`, `build/${name}.names`]),
};

const node = {
  entries: () => ["cli", "index"].filter((name) => fs.existsSync(path.join(root, `node-host/src/${name}.ts`))),
  inputs: () => [...TOOLS, "node-host/src", "node-host/tsconfig.json"].flatMap((place) => filesUnder(place, isSource)),
};

/** What makes firmware; it works on the sources in the repository and is in no package. */
const tool = {
  entry: "firmware/tool/index.ts",
  output: "build/tool/firmware.mjs",
  inputs: () => [...node.inputs(), ...filesUnder("firmware/tool", isSource)],
};

/** Runs a Node program at the root; rejects with its output when it fails. */
function execute(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (data) => (output += data));
    child.stderr.on("data", (data) => (output += data));
    child.on("error", reject);
    child.on("close", (code) =>
      code ? reject(new BuildError(output || `${args[0]} ended with ${code}`)) : resolve(output),
    );
  });
}

/** What a tool said about sources that cannot be built. */
export class BuildError extends Error {}

/**
 * Compiles an entry file for a target of asconfig.json; the artifact appears at once, whole.
 * @param options entry: the file; names: where the names of the functions go, which the artifact does without
 */
async function compile(target, artifact, { entry = ENTRY, names } = {}) {
  const made = `${artifact}.${process.pid}`;
  try {
    const output = await execute([
      ...["node_modules/assemblyscript/bin/asc.js", entry, "--config", "asconfig.json", "--target", target],
      ...["--transform", "./scripts/strict/transform.mjs", "--outFile", made, ...(names ? ["--debug"] : [])],
    ]);
    if (names) {
      const { module, custom } = withoutCustom(fs.readFileSync(path.join(root, made)));
      fs.writeFileSync(path.join(root, made), module);
      fs.writeFileSync(path.join(root, names), custom);
    }
    fs.renameSync(path.join(root, made), path.join(root, artifact));
    return output;
  } finally {
    fs.rmSync(path.join(root, made), { force: true });
  }
}

async function bundle(entries) {
  const { build } = await import("esbuild");
  const { version } = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8"));
  const outdir = path.join(root, "build/node");
  const result = await build({
    absWorkingDir: root,
    entryPoints: entries.map((name) => `node-host/src/${name}.ts`),
    outdir,
    outExtension: { ".js": ".mjs" },
    chunkNames: "chunk-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    define: { G2G_VERSION: JSON.stringify(version) },
    // Dependencies in CommonJS call require for Node's own modules.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    legalComments: "linked",
    logLevel: "silent",
    metafile: true,
  }).catch((error) => {
    throw new BuildError(error.message);
  });
  const made = new Set(Object.keys(result.metafile.outputs).map((file) => path.basename(file)));
  for (const name of fs.readdirSync(outdir)) if (!made.has(name)) fs.rmSync(path.join(outdir, name));
}

/** Bundles the tool for firmware. Its dependencies stay in node_modules. */
async function bundleTool() {
  const { build } = await import("esbuild");
  await build({
    absWorkingDir: root,
    entryPoints: [tool.entry],
    outfile: tool.output,
    bundle: true,
    packages: "external",
    format: "esm",
    platform: "node",
    target: "node20",
    logLevel: "silent",
  }).catch((error) => {
    throw new BuildError(error.message);
  });
}

/** Writes the declarations of the Node package. */
function declare() {
  const out = ["--noEmit", "false", "--declaration", "--emitDeclarationOnly", "--outDir", "build/types"];
  return execute(["node_modules/typescript/bin/tsc", "-p", "node-host/tsconfig.json", ...out]);
}

function readStamp() {
  try {
    return JSON.parse(fs.readFileSync(path.join(root, STAMP), "utf8"));
  } catch {
    return {};
  }
}

function writeStamp(stamp, start) {
  fs.writeFileSync(path.join(root, STAMP), `${JSON.stringify(stamp)}\n`);
  fs.utimesSync(path.join(root, STAMP), start, start);
}

const present = (files) => files.every((file) => fs.existsSync(path.join(root, file)));

/**
 * Builds what is not up to date.
 * @param options debug, types, testkit, force as on the command line; `begin` is called once before work that takes time
 * @returns compiler messages that are no errors
 * @throws BuildError when sources cannot be built
 */
export async function build({ debug = false, types = false, testkit = false, force = false, begin = () => {} } = {}) {
  const start = new Date();
  const old = force ? {} : readStamp();
  const stamp = {
    core: hashFiles(core.inputs()),
    node: hashFiles(node.inputs()),
    tool: hashFiles(tool.inputs()),
    testkit: old.testkit,
  };
  const bundles = node.entries().map((name) => `build/node/${name}.mjs`);
  const coreDone = () => stamp.core === old.core && present(core.outputs);
  const nodeDone = () => stamp.node === old.node && present(bundles);
  const toolDone = () => stamp.tool === old.tool && present([tool.output]);
  const testkitDone = () => !testkit || (stamp.core === old.testkit && present([TESTKIT.artifact]));
  const messages = [];
  fs.mkdirSync(path.join(root, "build"), { recursive: true });
  if (!coreDone() || !nodeDone() || !toolDone() || !testkitDone() || debug || types) {
    begin();
    messages.push(await execute(["scripts/generate.mjs"]));
    stamp.core = hashFiles(core.inputs());
    stamp.node = hashFiles(node.inputs());
    stamp.tool = hashFiles(tool.inputs());
    const failures = [];
    /** Waits for jobs; what was made by those that fail keeps no stamp. */
    const finish = async (part, jobs) => {
      const results = await Promise.allSettled(jobs);
      const failed = results.filter((r) => r.status === "rejected").map((r) => r.reason);
      for (const reason of failed) if (!(reason instanceof BuildError)) throw reason;
      if (failed.length) stamp[part] = null;
      failures.push(...failed.map((reason) => reason.message));
      messages.push(...results.map((r) => r.value));
    };
    const compiling = coreDone()
      ? []
      : [
          compile("baseline", "build/core.wasm", { names: "build/core.names" }),
          compile("simd", "build/core.simd.wasm", { names: "build/core.simd.names" }),
        ];
    if (debug) compiling.push(compile("debug", "build/core.debug.wasm"));
    const bundling = nodeDone() || !bundles.length ? [] : [bundle(node.entries())];
    if (types) bundling.push(declare());
    const tooling = toolDone() ? [] : [bundleTool()];
    const helping = [];
    if (!testkitDone()) {
      stamp.testkit = stamp.core;
      helping.push(compile("baseline", TESTKIT.artifact, { entry: TESTKIT.entry }));
    }
    await Promise.all([
      finish("core", compiling),
      finish("node", bundling),
      finish("tool", tooling),
      finish("testkit", helping),
    ]);
    // After a failure the stamp is older than every source, so that the next run builds again.
    writeStamp(stamp, failures.length ? new Date(0) : start);
    // Both artifacts of the core come from the same sources and mostly fail with the same words.
    if (failures.length) throw new BuildError([...new Set(failures)].join("\n"));
  } else writeStamp(stamp, start);
  return [...new Set(messages.filter(Boolean))].join("");
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    process.stderr.write(
      await build(Object.fromEntries(FLAGS.map((name) => [name, process.argv.includes(`--${name}`)]))),
    );
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
