"""Names for guest addresses, from the symbol tables of an ELF file.

Only crash reports and disassembly ask, so the tables are read at the first question; a damaged or
missing table gives no names, never an error.
"""

from __future__ import annotations

import struct
from contextlib import suppress

from stinkarm.guest.sections import Sections

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    Table = tuple[bytes, bytes, list[int]]  # rows of Elf32_Sym, their strings, where each section ends

SHT_SYMTAB = 2
SHT_DYNSYM = 11
SHN_UNDEF = 0
SHN_LORESERVE = 0xFF00
STT_FUNC = 2  # above STT_NOTYPE and STT_OBJECT

_SYM_SIZE = 16
_MAX_NAME = 4096
_MAX_SAME = 64  # rows of one name worth looking at
_MAX_ROWS = 4096  # rows below an address worth looking at


class Symbols:
    """The symbols of one file, mapped with the load bias `base`.

    `source` is an open file, its content, or the tables themselves. Tables stay as they are in
    the file: a crash report looks at a dozen of perhaps a hundred thousand rows.
    """

    __slots__ = (
        "_base",
        "_ends",
        "_info",
        "_kinds",
        "_loaded",
        "_names",
        "_order",
        "_sizes",
        "_source",
        "_strings",
        "_values",
    )

    def __init__(self, source: int | bytes | Table, base: int = 0) -> None:
        self._source = source
        self._base = base
        self._loaded = False
        self._names: list[int] = []  # st_name of each row, and so on
        self._values: list[int] = []
        self._sizes: list[int] = []
        self._info: list[int] = []  # st_info, st_other and st_shndx as one word
        self._order: list[int] = []  # the rows by st_value
        self._strings = b""
        self._ends: list[int] = []
        self._kinds: list[tuple[int, str]] | None = None  # mapping symbols: (address, "a", "t" or "d"), sorted

    def lookup(self, address: int, *, reach: bool = True) -> tuple[str, int] | None:
        """Give the symbol that an address belongs to, and the distance from its start.

        Without `reach` it is the last one that starts there or before, wherever that ends.
        """
        found = self._row_at(address)
        if found is None or (reach and not found[1] <= address < found[2]):
            return None
        return found[0], address - found[1]

    def extent(self, address: int) -> tuple[int, int] | None:
        """Give where the symbol that an address belongs to starts and ends."""
        found = self._row_at(address)
        return found[1:] if found is not None and address < found[2] else None

    def _row_at(self, address: int) -> tuple[str, int, int] | None:
        """Find the last symbol that starts at an address or before: its name, start and end."""
        self._load()
        wanted = (address - self._base) & 0xFFFFFFFF
        best: tuple[int, int, int, str] | None = None  # of several at one address: functions, objects, labels
        last = self._last_not_above(wanted | 1)
        for index in range(last, max(-1, last - _MAX_ROWS), -1):
            row = self._order[index]
            if best is not None and self._values[row] & ~1 < best[0] & ~1:
                break
            found = self._read_row(row)
            if found is not None and found[0] <= wanted and (best is None or found > best):
                best = found
        if best is None:
            return None
        start = address - wanted + best[0]
        return best[3], start, start + best[2] if best[2] else 1 << 32

    def _read_row(self, row: int) -> tuple[int, int, int, str] | None:
        """Give (value, type, size, name) of a symbol that names something, else None."""
        info = self._info[row]
        kind, st_shndx = info & 0xF, info >> 16
        if st_shndx == SHN_UNDEF or st_shndx >= SHN_LORESERVE or kind > STT_FUNC:
            return None
        name = self._name(row)
        if not name or name.startswith("$"):
            return None
        st_value, st_size = self._values[row], self._sizes[row]
        if not st_size and st_shndx < len(self._ends):  # a label's reach ends with its section
            st_size = max(1, self._ends[st_shndx] - st_value)
        return st_value & ~1 if kind == STT_FUNC else st_value, kind, st_size, name

    def _name(self, row: int) -> str:
        st_name = self._names[row]
        end = self._strings.find(b"\0", st_name, st_name + _MAX_NAME)
        return _shown(self._strings[st_name:end]) if end > st_name else ""

    def _last_not_above(self, value: int) -> int:
        """Find the last place in the order whose st_value is not above `value`; -1 if none."""
        low, high = 0, len(self._order)
        while low < high:
            middle = (low + high) >> 1
            if self._values[self._order[middle]] > value:
                high = middle
            else:
                low = middle + 1
        return low - 1

    def name(self, address: int) -> str:
        """Write an address as `name+0x10`, or give "" when it has no name."""
        found = self.lookup(address)
        if found is None:
            return ""
        return f"{found[0]}+{found[1]:#x}" if found[1] else found[0]

    def find(self, name: str) -> int | None:
        """Give the address of a symbol, with bit 0 set for a T32 function."""
        self._load()
        wanted = name.encode("utf-8", "replace")
        if not wanted or b"\0" in wanted or name.startswith("$"):
            return None
        rows: list[int] = []
        at = -1
        # A name may be the end of a longer one, and nobody has said that it is there only once.
        while len(rows) < _MAX_SAME and (at := self._strings.find(wanted + b"\0", at + 1)) >= 0:
            row = -1
            with suppress(ValueError):
                while len(rows) < _MAX_SAME:
                    row = self._names.index(at, row + 1)
                    rows.append(row)
        for row in sorted(rows):
            if self._read_row(row) is not None:
                return (self._values[row] + self._base) & 0xFFFFFFFF
        return None

    def names(self) -> Iterator[str]:
        """Give the names of all symbols that `find` finds."""
        self._load()
        for row in range(len(self._names)):
            found = self._read_row(row)
            if found is not None:
                yield found[3]

    def kind(self, address: int) -> str | None:
        """Say what an address holds: "a" (A32), "t" (T32) or "d" (data), by the mapping symbols."""
        self._load()
        if self._kinds is None:
            self._kinds = sorted(self._mapping_symbols())
        low, high = 0, len(self._kinds)
        while low < high:
            middle = (low + high) >> 1
            if self._kinds[middle][0] > address:
                high = middle
            else:
                low = middle + 1
        return self._kinds[low - 1][1] if low else None

    def _mapping_symbols(self) -> Iterator[tuple[int, str]]:
        for row, info in enumerate(self._info):
            if info & 0xF == 0 and SHN_UNDEF < info >> 16 < SHN_LORESERVE:
                name = self._strings[self._names[row] : self._names[row] + 3]
                if name[:2] in (b"$a", b"$t", b"$d") and name[2:] in (b"\0", b".", b""):
                    yield (self._values[row] + self._base) & 0xFFFFFFFF, chr(name[1])

    def functions(self) -> list[int]:
        """List the addresses of functions, with bit 0 set for T32 ones."""
        self._load()
        return sorted(
            {
                (st_value + self._base) & 0xFFFFFFFF
                for st_value, info in zip(self._values, self._info, strict=True)
                if info & 0xF == STT_FUNC and SHN_UNDEF < info >> 16 < SHN_LORESERVE
            }
        )

    def _load(self) -> None:
        if self._loaded:
            return
        self._loaded = True
        try:
            source = self._source
            symbols, self._strings, self._ends = source if isinstance(source, tuple) else _symbol_table(source)
        except (OSError, struct.error):  # no names: the file is damaged, or gone
            return
        words = memoryview(symbols).cast("I")
        self._names, self._values = words[0::4].tolist(), words[1::4].tolist()
        self._sizes, self._info = words[2::4].tolist(), words[3::4].tolist()
        self._order = sorted(range(len(self._values)), key=self._values.__getitem__)


def _shown(name: bytes) -> str:
    """Decode a name, with nothing in it that a terminal would obey: the file is not to be trusted."""
    text = name.decode("utf-8", "replace")
    return text if text.isprintable() else "".join(c if c.isprintable() else "\ufffd" for c in text)


def _symbol_table(source: int | bytes) -> Table:
    """Read .symtab, or without one .dynsym, the strings that go with it, and where each section ends.

    The gABI allows one of each; of more, the first counts.
    """
    file = Sections(source)
    return table_of(file, SHT_SYMTAB) or table_of(file, SHT_DYNSYM) or (b"", b"", [])


def table_of(file: Sections, wanted: int) -> Table | None:
    """Read the first symbol table of a type, or give None."""
    sections = file.headers
    for section in sections:
        if section.sh_type == wanted and section.sh_link < len(sections):
            symbols = file.content(section)
            strings = file.content(sections[section.sh_link])
            ends = [section.sh_addr + section.sh_size for section in sections]
            return symbols[: len(symbols) // _SYM_SIZE * _SYM_SIZE], strings, ends
    return None
