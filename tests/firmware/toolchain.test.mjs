// Which compilers are taken, and what is said when there are none.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { stripVTControlCharacters } from "node:util";
import { boardText, folder, tool } from "./support.mjs";

const {
  chooseRust,
  crateFolders,
  pathFlags,
  withoutRustup,
  checkGcc,
  cargoArgs,
  cargoPosition,
  diagnostics,
  packageName,
  parseBoard,
  saysTooLarge,
} = tool;

const TARGET = "thumbv7em-none-eabihf";
const LIST = "rustup target list --installed";
const DEBIAN = ["/usr/bin/cargo", "/usr/bin/rustc", "/usr/lib/rustlib/src/rust/library"];

/** A machine that has some programs and files, and what commands say. */
const machine = ({ programs = [], files = [], outputs = {} }) => ({
  find: (name) => (programs.includes(name) ? `/bin/${name}` : null),
  exists: (file) => files.includes(file),
  output: (command) => outputs[command.join(" ")] ?? null,
});
const withRustup = (installed, files = []) =>
  machine({ programs: ["rustup", "cargo"], files, outputs: { [LIST]: installed } });

test("rustup's Rust is taken when it has the target", () => {
  const choice = chooseRust(TARGET, withRustup(`x86_64-unknown-linux-gnu\n${TARGET}\n`, DEBIAN));
  assert.deepEqual([choice.kind, choice.tools.cargo, choice.tools.args], ["ready", "/bin/cargo", []]);
});

test("a target that is missing is added", () => {
  const choice = chooseRust(TARGET, withRustup("x86_64-unknown-linux-gnu\nthumbv7em-none-eabi\n", DEBIAN));
  assert.deepEqual([choice.kind, choice.command.join(" ")], ["add", `rustup target add ${TARGET}`]);
});

test("without rustup Debian's Rust builds its library from the sources", () => {
  const { kind, tools } = chooseRust(TARGET, machine({ programs: ["cargo"], files: DEBIAN }));
  assert.equal(kind, "ready");
  assert.equal(tools.cargo, "/usr/bin/cargo");
  assert.ok(tools.args.includes("-Zbuild-std=core,alloc"));
  assert.equal(tools.env.CARGO_TARGET_THUMBV7EM_NONE_EABIHF_LINKER, "arm-none-eabi-ld");
  assert.equal(withoutRustup(TARGET, "no network", machine({ files: DEBIAN })).cargo, "/usr/bin/cargo");
});

test("one of the two can be asked for", () => {
  const both = withRustup(TARGET, DEBIAN);
  assert.equal(chooseRust(TARGET, both, "debian").tools.cargo, "/usr/bin/cargo");
  assert.throws(() => chooseRust(TARGET, machine({ files: DEBIAN }), "rustup"), /install Rust with rustup/);
});

test("without a Rust it is said what to install", () => {
  assert.throws(() => chooseRust(TARGET, machine({})), /rustup.*\n?.*apt-get install rustc-web cargo-web rust-web-src/);
  assert.throws(() => withoutRustup(TARGET, "no network", machine({})), /cannot add the target .*: no network\n/);
});

test("without gcc for ARM, or its library, it is said what to install", () => {
  const file = "arm-none-eabi-gcc -print-file-name=libc_nano.a";
  const gcc = (library) => machine({ programs: ["arm-none-eabi-gcc"], outputs: { [file]: library } });
  checkGcc(gcc("/usr/lib/libc_nano.a\n"));
  assert.throws(() => checkGcc(machine({})), /apt-get install gcc-arm-none-eabi/);
  assert.throws(() => checkGcc(gcc("libc_nano.a\n")), /apt-get install libnewlib-arm-none-eabi/);
});

test("cargo's arguments", () => {
  const board = parseBoard(boardText(), "small", "/x/small");
  const args = cargoArgs({ board, features: ["aot", "udpsink"], tools: { args: ["-Zx"], flags: ["-Cy"] } }).join(" ");
  assert.match(args, /^--config target\.thumbv7m-none-eabi\.rustflags=\["-Cy","--remap-path-prefix=/);
  assert.match(args, / build --release -Zx --manifest-path \/x\/small\/Cargo\.toml --target thumbv7m-none-eabi /);
  assert.match(args, / --no-default-features --features aot,udpsink /);
});

test("paths of this machine are left out of images", (t) => {
  const home = folder(t);
  assert.deepEqual(crateFolders(home), []);
  const source = path.join(home, "registry/src/index-1");
  fs.mkdirSync(source, { recursive: true });
  assert.deepEqual(crateFolders(home), [source]);
  assert.deepEqual(pathFlags([source], "/repo"), ["--remap-path-prefix=/repo/=", `--remap-path-prefix=${source}/=`]);
});

test("how far cargo is, and what it had to say", () => {
  assert.equal(cargoPosition("\r    Building [=====>    ] 12/37: smoltcp, heapless      "), "12 of 37: smoltcp");
  assert.equal(cargoPosition("   Compiling smoltcp v0.12.0"), null);
  const said =
    "   Compiling a v1.0.0\r\n\x1b[1m\x1b[32m   Compiling\x1b[0m b v1\n" +
    "    Building [> ] 1/2: a\r\x1b[Kerror: no such thing\n --> src/main.rs:1\n";
  assert.equal(stripVTControlCharacters(diagnostics(said)), "error: no such thing\n --> src/main.rs:1");
});

test("a linker without room is told from other failures", () => {
  assert.ok(saysTooLarge("rust-lld: error: section '.text' will not fit in region 'FLASH': overflowed by 12 bytes"));
  assert.ok(saysTooLarge("ld: region `RAM' overflowed by 6280 bytes"));
  assert.ok(!saysTooLarge("rust-lld: error: undefined symbol: main"));
});

test("the crate in the id of a package", () => {
  assert.equal(packageName("path+file:///work/firmware/engine#g2g-engine@0.1.0"), "g2g_engine");
  assert.equal(packageName("path+file:///work/boards/mps2-an386#0.1.0"), "mps2_an386");
  assert.equal(packageName("registry+https://x#cortex-m@0.7.7"), "cortex_m");
});
