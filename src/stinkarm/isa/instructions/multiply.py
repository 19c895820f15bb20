"""Multiply instructions (DDI0406C A4.4.3), and the sums of absolute differences that share their encodings."""

from __future__ import annotations

from ..declare import A32, T32, Encoding, Meaning, declare
from ..fields import Number
from ..operations import Machine, Value
from ..syntax import formatter
from .unpredictable import (
    bad_or_same_long,
    bad_rd_rn_rm,
    bad_rd_rn_rm_ra,
    pc_or_same_long,
    pc_rd_rn_rm,
    pc_rd_rn_rm_ra,
)


@formatter("n_half")
def _n_half(n_high: int) -> str:
    return "t" if n_high else "b"


@formatter("m_half")
def _m_half(m_high: int) -> str:
    return "t" if m_high else "b"


@formatter("x")
def _x(m_swap: int) -> str:
    return "x" if m_swap else ""


@formatter("r")
def _r(round_up: int) -> str:
    return "r" if round_up else ""


def _half(m: Machine, register: Number, high: Number) -> Value:
    """Return the low or the high signed halfword of a register, as 32 bits."""
    return (m.reg(register) >> (high << 4)).trunc(16).sext(32)


def _signed(m: Machine, register: Number) -> Value:
    """Return SInt(R[register]) as 64 bits."""
    return m.reg(register).sext(64)


def _unsigned(m: Machine, register: Number) -> Value:
    """Return UInt(R[register]) as 64 bits."""
    return m.reg(register).zext(64)


def _narrow_q(m: Machine, wide: Value) -> Value:
    """Return the low word of a signed 64-bit sum; set Q if the sum does not fit."""
    result = wide.trunc(32)
    m.saturate_q(wide, result.sext(64))
    return result


def _write_long(m: Machine, rdlo: Number, rdhi: Number, result: Value) -> None:
    m.set_reg(rdlo, result.trunc(32))
    m.set_reg(rdhi, result.bits(63, 32))


# 32-bit results


def mul(m: Machine, s: Number, rd: Number, rn: Number, rm: Number) -> None:
    """Multiply. C and V do not change (ARMv7)."""
    result = m.reg(rn) * m.reg(rm)
    if s:
        m.set_nz(result)
    m.set_reg(rd, result)


def mla(m: Machine, s: Number, rd: Number, ra: Number, rn: Number, rm: Number) -> None:
    """Multiply and add. C and V do not change (ARMv7)."""
    result = m.reg(rn) * m.reg(rm) + m.reg(ra)
    if s:
        m.set_nz(result)
    m.set_reg(rd, result)


def mls(m: Machine, rd: Number, ra: Number, rn: Number, rm: Number) -> None:
    """Multiply and subtract from ra."""
    m.set_reg(rd, m.reg(ra) - m.reg(rn) * m.reg(rm))


declare(
    "mul",
    "mul{s}{c} {rd}, {rn}, {rm}",
    "DDI0406C A8.8.114",
    [
        Encoding(
            T32,
            "T1",
            "010000 1101 rn:3 rdm:3",
            rd=lambda rdm: rdm,
            rm=lambda rdm: rdm,
            s=lambda in_it: 1 - in_it,
        ),
        Encoding(T32, "T2", "11111 0110 000 rn:4 1111 rd:4 0000 rm:4", s=0, unpredictable=bad_rd_rn_rm),
        Encoding(A32, "A1", "cond:4 0000000 s:1 rd:4 (0000) rm:4 1001 rn:4", unpredictable=pc_rd_rn_rm),
    ],
    mul,
)
declare(
    "mla",
    "mla{s}{c} {rd}, {rn}, {rm}, {ra}",
    "DDI0406C A8.8.100",
    [
        Encoding(T32, "T1", "11111 0110 000 rn:4 ra:4 rd:4 0000 rm:4", s=0, see="mul", unpredictable=bad_rd_rn_rm_ra),
        Encoding(A32, "A1", "cond:4 0000001 s:1 rd:4 ra:4 rm:4 1001 rn:4", unpredictable=pc_rd_rn_rm_ra),
    ],
    mla,
)
declare(
    "mls",
    "mls{c} {rd}, {rn}, {rm}, {ra}",
    "DDI0406C A8.8.101",
    [
        Encoding(T32, "T1", "11111 0110 000 rn:4 ra:4 rd:4 0001 rm:4", unpredictable=bad_rd_rn_rm_ra),
        Encoding(A32, "A1", "cond:4 00000110 rd:4 ra:4 rm:4 1001 rn:4", unpredictable=pc_rd_rn_rm_ra),
    ],
    mls,
)


