"""Run every one-line case on every engine and in every instruction set it gives."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from stinkarm.guest import stop as stops
from stinkarm.isa.declare import INSTRUCTIONS
from stinkarm.isa.decode import decoder
from stinkarm.proof.compiled import INTERPRETED, UNUSUAL_FPSCR, Compiled
from stinkarm.proof.world import CODE, World, engine_names

from .case import Case, CaseError, read_cases

CASES = read_cases()


@pytest.fixture(scope="module", params=engine_names())
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    world = World(request.param)
    yield world
    world.close()


@pytest.mark.parametrize("case", [case for _, case in CASES], ids=lambda case: case.line)
def test_case(case: Case, world: World) -> None:
    for isa in case.code:
        for fill in (0, 1):
            differences = case.run(world, isa, fill)
            assert not differences, f"{isa}, what is not named set to fill {fill}:\n  " + "\n  ".join(differences)
            if isinstance(world.engine, Compiled):
                check_compiled(case, isa, world.engine)


PRODUCTS = ("vmul", "vmla", "vmls", "vfma", "vfms", "vrecps", "vrsqrts")


def may_be_redone(case: Case, names: set[str]) -> bool:
    """Say whether numbers are so unusual that compiled arithmetic leaves the instruction to the interpreter.

    Products of Advanced SIMD are left to it as long as FPSCR.IXC is not set.
    """
    before, after = case.before.registers, case.after.registers
    if not any(name.startswith("v") for name in names):
        return False
    if any(name.startswith(PRODUCTS) for name in names) and "fpscr" in before and not before["fpscr"] & 1 << 4:
        return True
    numbers = [value for name, value in (*before.items(), *after.items()) if name[0] == "d" and name[1:].isdigit()]
    return any(
        not 0x00800000 < single & 0x7FFFFFFF <= 0x7F800000 and single << 1 & 0xFFFFFFFF
        for number in numbers
        for single in (number & 0xFFFFFFFF, number >> 32)
    ) or any(not 1 << 52 < number & (1 << 63) - 1 <= 0x7FF << 52 and number << 1 & (1 << 64) - 1 for number in numbers)


def check_compiled(case: Case, isa: str, engine: Compiled) -> None:
    """Check that a case was run in compiled code, if there is such code for it."""
    before = case.before.registers
    names = set(case.instructions(isa))
    unusual = {"E", "IT"} & set(before) or before.get("fpscr", 0) & UNUSUAL_FPSCR or not names
    if case.after.stop.get("kind", stops.BUDGET) in (stops.BUDGET, stops.FAULT, stops.ALIGNMENT):
        assert engine.entered or unusual or names & INTERPRETED
    to_itself = case.after.registers.get("pc") == before.get("pc", CODE)  # a region would go on
    if not case.after.stop and not may_be_redone(case, names) and not to_itself:
        assert not engine.handed_back or unusual or names & INTERPRETED


@pytest.mark.parametrize("case", [case for _, case in CASES], ids=lambda case: case.line)
def test_text(case: Case) -> None:
    for isa in case.code:
        assert case.disassembly(isa) == case.text


def test_no_case_is_written_twice() -> None:
    lines = [case.line for _, case in CASES]
    assert sorted(set(lines)) == sorted(lines)


def test_every_declared_instruction_has_a_case() -> None:
    decoder()
    tested = {name for _, case in CASES for isa in case.code for name in case.instructions(isa)}
    assert sorted(set(INSTRUCTIONS) - tested) == []


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("A32 e0a10002 adc r0, r1, r2", "is not `SET WORD TEXT | before => after`"),
        ("A64 e0a10002 adc r0, r1, r2 | => ", "write one word for each of A32 and T32"),
        ("A32 e0a1 adc r0, r1, r2 | => ", "a word has 8 hex digits, a T32 halfword 4"),
        ("A32 e0a10002 adc r0, r1, r2 | r19=1 => ", "'r19=1': there is no 'r19'"),
        ("A32 e0a10002 adc r0, r1, r2 | r1 => ", "'r1' is not name=value"),
        ("A32 e0a10002 adc r0, r1, r2 | => stop=halt", "'stop=halt': the stops are budget, syscall"),
        ("A32 e0a10002 adc r0, r1, r2 | stop=undefined =>", "a stop belongs after =>"),
        ("A32 e0a10002 adc r0, r1, r2 | [0x20000]=123 => ", "write 2, 4, 8 or 16 hex digits"),
    ],
)
def test_a_line_that_is_no_case_is_refused(line: str, message: str) -> None:
    with pytest.raises(CaseError) as error:
        Case(line)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("after", "message"),
    [
        ("", "r0 is 0x4, not 0x5eed0000"),
        ("r0=3", "r0 is 0x4, not 0x3"),
        ("r0=4 r3=0", "r3 is 0x5eed0303, not 0x0"),
        ("r0=4 C=0", "C is 0x1, not 0x0"),
        ("r0=4 pc=0x10008", "pc is 0x10004, not 0x10008"),
        ("r0=4 [0x20000]=55", "byte [0x20000] is 03, not 55"),
        ("r0=4 stop=undefined", "the run ended with Stop(budget, pc=0x10004) (kind 0x1), not with kind 0x5"),
    ],
)
def test_a_wrong_case_fails(after: str, message: str, world: World) -> None:
    case = Case(f"A32 e2a10002 adc r0, r1, #2 | r1=1 C=1 => {after}")
    assert message in case.run(world, "A32", 0)
