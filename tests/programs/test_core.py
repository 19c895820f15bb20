"""Core files: what is in them, when they are written, and that gdb makes sense of them."""

from __future__ import annotations

import os
import resource
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from stinkarm import toolchain
from stinkarm.status import StinkarmError

NT_PRSTATUS, NT_PRPSINFO, NT_AUXV, NT_ARM_VFP, NT_SIGINFO = 1, 3, 6, 0x400, 0x53494749
UNLIMITED = resource.RLIM_INFINITY


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, built for ARM."""
    output = tmp_path_factory.mktemp("core") / "core-test"
    try:
        toolchain.build(str(Path(__file__).parent / "core.c"), str(output))
    except StinkarmError as error:
        pytest.skip(f"no ARM compiler: {error}")
    if resource.getrlimit(resource.RLIMIT_CORE)[1] != UNLIMITED:
        pytest.skip("the hard limit of core files is not unlimited")
    return output


def crash(program: Path, folder: Path, *arguments: str, options: tuple[str, ...], limit: int = UNLIMITED) -> list[Path]:
    """Run the program in a folder; list the core files that it has left there."""

    def set_limit() -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (limit, UNLIMITED))

    done = subprocess.run(
        [sys.executable, "-m", "stinkarm", *options, program, *arguments],
        cwd=folder, capture_output=True, check=False, timeout=60, preexec_fn=set_limit,
    )  # fmt: skip
    assert done.returncode == (-11 if arguments[0] == "fault" else -6), done.stderr
    return list(folder.iterdir())


class Core:
    """A core file, read."""

    def __init__(self, path: Path) -> None:
        self.data = path.read_bytes()
        kind, machine = struct.unpack_from("<HH", self.data, 16)
        assert (self.data[:5], kind, machine) == (b"\x7fELF\1", 4, 40)
        (count,) = struct.unpack_from("<H", self.data, 44)
        headers = [struct.unpack_from("<8I", self.data, 52 + 32 * index) for index in range(count)]
        self.loads = [header for header in headers if header[0] == 1]
        self.notes: list[tuple[bytes, int, bytes]] = []
        (_, at, _, _, size, *_), *_ = (header for header in headers if header[0] == 4)
        end = at + size
        while at < end:
            name, length, kind = struct.unpack_from("<3I", self.data, at)
            at += 12
            owner = self.data[at : at + name - 1]
            at += (name + 3) & ~3
            self.notes.append((owner, kind, self.data[at : at + length]))
            at += (length + 3) & ~3

    def note(self, kind: int) -> bytes:
        return next(data for _, number, data in self.notes if number == kind)

    def read(self, address: int, size: int) -> bytes:
        for _, offset, start, _, there, *_ in self.loads:
            if start <= address < start + there:
                return self.data[offset + address - start : offset + address - start + size]
        raise AssertionError(f"{address:#x} is not in the file")


def test_what_a_fault_leaves(program: Path, tmp_path: Path) -> None:
    (path,) = crash(program, tmp_path, "fault", options=("-C", "forward"))
    assert path.name.startswith("core")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.stat().st_blocks * 512 < 4 << 20 < path.stat().st_size  # most of it is holes
    core = Core(path)
    status = core.note(NT_PRSTATUS)
    assert len(status) == 148 and struct.unpack_from("<i", status)[0] == 11
    registers = struct.unpack_from("<18I", status, 72)
    assert registers[15] >> 1 and core.read(registers[13], 4)
    assert struct.unpack("<iiiI", core.note(NT_SIGINFO)[:16]) == (11, 0, 1, 0x1234)
    assert struct.unpack_from("<d", core.note(NT_ARM_VFP), 8 * 8) == (3.25,)
    assert len(core.note(NT_ARM_VFP)) == 260
    process = core.note(NT_PRPSINFO)
    assert len(process) == 124 and process[28:37] == b"core-test" and process[44:].startswith(os.fsencode(program))
    words = struct.unpack(f"<{len(core.note(NT_AUXV)) // 4}I", core.note(NT_AUXV))
    assert dict(zip(words[::2], words[1::2], strict=True))[6] == 4096  # AT_PAGESZ
    assert any(core.data.find(text) >= 0 for text in (b"what was in memory",))
    assert core.data.find(b"in the middle\0") >= 0


def test_every_thread_is_there(program: Path, tmp_path: Path) -> None:
    (path,) = crash(program, tmp_path, "abort", options=("-C", "forward"))
    core = Core(path)
    threads = [struct.unpack_from("<i", data, 24)[0] for _, kind, data in core.notes if kind == NT_PRSTATUS]
    assert len(threads) == len(set(threads)) == 2
    assert struct.unpack_from("<i", core.note(NT_SIGINFO)) == (6,)


@pytest.mark.parametrize(
    ("options", "limit", "arguments"),
    [
        (("-C", "forward"), 0, ["fault"]),
        (("-C", "forward"), UNLIMITED, ["fault", "not dumpable"]),
        ((), UNLIMITED, ["fault"]),
        (("--allow-read",), UNLIMITED, ["fault"]),
    ],
)
def test_when_there_is_none(
    program: Path, tmp_path: Path, options: tuple[str, ...], limit: int, arguments: list[str]
) -> None:
    assert crash(program, tmp_path, *arguments, options=options, limit=limit) == []


def test_what_is_there_already_is_left_alone(program: Path, tmp_path: Path) -> None:
    name = next(iter(crash(program, tmp_path, "fault", options=("-C", "forward")))).name
    if name != "core":
        pytest.skip("core files have the process's number here")
    (tmp_path / name).unlink()
    os.mkfifo(tmp_path / name)
    assert crash(program, tmp_path, "fault", options=("--allow-write=.",)) == [tmp_path / name]
    (tmp_path / name).unlink()
    (tmp_path / "other").write_text("not to be lost")
    (tmp_path / name).hardlink_to(tmp_path / "other")
    crash(program, tmp_path, "fault", options=("--allow-write=.",))
    assert (tmp_path / "other").read_text() == "not to be lost"


def test_limits_and_grants(program: Path, tmp_path: Path) -> None:
    (path,) = crash(program, tmp_path, "fault", options=("--allow-write=.",), limit=20000)
    assert 10000 < path.stat().st_size <= 20000


def test_gdb_makes_sense_of_it(program: Path, tmp_path: Path) -> None:
    gdb = shutil.which("gdb-multiarch")
    if gdb is None:
        pytest.skip("gdb-multiarch is not installed")
    (path,) = crash(program, tmp_path, "fault", options=("-C", "forward"))
    commands = [part for text in ("bt", "p $d8", "x/s &text", "p $_siginfo._sifields") for part in ("-ex", text)]
    done = subprocess.run(
        [gdb, "-q", "-nx", "-batch", *commands, program, path], capture_output=True, text=True, check=False, timeout=60
    )
    assert "in inner" in done.stdout and "in main" in done.stdout, done.stdout + done.stderr
    assert "3.25" in done.stdout and "what was in memory" in done.stdout and "0x1234" in done.stdout
