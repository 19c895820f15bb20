"""The registers of one guest thread, in the memory layout that native code uses.

The layout is a contract with generated code: `OFFSETS` is the only place that names
an offset, and its text is part of the interpreter's cache key.
"""

from __future__ import annotations

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
    "fpscr": 124,  # but for the cumulative flags that `mxcsr` holds
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
    "mxcsr": 448,  # the host's MXCSR while guest code runs: FPSCR.RMode, and exceptions since FPSCR was written
    "fp_mode": 452,  # what handlers must know of FPSCR at once; `fp_mode` below
    "host_mxcsr": 456,
    "fault_ip": 464,  # in a compiled region: the number of the instruction's entry in the code table
    "fault_info": 468,  # and how many instructions of its block were not done, with ITSTATE in the top byte
    "regions": 472,  # u64 host address of the list of compiled regions (engine/jit.py)
    "v8": 460,  # 1: what ARMv8 adds to A32 and T32 is there (-cpu max), else it is UNDEFINED
    "hot": 512,  # HOT_COUNTERS u32: how many more branches until the target is reported as hot, hashed by target
    "calls": 480,  # u64 host address of the DirectCalls (guest/direct.py), or 0 for none
    "calls_left": 488,  # i32: how many more calls are passed on before the thread comes back to Python
    "calling": 492,  # not 0: a call that is being passed on accesses guest memory
    "svc_it": 496,  # ITSTATE of the last SVC that left, which is its own and not that of what follows
    "interrupt": 504,  # not 0: the thread must come back to the kernel before it waits (linux/capture.py)
}
HOT_COUNTERS = 1024
_BEHIND = OFFSETS["hot"] + 4 * HOT_COUNTERS
OFFSETS |= {
    "unusual_left": _BEHIND,  # i32: how often compiled code may still meet numbers that it is not made for
    "unusual_place": _BEHIND + 4,  # the number of the entry in the code table of an instruction that did
    "unusual_ip": _BEHIND + 8,  # u64 host address of one that trapped, or 0
}
SIZE = _BEHIND + 16

WORD = {name: offset // 4 for name, offset in OFFSETS.items()}

MASK32 = 0xFFFFFFFF

# FPSCR (DDI0406C A2.7.1): what a Cortex-A15 holds there. It has no trapped exceptions and no short vectors, so
# their enables, Len and Stride are zero.
FPSCR_MASK = 0xFFC0009F

FP_FLUSH = 1  # FPSCR.FZ
FP_ROUNDING = 2  # FPSCR.RMode is not to nearest
FP_EXACT = 4  # IXC is not set in the stored word, so a native operation must not set MXCSR's sticky bit wrongly
FP_DEFAULT_NAN = 8  # FPSCR.DN


def mxcsr_for(fpscr: int) -> int:
    """Return the MXCSR of an FPSCR: its rounding mode, a trap for what is invalid (engine/traps.py), no sticky flag."""
    return 0x1F00 | (fpscr >> 23 & 1 | fpscr >> 21 & 2) << 13


def fp_mode(fpscr: int) -> int:
    """Return the `fp_mode` word of an FPSCR."""
    modes = (fpscr >> 24 & 1) | (FP_ROUNDING if fpscr >> 22 & 3 else 0) | (0 if fpscr >> 4 & 1 else FP_EXACT)
    return modes | fpscr >> 25 - 3 & FP_DEFAULT_NAN


def exceptions_in(mxcsr: int) -> int:
    """Return the FPSCR flags of MXCSR's sticky bits: IE ZE OE UE PE are IOC DZC OFC UFC IXC; DE is not ARM's IDC."""
    return (mxcsr & 1) | (mxcsr >> 1 & 0x1E)


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
        self.fpscr = 0

    def copy(self) -> State:
        """Make the registers of a new thread: the same, with the monitor open."""
        new = State()
        new.words[: WORD["memory"]] = self.words[: WORD["memory"]]
        new.fpscr = self.fpscr
        new.v8 = self.v8
        new.calls = self.calls
        new.words[WORD["exclusive_size"]] = 0
        return new

    @property
    def fpscr(self) -> int:
        """The FPSCR, with the exceptions that native code has raised."""
        w = self.words
        return w[31] | exceptions_in(w[112])

    @fpscr.setter
    def fpscr(self, value: int) -> None:
        w = self.words
        value &= FPSCR_MASK
        w[31] = value
        w[112] = mxcsr_for(value)
        w[113] = fp_mode(value)

    @property
    def v8(self) -> bool:
        """Say whether there is what ARMv8 adds to A32 and T32. To be set before the thread's first instruction."""
        return bool(self.words[115])

    @v8.setter
    def v8(self, value: bool) -> None:
        self.words[115] = 1 if value else 0

    @property
    def calls(self) -> int:
        """The address of the DirectCalls that say which system calls native code passes on, or 0."""
        return self.doubles[60]

    @calls.setter
    def calls(self, address: int) -> None:
        self.doubles[60] = address

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
