"""Messages of sockets: sendmsg, recvmsg and their like, with the control messages that go beside the bytes.

A control message has a header of 12 bytes on ARM and of 16 on x86-64, so they are taken apart and put together again
(net/compat.c). Descriptors that are sent are the guest's own; those that are received become its own, but no path may
start at them: they may be of directories that the guest was not granted.
"""

from __future__ import annotations

import os
from errno import EINVAL, EMSGSIZE, ENOBUFS, EPERM
from struct import Struct, pack, unpack, unpack_from

from stinkarm.guest.memory import GuestFault
from stinkarm.guest.native import addressof, create_string_buffer
from stinkarm.linux import addresses, host, structs
from stinkarm.linux.addresses import SEND, STORAGE, Address
from stinkarm.linux.declare import SOCKET, syscall
from stinkarm.linux.files import iovecs
from stinkarm.linux.sockets import MSG_CMSG_COMPAT, SO_RCVTIMEO, SO_SNDTIMEO, sent, waiting
from stinkarm.sandbox import special
from stinkarm.sandbox.descriptors import ALL, INHERITED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from stinkarm.linux.kernel import Kernel
    from stinkarm.linux.parameters import (
        Fd,
        In,
        InOut,
        Mmsghdrs,
        MsgFlags,
        Msghdr,
        Timespec,
        Timespec64,
        UInt,
    )
    from stinkarm.sandbox.descriptors import MadeUp

HOST_SENDMSG = 46
HOST_RECVMSG = 47
HOST_RECVMMSG = 299
HOST_SENDMMSG = 307

UIO_MAXIOV = 1024
MAX_CONTROL = 1 << 16
HOST_HEADER = Struct("<QIi")  # struct cmsghdr, and struct user_msghdr, on x86-64
HOST_MESSAGE = Struct("<QI4xQQQQI4x")

SOL_IP, SOL_SOCKET, SOL_UDP, SOL_IPV6 = 0, 1, 17, 41
SCM_RIGHTS = 1
SCM_CREDENTIALS = 2
SCM_PIDFD = 4
SCM_TIMESTAMP = 29  # a struct timeval; a timespec; three timespecs: of 32-bit numbers here, 64-bit ones on the host
SCM_TIMESTAMPNS = 35
SCM_TIMESTAMPING = 37
TIMES = (SCM_TIMESTAMP, SCM_TIMESTAMPNS, SCM_TIMESTAMPING)

# Control messages that a guest in the sandbox may send: none that leads a packet elsewhere.
SENDABLE = {
    SOL_SOCKET: (SCM_RIGHTS, SCM_CREDENTIALS, SCM_TIMESTAMPING, 61),
    SOL_IP: (1, 2, 8),  # IP_TOS, IP_TTL, IP_PKTINFO
    SOL_UDP: (103,),  # UDP_SEGMENT
    SOL_IPV6: (50, 52, 62, 67),  # IPV6_PKTINFO, IPV6_HOPLIMIT, IPV6_DONTFRAG, IPV6_TCLASS
}

MSG_CTRUNC = 8
MSG_DONTWAIT = 0x40
MSG_WAITFORONE = 0x10000
SECOND = 1_000_000_000
MMSGHDR_SIZE = 32
MSG_LEN_AT = 28


class Message:
    """A guest's struct user_msghdr, read once."""

    __slots__ = ("at", "control", "control_size", "iov", "iov_count", "name", "name_size")

    def __init__(self, k: Kernel, at: int) -> None:
        self.at = at
        values = structs.Msghdr.read(k.memory, at)
        self.name, self.name_size, self.iov, self.iov_count, self.control, self.control_size, _ = values
        if self.name_size < 0:
            raise OSError(EINVAL, "the size of an address is negative")
        self.name_size = min(self.name_size, STORAGE) if self.name else 0
        if self.iov_count > UIO_MAXIOV:
            raise OSError(EMSGSIZE, "too many struct iovec")
        if self.control_size > 0x7FFFFFFF:
            raise OSError(ENOBUFS, "too many control messages")
        if not self.control:
            self.control_size = 0


