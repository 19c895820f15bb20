"""Invalid operations in compiled code: the results that ARM has, and what FPSCR says then."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import product

import pytest

from stinkarm.engine import region, store
from stinkarm.guest.state import State
from stinkarm.proof.compare_programs import Machine
from stinkarm.proof.world import CODE, read_state, write_state

ZEROS = read_state(State())
UFC, IXC, FZ, DN = 1 << 3, 1 << 4, 1 << 24, 1 << 25

# With double-precision registers d0, d0 and d0; bit 8 clear is single precision.
OPERATIONS = {
    "vadd": 0xEE300B00,
    "vsub": 0xEE300B40,
    "vmul": 0xEE200B00,
    "vdiv": 0xEE800B00,
    "vsqrt": 0xEEB10BC0,
    "vmla": 0xEE000B00,
    "vnmul": 0xEE200B40,
    "vneg": 0xEEB10B40,
    "vabs": 0xEEB00BC0,
    "vcvt": 0xEEB70BC0,
    "vcvt_s32": 0xEEBD0BC0,
    "vcvt_u32": 0xEEBC0BC0,
}
UNARY = {"vsqrt", "vneg", "vabs", "vcvt", "vcvt_s32", "vcvt_u32"}
BITS = {64: (11, 52), 32: (8, 23)}


def numbers(width: int) -> dict[str, int]:
    exponent, fraction = BITS[width]
    infinity, quiet, sign = (1 << exponent) - 1 << fraction, 1 << fraction - 1, 1 << width - 1
    one = (1 << exponent - 1) - 1 << fraction
    return {
        "signalling": infinity + 5,
        "-signalling": sign | infinity + 9,
        "quiet": infinity | quiet | 7,
        "-quiet": sign | infinity | quiet | 3,
        "infinity": infinity,
        "-infinity": sign | infinity,
        "zero": 0,
        "-zero": sign,
        "1": one,
        "-1.5": sign | one | quiet,
        "denormal": 3,
        "largest": infinity - 1,
    }


def program(op: str, width: int) -> bytes:
    """Do an operation to each of 14 registers with d14 (s28), over and over."""
    words = []
    for n in range(14):
        first = 0 if op in UNARY else n << 16
        word = OPERATIONS[op] | n << 12 | first | (n if op in UNARY else 14)
        words.append(word if width == 64 else word & ~0x100)
    words.append(0xEA000000 | -(len(words) + 2) & 0xFFFFFF)
    return b"".join(word.to_bytes(4, "little") for word in words)


class Both:
    """A machine that compiles, and the reference engine."""

    def __init__(self) -> None:
        self.machines = [Machine("jit"), Machine("reference")]

    def run(self, code: bytes, values: dict[str, int]) -> list[dict[str, int]]:
        """Return what both make of three times through a program, two of them compiled."""
        results = []
        for machine in self.machines:
            machine.set_code(code)
            write_state(machine.state, ZEROS | {"pc": CODE} | values)
            jit = getattr(machine.engine, "jit", None)
            if jit is not None:
                jit.prepare(machine.state)
                machine.engine.run(machine.state, 10 * len(code))
                assert jit.is_region(CODE, False)
                write_state(machine.state, ZEROS | {"pc": CODE} | values)
            machine.engine.run(machine.state, 3 * len(code) // 4)
            results.append(read_state(machine.state))
        return results


@pytest.fixture(scope="module", params=["x86-64-v2", store.region_level()])
def both(request: pytest.FixtureRequest) -> Iterator[Both]:
    """The encodings of these instructions are others where there is no AVX."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (store, region):
            patch.setattr(module, "region_level", lambda: request.param)
        machines = Both()
        yield machines
        for machine in machines.machines:
            machine.close()


@pytest.mark.parametrize("width", [64, 32])
@pytest.mark.parametrize("op", OPERATIONS)
def test_what_is_invalid_has_the_results_of_arm(both: Both, op: str, width: int) -> None:
    code = program(op, width)
    special = numbers(width)
    for a, b in product(special, special):
        for mode in (0, DN) if "quiet" in a else (0,):
            values = {f"d{n}": special[a] for n in range(14)} | {"d14": special[b], "fpscr": mode}
            compiled, reference = both.run(code, values)
            assert compiled == reference, (a, b, mode)


def test_all_registers_may_be_zero(both: Both) -> None:
    """The host's kernel does not restore registers that it thinks to be as they were at first."""
    compiled, reference = both.run(program("vdiv", 64), {})
    assert compiled == reference
    assert compiled["d0"] == compiled["d13"] == 0x7FF8 << 48


def test_underflow_is_detected_after_rounding_in_compiled_code(both: Both) -> None:
    """(1 + 2**-28) * (1 - 2**-28), times the smallest normal number, rounds up to that: the one known difference."""
    # vmul.f64 d0, d1, d2; vadd.f64 d4, d4, d0; vmov.f64 d1, d3; b CODE: the first time is compiled, the last is not.
    words = (0xEE210B02, 0xEE344B00, 0xEEB01B43, 0xEAFFFFFB)
    code = b"".join(word.to_bytes(4, "little") for word in words)
    small = 0x200 << 52  # 2**-511
    values = {"d1": small + (1 << 24), "d2": small - (1 << 25)}
    compiled, reference = both.run(code, values)
    assert compiled["d4"] == reference["d4"] == 1 << 52
    assert compiled["fpscr"] == IXC
    assert reference["fpscr"] == IXC | UFC
    flushed, reference = both.run(code, values | {"fpscr": FZ})
    assert flushed == reference


@pytest.mark.parametrize("number", [signal.SIGFPE, signal.SIGTRAP])
def test_a_signal_that_was_sent_ends_the_process(number: int) -> None:
    text = (
        "import os, time; from stinkarm.engine.interpreter import native_code; native_code()\n"
        f"os.kill(os.getpid(), {number:d}); time.sleep(20)"
    )
    assert subprocess.run([sys.executable, "-c", text], timeout=60, check=False).returncode == -number
