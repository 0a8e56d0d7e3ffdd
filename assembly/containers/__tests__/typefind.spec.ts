import { Random } from "../../base/__tests__/random";
import { freshHeap, must, mustBeEmpty } from "../../base/__tests__/region";
import { TEXT_SIZE, Text } from "../../base/text";
import { capsUnref } from "../../caps/caps";
import { printCaps } from "../../caps/print";
import { Atom } from "../../generated/words";
import { MAX_HEAD, findType, hintFor, hintedCaps } from "../typefind";
import { Probability, TYPEFINDER_SIZE, TypeFinder } from "../typefind/finder";
import { byte, bytes, clearHead, fill, headData, headLength } from "./head";

const FINDER: usize = memory.data(TYPEFINDER_SIZE, 8);
const TEXT: usize = memory.data(512, 8);
const OUT: usize = memory.data(TEXT_SIZE, 8);

/** Looks at the head that was built. */
function look(complete: bool, n: u32 = headLength()): TypeFinder {
  const f = changetype<TypeFinder>(FINDER).over(headData(), n, complete);
  findType(f);
  return f;
}

/** The answer about the whole head, as caps; empty when there is none. */
function answer(complete: bool = true): string {
  freshHeap();
  const f = look(complete);
  if (!f.media) return "";
  const caps = f.caps();
  const out = changetype<Text>(OUT).into(TEXT, 512);
  printCaps(out, caps);
  capsUnref(caps);
  mustBeEmpty();
  return String.UTF8.decodeUnsafe(TEXT, out.length);
}

/** The answer about a head. */
function typeOf(head: string): string {
  clearHead();
  bytes(head);
  return answer();
}

const TS = "video/mpegts, systemstream=(boolean)true, packetsize=(int)";

/** Packets without a payload that counts. */
function packets(n: u32, size: u32, lead: u32 = 0): void {
  clearHead();
  fill(0xff, lead);
  for (let i: u32 = 0; i < n; i++) {
    if (size == 192) fill(i, 4);
    bytes("|47 1f ff 10|");
    fill(0xff, 184);
    if (size > 192) fill(0, size - 188);
  }
}

