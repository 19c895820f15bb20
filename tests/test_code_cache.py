"""`stinkarm cache` and `stinkarm compile`."""

from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from stinkarm import cli
from stinkarm.engine.ahead import targets
from tests.engine.hot import END, LOOP
from tests.guest.elf_file import elf_file, segment

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a cache directory with an interpreter in it, and nothing else."""
    from stinkarm.engine.interpreter import native_code

    (tmp_path / "stinkarm").mkdir()
    shutil.copy2(native_code().path, tmp_path / "stinkarm")
    return tmp_path


def stinkarm(home: Path, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "XDG_CACHE_HOME": str(home)}
    return subprocess.run(
        [sys.executable, "-m", "stinkarm", *arguments],
        capture_output=True, text=True, env=environment, check=False, timeout=100, cwd=home, **options,
    )  # fmt: skip


def test_a_compiled_program_starts_hot_and_the_cache_can_be_cleared(home: Path) -> None:
    program = str(EXAMPLES / "fibonacci.elf")
    assert "files      0" in stinkarm(home, "cache", "info").stdout
    cold = stinkarm(home, "--engine", "jit:hot=1,nocache", "--log", "jit", program)
    done = stinkarm(home, "compile", program)
    assert done.stdout.startswith("compiled ") and done.stderr == ""
    assert (
        "files      1, one for each mapped file; 1 of them for this version" in stinkarm(home, "cache", "info").stdout
    )
    warm = stinkarm(home, "--engine", "jit:hot=1", "--log", "jit", program)
    assert cold.stdout == warm.stdout == "46368\n"
    assert "is mapped" in warm.stderr
    first = re.findall("(0x[0-9a-f]+ .A32.) is hot", cold.stderr)[0]
    assert first and first not in warm.stderr
    stinkarm(home, "cache", "clear")
    assert "files      0" in stinkarm(home, "cache", "info").stdout
    assert stinkarm(home, program).stdout == "46368\n"


def test_a_program_of_the_name_is_run_with_its_path(home: Path) -> None:
    shutil.copy(EXAMPLES / "exit.elf", home / "cache")
    assert stinkarm(home, "./cache").returncode == 161
    done = stinkarm(home, "cache")
    assert (done.returncode, done.stderr) == (
        2,
        "stinkarm: stinkarm cache wants info or clear: stinkarm cache info.\n",
    )


def test_errors_are_sentences(home: Path) -> None:
    for arguments, code, said in (
        (["cache", "remove"], 2, "wants info or clear"),
        (["compile"], 2, "no PROGRAM is given"),
        (["compile", "missing"], 127, "there is no such file"),
        (["compile", sys.executable], 126, "not"),
        (["compile", "--engine", "fast", "x"], 2, "is not known"),
    ):
        done = stinkarm(home, *arguments)
        assert done.returncode == code and said in done.stderr, done
        assert done.stderr.startswith("stinkarm: ") and done.stderr.count("\n") == 1


def test_a_cache_that_cannot_be_written_is_an_error_here(home: Path) -> None:
    (home / "stinkarm" / "code").write_text("")
    done = stinkarm(home, "compile", str(EXAMPLES / "fibonacci.elf"))
    assert done.returncode == 125 and "cannot be written" in done.stderr and "XDG_CACHE_HOME" in done.stderr


def test_a_terminal_sees_a_bar(home: Path) -> None:
    leader, follower = pty.openpty()
    environment = {**os.environ, "XDG_CACHE_HOME": str(home)}
    process = subprocess.Popen(
        [sys.executable, "-m", "stinkarm", "compile", str(EXAMPLES / "fibonacci.elf")],
        stdout=subprocess.PIPE, stderr=follower, env=environment,
    )  # fmt: skip
    os.close(follower)
    out, _ = process.communicate(timeout=100)
    shown = os.read(leader, 10_000)
    os.close(leader)
    assert process.returncode == 0 and out.startswith(b"compiled ")
    assert b"\r[####" in shown and shown.endswith(b"\r\x1b[K")


def test_what_compiles_ends_with_who_waits_for_it(home: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "stinkarm", "compile", str(EXAMPLES / "fibonacci.elf")],
        stdout=subprocess.DEVNULL, env={**os.environ, "XDG_CACHE_HOME": str(home)},
    )  # fmt: skip
    children: list[str] = []
    while not children and process.poll() is None:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert children
    wait_for(lambda: any(b"stinkarm" in Path(f"/proc/{child}/cmdline").read_bytes() for child in children))
    time.sleep(0.3)  # it says early that it is to end with its parent, but not before its first instruction
    process.kill()
    process.wait()
    wait_for(lambda: not any(is_running(child) for child in children))


DYING = """
import os, sys
from stinkarm.engine import ahead

