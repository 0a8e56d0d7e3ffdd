import { Random } from "../../../base/__tests__/random";
import { must } from "../../../base/__tests__/region";
import { begin, drop, end, frameOf, hashList, hashOf } from "../../__tests__/input";
import { AdtsHeader, fitsAdts, writeAdtsHeader } from "../adts";
import { AAC_CONFIG_SIZE, AacConfig } from "../config";
import { AacFramer, FramerEvent, Framing } from "../framer";

const FRAMER: usize = memory.data(offsetof<AacFramer>(), 8);
const CONFIG: usize = memory.data(AAC_CONFIG_SIZE, 4);
const HEADER: usize = memory.data(offsetof<AdtsHeader>(), 4);
const DATA: usize = memory.data(1 << 17, 8);

const framer = changetype<AacFramer>(FRAMER);
const c = changetype<AacConfig>(CONFIG);

/** Places of frames in DATA. */
class Frames {
  starts: Array<u32> = [];
  sizes: Array<u32> = [];
  length: u32 = 0;

  constructor(
    public framing: Framing,
    public random: Random,
  ) {
    memory.fill(CONFIG, 0, AAC_CONFIG_SIZE);
    c.objectType = 2;
    c.rate = 48000;
    c.channelConfig = 2;
    c.channels = 2;
    c.frameLength = 1024;
  }

  /** Appends a frame of random bytes. */
  add(): void {
    const size = this.random.below(this.random.bool() ? 20 : 900);
    const at = DATA + this.length;
    let head: u32 = 7;
    if (this.framing == Framing.Adts) writeAdtsHeader(at, c, size);
    else {
      const h = (0x2b7 << 13) | (size + 1);
      store<u8>(at, h >> 16);
      store<u8>(at, h >> 8, 1);
      store<u8>(at, h, 2);
      head = 4;
    }
    for (let i: u32 = 0; i < size; i++) store<u8>(at + head + i, this.random.below(8) ? this.random.below(256) : 0xff);
    this.starts.push(this.length);
    this.sizes.push(head + size);
    this.length += head + size;
  }

  /** Appends bytes in which no frame starts. */
  rubbish(n: u32): void {
    memory.fill(DATA + this.length, 0x11, n);
    this.length += n;
  }
}

/** Feeds all of it in pieces of random sizes; bytes that were skipped. */
function check(list: Frames, random: Random, what: string): u32 {
  memory.fill(FRAMER, 0, offsetof<AacFramer>());
  must(framer.init(), "there is memory");
  framer.framing = list.framing;
  let at: u32 = 0;
  let place: u32 = 0;
  let skipped: u32 = 0;
  let k = 0;
  while (at <= list.length) {
    if (at < list.length) {
      const n = min<u32>(list.length - at, 1 + random.below(random.bool() ? 10 : 2000));
      const f = frameOf(DATA + at, n, random);
      must(framer.feed(f), "there is memory");
      drop(f);
      at += n;
    } else {
      framer.finish();
      at++;
    }
    for (let e = framer.next(); e != FramerEvent.Need; e = framer.next()) {
      if (e == FramerEvent.Skipped) {
        skipped += framer.lost;
        place += framer.lost;
        must(framer.offset == <i64>place, "its place");
        continue;
      }
      must(framer.offset == <i64>place, "its place");
      must(k < list.starts.length && list.starts[k] == place, `${what}: a frame at ${place}`);
      must(framer.length == list.sizes[k], `${what}: frame ${k}: ${framer.length} bytes, not ${list.sizes[k]}`);
      must(hashList(framer.bytes, 0, framer.length) == hashOf(DATA + place, framer.length), "its bytes");
      place += framer.length;
      k++;
      must(framer.taken(false), "there is memory");
    }
  }
  must(k == list.starts.length, `${what}: ${k} of ${list.starts.length} frames`);
  must(place == list.length, "nothing is left out");
  framer.release();
  return skipped;
}

