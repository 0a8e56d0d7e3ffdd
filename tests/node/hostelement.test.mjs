import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { FrameFlag, HostFault, launch as launchRaw } from "../../build/node/index.mjs";
import { launch, noise, within } from "../support/g2g.mjs";

const SINK = { name: "sink", direction: "sink", caps: "ANY" };
const SRC = { name: "src", direction: "src", caps: "ANY" };

/** A factory of elements with one input, one output or both. */
function factory(name, pads, create, more = {}) {
  const { relation, properties, flags, ...rest } = more;
  return { table: { name, pads, relation, properties, flags }, create, ...rest };
}

/** Hands frames on after a while that differs from frame to frame, each twice if asked, in order. */
function slowCopy(context, { times = 1, late = 3 } = {}) {
  const waiting = [];
  let drained = null;
  const serve = () => {
    while (waiting.length && waiting[0].ready && context.credits(0)) {
      const f = waiting[0];
      context.data(0, f.data, { pts: f.pts, flags: f.flags });
      if (--f.left) continue;
      waiting.shift();
    }
    if (!waiting.length) drained?.();
  };
  return {
    frame(frame) {
      const f = { data: frame.copy(), pts: frame.pts, flags: frame.flags, left: times, ready: false };
      waiting.push(f);
      frame.release();
      setTimeout(() => {
        f.ready = true;
        serve();
      }, Math.random() * late);
    },
    credit: serve,
    drain() {
      return new Promise((resolve) => {
        drained = resolve;
        serve();
      });
    },
    flush: () => void waiting.splice(0),
  };
}

async function take(sink) {
  const out = [];
  for await (const f of sink) {
    out.push({ data: f.copy(), pts: f.pts, flags: f.flags, caps: f.caps });
    f.release();
  }
  return out;
}

/** Pushes n frames of one byte and takes what comes out. */
async function through(p, n) {
  await p.play();
  const taking = take(p.appsink("out"));
  for (let i = 0; i < n; i++) await p.appsrc("in").push(Uint8Array.of(i), { pts: BigInt(i), flags: FrameFlag.Key });
  p.appsrc("in").end();
  return within(taking, "the frames");
}

test("a transform that answers late gives everything, in order, before the end", async (t) => {
  const elements = [factory("slow", [SINK, SRC], (c) => slowCopy(c), { relation: "same" })];
  const p = await launch(t, "appsrc name=in ! slow ! appsink name=out sync=false", { elements });
  const got = await through(p, 100);
  assert.equal(await within(p.done, "the end"), "eos");
  assert.deepEqual(
    got.map((f) => [f.data[0], f.pts, f.flags]),
    Array.from({ length: 100 }, (_, i) => [i, BigInt(i), FrameFlag.Key]),
  );
});

test("a transform may give several frames for one, and must wait for credits", async (t) => {
  let most = 0;
  const elements = [
    factory(
      "thrice",
      [SINK, SRC],
      (c) => {
        const e = slowCopy(c, { times: 3, late: 0 });
        const frame = e.frame;
        e.frame = (f) => {
          most = Math.max(most, c.credits(0));
          assert.equal(c.data(1, new Uint8Array(1)), false);
          frame(f);
        };
        return e;
      },
      { relation: "same" },
    ),
  ];
  const p = await launch(t, "appsrc name=in ! thrice ! appsink name=out sync=false max-buffers=1", { elements });
  const got = await through(p, 20);
  assert.deepEqual(
    got.map((f) => f.data[0]),
    Array.from({ length: 60 }, (_, i) => Math.floor(i / 3)),
  );
  assert.ok(most > 0 && most < 64);
});

