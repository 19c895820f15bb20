"""Loads and stores of one register or two, and memory hints (DDI0406C A4.6, A5.2.8, A5.3, A6.3.5 to A6.3.10).

Words and halfwords may lie at any address (ARMv7 with SCTLR.A clear); the two words of LDRD and STRD
must lie at a multiple of four. The unprivileged forms (LDRT...) do in user mode what the others do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..declare import A32, T32, Encoding, Meaning, declare
from ..fields import Number
from ..operations import Machine, Value
from .addressing import (
    a32_literal,
    offset8,
    offset8_words,
    offset12,
    offset_split,
    shift_amount,
    shift_type,
    shifted_address,
    t32_literal,
)
from .unpredictable import any_bad, any_pc


class Kind(NamedTuple):
    """A load or a store: mnemonic, direction, bytes, extension, and the manual's sections."""

    name: str
    load: int
    size: int
    signed: int
    imm: str
    reg: str
    literal: str
    unprivileged: str

    @property
    def t32(self) -> str:
        """The T32 opcode bits: S, then (after a varying bit) size and L."""
        return f"{(0, 0, 1, 0, 2)[self.size]:02b}{self.load}"


KINDS = (
    Kind("ldr", 1, 4, 0, "A8.8.62, A8.8.63", "A8.8.65, A8.8.66", "A8.8.64", "A8.8.92"),
    Kind("ldrb", 1, 1, 0, "A8.8.67, A8.8.68", "A8.8.70", "A8.8.69", "A8.8.71"),
    Kind("ldrh", 1, 2, 0, "A8.8.79, A8.8.80", "A8.8.82", "A8.8.81", "A8.8.83"),
    Kind("ldrsb", 1, 1, 1, "A8.8.84", "A8.8.86", "A8.8.85", "A8.8.87"),
    Kind("ldrsh", 1, 2, 1, "A8.8.88", "A8.8.90", "A8.8.89", "A8.8.91"),
    Kind("str", 0, 4, 0, "A8.8.203, A8.8.204", "A8.8.205", "", "A8.8.220"),
    Kind("strb", 0, 1, 0, "A8.8.206, A8.8.207", "A8.8.208", "", "A8.8.209"),
    Kind("strh", 0, 2, 0, "A8.8.216, A8.8.217", "A8.8.218", "", "A8.8.219"),
)


# Meanings


def _access(m: Machine, kind: Kind, rt: Number, address: Value, rn: Number, writeback: Value | None) -> None:
    """Load or store rt, then write the base register back: a fault leaves all registers as they were."""
    if not kind.load:
        m.store(address, kind.size, m.reg(rt))
        if writeback is not None:
            m.set_reg(rn, writeback)
        return
    value = m.load(address, kind.size, signed=bool(kind.signed))
    if writeback is not None:
        m.set_reg(rn, writeback)
    if kind.size == 4:
        m.write_loaded(rt, value)
    else:
        m.set_reg(rt, value)


def _immediate(kind: Kind) -> Meaning:
    def meaning(m: Machine, rn: Number, rt: Number, offset: Number, p: Number, w: Number) -> None:
        base = m.reg(rn)
        moved = base + offset
        if p:
            _access(m, kind, rt, moved, rn, moved if w else None)
        else:
            _access(m, kind, rt, base, rn, moved)

    return meaning


def _register(kind: Kind) -> Meaning:
    def meaning(
        m: Machine,
        rn: Number,
        rt: Number,
        rm: Number,
        shift_t: Number,
        shift_n: Number,
        u: Number,
        p: Number,
        w: Number,
    ) -> None:
        base, moved = shifted_address(m, rn, rm, shift_t, shift_n, u)
        if p:
            _access(m, kind, rt, moved, rn, moved if w else None)
        else:
            _access(m, kind, rt, base, rn, moved)

    return meaning


def _literal(kind: Kind) -> Meaning:
    def meaning(m: Machine, rt: Number, address: Number) -> None:
        _access(m, kind, rt, m.const(address), 0, None)

    return meaning


# UNPREDICTABLE operands


def _bad_writeback(rn: Number, rt: Number, p: Number, w: Number) -> bool:
    return bool((not p or w) and (rn in (15, rt)))


def _a32_bad_rt(kind: Kind, rt: Number) -> bool:
    return kind.size < 4 and any_pc(rt)


def _t32_bad_rt(kind: Kind, rt: Number, mid_it: Number) -> bool:
    if kind.size < 4:
        return any_bad(rt)
    return bool(rt == 15 and (mid_it if kind.load else 1))


