import { Random } from "../../base/__tests__/random";
import { must } from "../../base/__tests__/region";
import { SLICES_SIZE, Slices } from "../../core/slices";
import { SCANNER_SIZE, StartCodeScanner } from "../scanner";
import { append, begin, end } from "./input";

const SCANNER: usize = memory.data(SCANNER_SIZE, 8);
const LIST: usize = memory.data(SLICES_SIZE, 8);
const DATA: usize = memory.data(8192, 8);

const scanner = changetype<StartCodeScanner>(SCANNER);
const list = changetype<Slices>(LIST);

/** Compares what was found in the first `n` bytes of DATA with what a look at every byte finds. */
function check(n: u32, what: string): void {
  let k: u32 = 0;
  for (let i: u32 = 0; i + 3 < n; i++) {
    if (load<u8>(DATA + i) || load<u8>(DATA + i + 1) || load<u8>(DATA + i + 2) != 1) continue;
    must(k < scanner.count, `${what}: the start code at ${i} was not found`);
    const r = scanner.at(k++);
    must(r.header == i + 3, `${what}: a start code at ${i}, not at ${r.header - 3}`);
    must(r.type == load<u8>(DATA + i + 3), "the byte behind it");
    must(r.next == (i + 4 < n ? load<u8>(DATA + i + 4) : 0), "the one behind that");
    let zeros: u32 = 0;
    while (zeros < 3 && i > zeros && !load<u8>(DATA + i - zeros - 1)) zeros++;
    must(r.zeros == zeros, `${what}: ${r.zeros} zeros in front of ${i}, not ${zeros}`);
  }
  must(k == scanner.count, `${what}: ${scanner.count} start codes, not ${k}`);
}

/** Scans the first `n` bytes of DATA in pieces of random sizes and shapes. */
function scan(n: u32, random: Random): void {
  scanner.reset();
  let at: u32 = 0;
  while (at < n) {
    const k = min<u32>(n - at, 1 + random.below(random.bool() ? 30 : 3000));
    append(list, DATA + at, k, random);
    scanner.scan(list);
    list.clear();
    at += k;
    must(scanner.pos == at, "its place");
  }
  scanner.finish();
}

describe("the scanner for start codes", () => {
  test("finds what a look at every byte finds, wherever stretches are cut", () => {
    const random = new Random(1);
    memory.fill(SCANNER, 0, SCANNER_SIZE);
    memory.fill(LIST, 0, SLICES_SIZE);
    begin();
    for (let round = 0; round < 3000; round++) {
      const n: u32 = 1 + random.below(random.bool() ? 60 : 4000);
      // From nothing but zeros and ones to hardly any.
      const rare = 1 + random.below(40);
      for (let i: u32 = 0; i < n; i++) {
        const b = random.below(rare + 3);
        store<u8>(DATA + i, b < 2 ? 0 : b == 2 ? 1 : <u8>random.next());
      }
      scan(n, random);
      check(n, `round ${round}`);
    }
    list.release();
    scanner.release();
    end();
  });

  test("start codes at every place around the ends of stretches", () => {
    const random = new Random(2);
    memory.fill(SCANNER, 0, SCANNER_SIZE);
    memory.fill(LIST, 0, SLICES_SIZE);
    begin();
    for (let at: u32 = 0; at < 600; at++) {
      memory.fill(DATA, 0xff, 800);
      store<u16>(DATA + at, 0);
      store<u8>(DATA + at + 2, 1);
      store<u8>(DATA + at + 3, 0x65);
      scan(800, random);
      check(800, `at ${at}`);
    }
    list.release();
    scanner.release();
    end();
  });

  test("more start codes than fit are counted and not kept", () => {
    memory.fill(SCANNER, 0, SCANNER_SIZE);
    memory.fill(LIST, 0, SLICES_SIZE);
    begin();
    const random = new Random(3);
    for (let i: u32 = 0; i < 2048; i++) store<u32>(DATA + 4 * i, 0x65010000);
    scanner.reset();
    for (let k = 0; k < 40; k++) {
      append(list, DATA, 8192, random);
      scanner.scan(list);
      list.clear();
    }
    scanner.finish();
    expect<u32>(scanner.count).toBe(65536);
    expect<u32>(scanner.lost).toBe(40 * 2048 - 65536);
    list.release();
    scanner.release();
    end();
  });
});
