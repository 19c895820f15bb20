"""What ARMv8 adds to Advanced SIMD for cryptography (DDI0487 F6.1): AES, SHA-1, SHA-256, VMULL.P64.

All registers are quadwords. The names of functions are those of FIPS 197 and FIPS 180.
"""

from __future__ import annotations

from collections.abc import Callable

from ..declare import V8, declare
from ..fields import Number
from ..operations import Machine, Value
from .neon_registers import DD, DM, DN, bits, both, read

Two = Callable[[Machine, Value, Value], Value]
Three = Callable[[Machine, Value, Value, Value], Value]

# AES, on the 16 bytes of the state: byte r + 4 * c is row r of column c.

_SHIFT_ROWS = [(i + 4 * (i % 4)) % 16 for i in range(16)]
_INVERSE_SHIFT_ROWS = [(i - 4 * (i % 4)) % 16 for i in range(16)]


def _rows_up(m: Machine, state: Value, by: int) -> Value:
    """Move each column's bytes up by some rows, around the end."""
    return m.shuffle(state, state, [i & 12 | i + by & 3 for i in range(16)])


def _xtime(state: Value) -> Value:
    """Multiply the bytes by x in GF(2^8)."""
    return state << 1 ^ (state.asr(7) & 0x1B)


def _mix_columns(m: Machine, state: Value) -> Value:
    next_rows = _rows_up(m, state, 1)
    twice = state ^ next_rows
    return _xtime(twice) ^ next_rows ^ _rows_up(m, twice, 2)


def _inverse_mix_columns(m: Machine, state: Value) -> Value:
    """Multiply by the inverse matrix, which is the matrix of MixColumns times one of few factors."""
    fourfold = _xtime(_xtime(state ^ _rows_up(m, state, 2)))
    return _mix_columns(m, state ^ fourfold)


def _aese(m: Machine, d: Value, key: Value) -> Value:
    state = d ^ key
    return m.lookup("aes", m.shuffle(state, state, _SHIFT_ROWS))


def _aesd(m: Machine, d: Value, key: Value) -> Value:
    state = d ^ key
    return m.lookup("aes_inverse", m.shuffle(state, state, _INVERSE_SHIFT_ROWS))


def _aesmc(m: Machine, _d: Value, value: Value) -> Value:
    return _mix_columns(m, value)


def _aesimc(m: Machine, _d: Value, value: Value) -> Value:
    return _inverse_mix_columns(m, value)


# SHA-1 and SHA-256, on words


def _words(m: Machine, value: Value) -> list[Value]:
    return [m.lane(value, i) for i in range(4)]


def _rol(value: Value, amount: int) -> Value:
    return value.ror(32 - amount)


def _choose(x: Value, y: Value, z: Value) -> Value:
    return ((y ^ z) & x) ^ z


def _parity(x: Value, y: Value, z: Value) -> Value:
    return x ^ y ^ z


def _majority(x: Value, y: Value, z: Value) -> Value:
    return (x & y) | ((x | y) & z)


def _sha1_rounds(function: Callable[[Value, Value, Value], Value]) -> Three:
    def result(m: Machine, d: Value, n: Value, schedule: Value) -> Value:
        a, b, c, last = _words(m, d)
        e = m.lane(n, 0)
        for word in _words(m, schedule):
            e = e + _rol(a, 5) + function(b, c, last) + word
            a, b, c, last, e = e, a, _rol(b, 30), c, last
        return m.from_lanes([a, b, c, last])

    return result


def _sha1su0(m: Machine, d: Value, n: Value, other: Value) -> Value:
    return m.shuffle(d, n, (2, 3, 4, 5)) ^ d ^ other


def _sha1su1(m: Machine, d: Value, other: Value) -> Value:
    first = d ^ m.shuffle(other, other & 0, (1, 2, 3, 4))
    a, b, c, last = (_rol(word, 1) for word in _words(m, first))
    return m.from_lanes([a, b, c, last ^ _rol(a, 1)])


def _sha1h(m: Machine, d: Value, other: Value) -> Value:
    zero = m.const(0)
    return m.from_lanes([_rol(m.lane(other, 0), 30), zero, zero, zero])


def _sha256_rounds(m: Machine, low: Value, high: Value, schedule: Value) -> tuple[Value, Value]:
    """Return (abcd, efgh) after four rounds (SHA256hash)."""
    a, b, c, d = _words(m, low)
    e, f, g, h = _words(m, high)
    for word in _words(m, schedule):
        sum1 = e.ror(6) ^ e.ror(11) ^ e.ror(25)
        sum0 = a.ror(2) ^ a.ror(13) ^ a.ror(22)
        t = h + sum1 + _choose(e, f, g) + word
        a, b, c, d, e, f, g, h = t + sum0 + _majority(a, b, c), a, b, c, d + t, e, f, g
    return m.from_lanes([a, b, c, d]), m.from_lanes([e, f, g, h])


def _sha256h(m: Machine, d: Value, n: Value, schedule: Value) -> Value:
    return _sha256_rounds(m, d, n, schedule)[0]


def _sha256h2(m: Machine, d: Value, n: Value, schedule: Value) -> Value:
    return _sha256_rounds(m, n, d, schedule)[1]


