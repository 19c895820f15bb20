"""The sections of an ELF file: what nothing needs to run it, and a crash report to explain it.

The file is not to be trusted: what is damaged or missing is empty, never an error.
"""

from __future__ import annotations

import struct

from stinkarm.guest.elf import EHDR_SIZE, PHDR_SIZE, ProgramHeader, read_at, size_of

SHT_NOBITS = 8
SHF_ALLOC = 2
SHF_EXECINSTR = 4
SHF_COMPRESSED = 0x800
ELFCOMPRESS_ZLIB = 1
NT_GNU_BUILD_ID = 3
PT_NOTE = 4

_SHDR_SIZE = 40
_CHDR_SIZE = 12
_MAX_SECTION = 64 << 20  # bytes of a section worth reading
_MAX_NAME = 64


class Section:
    """One Elf32_Shdr."""

    __slots__ = ("sh_addr", "sh_flags", "sh_link", "sh_name", "sh_offset", "sh_size", "sh_type")

    def __init__(self, fields: tuple[int, ...]) -> None:
        self.sh_name, self.sh_type, self.sh_flags, self.sh_addr, self.sh_offset, self.sh_size, self.sh_link = fields[:7]


class Sections:
    """The section headers and program headers of an open file, or of its content."""

    __slots__ = ("_names", "_size", "headers", "program_headers", "source")

    def __init__(self, source: int | bytes) -> None:
        self.source = source
        self.headers: list[Section] = []
        self.program_headers: list[ProgramHeader] = []
        self._names = b""
        self._size = 0
        try:
            self._read()
        except (OSError, struct.error):
            self.headers = []

    def _read(self) -> None:
        self._size = size_of(self.source)
        header = read_at(self.source, 0, EHDR_SIZE)
        if len(header) < EHDR_SIZE or header[:6] != b"\x7fELF\1\1":
            return
        phoff, shoff = struct.unpack_from("<II", header, 28)
        phentsize, phnum, shentsize, shnum, shstrndx = struct.unpack_from("<5H", header, 42)
        if phentsize == PHDR_SIZE:
            table = read_at(self.source, phoff, phnum * PHDR_SIZE)
            whole = table[: len(table) // PHDR_SIZE * PHDR_SIZE]
            self.program_headers = [ProgramHeader(fields) for fields in struct.iter_unpack("<8I", whole)]
        if shentsize != _SHDR_SIZE or shoff + shnum * _SHDR_SIZE > self._size:
            return
        table = read_at(self.source, shoff, shnum * _SHDR_SIZE)
        self.headers = [Section(fields) for fields in struct.iter_unpack("<10I", table)]
        if shstrndx < shnum:
            self._names = self.content(self.headers[shstrndx])

    def find(self, name: str) -> Section | None:
        """Find the first section of a name."""
        wanted = name.encode() + b"\0"
        for section in self.headers:
            if self._names.startswith(wanted, section.sh_name):
                return section
        return None

    def read(self, name: str) -> bytes:
        """Read the section of a name; empty when there is none."""
        section = self.find(name)
        return b"" if section is None else self.content(section)

    def content(self, section: Section) -> bytes:
        """Read what is in a section, unpacked if the file has it compressed."""
        if section.sh_type == SHT_NOBITS or section.sh_size > _MAX_SECTION:
            return b""
        if section.sh_offset + section.sh_size > self._size:
            return b""
        try:
            data = read_at(self.source, section.sh_offset, section.sh_size)
        except OSError:
            return b""
        return _unpacked(data) if section.sh_flags & SHF_COMPRESSED else data

    def build_id(self) -> bytes:
        """Give the file's build-id, empty if it has none (NT_GNU_BUILD_ID)."""
        section = self.find(".note.gnu.build-id")
        if section is not None:
            return _note(self.content(section), b"GNU\0", NT_GNU_BUILD_ID)
        for header in self.program_headers:
            if header.p_type == PT_NOTE and header.p_filesz < 1 << 16:
                found = _note(read_at(self.source, header.p_offset, header.p_filesz), b"GNU\0", NT_GNU_BUILD_ID)
                if found:
                    return found
        return b""


def _unpacked(data: bytes) -> bytes:
    """Unpack the content of a section with SHF_COMPRESSED, if it is as long as it says."""
    import zlib

    if len(data) < _CHDR_SIZE:
        return b""
    kind, size = struct.unpack_from("<II", data)
    if kind != ELFCOMPRESS_ZLIB or size > _MAX_SECTION:
        return b""
    try:
        unpacked = zlib.decompressobj().decompress(memoryview(data)[_CHDR_SIZE:], size)
    except zlib.error:
        return b""
    return unpacked if len(unpacked) == size else b""


def _note(data: bytes, name: bytes, kind: int) -> bytes:
    """Find the descriptor of a note."""
    at = 0
    while at + 12 <= len(data):
        namesz, descsz, found = struct.unpack_from("<III", data, at)
        start = at + 12 + (namesz + 3 & ~3)
        if found == kind and data[at + 12 : at + 12 + namesz] == name:
            return data[start : start + descsz]
        at = start + (descsz + 3 & ~3)
    return b""
