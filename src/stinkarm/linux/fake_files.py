"""Files as a guest sees them that is only its own root (--fake-root): what sandbox/kept.py keeps, for the calls.

What the host's user owns, such a guest may reach whatever its permissions say: a call that fails with EACCES is made
again when they have been changed on the host, and only there.
"""

from __future__ import annotations

import os
import stat
from errno import EACCES, EEXIST, EFAULT, EISDIR, ENOENT, ENXIO, EPERM

from stinkarm.guest.memory import GuestFault
from stinkarm.linux.fake_ids import KEEP, S_ISGID, S_ISUID, S_IXGRP
from stinkarm.linux.paths import AT_FDCWD, read_path
from stinkarm.sandbox.descriptors import WRITE
from stinkarm.sandbox.kept import ATTRIBUTE, host_mode
from stinkarm.sandbox.special import DEVICES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from stinkarm.linux.declare import Syscall
    from stinkarm.linux.fake_ids import FakeIds
    from stinkarm.linux.kernel import Kernel
    from stinkarm.sandbox.kept import KeptStatus
    from stinkarm.sandbox.paths import Found

    T = TypeVar("T")

CAP_FOWNER = 3
CAP_MKNOD = 27
X_OK = 1
O_EXCLUSIVE = os.O_CREAT | os.O_EXCL
O_TMPFILE_BIT = os.O_TMPFILE & ~os.O_DIRECTORY
OPEN_ATTEMPTS = 10
SET_ID_BITS = S_ISUID | S_ISGID
ANYWHERE = S_ISUID | S_ISGID | stat.S_ISVTX

# Devices that a name which mknod has made may stand for; opening another is ENXIO.
HOST_DEVICES = {**{device: name for name, device in DEVICES.items()}, os.makedev(5, 0): b"/dev/tty"}

# struct statx: where the owner, the group, the mode and the device are
STATX_UID, STATX_GID, STATX_MODE, STATX_RDEV = 20, 24, 28, 128


def root(k: Kernel) -> tuple[FakeIds, KeptStatus]:
    """Give the ids and the files of a process that has them."""
    assert k.policy.fake is not None
    assert k.policy.kept is not None
    return k.policy.fake, k.policy.kept


def on(found: Found, do: Callable[[int], T]) -> T:
    """Do something with a descriptor of what was found."""
    if found.opath >= 0:
        return do(found.opath)
    flags = os.O_PATH | os.O_CLOEXEC | (0 if found.follow else os.O_NOFOLLOW)
    fd = os.open(found.path, flags, dir_fd=found.fd)
    try:
        return do(fd)
    finally:
        os.close(fd)


# Status


def change_statx(k: Kernel, found: Found, answer: bytearray) -> None:
    """Make what the host's statx has answered what the guest sees."""
    shown = on(found, root(k)[1].shown)
    answer[STATX_UID : STATX_UID + 4] = shown.st_uid.to_bytes(4, "little")
    answer[STATX_GID : STATX_GID + 4] = shown.st_gid.to_bytes(4, "little")
    answer[STATX_MODE : STATX_MODE + 2] = shown.st_mode.to_bytes(2, "little")
    for at, number in enumerate((os.major(shown.st_rdev), os.minor(shown.st_rdev))):
        answer[STATX_RDEV + 4 * at : STATX_RDEV + 4 * at + 4] = number.to_bytes(4, "little")


def may(k: Kernel, found: Found, mode: int, effective: bool) -> bool:
    """Say whether root may do to a file what its permissions on the host forbid."""
    ids, kept = root(k)
    if ids.uids[1 if effective else 0] != 0:
        return False
    status = on(found, kept.shown)
    if on(found, os.fstat).st_uid != os.geteuid():
        return False
    return not mode & X_OK or stat.S_ISDIR(status.st_mode) or bool(status.st_mode & 0o111)


# Modes and owners


def change_mode(k: Kernel, fd: int, mode: int) -> int:
    """Do chmod."""
    ids, kept = root(k)
    status = kept.shown(fd)
    if status.st_uid != ids.uids[3] and not ids.can(CAP_FOWNER):
        return -EPERM
    kept.keep(fd, mode=stat.S_IFMT(status.st_mode) | mode & 0o7777)
    return 0


def change_owner(k: Kernel, fd: int, owner: int, group: int) -> int:
    """Do chown; KEEP leaves one."""
    ids, kept = root(k)
    status = kept.shown(fd)
    if not ids.may_chown(status.st_uid, status.st_gid, owner, group):
        return -EPERM
    mode = status.st_mode
    if not stat.S_ISDIR(mode):
        mode &= ~(SET_ID_BITS if mode & S_IXGRP else S_ISUID)
    kept.keep(
        fd,
        mode=mode,
        uid=status.st_uid if owner == KEEP else owner,
        gid=status.st_gid if group == KEEP else group,
    )
    return 0


# What is made


def made(k: Kernel, fd: int, mode: int = 0, device: int = 0) -> None:
    """Say what a new file is, whose permissions on the host are those that were asked for.

    `mode` has what the host did not get: the type of a device, and set-user-ID and such.
    """
    ids, kept = root(k)
    status = os.fstat(fd)
    mode |= status.st_mode & (0o777 if mode & 0o170000 else 0o177777)
    plain = mode == status.st_mode and (stat.S_ISLNK(mode) or host_mode(mode) == mode & 0o7777)
    if plain and ids.uids[3] == ids.gids[3] == 0:
        return
    kept.keep(fd, mode=mode, uid=ids.uids[3], gid=ids.gids[3], device=device)


