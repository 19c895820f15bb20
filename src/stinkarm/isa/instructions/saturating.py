"""Saturating instructions (DDI0406C A4.4.4 and A4.4.5)."""

from __future__ import annotations

from ..declare import A32, T32, Encoding, Meaning, declare, encoding, instruction
from ..fields import Number
from ..operations import ASR, LSL, Machine, Value
from .unpredictable import bad_rd_rn, bad_rd_rn_rm, pc_rd_rn, pc_rd_rn_rm

# Adding and subtracting words


def _add(m: Machine, x: Value, y: Value) -> Value:
    """Return SignedSatQ(x + y, 32); set Q if it saturates."""
    return m.saturate_q(x + y, x.saturating_add(y, signed=True))


def _subtract(m: Machine, x: Value, y: Value) -> Value:
    """Return SignedSatQ(x - y, 32); set Q if it saturates."""
    return m.saturate_q(x - y, x.saturating_subtract(y, signed=True))


def qadd(m: Machine, rd: Number, rn: Number, rm: Number) -> None:
    """Add with saturation."""
    m.set_reg(rd, _add(m, m.reg(rm), m.reg(rn)))


def qsub(m: Machine, rd: Number, rn: Number, rm: Number) -> None:
    """Subtract rn from rm with saturation."""
    m.set_reg(rd, _subtract(m, m.reg(rm), m.reg(rn)))


def qdadd(m: Machine, rd: Number, rn: Number, rm: Number) -> None:
    """Double rn with saturation, and add it to rm with saturation."""
    x = m.reg(rn)
    m.set_reg(rd, _add(m, m.reg(rm), _add(m, x, x)))


def qdsub(m: Machine, rd: Number, rn: Number, rm: Number) -> None:
    """Double rn with saturation, and subtract it from rm with saturation."""
    x = m.reg(rn)
    m.set_reg(rd, _subtract(m, m.reg(rm), _add(m, x, x)))


# Name, section, A32 bits 22:21, T32 bits 5:4, meaning.
WORDS: tuple[tuple[str, int, str, str, Meaning], ...] = (
    ("qadd", 134, "00", "00", qadd),
    ("qsub", 141, "01", "10", qsub),
    ("qdadd", 138, "10", "01", qdadd),
    ("qdsub", 139, "11", "11", qdsub),
)

for _name, _section, _a32, _t32, _meaning in WORDS:
    declare(
        _name,
        _name + "{c} {rd}, {rm}, {rn}",
        f"DDI0406C A8.8.{_section}",
        [
            Encoding(T32, "T1", f"11111 0101 000 rn:4 1111 rd:4 10 {_t32} rm:4", unpredictable=bad_rd_rn_rm),
            Encoding(A32, "A1", f"cond:4 00010 {_a32} 0 rn:4 rd:4 (0000) 0101 rm:4", unpredictable=pc_rd_rn_rm),
        ],
        _meaning,
    )


# Saturating to a number of bits


def _shift_kind(sh: Number) -> Number:
    """Return the kind of shift of DecodeImmShift(sh:'0', ...)."""
    return ASR if sh else LSL


def _shift_amount(sh: Number, imm5: Number) -> Number:
    """Return the amount of DecodeImmShift(sh:'0', imm5): ASR #0 means 32."""
    return imm5 + ((sh & (imm5 == 0)) << 5)


def _t32_imm5(imm3: Number, imm2: Number) -> Number:
    return imm3 << 2 | imm2


