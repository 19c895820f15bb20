"""Elf32_Ehdr and Elf32_Phdr, read and checked (System V gABI, ELF for the Arm Architecture).

Only what the loader uses is checked; the section headers, which a stripped file may lack, are not.
"""

from __future__ import annotations

import errno
import os
import struct

from stinkarm.guest.memory import MMAP_MIN_ADDR, SPACE, TASK_SIZE

EM_ARM = 40
ET_REL = 1
ET_EXEC = 2
ET_DYN = 3
ET_CORE = 4

PT_LOAD = 1
PT_DYNAMIC = 2
PT_INTERP = 3
PT_PHDR = 6
PT_GNU_STACK = 0x6474E551

DT_NEEDED = 1

PF_X = 1
PF_W = 2
PF_R = 4

EHDR_SIZE = 52
PHDR_SIZE = 32
MAX_PHDRS = 2048  # 64 KiB of them, as Linux
PATH_MAX = 4096

NOT_EXECUTABLE = 126  # the exit statuses of shells
NOT_FOUND = 127

P_TYPES = {
    0: "NULL",
    PT_LOAD: "LOAD",
    PT_DYNAMIC: "DYNAMIC",
    PT_INTERP: "INTERP",
    4: "NOTE",
    5: "SHLIB",
    PT_PHDR: "PHDR",
    7: "TLS",
    0x6474E550: "GNU_EH_FRAME",
    PT_GNU_STACK: "GNU_STACK",
    0x6474E552: "GNU_RELRO",
    0x6474E553: "GNU_PROPERTY",
    0x70000000: "ARM_ARCHEXT",
    0x70000001: "EXIDX",
}

E_MACHINES = {
    0: "EM_NONE",
    2: "EM_SPARC",
    3: "EM_386",
    4: "EM_68K",
    8: "EM_MIPS",
    20: "EM_PPC",
    21: "EM_PPC64",
    22: "EM_S390",
    EM_ARM: "EM_ARM",
    42: "EM_SH",
    43: "EM_SPARCV9",
    50: "EM_IA_64",
    62: "EM_X86_64",
    83: "EM_AVR",
    94: "EM_XTENSA",
    183: "EM_AARCH64",
    243: "EM_RISCV",
    247: "EM_BPF",
    258: "EM_LOONGARCH",
}

_CLASSES = {0: "ELFCLASSNONE", 1: "ELFCLASS32", 2: "ELFCLASS64"}
_DATA = {0: "ELFDATANONE", 1: "ELFDATA2LSB", 2: "ELFDATA2MSB"}
_TYPES = {0: "ET_NONE", ET_REL: "ET_REL", ET_EXEC: "ET_EXEC", ET_DYN: "ET_DYN", ET_CORE: "ET_CORE"}
_OSABIS = {
    1: "ELFOSABI_HPUX",
    2: "ELFOSABI_NETBSD",
    6: "ELFOSABI_SOLARIS",
    9: "ELFOSABI_FREEBSD",
    12: "ELFOSABI_OPENBSD",
    65: "ELFOSABI_ARM_FDPIC",
    255: "ELFOSABI_STANDALONE",
}
_LINUX_OSABIS = (0, 3, 64, 97)  # NONE, GNU, ARM_AEABI, ARM: what Linux toolchains write

_MACHINE_HINTS = {
    3: "this is a 32-bit x86 program, which does not need stinkarm",
    62: "this is a 64-bit x86 program, which does not need stinkarm",
    183: "this is a 64-bit ARM program: build it for 32-bit ARM (arm-linux-gnueabihf-gcc -static), "
    "or run it with qemu-aarch64",
}
_TYPE_HINTS = {
    ET_REL: "this is an object file: link it first (arm-linux-gnueabihf-gcc -static)",
    ET_CORE: "this is a core dump: run the program that left it",
}
_TRUNCATED = "the file is truncated: copy it again"
_LIBRARY = "this seems to be a shared library: run a program that uses it"
_MAGIC_HINTS = (
    (b"!<arch>", "this is a static library: link a program with it"),
    (b"MZ", "this is a Windows program"),
    (b"\0asm", "this is a WebAssembly module"),
    (b"BC\xc0\xde", "this is LLVM bitcode: compile and link it first"),
    (b"\xcf\xfa\xed\xfe", "this is a macOS program"),
    (b"\x1f\x8b", "this is compressed with gzip: unpack it first"),
    (b"\xfd7zXZ", "this is compressed with xz: unpack it first"),
)


