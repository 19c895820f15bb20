"""The file system as a guest sees it: what a path, relative to a directory descriptor, stands for.

In forward mode that is the host's own answer. In the sandbox a path becomes a descriptor found below a
grant (`roots.py`); system calls then work on the descriptor, so that nothing can change between check and
use. Calls that only take a path are given /proc/self/fd/N, which the host follows to the very same file.
"""

import os
import stat
from errno import (
    EACCES,
    EAGAIN,
    EBUSY,
    EEXIST,
    EINVAL,
    EISDIR,
    ELOOP,
    ENAMETOOLONG,
    ENOENT,
    ENOSYS,
    ENOTDIR,
    EPERM,
    EXDEV,
)

from stinkarm.sandbox import others, special
from stinkarm.sandbox.descriptors import ALL, DEVICE, INHERITED, READ, WRITE
from stinkarm.sandbox.openat2 import (
    AT_FDCWD,
    RESOLVE_BENEATH,
    RESOLVE_IN_ROOT,
    RESOLVE_NO_MAGICLINKS,
    openat2,
)
from stinkarm.sandbox.roots import LOOK, O_OBJECT, PATH_MAX, Denied, Root, Roots, Walk
from stinkarm.sandbox.sysroot import is_guessed, open_in_root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from stinkarm.sandbox.policy import Policy

# After these the walk has the last word: a link or `..` led out of a root, or openat2 is not to be had.
# With others, openat2 may have come to another process: the walk does not tell those that live.
WALK_AFTER = frozenset((EXDEV, ELOOP, EAGAIN, ENOSYS, EPERM, EACCES, ENOTDIR))

O_CREATING = os.O_CREAT | os.O_EXCL
O_TMPFILE_BIT = os.O_TMPFILE & ~os.O_DIRECTORY
CREATE_ATTEMPTS = 40

# After these a name may be one to create, or one with a slash behind it, which is never (EISDIR).
MAYBE_CREATED = frozenset((ENOENT, ENOTDIR, ELOOP))

# Last names that stand for a directory; "" is the one of "/". Nothing can be made, removed or renamed by them.
DOTS = frozenset((b"", b".", b".."))

# What is the machine's own even with -L, and how a name is missing there.
NEVER_IN_SYSROOT = (b"/proc", b"/dev", b"/sys")
LIBRARIES = (b"/lib/", b"/usr/lib/", b"/usr/local/lib/")
NOT_THERE = frozenset((ENOENT, ENOTDIR, ELOOP, EXDEV))


class Found:
    """What a path names, for a host call: `path` relative to `fd`; follow a final link if `follow`.

    `opath` is a descriptor of the very file in the sandbox, -1 in forward mode. `rights` is what may be
    done to it. Use it in a `with`.
    """

    __slots__ = ("_owned", "fd", "follow", "opath", "path", "rights")

    def __init__(
        self, fd: int, path: bytes, follow: bool, rights: int = ALL, opath: int = -1, owned: bool = True
    ) -> None:
        self.fd = fd
        self.path = path
        self.follow = follow
        self.rights = rights
        self.opath = opath
        self._owned = owned

    def __enter__(self) -> "Found":
        return self

    def take(self) -> int:
        """Give a descriptor of the file that the caller will close."""
        if not self._owned:
            return os.dup(self.opath)
        fd, self.opath = self.opath, -1
        return fd

    def __exit__(self, *_: object) -> None:
        if self._owned and self.opath >= 0:
            os.close(self.opath)
            self.opath = -1


class Entry:
    """A name in a directory, for host calls that make, remove or rename it. Use it in a `with`."""

    __slots__ = ("_owned", "_root", "_roots", "fd", "name")

    def __init__(
        self, fd: int, name: bytes, owned: bool, roots: "Roots | None" = None, root: "Root | None" = None
    ) -> None:
        self.fd = fd
        self.name = name
        self._owned = owned
        self._roots = roots  # who are told, if the name is that of `root`, that it may have changed
        self._root = root

    def __enter__(self) -> "Entry":
        return self

    def __exit__(self, *_: object) -> None:
        if self._roots is not None and self._root is not None:
            self._roots.note(self._root)
        self.close()

    @property
    def alone(self) -> bool:
        """Whether the name is granted, and the directory is not: only files may have it."""
        return self._root is not None

    def check_mode(self, mode: int) -> None:
        """Refuse to give a name that is granted alone to a link or a directory."""
        if self.alone and (stat.S_ISLNK(mode) or stat.S_ISDIR(mode)):
            raise OSError(EACCES, "the grant is one for a file")

    def check_kind(self, other: "Entry") -> None:
        """Refuse to give the name to what `other` names, as `check_mode`."""
        if self.alone:
            self.check_mode(os.lstat(other.name, dir_fd=other.fd).st_mode)

    def close(self) -> None:
        """Let the directory go."""
        if self._owned:
            os.close(self.fd)
            self._owned = False


