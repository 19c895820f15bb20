"""Divide instructions (DDI0406C A4.4.8). Division by zero gives zero: SCTLR.DZ exists only in ARMv7-R."""

from __future__ import annotations

from ..declare import A32, T32, encoding, instruction
from ..fields import Number
from ..operations import Machine
from .unpredictable import bad_rd_rn_rm, pc_rd_rn_rm


@instruction("sdiv{c} {rd}, {rn}, {rm}", ref="DDI0406C A8.8.165")
@encoding(T32, "T1", "11111 0111 001 rn:4 (1111) rd:4 1111 rm:4", unpredictable=bad_rd_rn_rm)
@encoding(A32, "A1", "cond:4 01110 001 rd:4 (1111) rm:4 0001 rn:4", unpredictable=pc_rd_rn_rm)
def sdiv(m: Machine, rd: Number, rn: Number, rm: Number) -> None:
    """Divide signed, towards zero; -2^31 / -1 gives -2^31."""
    dividend, divisor = m.reg(rn), m.reg(rm)
    by_zero = divisor.eq(0)
    overflows = dividend.eq(0x80000000) & divisor.eq(0xFFFFFFFF)
    quotient = dividend.signed_divide(m.select(by_zero | overflows, m.const(1), divisor))
    m.set_reg(rd, m.select(by_zero, m.const(0), quotient))


@instruction("udiv{c} {rd}, {rn}, {rm}", ref="DDI0406C A8.8.248")
@encoding(T32, "T1", "11111 0111 011 rn:4 (1111) rd:4 1111 rm:4", unpredictable=bad_rd_rn_rm)
@encoding(A32, "A1", "cond:4 01110 011 rd:4 (1111) rm:4 0001 rn:4", unpredictable=pc_rd_rn_rm)
def udiv(m: Machine, rd: Number, rn: Number, rm: Number) -> None:
    """Divide unsigned."""
    dividend, divisor = m.reg(rn), m.reg(rm)
    by_zero = divisor.eq(0)
    quotient = dividend.unsigned_divide(m.select(by_zero, m.const(1), divisor))
    m.set_reg(rd, m.select(by_zero, m.const(0), quotient))
