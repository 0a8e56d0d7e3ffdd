// RTP packets of PCMU and PCMA, byte for byte against GStreamer's, and what any packets come out as.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { FrameFlag } from "../../build/node/index.mjs";
import { through } from "../support/audio.mjs";
import { folder, launch, within } from "../support/g2g.mjs";
import { ROUNDS, damaged } from "../support/media-hostile.mjs";
import { missing, run } from "../support/media.mjs";
import { packet, read } from "../support/rtp.mjs";
import { Random } from "../support/vector-bits.mjs";

const LAWS = { mulaw: { name: "pcmu", pt: 0 }, alaw: { name: "pcma", pt: 8 } };
const MS = 1_000_000;

const coded = (law) => `audio/x-${law},rate=8000,channels=1`;
const rtp = (law, pt = LAWS[law].pt) =>
  `application/x-rtp,media=audio,clock-rate=8000,encoding-name=${LAWS[law].name.toUpperCase()},payload=${pt}`;

/** A line from a test sound to packets. */
const packets = (law, { buffers = 40, samples = 160, options = "" } = {}) =>
  `audiotestsrc num-buffers=${buffers} samplesperbuffer=${samples} ! audio/x-raw,rate=8000,channels=1 ! ${law}enc ! ` +
  `rtp${LAWS[law].name}pay ${options}`.trim();

/** What a line gives, and what the pipeline is at the end. */
async function ours(t, line, look = () => {}) {
  const p = await launch(t, `${line} ! appsink name=out sync=false`);
  await p.play();
  const out = [];
  for await (const f of p.appsink("out")) {
    out.push({ data: Buffer.from(f.copy()), pts: f.pts, duration: f.duration, flags: f.flags, caps: f.caps });
    f.release();
  }
  await within(p.done, `the end of ${line}`);
  look(p);
  return out;
}

/** What GStreamer's line gives, a file each. */
function gstreamer(t, line) {
  const dir = folder(t);
  run("gst-launch-1.0", ["-q", ...`${line} ! multifilesink location=${dir}/%06d`.split(/ +/)]);
  return fs
    .readdirSync(dir)
    .sort()
    .map((name) => fs.readFileSync(path.join(dir, name)));
}

const NUMBERS = "ssrc=3735928559 timestamp-offset=4294960000 seqnum-offset=65520";

const OPTIONS = [
  {},
  { samples: 80 },
  { samples: 1024 },
  { samples: 5000, buffers: 5 },
  { samples: 33, buffers: 200, options: `min-ptime=${20 * MS}` },
  { samples: 33, buffers: 200, options: `min-ptime=${20 * MS} max-ptime=${20 * MS}` },
  { samples: 1000, options: `max-ptime=${30 * MS}` },
  { samples: 1000, options: `max-ptime=${30 * MS} min-ptime=${25 * MS}` },
  { samples: 777, options: `ptime-multiple=${10 * MS}` },
  { samples: 777, options: `ptime-multiple=${10 * MS} max-ptime=${45 * MS}` },
  { samples: 400, options: "mtu=112" },
  { samples: 99, options: `mtu=212 min-ptime=${1000 * MS}` },
  { options: "pt=96" },
  { samples: 333, options: "perfect-rtptime=false" },
];

