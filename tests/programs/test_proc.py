"""/proc as a guest sees it: proc.c shows its files, after doing what they tell of."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest

import stinkarm
from stinkarm import toolchain
from stinkarm.guest import hwcap
from stinkarm.status import StinkarmError


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, built for ARM."""
    output = tmp_path_factory.mktemp("proc") / "a name (with)"
    try:
        toolchain.build(str(Path(__file__).parent / "proc.c"), str(output))
    except StinkarmError as error:
        pytest.skip(f"no ARM compiler: {error}")
    return output


def show(program: Path, mode: str, *names: str, thread: bool = False) -> list[str]:
    """Give what the files hold."""
    env = {"THREAD": "1"} if thread else {}
    result = stinkarm.run(program, names, env=env, syscalls=mode, timeout=60)  # type: ignore[arg-type]
    assert result.status == 0, result.stderr
    return [part.partition("\n")[2] for part in result.stdout.decode("latin-1").split("== ")[1:]]


@pytest.mark.parametrize("mode", ["forward", "sandbox"])
@pytest.mark.parametrize("path", ["/proc/self/", "/proc/%d/", "/proc/thread-self/", "/proc/self/task/%d/"])
def test_what_the_process_is(program: Path, mode: str, path: str) -> None:
    stat, status, statm, comm = show(program, mode, *(path + name for name in ("stat", "status", "statm", "comm")))
    assert comm == "a name (with)\n"
    fields = stat[stat.rindex(")") + 2 :].split()
    lines = dict(re.findall(r"(\w+):\t(.*)\n", status))
    assert stat.startswith(f"{lines['Pid']} (a name (with)) R ")
    assert (len(fields), fields[17], lines["Threads"]) == (50, "1", "1")
    size, resident, *_ = (int(word) for word in statm.split())
    assert int(fields[20]) == size * 4096 and lines["VmSize"].split() == [str(size * 4), "kB"]
    assert 5 << 20 < int(fields[21]) * 4096 < 9 << 20  # 5 MiB touched of 10; the emulator alone has more
    assert 10 << 20 < size * 4096 < 30 << 20 and 5 << 8 < resident < 9 << 8
    assert int(fields[25]) > 0xBE000000  # the stack
    assert int(fields[44]) < int(fields[45]) < 0xC0000000  # where the heap and the arguments are
    # What is ignored is inherited: a shell without job control starts what is in the background so.
    interrupt = 1 << 1 if signal.getsignal(signal.SIGINT) is signal.SIG_IGN else 0
    assert {name: int(lines[name], 16) for name in ("SigPnd", "SigBlk", "SigIgn", "SigCgt")} == {
        "SigPnd": 1 << 14, "SigBlk": 1 << 14, "SigIgn": 1 << 9 | interrupt, "SigCgt": 1 << 11,
    }  # fmt: skip
    assert "x86" not in status


@pytest.mark.parametrize("mode", ["forward", "sandbox"])
def test_threads_and_descriptors_of_its_own(program: Path, mode: str) -> None:
    fds, tasks, stat = show(program, mode, "/proc/self/fd", "/proc/%d/task", "/proc/self/stat", thread=True)
    assert len(tasks.split()) == 2
    assert stat[stat.rindex(")") + 2 :].split()[17] == "2"
    assert {"0", "1", "2"} <= set(fds.split())
    if mode == "sandbox":
        assert fds.split() == ["0", "1", "2"]


@pytest.mark.parametrize("mode", ["forward", "sandbox"])
def test_the_start_is_still_known_when_it_was_written_over(program: Path, mode: str) -> None:
    environ, auxv = show(program, mode, "/proc/self/environ", "/proc/self/auxv", thread=True)
    assert environ == "THREAD=1\0"  # unsetenv takes it out of envp
    assert auxv.startswith("\x10\0\0\0")  # AT_HWCAP


@pytest.mark.parametrize("mode", ["forward", "sandbox"])
def test_processors_are_arms(program: Path, mode: str) -> None:
    (text,) = show(program, mode, "/proc/cpuinfo")
    assert text.count("processor\t: ") == os.cpu_count()
    assert f"\nFeatures\t: {hwcap.features()}\n" in text
    assert "\nCPU architecture: 7\n" in text and "CPU part\t: 0xc0f" in text


@pytest.mark.parametrize("mode", ["forward", "sandbox"])
def test_its_own_memory_is_a_file(program: Path, mode: str) -> None:
    result = stinkarm.run(program, ["memory"], syscalls=mode, timeout=60)  # type: ignore[arg-type]
    assert (result.status, result.stdout) == (0, b"ok\n")


def test_other_processes_are_not_there(program: Path) -> None:
    names = ("/proc/1/status", "/proc/1/mem", "/proc/self/smaps", f"/proc/{os.getpid()}/stat", "/proc/1/task")
    assert show(program, "sandbox", *names) == [""] * 5
