// Recordings of either host, replayed by the other.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Divergence, HostFault, launch, replay } from "../../build/node/index.mjs";
import { folder, noise, root, within } from "../support/g2g.mjs";
import { NATIVE, NODE, onHosts } from "../support/hosts.mjs";

const OTHER = new Map([
  [NODE, NATIVE],
  [NATIVE, NODE],
]);

const COPY = "filesrc location=in blocksize=100000 ! identity ! queue ! filesink location=out";

/** A folder with a file `in`. */
function place(t, size = 2_500_000) {
  const dir = folder(t);
  fs.writeFileSync(path.join(dir, "in"), noise(size));
  return dir;
}

/** Records a line as run.g2g in a folder; what the command line said. */
function record(host, dir, line, ...options) {
  return host.run(["launch", "-q", "--record=run.g2g", ...options, line], { cwd: dir });
}

/** Replays what is recorded in a folder; its code and what it said. */
async function again(host, dir, ...options) {
  const { code, stdout, stderr } = await host.run(["replay", "run.g2g", ...options], { cwd: dir });
  return { code, stdout: String(stdout), stderr };
}

/** Replays on both hosts, which must say the same; it, and what the sinks wrote is compared with what is there. */
async function replayOnBoth(dir, outputs = []) {
  const said = [];
  for (const host of [NODE, NATIVE]) {
    said.push(await again(host, dir, "-m", "--output", host.name));
    for (const name of outputs) {
      const [then, now] = [dir, path.join(dir, host.name)].map((d) => fs.readFileSync(path.join(d, name)));
      assert.ok(then.equals(now), `${name} as ${host.name} replays it`);
    }
  }
  assert.deepEqual(said[1], said[0]);
  return said[0];
}

const BRANCHES =
  "filesrc location=in blocksize=5000 ! tee name=t  t. ! queue ! filesink location=out" +
  "  t. ! queue max-size-buffers=3 ! identity drop-probability=0.3 ! filesink location=out2";

/** Lines, with the files that they write. */
const LINES = {
  "a file": [COPY, ["out"]],
  "branches that lose frames": [BRANCHES, ["out", "out2"]],
  sound: ["audiotestsrc num-buffers=50 ! alawenc ! queue ! alawdec ! mulawenc ! filesink location=out", ["out"]],
  "random numbers": [
    "audiotestsrc num-buffers=20 ! audio/x-raw,rate=8000,channels=1 ! alawenc ! rtppcmapay ! filesink location=out",
    ["out"],
  ],
  pictures: ["videotestsrc num-buffers=5 ! filesink location=out", ["out"]],
  "a live source": [
    "fakesrc is-live=true num-buffers=20 sizetype=fixed sizemax=10 datarate=10000 ! filesink location=out",
    ["out"],
  ],
};

for (const [what, [line, outputs]] of Object.entries(LINES)) {
  onHosts(`a recording of ${what} gives the same on both hosts`, async (t, host) => {
    const dir = place(t);
    const { code, stderr } = await record(host, dir, line);
    assert.equal(code, 0, stderr);
    fs.rmSync(path.join(dir, "in"));
    const said = await replayOnBoth(dir, outputs);
    assert.equal(said.code, 0, said.stderr);
    assert.match(said.stdout, /^as recorded: \d+ steps, \d+ messages, \d+ bytes for out/);
    assert.ok(!said.stderr.includes("cut off"));
    assert.match(said.stderr, /^pipeline: eos$/m);
  });
}

onHosts("so does one of the core without SIMD", async (t, host) => {
  const dir = place(t);
  assert.equal((await record(host, dir, COPY, "--no-simd")).code, 0);
  assert.equal((await replayOnBoth(dir, ["out"])).code, 0);
});

onHosts("so does one of a clip that is taken apart and put together", async (t, host) => {
  const dir = folder(t);
  assert.equal((await NODE.run(["demo", dir])).code, 0);
  const line =
    "filesrc location=clip.mp4 ! mp4demux name=d  d. ! h264parse ! m.  d. ! aacparse ! m." +
    "  mp4mux name=m faststart=true ! filesink location=out";
  for (const options of [[], ["--record-digests"]]) {
    const { code, stderr } = await record(host, dir, line, ...options);
    assert.equal(code, 0, stderr);
    const said = await replayOnBoth(dir, ["out"]);
    assert.deepEqual([said.code, /cut off/.test(said.stderr)], [0, false], said.stderr);
  }
});