# 32 x 32 -> 64 bits


def umull(m: Machine, s: Number, rdlo: Number, rdhi: Number, rn: Number, rm: Number) -> None:
    """Multiply unsigned to 64 bits. C and V do not change (ARMv7)."""
    result = _unsigned(m, rn) * _unsigned(m, rm)
    if s:
        m.set_nz(result)
    _write_long(m, rdlo, rdhi, result)


def umlal(m: Machine, s: Number, rdlo: Number, rdhi: Number, rn: Number, rm: Number) -> None:
    """Multiply unsigned and add to 64 bits. C and V do not change (ARMv7)."""
    result = _unsigned(m, rn) * _unsigned(m, rm) + m.join(m.reg(rdhi), m.reg(rdlo))
    if s:
        m.set_nz(result)
    _write_long(m, rdlo, rdhi, result)


def smull(m: Machine, s: Number, rdlo: Number, rdhi: Number, rn: Number, rm: Number) -> None:
    """Multiply signed to 64 bits. C and V do not change (ARMv7)."""
    result = _signed(m, rn) * _signed(m, rm)
    if s:
        m.set_nz(result)
    _write_long(m, rdlo, rdhi, result)


def smlal(m: Machine, s: Number, rdlo: Number, rdhi: Number, rn: Number, rm: Number) -> None:
    """Multiply signed and add to 64 bits. C and V do not change (ARMv7)."""
    result = _signed(m, rn) * _signed(m, rm) + m.join(m.reg(rdhi), m.reg(rdlo))
    if s:
        m.set_nz(result)
    _write_long(m, rdlo, rdhi, result)


def umaal(m: Machine, rdlo: Number, rdhi: Number, rn: Number, rm: Number) -> None:
    """Multiply unsigned and add two words to 64 bits (no overflow is possible)."""
    _write_long(m, rdlo, rdhi, _unsigned(m, rn) * _unsigned(m, rm) + _unsigned(m, rdhi) + _unsigned(m, rdlo))


# Name, section, A32 bits 24:21, T32 bits 22:20, meaning.
LONG = (
    ("umull", 257, "0100", "010", umull),
    ("umlal", 256, "0101", "110", umlal),
    ("smull", 189, "0110", "000", smull),
    ("smlal", 178, "0111", "100", smlal),
)

for _name, _section, _a32, _t32, _meaning in LONG:
    declare(
        _name,
        _name + "{s}{c} {rdlo}, {rdhi}, {rn}, {rm}",
        f"DDI0406C A8.8.{_section}",
        [
            Encoding(
                T32,
                "T1",
                f"11111 0111 {_t32} rn:4 rdlo:4 rdhi:4 0000 rm:4",
                s=0,
                unpredictable=bad_or_same_long,
            ),
            Encoding(
                A32,
                "A1",
                f"cond:4 000 {_a32} s:1 rdhi:4 rdlo:4 rm:4 1001 rn:4",
                unpredictable=pc_or_same_long,
            ),
        ],
        _meaning,
    )

declare(
    "umaal",
    "umaal{c} {rdlo}, {rdhi}, {rn}, {rm}",
    "DDI0406C A8.8.255",
    [
        Encoding(T32, "T1", "11111 0111 110 rn:4 rdlo:4 rdhi:4 0110 rm:4", unpredictable=bad_or_same_long),
        Encoding(A32, "A1", "cond:4 0000 0100 rdhi:4 rdlo:4 rm:4 1001 rn:4", unpredictable=pc_or_same_long),
    ],
    umaal,
)


# Signed halfwords


def smla_halves(m: Machine, n_high: Number, m_high: Number, rd: Number, ra: Number, rn: Number, rm: Number) -> None:
    """Multiply two halfwords and add; Q if the sum overflows."""
    product = _half(m, rn, n_high) * _half(m, rm, m_high)
    m.set_reg(rd, _narrow_q(m, product.sext(64) + _signed(m, ra)))


