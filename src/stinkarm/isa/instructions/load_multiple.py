"""Loads and stores of many registers, PUSH, POP, and the forms for privileged modes (DDI0406C A4.7, A5.5, A6.3.5).

The address is that of a word in four-byte steps upwards, the lowest register first, whatever the mode. It must be a
multiple of four.
"""

from __future__ import annotations

from typing import Any

from ..declare import A32, T32, Encoding, declare
from ..fields import Number
from ..operations import Machine, Value
from ..syntax import REGISTERS, formatter


@formatter("stack_mode")
def _stack_mode(p: int, u: int) -> str:
    # IA is what the bare mnemonic means.
    return {(0, 1): "", (1, 0): "db", (0, 0): "da", (1, 1): "ib"}[p, u]


@formatter("any_stack_mode")
def _any_stack_mode(p: int, u: int) -> str:
    return _stack_mode(p, u) or "ia"


@formatter("base")
def _base(rn: int, w: int) -> str:
    return f"{REGISTERS[rn]}{'!' if w else ''}"


def _block(m: Machine, rn: Number, size: Number, p: Number, u: Number) -> tuple[Value, Value]:
    """Return the lowest address of a block of `size` bytes, and the base register's value after it."""
    base = m.reg(rn)
    if u:
        return base + 4 if p else base, base + size
    after = base - size
    return after if p else after + 4, after


def ldm(m: Machine, rn: Number, registers: Number, p: Number, u: Number, w: Number) -> None:
    """Load registers, lowest first; pc last of all, with interworking."""
    size = registers.bit_count() << 2
    address, after = _block(m, rn, size, p, u)
    if registers >> 15:
        # The lowest word first: its address is the one to be told when the access faults.
        m.load(address, 4, aligned=True)
        target = m.load(address + size - 4, 4)
        m.load_multiple(registers & 0x7FFF, address)
        if w:
            m.set_reg(rn, after)
        m.bx_write_pc(target)
    else:
        m.load_multiple(registers, address)
        if w:
            m.set_reg(rn, after)


def stm(m: Machine, rn: Number, registers: Number, p: Number, u: Number, w: Number) -> None:
    """Store registers, lowest first."""
    address, after = _block(m, rn, registers.bit_count() << 2, p, u)
    m.store_multiple(registers, address)
    if w:
        m.set_reg(rn, after)


# UNPREDICTABLE operands


def _holds(registers: Number, n: Number) -> Number:
    return registers >> n & 1


def _a32_load_bad(rn: Number, registers: Number, w: Number) -> bool:
    return bool(rn == 15 or registers == 0 or (w and _holds(registers, rn)))


def _a32_store_bad(rn: Number, registers: Number) -> bool:
    return bool(rn == 15 or registers == 0)


def _t32_load_bad(rn: Number, registers: Number, w: Number, pm: Number, mid_it: Number) -> bool:
    return bool(
        rn == 15 or registers.bit_count() < 2 or pm == 3 or (pm == 2 and mid_it) or (w and _holds(registers, rn))
    )


def _t32_store_bad(rn: Number, registers: Number, w: Number) -> bool:
    return bool(rn == 15 or registers.bit_count() < 2 or (w and _holds(registers, rn)))


def _empty(registers: Number) -> bool:
    return bool(registers == 0)


def _t32_list(pm: Number, low: Number) -> Number:
    return pm << 14 | low


def _t32_store_list(m_bit: Number, low: Number) -> Number:
    return m_bit << 14 | low


# Encodings

_IA: dict[str, Any] = {"p": 0, "u": 1}
_DB: dict[str, Any] = {"p": 1, "u": 0}
_T32_LOAD = "pm:2 (0) low:13"
_T32_STORE = "(0) m_bit:1 (0) low:13"

