// Runs an image at the desk from nothing but its module and its boot log, as the firmware does.

/** Kinds of entries of a boot log, its operations, and the answer that an operation goes on. */
const [OPEN, SUBMIT, RANDOM] = [1, 2, 3];
const [FRAME, CREDIT, DRAIN] = [17, 18, 19];
const PENDING = -2147483648;
const [RESULT, DATA, END] = [1, 2, 5];
const NONE = -(2n ** 63n);

/** The entries of a boot log. */
export function readBootLog(log) {
  const v = new DataView(log.buffer, log.byteOffset, log.length);
  const entries = [];
  for (let at = 0; at < log.length;) {
    const kind = v.getUint16(at, true);
    const op = v.getUint16(at + 2, true);
    const length = v.getUint32(at + 12, true);
    // Operations with records bring them along.
    const hasData = kind !== SUBMIT || [16, 21, 22].includes(op);
    entries.push({
      kind,
      op,
      handle: v.getInt32(at + 4, true),
      ptr: v.getUint32(at + 8, true),
      length,
      aux: v.getBigInt64(at + 16, true),
      token: v.getUint32(at + 24, true),
      result: v.getInt32(at + 28, true),
      data: hasData ? log.subarray(at + 32, at + 32 + length) : null,
    });
    at += 32 + (hasData ? (length + 3) & ~3 : 0);
  }
  return entries;
}

/** Text records in a list of records. */
export function textsOf(records) {
  const out = [];
  for (let at = 0; at < records.length;) {
    const type = records[at++];
    if (type === 1 || type === 3) at += 8;
    else if (type === 5) at++;
    else {
      const length = type === 6 ? records[at] : new DataView(records.buffer, records.byteOffset).getUint32(at, true);
      at += type === 6 ? 1 : 4;
      out.push(Buffer.from(records.subarray(at, at + length)).toString());
      at += length;
    }
  }
  return out;
}

/**
 * Plays an image until nothing moves any more.
 * @param feed bytes for each credit in turn, or null at the end
 * @returns the bytes of each frame by the handle of the sink, and the kinds of what was posted
 */
export function playImage({ wasm, bootLog, ring }, feed = () => null, { steps = 2000 } = {}) {
  const pending = new Map();
  for (const e of readBootLog(bootLog)) {
    if (e.kind === SUBMIT && e.result === PENDING) pending.set(e.token, e);
    else if (![OPEN, SUBMIT, RANDOM].includes(e.kind)) throw new Error(`an entry of kind ${e.kind}`);
  }
  const posts = [];
  const g2g = {
    open: () => -9,
    submit(handle, op, ptr, length, aux, token) {
      if (op === FRAME || op === CREDIT || op === DRAIN) {
        pending.set(token, { handle, op, ptr, length, aux, token });
        return PENDING;
      }
      return 0;
    },
    cancel() {},
    close() {},
    retain() {},
    release() {},
    post: (kind) => posts.push(kind),
    random: (ptr, length) => new Uint8Array(memory.buffer).fill(1, ptr, ptr + length),
    tick: () => 0n,
  };
  const instance = new WebAssembly.Instance(new WebAssembly.Module(wasm), { g2g });
  const { memory, step } = instance.exports;
  const u8 = new Uint8Array(memory.buffer);
  const v = new DataView(memory.buffer);
  const complete = (token, kind, result) => {
    const tail = v.getUint32(ring + 4, true);
    const at = v.getUint32(ring + 12, true) + (tail % v.getUint32(ring + 8, true)) * 64;
    u8.fill(0, at, at + 64);
    v.setUint32(at, token, true);
    v.setUint16(at + 4, kind, true);
    v.setInt32(at + 8, result, true);
    for (const time of [24, 32, 40, 48]) v.setBigInt64(at + time, NONE, true);
    v.setUint32(ring + 4, tail + 1, true);
    pending.delete(token);
  };
  const frames = new Map();
  const take = ({ handle, ptr, token }) => {
    const parts = [];
    for (let i = 0; i < v.getUint32(ptr + 56, true); i++) {
      const pair = v.getUint32(ptr + 60, true) + 8 * i;
      const at = v.getUint32(pair, true);
      parts.push(u8.slice(at, at + v.getUint32(pair + 4, true)));
    }
    if (!frames.has(handle)) frames.set(handle, []);
    frames.get(handle).push(Buffer.concat(parts));
    complete(token, RESULT, 0);
  };
  let now = 0n;
  for (let i = 0; i < steps; i++) {
    const wait = step(now, 1000);
    if (wait === -2n) break;
    let moved = wait === 0n;
    // The ring of a board is small: a few completions a turn.
    for (const op of [...pending.values()].slice(0, 8)) {
      moved = true;
      if (op.op === FRAME) take(op);
      else if (op.op === DRAIN) complete(op.token, RESULT, 0);
      else {
        const bytes = feed(op);
        if (bytes) u8.set(bytes, op.ptr);
        complete(op.token, bytes ? DATA : END, bytes?.length ?? 0);
      }
    }
    if (wait > now) now = wait;
    else if (!moved) break;
  }
  return { frames, posts };
}
