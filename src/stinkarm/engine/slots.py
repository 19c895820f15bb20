"""How many worker processes a user has at one time: as many as there are processors, at least two.

A script may start hundreds of programs, each with hot code of its own. A worker holds a lock on one of a few files as
long as its program runs; a process whose hot code finds none free leaves it to the interpreter for a while. The process
that starts a worker holds the lock until the worker is there, or many would be started before the first one is.

A worker that goes on after its program's end gives its file up for one of another kind, of which there are as many.
There the newest goes first: it writes into the file that it is next, and who holds the file ends when it finds that.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time

AFTERWARDS = "after-"
LOOK_AFTER = 0.05  # seconds


def _paths(directory: str, kind: str = "") -> list[str]:
    count = max(2, os.cpu_count() or 1)
    return [os.path.join(directory, f"{kind}{number}") for number in range(count)]


def take(directory: str) -> tuple[int, str]:
    """Lock a file of a directory; return its descriptor and path, or (-1, "") if all are taken.

    Where no files can be made there is no limit, and (-1, path) is returned.
    """
    for path in _paths(directory):
        try:
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            descriptor = _open(path)
        except OSError:
            return -1, path
        if _lock(descriptor):
            return descriptor, path
        os.close(descriptor)
    return -1, ""


def take_over(directory: str, name: str) -> int:
    """Lock a file by its name, once whoever asked for this process gives it up; return its descriptor, or -1."""
    with contextlib.suppress(OSError):
        if not name.isdigit():
            return -1
        descriptor = _open(os.path.join(directory, name))
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return descriptor
    return -1


class Afterwards:
    """The place of a worker whose program has ended. `about` says what it works on, in 16 bytes."""

    def __init__(self, directory: str, about: bytes) -> None:
        """Take the place of who works on the same; or one that is free; or that of who has been there longest."""
        self._text = b"%d %s" % (os.getpid(), about.hex().encode())
        self._descriptor = -1
        taken: list[tuple[bool, int, int]] = []
        free = -1
        for path in _paths(directory, AFTERWARDS):
            descriptor = _open(path)
            same = os.pread(descriptor, 100, 0).rstrip().endswith(about.hex().encode())
            if not _lock(descriptor):
                taken.append((not same, os.fstat(descriptor).st_mtime_ns, descriptor))
            elif free < 0:
                free = descriptor
            else:
                os.close(descriptor)
        taken.sort()
        if taken and (free < 0 or not taken[0][0]):
            self._descriptor = taken[0][2]
        else:
            self._descriptor = free
        for descriptor in {free, *(row[2] for row in taken)} - {self._descriptor, -1}:
            os.close(descriptor)
        os.pwrite(self._descriptor, self._text.ljust(100), 0)

    def wait(self, patience: float) -> bool:
        """Wait until the place is free; say whether it is this process's then. If somebody else is next it never is."""
        end = time.monotonic() + patience
        while self.is_wanted() and time.monotonic() < end:
            if _lock(self._descriptor):
                return True
            time.sleep(LOOK_AFTER)
        return False

    def is_wanted(self) -> bool:
        """Say whether nobody else is next."""
        return os.pread(self._descriptor, 100, 0).rstrip() == self._text


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _open(path: str) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
