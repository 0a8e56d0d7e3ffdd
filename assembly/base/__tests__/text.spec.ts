import { Owner, alloc, free } from "../heap";
import {
  EDIT_SCRATCH,
  TEXT_SIZE,
  Text,
  copyText,
  editDistance,
  isAlpha,
  isDigit,
  isSpace,
  isUtf8,
  parseDouble,
  parseInt64,
  textHash,
  utf8Length,
} from "../text";
import { Random } from "./random";
import { freshHeap, must, mustBeEmpty } from "./region";

const BUFFER: usize = memory.data(1024, 16);
const OTHER: usize = memory.data(1024, 16);
const RESULT: usize = memory.data(8, 8);
const TEXT: usize = memory.data(16, 8);
const SCRATCH: usize = memory.data(512, 8);

/** Puts text as UTF-8 at an address; its length in bytes. */
function put(text: string, at: usize = BUFFER): u32 {
  return <u32>String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, at);
}

function textAt(capacity: u32): Text {
  memory.fill(TEXT, 0xff, TEXT_SIZE);
  return changetype<Text>(TEXT).into(OTHER, capacity);
}

function read(text: Text): string {
  return String.UTF8.decodeUnsafe(text.data, text.length);
}

function printed(v: i64): string {
  const text = textAt(64);
  text.i64(v);
  return read(text);
}

function hexOf(v: u64, digits: u32): string {
  const text = textAt(64);
  text.hex(v, digits);
  return read(text);
}

function parses(text: string): bool {
  store<i64>(RESULT, 0x5a5a);
  return parseInt64(BUFFER, put(text), RESULT);
}

function parsed(text: string): i64 {
  must(parses(text), "an integer: " + text);
  return load<i64>(RESULT);
}

function number(text: string): f64 {
  must(parseDouble(BUFFER, put(text), RESULT), "a number: " + text);
  return load<f64>(RESULT);
}

function isNumber(text: string): bool {
  return parseDouble(BUFFER, put(text), RESULT);
}

/** Optimal string alignment, case ignored, with a whole matrix. */
function slowDistance(a: string, b: string): i32 {
  a = a.toLowerCase();
  b = b.toLowerCase();
  const width = b.length + 1;
  const d = new Array<i32>((a.length + 1) * width);
  for (let i = 0; i <= a.length; i++) {
    for (let j = 0; j <= b.length; j++) {
      if (!i || !j) {
        d[i * width + j] = i + j;
        continue;
      }
      const differ = i32(a.charCodeAt(i - 1) != b.charCodeAt(j - 1));
      let best = min(d[(i - 1) * width + j], d[i * width + j - 1]) + 1;
      best = min(best, d[(i - 1) * width + j - 1] + differ);
      if (i > 1 && j > 1 && a.charCodeAt(i - 1) == b.charCodeAt(j - 2) && a.charCodeAt(i - 2) == b.charCodeAt(j - 1)) {
        best = min(best, d[(i - 2) * width + j - 2] + 1);
      }
      d[i * width + j] = best;
    }
  }
  return d[a.length * width + b.length];
}

function distance(a: string, b: string, limit: u32 = 100): u32 {
  return editDistance(BUFFER, put(a), OTHER, put(b, OTHER), limit, SCRATCH);
}

