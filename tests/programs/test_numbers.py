"""Floating point as programs use it, compiled for ARM hard float with glibc and with musl: all as under qemu-arm.

The programs are in numbers/: arithmetic.c asks what Paranoia asks, roundtrip.c writes doubles and reads them back,
library.c calls the math library on tables of edges in each rounding mode.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_debian import PROGRAMS

HERE = Path(__file__).parent / "numbers"
COMPILER = "arm-linux-gnueabihf-gcc"
FLAGS = ("-O2", "-Wall", "-Werror", "-frounding-math", "-fno-builtin", "-static", "-mfpu=neon-vfpv4")
MUSL = PROGRAMS / "usr/lib/arm-linux-musleabihf"
MUSL_HEADERS = PROGRAMS / "usr/include/arm-linux-musleabihf"
DOUBLES = 100_000

pytestmark = pytest.mark.skipif(not shutil.which("qemu-arm"), reason="qemu-arm is not installed")


def build(folder: Path, name: str, libc: str) -> Path:
    """Compile a program, or skip."""
    if shutil.which(COMPILER) is None:
        pytest.skip(f"{COMPILER} is not installed")
    output = folder / f"{name}-{libc}"
    command: list[str | Path] = [COMPILER, *FLAGS, "-o", output]
    if libc == "glibc":
        command += [HERE / f"{name}.c", "-lm"]
    else:
        if not (MUSL / "libc.a").exists():
            pytest.skip(f"musl is not in {PROGRAMS}: python tests/programs/fetch.py gets it")
        command += ["-nostdlib", "-nostdinc", "-isystem", MUSL_HEADERS, MUSL / "crt1.o", MUSL / "crti.o"]
        command += [HERE / f"{name}.c", "-Wl,--start-group", MUSL / "libc.a", "-lgcc", "-lgcc_eh"]
        command += ["-Wl,--end-group", MUSL / "crtn.o"]
    subprocess.run(command, check=True)
    return output


@pytest.fixture(scope="module", params=["glibc", "musl"])
def programs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The three programs with one C library."""
    folder = tmp_path_factory.mktemp(request.param)
    return {name: build(folder, name, request.param) for name in ("arithmetic", "roundtrip", "library")}


def run(*command: str | Path) -> tuple[int, bytes]:
    """Run a command; return its status and output."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, stdout=subprocess.PIPE, timeout=600, check=False, env=environment)
    return done.returncode, done.stdout


def both(engine: str, *program: str | Path) -> tuple[tuple[int, bytes], tuple[int, bytes]]:
    """Run a program in stinkarm and in qemu-arm."""
    return (
        run(sys.executable, "-m", "stinkarm", "--engine", engine, *program),
        run("qemu-arm", "-cpu", "cortex-a15", *program),
    )


@pytest.mark.parametrize("engine", ["interpreter", "jit"])
def test_arithmetic_is_that_of_ieee_754(programs: dict[str, Path], engine: str) -> None:
    ours, theirs = both(engine, programs["arithmetic"])
    assert ours == theirs
    assert ours[0] == 0 and ours[1].endswith(b"\n0 defects\n")


def test_doubles_are_written_and_read_back(programs: dict[str, Path]) -> None:
    ours, theirs = both("interpreter", programs["roundtrip"], str(DOUBLES))
    assert ours == theirs
    assert ours[0] == 0 and f"\n{DOUBLES} doubles, 0 wrong, ".encode() in ours[1]


@pytest.mark.parametrize("mode", range(4), ids=["nearest", "up", "down", "zero"])
def test_the_math_library_at_the_edges(programs: dict[str, Path], mode: int) -> None:
    ours, theirs = both("interpreter", programs["library"], str(mode))
    assert ours[1].decode().splitlines() == theirs[1].decode().splitlines()
    assert ours[0] == theirs[0] == 0
    assert len(ours[1].splitlines()) > 100