for (const law of Object.keys(LAWS)) {
  const { name } = LAWS[law];

  test(`rtp${name}pay makes GStreamer's packets`, { skip: missing("gst-launch-1.0") }, async (t) => {
    for (const { options = "", ...more } of OPTIONS) {
      const line = packets(law, { ...more, options: `${NUMBERS} ${options}` });
      const mine = await ours(t, line);
      const theirs = gstreamer(t, line);
      assert.ok(mine.length > 3, line);
      mine.forEach((f, i) => assert.equal(f.data.toString("hex"), theirs[i]?.toString("hex"), `packet ${i}: ${line}`));
      assert.equal(mine.length, theirs.length, line);
    }
  });

  test(`GStreamer takes apart what rtp${name}pay makes`, { skip: missing("gst-launch-1.0") }, async (t) => {
    const sent = await ours(t, packets(law, { samples: 100, buffers: 100 }));
    // Each behind its length (RFC 4571), which GStreamer has an element for.
    const file = path.join(folder(t), "in");
    fs.writeFileSync(file, Buffer.concat(sent.flatMap(({ data }) => [Buffer.of(data.length >> 8, data.length), data])));
    const caps = rtp(law).replace("x-rtp", "x-rtp-stream");
    const got = Buffer.concat(gstreamer(t, `filesrc location=${file} ! ${caps} ! rtpstreamdepay ! rtp${name}depay`));
    assert.ok(got.equals(Buffer.concat(sent.map((f) => read(f.data).payload))));
    assert.equal(got.length, 10000);
  });

  test(
    `rtp${name}depay takes apart what GStreamer makes, with continuous times`,
    { skip: missing("gst-launch-1.0") },
    async (t) => {
      const sent = gstreamer(t, packets(law, { samples: 100, buffers: 100 }));
      const { frames, caps } = await through(t, `rtp${name}depay`, rtp(law), sent);
      assert.equal(caps, `audio/x-${law}, rate=(int)8000, channels=(int)1`);
      assert.equal(frames.length, 100);
      frames.forEach((f, i) => {
        assert.ok(f.data.equals(sent[i].subarray(12)));
        assert.deepEqual([f.pts, f.duration], [BigInt(i) * 12_500_000n, 12_500_000n]);
      });
    },
  );

  test(`${name}: what goes in comes out, with its times`, async (t) => {
    const random = new Random(1);
    let pts = 7n;
    const list = Array.from({ length: 60 }, () => {
      const data = random.bytes(1 + random.below(1300));
      const frame = { data, pts };
      pts += BigInt(data.length) * 125_000n;
      return frame;
    });
    const { frames } = await through(t, `rtp${name}pay ! rtp${name}depay`, coded(law), list);
    assert.deepEqual(
      frames.map((f) => [f.data.toString("hex"), f.pts]),
      list.map((f) => [f.data.toString("hex"), f.pts]),
    );
  });

  test(`${name}: the numbers of a stream`, async (t) => {
    let last;
    const first = await ours(t, packets(law), (p) => {
      last = ["seqnum", "timestamp"].map((property) => Number(p.element(`rtp${name}pay0`).get(property)));
    });
    const heads = first.map((f) => read(f.data));
    const [{ ssrc, seq, timestamp }] = heads;
    assert.deepEqual(last, [heads.at(-1).seq, heads.at(-1).timestamp]);
    heads.forEach((h, i) => {
      assert.deepEqual(
        { first: h.first, pt: h.pt, seq: h.seq, timestamp: h.timestamp, ssrc: h.ssrc, marker: h.marker },
        {
          first: 0x80,
          pt: LAWS[law].pt,
          seq: (seq + i) & 0xffff,
          timestamp: (timestamp + 160 * i) >>> 0,
          ssrc,
          marker: i === 0,
        },
      );
    });
    const number = (v) => (v < 2 ** 31 ? `(int)${v}` : `(uint)${v}`);
    assert.equal(
      first[0].caps,
      `application/x-rtp, media=(string)audio, payload=(int)${LAWS[law].pt}, clock-rate=(int)8000, ` +
        `encoding-name=(string)${name.toUpperCase()}, ssrc=${number(ssrc)}, timestamp-offset=${number(timestamp)}, ` +
        `seqnum-offset=(int)${seq}`,
    );
  });
}

