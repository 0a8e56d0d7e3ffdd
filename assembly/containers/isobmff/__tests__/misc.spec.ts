import { WRITER_SIZE, Writer } from "../../../base/writer";
import { freshHeap, must, mustBeEmpty } from "../../../base/__tests__/region";
import { Random } from "../../../base/__tests__/random";
import { matrix } from "../boxwriter";
import { Esds, ObjectType, readEsds, writeEsds } from "../esds";
import { UNDETERMINED, languageText, orientationOf, packLanguage } from "../misc";

const TEXT: usize = memory.data(4, 4);
const WRITER: usize = memory.data(WRITER_SIZE, 4);
const ESDS: usize = memory.data(32, 4);
const DATA: usize = memory.data(1024, 8);

function writer(): Writer {
  memory.fill(WRITER, 0, WRITER_SIZE);
  return changetype<Writer>(WRITER);
}

function text(a: u32, b: u32, c: u32): usize {
  store<u8>(TEXT, a);
  store<u8>(TEXT, b, 1);
  store<u8>(TEXT, c, 2);
  return TEXT;
}

describe("languages", () => {
  test("all codes of three letters are packed and read back", () => {
    for (let a: u32 = 97; a <= 122; a++) {
      for (let b: u32 = 97; b <= 122; b += 3) {
        for (let c: u32 = 97; c <= 122; c += 5) {
          const code = packLanguage(text(a, b, c), 3);
          store<u32>(TEXT, 0);
          const known = languageText(code, TEXT);
          must(known == (code != UNDETERMINED), "all but und have a text");
          if (known) must(load<u8>(TEXT) == a && load<u8>(TEXT, 1) == b && load<u8>(TEXT, 2) == c, "the same letters");
        }
      }
    }
  });

  test("what is no language is undetermined", () => {
    expect<u32>(packLanguage(text(101, 110, 103), 2)).toBe(UNDETERMINED);
    expect<u32>(packLanguage(text(69, 110, 103), 3)).toBe(UNDETERMINED);
    expect<bool>(languageText(UNDETERMINED, TEXT)).toBe(false);
    expect<bool>(languageText(0x7fff, TEXT)).toBe(false);
    expect<bool>(languageText(0x400, TEXT)).toBe(false, "letters before a");
  });

  test("Macintosh codes are those of the table", () => {
    expect<bool>(languageText(0, TEXT)).toBe(true);
    expect<u32>(load<u32>(TEXT) & 0xffffff).toBe(0x676e65, "eng");
    expect<bool>(languageText(11, TEXT)).toBe(true);
    expect<u32>(load<u32>(TEXT) & 0xffffff).toBe(0x6e706a, "jpn");
    expect<bool>(languageText(29, TEXT)).toBe(false);
    expect<bool>(languageText(0x3ff, TEXT)).toBe(false);
  });
});

describe("orientation", () => {
  test("the matrix of each orientation is read as that orientation", () => {
    freshHeap();
    for (let exif: u32 = 1; exif <= 8; exif++) {
      const w = writer();
      matrix(w, exif, 640, 360);
      expect<u32>(w.length).toBe(36);
      expect<u32>(orientationOf(w.data)).toBe(exif);
      w.release();
    }
    mustBeEmpty();
  });

  test("a matrix that scales is upright", () => {
    freshHeap();
    const w = writer();
    for (let i: u32 = 0; i < 9; i++) w.u32(i % 4 == 0 ? 0x20000 : 0);
    expect<u32>(orientationOf(w.data)).toBe(1);
    w.release();
    mustBeEmpty();
  });
});

describe("elementary stream descriptors", () => {
  test("what is written is read", () => {
    freshHeap();
    const random = new Random(3);
    const e = changetype<Esds>(ESDS);
    random.fill(DATA, 1024);
    for (let round = 0; round < 300; round++) {
      const n = <u32>random.below(1024);
      const type = random.below(256);
      const rate = <u32>random.spread(32);
      const w = writer();
      writeEsds(w, type, 5, DATA, n, rate);
      must(readEsds(w.data, w.length, e), "it can be read");
      must(e.objectType == type && e.avgBitrate == rate && e.maxBitrate == rate, "type and bit rate");
      must(e.infoLength == n, "length of the codec data");
      for (let i: u32 = 0; i < n; i++) must(load<u8>(e.info + i) == load<u8>(DATA + i), "codec data");
      w.release();
    }
    mustBeEmpty();
  });

  test("one that is cut says so, and none reads past its end", () => {
    freshHeap();
    const w = writer();
    writeEsds(w, ObjectType.Aac, 5, DATA, 5, 128000);
    const e = changetype<Esds>(ESDS);
    for (let n: u32 = 0; n < w.length; n++) {
      const ok = readEsds(w.data, n, e);
      if (ok) must(e.info == 0 || e.info + e.infoLength <= w.data + n, "codec data lie inside");
      else must(n < 26, "the decoder configuration is whole from its 26th byte on");
    }
    w.release();
    mustBeEmpty();
  });
});
