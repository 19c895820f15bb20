"""Load exclusive, store exclusive, CLREX and SWP (DDI0406C A3.4, A5.2.10, A6.3.6).

The local monitor is one remembered access: its address, size and what was read. A store exclusive succeeds when
it names the same address and size, and memory still holds what was read.

In A32, bits 9 and 8 should be one in ARMv7. ARMv8 has other instructions for other values (v8_integer.py), so they
are examined.
"""

from __future__ import annotations

from typing import Any

from ..declare import A32, T32, Encoding, Meaning, declare
from ..fields import Number
from ..operations import Machine
from ..syntax import REGISTERS, formatter
from .unpredictable import any_bad, any_pc

# Suffix, bytes, and the bits that tell the sizes apart: A32 opcode, T32 op3.
_SIZES = (("b", 1, "10", "0100"), ("h", 2, "11", "0101"))


@formatter("exclusive_address")
def _exclusive_address(rn: int, offset: int) -> str:
    return f"[{REGISTERS[rn]}{f', #{offset}' if offset else ''}]"


def _load(size: int) -> Meaning:
    def meaning(m: Machine, rn: Number, rt: Number, offset: Number) -> None:
        m.set_reg(rt, m.load_exclusive(m.reg(rn) + offset, size))

    return meaning


def _store(size: int) -> Meaning:
    def meaning(m: Machine, rn: Number, rt: Number, rd: Number, offset: Number) -> None:
        m.set_reg(rd, m.store_exclusive(m.reg(rn) + offset, size, m.reg(rt)))

    return meaning


def ldrexd(m: Machine, rn: Number, rt: Number, rt2: Number) -> None:
    """Load two words exclusively: rt from the lower address."""
    value = m.load_exclusive(m.reg(rn), 8)
    m.set_reg(rt, value.trunc(32))
    m.set_reg(rt2, value.bits(63, 32))


def strexd(m: Machine, rn: Number, rt: Number, rt2: Number, rd: Number) -> None:
    """Store two words exclusively: rt at the lower address."""
    m.set_reg(rd, m.store_exclusive(m.reg(rn), 8, m.join(m.reg(rt2), m.reg(rt))))


def _a32_load_bad(rn: Number, rt: Number) -> bool:
    return any_pc(rn, rt)


def _t32_load_bad(rn: Number, rt: Number) -> bool:
    return any_bad(rt) or any_pc(rn)


def _a32_store_bad(rn: Number, rt: Number, rd: Number) -> bool:
    return any_pc(rn, rt, rd) or bool(rd in (rn, rt))


def _t32_store_bad(rn: Number, rt: Number, rd: Number) -> bool:
    return any_bad(rt, rd) or any_pc(rn) or bool(rd in (rn, rt))


def _odd_pair(rt: Number) -> bool:
    return bool(rt & 1 or rt == 14)


def _second(rt: Number) -> Number:
    return rt + 1


_NONE: dict[str, Any] = {"offset": 0}

declare(
    "ldrex",
    "ldrex{c} {rt}, {exclusive_address}",
    "DDI0406C A8.8.75",
    [
        Encoding(
            T32,
            "T1",
            "1110 1000 0101 rn:4 rt:4 (1111) imm8:8",
            offset=lambda imm8: imm8 << 2,
            unpredictable=_t32_load_bad,
        ),
        Encoding(A32, "A1", "cond:4 0001 1001 rn:4 rt:4 (11) 11 1001 (1111)", unpredictable=_a32_load_bad, **_NONE),
    ],
    _load(4),
)
declare(
    "strex",
    "strex{c} {rd}, {rt}, {exclusive_address}",
    "DDI0406C A8.8.212",
    [
        Encoding(
            T32,
            "T1",
            "1110 1000 0100 rn:4 rt:4 rd:4 imm8:8",
            offset=lambda imm8: imm8 << 2,
            unpredictable=_t32_store_bad,
        ),
        Encoding(A32, "A1", "cond:4 0001 1000 rn:4 rd:4 (11) 11 1001 rt:4", unpredictable=_a32_store_bad, **_NONE),
    ],
    _store(4),
)
for _suffix, _size, _a32, _t32 in _SIZES:
    declare(
        f"ldrex{_suffix}",
        f"ldrex{_suffix}{{c}} {{rt}}, {{exclusive_address}}",
        "DDI0406C A8.8.76" if _size == 1 else "DDI0406C A8.8.78",
        [
            Encoding(T32, "T1", f"1110 1000 1101 rn:4 rt:4 (1111) {_t32} (1111)", unpredictable=_t32_load_bad, **_NONE),
            Encoding(
                A32, "A1", f"cond:4 0001 1{_a32}1 rn:4 rt:4 (11) 11 1001 (1111)", unpredictable=_a32_load_bad, **_NONE
            ),
        ],
        _load(_size),
    )
    declare(
        f"strex{_suffix}",
        f"strex{_suffix}{{c}} {{rd}}, {{rt}}, {{exclusive_address}}",
        "DDI0406C A8.8.213" if _size == 1 else "DDI0406C A8.8.215",
        [
            Encoding(T32, "T1", f"1110 1000 1100 rn:4 rt:4 (1111) {_t32} rd:4", unpredictable=_t32_store_bad, **_NONE),
            Encoding(
                A32, "A1", f"cond:4 0001 1{_a32}0 rn:4 rd:4 (11) 11 1001 rt:4", unpredictable=_a32_store_bad, **_NONE
            ),
        ],
        _store(_size),
    )
