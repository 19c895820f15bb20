"""Machine code of one region, as a worker process gives it and the cache keeps it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


ALIGNMENT = 64  # bytes: where pieces are put; what constants of x86-64-v4 may want


class Piece:
    """Position-independent machine code. `code` begins with the region; its table of accesses is at `faults`.

    `fault_count` are that table's records. `entries` are the guest addresses where the region may be entered, `ranges`
    (start, end) the guest code that it was made of.
    """

    __slots__ = ("code", "entries", "fault_count", "faults", "instructions", "ranges")

    def __init__(
        self,
        code: bytes,
        faults: int,
        fault_count: int,
        entries: list[int],
        ranges: list[tuple[int, int]],
        instructions: int,
    ) -> None:
        self.code = code
        self.faults = faults
        self.fault_count = fault_count
        self.entries = entries
        self.ranges = ranges
        self.instructions = instructions

    def as_tuple(self) -> tuple[Any, ...]:
        """Give what `read` makes a piece of."""
        return self.code, self.faults, self.fault_count, self.entries, self.ranges, self.instructions


def read(values: Any) -> Piece:
    """Make a piece from what was written somewhere else; raise ValueError if it cannot be one."""
    if not isinstance(values, tuple) or len(values) != 6:
        raise ValueError("not a piece")
    code, faults, count, entries, ranges, instructions = values
    if not isinstance(code, bytes) or not all(type(n) is int and n >= 0 for n in (faults, count, instructions)):
        raise ValueError("not a piece")
    if not isinstance(entries, list) or not entries or not isinstance(ranges, list) or faults + 16 * count > len(code):
        raise ValueError("not a piece")
    for address in entries:
        if type(address) is not int or not 0 <= address < 1 << 32:
            raise ValueError(f"{address!r} is no entry")
    for pair in ranges:
        if not isinstance(pair, tuple) or len(pair) != 2 or not all(type(n) is int for n in pair):
            raise ValueError(f"{pair!r} is no range")
        if not 0 <= pair[0] < pair[1] <= 1 << 32:
            raise ValueError(f"{pair!r} is no range")
    return Piece(*values)