def _a32_imm_bad(kind: Kind) -> Callable[..., bool]:
    return lambda rn, rt, p, w: _a32_bad_rt(kind, rt) or _bad_writeback(rn, rt, p, w)


def _a32_reg_bad(kind: Kind) -> Callable[..., bool]:
    return lambda rn, rt, rm, p, w: _a32_bad_rt(kind, rt) or any_pc(rm) or _bad_writeback(rn, rt, p, w)


def _a32_unprivileged_imm_bad(kind: Kind) -> Callable[..., bool]:
    # STRT may store pc.
    may_be_pc = kind.name == "str"
    return lambda rn, rt: any_pc(rn) or bool(rn == rt) or (not may_be_pc and any_pc(rt))


def _a32_unprivileged_reg_bad(kind: Kind) -> Callable[..., bool]:
    bad = _a32_unprivileged_imm_bad(kind)
    return lambda rn, rt, rm: any_pc(rm) or bad(rn, rt)


def _t32_imm_bad(kind: Kind) -> Callable[..., bool]:
    # A store with rn = 1111 is UNDEFINED; a load is another instruction.
    return lambda rn, rt, p, w, mid_it: (
        (not kind.load and any_pc(rn)) or _t32_bad_rt(kind, rt, mid_it) or _bad_writeback(rn, rt, p, w)
    )


def _t32_bad_pushed(rt: Number) -> bool:
    return any_bad(rt)


def _t32_unprivileged_bad(kind: Kind) -> Callable[..., bool]:
    return lambda rn, rt: any_bad(rt) or (not kind.load and any_pc(rn))


def _t32_reg_bad(kind: Kind) -> Callable[..., bool]:
    return lambda rn, rt, rm, mid_it: any_bad(rm) or _t32_bad_rt(kind, rt, mid_it) or (not kind.load and any_pc(rn))


# Encodings

_UP: dict[str, Any] = {"u": 1, "p": 1, "w": 0}
_PLAIN: dict[str, Any] = {"shift_t": 0, "shift_n": 0}
_SHIFTED: dict[str, Any] = {"shift_t": shift_type, "shift_n": shift_amount}
# The last seven bits of the A32 halfword and signed encodings: L, and bits 7 to 4.
_A32_EXTRA = {"strh": ("0", "1011"), "ldrh": ("1", "1011"), "ldrsb": ("1", "1101"), "ldrsh": ("1", "1111")}
_T16_IMM = {"str": "01100", "ldr": "01101", "strb": "01110", "ldrb": "01111", "strh": "10000", "ldrh": "10001"}
_T16_REG = {"str": 0, "strh": 1, "strb": 2, "ldrsb": 3, "ldr": 4, "ldrh": 5, "ldrb": 6, "ldrsh": 7}
# What the T32 load of the same form is when rt is 1111.
_HINT = {"ldrb": "pld", "ldrh": "pld", "ldrsb": "pli", "ldrsh": "memory_hint"}


def _see(kind: Kind, form: str) -> str:
    """Name what the manual's SEE names for T32 loads: the literal form, and hints of this form."""
    names = [f"{kind.name}_literal"] if kind.load and form != "literal" else []
    if kind.name in _HINT:
        forms = ("imm", "reg") if form == "literal" else (form,) if form else ()
        names += [f"{_HINT[kind.name]}_{form}" for form in ("literal", *forms)]
    return " ".join(names)


def _t32_prefix(kind: Kind, up: str) -> str:
    return f"1111 100 {kind.signed} {up} {kind.t32} rn:4 rt:4"


def _a32_immediate(kind: Kind) -> Encoding:
    literal = f" {kind.name}_literal" if kind.load else ""
    options: dict[str, Any] = {"unpredictable": _a32_imm_bad(kind)}
    if kind.name in _A32_EXTRA:
        load, op = _A32_EXTRA[kind.name]
        pattern = f"cond:4 000 p:1 u:1 1 w:1 {load} rn:4 rt:4 imm4h:4 {op} imm4l:4"
        return Encoding(A32, "A1", pattern, see=f"{kind.name}t_imm{literal}", offset=offset_split, **options)
    one = {"ldr": " pop_one", "str": " push_one"}.get(kind.name, "")
    pattern = f"cond:4 010 p:1 u:1 {kind.size & 1} w:1 {kind.load} rn:4 rt:4 imm12:12"
    return Encoding(A32, "A1", pattern, see=f"{kind.name}t_imm{literal}{one}", offset=offset12, **options)


