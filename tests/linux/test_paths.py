"""Opening, naming and listing files, in forward mode: the answers are the host's."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from stinkarm.linux import open_flags
from tests.linux.process import DATA, UNMAPPED, Process

AT_FDCWD = -100
NAME = DATA
OTHER = DATA + 0x1000
OUT = DATA + 0x2000

# name, ARM value (arch/arm/include/uapi/asm/fcntl.h and asm-generic/fcntl.h)
FLAGS = [
    ("O_RDONLY", 0),
    ("O_WRONLY", 1),
    ("O_RDWR", 2),
    ("O_CREAT", 0o100),
    ("O_EXCL", 0o200),
    ("O_NOCTTY", 0o400),
    ("O_TRUNC", 0o1000),
    ("O_APPEND", 0o2000),
    ("O_NONBLOCK", 0o4000),
    ("O_DSYNC", 0o10000),
    ("O_DIRECTORY", 0o40000),
    ("O_NOFOLLOW", 0o100000),
    ("O_DIRECT", 0o200000),
    ("O_NOATIME", 0o1000000),
    ("O_CLOEXEC", 0o2000000),
    ("O_SYNC", 0o4010000),
    ("O_PATH", 0o10000000),
    ("O_TMPFILE", 0o20040000),
]


@pytest.mark.parametrize(("flag", "value"), FLAGS)
def test_open_flags(flag: str, value: int) -> None:
    assert open_flags.to_host(value) == getattr(os, flag)
    assert open_flags.to_guest(getattr(os, flag)) == value


def test_flags_that_open_drops() -> None:
    assert open_flags.to_host(0o400000) == 0o100000  # O_LARGEFILE, which os.O_LARGEFILE calls 0 here
    assert open_flags.to_host(0o20000) == 0  # FASYNC
    assert open_flags.to_host(0x80000000 | 0o40) == 0


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Path]:
    """A working directory, left at the end."""
    before = Path.cwd()
    os.chdir(tmp_path)
    yield tmp_path
    os.chdir(before)


def name(guest: Process, path: str | bytes | Path, at: int = NAME) -> int:
    return guest.put(os.fsencode(path) + b"\0", at)


def test_opening(forward: Process, here: Path) -> None:
    fd = forward.call("open", name(forward, "new"), 0o102, 0o640)
    assert stat.S_IMODE(Path("new").stat().st_mode) == 0o640 & ~umask()
    assert forward.call("fcntl64", fd, 1, 0) == 0
    os.close(fd)
    Path("new").write_bytes(b"content")
    fd = forward.call("creat", NAME, 0o600)
    assert Path("new").stat().st_size == 0
    os.close(fd)
    assert forward.error("open", NAME, 0o302, 0o600) == "EEXIST"
    assert forward.error("open", NAME, 0o40000, 0) == "ENOTDIR"
    folder = forward.call("openat", AT_FDCWD, name(forward, "."), 0o2040000, 0)
    assert forward.call("fcntl64", folder, 1, 0) == 1
    fd = forward.call("openat", folder, name(forward, "new"), 0o100000, 0)
    assert fd >= 0
    os.close(fd)
    Path("link").symlink_to("new")
    assert forward.error("openat", folder, name(forward, "link"), 0o100000, 0) == "ELOOP"
    os.close(folder)
    assert forward.error("openat", folder, NAME, 0, 0) == "EBADF"
    assert forward.error("open", UNMAPPED, 0, 0) == "EFAULT"
    assert forward.error("open", name(forward, ""), 0, 0) == "ENOENT"


def umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_umask(forward: Process) -> None:
    before = umask()
    try:
        assert forward.call("umask", 0o7027) == before
        assert umask() == 0o027
        assert forward.call("umask", 0) == 0o027
    finally:
        os.umask(before)


@pytest.mark.parametrize("mode", ["forward", "sandbox"])
def test_openat2(mode: str, here: Path) -> None:
    guest = Process(mode, allow_write=[str(here)])

    def how(flags: int, mode: int = 0, resolve: int = 0, more: bytes = b"") -> int:
        return guest.put(struct.pack("<QQQ", flags, mode, resolve) + more, OUT)

    (here / "file").write_bytes(b"x")
    (here / "link").symlink_to("file")
    (here / "up").symlink_to("../")
    fds = [guest.call("openat2", AT_FDCWD, name(guest, "file"), how(0), 24)]
    fds.append(guest.call("openat2", AT_FDCWD, NAME, how(0, 0, 0, bytes(8)), 32))
    fds.append(guest.call("openat2", AT_FDCWD, name(guest, "new"), how(0o102, 0o600, 8), 24))
    fds.append(guest.call("openat2", AT_FDCWD, name(guest, "/file"), how(0, 0, 0x10), 24))
    assert all(fd >= 0 for fd in fds), fds
    assert stat.S_IMODE((here / "new").stat().st_mode) == 0o600 & ~umask()
    name(guest, "file")
    assert guest.error("openat2", AT_FDCWD, NAME, how(0), 23) == "EINVAL"
    assert guest.error("openat2", AT_FDCWD, NAME, how(0), 4097) == "E2BIG"
    assert guest.error("openat2", AT_FDCWD, NAME, how(0, 0, 0, b"\0\0\1\0\0\0\0\0"), 32) == "E2BIG"
    assert guest.error("openat2", AT_FDCWD, NAME, how(1 << 40), 24) == "EINVAL"
    assert guest.error("openat2", AT_FDCWD, NAME, how(0, 0o600), 24) == "EINVAL"
    assert guest.error("openat2", AT_FDCWD, NAME, how(0o100, 0o10000), 24) == "EINVAL"
    assert guest.error("openat2", AT_FDCWD, NAME, how(0, 0, 0x40), 24) == "EINVAL"
    assert guest.error("openat2", AT_FDCWD, NAME, UNMAPPED, 24) == "EFAULT"
    assert guest.error("openat2", AT_FDCWD, name(guest, "link"), how(0, 0, 4), 24) == "ELOOP"
    assert guest.error("openat2", AT_FDCWD, name(guest, "up/x"), how(0, 0, 8), 24) == "EXDEV"
    assert guest.error("openat2", AT_FDCWD, name(guest, here / "file"), how(0, 0, 8), 24) == "EXDEV"
    for fd in fds:
        os.close(fd)
    guest.close()


def test_directories_and_names(forward: Process, here: Path) -> None:
    assert forward.call("mkdir", name(forward, "folder"), 0o755) == 0
    assert forward.error("mkdir", NAME, 0o755) == "EEXIST"
    folder = os.open("folder", os.O_RDONLY)
    assert forward.call("mkdirat", folder, name(forward, "inner/"), 0o700) == 0
    assert forward.call("symlinkat", name(forward, "target", OTHER), folder, name(forward, "link")) == 0
    assert os.readlink("folder/link") == "target"
    assert forward.error("symlink", name(forward, "", OTHER), name(forward, "empty")) == "ENOENT"
    Path("file").write_bytes(b"x")
    assert forward.call("renameat", AT_FDCWD, name(forward, "file"), folder, name(forward, "moved", OTHER)) == 0
    assert forward.call("linkat", folder, OTHER, AT_FDCWD, name(forward, "again"), 0) == 0
    assert Path("again").stat().st_nlink == 2
    assert forward.error("linkat", folder, OTHER, AT_FDCWD, NAME, 1) == "EINVAL"
    Path("third").write_bytes(b"y")
    assert forward.error("renameat2", AT_FDCWD, name(forward, "third", OTHER), AT_FDCWD, NAME, 1) == "EEXIST"
    assert forward.call("renameat2", AT_FDCWD, OTHER, AT_FDCWD, NAME, 2) == 0
    assert (Path("third").read_bytes(), Path("again").read_bytes()) == (b"x", b"y")
    assert forward.error("renameat2", AT_FDCWD, OTHER, AT_FDCWD, NAME, 8) == "EINVAL"
    assert forward.call("rename", OTHER, NAME) == 0
    assert forward.error("rmdir", name(forward, "folder")) == "ENOTEMPTY"
    assert forward.error("unlink", NAME) in ("EISDIR", "EPERM")
    for entry, flags in (("inner", 0x200), ("link", 0), ("moved", 0)):
        assert forward.call("unlinkat", folder, name(forward, entry), flags) == 0
    assert forward.error("unlinkat", folder, NAME, 1) == "EINVAL"
    os.close(folder)
    assert forward.call("rmdir", name(forward, "folder")) == 0
    assert forward.call("mknod", name(forward, "fifo"), stat.S_IFIFO | 0o600, 0) == 0
    assert stat.S_ISFIFO(Path("fifo").stat().st_mode)
    assert sorted(os.listdir(".")) == ["again", "fifo"]


def test_linking_an_open_file(forward: Process, here: Path) -> None:
    fd = os.open(".", os.O_TMPFILE | os.O_RDWR, 0o600)
    os.write(fd, b"now it has a name")
    name(forward, f"/proc/self/fd/{fd}")
    assert forward.call("linkat", AT_FDCWD, NAME, AT_FDCWD, name(forward, "named", OTHER), 0x400) == 0
    assert Path("named").read_bytes() == b"now it has a name"
    os.close(fd)


def test_lengths_by_name(forward: Process, here: Path) -> None:
    Path("file").write_bytes(b"0123456789")
    assert forward.call("truncate", name(forward, "file"), 4) == 0
    assert Path("file").read_bytes() == b"0123"
    assert forward.call("truncate64", NAME, 0xDEAD, 2, 1) == 0
    assert Path("file").stat().st_size == (1 << 32) + 2
    assert forward.error("truncate64", NAME, 0, 0xFFFFFFFF, 0xFFFFFFFF) == "EINVAL"


def test_symbolic_links(forward: Process, here: Path) -> None:
    Path("link").symlink_to("some/where")
    assert forward.call("readlink", name(forward, "link"), OUT, 100) == 10
    assert forward.memory.read(OUT, 11) == b"some/where\0"
    assert forward.call("readlinkat", AT_FDCWD, NAME, OUT, 4) == 4
    assert forward.error("readlink", NAME, OUT, 0) == "EINVAL"
    assert forward.error("readlink", NAME, OUT, -1) == "EINVAL"
    assert forward.error("readlink", NAME, UNMAPPED, 10) == "EFAULT"
    assert forward.error("readlink", name(forward, "."), OUT, 10) == "EINVAL"
    fd = os.open("link", os.O_PATH | os.O_NOFOLLOW)
    assert forward.call("readlinkat", fd, name(forward, ""), OUT, 100) == 10
    os.close(fd)


def test_links_in_the_sandbox(here: Path) -> None:
    guest = Process("sandbox", allow_read=[str(here)])
    Path("link").symlink_to("/etc/some/where")
    assert guest.call("readlink", name(guest, "link"), OUT, 100) == 15
    assert guest.error("readlink", name(guest, "."), OUT, 10) == "EINVAL"
    assert guest.error("readlink", name(guest, "/etc"), OUT, 10) == "EACCES"
    guest.close()


def test_the_working_directory(forward: Process, here: Path) -> None:
    Path("folder").mkdir()
    assert forward.call("chdir", name(forward, "folder")) == 0
    expected = os.fsencode(here / "folder") + b"\0"
    assert forward.call("getcwd", OUT, 4096) == len(expected)
    assert forward.memory.read(OUT, len(expected)) == expected
    assert forward.error("getcwd", OUT, len(expected) - 1) == "ERANGE"
    assert forward.error("getcwd", UNMAPPED, 4096) == "EFAULT"
    fd = os.open(here, os.O_RDONLY)
    assert forward.call("fchdir", fd) == 0
    assert Path.cwd() == here
    os.close(fd)
    assert forward.error("fchdir", fd) == "EBADF"
    assert forward.error("chdir", name(forward, "/etc/passwd")) == "ENOTDIR"


KINDS = {"file": 8, "folder": 4, "link": 10, "fifo": 1, ".": 4, "..": 4, "x" * 255: 8}


@pytest.fixture
def listed(here: Path) -> int:
    (here / "file").touch()
    (here / "folder").mkdir()
    (here / "link").symlink_to("nowhere")
    os.mkfifo(here / "fifo")
    (here / ("x" * 255)).touch()
    return os.open(here, os.O_RDONLY)


def test_listing(forward: Process, listed: int) -> None:
    found = {}
    while (size := forward.call("getdents64", listed, OUT, 600)) > 0:
        data = forward.memory.read(OUT, size)
        while data:
            inode, _, length, kind = struct.unpack_from("<QqHB", data)
            found[data[19:length].split(b"\0")[0].decode()] = kind, inode
            data = data[length:]
    assert size == 0
    assert {entry: kind for entry, (kind, _) in found.items()} == KINDS
    assert found["file"][1] == os.stat("file").st_ino
    os.lseek(listed, 0, os.SEEK_SET)
    assert forward.error("getdents64", listed, UNMAPPED, 600) == "EFAULT"
    assert forward.error("getdents64", listed, OUT, 10) == "EINVAL"
    os.close(listed)


@pytest.mark.parametrize("call", ["getdents64", "getdents"])
def test_positions_in_directories_fit_31_bits(forward: Process, here: Path, call: str) -> None:
    for number in range(300):
        (here / f"file-{number}").touch()
    fd = os.open(here, os.O_RDONLY)
    layout = "<8xqH" if call == "getdents64" else "<4xiH"
    head = 19 if call == "getdents64" else 10

    def read() -> list[tuple[bytes, int]]:
        found = []
        size = forward.call(call, fd, OUT, 1000)
        data = forward.memory.read(OUT, size)
        while data:
            offset, length = struct.unpack_from(layout, data)
            assert 0 <= offset < 1 << 31 and length > head
            found.append((data[head:length].split(b"\0")[0], offset))
            data = data[length:]
        return found

    found = []
    while more := read():
        found += more
        assert len(found) <= 302
    assert len({entry for entry, _ in found}) == 302
    for index in (0, 1, 2, 150, 299):
        assert forward.call("lseek", fd, found[index][1], 0) == found[index][1]
        assert read()[0][0] == found[index + 1][0]
        assert forward.call("_llseek", fd, 0, found[index][1], OUT, 0) == 0
        assert forward.memory.read_u64(OUT) == found[index][1]
        assert read()[0][0] == found[index + 1][0]
    assert forward.call("lseek", fd, 0, 0) == 0
    assert read()[0][0] == found[0][0]
    os.close(fd)


def test_listing_in_the_old_form(forward: Process, listed: int) -> None:
    found = {}
    while (size := forward.call("getdents", listed, OUT, 600)) > 0:
        data = forward.memory.read(OUT, size)
        while data:
            inode, _, length = struct.unpack_from("<IIH", data)
            assert length % 4 == 0
            found[data[10 : length - 1].split(b"\0")[0].decode()] = data[length - 1], inode
            data = data[length:]
    assert {entry: kind for entry, (kind, _) in found.items()} == KINDS
    assert found["file"][1] == os.stat("file").st_ino & 0xFFFFFFFF
    os.close(listed)
    assert forward.error("getdents", listed, OUT, 600) == "EBADF"


def test_own_map_is_the_guests(forward: Process, guest: Process) -> None:
    for process in (forward, guest):
        fd = process.call("open", name(process, "/proc/self/maps"), 0, 0)
        assert fd >= 0, errno.errorcode[-fd]
        text = os.read(fd, 65536).decode()
        os.close(fd)
        assert text.splitlines() == [
            "00020000-00030000 rw-p 00000000 00:00 0 ",
            "00040000-00041000 r--p 00000000 00:00 0 ",
        ]


def test_fcntl_module_is_as_assumed() -> None:
    assert fcntl.F_DUPFD_CLOEXEC == 1030


def test_own_descriptors_are_listed_without_the_emulators(forward: Process) -> None:
    hidden = [forward.policy.descriptors.move_up(os.open("/dev/null", os.O_RDONLY)) for _ in range(40)]
    fd = forward.call("open", name(forward, "/proc/self/fd"), 0o40000, 0)
    found = set()
    while (size := forward.call("getdents64", fd, OUT, 256)) > 0:
        data = forward.memory.read(OUT, size)
        while data:
            length = struct.unpack_from("<16xH", data)[0]
            found.add(data[19:length].split(b"\0")[0].decode())
            data = data[length:]
    assert size == 0
    assert {"0", "1", "2", str(fd)} <= found
    assert not found & {str(number) for number in hidden}
    os.close(fd)


def test_own_name(guest: Process) -> None:
    guest.kernel.name = b"program"
    fd = guest.call("open", name(guest, "/proc/self/comm"), 0, 0)
    assert os.read(fd, 100) == b"program\n"
    os.close(fd)
