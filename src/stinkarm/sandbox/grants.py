"""Opening what a guest is granted: once, before its first instruction, and never again by name.

A name of the host is followed one component at a time, so that it is known through which links it led and where these
lie. What the guest may write is not believed: a link there may have been made by the guest, in this run or an earlier
one, so a grant whose way goes through one, and out of what may be written, is refused.
"""

from __future__ import annotations

import os
import stat
import sys
from errno import ENOENT

from stinkarm.guest.text import quote
from stinkarm.sandbox import sysroot
from stinkarm.sandbox.descriptors import ALL, READ, WRITE
from stinkarm.sandbox.roots import Guard, HostProgram, Root, Roots
from stinkarm.sandbox.special import host_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from stinkarm.sandbox.descriptors import Descriptors
    from stinkarm.sandbox.policy import Policy
    from stinkarm.sandbox.roots import Identity

O_OBJECT = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
MAX_SYMLINKS = 40
NOTHING = (b"", b".")
ELF_ARM = b"\x7fELF\x01\x01\x01"
EM_ARM = b"\x28\x00"


class RefusedGrant(ValueError):
    """A grant that would give more than it says; the text says why."""


class Place:
    """Where a name leads: `name` in the directory `folder`, both without links; `path` is the two together.

    `fd` is open on what is there, or -1 if nothing is. `links` are those that were followed: the directory that each
    lies in, its own name, and whether it was the last name.
    """

    __slots__ = ("fd", "folder", "links", "path", "status")

    def __init__(
        self,
        path: bytes,
        folder: bytes,
        links: list[tuple[bytes, bytes, bool]],
        fd: int = -1,
        status: os.stat_result | None = None,
    ) -> None:
        self.path = path
        self.folder = folder
        self.links = links
        self.fd = fd
        self.status = status

    @property
    def name(self) -> bytes:
        """The last name."""
        return self.path.rpartition(b"/")[2]

    @property
    def is_directory(self) -> bool:
        """Whether there is a directory."""
        return self.status is not None and stat.S_ISDIR(self.status.st_mode)

    @property
    def inner(self) -> bytes:
        """The directory that it is, or that it lies in."""
        return self.path if self.is_directory else self.folder


