"""Advanced SIMD: three registers of different lengths, and two registers and a scalar; integers (DDI0406C A7.4.2-3)."""

from __future__ import annotations

from typing import Any

from ..declare import Encoding, Meaning, declare
from ..fields import Number, known
from ..operations import Machine, Value
from . import neon_lanes as lanes
from .neon_integer import BY_U, INTEGER, POLYNOMIAL, SIGNED, WIDE_INTEGER, both, read, write
from .neon_lanes import Binary


def _extended(vector: Value, signed: bool) -> Value:
    return vector.sext(2 * vector.width) if signed else vector.zext(2 * vector.width)


def long(operation: Binary, accumulate: Binary | None = None) -> Meaning:
    """Return the meaning on doubleword vectors whose elements are made twice as wide."""

    def meaning(m: Machine, u: Number, size: int, dd: Number, dn: Number, dm: Number) -> None:
        signed, esize = not known(u, 2), 8 << size
        x, y = (_extended(read(m, number, 0, esize), signed) for number in (dn, dm))
        result = operation(m, x, y, signed)
        if accumulate:
            result = accumulate(m, read(m, dd, 1, 2 * esize), result, True)
        write(m, dd, result)

    return meaning


def wide(operation: Binary) -> Meaning:
    """Return the meaning on a quadword vector, and a doubleword one whose elements are made twice as wide."""

    def meaning(m: Machine, u: Number, size: int, dd: Number, dn: Number, dm: Number) -> None:
        signed, esize = not known(u, 2), 8 << size
        y = _extended(read(m, dm, 0, esize), signed)
        write(m, dd, operation(m, read(m, dn, 1, 2 * esize), y, signed))

    return meaning


def narrow(operation: Binary, *, rounding: bool) -> Meaning:
    """Return the meaning on quadword vectors that keeps the high half of each element."""

    def meaning(m: Machine, size: int, dd: Number, dn: Number, dm: Number) -> None:
        esize = 8 << size
        result = operation(m, read(m, dn, 1, 2 * esize), read(m, dm, 1, 2 * esize), True)
        if rounding:
            result = result + (1 << esize - 1)
        write(m, dd, (result >> esize).trunc(esize))

    return meaning


_ODD = {
    "long": lambda vd: vd & 1,
    "wide": lambda vd, vn: (vd | vn) & 1,
    "narrow": lambda vn, vm: (vn | vm) & 1,
}
_OPERANDS = {
    "long": "{quad_d}, d{dn}, d{dm}",
    "wide": "{quad_d}, {quad_n}, d{dm}",
    "narrow": "d{dd}, {quad_n}, {quad_m}",
}

# Name (its first word is the mnemonic), opcode (bits 11:8), U, sizes, form, type, section, meaning.
Row = tuple[str, str, str, str, str, str, int, Meaning]
DIFFERENT: tuple[Row, ...] = (
    ("vaddl", "0000", "u:1", "012", "long", BY_U, 285, long(lanes.add)),
    ("vaddw", "0001", "u:1", "012", "wide", BY_U, 285, wide(lanes.add)),
    ("vsubl", "0010", "u:1", "012", "long", BY_U, 417, long(lanes.subtract)),
    ("vsubw", "0011", "u:1", "012", "wide", BY_U, 417, wide(lanes.subtract)),
    ("vaddhn", "0100", "0", "012", "narrow", WIDE_INTEGER, 284, narrow(lanes.add, rounding=False)),
    ("vraddhn", "0100", "1", "012", "narrow", WIDE_INTEGER, 383, narrow(lanes.add, rounding=True)),
    ("vabal", "0101", "u:1", "012", "long", BY_U, 277, long(lanes.absolute_difference, lanes.add)),
    ("vsubhn", "0110", "0", "012", "narrow", WIDE_INTEGER, 416, narrow(lanes.subtract, rounding=False)),
    ("vrsubhn", "0110", "1", "012", "narrow", WIDE_INTEGER, 394, narrow(lanes.subtract, rounding=True)),
    ("vabdl", "0111", "u:1", "012", "long", BY_U, 278, long(lanes.absolute_difference)),
    ("vmlal", "1000", "u:1", "012", "long", BY_U, 336, long(lanes.multiply, lanes.add)),
    ("vmlsl", "1010", "u:1", "012", "long", BY_U, 336, long(lanes.multiply, lanes.subtract)),
    ("vqdmlal", "1001", "0", "12", "long", SIGNED, 371, long(lanes.doubling_product, lanes.saturating_add)),
    ("vqdmlsl", "1011", "0", "12", "long", SIGNED, 371, long(lanes.doubling_product, lanes.saturating_subtract)),
    ("vmull", "1100", "u:1", "012", "long", BY_U, 350, long(lanes.multiply)),
    ("vqdmull", "1101", "0", "12", "long", SIGNED, 373, long(lanes.doubling_product)),
    ("vmull_polynomial", "1110", "0", "0", "long", POLYNOMIAL, 350, long(lanes.polynomial_multiply)),
)


