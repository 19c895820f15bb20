"""Advanced SIMD: two registers and a shift amount, integers (DDI0406C A7.4.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..declare import Encoding, Meaning, declare
from ..fields import Number, known
from ..operations import Machine, Value
from . import neon_lanes as lanes
from .neon_integer import (
    BY_U,
    INTEGER,
    SIGNED,
    UNTYPED,
    WIDE_INTEGER,
    WIDE_SIGNED,
    WIDE_UNSIGNED,
    both,
    read,
    write,
)
from .neon_lanes import rounding_shift_right, shift_right_far

# How L:imm6 gives the size and, in the bits below its highest one, the amount `sh`: (L, imm6) by size.
_IMM6 = {0: ("0", "001 sh:3"), 1: ("0", "01 sh:4"), 2: ("0", "1 sh:5"), 3: ("1", "sh:6")}

_AMOUNTS: dict[str, Callable[..., Number]] = {
    "left": lambda sh: sh | 0,
    "right": lambda size, sh: (8 << size) - sh,
}


def _encodings(top: str, opcode: str, bit_6: str, sizes: str, direction: str, **options: Any) -> list[Encoding]:
    """Return the encodings of all sizes; `top` is bit U, `bit_6` is q:1 or a bit of the opcode."""
    encodings = []
    for digit in sizes:
        length, imm6 = _IMM6[int(digit)]
        encodings += both(
            f"1_{8 << int(digit)}",
            f"{top} 1 D:1 {imm6} vd:4 {opcode} {length} {bit_6} M:1 1 vm:4",
            size=int(digit),
            amount=_AMOUNTS[direction],
            **options,
        )
    return encodings


Shift = Callable[[Machine, Value, Number, bool], Value]


def shifted(shift: Shift, *, accumulate: bool = False) -> Meaning:
    """Return the meaning: the shifted vector, added to the destination if `accumulate`."""

    def meaning(m: Machine, q: Number, u: Number, size: int, dd: Number, dm: Number, amount: Number) -> None:
        result = shift(m, read(m, dm, q, 8 << size), amount, not known(u, 2))
        if accumulate:
            result = read(m, dd, q, 8 << size) + result
        write(m, dd, result)

    return meaning


def _right(_m: Machine, x: Value, amount: Number, signed: bool) -> Value:
    return shift_right_far(x, amount, signed)


def _rounding_right(_m: Machine, x: Value, amount: Number, signed: bool) -> Value:
    return rounding_shift_right(x, amount, signed)


def _left(_m: Machine, x: Value, amount: Number, _signed: bool) -> Value:
    return x << amount


def _saturating_left_unsigned(m: Machine, x: Value, amount: Number, _signed: bool) -> Value:
    return lanes.saturating_shift_left_unsigned(m, x, amount)


def insert_right(m: Machine, q: Number, size: int, dd: Number, dm: Number, amount: Number) -> None:
    """Shift right and keep as many of the destination's highest bits."""
    x, old = read(m, dm, q, 8 << size), read(m, dd, q, 8 << size)
    mask = shift_right_far(x.like((1 << x.width) - 1), amount, signed=False)
    write(m, dd, old & ~mask | shift_right_far(x, amount, signed=False))


def insert_left(m: Machine, q: Number, size: int, dd: Number, dm: Number, amount: Number) -> None:
    """Shift left and keep as many of the destination's lowest bits."""
    x, old = read(m, dm, q, 8 << size), read(m, dd, q, 8 << size)
    mask = x.like((1 << x.width) - 1) << amount
    write(m, dd, old & ~mask | x << amount)


# Name, opcode (bits 11:8), U, direction, type, section, meaning.
SAME: tuple[tuple[str, str, str, str, str, int, Meaning], ...] = (
    ("vshr", "0000", "u:1", "right", BY_U, 398, shifted(_right)),
    ("vsra", "0001", "u:1", "right", BY_U, 402, shifted(_right, accumulate=True)),
    ("vrshr", "0010", "u:1", "right", BY_U, 389, shifted(_rounding_right)),
    ("vrsra", "0011", "u:1", "right", BY_U, 393, shifted(_rounding_right, accumulate=True)),
    ("vsri", "0100", "1", "right", UNTYPED, 403, insert_right),
    ("vshl_immediate", "0101", "0", "left", INTEGER, 395, shifted(_left)),
    ("vsli", "0101", "1", "left", UNTYPED, 400, insert_left),
    ("vqshlu", "0110", "1", "left", SIGNED, 380, shifted(_saturating_left_unsigned)),
    ("vqshl_immediate", "0111", "u:1", "left", BY_U, 380, shifted(lanes.saturating_shift_left)),
)
for _name, _opcode, _u, _direction, _type, _section, _meaning in SAME:
    declare(
        _name,
        f"{_name.split('_')[0]}{{c}}.{_type} {{simd_d}}, {{simd_m}}, #{{amount}}",
        f"DDI0406C A8.8.{_section}",
        _encodings(
            _u,
            _opcode,
            "q:1",
            "0123",
            _direction,
            undefined=lambda q, vd, vm: q & (vd | vm) & 1,
            **({} if _u == "u:1" else {"u": 0}),
        ),
        _meaning,
    )


