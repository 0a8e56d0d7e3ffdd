import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { launch as launchRaw } from "../../build/node/index.mjs";
import { folder, g2g, launch, noise, play, start, within } from "../support/g2g.mjs";

/** Bytes that filesrc reads at once. */
const PIECE = 962560;

for (const size of [1, 4096, PIECE - 1, PIECE, PIECE + 1, 5 * PIECE + 17]) {
  test(`a file of ${size} bytes is copied as it is`, async (t) => {
    const dir = folder(t);
    const data = noise(size);
    fs.writeFileSync(path.join(dir, "in"), data);
    const p = await play(t, `filesrc location="${dir}/in" ! filesink location="${dir}/out"`);
    assert.ok(fs.readFileSync(path.join(dir, "out")).equals(data));
    const { host } = p.stats();
    assert.equal(host.readBytes, size);
    assert.equal(host.writtenBytes, size);
    assert.equal(p.progress(), 1);
  });
}

test("small pieces, gathered and ungathered, come out in order", async (t) => {
  const dir = folder(t);
  const data = noise(300_000);
  fs.writeFileSync(path.join(dir, "in"), data);
  await play(t, `filesrc location="${dir}/in" blocksize=1000 ! queue ! filesink location="${dir}/out"`);
  assert.ok(fs.readFileSync(path.join(dir, "out")).equals(data));
});

test("a file that is written is emptied before, or with append continued", async (t) => {
  const dir = folder(t);
  const out = path.join(dir, "out");
  fs.writeFileSync(path.join(dir, "in"), "new");
  fs.writeFileSync(out, "much older text");
  await play(t, `filesrc location="${dir}/in" ! filesink location="${out}"`);
  assert.equal(fs.readFileSync(out, "utf8"), "new");
  await play(t, `filesrc location="${dir}/in" ! filesink location="${out}" append=true`);
  assert.equal(fs.readFileSync(out, "utf8"), "newnew");
});

