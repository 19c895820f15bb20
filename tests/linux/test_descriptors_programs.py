"""Descriptors as programs meet them: programs/descriptors.c, which checks itself, in both modes and on the host."""

from __future__ import annotations

import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stinkarm import toolchain
from stinkarm.status import StinkarmError

SOURCE = Path(__file__).parent / "programs" / "descriptors.c"
TESTS = re.findall(r"^    TEST\((\w+)\)", SOURCE.read_text(), re.MULTILINE)
ONLY_32_BITS = {"without_largefile"}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, built for ARM."""
    output = tmp_path_factory.mktemp("descriptors") / "descriptors"
    try:
        toolchain.build(str(SOURCE), str(output), extra=("-w",))
    except StinkarmError as error:
        pytest.skip(f"no ARM compiler: {error}")
    return output


@pytest.mark.parametrize("mode", ["sandbox", "forward"])
@pytest.mark.parametrize("name", TESTS)
def test_descriptors(program: Path, tmp_path: Path, mode: str, name: str) -> None:
    grants = ["--allow-run", f"--allow-read={program.parent}", f"--allow-write={tmp_path}"]
    options = grants if mode == "sandbox" else ["-C", mode]
    command = [sys.executable, "-m", "stinkarm", *options, program, name]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, cwd=tmp_path)
    assert (done.stdout, done.stderr, done.returncode) == (f"ok {name}\n", "", 0)


def test_the_tests_themselves_on_the_host(tmp_path: Path) -> None:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler for the host")
    subprocess.run([compiler, "-w", "-static", "-o", tmp_path / "native", SOURCE], check=True)
    for name in TESTS:
        if name in ONLY_32_BITS:
            continue
        command = [tmp_path / "native", name]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert (done.stdout, done.returncode) == (f"ok {name}\n", 0)


def test_what_is_the_emulators_makes_way_where_the_limit_is_raised(program: Path, tmp_path: Path) -> None:
    def limit() -> None:
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, min(hard, 2000)))

    command = [sys.executable, "-m", "stinkarm", "-C", "forward", program, "copies_at_every_number"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=120, cwd=tmp_path, preexec_fn=limit
    )
    assert (done.stdout, done.stderr, done.returncode) == ("ok copies_at_every_number\n", "", 0)


def test_a_program_of_the_host_has_the_guests_limit(tmp_path: Path) -> None:
    busybox = Path.home() / ".cache/stinkarm-programs/root/bin/busybox"
    if not busybox.exists():
        pytest.skip(f"no Debian armhf programs at {busybox}: python tests/programs/fetch.py gets them")
    script = "ulimit -Sn 77; ulimit -Sn; exec /bin/bash -c 'ulimit -Sn'"
    command = [sys.executable, "-m", "stinkarm", "-C", "forward", busybox, "sh", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, cwd=tmp_path)
    assert (done.stdout, done.stderr, done.returncode) == ("77\n77\n", "", 0)
