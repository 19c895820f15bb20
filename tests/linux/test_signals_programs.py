"""Signals as programs meet them: programs/signals.c, which checks itself, on both engines and in qemu-arm."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import stinkarm

PROGRAMS = Path(__file__).parent / "programs"
PROGRAM = PROGRAMS / "signals.elf"
TESTS = re.findall(r"TEST\((\w+)\)", (PROGRAMS / "signals.c").read_text().partition("} tests[]")[2])

# What qemu-arm 7.2 does not do as Linux does, or leaves out of a frame.
NOT_IN_QEMU = {
    "masks": "it keeps some real-time signals for itself",
    "autodisarm": "it has no SS_AUTODISARM",
    "repair": "it leaves trap_no, error_code and fault_address 0",
    "faults": "it gives another address and code for some faults",
    "hostile_frames": "si_code of a bad frame's SIGSEGV is not SI_KERNEL",
    "suspend": "its sigsuspend takes an address",
    "restart": "its ppoll does not write the time left when it is interrupted",
    "timers": "si_timerid is not what timer_create gave",
}


def test_every_signal_test_passes() -> None:
    result = stinkarm.run(PROGRAM)
    assert (result.status, result.stderr) == (0, b""), result.crash
    assert result.stdout.decode().splitlines() == [f"ok {name}" for name in TESTS]


@pytest.mark.parametrize("name", ["registers", "frame", "repair", "altstack", "thumb_and_return_code", "restart"])
def test_signals_on_the_reference_engine(name: str) -> None:
    result = stinkarm.run(PROGRAM, [name], engine="reference")
    assert (result.status, result.stdout.decode()) == (0, f"ok {name}\n"), result.crash


@pytest.mark.parametrize("name", [name for name in TESTS if name not in NOT_IN_QEMU])
def test_the_tests_themselves_in_qemu(name: str) -> None:
    qemu = shutil.which("qemu-arm")
    if qemu is None:
        pytest.skip("qemu-arm is not installed")
    done = subprocess.run([qemu, PROGRAM, name], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, f"ok {name}\n")


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("die_blocked", signal.SIGSEGV),
        ("die_ignored", signal.SIGSEGV),
        ("die_without_stack", signal.SIGSEGV),
        ("die_in_default", signal.SIGTERM),
        ("die_by_frame", signal.SIGSEGV),
        ("die_by_alarm", signal.SIGALRM),
        ("die_waiting", signal.SIGALRM),
    ],
)
def test_signals_that_end_the_process(name: str, number: int) -> None:
    result = stinkarm.run(PROGRAM, [name], timeout=60)
    assert (result.reason, result.signal) == ("signaled", number)
    assert (result.crash is not None) == (name in ("die_blocked", "die_ignored", "die_without_stack", "die_by_frame"))


class Started:
    """The command running a test that waits for signals, which says when it is ready."""

    def __init__(self, name: str, *options: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "stinkarm", *options, str(PROGRAM), name],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"ready\n"

    def send(self, number: int) -> None:
        self.process.send_signal(number)

    def end(self) -> tuple[int, bytes]:
        """Wait for the end; give the status and what was written."""
        output = self.process.communicate(timeout=60)[0]
        return self.process.returncode, output


@pytest.fixture
def start() -> Iterator[type[Started]]:
    """Make `Started`, and leave no process behind."""
    made: list[Started] = []

    class Kept(Started):
        def __init__(self, name: str, *options: str) -> None:
            super().__init__(name, *options)
            made.append(self)

    yield Kept
    for one in made:
        one.process.kill()
        one.process.communicate()


def test_a_signal_of_another_process_reaches_a_loop(start: type[Started]) -> None:
    guest = start("wait_term")
    guest.send(signal.SIGUSR1)
    began = time.monotonic()
    guest.send(signal.SIGTERM)
    assert guest.end() == (0, b"SIGTERM 0x00000000\n")
    assert time.monotonic() - began < 5


def test_a_signal_of_another_process_ends_a_wait(start: type[Started]) -> None:
    guest = start("wait_pause")
    time.sleep(0.05)
    guest.send(signal.SIGHUP)
    assert guest.end() == (0, b"SIGHUP\n")


def test_signals_that_the_guest_ignores_or_blocks(start: type[Started]) -> None:
    guest = start("wait_ignored")
    guest.send(signal.SIGINT)
    guest.send(signal.SIGTERM)
    assert guest.end() == (0, b"done\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGRTMIN + 5])
def test_signals_without_a_handler_end_the_guest(start: type[Started], number: int) -> None:
    guest = start("wait_default")
    guest.send(number)
    assert guest.end()[0] == -number


def test_the_timeout_still_ends_a_guest_with_an_alarm_handler(start: type[Started]) -> None:
    result = stinkarm.run(PROGRAM, ["loop"], timeout=60)
    assert result.status == 0
    result = stinkarm.run(PROGRAM, ["wait_default"], timeout=0.3)
    assert result.reason == "timeout"


def test_the_program_is_built_from_its_source(tmp_path: Path) -> None:
    compiler = shutil.which("arm-linux-gnueabi-gcc")
    if compiler is None:
        pytest.skip("arm-linux-gnueabi-gcc is not installed")
    built = tmp_path / "signals.elf"
    subprocess.run(["sh", PROGRAMS / "build.sh", built], check=True)
    done = stinkarm.run(built, ["registers"])
    assert (done.status, done.stdout) == (0, b"ok registers\n")
    version = subprocess.run([compiler, "-dumpfullversion"], capture_output=True, text=True, check=True).stdout
    if version.strip() == "12.2.0":
        assert built.read_bytes() == PROGRAM.read_bytes()
