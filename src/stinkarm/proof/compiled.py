"""The engine `jit`: it runs every instruction it can in a compiled region, whatever the budget.

The code table is filled with a handler that ends the run, so a region stops where it is left for anything else, and
how much of the budget it has used tells how many instructions it counted. What a region does not do goes to the
interpreter, one instruction at a time; `handed_back` says that this has happened.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from ..engine import runtime
from ..engine.compiler import Compiler, link
from ..engine.image import unpack_routines
from ..engine.interpreter import Interpreter
from ..engine.layout import ENTRY_SIZE
from ..engine.region import Code, grow
from ..engine.store import region_level
from ..guest import native as ctypes
from ..guest import stop as stops
from ..guest.memory import Memory
from ..guest.state import OFFSETS, WORD, State
from ..guest.stop import Stop
from ..isa.decode import decoder, is_wide

# What the interpreter does, wherever it stands.
INTERPRETED = {"bkpt", "cps", "hvc", "msr_imm", "msr_reg", "setend", "smc", "svc", "udf", "vmsr", "vtbl", "vtbx"}
UNUSUAL_FPSCR = 1 << 25 | 1 << 24 | 3 << 22  # DN, FZ and RMode: regions with floating point refuse to begin then

LEFT = 100  # our own kind of stop: a region was left
DIRECT_BRANCHES = ("b", "bl", "blx", "cbz")
AT_ONCE = 40  # places compiled as entries of one region
_BUDGET = OFFSETS["budget"] // 8


class Place(NamedTuple):
    """Code to compile by itself: `steps` instructions from `pc` on."""

    pc: int
    steps: int
    thumb: int
    v8: int


class Ready(NamedTuple):
    """A compiled place: its handler, its region's size, and the code that both were made of."""

    starter: int
    instructions: int
    addresses: list[int]
    ranges: list[tuple[int, int]]
    code: list[bytes]


class _Interpreter(Interpreter):
    """Also comes back, `in_region`, where it would go on with big-endian data."""

    in_region = False

    def _run_big_endian(self, state: State, budget: int) -> Stop:
        if not self.in_region:
            return super()._run_big_endian(state, budget)
        state.signed[_BUDGET] = budget
        return Stop(LEFT, state.r[15])