test("names with spaces, quotes, backslashes and other letters work", async (t) => {
  const dir = folder(t);
  const name = 'a "b" \\c ü 文.ts';
  fs.writeFileSync(path.join(dir, name), "x");
  const escaped = path.join(dir, name).replace(/[\s"'\\]/g, "\\$&");
  await play(t, `filesrc location=${escaped} ! filesink location="${dir}/out"`);
  assert.equal(fs.readFileSync(path.join(dir, "out"), "utf8"), "x");
});

/** The error that a line ends with. */
async function failure(t, line) {
  const p = await launch(t, line);
  return within(
    p.play().then(() => p.done),
    line,
  ).then(
    () => assert.fail(`${line} went well`),
    (e) => e,
  );
}

test("what cannot be opened, read or written is told with its reason", async (t) => {
  const dir = folder(t);
  fs.writeFileSync(path.join(dir, "in"), noise(3_000_000));
  const cases = [
    [`filesrc location=${dir}/none ! fakesink`, "CannotOpen", /filesrc0: cannot open ".*none": it does not exist/],
    [`filesrc location=${dir} ! fakesink`, "CannotOpen", /it is a directory/],
    [`filesrc location=${dir}/in/x ! fakesink`, "CannotOpen", /it does not exist/],
    ["filesrc ! fakesink", "NoLocation", /no location is set; filesrc location=FILE|no location is set/],
    [`fakesrc num-buffers=1 ! filesink location=${dir}`, "CannotOpen", /it is a directory/],
    [`fakesrc num-buffers=1 ! filesink location=${dir}/no/out`, "CannotOpen", /it does not exist/],
    [`filesrc location=${dir}/in ! filesink location=/dev/full`, "CannotWrite", /there is no space left/],
  ];
  for (const [line, name, text] of cases) {
    const e = await failure(t, line);
    assert.equal(e.report?.name, name, `${line}: ${e}`);
    assert.match(e.message, text);
  }
});

test(
  "a file without permission is told apart from one that is not there",
  { skip: process.getuid?.() === 0 && "root may read everything" },
  async (t) => {
    const dir = folder(t);
    fs.writeFileSync(path.join(dir, "in"), "x", { mode: 0 });
    assert.match((await failure(t, `filesrc location=${dir}/in ! fakesink`)).message, /permission is denied/);
  },
);

test("what was written before an error stays", async (t) => {
  const dir = folder(t);
  const data = noise(4 * PIECE);
  fs.writeFileSync(path.join(dir, "in"), data);
  await failure(t, `filesrc location=${dir}/in ! identity error-after=2 ! filesink location=${dir}/out`);
  const out = fs.readFileSync(path.join(dir, "out"));
  assert.equal(out.length, 2 * PIECE);
  assert.ok(out.equals(data.subarray(0, out.length)));
});

test("standard input and output can be read and written, as pipes and as files", async (t) => {
  const dir = folder(t);
  const data = noise(2_500_000);
  for (const [from, to] of [
    ["-", "-"],
    ["/dev/stdin", "/dev/stdout"],
    ["/dev/fd/0", "/dev/fd/1"],
  ]) {
    const { code, stdout, stderr } = await g2g(
      ["launch", `filesrc location=${from} ! identity ! filesink location=${to}`],
      {
        input: data,
      },
    );
    assert.equal(code, 0, stderr);
    assert.ok(stdout.equals(data));
  }
  fs.writeFileSync(path.join(dir, "in"), data);
  const cli = path.resolve("build/node/cli.mjs");
  const line = `"${process.execPath}" "${cli}" launch "filesrc location=- ! filesink location=-"`;
  const run = spawnSync("sh", ["-c", `(printf head; ${line}) < in > out`], { cwd: dir });
  assert.equal(run.status, 0, String(run.stderr));
  assert.ok(fs.readFileSync(path.join(dir, "out")).equals(Buffer.concat([Buffer.from("head"), data])));
});

test("a reader that goes away ends the pipeline with an error", async () => {
  const { child, exit } = start(["launch", "filesrc location=/dev/zero ! filesink location=-"]);
  child.stdout.once("data", () => child.stdout.destroy());
  const { code, stderr } = await exit;
  assert.equal(code, 1);
  assert.match(stderr, /cannot write "-": nobody reads it any more/);
});

test("named pipes are waited for", { skip: process.platform === "win32" && "no named pipes" }, async (t) => {
  const dir = folder(t);
  const fifo = path.join(dir, "fifo");
  spawnSync("mkfifo", [fifo]);
  const data = noise(700_000);
  const reading = start(["launch", `filesrc location=${fifo} ! filesink location=${dir}/out`]);
  fs.writeFileSync(path.join(dir, "in"), data);
  const writing = start(["launch", `filesrc location=${dir}/in ! filesink location=${fifo}`]);
  for (const { exit } of [reading, writing]) {
    const { code, stderr } = await exit;
    assert.equal(code, 0, stderr);
  }
  assert.ok(fs.readFileSync(path.join(dir, "out")).equals(data));
});

test("a pipe that nobody opens or feeds does not keep a pipeline from stopping", async (t) => {
  const dir = folder(t);
  const fifo = path.join(dir, "fifo");
  spawnSync("mkfifo", [fifo]);
  for (const line of [`filesrc location=${fifo} ! fakesink`, `fakesrc sizetype=fixed ! filesink location=${fifo}`]) {
    const p = await launchRaw(line, { checkLeaks: true });
    await within(p.play(), "play");
    await new Promise((resolve) => setTimeout(resolve, 50));
    await within(p.close(), "close", 2000);
  }
  const feeder = fs.openSync(fifo, "r+");
  t.after(() => fs.closeSync(feeder));
  const p = await launchRaw(`filesrc location=${fifo} ! fakesink`, { checkLeaks: true });
  await within(p.play(), "play");
  await new Promise((resolve) => setTimeout(resolve, 50));
  await within(p.close(), "close", 2000);
});

test("many pipelines run side by side", async (t) => {
  const dir = folder(t);
  const data = noise(1_500_000);
  fs.writeFileSync(path.join(dir, "in"), data);
  const all = Array.from({ length: 8 }, (_, i) =>
    play(t, `filesrc location="${dir}/in" ! filesink location="${dir}/${i}"`),
  );
  await Promise.all(all);
  for (let i = 0; i < all.length; i++) assert.ok(fs.readFileSync(path.join(dir, String(i))).equals(data));
});