test("a muxer that waits for an element which hoards frames gets them, though its other input is full meanwhile", async (t) => {
  const HOARD = 30;
  const elements = [
    factory(
      "hoard",
      [SINK, SRC],
      (c) => {
        const held = [];
        let began = false;
        const serve = () => {
          began ||= held.length >= HOARD;
          while (began && held.length && c.credits(0)) {
            const f = held.shift();
            c.data(0, f.data, { pts: f.pts, flags: f.flags });
          }
        };
        return {
          frame(f) {
            held.push({ data: f.copy(), pts: f.pts, flags: f.flags });
            f.release();
            serve();
          },
          credit: serve,
          drain: () => void held.splice(0),
        };
      },
      { relation: "same", window: 2 * HOARD },
    ),
  ];
  // A live source, so that no first frame is waited for.
  const source =
    "audiotestsrc is-live=true num-buffers=60 samplesperbuffer=80 ! audio/x-raw,format=S16LE,rate=8000,channels=1";
  const line = `${source} ! tee name=t  t. ! mp4mux name=m ! appsink name=out sync=false  t. ! hoard ! m.`;
  const p = await launch(t, line, { elements });
  await p.play();
  const got = await within(take(p.appsink("out")), "the file", 5000);
  assert.equal(await within(p.done, "the end"), "eos");
  assert.ok(got.reduce((n, f) => n + f.data.length, 0) > 60 * 160 + HOARD * 160);
});

test("an element holds no more frames than its window, or than it has room for", async (t) => {
  for (const [more, limit] of [
    [{ window: 3 }, 3],
    [{}, 8],
  ]) {
    const held = [];
    let most = 0;
    const elements = [
      factory(
        "holder",
        [SINK],
        () => ({
          frame(f) {
            held.push(f);
            most = Math.max(most, held.length);
            setTimeout(() => held.shift().release(), 1);
          },
        }),
        more,
      ),
    ];
    const p = await launch(t, "fakesrc num-buffers=50 sizetype=fixed ! holder", { elements });
    await p.play();
    await within(p.done, "the end");
    assert.equal(most, limit);
  }
});

test("a source of the host's gives data of its own, fills in place, and ends", async (t) => {
  const elements = [
    factory("counter", [{ ...SRC, caps: "text/plain" }], (c) => {
      let n = 0;
      return {
        credit() {
          while (n < 10 && c.credits(0)) {
            const byte = n++;
            c.fill(
              0,
              100,
              (to) => {
                to.fill(byte, 0, 50);
                return 50;
              },
              { pts: BigInt(byte) },
            );
          }
          if (n === 10) c.end(0);
        },
      };
    }),
  ];
  const p = await launch(t, "counter ! appsink name=out sync=false", { elements });
  await p.play();
  const got = await within(take(p.appsink("out")), "the frames");
  assert.deepEqual(
    got.map((f) => [f.data.length, f.data[49], f.caps]),
    Array.from({ length: 10 }, (_, i) => [50, i, "text/plain"]),
  );
  await within(p.done, "the end");
});

test("a source can be given blocks to fill", async (t) => {
  const elements = [
    factory("blocks", [{ ...SRC, caps: "text/plain" }], (c) => {
      let n = 0;
      return {
        configure: () => 4096,
        credit() {
          if (n === 0)
            assert.throws(() => c.data(0, new Uint8Array(10_000)), /10000 bytes do not fit into a block of 4096/);
          if (n < 20 && c.data(0, noise(4096, n + 1), { pts: BigInt(n) })) n++;
          else if (n === 20) c.end(0);
        },
      };
    }),
  ];
  const p = await launch(t, "blocks ! identity ! appsink name=out sync=false", { elements });
  await p.play();
  const got = await within(take(p.appsink("out")), "the frames");
  assert.equal(got.length, 20);
  got.forEach((f, i) => assert.ok(Buffer.from(f.data).equals(noise(4096, i + 1)), `frame ${i}`));
});

