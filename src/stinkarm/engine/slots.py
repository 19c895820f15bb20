"""How many worker processes a user has at one time: as many as there are processors, at least two.

A script may start hundreds of programs, each with hot code of its own. A worker holds a lock on one of a few files as
long as it lives; a process whose hot code finds none free leaves it to the interpreter for a while. The process that
starts a worker holds the lock until the worker is there, or many would be started before the first one is.
"""

from __future__ import annotations

import contextlib
import fcntl
import os

DIRECTORY = "workers"


def _paths(directory: str) -> list[str]:
    return [os.path.join(directory, DIRECTORY, str(number)) for number in range(max(2, os.cpu_count() or 1))]


def take(directory: str) -> tuple[int, str]:
    """Lock a file of the user's cache directory; return its descriptor and path, or (-1, "") if all are taken.

    Where no files can be made there is no limit, and (-1, path) is returned.
    """
    for path in _paths(directory):
        try:
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            descriptor = _open(path)
        except OSError:
            return -1, path
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            continue
        return descriptor, path
    return -1, ""


def take_over(path: str) -> None:
    """Lock a file as long as this process lives, once the process that has started it gives it up."""
    with contextlib.suppress(OSError):
        fcntl.flock(_open(path), fcntl.LOCK_EX)


def _open(path: str) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
