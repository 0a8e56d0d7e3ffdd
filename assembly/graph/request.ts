import { TEXT_SIZE, Text } from "../base/text";
import { atomData, atomLength, atomOf } from "../registry/atom";
import { Element, findPad } from "./element";

const NAME: usize = memory.data(272, 4);
const NAME_TEXT: usize = memory.data(TEXT_SIZE, 4);

/**
 * The name of a new pad of a template with a number in it (sink_%u): the one asked for, or one with the next free
 * number.
 */
export function padName(e: Element, template: u32, name: u32): u32 {
  const t = e.factory.template(template);
  if (name && name != t.name) return name;
  const p = atomData(t.name);
  const n = atomLength(t.name);
  let k: u32 = 0;
  while (k < n && load<u8>(p + k) != 37) k++;
  const text = changetype<Text>(NAME_TEXT);
  let serial: u32 = 0;
  let atom: u32 = 0;
  do {
    text.into(NAME, 272);
    text.put(p, k);
    if (k < n) text.u64(serial++);
    atom = atomOf(NAME, text.length);
  } while (k < n && (findPad(e, atom, true) || findPad(e, atom, false)));
  return atom;
}
