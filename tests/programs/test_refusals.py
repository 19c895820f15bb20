"""What the sandbox refused: said at the end, reported, and written as a policy for the next run."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import stinkarm
from stinkarm import toolchain
from stinkarm.status import StinkarmError

MANY = "stinkarm: {} things were refused; the first: "


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("refused") / "refused"
    try:
        toolchain.build(str(Path(__file__).parent / "refused.c"), str(output))
    except StinkarmError as error:
        pytest.skip(f"no ARM compiler: {error}")
    return output


def run(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "stinkarm", *map(str, arguments)],
        capture_output=True, text=True, check=False, timeout=100, cwd=folder,
    )  # fmt: skip


def first_line(folder: Path, count: int) -> str:
    what, grant = 'openat("made.txt")', f"--allow-write={folder}/made.txt"
    return MANY.format(count) + f"{what}; grant it with {grant}, or run with -C forward\n"


def test_a_program_that_was_refused_something_and_failed_says_so(program: Path, tmp_path: Path) -> None:
    done = run(tmp_path, program)
    assert (done.returncode, done.stderr) == (1, first_line(tmp_path, 2))
    crashed = run(tmp_path, program, "crash")
    assert crashed.returncode == -11 and first_line(tmp_path, 2) in crashed.stderr
    granted = run(tmp_path, f"--allow-write={tmp_path}/made.txt", program)
    what = 'openat("/etc/hosts"); grant it with --allow-read=/etc/hosts'
    assert granted.stderr == f"stinkarm: 1 thing was refused: {what}, or run with -C forward\n"


@pytest.mark.parametrize(
    "arguments", [["succeed"], ["probes"], ["replace", "probes"]], ids=["succeed", "probes", "replaced"]
)
def test_what_does_not_matter_is_not_said(program: Path, tmp_path: Path, arguments: list[str]) -> None:
    options = [] if arguments != ["replace", "probes"] else ["--allow-read=/etc/hosts", "--allow-write=made.txt"]
    options += ["--allow-run", f"--allow-read={program.parent}"]
    assert run(tmp_path, *options, program, *arguments).stderr == ""


def test_it_can_be_silenced(program: Path, tmp_path: Path) -> None:
    assert run(tmp_path, "-q", program).stderr == ""
    assert run(tmp_path, "-C", "forward", "--quiet", program).stderr == ""
    result = stinkarm.run(program, ["child"], allow_run=True)
    assert (result.status, result.stderr) == (1, b"")


def test_the_first_program_says_it_for_all(program: Path, tmp_path: Path) -> None:
    done = run(tmp_path, "--allow-run", program, "child")
    assert done.stderr == first_line(tmp_path, 3)
    replaced = run(tmp_path, "--allow-run", f"--allow-read={program.parent}", program, "replace")
    assert (replaced.returncode, replaced.stderr) == (1, first_line(tmp_path, 2))


def test_nothing_of_the_guests_reaches_the_terminal_or_a_shell(program: Path, tmp_path: Path) -> None:
    done = run(tmp_path, f"--allow-write={tmp_path}/made.txt", "--allow-read=/etc/hosts", program, "escape")
    assert done.returncode == 0  # so make it the first of a run that fails
    done = run(tmp_path, "--save-policy", "p.toml", program, "escape")
    grants = tomllib.loads((tmp_path / "p.toml").read_text())["grants"]
    assert grants["write"][1] == f"{tmp_path}/a\x1b]0;title\x07\n$(touch made.txt)"
    assert "\x1b" not in (tmp_path / "p.toml").read_text() and "\x1b" not in done.stderr


def test_the_report_has_records(program: Path, tmp_path: Path) -> None:
    run(tmp_path, "--allow-run", "--report", "r.json", program, "child")
    report = json.loads((tmp_path / "r.json").read_text())
    assert (report["program"], report["reason"], report["status"]) == (str(program), "exited", 1)
    made, hosts, missing, passwd = report["denials"]
    assert made == {
        **{"kind": "write", "call": "openat", "what": "made.txt", "path": "made.txt", "address": None},
        **{"grant": f"--allow-write={tmp_path}/made.txt", "count": 1, "pid": made["pid"]},
    }
    assert (hosts["path"], hosts["count"], missing["path"]) == ("/etc/hosts", 3, "/there/is/no/such/file")
    assert passwd["path"] == "/etc/passwd" and passwd["pid"] != made["pid"] == hosts["pid"]


def test_the_result_of_run_has_them(program: Path) -> None:
    denials = stinkarm.run(program, ["child"], allow_run=True).denials
    assert [(denial.kind, denial.call, denial.count) for denial in denials] == [
        *(("write", "openat", 1), ("read", "openat", 3), ("read", "openat", 1), ("read", "openat", 1)),
    ]
    assert str(denials[1]) == 'denied openat("/etc/hosts") - grant it with --allow-read=/etc/hosts'


def test_a_saved_policy_grants_it(program: Path, tmp_path: Path) -> None:
    assert run(tmp_path, "--save-policy", "p.toml", "--allow-run", program, "child").returncode == 1
    policy = tomllib.loads((tmp_path / "p.toml").read_text())
    assert policy["mode"] == "sandbox" and policy["grants"]["run"] is True
    assert "/etc/passwd" in policy["grants"]["read"] and policy["grants"]["write"] == [f"{tmp_path}/made.txt"]
    done = run(tmp_path, "--policy", "p.toml", "--report", "r.json", program, "child")
    assert (done.returncode, done.stderr) == (0, "")
    left = json.loads((tmp_path / "r.json").read_text())["denials"]
    assert [denial["path"] for denial in left] == ["/there/is/no/such/file"]


@pytest.mark.parametrize("option", ["--report", "--save-policy"])
def test_a_file_that_cannot_be_written_is_an_error_at_once(tmp_path: Path, option: str) -> None:
    done = run(tmp_path, option, "missing/x", "program")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"stinkarm: {option} missing/x: the file cannot be written: No such file or directory\n"


@pytest.mark.parametrize("options", [["--allow-run"], ["-C", "forward"]], ids=["sandbox", "forward"])
def test_the_guest_has_none_of_the_files(program: Path, tmp_path: Path, options: list[str]) -> None:
    files = ["--report", "r.json", "--save-policy", "p.toml", "-c", "-D", "log"]
    done = run(tmp_path, *options, *files, program, "descriptors")
    assert (done.returncode, done.stdout) == (0, "")
    assert json.loads((tmp_path / "r.json").read_text())["status"] == 0
