"""Fused multiply-add for hosts without FMA instructions (x86-64-v2), exactly."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..isa.floating import ROUNDINGS
from ..isa.operations import Value
from .floating import FORMATS
from .ir import IrValue
from .softfloat import FZ, IXC, OFC, UFC

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .floating_routines import Routine

_TO_ZERO = 0x1F80 | 3 << 13


def fma_of_singles(r: Routine, addend: Value, a: Value, b: Value) -> IrValue:
    """Compute in double precision: the product is exact, the sum is rounded to odd, and then once more (as MXCSR says).

    MXCSR's sticky flags are clear before; those it has afterwards are the result's.
    """
    product = r.host("mul", r.host_convert("fpext", a, 64), r.host_convert("fpext", b, 64))
    wide = r.host_convert("fpext", addend, 64)
    total = r.host("add", product, wide)
    sticky = r.read_mxcsr(1)
    r.write_mxcsr(r.const(_TO_ZERO))
    odd = r.host("add", product, wide) | 1
    r.write_mxcsr(sticky & ~0x3F)
    return r.host_convert("fptrunc", r.select(sticky.bit(5), odd, total), 32)


# The sum of products stands in 256 bits: the product's last bit at 64, or the addend's at 190 if it is that far above.
_WIDE = 256
_PRODUCT_AT = 64
_ADDEND_AT = 190


def fma_of_doubles(
    r: Routine,
    operands: Sequence[Value],
    controls: Value,
    with_host: Callable[[Callable[[], IrValue]], tuple[Value, Value]],
) -> tuple[Value, Value]:
    """Return the result and its exceptions: by integers, or where an operand is zero or infinite by `with_host`."""
    c, a, b = operands
    infinite, zero = ({v: (v << 1).eq(pattern) for v in operands} for pattern in (2 * FORMATS[64].infinity, 0))
    plain = zero[a] | zero[b] | infinite[a] | infinite[b]
    # A product that overflows must not meet an infinite addend, nor one that underflows a zero of the other sign.
    factor = r.pick(infinite[c] & ~plain, a & FORMATS[64].sign, a)

    def product_and_sum() -> IrValue:
        product = r.host("mul", factor, b)
        return r.select(zero[c] & ~plain, product, r.host("add", product, c))

    special, special_flags = with_host(product_and_sum)
    usual, usual_flags = _usual(r, operands, controls)
    is_special = plain | zero[c] | infinite[c]
    return r.pick(is_special, special, usual), r.pick(is_special, special_flags, usual_flags)


def _parts(r: Routine, value: Value) -> tuple[Value, Value]:
    """Return the mantissa (wide), and the exponent of its last bit (a word)."""
    biased = (value >> 52 & 0x7FF).trunc(32)
    implicit = r.pick(biased.eq(0), 0, r.const(1 << 52, 64))
    return (value & (1 << 52) - 1 | implicit).zext(_WIDE), biased.maximum(1, signed=False) - 1075


def _wide_shift(amount: Value) -> Value:
    """Return a shift amount as wide as what is shifted; one that is out of range is not used in the end."""
    return (amount & _WIDE - 1).zext(_WIDE)


def _usual(r: Routine, operands: Sequence[Value], controls: Value) -> tuple[Value, Value]:
    """Add a product of finite numbers and a finite number, none of them zero."""
    c, a, b = operands
    (addend, addend_exponent), (x, x_exponent), (y, y_exponent) = (_parts(r, value) for value in operands)
    product, product_exponent = x * y, x_exponent + y_exponent
    left = addend_exponent - product_exponent + _PRODUCT_AT
    far_above, below = r.const(_ADDEND_AT).slt(left), left.slt(0)
    right = (r.const(0) - left).minimum(63, signed=True).maximum(0, signed=True)
    lost = addend & (r.const(1, _WIDE) << _wide_shift(right)) - 1
    aligned = r.pick(below, addend >> _wide_shift(right) | lost.ne(0).zext(_WIDE), addend << _wide_shift(left))
    aligned = r.pick(far_above, addend << _ADDEND_AT, aligned)
    product = r.pick(far_above, r.const(1, _WIDE), product << _PRODUCT_AT)
    exponent = r.pick(far_above, addend_exponent - _ADDEND_AT, product_exponent - _PRODUCT_AT)

    product_sign, addend_sign = (a ^ b).bit(63), c.bit(63)
    differ = product_sign.ne(addend_sign)
    less = product.ult(aligned)
    difference = r.select(less, aligned - product, product - aligned)
    total = r.select(differ, difference, product + aligned)
    sign = r.select(differ & less, addend_sign, product_sign)
    nothing = total.eq(0)
    down = controls.bits(23, 22).eq(ROUNDINGS["down"])
    zeros = total.count_leading_zeros()
    normal = total << (zeros & _WIDE - 1)
    rest = (normal & (1 << _WIDE - 64) - 1).ne(0)
    mantissa = (normal >> _WIDE - 64).trunc(64) | rest.zext(64)
    top = exponent + (_WIDE - 1) - zeros.trunc(32)
    result, flags = _rounded(r, sign, top, mantissa, controls)
    return r.pick(nothing, down.zext(64) << 63, result), r.pick(nothing, 0, flags)


def _rounded(r: Routine, sign: Value, top: Value, mantissa: Value, controls: Value) -> tuple[Value, Value]:
    """Return a double (FPRound): 2**top times a mantissa of 64 bits, its first bit one, its last one sticky."""
    numbers = FORMATS[64]
    tiny = top.slt(-1022)
    drop = (r.pick(tiny, r.const(-1022) - top, r.const(0)) + 11).minimum(66, signed=False).zext(128)
    wide = mantissa.zext(128)
    kept, rest = (wide >> drop).trunc(64), wide & (r.const(1, 128) << drop) - 1
    mode = controls.bits(23, 22)
    up = r.rounds_up(mode.zext(32), sign, kept.trunc(1), rest, r.const(1, 128) << drop - 1)
    biased = r.pick(tiny, 0, top + 1022).zext(64) << 52
    packed = biased + kept + up.zext(64)
    inexact = rest.ne(0)
    flags = r.pick(inexact, IXC, 0) | r.pick(inexact & tiny, UFC, 0)
    over = r.const(numbers.infinity, 64).ule(packed)
    outwards = mode.eq(ROUNDINGS["nearest"])
    outwards = outwards | mode.eq(ROUNDINGS["up"]) & ~sign | mode.eq(ROUNDINGS["down"]) & sign
    largest = r.pick(outwards, r.const(numbers.infinity, 64), r.const(numbers.infinity - 1, 64))
    flush = tiny & (controls & FZ).ne(0)
    magnitude = r.pick(flush, 0, r.pick(over, largest, packed))
    flags = r.pick(flush, UFC, r.pick(over, OFC | IXC, flags))
    return magnitude | sign.zext(64) << 63, flags
