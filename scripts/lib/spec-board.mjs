// A spec's module on a board, in the shape in which as-pect takes an instance.
import { NameSection } from "../../node_modules/@as-pect/core/lib/util/wasmTools.js";
import { imageOf } from "./spec-image.mjs";
import { BoardModule } from "./spec-link.mjs";
import { readSpec } from "./spec-module.mjs";

/** What `spec_call` of firmware/spec/board.h calls. */
const [START, CALL] = [0, 1];

/** wasm2c writes what is no letter or digit in a name as its code. */
const plain = (name) =>
  name.replace(/^w2c_core_/, "").replace(/0x([0-9A-F]{2})/g, (_, code) => String.fromCharCode(parseInt(code, 16)));

/** The function of an image that an address lies in; null when it is none of the module. */
function functionAt(symbols, address) {
  let [low, high] = [0, symbols.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (symbols[middle][0] <= address) low = middle + 1;
    else high = middle;
  }
  const name = symbols[low - 1]?.[1];
  return name?.startsWith("w2c_core_") ? plain(name) : null;
}

/**
 * Loads a module into an emulated board.
 * @param binary the module, as the compiler made it
 * @param imports functions by module and name
 * @returns exports that as-pect calls, access to memory, and how to end it
 */
export async function onBoard(board, engine, file, binary, imports) {
  // An instance at the desk, of which nothing is run, has what no call changes: the table, and how large memory is at first.
  const stubs = {};
  const spec = readSpec(binary);
  for (const { module, name } of spec.imports) (stubs[module] ??= {})[name] = () => 0;
  const { table, memory } = new WebAssembly.Instance(new WebAssembly.Module(binary), stubs).exports;
  spec.pages = memory.buffer.byteLength / 65536;
  const image = await imageOf(board, engine, file, spec);
  const names = new NameSection(binary);
  const nameOf = (frame) => (engine === "aot" ? functionAt(image.symbols, frame) : names.fromIndex(frame));
  const run = new BoardModule(image, spec, imports, engine === "aot" ? Buffer.alloc(0) : spec.renamed, nameOf);
  return {
    exports: {
      table,
      __getString: (address) => run.string(address),
      _start: () => run.call(START),
      __call: (index) => run.call(CALL, index),
    },
    read: (address, length) => run.read(address, length),
    write: (address, bytes) => run.write(address, bytes),
    get instructions() {
      return run.instructions;
    },
    close: () => run.close(),
  };
}