class Compiled:
    """An engine on `memory`, as World wants it."""

    def __init__(self, memory: Memory, *, careful: bool = False) -> None:
        self.memory = memory
        self.careful = careful  # everything is compiled as if it often had unusual numbers
        self.interpreter = _Interpreter(memory)
        self.table = self.interpreter.table
        self.space = self.interpreter.native.space
        self.compiler = Compiler(region_level())
        self.decoder = decoder()
        with open(self.interpreter.native.path, "rb") as file:
            self.routines = unpack_routines(file.read())
        # What follows is written over as soon as it would be too much: it is the test's own.
        self._thunk = self.space.add(self._leave(), 0, 0)
        self._free = self.space._next, self.space._count
        self._ready: dict[Place, Ready] = {}
        self._never: dict[Place, bytes] = {}  # and the code there that is not compiled
        self._sink = struct.pack("<IIII", self._thunk, 0, 0, 0)
        self._executable: list[tuple[int, int]] = []
        self.entered = False  # the last run was in a region
        self.handed_back = False  # the interpreter did something in it
        self.regions = 0
        self.runs: Counter[str] = Counter()  # all, in a region, only there

    def close(self) -> None:
        """Give the code table and the room for code back."""
        self.interpreter.close()
        self.space._next, self.space._count = self._free

    def _leave(self) -> bytes:
        """Return machine code that does what the interpreter's `leave` does, and tells that it did."""
        lines = runtime._ASM[runtime._ASM.index("leave:") + 1 :]
        asm = [".text", f"movl ${LEFT}, {OFFSETS['stop']}(%r12)", *lines]
        text = "\n".join(['target triple = "x86_64-unknown-linux-gnu"', *[f'module asm "{line}"' for line in asm]])
        module = self.compiler._llvm.parse_assembly(text)
        code, _ = link(bytes(self.compiler._machine.emit_object(module)))
        return code

    # Code

    def flush(self, start: int, end: int) -> None:
        """Have everything that may be executed end the run."""
        if self._executable != self.table._executable:
            self._executable = list(self.table._executable)
            start, end = 0, 1 << 32
        for low, high in self._executable:
            self._sink_entries(max(low, start - 16), min(high, end + 16))

    def _sink_entries(self, start: int, end: int) -> None:
        if start < end:
            for thumb, size in ((False, 4), (True, 2)):
                first = start // size
                count = (end + size - 1) // size - first
                ctypes.memmove(self.table.entry(first * size, thumb), self._sink * count, ENTRY_SIZE * count)

    def _read(self, address: int, size: int) -> bytes | None:
        mapping = self.memory.find(address)
        if mapping is None or not mapping.prot & 4 or address + size > mapping.end:
            return None
        return self.memory.read(address, size)

    def addresses(self, place: Place) -> list[int]:
        """Return where the instructions of a place are, as far as they can be executed."""
        found = []
        pc = place.pc
        for _ in range(place.steps):
            data = self._read(pc, 2)
            if data is None:
                break
            found.append(pc)
            pc += 4 if not place.thumb or is_wide(int.from_bytes(data, "little")) else 2
        return found

    def prepare(self, places: Iterable[tuple[int, int, int, int]]) -> None:
        """Compile places, many at once."""
        self.space._next, self.space._count = self._free
        self._ready.clear()
        self._never.clear()
        groups: dict[tuple[int, int], list[Place]] = {}
        for place in map(Place._make, places):
            groups.setdefault((place.thumb, place.v8), []).append(place)
        for group in groups.values():
            for at in range(0, len(group), AT_ONCE):
                self._compile(group[at : at + AT_ONCE])

    def _compile(self, places: list[Place]) -> None:
        inside = {place: self.addresses(place) for place in places}
        thumb, v8 = bool(places[0].thumb), bool(places[0].v8)
        together = [place for place in places if len(places) > 1 and not self._branches(place)]
        if len(together) > 1:
            allowed = {pc for place in together for pc in inside[place]}
            self._publish(self._code(allowed, thumb, v8), together, inside)
        for place in places:
            if place not in together or len(together) == 1:
                self._publish(self._code(set(inside[place]), thumb, v8), [place], inside)

    def _code(self, addresses: set[int], thumb: bool, v8: bool) -> Code:
        places = {address | thumb for address in addresses}
        return Code(
            read=self._read,
            constant=self._read,
            executed=places.__contains__,
            thumb=thumb,
            v8=v8,
            unusual=lambda place: self.careful,
        )

    def _branches(self, place: Place) -> bool:
        """Say whether a place may go to another one of a region it is compiled with."""
        for pc in self.addresses(place):
            word, length = self._word(pc, place.thumb)
            decoded = self.decoder.decode(word, thumb=bool(place.thumb), length=length, pc=pc)
            if decoded is None:
                continue
            # To a constant, MOV and LDR branch directly too.
            to_pc = 15 in (decoded.fields.get("rd"), decoded.fields.get("rt"))
            if to_pc or decoded.encoding.instruction.name in DIRECT_BRANCHES:
                return True
        return False

    def _word(self, pc: int, thumb: int) -> tuple[int, int]:
        data = self.memory.read(pc, 4)
        first, second = struct.unpack("<HH", data)
        if not thumb:
            return second << 16 | first, 4
        return (first << 16 | second, 4) if is_wide(first) else (first, 2)

    def _publish(self, code: Code, places: list[Place], inside: dict[Place, list[int]]) -> None:
        region = grow(code, [place.pc for place in places], self.decoder, self.routines)
        entries = set(region.entries) if region is not None else set()
        for place in places:
            if place.pc not in entries:
                self._never[place] = self.memory.read(place.pc, 4 * place.steps)
        if region is None:
            return
        piece = self.compiler.compile(region)
        # What starts it: sink the entry, so that coming back to it ends the run, and jump.
        starter = b"\x41\xc7\x06" + struct.pack("<I", self._thunk)
        starter += b"\xe9" + struct.pack("<i", -(len(piece.code) + len(starter) + 5))
        offset = self.space.add(piece.code + starter, piece.faults, piece.fault_count)
        assert offset, "there is no room for another region"
        self.regions += 1
        for place in places:
            if place.pc not in entries:
                continue
            ranges = region.ranges if len(places) == 1 else [(pc, pc + 4) for pc in inside[place]]
            content = [self.memory.read(start, end - start) for start, end in ranges]
            self._ready[place] = Ready(offset + len(piece.code), region.instructions, inside[place], ranges, content)

    def _find(self, place: Place) -> Ready | None:
        """Return the compiled form of a place, made now if there is none, or None if there cannot be one."""
        ready = self._ready.get(place)
        if ready is not None:
            if all(self.memory.read(s, e - s) == c for (s, e), c in zip(ready.ranges, ready.code, strict=True)):
                return ready
            del self._ready[place]
        elif place in self._never and self._never[place] == self.memory.read(place.pc, 4 * place.steps):
            return None
        if len(self._ready) > 2000:
            self.space._next, self.space._count = self._free
            self._ready.clear()
        self._compile([place])
        return self._ready.get(place)

    # Running

    def run(self, state: State, budget: int) -> Stop:
        """Run `budget` instructions, in compiled regions where that can be."""
        stop = self._run(state, budget)
        self.runs += Counter(all=1, entered=int(self.entered), whole=int(self.entered and not self.handed_back))
        return stop

    def _run(self, state: State, budget: int) -> Stop:
        words = state.words
        self.entered = self.handed_back = False
        if not self._executable:
            self.flush(0, 1 << 32)
        left = budget
        while True:
            pc, thumb = words[15], words[WORD["thumb"]]
            place = Place(pc, left, thumb, words[WORD["v8"]])
            ready = None
            if not words[WORD["itstate"]] and not words[WORD["big_endian"]] and self.table.is_executable(pc):
                ready = self._find(place)
            if ready is not None:
                before = bytes(words[: WORD["memory"]]) if ready.instructions == 1 else b""
                stop, done = self._run_region(state, place, ready)
                if before and done > left:  # it branches to itself, where only the interpreter does just one
                    words[: WORD["memory"]] = memoryview(before).cast("I")
                    stop, done = self._interpret(state)
            else:
                stop, done = self._interpret(state)
            left -= done
            if left < 0:
                code = self.memory.read(pc, 16).hex()
                raise AssertionError(f"{done} instructions were counted in {place}, {-left} too many: {code}")
            if left == 0 and stop.kind in (LEFT, stops.BUDGET, stops.FETCH):
                self._clean(place)
                return Stop(stops.BUDGET, stop.pc)
            if stop.kind not in (LEFT, stops.BUDGET):
                self._clean(place)
                return stop

    def _clean(self, place: Place) -> None:
        for start, end in self._executable:
            low, high = max(start, place.pc - 16), min(end, place.pc + 4 * place.steps + 32)
            self._sink_entries(low, high)

    def _run_region(self, state: State, place: Place, ready: Ready) -> tuple[Stop, int]:
        self.entered = True
        entry = self.table.entry(place.pc, bool(place.thumb))
        ctypes.memmove(entry, ready.starter.to_bytes(4, "little"), 4)
        budget = ready.instructions + 1
        self.interpreter.in_region = True
        stop = self.interpreter.run(state, budget)
        self.interpreter.in_region = False
        for pc in ready.addresses:
            if any(self.table.read(self.table.entry(pc, bool(place.thumb)))[4:8]):
                self.handed_back = True
        return stop, budget - state.signed[_BUDGET]

    def _interpret(self, state: State) -> tuple[Stop, int]:
        """Have the interpreter do one instruction."""
        self.handed_back = True
        pc, thumb = state.words[15], bool(state.words[WORD["thumb"]])
        if self.table.is_executable(pc):
            ctypes.memmove(self.table.entry(pc, thumb), bytes(4), 4)
        stop = self.interpreter.run(state, 1)
        if self.table.is_executable(pc):
            ctypes.memmove(self.table.entry(pc, thumb), self._sink, 4)
        return stop, 1 - state.signed[_BUDGET]
