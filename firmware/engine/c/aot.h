/*
 * What the C of a core needs to run: the C is wasm2c's, rewritten by firmware/tool/aot.ts.
 *
 * There is one instance. Its memory is one array of G2G_SIZE bytes, a constant, so that a check is one compare and nothing is
 * added in 64 bits. A trap leaves by g2g_trap and ends the instance. Where memory may grow, G2G_SIZE is a variable, and the array
 * has G2G_ROOM bytes.
 *
 * G2G_CHECKED 1: every access is checked. 0: only calls are; a fault of the core may then write anywhere.
 * G2G_BASE    how the array is named: G2G_BASE_SYMBOL by its address each time, G2G_BASE_LOCAL by a register that each function
 *             loads.
 */
#ifndef G2G_AOT_H
#define G2G_AOT_H

#include "trap.h"

#define G2G_BASE_SYMBOL 0
#define G2G_BASE_LOCAL 1

#ifndef G2G_BASE
/* A processor with few registers has none to spare for it. */
#if defined(__ARM_ARCH_6M__) || defined(__ARM_ARCH_8M_BASE__)
#define G2G_BASE G2G_BASE_SYMBOL
#else
#define G2G_BASE G2G_BASE_LOCAL
#endif
#endif

#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define LIKELY(x) __builtin_expect(!!(x), 1)
/* On functions that have no loop over memory of their own: they are compiled for size. */
#ifndef G2G_COLD
#define G2G_COLD __attribute__((cold))
#endif
#define ALWAYS static inline __attribute__((always_inline))

typedef uint8_t u8;
typedef int8_t s8;
typedef uint16_t u16;
typedef int16_t s16;
typedef uint32_t u32;
typedef int32_t s32;
typedef uint64_t u64;
typedef int64_t s64;
typedef float f32;
typedef double f64;

/* Names that the generated code may use of <math.h>. */
#define isnan __builtin_isnan
#define signbit __builtin_signbit
#define NAN __builtin_nanf("")
#define INFINITY __builtin_inff()
#define copysign __builtin_copysign
#define copysignf __builtin_copysignf

/* Imports: no address of the module is known to them but what they ask g2g_memory for. */
u32 g2g_import_open(u32 kind, u32 spec, u32 length);
u32 g2g_import_submit(u32 handle, u32 op, u32 ptr, u32 length, u64 aux, u32 token);
void g2g_import_cancel(u32 token);
void g2g_import_close(u32 handle);
void g2g_import_retain(u32 handle);
void g2g_import_release(u32 handle);
void g2g_import_post(u32 kind, u32 ptr, u32 length);
void g2g_import_random(u32 ptr, u32 length);
u64 g2g_import_tick(void);

#define TRAP(x) (g2g_trap(G2G_TRAP_##x), 0)
#define UNREACHABLE (g2g_trap(G2G_TRAP_UNREACHABLE))

/* Functions that may call themselves look at the stack; all others need no more than a fixed piece of it. */
#define G2G_RECURSIVE \
  if (UNLIKELY((uintptr_t)__builtin_frame_address(0) < g2g_stack_limit)) g2g_trap(G2G_TRAP_STACK);

/* ---- memory ---- */

/* Sixteen bytes are the most that anything in it is aligned to, and a cache line is what DMA wants. */
extern u8 G2G_MEMORY[G2G_ROOM + G2G_SLACK];

#if G2G_BASE == G2G_BASE_LOCAL
/* The compiler does not see what is in the register, so that it keeps it there and puts a field's offset into the load. */
ALWAYS u8* g2g_base(void) {
  u8* base = G2G_MEMORY;
  __asm__("" : "+r"(base));
  return base;
}
#define G2G_FUNCTION u8* const base = g2g_base();
#else
#define G2G_FUNCTION
#define base G2G_MEMORY
#endif

/*
 * Ends the instance unless `width` bytes at address + offset lie in the memory; offset and width are constants. An access that
 * ends within G2G_SLACK bytes of its address may begin anywhere in the memory: what it touches behind the end is slack. So all
 * fields of a record have the same condition, which the compiler then looks at once.
 */
#define G2G_END(offset, width) ((u64)(offset) + (width))
#define G2G_LAST(offset, width)                           \
  (u32)(G2G_END(offset, width) <= G2G_SLACK  ? G2G_SIZE - 1 \
        : G2G_END(offset, width) <= G2G_SIZE ? G2G_SIZE - G2G_END(offset, width) \
                                             : 0)
