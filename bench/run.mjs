// npm run bench [-- --quick] [--rounds N] [--only NAME]
// Side by side with gst-launch-1.0 and ffmpeg, interleaved; prints medians and ratios. Nothing here is a test.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildHost } from "../scripts/lib/native.mjs";
import { interleave, median, report, runOnce } from "./measure.mjs";
import { transportStream } from "./media.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    only: { type: "string" },
    outputs: { type: "string" },
    host: { type: "string", default: "node" },
    help: { type: "boolean", default: false },
  },
});
if (options.help) {
  console.log(`Usage: npm run bench -- [--quick] [--rounds N] [--only hop|demux|remux|start|many|memory]

Measures whole processes, interleaved with GStreamer and FFmpeg (installed by scripts/apt.sh when missing).
  --only NAME     this one alone
  --quick         250 MB instead of 1 GB, three rounds
  --rounds N      rounds that count; one before them does not
  --host native   the native host in place of Node, which gets rows of its own
  --outputs DIR   where what is written goes; /dev/shm, which is memory, where there is one

Example:
  npm run bench -- --quick --only demux`);
  process.exit(0);
}
const rounds = Number(options.rounds ?? (options.quick ? 3 : 7));
const bytes = options.quick ? 250e6 : 1e9;
const dir = path.join(root, "build/bench");
/** Where outputs go: memory when there is such a folder, so that the disk is not what is measured. */
const outputs = path.resolve(options.outputs ?? (fs.existsSync("/dev/shm") ? "/dev/shm" : dir));

/** The line that turns a transport stream into MP4. */
const remuxLine = (file, mux, to) =>
  `filesrc location=${file} ! tsdemux name=d  d. ! queue ! h264parse ! m.  d. ! queue ! aacparse ! m.  ${mux} name=m ! filesink location=${to}`;

/** Installs what is missing, as the script says it. */
function needTools() {
  const missing = ["gst-launch-1.0", "ffmpeg"].filter((t) => spawnSync("which", [t]).status);
  if (!missing.length) return;
  console.error(`installing ${missing.join(", ")}`);
  const r = spawnSync(path.join(root, "scripts/apt.sh"), [], { stdio: "inherit" });
  if (r.status) process.exit(r.status ?? 1);
}

if (options.host !== "node" && options.host !== "native") {
  console.error(`no host ${options.host}; there are node and native`);
  process.exit(2);
}

/** The bundled command line without the bootstrap script. */
const nodeHost = [process.execPath, path.join(root, "build/node/cli.mjs")];
const native = options.host === "native" ? buildHost() : null;
if (native?.missing) {
  console.error(native.missing);
  process.exit(1);
}
const launch = (host, line, flags) => [...host, "launch", "-q", ...flags, line];
const ours = (line, ...flags) => launch(native ? [native.program] : nodeHost, line, flags);

/** Rows that Node gets beside the native host. */
const besides = (row) => (native ? { "glass2glass on Node": row(nodeHost) } : {});
const gst = (line) => ["gst-launch-1.0", ...line.split(/\s+/)];

/** Seconds that our pipeline ran, from --stats=-. */
const oursInPipe = (output) => JSON.parse(output.slice(output.indexOf("{"))).time.running / 1e9;

/** Seconds between PLAYING and the end, as gst-launch says. */
function gstInPipe(output) {
  const m = /Execution ended after (\d+):(\d+):([\d.]+)/.exec(output);
  if (!m) throw new Error(`no execution time in: ${output}`);
  return Number(m[1]) * 3600 + Number(m[2]) * 60 + Number(m[3]);
}

const versions = () => {
  const first = (cmd, ...args) => spawnSync(cmd, args, { encoding: "utf8" }).stdout?.split("\n")[0] ?? "";
  console.log(`# Benchmarks\n\n${os.cpus()[0].model}, ${os.cpus().length} cores, Node ${process.version}`);
  console.log(`${first("gst-launch-1.0", "--version")}; ${first("ffmpeg", "-version")}`);
  console.log(`${rounds} rounds, medians; a ratio over 1 means that we are faster`);
};

