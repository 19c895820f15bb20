"""A small file system to attack: what is granted, and beside it what is not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.linux.process import DATA, Process

AT_FDCWD = -100
SECRET = b"the secret that no guest may read\n"
READABLE = b"readable\n"

PATH_AT = DATA
SECOND_AT = DATA + 0x1000
BUFFER = DATA + 0x2000
STRUCT = DATA + 0x4000


class World:
    """`readable` is granted for reading, `writable` for writing; `outside` is not granted.

    Both granted trees hold symbolic links that lead outside, and ones that do not.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.readable = root / "readable"
        self.writable = root / "writable"
        self.outside = root / "outside"
        for folder in (self.readable, self.writable, self.outside):
            (folder / "sub" / "deep").mkdir(parents=True)
            (folder / "file").write_bytes(READABLE)
            (folder / "sub" / "file").write_bytes(READABLE)
        self.secret = self.outside / "secret"
        self.secret.write_bytes(SECRET)
        self.secret.chmod(0o640)
        os.mkfifo(self.outside / "fifo")
        for folder in (self.readable, self.writable):
            (folder / "to-secret").symlink_to("../outside/secret")
            (folder / "to-secret-absolute").symlink_to(self.secret)
            (folder / "to-outside").symlink_to("../outside")
            (folder / "to-outside-absolute").symlink_to(self.outside)
            (folder / "to-new").symlink_to(self.outside / "new")
            (folder / "to-root").symlink_to("/")
            (folder / "to-proc").symlink_to("/proc/self")
            (folder / "to-link").symlink_to("to-secret-absolute")
            (folder / "to-file").symlink_to("sub/../file")
            (folder / "to-file-absolute").symlink_to(folder / "file")
            (folder / "loop").symlink_to("loop")

    def outside_state(self) -> list[tuple[object, ...]]:
        """Describe all that is not granted."""
        found: list[tuple[object, ...]] = []
        for folder, folders, files in sorted(os.walk(self.outside)):
            for name in sorted([".", *folders, *files]):
                path = os.path.join(folder, name)
                status = os.lstat(path)
                found.append((path, status.st_ino, status.st_mode, status.st_nlink, status.st_uid, status.st_gid))
                found.append((status.st_size, status.st_mtime_ns, os.listxattr(path, follow_symlinks=False)))
        found.append((self.secret.read_bytes(), sorted(os.listdir(self.root))))
        return found


@contextmanager
def sandboxed(world: World, *, openat2: bool = True, **grants: object) -> Iterator[Process]:
    """Make a sandboxed process with the usual grants, working in the readable tree."""
    grants.setdefault("allow_read", [str(world.readable)])
    grants.setdefault("allow_write", [str(world.writable)])
    guest = Process("sandbox", **grants)
    guest.policy.paths._has_openat2 = openat2
    before = os.open(".", os.O_PATH)
    os.chdir(world.readable)
    try:
        yield guest
    finally:
        os.fchdir(before)
        os.close(before)
        guest.policy.descriptors.end_guest()
        guest.close()


def opened(guest: Process, path: str | bytes | Path, flags: int = 0, mode: int = 0, dirfd: int = AT_FDCWD) -> int:
    """Open with ARM flags; give the descriptor or the negated error."""
    return guest.call("openat", dirfd, guest.put(os.fsencode(path) + b"\0", PATH_AT), flags, mode)


def content(guest: Process, fd: int) -> bytes:
    """Read what an open file holds."""
    count = guest.call("read", fd, BUFFER, 4096)
    assert count >= 0, count
    return guest.memory.read(BUFFER, count)
