"""Clocks and sleeping, in both widths."""

import signal
import time
from struct import pack, unpack

import pytest

from stinkarm.linux import structs
from tests.linux.process import DATA, TEXT, Process

REALTIME, MONOTONIC, THREAD = 0, 1, 3


def test_clocks_are_the_hosts(guest: Process) -> None:
    before = time.time_ns()
    assert guest.call("clock_gettime", REALTIME, DATA) == 0
    assert guest.call("clock_gettime64", REALTIME, DATA + 8) == 0
    assert guest.call("gettimeofday", DATA + 24, DATA + 32) == 0
    after = time.time_ns()
    narrow, wide = unpack("<II", guest.memory.read(DATA, 8)), unpack("<qq", guest.memory.read(DATA + 8, 16))
    seconds, microseconds = unpack("<II", guest.memory.read(DATA + 24, 8))
    times = [narrow[0] * 10**9 + narrow[1], wide[0] * 10**9 + wide[1], seconds * 10**9 + microseconds * 1000 + 999]
    assert before <= times[0] <= times[1] <= times[2]
    assert times[1] <= after
    assert guest.memory.read(DATA + 32, 8) == bytes(8)


@pytest.mark.parametrize("name", ["clock_gettime", "clock_gettime64", "clock_getres", "clock_getres_time64"])
def test_clock_errors(guest: Process, name: str) -> None:
    assert guest.error(name, 99, DATA) == "EINVAL"
    assert guest.error(name, 0x7FFFFFFF, DATA) == "EINVAL"
    assert guest.error(name, REALTIME, TEXT) == "EFAULT"
    assert guest.error(name, REALTIME, 0xFFFFFFFC) == "EFAULT"


def test_clocks_of_other_processes_are_hidden(guest: Process) -> None:
    assert guest.error("clock_gettime", ~1 << 3 | 2, DATA) == "EINVAL"
    assert guest.call("clock_gettime", -1 << 3 | 2, DATA) == 0


def test_resolution(guest: Process) -> None:
    assert guest.call("clock_getres_time64", MONOTONIC, DATA) == 0
    assert unpack("<qq", guest.memory.read(DATA, 16)) == (0, 1)
    assert guest.call("clock_getres", MONOTONIC, DATA) == 0
    assert unpack("<ii", guest.memory.read(DATA, 8)) == (0, 1)
    assert guest.call("clock_getres", MONOTONIC, 0) == 0


def test_times(guest: Process) -> None:
    guest.call("times", DATA)
    first = guest.state.r[0]
    assert structs.Tms.read(guest.memory, DATA)[0] >= 0
    time.sleep(0.02)
    guest.call("times", 0)
    assert guest.state.r[0] > first
    guest.call("times", TEXT)
    assert guest.state.r[0] == 0xFFFFFFF2


@pytest.mark.parametrize(
    ("name", "arguments", "code"),
    [
        ("nanosleep", (), "<ii"),
        ("clock_nanosleep", (MONOTONIC, 0), "<ii"),
        ("clock_nanosleep", (REALTIME, 0), "<ii"),
        ("clock_nanosleep_time64", (MONOTONIC, 0), "<qq"),
    ],
)
def test_sleeping(guest: Process, name: str, arguments: tuple[int, ...], code: str) -> None:
    before = time.monotonic()
    assert guest.call(name, *arguments, guest.put(pack(code, 0, 20_000_000)), 0) == 0
    assert time.monotonic() - before >= 0.02
    assert guest.error(name, *arguments, guest.put(pack(code, 0, 1_000_000_000)), 0) == "EINVAL"
    assert guest.error(name, *arguments, guest.put(pack(code, -1, 0)), 0) == "EINVAL"
    assert guest.error(name, *arguments, 0, 0) == "EFAULT"


def test_sleeping_until(guest: Process) -> None:
    until = time.monotonic_ns() + 20_000_000
    request = guest.put(pack("<qq", *divmod(until, 10**9)))
    assert guest.call("clock_nanosleep_time64", MONOTONIC, 1, request, 0) == 0
    assert time.monotonic_ns() >= until
    assert guest.call("clock_nanosleep_time64", MONOTONIC, 1, request, 0) == 0
    assert guest.error("clock_nanosleep_time64", THREAD, 0, request, 0) == "EINVAL"
    assert guest.error("clock_nanosleep_time64", 99, 0, request, 0) == "EINVAL"


class TimeIsUp(Exception):
    """Raised by the alarm."""


def test_a_signal_handler_of_the_host_can_end_a_long_sleep(guest: Process) -> None:
    def ring(*_: object) -> None:
        raise TimeIsUp

    old = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(TimeIsUp):
            guest.call("clock_nanosleep_time64", MONOTONIC, 0, guest.put(pack("<qq", (1 << 63) - 1, 0)), 0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)


def test_an_interruption_that_does_not_raise_prolongs_nothing(guest: Process) -> None:
    old = signal.signal(signal.SIGALRM, lambda *_: None)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
        before = time.monotonic()
        assert guest.call("nanosleep", guest.put(pack("<ii", 0, 60_000_000)), 0) == 0
        assert 0.06 <= time.monotonic() - before < 2
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)


@pytest.mark.parametrize("name", ["settimeofday", "clock_settime", "clock_settime64"])
def test_time_cannot_be_set(forward: Process, name: str) -> None:
    assert forward.error(name, 0, forward.put(bytes(16))) == "EPERM"


def test_adjustment_can_be_read(guest: Process) -> None:
    guest.put(bytes(208))
    assert 0 <= guest.call("adjtimex", DATA) <= 5
    assert structs.Timex.read(guest.memory, DATA)[9] > 1_700_000_000 - (1 << 32)
    guest.put(bytes(208))
    assert 0 <= guest.call("clock_adjtime64", REALTIME, DATA) <= 5
    assert guest.error("clock_adjtime", MONOTONIC, DATA) == "EINVAL"
    guest.put(pack("<I", 1))
    assert guest.error("adjtimex", DATA) == "EPERM"
    assert guest.error("adjtimex", 0) == "EFAULT"


def test_interval_timers(guest: Process) -> None:
    assert guest.call("setitimer", 0, guest.put(bytes(16)), DATA + 16) == 0
    assert guest.call("setitimer", 0, 0, 0) == 0
    assert guest.call("setitimer", 0, guest.put(pack("<4i", 3, 5, 100, 0)), DATA + 16) == 0
    assert unpack("<4i", guest.memory.read(DATA + 16, 16)) == (0, 0, 0, 0)
    assert guest.call("getitimer", 0, DATA) == 0
    interval, interval_us, seconds, _ = unpack("<4i", guest.memory.read(DATA, 16))
    assert (interval, interval_us) == (3, 5)
    assert seconds in (99, 100)
    assert guest.error("setitimer", 0, guest.put(pack("<4i", 0, 0, 0, 1_000_000)), 0) == "EINVAL"
    assert guest.error("setitimer", 3, guest.put(bytes(16)), 0) == "EINVAL"
    assert guest.error("getitimer", 0, TEXT) == "EFAULT"
    assert guest.error("getitimer", 3, DATA) == "EINVAL"
