"""Which of the guest's pages are there: the host's page table, as far as everybody may see it."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.guest.memory import Memory

PAGE = 4096
ENTRY = 8
THERE = bytes(1 if number & 0xC0 else 0 for number in range(256))  # present, or in swap


def resident_pages(memory: Memory, start: int, size: int) -> bytes:
    """Give a byte for each page of a range: 1 if it is in memory or in swap, 0 if nobody has touched it."""
    count = -(-size // PAGE)
    fd = os.open("/proc/self/pagemap", os.O_RDONLY | os.O_CLOEXEC)
    try:
        entries = os.pread(fd, count * ENTRY, (memory.base + start) // PAGE * ENTRY)
    finally:
        os.close(fd)
    return entries[ENTRY - 1 :: ENTRY].translate(THERE).ljust(count, b"\0")
