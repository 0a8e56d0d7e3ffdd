import type { Piece } from "./formats/pieces.js";
import { Rp2040Chip } from "./rp2040chip.js";
import { SEMIHOSTING_BREAK, semihostingCall } from "./semihosting.js";

/** Instructions between two looks at whatever else goes on in this process: some ten milliseconds. */
const SLICE = 100_000;

/** How often a sleeping board is looked at that only a byte can wake, ms. */
const GLANCE = 20;

/** ns: 125 MHz. */
const CYCLE = 8;

/** What an emulated run is told. */
export interface Rp2040Options {
  /** Gets what the board writes to its first UART. */
  readonly console: (bytes: Uint8Array) => void;
  /** Bytes for the board's first UART. */
  readonly input?: (give: (byte: number) => void) => void;
  /** Ends the run: its exit code is that of the reason. */
  readonly signal: AbortSignal;
  /** What a cycle of the processor takes, ns; less than the 8 of the part makes a board that is faster. */
  readonly cycle?: number;
}

/**
 * Runs an image in rp2040js until it ends by semihosting or the signal is given. Resets start it anew.
 * @returns the exit code, -1 when it was ended
 * @throws {RangeError} when there is no vector table where the RP2040 wants one
 */
export async function runRp2040(pieces: readonly Piece[], options: Rp2040Options): Promise<number> {
  let ended: number | undefined;
  let line: number[] = [];
  const flush = (): void => {
    if (line.length) options.console(Uint8Array.from(line));
    line = [];
  };
  const sent = (byte: number): void => {
    line.push(byte);
    if (byte === 10) flush();
  };
  const say = (text: string): void => {
    flush();
    options.console(Buffer.from(text, "latin1"));
  };
  const broke = (number: number): boolean => {
    const { chip } = board;
    const [r0, r1] = chip.core.registers;
    const memory = { u8: (at: number) => chip.readUint8(at), u32: (at: number) => chip.readUint32(at & ~3) };
    if (number !== SEMIHOSTING_BREAK) return false;
    const call = semihostingCall(r0, r1, memory);
    if (call.kind === "exit") ended = call.code;
    else if (call.kind === "write") say(call.text);
    return true;
  };
  const locked = (pc: number): void => {
    say(`the processor is locked up at 0x${pc.toString(16)}\n`);
    ended = 1;
  };
  const board = new Rp2040Chip(await import("rp2040js"), pieces, { sent, broke, locked }, options.cycle ?? CYCLE);
  options.input?.((byte) => board.receive(byte));
  const going = (): boolean => ended === undefined;
  while (going() && !options.signal.aborted) {
    const awake = board.run(SLICE, going);
    flush();
    await new Promise((resolve) => (awake ? setImmediate(resolve) : setTimeout(resolve, GLANCE)));
  }
  return ended ?? -1;
}
