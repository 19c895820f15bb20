"""`-seed N`: random numbers that follow from a number, for the whole family of a program."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from stinkarm import toolchain
from stinkarm.status import StinkarmError


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("random") / "random"
    try:
        toolchain.build(str(Path(__file__).parent / "random.c"), str(output))
    except StinkarmError as error:
        pytest.skip(f"no ARM compiler: {error}")
    return output


def numbers(program: Path, *options: str) -> list[list[str]]:
    """Run the program; give its lines, without its own name."""
    done = subprocess.run(
        [sys.executable, "-m", "stinkarm", "-C", "forward", *options, program],
        capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return [line.split()[1:] for line in done.stdout.splitlines()]


def test_a_seed_gives_the_same_numbers_in_each_run(program: Path) -> None:
    first = numbers(program, "-seed", "7")
    assert numbers(program, "--seed=0x7") == first
    assert len(first) == 6  # the program, a thread, a child, two programs that were executed, the program again
    got = [number for line in first for number in line[:2]]
    assert len(set(got)) == len(got)  # each has its own
    assert len({line[2] for line in first}) == 3  # AT_RANDOM, of three programs
    other = numbers(program, "-seed", "8")
    assert all(a != b for a, b in zip(first, other, strict=True))


def test_without_a_seed_they_differ(program: Path) -> None:
    first, second = numbers(program), numbers(program)
    assert all(a != b for line in zip(first, second, strict=True) for a, b in zip(*line, strict=True))
