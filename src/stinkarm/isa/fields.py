"""Decode-time numbers: what an instruction word says before any guest value is known.

The reference engine works with plain ints. The builder of the native interpreter works with
`Field`, the same arithmetic kept as an expression, so that the native decoder can compute it. When a
declaration branches on a field (`if rd == 15`), the builder traces the declaration once an
outcome; see `trace`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Union

Number = Union[int, "Field"]

_MASK = 0xFFFFFFFF

_PYTHON: dict[str, Callable[[int, int], int]] = {
    "add": lambda a, b: (a + b) & _MASK,
    "sub": lambda a, b: (a - b) & _MASK,
    "mul": lambda a, b: (a * b) & _MASK,
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
    "shl": lambda a, b: (a << b) & _MASK if b < 32 else 0,
    "lshr": lambda a, b: a >> b if b < 32 else 0,
    "eq": lambda a, b: int(a == b),
    "ne": lambda a, b: int(a != b),
    "ult": lambda a, b: int(a < b),
    "ule": lambda a, b: int(a <= b),
    "popcount": lambda a, _b: a.bit_count(),
}

COMPARISONS = frozenset({"eq", "ne", "ult", "ule"})


class Field:
    """A number known when an instruction is decoded: a field of the word, or arithmetic on fields.

    Values are 32-bit unsigned; `bound` is an upper bound. A Field has no truth of its own outside
    `trace`: there, each `bool(field)` is one decision of the decoder.
    """

    __slots__ = ("bound", "key", "op", "operands")

    def __init__(self, op: str, operands: tuple[Any, ...], bound: int) -> None:
        self.op = op
        self.operands = operands
        self.bound = bound
        self.key: tuple[Any, ...] = (
            op,
            *(o.key if isinstance(o, Field) else o for o in operands),
        )

    @staticmethod
    def named(name: str, width: int) -> Field:
        """Return the field `name` of the word, `width` bits wide."""
        return Field("field", (name,), (1 << width) - 1)

    def __repr__(self) -> str:
        return f"Field{self.key}"

    def __hash__(self) -> int:
        return hash(self.key)

    def _with(self, op: str, other: Number, bound: int, *, swapped: bool = False) -> Field:
        _bound(other)  # refuses what is no number
        other = other & _MASK if isinstance(other, int) else other
        left, right = (other, self) if swapped else (self, other)
        return Field(op, (left, right), min(bound, _MASK))

    def __add__(self, other: Number) -> Field:
        return self._with("add", other, self.bound + _bound(other))

    __radd__ = __add__

    def __sub__(self, other: Number) -> Field:
        return self._with("sub", other, _MASK)

    def __rsub__(self, other: Number) -> Field:
        return self._with(
            "sub", other, other if isinstance(other, int) and other >= self.bound else _MASK, swapped=True
        )

    def __mul__(self, other: Number) -> Field:
        return self._with("mul", other, self.bound * _bound(other))

    __rmul__ = __mul__

    def __and__(self, other: Number) -> Field:
        return self._with("and", other, min(self.bound, _bound(other)))

    __rand__ = __and__

    def __or__(self, other: Number) -> Field:
        return self._with("or", other, _ones(self.bound | _bound(other)))

    __ror__ = __or__

    def __xor__(self, other: Number) -> Field:
        return self._with("xor", other, _ones(self.bound | _bound(other)))

    __rxor__ = __xor__

    def __lshift__(self, other: Number) -> Field:
        return self._with("shl", other, self.bound << _bound(other) if _bound(other) < 32 else _MASK)

    def __rlshift__(self, other: Number) -> Field:
        return self._with("shl", other, _MASK, swapped=True)

    def __rshift__(self, other: Number) -> Field:
        return self._with("lshr", other, self.bound >> other if isinstance(other, int) else self.bound)

    def __rrshift__(self, other: Number) -> Field:
        return self._with("lshr", other, _bound(other), swapped=True)

    def __invert__(self) -> Field:
        return self._with("xor", _MASK, _MASK)

    def __neg__(self) -> Field:
        return self._with("sub", 0, _MASK, swapped=True)

    def __eq__(self, other: object) -> Field:  # type: ignore[override]
        return self._with("eq", other, 1)  # type: ignore[arg-type]

    def __ne__(self, other: object) -> Field:  # type: ignore[override]
        return self._with("ne", other, 1)  # type: ignore[arg-type]

    def __lt__(self, other: Number) -> Field:
        return self._with("ult", other, 1)

    def __le__(self, other: Number) -> Field:
        return self._with("ule", other, 1)

    def __gt__(self, other: Number) -> Field:
        return self._with("ult", other, 1, swapped=True)

    def __ge__(self, other: Number) -> Field:
        return self._with("ule", other, 1, swapped=True)

    def bit_count(self) -> Field:
        """Return the number of one bits."""
        return Field("popcount", (self, 0), self.bound.bit_length())

    def __bool__(self) -> bool:
        if _tracer is None:
            raise TypeError(f"{self!r} is not known yet: branch on fields only in a declaration's body or predicates")
        return _tracer.decide(self)

    def __index__(self) -> int:
        raise TypeError(f"{self!r} is a decode-time field, not an int: use m.for_each_register or arithmetic")

    def names(self) -> Iterator[str]:
        """Yield the names of the word fields that this one depends on."""
        if self.op == "field":
            yield self.operands[0]
        else:
            for operand in self.operands:
                if isinstance(operand, Field):
                    yield from operand.names()

    def evaluate(self, values: dict[str, int]) -> int:
        """Return the number that this field is when the word's fields are `values`."""
        if self.op == "field":
            return values[self.operands[0]]
        a, b = (o.evaluate(values) if isinstance(o, Field) else o for o in self.operands)
        return _PYTHON[self.op](a, b)


