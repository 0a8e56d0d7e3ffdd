// What compiles an image: Rust with the board's target, and gcc for C.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { ToolError } from "./errors.js";
import { findProgram, root } from "./paths.js";

/** How cargo is started. */
export interface RustTools {
  readonly cargo: string;
  readonly env: Readonly<Record<string, string>>;
  /** Arguments for `cargo build`. */
  readonly args: readonly string[];
  /** Flags for rustc. */
  readonly flags: readonly string[];
  /** What it is, for --verbose. */
  readonly name: string;
}

/** What `chooseRust` asks of the machine. */
export interface Machine {
  /** Path of a program, or null. */
  find(name: string): string | null;
  exists(file: string): boolean;
  /** The output of a program; null when it fails. */
  output(command: readonly string[]): string | null;
}

const RUSTUP_HELP =
  "install Rust with rustup (https://rustup.rs), or on Debian: apt-get install rustc-web cargo-web rust-web-src";

/** Debian's compiler and the sources of its library. */
const DEBIAN = { cargo: "/usr/bin/cargo", rustc: "/usr/bin/rustc", source: "/usr/lib/rustlib/src/rust/library" };

/** This machine; rustup looks for the tool chain from the workspace of the firmware. */
export const machine: Machine = {
  find: findProgram,
  exists: existsSync,
  output([program, ...args]) {
    const cwd = path.join(root, "firmware");
    try {
      return execFileSync(program, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    } catch {
      return null;
    }
  },
};

/** What to do for a target to be there. */
export type RustChoice =
  | { readonly kind: "ready"; readonly tools: RustTools }
  | { readonly kind: "add"; readonly command: readonly string[]; readonly tools: RustTools };

/** Debian's Rust, which builds the library for the target from its sources. */
function debianRust(target: string, m: Machine): RustTools | null {
  if (!m.exists(DEBIAN.cargo) || !m.exists(DEBIAN.rustc) || !m.exists(DEBIAN.source)) return null;
  const variable = `CARGO_TARGET_${target.toUpperCase().replace(/[^A-Z0-9]/g, "_")}`;
  return {
    name: "Debian's rustc, library from its sources",
    cargo: DEBIAN.cargo,
    // A stable compiler builds its own library only when it is told that it may.
    env: {
      RUSTC: DEBIAN.rustc,
      RUSTC_BOOTSTRAP: "1",
      RUSTUP_TOOLCHAIN: "",
      [`${variable}_LINKER`]: "arm-none-eabi-ld",
    },
    flags: ["-Clinker-flavor=ld"],
    args: ["-Zbuild-std=core,alloc", "-Zbuild-std-features=compiler-builtins-mem"],
  };
}

/**
 * Which Rust compiles for a target: rustup's, with the target added where it is missing, else Debian's.
 * @param prefer "rustup" or "debian": only that one
 * @throws {ToolError} saying what to install
 */
export function chooseRust(target: string, m: Machine = machine, prefer = process.env.G2G_RUST): RustChoice {
  const rustup = prefer === "debian" ? null : m.find("rustup");
  const cargo = m.find("cargo");
  if (rustup && cargo) {
    const tools = { name: "rustup's Rust", cargo, env: {}, args: [], flags: [] };
    const installed = m.output(["rustup", "target", "list", "--installed"]);
    if (installed?.split(/\s+/).includes(target)) return { kind: "ready", tools };
    if (installed !== null) return { kind: "add", command: ["rustup", "target", "add", target], tools };
  }
  const debian = prefer === "rustup" ? null : debianRust(target, m);
  if (debian) return { kind: "ready", tools: debian };
  throw new ToolError(`no Rust that compiles for ${target}\n${RUSTUP_HELP}`);
}

/** Debian's Rust in place of a rustup that cannot get a target. @throws {ToolError} when there is none either */
export function withoutRustup(target: string, why: string, m: Machine = machine): RustTools {
  const debian = debianRust(target, m);
  if (debian) return debian;
  throw new ToolError(`rustup cannot add the target ${target}: ${why}\n${RUSTUP_HELP}`);
}

/**
 * Flags by which paths of this machine do not get into images: they would take flash, and differ from machine to machine.
 * @param sources the folders in which cargo unpacks crates
 * @param repository the root of the repository
 */
export function pathFlags(sources: readonly string[], repository: string): string[] {
  return [repository, ...sources].map((folder) => `--remap-path-prefix=${folder}${path.sep}=`);
}

/** The folders in which cargo unpacks crates, one for each registry. */
export function crateFolders(home = process.env.CARGO_HOME ?? path.join(os.homedir(), ".cargo")): string[] {
  const sources = path.join(home, "registry/src");
  return existsSync(sources) ? readdirSync(sources).map((name) => path.join(sources, name)) : [];
}

/** Whether gcc for ARM and its C library are there. @throws {ToolError} saying what to install */
export function checkGcc(m: Machine = machine): void {
  if (!m.find("arm-none-eabi-gcc")) {
    throw new ToolError(
      "no arm-none-eabi-gcc, which compiles the engine\n" +
        "on Debian: apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi; elsewhere: the Arm GNU Toolchain",
    );
  }
  const libc = m.output(["arm-none-eabi-gcc", "-print-file-name=libc_nano.a"])?.trim();
  // gcc answers with the bare name when it finds no such file.
  if (!libc || libc === "libc_nano.a") {
    throw new ToolError(
      "arm-none-eabi-gcc has no C library (libc_nano.a)\non Debian: apt-get install libnewlib-arm-none-eabi",
    );
  }
}
