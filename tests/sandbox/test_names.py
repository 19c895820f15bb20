"""Names of files, however they end: each call gives the error that Linux gives, in every mode.

The right answers are the host's, for the same calls on a tree of the same content. Both trees are deep enough that no
".." of the test leads out of them; an absolute name is below the guest's root, and below the native tree.
"""

from __future__ import annotations

import errno
import os
import random
import stat
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from stinkarm.sandbox import openat2 as host_openat2
from tests.linux.process import Process
from tests.sandbox.world import AT_FDCWD, PATH_AT, SECOND_AT, STRUCT

# ARM values
O_WRONLY, O_CREAT, O_EXCL, O_TRUNC, O_DIRECTORY, O_NOFOLLOW, O_PATH = (
    1,
    0o100,
    0o200,
    0o1000,
    0o40000,
    0o100000,
    1 << 21,
)
RESOLVE_NO_XDEV, RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS = 1, 2, 4
RESOLVE_BENEATH, RESOLVE_IN_ROOT, RESOLVE_CACHED = 8, 0x10, 0x20
NO_SUCH_CALL = 0x7FFF

HERE = "/w" + "/deep" * 30  # where both trees have their names
PARTS = ("a", "b", "f", "l", "up", "self", "abs", "loop", "dang", "x", ".", "..", "", "d", "a/b")
DOTS = (
    ".",
    "./",
    "..",
    "../",
    "/",
    "//",
    "/.",
    "/..",
    "a/.",
    "a/..",
    "a/./",
    "a/../",
    "",
    "none/",
    "none/.",
    "f/.",
    "f/..",
)


def build(top: str, here: str) -> None:
    """Make the files and links that calls are made on, where they are missing."""

    def attempt(make: Callable[..., object], *arguments: object) -> None:
        with suppress(OSError):
            make(*arguments)

    for name in ("a", "a/b", "d"):
        attempt(os.mkdir, f"{here}/{name}")
    for name in ("f", "a/f"):
        attempt(lambda name: os.close(os.open(f"{here}/{name}", os.O_CREAT | os.O_WRONLY, 0o644)), name)
    links = {
        "l": "f",
        "a/up": "..",
        "self": ".",
        "abs": f"{top}{HERE}/a",
        "loop": "loop",
        "dang": "nothing",
        "dangabs": f"{top}{HERE}/nothing",
        "a/b/l": "../../f",
        "a/l": "x/",
    }
    for name, target in links.items():
        attempt(os.symlink, target, f"{here}/{name}")


def kind(fd: int, close: Callable[[int], object] = os.close) -> int:
    """Close a descriptor; give what it was open on, as a number that is no error."""
    mode = os.fstat(fd).st_mode
    close(fd)
    return stat.S_IFMT(mode) >> 12


