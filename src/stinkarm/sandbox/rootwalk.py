"""The walk of a path that a guest with --root names, where one openat2 does not do.

The guest's tree is the root directory with the machine's `/proc`, `/dev` and `/sys` in it, as if they were mounted
there: `..` of each is the root. One component is opened at a time, in the one before. Symbolic links are read and
followed by the walk itself, and what a link of `/proc` leads to (`cwd`, `root`, `fd/N`…) is looked at when it is open:
it is in the guest's tree, or the walk ends.

In the sandbox the machine's part is a name only: nothing is looked at there but by the grants (`paths.py`).
"""

import os
import stat
from _thread import get_native_id
from errno import ELOOP, ENOTDIR, EXDEV

from stinkarm.sandbox import special
from stinkarm.sandbox.openat2 import (
    RESOLVE_BENEATH,
    RESOLVE_IN_ROOT,
    RESOLVE_NO_MAGICLINKS,
    RESOLVE_NO_SYMLINKS,
    RESOLVE_NO_XDEV,
)
from stinkarm.sandbox.roots import MAX_SYMLINKS, O_OBJECT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.sandbox.rooted import RootedPaths

MOUNTED = frozenset((b"proc", b"dev", b"sys"))  # the names in the root of what is the machine's
STANDARD = {b"stdin": b"0", b"stdout": b"1", b"stderr": b"2"}
PLACE = os.O_PATH | os.O_CLOEXEC
FOLDER = PLACE | os.O_DIRECTORY


