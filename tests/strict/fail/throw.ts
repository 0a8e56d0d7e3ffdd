// expect 3:12 throw traps
export function check(ok: bool): void {
  if (!ok) throw null;
}
