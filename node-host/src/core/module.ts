import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { crypto } from "../lazy.js";
import { HostFault } from "./errors.js";

/** A compiled core. */
export interface CoreModule {
  readonly module: WebAssembly.Module;
  /** SHA-256 of the file, 32 bytes; recordings are bound to it. */
  readonly hash: Uint8Array;
  /** Where the file lies. */
  readonly path: string;
}

/** The artifacts, relative to the bundle: build/node/index.mjs and build/core.wasm. */
const BASELINE = "../core.wasm";
const SIMD = "../core.simd.wasm";

/** A module whose only function gives a vector: it is valid where SIMD is. */
const SIMD_PROBE = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11],
);

const modules = new Map<string, CoreModule>();

/** Whether this engine runs SIMD. */
export function hasSimd(): boolean {
  return WebAssembly.validate(SIMD_PROBE);
}

/** The paths of the artifacts that come with this library, the preferred one first. */
export function corePaths(simd = hasSimd()): string[] {
  const both = [SIMD, BASELINE].map((f) => fileURLToPath(new URL(f, import.meta.url)));
  return simd ? both : both.slice(1);
}

/**
 * Loads and compiles a core; the same file is compiled once.
 * @param path of a core; without it the best artifact that comes with this library
 * @throws {HostFault} when there is no such file or it is no module
 */
export function loadCore(path = corePaths()[0]): CoreModule {
  const have = modules.get(path);
  if (have) return have;
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw new HostFault(`the core ${path} cannot be read`, { cause });
  }
  let module: WebAssembly.Module;
  try {
    module = new WebAssembly.Module(bytes);
  } catch (cause) {
    throw new HostFault(`${path} is no core`, { cause });
  }
  let hash: Uint8Array | null = null;
  const core: CoreModule = {
    module,
    path,
    // Only recordings need it.
    get hash() {
      return (hash ??= crypto().createHash("sha256").update(bytes).digest());
    },
  };
  modules.set(path, core);
  return core;
}