test("payload type, source and offsets may be asked for downstream", async (t) => {
  const asked = "payload=100,ssrc=(uint)4000000000,timestamp-offset=(uint)5,seqnum-offset=6";
  const [{ data }] = await ours(t, `${packets("mulaw", { buffers: 1 })} ! application/x-rtp,${asked}`);
  const { pt, seq, timestamp, ssrc } = read(data);
  assert.deepEqual({ pt, seq, timestamp, ssrc }, { pt: 100, seq: 6, timestamp: 5, ssrc: 4000000000 });
  await assert.rejects(ours(t, `${packets("mulaw", { options: "pt=97" })} ! application/x-rtp,payload=98`), /payload/);
  await assert.rejects(ours(t, `${packets("mulaw", { options: "ssrc=1" })} ! application/x-rtp,ssrc=(uint)2`), /ssrc/);
});

test("numbers that are not set differ from run to run", async (t) => {
  const seen = new Set();
  for (let i = 0; i < 8; i++) {
    const [{ data }] = await ours(t, packets("alaw", { buffers: 1 }));
    const { seq, timestamp, ssrc } = read(data);
    assert.ok(seq < 0x8000);
    for (const v of [seq, timestamp, ssrc]) seen.add(v);
  }
  assert.ok(seen.size > 20, `${seen.size} numbers`);
});

test("a break has a marker and the time that passed", async (t) => {
  const frame = (n, pts, flags = 0) => ({ data: Buffer.alloc(n, n), pts, flags });
  const list = [
    frame(100, 0n),
    frame(100, 12_500_000n),
    // Less than a packet is held when the break comes.
    frame(30, 25_000_000n),
    frame(200, 1_025_000_000n, FrameFlag.Discont),
    // Back in time: only the marker tells.
    frame(200, 500_000_000n, FrameFlag.Discont),
    frame(200, null),
  ];
  const { frames } = await through(
    t,
    `rtppcmupay min-ptime=${10 * MS} max-ptime=${25 * MS} ${NUMBERS}`,
    coded("mulaw"),
    list,
  );
  const base = 4294960000;
  assert.deepEqual(
    frames.map((f) => {
      const { marker, timestamp, payload } = read(f.data);
      return [marker, (timestamp - base) >>> 0, payload.length, f.pts, f.flags & FrameFlag.Discont ? 1 : 0];
    }),
    [
      [true, 0, 100, 0n, 1],
      [false, 100, 100, 12_500_000n, 0],
      [false, 200, 30, 25_000_000n, 0],
      [true, 8200, 200, 1_025_000_000n, 1],
      [true, 8400, 200, 500_000_000n, 1],
      [false, 8600, 200, 525_000_000n, 0],
    ],
  );
});

test("bytes without times are counted from their start", async (t) => {
  const file = path.join(folder(t), "in");
  fs.writeFileSync(file, Buffer.alloc(10000, 3));
  const line = `filesrc location=${file} blocksize=4096 ! ${coded("mulaw")} ! rtppcmupay ${NUMBERS} max-ptime=${20 * MS}`;
  const out = await ours(t, line);
  let sent = 0;
  for (const { data, pts } of out) {
    assert.equal(pts, BigInt(sent) * 125_000n);
    assert.equal((read(data).timestamp - 4294960000) >>> 0, sent);
    sent += read(data).payload.length;
  }
  assert.equal(sent, 10000);
});

/** Packets of 160 bytes of payload, numbered. */
const numbered = (seqs, more = {}) =>
  seqs.map((seq) => packet({ seq, timestamp: 160 * seq, payload: Buffer.alloc(160, seq), ...more }));

/** What of a depayloader's frames shows the order. */
const order = (frames) => frames.map((f) => [f.data[0], f.pts / 20_000_000n, f.flags & FrameFlag.Discont ? 1 : 0]);

async function depay(t, list, { chain = "rtppcmudepay name=d", caps = rtp("mulaw") } = {}) {
  let counts;
  const result = await through(t, chain, caps, list, (p) => {
    counts = ["lost", "late", "dropped"].map((name) => Number(p.element("d").get(name)));
  });
  return { ...result, counts };
}

