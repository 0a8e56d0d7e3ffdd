import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { Divergence, HostFault, launch as launchRaw, replay } from "../../build/node/index.mjs";
import { folder, g2g, launch, noise, root, within } from "../support/g2g.mjs";

/** Runs a line that reads `in` and writes `out`, recorded; the folder and what was read. */
async function record(t, line, { digests = false, size = 2_500_000, feed } = {}) {
  const dir = folder(t);
  const data = noise(size);
  fs.writeFileSync(path.join(dir, "in"), data);
  const file = path.join(dir, "run.g2g");
  const text = line.replaceAll("IN", path.join(dir, "in")).replaceAll("OUT", path.join(dir, "out"));
  const p = await launchRaw(text, { record: { file, digests }, checkLeaks: true });
  const run = p.play().then(() => feed?.(p));
  const error = await within(
    run.then(() => p.done),
    "the end",
  ).catch((e) => e);
  await p.close();
  return { dir, data, file, error };
}

const COPY = "filesrc location=IN blocksize=100000 ! identity ! queue ! filesink location=OUT";

test("a recorded run gives the same again, without the file", async (t) => {
  const { dir, data, file } = await record(t, COPY);
  fs.rmSync(path.join(dir, "in"));
  fs.rmSync(path.join(dir, "out"));
  const result = replay(file, { output: path.join(dir, "again") });
  assert.equal(result.complete, true);
  assert.equal(result.trap, null);
  assert.ok(result.steps > 1 && result.messages >= 5);
  assert.deepEqual(result.outputs, [{ path: path.join(dir, "out"), bytes: data.length }]);
  assert.ok(fs.readFileSync(path.join(dir, "again", "out")).equals(data));
  assert.ok(!fs.existsSync(path.join(dir, "out")));
});

test("with digests the recording is small and the file is read again", async (t) => {
  const { dir, file, data } = await record(t, COPY, { digests: true });
  assert.ok(fs.statSync(file).size < 30_000);
  assert.equal(replay(file).complete, true);
  fs.renameSync(path.join(dir, "in"), path.join(dir, "moved"));
  assert.throws(() => replay(file), /the input .*\/in cannot be read/);
  const inputs = { [path.join(dir, "in")]: path.join(dir, "moved") };
  assert.equal(replay(file, { inputs }).complete, true);
  data[1_234_567] ^= 1;
  fs.writeFileSync(path.join(dir, "moved"), data);
  assert.throws(() => replay(file, { inputs }), {
    name: "HostFault",
    message: /the input .* is not what it was: it differs from byte 1200000 to 1300000/,
  });
});

test("a pipe is recorded whole, since it cannot be read again", async (t) => {
  const dir = folder(t);
  const data = noise(300_000);
  const args = ["launch", "--record=run.g2g", "--record-digests", "filesrc location=- ! filesink location=out"];
  assert.equal((await g2g(args, { cwd: dir, input: data })).code, 0);
  assert.ok(fs.statSync(path.join(dir, "run.g2g")).size > data.length);
  replay(path.join(dir, "run.g2g"), { output: path.join(dir, "again") });
  assert.ok(fs.readFileSync(path.join(dir, "again", "out")).equals(data));
});

test("what a program pushes and takes is recorded", async (t) => {
  const line =
    "appsrc name=in block=true caps=a/b ! identity ! tee name=t  t. ! appsink name=out sync=false  t. ! filesink location=OUT";
  const { file, dir } = await record(t, line, {
    async feed(p) {
      const taking = (async () => {
        for await (const f of p.appsink("out")) f.release();
      })();
      for (let i = 0; i < 50; i++) await p.appsrc("in").push(noise(i * 100, i + 1), { pts: BigInt(i) });
      p.element("out").set("max-buffers", 5);
      p.appsrc("in").end();
      await within(taking, "the frames");
    },
  });
  const before = fs.readFileSync(path.join(dir, "out"));
  const result = replay(file, { output: path.join(dir, "again") });
  assert.equal(result.complete, true);
  assert.ok(fs.readFileSync(path.join(dir, "again", "out")).equals(before));
});

test("an error and its message come again", async (t) => {
  const { file, error } = await record(
    t,
    "filesrc location=IN blocksize=1000 ! identity error-after=7 ! filesink location=OUT",
  );
  const seen = [];
  replay(file, { onMessage: (m) => seen.push(m) });
  assert.equal(seen.find((m) => m.type === "error").text, error.message);
  const missing = await record(t, "filesrc location=IN.not ! fakesink");
  replay(missing.file, { onMessage: (m) => seen.push(m) });
  assert.equal(seen.filter((m) => m.type === "error").at(-1).name, "CannotOpen");
});

