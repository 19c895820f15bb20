"""The registers of one guest thread, in the memory layout that native code uses.

The layout is a contract with generated code: `OFFSETS` is the only place that names
an offset, and its text is part of the interpreter's cache key.
"""

from stinkarm.guest import native as ctypes

# Byte offsets in the state block. r0..r15 come first, each a u32.
OFFSETS = {
    "r": 0,
    "n": 64,  # N is the sign bit of this word
    "z": 68,  # Z is set when this word is zero
    "c": 72,  # 0 or 1
    "v": 76,  # V is the sign bit of this word
    "q": 80,  # 0 or 1
    "ge": 84,  # four bits
    "itstate": 88,  # CPSR.IT[7:0]; not zero only between runs, in the middle of an IT block
    "big_endian": 92,  # CPSR.E
    "thumb": 96,  # CPSR.T
    "exclusive_size": 100,  # 0: monitor open; else the bytes that the last load exclusive read
    "exclusive_address": 104,
    "tpidruro": 108,
    "exclusive_value": 112,  # u64: what the last load exclusive read
    "tpidrurw": 120,
    "fpscr": 124,
    "d": 128,  # 32 u64
    "memory": 384,  # u64 host address of guest address 0
    "table": 392,  # u64 host address of the code table
    "host_sp": 400,  # u64 stack pointer to return to
    "entry": 408,  # u64 the code-table entry to run next
    "budget": 416,  # i64 instructions left
    "stop": 424,  # Stop kind
    "stop_detail": 428,  # the immediate of SVC/BKPT/UDF
    "fault_address": 432,  # guest address
    "fault_write": 436,  # 1 for a store
    "fault_signal": 440,  # host signal number
    "fault_code": 444,  # host si_code
}
SIZE = 512

WORD = {name: offset // 4 for name, offset in OFFSETS.items()}

MASK32 = 0xFFFFFFFF


class State:
    """One thread's registers.

    `words` is the block as u32 (index it with `WORD[...]`), `doubles` as u64. `r` reads and
    writes r0..r15. Both engines run on it; between runs pc is `r[15]` and the
    instruction set is `thumb`.
    """

    __slots__ = ("_block", "address", "doubles", "r", "signed", "words")

    def __init__(self) -> None:
        self._block = (ctypes.c_uint64 * (SIZE // 8))()
        self.address: int = ctypes.addressof(self._block)
        raw = memoryview(self._block).cast("B")
        self.words = raw.cast("I")
        self.doubles = raw.cast("Q")
        self.signed = raw.cast("q")
        self.r = self.words[:16]
        self.words[WORD["z"]] = 1

    @property
    def thumb(self) -> bool:
        """Say whether the instruction set is T32."""
        return bool(self.words[24])

    @thumb.setter
    def thumb(self, value: bool) -> None:
        self.words[24] = 1 if value else 0

    @property
    def cpsr(self) -> int:
        """The CPSR as a user-mode program of this thread would be shown it."""
        w = self.words
        itstate = w[22]
        return (
            (w[16] & 0x80000000)
            | (0 if w[17] else 1 << 30)
            | (w[18] << 29)
            | ((w[19] >> 31) << 28)
            | (w[20] << 27)
            | ((itstate & 3) << 25)
            | (w[21] << 16)
            | ((itstate >> 2) << 10)
            | (w[23] << 9)
            | (w[24] << 5)
            | 0x10
        )

    @cpsr.setter
    def cpsr(self, value: int) -> None:
        w = self.words
        w[16] = value & 0x80000000
        w[17] = 0 if value & 1 << 30 else 1
        w[18] = value >> 29 & 1
        w[19] = (value >> 28 & 1) << 31
        w[20] = value >> 27 & 1
        w[21] = value >> 16 & 0xF
        w[22] = (value >> 25 & 3) | (value >> 10 & 0x3F) << 2
        w[23] = value >> 9 & 1
        w[24] = value >> 5 & 1