onHosts("so does one that fails, or whose line cannot be built", async (t, host) => {
  const dir = place(t);
  const run = await record(
    host,
    dir,
    "filesrc location=in blocksize=1000 ! identity error-after=7 ! filesink location=out",
  );
  assert.equal(run.code, 1);
  const said = await replayOnBoth(dir, ["out"]);
  assert.equal(said.code, 0);
  assert.equal(/^error: .*$/m.exec(said.stderr)[0], run.stderr.trim());
  const missing = await record(host, dir, "filesrc location=not/here ! fakesink");
  assert.equal(missing.code, 1);
  assert.equal(/^error: .*$/m.exec((await replayOnBoth(dir)).stderr)[0], missing.stderr.trim());
  assert.equal((await record(host, dir, "fakesrk ! fakesink")).code, 2);
  assert.equal((await replayOnBoth(dir)).stderr, 'error: no element "fakesrk" (column 1); did you mean fakesrc?\n');
});

onHosts("so does one that a signal ends", async (t, host) => {
  const dir = place(t);
  const line = "fakesrc is-live=true num-buffers=-1 sizetype=fixed sizemax=100 datarate=5000 ! filesink location=out";
  const { child, exit } = host.start(["launch", "--record=run.g2g", line], { cwd: dir });
  while (!fs.existsSync(path.join(dir, "out"))) await delay(20);
  await delay(200);
  child.kill("SIGINT");
  assert.equal((await exit).code, 130);
  const said = await replayOnBoth(dir, ["out"]);
  assert.deepEqual([said.code, /^pipeline: eos$/m.test(said.stderr)], [0, true]);
});

onHosts("a pipe is recorded whole, since it cannot be read again", async (t, host) => {
  const dir = folder(t);
  const input = noise(300_000);
  const args = ["launch", "--record=run.g2g", "--record-digests", "filesrc location=- ! filesink location=out"];
  assert.equal((await host.run(args, { cwd: dir, input })).code, 0);
  assert.ok(fs.statSync(path.join(dir, "run.g2g")).size > input.length);
  assert.equal((await replayOnBoth(dir, ["out"])).code, 0);
});

onHosts("with digests a recording is small, and what it read must be as it was", async (t, host) => {
  const dir = place(t);
  assert.equal((await record(host, dir, COPY, "--record-digests")).code, 0);
  assert.ok(fs.statSync(path.join(dir, "run.g2g")).size < 30_000);
  assert.equal((await replayOnBoth(dir, ["out"])).code, 0);
  fs.renameSync(path.join(dir, "in"), path.join(dir, "moved"));
  const gone = await replayOnBoth(dir);
  assert.deepEqual(
    [gone.code, gone.stderr.split("\n").at(-2)],
    [1, "error: the input in cannot be read: it does not exist"],
  );
  const moved = ["--input", "in=moved"];
  for (const other of [NODE, NATIVE]) assert.equal((await again(other, dir, ...moved)).code, 0);
  const data = noise(2_500_000);
  data[1_234_567] ^= 1;
  fs.writeFileSync(path.join(dir, "moved"), data);
  for (const other of [NODE, NATIVE]) {
    const { code, stderr } = await again(other, dir, ...moved);
    assert.equal(code, 1);
    assert.equal(stderr, "error: the input moved is not what it was: it differs from byte 1200000 to 1300000\n");
  }
  // The short file ends inside of what was read.
  fs.truncateSync(path.join(dir, "moved"), 1000);
  assert.match((await again(NATIVE, dir, ...moved)).stderr, /differs from byte \d+ to \d+\n$/);
});

test("an input that is a pipe by now holds no replay up (native)", { skip: NATIVE.missing ?? false }, async (t) => {
  const dir = place(t);
  assert.equal((await record(NATIVE, dir, COPY, "--record-digests")).code, 0);
  fs.rmSync(path.join(dir, "in"));
  execFileSync("mkfifo", [path.join(dir, "in")]);
  const { code, stderr } = await again(NATIVE, dir);
  assert.deepEqual([code, stderr], [1, "error: the input in cannot be read: that is not supported\n"]);
});

