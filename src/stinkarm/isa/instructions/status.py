"""Reading and writing the APSR (DDI0406C A8.8.109-A8.8.112): what User mode sees and changes of the CPSR (B9.3)."""

from __future__ import annotations

from ..declare import A32, T32, Encoding, declare
from ..fields import Number
from ..operations import Machine, Value
from ..syntax import formatter
from .immediates import a32_expand_imm

USER_MODE = 0b10000  # CPSR.M


def mrs(m: Machine, rd: Number) -> None:
    """Read the CPSR, its execution state bits masked out."""
    m.set_reg(rd, m.apsr() | m.system_register("big_endian") << 9 | USER_MODE)


declare(
    "mrs",
    "mrs{c} {rd}, apsr",
    "DDI0406C A8.8.109",
    [
        Encoding(
            T32, "T1", "11110 0 1111 10 (1111) 10 (0) 0 rd:4 (00) 0 (00000)", unpredictable=lambda rd: rd in (13, 15)
        ),
        Encoding(A32, "A1", "cond:4 00010 0 00 (1111) rd:4 (00) 0 (0) 0000 (0000)", unpredictable=lambda rd: rd == 15),
    ],
    mrs,
)


@formatter("cpsr_fields")
def _cpsr_fields(mask: int) -> str:
    if mask & 3:
        return "cpsr_" + "".join(letter for n, letter in enumerate("fsxc") if mask & 8 >> n)
    return ("", "apsr_g", "apsr_nzcvq", "apsr_nzcvqg")[mask >> 2]


def _write_cpsr(m: Machine, mask: Number, value: Value) -> None:
    """Write the bytes of the CPSR that `mask` selects: in User mode NZCVQ, GE and E (CPSRWriteByInstr)."""
    if mask & 8:
        for name, bit in (("n", 31), ("z", 30), ("c", 29), ("v", 28), ("q", 27)):
            m.set_flag(name, value.bit(bit))
    if mask & 4:
        m.set_ge(value.bits(19, 16))
    if mask & 2:
        # Last, because the byte order may change the engine.
        m.when(value.bit(9), lambda: m.set_big_endian(1), lambda: m.set_big_endian(0))


def msr_imm(m: Machine, mask: Number, imm: Number) -> None:
    """Write a constant to fields of the CPSR."""
    _write_cpsr(m, mask, m.const(imm))


def msr_reg(m: Machine, mask: Number, rn: Number) -> None:
    """Write a register to fields of the CPSR."""
    _write_cpsr(m, mask, m.reg(rn))


declare(
    "msr_imm",
    "msr{c} {cpsr_fields}, #{imm}",
    "DDI0406C A8.8.111, B9.3.11",
    [Encoding(A32, "A1", "cond:4 00110 0 10 mask:4 (1111) imm12:12", see="hint", imm=a32_expand_imm)],
    msr_imm,
)
declare(
    "msr_reg",
    "msr{c} {cpsr_fields}, {rn}",
    "DDI0406C A8.8.112, B9.3.12",
    [
        Encoding(
            T32,
            "T1",
            "11110 0 1110 00 rn:4 10 (0) 0 mask:4 (00) 0 (00000)",
            unpredictable=lambda mask, rn: mask == 0 or rn in (13, 15),
        ),
        Encoding(
            A32,
            "A1",
            "cond:4 00010 0 10 mask:4 (1111) (00) 0 (0) 0000 rn:4",
            unpredictable=lambda mask, rn: mask == 0 or rn == 15,
        ),
    ],
    msr_reg,
)
