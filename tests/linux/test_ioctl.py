"""ioctl on terminals and files."""

from __future__ import annotations

import fcntl
import os
import select
import struct
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from stinkarm.linux import ioctl, structs
from tests.linux.process import DATA, UNMAPPED, Process, process

# Where the host's own constants exist, ARM's must be the same numbers.
SAME = """
TCGETS TCSETS TCSETSW TCSETSF TCGETA TCSETA TCSETAW TCSETAF TCSBRK TCXONC TCFLSH TIOCGPGRP TIOCSPGRP TIOCOUTQ
TIOCGWINSZ TIOCSWINSZ FIONREAD FIONBIO FIOCLEX FIONCLEX TIOCGETD TIOCSETD TIOCSCTTY TIOCNOTTY TIOCEXCL TIOCNXCL
TIOCSTI TIOCMGET TIOCMBIS TIOCMBIC TIOCMSET TIOCPKT TCSBRKP
"""


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """A terminal of 33 rows and 101 columns: its two ends."""
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 101, 0, 0))
    yield master, slave
    os.close(master)
    os.close(slave)


def test_numbers_are_the_hosts() -> None:
    known = ioctl.HARMLESS | ioctl.REACHING
    assert not ioctl.HARMLESS.keys() & ioctl.REACHING.keys()
    for name in SAME.split():
        assert getattr(termios, name) in known, name


@pytest.mark.parametrize("mode", ["forward", "sandbox"])
def test_terminals(mode: str, terminal: tuple[int, int]) -> None:
    master, slave = terminal
    guest = Process(mode)
    guest.policy.descriptors.add(slave)
    assert guest.call("ioctl", slave, termios.TIOCGWINSZ, DATA) == 0
    assert structs.Winsize.read(guest.memory, DATA) == (33, 101, 0, 0)
    assert guest.call("ioctl", slave, termios.TCGETS, DATA) == 0
    iflag, oflag, cflag, lflag, line, characters = structs.Termios.read(guest.memory, DATA)
    host = termios.tcgetattr(slave)
    assert [iflag, oflag, cflag, lflag] == [flag & 0xFFFFFFFF for flag in host[:4]]
    assert [bytes((character,)) for character in characters] == host[6][:19]
    structs.Termios.write(
        guest.memory, DATA, iflag, oflag, cflag, lflag & ~(termios.ECHO | termios.ICANON), line, characters
    )
    assert guest.call("ioctl", slave, termios.TCSETSW, DATA) == 0
    assert not termios.tcgetattr(slave)[3] & (termios.ECHO | termios.ICANON)
    os.write(master, b"typed")
    assert select.select([slave], [], [], 10)[0]
    assert guest.call("ioctl", slave, termios.FIONREAD, DATA) == 0
    assert guest.word() == 5
    assert guest.call("ioctl", slave, 0x802C542A, DATA) == 0
    assert structs.Termios2.read(guest.memory, DATA)[7] in (38400, 15, 9600)
    assert guest.error("ioctl", slave, termios.TCGETS, UNMAPPED) == "EFAULT"
    assert guest.error("ioctl", slave, termios.TCSETS, 0) == "EFAULT"
    guest.close()


@pytest.mark.parametrize("mode", ["forward", "sandbox"])
def test_files_are_not_terminals(mode: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 100)
    guest = Process(mode, allow_write=[str(tmp_path)])
    fd = guest.call("open", guest.put(os.fsencode(tmp_path / "file") + b"\0"), 2, 0)
    assert guest.error("ioctl", fd, termios.TCGETS, DATA) == "ENOTTY"
    assert guest.error("ioctl", fd, 0x12345678, DATA) == "ENOTTY"
    assert guest.call("ioctl", fd, termios.FIONREAD, DATA) == 0
    assert guest.word() == 100
    assert guest.call("ioctl", fd, 2, DATA) == 0  # FIGETBSZ
    assert guest.word() == os.stat(tmp_path).st_blksize
    assert guest.call("ioctl", fd, termios.FIOCLEX, 0) == 0
    assert guest.call("fcntl64", fd, 1, 0) == 1
    assert guest.call("ioctl", fd, termios.FIONCLEX, 0) == 0
    assert guest.call("fcntl64", fd, 1, 0) == 0
    guest.put((1).to_bytes(4, "little"))
    assert guest.call("ioctl", fd, termios.FIONBIO, DATA) == 0
    assert guest.call("fcntl64", fd, 3, 0) & 0o4000
    os.close(fd)
    guest.close()


def test_inode_flags(forward: Process, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    fd = os.open(file, os.O_RDONLY)
    forward.put(b"\xee" * 8)
    result = forward.call("ioctl", fd, 0x80046601, DATA)
    if result < 0:
        os.close(fd)
        pytest.skip("the file system has no inode flags")
    expected = fcntl.ioctl(fd, 0x80086601, bytes(4))
    assert forward.memory.read(DATA, 8) == expected + b"\xee" * 4
    os.close(fd)


FIEMAP, FSGETXATTR, GETFSLABEL, RNDGETENTCNT = 0xC020660B, 0x801C581F, 0x81009431, 0x80045200


def host_answer(fd: int, request: int, data: bytes) -> bytes | int:
    """Give what the host says, or the negated error."""
    buffer = bytearray(data)
    try:
        fcntl.ioctl(fd, request, buffer)
    except OSError as error:
        return -(error.errno or 0)
    return bytes(buffer)


@pytest.mark.parametrize("mode", ["forward", "sandbox"])
def test_what_file_systems_tell(mode: str, tmp_path: Path) -> None:
    with process(mode) as guest:
        fd = guest.policy.descriptors.add(os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT))
        for block in range(0, 40, 2):
            os.pwrite(fd, b"data", block * 4096)
        os.fsync(fd)
        random = guest.policy.descriptors.add(os.open("/dev/random", os.O_RDONLY))
        for number, request, size in ((fd, FSGETXATTR, 28), (fd, GETFSLABEL, 256), (random, RNDGETENTCNT, 4)):
            wanted = host_answer(number, request, bytes(size))
            result = guest.call("ioctl", number, request, guest.put(bytes(size)))
            assert wanted == (guest.memory.read(DATA, size) if result >= 0 else result), hex(request)
            assert guest.error("ioctl", number, request, UNMAPPED) in ("EFAULT", "ENOTTY", "EOPNOTSUPP")
        for count in (0, 1, 5, 20, 100):
            header = struct.pack("<QQIIII", 0, (1 << 64) - 1, 0, 0, count, 0)
            data = header + bytes(56 * count)
            wanted = host_answer(fd, FIEMAP, data)
            result = guest.call("ioctl", fd, FIEMAP, guest.put(data))
            assert wanted == (guest.memory.read(DATA, len(data)) if result >= 0 else result), count
        # More extents than there is memory for, or than the host is asked for at once.
        guest.put(struct.pack("<QQIIII", 0, (1 << 64) - 1, 0, 0, 0x4000000, 0))
        assert guest.error("ioctl", fd, FIEMAP, DATA) in ("EFAULT", "EOPNOTSUPP")
        os.close(fd)
        os.close(random)
