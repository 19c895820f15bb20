"""Data processing (DDI0406C A5.2.1-A5.2.3, A6.2.1-A6.2.4, A6.3.1, A6.3.3, A6.3.11).

The sixteen operations of A32 (and ORN of T32) are one table; each has up to three instructions: `and_imm`, `and_reg`
(operand shifted by a constant) and `and_rsr` (operand shifted by a register).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..declare import A32, T32, Encoding, declare
from ..fields import Number
from ..operations import ASR, LSL, LSR, ROR, RRX, Flags, Machine, Value
from ..syntax import SHIFTS, formatter
from .immediates import (
    a32_expand_imm,
    a32_rotated,
    one_to_32,
    shift_n,
    shift_t,
    t32_bad_imm,
    t32_expand_imm,
    t32_imm12,
    t32_rotated,
)
from .unpredictable import any_bad, any_pc, bad_rd_rn, bad_rd_rn_rm, pc_rd_rn_rm

Options = dict[str, Any]

# What an operation has besides its operand: Rd and Rn, only Rn (it sets flags), only Rd.
THREE, TEST, MOVE = range(3)

A32_IMM: Options = {"imm": a32_expand_imm, "rotated": a32_rotated}
T32_IMM: Options = {"imm12": t32_imm12, "imm": t32_expand_imm, "rotated": t32_rotated}
A32_SHIFT: Options = {"shift_t": shift_t, "shift_n": shift_n}
T32_SHIFT: Options = {"imm5": lambda imm3, imm2: imm3 << 2 | imm2, **A32_SHIFT}
NO_SHIFT: Options = {"shift_t": LSL, "shift_n": 0}


def outside_it(in_it: Number) -> Number:
    """Return the s of a T16 instruction that sets flags outside IT blocks only."""
    return 1 - in_it


@formatter("shift_type")
def _shift_type(type: int) -> str:
    return SHIFTS[type]


# What T32 has in place of ORR (register) without Rn.
MOVES = "mov_reg lsl_imm lsr_imm asr_imm ror_imm rrx"


class Operation:
    """A row of the table: name, opcodes of A32, T32 and T16, sections of DDI0406C A8.8 (immediate, register, shifted).

    `sp`: T32 lets SP be an operand. `see`: the operation that T32 has in place of this one where rd or rn is 1111.
    """

    shifter_carry = False  # whether the shifter's carry out becomes C

    def __init__(
        self,
        name: str,
        opcodes: str,
        sections: str,
        compute: Callable[..., Any],
        *,
        shape: int = THREE,
        sp: bool = False,
        see: str = "",
    ) -> None:
        self.name = name
        self.a32, self.t32, self.t16 = (None if text == "-" else text for text in opcodes.split())
        self.sections = sections.split()
        self.compute = compute
        self.shape = shape
        self.sp = sp
        self.see_imm = f"{see}_imm" if see else ""
        self.see_reg = MOVES if see == "mov" else f"{see}_reg" if see else ""
        # Fields that the shape leaves out; the meaning gets them and does not use them.
        self.fixed: Options = {THREE: {}, TEST: {"s": 1, "rd": 0}, MOVE: {"rn": 0}}[shape]

    def pattern(self, isa: str) -> str:
        """Return the middle of a 32-bit pattern: opcode, s, rn and rd (with % before it in T32)."""
        opcode = self.a32 if isa == A32 else self.t32
        absent = "(0000)" if isa == A32 else "1111"
        s = "1" if self.shape == TEST else "s:1"
        rn = absent if self.shape == MOVE else "rn:4"
        rd = absent if self.shape == TEST else "rd:4"
        return f"{opcode} {s} {rn} {rd}" if isa == A32 else f"{opcode} {s} {rn} % {rd}"

    def syntax(self, operand: str) -> str:
        """Return the template with the given text for the operand."""
        registers = ("{rd}, {rn}", "{rn}", "{rd}")[self.shape]
        s = "" if self.shape == TEST else "{s}"
        return f"{self.name}{s}{{c}} {registers}, {operand}"

    def apply(self, m: Machine, s: Number, x: Value, y: Value, carry: Value | None) -> Value:
        """Compute from Rn and the operand, and set the flags."""
        raise NotImplementedError

    def run(self, m: Machine, s: Number, rd: Number, rn: Number, operand: Value, carry: Value | None = None) -> None:
        """Compute, set flags, write; `carry` is the shifter's, None when C stays."""
        # A move has no Rn, and does not look at it.
        result = self.apply(m, s, operand if self.shape == MOVE else m.reg(rn), operand, carry)
        if self.shape != TEST:
            m.write_alu(rd, result)

    # The meanings

    def imm(self, m: Machine, s: Number, rd: Number, rn: Number, imm: Number, rotated: Number) -> None:
        """Operate on a constant."""
        operand = m.const(imm)
        self.run(m, s, rd, rn, operand, operand.bit(31) if self.shifter_carry and s and rotated else None)

    def reg(self, m: Machine, s: Number, rd: Number, rn: Number, rm: Number, shift_t: Number, shift_n: Number) -> None:
        """Operate on a register shifted by a constant."""
        if self.shifter_carry and s:
            self.run(m, s, rd, rn, *m.shift_c(m.reg(rm), shift_t, shift_n))
        else:
            self.run(m, s, rd, rn, m.shift(m.reg(rm), shift_t, shift_n))

    def rsr(self, m: Machine, s: Number, rd: Number, rn: Number, rm: Number, type: Number, rs: Number) -> None:
        """Operate on a register shifted by a register."""
        if self.shifter_carry and s:
            self.run(m, s, rd, rn, *m.shift_by_register_c(m.reg(rm), type, m.reg(rs)))
        else:
            self.run(m, s, rd, rn, m.shift_by_register(m.reg(rm), type, m.reg(rs)))


