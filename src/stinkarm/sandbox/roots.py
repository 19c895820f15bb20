"""The granted files and directories, and the walk that finds a guest's path among them.

A path is never checked as text and then used as text. It is resolved below descriptors that were opened
when the grants were, one component at a time, and what comes out is a descriptor.

The walk keeps a stack of the directories that it came through: `..` goes back to the one before, whatever
has been renamed meanwhile, so that no change made during the walk leads out of the granted trees. Symbolic
links are followed by the walk itself and never by the host; an absolute one starts again at the top.
"""

import os
import stat
from errno import EACCES, EEXIST, EISDIR, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR
from struct import Struct

from stinkarm.sandbox.descriptors import ALL, DEVICE, WRITE
from stinkarm.sandbox.special import host_name, on_procfs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Identity = tuple[int, int]  # device and inode

LOOK = 0  # to see that it is there: stat, readlink. Directories above a grant allow it.

O_OBJECT = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
MAX_SYMLINKS = 40
PATH_MAX = 4096
MAX_DEPTH = 256  # of directories held open by one walk
IDENTITY = Struct("<QQ")


class Denied(OSError):
    """No grant covers `path`, where the guest's own path led."""

    def __init__(self, path: bytes) -> None:
        super().__init__(EACCES, "not granted", path)
        self.path = path


class Root:
    """One granted path.

    A directory is held open as `fd`. Anything else, or a name with nothing there yet, is `name` in the
    directory `parent`, and `fd` is -1. What was there at the start is held open as `file`, and `identity` is its device
    and inode: only that is granted, and what guests with this grant have put in its place (`slot` in Roots.made).
    """

    __slots__ = ("fd", "file", "identity", "name", "parent", "path", "prefix", "rights", "slot")

    def __init__(
        self,
        path: bytes,
        rights: int,
        fd: int,
        parent: int = -1,
        name: bytes = b"",
        file: int = -1,
        identity: "Identity" = (0, 0),
    ) -> None:
        self.path = path
        self.prefix = path if path == b"/" else path + b"/"
        self.rights = rights
        self.fd = fd
        self.parent = parent
        self.name = name
        self.file = file
        self.identity = identity
        self.slot = -1

    def below(self, path: bytes) -> bytes:
        """Give `path`, which is this root or begins with it, relative to it."""
        return path[len(self.prefix) :].lstrip(b"/") or b"."

    def __repr__(self) -> str:
        return f"Root({self.path!r}, rights={self.rights})"


class HostProgram:
    """A program of the host that may be run under the last name `name`; `fd` is open on it."""

    __slots__ = ("fd", "identity", "name")

    def __init__(self, name: str, fd: int, identity: "Identity") -> None:
        self.name = name
        self.fd = fd
        self.identity = identity


class Guard:
    """What no write grant covers, because it is run on the host.

    `trees` are directories and files without links in their names, `files` device and inode of programs of the host.
    `entries` are names, each in a directory known by device and inode: nothing is made, removed or renamed there.
    `untrusted` are entries of sys.path that the guest may write, and that stinkarm does not need.
    """

    __slots__ = ("entries", "files", "trees", "untrusted")

    def __init__(self) -> None:
        self.entries: set[tuple[Identity, bytes]] = set()
        self.files: set[Identity] = set()
        self.trees: list[bytes] = []
        self.untrusted: list[str] = []

    def holds(self, path: bytes) -> bool:
        """Say whether a path of the host is one of the trees, or in one."""
        return any(path == tree or path.startswith(tree + b"/") for tree in self.trees)

    def covers(self, fd: int) -> bool:
        """Say whether what a descriptor is open on may not be written."""
        if self.files:
            status = os.fstat(fd)
            if (status.st_dev, status.st_ino) in self.files:
                return True
        return bool(self.trees) and self.holds(host_name(fd))

    def covers_entry(self, folder: int, name: bytes) -> bool:
        """Say whether a name in a directory may not be made, removed or renamed."""
        if not self.trees:
            return False
        status = os.fstat(folder)
        name = name.rstrip(b"/")
        return ((status.st_dev, status.st_ino), name) in self.entries or self.holds(host_name(folder))


