// Updates in the field: packages, and an emulated board that takes them, tries them and goes back.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createPublicKey, verify } from "node:crypto";
import dgram from "node:dgram";
import fs from "node:fs";
import path from "node:path";
import { before, describe, test } from "node:test";
import { folder, noQemu, noRust, tool } from "./support.mjs";

const { Link, buildImage, freezeLine, loadBoard, makeKey, makePackage, readKey, readPublicKey, qemuArgs } = tool;

const PARTS = {
  board: "small",
  version: 7,
  older: false,
  memory: 8192,
  arena: 30000,
  ring: 64,
  module: Buffer.from("a module"),
  log: Buffer.from("the log"),
  line: "a ! b",
  elements: ["udpsink", "uartsrc"],
};

/** A key in a folder of its own. */
function key(t) {
  const file = path.join(folder(t), "a.key");
  makeKey(file);
  return file;
}

test("a package says what it is, and is signed", (t) => {
  const file = key(t);
  const p = Buffer.from(makePackage(PARTS, readKey(file)));
  assert.equal(p.length, 512 + 8 + 8 + 8);
  assert.equal(p.toString("latin1", 36, 42), "small\0");
  assert.equal(p.toString("latin1", 192, 209), "udpsink\0uartsrc\0\0");
  assert.deepEqual(
    [8, 12, 16, 20, 24, 28, 32].map((at) => p.readUInt32LE(at)),
    [7, 8192, 30000, 64, 8, 7, 5],
  );
  const publicKey = createPublicKey(fs.readFileSync(`${file}.pub`));
  assert.ok(verify(null, p.subarray(0, 448), publicKey, p.subarray(448, 512)));
  assert.deepEqual(Buffer.from(readPublicKey(file)), Buffer.from(readPublicKey(`${file}.pub`)));
});

test("keys are not written over, and only keys are read", (t) => {
  const file = key(t);
  assert.equal(fs.statSync(file).mode & 0o77, 0);
  assert.throws(() => makeKey(file), /cannot be written/);
  assert.throws(() => readKey(`${file}.pub`), /is no private key/);
  assert.throws(() => readPublicKey(import.meta.filename), /is no key/);
  const many = { ...PARTS, elements: Array.from({ length: 40 }, (_, i) => `element${i}`) };
  assert.throws(() => makePackage(many, readKey(file)), /more host elements than a package can name/);
});

/** A board that answers, but not always. */
async function fakeBoard(t, { loses = () => false } = {}) {
  const socket = dgram.createSocket("udp4");
  const got = { header: null, payload: Buffer.alloc(0), committed: false };
  socket.on("message", (m, from) => {
    if (loses(m)) return;
    const reply = Buffer.alloc(m[4] === 1 ? 64 : 12);
    reply.write("G2GV", "latin1");
    reply[4] = m[4];
    if (m[4] === 1) reply.write("small", 32);
    if (m[4] === 2) got.header = Buffer.from(m.subarray(12));
    if (m[4] === 3 && m.readUInt32LE(8) === got.payload.length)
      got.payload = Buffer.concat([got.payload, m.subarray(12)]);
    if (m[4] === 4) got.committed = true;
    reply.writeUInt32LE(m[4] === 2 || m[4] === 3 ? got.payload.length : 0, 8);
    socket.send(reply, from.port, from.address);
  });
  await new Promise((resolve) => socket.bind(0, "127.0.0.1", resolve));
  t.after(() => socket.close());
  const link = new Link("127.0.0.1", socket.address().port);
  t.after(() => link.close());
  return { link, got };
}

test("what is lost on the way is sent again", async (t) => {
  let n = 0;
  const { link, got } = await fakeBoard(t, { loses: (m) => m[4] === 3 && n++ % 3 === 0 });
  const p = Buffer.from(makePackage({ ...PARTS, module: Buffer.alloc(1300, 3) }, readKey(key(t))));
  assert.equal((await link.hello()).board, "small");
  await link.send(p, () => {});
  assert.ok(got.committed && got.header.equals(p.subarray(0, 512)) && got.payload.equals(p.subarray(512)));
});

/** A module of a memory with an empty completion ring, and of a step that traps at once. */
function traps(ring) {
  const code =
    "0061736d0100000001070160027e7f017e03020100050401010101071102066d656d6f72790200047374657000000a05010300000b";
  const leb = [0, 7, 14, 21].map((shift) => ((ring >> shift) & 127) | 128).concat(0);
  const header = Buffer.alloc(16);
  header.writeUInt32LE(16, 8);
  header.writeUInt32LE(1024, 12);
  const data = Buffer.from([1, 0, 0x41, ...leb, 0x0b, header.length, ...header]);
  return Buffer.concat([Buffer.from(code, "hex"), Buffer.of(11, data.length), data]);
}

