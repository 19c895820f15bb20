"""Signals: actions, masks, pending, and what a program sends itself."""

import errno
import os
import signal
import time
from struct import pack, unpack

import pytest

from stinkarm.linux import delivery
from tests.linux.process import DATA, NUMBERS, TEXT, UNMAPPED, Process

BLOCK, UNBLOCK, SETMASK = 0, 1, 2
ALL = (1 << 64) - 1
INT, KILL, USR1, SEGV, PIPE, TERM, CHLD, STOP, ABRT = 2, 9, 10, 11, 13, 15, 17, 19, 6


def mask(*signals: int) -> bytes:
    return sum(1 << (number - 1) for number in signals).to_bytes(8, "little")


def set_action(guest: Process, number: int, handler: int, flags: int = 0, restorer: int = 0, blocked: int = 0) -> int:
    action = guest.put(pack("<IIIQ", handler, flags, restorer, blocked), DATA + 0x100)
    return guest.call("rt_sigaction", number, action, 0, 8)


def current_mask(guest: Process) -> int:
    assert guest.call("rt_sigprocmask", BLOCK, 0, DATA + 0x200, 8) == 0
    return int.from_bytes(guest.memory.read(DATA + 0x200, 8), "little")


def test_actions_are_recorded(guest: Process) -> None:
    assert set_action(guest, USR1, 0x8001, 0x14000004, 0x9000, ALL) == 0
    assert guest.call("rt_sigaction", USR1, 0, DATA, 8) == 0
    assert unpack("<IIIQ", guest.memory.read(DATA, 20)) == (0x8001, 0x14000004, 0x9000, ALL & ~0x40100)
    assert guest.call("sigaction", USR1, 0, DATA) == 0
    assert unpack("<IIII", guest.memory.read(DATA, 16)) == (0x8001, ALL & ~0x40100 & 0xFFFFFFFF, 0x14000004, 0x9000)


def test_unknown_action_flags_are_dropped(guest: Process) -> None:
    set_action(guest, USR1, 0x8001, 0xFFFFFFFF)
    guest.call("rt_sigaction", USR1, 0, DATA, 8)
    assert guest.word(DATA + 4) == 0xDE000807


def test_action_errors(guest: Process) -> None:
    assert guest.error("rt_sigaction", USR1, 0, 0, 16) == "EINVAL"
    assert guest.error("rt_sigaction", 0, 0, 0, 8) == "EINVAL"
    assert guest.error("rt_sigaction", 65, 0, 0, 8) == "EINVAL"
    assert guest.error("rt_sigaction", KILL, guest.put(bytes(20)), 0, 8) == "EINVAL"
    assert guest.call("rt_sigaction", KILL, 0, DATA, 8) == 0
    assert guest.error("rt_sigaction", USR1, UNMAPPED, 0, 8) == "EFAULT"
    assert guest.error("rt_sigaction", USR1, 0, TEXT, 8) == "EFAULT"


def test_masks(guest: Process) -> None:
    assert guest.call("rt_sigprocmask", SETMASK, guest.put(mask(INT, KILL, STOP)), 0, 8) == 0
    assert current_mask(guest) == 1 << 1
    assert guest.call("rt_sigprocmask", BLOCK, guest.put(mask(TERM)), 0, 8) == 0
    assert guest.call("rt_sigprocmask", UNBLOCK, guest.put(mask(INT)), DATA + 8, 8) == 0
    assert guest.memory.read(DATA + 8, 8) == mask(INT, TERM)
    assert current_mask(guest) == 1 << 14
    assert guest.error("rt_sigprocmask", 3, DATA, 0, 8) == "EINVAL"
    assert guest.call("rt_sigprocmask", 3, 0, 0, 8) == 0
    assert guest.error("rt_sigprocmask", BLOCK, DATA, 0, 4) == "EINVAL"
    assert guest.error("rt_sigprocmask", BLOCK, UNMAPPED, 0, 8) == "EFAULT"


def test_the_old_mask_call_keeps_the_upper_signals(guest: Process) -> None:
    guest.call("rt_sigprocmask", SETMASK, guest.put(mask(INT, 40)), 0, 8)
    assert guest.call("sigprocmask", SETMASK, guest.put(pack("<I", 1 << 14)), DATA + 4) == 0
    assert guest.word(DATA + 4) == 1 << 1
    assert current_mask(guest) == 1 << 14 | 1 << 39


@pytest.mark.parametrize("name", ["kill", "tkill", "tgkill"])
@pytest.mark.parametrize("number", [ABRT, KILL, TERM, 40])
def test_a_fatal_signal_to_oneself_ends_the_process(guest: Process, name: str, number: int) -> None:
    pids = (os.getpid(),) * (2 if name == "tgkill" else 1)
    assert guest.call(name, *pids, number) == 0
    assert (guest.kernel.exit_status, guest.kernel.exit_signal) == (128 + number, number)


