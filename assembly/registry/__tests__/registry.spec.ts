import { endCore, freshCore } from "../../abi/__tests__/core";
import { Random } from "../../base/__tests__/random";
import { bytesOf, must, piecesOf } from "../../base/__tests__/region";
import { Owner, allocZero, free } from "../../base/heap";
import { RECORDREADER_SIZE, RecordReader, RecordType } from "../../base/records";
import { WRITER_SIZE, Writer } from "../../base/writer";
import { Atom, WORD_COUNT } from "../../generated/words";
import { Direction, Presence } from "../../graph/pad";
import { MAX_ATOMS, MAX_ATOM_LENGTH, atomData, atomLength, atomOf, findAtom } from "../atom";
import { Factory, FactoryFlag, Relation, describeFactory, factories, findFactory, newFactory } from "../factory";
import { PropertySpec, PropertyType, recordProperty, releaseSlot, setFromText } from "../property";
import { Descriptor } from "./descriptors";

const SLOT: usize = memory.data(8, 8);
const READER: usize = memory.data(RECORDREADER_SIZE, 8);

function atomFor(text: string): u32 {
  const bytes = String.UTF8.encode(text);
  return atomOf(changetype<usize>(bytes), bytes.byteLength);
}

function word(atom: u32): string {
  return String.UTF8.decodeUnsafe(atomData(atom), atomLength(atom));
}

/** A descriptor with everything that one can have. */
function full(): Descriptor {
  return new Descriptor("thing", 4 + 8, "stuff,object", "", "width,height")
    .counts(2, 3)
    .pad("sink", 2, 1, "a/b, width=[ 1, 9 ]")
    .pad("src_%u", 1, 3, "", "a/b, width=3")
    .property("level", PropertyType.Int, "5", "1", "9")
    .property("mode", PropertyType.Enum, "fast", "", "", 2)
    .value("slow", 10)
    .value("fast", -20)
    .property("label", PropertyType.String, "x", "", "", 0, 1);
}

function describeBytes(bytes: StaticArray<u8>, length: u32): Factory | null {
  return describeFactory(changetype<usize>(bytes), length, 100);
}

describe("atoms", () => {
  test("every word that the code knows is found and reads as itself", () => {
    freshCore();
    for (let a: u32 = 1; a <= WORD_COUNT; a++) {
      must(findAtom(atomData(a), atomLength(a)) == a && atomOf(atomData(a), atomLength(a)) == a, "known");
    }
    expect<u32>(atomFor("video/x-raw")).toBe(Atom.video_x_raw);
    expect<u32>(piecesOf(Owner.Atom)).toBe(0, "none was added");
    endCore();
  });

  test("added words keep their numbers and texts, to a bound", () => {
    freshCore();
    const numbers = new Array<u32>();
    const names = new Array<string>();
    for (let i = 0; i < <i32>MAX_ATOMS; i++) {
      names.push(`a word that is new ${i * 7919}`);
      numbers.push(atomFor(names[i]));
      must(numbers[i] == WORD_COUNT + i + 1, "counted up");
    }
    expect<u32>(atomFor("one too many")).toBe(0);
    for (let i = 0; i < names.length; i++) {
      must(atomFor(names[i]) == numbers[i], "found again");
      if (i % 97 == 0) must(word(numbers[i]) == names[i], "its text");
    }
    endCore();
  });

  test("what cannot be an atom is 0, and 0 has no text", () => {
    freshCore();
    expect<u32>(atomFor("")).toBe(0);
    expect<u32>(atomFor("x".repeat(MAX_ATOM_LENGTH + 1))).toBe(0);
    const longest = "x".repeat(MAX_ATOM_LENGTH);
    expect<string>(word(atomFor(longest))).toBe(longest);
    expect<u32>(atomLength(0)).toBe(0);
    expect<u32>(atomLength(0xffffffff)).toBe(0);
    const unknown = String.UTF8.encode("never heard of");
    expect<u32>(findAtom(changetype<usize>(unknown), unknown.byteLength)).toBe(0, "asking adds nothing");
    endCore();
  });
});

