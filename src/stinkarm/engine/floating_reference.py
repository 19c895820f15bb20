"""Floating point of the reference engine: the vocabulary over exact arithmetic (softfloat.py)."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

from ..guest.state import State
from ..isa.fields import Number
from ..isa.operations import Machine, Value
from .softfloat import STANDARD, Arithmetic


class FloatingReference(Machine):
    """The part of the reference engine's machine that computes with floating point."""

    state: State

    @abstractmethod
    def number_of(self, value: Value) -> int:
        """Return what a single value is."""

    def _arithmetic(self, *, standard: bool) -> Arithmetic:
        fpscr = self.state.fpscr
        return Arithmetic(fpscr & 1 << 26 | STANDARD if standard else fpscr)

    def _lanes(self, width: int, standard: bool, function: Callable[..., int], *operands: Value) -> Value:
        """Compute each lane of a result; `function` gets the arithmetic and the operands' numbers."""
        arithmetic = self._arithmetic(standard=standard)
        results = [
            self.const(function(arithmetic, *[self.number_of(self.lane(operand, i)) for operand in operands]), width)
            for i in range(operands[0].lanes)
        ]
        if arithmetic.exceptions:
            self.state.fpscr |= arithmetic.exceptions
        return self.from_lanes(results)

    def fp(self, op: str, *operands: Value, standard: bool = False) -> Value:
        width = operands[0].width
        return self._lanes(
            width, standard, lambda arithmetic, *numbers: arithmetic.apply(op, width, *numbers), *operands
        )

    def unsigned_estimate(self, op: str, a: Value) -> Value:
        return self._lanes(32, True, lambda arithmetic, x: arithmetic.unsigned_estimate(op, x), a)

    def fp_compare(self, a: Value, b: Value, *, signal_quiet: bool = False) -> Value:
        return self._lanes(
            4, False, lambda arithmetic, x, y: arithmetic.compare(a.width, x, y, signal_quiet=signal_quiet), a, b
        )

    def fp_test(self, op: str, a: Value, b: Value) -> Value:
        return self._lanes(1, True, lambda arithmetic, x, y: arithmetic.test(op, a.width, x, y), a, b)

    def fp_convert(self, a: Value, width: int, *, standard: bool = False) -> Value:
        return self._lanes(width, standard, lambda arithmetic, x: arithmetic.convert(a.width, width, x), a)

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
        assert isinstance(fraction_bits, int)
        return self._lanes(
            width,
            standard,
            lambda arithmetic, x: arithmetic.to_fixed(
                a.width, x, width, fraction_bits, signed=signed, rounding=rounding
            ),
            a,
        )

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
        assert isinstance(fraction_bits, int)
        return self._lanes(
            width,
            standard,
            lambda arithmetic, x: arithmetic.from_fixed(
                a.width, x, width, fraction_bits, signed=signed, rounding=rounding
            ),
            a,
        )

    def fp_round_to_integral(self, a: Value, *, rounding: str, exact: bool, standard: bool = False) -> Value:
        return self._lanes(
            a.width,
            standard,
            lambda arithmetic, x: arithmetic.round_to_integral(a.width, x, rounding=rounding, exact=exact),
            a,
        )

    def fpscr(self) -> Value:
        return self.const(self.state.fpscr)

    def set_fpscr(self, value: Value) -> None:
        self.state.fpscr = self.number_of(value)
