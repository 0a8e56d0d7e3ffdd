import { ExitCode } from "../../node-host/src/cli/exit.js";

/** What a person can act on: printed without a stack. */
export class ToolError extends Error {
  /**
   * @param message what is wrong, and in further lines what to do about it
   * @param exitCode of the command
   */
  constructor(
    message: string,
    readonly exitCode: ExitCode = ExitCode.Failed,
  ) {
    super(message);
  }
}

/** A wrong option, board or line. */
export function usage(message: string): ToolError {
  return new ToolError(message, ExitCode.Usage);
}