class Logical(Operation):
    """An operation on bits: N and Z are the result's, C the shifter's. `compute(x, y)` gives the result."""

    shifter_carry = True

    def apply(self, m: Machine, s: Number, x: Value, y: Value, carry: Value | None) -> Value:
        result: Value = self.compute(x, y)
        if s:
            m.set_nz(result)
            if carry is not None:
                m.set_flag("c", carry)
        return result


class Arithmetic(Operation):
    """An addition or subtraction. `compute(m, x, y)` gives the result and all four flags."""

    def apply(self, m: Machine, s: Number, x: Value, y: Value, carry: Value | None) -> Value:
        result: Value
        flags: Flags
        result, flags = self.compute(m, x, y)
        if s:
            m.set_nzcv(flags)
        return result


# What is UNPREDICTABLE. In A32, SUBS PC, LR and its relatives are, in User mode (B9.3.20). Where rd == 1111 with S is
# another instruction in T32 (or rn == 1111 is), `see` has taken it before.


def a32_unpredictable(rd: Number, s: Number) -> Number:
    """Refuse an exception return."""
    return rd == 15 and s == 1


def a32_rsr_unpredictable(rd: Number, rn: Number, rm: Number, rs: Number) -> bool:
    """Refuse PC anywhere."""
    return any_pc(rd, rn, rm, rs)


def _t32_registers_sp(rd: Number, rn: Number) -> Number:
    return rd == 15 or rn == 15 or (rd == 13 and rn != 13)


def _t32_imm(rd: Number, rn: Number, imm12: Number) -> Number:
    return bad_rd_rn(rd, rn) or t32_bad_imm(imm12)


def _t32_imm_sp(rd: Number, rn: Number, imm12: Number) -> Number:
    return _t32_registers_sp(rd, rn) or t32_bad_imm(imm12)


def _t32_reg_sp(rd: Number, rn: Number, rm: Number, shift_t: Number, shift_n: Number) -> Number:
    if _t32_registers_sp(rd, rn) or any_bad(rm):
        return True
    return rd == 13 and (shift_t != LSL or shift_n > 3)