test("what a program pushes and takes in Node comes again natively", { skip: NATIVE.missing ?? false }, async (t) => {
  const dir = folder(t);
  const file = path.join(dir, "run.g2g");
  const out = path.join(dir, "out");
  const line =
    "appsrc name=in block=true caps=a/b ! identity ! tee name=t  t. ! appsink name=out sync=false" +
    `  t. ! filesink location=${out}`;
  const p = await launch(line, { record: file, checkLeaks: true });
  await p.play();
  const taking = (async () => {
    for await (const f of p.appsink("out")) f.release();
  })();
  for (let i = 0; i < 50; i++) await p.appsrc("in").push(noise(i * 100, i + 1), { pts: BigInt(i) });
  p.element("out").set("max-buffers", 5);
  p.appsrc("in").end();
  await within(taking, "the frames");
  await within(p.done, "the end");
  await p.close();
  const said = await replayOnBoth(dir, ["out"]);
  assert.equal(said.code, 0, said.stderr);
});

onHosts("the first difference is told with its place, and the exit code is 3", async (t, host) => {
  const dir = place(t, 400_000);
  const file = path.join(dir, "run.g2g");
  const where = String.raw`^error: the replay diverges in step \d+ \(byte \d+ of the recording\): `;
  const hash = "[0-9a-f]{64}";
  const read = noise(400_000).subarray(150_000, 150_020);
  const failing = "filesrc location=in blocksize=1000 ! identity error-after=7 ! fakesink";
  const cases = [
    // A byte of what was read, of the line, of a message.
    [COPY, (bytes) => bytes.indexOf(read), `bytes written at \\d+: recorded ${hash}, now ${hash}$`],
    [COPY, (bytes) => bytes.indexOf("identity") + 1, "recorded the end of the call, now post$"],
    [
      failing,
      (bytes) => bytes.lastIndexOf("identity0"),
      'message: recorded error "hdentity0 .*", now error "identity0 ',
    ],
  ];
  for (const [line, find, said] of cases) {
    await record(host, dir, line);
    const bytes = fs.readFileSync(file);
    const at = find(bytes);
    assert.ok(at > 0, line);
    bytes[at] ^= 1;
    fs.writeFileSync(file, bytes);
    const { code, stderr } = await replayOnBoth(dir);
    assert.equal(code, 3, stderr);
    assert.match(stderr, new RegExp(`${where}(?:${said})`, "m"));
  }
});

onHosts("a recording that was cut off is replayed as far as it goes", async (t, host) => {
  const dir = place(t, 400_000);
  assert.equal((await record(host, dir, COPY)).code, 0);
  const file = path.join(dir, "run.g2g");
  const good = fs.readFileSync(file);
  for (const size of [
    0,
    5,
    6,
    7,
    30,
    41,
    60,
    good.length * 0.3,
    good.length * 0.5,
    good.length * 0.9,
    good.length - 1,
  ]) {
    fs.writeFileSync(file, good.subarray(0, size));
    const { code, stderr } = await replayOnBoth(dir);
    if (size >= 40) assert.deepEqual([code, stderr.split("\n").at(-2)], [0, "the recording was cut off"]);
    else assert.match(stderr, size < 6 ? /^error: the file is no recording\n$/ : /^error: the recording ends at byte /);
  }
});

onHosts("a host that is killed leaves a recording of what came before", async (t, host) => {
  const dir = place(t);
  const line = "filesrc location=/dev/zero ! fakesink";
  const { child, exit } = host.start(["launch", "-q", "--record=run.g2g", line], { cwd: dir });
  const file = path.join(dir, "run.g2g");
  while (!fs.existsSync(file) || fs.statSync(file).size < 1 << 20) await delay(20);
  child.kill("SIGKILL");
  await exit;
  const { code, stderr } = await again(OTHER.get(host), dir);
  assert.deepEqual([code, stderr], [0, "the recording was cut off\n"]);
});

/** A replay in Node: its exit code and what it would say. */
function replayInNode(file) {
  try {
    const { complete } = replay(file);
    return { code: 0, stderr: complete ? "" : "the recording was cut off\n" };
  } catch (e) {
    assert.ok(e instanceof Divergence || e instanceof HostFault || e.name === "CoreTrap", e.stack);
    return { code: e instanceof Divergence ? 3 : 1, stderr: `error: ${e.message}\n` };
  }
}

