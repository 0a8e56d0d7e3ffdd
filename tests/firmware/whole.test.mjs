// The core of servers on a board: its very bytes, interpreted, launch the line there and give what Node gives.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { Run, atTheDesk, checksum, clockFor, image, readings, skipped } from "./proof.mjs";
import { root, tool } from "./support.mjs";

const BOARD = "mps2-an500";
const skip = skipped(BOARD);

const LINE = [
  "audiotestsrc num-buffers=20 samplesperbuffer=160 wave=red-noise ! audio/x-raw,rate=8000,channels=1 ! tee name=t",
  "t. ! queue ! mulawenc ! rtppcmupay ssrc=7 seqnum-offset=65530 timestamp-offset=1 ! checksumsink name=pcmu",
  "t. ! queue ! adpcmenc ! adpcmdec ! checksumsink name=adpcm",
  "boardaudiosrc num-buffers=20 ! alawenc ! checksumsink name=captured",
].join("  ");

test("the server's core plays a line on the board as Node does", { skip }, async (t) => {
  const core = fs.readFileSync(path.join(root, "build/core.wasm"));
  const elf = await image(t, BOARD, LINE, { engine: "wasm3", as: "whole", whole: true });
  const { code, said } = await new Run(t, BOARD, elf, { more: clockFor("wasm3") }).ended();
  const hash = createHash("sha256").update(core).digest("hex");
  assert.ok(said.includes(`module ${hash}\r\n`), said);
  const pieces = new tool.Elf(fs.readFileSync(elf)).pieces();
  assert.ok(
    pieces.some((p) => Buffer.from(p.data).includes(core)),
    "the image has the bytes of build/core.wasm",
  );
  const told = readings(said);
  for (const [sink, frames] of Object.entries(await atTheDesk(t, LINE))) {
    assert.ok(frames.length > 0);
    assert.deepEqual(told[sink], checksum(frames), `${sink}\n${said}`);
  }
  assert.equal(code, 0);
});

test("only an interpreter takes the whole core, and only a line that works", { skip }, async (t) => {
  await assert.rejects(image(t, BOARD, LINE, { as: "whole", whole: true }), { message: /wasm3/, exitCode: 2 });
  const wrong = image(t, BOARD, "audiotestsrc ! rtppcmupay ! checksumsink", {
    engine: "wasm3",
    as: "whole",
    whole: true,
  });
  await assert.rejects(wrong, { message: /cannot be linked/, exitCode: 2 });
});
