// Sound over the network of an emulated board: ffmpeg decodes what it sends, and it decodes what it is sent.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { within } from "../support/g2g.mjs";
import { port } from "./emulated.mjs";
import { Run, atTheDesk, checksum, image, skipped } from "./proof.mjs";
import { folder } from "./support.mjs";

const BOARD = "mps2-an386";
const skip = skipped(BOARD);

/** The bytes of a header of RTP without extensions (RFC 3550, 5.1). */
const HEADER = 12;

/** Frames of 1024 samples, in the time that they take. */
const FRAMES = 16;
const SAMPLES = 1024;
const SOURCE = `audiotestsrc is-live=true num-buffers=${FRAMES}`;
const RATE = "audio/x-raw,rate=8000,channels=1";

const bytesOf = async (t, line) => Buffer.concat((await atTheDesk(t, line)).out);

/** Whether nobody has sent anything to a UDP port that has not been read; null while nobody listens at it. */
function isDrained(number) {
  const row = fs
    .readFileSync("/proc/net/udp", "latin1")
    .split("\n")
    .find((r) => r.includes(`:${number.toString(16).toUpperCase().padStart(4, "0")} `));
  return row ? / [0-9A-F]{8}:00000000 /.test(row) : null;
}

const until = async (condition) => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
};

/** Listens with ffmpeg. @returns what it decodes, once the sender has said good-bye */
async function decoder(t, number) {
  const sdp = path.join(folder(t), "board.sdp");
  const text = [
    "v=0",
    "o=- 0 0 IN IP4 127.0.0.1",
    "s=board",
    "c=IN IP4 127.0.0.1",
    "t=0 0",
    `m=audio ${number} RTP/AVP 0`,
  ];
  fs.writeFileSync(sdp, `${text.join("\r\n")}\r\n`);
  const input = ["-protocol_whitelist", "file,udp,rtp", "-reorder_queue_size", "0", "-i", sdp];
  const child = spawn("ffmpeg", ["-v", "error", ...input, "-f", "s16le", "pipe:1"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  const parts = [];
  child.stdout.on("data", (data) => parts.push(data));
  const code = new Promise((resolve) => child.on("close", resolve));
  await within(
    until(() => isDrained(number) !== null || child.exitCode !== null),
    "ffmpeg's start",
  );
  return async (socket) => {
    await until(() => isDrained(number));
    // BYE (RFC 3550, 6.6) of no source in particular.
    socket.send(Uint8Array.of(0x81, 203, 0, 1, 0, 0, 0, 0), number + 1, "127.0.0.1");
    assert.equal(await within(code, "the end of ffmpeg"), 0);
    return Buffer.concat(parts);
  };
}

/** Signal to noise in dB of samples of 16 bits. */
function quality(expected, got) {
  const [a, b] = [expected, got].map((x) => new Int16Array(Uint8Array.from(x).buffer));
  let [signal, noise] = [0, 0];
  a.forEach((x, i) => ((signal += x * x), (noise += (x - b[i]) ** 2)));
  return 10 * Math.log10(signal / noise);
}

test("sound leaves the board and ffmpeg decodes what it receives", { skip }, async (t) => {
  const desk = await port(t);
  const line = `${SOURCE} ! mulawenc ! rtppcmupay ! udpsink host=10.0.2.2 port=${desk.number}`;
  const elf = await image(t, BOARD, line, { as: "network" });
  const first = new Run(t, BOARD, elf);
  assert.equal((await first.ended()).code, 0, first.said);
  const packets = await within(desk.count(FRAMES), `${FRAMES} packets`);
  const codes = await bytesOf(t, `${SOURCE} ! ${RATE} ! mulawenc ! checksumsink name=out`);
  assert.deepEqual(Buffer.concat(packets.map((p) => p.subarray(HEADER))), codes);
  const { 0: start } = packets;
  packets.forEach((p, i) => {
    assert.deepEqual([p[0], p[1] & 127], [0x80, 0]);
    assert.equal(p.readUInt16BE(2), (start.readUInt16BE(2) + i) & 0xffff, "the sequence has no holes");
    assert.equal(p.readUInt32BE(4), (start.readUInt32BE(4) + i * SAMPLES) >>> 0);
    assert.equal(p.readUInt32BE(8), start.readUInt32BE(8));
  });

  if (spawnSync("ffmpeg", ["-version"]).status !== 0) return t.skip("there is no ffmpeg (scripts/apt.sh)");
  await desk.close();
  const decoded = await decoder(t, desk.number);
  const second = new Run(t, BOARD, elf);
  assert.equal((await second.ended()).code, 0, second.said);
  const other = await port(t);
  const samples = await decoded(other.socket);
  assert.deepEqual(samples, await bytesOf(t, `${SOURCE} ! ${RATE} ! mulawenc ! mulawdec ! checksumsink name=out`));
  const tone = await bytesOf(t, `${SOURCE} ! ${RATE},format=S16LE ! checksumsink name=out`);
  assert.ok(quality(tone, samples) > 30, `${quality(tone, samples)} dB`);
});

test("sound comes to the board, and goes back as it came (wasm3)", { skip }, async (t) => {
  const desk = await port(t);
  const way = await port(t);
  const { number: inside } = way;
  await way.close();
  const caps = '"application/x-rtp,media=audio,encoding-name=PCMU,clock-rate=8000,payload=0"';
  const line = [
    `udpsrc port=5004 caps=${caps} ! tee name=t`,
    `t. ! queue ! udpsink host=10.0.2.2 port=${desk.number} sync=false`,
    "t. ! queue ! rtppcmudepay ! mulawdec ! checksumsink name=heard",
  ].join("  ");
  const sent = `${SOURCE} ! ${RATE} ! mulawenc ! rtppcmupay seqnum-offset=65530 timestamp-offset=4294960000 ssrc=5`;
  const { out: packets } = await atTheDesk(t, `${sent} ! checksumsink name=out`);
  const { out: expected } = await atTheDesk(t, `${sent} ! rtppcmudepay ! mulawdec ! checksumsink name=out`);
  const elf = await image(t, BOARD, line, { engine: "wasm3", as: "network" });
  const run = new Run(t, BOARD, elf, { forwards: [{ protocol: "udp", here: inside, board: 5004 }] });
  await run.says(/^module /m);

  const send = (bytes) => desk.socket.send(bytes, inside, "127.0.0.1");
  // What is no RTP comes back as soon as the board listens, and is not heard.
  const knock = setInterval(send, 200, Uint8Array.of(1));
  await within(desk.count(1), `the board's first answer\n${run.said}`).finally(() => clearInterval(knock));
  const echoes = () => desk.came.filter((p) => p.length > 1);
  for (const [i, packet] of packets.entries()) {
    send(packet);
    await within(
      until(() => echoes().length > i),
      `the echo of packet ${i}\n${run.said}`,
    );
  }
  assert.deepEqual(echoes(), packets);
  const counted = await run.asked();
  assert.deepEqual(counted.heard, checksum(expected), run.said);
  assert.ok(Number(counted.udpsrc0["datagrams-received"]) > packets.length);
  assert.equal(counted.udpsink0.dropped, "0");
});
