/** Exit codes of the command line. */
export const enum ExitCode {
  Ok = 0,
  /** The pipeline failed. */
  Failed = 1,
  /** The command or the launch line is wrong. */
  Usage = 2,
  /** A replay did not give what was recorded. */
  Diverged = 3,
  /** The time for a run in an emulator was over. */
  TimedOut = 124,
  Interrupted = 130,
  Terminated = 143,
}
