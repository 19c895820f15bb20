"""What ARMv8 adds to VFP and Advanced SIMD floating point (DDI0487 F6.1): VSEL, VMAXNM, VMINNM, rounding, VCVT."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..declare import A32, T32, V8, Encoding, declare
from ..fields import Number
from ..operations import Machine, Value
from . import neon_registers as neon
from .vfp_registers import DD, DM, DN, read, write

# The mode of an instruction's last letter, by its two bits: A away, N nearest, P up, M down.
_MODES = (("a", "00", "away"), ("n", "01", "nearest"), ("p", "10", "up"), ("m", "11", "down"))


def _in_it(in_it: Number) -> Number:
    return in_it


def _always(pattern: str, **options: Any) -> list[Encoding]:
    """Return the encodings of a VFP pattern that is never conditional, in both precisions; {sz} chooses."""
    encodings = []
    for double in (1, 0):
        body = f"1111 1110 {pattern.format(sz=double)}"
        fields: dict[str, Any] = {"double": double, "dd": DD[double], "dm": DM[double]}
        if "vn:4" in pattern:
            fields["dn"] = DN[double]
        fields |= options
        for isa in (A32, T32):
            name = f"{isa[0]}1{'d' if double else 's'}"
            encodings.append(Encoding(isa, name, body, extension=V8, shared=True, unpredictable=_in_it, **fields))
    return encodings


def _conditional(name: str, pattern: str, **options: Any) -> list[Encoding]:
    """Return the A32 and the T32 encoding of a VFP pattern with a condition."""
    return [
        Encoding(A32, f"A{name}", f"cond:4 {pattern}", extension=V8, shared=True, **options),
        Encoding(T32, f"T{name}", f"1110 {pattern}", extension=V8, shared=True, **options),
    ]


# VSEL


def _is_equal(m: Machine) -> Value:
    return m.flag("z")


def _is_overflow(m: Machine) -> Value:
    return m.flag("v")


def _is_greater_or_equal(m: Machine) -> Value:
    return m.flag("n").eq(m.flag("v"))


def _is_greater(m: Machine) -> Value:
    return ~m.flag("z") & _is_greater_or_equal(m)


def _declare_vsel(condition: str, bits: str, holds: Callable[[Machine], Value]) -> None:
    def meaning(m: Machine, double: int, dd: Number, dn: Number, dm: Number) -> None:
        write(m, dd, m.select(holds(m), read(m, dn, double), read(m, dm, double)))

    declare(
        f"vsel{condition}",
        f"vsel{condition}{{size}} {{vd}}, {{vn}}, {{vm}}",
        "DDI0487 F6.1 VSEL",
        _always(f"0 D:1 {bits} vn:4 vd:4 101{{sz}} N:1 0 M:1 0 vm:4"),
        meaning,
    )


_declare_vsel("eq", "00", _is_equal)
_declare_vsel("vs", "01", _is_overflow)
_declare_vsel("ge", "10", _is_greater_or_equal)
_declare_vsel("gt", "11", _is_greater)


# VMAXNM and VMINNM


def _declare_number(name: str, op: str, bit: int) -> None:
    def scalar(m: Machine, double: int, dd: Number, dn: Number, dm: Number) -> None:
        write(m, dd, m.fp(op, read(m, dn, double), read(m, dm, double)))

    def vector(m: Machine, q: int, dd: Number, dn: Number, dm: Number) -> None:
        m.set_vector(dd << 1, m.fp(op, neon.read(m, dn, q), neon.read(m, dm, q), standard=True))

    ref = f"DDI0487 F6.1 {name.upper()}"
    pattern = f"1 D:1 00 vn:4 vd:4 101{{sz}} N:1 {bit} M:1 0 vm:4"
    declare(f"{name}_vfp", f"{name}{{size}} {{vd}}, {{vn}}, {{vm}}", ref, _always(pattern), scalar)
    encodings = []
    for q in (1, 0):
        registers = f"{neon.bits('vn', q)} {neon.bits('vd', q)}"
        encodings += neon.both(
            "1q" if q else "1d",
            "1",
            f"0 D:1 {bit} 0 {registers} 1111 N:1 {q} M:1 1 {neon.bits('vm', q)}",
            extension=V8,
            q=q,
            dd=neon.DD[q],
            dn=neon.DN[q],
            dm=neon.DM[q],
            unpredictable=_in_it,
        )
    declare(f"{name}_f32", f"{name}.f32 {{simd_d}}, {{simd_n}}, {{simd_m}}", ref, encodings, vector)


_declare_number("vmaxnm", "maxnm", 0)
_declare_number("vminnm", "minnm", 1)


# Rounding to an integral value


def _rounding_scalar(rounding: str, *, exact: bool = False) -> Callable[..., None]:
    def meaning(m: Machine, double: int, dd: Number, dm: Number) -> None:
        write(m, dd, m.fp_round_to_integral(read(m, dm, double), rounding=rounding, exact=exact))

    return meaning


for _letter, _bits, _mode in _MODES:
    declare(
        f"vrint{_letter}_vfp",
        f"vrint{_letter}{{size}} {{vd}}, {{vm}}",
        f"DDI0487 F6.1 VRINT{_letter.upper()}",
        _always(f"1 D:1 1110 {_bits} vd:4 101{{sz}} 01 M:1 0 vm:4"),
        _rounding_scalar(_mode),
    )
for _letter, _bits, _bit, _mode in (("r", "0110", 0, "fpscr"), ("z", "0110", 1, "zero"), ("x", "0111", 0, "fpscr")):
    declare(
        f"vrint{_letter}_vfp",
        f"vrint{_letter}{{c}}{{size}} {{vd}}, {{vm}}",
        f"DDI0487 F6.1 VRINT{_letter.upper()}",
        [
            encoding
            for double in (1, 0)
            for encoding in _conditional(
                "1d" if double else "1s",
                f"1110 1 D:1 11 {_bits} vd:4 101{double} {_bit} 1 M:1 0 vm:4",
                double=double,
                dd=DD[double],
                dm=DM[double],
            )
        ],
        _rounding_scalar(_mode, exact=_letter == "x"),
    )


def _vector_encodings(pattern: str) -> list[Encoding]:
    """Return the encodings of a pattern of two registers; {d}, {q} and {m} are bits of them."""
    encodings = []
    for q in (1, 0):
        body = pattern.format(d=neon.bits("vd", q), q=q, m=neon.bits("vm", q))
        encodings += neon.both(
            "1q" if q else "1d",
            "1",
            f"1 D:1 11 {body}",
            extension=V8,
            q=q,
            dd=neon.DD[q],
            dm=neon.DM[q],
            unpredictable=_in_it,
        )
    return encodings


def _rounding_vector(rounding: str, *, exact: bool) -> Callable[..., None]:
    def meaning(m: Machine, q: int, dd: Number, dm: Number) -> None:
        value = neon.read(m, dm, q)
        m.set_vector(dd << 1, m.fp_round_to_integral(value, rounding=rounding, exact=exact, standard=True))

    return meaning


for _letter, _bits, _mode in (
    ("n", "000", "nearest"),
    ("x", "001", "nearest"),
    ("a", "010", "away"),
    ("z", "011", "zero"),
    ("m", "101", "down"),
    ("p", "111", "up"),
):
    declare(
        f"vrint{_letter}_f32",
        f"vrint{_letter}.f32 {{simd_d}}, {{simd_m}}",
        f"DDI0487 F6.1 VRINT{_letter.upper()}",
        _vector_encodings(f"10 10 {{d}} 01 {_bits} {{q}} M:1 0 {{m}}"),
        _rounding_vector(_mode, exact=_letter == "x"),
    )


# Conversion to an integer with a rounding mode of its own


def _converting_scalar(rounding: str, *, signed: bool) -> Callable[..., None]:
    def meaning(m: Machine, double: int, dd: Number, dm: Number) -> None:
        m.set_extension_word(dd, m.fp_to_fixed(read(m, dm, double), 32, signed=signed, rounding=rounding))

    return meaning


def _converting_vector(rounding: str, *, signed: bool) -> Callable[..., None]:
    def meaning(m: Machine, q: int, dd: Number, dm: Number) -> None:
        value = neon.read(m, dm, q)
        m.set_vector(dd << 1, m.fp_to_fixed(value, 32, signed=signed, rounding=rounding, standard=True))

    return meaning


for _letter, _bits, _mode in _MODES:
    for _signed in (1, 0):
        _type = "s32" if _signed else "u32"
        _ref = f"DDI0487 F6.1 VCVT{_letter.upper()}"
        declare(
            f"vcvt{_letter}_{_type}_vfp",
            f"vcvt{_letter}.{_type}{{size}} {{single_vd}}, {{vm}}",
            _ref,
            _always(f"1 D:1 1111 {_bits} vd:4 101{{sz}} {_signed} 1 M:1 0 vm:4", dd=DD[0]),
            _converting_scalar(_mode, signed=bool(_signed)),
        )
        declare(
            f"vcvt{_letter}_{_type}_f32",
            f"vcvt{_letter}.{_type}.f32 {{simd_d}}, {{simd_m}}",
            _ref,
            _vector_encodings(f"10 11 {{d}} 00 {_bits} {1 - _signed} {{q}} M:1 0 {{m}}"),
            _converting_vector(_mode, signed=bool(_signed)),
        )


# Half and double precision: the bottom or the top half of a single-precision register


def _vcvt_double_from_half(m: Machine, top: int, dd: Number, dm: Number) -> None:
    word = m.extension_word(dm)
    write(m, dd, m.fp_convert(word.bits(31, 16) if top else word.trunc(16), 64))


def _vcvt_half_from_double(m: Machine, top: int, dd: Number, dm: Number) -> None:
    half = m.fp_convert(read(m, dm, 1), 16).zext(32)
    old = m.extension_word(dd)
    m.set_extension_word(dd, old & 0x0000FFFF | half << 16 if top else old & 0xFFFF0000 | half)


for _top in (0, 1):
    _mnemonic = "vcvtt" if _top else "vcvtb"
    _pattern = f"1110 1 D:1 11 001 {{}} vd:4 1011 {_top} 1 M:1 0 vm:4"
    declare(
        f"{_mnemonic}_f64_f16",
        f"{_mnemonic}{{c}}.f64.f16 {{vd}}, {{other_vm}}",
        "DDI0487 F6.1 VCVTB",
        _conditional("2", _pattern.format(0), top=_top, double=1, dd=DD[1], dm=DM[0]),
        _vcvt_double_from_half,
    )
    declare(
        f"{_mnemonic}_f16_f64",
        f"{_mnemonic}{{c}}.f16.f64 {{single_vd}}, {{vm}}",
        "DDI0487 F6.1 VCVTB",
        _conditional("2", _pattern.format(1), top=_top, double=1, dd=DD[0], dm=DM[1]),
        _vcvt_half_from_double,
    )
