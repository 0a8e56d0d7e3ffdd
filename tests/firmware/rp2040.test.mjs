// The emulated RP2040: what this tool adds to rp2040js, how resets start it anew, and what they come to in an image for the
// board pico.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { symbol } from "./emulated.mjs";
import { image, skipped } from "./proof.mjs";
import { SEMIHOSTED, boardText, compile, noGcc, tool } from "./support.mjs";
import { readUf2 } from "./uf2.mjs";

const { Elf, memoryX, parseBoard, runRp2040 } = tool;

const CHIP = {
  cpu: "cortex-m0plus",
  gcc: ["-mcpu=cortex-m0plus", "-mthumb"],
  flash: { origin: "0x10000100", length: "2047K" },
};

/** Runs pieces of an image. @returns exit code and console */
async function run(pieces, { signal = AbortSignal.timeout(60_000), ...options } = {}) {
  let said = "";
  const code = await runRp2040(pieces, { console: (b) => (said += Buffer.from(b)), signal, ...options });
  return { said, code };
}

/** Compiles a program and runs it. */
async function program(t, source, options) {
  const board = parseBoard(boardText(CHIP), "small");
  return run(new Elf(fs.readFileSync(compile(t, board, memoryX(board), { main: source }))).pieces(), options);
}

/** A program with registers by their address, semihosting, and handlers by their number. */
const source = (body, handlers = {}, declarations = "") => `
#define R(a) (*(volatile unsigned*)(a))
extern unsigned _stack_start;
static int call(int op, const void* p) {
  register int r0 __asm("r0") = op;
  register const void* r1 __asm("r1") = p;
  __asm volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}
static void say(const char* text) { call(4, text); }
static unsigned block[2];
static void leave(unsigned code) { block[0] = 0x20026; block[1] = code; call(0x20, block); for (;;) {} }
static void number(unsigned n) { block[0] = 48 + n; call(4, block); }
${declarations}
void reset(void) { ${body} }
__attribute__((section(".vector_table"), used)) void* const vectors[48] = {
  &_stack_start, (void*)reset, ${Object.entries(handlers).map(([n, name]) => `[${n}] = (void*)${name},`)}
};
`;

test("an image runs to its end, and its exit code is that of the run", { skip: noGcc }, async (t) => {
  assert.deepEqual(await program(t, SEMIHOSTED(0)), { said: "hello\n", code: 0 });
  assert.deepEqual(await program(t, SEMIHOSTED(3)), { said: "hello\n", code: 3 });
});

test("an image that is not the RP2040's is refused", async () => {
  await assert.rejects(run([]), /no vector table/);
});

test("a board that spins leaves time for others, and can be ended", { skip: noGcc }, async (t) => {
  const spins = source('for (const char* p = "ready\\n"; *p; p++) R(0x40034000) = *p; for (;;) {}');
  let turns = 0;
  const others = setInterval(() => turns++, 1);
  t.after(() => clearInterval(others));
  assert.deepEqual(await program(t, spins, { signal: AbortSignal.timeout(500) }), { said: "ready\n", code: -1 });
  assert.ok(turns > 5, `${turns} turns`);
});

/** UART 0 on interrupt 20: exit code is the byte that came. */
const TYPED = source(
  'R(0x40034030) = 0x301; R(0x40034038) = 0x10; R(0xe000e100) = 1 << 20; say("asleep\\n"); for (;;) __asm volatile("wfi");',
  { 36: "uart" },
  "void uart(void) { leave(R(0x40034000)); }",
);

test("a board that sleeps without a timer is woken by what is typed", { skip: noGcc }, async (t) => {
  const input = (give) => setTimeout(give, 100, 42);
  assert.deepEqual(await program(t, TYPED, { input }), { said: "asleep\n", code: 42 });
  assert.deepEqual(await program(t, TYPED, { signal: AbortSignal.timeout(100) }), { said: "asleep\n", code: -1 });
});

test("time passes at once while the processor sleeps", { skip: noGcc }, async (t) => {
  // Alarm 0 in 1000 s, interrupt 0.
  const late = source(
    `unsigned begin = R(0x40054028); R(0x40054038) = 1; R(0xe000e100) = 1; R(0x40054010) = begin + 1000000000u;
     while (!rung) __asm volatile("wfi");
     leave(R(0x40054028) - begin - 999999999u < 100 ? 7 : 1);`,
    { 16: "alarm" },
    "static volatile int rung; void alarm(void) { rung = 1; R(0x40054034) = 1; }",
  );
  assert.equal((await program(t, late)).code, 7);
});

