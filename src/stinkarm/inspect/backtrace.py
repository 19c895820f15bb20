"""Who called whom: the frames of a thread's stack, by unwinding tables, debug information, or the code alone.

Nothing in guest memory is to be trusted, and a program that has crashed may have written over all of it. So a frame
counts only if it leads up the stack and into code, and there is a limit to frames and to the work for one.
"""

from __future__ import annotations

import os
from contextlib import suppress

from stinkarm.guest import kuser
from stinkarm.guest.mapping import PROT_EXEC
from stinkarm.guest.memory import GuestFault
from stinkarm.guest.text import shown
from stinkarm.inspect import code_walk, exidx
from stinkarm.inspect.dwarf_frames import Frames
from stinkarm.inspect.modules import PT_ARM_EXIDX, Module, Modules
from stinkarm.linux.frames import INFO_SIZE, UC_MCONTEXT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

    from stinkarm.guest.memory import Memory
    from stinkarm.guest.state import State

    Registers = list[int | None]

LIMIT = 64  # frames
_WALKS = 16  # functions whose code is followed: of each, thousands of instructions
_FAR = 4096  # bytes before pc where a function without a name may start
_NO_START = 2048  # bytes before pc to look at for where a function starts that nothing tells
_SP, _LR, _PC = 13, 14, 15
_MASK = 0xFFFFFFFF
_THUMB_BIT = 1 << 5
# What handlers return to: the number of sigreturn to r7, and SVC (arch/arm/kernel/sigreturn_codes.S, and C libraries).
_SIGRETURN, _RT_SIGRETURN = 119, 173
SIGNAL_FRAME = "<signal handler called>"
_KUSER = {
    kuser.CMPXCHG64: "__kuser_cmpxchg64",
    kuser.MEMORY_BARRIER: "__kuser_memory_barrier",
    kuser.CMPXCHG: "__kuser_cmpxchg",
    kuser.GET_TLS: "__kuser_get_tls",
}


class Location:
    """Where an address is.

    `module` is the path of the file as the guest names it (empty: in none) and `module_offset` the distance from
    where that is linked to be, which is what addr2line takes; `function` and `offset` the symbol, `file` and `line` the
    source, if the debug information tells (else "" and 0).
    """

    __slots__ = ("file", "function", "line", "module", "module_offset", "offset", "pc", "program")

    def __init__(
        self,
        pc: int,
        *,
        module: str = "",
        module_offset: int = 0,
        function: str = "",
        offset: int = 0,
        file: str = "",
        line: int = 0,
        program: bool = False,
    ) -> None:
        self.pc = pc
        self.module = module
        self.module_offset = module_offset
        self.function = function
        self.offset = offset
        self.file = file
        self.line = line
        self.program = program

    @property
    def symbol(self) -> str:
        """The function and the offset, such as "strlen+0x10"; "" when there is no name."""
        return f"{self.function}+{self.offset:#x}" if self.function and self.offset else self.function

    def describe(self) -> str:
        """Say where it is, as far as is known: " <strlen+0x10 in libc.so.6> at strlen.c:20"."""
        module = shown(os.path.basename(self.module))
        text = self.symbol
        if text and module and not self.program:
            text += f" in {module}"
        elif not text and module:
            text = f"{module}+{self.module_offset:#x}"
        text = f" <{text}>" if text else ""
        return f"{text} at {shown(os.path.basename(self.file))}:{self.line}" if self.file else text

    def to_dict(self) -> dict[str, Any]:
        """Give the parts as values that JSON has."""
        return {name: getattr(self, name) for name in (*Location.__slots__, *type(self).__dict__.get("__slots__", ()))}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Location) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self.pc, self.function))

    def __str__(self) -> str:
        return f"{self.pc:#010x}{self.describe()}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self})"


class Frame(Location):
    """One frame of a stack: a `Location`, and `sp` there. `pc` is where a call returns to, but of the first frame.

    `signal` frames are those through which the kernel called a handler; of the frame behind one, `pc` is what was
    interrupted.
    """

    __slots__ = ("signal", "sp")

    def __init__(self, pc: int, *, sp: int = 0, signal: bool = False, **location: Any) -> None:
        super().__init__(pc, **location)
        self.sp = sp
        self.signal = signal

    def describe(self) -> str:
        """Say where it is, as far as is known."""
        return f" {SIGNAL_FRAME}" if self.signal else super().describe()


