/*
 * The host of the vectors (tests/vectors/README.md) around an engine: files in memory, time that stands still until it
 * is waited for, everything done at once.
 *
 *     host CORE JOBS FOLDER
 *
 * JOBS is what tests/engines/jobs.mjs writes. For each job, FOLDER gets NAME.trace and NAME.FILE for each file written.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"

enum { FILE_READ = 1, FILE_WRITE = 2, ELEMENT = 3 };
enum { READ = 1, WRITE = 2, SIZE = 3, TRUNCATE = 4, SYNC = 5 };
enum { QUERY_STATS = 3, QUERY_GRAPH = 4, QUERY_MEMORY = 6, QUERY_RING = 7 };
enum { NOT_FOUND = -1, DENIED = -2, NO_SPACE = -5, IO = -7, UNSUPPORTED = -9, CLOSED = -15 };
enum { WAIT_AGAIN = 0, WAIT_COMPLETION = -1, WAIT_FINISHED = -2 };

#define START INT64_C(1000000000)
#define MAX_STEPS 200000
#define MAX_FILES 16
#define MAX_HANDLES 64
#define MAX_ACTIONS 32
#define NO_LIMIT INT64_MAX

struct file {
  char name[128];
  uint8_t* data;
  int64_t size;
  int64_t room;
  bool is_stream;
  /* Bytes that a Read of a stream gives at most, 0 for any number. */
  int64_t chunk;
  int open_fault;
  int64_t read_fault;
  int64_t room_fault;
  bool written;
};

struct handle {
  struct file* file;
  bool reads;
  int64_t next;
};

struct action {
  char kind[8];
  int64_t number;
  /* Time until which steps are taken at most. */
  int64_t until;
  uint8_t* data;
  uint32_t length;
};

static struct {
  char name[128];
  uint32_t ceiling;
  uint32_t options;
  uint32_t work;
  uint8_t* line;
  uint32_t line_length;
  struct file files[MAX_FILES];
  int file_count;
  struct action actions[MAX_ACTIONS];
  int action_count;
} job;

static struct handle handles[MAX_HANDLES];
static int handle_count;
static FILE* trace;
static int64_t now;
static int64_t ticks;
static int steps;

void die(const char* format, ...) {
  va_list args;
  va_start(args, format);
  if (job.name[0]) fprintf(stderr, "%s: ", job.name);
  vfprintf(stderr, format, args);
  fputc('\n', stderr);
  va_end(args);
  exit(1);
}

uint8_t* read_file(const char* path, uint32_t* size) {
  FILE* f = fopen(path, "rb");
  if (!f || fseek(f, 0, SEEK_END)) die("%s cannot be read", path);
  long n = ftell(f);
  rewind(f);
  uint8_t* data = malloc(n ? (size_t)n : 1);
  if (!data || fread(data, 1, (size_t)n, f) != (size_t)n) die("%s cannot be read", path);
  fclose(f);
  *size = (uint32_t)n;
  return data;
}

/* Bytes in the core's memory. */
static uint8_t* at(uint32_t ptr, uint32_t length) {
  uint32_t size;
  uint8_t* memory = engine_memory(&size);
  if ((uint64_t)ptr + length > size) die("%" PRIu32 " bytes at %" PRIu32 " are outside of the memory", length, ptr);
  return memory + ptr;
}

