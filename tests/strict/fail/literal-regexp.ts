// expect 3:13 a regular expression is managed
export function pattern(): void {
  const p = /a+/;
}