class Roots:
    """Everything granted, opened.

    `by_length` has the longest path first. `everything` is what may be done anywhere. `above` are the
    directories on the way to a granted one. `programs` are those of the host that may be run, `guard` is what may not
    be written. `made` is a file in memory, shared by all processes that have the grants: what they have made under the
    names that are granted alone.
    """

    def __init__(
        self,
        found: dict[bytes, Root],
        programs: "Sequence[HostProgram]" = (),
        guard: Guard | None = None,
        made: int = -1,
    ) -> None:
        self.exact = found
        self.by_length = sorted(found.values(), key=lambda root: -len(root.path))
        top = found.get(b"/")
        self.everything = top.rights if top is not None else 0
        self.above = {b"/"}
        for path in found:
            parts = path.split(b"/")
            self.above.update(b"/".join(parts[:count]) or b"/" for count in range(1, len(parts)))
        self.programs = programs
        self.guard = guard or Guard()
        self.made = made
        names: dict[tuple[int, bytes], int] = {}
        for path in sorted(found):
            root = found[path]
            if root.fd < 0 and root.rights & WRITE and made < 0:
                root.slot = names.setdefault((root.parent, root.name), len(names))

    def match(self, path: bytes, need: int) -> Root | None:
        """Give the longest root that `path` starts with and that allows `need`."""
        for root in self.by_length:
            if root.rights & need == need and (path == root.path or path.startswith(root.prefix)):
                return root
        return None

    def rights_at(self, fd: int) -> int:
        """Give what may be done below a directory, which is granted or lies in one that is."""
        identities = {}
        for root in self.by_length:
            if root.fd >= 0:
                status = os.fstat(root.fd)
                identities[status.st_dev, status.st_ino] = root.rights
        rights = 0
        above = os.dup(fd) if identities else -1
        below = None
        while above >= 0:
            status = os.fstat(above)
            here = status.st_dev, status.st_ino
            rights |= identities.get(here, 0)
            following = os.open(b"..", O_OBJECT | os.O_DIRECTORY, dir_fd=above) if here != below else -1
            os.close(above)
            above, below = following, here
        return rights & ALL

    def descriptors(self) -> list[int]:
        """List all descriptors that are held open."""
        fds = {fd for root in self.by_length for fd in (root.fd, root.file, root.parent)}
        fds.update(program.fd for program in self.programs)
        return sorted({*fds, self.made} - {-1})

    # Names that are granted alone

    def is_granted(self, root: Root, status: os.stat_result) -> bool:
        """Say whether what is there under the name of a root is what was granted."""
        identity = status.st_dev, status.st_ino
        if identity == root.identity:
            return True
        if root.slot < 0 or self.made < 0:
            return False
        return os.pread(self.made, IDENTITY.size, IDENTITY.size * root.slot) == IDENTITY.pack(*identity)

    def note(self, root: Root) -> None:
        """Note what the guest has made under the name of a root. A link is removed again."""
        identity = 0, 0
        try:
            status = os.lstat(root.name, dir_fd=root.parent)
        except FileNotFoundError:
            pass
        else:
            if stat.S_ISLNK(status.st_mode):
                os.unlink(root.name, dir_fd=root.parent)
            elif not stat.S_ISDIR(status.st_mode):
                identity = status.st_dev, status.st_ino
        os.pwrite(self.made, IDENTITY.pack(*identity), IDENTITY.size * root.slot)


def _join(directory: bytes, name: bytes) -> bytes:
    return directory + name if directory == b"/" else directory + b"/" + name


