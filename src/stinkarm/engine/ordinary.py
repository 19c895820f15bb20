"""Ordinary numbers: those that the Advanced SIMD arithmetic takes, and gives, as the host does.

Operands are ordinary if they are not denormal: a NaN's result is a NaN. Results are if they are no NaN, no denormal
number, and not the smallest normal one (which may come of rounding a smaller one up). The first look at results is one
comparison, which zeros do not pass either; the second knows zeros, and stands aside.

An instruction looks at its operands before it computes: so it has not raised an exception for nothing when the
interpreter does it again. At its results it looks at the end, and what has been computed with a tiny one or a NaN until
then can only have been inexact, or invalid as it is in the interpreter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..isa.operations import Value
from .floating import FORMATS
from .ir import ir_type, name_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .region_builder import RegionBuilder

CHECK = "\x0e"  # begins the line of a look at operands, and separates its parts
_EXCEPT = 'metadata !"fpexcept.strict"'
_NUMBERS = FORMATS[32]
# Twice a denormal number less one is from 1 on; of zero, that is the last of all. The lowest signed number is added.
_LOWEST = -(1 << 31)
_LIMIT = _LOWEST + 2 * _NUMBERS.smallest_normal - 1


class Operand(NamedTuple):
    """Lanes of 32 bits by name, and the words of extension registers that they are, if they are."""

    name: str
    lanes: int
    words: tuple[int, ...]

    def text(self) -> str:
        """Return what `operand` reads."""
        return " ".join([self.name, str(self.lanes), *map(str, self.words)])


def _operand(text: str) -> Operand:
    name, lanes, *words = text.split()
    return Operand(name, int(lanes), tuple(map(int, words)))


def _splat(number: int, lanes: int) -> str:
    return str(number) if lanes == 1 else f"splat (i32 {number})"


def _any(lines: list[str], name: str, lanes: int, conditions: Sequence[str]) -> str:
    """Return one bit: does any of the conditions hold in any lane?"""
    t = ir_type(1, lanes)
    result = conditions[0]
    for i, condition in enumerate(conditions[1:]):
        lines.append(f"  {name}o{i} = or {t} {result}, {condition}")
        result = f"{name}o{i}"
    if lanes > 1:
        lines.append(f"  {name}any = call i1 @llvm.vector.reduce.or.v{lanes}i1({t} {result})")
        result = f"{name}any"
    return result


def _look_again(lines: list[str], name: str, lanes: int, zeros: Sequence[tuple[str, str]], targets: str) -> None:
    """Write the block of the second look: conditions of the first hold, but not in lanes that are zero."""
    lines.append(f"{name[1:]}look:")
    bad = []
    for i, (condition, not_zero) in enumerate(zeros):
        lines += [
            f"  {name}z{i} = {not_zero}",
            f"  {name}b{i} = and {ir_type(1, lanes)} {name}z{i}, {condition}",
        ]
        bad.append(f"{name}b{i}")
    lines.append(f"  br i1 {_any(lines, f'{name}_', lanes, bad)}, {targets}, !prof !0")


def look_at_operands(line: str, name: str, known: set[int]) -> tuple[list[str], set[int]]:
    """Return the text of a look, without what is `known` to be no denormal number, and what is known by it."""
    _, again, stay, *texts = line.strip().split(CHECK)
    unknown = [operand for operand in map(_operand, texts) if not operand.words or not known.issuperset(operand.words)]
    if not unknown:
        return [f"  br label %{stay}"], set()
    lines: list[str] = []
    conditions = []
    lanes = unknown[0].lanes
    t = ir_type(32, lanes)
    for i, operand in enumerate(unknown):
        lines += [
            f"  {name}t{i} = add {t} {operand.name}, {operand.name}",
            f"  {name}s{i} = add {t} {name}t{i}, {_splat(-_LOWEST - 1, lanes)}",
            f"  {name}c{i} = icmp slt {t} {name}s{i}, {_splat(_LIMIT, lanes)}",
        ]
        conditions.append(f"{name}c{i}")
    bad = _any(lines, name, lanes, conditions)
    lines.append(f"  br i1 {bad}, label %{again}, label %{stay}, !prof !0")
    return lines, {word for operand in unknown for word in operand.words}


def may_be_tiny(builder: RegionBuilder, a: Value, b: Value, *, fused: bool) -> Value:
    """Say in which lanes a product of ordinary finite numbers may be tiny, by their exponents.

    `fused`: say where, after an addition, it may be tiny and have lost bits: those of the product have a place among
    denormal numbers else.
    """
    bias = _NUMBERS.bias
    least = bias + 1 + (_NUMBERS.fraction_bits if fused else 0)
    exponents = [value >> 1 & _NUMBERS.infinity >> 1 for value in (a, b)]
    small = (exponents[0] + exponents[1]).ult(least << _NUMBERS.fraction_bits - 1)
    return small & (a << 1).ne(0) & (b << 1).ne(0)


def is_tiny(builder: RegionBuilder, result: Value) -> Value:
    """Say in which lanes a result is denormal, or the smallest normal number."""
    return ((result << 1) - 1).ult(2 * _NUMBERS.smallest_normal)


def look_at_results(builder: RegionBuilder, results: Sequence[Value], again: str, begin: Callable[[str], None]) -> None:
    """Write a look at results: have `again` follow if one is not ordinary, else a new block."""
    lanes = results[0].lanes
    stay = builder._label("stay")
    name = f"%{builder._label('w')}r"
    lines = builder.lines
    conditions, zeros = [], []
    vector, suffix = ("float", "f32") if lanes == 1 else (f"<{lanes} x float>", f"v{lanes}f32")
    smallest = f"float {2.0 ** (1 - _NUMBERS.bias)!r}"
    other = smallest.split()[1] if lanes == 1 else f"splat ({smallest})"
    compare = f"call {ir_type(1, lanes)} @llvm.experimental.constrained.fcmp.{suffix}"
    for i, result in enumerate(results):
        lines += [
            f"  {name}f{i} = bitcast {ir_type(32, lanes)} {name_of(result)} to {vector}",
            f"  {name}a{i} = call {vector} @llvm.fabs.{suffix}({vector} {name}f{i})",
            f'  {name}c{i} = {compare}({vector} {name}a{i}, {vector} {other}, metadata !"ule", {_EXCEPT})',
        ]
        conditions.append(f"{name}c{i}")
        not_zero = f'{compare}({vector} {name}f{i}, {vector} zeroinitializer, metadata !"une", {_EXCEPT})'
        zeros.append((f"{name}c{i}", not_zero))
    bad = _any(lines, name, lanes, conditions)
    lines.append(f"  br i1 {bad}, label %{name[1:]}look, label %{stay}, !prof !0")
    _look_again(builder.fragment.asides, name, lanes, zeros, f"label %{again}, label %{stay}")
    begin(stay)
