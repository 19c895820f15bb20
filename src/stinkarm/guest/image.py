"""A checked ELF program, mapped into guest memory as Linux maps it (fs/binfmt_elf.c)."""

from __future__ import annotations

from stinkarm.guest.elf import ET_DYN, PF_R, PF_W, PF_X, PT_PHDR, Elf, ElfError, ProgramHeader, read_at
from stinkarm.guest.mapping import MAP_ANONYMOUS, MAP_PRIVATE, PROT_EXEC, PROT_READ, PROT_WRITE
from stinkarm.guest.memory import MAP_FIXED_NOREPLACE, PAGE, TASK_SIZE, GuestFault, Memory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class ElfLog(Protocol):
        """What the loader needs of a log."""

        elf: bool

        def line(self, text: str) -> None:
            """Write one line."""


ELF_ET_DYN_BASE = 0x400000  # arch/arm/include/asm/elf.h

_ANONYMOUS = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE


class Image:
    """Where a program was mapped.

    `base` is the load bias: 0 for ET_EXEC, else what was added to each address. `entry` has bit 0 set
    for T32 code. `start` and `end` span the segments; the program break begins at `brk_start`.
    """

    __slots__ = (
        "base",
        "brk_start",
        "elf",
        "end",
        "entry",
        "name",
        "phdr_address",
        "phent",
        "phnum",
        "stack_executable",
        "start",
    )

    def __init__(self, elf: Elf, base: int, name: str) -> None:
        loads = elf.loads
        self.elf = elf
        self.base = base
        self.name = name
        self.entry = elf.e_entry + base
        self.start = loads[0].p_vaddr + base
        self.end = loads[-1].end + base
        self.brk_start = _page_up(self.end)
        self.phdr_address = _phdr_address(elf, base)
        self.phnum = elf.e_phnum
        self.phent = elf.e_phentsize
        self.stack_executable = elf.stack_executable

    @property
    def code(self) -> list[tuple[int, int]]:
        """The executable segments, by (start, end); their last pages go on with whatever the file has there."""
        loads = [header for header in self.elf.loads if header.p_flags & PF_X]
        return [(header.p_vaddr + self.base, header.end + self.base) for header in loads]


class _Segment:
    """A LOAD segment at its final place, with its pages."""

    __slots__ = ("address", "data_end", "end", "first_page", "header", "last_page", "offset", "prot")

    def __init__(self, header: ProgramHeader, base: int) -> None:
        self.header = header
        self.address = header.p_vaddr + base
        self.data_end = self.address + header.p_filesz
        self.end = header.end + base
        self.first_page = self.address & -PAGE
        self.last_page = _page_up(self.end)  # the page after the last
        self.offset = header.p_offset
        self.prot = (
            (PROT_READ if header.p_flags & PF_R else 0)
            | (PROT_WRITE if header.p_flags & PF_W else 0)
            | (PROT_EXEC if header.p_flags & PF_X else 0)
        )


def load(
    memory: Memory,
    elf: Elf,
    source: int | bytes,
    *,
    name: str = "",
    log: ElfLog | None = None,
    interpreter: bool = False,
) -> Image:
    """Map a program, given as the file or the content that `elf` was parsed from, and begin its heap.

    `name` is the path that the mappings show. An `interpreter` goes where mmap puts it, and has no heap.
    Raises ElfError when it does not fit or the host
    refuses; the memory is then of no use.
    """
    base = _interpreter_bias(memory, elf) if interpreter else _load_bias(elf)
    segments = [_Segment(header, base) for header in elf.loads]
    shared = _shared_pages(segments)
    try:
        for page, owners in shared.items():
            _map_shared_page(memory, page, owners, source, name)
        for segment in segments:
            low = segment.first_page + (PAGE if segment.first_page in shared else 0)
            high = segment.last_page - (PAGE if segment.last_page - PAGE in shared else 0)
            if low < high:
                _map_pages(memory, segment, low, high, source, name)
            if log is not None and log.elf:
                size, where = segment.end - segment.address, memory.base + segment.address
                log.line(f"mapped program header `LOAD` of {size}B (G={segment.address:#x} -> H={where:#x})")
    except OSError as error:
        raise ElfError(f"the host could not map the program: {error.strerror}") from None
    except GuestFault:
        raise ElfError("the file became shorter while it was mapped; try again") from None
    image = Image(elf, base, name)
    if not interpreter:
        memory.set_brk(image.brk_start)
    return image


def _page_up(address: int) -> int:
    return (address + PAGE - 1) & -PAGE