def _a32_register(kind: Kind) -> Encoding:
    options: dict[str, Any] = {"see": f"{kind.name}t_reg", "unpredictable": _a32_reg_bad(kind)}
    if kind.name in _A32_EXTRA:
        load, op = _A32_EXTRA[kind.name]
        pattern = f"cond:4 000 p:1 u:1 0 w:1 {load} rn:4 rt:4 (0000) {op} rm:4"
        return Encoding(A32, "A1", pattern, **_PLAIN, **options)
    pattern = f"cond:4 011 p:1 u:1 {kind.size & 1} w:1 {kind.load} rn:4 rt:4 imm5:5 kind:2 0 rm:4"
    return Encoding(A32, "A1", pattern, **_SHIFTED, **options)


def _a32_unprivileged(kind: Kind) -> tuple[Encoding, Encoding]:
    post: dict[str, Any] = {"p": 0, "w": 0}
    imm: dict[str, Any] = {"unpredictable": _a32_unprivileged_imm_bad(kind), **post}
    reg: dict[str, Any] = {"unpredictable": _a32_unprivileged_reg_bad(kind), **post}
    if kind.name in _A32_EXTRA:
        load, op = _A32_EXTRA[kind.name]
        return (
            Encoding(
                A32, "A1", f"cond:4 0000 u:1 11 {load} rn:4 rt:4 imm4h:4 {op} imm4l:4", offset=offset_split, **imm
            ),
            Encoding(A32, "A2", f"cond:4 0000 u:1 01 {load} rn:4 rt:4 (0000) {op} rm:4", **_PLAIN, **reg),
        )
    b = kind.size & 1
    return (
        Encoding(A32, "A1", f"cond:4 0100 u:1 {b} 1 {kind.load} rn:4 rt:4 imm12:12", offset=offset12, **imm),
        Encoding(A32, "A2", f"cond:4 0110 u:1 {b} 1 {kind.load} rn:4 rt:4 imm5:5 kind:2 0 rm:4", **_SHIFTED, **reg),
    )


def _t16_immediate(kind: Kind) -> list[Encoding]:
    if kind.name not in _T16_IMM:
        return []
    scale = kind.size >> 1
    found = [Encoding(T32, "T1", f"{_T16_IMM[kind.name]} imm5:5 rn:3 rt:3", offset=lambda imm5: imm5 << scale, **_UP)]
    if kind.size == 4:
        pattern = f"1001 {kind.load} rt:3 imm8:8"
        found.append(Encoding(T32, "T2", pattern, rn=13, offset=lambda imm8: imm8 << 2, **_UP))
    return found


def _t32_immediate(kind: Kind) -> list[Encoding]:
    bad = _t32_imm_bad(kind)
    one = {"ldr": "pop_one", "str": "push_one"}.get(kind.name, "")
    return [
        Encoding(T32, "imm12", f"{_t32_prefix(kind, '1')} offset:12", see=_see(kind, "imm"), unpredictable=bad, **_UP),
        Encoding(
            T32,
            "imm8",
            f"{_t32_prefix(kind, '0')} 1100 imm8:8",
            see=_see(kind, "imm"),
            unpredictable=bad,
            u=0,
            p=1,
            w=0,
            offset=offset8,
        ),
        Encoding(
            T32,
            "imm8_writeback",
            f"{_t32_prefix(kind, '0')} 1 p:1 u:1 1 imm8:8",
            see=f"{_see(kind, '')} {one}",
            unpredictable=bad,
            w=1,
            offset=offset8,
        ),
    ]


def _declare(name: str, kind: Kind, ref: str, address: str, encodings: list[Encoding], meaning: Meaning) -> None:
    mnemonic = name.partition("_")[0]
    declare(name, f"{mnemonic}{{c}} {{rt}}, {{{address}}}", f"DDI0406C {ref}", encodings, meaning)


