import type { Board, Region } from "./board.js";
import { hex } from "./number.js";

/** Length of every region when an image that does not fit is linked all the same, to be measured. */
const HUGE = 64 * 1024 * 1024;

/**
 * The memory map as cortex-m-rt's linker script includes it. The stack lies at the bottom of the RAM, so that one that
 * grows too far leaves the RAM and faults in place of running into what lies there.
 * @param measure make the regions so large that everything fits: for the budget of an image that does not
 * @param sections what the board adds, from its sections.x
 */
export function memoryX(board: Board, measure = false, sections = ""): string {
  const row = (name: string, r: Region): string =>
    `  ${name} : ORIGIN = ${hex(r.origin)}, LENGTH = ${measure ? HUGE : r.length}\n`;
  const { origin, length } = board.ram;
  return (
    "MEMORY\n{\n" +
    row("FLASH", board.flash) +
    `  STACK : ORIGIN = ${hex(origin)}, LENGTH = ${board.stack}\n` +
    row("RAM", { origin: origin + board.stack, length: length - board.stack }) +
    board.regions.map((r) => row(r.name, r)).join("") +
    "}\n_stack_start = ORIGIN(STACK) + LENGTH(STACK);\n_stack_end = ORIGIN(STACK);\n" +
    sections
  );
}
