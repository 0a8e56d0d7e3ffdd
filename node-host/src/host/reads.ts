import fs from "node:fs";
import { HostError } from "../generated/abi.js";
import { hostErrorOf } from "./errno.js";
import type { IdleWork, ResourceHost } from "./resource.js";

/**
 * A read that took longer than this (ms for a MiB, and for less) came from a device and not from the system's cache, and the
 * reads behind it are all left to threads: FIRST_ASYNC of them, and twice as many each time that the next one is slow again.
 */
const SLOW = 2;
const FIRST_ASYNC = 16;
const MAX_ASYNC = 1024;

/** Transfers that threads work on at once: Node has as many threads for them unless it is told otherwise. */
const THREADS = 4;

/** Bytes that fs can move with one call. */
const MAX_IO = 0x7ffff000;

/** A read that was submitted. */
interface Read {
  ptr: number;
  length: number;
  /** Offset in the file. */
  at: number;
  token: number;
}

/**
 * The reads of a file. Threads do them while the core works on what is there. Those that find no thread free wait, and are
 * done at once when the core has nothing left to do: what lies in the system's cache is only a copy away.
 */
export class FileReads implements IdleWork {
  /** Reads that wait for a thread or for the core to be idle, oldest first. */
  private readonly waiting: Read[] = [];
  /** The first read is done at once: without it there is nothing to do meanwhile. */
  private begun = false;
  /** Reads that are all left to threads before one is tried at once, and how many after the next slow one. */
  private threaded = 0;
  private nextThreaded = FIRST_ASYNC;

  constructor(
    private readonly host: ResourceHost,
    private readonly fd: number,
  ) {}

  /** Begins a read; its result, or Pending. It throws what fs throws. */
  submit(read: Read): number {
    this.host.traffic.reads++;
    if (!this.begun) {
      this.begun = true;
      return this.readNow(read);
    }
    if (this.threaded || this.host.traffic.inFlight < THREADS) {
      if (this.threaded) this.threaded--;
      this.leave(read);
    } else {
      this.waiting.push(read);
      this.host.idleWork.add(this);
    }
    return HostError.Pending;
  }

  /** Ends a read that has not begun. */
  cancel(token: number): void {
    const i = this.waiting.findIndex((read) => read.token === token);
    if (i < 0) return;
    this.waiting.splice(i, 1);
    if (!this.waiting.length) this.host.idleWork.delete(this);
    this.host.complete(token, HostError.Cancelled);
  }

  perform(): boolean {
    const read = this.take();
    if (!read) return false;
    let result: number;
    try {
      result = this.readNow(read);
    } catch (error) {
      result = hostErrorOf(error);
    }
    this.host.complete(read.token, result);
    return true;
  }

  private take(): Read | undefined {
    const read = this.waiting.shift();
    if (!this.waiting.length) this.host.idleWork.delete(this);
    return read;
  }

  /** Reads in this thread until all is there or the file has ended. */
  private readNow({ ptr, length, at }: Read): number {
    const started = performance.now();
    let done = 0;
    while (done < length) {
      const n = fs.readSync(this.fd, this.host.u8, ptr + done, Math.min(length - done, MAX_IO), at + done);
      if (!n) break;
      done += n;
    }
    this.host.traffic.readBytes += done;
    if (performance.now() - started > SLOW * Math.max(length / 2 ** 20, 1)) {
      this.threaded = this.nextThreaded;
      this.nextThreaded = Math.min(2 * this.nextThreaded, MAX_ASYNC);
    } else this.nextThreaded = FIRST_ASYNC;
    return done;
  }

  /** Has a thread read until all is there or the file has ended, and then do the read that waits longest. */
  private leave({ ptr, length, at, token }: Read): void {
    const { host } = this;
    host.traffic.inFlight++;
    const finish = (result: number): void => {
      host.traffic.inFlight--;
      const next = this.take();
      if (next) this.leave(next);
      host.complete(token, result);
    };
    const readFrom = (done: number): void => {
      fs.read(this.fd, host.u8, ptr + done, Math.min(length - done, MAX_IO), at + done, (error, n) => {
        if (error) {
          finish(hostErrorOf(error));
          return;
        }
        host.traffic.readBytes += n;
        if (n && done + n < length) readFrom(done + n);
        else finish(done + n);
      });
    };
    readFrom(0);
  }
}
