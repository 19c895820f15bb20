"""Options of sockets: only those whose value is known, since any other could name host memory.

A value is copied to a buffer of the emulator, changed where ARM and x86-64 lay it out differently, and given to
the host.
"""

from __future__ import annotations

from errno import EFAULT, EINVAL, ENOPROTOOPT
from struct import error as StructError
from struct import pack, unpack

from stinkarm.guest.native import addressof, create_string_buffer
from stinkarm.linux import addresses, host
from stinkarm.linux.declare import SOCKET, syscall

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.linux.kernel import Kernel
    from stinkarm.linux.parameters import Bytes, Fd, In, InOut, Int, OptionValue, Out, SocketLevel, Word

HOST_SETSOCKOPT = 54
HOST_GETSOCKOPT = 55

MAX_SIZE = 1 << 16

SOL_IP, SOL_SOCKET, IPPROTO_TCP, IPPROTO_UDP, SOL_IPV6, SOL_ICMPV6 = 0, 1, 6, 17, 41, 58
SOL_RAW, SOL_NETLINK = 255, 270

# asm-generic/socket.h, which ARM uses too
SO_DEBUG = 1
SO_RCVTIMEO_OLD = 20
SO_SNDTIMEO_OLD = 21
SO_BINDTODEVICE = 25
SO_ATTACH_FILTER = 26
SO_PEERCRED = 17
SO_PEERNAME = 28
SO_SNDBUFFORCE = 32
SO_RCVBUFFORCE = 33
SO_MARK = 36
SO_ATTACH_REUSEPORT_CBPF = 51
SO_BINDTOIFINDEX = 62
MAX_FILTER = 4096  # instructions: BPF_MAXINSNS

MCAST_JOIN_GROUP = 42
MCAST_LEAVE_SOURCE_GROUP = 47
MCAST_MSFILTER = 48

# Numbers of options by level that hold numbers, text and structs without an address, alike on ARM and x86-64. Left out:
# what gives descriptors (SO_PEERPIDFD, SO_ATTACH_BPF, SO_PASSPIDFD), maps memory (TCP_ZEROCOPY_RECEIVE), makes
# connections out of nothing (TCP_REPAIR), and control messages as values (IP_PKTOPTIONS).
PLAIN = {
    SOL_SOCKET: frozenset((*range(1, 20), 25, *range(27, 36), *range(36, 50), 53, *range(55, 76))),
    SOL_IP: frozenset((1, 2, 3, 4, 6, 7, 8, *range(10, 16), *range(18, 27), *range(32, 42), 49, 50, 51)),
    IPPROTO_TCP: frozenset((*range(1, 14), *range(15, 19), *range(23, 29), 30, 33, 34, 36, 37)),
    IPPROTO_UDP: frozenset((1, 101, 102, 103, 104)),
    SOL_IPV6: frozenset(
        (*range(1, 6), 7, 8, 11, *range(16, 31), 33, *range(49, 63), 66, 67, 70, *range(72, 79)),
    ),
    SOL_ICMPV6: frozenset((1,)),
    SOL_RAW: frozenset((1,)),
    SOL_NETLINK: frozenset((1, 2, 3, 4, 5, 8, 9, 10, 11, 12)),
}

# What lets packets go another way than to the address that was checked, or reaches whole groups: with a list of
# addresses, refused.
REDIRECTING = {
    SOL_SOCKET: frozenset((SO_DEBUG, SO_BINDTODEVICE, SO_SNDBUFFORCE, SO_RCVBUFFORCE, SO_MARK, SO_BINDTOIFINDEX)),
    SOL_IP: frozenset((4, 19, *range(32, 34), *range(35, 49), 50)),  # IP_OPTIONS, IP_TRANSPARENT, groups
    SOL_IPV6: frozenset((17, 20, 21, 27, 28, *range(42, 49), 54, 55, 57, 59, 75, 76)),  # groups, routing headers
}

# 32-bit struct timeval here and a 64-bit one on the host.
TIMES = (SO_RCVTIMEO_OLD, SO_SNDTIMEO_OLD)


