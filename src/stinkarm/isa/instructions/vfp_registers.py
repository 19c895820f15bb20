"""What the VFP instructions' encodings share: register numbers, and both instruction sets' patterns.

In the encodings a double-precision register is D:Vd and a single-precision one Vd:D (DDI0406C A7.3).
"""

from __future__ import annotations

from typing import Any

from ..declare import A32, T32, Encoding
from ..fields import Number
from ..operations import Machine, Value
from ..syntax import formatter

# How the register number is made of its two fields, by precision.
DD = {1: lambda D, vd: D << 4 | vd, 0: lambda D, vd: vd << 1 | D}
DN = {1: lambda N, vn: N << 4 | vn, 0: lambda N, vn: vn << 1 | N}
DM = {1: lambda M, vm: M << 4 | vm, 0: lambda M, vm: vm << 1 | M}


def both(name: str, pattern: str, **options: Any) -> list[Encoding]:
    """Return the A32 and the T32 encoding of a VFP pattern: they differ in the first four bits."""
    return [
        Encoding(A32, f"A{name}", f"cond:4 {pattern}", extension="vfp", shared=True, **options),
        Encoding(T32, f"T{name}", f"1110 {pattern}", extension="vfp", shared=True, **options),
    ]


def first_word(n: Number, double: int) -> Number:
    """Return the index of a register's first word among the 64 words of the register file."""
    return n << 1 if double else n


def read(m: Machine, n: Number, double: int) -> Value:
    """Return a register: 32 or 64 bits."""
    return m.vector(n << 1, 64, 64) if double else m.extension_word(n)


def write(m: Machine, n: Number, value: Value) -> None:
    """Write a register of the width of `value`."""
    if value.width == 64:
        m.set_vector(n << 1, value)
    else:
        m.set_extension_word(n, value)


@formatter("vd")
def _vd(dd: int, double: int) -> str:
    return f"{'sd'[double]}{dd}"


@formatter("vm")
def _vm(dm: int, double: int) -> str:
    return f"{'sd'[double]}{dm}"


@formatter("vn")
def _vn(dn: int, double: int) -> str:
    return f"{'sd'[double]}{dn}"


@formatter("size")
def _size(double: int) -> str:
    return ".f64" if double else ".f32"
