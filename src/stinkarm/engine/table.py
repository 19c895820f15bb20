"""The code table: for each guest instruction address, the handler that runs it and its operands.

16 bytes for each word that A32 could execute, then 16 bytes for each halfword that T32 could, over the whole guest
address space: 52 GiB of reserved addresses, of which only what stands for executable guest memory is accessible.
So executing anything else faults, as it must, and costs no check. An entry of zeros is one that is
not decoded yet.
"""

from __future__ import annotations

from ..guest import host
from .layout import ENTRY_SIZE, GUARD, TABLE_SIZE, THUMB_TABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..guest.memory import Memory

PAGE = 4096

MADV_DONTNEED = 4


class CodeTable:
    """The table of one guest address space. `address` is the host address of the entry for A32 code at 0."""

    def __init__(self, memory: Memory) -> None:
        self._reservation = host.mmap(
            0, TABLE_SIZE + 2 * GUARD, host.PROT_NONE, host.MAP_PRIVATE | host.MAP_ANONYMOUS | host.MAP_NORESERVE
        )
        self.address = self._reservation + GUARD
        self._executable: list[tuple[int, int]] = []
        memory.listeners.append(self.changed)
        for mapping in memory.mappings:
            if mapping.prot & 4:
                self.changed(mapping.start, mapping.end, True)

    def close(self) -> None:
        """Give the reservation back."""
        if self._reservation:
            host.munmap(self._reservation, TABLE_SIZE + 2 * GUARD)
            self._reservation = 0

    def entry(self, pc: int, thumb: bool) -> int:
        """Return the host address of the entry of an instruction."""
        if thumb:
            return self.address + THUMB_TABLE + (pc >> 1) * ENTRY_SIZE
        return self.address + (pc >> 2) * ENTRY_SIZE

    def is_executable(self, pc: int) -> bool:
        """Say whether entries of `pc` may be touched."""
        return any(start <= pc < end for start, end in self._executable)

    def changed(self, start: int, end: int, executable: bool) -> None:
        """Forget what was decoded from start..end, and make it executable or not."""
        if not executable and not any(s < end and start < e for s, e in self._executable):
            return
        prot = host.PROT_READ | host.PROT_WRITE if executable else host.PROT_NONE
        for low, size in self._ranges(start, end):
            host.madvise(low, size, MADV_DONTNEED)
            host.mprotect(low, size, prot)
        kept = []
        for s, e in self._executable:
            if s < start:
                kept.append((s, min(e, start)))
            if e > end:
                kept.append((max(s, end), e))
        if executable:
            kept.append((start, end))
        self._executable = [(s, e) for s, e in kept if s < e]

    def read(self, entry: int) -> bytes:
        """Return the bytes of an entry, or nothing where the table is not accessible."""
        data = host.copy_out(entry, ENTRY_SIZE)
        return data if len(data) == ENTRY_SIZE else b""

    def flush(self, start: int, end: int) -> None:
        """Forget what was decoded from start..end."""
        for low, size in self._ranges(start, end):
            host.madvise(low, size, MADV_DONTNEED)

    def _ranges(self, start: int, end: int) -> list[tuple[int, int]]:
        ranges = []
        for low, high in (
            (self.address + start * 4, self.address + end * 4),
            (self.address + THUMB_TABLE + start * 8, self.address + THUMB_TABLE + end * 8),
        ):
            low &= -PAGE
            high = (high + PAGE - 1) & -PAGE
            ranges.append((low, high - low))
        return ranges
