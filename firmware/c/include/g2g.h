/*
 * The firmware core of glass2glass for programs in C: libg2g.a holds one pipeline, which a build has made of a launch
 * line, and its host. The program gives it a platform and the elements that it serves itself, over its own drivers.
 *
 *     static const g2g_element* const elements[] = {&microphone, &network};
 *     g2g_outcome outcome = g2g_run(&platform, elements, 2);
 *
 * All of the library runs in the task that calls g2g_run or g2g_step, and calls the functions of drivers and of the
 * platform there. Only g2g_wake and the functions of g2g_queue may be called from interrupts and from other tasks.
 * Nothing is allocated. C99; no enum is part of a structure, since their size depends on the compiler's flags.
 *
 * Times are nanoseconds of the platform's clock, or G2G_NONE. Results below 0 are errors.
 */
#ifndef G2G_H
#define G2G_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this header; g2g_start refuses a platform that was compiled with another. */
#define G2G_INTERFACE 1

/* A time that is not known. */
#define G2G_NONE INT64_MIN
/* A time that never comes. */
#define G2G_FOREVER INT64_MAX

/* Errors. Io, timed out, broken pipe, closed and no memory may pass: the library offers the operation again, then
 * opens the element again, then begins the pipeline again. All others end the pipeline with an error. */
#define G2G_NOT_FOUND (-1)
#define G2G_INVALID (-6)
#define G2G_IO (-7)
#define G2G_CANCELLED (-8)
#define G2G_UNSUPPORTED (-9)
#define G2G_BUSY (-10)
#define G2G_TOO_MANY (-11)
#define G2G_BROKEN_PIPE (-12)
#define G2G_TIMED_OUT (-13)
#define G2G_NO_MEMORY (-14)
#define G2G_CLOSED (-15)

/* The answer to an operation that is not done yet: a completion with its token will come. The answer 0 is: done. */
#define G2G_PENDING INT32_MIN

/* Text of the library's: UTF-8 of known length, without a 0 at its end. */
typedef struct g2g_text {
  const char* bytes;
  uint32_t length;
} g2g_text;

/* Whether a text is the same as a string. */
bool g2g_is(g2g_text text, const char* string);

/* The media type of caps, "audio/x-raw". */
g2g_text g2g_media(g2g_text caps);
/* The value of a field of caps as text, without its type and quotes; bytes is NULL when there is no such field. */
g2g_text g2g_field(g2g_text caps, const char* name);
/* The value of a field of caps as a whole number; `otherwise` when there is none. */
int32_t g2g_field_int(g2g_text caps, const char* name, int32_t otherwise);

/* What a property can be. */
#define G2G_VALUE_INT 1
#define G2G_VALUE_TEXT 2
#define G2G_VALUE_DOUBLE 3
#define G2G_VALUE_BYTES 4

/* The value of a property: booleans are the numbers 0 and 1, the words of an enumeration and fractions are texts. */
typedef struct g2g_value {
  int32_t kind; /* G2G_VALUE_… */
  union {
    int64_t number;
    double real;
    g2g_text text; /* also of bytes */
  } as;
} g2g_value;

/* Flags of frames and data. */
#define G2G_KEY 1u
#define G2G_DELTA 2u
#define G2G_DISCONT 4u
#define G2G_CORRUPT 8u
#define G2G_HEADER 16u
#define G2G_CONTINUED 32u
#define G2G_MARKER 64u
#define G2G_GAP 128u
#define G2G_DROPPABLE 256u
#define G2G_DECODE_ONLY 512u

/* A frame for a sink pad. The structure is the driver's to copy; the bytes stay where they are until the operation
 * ends. */
typedef struct g2g_frame {
  uint32_t pad;       /* number among all pads, sinks first */
  uint32_t flags;
  uint32_t size;      /* bytes in all */
  uint32_t stretches; /* pieces that they lie in */
  uint32_t sequence;  /* counts the frames of a stream */
  int64_t pts, dts, duration;
  int64_t capture; /* when it was captured */
  int64_t due;     /* when to show it */
  int64_t running; /* pts as running time */
  /* The library's. */
  uint8_t* memory;
  uint32_t memory_size;
  uint32_t pairs;
} g2g_frame;

/* A piece of a frame: where it lies, for DMA, and its bytes in `length`; NULL when there is no such piece. */
const uint8_t* g2g_stretch(const g2g_frame* frame, uint32_t number, uint32_t* length);
/* Copies the bytes of a frame; how many, or 0 when they are more than `room`. */
uint32_t g2g_copy(const g2g_frame* frame, uint8_t* to, uint32_t room);

/* A block that a source may fill, by DMA too: it is the driver's until the operation ends. It begins at a multiple
 * of 16 bytes, or of the cache line of the board that the library was built for. */
typedef struct g2g_credit {
  uint32_t token;
  uint32_t pad; /* number among all pads, sinks first */
  uint8_t* block;
  uint32_t length; /* bytes of the block */
} g2g_credit;

