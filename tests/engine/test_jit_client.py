"""Hot code is compiled by worker processes, which the guest never waits for, misses or sees."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest

from stinkarm.engine import jit_client, spawn
from stinkarm.guest.stop import SYSCALL
from stinkarm.sandbox.policy import Policy
from tests.engine.hot import CODE, Guest, expected, wait_until_ended


@pytest.fixture
def guest() -> Iterator[Guest]:
    guest = Guest("hot=100")
    yield guest
    guest.close()


def background(guest: Guest) -> jit_client.Background:
    compiling = guest.jit.compiling
    assert isinstance(compiling, jit_client.Background)
    return compiling


def test_a_hot_loop_is_compiled_and_right(guest: Guest) -> None:
    assert not background(guest).workers
    assert guest.loop(50) == expected(50)
    assert not background(guest).workers, "nothing was hot"
    guest.until_compiled()
    assert guest.loop(100_000) == expected(100_000)
    assert guest.jit.waiting == 0
    (worker,) = background(guest).workers
    assert os.getpriority(os.PRIO_PROCESS, worker.pid) > os.getpriority(os.PRIO_PROCESS, 0)
    assert os.readlink(f"/proc/{worker.pid}/cwd") == "/"
    assert os.getsid(worker.pid) == worker.pid


def test_a_worker_asks_for_what_is_executed_of_the_other_set(guest: Guest) -> None:
    """loop: blx to T32 in another page; subs r2, #1; bne loop; svc"""
    function = CODE + 0x3F00
    offset = function - (CODE + 8) >> 2
    guest.memory.protect(CODE, 0x4000, 3)
    guest.memory.write(CODE, (0xFA000000 | offset).to_bytes(4, "little") + bytes.fromhex("012052e2 fcffff1a 000000ef"))
    guest.memory.write(function, bytes.fromhex("c01c 7047"))  # adds r0, r0, #3; bx lr
    guest.memory.protect(CODE, 0x4000, 5)
    guest.until_compiled()
    (region,) = (region for region in guest.jit._by_page[CODE // 4096] if CODE in region.entries)
    assert any(start <= function < end for start, end in region.ranges), region.ranges
    assert guest.loop(7)[0] == 21


def test_the_worker_ends_with_the_engine() -> None:
    guest = Guest("hot=100")
    guest.until_compiled()
    (worker,) = background(guest).workers
    guest.close()
    wait_until_ended(worker.pid)


def test_its_socket_is_not_the_guests() -> None:
    policy = Policy("forward")
    guest = Guest("hot=100", descriptors=policy.descriptors)
    guest.until_compiled()
    (worker,) = background(guest).workers
    assert worker.fd > 900 and not policy.descriptors.usable(worker.fd)
    guest.close()
    assert policy.descriptors.usable(worker.fd)


def test_changed_code_is_forgotten_and_compiled_again(guest: Guest) -> None:
    guest.until_compiled()
    guest.memory.protect(CODE, 0x4000, 7)
    assert not guest.is_compiled()
    guest.memory.write(CODE, bytes.fromhex("050080e2"))  # add r0, #5
    guest.engine.flush(CODE, CODE + 4)
    assert guest.loop(2000) == expected(2000, 5)
    end = time.monotonic() + 60
    while not guest.is_compiled():
        assert time.monotonic() < end, guest.log
        assert guest.loop(5000) == expected(5000, 5)
    assert guest.loop(5000) == expected(5000, 5)


def test_a_piece_of_code_that_changed_meanwhile_is_thrown_away() -> None:
    guest = Guest("hot=100", prot=7)
    try:
        guest.loop(1000)  # asks
        guest.memory.write(CODE, bytes.fromhex("050080e2"))
        guest.engine.flush(CODE, CODE + 4)
        end = time.monotonic() + 60
        while not any("its code has changed" in line for line in guest.log):
            assert time.monotonic() < end, guest.log
            guest.jit.poll()
            assert not guest.is_compiled()
        while not guest.is_compiled():
            assert time.monotonic() < end, guest.log
            assert guest.loop(5000) == expected(5000, 5)
    finally:
        guest.close()


def test_a_literal_that_can_be_written_is_loaded_each_time() -> None:
    for options in ("hot=100", "hot=100,sync"):
        guest = Guest(options, prot=7)
        try:
            # ldr r3, [pc, #16]; add r0, r0, r3; subs r2, #1; bne; svc; ...; the literal
            code = "10309fe5 030080e0 012052e2 fbffff1a 000000ef 00000000 03000000"
            guest.memory.write(CODE, bytes.fromhex(code))
            guest.engine.flush(CODE, CODE + 28)
            guest.until_compiled()
            guest.memory.write(CODE + 24, b"\7")
            assert guest.loop(1000)[0] == 7000, options
        finally:
            guest.close()


def test_a_killed_worker_costs_nothing_but_what_it_was_doing() -> None:
    guest = Guest("hot=100")
    try:
        guest.loop(300)
        (worker,) = background(guest).workers
        while not worker.ready:
            guest.jit.poll()
        # Whether it has already answered or not, the guest does not see a difference.
        os.kill(worker.pid, signal.SIGKILL)
        wait_until_ended(worker.pid)
        background(guest).poll()  # the Jit does not, if nothing waits
        assert not background(guest).workers
        assert guest.loop(5000) == expected(5000)
        assert any("is lost" in line for line in guest.log)
    finally:
        guest.close()


def test_a_worker_is_started_again_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spawn, "BOOT", "raise SystemExit")
    monkeypatch.setattr(jit_client, "PAUSE", 0.01)
    guest = Guest("hot=100")
    try:
        end = time.monotonic() + 60
        while guest.jit.waiting or not guest.log:
            assert time.monotonic() < end, guest.log
            assert guest.loop(3000) == expected(3000)
        assert sum("is started" in line for line in guest.log) == jit_client.MOST_LOST
        assert "there is no worker" in guest.log[-1]
        assert guest.loop(100_000) == expected(100_000)
    finally:
        guest.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"\xff\xff\xff\xff",
        b"\x04\0\0\0abcd",
        b"\x01\0\0\0N",
        # ("piece", 1, (b"", 0, 99, [], [], 0), "", 0.0)
        b"GARBLED",
    ],
)
def test_nonsense_from_a_worker_is_not_believed(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    import marshal

    if answer == b"GARBLED":
        data = marshal.dumps(("piece", 1, (b"", 0, 99, [], [], 0), "", 0.0))
        answer = len(data).to_bytes(4, "little") + data
    monkeypatch.setattr(spawn, "BOOT", f"import os, time; os.write(0, {answer!r}); time.sleep(30)")
    monkeypatch.setattr(jit_client, "PAUSE", 0.01)
    guest = Guest("hot=100")
    try:
        end = time.monotonic() + 60
        while guest.jit.waiting or not guest.log:
            assert time.monotonic() < end, guest.log
            assert guest.loop(3000) == expected(3000)
        assert any("it sent nonsense" in line for line in guest.log), guest.log
        assert not guest.is_compiled()
    finally:
        guest.close()


def test_no_worker_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spawn.sys, "executable", "/nonexistent/python")
    monkeypatch.setattr(jit_client, "PAUSE", 0.01)
    guest = Guest("hot=100")
    try:
        end = time.monotonic() + 60
        while guest.jit.waiting or not guest.log:
            assert time.monotonic() < end, guest.log
            assert guest.loop(3000) == expected(3000)
        assert any("cannot be started: No such file or directory" in line for line in guest.log)
    finally:
        guest.close()


