"""Debian's programs do the same in every tier: interpreted, compiled while they wait or not, from the cache.

Not every command line of commands.txt and every tier: all of them if STINKARM_TEST_ALL is in the environment.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
from test_debian import COMMANDS, PROGRAMS, run

ALL = bool(os.environ.get("STINKARM_TEST_ALL"))
TIERS = ("interpreter", "jit:hot=200,sync", "jit:hot=1", "jit:hot=1", "jit:hot=20,forget=3")
if ALL:
    TIERS = (*TIERS, "jit:hot=1,sync", "jit:hot=5,kill=2", "jit")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a cache directory for this module, with an interpreter in it."""
    from stinkarm.engine.interpreter import native_code

    folder = tmp_path_factory.mktemp("cache")
    (folder / "stinkarm").mkdir()
    shutil.copy2(native_code().path, folder / "stinkarm")
    return folder


CHOSEN = COMMANDS if ALL else COMMANDS[3::24]


@pytest.mark.parametrize("command", CHOSEN, ids=lambda command: command.splitlines()[0])
def test_all_tiers_do_the_same(command: str, home: Path, tmp_path: Path) -> None:
    if not (PROGRAMS / "bin" / "busybox").exists():
        pytest.skip(f"no Debian armhf programs in {PROGRAMS}: python tests/programs/fetch.py gets them")
    results: list[object] = []
    for tier in TIERS:
        # `run` gives programs an environment of its own, but for what it is told.
        emulator = ["/usr/bin/env", f"XDG_CACHE_HOME={home}", sys.executable, "-m", "stinkarm"]
        results.append(run([*emulator, "-C", "forward", "--engine", tier], command, tmp_path / "work"))
    for tier, result in zip(TIERS, results, strict=True):
        assert result == results[0], tier