def _family(kind: Kind) -> None:
    immediate, register = _immediate(kind), _register(kind)
    encodings = [*_t16_immediate(kind), *_t32_immediate(kind), _a32_immediate(kind)]
    _declare(f"{kind.name}_imm", kind, kind.imm, "imm_address", encodings, immediate)

    encodings = [
        Encoding(T32, "T1", f"0101 {_T16_REG[kind.name]:03b} rm:3 rn:3 rt:3", **_UP, **_PLAIN),
        Encoding(
            T32,
            "T2",
            f"{_t32_prefix(kind, '0')} 000000 shift_n:2 rm:4",
            see=_see(kind, "reg"),
            unpredictable=_t32_reg_bad(kind),
            shift_t=0,
            **_UP,
        ),
        _a32_register(kind),
    ]
    _declare(f"{kind.name}_reg", kind, kind.reg, "reg_address", encodings, register)

    by_imm, by_reg = _a32_unprivileged(kind)
    t32 = Encoding(
        T32,
        "T1",
        f"{_t32_prefix(kind, '0')} 1110 offset:8",
        see=_see(kind, ""),
        unpredictable=_t32_unprivileged_bad(kind),
        **_UP,
    )
    _declare(f"{kind.name}t_imm", kind, kind.unprivileged, "imm_address", [t32, by_imm], immediate)
    _declare(f"{kind.name}t_reg", kind, kind.unprivileged, "reg_address", [by_reg], register)
    if kind.load:
        _declare_literal(kind)


def _declare_literal(kind: Kind) -> None:
    encodings = [
        Encoding(
            T32,
            "wide",
            f"1111 100 {kind.signed} u:1 {kind.t32} 1111 rt:4 imm12:12",
            see=_see(kind, "literal"),
            unpredictable=lambda rt, mid_it: _t32_bad_rt(kind, rt, mid_it),
            offset=offset12,
            address=t32_literal,
        )
    ]
    a32: dict[str, Any] = {"unpredictable": lambda rt: _a32_bad_rt(kind, rt), "address": a32_literal}
    if kind.name in _A32_EXTRA:
        pattern = f"cond:4 0001 u:1 101 1111 rt:4 imm4h:4 {_A32_EXTRA[kind.name][1]} imm4l:4"
        encodings.append(Encoding(A32, "A1", pattern, offset=offset_split, **a32))
    else:
        pattern = f"cond:4 0101 u:1 {kind.size & 1} 01 1111 rt:4 imm12:12"
        encodings.append(Encoding(A32, "A1", pattern, offset=offset12, **a32))
    if kind.size == 4:
        pattern = "01001 rt:3 imm8:8"
        encodings.append(Encoding(T32, "T1", pattern, u=1, offset=lambda imm8: imm8 << 2, address=t32_literal))
    _declare(f"{kind.name}_literal", kind, kind.literal, "literal", encodings, _literal(kind))


for _kind in KINDS:
    _family(_kind)


# PUSH and POP of one register that is not in the T16 forms: encodings of STR and LDR (A8.8.131, A8.8.133)

declare(
    "push_one",
    "push{c} {{{rt}}}",
    "DDI0406C A8.8.133",
    [
        Encoding(
            T32,
            "T3",
            "1111 1000 0100 1101 rt:4 1101 00000100",
            unpredictable=_t32_bad_pushed,
            rn=13,
            offset=0xFFFFFFFC,
            p=1,
            w=1,
        ),
        Encoding(
            A32,
            "A2",
            "cond:4 0101 0010 1101 rt:4 000000000100",
            unpredictable=lambda rt: rt == 13,
            rn=13,
            offset=0xFFFFFFFC,
            p=1,
            w=1,
        ),
    ],
    _immediate(KINDS[5]),
)
declare(
    "pop_one",
    "pop{c} {{{rt}}}",
    "DDI0406C A8.8.131",
    [
        Encoding(
            T32,
            "T3",
            "1111 1000 0101 1101 rt:4 1011 00000100",
            unpredictable=lambda rt, mid_it: rt == 13 or (rt == 15 and mid_it),
            rn=13,
            offset=4,
            p=0,
            w=1,
        ),
        Encoding(
            A32,
            "A2",
            "cond:4 0100 1001 1101 rt:4 000000000100",
            unpredictable=lambda rt: rt == 13,
            rn=13,
            offset=4,
            p=0,
            w=0,
        ),
    ],
    _immediate(KINDS[0]),
)


# LDRD, STRD


def _dual(m: Machine, load: int, rt: Number, rt2: Number, address: Value, rn: Number, writeback: Value | None) -> None:
    """Move two words. Both are loaded before a register is written."""
    if load:
        first = m.load(address, 4, aligned=True)
        second = m.load(address + 4, 4)
        if writeback is not None:
            m.set_reg(rn, writeback)
        m.set_reg(rt, first)
        m.set_reg(rt2, second)
    else:
        m.store(address, 4, m.reg(rt), aligned=True)
        m.store(address + 4, 4, m.reg(rt2))
        if writeback is not None:
            m.set_reg(rn, writeback)


