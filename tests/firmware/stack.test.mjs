// The stack that is computed from instructions, against what the compiler says that each function uses.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { boardText, compile, noGcc, tool } from "./support.mjs";

const { Elf, parseBoard, memoryX, stackOf, frames } = tool;

const START = `
extern unsigned _stack_start;
void reset(void);
__attribute__((section(".vector_table"), used)) void* const vectors[2] = { &_stack_start, (void*)reset };
#define F __attribute__((noinline, used))
void use(void*);
`;

/** Leaves, loops, switches, large frames, early returns, floats, tail calls. */
const SHAPES = `${START}
volatile int sink;
F void use(void* p) { sink = *(char*)p; }
F int leaf(int a) { return a * 3; }
F int small(int a) { char b[20]; b[0] = a; use(b); return b[1]; }
F int large(int a) { char b[700]; b[a] = a; use(b); return b[1]; }
F int huge(int a) { char b[9000]; b[a] = a; use(b); return b[1]; }
F int early(int a) { if (a < 3) return a; char b[64]; b[0] = a; use(b); return small(b[1]) + large(b[2]); }
F int loop(int a) { int s = 0; for (int i = 0; i < a; i++) { char b[32]; b[0] = i; use(b); s += b[3] + leaf(i); } return s; }
F int tail(int a) { return small(a + 1); }
F int many(int a, int b, int c, int d, int e, int f) { return leaf(a) + leaf(b) + leaf(c) * leaf(d) + leaf(e) * leaf(f); }
F int choose(int a) {
  switch (a) { case 0: return small(1); case 1: return large(2); case 2: return leaf(3); case 3: return loop(9);
    case 4: return tail(7); case 5: return early(8); case 6: return many(1, 2, 3, 4, 5, a); default: return 0; }
}
F float real(float a, float b) { char c[16]; c[0] = a; use(c); return a * b + c[1]; }
void reset(void) { for (;;) { sink = choose(sink) + huge(2) + (int)real(sink, 2); } }
`;

const CORES = {
  "cortex-m0plus": ["-mcpu=cortex-m0plus", "-mthumb"],
  "cortex-m3": ["-mcpu=cortex-m3", "-mthumb"],
  "cortex-m4": ["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"],
  "cortex-m7": ["-mcpu=cortex-m7", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv5-d16"],
};

for (const [cpu, gcc] of Object.entries(CORES)) {
  for (const level of ["-Os", "-O2", "-O0"]) {
    test(`each function uses what gcc says: ${cpu} ${level}`, { skip: noGcc }, (t) => {
      const board = parseBoard(boardText({ cpu, gcc }), "small");
      const libgcc = execFileSync("arm-none-eabi-gcc", [...gcc, "-print-libgcc-file-name"], {
        encoding: "utf8",
      }).trim();
      const flags = [level, "-fstack-usage", "-Wl,--no-gc-sections"];
      const file = compile(t, board, memoryX(board), { main: SHAPES }, flags, [libgcc]);
      const usage = fs.readFileSync(path.join(path.dirname(file), "out.elf-main.su"), "utf8");
      const own = new Map(frames(new Elf(fs.readFileSync(file))).map((f) => [f.name, f.own]));
      let seen = 0;
      for (const row of usage.trim().split("\n")) {
        const [place, bytes] = row.split("\t");
        assert.equal(own.get(place.split(":").pop()), Number(bytes), row);
        seen++;
      }
      assert.equal(seen, 12);
    });
  }
}

const board = parseBoard(boardText(), "small");
const compute = (t, code) =>
  stackOf(new Elf(fs.readFileSync(compile(t, board, memoryX(board), { main: START + code }))));

test("the deepest way is taken, also through pointers and tail calls", { skip: noGcc }, (t) => {
  const flat = compute(t, `F void use(void* p) { *(volatile char*)p; } void reset(void) { for (;;) use(0); }`);
  const way = `
    F void use(void* p) { *(volatile char*)p; }
    F void deep(void) { char b[1000]; use(b); }
    F void shallow(void) { char b[100]; use(b); }`;
  const direct = compute(t, `${way} void reset(void) { for (;;) { shallow(); deep(); } }`);
  const pointer = compute(
    t,
    `${way} void (*const table[2])(void) = { shallow, deep }; volatile int which;
    void reset(void) { for (;;) table[which & 1](); }`,
  );
  const tail = compute(t, `${way} F void other(void) { deep(); } void reset(void) { for (;;) other(); }`);
  assert.ok(flat.computed < 32);
  assert.ok(tail.computed >= 1000 && tail.computed < 1040, String(tail.computed));
  assert.ok(direct.computed >= 1000 && direct.computed < 1040, String(direct.computed));
  assert.ok(pointer.computed >= 1000 && pointer.computed < 1048, String(pointer.computed));
});

test("a function that calls itself is counted once, and named", { skip: noGcc }, (t) => {
  const { computed, notes } = compute(
    t,
    `
    F void use(void* p) { *(volatile char*)p; }
    F int again(int n) { char b[200]; use(b); return n < 1 ? 0 : again(n - 1) + b[0]; }
    void reset(void) { for (;;) again(3); }`,
  );
  assert.ok(computed >= 200 && computed < 300, String(computed));
  assert.ok(notes.some((n) => /call themselves.*again/.test(n)));
});

test("a stack that only the run knows is named", { skip: noGcc }, (t) => {
  const { notes } = compute(
    t,
    `
    F void use(void* p) { *(volatile char*)p; }
    F void dynamic(int n) { char b[n]; b[0] = 1; use(b); }
    volatile int n; void reset(void) { for (;;) dynamic(n); }`,
  );
  assert.ok(
    notes.some((x) => /only the run knows: dynamic/.test(x)),
    notes.join("\n"),
  );
});
