import { HostFault } from "../core/errors.js";
import type { DataInfo, ElementContext, HostElement } from "../element.js";

/** Something that waits for its turn: a frame for a credit, caps for those before them to be settled. */
interface Waiting {
  data?: Uint8Array;
  info?: DataInfo;
  /** Caps to set, or null for those that the property has been set to. */
  caps?: string | null;
  done: () => void;
  failed: (error: Error) => void;
}

/** The property caps of the element. */
export interface CapsProperty {
  /** Its value. */
  get(): string;
  /** Sets it; it throws when the text is no caps. */
  set(caps: string): void;
}

/**
 * The program's side of an appsrc. Frames go into the core as it has room for them; a push that is awaited is the
 * back-pressure.
 */
export class AppSrc {
  private context: ElementContext | null = null;
  private readonly waiting: Waiting[] = [];
  private waitingBytes = 0;
  private block = false;
  private maxBytes = 0;
  private maxBuffers = 0;
  private ended = false;
  /** New caps have been told, and the core has not settled them yet. */
  private settling = false;
  /** Announcements of the property caps that need no answer: the one at the start, and those that are our doing. */
  private known = 1;

  /**
   * @param name of the element
   * @param property its property caps
   */
  constructor(
    readonly name: string,
    private readonly property: CapsProperty,
  ) {}

  /**
   * Gives a frame.
   * @param data its bytes; they are the pipeline's until the promise settles, and may be changed again then
   * @param info times in ns and flags
   * @returns settles when the core has taken the bytes. It rejects after the end, when the pipeline ends before, and, unless
   *   the property `block` is set, when more than `max-bytes` or `max-buffers` wait already
   */
  push(data: Uint8Array, info: DataInfo = {}): Promise<void> {
    if (this.ended) return Promise.reject(new HostFault(`${this.name}: push after the end`));
    if (!this.waiting.length && this.context?.data(0, data, info)) return Promise.resolve();
    if (!this.block && this.isFull()) {
      return Promise.reject(new HostFault(`${this.name}: ${this.waitingBytes} bytes wait already; await the pushes`));
    }
    this.waitingBytes += data.length;
    return new Promise((done, failed) => this.waiting.push({ data, info, done, failed }));
  }

  /**
   * Tells what the frames that are pushed from now on are.
   * @returns settles when all frames before have been taken. It rejects when the text is no caps
   */
  setCaps(caps: string): Promise<void> {
    return new Promise((done, failed) => {
      this.waiting.push({ caps, done, failed });
      this.serve();
    });
  }

  /** Ends the stream behind what has been pushed. */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.serve();
  }

  /** The element for a pipeline that starts; called by it. */
  attach(context: ElementContext): HostElement {
    this.context = context;
    this.known = 1;
    this.settling = false;
    return {
      property: (name, value) => this.setting(name, value),
      configure: () => {
        this.settling = false;
        this.serve();
      },
      credit: () => this.serve(),
      flush: () => this.drop("the stream was flushed"),
      stop: () => this.detach(),
    };
  }

  /** The pipeline has ended: pushes that wait are rejected. Called by it. */
  detach(): void {
    this.context = null;
    this.ended = false;
    this.drop("the pipeline has stopped");
  }

  /** Rejects everything that waits. Called by the pipeline when it has ended. */
  drop(why: string): void {
    for (const w of this.waiting.splice(0)) w.failed(new HostFault(`${this.name}: ${why}`));
    this.waitingBytes = 0;
  }

  private setting(name: string, value: bigint | number | string): void {
    if (name === "block") this.block = Boolean(value);
    else if (name === "max-bytes") this.maxBytes = Number(value);
    else if (name === "max-buffers") this.maxBuffers = Number(value);
    else if (name !== "caps") return;
    else if (this.known) this.known--;
    else {
      this.waiting.push({ caps: null, done: () => {}, failed: () => {} });
      this.serve();
    }
  }

  /** Does what waits, in order, as far as it can be done now. */
  private serve(): void {
    while (this.waiting.length) {
      const w = this.waiting[0];
      try {
        if (!(w.data ? this.context?.data(0, w.data, w.info) : this.announce(w.caps ?? null))) return;
      } catch (error) {
        this.waiting.shift();
        w.failed(error as Error);
        continue;
      }
      this.waiting.shift();
      this.waitingBytes -= w.data?.length ?? 0;
      w.done();
    }
    if (this.ended) this.context?.end(0);
  }

  /** Sets caps and tells them; false when those before are not settled yet. */
  private announce(caps: string | null): boolean {
    if (this.settling) return false;
    if (caps !== null) this.property.set(caps);
    // Before the start, what the property says is settled then.
    if (!this.context) return true;
    if (caps !== null) this.known++;
    this.context.caps(0, this.property.get());
    this.settling = true;
    return true;
  }

  private isFull(): boolean {
    if (this.maxBytes && this.waitingBytes >= this.maxBytes) return true;
    return this.maxBuffers > 0 && this.waiting.length >= this.maxBuffers;
  }
}
