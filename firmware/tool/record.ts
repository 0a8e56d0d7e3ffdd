import { createSocket } from "node:dgram";
import { closeSync, createReadStream, existsSync, openSync, readFileSync, readSync } from "node:fs";
import { spawnSync } from "node:child_process";
import path from "node:path";
import type { Board } from "./board.js";
import { ToolError, usage } from "./errors.js";
import { isPort } from "./number.js";
import { findProgram } from "./paths.js";
import { Collected, Collector } from "./recording/collector.js";
import { SerialPackets, readPacket } from "./recording/packet.js";
import { strip } from "./seal.js";
import { put, rustText } from "./write.js";

/** Where a recording comes from. */
export type RecordingSource =
  | { readonly kind: "udp"; readonly port: number }
  | { readonly kind: "serial"; readonly device: string; readonly baud: number }
  /** A file that grows, into which an emulator writes what its serial line sends. */
  | { readonly kind: "file"; readonly file: string };

/** Time between two looks at a file that grows, ms. */
const LOOK = 50;

/** Time for packets that are on their way when the board has ended, ms. */
const LINGER = 300;

/** The port of this machine to which boards send recordings, unless another is said. */
export const RECORD_PORT = 47100;

/**
 * Reads "PORT" for datagrams, "DEVICE" or "DEVICE:BAUD" for a serial line.
 * @throws {ToolError} when it is neither
 */
export function parseSource(text: string): RecordingSource {
  if (/^\d+$/.test(text)) {
    const port = Number(text);
    if (!isPort(port)) throw usage(`--from takes a port or a serial device, not "${text}"`);
    return { kind: "udp", port };
  }
  const [, device, baud] = /^(.+?)(?::(\d{3,8}))?$/.exec(text) ?? [];
  if (!device?.includes("/"))
    throw usage(`--from takes a port or a serial device, such as /dev/ttyACM0:921600, not "${text}"`);
  return { kind: "serial", device, baud: Number(baud ?? 115200) };
}

/** How a recording is taken. */
export interface RecordOptions {
  /** The recording that is written. */
  readonly to: string;
  readonly source: RecordingSource;
  /** Ends it: the board has ended, or nobody wants more. */
  readonly stop: AbortSignal;
  /** Told how many packets came. */
  readonly progress?: (packets: number) => void;
  /** Called when nothing that comes is missed any more. */
  readonly ready?: () => void;
}

/** Where the image of a build sends its recording, and which of its inputs are recorded by hashes. */
export interface RecordTarget {
  /** An IPv4 address. */
  readonly host: string;
  readonly port: number;
  /** Names of element instances that give the same bytes again. */
  readonly reproducible: readonly string[];
}

/**
 * Reads "HOST", "HOST:PORT", or "gateway" for the board's gateway, which is this machine where the board is emulated.
 * @throws {ToolError} when it is none of them, or the board has no network
 */
export function parseTarget(board: Board, text: string, reproducible: readonly string[] = []): RecordTarget {
  const gateway = board.network?.gateway;
  if (!gateway) throw usage(`${board.name} has no network to send a recording over`);
  const m = /^(\d{1,3}(?:\.\d{1,3}){3})(?::(\d{1,5}))?$/.exec(text === "gateway" ? gateway : text);
  const port = Number(m?.[2] ?? RECORD_PORT);
  if (!m || m[1].split(".").some((n) => Number(n) > 255) || !isPort(port)) {
    throw usage(`--record takes "gateway" or an IPv4 address, with a port or without, not "${text}"`);
  }
  return { host: m[1], port, reproducible };
}

/** Writes record.rs, which the board's program includes. */
export function writeTarget(folder: string, { host, port, reproducible }: RecordTarget): void {
  const names = reproducible.map((name) => rustText(name)).join(", ");
  const text =
    `pub static SETTINGS: g2g_recorder::Settings = g2g_recorder::Settings { reproducible: &[${names}] };\n` +
    `pub const TO: ([u8; 4], u16) = ([${host.split(".").map(Number).join(", ")}], ${port});\n`;
  put(path.join(folder, "record.rs"), text);
}

