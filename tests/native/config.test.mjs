// Many pipelines of one file in the native host: what becomes of each, metrics, signals.
import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { once } from "node:events";
import { spawn } from "node:child_process";
import { folder, within } from "../support/g2g.mjs";
import { NATIVE } from "../support/hosts.mjs";

const skip = NATIVE.missing ?? false;

/** Runs a file; what it says comes in `said`. */
function run(t, text) {
  const file = `${folder(t)}/pipelines.toml`;
  fs.writeFileSync(file, text);
  const child = spawn(NATIVE.program, ["run", "--config", file], { stdio: ["ignore", "ignore", "pipe"] });
  t.after(() => child.kill("SIGKILL"));
  let said = "";
  let look = () => {};
  child.stderr.setEncoding("utf8").on("data", (data) => {
    said += data;
    look();
  });
  const closed = once(child, "close");
  return {
    child,
    get said() {
      return said;
    },
    /** Waits until it has said something. */
    says: (pattern) =>
      within(
        new Promise((resolve) => {
          look = () => pattern.test(said) && resolve(pattern.exec(said));
          look();
        }),
        `${pattern} in what was said`,
      ),
    /** Its exit code. */
    end: async () => (await within(closed, "the end"))[0],
  };
}

const pipeline = (name, line, more = "") => `[[pipeline]]\nname = "${name}"\nline = "${line}"\n${more}\n`;

test(
  "a pipeline that fails is begun anew and given up, others play on until they are told to end",
  { skip },
  async (t) => {
    const r = run(
      t,
      `metrics = "127.0.0.1:0"\n` +
        pipeline("live", "audiotestsrc is-live=true ! fakesink", 'max-memory = "8M"') +
        pipeline("broken", "fakesrc ! identity error-after=2 ! fakesink", 'max-restarts = 2\nrestart-pause = "1ms"') +
        pipeline("short", "fakesrc num-buffers=3 ! fakesink"),
    );
    const [, url] = await r.says(/metrics: (\S+)/);
    await r.says(/broken: given up/);
    await r.says(/short: has ended/);
    await r.says(/live: plays/);
    const metrics = await (await fetch(url)).text();
    const value = (name, of) => Number(new RegExp(`^${name}{pipeline="${of}"} (\\S+)$`, "m").exec(metrics)?.[1]);
    assert.equal(value("g2g_running", "live"), 1);
    assert.equal(value("g2g_running", "broken"), 0);
    assert.equal(value("g2g_restarts_total", "broken"), 2);
    assert.equal(value("g2g_failures_total", "broken"), 3);
    assert.equal(value("g2g_failures_total", "live"), 0);
    assert.ok(value("g2g_memory_used_bytes", "live") > 0);
    assert.equal((await fetch(new URL("/", url))).status, 404);
    assert.equal((await fetch(url, { method: "POST" })).status, 405);
    r.child.kill("SIGTERM");
    assert.equal(await r.end(), 143);
    assert.match(r.said, /live: has ended/);
    assert.equal(r.said.match(/^broken: error: identity\d+ .*$/gm)?.length, 3, r.said);
  },
);

test("the exit code tells whether all pipelines went well", { skip }, async (t) => {
  const good = run(
    t,
    pipeline("a", "fakesrc num-buffers=3 ! fakesink") + pipeline("b", "fakesrc num-buffers=9 ! fakesink"),
  );
  assert.equal(await good.end(), 0);
  const bad = run(
    t,
    pipeline("a", "fakesrc num-buffers=3 ! fakesink") + pipeline("b", "nosuch ! fakesink", 'restart = "never"'),
  );
  assert.equal(await bad.end(), 1);
  assert.match(bad.said, /b: error: no element "nosuch" \(column 1\)/);
});

test("a file that is wrong is told with the place", { skip }, async (t) => {
  const r = run(t, pipeline("a", "fakesrc ! fakesink", "speed = 3"));
  assert.equal(await r.end(), 2);
  assert.match(r.said, /pipelines\.toml: TOML parse error at line 4, column 1[^]*unknown field `speed`/);
});

test("what a pipeline has written is finished when all are told to end", { skip }, async (t) => {
  const dir = folder(t);
  const line = `audiotestsrc is-live=true ! audio/x-raw,format=S16LE,rate=8000,channels=1 ! filesink location=${dir}/out.raw`;
  const r = run(t, pipeline("tape", line));
  await r.says(/tape: plays/);
  while (!fs.existsSync(`${dir}/out.raw`) || fs.statSync(`${dir}/out.raw`).size < 3000) await new Promise(setImmediate);
  r.child.kill("SIGINT");
  assert.equal(await r.end(), 130);
  assert.equal(fs.statSync(`${dir}/out.raw`).size % 2, 0);
  assert.match(r.said, /tape: has ended/);
});
