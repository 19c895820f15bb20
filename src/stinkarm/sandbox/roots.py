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

from stinkarm.guest.text import quote
from stinkarm.sandbox.descriptors import ALL, DEVICE, READ, WRITE
from stinkarm.sandbox.special import on_procfs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.sandbox.descriptors import Descriptors
    from stinkarm.sandbox.policy import Policy

LOOK = 0  # to see that it is there: stat, readlink. Directories above a grant allow it.

O_OBJECT = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
MAX_SYMLINKS = 40
PATH_MAX = 4096
MAX_DEPTH = 256  # of directories held open by one walk


class Denied(OSError):
    """No grant covers `path`, where the guest's own path led."""

    def __init__(self, path: bytes) -> None:
        super().__init__(EACCES, "not granted", path)
        self.path = path


class Root:
    """One granted path.

    A directory is held open as `fd`. Anything else, or a name with nothing there yet, is `name` in the
    directory `parent`, and `fd` is -1.
    """

    __slots__ = ("fd", "name", "parent", "path", "prefix", "rights")

    def __init__(self, path: bytes, rights: int, fd: int, parent: int = -1, name: bytes = b"") -> None:
        self.path = path
        self.prefix = path if path == b"/" else path + b"/"
        self.rights = rights
        self.fd = fd
        self.parent = parent
        self.name = name

    def below(self, path: bytes) -> bytes:
        """Give `path`, which is this root or begins with it, relative to it."""
        return path[len(self.prefix) :].lstrip(b"/") or b"."

    def __repr__(self) -> str:
        return f"Root({self.path!r}, rights={self.rights})"


class Roots:
    """Everything granted, opened.

    `by_length` has the longest path first. `everything` is what may be done anywhere. `above` are the
    directories on the way to a granted one.
    """

    def __init__(self, policy: "Policy") -> None:
        found: dict[bytes, Root] = {}
        sysroot = (os.fsdecode(policy.sysroot),) if policy.sysroot else False
        programs = () if isinstance(policy.allow_run, bool) else [name for name in policy.allow_run if "/" in name]
        quiet = (policy.libraries, programs)
        grants = (
            (policy.allow_read, READ),
            (sysroot, READ),
            (policy.libraries, READ),
            (programs, READ),
            (policy.allow_write, ALL),
        )
        for grant, rights in grants:
            names = ("/",) if grant is True else grant or ()
            for name in names:
                opened = _open_grant(os.fsencode(name), rights, policy.descriptors)
                if not opened and policy.report is not None and grant not in quiet:
                    policy.report(f"the grant {quote(name)} gives nothing: its directory does not exist")
                for root in opened:
                    earlier = found.get(root.path)
                    if earlier is not None:
                        earlier.rights |= rights
                    else:
                        found[root.path] = root
        self.exact = found
        self.by_length = sorted(found.values(), key=lambda root: -len(root.path))
        top = found.get(b"/")
        self.everything = top.rights if top is not None else 0
        self.above = {b"/"}
        for path in found:
            parts = path.split(b"/")
            self.above.update(b"/".join(parts[:count]) or b"/" for count in range(1, len(parts)))

    def match(self, path: bytes, need: int) -> Root | None:
        """Give the longest root that `path` starts with and that allows `need`."""
        for root in self.by_length:
            if root.rights & need == need and (path == root.path or path.startswith(root.prefix)):
                return root
        return None


def _open_grant(name: bytes, rights: int, descriptors: "Descriptors") -> list[Root]:
    """Open a granted path, as it was spelled and as it really is."""
    real = os.path.realpath(name)
    spelled = real if b".." in name.split(b"/") else os.path.abspath(name)
    if os.path.isdir(real):
        fd = descriptors.move_up(os.open(real, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC))
        return [Root(path, rights, fd) for path in {spelled, real}]
    directory, _, last = real.rpartition(b"/")
    if not os.path.isdir(directory or b"/"):
        return []
    parent = descriptors.move_up(os.open(directory or b"/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC))
    return [Root(path, rights, -1, parent, last) for path in {spelled, real}]


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
        rights = here.rights | (root.rights if root is not None else 0)
        if not rights:
            if path in self._roots.above:
                self._enter(path)
                return None
            raise Denied(path)
        parent, entry = (root.parent, root.name) if root is not None else (here.fd, name)
        try:
            fd = os.open(entry, O_OBJECT, dir_fd=parent)
        except FileNotFoundError:
            if not create:
                raise
            self.parent, self.name, self.rights, self.path = parent, entry, rights, path
            return None
        try:
            status = os.fstat(fd)
            if stat.S_ISLNK(status.st_mode) and follow:
                if on_procfs(fd, status.st_dev):  # it may lead anywhere, whatever it says
                    raise Denied(path)
                target = os.readlink(b"", dir_fd=fd)
                os.close(fd)
                return target
        except BaseException:
            os.close(fd)
            raise
        if root is not None:
            rights |= DEVICE  # named itself, so that even a device is meant
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
        if here.fd < 0 or not here.rights:
            if root is None or root.fd >= 0:
                if root is not None or path in self._roots.above:
                    raise FileExistsError(EEXIST, "a granted directory, or one above it", path)
                raise Denied(path)
            self.parent, self.name, self.rights = root.parent, root.name + trailing, root.rights
        else:
            if root is not None and root.fd >= 0 and not here.rights & WRITE:
                # To write in a directory is not to remove it from one that may only be read.
                raise FileExistsError(EEXIST, "a granted directory", path)
            self.parent, self.name, self.rights = here.fd, name + trailing, here.rights
            if root is not None:
                self.rights |= root.rights
        self.path = path
