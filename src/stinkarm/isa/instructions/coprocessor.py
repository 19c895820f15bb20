"""Coprocessor instructions (DDI0406C A5.6, A6.3.18, B3.17, A7): CP15 as User mode sees it.

CP14 and CP15 give User mode no other register, and there are no coprocessors 0 to 9, 12 and 13: all the rest
of the space is UNDEFINED. Coprocessors 10 and 11 are VFP and Advanced SIMD.
"""

from __future__ import annotations

from typing import Any

from ..declare import A32, T32, Encoding, Meaning, declare
from ..fields import Number
from ..operations import Machine, Value
from ..syntax import REGISTERS, formatter
from .unpredictable import any_bad, any_pc

# CP15


def _a32_from(rt: Number) -> bool:
    return any_pc(rt)


def _t32_from(rt: Number) -> bool:
    return any_bad(rt)


def _t32_to(rt: Number) -> bool:
    return bool(rt == 13)


@formatter("rt_or_flags")
def _rt_or_flags(rt: int) -> str:
    return "APSR_nzcv" if rt == 15 else REGISTERS[rt]


def _read(m: Machine, rt: Number, value: Value) -> None:
    """Write rt; where it is 1111, the flags (A8.8.107)."""
    if rt == 15:
        for name, bit in (("n", 31), ("z", 30), ("c", 29), ("v", 28)):
            m.set_flag(name, value.bit(bit))
    else:
        m.set_reg(rt, value)


def mrc_tpidruro(m: Machine, rt: Number) -> None:
    """Read the thread ID that Linux sets (set_tls)."""
    _read(m, rt, m.system_register("tpidruro"))


def mrc_tpidrurw(m: Machine, rt: Number) -> None:
    """Read the thread ID that a program may set."""
    _read(m, rt, m.system_register("tpidrurw"))


def mcr_tpidrurw(m: Machine, rt: Number) -> None:
    """Write the thread ID that a program may set."""
    m.set_system_register("tpidrurw", m.reg(rt))


def mcr_barrier(m: Machine) -> None:
    """Order memory accesses before with those after, whatever rt is."""
    m.barrier()


def mcr_isb(m: Machine) -> None:
    """Do nothing: fetched instructions become stale only by cacheflush, a system call."""


def mrc_pmuserenr(m: Machine, rt: Number) -> None:
    """Read the performance monitors' enable, which is zero: User mode may not use them."""
    _read(m, rt, m.const(0))


_CP15: tuple[tuple[str, int, int, int, int, str, Meaning], ...] = (
    ("mrc_tpidruro", 1, 13, 0, 3, "B4.1.150", mrc_tpidruro),
    ("mrc_tpidrurw", 1, 13, 0, 2, "B4.1.151", mrc_tpidrurw),
    ("mcr_tpidrurw", 0, 13, 0, 2, "B4.1.151", mcr_tpidrurw),
    ("mrc_pmuserenr", 1, 9, 14, 0, "B4.1.124", mrc_pmuserenr),
    ("mcr_dmb", 0, 7, 10, 5, "B4.2.5", mcr_barrier),
    ("mcr_dsb", 0, 7, 10, 4, "B4.2.5", mcr_barrier),
    ("mcr_isb", 0, 7, 5, 4, "B4.2.5", mcr_isb),
)
for _name, _load, _crn, _crm, _opc2, _ref, _meaning in _CP15:
    _pattern = f"1110 000 {_load} {_crn:04b} rt:4 1111 {_opc2:03b} 1 {_crm:04b}"
    _mnemonic = "mrc" if _load else "mcr"
    declare(
        _name,
        f"{_mnemonic}{{c}} 15, 0, {{rt_or_flags}}, cr{_crn}, cr{_crm}, {{{{{_opc2}}}}}",
        f"DDI0406C {_ref}",
        [
            Encoding(T32, "T1", f"1110 {_pattern}", unpredictable=_t32_to if _load else _t32_from),
            Encoding(A32, "A1", f"cond:4 {_pattern}", unpredictable=None if _load else _a32_from),
        ],
        _meaning,
    )


