"""The directory that stands for "/" of an ARM system: where dynamic programs find their loader and libraries."""

import os
import stat
from errno import ELOOP, ENOSYS, ENOTDIR, EPERM

from stinkarm.sandbox.openat2 import RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS, openat2

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLES = ("STINKARM_LD_PREFIX", "QEMU_LD_PREFIX")
USUAL = ("/usr/arm-linux-gnueabihf", "/usr/arm-linux-gnueabi", "/etc/qemu-binfmt/arm")

# The interpreters of ARM systems by name: where their libraries are below "/", and the Debian packages that have them.
# Only these are looked for above the program, because the program itself chooses the name and may read what is there.
KNOWN = {
    b"/lib/ld-linux-armhf.so.3": ("arm-linux-gnueabihf", "libc6:armhf, or libc6-armhf-cross"),
    b"/lib/ld-linux.so.3": ("arm-linux-gnueabi", "libc6:armel, or libc6-armel-cross"),
    b"/lib/ld-musl-armhf.so.1": ("arm-linux-musleabihf", "musl:armhf"),
    b"/lib/ld-musl-arm.so.1": ("arm-linux-musleabi", "musl:armel"),
}
TRIPLETS = tuple(triplet for triplet, _ in KNOWN.values())
LIBRARY_FOLDERS = ("/lib/", "/usr/lib/", "/usr/local/lib/")
LOADER_FILES = ("/etc/ld.so.cache", "/etc/ld.so.preload")

MAX_SYMLINKS = 40
O_PLACE = os.O_PATH | os.O_CLOEXEC


class Interpreter:
    """An interpreter that was found: open as `fd`, named `path` on the host, below `sysroot` ("" for the host's own).

    `libraries` are files of the host's own that it reads as well, where an ARM system is installed beside the host's.
    `root` is open on the sysroot, or -1; `guessed` says that it is merely a directory above the program.
    """

    __slots__ = ("fd", "guessed", "libraries", "path", "root", "sysroot")

    def __init__(
        self, fd: int, sysroot: str, libraries: tuple[str, ...] = (), root: int = -1, *, guessed: bool = False
    ) -> None:
        self.fd = fd
        self.sysroot = sysroot
        self.libraries = libraries
        self.root = root
        self.guessed = guessed
        self.path = os.readlink(f"/proc/self/fd/{fd}")


def from_environment(environment: "Mapping[str, str]") -> str | None:
    """Give the sysroot that the host's environment names, if it is there."""
    for name in VARIABLES:
        folder = environment.get(name)
        if folder and os.path.isdir(folder):
            return folder
    return None


def find_interpreter(
    name: bytes,
    program: str,
    sysroot: str | None,
    environment: "Mapping[str, str]",
    *,
    above: bool,
    host: bool = True,
    named: bool = False,
) -> "Interpreter | list[str]":
    """Find the file that PT_INTERP names; give the places that were looked at when there is none.

    `sysroot` is the one that the user named; `named` says that there is one, which need not be looked at. `above`: the
    directories above the program may be one too; `host`: so may the host's own root.
    """
    places = [sysroot or from_environment(environment)]
    guessed: list[str] = []
    if not sysroot and not named:
        if above and name in KNOWN:
            guessed = _parents(program)
        places += [*guessed, *USUAL]
    tried: list[str] = []
    for place in [*filter(None, places), *(["/"] if host else [])]:
        folder = os.path.abspath(place)
        if folder in tried:
            continue
        tried.append(folder)
        try:
            root = os.open(folder, O_PLACE | os.O_DIRECTORY)
        except OSError:  # no such place
            continue
        fd = open_below(root, name)
        if fd < 0 or folder == "/":
            os.close(root)
            root = -1
        if fd >= 0:
            libraries = _libraries(name) if folder in (*USUAL, "/") else ()
            is_guessed = folder in guessed and folder not in USUAL and folder != places[0]
            return Interpreter(fd, "" if folder == "/" else folder, libraries, root, guessed=is_guessed)
    return tried


def _parents(program: str) -> list[str]:
    """List the directories above a program, the nearest first, but for the host's own root and its /usr.

    A directory comes before its `usr`: where /lib is a link to usr/lib, `usr` looks like a root with the loader too.
    """
    found: list[str] = []
    folder = os.path.dirname(os.path.realpath(program))
    while len(folder) > 1 and folder != "/usr":
        if found and os.path.basename(found[-1]) == "usr":
            found.insert(-1, folder)
        else:
            found.append(folder)
        folder = os.path.dirname(folder)
    return found


