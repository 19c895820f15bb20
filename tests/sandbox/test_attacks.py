"""Ways out of the sandbox, each tried: nothing outside may be read, changed or found."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.linux.process import DATA, Process, process
from tests.sandbox.world import (
    AT_FDCWD,
    BUFFER,
    PATH_AT,
    READABLE,
    SECOND_AT,
    SECRET,
    STRUCT,
    World,
    content,
    opened,
    sandboxed,
)

# ARM values
O_WRONLY, O_RDWR = 1, 2
O_CREAT, O_EXCL, O_TRUNC = 0o100, 0o200, 0o1000
O_DIRECTORY, O_NOFOLLOW = 0o40000, 0o100000
O_PATH, O_TMPFILE = 0o10000000, 0o20040000
AT_EMPTY_PATH, AT_SYMLINK_FOLLOW = 0x1000, 0x400


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture(params=["openat2", "walk"])
def guest(request: pytest.FixtureRequest, world: World) -> Iterator[Process]:
    with sandboxed(world, openat2=request.param == "openat2") as made:
        yield made


# Spellings of files that are not granted. {r} is the readable tree, {w} the writable one, {o} the one outside; a
# path that does not begin with "/" starts in the readable tree.
ESCAPES = [
    "{o}/secret",
    "/{o}/secret",
    "../outside/secret",
    "sub/../../outside/secret",
    "./././../outside/secret",
    "sub/deep/../../../outside/secret",
    "{r}/../outside/secret",
    "{r}//..//outside//secret",
    "{w}/../outside/secret",
    "to-secret",
    "to-secret-absolute",
    "to-link",
    "to-outside/secret",
    "to-outside-absolute/secret",
    "to-root/{o}/secret",
    "sub/../to-secret",
    "{w}/to-secret",
    "{w}/to-secret-absolute",
    "{w}/to-outside/secret",
    "{w}/../readable/to-outside/secret",
    "/proc/self/cwd/../outside/secret",
    "/proc/self/root/{o}/secret",
    "/proc/thread-self/cwd/to-secret",
    "/proc/self/task/self/root/{o}/secret",
    "to-proc/cwd/../outside/secret",
    "to-proc/root/{o}/secret",
    "to-root/proc/self/root/{o}/secret",
    "/dev/fd/../../{o}/secret",
    "/dev/../{o}/secret",
    "/proc/../{o}/secret",
    "/proc/1/root/{o}/secret",
    "/proc/{pid}/root/{o}/secret",
    "/proc/{pid}/cwd/to-secret",
    "../" * 60 + "{o}/secret",
]

# Calls on one path, which is in PATH_AT; the second path is in SECOND_AT. Each must fail.
CALLS: dict[str, Callable[[Process], int]] = {
    "read": lambda g: g.call("openat", AT_FDCWD, PATH_AT, 0),
    "open": lambda g: g.call("open", PATH_AT, 0),
    "write": lambda g: g.call("openat", AT_FDCWD, PATH_AT, O_RDWR),
    "truncate": lambda g: g.call("openat", AT_FDCWD, PATH_AT, O_WRONLY | O_TRUNC),
    "create": lambda g: g.call("openat", AT_FDCWD, PATH_AT, O_WRONLY | O_CREAT, 0o666),
    "creat": lambda g: g.call("creat", PATH_AT, 0o666),
    "path": lambda g: g.call("openat", AT_FDCWD, PATH_AT, O_PATH),
    "openat2": lambda g: g.call("openat2", AT_FDCWD, PATH_AT, how(g, 0), 24),
    "openat2 in root": lambda g: g.call("openat2", AT_FDCWD, PATH_AT, how(g, 0, resolve=0x10), 24),
    "openat2 no links": lambda g: g.call("openat2", AT_FDCWD, PATH_AT, how(g, 0, resolve=0x04), 24),
    "openat2 creating": lambda g: g.call("openat2", AT_FDCWD, PATH_AT, how(g, O_CREAT | O_WRONLY, 0o666), 24),
    "stat": lambda g: g.call("stat64", PATH_AT, STRUCT),
    "old stat": lambda g: g.call("stat", PATH_AT, STRUCT),
    "fstatat": lambda g: g.call("fstatat64", AT_FDCWD, PATH_AT, STRUCT, 0),
    "statx": lambda g: g.call("statx", AT_FDCWD, PATH_AT, 0, 0x7FF, STRUCT),
    "statfs": lambda g: g.call("statfs64", PATH_AT, 84, STRUCT),
    "access": lambda g: g.call("access", PATH_AT, 0),
    "faccessat2": lambda g: g.call("faccessat2", AT_FDCWD, PATH_AT, 4, 0x200),
    "chdir": lambda g: g.call("chdir", PATH_AT),
    "chmod": lambda g: g.call("chmod", PATH_AT, 0o777),
    "fchmodat": lambda g: g.call("fchmodat", AT_FDCWD, PATH_AT, 0o777),
    "chown": lambda g: g.call("chown32", PATH_AT, 12345, 12345),
    "old chown": lambda g: g.call("chown", PATH_AT, 12345, 12345),
    "truncate64": lambda g: g.call("truncate64", PATH_AT, 0, 0, 0),
    "truncate32": lambda g: g.call("truncate", PATH_AT, 0),
    "utimensat": lambda g: g.call("utimensat", AT_FDCWD, PATH_AT, 0, 0),
    "utimes": lambda g: g.call("utimes", PATH_AT, 0),
    "setxattr": lambda g: g.call("setxattr", PATH_AT, SECOND_AT, SECOND_AT, 1, 0),
    "getxattr": lambda g: g.call("getxattr", PATH_AT, SECOND_AT, BUFFER, 100),
    "listxattr": lambda g: g.call("listxattr", PATH_AT, BUFFER, 100),
    "removexattr": lambda g: g.call("removexattr", PATH_AT, SECOND_AT),
    "link from": lambda g: g.call("linkat", AT_FDCWD, PATH_AT, AT_FDCWD, SECOND_AT, AT_SYMLINK_FOLLOW),
    "mkdir": lambda g: g.call("mkdir", PATH_AT, 0o777),
    "mknod": lambda g: g.call("mknod", PATH_AT, 0o010666, 0),
    "symlink": lambda g: g.call("symlink", SECOND_AT, PATH_AT),
    "rmdir": lambda g: g.call("rmdir", PATH_AT),
}


def how(guest: Process, flags: int, mode: int = 0, resolve: int = 0) -> int:
    return guest.put(struct.pack("<QQQ", flags, mode, resolve), STRUCT)


@pytest.mark.parametrize("call", CALLS)
def test_no_spelling_leads_out(guest: Process, world: World, call: str) -> None:
    before = world.outside_state()
    for template in ESCAPES:
        names = {"r": world.readable, "w": world.writable, "o": world.outside, "pid": os.getpid()}
        path = template.format(**names)
        guest.put(os.fsencode(path) + b"\0", PATH_AT)
        guest.put(os.fsencode(world.writable / "user.x") + b"\0", SECOND_AT)
        result = CALLS[call](guest)
        # In the root of openat2, ".." and "/" mean the directory itself: what is there was granted.
        assert result < 0, f"{call}({path}) gave {result}"
        assert -result in (
            errno.EACCES,
            errno.EPERM,
            errno.ENOENT,
            errno.ENOTDIR,
            errno.EEXIST,
            errno.EXDEV,
            errno.ELOOP,
        ), f"{call}({path}) gave {errno.errorcode[-result]}"
        assert guest.policy.paths.working_directory() == os.fsencode(world.readable)
    assert world.outside_state() == before
    assert not (world.writable / "user.x").exists()


NAME_CALLS: dict[str, Callable[[Process], int]] = {
    "unlink": lambda g: g.call("unlink", PATH_AT),
    "unlinkat": lambda g: g.call("unlinkat", AT_FDCWD, PATH_AT, 0),
    "rename from": lambda g: g.call("rename", PATH_AT, SECOND_AT),
    "rename to": lambda g: g.call("rename", SECOND_AT, PATH_AT),
    "exchange": lambda g: g.call("renameat2", AT_FDCWD, SECOND_AT, AT_FDCWD, PATH_AT, 2),
    "link to": lambda g: g.call("link", SECOND_AT, PATH_AT),
    "symlink": lambda g: g.call("symlinkat", SECOND_AT, AT_FDCWD, PATH_AT),
    "mkdirat": lambda g: g.call("mkdirat", AT_FDCWD, PATH_AT, 0o777),
    "create": lambda g: g.call("openat", AT_FDCWD, PATH_AT, O_CREAT | O_EXCL | O_WRONLY, 0o666),
    "lchown": lambda g: g.call("lchown32", PATH_AT, 1, 1),
}
PARENTS = [
    "{o}",
    "../outside",
    "to-outside",
    "to-outside-absolute",
    "{w}/to-outside",
    "{w}/../outside",
    "to-root/{o}",
    "/proc/self/root/{o}",
]


@pytest.mark.parametrize("call", NAME_CALLS)
@pytest.mark.parametrize("last", ["secret", "new", "sub", "secret/", "sub/.."])
def test_no_parent_leads_out(guest: Process, world: World, call: str, last: str) -> None:
    before = world.outside_state()
    for template in PARENTS:
        folder = template.format(r=world.readable, w=world.writable, o=world.outside)
        guest.put(os.fsencode(f"{folder}/{last}") + b"\0", PATH_AT)
        guest.put(os.fsencode(world.writable / "file") + b"\0", SECOND_AT)
        assert NAME_CALLS[call](guest) < 0, f"{call}({folder}/{last})"
    assert world.outside_state() == before
    assert (world.writable / "file").read_bytes() == READABLE


def test_reading_through_granted_links_works(guest: Process, world: World) -> None:
    for path in (
        "file",
        "to-file",
        "to-file-absolute",
        f"{world.writable}/to-file-absolute",
        "sub/../sub/file",
        "../writable/file",
    ):
        fd = opened(guest, path)
        assert fd >= 0, path
        assert content(guest, fd) == READABLE
        assert guest.call("close", fd) == 0


def test_a_read_grant_does_not_let_write(guest: Process, world: World) -> None:
    for path, flags in (
        ("file", O_WRONLY),
        ("file", O_RDWR),
        ("file", O_TRUNC),
        ("new", O_CREAT),
        (".", O_TMPFILE | O_RDWR),
    ):
        assert opened(guest, path, flags, 0o666) == -errno.EACCES, (path, flags)
    assert opened(guest, "to-file", O_WRONLY) == -errno.EACCES
    assert sorted(os.listdir(world.readable / "sub")) == ["deep", "file"]
    guest.put(b"file\0", PATH_AT)
    for call in ("chmod", "chown", "truncate64", "utimensat", "create", "mknod"):
        assert CALLS[call](guest) < 0
    assert (world.readable / "file").read_bytes() == READABLE
    guest.put(b"sub/new\0", PATH_AT)
    guest.put(b"target\0", SECOND_AT)
    for call in ("mkdir", "mknod", "symlink", "create"):
        assert CALLS[call](guest) == -errno.EACCES


def test_a_read_only_descriptor_does_not_let_attributes_change(guest: Process) -> None:
    fd = opened(guest, "file")
    assert guest.call("fchmod", fd, 0o777) == -errno.EACCES
    assert guest.call("fchown32", fd, 1, 1) == -errno.EACCES
    assert guest.call("utimensat", fd, 0, 0, 0) == -errno.EACCES
    guest.put(b"\0", PATH_AT)
    assert guest.call("fchownat", fd, PATH_AT, 1, 1, AT_EMPTY_PATH) == -errno.EACCES
    guest.put(b"user.x\0", SECOND_AT)
    assert guest.call("fsetxattr", fd, SECOND_AT, SECOND_AT, 1, 0) == -errno.EACCES


def test_a_hard_link_does_not_make_a_readable_file_writable(guest: Process, world: World) -> None:
    guest.put(os.fsencode(world.readable / "file") + b"\0", PATH_AT)
    guest.put(os.fsencode(world.writable / "mine") + b"\0", SECOND_AT)
    assert guest.call("link", PATH_AT, SECOND_AT) == -errno.EACCES
    fd = opened(guest, "file")
    guest.put(b"\0", PATH_AT)
    assert guest.call("linkat", fd, PATH_AT, AT_FDCWD, SECOND_AT, AT_EMPTY_PATH) == -errno.EACCES
    guest.put(b"/proc/self/fd/%d\0" % fd, PATH_AT)
    assert guest.call("linkat", AT_FDCWD, PATH_AT, AT_FDCWD, SECOND_AT, AT_SYMLINK_FOLLOW) == -errno.EACCES
    assert not (world.writable / "mine").exists()


def test_renaming_needs_both_names_granted(guest: Process, world: World) -> None:
    guest.put(os.fsencode(world.readable / "file") + b"\0", PATH_AT)
    guest.put(os.fsencode(world.writable / "mine") + b"\0", SECOND_AT)
    assert guest.call("rename", PATH_AT, SECOND_AT) == -errno.EACCES
    assert guest.call("rename", SECOND_AT, PATH_AT) == -errno.EACCES


def test_opening_a_descriptor_anew_gives_no_more_rights(guest: Process, world: World) -> None:
    fd = opened(guest, "file")
    for name in (f"/proc/self/fd/{fd}", f"/dev/fd/{fd}", f"/proc/{os.getpid()}/fd/{fd}"):
        assert opened(guest, name, O_RDWR) == -errno.EACCES
        assert opened(guest, name, O_TRUNC) == -errno.EACCES
        again = opened(guest, name)
        assert again >= 0
        assert content(guest, again) == READABLE
    assert (world.readable / "file").read_bytes() == READABLE
    opath = opened(guest, "file", O_PATH)
    assert opened(guest, f"/proc/self/fd/{opath}", O_RDWR) == -errno.EACCES


def test_a_directory_descriptor_does_not_lead_out(guest: Process, world: World) -> None:
    before = world.outside_state()
    for folder in ("sub", ".", "sub/deep", str(world.writable)):
        fd = opened(guest, folder, O_DIRECTORY)
        assert fd >= 0
        up = "../" * 9
        for path in (
            "../../outside/secret",
            "../outside/secret",
            up + str(world.secret),
            f"{up}{world.secret}",
            str(world.secret),
        ):
            assert opened(guest, path, dirfd=fd) in (-errno.EACCES, -errno.ENOENT), (folder, path)
            assert opened(guest, path, O_CREAT | O_WRONLY, 0o666, dirfd=fd) in (-errno.EACCES, -errno.ENOENT)
        assert guest.call("fchdir", fd) == 0
        assert opened(guest, "../" * 9 + str(world.secret)) == -errno.EACCES
        guest.policy.paths.change_directory(os.fsencode(world.readable))
    assert world.outside_state() == before


def test_going_up_inside_the_grant_works(guest: Process, world: World) -> None:
    fd = opened(guest, "sub/deep", O_DIRECTORY)
    inner = opened(guest, "../../file", dirfd=fd)
    assert content(guest, inner) == READABLE
    assert opened(guest, "../../../writable/file", O_RDWR, dirfd=fd) >= 0
    assert guest.call("fchdir", fd) == 0
    assert content(guest, opened(guest, "../file")) == READABLE
    guest.put(b"..\0", PATH_AT)
    assert guest.call("chdir", PATH_AT) == 0
    assert guest.policy.paths.working_directory() == os.fsencode(world.readable / "sub")
    assert guest.call("chdir", PATH_AT) == 0
    assert guest.policy.paths.working_directory() == os.fsencode(world.readable)
    assert Path.cwd() == world.readable


def test_the_hosts_working_directory_does_not_matter(guest: Process, world: World) -> None:
    """Programs that embed a guest may change theirs while it runs."""
    assert content(guest, opened(guest, "file")) == READABLE
    os.chdir(world.outside)
    for path in ("secret", "./secret", "../outside/secret"):
        assert opened(guest, path) in (-errno.EACCES, -errno.ENOENT)
    assert content(guest, opened(guest, "sub/file")) == READABLE
    guest.put(b"sub\0", PATH_AT)
    assert guest.call("chdir", PATH_AT) == 0
    assert Path.cwd() == world.outside
    guest.put(b"file\0", PATH_AT)
    assert guest.call("chdir", PATH_AT) == -errno.ENOTDIR


def test_directories_above_a_grant_can_be_looked_at_only(guest: Process, world: World) -> None:
    guest.put(os.fsencode(world.root) + b"\0", PATH_AT)
    assert guest.call("stat64", PATH_AT, STRUCT) == 0
    assert guest.call("lstat64", PATH_AT, STRUCT) == 0
    assert opened(guest, world.root, O_DIRECTORY) == -errno.EACCES
    assert guest.call("access", PATH_AT, 4) == -errno.EACCES
    assert guest.call("access", PATH_AT, 2) == -errno.EACCES
    assert guest.call("mkdir", PATH_AT, 0o777) == -errno.EEXIST
    assert guest.call("chdir", PATH_AT) == 0
    assert opened(guest, "outside/secret") == -errno.EACCES
    assert content(guest, opened(guest, "readable/file")) == READABLE


def test_a_writable_directory_in_a_readable_one_stays(tmp_path: Path) -> None:
    (tmp_path / "writable").mkdir()
    name = os.fsencode(tmp_path / "writable") + b"\0"
    with process("sandbox", allow_read=[str(tmp_path)], allow_write=[str(tmp_path / "writable")]) as guest:
        assert guest.error("rmdir", guest.put(name)) == "EBUSY"
        assert guest.error("rename", DATA, guest.put(name[:-1] + b"2\0", DATA + 0x200)) == "EBUSY"
        assert guest.error("mkdir", DATA, 0o755) == "EEXIST"
        assert guest.call("mkdir", guest.put(name[:-1] + b"/new\0"), 0o755) == 0
    assert (tmp_path / "writable" / "new").is_dir()


def test_a_granted_directory_itself_stays(guest: Process, world: World) -> None:
    guest.put(os.fsencode(world.writable) + b"\0", PATH_AT)
    guest.put(os.fsencode(world.writable / "x") + b"\0", SECOND_AT)
    assert guest.call("rmdir", PATH_AT) < 0
    assert guest.call("rename", PATH_AT, SECOND_AT) < 0
    assert guest.call("mkdir", PATH_AT, 0o777) == -errno.EEXIST
    assert world.writable.is_dir()


# Descriptors of the host


def test_inherited_descriptors_are_not_there(world: World) -> None:
    with world.secret.open("rb") as file, sandboxed(world) as guest:
        fd = file.fileno()
        assert fd > 2
        for call in (
            ("read", fd, BUFFER, 100),
            ("pread64", fd, BUFFER, 100, 0, 0, 0),
            ("dup", fd),
            ("dup2", fd, 50),
            ("dup3", fd, 50, 0),
            ("fcntl64", fd, 0, 0),
            ("fstat64", fd, STRUCT),
            ("lseek", fd, 0, 0),
            ("sendfile64", 1, fd, 0, 100),
            ("copy_file_range", fd, 0, 1, 0, 100, 0),
            ("splice", fd, 0, 1, 0, 100, 0),
            ("ioctl", fd, 0x541B, STRUCT),
            ("flock", fd, 1),
            ("close", fd),
            ("fchdir", fd),
            ("epoll_ctl", fd, 1, 0, STRUCT),
            ("getdents64", fd, BUFFER, 1000),
            ("fsync", fd),
        ):
            assert guest.error(*call) == "EBADF", call
        for name in (
            f"/proc/self/fd/{fd}",
            f"/dev/fd/{fd}",
            f"/proc/{os.getpid()}/fd/{fd}",
            f"/proc/self/task/self/fd/{fd}",
        ):
            assert opened(guest, name) == -errno.ENOENT
            guest.put(name.encode() + b"\0", PATH_AT)
            assert guest.call("readlink", PATH_AT, BUFFER, 100) == -errno.ENOENT
        guest.put(struct.pack("<ihh", fd, 1, 0), STRUCT)
        assert guest.call("poll", STRUCT, 1, -1) == 1
        assert guest.memory.read(STRUCT, 8) == struct.pack("<ihh", fd, 1, 0x20)
        guest.put((1 << fd).to_bytes(128, "little"), STRUCT)
        assert guest.error("_newselect", fd + 1, STRUCT, 0, 0, 0) == "EBADF"
        guest.put(struct.pack("<qQQQ", fd, 0, 0, 0), STRUCT)
        target = opened(guest, world.writable / "copy", O_CREAT | O_RDWR, 0o600)
        assert guest.error("ioctl", target, 0x4020940D, STRUCT) == "EBADF"
        assert guest.error("ioctl", target, 0x40049409, fd) == "EBADF"
        assert file.read() == SECRET


def test_closing_everything_leaves_the_host_alone(world: World) -> None:
    with world.secret.open("rb") as file, sandboxed(world) as guest:
        mine = opened(guest, "file")
        assert guest.error("dup2", mine, file.fileno()) == "EBUSY"
        assert guest.error("dup3", mine, file.fileno(), 0o2000000) == "EBUSY"
        opened(guest, "/nowhere")
        hidden = set(guest.policy.descriptors.hidden)
        assert hidden
        assert guest.call("close_range", 3, 0xFFFFFFFF, 0) == 0
        assert guest.error("read", mine, BUFFER, 1) == "EBADF"
        assert file.read() == SECRET
        assert content(guest, opened(guest, "file")) == READABLE
        for fd in hidden:
            os.fstat(fd)
            assert guest.error("close", fd) == "EBADF"
            assert guest.error("dup2", 0, fd) == "EBUSY"


def test_hidden_descriptors_do_not_exist_in_forward_mode(tmp_path: Path) -> None:
    guest = Process("forward")
    try:
        own = guest.policy.descriptors.move_up(os.open("/dev/null", os.O_RDWR))
        for call in (("read", own, BUFFER, 1), ("close", own), ("dup", own), ("fcntl64", own, 1, 0)):
            assert guest.error(*call) == "EBADF"
        assert guest.error("dup2", 0, own) == "EBUSY"
        assert guest.error("dup3", 0, own, 0) == "EBUSY"
        assert opened(guest, f"/proc/self/fd/{own}") == -errno.ENOENT
        os.fstat(own)
    finally:
        guest.close()


def with_stdin(fd: int) -> Callable[[], None]:
    """Put a descriptor in the place of fd 0; give what puts the old one back."""
    saved = os.dup(0)
    os.dup2(fd, 0)

    def restore() -> None:
        os.dup2(saved, 0)
        os.close(saved)

    return restore


def test_a_directory_as_stdin_is_no_way_in(world: World) -> None:
    fd = os.open(world.outside, os.O_RDONLY)
    restore = with_stdin(fd)
    try:
        with sandboxed(world) as guest:
            for path in ("secret", "./secret", "../outside/secret", "new"):
                assert opened(guest, path, dirfd=0) == -errno.EACCES
                assert opened(guest, path, O_CREAT | O_WRONLY, 0o666, dirfd=0) == -errno.EACCES
                assert opened(guest, f"/proc/self/fd/0/{path}") == -errno.EACCES
                assert opened(guest, f"/dev/fd/0/{path}") == -errno.EACCES
                guest.put(path.encode() + b"\0", PATH_AT)
                assert guest.call("fstatat64", 0, PATH_AT, STRUCT, 0) == -errno.EACCES
                assert guest.call("unlinkat", 0, PATH_AT, 0) == -errno.EACCES
                how(guest, 0, resolve=0x08)
                assert guest.call("openat2", 0, PATH_AT, STRUCT, 24) == -errno.EACCES
            assert guest.call("fchdir", 0) == -errno.EACCES
            assert guest.call("dup", 0) >= 0
    finally:
        restore()
        os.close(fd)


def test_what_the_host_gave_keeps_its_attributes(world: World) -> None:
    fd = os.open(world.secret, os.O_RDWR | os.O_APPEND)
    restore = with_stdin(fd)
    try:
        with sandboxed(world) as guest:
            before = world.outside_state()
            copy = guest.call("dup", 0)
            for number in (0, copy):
                assert guest.call("fchmod", number, 0o777) == -errno.EACCES
                assert guest.call("fchown32", number, 1, 1) == -errno.EACCES
                assert guest.call("utimensat", number, 0, 0, 0) == -errno.EACCES
                assert guest.call("ftruncate64", number, 0, 0, 0) == -errno.EPERM
                assert guest.call("ftruncate", number, 0) == -errno.EPERM
                assert guest.call("fallocate", number, 3, 0, 0, 4, 0) == -errno.EPERM
                assert guest.call("fcntl64", number, 4, 0) == -errno.EPERM  # F_SETFL without O_APPEND
                assert (
                    opened(guest, f"/proc/self/fd/{number}", O_RDWR | O_TRUNC) < 0
                    or world.secret.read_bytes() == SECRET
                )
                again = opened(guest, f"/dev/fd/{number}", O_RDWR)
                assert fcntl.fcntl(again, fcntl.F_GETFL) & os.O_APPEND
            assert world.outside_state() == before
    finally:
        restore()
        os.close(fd)


def test_stdin_that_is_read_only_is_not_opened_for_writing(world: World) -> None:
    fd = os.open(world.secret, os.O_RDONLY)
    restore = with_stdin(fd)
    try:
        with sandboxed(world) as guest:
            for name in ("/dev/stdin", "/proc/self/fd/0", "/dev/fd/0"):
                for flags in (O_WRONLY, O_RDWR, O_WRONLY | O_TRUNC, O_PATH):
                    assert opened(guest, name, flags) == -errno.EACCES
                guest.put(name.encode() + b"\0", PATH_AT)
                assert guest.call("truncate64", PATH_AT, 0, 0, 0) == -errno.EACCES
                assert guest.call("chmod", PATH_AT, 0o777) == -errno.EACCES
            assert opened(guest, "/dev/stdin") >= 0
    finally:
        restore()
        os.close(fd)
    assert world.secret.read_bytes() == SECRET


# Memory of the emulator

OWN = ["/proc/self", "/proc/thread-self", "/proc/{pid}", "/proc/self/task/{pid}", "/proc/{pid}/task/{pid}"]
SHOWS_MEMORY = ["mem", "map_files", "pagemap", "smaps", "smaps_rollup", "numa_maps", "clear_refs", "syscall", "stack"]


@pytest.mark.parametrize("mode", ["sandbox", "sandbox, all granted", "forward"])
@pytest.mark.parametrize("own", OWN)
def test_the_emulators_memory_is_not_to_be_had(mode: str, own: str) -> None:
    granted = {"allow_read": True, "allow_write": True} if "all" in mode else {}
    guest = Process(mode.partition(",")[0], **granted)
    try:
        base = own.format(pid=os.getpid())
        for name in SHOWS_MEMORY:
            for flags in (0, O_WRONLY, O_RDWR):
                for spelling in (f"{base}/{name}", f"/{base}//./{name}", f"/proc/../{base}/{name}"):
                    result = opened(guest, spelling, flags)
                    if result >= 0 and name == "mem":
                        reads_only_its_own(guest, result, flags)
                        continue
                    assert result in (-errno.EACCES, -errno.ENOENT, -errno.EISDIR, -errno.EPERM), (spelling, flags)
    finally:
        guest.close()


def reads_only_its_own(guest: Process, fd: int, flags: int) -> None:
    """Check that a descriptor of /proc/self/mem shows the guest's memory, and not a byte of the emulator's."""
    guest.put(b"the guest's", BUFFER + 64)
    for address in (guest.memory.base, guest.memory.base + BUFFER, id(guest), 1 << 32, 0, 8):
        low, high = address & 0xFFFFFFFF, address >> 32
        assert guest.call("pread64", fd, BUFFER, 16, 0, low, high) in (-errno.EIO, -errno.EBADF)
        assert guest.call("pwrite64", fd, BUFFER, 16, 0, low, high) in (-errno.EIO, -errno.EBADF)
    if flags != O_WRONLY:
        assert guest.call("pread64", fd, BUFFER, 11, 0, BUFFER + 64, 0) == 11
        assert guest.memory.read(BUFFER, 11) == b"the guest's"
    for name in ("readv", "writev", "ftruncate"):
        assert guest.call(name, fd, BUFFER, 1) < 0
    assert guest.call("mmap2", 0, 4096, 3, 1, fd, 0) == -errno.ENODEV
    assert guest.call("close", fd) == 0


@pytest.mark.parametrize("mode", ["sandbox, all granted", "forward"])
def test_no_way_round_leads_to_memory(mode: str, tmp_path: Path) -> None:
    guest = Process(mode.partition(",")[0], **({"allow_read": True, "allow_write": True} if "all" in mode else {}))
    here = os.getcwd()
    try:
        link, proc = tmp_path / "link", tmp_path / "proc"
        link.symlink_to("/proc/self/mem")
        proc.symlink_to("/proc")
        pid = os.getpid()
        for path in (link, f"{proc}/self/mem", f"{proc}/{pid}/mem", "/proc/../proc/self/mem", "/tmp/../proc/self/mem"):
            for flags in (0, O_RDWR):
                result = opened(guest, path, flags)
                if result >= 0:
                    reads_only_its_own(guest, result, flags)
                else:
                    assert result in (-errno.EACCES, -errno.ENOENT), (path, flags)
        for path in (
            f"/proc/{os.getppid()}/mem",
            f"/proc/self/root/proc/{pid}/mem",
            "/dev/mem",
            "/dev/kmem",
            "/dev/port",
            "/proc/kcore",
        ):
            assert opened(guest, path) in (-errno.EACCES, -errno.ENOENT, -errno.EPERM, -errno.ENXIO), path
        folder = opened(guest, f"/proc/{pid}", O_DIRECTORY)
        if folder >= 0:
            assert opened(guest, "mem", O_RDWR, dirfd=folder) == -errno.EACCES
            assert opened(guest, "task/../mem", O_RDWR, dirfd=folder) == -errno.EACCES
            assert guest.call("fchdir", folder) == 0
            assert opened(guest, "mem", O_RDWR) == -errno.EACCES
    finally:
        os.chdir(here)
        guest.close()


def test_processes_of_the_host_are_not_shown() -> None:
    guest = Process("sandbox", allow_read=True)
    try:
        for path in (
            "/proc/1/environ",
            "/proc/1/cmdline",
            f"/proc/{os.getpid()}/environ",
            "/proc/self/environ",
        ):
            assert opened(guest, path) in (-errno.EACCES, -errno.ENOENT), path
        assert content(guest, opened(guest, "/proc/uptime"))
        assert opened(guest, "/proc/sys/kernel/core_pattern") == -errno.EACCES
    finally:
        guest.close()


# Devices and terminals


def test_devices_need_a_grant_of_their_own(world: World) -> None:
    with sandboxed(world, allow_read=True, allow_write=["/dev"]) as guest:
        for path in (
            "/dev/tty",
            "/dev/ptmx",
            "/dev/vda",
            "/dev/sda",
            "/dev/kmsg",
            "/dev/mem",
            "/dev/console",
            "/dev/tty0",
        ):
            assert opened(guest, path) in (-errno.EACCES, -errno.ENOENT), path
            assert opened(guest, path, O_RDWR) in (-errno.EACCES, -errno.ENOENT), path
    with sandboxed(world) as guest:
        assert content(guest, opened(guest, "/dev/zero")) == bytes(4096)
        assert opened(guest, "/dev/null", O_RDWR) >= 0
        for path in ("/dev/null", "/dev/zero"):
            guest.put(path.encode() + b"\0", PATH_AT)
            assert guest.call("chmod", PATH_AT, 0o600) == -errno.EACCES
            assert guest.call("unlink", PATH_AT) == -errno.EACCES
            assert guest.call("utimensat", AT_FDCWD, PATH_AT, 0, 0) == -errno.EACCES
        null = opened(guest, "/dev/null", O_RDWR)
        assert guest.call("fchmod", null, 0o600) == -errno.EACCES


def test_devices_and_set_user_id_files_are_not_made(world: World) -> None:
    with sandboxed(world) as guest:
        path = world.writable / "device"
        guest.put(os.fsencode(path) + b"\0", PATH_AT)
        assert guest.call("mknod", PATH_AT, 0o020666, 0x0103) == -errno.EPERM
        assert guest.call("mknod", PATH_AT, 0o060666, 0x0800) == -errno.EPERM
        assert not path.exists()
        fd = opened(guest, path, O_CREAT | O_WRONLY, 0o6755)
        assert path.stat().st_mode & 0o6000 == 0
        assert guest.call("chmod", PATH_AT, 0o6755) == 0
        assert guest.call("fchmod", fd, 0o6755) == 0
        assert path.stat().st_mode & 0o6000 == 0


def test_a_terminal_is_not_typed_into() -> None:
    master, slave = os.openpty()
    restore = with_stdin(slave)
    guest = Process("sandbox")
    try:
        guest.put(b"x", STRUCT)
        for request in (0x5412, 0x540E, 0x5414, 0x541C, 0x5423, 0x5422):  # TIOCSTI TIOCSCTTY TIOCSWINSZ TIOCLINUX ...
            assert guest.error("ioctl", 0, request, STRUCT) in ("EPERM", "ENOTTY"), hex(request)
        assert guest.call("ioctl", 0, 0x541B, STRUCT) == 0  # FIONREAD: nothing was typed
        assert guest.word(STRUCT) == 0
        assert guest.call("ioctl", 0, 0x5401, STRUCT) == 0
        assert guest.call("ioctl", 0, 0x5413, STRUCT) == 0
    finally:
        guest.close()
        restore()
        os.close(master)
        os.close(slave)


@pytest.mark.parametrize("mode", ["sandbox", "forward"])
def test_no_signals_are_asked_for(mode: str) -> None:
    guest = Process(mode)
    try:
        for command in (8, 10, 15, 1024, 1026):  # F_SETOWN F_SETSIG F_SETOWN_EX F_SETLEASE F_NOTIFY
            assert guest.error("fcntl64", 0, command, os.getpid()) in ("EPERM", "EINVAL")
            assert guest.error("fcntl", 0, command, os.getpid()) in ("EPERM", "EINVAL")
    finally:
        guest.close()


@pytest.mark.parametrize("mode", ["sandbox", "forward"])
def test_unknown_ioctls_do_not_reach_the_host(mode: str) -> None:
    guest = Process(mode)
    try:
        for request in (
            0x2285,
            0xC0186441,
            0x4B72,
            0xC0109428,
        ):  # SG_IO, DRM...
            assert guest.error("ioctl", 0, request, STRUCT) == "ENOTTY"
    finally:
        guest.close()


# Races


def test_swapping_a_directory_for_a_link_never_leads_out(world: World) -> None:
    """Another program exchanges a granted directory and a link to the outside while the guest opens below it."""
    inner, link = world.writable / "swap", world.writable / "link"
    inner.mkdir()
    (inner / "secret").write_bytes(READABLE)
    link.symlink_to(world.outside)
    stop = threading.Event()

    def swap() -> None:
        spare = world.writable / "spare"
        while not stop.is_set():
            for _ in range(4):
                inner.rename(spare)
                link.rename(inner)
                inner.rename(link)
                spare.rename(inner)
            time.sleep(0.0001)  # so that it is there at times, whatever else the host has to do

    before = world.outside_state()
    thread = threading.Thread(target=swap)
    thread.start()
    outcomes = set()
    try:
        for openat2 in (True, False):
            with sandboxed(world, openat2=openat2) as guest:
                for _ in range(400):
                    fd = opened(guest, inner / "secret")
                    if fd >= 0:
                        data = content(guest, fd)
                        assert data == READABLE
                        guest.call("close", fd)
                    outcomes.add(fd >= 0)
                    fd = opened(guest, inner / "new", O_CREAT | O_WRONLY, 0o600)
                    if fd >= 0:
                        guest.call("close", fd)
    finally:
        stop.set()
        thread.join()
    assert True in outcomes
    assert world.outside_state() == before


def test_a_directory_moved_out_during_use_is_no_ladder(world: World) -> None:
    with sandboxed(world) as guest:
        fd = opened(guest, world.writable / "sub" / "deep", O_DIRECTORY)
        (world.writable / "sub").rename(world.outside / "taken")
        for path in ("../../secret", "../../../outside/secret", "../file"):
            assert opened(guest, path, dirfd=fd) < 0, path
        assert guest.call("fchdir", fd) == 0
        assert opened(guest, "../../secret") < 0


# Paths as such


@pytest.mark.parametrize(
    "path",
    [b"", b"x" * 255 + b"y", b"a/" * 2500, b"x" * 4095, b"loop", b"loop/x", b"file/", b"file/x", b"file/.", b"file/.."],
)
def test_hostile_paths_fail_as_on_linux(guest: Process, path: bytes) -> None:
    fd = opened(guest, path)
    with pytest.raises(OSError) as failure:
        os.close(os.open(path, os.O_RDONLY))
    assert fd == -failure.value.errno


def test_a_path_without_end_is_refused(guest: Process) -> None:
    guest.memory.write(DATA, b"x" * 8192)
    assert guest.error("openat", AT_FDCWD, DATA, 0) == "ENAMETOOLONG"
    guest.memory.write(DATA + 0x10000 - 16, b"x" * 16)
    assert guest.error("openat", AT_FDCWD, DATA + 0x10000 - 16, 0) == "EFAULT"
