// expect 4:10 a static field is a mutable global
@unmanaged
export class Counter {
  static value: i32 = 0;
}
