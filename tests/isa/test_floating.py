"""Native floating point against the exact arithmetic: results and FPSCR, over tables of edges and random numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from random import Random
from typing import Any

import pytest

from stinkarm.engine.softfloat import IXC, Arithmetic
from stinkarm.engine.store import cpu_level
from stinkarm.isa.operations import Value
from stinkarm.proof.numbers import FORMATS, interesting

from .floating_probe import Bench, Probe

FZ, DN, AHP = 1 << 24, 1 << 25, 1 << 26
MODES = [mode << 22 for mode in range(4)]
CONTROLS = [*MODES, FZ, FZ | DN, DN, *(FZ | mode for mode in MODES[1:])]


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
    for _ in range(60):
        controls = rng.choice(CONTROLS) | rng.choice((0, 0, 0, AHP))
        operands = [_operand(rng, probe, shape) for shape in probe.shapes]
        stored, sticky = rng.choice(((0, 0), (0, 0), (0x10, 0), (0, 0x10), (0, 0x1F), (0x9F, 0)))
        _check(bench, probe, operands, controls | stored, sticky)


def _near_smallest_normal(rng: Random, width: int) -> int:
    """Return a number around the smallest normal one."""
    smallest = 1 << FORMATS[width][1]
    return rng.getrandbits(1) << width - 1 | smallest + rng.randrange(-3, 4)


@pytest.mark.parametrize("width", [32, 64])
@pytest.mark.parametrize("op", ["mul", "div", "fma"])
def test_results_around_the_smallest_normal_number(bench: Bench, op: str, width: int) -> None:
    rng = Random(f"{op} {width}")
    nearest = Arithmetic(0)
    for _ in range(600):
        target, other = _near_smallest_normal(rng, width), interesting(rng, width)
        if op == "div":
            operands = [nearest.mul(width, target, other), other]
        else:
            operands = [other, nearest.div(width, target, other)]
        if op == "fma":
            operands.insert(0, rng.choice((0, 1 << width - 1, 1, 2, 3, 1 << width - 1 | 1)))
        _check(bench, bench.probes[f"{op}_{width}"], operands, rng.choice(CONTROLS), rng.choice((0, 0x10)))


@pytest.mark.parametrize("width", [32, 64])
def test_fused_cancellation(bench: Bench, width: int) -> None:
    rng = Random(width)
    nearest = Arithmetic(0)
    for _ in range(800):
        a, b = (interesting(rng, width) for _ in range(2))
        addend = nearest.mul(width, a, b) ^ 1 << width - 1
        kind = rng.random()
        if kind < 0.4:
            addend ^= rng.getrandbits(2)
        elif kind < 0.6:
            addend = max(0, addend + (rng.randrange(-120, 120) << FORMATS[width][1])) & (1 << width) - 1
        _check(bench, bench.probes[f"fma_{width}"], [addend, a, b], rng.choice(CONTROLS), rng.choice((0, 0x10)))


# The exact arithmetic itself: against rational numbers, and against Unicorn.


def _fraction(width: int, number: int) -> Fraction:
    exponent_bits, fraction_bits = FORMATS[width]
    exponent = number >> fraction_bits & (1 << exponent_bits) - 1
    fraction = number & (1 << fraction_bits) - 1 | (1 << fraction_bits if exponent else 0)
    magnitude = Fraction(fraction) * Fraction(2) ** (max(exponent, 1) - (1 << exponent_bits - 1) + 1 - fraction_bits)
    return -magnitude if number >> width - 1 else magnitude


def _finite(width: int, number: int) -> bool:
    infinity = (1 << FORMATS[width][0]) - 1 << FORMATS[width][1]
    return number & (1 << width - 1) - 1 < infinity


def _neighbour(width: int, number: int, step: int) -> int:
    """Return the next number away from (1) or towards (-1) zero."""
    return number & 1 << width - 1 | (number & (1 << width - 1) - 1) + step


@pytest.mark.parametrize("mode", range(4))
@pytest.mark.parametrize("op", ["add", "sub", "mul", "div", "fma"])
def test_results_are_rounded_as_asked(op: str, mode: int) -> None:
    rng = Random(f"{op} {mode}")
    exact: dict[str, Callable[..., Fraction]] = {
        "add": lambda x, y: x + y,
        "sub": lambda x, y: x - y,
        "mul": lambda x, y: x * y,
        "div": lambda x, y: x / y,
        "fma": lambda z, x, y: z + x * y,
    }
    judged = 0
    for _ in range(400):
        width = rng.choice((32, 64))
        operands = [interesting(rng, width) for _ in range(3 if op == "fma" else 2)]
        values = [_fraction(width, number) for number in operands]
        if not all(_finite(width, number) for number in operands) or (op == "div" and values[1] == 0):
            continue
        arithmetic = Arithmetic(mode << 22)
        result = arithmetic.apply(op, width, *operands)
        want = exact[op](*values)
        if not _finite(width, result):
            assert abs(want) > _fraction(width, ((1 << FORMATS[width][0]) - 1 << FORMATS[width][1]) - 1)
            continue
        judged += 1
        got = _fraction(width, result)
        assert bool(arithmetic.exceptions & IXC) == (got != want)
        if got == want:
            continue
        away = abs(got) > abs(want)
        if mode == 1:
            assert got > want
        elif mode == 2:
            assert got < want
        elif mode == 3:
            assert not away
        other = _fraction(width, _neighbour(width, result, -1 if away else 1))
        assert min(got, other) < want < max(got, other) or _finite(width, result + 1) is False
        if mode == 0:
            distance = abs(got - want) - abs(other - want)
            assert distance < 0 or (distance == 0 and result & 1 == 0)
    assert judged > 100


# Instructions by their A32 words: d0, d1, d2 or s0, s1, s2 (and q0, q1, q2) are vd, vn, vm.
_WORDS = {
    "vadd.f64": 0xEE310B02,
    "vadd.f32": 0xEE300A81,
    "vmul.f64": 0xEE210B02,
    "vmul.f32": 0xEE200A81,
    "vdiv.f64": 0xEE810B02,
    "vdiv.f32": 0xEE800A81,
    "vsqrt.f64": 0xEEB10BC2,
    "vsqrt.f32": 0xEEB10AC1,
    "vfma.f64": 0xEEA10B02,
    "vfma.f32": 0xEEA00A81,
    "vcmp.f64": 0xEEB40B42,
    "vcmpe.f32": 0xEEB40AE1,
    "vcvt.f32.f64": 0xEEB70BC2,
    "vcvt.f64.f32": 0xEEB70AC1,
    "vcvtr.s32.f64": 0xEEBD0B42,
    "vcvt.u32.f32": 0xEEBC0AE1,
    "vcvt.s16.f64 #5": 0xEEBE0B65,
    "vcvtb.f16.f32": 0xEEB30A61,
    "vcvtb.f32.f16": 0xEEB20A61,
}


@pytest.mark.parametrize("text", _WORDS)
def test_against_unicorn(text: str) -> None:
    pytest.importorskip("unicorn")
    from stinkarm.proof.oracle import FILLER, Oracle
    from stinkarm.proof.world import CODE, DOUBLES, NAMES, World

    rng = Random(text)
    word = _WORDS[text]
    world, oracle = World("reference"), Oracle()
    try:
        code = word.to_bytes(4, "little") + FILLER[0]
        world.set_code(CODE, code)
        oracle.memory[CODE][: len(code)] = code
        start = dict.fromkeys(NAMES, 0)
        for _ in range(150):
            values = start | {"pc": CODE, "fpscr": rng.choice(CONTROLS) | rng.choice((0, 0, AHP))}
            for n in range(3):
                halves = [interesting(rng, 32), interesting(rng, 32)]
                values[f"d{n}"] = rng.choice((interesting(rng, 64), halves[0] | halves[1] << 32))
            if "f32.f16" in text:
                values["d0"] = values["d0"] & 0xFFFF0000FFFFFFFF | interesting(rng, 16) << 32
            _, ours = world.run(values, 1)
            _, theirs = oracle.run(values, [(word, 4)])
            names = [*DOUBLES, "fpscr"]
            assert [f"{n} {ours[n]:#x}" for n in names] == [f"{n} {theirs[n]:#x}" for n in names], (
                f"{text} d0 {values['d0']:#x} d1 {values['d1']:#x} d2 {values['d2']:#x} FPSCR {values['fpscr']:#x}"
            )
    finally:
        world.close()