const benches = {
  hop() {
    const identities = "! identity ".repeat(10);
    const n = 1_000_000;
    const line = `fakesrc num-buffers=${n} ${identities}! fakesink`;
    const results = interleave(
      {
        "glass2glass, statistics off": { argv: ours(line, "--time"), inPipe: oursTime },
        "glass2glass, statistics on": { argv: ours(line, "--stats=-"), inPipe: oursInPipe },
        ...besides((host) => ({ argv: launch(host, line, ["--time"]), inPipe: oursTime })),
        GStreamer: { argv: gst(line), inPipe: gstInPipe },
      },
      rounds,
    );
    report(`A million frames through ten identities`, results, "A hop is one of the ten identities; every one runs.");
    for (const [name, r] of Object.entries(results)) {
      console.log(`\n${name}: ${((median(r.inPipe) * 1e9) / n / 10).toFixed(1)} ns a hop`);
    }
  },
  demux() {
    for (const kind of ["high", "low"]) {
      const file = transportStream(dir, kind, bytes);
      const line = `filesrc location=${file} ! tsdemux ! h264parse ! fakesink`;
      const results = interleave(
        {
          glass2glass: { argv: ours(line, "--time"), inPipe: oursTime },
          "glass2glass without SIMD": { argv: ours(line, "--time", "--no-simd"), inPipe: oursTime },
          ...besides((host) => ({ argv: launch(host, line, ["--time"]), inPipe: oursTime })),
          GStreamer: { argv: gst(line), inPipe: gstInPipe },
          FFmpeg: { argv: ["ffmpeg", "-v", "error", "-i", file, "-map", "0:v", "-c", "copy", "-f", "null", "-"] },
        },
        rounds,
      );
      report(
        `Demux and parse, ${(fs.statSync(file).size / 1e6).toFixed(0)} MB at ${rate(kind)}`,
        results,
        `\`${line}\``,
      );
    }
  },
  remux() {
    for (const kind of ["high", "low"]) {
      const file = transportStream(dir, kind, bytes);
      const writes = path.join(outputs, "bench.mp4");
      fs.rmSync(writes, { force: true });
      const line = remuxLine(file, "mp4mux", writes);
      const results = interleave(
        {
          glass2glass: { argv: ours(line, "--time"), inPipe: oursTime, writes },
          "glass2glass without SIMD": { argv: ours(line, "--time", "--no-simd"), inPipe: oursTime, writes },
          ...besides((host) => ({ argv: launch(host, line, ["--time"]), inPipe: oursTime, writes })),
          GStreamer: { argv: gst(line), inPipe: gstInPipe, writes },
          FFmpeg: { argv: ["ffmpeg", "-v", "error", "-i", file, "-c", "copy", writes], writes },
        },
        rounds,
      );
      report(
        `TS to MP4 with audio, ${(fs.statSync(file).size / 1e6).toFixed(0)} MB at ${rate(kind)}`,
        results,
        `\`${line}\``,
      );
    }
  },
  start() {
    const results = interleave(
      {
        glass2glass: { argv: ours("fakesrc num-buffers=1 ! fakesink") },
        ...besides((host) => ({ argv: launch(host, "fakesrc num-buffers=1 ! fakesink", []) })),
        "g2g script": { argv: [path.join(root, "g2g"), "launch", "-q", "fakesrc num-buffers=1 ! fakesink"] },
        GStreamer: { argv: gst("fakesrc num-buffers=1 ! fakesink") },
        "node -e 0": { argv: [process.execPath, "-e", "0"] },
      },
      Math.max(rounds, 7),
    );
    report("Start-up: one frame", results);
  },
  many() {
    if (!native) {
      console.log("\n## Many pipelines\n\nOnly with --host native.");
      return;
    }
    const file = transportStream(dir, "low", 5e6);
    const line = `filesrc location=${file} ! tsdemux ! h264parse ! mpegtsmux ! fakesink`;
    for (const n of options.quick ? [1, 10, 100] : [1, 10, 100, 1000]) {
      const config = path.join(dir, `many-${n}.toml`);
      const pipelines = Array.from({ length: n }, (_, i) => `[[pipeline]]\nname = "p${i}"\nline = "${line}"\n`);
      fs.writeFileSync(config, pipelines.join("\n"));
      const results = interleave(
        {
          glass2glass: { argv: [native.program, "run", "--config", config] },
          GStreamer: { argv: gst(Array(n).fill(line).join("  ")) },
        },
        Math.min(rounds, 3),
      );
      report(
        `${n} pipelines of ${(fs.statSync(file).size / 1e6).toFixed(0)} MB in one process`,
        results,
        `\`${line}\``,
      );
      const [first] = Object.values(results);
      console.log(`\n${((median(first.memory) * 1024) / n).toFixed(0)} KiB of peak memory a pipeline`);
    }
  },
  memory() {
    console.log(
      "\n## Memory of the core\n\n| pipeline | input MB | peak heap MB | more allocations | more bytes a sample |",
    );
    console.log("|---|---|---|---|---|");
    const row = (name, line, file) => {
      const stats = JSON.parse(runOnce(ours(line, "--stats=-")).output);
      const muxers = stats.elements.filter((e) => e.factory === "mp4mux").map((e) => e.name);
      const samples = stats.links.filter((l) => muxers.includes(l.to.element)).reduce((n, l) => n + l.frames, 0);
      return { name, size: fs.statSync(file).size, peak: stats.memory.peak, allocs: stats.memory.allocations, samples };
    };
    const small = transportStream(dir, "low", 250e6);
    const large = transportStream(dir, "low", 1e9);
    const to = path.join(outputs, "bench.mp4");
    const lines = {
      "demux and parse": (f) => `filesrc location=${f} ! tsdemux ! h264parse ! fakesink`,
      "to fragmented MP4": (f) => remuxLine(f, "mp4mux fragment-duration=2000", to),
      "to progressive MP4": (f) => remuxLine(f, "mp4mux", to),
    };
    for (const [name, make] of Object.entries(lines)) {
      const a = row(name, make(small), small);
      const b = row(name, make(large), large);
      const perSample = b.samples > a.samples ? ((b.peak - a.peak) / (b.samples - a.samples)).toFixed(1) : "";
      for (const r of [a, b]) {
        const more = r === b ? String(b.allocs - a.allocs) : "";
        console.log(
          `| ${name} | ${(r.size / 1e6).toFixed(0)} | ${(r.peak / 1e6).toFixed(2)} | ${more} | ${r === b ? perSample : ""} |`,
        );
      }
    }
    fs.rmSync(to, { force: true });
    console.log(
      "\nMore: what the four times longer file took than the other, in all and for each of its further samples.",
    );
  },
};

function rate(kind) {
  return kind === "high" ? "50 Mb/s" : "4 Mb/s";
}

/** Seconds that our pipeline ran, from --time. */
function oursTime(output) {
  const m = /ran for ([\d.]+) s/.exec(output);
  if (!m) throw new Error(`no time in: ${output}`);
  return Number(m[1]);
}

if (options.only && !(options.only in benches)) {
  console.error(`no benchmark ${options.only}; there are ${Object.keys(benches).join(", ")}`);
  process.exit(2);
}
needTools();
runOnce([path.join(root, "g2g"), "--version"]);
versions();
for (const [name, bench] of Object.entries(benches)) if (!options.only || options.only === name) bench();
