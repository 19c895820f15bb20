"""Which descriptors a guest may use, and what it may do through each.

Guest and host share descriptor numbers. The emulator's own descriptors are hidden: to the guest
their numbers are not open, in every mode. In the sandbox the guest has only 0, 1 and 2 and
what it opened itself; what else the emulator inherited does not exist.

With threads, a number that one thread has checked may be closed, or be another file, before the host sees it. In the
sandbox, therefore, a number that was ever the guest's never becomes the emulator's: when the guest closes it, it is
filled with a placeholder, and given to the guest again before any other. And who acts on what may be done through a
number (`rights`) acts on a copy that no other thread can replace (`hold`).
"""

import os
from _thread import RLock, _local
from errno import EACCES, EBADF, EINVAL, EMFILE

from stinkarm.guest.direct import NOT_DIRECT, UNKNOWN, Kinds
from stinkarm.guest.host import command, duplicate
from stinkarm.guest.reserve import reserve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from stinkarm.linux.kernel import Kernel

    Places = Sequence[tuple[int, int]]  # guest addresses, and how many bytes are there

READ = 1  # the grant that it was opened through allows reading
WRITE = 2  # ... and writing, and changing what the file system says about the file
INHERITED = 4  # given by the host: no path may start there, no attribute may change
DEVICE = 8  # a harmless device: its contents may be written, its attributes may not change
ALL = READ | WRITE

F_GETSIG = 11


class Held(int):
    """The emulator's copy of a guest's descriptor, for the length of a call. `rights` are what the guest's had."""

    rights: int


class MadeUp:
    """What the guest has at a descriptor whose host file is something else: all that is done with it is done here.

    `fds` are the guest's numbers for it, `access` is how it was opened, as F_GETFL tells.
    """

    __slots__ = ("access", "fds")

    def __init__(self, access: int) -> None:
        self.access = access
        self.fds: set[int] = set()

    def read(self, k: "Kernel", fd: int, places: "Places", offset: int | None = None) -> int:
        """Read into parts of memory, at a position or at the file's own."""
        return -EINVAL

    def write(self, k: "Kernel", fd: int, places: "Places", offset: int | None = None) -> int:
        """Write from parts of memory, at a position or at the file's own."""
        return -EINVAL

    def seek(self, offset: int, whence: int) -> int:
        """Move the file's position."""
        return 0

    def begin_child(self) -> None:
        """Be what a child has inherited."""

    def close(self) -> None:
        """Be gone: the guest has closed its last descriptor."""


class _Holding(_local):
    """The copies that the calling thread holds."""

    fds: tuple[int, ...] = ()


