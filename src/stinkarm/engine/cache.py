"""The persistent code cache: finding a file of compiled regions for a file that a program maps, and mapping that in.

    ~/.cache/stinkarm/code/KEY/IMAGE.pack

KEY stands for everything that the machine code depends on but the guest's code: the interpreter, the modules that make
regions, the host's level. IMAGE stands for a mapped file: where it lies in guest memory and what some of its pages
hold. What regions were made of is kept in the pack and compared with memory before any of them is published.

A pack is a page of header, the machine code, and what is said about it (in this order):

    sites     the addresses of the code table's entries, as if the table began at 0: pairs (address, 4)
    handlers  for each of these, where in the machine code its region begins
    runs      the guest memory that regions were made of: pairs (address, size)
    bytes     what was there
    index     marshal's form of Record tuples, and of places that cannot be compiled

All but the index is in the form in which the kernel takes it, so that thousands of regions are compared with three
calls and published with as many. `cache_writer.py` writes packs.
"""

from __future__ import annotations

import os
import struct
import time

from ..guest import native as ctypes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .code_space import CodeSpace

PAGE = 4096
HEADER_SIZE = 4096
MAGIC = b"stinkarm pack 1\n"
HEADER = struct.Struct("<16s 16s 16s 8Q")  # magic, image, digest of the rest, the numbers below
NUMBERS = ("size", "code_size", "faults", "fault_count", "sites", "runs", "bytes", "index")
DEFAULT_LIMIT = 256 << 20  # bytes of packs
MOST_VECTORS = 1024  # IOV_MAX
USED_AFTER = 3600  # seconds after which it is noted again that a pack is in use


def size_limit() -> int:
    """Return how many bytes the packs may have, which the environment may say."""
    size = parse_size(os.environ.get("STINKARM_CACHE_SIZE", ""))
    return size if size >= 0 else DEFAULT_LIMIT


class Header:
    """The header of a pack: `identity` of the image, `digest` of what follows, and sizes and places of that."""

    __slots__ = ("digest", "identity", *NUMBERS)

    def __init__(self, identity: bytes, digest: bytes, numbers: tuple[int, ...]) -> None:
        self.identity = identity
        self.digest = digest
        for name, number in zip(NUMBERS, numbers, strict=True):
            setattr(self, name, number)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> int: ...

    @property
    def parts(self) -> tuple[int, int, int, int, int]:
        """The sizes of sites, handlers, runs, bytes and index."""
        return 16 * self.sites, 4 * self.sites, 16 * self.runs, self.bytes, self.index


def unpack_header(data: bytes, size: int, identity: bytes) -> Header | None:
    """Return the header of a file of `size` bytes, or None if it is no pack of the image, or not a whole one."""
    if len(data) < HEADER.size:
        return None
    magic, image, digest, *numbers = HEADER.unpack_from(data)
    header = Header(image, digest, tuple(numbers))
    whole = HEADER_SIZE + header.code_size + sum(header.parts)
    if magic != MAGIC or image != identity or header.size != size or whole != size or header.code_size % PAGE:
        return None
    return header if header.faults + 16 * header.fault_count <= header.code_size else None


def stamp(digest: bytes) -> int:
    """Return the nanoseconds of a pack's modification time: who changes it afterwards changes them."""
    return int.from_bytes(digest[:8], "little") % 1_000_000_000


def is_whole(fd: int, header: Header) -> bool:
    """Compute the digest of a pack and compare."""
    from _blake2 import blake2b

    digest = blake2b(digest_size=16)
    at = HEADER_SIZE
    while at < header.size:
        data = os.pread(fd, 1 << 20, at)
        if not data:
            return False
        digest.update(data)
        at += len(data)
    return bool(digest.digest() == header.digest)


