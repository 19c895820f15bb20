"""Random system calls in the sandbox: nothing surprises the kernel, and nothing gets out."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("seed", [1, 2])
def test_random_calls(seed: int, tmp_path: Path) -> None:
    folder = tmp_path / "granted"
    (folder / "writable").mkdir(parents=True)
    (folder / "file").write_text("readable")
    (folder / "link").symlink_to("/etc/passwd")
    done = subprocess.run(
        [sys.executable, "-m", "tests.linux.fuzz", str(seed), "4000", str(folder)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        timeout=120,
        check=False,
    )
    # Bytes before the first surprise are what the guest itself wrote to fd 2.
    assert done.returncode == 0, done.stderr[-3000:].decode(errors="replace")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["granted"]
    assert sorted(path.name for path in folder.iterdir()) == ["file", "link", "writable"]
    assert (folder / "file").read_text() == "readable"
    assert (folder / "link").is_symlink()
