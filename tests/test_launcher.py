"""The launcher finds the Python that stinkarm was installed with, wherever an installer has put it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import llvmlite
import pytest

import stinkarm
from stinkarm.engine import store

LAUNCHERS = Path(__file__).parent.parent / "launcher"
SOURCE = Path(stinkarm.__file__).parent
VERSION = f"python{sys.version_info[0]}.{sys.version_info[1]}"
PYTHON = getattr(
    sys, "_base_executable", sys.executable
)  # not that of an environment, which would find stinkarm itself
OUTPUT = f"stinkarm {stinkarm.__version__}\n"

# How an entry point begins: pip's, pip's where `#!` cannot name the Python, uv's, uv's in what may be moved.
PLAIN = "#!{python}\n"
QUOTED = "#!/bin/sh\n'''exec' \"{python}\" \"$0\" \"$@\"\n' '''\n"
UNQUOTED = "#!/bin/sh\n'''exec' {python} \"$0\" \"$@\"\n' '''\n"
OF_UV = "#!/bin/sh\n'''exec' '{python}' \"$0\" \"$@\"\n' '''\n"
BESIDE = "#!/bin/sh\n'''exec' \"$(dirname -- \"$(realpath -- \"$0\")\")\"/'the python' \"$0\" \"$@\"\n' '''\n"


class Installation:
    """Commands in DIR/bin, packages in DIR/`packages`, and what else an installer makes."""

    def __init__(self, folder: Path, packages: str, note: str = PLAIN, python: str = PYTHON) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.packages = folder / packages
        self.bin.mkdir(parents=True)
        self.packages.mkdir(parents=True, exist_ok=True)
        for name in ("stinkarm", "stinkarm-binfmt"):
            (self.bin / name).write_bytes((LAUNCHERS / name).read_bytes())
            (self.bin / name).chmod(0o755)
        if note:
            (self.bin / "stinkarm-fuzz").write_text(note.format(python=python) + "# and so on\n")

    def add_packages(self) -> None:
        """Put the packages there."""
        (self.packages / "stinkarm").symlink_to(SOURCE)
        (self.packages / "llvmlite").symlink_to(Path(llvmlite.__file__).parent)

    def run(self, *arguments: str | Path, command: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command where PATH has no Python."""
        cache = self.folder / "cache"
        if not cache.exists():
            (cache / "stinkarm").mkdir(parents=True)
            shutil.copy2(store.interpreter_path(), cache / "stinkarm")
        environment = {"PATH": str(tools(self.folder)), "XDG_CACHE_HOME": str(cache), **more}
        return subprocess.run(
            [command or self.bin / "stinkarm", *arguments],
            env=environment, capture_output=True, text=True, check=False, timeout=100,
        )  # fmt: skip


def tools(folder: Path) -> Path:
    """Make a folder that has the few programs that a launcher needs."""
    found = folder / "tools"
    found.mkdir(exist_ok=True)
    for name in ("readlink", "realpath", "dirname"):
        if not (found / name).exists():
            (found / name).symlink_to(f"/usr/bin/{name}")
    return found


@pytest.mark.parametrize(
    "packages",
    [
        "",  # pip install --target DIR
        f"lib/{VERSION}/site-packages",  # --user, --prefix
        f"lib64/{VERSION}/site-packages",
        f"lib/{VERSION}/dist-packages",  # of Debian
    ],
    ids=["target", "prefix", "lib64", "dist-packages"],
)
@pytest.mark.parametrize("note", [PLAIN, QUOTED, UNQUOTED, OF_UV], ids=["plain", "quoted", "unquoted", "uv"])
def test_the_python_that_the_installer_noted(tmp_path: Path, packages: str, note: str) -> None:
    installation = Installation(tmp_path / "it", packages, note)
    installation.add_packages()
    done = installation.run("-V")
    assert (done.stdout, done.stderr) == (OUTPUT, "")