# Narrowing shifts: `size` is that of the result.


def narrowed(*, rounding: bool, saturate: tuple[bool, bool] | None = None) -> Meaning:
    """Return the meaning of a narrowing shift. `saturate`: are the elements signed, and those of the result?"""

    def meaning(m: Machine, size: int, dd: Number, dm: Number, amount: Number) -> None:
        x = read(m, dm, 1, 16 << size)
        signed = saturate is not None and saturate[0]
        result = (rounding_shift_right if rounding else lanes.shift_right)(x, amount, signed)
        if saturate is None:
            write(m, dd, result.trunc(8 << size))
        else:
            write(m, dd, lanes.narrow_saturated(m, result, signed=signed, to_signed=saturate[1]))

    return meaning


# Name, opcode (bits 11:8), U, bit 6, type, section, meaning. The saturating ones have a row for each sign.
NARROW: tuple[tuple[str, str, str, str, str, int, Meaning], ...] = (
    ("vshrn", "1000", "0", "0", WIDE_INTEGER, 399, narrowed(rounding=False)),
    ("vrshrn", "1000", "0", "1", WIDE_INTEGER, 390, narrowed(rounding=True)),
    ("vqshrun", "1000", "1", "0", WIDE_SIGNED, 381, narrowed(rounding=False, saturate=(True, False))),
    ("vqrshrun", "1000", "1", "1", WIDE_SIGNED, 378, narrowed(rounding=True, saturate=(True, False))),
    ("vqshrn_s", "1001", "0", "0", WIDE_SIGNED, 381, narrowed(rounding=False, saturate=(True, True))),
    ("vqshrn_u", "1001", "1", "0", WIDE_UNSIGNED, 381, narrowed(rounding=False, saturate=(False, False))),
    ("vqrshrn_s", "1001", "0", "1", WIDE_SIGNED, 378, narrowed(rounding=True, saturate=(True, True))),
    ("vqrshrn_u", "1001", "1", "1", WIDE_UNSIGNED, 378, narrowed(rounding=True, saturate=(False, False))),
)
for _name, _opcode, _u, _bit_6, _type, _section, _meaning in NARROW:
    declare(
        _name,
        f"{_name.split('_')[0]}{{c}}.{_type} d{{dd}}, {{quad_m}}, #{{amount}}",
        f"DDI0406C A8.8.{_section}",
        _encodings(_u, _opcode, _bit_6, "012", "right", undefined=lambda vm: vm & 1),
        _meaning,
    )


# Widening shifts


def long(m: Machine, u: Number, size: int, dd: Number, dm: Number, amount: Number) -> None:
    """Shift elements that are made twice as wide."""
    x = read(m, dm, 0, 8 << size)
    write(m, dd, (x.zext(16 << size) if known(u, 2) else x.sext(16 << size)) << amount)


def moved_long(m: Machine, u: Number, size: int, dd: Number, dm: Number) -> None:
    """Make elements twice as wide."""
    x = read(m, dm, 0, 8 << size)
    write(m, dd, x.zext(16 << size) if known(u, 2) else x.sext(16 << size))


declare(
    "vshll",
    f"vshll{{c}}.{BY_U} {{quad_d}}, d{{dm}}, #{{amount}}",
    "DDI0406C A8.8.397",
    _encodings("u:1", "1010", "0", "012", "left", undefined=lambda vd: vd & 1, see="vmovl"),
    long,
)
declare(
    "vmovl",
    f"vmovl{{c}}.{BY_U} {{quad_d}}, d{{dm}}",
    "DDI0406C A8.8.346",
    [
        encoding
        for size, imm6 in ((0, "001000"), (1, "010000"), (2, "100000"))
        for encoding in both(
            f"1_{8 << size}", f"u:1 1 D:1 {imm6} vd:4 1010 00 M:1 1 vm:4", size=size, undefined=lambda vd: vd & 1
        )
    ],
    moved_long,
)
