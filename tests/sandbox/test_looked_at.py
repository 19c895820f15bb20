"""What is opened is looked at when it is open, whatever name has led there, and what is listed is decided on a copy."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stinkarm.sandbox import openat2 as host_openat2
from tests.linux.process import Process
from tests.sandbox.world import BUFFER, PATH_AT, SECOND_AT, STRUCT, content, opened

O_RDWR, O_CREAT, O_DIRECTORY, O_PATH = 2, 0o100, 0o40000, 0o10000000
NO_SUCH_CALL = 0x7FFF
MAPPED = 0x30000000


@pytest.fixture(params=["openat2", "walk"])
def resolver(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "walk":
        monkeypatch.setattr(host_openat2, "SYS_OPENAT2", NO_SUCH_CALL)
    return str(request.param)


@pytest.fixture
def forward(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Process]:
    monkeypatch.chdir(tmp_path)
    guest = Process("forward")
    yield guest
    guest.close()


SPELLINGS = [
    "/proc/self/{}",
    "//proc//self//{}",
    "/./proc/./self/{}",
    "/proc/../proc/self/{}",
    "/proc/self/../self/fd/../{}",
    "/proc/self/task/../{}",
    "/dev/fd/../{}",
    "/usr/../proc/self/{}",
    "to-proc/self/{}",
    "to-self/{}",
    "to-{}",
]


@pytest.fixture
def links(tmp_path: Path) -> Path:
    (tmp_path / "to-proc").symlink_to("/proc")
    (tmp_path / "to-self").symlink_to("/proc/self")
    for name in ("maps", "status", "stat", "mem", "pagemap", "smaps"):
        (tmp_path / f"to-{name}").symlink_to(f"/proc/self/{name}")
    return tmp_path


def test_the_guests_own_files_are_made_up_however_they_are_spelled(forward: Process, links: Path) -> None:
    emulator = b"python"
    for spelling in SPELLINGS:
        text = content(forward, opened(forward, spelling.format("maps")))
        assert text.startswith(b"00020000-") and emulator not in text, spelling
        assert b"SigCgt" in content(forward, opened(forward, spelling.format("status"))), spelling
    folder = opened(forward, "/proc/self", O_DIRECTORY)
    assert content(forward, opened(forward, "maps", dirfd=folder)).startswith(b"00020000-")
    assert forward.call("chdir", forward.put(b"/proc/self\0", PATH_AT)) == 0
    assert content(forward, opened(forward, "task/../maps")).startswith(b"00020000-")


def test_memory_is_not_shown_however_it_is_spelled(forward: Process, links: Path) -> None:
    for spelling in SPELLINGS:
        for name in ("pagemap", "smaps"):
            assert opened(forward, spelling.format(name)) == -errno.EACCES, spelling
    for spelling in ("to-mem", "to-self/mem", "to-proc/self/mem", "/usr/../proc/self/mem"):
        assert opened(forward, spelling, O_RDWR) == -errno.EACCES, spelling


def test_the_emulators_descriptors_are_not_opened_through_links(forward: Process, links: Path) -> None:
    descriptors = forward.policy.descriptors
    reading, writing = os.pipe()
    for fd in (os.memfd_create("secret"), reading, writing):
        hidden = descriptors.move_up(fd)
        (links / "link").unlink(missing_ok=True)
        (links / "link").symlink_to(f"/proc/self/fd/{hidden}")
        for name in (
            "link",
            "/usr/../proc/self/fd/{}",
            "/proc/self/../self/fd/{}",
            "to-self/fd/{}",
            "/dev/fd/../fd/{}",
        ):
            assert opened(forward, name.format(hidden)) == -errno.ENOENT, name
        folder = opened(forward, "/proc/self/fd", O_DIRECTORY)
        assert opened(forward, str(hidden), dirfd=folder) == -errno.ENOENT
        forward.call("close", folder)


@pytest.mark.parametrize("mode", ["forward", "sandbox"])
def test_a_sysroot_with_proc_shows_no_memory(mode: str, resolver: str) -> None:
    """The host's own root has a /proc, as a root directory for chroot has it."""
    guest = Process(mode, sysroot="/")
    for spelling in ("/./proc/{}", "//proc/{}", "/usr/../proc/{}", "/usr/lib/../../proc/{}", "/proc/{}"):
        for name in ("self/pagemap", "self/smaps", f"{os.getppid()}/mem", "1/mem", "kcore"):
            result = opened(guest, spelling.format(name))
            assert result in (-errno.EACCES, -errno.ENOENT, -errno.EPERM), (spelling, name)
        result = opened(guest, spelling.format("self/maps"))
        assert result in (-errno.EACCES, -errno.ENOENT) or content(guest, result).startswith(b"00020000-"), spelling
        result = opened(guest, spelling.format(f"{os.getppid()}/environ"))
        assert mode == "forward" or result in (-errno.EACCES, -errno.ENOENT), spelling
    guest.close()


