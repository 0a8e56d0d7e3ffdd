// expect 2:28 DataView is managed
export function read(view: DataView): i32 {
  return view.getInt32(0);
}
