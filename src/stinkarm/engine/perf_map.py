"""Naming compiled guest code for Linux perf: lines of address, size and name in /tmp/perf-PID.map."""

from __future__ import annotations

import os

from ..guest.text import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class PerfMap:
    """The map of this process. `name` gives the name of a guest address, or ""."""

    def __init__(self, name: Callable[[int], str]) -> None:
        self.name = name
        self._pid = 0
        self._lines: list[bytes] = []

    def add(self, regions: Iterable[tuple[int, int, int]]) -> None:
        """Name machine code: each (host address, size, guest address) after the guest code that it was made of."""
        lines = [
            b"%x %x arm:%s\n" % (address, size, shown(self.name(guest) or f"{guest:#x}").encode())
            for address, size, guest in regions
        ]
        self._lines += lines
        # A child process has the code too, but a map of its own.
        is_new = self._pid != os.getpid()
        self._pid = os.getpid()
        path = f"/tmp/perf-{self._pid}.map"
        # Others may have put something there: nothing is followed, and nothing of somebody else's is written to.
        flags = os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_CREAT
        try:
            if is_new:
                if os.path.lexists(path):
                    os.unlink(path)
                flags |= os.O_EXCL
            fd = os.open(path, flags | os.O_APPEND, 0o600)
            try:
                os.write(fd, b"".join(self._lines) if is_new else b"".join(lines))
            finally:
                os.close(fd)
        except OSError:  # perf then shows addresses
            return
