"""The ELF headers: what is accepted, and each refusal in its exact words."""

import os
import random
import struct

import pytest

from stinkarm.guest import elf
from stinkarm.guest.elf import ElfError, open_program, parse

from .elf_file import EXIT_161, PT_DYNAMIC, PT_GNU_STACK, PT_INTERP, R, W, X, elf_file, segment

GOOD = elf_file()


def ident(**changes: int) -> bytes:
    """e_ident with one byte changed."""
    names = {"ei_class": 4, "ei_data": 5, "ei_version": 6, "ei_osabi": 7}
    data = bytearray(b"\x7fELF\1\1\1" + bytes(9))
    for name, value in changes.items():
        data[names[name]] = value
    return bytes(data)


def one(data: bytes = EXIT_161, **fields: int) -> list[dict[str, int | bytes]]:
    return [segment(data, **fields)]


TRUNCATED = "the file is truncated: copy it again"
X86 = "this is a 64-bit x86 program, which does not need stinkarm"
ARM64 = (
    "this is a 64-bit ARM program: build it for 32-bit ARM (arm-linux-gnueabihf-gcc -static), "
    "or run it with qemu-aarch64"
)

REFUSED = [
    ("empty", b"", "the file is empty; stinkarm runs ELF programs", ""),
    ("one byte", b"\x7f", "the magic is [7f]; ELF files begin with [7f, 45, 4c, 46]", ""),
    (
        "script",
        b"#!/bin/sh -e\necho hi\n",
        "the magic is [23, 21, 2f, 62]; ELF files begin with [7f, 45, 4c, 46]",
        "this is a script for /bin/sh -e: run an ARM build of that with the script as its argument",
    ),
    (
        "script with control characters",
        b"#!\x1b[31m\nx",
        "the magic is [23, 21, 1b, 5b]; ELF files begin with [7f, 45, 4c, 46]",
        "this is a script for ?[31m: run an ARM build of that with the script as its argument",
    ),
    (
        "archive",
        b"!<arch>\n" + bytes(60),
        "the magic is [21, 3c, 61, 72]; ELF files begin with [7f, 45, 4c, 46]",
        "this is a static library: link a program with it",
    ),
    ("ident cut", GOOD[:16], "the file ends after 16 bytes; an ELF32 header has 52", ""),
    ("header cut", GOOD[:51], "the file ends after 51 bytes; an ELF32 header has 52", ""),
    (
        "class 64, ARM",
        elf_file(e_ident=ident(ei_class=2), e_machine=183),
        "EI_CLASS is ELFCLASS64; stinkarm runs ELFCLASS32 ARM programs",
        ARM64,
    ),
    (
        "class 64, x86",
        elf_file(e_ident=ident(ei_class=2), e_machine=62),
        "EI_CLASS is ELFCLASS64; stinkarm runs ELFCLASS32 ARM programs",
        X86,
    ),
    (
        "class 0",
        elf_file(e_ident=ident(ei_class=0)),
        "EI_CLASS is ELFCLASSNONE; stinkarm runs ELFCLASS32 ARM programs",
        "",
    ),
    ("class 9", elf_file(e_ident=ident(ei_class=9)), "EI_CLASS is 9; stinkarm runs ELFCLASS32 ARM programs", ""),
    (
        "big-endian",
        GOOD[:5] + b"\2" + GOOD[6:18] + b"\0\x28" + GOOD[20:],
        "EI_DATA is ELFDATA2MSB; stinkarm runs ELFDATA2LSB (little-endian) programs",
        "this is a big-endian ARM program: build it without -mbig-endian",
    ),
    (
        "data 7",
        elf_file(e_ident=ident(ei_data=7)),
        "EI_DATA is 7; stinkarm runs ELFDATA2LSB (little-endian) programs",
        "",
    ),
    (
        "big-endian MIPS",
        GOOD[:5] + b"\2" + GOOD[6:18] + b"\0\x08" + GOOD[20:],
        "EI_DATA is ELFDATA2MSB; stinkarm runs ELFDATA2LSB (little-endian) programs",
        "this is an EM_MIPS program",
    ),
    ("ident version", elf_file(e_ident=ident(ei_version=0)), "EI_VERSION is 0; it must be 1 (EV_CURRENT)", ""),
    (
        "osabi",
        elf_file(e_ident=ident(ei_osabi=9)),
        "EI_OSABI is ELFOSABI_FREEBSD; stinkarm runs Linux programs (ELFOSABI_NONE or ELFOSABI_GNU)",
        "",
    ),
    (
        "x86",
        elf_file(e_machine=3),
        "e_machine is EM_386; stinkarm runs EM_ARM programs",
        "this is a 32-bit x86 program, which does not need stinkarm",
    ),
    ("machine 999", elf_file(e_machine=999), "e_machine is 999; stinkarm runs EM_ARM programs", ""),
    (
        "object file",
        elf_file(e_type=1),
        "e_type is ET_REL; stinkarm runs ET_EXEC and ET_DYN programs",
        "this is an object file: link it first (arm-linux-gnueabihf-gcc -static)",
    ),
    (
        "core",
        elf_file(e_type=4),
        "e_type is ET_CORE; stinkarm runs ET_EXEC and ET_DYN programs",
        "this is a core dump: run the program that left it",
    ),
    ("type 77", elf_file(e_type=77), "e_type is 77; stinkarm runs ET_EXEC and ET_DYN programs", ""),
    ("version", elf_file(e_version=2), "e_version is 2; it must be 1 (EV_CURRENT)", ""),
    ("header size", elf_file(e_ehsize=64), "e_ehsize is 64; an Elf32_Ehdr has 52 bytes", ""),
    ("phentsize", elf_file(e_phentsize=56), "e_phentsize is 56; an Elf32_Phdr has 32 bytes", ""),
    ("phnum 0", elf_file(e_phnum=0), "e_phnum is 0; a program has at least one LOAD segment", ""),
    ("phnum max", elf_file(e_phnum=0xFFFF), "e_phnum is 65535; Linux and stinkarm read at most 2048", ""),
    (
        "phoff",
        elf_file(e_phoff=0xFFFFFFF0),
        "e_phoff is 0xfffffff0 and the program header table ends at 0x100000010; the file ends at 0x100c",
        TRUNCATED,
    ),
    (
        "table cut",
        elf_file()[:60],
        "e_phoff is 0x34 and the program header table ends at 0x54; the file ends at 0x3c",
        TRUNCATED,
    ),
    (
        "align",
        elf_file(one(p_align=3)),
        "program header 0 (LOAD): p_align is 0x3; it must be 0, 1 or a power of two",
        "",
    ),
    (
        "congruence",
        elf_file(one(p_offset=0x1004)),
        "program header 0 (LOAD): p_vaddr 0x8000 and p_offset 0x1004 differ modulo p_align 0x1000; "
        "they must be congruent",
        "",
    ),
    (
        "filesz",
        elf_file(one(p_memsz=8)),
        "program header 0 (LOAD): p_filesz is 0xc; it must not exceed p_memsz, 0x8",
        "",
    ),
    (
        "file cut",
        GOOD[:-1],
        "program header 0 (LOAD): p_offset 0x1000 and p_filesz 0xc end at 0x100c; the file ends at 0x100b",
        TRUNCATED,
    ),
    (
        "offset overflow",
        elf_file(one(p_offset=0xFFFFF000, p_filesz=0x2000, p_memsz=0x2000)),
        "program header 0 (LOAD): p_offset 0xfffff000 and p_filesz 0x2000 end at 0x100001000; the file ends at 0x54",
        TRUNCATED,
    ),
    (
        "address overflow",
        elf_file(one(p_vaddr=0xFFFFF000, p_memsz=0x2000)),
        "program header 0 (LOAD): p_vaddr 0xfffff000 and p_memsz 0x2000 end at 0x100001000; "
        "addresses end at 0x100000000",
        "",
    ),
    (
        "kernel address",
        elf_file(one(p_vaddr=0xC0000000)),
        "program header 0 (LOAD): p_vaddr 0xc0000000 and p_memsz 0xc end at 0xc000000c; user memory ends at 0xbf000000",
        "",
    ),
    (
        "page zero",
        elf_file(one(p_vaddr=0), e_entry=0),
        "program header 0 (LOAD): p_vaddr is 0x0; programs are mapped at 0x8000 (vm.mmap_min_addr) or above",
        "link it with -Ttext=0x8000 or more",
    ),
    (
        "overlap",
        elf_file([segment(EXIT_161), segment(bytes(8), p_vaddr=0x8008)]),
        "LOAD segments 0x8000-0x800c and 0x8008-0x8010 overlap; each address may belong to one",
        "",
    ),
    (
        "overlap, out of order",
        elf_file([segment(bytes(8), p_vaddr=0x9008), segment(EXIT_161, p_memsz=0x2000)]),
        "LOAD segments 0x8000-0xa000 and 0x9008-0x9010 overlap; each address may belong to one",
        "",
    ),
    (
        "no segment",
        elf_file([segment(p_type=PT_GNU_STACK)]),
        "there is no LOAD program header with memory; a program has at least one",
        "",
    ),
    (
        "empty segment",
        elf_file(one(b"")),
        "there is no LOAD program header with memory; a program has at least one",
        "",
    ),
    (
        "entry not aligned",
        elf_file(e_entry=0x8002),
        "e_entry is 0x8002; A32 code begins at a multiple of 4, and T32 code is marked by bit 0",
        "",
    ),
    (
        "entry outside",
        elf_file(e_entry=0x800C),
        "e_entry is 0x800c; it must lie in an executable LOAD segment",
        "",
    ),
    (
        "entry in data",
        elf_file(one(p_flags=R | W)),
        "e_entry is 0x8000; it must lie in an executable LOAD segment",
        "",
    ),
    (
        "library without entry",
        elf_file(e_type=3, e_entry=0),
        "e_entry is 0x0; it must lie in an executable LOAD segment",
        "this seems to be a shared library: run a program that uses it",
    ),
    (
        "interpreter without end",
        elf_file([segment(b"/lib/ld-linux-armhf.so.3", p_type=PT_INTERP, p_align=1), segment(EXIT_161)]),
        "PT_INTERP holds no file name that ends with a zero byte",
        "",
    ),
    (
        "interpreter empty",
        elf_file([segment(b"\0", p_type=PT_INTERP, p_align=1), segment(EXIT_161)]),
        "PT_INTERP has 1 bytes; the name of a file has 2 to 4096",
        "",
    ),
    (
        "interpreter cut",
        elf_file([segment(p_type=PT_INTERP, p_offset=0x2000, p_filesz=9), segment(EXIT_161)]),
        "PT_INTERP ends at 0x2009; the file ends at 0x100c",
        TRUNCATED,
    ),
    (
        "needs libraries",
        elf_file([segment(struct.pack("<4I", 1, 7, 0, 0), p_type=PT_DYNAMIC), segment(EXIT_161)], e_type=3),
        "PT_DYNAMIC needs shared libraries (DT_NEEDED) and there is no PT_INTERP to load them",
        "this seems to be a shared library: run a program that uses it",
    ),
]


