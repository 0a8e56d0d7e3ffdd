import { sameBytes } from "../base/bytes";
import { Owner, alloc, free } from "../base/heap";
import { isUtf8 } from "../base/text";
import { WRITER_SIZE, Writer } from "../base/writer";
import { RECORDREADER_SIZE, RecordReader, RecordType, recordDouble, recordInt, recordText } from "../base/records";
import { atomData, atomLength } from "../registry/atom";

/**
 * Tags: what a stream says about itself, as pairs of records, a name (GStreamer's: title, artist, language-code …) and
 * a value. Reference-counted and not changed once shared.
 *
 *     0 refs
 *     4 count  tags
 *     8 data   Writer with the records
 */
@unmanaged
export class Tags {
  refs: u32;
  count: u32;
  data_: usize;

  @inline
  get data(): Writer {
    return changetype<Writer>(changetype<usize>(this) + offsetof<Tags>("data_"));
  }

  /** Adds a text; text that is not UTF-8 is left out. */
  text(name: u32, p: usize, n: u32): void {
    if (!n || n > MAX_TAG || this.data.length > MAX_TAGS || !isUtf8(p, n)) return;
    recordText(this.data, atomData(name), atomLength(name));
    recordText(this.data, p, n);
    this.count++;
  }

  int(name: u32, v: i64): void {
    if (this.data.length > MAX_TAGS) return;
    recordText(this.data, atomData(name), atomLength(name));
    recordInt(this.data, v);
    this.count++;
  }

  double(name: u32, v: f64): void {
    if (this.data.length > MAX_TAGS) return;
    recordText(this.data, atomData(name), atomLength(name));
    recordDouble(this.data, v);
    this.count++;
  }
}

/** Address of a text tag of a list, its length in the u32 at `length`; 0 when there is none. */
export function findTag(t: Tags, name: u32, length: usize): usize {
  const r = changetype<RecordReader>(READER).over(t.data.data, t.data.length);
  while (r.more) {
    r.text();
    const found = r.length == atomLength(name) && sameBytes(r.data, atomData(name), r.length);
    if (r.type == RecordType.Int) r.int();
    else if (r.type == RecordType.Double) r.double();
    else {
      r.text();
      if (!found) continue;
      store<u32>(length, r.length);
      return r.data;
    }
  }
  return 0;
}

const READER: usize = memory.data(RECORDREADER_SIZE, 4);

/** Bytes that one text tag and all tags of a list may have; what is larger is left out. */
export const MAX_TAG: u32 = 4096;
const MAX_TAGS: u32 = 65536;

/** An empty list with one reference; null when the heap has no room. */
export function newTags(): Tags | null {
  const p = alloc(offsetof<Tags>("data_") + WRITER_SIZE, Owner.Tags);
  if (!p) return null;
  memory.fill(p, 0, offsetof<Tags>("data_") + WRITER_SIZE);
  const t = changetype<Tags>(p);
  t.refs = 1;
  return t;
}

export function tagsRef(t: Tags): Tags {
  t.refs++;
  return t;
}

export function tagsUnref(t: Tags): void {
  if (--t.refs) return;
  t.data.release();
  free(changetype<usize>(t));
}
