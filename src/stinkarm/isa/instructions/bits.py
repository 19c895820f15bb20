"""Bit fields, extension, packing, reversal, counting (DDI0406C A5.4.3-A5.4.4, A6.3.3, A6.3.12-A6.3.15)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..declare import A32, T32, Encoding, declare
from ..fields import Number
from ..operations import ASR, LSL, Machine, Value
from ..syntax import formatter
from .immediates import one_to_32
from .unpredictable import any_bad, any_pc, bad_rd_rn_rm, pc_rd_rn_rm


def _pc_rd_rm(rd: Number, rm: Number) -> bool:
    return any_pc(rd, rm)


def _bad_rd_rm(rd: Number, rm: Number) -> bool:
    return any_bad(rd, rm)


def _imm5(imm3: Number, imm2: Number) -> Number:
    return imm3 << 2 | imm2


# Bit fields. In T32, the lsb is imm3:imm2.


def _mask(msb: Number, lsb: Number) -> Number:
    """Return ones from bit lsb to bit msb."""
    return ((2 << (msb - lsb & 31)) - 1 & 0xFFFFFFFF) << lsb & 0xFFFFFFFF


def bfc(m: Machine, rd: Number, mask: Number) -> None:
    """Clear a bit field."""
    m.set_reg(rd, m.reg(rd) & ~m.const(mask))


def bfi(m: Machine, rd: Number, rn: Number, lsb: Number, mask: Number) -> None:
    """Copy low bits into a bit field."""
    field = m.const(mask)
    m.set_reg(rd, m.reg(rd) & ~field | m.reg(rn) << lsb & field)


declare(
    "bfc",
    "bfc{c} {rd}, #{lsb}, #{width}",
    "DDI0406C A8.8.19",
    [
        Encoding(
            T32,
            "T1",
            "11110 (0) 11 0110 1111 0 imm3:3 rd:4 imm2:2 (0) msb:5",
            lsb=_imm5,
            mask=_mask,
            width=lambda msb, lsb: msb - lsb + 1,
            unpredictable=lambda rd, msb, lsb: any_bad(rd) or msb < lsb,
        ),
        Encoding(
            A32,
            "A1",
            "cond:4 0111110 msb:5 rd:4 lsb:5 001 1111",
            mask=_mask,
            width=lambda msb, lsb: msb - lsb + 1,
            unpredictable=lambda rd, msb, lsb: rd == 15 or msb < lsb,
        ),
    ],
    bfc,
)
declare(
    "bfi",
    "bfi{c} {rd}, {rn}, #{lsb}, #{width}",
    "DDI0406C A8.8.20",
    [
        Encoding(
            T32,
            "T1",
            "11110 (0) 11 0110 rn:4 0 imm3:3 rd:4 imm2:2 (0) msb:5",
            see="bfc",
            lsb=_imm5,
            mask=_mask,
            width=lambda msb, lsb: msb - lsb + 1,
            unpredictable=lambda rd, rn, msb, lsb: any_bad(rd) or rn == 13 or msb < lsb,
        ),
        Encoding(
            A32,
            "A1",
            "cond:4 0111110 msb:5 rd:4 lsb:5 001 rn:4",
            see="bfc",
            mask=_mask,
            width=lambda msb, lsb: msb - lsb + 1,
            unpredictable=lambda rd, msb, lsb: rd == 15 or msb < lsb,
        ),
    ],
    bfi,
)


def sbfx(m: Machine, rd: Number, rn: Number, left: Number, right: Number) -> None:
    """Extract a signed bit field."""
    m.set_reg(rd, (m.reg(rn) << left).asr(right))


def ubfx(m: Machine, rd: Number, rn: Number, left: Number, right: Number) -> None:
    """Extract an unsigned bit field."""
    m.set_reg(rd, m.reg(rn) << left >> right)


def _extracts(t32: str, a32: str) -> list[Encoding]:
    # The field goes up to bit 31, `left` places, and down again, `right` places.
    shifts: dict[str, Any] = {
        "right": lambda widthm1: 31 - widthm1,
        "left": lambda right, lsb: right - lsb & 31,
        "width": lambda widthm1: widthm1 + 1,
    }
    return [
        Encoding(
            T32,
            "T1",
            f"11110 (0) 11 {t32} rn:4 0 imm3:3 rd:4 imm2:2 (0) widthm1:5",
            lsb=_imm5,
            unpredictable=lambda rd, rn, widthm1, lsb: any_bad(rd, rn) or lsb + widthm1 > 31,
            **shifts,
        ),
        Encoding(
            A32,
            "A1",
            f"cond:4 {a32} widthm1:5 rd:4 lsb:5 101 rn:4",
            unpredictable=lambda rd, rn, widthm1, lsb: any_pc(rd, rn) or lsb + widthm1 > 31,
            **shifts,
        ),
    ]


_EXTRACT = "bfx{c} {rd}, {rn}, #{lsb}, #{width}"
declare("sbfx", f"s{_EXTRACT}", "DDI0406C A8.8.164", _extracts("0100", "0111101"), sbfx)
declare("ubfx", f"u{_EXTRACT}", "DDI0406C A8.8.246", _extracts("1100", "0111111"), ubfx)


# Sign and zero extension, with and without an addition.


@formatter("rotation")
def _rotation(rotate: int) -> str:
    return f", ror #{rotate * 8}" if rotate else ""


def _sxtb16(x: Value) -> Value:
    machine = x.machine
    return machine.join(x.bits(23, 16).sext(16), x.trunc(8).sext(16))


def _add_halfwords(x: Value, y: Value) -> Value:
    return x.machine.join(x.bits(31, 16) + y.bits(31, 16), x.trunc(16) + y.trunc(16))


def _add(x: Value, y: Value) -> Value:
    return x + y


def _declare_extend(
    letters: str,
    opcodes: str,
    sections: tuple[int, int],
    extend: Callable[[Value], Value],
    add: Callable[[Value, Value], Value] = _add,
) -> None:
    """Declare e.g. UXTB and UXTAB; `opcodes` of A32, T32 and (or `-`) T16."""
    a32, t32, t16 = opcodes.split()
    sign, size = letters[0], letters[1:]

    def rotated(m: Machine, rm: Number, rotate: Number) -> Value:
        return extend(m.reg(rm) if rotate == 0 else m.reg(rm).ror(rotate << 3))

    def plain(m: Machine, rd: Number, rm: Number, rotate: Number) -> None:
        m.set_reg(rd, rotated(m, rm, rotate))

    def adding(m: Machine, rd: Number, rn: Number, rm: Number, rotate: Number) -> None:
        m.set_reg(rd, add(m.reg(rn), rotated(m, rm, rotate)))

    extending = f"{sign}xt{size}"
    encodings = [] if t16 == "-" else [Encoding(T32, "T1", f"1011 0010 {t16} rm:3 rd:3", rotate=0)]
    encodings += [
        Encoding(
            T32,
            f"T{len(encodings) + 1}",
            f"11111 010 0 {t32} 1111 1111 rd:4 1 (0) rotate:2 rm:4",
            unpredictable=_bad_rd_rm,
        ),
        Encoding(A32, "A1", f"cond:4 01101 {a32} 1111 rd:4 rotate:2 (00) 0111 rm:4", unpredictable=_pc_rd_rm),
    ]
    declare(extending, f"{extending}{{c}} {{rd}}, {{rm}}{{rotation}}", f"DDI0406C A8.8.{sections[0]}", encodings, plain)
    adding_name = f"{sign}xta{size}"
    declare(
        adding_name,
        f"{adding_name}{{c}} {{rd}}, {{rn}}, {{rm}}{{rotation}}",
        f"DDI0406C A8.8.{sections[1]}",
        [
            Encoding(
                T32,
                "T1",
                f"11111 010 0 {t32} rn:4 1111 rd:4 1 (0) rotate:2 rm:4",
                see=extending,
                unpredictable=bad_rd_rn_rm,
            ),
            Encoding(
                A32,
                "A1",
                f"cond:4 01101 {a32} rn:4 rd:4 rotate:2 (00) 0111 rm:4",
                see=extending,
                unpredictable=_pc_rd_rm,
            ),
        ],
        adding,
    )


_declare_extend("sb", "010 100 01", (233, 230), lambda x: x.trunc(8).sext(32))
_declare_extend("sh", "011 000 00", (235, 232), lambda x: x.trunc(16).sext(32))
_declare_extend("sb16", "000 010 -", (234, 231), _sxtb16, _add_halfwords)
_declare_extend("ub", "110 101 11", (274, 271), lambda x: x & 0xFF)
_declare_extend("uh", "111 001 10", (276, 273), lambda x: x & 0xFFFF)
_declare_extend("ub16", "100 011 -", (275, 272), lambda x: x & 0x00FF00FF, _add_halfwords)


# Packing halfwords.


def pkhbt(m: Machine, rd: Number, rn: Number, rm: Number, shift_t: Number, shift_n: Number) -> None:
    """Join Rn's bottom halfword and the shifted Rm's top one."""
    m.set_reg(rd, m.reg(rn) & 0xFFFF | m.shift(m.reg(rm), shift_t, shift_n) & 0xFFFF0000)


def pkhtb(m: Machine, rd: Number, rn: Number, rm: Number, shift_t: Number, shift_n: Number) -> None:
    """Join Rn's top halfword and the shifted Rm's bottom one."""
    m.set_reg(rd, m.reg(rn) & 0xFFFF0000 | m.shift(m.reg(rm), shift_t, shift_n) & 0xFFFF)


def _packs(tb: str, **shift: Any) -> list[Encoding]:
    return [
        Encoding(
            T32,
            "T1",
            f"11101 01 0110 0 rn:4 (0) imm3:3 rd:4 imm2:2 {tb} 0 rm:4",
            imm5=_imm5,
            unpredictable=bad_rd_rn_rm,
            **shift,
        ),
        Encoding(A32, "A1", f"cond:4 01101000 rn:4 rd:4 imm5:5 {tb} 01 rm:4", unpredictable=pc_rd_rn_rm, **shift),
    ]


_PACK = "{c} {rd}, {rn}, {rm}{shift}"
declare("pkhbt", f"pkhbt{_PACK}", "DDI0406C A8.8.125", _packs("0", shift_t=LSL, shift_n=lambda imm5: imm5), pkhbt)
declare("pkhtb", f"pkhtb{_PACK}", "DDI0406C A8.8.125", _packs("1", shift_t=ASR, shift_n=one_to_32), pkhtb)


# Reversal and counting: one register to another.


def _declare_unary(name: str, section: int, t32: str, a32: str, t16: str, compute: Callable[[Value], Value]) -> None:
    def meaning(m: Machine, rd: Number, rm: Number) -> None:
        m.set_reg(rd, compute(m.reg(rm)))

    encodings = [Encoding(T32, "T1", f"1011 1010 {t16} rm:3 rd:3")] if t16 else []
    encodings += [
        Encoding(
            T32,
            f"T{len(encodings) + 1}",
            f"11111 010 1 {t32[:3]} rm2:4 1111 rd:4 1 {t32[3:]} rm:4",
            unpredictable=lambda rd, rm, rm2: rm2 != rm or any_bad(rd, rm),
        ),
        Encoding(A32, "A1", f"cond:4 {a32[:8]} (1111) rd:4 (1111) {a32[8:]} rm:4", unpredictable=_pc_rd_rm),
    ]
    declare(name, f"{name}{{c}} {{rd}}, {{rm}}", f"DDI0406C A8.8.{section}", encodings, meaning)


def _rev16(x: Value) -> Value:
    return x >> 8 & 0x00FF00FF | x << 8 & 0xFF00FF00


_declare_unary("clz", 33, "011000", "000101100001", "", lambda x: x.count_leading_zeros())
_declare_unary("rbit", 144, "001010", "011011110011", "", lambda x: x.reverse_bits())
_declare_unary("rev", 145, "001000", "011010110011", "00", lambda x: x.reverse_bytes())
_declare_unary("rev16", 146, "001001", "011010111011", "01", _rev16)
_declare_unary("revsh", 147, "001011", "011011111011", "11", lambda x: x.trunc(16).reverse_bytes().sext(32))
