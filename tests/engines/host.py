"""
The host of the vectors (tests/vectors/README.md) around wasmtime: files in memory, time that stands still until it is
waited for, everything done at once.

    host.py CORE JOBS FOLDER

JOBS is what tests/engines/jobs.mjs writes. For each job, FOLDER gets NAME.trace and NAME.FILE for each file written.
"""

import ctypes
import os
import sys
import zlib
from dataclasses import dataclass, field

from wasmtime import Config, Engine, FuncType, Linker, Module, Store, Trap, ValType, WasmtimeError

FILE_READ, FILE_WRITE, ELEMENT = 1, 2, 3
READ, WRITE, SIZE, TRUNCATE, SYNC = 1, 2, 3, 4, 5
QUERY_STATS, QUERY_GRAPH, QUERY_MEMORY, QUERY_RING = 3, 4, 6, 7
NOT_FOUND, DENIED, NO_SPACE, IO, UNSUPPORTED, CLOSED = -1, -2, -5, -7, -9, -15
WAIT_AGAIN, WAIT_COMPLETION, WAIT_FINISHED = 0, -1, -2

START = 1_000_000_000
MAX_STEPS = 200_000
U32 = 0xFFFFFFFF


@dataclass
class File:
    """A file: bytes, what goes wrong with it, and whether it is a stream."""

    data: bytearray = field(default_factory=bytearray)
    #: Bytes that a Read of a stream gives at most, 0 for any number; None for a file that is no stream.
    stream: int = None
    open_fault: int = 0
    read_fault: int = sys.maxsize
    room_fault: int = sys.maxsize
    written: bool = False


@dataclass
class Handle:
    file: File
    reads: bool
    next: int = 0


class Job:
    """What the lines of JOBS say between two runs."""

    def __init__(self):
        self.name = ""
        self.files = {}
        self.actions = []

    def file(self, name):
        return self.files.setdefault(name, File())

    def take(self, key, rest):
        if key == "job":
            self.name = rest
        elif key in ("ceiling", "options", "work"):
            setattr(self, key, int(rest))
        elif key == "line":
            self.line = from_hex(rest)
        elif key == "file":
            name, path = rest.split(" ", 1)
            with open(path, "rb") as f:
                self.file(name).data = bytearray(f.read())
        elif key == "stream":
            name, chunk = rest.split(" ")
            self.file(name).stream = int(chunk)
        elif key == "fault":
            name, what, value = rest.split(" ")
            setattr(self.file(name), f"{what}_fault", int(value))
        elif key == "action":
            kind, number, until, data = rest.split(" ")
            limit = sys.maxsize if until == "-" else START + int(until)
            self.actions.append((kind, int(number), limit, from_hex(data)))
        else:
            raise ValueError(f"no key {key}")


def from_hex(text):
    return b"" if text == "-" else bytes.fromhex(text)


