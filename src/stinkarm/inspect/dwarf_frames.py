"""Call frame information of .debug_frame (DWARF 5, section 6.4): what a function has done to the stack, at each pc.

Expressions are refused: compilers for ARM do not write any. The file is not to be trusted.
"""

from __future__ import annotations

import struct

from stinkarm.inspect.lines import Damaged, Reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from stinkarm.guest.memory import Memory

    Rule = tuple[str, int]  # "offset" from the CFA, "value" of CFA + offset, "register", or "undefined"

_MASK = 0xFFFFFFFF
_MAX_ENTRIES = 1 << 17
_MAX_STEPS = 1 << 14
_CORE = 16
# What a register is made of: DW_CFA_offset_extended, DW_CFA_register, DW_CFA_offset_extended_sf, DW_CFA_val_offset,
# DW_CFA_val_offset_sf; and whether the number is signed.
_REGISTER_RULES = {
    0x05: ("offset", False),
    0x09: ("register", False),
    0x11: ("offset", True),
    0x14: ("value", False),
    0x15: ("value", True),
}


class _Common:
    """A common information entry (CIE)."""

    __slots__ = ("code_align", "data_align", "instructions", "return_register")

    def __init__(self, code_align: int, data_align: int, return_register: int, instructions: bytes) -> None:
        self.code_align = code_align
        self.data_align = data_align
        self.return_register = return_register
        self.instructions = instructions


class _Row:
    """A row of the table: how to find the CFA and each register."""

    def __init__(self) -> None:
        self.cfa: tuple[int, int] = (13, 0)
        self.rules: dict[int, Rule] = {}

    def copy(self) -> _Row:
        row = _Row()
        row.cfa, row.rules = self.cfa, dict(self.rules)
        return row


