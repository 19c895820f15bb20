"""Guest memory: the calls one by one, then random sequences against a model of pages."""

import ctypes
import errno
import os
import random
import subprocess
import sys
import threading
import time

import pytest

from stinkarm.guest import host
from stinkarm.guest.memory import (
    MMAP_MIN_ADDR,
    PAGE,
    SPACE,
    TASK_SIZE,
    GuestFault,
    Memory,
)

NONE, R, W, X = 0, 1, 2, 4
SHARED, PRIVATE, FIXED, ANONYMOUS, NORESERVE, NOREPLACE = 1, 2, 0x10, 0x20, 0x4000, 0x100000
ANON = PRIVATE | ANONYMOUS
MAYMOVE, REMAP_FIXED, DONTUNMAP = 1, 2, 4


@pytest.fixture
def memory():
    with Memory() as new:
        yield new


@pytest.fixture
def file(tmp_path):
    """A file of four pages, each full of its number plus one."""
    fd = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    os.write(fd, b"".join(bytes([number + 1]) * PAGE for number in range(4)))
    yield fd
    os.close(fd)


def refused(number: int, call, *arguments, **keywords) -> None:
    """Expect one errno."""
    with pytest.raises(OSError) as caught:
        call(*arguments, **keywords)
    assert errno.errorcode[caught.value.errno] == errno.errorcode[number]


def summary(memory: Memory) -> list[tuple[int, int, str]]:
    return [(mapping.start, mapping.end, mapping.permissions) for mapping in memory.mappings]


def host_maps(memory: Memory) -> list[tuple[int, int, str]]:
    """What the host has mapped in the reservation: guest start, end and permissions."""
    found = []
    with open("/proc/self/maps") as maps:
        for line in maps:
            span, permissions = line.split()[:2]
            start, end = (int(part, 16) - memory.base for part in span.split("-"))
            if end > 0 and start < SPACE:
                found.append((max(start, 0), min(end, SPACE), permissions))
    return found


def check_reservation(memory: Memory) -> None:
    """The reservation has no hole, nothing executable, and access exactly where the mappings say so."""
    position = 0
    for start, end, permissions in host_maps(memory):
        assert start == position
        assert "x" not in permissions
        position = end
        while start < end:
            mapping = memory.find(start)
            if mapping is None:
                assert permissions[:3] == "---"
                later = [other.start for other in memory.mappings if other.start > start]
                start = min([end, *later])
            else:
                assert (permissions[0] == "r") == bool(mapping.prot)
                assert (permissions[1] == "w") == bool(mapping.prot & W)
                start = min(end, mapping.end)
    assert position == SPACE


# mmap


def test_a_new_space_is_empty_and_without_access(memory) -> None:
    check_reservation(memory)
    for address in (0, 0x8000, TASK_SIZE, SPACE - 1):
        with pytest.raises(GuestFault) as caught:
            memory.read(address, 1)
        assert (caught.value.address, caught.value.write) == (address, False)
        with pytest.raises(GuestFault) as caught:
            memory.write(address, b"x")
        assert (caught.value.address, caught.value.write) == (address, True)


def test_mappings_are_placed_from_the_top_down(memory) -> None:
    first = memory.map(0, PAGE, R | W, ANON)
    second = memory.map(0, 1, R, ANON)
    assert (first, second) == (TASK_SIZE - PAGE, TASK_SIZE - 2 * PAGE)
    assert summary(memory) == [(second, first, "r--p"), (first, TASK_SIZE, "rw-p")]


def test_the_highest_gap_that_fits_is_used(memory) -> None:
    top = memory.map(0, 8 * PAGE, R, ANON)
    memory.unmap(top + PAGE, 2 * PAGE)
    memory.unmap(top + 5 * PAGE, PAGE)
    assert memory.map(0, 2 * PAGE, R, ANON) == top + PAGE
    assert memory.map(0, 2 * PAGE, R, ANON) == top - 2 * PAGE
    assert memory.map(0, PAGE, R, ANON) == top + 5 * PAGE


def test_a_full_space_is_searched_upwards_and_then_refused(memory) -> None:
    memory.mmap_top = 0x10000
    assert memory.map(0, 0x8000, R, ANON) == 0x8000
    assert memory.map(0, PAGE, R, ANON) == 0x3FAAB000  # TASK_UNMAPPED_BASE
    memory.map(0x3FAAC000, TASK_SIZE - 0x3FAAC000, NONE, ANON | FIXED)
    refused(errno.ENOMEM, memory.map, 0, PAGE, R, ANON)


def test_a_hint_is_taken_when_free(memory) -> None:
    assert memory.map(0x12345, PAGE, R, ANON) == 0x12000
    assert memory.map(0x12000, PAGE, R, ANON) == TASK_SIZE - PAGE
    assert memory.map(1, PAGE, R, ANON) == TASK_SIZE - 2 * PAGE  # rounds to no hint at all
    assert memory.map(0x1000, PAGE, R, ANON) == MMAP_MIN_ADDR
    assert memory.map(TASK_SIZE, PAGE, R, ANON) == TASK_SIZE - 3 * PAGE
    assert memory.map(0xFFFFF000, PAGE, R, ANON) == TASK_SIZE - 4 * PAGE


def test_fixed_replaces_and_noreplace_refuses(memory) -> None:
    memory.map(0x10000, 4 * PAGE, R | W, ANON | FIXED)
    memory.write(0x11000, b"old")
    assert memory.map(0x11000, PAGE, R | W, ANON | FIXED) == 0x11000
    assert memory.read(0x11000, 3) == bytes(3)
    refused(errno.EEXIST, memory.map, 0x13000, 2 * PAGE, R, ANON | NOREPLACE)
    assert memory.map(0x14000, PAGE, R, ANON | NOREPLACE) == 0x14000
    check_reservation(memory)