def open_pack(path: str, identity: bytes) -> tuple[int, Header] | str:
    """Open a pack that is the user's own and whole; return its descriptor and header, or why not ("" if there is none).

    One that is not whole is removed.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"it cannot be opened: {error.strerror}"
    why = "it is not whole"
    try:
        status = os.fstat(fd)
        if status.st_uid != os.geteuid() or status.st_mode & 0o170022 != 0o100000:
            os.close(fd)
            return "it belongs to another user or can be changed by one"
        header = unpack_header(os.read(fd, HEADER.size), status.st_size, identity)
        if header is not None and (status.st_mtime_ns % 1_000_000_000 == stamp(header.digest) or is_whole(fd, header)):
            if time.time() - status.st_atime > USED_AFTER:
                _note_use(fd, status)
            return fd, header
    except OSError as error:
        why = f"it cannot be read: {error.strerror}"
    os.close(fd)
    try:
        os.unlink(path)
    except OSError:
        return f"{why}, and cannot be removed"
    return f"{why}: it is removed"


def _note_use(fd: int, status: os.stat_result) -> None:
    try:
        os.utime(fd, ns=(time.time_ns(), status.st_mtime_ns))
    except OSError:  # a file system that is only read
        return


class Pack:
    """A pack that is mapped: where it is in the code space, and what it says about its regions."""

    __slots__ = ("bytes", "handlers", "index", "offset", "runs", "sites", "values")

    def __init__(self, offset: int, parts: list[bytes]) -> None:
        self.offset = offset
        self.sites, self.handlers, self.runs, self.bytes, self.index = parts
        self.values: tuple[list[Any], list[Any]] | None = None

    def read(self) -> tuple[list[Any], list[Any]]:
        """Return the index: tuples (entries, thumb, ranges, offset, size, faults, fault_count, instructions), and
        (entry, thumb) of what cannot be compiled.
        """
        if self.values is None:
            import marshal

            self.values = marshal.loads(self.index)
        return self.values

    @property
    def span(self) -> tuple[int, int]:
        """The lowest and the highest guest address that regions were made of."""
        runs = self.runs
        low = int.from_bytes(runs[:8], "little")
        at, size = struct.unpack("<QQ", runs[-16:])
        return low, at + size


def load_pack(fd: int, header: Header, space: CodeSpace, *, anonymous: bool = False) -> Pack | None:
    """Map a pack that was opened, and close it; None if there is no room for it.

    `anonymous`: the mapping does not name the file.
    """
    try:
        at = HEADER_SIZE + header.code_size
        data = os.pread(fd, header.size - at, at)
        if len(data) != header.size - at:
            return None
        offset = space.add_file(
            *(fd, HEADER_SIZE, header.code_size, header.faults, header.fault_count), anonymous=anonymous
        )
    except OSError:
        return None
    finally:
        os.close(fd)
    if not offset:
        return None
    parts, at = [], 0
    for size in header.parts:
        parts.append(data[at : at + size])
        at += size
    return Pack(offset, parts)


def runs_of(vectors: bytes, data: bytes) -> list[tuple[int, bytes]]:
    """Return the runs of a pack: address, bytes."""
    runs, at = [], 0
    for address, size in struct.iter_unpack("<QQ", vectors):
        runs.append((address, data[at : at + size]))
        at += size
    return runs


def _moved(vectors: bytes, by: int) -> bytes:
    """Add to the address of each of many (address, size) pairs at once."""
    count = len(vectors) // 16
    each = int.from_bytes((by.to_bytes(8, "little") + bytes(8)) * count, "little")
    return (int.from_bytes(vectors, "little") + each).to_bytes(len(vectors), "little")


_quick = ctypes.PyDLL(None, use_errno=True)
_vectored = (_quick.process_vm_readv, _quick.process_vm_writev)
for _function in _vectored:
    _function.restype = ctypes.c_ssize_t
    _function.argtypes = [
        *(ctypes.c_int, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_ulong),
    ]


def _transfer(local: Any, vectors: bytes, *, write: bool) -> bool:
    """Copy between a buffer and many places of this process; False unless all of it went."""
    call = _vectored[write]
    one = (ctypes.c_uint64 * 2)()
    many = ctypes.create_string_buffer(len(vectors))
    ctypes.memmove(many, vectors, len(vectors))
    sizes = memoryview(vectors).cast("Q")[1::2]
    done = 0
    for first in range(0, len(sizes), MOST_VECTORS):
        size = sum(sizes[first : first + MOST_VECTORS])
        one[0], one[1] = ctypes.addressof(local) + done, size
        count = min(MOST_VECTORS, len(sizes) - first)
        if call(os.getpid(), ctypes.addressof(one), 1, ctypes.addressof(many) + 16 * first, count, 0) != size:
            return False
        done += size
    return True


def is_current(pack: Pack, base: int) -> bool:
    """Say whether guest memory holds all that the regions were made of."""
    size = len(pack.bytes)
    if not size:
        return False
    found = ctypes.create_string_buffer(size)
    return _transfer(found, _moved(pack.runs, base), write=False) and found.raw == pack.bytes


def publish_all(pack: Pack, table: int) -> bool:
    """Let the code table at host address `table` lead to all regions; False if nothing may be written that way."""
    handlers = pack.handlers
    each = int.from_bytes(pack.offset.to_bytes(4, "little") * (len(handlers) // 4), "little")
    values = ctypes.create_string_buffer(len(handlers))
    ctypes.memmove(values, (int.from_bytes(handlers, "little") + each).to_bytes(len(handlers), "little"), len(handlers))
    return _transfer(values, _moved(pack.sites, table), write=True)


def parse_size(text: str) -> int:
    """Read a number of bytes with an optional k, M or G; -1 if it is none."""
    scale = {"k": 10, "m": 20, "g": 30}.get(text[-1:].lower())
    digits = text if scale is None else text[:-1]
    return int(digits) << (scale or 0) if digits.isascii() and digits.isdigit() and len(digits) < 12 else -1
