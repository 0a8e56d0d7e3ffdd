// A transport stream of an hour, with few and small pictures and frames of sound: 18 MB.
import { transportStream } from "./vector-ts.mjs";

const SECONDS = 3600;
const PICTURES_A_SECOND = 5;
const SAMPLE_RATE = 8000;
const SAMPLES_A_FRAME = 1024;

/** Makes the stream; that takes about a second. */
export function hourOfTs() {
  return transportStream({
    streams: [
      {
        codec: "h264",
        pictures: SECONDS * PICTURES_A_SECOND,
        rate: [PICTURES_A_SECOND, 1],
        interval: 10,
        repeat: true,
      },
      {
        codec: "aac",
        frames: Math.floor((SECONDS * SAMPLE_RATE) / SAMPLES_A_FRAME),
        rate: SAMPLE_RATE,
        fillSpread: 40,
      },
    ],
  });
}
