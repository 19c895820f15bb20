"""Hot code at native speed: ask for regions, publish them, forget them.

Branches count down hashed counters in the state block (emit.py). When one is spent, `Interpreter.run` hands its target
to `Jit.hot`, which has a region compiled and writes it into the code table: the entry's handler is then the region.
Whatever makes the interpreter forget code forgets regions of it too.
"""

from __future__ import annotations

import time

from ..guest import host
from ..guest.mapping import PROT_EXEC
from ..guest.state import HOT_COUNTERS, OFFSETS
from .callees import RENEWED
from .layout import ENTRY_SIZE, THUMB_TABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from ..guest.memory import Memory
    from ..guest.state import State
    from .code_space import CodeSpace
    from .images import Images
    from .piece import Piece
    from .table import CodeTable
    from .watch import Watch

    class Compiling(Protocol):
        """Who compiles: tells from `poll` what became of requests, now or later.

        `poll_after` says how many seconds after one poll the next one is worth its time.
        """

        poll_after: float

        def request(self, entry: int, thumb: bool, v8: bool, link: int) -> None: ...

        def hotter(self, entry: int, thumb: bool) -> None: ...

        def put_off(self, ranges: list[tuple[int, int]]) -> None: ...

        def poll(self) -> list[Done]: ...

        def note_unusual(self, place: int) -> None: ...

        def forget(self, start: int, end: int) -> None: ...

        def begin_child(self) -> None: ...

        def leave(self) -> None: ...

        def close(self) -> None: ...


HOT = OFFSETS["hot"] // 4
UNUSUAL_LEFT, UNUSUAL_PLACE = OFFSETS["unusual_left"] // 4, OFFSETS["unusual_place"] // 4
UNUSUAL_IP = OFFSETS["unusual_ip"] // 8
PAGE = 4096

# Branches to a place before it is compiled, and before it is looked at again while it is being compiled.
THRESHOLD = 400
WAITING = 20_000
MANY = 128  # places that wait, beyond which
SELDOM = 2  # times as many branches are between two looks
NEVER = 0x7FFFFFFF

# How often an instruction of a region may meet numbers that it is not made for, which takes a microsecond or so each
# time, before its region is compiled again: the last of so many is the one.
MANY_UNUSUAL = 100

POLL_EVERY = 16  # runs of the engine, while something is being compiled


class Done:
    """What became of a request: a `piece`, or None and `why` not. `again`: it may be asked for again.

    `renew`: this is no answer. The region of that entry is better compiled again, because more is known of its calls.
    """

    __slots__ = ("again", "entry", "milliseconds", "piece", "renew", "thumb", "why")

    def __init__(
        self,
        entry: int,
        thumb: bool,
        piece: Piece | None,
        *,
        why: str = "",
        again: bool = False,
        renew: bool = False,
        milliseconds: float = 0.0,
    ) -> None:
        self.entry = entry
        self.thumb = thumb
        self.piece = piece
        self.why = why
        self.again = again
        self.renew = renew
        self.milliseconds = milliseconds


class Region:
    """A published region: entries (address, instruction set), handler offset, and the guest code it was made of."""

    __slots__ = ("entries", "offset", "ranges", "thumb")

    def __init__(self, entries: list[int], thumb: bool, offset: int, ranges: list[tuple[int, int]]) -> None:
        self.entries = entries
        self.thumb = thumb
        self.offset = offset
        self.ranges = ranges