describe("streams that say what they are in their first bytes", () => {
  test("magic numbers", () => {
    expect<string>(typeOf("|89|PNG|0d 0a 1a 0a 00 00 00 0d|IHDR")).toBe("image/png");
    expect<string>(typeOf("GIF89a|01 00 01 00 00 00 00 00 00 00|")).toBe("image/gif");
    expect<string>(typeOf("GIF87a|01 00 01 00 00 00 00 00 00 00|")).toBe("image/gif");
    expect<string>(typeOf("|ff d8 ff e0 00 10|JFIF|00 01 01 00 00 01 00 01|")).toBe("image/jpeg");
    expect<string>(typeOf("fLaC|00 00 00 22 10 00 10 00 00 00 00 00|")).toBe("audio/x-flac");
    expect<string>(typeOf("caff|00 01 00 00|desc|00 00 00 00|")).toBe("audio/x-caf");
    expect<string>(typeOf("DKIF|00 00 20 00|VP80|40 01 f0 00|")).toBe("video/x-ivf");
    expect<string>(typeOf("#!AMR|0a 3c 00 00 00 00 00 00 00 00 00|")).toBe("audio/x-amr-nb-sh");
    expect<string>(typeOf("#!AMR-WB|0a 3c 00 00 00 00 00 00|")).toBe("audio/x-amr-wb-sh");
    expect<string>(typeOf("YUV4MPEG2 W4 H4 F25:1")).toBe("application/x-yuv4mpeg, y4mversion=(int)2");
    expect<string>(typeOf("|30 26 b2 75 8e 66 cf 11 a6 d9 00 aa 00 62 ce 6c 00|")).toBe("video/x-ms-asf");
    expect<string>(typeOf("FLV|01 05 00 00 00 09 00 00 00 00 12 00 00|")).toBe("video/x-flv");
    expect<string>(typeOf("|d4 c3 b2 a1 02 00 04 00 00 00 00 00 00 00 00 00|")).toBe("raw/x-pcap");
    expect<string>(typeOf("|a1 b2 3c 4d 00 02 00 04 00 00 00 00 00 00 00 00|")).toBe("raw/x-pcap");
    expect<string>(typeOf("|0a 0d 0d 0a 1c 00 00 00 4d 3c 2b 1a 01 00 00 00|")).toBe("raw/x-pcapng");
    expect<string>(typeOf("MThd|00 00 00 06 00 01 00 02 00 60 00 00|")).toBe("audio/midi");
    expect<string>(typeOf("wvpk|00 00 00 00 00 00 00 00 00 00 00 00|")).toBe("audio/x-wavpack");
    expect<string>(typeOf("MAC |96 0f 00 00 00 00 00 00 00 00 00 00|")).toBe("application/x-ape");
    expect<string>(typeOf("II*|00 08 00 00 00 00 00 00 00 00 00 00 00|")).toBe("image/tiff");
    expect<string>(typeOf("ADIF|00 00 00 00 00 00 00 00 00 00 00 00|")).toBe(
      "audio/mpeg, mpegversion=(int)4, stream-format=(string)adif",
    );
  });

  test("chunks", () => {
    expect<string>(typeOf("RIFF|24 00 00 00|WAVEfmt |10 00 00 00|")).toBe("audio/x-wav");
    expect<string>(typeOf("RF64|ff ff ff ff|WAVEds64|1c 00 00 00|")).toBe("audio/x-rf64");
    expect<string>(typeOf("RIFF|24 00 00 00|AVI LIST|10 00 00 00|")).toBe("video/x-msvideo");
    expect<string>(typeOf("RIFF|24 00 00 00|WEBPVP8 |10 00 00 00|")).toBe("image/webp");
    expect<string>(typeOf("FORM|00 00 00 24|AIFFCOMM|00 00 00 12|")).toBe("audio/x-aiff");
    expect<string>(typeOf("FORM|00 00 00 24|AIFCFVER|00 00 00 04|")).toBe("audio/x-aiff");
    expect<string>(typeOf("RIFF|24 00 00 00 01 02 03 04 05 06 07 08 00 00 00 00|")).toBe("");
  });

  test("Matroska and WebM by their document type, wherever it stands in the header", () => {
    expect<string>(typeOf("|1a 45 df a3 87 42 82 84|webm|18 53 80 67 01 00|")).toBe("video/webm");
    expect<string>(typeOf("|1a 45 df a3 8b 42 82 88|matroska|18 53 80 67 01 00|")).toBe("video/x-matroska");
    expect<string>(
      typeOf("|1a 45 df a3 9b 42 86 81 01 42 f7 81 01 42 f2 81 04 42 f3 81 08 42 82 84|webm|42 87 81 04|"),
    ).toBe("video/webm");
    expect<string>(typeOf("|1a 45 df a3 01 00 00 00 00 00 00 07 42 82 84|webm|18 53 80 67|")).toBe("video/webm");
  });

  test("Ogg by what its first pages hold", () => {
    const page = "OggS|00 02 00 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00 00 00 00 00 01 08|";
    const end = "OggS|00 00 00 00 00 00 00 00 00 00|";
    expect<string>(typeOf(page + "OpusHead" + end)).toBe("audio/ogg");
    expect<string>(typeOf(page + "|80|theora|03|" + end)).toBe("video/ogg");
    expect<string>(typeOf(page + "|01|vorbis|00|" + page + "|80|theora|03|" + end)).toBe("video/ogg");
    expect<string>(typeOf(page + "whatever" + end)).toBe("application/ogg");
    expect<string>(typeOf("OggS|01 02 00 00 00 00 00 00 00 00 01 00 00 00 00 00|")).toBe("", "another version");
  });

  test("MXF, behind a run-in too", () => {
    const key = "|06 0e 2b 34 02 05 01 01 0d 01 02 01 01 02 04 00 83 00 00 78|";
    expect<string>(typeOf(key)).toBe("application/mxf");
    clearHead();
    fill(0, 5000);
    bytes(key);
    expect<string>(answer()).toBe("application/mxf");
    expect<i32>(look(true).probability).toBe(Probability.NearlyCertain);
  });
});

