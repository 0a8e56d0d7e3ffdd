/** Time between two looks at a line that says how long something takes, ms. */
const INTERVAL = 500;

/** Tells on stderr which of several steps is done: on a terminal in one line, else a line for each step. */
export class Steps {
  private number = 0;
  private text = "";
  private detail = "";
  private start = 0;
  private timer: NodeJS.Timeout | null = null;

  /**
   * @param count how many steps there are
   * @param stream where to write
   */
  constructor(
    private readonly count: number,
    private readonly stream: NodeJS.WriteStream = process.stderr,
  ) {}

  /** The next step begins. */
  next(text: string): void {
    this.settle();
    this.number++;
    this.text = text;
    this.detail = "";
    this.start = Date.now();
    if (this.stream.isTTY) {
      this.timer = setInterval(() => this.draw(), INTERVAL).unref();
      this.draw();
    } else this.stream.write(`${this.head()}\n`);
  }

  /** How far the step is; shown on a terminal only. */
  at(detail: string): void {
    this.detail = detail;
    if (this.timer) this.draw();
  }

  /** A line of text, above the one that shows the step. */
  say(text: string): void {
    if (this.timer) this.stream.write("\r\x1b[K");
    this.stream.write(`${text}\n`);
    if (this.timer) this.draw();
  }

  /** Ends the step; what it took stays. */
  settle(): void {
    if (!this.timer) return;
    clearInterval(this.timer);
    this.timer = null;
    this.stream.write(`\r\x1b[K${this.head()}, ${this.seconds()}\n`);
  }

  private head(): string {
    return `[${this.number}/${this.count}] ${this.text}`;
  }

  private seconds(): string {
    return `${((Date.now() - this.start) / 1000).toFixed(1)} s`;
  }

  private draw(): void {
    const text = `${this.head()}${this.detail ? `: ${this.detail}` : ""}, ${this.seconds()}`;
    this.stream.write(`\r\x1b[K${text.slice(0, (this.stream.columns || 80) - 1)}`);
  }
}