def test_ignored_signals_do_nothing(guest: Process) -> None:
    set_action(guest, TERM, 1)
    assert guest.call("kill", os.getpid(), TERM) == 0
    assert guest.call("kill", os.getpid(), CHLD) == 0
    assert guest.call("kill", os.getpid(), 0) == 0
    assert guest.kernel.exit_status is None


def test_a_signal_with_a_handler_calls_it(guest: Process) -> None:
    set_action(guest, USR1, 0x8000)
    guest.state.r[13] = DATA + 0x8000
    guest.state.r[15] = 0x1234
    assert guest.call("kill", os.getpid(), USR1) == USR1  # r0 of the handler
    assert guest.kernel.exit_status is None
    assert guest.state.r[15] == 0x8000
    assert guest.word(guest.state.r[13] + 20 + 12) == 0  # r0 of the call, in the frame
    assert guest.word(guest.state.r[13] + 20 + 72) == 0x1234
    guest.call("sigreturn")
    assert guest.state.r[15] == 0x1234
    assert current_mask(guest) == 0


def test_a_blocked_signal_waits(guest: Process) -> None:
    guest.call("rt_sigprocmask", BLOCK, guest.put(mask(TERM)), 0, 8)
    assert guest.call("kill", os.getpid(), TERM) == 0
    assert guest.call("rt_sigpending", DATA, 8) == 0
    assert guest.memory.read(DATA, 8) == mask(TERM)
    assert guest.kernel.exit_status is None
    guest.call("rt_sigprocmask", UNBLOCK, guest.put(mask(TERM)), 0, 8)
    assert guest.kernel.exit_signal == TERM


def test_ignoring_a_pending_signal_discards_it(guest: Process) -> None:
    guest.call("rt_sigprocmask", BLOCK, guest.put(mask(TERM)), 0, 8)
    guest.call("kill", os.getpid(), TERM)
    set_action(guest, TERM, 1)
    guest.call("sigpending", DATA)
    assert guest.word() == 0


def test_waiting_for_a_pending_signal_takes_it(guest: Process) -> None:
    guest.call("rt_sigprocmask", BLOCK, guest.put(mask(TERM)), 0, 8)
    guest.call("kill", os.getpid(), TERM)
    assert guest.call("rt_sigtimedwait", guest.put(mask(TERM, INT)), DATA + 8, 0, 8) == TERM
    assert unpack("<iiiii", guest.memory.read(DATA + 8, 20)) == (TERM, 0, 0, os.getpid(), os.getuid())
    guest.call("rt_sigpending", DATA, 8)
    assert guest.memory.read(DATA, 8) == bytes(8)


def test_waiting_for_a_signal_times_out(guest: Process) -> None:
    guest.put(mask(TERM))
    before = time.monotonic()
    timeout = guest.put(pack("<qq", 0, 20_000_000), DATA + 8)
    assert guest.error("rt_sigtimedwait_time64", DATA, 0, timeout, 8) == "EAGAIN"
    assert time.monotonic() - before >= 0.02
    timeout = guest.put(pack("<ii", 0, -1), DATA + 8)
    assert guest.error("rt_sigtimedwait", DATA, 0, timeout, 8) == "EINVAL"


class TimeIsUp(Exception):
    """Raised by the alarm."""


@pytest.mark.parametrize("name", ["pause", "rt_sigsuspend"])
def test_waiting_for_ever_can_be_interrupted(guest: Process, name: str) -> None:
    def ring(*_: object) -> None:
        raise TimeIsUp

    guest.put(bytes(8))
    old = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(TimeIsUp):
            guest.call(name, DATA, 8)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    assert guest.kernel.blocked == 0


def test_suspending_lets_a_pending_signal_act(guest: Process) -> None:
    guest.call("rt_sigprocmask", BLOCK, guest.put(mask(TERM)), 0, 8)
    guest.call("kill", os.getpid(), TERM)
    guest.call("rt_sigsuspend", guest.put(bytes(8)), 8)
    assert guest.kernel.exit_signal == TERM


def test_other_processes_cannot_be_signalled(guest: Process) -> None:
    parent = os.getppid()
    for pid in (parent, 0, -1 & 0xFFFFFFFF, -parent & 0xFFFFFFFF):
        assert guest.error("kill", pid, TERM) == "EPERM"
    assert guest.error("tkill", parent, TERM) == "EPERM"
    assert guest.error("tgkill", parent, parent, TERM) == "EPERM"
    assert guest.error("rt_sigqueueinfo", parent, TERM, DATA) == "EPERM"


