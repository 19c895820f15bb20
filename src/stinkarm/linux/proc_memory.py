"""/proc/self/mem: the guest's memory as a file. No host file stands behind it, so that only the guest's can be reached.

The guest's descriptor is a counter on the host, which is as little of a file as this, and changes nothing there.
"""

from __future__ import annotations

import os
from errno import EBADF, EINVAL, EIO

from stinkarm.guest.memory import GuestFault
from stinkarm.linux import host
from stinkarm.sandbox.descriptors import INHERITED, READ, MadeUp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from stinkarm.linux.kernel import Kernel
    from stinkarm.sandbox.descriptors import Places

HOST_EVENTFD2 = 290  # arch/x86/entry/syscalls/syscall_64.tbl

PAGE = 4096
MOST = 1 << 20  # bytes that one call copies
SPACE = 1 << 32


class MemoryFile(MadeUp):
    """One open file, and where it is at."""

    __slots__ = ("position",)

    def __init__(self, access: int) -> None:
        super().__init__(access)
        self.position = 0

    def read(self, k: Kernel, fd: int, places: Places, offset: int | None = None) -> int:
        """Read; pages that cannot be read end it."""
        if self.access == os.O_WRONLY:
            return -EBADF

        def copy(at: int, address: int, size: int) -> None:
            k.memory.write(address, k.memory.read(at, size))

        return self._transfer(places, offset, copy)

    def write(self, k: Kernel, fd: int, places: Places, offset: int | None = None) -> int:
        """Write; pages that cannot be written end it."""
        if self.access == os.O_RDONLY:
            return -EBADF

        def copy(at: int, address: int, size: int) -> None:
            k.memory.write(at, k.memory.read(address, size))
            if k.engine is not None:
                k.engine.flush(at, at + size)

        return self._transfer(places, offset, copy)

    def _transfer(self, places: Places, offset: int | None, copy: Callable[[int, int, int], None]) -> int:
        """Copy page by page between a position in the file and parts of memory; give how many bytes went."""
        start = at = self.position if offset is None else offset
        if at < 0:
            return -EINVAL
        for address, length in places:
            done = 0
            while done < length and at - start < MOST and at < SPACE:
                size = min(PAGE - at % PAGE, PAGE - (address + done) % PAGE, length - done)
                try:
                    copy(at, address + done, size)
                except (GuestFault, OSError):
                    break
                at += size
                done += size
            if done < length:
                break
        if at == start and any(length for _, length in places):
            return -EIO
        if offset is None:
            self.position = at
        return at - start

    def seek(self, offset: int, whence: int) -> int:
        """Move the file's position."""
        if whence not in (os.SEEK_SET, os.SEEK_CUR):
            return -EINVAL
        position = offset if whence == os.SEEK_SET else self.position + offset
        if position < 0:
            return -EINVAL
        self.position = position
        return position


def open_memory(k: Kernel, flags: int) -> int:
    """Open it, with host flags."""
    fd = host.call(HOST_EVENTFD2, 0, flags & os.O_CLOEXEC)
    if fd < 0:
        return fd
    return k.policy.descriptors.add(fd, READ | INHERITED, made=MemoryFile(flags & os.O_ACCMODE))