describe("files of boxes", () => {
  test("brands", () => {
    expect<string>(typeOf("|00 00 00 14|ftypisom|00 00 02 00|mp41")).toBe("video/quicktime, variant=(string)iso");
    expect<string>(typeOf("|00 00 00 14|ftypqt  |00 00 02 00|qt  ")).toBe("video/quicktime");
    expect<string>(typeOf("|00 00 00 14|ftypisml|00 00 02 00|piff")).toBe(
      "video/quicktime, variant=(string)iso-fragmented",
    );
    expect<string>(typeOf("|00 00 00 14|ftypM4A |00 00 02 00|mp42")).toBe("audio/x-m4a");
    expect<string>(typeOf("|00 00 00 14|ftyp3gp4|00 00 02 00|3gp4")).toBe("application/x-3gp");
    expect<string>(typeOf("|00 00 00 14|ftypavif|00 00 00 00|mif1")).toBe("image/avif");
    expect<string>(typeOf("|00 00 00 18|ftypmif1|00 00 00 00|mif1heic")).toBe("image/heic");
    expect<string>(typeOf("|00 00 00 14|ftypmif1|00 00 00 00|mif1")).toBe("image/heif");
    expect<string>(typeOf("|00 00 00 0c|jP  |0d 0a 87 0a 00 00 00 14|ftypjp2 |00 00 00 00|jp2 ")).toBe("image/jp2");
  });

  test("files without a brand", () => {
    expect<string>(typeOf("|00 00 00 74|moov|00 00 00 6c|mvhd|00 00 00 00|")).toBe("video/quicktime");
    expect<string>(typeOf("|00 00 00 08|wide|00 00 10 00|mdat|00 00 00 00|")).toBe("video/quicktime");
    expect<string>(typeOf("|00 00 00 18|stypmsdh|00 00 00 00|msdhmsix")).toBe(
      "video/quicktime, variant=(string)iso-fragmented",
    );
    expect<string>(typeOf("|00 00 00 20|moof|00 00 00 10|mfhd|00 00 00 00 00 00 00 01|")).toBe(
      "video/quicktime, variant=(string)iso-fragmented",
    );
    expect<string>(typeOf("|00 00 00 01|mdat|00 00 00 00 00 01 00 00 00 00|")).toBe("video/quicktime");
    expect<string>(typeOf("|00 00 00 10|free|00 00 00 00 00 00 00 00 00 00 00 14|ftypisom|00 00 00 00|isom")).toBe(
      "video/quicktime, variant=(string)iso",
    );
  });

  test("what only looks like a box is none", () => {
    expect<string>(typeOf("|00 00 00 14|xxxx|00 00 00 00 00 00 00 00|")).toBe("");
    expect<string>(typeOf("|00 00 00 04|moov|00 00 00 00 00 00 00 00|")).toBe("", "smaller than its header");
  });
});

