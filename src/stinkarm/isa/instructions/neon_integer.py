"""What the Advanced SIMD instructions on integers and bits share (DDI0406C A7.4): encodings, registers and texts.

In fields, `dd dn dm` number doubleword registers (D:Vd and so on), `q` is 1 for quadword operations, `u` is 1 for
unsigned elements, and elements have 8 << `size` bits.
"""

from __future__ import annotations

from typing import Any

from ..declare import Encoding
from ..fields import Number, known
from ..operations import Machine, Value
from ..syntax import formatter
from . import neon_registers
from .neon_registers import DD, DM, DN, register_name

# Type suffixes in texts: signed or unsigned by U; any integer; polynomial; signed; a number of bits.
BY_U, INTEGER, POLYNOMIAL, SIGNED, UNTYPED = "{sign}{bits}", "i{bits}", "p{bits}", "s{bits}", "{bits}"
# The same, of elements twice as wide as the result's.
WIDE_INTEGER, WIDE_SIGNED, WIDE_UNSIGNED = "i{twice_bits}", "s{twice_bits}", "u{twice_bits}"

# Any register number is taken apart in the same way: an odd one of a quadword register is refused by `undefined`.
_REGISTERS = {"dd": ("vd:4", DD[0]), "dn": ("vn:4", DN[0]), "dm": ("vm:4", DM[0])}


def both(name: str, pattern: str, **options: Any) -> list[Encoding]:
    """Return the A32 and the T32 encoding of a pattern: bit U, then bits 23 to 0 (A7.4)."""
    u, rest = pattern.split(maxsplit=1)
    numbers = {number: derive for number, (field, derive) in _REGISTERS.items() if field in pattern}
    return neon_registers.both(name, u, rest, **numbers | options)


def read(m: Machine, number: Number, q: Number, esize: int) -> Value:
    """Return a doubleword register, or the quadword one that begins there, as elements."""
    return m.vector(number << 1, 64 << known(q, 2), esize)


def write(m: Machine, number: Number, value: Value) -> None:
    """Write a doubleword or quadword register."""
    m.set_vector(number << 1, value)


def not_one_of(size: Number, sizes: str) -> bool:
    """Say whether the digit of `size` is not among `sizes`."""
    return any(size == other for other in range(4) if str(other) not in sizes)


@formatter("sign")
def _sign(u: int) -> str:
    return "su"[u]


@formatter("bits")
def _bits(size: int) -> str:
    return str(8 << size)


@formatter("twice_bits")
def _twice_bits(size: int) -> str:
    return str(16 << size)


@formatter("quad_d")
def _quad_d(dd: int) -> str:
    return register_name(dd, 1)


@formatter("quad_n")
def _quad_n(dn: int) -> str:
    return register_name(dn, 1)


@formatter("quad_m")
def _quad_m(dm: int) -> str:
    return register_name(dm, 1)
