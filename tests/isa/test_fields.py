"""Decode-time arithmetic: `Field` computes what plain ints compute, and `trace` takes every way once."""

from __future__ import annotations

import random
from typing import Any

import pytest

from stinkarm.engine.generate import _Text
from stinkarm.isa.declare import CONTEXT, ENCODINGS
from stinkarm.isa.decode import decoder
from stinkarm.isa.fields import MOST_PATHS, Field, Number, ror32, sign_extend, trace
from stinkarm.proof.samples import EDGES, random_word

decoder()

A, B = Field.named("a", 32), Field.named("b", 32)
MASK = 0xFFFFFFFF
SHIFTS = (0, 1, 7, 31)

BINARY = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "&": lambda a, b: a & b,
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


@pytest.mark.parametrize("name", BINARY)
def test_an_operation_gives_what_ints_give(name: str) -> None:
    operation = BINARY[name]
    for a in EDGES:
        for b in EDGES:
            want = int(operation(a, b)) & MASK
            assert operation(A, B).evaluate({"a": a, "b": b}) == want
            assert operation(A, b).evaluate({"a": a}) == want
            assert operation(a, B).evaluate({"b": b}) == want


def test_shifts_give_what_ints_give() -> None:
    for a in EDGES:
        for b in SHIFTS:
            assert (A << B).evaluate({"a": a, "b": b}) == a << b & MASK
            assert (A << b).evaluate({"a": a}) == a << b & MASK
            assert (a << B).evaluate({"b": b}) == a << b & MASK
            assert (A >> B).evaluate({"a": a, "b": b}) == a >> b
            assert (A >> b).evaluate({"a": a}) == a >> b
            assert (a >> B).evaluate({"b": b}) == a >> b
        assert (A << B).evaluate({"a": a, "b": 32}) == (A >> B).evaluate({"a": a, "b": 32}) == 0


def test_unary_operations_give_what_ints_give() -> None:
    for a in EDGES:
        assert (~A).evaluate({"a": a}) == ~a & MASK
        assert (-A).evaluate({"a": a}) == -a & MASK
        assert A.bit_count().evaluate({"a": a}) == a.bit_count()


@pytest.mark.parametrize("negative", [-1, -2, -4, -4096, -0x80000000])
def test_negative_ints_wrap(negative: int) -> None:
    for a in EDGES:
        assert (A + negative).evaluate({"a": a}) == a + negative & MASK
        assert (A & negative).evaluate({"a": a}) == a & negative & MASK
        assert (negative & A).evaluate({"a": a}) == a & negative & MASK
        assert (A | negative).evaluate({"a": a}) == (a | negative) & MASK
        assert (A ^ negative).evaluate({"a": a}) == (a ^ negative) & MASK
        assert (A * negative).evaluate({"a": a}) == a * negative & MASK
        assert (negative == A).evaluate({"a": a}) == int(a == negative & MASK)


def test_helpers_work_on_both_kinds() -> None:
    for a in EDGES:
        for width in (8, 12, 24, 32):
            low = a & (1 << width) - 1
            want = (low - (low >> width - 1 << width)) & MASK
            assert sign_extend(low, width) == want
            assert _evaluate(sign_extend(A, width), {"a": low}) == want
        for amount in SHIFTS:
            want = (a >> amount | a << 32 - amount) & MASK
            assert ror32(a, amount) == want
            assert _evaluate(ror32(A, B), {"a": a, "b": amount}) == want


def _evaluate(number: Number, values: dict[str, int]) -> int:
    return number if isinstance(number, int) else number.evaluate(values)


def test_bounds_hold() -> None:
    """What decides how many operand bytes a field gets may be too big, never too small."""
    rng = random.Random(50)
    fields = [Field.named(name, width) for name, width in (("a", 1), ("b", 4), ("c", 8), ("d", 12), ("e", 24))]
    widths = {"a": 1, "b": 4, "c": 8, "d": 12, "e": 24}
    operations = [*BINARY.values(), lambda a, b: a << (b & 31), lambda a, b: a >> (b & 31)]
    for _ in range(2_000):
        number: Any = rng.choice(fields)
        for _ in range(rng.randrange(1, 5)):
            other = rng.choice([*fields, 1, 3, 4, 0xFF, 4095, -1, -4, 1 << 31])
            operation = rng.choice(operations)
            number = operation(number, other) if rng.random() < 0.7 else operation(other, number)
            if rng.random() < 0.1:
                number = number.bit_count()
        for _ in range(5):
            values = {
                name: rng.choice((0, 1, (1 << w) - 1, rng.getrandbits(w))) & (1 << w) - 1 for name, w in widths.items()
            }
            assert 0 <= number.evaluate(values) <= number.bound <= MASK, number


def test_a_field_tells_its_names() -> None:
    assert sorted(((A + 1) * (B ^ A)).names()) == ["a", "a", "b"]
    assert repr(A + 1) == "Field('add', ('field', 'a'), 1)"
    assert hash(A + 1) == hash(Field.named("a", 32) + 1)


def test_a_field_has_no_truth_outside_a_trace() -> None:
    with pytest.raises(
        TypeError, match="is not known yet: branch on fields only in a declaration's body or predicates"
    ):
        bool(A == 3)


