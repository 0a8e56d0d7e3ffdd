// What the tests of firmware share: the tool, a small board, and a program for it that gcc makes.
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import * as tool from "../../build/tool/firmware.mjs";
import { folder, root } from "../support/g2g.mjs";

export { folder, root, tool };

/** Whether a program is there. */
export const has = (program) => spawnSync(program, ["--version"], { stdio: "ignore" }).status === 0;

/** Why a test that needs gcc for ARM is skipped; false when it is not. */
export const noGcc = has("arm-none-eabi-gcc") ? false : "there is no arm-none-eabi-gcc (scripts/apt.sh)";

/** Why a test that needs QEMU is skipped. */
export const noQemu = has("qemu-system-arm") ? noGcc : "there is no qemu-system-arm (scripts/apt.sh)";

/** Runs a program of Rust's for the firmware; whether it went well. */
const rust = ([program, ...args]) =>
  spawnSync(program, args, { cwd: path.join(root, "firmware"), stdio: "ignore" }).status === 0;

const without = new Map();

/** Why a test that builds Rust for a target is skipped; what can be had is fetched. */
export function noRust(target) {
  if (!without.has(target)) without.set(target, reasonWithout(target));
  return without.get(target);
}

/** Why a test that builds Rust for this machine is skipped. */
export function noCrates() {
  if (!without.has("")) {
    const fetched = has("cargo") && rust(["cargo", "fetch", "--locked"]);
    const reason = has("cargo") ? "the crates that the firmware needs cannot be had" : "there is no cargo";
    without.set("", fetched ? false : reason);
  }
  return without.get("");
}

function reasonWithout(target) {
  if (noCrates()) return noCrates();
  try {
    const choice = tool.chooseRust(target);
    if (choice.kind !== "ready" && !rust(choice.command)) return `Rust's library for ${target} cannot be had`;
  } catch (error) {
    return error.message.split("\n")[0];
  }
  return false;
}

/** A board.json, as text, with some fields changed; a field that is undefined is left out. */
export function boardText(changes = {}) {
  return JSON.stringify({
    name: "small",
    doc: "a board for tests",
    cpu: "cortex-m3",
    target: "thumbv7m-none-eabi",
    gcc: ["-mcpu=cortex-m3", "-mthumb"],
    clock: 25e6,
    flash: { origin: 0, length: "256K" },
    ram: { origin: "0x20000000", length: "64K" },
    stack: 2048,
    elements: ["udpsink"],
    emulator: { program: "qemu-system-arm", args: ["-M", "lm3s6965evb", "-kernel", "{elf}"] },
    network: { address: "10.0.2.15/24", model: "stellaris" },
    "flash-with": [
      { method: "probe-rs", chip: "LM3S6965" },
      { method: "uf2", family: "0xe48bff56", "board-id": "RPI-RP2" },
      { method: "dfu-util", device: "0483:df11", alt: 0 },
      { method: "openocd", config: ["interface/stlink.cfg", "target/stellaris.cfg"] },
    ],
    ...changes,
  });
}

/** Sections as cortex-m-rt has them, for programs in C. */
const LINKER = `
SECTIONS {
  .vector_table ORIGIN(FLASH) : { KEEP(*(.vector_table)) } > FLASH
  .text : { *(.text*) } > FLASH
  .rodata : ALIGN(4) { *(.rodata*) } > FLASH
  .data : ALIGN(4) { *(.data*) . = ALIGN(4); } > RAM AT > FLASH
  .bss (NOLOAD) : ALIGN(4) { *(.bss* COMMON) } > RAM
  /DISCARD/ : { *(.ARM.*) }
}
`;

/**
 * Compiles a program in C for a board.
 * @param t the test; the files are gone when it ends
 * @param board as the tool reads it
 * @param sources text of C by name; each becomes an object file
 * @param measure whether it is linked where everything fits
 * @returns the path of the ELF file
 */
export function compile(t, board, memoryX, sources, flags = ["-Os"], libraries = []) {
  const dir = folder(t);
  fs.writeFileSync(path.join(dir, "memory.x"), memoryX);
  fs.writeFileSync(path.join(dir, "link.x"), `INCLUDE memory.x\nENTRY(reset)\n${LINKER}`);
  const files = Object.entries(sources).map(([name, text]) => {
    fs.writeFileSync(path.join(dir, `${name}.c`), text);
    return `${name}.c`;
  });
  const args = [...board.gcc, ...flags, "-ffreestanding", "-ffunction-sections", "-nostdlib", "-Wl,--nmagic"];
  execFileSync("arm-none-eabi-gcc", [...args, ...files, ...libraries, "-Tlink.x", "-o", "out.elf"], {
    cwd: dir,
    stdio: "pipe",
  });
  return path.join(dir, "out.elf");
}

/** A program that writes a text by semihosting and ends with an exit code; for boards with a UART see the emulated ones. */
export const SEMIHOSTED = (code) => `
extern unsigned _stack_start;
void reset(void);
__attribute__((section(".vector_table"), used)) void* const vectors[2] = { &_stack_start, (void*)reset };
unsigned counter = 7;
static int call(int op, const void* p) {
  register int r0 __asm("r0") = op;
  register const void* r1 __asm("r1") = p;
  __asm volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}
void reset(void) {
  call(4, "hello\\n");
  static unsigned block[2];
  block[0] = 0x20026;
  block[1] = ${code};
  call(0x20, block);
  for (;;) {}
}
`;
