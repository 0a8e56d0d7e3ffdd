import { Writer, WRITER_SIZE } from "../../../base/writer";
import { freshHeap, must, mustBeEmpty } from "../../../base/__tests__/region";
import { Random } from "../../../base/__tests__/random";
import { Tags, findNumber, findTag, newTags, tagsUnref } from "../../../core/tags";
import { Atom } from "../../../generated/words";
import { atomData, atomLength } from "../../../registry/atom";
import { Fourcc } from "../boxes";
import { begin, beginFull, end } from "../boxwriter";
import { orientationName, orientationNumber, readCreation, readMeta, readUserData, writeItems } from "../filetags";

const WRITER: usize = memory.data(WRITER_SIZE, 4);
const ITEMS: usize = memory.data(WRITER_SIZE, 4);
const LENGTH: usize = memory.data(4, 4);
const w = changetype<Writer>(WRITER);
const items = changetype<Writer>(ITEMS);

const MDTA: u32 = 0x6d647461;
const KEYS: u32 = 0x6b657973;
const TITL: u32 = 0x7469746c;
const C_NAM: u32 = 0xa96e616d;
const C_XYZ: u32 = 0xa978797a;

function addText(tags: Tags, name: u32, text: string): void {
  const bytes = String.UTF8.encode(text);
  tags.text(name, changetype<usize>(bytes), bytes.byteLength);
}

function textOf(tags: Tags, name: u32): string {
  const p = findTag(tags, name, LENGTH);
  return p ? String.UTF8.decodeUnsafe(p, load<u32>(LENGTH)) : "";
}

function putText(text: string): void {
  const bytes = String.UTF8.encode(text);
  w.bytes(changetype<usize>(bytes), bytes.byteLength);
}

/** Puts the items into a meta box's content. */
function wrap(): void {
  memory.fill(WRITER, 0, WRITER_SIZE);
  w.u32(0);
  const hdlr = beginFull(w, Fourcc.hdlr, 0, 0);
  w.zeros(21);
  end(w, hdlr);
  const ilst = begin(w, Fourcc.ilst);
  w.bytes(items.data, items.length);
  end(w, ilst);
}

