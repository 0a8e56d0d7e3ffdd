import type { Board } from "./board.js";
import { usage } from "./errors.js";
import { isPort } from "./number.js";

/** A port of this machine that leads to one of the emulated board. */
export interface Forward {
  readonly protocol: "udp" | "tcp";
  readonly here: number;
  readonly board: number;
}

/**
 * Reads "udp:5004" or "tcp:8080:80".
 * @throws {ToolError} when it is neither
 */
export function parseForward(text: string): Forward {
  const m = /^(udp|tcp):(\d{1,5})(?::(\d{1,5}))?$/.exec(text);
  const here = Number(m?.[2]);
  const board = Number(m?.[3] ?? m?.[2]);
  if (!m || !isPort(here) || !isPort(board)) {
    throw usage(`--forward takes udp:PORT or tcp:PORT:BOARDPORT, not "${text}"`);
  }
  return { protocol: m[1] as "udp" | "tcp", here, board };
}

/** Options that the tool adds where neither the board nor the user has them. */
const DEFAULTS: readonly (readonly [option: string, value: string])[] = [
  ["-display", "none"],
  ["-monitor", "none"],
  ["-serial", "stdio"],
  ["-semihosting-config", "enable=on,target=native"],
];

/** Options that settle one of the defaults. */
const INSTEAD: Record<string, readonly string[]> = {
  "-display": ["-nographic"],
  "-monitor": ["-nographic", "-mon"],
  "-serial": ["-nographic"],
  "-semihosting-config": ["-semihosting"],
};

/**
 * The arguments for QEMU.
 * @param elf the image
 * @param forwards ports that lead to the board; it must have a network then
 * @param more arguments of the user, last
 * @throws {ToolError} when the board has no network for the ports
 */
export function qemuArgs(
  board: Board,
  elf: string,
  forwards: readonly Forward[] = [],
  more: readonly string[] = [],
): string[] {
  if (!board.emulator || !("args" in board.emulator)) throw usage(`${board.name} is not run by QEMU`);
  const args = board.emulator.args.map((a) => a.replaceAll("{elf}", elf));
  const given = [...args, ...more];
  for (const [option, value] of DEFAULTS) {
    if (![option, ...(INSTEAD[option] ?? [])].some((o) => given.includes(o))) args.push(option, value);
  }
  const address = board.network?.address.split("/")[0] ?? "";
  const rules = forwards.map((f) => `,hostfwd=${f.protocol}:127.0.0.1:${f.here}-${address}:${f.board}`).join("");
  const nic = args.findIndex((a, i) => a.startsWith("user") && ["-nic", "-netdev"].includes(args[i - 1]));
  if (nic >= 0) args[nic] += rules;
  else if (board.network?.model && !more.includes("-nic"))
    args.push("-nic", `user,model=${board.network.model}${rules}`);
  else if (rules) throw usage(`${board.name} has no network: --forward leads nowhere`);
  return [...args, ...more];
}
