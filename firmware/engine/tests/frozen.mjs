// A pipeline that was frozen, played in Node with elements that answer at once: what its host did and was asked, for
// tests/frozen.rs to do again.

const OPS = { frame: 17, credit: 18 };
const PENDING = -2147483648;
const NONE = -(1n << 63n);
const PERIOD = 40_000_000n;
const FRAMES = 100;

const CAPS = "audio/x-raw,format=S16LE,rate=8000,channels=1,layout=interleaved";

/** The line, and the elements at its ends. */
export const LINE = "testcapture ! mulawenc ! rtppcmupay ! testsend";
export const ELEMENTS = [
  {
    ...{ name: "testcapture", klass: "Source", doc: "Gives samples.", example: LINE, flags: ["host"] },
    pads: [{ name: "src", direction: "src", presence: "always", caps: CAPS }],
    properties: [{ name: "is-live", type: "boolean", default: "true", doc: "It is." }],
    block: { pad: "src", bytes: "640" },
  },
  {
    ...{ name: "testsend", klass: "Sink", doc: "Takes packets.", example: LINE, flags: ["host"] },
    pads: [{ name: "sink", direction: "sink", presence: "always", caps: "ANY" }],
    properties: [],
  },
];

/** What freezeLine wants to know of a board. */
export const BOARD = {
  ...{
    name: "test",
    doc: "",
    cpu: "cortex-m4",
    target: "",
    gcc: [],
    clock: 25e6,
    stack: 4096,
    cacheLine: 0,
    regions: [],
  },
  ...{
    flash: { origin: 0, length: 1 << 22 },
    ram: { origin: 0x20000000, length: 1 << 22 },
    features: [],
    flashWith: [],
  },
  ...{ elements: ELEMENTS.map((e) => e.name), emulator: null, network: null, hardwareOnly: false },
};

/** Credits with a block that the boot log has: see firmware/tool/bootlog.ts. */
function creditsOf(log) {
  const credits = [];
  const v = new DataView(log.buffer, log.byteOffset, log.byteLength);
  for (let at = 0; at < log.length;) {
    const [kind, op] = [v.getUint16(at, true), v.getUint16(at + 2, true)];
    const [ptr, length, token] = [8, 12, 24].map((o) => v.getUint32(at + o, true));
    const carries = kind !== 2 || op < OPS.frame || op > OPS.credit;
    if (kind === 2 && op === OPS.credit && ptr) credits.push({ token, ptr, length });
    at += 32 + (carries ? (length + 3) & ~3 : 0);
  }
  return credits;
}

const hex = (bytes) => Buffer.from(bytes).toString("hex");

/** Bytes of the frame whose record stands at an address. */
function frameBytes(memory, ptr) {
  const v = new DataView(memory.buffer);
  const [count, pairs] = [v.getUint32(ptr + 56, true), v.getUint32(ptr + 60, true)];
  return Array.from({ length: count }, (_, i) => {
    const at = v.getUint32(pairs + i * 8, true);
    return hex(new Uint8Array(memory.buffer, at, v.getUint32(pairs + i * 8 + 4, true)));
  }).join("");
}

/**
 * Plays a frozen image.
 * @returns lines: `w address bytes` the host writes, `s now work wait` a step and its answer, `c …` what it was asked in it
 */
export function script(image) {
  const lines = [];
  const credits = creditsOf(image.bootLog);
  let memory = null;
  const asked = (text) => lines.push(`c ${text}`);
  const unexpected = (name) => () => {
    throw new Error(`a frozen pipeline calls ${name}`);
  };
  const imports = Object.fromEntries(["open", "close", "retain", "release", "cancel"].map((n) => [n, unexpected(n)]));
  const g2g = {
    ...imports,
    submit(handle, op, ptr, length, aux, token) {
      if (op === OPS.frame) {
        asked(`frame ${handle} ${token} ${frameBytes(memory, ptr)}`);
        return 0;
      }
      if (op !== OPS.credit || !ptr) throw new Error(`operation ${op}`);
      asked(`credit ${handle} ${ptr} ${length} ${aux} ${token}`);
      credits.push({ token, ptr, length });
      return PENDING;
    },
    post: (kind, ptr, length) => asked(`post ${kind} ${hex(new Uint8Array(memory.buffer, ptr, length))}`),
    random: (ptr, length) => new Uint8Array(memory.buffer, ptr, length).fill(0x5a),
    tick: () => 0n,
  };
  const { exports: core } = new WebAssembly.Instance(new WebAssembly.Module(image.wasm), { g2g });
  memory = core.memory;
  const write = (address, bytes) => {
    new Uint8Array(memory.buffer, address, bytes.length).set(bytes);
    lines.push(`w ${address} ${hex(bytes)}`);
  };
  const u32 = (address) => new DataView(memory.buffer).getUint32(address, true);
  let now = 0n;
  const step = () => {
    const at = lines.length;
    const wait = core.step(now, 1000);
    lines.splice(at, 0, `s ${now} 1000 ${wait}`);
    return wait;
  };
  step();
  let noise = 1;
  for (let n = 0; n < FRAMES; n++) {
    const credit = credits.shift();
    if (!credit) throw new Error("the pipeline wants no more data");
    const samples = Buffer.alloc(credit.length);
    for (let i = 0; i < samples.length; i++) {
      noise = (Math.imul(noise, 1664525) + 1013904223) >>> 0;
      samples[i] = noise >>> 24;
    }
    write(credit.ptr, samples);
    const record = Buffer.alloc(64);
    record.writeUInt32LE(credit.token, 0);
    record.writeUInt16LE(2, 4);
    record.writeInt32LE(credit.length, 8);
    record.writeBigInt64LE(PERIOD * BigInt(n), 24);
    record.writeBigInt64LE(NONE, 32);
    record.writeBigInt64LE(PERIOD, 40);
    record.writeBigInt64LE(NONE, 48);
    const tail = u32(image.ring + 4);
    write(u32(image.ring + 12) + (tail % u32(image.ring + 8)) * 64, record);
    const count = Buffer.alloc(4);
    count.writeUInt32LE(tail + 1);
    write(image.ring + 4, count);
    now += PERIOD;
    for (let i = 0; i < 100; i++) if (step() !== 0n) break;
  }
  const frames = lines.filter((line) => line.startsWith("c frame")).length;
  if (frames < FRAMES - 2) throw new Error(`${frames} packets of ${FRAMES} frames`);
  return lines;
}
