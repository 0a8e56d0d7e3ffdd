// expect 3:14 counter is a mutable global
export namespace state {
  export var counter: i32 = 0;
}