class Place:
    """Where a path of the guest led: `fd` is open on it.

    `names` are those of its name where that is the machine's, else None. There `fd` is -1 in the sandbox.
    """

    __slots__ = ("fd", "names")

    def __init__(self, fd: int, names: list[bytes] | None = None) -> None:
        self.fd = fd
        self.names = names

    @property
    def name(self) -> bytes:
        """The host's name of what is the machine's, without links and dots."""
        return b"/" + b"/".join(self.names or ())

    def close(self) -> None:
        """Close the descriptor."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


def same(fd: int, folder: int) -> bool:
    """Say whether a descriptor is open on a directory, which is one that a path may start from."""
    one, other = os.fstat(fd), os.stat(b".", dir_fd=folder)
    return one.st_ino == other.st_ino and one.st_dev == other.st_dev


class RootWalk(Place):
    """One resolution of one path, which starts at the descriptor `start`. `resolve` are openat2's flags."""

    __slots__ = ("_paths", "_resolve", "_start", "_top")

    def __init__(self, paths: "RootedPaths", start: int, resolve: int) -> None:
        super().__init__(-1)
        self._paths = paths
        self._resolve = resolve
        self._start = start
        # What "/" means, and what ".." does not leave.
        self._top = start if resolve & (RESOLVE_IN_ROOT | RESOLVE_BENEATH) else paths.root_fd
        self._go(os.open(b".", FOLDER, dir_fd=start))

    def __enter__(self) -> "RootWalk":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, path: bytes, flags: int) -> Place:
        """Walk the path; give what it names. `flags` may have O_NOFOLLOW and O_DIRECTORY."""
        pending = path.split(b"/")[::-1]
        links = 0
        if path.startswith(b"/"):
            self._to_top()
        while pending:
            name = pending.pop()
            if name in (b"", b".", b".."):
                self._need_directory()
                if name == b"..":
                    self._up()
                    self._need_mount()
                continue
            target = self._down(name, last=not pending, follow=bool(pending) or not flags & os.O_NOFOLLOW)
            self._need_mount()
            if target is None:
                continue
            links += 1
            if links > MAX_SYMLINKS or self._resolve & RESOLVE_NO_SYMLINKS:
                raise OSError(ELOOP, os.strerror(ELOOP), path)
            if target.startswith(b"/"):
                self._to_top()
            pending += target.split(b"/")[::-1]
        if flags & os.O_DIRECTORY:
            self._need_directory()
        place = Place(self.fd, self.names)
        self.fd = -1
        return place

    def _need_directory(self) -> None:
        if self.fd >= 0 and not stat.S_ISDIR(os.fstat(self.fd).st_mode):
            raise OSError(ENOTDIR, os.strerror(ENOTDIR))

    def _need_mount(self) -> None:
        if not self._resolve & RESOLVE_NO_XDEV:
            return
        if self.fd < 0 or os.fstat(self.fd).st_dev != os.stat(b".", dir_fd=self._start).st_dev:
            raise OSError(EXDEV, "it is on another file system")

    def _stand(self, fd: int, names: list[bytes] | None) -> None:
        self.close()
        if names is not None and self._paths.by_name and fd >= 0:
            os.close(fd)
            fd = -1
        self.fd, self.names = fd, names

    def _to_top(self) -> None:
        if self._resolve & RESOLVE_BENEATH:
            raise OSError(EXDEV, "an absolute name leads out of the directory")
        self._go(os.open(b".", FOLDER, dir_fd=self._top))

    def _go(self, fd: int) -> None:
        """Stand on what is open, if it is in the guest's tree."""
        try:
            names = self._paths.machine_names(fd)
        except OSError:
            os.close(fd)
            raise
        self._stand(fd, names)

    # One component

    def _up(self) -> None:
        """Go to the directory above."""
        if self._at_top():
            if self._resolve & RESOLVE_BENEATH:
                raise OSError(EXDEV, "the name leads out of the directory")
            return
        if self.names is None:
            self._go(os.open(b"..", FOLDER, dir_fd=self.fd))
        elif len(self.names) == 1:
            self._stand(os.dup(self._paths.root_fd), None)
        else:
            fd = os.open(b"..", FOLDER, dir_fd=self.fd) if self.fd >= 0 else -1
            self._stand(fd, self.names[:-1])

    def _at_top(self) -> bool:
        if self.fd >= 0:
            return same(self.fd, self._top) or (self.names is None and self._is_root())
        return self._top != self._paths.root_fd and self.names == self._paths.machine_names(self._top)

    def _is_root(self) -> bool:
        """Say whether the walk stands on the root, or on the one that a directory outside of it is below."""
        root, outer = self._paths.root_fd, self._paths.outer_fd()
        return same(self.fd, root) or (outer != root and same(self.fd, outer))

    def _down(self, name: bytes, *, last: bool, follow: bool) -> bytes | None:
        """Go to a name in the directory; give the target instead if it is a link to follow."""
        if self.names is None:
            if name in MOUNTED and self._is_root():
                self._stand(-1 if self._paths.by_name else os.open(b"/" + name, FOLDER), [name])
                return None
        elif self._paths.by_name:
            self._down_by_name(name, last=last, follow=follow)
            return None
        fd = os.open(name, O_OBJECT, dir_fd=self.fd)
        try:
            status = os.fstat(fd)
            if stat.S_ISLNK(status.st_mode) and follow:
                if not special.on_procfs(fd, status.st_dev) or self.names is None or len(self.names) == 1:
                    return os.readlink(b"", dir_fd=fd)
                self._jump([*self.names, name])
                return None
            names = None if self.names is None else [*self.names, name]
            self._stand(os.dup(fd), names)
            return None
        finally:
            os.close(fd)

    def _down_by_name(self, name: bytes, *, last: bool, follow: bool) -> None:
        """Go to a name in what is the machine's, in the sandbox: only what means the guest itself is followed."""
        assert self.names is not None
        names = [*self.names, name]
        own = b"%d" % os.getpid()
        if names == [b"proc", b"self"]:
            names = [b"proc", own]
        elif names == [b"proc", b"thread-self"]:
            names = [b"proc", own, b"task", b"%d" % get_native_id()]
        elif names == [b"dev", b"fd"]:
            names = [b"proc", own, b"fd"]
        elif names[0] == b"dev" and len(names) == 2 and name in STANDARD:
            names = [b"proc", own, b"fd", STANDARD[name]]
        kind, _, _ = special.classify(b"/" + b"/".join(names))
        if follow and (kind == special.OWN_DIRECTORY or (kind == special.OWN_FD and not last)):
            self._jump(names)
        else:
            self._stand(-1, names)

    # The links of /proc

    def _followed(self, names: list[bytes]) -> int:
        """Open what a link of /proc leads to."""
        if self._resolve & (RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS):
            raise OSError(ELOOP, "a link of /proc is not followed")
        if self._resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT):
            raise OSError(EXDEV, "a link of /proc leads out of the directory")
        kind, detail, number = special.classify(b"/" + b"/".join(names))
        if kind == special.OTHER and names[-1] == b"exe":
            return self._paths.open_others_program(detail)
        if kind == special.OWN_EXE:
            return self._paths.open_program()
        if kind == special.OWN_FD:
            return self._paths.open_own(number)
        if names[-1] == b"root":
            if kind == special.OTHER:  # which the host may not let the user see
                os.close(os.open(b"/" + b"/".join(names), PLACE))
            return os.dup(self._paths.root_fd)
        if kind == special.OWN_DIRECTORY:
            return self._paths.open_working_directory()
        return os.open(b"/" + b"/".join(names), PLACE)

    def _jump(self, names: list[bytes]) -> None:
        """Stand on what a link of /proc leads to. The guest's own file need not be in its tree, a directory must."""
        fd = self._followed(names)
        own = special.classify(b"/" + b"/".join(names))[0] in (special.OWN_FD, special.OWN_EXE)
        if own and not self._paths.by_name and not stat.S_ISDIR(os.fstat(fd).st_mode):
            self._stand(fd, None)
        else:
            self._go(fd)
