import type { Message } from "./core/messages.js";

/** Messages that are kept for an iterator that is slow, or for the first one; older ones are dropped. */
const MAX_WAITING = 4096;

/** One reader of the bus. */
class Subscription implements AsyncIterator<Message> {
  readonly waiting: Message[] = [];
  private wake: ((r: IteratorResult<Message>) => void) | null = null;

  constructor(
    private readonly bus: Bus,
    public over: boolean,
  ) {}

  push(m: Message): void {
    const wake = this.wake;
    this.wake = null;
    if (wake) wake({ value: m, done: false });
    else {
      if (this.waiting.length === MAX_WAITING) this.waiting.shift();
      this.waiting.push(m);
    }
  }

  finish(): void {
    this.over = true;
    this.wake?.({ value: undefined, done: true });
    this.wake = null;
  }

  next(): Promise<IteratorResult<Message>> {
    const m = this.waiting.shift();
    if (m) return Promise.resolve({ value: m, done: false });
    if (this.over) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => (this.wake = resolve));
  }

  return(): Promise<IteratorResult<Message>> {
    this.bus.drop(this);
    this.finish();
    return Promise.resolve({ value: undefined, done: true });
  }
}

/**
 * The messages of a pipeline. Each iteration gets those from its start on; the first one also those that came before it.
 * It ends when the pipeline has ended or is closed, and can be begun again after that.
 */
export class Bus implements AsyncIterable<Message> {
  private readonly readers = new Set<Subscription>();
  private readonly early: Message[] = [];
  private read = false;
  private over = false;

  /** Begins an iteration. */
  [Symbol.asyncIterator](): AsyncIterator<Message> {
    const s = new Subscription(this, this.over);
    if (!this.read) s.waiting.push(...this.early.splice(0));
    this.read = true;
    if (!this.over) this.readers.add(s);
    return s;
  }

  /** Hands a message to all readers. */
  push(m: Message): void {
    for (const r of this.readers) r.push(m);
    if (this.read) return;
    if (this.early.length === MAX_WAITING) this.early.shift();
    this.early.push(m);
  }

  /** Ends all iterations: nothing more will come until `reopen`. */
  finish(): void {
    this.over = true;
    for (const r of this.readers) r.finish();
    this.readers.clear();
  }

  /** The pipeline has been started anew. */
  reopen(): void {
    this.over = false;
  }

  /** Forgets a reader. */
  drop(s: Subscription): void {
    this.readers.delete(s);
  }
}
