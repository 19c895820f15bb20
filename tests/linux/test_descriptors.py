"""Descriptors: copies, flags, locks, pipes."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from stinkarm.linux import host
from tests.linux.process import DATA, UNMAPPED, Process, process

OUT = DATA + 0x1000

F_GETLK, F_SETLK, F_GETLK64, F_SETLK64, F_OFD_GETLK, F_OFD_SETLK = 5, 6, 12, 13, 36, 37
F_RDLCK, F_WRLCK, F_UNLCK = 0, 1, 2


@pytest.fixture
def fd(tmp_path: Path) -> Iterator[int]:
    number = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    yield number
    os.close(number)


def test_copies(forward: Process, fd: int) -> None:
    copies = [forward.call("dup", fd), forward.call("dup2", fd, 200), forward.call("dup3", fd, 201, 0o2000000)]
    copies.append(forward.call("fcntl64", fd, 0, 300))
    copies.append(forward.call("fcntl64", fd, 1030, 400))
    assert copies[1:] == [200, 201, 300, 400]
    assert [forward.call("fcntl64", copy, 1, 0) for copy in copies] == [0, 0, 1, 0, 1]
    assert {os.fstat(copy).st_ino for copy in copies} == {os.fstat(fd).st_ino}
    assert forward.call("dup2", fd, fd) == fd
    assert forward.error("dup3", fd, fd, 0) == "EINVAL"
    assert forward.error("dup3", fd, 201, 1) == "EINVAL"
    assert forward.error("dup2", 999, 999) == "EBADF"
    assert forward.error("dup2", fd, -1) == "EBADF"
    assert forward.error("fcntl64", fd, 0, -1) == "EINVAL"
    for copy in copies:
        assert forward.call("close", copy) == 0
        assert forward.error("close", copy) == "EBADF"


def test_copies_in_the_sandbox(guest: Process) -> None:
    copy = guest.call("dup", 0)
    assert guest.call("close", copy) == 0
    assert guest.error("close", copy) == "EBADF"
    assert guest.call("dup2", 0, 200) == 200
    assert guest.call("close_range", 100, 0xFFFFFFFF, 0) == 0
    assert guest.error("fcntl64", 200, 1, 0) == "EBADF"


def test_closing_ranges(forward: Process, fd: int) -> None:
    for number in (700, 701, 702):
        os.dup2(fd, number)
    assert forward.call("close_range", 700, 701, 4) == 0
    assert [forward.call("fcntl64", number, 1, 0) for number in (700, 701, 702)] == [1, 1, 0]
    assert forward.call("close_range", 701, 702, 0) == 0
    assert forward.call("fcntl64", 700, 1, 0) == 1
    assert forward.error("fcntl64", 701, 1, 0) == "EBADF"
    assert forward.error("close_range", 2, 1, 0) == "EINVAL"
    assert forward.error("close_range", 700, 700, 8) == "EINVAL"
    os.close(700)


@pytest.mark.parametrize("mode", ["forward", "sandbox"])
def test_pipes(mode: str) -> None:
    guest = Process(mode)
    assert guest.call("pipe2", OUT, 0o2004000) == 0
    read_end, write_end = struct.unpack("<ii", guest.memory.read(OUT, 8))
    assert guest.call("write", write_end, guest.put(b"through"), 7) == 7
    assert guest.call("read", read_end, OUT, 100) == 7
    assert guest.memory.read(OUT, 7) == b"through"
    assert guest.error("read", read_end, OUT, 100) == "EAGAIN"
    assert guest.call("fcntl64", read_end, 1, 0) == 1
    assert guest.call("fcntl64", read_end, 3, 0) & 0o4000
    assert guest.call("fcntl64", read_end, 1032, 0) >= 4096
    assert guest.error("pipe2", OUT, 1) == "EINVAL"
    before = os.listdir("/proc/self/fd")
    assert guest.error("pipe", UNMAPPED) == "EFAULT"
    assert os.listdir("/proc/self/fd") == before
    assert guest.call("close", read_end) == guest.call("close", write_end) == 0
    guest.close()


@pytest.mark.parametrize("mode", ["forward", "sandbox"])
def test_counters_and_memory_files(mode: str) -> None:
    guest = Process(mode)
    counter = guest.call("eventfd2", 5, 0o4000)
    assert guest.call("read", counter, OUT, 8) == 8
    assert guest.memory.read_u64(OUT) == 5
    assert guest.error("read", counter, OUT, 8) == "EAGAIN"
    assert guest.error("eventfd2", 5, 2) == "EINVAL"
    file = guest.call("memfd_create", guest.put(b"name\0"), 3)
    assert guest.call("write", file, DATA, 4) == 4
    assert guest.call("fcntl64", file, 1033, 8) == 0  # F_ADD_SEALS F_SEAL_WRITE
    assert guest.call("fcntl64", file, 1034, 0) == 8
    assert guest.error("write", file, DATA, 4) == "EPERM"
    assert guest.error("memfd_create", UNMAPPED, 0) == "EFAULT"
    assert guest.error("memfd_create", DATA, 0x20) == "EINVAL"
    assert guest.call("close", counter) == guest.call("close", file) == 0
    guest.close()


def test_status_flags(forward: Process, fd: int) -> None:
    assert forward.call("fcntl64", fd, 4, 0o6000) == 0
    assert forward.call("fcntl", fd, 3, 0) & ~0o400000 == 0o6002
    assert fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_APPEND
    assert forward.call("fcntl64", fd, 2, 1) == 0
    assert forward.call("fcntl64", fd, 1, 0) == 1
    assert forward.call("fcntl64", fd, 9, 0) == 0
    assert forward.error("fcntl64", fd, 9999, 0) == "EINVAL"
    folder = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    assert forward.call("fcntl64", folder, 3, 0) & 0o40000
    os.close(folder)


def lock64(kind: int, start: int, length: int) -> bytes:
    return struct.pack("<hh4xqqi4x", kind, 0, start, length, 0)


def lock32(kind: int, start: int, length: int) -> bytes:
    return struct.pack("<hhiii", kind, 0, start, length, 0)


def held_elsewhere(path: Path, start: int, length: int) -> int:
    """Lock bytes in a child; give its process id once they are locked."""
    ready, told = os.pipe()
    child = os.fork()
    if child == 0:
        number = os.open(path, os.O_RDWR)
        fcntl.lockf(number, fcntl.LOCK_EX, length, start)
        os.write(told, b"x")
        os.read(os.open("/dev/null", os.O_RDONLY), 1)
        import signal

        signal.pause()
    os.read(ready, 1)
    os.close(ready)
    os.close(told)
    return child


def test_locks(forward: Process, fd: int, tmp_path: Path) -> None:
    assert forward.call("fcntl64", fd, F_SETLK64, forward.put(lock64(F_WRLCK, 1 << 33, 10))) == 0
    assert forward.call("fcntl64", fd, F_SETLK, forward.put(lock32(F_RDLCK, 5, 10))) == 0
    assert forward.call("fcntl", fd, F_SETLK, forward.put(lock32(F_UNLCK, 5, 10))) == 0
    child = held_elsewhere(tmp_path / "file", 100, 50)
    try:
        assert forward.call("fcntl64", fd, F_GETLK64, forward.put(lock64(F_WRLCK, 0, 0))) == 0
        assert forward.memory.read(DATA, 32) == struct.pack("<hh4xqqi4x", F_WRLCK, 0, 100, 50, child)
        assert forward.call("fcntl64", fd, F_GETLK, forward.put(lock32(F_WRLCK, 120, 1))) == 0
        assert forward.memory.read(DATA, 16) == struct.pack("<hhiii", F_WRLCK, 0, 100, 50, child)
        assert forward.call("fcntl", fd, F_GETLK, forward.put(lock32(F_WRLCK, 300, 1))) == 0
        assert forward.memory.read(DATA, 16) == struct.pack("<hhiii", F_UNLCK, 0, 300, 1, 0)
        assert forward.error("fcntl64", fd, F_SETLK64, forward.put(lock64(F_WRLCK, 149, 1))) in ("EAGAIN", "EACCES")
        assert forward.call("fcntl64", fd, F_OFD_GETLK, forward.put(lock64(F_WRLCK, 0, 0))) == 0
        assert forward.call("fcntl64", fd, F_OFD_SETLK, forward.put(lock64(F_WRLCK, 200, 1))) == 0
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
    assert forward.error("fcntl64", fd, F_GETLK64, UNMAPPED) == "EFAULT"
    assert forward.error("fcntl64", fd, F_GETLK, UNMAPPED) == "EFAULT"
    assert forward.error("fcntl", fd, F_SETLK64, DATA) == "EINVAL"


def test_whole_file_locks(forward: Process, fd: int, tmp_path: Path) -> None:
    assert forward.call("flock", fd, 2) == 0
    second = os.open(tmp_path / "file", os.O_RDONLY)
    assert forward.error("flock", second, 1 | 4) in ("EAGAIN", "EWOULDBLOCK")
    assert forward.call("flock", fd, 8) == 0
    assert forward.call("flock", second, 1 | 4) == 0
    os.close(second)


def test_numbers_of_a_guest_with_threads_stay_the_guests(guest: Process) -> None:
    """Another thread may still be about to use a number that was closed: it must not be the emulator's by then."""
    guest.kernel.threads.several = True
    guest.policy.descriptors.begin_threads()
    first = guest.call("dup", 0)
    second = guest.call("dup", 0)
    assert guest.call("close", first) == 0
    assert guest.error("close", first) == "EBADF"
    assert guest.error("fcntl64", first, 1) == "EBADF"
    own = os.open("/", os.O_PATH | os.O_CLOEXEC)
    assert own > first
    assert guest.error("dup2", 0, own) == "EBUSY"
    os.close(own)
    assert guest.call("fcntl64", 0, 0, first + 1) > second
    assert guest.call("pipe", DATA) == 0
    assert guest.word(DATA) == first  # the lowest, as always
    assert not os.get_inheritable(guest.call("fcntl64", 0, 1030, 0))
    assert guest.call("close", first) == 0
    assert guest.call("dup2", 0, first) == first
    assert guest.call("close_range", first, 0x7FFFFFFF, 0) == 0
    assert [guest.call("dup", 0), guest.call("dup", 0)] == [first, second]


def test_what_is_held_is_let_go_after_the_call(guest: Process) -> None:
    guest.kernel.threads.several = True
    descriptors = guest.policy.descriptors
    descriptors.begin_threads()
    guest.call("pipe", DATA)
    before = len(os.listdir("/proc/self/fd"))
    held = descriptors.hold(guest.word(DATA))
    assert held != guest.word(DATA)
    assert descriptors.rights_of(held) == descriptors.rights_of(guest.word(DATA))
    with pytest.raises(OSError, match="not a descriptor"):
        descriptors.check(int(held))
    guest.call("getpid")
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_signal_does_not_keep_a_descriptor_open(monkeypatch: pytest.MonkeyPatch) -> None:
    read_end, write_end = os.pipe()
    try:
        with process("forward") as p:
            # What capture's code answers, without making the call, when a signal has come before it.
            monkeypatch.setattr(host, "_by_libc", False)
            monkeypatch.setattr(host, "_syscall", lambda *_: -errno.EINTR)
            assert p.call("close", write_end) == 0
            monkeypatch.undo()
            assert os.read(read_end, 1) == b""
    finally:
        os.close(read_end)