describe("transport streams", () => {
  test("packets of all sizes, from the start and further in", () => {
    packets(12, 188);
    expect<string>(answer()).toBe(TS + "188");
    expect<i32>(look(true).probability).toBe(Probability.Maximum);
    packets(12, 192);
    expect<string>(answer()).toBe(TS + "192");
    packets(12, 204);
    expect<string>(answer()).toBe(TS + "204");
    packets(12, 208);
    expect<string>(answer()).toBe(TS + "208");
    packets(30, 188, 100);
    expect<string>(answer()).toBe(TS + "188");
    packets(30, 188, 1000);
    expect<string>(answer()).toBe(TS + "188");
  });

  test("a few packets count when they are all there is", () => {
    packets(3, 188);
    expect<string>(answer()).toBe(TS + "188");
    packets(1, 188);
    expect<string>(answer()).toBe(TS + "188");
    packets(3, 188);
    const f = look(false);
    expect<u32>(f.need).toBe(1880, "ten packets");
  });

  test("single sync bytes are nothing", () => {
    clearHead();
    fill(0x47, 64);
    fill(1, 2000);
    expect<string>(answer()).toBe("");
  });
});

/** `n` frames: a header and zeros up to the size. */
function frames(header: string, size: u32, n: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const start = headLength();
    bytes(header);
    fill(0, size - (headLength() - start));
  }
}

const ADTS = "|ff f1 4c 80 04 1f fc|";
const MP3 = "|ff fb 90 64|";

describe("streams of frames", () => {
  test("each kind", () => {
    clearHead();
    frames(ADTS, 32, 8);
    expect<string>(answer()).toBe("audio/mpeg, mpegversion=(int)4, stream-format=(string)adts");
    clearHead();
    frames("|56 e0 20|", 35, 8);
    expect<string>(answer()).toBe("audio/mpeg, mpegversion=(int)4, stream-format=(string)loas");
    clearHead();
    frames(MP3, 417, 8);
    expect<string>(answer()).toBe("audio/mpeg, mpegversion=(int)1, layer=(int)3, parsed=(boolean)false");
    clearHead();
    frames("|0b 77 00 00 14 40|", 768, 8);
    expect<string>(answer()).toBe("audio/x-ac3");
    clearHead();
    frames("|0b 77 00 ff 3f 80|", 512, 8);
    expect<string>(answer()).toBe("audio/x-eac3");
    clearHead();
    frames("|ac 40 00 40|", 68, 8);
    expect<string>(answer()).toBe("audio/x-ac4");
    clearHead();
    frames("|7f fe 80 01 fc 3c 3f f0 b5 e0|", 1024, 8);
    expect<string>(answer()).toBe("audio/x-dts");
  });

  test("behind tags and behind bytes that are not theirs", () => {
    clearHead();
    bytes("ID3|03 00 00 00 00 01 00|");
    fill(0, 128);
    frames(MP3, 417, 8);
    expect<string>(answer()).toBe("audio/mpeg, mpegversion=(int)1, layer=(int)3, parsed=(boolean)false");
    clearHead();
    fill(7, 50);
    frames(ADTS, 32, 8);
    expect<string>(answer()).toBe("audio/mpeg, mpegversion=(int)4, stream-format=(string)adts");
    clearHead();
    bytes("ID3|04 00 00 00 00 00 0a 00 00 00 00 00 00 00 00 00 00|fLaC|00 00 00 22|");
    expect<string>(answer()).toBe("audio/x-flac");
  });

  test("a tag that goes on behind the head says that more is needed, and counts if there is none", () => {
    clearHead();
    bytes("ID3|03 00 00 00 00 7f 00|");
    fill(0, 1000);
    expect<u32>(look(false).need).toBeGreaterThan(16000);
    expect<string>(answer()).toBe("application/x-id3");
  });

  test("one sync word is nothing", () => {
    clearHead();
    fill(7, 300);
    bytes(MP3);
    fill(7, 2000);
    expect<string>(answer()).toBe("");
  });

  test("AV1", () => {
    expect<string>(typeOf("|12 00 0a 0b 00 00 00 24 ce 3f 8f bf fe 01 01 32 02 00 00|")).toBe(
      "video/x-av1, stream-format=(string)obu-stream",
    );
    expect<string>(typeOf("|12 00 8a 0b 00 00 00 24 ce 3f 8f bf fe 01 01 32|")).toBe("", "a forbidden bit");
  });
});