describe("text", () => {
  test("its record has the size that it states", () => {
    expect<u32>(TEXT_SIZE).toBeGreaterThanOrEqual(<u32>offsetof<Text>());
  });

  test("integers print and parse back over the whole range", () => {
    expect<string>(printed(0)).toBe("0");
    expect<string>(printed(i64.MAX_VALUE)).toBe("9223372036854775807");
    expect<string>(printed(i64.MIN_VALUE)).toBe("-9223372036854775808");
    const random = new Random(1);
    for (let n = 0; n < 2000; n++) {
      const v = random.bool() ? <i64>random.spread(64) : -(<i64>random.spread(63));
      const text = printed(v);
      must(text == v.toString(), "printed");
      must(parsed(text) == v, "parsed");
    }
    const text = textAt(64);
    text.u64(u64.MAX_VALUE);
    expect<string>(read(text)).toBe("18446744073709551615");
  });

  test("hexadecimal has at least the digits asked for, at most 16", () => {
    expect<string>(hexOf(0, 0)).toBe("0");
    expect<string>(hexOf(0xabc, 2)).toBe("abc");
    expect<string>(hexOf(0xabc, 5)).toBe("00abc");
    expect<string>(hexOf(u64.MAX_VALUE, 1)).toBe("ffffffffffffffff");
    expect<string>(hexOf(0x1000000000000000, 16)).toBe("1000000000000000");
    expect<string>(hexOf(0x12, 40)).toBe("0000000000000012");
  });

  test("what does not fit is dropped and noted, and no byte behind is touched", () => {
    for (let capacity: u32 = 0; capacity < 12; capacity++) {
      memory.fill(OTHER, 0x5a, 64);
      const text = textAt(capacity);
      text.put(BUFFER, put("abc"));
      text.byte(100);
      text.put(BUFFER, put("efgh"));
      must(text.cut == capacity < 8, "cut");
      must(read(text) == "abcdefgh".substr(0, capacity), "the part that fits");
      text.i64(-12);
      must(text.length <= capacity && load<u8>(OTHER + capacity) == 0x5a, "inside");
    }
  });

  test("a text that is only read takes nothing", () => {
    const text = changetype<Text>(TEXT).over(BUFFER, put("abc"));
    text.byte(100);
    text.put(BUFFER, 3);
    expect<string>(read(text)).toBe("abc");
    expect<bool>(text.cut).toBe(true);
    memory.fill(TEXT, 0xff, TEXT_SIZE);
    text.over(BUFFER, 0);
    expect<bool>(text.cut).toBe(false);
    text.byte(100);
    expect<u32>(text.length).toBe(0);
    expect<bool>(text.cut).toBe(true);
  });

  test("one byte that does not fit is noted", () => {
    const text = textAt(1);
    text.byte(100);
    expect<bool>(text.cut).toBe(false);
    text.byte(100);
    expect<bool>(text.cut).toBe(true);
  });

  test("same compares length and bytes", () => {
    const text = changetype<Text>(TEXT).over(BUFFER, put("abc"));
    expect<bool>(text.same(OTHER, put("abc", OTHER))).toBe(true);
    expect<bool>(text.same(OTHER, put("abd", OTHER))).toBe(false);
    expect<bool>(text.same(OTHER, put("ab", OTHER))).toBe(false);
  });

  test("copies are on the heap, also of nothing", () => {
    freshHeap();
    const p = copyText(BUFFER, put("abc"));
    const q = copyText(BUFFER, 0);
    expect<string>(String.UTF8.decodeUnsafe(p, 3)).toBe("abc");
    expect<usize>(q).not.toBe(0);
    free(p);
    free(q);
    mustBeEmpty();
    while (alloc(16, Owner.Text));
    expect<usize>(copyText(BUFFER, 3)).toBe(0);
    freshHeap();
  });

  test("classes of characters, over all 32-bit values near a byte", () => {
    for (let c: u32 = 0; c < 300; c++) {
      must(isSpace(c) == (c == 32 || (c >= 9 && c <= 13)), "space");
      must(isDigit(c) == (c >= 48 && c <= 57), "digit");
      must(isAlpha(c) == ((c >= 65 && c <= 90) || (c >= 97 && c <= 122)), "letter");
    }
  });

  test("a hash is never 0 and differs for texts that differ", () => {
    const seen = new Set<u32>();
    for (let i = 0; i < 1000; i++) {
      const h = textHash(BUFFER, put("word" + i.toString()));
      must(h != 0, "not 0");
      seen.add(h);
    }
    expect<i32>(seen.size).toBeGreaterThan(995);
  });
});

