import { spawn } from "node:child_process";
import path from "node:path";
import { stripVTControlCharacters } from "node:util";
import type { Board } from "./board.js";
import { ToolError } from "./errors.js";
import { cargoFolder, root } from "./paths.js";
import { RustTools, crateFolders, pathFlags } from "./toolchain.js";

/** What cargo made. */
export interface Built {
  /** The ELF file, or the static library. */
  readonly executable: string;
  /** Name of the crate that was built, with underscores. */
  readonly crate: string;
  /** Folders in which build scripts made static libraries, by crate. */
  readonly outputs: readonly { readonly crate: string; readonly folder: string }[];
}

/** A linker that found no room; the regions that overflowed. */
export class TooLarge extends Error {}

/** How a board's program is built. */
export interface CargoOptions {
  readonly board: Board;
  readonly image: string;
  readonly features: readonly string[];
  readonly tools: RustTools;
  /** For the build scripts. */
  readonly env: Readonly<Record<string, string>>;
  /** Hands on what cargo says. */
  readonly verbose: boolean;
  /** Told how far it is. */
  readonly progress: (what: string) => void;
}

/** The arguments for cargo. */
export function cargoArgs({ board, features, tools }: Pick<CargoOptions, "board" | "features" | "tools">): string[] {
  const flags = [...tools.flags, ...pathFlags(crateFolders(), root)];
  return [
    ...["--config", `target.${board.target}.rustflags=${JSON.stringify(flags)}`],
    ...["build", "--release", ...tools.args],
    ...["--manifest-path", path.join(board.folder, "Cargo.toml"), "--target", board.target],
    ...["--no-default-features", "--features", features.join(",")],
    ...["--target-dir", cargoFolder(), "--message-format", "json-render-diagnostics"],
  ];
}

/** "12/37: smoltcp" of the bar that cargo draws; null when a text has none. */
export function cargoPosition(text: string): string | null {
  const m = [...text.matchAll(/(\d+)\/(\d+): ([\w-]+)/g)].pop();
  return m ? `${m[1]} of ${m[2]}: ${m[3]}` : null;
}

/** Whether a linker says that a region has no room: lld, and GNU ld. */
export function saysTooLarge(text: string): boolean {
  return /will not fit in region|region `?\w+'? overflowed/.test(text);
}

interface CargoMessage {
  reason: string;
  package_id?: string;
  executable?: string | null;
  filenames?: string[];
  target?: { name: string; kind: string[] };
  out_dir?: string;
}

/** The name in a package id: "path+file:///x/name#0.1.0", "registry+…#name@1.0.0". */
export function packageName(id: string): string {
  const [url, tail = ""] = id.split("#");
  const name = tail.includes("@") ? tail.split("@")[0] : url.split("/").pop()!;
  return name.replaceAll("-", "_");
}

/**
 * Builds a board's program.
 * @throws {TooLarge} when a region has no room
 * @throws {ToolError} with the compiler's words when it cannot be built
 */
export function cargoBuild(options: CargoOptions): Promise<Built> {
  const { board, tools } = options;
  const env = {
    ...process.env,
    ...tools.env,
    ...options.env,
    G2G_IMAGE: options.image,
    // For the build script that compiles the engine.
    G2G_GCC_FLAGS: board.gcc.join(" "),
    CARGO_TERM_PROGRESS_WHEN: options.verbose ? "auto" : "always",
    CARGO_TERM_PROGRESS_WIDTH: "200",
    CARGO_TERM_COLOR: process.stderr.isTTY ? "always" : "never",
  };
  if (tools.env.RUSTUP_TOOLCHAIN === "") delete (env as Record<string, string | undefined>).RUSTUP_TOOLCHAIN;
  return new Promise((resolve, reject) => {
    const child = spawn(tools.cargo, cargoArgs(options), { env, stdio: ["ignore", "pipe", "pipe"] });
    let messages = "";
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (data: string) => (messages += data));
    child.stderr.setEncoding("utf8").on("data", (data: string) => {
      said += data;
      if (options.verbose) process.stderr.write(data);
      const at = cargoPosition(data);
      if (at) options.progress(at);
    });
    child.on("error", (error) => reject(new ToolError(`cargo does not start: ${error.message}`)));
    child.on("close", (code) => {
      if (code === 0) resolve(readMessages(messages, board));
      else if (saysTooLarge(said)) reject(new TooLarge(said));
      else
        reject(
          new ToolError(`cargo could not build ${board.name}\n${options.verbose ? "" : diagnostics(said)}`.trimEnd()),
        );
    });
  });
}

function readMessages(text: string, board: Board): Built {
  let executable = "";
  let crate = "";
  const outputs: Built["outputs"][number][] = [];
  for (const row of text.split("\n")) {
    if (!row.startsWith("{")) continue;
    const m = JSON.parse(row) as CargoMessage;
    if (m.reason === "build-script-executed" && m.out_dir && m.package_id) {
      outputs.push({ crate: packageName(m.package_id), folder: m.out_dir });
      continue;
    }
    if (m.reason !== "compiler-artifact" || !m.target) continue;
    const library = m.target.kind.includes("staticlib") ? m.filenames?.find((f) => f.endsWith(".a")) : undefined;
    const made = m.executable ?? library;
    if (made) {
      executable = made;
      crate = m.target.name.replaceAll("-", "_");
    }
  }
  if (!executable) throw new ToolError(`cargo made no program of ${board.name}`);
  return { executable, crate, outputs };
}

/** What cargo does, not what is wrong. */
const ACTIVITY = /^\s+(Compiling|Building|Fresh|Downloaded|Downloading|Updating|Locking|Adding|Blocking|Finished)\b/;

/** What cargo said, without the bars that it drew over each other and the names of what it compiled. */
export function diagnostics(text: string): string {
  return text
    .split("\n")
    .map((row) => row.slice(row.lastIndexOf("\r") + 1))
    .filter((row) => !ACTIVITY.test(stripVTControlCharacters(row)))
    .join("\n")
    .trim();
}