def _dual_immediate(load: int) -> Meaning:
    def meaning(m: Machine, rn: Number, rt: Number, rt2: Number, offset: Number, p: Number, w: Number) -> None:
        base = m.reg(rn)
        moved = base + offset
        if p:
            _dual(m, load, rt, rt2, moved, rn, moved if w else None)
        else:
            _dual(m, load, rt, rt2, base, rn, moved)

    return meaning


def _dual_register(load: int) -> Meaning:
    def meaning(m: Machine, rn: Number, rt: Number, rt2: Number, rm: Number, u: Number, p: Number, w: Number) -> None:
        base, moved = shifted_address(m, rn, rm, 0, 0, u)
        if p:
            _dual(m, load, rt, rt2, moved, rn, moved if w else None)
        else:
            _dual(m, load, rt, rt2, base, rn, moved)

    return meaning


def ldrd_literal(m: Machine, rt: Number, rt2: Number, address: Number) -> None:
    """Load two words near pc."""
    _dual(m, 1, rt, rt2, m.const(address), 0, None)


def _a32_dual_bad(rn: Number, rt: Number, rt2: Number, p: Number, w: Number) -> bool:
    if rt & 1 or rt == 14:
        return True
    if not p and w:
        return True
    return bool((not p or w) and (rn in (15, rt, rt2)))


def _a32_dual_reg_bad(load: int) -> Callable[..., bool]:
    return lambda rn, rt, rt2, rm, p, w: (
        any_pc(rm) or bool(load and (rm in (rt, rt2))) or _a32_dual_bad(rn, rt, rt2, p, w)
    )


def _t32_dual_bad(load: int) -> Callable[..., bool]:
    def bad(rn: Number, rt: Number, rt2: Number, p: Number, w: Number) -> bool:
        if any_bad(rt, rt2) or (load and rt == rt2) or (not load and rn == 15):
            return True
        return bool((not p or w) and (rn in (15, rt, rt2)))

    return bad


def _second(rt: Number) -> Number:
    return rt + 1


_DUALS = (
    ("ldrd", 1, "1101", "A8.8.72", "A8.8.74"),
    ("strd", 0, "1111", "A8.8.210", "A8.8.211"),
)
for _name, _load, _op, _imm_ref, _reg_ref in _DUALS:
    _see_literal = "ldrd_literal" if _load else ""
    _t32: dict[str, Any] = {"see": _see_literal, "unpredictable": _t32_dual_bad(_load), "offset": offset8_words}
    declare(
        f"{_name}_imm",
        f"{_name}{{c}} {{rt}}, {{rt2}}, {{imm_address}}",
        f"DDI0406C {_imm_ref}",
        [
            Encoding(T32, "T1", f"1110 1001 u:1 1 w:1 {_load} rn:4 rt:4 rt2:4 imm8:8", p=1, **_t32),
            Encoding(T32, "T1_post", f"1110 1000 u:1 11 {_load} rn:4 rt:4 rt2:4 imm8:8", p=0, w=1, **_t32),
            Encoding(
                A32,
                "A1",
                f"cond:4 000 p:1 u:1 1 w:1 0 rn:4 rt:4 imm4h:4 {_op} imm4l:4",
                see=_see_literal,
                unpredictable=_a32_dual_bad,
                rt2=_second,
                offset=offset_split,
            ),
        ],
        _dual_immediate(_load),
    )
    declare(
        f"{_name}_reg",
        f"{_name}{{c}} {{rt}}, {{rt2}}, {{reg_address}}",
        f"DDI0406C {_reg_ref}",
        [
            Encoding(
                A32,
                "A1",
                f"cond:4 000 p:1 u:1 0 w:1 0 rn:4 rt:4 (0000) {_op} rm:4",
                unpredictable=_a32_dual_reg_bad(_load),
                rt2=_second,
                **_PLAIN,
            )
        ],
        _dual_register(_load),
    )
declare(
    "ldrd_literal",
    "ldrd{c} {rt}, {rt2}, {literal}",
    "DDI0406C A8.8.73",
    [
        Encoding(
            T32,
            "T1",
            "1110 1001 u:1 101 1111 rt:4 rt2:4 imm8:8",
            unpredictable=lambda rt, rt2: any_bad(rt, rt2) or bool(rt == rt2),
            offset=offset8_words,
            address=t32_literal,
        ),
        Encoding(
            A32,
            "A1",
            "cond:4 0001 u:1 100 1111 rt:4 imm4h:4 1101 imm4l:4",
            unpredictable=lambda rt: rt & 1 or rt == 14,
            rt2=_second,
            offset=offset_split,
            address=a32_literal,
        ),
    ],
    ldrd_literal,
)
