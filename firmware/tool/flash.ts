import path from "node:path";
import type { Board, FlashMethod } from "./board.js";
import { usage } from "./errors.js";
import { hex } from "./number.js";

/** The files of an image. */
export interface ImageFiles {
  readonly elf: string;
  readonly bin: string;
  readonly hex: string;
  readonly uf2: string;
}

/** What brings an image onto a board: programs that run one after the other, or a copy to a volume. */
export type FlashPlan =
  | { readonly kind: "run"; readonly commands: readonly (readonly string[])[]; readonly install: string }
  | { readonly kind: "copy"; readonly file: string; readonly boardId: string | null; readonly hint: string };

/** How to get a program that is not there. */
const INSTALL: Record<string, string> = {
  "probe-rs": "cargo install probe-rs-tools --locked",
  "dfu-util": "apt-get install dfu-util",
  openocd: "apt-get install openocd",
};

/**
 * The method to use.
 * @param wanted its name; the board's first without it
 * @throws {ToolError} when the board has no such method
 */
export function chooseMethod(board: Board, wanted?: string): FlashMethod {
  const names = board.flashWith.map((m) => m.method);
  if (!names.length) throw usage(`${board.name} cannot be flashed: its board.json has no "flash-with"`);
  const method = wanted === undefined ? board.flashWith[0] : board.flashWith.find((m) => m.method === wanted);
  if (!method) throw usage(`${board.name} cannot be flashed with ${wanted}; there is: ${names.join(", ")}`);
  return method;
}

/** What a method does with an image. Nothing is run and no file is looked at. */
export function flashPlan(board: Board, method: FlashMethod, files: ImageFiles): FlashPlan {
  const install = INSTALL[method.method];
  switch (method.method) {
    case "probe-rs": {
      const chip = ["--chip", method.chip];
      const download = ["probe-rs", "download", ...chip, "--verify", files.elf];
      return { kind: "run", commands: [download, ["probe-rs", "reset", ...chip]], install };
    }
    case "uf2":
      return {
        kind: "copy",
        file: files.uf2,
        boardId: method.boardId ?? null,
        hint: `start the boot loader of ${board.name} (hold its button while it is plugged in), so that its volume appears`,
      };
    case "dfu-util": {
      const place = ["--alt", String(method.alt), "--dfuse-address", `${hex(board.flash.origin)}:leave`];
      return {
        kind: "run",
        commands: [["dfu-util", "--device", method.device, ...place, "--download", files.bin]],
        install,
      };
    }
    case "openocd": {
      // OpenOCD reads its command as Tcl: braces keep a path in one piece.
      const program = `program {${files.elf}} verify reset exit`;
      return {
        kind: "run",
        commands: [["openocd", ...method.config.flatMap((c) => ["-f", c]), "-c", program]],
        install,
      };
    }
  }
}

/** A command as it could be typed into a shell. */
export function shellText(command: readonly string[]): string {
  return command.map((w) => (/^[\w@%+=:,./-]+$/.test(w) ? w : `'${w.replaceAll("'", "'\\''")}'`)).join(" ");
}

/**
 * Whether an INFO_UF2.TXT is that of a board.
 * @param boardId what its Board-ID must be; null: any boot loader will do
 */
export function isBootVolume(info: string, boardId: string | null): boolean {
  if (!/^UF2 Bootloader/m.test(info)) return false;
  const id = /^Board-ID:[ \t]*(.*?)[ \t]*\r?$/m.exec(info)?.[1];
  return boardId === null || id === boardId;
}

/** The places of mounts in the text of /proc/self/mounts. */
export function mountPoints(mounts: string): string[] {
  return mounts
    .split("\n")
    .map((row) => row.split(" ")[1])
    .filter(Boolean)
    .map((place) => place.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8))));
}

/** The file names of an image that lies in a folder. */
export function imageFiles(folder: string): ImageFiles {
  const file = (ending: string): string => path.join(folder, `firmware.${ending}`);
  return { elf: file("elf"), bin: file("bin"), hex: file("hex"), uf2: file("uf2") };
}
