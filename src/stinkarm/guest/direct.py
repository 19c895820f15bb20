"""System calls that native code passes to the host without entering Python: what it reads to know which.

A `DirectCalls` block says how each call number is passed on, `Kinds` what each descriptor allows. Both are filled by
Python (`linux/direct.py`) and read by generated code (`engine/direct.py`). The layout is a contract between the two,
and its text is part of the interpreter's cache key.

A call is passed on by its *shape*, what is in r0, r1, ...: `f` a descriptor, `p` the address of as many bytes as the
next register says, `n` that number, `q` a 64-bit number in an even pair. The shapes that have a name need code of their
own. Whatever the host answers with an error is done once more in Python, which knows what follows from it.
"""

from stinkarm.guest import native as ctypes

SHAPES = ("", "none", "fpn", "fpnq", "vector", "llseek", "clock32", "clock64", "timeofday", "futex")

NUMBERS = 512  # calls from here on are not direct
CLOCK = 4 * NUMBERS  # u64: host address of int clock_gettime(clockid_t, struct timespec *)
KINDS = CLOCK + 8  # u64: host address of the kinds
SIZE = KINDS + 8

# Each descriptor has a byte: what may be done with it in native code, which must never wait for long.
UNKNOWN = 0  # nobody has looked yet
PLAIN = 1  # a file on a disk, or a device that always answers: no call waits
PIPE = 2  # reads and small writes, if the host can do them without waiting
SOCKET = 3  # reads, likewise
SMALL = 4  # a file that was opened without O_LARGEFILE, not for appending: nothing may be written above 2 GiB
NOT_DIRECT = 255
DESCRIPTORS = 1024  # higher ones are not direct

ATOMIC = 4096  # PIPE_BUF: what is written to a pipe whole or not at all
VECTORS = 8  # the most struct iovec that native code converts

# After so many calls, and one more for each page of data, a thread comes back to Python, as after a slice of
# instructions. That takes a few milliseconds.
TURN = 5000


class Kinds:
    """The kinds of the guest's descriptors; index it with their numbers, which may be any."""

    __slots__ = ("_block", "_bytes", "address")

    def __init__(self) -> None:
        self._block = (ctypes.c_ubyte * DESCRIPTORS)()
        self.address: int = ctypes.addressof(self._block)
        self._bytes = memoryview(self._block).cast("B")

    def __getitem__(self, fd: int) -> int:
        return self._bytes[fd] if 0 <= fd < DESCRIPTORS else NOT_DIRECT

    def __setitem__(self, fd: int, kind: int) -> None:
        if 0 <= fd < DESCRIPTORS:
            self._bytes[fd] = kind


class DirectCalls:
    """The calls that are passed on. `State.calls` holds the `address` for a thread whose calls may be."""

    __slots__ = ("_block", "_doubles", "_words", "address")

    def __init__(self, kinds: Kinds) -> None:
        self._block = (ctypes.c_uint64 * (SIZE // 8))()
        self.address: int = ctypes.addressof(self._block)
        raw = memoryview(self._block).cast("B")
        self._words = raw.cast("I")
        self._doubles = raw.cast("Q")
        self._doubles[KINDS // 8] = kinds.address

    def pass_on(self, number: int, shape: str, host_number: int) -> None:
        """Let native code pass on a call, as the host's `host_number` if it becomes one."""
        self._words[number] = SHAPES.index(shape) << 16 | host_number

    def passes_on(self, number: int) -> bool:
        """Say whether native code passes on a call."""
        return number < NUMBERS and self._words[number] != 0

    def set_clock(self, function: int) -> None:
        """Let native code read clocks with the host's function at this address."""
        self._doubles[CLOCK // 8] = function
