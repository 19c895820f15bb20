"""Programs mapped into memory: every byte, every right, nothing else."""

import os
import random
from pathlib import Path

import pytest

from stinkarm.guest import image, stack
from stinkarm.guest.elf import ElfError, parse
from stinkarm.guest.memory import PAGE, TASK_SIZE, GuestFault, Memory

from .elf_file import EXIT_161, PT_GNU_STACK, PT_PHDR, R, W, X, elf_file, segment

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.elf"))


@pytest.fixture
def memory():
    with Memory() as new:
        yield new


@pytest.fixture(params=["file", "bytes"])
def load(request, memory, tmp_path):
    """Load a program from a file, or from its content."""

    def load(data: bytes, **keywords) -> image.Image:
        if request.param == "bytes":
            return image.load(memory, parse(data), data, **keywords)
        path = tmp_path / "program"
        path.write_bytes(data)
        fd = os.open(path, os.O_RDONLY)
        try:
            return image.load(memory, parse(fd), fd, **keywords)
        finally:
            os.close(fd)

    return load


def permissions(memory: Memory) -> list[tuple[int, int, str]]:
    return [(mapping.start, mapping.end, mapping.permissions) for mapping in memory.mappings]


def test_the_smallest_program(memory, load) -> None:
    loaded = load(elf_file(), name="/bin/exit")
    assert (loaded.entry, loaded.base, loaded.brk_start) == (0x8000, 0, 0x9000)
    assert (loaded.start, loaded.end) == (0x8000, 0x800C)
    assert (loaded.phdr_address, loaded.phnum, loaded.phent) == (0, 1, 32)  # the headers are in no segment
    assert loaded.stack_executable is False
    assert memory.read(0x8000, 12) == EXIT_161
    assert permissions(memory) == [(0x8000, 0x9000, "r-xp")]
    assert memory.mappings[0].name == "/bin/exit"
    assert memory.brk(0x9001) == 0x9001


def test_bss_is_zero_from_the_first_byte(memory, load) -> None:
    data = elf_file(
        [
            segment(EXIT_161),
            segment(b"x" * 100, p_vaddr=0x10010, p_flags=R | W, p_memsz=0x2100),
            segment(b"not in memory", p_type=4, p_align=1),
        ]
    )
    loaded = load(data + b"y" * PAGE)
    assert memory.read(0x10010, 100) == b"x" * 100
    assert memory.read(0x10010 + 100, 0x2100 - 100) == bytes(0x2100 - 100)
    assert memory.read(0x12110, 0x13000 - 0x12110) == bytes(0x13000 - 0x12110)
    assert loaded.brk_start == 0x13000
    assert {entry[2] for entry in permissions(memory) if entry[0] >= 0x10000} == {"rw-p"}
    memory.write(0x10010, b"private")


def test_bss_of_a_segment_that_is_not_writable(memory, load) -> None:
    load(elf_file([segment(EXIT_161, p_memsz=0x1800)]) + b"behind")
    assert memory.read(0x8000, 0x1800) == EXIT_161.ljust(0x1800, b"\0")
    assert {entry[2] for entry in permissions(memory)} == {"r-xp"}


def test_a_segment_without_file_bytes(memory, load) -> None:
    load(elf_file([segment(EXIT_161), segment(p_vaddr=0x20010, p_flags=R | W, p_memsz=8, p_offset=0x1010)]))
    assert memory.read(0x20000, PAGE) == bytes(PAGE)
    memory.write(0x20010, b"writable")


def test_segments_that_share_a_page(memory, load) -> None:
    data = elf_file(
        [
            segment(EXIT_161, p_align=4),
            segment(b"data", p_vaddr=0x8010, p_flags=R | W, p_align=4, p_memsz=0x20),
            segment(b"more", p_vaddr=0x8040, p_flags=R, p_align=4, p_memsz=0x1FD0),
        ]
    )
    load(data)
    content = EXIT_161.ljust(16, b"\0") + b"data".ljust(0x30, b"\0") + b"more"
    assert memory.read(0x8000, 0x2010) == content.ljust(0x2010, b"\0")
    # The shared page may do what each segment asks for.
    assert [entry[2] for entry in permissions(memory)] == ["rwxp", "r--p"]
    assert permissions(memory)[-1][1] == 0xB000


def test_offsets_that_are_not_congruent_to_pages_are_copied(memory, load) -> None:
    load(elf_file([segment(EXIT_161 + bytes(5000) + b"end", p_align=4)]))
    assert memory.read(0x8000, 12) == EXIT_161
    assert memory.read(0x8000 + 5012, 3) == b"end"
    assert permissions(memory) == [(0x8000, 0xA000, "r-xp")]


def test_headers_in_a_segment_are_found(load) -> None:
    inside = segment(bytes(0x200), p_offset=0, p_vaddr=0x10000, p_filesz=0x74, p_memsz=0x74)
    assert load(elf_file([inside, segment(p_type=PT_GNU_STACK)], e_entry=0x10054)).phdr_address == 0x10034


def test_pt_phdr_names_the_headers_when_no_segment_holds_them(load) -> None:
    phdr = segment(p_type=PT_PHDR, p_vaddr=0x8034, p_align=4)
    assert load(elf_file([phdr, segment(EXIT_161)])).phdr_address == 0x8034


