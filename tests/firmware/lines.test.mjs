// Which source file instructions come from, against addr2line, and whose crate that file is.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import fc from "fast-check";
import { boardText, compile, noGcc, tool } from "./support.mjs";

const { Elf, parseBoard, memoryX, sourceStretches, crateOfFile } = tool;
const board = parseBoard(boardText(), "small");

const SOURCES = {
  main: `
extern unsigned _stack_start;
void reset(void);
__attribute__((section(".vector_table"), used)) void* const vectors[2] = { &_stack_start, (void*)reset };
volatile int sink;
int helper(int);
static inline __attribute__((always_inline)) int
# 1 "inlined/part.h"
twice(int a) { sink = a; return a * 2 + sink; }
# 20 "main.c"
__attribute__((noinline)) int mixed(int a) { int b = helper(a); b += twice(b);
  for (int i = 0; i < b; i++) sink += i; return b; }
void reset(void) { for (;;) mixed(sink); }
`,
  other: `int helper(int a) { return a < 2 ? a : helper(a - 1) + helper(a - 2); }\n`,
};

const starts = (elf) => {
  const set = new Set(
    elf
      .symbols()
      .filter((s) => s.kind === "function")
      .map((s) => s.address & ~1),
  );
  return (address) => set.has(address);
};

for (const version of [2, 3, 4, 5]) {
  for (const level of ["-Os", "-O2", "-O0"]) {
    test(`every instruction has the file that addr2line says: DWARF ${version}, ${level}`, { skip: noGcc }, (t) => {
      const flags = [level, "-g", `-gdwarf-${version}`];
      const file = compile(t, board, memoryX(board), SOURCES, flags);
      const elf = new Elf(fs.readFileSync(file));
      const stretches = sourceStretches(elf, starts(elf));
      const at = (address) => stretches.find((s) => address >= s.from && address < s.to)?.file ?? "??";
      const addresses = elf
        .symbols()
        .filter((s) => s.kind === "function")
        .flatMap((s) => Array.from({ length: s.size / 2 }, (_, i) => (s.address & ~1) + 2 * i));
      assert.ok(addresses.length > 30);
      const hexes = addresses.map((a) => a.toString(16));
      const want = execFileSync("arm-none-eabi-addr2line", ["-e", file, ...hexes], { encoding: "utf8" });
      const ours = addresses.map((a) => path.basename(at(a)));
      const theirs = want
        .trim()
        .split("\n")
        .map((row) => path.basename(row.replace(/:(\d+|\?).*$/, "")));
      assert.deepEqual(ours, theirs);
      assert.deepEqual([...new Set(ours)].sort(), ["main.c", "other.c", "part.h"]);
    });
  }
}

test("damaged debug information is left out", { skip: noGcc }, (t) => {
  const data = fs.readFileSync(compile(t, board, memoryX(board), SOURCES, ["-Os", "-g"]));
  const section = new Elf(data).sections.find((s) => s.name === ".debug_line");
  fc.assert(
    fc.property(fc.nat(section.size - 1), fc.nat(255), (at, value) => {
      const damaged = Buffer.from(data);
      damaged[section.offset + at] = value;
      const elf = new Elf(damaged);
      for (const s of sourceStretches(elf, () => true)) assert.ok(s.from < s.to);
    }),
    { numRuns: 2000 },
  );
});

test("the crate of a file", () => {
  for (const [file, crate] of [
    ["/home/user/.cargo/registry/src/index-1949/embassy-net-0.9.1/src/udp.rs", "embassy_net"],
    ["/c/registry/src/x-0/cortex-m-rt-0.7.5/src/lib.rs", "cortex_m_rt"],
    ["smoltcp-0.13.1/src/wire/ip.rs", "smoltcp"],
    ["/rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/core/src/option.rs", null],
    ["/usr/lib/rustlib/src/rust/library/core/src/option.rs", null],
    ["/rust/deps/compiler_builtins-0.1/src/mem.rs", "compiler_builtins"],
    ["runtime/src/host.rs", "g2g_runtime"],
    ["/work/firmware/elements/src/udpsink.rs", "g2g_elements"],
    ["/work/firmware/../interface/src/frame.rs", "g2g_interface"],
    ["/work/boards/pico/src/main.rs", "pico_board"],
    ["main.c", null],
  ]) {
    assert.equal(crateOfFile(file, "pico_board"), crate, file);
  }
});
