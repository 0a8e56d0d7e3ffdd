import { createSocket } from "node:dgram";
import type { Socket } from "node:dgram";
import { ToolError } from "../errors.js";
import { HEADER } from "./package.js";

/** The port at which boards take packages. */
export const UPDATE_PORT = 47200;

/** Bytes of a package in one request. */
const CHUNK = 512;

/** Time for a reply, ms, and how often a request is sent. A board verifies signatures in between. */
const PATIENCE = 1000;
const TRIES = 10;

const HELLO = 1;
const BEGIN = 2;
const DATA = 3;
const COMMIT = 4;

/** Why a board refuses: firmware/update/src/refusal.rs. */
const REFUSALS: Readonly<Record<number, string>> = {
  1: "it is no package that the board knows",
  2: "it is not signed with the key of the board",
  3: "it is for another board",
  4: "it is larger than a slot",
  5: "it needs more memory than the image on the board has",
  6: "it is not newer than what the board has; sign it with --allow-older to have it all the same",
  7: "it wants an element that the image on the board has not",
  8: "the board has another on trial",
  9: "the board's flash does not keep what is written",
  10: "what came is not what was signed",
  11: "the board has forgotten it",
  12: "the board waits after one that it refused",
};

/** Waits after one that was refused. */
const SOON = 12;
const FORGOTTEN = 11;

/** What a board says of itself. */
export interface BoardState {
  readonly board: string;
  /** Version of the last good package, 0 for what was built in. */
  readonly version: number;
  /** Slot of the last good package, and of the one on trial; 0: none. */
  readonly good: number;
  readonly trial: number;
  readonly memory: number;
  readonly arena: number;
  /** Bytes that may follow a header. */
  readonly room: number;
}

interface Reply {
  readonly status: number;
  readonly next: number;
  readonly bytes: Buffer;
}

/** Asks a board; one request at a time, each sent again until it is answered. */
export class Link {
  private readonly socket: Socket;
  private waiting: ((bytes: Buffer) => void) | null = null;

  constructor(
    private readonly host: string,
    private readonly port: number,
  ) {
    this.socket = createSocket("udp4");
    this.socket.on("message", (bytes) => this.waiting?.(bytes));
    // A port that nobody listens at is noticed by the silence.
    this.socket.on("error", () => {});
  }

  close(): void {
    this.socket.close();
  }

  /** What the board says of itself. */
  async hello(): Promise<BoardState> {
    const { bytes } = await this.ask(HELLO, 0, new Uint8Array());
    if (bytes.length < 64) throw new ToolError("the board answers what this tool does not know");
    const board = bytes.subarray(32, 64).toString("latin1").split("\0")[0];
    const [memory, arena, room] = [20, 24, 28].map((at) => bytes.readUInt32LE(at));
    return { board, version: bytes.readUInt32LE(12), good: bytes[16], trial: bytes[17], memory, arena, room };
  }

  /**
   * Brings a package over; the board starts anew then, and tries it.
   * @param progress told how many bytes are there
   * @throws {ToolError} when the board refuses it or is silent
   */
  async send(bytes: Uint8Array, progress: (done: number, all: number) => void): Promise<void> {
    const header = bytes.subarray(0, HEADER);
    const payload = bytes.subarray(HEADER);
    let next = await this.begin(header);
    for (let stuck = 0; next < payload.length;) {
      progress(next, payload.length);
      const reply = await this.ask(DATA, next, payload.subarray(next, next + CHUNK));
      if (reply.status === FORGOTTEN) next = await this.begin(header);
      else {
        this.check(reply);
        stuck = reply.next > next ? 0 : stuck + 1;
        if (stuck > TRIES) throw new ToolError("the board takes no more of the package");
        next = reply.next;
      }
    }
    progress(payload.length, payload.length);
    this.check(await this.ask(COMMIT, 0, new Uint8Array()));
  }

  private async begin(header: Uint8Array): Promise<number> {
    for (let tries = 0; ; tries++) {
      const reply = await this.ask(BEGIN, 0, header);
      if (reply.status !== SOON || tries === 3) {
        this.check(reply);
        return reply.next;
      }
      await new Promise((resolve) => setTimeout(resolve, PATIENCE));
    }
  }

  private check({ status }: Reply): void {
    if (status) throw new ToolError(`the board refuses the package: ${REFUSALS[status] ?? `reason ${status}`}`);
  }

  private async ask(kind: number, offset: number, bytes: Uint8Array): Promise<Reply> {
    const request = Buffer.alloc(12 + bytes.length);
    request.write("G2GU", 0, "latin1");
    request[4] = kind;
    request.writeUInt32LE(offset, 8);
    request.set(bytes, 12);
    for (let tries = 0; tries < TRIES; tries++) {
      const reply = await this.once(request, kind);
      if (reply) return reply;
    }
    throw new ToolError(
      `no answer from ${this.host}:${this.port}\nis the image built with --updatable, and does it run?`,
    );
  }

  private once(request: Buffer, kind: number): Promise<Reply | null> {
    return new Promise((resolve) => {
      const end = (reply: Reply | null): void => {
        clearTimeout(timer);
        this.waiting = null;
        resolve(reply);
      };
      const timer = setTimeout(() => end(null), PATIENCE);
      this.waiting = (bytes) => {
        if (bytes.length < 12 || bytes.toString("latin1", 0, 4) !== "G2GV" || bytes[4] !== kind) return;
        end({ status: bytes[5], next: bytes.readUInt32LE(8), bytes });
      };
      this.socket.send(request, this.port, this.host);
    });
  }
}
