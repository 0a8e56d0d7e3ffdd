import { Atom } from "../../generated/words";
import { ChromaSite, chromaSiteOf, defaultChromaSite } from "../chromasite";
import { PixelFormat, formatInfo } from "../format";

test("places of chroma have GStreamer's names", () => {
  expect<i32>(chromaSiteOf(Atom.jpeg)).toBe(ChromaSite.None);
  expect<i32>(chromaSiteOf(Atom.none)).toBe(ChromaSite.None);
  expect<i32>(chromaSiteOf(Atom.mpeg2)).toBe(ChromaSite.Horizontal);
  expect<i32>(chromaSiteOf(Atom.v_cosited)).toBe(ChromaSite.Vertical);
  expect<i32>(chromaSiteOf(Atom.cosited)).toBe(ChromaSite.Horizontal | ChromaSite.Vertical);
  expect<i32>(chromaSiteOf(Atom.dv)).toBe(ChromaSite.Horizontal | ChromaSite.Vertical | ChromaSite.AlternateLine);
  expect<i32>(chromaSiteOf(Atom.width)).toBe(ChromaSite.Unknown);
  expect<i32>(chromaSiteOf(0)).toBe(ChromaSite.Unknown);
});

test("only pictures with chroma have a place for it", () => {
  expect<i32>(defaultChromaSite(formatInfo(PixelFormat.I420), 576)).toBe(ChromaSite.None);
  expect<i32>(defaultChromaSite(formatInfo(PixelFormat.I420), 577)).toBe(ChromaSite.Horizontal);
  expect<i32>(defaultChromaSite(formatInfo(PixelFormat.GRAY8), 100)).toBe(ChromaSite.Unknown);
  expect<i32>(defaultChromaSite(formatInfo(PixelFormat.BGRA), 1080)).toBe(ChromaSite.Unknown);
});