class _Place:
    """A directory or file that a walk stands on. `fd` is -1 in the directories above the grants."""

    __slots__ = ("fd", "is_dir", "owned", "path", "rights")

    def __init__(self, path: bytes, fd: int, rights: int, is_dir: bool, owned: bool) -> None:
        self.path = path
        self.fd = fd
        self.rights = rights
        self.is_dir = is_dir
        self.owned = owned


class Walk:
    """One resolution of one path. Use it in a `with`, which closes what `take` did not take.

    Afterwards `rights` is what may be done with the outcome, which is an object (`fd` is not -1), or
    a name that the host is to use in a granted directory (`parent`, `name`).
    """

    def __init__(self, roots: Roots) -> None:
        self._roots = roots
        self._stack: list[_Place] = []
        self.fd = -1
        self.parent = -1
        self.name = b""
        self.root: Root | None = None  # that the name of the outcome is
        self.rights = 0
        self.path = b"/"

    def __enter__(self) -> "Walk":
        return self

    def __exit__(self, *_: object) -> None:
        while self._stack:
            self._pop()

    def take(self, fd: int) -> int:
        """Give a descriptor of the outcome that the caller is to close."""
        for place in self._stack:
            if place.fd == fd and place.owned:
                place.owned = False
                return fd
        return os.dup(fd)

    def to_object(self, base: bytes, path: bytes, *, follow: bool, create: bool = False) -> None:
        """Find what `path` names. With `create` the last name may be missing: then the outcome is a name."""
        self._run(base, path, follow=follow, parent=False, create=create)

    def to_parent(self, base: bytes, path: bytes) -> None:
        """Find the directory that holds the last name of `path`, and that name, which is not followed."""
        self._run(base, path, follow=False, parent=True, create=False)

    def _run(self, base: bytes, path: bytes, *, follow: bool, parent: bool, create: bool) -> None:
        if not path:
            raise OSError(ENOENT, "an empty path")
        if len(path) >= PATH_MAX:
            raise OSError(ENAMETOOLONG, "the path is too long")
        names = path.split(b"/")
        trailing = b""
        if parent:
            while len(names) > 1 and not names[-1]:
                names.pop()
                trailing = b"/"
        self._enter(b"/")
        if not path.startswith(b"/"):
            for name in base.split(b"/"):
                if name:
                    self._step_base(name)
        must_be_dir = names[-1] in (b"", b".", b"..")
        pending = names[::-1]
        links = 0
        while pending:
            name = pending.pop()
            last = not pending
            if last and parent:
                self._finish_parent(name, trailing)
                return
            if name in (b"", b"."):
                self._need_dir()
                continue
            if name == b"..":
                self._need_dir()
                if len(self._stack) > 1:
                    self._pop()
                continue
            if create and pending and not any(pending):
                self._need_dir()
                raise OSError(EISDIR, "a name with a slash behind it is not created")
            # A trailing slash follows a link, as the host does.
            try:
                target = self._step(name, follow=follow or not last, create=create and last)
            except Denied as denied:
                denied.path = os.path.normpath(b"/".join((denied.path, *pending[::-1])))
                raise
            if target is None:
                continue
            links += 1
            if links > MAX_SYMLINKS:
                raise OSError(ELOOP, "too many symbolic links")
            if target.startswith(b"/"):
                while len(self._stack) > 1:
                    self._pop()
            pending.extend(target.split(b"/")[::-1])
        if self.parent >= 0:
            return
        if must_be_dir:
            self._need_dir()
        self._finish_object()

    def _need_dir(self) -> None:
        if not self._stack[-1].is_dir:
            raise OSError(ENOTDIR, "not a directory")

    def _pop(self) -> None:
        place = self._stack.pop()
        if place.owned:
            os.close(place.fd)

    def _enter(self, path: bytes) -> None:
        """Step into a directory that is granted or above a grant."""
        root = self._roots.exact.get(path)
        inherited = self._stack[-1].rights if self._stack else 0
        if root is not None and root.fd >= 0:
            self._stack.append(_Place(path, root.fd, inherited | root.rights, True, False))
        else:
            self._stack.append(_Place(path, -1, inherited, True, False))

    def _step_base(self, name: bytes) -> None:
        """Go to `name`, which is part of where the host says that a directory is."""
        here = self._stack[-1]
        path = _join(here.path, name)
        root = self._roots.exact.get(path)
        if here.rights or root is not None:
            if self._step(name, follow=False, create=False) is not None or not self._stack[-1].is_dir:
                raise OSError(ENOTDIR, "the directory was replaced")
        else:
            self._enter(path)

    def _step(self, name: bytes, *, follow: bool, create: bool) -> bytes | None:
        """Go to `name` in the present directory; give the target instead if it is a link to follow."""
        here = self._stack[-1]
        if len(self._stack) > MAX_DEPTH:
            raise OSError(ENAMETOOLONG, "the path is too deep")
        path = _join(here.path, name)
        root = self._roots.exact.get(path)
        if root is not None and root.fd >= 0:
            self._need_dir()
            self._enter(path)
            return None
        if not here.rights and root is None:
            if path in self._roots.above:
                self._enter(path)
                return None
            raise Denied(path)
        # The root's name may be another directory's by now; it counts where that which it was granted for is found.
        alone = root is not None and (not here.rights or (create and not here.rights & WRITE))
        parent, entry = (root.parent, root.name) if alone and root is not None else (here.fd, name)
        if name.isdigit() and on_procfs(parent, os.fstat(parent).st_dev):  # whether it lives is not to be seen
            raise OSError(ENOENT, "not a process of the guest", path)
        try:
            fd = os.open(entry, O_OBJECT, dir_fd=parent)
        except FileNotFoundError:
            if not create:
                raise
            self.parent, self.name, self.path = parent, entry, path
            self.rights = root.rights if alone and root is not None else here.rights
            self.root = root if alone else None
            return None
        rights = 0 if alone else here.rights
        try:
            status = os.fstat(fd)
            if root is not None and self._roots.is_granted(root, status):
                rights |= root.rights | DEVICE  # named itself, so that even a device is meant
            elif not rights:
                raise Denied(path)
            if stat.S_ISLNK(status.st_mode) and follow:
                if on_procfs(fd, status.st_dev):  # it may lead anywhere, whatever it says
                    raise Denied(path)
                target = os.readlink(b"", dir_fd=fd)
                os.close(fd)
                return target
        except BaseException:
            os.close(fd)
            raise
        self._stack.append(_Place(path, fd, rights, stat.S_ISDIR(status.st_mode), True))
        return None

    def _finish_object(self) -> None:
        place = self._stack[-1]
        if place.fd < 0:
            if place.path not in self._roots.above:
                raise Denied(place.path)
            place.fd = os.open(place.path, O_OBJECT)
            place.owned = True
        self.fd, self.rights, self.path = place.fd, place.rights, place.path

    def _finish_parent(self, name: bytes, trailing: bytes) -> None:
        self._need_dir()
        if name in (b"", b".", b".."):  # no name to change anything by: the host has the error, wherever that is
            self._finish_object()
            self.parent, self.name = self.fd, name + trailing
            return
        here = self._stack[-1]
        path = _join(here.path, name)
        root = self._roots.exact.get(path)
        if root is not None and root.fd < 0 and not here.rights & WRITE:
            self.parent, self.name, self.rights, self.root = root.parent, root.name + trailing, root.rights, root
        elif here.fd < 0 or not here.rights:
            if root is not None or path in self._roots.above:
                raise FileExistsError(EEXIST, "granted, or above what is", path)
            raise Denied(path)
        else:
            if root is not None and root.fd >= 0 and not here.rights & WRITE:
                # To write in a directory is not to remove it from one that may only be read.
                raise FileExistsError(EEXIST, "a granted directory", path)
            self.parent, self.name, self.rights = here.fd, name + trailing, here.rights
        self.path = path
