"""The file system of a guest that sees a directory of the host as its "/" (--root).

Every path is opened below that directory, as for a process whose root it is: links and ".." stay inside.
`/proc`, `/dev` and `/sys` are the machine's, as without --root; `rootwalk.py` has the tree that this makes. `chroot`
makes a root below another, or in its place: then a process may still have a directory outside of it, from where it gets
as far as to the *outer* root.
"""

import os
import stat
from errno import EACCES, EAGAIN, EEXIST, EINVAL, EISDIR, ELOOP, ENAMETOOLONG, ENOENT, ENOSYS, ENOTDIR, EPERM, EXDEV

from stinkarm.sandbox import others, special
from stinkarm.sandbox.descriptors import ALL, DEVICE, INHERITED, READ, WRITE
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
    link_text,
    needed,
    object_of,
    split_last,
)
from stinkarm.sandbox.roots import LOOK, MAX_SYMLINKS, PATH_MAX, Denied
from stinkarm.sandbox.rootwalk import MOUNTED, PLACE, Place, RootWalk, same

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.sandbox.policy import Policy

SCOPED = RESOLVE_BENEATH | RESOLVE_IN_ROOT
NO_OPENAT2 = frozenset((ENOSYS, EPERM))  # a host, or a container's filter, without the call


def is_the_machines(name: bytes) -> bool:
    """Say whether a name of the host's, without links and dots, is of its own file systems."""
    return name.startswith(b"/") and name.split(b"/", 2)[1] in MOUNTED


def creates(flags: int) -> bool:
    """Say whether opening with these flags makes a file that is not there."""
    return flags & (os.O_CREAT | os.O_PATH) == os.O_CREAT