#if G2G_CHECKED
#define CHECK(address, offset, width)                                                                       \
  if (UNLIKELY((address) > G2G_LAST(offset, width) || (G2G_END(offset, width) > G2G_SLACK && G2G_END(offset, width) > G2G_SIZE))) \
  g2g_trap_memory()
#else
#define CHECK(address, offset, width) ((void)0)
#endif

typedef u16 __attribute__((aligned(1), may_alias)) any_u16;
typedef u32 __attribute__((aligned(1), may_alias)) any_u32;
typedef u64 __attribute__((aligned(1), may_alias)) any_u64;

#if defined(__arm__) && !defined(__ARM_FEATURE_UNALIGNED)
/* The core's fields are aligned, its media need not be: four loads of bytes where one would do are what this saves. */
typedef u16 __attribute__((may_alias)) even_u16;
typedef u32 __attribute__((may_alias)) even_u32;

static __attribute__((noinline)) u32 load_odd(const u8* p) {
  return *(const any_u32*)p;
}
static __attribute__((noinline)) void store_odd(u8* p, u32 v) {
  *(any_u32*)p = v;
}
ALWAYS u16 load_u16(const u8* p) {
  return (uintptr_t)p & 1 ? *(const any_u16*)p : *(const even_u16*)p;
}
ALWAYS u32 load_u32(const u8* p) {
  return UNLIKELY((uintptr_t)p & 3) ? load_odd(p) : *(const even_u32*)p;
}
ALWAYS void store_u16(u8* p, u16 v) {
  if ((uintptr_t)p & 1) *(any_u16*)p = v;
  else *(even_u16*)p = v;
}
ALWAYS void store_u32(u8* p, u32 v) {
  if (UNLIKELY((uintptr_t)p & 3)) store_odd(p, v);
  else *(even_u32*)p = v;
}
ALWAYS u64 load_u64(const u8* p) {
  return load_u32(p) | (u64)load_u32(p + 4) << 32;
}
ALWAYS void store_u64(u8* p, u64 v) {
  store_u32(p, (u32)v);
  store_u32(p + 4, (u32)(v >> 32));
}
#else
ALWAYS u16 load_u16(const u8* p) {
  return *(const any_u16*)p;
}
ALWAYS u32 load_u32(const u8* p) {
  return *(const any_u32*)p;
}
ALWAYS u64 load_u64(const u8* p) {
  return *(const any_u64*)p;
}
ALWAYS void store_u16(u8* p, u16 v) {
  *(any_u16*)p = v;
}
ALWAYS void store_u32(u8* p, u32 v) {
  *(any_u32*)p = v;
}
ALWAYS void store_u64(u8* p, u64 v) {
  *(any_u64*)p = v;
}
#endif

ALWAYS u8 load_u8(const u8* p) {
  return *p;
}
ALWAYS void store_u8(u8* p, u8 v) {
  *p = v;
}

/*
 * Where an access goes: to a field of a record at the address, so that its offset stays in the instruction. The sum of an
 * address and an offset is something that the compiler works out beforehand, and keeps. Records are short; offsets may be any.
 */
#define G2G_RECORD 4096u
#define FIELD(t, a, k)                                                                                      \
  ((void*)&((struct { u8 before[(k) < G2G_RECORD ? (k) : 0]; t field; } __attribute__((packed, may_alias))*)( \
                base + (a) + ((k) < G2G_RECORD ? 0 : (k))))                                                  \
       ->field)
#define LOAD(t, a, k) load_##t(FIELD(t, a, k))
#define STORE(t, a, k, v) store_##t(FIELD(t, a, k), (t)(v))

#define DEFINE_REINTERPRET(name, from, to)        \
  ALWAYS to name(from x) {                        \
    to result;                                    \
    __builtin_memcpy(&result, &x, sizeof result); \
    return result;                                \
  }

DEFINE_REINTERPRET(f32_reinterpret_i32, u32, f32)
DEFINE_REINTERPRET(i32_reinterpret_f32, f32, u32)
DEFINE_REINTERPRET(f64_reinterpret_i64, u64, f64)
DEFINE_REINTERPRET(i64_reinterpret_f64, f64, u64)