def _allow(k: Kernel, level: int, option: int, *, change: bool) -> None:
    """Raise OSError unless the option is known, and the guest may use it."""
    network = k.policy.network
    if change and k.policy.sandboxed and not network.everything and option in REDIRECTING.get(level, ()):
        raise network.refuse(f"option {option} of level {level}", "--allow-net")
    if option in PLAIN.get(level, ()):
        return
    if level == SOL_SOCKET and (option in TIMES or (change and option in (SO_ATTACH_FILTER, SO_ATTACH_REUSEPORT_CBPF))):
        return
    if level in (SOL_IP, SOL_IPV6) and MCAST_JOIN_GROUP <= option <= MCAST_MSFILTER and change:
        return
    k.note(f"socket option {option} of level {level} is not known: it answers ENOPROTOOPT.")
    raise OSError(ENOPROTOOPT, "an option that is not known")


@syscall(294, SOCKET, partial="options that are not known answer ENOPROTOOPT")
def setsockopt(k: Kernel, sockfd: Fd, level: SocketLevel, optname: Int, optval: In[Bytes], optlen: Int) -> int:
    """Set an option of a socket."""
    k.policy.descriptors.check_open(sockfd)
    _allow(k, level, optname, change=True)
    if optlen < 0:
        return -EINVAL
    if optlen > MAX_SIZE:
        return -EINVAL
    value = k.memory.read(optval, optlen) if optval and optlen else b""
    if not optval and optlen and level != SOL_IPV6:  # IPv6 takes no value for "none"
        return -EFAULT
    if level == SOL_SOCKET and optname in (SO_ATTACH_FILTER, SO_ATTACH_REUSEPORT_CBPF):
        return _attach_filter(k, sockfd, optname, value)
    value = _to_host(level, optname, value)
    buffer = create_string_buffer(value, max(len(value), 1))
    return host.call(HOST_SETSOCKOPT, sockfd, level, optname, addressof(buffer) if optval else 0, len(value))


def _to_host(level: int, option: int, value: bytes) -> bytes:
    """Lay a value out as the host wants it."""
    if level == SOL_SOCKET and option in TIMES:
        if len(value) < 8:
            raise OSError(EINVAL, "too short for a struct timeval")
        return pack("<qq", *unpack("<ii", value[:8]))
    if level in (SOL_IP, SOL_IPV6) and MCAST_JOIN_GROUP <= option <= MCAST_MSFILTER:
        return value[:4] + bytes(4) + value[4:]  # struct sockaddr_storage is aligned to 8 bytes there, to 4 here
    return value


def _attach_filter(k: Kernel, sockfd: int, option: int, value: bytes) -> int:
    """Attach a program of classic BPF, whose instructions are copied: the host's kernel checks them."""
    try:
        count, where = unpack("<H2xI", value)
    except StructError:
        return -EINVAL
    if not 0 < count <= MAX_FILTER:
        return -EINVAL
    code = create_string_buffer(k.memory.read(where, 8 * count), 8 * count)
    program = create_string_buffer(pack("<H6xQ", count, addressof(code)), 16)
    return host.call(HOST_SETSOCKOPT, sockfd, SOL_SOCKET, option, addressof(program), 16)


@syscall(295, SOCKET, partial="options that are not known answer ENOPROTOOPT")
def getsockopt(
    k: Kernel, sockfd: Fd, level: SocketLevel, optname: Int, optval: Out[OptionValue], optlen: InOut[Word]
) -> int:
    """Give an option of a socket."""
    k.policy.descriptors.check_open(sockfd)
    _allow(k, level, optname, change=False)
    room = int.from_bytes(k.memory.read(optlen, 4), "little", signed=True)
    if room < 0:
        return -EINVAL
    times = level == SOL_SOCKET and optname in TIMES
    # Some kinds of value are read as well as written, so the host gets what is there.
    used = min(room, MAX_SIZE)
    buffer = create_string_buffer(b"" if times or not used else k.memory.read(optval, used), max(used, 16))
    size = create_string_buffer((16 if times else used).to_bytes(4, "little"), 4)
    result = host.call(HOST_GETSOCKOPT, sockfd, level, optname, addressof(buffer), addressof(size))
    if result < 0:
        return result
    given = int.from_bytes(size.raw, "little")
    value = buffer.raw[: min(given, max(used, 16))]
    if times:
        value = pack("<ii", *unpack("<qq", value))[:used]
        given = len(value)
    elif level == SOL_SOCKET and optname == SO_PEERCRED and k.policy.fake is not None:
        value = k.policy.fake.received(value)
    elif level == SOL_SOCKET and optname == SO_PEERNAME:
        value = addresses.show(k, value)
        given = len(value)
        if given > room:
            return -EINVAL
    k.memory.write(optval, value[:used])
    k.write_word(optlen, given)
    return result
