"""Addresses of loads and stores: how encodings give them, how they are computed and printed (DDI0406C A4.6.5).

`p` and `w` are the manual's index and writeback bits, `u` says whether the offset is added. An immediate
offset is folded with `u` into one signed 32-bit number when it is decoded.
"""

from __future__ import annotations

from ..fields import Number
from ..operations import LSL, Machine, Value
from ..syntax import REGISTERS, SHIFTS, formatter

WORD = 0xFFFFFFFF


def signed_offset(u: Number, imm: Number) -> Number:
    """Return imm if u is one, else -imm, as 32 bits."""
    sign = u - 1
    return ((imm ^ sign) - sign) & WORD


def offset8(u: Number, imm8: Number) -> Number:
    """Return the offset of an encoding with a byte."""
    return signed_offset(u, imm8)


def offset8_words(u: Number, imm8: Number) -> Number:
    """Return the offset of an encoding with a byte that counts words."""
    return signed_offset(u, imm8 << 2)


def offset12(u: Number, imm12: Number) -> Number:
    """Return the offset of an encoding with twelve bits."""
    return signed_offset(u, imm12)


def offset_split(u: Number, imm4h: Number, imm4l: Number) -> Number:
    """Return the offset of the A32 halfword and doubleword encodings."""
    return signed_offset(u, imm4h << 4 | imm4l)


def a32_literal(pc: Number, offset: Number) -> Number:
    """Return the address of a literal."""
    return (pc + 8 + offset) & WORD


def t32_literal(pc: Number, offset: Number) -> Number:
    """Return the address of a literal, from Align(PC, 4)."""
    return ((pc + 4 & ~3) + offset) & WORD


def shift_type(kind: Number, imm5: Number) -> Number:
    """Return the kind of shift of DecodeImmShift (A8.4.3)."""
    return 4 if kind == 3 and imm5 == 0 else kind


def shift_amount(kind: Number, imm5: Number) -> Number:
    """Return the amount of DecodeImmShift (A8.4.3): 0..31 for LSL, 1..32 for LSR and ASR, 1..31 for ROR, 1 for RRX."""
    if kind == 0:
        return imm5
    if kind == 3:
        return 1 if imm5 == 0 else imm5
    return (imm5 - 1 & 31) + 1


def shifted_address(
    m: Machine, rn: Number, rm: Number, shift_t: Number, shift_n: Number, u: Number
) -> tuple[Value, Value]:
    """Return (rn, rn plus or minus the shifted rm)."""
    offset = m.shift(m.reg(rm), shift_t, shift_n)
    base = m.reg(rn)
    if shift_t == LSL:
        return base, base + offset if u else base - offset
    # Rare: one handler for both directions is enough.
    sign = m.const((u - 1) & WORD)
    return base, base + (offset ^ sign) - sign


def _bracketed(rn: int, offset: str, p: int, w: int) -> str:
    if not p:
        return f"[{REGISTERS[rn]}], {offset or '#0'}"
    return f"[{REGISTERS[rn]}{', ' if offset else ''}{offset}]{'!' if w else ''}"


def _immediate(offset: int, u: int) -> str:
    if not offset:
        return "" if u else "#-0"
    return f"#{offset - (offset >> 31 << 32)}"


@formatter("imm_address")
def _imm_address(rn: int, offset: int, u: int, p: int, w: int) -> str:
    return _bracketed(rn, _immediate(offset, u), p, w)


@formatter("literal")
def _literal(offset: int, u: int) -> str:
    return f"[pc, {_immediate(offset, u) or '#0'}]"


@formatter("reg_address")
def _reg_address(rn: int, rm: int, shift_t: int, shift_n: int, u: int, p: int, w: int) -> str:
    text = f"{'' if u else '-'}{REGISTERS[rm]}"
    if shift_t == 4:
        text += ", rrx"
    elif shift_n:
        text += f", {SHIFTS[shift_t]} #{shift_n}"
    return _bracketed(rn, text, p, w)
