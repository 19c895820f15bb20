"""Regions that go from one instruction set to the other and back: exact counts, faults, and what they call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from stinkarm.engine.interpreter import Interpreter
from stinkarm.guest import stop as stops
from stinkarm.guest.state import State
from stinkarm.proof.compare_programs import Machine, Result, differences
from stinkarm.proof.world import CODE, DATA, DATA_SIZE, read_state

ZEROS = read_state(State())
DONE = 100_000
ROUNDS = 14
T32_AT, A32_AT = CODE + 0x40, CODE + 0x80  # where the functions are


def a32(*words: int) -> bytes:
    return b"".join(word.to_bytes(4, "little") for word in words)


def t32(*halfwords: int) -> bytes:
    return b"".join(word.to_bytes(2, "little") for word in halfwords)


class Program(NamedTuple):
    """Code at CODE in the set `thumb`, a T32 function at T32_AT and an A32 function at A32_AT.

    `loop` is where it goes round, `fault_thumb` the set of its first store.
    """

    main: bytes
    of_t32: bytes
    of_a32: bytes
    thumb: int
    fault_thumb: int
    loop: int = CODE

    def code(self) -> bytes:
        return self.main.ljust(0x40, b"\0") + self.of_t32.ljust(0x40, b"\0") + self.of_a32


# r0 is stored to and added to, r1 counts, r5 is the T32 function, r6 the A32 function.
LEAF_T32 = t32(0x6002, 0x1D00, 0xBF18, 0x3201, 0x4770)  # str r2, [r0]; adds r0, #4; it ne; addne r2, #1; bx lr
LEAF_A32 = a32(0xE4802004, 0xE0922002, 0xE0A33001, 0xE12FFF1E)  # str r2, [r0], #4; adds r2, r2; adc r3, r1; bx lr
PUSHING_T32 = t32(0xB510, 0x6002, 0x3004, 0x4622, 0xBD10)  # push {r4, lr}; str r2, [r0]; adds r0, #4; mov r2, r4; pop
PUSHING_A32 = a32(0xE92D4010, 0xE4802004, 0xE2844003, 0xE8BD8010)  # push {r4, lr}; str; add r4, #3; pop {r4, pc}
SVC_A32, SVC_T32 = 0xEF000000, 0xDF00
COUNT_A32 = (0xE2511001, 0x1AFFFFFC, SVC_A32)  # subs r1, #1; bne two instructions before; svc
PROGRAMS = {
    "BLX to T32": Program(a32(0xFA00000E, *COUNT_A32), LEAF_T32, b"", 0, 1),
    "BLX to A32": Program(t32(0xF000, 0xE83E, 0x3901, 0xD1FB, SVC_T32), b"", LEAF_A32, 1, 0),
    "BLX to T32 that returns with POP": Program(a32(0xFA00000E, *COUNT_A32), PUSHING_T32, b"", 0, 1),
    "BLX to A32 that returns with POP": Program(t32(0xF000, 0xE83E, 0x3901, 0xD1FB, SVC_T32), b"", PUSHING_A32, 1, 0),
    "by pointer to T32": Program(a32(0xE12FFF35, *COUNT_A32), PUSHING_T32, b"", 0, 1),
    "by pointer to A32": Program(t32(0x47B0, 0x3901, 0xD1FC, SVC_T32), b"", LEAF_A32, 1, 0),
    # bl to ldr pc, [pc, #-4] with the address of the T32 function
    "a veneer to T32": Program(a32(0xEB000003, *COUNT_A32, 0, 0xE51FF004, T32_AT | 1), LEAF_T32, b"", 0, 1),
    # bl to movw and movt of an address, bx r12
    "a stub to T32": Program(
        a32(0xEB000003, *COUNT_A32, 0, 0xE300C041, 0xE340C001, 0xE12FFF1C), PUSHING_T32, b"", 0, 1
    ),
    # bl to bx pc, nop, and in A32 b to the function
    "a stub to A32": Program(
        t32(0xF000, 0xF806, 0x3901, 0xD1FB, SVC_T32, 0, 0, 0, 0x4778, 0xBF00) + a32(0xEA000019), b"", LEAF_A32, 1, 0
    ),
    # push {r4, lr}; str r2, [r0]; blx to A32; adds r0, #8; pop {r4, pc}
    "T32 that calls A32": Program(
        a32(0xFA00000E, *COUNT_A32),
        t32(0xB510, 0x6002, 0xF000, 0xE81C, 0x3008, 0xBD10),
        LEAF_A32,
        0,
        1,
    ),
    # cmp r1, #1; bhi to a call of itself with fewer: a function of A32 that goes around through one of T32
    "around through both": Program(
        a32(0xFA00000E, SVC_A32),
        t32(0xB500, 0x2902, 0xD902, 0x3902, 0xF000, 0xE81A, 0xBD00),
        a32(0xE92D4000, 0xE4802004, 0xFAFFFFEC, 0xE2822001, 0xE8BD8000),
        0,
        0,
        loop=T32_AT,
    ),
}


@pytest.fixture(scope="module")
def plain() -> Iterator[Machine]:
    machine = Machine("interpreter")
    yield machine
    machine.close()


@pytest.fixture(scope="module")
def compiled() -> Iterator[Machine]:
    machine = Machine("jit")
    yield machine
    machine.close()


@pytest.fixture(params=PROGRAMS)
def program(request: pytest.FixtureRequest, plain: Machine, compiled: Machine) -> Program:
    """A program that both machines have, with all of it compiled on one."""
    program: Program = PROGRAMS[request.param]
    plain.set_code(program.code())
    compiled.set_code(program.code())
    for _ in range(4):
        compiled.run(start(program, r1=100), bytes(DATA_SIZE), [DONE])
    return program


def start(program: Program, **values: int) -> dict[str, int]:
    """Return the state in which a program begins."""
    pointers = {"r5": T32_AT | 1, "r6": A32_AT, "sp": DATA + DATA_SIZE // 2, "pc": CODE, "T": program.thumb}
    return ZEROS | {"r0": DATA, "r1": ROUNDS, "r2": 7, "C": 1} | pointers | values


def compare(plain: Machine, compiled: Machine, values: dict[str, int], budgets: list[int]) -> Result:
    """Run both machines; return how they end."""
    data = bytes(DATA_SIZE)
    wanted = plain.run(values, data, budgets)
    told = differences(wanted, compiled.run(values, data, budgets))
    assert not told, f"budgets {budgets[:3]}: {'; '.join(told)}"
    return wanted


def test_a_loop_and_what_it_calls_are_one_region(program: Program, plain: Machine, compiled: Machine) -> None:
    result = compare(plain, compiled, start(program), [DONE])
    assert result.stop["kind"] == stops.SYSCALL
    assert result.state["r0"] >= DATA + 4 * (ROUNDS // 2 - 1)
    engine = compiled.engine
    assert isinstance(engine, Interpreter)
    assert engine.jit is not None
    regions = [region for region in engine.jit._by_page[CODE // 4096] if region.thumb == bool(program.thumb)]
    functions = [at for at, code in ((T32_AT, program.of_t32), (A32_AT, program.of_a32)) if code]
    whole = [r for r in regions if all(any(s <= at < e for s, e in r.ranges) for at in (program.loop, *functions))]
    assert whole, [(region.entries, region.ranges) for region in regions]
    assert any(engine.jit.is_region(entry, region.thumb) for region in whole for entry in region.entries)


def test_budgets_end_anywhere(program: Program, plain: Machine, compiled: Machine) -> None:
    done = DONE - compare(plain, compiled, start(program), [DONE]).left
    sets = set()
    for budget in range(1, done):
        result = compare(plain, compiled, start(program), [budget])
        assert (result.stop["kind"], result.left) == (stops.BUDGET, 0)
        sets.add(result.state["T"])
    assert sets == {0, 1}
    compare(plain, compiled, start(program), [37] * (done // 37) + [DONE])


def test_faults_in_the_other_set_are_exact(program: Program, plain: Machine, compiled: Machine) -> None:
    rounds = ROUNDS // 2 - 1
    for before in (0, rounds):
        values = start(program, r0=DATA + DATA_SIZE - 4 * before, r1=4 * ROUNDS)
        result = compare(plain, compiled, values, [DONE])
        assert (result.stop["kind"], result.stop["page"]) == (stops.FAULT, DATA + DATA_SIZE)
        assert result.state["T"] == program.fault_thumb
        assert result.state["pc"] >= T32_AT