describe("parseInt64", () => {
  test("limits", () => {
    expect<i64>(parsed("9223372036854775807")).toBe(i64.MAX_VALUE);
    expect<i64>(parsed("-9223372036854775808")).toBe(i64.MIN_VALUE);
    expect<bool>(parses("9223372036854775808")).toBe(false);
    expect<bool>(parses("-9223372036854775809")).toBe(false);
    expect<bool>(parses("18446744073709551616")).toBe(false);
    expect<bool>(parses("99999999999999999999999999")).toBe(false);
    expect<i64>(parsed("000000000000000000000000007")).toBe(7);
    expect<i64>(parsed("+7")).toBe(7);
    expect<i64>(parsed("-0")).toBe(0);
  });

  test("hexadecimal gives the bits", () => {
    expect<i64>(parsed("0xffffffffffffffff")).toBe(-1);
    expect<i64>(parsed("0X7fFFffFFffFFffFF")).toBe(i64.MAX_VALUE);
    expect<i64>(parsed("0x0")).toBe(0);
    expect<i64>(parsed("-0x10")).toBe(-16);
    expect<i64>(parsed("0x123456789abcdef0")).toBe(0x123456789abcdef0);
    expect<i64>(parsed("0xABCDEF")).toBe(0xabcdef);
    expect<bool>(parses("0x10000000000000000")).toBe(false);
    expect<bool>(parses("0xg")).toBe(false);
    expect<bool>(parses("0x@")).toBe(false);
    expect<bool>(parses("0x")).toBe(false);
  });

  test("what lies behind the text is not looked at", () => {
    const texts = ["-1234", "+0x12ab", "98765"];
    for (let i = 0; i < texts.length; i++) {
      for (let n = 0; n <= texts[i].length; n++) {
        const alone = parses(texts[i].substr(0, n));
        const value = load<i64>(RESULT);
        put(texts[i]);
        store<i64>(RESULT, 0x5a5a);
        must(parseInt64(BUFFER, n, RESULT) == alone && load<i64>(RESULT) == value, "the first " + n.toString());
      }
    }
  });

  test("what is no integer is refused and leaves the result alone", () => {
    const wrong = ["", "-", "+", "--1", "1 ", " 1", "1.", "1e3", "x", "1x", "/", ":", "٣"];
    for (let i = 0; i < wrong.length; i++) {
      must(!parses(wrong[i]), wrong[i]);
      must(load<i64>(RESULT) == 0x5a5a, "untouched");
    }
  });
});