const AVC_SPS = "|00 00 00 01 67 42 c0 1e 95 a0|";
const AVC_PPS = "|00 00 00 01 68 ce 3c 80|";
const AVC_IDR = "|00 00 00 01 65 88 84 00|";

describe("streams with start codes", () => {
  test("each kind", () => {
    expect<string>(typeOf(AVC_SPS + AVC_PPS + AVC_IDR)).toBe("video/x-h264, stream-format=(string)byte-stream");
    expect<string>(typeOf("|00 00 00 01 09 f0|" + AVC_SPS + AVC_PPS + AVC_IDR)).toBe(
      "video/x-h264, stream-format=(string)byte-stream",
    );
    expect<string>(
      typeOf(
        "|00 00 00 01 40 01 0c 01 ff 00 00 00 01 42 01 01 01 60 00 00 00 01 44 01 c1 72 00 00 00 01 26 01 af 09 00|",
      ),
    ).toBe("video/x-h265, stream-format=(string)byte-stream");
    expect<string>(
      typeOf("|00 00 01 b3 14 00 f0 13 ff ff e0 18 00 00 01 b5 14 8a 00 01 00 00 00 01 00 00 0f ff|"),
    ).toBe("video/mpeg, mpegversion=(int)2, systemstream=(boolean)false, parsed=(boolean)false");
    expect<string>(typeOf("|00 00 01 b3 14 00 f0 13 ff ff e0 18 00 00 01 b8 00 08 00 00 00 00 01 00 00 0f ff|")).toBe(
      "video/mpeg, mpegversion=(int)1, systemstream=(boolean)false, parsed=(boolean)false",
    );
    expect<string>(typeOf("|00 00 01 ba 44 00 04 00 04 01 00 00 03 f8 00 00 01 bb 00 0c 80 00|")).toBe(
      "video/mpeg, mpegversion=(int)2, systemstream=(boolean)true",
    );
    expect<string>(typeOf("|00 00 01 ba 21 00 01 00 01 80 00 01 00 00 01 bb 00 0c 80 00|")).toBe(
      "video/mpeg, mpegversion=(int)1, systemstream=(boolean)true",
    );
  });

  test("what comes in an order that cannot be makes it less likely, and what cannot be is refused", () => {
    clearHead();
    bytes(AVC_PPS + AVC_IDR + AVC_SPS);
    expect<i32>(look(true).probability).toBeLessThan(Probability.Likely);
    expect<string>(typeOf("|00 00 00 01 67 13 c0 1e 95 a0|" + AVC_PPS + AVC_IDR)).toBe("", "no such profile");
    expect<string>(typeOf(AVC_SPS + "|00 00 00 01 e8 ce 3c 80|" + AVC_IDR)).toBe("", "a forbidden bit");
  });
});

describe("texts", () => {
  test("each kind", () => {
    expect<string>(typeOf("#EXTM3U\n#EXT-X-VERSION:3\n")).toBe("application/x-hls");
    expect<string>(typeOf("#EXTM3U\nsong.mp3\n")).toBe("text/uri-list");
    expect<string>(typeOf("WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n")).toBe("application/x-subtitle-vtt");
    expect<string>(typeOf("1\r\n00:00:01,000 --> 00:00:02,000\r\nHello\r\n")).toBe("application/x-subtitle");
    expect<string>(typeOf("v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n")).toBe("application/sdp");
    expect<string>(
      typeOf('<?xml version="1.0"?>\n<!-- no > -- here -->\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011">'),
    ).toBe("application/dash+xml");
    expect<string>(typeOf('<a:MPD xmlns:a="urn:mpeg:dash:schema:mpd:2011" profiles="x"></a:MPD>      ')).toBe(
      "application/dash+xml",
    );
    expect<string>(typeOf('<SmoothStreamingMedia MajorVersion="2" MinorVersion="2" Duration="1">')).toBe(
      "application/vnd.ms-sstr+xml",
    );
    expect<string>(typeOf('<tt xmlns="http://www.w3.org/ns/ttml"></tt>')).toBe("application/ttml+xml");
    expect<string>(typeOf("<html><body></body></html>")).toBe("application/xml");
    expect<string>(typeOf("Just a few words, no more.\n")).toBe("text/plain");
    expect<string>(typeOf("|c3 a4 e2 82 ac f0 9f 8e ac|")).toBe("text/plain", "UTF-8");
    expect<string>(typeOf("|ef bb bf|#EXTM3U\n#EXT-X-VERSION:3\n")).toBe("application/x-hls", "with a mark");
  });

  test("bytes that are no text", () => {
    expect<string>(typeOf("almost|00|text and more of it")).toBe("");
    expect<string>(typeOf("almost|c3 28|text and more of it")).toBe("");
  });
});