class Search:
    """Follows names of the host, from the directory `here`.

    What it has found stays open until it is closed: a name means one thing throughout, whoever renames what.
    """

    def __init__(self, here: bytes) -> None:
        self._here = here
        top = os.open(b"/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self._folders = {b"/": top}
        self._identities = {b"/": identity_of(os.fstat(top))}
        self._files: list[int] = []

    def close(self) -> None:
        """Close what was found."""
        for fd in (*self._folders.values(), *self._files):
            os.close(fd)

    def folder(self, path: bytes) -> int:
        """Give the descriptor of a directory that was found."""
        return self._folders[path]

    def find(self, name: bytes) -> Place:
        """Find what a name leads to, of which the last component may be missing; raise OSError otherwise."""
        pending = os.path.join(self._here, name).split(b"/")[::-1]
        links: list[tuple[bytes, bytes, bool]] = []
        path = b"/"
        while pending:
            part = pending.pop()
            if part in NOTHING:
                continue
            if part == b"..":
                path = os.path.dirname(path)
                continue
            folder, path = path, os.path.join(path, part)
            if path in self._folders:
                continue
            last = all(rest in NOTHING for rest in pending)
            try:
                fd = os.open(part, O_OBJECT, dir_fd=self._folders[folder])
            except FileNotFoundError:
                if last:
                    return Place(path, folder, links)
                raise
            status = os.fstat(fd)
            if stat.S_ISDIR(status.st_mode):
                self._folders[path] = fd
                self._identities[path] = identity_of(status)
                continue
            self._files.append(fd)
            if not stat.S_ISLNK(status.st_mode):
                if last and not pending:
                    return Place(path, folder, links, fd, status)
                raise NotADirectoryError(20, os.strerror(20), name)
            links.append((folder, path, last))
            if len(links) > MAX_SYMLINKS:
                raise OSError(40, os.strerror(40), name)
            target = os.readlink(b"", dir_fd=fd)
            path = b"/" if target.startswith(b"/") else folder
            pending.extend(target.split(b"/")[::-1])
        fd = self._folders[path]
        return Place(path, os.path.dirname(path), links, fd, os.fstat(fd))

    def within(self, path: bytes, identities: set[Identity]) -> bool:
        """Say whether a directory that was found is one of `identities`, or below one."""
        while self._identities[path] not in identities:
            if path == b"/":
                return False
            path = os.path.dirname(path)
        return True

    def steps(self, path: bytes) -> Iterator[tuple[Identity, bytes]]:
        """Give each component of a path without links: the directory that it is in, and its name."""
        while path != b"/":
            path, _, name = path.rpartition(b"/")
            path = path or b"/"
            yield self._identities[path], name


def identity_of(status: os.stat_result) -> Identity:
    """Give what tells a file from every other one that is there."""
    return status.st_dev, status.st_ino


def open_grants(policy: Policy) -> Roots:
    """Open what a policy grants. Raises RefusedGrant for a grant that cannot be given safely."""
    return Opening(policy).open()


def add_libraries(policy: Policy, roots: Roots) -> Roots:
    """Open the sysroot and the libraries of a program that comes after others, and add them to what those had."""
    return Opening(policy).add_libraries(roots)


class Opening:
    """Everything that is granted by one policy, as it is opened."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._descriptors: Descriptors = policy.descriptors
        self._search = Search(os.fsencode(policy.start_directory))
        self._writes: set[Identity] = set()  # the directories that may be written
        self._write_paths: list[bytes] = []
        self._kept: dict[bytes, int] = {}
        self._found: dict[bytes, Root] = {}
        self._programs: list[HostProgram] = []
        self._guard = Guard()

    def add_libraries(self, earlier: Roots) -> Roots:
        """Add the sysroot and the libraries to what was granted before."""
        try:
            self._found = earlier.exact
            for root in earlier.by_length:
                if root.fd >= 0 and root.rights & WRITE:
                    self._writes.add(identity_of(os.fstat(root.fd)))
            self._open_libraries()
            return Roots(self._found, earlier.programs, earlier.guard, earlier.made)
        finally:
            self._search.close()

    def open(self) -> Roots:
        """Open all of it."""
        try:
            self._open_writes()
            for name in _names(self._policy.allow_read):
                self._add("--allow-read", name, READ)
            self._open_libraries()
            if not isinstance(self._policy.allow_run, bool):
                self._open_programs(self._policy.allow_run)
            if self._writes:
                self._guard_own()
            roots = Roots(self._found, self._programs, self._guard)
            if any(root.slot >= 0 for root in self._found.values()):
                roots.made = self._descriptors.move_up(os.memfd_create("made", os.MFD_CLOEXEC))
            return roots
        finally:
            self._search.close()

    def _open_libraries(self) -> None:
        if self._policy.sysroot_fd >= 0:
            self._add_sysroot()
        for library in self._policy.libraries:
            self._add("", os.fsencode(library), READ)

    def _open_writes(self) -> None:
        places = []
        for name in _names(self._policy.allow_write):
            place = self._find("--allow-write", name)
            if place is not None:
                places.append((name, place))
        directories = [identity_of(place.status) for _, place in places if place.is_directory and place.status]
        for name, place in places:
            option = f"--allow-write={os.fsdecode(name)}"
            if any(last for *_, last in place.links):
                raise _refused(option, "is a symbolic link, and what may be written is not chosen by one", place)
            own = identity_of(place.status) if place.status is not None else None
            self._writes = {identity for identity in directories if identity != own}
            self._check_way(option, place)
        self._writes = set(directories)
        self._write_paths = [place.path for _, place in places if place.is_directory]
        for name, place in places:
            self._give(name, place, ALL)

    def _find(self, option: str, name: bytes) -> Place | None:
        try:
            return self._search.find(name)
        except OSError as error:
            why = "its directory does not exist" if error.errno == ENOENT else error.strerror
            if option and self._policy.report is not None:
                self._policy.report(f"the grant {quote(os.fsdecode(name))} gives nothing: {why}")
            return None

    def _add(self, option: str, name: bytes, rights: int) -> Place | None:
        """Give the guest rights to what a name leads to."""
        place = self._find(option, name)
        if place is None:
            return None
        self._check_way(f"{option}={os.fsdecode(name)}" if option else os.fsdecode(name), place)
        self._give(name, place, rights)
        return place

    def _check_way(self, option: str, place: Place) -> None:
        """Refuse a grant that a link which the guest may have made leads out of what the guest may write."""
        for folder, link, _ in place.links:
            if self._search.within(folder, self._writes) and not self._search.within(place.inner, self._writes):
                shown = quote(os.fsdecode(link))
                raise _refused(option, f"leads through the link {shown}, which the program may have made", place)

    def _give(self, name: bytes, place: Place, rights: int) -> None:
        full = os.path.join(os.fsencode(self._policy.start_directory), name)
        spelled = place.path if b".." in full.split(b"/") else os.path.normpath(b"/" + full.lstrip(b"/"))
        for path in {spelled, place.path}:
            root = self._found.get(path)
            if root is None:
                root = self._found[path] = self._make_root(path, place)
            root.rights |= rights

    def _make_root(self, path: bytes, place: Place) -> Root:
        if place.is_directory:
            return Root(path, 0, self._keep(place.path, place.fd))
        parent = self._keep(place.folder, self._search.folder(place.folder))
        if place.status is None:
            return Root(path, 0, -1, parent, place.name)
        return Root(path, 0, -1, parent, place.name, self._keep(place.path, place.fd), identity_of(place.status))

    def _keep(self, path: bytes, fd: int) -> int:
        """Give a descriptor, once for each file, that stays open and is not the guest's."""
        kept = self._kept.get(path)
        if kept is None:
            kept = self._kept[path] = self._descriptors.copy_up(fd)
        return kept

    def _add_sysroot(self) -> None:
        """Let what is below the sysroot be read by the host's names too."""
        policy = self._policy
        fd = policy.sysroot_fd
        place = self._find("", policy.sysroot)
        if place is None or place.status is None or identity_of(os.fstat(fd)) != identity_of(place.status):
            return  # it has no such name any more: it is looked in by its descriptor alone
        self._check_way(f"-L {os.fsdecode(policy.sysroot)}", place)
        if not policy.sysroot_guessed:
            self._give(policy.sysroot, place, READ)
            return
        top = host_name(fd)
        for part in sysroot.list_guessed(fd):
            try:
                found = sysroot.open_in_root(fd, part, os.O_PATH | os.O_DIRECTORY)
            except OSError:
                continue
            real = host_name(found)
            if real.startswith(top + b"/") and sysroot.is_guessed(real[len(top) + 1 :]):
                kept = self._keep(real, found)
                for path in {real, os.path.join(policy.sysroot, part), os.path.join(place.path, part)}:
                    root = self._found.setdefault(path, Root(path, 0, kept))
                    root.rights |= READ
            os.close(found)

    # Programs of the host

    def _open_programs(self, names: tuple[str, ...]) -> None:
        policy = self._policy
        folders = [folder for folder in map(os.fsencode, policy.start_path) if self._is_trusted(folder)]
        policy.host_path = os.fsdecode(b":".join(folders))
        for name in names:
            given = os.fsencode(name)
            if b"/" in given:
                place = self._add("--allow-run", given, READ)
                policy.run_names.add(os.path.join(policy.start_directory, name))
            else:
                place = self._look_up(given, folders)
            if place is not None and place.status is not None:
                policy.run_names.add(os.fsdecode(place.path))
                self._open_program(name, place)

    def _is_trusted(self, folder: bytes) -> bool:
        """Say whether a directory of PATH is there, and not where the guest could put programs."""
        try:
            place = self._search.find(folder)
        except OSError:
            return False
        if not place.is_directory or any(self._search.within(where, self._writes) for where, _, _ in place.links):
            return False
        return not self._search.within(place.path, self._writes) or not os.access(folder, os.W_OK)

    def _look_up(self, name: bytes, folders: list[bytes]) -> Place | None:
        for folder in folders:
            full = os.path.join(folder, name)
            try:
                place = self._search.find(full)
            except OSError:
                continue
            is_file = place.status is not None and stat.S_ISREG(place.status.st_mode)
            if is_file and os.access(f"/proc/self/fd/{place.fd}", os.X_OK):
                self._check_way(f"--allow-run={os.fsdecode(name)}", place)
                self._give(full, place, READ)
                return place
        return None

    def _open_program(self, name: str, place: Place) -> None:
        """Let a program of the host be run; one for ARM needs no more than to be read."""
        status = place.status
        if status is None or not stat.S_ISREG(status.st_mode):
            return
        try:
            fd = os.open(f"/proc/self/fd/{place.fd}", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:  # a program that may be executed, and not read
            header = b""
        else:
            header = os.read(fd, 20)
            os.close(fd)
        if header.startswith(ELF_ARM) and header[18:] == EM_ARM:
            return
        if header.startswith(b"#!"):
            return
        may_change = status.st_uid == os.geteuid() or os.access(f"/proc/self/fd/{place.fd}", os.W_OK)
        if may_change and self._search.within(place.folder, self._writes):
            why = "is a program of the host that the program could write, and so run what it likes outside the sandbox"
            raise _refused(f"--allow-run={name}", why, place)
        root = self._found.get(place.path)
        if root is not None and root.rights & WRITE and may_change:
            raise _refused(f"--allow-run={name}", "may be written, too (--allow-write)", place)
        last = name.rstrip("/").rpartition("/")[2]
        self._programs.append(HostProgram(last, self._keep(place.path, place.fd), identity_of(status)))
        self._guard.files.add(identity_of(status))

    # What runs stinkarm

    def _guard_own(self) -> None:
        """Keep what stinkarm itself runs out of what may be written: its cache, its modules, its Python."""
        from stinkarm.engine.store import cache_directory

        cache = os.fsencode(cache_directory())
        package = os.fsencode(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        for name in dict.fromkeys((cache, package, *own_names())):
            place = self._find("", name)
            if (place is None or place.status is None) and name == cache:
                place = self._make_cache(cache)
            if place is None or place.status is None:
                continue
            whole = name in (cache, package) and any(
                self._search.within(path, {identity_of(place.status)}) for path in self._write_paths
            )
            ways = [place.inner, *(folder for folder, _, _ in place.links)]
            if not whole and not any(self._search.within(folder, self._writes) for folder in ways):
                continue
            self._guard.trees.append(place.path)
            for way in (place.path, *(link for _, link, _ in place.links)):
                self._guard.entries.update(self._search.steps(way))
        for folder in sys.path:
            place = self._find("", os.fsencode(folder or "."))
            if place is None or not self._search.within(place.inner, self._writes):
                continue
            if not self._guard.holds(place.path) and not package.startswith(place.path + b"/"):
                self._guard.untrusted.append(folder)

    def _make_cache(self, name: bytes) -> Place | None:
        try:
            os.makedirs(name, mode=0o700, exist_ok=True)
        except OSError:  # neither can the guest
            return None
        return self._find("", name)


def own_names() -> list[bytes]:
    """List the directories and files that this Python runs, beside stinkarm's own."""
    names = [os.path.dirname(os.__file__), sys.executable]
    names += [folder for folder in sys.path if folder.endswith(("/site-packages", "/dist-packages", "/lib-dynload"))]
    if sys.prefix != sys.base_prefix:
        names.append(sys.prefix)
    return [os.fsencode(name) for name in names if name]


def _names(grant: bool | tuple[str, ...]) -> list[bytes]:
    if isinstance(grant, bool):
        return [b"/"] if grant else []
    return [os.fsencode(name) for name in grant]


def _refused(option: str, why: str, place: Place) -> RefusedGrant:
    where = quote(os.fsdecode(place.path))
    return RefusedGrant(f"{quote(option)} {why}; it leads to {where}: grant that name itself if it is meant.")