/**
 * Collects what a board sends until it ends or the signal is given.
 * @param folder of the image that the board runs
 * @throws {ToolError} when there is no source, or the board runs another image
 */
export async function collectRecording(folder: string, options: RecordOptions): Promise<Collected & { late: boolean }> {
  const module = strip(readFileSync(path.join(folder, "core.wasm")));
  const collector = new Collector(options.to, module);
  try {
    await listen(options.source, collector, options);
  } finally {
    collector.finish();
  }
  return { ...collector.finish(), late: collector.late };
}

function listen(source: RecordingSource, collector: Collector, options: RecordOptions): Promise<void> {
  switch (source.kind) {
    case "udp":
      return listenUdp(source.port, collector, options);
    case "serial":
      return listenSerial(source.device, source.baud, collector, options);
    case "file":
      return followFile(source.file, collector, options);
  }
}

function listenUdp(port: number, collector: Collector, { stop, progress, ready }: RecordOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({ type: "udp4", reuseAddr: true });
    let done = false;
    const end = (error?: Error): void => {
      if (done) return;
      done = true;
      socket.close();
      if (error) reject(error);
      else resolve();
    };
    socket.on("error", (e) => end(new ToolError(`port ${port} cannot be listened at: ${e.message}`)));
    socket.on("message", (bytes) => {
      const packet = readPacket(bytes);
      if (!packet) return;
      try {
        collector.add(packet);
      } catch (error) {
        end(error as Error);
      }
      progress?.(collector.taken);
      if (collector.over) end();
    });
    socket.bind(port, ready);
    const later = (): void => void setTimeout(() => end(), LINGER);
    if (stop.aborted) later();
    else stop.addEventListener("abort", later, { once: true });
  });
}

/** Takes bytes of a serial line in. */
function feed(packets: SerialPackets, bytes: Uint8Array, collector: Collector): void {
  for (const packet of packets.add(bytes)) collector.add(packet);
}

async function listenSerial(device: string, baud: number, collector: Collector, options: RecordOptions): Promise<void> {
  if (!existsSync(device)) throw new ToolError(`there is no ${device}`);
  const stty = findProgram("stty");
  if (!stty) throw new ToolError("no stty on the PATH, which sets the speed of a serial line");
  const { status, stderr } = spawnSync(stty, ["-F", device, String(baud), "raw", "-echo"], { encoding: "utf8" });
  if (status !== 0) throw new ToolError(`${device} cannot be set to ${baud} baud: ${stderr.trim()}`);
  const packets = new SerialPackets();
  const stream = createReadStream(device);
  options.ready?.();
  const end = (): void => void stream.destroy();
  options.stop.addEventListener("abort", end, { once: true });
  try {
    for await (const bytes of stream) {
      feed(packets, bytes as Buffer, collector);
      options.progress?.(collector.taken);
      if (collector.over) break;
    }
  } catch (error) {
    if (error instanceof ToolError) throw error;
    if (!options.stop.aborted) throw new ToolError(`${device} cannot be read: ${(error as Error).message}`);
  }
}

async function followFile(file: string, collector: Collector, { stop, progress, ready }: RecordOptions): Promise<void> {
  const packets = new SerialPackets();
  const buffer = Buffer.alloc(65536);
  ready?.();
  let fd = -1;
  try {
    for (let last = false; ;) {
      if (fd < 0 && existsSync(file)) fd = openSync(file, "r");
      for (let n; fd >= 0 && (n = readSync(fd, buffer));) feed(packets, buffer.subarray(0, n), collector);
      progress?.(collector.taken);
      if (collector.over || last) return;
      // What was written before the end is read once more.
      last = stop.aborted;
      if (!last) await new Promise((resolve) => setTimeout(resolve, LOOK));
    }
  } finally {
    if (fd >= 0) closeSync(fd);
  }
}
