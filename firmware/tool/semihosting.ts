// Semihosting for AArch32 and AArch64, Arm: the calls by which an image ends its emulator.

const SYS_WRITEC = 0x03;
const SYS_WRITE0 = 0x04;
const SYS_EXIT = 0x18;
const SYS_EXIT_EXTENDED = 0x20;
const APPLICATION_EXIT = 0x20026;

/** The number of the breakpoint instruction that stands for a call. */
export const SEMIHOSTING_BREAK = 0xab;

/** Characters that a text may have at most. */
const LONGEST = 4096;

/** What a call asks for. */
export type SemihostingCall =
  | { readonly kind: "exit"; readonly code: number }
  | { readonly kind: "write"; readonly text: string }
  | { readonly kind: "unknown"; readonly operation: number };

/**
 * Reads a call.
 * @param operation register r0
 * @param parameter register r1
 * @param memory bytes and words of the target; what does not exist reads as 0
 */
export function semihostingCall(
  operation: number,
  parameter: number,
  memory: { u8(at: number): number; u32(at: number): number },
): SemihostingCall {
  switch (operation) {
    case SYS_WRITEC:
      return { kind: "write", text: String.fromCharCode(memory.u8(parameter)) };
    case SYS_WRITE0: {
      let text = "";
      for (let c; text.length < LONGEST && (c = memory.u8(parameter + text.length));) text += String.fromCharCode(c);
      return { kind: "write", text };
    }
    case SYS_EXIT:
      return { kind: "exit", code: parameter === APPLICATION_EXIT ? 0 : 1 };
    case SYS_EXIT_EXTENDED: {
      const reason = memory.u32(parameter);
      return { kind: "exit", code: reason === APPLICATION_EXIT ? memory.u32(parameter + 4) & 0xff : 1 };
    }
    default:
      return { kind: "unknown", operation };
  }
}
