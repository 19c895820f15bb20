"""Hot code at native speed: ask for regions, publish them, forget them.

Branches count down hashed counters in the state block (emit.py). When one is spent, `Interpreter.run` hands its target
to `Jit.hot`, which has a region compiled and writes it into the code table: the entry's handler is then the region.
Whatever makes the interpreter forget code forgets regions of it too.
"""

from __future__ import annotations

from ..guest import host
from ..guest import native as ctypes
from ..guest.state import HOT_COUNTERS, OFFSETS
from .layout import ENTRY_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from ..guest.memory import Memory
    from ..guest.state import State
    from .code_space import CodeSpace
    from .table import CodeTable

    class Compiling(Protocol):
        """Who compiles: gives pieces back from `poll`, now or later."""

        def request(self, entries: list[int], thumb: bool, v8: bool) -> None: ...

        def poll(self) -> list[Any]: ...

        def close(self) -> None: ...


HOT = OFFSETS["hot"] // 4
PAGE = 4096

# Branches to a place before it is compiled, and before it is looked at again while it is being compiled.
THRESHOLD = 400
WAITING = 20_000
NEVER = 0x7FFFFFFF


class Region:
    """A published region: entries (address, instruction set), handler offset, and the guest code it was made of."""

    __slots__ = ("entries", "offset", "ranges", "thumb")

    def __init__(self, entries: list[int], thumb: bool, offset: int, ranges: list[tuple[int, int]]) -> None:
        self.entries = entries
        self.thumb = thumb
        self.offset = offset
        self.ranges = ranges


class Jit:
    """The regions of one guest address space."""

    def __init__(
        self, memory: Memory, table: CodeTable, space: CodeSpace, compiling: Compiling, *, threshold: int = THRESHOLD
    ) -> None:
        self.memory = memory
        self.table = table
        self.space = space
        self.compiling = compiling
        self.threshold = threshold
        self.regions = 0
        self.instructions = 0
        self.failures = 0
        self._counters = memoryview(
            b"".join(min(threshold, NEVER).to_bytes(4, "little") for _ in range(HOT_COUNTERS))
        ).cast("I")
        self._asked: dict[tuple[int, bool], int] = {}  # the epoch of when it was asked for
        self._by_page: dict[int, list[Region]] = {}
        self._entries: set[tuple[int, bool]] = set()
        self._epoch = 0
        self._changed: list[tuple[int, int, int]] = []  # epoch, start, end of what was forgotten while asking
        self.waiting = 0
        memory.listeners.append(self._listen)

    def close(self) -> None:
        """Give up what compiles."""
        self.compiling.close()

    def prepare(self, state: State) -> None:
        """Set a thread's counters."""
        state.words[HOT : HOT + HOT_COUNTERS] = self._counters

    def hot(self, state: State, pc: int, thumb: bool) -> None:
        """Note that `pc` has been branched to often."""
        entry = self.table.entry(pc, thumb)
        counter = HOT + (entry // ENTRY_SIZE & HOT_COUNTERS - 1)
        key = (pc, thumb)
        if key in self._entries:
            # Another place has the same counter.
            state.words[counter] = self.threshold
        elif key in self._asked:
            state.words[counter] = WAITING
        else:
            self._asked[key] = self._epoch
            self.waiting += 1
            state.words[counter] = WAITING
            self.compiling.request([pc], thumb, state.v8)
        self.poll()

    def poll(self) -> None:
        """Publish what has been compiled."""
        if not self.waiting:
            return
        for asked, thumb, piece in self.compiling.poll():
            self.waiting -= 1
            epoch = self._asked.get((asked, thumb), -1)
            if piece is None:
                self.failures += 1  # it stays asked for: the interpreter does it
                continue
            code, faults, fault_count, entries, ranges, instructions = piece
            if any(at >= epoch and any(s < end and start < e for s, e in ranges) for at, start, end in self._changed):
                self._asked.pop((asked, thumb), None)
                continue
            self.publish(code, faults, fault_count, entries, thumb, ranges)
            self.instructions += instructions
        if not self.waiting:
            self._changed.clear()

    def publish(
        self, code: bytes, faults: int, fault_count: int, entries: list[int], thumb: bool, ranges: list[tuple[int, int]]
    ) -> None:
        """Map a piece of machine code and let the code table lead to it."""
        offset = self.space.add(code, faults, fault_count)
        if not offset:
            return
        region = Region(entries, thumb, offset, ranges)
        self.regions += 1
        for start, end in ranges:
            for page in range(start // PAGE, (end + PAGE - 1) // PAGE):
                known = self._by_page.setdefault(page, [])
                if region not in known:
                    known.append(region)
        for entry in entries:
            if self.table.is_executable(entry):
                self._entries.add((entry, thumb))
                self._write(entry, thumb, offset)

    def _write(self, pc: int, thumb: bool, offset: int) -> None:
        ctypes.memmove(self.table.entry(pc, thumb), offset.to_bytes(4, "little"), 4)

    def _listen(self, start: int, end: int, executable: bool) -> None:
        self.forget(start, end)

    def forget(self, start: int, end: int) -> None:
        """Forget regions that have something of start..end in them."""
        if self.waiting:
            self._epoch += 1
            self._changed.append((self._epoch - 1, start, end))
        if not self._by_page:
            return
        first, last = start // PAGE, (end + PAGE - 1) // PAGE
        if last - first > len(self._by_page):
            pages = [page for page in self._by_page if first <= page < last]
        else:
            pages = [page for page in range(first, last) if page in self._by_page]
        for page in pages:
            for region in self._by_page.pop(page, ()):
                self._drop(region)

    def _drop(self, region: Region) -> None:
        thumb = region.thumb
        for entry in region.entries:
            self._entries.discard((entry, thumb))
            self._asked.pop((entry, thumb), None)
            if not self.table.is_executable(entry):
                continue
            place = self.table.entry(entry, thumb)
            if host.copy_out(place, 4) == region.offset.to_bytes(4, "little"):
                self._write(entry, thumb, 0)
        for start, end in region.ranges:
            for page in range(start // PAGE, (end + PAGE - 1) // PAGE):
                known = self._by_page.get(page)
                if known and region in known:
                    known.remove(region)


class Immediately:
    """Compiles in this process, while the guest waits: for tests, and to see what a region becomes."""

    def __init__(self, memory: Memory, table: CodeTable, level: str, interpreter: str) -> None:
        from ..isa.decode import decoder
        from .compiler import Compiler
        from .image import unpack_routines

        self.memory = memory
        self.table = table
        self.compiler = Compiler(level)
        self.decoder = decoder()
        with open(interpreter, "rb") as file:
            self.routines = unpack_routines(file.read())
        self._done: list[Any] = []

    def request(self, entries: list[int], thumb: bool, v8: bool) -> None:
        """Compile."""
        from .region import Code, grow

        def read(address: int, size: int) -> bytes | None:
            mapping = self.memory.find(address)
            if mapping is None or not mapping.prot & 4 or address + size > mapping.end:
                return None
            data = host.copy_out(self.memory.base + address, size)
            return data if len(data) == size else None

        def executed(address: int) -> bool:
            return self.table.is_executable(address) and any(self.table.read(self.table.entry(address, thumb))[:4])

        region = grow(Code(read, executed, thumb, v8), entries, self.decoder, self.routines)
        piece = None if region is None else tuple(self.compiler.compile(region))
        self._done.append((entries[0], thumb, piece))

    def poll(self) -> list[Any]:
        """Return what is done."""
        done, self._done = self._done, []
        return done

    def close(self) -> None:
        """Nothing is held."""
