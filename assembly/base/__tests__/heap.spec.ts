import {
  MAX_ALLOC,
  Owner,
  alloc,
  allocAligned,
  allocZero,
  free,
  heap,
  heapCensus,
  heapClear,
  heapInit,
  heapPlan,
  heapShrink,
  heapSound,
  heapSurvivors,
  make,
  resize,
} from "../heap";
import { Random } from "./random";
import { REGION_SIZE, bytesOf, freshHeap, must, mustBeEmpty, piecesOf, regionStart } from "./region";

/** A piece of memory as the model knows it: bytes are a pattern of the seed. */
class Piece {
  constructor(
    public p: usize,
    public size: u32,
    public owner: u32,
    public seed: u8,
  ) {}

  paint(): void {
    for (let i: u32 = 0; i < this.size; i++) store<u8>(this.p + i, <u8>(this.seed + i * 7));
  }

  /** Whether the first `n` bytes are as they were painted. */
  intact(n: u32): bool {
    for (let i: u32 = 0; i < n; i++) if (load<u8>(this.p + i) != <u8>(this.seed + i * 7)) return false;
    return true;
  }
}

/** Compares the census with the model, owner by owner. */
function censusAgrees(pieces: Array<Piece>): bool {
  const counts = new StaticArray<u32>(Owner.Count);
  const bytes = new StaticArray<u32>(Owner.Count);
  for (let i = 0; i < pieces.length; i++) {
    counts[pieces[i].owner]++;
    bytes[pieces[i].owner] += pieces[i].size;
  }
  const census = new StaticArray<u32>(Owner.Count * 2);
  heapCensus(changetype<usize>(census));
  for (let o = 0; o < <i32>Owner.Count; o++) {
    if (census[o * 2] != counts[o] || census[o * 2 + 1] != bytes[o]) return false;
  }
  return true;
}

/** Whether no two pieces overlap and all lie inside of the region. */
function disjoint(pieces: Array<Piece>): bool {
  const sorted = pieces.slice(0).sort((a, b) => (a.p < b.p ? -1 : 1));
  let end = regionStart();
  for (let i = 0; i < sorted.length; i++) {
    if (sorted[i].p < end) return false;
    end = sorted[i].p + sorted[i].size;
  }
  return end <= heap().end;
}

function randomSize(random: Random): u32 {
  return <u32>random.spread(random.below(16) == 0 ? 18 : 11);
}

/** Many random operations against the model; returns what was left. */
function churn(seed: u64, operations: i32): void {
  freshHeap();
  const random = new Random(seed);
  const pieces = new Array<Piece>();
  for (let n = 0; n < operations; n++) {
    const what = random.below(pieces.length > 200 ? 12 : 8);
    if (what < 5 || !pieces.length) {
      const size = randomSize(random);
      const owner = 1 + random.below(Owner.Count - 1);
      const align: u32 = what == 0 ? 1 << random.below(13) : 1;
      const p = align > 1 ? allocAligned(size, align, owner) : alloc(size, owner);
      if (!p) continue;
      must(p % max<u32>(align, 16) == 0, "the address is aligned");
      const piece = new Piece(p, size, owner, <u8>random.next());
      piece.paint();
      pieces.push(piece);
    } else {
      const i = random.below(pieces.length);
      const piece = pieces[i];
      must(piece.intact(piece.size), "nobody wrote into the piece");
      if (what < 7) {
        free(piece.p);
        const last = pieces.pop();
        if (i < <u32>pieces.length) pieces[i] = last;
      } else {
        const size = max<u32>(randomSize(random), 1);
        const kept = min(size, piece.size);
        const p = resize(piece.p, size, piece.owner);
        if (!p) continue;
        piece.p = p;
        must(piece.intact(kept), "the bytes moved along");
        piece.size = size;
        piece.paint();
      }
    }
    if (n % 64 == 0) {
      must(heapSound(), "the heap is sound");
      must(disjoint(pieces), "pieces do not overlap");
      must(censusAgrees(pieces), "the census agrees with the model");
      must(heap().live == <u32>pieces.length, "live counts the pieces");
    }
  }
  while (pieces.length) {
    const piece = pieces.pop();
    must(piece.intact(piece.size), "nobody wrote into the piece");
    free(piece.p);
  }
  mustBeEmpty();
}