MMAP_ERRORS = [
    (errno.EINVAL, (0, 0, R, ANON), {}),
    (errno.EINVAL, (0, PAGE, R, ANONYMOUS), {}),
    (errno.EINVAL, (0, PAGE, R, ANONYMOUS | 3), {}),
    (errno.EINVAL, (0, PAGE, R, ANON | 0x40000), {}),  # MAP_HUGETLB
    (errno.EINVAL, (0x10001, PAGE, R, ANON | FIXED), {}),
    (errno.EPERM, (0, PAGE, R, ANON | FIXED), {}),
    (errno.EPERM, (0x7000, 2 * PAGE, R, ANON | FIXED), {}),
    (errno.ENOMEM, (0, TASK_SIZE + 1, R, ANON), {}),
    (errno.ENOMEM, (0, SPACE - 1, R, ANON), {}),
    (errno.ENOMEM, (TASK_SIZE - PAGE, 2 * PAGE, R, ANON | FIXED), {}),
    (errno.ENOMEM, (0xFFFF0000, PAGE, R, ANON | FIXED), {}),
    (errno.ENOMEM, (0xFFFFF000, PAGE, R, ANON | NOREPLACE), {}),
    (errno.EBADF, (0, PAGE, R, PRIVATE), {}),
    (errno.EBADF, (0, PAGE, R, PRIVATE), {"fd": 1 << 20}),
    (errno.EINVAL, (0, PAGE, R, PRIVATE), {"fd": 0, "offset": 1}),
    (errno.EINVAL, (0, PAGE, R, PRIVATE), {"fd": 0, "offset": -PAGE}),
    (errno.EOVERFLOW, (0, 2 * PAGE, R, PRIVATE), {"fd": 0, "offset": (SPACE - 1) * PAGE}),
    (errno.EOPNOTSUPP, (0, PAGE, R, 3 | 0x40), {"fd": 0}),
]


@pytest.mark.parametrize(("number", "arguments", "keywords"), MMAP_ERRORS)
def test_mmap_errors(memory, number: int, arguments: tuple, keywords: dict) -> None:
    refused(number, memory.map, *arguments, **keywords)
    assert memory.mappings == []
    check_reservation(memory)


def test_a_failing_host_call_leaves_no_hole_and_keeps_what_was_there(memory, tmp_path) -> None:
    memory.map(0x10000, PAGE, R | W, ANON | FIXED)
    memory.write(0x10000, b"kept")
    directory = os.open(tmp_path, os.O_RDONLY)
    try:
        refused(errno.ENODEV, memory.map, 0x10000, PAGE, R, PRIVATE | FIXED, fd=directory)
    finally:
        os.close(directory)
    assert memory.read(0x10000, 4) == b"kept"
    check_reservation(memory)


def test_a_hole_that_the_host_leaves_is_reserved_again(memory, monkeypatch) -> None:
    memory.map(0x10000, 4 * PAGE, R | W, ANON | FIXED)
    real, heard = host.mmap, []
    memory.listeners.append(lambda *change: heard.append(change))

    def mmap_that_unmaps_first(address, size, prot, flags, fd=-1, offset=0):
        if flags & FIXED:
            host.munmap(address, size)
            raise OSError(errno.ENOMEM, "")
        return real(address, size, prot, flags, fd, offset)

    monkeypatch.setattr(host, "mmap", mmap_that_unmaps_first)
    refused(errno.ENOMEM, memory.map, 0x11000, PAGE, R, ANON | FIXED)
    assert summary(memory) == [(0x10000, 0x11000, "rw-p"), (0x12000, 0x14000, "rw-p")]
    assert heard == [(0x11000, 0x12000, False)]
    check_reservation(memory)


def test_private_and_shared_file_mappings(memory, file) -> None:
    private = memory.map(0, 2 * PAGE, R | W, PRIVATE, fd=file, offset=PAGE, name="/file")
    shared = memory.map(0, 4 * PAGE, R | W, SHARED, fd=file)
    assert memory.read(private, 2) == b"\2\2"
    assert memory.read(private + PAGE, 2) == b"\3\3"
    memory.write(private, b"private")
    memory.write(shared, b"shared")
    memory.sync(shared, PAGE, 4)
    assert os.pread(file, 6, 0) == b"shared"
    assert os.pread(file, 2, PAGE) == b"\2\2"
    memory.unmap(private, PAGE)
    mapping = memory.find(private + PAGE)
    assert mapping is not None
    assert (mapping.offset, mapping.name, mapping.permissions) == (2 * PAGE, "/file", "rw-p")


def test_memory_behind_the_end_of_a_file_faults(memory, file) -> None:
    os.ftruncate(file, PAGE)
    start = memory.map(0, 2 * PAGE, R | W, SHARED, fd=file)
    with pytest.raises(GuestFault) as caught:
        memory.read(start + PAGE - 4, 8)
    assert caught.value.address == start + PAGE
    with pytest.raises(GuestFault):
        memory.write_u8(start + PAGE, 1)


def test_executable_memory_is_only_readable_on_the_host(memory) -> None:
    memory.map(0x10000, PAGE, X, ANON | FIXED)
    memory.map(0x11000, PAGE, W, ANON | FIXED)
    memory.map(0x12000, PAGE, R | W | X, ANON | FIXED)
    check_reservation(memory)
    assert memory.read(0x10000, 4) == bytes(4)
    assert memory.read(0x11000, 4) == bytes(4)  # PROT_WRITE implies reading, as on ARM


# munmap, mprotect, madvise, msync, brk


