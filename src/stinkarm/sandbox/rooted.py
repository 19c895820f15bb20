"""The file system of a guest that sees a directory of the host as its "/" (--root).

Every path is opened below that directory, as for a process whose root it is: links and ".." stay inside.
`/proc`, `/dev` and `/sys` are the machine's, as without --root. `chroot` makes a root below another, or in its place:
then a process may still have a directory outside of it, from where it gets as far as to the *outer* root.
"""

import os
import stat
from errno import EACCES, EAGAIN, EEXIST, EINVAL, EISDIR, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR

from stinkarm.sandbox import special
from stinkarm.sandbox.descriptors import ALL, DEVICE, READ, WRITE
from stinkarm.sandbox.openat2 import (
    AT_FDCWD,
    RESOLVE_BENEATH,
    RESOLVE_CACHED,
    RESOLVE_IN_ROOT,
    RESOLVE_NO_MAGICLINKS,
    RESOLVE_NO_SYMLINKS,
    openat2,
)
from stinkarm.sandbox.paths import (
    MAYBE_CREATED,
    O_TMPFILE_BIT,
    Entry,
    Found,
    Paths,
    check_flags,
    create,
    is_dots,
    needed,
    object_of,
    split_last,
)
from stinkarm.sandbox.roots import LOOK, MAX_SYMLINKS, PATH_MAX, Denied
from stinkarm.sandbox.sysroot import open_from, open_in_root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.sandbox.policy import Policy

SCOPED = RESOLVE_BENEATH | RESOLVE_IN_ROOT

# Around the name of a directory that is not below the root, in front of what is looked for from there.
OUTSIDE = b"\0"

THE_MACHINES = (b"/proc", b"/dev", b"/sys")


def is_the_machines(path: bytes) -> bool:
    """Say whether a name is of the machine's own file systems, not of the root directory."""
    top = b"/" + path.lstrip(b"/")
    return path.startswith(b"/") and (
        top in THE_MACHINES or top.startswith(tuple(name + b"/" for name in THE_MACHINES))
    )


def _after(head: bytes, target: bytes) -> bytes:
    """Give the path that a symbolic link leads to, which is in the directory `head`."""
    return target if target.startswith(b"/") else head + target


def directory_name(fd: int) -> bytes:
    """Give the host's name of an open directory."""
    if not stat.S_ISDIR(os.fstat(fd).st_mode):
        raise OSError(ENOTDIR, "not a directory")
    return special.host_name(fd)


def creates(flags: int) -> bool:
    """Say whether opening with these flags makes a file that is not there."""
    return flags & (os.O_CREAT | os.O_PATH) == os.O_CREAT


