import { WRITER_SIZE, Writer } from "../../../base/writer";
import { freshHeap, must } from "../../../base/__tests__/region";
import { capsMeet } from "../../../caps/algebra";
import { capsUnref } from "../../../caps/caps";
import { TEXT_SIZE, Text } from "../../../base/text";
import { printCaps } from "../../../caps/print";
import { Code } from "../../../generated/errors";
import { Atom } from "../../../generated/words";
import { capsOfText } from "../../../video/__tests__/caps";
import { DESCRIPTION_SIZE, Description } from "../entries";
import { NEEDS_FRAME, frameBytesOf, isTextMedia, isVideoMedia, writeSampleEntry } from "../sampleentry";
import { isKnownFormat, streamCaps } from "../streamcaps";
import { Handler, Track, newTrack } from "../track";

const ONE: usize = memory.data(WRITER_SIZE, 4);
const TWO: usize = memory.data(WRITER_SIZE, 4);
const DESCRIPTION: usize = memory.data(DESCRIPTION_SIZE, 8);
const OUT: usize = memory.data(TEXT_SIZE, 4);
const CHARS: usize = memory.data(1024, 4);
/** The start of an AC-3 frame: 48 kHz, 448 kb/s, 3/2 channels and one for low frequencies. */
const AC3: usize = memory.data<u8>([0x0b, 0x77, 0x12, 0x34, 0x1e, 0x40, 0xe1, 0xde, 0, 0, 0, 0, 0, 0, 0, 0]);

const description = changetype<Description>(DESCRIPTION);

/** A track whose only sample description lies in `w`. */
function trackOver(w: Writer, media: u32): Track {
  const t = newTrack(0)!;
  t.handler = isVideoMedia(media) ? Handler.Video : isTextMedia(media) ? Handler.Text : Handler.Audio;
  t.timescale = 90000;
  t.stsdAt = w.data;
  t.stsdEnd = w.data + w.length;
  t.descriptions = 1;
  return t;
}

/** Caps read back from the sample entry of others, as text; empty when no entry can be written. */
function there(text: string): string {
  memory.fill(ONE, 0, WRITER_SIZE);
  memory.fill(TWO, 0, WRITER_SIZE);
  const w = changetype<Writer>(ONE);
  const again = changetype<Writer>(TWO);
  const caps = capsOfText(text);
  if (writeSampleEntry(w, caps, AC3)) return "";
  const track = trackOver(w, caps.media);
  must(description.read(track, 1), "the entry can be read");
  const read = streamCaps(track, description);
  must(isKnownFormat(), "its format is known");
  must(capsMeet(read, caps), "it says what went in");
  must(description.frameBytes == frameBytesOf(caps), "the size of a frame of uncompressed audio");
  // What was read writes the same entry.
  must(writeSampleEntry(again, read, AC3) == 0, "an entry can be written of it");
  must(again.length == w.length && !memory.compare(again.data, w.data, w.length), "and it is the same");
  const out = changetype<Text>(OUT).into(CHARS, 1024);
  printCaps(out, read);
  capsUnref(caps);
  capsUnref(read);
  w.release();
  again.release();
  return String.UTF8.decodeUnsafe(CHARS, out.length);
}

/** One text is part of another. */
function has(text: string, part: string): void {
  must(text.includes(part), part + " in " + text);
}

/** The codec data of an H.264 stream, High profile, level 3.1. */
const AVC = "codec_data=(buffer)0164001fffe100196764001facd9404405be5f011000003e90000ea600f183196001000668ebe3cb22c0";

