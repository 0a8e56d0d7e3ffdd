import { PI, cosine, sine } from "../base/trig";
import { LINE_PIXEL, packLines } from "./pack";
import { TestColor, pixelOf, pixelOfArgb, testColor } from "./testcolors";
import { VideoInfo } from "./info";

/** Test patterns, GStreamer's numbers. */
export const enum Pattern {
  Smpte = 0,
  Snow = 1,
  Black = 2,
  White = 3,
  Red = 4,
  Green = 5,
  Blue = 6,
  Checkers1 = 7,
  Checkers2 = 8,
  Checkers4 = 9,
  Checkers8 = 10,
  Circular = 11,
  Blink = 12,
  Smpte75 = 13,
  Gamut = 15,
  Solid = 17,
  Ball = 18,
  Smpte100 = 19,
  Bar = 20,
  Pinwheel = 21,
  Spokes = 22,
  Gradient = 23,
  Colors = 24,
}

/** How the ball moves. */
export const enum Motion {
  Wavy = 0,
  Sweep = 1,
  HSweep = 2,
}

/** Arms of the pinwheel and spokes. */
const ARMS: u32 = 19;

/**
 * Draws pictures of a pattern. All fields but the last group are the caller's to set.
 */
@unmanaged
export class Painter {
  /** Format and size. */
  video: VideoInfo;
  pattern: Pattern;
  motion: Motion;
  /** Colors, 0xAARRGGBB. */
  foreground: u32;
  background: u32;
  /** Pixels that the picture moves to the left from frame to frame. */
  speed: i32;
  /** Number of the picture. */
  number: i64;
  /** Where the ball is: turns, or frames / 200. */
  phase: f64;
  /** The ball and what is around it change places. */
  flipped: bool;
  /** State of the noise; it goes on from picture to picture. */
  noise: u32;
  /** `scratchSize` bytes. */
  scratch: usize;

  /** Scroll of this picture. */
  private shift: u32;
  private ballX: f64;
  private ballY: f64;
  private radius: i32;

  /** Bytes of scratch memory for pictures of a width: a line and what the noise of it is made of, and two lines to pack. */
  static scratchSize(width: u32): u32 {
    return TABLES + width * (3 * LINE_PIXEL + 1);
  }

  /** Whether all pictures are the same. */
  get still(): bool {
    switch (this.pattern) {
      case Pattern.Smpte:
      case Pattern.Snow:
      case Pattern.Blink:
      case Pattern.Ball:
        return false;
      case Pattern.Black:
      case Pattern.White:
      case Pattern.Red:
      case Pattern.Green:
      case Pattern.Blue:
      case Pattern.Solid:
        return true;
      default:
        return !this.speed;
    }
  }

  /** Pixels of foreground over background, by strength. */
  @inline
  private get ramp(): usize {
    return this.scratch;
  }

  /** Cosines and sines of the arms; or the table of circular's rings. */
  @inline
  private get table(): usize {
    return this.scratch + 1024;
  }

  /** Line `i`: 0 is drawn in, 1 and 2 are packed. */
  @inline
  private line(i: u32): usize {
    return this.scratch + TABLES + <usize>i * this.video.width * LINE_PIXEL;
  }

  /** Draws a picture into `data`, which has room for it. */
  paint(data: usize): void {
    const v = this.video;
    const pair: u32 = 1 << v.info.rows;
    this.begin();
    // Bytes that belong to no pixel are the same everywhere too.
    if ((v.width & 7) | (v.height & 1)) memory.fill(data, 0, v.size);
    let drawn: u32 = 0;
    let kind0: u32 = 0;
    let kind1: u32 = 0;
    for (let y: u32 = 0; y < v.height; y += pair) {
      const last0 = kind0;
      const last1 = kind1;
      kind0 = this.kindOf(y);
      drawn = this.fillLine(1, y, kind0, drawn);
      kind1 = 0;
      if (pair == 2 && y + 1 < v.height) {
        kind1 = this.kindOf(y + 1);
        drawn = this.fillLine(2, y + 1, kind1, drawn);
      }
      const whole = pair == 1 || kind1 != 0;
      if (kind0 && whole && kind0 == last0 && kind1 == last1) repeatRows(v, data, y, pair);
      else packLines(v, data, y, this.line(1), pair == 2 && y + 1 < v.height ? this.line(2) : 0);
    }
  }

