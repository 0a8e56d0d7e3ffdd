import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { FrameFlag, HostFault } from "../../build/node/index.mjs";
import { launch, noise, within } from "../support/g2g.mjs";

/** All frames of an appsink, copied and given back. */
async function take(sink) {
  const out = [];
  for await (const f of sink) {
    out.push({
      data: Buffer.from(f.copy()),
      pts: f.pts,
      dts: f.dts,
      duration: f.duration,
      flags: f.flags,
      caps: f.caps,
    });
    f.release();
  }
  return out;
}

test("what is pushed comes out as it is: bytes, times, flags, order, caps", async (t) => {
  const p = await launch(t, 'appsrc name=in caps="video/x-h264,alignment=au" ! identity ! appsink name=out sync=false');
  const frames = Array.from({ length: 500 }, (_, i) => ({
    data: noise((i * 37) % 5000, i + 1),
    pts: BigInt(i) * 40_000_000n,
    dts: i % 3 ? BigInt(i) * 40_000_000n - 7n : null,
    duration: i % 2 ? 40_000_000n : null,
    flags: i % 10 ? FrameFlag.Delta : FrameFlag.Key | FrameFlag.Header,
  }));
  await p.play();
  const taking = take(p.appsink("out"));
  for (const { data, ...info } of frames) await within(p.appsrc("in").push(data, info), "a push");
  p.appsrc("in").end();
  const got = await within(taking, "the frames");
  assert.equal(await within(p.done, "the end"), "eos");
  assert.equal(got.length, frames.length);
  frames.forEach((f, i) => {
    const { caps, data, ...rest } = got[i];
    assert.ok(data.equals(f.data), `bytes of frame ${i}`);
    const { data: _, ...expected } = f;
    assert.deepEqual(rest, expected);
    assert.match(caps, /^video\/x-h264, alignment=\(string\)au$/);
  });
});

test("a push waits while nobody takes anything", async (t) => {
  const p = await launch(t, "appsrc name=in block=true ! appsink name=out sync=false max-buffers=2");
  await p.play();
  let pushed = 0;
  const pushing = (async () => {
    for (; pushed < 200; pushed++) await p.appsrc("in").push(new Uint8Array(10));
    p.appsrc("in").end();
  })();
  for (let i = 0; i < 50; i++) await turn();
  const before = pushed;
  assert.ok(before > 0 && before < 20, `${before} pushes went through`);
  const sink = p.appsink("out");
  for (let i = 0; i < 5; i++) (await sink.next()).value.release();
  for (let i = 0; i < 50; i++) await turn();
  assert.ok(pushed > before && pushed <= before + 5, `${pushed} after ${before}`);
  assert.equal((await within(take(sink), "the rest")).length, 195);
  await within(pushing, "the pushes");
  await within(p.done, "the end");
});

test("pushes that nobody waits for fail when too much waits", async (t) => {
  const p = await launch(t, "appsrc name=in max-bytes=1000 ! appsink name=out sync=false max-buffers=1");
  await p.play();
  const results = await Promise.allSettled(
    Array.from({ length: 100 }, () => within(p.appsrc("in").push(new Uint8Array(100)), "", 500)),
  );
  const failed = results.filter((r) => r.status === "rejected" && r.reason instanceof HostFault);
  assert.ok(failed.length > 70 && failed.length < 100, `${failed.length} failed`);
  assert.match(failed[0].reason.message, /in: 1000 bytes wait already/);
});

test("a push after the end, or into a pipeline that stops, is refused", async (t) => {
  const p = await launch(t, "appsrc name=in block=true ! appsink name=out sync=false max-buffers=1");
  await p.play();
  const src = p.appsrc("in");
  const pushes = Array.from({ length: 40 }, () => src.push(new Uint8Array(1)));
  const results = Promise.allSettled(pushes);
  src.end();
  await assert.rejects(src.push(new Uint8Array(1)), /push after the end/);
  await turn();
  await within(p.stop(), "stop");
  const refused = (await results).filter((r) => r.status === "rejected");
  assert.ok(refused.length > 20);
  assert.match(refused[0].reason.message, /the pipeline has stopped/);
});

test("what is pushed before the pipeline starts is kept", async (t) => {
  const p = await launch(t, "appsrc name=in ! appsink name=out sync=false");
  const pushes = [1, 2, 3].map((n) => p.appsrc("in").push(Uint8Array.of(n)));
  p.appsrc("in").end();
  await p.play();
  const got = await within(take(p.appsink("out")), "the frames");
  assert.deepEqual(
    got.map((f) => f.data[0]),
    [1, 2, 3],
  );
  await Promise.all(pushes);
});

