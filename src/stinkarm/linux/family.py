"""The processes that a guest and its children have made: the family, which the sandbox lets a guest see.

A process that a guest makes is noted in a file in memory, by itself before its first instruction and by who has made
it; all of the family share the file, which has no name. A number alone would not do, for the host gives it to others
later: so the time that the process was started at is there too.
"""

from __future__ import annotations

import os
from struct import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from stinkarm.sandbox.descriptors import Descriptors

# At PID * 16: when the process was started, in the host's ticks, or 0; the same, once it has left a core file.
ENTRY = Struct("<QQ")
WORD = Struct("<Q")
PAGE = 4096

START_TIME = 19  # in /proc/PID/stat behind the name: field 22 of `man 5 proc`


class Family:
    """One process's view of it. `fd` is the file, or -1 while the guest has made no process."""

    __slots__ = ("fd",)

    def __init__(self) -> None:
        self.fd = -1

    def begin(self, descriptors: Descriptors) -> None:
        """Make ready for a child."""
        if self.fd < 0:
            self.fd = descriptors.move_up(os.memfd_create("family", os.MFD_CLOEXEC), self, "fd")
            self.enter()

    def enter(self, pid: int = 0) -> None:
        """Note this process, or a child, as one of the family."""
        pid = pid or os.getpid()
        os.pwrite(self.fd, WORD.pack(start_time(pid)), pid * ENTRY.size)

    def note_core(self) -> None:
        """Note that this process has left a core file, for who waits for it."""
        pid = os.getpid()
        if self.fd >= 0:
            os.pwrite(self.fd, WORD.pack(start_time(pid)), pid * ENTRY.size + WORD.size)

    def _read(self, pid: int) -> tuple[int, int]:
        data = os.pread(self.fd, ENTRY.size, pid * ENTRY.size) if self.fd >= 0 and pid > 0 else b""
        started, dumped = ENTRY.unpack(data.ljust(ENTRY.size, b"\0"))
        return started, dumped

    def has_dumped(self, pid: int) -> bool:
        """Say whether a child, which has ended and was not waited for, has left a core file."""
        started, dumped = self._read(pid)
        return started != 0 and started == dumped

    def knows(self, pid: int) -> bool:
        """Say whether a process is this one or another of the family; one that was waited for is none."""
        if pid == os.getpid():
            return True
        started = self._read(pid)[0]
        return started != 0 and started == start_time(pid)

    def members(self) -> Iterator[int]:
        """Give the processes that live, or that nobody has waited for."""
        at = 0
        while self.fd >= 0:
            try:
                at = os.lseek(self.fd, at, os.SEEK_DATA)
            except OSError:  # the end
                return
            data = os.pread(self.fd, PAGE, at).ljust(PAGE, b"\0")
            for index, (started, _) in enumerate(ENTRY.iter_unpack(data)):
                pid = at // ENTRY.size + index
                if started and started == start_time(pid):
                    yield pid
            at += PAGE

    # What /proc shows of them

    @staticmethod
    def text_of(name: bytes) -> bytes | None:
        """Give what a file below /proc holds, where the host's would show the emulator."""
        from stinkarm.linux import proc_others

        return proc_others.text_of(name)

    @staticmethod
    def program_of(pid: bytes) -> bytes | None:
        """Give the host's name of the program of another guest."""
        from stinkarm.linux import proc_others

        return proc_others.program_of(pid)


def start_time(pid: int) -> int:
    """Give when a process was started; 0 if there is none."""
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
            return int(file.read(1024).rpartition(b")")[2].split()[START_TIME])
    except OSError:
        return 0