  /** Puts row `y` into line `i`, scrolled. Lines of one kind are alike and drawn once. */
  private fillLine(i: u32, y: u32, kind: u32, drawn: u32): u32 {
    const from = this.line(0);
    if (!kind || kind != drawn) this.draw(y, from);
    const bytes = <usize>this.video.width * LINE_PIXEL;
    const shift = <usize>this.shift * LINE_PIXEL;
    const to = this.line(i);
    memory.copy(to, from + shift, bytes - shift);
    memory.copy(to + (bytes - shift), from, shift);
    return kind;
  }

  private begin(): void {
    const v = this.video;
    const fore = pixelOfArgb(v.info, v.matrix, this.foreground);
    const back = pixelOfArgb(v.info, v.matrix, this.background);
    for (let i: u32 = 0; i < 256; i++) store<u32>(this.ramp + ((<usize>i) << 2), blend(fore, back, i));
    const width = <i64>v.width;
    let shift = (<i64>this.speed * this.number) % width;
    if (shift < 0) shift += width;
    this.shift = <u32>shift;
    switch (this.pattern) {
      case Pattern.Ball:
        this.placeBall();
        break;
      case Pattern.Circular:
        for (let i: u32 = 0; i < 256; i++) store<u8>(this.table + i, sineStep(i));
        break;
      case Pattern.Pinwheel:
      case Pattern.Spokes:
        for (let k: u32 = 0; k < ARMS; k++) {
          const angle = (PI / <f64>ARMS) * <f64>k;
          store<f64>(this.table + ((<usize>k) << 4), cosine(angle));
          store<f64>(this.table + ((<usize>k) << 4), sine(angle), 8);
        }
        break;
      default:
        break;
    }
  }

  @inline
  private color(c: TestColor): u32 {
    return testColor(this.video.info, this.video.matrix, c, this.pattern != Pattern.Smpte75);
  }

  @inline
  private rampAt(i: u32): u32 {
    return load<u32>(this.ramp + ((<usize>i) << 2));
  }

  /** A number that rows have in common exactly when they look alike; 0 for rows that are like no other. */
  private kindOf(y: u32): u32 {
    const h = this.video.height;
    switch (this.pattern) {
      case Pattern.Smpte:
        return y < (2 * h) / 3 ? 1 : y < (3 * h) / 4 ? 2 : 0;
      case Pattern.Checkers1:
        return 1 + (y & 1);
      case Pattern.Checkers2:
        return 1 + ((y >> 1) & 1);
      case Pattern.Checkers4:
        return 1 + ((y >> 2) & 1);
      case Pattern.Checkers8:
        return 1 + ((y >> 3) & 1);
      case Pattern.Gradient:
        return 1 + this.gradientAt(y);
      case Pattern.Ball:
        return this.aroundBall(y) ? 1 : 0;
      case Pattern.Gamut:
        return 1 + ((<u32>((<u64>y * 4) / h)) << 1) + ((y >> 4) & 1);
      case Pattern.Snow:
      case Pattern.Circular:
      case Pattern.Pinwheel:
      case Pattern.Spokes:
      case Pattern.Colors:
        return 0;
      default:
        return 1;
    }
  }