describe("tags of the file", () => {
  test("what is written is read", () => {
    freshHeap();
    memory.fill(ITEMS, 0, WRITER_SIZE);
    const tags = newTags()!;
    // prettier-ignore
    const names: u32[] = [
      Atom.title, Atom.artist, Atom.album_artist, Atom.album, Atom.comment, Atom.genre, Atom.datetime,
      Atom.encoder, Atom.composer, Atom.lyrics, Atom.grouping, Atom.copyright, Atom.description, Atom.keywords,
    ];
    // A number in front of the texts: what comes behind it must still be found.
    tags.int(Atom.track_number, 7);
    for (let i = 0; i < names.length; i++) addText(tags, names[i], "text " + i.toString() + " ü");
    tags.int(Atom.track_count, 300);
    tags.int(Atom.album_disc_count, 2);
    tags.double(Atom.beats_per_minute, 120.4);
    writeItems(items, tags);
    // A second list does not write anything twice.
    const length = items.length;
    writeItems(items, tags);
    expect<u32>(items.length).toBe(length);
    wrap();
    const read = newTags()!;
    readMeta(read, w.data, w.data + w.length);
    for (let i = 0; i < names.length; i++) expect<string>(textOf(read, names[i])).toBe("text " + i.toString() + " ü");
    expect<f64>(findNumber(read, Atom.track_number)).toBe(7);
    expect<f64>(findNumber(read, Atom.track_count)).toBe(300);
    must(isNaN(findNumber(read, Atom.album_disc_number)), "a number that was not given");
    expect<f64>(findNumber(read, Atom.album_disc_count)).toBe(2);
    expect<f64>(findNumber(read, Atom.beats_per_minute)).toBe(120);
    tagsUnref(tags);
    tagsUnref(read);
    w.release();
    items.release();
    mustBeEmpty();
  });

  test("a genre that is a number stays one", () => {
    freshHeap();
    memory.fill(ITEMS, 0, WRITER_SIZE);
    for (let n = 0; n < 3; n++) {
      const tags = newTags()!;
      tags.int(Atom.genre, n * 70);
      writeItems(items, tags);
      wrap();
      const read = newTags()!;
      readMeta(read, w.data, w.data + w.length);
      expect<f64>(findNumber(read, Atom.genre)).toBe(n * 70);
      tagsUnref(tags);
      tagsUnref(read);
      w.release();
      items.clear();
    }
    items.release();
    mustBeEmpty();
  });

  test("QuickTime's and 3GPP's user data, and keys", () => {
    freshHeap();
    memory.fill(WRITER, 0, WRITER_SIZE);
    const name = begin(w, C_NAM);
    w.u16(4);
    w.u16(0);
    putText("nameXX");
    end(w, name);
    const place = begin(w, C_XYZ);
    w.u16(26);
    w.u16(0);
    putText("+40.6800-074.5000+012.000/");
    end(w, place);
    const titl = beginFull(w, TITL, 0, 0);
    w.u16(0x15c7);
    putText("title");
    w.u8(0);
    end(w, titl);
    const tags = newTags()!;
    readUserData(tags, w.data, w.data + w.length);
    expect<string>(textOf(tags, Atom.title)).toBe("name");
    expect<f64>(findNumber(tags, Atom.geo_location_latitude)).toBe(40.68);
    expect<f64>(findNumber(tags, Atom.geo_location_longitude)).toBe(-74.5);
    expect<f64>(findNumber(tags, Atom.geo_location_elevation)).toBe(12);
    expect<u32>(tags.count).toBe(5);
    tagsUnref(tags);
    w.clear();
    const hdlr = beginFull(w, Fourcc.hdlr, 0, 0);
    w.zeros(21);
    end(w, hdlr);
    const keys = beginFull(w, KEYS, 0, 0);
    w.u32(2);
    for (let i = 0; i < 2; i++) {
      const key = begin(w, MDTA);
      putText(i ? "com.apple.quicktime.software" : "com.example.unknown");
      end(w, key);
    }
    end(w, keys);
    const ilst = begin(w, Fourcc.ilst);
    for (let i: u32 = 1; i <= 2; i++) {
      const item = begin(w, i);
      const data = begin(w, Fourcc.data);
      w.u32(1);
      w.u32(0);
      putText("15.1");
      end(w, data);
      end(w, item);
    }
    end(w, ilst);
    const keyed = newTags()!;
    readMeta(keyed, w.data, w.data + w.length);
    expect<string>(textOf(keyed, Atom.encoder)).toBe("15.1");
    expect<u32>(keyed.count).toBe(1);
    tagsUnref(keyed);
    w.release();
    mustBeEmpty();
  });

  test("random bytes are read within their bounds", () => {
    freshHeap();
    memory.fill(ITEMS, 0, WRITER_SIZE);
    const random = new Random(4);
    const tags = newTags()!;
    addText(tags, Atom.title, "title");
    tags.int(Atom.track_number, 1);
    writeItems(items, tags);
    tagsUnref(tags);
    wrap();
    for (let round = 0; round < 2000; round++) {
      const copy = heap.alloc(w.length);
      memory.copy(copy, w.data, w.length);
      for (let k = <i32>random.below(4); k >= 0; k--) store<u8>(copy + random.below(w.length), <u8>random.next());
      const read = newTags()!;
      readMeta(read, copy, copy + random.below(w.length + 1));
      readUserData(read, copy, copy + random.below(w.length + 1));
      must(read.count < 20, "no more tags than items");
      tagsUnref(read);
      heap.free(copy);
    }
    w.release();
    items.release();
    mustBeEmpty();
  });

  test("the time of creation is a date", () => {
    freshHeap();
    const seconds: u64[] = [2082844800, 3547558895, 2082844800 + 951868799, 2082844800 + 951868800];
    const dates: string[] = [
      "1970-01-01T00:00:00Z",
      "2016-05-31T17:01:35Z",
      "2000-02-29T23:59:59Z",
      "2000-03-01T00:00:00Z",
    ];
    for (let i = 0; i < seconds.length; i++) {
      const tags = newTags()!;
      readCreation(tags, seconds[i]);
      expect<string>(textOf(tags, Atom.datetime)).toBe(dates[i]);
      tagsUnref(tags);
    }
    const none = newTags()!;
    readCreation(none, 2082844799);
    expect<u32>(none.count).toBe(0);
    tagsUnref(none);
    mustBeEmpty();
  });

  test("orientations have names", () => {
    for (let i: u32 = 2; i <= 8; i++) {
      const name = orientationName(i);
      expect<u32>(orientationNumber(atomData(name), atomLength(name))).toBe(i);
    }
    expect<u32>(orientationNumber(atomData(Atom.title), atomLength(Atom.title))).toBe(1);
  });
});