def object_of(fd: int, rights: int, owned: bool = True) -> Found:
    """Wrap a descriptor of the emulator, so that path calls reach the file it is open on."""
    return Found(AT_FDCWD, b"/proc/self/fd/%d" % fd, True, rights, fd, owned)


def split_last(path: bytes) -> tuple[bytes, bytes]:
    """Part a path before its last name, which keeps one slash that is behind it; that of "/" is "/"."""
    bare = path.rstrip(b"/")
    head, slash, name = bare.rpartition(b"/")
    return head + slash, name + path[len(bare) :][:1]


def is_dots(name: bytes) -> bool:
    """Say whether a last name stands for a directory, so that the host answers every change of it with an error."""
    return name.rstrip(b"/") in DOTS


class Paths:
    """Resolve the paths of one guest process.

    Every method raises OSError with the errno that the guest gets. `texts` makes the contents of files
    below /proc/self that stinkarm writes itself; `make_texts` makes it, when the first of them is opened.
    """

    def __init__(self, policy: "Policy") -> None:
        self._policy = policy
        self._descriptors = policy.descriptors
        self._sandboxed = policy.sandboxed
        self._cwd_fd = policy.cwd_fd
        self._cwd_rights = policy.cwd_rights
        self._has_openat2 = True
        self.texts: dict[bytes, Callable[..., bytes]] = {}
        self.make_texts: Callable[[], dict[bytes, Callable[..., bytes]]] | None = None

    @property
    def roots(self) -> Roots:
        """The grants."""
        return self._policy.roots

    # What a path names

    def find(self, dirfd: int, path: bytes, *, follow: bool = True, need: int = LOOK) -> Found:
        """Find an existing file. `need` is LOOK, READ, WRITE or a sum. An empty `path` is ENOENT."""
        kind, detail, number = special.classify(path)
        if kind != special.ORDINARY:
            found = self._find_special(kind, detail, number, path, follow, need)
            if found is not None:
                return found
        elif self._policy.sysroot and path.startswith(b"/") and not need & WRITE:
            found = self._find_in_sysroot(path, follow)
            if found is not None:
                return found
        if not path.startswith(b"/") and dirfd != AT_FDCWD:
            self._descriptors.check(dirfd)
        if not self._sandboxed:
            return Found(dirfd, path, follow)
        fd, rights = self._resolve(dirfd, path, follow, need)
        return object_of(fd, rights)

    def _find_in_sysroot(self, path: bytes, follow: bool) -> Found | None:
        """Find a name below -L, where "/" and ".." stay inside; give None when it is not there."""
        if path.startswith(NEVER_IN_SYSROOT) or not path.strip(b"/"):
            return None
        sysroot = self._policy.sysroot_fd
        if sysroot < 0:
            return None
        try:
            fd = open_in_root(sysroot, path, os.O_PATH | (0 if follow else os.O_NOFOLLOW))
        except OSError as error:
            if error.errno in NOT_THERE:
                return None
            raise
        guessed = self._policy.sysroot_guessed and self._sandboxed
        if special.on_procfs(fd, os.fstat(fd).st_dev) or (guessed and not self._is_of_system(fd)):
            os.close(fd)  # a /proc that is mounted there is the machine's, with all that it shows
            return None
        return object_of(fd, READ)

    def _is_of_system(self, fd: int) -> bool:
        """Say whether what was found below a sysroot that nobody has named is what libraries need, by its real name."""
        top = special.host_name(self._policy.sysroot_fd).rstrip(b"/") + b"/"
        name = special.host_name(fd)
        return name.startswith(top) and is_guessed(name[len(top) :])

    def find_descriptor(self, fd: int, need: int = LOOK) -> Found:
        """Give what a guest's descriptor is open on, for calls with AT_EMPTY_PATH."""
        if fd == AT_FDCWD:
            return self.find(AT_FDCWD, b".", need=need)
        fd = self._descriptors.check_change(fd) if need & WRITE else self._descriptors.hold(fd)
        return object_of(fd, self._descriptors.rights_of(fd), owned=False)

    def entry(self, dirfd: int, path: bytes, *, create: bool = False) -> Entry:
        """Find the directory that holds the last name of `path`, to change what it holds."""
        if not self._sandboxed:
            if not path.startswith(b"/") and dirfd != AT_FDCWD:
                self._descriptors.check(dirfd)
            return Entry(dirfd, path, False)
        if not path:
            raise OSError(ENOENT, "an empty path")
        if len(path) >= PATH_MAX:
            raise OSError(ENAMETOOLONG, "the path is too long")
        if not path.startswith(b"/") and dirfd != AT_FDCWD:
            self._descriptors.check(dirfd)
        fast = self._fast_entry(dirfd, path)
        if fast is not None:
            return self._unguarded(fast, path)
        try:
            with Walk(self.roots) as walk:
                walk.to_parent(self._base(dirfd, path), path)
                if not is_dots(walk.name):
                    _allow(walk.path, walk.rights, WRITE)
                entry = Entry(walk.take(walk.parent), walk.name, True, self.roots, walk.root)
                return self._unguarded(entry, path)
        except Denied as denied:
            raise self._denied(path, denied, WRITE) from None
        except FileExistsError:
            if create:
                raise
            raise OSError(EBUSY, "a granted directory, or one above it") from None

    def _unguarded(self, entry: Entry, path: bytes) -> Entry:
        """Give an entry back, or refuse it if it is of what is run on the host, or of a proc file system."""
        try:
            self._check_procfs(entry.fd, WRITE, path)
        except BaseException:
            entry.close()
            raise
        guard = self.roots.guard
        if guard.trees and guard.covers_entry(entry.fd, entry.name):
            entry.close()
            raise self._guarded(path)
        return entry

    def _guarded(self, path: bytes) -> OSError:
        self._policy.deny(path)
        return OSError(EACCES, "it is run on the host", path)

    def read_link(self, dirfd: int, path: bytes) -> bytes:
        """Give what a symbolic link says."""
        kind, detail, number = special.classify(path)
        if kind == special.OWN_EXE and self._policy.program:
            return self._policy.program_name()
        if kind == special.OTHER:
            target = others.read_link(self._policy, detail)
            if target is not None:
                return target
        if kind == special.OWN_FD:
            if not self._descriptors.usable(number):
                raise OSError(ENOENT, "not a descriptor of the guest")
            if path.startswith(b"/proc"):
                return special.host_name(self._descriptors.hold(number))
        if kind == special.OWN_DIRECTORY and number < 0 and path.endswith((b"/cwd", b"/root")):
            return self.working_directory() if detail == b"." else detail
        with self.find(dirfd, path, follow=False) as found:
            if found.opath >= 0:
                return link_text(found.opath)
            return os.readlink(found.path, dir_fd=found.fd)

    # Opening

    def open_to_read(self, path: bytes) -> int:
        """Open a file that the guest may read for the emulator; give a descriptor that the guest does not have."""
        with self.find(AT_FDCWD, path, need=READ) as found:
            return os.open(found.path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=found.fd)

    def open(self, dirfd: int, path: bytes, flags: int, mode: int = 0, resolve: int = 0) -> int:
        """Open a file for the guest, with host flags, and give its descriptor. `resolve` is openat2's."""
        kind, detail, number = special.classify(path)
        if kind != special.ORDINARY and not (flags & os.O_NOFOLLOW and special.is_own_link(kind, detail, path)):
            fd = self._open_special(kind, detail, number, path, flags, mode)
            if fd >= 0:
                return fd
        elif self._policy.sysroot and path.startswith(b"/") and not flags & O_CREATING and needed(flags) <= READ:
            found = self._find_in_sysroot(path, not flags & os.O_NOFOLLOW)
            if found is not None:
                with found:
                    fd, rights = self._reopen(found, flags)
                return self._give(fd, rights, flags)
        if not path.startswith(b"/") and dirfd != AT_FDCWD:
            self._descriptors.check(dirfd)
        if not self._sandboxed:
            return self._open_forward(dirfd, path, flags, mode, resolve)
        check_flags(flags)
        if not path:
            raise OSError(ENOENT, "an empty path")
        if len(path) >= PATH_MAX:
            raise OSError(ENAMETOOLONG, "the path is too long")
        if flags & O_TMPFILE_BIT == 0 and not flags & os.O_CREAT:
            mode = 0
        mode &= 0o1777  # no set-user-ID files
        if resolve:
            fd, rights = self._open_resolved(dirfd, path, flags, mode, resolve)
        else:
            fd, rights = self._open_granted(dirfd, path, flags, mode)
        return self._give(fd, rights, flags)

    def _open_forward(self, dirfd: int, path: bytes, flags: int, mode: int, resolve: int) -> int:
        fd = openat2(dirfd, path, flags, mode, resolve) if resolve else os.open(path, flags, mode, dir_fd=dirfd)
        try:
            name = self._look(fd, path)
            if name:
                made = self._made_up(name, flags, mode)
                if made >= 0:
                    os.close(fd)
                    return made
            if not flags & os.O_CLOEXEC:
                os.set_inheritable(fd, True)
        except BaseException:
            os.close(fd)
            raise
        return self._descriptors.add(fd)

    def _look(self, fd: int, path: bytes) -> bytes:
        """Refuse what is open if no guest may have it, whatever name led there. Give its name if it is on a procfs."""
        status = os.fstat(fd)
        if special.shows_memory(fd, status):
            raise OSError(EACCES, "no guest may open memory of a process or of the machine", path)
        nameless = stat.S_ISFIFO(status.st_mode) or not status.st_nlink
        if nameless and self._descriptors.is_hidden_file(status):
            raise OSError(ENOENT, "not a descriptor of the guest")
        return special.host_name(fd) if special.on_procfs(fd, status.st_dev) else b""

    def _made_up(self, name: bytes, flags: int, mode: int) -> int:
        """Open what the guest sees otherwise than the host has it, by the host's name; give -1 for other files."""
        kind, detail, number = special.classify(name)
        return self._open_special(kind, detail, number, name, flags, mode) if kind in special.MADE_UP else -1

    def _open_granted(self, dirfd: int, path: bytes, flags: int, mode: int) -> tuple[int, int]:
        """Open below the grants; give the descriptor and what may be done through it."""
        if flags & O_TMPFILE_BIT:
            with self.find(dirfd, path, need=ALL) as found:
                return self._reopen(found, flags, mode)
        follow = not flags & os.O_NOFOLLOW
        if not flags & os.O_CREAT or flags & os.O_PATH:
            with self.find(dirfd, path, follow=follow, need=needed(flags)) as found:
                return self._reopen(found, flags)
        if flags & os.O_EXCL:
            with self.entry(dirfd, path, create=True) as entry:
                return create(entry.fd, entry.name, flags, mode)
        for _ in range(CREATE_ATTEMPTS):  # whichever of "it is there" and "it is not" holds still
            try:
                found = self.find(dirfd, path, follow=follow, need=needed(flags))
            except OSError as error:
                if error.errno not in MAYBE_CREATED:
                    raise
            else:
                with found:
                    if stat.S_ISDIR(os.fstat(found.opath).st_mode):
                        raise OSError(EISDIR, "a directory cannot be created by opening it")
                    return self._reopen(found, flags & ~os.O_CREAT)
            try:
                created = self._create_missing(dirfd, path, flags, mode, follow)
            except FileExistsError:
                continue
            if created is not None:
                return created
        raise OSError(EAGAIN, "the file keeps coming and going")

    def _create_missing(self, dirfd: int, path: bytes, flags: int, mode: int, follow: bool) -> tuple[int, int] | None:
        """Make a file that is not there, also where links lead to one; None when it is there by now."""
        try:
            with Walk(self.roots) as walk:
                walk.to_object(self._base(dirfd, path), path, follow=follow, create=True)
                if walk.parent < 0:
                    return None
                _allow(walk.path, walk.rights, WRITE)
                if self.roots.guard.covers_entry(walk.parent, walk.name):
                    raise self._guarded(path)
                created = create(walk.parent, walk.name, flags, mode)
                if walk.root is not None:
                    self.roots.note(walk.root)
                return created
        except Denied as denied:
            raise self._denied(path, denied, WRITE) from None

    def _open_resolved(self, dirfd: int, path: bytes, flags: int, mode: int, resolve: int) -> tuple[int, int]:
        """Open for openat2 with `resolve`: below a directory that the guest already has."""
        need = needed(flags)
        if flags & (os.O_CREAT | O_TMPFILE_BIT):
            need |= WRITE
        name = path
        if path.startswith(b"/") and not resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT):
            root = self.roots.match(path, need)
            if root is None or root.fd < 0:
                raise self._denied(path, Denied(path), need)
            dirfd, name, rights = root.fd, root.below(path), root.rights
        else:
            base = dirfd
            dirfd, rights = self._directory(dirfd)
            if rights & need != need or not rights:
                raise self._denied(path, Denied(os.path.join(self._base(base, b""), path)), need)
        how = resolve | RESOLVE_NO_MAGICLINKS
        if not how & RESOLVE_IN_ROOT:
            how |= RESOLVE_BENEATH
        try:
            opath = openat2(dirfd, name, os.O_PATH | flags & os.O_NOFOLLOW, 0, how)
        except FileNotFoundError:
            if not flags & os.O_CREAT or flags & os.O_PATH:
                raise
            if self.roots.guard.trees:
                folder, _, last = name.rpartition(b"/")
                parent = openat2(dirfd, folder or b".", os.O_PATH | os.O_DIRECTORY, 0, how)
                with self._unguarded(Entry(parent, last, True), path):
                    return openat2(parent, last, flags | os.O_EXCL, mode, how), rights
            return openat2(dirfd, name, flags | os.O_EXCL, mode, how), rights
        with object_of(opath, rights) as found:
            if flags & O_CREATING == O_CREATING:
                raise OSError(EEXIST, "the file exists")
            self._check_filesystem(opath, need, path)
            return self._reopen(found, flags & ~os.O_CREAT, mode)

    def _reopen(self, found: Found, flags: int, mode: int = 0) -> tuple[int, int]:
        """Open what was found as the guest asked."""
        status = os.fstat(found.opath)
        rights = found.rights & ALL
        if flags & os.O_PATH:
            if flags & os.O_DIRECTORY and not stat.S_ISDIR(status.st_mode):
                raise OSError(ENOTDIR, "not a directory")
            return os.dup(found.opath), rights
        if stat.S_ISLNK(status.st_mode):
            raise OSError(ELOOP, "a symbolic link is not followed")
        if not self._device_allowed(status, found.rights):
            what = special.host_name(found.opath)
            raise self._denied(what, Denied(what), needed(flags))
        fd = os.open(found.path, flags & ~(O_CREATING | os.O_NOFOLLOW) | os.O_CLOEXEC, mode)
        return fd, rights

    def _device_allowed(self, status: os.stat_result, rights: int) -> bool:
        """Say whether the file is no device, or one that was granted by its own name or reaches nobody."""
        if stat.S_ISCHR(status.st_mode):
            if status.st_rdev in special.MEMORY_DEVICES:
                return False
            if status.st_rdev in special.HARMLESS or rights & DEVICE:
                return True
            return special.is_own_terminal(status.st_rdev, self._descriptors.rights)
        return not stat.S_ISBLK(status.st_mode) or bool(rights & DEVICE)

    def _give(self, fd: int, rights: int, flags: int) -> int:
        """Give the guest a new descriptor under the lowest free number, as open(2) promises."""
        lowest = os.dup(fd)
        if lowest < fd:
            fd, lowest = lowest, fd
        os.close(lowest)
        if not flags & os.O_CLOEXEC:
            os.set_inheritable(fd, True)
        return self._descriptors.add(fd, rights)

    # The working directory

    def change_directory(self, path: bytes) -> None:
        """Make a directory the one that relative paths start from."""
        if not self._sandboxed:
            os.chdir(path)
            return
        if special.classify(path)[0] != special.ORDINARY:
            found = self.find(AT_FDCWD, path)
        else:  # never into the sysroot: it is looked in for reading only
            found = object_of(*self._resolve(AT_FDCWD, path, True, LOOK))
        with found:
            self._move(found.opath, found.rights)

    def change_directory_to(self, fd: int) -> None:
        """Make an open directory the one that relative paths start from."""
        fd = self._descriptors.hold(fd)
        if not self._sandboxed:
            os.fchdir(fd)
            return
        rights = self._descriptors.rights_of(fd)
        if rights & INHERITED:
            raise OSError(EACCES, "no path may start at a descriptor that the host gave")
        self._move(fd, rights)

    def working_directory(self) -> bytes:
        """Give the host's name of the directory that relative paths start from."""
        if not self._sandboxed:
            return os.getcwdb()
        fd, _ = self._directory(AT_FDCWD)
        if not os.fstat(fd).st_nlink:
            raise OSError(ENOENT, "the working directory was removed")
        return special.host_name(fd)

    def enter_working_directory(self) -> None:
        """Make the directory that relative paths start from the host process's own."""
        if self._cwd_fd >= 0:
            os.fchdir(self._cwd_fd)

    def _move(self, fd: int, rights: int) -> None:
        """Make `fd` the working directory. In the sandbox it is a descriptor, not the host process's own.

        So no other part of the host program can change it, and with it what the grants mean.
        """
        if not stat.S_ISDIR(os.fstat(fd).st_mode):
            raise OSError(ENOTDIR, "not a directory")
        if not os.access(b"/proc/self/fd/%d" % fd, os.X_OK, effective_ids=True):
            raise OSError(EACCES, "the directory may not be searched")
        with self._descriptors.lock:
            before = self._cwd_fd
            self._cwd_fd = self._policy.cwd_fd = self._descriptors.copy_up(fd)
            self._cwd_rights = self._policy.cwd_rights = rights & ALL
            if before >= 0:
                self._descriptors.hidden.discard(before)
                os.close(before)

    # Resolving

    def _resolve(self, dirfd: int, path: bytes, follow: bool, need: int) -> tuple[int, int]:
        """Find an existing file below the grants; give an O_PATH descriptor and what may be done."""
        if not path:
            raise OSError(ENOENT, "an empty path")
        if len(path) >= PATH_MAX:
            raise OSError(ENAMETOOLONG, "the path is too long")
        found = self._resolve_fast(dirfd, path, follow, need)
        if found is not None:
            fd, rights = found
            try:
                self._check_filesystem(fd, need, path)
            except BaseException:
                os.close(fd)
                raise
            return fd, rights
        try:
            with Walk(self.roots) as walk:
                walk.to_object(self._base(dirfd, path), path, follow=follow)
                _allow(walk.path, walk.rights, need)
                if walk.rights:
                    self._check_filesystem(walk.fd, need, path)
                return walk.take(walk.fd), walk.rights
        except Denied as denied:
            raise self._denied(path, denied, need) from None

    def _resolve_fast(self, dirfd: int, path: bytes, follow: bool, need: int) -> tuple[int, int] | None:
        """Resolve with one openat2; give None when only the walk can tell."""
        flags = os.O_PATH | (0 if follow else os.O_NOFOLLOW)
        start = self._start(dirfd, path, need)
        if start is None:
            return None
        fd, rest, rights, how = start
        try:
            return openat2(fd, rest, flags, 0, how), rights
        except OSError as error:
            if error.errno not in WALK_AFTER:
                raise
            self._has_openat2 = error.errno != ENOSYS
            return None

    def _start(self, dirfd: int, path: bytes, need: int) -> tuple[int, bytes, int, int] | None:
        """Choose where openat2 starts: descriptor, rest of the path, rights below, RESOLVE flags."""
        if not self._has_openat2 or (b".." in path and _may_pass_process(path)):
            return None
        if path.startswith(b"/"):
            root = self.roots.match(path, need)
            if root is None or root.fd < 0:
                return None
            how = RESOLVE_IN_ROOT if root.path == b"/" else RESOLVE_BENEATH
            return root.fd, root.below(path), root.rights, how | RESOLVE_NO_MAGICLINKS
        fd, rights = self._directory(dirfd)
        everything = self.roots.everything
        if everything and everything & need == need and everything == rights:
            return fd, path, rights, RESOLVE_NO_MAGICLINKS
        if rights and rights & need == need:
            return fd, path, rights, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS
        return None

    def _fast_entry(self, dirfd: int, path: bytes) -> Entry | None:
        """Find the parent of the last name with one openat2; give None when only the walk can tell."""
        head, name = split_last(path)
        if is_dots(name):
            return None
        if not head:
            fd, rights = self._directory(dirfd)
            return Entry(fd, name, False) if rights & WRITE else None
        start = self._start(dirfd, head, WRITE)
        if start is None:
            return None
        fd, rest, _, how = start
        try:
            return Entry(openat2(fd, rest, os.O_PATH | os.O_DIRECTORY, 0, how), name, True)
        except OSError as error:
            if error.errno not in WALK_AFTER:
                raise
            self._has_openat2 = error.errno != ENOSYS
            return None

    def _directory(self, dirfd: int) -> tuple[int, int]:
        """Give the descriptor of a directory that the guest has, and what may be done below it; 0 for nothing."""
        if dirfd != AT_FDCWD:
            dirfd = self._descriptors.hold(dirfd)
            rights = self._descriptors.rights_of(dirfd)
            return dirfd, 0 if rights & INHERITED else rights & ALL
        with self._descriptors.lock:
            if self._cwd_fd < 0:
                self._policy.open_working_directory()
                self._cwd_fd, self._cwd_rights = self._policy.cwd_fd, self._policy.cwd_rights
            return self._descriptors.hold_copy(self._cwd_fd, self._cwd_rights), self._cwd_rights

    def _base(self, dirfd: int, path: bytes) -> bytes:
        """Give the host's name of the directory that a path starts from, for the walk to find again."""
        if path.startswith(b"/"):
            return b"/"
        if dirfd != AT_FDCWD:
            dirfd = self._descriptors.hold(dirfd)
            if self._descriptors.rights_of(dirfd) & INHERITED:
                raise OSError(EACCES, "no path may start at a descriptor that the host gave")
        fd, _ = self._directory(dirfd)
        name = special.host_name(fd)
        if not name.startswith(b"/"):
            raise OSError(ENOTDIR, "not a directory")
        return name

    def _check_filesystem(self, fd: int, need: int, path: bytes) -> None:
        """Refuse what is on a proc file system, but for what tells of the machine only."""
        if need & WRITE and self.roots.guard.covers(fd):
            raise self._guarded(path)
        self._check_procfs(fd, need, path)

    def _check_procfs(self, fd: int, need: int, path: bytes) -> None:
        status = os.fstat(fd)
        if not special.on_procfs(fd, status.st_dev):
            return
        name = special.host_name(fd)
        if any(part.isdigit() for part in name.split(b"/")):  # whether such a process lives is not to be seen
            raise OSError(ENOENT, "not a process of the guest", path)
        if need & WRITE or (name != b"/proc" and name not in special.MACHINE):
            self._policy.deny(path)
            raise OSError(EACCES, "the sandbox does not show the host's processes", path)

    def _denied(self, path: bytes, denied: Denied, need: int) -> OSError:
        """Record a denial; make the error that the guest gets."""
        if self._policy.sysroot and not need & WRITE and path.startswith(LIBRARIES):
            return OSError(ENOENT, "not in the sysroot", path)  # loaders try many names; the host's are no loss
        option = "--allow-write" if need & WRITE else "--allow-read"
        grant = f"{option}={os.fsdecode(denied.path)}"
        if self._policy.sysroot_guessed and not need & WRITE and self._is_in_sysroot(path, denied.path):
            grant = f"-L {os.fsdecode(self._policy.sysroot)}"
        self._policy.deny(path, grant)
        return OSError(EACCES, "the sandbox does not grant it", path)

    def _is_in_sysroot(self, path: bytes, host_path: bytes) -> bool:
        """Say whether something that was denied is in the sysroot, of which only the libraries are granted."""
        if host_path.startswith(self._policy.sysroot + b"/"):
            return True
        if not path.startswith(b"/"):
            return False
        try:
            os.close(open_in_root(self._policy.sysroot_fd, path, os.O_PATH))
        except OSError:
            return False
        return True

    # Names that are not files

    def _find_special(
        self, kind: int, detail: bytes, number: int, path: bytes, follow: bool, need: int
    ) -> Found | None:
        """Find one of `special.py`; give None when it is to be treated as any other path."""
        if number >= 0 and not self._descriptors.usable(number):
            raise OSError(ENOENT, "not a descriptor of the guest")
        if kind == special.OWN_EXE and follow and (self._policy.program or self._sandboxed):
            if not self._policy.program:
                raise OSError(ENOENT, "the guest program has no name")
            if self._policy.program_fd < 0:
                return self.find(AT_FDCWD, self._policy.program, need=need)
            if not self._sandboxed:
                return object_of(self._policy.program_fd, ALL, owned=False)
            self._allow_read_only(path, need)
            return object_of(self._policy.program_fd, READ, owned=False)
        if kind == special.OTHER:
            return self._find_other(detail, path, follow, need)
        if not self._sandboxed:
            return None
        if kind == special.OWN_COMM:
            return object_of(os.open(b"/proc/" + detail, O_OBJECT), 0)
        if not follow and special.is_own_link(kind, detail, path):
            return object_of(os.open(path, O_OBJECT), 0)
        if kind == special.OWN_DIRECTORY:
            return self.find(number if number >= 0 else AT_FDCWD, detail, follow=follow, need=need)
        if kind == special.OWN_FD and follow:
            return self.find_descriptor(number, need)
        if kind == special.DEVICE:
            return None if need & WRITE else _device(detail)
        self._allow_read_only(path, need)
        if kind == special.OWN_TEXT and detail.startswith(b"/"):
            return object_of(os.open(b"/proc" + detail, O_OBJECT), 0)
        if kind == special.OWN_HIDDEN:
            self._policy.deny(path)
            raise OSError(EACCES, "no guest sees the emulator's memory", path)
        # A link of /proc/self itself, or a file whose contents stinkarm makes up: it can be looked at.
        name = b"fd/%d" % number if kind == special.OWN_FD else detail or b"exe"
        return object_of(os.open(b"/proc/self/" + name, O_OBJECT), 0)

    def _find_other(self, name: bytes, path: bytes, follow: bool, need: int) -> Found | None:
        """Find what tells of another process; give None when it is to be treated as any other path."""
        program = others.program(self._policy, name) if follow else None
        if program is not None:
            return self.find(AT_FDCWD, program, need=need)
        self._allow_read_only(path, need if self._sandboxed else 0)
        fd = others.look(self._policy, name)
        return object_of(fd, 0) if fd >= 0 else None

    def _allow_read_only(self, path: bytes, need: int) -> None:
        if need & WRITE:
            self._policy.deny(path)
            raise OSError(EACCES, "it cannot be written", path)

    def _open_special(self, kind: int, detail: bytes, number: int, path: bytes, flags: int, mode: int) -> int:
        """Open one of `special.py`; give -1 when it is to be treated as any other path."""
        if number >= 0 and not self._descriptors.usable(number):
            raise OSError(ENOENT, "not a descriptor of the guest")
        if kind == special.OWN_HIDDEN:
            self._policy.deny(path)
            raise OSError(EACCES, "no guest sees the emulator's memory", path)
        if kind == special.OTHER:
            program = others.program(self._policy, detail)
            if program is not None:
                return self._open_forward(AT_FDCWD, program, flags, mode, 0)
            opened = others.open_file(self._policy, detail, flags)
            return self._give(opened, READ | INHERITED, flags) if opened >= 0 else -1
        if kind == special.OWN_COMM:
            if not self._policy.alone:
                return self._open_text(b"comm", path, flags)
            return self._give(os.open(b"/proc/" + detail, flags & others.PLAIN), needed(flags), flags)
        if kind != special.OWN_DIRECTORY and flags & (O_CREATING | os.O_PATH) == O_CREATING:
            raise OSError(EEXIST, "the file exists")
        if kind == special.OWN_TEXT:
            return self._open_text(detail, path, flags, number)
        if kind == special.OWN_EXE and (self._policy.program or self._sandboxed):
            self._allow_read_only(path, needed(flags))
            if not self._sandboxed:
                name = self._policy.program
                if self._policy.program_fd >= 0:  # whoever moves it, or may not reach it
                    name = b"/proc/self/fd/%d" % self._policy.program_fd
                return self._open_forward(AT_FDCWD, name, flags & ~os.O_NOFOLLOW, mode, 0)
            with self.find(AT_FDCWD, path, need=READ) as found:
                fd, rights = self._reopen(found, flags)
            return self._give(fd, rights, flags)
        if not self._sandboxed:
            return -1
        if kind == special.OWN_DIRECTORY:
            return self.open(number if number >= 0 else AT_FDCWD, detail, flags, mode)
        if kind == special.OWN_LISTING:  # no path may start there
            self._allow_read_only(path, needed(flags))
            asked = flags & (os.O_DIRECTORY | os.O_PATH | os.O_CLOEXEC)
            return self._give(os.open(b"/proc/self/" + detail, asked | os.O_DIRECTORY), READ | INHERITED, flags)
        if kind == special.OWN_FD:
            return self._open_own(number, flags)
        if kind == special.DEVICE:
            found_device = _device(detail)
            if found_device is not None:
                with found_device:
                    fd, rights = self._reopen(found_device, flags)
                return self._give(fd, rights, flags)
        return -1

    def _open_own(self, number: int, flags: int) -> int:
        """Open /proc/self/fd/N, with no more rights than N has."""
        number = self._descriptors.hold(number)
        rights = self._descriptors.rights_of(number)
        if rights & INHERITED:
            import fcntl

            # What the host gave is not opened anew: that could undo O_APPEND, or the host's own position.
            has = fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE
            if has not in (os.O_RDWR, flags & os.O_ACCMODE) or flags & os.O_PATH:
                raise OSError(EACCES, "the descriptor was not opened for this")
            fd = os.dup(number)
            if not flags & os.O_CLOEXEC:
                os.set_inheritable(fd, True)
            return self._descriptors.add(fd, rights)
        if needed(flags) & ~rights:
            raise OSError(EACCES, "the descriptor was not granted for this")
        fd, rights = self._reopen(object_of(number, rights, owned=False), flags)
        return self._give(fd, rights, flags)

    def _open_text(self, name: bytes, path: bytes, flags: int, number: int = -1) -> int:
        """Open a file below /proc/self whose contents stinkarm makes."""
        if not self.texts and self.make_texts is not None:
            self.texts = self.make_texts()
        make = self.texts.get(name)
        if make is None:
            if not self._sandboxed and name not in (b"maps", b"auxv", b"stat", b"statm", b"status"):
                return -1
            raise OSError(ENOENT, "not made up yet")
        self._allow_read_only(path, needed(flags))
        text = make(number) if number >= 0 else make()
        return self._give(others.memory_file(name, text), READ, flags)


