"""Child processes and other programs: made, waited for, run in a process's place, refused by the sandbox."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from test_debian import PROGRAMS, make_folder

import stinkarm
from stinkarm import toolchain
from stinkarm.status import StinkarmError

HERE = Path(__file__).parent
PIPELINES = [line for line in (HERE / "pipelines.txt").read_text().splitlines() if line and not line.startswith("#")]
BUSYBOX = PROGRAMS / "bin" / "busybox"
BASH = PROGRAMS / "bin" / "bash-static"


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The self-checking program, built for ARM."""
    output = tmp_path_factory.mktemp("processes") / "processes"
    try:
        toolchain.build(str(HERE / "processes.c"), str(output))
    except StinkarmError as error:
        pytest.skip(f"no ARM compiler: {error}")
    return output


def run(*arguments: str | Path, **more: object) -> subprocess.CompletedProcess[str]:
    """Run stinkarm."""
    return subprocess.run(
        [sys.executable, "-m", "stinkarm", *map(str, arguments)],
        capture_output=True, text=True, check=False, timeout=120, **more,
    )  # fmt: skip


def need_debian() -> None:
    if not BUSYBOX.exists():
        pytest.skip(f"no Debian armhf programs in {PROGRAMS}: python tests/programs/fetch.py gets them")


