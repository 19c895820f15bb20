"""What Advanced SIMD computes lane by lane, integers and bits: the functions that the tables of the neon modules name.

Those of two vectors are called as (machine, x, y, signed) and those of one as (machine, x, signed), whether they care
for the sign or not. Saturating ones set FPSCR.QC.
"""

from __future__ import annotations

from collections.abc import Callable

from ..fields import Number
from ..operations import Machine, Value

Binary = Callable[[Machine, Value, Value, bool], Value]
Unary = Callable[[Machine, Value, bool], Value]


def add(_m: Machine, x: Value, y: Value, _signed: bool) -> Value:
    """Return x + y."""
    return x + y


def subtract(_m: Machine, x: Value, y: Value, _signed: bool) -> Value:
    """Return x - y."""
    return x - y


def multiply(_m: Machine, x: Value, y: Value, _signed: bool) -> Value:
    """Return x * y."""
    return x * y


def polynomial_multiply(_m: Machine, x: Value, y: Value, _signed: bool) -> Value:
    """Return the product of polynomials over {0, 1}; those of y have 8 coefficients (A2.6.8 PolynomialMult)."""
    product = x.like(0)
    for i in range(8):
        product = product ^ (x << i) & -(y >> i & 1)
    return product


def halving_add(_m: Machine, x: Value, y: Value, signed: bool) -> Value:
    """Return (x + y) / 2, rounded down."""
    return (x & y) + shift_right(x ^ y, 1, signed)


def rounding_halving_add(_m: Machine, x: Value, y: Value, signed: bool) -> Value:
    """Return (x + y) / 2, rounded up."""
    return (x | y) - shift_right(x ^ y, 1, signed)


def halving_subtract(_m: Machine, x: Value, y: Value, signed: bool) -> Value:
    """Return (x - y) / 2, rounded down."""
    return shift_right(x ^ y, 1, signed) - (~x & y)


def saturating_add(m: Machine, x: Value, y: Value, signed: bool) -> Value:
    """Return x + y, saturated."""
    result = x.saturating_add(y, signed=signed)
    m.set_qc(result.ne(x + y))
    return result


def saturating_subtract(m: Machine, x: Value, y: Value, signed: bool) -> Value:
    """Return x - y, saturated."""
    result = x.saturating_subtract(y, signed=signed)
    m.set_qc(result.ne(x - y))
    return result


def minimum(_m: Machine, x: Value, y: Value, signed: bool) -> Value:
    """Return the smaller one."""
    return x.minimum(y, signed=signed)


def maximum(_m: Machine, x: Value, y: Value, signed: bool) -> Value:
    """Return the larger one."""
    return x.maximum(y, signed=signed)


def absolute_difference(_m: Machine, x: Value, y: Value, signed: bool) -> Value:
    """Return |x - y|."""
    return x.maximum(y, signed=signed) - x.minimum(y, signed=signed)


def greater_than(_m: Machine, x: Value, y: Value, signed: bool) -> Value:
    """Return all ones where x > y."""
    return (y.slt(x) if signed else y.ult(x)).sext(x.width)


def greater_or_equal(_m: Machine, x: Value, y: Value, signed: bool) -> Value:
    """Return all ones where x >= y."""
    return (y.sle(x) if signed else y.ule(x)).sext(x.width)


def equal(_m: Machine, x: Value, y: Value, _signed: bool) -> Value:
    """Return all ones where x == y."""
    return x.eq(y).sext(x.width)


def test_bits(_m: Machine, x: Value, y: Value, _signed: bool) -> Value:
    """Return all ones where x AND y is not zero."""
    return (x & y).ne(0).sext(x.width)


def doubling_multiply_high(m: Machine, x: Value, y: Value, _signed: bool) -> Value:
    """Return the high half of 2 * x * y, saturated."""
    return _high_half(m, _wide_product(x, y))


def rounding_doubling_multiply_high(m: Machine, x: Value, y: Value, _signed: bool) -> Value:
    """Return the high half of 2 * x * y, rounded and saturated."""
    return _high_half(m, _wide_product(x, y) + (1 << x.width - 2))


def _wide_product(x: Value, y: Value) -> Value:
    return x.sext(2 * x.width) * y.sext(2 * x.width)


def _high_half(m: Machine, product: Value) -> Value:
    width = product.width // 2
    return narrow_saturated(m, product.asr(width - 1), signed=True, to_signed=True)


def doubling_product(m: Machine, x: Value, y: Value, _signed: bool) -> Value:
    """Return 2 * x * y, saturated, of sign-extended values."""
    return saturating_add(m, x * y, x * y, True)


# Shifts


def shift_right(x: Value, amount: Value | Number, signed: bool) -> Value:
    """Shift by less than the width, arithmetically if signed."""
    return x.asr(amount) if signed else x >> amount


def shift_right_far(x: Value, amount: Number, signed: bool) -> Value:
    """Shift by 1 to the width."""
    if signed:
        return x.asr(amount - (amount >> x.width.bit_length() - 1))
    return x >> 1 >> amount - 1


def rounding_shift_right(x: Value, amount: Number, signed: bool) -> Value:
    """Shift by 1 to the width, and round to nearest, half-way cases up."""
    before = shift_right(x, amount - 1, signed)
    return shift_right(before, 1, signed) + (before & 1)


