"""VFP arithmetic and comparisons (DDI0406C A7.5), VFPv4.

Each operates on single values: FPSCR.Len and Stride are zero (vfp_transfer.py).
"""

from __future__ import annotations

from collections.abc import Callable

from ..declare import Encoding, declare
from ..fields import Number
from ..operations import Machine, Value
from .vfp_registers import DD, DM, DN, both, read, write


def _negated(value: Value) -> Value:
    """Return FPNeg: NaNs have a sign too."""
    return value ^ 1 << value.width - 1


# What an instruction writes, of the old vd, vn and vm.
Result = Callable[[Machine, Value, Value, Value], Value]


def _product(m: Machine, n: Value, other: Value) -> Value:
    return m.fp("mul", n, other)


def _mla(m: Machine, d: Value, n: Value, other: Value) -> Value:
    return m.fp("add", d, _product(m, n, other))


def _mls(m: Machine, d: Value, n: Value, other: Value) -> Value:
    return m.fp("add", d, _negated(_product(m, n, other)))


def _nmla(m: Machine, d: Value, n: Value, other: Value) -> Value:
    return m.fp("add", _negated(d), _negated(_product(m, n, other)))


def _nmls(m: Machine, d: Value, n: Value, other: Value) -> Value:
    return m.fp("add", _negated(d), _product(m, n, other))


def _fma(m: Machine, d: Value, n: Value, other: Value) -> Value:
    return m.fp("fma", d, n, other)


def _fms(m: Machine, d: Value, n: Value, other: Value) -> Value:
    return m.fp("fma", d, _negated(n), other)


def _fnma(m: Machine, d: Value, n: Value, other: Value) -> Value:
    return m.fp("fma", _negated(d), _negated(n), other)


def _fnms(m: Machine, d: Value, n: Value, other: Value) -> Value:
    return m.fp("fma", _negated(d), n, other)


def _simple(op: str) -> Result:
    return lambda m, _d, n, other: m.fp(op, n, other)


def _nmul(m: Machine, _d: Value, n: Value, other: Value) -> Value:
    return _negated(_product(m, n, other))


# Name, opc1 with its D bit, bit 6, whether vd is read, section, meaning (A7.5, tables A7-16 and A7-17).
_THREE: tuple[tuple[str, str, int, bool, str, Result], ...] = (
    ("vmla", "0 D:1 00", 0, True, "A8.8.337", _mla),
    ("vmls", "0 D:1 00", 1, True, "A8.8.337", _mls),
    ("vnmls", "0 D:1 01", 0, True, "A8.8.353", _nmls),
    ("vnmla", "0 D:1 01", 1, True, "A8.8.353", _nmla),
    ("vmul", "0 D:1 10", 0, False, "A8.8.351", _simple("mul")),
    ("vnmul", "0 D:1 10", 1, False, "A8.8.353", _nmul),
    ("vadd", "0 D:1 11", 0, False, "A8.8.283", _simple("add")),
    ("vsub", "0 D:1 11", 1, False, "A8.8.415", _simple("sub")),
    ("vdiv", "1 D:1 00", 0, False, "A8.8.312", _simple("div")),
    ("vfnms", "1 D:1 01", 0, True, "A8.8.318", _fnms),
    ("vfnma", "1 D:1 01", 1, True, "A8.8.318", _fnma),
    ("vfma", "1 D:1 10", 0, True, "A8.8.317", _fma),
    ("vfms", "1 D:1 10", 1, True, "A8.8.317", _fms),
)


def _by_precision(pattern: str, *, vn: bool = False) -> list[Encoding]:
    """Return the encodings of a pattern, where {sz} is, in both precisions."""
    encodings = []
    for double in (1, 0):
        registers = {"dd": DD[double], "dm": DM[double]} | ({"dn": DN[double]} if vn else {})
        encodings += both("2d" if double else "2s", pattern.format(sz=double), double=double, **registers)
    return encodings


def _declare_three(name: str, opc1: str, bit: int, ref: str, result: Result, *, accumulates: bool) -> None:
    def meaning(m: Machine, double: int, dd: Number, dn: Number, dm: Number) -> None:
        n, other = read(m, dn, double), read(m, dm, double)
        d = read(m, dd, double) if accumulates else n
        write(m, dd, result(m, d, n, other))

    pattern = f"1110 {opc1} vn:4 vd:4 101{{sz}} N:1 {bit} M:1 0 vm:4"
    syntax = f"{name}{{c}}{{size}} {{vd}}, {{vn}}, {{vm}}"
    declare(f"{name}_vfp", syntax, f"DDI0406C {ref}", _by_precision(pattern, vn=True), meaning)


for _name, _opc1, _bit, _accumulates, _ref, _result in _THREE:
    _declare_three(_name, _opc1, _bit, _ref, _result, accumulates=_accumulates)


def _vsqrt(m: Machine, double: int, dd: Number, dm: Number) -> None:
    write(m, dd, m.fp("sqrt", read(m, dm, double)))


declare(
    "vsqrt",
    "vsqrt{c}{size} {vd}, {vm}",
    "DDI0406C A8.8.401",
    _by_precision("1110 1 D:1 11 0001 vd:4 101{sz} 11 M:1 0 vm:4"),
    _vsqrt,
)


def _vcmp(m: Machine, double: int, e: int, dd: Number, dm: Number) -> None:
    m.set_fp_flags(m.fp_compare(read(m, dd, double), read(m, dm, double), signal_quiet=bool(e)))


def _vcmp_zero(m: Machine, double: int, e: int, dd: Number) -> None:
    zero = m.const(0, 64 if double else 32)
    m.set_fp_flags(m.fp_compare(read(m, dd, double), zero, signal_quiet=bool(e)))


for _e in (0, 1):
    _mnemonic = "vcmpe" if _e else "vcmp"
    declare(
        _mnemonic,
        f"{_mnemonic}{{c}}{{size}} {{vd}}, {{vm}}",
        "DDI0406C A8.8.303",
        [
            encoding
            for double in (1, 0)
            for encoding in both(
                "1d" if double else "1s",
                f"1110 1 D:1 11 0100 vd:4 101{double} {_e} 1 M:1 0 vm:4",
                double=double,
                dd=DD[double],
                dm=DM[double],
                e=_e,
            )
        ],
        _vcmp,
    )
    declare(
        f"{_mnemonic}_zero",
        f"{_mnemonic}{{c}}{{size}} {{vd}}, #0.0",
        "DDI0406C A8.8.303",
        [
            encoding
            for double in (1, 0)
            for encoding in both(
                "2d" if double else "2s",
                f"1110 1 D:1 11 0101 vd:4 101{double} {_e} 1 (0) 0 (0000)",
                double=double,
                dd=DD[double],
                e=_e,
            )
        ],
        _vcmp_zero,
    )
