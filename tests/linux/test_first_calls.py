"""A call that is made for the first time when no descriptor is free: what it needs of stinkarm is there by then."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from stinkarm import toolchain
from stinkarm.linux.table import CALLS
from stinkarm.status import StinkarmError

SOURCE = Path(__file__).parent / "programs" / "first_calls.c"
# What ends, copies or suspends the caller, or gives descriptors back.
LEFT_OUT = (
    *("exit", "exit_group", "fork", "vfork", "clone", "clone3", "sigreturn", "rt_sigreturn", "close", "close_range"),
    *("pause", "sigsuspend", "rt_sigsuspend", "rt_sigtimedwait", "rt_sigtimedwait_time64", "wait4", "waitid"),
    *("_newselect", "pselect6", "pselect6_time64", "ppoll", "ppoll_time64"),
)


def test_first_calls_without_a_free_descriptor(tmp_path: Path) -> None:
    program = tmp_path / "first_calls"
    try:
        toolchain.build(str(SOURCE), str(program), extra=("-w",))
    except StinkarmError as error:
        pytest.skip(f"no ARM compiler: {error}")
    numbers = ",".join(str(number) for number, name in CALLS.items() if name.rpartition(".")[2] in LEFT_OUT)
    assert numbers.count(",") == len(LEFT_OUT) - 1
    command = [sys.executable, "-m", "stinkarm", "--timeout", "60", program, numbers]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert "defect" not in done.stderr
    assert done.returncode == 0
    assert done.stdout.endswith((" calls, then Too many open files\n", " calls, then No file descriptors available\n"))