# The rest of the space


def undefined(m: Machine) -> None:
    """Be UNDEFINED: there is no such coprocessor, or User mode may not use it so."""
    m.undefined()


@formatter("transfer_address")
def _transfer_address(rn: int, imm8: int, p: int, u: int, w: int) -> str:
    offset = f"#{'' if u else '-'}{imm8 << 2}"
    base = REGISTERS[rn]
    if p:
        return f"[{base}, {offset}]{'!' if w else ''}"
    return f"[{base}], {offset}" if w else f"[{base}], {{{imm8}}}"


@formatter("long")
def _long(n: int) -> str:
    return "l" if n else ""


_MOVE_TO = "1110 opc1:3 0 crn:4 rt:4 {} opc2:3 1 crm:4"
_MOVE_FROM = "1110 opc1:3 1 crn:4 rt:4 {} opc2:3 1 crm:4"
_GENERIC = (
    ("cdp", "1110 opc1:4 crn:4 crd:4 {} opc2:3 0 crm:4", "{opc1}, cr{crd}, cr{crn}, cr{crm}, {{{opc2}}}", "A8.8.30"),
    ("mcr", _MOVE_TO, "{opc1}, {rt}, cr{crn}, cr{crm}, {{{opc2}}}", "A8.8.98"),
    ("mrc", _MOVE_FROM, "{opc1}, {rt_or_flags}, cr{crn}, cr{crm}, {{{opc2}}}", "A8.8.107"),
    ("mcrr", "1100 0100 rt2:4 rt:4 {} opc1:4 crm:4", "{opc1}, {rt}, {rt2}, cr{crm}", "A8.8.99"),
    ("mrrc", "1100 0101 rt2:4 rt:4 {} opc1:4 crm:4", "{opc1}, {rt}, {rt2}, cr{crm}", "A8.8.108"),
    ("stc", "110 p:1 u:1 n:1 w:1 0 rn:4 crd:4 {} imm8:8", "cr{crd}, {transfer_address}", "A8.8.198"),
    ("ldc", "110 p:1 u:1 n:1 w:1 1 rn:4 crd:4 {} imm8:8", "cr{crd}, {transfer_address}", "A8.8.55, A8.8.56"),
)
# All coprocessors but 10 and 11: the field's fixed bits, and what they add.
_COPROCESSORS = (("", "0 low:3", 0), ("_8", "100 low:1", 8), ("_12", "11 low:2", 12))


def _number(first: int) -> Any:
    return lambda low: low + first


def _see(mnemonic: str) -> str:
    """Name what stands in the space of a generic instruction of the first form (not MCR2 and so on)."""
    if mnemonic in ("stc", "ldc"):
        return "mcrr" if mnemonic == "stc" else "mrrc"
    return " ".join(row[0] for row in _CP15 if row[0].startswith(f"{mnemonic}_"))


def _generic(mnemonic: str, pattern: str, text: str, ref: str) -> None:
    long = "{long}" if mnemonic in ("stc", "ldc") else ""
    for two, a32, t32 in (("", "cond:4", "1110"), ("2", "1111", "1111")):
        see = _see(mnemonic) if not two else f"{_see(mnemonic)}2" if long else ""
        encodings = []
        for suffix, field, first in _COPROCESSORS:
            options: dict[str, Any] = {"see": see, "coproc": _number(first)}
            body = pattern.format(field)
            encodings.append(Encoding(A32, f"A{two or 1}{suffix}", f"{a32} {body}", **options))
            encodings.append(Encoding(T32, f"T{two or 1}{suffix}", f"{t32} {body}", **options))
        declare(
            f"{mnemonic}{two}",
            f"{mnemonic}{two}{long}{{c}} {{coproc}}, {text}",
            f"DDI0406C {ref}",
            encodings,
            undefined,
        )


for _row in _GENERIC:
    _generic(*_row)
