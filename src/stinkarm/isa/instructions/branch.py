"""Branches, IT, and the instructions that stop (DDI0406C A5.5, A6.2.6, A6.3.4, A8.8)."""

from __future__ import annotations

from typing import Any

from ..declare import A32, T32, Encoding, declare
from ..fields import Number, sign_extend
from ..operations import Machine
from ..syntax import CONDITIONS, formatter
from .unpredictable import any_bad

WORD = 0xFFFFFFFF


# Targets (absolute addresses, known when decoding)


def a32_target(pc: Number, imm24: Number) -> Number:
    """Return the target of an A32 branch."""
    return (pc + 8 + sign_extend(imm24 << 2, 26)) & WORD


def _long_offset(s: Number, j1: Number, j2: Number, high: Number, low: Number) -> Number:
    """Return the offset of T32 BL, BLX and B.W: `high` are ten bits, `low` eleven, of halfwords."""
    i1, i2 = j1 ^ s ^ 1, j2 ^ s ^ 1
    return sign_extend(s << 24 | i1 << 23 | i2 << 22 | high << 12 | low << 1, 25)


def t32_target(pc: Number, s: Number, j1: Number, j2: Number, imm10: Number, imm11: Number) -> Number:
    """Return the target of BL T1 and B T4."""
    return (pc + 4 + _long_offset(s, j1, j2, imm10, imm11)) & WORD


def t32_exchange_target(pc: Number, s: Number, j1: Number, j2: Number, imm10h: Number, imm10l: Number) -> Number:
    """Return the target of BLX T2, which is A32 code."""
    return ((pc + 4 & ~3) + _long_offset(s, j1, j2, imm10h, imm10l << 1)) & WORD


def t32_conditional_target(pc: Number, s: Number, j1: Number, j2: Number, imm6: Number, imm11: Number) -> Number:
    """Return the target of B T3."""
    return (pc + 4 + sign_extend(s << 20 | j2 << 19 | j1 << 18 | imm6 << 12 | imm11 << 1, 21)) & WORD


# B, BL, BLX, BX, BXJ


def b(m: Machine, target: Number) -> None:
    """Branch."""
    m.branch_to(target)


_B_T3 = "imm6:6 10 j1:1 0 j2:1 imm11:11"
_IN_IT: dict[str, Any] = {"unpredictable": lambda in_it: in_it}
_MID_IT: dict[str, Any] = {"unpredictable": lambda mid_it: mid_it}

declare(
    "b",
    "b{c} {target}",
    "DDI0406C A8.8.18",
    [
        Encoding(A32, "A1", "cond:4 1010 imm24:24", target=a32_target),
        Encoding(
            T32,
            "T1",
            "1101 cond:4 imm8:8",
            see="udf svc",
            target=lambda pc, imm8: (pc + 4 + sign_extend(imm8 << 1, 9)) & WORD,
            **_IN_IT,
        ),
        Encoding(
            T32,
            "T2",
            "11100 imm11:11",
            target=lambda pc, imm11: (pc + 4 + sign_extend(imm11 << 1, 12)) & WORD,
            **_MID_IT,
        ),
        # T3 for each prefix of cond that is not 111: those words are other instructions, or UNDEFINED.
        Encoding(T32, "T3", f"11110 s:1 0 c:3 {_B_T3}", cond=lambda c: c, target=t32_conditional_target, **_IN_IT),
        Encoding(
            T32, "T3_10", f"11110 s:1 10 c:2 {_B_T3}", cond=lambda c: c + 8, target=t32_conditional_target, **_IN_IT
        ),
        Encoding(
            T32, "T3_110", f"11110 s:1 110 c:1 {_B_T3}", cond=lambda c: c + 12, target=t32_conditional_target, **_IN_IT
        ),
        Encoding(T32, "T4", "11110 s:1 imm10:10 10 j1:1 1 j2:1 imm11:11", target=t32_target, **_MID_IT),
    ],
    b,
    inline_condition=True,
)


def bl(m: Machine, target: Number, link: Number) -> None:
    """Call a subroutine."""
    m.set_reg(14, m.const(link))
    m.branch_to(target)


