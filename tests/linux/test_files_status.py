"""What is told about files, and changed."""

from __future__ import annotations

import errno
import os
import stat
import struct
from pathlib import Path

import pytest

from stinkarm.linux import structs
from tests.linux.process import DATA, UNMAPPED, Process

AT_FDCWD = -100
NAME = DATA
OUT = DATA + 0x1000
MORE = DATA + 0x2000
NOFOLLOW, EMPTY_PATH = 0x100, 0x1000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 5000)
    path.chmod(0o640)
    os.utime(path, ns=(1_111_111_111_123_456_789, 1_222_222_222_987_654_321))
    (tmp_path / "link").symlink_to("file")
    return path


def name(guest: Process, path: str | Path) -> int:
    return guest.put(os.fsencode(path) + b"\0", NAME)


def arm_device(device: int) -> int:
    return os.minor(device) & 0xFF | os.major(device) << 8 | (os.minor(device) & ~0xFF) << 12


def check_stat64(guest: Process, expected: os.stat_result) -> None:
    values = structs.Stat64.read(guest.memory, OUT)
    fields = dict(zip((field for field, _, _ in structs.Stat64.fields), values, strict=True))
    second = 1_000_000_000
    assert fields == {
        "st_dev": arm_device(expected.st_dev),
        "__st_ino": expected.st_ino & 0xFFFFFFFF,
        "st_mode": expected.st_mode,
        "st_nlink": expected.st_nlink,
        "st_uid": expected.st_uid,
        "st_gid": expected.st_gid,
        "st_rdev": arm_device(expected.st_rdev),
        "st_size": expected.st_size,
        "st_blksize": expected.st_blksize,
        "st_blocks": expected.st_blocks,
        "st_atime": expected.st_atime_ns // second,
        "st_atime_nsec": expected.st_atime_ns % second,
        "st_mtime": expected.st_mtime_ns // second,
        "st_mtime_nsec": expected.st_mtime_ns % second,
        "st_ctime": expected.st_ctime_ns // second,
        "st_ctime_nsec": expected.st_ctime_ns % second,
        "st_ino": expected.st_ino,
    }


def test_status_is_the_hosts(forward: Process, file: Path) -> None:
    link = file.with_name("link")
    for path in (file, "/dev/null", "/", link):
        assert forward.call("stat64", name(forward, path), OUT) == 0
        check_stat64(forward, os.stat(path))
        assert forward.call("lstat64", NAME, OUT) == 0
        check_stat64(forward, os.lstat(path))
    fd = os.open(file, os.O_RDONLY)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        assert forward.call("fstat64", fd, OUT) == 0
        check_stat64(forward, os.stat(file))
        assert forward.call("fstatat64", folder, name(forward, "link"), OUT, NOFOLLOW) == 0
        check_stat64(forward, os.lstat(link))
        assert forward.call("fstatat64", fd, name(forward, ""), OUT, EMPTY_PATH) == 0
        check_stat64(forward, os.stat(file))
        assert forward.call("fstatat64", AT_FDCWD, name(forward, ""), OUT, EMPTY_PATH) == 0
        check_stat64(forward, os.stat("."))
        assert forward.error("fstatat64", fd, name(forward, ""), OUT, 0) in ("ENOENT", "ENOTDIR")
        assert forward.error("fstatat64", folder, name(forward, "link"), OUT, 1) == "EINVAL"
    finally:
        os.close(fd)
        os.close(folder)
    assert forward.error("stat64", name(forward, "/no/such"), OUT) == "ENOENT"
    assert forward.error("stat64", UNMAPPED, OUT) == "EFAULT"
    assert forward.error("stat64", name(forward, "/"), UNMAPPED) == "EFAULT"


def test_old_status(forward: Process, file: Path) -> None:
    expected = file.stat()
    result = forward.call("stat", name(forward, file), OUT)
    if expected.st_ino > 0xFFFFFFFF:
        assert result == -errno.EOVERFLOW
        return
    assert result == 0
    values = dict(
        zip((field for field, _, _ in structs.Stat.fields), structs.Stat.read(forward.memory, OUT), strict=True)
    )
    assert values["st_ino"] == expected.st_ino
    assert values["st_mode"] == expected.st_mode
    assert values["st_size"] == 5000
    assert (values["st_mtime"], values["st_mtime_nsec"]) == (1_222_222_222, 987_654_321)
    os.truncate(file, 1 << 31)
    assert forward.error("stat", NAME, OUT) == "EOVERFLOW"
    assert forward.error("lstat", NAME, OUT) == "EOVERFLOW"
    assert forward.call("stat64", NAME, OUT) == 0
    os.truncate(file, (1 << 31) - 1)
    assert forward.call("stat", NAME, OUT) == 0