def _align(size: int, to: int) -> int:
    return (size + to - 1) & -to


# Sending


def _control(k: Kernel, message: Message) -> bytes:
    """Read the control messages to send, and lay them out for the host."""
    if message.control_size > MAX_CONTROL:
        raise OSError(ENOBUFS, "too many control messages")
    data = k.memory.read(message.control, message.control_size) if message.control_size else b""
    size = structs.Cmsghdr.size
    packed = []
    at = 0
    while at + size <= len(data):
        length, level, kind = structs.Cmsghdr.unpack(data[at : at + size])
        if length < size or at + length > len(data):
            raise OSError(EINVAL, "the length of a control message")
        body = data[at + size : at + length]
        if level == SOL_SOCKET and kind == SCM_CREDENTIALS and k.policy.fake is not None:
            body = k.policy.fake.sent(body)
        _check(k, level, kind, body)
        if level == SOL_SOCKET and kind in TIMES and kind != SCM_TIMESTAMPING:
            raise OSError(EINVAL, "a control message that is only received")
        packed.append(HOST_HEADER.pack(HOST_HEADER.size + len(body), level, kind) + body)
        at += _align(length, 4)
    return b"".join(part.ljust(_align(len(part), 8), b"\0") for part in packed)


def _check(k: Kernel, level: int, kind: int, body: bytes) -> None:
    """Raise OSError unless the guest may send a control message."""
    if level == SOL_SOCKET and kind == SCM_RIGHTS:
        for fd in unpack(f"<{len(body) // 4}i", body[: len(body) & ~3]):
            k.policy.descriptors.check(fd)
        return
    if not k.policy.sandboxed:
        return
    if level == SOL_SOCKET and kind == SCM_CREDENTIALS:
        if len(body) == 12:
            pid, uid, gid = unpack("<iII", body)
            if pid != os.getpid() or uid not in os.getresuid() or gid not in os.getresgid():
                raise OSError(EPERM, "the sandbox lets nobody be somebody else")
    elif kind not in SENDABLE.get(level, ()) and not k.policy.network.everything:
        raise k.policy.network.refuse(f"control message {kind} of level {level}", "--allow-net")


def _sendmsg(k: Kernel, sockfd: int, at: int, flags: int) -> int:
    k.policy.descriptors.check_open(sockfd)
    if flags & MSG_CMSG_COMPAT:
        return -EINVAL
    message = Message(k, at)
    vector = iovecs(k, message.iov, message.iov_count)
    control = _control(k, message)
    beside = create_string_buffer(control, max(len(control), 1))
    name = addresses.read(k, message.name, message.name_size, SEND) if message.name_size else Address(b"")
    with name:
        header = create_string_buffer(
            HOST_MESSAGE.pack(
                *(name.pointer, name.size, addressof(vector), message.iov_count),
                *(addressof(beside) if control else 0, len(control), 0),
            ),
            HOST_MESSAGE.size,
        )
        return sent(k, sockfd, waiting(k, sockfd, SO_SNDTIMEO, HOST_SENDMSG, addressof(header), flags), flags)


@syscall(296, SOCKET)
def sendmsg(k: Kernel, sockfd: Fd, msg: In[Msghdr], flags: MsgFlags) -> int:
    """Send a message."""
    return _sendmsg(k, sockfd, msg, flags)


@syscall(374, SOCKET)
def sendmmsg(k: Kernel, sockfd: Fd, msgvec: InOut[Mmsghdrs], vlen: UInt, flags: MsgFlags) -> int:
    """Send several messages; an error after the first is not told."""

    def send(at: int) -> int:
        return _sendmsg(k, sockfd, at, flags)

    if not vlen:
        return host.call(HOST_SENDMMSG, k.policy.descriptors.check(sockfd), 0, 0, flags & ~MSG_CMSG_COMPAT)
    return _several(k, msgvec, min(vlen, UIO_MAXIOV), send, lambda: False)


