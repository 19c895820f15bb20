"""Floating point on the host's own unit."""

from __future__ import annotations

from typing import Any

from ..isa.operations import Machine


class FloatingBuilder(Machine):
    def fp(self, *a: Any, **k: Any) -> Any:
        raise NotImplementedError

    unsigned_estimate = fp_compare = fp_test = fp_convert = fp_to_fixed = fixed_to_fp = fp_round_to_integral = fp

    def fpscr(self) -> Any:
        return self.system_register("fpscr")

    def set_fpscr(self, value: Any) -> None:
        self.set_system_register("fpscr", value)
