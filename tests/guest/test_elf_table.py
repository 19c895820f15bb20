"""The table of `--log elf`."""

from stinkarm.guest.elf import parse
from stinkarm.inspect.elf_table import elf_table

from .elf_file import EXIT_161, PT_GNU_STACK, R, W, elf_file, segment

EXIT = r"""\
ELF Header:
  Magic:              [7f, 45, 4c, 46]
  Class:              ELF32
  Data:               Little endian
  Type:               Executable
  Machine:            EM_ARM
  Version:            1
  Entry point:        0x8000
  Program hdr offset: 52 (32 bytes each)
  Section hdr offset: 4572
  Flags:              0x05000200
  EH size:            52
  # Program headers:  1
  # Section headers:  8
  Str tbl index:      7

Program Headers:
  Type       Offset   VirtAddr   PhysAddr   FileSz    MemSz  Flags  Align
  LOAD     0x001000 0x00008000 0x00008000 0x00000c 0x00000c    R|X 0x1000
"""


def test_the_three_instruction_program() -> None:
    assert elf_table(parse(elf_file(e_shoff=4572, e_shnum=8, e_shstrndx=7))) == EXIT


def test_all_kinds_of_program_headers() -> None:
    kinds = (0x70000001, 7, 4, PT_GNU_STACK, 0x6474E552, 0x6FFFFFFF)
    segments = [segment(EXIT_161, p_vaddr=0x10000, p_align=0x10000)]
    segments += [segment(p_type=kind, p_vaddr=0, p_flags=R | W, p_align=4, p_offset=0) for kind in kinds]
    segments[-1]["p_flags"] = 0
    table = elf_table(parse(elf_file(segments, e_type=3, e_entry=0x10000))).split("Program Headers:\n")
    assert "  Type:               Shared object (PIE)\n" in table[0]
    assert table[1].splitlines() == [
        "  Type         Offset   VirtAddr   PhysAddr   FileSz    MemSz  Flags  Align",
        "  LOAD       0x010000 0x00010000 0x00010000 0x00000c 0x00000c    R|X 0x10000",
        "  EXIDX      0x000000 0x00000000 0x00000000 0x000000 0x000000    R|W    0x4",
        "  TLS        0x000000 0x00000000 0x00000000 0x000000 0x000000    R|W    0x4",
        "  NOTE       0x000000 0x00000000 0x00000000 0x000000 0x000000    R|W    0x4",
        "  GNU_STACK  0x000000 0x00000000 0x00000000 0x000000 0x000000    R|W    0x4",
        "  GNU_RELRO  0x000000 0x00000000 0x00000000 0x000000 0x000000    R|W    0x4",
        "  0x6fffffff 0x000000 0x00000000 0x00000000 0x000000 0x000000      -    0x4",
    ]
