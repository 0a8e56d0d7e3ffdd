import { Random } from "../../../base/__tests__/random";
import { must } from "../../../base/__tests__/region";
import { IMAENCODER_SIZE, ImaEncoder, decodeIma, imaBytes, imaSamples } from "../ima";

const ENCODERS: usize = memory.data(2 * IMAENCODER_SIZE, 8);
const IN: usize = memory.data(65536, 8);
const BLOCK: usize = memory.data(16384, 8);
const OUT: usize = memory.data(65536, 8);

function encoder(c: u32): ImaEncoder {
  return changetype<ImaEncoder>(ENCODERS + c * IMAENCODER_SIZE);
}

/** Encodes `n` samples of each channel in runs of any length; the bytes that they take. */
function encode(random: Random, n: u32, channels: u32): u32 {
  const bytes = imaBytes(n, channels);
  store<u64>(BLOCK + bytes, 0x5a5a5a5a5a5a5a5a);
  for (let c: u32 = 0; c < channels; c++) encoder(c).begin(BLOCK, c, channels, load<i16>(IN + (c << 1)));
  for (let at: u32 = 1; at < n;) {
    const run = min<u32>(n - at, 1 + random.below(20));
    for (let c: u32 = 0; c < channels; c++) {
      encoder(c).encode(IN + ((at * channels + c) << 1), run, channels << 1, channels << 2);
    }
    at += run;
  }
  for (let c: u32 = 0; c < channels; c++) encoder(c).end();
  must(load<u64>(BLOCK + bytes) == 0x5a5a5a5a5a5a5a5a, "nothing behind the block");
  return bytes;
}

/** What `distance` is for a sample that is cut off at the ends of the range. */
const CLIPPED: i32 = i32.MAX_VALUE;

/** How far from `target` a code leads. */
function distance(start: i32, index: u32, code: u32, target: i32): i32 {
  store<u32>(BLOCK, (start & 0xffff) | (index << 16));
  store<u32>(BLOCK, code, 4);
  decodeIma(OUT, BLOCK, 2, 1);
  const v: i32 = load<i16>(OUT, 2);
  return v == 32767 || v == -32768 ? CLIPPED : abs<i32>(v - target);
}

test("samples of a block, and bytes of samples", () => {
  expect<u32>(imaSamples(256, 1)).toBe(505);
  expect<u32>(imaSamples(1024, 1)).toBe(2041);
  expect<u32>(imaSamples(1024, 2)).toBe(1017);
  expect<u32>(imaSamples(3, 1)).toBe(0);
  expect<u32>(imaSamples(4, 1)).toBe(1);
  expect<u32>(imaSamples(7, 2)).toBe(0);
  for (let channels: u32 = 1; channels <= 2; channels++) {
    for (let n: u32 = 1; n < 1000; n++) {
      const bytes = imaBytes(n, channels);
      must(imaSamples(bytes, channels) >= n && imaSamples(bytes, channels) < n + 8, "no group more than needed");
    }
  }
});

test("a block by hand", () => {
  // Predictor 100, index 10 (step 19): 7 is + 35, then index 18 (step 41): 12 is - 46, then index 20 (step 50).
  store<u32>(BLOCK, 100 | (10 << 16));
  store<u32>(BLOCK, 0x000000c7, 4);
  must(decodeIma(OUT, BLOCK, 9, 1), "it is sound");
  expect<i16>(load<i16>(OUT)).toBe(100);
  expect<i16>(load<i16>(OUT, 2)).toBe(100 + ((15 * 19) >> 3));
  expect<i16>(load<i16>(OUT, 4)).toBe(135 - ((9 * 41) >> 3));
  expect<i16>(load<i16>(OUT, 6)).toBe(135 - 46 + (50 >> 3));
});

test("the decoder follows the encoder", () => {
  const random = new Random(1);
  memory.fill(ENCODERS, 0, 2 * IMAENCODER_SIZE);
  for (let round = 0; round < 300; round++) {
    const channels: u32 = 1 + (round & 1);
    const n: u32 = 1 + random.below(300);
    // Jumps, noise and slow changes.
    let v = 0;
    for (let i: u32 = 0; i < n * channels; i++) {
      if (!random.below(30)) v = <i32>random.below(65536) - 32768;
      v = max<i32>(min<i32>(v + <i32>random.below(200) - 100, 32767), -32768);
      store<i16>(IN + (i << 1), <i16>v);
    }
    const bytes = encode(random, n, channels);
    const samples = imaSamples(bytes, channels);
    must(decodeIma(OUT, BLOCK, samples, channels), "it is sound");
    for (let c: u32 = 0; c < channels; c++) {
      must(load<i16>(OUT + (c << 1)) == load<i16>(IN + (c << 1)), "the first sample is exact");
      must(load<i16>(OUT + (((samples - 1) * channels + c) << 1)) == encoder(c).sample, "the last is the encoder's");
    }
  }
});

test("each code is the nearest there is", () => {
  const random = new Random(2);
  for (let round = 0; round < 20000; round++) {
    const start = <i32>random.below(65536) - 32768;
    const target = <i32>random.below(65536) - 32768;
    const index = random.below(89);
    encoder(0).index = index;
    encoder(0).begin(BLOCK, 0, 1, start);
    store<i16>(IN, <i16>target);
    encoder(0).encode(IN, 1, 2, 4);
    const chosen = encoder(0).word;
    let best = i32.MAX_VALUE;
    for (let code: u32 = 0; code < 16; code++) best = min<i32>(best, distance(start, index, code, target));
    const reached = distance(start, index, chosen, target);
    // Levels are rounded down, the borders between them are not: one may be off.
    if (reached != CLIPPED) must(reached <= best + 1, "nearest");
  }
});

test("any bytes decode, or their index is refused, and nothing is written behind", () => {
  const random = new Random(3);
  let refused = 0;
  for (let round = 0; round < 2000; round++) {
    const channels: u32 = 1 + (round & 1);
    const bytes = (channels << 2) * (1 + random.below(20));
    random.fill(BLOCK, bytes);
    if (random.bool()) for (let c: u32 = 0; c < channels; c++) store<u8>(BLOCK + (c << 2), random.below(89), 2);
    const samples = imaSamples(bytes, channels);
    store<u32>(OUT + ((samples * channels) << 1), 0xa5a5a5a5);
    const sound = load<u8>(BLOCK, 2) <= 88 && (channels == 1 || load<u8>(BLOCK, 6) <= 88);
    must(decodeIma(OUT, BLOCK, samples, channels) == sound, "an index that there is");
    if (!sound) refused++;
    must(load<u32>(OUT + ((samples * channels) << 1)) == 0xa5a5a5a5, "nothing behind");
  }
  expect<i32>(refused).toBeGreaterThan(300);
});
