"""The files that guest code is from: which one an address belongs to, its symbols and its tables.

The program is read through the descriptor that stinkarm holds. A library is read through the name that the host's
kernel shows for its mapping, and only if that is still the file that is mapped; else what of it is in memory must do.
None of it is to be trusted: a guest may write its own headers, or a file may be made to be looked at.
"""

from __future__ import annotations

import os
import stat
import struct
from binascii import crc32

from stinkarm.guest.elf import EHDR_SIZE, PF_X, PHDR_SIZE, PT_DYNAMIC, PT_LOAD, ProgramHeader, read_at, size_of
from stinkarm.guest.memory import PAGE, GuestFault
from stinkarm.guest.sections import SHF_ALLOC, SHF_EXECINSTR, Sections
from stinkarm.guest.symbols import SHT_DYNSYM, SHT_SYMTAB, Symbols, table_of
from stinkarm.inspect.lines import Lines
from stinkarm.sandbox.sysroot import open_in_root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stinkarm.guest.image import Image
    from stinkarm.guest.mapping import Mapping
    from stinkarm.guest.memory import Memory
    from stinkarm.guest.symbols import Table
    from stinkarm.sandbox.policy import Policy

    OpenFile = Callable[[bytes], int]  # opens a file that the guest may read, by the guest's name; -1 if it cannot

PT_ARM_EXIDX = 0x70000001
DT_HASH, DT_STRTAB, DT_SYMTAB, DT_STRSZ, DT_JMPREL, DT_PLTRELSZ, DT_GNU_HASH = 4, 5, 6, 10, 23, 2, 0x6FFFFEF5

_MASK = 0xFFFFFFFF
_MAX_MAPS = 16 << 20  # bytes of the host's list of mappings worth reading
_MAX_PHNUM = 128
_MAX_DYNAMIC = 512
_MAX_SYMBOLS = 1 << 18
_MAX_STRINGS = 8 << 20
_MAX_UNPACKED = 64 << 20
_MAX_CHECKED = 256 << 20  # a separate file as long as this is not worth its checksum
_DEBUG = "/usr/lib/debug"


