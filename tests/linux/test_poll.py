"""Waiting: poll, select, epoll."""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Iterator

import pytest

from stinkarm.linux import structs
from tests.linux.process import DATA, TEXT, UNMAPPED, Process

SETS = DATA + 0x1000
TIME = DATA + 0x2000
POLLIN, POLLOUT, POLLHUP, POLLNVAL = 1, 4, 16, 32


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def pollfds(guest: Process, *rows: tuple[int, int]) -> int:
    return guest.put(b"".join(struct.pack("<ihh", fd, events, -1) for fd, events in rows))


def revents(guest: Process, count: int) -> list[int]:
    return [struct.unpack("<H", guest.memory.read(DATA + 8 * index + 6, 2))[0] for index in range(count)]


def test_poll(forward: Process, pipe: tuple[int, int]) -> None:
    read_end, write_end = pipe
    pollfds(forward, (read_end, POLLIN), (write_end, POLLOUT), (-1, POLLIN))
    assert forward.call("poll", DATA, 3, -1) == 1
    assert revents(forward, 3) == [0, POLLOUT, 0]
    os.write(write_end, b"x")
    assert forward.call("poll", DATA, 3, 0) == 2
    assert revents(forward, 3) == [POLLIN, POLLOUT, 0]
    pollfds(forward, (888, POLLIN))
    assert forward.call("poll", DATA, 1, -1) == 1
    assert revents(forward, 1) == [POLLNVAL]
    assert forward.error("poll", DATA, 0xFFFFFFFF, 0) == "EINVAL"
    assert forward.error("poll", UNMAPPED, 1, 0) == "EFAULT"
    assert forward.error("poll", TEXT, 1, 0) == "EFAULT"
    assert forward.call("poll", 0, 0, 0) == 0


def test_poll_waits_for_the_time_given(forward: Process, pipe: tuple[int, int]) -> None:
    pollfds(forward, (pipe[0], POLLIN))
    start = time.monotonic()
    assert forward.call("poll", DATA, 1, 30) == 0
    assert time.monotonic() - start >= 0.029
    structs.Timespec.write(forward.memory, TIME, 0, 20_000_000)
    assert forward.call("ppoll", DATA, 1, TIME, 0, 0) == 0
    assert structs.Timespec.read(forward.memory, TIME) == (0, 0)
    structs.Timespec64.write(forward.memory, TIME, 100, 0)
    os.write(pipe[1], b"x")
    assert forward.call("ppoll_time64", DATA, 1, TIME, 0, 0) == 1
    seconds, nanoseconds = structs.Timespec64.read(forward.memory, TIME)
    assert 99 <= seconds + nanoseconds / 1e9 <= 100
    structs.Timespec.write(forward.memory, TIME, 0, 1_000_000_000)
    assert forward.error("ppoll", DATA, 1, TIME, 0, 0) == "EINVAL"
    assert forward.error("ppoll", DATA, 1, 0, DATA, 4) == "EINVAL"


def test_poll_of_strangers_keeps_the_rest(guest: Process) -> None:
    guest.call("pipe", SETS)
    read_end, write_end = struct.unpack("<ii", guest.memory.read(SETS, 8))
    stranger = os.open("/dev/null", os.O_RDWR)
    pollfds(guest, (read_end, POLLIN), (stranger, POLLIN | POLLOUT), (write_end, POLLOUT))
    assert guest.call("poll", DATA, 3, -1) == 2
    assert revents(guest, 3) == [0, POLLNVAL, POLLOUT]
    assert struct.unpack("<ihh", guest.memory.read(DATA + 8, 8))[:2] == (stranger, POLLIN | POLLOUT)
    os.close(stranger)
    os.close(read_end)
    os.close(write_end)


def fd_set(guest: Process, address: int, *fds: int) -> int:
    return guest.put(sum(1 << fd for fd in fds).to_bytes(128, "little"), address)


def test_select(forward: Process, pipe: tuple[int, int]) -> None:
    read_end, write_end = pipe
    os.write(write_end, b"x")
    fd_set(forward, SETS, read_end)
    fd_set(forward, SETS + 128, write_end, read_end)
    fd_set(forward, SETS + 256, read_end)
    nfds = max(pipe) + 1
    assert forward.call("_newselect", nfds, SETS, SETS + 128, SETS + 256, 0) == 2
    read = int.from_bytes(forward.memory.read(SETS, 128), "little")
    write = int.from_bytes(forward.memory.read(SETS + 128, 128), "little")
    assert (read, write) == (1 << read_end, 1 << write_end)
    assert not any(forward.memory.read(SETS + 256, 128))


