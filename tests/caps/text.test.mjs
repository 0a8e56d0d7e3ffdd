// The text form of caps: what is printed is read back, what is damaged is refused at the right place.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CapsRefused, Kit } from "./kit.mjs";
import { admits, caps, capsText, pointsFor } from "./model.mjs";

const kit = new Kit();

/** Runs a property whose caps are given back after each run; nothing may be left behind. */
function holds(arbitraries, property, numRuns = 1000) {
  const before = kit.pieces;
  fc.assert(
    fc.property(...arbitraries, (...args) => {
      try {
        property(...args);
      } finally {
        kit.release();
        assert.equal(kit.pieces, before, "caps were left behind");
      }
    }),
    { seed: 21, numRuns },
  );
}

/** The caps of a text, or what was wrong with it. */
function read(text) {
  try {
    return kit.parse(text);
  } catch (error) {
    if (!(error instanceof CapsRefused)) throw error;
    return error;
  }
}

test("caps that are printed are read back, and print the same again", () => {
  holds([caps, fc.nat(9)], (model, seed) => {
    const x = kit.parse(capsText(model));
    const text = kit.print(x);
    const y = kit.parse(text);
    assert.equal(kit.print(y), text);
    assert.equal(kit.same(x, y) && kit.equal(x, y), true);
    for (const point of pointsFor([model], seed).slice(0, 50)) {
      assert.equal(kit.subset(kit.parse(capsText([point])), y), admits(model, point));
    }
  });
});

test("what operations make is read back too", () => {
  holds([caps, caps], (m, n) => {
    const [x, y] = [kit.parse(capsText(m)), kit.parse(capsText(n))];
    for (const made of [kit.intersect(x, y), kit.union(x, y), kit.fixate(x), kit.fixate(x, y)]) {
      const again = kit.parse(kit.print(made));
      assert.equal(kit.same(made, again), true);
      assert.equal(kit.print(again), kit.print(made));
    }
  });
});