test("caps can change between frames", async (t) => {
  const p = await launch(t, "appsrc name=in caps=audio/x-raw,rate=1 ! identity ! appsink name=out sync=false");
  const src = p.appsrc("in");
  await p.play();
  const taking = take(p.appsink("out"));
  await src.push(Uint8Array.of(1));
  src.setCaps("audio/x-raw,rate=2");
  await src.push(Uint8Array.of(2));
  await src.push(Uint8Array.of(3));
  src.setCaps("audio/x-raw,rate=1");
  await src.push(Uint8Array.of(4));
  await assert.rejects(src.setCaps("audio/x-raw,rate=["), HostFault);
  p.element("in").set("caps", "audio/x-raw,rate=3");
  await new Promise((resolve) => setTimeout(resolve, 20));
  await src.push(Uint8Array.of(5));
  src.end();
  const got = await within(taking, "the frames");
  assert.deepEqual(
    got.map((f) => [f.data[0], f.caps]),
    [
      [1, "audio/x-raw, rate=(int)1"],
      [2, "audio/x-raw, rate=(int)2"],
      [3, "audio/x-raw, rate=(int)2"],
      [4, "audio/x-raw, rate=(int)1"],
      [5, "audio/x-raw, rate=(int)3"],
    ],
  );
});

test("views hold until the release, and not a moment longer", async (t) => {
  const p = await launch(
    t,
    "fakesrc num-buffers=100 sizetype=fixed sizemax=1000 filltype=pattern ! appsink name=out sync=false",
  );
  await p.play();
  const held = [];
  for (let i = 0; i < 10; i++) held.push((await within(p.appsink("out").next(), "a frame")).value);
  for (const f of held) {
    assert.equal(f.size, 1000);
    assert.equal(
      f.parts.reduce((n, part) => n + part.length, 0),
      1000,
    );
    assert.ok(f.data.every((v, i) => v === (i & 255)));
  }
  const copy = held[0].copy();
  for (const f of held) f.release();
  assert.ok(held.every((f) => f.released));
  assert.throws(() => held[0].data, /the frame was released/);
  assert.throws(() => held[0].parts, HostFault);
  held[0].release();
  assert.ok(copy.every((v, i) => v === (i & 255)));
  assert.equal((await within(take(p.appsink("out")), "the rest")).length, 90);
});

test("frames that the program still holds are taken away when the pipeline stops", async (t) => {
  const p = await launch(t, "fakesrc sizetype=fixed sizemax=100 ! appsink name=out sync=false");
  await p.play();
  const { value: frame } = await within(p.appsink("out").next(), "a frame");
  await within(p.stop(), "stop");
  assert.ok(frame.released);
  assert.deepEqual(await p.appsink("out").next(), { value: undefined, done: true });
});

test("an iteration that waits ends when the pipeline stops", async (t) => {
  const p = await launch(t, "appsrc ! appsink name=out sync=false");
  await p.play();
  const next = p.appsink("out").next();
  await within(p.stop(), "stop");
  assert.equal((await within(next, "the iteration")).done, true);
});

test("with drop the oldest frames make room", async (t) => {
  const p = await launch(
    t,
    "fakesrc num-buffers=100 sizetype=fixed sizemax=10 ! appsink name=out sync=false drop=true max-buffers=3",
  );
  await p.play();
  for (let i = 0; i < 200; i++) await turn();
  const got = [];
  for await (const f of p.appsink("out")) {
    got.push(f.sequence);
    f.release();
  }
  assert.deepEqual(got, [97, 98, 99]);
});

test("with sync a frame comes at its time", async (t) => {
  const p = await launch(t, "appsrc name=in block=true ! appsink name=out");
  const src = p.appsrc("in");
  const pushing = (async () => {
    for (let i = 0; i < 5; i++) await src.push(Uint8Array.of(i), { pts: BigInt(i) * 50_000_000n });
    src.end();
  })();
  await p.play();
  const times = [];
  for await (const f of p.appsink("out")) {
    times.push(performance.now());
    f.release();
  }
  await pushing;
  const spread = times.at(-1) - times[0];
  assert.ok(times.length === 5 && spread > 150 && spread < 2000, `${times.length} frames in ${spread} ms`);
});

test("a run can be repeated with the same appsrc and appsink", async (t) => {
  const p = await launch(t, "appsrc name=in ! appsink name=out sync=false");
  for (let run = 0; run < 3; run++) {
    await p.play();
    const taking = take(p.appsink("out"));
    await p.appsrc("in").push(Uint8Array.of(run));
    p.appsrc("in").end();
    assert.deepEqual(
      (await within(taking, "the frames")).map((f) => f.data[0]),
      [run],
    );
    await within(p.done, "the end");
    await p.stop();
  }
});

test("a pipeline that fails ends the iteration and rejects the pushes", async (t) => {
  const p = await launch(t, "appsrc name=in block=true ! identity error-after=3 ! appsink name=out sync=false");
  await p.play();
  const taking = take(p.appsink("out"));
  const pushes = Promise.allSettled(Array.from({ length: 20 }, () => p.appsrc("in").push(new Uint8Array(1))));
  await assert.rejects(within(p.done, "the end"), /failed after 3 frames/);
  assert.equal((await within(taking, "the frames")).length, 3);
  await p.stop();
  await within(pushes, "the pushes");
});
