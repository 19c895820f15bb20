"""Processes that look at each other, and signals that end what waits: family.c, which checks itself."""

from __future__ import annotations

import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stinkarm import toolchain
from stinkarm.status import StinkarmError

SOURCE = Path(__file__).parent / "family.c"
TESTS = re.findall(r"TEST\((\w+)\)", SOURCE.read_text().partition("} tests[]")[2])
NOT_IN_SANDBOX = {"never_restarted"}  # System V objects are the host's


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, built for ARM."""
    output = tmp_path_factory.mktemp("family") / "family"
    try:
        toolchain.build(str(SOURCE), str(output))
    except StinkarmError as error:
        pytest.skip(f"no ARM compiler: {error}")
    return output


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, built for the host."""
    output = tmp_path_factory.mktemp("native") / "family"
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler for the host")
    subprocess.run([compiler, "-w", "-pthread", "-o", output, SOURCE], check=True)
    return output


@pytest.mark.parametrize("name", TESTS)
def test_the_program_checks_itself_on_the_host(native: Path, name: str) -> None:
    done = subprocess.run([native, name], capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout, done.returncode) == (f"ok {name}\n", 0)


@pytest.mark.parametrize("mode", ["sandbox", "forward"])
@pytest.mark.parametrize("name", TESTS)
def test_family(program: Path, name: str, mode: str) -> None:
    if mode == "sandbox" and name in NOT_IN_SANDBOX:
        pytest.skip("not in the sandbox")
    options = ["-C", "forward"] if mode == "forward" else ["--allow-run", f"--allow-read={program.parent}"]
    if name == "core_flag":
        if resource.getrlimit(resource.RLIMIT_CORE)[1] != resource.RLIM_INFINITY:
            pytest.skip("the hard limit of core files is not unlimited")
        options.append("--allow-write=/tmp")
    done = subprocess.run(
        [sys.executable, "-m", "stinkarm", *options, program, name],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert (done.stdout, done.returncode) == (f"ok {name}\n", 0), done.stderr
    assert "defect" not in done.stderr


def test_strangers_do_not_exist_in_the_sandbox(program: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "stinkarm", "--allow-run", "--allow-read=/", program, "strangers"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_the_host_shows_the_guest(program: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "stinkarm", "-E", "SHOWN=1", program, "wait", "1"], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.read(1) == b"x"
        folder = Path("/proc") / str(process.pid)
        assert (folder / "comm").read_text() == "family\n"
        assert (folder / "cmdline").read_bytes() == b"\0".join((bytes(program), b"wait", b"1", b""))
        assert b"SHOWN=1\0" in (folder / "environ").read_bytes()
        process.kill()


@pytest.mark.parametrize("name", ["stop", "stop_parent", "host"])
def test_nobody_outlives_the_time_limit(program: Path, name: str) -> None:
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "stinkarm", "-C", "forward", "--timeout", "2", program, name],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        _, errors = process.communicate(timeout=60)  # which all of the family have open
    finally:
        process.kill()
    assert time.monotonic() - began > 1.9
    if name == "host":
        assert process.returncode == -signal.SIGKILL
    else:
        assert (process.returncode, b"ended by --timeout 2" in errors) == (124, True)