def test_statx(forward: Process, file: Path) -> None:
    expected = file.stat()
    assert forward.call("statx", AT_FDCWD, name(forward, file), 0, 0x7FF, OUT) == 0
    fields = dict(
        zip((field for field, _, _ in structs.Statx.fields), structs.Statx.read(forward.memory, OUT), strict=True)
    )
    assert fields["stx_size"] == 5000
    assert fields["stx_mode"] == expected.st_mode
    assert fields["stx_ino"] == expected.st_ino
    assert (fields["stx_mtime.tv_sec"], fields["stx_mtime.tv_nsec"]) == (1_222_222_222, 987_654_321)
    assert (fields["stx_dev_major"], fields["stx_dev_minor"]) == (os.major(expected.st_dev), os.minor(expected.st_dev))
    assert forward.call("statx", AT_FDCWD, name(forward, file.with_name("link")), NOFOLLOW, 0x7FF, OUT) == 0
    assert stat.S_ISLNK(int.from_bytes(forward.memory.read(OUT + 28, 2), "little"))
    assert forward.error("statx", AT_FDCWD, NAME, 0x80, 0x7FF, OUT) == "EINVAL"
    assert forward.error("statx", AT_FDCWD, NAME, 0, 0x80000000, OUT) == "EINVAL"
    assert forward.error("statx", AT_FDCWD, NAME, 0, 0x7FF, UNMAPPED) == "EFAULT"
    fd = os.open(file, os.O_RDONLY)
    assert forward.call("statx", fd, 0, EMPTY_PATH, 0x7FF, OUT) == 0
    assert int.from_bytes(forward.memory.read(OUT + 40, 8), "little") == 5000
    os.close(fd)


def test_access(forward: Process, file: Path) -> None:
    assert forward.call("access", name(forward, file), 4) == 0
    assert forward.error("access", NAME, 1) == "EACCES"
    assert forward.error("access", NAME, 8) == "EINVAL"
    assert forward.call("faccessat", AT_FDCWD, NAME, 0) == 0
    assert forward.call("faccessat2", AT_FDCWD, NAME, 4, 0x200) == 0
    assert forward.error("faccessat2", AT_FDCWD, NAME, 4, 0x8000) == "EINVAL"
    assert forward.error("access", name(forward, "/no/such"), 0) == "ENOENT"


def test_access_tells_of_the_grants(tmp_path: Path) -> None:
    for folder in ("readable", "writable"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "file").touch()
    guest = Process("sandbox", allow_read=[str(tmp_path / "readable")], allow_write=[str(tmp_path / "writable")])
    assert guest.call("access", name(guest, tmp_path / "readable/file"), 4) == 0
    assert guest.error("access", NAME, 2) == "EACCES"
    assert guest.call("access", name(guest, tmp_path / "writable/file"), 6) == 0
    assert guest.call("access", name(guest, "/dev/null"), 6) == 0
    assert guest.error("access", name(guest, "/etc/passwd"), 0) == "EACCES"
    guest.close()


def test_modes_and_owners(forward: Process, file: Path) -> None:
    def mode() -> int:
        return stat.S_IMODE(file.stat().st_mode)

    name(forward, file)
    assert forward.call("chmod", NAME, 0o4711) == 0
    assert mode() == 0o4711
    assert forward.call("fchmodat", AT_FDCWD, NAME, 0o600) == 0
    assert mode() == 0o600
    fd = os.open(file, os.O_RDWR)
    assert forward.call("fchmod", fd, 0o604) == 0
    assert mode() == 0o604
    assert forward.call("fchmodat2", AT_FDCWD, NAME, 0o640, 0) == 0
    assert mode() == 0o640
    assert forward.error("fchmodat2", AT_FDCWD, NAME, 0o640, 1) == "EINVAL"
    owner = (file.stat().st_uid, file.stat().st_gid)
    for call in (
        ("chown", NAME, 0xFFFF, 0xFFFF),
        ("lchown", NAME, 0xFFFF, 0xFFFF),
        ("fchown", fd, 0xFFFF, 0xFFFF),
        ("chown32", NAME, -1, -1),
        ("lchown32", NAME, -1, -1),
        ("fchown32", fd, -1, -1),
        ("fchownat", AT_FDCWD, NAME, -1, -1, 0),
        ("chown32", NAME, *owner),
    ):
        assert forward.call(*call) == 0
        assert (file.stat().st_uid, file.stat().st_gid) == owner
    os.close(fd)


def test_giving_files_away(forward: Process, file: Path) -> None:
    link = file.with_name("link")
    try:
        os.chown(file, 1, 1)
    except PermissionError:
        pytest.skip("this user may not give files away")
    os.chown(file, 0, 0)
    assert forward.call("lchown32", name(forward, link), 70000, 70001) == 0
    assert (os.lstat(link).st_uid, os.lstat(link).st_gid, file.stat().st_uid) == (70000, 70001, 0)
    assert forward.call("chown32", NAME, 0x80000000, -1) == 0
    assert (file.stat().st_uid, file.stat().st_gid) == (0x80000000, 0)
    assert forward.call("stat", NAME, OUT) == 0
    assert structs.Stat.read(forward.memory, OUT)[4] == 65534


