// expect 8:16 an object literal is managed
@unmanaged
class Pair {
  a: i32;
}

export function pair(): Pair {
  return <Pair>{ a: 1 };
}
