"""Decoding is proved: each word has one encoding, each encoding has words, and all three decoders agree."""

from __future__ import annotations

import random
from collections.abc import Callable
from string import Formatter
from typing import Any

import pytest

from stinkarm.guest import stop as stops
from stinkarm.isa import declare
from stinkarm.isa.declare import (
    A32,
    CONTEXT,
    ENCODINGS,
    INSTRUCTIONS,
    T32,
    DeclarationError,
    Encoding,
    Instruction,
    parameters_of,
)
from stinkarm.isa.declare import encoding as declare_encoding
from stinkarm.isa.declare import instruction as declare_instruction
from stinkarm.isa.decode import SPACES, Decoder, decoder, in_order, is_wide, prove, space_of
from stinkarm.isa.pattern import Pattern, PatternError
from stinkarm.isa.syntax import FORMATTERS
from stinkarm.proof.samples import random_field
from stinkarm.proof.world import CODE, CODE_SIZE, NAMES, World

decoder()
BY_SPACE = {space: [e for e in ENCODINGS if space_of(e) == space] for space in SPACES}


def brute_force(encodings: list[Encoding], word: int) -> Encoding | None:
    """Find an encoding with nothing but the patterns and `see`."""
    matching = [e for e in encodings if e.pattern.matches(word)]
    # The one meant is the one that defers to no other.
    best = [e for e in matching if not any(o is not e and e.sees(o) for o in matching)]
    assert len(best) == min(1, len(matching)), f"{word:#010x} is {best} of {matching}"
    return best[0] if best else None


def look_up(space: str, word: int) -> Encoding | None:
    """Find an encoding with the tree."""
    return decoder().find(word, thumb=space[0] == "T", length=2 if space == "T16" else 4)


def words_around(encodings: list[Encoding], rng: random.Random, each: int) -> list[int]:
    """Return words of the encodings, and words one bit beside them."""
    words = []
    for encoding in encodings:
        pattern = encoding.pattern
        for _ in range(each):
            word = pattern.value | rng.getrandbits(pattern.width) & ~pattern.mask
            if rng.random() < 0.3:
                word ^= 1 << rng.randrange(pattern.width)
            words.append(word)
    return words


def belongs(space: str, word: int) -> bool:
    """Say whether a word is looked up in a space."""
    if space == "T32":
        return is_wide(word >> 16)
    return (word >> 28 == 0xF) == (space == "A32_unconditional")


def test_the_declarations_are_proved() -> None:
    prove(ENCODINGS)


def test_all_halfwords_decode_as_their_patterns_say() -> None:
    halfwords = [word for word in range(1 << 16) if not is_wide(word)]
    for word in halfwords:
        assert look_up("T16", word) is brute_force(BY_SPACE["T16"], word)
    assert not [e for e in BY_SPACE["T16"] if any(e.pattern.matches(w) for w in range(0xE800, 1 << 16))]