def test_a_listing_is_decided_on_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another thread may write over the entries at any time, so they are never read back."""
    for number in range(20):
        (tmp_path / f"file{number}").touch()
    for mode in ("forward", "sandbox"):
        guest = Process(mode, allow_read=[str(tmp_path)])
        for name in (tmp_path, "/proc/self/fd"):
            folder = opened(guest, name, O_DIRECTORY)
            calls: list[str] = []
            with monkeypatch.context() as patch:
                patch.setattr(guest.memory, "read", lambda *_, calls=calls: calls.append("read") or b"")
                for call in ("getdents64", "getdents"):
                    guest.call("_llseek", folder, 0, 0, BUFFER, 0)
                    assert guest.call(call, folder, BUFFER, 4096) > 0
            assert not calls
            assert guest.call("close", folder) == 0
        guest.close()


CALLS: dict[str, Callable[[Process], int]] = {
    "stat": lambda g: g.call("stat64", PATH_AT, STRUCT),
    "lstat": lambda g: g.call("lstat64", PATH_AT, STRUCT),
    "open": lambda g: g.call("open", PATH_AT, 0),
    "write": lambda g: g.call("open", PATH_AT, O_RDWR | O_CREAT, 0o600),
    "path": lambda g: g.call("open", PATH_AT, O_PATH),
    "access": lambda g: g.call("access", PATH_AT, 0),
    "readlink": lambda g: g.call("readlink", PATH_AT, BUFFER, 100),
    "statfs": lambda g: g.call("statfs64", PATH_AT, 84, STRUCT),
    "chdir": lambda g: g.call("chdir", PATH_AT),
    "mkdir": lambda g: g.call("mkdir", PATH_AT, 0o700),
    "rmdir": lambda g: g.call("rmdir", PATH_AT),
    "unlink": lambda g: g.call("unlink", PATH_AT),
    "chmod": lambda g: g.call("chmod", PATH_AT, 0o700),
    "rename": lambda g: g.call("rename", PATH_AT, SECOND_AT),
    "truncate": lambda g: g.call("truncate", PATH_AT, 0),
}
PLACES = [
    *(
        "",
        "/",
        "/status",
        "/status/x",
        "/cwd",
        "/cwd/x",
        "/root/etc",
        "/fd/0",
        "/fd/99",
        "/exe",
        "/mem",
        "/ns/pid",
        "/none",
    ),
    *("/task/{}/status", "/../self/fd", "/../meminfo", "/status/..", "/.."),
]


@pytest.mark.parametrize("grant", [{"allow_read": True}, {"allow_read": True, "allow_write": True}, {}])
def test_a_process_that_lives_is_as_one_that_does_not(grant: dict[str, bool], resolver: str, tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    alive, dead = child.pid, next(pid for pid in range(4_000_000, 4_194_304) if not os.path.exists(f"/proc/{pid}"))
    (tmp_path / "to-proc").symlink_to("/proc")
    guest = Process("sandbox", **grant)
    guest.put(os.fsencode(tmp_path / "new") + b"\0", SECOND_AT)
    try:
        for prefix in ("/proc/", "/proc/./", "/proc/../proc/", "/./proc/", f"{tmp_path}/to-proc/", "/proc/self/../"):
            for place in PLACES:
                for call, do in CALLS.items():
                    results = []
                    for pid in (alive, dead):
                        guest.put(f"{prefix}{pid}{place.format(pid)}\0".encode(), PATH_AT)
                        results.append(do(guest))
                    assert results[0] == results[1] < 0, (call, prefix, place)
        folder = opened(guest, "/proc", O_DIRECTORY)
        if folder >= 0:
            for name in ("", "/status", "/fd/0", "/status/x"):
                assert opened(guest, f"{alive}{name}", dirfd=folder) == opened(guest, f"{dead}{name}", dirfd=folder)
                how = guest.put(bytes(24), STRUCT)
                found = []
                for pid in (alive, dead):
                    guest.put(f"{pid}{name}\0".encode(), PATH_AT)
                    found.append(guest.call("openat2", folder, PATH_AT, how, 24))
                assert found[0] == found[1] < 0
            size = guest.call("getdents64", folder, BUFFER, 0x1000)
            assert str(alive).encode() + b"\0" not in guest.memory.read(BUFFER, size)
    finally:
        child.communicate(b"\n")
        guest.policy.descriptors.end_guest()
        guest.close()


def test_maps_show_the_file_that_was_mapped(forward: Process, tmp_path: Path) -> None:
    """Also when it has been renamed, and another file has its name."""
    (tmp_path / "file").write_bytes(bytes(4096))
    mapped = (tmp_path / "file").stat()
    fd = opened(forward, "file")
    assert forward.call("mmap2", MAPPED, 4096, 1, 2, fd, 0) >= 0
    (tmp_path / "file").rename(tmp_path / "other")
    (tmp_path / "file").touch()
    text = content(forward, opened(forward, "/proc/self/maps"))
    (line,) = [line.split() for line in text.splitlines() if line.endswith(b"/file")]
    device = f"{os.major(mapped.st_dev):02x}:{os.minor(mapped.st_dev):02x}".encode()
    assert line[3:5] == [device, b"%d" % mapped.st_ino]