def open_below(root: int, name: bytes) -> int:
    """Open a regular file below a root directory for reading; give -1 when there is none."""
    try:
        place = open_in_root(root, name, O_PLACE)
        try:
            if not stat.S_ISREG(os.fstat(place).st_mode):
                return -1
            return os.open(f"/proc/self/fd/{place}", os.O_RDONLY | os.O_CLOEXEC)
        finally:
            os.close(place)
    except OSError:  # not there, or not readable
        return -1


def is_guessed(path: bytes) -> bool:
    """Say whether a path below a sysroot that nobody has named is of what the libraries of a system need."""
    parts = path.split(b"/")
    if parts[0] == b"usr":
        return len(parts) > 1 and (parts[1].startswith(b"lib") or parts[1] == b"share")
    if parts[0] == b"etc":
        return len(parts) > 1 and parts[1].startswith(b"ld.so.")
    return parts[0].startswith(b"lib")


def list_guessed(root: int) -> list[bytes]:
    """List the directories below such a sysroot that are for reading."""
    found = []
    for folder in (b"", b"usr/"):
        try:
            fd = open_in_root(root, folder or b".", os.O_RDONLY | os.O_DIRECTORY)
        except OSError:  # not there, or not to be listed
            continue
        try:
            names = [folder + os.fsencode(name) for name in os.listdir(fd)]
        finally:
            os.close(fd)
        found += [name for name in names if is_guessed(name)]
    return found


def _libraries(name: bytes) -> tuple[str, ...]:
    """List what a loader of the host's own root reads."""
    triplet = KNOWN.get(name, ("", ""))[0]
    if not triplet:
        return ()
    return (os.fsdecode(name), *(folder + triplet for folder in LIBRARY_FOLDERS), *LOADER_FILES)


def open_in_root(root: int, path: bytes, flags: int) -> int:
    """Open `path` as a process would whose "/" is the directory `root`: links and ".." stay inside."""
    try:
        return openat2(root, path, flags, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)
    except OSError as error:
        if error.errno not in (ENOSYS, EPERM):  # a host, or a container's filter, without the call
            raise
    return _walk(root, path, flags)


def _walk(root: int, path: bytes, flags: int) -> int:
    """Do what openat2 would: one component at a time, each opened in the one before."""
    stack = [root]
    pending = path.split(b"/")[::-1]
    links = 0
    follow_last = not flags & os.O_NOFOLLOW
    try:
        while pending:
            name = pending.pop()
            if name in (b"", b".", b".."):
                _need_directory(stack[-1])
                if name == b".." and len(stack) > 1:
                    os.close(stack.pop())
                continue
            fd = os.open(name, O_PLACE | os.O_NOFOLLOW, dir_fd=stack[-1])
            stack.append(fd)
            if not stat.S_ISLNK(os.fstat(fd).st_mode) or not (pending or follow_last):
                continue
            links += 1
            if links > MAX_SYMLINKS:
                raise OSError(ELOOP, os.strerror(ELOOP), path)
            target = os.readlink(b"", dir_fd=fd)
            os.close(stack.pop())
            if target.startswith(b"/"):
                while len(stack) > 1:
                    os.close(stack.pop())
            pending += target.split(b"/")[::-1]
        if flags & os.O_DIRECTORY:
            _need_directory(stack[-1])
        if flags & os.O_PATH:
            return os.dup(stack[-1])
        return os.open(f"/proc/self/fd/{stack[-1]}", flags & ~os.O_NOFOLLOW | os.O_CLOEXEC)
    finally:
        for fd in stack[1:]:
            os.close(fd)


def _need_directory(fd: int) -> None:
    if not stat.S_ISDIR(os.fstat(fd).st_mode):
        raise OSError(ENOTDIR, os.strerror(ENOTDIR))


def not_found(name: bytes, tried: list[str]) -> tuple[str, str]:
    """Say that an interpreter was not found: a sentence, and what to do."""
    from stinkarm.guest.elf import printable

    known = KNOWN.get(name)
    where = ", ".join(tried)
    package = f"install the Debian package {known[1]}, or name" if known else "name"
    return (
        f"the program is dynamically linked and asks for {printable(name)}, which is not below any of {where}",
        f"{package} the root directory of an ARM system that has it with -L (or build the program with -static)",
    )