  /** Draws row `y`. */
  private draw(y: u32, line: usize): void {
    const w = this.video.width;
    switch (this.pattern) {
      case Pattern.Smpte:
        this.drawSmpte(y, line);
        break;
      case Pattern.Smpte75:
      case Pattern.Smpte100:
        this.drawBars(line, false);
        break;
      case Pattern.Snow:
        this.drawNoise(line, 0);
        break;
      case Pattern.Black:
        fill(line, 0, w, this.rampAt(0));
        break;
      case Pattern.White:
      case Pattern.Solid:
        fill(line, 0, w, this.rampAt(255));
        break;
      case Pattern.Red:
        fill(line, 0, w, this.color(TestColor.Red));
        break;
      case Pattern.Green:
        fill(line, 0, w, this.color(TestColor.Green));
        break;
      case Pattern.Blue:
        fill(line, 0, w, this.color(TestColor.Blue));
        break;
      case Pattern.Blink:
        fill(line, 0, w, this.rampAt(this.number & 1 ? 255 : 0));
        break;
      case Pattern.Bar:
        fill(line, 0, w / 7, this.rampAt(255));
        fill(line, w / 7, w, this.rampAt(0));
        break;
      case Pattern.Checkers1:
        this.drawCheckers(y, line, 0);
        break;
      case Pattern.Checkers2:
        this.drawCheckers(y, line, 1);
        break;
      case Pattern.Checkers4:
        this.drawCheckers(y, line, 2);
        break;
      case Pattern.Checkers8:
        this.drawCheckers(y, line, 3);
        break;
      case Pattern.Gradient:
        fill(line, 0, w, this.rampAt(this.gradientAt(y)));
        break;
      case Pattern.Colors:
        this.drawColors(y, line);
        break;
      case Pattern.Gamut:
        this.drawGamut(y, line);
        break;
      case Pattern.Circular:
        this.drawCircular(y, line);
        break;
      case Pattern.Ball:
        this.drawBall(y, line);
        break;
      default:
        this.drawArms(y, line);
        break;
    }
  }

  /** Seven bars; or, reversed, every second of them, from blue to white, with black between. */
  private drawBars(line: usize, reversed: bool): void {
    const w = <u64>this.video.width;
    for (let i: u32 = 0; i < 7; i++) {
      const c = !reversed ? i : i & 1 ? TestColor.Black : TestColor.Blue - i;
      fill(line, <u32>((i * w) / 7), <u32>(((i + 1) * w) / 7), this.color(c));
    }
  }

  private drawSmpte(y: u32, line: usize): void {
    const kind = this.kindOf(y);
    if (kind) {
      this.drawBars(line, kind == 2);
      return;
    }
    const w = <u64>this.video.width;
    for (let i: u32 = 0; i < 3; i++) {
      const c = i == 0 ? TestColor.MinusI : i == 1 ? TestColor.White : TestColor.PlusQ;
      fill(line, <u32>((i * w) / 6), <u32>(((i + 1) * w) / 6), this.color(c));
    }
    for (let i: u32 = 0; i < 3; i++) {
      const c = i == 0 ? TestColor.SuperBlack : i == 1 ? TestColor.Black : TestColor.DarkGrey;
      fill(line, <u32>(w / 2 + (i * w) / 12), <u32>(w / 2 + ((i + 1) * w) / 12), this.color(c));
    }
    this.drawNoise(line, <u32>((w * 3) / 4));
  }

  /** Noise from column `x` on: a linear congruential generator, the same in every run, and GStreamer's. */
  private drawNoise(line: usize, x: u32): void {
    let s = this.noise;
    for (const w = this.video.width; x < w; x++) {
      s = s * 1103515245 + 12345;
      store<u32>(line + ((<usize>x) << 2), this.rampAt((s >> 16) & 255));
    }
    this.noise = s;
  }

  /** Squares of 1 << bits pixels. */
  private drawCheckers(y: u32, line: usize, bits: u32): void {
    const red = this.color(TestColor.Red);
    const green = this.color(TestColor.Green);
    for (let x: u32 = 0; x < this.video.width; x++) {
      store<u32>(line + ((<usize>x) << 2), ((x ^ y) >> bits) & 1 ? green : red);
    }
  }

  @inline
  private gradientAt(y: u32): u32 {
    return <u32>((<f64>y * 255.0) / <f64>this.video.height);
  }

