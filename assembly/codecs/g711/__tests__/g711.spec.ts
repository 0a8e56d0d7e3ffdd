import { Random } from "../../../base/__tests__/random";
import { must } from "../../../base/__tests__/region";
import { alawOf, decodeAlaw, encodeAlaw, fromAlaw } from "../alaw";
import { decodeMulaw, encodeMulaw, fromMulaw, mulawOf } from "../mulaw";

const IN: usize = memory.data(2 * 65536 + 16, 8);
const OUT: usize = memory.data(2 * 65536 + 16, 8);

/** The value at the decoder output for a code of the A-law, ITU-T G.711 table 1a, in steps of 16 of the samples here. */
function alawTable(code: u32): f64 {
  // The even bits are inverted (table 1a, note 2); then 1 is positive, three bits of segment, four of the step.
  const c = code ^ 0x55;
  const segment = (c >> 4) & 7;
  const step = <f64>(c & 15);
  // Decision values 0, 2, 4 … 64 in segments 1 and 2, and twice as far apart in each that follows.
  const y = segment ? <f64>(1 << segment) * (16.0 + step + 0.5) : 2.0 * (step + 0.5);
  return c & 0x80 ? y / 2.0 : -y / 2.0;
}

/** The same of the mu-law, table 2a, in steps of 4. */
function mulawTable(code: u32): f64 {
  const c = ~code & 0xff;
  // Decision values are 2^(segment + 5) - 33 and equal steps from there to the next.
  const segment = (c >> 4) & 7;
  const y = <f64>(1 << segment) * (<f64>(c & 15) * 2.0 + 33.0) - 33.0;
  return c & 0x80 ? -y : y;
}

test("every code stands for the value of the tables of G.711", () => {
  for (let c: u32 = 0; c < 256; c++) {
    must(<f64>fromMulaw(c) == mulawTable(c) * 4.0, "mu-law");
    must(<f64>fromAlaw(c) == alawTable(c) * 16.0, "A-law");
  }
  // Rows of the tables: the largest values, and the codes of silence.
  expect<i32>(fromMulaw(0x80)).toBe(8031 * 4);
  expect<i32>(fromMulaw(0x00)).toBe(-8031 * 4);
  expect<i32>(fromMulaw(0xff)).toBe(0);
  expect<i32>(fromMulaw(0x8f)).toBe(4191 * 4);
  expect<i32>(fromAlaw(0xaa)).toBe(4032 * 8);
  expect<i32>(fromAlaw(0x2a)).toBe(-4032 * 8);
  expect<i32>(fromAlaw(0xd5)).toBe(8);
  expect<u32>(mulawOf(0)).toBe(0xff);
  expect<u32>(alawOf(0)).toBe(0xd5);
});

test("what is encoded is what was decoded", () => {
  for (let c: u32 = 0; c < 256; c++) {
    // Mu-law has two codes for 0, and the positive one is given.
    must(mulawOf(fromMulaw(c)) == (c == 0x7f ? 0xff : c), "mu-law");
    must(alawOf(fromAlaw(c)) == c, "A-law");
  }
});

test("codes grow with the samples and are no farther off than a step", () => {
  let mu = fromMulaw(mulawOf(-32768));
  let a = fromAlaw(alawOf(-32768));
  for (let s = -32768; s < 32768; s++) {
    const m = fromMulaw(mulawOf(s));
    const b = fromAlaw(alawOf(s));
    must(m >= mu && b >= a, "monotonous");
    mu = m;
    a = b;
    const size = abs<i32>(s);
    // Steps are 1/16 of a segment, which begins at half of what it ends at; beyond the last value nothing is nearer.
    must(abs<i32>(m - s) <= max<i32>((size + 132) >> 4, 644), "mu-law");
    must(abs<i32>(m - s) <= (size + 132) >> 4 || size > 32124, "mu-law, near");
    must(abs<i32>(b - s) <= max<i32>(size >> 4, 16), "A-law");
  }
});

test("runs of any length and place are as their samples, also where they lie", () => {
  const random = new Random(1);
  for (let s = 0; s < 65536; s++) store<i16>(IN + (s << 1), <i16>(s - 32768));
  encodeMulaw(OUT, IN, 65536);
  for (let s = 0; s < 65536; s++) must(load<u8>(OUT + s) == mulawOf(s - 32768), "every sample, mu-law");
  encodeAlaw(OUT, IN, 65536);
  for (let s = 0; s < 65536; s++) must(load<u8>(OUT + s) == alawOf(s - 32768), "every sample, A-law");
  for (let round = 0; round < 2000; round++) {
    const n = random.below(19);
    const from = IN + random.below(8);
    const to = OUT + random.below(8);
    random.fill(from, n << 1);
    store<u8>(to + n, 0x5a);
    encodeMulaw(to, from, n);
    for (let i: u32 = 0; i < n; i++) must(load<u8>(to + i) == mulawOf(load<i16>(from + (i << 1))), "mu-law");
    must(load<u8>(to + n) == 0x5a, "nothing behind");
    encodeAlaw(to, from, n);
    for (let i: u32 = 0; i < n; i++) must(load<u8>(to + i) == alawOf(load<i16>(from + (i << 1))), "A-law");
    must(load<u8>(to + n) == 0x5a, "nothing behind");
    // In place.
    encodeAlaw(from, from, n);
    must(memory.compare(from, to, n) == 0, "in place, A-law");
    random.fill(from, n << 1);
    encodeMulaw(to, from, n);
    encodeMulaw(from, from, n);
    must(memory.compare(from, to, n) == 0, "in place, mu-law");
    // Back.
    store<u16>(to + (n << 1), 0x5a5a);
    decodeMulaw(to, from, n);
    for (let i: u32 = 0; i < n; i++) must(load<i16>(to + (i << 1)) == fromMulaw(load<u8>(from + i)), "decoded mu-law");
    decodeAlaw(to, from, n);
    for (let i: u32 = 0; i < n; i++) must(load<i16>(to + (i << 1)) == fromAlaw(load<u8>(from + i)), "decoded A-law");
    must(load<u16>(to + (n << 1)) == 0x5a5a, "nothing behind what is decoded");
  }
});
