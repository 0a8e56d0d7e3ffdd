import { Owner, alloc, allocZero, free } from "../heap";
import { Reader } from "../reader";
import { WRITER_SIZE, Writer } from "../writer";
import { Random } from "./random";
import { freshHeap, must, mustBeEmpty } from "./region";

const READER: usize = memory.data(16, 8);

function makeWriter(): Writer {
  return changetype<Writer>(allocZero(WRITER_SIZE, Owner.Writer));
}

function drop(w: Writer): void {
  w.release();
  free(changetype<usize>(w));
}

function read(w: Writer): Reader {
  return changetype<Reader>(READER).over(w.data, w.length);
}

describe("writer", () => {
  test("its record has the size that it states", () => {
    expect<u32>(WRITER_SIZE).toBeGreaterThanOrEqual(<u32>offsetof<Writer>());
  });

  test("what is written is read back", () => {
    freshHeap();
    for (let seed: u64 = 1; seed <= 20; seed++) {
      const random = new Random(seed);
      const w = makeWriter();
      const kinds = new Array<u32>();
      const values = new Array<u64>();
      for (let n = 0; n < 300; n++) {
        const kind = random.below(7);
        const v = random.next();
        kinds.push(kind);
        values.push(v);
        if (kind == 0) w.u8(<u32>v);
        else if (kind == 1) w.u16(<u32>v);
        else if (kind == 2) w.u24(<u32>v);
        else if (kind == 3) w.u32(<u32>v);
        else if (kind == 4) w.u64(v);
        else if (kind == 5) w.zeros((<u32>v) & 63);
        else {
          const from = alloc(64, Owner.Text);
          for (let i: u32 = 0; i < 64; i++) store<u8>(from + i, <u8>(v + i));
          w.bytes(from, (<u32>v) & 63);
          free(from);
        }
      }
      must(!w.full && w.length <= w.capacity, "room");
      const r = read(w);
      for (let n = 0; n < kinds.length; n++) {
        const v = values[n];
        if (kinds[n] == 0) must(r.u8() == ((<u32>v) & 0xff), "u8");
        else if (kinds[n] == 1) must(r.u16() == ((<u32>v) & 0xffff), "u16");
        else if (kinds[n] == 2) must(r.u24() == ((<u32>v) & 0xffffff), "u24");
        else if (kinds[n] == 3) must(r.u32() == <u32>v, "u32");
        else if (kinds[n] == 4) must(r.u64() == v, "u64");
        else {
          for (let i: u32 = 0; i < ((<u32>v) & 63); i++) must(r.u8() == (kinds[n] == 5 ? 0 : <u8>(v + i)), "bytes");
        }
      }
      must(r.left() == 0 && !r.short, "all of it");
      drop(w);
    }
    mustBeEmpty();
  });

  test("a number is patched where it stands and nowhere else", () => {
    freshHeap();
    const w = makeWriter();
    w.patch32(0, 0x55555555);
    w.u24(0);
    w.patch32(0, 0x55555555);
    w.u8(0);
    expect<u32>(read(w).u32()).toBe(0, "there were not four bytes");
    w.patch32(0, 0x55555555);
    expect<u32>(read(w).u32()).toBe(0x55555555, "now there are");
    w.clear();
    for (let i = 0; i < 4; i++) w.u32(0x11111111);
    w.patch32(4, 0xaabbccdd);
    w.patch32(12, 0x22222222);
    w.patch32(13, 0x55555555);
    w.patch32(0xffffffff, 0x55555555);
    const r = read(w);
    expect<u32>(r.u32()).toBe(0x11111111);
    expect<u32>(r.u32()).toBe(0xaabbccdd);
    expect<u32>(r.u32()).toBe(0x11111111);
    expect<u32>(r.u32()).toBe(0x22222222);
    drop(w);
    mustBeEmpty();
  });

  test("clear keeps the memory, release gives it back", () => {
    freshHeap();
    const w = makeWriter();
    w.zeros(1000);
    const data = w.data;
    w.clear();
    w.zeros(1000);
    expect<usize>(w.data).toBe(data);
    expect<u32>(w.length).toBe(1000);
    w.release();
    expect<u32>(w.length).toBe(0);
    expect<u32>(w.capacity).toBe(0);
    w.u8(1);
    expect<u32>(w.length).toBe(1);
    drop(w);
    mustBeEmpty();
  });

  test("when there is no room, everything from there on is dropped", () => {
    freshHeap(4096);
    const w = makeWriter();
    w.zeros(1000);
    w.zeros(8000);
    expect<bool>(w.full).toBe(true);
    w.u8(1);
    expect<u32>(w.length).toBe(1000, "nothing follows a hole");
    expect<usize>(w.extend(1)).toBe(0);
    w.clear();
    w.u8(1);
    expect<u32>(w.length).toBe(1, "clear starts over");
    expect<bool>(w.full).toBe(false);
    drop(w);
    mustBeEmpty();
  });

  test("lengths near the end of the number range do not wrap", () => {
    freshHeap();
    const lengths: StaticArray<u32> = [0xffffffff, 0xffffff9c, 0xaaaaaaab, 0xb0000000, 0x80000000, 0x7fff0000];
    for (let i = 0; i < lengths.length; i++) {
      const w = makeWriter();
      w.zeros(100);
      must(w.extend(lengths[i]) == 0 && w.full, "refused");
      must(w.length == 100, "kept");
      drop(w);
    }
    mustBeEmpty();
  });
});