class State:
    def __init__(self, *arguments):
        raise MemoryError

def compile_function(address, compile_function=ahead.compile_function):
    if address in places or not places:
        os.kill(os.getpid(), 9)
    return compile_function(address)

places = {int(word, 16) for word in sys.argv[2:]}
if sys.argv[2:] == ["0"]:
    ahead._State = State
ahead.compile_function = compile_function
from stinkarm.cli import run
sys.exit(run(["compile", sys.argv[1]]))
"""


@pytest.mark.parametrize(
    ("places", "said", "kept"),
    [
        ([], r"compiled 0 functions .* \(of 2, the first is at 0x80\w\w: SIGKILL\)\.", 0),
        (["8018"], r"compiled 3 functions .* \(of 1, the first is at 0x8018: SIGKILL\)\.", 1),
        (["0"], r"there is not enough memory to compile\.", 0),
    ],
    ids=["all", "one", "memory"],
)
def test_processes_that_end_make_it_fail_with_a_sentence(home: Path, places: list[str], said: str, kept: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", DYING, str(EXAMPLES / "fibonacci.elf"), *places],
        capture_output=True, text=True, check=False, env={**os.environ, "XDG_CACHE_HOME": str(home)}, timeout=100,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (125, "")
    assert re.fullmatch(f"stinkarm: {said}\n", done.stderr), done.stderr
    assert f"files      {kept}" in stinkarm(home, "cache", "info").stdout


def is_running(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_the_help_names_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert "stinkarm cache {info,clear}" in cli.help_text()


@pytest.mark.parametrize(
    ("code", "thumb", "found"),
    [
        ("feffffeb", False, [0x1000]),  # bl .
        ("0000001a", False, []),  # bne forward
        ("fdffffea", False, [0xFFC]),  # b back
        ("000000fa", False, [0x1009]),  # blx to T32
        ("000000fb", False, [0x100B]),  # blx to T32, half a word further
        ("fff7feff", True, [0x1001]),  # bl .
        ("00f000e8", True, [0x1004]),  # blx to A32
        ("fed0", True, [0x1001]),  # beq .
        ("fde7", True, [0xFFF]),  # b back
        ("fee7", True, [0x1001]),
        ("00e0", True, []),
        ("7ff4feaf", True, [0x1001]),  # bne.w .
        ("fff7febf", True, [0x1001]),  # b.w .
        ("00f000b8", True, []),  # b.w forward
        ("bff35f8f", True, []),  # dmb sy
        ("00bf00bf", True, []),
    ],
)
def test_calls_and_loops_are_found(code: str, thumb: bool, found: list[int]) -> None:
    data = bytes.fromhex(code)
    assert targets(data if len(data) > 3 else data + b"\x00\xbf", 0x1000, thumb) == found


def test_perf_can_name_code_from_the_cache(home: Path) -> None:
    """perf looks into its map only where a mapping is of no file."""
    program = home / "loop"
    program.write_bytes(elf_file([segment(bytes.fromhex(LOOP + END))]))
    assert stinkarm(home, "compile", str(program)).stdout.startswith("compiled 1 ")
    environment = {**os.environ, "XDG_CACHE_HOME": str(home)}
    with subprocess.Popen([sys.executable, "-m", "stinkarm", "--perf-map", str(program)], env=environment) as process:
        map_of_perf = Path(f"/tmp/perf-{process.pid}.map")
        try:
            wait_for(lambda: map_of_perf.exists() and bool(map_of_perf.read_text()))
            address = int(map_of_perf.read_text().split()[0], 16)
            lines = [line.split() for line in Path(f"/proc/{process.pid}/maps").read_text().splitlines()]
        finally:
            process.kill()
            map_of_perf.unlink(missing_ok=True)
    found = [line for line in lines if (bounds := [int(x, 16) for x in line[0].split("-")])[0] <= address < bounds[1]]
    assert [(line[1], line[5:]) for line in found] == [("r-xp", [])]
