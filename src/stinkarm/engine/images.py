"""The files that a guest has mapped executable, and the packs of compiled code that go with them (cache.py).

A file without a pack costs what this module does: `cache` is not imported for it.
"""

from __future__ import annotations

import os

from ..guest import host
from ..guest.mapping import MAP_ANONYMOUS, MAP_SHARED, PROT_EXEC, PROT_WRITE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..guest.memory import Memory
    from .cache import Pack
    from .code_space import CodeSpace
    from .table import CodeTable
    from .watch import Watch


PAGE = 4096


def identity_of(base: int, start: int, end: int, offset: int, v8: bool) -> bytes:
    """Return what stands for a mapped file: 16 bytes. `base` is the host address of guest memory."""
    from _blake2 import blake2b

    middle = (start + end) // 2 & -PAGE
    pages = [host.copy_out(base + at, PAGE) for at in sorted({start, middle, end - PAGE})]
    where = b"%d %d %d %d" % (start, end, offset, v8)
    return bytes(blake2b(where + b"".join(pages), digest_size=16).digest())


class Image:
    """A mapped file. `pack` is its compiled code, if there is some; `stale`, that it was found to be of other code.

    `holes` are where something else was mapped since, or may be written.
    """

    __slots__ = ("end", "holes", "identity", "pack", "stale", "start")

    def __init__(self, start: int, end: int, identity: bytes) -> None:
        self.start = start
        self.end = end
        self.identity = identity
        self.pack: Pack | None = None
        self.stale = False
        self.holes: list[tuple[int, int]] = []

    def as_tuple(self) -> tuple[Any, ...]:
        """Give what a worker is told."""
        return self.identity, self.start, self.end, self.stale, self.holes


class Images:
    """The mapped files of one guest. `root` is the directory of the code cache."""

    def __init__(
        self,
        memory: Memory,
        table: CodeTable,
        space: CodeSpace,
        root: str,
        key: str,
        v8: bool,
        watch: Watch,
    ) -> None:
        self.memory = memory
        self.table = table
        self.space = space
        self.directory = f"{root}/{key}"
        self.v8 = v8
        self.say = watch.say
        self.perf_map = watch.perf_map
        self.images: list[Image] = []

    def find(self, address: int) -> Image | None:
        """Return the image that holds an address."""
        for image in self.images:
            if image.start <= address < image.end:
                return image
        return None

    def mapped(self, start: int, end: int) -> None:
        """Look whether a file was mapped, and publish its pack."""
        mapping = self.memory.find(start)
        if mapping is None or mapping.flags & (MAP_ANONYMOUS | MAP_SHARED) or mapping.prot & PROT_WRITE:
            return
        if not mapping.prot & PROT_EXEC or mapping.start != start or not mapping.name.startswith("/"):
            return
        end = min(end, mapping.end)
        identity = identity_of(self.memory.base, start, end, mapping.offset, self.v8)
        image = Image(start, end, identity)
        self.images.append(image)
        path = f"{self.directory}/{identity.hex()}.pack"
        try:
            os.lstat(path)
        except OSError:
            return
        from . import cache

        opened = cache.open_pack(path, identity)
        if isinstance(opened, str):
            if opened and self.say is not None:
                self.say(f"the compiled code of {mapping.name} is not used: {opened}")
            return
        # perf looks into its map only for code that is of no file.
        image.pack = cache.load_pack(*opened, self.space, anonymous=self.perf_map is not None)
        if image.pack is None:
            if self.say is not None:
                self.say(f"the compiled code of {mapping.name} cannot be mapped")
            return
        self._publish(image, mapping.name)

    def _publish(self, image: Image, name: str) -> None:
        from . import cache

        pack = image.pack
        assert pack is not None
        if not cache.is_current(pack, self.memory.base):
            image.stale = True
            count = self._publish_some(pack)
        else:
            count = len(pack.sites) // 16
            if not cache.publish_all(pack, self.table.address):
                count = self._publish_some(pack)
        if self.perf_map is not None:
            begin = self.space.decode + pack.offset
            self.perf_map.add([(begin + place, size, entries[0]) for entries, _, _, place, size, *_ in pack.read()[0]])
        if self.say is not None:
            stale = ", the rest is stale" if image.stale else ""
            self.say(f"the compiled code of {name} is mapped: {count} entries{stale}")

    def _publish_some(self, pack: Pack) -> int:
        """Publish the regions of a pack one by one, if the guest's code is what they were made of."""
        from . import cache

        count = 0
        runs = cache.runs_of(pack.runs, pack.bytes)
        wrong = []
        for start, data in runs:
            found = host.copy_out(self.memory.base + start, len(data))
            if found != data:
                wrong.append((start, start + len(data), data, found))
        regions, failed = pack.read()
        kept = [region for region in regions if not any(_differs(region[2], run) for run in wrong)]
        for entries, thumb, _, place, *_ in kept:
            for entry in entries:
                if self.table.is_executable(entry):
                    self.table.lead(entry, thumb, pack.offset + place)
                    count += 1
        pack.values = (kept, failed)
        return count

    def regions_at(self, address: int) -> list[tuple[int, bool, list[tuple[int, int]]]]:
        """List the regions of the pack for an address: first entry, instruction set, ranges."""
        image = self.find(address)
        if image is None or image.pack is None:
            return []
        return [(entries[0], thumb, ranges) for entries, thumb, ranges, *_ in image.pack.read()[0]]

    def has_failed(self, entry: int, thumb: bool) -> bool:
        """Say whether an earlier run found that a place cannot be compiled."""
        image = self.find(entry)
        return image is not None and image.pack is not None and (entry, thumb) in image.pack.read()[1]

    def forget(
        self, start: int, end: int, *, cleared: bool
    ) -> list[tuple[list[int], bool, int, list[tuple[int, int]]]]:
        """Forget what was mapped from start to end; return the regions of packs that are concerned by it.

        Each is (entries, thumb, offset, ranges). `cleared` says that the code table has been cleared there.
        """
        regions = []
        for image in list(self.images):
            if end <= image.start or image.end <= start:
                continue
            pack = image.pack
            if cleared and start <= image.start and image.end <= end:
                self.images.remove(image)
                continue
            image.holes.append((start, end))
            if pack is None:
                continue
            low, high = pack.span
            if start < high and low < end:
                regions += [
                    (entries, thumb, pack.offset + place, ranges)
                    for entries, thumb, ranges, place, *_ in pack.read()[0]
                ]
                image.pack = None
        return regions


def _differs(ranges: list[tuple[int, int]], run: tuple[int, int, bytes, bytes]) -> bool:
    start, end, data, found = run
    return any(
        low < end
        and start < high
        and data[max(0, low - start) : high - start] != found[max(0, low - start) : high - start]
        for low, high in ranges
    )
