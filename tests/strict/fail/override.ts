// expect 14:3 area overrides that of Shape
@unmanaged
class Shape {
  area(): i32 {
    return 0;
  }
}

@unmanaged
class Square extends Shape {}

@unmanaged
class Tile extends Square {
  area(): i32 {
    return 1;
  }
}

export function area(p: usize): i32 {
  return changetype<Tile>(p).area();
}
