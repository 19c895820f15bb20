"""Taking the host's signals for the guest.

The handler is machine code: it copies what the host says about a signal into a ring and sets `host.arrived`. Nothing
else happens in signal context; the guest's kernel looks at the ring between two slices of guest code, or when
a system call was interrupted. Python's own signal module would lose the siginfo, and could not close the
gap between the last look and a call that waits: when a signal comes in this gap, the handler moves the thread
on, so that the call is not begun. Threads wake each other in the same way, with a signal of their own and a flag in
the State of the one that is meant.
"""

from __future__ import annotations

import atexit
import os
import struct
from _thread import get_ident

from stinkarm.guest import native
from stinkarm.guest.state import OFFSETS
from stinkarm.linux import host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stinkarm.linux.kernel import Kernel

INTERRUPT = OFFSETS["interrupt"]

PAGE = 4096
PROT_RW = 3
PROT_RX = 5
MAP_PRIVATE_ANONYMOUS = 0x22
SA_SIGINFO = 4
SIG_DFL, SIG_IGN = 0, 1
LOST_CODE = -1 << 20  # the si_code of a signal of the emulator's own that had no room

ENTRIES = 1024
ENTRY_SIZE = 64
RING_SIZE = 64 + ENTRIES * ENTRY_SIZE  # u64: signals without room (bit n-1); u64: how many entries were taken

# void handler(int signal, siginfo_t *info, ucontext_t *context)
HANDLER = (
    ("4c8b05e1000000", "mov r8, qword ptr [rip + 0xe1]"),  # the ring
    ("b801000000", "mov eax, 1"),
    ("f0490fc14008", "lock xadd qword ptr [r8 + 8], rax"),
    ("25ff030000", "and eax, 0x3ff"),
    ("c1e006", "shl eax, 6"),
    ("4d8d4c0040", "lea r9, [r8 + rax + 0x40]"),
    ("41833900", "cmp dword ptr [r9], 0"),  # an entry that nobody has read is not overwritten
    ("7522", "jne 0x47"),
    ("0f104608", "movups xmm0, xmmword ptr [rsi + 8]"),
    ("0f104e18", "movups xmm1, xmmword ptr [rsi + 0x18]"),
    ("488b4628", "mov rax, qword ptr [rsi + 0x28]"),
    ("410f114108", "movups xmmword ptr [r9 + 8], xmm0"),
    ("410f114918", "movups xmmword ptr [r9 + 0x18], xmm1"),
    ("49894128", "mov qword ptr [r9 + 0x28], rax"),
    ("488b06", "mov rax, qword ptr [rsi]"),
    ("498901", "mov qword ptr [r9], rax"),  # last, for it makes the entry valid
    ("eb08", "jmp 0x4f"),
    ("8d4fff", "lea ecx, [rdi - 1]"),
    ("f0490fab08", "lock bts qword ptr [r8], rcx"),
    ("4c8b059a000000", "mov r8, qword ptr [rip + 0x9a]"),  # host.arrived
    ("41c70001000000", "mov dword ptr [r8], 1"),
)

# The handler of WAKE, and the end of the other.
WAKE_AT = 0x5D
WAKE_HANDLER = (
    ("488d054c000000", "lea rax, [rip + 0x4c]"),  # where the calls begin to look at the flags;
    ("488b8aa8000000", "mov rcx, qword ptr [rdx + 0xa8]"),  # is the interrupted rip there,
    ("4829c1", "sub rcx, rax"),
    ("4883f912", "cmp rcx, 0x12"),  # and at most at the `syscall`?
    ("770e", "ja 0x82"),
    ("488d054a000000", "lea rax, [rip + 0x4a]"),
    ("488982a8000000", "mov qword ptr [rdx + 0xa8], rax"),
    ("c3", "ret"),
)

