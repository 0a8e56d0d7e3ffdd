import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { folder, noise, root, within } from "../support/g2g.mjs";
import { NATIVE, NODE, onHosts } from "../support/hosts.mjs";

const LINE = "fakesrc num-buffers=5 ! identity ! fakesink";

onHosts("launch runs a line to its end, quietly", async (_, host) => {
  const { code, stdout, stderr } = await host.run(["launch", LINE]);
  assert.deepEqual([code, String(stdout), stderr], [0, "", ""]);
});

onHosts("the line may come in several words", async (t, host) => {
  const dir = folder(t);
  fs.writeFileSync(path.join(dir, "a b"), "x");
  const words = ["filesrc", "location=a b", "!", "application/octet-stream, x=1", "!", "fakesink"];
  assert.equal((await host.run(["launch", ...words], { cwd: dir })).code, 0);
  assert.equal((await host.run(["launch", ...LINE.split(" ")])).code, 0);
});

onHosts("-v prints each link's caps and domain, -m the messages, on the standard error", async (_, host) => {
  const { code, stdout, stderr } = await host.run([
    "launch",
    "-v",
    "-m",
    "fakesrc num-buffers=2 ! text/plain,x=(int)3 ! fakesink",
  ]);
  assert.equal(code, 0);
  assert.equal(stdout.length, 0);
  const lines = stderr.trim().split("\n");
  assert.ok(lines.includes("fakesrc0.src -> capsfilter0.sink: text/plain, x=(int)3 [system memory]"), stderr);
  assert.ok(lines.includes("capsfilter0.src -> fakesink0.sink: text/plain, x=(int)3 [system memory]"));
  assert.ok(lines.includes("pipeline: eos"));
  assert.ok(lines.some((l) => l.startsWith("pipeline: state-changed ")));
});

onHosts("--time tells how long the pipeline ran, as long as its clock says", async (_, host) => {
  const line = "fakesrc num-buffers=3 sizetype=fixed sizemax=1000 datarate=10000 ! fakesink sync=true";
  const { code, stderr } = await host.run(["launch", "-q", "--time", line]);
  assert.equal(code, 0);
  const seconds = Number(/^ran for ([\d.]+) s\n$/.exec(stderr)[1]);
  assert.ok(seconds >= 0.2 && seconds < 15, stderr);
});

onHosts("--version prints the version of the package", async (_, host) => {
  const { version } = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8"));
  assert.equal(String((await host.run(["--version"])).stdout), `${version}\n`);
});

onHosts("--stats writes the ledgers as JSON", async (t, host) => {
  const dir = folder(t);
  fs.writeFileSync(path.join(dir, "in"), noise(5000));
  const line = "filesrc location=in blocksize=100 ! filesink location=out";
  assert.equal((await host.run(["launch", "--stats=stats.json", line], { cwd: dir })).code, 0);
  const stats = JSON.parse(fs.readFileSync(path.join(dir, "stats.json"), "utf8"));
  assert.deepEqual(Object.keys(stats), ["elements", "links", "memory", "host", "time"]);
  assert.ok(stats.time.running > 0);
  assert.equal(stats.links[0].bytes, 5000);
  assert.deepEqual(stats.elements[1].copies, { gather: { bytes: 5000, count: 50 } });
  const { stdout } = await host.run(["launch", "--stats=-", LINE]);
  assert.equal(JSON.parse(stdout).links[0].frames, 5);
  const failed = await host.run(["launch", "--stats=/no/such/file", LINE]);
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /the ledgers cannot be written/);
});

/** Runs commands that must fail: arguments, exit code, what is said. */
async function refused(host, cases) {
  for (const [args, code, text] of cases) {
    const run = await host.run(args);
    assert.equal(run.code, code, `${args.join(" ")}: ${run.stderr}`);
    assert.match(run.stderr, text);
    assert.equal(run.stdout.length, 0);
  }
}

onHosts("an error is one sentence, and the exit code says what kind", async (_, host) => {
  const cases = [
    [
      ["launch", "filesrc location=/no/file ! fakesink"],
      1,
      /^error: filesrc0: cannot open "\/no\/file": it does not exist\n$/,
    ],
    [
      ["launch", "fakesrc ! identity error-after=1 ! fakesink"],
      1,
      /^error: identity0[^:]*: failed after 1 frames[^\n]*\n$/,
    ],
    [["launch", "fakesrk ! fakesink"], 2, /^error: no element "fakesrk" \(column 1\); did you mean fakesrc\?\n$/],
    [["launch", "fakesrc num-buffers=1 ! fakesunk"], 2, /fakesink\?\n {2}fakesrc num-buffers=1 ! fakesunk\n {26}\^\n$/],
    [["launch"], 2, /missing required argument/],
    [["launch", "--no-such", LINE], 2, /unknown option/],
    [["launch", "--max-memory=lots", LINE], 2, /a number such as 64M/],
    [["nonsense"], 2, /unknown command/],
    [["inspect", "fakesrk"], 2, /^error: no element "fakesrk"; did you mean fakesrc\?\n$/],
  ];
  await refused(host, cases);
});

