import { freshHeap, must } from "../../base/__tests__/region";
import { Atom } from "../../generated/words";
import { atomData, atomLength, atomOf, atomsRelease } from "../../registry/atom";
import { Matrix, colorimetryOf, defaultColorimetry, isFullRange, matrixOf, parseColorimetry } from "../colorimetry";
import { PixelFormat, formatInfo } from "../format";

function atom(text: string): u32 {
  const bytes = String.UTF8.encode(text);
  return atomOf(changetype<usize>(bytes), bytes.byteLength);
}

function textOf(a: u32): string {
  return String.UTF8.decodeUnsafe(atomData(a), atomLength(a));
}

test("code points of the usual kinds give GStreamer's names", () => {
  freshHeap();
  expect<u32>(colorimetryOf(false, 1, 1, 1)).toBe(Atom.bt709);
  expect<u32>(colorimetryOf(false, 6, 6, 6)).toBe(Atom.bt601);
  expect<u32>(colorimetryOf(false, 7, 7, 7)).toBe(Atom.smpte240m);
  expect<u32>(colorimetryOf(false, 9, 15, 9)).toBe(Atom.bt2020);
  expect<u32>(colorimetryOf(false, 9, 14, 9)).toBe(Atom.bt2020_10);
  expect<u32>(colorimetryOf(false, 9, 16, 9)).toBe(Atom.bt2100_pq);
  expect<u32>(colorimetryOf(false, 9, 18, 9)).toBe(Atom.bt2100_hlg);
  expect<u32>(colorimetryOf(true, 0, 13, 1)).toBe(Atom.sRGB);
  expect<u32>(colorimetryOf(false, 2, 2, 2)).toBe(0, "unspecified");
  expect<u32>(colorimetryOf(true, 255, 255, 255)).toBe(0, "reserved");
  atomsRelease();
});

test("others are written as numbers that are read back", () => {
  freshHeap();
  expect<string>(textOf(colorimetryOf(true, 6, 6, 6))).toBe("1:4:16:4");
  expect<string>(textOf(colorimetryOf(false, 5, 1, 5))).toBe("2:4:5:3");
  let seen = 0;
  for (let m: u32 = 0; m < 12; m++) {
    for (let t: u32 = 0; t < 20; t += 3) {
      for (let p: u32 = 0; p < 23; p += 2) {
        for (let full: u32 = 0; full < 2; full++) {
          const a = colorimetryOf(full != 0, m, t, p);
          if (!a) continue;
          seen++;
          must(parseColorimetry(a) != 0, "it can be read");
          must(isFullRange(parseColorimetry(a)) == (full != 0), "the range");
        }
      }
    }
  }
  expect<i32>(seen).toBeGreaterThan(500);
  atomsRelease();
});

test("names and numbers of the same colorimetry are the same", () => {
  freshHeap();
  expect<u32>(parseColorimetry(atom("2:4:16:4"))).toBe(parseColorimetry(Atom.bt601));
  expect<u32>(parseColorimetry(atom("2:3:5:1"))).toBe(parseColorimetry(Atom.bt709));
  expect<u32>(parseColorimetry(atom("1:1:7:1"))).toBe(parseColorimetry(Atom.sRGB));
  expect<i32>(matrixOf(parseColorimetry(Atom.smpte240m))).toBe(Matrix.Smpte240m);
  atomsRelease();
});

test("what is no colorimetry is not read", () => {
  freshHeap();
  const wrong = ["", "1:2:3", "1:2:3:4:5", "1:2:3:", ":1:2:3", "1:2:3:256", "1:2:3:0004", "a:b:c:d", "1-2-3-4"];
  for (let i = 0; i < wrong.length; i++) must(parseColorimetry(atom(wrong[i])) == 0, wrong[i]);
  atomsRelease();
});

test("defaults go by kind and height", () => {
  expect<u32>(defaultColorimetry(formatInfo(PixelFormat.RGB), 100)).toBe(parseColorimetry(Atom.sRGB));
  expect<u32>(defaultColorimetry(formatInfo(PixelFormat.I420), 576)).toBe(parseColorimetry(Atom.bt601));
  expect<u32>(defaultColorimetry(formatInfo(PixelFormat.I420), 577)).toBe(parseColorimetry(Atom.bt709));
  expect<bool>(isFullRange(defaultColorimetry(formatInfo(PixelFormat.GRAY8), 100))).toBe(true);
});
