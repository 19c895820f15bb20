"""Signals that are read from a descriptor.

The guest's descriptor is the end of a host pipe that holds a byte as long as a signal of the set is pending, so that
poll, select and epoll work on it. What is read from it, `read` and `readv` make up.
"""

from __future__ import annotations

import os
from errno import EAGAIN, EINTR, EINVAL
from struct import Struct

from stinkarm.guest.native import addressof, c_uint64, create_string_buffer
from stinkarm.linux import delivery, host
from stinkarm.linux.declare import FD, syscall
from stinkarm.linux.delivery import SI_TIMER, SIGCHLD, SIGIO, SYNCHRONOUS, UNBLOCKABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.linux.kernel import Kernel
    from stinkarm.linux.parameters import Fd, Hex, In, Sigset, Size

# x86-64 numbers: arch/x86/entry/syscalls/syscall_64.tbl
HOST_POLL = 7
HOST_IOCTL = 16
HOST_FCNTL = 72
HOST_PIPE2 = 293

FIONREAD = 0x541B
F_GETFL = 3
O_NONBLOCK = SFD_NONBLOCK = 0x800
O_CLOEXEC = SFD_CLOEXEC = 0x80000
SIGSET_SIZE = 8
INFO_SIZE = 128
POLLIN = 1

PARTIAL = "Signals are taken by read and readv only; to fstat it is a pipe."

# struct signalfd_siginfo: ssi_signo errno code pid uid fd tid band overrun trapno status int, ptr utime stime addr
_info = Struct("<IiiIIiIIIIiiQQQQ")
_user = Struct("<iiiiII")
_child = Struct("<iiiiIiII")
_address = Struct("<iiiI")


class SignalFd:
    """One open signalfd: the set it takes, the guest's descriptors for it, and the end of the pipe to write to."""

    __slots__ = ("fds", "mask", "readable", "writer")

    def __init__(self, mask: int, fd: int, writer: int) -> None:
        self.mask = mask
        self.fds = {fd}
        self.writer = writer
        self.readable = False

    def closed(self, fd: int) -> None:
        """Note that the guest has one descriptor less."""
        self.fds.discard(fd)
        if not self.fds:
            os.close(self.writer)

    def update(self, pending: int) -> None:
        """Make the pipe hold a byte or none."""
        wanted = bool(pending & self.mask)
        if wanted == self.readable:
            return
        self.readable = wanted
        if wanted:
            os.write(self.writer, b"\0")
            return
        count = (c_uint64 * 1)()
        fd = min(self.fds)
        # The guest may have taken the byte in another way.
        if host.call(HOST_IOCTL, fd, FIONREAD, addressof(count)) == 0 and count[0]:
            os.read(fd, 1)


def update(k: Kernel) -> None:
    """Make every signalfd readable or not, as signals are pending."""
    pending = 0
    for thread in (k, *k.threads.members.values()):
        pending |= delivery.pending_set(thread)
    for entry in set(k.policy.descriptors.signals.values()):
        entry.update(pending)


def _signalfd(k: Kernel, fd: int, mask: int, size: int, flags: int) -> int:
    if size != SIGSET_SIZE or flags & ~(SFD_NONBLOCK | SFD_CLOEXEC):
        return -EINVAL
    wanted = int.from_bytes(k.memory.read(mask, SIGSET_SIZE), "little") & ~UNBLOCKABLE
    descriptors = k.policy.descriptors
    if fd == -1:
        ends = create_string_buffer(8)
        result = host.call(HOST_PIPE2, addressof(ends), flags)
        if result < 0:
            return result
        fd, writer = (int.from_bytes(ends.raw[at : at + 4], "little") for at in (0, 4))
        fd = descriptors.add(fd)
        descriptors.signals[fd] = SignalFd(wanted, fd, descriptors.move_up(writer))
    else:
        descriptors.check(fd)
        if fd not in descriptors.signals:
            return -EINVAL
        descriptors.signals[fd].mask = wanted
    delivery.collect(k)
    update(k)
    return fd


@syscall(349, FD, partial=PARTIAL)
def signalfd(k: Kernel, fd: Fd, mask: In[Sigset], sizemask: Size) -> Fd:
    """Make a descriptor that signals are read from, or change its set."""
    return _signalfd(k, fd, mask, sizemask, 0)


@syscall(355, FD, partial=PARTIAL)
def signalfd4(k: Kernel, fd: Fd, mask: In[Sigset], sizemask: Size, flags: Hex) -> Fd:
    """Make a descriptor that signals are read from, with flags, or change its set."""
    return _signalfd(k, fd, mask, sizemask, flags)


def read(k: Kernel, fd: int, size: int) -> bytes | int:
    """Take as many signals as fit in `size` bytes, waiting for the first; give their infos, or a negated error."""
    if size < INFO_SIZE:
        return -EINVAL
    entry = k.policy.descriptors.signals[fd]
    data = b""
    while len(data) + INFO_SIZE <= size:
        delivery.collect(k)
        taken = delivery.dequeue(k, entry.mask)
        if taken is not None:
            data += show(*taken)
        elif data:
            break
        elif host.call(HOST_FCNTL, fd, F_GETFL) & O_NONBLOCK:
            return -EAGAIN
        else:
            _wait(k, fd)
    return data


def _wait(k: Kernel, fd: int) -> None:
    """Wait until the descriptor may be readable; a signal with a handler raises Interrupted."""
    if k.exit_status is not None or delivery.peek(k, ~k.blocked):
        delivery.interrupted(k)
    waiting = create_string_buffer(Struct("<ihh").pack(fd, POLLIN, 0), 8)
    if host.call_once(HOST_POLL, addressof(waiting), 1, -1 & 0xFFFFFFFF) == -EINTR:
        host.interrupted()


def show(signal: int, info: bytes) -> bytes:
    """Make a struct signalfd_siginfo of a siginfo (signalfd_copyinfo in fs/signalfd.c)."""
    _, errno, code, first, second, third = _user.unpack_from(info)
    pid = uid = fd = tid = band = overrun = status = number = pointer = utime = stime = address = 0
    if signal == SIGCHLD and 0 < code < delivery.SI_KERNEL:
        _, _, _, pid, uid, status, utime, stime = _child.unpack_from(info)
    elif signal == SIGIO and 0 < code < delivery.SI_KERNEL:
        band, fd = first & 0xFFFFFFFF, second
    elif signal in SYNCHRONOUS and 0 < code < delivery.SI_KERNEL:
        address = _address.unpack_from(info)[3]
    elif code == SI_TIMER:
        tid, overrun, pointer = first & 0xFFFFFFFF, second, third
        number = third - (third >> 31 << 32)
    else:
        pid, uid = first, second
        if code < 0 and code != delivery.SI_TKILL:
            pointer = third
            number = third - (third >> 31 << 32)
    values = (signal, errno, code, pid & 0xFFFFFFFF, uid, fd, tid, band, overrun, 0, status, number)
    return _info.pack(*values, pointer, utime, stime, address).ljust(INFO_SIZE, b"\0")
