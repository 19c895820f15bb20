"""UNPREDICTABLE conditions that many encodings share."""

from __future__ import annotations

from ..fields import Number


def any_pc(*registers: Number) -> bool:
    """Say whether one of the registers is pc."""
    return any(register == 15 for register in registers)


def any_bad(*registers: Number) -> bool:
    """Say whether one of the registers is sp or pc (the manual's BadReg, A6.1.1)."""
    return any(register in (13, 15) for register in registers)


def pc_rd_rn(rd: Number, rn: Number) -> bool:
    """rd or rn is pc."""
    return any_pc(rd, rn)


def bad_rd_rn(rd: Number, rn: Number) -> bool:
    """rd or rn is sp or pc."""
    return any_bad(rd, rn)


def pc_rd_rn_rm(rd: Number, rn: Number, rm: Number) -> bool:
    """rd, rn or rm is pc."""
    return any_pc(rd, rn, rm)


def bad_rd_rn_rm(rd: Number, rn: Number, rm: Number) -> bool:
    """rd, rn or rm is sp or pc."""
    return any_bad(rd, rn, rm)


def pc_rd_rn_rm_ra(rd: Number, rn: Number, rm: Number, ra: Number) -> bool:
    """rd, rn, rm or ra is pc. (Where ra = 1111 is another instruction, such a word never comes here.)"""
    return any_pc(rd, rn, rm, ra)


def bad_rd_rn_rm_ra(rd: Number, rn: Number, rm: Number, ra: Number) -> bool:
    """rd, rn, rm or ra is sp or pc. (Where ra = 1111 is another instruction, such a word never comes here.)"""
    return any_bad(rd, rn, rm, ra)


def pc_or_same_long(rdlo: Number, rdhi: Number, rn: Number, rm: Number) -> bool:
    """A register is pc, or both halves of the result go to one."""
    return any_pc(rdlo, rdhi, rn, rm) or bool(rdlo == rdhi)


def bad_or_same_long(rdlo: Number, rdhi: Number, rn: Number, rm: Number) -> bool:
    """A register is sp or pc, or both halves of the result go to one."""
    return any_bad(rdlo, rdhi, rn, rm) or bool(rdlo == rdhi)
