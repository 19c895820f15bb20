"""Show guest code as text, with addresses, words and symbols."""

from __future__ import annotations

from itertools import islice

from stinkarm.guest.memory import GuestFault
from stinkarm.guest.text import shown
from stinkarm.isa.syntax import disassemble

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from stinkarm.guest.image import Image
    from stinkarm.guest.memory import Memory
    from stinkarm.guest.symbols import Symbols

BEFORE = 4  # instructions shown before and after the one in question
AFTER = 3
ZEROS_SHOWN = 2
LOOK_BACK = 64  # bytes of T32 code decoded to find where the instructions before pc start


class Line:
    """One instruction as shown: its address, its bytes as a word, its length in bytes, its text."""

    __slots__ = ("address", "length", "text", "word")

    def __init__(self, address: int, word: int, length: int, text: str) -> None:
        self.address = address
        self.word = word
        self.length = length
        self.text = text

    def __str__(self) -> str:
        word = f"{self.word:04x}" if self.length == 2 else f"{self.word:08x}"
        return f"{self.address:08x}  {word:<8}  {self.text}"


def read_word(memory: Memory, address: int, thumb: bool) -> tuple[int, int]:
    """Read the instruction at `address`: (word, length). A 32-bit T32 word has its first halfword on top.

    Raises GuestFault when its memory cannot be read.
    """
    if not thumb:
        return memory.read_u32(address), 4
    first = memory.read_u16(address)
    if first >> 11 in (0b11101, 0b11110, 0b11111):
        return first << 16 | memory.read_u16(address + 2 & 0xFFFFFFFF), 4
    return first, 2


def disassemble_at(memory: Memory, address: int, thumb: bool, itstate: int = 0) -> Line:
    """Disassemble the instruction at `address`. Raises GuestFault when its memory cannot be read."""
    word, length = read_word(memory, address, thumb)
    return Line(address, word, length, disassemble(word, length, thumb, address, itstate))


def disassemble_range(memory: Memory, start: int, end: int, thumb: bool) -> Iterator[Line]:
    """Disassemble [start, end), up to the first address that cannot be read."""
    address, itstate = start, 0
    while address < end:
        try:
            line = disassemble_at(memory, address, thumb, itstate)
        except GuestFault:
            return
        yield line
        itstate = next_itstate(line, thumb, itstate)
        address += line.length


def next_itstate(line: Line, thumb: bool, itstate: int) -> int:
    """Follow the IT state past an instruction (DDI0406C A2.5.2)."""
    if not thumb:
        return 0
    if line.length == 2 and line.word >> 8 == 0xBF and line.word & 0xF:
        return line.word & 0xFF
    return 0 if itstate & 7 == 0 else (itstate & 0xE0) | (itstate << 1 & 0x1F)


def disassemble_from(memory: Memory, start: int, count: int, thumb: bool) -> list[Line]:
    """Disassemble up to `count` instructions from `start` on, as far as they can be read."""
    return list(islice(disassemble_range(memory, start, 1 << 32, thumb), count))


def around(memory: Memory, pc: int, thumb: bool, itstate: int = 0) -> list[Line]:
    """Disassemble a few instructions before and after pc, as far as they can be read."""
    lines = _before(memory, pc, thumb)
    address = pc
    for _ in range(1 + AFTER):
        try:
            line = disassemble_at(memory, address, thumb, itstate)
        except GuestFault:
            break
        lines.append(line)
        itstate = next_itstate(line, thumb, itstate)
        address += line.length
        if address > 0xFFFFFFFF:
            break
    return lines


def _before(memory: Memory, pc: int, thumb: bool) -> list[Line]:
    """Disassemble the instructions before pc, as far back as they can be read.

    T32 instructions have two lengths, so decoding starts at each address some way back in turn, until
    one start makes an instruction end exactly at pc.
    """
    back, size = (LOOK_BACK, 2) if thumb else (4 * BEFORE, 4)
    for start in range(max(0, pc - back), pc, size):
        try:
            memory.read(start, pc - start)
        except GuestFault:
            continue
        lines = list(disassemble_range(memory, start, pc, thumb))
        if lines and lines[-1].address + lines[-1].length == pc:
            return lines[-BEFORE:]
    return []


def disassemble_program(memory: Memory, image: Image, symbols: Symbols | None, thumb: bool) -> Iterator[str]:
    """Disassemble a program's executable segments, one text line at a time.

    The ARM ELF mapping symbols ($a, $t, $d) tell A32 and T32 code and data apart; without them (the program is
    stripped) all is taken as code of the instruction set that `thumb` says, which should be that of its entry.
    """
    default = "t" if thumb else "a"
    for start, end in image.code:
        mapping = memory.find(start)
        permissions = mapping.permissions if mapping is not None else "----"
        yield f"{start:08x}-{end:08x} {permissions} {shown(image.name)}".rstrip()
        yield from _disassemble_segment(memory, start, end, symbols, default)


def _disassemble_segment(memory: Memory, start: int, end: int, symbols: Symbols | None, default: str) -> Iterator[str]:
    address, itstate, zeros = start, 0, 0
    while address < end:
        kind = (symbols.kind(address) if symbols is not None else None) or default
        found = symbols.lookup(address) if symbols is not None else None
        if found is not None and found[1] == 0:
            yield f"{address:08x} <{found[0]}>:"
        try:
            line = _data_line(memory, address) if kind == "d" else disassemble_at(memory, address, kind == "t", itstate)
        except GuestFault:
            return
        # The zeros that fill a page are not worth a line each.
        zeros = zeros + 1 if line.word == 0 else 0
        if zeros <= ZEROS_SHOWN:
            yield f"  {line}"
        elif zeros == ZEROS_SHOWN + 1:
            yield "  ..."
        itstate = next_itstate(line, kind == "t", itstate)
        address += line.length


def _data_line(memory: Memory, address: int) -> Line:
    """Show a word of data, or a halfword where T32 code has left one."""
    if address & 3:
        halfword = memory.read_u16(address)
        return Line(address, halfword, 2, f".short {halfword:#06x}")
    word = memory.read_u32(address)
    return Line(address, word, 4, f".word {word:#010x}")