class RootedPaths(Paths):
    """`Paths` below a directory. In the sandbox all of it may be read, and written where a grant says so.

    `by_name`: what is the machine's is only a name here, which the grants are asked about.
    """

    def __init__(self, policy: "Policy") -> None:
        super().__init__(policy)
        self.by_name = self._sandboxed
        self.root_fd, self._outer_fd = policy.root_fds
        first = self.root_fd < 0
        if first:
            self.root_fd = self._outer_fd = self._open_root(policy.root)
            policy.root_fds = (self.root_fd, self._outer_fd)
        self._prefix = special.host_name(self.root_fd).rstrip(b"/")
        if first and not self._is_inside(os.getcwdb()):
            self._enter(self.root_fd, self._rights_of(self.root_fd))

    def _open_root(self, path: bytes) -> int:
        return self._descriptors.move_up(os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC))

    def outer_fd(self) -> int:
        """Give what is open on the root that there was before chroot, which is the machine's where none was given."""
        if self._outer_fd < 0:
            self._outer_fd = self._open_root(b"/")
            self._policy.root_fds = (self.root_fd, self._outer_fd)
        return self._outer_fd

    def _is_left(self, name: bytes) -> bool:
        """Say whether a file, by the host's name, is one that chroot has left outside of the root."""
        outer = self.outer_fd()
        return outer != self.root_fd and (name + b"/").startswith(special.host_name(outer).rstrip(b"/") + b"/")

    def _is_inside(self, name: bytes) -> bool:
        return name == self._prefix or name.startswith(self._prefix + b"/")

    def _inside(self, name: bytes) -> bytes:
        """Give the guest's name for a name of the host."""
        if self._prefix and self._is_inside(name):
            return name[len(self._prefix) :] or b"/"
        if not self._prefix or is_the_machines(name):
            return name
        return b"(unreachable)" + name

    def machine_names(self, fd: int) -> list[bytes] | None:
        """Give the names on the way to what is the machine's, None for what is below the root, or the outer one.

        What is elsewhere is not in the guest's tree.
        """
        name = special.host_name(fd)
        if self._prefix and self._is_inside(name):
            return None
        if is_the_machines(name):
            return name.split(b"/")[1:]
        if self._is_inside(name) or self._is_left(name):
            return None
        raise OSError(EACCES, "it is not below the root", name)

    def _rights_of(self, fd: int) -> int:
        """Give what may be done to a file below the root."""
        if not self._sandboxed:
            return ALL | DEVICE
        return ALL if self.roots.match(special.host_name(fd), WRITE) is not None else READ

    def _host_working_directory(self) -> bytes:
        return super().working_directory()

    # The links of /proc/self

    def open_program(self) -> int:
        """Open what /proc/self/exe is."""
        if self._policy.program_fd >= 0:
            return os.open(b"/proc/self/fd/%d" % self._policy.program_fd, PLACE)
        if not self._policy.program:
            raise OSError(ENOENT, "the guest program has no name")
        return os.open(self._policy.program, PLACE)

    def open_others_program(self, name: bytes) -> int:
        """Open what `exe` of another process is, whose name below /proc this is."""
        program = others.read_link(self._policy, name)
        return os.open(program or b"/proc/" + name, PLACE)

    def open_own(self, number: int) -> int:
        """Open what a descriptor of the guest is open on."""
        if not self._descriptors.usable(number):
            raise OSError(ENOENT, "not a descriptor of the guest")
        number = self._descriptors.hold(number)
        if self._sandboxed and self._descriptors.rights_of(number) & INHERITED:
            raise OSError(EACCES, "no path may start at a descriptor that the host gave")
        return os.open(b"/proc/self/fd/%d" % number, PLACE)

    def open_working_directory(self) -> int:
        """Open the directory that relative paths start from."""
        fd = self._directory(AT_FDCWD)[0] if self._sandboxed else AT_FDCWD
        return os.open(b".", PLACE | os.O_DIRECTORY, dir_fd=fd)

    # What a path names

    def _locate(self, dirfd: int, path: bytes, flags: int, resolve: int = 0) -> Place:
        """Find what a path names. `flags` may have O_NOFOLLOW and O_DIRECTORY; `resolve` is openat2's."""
        if resolve & SCOPED == SCOPED:
            raise OSError(EINVAL, "the path is below the directory in one way, or in the other")
        if not path:
            raise OSError(ENOENT, "an empty path")
        if len(path) >= PATH_MAX:
            raise OSError(ENAMETOOLONG, "the path is too long")
        absolute = path.startswith(b"/") and not resolve & SCOPED
        start = self.root_fd if absolute else self._begin(dirfd)
        if not is_the_machines(b"/" + path.lstrip(b"/")) if absolute else self._is_below(start):
            fd = self._locate_fast(start, path, flags, resolve, absolute)
            if fd >= 0:
                return Place(fd)
        with RootWalk(self, start, resolve) as walk:
            return walk.run(path, flags)

    def _begin(self, dirfd: int) -> int:
        """Give the descriptor of a directory that a path may start from."""
        if dirfd == AT_FDCWD:
            return self._directory(AT_FDCWD)[0] if self._sandboxed else AT_FDCWD
        dirfd = self._descriptors.hold(dirfd)
        if not stat.S_ISDIR(os.fstat(dirfd).st_mode):
            raise OSError(ENOTDIR, "not a directory")
        self.machine_names(dirfd)
        return dirfd

    def _is_below(self, start: int) -> bool:
        """Say whether no way down from a directory leads through the root, as it may after chroot."""
        if self.root_fd == self._outer_fd:
            return True
        return self._is_inside(os.getcwdb() if start == AT_FDCWD else special.host_name(start))

    def _locate_fast(self, start: int, path: bytes, flags: int, resolve: int, absolute: bool) -> int:
        """Find what a path names with one openat2; give -1 when only the walk can tell."""
        scoped = resolve & SCOPED
        how = resolve | RESOLVE_NO_MAGICLINKS | (scoped or (RESOLVE_IN_ROOT if absolute else RESOLVE_BENEATH))
        named = not MOUNTED.isdisjoint(path.split(b"/"))
        try:
            fd = openat2(start, path, os.O_PATH | flags, 0, how)
        except OSError as error:
            if error.errno in NO_OPENAT2 or named:
                return -1
            if scoped or self._is_final(error, start, path, flags, how):
                raise
            return -1
        if special.on_procfs(fd, os.fstat(fd).st_dev) or (named and self._is_covered(fd)):
            os.close(fd)
            return -1
        return fd

    def _is_covered(self, fd: int) -> bool:
        """Say whether a file is where the guest sees something of the machine's."""
        return is_the_machines(special.host_name(fd)[len(self._prefix) :])

    def _is_final(self, error: OSError, start: int, path: bytes, flags: int, how: int) -> bool:
        """Say whether an error is the walk's as well: no link leads to what is the machine's, or out of `start`."""
        if error.errno == EXDEV or (error.errno == EAGAIN and not how & RESOLVE_CACHED):
            return False
        if how & RESOLVE_NO_SYMLINKS:
            return True
        try:
            os.close(openat2(start, path, os.O_PATH | flags, 0, how | RESOLVE_NO_SYMLINKS))
        except OSError as again:
            return again.errno == error.errno and again.errno != ELOOP
        return False

    def find(self, dirfd: int, path: bytes, *, follow: bool = True, need: int = LOOK) -> Found:
        """Find an existing file, as `Paths.find`."""
        place = self._locate(dirfd, path, 0 if follow else os.O_NOFOLLOW)
        if place.names is not None and self.by_name:
            return super().find(AT_FDCWD, place.name, follow=follow, need=need)
        return self._granted(place.fd, path, need)

    def _granted(self, fd: int, path: bytes, need: int) -> Found:
        """Look at what a path was found to be; close it if it may not be used so."""
        try:
            rights = self._rights_of(fd)
            if rights & need != need:
                raise self._denied(path, Denied(special.host_name(fd)), need)
            if self._sandboxed:
                self._check_filesystem(fd, need, path)
            elif need:
                self._look(fd, path)
        except BaseException:
            os.close(fd)
            raise
        return object_of(fd, rights)

    def entry(self, dirfd: int, path: bytes, *, create: bool = False) -> Entry:
        """Find the directory that holds the last name of `path`, as `Paths.entry`."""
        parent, name = self._parent(dirfd, path)
        if parent.names is not None and self.by_name:
            return super().entry(AT_FDCWD, parent.name + b"/" + name, create=create)
        return self._entry_of(parent, name, path)

    def _parent(self, dirfd: int, path: bytes, resolve: int = 0) -> tuple[Place, bytes]:
        """Find the directory that holds the last name of `path`; give that name, too."""
        if not path:
            raise OSError(ENOENT, "an empty path")
        head, name = split_last(path)
        parent = self._locate(dirfd, head or (b"/" if name == b"/" else b"."), os.O_DIRECTORY, resolve)
        if parent.names is None and name.rstrip(b"/") in MOUNTED and same(parent.fd, self.root_fd):
            name = b"/"  # where something is mounted, so the host is to say the same of it
        return parent, name

    def _entry_of(self, parent: Place, name: bytes, path: bytes) -> Entry:
        """Give a name in a directory to change what it stands for, if a grant allows that. It takes the descriptor."""
        fd, parent.fd = parent.fd, -1
        if is_dots(name) or not self._sandboxed:
            return Entry(fd, name, True)
        try:
            full = special.host_name(fd).rstrip(b"/") + b"/" + name.rstrip(b"/")
            named = self.roots.exact.get(full)
            alone = named is not None and named.fd < 0 and named.rights & WRITE
            may = bool(self._rights_of(fd) & WRITE)
            if not may and not alone:
                raise self._denied(path, Denied(full), WRITE)
        except BaseException:
            os.close(fd)
            raise
        return self._unguarded(Entry(fd, name, True, self.roots, None if may else named), path)

    def read_link(self, dirfd: int, path: bytes) -> bytes:
        """Give what a symbolic link says, as `Paths.read_link`."""
        place = self._locate(dirfd, path, os.O_NOFOLLOW)
        try:
            if place.names is None:
                return link_text(place.fd)
            kind, detail, number = special.classify(place.name)
            if kind == special.OWN_EXE and self._policy.program:
                return self._inside(self._policy.program_name())
            if kind == special.OWN_FD:
                if not self._descriptors.usable(number):
                    raise OSError(ENOENT, "not a descriptor of the guest")
                target = special.host_name(self._descriptors.hold(number))
                return self._inside(target) if target.startswith(b"/") else target
            if place.names[0] == b"proc" and place.names[-1] == b"root":
                return b"/"
            if kind == special.OWN_DIRECTORY:
                return self.working_directory()
            if kind == special.OTHER:
                program = others.read_link(self._policy, detail)
                if program is not None:
                    return self._inside(program)
            if self.by_name:
                return super().read_link(AT_FDCWD, place.name)
            target = link_text(place.fd)
            return self._inside(target) if place.names[0] == b"proc" and target.startswith(b"/") else target
        finally:
            place.close()

    # Opening

    def open(self, dirfd: int, path: bytes, flags: int, mode: int = 0, resolve: int = 0) -> int:
        """Open a file for the guest, as `Paths.open`."""
        check_flags(flags)
        if self._sandboxed:
            mode &= 0o1777
        if resolve & RESOLVE_CACHED and flags & (os.O_CREAT | os.O_TRUNC | O_TMPFILE_BIT):
            raise OSError(EAGAIN, "what a cache holds cannot be changed")
        after = MAYBE_CREATED - {ELOOP} if resolve & (RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS) else MAYBE_CREATED
        for _ in range(MAX_SYMLINKS):
            head, name = split_last(path)
            if not creates(flags) or is_dots(name) or not (flags & os.O_EXCL or name.endswith(b"/")):
                try:
                    place = self._locate(dirfd, path, flags & os.O_NOFOLLOW, resolve)
                except OSError as error:
                    if error.errno not in after or not creates(flags):
                        raise
                else:
                    return self._open_place(place, path, flags, mode)
            parent, name = self._parent(dirfd, path, resolve)
            try:
                if parent.names is not None and self.by_name:
                    return super().open(AT_FDCWD, parent.name + b"/" + name, flags, mode)
                made = self._create_or_read(parent, name, path, flags, mode)
            finally:
                parent.close()
            if isinstance(made, int):
                return self._give(made, ALL, flags)
            path = made if made.startswith(b"/") else head + made
        raise OSError(ELOOP, "too many symbolic links")

    def _open_place(self, place: Place, path: bytes, flags: int, mode: int) -> int:
        """Open what a path was found to name, as the guest asked."""
        if place.names is not None:
            if self.by_name:
                return super().open(AT_FDCWD, place.name, flags, mode)
            fd = self._made_up(place.name, flags, mode)
            if fd >= 0:
                place.close()
                return fd
        with self._granted(place.fd, path, needed(flags)) as found:
            if creates(flags) and flags & os.O_EXCL:
                raise OSError(EEXIST, "the file exists")
            if creates(flags) and stat.S_ISDIR(os.fstat(found.opath).st_mode):
                raise OSError(EISDIR, "a directory cannot be created by opening it")
            fd, rights = self._reopen(found, flags & ~os.O_CREAT, mode)
        return self._give(fd, rights, flags)

    def _create_or_read(self, parent: Place, name: bytes, path: bytes, flags: int, mode: int) -> int | bytes:
        """Make a new file; give what the link says instead that is there."""
        if name.endswith(b"/"):
            raise OSError(EISDIR, "a name with a slash behind it is not created")
        if not flags & os.O_EXCL:
            try:
                return os.readlink(name, dir_fd=parent.fd)
            except OSError as error:
                if error.errno not in (ENOENT, EINVAL):
                    raise
        with self._entry_of(parent, name, path) as entry:
            return create(entry.fd, entry.name, flags, mode)[0]

    # The working directory

    def _enter(self, fd: int, rights: int) -> None:
        if self._sandboxed:
            self._move(fd, rights)
        else:
            os.fchdir(fd)

    def change_directory(self, path: bytes) -> None:
        """Make a directory the one that relative paths start from."""
        with self.find(AT_FDCWD, path) as found:
            self._enter(found.opath, found.rights)

    def working_directory(self) -> bytes:
        """Give the guest's name of the directory that relative paths start from."""
        return self._inside(self._host_working_directory())