def made_at(k: Kernel, directory: int, name: bytes, mode: int = 0, device: int = 0) -> None:
    """Say what a new name in a directory is."""
    fd = os.open(name.rstrip(b"/"), os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    try:
        made(k, fd, mode, device)
    finally:
        os.close(fd)


def make_node(k: Kernel, directory: int, name: bytes, mode: int, device: int) -> int:
    """Do mknod. What the host has in place of a device is an empty file."""
    kind = stat.S_IFMT(mode)
    is_device = kind in (stat.S_IFCHR, stat.S_IFBLK)
    if is_device and not root(k)[0].can(CAP_MKNOD):
        return -EPERM
    os.mknod(name, mode & 0o777 | (stat.S_IFREG if is_device else kind), 0, dir_fd=directory)
    made_at(k, directory, name, mode & ANYWHERE | (kind if is_device else 0), device if is_device else 0)
    return 0


def open_file(k: Kernel, dirfd: int, path: bytes, flags: int, mode: int, resolve: int = 0) -> int:
    """Open a file for the guest, as `Paths.open`."""
    fd = _open(k, dirfd, path, flags, mode, resolve)
    if flags & os.O_PATH:
        return fd
    status = root(k)[1].shown(fd)
    if not (stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode)) or not stat.S_ISREG(os.fstat(fd).st_mode):
        return fd
    from stinkarm.linux.descriptors import close

    close(k, fd)
    name = HOST_DEVICES.get(status.st_rdev) if stat.S_ISCHR(status.st_mode) else None
    if name is None:
        raise OSError(ENXIO, "no such device")
    return k.policy.paths.open(AT_FDCWD, name, flags & ~(O_EXCLUSIVE | os.O_TRUNC))


def _open(k: Kernel, dirfd: int, path: bytes, flags: int, mode: int, resolve: int) -> int:
    """Open a file, and say what it is if it was made."""
    paths = k.policy.paths
    ids, _ = root(k)
    creates = flags & os.O_CREAT and not flags & os.O_PATH
    if flags & O_TMPFILE_BIT or flags & O_EXCLUSIVE == O_EXCLUSIVE:
        return _made_open(k, paths.open(dirfd, path, flags, mode & 0o777, resolve), mode)
    if not creates or (mode & 0o7600 == 0o600 and ids.uids[3] == ids.gids[3] == 0):
        return paths.open(dirfd, path, flags, mode, resolve)
    for _ in range(OPEN_ATTEMPTS):  # whichever of "it is there" and "it is not" holds still
        try:
            fd = paths.open(dirfd, path, flags & ~os.O_CREAT, 0, resolve)
        except OSError as error:
            if error.errno != ENOENT:
                raise
        else:
            return _no_directory(k, fd)
        try:
            return _made_open(k, paths.open(dirfd, path, flags | os.O_EXCL, mode & 0o777, resolve), mode)
        except OSError as error:
            if error.errno != EEXIST:
                raise
    return paths.open(dirfd, path, flags, mode, resolve)  # by a link whose target is not there


def _made_open(k: Kernel, fd: int, mode: int) -> int:
    made(k, fd, mode & ANYWHERE)
    return fd


def _no_directory(k: Kernel, fd: int) -> int:
    """Refuse what open with O_CREAT does not open."""
    if not stat.S_ISDIR(os.fstat(fd).st_mode):
        return fd
    from stinkarm.linux.descriptors import close

    close(k, fd)
    raise OSError(EISDIR, "a directory cannot be created by opening it")


# Attributes


def listed(found: str | int, follow: bool = True) -> bytes:
    """Give the names of a file's attributes, but for the one that keeps its status."""
    names = os.listxattr(found, follow_symlinks=follow)
    return b"".join(os.fsencode(name) + b"\0" for name in names if name != ATTRIBUTE)


# What root may reach


def again(k: Kernel, call: Syscall, arguments: tuple[int, ...]) -> int:
    """Make a call that has failed with EACCES once more, if its paths lead over what the host's user has closed."""
    dirfd, admitted = AT_FDCWD, False
    for (_, kind), value in zip(call.parameters, arguments, strict=False):
        if kind == "DirFd":
            dirfd = value
        elif kind == "In[Path]":
            admitted = _admit(k, dirfd, read_path(k, value)) or admitted
    if not admitted:
        return -EACCES
    try:
        return call.handler(k, *arguments)
    except GuestFault:
        return -EFAULT
    except OSError as error:
        return -(error.errno or EACCES)


def _admit(k: Kernel, dirfd: int, path: bytes) -> bool:
    """Let the user reach each directory of a path, and what it names; say whether that changed anything."""
    changed = False
    for at in range(1, len(path) + 1):
        if at < len(path) and path[at : at + 1] != b"/":
            continue
        try:
            with k.policy.paths.find(dirfd, path[:at]) as found:
                if found.rights & WRITE:
                    changed = on(found, root(k)[1].admit) or changed
        except OSError:  # there is no more that could be changed
            break
    return changed
