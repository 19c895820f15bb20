"""Data processing (DDI0406C A5.2, A6.2.1, A6.3.1): a first few to prove the machinery."""
from __future__ import annotations

from ..declare import A32, T32, encoding, instruction
from ..fields import ror32


def a32_expand_imm(imm12):
    return ror32(imm12 & 0xFF, imm12 >> 8 << 1)


@instruction("adc{s}{c} {rd}, {rn}, #{imm}", ref="DDI0406C A8.8.1")
@encoding(A32, "A1", "cond:4 001 0101 s:1 rn:4 rd:4 imm12:12", imm=a32_expand_imm)
def adc_imm(m, s, rn, rd, imm):
    """Add an immediate and the carry flag to a register."""
    result, flags = m.add_with_carry(m.reg(rn), m.const(imm), m.carry())
    if s:
        m.set_nzcv(flags)
    m.write_alu(rd, result)


@instruction("mov{s}{c} {rd}, #{imm}", ref="x")
@encoding(A32, "A1", "cond:4 001 1101 0 (0000) rd:4 imm12:12", imm=a32_expand_imm)
def mov_imm(m, rd, imm):
    m.write_alu(rd, m.const(imm))

@instruction("subs {rd}, {rn}, #{imm}", ref="x")
@encoding(A32, "A1", "cond:4 001 0010 s:1 rn:4 rd:4 imm12:12", imm=a32_expand_imm)
def sub_imm(m, s, rd, rn, imm):
    r, f = m.subtract(m.reg(rn), m.const(imm))
    if s:
        m.set_nzcv(f)
    m.write_alu(rd, r)
