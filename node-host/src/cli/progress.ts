import type { SingleBar } from "cli-progress";
import { formatTime } from "../core/time.js";
import type { Pipeline } from "../pipeline.js";

/** Time after which a run is worth a bar, and between two looks at it, ms. */
const FIRST = 1000;
const INTERVAL = 250;

const STEPS = 1000;

/** A progress bar on stderr for a run that takes more than a second. Without a terminal it shows nothing. */
export class Progress {
  private timer: NodeJS.Timeout | null = null;
  private bar: SingleBar | null = null;

  constructor(private readonly pipeline: Pipeline) {
    if (process.stderr.isTTY) this.timer = setTimeout(() => void this.begin(), FIRST).unref();
  }

  /** Makes room for a line of text on stderr. */
  clear(): void {
    if (this.bar) process.stderr.write("\r\x1b[K");
  }

  /** Takes the bar away. */
  end(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.bar?.stop();
    this.bar = null;
  }

  private async begin(): Promise<void> {
    const { SingleBar, Presets } = (await import("cli-progress")).default;
    if (!this.timer) return;
    this.bar = new SingleBar(
      { format: "{bar} {percentage}% {place} eta {eta_formatted}", stream: process.stderr, clearOnComplete: true },
      Presets.shades_classic,
    );
    this.bar.start(STEPS, 0, { place: "" });
    this.timer = setInterval(() => this.show(), INTERVAL).unref();
    this.show();
  }

  private show(): void {
    if (this.pipeline.state === "null") return;
    const position = this.pipeline.position();
    const duration = this.pipeline.duration();
    const share =
      position !== null && duration !== null && duration > 0n
        ? Number(position) / Number(duration)
        : (this.pipeline.progress() ?? 0);
    this.bar?.update(Math.min(Math.round(share * STEPS), STEPS), {
      place: position === null ? "" : formatTime(position),
    });
  }
}
