import fs from "node:fs";
import type { Socket, SocketConstructorOpts } from "node:net";
import { HostError, Op } from "../generated/abi.js";
import { net } from "../lazy.js";
import { hostErrorOf } from "./errno.js";
import { stretches } from "./files.js";
import { Resource, ResourceHost } from "./resource.js";

/**
 * Pipes, sockets, terminals and devices: bytes one after the other, without a size. Pipes and sockets are waited for by the
 * event loop, not by a thread, which nobody could call back from a read that never ends.
 */

/** Bytes that are taken out of a pipe at once. */
const CHUNK = 1 << 18;

/** Answers what streams and files share: a stream has no size and nothing to sync. */
function common(host: ResourceHost, op: number, ptr: number): number {
  switch (op) {
    case Op.Size:
      host.view.setBigInt64(ptr, -1n, true);
      return 0;
    case Op.Sync:
      return 0;
    default:
      return HostError.Unsupported;
  }
}

/** Whether the event loop can wait for a descriptor. */
function isPollable(fd: number): boolean {
  const stat = fs.fstatSync(fd);
  return stat.isFIFO() || stat.isSocket();
}

/** A source of bytes one after the other. One read is in flight at a time. */
export class ReadStream implements Resource {
  private readonly chunk = new Uint8Array(CHUNK);
  /** Bytes of the chunk that nobody has asked for yet. */
  private from = 0;
  private to = 0;
  private result = 1;
  private token = 0;
  private ptr = 0;
  private length = 0;
  private pending = false;
  /** A device is being read by a thread. */
  private reading = false;
  private closed = false;
  private socket: Socket | null = null;

  /** @param fd descriptor, or -1 while a pipe is being opened */
  constructor(
    private readonly host: ResourceHost,
    private fd: number,
    private readonly owned: boolean,
  ) {
    if (fd >= 0) this.attach(fd);
  }

  /** Begins with a descriptor that has become open. */
  attach(fd: number): void {
    this.fd = fd;
    if (!isPollable(fd)) {
      if (this.pending) this.readDevice();
      return;
    }
    const socket = new (net().Socket)({
      fd,
      readable: true,
      writable: false,
      onread: { buffer: this.chunk, callback: (n: number) => this.arrived(n) },
    } as SocketConstructorOpts);
    this.socket = socket;
    socket.on("error", (error) => this.ended(hostErrorOf(error)));
    socket.on("end", () => this.ended(0));
    if (this.pending) socket.resume();
    else socket.pause();
  }

  /** Ends with an error, for a pipe that could not be opened. */
  ended(result: number): void {
    this.result = result;
    this.serve();
  }

  submit(op: number, ptr: number, length: number, _aux: bigint, token: number): number {
    if (op !== Op.Read) return common(this.host, op, ptr);
    if (this.pending) return HostError.Busy;
    this.host.traffic.reads++;
    if (this.to > this.from) return this.take(ptr, length);
    if (this.result <= 0) return this.result;
    this.pending = true;
    this.token = token;
    this.ptr = ptr;
    this.length = length;
    if (this.socket) this.socket.resume();
    else if (this.fd >= 0) this.readDevice();
    return HostError.Pending;
  }

  cancel(token: number): void {
    if (this.pending && token === this.token) this.finish(HostError.Cancelled);
  }

  close(): void {
    this.closed = true;
    if (this.socket) {
      // A descriptor of the process stays open.
      if (this.owned) this.socket.destroy();
      else this.socket.pause().unref();
    } else if (this.owned && this.fd >= 0 && !this.reading) fs.closeSync(this.fd);
  }

  private arrived(n: number): boolean {
    this.from = 0;
    this.to = n;
    this.serve();
    return this.from === this.to;
  }

  /** Reads from a device, into memory of our own: a thread that is in the read cannot be called back. */
  private readDevice(): void {
    if (this.reading) return;
    this.reading = true;
    fs.read(this.fd, this.chunk, 0, CHUNK, null, (error, n) => {
      this.reading = false;
      if (this.closed) {
        if (this.owned) fs.closeSync(this.fd);
      } else if (error) this.ended(hostErrorOf(error));
      else if (!n) this.ended(0);
      else this.arrived(n);
    });
  }

  /** Answers the read that waits, if there is one. */
  private serve(): void {
    if (!this.pending) return;
    if (this.to > this.from) this.finish(this.take(this.ptr, this.length));
    else if (this.result <= 0) this.finish(this.result);
  }

  private finish(result: number): void {
    this.pending = false;
    this.socket?.pause();
    this.host.complete(this.token, result);
  }

  private take(ptr: number, length: number): number {
    const n = Math.min(length, this.to - this.from);
    this.host.u8.set(this.chunk.subarray(this.from, this.from + n), ptr);
    this.from += n;
    this.host.traffic.readBytes += n;
    return n;
  }
}