def test_munmap_splits_and_ignores_what_is_not_mapped(memory) -> None:
    memory.map(0x10000, 4 * PAGE, R, ANON | FIXED)
    memory.unmap(0x11000, PAGE + 1)
    assert summary(memory) == [(0x10000, 0x11000, "r--p"), (0x13000, 0x14000, "r--p")]
    memory.unmap(0x8000, 0x20000)
    assert summary(memory) == []
    memory.unmap(0x8000, PAGE)
    check_reservation(memory)


@pytest.mark.parametrize(
    "arguments", [(0x10001, PAGE), (0x10000, 0), (TASK_SIZE, PAGE), (0x10000, SPACE - 1), (0xFFFF0000, PAGE)]
)
def test_munmap_errors(memory, arguments: tuple) -> None:
    refused(errno.EINVAL, memory.unmap, *arguments)


def test_mprotect_splits_and_merges(memory) -> None:
    memory.map(0x10000, 4 * PAGE, R | W, ANON | FIXED)
    memory.protect(0x11000, PAGE, R)
    assert [entry[2] for entry in summary(memory)] == ["rw-p", "r--p", "rw-p"]
    with pytest.raises(GuestFault) as caught:
        memory.write(0x10FFE, b"abcd")
    assert (caught.value.address, caught.value.write) == (0x11000, True)
    assert memory.read(0x10FFE, 4) == b"ab\0\0"
    memory.protect(0x11000, PAGE, R | W)
    assert summary(memory) == [(0x10000, 0x14000, "rw-p")]
    memory.write(0x10FFE, b"abcd")
    check_reservation(memory)


def test_mprotect_stops_at_a_gap(memory) -> None:
    memory.map(0x10000, PAGE, R | W, ANON | FIXED)
    memory.map(0x12000, PAGE, R | W, ANON | FIXED)
    refused(errno.ENOMEM, memory.protect, 0x10000, 3 * PAGE, R)
    assert [entry[2] for entry in summary(memory)] == ["r--p", "rw-p"]
    refused(errno.ENOMEM, memory.protect, 0x11000, 2 * PAGE, R)
    assert [entry[2] for entry in summary(memory)] == ["r--p", "rw-p"]
    check_reservation(memory)


def test_mprotect_errors(memory) -> None:
    memory.map(0x10000, PAGE, R | W, ANON | FIXED)
    refused(errno.EINVAL, memory.protect, 0x10001, PAGE, R)
    refused(errno.EINVAL, memory.protect, 0x10000, PAGE, 0x10)
    refused(errno.EINVAL, memory.protect, 0x10000, PAGE, R | 0x03000000)
    refused(errno.EINVAL, memory.protect, 0x10000, PAGE, R | 0x01000000)  # it does not grow down
    refused(errno.ENOMEM, memory.protect, 0xFFFFF000, 2 * PAGE, R)
    memory.protect(0x20000, 0, R)


def test_a_file_opened_for_reading_cannot_become_writable_shared(memory, tmp_path) -> None:
    (tmp_path / "file").write_bytes(bytes(PAGE))
    fd = os.open(tmp_path / "file", os.O_RDONLY)
    try:
        refused(errno.EACCES, memory.map, 0, PAGE, R | W, SHARED, fd=fd)
        start = memory.map(0, PAGE, R, SHARED, fd=fd)
        refused(errno.EACCES, memory.protect, start, PAGE, R | W)
    finally:
        os.close(fd)
    assert [entry[2] for entry in summary(memory)] == ["r--s"]
    check_reservation(memory)


def test_madvise_dontneed_clears_and_reports_gaps(memory) -> None:
    memory.map(0x10000, PAGE, R | W, ANON | FIXED)
    memory.map(0x12000, PAGE, R | W, ANON | FIXED)
    memory.write(0x10000, b"a")
    memory.write(0x12000, b"b")
    refused(errno.ENOMEM, memory.advise, 0x10000, 3 * PAGE, 4)
    assert memory.read(0x10000, 1) + memory.read(0x12000, 1) == b"\0\0"
    memory.advise(0x10000, 0, 4)
    refused(errno.EINVAL, memory.advise, 0x10001, PAGE, 4)
    refused(errno.EINVAL, memory.advise, 0x10000, PAGE, 100)  # MADV_HWPOISON
    refused(errno.EINVAL, memory.advise, 0x10000, PAGE, 102)  # MADV_GUARD_INSTALL
    refused(errno.EINVAL, memory.advise, 0xFFFFF000, 2 * PAGE, 4)


def test_madvise_dontfork_leaves_the_child_a_whole_reservation(memory) -> None:
    memory.map(0x10000, PAGE, R | W, ANON | FIXED)
    memory.write(0x10000, b"parent")
    memory.advise(0x10000, PAGE, 10)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            check_reservation(memory)
            memory.write(0x10000, b"child!")
            status = 0 if memory.read(0x10000, 6) == b"child!" else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert memory.read(0x10000, 6) == b"parent"