def _several(k: Kernel, at: int, count: int, do: Callable[[int], int], enough: Callable[[], bool]) -> int:
    """Do something with each struct mmsghdr, until it fails or there is `enough`; give how many were done."""
    for index in range(count):
        where = at + index * MMSGHDR_SIZE
        try:
            result = do(where)
        except (OSError, GuestFault):
            if index:
                return index
            raise
        except host.Interrupted:
            if not index:
                raise
            from stinkarm.linux import delivery

            delivery.end_without_restart(k)
            return index
        if result < 0:
            return index or result
        k.write_word(where + MSG_LEN_AT, result)
        if enough():
            return index + 1
    return count


# Receiving


def _recvmsg(k: Kernel, sockfd: int, at: int, flags: int) -> int:
    k.policy.descriptors.check_open(sockfd)
    if flags & MSG_CMSG_COMPAT:
        return -EINVAL
    message = Message(k, at)
    vector = iovecs(k, message.iov, message.iov_count)
    name = create_string_buffer(STORAGE)
    # Room for the same control messages as the host lays them out.
    room = _align(min(2 * message.control_size + HOST_HEADER.size, MAX_CONTROL), 8) if message.control_size else 0
    control = create_string_buffer(room or 1)
    header = create_string_buffer(
        HOST_MESSAGE.pack(
            *(addressof(name) if message.name else 0, STORAGE if message.name else 0),
            *(addressof(vector), message.iov_count, addressof(control) if room else 0, room, 0),
        ),
        HOST_MESSAGE.size,
    )
    result = waiting(k, sockfd, SO_RCVTIMEO, HOST_RECVMSG, addressof(header), flags)
    if result < 0:
        return result
    _, name_size, _, _, _, used, given_flags = HOST_MESSAGE.unpack(header.raw)
    received = _Control(k, message.control_size, given_flags)
    received.convert(control.raw[:used])
    if message.control_size:
        k.memory.write(message.control, received.data)
    if message.name:
        data = addresses.show(k, name.raw[:name_size])
        k.memory.write(message.name, data[: message.name_size])
        k.write_word(at + 4, len(data))
    k.memory.write(at + 20, pack("<II", len(received.data), received.flags & ~MSG_CMSG_COMPAT & 0xFFFFFFFF))
    return result


