"""The private system calls of ARM: arch/arm/kernel/traps.c, arm_syscall()."""

from __future__ import annotations

from errno import EFAULT, EINVAL, ENOSYS

from stinkarm.linux.declare import PURE, syscall

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.linux.kernel import Kernel
    from stinkarm.linux.parameters import Address, Hex

SIGILL = 4
SIGTRAP = 5
SIGSEGV = 11
SEGV_MAPERR = 1
ILL_ILLTRP = 4
TRAP_BRKPT = 1
TPIDRURO = 27  # index in State.words
ADDRESS_LIMIT = 0xFFFF0000  # above are the vectors and the helpers, which no program flushes


@syscall(0xF0000, PURE)
def bad_syscall(k: Kernel) -> int:
    """Answer a private number that has no call: SIGSEGV ("branch through zero"), ENOSYS or SIGILL."""
    number = k.state.r[7]
    if number == 0xF0000:
        k.force_signal(SIGSEGV, SEGV_MAPERR)
    elif number <= 0xF07FF:
        return -ENOSYS
    else:
        k.force_signal(SIGILL, ILL_ILLTRP, _own_address(k))
    return k.state.r[0]


def _own_address(k: Kernel) -> int:
    """Give the address of the SVC."""
    return k.state.r[15] - (2 if k.state.thumb else 4) & 0xFFFFFFFF


@syscall(0xF0001, PURE)
def breakpoint(k: Kernel) -> int:
    """Stop at a breakpoint: SIGTRAP, with pc at the SVC."""
    address = k.state.r[15] = _own_address(k)
    k.force_signal(SIGTRAP, TRAP_BRKPT, address)
    return k.state.r[0]


@syscall(0xF0002, PURE)
def cacheflush(k: Kernel, start: Address, end: Address, flags: Hex) -> int:
    """Announce new code in start..end."""
    if end < start or flags:
        return -EINVAL
    if end > ADDRESS_LIMIT:
        return -EFAULT
    if k.engine is not None:
        k.engine.flush(start, end)
    return 0


@syscall(0xF0003, PURE)
def usr26(k: Kernel) -> int:
    """Switch to 26-bit addressing, which no ARMv7 has: SIGILL."""
    k.force_signal(SIGILL, ILL_ILLTRP, _own_address(k))
    return k.state.r[0]


@syscall(0xF0004, PURE)
def usr32(k: Kernel) -> int:
    """Switch to 32-bit addressing, a call that only processors with 26-bit modes have: SIGILL."""
    k.force_signal(SIGILL, ILL_ILLTRP, _own_address(k))
    return k.state.r[0]


@syscall(0xF0005, PURE)
def set_tls(k: Kernel, value: Address) -> int:
    """Set the thread pointer, TPIDRURO."""
    k.state.words[TPIDRURO] = value
    return 0


@syscall(0xF0006, PURE)
def get_tls(k: Kernel) -> Address:
    """Give the thread pointer."""
    return k.state.words[TPIDRURO]
