"""The file that holds the native interpreter: its header."""

import struct

MAGIC = b"stinkarm interpreter 2\n"
HEADER_SIZE = 4096
SYMBOLS = ("run", "on_fault", "decode")
_LAYOUT = struct.Struct(f"<24s{len(SYMBOLS) + 1}I")


def pack_header(offsets: list[int], size: int) -> bytes:
    """Return the header page of a file of `size` bytes; `offsets` as SYMBOLS, counted from the end of the header."""
    return _LAYOUT.pack(MAGIC, *offsets, size).ljust(HEADER_SIZE, b"\0")


def unpack_header(data: bytes, size: int) -> "list[int] | None":
    """Return the offsets, or None when this is not an interpreter file, or not all of one."""
    if len(data) < _LAYOUT.size:
        return None
    magic, *offsets, whole = _LAYOUT.unpack_from(data)
    return offsets if magic.rstrip(b"\0") == MAGIC and whole == size else None