test("a cycle takes the time that is asked for", { skip: noGcc }, async (t) => {
  const counts = source(
    "unsigned b = R(0x40054028); for (volatile int i = 0; i < 10000; i++) {} leave((R(0x40054028) - b) >> 3);",
  );
  const { code: slow } = await program(t, counts);
  const { code: fast } = await program(t, counts, { cycle: 2 });
  assert.ok(slow > 40 && Math.abs(slow - 4 * fast) <= 4, `${slow} ${fast}`);
});

test("an event that was sent before is not waited for", { skip: noGcc }, async (t) => {
  const sends = (instruction) => source(`__asm volatile("${instruction}\\n wfe"); leave(9);`);
  assert.equal((await program(t, sends("sev"))).code, 9);
  assert.equal((await program(t, sends("nop"), { signal: AbortSignal.timeout(200) })).code, -1);
});

test("sums with carry overflow where they do", { skip: noGcc }, async (t) => {
  const sums = source(
    `static const long long n[] = { 0, 1, -1, 5, 1ll << 31, 1ll << 32, 1ll << 62, 0x7fffffffffffffffll, 1ull << 63 };
     const int count = sizeof n / sizeof *n;
     static char text[200];
     char* p = text;
     for (int i = 0; i < count; i++) {
       for (int k = 0; k < count; k++) {
         *p++ = FLAG("cmp %1, %3", "sbcs %2, %4", "lt", n[i], n[k]) ? '<' : '.';
         *p++ = FLAG("adds %1, %3", "adcs %2, %4", "vs", n[i], n[k]) ? 'o' : '.';
       }
     }
     say(text);
     leave(0);`,
    {},
    `#define FLAG(low, high, condition, a, b) ({ \
       unsigned is, al = a, ah = (a) >> 32; \
       __asm volatile(".syntax unified\\n movs %0, #1\\n" low "\\n" high "\\n b" condition " 1f\\n movs %0, #0\\n1:" \
         : "=&l"(is), "+l"(al), "+l"(ah) : "l"((unsigned)(b)), "l"((unsigned)((b) >> 32)) : "cc"); \
       is; })`,
  );
  const n = [0n, 1n, -1n, 5n, 1n << 31n, 1n << 32n, 1n << 62n, (1n << 63n) - 1n, -(1n << 63n)];
  const row = (a) => n.map((b) => (a < b ? "<" : ".") + (BigInt.asIntN(64, a + b) === a + b ? "." : "o"));
  assert.deepEqual(await program(t, sums), { said: n.flatMap(row).join(""), code: 0 });
});

test("the ring oscillator's noise is neither all ones nor all zeros", { skip: noGcc }, async (t) => {
  const noise = source("unsigned n = 0; for (int i = 0; i < 200; i++) n += R(0x4006001c) & 1; leave(n);");
  const { code } = await program(t, noise);
  assert.ok(code > 40 && code < 160, `${code} of 200`);
});

/** Counts its starts at 0x20008000, which nothing initializes, and says what it finds; its first three end in resets. */
const RESETS = source(
  `unsigned n = R(0x20008000)++;
   say("start "), number(n);
   say(" reason "), number(R(0x40058008));
   say(" scratch "), number(R(0x4005800c));
   say(" mask "), number(R(0x40034038));
   say(" early "), number(R(0x40054028) < 5000);
   say("\\n");
   R(0x4005800c) = n + 1;
   R(0x40034038) = 4;
   R(0x40010008) = SELECTED;
   if (n == 0) { R(0x40058004) = 20000; R(0x40058000) = 1 << 30; }
   if (n == 1) R(0x40058000) = 1u << 31;
   while (R(0x40054028) < 6000) {}
   if (n == 2) R(0xe000ed0c) = 0x05fa0004;
   if (n == 3) leave(0);
   for (;;) {}`,
);

test("the watchdog and the trigger reset the chip, SYSRESETREQ the processor", { skip: noGcc }, async (t) => {
  const { said, code } = await program(t, RESETS.replace("SELECTED", "0x1fffc"));
  assert.deepEqual(said.split("\n"), [
    "start 0 reason 0 scratch 0 mask 0 early 1",
    "start 1 reason 1 scratch 1 mask 0 early 1",
    "start 2 reason 2 scratch 2 mask 0 early 1",
    "start 3 reason 2 scratch 3 mask 4 early 0",
    "",
  ]);
  assert.equal(code, 0);
});

