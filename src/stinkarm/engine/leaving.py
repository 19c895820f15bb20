"""What a program that ends leaves to a worker: the places that are hot, and the guest's code around them.

Nothing may wait when a program ends, and a socket may be full. So it is written to a file in memory that the worker has
had since it was started, and looks at when the socket has ended:

    mark           MAGIC, and where the description begins: written last, since half of this is as good as nothing
    pages          of each: its bytes, unless the worker has them, and its entries of the code table
    description    marshal's form of Left

The kernel copies the pages; to say which entries have been decoded is left to the worker, too.
"""

from __future__ import annotations

import marshal
import os
import struct
import time

from ..guest import native as ctypes
from ..guest.mapping import MAP_SHARED, PROT_EXEC, PROT_WRITE
from .layout import ENTRY_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ..guest.memory import Memory
    from .images import Images
    from .jit_client import Request
    from .table import CodeTable

PAGE = 4096
PAGES = 1 << 20
BEFORE, AFTER = 4, 8  # pages around an entry that go with a request
AT_ONCE = 2  # requests, between two looks at the clock

MAGIC = b"left\0\0\0\1"
MARK = struct.Struct("<8sQ")

_libc = ctypes.PyDLL(None, use_errno=True)
_pwritev = _libc.pwritev
_pwritev.restype = ctypes.c_ssize_t
_pwritev.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_long]


def around(entry: int) -> range:
    """Give the numbers of the pages that go with a request."""
    page = entry // PAGE
    return range(max(0, page - BEFORE), min(PAGES, page + AFTER + 1))


def entries_size(thumb: bool) -> int:
    """Return how many bytes of the code table stand for a page."""
    return PAGE // (2 if thumb else 4) * ENTRY_SIZE


def executed_in(entries: bytes) -> bytes:
    """Say which instructions have been executed, one byte each, from the code table's entries."""
    executed = 0
    for at in range(4):  # the bytes of the handlers' offsets
        executed |= int.from_bytes(entries[at::ENTRY_SIZE], "little")
    return executed.to_bytes(len(entries) // ENTRY_SIZE, "little")


class Left:
    """What is left: `requests` (number, entry, thumb, v8, link, image or -1), hottest first; `images` as they are told.

    `pages` are (number, writable, thumb, has bytes), `gone` the numbers of those that are not what they were. `seconds`
    is how long the program has run on a processor.
    """

    __slots__ = ("data", "gone", "images", "pages", "requests", "seconds")

    def __init__(
        self,
        seconds: float,
        images: list[tuple[Any, ...]],
        requests: list[tuple[int, int, bool, bool, int, int]],
        gone: list[int],
        pages: list[tuple[int, bool, bool, bool]],
        data: bytes,
    ) -> None:
        self.seconds = seconds
        self.images = images
        self.requests = requests
        self.gone = gone
        self.pages = pages
        self.data = data

    def contents(self) -> Iterator[tuple[int, bool, bytes | None, bool, bytes]]:
        """List the pages as messages have them."""
        at = MARK.size
        for number, writable, thumb, has_bytes in self.pages:
            data = None
            if has_bytes:
                data = self.data[at : at + PAGE]
                at += PAGE
            size = entries_size(thumb)
            yield number, writable, data, thumb, executed_in(self.data[at : at + size])
            at += size


def read(fd: int) -> Left | None:
    """Return what was left in a file, or None if it is nothing."""
    with open(fd, "rb", closefd=False) as file:
        data = file.read()
    if len(data) < MARK.size:
        return None
    magic, at = MARK.unpack_from(data)
    if magic != MAGIC:
        return None
    seconds, images, requests, gone, pages = marshal.loads(data[at:])
    return Left(seconds, images, requests, gone, pages, data)


class Writer:
    """Writes to such a file. `known` are the pages that its worker has, `gone` those of them that have changed."""

    def __init__(
        self, fd: int, memory: Memory, table: CodeTable, images: Images | None, known: set[int], gone: set[int]
    ) -> None:
        self.fd = fd
        self.memory = memory
        self.table = table
        self.images = images
        self.known = known
        self.gone = gone
        self._told: dict[bytes, int] = {}
        self._images: list[tuple[Any, ...]] = []
        self._pages: list[tuple[int, bool, bool, bool]] = []
        self._seen: set[tuple[int, bool]] = set()
        self._size = MARK.size

    def write(self, requests: list[Request], seconds: float, until: float) -> int:
        """Write requests, as many as there is time for (thread_time); return how many those are."""
        left: list[tuple[int, int, bool, bool, int, int]] = []
        for first in range(0, len(requests), AT_ONCE):
            some = requests[first : first + AT_ONCE]
            if not self._write_pages(some):
                break
            for request in some:
                what = (request.entry, request.thumb, request.v8, request.link)
                left.append((request.number, *what, self._image(request.entry)))
            if time.thread_time() > until:
                break
        if left:
            gone = sorted(self.gone - {page for page, *_ in self._pages})
            description = marshal.dumps((seconds, self._images, left, gone, self._pages))
            if os.pwrite(self.fd, description, self._size) != len(description):
                return 0
            os.pwrite(self.fd, MARK.pack(MAGIC, self._size), 0)
        return len(left)

    def _image(self, entry: int) -> int:
        """Return which of the images has an entry, or -1."""
        image = None if self.images is None else self.images.find(entry)
        if image is None:
            return -1
        place = self._told.get(image.identity)
        if place is None:
            place = self._told[image.identity] = len(self._images)
            self._images.append(image.as_tuple())
        return place

    def _write_pages(self, requests: list[Request]) -> bool:
        vectors: list[int] = []
        pages = []
        for request in requests:
            thumb = request.thumb
            for number in around(request.entry):
                if (number, thumb) in self._seen:
                    continue
                self._seen.add((number, thumb))
                address = number * PAGE
                mapping = self.memory.find(address)
                if mapping is None or not mapping.prot & PROT_EXEC or not self.table.is_executable(address):
                    continue
                writable = bool(mapping.prot & PROT_WRITE or mapping.flags & MAP_SHARED)
                has_bytes = writable or number not in self.known or number in self.gone
                if has_bytes:
                    vectors += (self.memory.base + address, PAGE)
                vectors += (self.table.entry(address, thumb), entries_size(thumb))
                pages.append((number, writable, thumb, has_bytes))
        size = sum(vectors[1::2])
        many = (ctypes.c_uint64 * max(1, len(vectors)))()
        for at, value in enumerate(vectors):
            many[at] = value
        if _pwritev(self.fd, ctypes.addressof(many), len(vectors) // 2, self._size) != size:
            return False
        self._size += size
        self._pages += pages
        return True
