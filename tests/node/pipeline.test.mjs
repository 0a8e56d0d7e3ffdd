import assert from "node:assert/strict";
import { test } from "node:test";
import { HostFault, PipelineError, launch as launchRaw } from "../../build/node/index.mjs";
import { launch, messages, play, within } from "../support/g2g.mjs";

test("a pipeline plays to its end and tells its states", async (t) => {
  const p = await launch(t, "fakesrc num-buffers=5 ! identity ! fakesink");
  assert.equal(p.state, "null");
  const all = messages(p);
  await p.play();
  assert.equal(await within(p.done, "the end"), "eos");
  const types = (await within(all, "the bus")).map((m) => (m.type === "state-changed" ? m.state : m.type));
  assert.deepEqual(types, ["ready", "paused", "async-done", "playing", "eos"]);
  assert.equal(p.element("fakesink0").get("rendered"), 5);
});

test("it can be stopped and played again", async (t) => {
  const p = await launch(t, "fakesrc num-buffers=3 ! fakesink");
  for (let i = 0; i < 3; i++) {
    await p.play();
    assert.equal(await within(p.done, "the end"), "eos");
    await p.stop();
    assert.equal(p.state, "null");
    assert.equal(p.element("fakesink0").get("rendered"), 3);
  }
});

test("stop ends a run that would go on for ever", async (t) => {
  const p = await launch(t, "fakesrc ! fakesink");
  await p.play();
  const done = p.done;
  await within(p.stop(), "stop");
  assert.equal(await done, "stopped");
  assert.equal(p.state, "null");
});

test("a stop that is taken back at once still ends what was in flight", async (t) => {
  const p = await launch(t, "filesrc location=/dev/zero ! queue ! fakesink");
  for (let i = 0; i < 5; i++) {
    await p.play();
    p.stop().catch(() => {});
    await within(p.play(), "play");
    await within(p.pause(), "pause");
  }
  await within(p.stop(), "stop");
});

test("pause holds the first frame at the sink", async (t) => {
  const p = await launch(t, "fakesrc num-buffers=10 ! fakesink");
  await within(p.pause(), "pause");
  assert.equal(p.state, "paused");
  assert.equal(p.element("fakesink0").get("rendered"), 0);
  await p.play();
  await within(p.done, "the end");
  assert.equal(p.element("fakesink0").get("rendered"), 10);
});

test("sendEos finishes what is under way", async (t) => {
  const p = await launch(t, "fakesrc ! fakesink");
  await p.play();
  p.sendEos();
  assert.equal(await within(p.done, "the end"), "eos");
});

test("another state takes the place of the one that was asked for", async (t) => {
  const p = await launch(t, "appsrc ! fakesink");
  const pausing = p.pause();
  const stopped = p.stop();
  await assert.rejects(within(pausing, "pause"), HostFault);
  await within(stopped, "stop");
});

test("a closed pipeline refuses everything, and closing it again does nothing", async () => {
  const p = await launchRaw("fakesrc ! fakesink", { checkLeaks: true });
  await p.play();
  // What `await using` calls.
  await p[Symbol.asyncDispose]();
  assert.throws(() => p.stats(), HostFault);
  assert.throws(() => p.element("fakesink0"), HostFault);
  await assert.rejects(p.play(), HostFault);
  await p.close();
});

test("each iteration of the bus gets all messages from its start on", async (t) => {
  const p = await launch(t, "fakesrc num-buffers=1 ! fakesink");
  const both = [messages(p), messages(p)];
  await p.play();
  const [a, b] = await within(Promise.all(both), "the bus");
  assert.ok(a.length > 3);
  assert.deepEqual(a, b);
});

test("messages that came before the first iteration are kept for it", async (t) => {
  const p = await play(t, "fakesrc num-buffers=1 ! fakesink");
  const all = await within(messages(p), "the bus");
  assert.equal(all.at(-1).type, "eos");
  assert.equal(all[0].type, "state-changed");
});

