// When the units of the test sources are, what their caps say, and how they are sought: against GStreamer's.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { launch, messages, play, within } from "../support/g2g.mjs";
import { skip } from "./peer.mjs";

const SECOND = 1_000_000_000n;

/** A GStreamer time, h:mm:ss.nnnnnnnnn, in ns; null for none. */
function nsOf(text) {
  if (text === "none") return null;
  const [hours, minutes, seconds] = text.split(":");
  return (BigInt(hours) * 60n + BigInt(minutes)) * 60n * SECOND + BigInt(seconds.replace(".", ""));
}

/** What GStreamer makes of a chain: its caps as a set of fields, pts, duration and size of each unit. */
function gstreamer(chain) {
  const words = `${chain} ! fakesink silent=false`.split(/ +/);
  const { stdout, status } = spawnSync("gst-launch-1.0", ["-v", ...words], { encoding: "utf8" });
  assert.equal(status, 0, chain);
  const caps = stdout.match(/fakesink0\.GstPad:sink: caps = (.*)/)[1];
  const units = [
    ...stdout.matchAll(/chain .*\((\d+) bytes, dts: none, pts: ([\d:.]+|none), duration: ([\d:.]+|none),/g),
  ];
  return {
    caps: fieldsOf(caps),
    units: units.map(([, size, pts, duration]) => [nsOf(pts), nsOf(duration), Number(size)]),
  };
}

const fieldsOf = (caps) => caps.split(", ").sort();

/** The same here. */
async function ours(t, chain) {
  const p = await launch(t, `${chain} ! appsink name=s sync=false`);
  await within(p.play(), chain);
  const units = [];
  let caps = null;
  for await (const frame of p.appsink("s")) {
    caps = frame.caps;
    units.push([frame.pts, frame.duration, frame.size]);
    frame.release();
  }
  await within(p.done, chain);
  return { caps: fieldsOf(caps), units };
}

const compare = async (t, chain) => assert.deepEqual(await ours(t, chain), gstreamer(chain), chain);

const RATES = [
  "30/1",
  "25/1",
  "30000/1001",
  "24000/1001",
  "60000/1001",
  "1/3",
  "7/2",
  "1000000/1",
  "2147483647/1",
  "0/1",
];

test("pictures are when GStreamer's are, with the same caps", { skip }, async (t) => {
  for (const rate of RATES)
    await compare(t, `videotestsrc num-buffers=40 ! video/x-raw,format=GRAY8,width=8,height=2,framerate=${rate}`);
  await compare(t, "videotestsrc num-buffers=3 timestamp-offset=123456789 ! video/x-raw,format=I420");
});

test("the caps of pictures are GStreamer's", { skip }, async (t) => {
  for (const more of [
    "",
    ",height=1000",
    ",colorimetry=bt709",
    ",chroma-site=mpeg2,colorimetry=bt601",
    ",interlace-mode=interleaved",
    ",interlace-mode=mixed,width=720,height=480",
    ",pixel-aspect-ratio=4/3",
    ",multiview-mode=left",
    ",width=[1,100]",
    ",width=[1000,2000],height={100,700,900}",
    ",framerate=[1/2,15/1]",
  ])
    for (const format of ["I420", "RGB", "GRAY8"])
      await compare(t, `videotestsrc num-buffers=1 ! video/x-raw,format=${format}${more}`);
});

test("sounds are when GStreamer's are, with the same caps", { skip }, async (t) => {
  for (const rate of [44100, 48000, 11025, 8000, 7, 192000])
    for (const n of [1024, 1, 441, 1000])
      await compare(t, `audiotestsrc num-buffers=20 samplesperbuffer=${n} ! audio/x-raw,format=S16LE,rate=${rate}`);
  for (const more of ["", ",channels=2", ",channels=6", ",rate=[1,8000]", ",layout=non-interleaved,channels=2"])
    for (const format of ["S16LE", "F32LE", "U8"])
      await compare(t, `audiotestsrc num-buffers=2 ! audio/x-raw,format=${format}${more}`);
  await compare(t, "audiotestsrc num-buffers=3 timestamp-offset=5000000000 ! audio/x-raw,format=S16LE");
});

/** GStreamer's list of an element's properties: name, default, range and words of enumerations. */
function propertiesOf(element) {
  const { stdout } = spawnSync("gst-inspect-1.0", ["--no-colors", element], { encoding: "utf8" });
  const text = stdout.split("Element Properties:")[1];
  return new Map(
    text.split(/\n {2}(?=[a-z])/).map((part) => {
      const name = part.trim().split(/[\s:]/)[0];
      const found = part.match(/Default:\s+("[^"]*"|[^\s,]+)(?:, "([^"]*)")?/);
      const words = [...part.matchAll(/^\s+\((\d+)\): (\S+)/gm)].map(([, value, word]) => [word, Number(value)]);
      return [name, { initial: found?.[2] ?? found?.[1].replaceAll('"', ""), words: new Map(words) }];
    }),
  );
}

for (const element of ["videotestsrc", "audiotestsrc"]) {
  test(`the properties of ${element} have GStreamer's names, words and defaults`, { skip }, async (t) => {
    const { default: table } = await import(`../../assembly/elements/${element}.json`, { with: { type: "json" } });
    const theirs = propertiesOf(element);
    const p = await launch(t, `${element} name=src ! fakesink`);
    for (const { name, values } of table.properties) {
      const other = theirs.get(name);
      assert.ok(other, `GStreamer has no ${name}`);
      const value = p.element("src").get(name);
      const same =
        typeof value === "string"
          ? value === other.initial
          : Number(value) === Number(BOOLEANS[other.initial] ?? other.initial);
      assert.ok(same, `${name}: ${value}, not ${other.initial}`);
      for (const [word, [number]] of Object.entries(values ?? {})) assert.equal(other.words.get(word), number, word);
    }
  });
}
const BOOLEANS = { true: 1, false: 0 };

/** A line's appsink, played until `n` units have come; what came. */
async function take(sink, n) {
  const units = [];
  while (units.length < n) {
    const { value, done } = await within(sink.next(), "a unit");
    if (done) break;
    units.push([value.pts, value.running]);
    value.release();
  }
  return units;
}

const VIDEO = "videotestsrc name=src pattern=black ! video/x-raw,format=GRAY8,width=4,height=2,framerate=30000/1001";
const AUDIO = "audiotestsrc name=src wave=silence samplesperbuffer=1000 ! audio/x-raw,format=S16LE,rate=48000";

/** Lets the pipeline run until nothing from before is left. */
async function stepped() {
  for (let i = 0; i < 20; i++) await new Promise(setImmediate);
}

const pictureAt = (n) => (BigInt(n) * 1001n * SECOND) / 30000n;

test("a seek goes to the picture in which the time lies", async (t) => {
  const p = await launch(t, `${VIDEO} ! appsink name=s sync=false`);
  const sink = p.appsink("s");
  await p.play();
  for (const [time, number] of [
    [10n * SECOND, 299],
    [pictureAt(100), 100],
    [pictureAt(100) - 1n, 99],
    [0n, 0],
    [3_600n * 24n * SECOND, 2589410],
  ]) {
    await take(sink, 5);
    p.seek(time);
    await stepped();
    const start = pictureAt(number);
    assert.deepEqual(await take(sink, 2), [
      [start, 0n],
      [pictureAt(number + 1), pictureAt(number + 1) - start],
    ]);
  }
  await within(p.stop(), "stop");
});

test("an exact seek keeps the time that was asked for", async (t) => {
  const p = await launch(t, `${VIDEO} ! appsink name=s sync=false`);
  const sink = p.appsink("s");
  await p.pause();
  p.seek(10n * SECOND, { keyUnit: false });
  await stepped();
  await p.play();
  const [first, second] = await take(sink, 2);
  // The picture began before the segment does, so it is no part of running time.
  assert.equal(first[0], pictureAt(299));
  assert.equal(second[0], pictureAt(300));
  assert.equal(second[1], pictureAt(300) - 10n * SECOND);
  await within(p.stop(), "stop");
});

test("a segment ends at its stop", async (t) => {
  for (const [line, stop, expected] of [
    [VIDEO, 2n * SECOND, 60 - 29],
    [VIDEO, pictureAt(40), 40 - 29],
    [VIDEO, pictureAt(40) + 1n, 41 - 29],
    [AUDIO, SECOND + SECOND / 4n, 12],
  ]) {
    const p = await launch(t, `${line} ! appsink name=s sync=false`);
    const sink = p.appsink("s");
    await p.pause();
    p.seek(SECOND, { stop });
    await stepped();
    await p.play();
    const units = await take(sink, 1000);
    assert.equal(await within(p.done, line), "eos");
    assert.equal(units.length, expected, `${line} to ${stop}`);
  }
});

test("sound is sought to the sample", async (t) => {
  const p = await launch(t, `${AUDIO} ! appsink name=s sync=false`);
  const sink = p.appsink("s");
  await p.pause();
  p.seek(SECOND + 123_456n);
  await stepped();
  await p.play();
  const sample = (n) => (BigInt(n) * SECOND) / 48000n;
  const units = await take(sink, 3);
  assert.deepEqual(
    units.map(([pts]) => pts),
    [0, 1000, 2000].map((n) => sample(48005 + n)),
  );
  assert.equal(units[0][1], 0n);
  await within(p.stop(), "stop");
});

test("position and duration are told", async (t) => {
  const p = await launch(t, `${VIDEO.replace("name=src", "num-buffers=90")} ! appsink name=s sync=false`);
  await p.pause();
  assert.equal(p.duration(), pictureAt(90));
  p.seek(SECOND);
  await stepped();
  await p.play();
  await take(p.appsink("s"), 1000);
  await within(p.done, "the end");
  const endless = await launch(t, `${VIDEO} ! fakesink`);
  await endless.pause();
  assert.equal(endless.duration(), null);
  endless.seek(5n * SECOND);
  await stepped();
  // Some pictures are made in advance.
  const position = endless.position();
  assert.ok(position >= pictureAt(149) && position < pictureAt(170), `${position}`);
  await endless.stop();
});

/** A clock that a test turns on; steps follow one another as fast as they can. */
function handClock() {
  let now = 5n * SECOND;
  return { read: () => now, advance: (ns) => (now += ns) };
}

for (const [line, unit] of [
  [`${VIDEO.replace("name=src", "name=src is-live=true num-buffers=20")}`, pictureAt(1)],
  [`${AUDIO.replace("name=src", "name=src is-live=true num-buffers=20")}`, (1000n * SECOND) / 48000n],
]) {
  test(`live, ${line.split(" ")[0]} gives units at their time and not before`, async (t) => {
    const clock = handClock();
    const began = clock.read();
    const p = await launch(t, `${line} ! appsink name=s sync=false`, { clock: () => clock.advance(1_000_000n) });
    const all = messages(p);
    await p.play();
    let last = -1n;
    for await (const frame of p.appsink("s")) {
      assert.ok(frame.pts > last);
      last = frame.pts;
      assert.ok(clock.read() - began >= frame.pts, `${frame.pts} comes after ${clock.read() - began}`);
      frame.release();
    }
    await within(p.done, line);
    const latency = (await all).findLast((m) => m.type === "latency");
    assert.equal(latency?.min, unit, "the latency is that of a unit");
  });
}

test("do-timestamp gives units the time at which they are made", async (t) => {
  const clock = handClock();
  const line = VIDEO.replace("name=src", "is-live=true do-timestamp=true num-buffers=5");
  const p = await launch(t, `${line} ! appsink name=s sync=false`, { clock: () => clock.advance(3_000_000n) });
  await p.play();
  let n = 0;
  for await (const frame of p.appsink("s")) {
    assert.ok(frame.pts >= pictureAt(n) && frame.pts < pictureAt(n) + SECOND / 10n, `${frame.pts} of ${n}`);
    n++;
    frame.release();
  }
  assert.equal(n, 5);
  await within(p.done, "the end");
});

test("no memory is allocated while units flow", async (t) => {
  for (const line of [
    (n) => `videotestsrc num-buffers=${n} pattern=ball ! video/x-raw,width=16,height=16 ! queue ! fakesink`,
    (n) => `videotestsrc num-buffers=${n} pattern=smpte100 ! video/x-raw,format=RGB,width=16,height=16 ! fakesink`,
    (n) => `audiotestsrc num-buffers=${n} wave=ticks ! audio/x-raw,channels=2 ! queue ! fakesink`,
    (n) => `audiotestsrc num-buffers=${n} wave=pink-noise samplesperbuffer=10 ! fakesink`,
  ]) {
    const counts = [];
    for (const n of [100, 2000]) counts.push((await play(t, line(n))).stats().memory.allocations);
    assert.equal(counts[0], counts[1], line("n"));
  }
});

test("pictures and sounds that cannot be are refused with the reason", async (t) => {
  for (const [line, name, text] of [
    [
      "videotestsrc ! video/x-raw,format=RGBA,width=30000,height=30000 ! fakesink",
      "PictureTooLarge",
      /a picture of 30000x30000 is too large$/,
    ],
    ["videotestsrc ! video/x-raw,format=RGBA,width=20000,height=20000 ! fakesink", "NoMemory", /needed 16\d{8} bytes/],
    [
      "audiotestsrc samplesperbuffer=16777216 ! audio/x-raw,format=F64LE,channels=1000 ! fakesink",
      "SoundTooLarge",
      /frames of 16777216 samples of 1000 channels are too large; lower samplesperbuffer$/,
    ],
    ["audiotestsrc ! audio/x-raw,channels=2000 ! fakesink", "CannotLink", /no channels suits both/],
  ]) {
    const p = await launch(t, line);
    const all = messages(p);
    await within(p.play(), line).catch(() => {});
    await within(p.done, line).catch(() => {});
    await within(p.stop(), line);
    await p.close();
    const error = (await all).find((m) => m.type === "error");
    assert.equal(error?.name, name, line);
    assert.match(error.text, text);
  }
});

test("the ends of the ranges of properties do no harm", async (t) => {
  for (const line of [
    "audiotestsrc num-buffers=3 freq=0 wave=ticks ! fakesink",
    "audiotestsrc num-buffers=3 tick-interval=1 wave=ticks ! fakesink",
    "audiotestsrc num-buffers=3 freq=1073741823.5 wave=sine-table ! fakesink",
    "audiotestsrc num-buffers=3 freq=1073741823.5 ! audio/x-raw,rate=1,format=S8 ! fakesink",
    "videotestsrc num-buffers=3 horizontal-speed=-2147483648 ! fakesink",
    "videotestsrc num-buffers=3 horizontal-speed=2147483647 ! video/x-raw,width=1,height=1 ! fakesink",
    "videotestsrc num-buffers=3 timestamp-offset=9223372036854775807 pattern=ball animation-mode=running-time ! fakesink",
    "videotestsrc num-buffers=0 ! fakesink",
    "audiotestsrc num-buffers=0 ! fakesink",
  ])
    await play(t, line);
});