def locate(memory: Memory, modules: Modules, address: int, looked_up: int | None = None) -> dict[str, Any]:
    """Say where an address is, as the arguments of `Location`. Of a call, what is `looked_up` is in front of it."""
    at = address if looked_up is None else looked_up
    module = modules.at(at)
    if module is None:
        start = _helper_at(at)
        return {} if start is None else {"function": _KUSER[start], "offset": address - start}
    found: dict[str, Any] = {
        "module": module.name,
        "module_offset": (address - module.bias) & _MASK,
        "program": module is modules.program,
    }
    symbol = module.lookup(at)
    if symbol is not None:
        found["function"], found["offset"] = symbol[0], symbol[1] + address - at
    else:
        name = _stub_name(memory, module, at)
        if name:
            found["function"], found["offset"] = name, 0
    line = module.line(at)
    if line is not None:
        found["file"], found["line"] = line
    return found


def _helper_at(address: int) -> int | None:
    """Give where the kernel's helper that an address is in starts."""
    return max((helper for helper in _KUSER if helper <= address), default=None)


def _stub_name(memory: Memory, module: Module, address: int) -> str:
    """Name the entry of the procedure linkage table that an address is in: `strlen@plt`."""
    for start in range(address & ~3, (address & ~3) - 16, -4):
        try:
            first, second, third = (memory.read_u32(start + 4 * i) for i in range(3))
        except GuestFault:
            return ""
        # add ip, pc, #a; add ip, ip, #b; ldr pc, [ip, #c]!
        if first & 0xFFFFF000 == 0xE28FC000 and second & 0xFFFFF000 == 0xE28CC000 and third & 0xFFFFF000 == 0xE5BCF000:
            slot = start + 8 + _immediate(first) + _immediate(second) + (third & 0xFFF) & _MASK
            name = module.name_of_slot(slot)
            return f"{name}@plt" if name else ""
    return ""


def _immediate(word: int) -> int:
    turn = (word >> 8 & 15) * 2
    return ((word & 255) >> turn | (word & 255) << 32 - turn) & _MASK


def backtrace(state: State, memory: Memory, modules: Modules, limit: int = LIMIT) -> list[Frame]:
    """Give the frames of a thread, the innermost first."""
    registers: Registers = list(state.r)
    return _Unwinder(memory, modules).run(registers, state.thumb, limit)