/* The accesses of WebAssembly, already checked: an address in the memory, a constant offset, a variable to store. */
#define i32_load(a, k) LOAD(u32, a, k)
#define i64_load(a, k) LOAD(u64, a, k)
#define f32_load(a, k) f32_reinterpret_i32(LOAD(u32, a, k))
#define f64_load(a, k) f64_reinterpret_i64(LOAD(u64, a, k))
#define i32_load8_s(a, k) ((u32)(s32)(s8)LOAD(u8, a, k))
#define i32_load8_u(a, k) ((u32)LOAD(u8, a, k))
#define i32_load16_s(a, k) ((u32)(s32)(s16)LOAD(u16, a, k))
#define i32_load16_u(a, k) ((u32)LOAD(u16, a, k))
#define i64_load8_s(a, k) ((u64)(s64)(s8)LOAD(u8, a, k))
#define i64_load8_u(a, k) ((u64)LOAD(u8, a, k))
#define i64_load16_s(a, k) ((u64)(s64)(s16)LOAD(u16, a, k))
#define i64_load16_u(a, k) ((u64)LOAD(u16, a, k))
#define i64_load32_s(a, k) ((u64)(s64)(s32)LOAD(u32, a, k))
#define i64_load32_u(a, k) ((u64)LOAD(u32, a, k))
#define i32_store(a, k, v) STORE(u32, a, k, v)
#define i64_store(a, k, v) STORE(u64, a, k, v)
#define f32_store(a, k, v) STORE(u32, a, k, i32_reinterpret_f32(v))
#define f64_store(a, k, v) STORE(u64, a, k, i64_reinterpret_f64(v))
#define i32_store8(a, k, v) STORE(u8, a, k, v)
#define i32_store16(a, k, v) STORE(u16, a, k, v)
#define i64_store8(a, k, v) STORE(u8, a, k, v)
#define i64_store16(a, k, v) STORE(u16, a, k, v)
#define i64_store32(a, k, v) STORE(u32, a, k, v)

/* One check each: the ends cannot overflow since a length that is in bounds is below the size. */
static __attribute__((unused)) void memory_fill(u32 to, u32 value, u32 n) {
#if G2G_CHECKED
  if (UNLIKELY(n > G2G_SIZE || to > G2G_SIZE - n)) g2g_trap_memory();
#endif
  __builtin_memset(G2G_MEMORY + to, (int)(value & 255), n);
}

static __attribute__((unused)) void memory_copy(u32 to, u32 from, u32 n) {
#if G2G_CHECKED
  if (UNLIKELY(n > G2G_SIZE || to > G2G_SIZE - n || from > G2G_SIZE - n)) g2g_trap_memory();
#endif
  __builtin_memmove(G2G_MEMORY + to, G2G_MEMORY + from, n);
}

/* For memory that may grow: the pages before, or -1 where there are no more. What is added was never written. */
#define g2g_grow(n) \
  ((n) > (G2G_ROOM - G2G_SIZE) / 65536 ? 0xffffffffu : (G2G_SIZE += (n) * 65536, G2G_SIZE / 65536 - (n)))

/* ---- calls through the table ---- */

typedef void (*g2g_function)(void);

/* Types are small numbers, equal for equal signatures; 0 stands where the table is empty. */
#define CALL_INDIRECT(type, signature, i, ...)                                                    \
  ((UNLIKELY((i) >= G2G_TABLE || g2g_types[i] != (type)) ? (void)g2g_trap(G2G_TRAP_INDIRECT) : (void)0), \
   ((signature)g2g_table[i])(__VA_ARGS__))

/* ---- numbers ---- */

#define I32_CLZ(x) ((x) ? (u32)__builtin_clz(x) : 32u)
#define I64_CLZ(x) ((x) ? (u64)__builtin_clzll(x) : 64u)

#if defined(__arm__)
/* By way of clz, which every core has as an instruction or in its library. */
ALWAYS u32 I32_CTZ(u32 x) {
  return x ? 31u - (u32)__builtin_clz(x & -x) : 32u;
}
ALWAYS u64 I64_CTZ(u64 x) {
  return (u32)x ? I32_CTZ((u32)x) : 32u + I32_CTZ((u32)(x >> 32));
}
#else
#define I32_CTZ(x) ((x) ? (u32)__builtin_ctz(x) : 32u)
#define I64_CTZ(x) ((x) ? (u64)__builtin_ctzll(x) : 64u)
#endif