def test_a_forked_child_writes_its_own_memory(memory, file) -> None:
    start = memory.map(0, PAGE, R | W, PRIVATE, fd=file)  # a file: through the kernel
    child = os.fork()
    if child == 0:
        memory.write(start, b"child")
        os._exit(0 if memory.read(start, 5) == b"child" else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert memory.read(start, 5) == b"\1\1\1\1\1"


def test_msync_errors(memory) -> None:
    memory.map(0x10000, PAGE, R | W, ANON | FIXED)
    memory.sync(0x10000, PAGE, 1)
    refused(errno.EINVAL, memory.sync, 0x10000, PAGE, 5)
    refused(errno.EINVAL, memory.sync, 0x10000, PAGE, 8)
    refused(errno.EINVAL, memory.sync, 0x10001, PAGE, 4)
    refused(errno.ENOMEM, memory.sync, 0x10000, 2 * PAGE, 4)
    refused(errno.ENOMEM, memory.sync, 0xFFFFF000, 2 * PAGE, 4)


def test_brk_grows_shrinks_and_stops_at_other_mappings(memory) -> None:
    memory.set_brk(0x20000)
    assert memory.brk(0) == 0x20000
    assert memory.brk(0x20010) == 0x20010
    memory.write(0x20000, b"heap")
    assert memory.brk(0x23000) == 0x23000
    assert summary(memory) == [(0x20000, 0x23000, "rw-p")]
    assert memory.mappings[0].name == "[heap]"
    memory.map(0x28000, PAGE, R, ANON | FIXED)
    assert memory.brk(0x28000) == 0x23000  # a free page has to remain between them
    assert memory.brk(0x27000) == 0x27000
    assert memory.brk(0x1FFFF) == 0x27000
    assert memory.brk(0xFFFFFFFF) == 0x27000
    assert memory.brk(0x20001) == 0x20001
    assert memory.read(0x20000, 4) == b"heap"
    assert memory.brk(0x20000) == 0x20000
    assert summary(memory) == [(0x28000, 0x29000, "r--p")]
    check_reservation(memory)


# mremap


def test_mremap_shrinks(memory) -> None:
    memory.map(0x10000, 4 * PAGE, R | W, ANON | FIXED)
    assert memory.remap(0x10000, 4 * PAGE, PAGE, 0) == 0x10000
    assert summary(memory) == [(0x10000, 0x11000, "rw-p")]


def test_mremap_grows_in_place_when_there_is_room(memory) -> None:
    memory.map(0x10000, PAGE, R | W, ANON | FIXED)
    memory.write(0x10000, b"data")
    assert memory.remap(0x10000, PAGE, 3 * PAGE, 0) == 0x10000
    memory.write(0x12FFC, b"tail")
    assert memory.read(0x10000, 4) == b"data"
    assert summary(memory) == [(0x10000, 0x13000, "rw-p")]
    memory.map(0x13000, PAGE, R, ANON | FIXED)
    refused(errno.ENOMEM, memory.remap, 0x10000, 3 * PAGE, 4 * PAGE, 0)
    check_reservation(memory)


def test_mremap_moves_what_cannot_grow_again_and_again(memory) -> None:
    top = memory.map(0, 2 * PAGE, R | W, ANON)
    memory.write(top, b"data")
    for pages in range(3, 60):
        top = memory.remap(top, (pages - 1) * PAGE, pages * PAGE, MAYMOVE)
        memory.write_u32(top + (pages - 1) * PAGE, pages)
    assert memory.read(top, 4) == b"data"
    assert [memory.read_u32(top + page * PAGE) for page in range(2, 59)] == list(range(3, 60))
    assert summary(memory) == [(top, top + 59 * PAGE, "rw-p")]
    assert len([entry for entry in host_maps(memory) if entry[2].startswith("rw")]) == 1
    check_reservation(memory)


@pytest.mark.parametrize("kind", ["anonymous", "private file", "shared file"])
@pytest.mark.parametrize("old_kernel", [False, True])
def test_mremap_to_a_fixed_address(memory, file, monkeypatch, kind: str, old_kernel: bool) -> None:
    if old_kernel:
        real = host.mremap

        def mremap(address, old, new, flags, target):
            if flags & DONTUNMAP:
                raise OSError(errno.EINVAL, "")
            return real(address, old, new, flags, target)

        monkeypatch.setattr(host, "mremap", mremap)
    flags = {"anonymous": ANON, "private file": PRIVATE, "shared file": SHARED}[kind] | FIXED
    memory.map(0x10000, 4 * PAGE, R | W, flags, fd=-1 if flags & ANONYMOUS else file)
    memory.map(0x20000, 4 * PAGE, R, ANON | FIXED)
    memory.write(0x11000, b"moved")
    assert memory.remap(0x11000, PAGE, 2 * PAGE, MAYMOVE | REMAP_FIXED, 0x21000) == 0x21000
    assert memory.read(0x21000, 5) == b"moved"
    expected = 0 if kind == "anonymous" else 3
    assert memory.read_u8(0x22000) == expected
    mapping = memory.find(0x21000)
    assert mapping is not None
    assert mapping.offset == (0 if kind == "anonymous" else PAGE)
    assert [entry[:2] for entry in summary(memory)] == [
        (0x10000, 0x11000),
        (0x12000, 0x14000),
        (0x20000, 0x21000),
        (0x21000, 0x23000),
        (0x23000, 0x24000),
    ]
    with pytest.raises(GuestFault):
        memory.read(0x11000, 1)
    check_reservation(memory)


def test_mremap_dontunmap_leaves_an_empty_mapping(memory) -> None:
    memory.map(0x10000, 2 * PAGE, R | W, ANON | FIXED)
    memory.write(0x10000, b"data")
    new = memory.remap(0x10000, 2 * PAGE, 2 * PAGE, MAYMOVE | DONTUNMAP)
    assert memory.read(new, 4) == b"data"
    assert memory.read(0x10000, 4) == bytes(4)
    assert len(memory.mappings) == 2
    check_reservation(memory)


def test_mremap_of_size_zero_duplicates_shared_memory(memory, file) -> None:
    start = memory.map(0, 2 * PAGE, R | W, SHARED, fd=file)
    again = memory.remap(start + PAGE, 0, PAGE, MAYMOVE)
    memory.write(again, b"same")
    assert memory.read(start + PAGE, 4) == b"same"
    private = memory.map(0, PAGE, R | W, ANON)
    refused(errno.EINVAL, memory.remap, private, 0, PAGE, MAYMOVE)
    check_reservation(memory)


MREMAP_ERRORS = [
    (errno.EINVAL, (0x10001, PAGE, PAGE, 0)),
    (errno.EINVAL, (0x10000, PAGE, 0, 0)),
    (errno.EINVAL, (0x10000, PAGE, SPACE - 1, MAYMOVE)),
    (errno.EINVAL, (0x10000, PAGE, PAGE, 8)),
    (errno.EINVAL, (0x10000, PAGE, PAGE, REMAP_FIXED, 0x30000)),
    (errno.EINVAL, (0x10000, PAGE, PAGE, DONTUNMAP)),
    (errno.EINVAL, (0x10000, PAGE, 2 * PAGE, MAYMOVE | DONTUNMAP)),
    (errno.EINVAL, (0x10000, PAGE, PAGE, MAYMOVE | REMAP_FIXED, 0x30001)),
    (errno.EINVAL, (0x10000, 2 * PAGE, 2 * PAGE, MAYMOVE | REMAP_FIXED, 0x11000)),
    (errno.EINVAL, (0x10000, PAGE, 2 * PAGE, MAYMOVE | REMAP_FIXED, TASK_SIZE - PAGE)),
    (errno.EINVAL, (0x10000, PAGE, PAGE, MAYMOVE | REMAP_FIXED, 0xFFFF0000)),
    (errno.EINVAL, (0x10000, SPACE - PAGE, PAGE, MAYMOVE | REMAP_FIXED, 0x9000)),
    (errno.EINVAL, (0x10000, SPACE - PAGE, PAGE, 0)),
    (errno.EPERM, (0x10000, PAGE, PAGE, MAYMOVE | REMAP_FIXED, 0x1000)),
    (errno.EFAULT, (0x20000, PAGE, 2 * PAGE, MAYMOVE)),
    (errno.EFAULT, (0x10000, 3 * PAGE, 4 * PAGE, MAYMOVE)),
    (errno.ENOMEM, (0x10000, PAGE, TASK_SIZE, MAYMOVE)),
]


@pytest.mark.parametrize(("number", "arguments"), MREMAP_ERRORS)
def test_mremap_errors(memory, number: int, arguments: tuple) -> None:
    memory.map(0x10000, 2 * PAGE, R | W, ANON | FIXED)
    refused(number, memory.remap, *arguments)
    assert summary(memory) == [(0x10000, 0x12000, "rw-p")]
    check_reservation(memory)


# Access


def test_values_of_each_size(memory) -> None:
    memory.map(0x10000, 2 * PAGE, R | W, ANON | FIXED)
    for address in (0x10000, 0x10001, 0x10FFD):
        memory.write_u64(address, 0x8877665544332211)
        assert memory.read(address, 8) == bytes.fromhex("1122334455667788")
        assert memory.read_u64(address) == 0x8877665544332211
        assert memory.read_u32(address) == 0x44332211
        assert memory.read_u16(address) == 0x2211
        assert memory.read_u8(address) == 0x11
        memory.write_u32(address, -1)
        memory.write_u16(address, 0x12345)
        memory.write_u8(address, 0x1FF)
        assert memory.read_u32(address) == 0xFFFF23FF


@pytest.mark.parametrize("name", ["read_u8", "read_u16", "read_u32", "read_u64"])
def test_reading_beyond_a_mapping_faults_at_its_end(memory, name: str) -> None:
    memory.map(0x10000, PAGE, R | W, ANON | FIXED)
    memory.read_u32(0x10000)  # direct access is on
    with pytest.raises(GuestFault) as caught:
        getattr(memory, name)(0x11000 - (name != "read_u8"))
    assert caught.value.address == 0x11000


def test_no_access_outside_the_space(memory) -> None:
    for address, size in ((-1, 4), (SPACE - 2, 4), (SPACE, 1), (1 << 70, 1), (0, SPACE + 1), (0x10000, -1)):
        with pytest.raises(GuestFault):
            memory.read(address, size)
        refused(errno.EFAULT, memory.host, address, size)
    with pytest.raises(GuestFault):
        memory.write(SPACE - 2, b"four")
    with pytest.raises(GuestFault):
        memory.write(-4, b"four")
    assert memory.host(SPACE - 4, 4) == memory.base + SPACE - 4


def test_a_large_read_of_unmapped_memory_takes_no_memory(memory) -> None:
    with pytest.raises(GuestFault):
        memory.read(0x10000, 0xF0000000)


def test_large_copies_through_the_kernel(memory, file) -> None:
    os.ftruncate(file, 1 << 20)
    start = memory.map(0, 1 << 20, R | W, PRIVATE, fd=file)
    data = random.Random(1).randbytes((1 << 20) - 7)
    memory.write(start + 7, data)
    assert memory.read(start + 7, len(data)) == data
    memory.protect(start + 0x80000, PAGE, NONE)
    with pytest.raises(GuestFault) as caught:
        memory.read(start, 1 << 20)
    assert caught.value.address == start + 0x80000
    with pytest.raises(GuestFault) as caught:
        memory.write(start, bytes(1 << 20))
    assert caught.value.address == start + 0x80000
    assert memory.read(start + 0x7FFFF, 1) == b"\0"
    assert memory.read(start + 0x81000, 1) != b""


def test_strings_end_at_zero_or_the_limit(memory) -> None:
    memory.map(0x10000, 2 * PAGE, R | W, ANON | FIXED)
    memory.write(0x10FFE, b"across\0rest")
    assert memory.read_cstring(0x10FFE) == b"across"
    assert memory.read_cstring(0x10FFE, 3) == b"acr"
    assert memory.read_cstring(0x10FFE, 0) == b""
    memory.write(0x11000, b"x" * PAGE)
    with pytest.raises(GuestFault) as caught:
        memory.read_cstring(0x11000, 2 * PAGE)
    assert caught.value.address == 0x12000
    assert memory.read_cstring(0x11000, PAGE) == b"x" * PAGE


def test_direct_access_ends_with_the_mapping(memory) -> None:
    memory.map(0x10000, PAGE, R | W, ANON | FIXED)
    memory.write(0x10000, b"x")
    memory.read(0x10000, 1)
    memory.protect(0x10000, PAGE, R)
    with pytest.raises(GuestFault):
        memory.write(0x10000, b"y")
    assert memory.read(0x10000, 1) == b"x"
    memory.protect(0x10000, PAGE, NONE)
    with pytest.raises(GuestFault):
        memory.read(0x10000, 1)
    memory.protect(0x10000, PAGE, R | W)
    assert memory.read(0x10000, 1) == b"x"
    memory.close()
    with pytest.raises(GuestFault):
        memory.read(0x10000, 1)
    memory.close()


@pytest.mark.parametrize("refusal", [errno.EPERM, errno.ENOSYS])
def test_access_without_process_vm_readv(memory, file, monkeypatch, refusal: int) -> None:
    def refuse(*_):
        ctypes.set_errno(refusal)
        return -1

    monkeypatch.setattr(host, "_process_vm_readv", refuse)
    monkeypatch.setattr(host, "_process_vm_writev", refuse)
    descriptors = len(os.listdir("/proc/self/fd"))
    start = memory.map(0, 2 * PAGE, R | W, PRIVATE, fd=file)
    memory.write(start + PAGE - 2, b"data")
    assert memory.read(start + PAGE - 3, 6) == b"\1data\2"
    memory.protect(start + PAGE, PAGE, R)
    with pytest.raises(GuestFault) as caught:
        memory.write(start + PAGE - 2, b"DATA")
    assert caught.value.address == start + PAGE
    memory.unmap(start + PAGE, PAGE)
    with pytest.raises(GuestFault) as caught:
        memory.read(start + PAGE - 2, 4)
    assert caught.value.address == start + PAGE
    assert len(os.listdir("/proc/self/fd")) == descriptors


def test_access_while_another_thread_changes_the_mappings(memory) -> None:
    end = time.monotonic() + 0.4
    outcomes = set()

    def change(start: int) -> None:
        while time.monotonic() < end:
            memory.map(start, 16 * PAGE, R | W, ANON | FIXED)
            memory.protect(start, 8 * PAGE, R)
            memory.unmap(start, 16 * PAGE)

    threads = [threading.Thread(target=change, args=(start,)) for start in (0x10000, 0x20000)]
    for thread in threads:
        thread.start()
    while time.monotonic() < end:
        try:
            memory.write(0x10000 + 4 * PAGE - 4, b"12345678")
            outcomes.add("written")
        except GuestFault:
            outcomes.add("fault")
        try:
            outcomes.add(memory.read(0x10000 + 12 * PAGE, 4))
        except GuestFault:
            outcomes.add("fault")
    for thread in threads:
        thread.join()
    assert outcomes <= {"written", "fault", bytes(4)}
    assert memory.mappings == []
    check_reservation(memory)


# Listeners, log, limits


def test_listeners_hear_of_each_change(memory) -> None:
    heard = []
    memory.listeners.append(lambda *change: heard.append(change))
    memory.map(0x10000, 2 * PAGE, R | X, ANON | FIXED)
    memory.protect(0x11000, PAGE, R | W)
    memory.unmap(0x8000, 0x10000)
    memory.set_brk(0x20000)
    memory.brk(0x20001)
    assert memory.remap(0x20000, PAGE, PAGE, MAYMOVE | REMAP_FIXED, 0x30000) == 0x30000
    assert heard == [
        (0x10000, 0x12000, True),
        (0x11000, 0x12000, False),
        (0x10000, 0x11000, False),
        (0x11000, 0x12000, False),
        (0x20000, 0x21000, False),
        (0x30000, 0x31000, False),
        (0x20000, 0x21000, False),
    ]


class Log:
    memory = True

    def __init__(self) -> None:
        self.lines: list[str] = []

    def line(self, text: str) -> None:
        self.lines.append(text)


def test_the_log_shows_guest_and_host_addresses(memory) -> None:
    memory.log = log = Log()
    memory.map(0x10000, 2 * PAGE, R | X, ANON | FIXED, name="/bin/true")
    memory.protect(0x11000, 1, R)
    memory.unmap(0x11000, PAGE)
    at, after = memory.base + 0x10000, memory.base + 0x11000
    assert log.lines == [
        f"map 8192B (G=0x10000 -> H={at:#x}) r-xp /bin/true",
        f"protect 4096B (G=0x11000 -> H={after:#x}) r--p /bin/true",
        f"unmap 4096B (G=0x11000 -> H={after:#x})",
    ]
    log.memory = False
    memory.unmap(0x10000, PAGE)
    assert len(log.lines) == 3


def test_the_guest_cannot_use_up_the_hosts_mappings(memory, monkeypatch) -> None:
    monkeypatch.setattr(host, "count_mappings", lambda: 60000 - 2)
    memory._room = 0
    memory.map(0x10000, 8 * PAGE, R, ANON | FIXED)
    memory.protect(0x11000, PAGE, R | W)
    monkeypatch.setattr(host, "count_mappings", lambda: 60001)
    refused(errno.ENOMEM, memory.protect, 0x13000, PAGE, R | W)
    refused(errno.ENOMEM, memory.map, 0, PAGE, R, ANON)
    refused(errno.ENOMEM, memory.unmap, 0x13000, PAGE)
    memory.unmap(0x10000, 8 * PAGE)  # leaves fewer, so it is always allowed


def test_a_refused_reservation_says_what_to_do() -> None:
    program = (
        "import resource\n"
        "resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))\n"
        "from stinkarm.guest.memory import Memory, MemoryReservationError\n"
        "try:\n    Memory()\n"
        "except MemoryReservationError as error:\n    print(error)\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30)
    assert result.stdout == (
        "the host refused 4098 MiB of address space for the guest (Cannot allocate memory): "
        "its limit is 2097152 KiB, so raise it with `ulimit -v unlimited`\n"
    )


# Random sequences


class PageModel:
    """What each guest page must be: protection and the first word, page by page."""

    WINDOW, PAGES = 0x10000000, 48

    def __init__(self, memory: Memory, seed: int, fd: int) -> None:
        self.memory, self.fd = memory, fd
        self.random = random.Random(seed)
        self.pages: dict[int, list[int]] = {}  # page address: [prot, first word]
        self.serial = 0

    def span(self) -> tuple[int, int]:
        first = self.random.randrange(self.PAGES)
        count = min(self.random.choice((1, 1, 2, 3, 5, 9)), self.PAGES - first)
        return self.WINDOW + first * PAGE, count * PAGE

    def prot(self) -> int:
        return self.random.choice((R | W, R | W, R | W, R, R | X, NONE))

    def step(self) -> None:
        self.random.choice((self.map, self.map, self.unmap, self.protect, self.remap, self.write))()

    def map(self) -> None:
        start, size = self.span()
        prot = self.prot()
        mode = self.random.choice((FIXED, FIXED, NOREPLACE, 0))
        from_file = self.random.random() < 0.3
        flags = (PRIVATE if from_file else ANON) | mode
        taken = any(page in self.pages for page in range(start, start + size, PAGE))
        size = min(size, 4 * PAGE) if from_file else size
        taken = any(page in self.pages for page in range(start, start + size, PAGE))
        if mode == NOREPLACE and taken:
            refused(errno.EEXIST, self.memory.map, start, size, prot, flags, fd=self.fd)
            return
        got = self.memory.map(start, size, prot, flags, fd=self.fd if from_file else -1)
        if mode or not taken:
            assert got == start
        else:
            assert not any(page in self.pages for page in range(got, got + size, PAGE))
        for number in range(size // PAGE):
            self.pages[got + number * PAGE] = [prot, 0x01010101 * (number + 1) if from_file else 0]

    def unmap(self) -> None:
        start, size = self.span()
        self.memory.unmap(start, size)
        for page in range(start, start + size, PAGE):
            self.pages.pop(page, None)

    def protect(self) -> None:
        start, size = self.span()
        prot = self.prot()
        gap = next((page for page in range(start, start + size, PAGE) if page not in self.pages), None)
        if gap is None:
            self.memory.protect(start, size, prot)
        else:
            refused(errno.ENOMEM, self.memory.protect, start, size, prot)
        for page in range(start, start + size if gap is None else gap, PAGE):
            self.pages[page][0] = prot

    def write(self) -> None:
        start, size = self.span()
        for page in range(start, start + size, PAGE):
            self.serial += 1
            if page in self.pages and self.pages[page][0] & W:
                self.memory.write_u32(page, self.serial)
                self.pages[page][1] = self.serial
            else:
                with pytest.raises(GuestFault):
                    self.memory.write_u32(page, self.serial)

    def remap(self) -> None:
        old, old_size = self.span()
        target, new_size = self.span()
        flags = self.random.choice((0, MAYMOVE, MAYMOVE, MAYMOVE | REMAP_FIXED, MAYMOVE | DONTUNMAP))
        if flags & DONTUNMAP:
            new_size = old_size
        mapping = self.memory.find(old)
        one = mapping is not None and old + min(old_size, new_size) <= mapping.end
        from_file = mapping is not None and not mapping.anonymous
        if from_file and new_size > old_size:
            new_size = old_size  # the model does not follow the file's end
        try:
            new = self.memory.remap(old, old_size, new_size, flags, target)
        except OSError as error:
            overlap = flags & REMAP_FIXED and old < target + new_size and target < old + old_size
            if overlap:
                assert error.errno == errno.EINVAL
            elif error.errno == errno.ENOMEM:  # cannot grow here, or the host holds it in pieces
                assert new_size > old_size or flags & ~MAYMOVE
                self.forget_unmapped()
            else:
                assert error.errno == errno.EFAULT
                assert not one
            return
        assert one or (new == old and new_size <= old_size)
        self.move(old, old_size, new, new_size, flags)

    def move(self, old: int, old_size: int, new: int, new_size: int, flags: int) -> None:
        prot = self.pages[old][0] if old in self.pages else 0
        kept = [self.pages.get(old + offset) for offset in range(0, min(old_size, new_size), PAGE)]
        for page in range(old, old + old_size, PAGE):
            self.pages.pop(page, None)
        if flags & DONTUNMAP:
            source = self.memory.find(old)
            assert source is not None
            for offset in range(0, old_size, PAGE):
                value = 0x01010101 * ((source.offset + old - source.start + offset) // PAGE + 1)
                self.pages[old + offset] = [prot, 0 if source.anonymous else value]
        for number in range(new_size // PAGE):
            self.pages.pop(new + number * PAGE, None)
            page = kept[number] if number < len(kept) else [prot, 0]
            if page is not None:
                self.pages[new + number * PAGE] = page

    def forget_unmapped(self) -> None:
        for page in [page for page in self.pages if self.memory.find(page) is None]:
            del self.pages[page]

    def check(self) -> None:
        mapped = {page for entry in self.memory.mappings for page in range(entry.start, entry.end, PAGE)}
        assert mapped == set(self.pages)
        for page, (prot, word) in self.pages.items():
            mapping = self.memory.find(page)
            assert mapping is not None
            assert mapping.prot == prot
            if prot:
                assert self.memory.read_u32(page) == word
                assert host.copy_out(self.memory.base + page, 4) == word.to_bytes(4, "little")
            else:
                with pytest.raises(GuestFault):
                    self.memory.read_u32(page)
        check_reservation(self.memory)


@pytest.mark.parametrize("seed", range(6))
def test_random_sequences_against_a_model_of_pages(memory, file, seed: int) -> None:
    model = PageModel(memory, seed, file)
    for step in range(300):
        model.step()
        if step % 10 == 0:
            model.check()
    model.check()


class HostKernel:
    """The same calls on bare host memory at WINDOW: this machine's kernel as the oracle."""

    WINDOW = 0x100000000

    def __init__(self) -> None:
        host.munmap(self.at(0), 64 * PAGE)  # nothing is there

    def at(self, address: int) -> int:
        return self.WINDOW + address

    def map(self, address: int, size: int, prot: int, flags: int) -> int:
        return host.mmap(self.at(address), size, prot, flags | FIXED) - self.WINDOW

    def unmap(self, address: int, size: int) -> None:
        host.munmap(self.at(address), size)

    def protect(self, address: int, size: int, prot: int) -> None:
        host.mprotect(self.at(address), size, prot)

    def advise(self, address: int, size: int, advice: int) -> None:
        host.madvise(self.at(address), size, advice)

    def sync(self, address: int, size: int, flags: int) -> None:
        host.msync(self.at(address), size, flags)

    def remap(self, old: int, old_size: int, new_size: int, flags: int) -> int:
        return host.mremap(self.at(old), old_size, new_size, flags, 0) - self.WINDOW

    def pages(self) -> dict[int, str]:
        found = {}
        with open("/proc/self/maps") as maps:
            for line in maps:
                span, permissions = line.split()[:2]
                start, end = (int(part, 16) - self.WINDOW for part in span.split("-"))
                if 0 <= start < 0x40000000:
                    found.update(dict.fromkeys(range(start, end, PAGE), permissions[:2]))
        return found


@pytest.mark.parametrize("seed", range(4))
def test_the_hosts_kernel_gives_the_same_errors_and_pages(memory, seed: int) -> None:
    generator = random.Random(seed)
    kernel = HostKernel()
    start = 0x10000

    def span() -> tuple[int, int]:
        odd = generator.random() < 0.05
        address = start + generator.randrange(48) * PAGE + odd
        return address, generator.choice((0, 1, PAGE - 1, PAGE, 2 * PAGE, 5 * PAGE, 9 * PAGE))

    def arguments(name: str) -> tuple[int, ...]:
        prot = generator.choice((NONE, R, R | W, R | W, 0x10))
        match name:
            case "map":
                kind = generator.choice((ANON, ANON, ANON, ANONYMOUS, ANONYMOUS | SHARED))
                return (*span(), prot & 3, kind | generator.choice((FIXED, FIXED, NOREPLACE)))
            case "protect":
                return (*span(), generator.choice((prot, prot, R | 0x01000000, R | 0x03000000)))
            case "advise":
                return (*span(), generator.choice((0, 3, 4, 4, 99)))
            case "sync":
                return (*span(), generator.choice((0, 1, 4, 5, 8)))
            case "remap":  # shrinking only: what may grow depends on the kernel's age and its mappings
                address, size = span()
                return address, size, generator.randrange(size + 1), generator.choice((0, 0, 2, 4, 8))
        return span()

    def outcome(space: Memory | HostKernel, name: str, given: tuple[int, ...]) -> object:
        try:
            return getattr(space, name)(*given)
        except OSError as error:
            return errno.errorcode[error.errno]

    try:
        for _ in range(400):
            name = generator.choice(("map", "map", "unmap", "protect", "protect", "advise", "sync", "remap"))
            given = arguments(name)
            assert (name, given, outcome(memory, name, given)) == (name, given, outcome(kernel, name, given))
            pages = {
                page: entry.permissions[:2] for entry in memory.mappings for page in range(entry.start, entry.end, PAGE)
            }
            assert pages == kernel.pages(), (name, given)
    finally:
        host.munmap(kernel.at(start), 64 * PAGE)


def test_random_arguments_never_leave_the_reservation(memory) -> None:
    generator = random.Random(5)
    interesting = (0, 1, PAGE, 0x8000, 0x10000, TASK_SIZE - PAGE, TASK_SIZE, 0xFFFF0000, 0xFFFFF000, 0xFFFFFFFF)

    def word() -> int:
        return generator.choice((*interesting, generator.randrange(SPACE), generator.randrange(1 << 20) * PAGE))

    def mapped() -> int:
        starts = [mapping.start for mapping in memory.mappings]
        return generator.choice((word(), *starts[:1], *starts[-1:]))

    def size() -> int:
        return generator.choice((word(), generator.randrange(20) * PAGE))

    calls = {
        "map": (word, size, word, word),
        "unmap": (word, size),
        "protect": (word, size, lambda: generator.choice((0, 1, 3, 7, word()))),
        "remap": (mapped, size, size, lambda: generator.randrange(8), word),
        "advise": (word, size, lambda: generator.choice((4, 8, 10, word()))),
        "sync": (word, size, lambda: generator.choice((1, 4, word()))),
        "brk": (word,),
    }
    memory.set_brk(0x20000)
    outcomes = set()
    for _ in range(2000):
        name = generator.choice(list(calls))
        arguments = [make() for make in calls[name]]
        if name == "map":  # nothing that commits or locks gigabytes of the host
            arguments[3] = arguments[3] & ~(0x8000 | 0x2000) | ANONYMOUS | NORESERVE
        try:
            getattr(memory, name)(*arguments)
            outcomes.add((name, "done"))
        except OSError as error:
            outcomes.add((name, error.errno))
    check_reservation(memory)
    assert {(name, "done") for name in calls} <= outcomes
