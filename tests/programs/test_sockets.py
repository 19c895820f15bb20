"""Sockets, epoll, event and timer descriptors: sockets.c, which checks itself, here, on the host and in qemu-arm."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import stinkarm
from stinkarm import toolchain
from stinkarm.status import StinkarmError

SOURCE = Path(__file__).parent / "sockets.c"
TESTS = re.findall(r"TEST\((\w+)\)", SOURCE.read_text().partition("} tests[]")[2])
EVERYTHING = "".join(f"ok {name}\n" for name in TESTS)

# What qemu-arm 7.2 does not do as Linux does.
NOT_IN_QEMU = {
    "tcp": "TCP_INFO gives 4 bytes",
    "udp": "it ends by an assertion of its own",
    "several": "it has no recvmmsg with a time",
    "descriptors": "descriptors that there is no room for stay open, without MSG_CTRUNC",
}
ADDRESSES = ["127.0.0.1", "[::1]", "@stinkarm test"]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, built for ARM."""
    output = tmp_path_factory.mktemp("sockets") / "sockets"
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
    assert (done.stdout, done.returncode) == (EVERYTHING, 0)


def test_the_program_in_qemu(program: Path, tmp_path: Path) -> None:
    qemu = shutil.which("qemu-arm")
    if qemu is None:
        pytest.skip("qemu-arm is not installed")
    names = [name for name in TESTS if name not in NOT_IN_QEMU]
    done = subprocess.run([qemu, program, tmp_path, *names], capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout, done.returncode) == ("".join(f"ok {name}\n" for name in names), 0)


def test_forward(program: Path, tmp_path: Path) -> None:
    result = stinkarm.run(program, [str(tmp_path)], syscalls="forward", timeout=60)
    assert (result.stdout.decode(), result.status) == (EVERYTHING, 0)


@pytest.mark.parametrize("addresses", [True, ADDRESSES], ids=["everything", "a list"])
def test_the_sandbox_with_grants(program: Path, tmp_path: Path, addresses: bool | list[str]) -> None:
    result = stinkarm.run(
        program, [str(tmp_path)], allow_net=addresses, allow_write=[str(tmp_path)], allow_run=True, timeout=60
    )
    assert (result.stdout.decode(), result.status) == (EVERYTHING, 0)
    assert result.denials == ()


def test_the_sandbox_without_grants(program: Path, tmp_path: Path) -> None:
    result = stinkarm.run(program, [str(tmp_path), "pipe_signal", "epoll", "eventfd", "timerfd"], timeout=60)
    assert result.stdout == b"ok pipe_signal\nok epoll\nok eventfd\nok timerfd\n"
    result = stinkarm.run(program, [str(tmp_path), "interfaces", "abstract"], timeout=60)
    assert result.status != 0
    assert any("grant it with --allow-net" in str(denial) for denial in result.denials)
    assert any('"@stinkarm test"' in str(denial) for denial in result.denials)


def test_the_grant_goes_on_to_another_program(program: Path, tmp_path: Path) -> None:
    grants = {"allow_run": True, "allow_read": [str(program)]}
    result = stinkarm.run(program, [str(tmp_path), "exec"], allow_net=ADDRESSES, timeout=60, **grants)  # type: ignore[arg-type]
    assert (result.stdout, result.status) == (b"ok tcp\n", 0)
    result = stinkarm.run(program, [str(tmp_path), "exec"], allow_net=["127.0.0.2"], timeout=60, **grants)  # type: ignore[arg-type]
    assert b"ok tcp" not in result.stdout


def test_a_root_of_its_own(program: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "tmp").mkdir(parents=True)
    shutil.copy(program, root / "sockets")
    options = ["--root", str(root), f"--allow-write={root}/tmp", "/sockets", "/tmp", "unix_names"]
    ran = subprocess.run(
        [sys.executable, "-m", "stinkarm", *options], capture_output=True, text=True, check=False, timeout=60
    )
    assert ran.stdout == "ok unix_names\n", ran.stderr