@instruction("ssat{c} {rd}, #{saturate_to}, {rn}{shift}", ref="DDI0406C A8.8.193")
@encoding(
    T32,
    "T1",
    "11110 (0) 11 00 sh:1 0 rn:4 0 imm3:3 rd:4 imm2:2 (0) sat_imm:5",
    see="ssat16",
    imm5=_t32_imm5,
    shift_t=_shift_kind,
    shift_n=_shift_amount,
    saturate_to=lambda sat_imm: sat_imm + 1,
    unpredictable=bad_rd_rn,
)
@encoding(
    A32,
    "A1",
    "cond:4 0110101 sat_imm:5 rd:4 imm5:5 sh:1 01 rn:4",
    shift_t=_shift_kind,
    shift_n=_shift_amount,
    saturate_to=lambda sat_imm: sat_imm + 1,
    unpredictable=pc_rd_rn,
)
def ssat(m: Machine, rd: Number, rn: Number, shift_t: Number, shift_n: Number, saturate_to: Number) -> None:
    """Shift and clamp to a signed number of 1 to 32 bits; set Q if that changes it."""
    operand = m.shift(m.reg(rn), shift_t, shift_n)
    m.set_reg(rd, m.saturate_q(operand, m.signed_saturate(operand, saturate_to)))


@instruction("usat{c} {rd}, #{sat_imm}, {rn}{shift}", ref="DDI0406C A8.8.266")
@encoding(
    T32,
    "T1",
    "11110 (0) 11 10 sh:1 0 rn:4 0 imm3:3 rd:4 imm2:2 (0) sat_imm:5",
    see="usat16",
    imm5=_t32_imm5,
    shift_t=_shift_kind,
    shift_n=_shift_amount,
    unpredictable=bad_rd_rn,
)
@encoding(
    A32,
    "A1",
    "cond:4 0110111 sat_imm:5 rd:4 imm5:5 sh:1 01 rn:4",
    shift_t=_shift_kind,
    shift_n=_shift_amount,
    unpredictable=pc_rd_rn,
)
def usat(m: Machine, rd: Number, rn: Number, shift_t: Number, shift_n: Number, sat_imm: Number) -> None:
    """Shift and clamp to an unsigned number of 0 to 31 bits; set Q if that changes it."""
    operand = m.shift(m.reg(rn), shift_t, shift_n)
    m.set_reg(rd, m.saturate_q(operand, m.unsigned_saturate(operand, sat_imm)))


@instruction("ssat16{c} {rd}, #{saturate_to}, {rn}", ref="DDI0406C A8.8.194")
@encoding(
    T32,
    "T1",
    "11110 (0) 11 001 0 rn:4 0 000 rd:4 00 (00) sat_imm:4",
    saturate_to=lambda sat_imm: sat_imm + 1,
    unpredictable=bad_rd_rn,
)
@encoding(
    A32,
    "A1",
    "cond:4 01101010 sat_imm:4 rd:4 (1111) 0011 rn:4",
    saturate_to=lambda sat_imm: sat_imm + 1,
    unpredictable=pc_rd_rn,
)
def ssat16(m: Machine, rd: Number, rn: Number, saturate_to: Number) -> None:
    """Clamp both halfwords to signed numbers of 1 to 16 bits; set Q if that changes one."""
    value = m.reg(rn)
    low, high = value.trunc(16).sext(32), value.asr(16)
    low = m.saturate_q(low, m.signed_saturate(low, saturate_to))
    high = m.saturate_q(high, m.signed_saturate(high, saturate_to))
    m.set_reg(rd, m.join(high.trunc(16), low.trunc(16)))


@instruction("usat16{c} {rd}, #{sat_imm}, {rn}", ref="DDI0406C A8.8.267")
@encoding(T32, "T1", "11110 (0) 11 101 0 rn:4 0 000 rd:4 00 (00) sat_imm:4", unpredictable=bad_rd_rn)
@encoding(A32, "A1", "cond:4 01101110 sat_imm:4 rd:4 (1111) 0011 rn:4", unpredictable=pc_rd_rn)
def usat16(m: Machine, rd: Number, rn: Number, sat_imm: Number) -> None:
    """Clamp both signed halfwords to unsigned numbers of 0 to 15 bits; set Q if that changes one."""
    value = m.reg(rn)
    low, high = value.trunc(16).sext(32), value.asr(16)
    low = m.saturate_q(low, m.unsigned_saturate(low, sat_imm))
    high = m.saturate_q(high, m.unsigned_saturate(high, sat_imm))
    m.set_reg(rd, m.join(high.trunc(16), low.trunc(16)))
