import type { HostElement } from "../element.js";
import type { InputFrame } from "../host/frame.js";

/** Frames that wait for the program when max-buffers says nothing: the core's memory is bounded. */
const DEFAULT_BUFFERS = 64;

/** A frame for the program, with the caps it has. See InputFrame for its views. */
export type AppFrame = InputFrame & { readonly caps: string };

/**
 * The program's side of an appsink: an async iterator of frames, which ends with the stream. A frame and its views are the
 * program's until `frame.release()`, or until the pipeline is stopped; the pipeline waits while too many wait here.
 */
export class AppSink implements AsyncIterableIterator<AppFrame> {
  /** Frames that nobody has taken, oldest first, and those that the program holds. */
  private readonly waiting: AppFrame[] = [];
  private readonly held = new Set<AppFrame>();
  private readonly takers: ((r: IteratorResult<AppFrame>) => void)[] = [];
  private ended = false;
  private closed = false;
  private drained: (() => void) | null = null;
  private caps = "";
  private drop = false;
  private limit = DEFAULT_BUFFERS;

  /** @param name of the element */
  constructor(readonly name: string) {}

  /** The frames from the next one on. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next frame; done when the stream has ended or the pipeline has stopped. */
  next(): Promise<IteratorResult<AppFrame>> {
    return new Promise((resolve) => {
      this.takers.push(resolve);
      this.serve();
    });
  }

  /** Leaves the iteration. The stream goes on and can be iterated again. */
  return(): Promise<IteratorResult<AppFrame>> {
    return Promise.resolve({ value: undefined, done: true });
  }

  /** The element for a pipeline that starts; called by it. */
  attach(): HostElement {
    this.ended = false;
    this.closed = false;
    return {
      property: (name, value) => this.setting(name, value),
      configure: (_pad, caps) => {
        this.caps = caps;
      },
      room: () => this.drop || this.waiting.length < this.limit,
      frame: (frame) => this.take(frame),
      drain: () => this.drain(),
      flush: () => this.restart(),
      cancel: () => this.giveBack(),
      stop: () => this.detach(),
    };
  }

  /** The pipeline has ended: so do iterations, and frames are taken away. Called by it. */
  detach(): void {
    this.closed = true;
    this.giveBack();
    this.serve();
  }

  private setting(name: string, value: bigint | number | string): void {
    if (name === "drop") this.drop = Boolean(value);
    else if (name === "max-buffers") this.limit = Number(value) || DEFAULT_BUFFERS;
  }

  private take(input: InputFrame): void {
    if (this.drop && this.waiting.length >= this.limit) this.waiting.shift()!.release();
    this.waiting.push(Object.assign(input, { caps: this.caps }));
    this.serve();
  }

  private drain(): Promise<void> {
    this.ended = true;
    return new Promise((resolve) => {
      this.drained = resolve;
      this.serve();
    });
  }

  /** The stream starts anew: its end, if it had come, is void. */
  private restart(): void {
    this.ended = false;
    this.drained?.();
    this.drained = null;
    this.giveBack();
  }

  private giveBack(): void {
    for (const f of this.waiting.splice(0)) f.release();
    for (const f of this.held) f.release();
    this.held.clear();
  }

  /** Hands frames to those who wait for them. */
  private serve(): void {
    while (this.takers.length && this.waiting.length) {
      const frame = this.waiting.shift()!;
      this.held.add(frame);
      for (const f of this.held) if (f.released) this.held.delete(f);
      this.takers.shift()!({ value: frame, done: false });
    }
    if (this.waiting.length || !(this.ended || this.closed)) return;
    this.drained?.();
    this.drained = null;
    for (const take of this.takers.splice(0)) take({ value: undefined, done: true });
  }
}
