"""The memory calls; `guest/memory.py` has tests of its own."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

import stinkarm
from stinkarm.guest import host
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


@pytest.mark.parametrize("address", [0x8000, DATA, 0x80000000, 0xBEFFF000, 0xFFFFF000])
def test_ranges_that_wrap(guest: Process, address: int) -> None:
    """What wraps around, or ends at, 4 GiB: as mm/mprotect.c, msync.c, mincore.c, mlock.c and madvise.c have it."""
    last = (1 << 32) - address
    for length in (last, last + 0x1000, 0xFFFFF000):
        if address + length < 1 << 32:
            continue
        assert guest.error("mincore", address, length, DATA) == "ENOMEM"
        assert guest.error("msync", address, length, 4) == "ENOMEM"
        assert guest.error("mprotect", address, length, 1) == "ENOMEM"
        for name in ("mlock", "munlock", "munmap"):
            assert guest.error(name, address, length) == "EINVAL", name
        assert guest.error("madvise", address, length, 0) == "EINVAL"


def test_what_is_locked_is_shown(forward: Process) -> None:
    from stinkarm.linux.proc_files import status

    def locked() -> int:
        line = next(line for line in status(forward.kernel).splitlines() if line.startswith(b"VmLck:"))
        return int(line.split()[1])

    before = locked()
    assert forward.call("mlock", DATA, 0x3000) == 0
    assert locked() == before + 12
    assert forward.call("munlock", DATA, 0x3000) == 0
    assert locked() == before


MAP_GROWSDOWN = 0x100
STORE = bytes.fromhex("000081e5")  # str r0, [r1]


@pytest.mark.parametrize("engine", ["interpreter", "reference"])
def test_a_mapping_grows_down(engine: str) -> None:
    emulator = stinkarm.Emulator(engine=engine)
    memory = emulator.machine.memory
    emulator.map(0x10000, 0x1000, "rx")
    emulator.write(0x10000, STORE)
    emulator.map(0x40000000, 0x1000, "rw")
    memory.map(0x40400000, 0x1000, RW, PRIVATE | FIXED | MAP_GROWSDOWN)
    memory.map(0x50000000, 0x1000, RW, PRIVATE | FIXED)

    def store(address: int) -> bool:
        emulator.r0, emulator.r1 = 0x12345678, address
        emulator.jump(0x10000)
        emulator.run(max_instructions=1)
        return memory.find(address) is not None and memory.read_u32(address) == 0x12345678

    assert store(0x403FFFFC)  # just below it
    assert store(0x40200000)  # far below it
    assert memory.find(0x40300000) is not None
    assert memory.read_u32(0x40300000) == 0
    assert store(0x40101000)  # 1 MiB above what is below it, and no nearer
    assert not store(0x40100FFC)
    assert not store(0x4FFFFFFC)  # that one does not grow
    emulator.close()


def test_a_file_of_huge_pages_is_not_mapped(forward: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    """The host maps the whole huge page then, over what the guest has beside it."""
    for flags in (4, 4 | 21 << 26, 0x20, 0x80000000):  # MFD_HUGETLB, with a size; unknown ones
        assert forward.error("memfd_create", forward.put(b"huge\0"), flags) == "EINVAL"
    fd = os.memfd_create("small", os.MFD_CLOEXEC)
    os.ftruncate(fd, 1 << 21)
    assert forward.call("mmap2", DATA, 0x1000, RW, 1 | FIXED, fd, 0) == DATA
    monkeypatch.setattr(host, "has_large_pages", lambda number: number == fd)
    assert forward.error("mmap2", DATA, 0x1000, RW, 1 | FIXED, fd, 0) == "ENODEV"
    os.close(fd)


def test_huge_pages_are_known() -> None:
    try:
        fd = os.memfd_create("huge", os.MFD_CLOEXEC | os.MFD_HUGETLB)
    except OSError as error:
        assert error.errno in (errno.ENOSYS, errno.EPERM, errno.ENOENT, errno.EINVAL, errno.ENODEV)
        pytest.skip("the host has no huge pages")
    assert host.has_large_pages(fd)
    os.close(fd)
    small = os.memfd_create("small", os.MFD_CLOEXEC)
    assert not host.has_large_pages(small)
    os.close(small)