def smul_halves(m: Machine, n_high: Number, m_high: Number, rd: Number, rn: Number, rm: Number) -> None:
    """Multiply two halfwords."""
    m.set_reg(rd, _half(m, rn, n_high) * _half(m, rm, m_high))


def smlal_halves(
    m: Machine, n_high: Number, m_high: Number, rdlo: Number, rdhi: Number, rn: Number, rm: Number
) -> None:
    """Multiply two halfwords and add to 64 bits, which wrap."""
    product = _half(m, rn, n_high) * _half(m, rm, m_high)
    _write_long(m, rdlo, rdhi, product.sext(64) + m.join(m.reg(rdhi), m.reg(rdlo)))


def smlaw(m: Machine, m_high: Number, rd: Number, ra: Number, rn: Number, rm: Number) -> None:
    """Multiply a word by a halfword and add to bits 47:16 of the product; Q if the sum overflows."""
    product = _signed(m, rn) * _half(m, rm, m_high).sext(64)
    m.set_reg(rd, _narrow_q(m, product.asr(16) + _signed(m, ra)))


def smulw(m: Machine, m_high: Number, rd: Number, rn: Number, rm: Number) -> None:
    """Multiply a word by a halfword; bits 47:16 of the product."""
    m.set_reg(rd, (_signed(m, rn) * _half(m, rm, m_high).sext(64)).bits(47, 16))


declare(
    "smla_halves",
    "smla{n_half}{m_half}{c} {rd}, {rn}, {rm}, {ra}",
    "DDI0406C A8.8.176",
    [
        Encoding(
            T32,
            "T1",
            "11111 0110 001 rn:4 ra:4 rd:4 00 n_high:1 m_high:1 rm:4",
            see="smul_halves",
            unpredictable=bad_rd_rn_rm_ra,
        ),
        Encoding(
            A32,
            "A1",
            "cond:4 00010000 rd:4 ra:4 rm:4 1 m_high:1 n_high:1 0 rn:4",
            unpredictable=pc_rd_rn_rm_ra,
        ),
    ],
    smla_halves,
)
declare(
    "smul_halves",
    "smul{n_half}{m_half}{c} {rd}, {rn}, {rm}",
    "DDI0406C A8.8.188",
    [
        Encoding(
            T32,
            "T1",
            "11111 0110 001 rn:4 1111 rd:4 00 n_high:1 m_high:1 rm:4",
            unpredictable=bad_rd_rn_rm,
        ),
        Encoding(
            A32,
            "A1",
            "cond:4 00010110 rd:4 (0000) rm:4 1 m_high:1 n_high:1 0 rn:4",
            unpredictable=pc_rd_rn_rm,
        ),
    ],
    smul_halves,
)
declare(
    "smlal_halves",
    "smlal{n_half}{m_half}{c} {rdlo}, {rdhi}, {rn}, {rm}",
    "DDI0406C A8.8.179",
    [
        Encoding(
            T32,
            "T1",
            "11111 0111 100 rn:4 rdlo:4 rdhi:4 10 n_high:1 m_high:1 rm:4",
            unpredictable=bad_or_same_long,
        ),
        Encoding(
            A32,
            "A1",
            "cond:4 00010100 rdhi:4 rdlo:4 rm:4 1 m_high:1 n_high:1 0 rn:4",
            unpredictable=pc_or_same_long,
        ),
    ],
    smlal_halves,
)
declare(
    "smlaw",
    "smlaw{m_half}{c} {rd}, {rn}, {rm}, {ra}",
    "DDI0406C A8.8.181",
    [
        Encoding(
            T32,
            "T1",
            "11111 0110 011 rn:4 ra:4 rd:4 000 m_high:1 rm:4",
            see="smulw",
            unpredictable=bad_rd_rn_rm_ra,
        ),
        Encoding(A32, "A1", "cond:4 00010010 rd:4 ra:4 rm:4 1 m_high:1 00 rn:4", unpredictable=pc_rd_rn_rm_ra),
    ],
    smlaw,
)
declare(
    "smulw",
    "smulw{m_half}{c} {rd}, {rn}, {rm}",
    "DDI0406C A8.8.190",
    [
        Encoding(T32, "T1", "11111 0110 011 rn:4 1111 rd:4 000 m_high:1 rm:4", unpredictable=bad_rd_rn_rm),
        Encoding(A32, "A1", "cond:4 00010010 rd:4 (0000) rm:4 1 m_high:1 10 rn:4", unpredictable=pc_rd_rn_rm),
    ],
    smulw,
)