  /** All colors, in a way that shows which is where. */
  private drawColors(y: u32, line: usize): void {
    const w = <u64>this.video.width;
    const h = <u64>this.video.height;
    const row = <u32>(((<u64>y * 16) / h) << 4);
    const z = (<u32>((<u64>y * 4096) / h)) & 255;
    for (let x: u64 = 0; x < w; x++) {
      const c = pixelOf(255, (<u32>((x * 4096) / w)) & 255, (row | (<u32>((x * 16) / w))) & 255, z);
      store<u32>(line + ((<usize>x) << 2), c);
    }
  }

  /** Four bands of squares: legal colors, and beside them those with one component out of range. */
  private drawGamut(y: u32, line: usize): void {
    const band = <u32>((<u64>y * 4) / this.video.height);
    const c = band == 0 ? TestColor.Black : band == 1 ? TestColor.White : band == 2 ? TestColor.Red : TestColor.Blue;
    const legal = this.color(c);
    let out = legal;
    if (!this.video.isRgb) {
      if (band == 0) out = legal & 0xffff00ff;
      else if (band == 1) out = legal | 0x0000ff00;
      else if (band == 2) out = legal | 0xff000000;
      else out = legal | 0x00ff0000;
    }
    for (let x: u32 = 0; x < this.video.width; x++) {
      store<u32>(line + ((<usize>x) << 2), (x ^ y) & 16 ? legal : out);
    }
  }

  /** Rings that get finer towards the middle of each band. */
  private drawCircular(y: u32, line: usize): void {
    const w = <i64>this.video.width;
    const h = <i64>this.video.height;
    const dy = 2 * <i64>y - h;
    for (let x: i64 = 0; x < w; x++) {
      const dx = 2 * x - w;
      const distance = sqrt<f64>(<f64>(dx * dx + dy * dy)) / (2.0 * <f64>w);
      const ring = floor<f64>(distance * 16.0);
      let m: u32 = 0;
      if (ring >= 1.0 && ring < 8.0) {
        m = load<u8>(this.table + ((<u32>(<i64>floor<f64>(256.0 * distance * ringOf(<u32>ring) + 0.5))) & 255));
      }
      store<u32>(line + ((<usize>x) << 2), this.rampAt(m));
    }
  }

  /** Pinwheel and spokes: what all arms give at a pixel, added up. */
  private drawArms(y: u32, line: usize): void {
    const w = this.video.width;
    const dy = <f64>y - 0.5 * <f64>this.video.height;
    const wheel = this.pattern == Pattern.Pinwheel;
    for (let x: u32 = 0; x < w; x++) {
      const dx = <f64>x - 0.5 * <f64>w;
      let sum = 0.0;
      for (let k: u32 = 0; k < ARMS; k++) {
        const at = this.table + ((<usize>k) << 4);
        const t = load<f64>(at) * dx + load<f64>(at, 8) * dy;
        if (wheel) {
          const side = max<f64>(min<f64>(t, 1.0), -1.0);
          sum += k & 1 ? -side : side;
        } else sum += max<f64>(min<f64>(1.0 - abs<f64>(t) + 0.5, 1.0), 0.0);
      }
      const strength = nearest<f64>(wheel ? sum * 128.0 + 128.0 : sum * 255.0);
      store<u32>(line + ((<usize>x) << 2), this.rampAt(<u32>max<f64>(min<f64>(strength, 255.0), 0.0)));
    }
  }

  private placeBall(): void {
    const w = <i32>this.video.width;
    const h = <i32>this.video.height;
    let turns = this.phase;
    if (this.motion == Motion.HSweep) {
      turns /= 2.0;
      turns -= floor<f64>(2.0 * turns) / 2.0;
    }
    const angle = 2.0 * PI * turns;
    if (this.motion == Motion.Wavy) {
      this.radius = 20;
      this.ballX = 20.0 + (0.5 + 0.5 * sine(angle)) * <f64>(w - 40);
      this.ballY = 20.0 + (0.5 + 0.5 * sine(angle * sqrt<f64>(2.0))) * <f64>(h - 40);
    } else {
      this.radius = min<i32>(w, h) / 4;
      this.ballX = <f64>(w / 2) + sine(angle) * <f64>this.radius;
      this.ballY = <f64>(h / 2) - cosine(angle) * <f64>this.radius;
    }
  }

