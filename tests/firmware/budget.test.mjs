// Where the bytes of an image go: every one is counted once, in the right row.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { boardText, compile, folder, noGcc, tool } from "./support.mjs";

const { Elf, parseBoard, memoryX, makeBudget, budgetText, crateOf, partOf, archiveParts } = tool;

/** A program with a known number of bytes in each row. */
const PROGRAM = `
extern unsigned _stack_start;
void reset(void);
__attribute__((section(".vector_table"), used)) void* const vectors[2] = { &_stack_start, (void*)reset };
unsigned char G2G_MEMORY[12288];
__attribute__((used)) const unsigned char g2g_core_data[500] = { 1 };
__attribute__((used)) unsigned char helper_state[40] = { 5 };
__attribute__((used)) unsigned char _ZN11g2g_runtime4host5QUEUE17h0123456789abcdefE[96];
__attribute__((noinline, used)) int w2c_step(int x) { return x * x + G2G_MEMORY[x]; }
__attribute__((noinline, used)) int helper(int x) { return w2c_step(x) + helper_state[x]; }
void reset(void) { for (;;) helper(3); }
`;

function budgetOf(t, { changes = {}, flags = [], ...more } = {}) {
  const board = parseBoard(boardText(changes), "small");
  const file = compile(t, board, memoryX(board, more.measure), { main: PROGRAM + (more.code ?? "") }, [
    "-Os",
    ...flags,
  ]);
  const elf = new Elf(fs.readFileSync(file));
  const input = {
    libraries: new Map([
      ["helper", "engine"],
      ["helper_state", "engine"],
    ]),
    crate: "small",
    memory: null,
  };
  return { file, budget: makeBudget({ elf, board, ...input, ...more.input }) };
}

const row = (budget, part) => budget.rows.find((r) => r.part === part) ?? { flash: 0, ram: 0 };
const region = (budget, name) => budget.regions.find((r) => r.name === name);

test("bytes are counted where they lie, initialized ones in flash and in RAM", { skip: noGcc }, (t) => {
  const { file, budget } = budgetOf(t);
  const sizes = execFileSync("arm-none-eabi-nm", ["-S", file], { encoding: "utf8" });
  const size = (name) => parseInt(new RegExp(`^\\w+ (\\w+) \\w ${name}$`, "m").exec(sizes)[1], 16);
  assert.equal(row(budget, "core code").flash, size("w2c_step"));
  assert.deepEqual(row(budget, "core constants"), { part: "core constants", flash: 500, ram: 0 });
  assert.deepEqual(row(budget, "linear memory"), { part: "linear memory", flash: 0, ram: 12288 });
  assert.deepEqual(row(budget, "engine"), { part: "engine", flash: size("helper") + 40, ram: 40 });
  assert.deepEqual(row(budget, "host runtime"), { part: "host runtime", flash: 0, ram: 96 });
  assert.equal(row(budget, "board and drivers").flash, 8);
  assert.equal(row(budget, "libraries").flash, size("reset"));
  const [text, data, bss] = execFileSync("arm-none-eabi-size", [file], { encoding: "utf8" })
    .split("\n")[1]
    .trim()
    .split(/\s+/)
    .map(Number);
  const sum = (kind) => budget.rows.reduce((n, r) => n + r[kind], 0);
  assert.equal(sum("flash"), text + data);
  assert.equal(sum("ram"), data + bss);
  assert.deepEqual([region(budget, "FLASH").used, region(budget, "RAM").used], [text + data, data + bss + 2048]);
  assert.deepEqual(budget.excess, []);
  assert.deepEqual([budget.largest[0].name, budget.largest[0].bytes], ["G2G_MEMORY", 12288]);
});

test("a region of the board's own has its own line", { skip: noGcc }, (t) => {
  const changes = { regions: [{ name: "CCM", origin: "0x10000000", length: "8K", kind: "ram" }] };
  const code = `__attribute__((section(".ccm"), used)) unsigned char fast[1000];`;
  const { budget } = budgetOf(t, { changes, code, flags: ["-Wl,--section-start=.ccm=0x10000000"] });
  assert.equal(region(budget, "CCM").used, 1000);
  assert.match(budgetText(budget, "", "aot"), /^CCM +1 000 of 8 192, 12\.2 %$/m);
});

test("an image that does not fit is measured where it does, and by how much is said", { skip: noGcc }, (t) => {
  const changes = { ram: { origin: "0x20000000", length: "8K" }, flash: { origin: 0, length: 500 } };
  assert.throws(() => budgetOf(t, { changes }), /overflowed/);
  const { budget } = budgetOf(t, { changes, measure: true });
  const over = { flash: region(budget, "FLASH").used - 500, ram: region(budget, "RAM").used - 8192 };
  assert.ok(over.ram === 12288 + 96 + 40 + 2048 - 8192);
  assert.deepEqual(budget.excess, [
    `flash: ${over.flash} bytes too many`,
    `RAM: ${String(over.ram).replace(/(\d)(\d{3})$/, "$1 $2")} bytes too many`,
  ]);
  const text = budgetText(budget, "title", "aot");
  assert.match(text, /^error: the image does not fit: RAM: 6 280 bytes too many$/m);
  assert.match(text, /^hint: .*fewer elements/m);
});

