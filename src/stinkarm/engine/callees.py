"""Indirect calls: what they have called, so that a region can have it in place (region.py)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .region import Region

MOST = 8  # functions of one call
MOST_RENEWALS = 4  # of one region


class Callees:
    """What is known of indirect calls, by what they leave in LR (bit 0 set in T32)."""

    def __init__(self) -> None:
        self._callees: dict[int, list[int]] = {}
        self._regions: dict[int, set[tuple[int, bool]]] = {}
        self._renewals: dict[tuple[int, bool], int] = {}

    def of(self, link: int) -> list[int]:
        """List the functions that a call has called, which are of its own instruction set."""
        return self._callees.get(link, [])

    def note(self, link: int, callee: int, thumb: bool) -> bool:
        """Note that `callee` was branched to while LR held `link`; say whether that is worth knowing and new."""
        known = self._callees.setdefault(link, [])
        if bool(link & 1) != thumb or callee in known or len(known) >= MOST:
            return False
        known.append(callee)
        return True

    def compiled(self, region: Region, entry: int, thumb: bool) -> None:
        """Note which indirect calls a region has."""
        for link in region.calls:
            self._regions.setdefault(link, set()).add((entry, thumb))

    def renew(self, link: int) -> list[tuple[int, bool]]:
        """List the regions that have a call, each a few times: they are better compiled again."""
        found = []
        for key in sorted(self._regions.get(link, ())):
            count = self._renewals[key] = self._renewals.get(key, 0) + 1
            if count <= MOST_RENEWALS:
                found.append(key)
        return found
