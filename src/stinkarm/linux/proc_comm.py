"""/proc/self/comm and its kin in the sandbox, whose second wall lets nothing be written in the host's /proc.

Only a thread can name itself in another way. So one that another thread names is woken to do so; until then the name is
kept for it.
"""

from __future__ import annotations

import os
from errno import EACCES, EBADF, EINVAL, ENOENT

from stinkarm.linux import delivery, host
from stinkarm.sandbox.descriptors import INHERITED, READ, MadeUp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.linux.kernel import Kernel
    from stinkarm.sandbox.descriptors import Places

HOST_EVENTFD2 = 290  # arch/x86/entry/syscalls/syscall_64.tbl
NAME_SIZE = 16


class NameFile(MadeUp):
    """A thread's name, opened as a file."""

    __slots__ = ("position", "thread")

    def __init__(self, access: int, thread: Kernel) -> None:
        super().__init__(access)
        self.thread = thread
        self.position = 0

    def read(self, k: Kernel, fd: int, places: Places, offset: int | None = None) -> int:
        """Read the name and a newline."""
        if self.access == os.O_WRONLY:
            return -EBADF
        start = self.position if offset is None else offset
        if start < 0:
            return -EINVAL
        text = (self.thread.name + b"\n")[start:]
        done = 0
        for address, size in places:
            part = text[done : done + size]
            k.memory.write(address, part)
            done += len(part)
        if offset is None:
            self.position = start + done
        return done

    def write(self, k: Kernel, fd: int, places: Places, offset: int | None = None) -> int:
        """Name the thread; what is too long is cut off."""
        if self.access == os.O_RDONLY:
            return -EBADF
        text = b"".join(k.memory.read(address, min(size, NAME_SIZE)) for address, size in places)
        name = text[: NAME_SIZE - 1].partition(b"\0")[0]
        if self.thread is k:
            k.name = name
        else:
            self.thread.renamed = name
            delivery.notify(self.thread)
        return sum(size for _, size in places)

    def seek(self, offset: int, whence: int) -> int:
        """Move the file's position."""
        position = offset if whence == os.SEEK_SET else self.position + offset
        if whence not in (os.SEEK_SET, os.SEEK_CUR) or position < 0:
            return -EINVAL
        self.position = position
        return position


def open_name(k: Kernel, name: bytes, flags: int) -> int:
    """Open it; `name` is below /proc, `flags` are the host's."""
    parts = name.split(b"/")
    of = parts[-2]
    if of == b"thread-self":
        thread: Kernel | None = k
    elif of.isdigit():
        thread = k.threads.members.get(int(of))
    else:
        thread = k.threads.members.get(k.threads.leader)
    if thread is None:
        raise OSError(ENOENT, "the thread has ended")
    if flags & os.O_DIRECTORY:
        raise OSError(EACCES, "not a directory")
    fd = host.call(HOST_EVENTFD2, 0, flags & os.O_CLOEXEC)
    if fd < 0:
        return fd
    return k.policy.descriptors.add(fd, READ | INHERITED, made=NameFile(flags & os.O_ACCMODE, thread))
