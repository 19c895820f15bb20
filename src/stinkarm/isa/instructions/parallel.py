"""Parallel addition and subtraction (DDI0406C A4.4.7), and SEL, which reads the GE flags that they set."""

from __future__ import annotations

from collections.abc import Callable

from ..declare import A32, T32, Encoding, Meaning, declare, encoding, instruction
from ..fields import Number
from ..operations import Machine, Value
from .unpredictable import bad_rd_rn_rm, pc_rd_rn_rm

# Combines two vectors of lanes: (x, y, are lanes signed, subtract) -> the lanes of the result.
Arithmetic = Callable[[Value, Value, bool, bool], Value]


def _modulo(x: Value, y: Value, _signed: bool, subtract: bool) -> Value:
    return x - y if subtract else x + y


def _saturating(x: Value, y: Value, signed: bool, subtract: bool) -> Value:
    return x.saturating_subtract(y, signed=signed) if subtract else x.saturating_add(y, signed=signed)


def _exact(x: Value, y: Value, signed: bool, subtract: bool) -> Value:
    """Return lanes twice as wide."""
    wide = 2 * x.width
    x, y = (x.sext(wide), y.sext(wide)) if signed else (x.zext(wide), y.zext(wide))
    return x - y if subtract else x + y


def _halving(x: Value, y: Value, signed: bool, subtract: bool) -> Value:
    return (_exact(x, y, signed, subtract) >> 1).trunc(x.width)


def _greater_or_equal(x: Value, y: Value, signed: bool, subtract: bool) -> Value:
    """Return GE, one bit a lane. Signed: not negative. Unsigned: a sum carries, a difference does not borrow."""
    if signed:
        return _exact(x, y, signed, subtract).sge(0)
    return x.uge(y) if subtract else (x + y).ult(x)


# Prefix, A32 bits 22:20, T32 bits 6:4, are lanes signed, arithmetic, sets GE, sections of the six operations.
PREFIXES: tuple[tuple[str, str, str, bool, Arithmetic, bool, tuple[int, ...]], ...] = (
    ("s", "001", "000", True, _modulo, True, (158, 160, 195, 196, 159, 197)),
    ("q", "010", "001", True, _saturating, False, (135, 137, 140, 142, 136, 143)),
    ("sh", "011", "010", True, _halving, False, (169, 171, 172, 173, 170, 174)),
    ("u", "101", "100", False, _modulo, True, (243, 245, 268, 269, 244, 270)),
    ("uq", "110", "101", False, _saturating, False, (258, 260, 261, 262, 259, 263)),
    ("uh", "111", "110", False, _halving, False, (249, 251, 252, 253, 250, 254)),
)

# Name, A32 bits 7:5, T32 bits 22:20, lane width, does it exchange rm's halves, does each lane subtract (lowest first).
OPERATIONS: tuple[tuple[str, str, str, int, bool, tuple[bool, ...]], ...] = (
    ("add16", "000", "001", 16, False, (False, False)),
    ("asx", "001", "010", 16, True, (True, False)),
    ("sax", "010", "110", 16, True, (False, True)),
    ("sub16", "011", "101", 16, False, (True, True)),
    ("add8", "100", "000", 8, False, (False,) * 4),
    ("sub8", "111", "100", 8, False, (True,) * 4),
)


def parallel(
    width: int, exchange: bool, subtracts: tuple[bool, ...], *, signed: bool, arithmetic: Arithmetic, sets_ge: bool
) -> Meaning:
    """Return the meaning of one of the 36 instructions."""

    def in_lanes(m: Machine, combine: Arithmetic, x: Value, y: Value) -> Value:
        if len(set(subtracts)) == 1:
            return combine(x, y, signed, subtracts[0])
        sums, differences = combine(x, y, signed, False), combine(x, y, signed, True)
        return m.shuffle(sums, differences, [i + len(subtracts) * subtract for i, subtract in enumerate(subtracts)])

    def meaning(m: Machine, rd: Number, rn: Number, rm: Number) -> None:
        x, y = m.reinterpret(m.reg(rn), width), m.reinterpret(m.reg(rm), width)
        if exchange:
            y = m.shuffle(y, y, (1, 0))
        if sets_ge:
            # GE has a bit a byte: a halfword's goes to both of its bytes.
            ge = m.reinterpret(in_lanes(m, _greater_or_equal, x, y).sext(width), 8)
            m.set_ge(m.reinterpret(ge.slt(0), 4))
        m.set_reg(rd, m.reinterpret(in_lanes(m, arithmetic, x, y), 32))

    return meaning


for _prefix, _a32_prefix, _t32_prefix, _signed, _arithmetic, _sets_ge, _sections in PREFIXES:
    for (_name, _a32, _t32, _width, _exchange, _subtracts), _section in zip(OPERATIONS, _sections, strict=True):
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
            parallel(_width, _exchange, _subtracts, signed=_signed, arithmetic=_arithmetic, sets_ge=_sets_ge),
        )


@instruction("sel{c} {rd}, {rn}, {rm}", ref="DDI0406C A8.8.166")
@encoding(T32, "T1", "11111 0101 010 rn:4 1111 rd:4 1000 rm:4", unpredictable=bad_rd_rn_rm)
@encoding(A32, "A1", "cond:4 01101000 rn:4 rd:4 (1111) 1011 rm:4", unpredictable=pc_rd_rn_rm)
def sel(m: Machine, rd: Number, rn: Number, rm: Number) -> None:
    """Take each byte from rn where its GE flag is set, else from rm."""
    x, y = m.reinterpret(m.reg(rn), 8), m.reinterpret(m.reg(rm), 8)
    m.set_reg(rd, m.reinterpret(m.select(m.reinterpret(m.ge(), 1), x, y), 32))