test("properties reach the element: all before it starts, then each that is set", async (t) => {
  const seen = [];
  const properties = [
    { name: "speed", type: "int", default: 5 },
    { name: "mode", type: "enum", default: "a", values: { a: [0, ""], b: [1, ""] } },
    { name: "label", type: "string", default: "" },
    { name: "level", type: "double", default: 0.5 },
    { name: "on", type: "boolean", default: "false" },
  ];
  const elements = [
    factory(
      "knobs",
      [SINK],
      () => ({ property: (name, value) => void seen.push([name, value]), frame: (f) => f.release() }),
      {
        properties,
      },
    ),
  ];
  const p = await launch(t, 'fakesrc is-live=true sizetype=fixed datarate=1 ! knobs name=k mode=b label="x y"', {
    elements,
  });
  await p.play();
  const start = [
    ["speed", 5n],
    ["mode", "b"],
    ["label", "x y"],
    ["level", 0.5],
    ["on", 0n],
  ];
  while (seen.length < start.length) await delay(1);
  assert.deepEqual(seen.splice(0), start);
  p.element("k").set("speed", -7).set("on", true);
  while (seen.length < 2) await delay(1);
  assert.deepEqual(seen, [
    ["speed", -7n],
    ["on", 1n],
  ]);
  assert.equal(p.element("k").get("speed"), -7);
});

test("caps are told whole, however long their codec data is, up to a limit", async (t) => {
  for (const bytes of [10, 3000, 70000, 200000]) {
    const told = [];
    const watch = factory("watch", [SINK], () => ({
      configure: (_, caps) => void told.push(caps),
      frame: (f) => f.release(),
    }));
    const data = "a5".repeat(bytes);
    const p = await launch(t, `appsrc name=in ! watch`, { elements: [watch] });
    const source = p.appsrc("in");
    source.setCaps(`video/x-h264, codec_data=(buffer)${data}`);
    const played = p.play();
    // Nobody takes it when the caps are refused.
    await source.push(Buffer.from([1])).catch(() => {});
    source.end();
    await played.catch(() => {});
    if (bytes < 100000) {
      await within(p.done, "the end");
      assert.equal(told.length, 1);
      assert.ok(told[0].endsWith(`codec_data=(buffer)${data}`), `${bytes}: ${told[0].length}`);
    } else await assert.rejects(p.done, /caps has 262145, more than 262144/);
  }
});

test("each pad is configured before its first frame, and again when caps change", async (t) => {
  const log = [];
  const elements = [
    factory(
      "logger",
      [SINK, SRC],
      (c) => {
        const copy = slowCopy(c, { late: 0 });
        return {
          ...copy,
          async configure(pad, caps) {
            await delay(5);
            log.push(`${pad} ${caps}`);
          },
          frame(f) {
            log.push(`frame ${f.data[0]}`);
            copy.frame(f);
          },
        };
      },
      { relation: "same" },
    ),
  ];
  const p = await launch(t, "appsrc name=in caps=a/b,n=1 ! logger ! appsink name=out sync=false", { elements });
  await p.play();
  const taking = take(p.appsink("out"));
  await p.appsrc("in").push(Uint8Array.of(1));
  p.appsrc("in").setCaps("a/b,n=2");
  await p.appsrc("in").push(Uint8Array.of(2));
  p.appsrc("in").end();
  const got = await within(taking, "the frames");
  const caps = (n) => `a/b, n=(int)${n}`;
  assert.deepEqual(log, [`0 ${caps(1)}`, `1 ${caps(1)}`, "frame 1", `0 ${caps(2)}`, `1 ${caps(2)}`, "frame 2"]);
  assert.deepEqual(
    got.map((f) => f.caps),
    [caps(1), caps(2)],
  );
});

test("late caps: an element tells what it gives when it knows", async (t) => {
  const elements = [
    factory(
      "finder",
      [SINK, { ...SRC, caps: "video/x-raw" }],
      (c) => {
        const copy = slowCopy(c, { late: 0 });
        let told = false;
        return {
          ...copy,
          frame(f) {
            if (!told) c.caps(0, "video/x-raw,format=I420,width=[16,64],height=16");
            told = true;
            copy.frame(f);
          },
        };
      },
      { flags: ["late-caps"] },
    ),
  ];
  const line = "appsrc name=in ! finder ! video/x-raw,width=[32,48] ! appsink name=out sync=false";
  const p = await launch(t, line, { elements });
  const got = await through(p, 3);
  assert.equal(got.length, 3);
  assert.match(got[0].caps, /^video\/x-raw, format=\(string\)I420, width=\(int\)(3[2-9]|4[0-8]), height=\(int\)16$/);
});

