// expect 2:18 an interface dispatches dynamically
export interface Shape {
  area(): i32;
}