def test_select_touches_whole_32_bit_words_only(forward: Process, pipe: tuple[int, int]) -> None:
    """The host's words are 64 bits wide; the guest's set may end at a page's end after 32."""
    low = os.dup(pipe[0])
    assert low < 32
    end = DATA + 0x10000 - 4
    forward.put((1 << low).to_bytes(4, "little"), end)
    structs.Timeval.write(forward.memory, TIME, 0, 0)
    assert forward.call("_newselect", 32, end, 0, 0, TIME) == 0
    assert forward.memory.read(end, 4) == bytes(4)
    assert forward.error("_newselect", 33, end, 0, 0, TIME) == "EFAULT"
    os.close(low)


def test_select_leaves_what_is_left_of_the_time(forward: Process, pipe: tuple[int, int]) -> None:
    structs.Timeval.write(forward.memory, TIME, 0, 20_000)
    fd_set(forward, SETS, pipe[0])
    start = time.monotonic()
    assert forward.call("_newselect", pipe[0] + 1, SETS, 0, 0, TIME) == 0
    assert time.monotonic() - start >= 0.019
    assert structs.Timeval.read(forward.memory, TIME) == (0, 0)
    os.write(pipe[1], b"x")
    fd_set(forward, SETS, pipe[0])
    structs.Timeval.write(forward.memory, TIME, 99, 1_500_000)
    assert forward.call("_newselect", pipe[0] + 1, SETS, 0, 0, TIME) == 1
    assert structs.Timeval.read(forward.memory, TIME)[0] in (99, 100)
    structs.Timespec.write(forward.memory, TIME, 50, 0)
    assert forward.call("pselect6", pipe[0] + 1, SETS, 0, 0, TIME, 0) == 1
    structs.Timespec64.write(forward.memory, TIME, 50, 0)
    forward.put(struct.pack("<II", 0, 0), DATA)
    assert forward.call("pselect6_time64", pipe[0] + 1, SETS, 0, 0, TIME, DATA) == 1
    forward.put(struct.pack("<II", SETS, 4), DATA)
    assert forward.error("pselect6_time64", pipe[0] + 1, SETS, 0, 0, TIME, DATA) == "EINVAL"
    assert forward.error("_newselect", -1, 0, 0, 0, 0) == "EINVAL"
    structs.Timeval.write(forward.memory, TIME, -1, 0)
    assert forward.error("_newselect", 0, 0, 0, 0, TIME) == "EINVAL"
    structs.Timeval.write(forward.memory, TIME, 0, 0)
    assert forward.call("_newselect", 0x7FFFFFFF, 0, 0, 0, TIME) == 0
    assert forward.error("_newselect", 0x7FFFFFFF, UNMAPPED, 0, 0, TIME) == "EFAULT"


@pytest.mark.parametrize("mode", ["forward", "sandbox"])
def test_epoll(mode: str) -> None:
    guest = Process(mode)
    guest.call("pipe", SETS)
    read_end, write_end = struct.unpack("<ii", guest.memory.read(SETS, 8))
    epoll = guest.call("epoll_create1", 0o2000000)
    structs.EpollEvent.write(guest.memory, DATA, POLLIN, 0x1122334455667788)
    assert guest.call("epoll_ctl", epoll, 1, read_end, DATA) == 0
    structs.EpollEvent.write(guest.memory, DATA, POLLOUT, 0x99)
    assert guest.call("epoll_ctl", epoll, 1, write_end, DATA) == 0
    assert guest.error("epoll_ctl", epoll, 1, write_end, DATA) == "EEXIST"
    assert guest.call("epoll_wait", epoll, SETS, 8, 0) == 1
    os.write(write_end, b"x")
    assert guest.call("epoll_pwait", epoll, SETS, 8, -1, 0, 0) == 2
    events = {structs.EpollEvent.read(guest.memory, SETS + 16 * index) for index in range(2)}
    assert events == {(POLLIN, 0x1122334455667788), (POLLOUT, 0x99)}
    assert guest.call("epoll_ctl", epoll, 2, write_end, 0) == 0
    assert guest.call("read", read_end, DATA, 10) == 1
    structs.Timespec64.write(guest.memory, TIME, 0, 20_000_000)
    start = time.monotonic()
    assert guest.call("epoll_pwait2", epoll, SETS, 8, TIME, 0, 0) == 0
    assert time.monotonic() - start >= 0.019
    assert guest.error("epoll_wait", epoll, SETS, 0, 0) == "EINVAL"
    assert guest.error("epoll_wait", epoll, SETS, 0x7FFFFFFF, 0) == "EINVAL"
    assert guest.error("epoll_wait", 777, SETS, 1, 0) == "EBADF"
    assert guest.error("epoll_create", 0) == "EINVAL"
    assert guest.error("epoll_ctl", epoll, 1, read_end, UNMAPPED) == "EFAULT"
    for fd in (epoll, read_end, write_end):
        os.close(fd)
    guest.close()