static __attribute__((unused)) u32 I32_POPCNT(u32 x) {
  x -= (x >> 1) & 0x55555555u;
  x = (x & 0x33333333u) + ((x >> 2) & 0x33333333u);
  return (((x + (x >> 4)) & 0x0f0f0f0fu) * 0x01010101u) >> 24;
}
static __attribute__((unused)) u64 I64_POPCNT(u64 x) {
  return I32_POPCNT((u32)x) + I32_POPCNT((u32)(x >> 32));
}

#define DIVIDE(t, ut, least, op, overflow, x, y)                  \
  (UNLIKELY((y) == 0) ? (ut)TRAP(DIVIDE)                          \
   : UNLIKELY((t)(x) == (least) && (t)(y) == -1) ? (ut)(overflow) \
                                                 : (ut)((t)(x)op(t)(y)))
#define I32_DIV_S(x, y) DIVIDE(s32, u32, INT32_MIN, /, TRAP(OVERFLOW), x, y)
#define I64_DIV_S(x, y) DIVIDE(s64, u64, INT64_MIN, /, TRAP(OVERFLOW), x, y)
#define I32_REM_S(x, y) DIVIDE(s32, u32, INT32_MIN, %, 0, x, y)
#define I64_REM_S(x, y) DIVIDE(s64, u64, INT64_MIN, %, 0, x, y)
#define DIV_U(x, y) (UNLIKELY((y) == 0) ? TRAP(DIVIDE) : (x) / (y))
#define REM_U(x, y) (UNLIKELY((y) == 0) ? TRAP(DIVIDE) : (x) % (y))

#define I32_ROTL(x, y) ((x) << ((y) & 31) | (x) >> (-(y) & 31))
#define I32_ROTR(x, y) ((x) >> ((y) & 31) | (x) << (-(y) & 31))
#define I64_ROTL(x, y) ((x) << ((y) & 63) | (x) >> (-(y) & 63))
#define I64_ROTR(x, y) ((x) >> ((y) & 63) | (x) << (-(y) & 63))

/* Of zeros with different signs the negative one is less. */
#define FMIN(x, y) \
  (isnan(x) || isnan(y) ? NAN : (x) == 0 && (y) == 0 ? (signbit(x) ? (x) : (y)) : (x) < (y) ? (x) : (y))
#define FMAX(x, y) \
  (isnan(x) || isnan(y) ? NAN : (x) == 0 && (y) == 0 ? (signbit(x) ? (y) : (x)) : (x) > (y) ? (x) : (y))

/* A float that has a whole number in (above, below), or >= least. */
#define TRUNC(ut, t, inside, x) (isnan(x) ? (ut)TRAP(CONVERSION) : !(inside) ? (ut)TRAP(OVERFLOW) : (ut)(t)(x))
#define I32_TRUNC_S_F32(x) TRUNC(u32, s32, (x) >= -0x1p31f && (x) < 0x1p31f, x)
#define I64_TRUNC_S_F32(x) TRUNC(u64, s64, (x) >= -0x1p63f && (x) < 0x1p63f, x)
#define I32_TRUNC_S_F64(x) TRUNC(u32, s32, (x) > -0x1.00000002p31 && (x) < 0x1p31, x)
#define I64_TRUNC_S_F64(x) TRUNC(u64, s64, (x) >= -0x1p63 && (x) < 0x1p63, x)
#define I32_TRUNC_U_F32(x) TRUNC(u32, u32, (x) > -1.0f && (x) < 0x1p32f, x)
#define I64_TRUNC_U_F32(x) TRUNC(u64, u64, (x) > -1.0f && (x) < 0x1p64f, x)
#define I32_TRUNC_U_F64(x) TRUNC(u32, u32, (x) > -1.0 && (x) < 0x1p32, x)
#define I64_TRUNC_U_F64(x) TRUNC(u64, u64, (x) > -1.0 && (x) < 0x1p64, x)

#define TRUNC_SAT(ut, t, above, least, below, most, x) \
  (isnan(x) ? (ut)0 : !((x)above) ? (ut)(least) : !((x) < (below)) ? (ut)(most) : (ut)(t)(x))
