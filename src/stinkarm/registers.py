"""The core registers as Python users see them."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING, Self, overload

from stinkarm import arguments
from stinkarm.inspect.registers import NAMES, format_registers, read_registers

if TYPE_CHECKING:
    from stinkarm.api import Emulator


class Registers(MutableMapping[str, int]):
    """The core registers by name: r0 to r15, sp, lr, pc and cpsr.

    What is written has 32 bits, with a sign or without; pc is rounded down to where an instruction may be.
    """

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def __getitem__(self, name: str) -> int:
        state = self._emulator.machine.state
        return state.cpsr if name == "cpsr" else state.r[_index(name)]

    def __setitem__(self, name: str, value: int) -> None:
        state = self._emulator.machine.state
        index = -1 if name == "cpsr" else _index(name)
        value = arguments.word(name, value)
        if index < 0:
            state.cpsr = value
            return
        if index == 15:
            value &= ~1 if state.thumb else ~3
        state.r[index] = value

    def __delitem__(self, name: str) -> None:
        raise TypeError("registers cannot be deleted")

    def __iter__(self) -> Iterator[str]:
        return iter((*NAMES, "cpsr"))

    def __len__(self) -> int:
        return len(NAMES) + 1

    def __str__(self) -> str:
        return format_registers(read_registers(self._emulator.machine.state))


_NUMBERS = {**{name: number for number, name in enumerate(NAMES)}, "r13": 13, "r14": 14, "r15": 15}


def _index(name: str) -> int:
    try:
        return _NUMBERS[name]
    except KeyError:
        raise KeyError(f"there is no register {name!r}; there are r0 to r15, sp, lr, pc and cpsr") from None
    except TypeError:
        raise KeyError(f"a register has a name, such as 'r0', and {name!r} is none") from None


class Register:
    """A register as an attribute of `Emulator`."""

    def __init__(self, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, emulator: None, owner: object = None) -> Self: ...

    @overload
    def __get__(self, emulator: Emulator, owner: object = None) -> int: ...

    def __get__(self, emulator: Emulator | None, owner: object = None) -> int | Self:
        return self if emulator is None else emulator.registers[self._name]

    def __set__(self, emulator: Emulator, value: int) -> None:
        emulator.registers[self._name] = value
