"""Futexes that inherit priority, for the sandbox, where they do not: the host's would say which processes it has.

The host reads the owner's number from guest memory itself, so that no check here could hold. The word means what it
means on Linux; who waits for it waits for a plain futex.
"""

from __future__ import annotations

from errno import EAGAIN, EDEADLK, EINVAL, ENOSYS, EPERM, ESRCH, ETIMEDOUT
from struct import Struct

from stinkarm.guest.native import addressof, create_string_buffer
from stinkarm.linux import host
from stinkarm.linux.robust import FUTEX_OWNER_DIED, FUTEX_TID_MASK, FUTEX_WAITERS, HOST_FUTEX, compare_exchange

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.linux.kernel import Kernel

# include/uapi/linux/futex.h
FUTEX_WAKE, FUTEX_LOCK_PI, FUTEX_UNLOCK_PI, FUTEX_TRYLOCK_PI = 1, 6, 7, 8
FUTEX_WAIT_BITSET, FUTEX_LOCK_PI2 = 9, 13
PRIVATE_FLAG, CLOCK_REALTIME_FLAG, COMMAND = 0x80, 0x100, 0x7F
MATCH_ANY = 0xFFFFFFFF
NANOSECONDS = 1_000_000_000
_timespec = Struct("<qq")


def operate(k: Kernel, uaddr: int, op: int, timeout: int, layout: Struct) -> int:
    """Do one operation."""
    command = op & COMMAND
    if command == FUTEX_UNLOCK_PI:
        return _unlock(k, uaddr, op)
    if command == FUTEX_TRYLOCK_PI:
        return _lock(k, uaddr, op, None, tries=True)
    if command not in (FUTEX_LOCK_PI, FUTEX_LOCK_PI2):
        return -ENOSYS
    until = None
    if timeout:
        seconds, nanoseconds = layout.unpack(k.memory.read(timeout, layout.size))
        if seconds < 0 or not 0 <= nanoseconds < NANOSECONDS:
            return -EINVAL
        until = _timespec.pack(seconds, nanoseconds)
    if command == FUTEX_LOCK_PI:
        op |= CLOCK_REALTIME_FLAG
    return _lock(k, uaddr, op, until)


def _lock(k: Kernel, uaddr: int, op: int, until: bytes | None, *, tries: bool = False) -> int:
    if uaddr & 3:
        return -EINVAL
    flags = op & (PRIVATE_FLAG | CLOCK_REALTIME_FLAG)
    end = create_string_buffer(until, _timespec.size) if until is not None else None
    waited = 0
    while True:
        value = k.memory.read_u32(uaddr)
        owner = value & FUTEX_TID_MASK
        if owner == k.tid:
            return -EDEADLK
        if not owner:
            if compare_exchange(k, uaddr, value, k.tid | value & (FUTEX_OWNER_DIED | FUTEX_WAITERS) | waited):
                return 0
            continue
        if tries:
            return -EAGAIN
        if not _is_of_family(k, owner):
            return -ESRCH
        if not value & FUTEX_WAITERS and not compare_exchange(k, uaddr, value, value | FUTEX_WAITERS):
            continue
        waited = FUTEX_WAITERS
        word, wanted = k.memory.host(uaddr, 4), value | FUTEX_WAITERS
        place = addressof(end) if end is not None else 0
        result = host.call(HOST_FUTEX, word, FUTEX_WAIT_BITSET | flags, wanted, place, 0, MATCH_ANY)
        if result in (-ETIMEDOUT, -EINVAL, -ENOSYS):
            return result


def _unlock(k: Kernel, uaddr: int, op: int) -> int:
    if uaddr & 3:
        return -EINVAL
    while True:
        value = k.memory.read_u32(uaddr)
        if value & FUTEX_TID_MASK != k.tid:
            return -EPERM
        if compare_exchange(k, uaddr, value, 0):
            break
    host.call_always(HOST_FUTEX, k.memory.host(uaddr, 4), FUTEX_WAKE | op & PRIVATE_FLAG, 1)
    return 0


def _is_of_family(k: Kernel, tid: int) -> bool:
    """Say whether a thread is one of this process, or of another of the family."""
    if tid in k.threads.members or k.family.knows(tid):
        return True
    try:
        with open(f"/proc/{tid}/status", "rb", buffering=0) as file:
            process = int(file.read(1024).partition(b"\nTgid:")[2].split(None, 1)[0])
    except (OSError, IndexError, ValueError):
        return False
    return k.family.knows(process)