declare(
    "bl",
    "bl{c} {target}",
    "DDI0406C A8.8.25",
    [
        Encoding(A32, "A1", "cond:4 1011 imm24:24", target=a32_target, link=lambda pc: (pc + 4) & WORD),
        Encoding(
            T32,
            "T1",
            "11110 s:1 imm10:10 11 j1:1 1 j2:1 imm11:11",
            target=t32_target,
            link=lambda pc: (pc + 5) & WORD,
            **_MID_IT,
        ),
    ],
    bl,
    inline_condition=True,
)


def blx_imm(m: Machine, target: Number, link: Number) -> None:
    """Call a subroutine of the other instruction set."""
    m.set_reg(14, m.const(link))
    m.branch_exchange_to(target)


declare(
    "blx_imm",
    "blx{c} {target}",
    "DDI0406C A8.8.25",
    [
        Encoding(
            A32,
            "A2",
            "1111 101 h:1 imm24:24",
            target=lambda pc, h, imm24: (pc + 8 + sign_extend(imm24 << 2 | h << 1, 26)) & WORD,
            link=lambda pc: (pc + 4) & WORD,
        ),
        Encoding(
            T32,
            "T2",
            "11110 s:1 imm10h:10 11 j1:1 0 j2:1 imm10l:10 0",
            target=t32_exchange_target,
            link=lambda pc: (pc + 5) & WORD,
            **_MID_IT,
        ),
    ],
    blx_imm,
)


def blx_reg(m: Machine, rm: Number, link: Number) -> None:
    """Call a subroutine at an address in a register."""
    target = m.reg(rm)
    m.set_reg(14, m.const(link))
    m.bx_write_pc(target)


declare(
    "blx_reg",
    "blx{c} {rm}",
    "DDI0406C A8.8.26",
    [
        Encoding(
            A32,
            "A1",
            "cond:4 0001 0010 (1111) (1111) (1111) 0011 rm:4",
            link=lambda pc: (pc + 4) & WORD,
            unpredictable=lambda rm: rm == 15,
        ),
        Encoding(
            T32,
            "T1",
            "0100 0111 1 rm:4 (000)",
            link=lambda pc: (pc + 3) & WORD,
            unpredictable=lambda rm, mid_it: rm == 15 or mid_it,
        ),
    ],
    blx_reg,
)


def bx(m: Machine, rm: Number) -> None:
    """Branch to an address in a register, which chooses the instruction set."""
    m.bx_write_pc(m.reg(rm))


declare(
    "bx",
    "bx{c} {rm}",
    "DDI0406C A8.8.27",
    [
        Encoding(A32, "A1", "cond:4 0001 0010 (1111) (1111) (1111) 0001 rm:4"),
        Encoding(T32, "T1", "0100 0111 0 rm:4 (000)", **_MID_IT),
    ],
    bx,
    inline_condition=True,
)

# Without Jazelle, as on the Cortex-A15 (JIDR reads as zero), BXJ is BX.
declare(
    "bxj",
    "bxj{c} {rm}",
    "DDI0406C A8.8.28",
    [
        Encoding(
            A32,
            "A1",
            "cond:4 0001 0010 (1111) (1111) (1111) 0010 rm:4",
            unpredictable=lambda rm: rm == 15,
        ),
        Encoding(
            T32,
            "T1",
            "1111 0011 1100 rm:4 10 (0) 0 (1111) (0000) (0000)",
            unpredictable=lambda rm, mid_it: any_bad(rm) or mid_it,
        ),
    ],
    bx,
)


# CBZ, CBNZ, TBB, TBH, IT


@formatter("cbz")
def _cbz(op: int) -> str:
    return "cbnz" if op else "cbz"


def cbz(m: Machine, op: Number, rn: Number, target: Number) -> None:
    """Branch forward if a register is zero (op 0) or is not (op 1)."""
    value = m.reg(rn)
    m.branch_if(value.ne(0) if op else value.eq(0), target)


