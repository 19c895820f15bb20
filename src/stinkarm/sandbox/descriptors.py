"""Which descriptors a guest may use, and what it may do through each.

Guest and host share descriptor numbers. The emulator's own descriptors are hidden: to the guest
their numbers are not open, in every mode. In the sandbox the guest has only 0, 1 and 2 and
what it opened itself; what else the emulator inherited does not exist.
"""

import os
from errno import EACCES, EBADF

from stinkarm.guest.host import duplicate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

READ = 1  # the grant that it was opened through allows reading
WRITE = 2  # ... and writing, and changing what the file system says about the file
INHERITED = 4  # given by the host: no path may start there, no attribute may change
DEVICE = 8  # a harmless device: its contents may be written, its attributes may not change
ALL = READ | WRITE

# Hidden descriptors are moved to here and above, out of the way of the small numbers that programs use.
FIRST_HIDDEN = 960


class Descriptors:
    """The guest's descriptor numbers.

    `rights` holds the bits above for each descriptor that the guest opened; in forward mode
    nothing asks for it. `hidden` holds the emulator's own. `positions` lists, for directories, the host's
    positions that the guest was given smaller numbers for (linux/paths.py). `signals` are the signalfds
    (linux/signalfd.py).
    """

    __slots__ = ("_lent", "hidden", "positions", "rights", "sandboxed", "signals")

    def __init__(self, sandboxed: bool) -> None:
        self.sandboxed = sandboxed
        self.hidden: set[int] = set()
        self._lent: set[int] = set()  # of the hidden ones, those that somebody else will close
        self.rights: dict[int, int] = {}
        self.positions: dict[int, list[int]] = {}
        self.signals: dict[int, Any] = {}
        if sandboxed:
            for fd in (0, 1, 2):
                self.rights[fd] = ALL | INHERITED

    def usable(self, fd: int) -> bool:
        """Say whether the guest may name this descriptor (it need not be open)."""
        if self.sandboxed:
            return fd in self.rights
        return fd not in self.hidden

    def check(self, fd: int) -> int:
        """Give `fd` back, or raise EBADF when it is not the guest's."""
        if (fd not in self.rights) if self.sandboxed else (fd in self.hidden):
            raise OSError(EBADF, "not a descriptor of the guest")
        return fd

    def check_change(self, fd: int) -> int:
        """Give `fd` back when the guest may change what the file system says about the file; else raise."""
        self.check(fd)
        if self.sandboxed and self.rights[fd] & (WRITE | INHERITED) != WRITE:
            raise OSError(EACCES, "the sandbox does not let this descriptor's file be changed")
        return fd

    def rights_of(self, fd: int) -> int:
        """Give what may be done through `fd`."""
        return self.rights.get(fd, 0) if self.sandboxed else ALL

    def add(self, fd: int, rights: int = ALL) -> int:
        """Give the guest a descriptor that was just opened for it."""
        if fd in self.hidden:
            os.close(fd)
            raise OSError(EBADF, "a descriptor of the emulator was opened for the guest")
        if self.sandboxed:
            self.rights[fd] = rights
        if self.positions:
            self.positions.pop(fd, None)
        if self.signals:
            self._forget_signals(fd)
        return fd

    def add_copy(self, fd: int, source: int) -> int:
        """Give the guest a copy of its own descriptor `source`."""
        self.add(fd, self.rights_of(source))
        if source in self.positions:
            self.positions[fd] = self.positions[source]
        if source in self.signals:
            self.signals[fd] = self.signals[source]
            self.signals[fd].fds.add(fd)
        return fd

    def remove(self, fd: int) -> None:
        """Forget a descriptor that the guest is closing."""
        self.rights.pop(fd, None)
        self.positions.pop(fd, None)
        if self.signals:
            self._forget_signals(fd)

    def _forget_signals(self, fd: int) -> None:
        entry = self.signals.pop(fd, None)
        if entry is not None:
            entry.closed(fd)
            if not entry.fds:
                self.hidden.discard(entry.writer)

    def close_range(self, first: int, last: int) -> list[int]:
        """List the guest's open descriptors from `first` to `last`."""
        if self.sandboxed:
            return sorted(fd for fd in self.rights if first <= fd <= last)
        numbers = (int(name) for name in os.listdir("/proc/self/fd"))
        return sorted(fd for fd in numbers if first <= fd <= last and fd not in self.hidden)

    def hide(self, fd: int) -> int:
        """Hide an open descriptor of the emulator, whose owner goes on to own it; give it back."""
        if fd >= 0:
            self.hidden.add(fd)
            self._lent.add(fd)
            self.rights.pop(fd, None)
        return fd

    def move_up(self, fd: int) -> int:
        """Move a descriptor to a high number and hide it; give the new number."""
        high = duplicate(fd, FIRST_HIDDEN)
        os.close(fd)
        self.hidden.add(high)
        self._lent.discard(high)
        return high

    def end_guest(self) -> None:
        """Close what a guest in the sandbox left open, as the end of a process does."""
        for fd in [fd for fd in self.rights if fd > 2]:
            del self.rights[fd]
            os.close(fd)

    def close(self) -> None:
        """Close what was moved up."""
        for fd in self.hidden - self._lent:
            os.close(fd)
        self.hidden.clear()
