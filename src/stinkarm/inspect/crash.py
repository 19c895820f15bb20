"""The crash report: which signal, why, and where."""

from __future__ import annotations

import os

from stinkarm.guest import stop as stops
from stinkarm.guest.mapping import PROT_READ, PROT_WRITE, first_after
from stinkarm.guest.memory import PAGE, GuestFault
from stinkarm.guest.signals import SIGABRT, SIGBUS, SIGILL, SIGSEGV, SIGTRAP, signal_name
from stinkarm.guest.text import shown
from stinkarm.inspect import lost
from stinkarm.inspect.backtrace import Frame, backtrace, format_callers
from stinkarm.inspect.registers import format_registers, read_registers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from stinkarm.guest.memory import Memory
    from stinkarm.guest.state import State
    from stinkarm.guest.stop import Stop
    from stinkarm.inspect.modules import Modules

NULL_PAGE = 0x8000  # an address below this is most likely NULL plus the offset of a field
ASSERTIONS = ("__assert_fail", "__assert", "__assert_fail_base", "__assert_perror_fail")
NEAR = 1 << 20  # how far from an unmapped address a neighbouring mapping is worth showing


class CrashReport:
    """Why a signal ended the guest, in text and in parts.

    `signal` is its number and `signal_name` its name; `reason` one sentence; `pc` the guest address and `symbol` its
    name and offset ("visit+0x4", empty when unknown); `address` what was accessed, None when memory
    was not the reason; `backtrace` the frames of the stack, that of `pc` first, with modules and source lines;
    `thread` the id of the thread, 0 if there was never another; `registers` maps
    r0..r12, sp, lr, pc, cpsr to values; `disassembly` is the code around pc, one line an instruction, `mapping` what is
    mapped at `address`, else at pc. `str()` gives the whole report.
    """

    __slots__ = (
        "address",
        "backtrace",
        "disassembly",
        "mapping",
        "pc",
        "reason",
        "registers",
        "signal",
        "symbol",
        "thread",
    )

    def __init__(
        self,
        *,
        signal: int,
        reason: str,
        pc: int,
        symbol: str = "",
        address: int | None = None,
        registers: dict[str, int],
        disassembly: list[str],
        mapping: str = "",
        thread: int = 0,
        backtrace: Sequence[Frame | dict[str, Any]] = (),
    ) -> None:
        self.signal = signal
        self.reason = reason
        self.pc = pc
        self.symbol = symbol
        self.address = address
        self.registers = registers
        self.disassembly = disassembly
        self.mapping = mapping
        self.thread = thread
        self.backtrace = [frame if isinstance(frame, Frame) else Frame(**frame) for frame in backtrace]

    @property
    def signal_name(self) -> str:
        """The signal's name, such as SIGSEGV."""
        return signal_name(self.signal)

    def to_dict(self) -> dict[str, Any]:
        """Give the parts as values that JSON has."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {**values, "backtrace": [frame.to_dict() for frame in self.backtrace]}

    def __str__(self) -> str:
        lines = [f"{self.signal_name}: {self.reason}", *format_place(self.backtrace, self.pc, self.thread)]
        lines += ["", *(self.disassembly or ["  no code can be read there"])]
        lines += ["", *("  " + row for row in format_registers(self.registers).split("\n"))]
        if self.mapping:
            lines += ["", *("  " + row for row in self.mapping.split("\n"))]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"CrashReport({self.signal_name}, pc={self.pc:#x}, {self.reason!r})"


def signal_of(stop: Stop) -> int:
    """Give the signal that Linux sends for an engine's stop; 0 for a stop that is no fault."""
    if stop.kind in (stops.FAULT, stops.FETCH):
        return SIGBUS if stop.signal == SIGBUS else SIGSEGV
    if stop.kind == stops.UNDEFINED:
        return SIGILL
    if stop.kind in (stops.BREAKPOINT, stops.DEBUGGER_BREAK):
        return SIGTRAP
    return SIGBUS if stop.kind == stops.ALIGNMENT else 0


def report(state: State, memory: Memory, stop: Stop, modules: Modules) -> CrashReport:
    """Make the report of a stop for which `signal_of` gives a signal."""
    concerns_memory = stop.kind in (stops.FAULT, stops.FETCH, stops.ALIGNMENT)
    address = (stop.pc if stop.kind == stops.FETCH else stop.address) if concerns_memory else None
    lines = _disassembly(state, memory, stop.pc)
    current = next((line for line in lines if line.address == stop.pc), None)
    reason = _reason(state, memory, stop, current.text if current else "") + lost.explain(state, memory, stop, modules)
    return _make(state, memory, modules, signal_of(stop), reason, stop.pc, lines, address)


def report_signal(state: State, memory: Memory, signal: int, info: bytes, modules: Modules) -> CrashReport:
    """Make the report of a signal that was sent; `info` is its siginfo, empty if the kernel has none."""
    pc = state.r[15]
    made = _make(state, memory, modules, signal, "", pc, _disassembly(state, memory, pc), None)
    code, sender = (int.from_bytes(info[at : at + 4], "little", signed=True) for at in (8, 12))
    callers = [frame.function for frame in made.backtrace]
    if signal == SIGABRT and any(name in ASSERTIONS for name in callers):
        made.reason = "an assertion of the program has failed"
    elif signal == SIGABRT and "abort" in callers:
        made.reason = "the program called abort()"
    elif code > 0:
        made.reason = "the kernel sent it"
    elif sender == os.getpid():
        made.reason = "the program sent it to itself"
    else:
        made.reason = f"process {sender} sent it"
    return made