def _bound(number: Number) -> int:
    if isinstance(number, int):
        return number & _MASK
    if not isinstance(number, Field):
        raise TypeError(f"a decode-time field cannot be combined with {number!r}; use m.const(field) first")
    return number.bound


def _ones(bound: int) -> int:
    return (1 << bound.bit_length()) - 1


def sign_extend(number: Number, width: int) -> Number:
    """Return the `width`-bit number sign-extended to 32 bits (as an unsigned 32-bit number)."""
    top = 1 << (width - 1)
    return ((number ^ top) - top) & _MASK


def known(number: Number, limit: int) -> int:
    """Return a field below `limit` as an int, so that it may shape what a meaning does: one handler a value."""
    if isinstance(number, int):
        return number
    for value in range(limit - 1):
        if number == value:
            return value
    return limit - 1


def ror32(number: Number, amount: Number) -> Number:
    """Return the 32-bit number rotated right by `amount` (0 to 31)."""
    return (number >> amount | number << (32 - amount & 31)) & _MASK


Path = list[tuple[Field, bool]]


class _Tracer:
    """Answers `bool(field)` along one path; knows what earlier answers imply."""

    def __init__(self, widths: dict[str, int], forced: list[bool]) -> None:
        self.widths = widths
        self.forced = forced
        self.path: Path = []
        self._known: dict[tuple[Any, ...], bool] = {}
        self._possible: dict[str, list[int]] = {}

    def decide(self, field: Field) -> bool:
        known = self._known.get(field.key)
        if known is not None:
            return known
        names = set(field.names())
        name = names.pop() if len(names) == 1 else None
        values: list[int] = []
        if not names and name is None:
            return bool(field.evaluate({}))
        if name is not None and self.widths.get(name, 32) <= 8:
            values = self._possible.get(name) or list(range(1 << self.widths[name]))
            truths = {bool(field.evaluate({name: v})) for v in values}
            if len(truths) == 1:
                return truths.pop()
        depth = len(self.path)
        outcome = self.forced[depth] if depth < len(self.forced) else True
        self.path.append((field, outcome))
        self._known[field.key] = outcome
        if values and name is not None:
            self._possible[name] = [v for v in values if bool(field.evaluate({name: v})) == outcome]
        return outcome


_tracer: _Tracer | None = None

MOST_PATHS = 4096


def trace(run: Callable[[], Any], widths: dict[str, int]) -> Iterator[tuple[Path, Any]]:
    """Run `run` once for each combination of answers to the decisions it takes.

    `widths` are the bits of each word field. Yields (path, what `run` returned). The paths, in order, are the
    leaves of a binary decision tree, true before false.
    """
    global _tracer  # noqa: PLW0603 - Field.__bool__ has no other way to reach its trace
    forced: list[bool] = []
    for _count in range(MOST_PATHS):
        tracer = _Tracer(widths, forced)
        _tracer = tracer
        try:
            result = run()
        finally:
            _tracer = None
        yield tracer.path, result
        forced = [outcome for _, outcome in tracer.path]
        while forced and not forced[-1]:
            forced.pop()
        if not forced:
            return
        forced[-1] = False
    raise RuntimeError(f"a declaration has more than {MOST_PATHS} decode-time outcomes")
