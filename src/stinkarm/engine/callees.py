"""Indirect calls: what they have called, so that a region can have it in place (region.py)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .region import Region

MOST = 8  # functions of one call
RENEWED = -1  # in place of what LR held, for a region that is to be compiled again
MOST_RENEWALS = 4  # of one region
MOST_WITH_STUBS = 50  # instructions of a region that is compiled again once it is known where its stubs lead


class Callees:
    """What is known of indirect calls, by what they leave in LR (bit 0 set in T32).

    What a call has called by way of a stub (an entry of a PLT, a veneer) is known by the stub too.
    """

    def __init__(self) -> None:
        self._callees: dict[int, list[int]] = {}
        self._regions: dict[int, set[tuple[int, bool]]] = {}
        self.outdated: set[tuple[int, bool]] = set()  # regions
        self._stubs: dict[int, int] = {}  # what a call leaves in LR -> by way of what it calls
        self._renewals: dict[tuple[int, bool], int] = {}

    def of(self, link: int) -> list[int]:
        """List the functions that a call has called, with bit 0 set for T32."""
        return self._callees.get(link, [])

    def note(self, link: int, callee: int) -> None:
        """Note that `callee`, which is worth having in place, was branched to while LR held `link`."""
        if link == RENEWED:
            return
        self._add(link, callee)
        if link in self._stubs:
            self._add(self._stubs[link], callee)

    def _add(self, link: int, callee: int) -> None:
        known = self._callees.setdefault(link, [])
        if callee not in known and len(known) < MOST:
            known.append(callee)
            self.outdated |= self._regions.get(link, set())

    def compiled(self, region: Region, entry: int, thumb: bool) -> None:
        """Note which indirect calls a region has."""
        self.outdated.discard((entry, thumb))
        self._stubs.update(region.stubs)
        for link, stub in region.stubs.items():
            for callee in self.of(link):
                self._add(stub, callee)
        for link in region.calls:
            if link in region.stubs and region.instructions > MOST_WITH_STUBS:
                continue
            self._regions.setdefault(link, set()).add((entry, thumb))

    def renew(self) -> list[tuple[int, bool]]:
        """List the regions that had better be compiled again; each is listed a few times at most."""
        found = sorted(key for key in self.outdated if self._renewals.get(key, 0) < MOST_RENEWALS)
        for key in found:
            self._renewals[key] = self._renewals.get(key, 0) + 1
        self.outdated.clear()
        return found
