"""Names for guest addresses, from the symbol tables of an ELF file.

Only crash reports and disassembly ask, so the tables are read at the first question; a damaged or
missing table gives no names, never an error.
"""

from __future__ import annotations

import struct

from stinkarm.guest.elf import EHDR_SIZE, read_at, size_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

SHT_SYMTAB = 2
SHT_DYNSYM = 11
SHN_UNDEF = 0
SHN_LORESERVE = 0xFF00
STT_FUNC = 2  # above STT_NOTYPE and STT_OBJECT

_SHDR_SIZE = 40
_SYM_SIZE = 16
_MAX_TABLE = 64 << 20  # bytes of a table worth reading
_MAX_NAME = 4096


class Symbols:
    """The symbols of one file, mapped with the load bias `base`."""

    __slots__ = ("_base", "_kinds", "_loaded", "_names", "_source", "_symbols")

    def __init__(self, source: int | bytes, base: int = 0) -> None:
        self._source = source
        self._base = base
        self._loaded = False
        self._symbols: list[tuple[int, int, int, str]] = []  # (address, rank, size, name), sorted
        self._kinds: list[tuple[int, str]] = []  # mapping symbols: (address, "a", "t" or "d"), sorted
        self._names: dict[str, int] = {}

    def lookup(self, address: int) -> tuple[str, int] | None:
        """Give the symbol that an address belongs to, and the distance from its start."""
        self._load()
        symbols = self._symbols
        index = _last_not_above(symbols, address)
        if index < 0:
            return None
        start, _, size, name = symbols[index]
        if size and address >= start + size:
            return None
        return name, address - start

    def name(self, address: int) -> str:
        """Write an address as `name+0x10`, or give "" when it has no name."""
        found = self.lookup(address)
        if found is None:
            return ""
        return f"{found[0]}+{found[1]:#x}" if found[1] else found[0]

    def find(self, name: str) -> int | None:
        """Give the address of a symbol, with bit 0 set for a T32 function."""
        self._load()
        return self._names.get(name)

    def kind(self, address: int) -> str | None:
        """Say what an address holds: "a" (A32), "t" (T32) or "d" (data), by the mapping symbols."""
        self._load()
        index = _last_not_above(self._kinds, address)
        return self._kinds[index][1] if index >= 0 else None

    def functions(self) -> list[int]:
        """List the addresses of functions, with bit 0 set for T32 ones."""
        try:
            symbols, _, _ = _symbol_table(self._source)
        except (OSError, struct.error):
            return []
        return sorted(
            {
                (st_value + self._base) & 0xFFFFFFFF
                for _, st_value, _, st_info, _, st_shndx in struct.iter_unpack("<IIIBBH", symbols)
                if st_info & 0xF == STT_FUNC and SHN_UNDEF < st_shndx < SHN_LORESERVE
            }
        )

    def _load(self) -> None:
        if self._loaded:
            return
        self._loaded = True
        try:
            table = _symbol_table(self._source)
        except (OSError, struct.error):  # no names: the file is damaged, or gone
            return
        self._add(*table)
        self._symbols.sort()
        self._kinds.sort()

    def _add(self, symbols: bytes, strings: bytes, section_ends: list[int]) -> None:
        for st_name, st_value, st_size, st_info, _, st_shndx in struct.iter_unpack("<IIIBBH", symbols):
            kind = st_info & 0xF
            if st_shndx == SHN_UNDEF or st_shndx >= SHN_LORESERVE or kind > STT_FUNC:
                continue
            end = strings.find(b"\0", st_name, st_name + _MAX_NAME)
            name = _shown(strings[st_name:end]) if end > st_name else ""
            address = (st_value + self._base) & 0xFFFFFFFF
            if name[:2] in ("$a", "$t", "$d") and name[2:3] in ("", "."):
                self._kinds.append((address, name[1]))
            elif name and not name.startswith("$"):
                self._names.setdefault(name, address)
                if kind == STT_FUNC:
                    address &= ~1
                if not st_size and st_shndx < len(section_ends):  # a label's reach ends with its section
                    st_size = max(1, section_ends[st_shndx] - st_value)
                # Of several at one address the last is found: functions before objects before labels.
                self._symbols.append((address, kind, st_size, name))


def _last_not_above(rows: Sequence[tuple[int, *tuple[object, ...]]], address: int) -> int:
    """Find the last of rows, sorted by the address they begin with, that is not above `address`; -1 if none."""
    low, high = 0, len(rows)
    while low < high:
        middle = (low + high) >> 1
        if rows[middle][0] > address:
            high = middle
        else:
            low = middle + 1
    return low - 1


def _shown(name: bytes) -> str:
    """Decode a name, with nothing in it that a terminal would obey: the file is not to be trusted."""
    text = name.decode("utf-8", "replace")
    return text if text.isprintable() else "".join(c if c.isprintable() else "\ufffd" for c in text)


def _symbol_table(source: int | bytes) -> tuple[bytes, bytes, list[int]]:
    """Read .symtab, or without one .dynsym, the strings that go with it, and where each section ends.

    The gABI allows one of each; of more, the first counts.
    """
    size = size_of(source)
    header = read_at(source, 0, EHDR_SIZE)
    if len(header) < EHDR_SIZE or header[:6] != b"\x7fELF\1\1":
        return b"", b"", []
    (shoff,) = struct.unpack_from("<I", header, 32)
    shentsize, shnum = struct.unpack_from("<HH", header, 46)
    if shentsize != _SHDR_SIZE or shoff + shnum * _SHDR_SIZE > size:
        return b"", b"", []
    sections = list(struct.iter_unpack("<10I", read_at(source, shoff, shnum * _SHDR_SIZE)))
    for wanted in (SHT_SYMTAB, SHT_DYNSYM):
        for section in sections:
            if section[1] == wanted and section[6] < len(sections):
                symbols = _section_content(source, section, size)
                strings = _section_content(source, sections[section[6]], size)
                ends = [address + length for _, _, _, address, _, length, *_ in sections]
                return symbols[: len(symbols) // _SYM_SIZE * _SYM_SIZE], strings, ends
    return b"", b"", []


def _section_content(source: int | bytes, section: tuple[int, ...], file_size: int) -> bytes:
    offset, size = section[4], section[5]
    if offset + size > file_size or size > _MAX_TABLE:
        return b""
    return read_at(source, offset, size)