def _sha256su0(m: Machine, d: Value, other: Value) -> Value:
    words = m.shuffle(d, other, (1, 2, 3, 4))
    return d + (words.ror(7) ^ words.ror(18) ^ words >> 3)


def _sha256su1(m: Machine, d: Value, n: Value, other: Value) -> Value:
    sums = _words(m, d + m.shuffle(n, other, (1, 2, 3, 4)))
    before = [m.lane(other, 2), m.lane(other, 3)]
    for total in sums:
        word = before[-2]
        before.append(total + (word.ror(17) ^ word.ror(19) ^ word >> 10))
    return m.from_lanes(before[2:])


# Name, mnemonic, size, bits 17 and 16, bits 11 to 6, whether the lanes are bytes, result. U is 1.
_TWO: tuple[tuple[str, str, str, str, str, int, Two], ...] = (
    ("aese", "aese.8", "00", "00", "001100", 8, _aese),
    ("aesd", "aesd.8", "00", "00", "001101", 8, _aesd),
    ("aesmc", "aesmc.8", "00", "00", "001110", 8, _aesmc),
    ("aesimc", "aesimc.8", "00", "00", "001111", 8, _aesimc),
    ("sha1h", "sha1h.32", "10", "01", "001011", 32, _sha1h),
    ("sha1su1", "sha1su1.32", "10", "10", "001110", 32, _sha1su1),
    ("sha256su0", "sha256su0.32", "10", "10", "001111", 32, _sha256su0),
)


def _declare_two(name: str, mnemonic: str, size: str, a: str, b: str, width: int, result: Two) -> None:
    def meaning(m: Machine, dd: Number, dm: Number) -> None:
        d, other = m.reinterpret(read(m, dd, 1), width), m.reinterpret(read(m, dm, 1), width)
        m.set_vector(dd << 1, result(m, d, other))

    pattern = f"1 D:1 11 {size} {a} {bits('vd', 1)} {b} M:1 0 {bits('vm', 1)}"
    encodings = both("1", "1", pattern, extension=V8, q=1, dd=DD[1], dm=DM[1])
    declare(name, f"{mnemonic} {{simd_d}}, {{simd_m}}", f"DDI0487 F6.1 {name.upper()}", encodings, meaning)


for _two in _TWO:
    _declare_two(*_two)

# Name, U, bits 21 and 20, result.
_THREE: tuple[tuple[str, int, str, Three], ...] = (
    ("sha1c", 0, "00", _sha1_rounds(_choose)),
    ("sha1p", 0, "01", _sha1_rounds(_parity)),
    ("sha1m", 0, "10", _sha1_rounds(_majority)),
    ("sha1su0", 0, "11", _sha1su0),
    ("sha256h", 1, "00", _sha256h),
    ("sha256h2", 1, "01", _sha256h2),
    ("sha256su1", 1, "10", _sha256su1),
)


def _declare_three(name: str, u: int, op: str, result: Three) -> None:
    def meaning(m: Machine, dd: Number, dn: Number, dm: Number) -> None:
        m.set_vector(dd << 1, result(m, read(m, dd, 1), read(m, dn, 1), read(m, dm, 1)))

    pattern = f"0 D:1 {op} {bits('vn', 1)} {bits('vd', 1)} 1100 N:1 1 M:1 0 {bits('vm', 1)}"
    encodings = both("1", str(u), pattern, extension=V8, q=1, dd=DD[1], dn=DN[1], dm=DM[1])
    declare(name, f"{name}.32 {{simd_d}}, {{simd_n}}, {{simd_m}}", f"DDI0487 F6.1 {name.upper()}", encodings, meaning)


for _three in _THREE:
    _declare_three(*_three)


# A polynomial product of 64 bits each


def _low_product(x: Value, y: Value) -> Value:
    """Return the low 64 bits of a product without carries.

    Integer products of numbers that have one bit in four carry only into the three bits that are masked off.
    """
    holes = [0x1111111111111111 << i for i in range(4)]
    xs, ys = [x & hole for hole in holes], [y & hole for hole in holes]
    result = x & 0
    for k, hole in enumerate(holes):
        part = xs[0] * ys[k]
        for i in range(1, 4):
            part = part ^ xs[i] * ys[(k - i) % 4]
        result = result | part & hole
    return result


def _vmull_p64(m: Machine, dd: Number, dn: Number, dm: Number) -> None:
    x, y = m.vector(dn << 1, 64, 64), m.vector(dm << 1, 64, 64)
    low = _low_product(x, y)
    high = _low_product(x.reverse_bits(), y.reverse_bits()).reverse_bits() >> 1
    m.set_vector(dd << 1, m.from_lanes([low, high]))


declare(
    "vmull_p64",
    "vmull.p64 {quadword_d}, {simd_n}, {simd_m}",
    "DDI0487 F6.1 VMULL",
    both(
        "1",
        "0",
        f"1 D:1 10 {bits('vn', 0)} {bits('vd', 1)} 1110 N:1 0 M:1 0 {bits('vm', 0)}",
        extension=V8,
        q=0,
        dd=DD[1],
        dn=DN[0],
        dm=DM[0],
        unpredictable=lambda in_it: in_it,
    ),
    _vmull_p64,
)
