// expect 11:7 size overrides that of Base
@unmanaged
class Base {
  get size(): i32 {
    return 0;
  }
}

@unmanaged
class Derived extends Base {
  get size(): i32 {
    return 1;
  }
}

export function size(p: usize): i32 {
  return changetype<Derived>(p).size;
}