describe("parseDouble", () => {
  test("short decimals are the nearest number", () => {
    const good = [
      "0",
      "1",
      "-1",
      "0.1",
      "29.97",
      "-0.5",
      ".5",
      "5.",
      "123456.789",
      "1e3",
      "1E-3",
      "2.5e+2",
      "1e22",
      "9007199254740991",
      "0.000001",
      "3.14159265358979",
      "1e-7",
      "23.976",
    ];
    for (let i = 0; i < good.length; i++) must(number(good[i]) == f64.parse(good[i]), good[i]);
    const random = new Random(8);
    for (let n = 0; n < 2000; n++) {
      const text =
        random.spread(49).toString() +
        "." +
        random.spread(9).toString() +
        "e" +
        (<i32>random.below(20) - 10).toString();
      must(abs(number(text) - f64.parse(text)) <= abs(f64.parse(text)) * 4.5e-16, text);
    }
    for (let n = 0; n < 2000; n++) {
      const whole = random.spread(33).toString() + "." + random.spread(13).toString();
      must(number(whole) == f64.parse(whole), whole);
    }
  });

  test("what lies behind the text is not looked at", () => {
    const texts = ["-12.50e+34", "7.5E-12", "1e5"];
    for (let i = 0; i < texts.length; i++) {
      for (let n = 0; n <= texts[i].length; n++) {
        put("\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
        store<f64>(RESULT, 77);
        const alone = isNumber(texts[i].substr(0, n));
        const value = load<f64>(RESULT);
        put(texts[i]);
        store<f64>(RESULT, 77);
        must(parseDouble(BUFFER, n, RESULT) == alone && load<f64>(RESULT) == value, "the first " + n.toString());
      }
    }
  });

  test("large and small exponents", () => {
    expect<f64>(number("1e308")).toBeCloseTo(1e308, -296);
    expect<f64>(number("1e-400")).toBe(0);
    expect<f64>(number("0e999999999")).toBe(0);
    expect<f64>(number("1e-999999999")).toBe(0);
    expect<f64>(number("-0")).toBe(0);
    expect<f64>(number("+1.5")).toBe(1.5);
    expect<bool>(isNumber("1e309")).toBe(false);
    expect<bool>(isNumber("1e999999999")).toBe(false);
    expect<bool>(isNumber("9".repeat(400))).toBe(false);
    expect<f64>(number("0." + "0".repeat(300) + "1")).toBeCloseTo(1e-301, 310);
  });

  test("what is no number is refused", () => {
    const wrong = [
      "",
      "-",
      "+",
      ".",
      "-.",
      "e5",
      ".e5",
      "1e",
      "1e+",
      "1e-",
      "1.2.3",
      "1 ",
      " 1",
      "nan",
      "inf",
      "0x10",
      "1,5",
      "1D5",
      "1d5",
    ];
    for (let i = 0; i < wrong.length; i++) must(!isNumber(wrong[i]), wrong[i]);
  });
});

describe("utf8", () => {
  test("every code point has its length, surrogates have none", () => {
    for (let c: u32 = 0; c <= 0x110010; c += c < 0x800 ? 1 : 61) {
      let n: u32 = 0;
      if (c < 0x80) {
        store<u8>(BUFFER, c);
        n = 1;
      } else if (c < 0x800) {
        store<u8>(BUFFER, 0xc0 | (c >> 6));
        store<u8>(BUFFER + 1, 0x80 | (c & 63));
        n = 2;
      } else if (c < 0x10000) {
        store<u8>(BUFFER, 0xe0 | (c >> 12));
        store<u8>(BUFFER + 1, 0x80 | ((c >> 6) & 63));
        store<u8>(BUFFER + 2, 0x80 | (c & 63));
        n = 3;
      } else {
        store<u8>(BUFFER, 0xf0 | (c >> 18));
        store<u8>(BUFFER + 1, 0x80 | ((c >> 12) & 63));
        store<u8>(BUFFER + 2, 0x80 | ((c >> 6) & 63));
        store<u8>(BUFFER + 3, 0x80 | (c & 63));
        n = 4;
      }
      const valid = (c < 0xd800 || c > 0xdfff) && c <= 0x10ffff;
      must(utf8Length(BUFFER, BUFFER + n) == (valid ? n : 0), "length of " + c.toString(16));
      for (let k: u32 = 0; k < n; k++) must(utf8Length(BUFFER, BUFFER + k) == 0, "cut short");
    }
  });

  test("bytes that start no sequence", () => {
    for (let b: u32 = 0x80; b < 0x100; b++) {
      memory.fill(BUFFER, 0x80, 8);
      store<u8>(BUFFER, b);
      const valid = (b >= 0xc2 && b < 0xe0) || (b > 0xe0 && b < 0xf0) || (b > 0xf0 && b < 0xf5);
      must((utf8Length(BUFFER, BUFFER + 8) != 0) == valid, "byte " + b.toString(16));
      must(utf8Length(BUFFER, BUFFER + 1) == 0, "alone");
    }
  });

  test("overlong forms are invalid", () => {
    for (let c: u32 = 0; c < 0x80; c++) {
      store<u8>(BUFFER, 0xc0 | (c >> 6));
      store<u8>(BUFFER + 1, 0x80 | (c & 63));
      must(utf8Length(BUFFER, BUFFER + 2) == 0, "two bytes");
    }
    for (let c: u32 = 0; c < 0x800; c += 7) {
      store<u8>(BUFFER, 0xe0);
      store<u8>(BUFFER + 1, 0x80 | (c >> 6));
      store<u8>(BUFFER + 2, 0x80 | (c & 63));
      must(utf8Length(BUFFER, BUFFER + 3) == 0, "three bytes");
    }
    for (let c: u32 = 0; c < 0x10000; c += 61) {
      store<u8>(BUFFER, 0xf0);
      store<u8>(BUFFER + 1, 0x80 | (c >> 12));
      store<u8>(BUFFER + 2, 0x80 | ((c >> 6) & 63));
      store<u8>(BUFFER + 3, 0x80 | (c & 63));
      must(utf8Length(BUFFER, BUFFER + 4) == 0, "four bytes");
    }
  });

  test("each byte of a sequence is looked at", () => {
    const n = put("a€😀é");
    expect<bool>(isUtf8(BUFFER, n)).toBe(true);
    for (let i: u32 = 0; i < n; i++) {
      const b = load<u8>(BUFFER + i);
      if (b >= 0x80) {
        store<u8>(BUFFER + i, 0x41);
        must(!isUtf8(BUFFER, n), "a letter inside of a sequence");
      }
      store<u8>(BUFFER + i, 0xff);
      must(!isUtf8(BUFFER, n), "no byte of UTF-8");
      store<u8>(BUFFER + i, b);
    }
    expect<bool>(isUtf8(BUFFER, n - 1)).toBe(false, "the last sequence is cut");
    expect<bool>(isUtf8(BUFFER, 0)).toBe(true);
  });
});

describe("editDistance", () => {
  test("known distances", () => {
    expect<u32>(distance("kitten", "sitting")).toBe(3);
    expect<u32>(distance("h264prase", "h264parse")).toBe(1, "a swap is one change");
    expect<u32>(distance("FileSrc", "filesrc")).toBe(0, "case is ignored");
    expect<u32>(distance("", "abc")).toBe(3);
    expect<u32>(distance("abc", "")).toBe(3);
    expect<u32>(distance("", "")).toBe(0);
    expect<u32>(distance("@", "`")).toBe(1, "only letters have a case");
    expect<u32>(distance("[", "{")).toBe(1, "only letters have a case");
  });

  test("agrees with the definition", () => {
    const random = new Random(9);
    const letters = "abAB1";
    for (let n = 0; n < 1500; n++) {
      let a = "";
      let b = "";
      for (let k = random.below(9); k; k--) a += letters.charAt(random.below(letters.length));
      for (let k = random.below(9); k; k--) b += letters.charAt(random.below(letters.length));
      must(distance(a, b) == <u32>slowDistance(a, b), a + " " + b);
    }
  });

  test("texts of up to 63 bytes, and not beyond the scratch", () => {
    memory.fill(SCRATCH, 0x5a, 512);
    put("a".repeat(63));
    put("b".repeat(63), OTHER);
    expect<u32>(editDistance(BUFFER, 63, OTHER, 63, 100, SCRATCH + 128)).toBe(63);
    for (let i: u32 = 0; i < 512; i++) {
      must((i >= 128 && i < 128 + EDIT_SCRATCH) || load<u8>(SCRATCH + i) == 0x5a, "beside the scratch");
    }
    expect<u32>(distance("a".repeat(64), "a")).toBe(255);
    expect<u32>(distance("a", "a".repeat(64))).toBe(255);
  });

  test("a difference in length over the limit needs no look", () => {
    expect<u32>(distance("abc", "abcdef", 2)).toBe(255);
    expect<u32>(distance("abc", "abcdef", 3)).toBe(3);
    expect<u32>(distance("abcdef", "abc", 2)).toBe(255);
    expect<u32>(distance("abcdef", "abc", 3)).toBe(3);
  });
});
