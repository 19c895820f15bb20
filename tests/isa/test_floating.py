"""Native floating point against the exact arithmetic: results and FPSCR, over tables of edges and random numbers."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from stinkarm.engine.store import cpu_level
from stinkarm.isa.operations import Value

from .floating_probe import Bench, Probe

FZ, DN, AHP = 1 << 24, 1 << 25, 1 << 26
MODES = [mode << 22 for mode in range(4)]
CONTROLS = [*MODES, FZ, FZ | DN, DN, *(FZ | mode for mode in MODES[1:])]
FORMATS = {16: (5, 10), 32: (8, 23), 64: (11, 52)}


def edges(width: int) -> list[int]:
    """Return numbers at the edges of a format, of both signs."""
    exponent_bits, fraction_bits = FORMATS[width]
    one = (1 << exponent_bits - 1) - 1 << fraction_bits
    infinity = (1 << exponent_bits) - 1 << fraction_bits
    smallest = 1 << fraction_bits
    positive = [
        *(0, 1, 2, smallest >> 1, smallest - 1, smallest, smallest + 1, 2 * smallest - 1, 2 * smallest),
        *(one - 1, one, one + 1, one + smallest, one + (smallest >> 1), one + 31 * smallest, one + 32 * smallest),
        *(infinity - 1, infinity - smallest, infinity, infinity + 1, infinity + smallest // 2, infinity + smallest - 1),
    ]
    if width > 16:
        positive += [one + (fraction_bits - 1) * smallest + 1, one + (fraction_bits + 1) * smallest + 1]
        positive += [one + 31 * smallest - 1, one + 32 * smallest - 1, one + 16 * smallest + 3, one - smallest]
        positive += [one - fraction_bits * smallest, one - 14 * smallest, one - 24 * smallest, one - 25 * smallest + 1]
        # Factors whose products round up to the smallest normal number.
        half_range = one - (one // smallest // 2) * smallest
        positive += [half_range, half_range - 1, half_range + 1, (one >> 1) + smallest // 3]
    return [sign | number for number in positive for sign in (0, 1 << width - 1)]


def interesting(rng: Random, width: int) -> int:
    """Return a random number, often near the edges of exponents."""
    exponent_bits, fraction_bits = FORMATS[width]
    kind = rng.random()
    if kind < 0.3:
        return rng.choice(_EDGES[width])
    if kind < 0.5:
        return rng.getrandbits(width)
    one = (1 << exponent_bits - 1) - 1
    exponent = one + rng.randrange(-70, 70) if kind < 0.9 else rng.choice((0, 1, 2, 2 * one, 2 * one - 1))
    exponent = max(0, min(2 * one, exponent))
    fraction = rng.getrandbits(fraction_bits)
    if rng.random() < 0.6:
        fraction &= -1 << rng.randrange(fraction_bits)
    return rng.getrandbits(1) << width - 1 | exponent << fraction_bits | fraction & (1 << fraction_bits) - 1


_EDGES = {width: edges(width) for width in FORMATS}


def _arithmetic() -> Iterator[Probe]:
    for op, count in {"add": 2, "sub": 2, "mul": 2, "div": 2, "sqrt": 1, "fma": 3}.items():
        for width in (32, 64):

            def meaning(m: Any, *values: Value, op: str = op) -> Value:
                return m.fp(op, *values)

            yield Probe(f"{op}_{width}", meaning, [(width, 1)] * count)
    for op in ("min", "max", "minnm", "maxnm"):
        for width in (32, 64):

            def extreme(m: Any, a: Value, b: Value, op: str = op) -> Value:
                return m.fp(op, a, b)

            yield Probe(f"{op}_{width}", extreme, [(width, 1)] * 2)


def _standard() -> Iterator[Probe]:
    counts = {"add": 2, "sub": 2, "mul": 2, "fma": 3, "min": 2, "max": 2, "minnm": 2, "maxnm": 2}
    counts |= {"recpe": 1, "rsqrte": 1, "recps": 2, "rsqrts": 2}
    for op, count in counts.items():
        for lanes in (1, 2, 4):

            def meaning(m: Any, *values: Value, op: str = op) -> Value:
                return m.fp(op, *values, standard=True)

            yield Probe(f"s_{op}_{lanes}", meaning, [(32, lanes)] * count)
    for op in ("eq", "ge", "gt"):
        for lanes in (1, 2, 4):

            def test(m: Any, a: Value, b: Value, op: str = op) -> Value:
                return m.fp_test(op, a, b).sext(32)

            yield Probe(f"s_test_{op}_{lanes}", test, [(32, lanes)] * 2)
    for lanes in (1, 2, 4):
        for signed in (False, True):

            def to_integer(m: Any, a: Value, signed: bool = signed) -> Value:
                return m.fp_to_fixed(a, 32, signed=signed, standard=True)

            def from_integer(m: Any, a: Value, signed: bool = signed) -> Value:
                return m.fixed_to_fp(a, 32, signed=signed, standard=True)

            def to_fixed(m: Any, a: Value, signed: bool = signed) -> Value:
                return m.fp_to_fixed(a, 32, signed=signed, fraction_bits=7, standard=True)

            def from_fixed(m: Any, a: Value, signed: bool = signed) -> Value:
                return m.fixed_to_fp(a, 32, signed=signed, fraction_bits=32, standard=True)

            kind = "s" if signed else "u"
            yield Probe(f"s_to_{kind}32_{lanes}", to_integer, [(32, lanes)])
            yield Probe(f"s_from_{kind}32_{lanes}", from_integer, [(32, lanes)])
            yield Probe(f"s_to_fixed_{kind}_{lanes}", to_fixed, [(32, lanes)])
            yield Probe(f"s_from_fixed_{kind}_{lanes}", from_fixed, [(32, lanes)])
    yield Probe("s_half_4", lambda m, a: m.fp_convert(a, 16, standard=True), [(32, 4)])
    yield Probe("s_single_4", lambda m, a: m.fp_convert(a, 32, standard=True), [(16, 4)])
    for op in ("recpe", "rsqrte"):
        yield Probe(f"u_{op}_2", lambda m, a, op=op: m.unsigned_estimate(op, a), [(32, 2)])


def _conversions() -> Iterator[Probe]:
    for width, to in ((32, 64), (64, 32), (16, 32), (32, 16)):
        yield Probe(f"convert_{width}_{to}", lambda m, a, to=to: m.fp_convert(a, to), [(width, 1)])
    for width in (32, 64):
        for signal in (False, True):

            def compare(m: Any, a: Value, b: Value, signal: bool = signal) -> Value:
                return m.fp_compare(a, b, signal_quiet=signal)

            yield Probe(f"compare{'e' if signal else ''}_{width}", compare, [(width, 1)] * 2)
        for signed in (False, True):
            for rounding in ("zero", "fpscr", "nearest", "away", "up", "down"):

                def to_int(m: Any, a: Value, signed: bool = signed, rounding: str = rounding) -> Value:
                    return m.fp_to_fixed(a, 32, signed=signed, rounding=rounding)

                yield Probe(f"to_{'s' if signed else 'u'}32_{rounding}_{width}", to_int, [(width, 1)])
            for size in (16, 32):
                for bits in (1, 5, size):

                    def to_fixed(m: Any, a: Value, signed: bool = signed, size: int = size, bits: int = bits) -> Value:
                        return m.fp_to_fixed(a, size, signed=signed, fraction_bits=bits)

                    def from_fixed(
                        m: Any, a: Value, signed: bool = signed, width: int = width, bits: int = bits
                    ) -> Value:
                        return m.fixed_to_fp(a, width, signed=signed, fraction_bits=bits, rounding="nearest")

                    kind = f"{'s' if signed else 'u'}{size}_{bits}_{width}"
                    yield Probe(f"to_{kind}", to_fixed, [(width, 1)])
                    yield Probe(f"from_{kind}", from_fixed, [(size, 1)])

            def from_int(m: Any, a: Value, signed: bool = signed, width: int = width) -> Value:
                return m.fixed_to_fp(a, width, signed=signed)

            yield Probe(f"from_{'s' if signed else 'u'}32_{width}", from_int, [(32, 1)])
        for rounding in ("nearest", "up", "down", "zero", "away", "fpscr"):

            def integral(m: Any, a: Value, rounding: str = rounding) -> Value:
                return m.fp_round_to_integral(a, rounding=rounding, exact=rounding != "up")

            yield Probe(f"integral_{rounding}_{width}", integral, [(width, 1)])


PROBES = [*_arithmetic(), *_standard(), *_conversions()]


@pytest.fixture(scope="module", params=["x86-64-v2", "x86-64-v3"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    if request.param == "x86-64-v3" and cpu_level() != request.param:
        pytest.skip("this host is not x86-64-v3")
    bench = Bench(PROBES, request.param)
    yield bench
    bench.close()


def _operand(rng: Random, probe: Probe, shape: tuple[int, int]) -> int:
    width, lanes = shape
    integers = "from_" in probe.name or probe.name.startswith("u_")
    number = 0
    for lane in range(lanes):
        if integers:
            one = rng.choice(
                (rng.getrandbits(width), rng.getrandbits(width) >> rng.randrange(width), 0, 1 << width - 1)
            )
        else:
            one = interesting(rng, width)
        number |= one << lane * width
    return number


def _check(bench: Bench, probe: Probe, operands: list[int], fpscr: int, sticky: int) -> None:
    want = bench.reference(probe.name, operands, fpscr | sticky)
    got = bench.native(probe.name, operands, fpscr, sticky)
    shown = [
        f"{number:#0{width * lanes // 4 + 2}x}" for number, (width, lanes) in zip(operands, probe.shapes, strict=True)
    ]
    assert got == want, (
        f"{probe.name} {' '.join(shown)} FPSCR {fpscr:#010x}, sticky {sticky:#x}: "
        f"{got[0]:#x} and {got[1]:#010x}, not {want[0]:#x} and {want[1]:#010x}"
    )


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
def test_random(bench: Bench, probe: Probe) -> None:
    rng = Random(probe.name)
    for _ in range(150):
        controls = rng.choice(CONTROLS) | rng.choice((0, 0, 0, AHP))
        operands = [_operand(rng, probe, shape) for shape in probe.shapes]
        stored, sticky = rng.choice(((0, 0), (0, 0), (0x10, 0), (0, 0x10), (0, 0x1F), (0x9F, 0)))
        _check(bench, probe, operands, controls | stored, sticky)
