"""Advanced SIMD: two registers, miscellaneous; integers and bits (DDI0406C A7.4.5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..declare import Meaning, declare
from ..fields import Number, known
from ..operations import Machine, Value
from . import neon_lanes as lanes
from .neon_integer import both, not_one_of, read, write
from .neon_lanes import Unary, compare_with_zero, reverse_in


def lane_by_lane(operation: Unary, *, accumulate: bool = False) -> Meaning:
    """Return the meaning: operation(m), added to the destination if `accumulate`."""

    def meaning(m: Machine, q: Number, u: Number, size: Number, dd: Number, dm: Number) -> None:
        result = operation(m, read(m, dm, q, 8 << known(size, 4)), not known(u, 2))
        if accumulate:
            result = read(m, dd, q, result.width) + result
        write(m, dd, result)

    return meaning


def _undefined_unless(sizes: str) -> Callable[..., Any]:
    """Return the predicate of other sizes, and of quadword registers with odd numbers."""
    return lambda size, q, vd, vm: not_one_of(size, sizes) or q & (vd | vm) & 1


_ALL, _BYTES, _WORDS = "012", "0", "2"

# Name (its first word is the mnemonic), bits 17:16, bits 10:7 (one may be U), sizes, type, after the operands, section,
# operation.
Row = tuple[str, str, str, str, str, str, int, Meaning]
OPERATIONS: tuple[Row, ...] = (
    ("vrev64", "00", "0000", _ALL, ".{bits}", "", 386, lane_by_lane(reverse_in(64))),
    ("vrev32", "00", "0001", "01", ".{bits}", "", 386, lane_by_lane(reverse_in(32))),
    ("vrev16", "00", "0010", _BYTES, ".{bits}", "", 386, lane_by_lane(reverse_in(16))),
    ("vpaddl", "00", "010 u:1", _ALL, ".{sign}{bits}", "", 364, lane_by_lane(lanes.add_pairs_long)),
    ("vpadal", "00", "110 u:1", _ALL, ".{sign}{bits}", "", 361, lane_by_lane(lanes.add_pairs_long, accumulate=True)),
    ("vcls", "00", "1000", _ALL, ".s{bits}", "", 299, lane_by_lane(lanes.count_leading_signs)),
    ("vclz", "00", "1001", _ALL, ".i{bits}", "", 302, lane_by_lane(lanes.count_leading_zeros)),
    ("vcnt", "00", "1010", _BYTES, ".8", "", 304, lane_by_lane(lanes.count_ones)),
    ("vmvn_register", "00", "1011", _BYTES, "", "", 354, lane_by_lane(lanes.complement)),
    ("vqabs", "00", "1110", _ALL, ".s{bits}", "", 369, lane_by_lane(lanes.saturating_absolute)),
    ("vqneg", "00", "1111", _ALL, ".s{bits}", "", 375, lane_by_lane(lanes.saturating_negate)),
    ("vabs_integer", "01", "0110", _ALL, ".s{bits}", "", 280, lane_by_lane(lanes.absolute)),
    ("vneg_integer", "01", "0111", _ALL, ".s{bits}", "", 355, lane_by_lane(lanes.negate)),
)
_COMPARISONS = (
    ("vcgt", "0000", ".s", 296, compare_with_zero(lanes.greater_than)),
    ("vcge", "0001", ".s", 294, compare_with_zero(lanes.greater_or_equal)),
    ("vceq", "0010", ".i", 292, compare_with_zero(lanes.equal)),
    ("vcle", "0011", ".s", 298, compare_with_zero(lanes.greater_or_equal, swapped=True)),
    ("vclt", "0100", ".s", 301, compare_with_zero(lanes.greater_than, swapped=True)),
)
COMPARISONS: tuple[Row, ...] = tuple(
    (f"{name}_zero_integer", "01", opcode, _ALL, f"{kind}{{bits}}", ", #0", section, lane_by_lane(operation))
    for name, opcode, kind, section, operation in _COMPARISONS
)
for _name, _a, _b, _sizes, _type, _after, _section, _meaning in OPERATIONS + COMPARISONS:
    declare(
        _name,
        f"{_name.split('_')[0]}{{c}}{_type} {{simd_d}}, {{simd_m}}{_after}",
        f"DDI0406C A8.8.{_section}",
        both(
            "1",
            f"1 1 D:1 11 size:2 {_a} vd:4 0 {_b} q:1 M:1 0 vm:4",
            undefined=_undefined_unless(_sizes),
            **({} if "u:1" in _b else {"u": 0}),
        ),
        _meaning,
    )


# Both registers are written. Where they are the same one, its contents are UNKNOWN: here, those of d.

Pair = Callable[[Machine, Value, Value], tuple[Value, Value]]


def both_written(operation: Pair) -> Meaning:
    """Return the meaning: d and m become operation(d, m)."""

    def meaning(m: Machine, q: Number, size: Number, dd: Number, dm: Number) -> None:
        esize = 8 << known(size, 4)
        new_d, new_m = operation(m, read(m, dd, q, esize), read(m, dm, q, esize))
        write(m, dm, new_m)
        write(m, dd, new_d)

    return meaning


def _swap(_m: Machine, d: Value, m: Value) -> tuple[Value, Value]:
    return m, d


def _transpose(m: Machine, d: Value, other: Value) -> tuple[Value, Value]:
    count = d.lanes
    even = [i + side for i in range(0, count, 2) for side in (0, count)]
    return m.shuffle(d, other, even), m.shuffle(d, other, [i + 1 for i in even])


def _unzip(m: Machine, d: Value, other: Value) -> tuple[Value, Value]:
    both_ = range(2 * d.lanes)
    return m.shuffle(d, other, both_[::2]), m.shuffle(d, other, both_[1::2])


def _zip(m: Machine, d: Value, other: Value) -> tuple[Value, Value]:
    count = d.lanes
    order = [i + side for i in range(count) for side in (0, count)]
    return m.shuffle(d, other, order[:count]), m.shuffle(d, other, order[count:])


def _no_words_in_doublewords(size: Number, q: Number, vd: Number, vm: Number) -> Any:
    return size == 3 or (size == 2 and q == 0) or q & (vd | vm) & 1


for _name, _opcode, _undefined, _section, _pair in (
    ("vswp", "0000", _undefined_unless(_BYTES), 418, _swap),
    ("vtrn", "0001", _undefined_unless(_ALL), 420, _transpose),
    ("vuzp", "0010", _no_words_in_doublewords, 422, _unzip),
    ("vzip", "0011", _no_words_in_doublewords, 423, _zip),
):
    declare(
        _name,
        f"{_name}{{c}}{'' if _name == 'vswp' else '.{bits}'} {{simd_d}}, {{simd_m}}",
        f"DDI0406C A8.8.{_section}",
        both("1", f"1 1 D:1 11 size:2 10 vd:4 0 {_opcode} q:1 M:1 0 vm:4", undefined=_undefined),
        both_written(_pair),
    )


# Narrowing and widening


def vmovn(m: Machine, size: Number, dd: Number, dm: Number) -> None:
    """Keep the low half of each element."""
    esize = 8 << known(size, 3)
    write(m, dd, read(m, dm, 1, 2 * esize).trunc(esize))


def narrowed(*, signed: bool, to_signed: bool) -> Meaning:
    """Return the meaning of a saturating move to half the width."""

    def meaning(m: Machine, size: Number, dd: Number, dm: Number) -> None:
        x = read(m, dm, 1, 16 << known(size, 3))
        write(m, dd, lanes.narrow_saturated(m, x, signed=signed, to_signed=to_signed))

    return meaning


for _name, _opcode, _type, _section, _meaning in (
    ("vmovn", "01000", "i", 347, vmovn),
    ("vqmovun", "01001", "s", 374, narrowed(signed=True, to_signed=False)),
    ("vqmovn_s", "01010", "s", 374, narrowed(signed=True, to_signed=True)),
    ("vqmovn_u", "01011", "u", 374, narrowed(signed=False, to_signed=False)),
):
    declare(
        _name,
        f"{_name.split('_')[0]}{{c}}.{_type}{{twice_bits}} d{{dd}}, {{quad_m}}",
        f"DDI0406C A8.8.{_section}",
        both(
            "1",
            f"1 1 D:1 11 size:2 10 vd:4 0 {_opcode} M:1 0 vm:4",
            undefined=lambda size, vm: size == 3 or vm & 1,
        ),
        _meaning,
    )


def vshll_maximum(m: Machine, size: Number, dd: Number, dm: Number) -> None:
    """Make elements twice as wide, and shift them by the width they had."""
    esize = 8 << known(size, 3)
    write(m, dd, read(m, dm, 0, esize).zext(2 * esize) << esize)


declare(
    "vshll_maximum",
    "vshll{c}.i{bits} {quad_d}, d{dm}, #{bits}",
    "DDI0406C A8.8.397",
    both(
        "2",
        "1 1 D:1 11 size:2 10 vd:4 0 01100 M:1 0 vm:4",
        undefined=lambda size, vd: size == 3 or vd & 1,
    ),
    vshll_maximum,
)
