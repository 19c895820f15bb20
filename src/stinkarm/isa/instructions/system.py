"""Hints, barriers, and the system instructions that User mode may try (DDI0406C A5.2.12, A5.7.1, A6.3.4, B9.3)."""

from __future__ import annotations

from typing import Any

from ..declare import A32, T32, Encoding, declare
from ..fields import Number
from ..operations import Machine
from ..syntax import formatter

HINTS = ("nop", "yield", "wfe", "wfi", "sev")
BARRIER_OPTIONS = {15: "sy", 14: "st", 11: "ish", 10: "ishst", 7: "un", 6: "unst", 3: "osh", 2: "oshst"}


@formatter("hint")
def _hint(hint: int) -> str:
    if hint < len(HINTS):
        return HINTS[hint]
    return "dbg" if hint >= 0xF0 else "nop"


@formatter("hint_option")
def _hint_option(hint: int) -> str:
    if hint < len(HINTS):
        return ""
    return f" #{hint & 15}" if hint >= 0xF0 else f" {{{hint}}}"


def nothing(m: Machine) -> None:
    """Do nothing that a program in User mode can see."""


# WFE and WFI may end at any time: here at once. DBG, and the hints that mean nothing yet, are NOP.
declare(
    "hint",
    "{hint}{c}{hint_option}",
    "DDI0406C A8.8.119, A8.8.42, A8.8.168, A8.8.424 to A8.8.426",
    [
        Encoding(A32, "A1", "cond:4 0011 0010 0000 (1111) (0000) hint:8"),
        Encoding(T32, "T1", "1011 1111 hint:4 0000"),
        Encoding(T32, "T2", "1111 0011 1010 (1111) 10 (0) 0 (0) 000 hint:8"),
    ],
    nothing,
)


# Barriers


@formatter("barrier_option")
def _barrier_option(option: int) -> str:
    return BARRIER_OPTIONS.get(option, f"#{option:#x}")


@formatter("isb_option")
def _isb_option(option: int) -> str:
    return "sy" if option == 15 else f"#{option:#x}"


def barrier(m: Machine) -> None:
    """Order memory accesses before with those after."""
    m.barrier()


for _name, _op, _option, _ref, _meaning in (
    ("dsb", "0100", "barrier_option", "A8.8.44", barrier),
    ("dmb", "0101", "barrier_option", "A8.8.43", barrier),
    # Fetched instructions become stale only by cacheflush, a system call.
    ("isb", "0110", "isb_option", "A8.8.53", nothing),
):
    declare(
        _name,
        _name + "{c} {" + _option + "}",
        f"DDI0406C {_ref}",
        [
            Encoding(T32, "T1", f"1111 0011 1011 (1111) 10 (0) 0 (1111) {_op} option:4"),
            Encoding(A32, "A1", f"1111 0101 0111 (1111) (1111) (0000) {_op} option:4"),
        ],
        _meaning,
    )


# SETEND, CPS


@formatter("byte_order")
def _byte_order(big: int) -> str:
    return "be" if big else "le"


def setend(m: Machine, big: Number) -> None:
    """Choose the byte order of data."""
    if big:
        m.set_big_endian(1)
    else:
        m.set_big_endian(0)


def _in_it(in_it: Number) -> Number:
    return in_it


declare(
    "setend",
    "setend {byte_order}",
    "DDI0406C A8.8.167",
    [
        Encoding(T32, "T1", "1011 0110 010 (1) big:1 (000)", unpredictable=_in_it),
        Encoding(A32, "A1", "1111 0001 0000 (000) 1 (0000) (00) big:1 (0) 0000 (0000)"),
    ],
    setend,
)


def _cps_bad(imod: Number, change: Number, aif: Number, mode: Number) -> bool:
    return bool((mode != 0 and not change) or (imod >> 1 != (aif != 0)) or imod == 1 or (imod == 0 and not change))


@formatter("cps")
def _cps(imod: int, aif: int, mode: int, change: int) -> str:
    flags = "".join(letter for bit, letter in ((4, "a"), (2, "i"), (1, "f")) if aif & bit)
    operands = ([flags] if imod else []) + ([f"#{mode}"] if change else [])
    return f"cps{('', '', 'ie', 'id')[imod]} {', '.join(operands)}"


# In User mode CPS does nothing.
declare(
    "cps",
    "{cps}",
    "DDI0406C B9.3.1, B9.3.2",
    [
        Encoding(
            T32,
            "T1",
            "1011 0110 011 disable:1 (0) aif:3",
            imod=lambda disable: disable | 2,
            change=0,
            mode=0,
            unpredictable=lambda aif, in_it: aif == 0 or in_it,
        ),
        Encoding(
            T32,
            "T2",
            "1111 0011 1010 (1111) 10 (0) 0 (0) imod:2 change:1 aif:3 mode:5",
            see="hint",
            unpredictable=lambda imod, change, aif, mode, in_it: _cps_bad(imod, change, aif, mode) or in_it,
        ),
        Encoding(
            A32,
            "A1",
            "1111 0001 0000 imod:2 change:1 0 (0000000) aif:3 0 mode:5",
            unpredictable=_cps_bad,
        ),
    ],
    nothing,
)


# What User mode may not do


def undefined(m: Machine) -> None:
    """Be UNDEFINED in User mode."""
    m.undefined()


def _not_always(cond: Number) -> Number:
    return cond != 14


_IMM16: dict[str, Any] = {"imm": lambda imm12, imm4: imm12 << 4 | imm4}
declare(
    "hvc",
    "hvc #{imm}",
    "DDI0406C B9.3.4",
    [
        Encoding(T32, "T1", "1111 0111 1110 imm4:4 1000 imm12:12", imm=lambda imm4, imm12: imm4 << 12 | imm12),
        Encoding(A32, "A1", "cond:4 0001 0100 imm12:12 0111 imm4:4", unpredictable=_not_always, **_IMM16),
    ],
    undefined,
)
declare(
    "smc",
    "smc{c} #{imm}",
    "DDI0406C B9.3.14",
    [
        Encoding(T32, "T1", "1111 0111 1111 imm:4 1000 (0000) (0000) (0000)"),
        Encoding(A32, "A1", "cond:4 0001 0110 (0000) (0000) (0000) 0111 imm:4"),
    ],
    undefined,
)


def _always() -> bool:
    return True


declare(
    "eret",
    "eret{c}",
    "DDI0406C B9.3.3",
    [Encoding(A32, "A1", "cond:4 0001 0110 (0000) (0000) (0000) 0110 (1110)", unpredictable=_always)],
    undefined,
)
declare(
    "subs_pc_lr",
    "subs{c} pc, lr, #{imm}",
    "DDI0406C B9.3.19",
    [Encoding(T32, "T1", "1111 0011 1101 (1110) 10 (0) 0 (1111) imm:8", unpredictable=_always)],
    undefined,
)
