"""Sockets: making, naming and connecting them, and plain sending and receiving.

Addresses are checked in `linux/addresses.py`; messages with more than bytes are in `linux/messages.py`, options in
`linux/socket_options.py`.
"""

from __future__ import annotations

import os
from errno import EINVAL, EPIPE
from struct import pack, unpack

from stinkarm.guest.native import addressof, c_uint64, create_string_buffer
from stinkarm.linux import addresses, host
from stinkarm.linux.addresses import BIND, CONNECT, SEND, STORAGE
from stinkarm.linux.declare import SOCKET, syscall
from stinkarm.linux.descriptors import close
from stinkarm.sandbox.network import AF_INET, AF_INET6, AF_NETLINK, AF_UNIX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.linux.kernel import Kernel
    from stinkarm.linux.parameters import (
        Bytes,
        Fd,
        FdPair,
        In,
        InOut,
        Int,
        MsgFlags,
        Out,
        ShutdownHow,
        Size,
        Sockaddr,
        SocketDomain,
        SocketType,
        Word,
    )

# x86-64 numbers: arch/x86/entry/syscalls/syscall_64.tbl
HOST_SOCKET = 41
HOST_CONNECT = 42
HOST_SENDTO = 44
HOST_RECVFROM = 45
HOST_SHUTDOWN = 48
HOST_BIND = 49
HOST_LISTEN = 50
HOST_GETSOCKNAME = 51
HOST_GETPEERNAME = 52
HOST_SOCKETPAIR = 53
HOST_GETSOCKOPT = 55
HOST_CAPGET = 125
HOST_CAPSET = 126
HOST_ACCEPT4 = 288

SIGPIPE = 13

SOCK_TYPE = 0xF
SOCK_STREAM = 1
SOCK_DGRAM = 2
SOCK_RAW = 3
SOL_SOCKET = 1
SO_TYPE = 3
SO_RCVTIMEO = 20
SO_SNDTIMEO = 21
NETLINK_ROUTE = 0

# What a list of addresses lets a socket speak: by default, TCP, UDP.
CHECKED_PROTOCOLS = {SOCK_STREAM: (0, 6), SOCK_DGRAM: (0, 17)}

MSG_NOSIGNAL = 0x4000
MSG_CMSG_COMPAT = 0x80000000

CAP_NET_ADMIN = 12
CAPABILITY_VERSION_3 = 0x20080522


# Making


def _allow(k: Kernel, domain: int, kind: int, protocol: int) -> None:
    """Raise OSError unless the guest may have a socket of this kind; what it may do with it is asked later."""
    network = k.policy.network
    if not k.policy.sandboxed or domain == AF_UNIX:
        return
    if domain in (AF_INET, AF_INET6) and kind & SOCK_TYPE != SOCK_RAW:
        if network.everything or (network.something and protocol in CHECKED_PROTOCOLS.get(kind & SOCK_TYPE, ())):
            return
        raise network.refuse("the network", "--allow-net")
    if domain == AF_NETLINK and protocol == NETLINK_ROUTE:  # addresses and routes, for getaddrinfo and getifaddrs
        if network.something:
            return
        raise network.refuse("the network", "--allow-net")
    raise network.refuse(f"a socket of family {domain}, type {kind & SOCK_TYPE}")


@syscall(281, SOCKET)
def socket(k: Kernel, domain: SocketDomain, type: SocketType, protocol: Int) -> Fd:
    """Make a socket."""
    _allow(k, domain, type, protocol)
    if domain == AF_NETLINK and k.policy.sandboxed:
        fd = _without_administration(domain, type, protocol)
    else:
        fd = host.call(HOST_SOCKET, domain, type, protocol)
    return k.policy.descriptors.add(fd) if fd >= 0 else fd


def _without_administration(domain: int, kind: int, protocol: int) -> int:
    """Make a socket through which nobody may change the network: netlink goes by the rights of who opened it."""
    header = create_string_buffer(pack("<Ii", CAPABILITY_VERSION_3, 0), 8)
    data = create_string_buffer(24)
    result = host.call(HOST_CAPGET, addressof(header), addressof(data))
    if result < 0:
        return result
    effective = int.from_bytes(data.raw[:4], "little")
    if not effective >> CAP_NET_ADMIN & 1:
        return host.call(HOST_SOCKET, domain, kind, protocol)
    less = create_string_buffer((effective & ~(1 << CAP_NET_ADMIN)).to_bytes(4, "little") + data.raw[4:], 24)
    result = host.call(HOST_CAPSET, addressof(header), addressof(less))
    if result < 0:
        return result
    try:
        return host.call(HOST_SOCKET, domain, kind, protocol)
    finally:
        host.call(HOST_CAPSET, addressof(header), addressof(data))