describe("factories", () => {
  test("a descriptor gives names, pads and properties", () => {
    freshCore();
    const bytes = full().data();
    newFactory(changetype<usize>(bytes), bytes.length, 100);
    const f = findFactory(atomFor("object"))!;
    expect<usize>(changetype<usize>(findFactory(atomFor("thing")))).toBe(changetype<usize>(f));
    expect<usize>(changetype<usize>(findFactory(atomFor("stuff")))).toBe(changetype<usize>(f));
    expect<bool>(findFactory(atomFor("stuf")) == null).toBe(true);
    must(f.has(FactoryFlag.Hidden) && f.has(FactoryFlag.Ranges) && !f.has(FactoryFlag.Bin), "flags");
    must(f.relation == Relation.Fields && f.fields.length == 2 && f.fields.get(1) == Atom.height, "relation");
    expect<u32>(f.pads).toBe(2);
    must(f.template(0).direction == Direction.Sink && f.template(0).presence == Presence.Always, "the sink pad");
    must(f.template(1).caps.any && f.template(1).prefer!.getInt(Atom.width, 0) == 3, "the src pad");
    expect<i32>(f.findTemplate(Direction.Src, Presence.Request, 0)).toBe(1);
    expect<i32>(f.findTemplate(Direction.Src, Presence.Request, 2)).toBe(-1);
    expect<i32>(f.findTemplate(Direction.Src, Presence.Always, 0)).toBe(-1);
    expect<i32>(f.findProperty(atomFor("mode"))).toBe(1);
    expect<i32>(f.findProperty(atomFor("mood"))).toBe(-1);
    expect<u32>(f.property(1).values).toBe(2);
    endCore();
  });

  test("relations are none, the same, or the fields that are named", () => {
    freshCore();
    const words: Array<string> = ["none", "same", "", "width", "same,width"];
    const relations: Array<i32> = [Relation.None, Relation.Same, Relation.None, Relation.Fields, Relation.Fields];
    for (let i = 0; i < words.length; i++) {
      const bytes = new Descriptor(`e${i}`, 0, "", "", words[i]).counts(0, 0).data();
      const f = describeBytes(bytes, bytes.length)!;
      must(<i32>f.relation == relations[i], words[i]);
    }
    endCore();
  });

  test("every truncation of a descriptor is refused and leaves nothing behind", () => {
    freshCore();
    const bytes = full().data();
    must(describeBytes(bytes, bytes.length) != null, "the whole is taken");
    // Names stay, they are atoms, and so does the room of the registry's own lists.
    must(describeBytes(bytes, bytes.length - 1) == null, "one byte less is refused");
    const before = bytesOf(Owner.Factory) + bytesOf(Owner.Caps) + bytesOf(Owner.Vec) + bytesOf(Owner.Text);
    for (let n = 0; n < bytes.length; n++) {
      must(describeBytes(bytes, n) == null, `${n} bytes of ${bytes.length}`);
      must(factories().length == 1, "not registered");
    }
    expect<u32>(bytesOf(Owner.Factory) + bytesOf(Owner.Caps) + bytesOf(Owner.Vec) + bytesOf(Owner.Text)).toBe(before);
    endCore();
  });

  test("a refused description leaves no alias", () => {
    freshCore();
    const bytes = full().data();
    must(describeBytes(bytes, bytes.length - 1) == null, "refused");
    expect<bool>(findFactory(atomFor("stuff")) == null).toBe(true);
    expect<bool>(findFactory(atomFor("thing")) == null).toBe(true);
    must(describeBytes(bytes, bytes.length) != null, "taken");
    expect<bool>(findFactory(atomFor("stuff")) == null).toBe(false);
    endCore();
  });

  test("damage is refused or taken, but never read outside of", () => {
    freshCore();
    const random = new Random(6);
    const whole = full().data();
    let taken = 0;
    for (let n = 0; n < 3000; n++) {
      const bytes = StaticArray.fromArray<u8>(full().bytes);
      for (let k: u32 = 0; k <= random.below(3); k++) bytes[random.below(bytes.length)] = <u8>random.spread(8);
      if (describeBytes(bytes, bytes.length)) taken++;
    }
    expect<i32>(taken).toBeGreaterThan(100);
    expect<i32>(taken).toBeLessThan(2500);
    must(describeBytes(whole, whole.length) != null, "the core still works");
    endCore();
  });

  test("counts that are not credible are refused before memory is taken for them", () => {
    freshCore();
    const counts: Array<i64> = [-1, 65, 257, i64.MAX_VALUE, i64.MIN_VALUE];
    for (let i = 0; i < counts.length; i++) {
      const pads = new Descriptor("e").counts(counts[i], 0).data();
      const properties = new Descriptor("e").counts(0, counts[i] == 65 ? 257 : counts[i]).data();
      must(describeBytes(pads, pads.length) == null && describeBytes(properties, properties.length) == null, "refused");
    }
    const values = new Descriptor("e").counts(0, 1).property("p", PropertyType.Enum, "", "", "", 1000).data();
    must(describeBytes(values, values.length) == null, "more values than there are");
    endCore();
  });
});

/** A property of a type, with what it has read from a descriptor. */
function specOf(type: i64, low: string, high: string): PropertySpec {
  const d = new Descriptor("holder").counts(0, 1).property("p", type, "", low, high, type == PropertyType.Enum ? 2 : 0);
  if (type == PropertyType.Enum) d.value("slow", 10).value("fast", -20);
  const bytes = d.data();
  return describeBytes(bytes, bytes.length)!.property(0);
}