test("spaces, types in front of lists and the order of fields change nothing", () => {
  holds([caps, fc.constantFrom(" ", "  ", "\t\n")], (model, gap) => {
    const plain = capsText(model);
    if (/["]/.test(plain)) return;
    const loose = plain.replace(/([,;={}<>[\]()])/g, (c) => (c === "(" ? c : `${c}${gap}`));
    assert.equal(kit.same(kit.parse(plain), kit.parse(loose)), true, loose);
  });
  const same = (a, b) => assert.equal(kit.same(kit.parse(a), kit.parse(b)), true, `${a} and ${b}`);
  same("video/x-raw, width=(int){ 1, 2 }, a=b", "video/x-raw,a=(string)b,width={1,2};");
  same("video/x-raw(memory:SystemMemory)", "video/x-raw");
  same("a/b, f=30", "a/b, f=(int)30");
  same("a/b, f=30/1", "a/b, f=(fraction)30/1");
  same("a/b, f=60/2", "a/b, f=(fraction)30");
  same("a/b, f=-60/-2", "a/b, f=30/1");
  same("a/b, f=[1, max]", "a/b, f=[1, 2147483647]");
  same("a/b, f=[min, 5]", "a/b, f=(int)[-2147483648, 5]");
  same("a/b, f=[3, 3]", "a/b, f=3");
  same("a/b, f=[0, 10, 4]", "a/b, f=[0, 8, 4]");
  same("a/b, f={ 7 }", "a/b, f=7");
  same("a/b, f=true", "a/b, f=(boolean)yes");
  same("a/b, f=FALSE", "a/b, f=(bool)0");
  same("a/b, f=(bitmask)3", "a/b, f=(bitmask)0x0000000000000003");
  same("a/b, f=(buffer)00FF", "a/b, f=(buffer)00ff");
  same("a/b, f=1, f=2", "a/b, f=2");
  same("NONE", "EMPTY");
  kit.release();
});

test("numbers at the ends of their range are kept", () => {
  const ends = ["-2147483648", "2147483647", "[ -2147483648, 2147483647 ]", "[ -2147483648, 2147483647, 4294967295 ]"];
  for (const end of ends) assert.equal(kit.print(kit.parse(`a/b, f=${end}`)), `a/b, f=(int)${end}`);
  assert.equal(kit.print(kit.parse("a/b, f=-2147483648/2147483647")), "a/b, f=(fraction)-2147483648/2147483647");
  const wide = kit.parse("a/b, f=[ -2147483648, 2147483647, 3 ]");
  const odd = kit.parse("a/b, f=[ -2147483647, 2147483647, 2 ]");
  assert.equal(kit.print(kit.intersect(wide, odd)), "a/b, f=(int)[ -2147483645, 2147483647, 6 ]");
  const far = kit.parse("a/b, f=[ -2147483648, 2147483647, 4294967295 ]");
  assert.equal(kit.print(kit.intersect(far, odd)), "a/b, f=(int)2147483647");
  const primes = [4294967291, 4294967279].map((step) => kit.parse(`a/b, f=[ -2147483648, 2147483647, ${step} ]`));
  assert.equal(kit.print(kit.intersect(...primes)), "a/b, f=(int)-2147483648");
  kit.release();
});

test("a fraction that cannot be written in lowest terms is refused", () => {
  for (const text of ["1/0", "-2147483648/-1", "1/-2147483648"]) {
    assert.equal(read(`a/b, f=(fraction)${text}`).why, "value", text);
  }
  kit.release();
});

/** Texts that are refused: what is wrong, and at which byte, marked by ^. */
const REFUSED = [
  ["^", "media"],
  ["  ^", "media"],
  ["^, width=1", "media"],
  ["a/b; ^; c/d", "media"],
  ["a/b, ^=1", "field"],
  ["a/b, ^", "field"],
  ["a/b,^,", "field"],
  ["a/b, width ^1", "equals"],
  ["a/b, width^", "equals"],
  ["a/b, width=(^nothing)1", "type"],
  ["a/b, width=(^)1", "type"],
  ["a/b, width=(int ^1", "open"],
  ["a/b, width=^", "value"],
  ["a/b, width=(int)^x", "value"],
  ["a/b, width=(int)^2147483648", "value"],
  ["a/b, width=(int)^1/2", "value"],
  ['a/b, width=(int)"1^', "open"],
  ["a/b, rate=(fraction)^x/2", "value"],
  ["a/b, rate=(fraction)^1/x", "value"],
  ["a/b, rate=(fraction)^1/0", "value"],
  ["a/b, flag=(boolean)^maybe", "value"],
  ["a/b, mask=(bitmask)^0x12345678123456781", "value"],
  ["a/b, data=(buffer)^0", "value"],
  ["a/b, data=(buffer)^0g", "value"],
  ["a/b, list={ 1, 2^", "open"],
  ["a/b, list={ 1 ^2 }", "open"],
  ["a/b, list={ 1, ^}", "value"],
  ["a/b, list={ }^", "value"],
  ["a/b, list={ 1, { 2, 3 }^ }", "value"],
  ["a/b, list=< 1, 2^", "open"],
  ["a/b, list=(int){ 1, ^x }", "value"],
  ["a/b, range=[ ^, 2 ]", "value"],
  ["a/b, range=[ ^x, 2 ]", "value"],
  ["a/b, range=[ 1, ^x ]", "value"],
  ["a/b, range=[ 1, ^1/2 ]", "value"],
  ["a/b, range=[ 1 ^]", "open"],
  ["a/b, range=[ 1, 2^", "open"],
  ["a/b, range=[ 2, 1 ]^", "value"],
  ["a/b, range=[ 1, 9, 0^ ]", "value"],
  ["a/b, range=[ 1, 9, 4294967296^ ]", "value"],
  ["a/b, range=[ 1/2, 3/4, 1^ ]", "value"],
  ["a/b, range=(string)[^ 1, 2 ]", "value"],
  ["a/b, range=[ 3/4, 1/2 ]^", "value"],
  ["a/b, deep=< < < < <^ 1 > > > > >", "size"],
  ["a/b ^width=1", "trailing"],
  ["a/b, width=1 ^x", "trailing"],
  ["a/b, width=1^)", "trailing"],
  ["ANY ^x", "trailing"],
  ["EMPTY^, x=1", "trailing"],
  ["a/b(memory:X^", "open"],
  ["a/b(^)", "size"],
  [`^${"x".repeat(256)}/y`, "size"],
  [`a/b, ${"f".repeat(256)}^=1`, "size"],
  [`a/b, ${Array.from({ length: 65 }, (_, i) => `f${i}=1`).join(", ")}`.replace("f64=", "f64=^"), "size"],
  [`a/b, f=^${"s".repeat(256)}`, "value"],
  [`a/b, f="${"s".repeat(256)}^"`, "open"],
  [`a/b, f={ ${Array.from({ length: 257 }, (_, i) => i).join(", ")}`.replace(", 256", ",^ 256"), "size"],
  [`${"a/b; ".repeat(256)}a/b^`, "size"],
];

test("a damaged text is refused, with what was wrong and where", () => {
  const before = kit.pieces;
  const found = REFUSED.map(([marked]) => {
    const text = marked.replace("^", "");
    const refused = read(text);
    if (!(refused instanceof CapsRefused)) return [text, "taken"];
    return [`${text.slice(0, refused.at)}^${text.slice(refused.at)}`, refused.why];
  });
  assert.deepEqual(found, REFUSED);
  assert.equal(kit.pieces, before);
});

test("any bytes are read or refused, and leave nothing behind", () => {
  const start = capsText([
    { media: "video/x-raw", feature: "memory:DMABuf", fields: { a: { list: [{ range: [1, 9, 2] }, { int: 3 }] } } },
  ]);
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc
      .array(fc.constantFrom(...'a/,;=(){}[]<>"\\ 0129-+', "int", "fraction", "true"), { maxLength: 40 })
      .map((parts) => Buffer.from(`a/b, f=${parts.join("")}`)),
    fc.tuple(fc.nat(start.length), fc.nat(9), fc.string({ maxLength: 4 })).map(([at, n, put]) => {
      return Buffer.from(start.slice(0, at) + put + start.slice(at + n));
    }),
  );
  holds(
    [bytes],
    (data) => {
      const x = read(data);
      if (x instanceof CapsRefused) assert.ok(x.at <= data.length, "the error lies in the text");
      else assert.equal(kit.same(kit.parse(kit.printed(x)), x), true);
    },
    5000,
  );
});
