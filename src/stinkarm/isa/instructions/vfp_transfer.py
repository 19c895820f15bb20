"""VFP register transfers (DDI0406C A7.6 to A7.9): loads, stores and moves."""

from __future__ import annotations

from typing import Any

from ..declare import declare
from ..fields import Number
from ..operations import Machine, Value
from ..syntax import formatter
from .vfp_registers import DD, DM, DN, both, first_word, read, write


@formatter("extension_registers")
def _extension_registers(dd: int, double: int, words: int) -> str:
    count = words >> 1 if double else words
    names = [f"{'sd'[double]}{dd + i}" for i in range(count)]
    return "{" + (names[0] if count == 1 else f"{names[0]}-{names[-1]}") + "}" if count else "{}"


@formatter("extension_offset")
def _extension_offset(offset: int) -> str:
    signed = offset - (offset >> 31 << 32)
    return f", #{signed}" if signed else ""


def _offset(u: Number, imm8: Number) -> Number:
    return (imm8 << 2) if u else (0 - (imm8 << 2)) & 0xFFFFFFFF


def _base(m: Machine, rn: Number) -> Any:
    """Read the base register; pc is aligned to a word."""
    return m.reg(rn) & 0xFFFFFFFC if rn == 15 else m.reg(rn)


def _vldr(m: Machine, dd: Number, double: int, rn: Number, offset: Number) -> None:
    address = _base(m, rn) + offset
    m.check_aligned(address, 3, write=False)
    size = 8 if double else 4
    m.set_vector(first_word(dd, double), m.load_elements(address, 8 * size, size))


