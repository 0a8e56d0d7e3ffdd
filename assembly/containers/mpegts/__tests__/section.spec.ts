import { Random } from "../../../base/__tests__/random";
import { must } from "../../../base/__tests__/region";
import { SECTION_ASSEMBLER_SIZE, SectionAssembler } from "../section";
import { begin, end, hashOf } from "./transport";

const ASSEMBLER: usize = memory.data(SECTION_ASSEMBLER_SIZE, 4);
const a = changetype<SectionAssembler>(ASSEMBLER);

/** Sections one behind the other, in payloads of 184 bytes as 2.4.4 has it. */
class Packed {
  data: StaticArray<u8> = new StaticArray<u8>(184 * 400);
  /** Whether a section starts in a payload. */
  starts: Array<bool> = [];
  hashes: Array<u64> = [];
  /** The payloads in which a section starts and ends. */
  first: Array<i32> = [];
  last: Array<i32> = [];

  /** @param stuffing whether a section may end in front of stuffing, so that the next starts in the packet behind */
  constructor(random: Random, count: u32, stuffing: bool) {
    const section = new StaticArray<u8>(1200);
    const p = changetype<usize>(section);
    let payload: StaticArray<u8> = new StaticArray<u8>(184);
    let used: u32 = 0;
    let pointer: i32 = -1;
    for (let i: u32 = 0; i < count; i++) {
      const size: u32 = 3 + random.below(random.bool() ? 40 : 1100);
      random.fill(p, size);
      // 0xff is no table: it begins the stuffing.
      store<u8>(p, load<u8>(p) & 0x7f);
      store<u8>(p, 0xb0 | ((size - 3) >> 8), 1);
      store<u8>(p, size - 3, 2);
      this.hashes.push(hashOf(p, size));
      let left = size;
      let starting = true;
      while (left) {
        const full = pointer < 0 && starting ? used >= 183 : used >= (pointer < 0 ? 184 : 183);
        if (full || (starting && used && stuffing && !random.below(3))) {
          this.flush(payload, used, pointer);
          used = 0;
          pointer = -1;
          if (full) continue;
        }
        if (starting) {
          if (pointer < 0) pointer = <i32>used;
          this.first.push(this.starts.length);
          starting = false;
        }
        const n = min<u32>(left, (pointer < 0 ? 184 : 183) - used);
        memory.copy(changetype<usize>(payload) + used, p + size - left, n);
        used += n;
        left -= n;
      }
      this.last.push(this.starts.length);
    }
    this.flush(payload, used, pointer);
  }

  private flush(payload: StaticArray<u8>, used: u32, pointer: i32): void {
    const to = changetype<usize>(this.data) + this.starts.length * 184;
    memory.fill(to, 0xff, 184);
    const pointed = pointer >= 0;
    if (pointed) store<u8>(to, pointer);
    memory.copy(to + (pointed ? 1 : 0), changetype<usize>(payload), used);
    this.starts.push(pointed);
  }
}

/** Feeds the payloads but those that are lost, some of them twice; hashes of the sections that come. */
function read(s: Packed, lost: Array<bool>, random: Random): Array<u64> {
  const out: Array<u64> = [];
  memory.fill(ASSEMBLER, 0, SECTION_ASSEMBLER_SIZE);
  a.reset();
  for (let i = 0; i < s.starts.length; i++) {
    if (lost[i]) continue;
    const times = random.below(3) ? 1 : 2;
    for (let k = 0; k < times; k++) {
      a.feed(changetype<usize>(s.data) + i * 184, 184, s.starts[i], i & 15);
      for (let n = a.read(); n; n = a.read()) out.push(hashOf(a.data, n));
    }
  }
  a.release();
  return out;
}

describe("sections", () => {
  test("are put together from packets, several in one or one in several", () => {
    for (let seed = 0; seed < 200; seed++) {
      begin();
      const random = new Random(seed);
      const s = new Packed(random, 1 + random.below(40), seed % 2 == 0);
      const lost: Array<bool> = [];
      for (let i = 0; i < s.starts.length; i++) lost.push(false);
      const got = read(s, lost, random);
      must(got.length == s.hashes.length, `seed ${seed}: ${got.length} of ${s.hashes.length}`);
      for (let i = 0; i < got.length; i++) must(got[i] == s.hashes[i], `seed ${seed}: section ${i}`);
      end();
    }
    expect<bool>(true).toBe(true);
  });

  test("a lost packet costs the sections that have bytes in it, and no others", () => {
    for (let seed = 0; seed < 200; seed++) {
      begin();
      const random = new Random(500 + seed);
      const s = new Packed(random, 20, seed % 2 == 0);
      const lost: Array<bool> = [];
      // A whole turn of the counter is not noticed, so that losses lie apart.
      for (let i = 0; i < s.starts.length; i++) lost.push(i % 9 == 4 && random.bool());
      const got = read(s, lost, random);
      let k = 0;
      for (let i = 0; i < s.hashes.length; i++) {
        let whole = true;
        for (let j = s.first[i]; j <= s.last[i]; j++) if (lost[j]) whole = false;
        if (!whole) continue;
        must(k < got.length && got[k] == s.hashes[i], `seed ${seed}: section ${i}`);
        k++;
      }
      must(k == got.length, "no others");
      end();
    }
    expect<bool>(true).toBe(true);
  });

  test("a section that the pointer says is cut short is dropped, and the next one is read", () => {
    begin();
    const payload = new StaticArray<u8>(184);
    const p = changetype<usize>(payload);
    memory.fill(ASSEMBLER, 0, SECTION_ASSEMBLER_SIZE);
    a.reset();
    memory.fill(p, 0x11, 184);
    // A section of 500 bytes starts; in the next packet another one, of 10, after only 20 bytes of it.
    store<u8>(p, 0);
    store<u16>(p + 2, 0xf1b1);
    a.feed(p, 184, true, 0);
    expect<u32>(a.read()).toBe(0);
    memory.fill(p, 0x22, 184);
    store<u8>(p, 20);
    store<u16>(p + 22, 0x07b0);
    store<u8>(p + 31, 0xff);
    a.feed(p, 184, true, 1);
    expect<u32>(a.read()).toBe(10);
    expect<u32>(a.read()).toBe(0);
    a.release();
    end();
  });

  test("what stands between the end of a section and the pointer's target is not read", () => {
    begin();
    const payload = new StaticArray<u8>(184);
    const p = changetype<usize>(payload);
    memory.fill(ASSEMBLER, 0, SECTION_ASSEMBLER_SIZE);
    a.reset();
    memory.fill(p, 0, 184);
    // 190 bytes: seven of them in the second packet, where the next section starts at 50.
    store<u16>(p + 2, 0xbbb0);
    a.feed(p, 184, true, 0);
    expect<u32>(a.read()).toBe(0);
    memory.fill(p, 0, 184);
    store<u8>(p, 50);
    store<u8>(p + 51, 0x40);
    store<u16>(p + 52, 0x07b0);
    store<u8>(p + 61, 0xff);
    a.feed(p, 184, true, 1);
    expect<u32>(a.read()).toBe(190);
    expect<u32>(a.read()).toBe(10);
    expect<u32>(load<u8>(a.data)).toBe(0x40);
    expect<u32>(a.read()).toBe(0);
    a.release();
    end();
  });
});