test("a watchdog for which nothing was selected resets nothing", { skip: noGcc }, async (t) => {
  const { said, code } = await program(t, RESETS.replace("SELECTED", "0"), { signal: AbortSignal.timeout(500) });
  assert.deepEqual([said, code], ["start 0 reason 0 scratch 0 mask 0 early 1\n", -1]);
});

test("an instruction that is none is a fault, and in the handler the end", { skip: noGcc }, async (t) => {
  const faults = (told) =>
    source(
      '__asm volatile("udf #7"); leave(1);',
      { 3: "fault" },
      `
      static void leave(unsigned);
      __attribute__((used)) void told(unsigned* frame) { ${told} }
      __attribute__((naked)) void fault(void) { __asm volatile("mov r0, sp\\n ldr r1, =told\\n bx r1"); }`,
    );
  assert.equal((await program(t, faults("leave(*(unsigned short*)frame[6] & 0xff);"))).code, 7);
  const { said, code } = await program(t, faults('__asm volatile("udf #1");'));
  assert.match(said, /^the processor is locked up at 0x1000[\da-f]{4}\n$/);
  assert.equal(code, 1);
});

const BOARD = "pico";
const skip = skipped(BOARD);

/** `b .`, and `udf #0`. */
const FOREVER = [0xfe, 0xe7];
const UNDEFINED = [0x00, 0xde];
/** `movs r0, #TRAP` and `bx lr`: a step that ends with a trap. */
const TRAPS = [0x01, 0x20, 0x70, 0x47];

/** An image whose steps do something else. */
let built;
async function instead(t, code) {
  built ??= await image(t, BOARD, "audiotestsrc num-buffers=2 ! checksumsink", { as: "resets" });
  const { address } = symbol(built, "g2g_aot_step");
  return new Elf(fs.readFileSync(built)).pieces().map((piece) => {
    const at = address - piece.address;
    if (at < 0 || at >= piece.data.length) return piece;
    const data = Uint8Array.from(piece.data);
    data.set(code, at);
    return { ...piece, data };
  });
}

/** Time that passes faster than instructions do, so that the watchdog need not be waited for. */
const HASTE = { cycle: 80 };

for (const [what, code, before, noted] of [
  ["hangs", FOREVER, null, /^no word$/],
  ["faults", UNDEFINED, /^processor fault at 0x[\da-f]{8} /m, /^processor fault at 0x[\da-f]{8}$/],
  ["traps", TRAPS, /^fault pipeline: trap .*: restart pipeline\r$/m, /^fault trap /],
]) {
  test(`a core that ${what} resets the board, three times at most`, { skip }, async (t) => {
    const { said, code: exit } = await run(await instead(t, code), HASTE);
    if (before) assert.match(said, before);
    const resets = [...said.matchAll(/^reset (\d) of 3 after (.*)\r$/gm)];
    const last = what === "traps" ? 3 : 4;
    assert.deepEqual(
      resets.map(([, n]) => Number(n)),
      Array.from({ length: last }, (_, i) => i + 1),
      said,
    );
    for (const [, , after] of resets) assert.match(after, noted, said);
    assert.match(said, /^halted\r$/m);
    assert.equal(exit, 1);
  });
}

test("the UF2 for the board is one that its boot ROM takes", { skip }, async (t) => {
  const pieces = await instead(t, []);
  const { flash, flashWith } = tool.loadBoard(BOARD);
  const { family } = flashWith.find((m) => m.method === "uf2");
  const bytes = readUf2(fs.readFileSync(path.join(path.dirname(built), "firmware.uf2")), family);
  for (const at of bytes.keys()) assert.ok(at >= 0x10000000 && at < flash.origin + flash.length);
  for (const { address, data } of pieces) data.forEach((b, i) => assert.equal(bytes.get(address + i), b));
  // The second stage of the boot loader and its checksum (RP2040 data sheet 2.8.1.3.1).
  const stage = Uint8Array.from({ length: 256 }, (_, i) => bytes.get(0x10000000 + i));
  let crc = -1;
  for (const byte of stage.subarray(0, 252)) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (0x04c11db7 & (crc >> 31));
  }
  assert.equal(new DataView(stage.buffer).getUint32(252, true), crc >>> 0);
});