onHosts(
  "so is an error of replay and probe, and of an element for programs",
  (_, host) =>
    refused(host, [
      [["launch", "appsrc ! fakesink"], 2, /^error: appsrc0: appsrc is for programs that use the library\n$/],
      [["replay", "/no/such/file"], 1, /^error: the recording \/no\/such\/file cannot be read/],
      [["probe", "/no/such/file"], 1, /^error: .*"\/no\/such\/file": it does not exist/],
      [["probe", "--parse=maybe", "x"], 2, /auto, always or never/],
    ]),
  { native: "it has no replay, probe and appsrc" },
);

onHosts("help is to be had everywhere, with an example, and is no error", async (_, host) => {
  const commands = host === NODE ? ["replay", "probe", "demo"] : [];
  for (const command of [[], ...["launch", "inspect", ...commands].map((name) => [name])]) {
    const { code, stdout, stderr } = await host.run([...command, "--help"]);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(String(stdout), /Usage: g2g/);
    assert.match(String(stdout), /Example:\n {2}g2g /);
  }
  assert.match(String((await host.run(["--help"])).stdout), /Exit codes:/);
});

onHosts("inspect lists the elements and tells what each is", async (_, host) => {
  const list = String((await host.run(["inspect"])).stdout);
  const own = host === NODE ? ["appsink", "appsrc"] : [];
  for (const name of [...own, "fakesrc", "filesink", "queue"]) assert.match(list, new RegExp(`^${name} +\\S`, "m"));
  const queue = String((await host.run(["inspect", "queue"])).stdout);
  assert.match(queue, /max-size-buffers +Frames it holds/);
  assert.match(queue, /uint up to 65536, default 200/);
  assert.match(queue, /g2g launch '.*queue.*'/);
  const json = JSON.parse((await host.run(["inspect", "queue", "--json"])).stdout);
  assert.equal(json.name, "queue");
  const all = JSON.parse((await host.run(["inspect", "--json"])).stdout);
  assert.deepEqual(
    all.map((e) => e.name),
    list
      .trim()
      .split("\n")
      .filter((l) => /^\S/.test(l))
      .map((l) => l.split(" ")[0]),
  );
});

onHosts("--max-memory is the ceiling", async (_, host) => {
  const line = "fakesrc num-buffers=3 sizetype=fixed sizemax=16000000 ! fakesink";
  assert.equal((await host.run(["launch", "--max-memory=64M", line])).code, 0);
  const { code, stderr } = await host.run(["launch", "--max-memory=4M", line]);
  assert.equal(code, 1);
  assert.match(stderr, /the memory ceiling of 4194304 bytes is too low: fakesrc0 needed .*; raise --max-memory/);
});

/** Sends signals: the first when the pipeline has started and `begun` holds, the second when the first has had its effect. */
async function interrupt(host, line, signals, begun = () => true) {
  const { child, exit } = host.start(["launch", "-m", line]);
  let said = "";
  const seen = (text) =>
    new Promise((resolve) => {
      const look = () => said.includes(text) && resolve();
      child.stderr.on("data", (data) => {
        said += data;
        look();
      });
      look();
    });
  await seen('"state":"paused"');
  while (!begun()) await delay(5);
  for (const [i, signal] of signals.entries()) {
    if (i) await seen("once more to stop at once");
    child.kill(signal);
  }
  return exit;
}

onHosts("SIGINT ends the streams, so that what is written is whole", async (t, host) => {
  const dir = folder(t);
  const out = path.join(dir, "out");
  const begun = () => fs.existsSync(out) && fs.statSync(out).size > 0;
  const line = `fakesrc is-live=true sizetype=fixed sizemax=100 filltype=pattern datarate=100000 ! filesink location=${out}`;
  const run = await interrupt(host, line, ["SIGINT"], begun);
  assert.equal(run.code, 130, run.stderr);
  assert.match(run.stderr, /pipeline: eos/);
  const data = fs.readFileSync(out);
  assert.ok(data.length > 0 && data.length % 100 === 0 && data.every((v, i) => v === i % 100));
});

onHosts("SIGTERM does the same with its own exit code", async (_, host) => {
  const run = await interrupt(host, "fakesrc is-live=true sizetype=fixed sizemax=1 datarate=10 ! fakesink", [
    "SIGTERM",
  ]);
  assert.equal(run.code, 143, run.stderr);
});

onHosts("a second SIGINT stops what does not end by itself", async (_, host) => {
  // The sink holds its frames for an hour each, so the end of the stream is far away.
  const line = "fakesrc sizetype=fixed sizemax=3600 datarate=1 ! fakesink sync=true";
  const run = await interrupt(host, line, ["SIGINT", "SIGINT"]);
  assert.equal(run.code, 130, run.stderr);
  assert.doesNotMatch(run.stderr, /pipeline: eos/);
});

