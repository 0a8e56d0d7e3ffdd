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

/** A reader at the value of a tag of a list, a text or a number; null when there is none. */
function valueOf(t: Tags, name: u32, text: bool): RecordReader | null {
  const r = changetype<RecordReader>(READER).over(t.data.data, t.data.length);
  while (r.more) {
    r.text();
    const found = r.length == atomLength(name) && sameBytes(r.data, atomData(name), r.length);
    const isText = r.type == RecordType.Text || r.type == RecordType.Short;
    if (found && isText == text) return r;
    if (isText) r.text();
    else if (r.type == RecordType.Double) r.double();
    else r.int();
  }
  return null;
}

/** Address of a text tag of a list, its length in the u32 at `length`; 0 when there is none. */
export function findTag(t: Tags, name: u32, length: usize): usize {
  const r = valueOf(t, name, true);
  if (!r || !r.text()) return 0;
  store<u32>(length, r.length);
  return r.data;
}

/** The value of a tag that is a number; NaN when there is none. */
export function findNumber(t: Tags, name: u32): f64 {
  const r = valueOf(t, name, false);
  if (!r) return NaN;
  return r.type == RecordType.Double ? r.double() : <f64>r.int();
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