test("properties are set and read by name", async (t) => {
  const p = await launch(t, "fakesrc name=src ! queue name=q ! fakesink name=out");
  const q = p.element("q");
  assert.equal(q.factory, "queue");
  q.set("max-size-buffers", 7)
    .set("leaky", "downstream")
    .set("silent", true)
    .set("max-size-time", 2n ** 60n);
  assert.equal(q.get("max-size-buffers"), 7);
  assert.equal(q.get("leaky"), "downstream");
  assert.equal(q.get("silent"), 1);
  assert.equal(q.get("max-size-time"), 2n ** 60n);
  const fault = (what) => ({ name: "HostFault", message: what });
  assert.throws(() => q.set("max-size-buffers", 70000), fault(/max-size-buffers of q cannot be "70000"/));
  assert.throws(() => q.set("leaky", "sideways"), fault(/cannot be "sideways"/));
  assert.throws(() => q.set("no-such", 1), fault(/queue has no property "no-such"/));
  assert.throws(() => q.get("no-such"), fault(/queue has no property "no-such"/));
  assert.throws(() => q.set("current-level-buffers", 1), fault(/can only be read/));
  assert.throws(() => p.element("nobody"), fault(/no element is named "nobody"/));
  p.element("src").set("num-buffers", 2);
  await p.play();
  await within(p.done, "the end");
  assert.throws(() => p.element("src").set("is-live", true), fault(/before the pipeline starts/));
});

test("stats and graph tell what went where", async (t) => {
  const p = await play(t, "fakesrc num-buffers=20 sizetype=fixed sizemax=100 ! identity name=i ! fakesink", {
    statistics: true,
  });
  const s = p.stats();
  assert.deepEqual(
    s.elements.map((e) => e.factory),
    ["fakesrc", "identity", "fakesink"],
  );
  assert.deepEqual(
    s.links.map((l) => [l.from.element, l.to.element, l.frames, l.bytes]),
    [
      ["fakesrc0", "i", 20, 2000],
      ["i", "fakesink0", 20, 2000],
    ],
  );
  assert.ok(s.elements.every((e) => e.turns > 0 && e.timed > 0 && e.time > 0n));
  assert.ok(s.memory.peak > 0 && s.memory.peak <= s.memory.ceiling);
  assert.ok(s.host.steps > 0);
  const pad = p
    .graph()
    .find((e) => e.name === "i")
    .pads.find((x) => x.direction === "src");
  assert.deepEqual(pad.peer, { element: "fakesink0", pad: "sink" });
  assert.equal(pad.caps, "application/octet-stream");
});

test("no memory is allocated while frames flow", async (t) => {
  const counts = [];
  for (const n of [1000, 20_000]) {
    const p = await play(t, `fakesrc num-buffers=${n} sizetype=fixed sizemax=64 ! identity ! queue ! fakesink`);
    counts.push(p.stats().memory.allocations);
  }
  assert.equal(counts[0], counts[1]);
});

test("a line that cannot be built is refused with its place", async () => {
  const refuse = async (line, name, text) => {
    const error = await launchRaw(line).then(
      () => assert.fail(`${line} was built`),
      (e) => e,
    );
    assert.ok(error instanceof PipelineError, String(error));
    assert.equal(error.report.name, name);
    assert.match(error.message, text);
  };
  await refuse("fakesrk ! fakesink", "NoElement", /^no element "fakesrk" \(column 1\); did you mean fakesrc\?$/);
  await refuse(
    "fakesrc num-bufers=1 ! fakesink",
    "NoProperty",
    /"num-bufers" \(column 9\); did you mean num-buffers\?$/,
  );
  await refuse("fakesrc sizetype=big ! fakesink", "BadValue", /\(column 18\); one of empty, fixed, random$/);
  await refuse("queue max-size-buffers=x ! fakesink", "BadValue", /; a whole number from 0 to 65536$/);
  await refuse("fakesrc num-buffers=x ! fakesink", "BadValue", /; a whole number from -1 to 2147483647$/);
  await refuse("fakesrc ! x.", "NoSuchName", /no element is named "x" \(column 11\)$/);
  await refuse("fakesrc name=a ! fakesink name=a", "NameTaken", /"a" \(column \d+\)$/);
  await refuse(
    "fakesrc ! video/x-raw,width=[1 ! fakesink",
    "BadCaps",
    /cannot be read: a bracket or quote is not closed/,
  );
  await refuse("", "Syntax", /an element, caps or a reference/);
  await refuse('fakesrc name="a ! fakesink', "Syntax", /a quote is not closed/);
});