class ElfError(Exception):
    """Why a file cannot be run: one sentence, perhaps a hint, and the exit status for it."""

    def __init__(self, sentence: str, hint: str = "", status: int = NOT_EXECUTABLE) -> None:
        super().__init__(f"{sentence}; {hint}" if hint else sentence)
        self.sentence = sentence
        self.hint = hint
        self.status = status


class ProgramHeader:
    """One Elf32_Phdr."""

    __slots__ = ("p_align", "p_filesz", "p_flags", "p_memsz", "p_offset", "p_paddr", "p_type", "p_vaddr")

    def __init__(self, fields: tuple[int, ...]) -> None:
        (
            self.p_type,
            self.p_offset,
            self.p_vaddr,
            self.p_paddr,
            self.p_filesz,
            self.p_memsz,
            self.p_flags,
            self.p_align,
        ) = fields

    @property
    def type_name(self) -> str:
        """The name that readelf prints, or the number."""
        return P_TYPES.get(self.p_type, hex(self.p_type))

    @property
    def end(self) -> int:
        """The address after its memory."""
        return self.p_vaddr + self.p_memsz


class Elf:
    """A checked Elf32_Ehdr with its program headers.

    `interpreter` is the file that PT_INTERP names, empty for a program that is linked statically.
    """

    __slots__ = (
        "e_ehsize",
        "e_entry",
        "e_flags",
        "e_ident",
        "e_machine",
        "e_phentsize",
        "e_phnum",
        "e_phoff",
        "e_shentsize",
        "e_shnum",
        "e_shoff",
        "e_shstrndx",
        "e_type",
        "e_version",
        "interpreter",
        "program_headers",
    )

    e_type: int
    e_machine: int
    e_version: int
    e_entry: int
    e_phoff: int
    e_shoff: int
    e_flags: int
    e_ehsize: int
    e_phentsize: int
    e_phnum: int
    e_shentsize: int
    e_shnum: int
    e_shstrndx: int

    def __init__(self, header: bytes) -> None:
        self.e_ident = header[:16]
        (
            self.e_type,
            self.e_machine,
            self.e_version,
            self.e_entry,
            self.e_phoff,
            self.e_shoff,
            self.e_flags,
            self.e_ehsize,
            self.e_phentsize,
            self.e_phnum,
            self.e_shentsize,
            self.e_shnum,
            self.e_shstrndx,
        ) = struct.unpack("<HHIIIIIHHHHHH", header[16:EHDR_SIZE])
        self.program_headers: list[ProgramHeader] = []
        self.interpreter = b""

    @property
    def loads(self) -> list[ProgramHeader]:
        """The LOAD segments that take memory, by address."""
        loads = [header for header in self.program_headers if header.p_type == PT_LOAD and header.p_memsz]
        return sorted(loads, key=lambda header: header.p_vaddr)

    @property
    def stack_executable(self) -> bool:
        """Say whether PT_GNU_STACK asks for an executable stack."""
        flags = [header.p_flags for header in self.program_headers if header.p_type == PT_GNU_STACK]
        return bool(flags and flags[-1] & PF_X)