OPERATIONS = (
    Logical("and", "0000 0000 0000", "13 14 15", lambda x, y: x & y, see="tst"),
    Logical("eor", "0001 0100 0001", "46 47 48", lambda x, y: x ^ y, see="teq"),
    Arithmetic("sub", "0010 1101 -", "221 223 224", lambda m, x, y: m.subtract(x, y), sp=True, see="cmp"),
    Arithmetic("rsb", "0011 1110 -", "152 153 154", lambda m, x, y: m.subtract(y, x)),
    Arithmetic("add", "0100 1000 -", "4 6 8", lambda m, x, y: m.add(x, y), sp=True, see="cmn"),
    Arithmetic("adc", "0101 1010 0101", "1 2 3", lambda m, x, y: m.add_with_carry(x, y, m.carry())),
    Arithmetic("sbc", "0110 1011 0110", "161 162 163", lambda m, x, y: m.add_with_carry(x, ~y, m.carry())),
    Arithmetic("rsc", "0111 - -", "155 156 157", lambda m, x, y: m.add_with_carry(~x, y, m.carry())),
    Logical("tst", "1000 0000 1000", "240 241 242", lambda x, y: x & y, shape=TEST),
    Logical("teq", "1001 0100 -", "237 238 239", lambda x, y: x ^ y, shape=TEST),
    Arithmetic("cmp", "1010 1101 1010", "37 38 39", lambda m, x, y: m.subtract(x, y), shape=TEST, sp=True),
    Arithmetic("cmn", "1011 1000 1011", "34 35 36", lambda m, x, y: m.add(x, y), shape=TEST, sp=True),
    Logical("orr", "1100 0010 1100", "122 123 124", lambda x, y: x | y, see="mov"),
    Logical("mov", "1101 0010 -", "102", lambda x, y: y, shape=MOVE),
    Logical("bic", "1110 0001 1110", "21 22 23", lambda x, y: x & ~y),
    Logical("mvn", "1111 0011 1111", "115 116 117", lambda x, y: ~y, shape=MOVE),
    Logical("orn", "- 0011 -", "120 121", lambda x, y: x | ~y, see="mvn"),
)

# T16 forms beyond the ones that the opcode of A6.2.2 gives, and T32 forms of their own.

_SMALL: Options = {"rotated": 0, "s": outside_it}

EXTRA: dict[str, list[Encoding]] = {
    "add_imm": [
        Encoding(T32, "T1", "000 11 1 0 imm3:3 rn:3 rd:3", imm=lambda imm3: imm3, **_SMALL),
        Encoding(
            T32, "T2", "001 10 rdn:3 imm8:8", rd=lambda rdn: rdn, rn=lambda rdn: rdn, imm=lambda imm8: imm8, **_SMALL
        ),
    ],
    "sub_imm": [
        Encoding(T32, "T1", "000 11 1 1 imm3:3 rn:3 rd:3", imm=lambda imm3: imm3, **_SMALL),
        Encoding(
            T32, "T2", "001 11 rdn:3 imm8:8", rd=lambda rdn: rdn, rn=lambda rdn: rdn, imm=lambda imm8: imm8, **_SMALL
        ),
    ],
    "rsb_imm": [Encoding(T32, "T1", "010000 1001 rn:3 rd:3", imm=0, **_SMALL)],
    "cmp_imm": [Encoding(T32, "T1", "001 01 rn:3 imm8:8", imm=lambda imm8: imm8, rotated=0, s=1, rd=0)],
    "mov_imm": [Encoding(T32, "T1", "001 00 rd:3 imm8:8", imm=lambda imm8: imm8, rn=0, **_SMALL)],
    "add_reg": [
        Encoding(T32, "T1", "000 11 0 0 rm:3 rn:3 rd:3", s=outside_it, **NO_SHIFT),
        # With SP as Rdn or Rm this is ADD (SP plus register) T1 and T2, A8.8.10.
        Encoding(
            T32,
            "T2",
            "010001 00 dn:1 rm:4 rdn:3",
            rd=lambda dn, rdn: dn << 3 | rdn,
            rn=lambda rd: rd,
            s=0,
            unpredictable=lambda rd, rm, mid_it: rd == 15 and (rm == 15 or mid_it == 1),
            **NO_SHIFT,
        ),
    ],
    "sub_reg": [Encoding(T32, "T1", "000 11 0 1 rm:3 rn:3 rd:3", s=outside_it, **NO_SHIFT)],
}

CMP_REG_T2 = Encoding(
    T32,
    "T2",
    "010001 01 n:1 rm:4 rn3:3",
    rn=lambda n, rn3: n << 3 | rn3,
    rd=0,
    s=1,
    unpredictable=lambda rn, rm: rn == 15 or rm == 15 or (rn < 8 and rm < 8),
    **NO_SHIFT,
)


def _wide_adds(name: str, opcode: str) -> Encoding:
    """Return ADDW or SUBW: a 12-bit constant, flags left alone."""
    return Encoding(
        T32,
        "T4",
        f"11110 i:1 {opcode} 0 rn:4 0 imm3:3 rd:4 imm8:8",
        see="adr",
        syntax=f"{name}w{{c}} {{rd}}, {{rn}}, #{{imm}}",
        imm=t32_imm12,
        rotated=0,
        s=0,
        unpredictable=_t32_registers_sp,
    )