class Frames:
    """The .debug_frame section of one file. Addresses are as in the file."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._index: list[tuple[int, int, int]] | None = None  # (start, end, offset of the entry)

    def unwind(self, memory: Memory, registers: list[int | None], address: int) -> list[int | None] | None:
        """Give the registers of the caller of what is at an address, or None when it is not known.

        Raises GuestFault.
        """
        try:
            found = self._row(address)
        except (Damaged, struct.error):
            return None
        if found is None:
            return None
        row, return_register = found
        number, offset = row.cfa
        base = registers[number] if number < _CORE else None
        if base is None:
            return None
        cfa = base + offset & _MASK
        caller = [*registers[:13], cfa, registers[14], None]
        for target, (kind, value) in row.rules.items():
            if target >= _CORE:
                continue
            if kind == "offset":
                caller[target] = memory.read_u32(cfa + value & _MASK)
            elif kind == "value":
                caller[target] = cfa + value & _MASK
            elif kind == "register":
                caller[target] = registers[value] if value < _CORE else None
            else:
                caller[target] = None
        if 15 not in row.rules:
            caller[15] = caller[return_register]
        return caller

    def start_of(self, address: int) -> int | None:
        """Give where the function at an address starts."""
        entry = self._entry(address)
        return None if entry is None else entry[0]

    def _entry(self, address: int) -> tuple[int, int, int] | None:
        if self._index is None:
            try:
                self._index = sorted(self._entries())
            except (Damaged, struct.error):
                self._index = []
        low, high = 0, len(self._index)
        while low < high:
            middle = (low + high) >> 1
            if self._index[middle][0] > address:
                high = middle
            else:
                low = middle + 1
        if not low or address >= self._index[low - 1][1]:
            return None
        return self._index[low - 1]

    def _entries(self) -> Iterator[tuple[int, int, int]]:
        data, at, size = self._data, 0, len(self._data)
        header = struct.Struct("<IIII")
        for _ in range(_MAX_ENTRIES):
            if at + 16 > size:
                return
            length, pointer, start, count = header.unpack_from(data, at)
            if length >= 0xFFFFFFF0:
                return
            if pointer != _MASK and start:  # what the linker has left out is at 0
                yield start, start + count, at
            at += 4 + length

    def _row(self, address: int) -> tuple[_Row, int] | None:
        entry = self._entry(address)
        if entry is None:
            return None
        start, _, at = entry
        reader = Reader(self._data, at)
        reader.end = min(reader.end, reader.number(4) + at + 4)
        common = self._common(reader.number(4))
        reader.take(8)
        row = _Row()
        self._run(Reader(common.instructions), row, row, common, 0, _MASK)
        self._run(reader, row, row.copy(), common, start, address)
        return row, common.return_register

    def _common(self, at: int) -> _Common:
        reader = Reader(self._data, at)
        reader.end = min(reader.end, reader.number(4) + at + 4)
        if reader.number(4) != _MASK:
            raise Damaged
        version, augmentation = reader.number(1), reader.string()
        if version not in (1, 3, 4) or augmentation:
            raise Damaged
        if version == 4 and reader.number(2) != 4:  # address size 4, segment selector size 0
            raise Damaged
        code_align, data_align = reader.uleb(), reader.sleb()
        return_register = reader.number(1) if version == 1 else reader.uleb()
        if return_register >= _CORE:
            raise Damaged
        return _Common(code_align, data_align, return_register, reader.take(reader.end - reader.at))

    def _run(self, code: Reader, row: _Row, initial: _Row, common: _Common, location: int, wanted: int) -> None:
        """Carry out call frame instructions up to the row of an address."""
        stack: list[_Row] = []
        scale, align = common.data_align, common.code_align
        for _ in range(_MAX_STEPS):
            if code.at >= code.end:
                return
            byte = code.number(1)
            operation, low = byte & 0xC0, byte & 0x3F
            advance = -1
            if operation == 0x40:  # DW_CFA_advance_loc
                advance = low
            elif operation == 0x80:  # DW_CFA_offset
                row.rules[low] = ("offset", code.uleb() * scale)
            elif operation == 0xC0:  # DW_CFA_restore
                _restore(row, initial, low)
            elif byte in (2, 3, 4):  # DW_CFA_advance_loc1, 2, 4
                advance = code.number(1 << byte - 2)
            elif byte == 1:  # DW_CFA_set_loc
                advance, align = code.number(4) - location, 1
            elif byte == 0x0A:  # DW_CFA_remember_state
                stack.append(row.copy())
            elif byte == 0x0B:  # DW_CFA_restore_state
                if not stack:
                    raise Damaged
                saved = stack.pop()
                row.cfa, row.rules = saved.cfa, saved.rules
            else:
                _set_rule(code, row, initial, byte, scale)
            if advance >= 0:
                location += advance * align
                align = common.code_align
                if location > wanted:
                    return


def _restore(row: _Row, initial: _Row, number: int) -> None:
    if number in initial.rules:
        row.rules[number] = initial.rules[number]
    else:
        row.rules.pop(number, None)


def _set_rule(code: Reader, row: _Row, initial: _Row, byte: int, scale: int) -> None:
    """Carry out an instruction that says how to find something."""
    if byte in _REGISTER_RULES:
        kind, signed = _REGISTER_RULES[byte]
        number = code.uleb()
        value = code.sleb() if signed else code.uleb()
        row.rules[number] = (kind, value if kind == "register" else value * scale)
        return
    match byte:
        case 0x00:  # DW_CFA_nop
            pass
        case 0x06:  # DW_CFA_restore_extended
            _restore(row, initial, code.uleb())
        case 0x07:  # DW_CFA_undefined
            row.rules[code.uleb()] = ("undefined", 0)
        case 0x08:  # DW_CFA_same_value
            row.rules.pop(code.uleb(), None)
        case 0x0C:  # DW_CFA_def_cfa
            row.cfa = code.uleb(), code.uleb()
        case 0x0D:  # DW_CFA_def_cfa_register
            row.cfa = code.uleb(), row.cfa[1]
        case 0x0E:  # DW_CFA_def_cfa_offset
            row.cfa = row.cfa[0], code.uleb()
        case 0x12:  # DW_CFA_def_cfa_sf
            row.cfa = code.uleb(), code.sleb() * scale
        case 0x13:  # DW_CFA_def_cfa_offset_sf
            row.cfa = row.cfa[0], code.sleb() * scale
        case 0x2E:  # DW_CFA_GNU_args_size
            code.uleb()
        case _:
            raise Damaged
