import { Random } from "../../../base/__tests__/random";
import { must } from "../../../base/__tests__/region";
import { putBe32 } from "../../../base/bytes";
import { crc32Mpeg } from "../../../base/crc";
import { heap, heapSound } from "../../../base/heap";
import { Reader, Transport, Unit, begin, end, makePes } from "./transport";

const PES: usize = memory.data(4096, 8);

/** A stream with two programs, one of them of sections. */
function build(random: Random): Transport {
  const t = new Transport();
  for (let k: u32 = 0; k < 6; k++) {
    t.pat();
    t.pmt(k < 4 ? 0x1b : 0x0f, 0x100, 3, k >> 1);
    t.section(0x1000, 0x80, 1, k, 0, 0, PES, random.below(900));
    for (let i = 0; i < 6; i++) {
      const u = new Unit(0x100 + random.below(3), 90000, -1, 1 + random.below(1500), 0);
      const n = makePes(PES, random, u, random.bool(), random.below(100));
      t.put(u.pid, PES, n, 1 + random.below(184), random.below(3) ? null : random);
    }
  }
  return t;
}

/** Makes the checksums of the tables right again, where they still look like tables. */
function sign(t: Transport): void {
  for (let at: u32 = 0; at + 188 <= t.length; at += 188) {
    const p = t.at(at);
    if (load<u8>(p) != 0x47 || !(load<u8>(p, 1) & 0x40)) continue;
    const start: u32 = load<u8>(p, 3) & 0x20 ? 5 + load<u8>(p, 4) : 4;
    const section = start + 1;
    if (section + 12 > 188 || load<u8>(p + start) || load<u8>(p + section) > 2) continue;
    const n = 3 + ((((<u32>load<u8>(p + section + 1)) & 15) << 8) | load<u8>(p + section + 2));
    if (n < 12 || section + n > 188) continue;
    putBe32(p + section + n - 4, crc32Mpeg(0xffffffff, p + section, n - 4));
  }
}

describe("hostile transport streams", () => {
  test("what is changed at random is read in bounded memory, which all comes back", () => {
    const random = new Random(1);
    const good = build(random);
    const t = new Transport();
    let units = 0;
    for (let round = 0; round < 1500; round++) {
      begin();
      t.length = good.length;
      memory.copy(t.at(0), good.at(0), good.length);
      const changes: u32 = 1 + random.below(12);
      for (let k: u32 = 0; k < changes; k++) {
        // Mostly in the heads of packets, and of what starts in them.
        const packet = 188 * random.below(t.length / 188);
        const at = packet + (random.below(4) ? random.below(30) : random.below(188));
        const what = random.below(6);
        if (what < 3) store<u8>(t.at(at), <u8>random.next());
        else if (what == 3) store<u8>(t.at(at), 0xff);
        else if (what == 4) store<u32>(t.at(min<u32>(at, t.length - 4)), <u32>random.next());
        else {
          // Bytes are left out.
          const n = min<u32>(1 + random.below(300), t.length - at);
          memory.copy(t.at(at), t.at(at + n), t.length - at - n);
          t.length -= n;
        }
      }
      if (random.bool()) sign(t);
      const before = heap().liveBytes;
      const r = new Reader();
      let at: u32 = 0;
      while (at < t.length) {
        const n = min<u32>(t.length - at, 1 + random.below(6000));
        r.feed(t.at(at), n);
        at += n;
        must(heap().liveBytes - before < 4 * good.length + 100_000, "memory stays in bounds");
      }
      must(heapSound(), "the heap is sound");
      r.finish();
      units += r.got.length;
      end();
    }
    must(units > 1500, "most of them still have something to give");
  });

  test("noise, with and without sync bytes", () => {
    const random = new Random(2);
    const t = new Transport();
    for (let round = 0; round < 200; round++) {
      begin();
      t.length = 1 + random.below(20000);
      random.fill(t.at(0), t.length);
      const stride: u32 = random.below(3) == 0 ? 188 : random.bool() ? 192 : 204;
      if (round & 1) for (let at: u32 = 0; at < t.length; at += stride) store<u8>(t.at(at), 0x47);
      const r = new Reader().read(t, 1 + random.below(9000), random);
      must(<u32>r.got.length * 2 < t.length, "no more comes out than went in");
      end();
    }
    expect<bool>(true).toBe(true);
  });
});