class Run:
    """One run of a job in an instance of its own."""

    def __init__(self, engine, module, job):
        self.job = job
        self.trace = []
        self.handles = {}
        self.last_handle = 0
        self.now = START
        self.ticks = 0
        self.steps = 0
        self.store = Store(engine)
        linker = Linker(engine)
        i32, i64 = ValType.i32(), ValType.i64()
        for name, params, results in (
            ("open", [i32] * 3, [i32]),
            ("submit", [i32, i32, i32, i32, i64, i32], [i32]),
            ("cancel", [i32], []),
            ("close", [i32], []),
            ("retain", [i32], []),
            ("release", [i32], []),
            ("post", [i32] * 3, []),
            ("random", [i32] * 2, []),
            ("tick", [], [i64]),
        ):
            linker.define_func("g2g", name, FuncType(params, results), getattr(self, name))
        instance = linker.instantiate(self.store, module)
        self.exports = instance.exports(self.store)
        self.look()

    def look(self):
        memory = self.exports["memory"]
        size = memory.data_len(self.store)
        address = ctypes.addressof(memory.data_ptr(self.store).contents)
        self.memory = memoryview((ctypes.c_ubyte * size).from_address(address)).cast("B")

    def at(self, ptr, length):
        ptr, length = ptr & U32, length & U32
        if ptr + length > len(self.memory):
            raise ValueError(f"{length} bytes at {ptr} are outside of the memory")
        return self.memory[ptr : ptr + length]

    def get_u32(self, ptr):
        return int.from_bytes(self.at(ptr, 4), "little")

    # What the core calls.

    def open(self, kind, spec, length):
        name = bytes(self.at(spec, length))
        handle = self.open_file(kind, name.decode(errors="replace"))
        self.trace.append(f"open {kind} {name.hex()} -> {handle}")
        return handle

    def open_file(self, kind, name):
        if kind == ELEMENT:
            return NOT_FOUND
        file = self.job.files.get(name)
        if file is None:
            if kind == FILE_READ:
                return NOT_FOUND
            file = self.job.file(name)
        if file.open_fault:
            return file.open_fault
        if kind != FILE_READ:
            file.written = True
        if kind == FILE_WRITE:
            file.data.clear()
        self.last_handle += 1
        self.handles[self.last_handle] = Handle(file, kind == FILE_READ)
        return self.last_handle

    def submit(self, handle, op, ptr, length, aux, token):
        result = self.perform(handle, op, ptr, length & U32, aux)
        self.trace.append(f"submit {handle} {op} {length & U32} {aux} {token & U32} -> {result}")
        return result

    def perform(self, handle, op, ptr, length, aux):
        h = self.handles.get(handle)
        if h is None:
            return CLOSED
        file = h.file
        if op == SIZE:
            size = len(file.data) if file.stream is None else -1
            self.at(ptr, 8)[:] = size.to_bytes(8, "little", signed=True)
            return 0
        if file.stream is not None and aux >= 0 and op in (READ, WRITE):
            return UNSUPPORTED
        if op == READ:
            return self.read(h, ptr, length, aux)
        if op == WRITE:
            return self.write(h, ptr, length, aux)
        if op == TRUNCATE:
            file.data.extend(bytes(max(aux - len(file.data), 0)))
            del file.data[aux:]
            return 0
        return 0 if op == SYNC else UNSUPPORTED

    def read(self, h, ptr, length, aux):
        start = aux if aux >= 0 else h.next
        most = min(length, h.file.stream) if h.file.stream else length
        n = max(min(most, len(h.file.data) - start), 0)
        if aux < 0:
            h.next = start + n
        if start + n > h.file.read_fault:
            return IO
        self.at(ptr, n)[:] = h.file.data[start : start + n]
        return n

    def write(self, h, ptr, pairs, aux):
        if h.reads:
            return DENIED
        parts = []
        for i in range(pairs):
            parts.append(bytes(self.at(self.get_u32(ptr + 8 * i), self.get_u32(ptr + 8 * i + 4))))
        data = b"".join(parts)
        start = aux if aux >= 0 else h.next
        if aux < 0:
            h.next = start + len(data)
        end = start + len(data)
        if end > h.file.room_fault:
            return NO_SPACE
        h.file.data.extend(bytes(max(end - len(h.file.data), 0)))
        h.file.data[start:end] = data
        return len(data)

    def cancel(self, token):
        self.trace.append(f"cancel {token & U32}")

    def close(self, handle):
        self.trace.append(f"close {handle}")
        self.handles.pop(handle, None)

    def retain(self, handle):
        self.trace.append(f"retain {handle}")

    def release(self, handle):
        self.trace.append(f"release {handle}")

    def post(self, kind, ptr, length):
        self.trace.append(f"post {kind} {bytes(self.at(ptr, length)).hex()}")

    def random(self, ptr, length):
        self.at(ptr, length)[:] = bytes((i * 197 + 101) & 255 for i in range(length & U32))
        self.trace.append(f"random {length & U32}")

    def tick(self):
        self.ticks += 1000
        return self.ticks

    # What calls the core.

    def call(self, name, *args):
        return self.exports[name](self.store, *args)

    def call_with(self, name, data, *args):
        """Calls with bytes in the core's memory."""
        ptr = self.call("alloc", len(data))
        self.at(ptr, len(data))[:] = data
        result = self.call(name, *args, ptr, len(data))
        self.call("free", ptr)
        return result

    def step(self):
        wait = self.call("step", self.now, self.job.work)
        self.trace.append(f"step {self.now} {self.job.work} -> {wait}")
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise RuntimeError(f"it goes on after {self.steps} steps")
        return wait

    def settle(self, until):
        """Takes steps until nothing is to be awaited any more, or until a time."""
        while True:
            wait = self.step()
            if wait in (WAIT_FINISHED, WAIT_COMPLETION):
                return
            if wait == WAIT_AGAIN:
                continue
            if wait > until:
                self.now = until
                return
            self.now = max(self.now, wait)

    def ask(self, kind, args=b""):
        p = self.call_with("query", args, kind) if args else self.call("query", kind, 0, 0)
        if -4096 < p < 0:
            self.trace.append(f"query {kind} -> {p} ")
            return
        answer = bytes(self.at(p + 4, self.get_u32(p)))
        self.trace.append(f"query {kind} -> 0 {answer.hex()}")

    def act(self, kind, number, until, data):
        if kind == "state":
            self.trace.append(f"state {number} -> {self.call('set_state', number)}")
        elif kind == "send":
            self.trace.append(f"send {number} -> {self.call_with('event', data, number)}")
        elif kind == "query":
            self.ask(number, data)
            return
        elif kind != "wait":
            raise ValueError(f"no action {kind}")
        self.settle(until)

    def run(self):
        job = self.job
        code = self.call("init", job.ceiling, job.options)
        self.look()
        self.trace.append(f"init {job.ceiling} {job.options} -> {code}")
        if code:
            return
        # A host with operations that take time would need the ring.
        self.call("query", QUERY_RING, 0, 0)
        launched = self.call_with("launch", job.line)
        self.trace.append(f"launch -> {launched}")
        if not launched:
            for action in job.actions:
                self.act(*action)
        for kind in (QUERY_STATS, QUERY_GRAPH, QUERY_MEMORY):
            self.ask(kind)
        self.act("state", 0, sys.maxsize, b"")
        self.trace.append(f"dispose -> {self.call('dispose')}")
        for name, file in sorted(job.files.items()):
            if file.written:
                self.trace.append(f"file {name} {len(file.data)} {zlib.crc32(file.data)}")
        end = len(bytes(self.memory).rstrip(b"\0"))
        self.trace.append(f"memory {end} {zlib.crc32(self.memory[:end])}")


def run_job(engine, module, job, folder):
    run = Run(engine, module, job)
    try:
        run.run()
    except (Trap, WasmtimeError) as error:
        run.trace.append("trap")
        raise RuntimeError(f"{job.name}: {error}") from error
    finally:
        with open(os.path.join(folder, f"{job.name}.trace"), "w", encoding="ascii") as f:
            f.write("\n".join(run.trace) + "\n")
    for name, file in job.files.items():
        if file.written:
            with open(os.path.join(folder, f"{job.name}.{name}"), "wb") as f:
                f.write(file.data)


def main(core, jobs, folder):
    config = Config()
    # Its results are not the same everywhere.
    config.wasm_relaxed_simd = False
    engine = Engine(config)
    module = Module.from_file(engine, core)
    job = Job()
    with open(jobs, encoding="ascii") as lines:
        for line in lines:
            key, _, rest = line.rstrip("\n").partition(" ")
            if key == "run":
                run_job(engine, module, job, folder)
                job = Job()
            else:
                job.take(key, rest)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(f"usage: {sys.argv[0]} CORE JOBS FOLDER")
    main(*sys.argv[1:])