class Descriptors:
    """The guest's descriptor numbers.

    `rights` holds the bits above for each descriptor that the guest opened; in forward mode
    nothing asks for it. `hidden` holds the emulator's own. `positions` lists, for directories, the host's
    positions that the guest was given smaller numbers for (linux/paths.py). `made` has what is not for the guest what
    it is for the host, `signals` those of it that are signalfds (linux/signalfd.py). `small` are those that were
    opened without O_LARGEFILE, and whether they are of regular files. `kinds` are those that
    native code may use, each of which is the guest's, and is what the host has. `lock` is held where numbers change
    what they mean, but while nothing waits. `socket_names` has the guest's names of its Unix sockets, by those that the
    host knows them by (linux/addresses.py), and `socket_folders` the hidden descriptors that these begin with.
    `lasting` are hidden ones that execve keeps open, by the names of what they are open on (lasting.py).
    """

    __slots__ = (
        *("_at_end", "_holding", "_lent", "_owners", "_placeholder", "_vacant"),
        *(
            "hidden",
            "kinds",
            "lasting",
            "lock",
            "made",
            "positions",
            "rights",
            "sandboxed",
            "signals",
            "small",
            "socket_folders",
            "socket_names",
        ),
    )

    def __init__(self, sandboxed: bool) -> None:
        self.sandboxed = sandboxed
        self.hidden: set[int] = set()
        self._lent: set[int] = set()  # of the hidden ones, those that somebody else will close
        self._owners: dict[int, tuple[object, str]] = {}  # which attribute of which object has a hidden one's number
        self._at_end = False  # the guest may have a descriptor at the last number below its limit
        self.rights: dict[int, int] = {}
        self.positions: dict[int, list[int]] = {}
        self.made: dict[int, MadeUp] = {}
        self.small: dict[int, bool] = {}
        self.signals: set[Any] = set()
        self.kinds = Kinds()
        self.lasting: dict[str, int] = {}
        self.socket_names: dict[bytes, bytes] = {}
        self.socket_folders: dict[tuple[int, int], int] = {}
        self.lock = RLock()
        self._placeholder = -1  # open once there are threads to be careful about
        self._vacant: set[int] = set()  # numbers of the guest that are closed
        self._holding = _Holding()
        if sandboxed:
            for fd in (0, 1, 2):
                self.rights[fd] = ALL | INHERITED

    def begin_threads(self) -> None:
        """Be careful about threads from now on."""
        if not self.sandboxed or self._placeholder >= 0:
            return
        try:
            opened = os.open("/dev/null", os.O_PATH | os.O_CLOEXEC)
        except OSError:  # a container without it
            opened = os.memfd_create("closed", os.MFD_CLOEXEC)
        self._placeholder = self.move_up(opened)

    def hold(self, fd: int) -> int:
        """Check a descriptor, and give one that stays what it is, with its rights, until the call is over."""
        if self._placeholder < 0 or isinstance(fd, Held):
            return self.check(fd)
        with self.lock:
            self.check(fd)
            return self.hold_copy(fd, self.rights[fd])

    def hold_copy(self, fd: int, rights: int) -> int:
        """Copy a descriptor for the length of a call, if there are threads. `lock` is held."""
        if self._placeholder < 0:
            return fd
        held = Held(os.dup(fd))
        held.rights = rights
        self._holding.fds = (*self._holding.fds, held)
        return held

    def release(self) -> None:
        """Let go what the calling thread's call has held."""
        if self._holding.fds:
            for fd in self._holding.fds:
                os.close(fd)
            self._holding.fds = ()

    def usable(self, fd: int) -> bool:
        """Say whether the guest may name this descriptor (it need not be open)."""
        if self.sandboxed:
            return fd in self.rights
        return fd not in self.hidden

    def is_hidden_file(self, status: os.stat_result) -> bool:
        """Say whether a file is one that a descriptor of the emulator is open on."""
        for fd in tuple(self.hidden):
            try:
                hidden = os.fstat(fd)
            except OSError:  # another thread has closed it
                continue
            if hidden.st_ino == status.st_ino and hidden.st_dev == status.st_dev:
                return True
        return False

    def check(self, fd: int) -> int:
        """Give `fd` back, or raise EBADF when it is not the guest's."""
        if (fd not in self.rights) if self.sandboxed else (fd in self.hidden or fd < 0):
            if isinstance(fd, Held):
                return fd
            raise OSError(EBADF, "not a descriptor of the guest")
        return fd

    def check_open(self, fd: int) -> int:
        """Check that `fd` is open, for a call that may fail before the host looks at it.

        A descriptor that was opened with O_PATH is none to nearly all calls.
        """
        command(self.check(fd), F_GETSIG)
        return fd

    def check_change(self, fd: int) -> int:
        """Hold `fd` if the guest may change what the file system says about the file; else raise."""
        fd = self.hold(fd)
        if self.sandboxed and self.rights_of(fd) & (WRITE | INHERITED) != WRITE:
            raise OSError(EACCES, "the sandbox does not let this descriptor's file be changed")
        return fd

    def rights_of(self, fd: int) -> int:
        """Give what may be done through `fd`."""
        if isinstance(fd, Held):
            return fd.rights
        return self.rights.get(fd, 0) if self.sandboxed else ALL

    def only_appends(self, fd: int) -> bool:
        """Say whether the host has given `fd` for appending, which the sandbox keeps to."""
        if not self.sandboxed or not self.rights_of(fd) & INHERITED:
            return False
        import fcntl

        return bool(fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_APPEND)

    def add(self, fd: int, rights: int = ALL, *, lowest: int = 0, made: MadeUp | None = None) -> int:
        """Give the guest a descriptor that was just opened for it; give its number.

        That is another one if the guest has a lower one free, which is not below `lowest`. `made` is what it is for
        the guest, when that is something else than for the host.
        """
        with self.lock:
            if fd in self.hidden:
                os.close(fd)
                raise OSError(EBADF, "a descriptor of the emulator was opened for the guest")
            if self._vacant:
                fd = self._lower(fd, lowest)
            if fd >= reserve.soft - 1 > 0:
                self._reach_end(fd)
            self.kinds[fd] = UNKNOWN if made is None else NOT_DIRECT
            if self.sandboxed:
                self.rights[fd] = rights
            if self.positions:
                self.positions.pop(fd, None)
            if self.small:
                self.small.pop(fd, None)
            if self.made:
                self._forget_made(fd)
            if made is not None:
                self.made[fd] = made
                made.fds.add(fd)
            return fd

    def add_pair(self, first: int, second: int) -> tuple[int, int]:
        """Give the guest two descriptors that were just opened for it, or none."""
        try:
            first = self.add(first)
        except OSError:
            os.close(second)
            raise
        try:
            return first, self.add(second)
        except OSError:
            self.remove(first)
            if not self.vacate(first):
                os.close(first)
            raise

    def _reach_end(self, fd: int) -> None:
        """Let the guest have its last number, but none that is above its limit."""
        if fd >= reserve.soft:
            os.close(fd)
            raise OSError(EMFILE, "the guest has no descriptor left")
        self._at_end = True

    def check_room(self) -> None:
        """Raise EMFILE where the guest has no descriptor left, before something is opened that would change by it."""
        if self._at_end and not self._vacant:
            with self.lock:
                lowest = os.eventfd(0)
                os.close(lowest)
                if lowest >= reserve.soft:
                    raise OSError(EMFILE, "the guest has no descriptor left")

    def _lower(self, fd: int, lowest: int) -> int:
        """Move a descriptor to the lowest number that the guest has free, if that is lower."""
        self._vacant.discard(fd)  # it was put there on purpose (dup2)
        free = min((number for number in self._vacant if number >= lowest), default=fd)
        if free >= fd:
            return fd
        os.dup2(fd, free, inheritable=os.get_inheritable(fd))
        os.close(fd)
        self._vacant.remove(free)
        return free

    def add_copy(self, fd: int, source: int, *, lowest: int = 0) -> int:
        """Give the guest a copy of its own descriptor `source`."""
        with self.lock:
            fd = self.add(fd, self.rights_of(source), lowest=lowest, made=self.made.get(source))
            if source in self.positions:
                self.positions[fd] = self.positions[source]
            if source in self.small:
                self.small[fd] = self.small[source]
            return fd

    def vacate(self, fd: int) -> bool:
        """Close a descriptor that was removed, and keep its number for the guest; False if that is not needed."""
        if self._placeholder < 0:
            return False
        os.fstat(fd)  # which fails as close would, if it is not open
        os.dup2(self._placeholder, fd, inheritable=False)
        self._vacant.add(fd)
        return True

    def takes(self, fd: int, alone: bool) -> bool:
        """Say whether the guest may put a copy of a descriptor at a number, whatever is there.

        What the sandbox was started with and does not let the guest have is nobody's, in a process that is the guest's;
        but with threads, one of them may have something there for the length of a call.
        """
        if fd in self._vacant or self.usable(fd):
            return True
        return alone and fd not in self.hidden and reserve.soft > 0

    def remove(self, fd: int) -> None:
        """Forget a descriptor that the guest is closing."""
        self.rights.pop(fd, None)
        self.kinds[fd] = UNKNOWN  # after it is no longer usable: see `learn`
        self.positions.pop(fd, None)
        self.small.pop(fd, None)
        if self.made:
            self._forget_made(fd)

    def learn(self, fd: int, kind: int) -> None:
        """Let native code use a descriptor, unless it is made up, or another thread has closed it meanwhile."""
        self.kinds[fd] = NOT_DIRECT if fd in self.made else kind
        if not self.usable(fd):
            self.kinds[fd] = UNKNOWN

    def _forget_made(self, fd: int) -> None:
        made = self.made.pop(fd, None)
        if made is not None:
            made.fds.discard(fd)
            if not made.fds:
                made.close()

    def of_host(self, fd: int) -> int:
        """Check a descriptor for a call that only the host's own files can do."""
        if fd in self.made:
            raise OSError(EINVAL, "the host has another file there")
        return self.check(fd)

    def close_range(self, first: int, last: int) -> list[int]:
        """List the guest's open descriptors from `first` to `last`."""
        if self.sandboxed:
            return sorted(fd for fd in self.rights if first <= fd <= last)
        numbers = (int(name) for name in os.listdir("/proc/self/fd"))
        return sorted(fd for fd in numbers if first <= fd <= last and fd not in self.hidden)

    def hide(self, fd: int, owner: object = None, name: str = "") -> int:
        """Hide an open descriptor of the emulator, whose owner goes on to own it; give it back."""
        if fd >= 0:
            self.hidden.add(fd)
            self._lent.add(fd)
            if name:
                self._owners[fd] = owner, name
            self.rights.pop(fd, None)
            self.kinds[fd] = UNKNOWN
        return fd

    def move_up(self, fd: int, owner: object = None, name: str = "") -> int:
        """Move a descriptor to a high number and hide it; give the new number, which is to be the owner's attribute.

        That is set to another one when the guest wants to have the number itself.
        """
        high = self.copy_up(fd, owner, name)
        os.close(fd)
        return high

    def copy_up(self, fd: int, owner: object = None, name: str = "") -> int:
        """Copy a descriptor to a high number and hide that; give it."""
        return self.own(duplicate(fd, reserve.first_hidden()), owner, name)

    def own(self, fd: int, owner: object = None, name: str = "") -> int:
        """Hide an open descriptor, and close it with the others; give it back."""
        self.hidden.add(fd)
        self._lent.discard(fd)
        self.rights.pop(fd, None)
        self.kinds[fd] = UNKNOWN
        self._owners.pop(fd, None)
        if name:
            self._owners[fd] = owner, name
        return fd

    def make_way(self, fd: int) -> bool:
        """Move the emulator's own descriptor to another number, if its owner can be told; there is only one thread."""
        owner, name = self._owners.pop(fd, (None, ""))
        if not name:
            return False
        high = duplicate(fd, min(2 * fd, max(reserve.soft, reserve.first_hidden())))
        os.close(fd)
        for numbers in (self.hidden, self._lent):
            if fd in numbers:
                numbers.remove(fd)
                numbers.add(high)
        self._owners[high] = owner, name
        setattr(owner, name, high)
        return True

    def end_guest(self) -> None:
        """Close what a guest in the sandbox left open, as the end of a process does."""
        for fd in self._vacant:
            os.close(fd)
        self._vacant.clear()
        for fd in [fd for fd in self.rights if fd > 2]:
            del self.rights[fd]
            self.kinds[fd] = UNKNOWN
            os.close(fd)

    def close(self) -> None:
        """Close what was moved up."""
        for fd in self.hidden - self._lent:
            os.close(fd)
        self.hidden.clear()