def _t16(operation: Operation) -> list[Encoding]:
    """Return the encoding of a register form that A6.2.2 gives."""
    if operation.t16 is None:
        return []
    registers = ("rm:3 rdn:3", "rm:3 rn:3", "rm:3 rd:3")[operation.shape]
    options = operation.fixed | {"s": 1 if operation.shape == TEST else outside_it}
    if operation.shape == THREE:
        options |= {"rd": lambda rdn: rdn, "rn": lambda rdn: rdn}
    return [Encoding(T32, "T1", f"010000 {operation.t16} {registers}", **options, **NO_SHIFT)]


def _declare_imm(operation: Operation) -> None:
    name = f"{operation.name}_imm"
    encodings = EXTRA.get(name, [])
    fixed = operation.fixed
    if operation.t32:
        encodings.append(
            Encoding(
                T32,
                f"T{len(encodings) + 1}",
                "11110 i:1 0 " + operation.pattern(T32).replace("%", "0 imm3:3") + " imm8:8",
                see=operation.see_imm,
                unpredictable=_t32_imm_sp if operation.sp else _t32_imm,
                **fixed,
                **T32_IMM,
            )
        )
    if operation.name in ("add", "sub"):
        encodings.append(_wide_adds(operation.name, {"add": "10000", "sub": "10101"}[operation.name]))
    if operation.a32:
        encodings.append(
            Encoding(
                A32,
                "A1",
                f"cond:4 001 {operation.pattern(A32)} imm12:12",
                syntax=operation.syntax("{a32_imm}"),
                see="adr" if operation.name in ("add", "sub") else "",
                unpredictable=a32_unpredictable,
                **fixed,
                **A32_IMM,
            )
        )
    declare(name, operation.syntax("#{imm}"), f"DDI0406C A8.8.{operation.sections[0]}", encodings, operation.imm)


def _declare_reg(operation: Operation) -> None:
    name = f"{operation.name}_reg"
    encodings = EXTRA.get(name, []) + _t16(operation)
    if operation.name == "cmp":
        encodings.append(CMP_REG_T2)
    if operation.t32:
        encodings.append(
            Encoding(
                T32,
                f"T{len(encodings) + 1}",
                "11101 01 " + operation.pattern(T32).replace("%", "(0) imm3:3") + " imm2:2 type:2 rm:4",
                see=operation.see_reg,
                unpredictable=_t32_reg_sp if operation.sp else bad_rd_rn_rm,
                **operation.fixed,
                **T32_SHIFT,
            )
        )
    if operation.a32:
        encodings.append(
            Encoding(
                A32,
                "A1",
                f"cond:4 000 {operation.pattern(A32)} imm5:5 type:2 0 rm:4",
                unpredictable=a32_unpredictable,
                **operation.fixed,
                **A32_SHIFT,
            )
        )
    declare(name, operation.syntax("{rm}{shift}"), f"DDI0406C A8.8.{operation.sections[1]}", encodings, operation.reg)


def _declare_rsr(operation: Operation) -> None:
    a1 = Encoding(
        A32,
        "A1",
        f"cond:4 000 {operation.pattern(A32)} rs:4 0 type:2 1 rm:4",
        unpredictable=a32_rsr_unpredictable,
        **operation.fixed,
    )
    syntax = operation.syntax("{rm}, {shift_type} {rs}")
    declare(f"{operation.name}_rsr", syntax, f"DDI0406C A8.8.{operation.sections[2]}", [a1], operation.rsr)


MOV = next(operation for operation in OPERATIONS if operation.name == "mov")

for _operation in OPERATIONS:
    _declare_imm(_operation)
    if _operation is not MOV:  # its register forms are MOV, LSL, LSR, ASR, ROR and RRX, below
        _declare_reg(_operation)
        if _operation.a32:
            _declare_rsr(_operation)


# ADD and SUB with SP in T16; their other encodings are those of add_imm, sub_imm, add_reg and sub_reg.

ADD = next(operation for operation in OPERATIONS if operation.name == "add")
SUB = next(operation for operation in OPERATIONS if operation.name == "sub")

_SP: Options = {"rn": 13, "s": 0, "rotated": 0}
_SP7: Options = {"rd": 13, "imm": lambda imm7: imm7 << 2, **_SP}

declare(
    "add_sp_imm",
    ADD.syntax("#{imm}"),
    "DDI0406C A8.8.9",
    [
        Encoding(T32, "T1", "1010 1 rd:3 imm8:8", imm=lambda imm8: imm8 << 2, **_SP),
        Encoding(T32, "T2", "1011 0000 0 imm7:7", **_SP7),
    ],
    ADD.imm,
)
declare(
    "sub_sp_imm",
    SUB.syntax("#{imm}"),
    "DDI0406C A8.8.225",
    [Encoding(T32, "T1", "1011 0000 1 imm7:7", **_SP7)],
    SUB.imm,
)


