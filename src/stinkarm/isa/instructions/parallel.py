"""Parallel addition and subtraction (DDI0406C A4.4.7), and SEL, which reads the GE flags that they set."""

from __future__ import annotations

from collections.abc import Callable

from ..declare import A32, T32, Encoding, Meaning, declare, encoding, instruction
from ..fields import Number
from ..operations import Machine, Value
from .unpredictable import bad_rd_rn_rm, pc_rd_rn_rm

# What becomes of a lane's exact 32-bit result: (machine, result, lane width) -> a value whose low bits are kept.
Finish = Callable[[Machine, Value, int], Value]


def _modulo(_m: Machine, exact: Value, _width: int) -> Value:
    return exact


def _signed_saturated(m: Machine, exact: Value, width: int) -> Value:
    return m.signed_saturate(exact, width)


def _unsigned_saturated(m: Machine, exact: Value, width: int) -> Value:
    return m.unsigned_saturate(exact, width)


def _halved(_m: Machine, exact: Value, _width: int) -> Value:
    return exact >> 1


# Prefix, A32 bits 22:20, T32 bits 6:4, are lanes signed, finish, sets GE, sections of the six operations.
PREFIXES: tuple[tuple[str, str, str, bool, Finish, bool, tuple[int, ...]], ...] = (
    ("s", "001", "000", True, _modulo, True, (158, 160, 195, 196, 159, 197)),
    ("q", "010", "001", True, _signed_saturated, False, (135, 137, 140, 142, 136, 143)),
    ("sh", "011", "010", True, _halved, False, (169, 171, 172, 173, 170, 174)),
    ("u", "101", "100", False, _modulo, True, (243, 245, 268, 269, 244, 270)),
    ("uq", "110", "101", False, _unsigned_saturated, False, (258, 260, 261, 262, 259, 263)),
    ("uh", "111", "110", False, _halved, False, (249, 251, 252, 253, 250, 254)),
)

# One lane of a result, lowest first: (does it subtract, the lane of rn, the lane of rm).
Lane = tuple[bool, int, int]

# Name, A32 bits 7:5, T32 bits 22:20, lane width, lanes.
OPERATIONS: tuple[tuple[str, str, str, int, tuple[Lane, ...]], ...] = (
    ("add16", "000", "001", 16, ((False, 0, 0), (False, 1, 1))),
    ("asx", "001", "010", 16, ((True, 0, 1), (False, 1, 0))),
    ("sax", "010", "110", 16, ((False, 0, 1), (True, 1, 0))),
    ("sub16", "011", "101", 16, ((True, 0, 0), (True, 1, 1))),
    ("add8", "100", "000", 8, tuple((False, i, i) for i in range(4))),
    ("sub8", "111", "100", 8, tuple((True, i, i) for i in range(4))),
)


def _lanes(value: Value, width: int, *, signed: bool) -> list[Value]:
    """Split a word into lanes, lowest first, each extended to 32 bits."""
    lanes = [value.bits(low + width - 1, low) for low in range(0, 32, width)]
    return [lane.sext(32) if signed else lane.zext(32) for lane in lanes]


def _joined(m: Machine, parts: list[Value]) -> Value:
    """Join values, lowest first."""
    word = parts[0]
    for part in parts[1:]:
        word = m.join(part, word)
    return word


def parallel(width: int, lanes: tuple[Lane, ...], *, signed: bool, finish: Finish, sets_ge: bool) -> Meaning:
    """Return the meaning of one of the 36 instructions."""

    def meaning(m: Machine, rd: Number, rn: Number, rm: Number) -> None:
        x, y = _lanes(m.reg(rn), width, signed=signed), _lanes(m.reg(rm), width, signed=signed)
        exact = [x[i] - y[j] if subtracts else x[i] + y[j] for subtracts, i, j in lanes]
        if sets_ge:
            # Signed: not negative. Unsigned: a carry out of a sum, no borrow of a difference.
            ge = [
                value.sge(0) if signed or subtracts else value.bit(width)
                for value, (subtracts, _, _) in zip(exact, lanes, strict=True)
            ]
            m.set_ge(_joined(m, [bit.sext(width // 8) for bit in ge]))
        m.set_reg(rd, _joined(m, [finish(m, value, width).trunc(width) for value in exact]))

    return meaning


for _prefix, _a32_prefix, _t32_prefix, _signed, _finish, _sets_ge, _sections in PREFIXES:
    for (_name, _a32, _t32, _width, _of_lanes), _section in zip(OPERATIONS, _sections, strict=True):
        declare(
            _prefix + _name,
            _prefix + _name + "{c} {rd}, {rn}, {rm}",
            f"DDI0406C A8.8.{_section}",
            [
                Encoding(
                    T32,
                    "T1",
                    f"11111 0101 {_t32} rn:4 1111 rd:4 0 {_t32_prefix} rm:4",
                    unpredictable=bad_rd_rn_rm,
                ),
                Encoding(
                    A32,
                    "A1",
                    f"cond:4 01100 {_a32_prefix} rn:4 rd:4 (1111) {_a32} 1 rm:4",
                    unpredictable=pc_rd_rn_rm,
                ),
            ],
            parallel(_width, _of_lanes, signed=_signed, finish=_finish, sets_ge=_sets_ge),
        )


@instruction("sel{c} {rd}, {rn}, {rm}", ref="DDI0406C A8.8.166")
@encoding(T32, "T1", "11111 0101 010 rn:4 1111 rd:4 1000 rm:4", unpredictable=bad_rd_rn_rm)
@encoding(A32, "A1", "cond:4 01101000 rn:4 rd:4 (1111) 1011 rm:4", unpredictable=pc_rd_rn_rm)
def sel(m: Machine, rd: Number, rn: Number, rm: Number) -> None:
    """Take each byte from rn where its GE flag is set, else from rm."""
    ge = m.ge()
    mask = _joined(m, [ge.bit(i).sext(8) for i in range(4)])
    m.set_reg(rd, m.reg(rn) & mask | m.reg(rm) & ~mask)
