import { Random } from "../../base/__tests__/random";
import { freshHeap, must, mustBeEmpty } from "../../base/__tests__/region";
import { Owner, alloc, allocZero, free } from "../../base/heap";
import { Block, blockUnref, blocksInit, blocksRelease, blocksUsed, newBlock } from "../block";
import { SLICES_SIZE, SLICE_SIZE, Slices, appendSlices, runOf, sliceBytes } from "../slices";

/** Bytes of the blocks that lists are made of; each byte tells its place. */
const BLOCK: u32 = 4096;

/** A list of slices beside the bytes that it should name. */
class Pair {
  bytes: Array<u8> = [];

  constructor(public list: Slices) {}

  /** Compares everything that can be read of the list. */
  check(): void {
    const n = <u32>this.bytes.length;
    must(this.list.size == n, "the size");
    let sum: u32 = 0;
    for (let i: u32 = 0; i < this.list.count; i++) {
      must(sliceBytes(this.list.at(i)) > 0, "no slice is empty");
      sum += sliceBytes(this.list.at(i));
    }
    must(sum == n, "the slices make up the size");
    const copy = new StaticArray<u8>(n + 1);
    copy[n] = 0x5a;
    this.list.copyOut(0, changetype<usize>(copy), n);
    for (let i: u32 = 0; i < n; i++) must(copy[i] == this.bytes[i], "the bytes");
    must(copy[n] == 0x5a, "no byte more");
  }

  /** Reads at random places. */
  probe(random: Random): void {
    const n = <u32>this.bytes.length;
    if (!n) return;
    const pos = random.below(n);
    const length = random.below(n - pos) + 1;
    must(this.list.byteAt(pos) == this.bytes[pos], "one byte");
    const copy = new StaticArray<u8>(length);
    this.list.copyOut(pos, changetype<usize>(copy), length);
    for (let i: u32 = 0; i < length; i++) must(copy[i] == this.bytes[pos + i], "bytes from the middle");
    const p = this.list.stretch(pos, length);
    if (p) for (let i: u32 = 0; i < length; i++) must(load<u8>(p + i) == this.bytes[pos + i], "one stretch");
    else must(length > 1, "a single byte always lies in one stretch");
  }
}

function makeList(): Slices {
  return changetype<Slices>(allocZero(SLICES_SIZE, Owner.Slices));
}

/** A list with room of its own for `n` slices. */
function makeInlined(n: u32): Slices {
  const list = changetype<Slices>(allocZero(SLICES_SIZE + n * SLICE_SIZE, Owner.Slices));
  list.items = changetype<usize>(list) + offsetof<Slices>();
  list.room = n;
  return list;
}

function makeBlock(seed: u32): Block {
  const b = newBlock(BLOCK)!;
  for (let i: u32 = 0; i < BLOCK; i++) store<u8>(b.data + i, <u8>(i * 7 + (i >> 8) + seed));
  return b;
}

/** Appends a random stretch or run of a block to a list and to its model. */
function appendSome(pair: Pair, blocks: Array<Block>, random: Random): void {
  const b = blocks[random.below(blocks.length)];
  if (random.bool()) {
    const length: u32 = 1 + random.below(300);
    const from = random.below(BLOCK - length);
    must(pair.list.append(b.data + from, b, length, 0), "room");
    for (let i: u32 = 0; i < length; i++) pair.bytes.push(load<u8>(b.data + from + i));
    return;
  }
  const stride: u32 = 1 + random.below(255);
  const length: u32 = 1 + random.below(stride);
  const count: u32 = 1 + random.below(min<u32>((BLOCK - 300) / stride, 12));
  const from = random.below(BLOCK - count * stride);
  must(pair.list.append(b.data + from, b, length, runOf(count, stride)), "room");
  for (let k: u32 = 0; k < count; k++) {
    for (let i: u32 = 0; i < length; i++) pair.bytes.push(load<u8>(b.data + from + k * stride + i));
  }
}