@pytest.mark.parametrize(("data", "sentence", "hint"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_refused(data: bytes, sentence: str, hint: str, tmp_path) -> None:
    path = tmp_path / "program"
    path.write_bytes(data)
    fd = open_program(path)
    try:
        for source in (data, fd):
            with pytest.raises(ElfError) as caught:
                parse(source)
            assert (caught.value.sentence, caught.value.hint) == (sentence, hint)
            assert str(caught.value) == (f"{sentence}; {hint}" if hint else sentence)
            assert caught.value.status == 126
    finally:
        os.close(fd)


ACCEPTED = {
    "smallest": GOOD,
    "align 0": elf_file(one(p_align=0)),
    "align 1": elf_file(one(p_align=1)),
    "align 64K": elf_file(one(p_align=0x10000)),
    "T32 entry": elf_file(e_entry=0x8003),
    "static PIE": elf_file(one(p_vaddr=0), e_type=3, e_entry=0),
    "osabi GNU": elf_file(e_ident=ident(ei_osabi=3)),
    "unknown type": elf_file([segment(p_type=0x6FFFFFFF, p_offset=0xFFFFFFFF, p_align=7), segment(EXIT_161)]),
    "bss": elf_file([segment(EXIT_161), segment(p_vaddr=0x10000, p_flags=R | W, p_memsz=0x1000)]),
    "out of order": elf_file([segment(b"data", p_vaddr=0x10000, p_flags=R | W), segment(EXIT_161)]),
    "touching": elf_file([segment(EXIT_161), segment(b"data", p_vaddr=0x800C, p_flags=R | W)]),
    "no sections": elf_file(e_shoff=0xFFFFFFFF, e_shnum=3),
}


@pytest.mark.parametrize("data", ACCEPTED.values(), ids=ACCEPTED)
def test_accepted(data: bytes) -> None:
    header = parse(data)
    assert header.e_machine == 40
    assert header.loads
    assert [load.p_vaddr for load in header.loads] == sorted(load.p_vaddr for load in header.loads)


@pytest.mark.parametrize(("flags", "executable"), [(None, False), (R | W, False), (R | W | X, True)])
def test_gnu_stack_decides_whether_the_stack_is_executable(flags: int | None, executable: bool) -> None:
    segments = one() if flags is None else [*one(), segment(p_type=PT_GNU_STACK, p_flags=flags)]
    assert parse(elf_file(segments)).stack_executable is executable


def test_a_missing_file_is_not_found(tmp_path) -> None:
    for path in (tmp_path / "none", b"/dev/null/none", "a\0b"):
        with pytest.raises(ElfError, match=r"^there is no such file$") as caught:
            open_program(path)
        assert caught.value.status == 127


def test_what_is_not_a_regular_file_is_refused(tmp_path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path, what in ((tmp_path, "a directory"), (tmp_path / "fifo", "not a regular file")):
        with pytest.raises(ElfError) as caught:
            open_program(path)
        assert str(caught.value) == f"the path is {what}; stinkarm runs ELF files"
        assert caught.value.status == 126


def test_an_unreadable_file_says_why(tmp_path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(ElfError, match=r"^the file cannot be opened: Too many levels of symbolic links$"):
        open_program(tmp_path / "loop")


def test_mutated_files_raise_nothing_but_elf_errors() -> None:
    generator = random.Random(2)
    seed = elf_file([segment(EXIT_161), segment(b"data", p_vaddr=0x9000, p_flags=R | W, p_memsz=0x2000)])
    outcomes = set()
    for _ in range(5000):
        data = bytearray(seed)
        for _ in range(generator.randint(1, 4)):
            position = generator.randrange(52 + 64)
            data[position] = generator.choice((0, 1, 0x7F, 0x80, 0xFF, generator.randrange(256)))
        if generator.random() < 0.1:
            del data[generator.randrange(len(data)) :]
        try:
            elf.parse(bytes(data))
            outcomes.add("accepted")
        except ElfError as error:
            outcomes.add(error.sentence.split(" is ")[0])
    assert len(outcomes) > 15  # the mutations reach the checks


def test_the_interpreter_is_read() -> None:
    named = elf_file([segment(b"/lib/ld.so.1\0", p_type=PT_INTERP, p_align=1), segment(EXIT_161)])
    assert parse(named).interpreter == b"/lib/ld.so.1"
    assert parse(named, interpreter=True).interpreter == b""
    assert parse(GOOD).interpreter == b""