static uint32_t get_u32(const uint8_t* p) {
  return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void put_hex(const uint8_t* p, uint32_t n) {
  static const char digits[] = "0123456789abcdef";
  for (uint32_t i = 0; i < n; i++) {
    putc(digits[p[i] >> 4], trace);
    putc(digits[p[i] & 15], trace);
  }
}

/* Eight bytes at a time, with a table for each. */
static uint32_t crc32(const uint8_t* p, size_t n) {
  static uint32_t table[8][256];
  if (!table[0][1]) {
    for (uint32_t i = 0; i < 256; i++) {
      uint32_t c = i;
      for (int k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >> 1) : c >> 1;
      table[0][i] = c;
    }
    for (int t = 1; t < 8; t++)
      for (int i = 0; i < 256; i++) table[t][i] = table[0][table[t - 1][i] & 255] ^ (table[t - 1][i] >> 8);
  }
  uint32_t c = 0xffffffff;
  for (; n >= 8; p += 8, n -= 8) {
    uint32_t a = c ^ get_u32(p), b = get_u32(p + 4);
    c = table[7][a & 255] ^ table[6][a >> 8 & 255] ^ table[5][a >> 16 & 255] ^ table[4][a >> 24] ^
        table[3][b & 255] ^ table[2][b >> 8 & 255] ^ table[1][b >> 16 & 255] ^ table[0][b >> 24];
  }
  for (; n; p++, n--) c = table[0][(c ^ *p) & 255] ^ (c >> 8);
  return ~c;
}

static struct file* find_file(const char* name, bool make) {
  for (int i = 0; i < job.file_count; i++)
    if (!strcmp(job.files[i].name, name)) return &job.files[i];
  if (!make) return NULL;
  if (job.file_count == MAX_FILES || strlen(name) >= sizeof job.files[0].name) die("too many files");
  struct file* f = &job.files[job.file_count++];
  memset(f, 0, sizeof *f);
  strcpy(f->name, name);
  f->read_fault = NO_LIMIT;
  f->room_fault = NO_LIMIT;
  return f;
}

/* Makes a file this long; what is new is zero. */
static void resize(struct file* f, int64_t size) {
  if (size > f->room) {
    int64_t room = 2 * size;
    uint8_t* data = realloc(f->data, (size_t)room);
    if (!data) die("no memory");
    f->data = data;
    f->room = room;
  }
  if (size > f->size) memset(f->data + f->size, 0, (size_t)(size - f->size));
  f->size = size;
}

static int open_file(uint32_t kind, const char* name) {
  if (kind == ELEMENT) return NOT_FOUND;
  struct file* f = find_file(name, kind != FILE_READ);
  if (!f) return NOT_FOUND;
  if (f->open_fault) return f->open_fault;
  if (kind != FILE_READ) f->written = true;
  if (kind == FILE_WRITE) resize(f, 0);
  if (handle_count == MAX_HANDLES) die("too many handles");
  handles[handle_count] = (struct handle){f, kind == FILE_READ, 0};
  return ++handle_count;
}

int32_t host_open(uint32_t kind, uint32_t spec, uint32_t length) {
  char name[128] = {0};
  const uint8_t* p = at(spec, length);
  if (length < sizeof name) memcpy(name, p, length);
  int handle = open_file(kind, name);
  fprintf(trace, "open %" PRIu32 " ", kind);
  put_hex(p, length);
  fprintf(trace, " -> %d\n", handle);
  return handle;
}

static int32_t read_some(struct handle* h, uint8_t* to, uint32_t length, int64_t aux) {
  struct file* f = h->file;
  int64_t from = aux >= 0 ? aux : h->next;
  int64_t n = f->is_stream && f->chunk && f->chunk < length ? f->chunk : length;
  if (n > f->size - from) n = f->size - from;
  if (n < 0) n = 0;
  if (aux < 0) h->next = from + n;
  if (from + n > f->read_fault) return IO;
  if (n) memcpy(to, f->data + from, (size_t)n);
  return (int32_t)n;
}

static int32_t write_all(struct handle* h, uint32_t ptr, uint32_t pairs, int64_t aux) {
  struct file* f = h->file;
  if (h->reads) return DENIED;
  const uint8_t* list = at(ptr, 8 * pairs);
  int64_t size = 0;
  for (uint32_t i = 0; i < pairs; i++) size += get_u32(list + 8 * i + 4);
  int64_t to = aux >= 0 ? aux : h->next;
  if (aux < 0) h->next = to + size;
  if (to + size > f->room_fault) return NO_SPACE;
  if (to + size > f->size) resize(f, to + size);
  for (uint32_t i = 0; i < pairs; i++) {
    uint32_t n = get_u32(list + 8 * i + 4);
    if (n) memcpy(f->data + to, at(get_u32(list + 8 * i), n), n);
    to += n;
  }
  return (int32_t)size;
}

static int32_t perform(int32_t handle, uint32_t op, uint32_t ptr, uint32_t length, int64_t aux) {
  if (handle < 1 || handle > handle_count || !handles[handle - 1].file) return CLOSED;
  struct handle* h = &handles[handle - 1];
  struct file* f = h->file;
  if (op == SIZE) {
    int64_t size = f->is_stream ? -1 : f->size;
    uint8_t* p = at(ptr, 8);
    for (int i = 0; i < 8; i++) p[i] = (uint8_t)((uint64_t)size >> 8 * i);
    return 0;
  }
  if (f->is_stream && aux >= 0 && (op == READ || op == WRITE)) return UNSUPPORTED;
  switch (op) {
    case READ:
      return read_some(h, at(ptr, length), length, aux);
    case WRITE:
      return write_all(h, ptr, length, aux);
    case TRUNCATE:
      resize(f, aux);
      return 0;
    case SYNC:
      return 0;
    default:
      return UNSUPPORTED;
  }
}

int32_t host_submit(int32_t handle, uint32_t op, uint32_t ptr, uint32_t length, int64_t aux, uint32_t token) {
  int32_t result = perform(handle, op, ptr, length, aux);
  fprintf(trace, "submit %" PRId32 " %" PRIu32 " %" PRIu32 " %" PRId64 " %" PRIu32 " -> %" PRId32 "\n", handle, op,
          length, aux, token, result);
  return result;
}

void host_cancel(uint32_t token) {
  fprintf(trace, "cancel %" PRIu32 "\n", token);
}

void host_close(int32_t handle) {
  fprintf(trace, "close %" PRId32 "\n", handle);
  if (handle >= 1 && handle <= handle_count) handles[handle - 1].file = NULL;
}

void host_retain(int32_t handle) {
  fprintf(trace, "retain %" PRId32 "\n", handle);
}

void host_release(int32_t handle) {
  fprintf(trace, "release %" PRId32 "\n", handle);
}

void host_post(uint32_t kind, uint32_t ptr, uint32_t length) {
  fprintf(trace, "post %" PRIu32 " ", kind);
  put_hex(at(ptr, length), length);
  putc('\n', trace);
}

void host_random(uint32_t ptr, uint32_t length) {
  uint8_t* p = at(ptr, length);
  for (uint32_t i = 0; i < length; i++) p[i] = (uint8_t)(i * 197 + 101);
  fprintf(trace, "random %" PRIu32 "\n", length);
}

int64_t host_tick(void) {
  return ticks += 1000;
}

/* Calls an export. A trap ends the process: the trace says so. */
static uint64_t call(enum export function, int count, ...) {
  uint64_t args[4] = {0};
  va_list list;
  va_start(list, count);
  for (int i = 0; i < count; i++) args[i] = va_arg(list, uint64_t);
  va_end(list);
  uint64_t result;
  const char* trap = engine_call(function, args, count, &result);
  if (trap) {
    fprintf(trace, "trap\n");
    fclose(trace);
    die("trap: %s", trap);
  }
  return result;
}

/* Calls with bytes in the core's memory. */
static int32_t call_with(enum export function, int64_t number, const uint8_t* data, uint32_t length) {
  uint32_t ptr = (uint32_t)call(ALLOC, 1, (uint64_t)length);
  memcpy(at(ptr, length), data, length);
  int32_t result = (int32_t)(number < 0 ? call(function, 2, (uint64_t)ptr, (uint64_t)length)
                                        : call(function, 3, (uint64_t)number, (uint64_t)ptr, (uint64_t)length));
  call(FREE, 1, (uint64_t)ptr);
  return result;
}

static int64_t step(void) {
  int64_t wait = (int64_t)call(STEP, 2, (uint64_t)now, (uint64_t)job.work);
  fprintf(trace, "step %" PRId64 " %" PRIu32 " -> %" PRId64 "\n", now, job.work, wait);
  if (++steps > MAX_STEPS) die("it goes on after %d steps", steps);
  return wait;
}

/* Takes steps until nothing is to be awaited any more, or until a time. */
static void settle(int64_t until) {
  for (;;) {
    int64_t wait = step();
    if (wait == WAIT_FINISHED || wait == WAIT_COMPLETION) return;
    if (wait == WAIT_AGAIN) continue;
    if (wait > until) {
      now = until;
      return;
    }
    if (wait > now) now = wait;
  }
}

static void ask(int64_t kind, const uint8_t* args, uint32_t length) {
  int32_t p = length ? call_with(QUERY, kind, args, length) : (int32_t)call(QUERY, 3, (uint64_t)kind, (uint64_t)0, (uint64_t)0);
  bool failed = p < 0 && p > -4096;
  fprintf(trace, "query %" PRId64 " -> %" PRId32 " ", kind, failed ? p : 0);
  if (!failed) {
    uint32_t n = get_u32(at((uint32_t)p, 4));
    put_hex(at((uint32_t)p + 4, n), n);
  }
  putc('\n', trace);
}

static void set_state(int64_t state) {
  fprintf(trace, "state %" PRId64 " -> %" PRId32 "\n", state, (int32_t)call(SET_STATE, 1, (uint64_t)state));
}

static void act(const struct action* a) {
  if (!strcmp(a->kind, "query")) {
    ask(a->number, a->data, a->length);
    return;
  }
  if (!strcmp(a->kind, "state")) set_state(a->number);
  else if (!strcmp(a->kind, "send"))
    fprintf(trace, "send %" PRId64 " -> %" PRId32 "\n", a->number, call_with(EVENT, a->number, a->data, a->length));
  else if (strcmp(a->kind, "wait")) die("no action %s", a->kind);
  settle(a->until);
}

static FILE* create(const char* folder, const char* suffix) {
  char path[1024];
  snprintf(path, sizeof path, "%s/%s.%s", folder, job.name, suffix);
  FILE* f = fopen(path, "wb");
  if (!f) die("%s cannot be written", path);
  return f;
}

static int by_name(const void* a, const void* b) {
  return strcmp(((const struct file*)a)->name, ((const struct file*)b)->name);
}

static void report_files(const char* folder) {
  qsort(job.files, (size_t)job.file_count, sizeof job.files[0], by_name);
  for (int i = 0; i < job.file_count; i++) {
    struct file* f = &job.files[i];
    if (!f->written) continue;
    fprintf(trace, "file %s %" PRId64 " %" PRIu32 "\n", f->name, f->size, crc32(f->data, (size_t)f->size));
    FILE* out = create(folder, f->name);
    if (f->size && fwrite(f->data, 1, (size_t)f->size, out) != (size_t)f->size) die("%s cannot be written", f->name);
    if (fclose(out)) die("%s cannot be written", f->name);
  }
}

static void report_memory(void) {
  uint32_t end;
  const uint8_t* memory = engine_memory(&end);
  while (end && !memory[end - 1]) end--;
  fprintf(trace, "memory %" PRIu32 " %" PRIu32 "\n", end, crc32(memory, end));
}

static void run(const char* folder) {
  trace = create(folder, "trace");
  now = START;
  ticks = 0;
  steps = 0;
  handle_count = 0;
  engine_start();
  int32_t code = (int32_t)call(INIT, 2, (uint64_t)job.ceiling, (uint64_t)job.options);
  fprintf(trace, "init %" PRIu32 " %" PRIu32 " -> %" PRId32 "\n", job.ceiling, job.options, code);
  if (!code) {
    /* A host with operations that take time would need the ring. */
    call(QUERY, 3, (uint64_t)QUERY_RING, (uint64_t)0, (uint64_t)0);
    int32_t launched = call_with(LAUNCH, -1, job.line, job.line_length);
    fprintf(trace, "launch -> %" PRId32 "\n", launched);
    for (int i = 0; !launched && i < job.action_count; i++) act(&job.actions[i]);
    ask(QUERY_STATS, NULL, 0);
    ask(QUERY_GRAPH, NULL, 0);
    ask(QUERY_MEMORY, NULL, 0);
    set_state(0);
    settle(NO_LIMIT);
    fprintf(trace, "dispose -> %" PRId32 "\n", (int32_t)call(DISPOSE, 0));
    report_files(folder);
    report_memory();
  }
  engine_stop();
  if (fclose(trace)) die("the trace cannot be written");
}

/* Bytes of a text of hexadecimal digits, "-" for none. */
static uint8_t* from_hex(const char* text, uint32_t* length) {
  size_t n = strcmp(text, "-") ? strlen(text) / 2 : 0;
  uint8_t* out = malloc(n ? n : 1);
  if (!out) die("no memory");
  for (size_t i = 0; i < n; i++) {
    char two[3] = {text[2 * i], text[2 * i + 1], 0};
    out[i] = (uint8_t)strtoul(two, NULL, 16);
  }
  *length = (uint32_t)n;
  return out;
}

static void forget_job(void) {
  for (int i = 0; i < job.file_count; i++) free(job.files[i].data);
  for (int i = 0; i < job.action_count; i++) free(job.actions[i].data);
  free(job.line);
  memset(&job, 0, sizeof job);
}

/* The next word of a line, which is cut there; what is left for the last one. */
static char* word(char** rest) {
  char* w = strsep(rest, " ");
  if (!w) die("a line of the jobs is too short");
  return w;
}

static void read_line(char* text, const char* folder) {
  char* rest = text;
  char* key = word(&rest);
  if (!strcmp(key, "job")) {
    if (strlen(rest) >= sizeof job.name) die("a name is too long");
    strcpy(job.name, rest);
  } else if (!strcmp(key, "ceiling")) job.ceiling = (uint32_t)strtoul(rest, NULL, 10);
  else if (!strcmp(key, "options")) job.options = (uint32_t)strtoul(rest, NULL, 10);
  else if (!strcmp(key, "work")) job.work = (uint32_t)strtoul(rest, NULL, 10);
  else if (!strcmp(key, "line")) job.line = from_hex(rest, &job.line_length);
  else if (!strcmp(key, "file")) {
    struct file* f = find_file(word(&rest), true);
    uint32_t size;
    f->data = read_file(rest, &size);
    f->size = size;
    f->room = size;
  } else if (!strcmp(key, "stream")) {
    struct file* f = find_file(word(&rest), true);
    f->is_stream = true;
    f->chunk = strtoll(rest, NULL, 10);
  } else if (!strcmp(key, "fault")) {
    struct file* f = find_file(word(&rest), true);
    char* what = word(&rest);
    int64_t value = strtoll(rest, NULL, 10);
    if (!strcmp(what, "open")) f->open_fault = (int)value;
    else if (!strcmp(what, "read")) f->read_fault = value;
    else if (!strcmp(what, "room")) f->room_fault = value;
    else die("no fault %s", what);
  } else if (!strcmp(key, "action")) {
    if (job.action_count == MAX_ACTIONS) die("too many actions");
    struct action* a = &job.actions[job.action_count++];
    snprintf(a->kind, sizeof a->kind, "%s", word(&rest));
    a->number = strtoll(word(&rest), NULL, 10);
    const char* until = word(&rest);
    a->until = strcmp(until, "-") ? START + strtoll(until, NULL, 10) : NO_LIMIT;
    a->data = from_hex(rest, &a->length);
  } else if (!strcmp(key, "run")) {
    run(folder);
    forget_job();
  } else die("no key %s", key);
}

int main(int argc, char** argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: %s CORE JOBS FOLDER\n", argv[0]);
    return 2;
  }
  engine_load(argv[1]);
  FILE* jobs = fopen(argv[2], "r");
  if (!jobs) die("%s cannot be read", argv[2]);
  char* text = NULL;
  size_t room = 0;
  for (ssize_t n; (n = getline(&text, &room, jobs)) > 0;) {
    if (text[n - 1] == '\n') text[n - 1] = 0;
    read_line(text, argv[3]);
  }
  free(text);
  fclose(jobs);
  return 0;
}