class _Unwinder:
    def __init__(self, memory: Memory, modules: Modules) -> None:
        self.memory = memory
        self.modules = modules
        self.known: dict[tuple[int, int], code_walk.Known | None] = {}  # by the start of the function, and pc
        self.places: dict[tuple[int, bool], dict[str, Any]] = {}
        self.frames_of: dict[int, Frames] = {}  # by load bias

    def run(self, registers: Registers, thumb: bool, limit: int) -> list[Frame]:
        """Unwind until there is no caller."""
        found: list[Frame] = []
        exact = True  # pc is an instruction that was about to be executed, not what a call returns to
        while len(found) < limit:
            pc, sp = registers[_PC], registers[_SP]
            if pc is None or sp is None:
                break
            signal = self.signal_context(pc, sp, thumb)
            if signal is not None:
                found.append(Frame(pc, sp=sp, signal=True))
                try:
                    values = [self.memory.read_u32(signal + 12 + 4 * i) for i in range(17)]
                except GuestFault:
                    break
                registers, thumb, exact = list(values[:16]), bool(values[16] & _THUMB_BIT), True
                continue
            found.append(self.frame(pc, sp, exact))
            caller = self.caller(registers, pc, sp, thumb, exact)
            if caller is None:
                break
            target = caller[_PC] or 0
            thumb, exact = bool(target & 1), False
            caller[_PC] = target & ~1
            registers = caller
        return found

    def leads_on(self, caller: Registers, sp: int, exact: bool) -> bool:
        """Say whether registers may be a caller's: up the stack, in code."""
        target, caller_sp = caller[_PC], caller[_SP]
        if target is None or caller_sp is None or caller_sp < sp or (caller_sp == sp and not exact):
            return False
        pc = target & ~1
        return self.is_code(pc) or self.signal_context(pc, caller_sp, bool(target & 1)) is not None

    def frame(self, pc: int, sp: int, exact: bool) -> Frame:
        """Make the frame of a function."""
        key = (pc, exact)
        if key not in self.places:
            self.places[key] = locate(self.memory, self.modules, pc, pc if exact else pc - 1)
        return Frame(pc, sp=sp, **self.places[key])

    def is_code(self, address: int) -> bool:
        """Say whether an address can be executed."""
        mapping = self.memory.find(address)
        return mapping is not None and bool(mapping.prot & PROT_EXEC)

    def signal_context(self, pc: int, sp: int, thumb: bool) -> int | None:
        """Give where the registers are that the kernel has saved, if pc is what a handler returns to."""
        try:
            data = self.memory.read(pc, 8)
        except GuestFault:
            return None
        if not thumb:
            word = int.from_bytes(data[:4], "little")
            number = word & 255 if word & 0xFFFFFF00 == 0xE3A07000 and data[7] == 0xEF else 0
        elif data[1] == 0x27 and data[3] == 0xDF:
            number = data[0]
        else:  # mov.w r7, #n
            number = data[2] if data[:2] == b"\x4f\xf0" and data[3] == 7 and data[5] == 0xDF else 0
        if number == _RT_SIGRETURN:
            return sp + INFO_SIZE + UC_MCONTEXT
        return sp + UC_MCONTEXT if number == _SIGRETURN else None

    def caller(self, registers: Registers, pc: int, sp: int, thumb: bool, exact: bool) -> Registers | None:
        """Give the caller's registers, by what is most likely to know them; None when there is no caller."""
        for find in self.ways(registers, pc, thumb, exact):
            with suppress(GuestFault):
                for found in find():
                    if self.leads_on(found, sp, exact):
                        return found
        return None

    def ways(
        self, registers: Registers, pc: int, thumb: bool, exact: bool
    ) -> Iterator[Callable[[], Iterable[Registers]]]:
        """Give the ways to find a caller, the best first."""
        if not self.is_code(pc):
            if exact:
                yield lambda: [[*registers[:15], registers[_LR]]]
            return
        at = pc if exact else pc - 1
        module = self.modules.at(at)
        if module is None:
            if exact:
                yield lambda: self.by_code(registers, pc, thumb, _helper_at(pc))
            return
        yield lambda: self.by_debug_frame(module, registers, at)
        entry = self.index_entry(module, at)
        start, end, sure = self.extent_of(module, at, entry)
        instructions = entry.instructions if entry is not None else None
        if instructions is not None and not exact:
            yield lambda: self.by_index(registers, instructions)
        if sure or instructions is not None:
            yield lambda: self.by_code(registers, pc, thumb, start, end, sure)
        if instructions is not None:
            yield lambda: self.by_index(registers, instructions)
        elif not sure:
            mapping = self.memory.find(at)
            lowest = max(start or 0, mapping.start if mapping is not None else 0, pc - _FAR)
            for place in (*code_walk.prologues(self.memory, lowest, pc, thumb), lowest & ~3):
                yield lambda place=place: self.by_code(registers, pc, thumb, place, end)  # type: ignore[misc]

    def index_entry(self, module: Module, at: int) -> exidx.Entry | None:
        """Find the entry of an address in the module's index table."""
        table = module.segment(PT_ARM_EXIDX)
        try:
            return exidx.find(self.memory, table, at) if table is not None else None
        except GuestFault:
            return None

    def by_index(self, registers: Registers, instructions: bytes) -> Iterator[Registers]:
        """Unwind by .ARM.exidx."""
        found = registers[:]
        with suppress(exidx.Refused):
            exidx.unwind(self.memory, found, instructions)
            for number in (0, 1, 2, 3, 12, _LR):
                found[number] = None
            yield found

    def by_debug_frame(self, module: Module, registers: Registers, at: int) -> Iterator[Registers]:
        """Unwind by .debug_frame."""
        frames = self.frames_of.get(module.bias)
        if frames is None:
            frames = self.frames_of[module.bias] = Frames(module.section(".debug_frame"))
        found = frames.unwind(self.memory, registers, (at - module.bias) & _MASK)
        if found is not None:
            yield found

    def by_code(
        self,
        registers: Registers,
        pc: int,
        thumb: bool,
        start: int | None,
        end: int = 1 << 32,
        sure: bool = False,
    ) -> Iterator[Registers]:
        """Unwind by following the function's code to pc; `sure`: it is one function."""
        if start is None:
            mapping = self.memory.find(pc)
            start = max(mapping.start if mapping is not None else 0, (pc & ~3) - _NO_START)
        key = (start, pc)
        if key not in self.known:
            if len(self.known) == _WALKS:
                return
            self.known[key] = code_walk.known_at(self.memory, start, end, pc, thumb, sure)
        known = self.known[key]
        if known is not None:
            yield from known.callers(self.memory, registers)

    def extent_of(self, module: Module, at: int, entry: exidx.Entry | None) -> tuple[int | None, int, bool]:
        """Give where the function at an address starts and ends, as far as anything tells, and whether it is named."""
        extent = module.extent(at)
        start, end = extent or (None, 1 << 32)
        if entry is not None:
            start = max(start or 0, entry.start & ~1)
            end = min(end, entry.end)
        return start, end, extent is not None


def format_callers(frames: Sequence[Frame]) -> list[str]:
    """Write the callers, one a line; of the same frame again and again, one line says how often."""
    lines: list[str] = []
    index = 1
    while index < len(frames):
        again = index
        while again + 1 < len(frames) and frames[again + 1].pc == frames[index].pc:
            again += 1
        lines.append(f"  by    {frames[index]}")
        if again - index > 1:
            lines.append(f"  ...   {again - index} more of the same")
            index = again
        index += 1
    return lines
