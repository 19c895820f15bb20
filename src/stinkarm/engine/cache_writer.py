"""Writing packs (cache.py): merging new regions with what is there, and keeping to the limit of the cache."""

from __future__ import annotations

import contextlib
import fcntl
import marshal
import os
import struct
import time
from collections.abc import Iterator
from hashlib import blake2b

from .cache import HEADER, HEADER_SIZE, MAGIC, PAGE, open_pack, runs_of, stamp
from .compiler import FAULT_RECORD
from .layout import ENTRY_SIZE, THUMB_TABLE
from .piece import ALIGNMENT, Piece

MOST_CODE = 64 << 20  # bytes of machine code in one pack
OLD = 3600  # seconds after which nobody is writing a temporary file any more

_SITE = struct.Struct("<iiII")  # runtime.py: distance to the access, to its stub, two words for the state block


class Record:
    """A region of a pack, with the guest bytes that it was made of, one for each of its ranges."""

    __slots__ = ("contents", "piece", "thumb")

    def __init__(self, piece: Piece, thumb: bool, contents: list[bytes]) -> None:
        self.piece = piece
        self.thumb = thumb
        self.contents = contents

    @property
    def keys(self) -> set[tuple[int, bool]]:
        """Where it may be entered."""
        return {(entry, self.thumb) for entry in self.piece.entries}


class Failure(Exception):
    """A pack cannot be written; the text says why."""


def read_records(path: str, identity: bytes) -> tuple[list[Record], set[tuple[int, bool]]]:
    """Return the regions of a pack, in the order in which they were published, and what cannot be compiled."""
    opened = open_pack(path, identity)
    if isinstance(opened, str):
        return [], set()
    fd, header = opened
    with open(fd, "rb") as file:
        file.seek(HEADER_SIZE)
        code = file.read(header.code_size)
        parts = [file.read(size) for size in header.parts]
    memory = Contents()
    for address, data in runs_of(parts[2], parts[3]):
        memory.add(address, data)
    regions, failed = marshal.loads(parts[4])
    records = []
    for entries, thumb, ranges, offset, size, faults, fault_count, instructions in regions:
        piece = Piece(code[offset : offset + size], faults, fault_count, entries, ranges, instructions)
        records.append(Record(piece, thumb, [memory.read(*pair) for pair in ranges]))
    return records, set(failed)


def _moved_site(data: bytes | bytearray, at: int, base: int, to: int) -> bytes:
    """Return the site record at `at` of `data`, as it is at `to` of code that begins at `base`."""
    access, stub, first, second = _SITE.unpack_from(data, at)
    by = at - base - to
    return _SITE.pack(access + by, stub + by, first, second)


class Contents:
    """What is known of guest memory: pages, and which of their bytes."""

    def __init__(self) -> None:
        self.pages: dict[int, tuple[bytearray, bytearray]] = {}

    def _parts(self, start: int, end: int) -> Iterator[tuple[int, int, int]]:
        while start < end:
            page, offset = divmod(start, PAGE)
            size = min(PAGE - offset, end - start)
            yield page, offset, size
            start += size

    def add(self, start: int, data: bytes) -> None:
        """Know some bytes."""
        at = 0
        for page, offset, size in self._parts(start, start + len(data)):
            have, known = self.pages.setdefault(page, (bytearray(PAGE), bytearray(PAGE)))
            have[offset : offset + size] = data[at : at + size]
            known[offset : offset + size] = b"\xff" * size
            at += size

    def agrees(self, start: int, data: bytes) -> bool:
        """Say whether nothing else is known to be there."""
        at = 0
        for page, offset, size in self._parts(start, start + len(data)):
            if page in self.pages:
                have, known = (int.from_bytes(part[offset : offset + size], "little") for part in self.pages[page])
                if (have ^ int.from_bytes(data[at : at + size], "little")) & known:
                    return False
            at += size
        return True

    def read(self, start: int, end: int) -> bytes:
        """Return what is there, or nothing if not all of it is known."""
        parts: list[bytes] = []
        for page, offset, size in self._parts(start, end):
            have, known = self.pages.get(page, (b"", b""))
            if known[offset : offset + size].count(0xFF) != size:
                return b""
            parts.append(bytes(have[offset : offset + size]))
        return b"".join(parts)

    def runs(self) -> Iterator[tuple[int, bytes]]:
        """List what is known: address, bytes."""
        begin = end_of_run = -1
        parts: list[bytes] = []
        for page in sorted(self.pages):
            have, known = self.pages[page]
            at = 0
            while at < PAGE:
                if known[at]:
                    end = known.find(0, at)
                    end = PAGE if end < 0 else end
                    if end_of_run != page * PAGE + at:
                        if parts:
                            yield begin, b"".join(parts)
                        begin, parts = page * PAGE + at, []
                    parts.append(bytes(have[at:end]))
                    at = end
                    end_of_run = page * PAGE + end
                else:
                    at = known.find(0xFF, at)
                    at = PAGE if at < 0 else at
        if parts:
            yield begin, b"".join(parts)


def merge(old: list[Record], new: list[Record]) -> list[Record]:
    """Return the regions worth keeping, in the order in which they are to be published: later ones win.

    Regions that were made of other code than later ones are stale; of two with the same first entry the later one has
    seen more.
    """
    known = Contents()
    kept: list[Record] = []
    taken: set[tuple[int, bool]] = set()
    for record in reversed([*old, *new]):
        if record.keys <= taken:
            continue
        code = [(start, data) for (start, _), data in zip(record.piece.ranges, record.contents, strict=True)]
        if not all(data and known.agrees(start, data) for start, data in code):
            continue
        for start, data in code:
            known.add(start, data)
        taken |= record.keys
        kept.append(record)
    kept.reverse()
    size = 0
    for number in range(len(kept) - 1, -1, -1):
        size += len(kept[number].piece.code)
        if size > MOST_CODE:
            return kept[number + 1 :]
    return kept