test("a frame's time to be shown comes with it", async (t) => {
  const seen = [];
  const elements = [
    factory(
      "screen",
      [SINK],
      (c) => ({
        frame(f) {
          seen.push([f.due, f.running, c.now()]);
          f.release();
        },
      }),
      { flags: ["timed"] },
    ),
  ];
  const p = await launch(t, "appsrc name=in ! screen", { elements });
  const pushes = [0n, 1_000_000_000n].map((pts) => p.appsrc("in").push(Uint8Array.of(1), { pts }));
  p.appsrc("in").end();
  await p.play();
  await within(p.done, "the end");
  await Promise.all(pushes);
  assert.equal(seen.length, 2);
  assert.equal(seen[1][0] - seen[0][0], 1_000_000_000n);
  assert.deepEqual([seen[0][1], seen[1][1]], [0n, 1_000_000_000n]);
  // A timed sink gets its frames early.
  assert.ok(seen[1][2] < seen[1][0]);
});

for (const [what, make] of [
  ["create", () => () => fault()],
  ["property", () => () => ({ property: fault })],
  ["configure", () => () => ({ configure: fault })],
  ["configure, later", () => () => ({ configure: () => delay(2).then(fault) })],
  ["frame", () => () => ({ frame: fault })],
  ["frame, later", () => () => ({ frame: () => delay(2).then(fault) })],
  ["drain", () => () => ({ frame: (f) => f.release(), drain: fault })],
  ["fail", () => (c) => ({ frame: (f) => (f.release(), c.fail(new Error("it broke"))) })],
]) {
  test(`an element that fails in ${what} ends the pipeline with its reason`, async (t) => {
    const elements = [factory("bad", [SINK], make(), { properties: [{ name: "x", type: "int", default: 1 }] })];
    const p = await launch(t, "fakesrc num-buffers=5 sizetype=fixed ! bad name=culprit", { elements });
    const error = await within(
      p.play().then(() => p.done),
      "the end",
    ).catch((e) => e);
    assert.equal(error.report?.name, "HostElement", String(error));
    assert.equal(error.element, "culprit");
    assert.match(error.message, /culprit: the host's element failed: it broke/);
    assert.equal(error.cause.message, "it broke");
  });
}

function fault() {
  throw new Error("it broke");
}

/** A source of handles and a sink that uses them as it is told. */
function handleElements(use, caps = "video/x-raw(memory:Test)") {
  const freed = [];
  return {
    freed,
    elements: [
      factory("gpusrc", [{ ...SRC, caps }], (c) => {
        let n = 0;
        return {
          credit() {
            while (n < 5 && c.credits(0)) {
              const id = n++;
              c.give(
                0,
                c.handle("Test", { id }, () => freed.push(id)),
                100,
                { pts: BigInt(id) },
              );
            }
            if (n === 5) c.end(0);
          },
        };
      }),
      factory("gpusink", [{ ...SINK, caps }], use),
    ],
  };
}

test("memory of another domain goes through as handles and is given back", async (t) => {
  const seen = [];
  const { elements, freed } = handleElements(() => ({
    frame(f) {
      seen.push([f.handle.value.id, f.handle.domain, f.size, f.parts.length]);
      f.release();
    },
  }));
  const p = await launch(t, "gpusrc ! identity ! tee name=t  t. ! queue ! gpusink  t. ! fakesink", { elements });
  await p.play();
  await within(p.done, "the end");
  assert.deepEqual(
    seen,
    [0, 1, 2, 3, 4].map((id) => [id, "Test", 100, 0]),
  );
  await p.stop();
  assert.deepEqual(freed.sort(), [0, 1, 2, 3, 4]);
});

test("a handle that is kept too long is an error that names the element", async () => {
  const { elements } = handleElements(() => ({
    frame(f) {
      f.handle.retain();
      f.release();
    },
  }));
  const p = await launchRaw("gpusrc name=leaky ! gpusink", { elements, checkLeaks: true });
  await p.play();
  await within(p.done, "the end");
  await assert.rejects(
    p.close(),
    (e) => e instanceof HostFault && /leaky: Test memory handles not given back: 5/.test(e.message),
  );
});

test("a handle that is released too often is an error that names the element", async () => {
  const { elements } = handleElements(() => ({
    frame(f) {
      const { handle } = f;
      handle.release();
      assert.throws(() => handle.release(), /twice: a Test handle was released once too often/);
      assert.throws(() => handle.retain(), /twice/);
      f.release();
    },
  }));
  const p = await launchRaw("gpusrc name=twice ! gpusink", { elements, checkLeaks: true });
  await p.play();
  await assert.rejects(within(p.done, "the end"), /twice: memory handle 1 is used after its release/);
  await p.close();
});

test("a live source adds its latency, which the pipeline tells", async (t) => {
  const elements = [
    factory(
      "camera",
      [{ ...SRC, caps: "text/plain" }],
      (c) => {
        let n = 0;
        c.latency(20_000_000n, 40_000_000n);
        return {
          credit() {
            if (n < 3 && c.data(0, Uint8Array.of(n), { pts: BigInt(n) })) n++;
            else if (n === 3) c.end(0);
          },
        };
      },
      { properties: [{ name: "is-live", type: "boolean", default: "true" }] },
    ),
  ];
  const p = await launch(t, "camera ! fakesink", { elements });
  const seen = [];
  const reading = (async () => {
    for await (const m of p.bus) if (m.type === "latency") seen.push([m.min, m.max]);
  })();
  await p.play();
  await within(p.done, "the end");
  await reading;
  assert.deepEqual(seen.at(-1), [20_000_000n, 40_000_000n]);
});

test("a pipeline that is stopped at any moment leaves nothing behind", async () => {
  for (let i = 0; i < 60; i++) {
    const elements = [
      factory("slow", [SINK, SRC], (c) => slowCopy(c, { times: 1 + (i % 3), late: i % 7 }), { relation: "same" }),
    ];
    const p = await launchRaw(
      "fakesrc sizetype=fixed sizemax=100 ! slow ! queue ! slow ! appsink name=out sync=false",
      {
        elements,
        checkLeaks: true,
      },
    );
    await within(p.play(), "play");
    if (i % 2) (await within(p.appsink("out").next(), "a frame")).value.release();
    await delay(i % 5);
    await within(p.close(), "close");
  }
});

test("an element ends before its pipeline is closed", async (t) => {
  let ended = false;
  const elements = [
    factory("closer", [SINK], () => ({
      frame: (f) => f.release(),
      async stop() {
        await delay(20);
        ended = true;
      },
    })),
  ];
  const p = await launch(t, "fakesrc num-buffers=1 ! closer", { elements });
  await p.play();
  await within(p.done, "the end");
  await p.close();
  assert.ok(ended);
});

test("a table with a word that does not exist is refused", async () => {
  for (const table of [
    { name: "x", pads: [{ name: "sink", direction: "in" }] },
    { name: "x", pads: [SINK], flags: ["fast"] },
    { name: "x", pads: [SINK], properties: [{ name: "a", type: "colour" }] },
    { name: "x", pads: [{ ...SINK, caps: "video/x-raw,width=[" }] },
    { name: "", pads: [SINK] },
  ]) {
    await assert.rejects(launchRaw("fakesrc ! fakesink", { elements: [{ table, create: () => ({}) }] }), HostFault);
  }
});
