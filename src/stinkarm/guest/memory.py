"""The guest's memory: 4 GiB of host address space in which the host MMU checks every access.

Guest address `a` is host address `memory.base + a`. Everything that the guest has not mapped is
reserved without access, so that no guest address names host memory. Calls follow Linux (`man 2 mmap`
and so on, 32-bit ARM): they take guest addresses and raise OSError with the errno that the kernel gives.
Guest PROT_EXEC never reaches the host; executable guest pages are readable there.
"""

from __future__ import annotations

import errno
import os
from _thread import RLock

from stinkarm.guest import host
from stinkarm.guest import native as ctypes
from stinkarm.guest.mapping import (
    MAP_ANONYMOUS,
    MAP_GROWSDOWN,
    MAP_PRIVATE,
    MAP_SHARED,
    PROT_EXEC,
    PROT_READ,
    PROT_WRITE,
    STACK_GUARD_GAP,
    Mapping,
    first_after,
    guarded_start,
    highest_gap,
    is_free,
    lowest_gap,
    pieces,
    replaced,
)
from stinkarm.guest.text import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class MemoryLog(Protocol):
        """What `Memory` needs of a log."""

        memory: bool

        def line(self, text: str) -> None:
            """Write one line."""

    Listener = Callable[[int, int, bool], None]

PAGE = 4096
SPACE = 1 << 32
TASK_SIZE = 0xBF000000  # PAGE_OFFSET - 16 MiB, with the usual 3 GiB/1 GiB split
MMAP_MIN_ADDR = 0x8000  # the highest that ARM kernels are configured with; programs are linked there
UNMAPPED_BASE = 0x3FAAB000  # TASK_UNMAPPED_BASE: TASK_SIZE / 3, where the search upwards begins
MAX_MAP_COUNT = 60000  # host mappings of this process; the host's own limit is 65530

MAP_TYPE = 0x0F
MAP_SHARED_VALIDATE = 0x03
MAP_FIXED = 0x10
MAP_HUGETLB = 0x40000
MAP_FIXED_NOREPLACE = 0x100000
# DENYWRITE EXECUTABLE LOCKED NORESERVE POPULATE NONBLOCK STACK SYNC mean on the host what they mean here.
_PASSED_FLAGS = 0x800 | 0x1000 | 0x2000 | 0x4000 | 0x8000 | 0x10000 | 0x20000 | 0x80000
_KNOWN_FLAGS = MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED_NOREPLACE | MAP_HUGETLB | _PASSED_FLAGS

PROT_SEM = 8
PROT_GROWSDOWN = 0x01000000
PROT_GROWSUP = 0x02000000

MREMAP_MAYMOVE = 1
MREMAP_FIXED = 2
MREMAP_DONTUNMAP = 4

MS_ASYNC = 1
MS_INVALIDATE = 2
MS_SYNC = 4

MADV_DONTFORK = 10
MADV_DOFORK = 11
# NORMAL..DONTNEED, FREE..DOFORK, MERGEABLE..COLD, PAGEOUT..COLLAPSE. Not among them: what needs privileges
# (HWPOISON), and guard pages, which would make memory fail that the mappings call accessible.
_ADVICE = (0, 1, 2, 3, 4, *range(8, 26))

MAX_STACK = 8 << 20  # how far a mapping grows down, as RLIMIT_STACK is mostly

_GUARD_BELOW = 0x10000
_GUARD_ABOVE = 0x200000
_RESERVED = host.MAP_PRIVATE | host.MAP_ANONYMOUS | host.MAP_NORESERVE


class MemoryReservationError(Exception):
    """The host refused to reserve the guest's address space; the text says what to do."""


class GuestFault(Exception):
    """Guest memory at `address` cannot be read, or written if `write`."""

    def __init__(self, address: int, write: bool) -> None:
        super().__init__(address, write)
        self.address = address
        self.write = write

    def __str__(self) -> str:
        return f"guest address {self.address:#010x} is not {'writable' if self.write else 'readable'}"


def _page_up(size: int) -> int:
    return (size + PAGE - 1) & -PAGE


def _file(fd: int) -> tuple[int, int]:
    """Give device and inode of an open file."""
    status = os.fstat(fd)
    return status.st_dev, status.st_ino


