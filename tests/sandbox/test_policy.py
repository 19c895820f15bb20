"""Modes, grants, what is reported, and the environment."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from stinkarm.sandbox.policy import MAX_DENIALS, Policy
from tests.linux.process import Process
from tests.sandbox.world import AT_FDCWD, BUFFER, PATH_AT, READABLE, STRUCT, World, content, opened, sandboxed

O_CREAT, O_RDWR, O_WRONLY, O_TRUNC, O_EXCL, O_CLOEXEC = 0o100, 2, 1, 0o1000, 0o200, 0o2000000
O_PATH, O_TMPFILE, O_DIRECTORY, O_NOFOLLOW = 0o10000000, 0o20040000, 0o40000, 0o100000


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_mode_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="The mode is 'open'; it must be one of forward, sandbox, deny"):
        Policy("open")


@pytest.mark.parametrize("grant", ["/tmp", b"/tmp"])
def test_a_grant_must_be_a_list(grant: object) -> None:
    with pytest.raises(TypeError, match="must be True or a list of names"):
        Policy(allow_read=grant)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_a_grant_needs_a_name(name: str) -> None:
    with pytest.raises(ValueError, match="a grant needs a name"):
        Policy(allow_write=[name])


def test_a_denial_names_the_grant(world: World) -> None:
    lines: list[str] = []
    with sandboxed(world, report=lines.append) as guest:
        for _ in range(2):
            opened(guest, "/etc/passwd")
        opened(guest, "file", O_RDWR)
        opened(guest, "to-secret")
        opened(guest, "new\x1b[31m\n", O_CREAT | O_RDWR)
    assert lines == [
        'denied openat("/etc/passwd") - grant it with --allow-read=/etc/passwd',
        f'denied openat("file") - grant it with --allow-write={world.readable}/file',
        f'denied openat("to-secret") - grant it with --allow-read={world.secret}',
        f"denied openat(\"new\\x1b[31m\\n\") - grant it with --allow-write=$'{world.readable}/new\\x1b\\x5b31m\\x0a'",
    ]
    assert [denial.call for denial in guest.policy.denials] == ["openat"] * 4
    assert guest.policy.denials[0].what == "/etc/passwd"
    assert guest.policy.denials[0].grant == "--allow-read=/etc/passwd"


def test_denials_do_not_pile_up() -> None:
    policy = Policy()
    for number in range(MAX_DENIALS + 100):
        policy.deny(f"/{number}")
    assert len(policy.denials) == MAX_DENIALS


def test_a_granted_file_is_that_file_only(world: World) -> None:
    with sandboxed(world, allow_read=[str(world.outside / "file")], allow_write=[str(world.outside / "made")]) as guest:
        assert content(guest, opened(guest, world.outside / "file")) == READABLE
        assert opened(guest, world.outside / "file", O_RDWR) == -errno.EACCES
        assert opened(guest, world.secret) == -errno.EACCES
        assert opened(guest, world.outside, O_DIRECTORY) == -errno.EACCES
        fd = opened(guest, world.outside / "made", O_CREAT | O_EXCL | O_RDWR, 0o600)
        assert fd >= 0
        assert guest.call("write", fd, BUFFER, 3) == 3
        fd = opened(guest, world.outside / "made", O_CREAT | O_TRUNC | O_WRONLY, 0o600)
        assert (world.outside / "made").stat().st_size == 0
        guest.put(os.fsencode(world.outside / "made") + b"\0", PATH_AT)
        assert guest.call("unlink", PATH_AT) == 0
        assert guest.call("symlink", guest.put(b"secret\0", BUFFER), PATH_AT) == -errno.EACCES
        assert guest.call("mkdir", PATH_AT, 0o755) == -errno.EACCES
        fd = opened(guest, world.outside / "made", O_CREAT | O_WRONLY, 0o600)  # as linkers do
        assert fd >= 0
        (world.outside / "made").unlink()
        (world.outside / "made").symlink_to("secret")
        assert opened(guest, world.outside / "made") == -errno.EACCES
        assert opened(guest, world.outside / "made", O_CREAT | O_RDWR, 0o600) == -errno.EACCES


def test_a_grant_through_a_link_covers_both_names(world: World) -> None:
    (world.root / "alias").symlink_to("readable")
    with sandboxed(world, allow_read=[str(world.root / "alias")], allow_write=None) as guest:
        assert content(guest, opened(guest, world.root / "alias" / "file")) == READABLE
        assert content(guest, opened(guest, world.readable / "file")) == READABLE
        assert content(guest, opened(guest, world.root / "alias" / "to-file-absolute")) == READABLE


def test_relative_grants_mean_where_the_emulator_started(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(world.root)
    with sandboxed(world, allow_read=["readable/sub"], allow_write=None) as guest:
        assert content(guest, opened(guest, "sub/file")) == READABLE
        assert opened(guest, "file") == -errno.EACCES


def test_a_grant_that_leads_nowhere_is_reported(world: World) -> None:
    lines: list[str] = []
    with sandboxed(world, allow_read=["/no/such/folder"], report=lines.append) as guest:
        assert opened(guest, "/no/such/folder/x") == -errno.EACCES
    assert lines[0] == 'the grant "/no/such/folder" gives nothing: its directory does not exist'


@pytest.mark.parametrize("openat2", [True, False])
def test_everything_readable(world: World, openat2: bool) -> None:
    with sandboxed(world, openat2=openat2, allow_read=True) as guest:
        for path in (
            world.secret,
            "to-secret",
            "to-secret-absolute",
            "../outside/secret",
            "to-outside-absolute/secret",
            "/etc/passwd",
        ):
            fd = opened(guest, path)
            assert fd >= 0, path
            guest.call("close", fd)
        assert opened(guest, world.secret, O_RDWR) == -errno.EACCES
        assert opened(guest, world.writable / "file", O_RDWR) >= 0
        assert opened(guest, "../writable/new", O_RDWR | O_CREAT, 0o600) >= 0
        folder = opened(guest, world.writable, O_DIRECTORY)
        assert opened(guest, "newer", O_RDWR | O_CREAT, 0o600, dirfd=folder) >= 0


@pytest.mark.parametrize("openat2", [True, False])
def test_working_in_a_writable_tree(world: World, openat2: bool) -> None:
    """The whole life of files, as shells and archivers do it."""
    with sandboxed(world, openat2=openat2) as guest:
        guest.put(os.fsencode(world.writable) + b"\0", PATH_AT)
        assert guest.call("chdir", PATH_AT) == 0
        first = opened(guest, "new", O_CREAT | O_EXCL | O_RDWR, 0o640)
        assert first >= 3
        assert opened(guest, "new", O_CREAT | O_EXCL | O_RDWR, 0o640) == -errno.EEXIST
        assert stat.S_IMODE((world.writable / "new").stat().st_mode) == 0o640
        name, second = guest.put(b"new\0", PATH_AT), guest.put(b"sub/moved\0", PATH_AT + 0x1000)
        assert guest.call("rename", name, second) == 0
        assert guest.call("link", second, name) == 0
        assert guest.call("chmod", name, 0o600) == 0
        assert guest.call("utimensat", AT_FDCWD, name, 0, 0) == 0
        assert guest.call("unlink", name) == 0
        assert guest.call("symlink", second, name) == 0
        assert guest.call("readlink", name, BUFFER, 100) == len("sub/moved")
        assert guest.call("lstat64", name, STRUCT) == 0
        assert guest.call("mkdir", guest.put(b"folder/\0", PATH_AT), 0o755) == 0
        assert guest.call("rmdir", PATH_AT) == 0
        assert opened(guest, ".", O_TMPFILE | O_RDWR, 0o600) >= 0
        assert guest.call("mknod", guest.put(b"fifo\0", PATH_AT), stat.S_IFIFO | 0o600, 0) == 0
        assert stat.S_ISFIFO((world.writable / "fifo").stat().st_mode)
        # A dangling link is created through, as long as it leads to where it may.
        (world.writable / "dangling").symlink_to("sub/target")
        assert opened(guest, "dangling", O_CREAT | O_WRONLY, 0o600) >= 0
        assert (world.writable / "sub" / "target").exists()
        assert opened(guest, "to-new", O_CREAT | O_WRONLY, 0o600) == -errno.EACCES
        assert opened(guest, "to-file", O_NOFOLLOW) == -errno.ELOOP
        assert opened(guest, "to-file", O_NOFOLLOW | O_PATH) >= 0
        assert opened(guest, "file", O_DIRECTORY) == -errno.ENOTDIR
        assert opened(guest, "sub", O_WRONLY) == -errno.EISDIR
        assert opened(guest, "sub", O_CREAT) == -errno.EISDIR


@pytest.mark.parametrize("openat2", [True, False])
@pytest.mark.parametrize("mode", ["sandbox", "forward"])
def test_descriptors_are_the_lowest_free(world: World, mode: str, openat2: bool) -> None:
    with sandboxed(world, openat2=openat2) as sandbox:
        guest = sandbox if mode == "sandbox" else Process("forward")
        opened(guest, "file")
        numbers = [
            opened(guest, path, flags, 0o600)
            for path, flags in (("file", 0), ("to-file", O_PATH), ("to-file-absolute", 0))
        ]
        numbers.append(opened(guest, world.writable / "sub" / "new", O_CREAT | O_RDWR, 0o600))
        numbers.append(opened(guest, world.writable / "sub" / "newer", O_CREAT | O_RDWR | O_EXCL, 0o600))
        assert numbers == sorted(numbers)
        gaps = [fd for fd in range(numbers[0], numbers[-1]) if fd not in numbers]
        for fd in gaps:
            os.fstat(fd)  # somebody else's, so it was not free
        assert guest.call("close", numbers[1]) == 0
        assert opened(guest, "sub/file") == numbers[1]
        assert guest.call("fcntl64", numbers[1], 1, 0) == 0
        other = opened(guest, "sub/file", O_CLOEXEC)
        assert guest.call("fcntl64", other, 1, 0) == 1
        if mode == "forward":
            for fd in (*numbers, other):
                os.close(fd)
            guest.close()


def test_own_program_and_descriptors(world: World) -> None:
    program = world.outside / "file"
    with sandboxed(world) as guest, program.open("rb") as file:
        guest.policy.set_program(str(program), file.fileno())
        for name in (b"/proc/self/exe\0", b"/proc/%d/exe\0" % os.getpid(), b"/proc/thread-self/exe\0"):
            guest.put(name, PATH_AT)
            count = guest.call("readlink", PATH_AT, BUFFER, 4096)
            assert guest.memory.read(BUFFER, count) == os.fsencode(program)
            assert guest.call("stat64", PATH_AT, STRUCT) == 0
            assert content(guest, opened(guest, name[:-1])) == READABLE
            assert opened(guest, name[:-1], O_RDWR) == -errno.EACCES
            assert guest.call("chmod", PATH_AT, 0o777) == -errno.EACCES
        assert opened(guest, program) == -errno.EACCES


def test_made_up_files(world: World) -> None:
    with sandboxed(world) as guest:
        guest.policy.paths.texts[b"cmdline"] = lambda: b"program\0argument\0"
        fd = opened(guest, "/proc/self/cmdline")
        assert content(guest, fd) == b"program\0argument\0"
        assert opened(guest, "/proc/self/cmdline", O_RDWR) == -errno.EACCES
        assert opened(guest, f"/proc/self/fd/{fd}", O_RDWR) == -errno.EACCES


HOST = {
    "HOME": "/home/someone",
    "PATH": "/opt/secret/bin",
    "TERM": "xterm",
    "LC_ALL": "C",
    "AWS_SECRET_ACCESS_KEY": "x",
    "LANG": "en",
}


def test_the_sandbox_hides_the_environment() -> None:
    assert Policy().environment(HOST) == {
        "TERM": "xterm",
        "LC_ALL": "C",
        "LANG": "en",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": "/",
    }


def test_grants_and_forward_mode_show_the_environment() -> None:
    assert Policy(allow_env=True).environment(HOST) == HOST
    assert Policy("forward").environment(HOST) == HOST
    some = Policy(allow_env=["HOME", "NONE"]).environment(HOST)
    assert some["HOME"] == "/home/someone"
    assert "AWS_SECRET_ACCESS_KEY" not in some
    assert "NONE" not in some


@pytest.mark.parametrize("mode", ["forward", "sandbox"])
def test_a_sysroot_is_looked_in_first(mode: str, world: World) -> None:
    sysroot = world.root / "sysroot"
    for folder in ("etc", "usr/lib", "proc"):
        (sysroot / folder).mkdir(parents=True)
    (sysroot / "etc/hostname").write_bytes(b"inside")
    (sysroot / "usr/lib/file").write_bytes(b"library")
    (sysroot / "lib").symlink_to("/usr/lib")
    (sysroot / "out").symlink_to("../../outside/secret")
    guest = Process(mode, sysroot=str(sysroot), allow_read=[str(world.readable)])
    for path, expected in (
        ("/etc/hostname", b"inside"),
        ("/lib/file", b"library"),
        ("/../lib/./file", b"library"),
        (world.readable / "file", READABLE),
    ):
        fd = opened(guest, path)
        assert content(guest, fd) == expected
        os.close(fd)
    guest.put(b"/lib\0", PATH_AT)
    count = guest.call("readlink", PATH_AT, BUFFER, 100)
    assert guest.memory.read(BUFFER, count) == b"/usr/lib"
    assert guest.call("stat64", guest.put(b"/etc/hostname\0", PATH_AT), STRUCT) == 0
    assert guest.memory.read_u64(STRUCT + 48) == 6
    assert opened(guest, "/out") < 0
    folder = opened(guest, "/usr", O_DIRECTORY)
    assert content(guest, opened(guest, "lib/file", dirfd=folder)) == b"library"
    made = opened(guest, world.outside / "made", O_CREAT | O_RDWR, 0o600)
    assert made >= 0 if mode == "forward" else made == -errno.EACCES
    if mode == "sandbox":
        assert opened(guest, "/etc/passwd") == -errno.EACCES
        assert opened(guest, "/etc/hostname", O_RDWR) == -errno.EACCES
    guest.close()


def test_a_sysroot_that_is_not_there_is_reported_once(world: World) -> None:
    lines: list[str] = []
    guest = Process("forward", sysroot="/no/such/sysroot", report=lines.append)
    for _ in range(2):
        fd = opened(guest, world.readable / "file")
        assert content(guest, fd) == READABLE
        os.close(fd)
    assert lines == ['the sysroot "/no/such/sysroot" cannot be used: No such file or directory']
    guest.close()