# Pairs of signed halfwords


def _products(m: Machine, m_swap: Number, rn: Number, rm: Number) -> tuple[Value, Value]:
    """Return the products of the low and of the high halfwords as 64 bits; `m_swap` exchanges those of rm."""
    x, y = m.reg(rn), m.reg(rm).ror(m_swap << 4)
    low = x.trunc(16).sext(32) * y.trunc(16).sext(32)
    return low.sext(64), (x.asr(16) * y.asr(16)).sext(64)


def smuad(m: Machine, m_swap: Number, rd: Number, rn: Number, rm: Number) -> None:
    """Add two products of halfwords; Q if the sum overflows."""
    low, high = _products(m, m_swap, rn, rm)
    m.set_reg(rd, _narrow_q(m, low + high))


def smusd(m: Machine, m_swap: Number, rd: Number, rn: Number, rm: Number) -> None:
    """Subtract the product of the high halfwords from that of the low ones (no overflow is possible)."""
    low, high = _products(m, m_swap, rn, rm)
    m.set_reg(rd, (low - high).trunc(32))


def smlad(m: Machine, m_swap: Number, rd: Number, ra: Number, rn: Number, rm: Number) -> None:
    """Add two products of halfwords and ra; Q if the sum overflows."""
    low, high = _products(m, m_swap, rn, rm)
    m.set_reg(rd, _narrow_q(m, low + high + _signed(m, ra)))


def smlsd(m: Machine, m_swap: Number, rd: Number, ra: Number, rn: Number, rm: Number) -> None:
    """Add the difference of two products of halfwords to ra; Q if the sum overflows."""
    low, high = _products(m, m_swap, rn, rm)
    m.set_reg(rd, _narrow_q(m, low - high + _signed(m, ra)))


def smlald(m: Machine, m_swap: Number, rdlo: Number, rdhi: Number, rn: Number, rm: Number) -> None:
    """Add two products of halfwords to 64 bits, which wrap."""
    low, high = _products(m, m_swap, rn, rm)
    _write_long(m, rdlo, rdhi, low + high + m.join(m.reg(rdhi), m.reg(rdlo)))


def smlsld(m: Machine, m_swap: Number, rdlo: Number, rdhi: Number, rn: Number, rm: Number) -> None:
    """Add the difference of two products of halfwords to 64 bits, which wrap."""
    low, high = _products(m, m_swap, rn, rm)
    _write_long(m, rdlo, rdhi, low - high + m.join(m.reg(rdhi), m.reg(rdlo)))


# The most significant word of a product


def smmul(m: Machine, round_up: Number, rd: Number, rn: Number, rm: Number) -> None:
    """Multiply; the high word of the product, rounded to nearest if `round_up`."""
    product = _signed(m, rn) * _signed(m, rm)
    m.set_reg(rd, (product + (m.const(round_up, 64) << 31)).bits(63, 32))


def smmla(m: Machine, round_up: Number, rd: Number, ra: Number, rn: Number, rm: Number) -> None:
    """Multiply and add to ra:0; the high word of the sum, rounded to nearest if `round_up`."""
    result = (_unsigned(m, ra) << 32) + _signed(m, rn) * _signed(m, rm)
    m.set_reg(rd, (result + (m.const(round_up, 64) << 31)).bits(63, 32))


def smmls(m: Machine, round_up: Number, rd: Number, ra: Number, rn: Number, rm: Number) -> None:
    """Multiply and subtract from ra:0; the high word of the difference, rounded to nearest if `round_up`."""
    result = (_unsigned(m, ra) << 32) - _signed(m, rn) * _signed(m, rm)
    m.set_reg(rd, (result + (m.const(round_up, 64) << 31)).bits(63, 32))


# Absolute differences


def _sum_of_differences(m: Machine, rn: Number, rm: Number) -> Value:
    x, y = m.reinterpret(m.reg(rn), 8), m.reinterpret(m.reg(rm), 8)
    differences = x.maximum(y, signed=False) - x.minimum(y, signed=False)
    total = m.const(0)
    for i in range(4):
        total = total + m.lane(differences, i).zext(32)
    return total