def open_program(path: str | bytes) -> int:
    """Open a program file for reading and return the descriptor, or raise ElfError."""
    try:
        # A FIFO must not block; a regular file does not mind.
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        number = error.errno if isinstance(error, OSError) else errno.ENOENT
        missing = number in (errno.ENOENT, errno.ENOTDIR)
        if missing:
            raise ElfError("there is no such file", status=NOT_FOUND) from None
        raise ElfError(f"the file cannot be opened: {os.strerror(number or errno.EIO)}") from None
    kind = os.fstat(fd).st_mode & 0o170000
    if kind != 0o100000:
        os.close(fd)
        what = "a directory" if kind == 0o040000 else "not a regular file"
        raise ElfError(f"the path is {what}; stinkarm runs ELF files")
    return fd


def size_of(source: int | bytes) -> int:
    """Give the size of an open file, or of its content."""
    return os.fstat(source).st_size if isinstance(source, int) else len(source)


def read_at(source: int | bytes, offset: int, size: int) -> bytes:
    """Read from an open file, or its content, without moving the file's position."""
    if not isinstance(source, int):
        return source[offset : offset + size]
    data = b""
    while len(data) < size:
        part = os.pread(source, size - len(data), offset + len(data))
        if not part:
            break
        data += part
    return data


def parse(source: int | bytes, *, interpreter: bool = False) -> Elf:
    """Read and check the headers of a program, given as an open file or as its content.

    `interpreter`: it is one that PT_INTERP names, which is itself linked as a library. Raises ElfError.
    """
    try:
        file_size = size_of(source)
        header = read_at(source, 0, EHDR_SIZE)
        _check_ident(header)
        elf = Elf(header)
        _check_header(elf, file_size)
        table = read_at(source, elf.e_phoff, elf.e_phnum * PHDR_SIZE)
    except OSError as error:
        raise ElfError(f"the file cannot be read: {error.strerror}") from None
    if len(table) != elf.e_phnum * PHDR_SIZE:
        raise ElfError("the file became shorter while it was read; try again")
    elf.program_headers = [ProgramHeader(fields) for fields in struct.iter_unpack("<8I", table)]
    for index, segment in enumerate(elf.program_headers):
        if segment.p_type == PT_LOAD:
            _check_load(f"program header {index} (LOAD)", segment, file_size, elf.e_type)
    if not interpreter:
        _check_dynamic(elf, source, file_size)
    _check_loads(elf)
    _check_entry(elf)
    return elf


def _check_ident(header: bytes) -> None:
    if not header:
        raise ElfError("the file is empty; stinkarm runs ELF programs")
    if header[:4] != b"\x7fELF"[: len(header)] or len(header) < 4:
        magic = ", ".join(f"{byte:02x}" for byte in header[:4])
        raise ElfError(f"the magic is [{magic}]; ELF files begin with [7f, 45, 4c, 46]", _magic_hint(header))
    if len(header) < 20:
        raise ElfError(f"the file ends after {len(header)} bytes; an ELF32 header has {EHDR_SIZE}")
    order = "big" if header[5] == 2 else "little"
    machine = int.from_bytes(header[18:20], order)  # type: ignore[arg-type]
    if header[4] != 1:
        found = _CLASSES.get(header[4], str(header[4]))
        raise ElfError(f"EI_CLASS is {found}; stinkarm runs ELFCLASS32 ARM programs", _machine_hint(machine))
    if header[5] != 1:
        found = _DATA.get(header[5], str(header[5]))
        big_endian_arm = machine == EM_ARM and order == "big"
        hint = "this is a big-endian ARM program: build it without -mbig-endian" if big_endian_arm else ""
        raise ElfError(
            f"EI_DATA is {found}; stinkarm runs ELFDATA2LSB (little-endian) programs",
            hint or _machine_hint(machine),
        )
    if header[6] != 1:
        raise ElfError(f"EI_VERSION is {header[6]}; it must be 1 (EV_CURRENT)")
    if len(header) < EHDR_SIZE:
        raise ElfError(f"the file ends after {len(header)} bytes; an ELF32 header has {EHDR_SIZE}")


