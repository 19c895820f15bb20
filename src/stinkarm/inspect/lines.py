"""Source lines of addresses, from DWARF 2 to 5: .debug_line, and of .debug_info what finds the right part of it.

Only the first entry of a unit is read, and the line table of one unit. The file is not to be trusted: what is damaged
gives no line, in bounded time.
"""

from __future__ import annotations

import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    ReadSection = Callable[[str], bytes]

DW_AT_NAME, DW_AT_STMT_LIST, DW_AT_LOW_PC, DW_AT_HIGH_PC, DW_AT_COMP_DIR, DW_AT_RANGES = (
    0x3,
    0x10,
    0x11,
    0x12,
    0x1B,
    0x55,
)
DW_AT_STR_OFFSETS_BASE, DW_AT_ADDR_BASE, DW_AT_RNGLISTS_BASE = 0x72, 0x73, 0x74

DW_FORM_ADDR, DW_FORM_STRING, DW_FORM_STRP, DW_FORM_LINE_STRP, DW_FORM_IMPLICIT_CONST = 0x1, 0x8, 0xE, 0x1F, 0x21
DW_FORM_ADDRX, DW_FORM_STRX, DW_FORM_RNGLISTX, DW_FORM_UDATA, DW_FORM_INDIRECT = 0x1B, 0x1A, 0x23, 0xF, 0x16
# Sizes in bytes of the forms that are numbers of a fixed one.
_FIXED = {
    **{DW_FORM_ADDR: 4, 0x5: 2, 0x6: 4, 0x7: 8, 0xB: 1, 0xC: 1, DW_FORM_STRP: 4, 0x10: 4, 0x11: 1, 0x12: 2, 0x13: 4},
    **{0x14: 8, 0x17: 4, 0x19: 0, 0x1C: 4, 0x1D: 4, 0x1E: 16, DW_FORM_LINE_STRP: 4, 0x20: 8, 0x24: 8, 0x25: 1, 0x26: 2},
    **{0x27: 3, 0x28: 4, 0x29: 1, 0x2A: 2, 0x2B: 3, 0x2C: 4, 0x1F20: 4, 0x1F21: 4},
}
_STRING_INDEXES = (DW_FORM_STRX, 0x25, 0x26, 0x27, 0x28)
_ADDRESS_INDEXES = (DW_FORM_ADDRX, 0x29, 0x2A, 0x2B, 0x2C)
_ULEB = (DW_FORM_UDATA, 0x15, DW_FORM_STRX, DW_FORM_ADDRX, 0x22, DW_FORM_RNGLISTX)
_BLOCKS = {0xA: 1, 0x3: 2, 0x4: 4}  # DW_FORM_block1, block2, block4: bytes of their size
DW_FORM_SDATA, DW_FORM_BLOCK, DW_FORM_EXPRLOC = 0xD, 0x9, 0x18

_MASK = 0xFFFFFFFF
_MAX_UNITS = 1 << 16
_MAX_STEPS = 1 << 18  # operations of line programs carried out for one file
_MAX_NAMES = 1 << 14


class Damaged(Exception):
    """What is read is not DWARF, or not of a kind that is known here."""


class Reader:
    """Numbers of a section, read one after the other."""

    __slots__ = ("at", "data", "end")

    def __init__(self, data: bytes, at: int = 0, end: int | None = None) -> None:
        self.data = data
        self.at = at
        self.end = len(data) if end is None else min(end, len(data))

    def take(self, size: int) -> bytes:
        """Read bytes."""
        at = self.at
        if size < 0 or at + size > self.end:
            raise Damaged
        self.at = at + size
        return self.data[at : at + size]

    def number(self, size: int) -> int:
        """Read a number of so many bytes."""
        return int.from_bytes(self.take(size), "little")

    def uleb(self) -> int:
        """Read an unsigned LEB128."""
        value = shift = 0
        while shift < 70:
            byte = self.number(1)
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value
        raise Damaged

    def sleb(self) -> int:
        """Read a signed LEB128."""
        value = shift = 0
        while shift < 70:
            byte = self.number(1)
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value - (1 << shift) if byte & 0x40 else value
        raise Damaged

    def string(self) -> bytes:
        """Read up to a zero byte."""
        end = self.data.find(b"\0", self.at, self.end)
        if end < 0:
            raise Damaged
        text = self.data[self.at : end]
        self.at = end + 1
        return text


class _Unit:
    """What the first entry of a unit says."""

    def __init__(self) -> None:
        self.version = 0
        self.values: dict[int, tuple[int, Any]] = {}  # attribute: (form, value)

    def number(self, attribute: int) -> int | None:
        _, value = self.values.get(attribute, (0, None))
        return value if isinstance(value, int) else None


