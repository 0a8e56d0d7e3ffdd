// Images in emulators: QEMU's arguments, what ends a run, and its exit code.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import test from "node:test";
import { SEMIHOSTED, boardText, compile, noQemu, tool } from "./support.mjs";

const { parseBoard, parseForward, qemuArgs, memoryX, semihostingCall } = tool;
const board = (changes) => parseBoard(boardText(changes), "small");

test("what a board leaves out is added, what it says stays", () => {
  const args = qemuArgs(board(), "/a.elf");
  assert.deepEqual(args.slice(0, 4), ["-M", "lm3s6965evb", "-kernel", "/a.elf"]);
  const more = ["-display none", "-monitor none", "-serial stdio", "-semihosting-config enable=on,target=native"];
  for (const pair of [...more, "-nic user,model=stellaris"]) assert.ok(args.join(" ").includes(pair), pair);
  const own = { program: "qemu-system-arm", args: ["-nographic", "-kernel", "{elf}"] };
  assert.ok(!qemuArgs(board({ emulator: own }), "/a.elf").includes("-serial"));
  const given = qemuArgs(board(), "/a.elf", [], ["-serial", "null", "-nic", "none"]);
  assert.deepEqual(
    given.filter((a) => a === "-serial" || a === "-nic"),
    ["-serial", "-nic"],
  );
  assert.deepEqual(given.slice(-4), ["-serial", "null", "-nic", "none"]);
});

test("ports lead to the board's address", () => {
  const forwards = ["udp:5004", "tcp:8080:80"].map(parseForward);
  const rules = ",hostfwd=udp:127.0.0.1:5004-10.0.2.15:5004,hostfwd=tcp:127.0.0.1:8080-10.0.2.15:80";
  assert.ok(qemuArgs(board(), "", forwards).includes(`user,model=stellaris${rules}`));
  const own = { program: "qemu-system-arm", args: ["-nic", "user,model=lan9118", "-kernel", "{elf}"] };
  assert.ok(qemuArgs(board({ emulator: own }), "", forwards).includes(`user,model=lan9118${rules}`));
  assert.throws(() => qemuArgs(board({ network: undefined }), "", forwards), { exitCode: 2 });
  for (const bad of ["5004", "udp:", "udp:0", "udp:65536", "udp:1:2:3", "sctp:1"]) {
    assert.throws(() => parseForward(bad), { exitCode: 2 }, bad);
  }
});

/** Runs the command line's `run` on an image, without the repository's boards. */
function run(elf, options = {}) {
  const script = `
    const { runImage, parseBoard } = await import(${JSON.stringify(import.meta.resolve("../../build/tool/firmware.mjs"))});
    const board = parseBoard(${JSON.stringify(boardText())}, "small");
    process.exitCode = await runImage(board, ${JSON.stringify(elf)}, ${JSON.stringify({ forwards: [], more: [], ...options })});`;
  return spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
}

async function ending(child) {
  let said = "";
  child.stdout.on("data", (data) => (said += data));
  const code = await new Promise((resolve) => child.on("close", resolve));
  return { said, code };
}

for (const [code, want] of [
  [0, 0],
  [3, 1],
]) {
  test(`a pipeline that ends with ${code} ends the command with ${want}`, { skip: noQemu }, async (t) => {
    const elf = compile(t, board(), memoryX(board()), { main: SEMIHOSTED(code) });
    const result = await ending(run(elf));
    assert.equal(result.code, want);
  });
}

/** A program that says where it is on its UART (PL011, LM3S6965) and never ends. */
const ENDLESS = `
extern unsigned _stack_start;
void reset(void);
__attribute__((section(".vector_table"), used)) void* const vectors[2] = { &_stack_start, (void*)reset };
void reset(void) { for (const char* p = "ready\\n"; *p; p++) *(volatile unsigned*)0x4000c000 = *p; for (;;) __asm volatile("wfi"); }
`;

test("the console is the terminal, and a run that takes too long is ended", { skip: noQemu }, async (t) => {
  const elf = compile(t, board(), memoryX(board()), { main: ENDLESS });
  assert.deepEqual(await ending(run(elf, { timeout: 1 })), { said: "ready\n", code: 124 });
});

test("an interrupted run ends its emulator", { skip: noQemu }, async (t) => {
  const elf = compile(t, board(), memoryX(board()), { main: ENDLESS });
  const child = run(elf);
  child.stdout.once("data", () => child.kill("SIGINT"));
  assert.equal((await ending(child)).code, 130);
});

test("semihosting is read as Arm describes it", () => {
  const words = { 0x100: 0x20026, 0x104: 5, 0x108: 0x20023 };
  const memory = { u32: (at) => words[at] ?? 0, u8: (at) => "hi\0".charCodeAt(at - 0x200) || 0 };
  assert.deepEqual(semihostingCall(0x20, 0x100, memory), { kind: "exit", code: 5 });
  assert.deepEqual(semihostingCall(0x20, 0x108, memory), { kind: "exit", code: 1 });
  assert.deepEqual(semihostingCall(0x18, 0x20026, memory), { kind: "exit", code: 0 });
  assert.deepEqual(semihostingCall(0x18, 0x20023, memory), { kind: "exit", code: 1 });
  assert.deepEqual(semihostingCall(4, 0x200, memory), { kind: "write", text: "hi" });
  assert.deepEqual(semihostingCall(0x99, 0, memory), { kind: "unknown", operation: 0x99 });
});