OPENED = {
    "open": (0, 0),
    "creat": (O_CREAT | O_WRONLY, os.O_CREAT | os.O_WRONLY),
    "empty": (O_CREAT | O_TRUNC | O_WRONLY, os.O_CREAT | os.O_TRUNC | os.O_WRONLY),
    "excl": (O_CREAT | O_EXCL | O_WRONLY, os.O_CREAT | os.O_EXCL | os.O_WRONLY),
    "nofollow": (O_NOFOLLOW, os.O_NOFOLLOW),
    "creat nofollow": (O_CREAT | O_NOFOLLOW | O_WRONLY, os.O_CREAT | os.O_NOFOLLOW | os.O_WRONLY),
    "creat folder": (O_CREAT | O_DIRECTORY, os.O_CREAT | os.O_DIRECTORY),
    "folder": (O_DIRECTORY, os.O_DIRECTORY),
    "path": (O_PATH | O_NOFOLLOW, os.O_PATH | os.O_NOFOLLOW),
}
# By name: the guest's call on PATH_AT and SECOND_AT, and the host's on two paths.
CALLS: dict[str, tuple[Callable[[Process], int], Callable[[str, str], object]]] = {
    "stat": (lambda g: g.call("stat64", PATH_AT, STRUCT), lambda p, q: os.stat(p)),
    "lstat": (lambda g: g.call("lstat64", PATH_AT, STRUCT), lambda p, q: os.lstat(p)),
    "mkdir": (lambda g: g.call("mkdir", PATH_AT, 0o755), lambda p, q: os.mkdir(p)),
    "rmdir": (lambda g: g.call("rmdir", PATH_AT), lambda p, q: os.rmdir(p)),
    "unlink": (lambda g: g.call("unlink", PATH_AT), lambda p, q: os.unlink(p)),
    "rename": (lambda g: g.call("rename", PATH_AT, SECOND_AT), os.rename),
    "link": (
        lambda g: g.call("linkat", AT_FDCWD, PATH_AT, AT_FDCWD, SECOND_AT, 0),
        lambda p, q: os.link(p, q, follow_symlinks=False),
    ),
    "symlink": (lambda g: g.call("symlink", PATH_AT, SECOND_AT), os.symlink),
    "readlink": (lambda g: min(g.call("readlink", PATH_AT, STRUCT, 200), 0), lambda p, q: os.readlink(p)),
    "chmod": (lambda g: g.call("chmod", PATH_AT, 0o755), lambda p, q: os.chmod(p, 0o755)),
    "truncate": (lambda g: g.call("truncate", PATH_AT, 5), lambda p, q: os.truncate(p, 5)),
    "mknod": (lambda g: g.call("mknod", PATH_AT, 0o100600, 0), lambda p, q: os.mknod(p, 0o100600)),
    **{
        name: (
            lambda g, arm=arm: kind_of(g, g.call("open", PATH_AT, arm, 0o644)),
            lambda p, q, flags=flags: kind(os.open(p, flags, 0o644)),
        )
        for name, (arm, flags) in OPENED.items()
    },
}


def kind_of(guest: Process, fd: int) -> int:
    return fd if fd < 0 else kind(fd, lambda fd: guest.call("close", fd))


def native(call: str, first: str, second: str) -> int:
    """Make the host's call; give what the guest's should give."""
    try:
        result = CALLS[call][1](first, second)
    except OSError as error:
        assert error.errno is not None
        return -error.errno
    return result if isinstance(result, int) else 0


class Twins:
    """A guest, and beside it a native tree of the same content. Paths are the guest's."""

    def __init__(self, folder: Path, mode: str, rooted: bool) -> None:
        self.theirs, self.ours = str(folder / "native"), str(folder / "guest")
        for tree in (self.theirs, self.ours):
            os.makedirs(tree + HERE)
        self.top = "" if rooted else self.ours  # what an absolute name of the guest begins with
        self.build()
        os.chdir(self.ours + HERE)
        root = self.ours if rooted else None
        self.guest = Process(mode, root=root, allow_write=[self.ours] if mode == "sandbox" else None)

    def build(self) -> None:
        build(self.top, self.ours + HERE)
        build(self.theirs, self.theirs + HERE)

    def compare(self, call: str, first: str, second: str = "") -> None:
        """Make a call in both trees."""
        for address, path in ((PATH_AT, first), (SECOND_AT, second)):
            self.guest.put(os.fsencode(self.top + path if path[:1] == "/" else path) + b"\0", address)
        got = CALLS[call][0](self.guest)
        os.chdir(self.theirs + HERE)
        names = [self.theirs + path if path[:1] == "/" else path for path in (first, second)]
        want = native(call, *names)
        os.chdir(self.ours + HERE)
        assert got == want, f"{call}({first!r}, {second!r}) gave {got}, on Linux {want}"


MODES = ["forward in a root", "sandbox in a root", "sandbox"]