declare(
    "ldrexd",
    "ldrexd{c} {rt}, {rt2}, [{rn}]",
    "DDI0406C A8.8.77",
    [
        Encoding(
            T32,
            "T1",
            "1110 1000 1101 rn:4 rt:4 rt2:4 0111 (1111)",
            unpredictable=lambda rn, rt, rt2: any_bad(rt, rt2) or rt == rt2 or rn == 15,
        ),
        Encoding(
            A32,
            "A1",
            "cond:4 0001 1011 rn:4 rt:4 (11) 11 1001 (1111)",
            unpredictable=lambda rn, rt: _odd_pair(rt) or rn == 15,
            rt2=_second,
        ),
    ],
    ldrexd,
)
declare(
    "strexd",
    "strexd{c} {rd}, {rt}, {rt2}, [{rn}]",
    "DDI0406C A8.8.214",
    [
        Encoding(
            T32,
            "T1",
            "1110 1000 1100 rn:4 rt:4 rt2:4 0111 rd:4",
            unpredictable=lambda rn, rt, rt2, rd: any_bad(rd, rt, rt2) or rn == 15 or rd in (rn, rt, rt2),
        ),
        Encoding(
            A32,
            "A1",
            "cond:4 0001 1010 rn:4 rd:4 (11) 11 1001 rt:4",
            unpredictable=lambda rn, rt, rt2, rd: any_pc(rn, rd) or _odd_pair(rt) or rd in (rn, rt, rt2),
            rt2=_second,
        ),
    ],
    strexd,
)


def clrex(m: Machine) -> None:
    """Open the local monitor."""
    m.clear_exclusive()


declare(
    "clrex",
    "clrex{c}",
    "DDI0406C A8.8.32",
    [
        Encoding(T32, "T1", "1111 0011 1011 (1111) 10 (0) 0 (1111) 0010 (1111)"),
        Encoding(A32, "A1", "1111 0101 0111 (1111) (1111) (0000) 0001 (1111)"),
    ],
    clrex,
)


# Deprecated, and disabled by some systems; Linux emulates them then. The word of SWP must be aligned.


def swp(m: Machine, rn: Number, rt: Number, rt2: Number) -> None:
    """Exchange a word with memory."""
    m.set_reg(rt, m.swap(m.reg(rn), 4, m.reg(rt2)))


def swpb(m: Machine, rn: Number, rt: Number, rt2: Number) -> None:
    """Exchange a byte with memory."""
    m.set_reg(rt, m.swap(m.reg(rn), 1, m.reg(rt2)))


for _name, _b, _meaning in (("swp", 0, swp), ("swpb", 1, swpb)):
    declare(
        _name,
        f"{_name}{{c}} {{rt}}, {{rt2}}, [{{rn}}]",
        "DDI0406C A8.8.229",
        [
            Encoding(
                A32,
                "A1",
                f"cond:4 0001 0 {_b} 00 rn:4 rt:4 (0000) 1001 rt2:4",
                unpredictable=lambda rn, rt, rt2: any_pc(rn, rt, rt2) or rn in (rt, rt2),
            )
        ],
        _meaning,
    )
