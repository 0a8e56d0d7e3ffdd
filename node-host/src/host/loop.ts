import { Core } from "../core/instance.js";
import { Wait } from "../generated/abi.js";
import { Host } from "./host.js";

/** Work of one step, about microseconds: short enough that what arrives meanwhile is soon taken in. */
const WORK = 2000;

/** Time after which the event loop gets its turn although there is more to do, ms. */
const SLICE = 8;

/** The longest that a timer waits, ms. */
const MAX_TIMER = 0x7fffffff;

/** What the loop tells its owner. */
export interface LoopOwner {
  /** A step was taken; messages may have been posted. Answers whether the loop goes on. */
  stepped(): boolean;
  /** Nothing will ever happen again, until a state is asked for. */
  finished(): void;
  /** The core has trapped, or the host failed; no step will be taken any more. */
  broken(error: unknown): void;
}

/** Runs an instance by the contract of DESIGN.md; the numbers are its numbers. */
export class Loop {
  steps = 0;
  private running = false;
  private again = false;
  private immediate: NodeJS.Immediate | null = null;
  private timer: NodeJS.Timeout | null = null;
  private ended = false;

  constructor(
    private readonly core: Core,
    private readonly host: Host,
    private readonly owner: LoopOwner,
  ) {
    host.onWork = () => this.wake();
  }

  /** Takes steps as soon as the caller is done: something has changed. */
  wake(): void {
    this.again = true;
    if (this.running || this.ended) return;
    this.immediate ??= setImmediate(() => this.turn());
  }

  /** Takes steps now. Not during a step. */
  turn(): void {
    if (this.running || this.ended) return;
    this.rest();
    this.running = true;
    try {
      this.run();
    } catch (error) {
      this.end();
      this.owner.broken(error);
    } finally {
      this.running = false;
    }
  }

  /** Takes no step any more. */
  end(): void {
    this.ended = true;
    this.rest();
  }

  // 3
  private run(): void {
    const { core, host, owner } = this;
    const started = performance.now();
    while (!this.ended) {
      // 4 what was submitted and is done, in any order, is already in the ring but for what had no room
      host.refill();
      this.again = false;
      // 5
      const wait = core.step(host.now(), WORK);
      this.steps++;
      // 6 files were begun when they were submitted; elements are called now
      host.perform();
      if (!owner.stepped()) return;
      if (wait !== BigInt(Wait.Again) && wait !== BigInt(Wait.Finished)) host.performIdle();
      if (wait === BigInt(Wait.Again) || host.completed || this.again) {
        // 7 go on, but let the event loop see what has come meanwhile
        if (!host.traffic.inFlight && performance.now() - started < SLICE) continue;
        this.immediate ??= setImmediate(() => this.turn());
        return;
      }
      // 9
      if (wait === BigInt(Wait.Finished)) {
        owner.finished();
        return;
      }
      // 8
      this.sleep(wait);
      return;
    }
  }

  /** Sleeps until a deadline, or for -1 until woken; the process stays alive meanwhile. */
  private sleep(deadline: bigint): void {
    const left = deadline > 0n ? Number(deadline - this.host.now()) / 1e6 : MAX_TIMER;
    if (left < 1) this.immediate ??= setImmediate(() => this.turn());
    else this.timer = setTimeout(() => this.turn(), Math.min(left, MAX_TIMER));
  }

  private rest(): void {
    if (this.immediate) clearImmediate(this.immediate);
    if (this.timer) clearTimeout(this.timer);
    this.immediate = null;
    this.timer = null;
  }
}
