"""The one range of host addresses that holds machine code of guests: the interpreter, then compiled regions.

Handlers are reached from `decode` by an unsigned 32-bit distance, so all of it lies behind the interpreter. Pages are
written, then made executable, never both.
"""

from __future__ import annotations

import os
import struct
from _thread import allocate_lock

from ..guest import host
from ..guest import native as ctypes
from .layout import CODE_SPACE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = 4096
RECORD = 32  # runtime.py REGION_RECORD
MOST_REGIONS = 1 << 16

_SITE = struct.Struct("<iiII")  # runtime.py: distance to the access, to its stub, two words for the state block


class CodeSpace:
    """`start`: where the reservation begins, with the interpreter of `size` bytes. Offsets count from `decode`."""

    def __init__(self, start: int, size: int, decode: int) -> None:
        self.decode = decode
        self._next = start + (size + PAGE - 1 & -PAGE)
        self.first = self._next - decode  # handlers of regions are at this distance from `decode` and beyond
        self._end = start + CODE_SPACE
        self.regions = host.mmap(
            0,
            RECORD * (MOST_REGIONS + 1),
            host.PROT_READ | host.PROT_WRITE,
            host.MAP_PRIVATE | host.MAP_ANONYMOUS | host.MAP_NORESERVE,
        )
        self._count = 0
        self._lock = allocate_lock()

    def add(self, code: bytes, faults: int, fault_count: int) -> int:
        """Map a piece of code executable; return its distance from `decode`, or 0 when there is no room."""

        def fill(address: int, size: int) -> None:
            flags = host.MAP_PRIVATE | host.MAP_ANONYMOUS | host.MAP_FIXED
            host.mmap(address, size, host.PROT_READ | host.PROT_WRITE, flags)
            ctypes.memmove(address, code, len(code))
            host.mprotect(address, size, host.PROT_READ | host.PROT_EXEC)

        return self._take(len(code), faults, fault_count, fill)

    def add_file(
        self, fd: int, offset: int, size: int, faults: int, fault_count: int, *, anonymous: bool = False
    ) -> int:
        """Map code from a file; return its distance from `decode`, or 0 when there is no room.

        `anonymous`: the mapping does not name the file.
        """

        def fill(address: int, size: int) -> None:
            flags = host.MAP_PRIVATE | host.MAP_FIXED
            host.mmap(address, size, host.PROT_READ | host.PROT_EXEC, flags, fd, offset)

        taken = 0 if anonymous else self._take(size, faults, fault_count, fill)
        if taken:
            return taken
        # It is to be anonymous, or the file system is mounted noexec.
        code = os.pread(fd, size, offset)
        return self.add(code, faults, fault_count) if len(code) == size else 0

    def _take(self, size: int, faults: int, fault_count: int, fill: Callable[[int, int], None]) -> int:
        size = size + PAGE - 1 & -PAGE
        with self._lock:
            address = self._next
            if address + size > self._end or self._count == MOST_REGIONS:
                return 0
            try:
                fill(address, size)
            except OSError:  # no memory, or too many mappings
                return 0
            self._next += size
            self._note(address, size, faults, fault_count)
            return address - self.decode

    def entry_at(self, address: int) -> int | None:
        """Return the number of the code table's entry that a host instruction stands for, if a table says so."""
        count = int.from_bytes(host.copy_out(self.regions, 8), "little")
        records = host.copy_out(self.regions + RECORD, RECORD * count)
        for start, end, faults, sites in struct.iter_unpack("<4Q", records):
            if start <= address < end:
                table = host.copy_out(faults, _SITE.size * sites)
                for at, (distance, _, entry, _) in enumerate(_SITE.iter_unpack(table)):
                    if faults + _SITE.size * at + distance == address:
                        return int(entry)
        return None

    def begin_child(self) -> None:
        """Be the copy in a child process, which has one thread."""
        self._lock = allocate_lock()

    def _note(self, address: int, size: int, faults: int, fault_count: int) -> None:
        """Tell the signal handler of a piece."""
        record = b"".join(
            number.to_bytes(8, "little") for number in (address, address + size, address + faults, fault_count)
        )
        self._count += 1
        ctypes.memmove(self.regions + RECORD * self._count, record, RECORD)
        ctypes.memmove(self.regions, self._count.to_bytes(8, "little"), 8)
