"""The file that holds the native interpreter: its header."""

import struct

MAGIC = b"stinkarm interpreter 1\n"
HEADER_SIZE = 4096
SYMBOLS = ("run", "on_fault", "decode")
_LAYOUT = struct.Struct(f"<24s{len(SYMBOLS)}I")


def pack_header(offsets: list[int]) -> bytes:
    """Return the header page; `offsets` in the order of SYMBOLS, counted from the end of the header."""
    return _LAYOUT.pack(MAGIC, *offsets).ljust(HEADER_SIZE, b"\0")


def unpack_header(data: bytes) -> "list[int] | None":
    """Return the offsets, or None when this is not an interpreter file."""
    if len(data) < _LAYOUT.size:
        return None
    magic, *offsets = _LAYOUT.unpack_from(data)
    return offsets if magic.rstrip(b"\0") == MAGIC else None