class Lines:
    """The line tables of one file; `read` gives its sections by name. Addresses are as in the file."""

    def __init__(self, read: ReadSection) -> None:
        self._read = read
        self._sections: dict[str, bytes] = {}
        self._aranges: list[tuple[int, int, int]] | None = None  # (start, end, offset of the unit)
        self._units: list[int] | None = None
        self._tables: dict[int, list[tuple[int, int, str, int]]] = {}  # (start, end, file, line), sorted
        self._steps = 0

    def find(self, address: int) -> tuple[str, int] | None:
        """Give the file and the line of an address."""
        try:
            for offset in self._units_of(address):
                unit = self._unit(offset)
                at = unit.number(DW_AT_STMT_LIST)
                if at is None:
                    continue
                table = self._tables.get(at)
                if table is None:
                    table = self._tables[at] = sorted(self._run(at, unit))
                found = _row_of(table, address)
                if found is not None:
                    return found
        except (Damaged, struct.error):
            return None
        return None

    def _section(self, name: str) -> bytes:
        if name not in self._sections:
            self._sections[name] = self._read(name)
        return self._sections[name]

    # Which unit

    def _units_of(self, address: int) -> Iterator[int]:
        """Give the offsets of the units that may have code at an address."""
        if not self._section(".debug_line"):
            return
        if self._aranges is None:
            self._aranges = list(self._read_aranges())
        known = [unit for start, end, unit in self._aranges if start <= address < end]
        yield from known
        if known:
            return
        if self._units is None:
            listed = {unit for _, _, unit in self._aranges}
            self._units = [unit for unit in self._unit_offsets() if unit not in listed]
        for offset in self._units:
            if any(start <= address < end for start, end in self._ranges(offset)):
                yield offset

    def _read_aranges(self) -> Iterator[tuple[int, int, int]]:
        data = self._section(".debug_aranges")
        at = 0
        while at + 16 <= len(data):
            length, version, unit, address_size, segment_size = struct.unpack_from("<IHIBB", data, at)
            end = min(at + 4 + length, len(data))
            if version == 2 and address_size == 4 and not segment_size:
                first = at + 16  # 12 bytes of header, and up to a multiple of a pair
                for start, size in struct.iter_unpack("<II", data[first : first + ((end - first) & ~7)]):
                    if start and size:
                        yield start, start + size, unit
            if not length:
                return
            at = end

    def _unit_offsets(self) -> Iterator[int]:
        data = self._section(".debug_info")
        at = 0
        for _ in range(_MAX_UNITS):
            if at + 11 > len(data):
                return
            yield at
            (length,) = struct.unpack_from("<I", data, at)
            if length >= 0xFFFFFFF0:
                return
            at += 4 + length

    def _unit(self, offset: int) -> _Unit:
        """Read the first entry of the unit at an offset of .debug_info."""
        reader = Reader(self._section(".debug_info"), offset)
        reader.end = min(reader.end, reader.number(4) + offset + 4)
        unit = _Unit()
        unit.version = reader.number(2)
        if not 2 <= unit.version <= 5:
            raise Damaged
        if unit.version >= 5:
            kind, address_size, abbreviations = reader.number(1), reader.number(1), reader.number(4)
            if kind in (2, 6):  # a type unit: its signature and type
                reader.take(12)
            elif kind in (4, 5):  # a skeleton: its id
                reader.take(8)
        else:
            abbreviations, address_size = reader.number(4), reader.number(1)
        if address_size != 4:
            raise Damaged
        code = reader.uleb()
        table = Reader(self._section(".debug_abbrev"), abbreviations)
        for attribute, form, constant in _abbreviation(table, code):
            unit.values[attribute] = self._value(reader, form, constant)
        return unit

    def _value(self, reader: Reader, form: int, constant: int) -> tuple[int, Any]:
        """Read an attribute's value; of strings in other sections, the offset or index."""
        if form == DW_FORM_INDIRECT:
            form = reader.uleb()
        if form in _FIXED:
            return form, reader.number(_FIXED[form])
        if form in _ULEB:
            return form, reader.uleb()
        if form == DW_FORM_STRING:
            return form, reader.string()
        if form == DW_FORM_SDATA:
            return form, reader.sleb()
        if form == DW_FORM_IMPLICIT_CONST:
            return form, constant
        if form in _BLOCKS:
            return form, reader.take(reader.number(_BLOCKS[form]))
        if form in (DW_FORM_BLOCK, DW_FORM_EXPRLOC):
            return form, reader.take(reader.uleb())
        raise Damaged

    def _ranges(self, offset: int) -> Iterator[tuple[int, int]]:
        """Give the addresses that a unit's code has."""
        unit = self._unit(offset)
        low = self._address(unit, DW_AT_LOW_PC)
        if DW_AT_HIGH_PC in unit.values and low is not None:
            form, high = unit.values[DW_AT_HIGH_PC]
            if isinstance(high, int):
                is_address = form == DW_FORM_ADDR or form in _ADDRESS_INDEXES
                end = self._address(unit, DW_AT_HIGH_PC) if is_address else low + high
                yield low, end or 0
        elif DW_AT_RANGES in unit.values:
            form, where = unit.values[DW_AT_RANGES]
            if unit.version < 5:
                yield from self._old_ranges(where, low or 0)
            else:
                if form == DW_FORM_RNGLISTX:
                    base = unit.number(DW_AT_RNGLISTS_BASE) or 0
                    where = base + Reader(self._section(".debug_rnglists"), base + 4 * where).number(4)
                yield from self._new_ranges(unit, where, low or 0)

    def _address(self, unit: _Unit, attribute: int) -> int | None:
        form, value = unit.values.get(attribute, (0, None))
        if isinstance(value, int) and form in _ADDRESS_INDEXES:
            return self._indexed(unit, value)
        return value if isinstance(value, int) else None

    def _indexed(self, unit: _Unit, index: int) -> int:
        base = unit.number(DW_AT_ADDR_BASE) or 0
        return Reader(self._section(".debug_addr"), base + 4 * index).number(4)

    def _old_ranges(self, where: int, base: int) -> Iterator[tuple[int, int]]:
        reader = Reader(self._section(".debug_ranges"), where)
        for _ in range(_MAX_NAMES):
            start, end = reader.number(4), reader.number(4)
            if start == _MASK:
                base = end
            elif not start and not end:
                return
            else:
                yield start + base & _MASK, end + base & _MASK

    def _new_ranges(self, unit: _Unit, where: int, base: int) -> Iterator[tuple[int, int]]:
        """Read a list of .debug_rnglists (DWARF 5, 2.17.3)."""
        reader = Reader(self._section(".debug_rnglists"), where)
        for _ in range(_MAX_NAMES):
            match reader.number(1):
                case 0:  # DW_RLE_end_of_list
                    return
                case 1:  # DW_RLE_base_addressx
                    base = self._indexed(unit, reader.uleb())
                case 2:  # DW_RLE_startx_endx
                    yield self._indexed(unit, reader.uleb()), self._indexed(unit, reader.uleb())
                case 3:  # DW_RLE_startx_length
                    start = self._indexed(unit, reader.uleb())
                    yield start, start + reader.uleb()
                case 4:  # DW_RLE_offset_pair
                    yield base + reader.uleb() & _MASK, base + reader.uleb() & _MASK
                case 5:  # DW_RLE_base_address
                    base = reader.number(4)
                case 6:  # DW_RLE_start_end
                    yield reader.number(4), reader.number(4)
                case 7:  # DW_RLE_start_length
                    start = reader.number(4)
                    yield start, start + reader.uleb()
                case _:
                    raise Damaged

    def _text(self, unit: _Unit, form: int, value: Any) -> bytes:
        """Give the text of an attribute or an entry of a line table."""
        if isinstance(value, bytes):
            return value
        if form == DW_FORM_STRP:
            return Reader(self._section(".debug_str"), value).string()
        if form == DW_FORM_LINE_STRP:
            return Reader(self._section(".debug_line_str"), value).string()
        if form in _STRING_INDEXES:
            base = unit.number(DW_AT_STR_OFFSETS_BASE) or 8
            at = Reader(self._section(".debug_str_offsets"), base + 4 * value).number(4)
            return Reader(self._section(".debug_str"), at).string()
        return b""

    # Line programs

    def _run(self, at: int, unit: _Unit) -> Iterator[tuple[int, int, str, int]]:
        """Carry out the line program at an offset of .debug_line (DWARF 5, 6.2.5); give (start, end, file, line)."""
        reader = Reader(self._section(".debug_line"), at)
        reader.end = min(reader.end, reader.number(4) + at + 4)
        version = reader.number(2)
        if not 2 <= version <= 5:
            raise Damaged
        if version >= 5:
            reader.take(2)  # address size, segment selector size
        program = reader.number(4) + reader.at
        shortest = reader.number(1)
        if version >= 4:
            reader.take(1)  # maximum_operations_per_instruction: ARM is no VLIW machine
        reader.take(1)
        line_base = int.from_bytes(reader.take(1), "little", signed=True)
        line_range, opcode_base = reader.number(1), reader.number(1)
        lengths = reader.take(max(opcode_base - 1, 0))
        if not line_range:
            raise Damaged
        names = self._new_names(reader, unit) if version >= 5 else self._old_names(reader, unit)
        reader.at = program
        address, file, line, kept = 0, 1, 1, False
        previous: tuple[int, int, int] | None = None
        while reader.at < reader.end:
            self._steps += 1
            if self._steps > _MAX_STEPS:
                raise Damaged
            opcode = reader.number(1)
            emit = ends = False
            if opcode >= opcode_base:
                opcode -= opcode_base
                address = address + opcode // line_range * shortest & _MASK
                line += line_base + opcode % line_range
                emit = True
            elif not opcode:
                size = reader.uleb()
                next_at = reader.at + size
                extended = reader.number(1) if size else 0
                if extended == 1:  # DW_LNE_end_sequence
                    emit = ends = True
                elif extended == 2:  # DW_LNE_set_address
                    address = reader.number(4)
                    kept = address != 0  # what the linker has left out is at 0
                reader.at = next_at
            elif opcode == 1:  # DW_LNS_copy
                emit = True
            elif opcode == 2:  # DW_LNS_advance_pc
                address = address + reader.uleb() * shortest & _MASK
            elif opcode == 3:  # DW_LNS_advance_line
                line += reader.sleb()
            elif opcode == 4:  # DW_LNS_set_file
                file = reader.uleb()
            elif opcode == 8:  # DW_LNS_const_add_pc
                address = address + (255 - opcode_base) // line_range * shortest & _MASK
            elif opcode == 9:  # DW_LNS_fixed_advance_pc
                address = address + reader.number(2) & _MASK
            else:
                for _ in range(lengths[opcode - 1]):
                    reader.uleb()
            if emit:
                if kept and previous is not None and previous[0] < address:
                    yield previous[0], address, names(previous[1]), previous[2]
                previous = None if ends else (address, file, line)
                if ends:
                    address, file, line, kept = 0, 1, 1, False

    def _old_names(self, reader: Reader, unit: _Unit) -> Callable[[int], str]:
        directories = [self._text(unit, *unit.values.get(DW_AT_COMP_DIR, (0, b"")))]
        while (text := reader.string()) and len(directories) < _MAX_NAMES:
            directories.append(text)
        files: list[tuple[bytes, int]] = [(b"", 0)]
        while (text := reader.string()) and len(files) < _MAX_NAMES:
            files.append((text, reader.uleb()))
            reader.uleb(), reader.uleb()
        return _namer(files, directories)

    def _new_names(self, reader: Reader, unit: _Unit) -> Callable[[int], str]:
        directories = [text for text, _ in self._entries(reader, unit)]
        return _namer(self._entries(reader, unit), directories)

    def _entries(self, reader: Reader, unit: _Unit) -> list[tuple[bytes, int]]:
        """Read a list of names of DWARF 5 (6.2.4.1), each with the number of its directory."""
        formats = [(reader.uleb(), reader.uleb()) for _ in range(reader.number(1))]
        found = []
        for _ in range(min(reader.uleb(), _MAX_NAMES)):
            name, directory = b"", 0
            for content, form in formats:
                kind, value = self._value(reader, form, 0)
                if content == 1:  # DW_LNCT_path
                    name = self._text(unit, kind, value)
                elif content == 2 and isinstance(value, int):  # DW_LNCT_directory_index
                    directory = value
            found.append((name, directory))
        return found