def _runs(records: list[Record]) -> tuple[bytes, bytes]:
    """Return the runs and the bytes of a pack."""
    known = Contents()
    for record in records:
        for (start, _), data in zip(record.piece.ranges, record.contents, strict=True):
            known.add(start, data)
    runs = list(known.runs())
    return b"".join(struct.pack("<QQ", at, len(data)) for at, data in runs), b"".join(data for _, data in runs)


def encode(records: list[Record], failed: set[tuple[int, bool]], identity: bytes) -> tuple[bytes, bytes]:
    """Return a pack and its digest."""
    code = bytearray()
    places = []
    for record in records:
        code += bytes(-len(code) % ALIGNMENT)
        places.append(len(code))
        code += record.piece.code
    code += bytes(-len(code) % ALIGNMENT)
    all_faults = len(code)
    index = []
    sites: dict[int, int] = {}
    count = 0
    for record, place in zip(records, places, strict=True):
        piece = record.piece
        for number in range(piece.fault_count):
            code += _moved_site(piece.code, piece.faults + FAULT_RECORD * number, 0, len(code) - place)
        count += piece.fault_count
        values = (piece.entries, record.thumb, piece.ranges, place, len(piece.code), piece.faults, piece.fault_count)
        index.append((*values, piece.instructions))
        for entry in piece.entries:
            sites[THUMB_TABLE + (entry >> 1) * ENTRY_SIZE if record.thumb else (entry >> 2) * ENTRY_SIZE] = place
    code += bytes(-len(code) % PAGE)
    runs, contents = _runs(records)
    described = marshal.dumps((index, sorted(failed)))
    body = b"".join(
        [
            bytes(code),
            b"".join(struct.pack("<QQ", at, 4) for at in sites),
            b"".join(struct.pack("<I", place) for place in sites.values()),
            *(runs, contents, described),
        ]
    )
    digest = blake2b(body, digest_size=16).digest()
    numbers = (HEADER_SIZE + len(body), len(code), all_faults, count, len(sites), len(runs) // 16, len(contents))
    header = HEADER.pack(MAGIC, identity, digest, *numbers, len(described))
    return header.ljust(HEADER_SIZE, b"\0") + body, digest


@contextlib.contextmanager
def _locked(root: str) -> Iterator[None]:
    """Hold the cache's lock."""
    os.makedirs(root, mode=0o700, exist_ok=True)
    lock = os.open(os.path.join(root, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def save(
    root: str,
    key: str,
    identity: bytes,
    records: list[Record],
    failed: set[tuple[int, bool]],
    *,
    limit: int,
    stale: bool = False,
    beneath: bool = False,
) -> list[Record]:
    """Add regions to an image's pack; return those that it has then. Raises Failure.

    What is there is not kept if it is `stale`, and counts as newer if the regions go `beneath` it.
    """
    directory = os.path.join(root, key)
    path = os.path.join(directory, f"{identity.hex()}.pack")
    try:
        with _locked(root):
            os.makedirs(directory, mode=0o700, exist_ok=True)
            old, old_failed = ([], set()) if stale else read_records(path, identity)
            merged = merge(records, old) if beneath else merge(old, records)
            if not merged:
                return []
            data, digest = encode(merged, failed | old_failed, identity)
            _write(path, data, digest)
            evict(root, limit, keep=path)
            return merged
    except OSError as error:
        raise Failure(f"the code cache in {root} cannot be written: {error.strerror}") from None


def _write(path: str, data: bytes, digest: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    temporary = f"{path}.{os.getpid()}.tmp"
    with contextlib.suppress(FileNotFoundError):  # left behind by one that was killed
        os.unlink(temporary)
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as file:
            file.write(data)
        now = time.time_ns()
        os.utime(temporary, ns=(now, now // 1_000_000_000 * 1_000_000_000 + stamp(digest)))
        os.replace(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def packs(root: str) -> list[tuple[str, os.stat_result]]:
    """List the packs and temporary files of the cache, the one used last at the end."""
    found = []
    with contextlib.suppress(OSError):
        for directory in os.scandir(root):
            if not directory.is_dir(follow_symlinks=False):
                continue
            with contextlib.suppress(OSError):
                for entry in os.scandir(directory.path):
                    if entry.name.endswith((".pack", ".tmp")):
                        with contextlib.suppress(OSError):
                            found.append((entry.path, entry.stat(follow_symlinks=False)))
    return sorted(found, key=lambda item: item[1].st_atime)


def evict(root: str, limit: int, *, keep: str = "") -> int:
    """Remove what was used longest ago until the cache is within its limit; return how many files went."""
    found = packs(root)
    size = sum(status.st_size for _, status in found)
    gone = 0
    for path, status in found:
        abandoned = path.endswith(".tmp") and time.time() - status.st_mtime > OLD
        if (size <= limit and not abandoned) or path == keep:
            continue
        with contextlib.suppress(OSError):
            os.unlink(path)
            size -= status.st_size
            gone += 1
        with contextlib.suppress(OSError):
            os.rmdir(os.path.dirname(path))
    return gone
