"""Compiled regions: random programs, exact counts and faults, spin loops, and code that changes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from stinkarm.guest import stop as stops
from stinkarm.guest.state import State
from stinkarm.proof.compare_programs import Comparison, Machine
from stinkarm.proof.world import CODE, DATA, read_state, write_state

ZEROS = read_state(State())


@pytest.mark.parametrize(("isa", "programs"), [("A32", 12), ("T32", 12), ("A32 mixed", 12), ("T32 mixed", 12)])
def test_random_programs_do_the_same_compiled(isa: str, programs: int) -> None:
    comparison = Comparison(unicorn=False, reference=5)
    try:
        for number in range(programs):
            comparison.run(f"{isa} 50 {number}", isa.startswith("T32"))
        count = comparison.count
        assert not comparison.failures, "\n".join(comparison.failures[:10])
        assert count["compiled"] > 0.9 * programs
        assert count["entered"] > 0.5 * programs
        assert count["ended by fault"] > 0
    finally:
        comparison.close()


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    machine = Machine("jit")
    yield machine
    machine.close()


def a32(*words: int) -> bytes:
    return b"".join(word.to_bytes(4, "little") for word in words)


def begin(machine: Machine, code: bytes, **values: int) -> State:
    """Put code in its place; return a state at its beginning, in which everything is counted as hot at once."""
    machine.set_code(code)
    jit = machine.engine.jit  # type: ignore[union-attr]
    assert jit is not None
    write_state(machine.state, ZEROS | {"pc": CODE, "T": 0} | values)
    jit.prepare(machine.state)
    return machine.state


def is_compiled(machine: Machine, pc: int) -> bool:
    return bool(machine.engine.jit.is_region(pc, False))  # type: ignore[union-attr]


def test_instructions_are_counted_exactly(machine: Machine) -> None:
    """add r0, r0, #1; add r1, r1, #2; eor r2, r2, r0; b CODE"""
    code = a32(0xE2800001, 0xE2811002, 0xE0222000, 0xEAFFFFFB)
    state = begin(machine, code)
    machine.engine.run(state, 1000)
    assert is_compiled(machine, CODE)
    for budget in (1, 2, 3, 4, 5, 6, 7, 8, 9, 37, 1001, 4098, 100_003):
        write_state(state, ZEROS | {"pc": CODE})
        stop = machine.engine.run(state, budget)
        assert (stop.kind, stop.pc) == (stops.BUDGET, CODE + budget % 4 * 4)
        assert state.r[0] == budget // 4 + (budget % 4 > 0)
        assert state.r[1] == 2 * (budget // 4 + (budget % 4 > 1))


@pytest.mark.parametrize("thumb", [False, True])
def test_branches_into_what_stands_behind_them(machine: Machine, thumb: bool) -> None:
    """loop: add pc, pc, r3; nop; adds r0, #1; adds r0, #16; eor r3, r5; subs r4, #1; bne loop; b ."""
    if thumb:
        code = bytes.fromhex("9f44 00bf 0130 1030 83ea0503 013c f7d1 fee7")
    else:
        code = a32(0xE08FF003, 0xE320F000, 0xE2900001, 0xE2900010, 0xE0233005, 0xE2544001, 0x1AFFFFF8, 0xEAFFFFFE)
    state = begin(machine, code, r4=1001, r5=len(code) // 8, T=int(thumb))
    machine.engine.run(state, 20_000)
    jit = machine.engine.jit  # type: ignore[union-attr]
    assert any(jit.is_region(CODE + at, thumb) for at in range(0, len(code), 2 if thumb else 4))  # type: ignore[union-attr]
    assert (state.r[0], state.r[4], state.r[15]) == (501 * 17 + 500 * 16, 0, CODE + len(code) - len(code) // 8)


def test_registers_and_flags_are_exact_at_a_fault_in_a_loop(machine: Machine) -> None:
    """loop: str r0, [r1], #4; adds r0, r0, r2; ldr r3, [r1]; subs r4, r4, #1; bne loop"""
    code = a32(0xE4810004, 0xE0900002, 0xE5913000, 0xE2544001, 0x1AFFFFFA)
    state = begin(machine, code, r1=DATA, r2=0x40000001, r4=100_000)
    stop = machine.engine.run(state, 1_000_000)
    assert is_compiled(machine, CODE)
    stored = 0x2000 // 4
    assert (stop.kind, stop.pc, stop.address, stop.write) == (stops.FAULT, CODE + 8, DATA + 0x2000, False)
    values = read_state(state)
    total = stored * 0x40000001
    assert values["r0"] == total & 0xFFFFFFFF
    assert values["r1"] == DATA + 0x2000
    assert values["r4"] == 100_000 - stored + 1
    before = (total - 0x40000001) & 0xFFFFFFFF
    assert values["N"] == values["r0"] >> 31
    assert values["Z"] == (values["r0"] == 0)
    assert values["C"] == (before + 0x40000001 > 0xFFFFFFFF)
    assert values["V"] == (~(before ^ 0x40000001) & (before ^ values["r0"])) >> 31 & 1


def test_an_endless_loop_comes_back_in_time(machine: Machine) -> None:
    """b ."""
    state = begin(machine, a32(0xEAFFFFFE))
    machine.engine.run(state, 100)
    assert is_compiled(machine, CODE)
    began = time.monotonic()
    stop = machine.engine.run(state, 1_000_000)
    assert stop.kind == stops.BUDGET
    assert time.monotonic() - began < 5


def test_a_spin_loop_sees_the_store_of_another_thread(machine: Machine) -> None:
    """loop: ldr r0, [r1]; cmp r0, #0; beq loop; svc #0"""
    state = begin(machine, a32(0xE5910000, 0xE3500000, 0x0AFFFFFC, 0xEF000000), r1=DATA)
    machine.memory.write(DATA, bytes(4))
    assert machine.engine.run(state, 1000).kind == stops.BUDGET
    assert is_compiled(machine, CODE)
    timer = threading.Timer(0.2, machine.memory.write, (DATA, b"\x01"))
    timer.start()
    stop = machine.engine.run(state, 1 << 40)
    timer.join()
    assert (stop.kind, state.r[0]) == (stops.SYSCALL, 1)


def test_changed_code_is_compiled_anew_after_a_flush(machine: Machine) -> None:
    """loop: add r0, r0, #1; subs r1, r1, #1; bne loop; svc #0"""
    code = a32(0xE2800001, 0xE2511001, 0x1AFFFFFC, 0xEF000000)
    state = begin(machine, code, r1=1000)
    machine.memory.protect(CODE, 0x1000, 7)
    assert machine.engine.run(state, 10_000).kind == stops.SYSCALL
    assert state.r[0] == 1000
    assert is_compiled(machine, CODE)
    machine.memory.write(CODE, a32(0xE2800003))
    machine.engine.flush(CODE, CODE + 4)
    assert not is_compiled(machine, CODE)
    write_state(state, ZEROS | {"pc": CODE, "r1": 1000})
    machine.engine.jit.prepare(state)  # type: ignore[union-attr]
    assert machine.engine.run(state, 10_000).kind == stops.SYSCALL
    assert state.r[0] == 3000
    assert is_compiled(machine, CODE)


def test_taking_execute_permission_away_ends_compiled_code(machine: Machine) -> None:
    """b ."""
    state = begin(machine, a32(0xEAFFFFFE))
    machine.engine.run(state, 100)
    assert is_compiled(machine, CODE)
    machine.memory.protect(CODE, 0x1000, 1)
    stop = machine.engine.run(state, 100)
    assert (stop.kind, stop.pc) == (stops.FETCH, CODE)


def test_a_constant_that_becomes_writable_is_read_again(machine: Machine) -> None:
    """loop: ldr r0, [pc, #8]; subs r1, r1, #1; bne loop; svc #0; a word"""
    code = a32(0xE59F0008, 0xE2511001, 0x1AFFFFFC, 0xEF000000, 1234)
    state = begin(machine, code, r1=1000)
    assert machine.engine.run(state, 10_000).kind == stops.SYSCALL
    assert state.r[0] == 1234
    assert is_compiled(machine, CODE)
    # This is data: nobody announces its change.
    machine.memory.protect(CODE, 0x1000, 7)
    write_state(state, ZEROS | {"pc": CODE, "r1": 1000})
    machine.engine.jit.prepare(state)  # type: ignore[union-attr]
    assert machine.engine.run(state, 10_000).kind == stops.SYSCALL
    machine.memory.write(CODE + 16, a32(5678))
    write_state(state, ZEROS | {"pc": CODE, "r1": 1000})
    assert machine.engine.run(state, 10_000).kind == stops.SYSCALL
    assert state.r[0] == 5678


def test_a_jump_table_is_read_again_when_it_changes(machine: Machine) -> None:
    """loop: and r2, r1, #1; ldr pc, [pc, r2, lsl #2]; nop; the table; add r0, #1; b next; add r0, #256; next: ..."""
    ways = (CODE + 0x14, CODE + 0x1C)
    code = a32(0xE2012001, 0xE79FF102, 0xE1A00000, *ways)
    code += a32(0xE2800001, 0xEA000000, 0xE2800C01, 0xE2511001, 0x1AFFFFF5, 0xEF000000)
    machine.memory.protect(CODE, 0x1000, 5)
    state = begin(machine, code, r1=1000)
    assert machine.engine.run(state, 100_000).kind == stops.SYSCALL
    assert state.r[0] == 500 * 257
    assert is_compiled(machine, ways[0])
    write_state(state, ZEROS | {"pc": CODE, "r1": 1000})
    assert machine.engine.run(state, 100_000).kind == stops.SYSCALL
    assert state.r[0] == 500 * 257
    machine.memory.protect(CODE, 0x1000, 7)
    machine.memory.write(CODE + 12, a32(*reversed(ways)))
    # An odd number of rounds: one more of what 1 leads to.
    write_state(state, ZEROS | {"pc": CODE, "r1": 1001})
    machine.engine.jit.prepare(state)  # type: ignore[union-attr]
    assert machine.engine.run(state, 100_000).kind == stops.SYSCALL
    assert state.r[0] == 500 * 257 + 1


def test_itstate_is_exact_at_a_fault_in_an_it_block(machine: Machine) -> None:
    """loop: cmp r4, #0; itte ne; addne r0, #1; ldrne r3, [r1]; moveq r0, r2; adds r1, #4; b loop"""
    halfwords = (0x2C00, 0xBF1A, 0x3001, 0x680B, 0x4610, 0x3104, 0xE7F8)
    code = b"".join(word.to_bytes(2, "little") for word in halfwords)
    state = begin(machine, code, r1=DATA, r4=1, T=1)
    stop = machine.engine.run(state, 1_000_000)
    assert machine.engine.jit.is_region(CODE, True)  # type: ignore[union-attr]
    assert (stop.kind, stop.pc, stop.address) == (stops.FAULT, CODE + 6, DATA + 0x2000)
    values = read_state(state)
    assert (values["r0"], values["r1"]) == (0x2000 // 4 + 1, DATA + 0x2000)
    # firstcond NE, after one instruction of ITTE
    assert values["IT"] == 0x14
