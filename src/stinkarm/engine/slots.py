"""How many worker processes a user has at one time: as many as there are processors, at least two.

A script may start hundreds of programs, each with hot code of its own. A worker holds a lock on one of a few files as
long as it lives; a process whose hot code finds none free leaves it to the interpreter for a while.
"""

from __future__ import annotations

import fcntl
import os

DIRECTORY = "workers"


def _paths(directory: str) -> list[str]:
    return [os.path.join(directory, DIRECTORY, str(number)) for number in range(max(2, os.cpu_count() or 1))]


def take(directory: str) -> int:
    """Lock a file of the user's cache directory; return its descriptor, or -1 if all are taken.

    Where no files can be made there is no limit, and -2 is returned.
    """
    for path in _paths(directory):
        try:
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError:
            return -2
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            continue
        return descriptor
    return -1


def any_free(directory: str) -> bool:
    """Say whether a worker that is started now is likely to find a free place."""
    descriptor = take(directory)
    if descriptor >= 0:
        os.close(descriptor)
    return descriptor != -1