def _vstr(m: Machine, dd: Number, double: int, rn: Number, offset: Number) -> None:
    address = _base(m, rn) + offset
    m.check_aligned(address, 3, write=True)
    first, bits = first_word(dd, double), 64 if double else 32
    m.store_elements(address, m.vector(first, bits, bits), bits // 8)


def _single_transfers(name: str, load: int, ref: str) -> None:
    encodings = []
    for double in (1, 0):
        encodings += both(
            "12"[1 - double],
            f"1101 u:1 D:1 0 {load} rn:4 vd:4 101{double} imm8:8",
            dd=DD[double],
            double=double,
            offset=_offset,
        )
    declare(name, f"{name}{{c}} {{vd}}, [{{rn}}{{extension_offset}}]", ref, encodings, _vldr if load else _vstr)


_single_transfers("vldr", 1, "DDI0406C A8.8.333")
_single_transfers("vstr", 0, "DDI0406C A8.8.413")


def _vldm(
    m: Machine, dd: Number, double: int, rn: Number, words: Number, span: Number, below: int, writeback: int
) -> None:
    base = m.reg(rn)
    first = base - (m.const(span) << 2) if below else base
    m.load_extension_words(first_word(dd, double), words, first, double=double)
    if writeback:
        m.set_reg(rn, first if below else base + (m.const(span) << 2))


def _vstm(
    m: Machine, dd: Number, double: int, rn: Number, words: Number, span: Number, below: int, writeback: int
) -> None:
    base = m.reg(rn)
    first = base - (m.const(span) << 2) if below else base
    m.store_extension_words(first_word(dd, double), words, first, double=double)
    if writeback:
        m.set_reg(rn, first if below else base + (m.const(span) << 2))


def _too_many_doubles(rn: Number, dd: Number, words: Number, writeback: int) -> Any:
    return (rn == 15 and writeback) or words == 0 or words > 32 or dd + (words >> 1) > 32


def _too_many_singles(rn: Number, dd: Number, words: Number, writeback: int) -> Any:
    return (rn == 15 and writeback) or words == 0 or dd + words > 32


def _multiple_transfers(name: str, load: int, ref: str) -> None:
    encodings = []
    modes = (("01", 0, 0, "ia"), ("01", 0, 1, "ia"), ("10", 1, 1, "db"))
    for double in (1, 0):
        for pu, below, writeback, suffix in modes:
            encodings += both(
                f"{'12'[1 - double]}_{suffix}{'_wb' if writeback else ''}",
                f"110{pu[0]} {pu[1]} D:1 {writeback} {load} rn:4 vd:4 101{double} imm8:8",
                dd=DD[double],
                double=double,
                # FLDMX and FSTMX (an odd number of words) step over one word more than the registers have.
                words=(lambda imm8: imm8 & 0xFE) if double else (lambda imm8: imm8 | 0),
                span=lambda imm8: imm8 | 0,
                below=below,
                writeback=writeback,
                unpredictable=_too_many_doubles if double else _too_many_singles,
                syntax=f"{name}{suffix}{{c}} {{rn}}{'!' if writeback else ''}, {{extension_registers}}",
            )
    declare(name, name, ref, encodings, _vldm if load else _vstm)


_multiple_transfers("vldm", 1, "DDI0406C A8.8.332, A8.8.367")
_multiple_transfers("vstm", 0, "DDI0406C A8.8.412, A8.8.368")


def _vmov_single(m: Machine, to_core: int, rt: Number, dn: Number) -> None:
    if to_core:
        m.set_reg(rt, m.extension_word(dn))
    else:
        m.set_extension_word(dn, m.reg(rt))


for _op in (0, 1):
    declare(
        f"vmov_{'to' if _op else 'from'}_core_single",
        "vmov{c} {rt}, {vn}" if _op else "vmov{c} {vn}, {rt}",
        "DDI0406C A8.8.343",
        both(
            "1",
            f"1110 000 {_op} vn:4 rt:4 1010 N:1 (00) 1 (0000)",
            dn=DN[0],
            double=0,
            to_core=_op,
            unpredictable=lambda rt: rt == 15,
        ),
        _vmov_single,
    )


def _vmov_pair(m: Machine, to_core: int, double: int, rt: Number, rt2: Number, first: Number) -> None:
    if to_core and double:
        pair = m.vector(first, 64, 64)
        m.set_reg(rt, pair.trunc(32))
        m.set_reg(rt2, pair.bits(63, 32))
    elif to_core:
        low, high = m.extension_word(first), m.extension_word(first + 1)
        m.set_reg(rt, low)
        m.set_reg(rt2, high)
    elif double:
        m.set_vector(first, m.join(m.reg(rt2), m.reg(rt)))
    else:
        m.set_extension_word(first, m.reg(rt))
        m.set_extension_word(first + 1, m.reg(rt2))


for _op in (0, 1):
    for _double in (0, 1):
        _extension = "{vm}" if _double else "{single_pair}"
        declare(
            f"vmov_{'to' if _op else 'from'}_core_{'double' if _double else 'two_singles'}",
            f"vmov{{c}} {{rt}}, {{rt2}}, {_extension}" if _op else f"vmov{{c}} {_extension}, {{rt}}, {{rt2}}",
            "DDI0406C A8.8.345" if _double else "DDI0406C A8.8.344",
            both(
                "1",
                f"1100 010 {_op} rt2:4 rt:4 101{_double} 00 M:1 1 vm:4",
                dm=DM[_double],
                first=(lambda dm: dm << 1) if _double else (lambda dm: dm | 0),
                double=_double,
                to_core=_op,
                unpredictable=lambda rt, rt2, dm, to_core, double: (
                    rt == 15 or rt2 == 15 or (to_core and rt == rt2) or (not double and dm == 31)
                ),
            ),
            _vmov_pair,
        )


@formatter("single_pair")
def _single_pair(dm: int) -> str:
    return f"s{dm}, s{dm + 1}"


@formatter("scalar")
def _scalar(dd: int, lane: int) -> str:
    return f"d{dd}[{lane}]"


def _vmov_to_scalar(m: Machine, size: int, dd: Number, rt: Number, lane: Number) -> None:
    value = m.reg(rt)
    if size == 4:
        m.set_extension_word((dd << 1) + lane, value)
        return
    bits = 8 * size
    word = (dd << 1) + (lane >> (2 if size == 1 else 1))
    shift = (lane & (3 if size == 1 else 1)) * bits
    mask = m.const(((1 << bits) - 1) << shift)
    kept = m.extension_word(word) & ~mask
    m.set_extension_word(word, kept | (value << shift) & mask)


def _vmov_from_scalar(m: Machine, size: int, unsigned: Number, dd: Number, rt: Number, lane: Number) -> None:
    if size == 4:
        m.set_reg(rt, m.extension_word((dd << 1) + lane))
        return
    bits = 8 * size
    word = m.extension_word((dd << 1) + (lane >> (2 if size == 1 else 1)))
    value = (word >> (lane & (3 if size == 1 else 1)) * bits).trunc(bits)
    m.set_reg(rt, value.zext(32) if unsigned else value.sext(32))


# opc1:opc2 of each element size, and how the lane is made of them (A8.8.341, A8.8.342).
_LANES: dict[int, tuple[str, str, Any]] = {
    1: ("1 oh:1", "ol:2", lambda oh, ol: oh << 2 | ol),
    2: ("0 oh:1", "ol:1 1", lambda oh, ol: oh << 1 | ol),
    4: ("0 oh:1", "00", lambda oh: oh | 0),
}
for _bytes, (_opc1, _opc2, _lane) in _LANES.items():
    declare(
        f"vmov_to_scalar_{8 * _bytes}",
        f"vmov{{c}}.{8 * _bytes} {{scalar}}, {{rt}}",
        "DDI0406C A8.8.341",
        both(
            "1",
            f"1110 0 {_opc1} 0 vd:4 rt:4 1011 D:1 {_opc2} 1 (0000)",
            dd=DD[1],
            lane=_lane,
            size=_bytes,
            unpredictable=lambda rt: rt == 15,
        ),
        _vmov_to_scalar,
    )
    _sign = "unsigned:1" if _bytes < 4 else "0"
    declare(
        f"vmov_from_scalar_{8 * _bytes}",
        f"vmov{{c}}.{'{signedness}' if _bytes < 4 else ''}{8 * _bytes} {{rt}}, {{scalar}}",
        "DDI0406C A8.8.342",
        both(
            "1",
            f"1110 {_sign} {_opc1} 1 vd:4 rt:4 1011 D:1 {_opc2} 1 (0000)",
            dd=DD[1],
            lane=_lane,
            size=_bytes,
            unpredictable=lambda rt: rt == 15,
            **({} if _bytes < 4 else {"unsigned": 0}),
        ),
        _vmov_from_scalar,
    )


@formatter("signedness")
def _signedness(unsigned: int) -> str:
    return "u" if unsigned else "s"


def _vmov_register(m: Machine, double: int, dd: Number, dm: Number) -> None:
    write(m, dd, read(m, dm, double))


def _sign_bit(value: Value) -> int:
    return 1 << value.width - 1


def _vabs(m: Machine, double: int, dd: Number, dm: Number) -> None:
    value = read(m, dm, double)
    write(m, dd, value & _sign_bit(value) - 1)


def _vneg(m: Machine, double: int, dd: Number, dm: Number) -> None:
    value = read(m, dm, double)
    write(m, dd, value ^ _sign_bit(value))


for _name, _opcode, _last, _meaning, _ref in (
    ("vmov_register", "0000", "01", _vmov_register, "DDI0406C A8.8.340"),
    ("vabs", "0000", "11", _vabs, "DDI0406C A8.8.280"),
    ("vneg", "0001", "01", _vneg, "DDI0406C A8.8.355"),
):
    declare(
        _name,
        f"{_name[:4]}{{c}}{{size}} {{vd}}, {{vm}}",
        _ref,
        [
            encoding
            for precision in (1, 0)
            for encoding in both(
                "21"[precision - 1] if precision else "1s",
                f"1110 1 D:1 11 {_opcode} vd:4 101{precision} {_last} M:1 0 vm:4",
                dd=DD[precision],
                dm=DM[precision],
                double=precision,
            )
        ],
        _meaning,
    )


def _expand_high(imm4h: Number, imm4l: Number) -> Number:
    """Return the high word of VFPExpandImm for 64 bits (A7.5.1); the low word is zero."""
    imm8 = imm4h << 4 | imm4l
    exponent = 0x3FC00000 if imm8 & 0x40 else 0x40000000
    return (imm8 & 0x80) << 24 | exponent | (imm8 & 0x3F) << 16


def _expand_single(imm4h: Number, imm4l: Number) -> Number:
    """Return VFPExpandImm for 32 bits (A7.5.1)."""
    imm8 = imm4h << 4 | imm4l
    exponent = 0x3E000000 if imm8 & 0x40 else 0x40000000
    return (imm8 & 0x80) << 24 | exponent | (imm8 & 0x3F) << 19


def _vmov_immediate(m: Machine, double: int, dd: Number, imm: Number) -> None:
    write(m, dd, m.join(m.const(imm), m.const(0)) if double else m.const(imm))


declare(
    "vmov_immediate",
    "vmov{c}{size} {vd}, #{imm:#x}",
    "DDI0406C A8.8.339",
    [
        encoding
        for precision in (1, 0)
        for encoding in both(
            "2d" if precision else "2s",
            f"1110 1 D:1 11 imm4h:4 vd:4 101{precision} (0) 0 (0) 0 imm4l:4",
            dd=DD[precision],
            double=precision,
            imm=_expand_high if precision else _expand_single,
        )
    ],
    _vmov_immediate,
)


def _vmrs(m: Machine, rt: Number) -> None:
    if rt == 15:
        for name in "nzcv":
            m.set_flag(name, m.fp_flag(name))
    else:
        m.set_reg(rt, m.fpscr())


# FPSCR.Stride and Len (A2.7.1). A Cortex-A15 has no short vectors: with them set, VFP arithmetic is UNDEFINED there.
# Here setting them is, so that no other instruction has to look.
SHORT_VECTORS = 0x00370000


def _vmsr(m: Machine, rt: Number) -> None:
    value = m.reg(rt)
    m.when((value & SHORT_VECTORS).ne(0), m.undefined, lambda: m.set_fpscr(value))


@formatter("apsr_or_rt")
def _apsr_or_rt(rt: int) -> str:
    return "APSR_nzcv" if rt == 15 else f"r{rt}" if rt < 13 else ("sp", "lr")[rt - 13]


declare(
    "vmrs",
    "vmrs{c} {apsr_or_rt}, fpscr",
    "DDI0406C A8.8.348",
    both("1", "1110 1111 0001 rt:4 1010 (000) 1 (0000)"),
    _vmrs,
)
declare(
    "vmsr",
    "vmsr{c} fpscr, {rt}",
    "DDI0406C A8.8.349",
    both("1", "1110 1110 0001 rt:4 1010 (000) 1 (0000)", unpredictable=lambda rt: rt == 15),
    _vmsr,
)