def _abbreviation(table: Reader, wanted: int) -> list[tuple[int, int, int]]:
    """Find an abbreviation: (attribute, form, constant) of each value."""
    for _ in range(_MAX_UNITS):
        code = table.uleb()
        if not code:
            break
        table.uleb(), table.number(1)  # tag, has children
        rows = []
        while True:
            attribute, form = table.uleb(), table.uleb()
            constant = table.sleb() if form == DW_FORM_IMPLICIT_CONST else 0
            if not attribute and not form:
                break
            rows.append((attribute, form, constant))
        if code == wanted:
            return rows
    raise Damaged


def _namer(files: list[tuple[bytes, int]], directories: list[bytes]) -> Callable[[int], str]:
    """Give the function that makes the path of a file's number, with nothing in it that a terminal would obey."""

    made: dict[int, str] = {}

    def name(number: int) -> str:
        if number not in made:
            made[number] = make(number)
        return made[number]

    def make(number: int) -> str:
        if not 0 <= number < len(files):
            return ""
        path, directory = files[number]
        # Directories are relative to the first one, where the compiler ran.
        for index in (directory, 0) if directory else (0,):
            if not path.startswith(b"/") and 0 <= index < len(directories) and directories[index]:
                path = directories[index] + b"/" + path
        text = path.decode("utf-8", "replace")
        return text if text.isprintable() else "".join(c if c.isprintable() else "\ufffd" for c in text)

    return name


def _row_of(table: list[tuple[int, int, str, int]], address: int) -> tuple[str, int] | None:
    low, high = 0, len(table)
    while low < high:
        middle = (low + high) >> 1
        if table[middle][0] > address:
            high = middle
        else:
            low = middle + 1
    for start, end, file, line in reversed(table[max(0, low - 8) : low]):
        if start <= address < end and line > 0:
            return file, line
    return None
