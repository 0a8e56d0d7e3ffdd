import { editDistance } from "../base/text";
import { RECORDREADER_SIZE, RecordReader } from "../base/records";
import { atomData, atomLength } from "../registry/atom";
import { Factory, FactoryFlag, factories } from "../registry/factory";
import { PropertySpec, PropertyType } from "../registry/property";

/** The nearest names to a mistyped one. All answer with an atom, 0 when nothing is near. */

const SCRATCH: usize = memory.data(192, 8);
const READER: usize = memory.data(RECORDREADER_SIZE, 4);

@inline
function limitOf(n: u32): u32 {
  return n < 4 ? 1 : n < 8 ? 2 : 3;
}

function nearer(atom: u32, p: usize, n: u32, best: u32): u32 {
  return min<u32>(best, editDistance(atomData(atom), atomLength(atom), p, n, best, SCRATCH));
}

/** The element whose name is nearest. */
export function nearestElement(p: usize, n: u32): u32 {
  let best = limitOf(n) + 1;
  let found: u32 = 0;
  for (let i: u32 = 0; i < factories().length; i++) {
    const f = factories().get(i);
    if (f.has(FactoryFlag.Hidden)) continue;
    const d = nearer(f.name, p, n, best);
    if (d < best) {
      best = d;
      found = f.name;
    }
  }
  return found;
}

/** The property of a factory whose name is nearest. */
export function nearestProperty(f: Factory, p: usize, n: u32): u32 {
  let best = limitOf(n) + 1;
  let found: u32 = 0;
  for (let i: u32 = 0; i < f.properties; i++) {
    const d = nearer(f.property(i).name, p, n, best);
    if (d < best) {
      best = d;
      found = f.property(i).name;
    }
  }
  return found;
}

/** The reader over the values of an enum property, for listing them. */
export function enumValues(spec: PropertySpec): RecordReader {
  const r = changetype<RecordReader>(READER);
  return spec.type == PropertyType.Enum
    ? r.over(spec.valuesAt, <u32>(spec.valuesEnd - spec.valuesAt))
    : r.over(spec.valuesAt, 0);
}