def _load_bias(elf: Elf) -> int:
    """Choose what to add to the addresses of a program that may be anywhere."""
    if elf.e_type != ET_DYN:
        return 0
    loads = elf.loads
    align = max([PAGE, *(header.p_align for header in loads)])
    first = loads[0].p_vaddr & -align
    bias = ((ELF_ET_DYN_BASE + align - 1) & -align) - first
    if loads[-1].end + bias > TASK_SIZE:
        raise ElfError(
            f"the LOAD segments span {loads[-1].end - first:#x} bytes (p_align {align:#x}); "
            f"user memory ends at {TASK_SIZE:#x}"
        )
    return bias


def _interpreter_bias(memory: Memory, elf: Elf) -> int:
    """Choose where the interpreter goes: the highest place that is free, as for mmap."""
    if elf.e_type != ET_DYN:
        return 0
    loads = elf.loads
    align = max([PAGE, *(header.p_align for header in loads)])
    first = loads[0].p_vaddr & -align
    room = _page_up(loads[-1].end - first) + align - PAGE
    try:
        start = memory.map(0, room, 0, MAP_PRIVATE | MAP_ANONYMOUS)
    except OSError as error:
        raise ElfError(f"there is no room in memory for the interpreter: {error.strerror}") from None
    memory.unmap(start, room)
    return ((start + room - _page_up(loads[-1].end - first)) & -align) - first


def _phdr_address(elf: Elf, base: int) -> int:
    """Find the program headers in memory (AT_PHDR); 0 when no segment holds them."""
    for header in elf.loads:
        if header.p_offset <= elf.e_phoff and elf.e_phoff - header.p_offset < header.p_filesz:
            return elf.e_phoff - header.p_offset + header.p_vaddr + base
    for header in elf.program_headers:
        if header.p_type == PT_PHDR:
            return (header.p_vaddr + base) & 0xFFFFFFFF
    return 0


def _shared_pages(segments: list[_Segment]) -> dict[int, list[_Segment]]:
    """Find the pages that hold bytes of several segments."""
    shared: dict[int, list[_Segment]] = {}
    for index in range(1, len(segments)):
        page = segments[index].first_page
        below = segments[index - 1]
        if below.last_page > page:
            shared.setdefault(page, [below]).append(segments[index])
    return shared


def _map_shared_page(memory: Memory, page: int, owners: list[_Segment], source: int | bytes, name: str) -> None:
    """Map a page with a copy of what each segment has there, and with the rights of all of them."""
    memory.map(page, PAGE, PROT_READ | PROT_WRITE, _ANONYMOUS, name=name)
    prot = 0
    for segment in owners:
        prot |= segment.prot
        _copy(memory, segment, page, page + PAGE, source)
    memory.protect(page, PAGE, prot)


def _map_pages(memory: Memory, segment: _Segment, low: int, high: int, source: int | bytes, name: str) -> None:
    """Map whole pages of one segment: from the file where it can be, and zero after p_filesz."""
    file_end = min(high, _page_up(segment.data_end)) if segment.header.p_filesz else low
    if isinstance(source, int) and (segment.address - segment.offset) % PAGE == 0 and file_end > low:
        offset = segment.offset + low - segment.address
        clear = segment.data_end < min(segment.end, file_end)  # bss begins within the last file page
        prot = segment.prot | PROT_WRITE if clear else segment.prot
        flags = MAP_PRIVATE | MAP_FIXED_NOREPLACE
        memory.map(low, file_end - low, prot, flags, fd=source, offset=offset, name=name)
        if clear:
            memory.write(segment.data_end, bytes(file_end - segment.data_end))
            if prot != segment.prot:
                memory.protect(low, file_end - low, segment.prot)
    elif file_end > low:
        memory.map(low, file_end - low, PROT_READ | PROT_WRITE, _ANONYMOUS, name=name)
        _copy(memory, segment, low, file_end, source)
        memory.protect(low, file_end - low, segment.prot)
    bss = max(low, file_end)
    if bss < high:
        memory.map(bss, high - bss, segment.prot, _ANONYMOUS)


def _copy(memory: Memory, segment: _Segment, low: int, high: int, source: int | bytes) -> None:
    """Write the segment's file bytes that belong in [low, high)."""
    start, end = max(low, segment.address), min(high, segment.data_end)
    if start < end:
        data = read_at(source, segment.offset + start - segment.address, end - start)
        if len(data) != end - start:
            raise ElfError("the file became shorter while it was read; try again")
        memory.write(start, data)
