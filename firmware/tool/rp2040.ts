import type { Piece } from "./formats/pieces.js";
import { SEMIHOSTING_BREAK, semihostingCall } from "./semihosting.js";

const FLASH = 0x10000000;
/** Where the vector table lies: behind the second stage of the boot loader, which the emulator has no use for. */
const VECTORS = FLASH + 0x100;

/** What an emulated run is told. */
export interface Rp2040Options {
  /** Gets what the board writes to its first UART. */
  readonly console: (bytes: Uint8Array) => void;
  /** Bytes for the board's first UART. */
  readonly input?: (give: (byte: number) => void) => void;
  /** Ends the run: its exit code is that of the reason. */
  readonly signal: AbortSignal;
}

/**
 * Runs an image in rp2040js until it ends by semihosting or the signal is given.
 * @returns the exit code, -1 when it was ended
 * @throws {RangeError} when there is no vector table where the RP2040 wants one
 */
export async function runRp2040(pieces: readonly Piece[], options: Rp2040Options): Promise<number> {
  const { ConsoleLogger, LogLevel, Simulator } = await import("rp2040js");
  const simulator = new Simulator();
  const chip = simulator.rp2040;
  chip.logger = new ConsoleLogger(LogLevel.Error, false);
  chip.flash.fill(0xff);
  for (const { address, data } of pieces) {
    const at = address - FLASH;
    if (at >= 0 && at + data.length <= chip.flash.length) chip.flash.set(data, at);
  }
  // The boot ROM is not there: what it does at the end is done here.
  const core = chip.core;
  core.VTOR = VECTORS;
  core.SP = chip.readUint32(VECTORS);
  const reset = chip.readUint32(VECTORS + 4);
  if ((reset & 1) === 0 || reset === 0xffffffff) throw new RangeError("the image has no vector table at 0x10000100");
  core.PC = reset & ~1;
  const [uart] = chip.uart;
  let line: number[] = [];
  const flush = (): void => {
    if (line.length) options.console(Uint8Array.from(line));
    line = [];
  };
  uart.onByte = (byte: number) => {
    line.push(byte);
    if (byte === 10) flush();
  };
  options.input?.((byte) => uart.feedByte(byte));
  return new Promise((resolve) => {
    const end = (code: number): void => {
      simulator.stop();
      flush();
      resolve(code);
    };
    options.signal.addEventListener("abort", () => end(-1), { once: true });
    chip.onBreak = (number: number) => {
      const memory = { u8: (at: number) => chip.readUint8(at), u32: (at: number) => chip.readUint32(at & ~3) };
      const call =
        number === SEMIHOSTING_BREAK ? semihostingCall(core.registers[0] >>> 0, core.registers[1] >>> 0, memory) : null;
      if (call?.kind === "exit") end(call.code);
      else if (call?.kind === "write") options.console(Buffer.from(call.text, "latin1"));
      else if (!call) {
        options.console(Buffer.from(`breakpoint ${number} at 0x${(core.PC >>> 0).toString(16)}\n`));
        end(1);
      }
    };
    simulator.execute();
  });
}
