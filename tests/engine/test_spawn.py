"""Starting a process that the guest cannot see."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stinkarm.engine import spawn

TELLS = """
import os, signal, sys
blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
links = {}
for fd in range(64):
    try:
        links[fd] = os.readlink(f"/proc/self/fd/{fd}")
    except OSError:
        pass
told = (signal.SIGINT in blocked, links, dict(os.environ), sys.argv[1:])
with open(sys.argv[1] + ".tmp", "w") as file:
    file.write(repr(told))
os.rename(sys.argv[1] + ".tmp", sys.argv[1])
"""


def wait_for(path: Path) -> str:
    for _ in range(500):
        if path.exists():
            return path.read_text()
        time.sleep(0.02)
    raise AssertionError("the process did not run")


def test_the_code_is_what_its_text_says() -> None:
    capstone = pytest.importorskip("capstone")
    decoder = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    rows = [
        (row.bytes.hex(), f"{row.mnemonic} {row.op_str}".strip()) for row in decoder.disasm(spawn.machine_code(), 0)
    ]
    assert rows == list(spawn.CODE)


def test_the_process_is_nobodys_and_has_nothing(tmp_path: Path) -> None:
    inherited = os.open("/dev/zero", os.O_RDONLY)
    os.set_inheritable(inherited, True)
    reader, writer = os.pipe()
    try:
        arguments = [sys.executable, "-ISc", TELLS, str(tmp_path / "told"), "b"]
        pid = spawn.spawn(arguments, {"NAME": "value"}, reader)
        assert pid > 0
        with pytest.raises(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)
        blocked, links, environment, argv = eval(wait_for(tmp_path / "told"))
    finally:
        for fd in (inherited, reader, writer):
            os.close(fd)
    assert blocked
    assert links.pop(0).startswith("pipe:")
    assert links.pop(1) == links.pop(2) == "/dev/null"
    assert not links
    assert environment["NAME"] == "value" and "PATH" not in environment
    assert argv == [str(tmp_path / "told"), "b"]


def test_the_output_may_be_a_descriptor(tmp_path: Path) -> None:
    output = os.memfd_create("output")
    spawn.spawn([sys.executable, "-ISc", "print('here')"], {}, output, output)
    for _ in range(500):
        if os.fstat(output).st_size:
            break
        time.sleep(0.02)
    assert os.pread(output, 100, 0) == b"here\n"
    os.close(output)


def test_a_process_that_cannot_be_started_says_why() -> None:
    before = os.listdir("/proc/self/fd")
    with pytest.raises(spawn.SpawnError, match="No such file or directory"):
        spawn.spawn(["/nonexistent"], {}, 0)
    with pytest.raises(spawn.SpawnError, match="Permission denied"):
        spawn.spawn(["/"], {}, 0)
    assert len(os.listdir("/proc/self/fd")) == len(before)


@pytest.mark.skipif(os.geteuid() != 0, reason="a process without root's rights is to be made")
def test_a_limit_of_processes_says_so() -> None:
    code = (
        "import os, resource, sys; sys.path[:] = sys.argv[1:]; from stinkarm.engine import spawn\n"
        "os.setuid(65534); resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))\n"
        "try: spawn.spawn(['/bin/true'], {}, 0)\n"
        "except spawn.SpawnError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code, *sys.path], capture_output=True, text=True, check=True)
    assert done.stdout == "Resource temporarily unavailable\n"
