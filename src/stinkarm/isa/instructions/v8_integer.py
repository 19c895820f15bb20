"""What ARMv8 adds to A32 and T32 besides Advanced SIMD (DDI0487 F5.1): CRC32, load-acquire and store-release.

Addresses of acquiring loads and releasing stores must be aligned. An acquiring load needs nothing more to be in order:
a releasing store waits until it is seen.
"""

from __future__ import annotations

from typing import Any

from ..declare import A32, T32, V8, Encoding, Meaning, declare
from ..fields import Number
from ..operations import Machine
from .unpredictable import any_bad, any_pc

# CRC32


def _crc(table: str, size: int) -> Meaning:
    def meaning(m: Machine, rd: Number, rn: Number, rm: Number) -> None:
        crc, value = m.reg(rn), m.reg(rm)
        for i in range(size):
            byte = (crc ^ value >> 8 * i if i else crc ^ value).trunc(8)
            crc = crc >> 8 ^ m.lookup(table, byte)
        m.set_reg(rd, crc)

    return meaning


for _c, _table in ((0, "crc32"), (1, "crc32c")):
    for _sz, _suffix, _size in (("00", "b", 1), ("01", "h", 2), ("10", "w", 4)):
        declare(
            f"{_table}{_suffix}",
            f"{_table}{_suffix} {{rd}}, {{rn}}, {{rm}}",
            f"DDI0487 F5.1 {_table.upper()}",
            [
                Encoding(
                    T32,
                    "T1",
                    f"1111 1010 110 {_c} rn:4 1111 rd:4 10 {_sz} rm:4",
                    extension=V8,
                    shared=True,
                    unpredictable=lambda rd, rn, rm, in_it: any_pc(rd, rn, rm) or in_it,
                ),
                Encoding(
                    A32,
                    "A1",
                    f"cond:4 0001 0 {_sz} 0 rn:4 rd:4 (00) {_c} (0) 0100 rm:4",
                    extension=V8,
                    shared=True,
                    unpredictable=lambda rd, rn, rm, cond: any_pc(rd, rn, rm) or cond != 14,
                ),
            ],
            _crc(_table, _size),
        )


# Acquire and release


def _load(size: int) -> Meaning:
    def meaning(m: Machine, rn: Number, rt: Number) -> None:
        m.set_reg(rt, m.load(m.reg(rn), size, aligned=True))

    return meaning


def _store(size: int) -> Meaning:
    def meaning(m: Machine, rn: Number, rt: Number) -> None:
        m.store(m.reg(rn), size, m.reg(rt), aligned=True)
        m.barrier()

    return meaning


def _load_exclusive(size: int) -> Meaning:
    def meaning(m: Machine, rn: Number, rt: Number) -> None:
        m.set_reg(rt, m.load_exclusive(m.reg(rn), size))

    return meaning


def _store_exclusive(size: int) -> Meaning:
    def meaning(m: Machine, rn: Number, rt: Number, rd: Number) -> None:
        m.set_reg(rd, m.store_exclusive(m.reg(rn), size, m.reg(rt)))

    return meaning


def ldaexd(m: Machine, rn: Number, rt: Number, rt2: Number) -> None:
    """Load two words exclusively: rt from the lower address."""
    value = m.load_exclusive(m.reg(rn), 8)
    m.set_reg(rt, value.trunc(32))
    m.set_reg(rt2, value.bits(63, 32))


def stlexd(m: Machine, rn: Number, rt: Number, rt2: Number, rd: Number) -> None:
    """Store two words exclusively: rt at the lower address."""
    m.set_reg(rd, m.store_exclusive(m.reg(rn), 8, m.join(m.reg(rt2), m.reg(rt))))


def _both(t32: str, a32: str, t32_bad: Any, a32_bad: Any, **derived: Any) -> list[Encoding]:
    return [
        Encoding(T32, "T1", f"1110 1000 110 {t32}", extension=V8, shared=True, unpredictable=t32_bad),
        Encoding(A32, "A1", f"cond:4 0001 1 {a32}", extension=V8, shared=True, unpredictable=a32_bad, **derived),
    ]


def _pair_bad(rt: Number) -> bool:
    return bool(rt & 1 or rt == 14)


# Suffix, bytes, bits of the size in A32, and bits 5 and 4 in T32.
for _suffix, _size, _a32, _t32 in (("", 4, "00", "10"), ("b", 1, "10", "00"), ("h", 2, "11", "01")):
    for _exclusive in (0, 1):
        _ex = "ex" if _exclusive else ""
        _status = "rd:4" if _exclusive else "(1111)"
        declare(
            f"lda{_ex}{_suffix}",
            f"lda{_ex}{_suffix}{{c}} {{rt}}, [{{rn}}]",
            f"DDI0487 F5.1 LDA{_ex.upper()}{_suffix.upper()}",
            _both(
                f"1 rn:4 rt:4 (1111) 1 {_exclusive} {_t32} (1111)",
                f"{_a32}1 rn:4 rt:4 (11) {_exclusive} 0 1001 (1111)",
                lambda rn, rt: any_bad(rt) or rn == 15,
                lambda rn, rt: rn == 15 or rt == 15,
            ),
            _load_exclusive(_size) if _exclusive else _load(_size),
        )
        declare(
            f"stl{_ex}{_suffix}",
            f"stl{_ex}{_suffix}{{c}} {'{rd}, ' if _exclusive else ''}{{rt}}, [{{rn}}]",
            f"DDI0487 F5.1 STL{_ex.upper()}{_suffix.upper()}",
            _both(
                f"0 rn:4 rt:4 (1111) 1 {_exclusive} {_t32} {_status}",
                f"{_a32}0 rn:4 {_status} (11) {_exclusive} 0 1001 rt:4",
                (lambda rn, rt, rd: any_bad(rd, rt) or rn == 15 or rd in (rn, rt))
                if _exclusive
                else (lambda rn, rt: any_bad(rt) or rn == 15),
                (lambda rn, rt, rd: any_pc(rd, rt, rn) or rd in (rn, rt))
                if _exclusive
                else (lambda rn, rt: rn == 15 or rt == 15),
            ),
            _store_exclusive(_size) if _exclusive else _store(_size),
        )
declare(
    "ldaexd",
    "ldaexd{c} {rt}, {rt2}, [{rn}]",
    "DDI0487 F5.1 LDAEXD",
    _both(
        "1 rn:4 rt:4 rt2:4 1111 (1111)",
        "011 rn:4 rt:4 (11) 10 1001 (1111)",
        lambda rn, rt, rt2: any_bad(rt, rt2) or rt == rt2 or rn == 15,
        lambda rn, rt: _pair_bad(rt) or rn == 15,
        rt2=lambda rt: rt + 1,
    ),
    ldaexd,
)
declare(
    "stlexd",
    "stlexd{c} {rd}, {rt}, {rt2}, [{rn}]",
    "DDI0487 F5.1 STLEXD",
    _both(
        "0 rn:4 rt:4 rt2:4 1111 rd:4",
        "010 rn:4 rd:4 (11) 10 1001 rt:4",
        lambda rn, rt, rt2, rd: any_bad(rd, rt, rt2) or rn == 15 or rd in (rn, rt, rt2),
        lambda rn, rt, rt2, rd: any_pc(rd, rn) or _pair_bad(rt) or rd in (rn, rt, rt2),
        rt2=lambda rt: rt + 1,
    ),
    stlexd,
)