class Module:
    """One file of code, mapped with the load bias `bias`.

    `name` is what the guest calls it, `fd` its open file or -1. What is asked for is read then.
    """

    def __init__(
        self, memory: Memory, name: str, bias: int, fd: int, headers: list[ProgramHeader], open_file: OpenFile | None
    ) -> None:
        self.name = name
        self.bias = bias
        self.fd = fd
        self._memory = memory
        self._headers = headers
        self._open_file = open_file
        self._files: list[Sections] | None = None
        self._tables: list[Symbols] | None = None
        self._lines: Lines | None = None
        self._dynamic: dict[int, int] | None = None

    @property
    def files(self) -> list[Sections]:
        """The files that tell about this one: itself, and a separate one with what was taken out of it."""
        if self._files is None:
            self._files = [Sections(self.fd)] if self.fd >= 0 else []
            if self._files and self._files[0].find(".debug_info") is None and self._open_file is not None:
                separate = _separate_file(self.name, self._files[0], self._open_file)
                if separate >= 0:
                    self._files.append(Sections(separate))
        return self._files

    def close(self) -> None:
        """Close the separate file."""
        for file in (self._files or ())[1:]:
            if isinstance(file.source, int):
                os.close(file.source)
        self._files = None

    def section(self, name: str) -> bytes:
        """Read a section from the first file that has it."""
        for file in self.files:
            data = file.read(name)
            if data:
                return data
        return b""

    @property
    def tables(self) -> list[Symbols]:
        """The symbol tables, the one that knows most first."""
        if self._tables is None:
            self._tables = [Symbols(table, self.bias) for table in self._read_tables()]
        return self._tables

    def _read_tables(self) -> Iterator[Table]:
        for file in self.files:
            found = table_of(file, SHT_SYMTAB)
            if found is not None:
                yield found
                return
        if self.files:
            packed = self.files[0].read(".gnu_debugdata")
            found = table_of(Sections(_unpacked_xz(packed)), SHT_SYMTAB) if packed else None
            if found is not None:
                yield found
            found = table_of(self.files[0], SHT_DYNSYM)
            if found is not None:
                yield found
                return
        found = self._table_in_memory()
        if found is not None:
            yield found

    def lookup(self, address: int) -> tuple[str, int] | None:
        """Give the symbol that an address belongs to, and the distance from its start."""
        for table in self.tables:
            found = table.lookup(address)
            if found is not None:
                return found
        return None

    def extent(self, address: int) -> tuple[int, int] | None:
        """Give where the symbol that an address belongs to starts and ends."""
        for table in self.tables:
            found = table.extent(address)
            if found is not None:
                return found
        return None

    def find(self, name: str) -> int | None:
        """Give the address of a symbol, with bit 0 set for a T32 function."""
        for table in self.tables:
            found = table.find(name)
            if found is not None:
                return found
        return None

    def line(self, address: int) -> tuple[str, int] | None:
        """Give the source file and the line of an address, if the debug information says."""
        if self._lines is None:
            self._lines = Lines(self.section)
        return self._lines.find((address - self.bias) & _MASK)

    def segment(self, p_type: int) -> tuple[int, int] | None:
        """Give the addresses (start, end) of the first segment of a type."""
        for header in self._headers:
            if header.p_type == p_type:
                start = (header.p_vaddr + self.bias) & _MASK
                return start, min(start + header.p_memsz, 1 << 32)
        return None

    def in_code(self, address: int) -> bool:
        """Say whether an address is in code, and not behind it in its last page."""
        at = (address - self.bias) & _MASK
        return any(start <= at < end for start, end in self._code())

    def end_of_code(self, address: int) -> int:
        """Give the end of the last code before an address, 0 if there is none."""
        at = (address - self.bias) & _MASK
        return max((end + self.bias for _, end in self._code() if end <= at), default=0)

    def _code(self) -> list[tuple[int, int]]:
        """List where the file has code: its executable sections, or segments when there are no sections."""
        sections = [
            (section.sh_addr, section.sh_addr + section.sh_size)
            for file in self.files[:1]
            for section in file.headers
            if section.sh_flags & SHF_ALLOC and section.sh_flags & SHF_EXECINSTR
        ]
        return sections or [
            (header.p_vaddr, header.end)
            for header in self._headers
            if header.p_type == PT_LOAD and header.p_flags & PF_X
        ]

    # What of the file is in memory

    @property
    def dynamic(self) -> dict[int, int]:
        """The dynamic section in memory, by tag; of pointers, the addresses."""
        if self._dynamic is None:
            self._dynamic = {}
            segment = self.segment(PT_DYNAMIC)
            if segment is not None:
                try:
                    data = self._memory.read(segment[0], min(segment[1] - segment[0], _MAX_DYNAMIC * 8) & ~7)
                except GuestFault:
                    data = b""
                for tag, value in struct.iter_unpack("<II", data):
                    if not tag:
                        break
                    self._dynamic.setdefault(tag, value)
        return self._dynamic

    def pointer(self, tag: int) -> int | None:
        """Give the address that the dynamic section has for a tag.

        The loader of glibc has added the bias to it, musl's has not.
        """
        value = self.dynamic.get(tag)
        if value is None or not self.bias:
            return value
        starts = [header.p_vaddr for header in self._headers if header.p_type == PT_LOAD]
        ends = [header.end for header in self._headers if header.p_type == PT_LOAD]
        if starts and min(starts) <= value < max(ends):
            return (value + self.bias) & _MASK
        return value

    def _table_in_memory(self) -> Table | None:
        """Read .dynsym from memory; how many rows it has, the hash tables tell."""
        symbols, strings = self.pointer(DT_SYMTAB), self.pointer(DT_STRTAB)
        if symbols is None or strings is None:
            return None
        try:
            count = min(self._count_symbols(), _MAX_SYMBOLS)
            size = min(self.dynamic.get(DT_STRSZ, 0), _MAX_STRINGS)
            return self._memory.read(symbols, 16 * count), self._memory.read(strings, size), []
        except GuestFault:
            return None

    def _count_symbols(self) -> int:
        memory = self._memory
        table = self.pointer(DT_HASH)
        if table is not None:
            return memory.read_u32(table + 4)
        table = self.pointer(DT_GNU_HASH)
        if table is None:
            return 0
        buckets, first, bloom = struct.unpack("<III", memory.read(table, 12))
        if buckets > _MAX_SYMBOLS or bloom > _MAX_SYMBOLS:
            return 0
        at = table + 16 + 4 * bloom
        last = max(struct.unpack(f"<{buckets}I", memory.read(at, 4 * buckets)), default=0)
        chain = at + 4 * buckets
        while first <= last < _MAX_SYMBOLS and not memory.read_u32(chain + 4 * (last - first)) & 1:
            last += 1
        return last + 1

    def name_of_slot(self, slot: int) -> str:
        """Name the symbol whose address the dynamic loader writes to a slot of the global offset table."""
        relocations, size = self.pointer(DT_JMPREL), min(self.dynamic.get(DT_PLTRELSZ, 0), 1 << 20)
        symbols, strings = self.pointer(DT_SYMTAB), self.pointer(DT_STRTAB)
        if relocations is None or symbols is None or strings is None:
            return ""
        try:
            for offset, info in struct.iter_unpack("<II", self._memory.read(relocations, size & ~7)):
                if (offset + self.bias) & _MASK == slot:
                    name = self._memory.read_u32(symbols + 16 * (info >> 8))
                    text = self._memory.read_cstring(strings + name, 1024).decode("utf-8", "replace")
                    return text if text.isprintable() else ""
        except GuestFault:
            return ""
        return ""