def _magic_hint(header: bytes) -> str:
    if header.startswith(b"#!"):
        shown = printable(header[2:].split(b"\n")[0].strip())
        return f"this is a script for {shown}: run an ARM build of that with the script as its argument"
    for magic, hint in _MAGIC_HINTS:
        if header.startswith(magic):
            return hint
    return ""


def printable(text: bytes) -> str:
    """Write text of a file so that it can be shown on a terminal: nobody has checked it."""
    return "".join(chr(byte) if 32 <= byte < 127 else "?" for byte in text)


def _machine_hint(machine: int) -> str:
    if machine in _MACHINE_HINTS:
        return _MACHINE_HINTS[machine]
    name = E_MACHINES.get(machine)
    return f"this is an {name} program" if name and machine not in (0, EM_ARM) else ""


def _check_header(elf: Elf, file_size: int) -> None:
    if elf.e_machine != EM_ARM:
        found = E_MACHINES.get(elf.e_machine, str(elf.e_machine))
        hint = _MACHINE_HINTS.get(elf.e_machine, "")
        raise ElfError(f"e_machine is {found}; stinkarm runs EM_ARM programs", hint)
    osabi = elf.e_ident[7]
    if osabi not in _LINUX_OSABIS:
        found = _OSABIS.get(osabi, str(osabi))
        raise ElfError(f"EI_OSABI is {found}; stinkarm runs Linux programs (ELFOSABI_NONE or ELFOSABI_GNU)")
    if elf.e_type not in (ET_EXEC, ET_DYN):
        found = _TYPES.get(elf.e_type, str(elf.e_type))
        raise ElfError(
            f"e_type is {found}; stinkarm runs ET_EXEC and ET_DYN programs",
            _TYPE_HINTS.get(elf.e_type, ""),
        )
    if elf.e_version != 1:
        raise ElfError(f"e_version is {elf.e_version}; it must be 1 (EV_CURRENT)")
    if elf.e_ehsize != EHDR_SIZE:
        raise ElfError(f"e_ehsize is {elf.e_ehsize}; an Elf32_Ehdr has {EHDR_SIZE} bytes")
    if elf.e_phentsize != PHDR_SIZE:
        raise ElfError(f"e_phentsize is {elf.e_phentsize}; an Elf32_Phdr has {PHDR_SIZE} bytes")
    if elf.e_phnum == 0:
        raise ElfError("e_phnum is 0; a program has at least one LOAD segment")
    if elf.e_phnum > MAX_PHDRS:
        raise ElfError(f"e_phnum is {elf.e_phnum}; Linux and stinkarm read at most {MAX_PHDRS}")
    end = elf.e_phoff + elf.e_phnum * PHDR_SIZE
    if end > file_size:
        raise ElfError(
            f"e_phoff is {elf.e_phoff:#x} and the program header table ends at {end:#x}; "
            f"the file ends at {file_size:#x}",
            _TRUNCATED,
        )


