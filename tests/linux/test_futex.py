"""Futexes of a single thread."""

import time
from struct import pack

import pytest

from tests.linux.process import DATA, TEXT, UNMAPPED, Process

WAIT, WAKE, CMP_REQUEUE, WAIT_BITSET, PRIVATE = 0, 1, 4, 9, 128


@pytest.mark.parametrize("name", ["futex", "futex_time64"])
def test_waking_nobody(guest: Process, name: str) -> None:
    assert guest.call(name, DATA, WAKE | PRIVATE, 1, 0, 0, 0) == 0
    assert guest.call(name, DATA, CMP_REQUEUE | PRIVATE, 1, 1, DATA + 4, 0) == 0


@pytest.mark.parametrize("name", ["futex", "futex_time64"])
def test_waiting_for_another_value(guest: Process, name: str) -> None:
    guest.put(pack("<I", 5))
    assert guest.error(name, DATA, WAIT | PRIVATE, 4, 0, 0, 0) == "EAGAIN"
    assert guest.error(name, DATA, WAIT_BITSET, 4, 0, 0, 0xFFFFFFFF) == "EAGAIN"


@pytest.mark.parametrize(("name", "code"), [("futex", "<ii"), ("futex_time64", "<qq")])
def test_timeouts(guest: Process, name: str, code: str) -> None:
    before = time.monotonic()
    timeout = guest.put(pack(code, 0, 20_000_000), DATA + 8)
    assert guest.error(name, DATA, WAIT | PRIVATE, 0, timeout, 0, 0) == "ETIMEDOUT"
    assert 0.02 <= time.monotonic() - before < 2
    until = guest.put(pack(code, *divmod(time.monotonic_ns() + 20_000_000, 10**9)), DATA + 8)
    assert guest.error(name, DATA, WAIT_BITSET | PRIVATE, 0, until, 0, 0xFFFFFFFF) == "ETIMEDOUT"
    assert guest.error(name, DATA, WAIT, 0, guest.put(pack(code, 0, 10**9), DATA + 8), 0, 0) == "EINVAL"
    assert guest.error(name, DATA, WAIT, 0, UNMAPPED, 0, 0) == "EFAULT"


def test_addresses_are_checked(guest: Process) -> None:
    assert guest.error("futex", UNMAPPED, WAIT | PRIVATE, 0, 0, 0, 0) == "EFAULT"
    assert guest.error("futex", DATA + 1, WAIT, 0, 0, 0, 0) == "EINVAL"
    assert guest.error("futex", 0xFFFFFFFE, WAIT, 0, 0, 0, 0) == "EFAULT"
    assert guest.error("futex", DATA, 0x7F, 0, 0, 0, 0) == "ENOSYS"


def test_a_read_only_word_can_be_waited_for(guest: Process) -> None:
    assert guest.error("futex", TEXT, WAIT | PRIVATE, 1, 0, 0, 0) == "EAGAIN"
