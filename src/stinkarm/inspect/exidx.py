"""The exception handling tables of ARM programs (Arm IHI 0038, "Exception Handling ABI for the Arm Architecture").

They tell what a function has done to the stack by the time it makes a call. They are read from guest memory, which
other threads may be changing: each look is bounded, and a table that makes no sense ends the walk.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.guest.memory import Memory

CANT_UNWIND = 1  # EXIDX_CANTUNWIND
_ENTRY_SIZE = 8
_MASK = 0xFFFFFFFF
_SP, _LR, _PC = 13, 14, 15
_MAX_WORDS = 255


class Entry:
    """The index entry of a function: where it starts, where the next does, and the instructions that unwind it.

    These are None when nothing can. Linkers merge the entries of functions that are unwound alike.
    """

    __slots__ = ("end", "instructions", "start")

    def __init__(self, start: int, end: int, instructions: bytes | None) -> None:
        self.start = start
        self.end = end
        self.instructions = instructions


def find(memory: Memory, table: tuple[int, int], address: int) -> Entry | None:
    """Find the entry of the index table that an address belongs to (section 6). Raises GuestFault."""
    start, end = table
    low, high = 0, (end - start) // _ENTRY_SIZE
    count = high
    while low < high:
        middle = (low + high) >> 1
        if _prel31(memory, start + _ENTRY_SIZE * middle) > address:
            high = middle
        else:
            low = middle + 1
    if not low:
        return None
    at = start + _ENTRY_SIZE * (low - 1)
    following = _prel31(memory, at + _ENTRY_SIZE) if low < count else 1 << 32
    return Entry(_prel31(memory, at), following, _instructions(memory, at + 4))


def _prel31(memory: Memory, at: int) -> int:
    """Read a 31-bit offset from its own place, and give the address it means."""
    value = memory.read_u32(at)
    return at + (value & 0x7FFFFFFF) - ((value & 0x40000000) << 1) & _MASK


def _instructions(memory: Memory, at: int) -> bytes | None:
    """Read the unwinding instructions that the second word of an entry holds, or leads to (sections 6 and 10.2)."""
    word = memory.read_u32(at)
    if word == CANT_UNWIND:
        return None
    if word & 1 << 31:  # inline, for the short personality routine
        return word.to_bytes(4, "big")[1:] if word >> 24 == 0x80 else None
    at = _prel31(memory, at)
    word = memory.read_u32(at)
    if not word & 1 << 31:  # a personality routine of a language's own; GNU's use __aeabi_unwind_cpp_pr1's form
        at += 4
        word = memory.read_u32(at)
        return _words(memory, at, word >> 24, 3)
    index = word >> 24 & 0xF
    if index == 0:
        return word.to_bytes(4, "big")[1:]
    return _words(memory, at, word >> 16 & 0xFF, 2) if index in (1, 2) else None


def _words(memory: Memory, at: int, more: int, first: int) -> bytes:
    """Read `first` bytes of the word at an address, and as many more words; each has its first byte on top."""
    data = memory.read(at, 4 * (1 + min(more, _MAX_WORDS)))
    return b"".join(data[i : i + 4][::-1] for i in range(0, len(data), 4))[4 - first :]


class Refused(Exception):
    """The instructions do not unwind this, or are none."""


def unwind(memory: Memory, registers: list[int | None], instructions: bytes) -> None:
    """Carry out the unwinding instructions (section 10.3) on r0 to pc, which become the caller's.

    An unknown register is None. Raises Refused, and GuestFault.
    """
    _Unwinder(memory, registers, instructions).run()


class _Unwinder:
    def __init__(self, memory: Memory, registers: list[int | None], instructions: bytes) -> None:
        self.memory = memory
        self.registers = registers
        self.code = iter(instructions)
        sp = registers[_SP]
        if sp is None:
            raise Refused
        self.vsp: int = sp

    def byte(self) -> int:
        """Take the next byte."""
        for byte in self.code:
            return byte
        raise Refused

    def pop(self, mask: int) -> None:
        """Pop the registers of a mask, the lowest first."""
        at = self.vsp
        for number in range(16):
            if mask >> number & 1:
                self.registers[number] = self.memory.read_u32(at & _MASK)
                at += 4
        popped = self.registers[_SP]
        self.vsp = popped if mask >> _SP & 1 and popped is not None else at & _MASK

    def run(self) -> None:
        """Carry out everything."""
        self.registers[_PC] = None
        for byte in self.code:
            if byte == 0xB0:
                break
            self.step(byte)
        self.registers[_SP] = self.vsp & _MASK
        if self.registers[_PC] is None:
            self.registers[_PC] = self.registers[_LR]

    def step(self, byte: int) -> None:
        """Carry out one instruction."""
        if byte < 0x80:
            distance = ((byte & 0x3F) << 2) + 4
            self.vsp += -distance if byte & 0x40 else distance
        elif byte < 0x90:
            mask = (byte & 0xF) << 12 | self.byte() << 4
            if not mask:
                raise Refused  # "refuse to unwind"
            self.pop(mask)
        elif byte < 0xA0:
            value = self.registers[byte & 0xF]
            if byte in (0x9D, 0x9F) or value is None:
                raise Refused
            self.vsp = value
        elif byte < 0xB0:
            self.pop((1 << (byte & 7) + 1) - 1 << 4 | (1 << _LR if byte & 8 else 0))
        elif byte < 0xC0:
            self.step_b(byte)
        elif byte in (0xC8, 0xC9):
            self.vsp += 8 * ((self.byte() & 0xF) + 1)
        elif byte < 0xC6:
            self.vsp += 8 * ((byte & 7) + 1)  # iWMMXt's wR10 to wR10+n
        elif byte == 0xC6:
            self.vsp += 8 * ((self.byte() & 0xF) + 1)
        elif byte == 0xC7:
            self.vsp += 4 * (self.byte() & 0xF).bit_count()
        elif 0xD0 <= byte < 0xD8:
            self.vsp += 8 * ((byte & 7) + 1)
        else:
            raise Refused  # spare

    def step_b(self, byte: int) -> None:
        """Carry out an instruction that begins with 1011."""
        if byte == 0xB1:
            mask = self.byte()
            if not 0 < mask < 0x10:
                raise Refused
            self.pop(mask)
        elif byte == 0xB2:
            value = shift = 0
            while shift < 32:
                part = self.byte()
                value |= (part & 0x7F) << shift
                shift += 7
                if part < 0x80:
                    break
            self.vsp += 0x204 + (value << 2)
        elif byte == 0xB3:
            self.vsp += 8 * ((self.byte() & 0xF) + 1) + 4  # FSTMFDX has a word more
        elif byte == 0xB4:
            self.vsp += 4  # a return address authentication code
        elif byte >= 0xB8:
            self.vsp += 8 * ((byte & 7) + 1) + 4
        else:
            raise Refused  # spare
