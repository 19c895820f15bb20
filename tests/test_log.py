"""The log is stinkarm's own: the guest can neither write to it nor send it elsewhere."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from stinkarm.guest.reserve import WITHOUT as FIRST_DESCRIPTOR

from .guest.elf_file import elf_file, segment
from .test_cli import HELLO, stinkarm_command

# for r8 in 3..1023: if write(r8, pc - 8, 4) >= 0, exit(r8 - some); exit(0)
WRITE_TO_ALL = (
    "0380a0e3 0800a0e1 1c104fe2 0420a0e3 0470a0e3 000000ef 000050e3 040000aa 018088e2 010b58e3 f5ffff1a 0000a0e3"
)
WRITE_TO_ALL += "0170a0e3 000000ef 0100a0e3 fbffffea"
# dup2(1, 2); udf
REPLACE_STDERR = "0100a0e3 0210a0e3 3f70a0e3 000000ef f000f0e7"


def program(tmp_path: Path, words: str) -> str:
    path = tmp_path / "program.elf"
    path.write_bytes(elf_file([segment(bytes.fromhex(words))]))
    return str(path)


@pytest.mark.parametrize("mode", ["sandbox", "forward"])
@pytest.mark.parametrize("where", ["stderr", "file", "file, few descriptors"])
def test_the_guest_cannot_write_to_the_log(tmp_path: Path, mode: str, where: str) -> None:
    options = ["-C", mode, "-l", "syscalls"]
    if where != "stderr":
        options += ["-D", str(tmp_path / "log")]
    limit = None
    if "few" in where:
        import resource

        def limit() -> None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (FIRST_DESCRIPTOR // 2, FIRST_DESCRIPTOR // 2))

    done = stinkarm_command(*options, program(tmp_path, WRITE_TO_ALL), preexec_fn=limit)
    assert (done.returncode, done.stdout) == (0, b"")
    log = (tmp_path / "log").read_bytes() if where != "stderr" else done.stderr
    assert log.count(b"=-1 EBADF") == 1021
    assert bytes.fromhex("0380a0e3") not in log


def test_a_crash_report_goes_to_the_stderr_that_stinkarm_was_given(tmp_path: Path) -> None:
    done = stinkarm_command(program(tmp_path, REPLACE_STDERR))
    assert done.returncode == -signal.SIGILL
    assert done.stdout == b""
    assert b"SIGILL: the permanently undefined instruction udf #0" in done.stderr


def test_a_crash_report_goes_to_the_file_too(tmp_path: Path) -> None:
    log = tmp_path / "log"
    done = stinkarm_command("-D", str(log), program(tmp_path, REPLACE_STDERR))
    assert (done.returncode, done.stdout) == (-signal.SIGILL, b"")
    assert done.stderr == log.read_bytes()
    assert b"SIGILL" in done.stderr


def test_all_logs_at_once(tmp_path: Path) -> None:
    log = tmp_path / "log"
    done = stinkarm_command(
        "-v", "-l", "instructions", "-strace", "--dump-asm", "--dump-registers", "-D", str(log), HELLO
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"Hello, world!\n", b"")
    text = log.read_text()
    order = [
        "ELF Header:",
        "map 4096B",
        "00008000 <_start>:",
        "starting the emulator",
        "ms] 0000800c",
        "write(",
        " r0 ",
    ]
    places = [text.index(part) for part in order]
    assert places == sorted(places)
