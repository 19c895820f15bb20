"""Advanced SIMD floating point: arithmetic, comparisons, estimates and conversions (DDI0406C A7.4).

All of it uses the standard FPSCR value (A2.7.8): flush to zero, default NaN, round to nearest.
"""

from __future__ import annotations

from collections.abc import Callable

from ..declare import declare
from ..fields import Number
from ..operations import Machine, Value
from ..syntax import formatter
from .neon_registers import DD, DM, DN, bits, both, read, register_name

SIGN = 1 << 31


# Three registers of the same length (A7.4.1)

# What an instruction writes, of the old d, n and m.
Three = Callable[[Machine, Value, Value, Value], Value]


def _negated(value: Value) -> Value:
    return value ^ SIGN


def _absolute(value: Value) -> Value:
    return value & SIGN - 1


def _plain(op: str) -> Three:
    return lambda m, _d, n, other: m.fp(op, n, other, standard=True)


def _mla(m: Machine, d: Value, n: Value, other: Value) -> Value:
    return m.fp_multiply_add(d, n, other)


def _mls(m: Machine, d: Value, n: Value, other: Value) -> Value:
    return m.fp_multiply_add(d, n, other, negate=True)


def _fma(m: Machine, d: Value, n: Value, other: Value) -> Value:
    return m.fp("fma", d, n, other, standard=True)


def _fms(m: Machine, d: Value, n: Value, other: Value) -> Value:
    return m.fp("fma", d, _negated(n), other, standard=True)


def _abd(m: Machine, _d: Value, n: Value, other: Value) -> Value:
    return _absolute(m.fp("sub", n, other, standard=True))


def _pairwise(op: str) -> Three:
    def result(m: Machine, _d: Value, n: Value, other: Value) -> Value:
        return m.fp(op, m.shuffle(n, other, (0, 2)), m.shuffle(n, other, (1, 3)), standard=True)

    return result


def _compare(op: str) -> Three:
    return lambda m, _d, n, other: m.fp_test(op, n, other).sext(32)


def _compare_absolute(op: str) -> Three:
    return lambda m, _d, n, other: m.fp_test(op, _absolute(n), _absolute(other)).sext(32)


# Name, U, bit 21, bits 11 to 8, bit 4, section, result. Bit 20, sz, is 0.
_THREE: tuple[tuple[str, int, int, str, int, str, Three], ...] = (
    ("vfma", 0, 0, "1100", 1, "A8.8.317", _fma),
    ("vfms", 0, 1, "1100", 1, "A8.8.317", _fms),
    ("vadd", 0, 0, "1101", 0, "A8.8.283", _plain("add")),
    ("vsub", 0, 1, "1101", 0, "A8.8.415", _plain("sub")),
    ("vabd", 1, 1, "1101", 0, "A8.8.279", _abd),
    ("vmla", 0, 0, "1101", 1, "A8.8.337", _mla),
    ("vmls", 0, 1, "1101", 1, "A8.8.337", _mls),
    ("vmul", 1, 0, "1101", 1, "A8.8.351", _plain("mul")),
    ("vceq", 0, 0, "1110", 0, "A8.8.291", _compare("eq")),
    ("vcge", 1, 0, "1110", 0, "A8.8.293", _compare("ge")),
    ("vcgt", 1, 1, "1110", 0, "A8.8.295", _compare("gt")),
    ("vacge", 1, 0, "1110", 1, "A8.8.281", _compare_absolute("ge")),
    ("vacgt", 1, 1, "1110", 1, "A8.8.281", _compare_absolute("gt")),
    ("vmax", 0, 0, "1111", 0, "A8.8.335", _plain("max")),
    ("vmin", 0, 1, "1111", 0, "A8.8.335", _plain("min")),
    ("vrecps", 0, 0, "1111", 1, "A8.8.372", _plain("recps")),
    ("vrsqrts", 0, 1, "1111", 1, "A8.8.379", _plain("rsqrts")),
)
# The same for doublewords only.
_PAIRWISE: tuple[tuple[str, int, int, str, int, str, Three], ...] = (
    ("vpadd", 1, 0, "1101", 0, "A8.8.363", _pairwise("add")),
    ("vpmax", 1, 0, "1111", 0, "A8.8.366", _pairwise("max")),
    ("vpmin", 1, 1, "1111", 0, "A8.8.366", _pairwise("min")),
)


