import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { elementTables, profileSource } from "../../scripts/lib/profile.mjs";
import { root } from "./paths.js";

/** A core that cannot be compiled; the message is the compiler's. */
export class CompileError extends Error {}

/**
 * Compiles a core that has just some elements and can be frozen: with names, not optimized.
 * @param elements names of the core's elements
 * @param folder where the entry file and the module go, inside the repository
 */
export async function compileProfile(elements: readonly string[], folder: string): Promise<Uint8Array<ArrayBuffer>> {
  const tables = elementTables().filter((t) => elements.includes(t.name));
  await mkdir(folder, { recursive: true });
  const entry = path.join(folder, "profile.ts");
  const out = path.join(folder, "profile.wasm");
  const assembly = path.relative(folder, path.join(root, "assembly"));
  await writeFile(entry, profileSource("What one pipeline needs.", tables, ["abi/frozen"], assembly));
  const asc = path.join(root, "node_modules/assemblyscript/bin/asc.js");
  const transform = ["--transform", "./scripts/strict/transform.mjs"];
  const target = ["--config", "asconfig.json", "--target", "baseline", "-O0", "--debug", "--outFile", out];
  try {
    await promisify(execFile)(process.execPath, [asc, path.relative(root, entry), ...target, ...transform], {
      cwd: root,
    });
  } catch (error) {
    throw new CompileError((error as { stderr?: string }).stderr || String(error));
  }
  return Uint8Array.from(await readFile(out));
}