declare(
    "cbz",
    "{cbz} {rn}, {target}",
    "DDI0406C A8.8.29",
    [
        Encoding(
            T32,
            "T1",
            "1011 op:1 0 i:1 1 imm5:5 rn:3",
            target=lambda pc, i, imm5: (pc + 4 + (i << 6 | imm5 << 1)) & WORD,
            **_IN_IT,
        )
    ],
    cbz,
)


def _table_unpredictable(rn: Number, rm: Number, mid_it: Number) -> Number | bool:
    return rn == 13 or any_bad(rm) or mid_it


def tbb(m: Machine, rn: Number, rm: Number) -> None:
    """Branch forward by twice a byte of a table."""
    m.branch_write_pc(m.reg(15) + (m.load(m.reg(rn) + m.reg(rm), 1) << 1))


def tbh(m: Machine, rn: Number, rm: Number) -> None:
    """Branch forward by twice a halfword of a table."""
    m.branch_write_pc(m.reg(15) + (m.load(m.reg(rn) + (m.reg(rm) << 1), 2) << 1))


for _name, _h, _syntax, _meaning in (
    ("tbb", 0, "tbb{c} [{rn}, {rm}]", tbb),
    ("tbh", 1, "tbh{c} [{rn}, {rm}, lsl #1]", tbh),
):
    declare(
        _name,
        _syntax,
        "DDI0406C A8.8.236",
        [
            Encoding(
                T32,
                "T1",
                f"1110 1000 1101 rn:4 (1111) (0000) 000 {_h} rm:4",
                unpredictable=_table_unpredictable,
            )
        ],
        _meaning,
    )


@formatter("it")
def _it(firstcond: int, mask: int) -> str:
    last = (mask & -mask).bit_length() - 1
    then = firstcond & 1
    following = "".join("t" if mask >> bit & 1 == then else "e" for bit in range(3, last, -1))
    return f"it{following} {CONDITIONS[firstcond] or 'al'}"


def it(m: Machine, firstcond: Number, mask: Number) -> None:
    """Make the next one to four instructions conditional."""
    m.start_it_block(firstcond, mask)


declare(
    "it",
    "{it}",
    "DDI0406C A8.8.54",
    [
        Encoding(
            T32,
            "T1",
            "1011 1111 firstcond:4 mask:4",
            see="hint",
            unpredictable=lambda firstcond, mask, in_it: (
                firstcond == 15 or (firstcond == 14 and mask.bit_count() != 1) or in_it
            ),
        )
    ],
    it,
)


# SVC, BKPT, UDF


def svc(m: Machine, imm: Number) -> None:
    """Call the supervisor."""
    m.supervisor_call(imm)


declare(
    "svc",
    "svc{c} #{imm}",
    "DDI0406C A8.8.228",
    [
        Encoding(A32, "A1", "cond:4 1111 imm:24"),
        Encoding(T32, "T1", "1101 1111 imm:8"),
    ],
    svc,
)


def bkpt(m: Machine, imm: Number) -> None:
    """Stop for a debugger."""
    m.breakpoint(imm)


declare(
    "bkpt",
    "bkpt #{imm}",
    "DDI0406C A8.8.24",
    [
        Encoding(
            A32,
            "A1",
            "cond:4 0001 0010 imm12:12 0111 imm4:4",
            imm=lambda imm12, imm4: imm12 << 4 | imm4,
            unpredictable=lambda cond: cond != 14,
        ),
        Encoding(T32, "T1", "1011 1110 imm:8", unconditional=True),
    ],
    bkpt,
)


def udf(m: Machine) -> None:
    """Be UNDEFINED, now and in every later architecture."""
    m.undefined()


declare(
    "udf",
    "udf{c} #{imm}",
    "DDI0406C A8.8.247",
    [
        Encoding(A32, "A1", "cond:4 0111 1111 imm12:12 1111 imm4:4", imm=lambda imm12, imm4: imm12 << 4 | imm4),
        Encoding(T32, "T1", "1101 1110 imm:8"),
        Encoding(
            T32,
            "T2",
            "1111 0111 1111 imm4:4 1010 imm12:12",
            imm=lambda imm4, imm12: imm4 << 12 | imm12,
        ),
    ],
    udf,
)
