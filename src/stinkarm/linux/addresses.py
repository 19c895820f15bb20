"""Addresses of sockets: what a guest's struct sockaddr is for the host, and the other way round.

An address is read from the guest once, into a buffer of the emulator: the sandbox checks that buffer, and the host
gets it. Structs are laid out alike on ARM and x86-64. A Unix socket that has a name in the file system is found or
made as any file is (sandbox/paths.py); the host is then given /proc/self/fd/N, or a name below it.
"""

from __future__ import annotations

import os
from errno import EADDRINUSE, EAFNOSUPPORT, EINVAL, EPERM

from stinkarm.guest.native import Array, addressof, c_char, create_string_buffer
from stinkarm.sandbox.descriptors import WRITE
from stinkarm.sandbox.network import AF_INET, AF_INET6, AF_NETLINK, AF_UNIX, AF_UNSPEC

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.linux.kernel import Kernel

AT_FDCWD = -100
STORAGE = 128  # sizeof(struct sockaddr_storage)
PATH_SIZE = 108  # of sun_path
OWN_FOLDER = b"/proc/self/fd/"
MAX_NAMES = 4096

# What an address is for.
BIND, CONNECT, SEND = range(3)


class Address:
    """An address for the host: `data`, and its `pointer` and `size`. Use it in a `with`, which keeps it true."""

    __slots__ = ("_buffer", "_fd", "data", "host_name", "name")

    def __init__(self, data: bytes, fd: int = -1) -> None:
        self.data = data
        self.name = b""  # of a Unix socket to be made: as the guest calls it
        self.host_name = b""  # ... and as the host does
        self._fd = fd
        self._buffer: Array[c_char] | None = None

    @property
    def pointer(self) -> int:
        """The host address of the bytes, or 0 if there are none."""
        if not self.data:
            return 0
        if self._buffer is None:
            self._buffer = create_string_buffer(self.data, len(self.data))
        return addressof(self._buffer)

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return len(self.data)

    def __enter__(self) -> Address:
        return self

    def __exit__(self, *_: object) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def read(k: Kernel, address: int, size: int, use: int) -> Address:
    """Read a guest's struct sockaddr and check that the guest may use it so; raise OSError if not."""
    if not 0 <= size <= STORAGE:
        raise OSError(EINVAL, "the size of an address")
    data = k.memory.read(address, size) if size else b""
    policy = k.policy
    family = int.from_bytes(data[:2], "little") if size >= 2 else AF_UNSPEC
    if family == AF_UNIX and size > 2 and data[2] and (policy.sandboxed or policy.root):
        return _read_path(k, data[2:].partition(b"\0")[0], use)
    if not policy.sandboxed:
        return Address(data)
    if family == AF_UNIX:
        if size == 2 and use != BIND:
            raise OSError(EINVAL, "no address")
        policy.network.check_abstract(data[3:])
    elif family in (AF_INET, AF_INET6):
        if use != BIND or int.from_bytes(data[2:4], "big") or any(data[4:8] if family == AF_INET else data[8:24]):
            policy.network.check(data)
        elif not policy.network.something:
            raise policy.network.refuse("the network", "--allow-net")
        # Binding to no address and no port is what sending or listening does by itself; `listen` is checked.
    elif family == AF_NETLINK:
        return _to_kernel(data, use)
    elif family != AF_UNSPEC or use != CONNECT:  # a send to AF_UNSPEC would be one to AF_INET
        raise OSError(EAFNOSUPPORT, "an address of a family that the sandbox cannot check")
    return Address(data)


def _to_kernel(data: bytes, use: int) -> Address:
    """Check a struct sockaddr_nl: only the kernel may be talked to.

    Messages to it are sent without an address, so that their rights are those that the socket was opened with.
    """
    if use == BIND:
        return Address(data)
    if any(data[4:12]):
        raise OSError(EPERM, "the sandbox lets netlink sockets talk to the kernel only")
    return Address(b"" if use == SEND else data)


def _read_path(k: Kernel, path: bytes, use: int) -> Address:
    if use != BIND:
        with k.policy.paths.find(AT_FDCWD, path, need=WRITE) as found:
            if found.opath < 0:
                return Address(_unix(found.path))
            fd = found.take()
        return Address(_unix(OWN_FOLDER + b"%d" % fd), fd)
    try:
        with k.policy.paths.entry(AT_FDCWD, path, create=True) as entry:
            if entry.fd < 0:
                return Address(_unix(entry.name))
            name = OWN_FOLDER + b"%d/%s" % (_folder(k, entry.fd), entry.name)
    except FileExistsError:
        raise OSError(EADDRINUSE, "there is a file of this name") from None
    address = Address(_unix(name))
    address.name, address.host_name = path, name
    return address


def _unix(path: bytes) -> bytes:
    if len(path) >= PATH_SIZE:
        raise OSError(EINVAL, "the name of a Unix socket is too long")
    return b"\1\0" + path + b"\0"


def _folder(k: Kernel, fd: int) -> int:
    """Give a hidden descriptor of a directory that stays open, so that names which begin with it stay true."""
    descriptors = k.policy.descriptors
    status = os.fstat(fd)
    key = status.st_dev, status.st_ino
    with descriptors.lock:
        known = descriptors.socket_folders.get(key)
        if known is None:
            known = descriptors.socket_folders[key] = descriptors.move_up(os.dup(fd))
        return known


def bound(k: Kernel, address: Address) -> None:
    """Note that a socket was bound, so that its name can be shown as the guest gave it."""
    if address.host_name:
        names = k.policy.descriptors.socket_names
        names[address.host_name] = address.name
        if len(names) > MAX_NAMES:
            names.pop(next(iter(names)), None)


def show(k: Kernel, data: bytes) -> bytes:
    """Give an address that the host gave as the guest knows it."""
    if data[2 : 2 + len(OWN_FOLDER)] == OWN_FOLDER and data[:2] == b"\1\0":
        name = k.policy.descriptors.socket_names.get(data[2:].partition(b"\0")[0])
        if name is not None:
            return data[:2] + name + b"\0"
    return data


def write(k: Kernel, data: bytes, address: int, size_at: int) -> None:
    """Write an address to the guest, as much of it as there is room for, and its whole length (move_addr_to_user)."""
    room = int.from_bytes(k.memory.read(size_at, 4), "little", signed=True)
    if room < 0:
        raise OSError(EINVAL, "the room for an address is negative")
    k.memory.write(address, data[:room])
    k.write_word(size_at, len(data))
