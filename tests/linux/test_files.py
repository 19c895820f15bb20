"""Reading, writing and arranging open files."""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.linux.process import DATA, TEXT, UNMAPPED, Process

PATTERN = bytes(range(256)) * 16
BUFFER = DATA + 0x1000
VECTOR = DATA + 0x4000
OFFSET = DATA + 0x5000


@pytest.fixture
def fd(tmp_path: Path) -> Iterator[int]:
    """A file of 4096 known bytes."""
    path = tmp_path / "file"
    path.write_bytes(PATTERN)
    number = os.open(path, os.O_RDWR)
    yield number
    os.close(number)


@pytest.fixture
def other(tmp_path: Path) -> Iterator[int]:
    """An empty file."""
    number = os.open(tmp_path / "other", os.O_RDWR | os.O_CREAT)
    yield number
    os.close(number)


def vector(guest: Process, *parts: tuple[int, int]) -> int:
    return guest.put(b"".join(struct.pack("<II", *part) for part in parts), VECTOR)


def test_read_and_write(forward: Process, fd: int) -> None:
    assert forward.call("read", fd, BUFFER, 100) == 100
    assert forward.memory.read(BUFFER, 101) == PATTERN[:100] + b"\0"
    assert forward.call("write", fd, forward.put(b"abc", BUFFER), 3) == 3
    assert os.pread(fd, 3, 100) == b"abc"


@pytest.mark.parametrize("name", ["read", "pread64"])
def test_reading_into_what_cannot_be_written_is_a_fault(forward: Process, fd: int, name: str) -> None:
    for address in (UNMAPPED, TEXT, 0, 0xFFFFFFF0):
        assert forward.error(name, fd, address, 16, 0, 0, 0) == "EFAULT"
    assert forward.error(name, fd, DATA, 0xFFFFFFFF, 0, 0, 0) == "EFAULT"


def test_writing_from_what_cannot_be_read_is_a_fault(forward: Process, fd: int) -> None:
    for address in (UNMAPPED, 0, 0xFFFFFFF0):
        assert forward.error("write", fd, address, 16) == "EFAULT"
    assert forward.call("write", fd, TEXT, 16) == 16


def test_reading_stops_at_the_end_of_the_mapping(forward: Process, fd: int) -> None:
    end = DATA + 0x10000
    assert forward.call("read", fd, end - 16, 64) == 16
    assert forward.memory.read(end - 16, 16) == PATTERN[:16]


def test_positions_are_in_an_even_register_pair(forward: Process, fd: int) -> None:
    assert forward.call("pread64", fd, BUFFER, 4, 0xDEAD, 256 + 7, 0) == 4
    assert forward.memory.read(BUFFER, 4) == b"\7\x08\x09\x0a"
    assert forward.call("pwrite64", fd, forward.put(b"wxyz", BUFFER), 4, 0xDEAD, 0, 1) == 4
    assert os.fstat(fd).st_size == (1 << 32) + 4
    assert os.pread(fd, 4, 1 << 32) == b"wxyz"
    assert forward.error("pread64", fd, BUFFER, 4, 0, 0xFFFFFFFF, 0xFFFFFFFF) == "EINVAL"
    assert os.lseek(fd, 0, os.SEEK_CUR) == 0