def usad8(m: Machine, rd: Number, rn: Number, rm: Number) -> None:
    """Add the absolute differences of four pairs of bytes."""
    m.set_reg(rd, _sum_of_differences(m, rn, rm))


def usada8(m: Machine, rd: Number, ra: Number, rn: Number, rm: Number) -> None:
    """Add the absolute differences of four pairs of bytes to ra."""
    m.set_reg(rd, m.reg(ra) + _sum_of_differences(m, rn, rm))


# Name, syntax, section, A32 bits 27:20 and 7:4, T32 bits 22:20 and 7:4, the instruction that ra = 1111 is, meaning.
MediaRow = tuple[str, str, int, tuple[str, str], tuple[str, str], str, Meaning]
WITH_RA: tuple[MediaRow, ...] = (
    ("smlad", "smlad{x}", 177, ("01110000", "00 m_swap:1 1"), ("010", "000 m_swap:1"), "smuad", smlad),
    ("smlsd", "smlsd{x}", 182, ("01110000", "01 m_swap:1 1"), ("100", "000 m_swap:1"), "smusd", smlsd),
    ("smmla", "smmla{r}", 184, ("01110101", "00 round_up:1 1"), ("101", "000 round_up:1"), "smmul", smmla),
    ("smmls", "smmls{r}", 185, ("01110101", "11 round_up:1 1"), ("110", "000 round_up:1"), "", smmls),
    ("usada8", "usada8", 265, ("01111000", "0001"), ("111", "0000"), "usad8", usada8),
)
# The same; here ra is 1111.
WITHOUT_RA: tuple[MediaRow, ...] = (
    ("smuad", "smuad{x}", 187, ("01110000", "00 m_swap:1 1"), ("010", "000 m_swap:1"), "", smuad),
    ("smusd", "smusd{x}", 191, ("01110000", "01 m_swap:1 1"), ("100", "000 m_swap:1"), "", smusd),
    ("smmul", "smmul{r}", 186, ("01110101", "00 round_up:1 1"), ("101", "000 round_up:1"), "", smmul),
    ("usad8", "usad8", 264, ("01111000", "0001"), ("111", "0000"), "", usad8),
)


def _declare_media(row: MediaRow, ra: str) -> None:
    name, syntax, section, (a32_high, a32_low), (t32_high, t32_low), see, meaning = row
    accumulates = ra == "ra:4"
    declare(
        name,
        syntax + "{c} {rd}, {rn}, {rm}" + (", {ra}" if accumulates else ""),
        f"DDI0406C A8.8.{section}",
        [
            Encoding(
                T32,
                "T1",
                f"11111 0110 {t32_high} rn:4 {ra} rd:4 {t32_low} rm:4",
                see=see,
                unpredictable=bad_rd_rn_rm_ra if accumulates else bad_rd_rn_rm,
            ),
            Encoding(
                A32,
                "A1",
                f"cond:4 {a32_high} rd:4 {ra} rm:4 {a32_low} rn:4",
                see=see,
                unpredictable=pc_rd_rn_rm_ra if accumulates else pc_rd_rn_rm,
            ),
        ],
        meaning,
    )


for _row in WITHOUT_RA:
    _declare_media(_row, "1111")
for _row in WITH_RA:
    _declare_media(_row, "ra:4")

# Name, section, A32 bits 7:6, T32 bits 22:20, meaning.
DUAL_LONG: tuple[tuple[str, int, str, str, Meaning], ...] = (
    ("smlald", 180, "00", "100", smlald),
    ("smlsld", 183, "01", "101", smlsld),
)

for _name, _section, _a32, _t32, _long_meaning in DUAL_LONG:
    declare(
        _name,
        _name + "{x}{c} {rdlo}, {rdhi}, {rn}, {rm}",
        f"DDI0406C A8.8.{_section}",
        [
            Encoding(
                T32,
                "T1",
                f"11111 0111 {_t32} rn:4 rdlo:4 rdhi:4 110 m_swap:1 rm:4",
                unpredictable=bad_or_same_long,
            ),
            Encoding(
                A32,
                "A1",
                f"cond:4 01110100 rdhi:4 rdlo:4 rm:4 {_a32} m_swap:1 1 rn:4",
                unpredictable=pc_or_same_long,
            ),
        ],
        _long_meaning,
    )