/** Puts a random stretch of a block in front of a list and of its model. */
function prependSome(pair: Pair, blocks: Array<Block>, random: Random): void {
  const b = blocks[random.below(blocks.length)];
  const length: u32 = 1 + random.below(40);
  const from = random.below(BLOCK - length);
  must(pair.list.prepend(b.data + from, b, length), "room");
  const bytes: Array<u8> = [];
  for (let i: u32 = 0; i < length; i++) bytes.push(load<u8>(b.data + from + i));
  pair.bytes = bytes.concat(pair.bytes);
}

/** Each block has as many references as there are slices of it, and the one of the test. */
function referencesAgree(blocks: Array<Block>, pairs: Array<Pair>): void {
  for (let i = 0; i < blocks.length; i++) {
    let refs: u32 = 1;
    for (let k = 0; k < pairs.length; k++) {
      const list = pairs[k].list;
      for (let n: u32 = 0; n < list.count; n++) if (list.at(n).block == blocks[i]) refs++;
    }
    must(blocks[i].refs == refs, "references");
  }
}

function churn(seed: u64, operations: i32): void {
  const random = new Random(seed);
  const blocks: Array<Block> = [makeBlock(1), makeBlock(2), makeBlock(3)];
  const pairs: Array<Pair> = [new Pair(makeList()), new Pair(makeInlined(4)), new Pair(makeInlined(1))];
  for (let n = 0; n < operations; n++) {
    const pair = pairs[random.below(3)];
    const size = <u32>pair.bytes.length;
    const what = random.below(size > 5000 ? 6 : 9);
    if (what == 8) prependSome(pair, blocks, random);
    else if (what >= 5) appendSome(pair, blocks, random);
    else if (what == 0) {
      const to = random.below(size + 1);
      pair.list.truncate(to);
      pair.bytes = pair.bytes.slice(0, to);
    } else if (what == 1) {
      const from = random.below(size + 1);
      must(pair.list.drop(from), "room");
      pair.bytes = pair.bytes.slice(from);
    } else if (what == 2 || what == 3) {
      const other = pairs[random.below(3)];
      if (other == pair) continue;
      const k = random.below(size + 1);
      must(pair.list.moveTo(other.list, k), "room");
      other.bytes = other.bytes.concat(pair.bytes.slice(0, k));
      pair.bytes = pair.bytes.slice(k);
      other.check();
    } else {
      const other = pairs[random.below(3)];
      if (other == pair || other.bytes.length > 8000) continue;
      const pos = random.below(size + 1);
      const k = random.below(size - pos + 1);
      must(appendSlices(other.list, pair.list, pos, k), "room");
      other.bytes = other.bytes.concat(pair.bytes.slice(pos, pos + k));
      other.check();
    }
    pair.check();
    pair.probe(random);
    referencesAgree(blocks, pairs);
  }
  for (let i = 0; i < pairs.length; i++) {
    if (i == 1) pairs[i].list.clear();
    pairs[i].list.release();
    must(!pairs[i].list.size && !pairs[i].list.count, "empty");
    free(changetype<usize>(pairs[i].list));
  }
  for (let i = 0; i < blocks.length; i++) {
    must(blocks[i].refs == 1, "no reference is left");
    blockUnref(blocks[i]);
  }
}

function begin(): void {
  freshHeap();
  blocksInit();
}

function end(): void {
  must(blocksUsed() == 0, "no block is left");
  blocksRelease();
  mustBeEmpty();
}

