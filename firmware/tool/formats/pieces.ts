/** Bytes and where they go. */
export interface Piece {
  readonly address: number;
  readonly data: Uint8Array;
}

/** Sorted by address. @throws {RangeError} when two of them overlap */
export function sorted(pieces: readonly Piece[]): Piece[] {
  const out = pieces.filter((p) => p.data.length).sort((a, b) => a.address - b.address);
  out.forEach((p, i) => {
    if (i && out[i - 1].address + out[i - 1].data.length > p.address) {
      throw new RangeError(`two pieces overlap at 0x${p.address.toString(16)}`);
    }
  });
  return out;
}
