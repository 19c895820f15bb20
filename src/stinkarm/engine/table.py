"""The code table: for each guest instruction address, the handler that runs it and its operands.

16 bytes for each word that A32 could execute, then 16 bytes for each halfword that T32 could, over the whole guest
address space: 52 GiB of reserved addresses, of which only what stands for executable guest memory is accessible.
So executing anything else faults, as it must, and costs no check. An entry of zeros is one that is
not decoded yet.
"""

from __future__ import annotations

from ..guest import host
from ..guest import native as ctypes
from .layout import ENTRY_SIZE, GUARD, TABLE_SIZE, THUMB_TABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..guest.memory import Memory

PAGE = 4096

MADV_DONTNEED = 4

# How far apart an IT and an instruction of its block can be: the entries of a block go together.
IT_BLOCK = 16


class CodeTable:
    """The table of one guest address space. `address` is the host address of the entry for A32 code at 0."""

    def __init__(self, memory: Memory) -> None:
        self._reservation = host.mmap(
            0, TABLE_SIZE + 2 * GUARD, host.PROT_NONE, host.MAP_PRIVATE | host.MAP_ANONYMOUS | host.MAP_NORESERVE
        )
        self.address = self._reservation + GUARD
        self._executable: list[tuple[int, int]] = []
        self._lock = memory.lock
        self._words: memoryview | None = None
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
        for low, size in self._ranges(start, end):
            if executable:
                host.madvise(low, size, MADV_DONTNEED)
                host.mprotect(low, size, host.PROT_READ | host.PROT_WRITE)
            else:  # a thread that is still there must not find entries that are half gone
                host.mprotect(low, size, host.PROT_NONE)
                host.madvise(low, size, MADV_DONTNEED)
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

    def lead(self, pc: int, thumb: bool, handler: int) -> None:
        """Let the entry of an instruction lead to a handler; 0 forgets it."""
        ctypes.memmove(self.entry(pc, thumb), handler.to_bytes(4, "little"), 4)

    def flush(self, start: int, end: int) -> None:
        """Forget what was decoded from start..end.

        Other threads may be running code beside it, and have read half of an entry. So pages of the table are dropped
        only where all of a page is to be forgotten; of other entries, the handler is cleared and the operands stay.
        """
        with self._lock:
            for low, high in self._executable:
                self._clear(self.address, max(start & -4, low) * 4, min(end, high) * 4)
                t32 = self.address + THUMB_TABLE
                self._clear(t32, max((start & -2) - IT_BLOCK, low) * 8, min(end + IT_BLOCK, high) * 8)

    def _clear(self, table: int, first: int, end: int) -> None:
        """Clear the entries between two offsets in a table, which is accessible there."""
        if first >= end:
            return
        whole, last = (first + PAGE - 1) & -PAGE, end & -PAGE
        if whole < last:
            host.madvise(table + whole, last - whole, MADV_DONTNEED)
        else:
            whole = last = end
        words = self._words
        if words is None:
            block = (ctypes.c_ubyte * TABLE_SIZE).from_address(self.address)
            words = self._words = memoryview(block).cast("B").cast("I")
        base = table - self.address
        for low, high in ((first, whole), (last, end)):
            for index in range((base + low) // 4, (base + high) // 4, ENTRY_SIZE // 4):
                words[index] = 0

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
