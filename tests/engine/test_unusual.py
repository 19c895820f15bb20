"""Instructions of compiled code that often meet numbers it is not made for: exact results, and being made again."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest

from stinkarm.engine.jit import MANY_UNUSUAL, UNUSUAL_LEFT
from stinkarm.engine.jit_sync import Immediately
from stinkarm.guest.state import State
from stinkarm.proof.compare_programs import Machine
from stinkarm.proof.world import CODE, read_state, write_state

ZEROS = read_state(State())
IXC = 1 << 4

# q0, q1 and q2.
VECTORS = {
    "vadd": 0xF2020D44,
    "vsub": 0xF2220D44,
    "vmul": 0xF3020D54,
    "vmla": 0xF2020D54,
    "vmls": 0xF2220D54,
    "vfma": 0xF2020C54,
    "vfms": 0xF2220C54,
    "vabd": 0xF3220D44,
}
# s0, s1 and s2, in single and (bit 8) in double precision: d0, d1 and d2.
SCALARS = {
    "vadd": (0xEE300A81, 0xEE310B02),
    "vsub": (0xEE300AC1, 0xEE310B42),
    "vmul": (0xEE200A81, 0xEE210B02),
    "vdiv": (0xEE800A81, 0xEE810B02),
    "vsqrt": (0xEEB10AE0, 0xEEB10BC1),
    "vmla": (0xEE000A81, 0xEE010B02),
    "vnmls": (0xEE100A81, 0xEE110B02),
    "vfma": (0xEEA00A81, 0xEEA10B02),
    "vfnms": (0xEE900A81, 0xEE910B02),
    "vcmp": (0xEEB40A60, 0xEEB40B41),
    "vcmpe": (0xEEB40AE0, 0xEEB40BC1),
}
SINGLES = (
    *(0, 1 << 31, 0x3F800000, 0xBFC00000, 0x3FFFFFFF, 0x40400000, 3, 0x80000005, 0x007FFFFF, 0x00800000, 0x80800000),
    *(0x0D800001, 0x8DFFFFFF, 0x20000003, 0x1F7FFFFF, 0x5FFFFFFF, 0x7F7FFFFF, 0x7F800000, 0xFF800000),
    *(0x7F800005, 0xFF800009, 0x7FC00007, 0xFFC00003),
)
INFINITY = 0x7F800000
UNDERFLOW = 1 << 3  # of a result that is tiny before rounding only, see docs/design.md


def word(number: int) -> bytes:
    return number.to_bytes(4, "little")


def double(single: int) -> int:
    """Return a double that is as odd as a single."""
    exponent, fraction = single >> 23 & 0xFF, single & 0x7FFFFF
    wide = {0: 0, 0xFF: 0x7FF}.get(exponent, 1023 + (exponent - 127) * 8)
    return (single >> 31) << 63 | wide << 52 | (fraction >> 20) << 49 | fraction & 0xFFFFF


class Engines:
    """What compiles everything as if it had unusual numbers, the interpreter, and the reference engine."""

    def __init__(self) -> None:
        self.machines = [Machine("jit"), Machine("interpreter"), Machine("reference")]

    def run(self, code: bytes, states: list[dict[str, int]]) -> Iterator[tuple[dict[str, int], ...]]:
        """Give what the engines make of two instructions of the code, for each state."""
        for machine in self.machines:
            machine.set_code(code)
        jit = self.machines[0].engine.jit  # type: ignore[union-attr]
        write_state(self.machines[0].state, ZEROS | {"pc": CODE})
        jit.prepare(self.machines[0].state)
        self.machines[0].engine.run(self.machines[0].state, 40)
        assert jit.is_region(CODE, False)
        for state in states:
            results = []
            for machine in self.machines:
                write_state(machine.state, ZEROS | {"pc": CODE} | state)
                # Enough for the compiled code to begin; that leaves the last of it to the interpreter.
                machine.engine.run(machine.state, 6)
                results.append(read_state(machine.state))
            yield tuple(results)


@pytest.fixture(scope="module")
def engines() -> Iterator[Engines]:
    engines = Engines()
    compiling = engines.machines[0].engine.jit.compiling  # type: ignore[union-attr]
    assert isinstance(compiling, Immediately)
    compiling.unusual = _All()
    yield engines
    for machine in engines.machines:
        machine.close()


class _All(set[int]):
    def __contains__(self, place: object) -> bool:
        return True


def loop(instruction: int) -> bytes:
    """The instruction and B to it."""
    return word(instruction) + word(0xEAFFFFFD)


@pytest.mark.parametrize("op", VECTORS)
def test_vectors(engines: Engines, op: str) -> None:
    pairs = list(product(SINGLES, SINGLES))
    states = []
    for addend in (0, 0x3F800000, 0x80800000, 0xFF800000, 0x7FC00001, 0x00000009):
        for at in range(0, len(pairs), 4):
            four = pairs[at : at + 4]
            four += [(0, 0)] * (4 - len(four))
            values = {"fpscr": IXC if at % 8 else 0}
            for half in (0, 1):
                (a0, b0), (a1, b1) = four[2 * half : 2 * half + 2]
                values |= {
                    f"d{half}": addend | addend << 32,
                    f"d{2 + half}": a0 | a1 << 32,
                    f"d{4 + half}": b0 | b1 << 32,
                }
            states.append(values)
    for state, (compiled, interpreted, right) in zip(states, engines.run(loop(VECTORS[op]), states), strict=True):
        assert compiled == interpreted == right, {name: hex(value) for name, value in state.items()}


@pytest.mark.parametrize("op", SCALARS)
def test_scalars(engines: Engines, op: str) -> None:
    single, wide = SCALARS[op]
    addends = (0, 0x40000000, 0x7F800000, 0xFFC00001, 0x7F800003) if op in ("vmla", "vnmls", "vfma", "vfnms") else (0,)
    singles, doubles = [], []
    for addend, a, b in product(addends, SINGLES, SINGLES):
        first = a if op in ("vcmp", "vcmpe") else addend
        second = b if op in ("vcmp", "vcmpe") else a
        singles.append({"d0": first | second << 32, "d1": b})
        doubles.append({"d0": double(first), "d1": double(second), "d2": double(b)})
    for code, states in ((loop(single), singles), (loop(wide), doubles)):
        for state, (compiled, interpreted, right) in zip(states, engines.run(code, states), strict=True):
            for result in (compiled, interpreted, right):
                result["fpscr"] &= ~UNDERFLOW
            assert compiled == interpreted == right, {name: hex(value) for name, value in state.items()}


THREES = 0x40400000_40400000


@pytest.mark.parametrize(
    ("instruction", "values"),
    [
        (0xEE300A81, {"d0": INFINITY << 32, "d1": INFINITY | 1 << 31}),
        (0xEE810B02, {}),
        (0xF3020D54, {"d2": THREES, "d3": THREES, "d4": THREES, "d5": THREES}),
    ],
    ids=["infinity - infinity", "0 / 0", "an exact product"],
)
def test_a_place_with_unusual_numbers_is_compiled_again(instruction: int, values: dict[str, int]) -> None:
    machine = Machine("jit")
    try:
        machine.set_code(loop(instruction))
        write_state(machine.state, ZEROS | {"pc": CODE} | values)
        jit = machine.engine.jit  # type: ignore[union-attr]
        assert jit is not None
        jit.prepare(machine.state)
        machine.engine.run(machine.state, 20)
        said: list[str] = []
        jit.say = said.append
        handler = machine.engine.table.read(machine.engine.table.entry(CODE, False))[:4]  # type: ignore[union-attr]
        machine.engine.run(machine.state, 20)
        assert not said
        machine.engine.run(machine.state, 4 * MANY_UNUSUAL)
        machine.engine.run(machine.state, 20)
        assert f"{CODE:#010x} (A32) often has unusual numbers" in said
        assert machine.engine.table.read(machine.engine.table.entry(CODE, False))[:4] != handler  # type: ignore[union-attr]
        said.clear()
        left = machine.state.words[UNUSUAL_LEFT]
        machine.engine.run(machine.state, 8 * MANY_UNUSUAL)
        assert machine.state.words[UNUSUAL_LEFT] == left, "the region still leaves, or traps"
    finally:
        machine.close()
