"""Advanced SIMD: three registers of the same length, integers and bits (DDI0406C A7.4.1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..declare import Meaning, declare
from ..fields import Number, known
from ..operations import Machine, Value
from . import neon_lanes as lanes
from .neon_integer import BY_U, INTEGER, POLYNOMIAL, SIGNED, UNTYPED, both, not_one_of, read, write
from .neon_lanes import Binary


def lane_by_lane(operation: Binary, accumulate: Binary | None = None) -> Meaning:
    """Return the meaning: operation(n, m), which `accumulate` may add to the destination or subtract from it."""

    def meaning(m: Machine, q: Number, u: Number, size: Number, dd: Number, dn: Number, dm: Number) -> None:
        esize, signed = 8 << known(size, 4), not known(u, 2)
        result = operation(m, read(m, dn, q, esize), read(m, dm, q, esize), signed)
        if accumulate:
            result = accumulate(m, read(m, dd, q, esize), result, signed)
        write(m, dd, result)

    return meaning


def _adjacent(operation: Binary) -> Binary:
    """Return the operation on neighbours: those of n below those of m."""

    def pairs(m: Machine, x: Value, y: Value, signed: bool) -> Value:
        even = m.shuffle(x, y, range(0, 2 * x.lanes, 2))
        odd = m.shuffle(x, y, range(1, 2 * x.lanes, 2))
        return operation(m, even, odd, signed)

    return pairs


def _undefined_unless(sizes: str) -> Callable[..., Any]:
    """Return the predicate of other sizes, and of quadword registers with odd numbers."""
    return lambda size, q, vd, vn, vm: not_one_of(size, sizes) or q & (vd | vn | vm) & 1


def _doublewords_only(sizes: str) -> Callable[..., Any]:
    return lambda size, q: not_one_of(size, sizes) or q == 1


# Name (its first word is the mnemonic), opcode (bits 11:8), bit 4, U, sizes, type, section, operation, accumulation.
Row = tuple[str, str, int, str, str, str, int, Binary, Binary | None]
OPERATIONS: tuple[Row, ...] = (
    ("vhadd", "0000", 0, "u:1", "012", BY_U, 319, lanes.halving_add, None),
    ("vqadd", "0000", 1, "u:1", "0123", BY_U, 370, lanes.saturating_add, None),
    ("vrhadd", "0001", 0, "u:1", "012", BY_U, 387, lanes.rounding_halving_add, None),
    ("vhsub", "0010", 0, "u:1", "012", BY_U, 319, lanes.halving_subtract, None),
    ("vqsub", "0010", 1, "u:1", "0123", BY_U, 382, lanes.saturating_subtract, None),
    ("vcgt_integer", "0011", 0, "u:1", "012", BY_U, 295, lanes.greater_than, None),
    ("vcge_integer", "0011", 1, "u:1", "012", BY_U, 293, lanes.greater_or_equal, None),
    ("vmax_integer", "0110", 0, "u:1", "012", BY_U, 334, lanes.maximum, None),
    ("vmin_integer", "0110", 1, "u:1", "012", BY_U, 334, lanes.minimum, None),
    ("vabd_integer", "0111", 0, "u:1", "012", BY_U, 278, lanes.absolute_difference, None),
    ("vaba", "0111", 1, "u:1", "012", BY_U, 277, lanes.absolute_difference, lanes.add),
    ("vadd_integer", "1000", 0, "0", "0123", INTEGER, 282, lanes.add, None),
    ("vsub_integer", "1000", 0, "1", "0123", INTEGER, 414, lanes.subtract, None),
    ("vtst", "1000", 1, "0", "012", UNTYPED, 421, lanes.test_bits, None),
    ("vceq_integer", "1000", 1, "1", "012", INTEGER, 291, lanes.equal, None),
    ("vmla_integer", "1001", 0, "0", "012", INTEGER, 336, lanes.multiply, lanes.add),
    ("vmls_integer", "1001", 0, "1", "012", INTEGER, 336, lanes.multiply, lanes.subtract),
    ("vmul_integer", "1001", 1, "0", "012", INTEGER, 350, lanes.multiply, None),
    ("vmul_polynomial", "1001", 1, "1", "0", POLYNOMIAL, 350, lanes.polynomial_multiply, None),
    ("vqdmulh", "1011", 0, "0", "12", SIGNED, 372, lanes.doubling_multiply_high, None),
    ("vqrdmulh", "1011", 0, "1", "12", SIGNED, 376, lanes.rounding_doubling_multiply_high, None),
)
for _name, _opcode, _b, _u, _sizes, _type, _section, _operation, _accumulate in OPERATIONS:
    declare(
        _name,
        f"{_name.split('_')[0]}{{c}}.{_type} {{simd_d}}, {{simd_n}}, {{simd_m}}",
        f"DDI0406C A8.8.{_section}",
        both(
            "1",
            f"{_u} 0 D:1 size:2 vn:4 vd:4 {_opcode} N:1 q:1 M:1 {_b} vm:4",
            undefined=_undefined_unless(_sizes),
            **({} if _u == "u:1" else {"u": 0}),
        ),
        lane_by_lane(_operation, _accumulate),
    )

# The shifts by register have their operands the other way round: m is shifted by n.
for _name, _opcode, _b, _section, _options in (
    ("vshl_register", "0100", 0, 396, {}),
    ("vqshl_register", "0100", 1, 379, {"saturating": True}),
    ("vrshl", "0101", 0, 388, {"rounding": True}),
    ("vqrshl", "0101", 1, 377, {"rounding": True, "saturating": True}),
):
    declare(
        _name,
        f"{_name.split('_')[0]}{{c}}.{BY_U} {{simd_d}}, {{simd_m}}, {{simd_n}}",
        f"DDI0406C A8.8.{_section}",
        both(
            "1",
            f"u:1 0 D:1 size:2 vn:4 vd:4 {_opcode} N:1 q:1 M:1 {_b} vm:4",
            undefined=_undefined_unless("0123"),
        ),
        lane_by_lane(lanes.swapped(lanes.shift_by_lanes(**_options))),
    )

# The pairwise ones, of doubleword registers only.
for _name, _opcode, _b, _u, _type, _section, _operation in (
    ("vpmax_integer", "1010", 0, "u:1", BY_U, 365, lanes.maximum),
    ("vpmin_integer", "1010", 1, "u:1", BY_U, 365, lanes.minimum),
    ("vpadd_integer", "1011", 1, "0", INTEGER, 362, lanes.add),
):
    declare(
        _name,
        f"{_name.split('_')[0]}{{c}}.{_type} d{{dd}}, d{{dn}}, d{{dm}}",
        f"DDI0406C A8.8.{_section}",
        both(
            "1",
            f"{_u} 0 D:1 size:2 vn:4 vd:4 {_opcode} N:1 q:1 M:1 {_b} vm:4",
            undefined=_doublewords_only("012"),
            **({} if _u == "u:1" else {"u": 0}),
        ),
        lane_by_lane(_adjacent(_operation)),
    )


# Bits. The size field is part of the opcode.

Logical = Callable[[Value, Value, Value], Value]


def bitwise(operation: Logical) -> Meaning:
    """Return the meaning: operation(d, n, m) on all bits."""

    def meaning(m: Machine, q: Number, dd: Number, dn: Number, dm: Number) -> None:
        write(m, dd, operation(read(m, dd, q, 64), read(m, dn, q, 64), read(m, dm, q, 64)))

    return meaning


LOGICAL: tuple[tuple[str, str, str, int, Logical], ...] = (
    ("vand", "0", "00", 287, lambda _, n, m: n & m),
    ("vbic_register", "0", "01", 289, lambda _, n, m: n & ~m),
    ("vorr_register", "0", "10", 360, lambda _, n, m: n | m),
    ("vorn", "0", "11", 358, lambda _, n, m: n | ~m),
    ("veor", "1", "00", 315, lambda _, n, m: n ^ m),
    ("vbsl", "1", "01", 290, lambda d, n, m: n & d | m & ~d),
    ("vbit", "1", "10", 290, lambda d, n, m: n & m | d & ~m),
    ("vbif", "1", "11", 290, lambda d, n, m: d & m | n & ~m),
)
for _name, _u, _op, _section, _logical in LOGICAL:
    declare(
        _name,
        f"{_name.split('_')[0]}{{c}} {{simd_d}}, {{simd_n}}, {{simd_m}}",
        f"DDI0406C A8.8.{_section}",
        both(
            "1",
            f"{_u} 0 D:1 {_op} vn:4 vd:4 0001 N:1 q:1 M:1 1 vm:4",
            undefined=lambda q, vd, vn, vm: q & (vd | vn | vm) & 1,
        ),
        bitwise(_logical),
    )
