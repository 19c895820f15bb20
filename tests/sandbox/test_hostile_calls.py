"""Random arguments for every call on files: an answer always comes back, and nothing outside changes."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from stinkarm.linux.table import CALLS
from tests.linux.process import DATA, TEXT, UNMAPPED
from tests.sandbox.world import World, opened, sandboxed

TOPICS = ("files", "paths", "files_status", "descriptors", "poll", "ioctl", "sockets", "messages", "timerfd")
TOPICS += ("socket_options", "inotify")
NUMBERS = [number for number, row in CALLS.items() if row.partition(".")[0] in TOPICS]
ROUNDS = 60

STRINGS = DATA + 0x8000
STRUCTS = DATA + 0x9000
NAMES = [
    b"",
    b".",
    b"..",
    b"file",
    b"sub",
    b"to-secret",
    b"to-new",
    b"../outside/secret",
    b"/",
    b"/proc/self/fd/0",
    b"user.x",
]
NAMES += [
    b"/dev/null",
    b"/proc/self/mem",
    b"../writable/new",
    b"../writable/sub",
    b"../writable/to-outside/x",
    b"\xff\xfe\n",
]


class TooLong(Exception):
    """A call waits for something that does not come."""


@pytest.fixture
def alarm() -> Iterator[None]:
    def ring(*_: object) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, ring)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("openat2", [True, False])
def test_every_call_answers(tmp_path: Path, alarm: None, openat2: bool) -> None:
    world = World(tmp_path)
    rng = random.Random(7)
    umask = os.umask(0o022)
    saved = [os.dup(fd) for fd in (0, 1, 2)]
    read_end, write_end = os.pipe()
    for fd in (0, 1, 2):
        os.dup2(os.open("/dev/null", os.O_RDWR), fd)
    before = world.outside_state(), world.readable.stat().st_mode, (world.readable / "file").read_bytes()
    waited = 0
    try:
        with sandboxed(world, openat2=openat2) as guest:
            addresses = [0, UNMAPPED, TEXT, DATA, DATA + 0xFFFF, 0xFFFFFFFF, 0xFFFF0000, STRUCTS, STRUCTS + 3]
            for index, name in enumerate(NAMES):
                addresses.append(guest.put(name + b"\0", STRINGS + 64 * index))
            for _ in range(ROUNDS):
                fds = [
                    0,
                    1,
                    2,
                    -1,
                    -100,
                    999,
                    read_end,
                    0x7FFFFFFF,
                    opened(guest, "file"),
                    opened(guest, "sub", 0o40000),
                ]
                numbers = [
                    0,
                    1,
                    2,
                    3,
                    4,
                    7,
                    8,
                    24,
                    100,
                    0o777,
                    0o40000,
                    0x1000,
                    0x7FFFFFFF,
                    0x80000000,
                    0xFFFFFFFF,
                    0x5401,
                ]
                guest.memory.write(STRUCTS, rng.randbytes(64) if rng.random() < 0.5 else bytes(64))
                for number in NUMBERS:
                    registers = [rng.choice(rng.choice((addresses, fds, numbers))) for _ in range(7)]
                    if rng.random() < 0.6:
                        registers[0] = rng.choice(fds)
                    result = 0
                    try:
                        signal.setitimer(signal.ITIMER_REAL, 0.05)
                        try:
                            result = guest.call(number, *registers)
                        finally:
                            signal.setitimer(signal.ITIMER_REAL, 0)
                    except TooLong:  # in the call, or just after it
                        waited += 1
                    assert -4095 <= result < 1 << 32, (CALLS[number], registers)
                    guest.policy.paths.change_directory(os.fsencode(world.readable))
                guest.call("close_range", 3, 0x7FFFFFFF, 0)
    finally:
        for fd, old in enumerate(saved):
            os.dup2(old, fd)
            os.close(old)
        os.close(read_end)
        os.close(write_end)
        os.umask(umask)
    assert waited < ROUNDS * 3
    assert (world.outside_state(), world.readable.stat().st_mode, (world.readable / "file").read_bytes()) == before
