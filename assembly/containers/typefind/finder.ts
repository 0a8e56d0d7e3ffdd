import { be16, be24, be32 } from "../../base/bytes";
import { Caps, capsOf } from "../../caps/caps";
import { Kind } from "../../caps/value";

/** How likely an answer is, GStreamer's scale. */
export const enum Probability {
  None = 0,
  Minimum = 1,
  Possible = 50,
  Likely = 80,
  NearlyCertain = 99,
  Maximum = 100,
}

/** Fields that an answer can have besides the media type. */
const FIELDS: u32 = 4;

/**
 * The head of a stream and the best answer so far to what it is.
 *
 *      0 data         address of the head
 *      4 length       bytes of it
 *      8 complete     there is no more: the stream ends here
 *     12 media        atom of the answer, 0 for none
 *     16 probability  of the answer
 *     20 need         bytes of the head with which there may be a better answer; 0: more are of no use
 *     24 fields       used
 *     28 for each field: atom, Kind (Int, String or Bool), value
 */
@unmanaged
export class TypeFinder {
  data: usize;
  length: u32;
  complete: bool;
  media: u32;
  probability: i32;
  need: u32;
  private fields: u32;
  private slots: u64;

  /** Starts over with `length` bytes at `data`; `complete` when the stream has no more. */
  over(data: usize, length: u32, complete: bool): TypeFinder {
    this.data = data;
    this.length = length;
    this.complete = complete;
    this.media = 0;
    this.probability = 0;
    this.need = 0;
    this.fields = 0;
    return this;
  }

  /** Whether bytes [at, at + n) are there. */
  @inline
  has(at: u32, n: u32): bool {
    return at <= this.length && n <= this.length - at;
  }

  // Reads are the caller's to check.

  @inline
  u8(at: u32): u32 {
    return load<u8>(this.data + at);
  }

  @inline
  u16(at: u32): u32 {
    return be16(this.data + at);
  }

  @inline
  u24(at: u32): u32 {
    return be24(this.data + at);
  }

  @inline
  u32(at: u32): u32 {
    return be32(this.data + at);
  }

  /** Whether the big-endian word at `at` is there and has this value. */
  @inline
  is(at: u32, word: u32): bool {
    return this.has(at, 4) && this.u32(at) == word;
  }

  /** Proposes an answer; whether it is the best so far. Its fields are added after that. */
  offer(media: u32, probability: i32): bool {
    if (probability <= this.probability) return false;
    this.media = media;
    this.probability = probability;
    this.fields = 0;
    return true;
  }

  /** Says that with a head of `bytes` bytes an answer of at most `probability` can be given. */
  want(bytes: u32, probability: i32): void {
    if (this.complete || bytes <= this.length || probability <= this.probability) return;
    if (!this.need || bytes < this.need) this.need = bytes;
  }

  int(field: u32, v: i32): void {
    this.field(field, Kind.Int, v);
  }

  text(field: u32, atom: u32): void {
    this.field(field, Kind.String, atom);
  }

  flag(field: u32, v: bool): void {
    this.field(field, Kind.Bool, v ? 1 : 0);
  }

  private field(field: u32, kind: Kind, v: u32): void {
    if (this.fields == FIELDS) return;
    const p = this.slot(this.fields++);
    store<u32>(p, field);
    store<u32>(p, kind, 4);
    store<u32>(p, v, 8);
  }

  @inline
  private slot(i: u32): usize {
    return changetype<usize>(this) + offsetof<TypeFinder>("slots") + <usize>i * 12;
  }

  /** The answer as caps, a new reference; there has to be one. */
  caps(): Caps {
    const caps = capsOf(this.media);
    for (let i: u32 = 0; i < this.fields; i++) {
      const p = this.slot(i);
      const field = load<u32>(p);
      const v = load<u32>(p, 8);
      switch (load<u32>(p, 4)) {
        case Kind.Int:
          caps.setInt(field, v);
          break;
        case Kind.Bool:
          caps.setBool(field, v != 0);
          break;
        default:
          caps.setString(field, v);
          break;
      }
    }
    return caps;
  }
}

/** Bytes that a TypeFinder takes inside another record. */
export const TYPEFINDER_SIZE: u32 = offsetof<TypeFinder>("slots") + FIELDS * 12;
