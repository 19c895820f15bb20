"""Disassembly in UAL, from the syntax templates of the declarations.

In a template, `{rd}` and the other register fields print register names; `{c}` the condition; `{s}` an s when the
field is one; `{shift}` a shift of the operand before it (fields `shift_t`, `shift_n`); `{registers}` a register list;
`{target}` an address. Any other `{name}` prints the field in decimal, `{name:x}` in hex. A module of
instructions adds what it needs with `@formatter`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .declare import call_with
from .decode import Decoded, decoder

REGISTERS = (*[f"r{n}" for n in range(13)], "sp", "lr", "pc")
REGISTER_FIELDS = frozenset(["rd", "rn", "rm", "rs", "ra", "rt", "rt2", "rdlo", "rdhi"])
CONDITIONS = ("eq", "ne", "cs", "cc", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le", "", "")
SHIFTS = ("lsl", "lsr", "asr", "ror", "rrx")

FORMATTERS: dict[str, Callable[..., str]] = {}


def formatter(name: str) -> Callable[[Callable[..., str]], Callable[..., str]]:
    """Register a function as the text of `{name}` in templates; its parameters are fields by name."""

    def decorate(function: Callable[..., str]) -> Callable[..., str]:
        if name in FORMATTERS:
            raise ValueError(f"two formatters are called {name!r}")
        FORMATTERS[name] = function
        return function

    return decorate


@formatter("s")
def _s(s: int) -> str:
    return "s" if s else ""


@formatter("shift")
def _shift(shift_t: int, shift_n: int) -> str:
    if shift_t == 4:
        return ", rrx"
    return f", {SHIFTS[shift_t]} #{shift_n}" if shift_n else ""


@formatter("registers")
def _registers(registers: int) -> str:
    return "{" + ", ".join(name for n, name in enumerate(REGISTERS) if registers >> n & 1) + "}"


@formatter("target")
def _target(target: int) -> str:
    return f"{target:#x}"


class _Fields(Mapping[str, Any]):
    """What a template may name, computed when it is asked for."""

    def __init__(self, fields: dict[str, Any], cond: int) -> None:
        self._fields = fields
        self._cond = cond

    def __getitem__(self, name: str) -> Any:
        if name == "c":
            return CONDITIONS[self._cond]
        if name in FORMATTERS:
            return call_with(FORMATTERS[name], self._fields)
        value = self._fields[name]
        return REGISTERS[value & 15] if name in REGISTER_FIELDS else value  # rt + 1 of an UNPREDICTABLE word may be 16

    def __iter__(self) -> Any:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)


def render(decoded: Decoded, itstate: int = 0) -> str:
    """Return the UAL text of a decoded instruction."""
    fields = decoded.fields
    cond = fields.get("cond", 14)
    if decoded.encoding.thumb and itstate & 0xF:
        cond = itstate >> 4
    text = decoded.encoding.syntax.format_map(_Fields(fields, cond))
    if decoded.encoding.is_unpredictable(fields):
        text += "  ; UNPREDICTABLE"
    return text


def disassemble(word: int, length: int, thumb: bool, pc: int, itstate: int = 0) -> str:
    """Return the UAL text of a word (a wide T32 one is first halfword << 16 | second), or a data directive."""
    decoded = decoder().decode(word, thumb=thumb, length=length, pc=pc, itstate=itstate)
    if decoded is None:
        return f".short {word:#06x}  ; UNDEFINED" if length == 2 else f".word {word:#010x}  ; UNDEFINED"
    return render(decoded, itstate)
