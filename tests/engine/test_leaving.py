"""What is hot when a program ends is compiled after its end: within limits, and in nobody's way."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from stinkarm.engine import jit_client, leaving, slots
from stinkarm.engine.cache_writer import read_records
from tests.engine.hot import CODE, END, LOOP, SIZE, Guest, expected, is_running, wait_until_ended

STEP = 0x20
ABOUT = bytes(range(16))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the cache directory, of the test's own; an interpreter is loaded already."""
    from stinkarm.engine.interpreter import native_code

    native_code()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "stinkarm"


def make_program(path: Path, count: int) -> tuple[Path, list[int]]:
    """Write a file with that many loops; return it and where they are."""
    data = bytearray(SIZE)
    for number in range(count):
        data[STEP * number : STEP * number + 20] = bytes.fromhex(LOOP + END)
    path.write_bytes(data)
    return path, [CODE + STEP * number for number in range(count)]


def run_and_leave(file: Path, places: list[int]) -> int:
    """Make places hot, the first one first, and end; return the worker's number."""
    guest = Guest("hot=100", file=file)
    guest.until_compiled(places[0])  # there is a worker
    assert isinstance(guest.jit.compiling, jit_client.Background)
    (worker,) = guest.jit.compiling.workers
    for place in places[1:]:
        assert guest.loop(300, place) == expected(300)
    guest.engine.leave()
    guest.close()
    return worker.pid


def compiled(home: Path) -> set[int]:
    """Return the entries of the regions that are kept."""
    found: set[int] = set()
    for path in home.glob("code/*/*.pack"):
        for record in read_records(str(path), bytes.fromhex(path.stem))[0]:
            found |= set(record.piece.entries)
    return found


def test_all_that_waits_is_compiled_for_the_next_run(home: Path, tmp_path: Path) -> None:
    file, places = make_program(tmp_path / "program", 50)
    wait_until_ended(run_and_leave(file, places))
    guest = Guest("hot=100", file=file)
    assert [place for place in places if not guest.is_compiled(place)] == [], guest.log
    assert guest.loop(1000, places[-1]) == expected(1000)
    guest.close_and_save()


def test_there_is_a_limit_and_the_hottest_goes_first(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jit_client, "MOST_LEFT", 3)
    monkeypatch.setattr(jit_client, "MOST_SENT", 0)  # nothing is sent after the first
    file, places = make_program(tmp_path / "program", 20)
    guest = Guest("hot=100", file=file)
    compiling = guest.jit.compiling
    assert isinstance(compiling, jit_client.Background)
    compiling._start(-1, "none")
    for place in places:
        assert guest.loop(300, place) == expected(300)
    for place in places[7:10]:
        compiling.hotter(place, False)
    guest.engine.leave()
    assert "3 of 3 places that are hot are left to worker" in guest.log[-1]
    guest.close_and_save()
    assert compiled(home) == set(places[7:10])