_load: dict[str, Any] = {"registers": _t32_list, "unpredictable": _t32_load_bad}
declare(
    "ldm",
    "ldm{stack_mode}{c} {base}, {registers}",
    "DDI0406C A8.8.57 to A8.8.61",
    [
        Encoding(
            T32,
            "T1",
            "1100 1 rn:3 registers:8",
            unpredictable=_empty,
            w=lambda rn, registers: 1 - _holds(registers, rn),
            **_IA,
        ),
        Encoding(T32, "T2", f"1110 1000 10 w:1 1 rn:4 {_T32_LOAD}", see="pop", **_load, **_IA),
        Encoding(T32, "T1_db", f"1110 1001 00 w:1 1 rn:4 {_T32_LOAD}", **_load, **_DB),
        Encoding(A32, "A1", "cond:4 100 p:1 u:1 0 w:1 1 rn:4 registers:16", see="pop", unpredictable=_a32_load_bad),
    ],
    ldm,
)
_sp: dict[str, Any] = {"rn": 13, "w": 1}
declare(
    "pop",
    "pop{c} {registers}",
    "DDI0406C A8.8.131, A8.8.132",
    [
        Encoding(
            T32,
            "T1",
            "1011 110 p_bit:1 low:8",
            registers=lambda p_bit, low: p_bit << 15 | low,
            unpredictable=lambda registers, p_bit, mid_it: registers == 0 or (p_bit and mid_it),
            **_sp,
            **_IA,
        ),
        Encoding(T32, "T2", f"1110 1000 1011 1101 {_T32_LOAD}", **_load, **_sp, **_IA),
        Encoding(A32, "A1", "cond:4 1000 1011 1101 registers:16", unpredictable=_a32_load_bad, **_sp, **_IA),
    ],
    ldm,
)

_store: dict[str, Any] = {"registers": _t32_store_list, "unpredictable": _t32_store_bad}
# A base register that is stored and written back, and is not the lowest, is stored as it was (the manual: UNKNOWN).
declare(
    "stm",
    "stm{stack_mode}{c} {base}, {registers}",
    "DDI0406C A8.8.199 to A8.8.202",
    [
        Encoding(T32, "T1", "1100 0 rn:3 registers:8", unpredictable=_empty, w=1, **_IA),
        Encoding(T32, "T2", f"1110 1000 10 w:1 0 rn:4 {_T32_STORE}", **_store, **_IA),
        Encoding(T32, "T1_db", f"1110 1001 00 w:1 0 rn:4 {_T32_STORE}", see="push", **_store, **_DB),
        Encoding(A32, "A1", "cond:4 100 p:1 u:1 0 w:1 0 rn:4 registers:16", see="push", unpredictable=_a32_store_bad),
    ],
    stm,
)
declare(
    "push",
    "push{c} {registers}",
    "DDI0406C A8.8.133",
    [
        Encoding(
            T32,
            "T1",
            "1011 010 m_bit:1 low:8",
            registers=_t32_store_list,
            unpredictable=_empty,
            **_sp,
            **_DB,
        ),
        Encoding(T32, "T2", f"1110 1001 0010 1101 {_T32_STORE}", **_store, **_sp, **_DB),
        Encoding(A32, "A1", "cond:4 1001 0010 1101 registers:16", unpredictable=_empty, **_sp, **_DB),
    ],
    stm,
)


# For privileged modes: UNPREDICTABLE in User mode, all of them (B9.3.5, B9.3.6, B9.3.13, B9.3.16, B9.3.17)


def privileged(m: Machine) -> None:
    """Be UNDEFINED in User mode."""
    m.undefined()


def _always() -> bool:
    return True


for _name, _bit in (("ldm", 1), ("stm", 0)):
    declare(
        f"{_name}_privileged",
        f"{_name}{{stack_mode}}{{c}} {{base}}, {{registers}}^",
        "DDI0406C B9.3.5, B9.3.6, B9.3.17",
        [Encoding(A32, "A1", f"cond:4 100 p:1 u:1 1 w:1 {_bit} rn:4 registers:16", unpredictable=_always)],
        privileged,
    )
declare(
    "rfe",
    "rfe{any_stack_mode}{c} {base}",
    "DDI0406C B9.3.13",
    [
        Encoding(T32, "T1", "1110 1000 00 w:1 1 rn:4 (1100) (0000) (0000) (0000)", unpredictable=_always, **_DB),
        Encoding(T32, "T2", "1110 1001 10 w:1 1 rn:4 (1100) (0000) (0000) (0000)", unpredictable=_always, **_IA),
        Encoding(A32, "A1", "1111 100 p:1 u:1 0 w:1 1 rn:4 (0000) (1010) (0000) (0000)", unpredictable=_always),
    ],
    privileged,
)
_srs: dict[str, Any] = {"rn": 13, "unpredictable": _always}
declare(
    "srs",
    "srs{any_stack_mode}{c} {base}, #{mode}",
    "DDI0406C B9.3.16",
    [
        Encoding(T32, "T1", "1110 1000 00 w:1 0 (1101) (1100) (0000) (000) mode:5", **_srs, **_DB),
        Encoding(T32, "T2", "1110 1001 10 w:1 0 (1101) (1100) (0000) (000) mode:5", **_srs, **_IA),
        Encoding(A32, "A1", "1111 100 p:1 u:1 1 w:1 0 (1101) (0000) (0101) (000) mode:5", **_srs),
    ],
    privileged,
)