@pytest.mark.parametrize(
    "name", ["a b", "a'b", "ä", "$(exit)", "deep/" * 60 + "er"], ids=["space", "quote", "ä", "$", "long"]
)
def test_names_of_directories(tmp_path: Path, name: str) -> None:
    installation = Installation(tmp_path / name, "")
    installation.add_packages()
    assert installation.run("-V").stdout == OUTPUT
    done = installation.run(Path(__file__).parent.parent / "examples" / "hello.elf")
    assert (done.stdout, done.stderr) == ("Hello, world!\n", "")


def test_a_python_whose_name_has_a_space(tmp_path: Path) -> None:
    python = tmp_path / "the $HOME python"
    python.symlink_to(PYTHON)
    installation = Installation(tmp_path / "it", "", OF_UV, str(python))
    installation.add_packages()
    assert installation.run("-V").stdout == OUTPUT


def test_a_python_beside_the_command(tmp_path: Path) -> None:
    installation = Installation(tmp_path / "it", "", BESIDE)
    installation.add_packages()
    (installation.bin / "the python").symlink_to(PYTHON)
    assert installation.run("-V").stdout == OUTPUT


def test_an_environment_needs_no_note(tmp_path: Path) -> None:
    installation = Installation(tmp_path / "it", f"lib/{VERSION}/site-packages", "")
    installation.add_packages()
    (installation.bin / "python3").symlink_to(PYTHON)
    (installation.folder / "pyvenv.cfg").write_text(f"home = {Path(PYTHON).parent}\n")
    assert installation.run("-V").stdout == OUTPUT


def test_a_python_that_only_lies_beside_the_command_is_not_meant(tmp_path: Path) -> None:
    installation = Installation(tmp_path / "it", "")
    installation.add_packages()
    (installation.bin / "python3").write_text("#!/bin/sh\necho wrong\n")
    (installation.bin / "python3").chmod(0o755)
    assert installation.run("-V").stdout == OUTPUT


def test_a_link_to_the_command(tmp_path: Path) -> None:
    installation = Installation(tmp_path / "it", f"lib/{VERSION}/site-packages")
    installation.add_packages()
    link, further = tmp_path / "link", tmp_path / "further"
    link.symlink_to("it/bin/stinkarm")
    further.symlink_to(link)
    assert installation.run("-V", command=further).stdout == OUTPUT


@pytest.mark.parametrize("packages", ["", f"lib/{VERSION}/site-packages"], ids=["target", "prefix"])
def test_an_editable_install(tmp_path: Path, packages: str) -> None:
    installation = Installation(tmp_path / "it", packages)
    (installation.packages / "__editable__.stinkarm.pth").write_text(
        f"{SOURCE.parent}\n{Path(llvmlite.__file__).parents[1]}\n"
    )
    assert installation.run("-V").stdout == OUTPUT


def test_a_python_that_is_gone(tmp_path: Path) -> None:
    installation = Installation(tmp_path / "it", "", PLAIN, "/nowhere/python3")
    installation.add_packages()
    done = installation.run("-V")
    assert (done.returncode, done.stdout) == (125, "")
    assert done.stderr == (
        "stinkarm: the Python that it was installed with, /nowhere/python3, is not found: install stinkarm again.\n"
    )


def test_binfmt_misc_gives_argv_0_to_a_command_of_its_own(tmp_path: Path) -> None:
    installation = Installation(tmp_path / "it", "")
    installation.add_packages()
    hello = Path(__file__).parent.parent / "examples" / "hello.elf"
    link = tmp_path / "stinkarm-binfmt"
    link.symlink_to("it/bin/stinkarm")
    for command in (installation.bin / "stinkarm-binfmt", link):
        done = installation.run(hello, "hello", command=command, STINKARM_OPTIONS="--log none -strace")
        assert done.stdout == "Hello, world!\n"
        assert 'write(1, "Hello, world!\\n"' in done.stderr
    assert installation.run(hello, command=link).returncode == 2
