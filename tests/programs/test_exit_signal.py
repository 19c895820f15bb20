"""What a child's end sends, and which wait sees it: exit_signal.c prints the same as on the host."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stinkarm import toolchain
from stinkarm.status import StinkarmError

SOURCE = Path(__file__).parent / "exit_signal.c"


@pytest.mark.parametrize("mode", ["sandbox", "forward"])
def test_exit_signals(tmp_path: Path, mode: str) -> None:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler for the host")
    program, native = tmp_path / "exit_signal", tmp_path / "native"
    try:
        toolchain.build(str(SOURCE), str(program))
    except StinkarmError as error:
        pytest.skip(f"no ARM compiler: {error}")
    subprocess.run([compiler, "-o", native, SOURCE], check=True)
    wanted = subprocess.run([native], capture_output=True, text=True, check=True, timeout=60).stdout
    assert "signal 10: came 1 with code 1 from the child" in wanted
    options = ["-C", "forward"] if mode == "forward" else ["--allow-run", f"--allow-read={tmp_path}"]
    command = [sys.executable, "-m", "stinkarm", *options, program]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (done.stdout, done.stderr, done.returncode) == (wanted, "", 0)
