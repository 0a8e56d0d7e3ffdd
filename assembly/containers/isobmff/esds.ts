import { be32 } from "../../base/bytes";
import { READER_SIZE, Reader } from "../../base/reader";
import { Writer } from "../../base/writer";

/**
 * The elementary stream descriptor of an `esds` box (ISO/IEC 14496-1 §7.2.6.5, 14496-14 §5.6): what decoder a stream
 * needs, and its configuration.
 */
@unmanaged
export class Esds {
  /** objectTypeIndication: 0x40 AAC, 0x20 MPEG-4 video … */
  objectType: u32;
  maxBitrate: u32;
  avgBitrate: u32;
  /** DecoderSpecificInfo, where it lies; 0 when there is none. */
  info: usize;
  infoLength: u32;
}

export const enum ObjectType {
  Mpeg4Video = 0x20,
  Aac = 0x40,
  Mpeg2Simple = 0x60,
  Mpeg2_422 = 0x65,
  Aac2Main = 0x66,
  Aac2Ssr = 0x68,
  Mp3InMpeg2 = 0x69,
  Mpeg1Video = 0x6a,
  Mp3 = 0x6b,
  Jpeg = 0x6c,
  Png = 0x6d,
  Jpeg2000 = 0x6e,
  Ac3 = 0xa5,
  Eac3 = 0xa6,
  Dts = 0xa9,
  DtsHd = 0xaa,
  DtsHdMaster = 0xab,
  Opus = 0xad,
  Vorbis = 0xdd,
  Qcelp = 0xe1,
}

const enum Tag {
  Stream = 3,
  Config = 4,
  Specific = 5,
  Sync = 6,
}

const READER: usize = memory.data(READER_SIZE, 4);

/** Reads the size of a descriptor, seven bits a byte, four bytes at most, held against what remains. */
function descriptorSize(r: Reader): u32 {
  let size: u32 = 0;
  for (let i = 0; i < 4; i++) {
    const b = r.u8();
    size = (size << 7) | (b & 0x7f);
    if (!(b & 0x80)) break;
  }
  return min<u32>(size, r.left());
}

/**
 * Reads what stands behind version and flags of an `esds` box.
 * @returns false when there is no decoder configuration in it
 */
export function readEsds(p: usize, n: u32, into: Esds): bool {
  memory.fill(changetype<usize>(into), 0, offsetof<Esds>());
  const r = changetype<Reader>(READER).over(p, n);
  if (r.u8() == Tag.Stream) {
    descriptorSize(r);
    r.skip(2);
    const flags = r.u8();
    if (flags & 0x80) r.skip(2);
    if (flags & 0x40) r.skip(r.u8());
    if (flags & 0x20) r.skip(2);
    if (r.u8() != Tag.Config) return false;
  } else {
    // Some writers leave the outer descriptor out.
    r.over(p, n);
    if (r.u8() != Tag.Config) return false;
  }
  descriptorSize(r);
  const at = r.pos;
  if (!r.skip(13)) return false;
  into.objectType = load<u8>(at);
  into.maxBitrate = be32(at + 5);
  into.avgBitrate = be32(at + 9);
  if (r.left() && r.u8() == Tag.Specific) {
    const length = descriptorSize(r);
    if (length) {
      into.info = r.pos;
      into.infoLength = length;
    }
  }
  return true;
}

/** Appends what stands behind version and flags of an `esds` box. Video is streamType 4, audio 5. */
export function writeEsds(w: Writer, objectType: u32, streamType: u32, info: usize, length: u32, bitrate: u32): void {
  const specific: u32 = length ? 5 + length : 0;
  tag(w, Tag.Stream, 3 + 5 + 13 + specific + 5 + 1);
  w.u16(0);
  w.u8(0);
  tag(w, Tag.Config, 13 + specific);
  w.u8(objectType);
  w.u8((streamType << 2) | 1);
  w.u24(0);
  w.u32(bitrate);
  w.u32(bitrate);
  if (length) {
    tag(w, Tag.Specific, length);
    w.bytes(info, length);
  }
  tag(w, Tag.Sync, 1);
  w.u8(2);
}

/** Tag and size in the four-byte form, which every reader knows. */
function tag(w: Writer, what: Tag, size: u32): void {
  w.u8(what);
  w.u8(0x80 | (size >> 21));
  w.u8(0x80 | ((size >> 14) & 0x7f));
  w.u8(0x80 | ((size >> 7) & 0x7f));
  w.u8(size & 0x7f);
}