@pytest.mark.parametrize("space", ["A32", "A32_unconditional", "T32"])
def test_a_swept_space_decodes_as_the_patterns_say(space: str) -> None:
    rng = random.Random(30)
    encodings = BY_SPACE[space]
    words = words_around(encodings, rng, 60_000 // len(encodings))
    top = {"A32": lambda: rng.randrange(15) << 28, "A32_unconditional": lambda: 0xF << 28}.get(space, lambda: 7 << 29)
    words += [top() | rng.getrandbits(28) for _ in range(40_000)]
    for word in words:
        if belongs(space, word):
            assert look_up(space, word) is brute_force(encodings, word), f"{word:#010x}"


def test_every_encoding_is_reached_by_words_of_its_own() -> None:
    rng = random.Random(31)
    for encoding in ENCODINGS:
        pattern = encoding.pattern
        for _ in range(2_000):
            word = pattern.value | rng.getrandbits(pattern.width) & ~pattern.mask
            if encoding.isa == A32 and encoding.conditional:
                word = word & 0x0FFFFFFF | 14 << 28
            if look_up(space_of(encoding), word) is encoding:
                break
        else:
            pytest.fail(f"no word was found that is {encoding!r}")


def test_every_field_is_read_by_something() -> None:
    for encoding in ENCODINGS:
        read = {*encoding.instruction.parameters, "cond"}
        predicates = (encoding.undefined, encoding.unpredictable)
        functions = [f for f in (*predicates, *encoding.derived.values()) if callable(f)]
        for _, name, _, _ in Formatter().parse(encoding.syntax):
            if name in FORMATTERS:
                functions.append(FORMATTERS[name])
            elif name:
                read.add(name)
        for function in functions:
            read |= set(parameters_of(function))
        assert not set(encoding.pattern.fields) - read, f"{encoding!r}: {encoding.pattern.text}"


def test_fields_come_out_as_they_went_in() -> None:
    rng = random.Random(32)
    for encoding in ENCODINGS:
        pattern = encoding.pattern
        fields = {name: random_field(rng, width) for name, (_, width) in pattern.fields.items()}
        word = pattern.value | sum(value << pattern.fields[name][0] for name, value in fields.items())
        assert pattern.matches(word)
        assert pattern.extract(word) == fields


# The native decoder


@pytest.mark.parametrize("space", SPACES)
def test_the_native_decoder_agrees(space: str) -> None:
    """Run each word on both engines: they must stop alike, whatever the word does."""
    rng = random.Random(33)
    thumb = space[0] == "T"
    if space == "T16":
        words = rng.sample([word for word in range(1 << 16) if not is_wide(word)], 20_000)
    else:
        words = [word for word in words_around(BY_SPACE[space], rng, 30) if belongs(space, word)]
    length = 2 if space == "T16" else 4
    slot = 16  # an IT and its block
    worlds = [World("interpreter"), World("reference")]
    start = dict.fromkeys(NAMES, 0) | {"T": int(thumb)}
    per_batch = CODE_SIZE // slot
    for first in range(0, len(words), per_batch):
        batch = words[first : first + per_batch]
        code = b"".join(_in_memory(word, length, thumb).ljust(slot, b"\0") for word in batch)
        for world in worlds:
            world.memory.protect(CODE, CODE_SIZE, 7)
            world.set_code(CODE, code)
            world.memory.protect(CODE, CODE_SIZE, 5)  # so that no word changes those after it
        for index, word in enumerate(batch):
            state = start | {"pc": CODE + slot * index}
            native, python = (world.run(state, 1) for world in worlds)
            assert native[0].kind == python[0].kind, f"{space} {word:#x}: {native[0]!r}, {python[0]!r}"
            assert native[1] == python[1], f"{space} {word:#x}"
            decoded = decoder().decode(word, thumb=thumb, length=length, pc=CODE + slot * index)
            nothing = decoded is None or decoded.encoding.is_unpredictable(decoded.fields)
            if nothing and (word >> 28 == 14 or space != "A32"):
                assert native[0].kind == stops.UNDEFINED, f"{space} {word:#x}"
    for world in worlds:
        world.close()


def _in_memory(word: int, length: int, thumb: bool) -> bytes:
    if thumb and length == 4:
        word = word >> 16 | (word & 0xFFFF) << 16
    return word.to_bytes(length, "little")


# Declarations with one defect each are refused


def meaning(m: Any) -> None:
    """Do nothing."""


class Draft:
    """Instructions that are declared for one test only."""

    def __init__(self, *instructions: tuple[str, list[Encoding]]) -> None:
        self.encodings = [e for _, encodings in instructions for e in encodings]
        for name, encodings in instructions:
            Instruction(name, name, "test", encodings, meaning, inline_condition=False)


@pytest.fixture
def scratch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stinkarm.isa.declare.INSTRUCTIONS", {})
    monkeypatch.setattr("stinkarm.isa.declare.ENCODINGS", [])


def e(isa: str, name: str, pattern: str, **options: Any) -> Encoding:
    return Encoding(isa, name, pattern, **options)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cond:4 0000 rd:4", "'cond:4 0000 rd:4' has 12 bits; a pattern has 16 or 32"),
        ("cond:4 x:28 1", "'cond:4 x:28 1' has 33 bits; a pattern has 16 or 32"),
        ("rd:8 rd:8", "'rd:8 rd:8' names the field 'rd' twice"),
        ("0102 rd:12", "'0102 rd:12': '0102' is neither bits, (bits) nor name:width"),
        ("(01 rd:12 00", "'(01 rd:12 00': '(01' is neither bits, (bits) nor name:width"),
        ("rd:0 1111", "'rd:0 1111': 'rd:0' is not a field; write name:width"),
        ("4:rd 1111", "'4:rd 1111': '4:rd' is not a field; write name:width"),
        ("() x:16", "'() x:16': '()' is neither bits, (bits) nor name:width"),
        ("", "'' has 0 bits; a pattern has 16 or 32"),
    ],
)
def test_a_pattern_that_is_not_a_whole_word_is_refused(text: str, message: str) -> None:
    with pytest.raises(PatternError) as error:
        Pattern(text)
    assert str(error.value) == message


