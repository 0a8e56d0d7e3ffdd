// From a line to an image that runs: with a board that has no drivers, so that only the tool is looked at.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { boardText, folder, noQemu, noRust, root, tool } from "./support.mjs";

const { loadBoard, buildImage, builtImage, Elf } = tool;
const skip = noQemu || noRust("thumbv7m-none-eabi");

const MANIFEST = `[package]
name = "small"
version = "0.0.0"
edition = "2024"
[features]
aot = []
wasm3 = []
emulator = []
[profile.release]
panic = "abort"
opt-level = "s"
[workspace]
`;

const BUILD = `fn main() {
  let image = std::env::var("G2G_IMAGE").unwrap();
  println!("cargo:rerun-if-env-changed=G2G_IMAGE");
  println!("cargo:rerun-if-changed={image}/memory.x");
  println!("cargo:rustc-link-search={image}");
  println!("cargo:rustc-link-search={}", std::env::var("CARGO_MANIFEST_DIR").unwrap());
  println!("cargo:rustc-link-arg-bins=-Tsmall.x");
  println!("cargo:rustc-link-arg-bins=--nmagic");
}
`;

const LINKER = `INCLUDE memory.x
ENTRY(reset)
SECTIONS {
  .vector_table ORIGIN(FLASH) : { KEEP(*(.vector_table)) } > FLASH
  .text : { *(.text*) *(.rodata*) } > FLASH
  .bss (NOLOAD) : { *(.bss*) } > RAM
  /DISCARD/ : { *(.ARM.*) }
}
`;

/** Ends by semihosting; \`ballast\` takes RAM. */
const program = (ballast) => `#![no_std]
#![no_main]
unsafe extern "C" { static _stack_start: u32; }
#[repr(C)] pub union Vector { stack: *const u32, code: extern "C" fn() -> ! }
unsafe impl Sync for Vector {}
#[unsafe(link_section = ".vector_table")] #[used]
static VECTORS: [Vector; 2] = [Vector { stack: &raw const _stack_start }, Vector { code: reset }];
#[used] static mut BALLAST: [u8; ${ballast}] = [0; ${ballast}];
#[unsafe(no_mangle)] extern "C" fn reset() -> ! {
  let code: u32 = if cfg!(feature = "emulator") { 0 } else { 7 };
  let block = [0x20026, code];
  unsafe { core::arch::asm!("bkpt 0xab", in("r0") 0x20, in("r1") &block); }
  loop {}
}
#[panic_handler] fn panic(_: &core::panic::PanicInfo) -> ! { loop {} }
`;

/** A folder of boards with one in it, and the name of an image that is gone when the test ends. */
function board(t, ballast = 4096, changes = {}) {
  const boards = folder(t);
  const small = path.join(boards, "small");
  fs.mkdirSync(path.join(small, "src"), { recursive: true });
  const put = (name, text) => fs.writeFileSync(path.join(small, name), text);
  put("board.json", boardText({ elements: [], ...changes }));
  put("Cargo.toml", MANIFEST);
  put("build.rs", BUILD);
  put("small.x", LINKER);
  put("src/main.rs", program(ballast));
  process.env.G2G_CACHE = path.join(boards, "cache");
  const name = `test-${process.pid}-${path.basename(boards)}`;
  t.after(() => fs.rmSync(path.join(root, "build/firmware", name), { recursive: true, force: true }));
  return { board: loadBoard("small", boards), name };
}

const LINE = "fakesrc num-buffers=3 sizetype=fixed sizemax=16 ! fakesink";
const OPTIONS = { engine: "aot", checked: true, emulator: true, verbose: false };

/** Runs an image; the exit code of the board. */
function exitCode(file) {
  const emulator = ["-M", "lm3s6965evb", "-display", "none", "-semihosting-config", "enable=on,target=native"];
  return spawnSync("qemu-system-arm", [...emulator, "-kernel", file], { timeout: 20_000, stdio: "ignore" }).status;
}

test("a line becomes an image in all formats, and it runs", { skip }, async (t) => {
  const { board: small, name } = board(t);
  const { folder: made, note } = await buildImage(small, LINE, { ...OPTIONS, name });
  const file = (n) => fs.readFileSync(path.join(made, n));
  const elf = new Elf(file("firmware.elf"));
  assert.ok(elf.pieces().length);
  assert.equal(file("firmware.uf2").length % 512, 0);
  assert.match(file("firmware.hex").toString(), /:00000001FF\r\n$/);
  assert.equal(file("firmware.bin").readUInt32LE(0), 0x20000000 + 2048, "the stack lies at the bottom of the RAM");
  assert.match(file("image.rs").toString(), /^pub static IMAGE: g2g_runtime::Image = /m);
  assert.deepEqual([note.board, note.line, note.engine, note.crate], ["small", LINE, "aot", "small"]);
  assert.deepEqual(builtImage(small, name).note, JSON.parse(JSON.stringify(note)));
  assert.throws(() => builtImage({ ...small, name: "other" }, name), { message: /is for small/, exitCode: 2 });
  assert.equal(exitCode(path.join(made, "firmware.elf")), 0);
  await buildImage(small, LINE, { ...OPTIONS, name, emulator: false });
  assert.equal(exitCode(path.join(made, "firmware.elf")), 7, "the feature emulator is on though nobody asked for it");
});

test("an image without room fails with its budget, and leaves nothing that could be flashed", { skip }, async (t) => {
  const { board: small, name } = board(t, 70_000);
  await assert.rejects(buildImage(small, LINE, { ...OPTIONS, name }), (error) => {
    assert.equal(error.exitCode, 1);
    assert.match(error.message, /^the image does not fit small\n/);
    assert.match(error.message, /^RAM +72 \d{3} of 65 536, 109\.\d %$/m);
    assert.match(error.message, /error: the image does not fit: RAM: 6 5\d\d bytes too many/);
    assert.match(error.message, /^hint: /m);
    return true;
  });
  assert.throws(() => builtImage(small, name), { exitCode: 2 });
});

test("a line that cannot work is refused as g2g launch refuses it", { skip }, async (t) => {
  const { board: small, name } = board(t);
  const refused = (line, message) =>
    assert.rejects(buildImage(small, line, { ...OPTIONS, name }), { message, exitCode: 2 });
  await refused("fakesrc ! fakesnk", /no element "fakesnk"/);
  await refused("audiotestsrc ! video/x-raw ! fakesink", /audio\/x-raw/);
});

test("a program that does not compile is told with the compiler's words", { skip }, async (t) => {
  const { board: small, name } = board(t);
  fs.appendFileSync(path.join(small.folder, "src/main.rs"), 'fn broken() -> u8 { "text" }\n');
  await assert.rejects(
    buildImage(small, LINE, { ...OPTIONS, name }),
    /cargo could not build small\n[^]*mismatched types/,
  );
});
