"""The launcher and the start archive: used when it is right, made anew when it is not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import stinkarm
from stinkarm.engine import store

ROOT = Path(__file__).parent.parent
HELLO = ROOT / "examples" / "hello.elf"
SHELL = "bin/stinkarm"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder that has stinkarm as pip installs it."""
    folder = tmp_path_factory.mktemp("installed")
    packages = folder / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    shutil.copytree(Path(stinkarm.__file__).parent, packages / "stinkarm", ignore=shutil.ignore_patterns("*.pyc"))
    level = store.cpu_level()
    shutil.copy(store.interpreter_path(), packages / "stinkarm" / "engine" / f"interpreter-{level}.bin")
    (folder / "bin").mkdir()
    shutil.copy(ROOT / "launcher" / "stinkarm", folder / SHELL)
    return folder


class Launcher:
    """The installed command, with a cache of its own."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.folder = folder
        self.cache = cache

    def run(self, *arguments: str | Path) -> tuple[str, bool]:
        """Run a command; give what it printed, and whether it looked for stinkarm's modules in their files."""
        done = subprocess.run(
            [sys.executable, "-IS", "-v", str(self.folder / SHELL), *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "XDG_CACHE_HOME": str(self.cache)},
        )
        assert done.returncode == 0, done.stderr[-2000:]
        assert "Traceback" not in done.stderr
        return done.stdout, "stinkarm/machine.py" in done.stderr

    @property
    def archive(self) -> Path:
        (found,) = (self.cache / "stinkarm").glob("start-*")
        return found


@pytest.fixture
def launcher(installed: Path, tmp_path: Path) -> Launcher:
    return Launcher(installed, tmp_path)


def test_the_second_run_uses_the_archive(launcher: Launcher) -> None:
    assert launcher.run(HELLO) == ("Hello, world!\n", True)
    assert launcher.archive.stat().st_mode & 0o777 == 0o600
    assert launcher.run(HELLO) == ("Hello, world!\n", False)
    assert launcher.run("-V")[0] == f"stinkarm {stinkarm.__version__}\n"
    assert "usage" in launcher.run("--help")[0].lower()
    # What is not in it is imported as ever.
    assert launcher.run("--dump-asm", HELLO)[0] == "Hello, world!\n"


@pytest.mark.parametrize("first", [["--dump-asm", HELLO], ["--engine", "reference", HELLO]])
def test_a_run_that_imports_more_writes_none(launcher: Launcher, first: list[str | Path]) -> None:
    launcher.run(*first)
    assert not list((launcher.cache / "stinkarm").glob("start-*"))
    launcher.run(HELLO)
    assert b"stinkarm.toolchain" not in launcher.archive.read_bytes()
    assert launcher.run(HELLO) == ("Hello, world!\n", False)


def test_a_program_that_is_built_first_writes_none(launcher: Launcher) -> None:
    from stinkarm import toolchain

    if not any(shutil.which(prefix + "as") for prefix in toolchain.GNU_PREFIXES):
        pytest.skip("no ARM assembler is installed")
    assert launcher.run(HELLO.with_suffix(".s")) == ("Hello, world!\n", True)
    assert not list((launcher.cache / "stinkarm").glob("start-*"))


def test_a_changed_source_is_seen(launcher: Launcher) -> None:
    launcher.run(HELLO)
    (source,) = launcher.folder.glob("lib/*/site-packages/stinkarm/settings.py")
    text = source.read_text()
    source.write_text(text + "\n# changed\n")
    try:
        assert launcher.run(HELLO) == ("Hello, world!\n", True)
        assert launcher.run(HELLO) == ("Hello, world!\n", False)
    finally:
        source.write_text(text)


@pytest.mark.parametrize("content", [b"", b"\x01", b"\xff" * 100, b"\x04\0\0\0\0\0\0\0None", b"\x01\0\0\0\0\0\0\0N"])
def test_a_damaged_archive_is_made_anew(launcher: Launcher, content: bytes) -> None:
    launcher.run(HELLO)
    launcher.archive.write_bytes(content)
    assert launcher.run(HELLO) == ("Hello, world!\n", True)
    assert launcher.run(HELLO) == ("Hello, world!\n", False)


def test_an_archive_cut_short_is_made_anew(launcher: Launcher) -> None:
    launcher.run(HELLO)
    whole = launcher.archive.read_bytes()
    launcher.archive.write_bytes(whole[: len(whole) // 4])
    assert launcher.run(HELLO) == ("Hello, world!\n", True)
    assert launcher.archive.read_bytes() == whole


def test_an_archive_that_others_can_write_is_not_used(launcher: Launcher) -> None:
    launcher.run(HELLO)
    launcher.archive.chmod(0o666)
    assert launcher.run(HELLO) == ("Hello, world!\n", True)
    assert launcher.archive.stat().st_mode & 0o777 == 0o600


def test_it_does_without_a_cache(launcher: Launcher) -> None:
    (launcher.cache / "stinkarm").write_text("a file where the directory should be")
    assert launcher.run(HELLO) == ("Hello, world!\n", True)
    assert launcher.run(HELLO) == ("Hello, world!\n", True)


def test_a_logged_run_writes_no_archive(launcher: Launcher) -> None:
    launcher.run("-strace", HELLO)
    assert not list((launcher.cache / "stinkarm").glob("start-*"))