def test_vectors(forward: Process, fd: int) -> None:
    vector(forward, (BUFFER, 3), (UNMAPPED, 0), (BUFFER + 100, 5))
    assert forward.call("readv", fd, VECTOR, 3) == 8
    assert forward.memory.read(BUFFER, 4) == PATTERN[:3] + b"\0"
    assert forward.memory.read(BUFFER + 100, 6) == PATTERN[3:8] + b"\0"
    assert forward.call("preadv", fd, VECTOR, 3, 512, 0) == 8
    assert forward.memory.read(BUFFER + 100, 5) == PATTERN[3:8]
    assert forward.call("preadv2", fd, VECTOR, 3, 0xFFFFFFFF, 0xFFFFFFFF, 0) == 8
    assert forward.memory.read(BUFFER, 3) == PATTERN[8:11]
    forward.put(b"abc", BUFFER)
    forward.put(b"defgh", BUFFER + 100)
    assert forward.call("writev", fd, VECTOR, 3) == 8
    assert os.pread(fd, 8, 16) == b"abcdefgh"
    assert forward.call("pwritev", fd, VECTOR, 3, 0, 1) == 8
    assert os.pread(fd, 8, 1 << 32) == b"abcdefgh"
    assert forward.call("pwritev2", fd, VECTOR, 3, 64, 0, 0) == 8
    assert forward.error("pwritev2", fd, VECTOR, 3, 64, 0, 0x80000000) == "ENOTSUP"


def test_vectors_that_are_refused(forward: Process, fd: int) -> None:
    vector(forward, (BUFFER, 3), (UNMAPPED, 10))
    assert forward.call("readv", fd, VECTOR, 2) == 3
    vector(forward, (UNMAPPED, 10), (BUFFER, 3))
    assert forward.error("readv", fd, VECTOR, 2) == "EFAULT"
    vector(forward, (BUFFER, 0x80000000))
    assert forward.error("readv", fd, VECTOR, 1) == "EINVAL"
    assert forward.error("readv", fd, VECTOR, 1025) == "EINVAL"
    assert forward.error("writev", fd, VECTOR, 0xFFFFFFFF) == "EINVAL"
    assert forward.error("readv", fd, UNMAPPED, 1) == "EFAULT"
    assert forward.call("readv", fd, UNMAPPED, 0) in (0, -errno.EFAULT)


def test_seeking(forward: Process, fd: int) -> None:
    assert forward.call("lseek", fd, 100, 0) == 100
    assert forward.call("lseek", fd, -40, 1) == 60
    assert forward.call("lseek", fd, 0, 2) == 4096
    assert forward.error("lseek", fd, -1, 0) == "EINVAL"
    assert forward.call("_llseek", fd, 1, 5, OFFSET, 0) == 0
    assert forward.memory.read_u64(OFFSET) == (1 << 32) + 5
    assert forward.error("lseek", fd, 0, 1) == "EOVERFLOW"
    assert forward.call("_llseek", fd, 0xFFFFFFFF, -5, OFFSET, 1) == 0
    assert forward.memory.read_u64(OFFSET) == 1 << 32
    assert forward.error("_llseek", fd, 0, 0, UNMAPPED, 0) == "EFAULT"
    assert forward.error("_llseek", fd, 0, 0, OFFSET, 77) == "EINVAL"


def test_lengths(forward: Process, fd: int) -> None:
    assert forward.call("ftruncate", fd, 10) == 0
    assert os.fstat(fd).st_size == 10
    assert forward.call("ftruncate64", fd, 0xDEAD, 7, 1) == 0
    assert os.fstat(fd).st_size == (1 << 32) + 7
    assert forward.error("ftruncate64", fd, 0, 0xFFFFFFFF, 0xFFFFFFFF) == "EINVAL"
    assert forward.error("ftruncate", fd, -1) == "EINVAL"


def test_space_and_advice(forward: Process, fd: int) -> None:
    result = forward.call("fallocate", fd, 0, 4096, 0, 4096, 0)
    assert result in (0, -errno.EOPNOTSUPP)
    if result == 0:
        assert os.fstat(fd).st_size == 8192
    assert forward.call("arm_fadvise64_64", fd, 4, 0, 0, 4096, 0) == 0
    assert forward.error("arm_fadvise64_64", fd, 77, 0, 0, 4096, 0) == "EINVAL"
    assert forward.call("readahead", fd, 0, 0, 0, 4096) == 0
    assert forward.call("arm_sync_file_range", fd, 7, 0, 0, 4096, 0) == 0
    for name in ("fsync", "fdatasync", "syncfs"):
        assert forward.call(name, fd) == 0
        assert forward.error(name, 999) == "EBADF"