test("the parts of linear memory are told, and what lies in flash as well", { skip: noGcc }, (t) => {
  const memory = { fixed: 4096, pools: 8000, free: 192, segments: 500 };
  const text = budgetText(budgetOf(t, { input: { memory } }).budget, "title", "aot");
  assert.match(text, /^linear memory +12 288$/m);
  assert.match(text, /^ {2}pools +8 000$/m);
  assert.match(text, /^ {2}of it filled from flash +500 +500 {3}counted in both$/m);
});

test("an interpreter has the linear memory in its own", () => {
  const memory = { fixed: 4096, pools: 8000, free: 0, segments: 500 };
  const rows = [{ part: "engine", flash: 60000, ram: 50000 }];
  const rest = { largest: [], stack: { reserved: 1024, computed: 2048, notes: [] }, regions: [], excess: [] };
  const text = budgetText({ rows, memory, ...rest }, "title", "wasm3");
  assert.match(text, /^engine +60 000 +50 000\n {2}of it linear memory +12 096$/m);
  assert.match(text, /^warning: the stack may grow 1 024 bytes larger/m);
});

test("the crate of a symbol", () => {
  for (const [symbol, crate] of [
    ["_ZN11g2g_runtime4host4Host4step17h0123456789abcdefE", "g2g_runtime"],
    ["_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", "core"],
    [
      "_ZN69_$LT$embassy_net..udp..UdpSocket$u20$as$u20$core..ops..drop..Drop$GT$4drop17h0123456789abcdefE",
      "embassy_net",
    ],
    ["_ZN52_$LT$core..option..Option$u20$as$u20$smoltcp..Phy$GT$4poll17h0123456789abcdefE", "smoltcp"],
    ["_ZN50_$LT$$RF$mut$u20$W$u20$as$u20$core..fmt..Write$GT$9write_str17h0123456789abcdefE", "core"],
    ["_RNvMs_NtCs4fqI2P2rA04_11g2g_runtime4hostNtB4_4Host4step", "g2g_runtime"],
    ["_RNvXs_NtCsaaa_11embassy_net3udpNtB4_9UdpSocketNtNtCsbbb_4core3ops4Drop4drop", "embassy_net"],
    ["_RINvNtCs1_4core3ptr13drop_in_placeNtCs2_7smoltcp5PhaseE", "smoltcp"],
    ["memcpy", null],
    ["w2c_step", null],
  ]) {
    assert.equal(crateOf(symbol), crate, symbol);
  }
});

test("the row of a symbol", () => {
  const libraries = new Map([["m3_ParseModule", "engine"]]);
  for (const [symbol, part] of [
    ["m3_ParseModule", "engine"],
    ["memcpy", "libraries"],
    ["w2c_f12", "core code"],
    ["G2G_ARENA", "engine"],
    ["_ZN10mps2_an3865image10G2G_MODULE17h0123456789abcdefE", "core code"],
    ["_RNvNtCs1_10mps2_an3865image10G2G_MODULE", "core code"],
    ["_ZN10mps2_an3864main17h0123456789abcdefE", "board and drivers"],
    ["_ZN12embassy_time5timer17h0123456789abcdefE", "executor and time"],
    ["_ZN7smoltcp4wire17h0123456789abcdefE", "network stack"],
  ]) {
    assert.equal(partOf(symbol, libraries, "mps2_an386"), part, symbol);
  }
});

test("C is told apart by the library that it came from", { skip: noGcc }, (t) => {
  const dir = folder(t);
  const long = "a_name_that_is_longer_than_sixteen_characters";
  const archive = (name, files) => {
    for (const [file, text] of Object.entries(files)) {
      fs.writeFileSync(path.join(dir, `${file}.c`), text);
      execFileSync("arm-none-eabi-gcc", ["-c", "-mthumb", `${file}.c`], { cwd: dir });
    }
    execFileSync("arm-none-eabi-ar", ["rc", name, ...Object.keys(files).map((f) => `${f}.o`)], { cwd: dir });
    return fs.readFileSync(path.join(dir, name));
  };
  const parts = archiveParts([
    { crate: "g2g_engine", name: "libg2g_core.a", data: archive("libg2g_core.a", { core: "int f(void){return 1;}" }) },
    {
      crate: "g2g_engine",
      name: "libg2g_aot.a",
      data: archive("libg2g_aot.a", { [long]: "static int v=1; int g(void){return v++;}" }),
    },
    { crate: "other", name: "libx.a", data: archive("libx.a", { x: "int h(void){return 1;}" }) },
  ]);
  assert.deepEqual(
    [parts.get("f"), parts.get("g"), parts.get("v"), parts.get("h")],
    ["core code", "engine", "engine", "libraries"],
  );
});
