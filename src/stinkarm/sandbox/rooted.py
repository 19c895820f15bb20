"""The file system of a guest that sees a directory of the host as its "/" (--root).

Every path is opened below that directory, as for a process whose root it is: links and ".." stay inside.
`/proc`, `/dev` and `/sys` are the machine's, as without --root.
"""

import os
import stat
from errno import EACCES, EAGAIN, EBUSY, EINVAL, ENAMETOOLONG, ENOENT, ENOSYS, ENOTDIR

from stinkarm.sandbox import special
from stinkarm.sandbox.descriptors import ALL, DEVICE, READ, WRITE
from stinkarm.sandbox.openat2 import AT_FDCWD
from stinkarm.sandbox.paths import CREATE_ATTEMPTS, Entry, Found, Paths, create, object_of
from stinkarm.sandbox.roots import LOOK, PATH_MAX, Denied
from stinkarm.sandbox.sysroot import open_in_root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.sandbox.policy import Policy

THE_MACHINES = (b"/proc", b"/dev", b"/sys")


def is_the_machines(path: bytes) -> bool:
    """Say whether a name is of the machine's own file systems, not of the root directory."""
    top = b"/" + path.lstrip(b"/")
    return path.startswith(b"/") and (
        top in THE_MACHINES or top.startswith(tuple(name + b"/" for name in THE_MACHINES))
    )


class RootedPaths(Paths):
    """`Paths` below a directory. In the sandbox all of it may be read, and written where a grant says so."""

    def __init__(self, policy: "Policy") -> None:
        super().__init__(policy)
        opened = os.open(policy.root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self._root_fd = self._descriptors.move_up(opened)
        self._prefix = special.host_name(self._root_fd).rstrip(b"/")
        if not self._is_inside(os.getcwdb()):
            self._enter(self._root_fd, self._rights_of(self._root_fd))

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
        if path.startswith(b"/"):
            return path
        if dirfd == AT_FDCWD:
            name = self._host_working_directory()
        else:
            dirfd = self._descriptors.hold(dirfd)
            name = special.host_name(dirfd)
            if not stat.S_ISDIR(os.fstat(dirfd).st_mode):
                raise OSError(ENOTDIR, "not a directory")
        if not self._is_inside(name):
            if is_the_machines(name):
                return name + b"/" + path
            raise OSError(ENOENT, "the directory is not below the root")
        return self._inside(name) + b"/" + path

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
        fd = open_in_root(self._root_fd, path, os.O_PATH | (0 if follow else os.O_NOFOLLOW))
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
        bare = path.rstrip(b"/")
        head, _, name = bare.rpartition(b"/")
        if name in (b"", b".", b".."):
            raise OSError(EINVAL if name == b"." else EBUSY, "not the name of an entry")
        parent = open_in_root(self._root_fd, head or b"/", os.O_PATH | os.O_DIRECTORY)
        try:
            full = special.host_name(parent).rstrip(b"/") + b"/" + name
            named = self.roots.exact.get(full) if self._sandboxed else None
            alone = named is not None and named.fd < 0 and named.rights & WRITE
            if not self._rights_of(parent) & WRITE and not alone:
                raise self._denied(path, Denied(full), WRITE)
        except BaseException:
            os.close(parent)
            raise
        return Entry(parent, name + path[len(bare) :][:1], True)

    def read_link(self, dirfd: int, path: bytes) -> bytes:
        """Give what a symbolic link says, as `Paths.read_link`."""
        path = self._absolute(dirfd, path)
        kind = special.classify(path)[0]
        target = super().read_link(AT_FDCWD, path)
        return self._inside(target) if kind in (special.OWN_EXE, special.OWN_FD) and target[:1] == b"/" else target

    # Opening

    def open(self, dirfd: int, path: bytes, flags: int, mode: int = 0, resolve: int = 0) -> int:
        """Open a file for the guest, as `Paths.open`."""
        path = self._absolute(dirfd, path)
        if is_the_machines(path):
            return super().open(AT_FDCWD, path, flags, mode, resolve)
        if resolve:
            raise OSError(ENOSYS, "openat2 with a resolve flag does not work with --root")
        fd, rights = self._open_granted(AT_FDCWD, path, flags, mode & 0o1777 if self._sandboxed else mode)
        return self._give(fd, rights, flags)

    def _create_missing(self, dirfd: int, path: bytes, flags: int, mode: int, follow: bool) -> tuple[int, int] | None:
        """Make a file that is not there, also where links lead to one; None when it is there by now."""
        for _ in range(CREATE_ATTEMPTS):
            with self.entry(dirfd, path, create=True) as entry:
                try:
                    target = os.readlink(entry.name, dir_fd=entry.fd)
                except OSError as error:
                    if error.errno not in (ENOENT, EINVAL):
                        raise
                    return create(entry.fd, entry.name, flags, mode)
            if not follow:
                return None
            path = target if target.startswith(b"/") else path.rstrip(b"/").rpartition(b"/")[0] + b"/" + target
        raise OSError(EAGAIN, "the file keeps coming and going")

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
