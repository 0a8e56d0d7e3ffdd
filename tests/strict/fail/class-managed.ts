// expect 3:14 class Point is not @unmanaged
// A class that nobody makes an instance of is already outside of the subset.
export class Point {
  x: i32;
}
