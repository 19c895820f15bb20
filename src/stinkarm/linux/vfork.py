"""What ties a child of vfork to its parent: the parent waits, and gets the memory that the child has changed.

The child is a fork on the host. Which pages it has changed can be seen: they are those of which it has a copy of its
own (Documentation/admin-guide/mm/pagemap.rst).

While the parent has other threads, these change memory as well. Then only what the child changes near its parent's
stack pointer is taken over, byte by byte, where callers of vfork and posix_spawn look for it. What was there before is
noted by the child: by then no other thread changes its copy, so that every difference is the child's own.
"""

from __future__ import annotations

import os
from struct import Struct

from stinkarm.guest.mapping import MAP_PRIVATE, PROT_WRITE
from stinkarm.guest.memory import GuestFault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.linux.kernel import Kernel

PAGE = 4096
PRESENT = 1 << 63
FILE_OR_SHARED = 1 << 61
EXCLUSIVE = 1 << 56
MAX_PAGES = 1 << 16  # looked at in one go
NEAR = 1 << 16  # the stack pointer
_header = Struct("<II")  # guest address, size


class Link:
    """The pipe from a child to its parent. `borrows`: the memory is the parent's too."""

    __slots__ = ("_before", "_borrows", "_descriptors", "_kernel", "_merges", "_reader", "_start", "_writer")

    def __init__(self, k: Kernel, borrows: bool) -> None:
        self._kernel = k
        self._borrows = borrows
        self._descriptors = k.policy.descriptors
        self._start, self._before = 0, b""
        self._merges = borrows and not k.threads.alone
        reader, writer = os.pipe()
        self._reader = self._descriptors.move_up(reader)
        self._writer = self._descriptors.move_up(writer, self, "_writer")

    def begin_child(self) -> None:
        """Be the child's end, before the child changes anything."""
        self._reader = self._close(self._reader)
        if self._merges:
            memory, sp = self._kernel.memory, self._kernel.state.r[13]
            mapping = memory.find(sp)
            if mapping is not None:
                self._start = max(mapping.start, sp - NEAR)
                self._before = memory.read(self._start, min(mapping.end, sp + NEAR) - self._start)

    def close(self) -> None:
        """Let the parent go on."""
        self._reader, self._writer = self._close(self._reader), self._close(self._writer)

    def _close(self, fd: int) -> int:
        if fd >= 0:
            self._descriptors.hidden.discard(fd)
            os.close(fd)
        return -1

    def wait(self) -> None:
        """Be the parent: wait for the child, and take over what it changed."""
        self._writer = self._close(self._writer)
        memory = self._kernel.memory
        try:
            with open(self._reader, "rb", closefd=False) as stream:
                while header := stream.read(_header.size):
                    address, size = _header.unpack(header)
                    data = stream.read(size)
                    try:
                        memory.write(address, data)
                    except GuestFault:  # mapped by the child alone, or made read-only by it
                        continue
        finally:
            self.close()

    def send(self) -> None:
        """Be the child: give the parent the pages that have changed."""
        if not self._borrows or self._writer < 0:
            return
        try:
            parts = self._changed_near() if self._merges else self._changed()
        except OSError as error:
            self._kernel.note(f"vfork: the parent does not see what its child changed in memory: {error.strerror}")
            return
        try:
            with open(self._writer, "wb", closefd=False) as stream:
                for address, size in parts:
                    stream.write(_header.pack(address, size))
                    stream.write(self._kernel.memory.read(address, size))
        except BrokenPipeError:  # the parent was killed
            return

    def _changed_near(self) -> list[tuple[int, int]]:
        """List the ranges near the parent's stack pointer whose bytes are others than before: address, size."""
        old = self._before
        try:
            new = self._kernel.memory.read(self._start, len(old))
        except GuestFault:  # which the child has unmapped
            return []
        found = []
        at = 0
        while at < len(new):
            if new[at : at + PAGE] == old[at : at + PAGE]:
                at += PAGE
                continue
            end = min(at + PAGE, len(new))
            while at < end:
                start = at
                while at < end and new[at] != old[at]:
                    at += 1
                if at > start:
                    found.append((self._start + start, at - start))
                at += 1
            at = end
        return found

    def _changed(self) -> list[tuple[int, int]]:
        """List the ranges of guest memory of which this process has a copy of its own: address, size."""
        with open("/proc/self/pagemap", "rb", buffering=0) as pagemap:
            return self._own_pages(pagemap.fileno())

    def _own_pages(self, pagemap: int) -> list[tuple[int, int]]:
        """Do what `_changed` does, with /proc/self/pagemap open."""
        found: list[tuple[int, int]] = []
        base = self._kernel.memory.base
        for mapping in self._kernel.memory.mappings:
            if not mapping.flags & MAP_PRIVATE or not mapping.prot & PROT_WRITE:
                continue
            address = mapping.start
            while address < mapping.end:
                count = min((mapping.end - address) // PAGE, MAX_PAGES)
                entries = os.pread(pagemap, 8 * count, (base + address) // PAGE * 8)
                for (entry,) in Struct("<Q").iter_unpack(entries[: len(entries) & -8]):
                    if entry & (PRESENT | FILE_OR_SHARED | EXCLUSIVE) == PRESENT | EXCLUSIVE:
                        if found and sum(found[-1]) == address:
                            found[-1] = (found[-1][0], found[-1][1] + PAGE)
                        else:
                            found.append((address, PAGE))
                    address += PAGE
                if not entries:
                    break
        return found
