// A reader of UF2 that knows nothing of the writer.
import assert from "node:assert/strict";

/** Reads UF2, with all its fields: address to byte. */
export function readUf2(file, family) {
  assert.equal(file.length % 512, 0);
  const bytes = new Map();
  const count = file.length / 512;
  for (let i = 0; i < count; i++) {
    const b = Buffer.from(file.subarray(i * 512, (i + 1) * 512));
    const word = (at) => b.readUInt32LE(at);
    assert.deepEqual([word(0), word(4), word(508)], [0x0a324655, 0x9e5d5157, 0x0ab16f30]);
    assert.deepEqual([word(8), word(16), word(20), word(24), word(28)], [0x2000, 256, i, count, family]);
    assert.equal(word(12) % 256, 0);
    for (let k = 0; k < 256; k++) {
      assert.ok(!bytes.has(word(12) + k), "a page twice");
      bytes.set(word(12) + k, b[32 + k]);
    }
  }
  return bytes;
}
