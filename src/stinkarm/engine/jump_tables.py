"""Jump tables: what compilers make of a `switch`, read so that its branch stays in the region.

And branches into a sequence of instructions that stands behind them, as copying functions have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from ..isa.fields import Number

MOST_CASES = 512
MOST_BEHIND = 128  # bytes behind a branch that it may go to the middle of
_ALWAYS_B = 0xEA  # the top byte of an unconditional B in A32


class JumpTable(NamedTuple):
    """A branch that goes to `targets[i]` if register `by` is `i`.

    `read`: the address and size of what tells that; of 0 bytes if the branch itself does.
    """

    by: int
    targets: list[int | None]
    read: tuple[int, int]


def jump_table(
    name: str, fields: Mapping[str, Number], pc: int, constant: Callable[[int, int], bytes | None], *, thumb: bool
) -> JumpTable | None:
    """Return the jump table of the instruction `name` at `pc`, if it is one that reads a table beside it.

    `constant(address, size)` returns bytes that are not writable, or None.
    """
    here = pc + (4 if thumb else 8)  # what PC reads as
    if name in ("tbb", "tbh") and fields["rn"] == 15:
        size = 1 if name == "tbb" else 2
        return _read(_int(fields["rm"]), here, size, lambda base, entry: base + 2 * entry, constant)
    if fields.get("rn") != 15 or fields.get("shift_t") != 0:
        return None
    if name == "add_reg" and fields["rd"] == 15 and fields["s"] == 0:
        index, shift = _int(fields["rm"]), _int(fields["shift_n"])
        table = _branches(index, here, constant) if shift == 2 else None
        return table or _behind(index, here, shift, 2 if thumb else 4)
    if fields["shift_n"] != 2:
        return None
    if name == "ldr_reg" and fields["rt"] == 15 and (fields["p"], fields["u"], fields["w"]) == (1, 1, 0):
        return _read(_int(fields["rm"]), here, 4, lambda base, entry: None if entry & 3 else entry, constant)
    return None


def _int(number: Number) -> int:
    assert isinstance(number, int)
    return number


def _read(
    index: int,
    base: int,
    size: int,
    target_of: Callable[[int, int], int | None],
    constant: Callable[[int, int], bytes | None],
) -> JumpTable | None:
    """Read a table of numbers at `base`. It ends where the first of its targets begins."""
    targets: list[int | None] = []
    end = base + MOST_CASES * size
    while (at := base + len(targets) * size) + size <= end:
        data = constant(at, size)
        if data is None:
            break
        target = target_of(base, int.from_bytes(data, "little"))
        if target is not None and base <= target <= at:
            target = None  # a byte that is there to make the table's end even
        targets.append(target)
        if target is not None and target > at:
            end = min(end, target)
    return JumpTable(index, targets, (base, len(targets) * size)) if targets else None


def _branches(index: int, base: int, constant: Callable[[int, int], bytes | None]) -> JumpTable | None:
    """Take the branches at `base` for a table."""
    targets: list[int | None] = []
    while len(targets) < MOST_CASES:
        data = constant(base + 4 * len(targets), 4)
        if data is None or data[3] != _ALWAYS_B:
            break
        targets.append(base + 4 * len(targets))
    return JumpTable(index, targets, (base, len(targets) * 4)) if targets else None


def _behind(index: int, base: int, shift: int, unit: int) -> JumpTable | None:
    """Take instructions from `base` on for targets; they are `unit` bytes apart, or more."""
    if shift > 3:
        return None
    distances = [i << shift for i in range(MOST_BEHIND >> shift)]
    return JumpTable(index, [None if distance % unit else base + distance for distance in distances], (base, 0))