class RootedPaths(Paths):
    """`Paths` below a directory. In the sandbox all of it may be read, and written where a grant says so."""

    def __init__(self, policy: "Policy") -> None:
        super().__init__(policy)
        self._root_fd, self._outer_fd = policy.root_fds
        first = self._root_fd < 0
        if first:
            self._root_fd = self._outer_fd = self._open_root(policy.root)
            policy.root_fds = (self._root_fd, self._outer_fd)
        self._prefix = special.host_name(self._root_fd).rstrip(b"/")
        if first and not self._is_inside(os.getcwdb()):
            self._enter(self._root_fd, self._rights_of(self._root_fd))

    def _open_root(self, path: bytes) -> int:
        return self._descriptors.move_up(os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC))

    def _is_inside(self, name: bytes) -> bool:
        return name == self._prefix or name.startswith(self._prefix + b"/")

    def _inside(self, name: bytes) -> bytes:
        """Give the guest's name for a name of the host."""
        if not self._is_inside(name):
            return b"(unreachable)" + name
        return name[len(self._prefix) :] or b"/"

    def _absolute(self, dirfd: int, path: bytes) -> bytes:
        """Make a path of the guest start at its root."""
        if not path:
            raise OSError(ENOENT, "an empty path")
        if len(path) >= PATH_MAX:
            raise OSError(ENAMETOOLONG, "the path is too long")
        if path.startswith((b"/", OUTSIDE)):
            return path
        if dirfd == AT_FDCWD:
            name = self._host_working_directory()
        else:
            dirfd = self._descriptors.hold(dirfd)
            name = directory_name(dirfd)
        if not self._is_inside(name):
            if is_the_machines(name):
                return name + b"/" + path
            if not self._is_left(name):
                raise OSError(ENOENT, "the directory is not below the root")
            return OUTSIDE + name + OUTSIDE + b"/" + path
        return self._inside(name) + b"/" + path

    def _open_path(self, path: bytes, flags: int) -> int:
        """Open what `_absolute` gave."""
        if not path.startswith(OUTSIDE):
            return open_in_root(self._root_fd, path, flags)
        _, start, rest = path.split(OUTSIDE)
        return open_from(self._root_fd, self._outer_fd, start[len(self._outer_name()) :], rest, flags)

    def _outer_name(self) -> bytes:
        """Give the host's name of the outer root, without a slash behind it."""
        if self._outer_fd < 0:
            self._outer_fd = self._open_root(b"/")
            self._policy.root_fds = (self._root_fd, self._outer_fd)
        return special.host_name(self._outer_fd).rstrip(b"/")

    def _is_left(self, name: bytes) -> bool:
        """Say whether a directory, by the host's name, is one that chroot has left outside of the root."""
        outer = self._outer_name()
        return self._outer_fd != self._root_fd and (name + b"/").startswith(outer + b"/")

    def _rights_of(self, fd: int) -> int:
        """Give what may be done to a file below the root."""
        if not self._sandboxed:
            return ALL | DEVICE
        return ALL if self.roots.match(special.host_name(fd), WRITE) is not None else READ

    def _host_working_directory(self) -> bytes:
        return super().working_directory()

    # What a path names

    def find(self, dirfd: int, path: bytes, *, follow: bool = True, need: int = LOOK) -> Found:
        """Find an existing file, as `Paths.find`."""
        path = self._absolute(dirfd, path)
        if is_the_machines(path):
            return super().find(AT_FDCWD, path, follow=follow, need=need)
        fd = self._open_path(path, os.O_PATH | (0 if follow else os.O_NOFOLLOW))
        return self._granted(fd, path, need)

    def _granted(self, fd: int, path: bytes, need: int) -> Found:
        """Look at what a path was found to be, below the root; close it if it may not be used so."""
        try:
            rights = self._rights_of(fd)
            if rights & need != need:
                raise self._denied(path, Denied(special.host_name(fd)), need)
            if self._sandboxed:
                self._check_filesystem(fd, need, path)
            elif special.shows_memory(fd, os.fstat(fd)):
                raise OSError(EACCES, "no guest may open memory of a process or of the machine", path)
        except BaseException:
            os.close(fd)
            raise
        return object_of(fd, rights)

    def entry(self, dirfd: int, path: bytes, *, create: bool = False) -> Entry:
        """Find the directory that holds the last name of `path`, as `Paths.entry`."""
        path = self._absolute(dirfd, path)
        if is_the_machines(path):
            return super().entry(AT_FDCWD, path, create=create)
        head, name = split_last(path)
        parent = self._open_path(head or b"/", os.O_PATH | os.O_DIRECTORY)
        if is_dots(name):
            return Entry(parent, name, True)
        try:
            full = special.host_name(parent).rstrip(b"/") + b"/" + name.rstrip(b"/")
            named = self.roots.exact.get(full) if self._sandboxed else None
            alone = named is not None and named.fd < 0 and named.rights & WRITE
            may = bool(self._rights_of(parent) & WRITE)
            if not may and not alone:
                raise self._denied(path, Denied(full), WRITE)
        except BaseException:
            os.close(parent)
            raise
        if not self._sandboxed:
            return Entry(parent, name, True)
        return self._unguarded(Entry(parent, name, True, self.roots, None if may else named), path)

    def read_link(self, dirfd: int, path: bytes) -> bytes:
        """Give what a symbolic link says, as `Paths.read_link`."""
        path = self._absolute(dirfd, path)
        of_the_host = special.classify(path)[0] in (special.OWN_EXE, special.OWN_FD, special.OTHER)
        target = super().read_link(AT_FDCWD, path)
        return self._inside(target) if of_the_host and target[:1] == b"/" else target

    # Opening

    def open(self, dirfd: int, path: bytes, flags: int, mode: int = 0, resolve: int = 0) -> int:
        """Open a file for the guest, as `Paths.open`."""
        check_flags(flags)
        mode = mode & 0o1777 if self._sandboxed else mode
        if resolve & SCOPED:
            return self._open_scoped(dirfd, path, flags, mode, resolve)
        path = self._absolute(dirfd, path)
        if is_the_machines(path):
            return super().open(AT_FDCWD, path, flags, mode, resolve)
        if resolve and path.startswith(OUTSIDE):
            raise OSError(ENOENT, "the directory is not below the root")
        if resolve:
            fd, rights = self._open_below(self._root_fd, path, flags, mode, resolve | RESOLVE_IN_ROOT)
        else:
            fd, rights = self._open_granted(AT_FDCWD, path, flags, mode)
        return self._give(fd, rights, flags)

    def _open_scoped(self, dirfd: int, path: bytes, flags: int, mode: int, resolve: int) -> int:
        """Open for openat2 below a directory of the guest, which may be one of the machine's."""
        if dirfd != AT_FDCWD:
            dirfd = self._descriptors.hold(dirfd)
        start = self._directory(dirfd)[0] if self._sandboxed else dirfd
        name = self._host_working_directory() if dirfd == AT_FDCWD else directory_name(start)
        if self._is_inside(name) or (not is_the_machines(name) and self._is_left(name)):
            fd, rights = self._open_below(start, path, flags, mode, resolve)
            return self._give(fd, rights, flags)
        if not is_the_machines(name):
            raise OSError(ENOENT, "the directory is not below the root")
        return super().open(dirfd, path, flags, mode, resolve)

    def _open_below(self, start: int, path: bytes, flags: int, mode: int, resolve: int) -> tuple[int, int]:
        """Open for openat2 with `resolve` below a directory that is in the root."""
        if resolve & RESOLVE_CACHED and flags & (os.O_CREAT | os.O_TRUNC | O_TMPFILE_BIT):
            raise OSError(EAGAIN, "what a cache holds cannot be changed")
        resolve |= RESOLVE_NO_MAGICLINKS
        after = MAYBE_CREATED - {ELOOP} if resolve & RESOLVE_NO_SYMLINKS else MAYBE_CREATED
        for _ in range(MAX_SYMLINKS):
            head, name = split_last(path)
            if not creates(flags) or is_dots(name) or not (flags & os.O_EXCL or name.endswith(b"/")):
                try:
                    fd = openat2(start, path, os.O_PATH | flags & os.O_NOFOLLOW, 0, resolve)
                except OSError as error:
                    if error.errno not in after or not creates(flags):
                        raise
                else:
                    return self._open_found(fd, path, flags, mode)
            parent = openat2(start, head or b".", os.O_PATH | os.O_DIRECTORY, 0, resolve)
            with self._granted(parent, path, WRITE):
                made = self._create_or_read(parent, name, flags, mode)
            if isinstance(made, tuple):
                return made
            path = _after(head, made)
        raise OSError(ELOOP, "too many symbolic links")

    def _open_found(self, fd: int, path: bytes, flags: int, mode: int) -> tuple[int, int]:
        """Open what a path was found to be, as the guest asked; close what it was found with."""
        need = needed(flags)
        with self._granted(fd, path, need) as found:
            if creates(flags) and flags & os.O_EXCL:
                raise OSError(EEXIST, "the file exists")
            if creates(flags) and stat.S_ISDIR(os.fstat(fd).st_mode):
                raise OSError(EISDIR, "a directory cannot be created by opening it")
            return self._reopen(found, flags & ~os.O_CREAT, mode)

    def _create_or_read(self, parent: int, name: bytes, flags: int, mode: int) -> tuple[int, int] | bytes:
        """Make a new file; give what the link says instead that is there."""
        if name.endswith(b"/"):
            raise OSError(EISDIR, "a name with a slash behind it is not created")
        if not flags & os.O_EXCL:
            try:
                return os.readlink(name, dir_fd=parent)
            except OSError as error:
                if error.errno not in (ENOENT, EINVAL):
                    raise
        return create(parent, name, flags, mode)

    def _create_missing(self, dirfd: int, path: bytes, flags: int, mode: int, follow: bool) -> tuple[int, int] | None:
        """Make a file that is not there, also where links lead to one; None when it is there by now."""
        for _ in range(MAX_SYMLINKS):
            with self.entry(dirfd, path, create=True) as entry:
                made = self._create_or_read(entry.fd, entry.name, flags, mode)
            if isinstance(made, tuple):
                return made
            if not follow:
                return None
            path = _after(split_last(path)[0], made)
        raise OSError(ELOOP, "too many symbolic links")

    # The working directory

    def _enter(self, fd: int, rights: int) -> None:
        if self._sandboxed:
            self._move(fd, rights)
        else:
            os.fchdir(fd)

    def change_directory(self, path: bytes) -> None:
        """Make a directory the one that relative paths start from."""
        with self.find(AT_FDCWD, path) as found:
            if found.opath < 0:
                os.chdir(found.path)
            else:
                self._enter(found.opath, found.rights)

    def working_directory(self) -> bytes:
        """Give the guest's name of the directory that relative paths start from."""
        return self._inside(self._host_working_directory())
