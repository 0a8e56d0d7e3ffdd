/** A host that answers by rule and writes down what it was asked; common/mod.rs has the same one. */
export function fakeHost() {
  const calls = [];
  let handles = 0;
  const host = { memory: null, calls };
  const bytes = (ptr, length) => new Uint8Array(host.memory.buffer, ptr, length);
  host.imports = {
    g2g: {
      open(kind, spec, length) {
        calls.push(`open ${kind} ${Buffer.from(bytes(spec, length)).toString("hex")}`);
        return ++handles;
      },
      submit(handle, op, ptr, length, aux, token) {
        calls.push(`submit ${handle} ${op} ${ptr} ${length} ${aux} ${token}`);
        return op === 17 ? -2147483648 : 0;
      },
      cancel: (token) => calls.push(`cancel ${token}`),
      close: (handle) => calls.push(`close ${handle}`),
      retain: (handle) => calls.push(`retain ${handle}`),
      release: (handle) => calls.push(`release ${handle}`),
      post: (kind, ptr, length) => calls.push(`post ${kind} ${Buffer.from(bytes(ptr, length)).toString("hex")}`),
      random: (ptr, length) => bytes(ptr, length).fill(0x5a),
      tick: () => 123456789012n,
    },
  };
  return host;
}
