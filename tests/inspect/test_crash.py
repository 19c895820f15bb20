"""Each reason for a crash, in words; the report of a state in which little is there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from stinkarm.guest import stop as stops
from stinkarm.guest.mapping import MAP_ANONYMOUS, MAP_PRIVATE, PROT_EXEC, PROT_READ, PROT_WRITE
from stinkarm.guest.memory import Memory
from stinkarm.guest.signals import SIGBUS, SIGILL, SIGSEGV, SIGTRAP, signal_name
from stinkarm.guest.state import State
from stinkarm.guest.stop import Stop
from stinkarm.inspect import crash
from stinkarm.inspect.crash import CrashReport
from stinkarm.inspect.modules import Modules

CODE, DATA, CLOSED = 0x8000, 0x20000, 0x30000


@pytest.fixture(scope="module")
def memory() -> Iterator[Memory]:
    """Code, read-only data, and memory without any access."""
    with Memory() as made:
        flags = MAP_PRIVATE | MAP_ANONYMOUS
        made.map(CODE, 4096, PROT_READ | PROT_WRITE, flags, name="/bin/prog")
        made.write(CODE, bytes.fromhex("0000a0e3 001091e5 f000f0e7 00f020e3"))
        made.protect(CODE, 4096, PROT_READ | PROT_EXEC)
        made.map(DATA, 4096, PROT_READ, flags)
        made.map(CLOSED, 4096, 0, flags, name="[guard]")
        yield made


def report(memory: Memory, stop: Stop, *, thumb: bool = False) -> CrashReport:
    state = State()
    state.r[15] = stop.pc
    state.thumb = thumb
    return crash.report(state, memory, stop, Modules(memory))


def fault(address: int, *, write: bool = False, signal: int = SIGSEGV) -> Stop:
    return Stop(stops.FAULT, CODE + 4, address=address, write=write, signal=signal)


@pytest.mark.parametrize(
    ("stop", "signal", "reason"),
    [
        (fault(0), SIGSEGV, "read of NULL+0x0, where nothing is mapped"),
        (fault(0x10, write=True), SIGSEGV, "write to NULL+0x10, where nothing is mapped"),
        (fault(0xDEADBEE0), SIGSEGV, "read of 0xdeadbee0, where nothing is mapped"),
        (fault(DATA + 8, write=True), SIGSEGV, "write to 0x00020008, which is not writable (r--p anonymous memory)"),
        (fault(CODE, write=True), SIGSEGV, "write to 0x00008000, which is not writable (r-xp /bin/prog)"),
        (fault(CLOSED), SIGSEGV, "read of 0x00030000, which is not readable (---p [guard])"),
        (
            fault(DATA, signal=SIGBUS),
            SIGBUS,
            "read of 0x00020000, which lies behind the end of the mapped file (r--p anonymous memory)",
        ),
        (Stop(stops.FETCH, 0, signal=SIGSEGV), SIGSEGV, "a jump to NULL+0x0, where nothing is mapped"),
        (
            Stop(stops.FETCH, DATA, signal=SIGSEGV),
            SIGSEGV,
            "a jump to 0x00020000, which is not executable (r--p anonymous memory)",
        ),
        (Stop(stops.UNDEFINED, CODE + 8), SIGILL, "the permanently undefined instruction udf #0"),
        (Stop(stops.BREAKPOINT, CODE, detail=7), SIGTRAP, "the breakpoint instruction bkpt #0x7"),
        (
            Stop(stops.ALIGNMENT, CODE + 4, address=DATA + 1),
            SIGBUS,
            "the address 0x00020001 is not aligned as ldr r1, [r1] needs it",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_reason(memory: Memory, stop: Stop, signal: int, reason: str) -> None:
    found = report(memory, stop)
    assert (found.signal, found.reason, found.pc) == (signal, reason, stop.pc)
    assert str(found).startswith(f"{signal_name(signal)}: {reason}\n  at pc={stop.pc:#010x}")


def test_stack_overflow() -> None:
    with Memory() as memory:
        low = 0x40000000
        memory.map_stack(low, low + (64 << 10), PROT_READ | PROT_WRITE)
        state = State()
        stop = Stop(stops.FAULT, CODE, address=low - 4, write=True, signal=SIGSEGV)
        for sp, overflow in ((low + 8, True), (low - 8, True), (low + 0x8000, False)):
            state.r[13] = sp
            reason = crash.report(state, memory, stop, Modules(memory)).reason
            assert ("below the main stack, which has overflowed (-s makes it larger)" in reason) is overflow
        state.r[13] = low
        far = Stop(stops.FAULT, CODE, address=low - (2 << 20), write=True, signal=SIGSEGV)
        assert "where nothing is mapped" in crash.report(state, memory, far, Modules(memory)).reason


def test_a_stop_that_is_no_fault_has_no_signal() -> None:
    assert crash.signal_of(Stop(stops.BUDGET, 0)) == crash.signal_of(Stop(stops.SYSCALL, 0)) == 0


def test_whole_report(memory: Memory) -> None:
    text = str(report(memory, fault(DATA + 0x1010)))
    assert text == (
        "SIGSEGV: read of 0x00021010, where nothing is mapped\n"
        "  at pc=0x00008004\n"
        "\n"
        "   00008000  e3a00000  mov r0, #0\n"
        "-> 00008004  e5911000  ldr r1, [r1]\n"
        "   00008008  e7f000f0  udf #0\n"
        "   0000800c  e320f000  nop\n"
        "   00008010  00000000  andeq r0, r0, r0\n"
        "\n"
        "   r0 00000000   r1 00000000   r2 00000000   r3 00000000\n"
        "   r4 00000000   r5 00000000   r6 00000000   r7 00000000\n"
        "   r8 00000000   r9 00000000  r10 00000000  r11 00000000\n"
        "  r12 00000000   sp 00000000   lr 00000000   pc 00008004\n"
        "  cpsr 00000010  (nzcvq GE=0000 A32)\n"
        "\n"
        "  0x00021010 is not mapped\n"
        "    0x10 bytes after the end of 00020000-00021000 r--p anonymous memory\n"
        "    0xeff0 bytes before 00030000-00031000 ---p [guard]"
    )


@pytest.mark.parametrize("thumb", [False, True])
@pytest.mark.parametrize("pc", [0, 2, CODE, CODE + 0xFFE, CODE + 0xFFC, DATA, CLOSED, 0xFFFFFFFC, 0xFFFFFFFE])
def test_any_pc(memory: Memory, pc: int, thumb: bool) -> None:
    pc &= ~1 if thumb else ~3
    for kind in (stops.FAULT, stops.FETCH, stops.UNDEFINED, stops.ALIGNMENT, stops.BREAKPOINT):
        found = report(memory, Stop(kind, pc, address=0xFFFFFFFF, signal=SIGSEGV), thumb=thumb)
        assert f"pc={pc:#010x}" in str(found)
        assert CrashReport(**found.to_dict()).to_dict() == found.to_dict()


def test_no_memory_at_all() -> None:
    with Memory() as memory:
        text = str(report(memory, Stop(stops.FETCH, CODE, signal=SIGSEGV)))
    assert "no code can be read there" in text
    assert text.endswith("0x00008000 is not mapped")


def test_t32_code_before_pc_is_found(memory: Memory) -> None:
    with Memory() as made:
        made.map(CODE, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS)
        # movw r0, #0x1234; movs r1, #5; it ne; movne r2, #1; ldr r3, [r3]
        made.write(CODE, bytes.fromhex("41f23420 0521 18bf 0122 1b68"))
        found = report(made, Stop(stops.FAULT, CODE + 10, address=0), thumb=True)
    assert found.disassembly[0].startswith("   00008000  f2412034  movw r0, ")
    assert found.disassembly[1:5] == [
        "   00008004  2105      movs r1, #5",
        "   00008006  bf18      it ne",
        "   00008008  2201      movne r2, #1",
        "-> 0000800a  681b      ldr r3, [r3]",
    ]
