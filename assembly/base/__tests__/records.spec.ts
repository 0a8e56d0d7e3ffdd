import { Owner, allocZero, free } from "../heap";
import { RECORDREADER_SIZE, RecordReader, RecordType, recordDouble, recordInt, recordText } from "../records";
import { WRITER_SIZE, Writer } from "../writer";
import { Random } from "./random";
import { freshHeap, must, mustBeEmpty } from "./region";

const BUFFER: usize = memory.data(512, 16);
const READER: usize = memory.data(32, 8);

function over(p: usize, n: u32): RecordReader {
  return changetype<RecordReader>(READER).over(p, n);
}

function makeWriter(): Writer {
  return changetype<Writer>(allocZero(WRITER_SIZE, Owner.Writer));
}

function drop(w: Writer): void {
  w.release();
  free(changetype<usize>(w));
}

describe("records", () => {
  test("the reader has the size that it states", () => {
    expect<u32>(RECORDREADER_SIZE).toBeGreaterThanOrEqual(<u32>offsetof<RecordReader>());
  });

  test("an integer is a type byte and 8 bytes, little-endian", () => {
    freshHeap();
    const w = makeWriter();
    recordInt(w, 0x0807060504030201);
    expect<u32>(w.length).toBe(9);
    expect<u8>(load<u8>(w.data)).toBe(1);
    for (let i: u32 = 1; i <= 8; i++) expect<u8>(load<u8>(w.data + i)).toBe(<u8>i);
    w.clear();
    recordText(w, BUFFER, 3);
    expect<u32>(w.length).toBe(8);
    expect<u8>(load<u8>(w.data)).toBe(2);
    expect<u32>(load<u32>(w.data + 1)).toBe(3);
    w.clear();
    recordDouble(w, 1);
    expect<u8>(load<u8>(w.data)).toBe(3);
    expect<f64>(load<f64>(w.data + 1)).toBe(1);
    drop(w);
    mustBeEmpty();
  });

  test("what is written is read back, and every cut is noticed", () => {
    freshHeap();
    for (let seed: u64 = 1; seed <= 30; seed++) {
      const random = new Random(seed);
      random.fill(BUFFER, 512);
      const w = makeWriter();
      const kinds = new Array<u32>();
      const values = new Array<u64>();
      for (let n = 0; n < 12; n++) {
        const kind = random.below(3);
        const v = random.next();
        kinds.push(kind);
        values.push(v);
        if (kind == 0) recordInt(w, <i64>v);
        else if (kind == 1) recordDouble(w, <f64>(<i64>v));
        else recordText(w, BUFFER, (<u32>v) & 127);
      }
      for (let length: u32 = 0; length <= w.length; length++) {
        const r = over(w.data, length);
        let whole = 0;
        for (let n = 0; n < kinds.length; n++) {
          let ok = false;
          if (kinds[n] == 0) ok = r.int() == <i64>values[n];
          else if (kinds[n] == 1) ok = r.double() == <f64>(<i64>values[n]);
          else ok = r.text() && r.length == ((<u32>values[n]) & 127);
          if (r.bad) break;
          must(ok, "value");
          if (kinds[n] == 2) {
            for (let i: u32 = 0; i < r.length; i++) must(load<u8>(r.data + i) == load<u8>(BUFFER + i), "text");
          }
          whole++;
        }
        must(r.pos <= r.end, "inside");
        must((length == w.length) == (whole == kinds.length), "a cut is noticed");
        must(!r.more, "nothing remains");
      }
      drop(w);
    }
    mustBeEmpty();
  });

  test("short forms are read as the long ones", () => {
    store<u8>(BUFFER, RecordType.Small);
    store<u8>(BUFFER + 1, 0x80);
    store<u8>(BUFFER + 2, RecordType.Short);
    store<u8>(BUFFER + 3, 2);
    store<u16>(BUFFER + 4, 0x4241);
    store<u8>(BUFFER + 6, RecordType.Small);
    store<u8>(BUFFER + 7, 5);
    const r = over(BUFFER, 8);
    expect<i64>(r.int()).toBe(-128);
    expect<u32>(r.type).toBe(RecordType.Short);
    expect<bool>(r.text()).toBe(true);
    expect<u32>(r.length).toBe(2);
    expect<u8>(load<u8>(r.data)).toBe(0x41);
    expect<i64>(r.int()).toBe(5);
    expect<bool>(r.more).toBe(false);
    expect<bool>(r.bad).toBe(false);
  });

  test("the types have the numbers that hosts know", () => {
    const types: StaticArray<i32> = [
      RecordType.Int,
      RecordType.Text,
      RecordType.Double,
      RecordType.Bytes,
      RecordType.Small,
      RecordType.Short,
    ];
    for (let i = 0; i < types.length; i++) expect<i32>(types[i]).toBe(i + 1);
  });

  test("empty texts end exactly where the data ends", () => {
    memory.fill(BUFFER, 0, 16);
    const kinds: StaticArray<i32> = [RecordType.Short, RecordType.Text, RecordType.Bytes];
    for (let i = 0; i < kinds.length; i++) {
      store<u8>(BUFFER, <u8>kinds[i]);
      const size: u32 = i ? 5 : 2;
      const r = over(BUFFER, size);
      must(r.text() && r.length == 0 && !r.more && !r.bad, "empty");
      must(!over(BUFFER, size - 1).text(), "cut");
    }
  });

  test("a failed read leaves nothing of the one before", () => {
    store<u8>(BUFFER, RecordType.Short);
    store<u8>(BUFFER + 1, 3);
    store<u8>(BUFFER + 5, RecordType.Int);
    const r = over(BUFFER, 10);
    r.text();
    expect<u32>(r.length).toBe(3);
    expect<bool>(r.text()).toBe(false);
    expect<u32>(r.length).toBe(0);
    expect<f64>(r.double()).toBe(0);
    expect<i64>(r.int()).toBe(0);
  });

  test("bytes are read as a text is", () => {
    store<u8>(BUFFER, RecordType.Bytes);
    store<u32>(BUFFER + 1, 4);
    const r = over(BUFFER, 9);
    expect<bool>(r.text()).toBe(true);
    expect<u32>(r.length).toBe(4);
    expect<usize>(r.data).toBe(BUFFER + 5);
  });

  test("another type than asked for is bad", () => {
    memory.fill(BUFFER, 0, 64);
    for (let type: u32 = 0; type < 256; type++) {
      store<u8>(BUFFER, type);
      const isInt = type == RecordType.Int || type == RecordType.Small;
      const isText = type == RecordType.Text || type == RecordType.Bytes || type == RecordType.Short;
      let r = over(BUFFER, 32);
      r.int();
      must(r.bad == !isInt, "int");
      r = over(BUFFER, 32);
      r.double();
      must(r.bad == (type != RecordType.Double), "double");
      r = over(BUFFER, 32);
      must(r.text() == isText && r.bad == !isText, "text");
    }
  });

  test("a length over what remains is bad, whatever it is", () => {
    const lengths: StaticArray<u32> = [28, 29, 0x7fffffff, 0x80000000, 0xfffffffa, 0xffffffff];
    for (let i = 0; i < lengths.length; i++) {
      store<u8>(BUFFER, RecordType.Text);
      store<u32>(BUFFER + 1, lengths[i]);
      const r = over(BUFFER, 32);
      must(!r.text() && r.bad && r.length == 0, "refused");
      must(!r.more, "nothing is read after it");
    }
    store<u8>(BUFFER, RecordType.Short);
    store<u8>(BUFFER + 1, 31);
    expect<bool>(over(BUFFER, 32).text()).toBe(false);
    store<u8>(BUFFER + 1, 30);
    expect<bool>(over(BUFFER, 32).text()).toBe(true);
  });

  test("an empty list has nothing", () => {
    const r = over(BUFFER, 0);
    expect<bool>(r.more).toBe(false);
    expect<u32>(r.type).toBe(0);
    expect<i64>(r.int()).toBe(0);
    expect<bool>(r.bad).toBe(true);
  });
});