def test_the_program_checks_itself_on_the_host(tmp_path: Path) -> None:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler for the host")
    subprocess.run([compiler, "-w", "-o", tmp_path / "native", HERE / "processes.c"], check=True)
    done = subprocess.run([tmp_path / "native"], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("ok\n", 0)


@pytest.mark.parametrize("mode", ["sandbox", "forward"])
def test_children(processes: Path, mode: str) -> None:
    options = ["-C", "forward"] if mode == "forward" else ["--allow-run", f"--allow-read={processes.parent}"]
    done = run(*options, processes)
    assert (done.stdout, done.stderr, done.returncode) == ("ok\n", "", 0)


def test_without_allow_run_there_are_no_children(processes: Path) -> None:
    result = stinkarm.run(processes, ["fork"])
    assert result.status == 1  # EPERM
    assert any("grant it with --allow-run" in str(denial) for denial in result.denials)


def test_from_python_the_last_program_counts(processes: Path) -> None:
    folder = str(processes.parent)
    result = stinkarm.run(processes, ["replace", str(processes), "exit", "23"], allow_run=True, allow_read=[folder])
    assert (result.reason, result.status) == ("exited", 23)
    result = stinkarm.run(processes, ["replace", str(processes), "crash"], allow_run=True, allow_read=[folder])
    assert (result.reason, result.signal) == ("signaled", 11)
    assert b"SIGSEGV" in result.stderr
    result = stinkarm.run(processes, ["fork"], allow_run=True)
    assert result.status == 0


def test_the_timeout_is_for_all_of_them(processes: Path) -> None:
    started = time.monotonic()
    done = run(
        "--allow-run", "--timeout", "1", f"--allow-read={processes.parent}", processes, "replace", processes, "loop"
    )
    assert done.returncode == 124
    done = run("--allow-run", "--timeout", "1", processes, "fork", "loop")
    assert done.returncode == 124
    assert time.monotonic() - started < 30


def test_an_emulator_stays_one_process(processes: Path) -> None:
    """A guest in the caller's own process must not copy or replace that."""
    with stinkarm.Emulator(processes, ["fork"], syscalls="forward") as emulator:
        reason = emulator.run()
    assert (reason.kind, reason.status) == ("exited", 38)  # ENOSYS


def test_only_the_programs_that_are_named(processes: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copy(processes, other)
    options = [f"--allow-read={processes.parent},{tmp_path}", f"--allow-run={processes}"]
    assert run(*options, processes, "replace", processes, "exit", "23").returncode == 23
    assert run(*options, processes, "replace", other, "exit", "23").returncode == 13  # EACCES
    assert run(*options, "-l", "syscalls", processes, "replace", other).stderr.count(f"--allow-run={other}") == 1


def test_programs_of_the_host(processes: Path) -> None:
    echo = shutil.which("echo")
    assert echo is not None
    real = os.path.realpath(echo)
    assert run("--allow-run", "--allow-read", processes, "replace", real, "hi").returncode == 13
    done = run(f"--allow-run={real}", processes, "replace", real, "hi")
    assert (done.stdout, done.returncode) == ("hi\n", 0)
    done = run("-C", "forward", processes, "replace", real, "hi")
    assert (done.stdout, done.returncode) == ("hi\n", 0)


def test_scripts(processes: Path, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(f"#! {processes} args\t\nnothing that a shell would understand\n")
    script.chmod(0o755)
    options = ["--allow-run", f"--allow-read={processes.parent},{tmp_path}"]
    # processes args SCRIPT a b
    assert run(*options, processes, "replace", script, "a", "b").returncode == 3
    chain = tmp_path / "chain"
    chain.write_text(f"#!{script}\n")
    chain.chmod(0o755)
    # processes args SCRIPT CHAIN
    assert run(*options, processes, "replace", chain).returncode == 2
    script.write_text(f"#!{script}\n")
    assert run(*options, processes, "replace", script).returncode == 40  # ELOOP
    script.write_text("#!\n")
    assert run(*options, processes, "replace", script).returncode == 8  # ENOEXEC
    script.write_text("#!/no/such/interpreter\n")
    assert run("-C", "forward", processes, "replace", script).returncode == 2
    script.chmod(0o644)
    assert run(*options, processes, "replace", script).returncode == 13


def test_the_sandbox_goes_with_the_program(processes: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    options = ["--allow-run", f"--allow-read={processes.parent}"]
    assert run(*options, processes, "open", secret).returncode == 13
    assert run(*options, processes, "replace", processes, "open", secret).returncode == 13
    assert run(*options, processes, "replace", processes, "open", processes).returncode == 0
    assert run(*options, f"--allow-read={secret}", processes, "replace", processes, "open", secret).returncode == 0


def test_one_log_for_all(processes: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    options = ["--allow-run", f"--allow-read={processes.parent}", "-strace", "-D", log]
    assert run(*options, processes, "fork", "replace", processes, "exit", "5").returncode == 5
    text = log.read_text()
    # glibc forks by clone(..., SIGCHLD), musl by fork().
    forked = max(text.find("SIGCHLD"), text.find("fork("))
    assert 0 <= forked < text.index(f'execve("{processes}"') < text.rindex("exit_group(5)")


@pytest.mark.parametrize("script", PIPELINES)
def test_pipelines(script: str, tmp_path: Path) -> None:
    need_debian()
    outcomes = []
    for name, emulator in (
        (
            "ours",
            [sys.executable, "-m", "stinkarm", "--allow-run", "--allow-write=.", f"--allow-read={BUSYBOX}", BUSYBOX],
        ),
        ("theirs", []),
    ):
        folder = tmp_path / name
        folder.mkdir()
        make_folder(folder)
        done = subprocess.run(
            [*emulator, "sh", "-c", script], cwd=folder, capture_output=True, check=False, timeout=60,
            env={**os.environ, "LC_ALL": "C", "PATH": "/usr/bin:/bin"},
        )  # fmt: skip
        outcomes.append((done.stdout, done.returncode))
    assert outcomes[0] == outcomes[1]


def test_bash_runs_other_arm_programs(tmp_path: Path) -> None:
    need_debian()
    make_folder(tmp_path)
    script = (
        f"{BUSYBOX} echo first; {BUSYBOX} cat lines.txt | {BUSYBOX} wc -l; x=$({BUSYBOX} seq 3); echo $x; "
        f"{BUSYBOX} false; echo $?; exec {BUSYBOX} sh -c 'echo last; exit 9'"
    )
    done = run("--allow-run", f"--allow-read={PROGRAMS}", "--allow-read=.", BASH, "-c", script, cwd=tmp_path)
    assert (done.stdout, done.returncode) == ("first\n12\n1 2 3\n1\nlast\n", 9)


def test_a_dynamic_program_runs_others(tmp_path: Path) -> None:
    if shutil.which("arm-linux-gnueabi-gcc") is None or not Path("/usr/arm-linux-gnueabi/lib/ld-linux.so.3").exists():
        pytest.skip("arm-linux-gnueabi-gcc and its libraries are not installed")
    program = tmp_path / "dynamic"
    compiler = ["arm-linux-gnueabi-gcc", "-w", "-o", program, HERE / "processes.c"]
    subprocess.run(compiler, check=True)
    done = run("--allow-run", f"--allow-read={tmp_path}", program)
    assert (done.stdout, done.stderr, done.returncode) == ("ok\n", "", 0)
