// All emulated boards boot and give what the same line gives on Node, on both engines.
import assert from "node:assert/strict";
import test from "node:test";
import { atTheDesk, checksum, image, readings, skipped, toEnd } from "./proof.mjs";
import { tool } from "./support.mjs";

const BOARDS = ["mps2-an386", "mps2-an500", "mps3-an547", "lm3s6965evb", "pico"];
const ENGINES = ["aot", "wasm3"];

const SAMPLES = "audio/x-raw,format=S16LE,rate=8000,channels=1";
const PCMU = "mulawenc ! rtppcmupay ssrc=7 seqnum-offset=65530 timestamp-offset=4294967000";

/** Chains by what they are to show; all of a line are one pipeline. The sequence numbers and times of RTP wrap on the way. */
const CHAINS = {
  tone: `audiotestsrc num-buffers=20 samplesperbuffer=160 wave=white-noise ! ${SAMPLES}`,
  captured: `boardaudiosrc num-buffers=30 ! ${SAMPLES}`,
};

/** A tee, queues, all that codes sound, and a source that an interrupt feeds. */
const LARGE = [
  `${CHAINS.tone} ! tee name=t`,
  `t. ! queue ! ${PCMU} ! checksumsink name=pcmu`,
  "t. ! queue ! alawenc ! rtppcmapay ssrc=9 seqnum-offset=1 timestamp-offset=2 ! rtppcmadepay ! alawdec ! checksumsink name=pcma",
  "t. ! queue ! identity ! adpcmenc ! adpcmdec ! checksumsink name=adpcm",
  `${CHAINS.captured} ! mulawenc ! mulawdec ! checksumsink name=captured`,
].join("  ");

/** What fits into 64 KB of RAM, and interpreted into 264 KB, where what the interpreter compiles lies as well. */
const SMALL = [
  `${CHAINS.tone} ! ${PCMU} ! checksumsink name=pcmu`,
  `${CHAINS.captured} ! mulawenc ! mulawdec ! checksumsink name=captured`,
].join("  ");

/** Boards that have no room for the interpreter, which keeps what it compiles in RAM. */
const WITHOUT_WASM3 = ["lm3s6965evb"];

/** Bytes of RAM that the large line takes at most, compiled and interpreted. */
const ROOM = { aot: 128 * 1024, wasm3: 384 * 1024 };

/** Boards whose timer stands still in QEMU when time passes with instructions: theirs is the machine's, which may be late. */
const IN_REAL_TIME = ["mps3-an547"];

for (const name of BOARDS) {
  const skip = skipped(name);
  for (const engine of ENGINES) {
    const line = skip || tool.loadBoard(name).ram.length >= ROOM[engine] ? LARGE : SMALL;
    const small = engine === "wasm3" && WITHOUT_WASM3.includes(name) && "its RAM has no room for the interpreter";
    test(`${name} gives what Node gives (${engine})`, { skip: skip || small }, async (t) => {
      const expected = await atTheDesk(t, line);
      const elf = await image(t, name, line, { engine });
      const own = !IN_REAL_TIME.includes(name);
      const { code, said } = await toEnd(t, name, elf, own ? engine : undefined);
      const told = readings(said);
      const lost = Number(told.boardaudiosrc0.overruns);
      if (lost && !own)
        t.diagnostic(`${lost} blocks were captured too fast for this machine, so their sum was not compared`);
      for (const [sink, frames] of Object.entries(expected)) {
        if (sink === "captured" && lost && !own) continue;
        assert.ok(frames.length > 1, `${sink} gets something`);
        assert.deepEqual(told[sink], checksum(frames), `${sink}\n${said}`);
      }
      assert.match(said, /^eos\r$/m);
      assert.deepEqual([own ? lost : 0, code], [0, 0], said);
    });
  }
}

/** A mistake in one sample, one frame less, or one byte more is seen. */
test("the checksum tells streams apart", () => {
  const frames = [Buffer.from([1, 2]), Buffer.from([3])];
  assert.deepEqual(checksum(frames), { frames: "2", bytes: "3", crc32: "55bc801d" });
  const others = [
    [Buffer.from([1, 2, 3])],
    [Buffer.from([1, 2]), Buffer.from([4])],
    [frames[0], frames[1], Buffer.alloc(0)],
  ];
  for (const other of others) assert.notDeepEqual(checksum(other), checksum(frames));
});
