import fs from "node:fs";
import { HostError, Op, OpenKind } from "../generated/abi.js";
import { hostErrorOf } from "./errno.js";
import { FileReads } from "./reads.js";
import { Resource, ResourceHost } from "./resource.js";
import { ReadStream, WriteStream, openFifo } from "./streams.js";

/** The descriptor that a path stands for: `-` and /dev/stdin, /dev/stdout, /dev/fd/N; -1 for a real path. */
function descriptorOf(path: string, kind: OpenKind): number {
  if (path === "-") return kind === OpenKind.FileRead ? 0 : 1;
  if (path === "/dev/stdin") return 0;
  if (path === "/dev/stdout") return 1;
  if (path === "/dev/stderr") return 2;
  const m = /^\/dev\/fd\/(\d{1,9})$/.exec(path);
  return m ? Number(m[1]) : -1;
}

/** Opens a file for one of the File kinds; a resource, or a negative HostError. */
export function openFile(host: ResourceHost, kind: OpenKind, path: string): Resource | number {
  try {
    const reads = kind === OpenKind.FileRead;
    const given = descriptorOf(path, kind);
    if (given >= 0) return openDescriptor(host, kind, given);
    if (fs.statSync(path, { throwIfNoEntry: false })?.isFIFO()) return openFifo(host, path, reads);
    const fd = fs.openSync(path, flagsOf(kind, path), 0o666);
    const stat = fs.fstatSync(fd);
    if (stat.isDirectory()) {
      fs.closeSync(fd);
      return HostError.IsDirectory;
    }
    if (stat.isFile()) return new RegularFile(host, fd, kind, stat.size, true);
    return reads ? new ReadStream(host, fd, true) : new WriteStream(host, fd, true);
  } catch (error) {
    return hostErrorOf(error);
  }
}

/** Takes a descriptor of the process. A pipe is opened anew, so that neither its mode nor its end is the process's. */
function openDescriptor(host: ResourceHost, kind: OpenKind, fd: number): Resource {
  const reads = kind === OpenKind.FileRead;
  const stat = fs.fstatSync(fd);
  if (stat.isFile()) return new RegularFile(host, fd, kind, stat.size, false);
  let own = -1;
  try {
    if (stat.isFIFO()) own = fs.openSync(`/dev/fd/${fd}`, reads ? "r" : "w");
  } catch {
    // A system where a descriptor has no path.
  }
  return reads
    ? new ReadStream(host, own < 0 ? fd : own, own >= 0)
    : new WriteStream(host, own < 0 ? fd : own, own >= 0);
}

/** Flags to open with. What is written can be read too, if permissions let it: a muxer may move what it has written. */
function flagsOf(kind: OpenKind, path: string): number {
  const c = fs.constants;
  if (kind === OpenKind.FileRead) return c.O_RDONLY;
  const flags = c.O_CREAT | (kind === OpenKind.FileWrite ? c.O_TRUNC : 0);
  try {
    fs.accessSync(path, c.R_OK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EACCES") return flags | c.O_WRONLY;
  }
  return flags | c.O_RDWR;
}

/** A file that can be read and written anywhere. */
class RegularFile implements Resource {
  private readonly reads: FileReads;
  /** Whether it is only read. */
  private readonly readOnly: boolean;
  /** Where the file begins for the core: behind what others have written to a descriptor of the process. */
  private readonly base: number;
  /** Where an operation without an offset goes. */
  private next = 0;

  constructor(
    private readonly host: ResourceHost,
    private readonly fd: number,
    kind: OpenKind,
    size: number,
    /** Whether closing the handle closes the descriptor. */
    private readonly owned: boolean,
  ) {
    this.reads = new FileReads(host, fd);
    this.readOnly = kind === OpenKind.FileRead;
    this.base = owned || this.readOnly ? 0 : size;
    if (this.readOnly) host.traffic.inputBytes += size;
  }

  submit(op: number, ptr: number, length: number, aux: bigint, token: number): number {
    try {
      switch (op) {
        case Op.Read:
          return this.reads.submit({ ptr, length, at: this.place(aux, length), token });
        case Op.Write:
          return this.readOnly ? HostError.Denied : this.write(ptr, length, aux, token);
        case Op.Size:
          this.host.view.setBigInt64(ptr, BigInt(fs.fstatSync(this.fd).size - this.base), true);
          return 0;
        case Op.Truncate:
          fs.ftruncateSync(this.fd, this.base + Number(aux));
          return 0;
        case Op.Sync:
          this.host.traffic.inFlight++;
          fs.fdatasync(this.fd, (error) => this.finish(token, error ? hostErrorOf(error) : 0));
          return HostError.Pending;
        default:
          return HostError.Unsupported;
      }
    } catch (error) {
      return hostErrorOf(error);
    }
  }

  /** Transfers that have begun end by themselves, and soon. */
  cancel(token: number): void {
    this.reads.cancel(token);
  }

  close(): void {
    if (this.owned) fs.closeSync(this.fd);
  }

  private finish(token: number, result: number): void {
    this.host.traffic.inFlight--;
    this.host.complete(token, result);
  }

  private place(aux: bigint, length: number): number {
    if (aux >= 0n) return this.base + Number(aux);
    const at = this.next;
    this.next += length;
    return this.base + at;
  }

  private write(ptr: number, count: number, aux: bigint, token: number): number {
    const { parts, size } = stretches(this.host, ptr, count);
    this.host.traffic.writes++;
    this.host.traffic.inFlight++;
    this.writeOn(parts, size, this.place(aux, size), token);
    return HostError.Pending;
  }

  /** Writes until all is written. */
  private writeOn(parts: Uint8Array[], size: number, at: number, token: number): void {
    let done = 0;
    const again = (error: NodeJS.ErrnoException | null, n: number): void => {
      if (error) {
        this.finish(token, hostErrorOf(error));
        return;
      }
      this.host.traffic.writtenBytes += n;
      done += n;
      if (done === size) {
        this.finish(token, size);
        return;
      }
      // A disk that takes less than asked for without an error says why the next time.
      parts = behind(parts, n);
      next();
    };
    const next = (): void => {
      if (parts.length === 1) fs.write(this.fd, parts[0], 0, parts[0].length, at + done, again);
      else fs.writev(this.fd, parts, at + done, again);
    };
    next();
  }
}

/** The stretches of a Write, those that lie one behind the other joined. The views are on the core's memory. */
export function stretches(host: ResourceHost, ptr: number, count: number): { parts: Uint8Array[]; size: number } {
  const parts: Uint8Array[] = [];
  let size = 0;
  let from = 0;
  let to = 0;
  for (let i = 0; i < count; i++) {
    const address = host.view.getUint32(ptr + 8 * i, true);
    const length = host.view.getUint32(ptr + 8 * i + 4, true);
    size += length;
    if (address === to) {
      to += length;
      continue;
    }
    if (to > from) parts.push(host.u8.subarray(from, to));
    from = address;
    to = address + length;
  }
  if (to > from) parts.push(host.u8.subarray(from, to));
  return { parts, size };
}

/** What is left of parts without their first n bytes. */
function behind(parts: Uint8Array[], n: number): Uint8Array[] {
  const out: Uint8Array[] = [];
  for (const p of parts) {
    if (n >= p.length) {
      n -= p.length;
      continue;
    }
    out.push(n ? p.subarray(n) : p);
    n = 0;
  }
  return out;
}