def test_a_field_is_no_index() -> None:
    with pytest.raises(TypeError, match=r"is a decode-time field, not an int: use m\.for_each_register or arithmetic"):
        [1, 2, 3][A]  # type: ignore[index]


def test_a_field_does_not_mix_with_other_things() -> None:
    mixes = (lambda: A + "x", lambda: "x" * A, lambda: A == "x", lambda: A - 1.5, lambda: A >> None)  # type: ignore[operator]
    for mix in mixes:
        with pytest.raises(TypeError, match=r"cannot be combined with .*; use m\.const\(field\) first"):
            mix()


# Tracing


def test_a_trace_takes_every_way_once() -> None:
    def run() -> str:
        if A == 1:
            return "one"
        return "two" if B > 5 else "other"

    ways = list(trace(run, {"a": 32, "b": 32}))
    assert [result for _, result in ways] == ["one", "two", "other"]
    assert [[truth for _, truth in path] for path, _ in ways] == [[True], [False, True], [False, False]]
    assert [[repr(question) for question, _ in path] for path, _ in ways][2] == [repr(A == 1), repr(B > 5)]


def test_a_trace_asks_nothing_twice() -> None:
    def run() -> bool:
        first = bool(A == 1)
        assert bool(A == 1) is first
        return first

    assert [(len(path), result) for path, result in trace(run, {"a": 32})] == [(1, True), (1, False)]


def test_a_trace_knows_what_answers_imply() -> None:
    rd = Field.named("rd", 4)

    def run() -> list[int]:
        return [n for n in (13, 14, 15) if rd == n] if rd >= 13 else []

    assert [result for _, result in trace(run, {"rd": 4})] == [[13], [14], [15], []]


def test_a_trace_does_not_ask_what_has_one_answer() -> None:
    s = Field.named("s", 1)
    assert [path for path, _ in trace(lambda: bool(s < 2), {"s": 1})] == [[]]
    assert [result for _, result in trace(lambda: bool((s & 0) == 0), {"s": 1})] == [True]


def test_a_trace_uses_and_or_and_conditional_expressions() -> None:
    def run() -> str:
        return "both" if A == 1 and B == 1 else "either" if A == 1 or B == 1 else "none"

    assert [result for _, result in trace(run, {"a": 32, "b": 32})] == ["both", "either", "either", "none"]


def test_a_trace_ends() -> None:
    fields = [Field.named(f"f{n}", 32) for n in range(20)]
    with pytest.raises(RuntimeError, match=f"more than {MOST_PATHS} decode-time outcomes"):
        list(trace(lambda: [bool(field == 1) for field in fields], dict.fromkeys(map(str, fields), 32)))


def test_a_trace_that_fails_leaves_none_behind() -> None:
    def run() -> None:
        raise ValueError

    with pytest.raises(ValueError):
        list(trace(run, {}))
    with pytest.raises(TypeError):
        bool(A == 1)


# The derivations of all declarations


def test_derived_fields_are_the_same_on_both_kinds() -> None:
    """Every derivation and predicate gives the same number from ints and from Fields, on the way that is taken."""
    rng = random.Random(51)
    for encoding in ENCODINGS:
        widths = {name: width for name, (_, width) in encoding.pattern.fields.items()} | CONTEXT
        symbols: dict[str, Any] = {name: Field.named(name, width) for name, width in widths.items()}

        def run(encoding: Any = encoding, symbols: Any = symbols) -> tuple[dict[str, Any], bool]:
            values = encoding.arguments(symbols)
            return values, encoding.is_unpredictable(values)

        ways = list(trace(run, widths))
        for _ in range(20):
            fields = encoding.pattern.extract(random_word(rng, encoding))
            fields |= {"pc": rng.choice((0, 0x8000, 0x10002, 0xFFFFFFFC)), "in_it": 0}
            fields |= dict.fromkeys(CONTEXT, 0) | {name: fields[name] for name in ("pc",)}
            if encoding.thumb and rng.random() < 0.5:
                fields["in_it"] = 1
                fields |= {name: rng.getrandbits(1) for name in CONTEXT if name not in ("pc", "in_it")}
            taken = [
                result
                for path, result in ways
                if all(bool(question.evaluate(fields)) == truth for question, truth in path)
            ]
            assert len(taken) == 1, encoding
            values = encoding.arguments(fields)
            numbers = {name: _evaluate(v, fields) for name, v in taken[0][0].items() if isinstance(v, (int, Field))}
            assert numbers == {name: int(values[name]) & MASK for name in numbers}, (encoding, fields)
            assert taken[0][1] == encoding.is_unpredictable(values), (encoding, fields)


def test_the_decoder_writes_each_part_of_an_expression_once() -> None:
    text = _Text()
    text.fields = {"a": "%a", "b": "%b"}
    number = (A + 4 & ~3) + (A + 4 << B)
    text.number(number)
    text.number(number)
    assert text.lines == [
        "  %x1 = add i32 %a, 4",
        "  %x2 = and i32 %x1, 4294967292",
        "  %x3 = shl i32 %x1, %b",
        "  %x4 = icmp ult i32 %b, 32",
        "  %x5 = select i1 %x4, i32 %x3, i32 0",
        "  %x6 = add i32 %x2, %x5",
    ]
