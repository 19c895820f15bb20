"""Hints, barriers, CP15 registers of user mode, and what user mode may not do (DDI0406C A5.7, A6.3.4, B9.3)."""

from __future__ import annotations

from ..declare import A32, T32, Encoding, declare
from ..operations import Machine
from ..syntax import formatter

HINTS = ("nop", "yield", "wfe", "wfi", "sev")


@formatter("hint")
def _hint(hint: int) -> str:
    if hint < len(HINTS):
        return HINTS[hint]
    return f"dbg #{hint & 15}" if hint >= 0xF0 else f"nop {{{hint}}}"


def nothing(m: Machine) -> None:
    """Do nothing that a program of user mode can see."""


declare(
    "hint",
    "{hint}{c}",
    "DDI0406C A8.8.119",
    [
        Encoding(A32, "A1", "cond:4 0011 0010 0000 (1111) (0000) hint:8"),
        Encoding(T32, "T1", "1011 1111 hint:4 0000"),
        Encoding(T32, "T2", "1111 0011 1010 (1111) 10 (0) 0 (0) 000 hint:8"),
    ],
    nothing,
)