def _declare_three(
    name: str, u: int, op: int, a: str, b: int, ref: str, result: Three, *, lengths: tuple[int, ...]
) -> None:
    def meaning(m: Machine, q: int, dd: Number, dn: Number, dm: Number) -> None:
        n, other = read(m, dn, q), read(m, dm, q)
        m.set_vector(dd << 1, result(m, read(m, dd, q) if name in _ACCUMULATING else n, n, other))

    encodings = []
    for q in lengths:
        registers = f"{bits('vn', q)} {bits('vd', q)}"
        encodings += both(
            "1q" if q else "1d",
            str(u),
            f"0 D:1 {op} 0 {registers} {a} N:1 {q} M:1 {b} {bits('vm', q)}",
            q=q,
            dd=DD[q],
            dn=DN[q],
            dm=DM[q],
        )
    declare(f"{name}_f32", f"{name}{{c}}.f32 {{simd_d}}, {{simd_n}}, {{simd_m}}", f"DDI0406C {ref}", encodings, meaning)


_ACCUMULATING = frozenset({"vfma", "vfms", "vmla", "vmls"})

for _name, _u, _op, _a, _b, _ref, _three in _THREE:
    _declare_three(_name, _u, _op, _a, _b, _ref, _three, lengths=(1, 0))
for _name, _u, _op, _a, _b, _ref, _three in _PAIRWISE:
    _declare_three(_name, _u, _op, _a, _b, _ref, _three, lengths=(0,))


# Two registers and a scalar (A7.4.3): bit 24 is Q.


@formatter("float_scalar")
def _float_scalar(vm: int, M: int) -> str:
    return f"d{vm}[{M}]"


def _declare_scalar(name: str, a: str, ref: str, result: Three) -> None:
    def meaning(m: Machine, q: int, dd: Number, dn: Number, scalar: Number) -> None:
        n = read(m, dn, q)
        other = m.splat(m.extension_word(scalar), n.lanes)
        m.set_vector(dd << 1, result(m, read(m, dd, q) if name in _ACCUMULATING else n, n, other))

    encodings = []
    for q in (1, 0):
        encodings += both(
            "2q" if q else "2d",
            str(q),
            f"1 D:1 10 {bits('vn', q)} {bits('vd', q)} {a} N:1 1 M:1 0 vm:4",
            q=q,
            dd=DD[q],
            dn=DN[q],
            scalar=lambda vm, M: vm << 1 | M,
        )
    declare(
        f"{name}_scalar_f32",
        f"{name}{{c}}.f32 {{simd_d}}, {{simd_n}}, {{float_scalar}}",
        f"DDI0406C {ref}",
        encodings,
        meaning,
    )


for _name, _a, _ref, _three in (
    ("vmla", "0001", "A8.8.338", _mla),
    ("vmls", "0101", "A8.8.338", _mls),
    ("vmul", "1001", "A8.8.352", _plain("mul")),
):
    _declare_scalar(_name, _a, _ref, _three)


# Two registers, miscellaneous (A7.4.5)

Two = Callable[[Machine, Value], Value]


def _compare_zero(op: str, *, swapped: bool = False) -> Two:
    def result(m: Machine, value: Value) -> Value:
        zero = value & 0
        return (m.fp_test(op, zero, value) if swapped else m.fp_test(op, value, zero)).sext(32)

    return result


def _estimate(op: str) -> Two:
    return lambda m, value: m.fp(op, value, standard=True)


def _unsigned_estimate(op: str) -> Two:
    return lambda m, value: m.unsigned_estimate(op, value)


def _to_integer(*, signed: bool) -> Two:
    return lambda m, value: m.fp_to_fixed(value, 32, signed=signed, rounding="zero", standard=True)


def _from_integer(*, signed: bool) -> Two:
    return lambda m, value: m.fixed_to_fp(value, 32, signed=signed, rounding="nearest", standard=True)


# Name, types, bits 17 and 16, bits 11 to 7, what follows the operands, section, result. Bits 19 and 18, size, are 10.
_TWO: tuple[tuple[str, str, str, str, str, str, Two], ...] = (
    ("vcgt_zero", "f32", "01", "01 000", ", #0", "A8.8.296", _compare_zero("gt")),
    ("vcge_zero", "f32", "01", "01 001", ", #0", "A8.8.294", _compare_zero("ge")),
    ("vceq_zero", "f32", "01", "01 010", ", #0", "A8.8.292", _compare_zero("eq")),
    ("vcle_zero", "f32", "01", "01 011", ", #0", "A8.8.298", _compare_zero("ge", swapped=True)),
    ("vclt_zero", "f32", "01", "01 100", ", #0", "A8.8.301", _compare_zero("gt", swapped=True)),
    ("vabs", "f32", "01", "01 110", "", "A8.8.280", lambda _m, value: _absolute(value)),
    ("vneg", "f32", "01", "01 111", "", "A8.8.355", lambda _m, value: _negated(value)),
    ("vrecpe", "u32", "11", "01 000", "", "A8.8.371", _unsigned_estimate("recpe")),
    ("vrsqrte", "u32", "11", "01 001", "", "A8.8.378", _unsigned_estimate("rsqrte")),
    ("vrecpe", "f32", "11", "01 010", "", "A8.8.371", _estimate("recpe")),
    ("vrsqrte", "f32", "11", "01 011", "", "A8.8.378", _estimate("rsqrte")),
    ("vcvt", "f32.s32", "11", "01 100", "", "A8.8.305", _from_integer(signed=True)),
    ("vcvt", "f32.u32", "11", "01 101", "", "A8.8.305", _from_integer(signed=False)),
    ("vcvt", "s32.f32", "11", "01 110", "", "A8.8.305", _to_integer(signed=True)),
    ("vcvt", "u32.f32", "11", "01 111", "", "A8.8.305", _to_integer(signed=False)),
)


