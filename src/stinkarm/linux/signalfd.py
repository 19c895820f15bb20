"""Signals that are read from a descriptor.

The guest's descriptor is the end of a host pipe that holds a byte as long as a signal of the set is pending, so that
poll, select and epoll work on it. What is read from it is made up. A child gets a pipe of its own, since its signals
are not the parent's, and a program that is executed finds it again (handover.py).
"""

from __future__ import annotations

import os
from errno import EAGAIN, EINTR, EINVAL, ESPIPE
from struct import Struct

from stinkarm.guest.direct import NOT_DIRECT
from stinkarm.guest.native import addressof, c_uint64, create_string_buffer
from stinkarm.linux import delivery, host
from stinkarm.linux.declare import FD, syscall
from stinkarm.linux.delivery import SI_TIMER, SIGCHLD, SIGIO, SYNCHRONOUS, UNBLOCKABLE
from stinkarm.sandbox.descriptors import MadeUp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from stinkarm.linux.kernel import Kernel
    from stinkarm.linux.parameters import Fd, Hex, In, Sigset, Size
    from stinkarm.sandbox.descriptors import Descriptors, Places

# x86-64 numbers: arch/x86/entry/syscalls/syscall_64.tbl
HOST_POLL = 7
HOST_IOCTL = 16
HOST_FCNTL = 72
HOST_DUP3 = 292
HOST_PIPE2 = 293

FIONREAD = 0x541B
F_GETFL = 3
O_NONBLOCK = SFD_NONBLOCK = 0x800
O_CLOEXEC = SFD_CLOEXEC = 0x80000
SIGSET_SIZE = 8
INFO_SIZE = 128
POLLIN = 1
SEEK_HOLE = 4

PARTIAL = "To fstat it is a pipe, and so it is for another program that it is sent to."

# struct signalfd_siginfo: ssi_signo errno code pid uid fd tid band overrun trapno status int, ptr utime stime addr
_info = Struct("<IiiIIiIIIIiiQQQQ")
_user = Struct("<iiiiII")
_child = Struct("<iiiiIiII")
_address = Struct("<iiiI")


class SignalFd(MadeUp):
    """One open signalfd: the set it takes, and the end of the pipe to write to."""

    __slots__ = ("_descriptors", "mask", "readable", "writer")

    def __init__(self, descriptors: Descriptors, mask: int, writer: int) -> None:
        super().__init__(os.O_RDWR)
        self._descriptors = descriptors
        self.mask = mask
        self.writer = descriptors.move_up(writer, self, "writer")
        self.readable = False
        descriptors.signals.add(self)

    def close(self) -> None:
        """Close the end of the pipe."""
        self._descriptors.signals.discard(self)
        self._descriptors.hidden.discard(self.writer)
        os.close(self.writer)

    def begin_child(self) -> None:
        """Put the end of a new pipe in the place of the parent's, which has no byte: a child has no signals yet."""
        flags = host.call(HOST_FCNTL, min(self.fds), F_GETFL)
        reader, writer = _pipe(O_CLOEXEC | flags & O_NONBLOCK)
        for fd in self.fds:
            host.call(HOST_DUP3, reader, fd, 0 if os.get_inheritable(fd) else O_CLOEXEC)
        os.close(reader)
        host.call(HOST_DUP3, writer, self.writer, O_CLOEXEC)
        os.close(writer)
        self.readable = False

    def update(self, pending: int) -> None:
        """Make the pipe hold a byte or none."""
        wanted = bool(pending & self.mask)
        if wanted == self.readable:
            return
        self.readable = wanted
        if wanted:
            os.write(self.writer, b"\0")
        elif waiting_bytes(min(self.fds)):  # whoever it was sent to may have taken it
            os.read(min(self.fds), 1)

    def read(self, k: Kernel, fd: int, places: Places, offset: int | None = None) -> int:
        """Take as many signals as there is room for, waiting for the first."""
        if offset is not None:
            return -ESPIPE
        size = sum(length for _, length in places)
        if not places:
            return 0
        if size < INFO_SIZE:
            return -EINVAL
        data = b""
        while len(data) + INFO_SIZE <= size:
            delivery.collect(k)
            taken = delivery.dequeue(k, self.mask)
            if taken is not None:
                data += show(*taken)
            elif data:
                break
            elif host.call(HOST_FCNTL, fd, F_GETFL) & O_NONBLOCK:
                return -EAGAIN
            else:
                _wait(k, fd)
        at = 0
        for address, length in places:
            k.memory.write(address, data[at : at + length])
            at += length
        return len(data)

    def write(self, k: Kernel, fd: int, places: Places, offset: int | None = None) -> int:
        """Refuse it."""
        return -EINVAL if offset is None else -ESPIPE

    def seek(self, offset: int, whence: int) -> int:
        """Stay where it is."""
        return 0 if 0 <= whence <= SEEK_HOLE else -EINVAL