# long call3(long number, long a, long b, long c, int *flag)
CALL3_AT = 0x83
CALL3 = (
    ("4d89c3", "mov r11, r8"),
    ("4889f8", "mov rax, rdi"),
    ("4889f7", "mov rdi, rsi"),
    ("4889d6", "mov rsi, rdx"),
    ("4889ca", "mov rdx, rcx"),
    ("eb1c", "jmp 0xb0"),
)

# long call(long number, long a, long b, long c, long d, long e, long f, int *flag)
CALL_AT = 0x94
CALL = (
    ("4889f8", "mov rax, rdi"),
    ("4889f7", "mov rdi, rsi"),
    ("4889d6", "mov rsi, rdx"),
    ("4889ca", "mov rdx, rcx"),
    ("4d89c2", "mov r10, r8"),
    ("4d89c8", "mov r8, r9"),
    ("4c8b4c2408", "mov r9, qword ptr [rsp + 8]"),
    ("4c8b5c2410", "mov r11, qword ptr [rsp + 0x10]"),
    ("488b0d39000000", "mov rcx, qword ptr [rip + 0x39]"),  # host.arrived
    ("833900", "cmp dword ptr [rcx], 0"),
    ("7509", "jne 0xc5"),
    ("41833b00", "cmp dword ptr [r11], 0"),
    ("7503", "jne 0xc5"),
    ("0f05", "syscall"),
    ("c3", "ret"),
    ("48c7c000feffff", "mov rax, 0xfffffffffffffe00"),  # -NOT_BEGUN
    ("c3", "ret"),
)

# long lost(void): take the signals that had no room
LOST_AT = 0xCD
LOST = (
    ("488b0d14000000", "mov rcx, qword ptr [rip + 0x14]"),  # the ring
    ("31c0", "xor eax, eax"),
    ("488701", "xchg qword ptr [rcx], rax"),
    ("c3", "ret"),
)
RESTORER_AT = 0xDA
RESTORER = (
    ("b80f000000", "mov eax, 0xf"),  # rt_sigreturn
    ("0f05", "syscall"),
    ("0f1f8000000000", "nop dword ptr [rax]"),
)
CODE = HANDLER + WAKE_HANDLER + CALL3 + CALL + LOST + RESTORER
DATA_AT = 0xE8  # two addresses: the ring, host.arrived

# Sent from thread to thread, to end a call that waits. The C library's own, for pthread_cancel, which nobody uses
# here; so no guest can be meant by it, and it cannot be blocked.
WAKE = 32

# x86-64 numbers: arch/x86/entry/syscalls/syscall_64.tbl
HOST_RT_SIGACTION = 13
HOST_TGKILL = 234
SA_RESTORER = 0x04000000

# What the host's kernel sends for the emulator's own faults, what no handler can be set for, and SIGPIPE, which the
# emulator ignores and the guest's kernel raises itself.
NEVER_TAKEN = frozenset((4, 5, 7, 8, 9, 11, 13, 19, 32, 33))

_handler = 0
_ring: memoryview | None = None
_libc = native.CDLL(None, use_errno=True)
_running: dict[int, Kernel] = {}
_taken: set[int] = set()
_next = 0  # of the entries that handlers have begun, the first that was not looked at
_late: list[int] = []  # those that were begun, and not there yet when they were looked at
_take_lost: Callable[[], int]

# Signals that the emulator needs for itself, whatever the guest does with its own of this number.
in_use: set[int] = set()


def machine_code(ring: int, arrived: int) -> bytes:
    """Give the code and its data."""
    code = bytes.fromhex("".join(row[0] for row in CODE))
    return code.ljust(DATA_AT, b"\xcc") + struct.pack("<QQ", ring, arrived)


