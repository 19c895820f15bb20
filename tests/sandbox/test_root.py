"""The tree of a guest with --root: its directory, and in it the machine's /proc, /dev and /sys, as if mounted there."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from stinkarm.sandbox import openat2 as host_openat2
from tests.linux.process import Process
from tests.sandbox.world import BUFFER, PATH_AT, SECOND_AT, STRUCT, content, opened

O_WRONLY, O_CREAT, O_EXCL, O_PATH, O_NOFOLLOW, O_DIRECTORY = 1, 0o100, 0o200, 0o10000000, 0o100000, 0o40000
NO_SUCH_CALL = 0x7FFF
INSIDE = b"of the root\n"


class Root:
    """A guest whose root has /etc/name, like the directory around it, and links that lead everywhere."""

    def __init__(self, folder: Path, mode: str) -> None:
        self.folder = folder
        self.root = folder / "root"
        for top, text in ((folder, b"of the host\n"), (self.root, INSIDE)):
            (top / "etc").mkdir(parents=True)
            (top / "etc/name").write_bytes(text)
            (top / "tmp").mkdir()
        (self.root / "work/sub").mkdir(parents=True)
        links = {
            "to-proc": "/proc",
            "to-self": "../proc/self",
            "to-root": "/",
            "to-hosts": str(folder / "etc/name"),
            "to-own-root": "/proc/self/root",
            "out": "/proc/self/root/" + "../" * 9 + str(folder / "etc/name"),
            "null": "/dev/null",
            "mtab": "../proc/self/mounts",
        }
        for name, target in links.items():
            (self.root / "work" / name).symlink_to(target)
        os.chdir(self.root / "work")
        self.guest = Process(mode, root=str(self.root), allow_write=[str(self.root)] if mode == "sandbox" else None)


@pytest.fixture(params=["openat2", "walk"])
def resolver(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "walk":
        monkeypatch.setattr(host_openat2, "SYS_OPENAT2", NO_SUCH_CALL)
    return str(request.param)


@pytest.fixture(params=["forward", "sandbox"])
def root(request: pytest.FixtureRequest, resolver: str, tmp_path: Path) -> Iterator[Root]:
    before = Path.cwd()
    made = Root(tmp_path, request.param)
    yield made
    os.chdir(before)
    made.guest.policy.descriptors.end_guest()
    made.guest.close()


ROOTS = [
    "/",
    "/..",
    "/proc/..",
    "/dev/..",
    "/sys/..",
    "//proc//.//..",
    "/./dev/../sys/..",
    "/proc/self/..//..",
    "/proc/self/../..",
    "/proc/thread-self/../../../..",
    "/proc/self/root",
    "/proc/self/root/..",
    "/proc/self/root/proc/self/root/dev/..",
    "/proc/thread-self/root",
    "/proc/self/task/{pid}/root",
    "/proc/{pid}/root",
    "/proc/{pid}/cwd/..",
    "/proc/self/cwd/..",
    "/proc/self/cwd/../../../..",
    "/proc/self/cwd/to-root",
    "/proc/self/fd/{fd}/..",
    "/dev/fd/{fd}/../..",
    "/dev/fd/../../..",
    "to-proc/..",
    "to-self/../..",
    "to-self/root",
    "to-own-root",
    "to-own-root/..",
    "to-root/proc/..",
    "../proc/..",
    "../dev/../proc/self/cwd/..",
]
# These lead nowhere: what they name is not in the guest's tree.
NOWHERE = [
    "to-hosts",
    "out",
    "/proc/self/cwd{folder}/etc/name",
    "/proc/..{folder}/etc/name",
    "/dev/shm/../..{folder}/etc/name",
]


def test_every_way_up_ends_at_the_root(root: Root) -> None:
    guest = root.guest
    fd = opened(guest, "/work", O_DIRECTORY)
    inode = (root.root).stat().st_ino
    for template in ROOTS:
        name = template.format(pid=os.getpid(), fd=fd)
        assert guest.call("stat64", guest.put(name.encode() + b"\0", PATH_AT), STRUCT) == 0, name
        assert int.from_bytes(guest.memory.read(STRUCT + 96, 8), "little") == inode, name
        file = opened(guest, name + "/etc/name")
        assert file >= 0 and content(guest, file) == INSIDE, name
        guest.call("close", file)
    for template in NOWHERE:
        assert opened(guest, template.format(folder=root.folder)) in (-errno.ENOENT, -errno.EACCES), template


def test_names_are_made_below_the_root(root: Root) -> None:
    guest = root.guest
    before = sorted(os.listdir(root.folder)), sorted(os.listdir(root.folder / "tmp"))
    for template in ROOTS[2:]:
        above = template.format(pid=os.getpid(), fd=0)
        if "/fd/0" in above:
            continue
        file = opened(guest, above + "/tmp/new", O_CREAT | O_EXCL | O_WRONLY, 0o644)
        assert file >= 0 and (root.root / "tmp/new").exists(), above
        guest.call("close", file)
        for call, arguments in (("mkdir", (0o755,)), ("mknod", (0o100644, 0))):
            assert guest.call(call, guest.put(f"{above}/tmp/{call}\0".encode(), PATH_AT), *arguments) == 0
        guest.put(f"{above}/tmp/link\0".encode(), SECOND_AT)
        assert guest.call("symlink", guest.put(b"new\0", PATH_AT), SECOND_AT) == 0
        assert guest.call("rename", guest.put(f"{above}/tmp/new\0".encode(), PATH_AT), SECOND_AT) == 0
        assert sorted(os.listdir(root.root / "tmp")) == ["link", "mkdir", "mknod"]
        for name in ("link", "mknod"):
            assert guest.call("unlink", guest.put(f"{above}/tmp/{name}\0".encode(), PATH_AT)) == 0
        assert guest.call("rmdir", guest.put(f"{above}/tmp/mkdir\0".encode(), PATH_AT)) == 0
    assert before == (sorted(os.listdir(root.folder)), sorted(os.listdir(root.folder / "tmp")))


def test_what_is_mounted_cannot_be_changed(root: Root) -> None:
    guest = root.guest
    (root.root / "proc").mkdir()  # it is covered, as by a mount
    for name in ("/proc", "/dev/", "/proc/../sys", "to-root/proc"):
        guest.put(name.encode() + b"\0", PATH_AT)
        guest.put(b"/work/new\0", SECOND_AT)
        assert guest.error("rmdir", PATH_AT) == "EBUSY"
        assert guest.error("mkdir", PATH_AT, 0o755) == "EEXIST"
        assert guest.error("rename", PATH_AT, SECOND_AT) == "EBUSY"
        assert guest.error("rename", SECOND_AT, PATH_AT) == "EBUSY"
    assert (root.root / "proc").is_dir()


def test_links_lead_to_what_is_the_machines(root: Root) -> None:
    guest = root.guest
    if root.guest.policy.sandboxed:
        assert opened(guest, "mtab") == -errno.EACCES
    else:
        assert b"proc" in content(guest, opened(guest, "mtab"))
        assert content(guest, opened(guest, "to-proc/self/maps")).startswith(b"0002")
    file = opened(guest, "null", O_WRONLY)
    assert file >= 0 and stat.S_ISCHR(os.fstat(file).st_mode)
    fd = opened(guest, "/etc/name")
    for name in (f"/dev/fd/{fd}", f"to-self/fd/{fd}", f"/proc/self/../self/fd/{fd}", f"/proc/self/cwd/to-self/fd/{fd}"):
        assert content(guest, opened(guest, name)) == INSIDE, name


def test_what_links_of_proc_say(root: Root) -> None:
    guest = root.guest

    def said(name: str) -> bytes:
        size = guest.call("readlink", guest.put(name.encode() + b"\0", PATH_AT), BUFFER, 4096)
        return guest.memory.read(BUFFER, size) if size >= 0 else errno.errorcode[-size].encode()

    fd = opened(guest, "/etc/name")
    assert said("/proc/self/root") == said(f"/proc/{os.getpid()}/root") == said("to-self/root") == b"/"
    assert said("/proc/self/cwd") == said("/proc/self/../thread-self/cwd") == b"/work"
    assert said(f"/proc/self/fd/{fd}") == said(f"/dev/fd/{fd}") == b"/etc/name"
    assert said("/proc/self/fd/960") == b"ENOENT"
    link = opened(guest, "/proc/self/cwd", O_PATH | O_NOFOLLOW)
    assert stat.S_ISLNK(os.fstat(link).st_mode)
    assert opened(guest, "/proc/self/cwd", O_NOFOLLOW) == -errno.ELOOP


def test_a_working_directory_of_the_machines(root: Root) -> None:
    guest = root.guest
    if guest.policy.sandboxed:
        return
    assert guest.call("chdir", guest.put(b"/proc/self\0", PATH_AT)) == 0
    size = guest.call("getcwd", BUFFER, 4096)
    assert guest.memory.read(BUFFER, size) == b"/proc/%d\0" % os.getpid()
    assert content(guest, opened(guest, "maps")).startswith(b"0002")  # the guest's, not the emulator's
    assert opened(guest, "mem") == -errno.EACCES
    assert content(guest, opened(guest, "../../etc/name")) == INSIDE
    assert content(guest, opened(guest, "root/etc/name")) == INSIDE


def test_links_in_the_machines_directories(root: Root) -> None:
    """Who may write to /dev/shm leads the guest to its own files only, and nobody in the sandbox."""
    guest = root.guest
    if not os.access("/dev/shm", os.W_OK):
        pytest.skip("/dev/shm cannot be written")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        Path(folder, "link").symlink_to("/etc/name")
        Path(folder, "up").symlink_to("../../..")
        for name in ("link", "up/etc/name"):
            file = opened(guest, f"{folder}/{name}")
            if guest.policy.sandboxed:
                assert file == -errno.EACCES
            else:
                assert content(guest, file) == INSIDE
