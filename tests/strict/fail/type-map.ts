// expect 4:12 Map is managed
@unmanaged
export class Index {
  entries: Map<i32, i32>;
}