/** What a property reads as after a text was set; "refused", with the slot as it was, when it is no value. */
function setTo(spec: PropertySpec, text: string): string {
  const bytes = String.UTF8.encode(text);
  store<i64>(SLOT, 0);
  if (!setFromText(spec, SLOT, changetype<usize>(bytes), bytes.byteLength)) {
    must(load<i64>(SLOT) == 0, "the slot is as it was");
    return "refused";
  }
  const w = changetype<Writer>(allocZero(WRITER_SIZE, Owner.Writer));
  recordProperty(w, spec, SLOT);
  const r = changetype<RecordReader>(READER).over(w.data, w.length);
  let out = "";
  if (r.type == RecordType.Int) out = `${r.int()}`;
  else if (r.type == RecordType.Double) out = `${r.double()}`;
  else if (r.text()) out = `"${String.UTF8.decodeUnsafe(r.data, r.length)}"`;
  must(!r.bad && !r.more, "one record");
  w.release();
  free(changetype<usize>(w));
  releaseSlot(spec, SLOT);
  return out;
}

/** Sets texts and compares what the property reads as. */
function table(type: i64, low: string, high: string, texts: Array<string>, results: Array<string>): void {
  freshCore();
  const spec = specOf(type, low, high);
  for (let i = 0; i < texts.length; i++) expect<string>(setTo(spec, texts[i])).toBe(results[i], texts[i]);
  endCore();
}

const NO = "refused";

describe("properties", () => {
  test("booleans", () => {
    table(
      PropertyType.Bool,
      "",
      "",
      ["true", "TRUE", "True", "yes", "1", "false", "FALSE", "False", "no", "0", "", "2", "tru", "on"],
      ["1", "1", "1", "1", "1", "0", "0", "0", "0", "0", NO, NO, NO, NO],
    );
  });

  test("whole numbers, by their type and limits", () => {
    const texts: Array<string> = ["-1", "0", "4294967295", "4294967296", "-2147483648", "2147483648", "1x", "", "0x10"];
    table(PropertyType.Int, "", "", texts, ["-1", "0", NO, NO, "-2147483648", NO, NO, NO, "16"]);
    table(PropertyType.UInt, "", "", texts, [NO, "0", "4294967295", NO, NO, "2147483648", NO, NO, "16"]);
    const wide: Array<string> = ["9223372036854775807", "9223372036854775808", "-9223372036854775808"];
    table(PropertyType.Int64, "", "", wide, ["9223372036854775807", NO, "-9223372036854775808"]);
    table(PropertyType.UInt64, "", "", wide, ["9223372036854775807", NO, NO]);
    table(PropertyType.Int, "-1", "9", ["-2", "-1", "9", "10"], [NO, "-1", "9", NO]);
    table(PropertyType.UInt64, "5", "", ["4", "5"], [NO, "5"]);
  });

  test("real numbers and their limits", () => {
    table(
      PropertyType.Double,
      "0",
      "1",
      ["0", "0.5", "1", "1.01", "-0.1", "1e-1", "x", ""],
      ["0.0", "0.5", "1.0", NO, NO, "0.1", NO, NO],
    );
  });

  test("strings, of any length and again and again", () => {
    table(PropertyType.String, "", "", ["", "a b", "é"], ['""', '"a b"', '"é"']);
    freshCore();
    const spec = specOf(PropertyType.String, "", "");
    store<i64>(SLOT, 0);
    for (let i = 0; i < 10; i++) {
      const bytes = String.UTF8.encode("x".repeat(i * 100));
      must(setFromText(spec, SLOT, changetype<usize>(bytes), bytes.byteLength), "set");
    }
    expect<u32>(piecesOf(Owner.Property)).toBe(1, "the old value was given back");
    releaseSlot(spec, SLOT);
    endCore();
  });

  test("enums, by nick or number", () => {
    table(
      PropertyType.Enum,
      "",
      "",
      ["slow", "fast", "10", "-20", "11", "Slow", ""],
      ['"slow"', '"fast"', '"slow"', '"fast"', NO, NO, NO],
    );
  });

  test("fractions", () => {
    table(
      PropertyType.Fraction,
      "",
      "",
      ["30/1", "30000/1001", "25", "-1/2", "1/0", "1/-2", "1/", "/2", "2147483648/1", "1/2147483648"],
      ['"30/1"', '"30000/1001"', '"25/1"', '"-1/2"', NO, NO, NO, NO, NO, NO],
    );
  });

  test("caps", () => {
    table(PropertyType.Caps, "", "", ["a/b,x=1", "ANY", "a/b,x", ""], ['"a/b, x=(int)1"', '"ANY"', NO, NO]);
    freshCore();
    const spec = specOf(PropertyType.Caps, "", "");
    store<i64>(SLOT, 0);
    const bytes = String.UTF8.encode("a/b, x=1");
    for (let i = 0; i < 3; i++) setFromText(spec, SLOT, changetype<usize>(bytes), bytes.byteLength);
    const pieces = piecesOf(Owner.Caps);
    releaseSlot(spec, SLOT);
    expect<u32>(piecesOf(Owner.Caps)).toBe(pieces - 3, "caps, their structure and its field: once");
    endCore();
  });
});
