"""Futexes: the host's own, on guest memory.

A guest word is a host word at a host address, and a guest thread id is a host thread id, so every operation
means the same there.
"""

from __future__ import annotations

import time
from errno import EFAULT, EINTR, EINVAL, ENOSYS
from struct import Struct

from stinkarm.linux import host
from stinkarm.linux.declare import PURE, syscall

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.linux.kernel import Kernel
    from stinkarm.linux.parameters import (
        Address,
        Clock,
        FutexOperation,
        Hex,
        In,
        InOut,
        Int,
        Timespec64,
        UInt,
        Word,
    )

# arch/x86/entry/syscalls/syscall_64.tbl
HOST_FUTEX = 202
HOST_FUTEX_WAITV = 449

# include/uapi/linux/futex.h
FUTEX_WAIT = 0
FUTEX_REQUEUE = 3
FUTEX_CMP_REQUEUE = 4
FUTEX_WAKE_OP = 5
FUTEX_LOCK_PI = 6
FUTEX_WAIT_BITSET = 9
FUTEX_WAIT_REQUEUE_PI = 11
FUTEX_CMP_REQUEUE_PI = 12
FUTEX_LOCK_PI2 = 13
COMMAND = 0x7F
CLOCK_REALTIME_FLAG = 0x100

WITH_TIMEOUT = (FUTEX_WAIT, FUTEX_LOCK_PI, FUTEX_WAIT_BITSET, FUTEX_WAIT_REQUEUE_PI, FUTEX_LOCK_PI2)
WITH_SECOND_WORD = (
    FUTEX_REQUEUE,
    FUTEX_CMP_REQUEUE,
    FUTEX_WAKE_OP,
    FUTEX_WAIT_REQUEUE_PI,
    FUTEX_CMP_REQUEUE_PI,
)
OF_OWNERS = (6, 7, 8, 11, 12, 13)  # LOCK_PI UNLOCK_PI TRYLOCK_PI WAIT_REQUEUE_PI CMP_REQUEUE_PI LOCK_PI2
MATCH_ANY = 0xFFFFFFFF
NANOSECONDS = 1_000_000_000
MAX_SECONDS = (1 << 63) // NANOSECONDS - 1

FUTEX_WAITV_MAX = 128
WAITV = Struct("<QQII")  # val uaddr flags __reserved

_timespec32 = Struct("<ii")
_timespec64 = Struct("<qq")


def _futex(k: Kernel, uaddr: int, op: int, val: int, timeout: int, uaddr2: int, val3: int, timespec: Struct) -> int:
    command = op & COMMAND
    if command in OF_OWNERS and k.policy.sandboxed:
        from stinkarm.linux import owned_futex

        return owned_futex.operate(k, uaddr, op, timeout, timespec)
    word = k.memory.host(uaddr, 4)
    second = k.memory.host(uaddr2, 4) if command in WITH_SECOND_WORD else 0
    if command not in WITH_TIMEOUT or not timeout:
        # A number of waiters, or no timeout.
        fourth = 0 if command in WITH_TIMEOUT else timeout
        return host.call(HOST_FUTEX, word, op, val, fourth, second, val3)
    seconds, nanoseconds = timespec.unpack(k.memory.read(timeout, timespec.size))
    nanoseconds &= 0xFFFFFFFF
    if seconds < 0 or nanoseconds >= NANOSECONDS:
        return -EINVAL
    if command == FUTEX_WAIT:
        # The relative timeout becomes an absolute one, so that interruptions of the host do not prolong it.
        if op & CLOCK_REALTIME_FLAG:
            return -ENOSYS
        seconds, nanoseconds = divmod(time.monotonic_ns() + seconds * NANOSECONDS + nanoseconds, NANOSECONDS)
        op, val3 = op - FUTEX_WAIT + FUTEX_WAIT_BITSET, MATCH_ANY
    from stinkarm.guest.native import addressof, create_string_buffer

    until = create_string_buffer(_timespec64.pack(min(seconds, MAX_SECONDS), nanoseconds), 16)
    try:
        return host.call(HOST_FUTEX, word, op, val, addressof(until), second, val3)
    except host.Interrupted:
        if command in (FUTEX_WAIT, FUTEX_WAIT_BITSET):  # with a timeout these are not made again
            k.attention = True
            return -EINTR
        raise


@syscall(240, PURE, direct=HOST_FUTEX, special="futex")
def futex(
    k: Kernel,
    uaddr: InOut[Word],
    futex_op: FutexOperation,
    val: Int,
    timeout: Hex,
    uaddr2: InOut[Word],
    val3: Hex,
) -> int:
    """Wait for a word to change, or wake who waits; timeouts are struct timespec."""
    return _futex(k, uaddr, futex_op, val, timeout, uaddr2, val3, _timespec32)


@syscall(422, PURE, direct=HOST_FUTEX, special="futex")
def futex_time64(
    k: Kernel,
    uaddr: InOut[Word],
    futex_op: FutexOperation,
    val: Int,
    timeout: Hex,
    uaddr2: InOut[Word],
    val3: Hex,
) -> int:
    """Wait for a word to change, or wake who waits; timeouts are struct __kernel_timespec."""
    return _futex(k, uaddr, futex_op, val, timeout, uaddr2, val3, _timespec64)


@syscall(449, PURE)
def futex_waitv(
    k: Kernel, waiters: Address, nr_futexes: UInt, flags: Hex, timeout: In[Timespec64], clockid: Clock
) -> int:
    """Wait for one of several words to change; give the index of one that was woken."""
    from stinkarm.guest.native import addressof, create_string_buffer

    if flags or not 0 < nr_futexes <= FUTEX_WAITV_MAX or not waiters:
        return -EINVAL
    until = 0
    if timeout:
        seconds, nanoseconds = _timespec64.unpack(k.memory.read(timeout, _timespec64.size))
        nanoseconds &= 0xFFFFFFFF
        if seconds < 0 or nanoseconds >= NANOSECONDS:
            return -EINVAL
        times = create_string_buffer(_timespec64.pack(min(seconds, MAX_SECONDS), nanoseconds), 16)
        until = addressof(times)
    words = []
    for value, address, kind, reserved in WAITV.iter_unpack(k.memory.read(waiters, nr_futexes * WAITV.size)):
        if address >> 32:
            return -EFAULT
        words.append(WAITV.pack(value, k.memory.host(address, 4), kind, reserved))
    array = create_string_buffer(b"".join(words), len(words) * WAITV.size)
    return host.call(HOST_FUTEX_WAITV, addressof(array), nr_futexes, 0, until, clockid)
