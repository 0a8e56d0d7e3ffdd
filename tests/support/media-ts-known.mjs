// Where our packets of real transport streams differ from those of FFmpeg 5.1, and which clause of ISO/IEC 13818-1 decides.
// Each entry is checked: one that no longer applies fails.

/** ffmpeg gives PES packets without a length in parts of 200 kB, which are no packets (2.4.3.7, PES_packet_length). */
const IN_PARTS = ["count", "dts", "md5", "pts", "size"];

/** PES packets, as both demuxers see them. */
export const KNOWN_PES = [
  { file: "mediabunny/entry24-segment3.ts", stream: "0x65", kinds: IN_PARTS },
  { file: "mediabunny/no-aud.ts", stream: "0x100", kinds: IN_PARTS },
  {
    file: "shaka-player/id3-metadata.ts",
    stream: "0x101",
    kinds: ["md5", "size"],
    why: "2.12.4: only PES packets of stream_id 0xfc have a header of 5 bytes in front of metadata; these are 0xbd",
  },
];

/** Times of frames without one of their own are counted in samples (2.7.5); ffmpeg adds durations that it has rounded. */
const ROUNDED = ["dts by a tick", "pts by a tick"];

/** Access units and frames, cut by parsers. */
export const KNOWN_UNITS = [
  { file: "mux.js/sintel-captions.ts", stream: "0x102", kinds: ROUNDED },
  { file: "mux.js/test-middle-pat-pmt.ts", stream: "0x101", kinds: ROUNDED },
  { file: "mux.js/test-segment.ts", stream: "0x101", kinds: ROUNDED },
  {
    file: "tsduck-test/input/test-097.ts",
    stream: "0x78",
    kinds: ["key"],
    why: "ISO/IEC 14496-10 7.4.1.2.3: there is no picture in it, so that it is neither a key unit nor depends on one",
  },
];

/** Streams without a PAT, with one that names no program, or without the PMT of any (2.4.4.3, 2.4.4.8). */
export const WITHOUT_TABLES = [
  "mux.js/test-stuffed-pes.ts",
  "tsduck-test/input/test-021.ts",
  "tsduck-test/input/test-041.ts",
  "tsduck-test/input/test-043.pmtvct.ts",
  "tsduck-test/input/test-043.vctpmt.ts",
  "tsduck-test/input/test-049.ts",
  "tsduck-test/input/test-076.1.ts",
  "tsduck-test/input/test-076.2.ts",
  "tsduck-test/input/test-076.3.ts",
  "tsduck-test/input/test-125.ts",
  "tsduck-test/input/test-127.ts",
  "tsduck-test/input/test-144.ts",
  "tsduck-test/input/test-186.1.ts",
  "tsduck-test/input/test-186.2.ts",
  "tsduck-test/input/test-208.1.ts",
  "tsduck-test/input/test-208.2.ts",
];
