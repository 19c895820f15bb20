"""Symbol lookup, in whole files and in broken ones."""

import random
import struct

from stinkarm.guest.symbols import Symbols

from .elf_file import elf_file

FUNC, OBJECT, NOTYPE, SECTION = 2, 1, 0, 3


def with_symbols(symbols: list[tuple[str, int, int, int]], kind: int = 2) -> bytes:
    """Add a symbol table of (name, value, size, type) to the smallest program."""
    strings, table = b"\0", bytes(16)
    for name, value, size, st_type in symbols:
        table += struct.pack("<IIIBBH", len(strings), value, size, st_type, 0, 1)
        strings += name.encode() + b"\0"
    data = elf_file()
    sections = [
        (0,) * 10,
        (0, kind, 0, 0, len(data), len(table), 2, 0, 4, 16),
        (0, 3, 0, 0, len(data) + len(table), len(strings), 0, 0, 1, 0),
    ]
    where = len(data) + len(table) + len(strings)
    body = data[52:] + table + strings + b"".join(struct.pack("<10I", *section) for section in sections)
    return elf_file(e_shoff=where, e_shnum=3)[:52] + body


PROGRAM = with_symbols(
    [
        ("$a", 0x8000, 0, NOTYPE),
        ("_start", 0x8000, 8, FUNC),
        ("label", 0x8000, 0, NOTYPE),
        ("$d.1", 0x8008, 0, NOTYPE),
        ("table", 0x8008, 8, OBJECT),
        ("$t", 0x8010, 0, NOTYPE),
        ("thumb", 0x8011, 4, FUNC),
        ("open", 0x8020, 0, NOTYPE),
        (".text", 0x8000, 0, SECTION),
    ]
)


def test_names_of_addresses() -> None:
    symbols = Symbols(PROGRAM)
    assert symbols.name(0x8000) == "_start"
    assert symbols.name(0x8004) == "_start+0x4"
    assert symbols.name(0x800C) == "table+0x4"
    assert symbols.name(0x8012) == "thumb+0x2"
    assert symbols.name(0x8018) == ""  # behind the end of thumb
    assert symbols.name(0x9000) == "open+0xfe0"  # a label has no end
    assert symbols.lookup(0x7FFF) is None


def test_addresses_of_names() -> None:
    symbols = Symbols(PROGRAM, base=0x400000)
    assert symbols.find("_start") == 0x408000
    assert symbols.find("thumb") == 0x408011
    assert symbols.find("$a") is None
    assert symbols.find("none") is None
    assert symbols.name(0x408010) == "thumb"


def test_mapping_symbols_tell_code_from_data() -> None:
    symbols = Symbols(PROGRAM)
    kinds = [symbols.kind(address) for address in (0x7FFC, 0x8000, 0x8004, 0x8008, 0x8010, 0x8FFF)]
    assert kinds == [None, "a", "a", "d", "t", "t"]


def test_dynamic_symbols_serve_a_stripped_file() -> None:
    assert Symbols(with_symbols([("exported", 0x8000, 4, FUNC)], kind=11)).name(0x8000) == "exported"


def test_files_without_symbols_give_no_names() -> None:
    for data in (b"", b"#!/bin/sh\n", elf_file(), PROGRAM[:-1], elf_file(e_shoff=0xFFFFFFFF, e_shnum=9)):
        assert Symbols(data).lookup(0x8000) is None


def test_damaged_tables_raise_nothing() -> None:
    generator = random.Random(3)
    named = 0
    for _ in range(2000):
        data = bytearray(PROGRAM)
        for _ in range(generator.randint(1, 6)):
            data[generator.randrange(len(data) - 700, len(data))] = generator.randrange(256)
        symbols = Symbols(bytes(data))
        named += bool(symbols.name(0x8000))
        symbols.kind(0x8000)
        symbols.find("open")
    assert named > 1000