test("random numbers, seeks of files and times of a live source are recorded", async (t) => {
  const { file } = await record(
    t,
    "fakesrc is-live=true num-buffers=20 sizetype=fixed sizemax=10 datarate=10000 ! identity drop-probability=0.5 ! filesink location=OUT",
  );
  assert.equal(replay(file).complete, true);
});

test("the first difference is told with its place", async (t) => {
  const { file } = await record(t, COPY, { size: 400_000 });
  const bytes = fs.readFileSync(file);
  const good = Buffer.from(bytes);
  // A byte of what was read: the core writes something else.
  const at = bytes.indexOf(noise(400_000).subarray(150_000, 150_020));
  assert.ok(at > 0);
  bytes[at] ^= 255;
  fs.writeFileSync(file, bytes);
  assert.throws(
    () => replay(file),
    (e) =>
      e instanceof Divergence &&
      /bytes written at \d+: recorded [0-9a-f]{64}, now [0-9a-f]{64}/.test(e.message) &&
      e.step > 0,
  );
  // A byte of the line: another element fails to be found.
  good[good.indexOf("identity") + 1] ^= 1;
  fs.writeFileSync(file, good);
  assert.throws(
    () => replay(file),
    (e) => e instanceof Divergence && /message|launch|free|post/.test(e.message),
  );
});

test("no damage to a recording goes unnoticed or brings the replay down", async (t) => {
  const { file } = await record(t, "filesrc location=IN blocksize=500 ! filesink location=OUT", { size: 3000 });
  const good = fs.readFileSync(file);
  let noticed = 0;
  let x = 12345;
  for (let i = 0; i < 300; i++) {
    x = (x * 1103515245 + 12345) & 0x7fffffff;
    const bad = Buffer.from(good);
    bad[x % bad.length] ^= 1 << (i & 7);
    fs.writeFileSync(file, bad);
    try {
      if (!replay(file).complete) noticed++;
    } catch (e) {
      assert.ok(e instanceof Divergence || e instanceof HostFault || e.name === "CoreTrap", e.stack);
      noticed++;
    }
  }
  assert.ok(noticed > 270, `${noticed} of 300 noticed`);
});

test("a recording that was cut off is replayed as far as it goes", async (t) => {
  const { file } = await record(t, COPY, { size: 400_000 });
  const bytes = fs.readFileSync(file);
  for (const part of [0.3, 0.5, 0.9]) {
    fs.writeFileSync(file, bytes.subarray(0, Math.floor(bytes.length * part)));
    const result = replay(file);
    assert.equal(result.complete, false);
    assert.ok(result.entries > 5);
  }
});

test("only the core that made a recording may replay it", async (t) => {
  const { file } = await record(t, COPY, { size: 1000 });
  const other = path.join(root, "build/core.wasm");
  assert.throws(
    () => replay(file, { core: other }),
    /the recording was made with core [0-9a-f]{16}, which is not here/,
  );
  fs.writeFileSync(file, "not a recording at all");
  assert.throws(() => replay(file), /the file is no recording/);
  fs.writeFileSync(file, "G2");
  assert.throws(() => replay(file), /the file is no recording/);
});

test("a run of the baseline core is replayed with the baseline core", async (t) => {
  const dir = folder(t);
  const file = path.join(dir, "run.g2g");
  const p = await launch(t, "fakesrc num-buffers=5 sizetype=fixed ! fakesink", { simd: false, record: file });
  await p.play();
  await within(p.done, "the end");
  await p.close();
  assert.equal(replay(file).complete, true);
});

test("a line that cannot be built is recorded too", async (t) => {
  const dir = folder(t);
  const file = path.join(dir, "run.g2g");
  await assert.rejects(launchRaw("fakesrk ! fakesink", { record: file }));
  const seen = [];
  assert.equal(replay(file, { onMessage: (m) => seen.push(m) }).complete, true);
  assert.equal(seen[0].name, "NoElement");
});

test("g2g replay says what came again, or exits with 3", async (t) => {
  const { file, dir } = await record(t, COPY, { size: 400_000 });
  const good = await g2g(["replay", file, "--output", path.join(dir, "again")]);
  assert.equal(good.code, 0, good.stderr);
  assert.match(String(good.stdout), /^as recorded: \d+ steps, \d+ messages, 400000 bytes for .*out\n$/);
  const bytes = fs.readFileSync(file);
  bytes[bytes.indexOf(noise(400_000).subarray(0, 20))] ^= 1;
  fs.writeFileSync(file, bytes);
  const bad = await g2g(["replay", file]);
  assert.equal(bad.code, 3);
  assert.match(bad.stderr, /^error: the replay diverges in step \d+ \(byte \d+ of the recording\): bytes written at 0/);
  assert.equal((await g2g(["replay", "--input", "nonsense", file])).code, 2);
});
