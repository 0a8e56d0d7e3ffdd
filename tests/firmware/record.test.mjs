// Recordings of boards: the packets that carry them, and a run at the desk that is repeated.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { before, describe, test } from "node:test";
import { crc32 } from "node:zlib";
import { Divergence, replay } from "../../build/node/index.mjs";
import { boardText, folder, has, noCrates, root, tool } from "./support.mjs";

const { Collector, SerialPackets, freezeLine, compileToC, parseBoard, readPacket, writeImage } = tool;

/** A module that has nothing but a memory. */
const MODULE = Buffer.from("0061736d010000000503010001070a01066d656d6f72790200", "hex");

const sha256 = (bytes) => createHash("sha256").update(bytes).digest();

/** A packet as a board sends it. */
function packet(sequence, payload, { session = 7, whole = payload.length, last = false } = {}) {
  const head = Buffer.alloc(16);
  head.write("G2GR", 0, "latin1");
  head.writeUInt32LE(session, 4);
  head.writeUInt32LE(sequence, 8);
  head.writeUInt16LE(whole, 12);
  head.writeUInt16LE(payload.length | (last ? 0x8000 : 0), 14);
  return Buffer.concat([head, Buffer.from(payload)]);
}

/** COBS, ended by a zero. */
function cobs(bytes) {
  const out = [];
  let from = 0;
  while (from <= bytes.length) {
    let to = bytes.indexOf(0, from);
    if (to < 0) to = bytes.length;
    if (to - from >= 254) {
      out.push(255, ...bytes.subarray(from, from + 254));
      from += 254;
      if (from === bytes.length) break;
    } else {
      out.push(to - from + 1, ...bytes.subarray(from, to));
      from = to + 1;
    }
  }
  return Buffer.from([...out, 0]);
}

function serial(bytes) {
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(crc32(bytes) >>> 0);
  return cobs(Buffer.concat([bytes, sum]));
}

const HEAD = Buffer.concat([Buffer.from("G2GREC\x01\x02", "latin1"), sha256(MODULE), Buffer.of(0)]);
/** Restart: an entry that a recording may have without anything else. */
const ENTRY = Buffer.of(12 + 1);
const END = Buffer.concat([Buffer.of(64), sha256("")]);

/** What a recording says after a collector got some packets. */
function collect(t, packets, module = MODULE) {
  const file = path.join(folder(t), "run.g2g");
  const collector = new Collector(file, module);
  for (const p of packets) collector.add(readPacket(p));
  const result = collector.finish();
  return { ...result, late: collector.late, over: collector.over, replayed: fs.existsSync(file) ? replay(file) : null };
}

test("packets that overtake each other make one recording", (t) => {
  const packets = [packet(0, HEAD), packet(1, ENTRY), packet(2, ENTRY), packet(3, END, { last: true })];
  for (const order of [
    [0, 1, 2, 3],
    [0, 3, 1, 2, 2],
    [0, 2, 1, 0, 3],
  ]) {
    const r = collect(
      t,
      order.map((i) => packets[i]),
    );
    assert.deepEqual([r.packets, r.torn, r.over], [4, null, true], String(order));
    assert.deepEqual([r.replayed.restarts, r.replayed.complete], [2, true]);
  }
});

test("an entry may lie in several packets", (t) => {
  const cut = [END.subarray(0, 10), END.subarray(10, 20), END.subarray(20)];
  const packets = [
    packet(0, Buffer.concat([HEAD, ENTRY, cut[0]]), { whole: HEAD.length + 1 }),
    packet(1, cut[1], { whole: 0 }),
    packet(2, cut[2], { last: true }),
  ];
  const r = collect(t, packets);
  assert.deepEqual([r.replayed.restarts, r.replayed.complete, r.torn], [1, true, null]);
  // Without its end the entry is not there.
  const torn = collect(t, [packets[0], packets[2]]);
  assert.match(torn.torn, /packets of it were lost/);
  assert.deepEqual([torn.replayed.restarts, torn.replayed.complete], [1, false]);
  assert.match(torn.replayed.torn, /packets of it were lost/);
});