test("lost packets leave a gap and a break, late ones and doubles are dropped", async (t) => {
  const { frames, counts } = await depay(t, numbered([10, 11, 14, 12, 14, 15, 13, 16]));
  assert.deepEqual(order(frames), [
    [10, 0n, 1],
    [11, 1n, 0],
    [14, 4n, 1],
    [15, 5n, 0],
    [16, 6n, 0],
  ]);
  assert.deepEqual(counts, [2, 3, 0]);
});

test("a sender that begins anew is followed, whether its source changes or its numbers", async (t) => {
  const other = packet({ seq: 500, timestamp: 99, ssrc: 2, payload: Buffer.alloc(160, 77) });
  const { frames } = await depay(t, [...numbered([1000, 1001, 3, 4]), other]);
  assert.deepEqual(order(frames), [
    [1000 & 255, 0n, 1],
    [1001 & 255, 1n, 0],
    [3, 2n, 1],
    [4, 3n, 0],
    [77, 4n, 1],
  ]);
});

test("sources, extensions and padding are no payload", async (t) => {
  const payload = Buffer.from("0123456789");
  const list = [
    { csrcs: [1, 2, 3] },
    { extension: Buffer.alloc(400, 0xee) },
    { padding: 255 },
    { csrcs: Array(15).fill(9), extension: Buffer.alloc(4), padding: 1 },
  ].map((more, i) => packet({ seq: i, timestamp: 10 * i, payload, ...more }));
  const { frames, counts } = await depay(t, list);
  assert.deepEqual(
    frames.map((f) => String(f.data)),
    Array(4).fill("0123456789"),
  );
  assert.deepEqual(counts, [0, 0, 0]);
});

test("packets of another payload type keep their place and go no further", async (t) => {
  const list = numbered([1, 2, 3]);
  list[1] = packet({ pt: 101, seq: 2, timestamp: 320, payload: Buffer.alloc(4) });
  const { frames, counts } = await depay(t, list);
  assert.deepEqual(order(frames), [
    [1, 0n, 1],
    [3, 2n, 0],
  ]);
  assert.deepEqual(counts, [0, 0, 1]);
});

test("what is no packet is dropped and told", async (t) => {
  const [good] = numbered([1]);
  const cut = (n) => good.subarray(0, n);
  const set = (at, v) => Buffer.from(good).fill(v, at, at + 1);
  const list = [
    cut(0),
    cut(11),
    set(0, 0x40),
    set(0, 0x9f).subarray(0, 60),
    set(0, 0x90).subarray(0, 14),
    set(0, 0xa0),
  ];
  list[5][171] = 0;
  const { frames, messages, counts } = await depay(t, [...list, good]);
  assert.deepEqual(order(frames), [[1, 0n, 1]]);
  assert.deepEqual(counts, [0, 0, 6]);
  assert.deepEqual(
    messages.filter((m) => m.type === "warning").map((m) => `${m.name}: ${m.reason}`),
    [
      "BadPacket: 0 bytes are no RTP packet: they are too few",
      "BadPacket: 11 bytes are no RTP packet: they are too few",
      "BadPacket: 172 bytes are no RTP packet: the version is not 2",
      "BadPacket: 60 bytes are no RTP packet: the contributing sources go on behind the end",
      "BadPacket: 14 bytes are no RTP packet: the extension goes on behind the end",
      "BadPacket: 172 bytes are no RTP packet: the padding is not what it says",
    ],
  );
});

test("times that packets come with are kept", async (t) => {
  const list = numbered([1, 2, 3]).map((data, i) => ({ data, pts: [1_000n, 20_500_000n, null][i] }));
  const { frames } = await depay(t, list);
  assert.deepEqual(
    frames.map((f) => f.pts),
    [1_000n, 20_500_000n, 40_500_000n],
  );
});

