// expect 3:3 try has no effect
export function attempt(): void {
  try {
    attempt();
  } catch (e) {
    return;
  }
}