test("a board that starts anew ends the recording, and says so", (t) => {
  const r = collect(t, [packet(0, HEAD), packet(1, ENTRY), packet(0, HEAD, { session: 8 }), packet(2, ENTRY)]);
  assert.match(r.replayed.torn, /the board began anew/);
  assert.equal(r.replayed.restarts, 1);
});

test("a gap that is not filled ends the recording", (t) => {
  const far = collect(t, [packet(0, HEAD), packet(1, ENTRY), packet(100, ENTRY), packet(2, ENTRY)]);
  assert.match(far.torn, /lost/);
  assert.equal(far.replayed.restarts, 1);
});

test("a board that has been running, or runs another module, is not recorded", (t) => {
  const late = collect(t, [packet(5, ENTRY)]);
  assert.deepEqual([late.late, late.packets, late.replayed], [true, 0, null]);
  assert.throws(() => collect(t, [packet(0, HEAD)], MODULE.subarray(0, 12)), /which is another than that of the image/);
  assert.throws(() => collect(t, [packet(0, Buffer.alloc(60))]), /is no recording/);
});

test("what is no packet is none", () => {
  const good = packet(0, ENTRY);
  assert.ok(readPacket(good));
  for (const bad of [
    good.subarray(0, 15),
    good.subarray(0, 16),
    Buffer.concat([good, good]),
    packet(0, ENTRY, { whole: 2 }),
  ]) {
    assert.equal(readPacket(bad), null);
  }
});

test("a serial line may begin anywhere, and damage costs one packet", () => {
  const packets = [0, 1, 2].map((n) => packet(n, Buffer.alloc(1024, n)));
  packets.push(packet(3, Buffer.from(Array.from({ length: 1000 }, (_, i) => i % 256))));
  const line = Buffer.concat(packets.map(serial));
  const read = (bytes, step) => {
    const s = new SerialPackets();
    const out = [];
    for (let at = 0; at < bytes.length; at += step) out.push(...s.add(bytes.subarray(at, at + step)));
    return [out.map((p) => p.sequence), s.damaged];
  };
  for (const step of [1, 7, 4096]) assert.deepEqual(read(line, step), [[0, 1, 2, 3], 0]);
  assert.deepEqual(read(line.subarray(10), 100), [[1, 2, 3], 1]);
  const damaged = Buffer.from(line);
  damaged[1500] ^= 0x10;
  assert.deepEqual(read(damaged, 100), [[0, 2, 3], 1]);
  assert.deepEqual(read(Buffer.concat([Buffer.alloc(5000, 1), Buffer.of(0), line]), 100), [[0, 1, 2, 3], 1]);
});

test("a recording whose module was changed is refused", (t) => {
  const file = path.join(folder(t), "run.g2g");
  const collector = new Collector(file, MODULE);
  collector.add(readPacket(packet(0, HEAD)));
  collector.finish();
  const bytes = fs.readFileSync(file);
  bytes[bytes.length - 1] ^= 1;
  fs.writeFileSync(file, bytes);
  assert.throws(() => replay(file), /its module is not that of its head/);
  fs.writeFileSync(file, bytes.subarray(0, bytes.length - 3));
  assert.throws(() => replay(file), /it ends in its module/);
});

const LINE =
  "boardaudiosrc num-buffers=80 ! audio/x-raw,format=S16LE,rate=8000,channels=1 ! mulawenc ! rtppcmupay ! udpsink host=10.0.2.2";

const skip = noCrates() || (has("cc") ? false : "there is no C compiler");

