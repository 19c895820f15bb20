"""A whole Debian is installed by its own ARM programs: the recipe of docs/debian.md."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from fetch import CACHE, FIRST_STAGE

PATH = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"
NUMBERS = "/etc/shadow 640 0 42\n/usr/bin/chage 2755 0 42\n"


@pytest.mark.parametrize("user", ["root", "fake-root"])
def test_second_stage_and_a_package(user: str, tmp_path: Path) -> None:
    packages = sorted((CACHE / "archives").glob("hello_*_armhf.deb"))
    if not FIRST_STAGE.is_dir() or not packages:
        pytest.skip(f"no Debian in {FIRST_STAGE}: python tests/programs/fetch.py --debian gets its first stage")
    if user == "root" and os.geteuid() != 0:
        pytest.skip("only root may give files away")
    root = tmp_path / "root"
    subprocess.run(["cp", "-a", FIRST_STAGE, root], check=True)
    environment = os.environ | {"XDG_DATA_HOME": str(tmp_path / "data")}
    options = ["-C", "forward", "--root", str(root), "-n", "-E", PATH, "-E", "HOME=/root", "-E", "LC_ALL=C"]
    if user == "fake-root":
        options.append("--fake-root")

    def run(*command: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "stinkarm", *options, *command],
            capture_output=True, text=True, check=False, timeout=1800, env=environment, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        log = root / "debootstrap" / "debootstrap.log"
        assert done.returncode == 0, done.stdout + done.stderr + (log.read_text() if log.exists() else "")
        return done.stdout

    assert run("/bin/sh", "/debootstrap/debootstrap", "--second-stage").endswith(
        "I: Base system installed successfully.\n"
    )
    shutil.copy(packages[-1], root / "var/cache/apt/archives")
    assert "Setting up hello" in run("/usr/bin/apt-get", "install", "-y", "hello")
    assert run("/usr/bin/hello") == "Hello, world!\n"
    assert run("/usr/bin/stat", "-c", "%n %a %u %g", "/etc/shadow", "/usr/bin/chage") == NUMBERS
    if user == "fake-root":
        assert {(root / name).stat().st_uid for name in ("etc/shadow", "usr/bin/chage")} == {os.geteuid()}