def _pipe(flags: int) -> tuple[int, int]:
    ends = create_string_buffer(8)
    result = host.call(HOST_PIPE2, addressof(ends), flags)
    if result < 0:
        raise OSError(-result, "pipe2")
    reader, writer = (int.from_bytes(ends.raw[at : at + 4], "little") for at in (0, 4))
    return reader, writer


def waiting_bytes(fd: int) -> int:
    """Give how many bytes there are in a pipe."""
    count = (c_uint64 * 1)()
    return 0 if host.call(HOST_IOCTL, fd, FIONREAD, addressof(count)) else count[0]


def update(k: Kernel) -> None:
    """Make every signalfd readable or not, as signals are pending."""
    pending = 0
    for thread in (k, *k.threads.members.values()):
        pending |= delivery.pending_set(thread)
    for entry in list(k.policy.descriptors.signals):
        entry.update(pending)


def _signalfd(k: Kernel, fd: int, mask: int, size: int, flags: int) -> int:
    if size != SIGSET_SIZE or flags & ~(SFD_NONBLOCK | SFD_CLOEXEC):
        return -EINVAL
    wanted = int.from_bytes(k.memory.read(mask, SIGSET_SIZE), "little") & ~UNBLOCKABLE
    descriptors = k.policy.descriptors
    if fd == -1:
        reader, writer = _pipe(flags)
        fd = descriptors.add(reader, made=SignalFd(descriptors, wanted, writer))
    else:
        made = descriptors.made.get(descriptors.check(fd))
        if not isinstance(made, SignalFd):
            descriptors.check_open(fd)
            return -EINVAL
        made.mask = wanted
    delivery.collect(k)
    update(k)
    return fd


def find_received(descriptors: Descriptors, fd: int) -> SignalFd | None:
    """Find what a descriptor that was received is, if this process has sent it to itself."""
    if descriptors.signals:
        status = os.fstat(fd)
        for entry in descriptors.signals:
            if os.path.samestat(os.fstat(entry.writer), status):
                return entry  # type: ignore[no-any-return]
    return None


# A program that is executed


def hand_over(descriptors: Descriptors, keep: Callable[[int], int]) -> list[int]:
    """Give the signalfds as numbers, for `take_over`: set, end of the pipe, how many descriptors, and those."""
    numbers = []
    for entry in descriptors.signals:
        numbers += [entry.mask, keep(entry.writer), len(entry.fds), *entry.fds]
    return numbers


def take_over(k: Kernel, numbers: list[int]) -> None:
    """Have those signalfds whose descriptors are still open."""
    descriptors = k.policy.descriptors
    at = 0
    while at < len(numbers):
        mask, writer, count = numbers[at : at + 3]
        fds = [fd for fd in numbers[at + 3 : at + 3 + count] if host.call(HOST_FCNTL, fd, F_GETFL) >= 0]
        at += 3 + count
        if not fds:
            os.close(writer)
            continue
        entry = SignalFd(descriptors, mask, writer)
        entry.readable = waiting_bytes(fds[0]) > 0
        for fd in fds:
            descriptors.made[fd] = entry
            entry.fds.add(fd)
            descriptors.kinds[fd] = NOT_DIRECT


@syscall(349, FD, partial=PARTIAL)
def signalfd(k: Kernel, fd: Fd, mask: In[Sigset], sizemask: Size) -> Fd:
    """Make a descriptor that signals are read from, or change its set."""
    return _signalfd(k, fd, mask, sizemask, 0)


@syscall(355, FD, partial=PARTIAL)
def signalfd4(k: Kernel, fd: Fd, mask: In[Sigset], sizemask: Size, flags: Hex) -> Fd:
    """Make a descriptor that signals are read from, with flags, or change its set."""
    return _signalfd(k, fd, mask, sizemask, flags)


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