@syscall(288, SOCKET)
def socketpair(k: Kernel, domain: SocketDomain, type: SocketType, protocol: Int, sv: Out[FdPair]) -> int:
    """Make two connected sockets."""
    _allow(k, domain, type, protocol)
    ends = (c_uint64 * 1)()
    result = host.call(HOST_SOCKETPAIR, domain, type, protocol, addressof(ends))
    if result < 0:
        return result
    made = k.policy.descriptors.add_pair(ends[0] & 0xFFFFFFFF, ends[0] >> 32)
    try:
        k.memory.write(sv, pack("<ii", *made))
    except BaseException:
        for end in made:
            close(k, end)
        raise
    return 0


# Names and connections


@syscall(282, SOCKET)
def bind(k: Kernel, sockfd: Fd, addr: In[Sockaddr], addrlen: Int) -> int:
    """Name a socket."""
    k.policy.descriptors.check(sockfd)
    with addresses.read(k, addr, addrlen, BIND) as address:
        result = host.call(HOST_BIND, sockfd, address.pointer, address.size)
        if result == 0:
            addresses.bound(k, address)
        return result


@syscall(283, SOCKET)
def connect(k: Kernel, sockfd: Fd, addr: In[Sockaddr], addrlen: Int) -> int:
    """Connect a socket."""
    k.policy.descriptors.check(sockfd)
    with addresses.read(k, addr, addrlen, CONNECT) as address:
        return waiting(k, sockfd, SO_SNDTIMEO, HOST_CONNECT, address.pointer, address.size)


def waiting(k: Kernel, fd: int, option: int, number: int, *more: int) -> int:
    """Make a call that waits, for as long as the socket's option (SO_RCVTIMEO or SO_SNDTIMEO) says.

    With such a limit a call that a handler interrupts is not made again, even if that has SA_RESTART.
    """
    try:
        return host.call(number, fd, *more)
    except host.Interrupted:
        limit = (c_uint64 * 2)()
        size = create_string_buffer(b"\x10\0\0\0", 4)
        host.call(HOST_GETSOCKOPT, fd, SOL_SOCKET, option, addressof(limit), addressof(size))
        if limit[0] or limit[1]:
            from stinkarm.linux import delivery

            return delivery.end_without_restart(k)
        raise


@syscall(284, SOCKET)
def listen(k: Kernel, sockfd: Fd, backlog: Int) -> int:
    """Accept connections."""
    descriptors, network = k.policy.descriptors, k.policy.network
    if not k.policy.sandboxed or network.everything:
        return host.call(HOST_LISTEN, descriptors.check(sockfd), backlog)
    sockfd = descriptors.hold(sockfd)  # so that what is looked at is what listens
    name = _name(HOST_GETSOCKNAME, sockfd)
    if isinstance(name, bytes) and name[:1] != bytes((AF_UNIX,)):
        network.check(name)
    return host.call(HOST_LISTEN, sockfd, backlog)


def _accept(k: Kernel, sockfd: int, addr: int, addrlen: int, flags: int) -> int:
    k.policy.descriptors.check(sockfd)
    k.policy.descriptors.check_room()
    name = create_string_buffer(STORAGE)
    size = create_string_buffer(STORAGE.to_bytes(4, "little"), 4)
    fd = waiting(k, sockfd, SO_RCVTIMEO, HOST_ACCEPT4, addressof(name), addressof(size), flags)
    if fd < 0:
        return fd
    if addr:
        try:
            addresses.write(k, addresses.show(k, name.raw[: unpack("<I", size.raw)[0]]), addr, addrlen)
        except BaseException:
            os.close(fd)
            raise
    return k.policy.descriptors.add(fd)


@syscall(285, SOCKET)
def accept(k: Kernel, sockfd: Fd, addr: Out[Sockaddr], addrlen: InOut[Word]) -> Fd:
    """Take a connection."""
    return _accept(k, sockfd, addr, addrlen, 0)


@syscall(366, SOCKET)
def accept4(k: Kernel, sockfd: Fd, addr: Out[Sockaddr], addrlen: InOut[Word], flags: SocketType) -> Fd:
    """Take a connection, with flags for its descriptor."""
    return _accept(k, sockfd, addr, addrlen, flags)


def _name(number: int, sockfd: int) -> bytes | int:
    """Give a name of a socket, or a negated error number."""
    name = create_string_buffer(STORAGE)
    size = create_string_buffer(STORAGE.to_bytes(4, "little"), 4)
    result = host.call(number, sockfd, addressof(name), addressof(size))
    return result if result < 0 else name.raw[: unpack("<I", size.raw)[0]]


