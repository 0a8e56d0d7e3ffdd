import { Random } from "../../../base/__tests__/random";
import { must } from "../../../base/__tests__/region";
import { BITS_SIZE, BITWRITER_SIZE, BitWriter, Bits } from "../../../base/bits";
import { AAC_CONFIG_SIZE, AacConfig, ObjectType, readConfig, readProgramConfig, writeConfig } from "../config";
import { LOAS_HEADER, LatmReader, LatmResult, latmRoom, loasLength, writeLoas } from "../latm";

const CONFIG: usize = memory.data(AAC_CONFIG_SIZE, 4);
const OTHER: usize = memory.data(AAC_CONFIG_SIZE, 4);
const LATM: usize = memory.data(offsetof<LatmReader>(), 4);
const BYTES: usize = memory.data(16384, 8);
const PAYLOAD: usize = memory.data(8192, 8);
const BITS: usize = memory.data(BITS_SIZE, 4);
const WRITER: usize = memory.data(BITWRITER_SIZE, 4);

const c = changetype<AacConfig>(CONFIG);
const other = changetype<AacConfig>(OTHER);

function over(n: u32): BitWriter {
  memory.fill(BYTES, 0, 16384);
  return changetype<BitWriter>(WRITER).over(BYTES, n);
}

/** Writes a program config element (4.4.1.1) of random channels behind its id; how many channels. */
function putProgram(w: BitWriter, random: Random, aligned: u32): u32 {
  const front = random.below(4);
  const side = random.below(3);
  const back = random.below(3);
  const lfe = random.below(3);
  const data = random.below(3);
  const coupling = random.below(3);
  w.write(random.below(16), 4);
  w.write(1, 2);
  w.write(3, 4);
  w.write(front, 4);
  w.write(side, 4);
  w.write(back, 4);
  w.write(lfe, 2);
  w.write(data, 3);
  w.write(coupling, 4);
  for (let i = 0; i < 3; i++) {
    const has = random.below(2);
    w.write(has, 1);
    if (has) w.write(random.below(8), i < 2 ? 4 : 3);
  }
  let channels = lfe;
  for (let i: u32 = 0; i < front + side + back; i++) {
    const pair = random.below(2);
    channels += 1 + pair;
    w.write(pair, 1);
    w.write(i, 4);
  }
  for (let i: u32 = 0; i < lfe + data; i++) w.write(i, 4);
  for (let i: u32 = 0; i < coupling; i++) w.write(i, 5);
  while ((w.pos - aligned) & 7) w.write(0, 1);
  const comment = random.below(5);
  w.write(comment, 8);
  for (let i: u32 = 0; i < comment; i++) w.write(0x41, 8);
  return channels;
}

/** A config of AAC that headers and configs can tell. */
function someConfig(random: Random): void {
  memory.fill(CONFIG, 0, AAC_CONFIG_SIZE);
  const rates: StaticArray<u32> = [96000, 48000, 44100, 22050, 8000, 7350, 12345, 192000];
  c.objectType = 1 + random.below(4);
  c.rate = rates[random.below(8)];
  c.channelConfig = 1 + random.below(7);
  c.channels = c.channelConfig == 7 ? 8 : c.channelConfig;
  c.frameLength = random.bool() ? 1024 : 960;
  if (random.bool()) {
    c.extension = random.bool() ? ObjectType.Sbr : ObjectType.Ps;
    c.extensionRate = rates[random.below(8)];
  }
}

function same(a: AacConfig, b: AacConfig): bool {
  return (
    a.objectType == b.objectType &&
    a.extension == b.extension &&
    a.rate == b.rate &&
    a.extensionRate == b.extensionRate &&
    a.channelConfig == b.channelConfig &&
    a.channels == b.channels &&
    a.frameLength == b.frameLength
  );
}