def _by_size(pattern: str, sizes: str, **options: Any) -> list[Encoding]:
    """Return the encodings of a pattern with a place for the size. (Size 3 is other instructions.)"""
    encodings = []
    for digit in sizes:
        encodings += both(f"1_{8 << int(digit)}", pattern.format(f"{int(digit):02b}"), size=int(digit), **options)
    return encodings


for _name, _opcode, _u, _sizes, _form, _type, _section, _meaning in DIFFERENT:
    declare(
        _name,
        f"{_name.split('_')[0]}{{c}}.{_type} {_OPERANDS[_form]}",
        f"DDI0406C A8.8.{_section}",
        _by_size(
            f"{_u} 1 D:1 {{}} vn:4 vd:4 {_opcode} N:1 0 M:1 0 vm:4",
            _sizes,
            undefined=_ODD[_form],
            **({} if _u == "u:1" else {"u": int(_type == POLYNOMIAL)}),
        ),
        _meaning,
    )


# By a scalar. `element` is the scalar's place in the register file, in bytes.


def _scalar(m: Machine, element: Number, size: int, lanes_: int) -> Value:
    return m.splat(m.element(element, 1 << size).trunc(8 << size), lanes_)


def scalar_same(operation: Binary, accumulate: Binary | None = None) -> Meaning:
    """Return the meaning: operation(n, scalar), which `accumulate` may add to the destination or subtract from it."""

    def meaning(m: Machine, q: Number, size: int, dd: Number, dn: Number, element: Number) -> None:
        x = read(m, dn, q, 8 << size)
        result = operation(m, x, _scalar(m, element, size, x.lanes), True)
        if accumulate:
            result = accumulate(m, read(m, dd, q, 8 << size), result, True)
        write(m, dd, result)

    return meaning


def scalar_long(operation: Binary, accumulate: Binary | None = None) -> Meaning:
    """Return the meaning on a doubleword vector and a scalar whose elements are made twice as wide."""

    def meaning(m: Machine, u: Number, size: int, dd: Number, dn: Number, element: Number) -> None:
        signed = not known(u, 2)
        x = read(m, dn, 0, 8 << size)
        y = _extended(_scalar(m, element, size, x.lanes), signed)
        result = operation(m, _extended(x, signed), y, signed)
        if accumulate:
            result = accumulate(m, read(m, dd, 1, 16 << size), result, True)
        write(m, dd, result)

    return meaning


# Name, opcode (bits 11:8), U (a field q or u), type, section, meaning.
BY_SCALAR: tuple[tuple[str, str, str, str, int, Meaning], ...] = (
    ("vmla_scalar", "0000", "q:1", INTEGER, 338, scalar_same(lanes.multiply, lanes.add)),
    ("vmls_scalar", "0100", "q:1", INTEGER, 338, scalar_same(lanes.multiply, lanes.subtract)),
    ("vmul_scalar", "1000", "q:1", INTEGER, 352, scalar_same(lanes.multiply)),
    ("vqdmulh_scalar", "1100", "q:1", SIGNED, 372, scalar_same(lanes.doubling_multiply_high)),
    ("vqrdmulh_scalar", "1101", "q:1", SIGNED, 376, scalar_same(lanes.rounding_doubling_multiply_high)),
    ("vmlal_scalar", "0010", "u:1", BY_U, 338, scalar_long(lanes.multiply, lanes.add)),
    ("vmlsl_scalar", "0110", "u:1", BY_U, 338, scalar_long(lanes.multiply, lanes.subtract)),
    ("vmull_scalar", "1010", "u:1", BY_U, 352, scalar_long(lanes.multiply)),
    ("vqdmlal_scalar", "0011", "0", SIGNED, 371, scalar_long(lanes.doubling_product, lanes.saturating_add)),
    ("vqdmlsl_scalar", "0111", "0", SIGNED, 371, scalar_long(lanes.doubling_product, lanes.saturating_subtract)),
    ("vqdmull_scalar", "1011", "0", SIGNED, 373, scalar_long(lanes.doubling_product)),
)
# By size: how the scalar's register and its place there are made of M:Vm.
_SCALARS: dict[str, dict[str, Any]] = {
    "1": {"dm": lambda vm: vm & 7, "index": lambda M, vm: M << 1 | vm >> 3},
    "2": {"dm": lambda vm: vm | 0, "index": lambda M: M | 0},
}
for _name, _opcode, _u, _type, _section, _meaning in BY_SCALAR:
    _same = _u == "q:1"
    _encodings = []
    for _size, _place in _SCALARS.items():
        _encodings += _by_size(
            f"{_u} 1 D:1 {{}} vn:4 vd:4 {_opcode} N:1 1 M:1 0 vm:4",
            _size,
            undefined=(lambda q, vd, vn: q & (vd | vn) & 1) if _same else _ODD["long"],
            **({} if _u != "0" else {"u": 0}),
            **_place,
            element=lambda dm, index, size: (dm << 3) + (index << size),
        )
    _operands = "{simd_d}, {simd_n}, d{dm}[{index}]" if _same else "{quad_d}, d{dn}, d{dm}[{index}]"
    declare(
        _name,
        f"{_name.split('_')[0]}{{c}}.{_type} {_operands}",
        f"DDI0406C A8.8.{_section}",
        _encodings,
        _meaning,
    )