/* What comes against the stream. */
#define G2G_EVENT_QOS 33
#define G2G_EVENT_FORCE_KEY_UNIT 35
typedef struct g2g_event {
  int32_t kind;
  uint32_t pad;
  double proportion; /* qos: how much faster data comes than it can be shown */
  int64_t jitter;    /* qos: how late it was, less than 0 when early */
  int64_t time;      /* qos: timestamp of the frame; force key unit: running time from which on, G2G_NONE for now */
} g2g_event;

/* Operations, for g2g_driver.allowance. */
#define G2G_OP_FRAME 17
#define G2G_OP_CREDIT 18
#define G2G_OP_DRAIN 19

/* What a completion tells. A result ends an operation; data ends the credit whose block it fills; an end says that
 * nothing more comes on the pad of a credit or of a drain; a latency ends nothing. */
#define G2G_RESULT 1
#define G2G_DATA 2
#define G2G_LATENCY 4
#define G2G_END 5

/* What an operation came to. */
typedef struct g2g_completion {
  uint32_t token;
  uint16_t kind;   /* G2G_RESULT … */
  uint16_t pad;    /* of data: number among the src pads */
  int32_t result;  /* 0 or more, or an error; of data: bytes */
  uint32_t flags;  /* of data, as the next four */
  int64_t pts;     /* of a latency: the least */
  int64_t dts;     /* of a latency: the most */
  int64_t duration;
  int64_t capture;
} g2g_completion;

/* Where completions go during a poll. */
typedef struct g2g_out g2g_out;

/* Takes a completion; false when there is no room, and the driver tries again at its next poll, which comes soon. */
bool g2g_put(g2g_out* out, const g2g_completion* completion);

/* Ends an operation with a result. */
static inline bool g2g_result(g2g_out* out, uint32_t token, int32_t result) {
  g2g_completion c = {token, G2G_RESULT, 0, result, 0, G2G_NONE, G2G_NONE, G2G_NONE, G2G_NONE};
  return g2g_put(out, &c);
}

/* Ends a credit whose block was filled with `bytes` bytes. */
static inline bool g2g_data(g2g_out* out, uint32_t token, uint32_t bytes, int64_t pts, int64_t duration,
                            uint32_t flags) {
  g2g_completion c = {token, G2G_DATA, 0, (int32_t)bytes, flags, pts, G2G_NONE, duration, G2G_NONE};
  return g2g_put(out, &c);
}

/* Ends a credit as nothing more comes, or a drain as all has come. */
static inline bool g2g_end(g2g_out* out, uint32_t token) {
  g2g_completion c = {token, G2G_END, 0, 0, 0, G2G_NONE, G2G_NONE, G2G_NONE, G2G_NONE};
  return g2g_put(out, &c);
}

/* How one kind of element is served: the functions of an instance, which `self` stands for. One that is NULL does
 * what is said in brackets. None of them waits, but that close may, for hardware to stop. Texts are valid during
 * the call. */
typedef struct g2g_driver {
  /* Name of the element in launch lines, as in its table. */
  const char* factory;
  /* The instance begins; an error when its hardware is not there. [nothing] */
  int32_t (*open)(void* self, g2g_text name);
  /* A property has a value: each is told once before the first configure, and again when it changes. Answers 0 or
   * an error. [takes any] */
  int32_t (*property)(void* self, g2g_text name, const g2g_value* value);
  /* A pad (number among all pads, sinks first) has caps. Answers for a src pad the bytes of the blocks that it
   * wants to fill, which must be what the element's table says; else 0, or an error. [takes any] */
  int32_t (*configure)(void* self, uint32_t pad, g2g_text caps);
  /* Takes a frame. Answers 0 when it is done with it, G2G_PENDING, an error, or G2G_BUSY for not now: it is
   * offered again after any completion of this element. 16 are pending at once at the most. [G2G_UNSUPPORTED] */
  int32_t (*frame)(void* self, const g2g_frame* frame, uint32_t token);
  /* May fill a block; answers G2G_PENDING or an error. [G2G_UNSUPPORTED] */
  int32_t (*credit)(void* self, const g2g_credit* credit);
  /* All input of a pad has come: gives what is left, then ends the operation. [ends when no frame is pending] */
  int32_t (*drain)(void* self, uint32_t pad, uint32_t token);
  /* What is in flight is void; operations that are pending stay so. [nothing] */
  void (*flush)(void* self);
  /* Something came against the stream. [nothing] */
  void (*event)(void* self, const g2g_event* event);
  /* Asks for an operation to end soon: its last completion, G2G_CANCELLED or what it came to, is put in the next
   * poll. [it ends in its own time] */
  void (*cancel)(void* self, uint32_t token);
  /* Puts the completions of what was done since. Called after the driver was given something, after g2g_wake, and
   * whenever the library has something to do. [for drivers that answer all at once] */
  void (*poll)(void* self, int64_t now, g2g_out* out);
  /* How long an operation (G2G_OP_…) may stay pending after the element's last completion until the element is
   * held for stuck and opened again; G2G_FOREVER: for ever. [for ever for a credit, else 2 s] */
  int64_t (*allowance)(void* self, int32_t op);
  /* The instance ends, whatever is pending on it: its hardware stops, and touches no block any more. [nothing] */
  void (*close)(void* self);
} g2g_driver;

