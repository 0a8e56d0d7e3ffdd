// What goes wrong on an emulated board, and what becomes of it. The images are those that boards get: the faults come from
// outside, through the emulator's debugger, monitor and lines.
import assert from "node:assert/strict";
import test from "node:test";
import { within } from "../support/g2g.mjs";
import { debuggerOf, lineOf, monitorOf, port, symbol } from "./emulated.mjs";
import { Run, image, readings, skipped } from "./proof.mjs";
import { tool } from "./support.mjs";

const BOARD = "mps2-an386";
const skip = skipped(BOARD);

/** `b .`: an instruction that goes nowhere. */
const FOREVER = Uint8Array.of(0xfe, 0xe7);

/** Endless sound to the desk; built once. */
let sound;
async function sounding(t) {
  const desk = await port(t);
  const line = `audiotestsrc is-live=true samplesperbuffer=160 ! mulawenc ! rtppcmupay seqnum-offset=9 ! udpsink host=10.0.2.2 port=${desk.number}`;
  sound = await image(t, BOARD, line, { as: "faults" });
  return { desk, elf: sound };
}

/** Waits for packets of a pipeline that has begun anew: its sequence begins where it began at first. */
async function begins(desk, run) {
  const from = desk.came.length;
  const anew = async () => {
    for (let n = from + 1; ; n++) {
      const packets = await desk.count(n);
      if (packets.slice(from).some((p) => p.readUInt16BE(2) === 9)) return desk.count(n + 5);
    }
  };
  await within(anew(), `packets of a new beginning\n${run.said}`, 60_000);
}

test("a trap begins the pipeline anew, a core that hangs resets the board", { skip }, async (t) => {
  const { desk, elf } = await sounding(t);
  const gdb = debuggerOf(t);
  const run = new Run(t, BOARD, elf, { more: gdb.args });
  await within(desk.count(5), `packets\n${run.said}`, 60_000);

  // What the core reads from its memory from now on leads out of it.
  const memory = symbol(elf, "G2G_MEMORY");
  const wild = Buffer.alloc(memory.size - 1024, 0xf7);
  await gdb.write([[memory.address + 1024, wild]]);
  await run.says(/^fault pipeline: (trap \w+|breach: .*) at [\d.]+ s: restart pipeline\r$/m);
  await begins(desk, run);

  // The watchdog's warning tells where it hung.
  const before = run.said.length;
  await gdb.write([[symbol(elf, "g2g_aot_step").address, FOREVER]]);
  await run.says(/^watchdog at 0x[0-9a-f]{8} /m, before);
  await run.says(/^reset 1 of 3 after watchdog at 0x[0-9a-f]{8}\r$/m, before);
  await begins(desk, run);

  // Nobody answers the warning: the watchdog itself resets the board.
  const again = run.said.length;
  await gdb.write([
    [symbol(elf, "NonMaskableInt").address, FOREVER],
    [symbol(elf, "g2g_aot_step").address, FOREVER],
  ]);
  const [reset] = await run.says(/^reset 2 of 3 after .*\r$/m, again);
  assert.match(reset, /after no word/);
  await begins(desk, run);
});

test("a serial line that stands still is begun anew, and what waits comes when it moves", { skip }, async (t) => {
  const serial = lineOf(t);
  const line = "audiotestsrc num-buffers=60 ! audio/x-raw,format=S16LE,rate=8000,channels=1 ! uartsink";
  const elf = await image(t, BOARD, line, { as: "stall" });
  const run = new Run(t, BOARD, elf, { more: serial.args });
  await run.says(/^fault uartsink0: frame stalled at [\d.]+ s: restart element\r$/m);
  serial.open();
  const { code, said } = await run.ended();
  assert.match(said, /^eos\r$/m);
  assert.equal(code, 0);
  assert.ok(serial.bytes().length > 60_000);
});

test("a network without a cable has the pipeline wait, counted, and nothing is lost", { skip }, async (t) => {
  const desk = await port(t);
  const frames = 60;
  const source = `audiotestsrc num-buffers=${frames} samplesperbuffer=160 ! mulawenc ! rtppcmupay`;
  const elf = await image(t, BOARD, `${source} ! udpsink host=10.0.2.2 port=${desk.number} sync=false`, {
    as: "cable",
  });
  const monitor = monitorOf(t);
  const run = new Run(t, BOARD, elf, { more: [...monitor.args, "-nic", "user,model=lan9118,id=cable", "-S"] });
  await monitor.command("set_link cable off");
  await monitor.command("cont");
  await run.says(/^module /m);
  const { udpsink0: full } = await run.asked();
  assert.ok(Number(full.waits) > 0, run.said);
  assert.equal(desk.came.length, 0);
  await monitor.command("set_link cable on");
  const { code, said } = await run.ended();
  assert.equal(code, 0, said);
  const { udpsink0: end } = readings(said);
  assert.deepEqual([end["datagrams-served"], end.dropped], [String(frames), "0"], said);
  await within(desk.count(frames), "all packets");
});

test(
  "a line too large for its board fails with the table of what takes how much",
  { skip: skipped("lm3s6965evb") },
  async (t) => {
    const line = "videotestsrc num-buffers=2 ! video/x-raw,format=I420,width=320,height=240 ! checksumsink";
    await assert.rejects(image(t, "lm3s6965evb", line, { as: "large" }), (error) => {
      assert.equal(error.exitCode, 1, error.message);
      assert.match(error.message, /^the image does not fit lm3s6965evb\n/);
      assert.match(error.message, /^linear memory +[\d ]+$/m);
      assert.match(error.message, /^RAM +[\d ]+ of 65 536, \d+\.\d %$/m);
      assert.match(error.message, /^error: the image does not fit: RAM: [\d ]+ bytes too many$/m);
      assert.match(error.message, /^hint: make the blocks smaller/m);
      return true;
    });
    assert.throws(() => tool.builtImage(tool.loadBoard("lm3s6965evb"), "large-lm3s6965evb-aot"), { exitCode: 2 });
  },
);