#define I32_TRUNC_SAT_S_F32(x) TRUNC_SAT(u32, s32, >= -0x1p31f, INT32_MIN, 0x1p31f, INT32_MAX, x)
#define I64_TRUNC_SAT_S_F32(x) TRUNC_SAT(u64, s64, >= -0x1p63f, INT64_MIN, 0x1p63f, INT64_MAX, x)
#define I32_TRUNC_SAT_S_F64(x) TRUNC_SAT(u32, s32, > -0x1.00000002p31, INT32_MIN, 0x1p31, INT32_MAX, x)
#define I64_TRUNC_SAT_S_F64(x) TRUNC_SAT(u64, s64, >= -0x1p63, INT64_MIN, 0x1p63, INT64_MAX, x)
#define I32_TRUNC_SAT_U_F32(x) TRUNC_SAT(u32, u32, > -1.0f, 0, 0x1p32f, UINT32_MAX, x)
#define I64_TRUNC_SAT_U_F32(x) TRUNC_SAT(u64, u64, > -1.0f, 0, 0x1p64f, UINT64_MAX, x)
#define I32_TRUNC_SAT_U_F64(x) TRUNC_SAT(u32, u32, > -1.0, 0, 0x1p32, UINT32_MAX, x)
#define I64_TRUNC_SAT_U_F64(x) TRUNC_SAT(u64, u64, > -1.0, 0, 0x1p64, UINT64_MAX, x)

/* A signalling NaN that an operation gets comes out quiet; the sign alone may be changed of any. */
ALWAYS f32 wasm_quietf(f32 x) {
  return isnan(x) ? f32_reinterpret_i32(i32_reinterpret_f32(x) | 0x00400000u) : x;
}
ALWAYS f64 wasm_quiet(f64 x) {
  return isnan(x) ? f64_reinterpret_i64(i64_reinterpret_f64(x) | 0x0008000000000000ull) : x;
}
ALWAYS f32 wasm_fabsf(f32 x) {
  return f32_reinterpret_i32(i32_reinterpret_f32(x) & 0x7fffffffu);
}
ALWAYS f64 wasm_fabs(f64 x) {
  return f64_reinterpret_i64(i64_reinterpret_f64(x) & 0x7fffffffffffffffull);
}

/* Adding and taking away 2^23 or 2^52 leaves the nearest whole number, ties to even. */
static __attribute__((unused)) f32 wasm_nearbyintf(f32 x) {
  if (!(wasm_fabsf(x) < 0x1p23f)) return wasm_quietf(x);
  volatile f32 y = copysignf(0x1p23f, x);
  f32 sum = x + y;
  return copysignf(sum - y, x);
}
static __attribute__((unused)) f64 wasm_nearbyint(f64 x) {
  if (!(wasm_fabs(x) < 0x1p52)) return wasm_quiet(x);
  volatile f64 y = copysign(0x1p52, x);
  f64 sum = x + y;
  return copysign(sum - y, x);
}
static __attribute__((unused)) f32 wasm_truncf(f32 x) {
  return wasm_fabsf(x) < 0x1p23f ? copysignf((f32)(s32)x, x) : wasm_quietf(x);
}
static __attribute__((unused)) f64 wasm_trunc(f64 x) {
  return wasm_fabs(x) < 0x1p52 ? copysign((f64)(s64)x, x) : wasm_quiet(x);
}
static __attribute__((unused)) f32 wasm_floorf(f32 x) {
  f32 whole = wasm_truncf(x);
  return whole > x ? whole - 1.0f : whole;
}
static __attribute__((unused)) f64 wasm_floor(f64 x) {
  f64 whole = wasm_trunc(x);
  return whole > x ? whole - 1.0 : whole;
}
static __attribute__((unused)) f32 wasm_ceilf(f32 x) {
  f32 whole = wasm_truncf(x);
  return whole < x ? copysignf(whole + 1.0f, x) : whole;
}
static __attribute__((unused)) f64 wasm_ceil(f64 x) {
  f64 whole = wasm_trunc(x);
  return whole < x ? copysign(whole + 1.0, x) : whole;
}
#define wasm_sqrtf(x) wasm_quietf(__builtin_sqrtf(x))
#define wasm_sqrt(x) wasm_quiet(__builtin_sqrt(x))

#endif
