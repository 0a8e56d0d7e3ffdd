import { closeSync, existsSync, fsyncSync, openSync, readFileSync, readdirSync, writeSync } from "node:fs";
import path from "node:path";
import { ToolError } from "./errors.js";
import { isBootVolume, mountPoints } from "./flash.js";

const CHUNK = 64 * 1024;

/** Where volumes are mounted on this system. */
function volumes(): string[] {
  if (process.platform === "linux") return mountPoints(readFileSync("/proc/self/mounts", "utf8"));
  if (process.platform === "win32") return [..."DEFGHIJKLMNOPQRSTUVWXYZ"].map((letter) => `${letter}:\\`);
  return existsSync("/Volumes") ? readdirSync("/Volumes").map((name) => path.join("/Volumes", name)) : [];
}

/** The volumes of boot loaders for UF2 that are mounted now. */
export function bootVolumes(boardId: string | null, places: readonly string[] = volumes()): string[] {
  return places.filter((place) => {
    try {
      return isBootVolume(readFileSync(path.join(place, "INFO_UF2.TXT"), "utf8"), boardId);
    } catch {
      return false;
    }
  });
}

/**
 * Copies a file to a volume. A boot loader may start the new program, and take its volume away, with the last block:
 * an error behind it is none.
 * @param progress told the bytes that are written
 * @throws {ToolError} when it cannot be written
 */
export function copyTo(file: string, volume: string, progress: (bytes: number) => void): void {
  const data = readFileSync(file);
  let done = 0;
  let out = -1;
  try {
    out = openSync(path.join(volume, path.basename(file)), "w");
    while (done < data.length) {
      done += writeSync(out, data, done, Math.min(CHUNK, data.length - done));
      if (done < data.length) fsyncSync(out);
      progress(done);
    }
    fsyncSync(out);
  } catch (error) {
    if (done < data.length || out < 0) throw new ToolError(`${volume} cannot be written: ${(error as Error).message}`);
  } finally {
    try {
      if (out >= 0) closeSync(out);
    } catch {
      // The volume has gone, as it should.
    }
  }
}