/** Pieces of which some stay, always the same ones. */
function come(): Array<Piece> {
  const random = new Random(7);
  const stay = new Array<Piece>();
  const go = new Array<usize>();
  for (let i = 0; i < 300; i++) {
    const size = 1 + <u32>random.below(2000);
    const p = alloc(size, Owner.Caps);
    if (i % 5 != 0) go.push(p);
    else {
      const piece = new Piece(p, size, Owner.Caps, <u8>i);
      piece.paint();
      stay.push(piece);
    }
    if (i % 7 == 0 && go.length) free(go.shift());
  }
  for (let i = 0; i < go.length; i++) free(go[i]);
  return stay;
}

/** Aligned pieces that stay among others that do not; the bytes of those that stay. */
function comeAligned(): usize {
  let bytes: usize = 0;
  for (let i: u32 = 0; i < 40; i++) {
    const size = 100 + i * 8;
    // A hole far up that it would fit into.
    const hole = alloc(2 * size, Owner.Caps);
    const below = alloc(100, Owner.Caps);
    free(hole);
    must(allocAligned(size, 32, Owner.Block) % 32 == 0, "the address is aligned");
    free(below);
    bytes += size;
  }
  return bytes;
}

describe("heap", () => {
  test("random operations agree with a model", () => {
    for (let seed: u64 = 1; seed <= 8; seed++) churn(seed, 4000);
  });

  test("all memory is one block again after everything was freed", () => {
    freshHeap();
    const whole = REGION_SIZE - 64;
    const first = alloc(whole / 2, Owner.Block);
    const pieces = new Array<usize>();
    for (let p = alloc(100, Owner.Text); p; p = alloc(100, Owner.Text)) pieces.push(p);
    free(first);
    // Every other one first, so that blocks are joined on both sides.
    for (let i = 0; i < pieces.length; i += 2) free(pieces[i]);
    must(heapSound(), "sound between");
    for (let i = 1; i < pieces.length; i += 2) free(pieces[i]);
    mustBeEmpty();
    // A request is rounded up to its class before it is looked for, so the largest that fits is a class boundary.
    const p = alloc(0x3e0000, Owner.Block);
    expect<usize>(p).not.toBe(0, "one large block");
    free(p);
  });

  test("asking for nothing gives a piece of its own", () => {
    freshHeap();
    const a = alloc(0, Owner.Text);
    const b = alloc(0, Owner.Text);
    expect<usize>(a).not.toBe(0);
    expect<usize>(b).not.toBe(a);
    free(a);
    free(b);
    free(0);
    mustBeEmpty();
  });

  test("a request that does not fit fails and says who asked first", () => {
    freshHeap();
    expect<usize>(alloc(REGION_SIZE, Owner.Caps)).toBe(0);
    expect<usize>(alloc(REGION_SIZE * 2, Owner.Link)).toBe(0);
    expect<u32>(heap().failedOwner).toBe(Owner.Caps);
    expect<u32>(heap().failedSize).toBe(REGION_SIZE);
    mustBeEmpty();
  });

  test("sizes near the end of the number range fail without overflow", () => {
    freshHeap();
    expect<usize>(alloc(MAX_ALLOC, Owner.Block)).toBe(0);
    expect<usize>(alloc(MAX_ALLOC + 1, Owner.Block)).toBe(0);
    expect<usize>(alloc(0xffffffff, Owner.Block)).toBe(0);
    expect<usize>(alloc(0xfffffff0, Owner.Block)).toBe(0);
    expect<usize>(allocAligned(MAX_ALLOC, 0x100000, Owner.Block)).toBe(0);
    expect<usize>(allocAligned(16, 0x200000, Owner.Block)).toBe(0);
    const p = alloc(16, Owner.Block);
    expect<usize>(resize(p, 0xffffffff, Owner.Block)).toBe(0);
    free(p);
    mustBeEmpty();
  });

  test("a region too small for a block gives nothing", () => {
    freshHeap();
    for (let size: u32 = 0; size < 64; size += 8) {
      heapInit(regionStart(), regionStart() + size);
      const p = alloc(16, Owner.Text);
      if (size < 48) expect<usize>(p).toBe(0);
      else expect<usize>(p).not.toBe(0);
      must(size < 48 || heapSound(), "sound");
    }
    freshHeap();
  });

  test("an unaligned region is used inside of its bounds", () => {
    freshHeap();
    const start = regionStart();
    store<u64>(start, 0x5a5a5a5a5a5a5a5a);
    store<u64>(start + 1000, 0x5a5a5a5a5a5a5a5a);
    heapInit(start + 3, start + 1001);
    for (let p = alloc(16, Owner.Text); p; p = alloc(16, Owner.Text)) {
      must(p >= start + 16 && p + 16 <= start + 1001, "inside");
      memory.fill(p, 0, 16);
    }
    expect<u8>(load<u8>(start)).toBe(0x5a);
    expect<u8>(load<u8>(start + 2)).toBe(0x5a);
    expect<u8>(load<u8>(start + 1001)).toBe(0x5a);
    freshHeap();
  });

  test("aligned pieces of every size and alignment", () => {
    freshHeap();
    for (let bits: u32 = 0; bits <= 16; bits++) {
      for (let size: u32 = 0; size < 200; size += 13) {
        const shift = alloc(size + 1, Owner.Text);
        const p = allocAligned(size, 1 << bits, Owner.Block);
        must(p != 0 && (p & ((1 << bits) - 1)) == 0, "aligned");
        memory.fill(p, 0xff, size);
        must(heapSound(), "sound");
        free(shift);
        free(p);
      }
    }
    mustBeEmpty();
  });

  test("allocZero clears and make gives a record of the type's size", () => {
    freshHeap();
    const dirty = alloc(400, Owner.Text);
    memory.fill(dirty, 0xff, 400);
    free(dirty);
    const p = allocZero(400, Owner.Text);
    for (let i = 0; i < 400; i++) must(load<u8>(p + i) == 0, "cleared");
    const record = make<Record>(Owner.Caps);
    expect<u64>(record.b).toBe(0);
    expect<u32>(bytesOf(Owner.Caps)).toBe(16);
    expect<u32>(piecesOf(Owner.Caps)).toBe(1);
    free(changetype<usize>(record));
    free(p);
    mustBeEmpty();
  });

  test("resize keeps the place when the size changes little", () => {
    freshHeap();
    const p = resize(0, 100, Owner.Writer);
    expect<usize>(resize(p, 60, Owner.Writer)).toBe(p);
    expect<usize>(resize(p, 112, Owner.Writer)).toBe(p);
    expect<u32>(bytesOf(Owner.Writer)).toBe(112);
    const allocs = heap().allocs;
    const q = resize(p, 4000, Owner.Writer);
    expect<usize>(q).not.toBe(p);
    expect<u32>(heap().allocs).toBe(allocs + 1);
    const r = resize(q, 16, Owner.Writer);
    expect<u32>(heap().liveBytes).toBe(16, "memory far larger than needed is given back");
    free(r);
    mustBeEmpty();
  });

  test("a failed resize leaves the old piece as it was", () => {
    freshHeap(4096);
    const p = alloc(1000, Owner.Writer);
    for (let i = 0; i < 1000; i++) store<u8>(p + i, i);
    expect<usize>(resize(p, 100000, Owner.Writer)).toBe(0);
    for (let i = 0; i < 1000; i++) must(load<u8>(p + i) == <u8>i, "intact");
    free(p);
    mustBeEmpty();
  });

  test("a resize to half the room stays, to less moves", () => {
    freshHeap();
    const p = alloc(320, Owner.Writer);
    expect<usize>(resize(p, 160, Owner.Writer)).toBe(p);
    const q = resize(p, 159, Owner.Writer);
    expect<usize>(q).not.toBe(p);
    free(q);
    mustBeEmpty();
  });

  test("the largest alignment is a mebibyte", () => {
    freshHeap();
    const p = allocAligned(100, 0x100000, Owner.Block);
    must(p != 0 && (p & 0xfffff) == 0, "aligned");
    expect<usize>(allocAligned(100, 0x100001, Owner.Block)).toBe(0);
    free(p);
    mustBeEmpty();
  });

  test("the check of soundness sees damage", () => {
    for (let damage = 0; damage < 7; damage++) {
      freshHeap();
      const a = alloc(64, Owner.Text) - 16;
      const b = alloc(64, Owner.Text) - 16;
      const c = alloc(64, Owner.Text) - 16;
      alloc(64, Owner.Text);
      free(b + 16);
      must(heapSound(), "sound before");
      if (damage == 0) store<usize>(c, a, 4);
      else if (damage == 1) store<u32>(a, load<u32>(a) | 1);
      else if (damage == 2) store<u32>(c, load<u32>(c) & ~2);
      else if (damage == 3) store<u32>(b, load<u32>(b) & ~1);
      else if (damage == 4) store<u32>(a, load<u32>(a) + 32);
      else if (damage == 5) heap().live++;
      else {
        store<u32>(a, load<u32>(a) | 1);
        store<u32>(b, load<u32>(b) | 2);
        heap().live--;
      }
      must(!heapSound(), "damage " + damage.toString());
    }
    freshHeap();
  });

  test("a plan puts what stays beside each other, however much comes and goes between", () => {
    const bits = changetype<usize>(new StaticArray<u8>(64));
    freshHeap();
    // Nothing is known to stay: the first time all lies high.
    heapPlan(bits, 512);
    come();
    const count = heap().allocs;
    memory.fill(bits, 0, 64);
    heapSurvivors(bits, count);
    freshHeap();
    heapPlan(bits, count);
    const stayed = come();
    expect(heap().allocs).toBe(count, "the same allocations");
    must(heapSound(), "sound");
    let end = heap().start;
    for (let i = 0; i < stayed.length; i++) {
      expect(stayed[i].p).toBe(end + 16, "directly behind the one before");
      end = stayed[i].p + ((stayed[i].size + 15) & ~15);
      must(stayed[i].intact(stayed[i].size), "nobody wrote into the piece");
    }
    heapPlan(0, 0);
    expect(heapShrink(1024)).toBe(end + 16 + 1024 + 16, "what is behind them but for the spare room is gone");
    must(heapSound(), "sound when it is smaller");
    expect(alloc(1025, Owner.Block)).toBe(0, "there is no more than that");
    expect(alloc(1000, Owner.Block)).not.toBe(0);
  });

  test("a plan keeps aligned pieces low as well", () => {
    const bits = changetype<usize>(new StaticArray<u8>(64));
    freshHeap();
    heapPlan(bits, 512);
    comeAligned();
    const count = heap().allocs;
    memory.fill(bits, 0, 64);
    heapSurvivors(bits, count);
    freshHeap();
    heapPlan(bits, count);
    const asked = comeAligned();
    expect(heap().allocs).toBe(count, "the same allocations");
    must(heapSound(), "sound");
    heapPlan(0, 0);
    const end = heapShrink(16);
    // A header, a gap in front and one behind each.
    expect(end - heap().start).toBeLessThan(asked + heap().live * 160 + 64);
  });

  test("a region that is full to its end does not shrink", () => {
    freshHeap();
    while (alloc(64, Owner.Block)) {}
    while (alloc(1, Owner.Block)) {}
    const end = heap().end;
    expect(heapShrink(0)).toBe(end);
    must(heapSound(), "sound");
  });

  test("what is free can be cleared, and the heap works on", () => {
    freshHeap();
    const pieces = new Array<usize>();
    for (let i = 0; i < 40; i++) {
      pieces.push(alloc(100, Owner.Block));
      memory.fill(pieces[i], 0xa5, 100);
    }
    for (let i = 0; i < pieces.length; i += 3) free(pieces[i]);
    heapClear();
    must(heapSound(), "sound");
    for (let i = 0; i < pieces.length; i++) {
      for (let k: usize = 8; k < 100; k++) {
        const expected: u8 = i % 3 ? 0xa5 : 0;
        if (load<u8>(pieces[i] + k) != expected) must(false, "free bytes are 0, others as they were");
      }
    }
    for (let i = 0; i < pieces.length; i += 3) expect(alloc(100, Owner.Block)).not.toBe(0);
  });

  test("counters: allocations only grow, the peak stays", () => {
    freshHeap();
    const p = alloc(1600, Owner.Text);
    const q = alloc(1600, Owner.Text);
    free(p);
    free(q);
    expect<u32>(heap().allocs).toBe(2);
    expect<u32>(heap().peakBytes).toBe(3200);
    mustBeEmpty();
  });
});

@unmanaged
class Record {
  a: u32;
  b: u64;
}
