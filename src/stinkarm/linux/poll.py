"""Waiting until descriptors are ready: poll, select, epoll."""

from __future__ import annotations

import time
from errno import EBADF, EINTR, EINVAL
from os import sysconf
from struct import iter_unpack, pack, pack_into, unpack_from

from stinkarm.guest.native import addressof, c_int64, create_string_buffer
from stinkarm.linux import structs
from stinkarm.linux.declare import FD, syscall
from stinkarm.linux.host import call, call_once, interrupted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from ctypes import Array, c_char

    from stinkarm.linux.kernel import Kernel
    from stinkarm.linux.parameters import (
        Bytes,
        Fd,
        FdSet,
        Hex,
        In,
        InOut,
        Int,
        Out,
        Pollfds,
        Sigset,
        Size,
        Timespec,
        Timespec64,
        Timeval,
        UInt,
    )

HOST_EPOLL_CTL = 233
HOST_PSELECT6 = 270
HOST_PPOLL = 271
HOST_EPOLL_PWAIT = 281
HOST_EPOLL_CREATE1 = 291

POLLNVAL = 0x20
POLLFD_SIZE = 8
SECOND = 1_000_000_000
SIGSET_SIZE = 8

EPOLL_CTL_DEL = 2
HOST_EVENT = "<IQ"  # x86-64 packs struct epoll_event; ARM aligns its data
HOST_EVENT_SIZE = 12
MAX_EVENTS = 0x7FFFFFFF // 16
EVENTS_AT_ONCE = 1 << 16  # more than a process may have descriptors, mostly


def _timeout(seconds: int, nanoseconds: int) -> Array[c_int64]:
    """Make a host struct timespec, which the host counts down, or fail as Linux does."""
    if seconds < 0 or not 0 <= nanoseconds < SECOND:
        raise OSError(EINVAL, "the timeout is no time")
    return (c_int64 * 2)(seconds, nanoseconds)


def _masked(k: Kernel, address: int, size: int, wait: Callable[[], int]) -> int:
    """Wait with the signal mask at an address, if there is one."""
    if not address:
        return wait()
    if size != SIGSET_SIZE:
        raise OSError(EINVAL, "the size of the signal set is not 8")
    from stinkarm.linux import delivery

    return delivery.masked(k, int.from_bytes(k.memory.read(address, SIGSET_SIZE), "little"), wait)


# poll


def _poll(k: Kernel, fds: int, nfds: int, timeout: Array[c_int64] | None) -> int:
    if nfds > sysconf("SC_OPEN_MAX"):
        return -EINVAL
    usable = k.policy.descriptors.usable
    waiting = addressof(timeout) if timeout is not None else 0
    data = k.memory.read(fds, nfds * POLLFD_SIZE) if nfds else b""
    refused = [index for index, (fd, _, _) in enumerate(iter_unpack("<ihh", data)) if fd >= 0 and not usable(fd)]
    if not refused and k.threads.several and k.policy.sandboxed:  # another thread may change what was checked
        buffer = create_string_buffer(data, len(data) or 1)
        ready = call(HOST_PPOLL, addressof(buffer), nfds, waiting, 0, SIGSET_SIZE)
        if ready >= 0:
            k.memory.write(fds, buffer.raw[: len(data)])
        return ready
    if not refused:
        return call(HOST_PPOLL, k.memory.host(fds, nfds * POLLFD_SIZE), nfds, waiting, 0, SIGSET_SIZE)
    # What is not the guest's is answered here and hidden from the host; so there is nothing to wait for.
    copy = bytearray(data)
    for index in refused:
        pack_into("<i", copy, index * POLLFD_SIZE, -1)
    buffer = create_string_buffer(bytes(copy), len(copy))
    none = (c_int64 * 2)()
    ready = call(HOST_PPOLL, addressof(buffer), nfds, addressof(none), 0, SIGSET_SIZE)
    if ready < 0:
        return ready
    copy[:] = buffer.raw
    for index in refused:
        at = index * POLLFD_SIZE
        copy[at : at + 4] = data[at : at + 4]
        pack_into("<H", copy, at + 6, POLLNVAL)
    k.memory.write(fds, copy)
    return ready + len(refused)


