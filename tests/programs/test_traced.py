"""`-strace` and `-c` of a program with children, threads and signals."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from stinkarm import toolchain
from stinkarm.status import StinkarmError


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("traced") / "traced"
    try:
        toolchain.build(str(Path(__file__).parent / "traced.c"), str(output))
    except StinkarmError as error:
        pytest.skip(f"no ARM compiler: {error}")
    return output


def log_of(program: Path, tmp_path: Path, *options: str) -> str:
    """Run the program, which ends by SIGSEGV; give the log."""
    log = tmp_path / "log"
    done = subprocess.run(
        [sys.executable, "-m", "stinkarm", "-C", "forward", "-D", log, *options, program],
        capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    assert done.returncode == -11
    assert "SIGSEGV" in done.stderr and "usecs/call" not in done.stderr
    return log.read_text()


def test_each_line_says_whose_it_is(program: Path, tmp_path: Path) -> None:
    lines = log_of(program, tmp_path, "-strace").splitlines()
    first = next(index for index, line in enumerate(lines) if line.startswith("[pid "))
    traced = [line for line in lines[first:] if not re.match(r"stinkarm:| |->|$", line)]
    assert all(re.match(r"\[pid +\d+\] ", line) for line in traced)
    assert not any("clone(" in line for line in lines[:first])  # alone until then
    assert len({line.split()[1] for line in traced}) == 4  # two children, a thread
    text = "\n".join(line.partition("] ")[2] for line in traced)
    assert "execve(" in text and "[/* 2 vars */]) = 0" in text
    assert "\nexit_group(3) = ?\n+++ exited with 3 +++\n" in text
    assert "\n+++ killed by SIGKILL +++\nwait4(" in text
    assert "--- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_TKILL, si_pid=" in "\n".join(lines[:first])
    assert "\n--- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x10} ---\n" in text
    assert text.rstrip().endswith("+++ killed by SIGSEGV +++")


def test_a_call_that_goes_on_is_cut_off(program: Path, tmp_path: Path) -> None:
    text = log_of(program, tmp_path, "-strace")
    cut = re.search(r"^(\[pid +\d+\]) read\(3,  <unfinished \.\.\.>$", text, re.MULTILINE)
    assert cut
    resumed = f'{cut[1]} <... read resumed>"x", 1) = 1\n'
    assert text.count(resumed) == 1 and text.index(resumed) > cut.end()


def test_the_summary_counts_the_whole_family(program: Path, tmp_path: Path) -> None:
    lines = log_of(program, tmp_path, "-strace", "-c").splitlines()[:100]
    assert lines[0] == "% time     seconds  usecs/call     calls    errors syscall"
    assert lines[1] == "------ ----------- ----------- --------- --------- ----------------"
    rows = {}
    for line in lines[2:]:
        if line.startswith("stinkarm:"):
            break
        if not line.startswith("---"):
            share, seconds, each, calls, *errors, name = line.split()
            rows[name] = (float(share), float(seconds), int(each), int(calls), int(*errors) if errors else 0)
    assert rows["clone"][3] == 3 and rows["execve"][3] == 1 and rows["wait4"][3] == 2
    assert rows["exit_group"][3] == 1  # of the program that the child has executed
    total = rows.pop("total")
    assert total[3:] == (sum(row[3] for row in rows.values()), sum(row[4] for row in rows.values()))
    assert all(row[1] >= 0 for row in rows.values())
    assert abs(sum(row[0] for row in rows.values()) - 100) < 1
    assert [row[1] for row in rows.values()] == sorted((row[1] for row in rows.values()), reverse=True)
