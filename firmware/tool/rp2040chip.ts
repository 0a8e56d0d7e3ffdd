// The RP2040 as rp2040js has it, and what that leaves out or has otherwise than the part: resets and their reasons, the event
// of SEV, the overflow of sums with carry, faults of the processor, and noise.
import { randomInt } from "node:crypto";
import type { RP2040, Simulator } from "rp2040js";
import type { Piece } from "./formats/pieces.js";

type Library = typeof import("rp2040js");
type Peripheral = RP2040["peripherals"][number];
type Core = RP2040["core"];

const FLASH = 0x10000000;
/** Where the vector table lies: behind the second stage of the boot loader, which the emulator has no use for. */
const VECTORS = FLASH + 0x100;

/** Peripherals by their place in the map, as rp2040js numbers them. */
const PSM = 0x40010;
const WATCHDOG = 0x40058;
const ROSC = 0x40060;
const VREG_AND_CHIP_RESET = 0x40064;

const PSM_WDSEL = 0x08;
/** All that is reset when the processor is: the stages up to it (2.13). */
const UP_TO_PROCESSOR = 0xffff;

const WATCHDOG_CTRL = 0x00;
const WATCHDOG_REASON = 0x08;

const ROSC_STATUS = 0x18;
const ROSC_RANDOMBIT = 0x1c;
const ROSC_STABLE = 1 << 31;

const CHIP_RESET = 0x08;
const HAD_POWER_ON = 1 << 8;

/** Of the system control block (Armv6-M, B3.2.6). */
const AIRCR = 0xd0c;
const AIRCR_KEY = 0x05fa;
const AIRCR_SYSRESETREQ = 1 << 2;

const SEV = 0xbf40;
/** Without their registers (Armv6-M, A6.7.1, A6.7.55). */
const ADCS = 0x4140 >> 6;
const SBCS = 0x4180 >> 6;
const HARD_FAULT = 3;

/**
 * Whether ADCS or SBCS leaves the range of signed numbers. rp2040js adds the carry to the second operand first, and takes the
 * wrong sign of it when that goes over: comparing with the largest number of 64 bits comes out wrong.
 */
function overflows(core: Core, opcode: number): boolean {
  const y = core.registers[(opcode >> 3) & 7];
  const sum = (core.registers[opcode & 7] | 0) + (opcode >> 6 === SBCS ? ~y : y | 0) + Number(core.C);
  return sum !== (sum | 0);
}

/** Executes an instruction. @returns cycles */
function execute(chip: RP2040): number {
  const { core } = chip;
  const pc = core.PC & ~1;
  const opcode = chip.readUint16(pc);
  // Entering an interrupt in its stead sets the event as well.
  if (opcode === SEV) core.eventRegistered = true;
  if (opcode >> 6 !== ADCS && opcode >> 6 !== SBCS) return core.executeInstruction();
  const overflow = overflows(core, opcode);
  const cycles = core.executeInstruction();
  if (core.PC === pc + 2) core.V = overflow;
  return cycles;
}

/** A block of registers that keeps what is written, except where reading gives something of its own. */
function registers(read: (offset: number) => number | undefined): Peripheral {
  const words = new Map<number, number>();
  const readUint32 = (offset: number): number => read(offset & 0xffc) ?? words.get(offset & 0xffc) ?? 0;
  const writeUint32 = (offset: number, value: number): void => void words.set(offset & 0xffc, value);
  return {
    readUint32,
    writeUint32,
    writeUint32Atomic(offset, value, how) {
      const old = readUint32(offset);
      writeUint32(offset, [value, old ^ value, old | value, old & ~value][how]);
    },
  };
}

/** What a chip tells of itself. */
export interface Outside {
  /** The first UART sends a byte. */
  sent(byte: number): void;
  /**
   * The processor came to a breakpoint instruction.
   * @returns whether a debugger takes it; if none does, the processor faults
   */
  broke(number: number): boolean;
  /** The processor faulted while it served a fault, and does nothing any more (Armv6-M, B1.5.14). */
  locked(pc: number): void;
}

/** A chip with an image in its flash. Its time is its own: it passes with instructions, and at once while the processor sleeps. */
export class Rp2040Chip {
  #simulator: Simulator;
  /** What comes behind the instruction that is under way. */
  #next: "nothing" | "fault" | "core reset" | "chip reset" = "nothing";

  /**
   * Brings power.
   * @param cycle what a cycle of the processor takes, ns
   * @throws {RangeError} when there is no vector table where the boot loader wants one
   */
  constructor(
    private readonly library: Library,
    pieces: readonly Piece[],
    private readonly outside: Outside,
    private readonly cycle: number,
  ) {
    this.#simulator = this.#made();
    const { flash } = this.chip;
    flash.fill(0xff);
    for (const { address, data } of pieces) {
      const at = address - FLASH;
      if (at >= 0 && at + data.length <= flash.length) flash.set(data, at);
    }
    const reset = this.chip.readUint32(VECTORS + 4);
    if ((reset & 1) === 0 || reset === 0xffffffff) throw new RangeError("the image has no vector table at 0x10000100");
    this.#boot();
  }

