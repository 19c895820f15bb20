"""The native interpreter: maps the generated code and runs guest instructions in it."""

from __future__ import annotations

import os
import struct

from ..guest import host, stop
from ..guest import native as ctypes
from ..guest.signals import SIGBUS, SIGFPE, SIGSEGV, SIGTRAP
from ..guest.state import OFFSETS, WORD
from ..guest.stop import Stop
from .code_space import CodeSpace
from .image import HEADER_SIZE, unpack_header
from .layout import CODE_SPACE, GUARD, THUMB_TABLE
from .table import CodeTable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..guest.memory import Memory
    from ..guest.state import State
    from .jit import Compiling, Jit
    from .jit_client import Descriptors
    from .reference import Reference
    from .watch import Watch

_ENTRY = OFFSETS["entry"] // 8
_BUDGET = OFFSETS["budget"] // 8
_THUMB_SIDE = THUMB_TABLE - GUARD
_MEMORY = OFFSETS["memory"] // 8
_TABLE = OFFSETS["table"] // 8
_REGIONS = OFFSETS["regions"] // 8
_STOP = WORD["stop"]
_ITSTATE = WORD["itstate"]
_SVC_IT = WORD["svc_it"]
_THUMB = WORD["thumb"]
_BIG_ENDIAN = WORD["big_endian"]
_FAULT_ADDRESS = WORD["fault_address"]
_UNUSUAL = WORD["unusual_left"]

_BIG_ENDIAN_SLICE = 2000  # instructions that the reference engine is given at once
_SA_SIGINFO = 4
_SA_RESTART = 0x10000000


class InterpreterError(Exception):
    """The native interpreter cannot be loaded; the text says why and what to do."""


class NativeCode:
    """The mapped interpreter, one a process: `run(state)` and its signal handler, installed."""

    def __init__(self, path: str) -> None:
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise InterpreterError(f"the native interpreter {path} cannot be opened: {error.strerror}") from error
        try:
            size = os.fstat(fd).st_size
            offsets = unpack_header(os.read(fd, HEADER_SIZE), size)
            if offsets is None:
                raise InterpreterError(f"{path} is not a whole native interpreter; install stinkarm again")
            code = self._map(fd, size)
        finally:
            os.close(fd)
        run, on_fault, decode = (code + HEADER_SIZE + offset for offset in offsets)
        self.path = path
        self.space = CodeSpace(code, size, decode)
        self.run = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(run)
        self._install(on_fault)

    @staticmethod
    def _map(fd: int, size: int) -> int:
        reserve = host.MAP_PRIVATE | host.MAP_ANONYMOUS | host.MAP_NORESERVE
        address = host.mmap(0, CODE_SPACE, host.PROT_NONE, reserve)
        try:
            host.mmap(address, size, host.PROT_READ | host.PROT_EXEC, host.MAP_PRIVATE | host.MAP_FIXED, fd)
        except OSError as error:
            raise InterpreterError(
                f"the native interpreter cannot be mapped executable: {error.strerror}; "
                "is the cache directory on a file system mounted noexec? Set XDG_CACHE_HOME to another"
            ) from None
        return address

    @staticmethod
    def _install(on_fault: int) -> None:
        # struct sigaction of glibc on x86-64: handler, 128 bytes of mask, flags, restorer.
        action = struct.pack("<Q128xi4xQ", on_fault, _SA_SIGINFO | _SA_RESTART, 0)
        libc = ctypes.CDLL(None)
        for number in (SIGSEGV, SIGBUS, SIGFPE, SIGTRAP):
            if libc.sigaction(number, action, None):
                raise InterpreterError(f"the host refuses a handler for signal {number}")


def _advance(itstate: int) -> int:
    """Give ITSTATE after one instruction of the block (DDI0406C A2.5.2 ITAdvance)."""
    return itstate & 0xE0 | itstate << 1 & 0x1F if itstate & 7 else 0


