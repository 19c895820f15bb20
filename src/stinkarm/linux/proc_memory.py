"""/proc/self/mem: the guest's memory as a file. No host file stands behind it, so that only the guest's can be reached.

The guest's descriptor is one that nothing can be done with on the host, so every call comes here.
"""

from __future__ import annotations

import os
from errno import EBADF, EINVAL, EIO

from stinkarm.guest.memory import GuestFault
from stinkarm.sandbox.descriptors import INHERITED, READ

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.linux.kernel import Kernel

PAGE = 4096
MOST = 1 << 20  # bytes that one call copies
SPACE = 1 << 32


class MemoryFile:
    """One open file: where it is at, and what it was opened for."""

    __slots__ = ("access", "position")

    def __init__(self, access: int) -> None:
        self.access = access
        self.position = 0


def open_memory(k: Kernel, flags: int) -> int:
    """Open it, with host flags."""
    try:
        fd = os.open("/dev/null", os.O_PATH | os.O_CLOEXEC)
    except OSError:  # a container without it
        fd = os.memfd_create("mem", os.MFD_CLOEXEC)
    if not flags & os.O_CLOEXEC:
        os.set_inheritable(fd, True)
    fd = k.policy.descriptors.add(fd, READ | INHERITED)
    k.policy.descriptors.memories[fd] = MemoryFile(flags & os.O_ACCMODE)
    return fd


def read(k: Kernel, fd: int, buf: int, count: int, offset: int | None = None) -> int:
    """Read at a position, or at the file's own; pages that cannot be read end it."""
    file: MemoryFile = k.policy.descriptors.memories[fd]
    if file.access == os.O_WRONLY:
        return -EBADF
    at = file.position if offset is None else offset
    if at < 0:
        return -EINVAL
    data = b""
    while len(data) < min(count, MOST) and at + len(data) < SPACE:
        place = at + len(data)
        try:
            data += k.memory.read(place, min(PAGE - place % PAGE, count - len(data)))
        except (GuestFault, OSError):
            break
    k.memory.write(buf, data)
    return _done(file, at, len(data), count, offset)


def write(k: Kernel, fd: int, buf: int, count: int, offset: int | None = None) -> int:
    """Write at a position, or at the file's own; pages that cannot be written end it."""
    file: MemoryFile = k.policy.descriptors.memories[fd]
    if file.access == os.O_RDONLY:
        return -EBADF
    at = file.position if offset is None else offset
    if at < 0:
        return -EINVAL
    data = k.memory.read(buf, min(count, MOST))
    done = 0
    while done < len(data) and at + done < SPACE:
        piece = data[done : done + PAGE - (at + done) % PAGE]
        try:
            k.memory.write(at + done, piece)
        except (GuestFault, OSError):
            break
        done += len(piece)
    if done and k.engine is not None:
        k.engine.flush(at, at + done)
    return _done(file, at, done, count, offset)


def _done(file: MemoryFile, at: int, size: int, wanted: int, offset: int | None) -> int:
    if wanted and not size:
        return -EIO
    if offset is None:
        file.position = at + size
    return size


def seek(k: Kernel, fd: int, offset: int, whence: int) -> int:
    """Move the file's position."""
    file: MemoryFile = k.policy.descriptors.memories[fd]
    if whence not in (os.SEEK_SET, os.SEEK_CUR):
        return -EINVAL
    position = offset if whence == os.SEEK_SET else file.position + offset
    if position < 0:
        return -EINVAL
    file.position = position
    return position