describe("any bytes", () => {
  test("an answer never depends on what stands behind the head, and asks for no more than the bound", () => {
    const random = new Random(1);
    for (let n = 0; n < 3000; n++) {
      clearHead();
      const length = random.below(600);
      const kind = random.below(4);
      for (let i: u32 = 0; i < length; i++) {
        // Bytes that make up sync words and start codes, or texts, or just any.
        const v = <u32>random.next();
        byte(kind == 0 ? v & 255 : kind == 1 ? 32 + ((v >> 8) % 95) : kind == 2 ? v & 1 : v & 3 ? 0xff : v >> 24);
      }
      const complete = random.bool();
      memory.fill(headData() + length, 0, 64);
      let f = look(complete);
      const media = f.media;
      const probability = f.probability;
      const need = f.need;
      memory.fill(headData() + length, 0xff, 64);
      f = look(complete);
      must(f.media == media && f.probability == probability && f.need == need, "the same answer");
      must(need <= MAX_HEAD, "bound");
      must(!need || need > length, "more than there is");
      must(!complete || !need, "there is no more");
      must((media != 0) == probability > 0 && probability <= 100, "scale");
    }
  });

  test("with every byte that is added a head is asked for more or decided, and stays what it is", () => {
    clearHead();
    bytes(AVC_SPS + AVC_PPS + AVC_IDR);
    for (let n: u32 = 0; n < headLength(); n++) {
      const f = look(false, n);
      must(f.need > n || f.media == Atom.video_x_h264, "it waits");
    }
    packets(12, 188);
    for (let n: u32 = 0; n < headLength(); n++) {
      const f = look(false, n);
      must(f.need > n || f.media == Atom.video_mpegts, "it waits");
    }
    clearHead();
    bytes("|00 00 00 14|ftypisom|00 00 02 00|mp41");
    for (let n: u32 = 0; n < headLength(); n++) {
      const f = look(false, n);
      must(f.need > n || f.media == Atom.video_quicktime, "it waits");
    }
  });

  test("no more than the bound is looked at", () => {
    clearHead();
    fill(1, MAX_HEAD);
    packets(0, 188);
    fill(1, MAX_HEAD + 1000);
    const f = look(false);
    expect<u32>(f.length).toBe(MAX_HEAD);
    expect<u32>(f.need).toBe(0);
    expect<u32>(f.media).toBe(0);
  });
});

describe("hints", () => {
  test("they name what is at least possible", () => {
    freshHeap();
    packets(12, 188);
    expect<u32>(hintFor(headData(), headLength())).toBe(Atom.video_mpegts);
    const caps = hintedCaps();
    expect<u32>(caps.media).toBe(Atom.video_mpegts);
    expect<i32>(caps.getInt(Atom.packetsize, 0)).toBe(188);
    capsUnref(caps);
    clearHead();
    fill(1, 400);
    expect<u32>(hintFor(headData(), headLength())).toBe(0);
    expect<u32>(hintFor(headData(), 0)).toBe(0);
    mustBeEmpty();
  });
});
