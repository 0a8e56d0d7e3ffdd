import { freshHeap, must, mustBeEmpty, piecesOf } from "../../base/__tests__/region";
import { Owner } from "../../base/heap";
import { TEXT_SIZE, Text } from "../../base/text";
import { Atom } from "../../generated/words";
import { atomsRelease } from "../../registry/atom";
import {
  FEATURE_CONFLICT,
  MEDIA_CONFLICT,
  NO_CONFLICT,
  capsMeet,
  equalCaps,
  firstConflict,
  intersectCaps,
  subsetCaps,
  unionCaps,
} from "../algebra";
import {
  Caps,
  MAX_FIELDS,
  MAX_STRUCTURES,
  anyCaps,
  capsOf,
  capsRef,
  capsUnref,
  copyCaps,
  emptyCaps,
  newCaps,
  sameCaps,
} from "../caps";
import { fixateCaps } from "../fixate";
import { parseCaps } from "../parse";
import { printCaps } from "../print";

const TEXT: usize = memory.data(TEXT_SIZE, 4);
const ROOM: usize = memory.data(4096, 4);

function parse(text: string): Caps | null {
  const bytes = String.UTF8.encode(text);
  return parseCaps(changetype<usize>(bytes), bytes.byteLength);
}

function print(c: Caps): string {
  const t = changetype<Text>(TEXT).into(ROOM, 4096);
  printCaps(t, c);
  return String.UTF8.decodeUnsafe(t.data, t.length);
}

function end(): void {
  atomsRelease();
  mustBeEmpty();
}

const ONE = "a/b, x={ 1, [ 2, 9, 3 ] }, y=< 1, { u, v } >, d=(buffer)00ff; c/d(m:n), z=[ 1/2, 3/4 ]; a/b, x=77";
const TWO = "a/b, x=[ 1, 5 ], y=< 1, v >, w={ 1, 2, 3, 4, 5 }; c/d(ANY), z={ 1/2, 2/3 }";

/** All operations on two caps; what the heap has no room for may be missing, never wrong. */
function operate(x: Caps, y: Caps): void {
  const both = intersectCaps(x, y);
  must(subsetCaps(both, x) && subsetCaps(both, y), "an intersection is never more than it should be");
  capsMeet(x, y);
  const either = unionCaps(x, y);
  const copy = copyCaps(x);
  must(subsetCaps(copy, x), "a copy is never more than its original");
  const one = fixateCaps(x, y);
  must(one.isEmpty || (one.isFixed() && subsetCaps(one, x)), "one stream of the caps, or none");
  capsUnref(both);
  capsUnref(either);
  capsUnref(copy);
  capsUnref(one);
}

