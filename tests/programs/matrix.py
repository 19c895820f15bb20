"""Run command lines of Debian's armhf programs under stinkarm, and compare what they do with qemu-arm or the host.

    python tests/programs/fetch.py --all
    python tests/programs/matrix.py [--all] [--section WORD] [--line TEXT] [--write] [-- STINKARM-OPTION...]

It prints every line that differs, with the reason, and a table of the programs. `--write` puts the table into
docs/programs.md. `--all` adds the lines that take an hour: modules of Python's own tests. The lines are in
matrix.txt, which says what is compared.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from test_debian import PROGRAMS, QEMU, left_behind, make_folder

from stinkarm.engine.store import interpreter_path

HERE = Path(__file__).parent
PAGE = HERE.parent.parent / "docs" / "programs.md"
MARKS = ("asked", "host", "long", "stdout")
SEARCHED = ("usr/bin", "usr/sbin", "usr/local/bin", "usr/lib/git-core", "usr/lib/gcc/arm-linux-gnueabihf/12")
TIMEOUT = 60
LONG_TIMEOUT = 900

Left = dict[str, tuple[str, object]]


class NoReferenceError(Exception):
    """What a line would be compared with is not on this machine."""


@dataclass(frozen=True)
class Line:
    """One command line: its section, its words, how it is compared, and the output if that is given."""

    section: str
    text: str
    marks: frozenset[str]
    expected: str | None = None
    tested: bool = False

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Result:
    """What a command line did; `status` is None when it had to be ended."""

    status: int | None
    stdout: bytes
    stderr: bytes
    left: Left = field(default_factory=dict)
    seconds: float = 0.0


def read_lines(path: Path = HERE / "matrix.txt") -> list[Line]:
    """Read the file of command lines."""
    found: list[Line] = []
    section, tested, common = "", False, frozenset[str]()
    held = ""
    for text in path.read_text().splitlines():
        if not held and (not text.strip() or text.startswith("#")):
            continue
        if not held and text.startswith("[") and text.endswith("]"):
            words = text[1:-1].split()
            common = frozenset(word.rstrip(":") for word in words if word.endswith(":"))
            tested = "tested" in words
            section = " ".join(word for word in words if word != "tested" and not word.endswith(":"))
            continue
        if not held and text.startswith("> "):
            last = found.pop()
            expected = (last.expected or "") + text[2:] + "\n"
            found.append(Line(last.section, last.text, last.marks, expected, last.tested))
            continue
        held = f"{held}\n{text}" if held else text
        try:
            shlex.split(held)
        except ValueError:
            continue
        marks = set(common)
        while (mark := held.partition(": ")[0]) in MARKS:
            marks.add(mark)
            held = held.partition(": ")[2]
        if unknown := marks - set(MARKS):
            raise ValueError(f"[{section}] has unknown marks: {', '.join(sorted(unknown))}")
        found.append(Line(section, held, frozenset(marks), None, tested))
        held = ""
    if held:
        raise ValueError(f"a quote is not closed: {held}")
    return found


def find_program(name: str) -> Path | None:
    """Find a program in the sysroot."""
    for folder in SEARCHED:
        if (PROGRAMS / folder / name).exists():
            return PROGRAMS / folder / name
    return None


def is_there(line: Line) -> bool:
    """Say whether the program of a line has been fetched; scripts start with what their section needs."""
    needed = [shlex.split(line.text)[0]]
    if needed[0] == "bash" and "tests/programs/" in line.text:
        needed.append(line.section.split()[0].rstrip(","))
    return all(find_program(name) is not None for name in needed)


def perform(
    emulator: list[str],
    line: Line,
    folder: Path,
    *,
    host: bool = False,
    started: Callable[[int], None] = lambda pid: None,
) -> Result:
    """Run a command line in a fresh working folder; `started` hears of its process, which leads a group."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    make_folder(folder)
    (folder / "script.sh").chmod(0o755)
    words = shlex.split(line.text)
    stdin = b""
    if len(words) > 2 and words[-2] == "<":
        stdin = (folder / words[-1]).read_bytes()
        words = words[:-2]
    program = shutil.which(words[0]) if host else find_program(words[0])
    if program is None:
        raise NoReferenceError(
            f"{words[0]} is not installed on the host" if host else f"{words[0]} is not in the sysroot"
        )
    environment = {
        "PATH": "/usr/bin:/bin:/usr/sbin", "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": str(folder), "USER": "root",
        "SCRIPTS": str(HERE / "scripts"),
    }  # fmt: skip
    # Where the native interpreter is, and soak.py's mark; they are of no interest to the programs.
    environment["XDG_CACHE_HOME"] = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    environment |= {name: os.environ[name] for name in ("STINKARM_SOAK",) if name in os.environ}
    began = time.monotonic()
    process = subprocess.Popen(
        [*emulator, str(program), *words[1:]],
        cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
        start_new_session=True,
    )  # fmt: skip
    started(process.pid)
    try:
        out, err = process.communicate(stdin, timeout=LONG_TIMEOUT if "long" in line.marks else TIMEOUT)
        status: int | None = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        status = None
    return Result(status, out, err, left_behind(folder), time.monotonic() - began)