  /** Whether row `y` shows nothing of the ball and no line. */
  private aroundBall(y: u32): bool {
    const i = <f64>y;
    return this.motion == Motion.Wavy && (i < this.ballY - <f64>this.radius || i > this.ballY + <f64>this.radius);
  }

  private drawBall(y: u32, line: usize): void {
    const w = this.video.width;
    const flip: u32 = this.flipped ? 255 : 0;
    const radius = <f64>this.radius;
    const ballX = this.ballX;
    const dy = <f64>y - this.ballY;
    const sweeps = this.motion != Motion.Wavy;
    fill(line, 0, w, this.rampAt(flip));
    if (abs<f64>(dy) <= radius) {
      const r = nearest<f64>(sqrt<f64>(max<f64>(0.0, radius * radius - dy * dy)));
      const from = <u32>max<f64>(0.0, ballX - r);
      const to = <u32>max<f64>(0.0, min<f64>(<f64>w, ballX + r + 1.0));
      for (let x = from; x < to; x++) {
        const dx = <f64>x - ballX;
        const inside = 0.5 * (radius - sqrt<f64>(dx * dx + dy * dy));
        const m = <u32>max<f64>(0.0, min<f64>(255.0, floor<f64>(256.0 * inside)));
        store<u32>(line + ((<usize>x) << 2), this.rampAt(m ^ flip));
      }
    }
    if (!sweeps) return;
    // A cross through the middle of the picture and one through the ball.
    const full = this.rampAt(255 ^ flip);
    if (y == this.video.height / 2 || y == <u32>this.ballY) fill(line, 0, w, full);
    store<u32>(line + ((<usize>(w / 2)) << 2), full);
    store<u32>(line + ((<usize>(<u32>ballX)) << 2), full);
  }
}

/** Bytes of the tables in front of the lines. */
const TABLES: u32 = 1024 + 512;

/** Bytes that a Painter takes inside another record. */
export const PAINTER_SIZE: u32 = offsetof<Painter>();

function fill(line: usize, from: u32, to: u32, color: u32): void {
  for (let x = from; x < to; x++) store<u32>(line + ((<usize>x) << 2), color);
}

/** Two pixels mixed, byte by byte; `m` is 255 for all of `a`. */
function blend(a: u32, b: u32, m: u32): u32 {
  let out: u32 = 0;
  for (let bit: u32 = 0; bit < 32; bit += 8) {
    const sum = ((a >> bit) & 255) * m + ((b >> bit) & 255) * (255 - m);
    out |= (((sum + ((sum + 128) >> 8) + 128) >> 8) & 255) << bit;
  }
  return out;
}

/** One of 256 steps of a sine from 0 to 255. */
function sineStep(i: u32): u32 {
  // The small number keeps what is whole in theory from falling below.
  const v = floor<f64>(128.0 + 128.0 * sine((PI / 128.0) * <f64>i) + 1e-9);
  return <u32>min<f64>(v, 255.0);
}

/** Waves over the width of the picture in a ring: 200 * 2 ** (-(ring - 1) / 4). */
function ringOf(ring: u32): f64 {
  switch (ring) {
    case 1:
      return 200.0;
    case 2:
      return 168.1792830507429;
    case 3:
      return 141.4213562373095;
    case 4:
      return 118.9207115002721;
    case 5:
      return 100.0;
    case 6:
      return 84.08964152537145;
    default:
      return 70.71067811865476;
  }
}

/** Copies the rows in front of row `y`, which look the same, `pair` of them. */
function repeatRows(v: VideoInfo, data: usize, y: u32, pair: u32): void {
  const info = v.info;
  for (let p: u32 = 0; p < info.planes; p++) {
    const shared = pair == 2 && v.sharesRows(p);
    const rows: usize = shared ? 1 : pair;
    const bytes = rows * v.stride(p);
    const to = data + v.offset(p) + <usize>(shared ? y >> 1 : y) * v.stride(p);
    memory.copy(to, to - bytes, bytes);
  }
}