def install(kernel: Kernel) -> None:
    """Make ready for taking signals; `kernel` is the one that the calling thread runs."""
    global _handler, _ring, _take_lost  # noqa: PLW0603 - signal handlers are a process's, so is this
    _running[get_ident()] = kernel
    host.current.flag = kernel.state.address + INTERRUPT
    if _handler:
        return
    from stinkarm.guest import host as memory

    code = memory.mmap(0, PAGE, PROT_RW, MAP_PRIVATE_ANONYMOUS)
    ring = (native.c_uint64 * (RING_SIZE // 8))()
    text = machine_code(native.addressof(ring), host.arrived_address)
    native.memmove(code, text, len(text))
    memory.mprotect(code, PAGE, PROT_RX)
    _ring = memoryview(ring).cast("B")
    _handler = code
    _take_lost = native.CFUNCTYPE(native.c_uint64)(code + LOST_AT)
    atexit.register(_end)
    host.call_through(code + CALL_AT, code + CALL3_AT)
    host.on_interrupt = _interrupted


def _act(signal: int, handler: int, flags: int = 0) -> None:
    # struct sigaction of glibc on x86-64: handler, 128 bytes of mask, flags, restorer.
    action = struct.pack("<Q128si4xQ", handler, b"\xff" * 128 if handler > SIG_IGN else bytes(128), flags, 0)
    if _libc.sigaction(signal, action, None):
        error = native.get_errno()
        raise OSError(error, os.strerror(error))


def take(signal: int) -> None:
    """Take a host signal from now on; `install` was called."""
    _act(signal, _handler, SA_SIGINFO)
    _taken.add(signal)


def forget() -> None:
    """Note that the calling thread runs no guest thread any more."""
    _running.pop(get_ident(), None)
    host.current.flag = host.no_flag


def prepare_to_wake() -> None:
    """Make ready for `wake`; `install` was called."""
    action = native.create_string_buffer(
        struct.pack("<QQQQ", _handler + WAKE_AT, SA_SIGINFO | SA_RESTORER, _handler + RESTORER_AT, (1 << 64) - 1), 32
    )
    result = host.call_always(HOST_RT_SIGACTION, WAKE, native.addressof(action), 0, 8)
    if result:
        raise OSError(-result, os.strerror(-result))


def wake(kernel: Kernel) -> None:
    """Make another guest thread come back from a call that waits, or not begin one."""
    kernel.state.words[INTERRUPT // 4] = 1
    host.call_always(HOST_TGKILL, os.getpid(), kernel.tid, WAKE)


def _end() -> None:
    """Take nothing more: Python is about to free what the handler writes to."""
    for signal in _taken:
        _act(signal, SIG_IGN)


def leave(signal: int, *, ignore: bool) -> None:
    """Leave a signal to the host again, to be ignored or to do what it does by default."""
    _taken.discard(signal)
    _act(signal, SIG_IGN if ignore else SIG_DFL)


def ignored(signal: int) -> bool:
    """Say whether the host ignores a signal."""
    old = native.create_string_buffer(152)
    return not _libc.sigaction(signal, None, native.c_void_p(native.addressof(old))) and old.raw[:8] == b"\1" + bytes(7)


def taken() -> Iterator[bytes]:
    """Give the host's siginfo of each signal that has been taken, in order, and forget it."""
    global _next  # noqa: PLW0603 - as the ring
    host.arrived[0] = 0
    ring = _ring
    if ring is None:
        return
    words = ring.cast("I")
    # What a handler adds from here on sets `arrived` again, so it is not lost if it is not seen here.
    begun = ring.cast("Q")[1]
    late = [index for index in _late if begun - index < ENTRIES]
    _late.clear()
    indexes = (*late, *range(_next, begun))
    _next = begun
    for index in indexes:
        at = 64 + index % ENTRIES * ENTRY_SIZE
        if not words[at // 4]:  # its handler has found no room, or is about to write it
            _late.append(index)
            continue
        info = ring[at : at + ENTRY_SIZE].tobytes()
        words[at // 4] = 0
        yield info
    lost = _take_lost()
    while lost:
        signal = (lost & -lost).bit_length()
        lost &= lost - 1
        yield struct.pack("<iii", signal, 0, LOST_CODE if signal in in_use else 0).ljust(ENTRY_SIZE, b"\0")


def _interrupted() -> None:
    kernel = _running.get(get_ident())
    if kernel is not None:
        from stinkarm.linux import delivery

        delivery.interrupted(kernel)
