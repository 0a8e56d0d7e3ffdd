import { Random } from "../../base/__tests__/random";
import { freshHeap, must, mustBeEmpty } from "../../base/__tests__/region";
import { blockUnref, blocksInit, blocksRelease, blocksUsed, newBlock } from "../../core/block";
import { Frame, frameUnref, framesInit, framesRelease, framesUsed, newFrame } from "../../core/frame";
import { Slices, runOf } from "../../core/slices";

/** Starts a heap with nothing in it. */
export function begin(): void {
  freshHeap();
  blocksInit();
  framesInit();
}

/** Nothing is left. */
export function end(): void {
  must(framesUsed() == 0, "no frame is left");
  must(blocksUsed() == 0, "no block is left");
  framesRelease();
  blocksRelease();
  mustBeEmpty();
}

/** Appends bytes to a list as stretches of random sizes, or as runs of 184 bytes as transport packets leave them. */
export function append(list: Slices, p: usize, n: u32, random: Random): void {
  while (n) {
    const runs = n / 184;
    if (runs && random.below(3)) {
      const count: u32 = 1 + random.below(runs);
      const b = newBlock(count * 188)!;
      memory.fill(b.data, 0, count * 188);
      for (let i: u32 = 0; i < count; i++) memory.copy(b.data + i * 188, p + i * 184, 184);
      list.append(b.data, b, 184, runOf(count, 188));
      blockUnref(b);
      p += count * 184;
      n -= count * 184;
      continue;
    }
    const k = min<u32>(n, 1 + random.below(random.bool() ? 12 : 700));
    const b = newBlock(k)!;
    memory.copy(b.data, p, k);
    list.append(b.data, b, k, 0);
    blockUnref(b);
    p += k;
    n -= k;
  }
}

/** A frame with those bytes. */
export function frameOf(p: usize, n: u32, random: Random): Frame {
  const f = newFrame()!;
  append(f.slices, p, n, random);
  return f;
}

/** Lets go of a frame. */
export function drop(f: Frame): void {
  frameUnref(f);
}

/** Hash of bytes, FNV-1a. */
export function hashOf(p: usize, n: u32): u64 {
  let h: u64 = 0xcbf29ce484222325;
  for (let i: u32 = 0; i < n; i++) h = (h ^ load<u8>(p + i)) * 0x100000001b3;
  return h;
}

const COPY: StaticArray<u8> = new StaticArray<u8>(1 << 20);

/** Hash of bytes of a list. */
export function hashList(list: Slices, pos: u32, n: u32): u64 {
  must(n <= <u32>COPY.length, "it fits");
  list.copyOut(pos, changetype<usize>(COPY), n);
  return hashOf(changetype<usize>(COPY), n);
}