def _give_name(k: Kernel, number: int, sockfd: int, addr: int, addrlen: int) -> int:
    name = _name(number, k.policy.descriptors.check(sockfd))
    if isinstance(name, int):
        return name
    addresses.write(k, addresses.show(k, name), addr, addrlen)
    return 0


@syscall(286, SOCKET)
def getsockname(k: Kernel, sockfd: Fd, addr: Out[Sockaddr], addrlen: InOut[Word]) -> int:
    """Give a socket's name."""
    return _give_name(k, HOST_GETSOCKNAME, sockfd, addr, addrlen)


@syscall(287, SOCKET)
def getpeername(k: Kernel, sockfd: Fd, addr: Out[Sockaddr], addrlen: InOut[Word]) -> int:
    """Give the name of the other end."""
    return _give_name(k, HOST_GETPEERNAME, sockfd, addr, addrlen)


@syscall(293, SOCKET)
def shutdown(k: Kernel, sockfd: Fd, how: ShutdownHow) -> int:
    """End a direction of a connection, or both."""
    return host.call(HOST_SHUTDOWN, k.policy.descriptors.check(sockfd), how)


# Sending and receiving


def sent(k: Kernel, sockfd: int, result: int, flags: int) -> int:
    """Send SIGPIPE where Linux does: a stream has nobody at its other end."""
    if result == -EPIPE and not flags & MSG_NOSIGNAL:
        kind = (c_uint64 * 1)()
        size = create_string_buffer(b"\4\0\0\0", 4)
        host.call(HOST_GETSOCKOPT, sockfd, SOL_SOCKET, SO_TYPE, addressof(kind), addressof(size))
        if kind[0] == SOCK_STREAM:
            k.raise_signal(SIGPIPE)
    return result


def _send(k: Kernel, sockfd: int, buf: int, size: int, flags: int, dest: int, dest_size: int) -> int:
    k.policy.descriptors.check(sockfd)
    if flags & MSG_CMSG_COMPAT:
        return -EINVAL
    data = k.memory.host(buf, size)
    if not dest:
        return sent(k, sockfd, waiting(k, sockfd, SO_SNDTIMEO, HOST_SENDTO, data, size, flags, 0, 0), flags)
    with addresses.read(k, dest, dest_size, SEND) as address:
        arguments = (data, size, flags, address.pointer, address.size)
        return sent(k, sockfd, waiting(k, sockfd, SO_SNDTIMEO, HOST_SENDTO, *arguments), flags)


@syscall(289, SOCKET)
def send(k: Kernel, sockfd: Fd, buf: In[Bytes], len: Size, flags: MsgFlags) -> int:
    """Send to the other end."""
    return _send(k, sockfd, buf, len, flags, 0, 0)


@syscall(290, SOCKET)
def sendto(
    k: Kernel, sockfd: Fd, buf: In[Bytes], len: Size, flags: MsgFlags, dest_addr: In[Sockaddr], addrlen: Int
) -> int:
    """Send to an address."""
    return _send(k, sockfd, buf, len, flags, dest_addr, addrlen)


def _receive(k: Kernel, sockfd: int, buf: int, size: int, flags: int, src: int, src_size: int) -> int:
    k.policy.descriptors.check(sockfd)
    if flags & MSG_CMSG_COMPAT:
        return -EINVAL
    data = k.memory.host(buf, size)
    if not src:
        return waiting(k, sockfd, SO_RCVTIMEO, HOST_RECVFROM, data, size, flags, 0, 0)
    name = create_string_buffer(STORAGE)
    room = create_string_buffer(STORAGE.to_bytes(4, "little"), 4)
    result = waiting(k, sockfd, SO_RCVTIMEO, HOST_RECVFROM, data, size, flags, addressof(name), addressof(room))
    if result >= 0:
        addresses.write(k, addresses.show(k, name.raw[: unpack("<I", room.raw)[0]]), src, src_size)
    return result


@syscall(291, SOCKET)
def recv(k: Kernel, sockfd: Fd, buf: Out[Bytes], len: Size, flags: MsgFlags) -> int:
    """Receive."""
    return _receive(k, sockfd, buf, len, flags, 0, 0)


@syscall(292, SOCKET)
def recvfrom(
    k: Kernel, sockfd: Fd, buf: Out[Bytes], len: Size, flags: MsgFlags, src_addr: Out[Sockaddr], addrlen: InOut[Word]
) -> int:
    """Receive, and learn from whom."""
    return _receive(k, sockfd, buf, len, flags, src_addr, addrlen)
