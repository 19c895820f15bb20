"""Objects between processes, locks, watches, files in memory: ipc.c, which checks itself."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import stinkarm
from stinkarm import toolchain
from stinkarm.status import StinkarmError

SOURCE = Path(__file__).parent / "ipc.c"
TESTS = re.findall(r"TEST\((\w+)\)", SOURCE.read_text().partition("} tests[]")[2])
IN_SANDBOX = ["locks", "inotify", "memfd", "splice", "xattr", "async", "terminal"]
# It has no mq_notify; si_fd is 0; tcgetsid fails.
NOT_IN_QEMU = ["mq", "async", "terminal"]


def ok(names: list[str]) -> str:
    return "".join(f"ok {name}\n" for name in names)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, built for ARM."""
    output = tmp_path_factory.mktemp("ipc") / "ipc"
    try:
        toolchain.build(str(SOURCE), str(output))
    except StinkarmError as error:
        pytest.skip(f"no ARM compiler: {error}")
    return output


def test_the_program_checks_itself_on_the_host(tmp_path: Path) -> None:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler for the host")
    subprocess.run([compiler, "-o", tmp_path / "native", SOURCE], check=True)
    done = subprocess.run([tmp_path / "native", tmp_path], capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout, done.returncode) == (ok(TESTS), 0)


def test_the_program_in_qemu(program: Path, tmp_path: Path) -> None:
    qemu = shutil.which("qemu-arm")
    if qemu is None:
        pytest.skip("qemu-arm is not installed")
    names = [name for name in TESTS if name not in NOT_IN_QEMU]
    done = subprocess.run([qemu, program, tmp_path, *names], capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout, done.returncode) == (ok(names), 0)


def test_forward(program: Path, tmp_path: Path) -> None:
    result = stinkarm.run(program, [str(tmp_path)], syscalls="forward", timeout=60)
    assert (result.stdout.decode(), result.status) == (ok(TESTS), 0)


def test_the_sandbox(program: Path, tmp_path: Path) -> None:
    folder = str(tmp_path)
    writable = [folder, "/dev/ptmx", "/dev/pts"]
    result = stinkarm.run(program, [folder, *IN_SANDBOX], allow_run=True, allow_write=writable, timeout=60)
    assert (result.stdout.decode(), result.status) == (ok(IN_SANDBOX), 0)
    result = stinkarm.run(program, [folder, "sem", "msg", "mq"], timeout=60)
    assert result.status == 1
    for name in ("semget", "msgget", "mq_open"):
        assert any(str(denial).startswith(f"denied {name}(") for denial in result.denials)
    result = stinkarm.run(program, [folder, "inotify"], timeout=60)
    assert any(
        f'inotify_add_watch("{folder}") - grant it with --allow-read=' in str(denial) for denial in result.denials
    )
