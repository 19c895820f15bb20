"""The vocabulary of floating point (DDI0406C A2.7): part of `Machine`.

Operands and results are bit patterns of 16, 32 or 64 bits, or lanes of them. `standard`: the Advanced SIMD arithmetic
of A2.7.8 (flush to zero, default NaN, round to nearest); else as FPSCR says. Every operation adds its exceptions to
FPSCR's cumulative flags.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from .fields import Number

if TYPE_CHECKING:
    from .operations import Value

# The modes of rounding, as FPSCR.RMode encodes the first four (A2.7.1); `away` is to nearest, ties away from zero.
ROUNDINGS = {"nearest": 0, "up": 1, "down": 2, "zero": 3, "away": 4}


class FloatingOperations(ABC):
    """What a meaning may do with floating point."""

    @abstractmethod
    def fp(self, op: str, *operands: Value, standard: bool = False) -> Value:
        """Apply add sub mul div sqrt fma min max minnm maxnm; or, with standard arithmetic, recpe rsqrte recps rsqrts.

        fma is operand 1 * operand 2 + operand 0, rounded once (FPMulAdd).
        """

    def fp_multiply_add(self, addend: Value, a: Value, b: Value, *, negate: bool = False) -> Value:
        """Return addend + a * b (or addend - a * b), rounded twice, with standard arithmetic on single precision."""
        product = self.fp("mul", a, b, standard=True)
        return self.fp("add", addend, product ^ 1 << 31 if negate else product, standard=True)

    @abstractmethod
    def unsigned_estimate(self, op: str, a: Value) -> Value:
        """Apply recpe or rsqrte to unsigned 32-bit fixed point (UnsignedRecipEstimate, UnsignedRSqrtEstimate)."""

    @abstractmethod
    def fp_compare(self, a: Value, b: Value, *, signal_quiet: bool = False) -> Value:
        """Return NZCV (4 bits, N highest) as FPCompare does; `signal_quiet`: quiet NaNs raise Invalid Operation too."""

    @abstractmethod
    def fp_flag(self, name: str) -> Value:
        """Read the flag n, z, c or v of FPSCR as one bit."""

    @abstractmethod
    def set_fp_flags(self, nzcv: Value) -> None:
        """Write the flags of FPSCR (4 bits, N highest)."""

    @abstractmethod
    def fp_test(self, op: str, a: Value, b: Value) -> Value:
        """Return one bit (a lane) of eq, ge or gt with standard arithmetic (FPCompareEQ, GE, GT)."""

    @abstractmethod
    def fp_convert(self, a: Value, width: int, *, standard: bool = False) -> Value:
        """Convert between 16, 32 and 64 bits (FPHalfToSingle and so on); FPSCR.AHP chooses the half format."""

    @abstractmethod
    def fp_to_fixed(
        self,
        a: Value,
        width: int,
        *,
        signed: bool,
        fraction_bits: Number = 0,
        rounding: str = "zero",
        standard: bool = False,
    ) -> Value:
        """Convert to a saturated integer of `width` bits, 16 or 32 (FPToFixed).

        rounding: fpscr (which is nearest in standard arithmetic), or one of ROUNDINGS.
        """

    @abstractmethod
    def fixed_to_fp(
        self,
        a: Value,
        width: int,
        *,
        signed: bool,
        fraction_bits: Number = 0,
        rounding: str = "fpscr",
        standard: bool = False,
    ) -> Value:
        """Convert an integer of 16 or 32 bits to floating point of `width` bits (FixedToFP).

        fraction_bits: at most the width of `a`; rounding: fpscr (which is nearest in standard arithmetic) or nearest.
        """

    @abstractmethod
    def fp_round_to_integral(self, a: Value, *, rounding: str, exact: bool, standard: bool = False) -> Value:
        """Round to an integral value (FPRoundInt); rounding as for fp_to_fixed; `exact` raises Inexact."""

    @abstractmethod
    def fpscr(self) -> Value:
        """Read FPSCR, cumulative exception flags included."""

    @abstractmethod
    def set_fpscr(self, value: Value) -> None:
        """Write FPSCR; what follows uses its rounding mode and other controls."""
