"""Advanced SIMD element and structure loads and stores (DDI0406C A7.7).

Structure k of a transfer is made of element k of each of its registers. What the manual calls UNDEFINED is not
declared. The data's byte order is that of the elements, so that loads say how wide they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..declare import A32, T32, Encoding, Meaning, declare
from ..fields import Number
from ..operations import Machine, Value
from ..syntax import REGISTERS, formatter

PAIR = 16  # bytes that one access moves at most

_MULTIPLE_REFS = {
    ("vld", 1): "A8.8.320",
    ("vld", 2): "A8.8.323",
    ("vld", 3): "A8.8.326",
    ("vld", 4): "A8.8.329",
    ("vst", 1): "A8.8.404",
    ("vst", 2): "A8.8.406",
    ("vst", 3): "A8.8.408",
    ("vst", 4): "A8.8.410",
}
_LANE_REFS = {
    ("vld", 1): "A8.8.321",
    ("vld", 2): "A8.8.324",
    ("vld", 3): "A8.8.327",
    ("vld", 4): "A8.8.330",
    ("vst", 1): "A8.8.405",
    ("vst", 2): "A8.8.407",
    ("vst", 3): "A8.8.409",
    ("vst", 4): "A8.8.411",
}
_ALL_LANES_REFS = {1: "A8.8.322", 2: "A8.8.325", 3: "A8.8.328", 4: "A8.8.331"}


# Registers, alignment and writeback of all forms. `dd` is the first register, `inc` the distance to the next one;
# `mask` has the address bits that must be zero; `step` is what a post-indexed form without a register adds.


def _first(D: Number, vd: Number) -> Number:
    return D << 4 | vd


def _beyond(registers: int) -> Callable[..., Any]:
    """Return the predicate of base pc, or of registers after d31."""
    return lambda rn, dd, inc: rn == 15 or dd + (registers - 1) * inc > 31


def _step(size: int) -> Callable[[Number], Number]:
    """Return how many bytes are stepped over: `size`, or none without writeback."""
    return lambda rm: (rm != 15) * size


def _both(
    load: int,
    body: str,
    *,
    form: int,
    name: str,
    registers: int,
    structure: int,
    size: int | Callable[..., Number],
    inc: Number | Callable[..., Number],
    mask: Number | Callable[..., Number],
    **options: Any,
) -> list[Encoding]:
    """Return the A32 and the T32 encoding of bits 11 to 4.

    `form` is bit 23; `registers` how many registers there are from `dd` on, each `inc` after the one before;
    `structure` the bytes transferred.
    """
    fields = {
        "dd": _first,
        "inc": inc,
        "mask": mask,
        "step": _step(structure),
        "ebytes": size,
        "count": registers,
        "unpredictable": _beyond(registers),
        **options,
    }
    pattern = f"{form} D:1 {load} 0 rn:4 vd:4 {body} rm:4"
    return [
        Encoding(A32, f"A{name}", f"1111 0100 {pattern}", extension="neon", shared=True, **fields),
        Encoding(T32, f"T{name}", f"1111 1001 {pattern}", extension="neon", shared=True, **fields),
    ]


def _write_back(m: Machine, rn: Number, rm: Number, base: Value, step: Number) -> None:
    """Move the base register on: by `step`, which is 0 without writeback, or by rm."""
    if (rm | 2) == 15:
        m.set_reg(rn, base + step)
    else:
        m.set_reg(rn, base + m.reg(rm))


# Multiple structures. A group is a register, or a pair of them that follow each other where `wide`.


def _load_all(m: Machine, address: Value, count: int, size: Number) -> Value:
    """Load `count` doublewords of elements, in lanes of 64 bits."""
    lanes: list[Value] = []
    for offset in range(0, 8 * count, PAIR):
        part = m.load_elements(address + offset, min(PAIR, 8 * count - offset) * 8, size)
        lanes += [m.lane(part, i) for i in range(part.lanes)]
    return m.from_lanes(lanes)


def _store_all(m: Machine, address: Value, value: Value, size: Number) -> None:
    """Store doublewords of elements, given in lanes of 64 bits."""
    for first in range(0, value.lanes, 2):
        lanes = [m.lane(value, i) for i in range(first, min(first + 2, value.lanes))]
        m.store_elements(address + 8 * first, m.from_lanes(lanes), size)


def _deinterleaved(m: Machine, value: Value, groups: int, size: int) -> list[Value]:
    """Return the vectors whose elements alternate in `value`."""
    elements = m.reinterpret(value, 8 * size)
    return [m.shuffle(elements, elements, range(k, elements.lanes, groups)) for k in range(groups)]


def _interleaved(m: Machine, vectors: list[Value], size: int) -> Value:
    """Return the elements of the vectors in turn, as lanes of 64 bits."""
    words = [m.reinterpret(vector, 64) for vector in vectors]
    whole = m.from_lanes([m.lane(word, i) for word in words for i in range(word.lanes)])
    elements = m.reinterpret(whole, 8 * size)
    each = elements.lanes // len(vectors)
    order = [k * each + i for i in range(each) for k in range(len(vectors))]
    return m.reinterpret(m.shuffle(elements, elements, order), 64)


def _vld1(
    m: Machine, rn: Number, rm: Number, dd: Number, mask: Number, step: Number, ebytes: Number, count: int
) -> None:
    base = m.reg(rn)
    m.check_aligned(base, mask, write=False)
    value = _load_all(m, base, count, ebytes)
    m.set_vector(dd << 1, value)
    _write_back(m, rn, rm, base, step)


def _vst1(
    m: Machine, rn: Number, rm: Number, dd: Number, mask: Number, step: Number, ebytes: Number, count: int
) -> None:
    base = m.reg(rn)
    m.check_aligned(base, mask, write=True)
    _store_all(m, base, m.vector(dd << 1, 64 * count, 64), ebytes)
    _write_back(m, rn, rm, base, step)


def _load_structures(groups: int) -> Meaning:
    def meaning(
        m: Machine,
        rn: Number,
        rm: Number,
        dd: Number,
        inc: Number,
        mask: Number,
        step: Number,
        ebytes: int,
        wide: int,
    ) -> None:
        base = m.reg(rn)
        m.check_aligned(base, mask, write=False)
        vectors = _deinterleaved(m, _load_all(m, base, groups << wide, ebytes), groups, ebytes)
        for k, vector in enumerate(vectors):
            m.set_vector(dd + k * inc << 1, vector)
        _write_back(m, rn, rm, base, step)

    return meaning


def _store_structures(groups: int) -> Meaning:
    def meaning(
        m: Machine,
        rn: Number,
        rm: Number,
        dd: Number,
        inc: Number,
        mask: Number,
        step: Number,
        ebytes: int,
        wide: int,
    ) -> None:
        base = m.reg(rn)
        m.check_aligned(base, mask, write=True)
        vectors = [m.vector(dd + k * inc << 1, 64 << wide, 8 * ebytes) for k in range(groups)]
        _store_all(m, base, _interleaved(m, vectors, ebytes), ebytes)
        _write_back(m, rn, rm, base, step)

    return meaning


def _mask_of(align: Number) -> Number:
    """Return the mask of an align field: none, 64, 128 or 256 bits."""
    return 0x1F0F0700 >> (align << 3) & 0xFF


# The largest alignment that the align field may name, in bits; the larger ones are UNDEFINED.
_ALIGN: dict[int, tuple[str, Callable[..., Any] | None]] = {
    64: ("0 align:1", None),
    128: ("align:2", lambda align: align == 3),
    256: ("align:2", None),
}
_SIZES = (("8", "00", 1), ("16", "01", 2), ("32", "10", 4))


def _multiple_1(name: str, load: int) -> None:
    encodings = []
    for count, kind, most in ((1, "0111", 64), (2, "1010", 128), (3, "0110", 64), (4, "0010", 256)):
        align, undefined = _ALIGN[most]
        encodings += _both(
            load,
            f"{kind} size:2 {align}",
            form=0,
            name=f"1_{count}",
            registers=count,
            structure=8 * count,
            size=lambda size: 1 << size,
            inc=1,
            mask=_mask_of,
            wide=0,
            undefined=undefined,
        )
    declare(
        f"{name}1_multiple",
        f"{name}1.{{element_bits}} {{structures}}, {{structure_address}}",
        f"DDI0406C {_MULTIPLE_REFS[name, 1]}",
        encodings,
        _vld1 if load else _vst1,
    )


def _next(spacing: Number) -> Number:
    return spacing + 1


def _multiple(name: str, load: int, structures: int) -> None:
    encodings = []
    kinds = {
        2: (("", "100 spacing:1", 0, 128), ("_4", "0011", 1, 256)),
        3: (("", "010 spacing:1", 0, 64),),
        4: (("", "000 spacing:1", 0, 256),),
    }[structures]
    for form, kind, wide, most in kinds:
        align, undefined = _ALIGN[most]
        for bits, size, ebytes in _SIZES:
            encodings += _both(
                load,
                f"{kind} {size} {align}",
                form=0,
                name=f"1{form}_{bits}",
                registers=structures,
                structure=8 * structures << wide,
                size=ebytes,
                inc=2 if wide else _next,
                mask=_mask_of,
                wide=wide,
                undefined=undefined,
                **({"unpredictable": lambda rn, dd: rn == 15 or dd > 28, "count": 4} if wide else {}),
            )
    declare(
        f"{name}{structures}_multiple",
        f"{name}{structures}.{{element_bits}} {{structures}}, {{structure_address}}",
        f"DDI0406C {_MULTIPLE_REFS[name, structures]}",
        encodings,
        _load_structures(structures) if load else _store_structures(structures),
    )


# One structure, to or from one lane


def _load_lane(structures: int) -> Meaning:
    def meaning(
        m: Machine,
        rn: Number,
        rm: Number,
        dd: Number,
        inc: Number,
        mask: Number,
        step: Number,
        ebytes: int,
        lane: Number,
    ) -> None:
        base = m.reg(rn)
        m.check_aligned(base, mask, write=False)
        elements = [m.load(base + k * ebytes, ebytes) for k in range(structures)]
        for k, element in enumerate(elements):
            m.set_element((dd + k * inc << 3) + lane * ebytes, ebytes, element)
        _write_back(m, rn, rm, base, step)

    return meaning


def _store_lane(structures: int) -> Meaning:
    def meaning(
        m: Machine,
        rn: Number,
        rm: Number,
        dd: Number,
        inc: Number,
        mask: Number,
        step: Number,
        ebytes: int,
        lane: Number,
    ) -> None:
        base = m.reg(rn)
        m.check_aligned(base, mask, write=True)
        for k in range(structures):
            m.store(base + k * ebytes, ebytes, m.element((dd + k * inc << 3) + lane * ebytes, ebytes))
        _write_back(m, rn, rm, base, step)

    return meaning


def _if_set(mask: int) -> Callable[[Number], Number]:
    return lambda a: a * mask


# Index and alignment by size (A8.8.321 and so on): (name, bytes, index_align, inc, mask).
_LANES: dict[int, tuple[tuple[str, int, str, Any, Any], ...]] = {
    1: (
        ("8", 1, "lane:3 0", 1, 0),
        ("16", 2, "lane:2 0 a:1", 1, _if_set(1)),
        ("32", 4, "lane:1 0 align:2", 1, lambda align: align | 0),
    ),
    2: (
        ("8", 1, "lane:3 a:1", 1, _if_set(1)),
        ("16", 2, "lane:2 spacing:1 a:1", _next, _if_set(3)),
        ("32", 4, "lane:1 spacing:1 0 a:1", _next, _if_set(7)),
    ),
    3: (
        ("8", 1, "lane:3 0", 1, 0),
        ("16", 2, "lane:2 spacing:1 0", _next, 0),
        ("32", 4, "lane:1 spacing:1 00", _next, 0),
    ),
    4: (
        ("8", 1, "lane:3 a:1", 1, _if_set(3)),
        ("16", 2, "lane:2 spacing:1 a:1", _next, _if_set(7)),
        ("32", 4, "lane:1 spacing:1 align:2", _next, _mask_of),
    ),
}
# Where index_align has two bits for the alignment, what is UNDEFINED of them.
_NO_ALIGN: dict[int, Callable[..., Any]] = {
    1: lambda align: align == 1 or align == 2,  # noqa: PLR1714 - a field is in no tuple
    4: lambda align: align == 3,
}


def _lane(name: str, load: int, structures: int) -> None:
    encodings = []
    sizes = {1: "00", 2: "01", 4: "10"}
    for suffix, ebytes, index_align, inc, mask in _LANES[structures]:
        encodings += _both(
            load,
            f"{sizes[ebytes]} {structures - 1:02b} {index_align}",
            form=1,
            name=f"1_{suffix}",
            registers=structures,
            structure=structures * ebytes,
            size=ebytes,
            inc=inc,
            mask=mask,
            undefined=_NO_ALIGN[structures] if "align" in index_align else None,
        )
    declare(
        f"{name}{structures}_lane",
        f"{name}{structures}.{{element_bits}} {{structure_lanes}}, {{structure_address}}",
        f"DDI0406C {_LANE_REFS[name, structures]}",
        encodings,
        _load_lane(structures) if load else _store_lane(structures),
    )


# One structure, to all lanes


def _vld1_all(
    m: Machine, rn: Number, rm: Number, dd: Number, mask: Number, step: Number, ebytes: int, count: int
) -> None:
    base = m.reg(rn)
    m.check_aligned(base, mask, write=False)
    element = m.load(base, ebytes).trunc(8 * ebytes)
    m.set_vector(dd << 1, m.splat(element, 8 * count // ebytes))
    _write_back(m, rn, rm, base, step)


def _load_all_lanes(structures: int) -> Meaning:
    def meaning(
        m: Machine, rn: Number, rm: Number, dd: Number, inc: Number, mask: Number, step: Number, ebytes: int
    ) -> None:
        base = m.reg(rn)
        m.check_aligned(base, mask, write=False)
        elements = [m.load(base + k * ebytes, ebytes).trunc(8 * ebytes) for k in range(structures)]
        for k, element in enumerate(elements):
            m.set_vector(dd + k * inc << 1, m.splat(element, 8 // ebytes))
        _write_back(m, rn, rm, base, step)

    return meaning


# (name, bytes, size T a, mask); T chooses the spacing, or one register or two for VLD1.
_ALL_LANES: dict[int, tuple[tuple[str, int, str, Any], ...]] = {
    1: (("8", 1, "00 {} 0", 0), ("16", 2, "01 {} a:1", _if_set(1)), ("32", 4, "10 {} a:1", _if_set(3))),
    2: (("8", 1, "00 {} a:1", _if_set(1)), ("16", 2, "01 {} a:1", _if_set(3)), ("32", 4, "10 {} a:1", _if_set(7))),
    3: (("8", 1, "00 {} 0", 0), ("16", 2, "01 {} 0", 0), ("32", 4, "10 {} 0", 0)),
    4: (
        ("8", 1, "00 {} a:1", _if_set(3)),
        ("16", 2, "01 {} a:1", _if_set(7)),
        ("32", 4, "10 {} a:1", _if_set(7)),
        ("32_128", 4, "11 {} 1", PAIR - 1),
    ),
}


def _all_lanes(structures: int) -> None:
    encodings = []
    for suffix, ebytes, pattern, mask in _ALL_LANES[structures]:
        for kind, count in (("0", 1), ("1", 2)) if structures == 1 else (("spacing:1", structures),):
            encodings += _both(
                1,
                f"11 {structures - 1:02b} {pattern.format(kind)}",
                form=1,
                name=f"1_{suffix}{'_2' if count > structures else ''}",
                registers=count,
                structure=structures * ebytes,
                size=ebytes,
                inc=1 if structures == 1 else _next,
                mask=mask,
            )
    declare(
        f"vld{structures}_all_lanes",
        f"vld{structures}.{{element_bits}} {{structure_all_lanes}}, {{structure_address}}",
        f"DDI0406C {_ALL_LANES_REFS[structures]}",
        encodings,
        _vld1_all if structures == 1 else _load_all_lanes(structures),
    )


for _name, _load in (("vld", 1), ("vst", 0)):
    _multiple_1(_name, _load)
    for _structures in (2, 3, 4):
        _multiple(_name, _load, _structures)
    for _structures in (1, 2, 3, 4):
        _lane(_name, _load, _structures)
for _structures in (1, 2, 3, 4):
    _all_lanes(_structures)


# Text


def _list(dd: int, inc: int, count: int, lanes: str, *, ranges: bool) -> str:
    names = [f"d{dd + k * inc}{lanes}" for k in range(count)]
    if ranges and inc == 1 and count > 1:
        names = [f"{names[0]}-{names[-1]}"]
    return "{" + ",".join(names) + "}"


@formatter("structures")
def _structures_text(dd: int, inc: int, count: int, wide: int) -> str:
    return _list(dd, 1 if wide else inc, count, "", ranges=True)


@formatter("structure_lanes")
def _structure_lanes(dd: int, inc: int, count: int, lane: int) -> str:
    return _list(dd, inc, count, f"[{lane}]", ranges=False)


@formatter("structure_all_lanes")
def _structure_all_lanes(dd: int, inc: int, count: int) -> str:
    return _list(dd, inc, count, "[]", ranges=True)


@formatter("element_bits")
def _element_bits(ebytes: int) -> str:
    return str(8 * ebytes)


@formatter("structure_address")
def _structure_address(rn: int, rm: int, mask: int) -> str:
    alignment = f" :{8 * (mask + 1)}" if mask else ""
    after = "" if rm == 15 else "!" if rm == 13 else f", {REGISTERS[rm]}"
    return f"[{REGISTERS[rn]}{alignment}]{after}"