test("probe tells what a file holds, and how long it is", async (t) => {
  const dir = folder(t);
  assert.equal((await NODE.run(["demo", dir])).code, 0);
  const { stdout } = await NODE.run(["probe", "--json", path.join(dir, "clip.mp4")]);
  const found = JSON.parse(stdout);
  assert.equal(found.demuxer, "mp4demux");
  assert.deepEqual(
    found.streams.map((s) => s.caps.split(",")[0]),
    ["video/x-h264", "audio/mpeg"],
  );
  assert.ok(Math.abs(found.duration - 10e9) < 0.1e9, String(found.duration));
});

/** Commands to which both hosts must say the same. */
const SAME = [
  ["launch", "-v", "-m", "fakesrc num-buffers=2 ! text/plain,x=(int)3 ! fakesink"],
  ["launch", "-m", "audiotestsrc num-buffers=2 ! mulawenc ! fakesink"],
  ["launch", "-m", "videotestsrc num-buffers=1 ! mp4mux ! fakesink"],
  ["launch", "fakesrc num-buffers=3 ! identity error-after=1 ! fakesink"],
  ["launch", "-q", "fakesrc num-buffers=1 ! tee name=t t. ! queue ! fakesink t. ! queue ! fakesink"],
  ["launch", "filesrc location=/tmp ! fakesink"],
  ["launch", "filesrc location=/no/file ! tsdemux ! fakesink"],
  ["launch", "fakesrc ! a/b ! c/d ! fakesink"],
  ["launch", "queue max-size-buffers=x ! fakesink"],
  ["launch", "fakesrc leaky=oder ! fakesink"],
  ["launch", "fakesrc ! queue leaky=oder ! fakesink"],
  ["launch", "fakesrc num-buffers=1 ! text/plain,x=(nothing)3 ! fakesink"],
  ["launch", "fakesrc name=\u{e4}\u{1f600} num-buffers=1 ! fakesunk with more than twenty"],
  ["launch", "fakesrc", "num-buffers=1", "!", "text/plain, x=(string)a b", "!", "fakesink name=a\\ b"],
  ["launch", ""],
  ["launch", "( fakesrc )"],
  ["launch", "--max-memory=4M", "fakesrc num-buffers=3 sizetype=fixed sizemax=16000000 ! fakesink"],
  ["launch", "--max-memory=1", "fakesrc ! fakesink"],
  ["launch", "--quie", "x"],
  ["launch", "--quiet=3", "x"],
  ["launch", "x", "--stats"],
  ["launc"],
  ["inspect", "videotestsink"],
  ["inspect", "no-such-element-at-all"],
];

test("both hosts say the same and end the same", { skip: NATIVE.missing ?? false }, async () => {
  const names = async (host) => JSON.parse((await host.run(["inspect", "--json"])).stdout).map((e) => e.name);
  // Each host has elements of its own as well.
  const onNode = new Set(await names(NODE));
  const listed = (await names(NATIVE)).filter((name) => onNode.has(name));
  assert.ok(listed.length > 20);
  const shown = listed.flatMap((name) => [
    ["inspect", name],
    ["inspect", "--json", name],
  ]);
  const said = ({ code, signal, stdout, stderr }) => ({ code, signal, stdout: String(stdout), stderr });
  for (const args of [...SAME, ...shown]) {
    assert.deepEqual(said(await NATIVE.run(args)), said(await NODE.run(args)), args.join(" "));
  }
});

/** Runs ./g2g. */
function wrapper(args) {
  const child = spawn(path.join(root, "g2g"), args, { stdio: ["ignore", "pipe", "pipe"] });
  const run = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"]) child[name].setEncoding("utf8").on("data", (text) => (run[name] += text));
  const ended = new Promise((resolve) => child.on("close", (code) => resolve({ code, ...run })));
  return within(ended, `./g2g ${args.join(" ")}`, 600_000);
}

test("./g2g runs the host that --host names, and Node's without it", { skip: NATIVE.missing ?? false }, async () => {
  const runs = (args) => wrapper([...args, "probe", "/no/such/file"]);
  assert.equal((await runs(["--host", "native"])).code, 2);
  assert.equal((await runs(["--host=native"])).code, 2);
  assert.equal((await runs(["--host=node"])).code, 1);
  assert.equal((await runs([])).code, 1);
});

test("./g2g refuses a host that does not exist", async () => {
  const other = await wrapper(["--host=other", "inspect"]);
  assert.deepEqual(other, { code: 2, stdout: "", stderr: 'error: --host is node or native, not "other"\n' });
  const none = await wrapper(["--host"]);
  assert.deepEqual(none, { code: 2, stdout: "", stderr: "error: option '--host <host>' argument missing\n" });
});