def test_sendfile(forward: Process, fd: int, other: int) -> None:
    assert forward.call("sendfile64", other, fd, 0, 100) == 100
    assert os.pread(other, 200, 0) == PATTERN[:100]
    forward.put((1000).to_bytes(8, "little"), OFFSET)
    assert forward.call("sendfile64", other, fd, OFFSET, 10) == 10
    assert forward.memory.read_u64(OFFSET) == 1010
    forward.put((2000).to_bytes(4, "little") + b"\xee\xee\xee\xee", OFFSET)
    assert forward.call("sendfile", other, fd, OFFSET, 10) == 10
    assert forward.memory.read(OFFSET, 8) == (2010).to_bytes(4, "little") + b"\xee\xee\xee\xee"
    assert os.pread(other, 20, 100) == PATTERN[1000:1010] + PATTERN[2000:2010]
    assert forward.error("sendfile64", other, fd, UNMAPPED, 10) == "EFAULT"
    forward.put((0x80000000).to_bytes(4, "little"), OFFSET)
    assert forward.error("sendfile", other, fd, OFFSET, 10) == "EINVAL"


def test_copying_between_files(forward: Process, fd: int, other: int) -> None:
    forward.put(struct.pack("<qq", 16, 4), OFFSET)
    assert forward.call("copy_file_range", fd, OFFSET, other, OFFSET + 8, 32, 0) == 32
    assert forward.memory.read(OFFSET, 16) == struct.pack("<qq", 48, 36)
    assert os.pread(other, 100, 0) == b"\0\0\0\0" + PATTERN[16:48]
    assert forward.error("copy_file_range", fd, 0, other, 0, 32, 1) == "EINVAL"


def test_splicing(forward: Process, fd: int, other: int) -> None:
    read_end, write_end = os.pipe()
    second_read, second_write = os.pipe()
    try:
        forward.put((64).to_bytes(8, "little"), OFFSET)
        assert forward.call("splice", fd, OFFSET, write_end, 0, 20, 0) == 20
        assert forward.memory.read_u64(OFFSET) == 84
        assert forward.call("tee", read_end, second_write, 20, 0) == 20
        assert forward.call("splice", read_end, 0, other, 0, 20, 0) == 20
        assert os.pread(other, 40, 0) == PATTERN[64:84]
        assert os.read(second_read, 40) == PATTERN[64:84]
        vector(forward, (forward.put(b"from memory", BUFFER), 11))
        assert forward.call("vmsplice", write_end, VECTOR, 1, 0) == 11
        assert os.read(read_end, 40) == b"from memory"
    finally:
        for number in (read_end, write_end, second_read, second_write):
            os.close(number)


def test_writing_to_a_pipe_that_nobody_reads_ends_the_program(forward: Process) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        assert forward.error("write", write_end, DATA, 1) == "EPIPE"
        assert forward.kernel.exit_signal == 13
    finally:
        os.close(write_end)


def test_writing_to_a_pipe_with_sigpipe_ignored(forward: Process) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    forward.kernel.actions[13] = (1, 0, 0, 0)
    try:
        assert forward.error("write", write_end, DATA, 1) == "EPIPE"
        assert forward.kernel.exit_signal == 0
    finally:
        os.close(write_end)


def test_descriptors_that_are_not_open(forward: Process) -> None:
    for name in (
        "read",
        "write",
        "readv",
        "writev",
        "pread64",
        "lseek",
        "_llseek",
        "ftruncate64",
        "fsync",
        "sendfile64",
    ):
        assert forward.error(name, 999, DATA, 0, 0, 0, 0) == "EBADF"
        assert forward.error(name, -1, DATA, 0, 0, 0, 0) == "EBADF"