/** A sink of bytes one after the other. */
export class WriteStream implements Resource {
  private socket: Socket | null = null;
  /** Writes that are not done, oldest first, and what they are made of. */
  private readonly queue: { token: number; parts: Uint8Array[]; size: number; started: boolean }[] = [];
  private error = 0;

  /** @param fd descriptor, or -1 while a pipe is being opened */
  constructor(
    private readonly host: ResourceHost,
    private fd: number,
    private readonly owned: boolean,
  ) {
    if (fd >= 0) this.attach(fd);
  }

  /** Begins with a descriptor that has become open. */
  attach(fd: number): void {
    this.fd = fd;
    if (isPollable(fd)) {
      this.socket = new (net().Socket)({ fd, readable: false, writable: true });
      this.socket.on("error", (error) => this.failed(hostErrorOf(error)));
    }
    for (const w of this.queue) this.start(w);
  }

  /** Fails everything that waits and whatever comes. */
  failed(error: number): void {
    this.error = error;
    for (const w of this.queue.splice(0)) this.host.complete(w.token, error);
  }

  submit(op: number, ptr: number, count: number, _aux: bigint, token: number): number {
    if (op === Op.Truncate) return 0;
    if (op !== Op.Write) return common(this.host, op, ptr);
    if (this.error) return this.error;
    this.host.traffic.writes++;
    const { parts, size } = stretches(this.host, ptr, count);
    const w = { token, parts, size, started: false };
    this.queue.push(w);
    if (this.fd >= 0) this.start(w);
    return HostError.Pending;
  }

  /** A write that nobody takes ends with the pipe. */
  cancel(token: number): void {
    if (!this.queue.some((w) => w.token === token)) return;
    this.socket?.destroy();
    this.failed(HostError.Cancelled);
  }

  close(): void {
    if (!this.owned) this.socket?.unref();
    else if (this.socket) this.socket.destroy();
    else if (this.fd >= 0) fs.closeSync(this.fd);
  }

  private start(w: { token: number; parts: Uint8Array[]; size: number; started: boolean }): void {
    if (w.started) return;
    w.started = true;
    const done = (error?: Error | null): void => {
      const i = this.queue.indexOf(w);
      if (i < 0) return;
      this.queue.splice(i, 1);
      if (!error) this.host.traffic.writtenBytes += w.size;
      this.host.complete(w.token, error ? hostErrorOf(error) : w.size);
    };
    const socket = this.socket;
    if (!socket) {
      writeDevice(this.fd, w.parts, done);
      return;
    }
    socket.cork();
    w.parts.forEach((p, i) => socket.write(p, i === w.parts.length - 1 ? done : undefined));
    if (!w.parts.length) setImmediate(done);
    socket.uncork();
  }
}

/** Writes to a terminal or another device, which takes what it gets. */
function writeDevice(fd: number, parts: Uint8Array[], done: (error?: Error | null) => void): void {
  let i = 0;
  let from = 0;
  const next = (): void => {
    if (i === parts.length) {
      done();
      return;
    }
    fs.write(fd, parts[i], from, parts[i].length - from, null, (error, n) => {
      if (error && error.code !== "EAGAIN") {
        done(error);
        return;
      }
      from += n ?? 0;
      if (from === parts[i].length) {
        i++;
        from = 0;
      }
      // A terminal that another process has made non-blocking is asked again a little later.
      if (error) setTimeout(next, 1);
      else next();
    });
  };
  next();
}

/**
 * Opens a named pipe. That waits for its other end, so it is left to a thread, and reads and writes wait for it.
 */
export function openFifo(host: ResourceHost, path: string, reads: boolean): Resource {
  const stream = reads ? new ReadStream(host, -1, true) : new WriteStream(host, -1, true);
  return new Fifo(stream, path, reads);
}

class Fifo implements Resource {
  private opening = true;
  private closed = false;

  constructor(
    private readonly stream: ReadStream | WriteStream,
    private readonly path: string,
    private readonly reads: boolean,
  ) {
    fs.open(path, reads ? "r" : "w", (error, fd) => {
      this.opening = false;
      if (this.closed) {
        if (!error) fs.closeSync(fd);
      } else if (!error) stream.attach(fd);
      else if (stream instanceof ReadStream) stream.ended(hostErrorOf(error));
      else stream.failed(hostErrorOf(error));
    });
  }

  submit(op: number, ptr: number, length: number, aux: bigint, token: number): number {
    return this.stream.submit(op, ptr, length, aux, token);
  }

  cancel(token: number): void {
    this.stream.cancel(token);
  }

  close(): void {
    this.closed = true;
    if (!this.opening) {
      this.stream.close();
      return;
    }
    // The thread waits for the other end, which we are for a moment.
    const c = fs.constants;
    try {
      fs.closeSync(fs.openSync(this.path, (this.reads ? c.O_WRONLY : c.O_RDONLY) | c.O_NONBLOCK));
    } catch {
      // Its other end has come, or the pipe is gone.
    }
  }
}
