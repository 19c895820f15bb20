"""Run the stinkarm command in a folder of its own, as this user or another, with openat2 or without."""

from __future__ import annotations

import ctypes
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import stinkarm
from stinkarm import toolchain
from stinkarm.engine import store
from stinkarm.status import StinkarmError

HERE = Path(__file__).parent
NOBODY = 65534
SECRET = "the secret"
PATH = "/usr/local/bin:/usr/bin:/bin"
# A seccomp filter by which openat2 is ENOSYS: load the number, compare, return an error, or allow.
FILTER = ((0x20, 0, 0, 0), (0x15, 0, 1, 437), (6, 0, 0, 0x50026), (6, 0, 0, 0x7FFF0000))
WITHOUT_OPENAT2 = b"".join(struct.pack("<HBBI", *instruction) for instruction in FILTER)


def forbid_openat2() -> None:
    """Take openat2 from this process and its children."""
    libc = ctypes.CDLL(None, use_errno=True)
    code = ctypes.create_string_buffer(WITHOUT_OPENAT2, len(WITHOUT_OPENAT2))
    program = struct.pack("<HxxxxxxQ", 4, ctypes.addressof(code))
    filter_ = ctypes.create_string_buffer(program, len(program))
    zero = ctypes.c_ulong(0)
    if libc.prctl(38, ctypes.c_ulong(1), zero, zero, zero) or libc.prctl(22, ctypes.c_ulong(2), filter_, zero, zero):
        raise OSError(ctypes.get_errno(), "prctl")


class Folder:
    """A working directory: `w` for the guest, `secret` not for it. `user` is None for this process's own."""

    def __init__(self, path: Path, python: list[str], user: int | None, openat2: bool) -> None:
        self.path = path
        self.python = python
        self.user = user
        self.openat2 = openat2
        self.log = ""
        (path / "w").mkdir()
        (path / "secret").mkdir()
        (path / "secret" / "file").write_text(SECRET)
        self.home = path / "home"
        cache = self.home / ".cache" / "stinkarm"
        cache.mkdir(parents=True, mode=0o700)
        interpreter = Path(store.interpreter_path())
        shutil.copy2(interpreter, cache / interpreter.name)
        self.environment = {**variables_of_python(), "HOME": str(self.home), "LC_ALL": "C.UTF-8"}
        self.own()

    def own(self) -> None:
        """Give everything to the user."""
        if self.user is not None:
            for folder, _, files in os.walk(self.path):
                for name in (folder, *(os.path.join(folder, file) for file in files)):
                    os.chown(name, self.user, self.user, follow_symlinks=False)

    def run(self, *arguments: str | Path, **variables: str) -> list[str]:
        """Run stinkarm; give the lines that the guest has written. What stinkarm said is in `log`."""
        done = self.start(arguments, variables)
        self.log = done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        assert "defect" not in done.stderr, done.stderr
        return done.stdout.splitlines()

    def refused(self, *arguments: str | Path, **variables: str) -> str:
        """Run stinkarm, which is to refuse the options; give what it said."""
        done = self.start(arguments, variables)
        assert (done.returncode, done.stdout) == (2, ""), done
        (line,) = done.stderr.splitlines()
        return line

    def start(self, arguments: tuple[str | Path, ...], variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
        """Run stinkarm."""
        return subprocess.run(
            [*self.python, "-m", "stinkarm", *map(str, arguments)],
            cwd=self.path,
            env={**self.environment, **variables},
            preexec_fn=None if self.openat2 else forbid_openat2,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )


def python_of(user: int | None) -> list[str]:
    """Give the command that runs, as a user, a Python that has stinkarm."""
    if user is None:
        return [sys.executable]
    if os.geteuid():
        pytest.skip("only root can run stinkarm as another user")
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is not installed")
    for python in (sys.executable, "/usr/bin/python3"):
        # By way of env, since setpriv itself still has root's capabilities when it looks for the program.
        command = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "env", python]
        probe = [*command, "-c", "import sys, stinkarm; assert sys.version_info > (3, 11)"]
        if not subprocess.run(probe, check=False, capture_output=True, cwd="/", env=variables_of_python()).returncode:
            return command
    pytest.skip("another user cannot reach a Python that has stinkarm")


def variables_of_python() -> dict[str, str]:
    """Give the environment in which a Python finds stinkarm."""
    return {"PATH": PATH, "PYTHONPATH": str(Path(stinkarm.__file__).parents[1])}


@contextmanager
def make_folder(user: int | None, openat2: bool) -> Iterator[Folder]:
    """Make a folder that the user can reach."""
    python = python_of(user)
    path = Path(tempfile.mkdtemp(prefix="stinkarm-test-"))
    try:
        path.chmod(0o755)
        yield Folder(path, python, user, openat2)
    finally:
        shutil.rmtree(path)


def build_acts(output: Path) -> Path:
    """Build the program that carries out steps."""
    try:
        toolchain.build(str(HERE / "attacks" / "acts.c"), str(output))
    except StinkarmError as error:
        pytest.skip(f"no ARM compiler: {error}")
    output.chmod(0o755)
    return output
