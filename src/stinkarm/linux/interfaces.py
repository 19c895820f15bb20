"""ioctl requests on sockets that ask about network interfaces: struct ifreq is 32 bytes on ARM and 40 on x86-64."""

from __future__ import annotations

from errno import EINVAL, EPERM
from struct import pack

from stinkarm.guest.native import addressof, create_string_buffer
from stinkarm.linux import host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.linux.kernel import Kernel

HOST_IOCTL = 16

IFREQ, HOST_IFREQ = 32, 40
MAX_INTERFACES = 1 << 16

SIOCGIFCONF = 0x8912
SIOCATMARK = 0x8905

# linux/sockios.h: what asks, by the interface's name or number, and what changes.
ASKING = frozenset(
    (0x8910, 0x8913, 0x8915, 0x8917, 0x8919, 0x891B, 0x891D, 0x8921, 0x8927, 0x8933, 0x8942),
)  # SIOCGIF: NAME FLAGS ADDR DSTADDR BRDADDR NETMASK METRIC MTU HWADDR INDEX TXQLEN
CHANGING = frozenset((0x8914, 0x8916, 0x8918, 0x891A, 0x891C, 0x8922, 0x8924, 0x8943))


def is_known(request: int) -> bool:
    """Say whether `ioctl` here does a request."""
    return request in ASKING or request in CHANGING or request in (SIOCGIFCONF, SIOCATMARK)


def ioctl(k: Kernel, fd: int, request: int, argp: int) -> int:
    """Do a request on a socket that is the guest's."""
    if request == SIOCATMARK:
        return host.call(HOST_IOCTL, fd, request, k.memory.host(argp, 4))
    if k.policy.sandboxed and not k.policy.network.something:
        raise k.policy.network.refuse("the network", "--allow-net")
    if request in CHANGING and k.policy.sandboxed:
        k.policy.deny(f"ioctl {request:#x}")
        return -EPERM
    if request == SIOCGIFCONF:
        return _list(k, fd, argp)
    data = k.memory.read(argp, IFREQ)
    buffer = create_string_buffer(data, HOST_IFREQ)
    result = host.call(HOST_IOCTL, fd, request, addressof(buffer))
    if result >= 0 and request in ASKING:
        k.memory.write(argp, buffer.raw[:IFREQ])
    return result


def _list(k: Kernel, fd: int, argp: int) -> int:
    """List interfaces with addresses into the array that a struct ifconf names, or tell how long it would be."""
    size = int.from_bytes(k.memory.read(argp, 4), "little", signed=True)
    where = k.memory.read_u32(argp + 4)
    if size < 0:
        return -EINVAL
    count = min(size // IFREQ, MAX_INTERFACES)
    array = create_string_buffer(max(count * HOST_IFREQ, 1))
    ifconf = create_string_buffer(pack("<i4xQ", count * HOST_IFREQ, addressof(array) if where else 0), 16)
    result = host.call(HOST_IOCTL, fd, SIOCGIFCONF, addressof(ifconf))
    if result < 0:
        return result
    found = int.from_bytes(ifconf.raw[:4], "little") // HOST_IFREQ
    if where:
        data = array.raw
        k.memory.write(where, b"".join(data[at : at + IFREQ] for at in range(0, found * HOST_IFREQ, HOST_IFREQ)))
    k.write_word(argp, found * IFREQ)
    return result
