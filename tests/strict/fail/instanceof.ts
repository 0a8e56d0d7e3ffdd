// expect 8:10 instanceof needs run-time type information
@unmanaged
class Node {
  next: usize;
}

export function isNode(n: Node): bool {
  return n instanceof Node;
}
