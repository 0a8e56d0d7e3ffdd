// What lies close to the rules and is inside of the subset.

/** Members may have the names of managed classes. */
const enum Owner {
  Map = 1,
  String = 2,
}

const TABLE: usize = memory.data<u32>([1, 2, 3]);
const SCRATCH: usize = memory.data(64, 16);
const LIMIT: u32 = 3 * (1 << 4);

@unmanaged
class Base {
  static readonly SIZE: u32 = 8;
  next: usize;

  @inline
  get length(): u32 {
    return Base.SIZE;
  }

  kind(): u32 {
    return 1;
  }
}

@unmanaged
class Derived<T> extends Base {
  value: T;

  kindOfDerived(): u32 {
    return this.kind() + <u32>Owner.Map;
  }
}

function double(v: u32): u32 {
  return v << 1;
}

export function run(v: u32): u32 {
  const d = changetype<Derived<u64>>(SCRATCH);
  d.value = <u64>v;
  const f: u32 = double.index;
  const doubled = call_indirect<u32>(f, LIMIT);
  memory.copy(SCRATCH + 32, TABLE, 12);
  return d.kindOfDerived() + d.length + <u32>offsetof<Derived<u64>>("value") + doubled;
}