_native: NativeCode | None = None


def native_code() -> NativeCode:
    """Return this process's native code, built first if it is not there."""
    global _native  # noqa: PLW0603 - signal handlers are a process's, so is this
    if _native is None:
        from .store import interpreter_path

        _native = NativeCode(interpreter_path())
    return _native


class Interpreter:
    """Runs guest code of one address space natively. Threads may run at once, each with a State of its own.

    `jit` are the options of compiling hot code, "" for none of it; `v8` is what all threads' `State.v8` is.
    `descriptors` keeps what it opens from the guest, and `watch` is told what it does.
    """

    def __init__(
        self,
        memory: Memory,
        *,
        jit: str = "",
        v8: bool = False,
        descriptors: Descriptors | None = None,
        watch: Watch | None = None,
    ) -> None:
        self.memory = memory
        self.native = native_code()
        self._run = self.native.run
        self.table = CodeTable(memory)
        self._reference: Reference | None = None
        self._regions = self.native.space.regions
        self._broker = -1
        self._configuration: dict[str, Any] = {}  # of workers, if there may be any
        self.jit: Jit | None = self._make_jit(jit, v8, descriptors, watch) if jit else None

    def _make_jit(self, text: str, v8: bool, descriptors: Descriptors | None, watch: Watch | None) -> Jit:
        from .jit import THRESHOLD, Jit
        from .store import region_level
        from .watch import Watch

        watch = watch or Watch()

        options = dict(option.partition("=")[::2] for option in text.split(","))
        space, level, path = self.native.space, region_level(), self.native.path
        images = None
        configuration: dict[str, Any] = {"level": level, "interpreter": path, "cache": "", "dump": watch.kinds}
        if "sync" not in options and "nocache" not in options:
            from .images import Images
            from .store import code_directory, code_key

            configuration |= {"cache": code_directory(), "key": code_key(path, level)}
            images = Images(self.memory, self.table, space, configuration["cache"], configuration["key"], v8, watch)

        if "sync" not in options:
            from .cache import size_limit
            from .store import locks_directory

            configuration |= {"limit": size_limit(), "slots": locks_directory()}
            self._configuration = configuration

        def compiling() -> Compiling:
            if "sync" in options:
                from .jit_sync import Immediately

                return Immediately(self.memory, self.table, configuration, watch.dump)
            from .jit_client import PATIENCE, Background

            return Background(
                *(self.memory, self.table, configuration, descriptors),
                images=images,
                workers=int(options.get("workers", 1)),
                kill_every=int(options.get("kill", 0)),
                broker=self._broker,
                say=watch.say,
                dump=watch.dump,
                patience=0.0 if "hot" in options else PATIENCE,
            )

        return Jit(
            *(self.memory, self.table, space, compiling),
            images=images,
            threshold=int(options.get("hot", THRESHOLD)),
            forget_every=int(options.get("forget", 0)),
            watch=watch,
        )

    def start_broker(self) -> int:
        """Start the process that starts workers; give its socket, or -1 if there are none. May raise SpawnError."""
        if not self._configuration:
            return -1
        from .broker import start
        from .spawn import worker_command

        return start(*worker_command(self._configuration))

    def use_broker(self, descriptor: int) -> None:
        """Have workers started by the process at the other end of a socket."""
        self._broker = descriptor

    def begin_child(self) -> None:
        """Be the copy in a child process."""
        if self.jit is not None:
            self.native.space.begin_child()
            self.jit.begin_child()

    def leave(self) -> None:
        """Let the workers have some more of what is hot, as the program ends."""
        if self.jit is not None:
            self.jit.leave()

    def close(self) -> None:
        """Give the code table back."""
        if self.jit is not None:
            self.jit.close()
        self.table.close()

    def flush(self, start: int, end: int) -> None:
        """Forget translations of guest addresses start..end (cacheflush)."""
        with self.memory.lock:
            self.table.flush(start, end)
            if self.jit is not None:
                self.jit.forget(start, end, cleared=True)

    def run(self, state: State, budget: int) -> Stop:
        """Run at most `budget` (at least 1) instructions from r15 on; say why it stopped."""
        words = state.words
        doubles = state.doubles
        table = self.table.address
        doubles[_MEMORY] = self.memory.base
        doubles[_TABLE] = table
        jit = self.jit
        if not doubles[_REGIONS]:
            doubles[_REGIONS] = self._regions
            if jit is not None:
                jit.prepare(state)
        if jit is not None and jit.waiting:
            jit.tick()
        while True:
            if words[_BIG_ENDIAN]:
                stopped = self._run_big_endian(state, budget)
                budget = state.signed[_BUDGET]
                if words[_BIG_ENDIAN] or stopped.kind != stop.BUDGET or budget <= 0:
                    return stopped
            pc = words[15]
            offset = THUMB_TABLE + (pc >> 1) * 16 if words[_THUMB] else (pc >> 2) * 16
            doubles[_BUDGET] = budget
            doubles[_ENTRY] = table + offset
            self._run(state.address)
            kind = words[_STOP]
            offset = doubles[_ENTRY] - table
            if offset >= _THUMB_SIDE:
                words[_THUMB] = 1
                pc = (offset - THUMB_TABLE) >> 3
                if kind == stop.SYSCALL:  # faster than looking at the next entry, which may be gone
                    if words[_SVC_IT]:
                        words[_ITSTATE] = _advance(words[_SVC_IT])
                elif words[_ITSTATE] == 0 and kind != stop.FETCH:
                    words[_ITSTATE] = self._itstate(doubles[_ENTRY])
            else:
                words[_THUMB] = 0
                pc = offset >> 2
            words[15] = wrapped = pc & 0xFFFFFFFF
            if kind == stop.SYSCALL:
                return Stop(kind, wrapped, detail=words[_STOP + 1])
            budget = state.signed[_BUDGET]
            if kind == stop.HOT:
                if jit is not None:
                    with self.memory.lock:
                        jit.hot(state, wrapped, bool(words[_THUMB]))
            elif kind == stop.BUDGET:
                if budget <= 0:
                    if jit is not None:
                        if not 0 < words[_UNUSUAL] < 1 << 31:
                            jit.unusual(state)
                        with self.memory.lock:
                            jit.poll()
                    return Stop(kind, wrapped)
                # SETEND BE: go on with the other engine.
            elif kind != stop.FETCH or wrapped == pc:
                return self._stopped(state, kind, wrapped)

    def _itstate(self, entry: int) -> int:
        # Nothing is decoded there if the entry has been forgotten, or is on a table page that is not accessible.
        data = self.table.read(entry)
        return data[7] if any(data[:4]) else 0

    @staticmethod
    def _stopped(state: State, kind: int, pc: int) -> Stop:
        words = state.words
        if kind == stop.FETCH:
            return Stop(kind, pc, address=pc, signal=words[WORD["fault_signal"]], code=words[WORD["fault_code"]])
        return Stop(
            kind,
            pc,
            address=words[_FAULT_ADDRESS],
            write=bool(words[WORD["fault_write"]]),
            signal=words[WORD["fault_signal"]],
            code=words[WORD["fault_code"]],
            detail=words[WORD["stop_detail"]],
        )

    def _run_big_endian(self, state: State, budget: int) -> Stop:
        """Run with CPSR.E set, which native handlers do not know, until it is cleared."""
        if self._reference is None:
            from .reference import Reference

            self._reference = Reference(self.memory)
        # It is so slow that a whole slice would keep signals waiting for a minute.
        given = min(budget, _BIG_ENDIAN_SLICE)
        stopped = self._reference.run(state, given, until_little_endian=True)
        state.signed[_BUDGET] += budget - given
        return stopped