const skip = noQemu || noRust("thumbv7em-none-eabihf");
const LINE = (coder) =>
  `boardaudiosrc ! audio/x-raw,format=S16LE,rate=8000,channels=1 ! ${coder} ! udpsink host=10.0.2.2 port=5004`;

describe("an emulated board that interprets its core", { skip, timeout: 900_000 }, () => {
  const board = loadBoard("mps2-an386");
  let dir = "";
  let elf = "";
  let image = null;
  let sign = null;

  before(async () => {
    dir = fs.mkdtempSync(path.join(process.env.TMPDIR ?? "/tmp", "g2g-update-"));
    const file = path.join(dir, "fleet.key");
    makeKey(file);
    const options = { engine: "wasm3", checked: true, name: "update-test", verbose: false, emulator: true };
    const built = await buildImage(board, LINE("mulawenc ! rtppcmupay"), { ...options, updatable: `${file}.pub` });
    elf = path.join(built.folder, "firmware.elf");
    const made = path.join(built.folder, "made");
    image = await freezeLine(board, LINE("alawenc ! rtppcmapay"), made, { engine: "wasm3" });
    sign = (changes = {}, signer = file) => {
      const { memory, ring, elements, bootLog: log, line } = image;
      const module = tool.strip(image.wasm);
      const { arena } = tool.interpreterSizes(module, { memory });
      const parts = { board: board.name, version: 2, older: false, memory, arena, ring, elements, log, line, module };
      return makePackage({ ...parts, ...changes }, readKey(signer));
    };
  });

  /** Starts the board; what its console says can be waited for. */
  async function start(t) {
    const port = 20000 + (process.pid % 20000);
    const args = qemuArgs(board, elf, [{ protocol: "udp", here: port, board: 47200 }]);
    const qemu = spawn("qemu-system-arm", args, { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    let seen = 0;
    let look = () => {};
    qemu.stdout.on("data", (data) => {
      text += data;
      look();
    });
    t.after(() => qemu.kill("SIGKILL"));
    const link = new Link("127.0.0.1", port);
    t.after(() => link.close());
    /** Waits for words behind those that were waited for before. */
    const says = (words) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no "${words}" in:\n${text.slice(seen)}`)), 90_000);
        look = () => {
          const at = text.indexOf(words, seen);
          if (at < 0) return;
          seen = at + words.length;
          clearTimeout(timer);
          resolve();
        };
        look();
      });
    await says("module ");
    return { link, says, text: () => text };
  }

  const nothing = () => {};

  test("tries a package, confirms it, and refuses what is not wanted", async (t) => {
    const { link, says } = await start(t);
    const other = path.join(dir, "other.key");
    makeKey(other);
    assert.equal((await link.hello()).version, 0);
    await assert.rejects(link.send(sign({}, other), nothing), /not signed with the key of the board/);
    const tampered = Buffer.from(sign());
    tampered[9] ^= 1;
    await assert.rejects(link.send(tampered, nothing), /not signed with the key of the board/);
    await assert.rejects(link.send(sign({ board: "pico" }), nothing), /for another board/);
    await assert.rejects(link.send(sign({ module: Buffer.alloc(200_000) }), nothing), /larger than a slot/);
    const rotten = Buffer.from(sign());
    rotten[700] ^= 1;
    await assert.rejects(link.send(rotten, nothing), /not what was signed/);
    await link.send(sign(), nothing);
    await says("update: on trial");
    await says("alawenc");
    await says("update: confirmed");
    const state = await link.hello();
    assert.deepEqual([state.version, state.good, state.trial], [2, 1, 0]);
    await assert.rejects(link.send(sign(), nothing), /not newer/);
  });

  test("goes back when a package traps, or its boot log is not answered", async (t) => {
    const { link, says } = await start(t);
    await link.send(sign({ module: traps(image.ring), version: 3 }), nothing);
    await says("update: on trial");
    await says("trap unreachable");
    await says("update: failed on trial, back to the last good one");
    await says("mulawenc");
    const log = Buffer.from(image.bootLog);
    log.writeInt32LE(-5, 28);
    await link.send(sign({ log, version: 4 }), nothing);
    await says("boot 0 answers");
    await says("update: failed on trial, back to the last good one");
    await says("mulawenc");
    const state = await link.hello();
    assert.deepEqual([state.version, state.good, state.trial], [0, 0, 0]);
    await link.send(sign({ version: 5 }), nothing);
    await says("update: confirmed");
  });
});