def _limit(x: Value, signed: bool) -> Value:
    """Return what x saturates to when it gets too big."""
    ones = (1 << x.width) - 1
    return x.asr(x.width - 1) ^ ones >> 1 if signed else x.like(ones)


def saturating_shift_left(m: Machine, x: Value, amount: Number, signed: bool) -> Value:
    """Shift by less than the width, saturated."""
    shifted = x << amount
    fits = shift_right(shifted, amount, signed).eq(x)
    m.set_qc(~fits)
    return m.select(fits, shifted, _limit(x, signed))


def saturating_shift_left_unsigned(m: Machine, x: Value, amount: Number) -> Value:
    """Shift signed values by less than the width, saturated to unsigned ones."""
    shifted = x << amount
    fits = (shifted >> amount).eq(x)
    negative = x.slt(0)
    m.set_qc(~fits | negative)
    return m.select(negative, x.like(0), m.select(fits, shifted, _limit(x, False)))


def shift_by_lanes(*, rounding: bool = False, saturating: bool = False) -> Binary:
    """Return the shift of x to the left by the signed low byte of y (to the right, if that is negative)."""

    def shift(m: Machine, x: Value, y: Value, signed: bool) -> Value:
        width = x.width
        amount = (y << width - 8).asr(width - 8) if width > 8 else y
        right = _shifted_right(m, x, -amount, signed, rounding)
        leftwards, small = amount.sge(0), amount.ult(width)
        moved = x << (amount & width - 1)
        if not saturating:
            return m.select(leftwards, m.select(small, moved, x.like(0)), right)
        fits = shift_right(moved, amount & width - 1, signed).eq(x) & small | x.eq(0)
        m.set_qc(leftwards & ~fits)
        left = m.select(fits, moved, _limit(x, signed))
        return m.select(leftwards, left, right)

    return shift


def _shifted_right(m: Machine, x: Value, amount: Value, signed: bool, rounding: bool) -> Value:
    """Shift by lanes of 1 to 128."""
    if rounding:
        amount = amount - 1
    if signed:
        shifted = x.asr(amount.minimum(x.width - 1, signed=False))
    else:
        shifted = m.select(amount.ult(x.width), x >> (amount & x.width - 1), x.like(0))
    if rounding:
        return shift_right(shifted, 1, signed) + (shifted & 1)
    return shifted


# Narrowing


def narrow_saturated(m: Machine, x: Value, *, signed: bool, to_signed: bool) -> Value:
    """Return values of half the width, saturated. Signed values may be narrowed to unsigned ones."""
    width = x.width // 2
    low, high = (-(1 << width - 1), (1 << width - 1) - 1) if to_signed else (0, (1 << width) - 1)
    clamped = x.minimum(high, signed=signed)
    if signed:
        clamped = clamped.maximum(low, signed=True)
    m.set_qc(clamped.ne(x))
    return clamped.trunc(width)


# Functions of one vector


def absolute(_m: Machine, x: Value, _signed: bool) -> Value:
    """Return |x|, modulo the width."""
    return x.maximum(-x, signed=True)


def negate(_m: Machine, x: Value, _signed: bool) -> Value:
    """Return -x."""
    return -x


def saturating_absolute(m: Machine, x: Value, _signed: bool) -> Value:
    """Return |x|, saturated."""
    return x.maximum(saturating_negate(m, x, True), signed=True)


def saturating_negate(m: Machine, x: Value, _signed: bool) -> Value:
    """Return -x, saturated."""
    return saturating_subtract(m, x.like(0), x, True)


def count_leading_signs(_m: Machine, x: Value, _signed: bool) -> Value:
    """Return how many bits below the highest one are the same as that (A2.2.1 CountLeadingSignBits)."""
    return (x ^ x.asr(x.width - 1)).count_leading_zeros() - 1


def count_leading_zeros(_m: Machine, x: Value, _signed: bool) -> Value:
    """Return how many zeros there are above the highest one."""
    return x.count_leading_zeros()


def count_ones(_m: Machine, x: Value, _signed: bool) -> Value:
    """Return how many bits are one."""
    return x.count_ones()


def complement(_m: Machine, x: Value, _signed: bool) -> Value:
    """Return NOT x."""
    return ~x


def reverse_in(container: int) -> Unary:
    """Return the elements in opposite order, in each container of so many bits."""

    def reverse(m: Machine, x: Value, _signed: bool) -> Value:
        elements = container // x.width
        return m.shuffle(x, x, [i ^ elements - 1 for i in range(x.lanes)])

    return reverse


def add_pairs_long(m: Machine, x: Value, signed: bool) -> Value:
    """Return the sums of neighbours, twice as wide."""
    width = x.width
    pairs = m.reinterpret(x, 2 * width)
    return shift_right(pairs << width, width, signed) + shift_right(pairs, width, signed)


def compare_with_zero(compare: Binary, *, swapped: bool = False) -> Unary:
    """Return the comparison of signed values with zero, or of zero with them."""

    def test(m: Machine, x: Value, _signed: bool) -> Value:
        zero = x.like(0)
        return compare(m, zero, x, True) if swapped else compare(m, x, zero, True)

    return test


def swapped(operation: Binary) -> Binary:
    """Return the operation with its operands exchanged."""
    return lambda m, x, y, signed: operation(m, y, x, signed)
