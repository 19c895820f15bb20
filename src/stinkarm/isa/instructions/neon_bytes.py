"""Advanced SIMD: VEXT, VTBL, VTBX and VDUP, which move elements about (DDI0406C A7.4)."""

from __future__ import annotations

from itertools import pairwise

from ..declare import A32, T32, Encoding, declare
from ..fields import Number, known
from ..operations import Machine, Value
from ..syntax import formatter
from .neon_integer import both, read, write


def _funnel(low: Value, high: Value, bits: Number) -> Value:
    """Return 64 bits of high:low from bit 0..63 of low on."""
    return low >> bits | high << 1 << 63 - bits


def vext(m: Machine, q: Number, dd: Number, dn: Number, dm: Number, imm: Number) -> None:
    """Take bytes of m:n from byte `imm` of n on."""
    doublewords = [dn, dn + 1, dm, dm + 1] if q else [dn, dm]
    if q and imm >= 8:
        doublewords = doublewords[1:]
    words = [read(m, number, 0, 64) for number in doublewords[: 3 if q else 2]]
    bits = (imm & 7) << 3
    write(m, dd, m.from_lanes([_funnel(low, high, bits) for low, high in pairwise(words)]))


declare(
    "vext",
    "vext{c}.8 {simd_d}, {simd_n}, {simd_m}, #{imm}",
    "DDI0406C A8.8.316",
    both(
        "1",
        "0 1 D:1 11 vn:4 vd:4 imm:4 N:1 q:1 M:1 0 vm:4",
        undefined=lambda q, vd, vn, vm, imm: q & (vd | vn | vm) & 1 or (q == 0 and imm >= 8),
    ),
    vext,
)


def _table(m: Machine, len: Number, dd: Number, dn: Number, dm: Number, extends: int) -> None:
    """Take the bytes of a table of registers that the elements of m number."""
    length = 1 + known(len, 4)
    old, indexes = read(m, dd, 0, 8), read(m, dm, 0, 8)
    result = []
    for i in range(8):
        index = m.lane(indexes, i)
        inside = index.ult(8 * length)
        byte = m.table_byte(dn << 1, m.select(inside, index, index.like(0)))
        result.append(m.select(inside, byte, m.lane(old, i) if extends else byte.like(0)))
    write(m, dd, m.from_lanes(result))


@formatter("table")
def _table_registers(dn: int, len: int) -> str:
    return f"{{d{dn}-d{dn + len}}}" if len else f"{{d{dn}}}"


for _extends in (0, 1):
    _name = "vtbx" if _extends else "vtbl"
    declare(
        _name,
        f"{_name}{{c}}.8 d{{dd}}, {{table}}, d{{dm}}",
        "DDI0406C A8.8.419",
        both(
            "1",
            f"1 1 D:1 11 vn:4 vd:4 10 len:2 N:1 {_extends} M:1 0 vm:4",
            extends=_extends,
            unpredictable=lambda dn, len: dn + len >= 32,
        ),
        _table,
    )


def vdup_scalar(m: Machine, q: Number, size: int, dd: Number, element: Number) -> None:
    """Copy a scalar, which begins at byte `element` of the register file, to all elements."""
    value = m.element(element, 1 << size).trunc(8 << size)
    write(m, dd, m.splat(value, (64 << known(q, 2)) // value.width))


declare(
    "vdup_scalar",
    "vdup{c}.{bits} {simd_d}, d{dm}[{index}]",
    "DDI0406C A8.8.313",
    [
        encoding
        for size, imm4 in ((0, "index:3 1"), (1, "index:2 10"), (2, "index:1 100"))
        for encoding in both(
            f"1_{8 << size}",
            f"1 1 D:1 11 {imm4} vd:4 11000 q:1 M:1 0 vm:4",
            size=size,
            element=lambda dm, index, size: (dm << 3) + (index << size),
            undefined=lambda q, vd: q & vd & 1,
        )
    ],
    vdup_scalar,
)


def vdup_core(m: Machine, q: Number, size: int, dd: Number, rt: Number) -> None:
    """Copy the low bits of a core register to all elements."""
    value = m.reg(rt).trunc(8 << size)
    write(m, dd, m.splat(value, (64 << known(q, 2)) // value.width))


# An instruction of the coprocessor space (A7.8).
declare(
    "vdup_core",
    "vdup{c}.{bits} {simd_d}, {rt}",
    "DDI0406C A8.8.314",
    [
        Encoding(
            isa,
            f"{isa[0]}1_{8 << size}",
            f"{top} 1110 1 {b} q:1 0 vd:4 rt:4 1011 D:1 0 {e} 1 (0000)",
            extension="vfp",
            shared=True,
            size=size,
            dd=lambda D, vd: D << 4 | vd,
            undefined=lambda q, vd: q & vd & 1,
            unpredictable=lambda rt: rt == 15,
        )
        for size, b, e in ((0, "1", "0"), (1, "0", "1"), (2, "0", "0"))
        for isa, top in ((A32, "cond:4"), (T32, "1110"))
    ],
    vdup_core,
)
