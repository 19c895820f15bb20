"""The kernel itself: modes, refusals, errors, ends, the private calls of ARM."""

import os

import pytest

from stinkarm.guest.memory import GuestFault
from tests.linux.process import DATA, UNMAPPED, Process, process


def test_exit_keeps_eight_bits(guest: Process) -> None:
    guest.call("exit_group", 0x1A1)
    assert (guest.kernel.exit_status, guest.kernel.exit_signal) == (0xA1, 0)


def test_a_process_that_runs_has_no_status(guest: Process) -> None:
    guest.call("getpid")
    assert guest.kernel.exit_status is None


def test_deny_answers_enosys_to_everything_but_exit() -> None:
    with process("deny") as guest:
        for name in ("getpid", "brk", "write", "socket", "set_tls", "clock_gettime64"):
            assert guest.error(name, 0, 0, 0) == "ENOSYS"
        guest.call("exit", 7)
        assert guest.kernel.exit_status == 7


@pytest.mark.parametrize(
    ("name", "error"),
    [("fork", "EPERM"), ("clone", "EPERM"), ("execve", "EPERM")]
    + [(name, "EPERM") for name in ("mount", "reboot", "sethostname", "settimeofday", "ptrace", "setsid")],
)
def test_the_sandbox_refuses(guest: Process, name: str, error: str) -> None:
    assert guest.error(name, 0, 0, 0, 0) == error


def test_forward_says_what_is_missing(forward: Process) -> None:
    assert forward.error("vhangup") == "ENOSYS"
    assert forward.error("acct") == "ENOSYS"
    assert forward.kernel.missing == {"vhangup": 111, "acct": 51}


@pytest.mark.parametrize("number", [7, 0x1000, 0xEFFFF, 0xF0007, 0xF07FF])
def test_unknown_numbers_are_enosys(guest: Process, number: int) -> None:
    assert guest.error(number) == "ENOSYS"
    assert guest.kernel.exit_status is None


@pytest.mark.parametrize(
    ("number", "signal"), [(0xF0000, 11), (0xF0001, 5), (0xF0003, 4), (0xF0004, 4), (0xF0800, 4), (0x80000000, 4)]
)
def test_private_numbers_without_a_call_are_fatal(guest: Process, number: int, signal: int) -> None:
    guest.call(number)
    assert (guest.kernel.exit_status, guest.kernel.exit_signal) == (128 + signal, signal)


def test_trying_all_numbers_does_not_fill_memory(guest: Process) -> None:
    for number in range(1000, 3000):
        guest.call(number)
    assert len(guest.kernel._ready) == 0
    assert len(guest.kernel._noted) <= 500


def test_errors_of_a_handler_are_answers(guest: Process) -> None:
    guest.call("getpid")
    call = guest.kernel._ready[20][2]
    for error, name in ((GuestFault(UNMAPPED, False), "EFAULT"), (OSError(5, "input/output"), "EIO")):

        def fail(*_: object, error: Exception = error) -> int:
            raise error

        guest.kernel._ready[20] = (fail, call.prepare(), call)
        assert guest.error("getpid") == name


@pytest.mark.parametrize("error", [OSError("no number"), ZeroDivisionError(), TypeError()])
def test_bugs_of_a_handler_are_not_answers(guest: Process, error: Exception) -> None:
    guest.call("getpid")
    call = guest.kernel._ready[20][2]

    def fail(*_: object) -> int:
        raise error

    guest.kernel._ready[20] = (fail, call.prepare(), call)
    with pytest.raises(type(error)):
        guest.call("getpid")


def test_only_r0_changes(guest: Process) -> None:
    guest.call("getpid")
    before = list(guest.state.r)
    guest.kernel.syscall(guest.state)
    assert list(guest.state.r)[1:] == before[1:]
    assert guest.state.r[0] == os.getpid()


def test_thread_pointer(guest: Process) -> None:
    assert guest.call("set_tls", 0x12345678) == 0
    assert guest.state.words[27] == 0x12345678
    assert guest.call("get_tls") == 0x12345678


class Engine:
    """Notes what is flushed."""

    def __init__(self) -> None:
        self.flushed: list[tuple[int, int]] = []

    def flush(self, start: int, end: int) -> None:
        self.flushed.append((start, end))


def test_cacheflush_tells_the_engine(guest: Process) -> None:
    engine = guest.kernel.engine = Engine()
    assert guest.call("cacheflush", DATA, DATA + 64, 0) == 0
    assert guest.error("cacheflush", DATA + 64, DATA, 0) == "EINVAL"
    assert guest.error("cacheflush", DATA, DATA + 64, 1) == "EINVAL"
    assert guest.error("cacheflush", DATA, 0xFFFFFFFF, 0) == "EFAULT"
    assert engine.flushed == [(DATA, DATA + 64)]
