"""The little world in which single instructions are tested: a memory map, and register states as dicts.

A state is a dict: r0..r12, sp, lr, pc, the flags N Z C V Q, GE, E, T, IT (ITSTATE[7:0]), tpidruro, tpidrurw,
fpscr, d0..d31.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ..guest.mapping import MAP_ANONYMOUS, MAP_PRIVATE
from ..guest.memory import MAP_FIXED, Memory
from ..guest.state import WORD, State

if TYPE_CHECKING:
    from ..guest.stop import Stop

CODE, CODE_SIZE = 0x10000, 0x8000  # executable and writable
DATA, DATA_SIZE = 0x20000, 0x2000  # readable and writable
READ_ONLY, READ_ONLY_SIZE = 0x30000, 0x1000
REGIONS = ((CODE, CODE_SIZE, 7), (DATA, DATA_SIZE, 3), (READ_ONLY, READ_ONLY_SIZE, 1))

REGISTERS = (*[f"r{n}" for n in range(13)], "sp", "lr", "pc")
ALIASES = {"r13": "sp", "r14": "lr", "r15": "pc"}
FLAGS = ("N", "Z", "C", "V", "Q")
WORDS = {"GE": "ge", "E": "big_endian", "T": "thumb", "IT": "itstate"} | {
    name: name for name in ("tpidruro", "tpidrurw", "v8")
}
DOUBLES = tuple(f"d{n}" for n in range(32))
NAMES = (*REGISTERS, *FLAGS, *WORDS, "fpscr", *DOUBLES)

_D = WORD["d"] // 2


def read_state(state: State) -> dict[str, int]:
    """Return all registers of a State as a dict."""
    words = state.words
    values = dict(zip(REGISTERS, state.r, strict=True))
    values["N"] = words[WORD["n"]] >> 31
    values["Z"] = int(words[WORD["z"]] == 0)
    values["C"] = words[WORD["c"]]
    values["V"] = words[WORD["v"]] >> 31
    values["Q"] = words[WORD["q"]]
    for name, word in WORDS.items():
        values[name] = words[WORD[word]]
    values["fpscr"] = state.fpscr
    for n, name in enumerate(DOUBLES):
        values[name] = state.doubles[_D + n]
    return values


def write_state(state: State, values: dict[str, int]) -> None:
    """Set all registers of a State from a dict."""
    words = state.words
    for n, name in enumerate(REGISTERS):
        words[n] = values[name]
    words[WORD["n"]] = values["N"] << 31
    words[WORD["z"]] = 1 - values["Z"]
    words[WORD["c"]] = values["C"]
    words[WORD["v"]] = values["V"] << 31
    words[WORD["q"]] = values["Q"]
    for name, word in WORDS.items():
        words[WORD[word]] = values[name]
    state.fpscr = values["fpscr"]
    for n, name in enumerate(DOUBLES):
        state.doubles[_D + n] = values[name]
    words[WORD["exclusive_size"]] = 0


def arbitrary(fill: int) -> dict[str, int]:
    """Return a state of arbitrary numbers; `fill` 0 and 1 give opposite bits where any will do."""
    values = {name: 0x5EED0000 + 0x0101 * n for n, name in enumerate(REGISTERS)}
    values |= dict.fromkeys(FLAGS, 0) | {"GE": 0b0110, "tpidruro": 0x1234, "tpidrurw": 0x5678}
    values |= {f"d{n}": 0x0123456789ABCD00 + n for n in range(32)}
    if fill:
        wide = {name: 32 if len(name) > 1 else 1 for name in values} | {"GE": 4}
        wide |= {f"d{n}": 64 for n in range(32)}
        values = {name: value ^ (1 << wide[name]) - 1 for name, value in values.items()}
    return values | {"v8": 0, "fpscr": 0, "E": 0, "IT": 0, "T": 0, "pc": CODE}


# What memory holds that no case names: no two neighbours alike, and every bit both ways.
PATTERNS = [bytes((n * 7 + 3 ^ 0xFF * fill) & 0xFF for n in range(DATA_SIZE)) for fill in (0, 1)]


def _reference(memory: Memory) -> Any:
    from ..engine.reference import Reference

    return Reference(memory)


def _interpreter(memory: Memory) -> Any:
    from ..engine.interpreter import Interpreter

    return Interpreter(memory)


def _jit(memory: Memory) -> Any:
    from .compiled import Compiled

    return Compiled(memory)


def _careful(memory: Memory) -> Any:
    from .compiled import Compiled

    return Compiled(memory, careful=True)


# An engine has `run(state, count) -> Stop`, `flush(start, end)`, and may have `close()` and `prepare(starts)`.
ENGINES: dict[str, Callable[[Memory], Any]] = {
    "reference": _reference,
    "interpreter": _interpreter,
    "jit": _jit,
    "careful": _careful,
}


def engine_names() -> tuple[str, ...]:
    """Name the engines that every test runs on; `careful` differs from `jit` in floating point alone."""
    return tuple(name for name in ENGINES if name != "careful")


class World:
    """A memory with the regions above, and one engine on it."""

    def __init__(self, engine: str) -> None:
        self.memory = Memory()
        for start, size, prot in REGIONS:
            self.memory.map(start, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED)
        self.engine = ENGINES[engine](self.memory)
        self.state = State()

    def close(self) -> None:
        """Give the memory back."""
        close = getattr(self.engine, "close", None)
        if close:
            close()
        self.memory.close()

    def set_code(self, address: int, code: bytes) -> None:
        """Write code and announce it."""
        self.memory.write(address, code)
        self.engine.flush(address, address + len(code))

    def prepare(self, samples: Iterable[tuple[dict[str, int], int]]) -> None:
        """Tell the engine what will be run: (state, count)."""
        prepare = getattr(self.engine, "prepare", None)
        if prepare:
            prepare((values["pc"], count, values["T"], values["v8"]) for values, count in samples)

    def run(self, values: dict[str, int], count: int) -> tuple[Stop, dict[str, int]]:
        """Run `count` instructions from a state; return why it stopped and the state then."""
        write_state(self.state, values)
        stop: Stop = self.engine.run(self.state, count)
        return stop, read_state(self.state)


def code_bytes(words: list[tuple[int, int]], thumb: bool) -> bytes:
    """Return the bytes in memory of (word, length) instructions; a wide T32 word has its first halfword on top."""
    code = bytearray()
    for word, length in words:
        if thumb and length == 4:
            code += (word >> 16).to_bytes(2, "little") + (word & 0xFFFF).to_bytes(2, "little")
        else:
            code += word.to_bytes(length, "little")
    return bytes(code)


def advance_it(itstate: int) -> int:
    """Return ITSTATE after one instruction of the block (DDI0406C A2.5.2 ITAdvance)."""
    return itstate & 0xE0 | itstate << 1 & 0x1F if itstate & 7 else 0


def is_it(halfword: int) -> bool:
    """Say whether a T32 halfword is an IT instruction."""
    return halfword >> 8 == 0xBF and bool(halfword & 15)


def it_length(halfword: int) -> int:
    """Return how many instructions the block of an IT has."""
    return 5 - (halfword & -halfword & 15).bit_length()
