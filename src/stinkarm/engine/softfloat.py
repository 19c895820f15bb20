"""Floating point exactly, in Python integers, as the manual's pseudocode has it (DDI0406C A2.7).

The slow and obvious definition: nothing here uses the host's floating point.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isqrt

from ..isa.floating import ROUNDINGS

IOC, DZC, OFC, UFC, IXC, IDC = 1, 2, 4, 8, 16, 128
AHP, DN, FZ = 1 << 26, 1 << 25, 1 << 24
STANDARD = DN | FZ  # StandardFPSCRValue, but for AHP, which it keeps

NEAREST, UP, DOWN, ZERO, AWAY = (ROUNDINGS[name] for name in ("nearest", "up", "down", "zero", "away"))

# Bits of the exponent and of the fraction.
FORMATS = {16: (5, 10), 32: (8, 23), 64: (11, 52)}

QNAN, SNAN, INFINITY, FINITE_ZERO, NONZERO = range(5)


class Unpacked:
    """What FPUnpack says: `kind`, sign, and for NONZERO the value mantissa * 2**exponent."""

    __slots__ = ("exponent", "kind", "mantissa", "sign")

    def __init__(self, kind: int, sign: int, mantissa: int = 0, exponent: int = 0) -> None:
        self.kind = kind
        self.sign = sign
        self.mantissa = mantissa
        self.exponent = exponent

    @property
    def signed(self) -> int:
        """The mantissa with the sign."""
        return -self.mantissa if self.sign else self.mantissa


def infinity(sign: int, n: int) -> int:
    """Return an infinity of `n` bits."""
    exponent, fraction = FORMATS[n]
    return sign << n - 1 | (1 << exponent) - 1 << fraction


def default_nan(n: int) -> int:
    """Return the default NaN: positive, quiet, all else zero."""
    return infinity(0, n) | 1 << FORMATS[n][1] - 1


def sign_bit(n: int) -> int:
    """Return the sign bit of `n` bits."""
    return 1 << n - 1


def recip_estimate(a: int) -> int:
    """Return 256 / (a + 1/2) * 512 rounded, 256..511, for a of 256..511 (A2.7.10)."""
    return ((1 << 19) // (2 * a + 1) + 1) // 2


def recip_sqrt_estimate(q: int, scale: int) -> int:
    """Return 256 / sqrt((q + 1/2) / scale) rounded, 256..511, for q of 128..255, scale 256 or 512 (A2.7.10)."""
    return (isqrt(4 * 65536 * 2 * scale // (2 * q + 1)) + 1) // 2


def should_round_up(rounding: int, sign: int, odd: int, twice_rest: int, whole: int) -> bool:
    """Say whether a magnitude whose rest beyond the last kept bit is twice_rest / 2 / whole goes up."""
    if rounding == NEAREST:
        return twice_rest > whole or (twice_rest == whole and bool(odd))
    if rounding == AWAY:
        return twice_rest >= whole
    if rounding == UP:
        return twice_rest > 0 and not sign
    if rounding == DOWN:
        return twice_rest > 0 and bool(sign)
    return False


class Arithmetic:
    """One instruction's arithmetic: an FPSCR value, and the exceptions so far."""

    def __init__(self, fpscr: int) -> None:
        self.fpscr = fpscr
        self.rounding = fpscr >> 22 & 3
        self.exceptions = 0

    # Unpacking and rounding

    def unpack(self, n: int, number: int) -> Unpacked:
        """Take a number apart; denormals are flushed when FZ says so (FPUnpack)."""
        exponent_bits, fraction_bits = FORMATS[n]
        sign = number >> n - 1
        exponent = number >> fraction_bits & (1 << exponent_bits) - 1
        fraction = number & (1 << fraction_bits) - 1
        bias = (1 << exponent_bits - 1) - 1
        if exponent == 0:
            if fraction and n != 16 and self.fpscr & FZ:
                self.exceptions |= IDC
                fraction = 0
            if fraction == 0:
                return Unpacked(FINITE_ZERO, sign)
            return Unpacked(NONZERO, sign, fraction, 1 - bias - fraction_bits)
        if exponent == (1 << exponent_bits) - 1 and not (n == 16 and self.fpscr & AHP):
            if fraction == 0:
                return Unpacked(INFINITY, sign)
            return Unpacked(QNAN if fraction >> fraction_bits - 1 else SNAN, sign)
        return Unpacked(NONZERO, sign, fraction | 1 << fraction_bits, exponent - bias - fraction_bits)

    def round(self, n: int, sign: int, mantissa: int, exponent: int, rounding: int | None = None) -> int:
        """Return mantissa * 2**exponent (not zero) as `n` bits (FPRound).

        A bit that was lost below must have been kept as a 1 in a mantissa of more bits than the format has.
        """
        rounding = self.rounding if rounding is None else rounding
        exponent_bits, fraction_bits = FORMATS[n]
        minimum = 2 - (1 << exponent_bits - 1)
        top = exponent + mantissa.bit_length() - 1  # value = 1.xxx * 2**top
        if self.fpscr & FZ and n != 16 and top < minimum:
            self.exceptions |= UFC
            return sign << n - 1
        tiny = top < minimum
        unit = max(top, minimum) - fraction_bits  # the exponent of the last kept bit
        if unit <= exponent:
            kept, twice_rest, whole = mantissa << exponent - unit, 0, 1
        else:
            whole = 1 << unit - exponent
            kept, rest = divmod(mantissa, whole)
            twice_rest = 2 * rest
        inexact = twice_rest != 0
        if should_round_up(rounding, sign, kept & 1, twice_rest, whole):
            kept += 1
        if tiny and inexact:
            self.exceptions |= UFC
        # `kept` with its leading one added to an exponent one less: a carry, or a denormal, falls into place.
        biased = 0 if tiny else top - minimum
        packed = (biased << fraction_bits) + kept
        if n == 16 and self.fpscr & AHP:
            if packed >= 1 << 15:
                self.exceptions |= IOC
                return sign << 15 | 0x7FFF
        elif packed >= infinity(0, n):
            self.exceptions |= OFC | IXC
            away = rounding in (NEAREST, AWAY) or rounding == (DOWN if sign else UP)
            return infinity(sign, n) if away else infinity(sign, n) - 1
        if inexact:
            self.exceptions |= IXC
        return sign << n - 1 | packed

    def _zero_sum(self) -> int:
        """Return the sign of an exact zero that is the sum of two numbers."""
        return int(self.rounding == DOWN)

    # NaNs

    def _quiet(self, n: int, number: int, kind: int) -> int:
        """Return a NaN operand as a result (FPProcessNaN)."""
        if kind == SNAN:
            self.exceptions |= IOC
            number |= 1 << FORMATS[n][1] - 1
        return default_nan(n) if self.fpscr & DN else number

    def _nan_of(self, n: int, *operands: tuple[int, Unpacked]) -> int | None:
        """Return the result if there is a NaN operand: the first signalling one, else the first (FPProcessNaNs)."""
        for kind in (SNAN, QNAN):
            for number, unpacked in operands:
                if unpacked.kind == kind:
                    return self._quiet(n, number, kind)
        return None

    def _invalid(self, n: int) -> int:
        self.exceptions |= IOC
        return default_nan(n)

    # Arithmetic

    def apply(self, op: str, n: int, *numbers: int) -> int:
        """Do the operation `op` of Machine.fp."""
        operations: dict[str, Callable[..., int]] = {
            "add": self.add,
            "sub": self.sub,
            "mul": self.mul,
            "div": self.div,
            "sqrt": self.sqrt,
            "fma": self.mul_add,
            "max": self.maximum,
            "min": self.minimum,
            "maxnm": self.maximum_number,
            "minnm": self.minimum_number,
            "recpe": self.recip_estimate,
            "rsqrte": self.rsqrt_estimate,
            "recps": self.recip_step,
            "rsqrts": self.rsqrt_step,
        }
        return operations[op](n, *numbers)

    def add(self, n: int, a: int, b: int) -> int:
        """Add (FPAdd)."""
        return self._sum(n, a, b, negate=0)

    def sub(self, n: int, a: int, b: int) -> int:
        """Subtract (FPSub)."""
        return self._sum(n, a, b, negate=1)

    def _sum(self, n: int, a: int, b: int, *, negate: int) -> int:
        x, y = self.unpack(n, a), self.unpack(n, b)
        nan = self._nan_of(n, (a, x), (b, y))
        if nan is not None:
            return nan
        y.sign ^= negate
        if INFINITY in (x.kind, y.kind):
            if x.kind == y.kind and x.sign != y.sign:
                return self._invalid(n)
            return infinity(x.sign if x.kind == INFINITY else y.sign, n)
        return self._exact_sum(n, x, y)

    def _exact_sum(self, n: int, x: Unpacked, y: Unpacked) -> int:
        """Add two finite numbers."""
        exponent = min(number.exponent for number in (x, y))
        total = (x.signed << x.exponent - exponent) + (y.signed << y.exponent - exponent)
        if total == 0:
            same = x.kind == y.kind == FINITE_ZERO and x.sign == y.sign
            return (x.sign if same else self._zero_sum()) << n - 1
        return self.round(n, int(total < 0), abs(total), exponent)

    def mul(self, n: int, a: int, b: int) -> int:
        """Multiply (FPMul)."""
        x, y = self.unpack(n, a), self.unpack(n, b)
        nan = self._nan_of(n, (a, x), (b, y))
        if nan is not None:
            return nan
        kinds = {x.kind, y.kind}
        sign = x.sign ^ y.sign
        if kinds == {INFINITY, FINITE_ZERO}:
            return self._invalid(n)
        if INFINITY in kinds:
            return infinity(sign, n)
        if FINITE_ZERO in kinds:
            return sign << n - 1
        return self.round(n, sign, x.mantissa * y.mantissa, x.exponent + y.exponent)

    def div(self, n: int, a: int, b: int) -> int:
        """Divide (FPDiv)."""
        x, y = self.unpack(n, a), self.unpack(n, b)
        nan = self._nan_of(n, (a, x), (b, y))
        if nan is not None:
            return nan
        sign = x.sign ^ y.sign
        if x.kind == y.kind and x.kind in (INFINITY, FINITE_ZERO):
            return self._invalid(n)
        if x.kind == INFINITY or y.kind == FINITE_ZERO:
            if x.kind != INFINITY:
                self.exceptions |= DZC
            return infinity(sign, n)
        if x.kind == FINITE_ZERO or y.kind == INFINITY:
            return sign << n - 1
        quotient, rest = divmod(x.mantissa << 2 * n, y.mantissa)
        return self.round(n, sign, quotient << 1 | (rest != 0), x.exponent - y.exponent - 2 * n - 1)

    def sqrt(self, n: int, a: int) -> int:
        """Take the square root (FPSqrt)."""
        x = self.unpack(n, a)
        nan = self._nan_of(n, (a, x))
        if nan is not None:
            return nan
        if x.kind == FINITE_ZERO:
            return x.sign << n - 1
        if x.sign:
            return self._invalid(n)
        if x.kind == INFINITY:
            return infinity(0, n)
        shift = 2 * n + (x.exponent & 1)
        square = x.mantissa << shift
        root = isqrt(square)
        return self.round(n, 0, root << 1 | (root * root != square), (x.exponent - shift) // 2 - 1)

    def mul_add(self, n: int, addend: int, a: int, b: int) -> int:
        """Return addend + a * b, rounded once (FPMulAdd)."""
        z, x, y = self.unpack(n, addend), self.unpack(n, a), self.unpack(n, b)
        nan = self._nan_of(n, (addend, z), (a, x), (b, y))
        kinds = {x.kind, y.kind}
        undefined = kinds == {INFINITY, FINITE_ZERO}
        if z.kind == QNAN and undefined:
            return self._invalid(n)
        if nan is not None:
            return nan
        sign = x.sign ^ y.sign
        product_is_infinite = INFINITY in kinds
        if undefined or (z.kind == INFINITY and product_is_infinite and z.sign != sign):
            return self._invalid(n)
        if z.kind == INFINITY or product_is_infinite:
            return infinity(z.sign if z.kind == INFINITY else sign, n)
        kind = FINITE_ZERO if FINITE_ZERO in kinds else NONZERO
        product = Unpacked(kind, sign, x.mantissa * y.mantissa, x.exponent + y.exponent)
        return self._exact_sum(n, z, product)

    # Extremes

    def maximum(self, n: int, a: int, b: int) -> int:
        """Return the larger (FPMax)."""
        return self._extreme(n, a, b, largest=True)

    def minimum(self, n: int, a: int, b: int) -> int:
        """Return the smaller (FPMin)."""
        return self._extreme(n, a, b, largest=False)

    def _flushed(self, n: int, number: int) -> int:
        """Return the operand, as zero if it is flushed."""
        return number & sign_bit(n) if self.unpack(n, number).kind == FINITE_ZERO else number

    def _order(self, n: int, number: int) -> int:
        """Return a number in the order of values, -0 below +0."""
        magnitude = number & sign_bit(n) - 1
        return -1 - magnitude if number & sign_bit(n) else magnitude

    def _extreme(self, n: int, a: int, b: int, *, largest: bool) -> int:
        nan = self._nan_of(n, (a, self.unpack(n, a)), (b, self.unpack(n, b)))
        if nan is not None:
            return nan
        a, b = self._flushed(n, a), self._flushed(n, b)
        return a if (self._order(n, a) > self._order(n, b)) == largest else b

    def maximum_number(self, n: int, a: int, b: int) -> int:
        """Return the larger, a number rather than a quiet NaN (FPMaxNum)."""
        return self._extreme(n, *self._numbers(n, a, b, infinity(1, n)), largest=True)

    def minimum_number(self, n: int, a: int, b: int) -> int:
        """Return the smaller, a number rather than a quiet NaN (FPMinNum)."""
        return self._extreme(n, *self._numbers(n, a, b, infinity(0, n)), largest=False)

    def _numbers(self, n: int, a: int, b: int, last: int) -> tuple[int, int]:
        x, y = self.unpack(n, a).kind, self.unpack(n, b).kind
        if x == QNAN and y != QNAN:
            return last, b
        if y == QNAN and x != QNAN:
            return a, last
        return a, b

    # Estimates and steps (single precision)

    def recip_estimate(self, n: int, a: int) -> int:
        """Estimate the reciprocal (FPRecipEstimate)."""
        x = self.unpack(n, a)
        nan = self._nan_of(n, (a, x))
        if nan is not None:
            return nan
        if x.kind == INFINITY:
            return x.sign << 31
        if x.kind == FINITE_ZERO:
            self.exceptions |= DZC
            return infinity(x.sign, n)
        exponent = a >> 23 & 0xFF
        if exponent >= 253:
            self.exceptions |= UFC
            return x.sign << 31
        estimate = recip_estimate(256 | a >> 15 & 0xFF)
        return x.sign << 31 | 253 - exponent << 23 | (estimate & 0xFF) << 15

    def rsqrt_estimate(self, n: int, a: int) -> int:
        """Estimate the reciprocal square root (FPRSqrtEstimate)."""
        x = self.unpack(n, a)
        nan = self._nan_of(n, (a, x))
        if nan is not None:
            return nan
        if x.kind == FINITE_ZERO:
            self.exceptions |= DZC
            return infinity(x.sign, n)
        if x.sign:
            return self._invalid(n)
        if x.kind == INFINITY:
            return 0
        exponent = a >> 23 & 0xFF
        estimate = recip_sqrt_estimate(128 | a >> 16 & 0x7F, 512 if exponent & 1 else 256)
        return (380 - exponent) // 2 << 23 | (estimate & 0xFF) << 15

    @staticmethod
    def unsigned_estimate(op: str, a: int) -> int:
        """Estimate on unsigned fixed point (UnsignedRecipEstimate, UnsignedRSqrtEstimate)."""
        if op == "recpe":
            return recip_estimate(a >> 23) << 23 if a >> 31 else 0xFFFFFFFF
        if a >> 30 == 0:
            return 0xFFFFFFFF
        estimate = recip_sqrt_estimate(a >> 24, 256) if a >> 31 else recip_sqrt_estimate(a >> 23, 512)
        return estimate << 23

    def _step(self, n: int, a: int, b: int) -> int:
        """Return the product that a step subtracts: infinity * 0 is 0."""
        if {self.unpack(n, a).kind, self.unpack(n, b).kind} == {INFINITY, FINITE_ZERO}:
            return 0
        return self.mul(n, a, b)

    def recip_step(self, n: int, a: int, b: int) -> int:
        """Return 2 - a * b, rounded twice (FPRecipStep)."""
        return self.sub(n, 0x40000000, self._step(n, a, b))

    def rsqrt_step(self, n: int, a: int, b: int) -> int:
        """Return (3 - a * b) / 2, the product rounded first (FPRSqrtStep)."""
        difference = self.sub(n, 0x40400000, self._step(n, a, b))
        # FPHalvedSub rounds once; halving what the subtraction gave is exact, for it is never denormal.
        return self.mul(n, difference, 0x3F000000)

    # Comparisons

    def compare(self, n: int, a: int, b: int, *, signal_quiet: bool) -> int:
        """Return NZCV (FPCompare)."""
        x, y = self.unpack(n, a).kind, self.unpack(n, b).kind
        if x in (SNAN, QNAN) or y in (SNAN, QNAN):
            if SNAN in (x, y) or signal_quiet:
                self.exceptions |= IOC
            return 0b0011
        if x == y == FINITE_ZERO:
            return 0b0110
        first, second = (self._order(n, self._flushed(n, number)) for number in (a, b))
        return 0b0110 if first == second else 0b1000 if first < second else 0b0010

    def test(self, op: str, n: int, a: int, b: int) -> int:
        """Return 1 if a is eq, ge or gt b (FPCompareEQ, FPCompareGE, FPCompareGT)."""
        nzcv = self.compare(n, a, b, signal_quiet=op != "eq")
        return int(nzcv in {"eq": (0b0110,), "ge": (0b0110, 0b0010), "gt": (0b0010,)}[op])

    # Conversions

    def convert(self, n: int, m: int, a: int) -> int:
        """Convert from `n` to `m` bits (FPHalfToSingle, FPSingleToHalf, FPSingleToDouble, FPDoubleToSingle)."""
        x = self.unpack(n, a)
        alternative = m == 16 and bool(self.fpscr & AHP)
        if x.kind in (SNAN, QNAN):
            if x.kind == SNAN or alternative:
                self.exceptions |= IOC
            if alternative:
                return x.sign << 15
            if self.fpscr & DN:
                return default_nan(m)
            ours, theirs = FORMATS[n][1], FORMATS[m][1]
            fraction = (a & (1 << ours - 1) - 1) << 64 >> 64 + ours - theirs
            return infinity(x.sign, m) | 1 << theirs - 1 | fraction
        if x.kind == INFINITY:
            if alternative:
                self.exceptions |= IOC
                return x.sign << 15 | 0x7FFF
            return infinity(x.sign, m)
        if x.kind == FINITE_ZERO:
            return x.sign << m - 1
        return self.round(m, x.sign, x.mantissa, x.exponent)

    def _rounding(self, name: str) -> int:
        return self.rounding if name == "fpscr" else ROUNDINGS[name]

    def _integral(self, x: Unpacked, exponent: int, rounding: str) -> tuple[int, bool]:
        """Return mantissa * 2**exponent with x's sign as an integer, and whether that is inexact."""
        if exponent >= 0:
            return x.signed << exponent, False
        whole = 1 << -exponent
        magnitude, rest = divmod(x.mantissa, whole)
        magnitude += should_round_up(self._rounding(rounding), x.sign, magnitude & 1, 2 * rest, whole)
        return (-magnitude if x.sign else magnitude), rest != 0

    def to_fixed(self, n: int, a: int, m: int, fraction_bits: int, *, signed: bool, rounding: str) -> int:
        """Convert to an integer of `m` bits, saturating (FPToFixed)."""
        x = self.unpack(n, a)
        if x.kind in (SNAN, QNAN):
            self.exceptions |= IOC
            return 0
        low, high = (-1 << m - 1, (1 << m - 1) - 1) if signed else (0, (1 << m) - 1)
        if x.kind == INFINITY:
            integer, inexact = (low - 1 if x.sign else high + 1), False
        else:
            integer, inexact = self._integral(x, x.exponent + fraction_bits, rounding)
        saturated = max(low, min(high, integer))
        if saturated != integer:
            self.exceptions |= IOC
        elif inexact:
            self.exceptions |= IXC
        return saturated & (1 << m) - 1

    def from_fixed(self, m: int, a: int, n: int, fraction_bits: int, *, signed: bool, rounding: str) -> int:
        """Convert an integer of `m` bits to floating point (FixedToFP)."""
        integer = a - (a >> m - 1 << m) if signed else a
        if integer == 0:
            return 0
        return self.round(n, int(integer < 0), abs(integer), -fraction_bits, self._rounding(rounding))

    def round_to_integral(self, n: int, a: int, *, rounding: str, exact: bool) -> int:
        """Round to an integral value (FPRoundInt)."""
        x = self.unpack(n, a)
        nan = self._nan_of(n, (a, x))
        if nan is not None:
            return nan
        if x.kind in (INFINITY, FINITE_ZERO):
            return self._flushed(n, a)
        integer, inexact = self._integral(x, x.exponent, rounding)
        if inexact and exact:
            self.exceptions |= IXC
        if integer == 0:
            return x.sign << n - 1
        return self.round(n, x.sign, abs(integer), 0)