describe("caps", () => {
  test("without room operations give less, and leave nothing behind", () => {
    let whole = 0;
    for (let size: u32 = 512; size < 8192; size += 48) {
      freshHeap(size);
      const x = parse(ONE);
      const y = parse(TWO);
      if (x && y) {
        whole++;
        operate(x, y);
      }
      capsUnref(x);
      capsUnref(y);
      end();
    }
    expect<i32>(whole).toBeGreaterThan(20, "there was room for both");
    expect<i32>(whole).toBeLessThan(150, "and often there was none");
  });

  test("caps are shared by reference and gone with the last", () => {
    freshHeap();
    const c = capsOf(Atom.video_x_raw).setInt(Atom.width, 5);
    expect<usize>(changetype<usize>(capsRef(c))).toBe(changetype<usize>(c));
    capsUnref(c);
    expect<i32>(c.getInt(Atom.width, 0)).toBe(5);
    capsUnref(c);
    expect<u32>(piecesOf(Owner.Caps)).toBe(0);
    capsUnref(null);
    for (let i = 0; i < 10; i++) {
      capsUnref(emptyCaps());
      capsUnref(anyCaps());
    }
    must(emptyCaps().isEmpty && !anyCaps().isEmpty && anyCaps().any, "the two that are nobody's");
    end();
  });

  test("fields are set, replaced and taken away in the order in which they came", () => {
    freshHeap();
    const c = capsOf(Atom.video_x_raw).setInt(Atom.width, 1).setFraction(Atom.framerate, 60, 2);
    c.setString(Atom.format, Atom.NV12).setBool(Atom.parsed, true).setInt(Atom.height, 9).setInt(Atom.width, 3);
    expect<string>(print(c)).toBe(
      "video/x-raw, width=(int)3, framerate=(fraction)30/1, format=(string)NV12, parsed=(boolean)true, height=(int)9",
    );
    c.at(0).unset(Atom.format);
    c.at(0).unset(Atom.format);
    c.setFraction(Atom.framerate, 1, 0);
    expect<string>(print(c)).toBe("video/x-raw, width=(int)3, parsed=(boolean)true, height=(int)9");
    must(c.getBool(Atom.parsed, false) && c.getInt(Atom.height, 0) == 9 && c.getString(Atom.format) == 0, "getters");
    expect<i32>(c.getInt(Atom.parsed, -7)).toBe(-7, "another kind of value");
    expect<bool>(c.getBytes(Atom.width) == null).toBe(true);
    capsUnref(c);
    end();
  });

  test("a structure takes so many fields and no more, caps so many structures", () => {
    freshHeap();
    const c = capsOf(Atom.video_x_raw);
    for (let i: u32 = 1; i <= MAX_FIELDS + 5; i++) c.setInt(i, i);
    expect<u32>(c.at(0).count).toBe(MAX_FIELDS);
    expect<i32>(c.getInt(MAX_FIELDS, 0)).toBe(MAX_FIELDS);
    for (let i: u32 = 1; i < MAX_STRUCTURES; i++) must(c.add(Atom.audio_x_raw, 0) != null, "room");
    expect<bool>(c.add(Atom.audio_x_raw, 0) == null).toBe(true);
    expect<bool>(c.addCopy(c.at(0)) == null).toBe(true);
    capsUnref(c);
    end();
  });

  test("a structure of the caps themselves is copied, though they move", () => {
    freshHeap();
    const c = newCaps();
    c.add(Atom.video_x_raw, 0);
    c.setInt(Atom.width, 4);
    for (let i: u32 = 0; i < 20; i++) must(c.addCopy(c.at(i))!.find(Atom.width)!.a == 4, "the copy");
    c.removeAt(7);
    expect<u32>(c.count).toBe(20);
    for (let i: u32 = 0; i < 20; i++) must(c.at(i).find(Atom.width)!.a == 4, "the others stay");
    capsUnref(c);
    end();
  });

  test("the first field without a common value is named", () => {
    freshHeap();
    const x = parse("a/b, width=1, height=[ 1, 5 ], format={ NV12, I420 }")!;
    const others: Array<string> = [
      "a/b, height=6, format=X",
      "a/b, format=X",
      "c/d",
      "a/b(m:n)",
      "a/b(ANY), height=2",
      "a/b",
    ];
    const fields: Array<u32> = [Atom.height, Atom.format, MEDIA_CONFLICT, FEATURE_CONFLICT, NO_CONFLICT, NO_CONFLICT];
    for (let i = 0; i < others.length; i++) {
      const y = parse(others[i])!;
      expect<u32>(firstConflict(x.at(0), y.at(0))).toBe(fields[i], others[i]);
      expect<bool>(capsMeet(x, y)).toBe(fields[i] == NO_CONFLICT);
      capsUnref(y);
    }
    capsUnref(x);
    end();
  });

  test("caps are written alike whatever the order of fields, not of structures", () => {
    freshHeap();
    const x = parse("a/b, x=1, y={ 1, 2 }; c/d")!;
    const texts: Array<string> = [
      "a/b, y={ 1, 2 }, x=1; c/d",
      "c/d; a/b, x=1, y={ 1, 2 }",
      "a/b, x=1, y={ 2, 1 }; c/d",
      "a/b, x=1; c/d",
    ];
    const same: Array<bool> = [true, false, false, false];
    const equal: Array<bool> = [true, true, true, false];
    for (let i = 0; i < texts.length; i++) {
      const y = parse(texts[i])!;
      expect<bool>(sameCaps(x, y)).toBe(same[i], texts[i]);
      expect<bool>(equalCaps(x, y)).toBe(equal[i], texts[i]);
      capsUnref(y);
    }
    capsUnref(x);
    end();
  });

  test("numbers without a sign go beyond those with one, by themselves", () => {
    freshHeap();
    const c = parse("a/b, ssrc=(uint)4294967295, payload=(uint)7, rate=(guint){ 2147483648, 1 }")!;
    expect<string>(print(c)).toBe("a/b, ssrc=(uint)4294967295, payload=(int)7, rate={ (uint)2147483648, (int)1 }");
    expect<i64>(c.getUint(Atom.ssrc)).toBe(0xffffffff);
    expect<i64>(c.getUint(Atom.payload)).toBe(7);
    expect<i64>(c.getUint(Atom.rate)).toBe(-1, "a list is no number");
    expect<i32>(c.getInt(Atom.ssrc, 5)).toBe(5, "no number with a sign");
    const d = copyCaps(c);
    d.setUint(Atom.ssrc, 0x80000000).setUint(Atom.rate, 0x7fffffff);
    expect<string>(print(d)).toBe("a/b, ssrc=(uint)2147483648, payload=(int)7, rate=(int)2147483647");
    const again = parse(print(c))!;
    expect<bool>(sameCaps(c, again)).toBe(true);
    expect<bool>(capsMeet(c, d)).toBe(false);
    const one = parse("a/b, ssrc=(uint){ 4294967294, 4294967295 }, payload=[ 1, 9 ]")!;
    expect<bool>(subsetCaps(c, one)).toBe(true);
    const both = intersectCaps(one, c);
    expect<string>(print(both)).toBe("a/b, ssrc=(uint)4294967295, payload=(int)7, rate={ (uint)2147483648, (int)1 }");
    expect<bool>(parse("a/b, ssrc=(uint)4294967296") == null).toBe(true);
    expect<bool>(parse("a/b, x=(int)2147483648") == null).toBe(true);
    expect<bool>(parse("a/b, ssrc=(uint)[ 1, 4294967295 ]") == null).toBe(true, "a range is of numbers with a sign");
    capsUnref(c);
    capsUnref(d);
    capsUnref(again);
    capsUnref(one);
    capsUnref(both);
    end();
  });
});