class Modules:
    """The modules of one guest, as far as they were asked for. Use it in a `with`: it opens files.

    `start_sp` is where the program's stack pointer was at its start.
    """

    def __init__(
        self,
        memory: Memory,
        image: Image | None = None,
        program_fd: int = -1,
        open_file: OpenFile | None = None,
        start_sp: int = 0,
    ) -> None:
        self.start_sp = start_sp
        self._memory = memory
        self._image = image
        self._program_fd = program_fd
        self._open_file = open_file
        self._found: dict[tuple[str, int], Module] = {}
        self._opened: list[int] = []
        self._maps: dict[int, tuple[int, int, bytes]] | None = None

    def __enter__(self) -> Modules:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the files."""
        for module in self._found.values():
            module.close()
        for fd in self._opened:
            os.close(fd)
        self._opened = []
        self._found = {}

    @property
    def entry(self) -> int:
        """Where the program starts."""
        return self._image.entry & ~1 if self._image is not None else 0

    @property
    def program(self) -> Module | None:
        """The program itself."""
        image = self._image
        if image is None:
            return None
        module = self._found.get(("", image.base))
        if module is None:
            headers = image.elf.program_headers
            fd = self._program_fd
            module = Module(self._memory, image.name, image.base, fd, headers, self._open_file)
            self._found["", image.base] = module
        return module

    def at(self, address: int) -> Module | None:
        """Give the module that an address is in."""
        image, mapping = self._image, self._memory.find(address)
        if mapping is None:
            return None
        if image is not None and image.start & -PAGE <= address < -(-image.end // PAGE) * PAGE:
            return self.program
        if not mapping.name.startswith("/"):
            return None
        return self._library(mapping, address)

    def all(self) -> list[Module]:
        """Give the program, and each library by its address."""
        found: list[Module] = []
        for mapping in self._memory.mappings:
            if mapping.prot & 4:
                module = self.at(mapping.start)
                if module is not None and module not in found:
                    found.append(module)
        program = self.program
        return found if program is None else [program, *(module for module in found if module is not program)]

    def _library(self, mapping: Mapping, address: int) -> Module | None:
        first = self._first_of(mapping)
        key = (mapping.name, first.start)
        module = self._found.get(key)
        if module is not None:
            return module
        fd = self._open(mapping)
        headers = Sections(fd).program_headers if fd >= 0 else _headers_in_memory(self._memory, first)
        offset = mapping.offset + (address & -PAGE) - mapping.start
        for header in headers:
            if header.p_type == PT_LOAD and header.p_offset & -PAGE <= offset < header.p_offset + header.p_filesz:
                bias = ((address & -PAGE) - header.p_vaddr + header.p_offset - offset) & _MASK
                module = Module(self._memory, mapping.name, bias, fd, headers, self._open_file)
                self._found[key] = module
                return module
        return None

    def _first_of(self, mapping: Mapping) -> Mapping:
        """Find the mapping of the file's beginning that belongs to a mapping of the same file."""
        first = mapping
        for other in self._memory.mappings:
            if other.start > mapping.start:
                break
            if other.name == mapping.name and other.offset == 0:
                first = other
        return first

    def _open(self, mapping: Mapping) -> int:
        """Open the file that is mapped, by the host's name for it; -1 if that is not there any more."""
        if self._maps is None:
            self._maps = _host_mappings()
        device, inode, path = self._maps.get(self._memory.base + mapping.start, (0, 0, b""))
        if not path.startswith(b"/"):
            return -1
        fd = open_regular(path, lambda about: about.st_ino == inode and about.st_dev == device)
        if fd >= 0:
            self._opened.append(fd)
        return fd