describe("sample entries", () => {
  test("video", () => {
    freshHeap();
    expect<string>(there("video/x-h264,stream-format=avc,alignment=au,width=1080,height=720," + AVC)).toBe(
      "video/x-h264, stream-format=(string)avc, alignment=(string)au, level=(string)3.1, profile=(string)high, " +
        "width=(int)1080, height=(int)720, pixel-aspect-ratio=(fraction)1/1, " +
        AVC,
    );
    has(
      there("video/x-h264,stream-format=avc3,alignment=au,width=640,height=480,pixel-aspect-ratio=8/9," + AVC),
      "pixel-aspect-ratio=(fraction)8/9",
    );
    expect<string>(
      there(
        "video/x-h265,stream-format=hev1,alignment=au,width=64,height=48,codec_data=(buffer)0101600000009000000000005df000fcfdf8f800000f00",
      ),
    ).toBe(
      "video/x-h265, stream-format=(string)hev1, alignment=(string)au, level=(string)3.1, tier=(string)main, " +
        "profile=(string)main, width=(int)64, height=(int)48, pixel-aspect-ratio=(fraction)1/1, " +
        "codec_data=(buffer)0101600000009000000000005df000fcfdf8f800000f00",
    );
    has(
      there("video/x-av1,stream-format=obu-stream,alignment=tu,width=64,height=48,codec_data=(buffer)81050c00"),
      "codec_data=(buffer)81050c00",
    );
    has(there("video/x-vp8,width=64,height=48"), "video/x-vp8, width=(int)64");
    has(
      there("video/x-vp9,width=64,height=48,profile=(string)2,bit-depth-luma=10,chroma-format=(string)4:2:0"),
      "bit-depth-luma=(int)10",
    );
    has(
      there("video/mpeg,mpegversion=4,systemstream=false,width=16,height=16,codec_data=(buffer)000001b0"),
      "mpegversion=(int)4, systemstream=(boolean)false",
    );
    has(there("video/mpeg,mpegversion=2,systemstream=false,width=16,height=16"), "mpegversion=(int)2");
    has(there("video/mpeg,mpegversion=1,systemstream=false,width=16,height=16"), "mpegversion=(int)1");
    has(there("video/x-h263,variant=itu,width=176,height=144"), "video/x-h263");
    has(there("image/jpeg,width=16,height=16"), "image/jpeg");
    has(there("image/png,width=16,height=16"), "image/png");
  });

  test("every variant of ProRes has its own entry", () => {
    freshHeap();
    const variants: string[] = ["standard", "hq", "lt", "proxy", "4444", "4444xq"];
    for (let i = 0; i < variants.length; i++) {
      has(there("video/x-prores,width=16,height=16,variant=(string)" + variants[i]), "variant=(string)" + variants[i]);
    }
  });

  test("colours", () => {
    freshHeap();
    const names: string[] = ["bt709", "bt601", "smpte240m", "sRGB", "bt2020", "bt2020-10", "bt2100-pq", "bt2100-hlg"];
    for (let i = 0; i < names.length; i++) {
      has(there("video/x-vp8,width=16,height=16,colorimetry=(string)" + names[i]), "colorimetry=(string)" + names[i]);
    }
  });

  test("audio", () => {
    freshHeap();
    expect<string>(
      there("audio/mpeg,mpegversion=4,stream-format=raw,rate=44100,channels=1,codec_data=(buffer)1208"),
    ).toBe(
      "audio/mpeg, mpegversion=(int)4, framed=(boolean)true, stream-format=(string)raw, rate=(int)44100, " +
        "channels=(int)1, base-profile=(string)lc, profile=(string)lc, codec_data=(buffer)1208",
    );
    has(
      there("audio/mpeg,mpegversion=1,layer=3,parsed=true,rate=44100,channels=2"),
      "mpegversion=(int)1, layer=(int)3",
    );
    has(there("audio/x-ac3,framed=true,rate=48000,channels=6"), "audio/x-ac3, framed=(boolean)true");
    // OpusHead (RFC 7845 §5.1) with a pre-skip of 312 samples.
    has(
      there(
        "audio/x-opus,rate=48000,channels=2,channel-mapping-family=0,codec_data=(buffer)4f707573486561640102380180bb0000000000",
      ),
      "codec_data=(buffer)4f707573486561640102380180bb0000000000",
    );
    expect<string>(there("audio/x-mulaw,rate=8000,channels=1")).toBe("audio/x-mulaw, rate=(int)8000, channels=(int)1");
    expect<string>(there("audio/x-alaw,rate=8000,channels=2")).toBe("audio/x-alaw, rate=(int)8000, channels=(int)2");
    has(there("audio/AMR,rate=8000,channels=1"), "audio/AMR");
    has(there("audio/AMR-WB,rate=16000,channels=1"), "audio/AMR-WB");
  });

  test("uncompressed audio keeps its format", () => {
    freshHeap();
    // prettier-ignore
    const formats: string[] = [
      "U8", "S8", "S16LE", "S16BE", "S24LE", "S24BE", "S32LE", "S32BE", "F32LE", "F32BE", "F64LE", "F64BE",
    ];
    for (let i = 0; i < formats.length; i++) {
      const text = "audio/x-raw,layout=interleaved,rate=48000,channels=2,format=(string)" + formats[i];
      expect<string>(there(text)).toBe(
        "audio/x-raw, format=(string)" + formats[i] + ", layout=(string)interleaved, rate=(int)48000, channels=(int)2",
      );
    }
  });

  test("text", () => {
    freshHeap();
    expect<string>(there("text/x-raw,format=utf8")).toBe("text/x-raw, format=(string)utf8");
    expect<string>(there("application/x-subtitle-vtt,stream-format=wvtt,codec_data=(buffer)574542565454")).toBe(
      "application/x-subtitle-vtt, stream-format=(string)wvtt, codec_data=(buffer)574542565454",
    );
    expect<string>(there("application/ttml+xml")).toBe("application/ttml+xml");
  });

  test("what is missing is told, and nothing is written", () => {
    freshHeap();
    memory.fill(ONE, 0, WRITER_SIZE);
    const w = changetype<Writer>(ONE);
    const bare = capsOfText("video/x-h264,stream-format=avc,alignment=au,width=16,height=16");
    expect<i32>(writeSampleEntry(w, bare, 0)).toBe(Code.NoCodecData);
    const other = capsOfText("video/x-theora,width=16,height=16");
    expect<i32>(writeSampleEntry(w, other, 0)).toBe(Code.NotMuxable);
    const later = capsOfText("audio/x-ac3,framed=true,rate=48000,channels=6");
    expect<i32>(writeSampleEntry(w, later, 0)).toBe(NEEDS_FRAME);
    expect<u32>(w.length).toBe(0);
  });

  test("formats that nobody knows become pads with a generic type", () => {
    freshHeap();
    const handlers: u32[] = [Handler.Video, Handler.Audio, Handler.Text];
    const types: u32[] = [Atom.video_x_unknown, Atom.audio_x_unknown, Atom.text_x_unknown];
    for (let i = 0; i < 3; i++) {
      memory.fill(ONE, 0, WRITER_SIZE);
      const w = changetype<Writer>(ONE);
      w.u32(100);
      w.u32(0x78797a77);
      w.zeros(92);
      const track = trackOver(w, 0);
      track.handler = handlers[i];
      must(description.read(track, 1), "it has a format");
      const caps = streamCaps(track, description);
      expect<u32>(caps.media).toBe(types[i]);
      expect<bool>(isKnownFormat()).toBe(false);
      w.release();
    }
  });

  test("encrypted entries tell what they hide", () => {
    freshHeap();
    memory.fill(ONE, 0, WRITER_SIZE);
    const w = changetype<Writer>(ONE);
    const caps = capsOfText("audio/mpeg,mpegversion=4,stream-format=raw,rate=44100,channels=1,codec_data=(buffer)1208");
    must(writeSampleEntry(w, caps, 0) == 0, "an entry");
    // enca with sinf: frma, schm.
    w.patch32(4, 0x656e6361);
    w.u32(8 + 12 + 20);
    w.u32(0x73696e66);
    w.u32(12);
    w.u32(0x66726d61);
    w.u32(0x6d703461);
    w.u32(20);
    w.u32(0x7363686d);
    w.u32(0);
    w.u32(0x63626373);
    w.u32(0x10000);
    w.patch32(0, w.length);
    const track = trackOver(w, Atom.audio_mpeg);
    must(description.read(track, 1), "it can be read");
    const out = changetype<Text>(OUT).into(CHARS, 1024);
    printCaps(out, streamCaps(track, description));
    const text = String.UTF8.decodeUnsafe(CHARS, out.length);
    has(text, "application/x-cenc");
    has(text, "original-media-type=(string)audio/mpeg, cipher-mode=(string)cbcs");
    w.release();
  });
});