def test_a_program_that_took_no_time_leaves_no_work(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class InNoTime(leaving.Writer):
        def write(self, requests: list[Any], seconds: float, until: float) -> int:
            assert seconds > 0
            return super().write(requests, 0.0, until)

    monkeypatch.setattr(jit_client, "Writer", InNoTime)
    file, places = make_program(tmp_path / "program", 60)
    wait_until_ended(run_and_leave(file, places))
    assert places[0] in compiled(home)
    assert places[-1] not in compiled(home)


def test_it_is_in_nobodys_way_and_what_is_saved_outlives_it(home: Path, tmp_path: Path) -> None:
    file, places = make_program(tmp_path / "program", 240)
    pid = run_and_leave(file, places)
    end = time.monotonic() + 60
    while os.sched_getscheduler(pid) != os.SCHED_IDLE:
        assert is_running(pid) and time.monotonic() < end
        time.sleep(0.005)
    # It holds none of the places that workers of running programs have.
    taken = [slots.take(str(home)) for _ in range(max(2, os.cpu_count() or 1))]
    assert all(descriptor >= 0 for descriptor, _ in taken)
    for descriptor, _ in taken:
        os.close(descriptor)
    before = len(compiled(home))
    while len(compiled(home)) < before + 5:
        assert is_running(pid), "it has done all of it"
        assert time.monotonic() < end
        time.sleep(0.02)
    # A program that runs now has a worker, which knows what the other one does.
    guest = Guest("hot=100", file=file)
    guest.until_compiled(places[-1])
    guest.close_and_save()
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    wait_until_ended(pid)
    kept = compiled(home)
    assert len(kept) >= before + 5
    guest = Guest("hot=1000000", file=file)
    assert {place for place in places if guest.is_compiled(place)} == kept
    assert guest.loop(1000, places[0]) == expected(1000)
    guest.close()


def test_what_another_process_has_saved_is_not_compiled_again(home: Path, tmp_path: Path) -> None:
    file, places = make_program(tmp_path / "program", 2)
    late = Guest("hot=100", file=file)  # there is no pack yet
    first = Guest("hot=100", file=file)
    first.until_compiled(places[1])
    first.close_and_save()
    assert not late.is_compiled(places[1])
    late.until_compiled(places[1])
    (line,) = [line for line in late.log if "is compiled" in line]
    assert line.endswith(" 0.0 ms")
    assert late.loop(1000, places[1]) == expected(1000)
    late.memory.protect(CODE, 0x4000, 7)
    late.memory.write(places[1], b"\5")
    late.engine.flush(CODE, CODE + SIZE)
    end = time.monotonic() + 60
    while not late.is_compiled(places[1]):
        assert time.monotonic() < end, late.log
        assert late.loop(3000, places[1]) == expected(3000, 5)
    assert late.loop(3000, places[1]) == expected(3000, 5)
    late.close_and_save()


def test_half_of_what_is_left_is_nothing() -> None:
    fd = os.memfd_create("test")
    assert leaving.read(fd) is None
    os.pwrite(fd, bytes(5000), leaving.MARK.size)
    assert leaving.read(fd) is None
    os.close(fd)


def test_pages_are_left_as_they_are() -> None:
    guest = Guest("hot=1000000")
    guest.loop(3)
    fd = os.memfd_create("test")
    request = jit_client.Request(7, CODE, False, False, 0x1234)
    page = CODE // 4096
    writer = leaving.Writer(fd, guest.memory, guest.engine.table, None, {page + 1}, {page + 9})
    assert writer.write([request], 1.5, time.thread_time() + 60) == 1
    left = leaving.read(fd)
    assert left is not None
    assert (left.seconds, left.images, left.gone) == (1.5, [], [page + 9])
    assert left.requests == [(7, CODE, False, False, 0x1234, -1)]
    contents = list(left.contents())
    assert [number for number, *_ in contents] == list(range(page, page + SIZE // 4096))
    _number, writable, data, thumb, executed = contents[0]
    assert data == guest.memory.read(CODE, 4096) and not writable and not thumb
    assert executed[:6].count(0) == 1 and all(executed[:5]) and not any(executed[5:])
    assert contents[1][2] is None, "the worker has it"
    assert contents[2][2] == bytes(4096)
    os.close(fd)
    guest.close()


HOLD = """
import sys
sys.path[:] = eval(sys.argv[1])
from stinkarm.engine.slots import Afterwards
place = Afterwards(sys.argv[2], bytes.fromhex(sys.argv[3]))
print(place.wait(30), flush=True)
while sys.stdin.readline() and place.is_wanted(): pass
"""


def test_the_newest_worker_has_the_place_of_an_older_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    holders = []
    for about in ("aa" * 16, "bb" * 16):
        arguments = [sys.executable, "-c", HOLD, repr(sys.path), str(tmp_path), about]
        holder = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert holder.stdout is not None and holder.stdout.readline() == "True\n"
        holders.append(holder)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)

    def ends(holder: subprocess.Popen[str]) -> bool:
        """Say whether a holder ends when it looks."""
        assert holder.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            holder.stdin.write("\n")
            holder.stdin.flush()
        with contextlib.suppress(subprocess.TimeoutExpired):
            holder.wait(0.5)
        return holder.poll() is not None

    # Who works on the same goes, else who has been there longest.
    same = slots.Afterwards(str(tmp_path), bytes.fromhex("bb" * 16))
    assert not same.wait(0.1), "it is held"
    assert not ends(holders[0])
    assert ends(holders[1])
    assert same.wait(5) and same.is_wanted()
    other = slots.Afterwards(str(tmp_path), ABOUT)
    assert ends(holders[0]) and other.wait(5)
    assert same.is_wanted()
    for descriptor in (same._descriptor, other._descriptor):
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)
    for holder in holders:
        holder.communicate()