def test_sending_errors(forward: Process) -> None:
    pid = os.getpid()
    assert forward.error("kill", pid, 65) == "EINVAL"
    assert forward.error("tkill", 0, TERM) == "EINVAL"
    assert forward.error("tgkill", pid, 0, TERM) == "EINVAL"
    assert forward.error("tgkill", pid, 1, TERM) == "ESRCH"
    assert forward.error("kill", 0x7FFFFFFF, 0) == "ESRCH"
    assert forward.call("kill", os.getppid(), 0) in (0, -1)


def test_returning_without_a_frame_is_fatal(guest: Process) -> None:
    set_action(guest, SEGV, 1)
    guest.call("rt_sigreturn")
    assert guest.kernel.exit_signal == SEGV


def test_signal_stack(guest: Process) -> None:
    guest.state.r[13] = TEXT
    assert guest.call("sigaltstack", 0, DATA) == 0
    assert unpack("<III", guest.memory.read(DATA, 12)) == (0, 2, 0)
    assert guest.call("sigaltstack", guest.put(pack("<III", DATA, 0, 8192)), 0) == 0
    assert guest.call("sigaltstack", 0, DATA) == 0
    assert unpack("<III", guest.memory.read(DATA, 12)) == (DATA, 0, 8192)
    assert guest.error("sigaltstack", guest.put(pack("<III", DATA, 0, 2047)), 0) == "ENOMEM"
    assert guest.error("sigaltstack", guest.put(pack("<III", DATA, 4, 8192)), 0) == "EINVAL"
    assert guest.error("sigaltstack", UNMAPPED, 0) == "EFAULT"
    guest.state.r[13] = DATA + 4096
    guest.call("sigaltstack", 0, DATA + 0x100)
    assert guest.word(DATA + 0x104) == 1


@pytest.mark.parametrize(
    ("name", "begun", "again"),
    [
        ("getitimer", False, True),
        ("read", False, False),
        ("wait4", False, False),
        ("openat", False, True),
        ("openat", True, False),
        ("futex", False, False),  # FUTEX_WAIT
    ],
)
def test_a_call_that_does_not_wait_is_not_interrupted(guest: Process, name: str, begun: bool, again: bool) -> None:
    """A signal that comes before the host's call lets the handler run first; only a wait gives EINTR."""
    assert guest.call("pipe", DATA) == 0
    set_action(guest, USR1, 0x8001)
    guest.kernel.pending.append((USR1, bytes(128)))
    guest.state.r[0], guest.state.r[1], guest.state.r[15] = guest.word(DATA), 0, 0x8104
    result = delivery.end_of_wait(guest.kernel, NUMBERS[name], begun=begun)
    expected = (guest.word(DATA), 0x8100) if again else (-errno.EINTR, 0x8104)
    assert (result, guest.state.r[15]) == expected


@pytest.mark.parametrize(
    ("name", "register", "value"),
    [
        ("wait4", 2, 1),  # WNOHANG
        ("waitid", 3, 5),
        ("flock", 1, 6),  # LOCK_EX | LOCK_NB
        ("msgrcv", 4, 0o4000),  # IPC_NOWAIT
        ("recvfrom", 3, 0x40),  # MSG_DONTWAIT
        ("sendmsg", 2, 0x40),
        ("read", 0, -1),  # O_NONBLOCK
    ],
)
def test_a_call_that_is_told_not_to_wait_is_not_interrupted(
    guest: Process, name: str, register: int, value: int
) -> None:
    assert guest.call("pipe2", DATA, os.O_NONBLOCK) == 0
    set_action(guest, USR1, 0x8001)
    guest.kernel.pending.append((USR1, bytes(128)))
    registers = guest.state.r
    registers[0], registers[15] = guest.word(DATA), 0x8104
    if value >= 0:
        os.set_blocking(registers[0], True)
        registers[register] = value
    assert delivery.end_of_wait(guest.kernel, NUMBERS[name], begun=False) == registers[0]
    assert registers[15] == 0x8100
    registers[1] = registers[2] = registers[3] = registers[4] = 0
    os.set_blocking(registers[0], True)
    assert delivery.end_of_wait(guest.kernel, NUMBERS[name], begun=False) == -errno.EINTR


@pytest.mark.parametrize(("operation", "begun"), [(1, False), (6, True), (6, False), (141, True)])
def test_a_futex_call_that_wakes_or_locks_is_made_again(guest: Process, operation: int, begun: bool) -> None:
    """FUTEX_WAKE never ends with EINTR, which the C library would take for a broken kernel."""
    set_action(guest, USR1, 0x8001)
    guest.kernel.pending.append((USR1, bytes(128)))
    guest.state.r[0], guest.state.r[1], guest.state.r[15] = DATA, operation, 0x8104
    assert delivery.end_of_wait(guest.kernel, NUMBERS["futex"], begun=begun) == DATA
    assert guest.state.r[15] == 0x8100