def test_a_static_pie_is_moved_as_a_whole(memory, load) -> None:
    data = elf_file(
        [
            segment(EXIT_161, p_vaddr=0, p_align=0x10000),
            segment(b"data", p_vaddr=0x20004, p_flags=R | W, p_align=0x10000),
            segment(p_type=PT_GNU_STACK, p_flags=R | W | X),
        ],
        e_type=3,
        e_entry=1,
    )
    loaded = load(data)
    assert (loaded.base, loaded.entry, loaded.brk_start) == (0x400000, 0x400001, 0x421000)
    assert loaded.stack_executable is True
    assert memory.read(0x400000, 12) == EXIT_161
    assert memory.read(0x420004, 4) == b"data"


def test_a_static_pie_keeps_its_alignment(load) -> None:
    wide = segment(EXIT_161, p_vaddr=0x10000000, p_offset=0x1000, p_align=1)
    loaded = load(elf_file([wide], e_type=3, e_entry=0x10000000) + bytes(0x1000))
    assert loaded.entry == 0x400000
    assert loaded.base == 0x400000 - 0x10000000


def test_a_pie_that_does_not_fit_is_refused(load) -> None:
    data = elf_file([segment(EXIT_161, p_vaddr=0, p_memsz=0xBEF00000)], e_type=3, e_entry=0)
    with pytest.raises(ElfError) as caught:
        load(data)
    assert str(caught.value) == (
        f"the LOAD segments span 0xbef00000 bytes (p_align 0x1000); user memory ends at {TASK_SIZE:#x}"
    )


def test_a_host_that_refuses_is_an_elf_error(memory, load, monkeypatch) -> None:
    def refuse(*_, **__):
        raise OSError(12, os.strerror(12))

    monkeypatch.setattr(memory, "map", refuse)
    with pytest.raises(ElfError, match=r"^the host could not map the program: Cannot allocate memory$"):
        load(elf_file())


def test_a_file_that_shrinks_while_it_is_mapped(memory, tmp_path) -> None:
    data = elf_file([segment(EXIT_161), segment(b"x", p_vaddr=0x9001, p_flags=R | W, p_memsz=0x10)])
    path = tmp_path / "program"
    path.write_bytes(data)
    fd = os.open(path, os.O_RDWR)
    try:
        elf = parse(fd)
        os.ftruncate(fd, 100)
        with pytest.raises(ElfError, match=r"^the file became shorter while it was mapped; try again$"):
            image.load(memory, elf, fd)
    finally:
        os.close(fd)
    with Memory() as other, pytest.raises(ElfError, match=r"^the file became shorter while it was read; try again$"):
        image.load(other, elf, data[:100])


class Log:
    elf = True
    memory = False

    def __init__(self) -> None:
        self.lines: list[str] = []

    def line(self, text: str) -> None:
        self.lines.append(text)


def test_the_log_names_each_segment(memory, load) -> None:
    log = Log()
    load(elf_file([segment(EXIT_161, p_memsz=51)]), log=log)
    assert log.lines == [f"mapped program header `LOAD` of 51B (G=0x8000 -> H={memory.base + 0x8000:#x})"]


@pytest.mark.parametrize("path", EXAMPLES, ids=[path.stem for path in EXAMPLES])
def test_the_example_programs(memory, load, path: Path) -> None:
    data = path.read_bytes()
    loaded = load(data)
    for header in loaded.elf.loads:
        start = header.p_vaddr + loaded.base
        assert memory.read(start, header.p_filesz) == data[header.p_offset : header.p_offset + header.p_filesz]
        rest = header.p_memsz - header.p_filesz
        assert memory.read(start + header.p_filesz, rest) == bytes(rest)
        mapping = memory.find(start)
        assert mapping is not None
        assert mapping.prot & header.p_flags >> 2 & 1 == header.p_flags >> 2 & 1
        if not header.p_flags & W:
            with pytest.raises(GuestFault):
                memory.write(start, b"x")
    assert memory.find(loaded.entry & ~1).prot & 4


def test_mutated_programs_load_or_are_refused(tmp_path) -> None:
    """What the parser lets through may still not fit; nothing else may go wrong."""
    generator = random.Random(4)
    stack_header = segment(p_type=PT_GNU_STACK, p_flags=R | W)
    data = segment(b"data", p_vaddr=0x9004, p_flags=R | W, p_memsz=0x2000)
    seed = elf_file([segment(EXIT_161, p_align=4), data, stack_header])
    outcomes = {"loaded": 0, "refused": 0}
    for _ in range(2000):
        mutated = bytearray(seed)
        for _ in range(generator.randint(1, 3)):
            # Addresses, sizes, flags and alignments of the two LOAD headers, and e_type.
            position = generator.choice((16, *range(52, 52 + 64)))
            mutated[position] = generator.choice((0, 1, 2, 3, 0x10, 0x80, 0xBE, 0xFF))
        path = tmp_path / "mutated"
        path.write_bytes(mutated)
        fd = os.open(path, os.O_RDONLY)
        try:
            header = parse(fd)
            with Memory() as memory:
                program = image.load(memory, header, generator.choice((fd, bytes(mutated))))
                sp = stack.build(memory, program, [b"a"], [], stack_size=1 << 16)
                assert memory.read_u32(sp) == 1
                assert memory.find(program.entry & ~1).prot & 4
                assert memory.brk(0) == program.brk_start
            outcomes["loaded"] += 1
        except ElfError:
            outcomes["refused"] += 1
        finally:
            os.close(fd)
    assert min(outcomes.values()) > 300, outcomes
