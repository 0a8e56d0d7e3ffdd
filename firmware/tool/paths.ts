import { existsSync } from "node:fs";
import path from "node:path";
// The bundle of this tool lies in build/tool, as deep as that file.
import { root } from "../../scripts/lib/inputs.mjs";
import { usage } from "./errors.js";

export { root };

/** The folder of all boards. */
export const boardsFolder = path.join(root, "boards");

/** Where cargo puts what it makes; shared by all builds. `G2G_CACHE` names another folder than build. */
export function cargoFolder(): string {
  return path.join(process.env.G2G_CACHE ? path.resolve(process.env.G2G_CACHE) : path.join(root, "build"), "cargo");
}

/**
 * The folder of an image.
 * @throws {ToolError} when the name cannot be that of a folder
 */
export function imageFolder(name: string): string {
  if (!/^[A-Za-z0-9][\w.-]{0,63}$/.test(name)) {
    throw usage(`"${name}" is no name for an image: letters, digits, - _ and . only, at most 64`);
  }
  return path.join(root, "build/firmware", name);
}

/** A path as it is shown: relative where it lies below the current folder. */
export function shown(file: string): string {
  const relative = path.relative(process.cwd(), file);
  return relative.startsWith("..") || path.isAbsolute(relative) ? file : relative || ".";
}

/** The first file of this name in the folders of PATH; null when there is none. */
export function findProgram(name: string, folders = process.env.PATH ?? ""): string | null {
  const endings = process.platform === "win32" ? [".exe", ".cmd", ""] : [""];
  for (const folder of folders.split(path.delimiter)) {
    for (const ending of endings) {
      const file = path.join(folder || ".", name + ending);
      if (existsSync(file)) return file;
    }
  }
  return null;
}