# loop: blx r3; subs r2, #1; bne loop; svc #0; then two functions: add r0, #3; bx lr; and sub r0, #1; bx lr
CALLS = "33ff2fe1 012052e2 fcffff1a 000000ef 030080e2 1eff2fe1 010040e2 1eff2fe1"


def test_what_an_indirect_call_calls_becomes_part_of_its_region(guest: Guest) -> None:
    guest.memory.protect(CODE, 0x4000, 7)
    guest.memory.write(CODE, bytes.fromhex(CALLS))
    guest.memory.protect(CODE, 0x4000, 5)
    first, second = CODE + 16, CODE + 24

    def call(count: int, function: int) -> int:
        assert guest.run(CODE, 0, 0, count, function).kind == SYSCALL
        return guest.state.r[0]

    def is_renewed() -> bool:
        after = "\n".join(guest.log).partition("compiled again with what it calls")[2]
        return f"{CODE:#010x} (A32) is compiled: 5 instructions" in after

    end = time.monotonic() + 60
    while not is_renewed():
        assert time.monotonic() < end, guest.log
        assert call(5000, first) == 15000
        time.sleep(0.005)
    assert call(1000, first) == 3000
    assert call(1000, second) == (1 << 32) - 1000


def test_a_child_process_has_a_worker_of_its_own(guest: Guest) -> None:
    guest.loop(300)
    (worker,) = background(guest).workers
    child = os.fork()
    if child == 0:
        status = 1
        try:
            guest.engine.begin_child()
            guest.until_compiled()
            (other,) = background(guest).workers
            status = 0 if other.pid != worker.pid and guest.loop(9000) == expected(9000) else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    guest.until_compiled()
    assert background(guest).workers == [worker]


def test_the_queue_is_bounded_and_the_hottest_goes_first(monkeypatch: pytest.MonkeyPatch, guest: Guest) -> None:
    monkeypatch.setattr(jit_client, "MOST_QUEUED", 3)
    compiling = background(guest)
    for n in range(4):
        compiling.request(CODE + 0x100 * n, False, False, 0)
        for _ in range(n):
            compiling.hotter(CODE + 0x100 * n, False)
    sent: list[int] = []
    monkeypatch.setattr(jit_client.Background, "_send", lambda self, worker, request: sent.append(request.entry))
    done = compiling.poll()
    assert [(d.entry, d.again) for d in done] == [(CODE, True)]
    assert sent == [CODE + 0x300, CODE + 0x200]


@pytest.mark.parametrize("options", ["hot=1", "hot=1,sync", "hot=1,forget=1", "hot=1,kill=1", "hot=1,workers=2"])
def test_stress_options(options: str) -> None:
    guest = Guest(options)
    try:
        end = time.monotonic() + 0.7
        while time.monotonic() < end:
            assert guest.loop(3000) == expected(3000)
    finally:
        guest.close()