@pytest.fixture(params=["openat2", "walk"])
def resolver(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "walk":
        monkeypatch.setattr(host_openat2, "SYS_OPENAT2", NO_SUCH_CALL)
    return str(request.param)


@pytest.fixture(params=MODES)
def twins(request: pytest.FixtureRequest, resolver: str, tmp_path: Path) -> Iterator[Twins]:
    before = Path.cwd()
    made = Twins(tmp_path, request.param.split()[0], "root" in request.param)
    yield made
    os.chdir(before)
    made.guest.policy.descriptors.end_guest()
    made.guest.close()


@pytest.mark.parametrize("call", CALLS)
def test_names_that_stand_for_directories(twins: Twins, call: str) -> None:
    for name in DOTS:
        if name.startswith("/"):
            continue
        twins.compare(call, name, "new")
        twins.build()
        if call in ("rename", "link", "symlink"):
            twins.compare(call, "f", name)
            twins.build()


# What Linux says of a process's own "/", and of what stands for it.
OF_ROOT = {
    "mkdir": "EEXIST",
    "mknod": "EEXIST",
    "unlink": "EISDIR",
    "creat": "EISDIR",
    "excl": "EEXIST",
    "rename": "EBUSY",
    "link": "EPERM",
    "readlink": "EINVAL",
}


@pytest.mark.parametrize("mode", ["forward", "sandbox"])
def test_the_root_itself(mode: str, resolver: str, tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    guest = Process(mode, root=str(tmp_path), allow_write=[str(tmp_path)])
    for name, rmdir in {"/": "EBUSY", "//": "EBUSY", "/.": "EINVAL", "/..": "ENOTEMPTY", "/w/..": "ENOTEMPTY"}.items():
        for call, error in {**OF_ROOT, "rmdir": rmdir}.items():
            guest.put(name.encode() + b"\0", PATH_AT)
            guest.put(b"/w/new\0", SECOND_AT)
            assert CALLS[call][0](guest) == -getattr(errno, error), (call, name)
        guest.put(b"/w\0", PATH_AT)
        guest.put(name.encode() + b"\0", SECOND_AT)
        assert guest.error("rename", PATH_AT, SECOND_AT) == "EBUSY"
        assert guest.error("symlink", PATH_AT, SECOND_AT) == "EEXIST"
    assert sorted(os.listdir(tmp_path)) == ["w"]
    guest.close()


@pytest.mark.parametrize("seed", range(6))
def test_random_calls_give_what_linux_gives(twins: Twins, seed: int) -> None:
    random_numbers = random.Random(seed)

    def path() -> str:
        parts = [random_numbers.choice(PARTS) for _ in range(random_numbers.randint(1, 4))]
        name = "/".join([parts[0] or ".", *parts[1:]]) + random_numbers.choice(["", "", "", "/"])
        return f"{HERE}/{name}" if random_numbers.random() < 0.25 else name

    names = list(CALLS)
    for number in range(200):
        first, second = path(), path()
        call = random_numbers.choice(names)
        if call == "symlink" and first.startswith("/"):
            continue  # what it says would differ
        twins.compare(call, first, second)
        if number % 20 == 19:
            twins.build()


def opened2(guest: Process, path: str, resolve: int, flags: int = 0, dirfd: int = AT_FDCWD) -> int:
    """Open with openat2; give a number that is no error, or the negated error."""
    how = guest.put(struct.pack("<QQQ", flags, 0o644 if flags & O_CREAT else 0, resolve), STRUCT)
    return kind_of(guest, guest.call("openat2", dirfd, guest.put(path.encode() + b"\0", PATH_AT), how, 24))


# path, RESOLVE flags, ARM flags, what Linux gives in /w of a root
RESOLVED = [
    ("f", RESOLVE_BENEATH, 0, 0),
    ("a/up/f", RESOLVE_BENEATH, 0, 0),
    ("..", RESOLVE_BENEATH, 0, errno.EXDEV),
    ("../w/f", RESOLVE_BENEATH, 0, errno.EXDEV),
    ("/w/f", RESOLVE_BENEATH, 0, errno.EXDEV),
    ("abs/f", RESOLVE_BENEATH, 0, errno.EXDEV),
    ("new", RESOLVE_BENEATH, O_CREAT | O_WRONLY, 0),
    ("dang", RESOLVE_BENEATH, O_CREAT | O_WRONLY, 0),
    ("dangabs", RESOLVE_BENEATH, O_CREAT | O_WRONLY, errno.EXDEV),
    ("new/", RESOLVE_BENEATH, O_CREAT | O_WRONLY, errno.EISDIR),
    ("l", RESOLVE_BENEATH, O_CREAT | O_EXCL | O_WRONLY, errno.EEXIST),
    ("/f", RESOLVE_IN_ROOT, 0, 0),
    ("../../f", RESOLVE_IN_ROOT, 0, 0),
    ("abs/f", RESOLVE_IN_ROOT, 0, errno.ENOENT),
    ("/new", RESOLVE_IN_ROOT, O_CREAT | O_WRONLY, 0),
    ("f", RESOLVE_NO_SYMLINKS, 0, 0),
    ("/w/a/f", RESOLVE_NO_SYMLINKS, 0, 0),
    ("../w/f", RESOLVE_NO_SYMLINKS, 0, 0),
    ("l", RESOLVE_NO_SYMLINKS, 0, errno.ELOOP),
    ("l", RESOLVE_NO_SYMLINKS, O_CREAT | O_WRONLY, errno.ELOOP),
    ("dang", RESOLVE_NO_SYMLINKS, O_CREAT | O_WRONLY, errno.ELOOP),
    ("l/", RESOLVE_NO_SYMLINKS, O_CREAT | O_WRONLY, errno.EISDIR),
    ("abs/f", RESOLVE_NO_SYMLINKS, 0, errno.ELOOP),
    ("abs/f", RESOLVE_NO_MAGICLINKS, 0, 0),
    ("l", RESOLVE_NO_XDEV, 0, 0),
    ("../w/a/up/f", RESOLVE_NO_XDEV, 0, 0),
    ("new", RESOLVE_CACHED, O_CREAT | O_WRONLY, errno.EAGAIN),
    ("f", RESOLVE_CACHED, O_TRUNC | O_WRONLY, errno.EAGAIN),
    ("f", RESOLVE_BENEATH | RESOLVE_IN_ROOT, 0, errno.EINVAL),
]


@pytest.mark.parametrize("mode", ["forward", "sandbox"])
def test_openat2_in_a_root(mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "w"
    here.mkdir()
    (tmp_path / "secret").write_text("beside")
    for name in ("a", "a/b"):
        (here / name).mkdir()
    for name, target in {"l": "f", "a/up": "..", "abs": "/w/a", "dang": "nothing", "dangabs": "/w/nothing"}.items():
        (here / name).symlink_to(target)
    for name in ("f", "a/f"):
        (here / name).touch()
    monkeypatch.chdir(here)
    guest = Process(mode, root=str(tmp_path), allow_write=[str(tmp_path)])
    folder = guest.call("open", guest.put(b"/w\0", PATH_AT), O_DIRECTORY)
    for dirfd in (AT_FDCWD, folder):
        for path, resolve, flags, error in RESOLVED:
            got = opened2(guest, path, resolve, flags, dirfd)
            assert (got > 0) if not error else got == -error, (path, resolve, flags, got)
            for made in ("new", "nothing"):
                (here / made).unlink(missing_ok=True)
    file = guest.call("open", guest.put(b"/w/f\0", PATH_AT), 0)
    assert opened2(guest, "f", RESOLVE_BENEATH, 0, file) == -errno.ENOTDIR
    assert opened2(guest, "f", RESOLVE_BENEATH, 0, 999_999) == -errno.EBADF
    guest.close()


def test_openat2_in_a_root_starts_below_it(tmp_path: Path) -> None:
    """A directory that the host gave is no way around the root."""
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (outside / "secret").touch()
    for mode in ("forward", "sandbox"):
        guest = Process(mode, root=str(root))
        before = os.dup(0)
        folder = os.open(outside, os.O_RDONLY)
        os.dup2(folder, 0)
        try:
            for resolve in (RESOLVE_BENEATH, RESOLVE_IN_ROOT, RESOLVE_NO_SYMLINKS):
                assert opened2(guest, "secret", resolve, 0, 0) == -errno.EACCES
        finally:
            os.dup2(before, 0)
            os.close(before)
            os.close(folder)
        guest.close()