@syscall(168, FD)
def poll(k: Kernel, fds: InOut[Pollfds], nfds: UInt, timeout: Int) -> int:
    """Wait for events on descriptors, for some milliseconds."""
    if timeout < 0:
        return _poll(k, fds, nfds, None)
    return _poll(k, fds, nfds, _timeout(timeout // 1000, timeout % 1000 * 1_000_000))


@syscall(336, FD)
def ppoll(
    k: Kernel,
    fds: InOut[Pollfds],
    nfds: UInt,
    tmo_p: InOut[Timespec],
    sigmask: In[Sigset],
    sigsetsize: Size,
) -> int:
    """Wait for events on descriptors; leave in *tmo_p what is left of the time."""
    timeout = _timeout(*structs.Timespec.read(k.memory, tmo_p)) if tmo_p else None
    try:
        return _masked(k, sigmask, sigsetsize, lambda: _poll(k, fds, nfds, timeout))
    finally:
        if timeout is not None:
            structs.Timespec.write(k.memory, tmo_p, *timeout)


@syscall(414, FD)
def ppoll_time64(
    k: Kernel,
    fds: InOut[Pollfds],
    nfds: UInt,
    tmo_p: InOut[Timespec64],
    sigmask: In[Sigset],
    sigsetsize: Size,
) -> int:
    """Wait for events on descriptors, with 64-bit seconds."""
    timeout = _timeout64(k, tmo_p)
    try:
        return _masked(k, sigmask, sigsetsize, lambda: _poll(k, fds, nfds, timeout))
    finally:
        if timeout is not None:
            structs.Timespec64.write(k.memory, tmo_p, *timeout)


def _timeout64(k: Kernel, address: int) -> Array[c_int64] | None:
    if not address:
        return None
    seconds, nanoseconds = structs.Timespec64.read(k.memory, address)
    return _timeout(seconds, nanoseconds & 0xFFFFFFFF)  # 32-bit kernels use the low half


# select


def _select(k: Kernel, nfds: int, sets: tuple[int, int, int], timeout: Array[c_int64] | None) -> int:
    """Wait as select does. ARM's sets are made of 32-bit words, the host's of 64-bit words."""
    if nfds < 0:
        return -EINVAL
    nfds = min(nfds, sysconf("SC_OPEN_MAX"))
    size = (nfds + 31) // 32 * 4
    buffers: list[Array[c_char] | None] = []
    for address in sets:
        if not address:
            buffers.append(None)
            continue
        data = k.memory.read(address, size)
        _check_set(k, data, nfds)
        buffers.append(create_string_buffer(data, (size + 7) // 8 * 8))
    read_set, write_set, except_set = (addressof(buffer) if buffer is not None else 0 for buffer in buffers)
    waiting = addressof(timeout) if timeout is not None else 0
    result = call(HOST_PSELECT6, nfds, read_set, write_set, except_set, waiting)
    if result >= 0:
        for address, buffer in zip(sets, buffers, strict=True):
            if buffer is not None:
                k.memory.write(address, buffer.raw[:size])
    return result


def _check_set(k: Kernel, data: bytes, nfds: int) -> None:
    """Refuse a set that names a descriptor that is not the guest's."""
    bits = int.from_bytes(data, "little") & ((1 << nfds) - 1)
    while bits:
        fd = (bits & -bits).bit_length() - 1
        if not k.policy.descriptors.usable(fd):
            raise OSError(EBADF, "not a descriptor of the guest")
        bits &= bits - 1


@syscall(142, FD)
def _newselect(
    k: Kernel,
    nfds: Int,
    readfds: InOut[FdSet],
    writefds: InOut[FdSet],
    exceptfds: InOut[FdSet],
    timeout: InOut[Timeval],
) -> int:
    """Wait until descriptors in the sets are ready; leave in *timeout what is left of the time."""
    sets = (readfds, writefds, exceptfds)
    if not timeout:
        return _select(k, nfds, sets, None)
    seconds, microseconds = structs.Timeval.read(k.memory, timeout)
    if seconds < 0 or microseconds < 0:
        return -EINVAL
    left = _timeout(seconds + microseconds // 1_000_000, microseconds % 1_000_000 * 1000)
    try:
        return _select(k, nfds, sets, left)
    finally:
        structs.Timeval.write(k.memory, timeout, left[0], left[1] // 1000)


@syscall(335, FD)
def pselect6(
    k: Kernel,
    nfds: Int,
    readfds: InOut[FdSet],
    writefds: InOut[FdSet],
    exceptfds: InOut[FdSet],
    timeout: InOut[Timespec],
    sigmask: In[Bytes],
) -> int:
    """Wait until descriptors in the sets are ready, with a time in nanoseconds."""
    left = _timeout(*structs.Timespec.read(k.memory, timeout)) if timeout else None
    mask, size = structs.SelectSigmask.read(k.memory, sigmask) if sigmask else (0, 0)
    try:
        return _masked(k, mask, size, lambda: _select(k, nfds, (readfds, writefds, exceptfds), left))
    finally:
        if left is not None:
            structs.Timespec.write(k.memory, timeout, *left)


@syscall(413, FD)
def pselect6_time64(
    k: Kernel,
    nfds: Int,
    readfds: InOut[FdSet],
    writefds: InOut[FdSet],
    exceptfds: InOut[FdSet],
    timeout: InOut[Timespec64],
    sigmask: In[Bytes],
) -> int:
    """Wait until descriptors in the sets are ready, with 64-bit seconds."""
    left = _timeout64(k, timeout)
    mask, size = structs.SelectSigmask.read(k.memory, sigmask) if sigmask else (0, 0)
    try:
        return _masked(k, mask, size, lambda: _select(k, nfds, (readfds, writefds, exceptfds), left))
    finally:
        if left is not None:
            structs.Timespec64.write(k.memory, timeout, *left)


# epoll


@syscall(250, FD)
def epoll_create(k: Kernel, size: Int) -> Fd:
    """Make an epoll descriptor."""
    return _epoll_create(k, 0) if size > 0 else -EINVAL


@syscall(357, FD)
def epoll_create1(k: Kernel, flags: Hex) -> Fd:
    """Make an epoll descriptor, with flags."""
    return _epoll_create(k, flags)


def _epoll_create(k: Kernel, flags: int) -> int:
    fd = call(HOST_EPOLL_CREATE1, flags)
    return k.policy.descriptors.add(fd) if fd >= 0 else fd


@syscall(251, FD)
def epoll_ctl(k: Kernel, epfd: Fd, op: Int, fd: Fd, event: In[Bytes]) -> int:
    """Add, change or remove what an epoll descriptor watches."""
    k.policy.descriptors.check(epfd)
    k.policy.descriptors.check(fd)
    if op == EPOLL_CTL_DEL:
        return call(HOST_EPOLL_CTL, epfd, op, fd, 0)
    packed = create_string_buffer(pack(HOST_EVENT, *structs.EpollEvent.read(k.memory, event)), HOST_EVENT_SIZE)
    return call(HOST_EPOLL_CTL, epfd, op, fd, addressof(packed))


def _epoll_wait(k: Kernel, epfd: int, events: int, maxevents: int, nanoseconds: int) -> int:
    """Wait for some time, or for ever if it is negative."""
    k.policy.descriptors.check(epfd)
    if not 0 < maxevents <= MAX_EVENTS:
        k.policy.descriptors.check_open(epfd)
        return -EINVAL
    count = min(maxevents, EVENTS_AT_ONCE)
    buffer = create_string_buffer(count * HOST_EVENT_SIZE)
    deadline = time.monotonic_ns() + nanoseconds
    while True:
        milliseconds = -1
        if nanoseconds >= 0:
            left = max(0, deadline - time.monotonic_ns())
            milliseconds = min(-(-left // 1_000_000), 0x7FFFFFFF)
        ready = call_once(HOST_EPOLL_PWAIT, epfd, addressof(buffer), count, milliseconds, 0, SIGSET_SIZE)
        if ready != -EINTR:
            break
        interrupted()
    if ready > 0:
        packed = (
            structs.EpollEvent.pack(*unpack_from(HOST_EVENT, buffer, index * HOST_EVENT_SIZE)) for index in range(ready)
        )
        k.memory.write(events, b"".join(packed))
    return ready


@syscall(252, FD)
def epoll_wait(k: Kernel, epfd: Fd, events: Out[Bytes], maxevents: Int, timeout: Int) -> int:
    """Wait for events on an epoll descriptor, for some milliseconds."""
    return _epoll_wait(k, epfd, events, maxevents, timeout * 1_000_000)


@syscall(346, FD)
def epoll_pwait(
    k: Kernel,
    epfd: Fd,
    events: Out[Bytes],
    maxevents: Int,
    timeout: Int,
    sigmask: In[Sigset],
    sigsetsize: Size,
) -> int:
    """Wait for events on an epoll descriptor, for some milliseconds, with a signal mask."""
    wait = timeout * 1_000_000
    return _masked(k, sigmask, sigsetsize, lambda: _epoll_wait(k, epfd, events, maxevents, wait))


@syscall(441, FD)
def epoll_pwait2(
    k: Kernel,
    epfd: Fd,
    events: Out[Bytes],
    maxevents: Int,
    timeout: In[Timespec64],
    sigmask: In[Sigset],
    sigsetsize: Size,
) -> int:
    """Wait for events on an epoll descriptor, with a time in nanoseconds."""
    left = _timeout64(k, timeout)
    wait = -1 if left is None else left[0] * SECOND + left[1]
    return _masked(k, sigmask, sigsetsize, lambda: _epoll_wait(k, epfd, events, maxevents, wait))