def _make(
    state: State,
    memory: Memory,
    modules: Modules,
    signal: int,
    reason: str,
    pc: int,
    lines: list[Any],
    address: int | None,
) -> CrashReport:
    frames = backtrace(state, memory, modules)
    return CrashReport(
        signal=signal,
        reason=reason,
        pc=pc,
        symbol=frames[0].symbol if frames else "",
        address=address,
        registers=read_registers(state),
        disassembly=[f"{'->' if line.address == pc else '  '} {line}" for line in lines],
        mapping=_describe_mapping(memory, pc if address is None else address),
        backtrace=frames,
    )


def format_place(frames: Sequence[Frame], pc: int, thread: int) -> list[str]:
    """Write where a thread is, and below it the callers."""
    place = frames[0].describe() if frames else ""
    return [f"  at pc={pc:#010x}{place}" + (f", in thread {thread}" if thread else ""), *format_callers(frames)]


def _disassembly(state: State, memory: Memory, pc: int) -> list[Any]:
    from stinkarm.inspect.disassembly import around

    return around(memory, pc, state.thumb, (state.cpsr >> 25 & 3) | (state.cpsr >> 10 & 0x3F) << 2)


def _reason(state: State, memory: Memory, stop: Stop, text: str) -> str:
    kind, detail = stop.kind, stop.detail
    if kind == stops.FAULT:
        return _fault_reason(state, memory, stop)
    if kind == stops.FETCH:
        mapping = memory.find(stop.pc)
        if mapping is None:
            return f"a jump to {_name_address(stop.pc)}, where nothing is mapped"
        return f"a jump to {stop.pc:#010x}, which is not executable ({mapping.permissions} {_name(mapping.name)})"
    if kind == stops.ALIGNMENT:
        return f"the address {stop.address:#010x} is not aligned as {text or 'the instruction'} needs it"
    if kind == stops.BREAKPOINT:
        return f"the breakpoint instruction bkpt #{detail:#x}"
    if kind == stops.DEBUGGER_BREAK:
        return f"the breakpoint of debuggers, {text}"
    word = _word_text(state, memory, stop.pc)
    if text.startswith("udf"):
        return f"the permanently undefined instruction {text}"
    if not state.v8 and _is_of_v8(state, memory, stop.pc):
        return f"{word} is {text}, which ARMv8 adds to what a Cortex-A15 has; -cpu max runs it"
    return f"{word} is an undefined instruction"


def _fault_reason(state: State, memory: Memory, stop: Stop) -> str:
    verb = "write to" if stop.write else "read of"
    where = _name_address(stop.address)
    mapping = memory.find(stop.address)
    if mapping is None:
        if _is_below_stack(state, memory, stop.address):
            return f"{verb} {where}, below the main stack, which has overflowed (-s makes it larger)"
        return f"{verb} {where}, where nothing is mapped"
    what = f"({mapping.permissions} {_name(mapping.name)})"
    if stop.signal == SIGBUS:
        return f"{verb} {where}, which lies behind the end of the mapped file {what}"
    if stop.write and not mapping.prot & PROT_WRITE:
        return f"{verb} {where}, which is not writable {what}"
    if not mapping.prot & PROT_READ:
        return f"{verb} {where}, which is not readable {what}"
    return f"{verb} {where}, which the host refused {what}"


def _is_below_stack(state: State, memory: Memory, address: int) -> bool:
    """Say whether a program that has used up its main stack accessed an address below it."""
    index = first_after(memory.mappings, address)
    if index == len(memory.mappings):
        return False
    stack = memory.mappings[index]
    return stack.name == "[stack]" and stack.start - address < NEAR and state.r[13] - stack.start < PAGE


def _name_address(address: int) -> str:
    return f"NULL+{address:#x}" if address < NULL_PAGE else f"{address:#010x}"


def _name(name: str) -> str:
    return shown(name) or "anonymous memory"


def _word_text(state: State, memory: Memory, pc: int) -> str:
    from stinkarm.inspect.disassembly import read_word

    try:
        word, length = read_word(memory, pc, state.thumb)
    except GuestFault:
        return "the word at pc"
    return f"the word 0x{word:0{length * 2}x}"


def _is_of_v8(state: State, memory: Memory, pc: int) -> bool:
    """Say whether the word at `pc` is an instruction that ARMv8 adds."""
    from stinkarm.inspect.disassembly import read_word
    from stinkarm.isa.declare import V8
    from stinkarm.isa.decode import decoder

    try:
        word, length = read_word(memory, pc, state.thumb)
    except GuestFault:
        return False
    encoding = decoder().find(word, thumb=state.thumb, length=length)
    return encoding is not None and encoding.extension == V8


def _describe_mapping(memory: Memory, address: int) -> str:
    """Show the mapping that holds an address, or its neighbours when none does."""
    mappings = memory.mappings
    index = first_after(mappings, address)
    if index < len(mappings) and mappings[index].start <= address:
        return f"{address:#010x} is in {_mapping_text(mappings[index])}"
    lines = [f"{address:#010x} is not mapped"]
    if index > 0 and address - mappings[index - 1].end < NEAR:
        gap = address - mappings[index - 1].end
        lines.append(f"  {gap:#x} bytes after the end of {_mapping_text(mappings[index - 1])}")
    if index < len(mappings) and mappings[index].start - address < NEAR:
        gap = mappings[index].start - address
        lines.append(f"  {gap:#x} bytes before {_mapping_text(mappings[index])}")
    return "\n".join(lines)


def _mapping_text(mapping: Any) -> str:
    return f"{mapping.start:08x}-{mapping.end:08x} {mapping.permissions} {_name(mapping.name)}"