def test_times(forward: Process, file: Path) -> None:
    def times() -> tuple[int, int]:
        return file.stat().st_atime_ns, file.stat().st_mtime_ns

    name(forward, file)
    forward.put(struct.pack("<4i", 1000, 5, -7, 999_999_999), MORE)
    assert forward.call("utimensat", AT_FDCWD, NAME, MORE, 0) == 0
    assert times() == (1000 * 10**9 + 5, -7 * 10**9 + 999_999_999)
    forward.put(struct.pack("<qI4xqI4x", 1 << 33, 6, 2000, 0x3FFFFFFE), MORE)  # UTIME_OMIT
    assert forward.call("utimensat_time64", AT_FDCWD, NAME, MORE, 0) == 0
    assert times() == ((1 << 33) * 10**9 + 6, -7 * 10**9 + 999_999_999)
    forward.put(struct.pack("<4i", 3000, 7, 4000, 8), MORE)
    assert forward.call("utimes", NAME, MORE) == 0
    assert times() == (3000 * 10**9 + 7000, 4000 * 10**9 + 8000)
    fd = os.open(file, os.O_RDONLY)
    forward.put(struct.pack("<4i", 1, 0, 2, 0), MORE)
    assert forward.call("utimensat", fd, 0, MORE, 0) == 0
    assert times() == (10**9, 2 * 10**9)
    os.close(fd)
    assert forward.call("futimesat", AT_FDCWD, NAME, 0) == 0
    assert times()[1] > 10**18
    link = file.with_name("link")
    assert forward.call("utimensat", AT_FDCWD, name(forward, link), MORE, NOFOLLOW) == 0
    assert os.lstat(link).st_mtime_ns == 2 * 10**9
    assert times()[1] > 10**18
    forward.put(struct.pack("<4i", 1, 1_000_000, 2, 0), MORE)
    assert forward.error("utimes", NAME, MORE) == "EINVAL"
    forward.put(struct.pack("<4i", 1, 1_000_000_000, 2, 0), MORE)
    assert forward.error("utimensat", AT_FDCWD, NAME, MORE, 0) == "EINVAL"
    assert forward.error("utimensat", AT_FDCWD, 0, 0, 0) == "EFAULT"


def test_file_systems(forward: Process, file: Path) -> None:
    expected = os.statvfs(file)
    assert forward.call("statfs64", name(forward, file), 84, OUT) == 0
    values = structs.Statfs64.read(forward.memory, OUT)
    assert values[1:3] == (expected.f_bsize, expected.f_blocks)
    assert values[5] == expected.f_files
    assert forward.call("statfs64", NAME, 88, OUT) == 0
    assert forward.error("statfs64", NAME, 80, OUT) == "EINVAL"
    fd = os.open("/proc", os.O_RDONLY)
    assert forward.call("fstatfs64", fd, 84, OUT) == 0
    assert structs.Statfs64.read(forward.memory, OUT)[0] == 0x9FA0
    assert forward.call("fstatfs", fd, OUT) == 0
    assert structs.Statfs.read(forward.memory, OUT)[0] == 0x9FA0
    os.close(fd)
    assert forward.call("statfs", name(forward, "/proc"), OUT) == 0
    assert forward.error("statfs", name(forward, "/no/such"), OUT) == "ENOENT"


@pytest.mark.parametrize("mode", ["forward", "sandbox"])
def test_attributes(mode: str, file: Path) -> None:
    try:
        os.setxattr(file, "user.probe", b"")
    except OSError:
        pytest.skip("the file system has no user attributes")
    os.removexattr(file, "user.probe")
    guest = Process(mode, allow_write=[str(file.parent)])
    name(guest, file)
    key, value = guest.put(b"user.colour\0", MORE), guest.put(b"green", MORE + 0x100)
    assert guest.call("setxattr", NAME, key, value, 5, 0) == 0
    assert os.getxattr(file, "user.colour") == b"green"
    assert guest.call("getxattr", NAME, key, OUT, 100) == 5
    assert guest.memory.read(OUT, 5) == b"green"
    assert guest.call("getxattr", NAME, key, 0, 0) == 5
    assert guest.error("getxattr", NAME, key, OUT, 2) == "ERANGE"
    assert guest.call("listxattr", NAME, OUT, 100) >= len(b"user.colour\0")
    assert guest.error("setxattr", NAME, key, value, 5, 1) == "EEXIST"
    guest.put(os.fsencode(file) + b"\0", NAME)
    fd = guest.call("open", NAME, 2, 0)
    assert guest.call("fgetxattr", fd, key, OUT, 100) == 5
    assert guest.call("fsetxattr", fd, key, value, 4, 0) == 0
    assert guest.call("flistxattr", fd, OUT, 100) >= 12
    assert guest.call("fremovexattr", fd, key) == 0
    assert guest.error("fgetxattr", fd, key, OUT, 100) == "ENODATA"
    assert guest.error("removexattr", NAME, key) == "ENODATA"
    assert guest.error("lgetxattr", NAME, key, OUT, 100) == "ENODATA"
    if mode == "sandbox":
        guest.put(b"security.capability\0", MORE)
        assert guest.error("setxattr", NAME, key, value, 5, 0) == "EPERM"
    os.close(fd)
    guest.close()