test("another clock rate is the rate of the samples", async (t) => {
  const caps = "application/x-rtp,media=audio,clock-rate=16000,encoding-name=PCMU,payload=97";
  const { frames, caps: out } = await depay(t, numbered([1, 2], { pt: 97 }), { caps });
  assert.equal(out, "audio/x-mulaw, rate=(int)16000, channels=(int)1");
  assert.deepEqual(
    frames.map((f) => [f.pts, f.duration]),
    [0n, 10_000_000n].map((pts) => [pts, 10_000_000n]),
  );
});

test(`${ROUNDS} streams of damaged packets`, async (t) => {
  const random = new Random(9);
  for (let round = 0; round < ROUNDS; round++) {
    const law = random.below(2) ? "mulaw" : "alaw";
    let seq = random.below(65536);
    const list = Array.from({ length: 40 }, () => {
      const data = packet({
        pt: LAWS[law].pt,
        seq: seq++,
        timestamp: random.below(4) ? 160 * seq : random.next(),
        payload: random.bytes(random.below(400)),
        csrcs: Array(random.below(3) ? 0 : random.below(16)).fill(1),
        extension: random.below(3) ? undefined : random.bytes(4 * random.below(30)),
        padding: random.below(3) ? 0 : 1 + random.below(255),
      });
      const bad = random.below(2) ? data : damaged(data, random, (n) => random.below(random.below(2) ? 16 : n));
      return { data: bad, pts: random.below(3) ? null : BigInt(random.below(2 ** 31)) * 7n };
    });
    const chain = `rtp${LAWS[law].name}depay name=d ! ${law}dec`;
    const { frames, messages, counts } = await depay(t, list, { chain, caps: rtp(law) });
    const payload = frames.reduce((n, f) => n + f.data.length / 2, 0);
    assert.ok(payload <= list.reduce((n, f) => n + f.data.length, 0));
    assert.ok(frames.length + counts[1] + counts[2] <= list.length);
    assert.ok(frames.every((f) => f.pts >= 0n));
    assert.ok(!messages.some((m) => m.type === "error"));
  }
});

test("tables of payloaders and of depayloaders begin with the same properties", () => {
  const table = (name) =>
    JSON.parse(fs.readFileSync(new URL(`../../assembly/protocols/rtp/${name}.json`, import.meta.url)));
  const all = fs
    .readdirSync(new URL("../../assembly/protocols/rtp/", import.meta.url))
    .filter((f) => f.endsWith(".json"));
  for (const [end, first] of [
    [/[^e]pay\.json$/, "rtppcmupay"],
    [/depay\.json$/, "rtppcmudepay"],
  ]) {
    const names = table(first).properties.map((p) => p.name);
    const others = all.filter((f) => end.test(f));
    assert.ok(others.length > 1);
    for (const file of others) {
      const properties = table(file.replace(".json", "")).properties.map((p) => p.name);
      assert.deepEqual(properties.slice(0, names.length), names, file);
    }
  }
});

test("a call goes on without an allocation", async (t) => {
  const chain =
    "mulawenc ! rtppcmupay max-ptime=20000000 ! rtppcmudepay ! mulawdec ! adpcmenc blockalign=256 ! adpcmdec ! alawenc";
  const line = `audiotestsrc num-buffers=30000 samplesperbuffer=480 ! audio/x-raw,rate=8000,channels=1 ! ${chain} ! fakesink`;
  const p = await launch(t, line);
  await p.play();
  let ended = false;
  const done = p.done.finally(() => (ended = true));
  const looks = [];
  while (!ended) {
    const { links, memory } = p.stats();
    if (links[0].frames > 3000) looks.push(memory);
    await new Promise(setImmediate);
  }
  await within(done, "the end");
  assert.ok(looks.length > 1, `${looks.length} looks`);
  // Pools may still grow with what is in flight, but nothing is allocated to be given back.
  for (const m of looks) assert.equal(m.allocations - m.pieces, looks[0].allocations - looks[0].pieces);
  assert.ok(looks.at(-1).peak < 2 << 20, `${looks.at(-1).peak} bytes`);
});
