"""Sockets: what can be asked of a descriptor that was inherited. There is no way to make one yet."""

from __future__ import annotations

from errno import EINVAL

from stinkarm.linux import host
from stinkarm.linux.declare import FD, syscall

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.linux.kernel import Kernel
    from stinkarm.linux.parameters import Address, Fd, InOut, Word

# x86-64 numbers: arch/x86/entry/syscalls/syscall_64.tbl
HOST_GETSOCKNAME = 51
HOST_GETPEERNAME = 52


def _name(k: Kernel, number: int, sockfd: int, addr: int, addrlen: int) -> int:
    """Give a name of a socket: addresses are laid out alike on ARM and x86-64."""
    k.policy.descriptors.check(sockfd)
    size = int.from_bytes(k.memory.read(addrlen, 4), "little", signed=True) if addrlen else 0
    if size < 0:
        return -EINVAL
    return host.call(number, sockfd, k.pointer(addr, size), k.pointer(addrlen, 4))


@syscall(286, FD)
def getsockname(k: Kernel, sockfd: Fd, addr: Address, addrlen: InOut[Word]) -> int:
    """Give a socket's name."""
    return _name(k, HOST_GETSOCKNAME, sockfd, addr, addrlen)


@syscall(287, FD)
def getpeername(k: Kernel, sockfd: Fd, addr: Address, addrlen: InOut[Word]) -> int:
    """Give the name of the other end."""
    return _name(k, HOST_GETPEERNAME, sockfd, addr, addrlen)