  get chip(): RP2040 {
    return this.#simulator.rp2040;
  }

  /** Gives a byte to the first UART. */
  receive(byte: number): void {
    this.chip.uart[0].feedByte(byte);
  }

  /**
   * Executes instructions, sleeps counted as one, until `going` says no.
   * @param most as many at most
   * @returns false when it sleeps and nothing but a byte can wake it
   */
  run(most: number, going: () => boolean): boolean {
    for (let n = 0; n < most && going(); n++) {
      const { clock, rp2040 } = this.#simulator;
      const { core } = rp2040;
      if (core.waiting) {
        const ns = clock.nanosToNextAlarm;
        clock.tick(ns);
        if (ns === 0 && core.waiting && clock.nanosToNextAlarm === 0 && this.#next === "nothing") return false;
      } else {
        clock.tick(execute(rp2040) * this.cycle);
      }
      if (this.#next !== "nothing") this.#follow();
    }
    return true;
  }

  #follow(): void {
    const next = this.#next;
    this.#next = "nothing";
    if (next === "chip reset") this.#resetChip();
    else if (next === "core reset") this.#resetCore();
    else this.#fault();
  }

  /** A chip without power before. */
  #made(): Simulator {
    const { ConsoleLogger, LogLevel, Simulator } = this.library;
    const simulator = new Simulator();
    const chip = simulator.rp2040;
    chip.logger = new ConsoleLogger(LogLevel.Error, false);
    chip.peripherals[ROSC] = registers((offset) =>
      offset === ROSC_STATUS ? ROSC_STABLE : offset === ROSC_RANDOMBIT ? randomInt(2) : undefined,
    );
    chip.peripherals[VREG_AND_CHIP_RESET] = registers((offset) => (offset === CHIP_RESET ? HAD_POWER_ON : undefined));
    const watchdog = this.#watchdog(chip);
    watchdog.onWatchdogTrigger = () => {
      // It would go off again and again, without any time between.
      watchdog.writeUint32(WATCHDOG_CTRL, 0);
      if (chip.peripherals[PSM].readUint32(PSM_WDSEL) & UP_TO_PROCESSOR) this.#next = "chip reset";
    };
    const { ppb } = chip;
    const write = ppb.writeUint32.bind(ppb);
    ppb.writeUint32 = (offset, value) => {
      if (offset !== AIRCR) write(offset, value);
      else if (value >>> 16 === AIRCR_KEY && value & AIRCR_SYSRESETREQ) this.#next = "core reset";
    };
    chip.uart[0].onByte = (byte) => this.outside.sent(byte);
    chip.onBreak = (number) => {
      if (!this.outside.broke(number)) this.#next = "fault";
    };
    return simulator;
  }

  #watchdog(chip: RP2040): WatchdogPeripheral {
    return chip.peripherals[WATCHDOG] as WatchdogPeripheral;
  }

  /** What the boot ROM, which is not there, does at its end. */
  #boot(): void {
    const { core } = this.chip;
    core.VTOR = VECTORS;
    core.SP = this.chip.readUint32(VECTORS);
    core.PC = this.chip.readUint32(VECTORS + 4) & ~1;
  }

  /** All but memory and what the watchdog keeps for the next start (4.7.6). */
  #resetChip(): void {
    const old = this.chip;
    const from = this.#watchdog(old);
    this.#simulator = this.#made();
    this.chip.flash.set(old.flash);
    this.chip.sram.set(old.sram);
    const to = this.#watchdog(this.chip);
    to.scratchData.set(from.scratchData);
    Object.assign(to, { reason: from.readUint32(WATCHDOG_REASON) });
    this.#boot();
  }

  /** SYSRESETREQ resets the processor that asks for it, and nothing else (2.4.2.9). */
  #resetCore(): void {
    const { core, ppb } = this.chip;
    const { pendingInterrupts } = core;
    const fresh = new (core.constructor as new (chip: RP2040) => Core)(this.chip);
    // Devices go on holding their lines.
    Object.assign(core, fresh, { pendingInterrupts });
    ppb.reset();
    this.#boot();
  }

  /** The exception that an instruction causes which is none, or a breakpoint nobody takes (Armv6-M, B1.5.6). */
  #fault(): void {
    const { core } = this.chip;
    core.PC = (core.PC & ~1) - core.breakRewind;
    if (core.IPSR === HARD_FAULT) this.outside.locked(core.PC >>> 0);
    else core.exceptionEntry(HARD_FAULT);
  }
}

/** The watchdog, of which rp2040js declares no type at its front. */
interface WatchdogPeripheral extends Peripheral {
  readonly scratchData: Uint32Array;
  onWatchdogTrigger: () => void;
}