class Jit:
    """The regions of one guest address space. Several threads may use it.

    `compiling` makes what compiles when something is hot for the first time. `images` brings what was compiled earlier.
    """

    def __init__(
        self,
        memory: Memory,
        table: CodeTable,
        space: CodeSpace,
        compiling: Callable[[], Compiling],
        *,
        images: Images | None = None,
        threshold: int = THRESHOLD,
        forget_every: int = 0,
        watch: Watch | None = None,
    ) -> None:
        self.memory = memory
        self.table = table
        self.space = space
        self._make_compiling = compiling
        self._compiling: Compiling | None = None
        self.images = images
        self.threshold = min(threshold, NEVER)
        self.forget_every = forget_every
        self.say = None if watch is None else watch.say
        self.perf_map = None if watch is None else watch.perf_map
        self.waiting = 0  # requests nothing has become of yet
        self._lock = memory.lock
        self._counters = memoryview(self.threshold.to_bytes(4, "little") * HOT_COUNTERS).cast("I")
        self._asked: set[tuple[int, bool]] = set()
        self._unusual: dict[int, set[tuple[int, bool]]] = {}  # places -> the regions that were compiled again for them
        self._inside: set[tuple[int, bool]] = set()  # found hot inside a region once
        self._by_page: dict[int, list[Region]] = {}
        # Interpreted code branches to regions, too. Another place may have the same counter, but finding it must not
        # cost much, unless all is to be found, for a test.
        self._elsewhere = self.threshold if self.threshold < THRESHOLD else max(self.threshold, WAITING)
        self._published = 0
        self._runs = 0
        self._poll_at = 0.0
        self._v8 = False
        memory.listeners.append(self._listen)
        memory.writable_listeners.append(self.forget)  # constants may be parts of regions
        if images is not None:
            for mapping in memory.mappings:
                if mapping.prot & PROT_EXEC:
                    images.mapped(mapping.start, mapping.end)

    @property
    def compiling(self) -> Compiling:
        """What compiles."""
        if self._compiling is None:
            self._compiling = self._make_compiling()
        return self._compiling

    def leave(self) -> None:
        """Have some of what is hot compiled after the program's end."""
        if self._compiling is not None and self._lock.acquire(blocking=False):  # a thread that was left may have it
            try:
                self._compiling.leave()
            finally:
                self._lock.release()

    def close(self) -> None:
        """Give up what compiles."""
        if self._compiling is not None:
            self._compiling.close()

    def begin_child(self) -> None:
        """Be the copy in a child process, which has one thread."""
        if self._compiling is not None:
            self._compiling.begin_child()

    def prepare(self, state: State) -> None:
        """Set a thread's counters."""
        state.words[HOT : HOT + HOT_COUNTERS] = self._counters
        state.words[UNUSUAL_LEFT] = MANY_UNUSUAL

    def hot(self, state: State, pc: int, thumb: bool) -> None:
        """Note that `pc` has been branched to often."""
        entry = self.table.entry(pc, thumb)
        counter = HOT + (entry // ENTRY_SIZE & HOT_COUNTERS - 1)
        key = (pc, thumb)
        with self._lock:
            self._v8 = state.v8
            waiting = WAITING if self.waiting < MANY else SELDOM * WAITING
            if self.is_region(pc, thumb):
                state.words[counter] = self._elsewhere
            elif key in self._asked or (self.images is not None and self.images.has_failed(pc, thumb)):
                state.words[counter] = waiting
                self.compiling.hotter(pc, thumb)
            elif key not in self._inside and self._is_inside(pc):
                # Its loop, or its caller, may soon enter the region that has it.
                self._inside.add(key)
                state.words[counter] = waiting
            else:
                state.words[counter] = waiting
                self._asked.add(key)
                self.waiting += 1
                if self.say is not None:
                    self.say(f"{_name(pc, thumb)} is hot")
                self.compiling.request(pc, thumb, state.v8, state.r[14])
            if self.waiting and time.monotonic() >= self._poll_at:
                self.poll()

    def unusual(self, state: State) -> None:
        """Have regions compiled again in which an instruction often meets numbers that it is not made for."""
        state.words[UNUSUAL_LEFT] = MANY_UNUSUAL
        number = state.words[UNUSUAL_PLACE]
        with self._lock:
            if state.doubles[UNUSUAL_IP]:
                found = self.space.entry_at(state.doubles[UNUSUAL_IP])
                state.doubles[UNUSUAL_IP] = 0
                if found is not None:
                    self._note_unusual(found)
            if number:
                state.words[UNUSUAL_PLACE] = 0
                self._note_unusual(number)

    def _note_unusual(self, number: int) -> None:
        first = THUMB_TABLE // ENTRY_SIZE
        place = number - first << 1 | 1 if number >= first else number << 2
        if place not in self._unusual:
            self._unusual[place] = set()
            self.compiling.note_unusual(place)
            if self.say is not None:
                self.say(f"{_name(place & ~1, bool(place & 1))} often has unusual numbers")
        for entry, thumb in self._regions_with(place & ~1):
            if (entry, thumb) not in self._unusual[place]:
                self._unusual[place].add((entry, thumb))
                self._renew(entry, thumb, "for unusual numbers")

    def _regions_with(self, pc: int) -> list[tuple[int, bool]]:
        """List the first entries of the regions that have an instruction."""
        found = [(region.entries[0], region.thumb, region.ranges) for region in self._by_page.get(pc // PAGE, ())]
        if self.images is not None:
            found += self.images.regions_at(pc)
        return sorted({(entry, thumb) for entry, thumb, ranges in found if any(s <= pc < e for s, e in ranges)})

    def tick(self) -> None:
        """Poll now and then; called each time the engine runs while something is being compiled."""
        self._runs += 1
        if self._runs % POLL_EVERY == 0:
            self.poll()

    def poll(self) -> None:
        """Publish what has been compiled."""
        with self._lock:
            if not self.waiting:
                return
            for done in self.compiling.poll():
                if done.renew:
                    self._renew(done.entry, done.thumb, "with what it calls")
                    continue
                self.waiting -= 1
                if done.piece is not None:
                    self.publish(done.piece, done.thumb, done.milliseconds)
                    self.compiling.put_off(done.piece.ranges)
                    continue
                # What is not to be asked for again stays asked for: the interpreter does it.
                if done.again:
                    self._asked.discard((done.entry, done.thumb))
                if self.say is not None:
                    self.say(f"{_name(done.entry, done.thumb)} is not compiled: {done.why}")
            self._poll_at = time.monotonic() + self.compiling.poll_after

    def _renew(self, pc: int, thumb: bool, why: str) -> None:
        """Have a region compiled again."""
        if self.is_region(pc, thumb):
            self.waiting += 1
            if self.say is not None:
                self.say(f"{_name(pc, thumb)} is compiled again {why}")
            self.compiling.request(pc, thumb, self._v8, RENEWED)

    def publish(self, piece: Piece, thumb: bool, milliseconds: float = 0.0) -> None:
        """Map a piece of machine code and let the code table lead to it."""
        offset = self.space.add(piece.code, piece.faults, piece.fault_count)
        if not offset:
            if self.say is not None:
                self.say(f"{_name(piece.entries[0], thumb)} is not published: there is no more room for code")
            return
        region = Region(piece.entries, thumb, offset, piece.ranges)
        self._note(region)
        for entry in piece.entries:
            if self.table.is_executable(entry):
                self.table.lead(entry, thumb, offset)
        if self.perf_map is not None:
            self.perf_map.add([(self.space.decode + offset, len(piece.code), piece.entries[0])])
        if self.say is not None:
            self.say(
                f"{_name(piece.entries[0], thumb)} is compiled: {piece.instructions} instructions, "
                f"{len(piece.entries)} entries, {len(piece.code)} bytes at {self.space.decode + offset:#x}, "
                f"{milliseconds:.1f} ms"
            )
        self._published += 1
        if self.forget_every and self._published % self.forget_every == 0:
            self.forget(0, 1 << 32)

    def _note(self, region: Region) -> None:
        for page in _pages(region.ranges):
            self._by_page.setdefault(page, []).append(region)

    def _is_inside(self, pc: int) -> bool:
        """Say whether a region has the instruction, be it not as an entry; a region may have some of both sets."""
        regions = self._by_page.get(pc // PAGE, ())
        return any(start <= pc < end for region in regions for start, end in region.ranges)

    def is_region(self, pc: int, thumb: bool) -> bool:
        """Say whether a region begins at `pc`."""
        handler = host.copy_out(self.table.entry(pc, thumb), 4)
        return int.from_bytes(handler, "little") >= self.space.first

    def _listen(self, start: int, end: int, executable: bool) -> None:
        self.forget(start, end, cleared=True)
        if executable and self.images is not None:
            self.images.mapped(start, end)

    def forget(self, start: int, end: int, *, cleared: bool = False) -> None:
        """Forget regions that have something of start..end in them.

        `cleared` says that the code table has been cleared there.
        """
        with self._lock:
            if self._compiling is not None:
                self._compiling.forget(start, end)
            if self.images is not None:
                for entries, thumb, offset, ranges in self.images.forget(start, end, cleared=cleared):
                    self._note(Region(entries, thumb, offset, ranges))
            if not self._by_page:
                return
            first, last = start // PAGE, (end + PAGE - 1) // PAGE
            if last - first > len(self._by_page):
                pages = [page for page in self._by_page if first <= page < last]
            else:
                pages = [page for page in range(first, last) if page in self._by_page]
            dropped = 0
            for page in pages:
                for region in self._by_page.pop(page, ()):
                    self._drop(region)
                    dropped += 1
            if dropped and self.say is not None:
                self.say(f"{dropped} regions of {start:#x}..{end:#x} are forgotten")

    def _drop(self, region: Region) -> None:
        thumb = region.thumb
        offset = region.offset.to_bytes(4, "little")
        for entry in region.entries:
            self._asked.discard((entry, thumb))
            if self.table.is_executable(entry) and host.copy_out(self.table.entry(entry, thumb), 4) == offset:
                self.table.lead(entry, thumb, 0)
        for page in _pages(region.ranges):
            known = self._by_page.get(page)
            if known and region in known:
                known.remove(region)


def _pages(ranges: list[tuple[int, int]]) -> set[int]:
    return {page for start, end in ranges for page in range(start // PAGE, (end + PAGE - 1) // PAGE)}


def _name(pc: int, thumb: bool) -> str:
    return f"{pc:#010x} ({'T32' if thumb else 'A32'})"
