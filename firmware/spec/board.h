/*
 * What runs the module of a spec on a board, for a desk that as-pect runs at: what the desk asks for is done, and what the module
 * imports is asked of the desk. The other end is scripts/lib/spec-link.mjs, which has the format too.
 *
 * All numbers are words of 32 bits, little-endian. The desk sends four words, and data behind them for some; it gets
 * RETURN or DATA. While it waits for RETURN it gets IMPORT, and answers those that are not posted with ANSWER, READ and WRITE
 * before that.
 */
#ifndef G2G_SPEC_BOARD_H
#define G2G_SPEC_BOARD_H

#include <stddef.h>
#include <stdint.h>

/* From the desk: operation and three numbers. */
enum {
  /* imports, bytes of the module, 0: a byte for each import (POSTED | arguments), then the module. Gives RETURN. */
  SPEC_LOAD = 1,
  /* function, argument, 0. Gives RETURN. */
  SPEC_CALL,
  /* address, length, 0. Gives DATA. */
  SPEC_READ,
  /* address, length, 0, then the bytes. Gives DATA without bytes. */
  SPEC_WRITE,
  /* 0 or 1: the import failed, low and high half of the result. */
  SPEC_ANSWER,
};

/* To the desk. */
enum {
  /* 0 or the trap, result, instructions (2 words), number of frames; a word for each frame, innermost first. */
  SPEC_RETURN = 1,
  /* number, then two words for each argument. */
  SPEC_IMPORT,
  /* number of bytes or -1 when they do not lie in memory, then the bytes. */
  SPEC_DATA,
  /* place and stack of a fault of the processor; nothing follows. */
  SPEC_FAULT,
  /* number of bytes of a text: why the engine refuses the module; nothing follows. */
  SPEC_REFUSED,
};

/* On an import that nothing is answered to, so that it need not be waited for. */
#define SPEC_POSTED 128

/* Arguments that an import may have. */
#define SPEC_ARGUMENTS 32

/* Frames that are told of a trap. */
#define SPEC_FRAMES 32

/* An import failed at the desk; the other traps are those of firmware/engine/c/trap.h. */
#define SPEC_TRAP_DESK 32

/* ---- of the board ---- */

/* Of each import POSTED and how many arguments it has; 0 behind the last. */
extern uint8_t spec_imports[];
extern uint32_t spec_import_count;

/* Asks the desk. `failed` becomes 1 when the import failed. */
uint64_t spec_import(uint32_t number, const uint64_t* args, int* failed);

/* Where the frames of a trap are put, and how many there are. */
extern uint32_t spec_frames[SPEC_FRAMES];
extern uint32_t spec_frame_count;

/* Ends the run. */
__attribute__((noreturn)) void spec_refuse(const char* why);

/* The lowest address of the stack. */
extern uint8_t stack_low[];

/* ---- of the engine ---- */

/* Where `length` bytes of a module go to; they stay there. */
uint8_t* spec_room(uint32_t length);
/* The instance as it is before the first call; 0 or a trap. */
uint32_t spec_load(const uint8_t* module, uint32_t length);
/* 0 or a trap. Functions: 0 is `_start` without argument, 1 is `__call`. */
uint32_t spec_call(uint32_t function, uint32_t argument, uint32_t* result);
uint8_t* spec_memory(uint32_t* size);

#endif