def _host_prot(prot: int) -> int:
    """Translate guest protection: PROT_WRITE implies reading, as on ARM, and PROT_EXEC only reading."""
    if prot & PROT_WRITE:
        return host.PROT_READ | host.PROT_WRITE
    return host.PROT_READ if prot & (PROT_READ | PROT_EXEC) else host.PROT_NONE


def _fail(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def _reserve_space() -> int:
    """Reserve the guest's address space with its guards and return the host address of guest address 0."""
    size = _GUARD_BELOW + SPACE + _GUARD_ABOVE
    try:
        start = host.mmap(0, size, host.PROT_NONE, _RESERVED)
    except OSError as error:
        import resource  # only here: it is not needed to run a program

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit != resource.RLIM_INFINITY:
            advice = f"its limit is {limit >> 10} KiB, so raise it with `ulimit -v unlimited`"
        else:
            advice = "free some memory, or set vm.overcommit_memory to 0 or 1"
        raise MemoryReservationError(
            f"the host refused {size >> 20} MiB of address space for the guest ({error.strerror}): {advice}"
        ) from None
    return start + _GUARD_BELOW


class Memory:
    """One guest address space.

    `mappings` is the sorted list of what is mapped, and `mmap_top` the address below which the kernel places
    new mappings. `listeners` are called as `listener(start, end, executable)` after each change of a range, but not
    when code stays code; `writable_listeners` as `listener(start, end)` when code may be written from now on. All under
    `lock`, which also keeps Python's own writes to private memory one after the other.
    """

    def __init__(self) -> None:
        self.base: int = _reserve_space()
        self.mappings: list[Mapping] = []
        self.listeners: list[Listener] = []
        self.writable_listeners: list[Callable[[int, int], None]] = []
        self.log: MemoryLog | None = None
        self.mmap_top = TASK_SIZE
        self.brk_start = 0
        self.brk_end = 0
        self._limit = SPACE
        self._origin = 0
        self._room = 20000  # mappings that may be added before they are counted
        self.lock = RLock()
        block = (ctypes.c_ubyte * SPACE).from_address(self.base)
        self._bytes = memoryview(block).cast("B")
        self._words = self._bytes.cast("I")
        # Memory that is private and anonymous, and only changes under the lock, is accessed directly.
        self._readable = self._readable_end = 0
        self._writable = self._writable_end = 0

    def close(self) -> None:
        """Give the address space back to the host. No engine may be running on it."""
        with self.lock:
            if not self._limit:
                return
            self._forget_direct()
            self._limit = 0
            self.mappings = []
            self._words.release()
            self._bytes.release()
            host.munmap(self.base - _GUARD_BELOW, _GUARD_BELOW + SPACE + _GUARD_ABOVE)

    def __enter__(self) -> Memory:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_limit", 0):
            self.close()

    # Looking

    def find(self, address: int) -> Mapping | None:
        """Find the mapping that holds an address."""
        mappings = self.mappings
        index = first_after(mappings, address)
        if index < len(mappings) and mappings[index].start <= address:
            return mappings[index]
        return None

    def host(self, address: int, size: int) -> int:
        """Give the host address of guest bytes, for a host system call that checks them itself.

        Raises OSError(EFAULT) when they do not lie within the 4 GiB.
        """
        if address < 0 or size < 0 or address + size > self._limit:
            raise _fail(errno.EFAULT)
        return self.base + address

    # Mapping

    def map(
        self, address: int, size: int, prot: int, flags: int, *, fd: int = -1, offset: int = 0, name: str = ""
    ) -> int:
        """Map memory as mmap2 does and return its guest address. `fd` is a host file, `offset` in bytes."""
        with self.lock:
            size, flags = self._check_map(size, flags, fd, offset)
            start = self._place(address, size, flags)
            if flags & MAP_FIXED_NOREPLACE and pieces(self.mappings, start, start + size):
                raise _fail(errno.EEXIST)
            self._check_map_type(flags)
            if flags & MAP_GROWSDOWN and (flags & MAP_TYPE != MAP_PRIVATE or not flags & MAP_ANONYMOUS):
                flags &= ~MAP_GROWSDOWN
            if not flags & MAP_ANONYMOUS and host.has_large_pages(fd):
                raise _fail(errno.ENODEV)
            self._make_room(2)
            private = flags & MAP_TYPE == MAP_PRIVATE
            anonymous = flags & MAP_ANONYMOUS
            host_flags = flags & (MAP_TYPE | MAP_ANONYMOUS | _PASSED_FLAGS) | host.MAP_FIXED
            self._forget_direct()
            try:
                host.mmap(
                    self.host(start, size),
                    size,
                    _host_prot(prot),
                    host_flags,
                    -1 if anonymous else fd,
                    0 if anonymous else offset,
                )
            except OSError:
                self._mend(start, start + size)
                raise
            mapping = Mapping(
                start,
                start + size,
                prot & 7,
                (MAP_PRIVATE if private else MAP_SHARED) | anonymous | flags & (0x4000 | MAP_GROWSDOWN),
                0 if anonymous else offset,
                name,
                0 if private and anonymous else self._next_origin(),
                (0, 0) if anonymous else _file(fd),
            )
            self.mappings = replaced(self.mappings, start, start + size, [mapping])
            self._tell("map", start, start + size, mapping)
            return start

    def adopt(self, outside: int, address: int, size: int, prot: int, *, name: str, replace: bool = False) -> int:
        """Move a shared mapping of the host's, at the host address `outside`, into the guest; give its guest address.

        Without `replace` nothing may be there (EINVAL); at address 0 it goes where there is room.
        """
        with self.lock:
            if not 0 < size <= TASK_SIZE:
                raise _fail(errno.ENOMEM)
            start = self._place(address, size, MAP_FIXED if address else 0)
            if not replace and pieces(self.mappings, start, start + size):
                raise _fail(errno.EINVAL)
            self._make_room(2)
            self._forget_direct()
            target = self.host(start, size)
            host.mprotect(outside, size, _host_prot(prot))
            try:
                host.mremap(outside, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, target)
            except OSError:
                self._mend(start, start + size)
                raise
            mapping = Mapping(start, start + size, prot, MAP_SHARED, 0, name, self._next_origin())
            self.mappings = replaced(self.mappings, start, start + size, [mapping])
            self._tell("map", start, start + size, mapping)
            return start

    def _check_map(self, size: int, flags: int, fd: int, offset: int) -> tuple[int, int]:
        """Check what does not depend on the address, as do_mmap does; return pages and effective flags."""
        if flags & MAP_FIXED_NOREPLACE:
            flags |= MAP_FIXED
        if not flags & MAP_ANONYMOUS:
            if fd < 0:
                raise _fail(errno.EBADF)
            if offset < 0 or offset & (PAGE - 1):
                raise _fail(errno.EINVAL)
        if flags & MAP_HUGETLB or size <= 0:
            raise _fail(errno.EINVAL)
        size = _page_up(size)
        if size > TASK_SIZE:
            raise _fail(errno.ENOMEM)
        if not flags & MAP_ANONYMOUS and (offset + size) >> 12 >= SPACE:
            raise _fail(errno.EOVERFLOW)
        return size, flags

    def _check_map_type(self, flags: int) -> None:
        kind = flags & MAP_TYPE
        known = (MAP_SHARED, MAP_PRIVATE, MAP_SHARED_VALIDATE)
        if kind not in (known[:2] if flags & MAP_ANONYMOUS else known):
            raise _fail(errno.EINVAL)
        if kind == MAP_SHARED_VALIDATE and flags & ~_KNOWN_FLAGS:
            raise _fail(errno.EOPNOTSUPP)

    def _place(self, address: int, size: int, flags: int) -> int:
        """Choose the address of a new mapping (get_unmapped_area)."""
        if flags & MAP_FIXED:
            if address < 0 or address > TASK_SIZE - size:
                raise _fail(errno.ENOMEM)
            if address & (PAGE - 1):
                raise _fail(errno.EINVAL)
            if address < MMAP_MIN_ADDR:
                raise _fail(errno.EPERM)
            return address
        hint = address & -PAGE
        if 0 < hint < MMAP_MIN_ADDR:
            hint = MMAP_MIN_ADDR
        if 0 < hint <= TASK_SIZE - size and is_free(self.mappings, hint, hint + size):
            return hint
        return self._find_free(size)

    def _find_free(self, size: int) -> int:
        start = highest_gap(self.mappings, size, MMAP_MIN_ADDR, self.mmap_top)
        if start is None:
            start = lowest_gap(self.mappings, size, UNMAPPED_BASE, TASK_SIZE)
        if start is None:
            raise _fail(errno.ENOMEM)
        return start

    def install_special_mapping(self, address: int, data: bytes, prot: int, name: str) -> None:
        """Map pages of the kernel's own; above TASK_SIZE the guest cannot change them."""
        size = _page_up(len(data))
        with self.lock:
            self._forget_direct()
            where = self.host(address, size)
            host.mmap(where, size, host.PROT_READ | host.PROT_WRITE, _RESERVED | host.MAP_FIXED)
            ctypes.memmove(where, data, len(data))
            host.mprotect(where, size, _host_prot(prot))
            mapping = Mapping(address, address + size, prot, MAP_PRIVATE | MAP_ANONYMOUS, 0, name)
            self.mappings = replaced(self.mappings, address, address + size, [mapping])
            self._tell("map", address, address + size, mapping)

    def map_stack(self, start: int, end: int, prot: int) -> None:
        """Map the initial stack whole; the kernel keeps a gap below it free of other mappings."""
        with self.lock:
            self.map(start, end - start, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, name="[stack]")
            flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN
            stack = Mapping(start, end, prot, flags, 0, "[stack]")
            self.mappings = replaced(self.mappings, start, end, [stack])
            self.mmap_top = guarded_start(stack) & -PAGE

    def grow_down(self, address: int) -> bool:
        """Extend a mapping that grows down to an address that was accessed; say whether there is one (expand_stack)."""
        with self.lock:
            start = address & -PAGE
            index = first_after(self.mappings, start)
            if index == len(self.mappings):
                return False
            above = self.mappings[index]
            below = self.mappings[index - 1] if index else None
            if not above.flags & MAP_GROWSDOWN or above.start <= start or start < MMAP_MIN_ADDR:
                return False
            if above.end - start > MAX_STACK:
                return False
            if (
                below is not None
                and not below.flags & MAP_GROWSDOWN
                and below.prot
                and start - below.end < STACK_GUARD_GAP
            ):
                return False
            size = above.start - start
            self._make_room(1)
            self._forget_direct()
            flags = host.MAP_PRIVATE | host.MAP_ANONYMOUS | host.MAP_FIXED
            try:
                host.mmap(self.host(start, size), size, _host_prot(above.prot), flags)
            except OSError:
                self._mend(start, above.start)
                return False
            grown = Mapping(start, above.start, above.prot, above.flags, 0, above.name)
            self.mappings = replaced(self.mappings, start, above.start, [grown])
            self._tell("map", start, above.start, grown)
            return True

    def unmap(self, address: int, size: int) -> None:
        """Unmap a range as munmap does; what is not mapped in it does not matter."""
        with self.lock:
            length = _page_up(size)
            if address & (PAGE - 1) or address < 0 or not 0 < length <= TASK_SIZE - address:
                raise _fail(errno.EINVAL)
            self._unmap(address, address + length)

    def _unmap(self, start: int, end: int) -> None:
        gone = pieces(self.mappings, start, end)
        if not gone:
            return
        first, last = self.find(gone[0].start), self.find(gone[-1].end - 1)
        if (first and first.start < start) or (last and last.end > end):  # what remains is split
            self._make_room(2)
        self._reserve(start, end)
        self.mappings = replaced(self.mappings, start, end, [])
        for piece in gone:
            self._tell("unmap", piece.start, piece.end, None)

    def protect(self, address: int, size: int, prot: int) -> None:
        """Change protection as mprotect does: up to the first page that is not mapped (then ENOMEM)."""
        with self.lock:
            grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP)
            prot &= ~grows
            if grows == PROT_GROWSDOWN | PROT_GROWSUP or address & (PAGE - 1) or address < 0:
                raise _fail(errno.EINVAL)
            if size == 0:
                return
            end = address + _page_up(size)
            if size < 0 or end > SPACE:
                raise _fail(errno.ENOMEM)
            if prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM):
                raise _fail(errno.EINVAL)
            prot &= PROT_READ | PROT_WRITE | PROT_EXEC
            start = self._lowest_page(address, end) if grows == PROT_GROWSDOWN else address
            if grows == PROT_GROWSUP and self.find(start):  # no stack of ARM grows up
                raise _fail(errno.EINVAL)
            found, complete = self._mapped_pieces(start, end)
            for piece in found:
                if piece.prot != prot:
                    self._protect_piece(piece, prot)
            if not complete:
                raise _fail(errno.ENOMEM)

    def _lowest_page(self, address: int, end: int) -> int:
        """Find where PROT_GROWSDOWN begins: with the first mapping in the range, which must grow down."""
        index = first_after(self.mappings, address)
        if index == len(self.mappings) or self.mappings[index].start >= min(end, TASK_SIZE):
            raise _fail(errno.ENOMEM)
        if not self.mappings[index].flags & MAP_GROWSDOWN:
            raise _fail(errno.EINVAL)
        return self.mappings[index].start

    def _protect_piece(self, piece: Mapping, prot: int) -> None:
        self._make_room(2)
        self._forget_direct()
        size = piece.end - piece.start
        host.mprotect(self.host(piece.start, size), size, _host_prot(prot))
        changed = piece.part(piece.start, piece.end, prot)
        self.mappings = replaced(self.mappings, piece.start, piece.end, [changed])
        if piece.prot & prot & PROT_EXEC:  # code stays what it was, and other threads may be running it
            self._say("protect", piece.start, piece.end, changed)
            if prot & ~piece.prot & PROT_WRITE:
                for listener in self.writable_listeners:
                    listener(piece.start, piece.end)
        else:
            self._tell("protect", piece.start, piece.end, changed)

    def remap(self, old: int, old_size: int, new_size: int, flags: int, new_address: int = 0) -> int:
        """Resize or move a mapping as mremap does and return its new address.

        Only private anonymous memory grows in place; another mapping that grows has to move.
        """
        with self.lock:
            move = flags & MREMAP_MAYMOVE
            to = flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)
            old_size, new_size = _page_up(old_size), _page_up(new_size)
            if (
                flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP)
                or (to and not move)
                or (flags & MREMAP_DONTUNMAP and old_size != new_size)
                or old & (PAGE - 1)
                or not 0 < new_size < SPACE
                or not 0 <= old_size < SPACE
            ):
                raise _fail(errno.EINVAL)
            if flags & MREMAP_FIXED:
                self._check_remap_target(old, old_size, new_size, new_address)
            mapping = self.find(old)
            if mapping is None or mapping.start >= TASK_SIZE:
                raise _fail(errno.EFAULT)
            if old_size >= new_size and not to:
                if old_size > new_size:
                    self.unmap(old + new_size, old_size - new_size)
                return old
            if min(old_size, new_size) > mapping.end - old:
                raise _fail(errno.EFAULT)
            if old_size == 0 and mapping.flags & MAP_PRIVATE:
                raise _fail(errno.EINVAL)
            if not to and self._grow_in_place(mapping, old + old_size, old + new_size):
                return old
            if not move:
                raise _fail(errno.ENOMEM)
            return self._remap_to(mapping, old, old_size, new_size, flags, new_address)

    def _check_remap_target(self, old: int, old_size: int, new_size: int, new: int) -> None:
        if new & (PAGE - 1) or new < 0 or new > TASK_SIZE - new_size:
            raise _fail(errno.EINVAL)
        if old < new + new_size and new < old + old_size:
            raise _fail(errno.EINVAL)
        if old_size > new_size and old_size > TASK_SIZE - old:
            raise _fail(errno.EINVAL)
        if new < MMAP_MIN_ADDR:
            raise _fail(errno.EPERM)

    def _grow_in_place(self, mapping: Mapping, end: int, new_end: int) -> bool:
        """Grow a mapping that ends at `end`, if the host then sees one mapping as well."""
        if (
            mapping.end != end
            or not mapping.anonymous
            or mapping.origin
            or new_end > TASK_SIZE
            or pieces(self.mappings, end, new_end)
        ):
            return False
        self._forget_direct()
        flags = mapping.flags & (MAP_PRIVATE | MAP_ANONYMOUS | host.MAP_NORESERVE) | host.MAP_FIXED
        try:
            size = new_end - end
            host.mmap(self.host(end, size), size, _host_prot(mapping.prot), flags)
        except OSError:
            self._mend(end, new_end)
            raise
        tail = Mapping(end, new_end, mapping.prot, mapping.flags, 0, mapping.name)
        self.mappings = replaced(self.mappings, end, new_end, [tail])
        self._tell("map", end, new_end, tail)
        return True

    def _remap_to(self, mapping: Mapping, old: int, old_size: int, new_size: int, flags: int, new_address: int) -> int:
        """Move `old_size` bytes of a mapping, as `new_size`, to where the flags say."""
        self._make_room(3)
        if flags & MREMAP_FIXED:
            new = new_address
            self._unmap(new, new + new_size)
            if old_size > new_size:
                self._unmap(old + new_size, old + old_size)
                old_size = new_size
        elif 0 < new_address <= TASK_SIZE - new_size and flags & MREMAP_DONTUNMAP:
            new = self._place(new_address, new_size, 0)
        else:
            new = self._find_free(new_size)
        keep = bool(flags & MREMAP_DONTUNMAP) or old_size == 0
        self._forget_direct()
        try:
            if old_size == 0:  # a second view of a shared mapping
                fixed = MREMAP_MAYMOVE | MREMAP_FIXED
                target = self.host(new, new_size)
                host.mremap(self.host(old, PAGE), 0, new_size, fixed, target)
            else:
                self._move(old, old_size, new, new_size, keep)
        except OSError:
            self._mend(new, new + new_size)
            raise
        moved = mapping.part(old, old + new_size)
        moved = Mapping(
            new, new + new_size, moved.prot, moved.flags, moved.offset, moved.name, self._next_origin(), moved.file
        )
        self.mappings = replaced(self.mappings, new, new + new_size, [moved])
        self._tell("map", new, new + new_size, moved)
        if not keep:
            self._unmap(old, old + old_size)
        return new

    def _move(self, old: int, old_size: int, new: int, new_size: int, keep: bool) -> None:
        """Move host pages inside the reservation; `old` stays mapped, empty, so that no hole opens there.

        The way leads over an address of the host's choice, because a mapping can grow (and stay one
        mapping) only when it moves, and only what is left behind outside may become a hole.
        """
        source, target = self.host(old, old_size), self.host(new, new_size)
        fixed = MREMAP_MAYMOVE | MREMAP_FIXED
        try:
            way = host.mremap(source, old_size, old_size, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0)
        except OSError as error:
            if error.errno == errno.EFAULT:  # the host holds it in several mappings (after mlock, say)
                raise _fail(errno.ENOMEM) from None
            if error.errno != errno.EINVAL or keep:
                raise
            # Before Linux 5.7 (5.13 for files) the source cannot stay.
            host.mremap(source, old_size, new_size, fixed, target)
            self._mend(old, old + old_size, gone=True)
            return
        try:
            host.mremap(way, old_size, new_size, fixed, target)
        except OSError:
            host.mremap(way, old_size, old_size, fixed, source)
            raise

    def _reserve_hole(self, start: int, end: int) -> None:
        """Reserve a range that the host has just unmapped, unless something is there already."""
        where = self.host(start, end - start)
        got = host.mmap(where, end - start, host.PROT_NONE, _RESERVED | host.MAP_FIXED_NOREPLACE)
        if got != where:  # Linux before 4.17 does not know the flag
            host.munmap(got, end - start)
            raise _fail(errno.EEXIST)

    def _mend(self, start: int, end: int, gone: bool = False) -> None:
        """Reserve a range again if a failed host call has unmapped it (it has if `gone`)."""
        try:
            self._reserve_hole(start, end)
        except OSError as error:
            if error.errno == errno.EEXIST and not gone:
                return
            raise MemoryReservationError(
                f"the host took guest addresses {start:#x}-{end:#x} back ({error.strerror}): "
                "free some memory, or raise vm.max_map_count"
            ) from None
        lost = pieces(self.mappings, start, end)
        if not gone:
            self.mappings = replaced(self.mappings, start, end, [])
            for piece in lost:
                self._tell("unmap", piece.start, piece.end, None)

    def _reserve(self, start: int, end: int) -> None:
        """Replace a range by inaccessible reserved memory, in one step."""
        self._forget_direct()
        try:
            size = end - start
            host.mmap(self.host(start, size), size, host.PROT_NONE, _RESERVED | host.MAP_FIXED)
        except OSError:
            self._mend(start, end)
            raise

    def advise(self, address: int, size: int, advice: int) -> None:
        """Advise about a range as madvise does; unmapped parts are skipped and give ENOMEM.

        MADV_DONTFORK has no effect: a child without these pages would have a hole in its reservation.
        """
        with self.lock:
            if address & (PAGE - 1) or address < 0 or size < 0 or advice not in _ADVICE:
                raise _fail(errno.EINVAL)
            end = address + _page_up(size)
            if end >= SPACE and size:
                raise _fail(errno.EINVAL)
            found = pieces(self.mappings, address, min(end, TASK_SIZE))
            if advice not in (MADV_DONTFORK, MADV_DOFORK):
                for piece in found:
                    self._make_room(2)
                    size = piece.end - piece.start
                    host.madvise(self.host(piece.start, size), size, advice)
                    self._say(f"advise {advice}", piece.start, piece.end)
            if sum(piece.end - piece.start for piece in found) != end - address:
                raise _fail(errno.ENOMEM)

    def sync(self, address: int, size: int, flags: int) -> None:
        """Write shared file mappings back as msync does; unmapped parts are skipped and give ENOMEM."""
        with self.lock:
            if (
                flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)
                or flags & (MS_ASYNC | MS_SYNC) == MS_ASYNC | MS_SYNC
                or address & (PAGE - 1)
                or address < 0
                or size < 0
            ):
                raise _fail(errno.EINVAL)
            end = address + _page_up(size)
            if end > SPACE:
                raise _fail(errno.ENOMEM)
            found = pieces(self.mappings, address, min(end, TASK_SIZE))
            for piece in found:
                size = piece.end - piece.start
                host.msync(self.host(piece.start, size), size, flags)
            if sum(piece.end - piece.start for piece in found) != end - address:
                raise _fail(errno.ENOMEM)

    def set_brk(self, start: int) -> None:
        """Begin the heap at an address: the program break is there and nothing is allocated."""
        self.brk_start = self.brk_end = start

    def brk(self, address: int) -> int:
        """Move the program break as the system call does; return where it is afterwards."""
        with self.lock:
            if address < self.brk_start or address > TASK_SIZE:
                return self.brk_end
            old, new = _page_up(self.brk_end), _page_up(address)
            try:
                if new < old:
                    self._unmap(new, old)
                elif new > old:
                    if new > TASK_SIZE or not is_free(self.mappings, old, new + PAGE):
                        return self.brk_end
                    flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED
                    self.map(old, new - old, PROT_READ | PROT_WRITE, flags, name="[heap]")
            except OSError:
                return self.brk_end
            self.brk_end = address
            return address

    def _make_room(self, count: int) -> None:
        """Refuse more mappings when the host nears its limit (vm.max_map_count), where Python would fail."""
        self._room -= count
        if self._room < 0:
            self._room = MAX_MAP_COUNT - host.count_mappings()
            if self._room < 0:
                raise _fail(errno.ENOMEM)

    def _next_origin(self) -> int:
        self._origin += 1
        return self._origin

    def _tell(self, what: str, start: int, end: int, mapping: Mapping | None) -> None:
        """Tell the listeners and the log that a range has changed."""
        executable = mapping is not None and bool(mapping.prot & PROT_EXEC)
        for listener in self.listeners:
            listener(start, end, executable)
        self._say(what, start, end, mapping)

    def _say(self, what: str, start: int, end: int, mapping: Mapping | None = None) -> None:
        log = self.log
        if log is not None and log.memory:
            detail = f" {mapping.permissions} {shown(mapping.name)}".rstrip() if mapping else ""
            log.line(f"{what} {end - start}B (G={start:#x} -> H={self.base + start:#x}){detail}")

    # Access

    def _forget_direct(self) -> None:
        """Stop direct access until the next look at the mappings; called before each change."""
        self._readable_end = self._writable_end = 0

    def _accessible(self, address: int, size: int, write: bool) -> bool:
        """Say whether bytes may be accessed directly: they lie in one anonymous mapping that allows it."""
        mapping = self.find(address)
        if mapping is None or not mapping.anonymous or address + size > mapping.end or size < 0:
            return False
        if write:
            if not mapping.prot & PROT_WRITE:
                return False
            self._writable, self._writable_end = mapping.start, mapping.end
        else:
            if not mapping.prot:
                return False
            self._readable, self._readable_end = mapping.start, mapping.end
        return True

    def read(self, address: int, size: int) -> bytes:
        """Read bytes, or raise GuestFault."""
        with self.lock:
            end = address + size
            if (self._readable <= address <= end <= self._readable_end) or self._accessible(address, size, False):
                return self._bytes[address:end].tobytes()
        return self._read_checked(address, size)

    def _read_checked(self, address: int, size: int) -> bytes:
        if address < 0 or size < 0 or address + size > self._limit:
            raise GuestFault(address & 0xFFFFFFFF, False)
        data = host.copy_out(self.base + address, size)
        if len(data) != size:
            raise GuestFault(address + len(data), False)
        return data

    def write(self, address: int, data: bytes | bytearray | memoryview) -> None:
        """Write bytes, or raise GuestFault; those before the address of the fault are written."""
        size = len(data)
        with self.lock:
            end = address + size
            if (self._writable <= address <= end <= self._writable_end) or self._accessible(address, size, True):
                self._bytes[address:end] = data
                return
        if address < 0 or address + size > self._limit:
            raise GuestFault(address & 0xFFFFFFFF, True)
        done = host.copy_in(self.base + address, data)
        if done != size:
            raise GuestFault(address + done, True)

    def read_cstring(self, address: int, limit: int = 4096) -> bytes:
        """Read up to the first zero byte, which is left out, or raise GuestFault.

        `limit` bytes come back when there is no zero among them.
        """
        found = b""
        while len(found) < limit:
            size = min(limit - len(found), PAGE - (address & (PAGE - 1)), 256)
            part = self.read(address, size)
            end = part.find(0)
            if end >= 0:
                return found + part[:end]
            found += part
            address += size
        return found

    def read_u8(self, address: int) -> int:
        """Read a byte, or raise GuestFault."""
        return self.read(address, 1)[0]

    def read_u16(self, address: int) -> int:
        """Read a little-endian halfword, or raise GuestFault."""
        return int.from_bytes(self.read(address, 2), "little")

    def read_u32(self, address: int) -> int:
        """Read a little-endian word, or raise GuestFault."""
        with self.lock:
            if self._readable <= address and address + 4 <= self._readable_end and not address & 3:
                return self._words[address >> 2]
        return int.from_bytes(self.read(address, 4), "little")

    def read_u64(self, address: int) -> int:
        """Read a little-endian doubleword, or raise GuestFault."""
        return int.from_bytes(self.read(address, 8), "little")

    def write_u8(self, address: int, value: int) -> None:
        """Write a byte, or raise GuestFault."""
        self.write(address, (value & 0xFF).to_bytes(1, "little"))

    def write_u16(self, address: int, value: int) -> None:
        """Write a little-endian halfword, or raise GuestFault."""
        self.write(address, (value & 0xFFFF).to_bytes(2, "little"))

    def write_u32(self, address: int, value: int) -> None:
        """Write a little-endian word, or raise GuestFault."""
        self.write(address, (value & 0xFFFFFFFF).to_bytes(4, "little"))

    def write_u64(self, address: int, value: int) -> None:
        """Write a little-endian doubleword, or raise GuestFault."""
        self.write(address, (value & 0xFFFFFFFFFFFFFFFF).to_bytes(8, "little"))

    def _mapped_pieces(self, start: int, end: int) -> tuple[list[Mapping], bool]:
        """List the mapped parts of a range up to its first gap, and whether there is none."""
        found = []
        for piece in pieces(self.mappings, start, min(end, TASK_SIZE)):
            if piece.start != start:
                break
            found.append(piece)
            start = piece.end
        return found, start == end