def adr(m: Machine, rd: Number, target: Number) -> None:
    """Form a PC-relative address."""
    m.write_alu(rd, m.const(target))


def _bad_rd(rd: Number) -> Number:
    return any_bad(rd)


declare(
    "adr",
    "adr{c} {rd}, {target}",
    "DDI0406C A8.8.12",
    [
        Encoding(
            T32, "T1", "1010 0 rd:3 imm8:8", target=lambda pc, imm8: (pc + 4 & 0xFFFFFFFC) + (imm8 << 2) & 0xFFFFFFFF
        ),
        Encoding(
            T32,
            "T2",
            "11110 i:1 10101 0 1111 0 imm3:3 rd:4 imm8:8",
            imm12=t32_imm12,
            target=lambda pc, imm12: (pc + 4 & 0xFFFFFFFC) - imm12 & 0xFFFFFFFF,
            unpredictable=_bad_rd,
        ),
        Encoding(
            T32,
            "T3",
            "11110 i:1 10000 0 1111 0 imm3:3 rd:4 imm8:8",
            imm12=t32_imm12,
            target=lambda pc, imm12: (pc + 4 & 0xFFFFFFFC) + imm12 & 0xFFFFFFFF,
            unpredictable=_bad_rd,
        ),
        Encoding(
            A32,
            "A1",
            "cond:4 001 0100 0 1111 rd:4 imm12:12",
            target=lambda pc, imm12: pc + 8 + a32_expand_imm(imm12) & 0xFFFFFFFF,
        ),
        Encoding(
            A32,
            "A2",
            "cond:4 001 0010 0 1111 rd:4 imm12:12",
            target=lambda pc, imm12: pc + 8 - a32_expand_imm(imm12) & 0xFFFFFFFF,
        ),
    ],
    adr,
)


# MOV of a register, and of one shifted by a constant: LSL, LSR, ASR, ROR, RRX.

_T32_MOVE = "11101 01 0010 s:1 1111 (0)"


def _t32_move_unpredictable(rd: Number, rm: Number) -> bool:
    return any_bad(rd, rm)


def mov_reg(m: Machine, s: Number, rd: Number, rm: Number) -> None:
    """Copy a register."""
    MOV.run(m, s, rd, 0, m.reg(rm))


declare(
    "mov_reg",
    "mov{s}{c} {rd}, {rm}",
    "DDI0406C A8.8.103",
    [
        Encoding(
            T32,
            "T1",
            "010001 10 d:1 rm:4 rd3:3",
            rd=lambda d, rd3: d << 3 | rd3,
            s=0,
            unpredictable=lambda rd, mid_it: rd == 15 and mid_it == 1,
        ),
        Encoding(T32, "T2", "000 00 00000 rm:3 rd:3", s=1, unpredictable=lambda in_it: in_it == 1),
        Encoding(
            T32,
            "T3",
            f"{_T32_MOVE} 000 rd:4 00 00 rm:4",
            unpredictable=lambda s, rd, rm: any_bad(rd, rm) if s else rd == 15 or rm == 15 or (rd == 13 and rm == 13),
        ),
        Encoding(A32, "A1", "cond:4 000 1101 s:1 (0000) rd:4 00000 00 0 rm:4", unpredictable=a32_unpredictable),
    ],
    mov_reg,
)


def _declare_shift(kind: int, section: int, see: str, t16: bool) -> None:
    """Declare the shift of a register by a constant (not 0 for LSL and ROR: that is another instruction)."""
    bits = f"{kind:02b}"
    amount: Options = {"shift_n": one_to_32 if kind in (LSR, ASR) else lambda imm5: imm5}

    def meaning(m: Machine, s: Number, rd: Number, rm: Number, shift_n: Number) -> None:
        MOV.reg(m, s, rd, 0, rm, kind, shift_n)

    encodings = [Encoding(T32, "T1", f"000 {bits} imm5:5 rm:3 rd:3", see=see, s=outside_it, **amount)] if t16 else []
    encodings += [
        Encoding(
            T32,
            f"T{len(encodings) + 1}",
            f"{_T32_MOVE} imm3:3 rd:4 imm2:2 {bits} rm:4",
            see=see,
            imm5=lambda imm3, imm2: imm3 << 2 | imm2,
            unpredictable=_t32_move_unpredictable,
            **amount,
        ),
        Encoding(
            A32,
            "A1",
            f"cond:4 000 1101 s:1 (0000) rd:4 imm5:5 {bits} 0 rm:4",
            see=see,
            unpredictable=a32_unpredictable,
            **amount,
        ),
    ]
    mnemonic = SHIFTS[kind]
    declare(
        f"{mnemonic}_imm",
        f"{mnemonic}{{s}}{{c}} {{rd}}, {{rm}}, #{{shift_n}}",
        f"DDI0406C A8.8.{section}",
        encodings,
        meaning,
    )


