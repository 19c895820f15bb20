"""Memory hints: PLD, PLDW, PLI (DDI0406C A5.7.1, A6.3.7 to A6.3.9).

Nothing of them can be seen by a program: even a bad address does nothing.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ..declare import A32, T32, Encoding, declare
from ..fields import Number
from ..operations import Machine
from ..syntax import formatter
from .addressing import offset8, offset12, shift_amount, shift_type
from .unpredictable import any_bad, any_pc

UP: dict[str, Any] = {"u": 1, "p": 1, "w": 0}


def _a32_bad_rm(rm: Number) -> bool:
    return any_pc(rm)


def _t32_bad_rm(rm: Number) -> bool:
    return any_bad(rm)


def hint(m: Machine) -> None:
    """Do nothing: a hint to the memory system."""


@formatter("pld")
def _pld(r: int) -> str:
    return "pld" if r else "pldw"


class Hint(NamedTuple):
    """A hint: its mnemonic, and the bits of its encodings that are its own.

    `t32` are the sign bit, and size and L, as in the loads; `a32` the first twelve bits with an immediate,
    with pc, and with a register.
    """

    name: str
    mnemonic: str
    t32: tuple[str, str]
    a32: tuple[str, str, str]
    refs: tuple[str, str, str]
    t32_options: dict[str, Any]


HINTS = (
    Hint(
        "pld",
        "{pld}",
        ("0", "0 w_bit:1 1"),
        ("1111 0101 u:1 r:1 01", "1111 0101 u:1 (1) 01", "1111 0111 u:1 r:1 01"),
        ("A8.8.126", "A8.8.127", "A8.8.128"),
        {"r": lambda w_bit: 1 - w_bit},
    ),
    Hint(
        "pli",
        "pli",
        ("1", "00 1"),
        ("1111 0100 u:1 101", "1111 0100 u:1 101", "1111 0110 u:1 101"),
        ("A8.8.129", "A8.8.129", "A8.8.130"),
        {},
    ),
    # Unallocated memory hints, which ARMv7 with the Multiprocessing Extensions does as NOP (A5.7.1, A6.3.8).
    Hint(
        "memory_hint",
        "nop",
        ("1", "01 1"),
        ("1111 0100 u:1 001", "1111 0100 u:1 001", "1111 0110 u:1 001"),
        ("A5.7.1, A6.3.8",) * 3,
        {},
    ),
)


def _hint_family(kind: Hint) -> None:
    sign, size = kind.t32
    head, literal = f"1111 100 {sign}", f"{kind.name}_literal"
    t32: dict[str, Any] = {"see": literal, **kind.t32_options}
    a32: dict[str, Any] = {"p": 1, "w": 0}
    declare(
        f"{kind.name}_imm",
        f"{kind.mnemonic}{{c}} {{imm_address}}",
        f"DDI0406C {kind.refs[0]}",
        [
            Encoding(T32, "T1", f"{head} 1 {size} rn:4 1111 offset:12", **UP, **t32),
            Encoding(T32, "T2", f"{head} 0 {size} rn:4 1111 1100 imm8:8", u=0, p=1, w=0, offset=offset8, **t32),
            Encoding(A32, "A1", f"{kind.a32[0]} rn:4 (1111) imm12:12", see=literal, offset=offset12, **a32),
        ],
        hint,
    )
    declare(
        literal,
        f"{kind.mnemonic}{{c}} {{literal}}",
        f"DDI0406C {kind.refs[1]}",
        [
            Encoding(
                T32,
                "T1",
                f"{head} u:1 {size.replace('w_bit:1', '(0)')} 1111 1111 imm12:12",
                offset=offset12,
                r=1,
            ),
            Encoding(A32, "A1", f"{kind.a32[1]} 1111 (1111) imm12:12", offset=offset12, r=1),
        ],
        hint,
    )
    declare(
        f"{kind.name}_reg",
        f"{kind.mnemonic}{{c}} {{reg_address}}",
        f"DDI0406C {kind.refs[2]}",
        [
            Encoding(
                T32,
                "T1",
                f"{head} 0 {size} rn:4 1111 000000 shift_n:2 rm:4",
                unpredictable=_t32_bad_rm,
                shift_t=0,
                **UP,
                **t32,
            ),
            Encoding(
                A32,
                "A1",
                f"{kind.a32[2]} rn:4 (1111) imm5:5 kind:2 0 rm:4",
                unpredictable=_a32_bad_rm,
                shift_t=shift_type,
                shift_n=shift_amount,
                **a32,
            ),
        ],
        hint,
    )


for _hint in HINTS:
    _hint_family(_hint)
