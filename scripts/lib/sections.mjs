// Sections of a WebAssembly module.

/** Bytes in front of the first section: what it is, and the version. */
const HEAD = 8;

/**
 * Takes a module apart.
 * @returns {{module: Buffer, custom: Buffer}} the module without its custom sections, such as the names of its functions,
 *   and those sections one behind the other
 */
export function withoutCustom(wasm) {
  const parts = { module: [wasm.subarray(0, HEAD)], custom: [] };
  for (let at = HEAD; at < wasm.length;) {
    const begin = at;
    const id = wasm[at++];
    let size = 0;
    for (let shift = 0, more = true; more; shift += 7) {
      const byte = wasm[at++];
      size += (byte & 127) * 2 ** shift;
      more = byte > 127;
    }
    at += size;
    (id ? parts.module : parts.custom).push(wasm.subarray(begin, at));
  }
  return { module: Buffer.concat(parts.module), custom: Buffer.concat(parts.custom) };
}