_declare_shift(LSL, 94, "mov_reg", True)
_declare_shift(LSR, 96, "", True)
_declare_shift(ASR, 16, "", True)
_declare_shift(ROR, 149, "rrx", False)


def rrx(m: Machine, s: Number, rd: Number, rm: Number) -> None:
    """Rotate right by one bit through C."""
    MOV.reg(m, s, rd, 0, rm, RRX, 1)


declare(
    "rrx",
    "rrx{s}{c} {rd}, {rm}",
    "DDI0406C A8.8.151",
    [
        Encoding(T32, "T1", f"{_T32_MOVE} 000 rd:4 00 11 rm:4", unpredictable=_t32_move_unpredictable),
        Encoding(A32, "A1", "cond:4 000 1101 s:1 (0000) rd:4 00000 11 0 rm:4", unpredictable=a32_unpredictable),
    ],
    rrx,
)


# Shifts by a register.


def _declare_register_shift(kind: int, section: int, t16: str) -> None:
    bits = f"{kind:02b}"

    def meaning(m: Machine, s: Number, rd: Number, rn: Number, rm: Number) -> None:
        MOV.rsr(m, s, rd, 0, rn, kind, rm)

    mnemonic = SHIFTS[kind]
    declare(
        f"{mnemonic}_reg",
        f"{mnemonic}{{s}}{{c}} {{rd}}, {{rn}}, {{rm}}",
        f"DDI0406C A8.8.{section}",
        [
            Encoding(T32, "T1", f"010000 {t16} rm:3 rdn:3", rd=lambda rdn: rdn, rn=lambda rdn: rdn, s=outside_it),
            Encoding(
                T32,
                "T2",
                f"11111 010 0 {bits} s:1 rn:4 1111 rd:4 0000 rm:4",
                unpredictable=bad_rd_rn_rm,
            ),
            Encoding(
                A32,
                "A1",
                f"cond:4 000 1101 s:1 (0000) rd:4 rm:4 0 {bits} 1 rn:4",
                unpredictable=pc_rd_rn_rm,
            ),
        ],
        meaning,
    )


_declare_register_shift(LSL, 95, "0010")
_declare_register_shift(LSR, 97, "0011")
_declare_register_shift(ASR, 17, "0100")
_declare_register_shift(ROR, 150, "0111")


# MOVW and MOVT.


def movw(m: Machine, rd: Number, imm16: Number) -> None:
    """Write a 16-bit constant."""
    m.set_reg(rd, m.const(imm16))


def movt(m: Machine, rd: Number, imm16: Number) -> None:
    """Write the top halfword."""
    m.set_reg(rd, m.reg(rd) & 0xFFFF | m.const(imm16) << 16)


def _halfword(t32_opcode: str, a32_opcode: str, names: tuple[str, str]) -> list[Encoding]:
    return [
        Encoding(
            T32,
            names[0],
            f"11110 i:1 {t32_opcode} imm4:4 0 imm3:3 rd:4 imm8:8",
            imm16=lambda imm4, i, imm3, imm8: imm4 << 12 | t32_imm12(i, imm3, imm8),
            unpredictable=_bad_rd,
        ),
        Encoding(
            A32,
            names[1],
            f"cond:4 {a32_opcode} imm4:4 rd:4 imm12:12",
            imm16=lambda imm4, imm12: imm4 << 12 | imm12,
            unpredictable=lambda rd: rd == 15,
        ),
    ]


declare("movw", "movw{c} {rd}, #{imm16}", "DDI0406C A8.8.102", _halfword("100100", "00110000", ("T3", "A2")), movw)
declare("movt", "movt{c} {rd}, #{imm16}", "DDI0406C A8.8.106", _halfword("101100", "00110100", ("T1", "A1")), movt)