class _Control:
    """Control messages as the guest gets them: at most `room` bytes, and the message's flags."""

    def __init__(self, k: Kernel, room: int, flags: int) -> None:
        self._k = k
        self._room = room
        self.flags = flags
        self.data = b""

    def convert(self, data: bytes) -> None:
        """Take over the host's control messages."""
        at = 0
        while at + HOST_HEADER.size <= len(data):
            length, level, kind = HOST_HEADER.unpack_from(data, at)
            if length < HOST_HEADER.size:
                break
            body = data[at + HOST_HEADER.size : at + length]
            if level == SOL_SOCKET and kind in (SCM_RIGHTS, SCM_PIDFD):
                self._take_descriptors(unpack_from(f"<{len(body) // 4}i", body), kind)
            else:
                if level == SOL_SOCKET and kind in TIMES:
                    values = unpack(f"<{len(body) // 8}q", body)
                    body = pack(f"<{len(values)}i", *(_signed(value) for value in values))
                elif level == SOL_SOCKET and kind == SCM_CREDENTIALS and self._k.policy.fake is not None:
                    body = self._k.policy.fake.received(body)
                self._put(level, kind, body)
            at += _align(length, 8)

    def _put(self, level: int, kind: int, body: bytes) -> None:
        """Append one control message, cut where there is no more room (put_cmsg_compat)."""
        left = self._room - len(self.data)
        size = structs.Cmsghdr.size
        if left < size:
            self.flags |= MSG_CTRUNC
            return
        length = size + len(body)
        if length > left:
            self.flags |= MSG_CTRUNC
            length = left
        record = structs.Cmsghdr.pack(length, level, kind) + body
        self.data += record[:length].ljust(min(_align(length, 4), left), b"\0")

    def _take_descriptors(self, fds: tuple[int, ...], kind: int) -> None:
        """Make received descriptors the guest's own, as many as there is room for; the others are closed."""
        fit = max(0, (self._room - len(self.data) - structs.Cmsghdr.size) // 4) if kind == SCM_RIGHTS else 0
        taken = []
        for index, fd in enumerate(fds):
            if index >= fit or special.shows_memory(fd, os.fstat(fd)):
                os.close(fd)
                self.flags |= MSG_CTRUNC
                continue
            try:
                taken.append(self._k.policy.descriptors.add(fd, ALL | INHERITED, made=self._made(fd)))
            except OSError:  # the guest has none left, and the descriptor is closed
                self.flags |= MSG_CTRUNC
        if taken:
            self._put(SOL_SOCKET, SCM_RIGHTS, pack(f"<{len(taken)}i", *taken))

    def _made(self, fd: int) -> MadeUp | None:
        descriptors = self._k.policy.descriptors
        if not descriptors.signals:
            return None
        from stinkarm.linux.signalfd import find_received

        return find_received(descriptors, fd)


def _signed(value: int) -> int:
    value &= 0xFFFFFFFF
    return value - (value >> 31 << 32)


@syscall(297, SOCKET)
def recvmsg(k: Kernel, sockfd: Fd, msg: InOut[Msghdr], flags: MsgFlags) -> int:
    """Receive a message."""
    return _recvmsg(k, sockfd, msg, flags)


def _recvmmsg(k: Kernel, sockfd: int, msgvec: int, vlen: int, flags: int, left: list[int] | None) -> int:
    """Receive messages; `left` is a time in nanoseconds, looked at after each message, and then what is left of it."""
    import time

    if not vlen:
        return host.call(HOST_RECVMMSG, k.policy.descriptors.check(sockfd), 0, 0, flags & ~MSG_CMSG_COMPAT)
    end = time.monotonic_ns() + left[0] if left else 0
    more_flags = flags & ~MSG_WAITFORONE

    def receive(at: int) -> int:
        nonlocal more_flags
        result = _recvmsg(k, sockfd, at, more_flags)
        if result >= 0 and flags & MSG_WAITFORONE:
            more_flags |= MSG_DONTWAIT
        return result

    def late() -> bool:
        if left is None:
            return False
        left[0] = max(0, end - time.monotonic_ns())
        return not left[0]

    return _several(k, msgvec, min(vlen, UIO_MAXIOV), receive, late)


def _time_left(layout: structs.Layout, k: Kernel, address: int) -> list[int] | None:
    if not address:
        return None
    seconds, nanoseconds = layout.read(k.memory, address)
    if layout is structs.Timespec64:
        nanoseconds &= 0xFFFFFFFF  # 32-bit kernels use the low half
    if seconds < 0 or not 0 <= nanoseconds < SECOND:
        raise OSError(EINVAL, "the timeout is no time")
    return [seconds * SECOND + nanoseconds]


def _timed(k: Kernel, layout: structs.Layout, sockfd: int, msgvec: int, vlen: int, flags: int, timeout: int) -> int:
    left = _time_left(layout, k, timeout)
    result = _recvmmsg(k, sockfd, msgvec, vlen, flags, left)
    if left and result > 0:
        layout.write(k.memory, timeout, left[0] // SECOND, left[0] % SECOND)
    return result


@syscall(365, SOCKET)
def recvmmsg(
    k: Kernel, sockfd: Fd, msgvec: InOut[Mmsghdrs], vlen: UInt, flags: MsgFlags, timeout: InOut[Timespec]
) -> int:
    """Receive several messages."""
    return _timed(k, structs.Timespec, sockfd, msgvec, vlen, flags, timeout)


@syscall(417, SOCKET)
def recvmmsg_time64(
    k: Kernel, sockfd: Fd, msgvec: InOut[Mmsghdrs], vlen: UInt, flags: MsgFlags, timeout: InOut[Timespec64]
) -> int:
    """Receive several messages, with 64-bit seconds."""
    return _timed(k, structs.Timespec64, sockfd, msgvec, vlen, flags, timeout)
