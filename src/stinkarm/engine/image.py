"""The file that holds the native interpreter: its header, and at its end what compiled regions may call."""

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


def pack_routines(routines: dict[str, int]) -> bytes:
    """Return the table of routines (name, distance from `decode`), which ends with its own size."""
    text = "\n".join(f"{name} {offset}" for name, offset in sorted(routines.items())).encode()
    return text + struct.pack("<I", len(text))


def unpack_routines(data: bytes) -> dict[str, int]:
    """Return the table of routines of a whole interpreter file."""
    (size,) = struct.unpack("<I", data[-4:])
    lines = data[-4 - size : -4].decode().splitlines()
    return {name: int(offset) for name, _, offset in (line.partition(" ") for line in lines)}