describe("the AudioSpecificConfig", () => {
  test("what is written is read", () => {
    const random = new Random(1);
    for (let round = 0; round < 2000; round++) {
      someConfig(random);
      const w = over(128);
      writeConfig(w, c);
      must(readConfig(changetype<Bits>(BITS).over(BYTES, w.bytes()), other), "it is sound");
      must(same(c, other), `round ${round}`);
      must(other.bits == w.pos, "its bits");
      // Cut short it is none.
      const n = random.below(other.bits >> 3);
      must(!readConfig(changetype<Bits>(BITS).over(BYTES, n), other), "cut short it is none");
    }
    expect<bool>(true).toBe(true);
  });

  test("the well-known ones", () => {
    // AAC-LC of 44.1 kHz; HE-AAC of 24 kHz that gives 48 kHz. Both are stereo.
    store<u32>(BYTES, bswap<u32>(0x12100000));
    must(readConfig(changetype<Bits>(BITS).over(BYTES, 2), c), "it is sound");
    must(c.objectType == ObjectType.Lc && c.rate == 44100 && c.channels == 2 && !c.extension, "AAC-LC");
    store<u32>(BYTES, bswap<u32>(0x2b118800));
    must(readConfig(changetype<Bits>(BITS).over(BYTES, 4), c), "it is sound");
    must(c.objectType == ObjectType.Lc && c.rate == 24000 && c.channels == 2, "its core");
    must(c.extension == ObjectType.Sbr && c.extensionRate == 48000, "its extension");
  });

  test("channels of a program config element, which is kept for other streams", () => {
    const random = new Random(2);
    for (let round = 0; round < 1000; round++) {
      const w = over(256);
      w.write(ObjectType.Lc, 5);
      w.write(4, 4);
      w.write(0, 4);
      w.write(0, 3);
      const channels = putProgram(w, random, 0);
      const ok = readConfig(changetype<Bits>(BITS).over(BYTES, w.bytes()), c);
      must(ok == channels > 0, "one with channels is sound");
      if (!ok) continue;
      must(c.channels == channels && c.bits == w.pos, `${c.channels} channels, not ${channels}`);
      // Written again it says the same, without the comment.
      const again = over(256);
      writeConfig(again, c);
      must(readConfig(changetype<Bits>(BITS).over(BYTES, again.bytes()), other), "it is sound");
      must(other.channels == channels && other.pceBits == c.pceBits, "the same program");
      must(memory.compare(other.pce, c.pce, (c.pceBits + 7) >> 3) == 0, "the same bits");
    }
    expect<bool>(true).toBe(true);
  });

  test("random bits are refused or read, and nothing is read behind them", () => {
    const random = new Random(3);
    let sound = 0;
    for (let round = 0; round < 20000; round++) {
      const n = random.below(40);
      random.fill(BYTES, 64);
      const b = changetype<Bits>(BITS).over(BYTES, n);
      if (readConfig(b, c)) sound++;
      must(b.pos <= n << 3, "no bit behind the end");
      readProgramConfig(b.over(BYTES, n), c);
      must(b.pos <= n << 3, "no bit behind the end");
    }
    must(sound > 100, "some are sound");
  });
});

describe("LATM", () => {
  test("a frame that is written is read", () => {
    const random = new Random(4);
    const latm = changetype<LatmReader>(LATM);
    for (let round = 0; round < 500; round++) {
      memory.fill(LATM, 0, offsetof<LatmReader>());
      someConfig(random);
      const size: u32 = random.bool() ? 250 + random.below(12) : random.below(7000);
      random.fill(PAYLOAD, size);
      const n = writeLoas(over(latmRoom(size)), c, PAYLOAD, size);
      must(n > size && n <= latmRoom(size), "its size");
      must(loasLength(BYTES) == <i32>(n - LOAS_HEADER), "its header");
      const b = changetype<Bits>(BITS).over(BYTES + LOAS_HEADER, n - LOAS_HEADER);
      must(latm.read(b, other) == LatmResult.Ok, "it is sound");
      must(latm.changed && same(c, other) && latm.payloadLength == size, "what it says");
      b.pos = latm.payloadAt;
      for (let i: u32 = 0; i < size; i++) must(b.read(8) == load<u8>(PAYLOAD + i), "its bytes");
      // Cut short it is damaged.
      const cut = changetype<Bits>(BITS).over(BYTES + LOAS_HEADER, random.below(n - LOAS_HEADER));
      must(latm.read(cut, other) != LatmResult.Ok, "cut short it is damaged");
    }
    expect<bool>(true).toBe(true);
  });

  test("frames that say 'as before' need one before", () => {
    const latm = changetype<LatmReader>(LATM);
    memory.fill(LATM, 0, offsetof<LatmReader>());
    const w = over(16);
    w.write(1, 1);
    w.write(2, 8);
    w.write(0xabcd, 16);
    const b = changetype<Bits>(BITS).over(BYTES, w.bytes());
    expect<i32>(latm.read(b, c)).toBe(LatmResult.NoConfig);
    someConfig(new Random(5));
    writeLoas(over(200), c, PAYLOAD, 10);
    latm.read(changetype<Bits>(BITS).over(BYTES + LOAS_HEADER, 190), other);
    const again = over(16);
    again.write(1, 1);
    again.write(2, 8);
    again.write(0xabcd, 16);
    expect<i32>(latm.read(changetype<Bits>(BITS).over(BYTES, again.bytes()), other)).toBe(LatmResult.Ok);
    expect<u32>(latm.payloadLength).toBe(2);
    expect<u32>(latm.payloadAt).toBe(9);
  });

  test("a block that does not fit a frame is refused", () => {
    someConfig(new Random(6));
    expect<u32>(writeLoas(over(latmRoom(8192)), c, PAYLOAD, 8192)).toBe(0);
  });

  test("random bits are no reason to read behind the end", () => {
    const random = new Random(7);
    const latm = changetype<LatmReader>(LATM);
    memory.fill(LATM, 0, offsetof<LatmReader>());
    for (let round = 0; round < 20000; round++) {
      const n = random.below(60);
      random.fill(BYTES, 64);
      // Mostly one program and one layer.
      if (random.below(4)) store<u16>(BYTES, 0x0020);
      const b = changetype<Bits>(BITS).over(BYTES, n);
      const ok = latm.read(b, other) == LatmResult.Ok;
      must(!ok || latm.payloadAt + (latm.payloadLength << 3) <= n << 3, "the payload lies in it");
    }
    expect<bool>(true).toBe(true);
  });
});
