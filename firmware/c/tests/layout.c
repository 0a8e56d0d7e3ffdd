/* Sizes, places and codes of g2g.h as C has them, in the order of src/layout.rs. */
#include <stddef.h>

#include "g2g.h"

#define S(type) sizeof(type)
#define F(type, field) offsetof(type, field)

const int32_t g2g_layout_c[] = {
    S(g2g_text), F(g2g_text, bytes), F(g2g_text, length),
    S(g2g_value), F(g2g_value, kind), F(g2g_value, as),
    S(g2g_frame), F(g2g_frame, pad), F(g2g_frame, flags), F(g2g_frame, size), F(g2g_frame, stretches),
    F(g2g_frame, sequence), F(g2g_frame, pts), F(g2g_frame, dts), F(g2g_frame, duration), F(g2g_frame, capture),
    F(g2g_frame, due), F(g2g_frame, running), F(g2g_frame, memory), F(g2g_frame, memory_size), F(g2g_frame, pairs),
    S(g2g_credit), F(g2g_credit, token), F(g2g_credit, pad), F(g2g_credit, block), F(g2g_credit, length),
    S(g2g_event), F(g2g_event, kind), F(g2g_event, pad), F(g2g_event, proportion), F(g2g_event, jitter),
    F(g2g_event, time),
    S(g2g_completion), F(g2g_completion, token), F(g2g_completion, kind), F(g2g_completion, pad),
    F(g2g_completion, result), F(g2g_completion, flags), F(g2g_completion, pts), F(g2g_completion, dts),
    F(g2g_completion, duration), F(g2g_completion, capture),
    S(g2g_driver), F(g2g_driver, factory), F(g2g_driver, open), F(g2g_driver, property), F(g2g_driver, configure),
    F(g2g_driver, frame), F(g2g_driver, credit), F(g2g_driver, drain), F(g2g_driver, flush), F(g2g_driver, event),
    F(g2g_driver, cancel), F(g2g_driver, poll), F(g2g_driver, allowance), F(g2g_driver, close),
    S(g2g_element), F(g2g_element, driver), F(g2g_element, self), F(g2g_element, name),
    S(g2g_block), F(g2g_block, token), F(g2g_block, length), F(g2g_block, bytes), F(g2g_block, time),
    S(g2g_queue), F(g2g_queue, head), F(g2g_queue, tail), F(g2g_queue, slots), F(g2g_queue, blocks),
    S(g2g_platform), F(g2g_platform, interface), F(g2g_platform, self), F(g2g_platform, now), F(g2g_platform, sleep),
    F(g2g_platform, wake), F(g2g_platform, print), F(g2g_platform, random), F(g2g_platform, feed),
    F(g2g_platform, watchdog), F(g2g_platform, cause), F(g2g_platform, stack), F(g2g_platform, stack_size),
    F(g2g_platform, stack_left), F(g2g_platform, panic),
    G2G_NOT_FOUND, G2G_INVALID, G2G_IO, G2G_CANCELLED, G2G_UNSUPPORTED, G2G_BUSY, G2G_TOO_MANY, G2G_BROKEN_PIPE,
    G2G_TIMED_OUT, G2G_NO_MEMORY, G2G_CLOSED, G2G_PENDING,
    G2G_VALUE_INT, G2G_VALUE_TEXT, G2G_VALUE_DOUBLE, G2G_VALUE_BYTES,
    G2G_KEY, G2G_DELTA, G2G_DISCONT, G2G_CORRUPT, G2G_HEADER, G2G_CONTINUED, G2G_MARKER, G2G_GAP, G2G_DROPPABLE,
    G2G_DECODE_ONLY,
    G2G_EVENT_QOS, G2G_EVENT_FORCE_KEY_UNIT,
    G2G_OP_FRAME, G2G_OP_CREDIT, G2G_OP_DRAIN,
    G2G_RESULT, G2G_DATA, G2G_LATENCY, G2G_END,
    G2G_CAUSE_POWER, G2G_CAUSE_PIN, G2G_CAUSE_PROGRAM, G2G_CAUSE_WATCHDOG,
    G2G_EOS, G2G_HALTED, G2G_RESET, G2G_NOT_STARTED,
    G2G_INTERFACE, G2G_MAX_ELEMENTS,
};