describe("ADTS headers", () => {
  test("what is written is read", () => {
    const random = new Random(1);
    const h = changetype<AdtsHeader>(HEADER);
    const rates: StaticArray<u32> = [
      96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350,
    ];
    for (let round = 0; round < 5000; round++) {
      memory.fill(CONFIG, 0, AAC_CONFIG_SIZE);
      c.objectType = 1 + random.below(4);
      c.rate = rates[random.below(13)];
      c.channelConfig = random.below(8);
      c.frameLength = 1024;
      const size = random.below(8185);
      must(fitsAdts(c), "it fits");
      writeAdtsHeader(DATA, c, size);
      must(h.read(DATA), "it is sound");
      must(h.objectType == c.objectType && h.rate == c.rate && h.channelConfig == c.channelConfig, "the stream");
      must(h.length == size + 7 && h.mpegVersion == 4 && h.blocks == 1 && !h.hasCrc, "the frame");
      must(h.agrees(h), "it is of the same stream");
    }
    // What ADTS has no room for.
    c.objectType = 5;
    expect<bool>(fitsAdts(c)).toBe(false);
    c.objectType = 2;
    c.rate = 12345;
    expect<bool>(fitsAdts(c)).toBe(false);
  });

  test("without the sync word, the layer, a rate, or a length that holds the header, there is none", () => {
    const random = new Random(2);
    const h = changetype<AdtsHeader>(HEADER);
    const list = new Frames(Framing.Adts, random);
    list.add();
    must(h.read(DATA), "it is sound");
    // At a place, bits that are put in.
    const damage: StaticArray<u32> = [0, 0x7f, 1, 0xe1, 1, 0xf7, 2, 0x7c];
    for (let i = 0; i < 8; i += 2) {
      const kept = load<u8>(DATA + damage[i]);
      store<u8>(DATA + damage[i], damage[i + 1]);
      must(!h.read(DATA), `damage ${i}`);
      store<u8>(DATA + damage[i], kept);
    }
    store<u8>(DATA + 3, load<u8>(DATA + 3) & 0xfc);
    store<u8>(DATA + 4, 0);
    store<u8>(DATA + 5, 0xdf);
    expect<bool>(h.read(DATA)).toBe(false);
  });
});

describe("the framer", () => {
  test("gives the frames that were put together, whatever pieces they come in", () => {
    for (let seed = 0; seed < 200; seed++) {
      begin();
      const random = new Random(seed);
      const list = new Frames(seed & 1 ? Framing.Adts : Framing.Loas, random);
      for (let i = 1 + random.below(60); i; i--) list.add();
      must(check(list, random, `seed ${seed}`) == 0, "nothing is skipped");
      end();
    }
    expect<bool>(true).toBe(true);
  });

  test("finds the next frame after something else, and loses none around it", () => {
    for (let seed = 0; seed < 200; seed++) {
      begin();
      const random = new Random(300 + seed);
      const list = new Frames(seed & 1 ? Framing.Adts : Framing.Loas, random);
      let lost: u32 = 0;
      for (let k = 0; k < 4; k++) {
        // One frame alone is not believed.
        for (let i: u32 = 2 + random.below(10); i; i--) list.add();
        const n: u32 = 1 + random.below(600);
        list.rubbish(n);
        lost += n;
      }
      for (let i = 0; i < 3; i++) list.add();
      must(check(list, random, `seed ${seed}`) == lost, "what was between is skipped");
      end();
    }
    expect<bool>(true).toBe(true);
  });

  test("a frame alone in front of an ID3 tag is one", () => {
    begin();
    const random = new Random(3);
    const list = new Frames(Framing.Adts, random);
    list.rubbish(20);
    list.add();
    const tag = list.length;
    list.rubbish(86);
    store<u32>(DATA + tag, 0x04334449);
    for (let i = 0; i < 5; i++) list.add();
    expect<u32>(check(list, random, "ID3")).toBe(106);
    end();
  });

  test("a stream cut short loses its last frame only", () => {
    begin();
    const random = new Random(4);
    const list = new Frames(Framing.Adts, random);
    for (let i = 0; i < 10; i++) list.add();
    list.length -= 1;
    list.starts.pop();
    const last = list.sizes.pop();
    expect<u32>(check(list, random, "cut")).toBe(last - 1);
    end();
  });

  test("random bytes come out as frames or are skipped, all of them", () => {
    for (let seed = 0; seed < 100; seed++) {
      begin();
      const random = new Random(600 + seed);
      memory.fill(FRAMER, 0, offsetof<AacFramer>());
      must(framer.init(), "there is memory");
      framer.framing = seed & 1 ? Framing.Adts : Framing.Loas;
      let given: u32 = 0;
      let out: u32 = 0;
      for (let k = 0; k <= 30; k++) {
        if (k < 30) {
          const n: u32 = 1 + random.below(1000);
          random.fill(DATA, n);
          for (let i: u32 = 0; i + 1 < n; i += 1 + random.below(60)) {
            store<u8>(DATA + i, framer.framing == Framing.Adts ? 0xff : 0x56);
            store<u8>(DATA + i + 1, framer.framing == Framing.Adts ? 0xf1 : 0xe0);
          }
          const f = frameOf(DATA, n, random);
          must(framer.feed(f), "there is memory");
          drop(f);
          given += n;
        } else framer.finish();
        for (let e = framer.next(); e != FramerEvent.Need; e = framer.next()) {
          const n = e == FramerEvent.Frame ? framer.length : framer.lost;
          must(n > 0, "something happens");
          out += n;
          if (e == FramerEvent.Frame) must(framer.taken(false), "there is memory");
        }
      }
      must(out == given, `${out} of ${given} bytes`);
      framer.release();
      end();
    }
    expect<bool>(true).toBe(true);
  });
});
