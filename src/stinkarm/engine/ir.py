"""Values of LLVM IR text, and their types."""

from __future__ import annotations

from ..isa.operations import Machine, Value


class IrValue(Value):
    """An SSA value: `name` is a register or a literal. `word`: a 32-bit 0/1 form of a 1-bit value, if there is one."""

    __slots__ = ("name", "word")

    def __init__(self, machine: Machine, width: int, name: str, word: str | None = None, lanes: int = 1) -> None:
        super().__init__(machine, width, lanes)
        self.name = name
        self.word = word


def ir_type(width: int, lanes: int = 1) -> str:
    """Return the LLVM type of integers."""
    return f"i{width}" if lanes == 1 else f"<{lanes} x i{width}>"


def type_of(value: Value) -> str:
    """Return the LLVM type of a value."""
    return ir_type(value.width, value.lanes)


def mangled(value: Value) -> str:
    """Return the suffix of an intrinsic's name for the type of `value`."""
    return f"i{value.width}" if value.lanes == 1 else f"v{value.lanes}i{value.width}"


def name_of(value: Value) -> str:
    """Return the register or literal that a value is."""
    assert isinstance(value, IrValue)
    return value.name
