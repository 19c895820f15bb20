"""VFP conversions (DDI0406C A7.5): between precisions, and with integers and fixed point."""

from __future__ import annotations

from ..declare import declare
from ..fields import Number
from ..operations import Machine
from ..syntax import formatter
from .vfp_registers import DD, DM, both, read, write


@formatter("other_vm")
def _other_vm(dm: int, double: int) -> str:
    return f"{'ds'[double]}{dm}"


def _vcvt_precision(m: Machine, double: int, dd: Number, dm: Number) -> None:
    """Convert to the precision `double` from the other one."""
    write(m, dd, m.fp_convert(read(m, dm, 1 - double), 64 if double else 32))


declare(
    "vcvt_precision",
    "vcvt{c}.{double_or_single} {vd}, {other_vm}",
    "DDI0406C A8.8.310",
    [
        encoding
        for double in (1, 0)
        for encoding in both(
            "1d" if double else "1s",
            f"1110 1 D:1 11 0111 vd:4 101{1 - double} 11 M:1 0 vm:4",
            double=double,
            dd=DD[double],
            dm=DM[1 - double],
        )
    ],
    _vcvt_precision,
)


@formatter("double_or_single")
def _double_or_single(double: int) -> str:
    return "f64.f32" if double else "f32.f64"


# Integers: the integer is in a single-precision register, whatever the precision.


def _vcvt_from_integer(m: Machine, double: int, signed: int, dd: Number, dm: Number) -> None:
    write(m, dd, m.fixed_to_fp(m.extension_word(dm), 64 if double else 32, signed=bool(signed)))


def _vcvt_to_integer(m: Machine, double: int, signed: int, rounding: int, dd: Number, dm: Number) -> None:
    value = read(m, dm, double)
    integer = m.fp_to_fixed(value, 32, signed=bool(signed), rounding="zero" if rounding else "fpscr")
    m.set_extension_word(dd, integer)


@formatter("single_vm")
def _single_vm(dm: int) -> str:
    return f"s{dm}"


@formatter("single_vd")
def _single_vd(dd: int) -> str:
    return f"s{dd}"


for _signed in (0, 1):
    _type = "s32" if _signed else "u32"
    declare(
        f"vcvt_from_{_type}",
        f"vcvt{{c}}{{size}}.{_type} {{vd}}, {{single_vm}}",
        "DDI0406C A8.8.306",
        [
            encoding
            for double in (1, 0)
            for encoding in both(
                "1d" if double else "1s",
                f"1110 1 D:1 11 1000 vd:4 101{double} {_signed} 1 M:1 0 vm:4",
                double=double,
                signed=_signed,
                dd=DD[double],
                dm=DM[0],
            )
        ],
        _vcvt_from_integer,
    )
    for _zero in (0, 1):
        _mnemonic = "vcvt" if _zero else "vcvtr"
        declare(
            f"{_mnemonic}_to_{_type}",
            f"{_mnemonic}{{c}}.{_type}{{size}} {{single_vd}}, {{vm}}",
            "DDI0406C A8.8.306",
            [
                encoding
                for double in (1, 0)
                for encoding in both(
                    "1d" if double else "1s",
                    f"1110 1 D:1 11 110 {_signed} vd:4 101{double} {_zero} 1 M:1 0 vm:4",
                    double=double,
                    signed=_signed,
                    rounding=_zero,
                    dd=DD[0],
                    dm=DM[double],
                )
            ],
            _vcvt_to_integer,
        )


# Fixed point: in place, in a register of the number's precision.


def _vcvt_to_fixed(m: Machine, double: int, size: int, signed: int, dd: Number, fraction_bits: Number) -> None:
    number = m.fp_to_fixed(read(m, dd, double), size, signed=bool(signed), fraction_bits=fraction_bits)
    width = 64 if double else 32
    write(m, dd, number.sext(width) if signed else number.zext(width))


def _vcvt_from_fixed(m: Machine, double: int, size: int, signed: int, dd: Number, fraction_bits: Number) -> None:
    number = read(m, dd, double).trunc(size)
    write(
        m,
        dd,
        m.fixed_to_fp(
            number, 64 if double else 32, signed=bool(signed), fraction_bits=fraction_bits, rounding="nearest"
        ),
    )


for _to_fixed in (0, 1):
    for _unsigned in (0, 1):
        for _size in (16, 32):
            _type = f"{'su'[_unsigned]}{_size}"
            _types = f".{_type}{{size}}" if _to_fixed else f"{{size}}.{_type}"
            declare(
                f"vcvt_{'to' if _to_fixed else 'from'}_fixed_{_type}",
                f"vcvt{{c}}{_types} {{vd}}, {{vd}}, #{{fraction_bits}}",
                "DDI0406C A8.8.308",
                [
                    encoding
                    for double in (1, 0)
                    for encoding in both(
                        "1d" if double else "1s",
                        f"1110 1 D:1 11 1 {_to_fixed} 1 {_unsigned} vd:4 101{double} {_size >> 5} 1 i:1 0 imm4:4",
                        double=double,
                        size=_size,
                        signed=1 - _unsigned,
                        dd=DD[double],
                        fraction_bits=(lambda i, imm4: 32 - (imm4 << 1 | i))
                        if _size == 32
                        else (lambda i, imm4: 16 - (imm4 << 1 | i) & 0xFFFFFFFF),
                        unpredictable=lambda size, i, imm4: (imm4 << 1 | i) > size,
                    )
                ],
                _vcvt_to_fixed if _to_fixed else _vcvt_from_fixed,
            )


# Half precision: the bottom or the top half of a single-precision register.


def _vcvt_from_half(m: Machine, top: int, dd: Number, dm: Number) -> None:
    word = m.extension_word(dm)
    m.set_extension_word(dd, m.fp_convert(word.bits(31, 16) if top else word.trunc(16), 32))


def _vcvt_to_half(m: Machine, top: int, dd: Number, dm: Number) -> None:
    half = m.fp_convert(m.extension_word(dm), 16).zext(32)
    old = m.extension_word(dd)
    m.set_extension_word(dd, old & 0x0000FFFF | half << 16 if top else old & 0xFFFF0000 | half)


for _top in (0, 1):
    _mnemonic = "vcvtt" if _top else "vcvtb"
    for _to_half in (0, 1):
        declare(
            f"{_mnemonic}_{'to' if _to_half else 'from'}_half",
            f"{_mnemonic}{{c}}.{'f16.f32' if _to_half else 'f32.f16'} {{single_vd}}, {{single_vm}}",
            "DDI0406C A8.8.311",
            both(
                "1",
                f"1110 1 D:1 11 001 {_to_half} vd:4 1010 {_top} 1 M:1 0 vm:4",
                top=_top,
                dd=DD[0],
                dm=DM[0],
            ),
            _vcvt_to_half if _to_half else _vcvt_from_half,
        )
