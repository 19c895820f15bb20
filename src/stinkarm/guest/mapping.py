"""The guest's mappings (Linux: VMAs) as a sorted list, and searches in it.

Only bookkeeping: nothing here touches memory. A `Mapping` is never changed once made; a change of a
range makes a new list, so that a reader in another thread always sees a whole one.
"""

from __future__ import annotations

PROT_READ = 1
PROT_WRITE = 2
PROT_EXEC = 4

MAP_SHARED = 0x01
MAP_PRIVATE = 0x02
MAP_ANONYMOUS = 0x20
MAP_GROWSDOWN = 0x100

# The kernel keeps this much free below a mapping that grows down (mm/mmap.c stack_guard_gap).
STACK_GUARD_GAP = 0x100000


class Mapping:
    """One range [start, end) of guest addresses with one set of attributes.

    `offset` is the file offset of `start` (0 for anonymous memory) and `name` what /proc/self/maps
    shows; `file` is the file's device and inode. `origin` says which host mapping it was cut from: neighbours merge
    only within one. It is 0 for private anonymous memory that never moved, which the host merges too.
    """

    __slots__ = ("end", "file", "flags", "name", "offset", "origin", "prot", "start")

    def __init__(
        self,
        start: int,
        end: int,
        prot: int,
        flags: int,
        offset: int = 0,
        name: str = "",
        origin: int = 0,
        file: tuple[int, int] = (0, 0),
    ) -> None:
        self.start = start
        self.end = end
        self.prot = prot
        self.flags = flags
        self.offset = offset
        self.name = name
        self.origin = origin
        self.file = file

    @property
    def anonymous(self) -> bool:
        """Say whether it is private memory without a file: reading it cannot fail."""
        return self.flags & (MAP_PRIVATE | MAP_ANONYMOUS) == MAP_PRIVATE | MAP_ANONYMOUS

    @property
    def permissions(self) -> str:
        """The four letters of /proc/self/maps."""
        return (
            ("r" if self.prot & PROT_READ else "-")
            + ("w" if self.prot & PROT_WRITE else "-")
            + ("x" if self.prot & PROT_EXEC else "-")
            + ("s" if self.flags & MAP_SHARED else "p")
        )

    def part(self, start: int, end: int, prot: int | None = None) -> Mapping:
        """Cut out [start, end), with `prot` if given."""
        offset = 0 if self.flags & MAP_ANONYMOUS else self.offset + start - self.start
        new_prot = self.prot if prot is None else prot
        return Mapping(start, end, new_prot, self.flags, offset, self.name, self.origin, self.file)

    def __repr__(self) -> str:
        return f"Mapping({self.start:#x}-{self.end:#x} {self.permissions} {self.offset:#x} {self.name!r})"


def first_after(mappings: list[Mapping], address: int) -> int:
    """Find the index of the first mapping that ends after `address`."""
    low, high = 0, len(mappings)
    while low < high:
        middle = (low + high) >> 1
        if mappings[middle].end > address:
            high = middle
        else:
            low = middle + 1
    return low


def pieces(mappings: list[Mapping], start: int, end: int) -> list[Mapping]:
    """List the mapped parts of [start, end), cut at its ends."""
    found = []
    for index in range(first_after(mappings, start), len(mappings)):
        mapping = mappings[index]
        if mapping.start >= end:
            break
        found.append(mapping.part(max(start, mapping.start), min(end, mapping.end)))
    return found


def replaced(mappings: list[Mapping], start: int, end: int, new: list[Mapping]) -> list[Mapping]:
    """Make the list in which [start, end) holds exactly `new`, merged with its neighbours."""
    first = first_after(mappings, start)
    last = first
    while last < len(mappings) and mappings[last].start < end:
        last += 1
    middle = list(new)
    if first < last:
        head, tail = mappings[first], mappings[last - 1]
        if head.start < start:
            middle.insert(0, head.part(head.start, start))
        if tail.end > end:
            middle.append(tail.part(end, tail.end))
    # Neighbours may merge with what was put in.
    if first > 0:
        first -= 1
        middle.insert(0, mappings[first])
    if last < len(mappings):
        middle.append(mappings[last])
        last += 1
    return mappings[:first] + _merged(middle) + mappings[last:]


def _merged(mappings: list[Mapping]) -> list[Mapping]:
    merged: list[Mapping] = []
    for mapping in mappings:
        previous = merged[-1] if merged else None
        if (
            previous is not None
            and previous.end == mapping.start
            and previous.origin == mapping.origin
            and previous.prot == mapping.prot
            and previous.flags == mapping.flags
            and previous.name == mapping.name
        ):
            merged[-1] = Mapping(
                previous.start,
                mapping.end,
                previous.prot,
                previous.flags,
                previous.offset,
                previous.name,
                previous.origin,
                previous.file,
            )
        else:
            merged.append(mapping)
    return merged


def guarded_start(mapping: Mapping) -> int:
    """The lowest address that new memory placed by the kernel must not reach."""
    if mapping.flags & MAP_GROWSDOWN:
        return max(0, mapping.start - STACK_GUARD_GAP)
    return mapping.start


def is_free(mappings: list[Mapping], start: int, end: int) -> bool:
    """Say whether the kernel would place a mapping at [start, end)."""
    index = first_after(mappings, start)
    return index == len(mappings) or guarded_start(mappings[index]) >= end


def highest_gap(mappings: list[Mapping], size: int, low: int, high: int) -> int | None:
    """Find the highest free [start, start + size) in [low, high)."""
    top = high
    for index in range(len(mappings) - 1, -1, -1):
        mapping = mappings[index]
        if mapping.start >= high and guarded_start(mapping) >= high:
            continue
        bottom = max(mapping.end, low)
        if top - bottom >= size:
            return top - size
        top = min(top, guarded_start(mapping))
        if top - low < size:
            return None
    return top - size if top - low >= size else None


def lowest_gap(mappings: list[Mapping], size: int, low: int, high: int) -> int | None:
    """Find the lowest free [start, start + size) in [low, high)."""
    bottom = low
    for index in range(first_after(mappings, low), len(mappings)):
        mapping = mappings[index]
        if min(guarded_start(mapping), high) - bottom >= size:
            return bottom
        bottom = max(bottom, mapping.end)
        if bottom >= high:
            return None
    return bottom if high - bottom >= size else None
