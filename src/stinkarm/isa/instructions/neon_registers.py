"""What Advanced SIMD encodings share: register numbers, and both instruction sets' patterns (DDI0406C A7.3, A7.4).

A register is given as the number of its first doubleword, D:Vd; `q` says that it has two. The number of a quadword
register is even, else the word is UNDEFINED: its lowest bit is fixed in the pattern.
"""

from __future__ import annotations

from typing import Any

from ..declare import A32, T32, Encoding
from ..fields import Number
from ..operations import Machine, Value
from ..syntax import formatter

# The number of a register's first doubleword of its two fields, by q.
DD: dict[int, Any] = {0: lambda D, vd: D << 4 | vd, 1: lambda D, vd: D << 4 | vd << 1}
DN: dict[int, Any] = {0: lambda N, vn: N << 4 | vn, 1: lambda N, vn: N << 4 | vn << 1}
DM: dict[int, Any] = {0: lambda M, vm: M << 4 | vm, 1: lambda M, vm: M << 4 | vm << 1}


def bits(name: str, q: int) -> str:
    """Return the four bits of a register in a pattern."""
    return f"{name}:3 0" if q else f"{name}:4"


def both(name: str, u: str, pattern: str, /, *, extension: str = "neon", **options: Any) -> list[Encoding]:
    """Return the A32 and the T32 encoding of a data-processing pattern, bits 23 to 0; `u` is bit 24 of A32."""
    return [
        Encoding(A32, f"A{name}", f"1111 001 {u} {pattern}", extension=extension, shared=True, **options),
        Encoding(T32, f"T{name}", f"111 {u} 1111 {pattern}", extension=extension, shared=True, **options),
    ]


def read(m: Machine, n: Number, q: int) -> Value:
    """Return a register as words."""
    return m.vector(n << 1, 64 << q, 32)


def register_name(n: int, q: int) -> str:
    """Return the name of a register."""
    return f"q{n >> 1}" if q else f"d{n}"


@formatter("simd_d")
def _simd_d(dd: int, q: int) -> str:
    return register_name(dd, q)


@formatter("simd_n")
def _simd_n(dn: int, q: int) -> str:
    return register_name(dn, q)


@formatter("simd_m")
def _simd_m(dm: int, q: int) -> str:
    return register_name(dm, q)
