"""Debian's own ARM programs print, return and leave behind what they do under qemu-arm.

The programs are found in the root directory that STINKARM_TEST_PROGRAMS names, else where
`python tests/programs/fetch.py` puts them.
"""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import lzma
import os
import random
import shlex
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from fetch import ROOT

HERE = Path(__file__).parent
PROGRAMS = Path(os.environ.get("STINKARM_TEST_PROGRAMS", ROOT))
QEMU = shutil.which("qemu-arm")


def _join(lines: list[str]) -> list[str]:
    """Join the lines of the file to command lines: a quote may span lines."""
    commands: list[str] = []
    held = ""
    for line in lines:
        if not held and (not line.strip() or line.startswith("#")):
            continue
        held = f"{held}\n{line}" if held else line
        try:
            shlex.split(held)
        except ValueError:
            continue
        commands.append(held)
        held = ""
    assert not held, f"a quote is not closed: {held}"
    return commands


COMMANDS = _join((HERE / "commands.txt").read_text().splitlines())

SCRIPT = """\
echo "script with $# arguments: $@"
n=0
for word in "$@" last; do
    n=$((n + 1))
    case $word in
    two) echo "two is number $n" ;;
    *) echo "$n: $word" ;;
    esac
done
while [ $n -gt 0 ]; do n=$((n - 1)); done
echo "n is $n"
exit 5
"""

MAKEFILE = """\
WORDS := $(sort c a b)
many: $(WORDS)
\t@echo $^ are made, $(words $(WORDS)) of them
all: out ; @echo done
out: text.txt ; sed s/quick/slow/ $< > $@
$(WORDS): ; @echo $@ > made-$@ && sleep 0.0$(words $@)
broken: ; @exit 4
"""

TEXT = """\
the quick brown fox
jumps over the lazy dog
The Quick Brown Fox
a line with	a tab and some numbers 12345
"""


def make_folder(folder: Path) -> None:
    """Fill a working folder; the same bytes each time."""
    dice = random.Random(7)
    binary = bytes(dice.randrange(256) for _ in range(3000)) + b"some printable text\0" + bytes(50)
    lines = "".join(f"line {n}\n" for n in range(1, 13))
    files = {
        "text.txt": TEXT,
        "changed.txt": TEXT.replace("lazy", "busy"),
        "lines.txt": lines,
        "numbers.txt": "".join(f"{dice.randrange(10000)}\n" for _ in range(40)),
        "doubles.txt": "a\na\nb\nc\nc\nc\na\n",
        "table.txt": "x:one:30\ny:two:4\nz:three:100\n",
        "sorted1.txt": "a\nb\nd\n",
        "sorted2.txt": "b\nc\nd\n",
        "dos.txt": "one\r\ntwo\r\n",
        "script.sh": SCRIPT,
        "given.patch": (
            "--- text.txt\n+++ text.txt\n@@ -1,3 +1,3 @@\n the quick brown fox\n"
            "-jumps over the lazy dog\n+sleeps beside the lazy dog\n The Quick Brown Fox\n"
        ),
        "given.xxd": "00000000: 6865 6c6c 6f0a                           hello.\n",
        "given.json": '[{"k": "a", "n": 1}, {"k": "b", "n": 2}, {"k": "a", "n": 3.5}]\n',
        "given.bc": "scale = 50\n4 * a(1)\ne(1)\nsqrt(2)\n2 ^ 200\n",
        "given2.bc": "define f(n) { if (n < 2) return 1; return n * f(n - 1); }\nf(50)\nobase = 16\n255\n1 / 0\n",
        "given.mk": MAKEFILE,
        "tree/file": "in the tree, lazy\n",
        "tree/deep/file": "deep down\n",
        "given.a": "!<arch>\nmember.txt/     0           0     0     100644  6         `\nhello\n",
        "given.cpio": "070701" + "0" * 88 + "0000000B" + "00000000" + "TRAILER!!!\0" + "\0" * 3,
    }
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode())
    (folder / "tree" / "empty").mkdir()
    (folder / "tree" / "link").symlink_to("deep/file")
    (folder / "binary.bin").write_bytes(binary)
    (folder / "given.gz").write_bytes(gzip.compress(binary * 5, mtime=0))
    (folder / "given.bz2").write_bytes(bz2.compress(binary * 5))
    (folder / "given.xz").write_bytes(lzma.compress(binary * 5, check=lzma.CHECK_CRC32))
    (folder / "given.b64").write_bytes(base64.encodebytes(binary))
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name in ("inside/a", "inside/b"):
            member = tarfile.TarInfo(name)
            member.size = 5
            member.mtime = 1_000_000_000
            tar.addfile(member, io.BytesIO(b"hello"))
    (folder / "given.tar").write_bytes(archive.getvalue())
    for path in [*sorted(folder.rglob("*")), folder]:
        os.utime(path, (1_500_000_000, 1_500_000_000), follow_symlinks=False)


def left_behind(folder: Path) -> dict[str, tuple[str, object]]:
    """Describe the files of a folder."""
    found: dict[str, tuple[str, object]] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = ("link", str(path.readlink()))
        elif path.is_file():
            data = path.read_bytes()
            if name == "archive.tar":  # directory sizes and times are the host's
                with tarfile.open(path) as tar:
                    data = repr(sorted(tar.getnames())).encode()
            found[name] = (oct(path.stat().st_mode), data)
        else:
            found[name] = (oct(path.stat().st_mode), None)
    return found


def run(emulator: list[str], command: str, folder: Path) -> tuple[int, bytes, bytes, dict[str, tuple[str, object]]]:
    """Run one command line in a fresh folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    make_folder(folder)
    words = shlex.split(command)
    stdin = b""
    if len(words) > 2 and words[-2] == "<":
        stdin = (folder / words[-1]).read_bytes()
        words = words[:-2]
    program = PROGRAMS / {"busybox": "bin/busybox", "bash": "bin/bash-static"}[words[0]]
    environment = {"PATH": "/nowhere", "LC_ALL": "C", "TZ": "UTC", "HOME": "/"}
    # Where the interpreter has been built: it would be built in /.cache within the time limit otherwise.
    environment["XDG_CACHE_HOME"] = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    result = subprocess.run(
        [*emulator, str(program), *words[1:]],
        cwd=folder, input=stdin, capture_output=True, env=environment, timeout=60, check=False,
    )  # fmt: skip
    return result.returncode, result.stdout, result.stderr, left_behind(folder)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c.splitlines()[0])
def test_same_as_qemu(command: str, tmp_path: Path) -> None:
    if QEMU is None:
        pytest.skip("qemu-arm is not installed (Debian: qemu-user)")
    if not (PROGRAMS / "bin" / "busybox").exists():
        pytest.skip(f"no Debian armhf programs in {PROGRAMS}: python tests/programs/fetch.py gets them")
    folder = tmp_path / "work"
    ours = run([sys.executable, "-m", "stinkarm", "-C", "forward"], command, folder)
    theirs = run([QEMU], command, folder)
    assert ours[:2] == theirs[:2], f"stderr: {ours[2]!r}, qemu-arm: {theirs[2]!r}"
    assert ours[2] == theirs[2]
    assert ours[3] == theirs[3]