def _check_load(name: str, segment: ProgramHeader, file_size: int, e_type: int) -> None:
    align, vaddr, offset = segment.p_align, segment.p_vaddr, segment.p_offset
    if align & (align - 1):
        raise ElfError(f"{name}: p_align is {align:#x}; it must be 0, 1 or a power of two")
    if align > 1 and (vaddr - offset) % align:
        raise ElfError(
            f"{name}: p_vaddr {vaddr:#x} and p_offset {offset:#x} differ modulo p_align {align:#x}; "
            "they must be congruent"
        )
    if segment.p_filesz > segment.p_memsz:
        raise ElfError(f"{name}: p_filesz is {segment.p_filesz:#x}; it must not exceed p_memsz, {segment.p_memsz:#x}")
    if segment.p_filesz and offset + segment.p_filesz > file_size:
        raise ElfError(
            f"{name}: p_offset {offset:#x} and p_filesz {segment.p_filesz:#x} end at "
            f"{offset + segment.p_filesz:#x}; the file ends at {file_size:#x}",
            _TRUNCATED,
        )
    if segment.end > SPACE:
        raise ElfError(
            f"{name}: p_vaddr {vaddr:#x} and p_memsz {segment.p_memsz:#x} end at {segment.end:#x}; "
            f"addresses end at {SPACE:#x}"
        )
    if segment.end > TASK_SIZE:
        raise ElfError(
            f"{name}: p_vaddr {vaddr:#x} and p_memsz {segment.p_memsz:#x} end at {segment.end:#x}; "
            f"user memory ends at {TASK_SIZE:#x}"
        )
    if e_type == ET_EXEC and segment.p_memsz and vaddr < MMAP_MIN_ADDR:
        raise ElfError(
            f"{name}: p_vaddr is {vaddr:#x}; programs are mapped at {MMAP_MIN_ADDR:#x} (vm.mmap_min_addr) or above",
            f"link it with -Ttext={MMAP_MIN_ADDR:#x} or more",
        )


def _check_dynamic(elf: Elf, source: int | bytes, file_size: int) -> None:
    """Read PT_INTERP; refuse what needs an interpreter and names none."""
    for segment in elf.program_headers:
        if segment.p_type not in (PT_INTERP, PT_DYNAMIC):
            continue
        end = segment.p_offset + segment.p_filesz
        if end > file_size:
            raise ElfError(f"PT_{segment.type_name} ends at {end:#x}; the file ends at {file_size:#x}", _TRUNCATED)
        if segment.p_type == PT_INTERP and not elf.interpreter:
            elf.interpreter = _read_interpreter(source, segment)
    for segment in elf.program_headers:
        if segment.p_type == PT_DYNAMIC and not elf.interpreter:
            table = read_at(source, segment.p_offset, min(segment.p_filesz, 4096) & ~7)
            if any(tag == DT_NEEDED for tag, _ in struct.iter_unpack("<II", table)):
                raise ElfError(
                    "PT_DYNAMIC needs shared libraries (DT_NEEDED) and there is no PT_INTERP to load them",
                    _LIBRARY,
                )


def _read_interpreter(source: int | bytes, segment: ProgramHeader) -> bytes:
    """Read the name in PT_INTERP, as load_elf_binary does."""
    if not 2 <= segment.p_filesz <= PATH_MAX:
        raise ElfError(f"PT_INTERP has {segment.p_filesz} bytes; the name of a file has 2 to {PATH_MAX}")
    text = read_at(source, segment.p_offset, segment.p_filesz)
    if text[-1:] != b"\0" or text[0] == 0:
        raise ElfError("PT_INTERP holds no file name that ends with a zero byte")
    return text.split(b"\0")[0]


def _check_loads(elf: Elf) -> None:
    loads = elf.loads
    if not loads:
        raise ElfError("there is no LOAD program header with memory; a program has at least one")
    for index in range(1, len(loads)):
        lower, upper = loads[index - 1], loads[index]
        if lower.end > upper.p_vaddr:
            raise ElfError(
                f"LOAD segments {lower.p_vaddr:#x}-{lower.end:#x} and {upper.p_vaddr:#x}-{upper.end:#x} "
                "overlap; each address may belong to one"
            )


def _check_entry(elf: Elf) -> None:
    entry = elf.e_entry
    if not entry & 1 and entry & 3:
        raise ElfError(f"e_entry is {entry:#x}; A32 code begins at a multiple of 4, and T32 code is marked by bit 0")
    address = entry & ~1
    for segment in elf.loads:
        if segment.p_flags & PF_X and segment.p_vaddr <= address < segment.end:
            return
    library = elf.e_type == ET_DYN and entry == 0
    raise ElfError(
        f"e_entry is {entry:#x}; it must lie in an executable LOAD segment",
        _LIBRARY if library else "",
    )