def _declare_two(name: str, types: str, a: str, b: str, after: str, ref: str, result: Two) -> None:
    def meaning(m: Machine, q: int, dd: Number, dm: Number) -> None:
        m.set_vector(dd << 1, result(m, read(m, dm, q)))

    encodings = []
    for q in (1, 0):
        pattern = f"1 D:1 11 10 {a} {bits('vd', q)} {b} {q} M:1 0 {bits('vm', q)}"
        encodings += both("1q" if q else "1d", "1", pattern, q=q, dd=DD[q], dm=DM[q])
    declare(
        f"{name}_{types.replace('.', '_')}",
        f"{name.partition('_')[0]}{{c}}.{types} {{simd_d}}, {{simd_m}}{after}",
        f"DDI0406C {ref}",
        encodings,
        meaning,
    )


for _two in _TWO:
    _declare_two(*_two)


# Half precision: four of them in a doubleword


def _vcvt_to_half(m: Machine, dd: Number, dm: Number) -> None:
    m.set_vector(dd << 1, m.fp_convert(read(m, dm, 1), 16, standard=True))


def _vcvt_from_half(m: Machine, dd: Number, dm: Number) -> None:
    m.set_vector(dd << 1, m.fp_convert(m.vector(dm << 1, 64, 16), 32, standard=True))


@formatter("quadword_d")
def _quadword_d(dd: int) -> str:
    return register_name(dd, 1)


@formatter("quadword_m")
def _quadword_m(dm: int) -> str:
    return register_name(dm, 1)


declare(
    "vcvt_f16_f32",
    "vcvt{c}.f16.f32 {simd_d}, {quadword_m}",
    "DDI0406C A8.8.309",
    both("1", "1", "1 D:1 11 01 10 vd:4 011 0 00 M:1 0 vm:3 0", q=0, dd=DD[0], dm=DM[1]),
    _vcvt_to_half,
)
declare(
    "vcvt_f32_f16",
    "vcvt{c}.f32.f16 {quadword_d}, {simd_m}",
    "DDI0406C A8.8.309",
    both("1", "1", "1 D:1 11 01 10 vd:3 0 011 1 00 M:1 0 vm:4", q=0, dd=DD[1], dm=DM[0]),
    _vcvt_from_half,
)


# Fixed point (A7.4.4): imm6 is 1xxxxx, else UNDEFINED


def _vcvt_to_fixed(m: Machine, q: int, signed: int, dd: Number, dm: Number, fraction_bits: Number) -> None:
    value = read(m, dm, q)
    number = m.fp_to_fixed(value, 32, signed=bool(signed), fraction_bits=fraction_bits, rounding="zero", standard=True)
    m.set_vector(dd << 1, number)


def _vcvt_from_fixed(m: Machine, q: int, signed: int, dd: Number, dm: Number, fraction_bits: Number) -> None:
    value = read(m, dm, q)
    number = m.fixed_to_fp(
        value, 32, signed=bool(signed), fraction_bits=fraction_bits, rounding="nearest", standard=True
    )
    m.set_vector(dd << 1, number)


for _to_fixed in (0, 1):
    for _unsigned in (0, 1):
        _type = "u32" if _unsigned else "s32"
        declare(
            f"vcvt_fixed_{_type}_f32" if _to_fixed else f"vcvt_fixed_f32_{_type}",
            f"vcvt{{c}}.{f'{_type}.f32' if _to_fixed else f'f32.{_type}'} {{simd_d}}, {{simd_m}}, #{{fraction_bits}}",
            "DDI0406C A8.8.307",
            [
                encoding
                for q in (1, 0)
                for encoding in both(
                    "1q" if q else "1d",
                    str(_unsigned),
                    f"1 D:1 1 imm5:5 {bits('vd', q)} 111 {_to_fixed} 0 {q} M:1 1 {bits('vm', q)}",
                    q=q,
                    signed=1 - _unsigned,
                    dd=DD[q],
                    dm=DM[q],
                    fraction_bits=lambda imm5: 32 - imm5,
                )
            ],
            _vcvt_to_fixed if _to_fixed else _vcvt_from_fixed,
        )
