// UF2, the USB flashing format: blocks of 512 bytes, each of which says by itself where its bytes go.
import { ERASED } from "./bin.js";
import { Piece, sorted } from "./pieces.js";

const MAGIC_START0 = 0x0a324655;
const MAGIC_START1 = 0x9e5d5157;
const MAGIC_END = 0x0ab16f30;
/** The field of the file's size holds the number of a family of boards. */
const FAMILY_ID_PRESENT = 0x2000;

/** Bytes of a block. */
export const BLOCK = 512;
/** Bytes of the image in a block; boot loaders want whole pages of flash. */
export const PAGE = 256;
const HEADER = 32;

/** The RP2040, whose boot ROM may leave out pages behind a sector that is not in the file as a whole (erratum RP2040-E14). */
const WANTS_SECTORS = 0xe48bff56;
/** Bytes that flash erases at once. */
const SECTOR = 4096;

/**
 * The image as a UF2 file. What of a page no piece holds is as erased flash.
 * @param family number of the boot loader's family: 0xe48bff56 for the RP2040
 */
export function toUf2(pieces: readonly Piece[], family: number): Uint8Array {
  const pages = new Map<number, Uint8Array>();
  const unit = family === WANTS_SECTORS ? SECTOR : PAGE;
  for (const { address, data } of sorted(pieces)) {
    for (let i = 0; i < data.length;) {
      const at = (address + i) % PAGE;
      const start = address + i - at;
      if (!pages.has(start)) {
        const first = start - (start % unit);
        for (let a = first; a < first + unit; a += PAGE) pages.set(a, new Uint8Array(PAGE).fill(ERASED));
      }
      const part = data.subarray(i, i + PAGE - at);
      pages.get(start)!.set(part, at);
      i += part.length;
    }
  }
  const out = new Uint8Array(pages.size * BLOCK);
  let number = 0;
  for (const [address, page] of pages) {
    const block = out.subarray(number * BLOCK, (number + 1) * BLOCK);
    const view = new DataView(block.buffer, block.byteOffset, BLOCK);
    const header = [MAGIC_START0, MAGIC_START1, FAMILY_ID_PRESENT, address, PAGE, number, pages.size, family];
    header.forEach((word, i) => view.setUint32(i * 4, word, true));
    block.set(page, HEADER);
    view.setUint32(BLOCK - 4, MAGIC_END, true);
    number++;
  }
  return out;
}
