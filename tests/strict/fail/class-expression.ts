// expect 3:17 a class expression is managed
export function kind(): void {
  const Local = class {};
}