DEFECTS: dict[str, tuple[Callable[[], Draft], str]] = {
    "overlap": (
        lambda: Draft(("one", [e(A32, "A1", "cond:4 0000 x:24")]), ("two", [e(A32, "A1", "cond:4 000 y:1 0000 z:20")])),
        "one A32/A1 (cond:4 0000 x:24) and two A32/A1 (cond:4 000 y:1 0000 z:20) overlap; "
        "one must name the other in see=",
    ),
    "overlap with itself": (
        lambda: Draft(("one", [e(T32, "T1", "0000 x:12"), e(T32, "T2", "00000000 x:8")])),
        "one T32/T1 (0000 x:12) and one T32/T2 (00000000 x:8) overlap; one must name the other in see=",
    ),
    "unknown see": (
        lambda: Draft(("one", [e(A32, "A1", "cond:4 0000 x:24", see="other")])),
        "one A32/A1 sees other, which is not declared",
    ),
    "unreachable": (
        lambda: Draft(
            ("one", [e(A32, "A1", "cond:4 0000 x:24", see="two")]), ("two", [e(A32, "A1", "cond:4 000 x:25")])
        ),
        "one A32/A1 can never be reached: two A32/A1 take every word of it",
    ),
    "unreachable for several": (
        lambda: Draft(
            ("one", [e(T32, "T1", "0100 x:12", see="two three")]),
            ("two", [e(T32, "T1", "01001 x:11")]),
            ("three", [e(T32, "T1", "0 a:1 000 x:11")]),
        ),
        "one T32/T1 can never be reached: two T32/T1, three T32/T1 take every word of it",
    ),
    "see in both directions": (
        lambda: Draft(
            ("one", [e(A32, "A1", "cond:4 0000 x:24", see="two")]),
            ("two", [e(A32, "A1", "cond:4 000 x:25", see="one")]),
        ),
        "one A32/A1 and two A32/A1 name each other in see=; only the more general one may",
    ),
    "the same name": (
        lambda: Draft(("one", [e(A32, "A1", "cond:4 0000 x:24"), e(A32, "A1", "cond:4 0001 x:24")])),
        "two encodings of one space are called one.A1",
    ),
    "cond elsewhere": (
        lambda: Draft(("one", [e(A32, "A1", "0000 cond:4 x:24")])),
        "one A32/A1: in '0000 cond:4 x:24' cond is not the top four bits",
    ),
    "no cond": (
        lambda: Draft(("one", [e(A32, "A1", "1110 0000 x:24")])),
        "one A32/A1: '1110 0000 x:24' begins neither with cond:4 nor with 1111",
    ),
    "a narrow one in the wide space": (
        lambda: Draft(("one", [e(T32, "T1", "1110 0 x:27")])),
        "one T32/T1: '1110 0 x:27' takes words that begin with a 16-bit instruction",
    ),
    "a wide one in the narrow space": (
        lambda: Draft(("one", [e(T32, "T1", "111 x:13")])),
        "one T32/T1: '111 x:13' takes words that begin a 32-bit instruction",
    ),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_declaration_with_one_defect_is_refused(defect: str, scratch: None) -> None:
    make, message = DEFECTS[defect]
    with pytest.raises(DeclarationError) as error:
        prove(make().encodings)
    assert str(error.value) == message


def test_a_circle_of_see_is_refused(scratch: None) -> None:
    draft = Draft(
        ("one", [e(T32, "T1", "0100 x:12", see="two")]),
        ("two", [e(T32, "T1", "01001 x:11", see="three")]),
        ("three", [e(T32, "T1", "0 a:1 001 x:11", see="one")]),
    )
    with pytest.raises(DeclarationError, match="see= goes in a circle"):
        in_order(draft.encodings)


def test_an_a32_encoding_of_16_bits_is_refused() -> None:
    with pytest.raises(DeclarationError, match=r"'0000 x:12': A32 encodings have 32 bits"):
        Encoding(A32, "A1", "0000 x:12")


def test_an_argument_without_a_value_is_refused(scratch: None) -> None:
    def body(m: Any, rd: int, imm: int) -> None:
        """Want an immediate."""

    with pytest.raises(DeclarationError, match=r"^one A32/A1 gives no value for imm$"):
        Instruction("one", "one", "test", [e(A32, "A1", "cond:4 x:24 rd:4")], body, inline_condition=False)


def test_an_instruction_declared_twice_is_refused(scratch: None) -> None:
    Draft(("one", []))
    with pytest.raises(DeclarationError, match=r"^the instruction 'one' is declared twice$"):
        Draft(("one", []))


def test_the_decorators_declare_encodings_in_the_order_written(scratch: None) -> None:
    @declare_instruction("one", ref="test")
    @declare_encoding(A32, "A1", "cond:4 0000 x:24")
    @declare_encoding(T32, "T1", "0000 x:12")
    def one(m: Any, x: int) -> None:
        """Do nothing."""

    assert [encoding.id for encoding in declare.ENCODINGS] == ["one.A1", "one.T1"]


def test_context_names_are_free_for_derivations(scratch: None) -> None:
    draft = Draft(("one", [e(T32, "T1", "0100 x:12", target=lambda pc, x: pc + x, s=lambda in_it: 1 - in_it)]))
    prove(draft.encodings)
    decoded = Decoder(draft.encodings).decode(0x4004, thumb=True, length=2, pc=0x8000, itstate=0x08)
    assert decoded is not None
    assert (decoded.fields["target"], decoded.fields["s"]) == (0x8004, 0)
    assert set(CONTEXT) <= set(decoded.fields)


def test_see_prefers_the_special_encoding(scratch: None) -> None:
    draft = Draft(("general", [e(T32, "T1", "0100 x:12", see="special")]), ("special", [e(T32, "T1", "0100 1111 x:8")]))
    prove(draft.encodings)
    made = Decoder(draft.encodings)
    assert repr(made.find(0x4F00, thumb=True, length=2)) == "special T32/T1"
    assert repr(made.find(0x4E00, thumb=True, length=2)) == "general T32/T1"
    assert made.find(0x5E00, thumb=True, length=2) is None


def test_every_instruction_says_where_the_manual_has_it() -> None:
    without = [i.name for i in INSTRUCTIONS.values() if not i.ref.startswith(("DDI0406C ", "DDI0487 "))]
    assert without == []
