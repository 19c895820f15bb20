"""Declare instructions: syntax, manual reference, encodings and meaning, together and once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any

from .pattern import Pattern

A32 = "A32"
T32 = "T32"

# The extension of what ARMv8 adds. Without it (a Cortex-A15) a word of such an encoding is UNDEFINED.
V8 = "v8"

Meaning = Callable[..., None]

# Names that a derived field or a predicate may ask for besides the pattern's own fields: the address, whether
# the instruction is in an IT block, and whether it is there but not last (where a branch is UNPREDICTABLE).
CONTEXT = {"pc": 32, "in_it": 1, "mid_it": 1}

INSTRUCTIONS: dict[str, Instruction] = {}
ENCODINGS: list[Encoding] = []


class DeclarationError(ValueError):
    """A declaration that contradicts itself or another one."""


class Encoding:
    """One encoding of an instruction: a pattern, and how its fields give the body's arguments.

    `derived` maps an argument to an int or to a function whose parameters are fields by name.
    `see` names the instructions that are meant where the patterns overlap (the manual's SEE). `extension` is the
    extension whose instructions this belongs to.
    `undefined` and `unpredictable` are predicates over fields: words that are no instruction, and words that the
    manual calls UNPREDICTABLE. `syntax` overrides the instruction's.
    `unconditional`: in an IT block it executes all the same (BKPT). `shared`: in the native interpreter its A32 and
    T32 encodings have one handler, which reads from the code table how far the next instruction is.
    """

    def __init__(
        self,
        isa: str,
        name: str,
        pattern: str,
        *,
        see: str | Iterable[str] = (),
        undefined: Callable[..., Any] | None = None,
        unpredictable: Callable[..., Any] | None = None,
        syntax: str | None = None,
        extension: str = "",
        unconditional: bool = False,
        shared: bool = False,
        **derived: Any,
    ) -> None:
        self.isa = isa
        self.name = name
        self.pattern = Pattern(pattern)
        self.see = frozenset(see.split() if isinstance(see, str) else see)
        self.undefined = undefined
        self.unpredictable = unpredictable
        self.own_syntax = syntax
        self.extension = extension
        self.unconditional = unconditional
        self.shared = shared
        self.derived = derived
        self.instruction: Instruction = None  # type: ignore[assignment]  # set by Instruction
        self.conditional = "cond" in self.pattern.fields or "cond" in derived
        if isa == A32 and self.pattern.width != 32:
            raise DeclarationError(f"{pattern!r}: A32 encodings have 32 bits")

    def __repr__(self) -> str:
        return f"{self.instruction.name} {self.isa}/{self.name}"

    @property
    def id(self) -> str:
        """A name unique among all encodings, such as `adc_imm.A1`."""
        return f"{self.instruction.name}.{self.name}"

    def sees(self, other: Encoding) -> bool:
        """Say whether a word of both encodings is the other one's."""
        return other.instruction.name in self.see

    @property
    def thumb(self) -> bool:
        """Say whether this is a T32 encoding (16 or 32 bits)."""
        return self.isa == T32

    @property
    def length(self) -> int:
        """The bytes of the encoding: 2 or 4."""
        return self.pattern.width // 8

    @property
    def syntax(self) -> str:
        """The assembler syntax template."""
        return self.own_syntax or self.instruction.syntax

    def arguments(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Return all fields: the pattern's and the context's in `fields`, and the derived ones."""
        values = dict(fields)
        for name, derive in self.derived.items():
            values[name] = call_with(derive, values) if callable(derive) else derive
        return values

    def is_undefined(self, values: dict[str, Any]) -> bool:
        """Say whether the word is no instruction after all; `values` as `arguments` returns them."""
        return self.undefined is not None and bool(call_with(self.undefined, values))

    def is_unpredictable(self, values: dict[str, Any]) -> bool:
        """Say whether the manual calls the word UNPREDICTABLE; `values` as `arguments` returns them."""
        return self.unpredictable is not None and bool(call_with(self.unpredictable, values))

    def execute(self, m: Any, values: dict[str, Any]) -> None:
        """Run the meaning on machine `m`; `values` as `arguments` returns them."""
        call = self.instruction.meaning
        call(m, **{name: values[name] for name in self.instruction.parameters})


_parameters: dict[Any, tuple[str, ...]] = {}


def parameters_of(function: Callable[..., Any]) -> tuple[str, ...]:
    """Return the names of a function's parameters."""
    names = _parameters.get(function)
    if names is None:
        names = _parameters[function] = _read_parameters(function)
    return names


def _read_parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    if isinstance(function, FunctionType):  # nearly all are; `inspect` takes longer than the rest of a crash report
        code = function.__code__
        return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    import inspect

    return tuple(inspect.signature(function).parameters)


def call_with(function: Callable[..., Any], values: dict[str, Any]) -> Any:
    """Call `function` with the fields its parameters name."""
    return function(*[values[name] for name in parameters_of(function)])


class Instruction:
    """One instruction: a name, its encodings and its meaning."""

    def __init__(
        self,
        name: str,
        syntax: str,
        ref: str,
        encodings: Iterable[Encoding],
        meaning: Meaning,
        *,
        inline_condition: bool,
    ) -> None:
        self.name = name
        self.syntax = syntax
        self.ref = ref
        self.encodings = list(encodings)
        self.meaning = meaning
        self.inline_condition = inline_condition
        self.parameters = parameters_of(meaning)[1:]
        if name in INSTRUCTIONS:
            raise DeclarationError(f"the instruction {name!r} is declared twice")
        for encoding in self.encodings:
            encoding.instruction = self
            available = set(encoding.pattern.fields) | set(encoding.derived) | set(CONTEXT)
            missing = [p for p in self.parameters if p not in available]
            if missing:
                raise DeclarationError(f"{encoding!r} gives no value for {', '.join(missing)}")
        INSTRUCTIONS[name] = self
        ENCODINGS.extend(self.encodings)


def declare(
    name: str, syntax: str, ref: str, encodings: Iterable[Encoding], meaning: Meaning, *, inline_condition: bool = False
) -> Instruction:
    """Declare an instruction; the form that tables of families use.

    `inline_condition`: the native interpreter builds one handler a condition (branches) instead of testing the
    condition in a separate step.
    """
    return Instruction(name, syntax, ref, encodings, meaning, inline_condition=inline_condition)


def instruction(syntax: str, ref: str, *, inline_condition: bool = False) -> Callable[[Meaning], Meaning]:
    """Declare the decorated function as the meaning of an instruction named like the function."""

    def decorate(meaning: Meaning) -> Meaning:
        encodings = meaning.__dict__.pop("encodings", [])
        declare(meaning.__name__, syntax, ref, reversed(encodings), meaning, inline_condition=inline_condition)
        return meaning

    return decorate


def encoding(isa: str, name: str, pattern: str, **options: Any) -> Callable[[Meaning], Meaning]:
    """Add an encoding to the decorated meaning; options as for `Encoding`."""

    def decorate(meaning: Meaning) -> Meaning:
        meaning.__dict__.setdefault("encodings", []).append(Encoding(isa, name, pattern, **options))
        return meaning

    return decorate
