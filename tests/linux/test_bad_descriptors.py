"""A descriptor that is not open, in every call that is declared to take one; and what each call says of each kind."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stinkarm import toolchain
from stinkarm.linux.declare import PROCESS, Syscall
from stinkarm.status import StinkarmError
from tests.linux.process import DATA, process
from tests.linux.test_declare import declared

NUMBERS = {"minus one": -1, "closed": 700, "never opened": 701, "the largest": 0x7FFFFFFF, "the least": -0x80000000}

# What a parameter must be for the descriptor to be looked at first.
VALUES = {
    **{
        "sizemask": 8,
        "sigsetsize": 8,
        "maxevents": 1,
        "len": 16,
        "count": 16,
        "nr_segs": 1,
        "iovcnt": 1,
        "size": 24,
        "sz": 88,
        "bufsiz": 8,
    },
    **{
        "buf": DATA,
        "msgvec": DATA + 0x800,
        "how": DATA + 0x800,
        "vlen": 1,
        "newsize": 8,
        "addrlen": 16,
        "cmsglen": 0,
        "flags": 0,
        "operation": 1,
    },
}
# Calls that look at something else before, or to which such a number means something.
OTHERS = {
    ("close_range", "first"): "a range may begin anywhere",
    ("dup2", "newfd"): "700 may be taken",
    ("dup3", "newfd"): "700 may be taken",
    ("signalfd", "fd"): "-1 makes one",
    ("signalfd4", "fd"): "-1 makes one",
    ("linkat", "newdirfd"): "the old name is looked for first",
    ("execveat", "dirfd"): "a name of its own is looked at first",
}


def bad_parameters() -> list[tuple[Syscall, int]]:
    """Give each declared call, and which of its parameters is a descriptor."""
    found = []
    for call in declared():
        call.prepare()
        if call.missing or call.needs == PROCESS:
            continue
        for index, (name, kind) in enumerate(call.parameters):
            if kind in ("Fd", "DirFd") and (call.name, name) not in OTHERS:
                found.append((call, index))
    return found


def registers(call: Syscall, bad: int, number: int, good: int) -> list[int]:
    """Lay out the arguments of a call that only the descriptor is wrong of."""
    given = []
    for index, (name, kind) in enumerate(call.parameters):
        if kind in ("Off64", "U64"):
            given += [0] * (len(given) & 1) + [0, 0]
        elif index == bad:
            given.append(number)
        elif kind in ("Fd", "DirFd"):
            given.append(good)
        elif name in VALUES:
            given.append(VALUES[name])
        elif "[" in kind and name not in ("off_in", "off_out", "offset", "sigmask", "timeout", "times"):
            given.append(DATA + 0x100 * index)
        else:
            given.append(0)
    return given


@pytest.mark.parametrize("mode", ["forward", "sandbox"])
@pytest.mark.parametrize(
    ("call", "bad"),
    [pytest.param(*row, id=f"{row[0].name}-{row[0].parameters[row[1]][0]}") for row in bad_parameters()],
)
def test_a_number_that_is_not_open(call: Syscall, bad: int, mode: str, tmp_path: Path) -> None:
    with process(mode, **({"allow_read": True, "allow_net": True} if mode == "sandbox" else {})) as guest:
        file = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
        good = guest.policy.descriptors.add(file)
        guest.memory.write(DATA, b"a\0\0\0" * 1024)
        guest.put(bytes(0x800), DATA + 0x800)
        for what, number in NUMBERS.items():
            result = guest.call(call.name, *registers(call, bad, number, good))
            assert errno.errorcode.get(-result, result) == "EBADF", what
        os.close(file)


SOURCE = Path(__file__).parent / "programs" / "kinds.c"


def test_every_kind_of_descriptor_in_every_call(tmp_path: Path) -> None:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler for the host")
    native, guest = tmp_path / "native", tmp_path / "guest"
    subprocess.run([compiler, "-w", "-D_FILE_OFFSET_BITS=64", "-o", native, SOURCE], check=True)
    try:
        toolchain.build(str(SOURCE), str(guest), extra=("-w", "-D_FILE_OFFSET_BITS=64"))
    except StinkarmError as error:
        pytest.skip(f"no ARM compiler: {error}")
    lines = []
    for command in ([native], [sys.executable, "-m", "stinkarm", "-C", "forward", guest]):
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        lines.append(done.stdout.splitlines())
    assert len(lines[0]) > 1000
    assert [pair for pair in zip(*lines, strict=True) if pair[0] != pair[1]] == []