/* An instance that the program has. It serves one element at a time, and can be opened again after it was closed. */
typedef struct g2g_element {
  const g2g_driver* driver;
  void* self;
  /* The name of the element that it serves in the launch line; NULL for any of its factory. */
  const char* name;
} g2g_element;

/* Elements that a program can have. */
#define G2G_MAX_ELEMENTS 8

/* Has all drivers polled soon. From anywhere: interrupts, other tasks, drivers. */
void g2g_wake(void);

/* Blocks on their way between a driver and its interrupt: one side puts, the other takes, without locks. */
typedef struct g2g_block {
  uint32_t token;
  uint32_t length;
  uint8_t* bytes;
  int64_t time;
} g2g_block;

/* Both counts begin with 0; `blocks` has `slots` places, a power of two. */
typedef struct g2g_queue {
  uint32_t head, tail, slots;
  g2g_block* blocks;
} g2g_queue;

/* Puts a block in; false when the queue is full. */
bool g2g_queue_put(g2g_queue* queue, const g2g_block* block);
/* Takes the oldest block; false when there is none. */
bool g2g_queue_take(g2g_queue* queue, g2g_block* block);
/* Looks at the oldest block without taking it; false when there is none. From the side that takes. */
bool g2g_queue_first(const g2g_queue* queue, g2g_block* block);

/* Why the processor started. */
#define G2G_CAUSE_UNKNOWN 0
#define G2G_CAUSE_POWER 1
#define G2G_CAUSE_PIN 2
#define G2G_CAUSE_PROGRAM 3
#define G2G_CAUSE_WATCHDOG 4

/* What the library needs of the program. Functions get `self`; those with an [effect] may be NULL. It must stay as
 * it is while a pipeline runs, and for as long as anything may call g2g_wake. */
typedef struct g2g_platform {
  uint32_t interface; /* G2G_INTERFACE */
  void* self;
  /* Nanoseconds since some start; never less than before. */
  int64_t (*now)(void* self);
  /* Returns at a time of `now`, or when `wake` is or was called since it last returned, or before. G2G_FOREVER: no
   * time. [g2g_run asks again and again] */
  void (*sleep)(void* self, int64_t until);
  /* Ends `sleep`; called by g2g_wake, so from interrupts and other tasks too. [nothing] */
  void (*wake)(void* self);
  /* Writes to the console, without waiting. [nothing is said] */
  void (*print)(void* self, const char* text, uint32_t length);
  /* Fills bytes with random numbers; false when there are none. [numbers that can be foretold] */
  bool (*random)(void* self, uint8_t* to, uint32_t length);
  /* Feeds the watchdog: called when something has moved, or when nothing had to. [nothing] */
  void (*feed)(void* self);
  /* Nanoseconds after which the watchdog wants to be fed; 0: there is none. */
  int64_t watchdog;
  /* Why the processor started: G2G_CAUSE_…; after a reset that the library wanted it goes on counting. */
  int32_t cause;
  /* The lowest address of the stack of the task, so that calls nested too deep end the pipeline and not the
   * program; NULL when it is not known. */
  const void* stack;
  /* Bytes of that stack. */
  uint32_t stack_size;
  /* Bytes of it that were never used. [not told at the end] */
  uint32_t (*stack_left)(void* self);
  /* A defect of the library: the program must be reset. [stops for ever] */
  void (*panic)(void* self, const char* file, uint32_t length, uint32_t line);
} g2g_platform;

/* How a pipeline ended. */
typedef int32_t g2g_outcome;
/* By itself, without an error. */
#define G2G_EOS (-1)
/* Nothing that may still be tried would help. */
#define G2G_HALTED (-2)
/* The processor is to be reset. */
#define G2G_RESET (-3)
/* It could not be started; g2g_start says why. */
#define G2G_NOT_STARTED (-4)

/* Starts the pipeline; drivers and platform stay in use until it has ended or was stopped. Then it can be started
 * again. Returns 0; G2G_BUSY when one runs; G2G_INVALID for another version of the header, no clock, or too many
 * elements; G2G_UNSUPPORTED when the engine does not start. */
int32_t g2g_start(const g2g_platform* platform, const g2g_element* const* elements, uint32_t count);

/* What g2g_step says when it is to be called again at once, or after other work of the task. */
#define G2G_AGAIN 0

/* Does all that can be done now, for about 2 ms at the most. Returns the time until which there is nothing to do
 * if nobody calls g2g_wake, which may be G2G_FOREVER; G2G_AGAIN; or a g2g_outcome, less than 0, when the pipeline
 * has ended. */
int64_t g2g_step(void);

/* Ends the pipeline at once: drivers are closed. From the task that calls g2g_step, and not from a driver. */
void g2g_stop(void);

/* Runs the pipeline until it ends: g2g_start, and g2g_step with the platform's sleep in turn. */
g2g_outcome g2g_run(const g2g_platform* platform, const g2g_element* const* elements, uint32_t count);

#ifdef __cplusplus
}
#endif

#endif
