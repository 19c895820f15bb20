"""Symbol lookup, in whole files and in broken ones."""

import random
import struct
import time

from stinkarm.guest.symbols import Symbols

from .elf_file import elf_file

FUNC, OBJECT, NOTYPE, SECTION = 2, 1, 0, 3


def with_symbols(symbols: list[tuple[str, int, int, int]], kind: int = 2) -> bytes:
    """Add a symbol table of (name, value, size, type) to the smallest program."""
    strings, table = b"\0", bytes(16)
    for name, value, size, st_type in symbols:
        table += struct.pack("<IIIBBH", len(strings), value, size, st_type, 0, 3)
        strings += name.encode() + b"\0"
    data = elf_file()
    sections = [
        (0,) * 10,
        (0, kind, 0, 0, len(data), len(table), 2, 0, 4, 16),
        (0, 3, 0, 0, len(data) + len(table), len(strings), 0, 0, 1, 0),
        (0, 1, 6, 0x8000, 0, 0x100, 0, 0, 4, 0),  # .text
    ]
    where = len(data) + len(table) + len(strings)
    body = data[52:] + table + strings + b"".join(struct.pack("<10I", *section) for section in sections)
    return elf_file(e_shoff=where, e_shnum=4)[:52] + body


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
    assert symbols.name(0x80FF) == "open+0xdf"  # a label ends with its section
    assert symbols.name(0x8100) == ""
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


def test_names_cannot_steer_a_terminal() -> None:
    assert Symbols(with_symbols([("\x1b[2J\né", 0x8000, 4, FUNC)])).name(0x8000) == "\ufffd[2J\ufffdé"


def test_hostile_tables_take_no_time() -> None:
    # Strings without an end, and as many tables as a file can name.
    endless = b"x" * (1 << 20)
    symbols = struct.pack("<IIIBBH", 0, 0x8000, 0, FUNC, 0, 1) * 60000
    where = 52 + len(endless) + len(symbols)
    table = struct.pack("<10I", 0, 3, 0, 0, 52, len(endless), 0, 0, 1, 0)
    table += struct.pack("<10I", 0, 2, 0, 0, 52 + len(endless), len(symbols), 0, 0, 4, 16) * 60000
    data = elf_file(e_shoff=where, e_shnum=60001)[:52] + endless + symbols + table
    began = time.process_time()
    assert Symbols(data).name(0x8000) == ""
    assert time.process_time() - began < 5
