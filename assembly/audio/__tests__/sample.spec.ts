import { Random } from "../../base/__tests__/random";
import { must } from "../../base/__tests__/region";
import { AudioFlag, AudioFormat, audioFormatInfo } from "../format";
import { putFloat, putInteger } from "../sample";

const SAMPLE: usize = memory.data(16, 8);

/** Byte `i` of a sample, from the lowest. */
function byteOf(format: AudioFormat, i: u32): u32 {
  const info = audioFormatInfo(format);
  return load<u8>(SAMPLE + (info.has(AudioFlag.BigEndian) ? info.bytes - 1 - i : i));
}

test("integers are the highest bits of the sample, in the order of the format", () => {
  const random = new Random(1);
  for (let f = 1; f < AudioFormat.F32LE; f++) {
    const info = audioFormatInfo(f);
    for (let n = 0; n < 500; n++) {
      const v = <i32>random.next();
      store<u64>(SAMPLE, 0xa5a5a5a5a5a5a5a5);
      putInteger(f, SAMPLE, v);
      let x: i64 = 0;
      for (let i: u32 = 0; i < info.bytes; i++) x |= (<i64>byteOf(f, i)) << (i << 3);
      const unused: i64 = 64 - ((<i64>info.bytes) << 3);
      if (info.has(AudioFlag.Signed)) x = (x << unused) >> unused;
      else x -= 128;
      must(x == v >> (32 - info.depth), "value");
      must(load<u8>(SAMPLE + info.bytes) == 0xa5, "nothing behind it");
    }
  }
});

test("the ends of the range are kept", () => {
  putInteger(AudioFormat.U8, SAMPLE, i32.MIN_VALUE);
  expect<u8>(load<u8>(SAMPLE)).toBe(0);
  putInteger(AudioFormat.U8, SAMPLE, i32.MAX_VALUE);
  expect<u8>(load<u8>(SAMPLE)).toBe(255);
  putInteger(AudioFormat.S24_32LE, SAMPLE, i32.MIN_VALUE);
  expect<i32>(load<i32>(SAMPLE)).toBe(-0x800000);
  putInteger(AudioFormat.S16BE, SAMPLE, i32.MAX_VALUE);
  expect<u16>(load<u16>(SAMPLE)).toBe(0xff7f);
});

test("floats are stored in both orders", () => {
  putFloat(AudioFormat.F32LE, SAMPLE, 0.1);
  expect<f32>(load<f32>(SAMPLE)).toBe(0.1);
  putFloat(AudioFormat.F32BE, SAMPLE, -2.5);
  expect<f32>(reinterpret<f32>(bswap<u32>(load<u32>(SAMPLE)))).toBe(-2.5);
  putFloat(AudioFormat.F64LE, SAMPLE, 0.1);
  expect<f64>(load<f64>(SAMPLE)).toBe(0.1);
  putFloat(AudioFormat.F64BE, SAMPLE, 0.1);
  expect<f64>(reinterpret<f64>(bswap<u64>(load<u64>(SAMPLE)))).toBe(0.1);
});
