"""Advanced SIMD: one register and a modified immediate (DDI0406C A7.4.6)."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, NamedTuple

from ..declare import Encoding, Meaning, declare
from ..fields import Number
from ..operations import Machine
from ..syntax import formatter
from .neon_integer import both, read, write


class _Form(NamedTuple):
    """A row of the table of AdvSIMDExpandImm: cmode, the element's type, and its value of imm8.

    `c` are the bits of cmode that shift; from c == `testimm8` on an imm8 of zero is UNPREDICTABLE.
    """

    cmode: str
    type: str
    expand: Callable[..., Number]
    testimm8: int


def _expand_float(imm8: Number) -> Number:
    """Return aBbbbbbc defgh000... of the bits abcdefgh."""
    exponent = 0x3E000000 if imm8 & 0x40 else 0x40000000
    return (imm8 & 0x80) << 24 | exponent | (imm8 & 0x3F) << 19


# cmode<0> of the first two chooses between VMOV and VORR, or VMVN and VBIC.
_WORDS = _Form("0 c:2 {}", "i32", lambda imm8, c: imm8 << (c << 3), 1)
_HALFWORDS = _Form("10 c:1 {}", "i16", lambda imm8, c: imm8 << (c << 3), 1)
_ONES = _Form("110 c:1", "i32", lambda imm8, c: imm8 << (c << 3) + 8 | (1 << (c << 3) + 8) - 1, 0)
_BYTES = _Form("1110", "i8", lambda imm8: imm8 | 0, 2)
_FLOATS = _Form("1111", "f32", _expand_float, 2)

_REPEAT = {"i8": 0x01010101, "i16": 0x00010001, "i32": 1, "f32": 1}


def _word(type_: str, *, inverted: bool) -> Callable[[Number], Number]:
    """Return what makes an element 32 bits."""
    repeat, flip = _REPEAT[type_], 0xFFFFFFFF * inverted
    return lambda imm: imm * repeat ^ flip


def _zero_from(first: int) -> Callable[..., Any]:
    return lambda c, imm8: c >= first and imm8 == 0


def _encodings(mnemonic: str, op: int, ending: str, *forms: _Form) -> list[Encoding]:
    """Return the encodings of some forms. `ending` is cmode<0> where it is not a form's own."""
    encodings = []
    for form in forms:
        options: dict[str, Any] = {} if "c:" in form.cmode else {"c": 0}
        encodings += both(
            f"1_{form.type}{'_ones' if form is _ONES else ''}",
            f"i:1 1 D:1 000 imm3:3 vd:4 {form.cmode.format(ending)} 0 q:1 {op} 1 imm4:4",
            imm8=lambda i, imm3, imm4: i << 7 | imm3 << 4 | imm4,
            imm=form.expand,
            word=_word(form.type, inverted=op == 1),
            undefined=lambda q, vd: q & vd & 1,
            unpredictable=_zero_from(form.testimm8),
            syntax=f"{mnemonic}{{c}}.{form.type} {{simd_d}}, #{'{imm_float}' if form is _FLOATS else '{imm}'}",
            **options,
        )
    return encodings


def _move(m: Machine, q: Number, dd: Number, word: Number) -> None:
    write(m, dd, read(m, dd, q, 32).like(word))


def _or(m: Machine, q: Number, dd: Number, word: Number) -> None:
    write(m, dd, read(m, dd, q, 32) | word)


def _and(m: Machine, q: Number, dd: Number, word: Number) -> None:
    write(m, dd, read(m, dd, q, 32) & word)


IMMEDIATES: tuple[tuple[str, int, str, tuple[_Form, ...], int, Meaning], ...] = (
    ("vmov", 0, "0", (_WORDS, _HALFWORDS, _ONES, _BYTES, _FLOATS), 339, _move),
    ("vorr", 0, "1", (_WORDS, _HALFWORDS), 359, _or),
    ("vmvn", 1, "0", (_WORDS, _HALFWORDS, _ONES), 353, _move),
    ("vbic", 1, "1", (_WORDS, _HALFWORDS), 288, _and),
)
for _mnemonic, _op, _ending, _forms, _section, _meaning in IMMEDIATES:
    declare(
        f"{_mnemonic}_modified_immediate",
        _mnemonic,
        f"DDI0406C A8.8.{_section}",
        _encodings(_mnemonic, _op, _ending, *_forms),
        _meaning,
    )


def vmov_byte_mask(m: Machine, q: Number, dd: Number, imm8: Number) -> None:
    """Set the bytes whose bits in imm8 are set."""
    old = read(m, dd, q, 8)
    bits = m.from_lanes([m.const(1 << i % 8, 8) for i in range(old.lanes)])
    write(m, dd, (bits & imm8).ne(0).sext(8))


@formatter("byte_mask")
def _byte_mask(imm8: int) -> str:
    return f"{sum(0xFF << 8 * i for i in range(8) if imm8 >> i & 1):#018x}"


@formatter("imm_float")
def _imm_float(imm: int) -> str:
    return f"{struct.unpack('<f', imm.to_bytes(4, 'little'))[0]:.9g}"


declare(
    "vmov_byte_mask",
    "vmov{c}.i64 {simd_d}, #{byte_mask}",
    "DDI0406C A8.8.339",
    both(
        "1",
        "i:1 1 D:1 000 imm3:3 vd:4 1110 0 q:1 1 1 imm4:4",
        imm8=lambda i, imm3, imm4: i << 7 | imm3 << 4 | imm4,
        undefined=lambda q, vd: q & vd & 1,
    ),
    vmov_byte_mask,
)
