import { must } from "../../base/__tests__/region";
import { PixelFormat } from "../format";
import { VIDEOINFO_SIZE, VideoInfo } from "../info";
import { Motion, PAINTER_SIZE, Painter, Pattern } from "../testpattern";

const MAX: u32 = 65536;
const GUARD: u8 = 0x5a;
const INFO: usize = memory.data(VIDEOINFO_SIZE, 8);
const PAINTER: usize = memory.data(PAINTER_SIZE, 8);
const PICTURE: usize = memory.data(65536 + 8, 8);
const OTHER: usize = memory.data(65536 + 8, 8);
const SCRATCH: usize = memory.data(8192 + 8, 8);

/** Two patterns of GStreamer's are not there. */
function has(pattern: i32): bool {
  return pattern != 14 && pattern != 16;
}

/** A painter with the defaults of the element. */
function painter(pattern: Pattern, format: PixelFormat, width: u32, height: u32): Painter {
  memory.fill(PAINTER, 0, PAINTER_SIZE);
  const p = changetype<Painter>(PAINTER);
  p.video = changetype<VideoInfo>(INFO);
  must(p.video.set(format, width, height, false) && p.video.size <= MAX, "layout");
  must(Painter.scratchSize(width) <= 8192, "scratch");
  p.pattern = pattern;
  p.foreground = 0xffffffff;
  p.background = 0xff000000;
  p.scratch = SCRATCH;
  return p;
}

/** The first `n` bytes of both pictures are the same. */
function alike(n: u32): bool {
  return memory.compare(PICTURE, OTHER, n) == 0;
}

/** A pixel of a gray picture. */
function gray(p: Painter, x: u32, y: u32): u32 {
  return load<u8>(p.video.at(PICTURE, 0, y) + x);
}

test("nothing is written outside of the picture and the scratch memory", () => {
  for (let pattern = 0; pattern <= Pattern.Colors; pattern++) {
    if (!has(pattern)) continue;
    for (let f = 1; f < PixelFormat.Count; f++) {
      for (let n: u32 = 0; n < 4; n++) {
        const width: u32 = n == 0 ? 1 : n == 1 ? 33 : n == 2 ? 8 : 2;
        const height: u32 = n == 0 ? 1 : n == 1 ? 7 : n == 2 ? 10 : 21;
        const p = painter(pattern, f, width, height);
        p.motion = n & 1 ? Motion.Sweep : Motion.Wavy;
        p.phase = 0.3;
        p.speed = 3;
        p.number = 2;
        store<u8>(PICTURE + p.video.size, GUARD);
        store<u8>(SCRATCH + Painter.scratchSize(width), GUARD);
        p.paint(PICTURE);
        must(load<u8>(PICTURE + p.video.size) == GUARD, "behind the picture");
        must(load<u8>(SCRATCH + Painter.scratchSize(width)) == GUARD, "behind the scratch memory");
      }
    }
  }
});

test("all bytes are the same whatever was there before", () => {
  for (let pattern = 0; pattern <= Pattern.Colors; pattern++) {
    if (!has(pattern)) continue;
    for (let f = 1; f < PixelFormat.Count; f++) {
      memory.fill(PICTURE, 0x11, 4096);
      memory.fill(OTHER, 0xee, 4096);
      painter(pattern, f, 17, 9).paint(PICTURE);
      painter(pattern, f, 17, 9).paint(OTHER);
      must(alike(changetype<VideoInfo>(INFO).size), "the same");
    }
  }
});

test("pictures are still or not as the painter says", () => {
  for (let pattern = 0; pattern <= Pattern.Colors; pattern++) {
    if (!has(pattern)) continue;
    for (let speed = 0; speed < 2; speed++) {
      const p = painter(pattern, PixelFormat.AYUV, 64, 40);
      p.speed = speed;
      p.paint(PICTURE);
      p.number = 1;
      p.phase = 0.1;
      p.paint(OTHER);
      // Rows of one color look the same however they are moved.
      const level = pattern == Pattern.Gradient;
      if (!level) must(alike(p.video.size) == p.still, "still");
    }
  }
});

test("scrolling turns rows round", () => {
  const width: u32 = 40;
  for (let speed = -45; speed < 50; speed += 11) {
    const p = painter(Pattern.Smpte100, PixelFormat.GRAY8, width, 2);
    p.paint(OTHER);
    p.speed = speed;
    p.number = 3;
    p.paint(PICTURE);
    for (let x: u32 = 0; x < width; x++) {
      const from = (((<i32>x + 3 * speed) % <i32>width) + <i32>width) % <i32>width;
      must(gray(p, x, 1) == load<u8>(OTHER + from), "moved to the left");
    }
  }
});

test("squares have their size", () => {
  for (let bits: u32 = 0; bits < 4; bits++) {
    const p = painter(<Pattern>(Pattern.Checkers1 + bits), PixelFormat.GRAY8, 40, 36);
    p.paint(PICTURE);
    for (let y: u32 = 0; y < 36; y++) {
      for (let x: u32 = 0; x < 40; x++) {
        const green = ((x >> bits) + (y >> bits)) & 1;
        must(gray(p, x, y) > 100 == (green != 0), "square");
      }
    }
  }
});

test("blink shows background and foreground in turn", () => {
  const p = painter(Pattern.Blink, PixelFormat.GRAY8, 4, 4);
  for (let n = 0; n < 4; n++) {
    p.number = n;
    p.paint(PICTURE);
    expect<u32>(gray(p, 3, 3)).toBe(n & 1 ? 235 : 16);
  }
});

test("the ball is where its phase puts it, and flips", () => {
  const p = painter(Pattern.Ball, PixelFormat.GRAY8, 100, 80);
  p.paint(PICTURE);
  expect<u32>(gray(p, 50, 40)).toBe(235, "in the middle at first");
  expect<u32>(gray(p, 5, 5)).toBe(16);
  p.phase = 0.25;
  p.paint(PICTURE);
  expect<u32>(gray(p, 79, 60)).toBe(235, "a quarter later at the right");
  expect<u32>(gray(p, 50, 40)).toBe(16);
  p.flipped = true;
  p.paint(PICTURE);
  expect<u32>(gray(p, 50, 40)).toBe(235);
});

test("snow goes on from picture to picture", () => {
  const p = painter(Pattern.Snow, PixelFormat.GRAY8, 32, 8);
  p.paint(PICTURE);
  p.paint(OTHER);
  expect<bool>(alike(p.video.size)).toBe(false);
  const q = painter(Pattern.Snow, PixelFormat.GRAY8, 32, 8);
  q.paint(OTHER);
  expect<bool>(alike(q.video.size)).toBe(true, "the same in every run");
});
