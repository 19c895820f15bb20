"""Compiling functions ahead of time, in a process of its own: without knowing what is executed, all is."""

from __future__ import annotations

import ctypes
import os
import signal

from ..isa import instructions  # noqa: F401 - importing declares them
from ..isa.declare import ENCODINGS
from ..isa.decode import Decoder, is_wide
from .compiler import CompileError, Compiler
from .image import unpack_routines
from .piece import Piece
from .region import Code, grow

Result = tuple[int, Piece | None, list[int]]

_SECONDS = 60.0  # of the processor, for one function
_PR_SET_PDEATHSIG = 1

_state: _State | Exception


class _State:
    """What the process was begun with."""

    def __init__(self, level: str, interpreter: str, code: list[tuple[int, bytes]], v8: bool) -> None:
        self.compiler = Compiler(level)
        self.decoder = Decoder(ENCODINGS)
        with open(interpreter, "rb") as file:
            self.routines = unpack_routines(file.read())
        self.code = code
        self.v8 = v8

    def read(self, address: int, size: int) -> bytes | None:
        """Return guest code."""
        for start, data in self.code:
            if start <= address and address + size <= start + len(data):
                return data[address - start : address - start + size]
        return None


def begin(level: str, interpreter: str, code: list[tuple[int, bytes]], v8: bool) -> None:
    """Prepare this process: `code` are read-only parts of guest memory (start, bytes)."""
    global _state  # noqa: PLW0603 - a process has one
    if "STINKARM_TRACEBACK" not in os.environ:  # LLVM says there why it ends a process; who waits says it in a sentence
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who waits for the results
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # else this would wait for work for ever
    try:
        _state = _State(level, interpreter, code, v8)
    except Exception as error:  # raised here, it would be shown by each process
        _state = error


def wait_for_work() -> None:
    """Show that this process lives."""


def compile_function(address: int) -> Result:
    """Compile the function at an address (bit 0 set for T32); give its piece, and what else is worth compiling."""
    state = _state
    if isinstance(state, Exception):
        raise state
    thumb, entry = bool(address & 1), address & ~1

    def executed(place: int) -> bool:
        return state.read(place & ~1, 2) is not None

    signal.setitimer(signal.ITIMER_VIRTUAL, _SECONDS)
    try:
        code = Code(state.read, state.read, executed, thumb, state.v8)
        region = grow(code, [entry], state.decoder, state.routines)
        if region is None:
            return address, None, []
        calls = [
            call
            for of_t32, ranges in enumerate(region.by_set)
            for start, end in ranges
            for call in targets(state.read(start, end - start) or b"", start, bool(of_t32))
        ]
        return address, state.compiler.compile(region), calls
    except (CompileError, RecursionError):
        return address, None, []
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def targets(data: bytes, start: int, thumb: bool) -> list[int]:
    """List the targets of BL and BLX (immediate), and those of B that are behind it: the beginnings of loops.

    Bit 0 is set for T32. (DDI0406C A8.8.18, A8.8.25.)
    """
    return _targets_t32(data, start) if thumb else _targets_a32(data, start)


def _targets_a32(data: bytes, start: int) -> list[int]:
    found = []
    for at in range(0, len(data) - 3, 4):
        word = int.from_bytes(data[at : at + 4], "little")
        target = start + at + 8 + _signed(word & 0xFFFFFF, 24) * 4
        if word >> 25 == 0b1111101:
            found.append((target + (word >> 23 & 2) | 1) & 0xFFFFFFFF)
        elif word >> 28 != 0xF and (word >> 24 & 0xF == 0xB or (word >> 24 & 0xF == 0xA and target <= start + at)):
            found.append(target & 0xFFFFFFFC)
    return found


def _targets_t32(data: bytes, start: int) -> list[int]:
    found = []
    at = 0
    while at + 4 <= len(data):
        first, second = (int.from_bytes(data[i : i + 2], "little") for i in (at, at + 2))
        if not is_wide(first):
            target = start + at + 4
            if first >> 12 == 0b1101 and first >> 8 & 0xF < 14:
                target += _signed(first & 0xFF, 8) * 2
            elif first >> 11 == 0b11100:
                target += _signed(first & 0x7FF, 11) * 2
            if target <= start + at:
                found.append(target & 0xFFFFFFFF | 1)
            at += 2
            continue
        if first >> 11 == 0b11110 and second >> 14 == 0b11:
            s, j1, j2 = first >> 10 & 1, second >> 13 & 1, second >> 11 & 1
            i1, i2 = 1 ^ j1 ^ s, 1 ^ j2 ^ s
            offset = _signed(s << 24 | i1 << 23 | i2 << 22 | (first & 0x3FF) << 12 | (second & 0x7FF) << 1, 25)
            pc = start + at + 4
            if second >> 12 & 1:
                found.append((pc + offset | 1) & 0xFFFFFFFF)
            else:
                found.append((pc & ~3) + offset & 0xFFFFFFFC)
        elif first >> 11 == 0b11110 and second >> 14 == 0b10:
            s, j1, j2 = first >> 10 & 1, second >> 13 & 1, second >> 11 & 1
            if second >> 12 & 1:
                high = s << 23 | (1 ^ j1 ^ s) << 22 | (1 ^ j2 ^ s) << 21 | (first & 0x3FF) << 11
                target = start + at + 4 + _signed(high | second & 0x7FF, 24) * 2
            elif first >> 7 & 7 != 7:
                high = s << 19 | j2 << 18 | j1 << 17 | (first & 0x3F) << 11
                target = start + at + 4 + _signed(high | second & 0x7FF, 20) * 2
            else:
                target = start + at + 4
            if target <= start + at:
                found.append(target & 0xFFFFFFFF | 1)
        at += 4
    return found


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value
