"""Immediates and immediate shifts that encodings share (DDI0406C A5.2.4, A6.3.2, A8.4.3)."""

from __future__ import annotations

from ..fields import Number, ror32
from ..operations import ASR, LSR, ROR, RRX
from ..syntax import formatter


def a32_expand_imm(imm12: Number) -> Number:
    """Return the constant of a 12-bit modified immediate (ARMExpandImm)."""
    return ror32(imm12 & 0xFF, imm12 >> 8 << 1)


def a32_rotated(imm12: Number) -> Number:
    """Say whether bit 31 of the constant is the carry out (ARMExpandImm_C); if not, C stays."""
    return imm12 >> 8 != 0


@formatter("a32_imm")
def _a32_imm(imm12: int) -> str:
    """Return the constant; or byte and rotation, where an assembler would choose others for the constant."""
    constant = a32_expand_imm(imm12)
    if any(ror32(constant, -2 * rotation & 31) < 256 for rotation in range(imm12 >> 8)):
        return f"#{imm12 & 0xFF}, #{imm12 >> 8 << 1}"
    return f"#{constant}"


def t32_imm12(i: Number, imm3: Number, imm8: Number) -> Number:
    """Return i:imm3:imm8."""
    return i << 11 | imm3 << 8 | imm8


def t32_expand_imm(imm12: Number) -> Number:
    """Return the constant of a 12-bit modified immediate (ThumbExpandImm)."""
    if t32_rotated(imm12):
        return ror32(imm12 & 0x7F | 0x80, imm12 >> 7)
    # The byte, in the places that bits 9:8 name: 000000XY, 00XY00XY, XY00XY00 or XYXYXYXY.
    return (imm12 & 0xFF) * ((imm12 >> 8 == 0) | (imm12 >> 8 & 1) * 0x00010001 | (imm12 >> 9 & 1) * 0x01000100)


def t32_rotated(imm12: Number) -> Number:
    """Say whether bit 31 of the constant is the carry out (ThumbExpandImm_C); if not, C stays."""
    return imm12 >> 10 != 0


def t32_bad_imm(imm12: Number) -> Number:
    """Say whether a modified immediate repeats a zero byte, which is UNPREDICTABLE."""
    return (imm12 & 0xCFF == 0) & (imm12 != 0)


def shift_t(type: Number, imm5: Number) -> Number:
    """Return the kind of an immediate shift (DecodeImmShift): LSL, LSR, ASR, ROR or RRX."""
    if type == ROR and imm5 == 0:
        return RRX
    return type


def shift_n(type: Number, imm5: Number) -> Number:
    """Return the amount of an immediate shift (DecodeImmShift); the amount of RRX is not used."""
    if type in (LSR, ASR):
        return one_to_32(imm5)
    return imm5


def one_to_32(imm5: Number) -> Number:
    """Return imm5, with 0 meaning 32."""
    return (imm5 - 1 & 31) + 1