onHosts("damage to a recording ends a replay in order, and both hosts notice the same", async (t, host) => {
  const dir = place(t, 3000);
  assert.equal((await record(host, dir, "filesrc location=in blocksize=500 ! filesink location=out")).code, 0);
  const file = path.join(dir, "run.g2g");
  const good = fs.readFileSync(file);
  let noticed = 0;
  let x = 12345;
  for (let i = 0; i < 100; i++) {
    x = (x * 1103515245 + 12345) & 0x7fffffff;
    const bad = Buffer.from(good);
    bad[x % bad.length] ^= 1 << (i & 7);
    fs.writeFileSync(file, bad);
    const { code, stderr } = await again(NATIVE, dir);
    assert.ok(code === 0 || code === 1 || code === 3, `byte ${x % bad.length}: ${code} ${stderr}`);
    const node = replayInNode(file);
    assert.equal(code, node.code, `byte ${x % bad.length}: ${stderr}, but ${node.stderr}`);
    if (code || stderr) noticed++;
  }
  // Times that nothing depended on may be any.
  assert.ok(noticed > 50, `${noticed} of 100 noticed`);
});

onHosts("only the core that made a recording may replay it", async (t, host) => {
  const dir = place(t, 1000);
  assert.equal((await record(host, dir, COPY)).code, 0);
  const core = (name) => ["--core", path.join(root, "build", name)];
  for (const other of [NODE, NATIVE]) {
    assert.equal((await again(other, dir, ...core("core.simd.wasm"))).code, 0);
    const { code, stderr } = await again(other, dir, ...core("core.wasm"));
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^error: the recording was made with core [0-9a-f]{16}, which is not here \(core.wasm is [0-9a-f]{16}\)\n$/,
    );
  }
  const file = path.join(dir, "run.g2g");
  const bytes = fs.readFileSync(file);
  bytes[10] ^= 1;
  fs.writeFileSync(file, bytes);
  assert.match(
    (await replayOnBoth(dir)).stderr,
    /not here \(core.simd.wasm is [0-9a-f]{16}, core.wasm is [0-9a-f]{16}\)\n$/,
  );
  bytes[6] = 9;
  fs.writeFileSync(file, bytes);
  assert.equal((await replayOnBoth(dir)).stderr, "error: the recording is of version 9; version 1 is known\n");
});

test(
  "a recording with a core of its own is for the Node host (native)",
  { skip: NATIVE.missing ?? false },
  async (t) => {
    const dir = folder(t);
    fs.writeFileSync(path.join(dir, "run.g2g"), Buffer.concat([Buffer.from("G2GREC\x01\x02"), Buffer.alloc(40)]));
    const { code, stderr } = await again(NATIVE, dir);
    assert.deepEqual([code, stderr.includes("which only the Node host can run")], [1, true]);
  },
);

onHosts("a recording that cannot be written ends the run with the reason", async (t, host) => {
  const dir = place(t);
  const full = ["launch", "-q", "--record=/dev/full"];
  const said = "error: the recording /dev/full cannot be written: there is no space left\n";
  const short = await host.run([...full, "fakesrc num-buffers=3 ! fakesink"]);
  assert.deepEqual([short.code, short.stderr], [1, said]);
  // It is not run to its end, which there is none of.
  const long = await host.run([...full, "filesrc location=/dev/zero ! fakesink"]);
  assert.deepEqual([long.code, long.stderr], [1, said]);
  const nowhere = await record(host, path.join(dir), "fakesrc num-buffers=3 ! fakesink", "--record=no/where");
  assert.equal(nowhere.code, 2);
  assert.equal(nowhere.stderr, "error: the recording no/where cannot be written: it does not exist\n");
});

onHosts("what is wrong with the command is said", async (t, host) => {
  const dir = place(t, 1000);
  assert.equal((await record(host, dir, COPY)).code, 0);
  const odd = await again(host, dir, "--input", "nonsense");
  assert.deepEqual([odd.code, odd.stderr], [2, 'error: --input takes NAME=FILE, not "nonsense"\n']);
  const gone = await host.run(["replay", "/no/such/file"]);
  assert.equal(gone.code, 1);
  assert.equal(gone.stderr, "error: the recording /no/such/file cannot be read: it does not exist\n");
  assert.equal((await again(host, dir, "--output", "in/side")).code, 1);
});
