"""5,000 pages of random code: no crash of the host, no hang, no harm. In processes of their own, which may die."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*options: str) -> str:
    """Run `tests.isa.random_code` and return what it prints."""
    command = [sys.executable, "-m", "tests.isa.random_code", *options]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, f"{' '.join(command)} ended with {result.returncode}\n{result.stdout}{result.stderr}"
    return result.stdout


@pytest.mark.parametrize("isa", ["A32", "T32"])
def test_random_pages_harm_nothing(isa: str) -> None:
    told = run("--pages", "2500", "--set", isa, "--seed", "40")
    for kind in ("syscall", "fault", "fetch", "undefined", "alignment"):
        assert f"{kind} " in told


@pytest.mark.parametrize("isa", ["A32", "T32"])
def test_random_pages_do_the_same_on_the_reference_engine(isa: str) -> None:
    assert "fault " in run("--pages", "60", "--set", isa, "--seed", "41", "--compare")


@pytest.mark.parametrize("isa", ["A32", "T32"])
def test_random_pages_do_the_same_a_few_instructions_at_a_time(isa: str) -> None:
    assert "fault " in run("--pages", "60", "--set", isa, "--seed", "42", "--step")
