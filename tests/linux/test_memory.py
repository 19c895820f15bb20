"""The memory calls; `guest/memory.py` has tests of its own."""

import os
from pathlib import Path

from tests.linux.process import DATA, DATA_SIZE, TEXT, UNMAPPED, Process

RW = 3
PRIVATE = 0x22
FIXED = 0x10


def test_program_break(guest: Process) -> None:
    guest.memory.set_brk(0x200000)
    assert guest.call("brk", 0) == 0x200000
    assert guest.call("brk", 0x203001) == 0x203001
    guest.put(b"x", 0x203000)
    assert guest.call("brk", 0xFFFFFFFF) == 0x203001
    assert guest.call("brk", 0x200000) == 0x200000
    assert guest.memory.find(0x200000) is None


def test_map_use_and_unmap(guest: Process) -> None:
    address = guest.state.r[0] if guest.call("mmap2", 0, 5000, RW, PRIVATE, -1, 0) else 0
    assert address & 0xFFF == 0
    guest.put(b"end", address + 8189)
    assert guest.call("mprotect", address, 8192, 1) == 0
    assert guest.error("getrandom", address, 1, 0) == "EFAULT"
    assert guest.call("munmap", address, 8192) == 0
    assert guest.memory.find(address) is None


def test_the_offset_of_a_file_counts_pages(guest: Process, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(bytes(4096) + b"second page")
    fd = guest.policy.descriptors.add(os.open(file, os.O_RDONLY))
    guest.call("mmap2", 0, 4096, 1, 2, fd, 1)
    address = guest.state.r[0]
    assert guest.memory.read(address, 11) == b"second page"
    mapping = guest.memory.find(address)
    assert mapping is not None and mapping.name == str(file)
    assert guest.error("mmap2", 0, 4096, RW, 1, fd, 0) == "EACCES"
    os.close(fd)


def test_only_the_guests_own_files_can_be_mapped(guest: Process, tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as file:
        assert guest.error("mmap2", 0, 4096, 1, 2, file.fileno(), 0) == "EBADF"
    assert guest.error("mmap2", 0, 4096, 1, 2, 0xFFFFFFFF, 0) == "EBADF"


def test_errors(guest: Process) -> None:
    assert guest.error("mmap2", 0, 0, RW, PRIVATE, -1, 0) == "EINVAL"
    assert guest.error("mmap2", 0, 0xFFFFF000, RW, PRIVATE, -1, 0) == "ENOMEM"
    assert guest.error("munmap", DATA + 1, 4096) == "EINVAL"
    assert guest.error("mprotect", UNMAPPED, 4096, 1) == "ENOMEM"
    assert guest.error("madvise", DATA, 4096, 9999) == "EINVAL"
    assert guest.error("msync", DATA + 1, 4096, 4) == "EINVAL"
    assert guest.error("mremap", UNMAPPED, 4096, 8192, 1, 0) == "EFAULT"
    assert guest.error("remap_file_pages", DATA, 4096, 0, 0, 0) == "EINVAL"


def test_remap(guest: Process) -> None:
    guest.put(b"kept")
    guest.call("mremap", DATA, DATA_SIZE, DATA_SIZE * 2, 1, 0)
    assert guest.memory.read(guest.state.r[0], 4) == b"kept"


def test_advice(guest: Process) -> None:
    guest.put(b"gone")
    assert guest.call("madvise", DATA, 4096, 4) == 0
    assert guest.word() == 0
    assert guest.call("msync", DATA, 4096, 4) == 0


def test_locking(guest: Process) -> None:
    assert guest.call("mlock", DATA + 100, 200) == 0
    assert guest.call("munlock", DATA, 4096) == 0
    assert guest.call("mlock2", DATA, 4096, 1) == 0
    assert guest.call("munlockall") == 0
    assert guest.error("mlock", UNMAPPED, 4096) == "ENOMEM"
    assert guest.error("mlock", TEXT, 0x3000) == "ENOMEM"
    assert guest.error("mlock", 0xFFFFF000, 0x2000) == "EINVAL"
    assert guest.error("mlockall", 0) == "EINVAL"
    assert guest.error("mlockall", 1) == "EPERM"


def test_mincore(guest: Process) -> None:
    guest.put(b"x", DATA + 0x1000)
    guest.put(b"\xff" * 4)
    assert guest.call("mincore", DATA, 0x4000, DATA) == 0
    assert guest.memory.read(DATA, 4) == b"\1\1\0\0"
    assert guest.error("mincore", DATA + 1, 4096, DATA) == "EINVAL"
    assert guest.error("mincore", UNMAPPED, 4096, DATA) == "ENOMEM"
    assert guest.error("mincore", DATA, 4096, UNMAPPED) == "EFAULT"