describe("slices", () => {
  test("random operations agree with an array of bytes", () => {
    begin();
    for (let seed: u64 = 1; seed <= 12; seed++) churn(seed, 250);
    end();
  });

  test("a run cut at any place keeps all of its bytes on both sides", () => {
    begin();
    const b = makeBlock(9);
    for (let count: u32 = 1; count <= 4; count++) {
      const size = count * 5;
      for (let k: u32 = 0; k <= size; k++) {
        for (let way = 0; way < 3; way++) {
          const whole = new Pair(makeList());
          const part = new Pair(makeList());
          whole.list.append(b.data, b, 5, runOf(count, 11));
          for (let i: u32 = 0; i < size; i++) whole.bytes.push(load<u8>(b.data + (i / 5) * 11 + (i % 5)));
          if (way == 0) whole.list.moveTo(part.list, k);
          else if (way == 1) {
            appendSlices(part.list, whole.list, 0, k);
            whole.list.drop(k);
          } else {
            appendSlices(part.list, whole.list, 0, size);
            part.list.truncate(k);
            whole.list.drop(k);
          }
          part.bytes = whole.bytes.slice(0, k);
          whole.bytes = whole.bytes.slice(k);
          whole.check();
          part.check();
          whole.list.release();
          part.list.release();
          free(changetype<usize>(whole.list));
          free(changetype<usize>(part.list));
          must(b.refs == 1, "references");
        }
      }
    }
    blockUnref(b);
    end();
  });

  test("what continues the last slice is joined to it", () => {
    begin();
    const b = makeBlock(1);
    const c = makeBlock(1);
    const list = makeList();
    list.append(b.data, b, 10, 0);
    list.append(b.data + 10, b, 20, 0);
    expect<u32>(list.count).toBe(1);
    expect<u32>(b.refs).toBe(2);
    list.append(b.data + 31, b, 1, 0);
    list.append(c.data, c, 1, 0);
    list.append(c.data + 1, c, 3, runOf(2, 8));
    expect<u32>(list.count).toBe(4, "a gap, another block and a run are slices of their own");
    list.release();
    free(changetype<usize>(list));
    blockUnref(b);
    blockUnref(c);
    end();
  });

  test("bytes are writable in one stretch only where they lie so", () => {
    begin();
    const b = makeBlock(1);
    const list = makeList();
    list.append(b.data, b, 10, 0);
    list.append(b.data + 100, b, 10, runOf(3, 20));
    expect<usize>(list.stretch(2, 8)).toBe(b.data + 2);
    expect<usize>(list.stretch(2, 9)).toBe(0);
    expect<usize>(list.stretch(25, 5)).toBe(b.data + 125);
    expect<usize>(list.stretch(25, 6)).toBe(0);
    expect<usize>(list.stretch(39, 1)).toBe(b.data + 149);
    expect<usize>(list.stretch(40, 1)).toBe(0, "behind the end");
    list.release();
    free(changetype<usize>(list));
    blockUnref(b);
    end();
  });

  test("without room nothing is lost and no reference is taken", () => {
    begin();
    const b = makeBlock(1);
    const list = makeList();
    // All the memory there is, in pieces that get smaller.
    const taken = new Array<usize>();
    for (let size: u32 = 1 << 21; size >= 16; size >>= 1) {
      for (let p = alloc(size, Owner.Text); p; p = alloc(size, Owner.Text)) taken.push(p);
    }
    expect<bool>(list.append(b.data, b, 10, 0)).toBe(false);
    expect<u32>(b.refs).toBe(1);
    expect<u32>(list.size).toBe(0);
    const inlined = changetype<Slices>(taken[0]);
    memory.fill(taken[0], 0, SLICES_SIZE + SLICE_SIZE);
    inlined.items = changetype<usize>(inlined) + offsetof<Slices>();
    inlined.room = 1;
    must(inlined.append(b.data, b, 10, runOf(3, 20)), "one slice fits");
    expect<bool>(inlined.append(b.data, b, 10, 0)).toBe(false);
    expect<bool>(inlined.drop(5)).toBe(false, "a cut may need a second slice");
    expect<bool>(inlined.moveTo(list, 5)).toBe(false);
    expect<u32>(inlined.size).toBe(30);
    expect<u32>(b.refs).toBe(2);
    inlined.release();
    while (taken.length) free(taken.pop());
    free(changetype<usize>(list));
    blockUnref(b);
    end();
  });
});