def opener(policy: Policy) -> OpenFile:
    """Give what opens a separate file with debug information, by the name that the guest would use.

    It is looked for where the guest's libraries are, and only there if the guest is kept from the host.
    """

    def open_file(name: bytes) -> int:
        root = policy.root or policy.sysroot
        if root:
            directory = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                place = open_in_root(directory, name, os.O_PATH | os.O_CLOEXEC)
            except OSError:
                place = -1
            finally:
                os.close(directory)
            fd = _open_place(place)
            if fd >= 0:
                return fd
        return -1 if policy.sandboxed or policy.root else open_regular(name)

    return open_file


def open_regular(path: bytes, right: Callable[[os.stat_result], bool] = lambda _: True) -> int:
    """Open a plain file for reading if it is the right one; -1 if not. Nothing else is touched."""
    try:
        return _open_place(os.open(path, os.O_PATH | os.O_CLOEXEC), right)
    except OSError:
        return -1


def _open_place(place: int, right: Callable[[os.stat_result], bool] = lambda _: True) -> int:
    """Open what an O_PATH descriptor stands for, and close that."""
    if place < 0:
        return -1
    try:
        about = os.fstat(place)
        if stat.S_ISREG(about.st_mode) and right(about):
            return os.open(f"/proc/self/fd/{place}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return -1
    finally:
        os.close(place)
    return -1


def _host_mappings() -> dict[int, tuple[int, int, bytes]]:
    """Read what this process has mapped of files: by address, (device, inode, name)."""
    found: dict[int, tuple[int, int, bytes]] = {}
    try:
        with open("/proc/self/maps", "rb") as file:
            data = file.read(_MAX_MAPS)
    except OSError:
        return found
    for line in data.split(b"\n"):
        fields = line.split(None, 5)
        if len(fields) == 6 and fields[5].startswith(b"/"):
            major, _, minor = fields[3].partition(b":")
            device = os.makedev(int(major, 16), int(minor, 16))
            found[int(fields[0].partition(b"-")[0], 16)] = device, int(fields[4]), fields[5].replace(b"\\012", b"\n")
    return found


def _headers_in_memory(memory: Memory, first: Mapping) -> list[ProgramHeader]:
    """Read the program headers of a file whose beginning is mapped."""
    try:
        header = memory.read(first.start, EHDR_SIZE)
        (phoff,) = struct.unpack_from("<I", header, 28)
        phentsize, phnum = struct.unpack_from("<HH", header, 42)
        if first.offset or header[:6] != b"\x7fELF\1\1" or phentsize != PHDR_SIZE or phnum > _MAX_PHNUM:
            return []
        table = memory.read(first.start + phoff, phnum * PHDR_SIZE)
    except GuestFault:
        return []
    return [ProgramHeader(fields) for fields in struct.iter_unpack("<8I", table)]


def _separate_file(name: str, file: Sections, open_file: OpenFile) -> int:
    """Open the file with the debug information that was taken out of a module; -1 if there is none."""
    build_id = file.build_id()
    if len(build_id) > 1:
        fd = _open_debug(f"{_DEBUG}/.build-id/{build_id[:1].hex()}/{build_id[1:].hex()}.debug", open_file)
        if fd >= 0:
            if Sections(fd).build_id() == build_id:
                return fd
            os.close(fd)
    link, _, rest = file.read(".gnu_debuglink").partition(b"\0")
    if not link or b"/" in link or len(rest) < 4:
        return -1
    base, directory = os.fsdecode(link), os.path.dirname(name)
    for path in (f"{directory}/{base}", f"{directory}/.debug/{base}", f"{_DEBUG}{directory}/{base}"):
        fd = _open_debug(path, open_file)
        if fd >= 0:
            if _checksum(fd) == int.from_bytes(rest[-4:], "little"):
                return fd
            os.close(fd)
    return -1


def _open_debug(path: str, open_file: OpenFile) -> int:
    try:
        return open_file(os.fsencode(path))
    except OSError:
        return -1


def _checksum(fd: int) -> int:
    """Compute the checksum that .gnu_debuglink has; -1 for a file that is too long."""
    size = size_of(fd)
    if size > _MAX_CHECKED:
        return -1
    value, at = 0, 0
    while part := read_at(fd, at, 1 << 20):
        value = crc32(part, value)
        at += len(part)
    return value


def _unpacked_xz(data: bytes) -> bytes:
    """Unpack MiniDebugInfo, which Fedora's programs have; empty if it is damaged."""
    import lzma

    try:
        return lzma.LZMADecompressor(memlimit=_MAX_UNPACKED).decompress(data, _MAX_UNPACKED)
    except (lzma.LZMAError, EOFError):
        return b""