def differences(line: Line, ours: Result, theirs: Result | None) -> list[str]:
    """Say in what a line differs from its reference."""
    if ours.status is None:
        return [f"it did not end in time; stderr: {ours.stderr[-300:]!r}"]
    if line.expected is not None:
        if ours.stdout.decode(errors="replace") == line.expected:
            return []
        return [f"printed {ours.stdout[-1000:]!r}, not {line.expected!r}; stderr: {ours.stderr[-1000:]!r}"]
    assert theirs is not None
    found = []
    for name in ("status", "stdout") if "stdout" in line.marks else ("status", "stdout", "stderr"):
        mine, reference = getattr(ours, name), getattr(theirs, name)
        if mine != reference:
            found.append(f"{name} is {_cut(mine, reference)}, not {_cut(reference, mine)}")
    if found and "stderr" not in " ".join(found):
        found.append(f"stderr: {ours.stderr[-300:]!r}")
    if "stdout" not in line.marks and ours.left != theirs.left:
        names = [name for name in {**ours.left, **theirs.left} if ours.left.get(name) != theirs.left.get(name)]
        found.append(f"the files left behind differ: {', '.join(sorted(names))}")
    return found


def _cut(text: object, other: object) -> str:
    """Show the part of an output in which it differs from another."""
    if not isinstance(text, bytes) or not isinstance(other, bytes) or len(text) < 600:
        return repr(text)
    at = next((n for n, (a, b) in enumerate(zip(text, other, strict=False)) if a != b), min(len(text), len(other)))
    return f"{text[max(at - 100, 0) : at + 300]!r} (at byte {at})"


def check(line: Line, folder: Path, options: list[str]) -> tuple[list[str], Result]:
    """Run a line both ways and say what differs."""
    work = folder / "work"
    sysroot = ["-L", str(PROGRAMS)]
    ours = perform([sys.executable, "-m", "stinkarm", *options, *sysroot, "-C", "forward"], line, work)
    theirs = None
    if line.expected is None:
        host = "host" in line.marks
        if not host and QEMU is None:
            raise NoReferenceError("qemu-arm is not installed")
        theirs = perform([] if host else [str(QEMU), *sysroot], line, work, host=host)
    return differences(line, ours, theirs), ours


@dataclass
class Row:
    """What became of a section's lines."""

    same: int = 0
    different: int = 0
    skipped: int = 0
    seconds: float = 0.0
    reasons: list[str] = field(default_factory=list)


def run_all(lines: list[Line], folder: Path, options: list[str]) -> dict[str, Row]:
    """Run lines and report each that differs as it happens."""
    rows: dict[str, Row] = {}
    for line in lines:
        row = rows.setdefault(line.section, Row())
        if not is_there(line):
            row.skipped += 1
            continue
        try:
            found, ours = check(line, folder, options)
        except NoReferenceError as error:
            row.skipped += 1
            print(f"skipped: {line}\n    {error}", flush=True)
            continue
        row.seconds += ours.seconds
        if found:
            row.different += 1
            row.reasons.append(f"`{line.text.splitlines()[0]}`: {found[0]}")
            print(f"different: {line}", *found, sep="\n    ", flush=True)
        else:
            row.same += 1
    return rows


def table(rows: dict[str, Row], *, seconds: bool) -> Iterator[str]:
    """Give the table as Markdown; `seconds` that stinkarm took are for who ran it, for they depend on the machine."""
    yield "| programs | lines | same | different | not run |" + (" seconds |" if seconds else "")
    yield "|---|---|---|---|---|" + ("---|" if seconds else "")
    for section, row in rows.items():
        total = row.same + row.different + row.skipped
        text = f"| {section} | {total} | {row.same} | {row.different} | {row.skipped} |"
        yield text + (f" {row.seconds:.1f} |" if seconds else "")


def page(rows: dict[str, Row], options: list[str]) -> str:
    """Give docs/programs.md."""
    with_options = f" with `{' '.join(options)}`" if options else ""
    text = f"""\
# Programs that run

Debian 12's armhf programs, unpacked into a sysroot and run{with_options} by
`python tests/programs/matrix.py --write`, which wrote this page. A line is one command line of
`tests/programs/matrix.txt`; it is the same when output, messages, exit status and the files left behind are those of
qemu-arm, of the host's own program, or those that the file gives.

"""
    text += "\n".join(table(rows, seconds=False)) + "\n"
    reasons = [reason for row in rows.values() for reason in row.reasons]
    if reasons:
        text += "\n## What differs\n\n" + "".join(f"- {reason.replace(str(PROGRAMS), 'ROOT')}\n" for reason in reasons)
    return text


def main() -> int:
    """Run the lines that are asked for."""
    parser = argparse.ArgumentParser(description="Compare Debian's armhf programs under stinkarm with qemu-arm.")
    parser.add_argument("--all", action="store_true", help="also sections that are marked `asked`")
    parser.add_argument("--section", metavar="WORD", action="append", help="only sections that have this word")
    parser.add_argument("--line", metavar="TEXT", help="only lines that have this text")
    parser.add_argument("--folder", type=Path, default=Path("/tmp/stinkarm-matrix"), help="where the lines run")
    parser.add_argument("--write", action="store_true", help="write docs/programs.md")
    parser.add_argument("options", nargs="*", metavar="STINKARM-OPTION", help="after --: options for stinkarm")
    options = parser.parse_args()
    lines = [
        line
        for line in read_lines()
        if (
            any(word in line.section for word in options.section)
            if options.section
            else options.all or "asked" not in line.marks
        )
        and (not options.line or options.line in line.text)
    ]
    interpreter_path()  # built now, or the first line would have to wait for it
    rows = run_all(lines, options.folder, options.options)
    print(*table(rows, seconds=True), sep="\n")
    if options.write:
        PAGE.write_text(page(rows, options.options))
    return 1 if any(row.different for row in rows.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