describe("a run of the engine aot at the desk", { skip }, () => {
  const image = path.join(root, "build/firmware/record-test");
  let desk = "";
  let reproducible = "";

  before(async () => {
    const json = boardText({ elements: ["boardaudiosrc", "udpsink"], emulator: undefined, "hardware-only": true });
    const board = parseBoard(json, "small", image);
    const frozen = await freezeLine(board, LINE, path.join(image, "made"), { engine: "aot" });
    const wasm2c = path.join(root, "node_modules/wabt/bin/wasm2c");
    writeImage(
      image,
      board,
      frozen,
      "aot",
      compileToC(frozen.wasm, { wasm2c, memory: frozen.memory, align: 16, checked: true }),
    );
    const cache = process.env.G2G_CACHE ? path.resolve(process.env.G2G_CACHE) : path.join(root, "build");
    const build = (name, env) => {
      const args = ["build", "--quiet", "--manifest-path", path.join(root, "firmware/recorder/Cargo.toml")];
      args.push("--example", "desk", "--features", "desk", "--target-dir", path.join(cache, "cargo"));
      execFileSync("cargo", args, {
        env: { ...process.env, G2G_IMAGE: image, ...env },
        stdio: ["ignore", "ignore", "inherit"],
      });
      const made = path.join(image, name);
      fs.copyFileSync(path.join(cache, "cargo/debug/examples/desk"), made);
      return made;
    };
    desk = build("desk");
    reproducible = build("desk-digests", { G2G_REPRODUCIBLE: "1" });
  });

  /** Runs the desk's board; the file of its recording. */
  function run(t, args, program = desk) {
    const file = path.join(folder(t), "run.g2g");
    const { status, stdout, stderr } = spawnSync(program, args.map(String), { maxBuffer: 1 << 26 });
    assert.equal(status, 0, String(stderr));
    const collector = new Collector(file, fs.readFileSync(path.join(image, "core.wasm")));
    for (const p of new SerialPackets().add(stdout)) collector.add(p);
    return { file, ...collector.finish() };
  }

  test("gives the same again in Node, whatever the elements do", (t) => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const { file, torn } = run(t, [seed, 0, 0]);
      const r = replay(file);
      assert.deepEqual([torn, r.complete, r.trap, r.torn, r.restarts], [null, true, null, null, 0]);
      assert.ok(r.steps > 100 && r.messages === 1);
    }
  });

  test("also when the pipeline began again", (t) => {
    const { file } = run(t, [6, 0, 30]);
    const r = replay(file);
    assert.deepEqual([r.complete, r.restarts], [true, 1]);
  });

  test("ends with a mark when it cannot be sent fast enough, and the pipeline goes on", (t) => {
    const { file } = run(t, [7, 20, 0]);
    const r = replay(file);
    assert.deepEqual([r.complete, r.torn], [false, "the board could not send it as fast as it was made"]);
    assert.ok(r.steps > 20);
  });

  test("a deliberate change is caught where it was made", (t) => {
    const { file } = run(t, [8, 0, 0]);
    const bytes = fs.readFileSync(file);
    // A sample of a block that the source gave: Data, address, 160 bytes.
    const isData = (i) => bytes[i] === 20 && [3, 4].some((n) => bytes.readUInt16BE(i + n) === 0xa001);
    const at = bytes.findIndex((_, i) => i > bytes.length - 10_000 && i < bytes.length - 10 && isData(i));
    assert.ok(at > 0);
    // One of them is the upper byte: the lower one may make no difference.
    bytes[at + 40] ^= 0x80;
    bytes[at + 41] ^= 0x80;
    fs.writeFileSync(file, bytes);
    assert.throws(
      () => replay(file),
      (e) => e instanceof Divergence && /what goes out with operation/.test(e.message) && e.offset > at,
    );
  });

  test("with digests the bytes of a source are taken from a file", (t) => {
    const whole = run(t, [9, 0, 0]);
    const { file, bytes } = run(t, [9, 0, 0], reproducible);
    assert.ok(bytes < whole.bytes);
    const tone = Buffer.alloc(80 * 160);
    for (let i = 0, x = 1; i < tone.length; i++) {
      x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
      tone[i] = x >>> 24;
    }
    const input = path.join(folder(t), "tone");
    fs.writeFileSync(input, tone);
    assert.throws(() => replay(file), /the input boardaudiosrc0 cannot be read/);
    assert.equal(replay(file, { inputs: { boardaudiosrc0: input } }).complete, true);
    tone[1000] ^= 1;
    fs.writeFileSync(input, tone);
    assert.throws(() => replay(file, { inputs: { boardaudiosrc0: input } }), /is not what it was/);
  });
});