def needed(flags: int) -> int:
    """Give the rights that opening with these flags asks for."""
    if flags & os.O_PATH:
        return LOOK
    if flags & O_TMPFILE_BIT:
        return ALL
    access = flags & os.O_ACCMODE
    need = READ if access == os.O_RDONLY else WRITE if access == os.O_WRONLY else ALL
    return need | WRITE if flags & os.O_TRUNC else need


def link_text(fd: int) -> bytes:
    """Give what a symbolic link says that is open."""
    try:
        return os.readlink(b"", dir_fd=fd)
    except FileNotFoundError:  # what readlinkat says of an empty path to what is no link
        raise OSError(EINVAL, "not a symbolic link") from None


def _may_pass_process(path: bytes) -> bool:
    """Say whether a path may lead through the directory of a process, whose absence would then be seen."""
    return any(name.isdigit() for name in path.split(b"/"))


def check_flags(flags: int) -> None:
    """Let the host refuse flags that do not go together, which it does before it looks at the name."""
    if flags & os.O_DIRECTORY and flags & os.O_CREAT:
        try:
            os.open(b"", flags)
        except OSError as error:
            if error.errno != ENOENT:  # Linux before 6.4 takes them
                raise


def _allow(path: bytes, rights: int, need: int) -> None:
    if rights & need != need:
        raise Denied(path)


def create(parent: int, name: bytes, flags: int, mode: int) -> tuple[int, int]:
    """Make a new file."""
    return os.open(name, flags | O_CREATING | os.O_NOFOLLOW, mode, dir_fd=parent), ALL


def _device(path: bytes) -> Found | None:
    """Find a device that reaches nobody, unless something else is in its place."""
    fd = os.open(path, O_OBJECT)
    status = os.fstat(fd)
    if stat.S_ISCHR(status.st_mode) and status.st_rdev == special.DEVICES[path]:
        return object_of(fd, READ | DEVICE)
    os.close(fd)
    return None