test("caps that do not meet are explained when the pipeline starts", async (t) => {
  const p = await launch(t, "fakesrc ! video/x-raw,width=64 ! video/x-raw,width=[100,200] ! fakesink");
  const error = await within(p.play(), "play").then(
    () => assert.fail("it plays"),
    (e) => e,
  );
  assert.equal(error.report.name, "CannotLink");
  assert.match(error.message, /capsfilter0 cannot be linked to capsfilter1: no width suits both/);
  await assert.rejects(p.done, PipelineError);
});

test("an error in the stream ends the pipeline and rejects done with its report", async (t) => {
  const p = await launch(t, "fakesrc ! identity name=i error-after=3 ! fakesink");
  const all = messages(p);
  await p.play();
  await assert.rejects(within(p.done, "the end"), (e) => e.element === "i" && e.report.name === "Asked");
  const error = (await all).find((m) => m.type === "error");
  assert.match(error.text, /^i( at byte 0)?: failed after 3 frames, as its properties ask$/);
  await p.stop();
  p.element("i").set("error-after", -1);
  p.element("fakesrc0").set("num-buffers", 4);
  await p.play();
  assert.equal(await within(p.done, "the end"), "eos");
});

test("the memory ceiling holds and says who needed more", async (t) => {
  const p = await launch(t, "fakesrc sizetype=fixed sizemax=16777216 ! queue max-size-bytes=0 ! fakesink", {
    memory: 2 * 1024 * 1024,
  });
  const error = await within(
    p.play().then(() => p.done),
    "the end",
  ).catch((e) => e);
  assert.equal(error.report?.name, "NoMemory", String(error));
  assert.match(error.message, /the memory ceiling of 2097152 bytes is too low: fakesrc0 needed \d+ bytes more/);
});

test("a ceiling that is no number of bytes, or more than there can be, is refused", async () => {
  for (const memory of [0, -1, 1.5, 2 ** 32])
    await assert.rejects(launchRaw("fakesrc ! fakesink", { memory }), HostFault);
});

test("what cannot be done is said", async (t) => {
  const p = await launch(t, "fakesrc ! fakesink");
  assert.throws(() => p.seek(0n), HostFault);
  assert.throws(() => p.appsrc("fakesrc0"), /no appsrc is named "fakesrc0"/);
  assert.throws(() => p.appsink("nobody"), /no appsink is named "nobody"/);
  await assert.rejects(launchRaw("fakesrc ! fakesink", { core: "/no/such/core.wasm" }), HostFault);
});

test("both artifacts of the core give the same", async (t) => {
  const hold = [];
  for (const simd of [true, false]) {
    const p = await launch(
      t,
      "fakesrc num-buffers=9 sizetype=random sizemin=1 sizemax=999 filltype=random ! appsink name=s",
      {
        simd,
      },
    );
    await p.play();
    const frames = [];
    for await (const f of p.appsink("s")) {
      frames.push(Buffer.from(f.copy()).toString("base64"));
      f.release();
    }
    hold.push(frames);
  }
  assert.equal(hold[0].length, 9);
  assert.deepEqual(hold[0], hold[1]);
});

test("a clock of the test's own drives the pipeline", async (t) => {
  let now = 1000n;
  const p = await launch(t, "fakesrc is-live=true num-buffers=3 sizetype=fixed sizemax=10 datarate=1000 ! fakesink", {
    clock: () => (now += 1_000_000n),
  });
  await p.play();
  await within(p.done, "the end");
  assert.equal(p.element("fakesink0").get("rendered"), 3);
});
