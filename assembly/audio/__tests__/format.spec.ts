import { must } from "../../base/__tests__/region";
import { AudioFlag, AudioFormat, audioFormatAtom, audioFormatInfo, audioFormatOf, defaultChannelMask } from "../format";

test("each format has a name of its own, which leads back to it", () => {
  for (let f = 1; f < AudioFormat.Count; f++) {
    must(audioFormatAtom(f) != 0, "a name");
    must(audioFormatOf(audioFormatAtom(f)) == f, "the way back");
  }
  expect<i32>(audioFormatOf(0)).toBe(AudioFormat.Unknown);
});

test("the bits that count fit into the bytes", () => {
  for (let f = 1; f < AudioFormat.Count; f++) {
    const info = audioFormatInfo(f);
    must(info.depth <= info.bytes << 3 && info.depth + 8 >= info.bytes << 3, "bits");
    if (info.has(AudioFlag.Float)) must(info.bytes == 4 || info.bytes == 8, "IEEE 754");
    if (info.bytes == 1) must(!info.has(AudioFlag.BigEndian), "a byte has no order");
  }
});

test("positions by default are as many as channels", () => {
  expect<u64>(defaultChannelMask(1)).toBe(0, "mono has none");
  for (let n: u32 = 2; n <= 8; n++) must(popcnt<u64>(defaultChannelMask(n)) == n, "channels");
  expect<u64>(defaultChannelMask(6)).toBe(0x3f);
  expect<u64>(defaultChannelMask(9)).toBe(0);
});
