"""What a file system says about files: status, access, owners, modes, times, attributes."""

from __future__ import annotations

import os
from errno import EACCES, EFAULT, EINVAL, ENODATA, EOVERFLOW, EPERM, ERANGE
from struct import unpack_from

from stinkarm.guest.native import addressof, c_int64, create_string_buffer
from stinkarm.linux import structs
from stinkarm.linux.declare import FD, PATH, syscall
from stinkarm.linux.host import call
from stinkarm.linux.paths import AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, read_path
from stinkarm.sandbox.descriptors import DEVICE, READ, WRITE
from stinkarm.sandbox.roots import LOOK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.guest.native import Array, c_char
    from stinkarm.linux.kernel import Kernel
    from stinkarm.linux.parameters import (
        AccessMode,
        AtFlags,
        Bytes,
        DirFd,
        Fd,
        Hex,
        Id,
        In,
        Mode,
        Out,
        Path,
        Size,
        Stat,
        Stat64,
        Statfs,
        Statfs64,
        Statx,
        StatxMask,
        String,
        Timespec64Pair,
        TimespecPair,
        TimevalPair,
    )
    from stinkarm.sandbox.paths import Found

AT_NO_AUTOMOUNT = 0x800
AT_EACCESS = 0x200
AT_STATX_SYNC_TYPE = 0x6000
STATX_RESERVED = 0x80000000
XATTR_NAME_MAX = 255

HOST_STATFS = 137
HOST_FSTATFS = 138
HOST_SETXATTR = 188
HOST_FSETXATTR = 190
HOST_GETXATTR = 191
HOST_FGETXATTR = 193
HOST_LISTXATTR = 194
HOST_FLISTXATTR = 196
HOST_REMOVEXATTR = 197
HOST_FREMOVEXATTR = 199
HOST_FACCESSAT = 269
HOST_UTIMENSAT = 280
HOST_STATX = 332
HOST_FACCESSAT2 = 439
HOST_FCHMODAT2 = 452

MAX_NON_LFS = 0x7FFFFFFF
MASK32 = 0xFFFFFFFF
R_OK, W_OK = 4, 2
OVERFLOW_ID = 65534
KEPT_ATTRIBUTE = b"user.stinkarm.status"  # sandbox/kept.py ATTRIBUTE


def _device(device: int) -> int:
    """Encode a device number as 32-bit kernels show it (new_encode_dev)."""
    minor = os.minor(device)
    return minor & 0xFF | os.major(device) << 8 | (minor & ~0xFF) << 12


def _times(status: os.stat_result) -> tuple[int, int, int, int, int, int]:
    atime, mtime, ctime = status.st_atime_ns, status.st_mtime_ns, status.st_ctime_ns
    second = 1_000_000_000
    return (
        atime // second & MASK32,
        atime % second,
        mtime // second & MASK32,
        mtime % second,
        ctime // second & MASK32,
        ctime % second,
    )


def _write_stat64(k: Kernel, address: int, status: os.stat_result) -> int:
    structs.Stat64.write(
        k.memory,
        address,
        _device(status.st_dev),
        status.st_ino & MASK32,
        status.st_mode,
        status.st_nlink & MASK32,
        status.st_uid,
        status.st_gid,
        _device(status.st_rdev),
        status.st_size,
        status.st_blksize & MASK32,
        status.st_blocks,
        *_times(status),
        status.st_ino,
    )
    return 0


def _write_stat(k: Kernel, address: int, status: os.stat_result) -> int:
    """Write the old struct stat, or fail where a number does not fit (cp_new_stat)."""
    if status.st_ino > MASK32 or status.st_nlink > 0xFFFF or status.st_size > MAX_NON_LFS:
        return -EOVERFLOW
    structs.Stat.write(
        k.memory,
        address,
        _device(status.st_dev),
        status.st_ino,
        status.st_mode,
        status.st_nlink,
        status.st_uid if status.st_uid <= 0xFFFF else OVERFLOW_ID,
        status.st_gid if status.st_gid <= 0xFFFF else OVERFLOW_ID,
        _device(status.st_rdev),
        status.st_size,
        status.st_blksize & MASK32,
        status.st_blocks & MASK32,
        *_times(status),
    )
    return 0


def _status_of(k: Kernel, fd: int) -> os.stat_result:
    fd = k.policy.descriptors.check(fd)
    return os.fstat(fd) if k.policy.kept is None else k.policy.kept.shown(fd)


def _status(k: Kernel, dirfd: int, path: bytes, follow: bool) -> os.stat_result:
    with k.policy.paths.find(dirfd, path, follow=follow) as found:
        if k.policy.kept is not None:
            from stinkarm.linux import fake_files

            return fake_files.on(found, k.policy.kept.shown)
        if found.opath >= 0:
            return os.fstat(found.opath)
        return os.stat(found.path, dir_fd=found.fd, follow_symlinks=follow)


@syscall(106, PATH)
def stat(k: Kernel, pathname: In[Path], statbuf: Out[Stat]) -> int:
    """Give a file's status, in the old struct."""
    return _write_stat(k, statbuf, _status(k, AT_FDCWD, read_path(k, pathname), True))


@syscall(107, PATH)
def lstat(k: Kernel, pathname: In[Path], statbuf: Out[Stat]) -> int:
    """Give the status of a file or symbolic link, in the old struct."""
    return _write_stat(k, statbuf, _status(k, AT_FDCWD, read_path(k, pathname), False))


@syscall(108, FD)
def fstat(k: Kernel, fd: Fd, statbuf: Out[Stat]) -> int:
    """Give an open file's status, in the old struct."""
    return _write_stat(k, statbuf, _status_of(k, fd))


@syscall(195, PATH)
def stat64(k: Kernel, pathname: In[Path], statbuf: Out[Stat64]) -> int:
    """Give a file's status."""
    return _write_stat64(k, statbuf, _status(k, AT_FDCWD, read_path(k, pathname), True))


@syscall(196, PATH)
def lstat64(k: Kernel, pathname: In[Path], statbuf: Out[Stat64]) -> int:
    """Give the status of a file or symbolic link."""
    return _write_stat64(k, statbuf, _status(k, AT_FDCWD, read_path(k, pathname), False))


@syscall(197, FD)
def fstat64(k: Kernel, fd: Fd, statbuf: Out[Stat64]) -> int:
    """Give an open file's status."""
    return _write_stat64(k, statbuf, _status_of(k, fd))


@syscall(327, PATH)
def fstatat64(k: Kernel, dirfd: DirFd, pathname: In[Path], statbuf: Out[Stat64], flags: AtFlags) -> int:
    """Give a file's status relative to a directory."""
    if flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH):
        return -EINVAL
    path = read_path(k, pathname)
    if flags & AT_EMPTY_PATH and not path and dirfd != AT_FDCWD:
        return _write_stat64(k, statbuf, _status_of(k, dirfd))
    if flags & AT_EMPTY_PATH and not path:
        path = b"."
    return _write_stat64(k, statbuf, _status(k, dirfd, path, not flags & AT_SYMLINK_NOFOLLOW))


@syscall(397, PATH)
def statx(k: Kernel, dirfd: DirFd, pathname: In[Path], flags: AtFlags, mask: StatxMask, statxbuf: Out[Statx]) -> int:
    """Give a file's status, extended; the struct is the same on every machine."""
    known = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE
    if flags & ~known or flags & AT_STATX_SYNC_TYPE == AT_STATX_SYNC_TYPE or mask & STATX_RESERVED:
        return -EINVAL
    path = read_path(k, pathname) if pathname or not flags & AT_EMPTY_PATH else b""
    passed = flags & (AT_NO_AUTOMOUNT | AT_STATX_SYNC_TYPE)
    target = k.memory.host(statxbuf, structs.Statx.size)
    with _at(k, dirfd, path, flags) as found:
        if k.policy.kept is not None:
            from stinkarm.linux import fake_files

            answer = create_string_buffer(structs.Statx.size)
            result = fake_files.on(
                found,
                lambda fd: _path_call(HOST_STATX, fd, b"", passed | AT_EMPTY_PATH, mask, addressof(answer)),
            )
            if not result:
                data = bytearray(answer.raw)
                fake_files.change_statx(k, found, data)
                k.memory.write(statxbuf, data)
            return result
        if found.opath >= 0:
            return _path_call(HOST_STATX, found.opath, b"", passed | AT_EMPTY_PATH, mask, target)
        return _path_call(HOST_STATX, found.fd, found.path, passed | _nofollow(found), mask, target)


def _at(k: Kernel, dirfd: int, path: bytes, flags: int, need: int = LOOK) -> Found:
    """Find what (dirfd, path, AT flags) name."""
    if flags & AT_EMPTY_PATH and not path:
        return k.policy.paths.find_descriptor(dirfd, need)
    return k.policy.paths.find(dirfd, path, follow=not flags & AT_SYMLINK_NOFOLLOW, need=need)


def _nofollow(found: Found) -> int:
    return 0 if found.follow else AT_SYMLINK_NOFOLLOW


def _path_call(number: int, fd: int, path: bytes, *more: int) -> int:
    """Make a host call that takes (dirfd, path, ...)."""
    name = create_string_buffer(path)
    return call(number, fd, addressof(name), *more)


# Access


def _access(k: Kernel, dirfd: int, path: bytes, mode: int, flags: int) -> int:
    if mode & ~7 or flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH):
        return -EINVAL
    with _at(k, dirfd, path, flags) as found:
        if k.policy.sandboxed:
            if mode & W_OK and not found.rights & (WRITE | DEVICE):
                return -EACCES
            if mode & R_OK and not found.rights & READ:
                return -EACCES
        passed = flags & AT_EACCESS | _nofollow(found)
        if not passed:
            result = _path_call(HOST_FACCESSAT, found.fd, found.path, mode)
        else:
            result = _path_call(HOST_FACCESSAT2, found.fd, found.path, mode, passed)
        if result == -EACCES and k.policy.kept is not None:
            from stinkarm.linux import fake_files

            return 0 if fake_files.may(k, found, mode, bool(flags & AT_EACCESS)) else -EACCES
        return result


@syscall(33, PATH)
def access(k: Kernel, pathname: In[Path], mode: AccessMode) -> int:
    """Check what the real user may do to a file."""
    return _access(k, AT_FDCWD, read_path(k, pathname), mode, 0)


@syscall(334, PATH)
def faccessat(k: Kernel, dirfd: DirFd, pathname: In[Path], mode: AccessMode) -> int:
    """Check what the real user may do to a file relative to a directory."""
    return _access(k, dirfd, read_path(k, pathname), mode, 0)


@syscall(439, PATH)
def faccessat2(k: Kernel, dirfd: DirFd, pathname: In[Path], mode: AccessMode, flags: AtFlags) -> int:
    """Check what a user may do to a file relative to a directory, with flags."""
    return _access(k, dirfd, read_path(k, pathname), mode, flags)


# Modes and owners


def _mode(k: Kernel, mode: int) -> int:
    """Give a mode without what the sandbox does not let be set: set-user-ID and set-group-ID."""
    return mode & (0o1777 if k.policy.sandboxed else 0o7777)


def _chmod(k: Kernel, dirfd: int, path: bytes, mode: int, flags: int) -> int:
    with _at(k, dirfd, path, flags, WRITE) as found:
        if k.policy.kept is not None:
            from stinkarm.linux import fake_files

            return fake_files.on(found, lambda fd: fake_files.change_mode(k, fd, mode))
        if found.follow:
            os.chmod(found.path, _mode(k, mode), dir_fd=found.fd)
            return 0
        return _path_call(HOST_FCHMODAT2, found.fd, found.path, _mode(k, mode), AT_SYMLINK_NOFOLLOW)


@syscall(15, PATH)
def chmod(k: Kernel, pathname: In[Path], mode: Mode) -> int:
    """Change a file's permissions."""
    return _chmod(k, AT_FDCWD, read_path(k, pathname), mode, 0)


@syscall(94, FD)
def fchmod(k: Kernel, fd: Fd, mode: Mode) -> int:
    """Change an open file's permissions."""
    fd = k.policy.descriptors.check_change(fd)
    if k.policy.kept is not None:
        from stinkarm.linux import fake_files

        return fake_files.change_mode(k, fd, mode)
    os.fchmod(fd, _mode(k, mode))
    return 0


@syscall(333, PATH)
def fchmodat(k: Kernel, dirfd: DirFd, pathname: In[Path], mode: Mode) -> int:
    """Change a file's permissions relative to a directory."""
    return _chmod(k, dirfd, read_path(k, pathname), mode, 0)


@syscall(452, PATH)
def fchmodat2(k: Kernel, dirfd: DirFd, pathname: In[Path], mode: Mode, flags: AtFlags) -> int:
    """Change a file's permissions relative to a directory, with flags."""
    if flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH):
        return -EINVAL
    return _chmod(k, dirfd, read_path(k, pathname), mode, flags)


def _id(value: int) -> int:
    """Give a user or group as `os` wants it: -1 leaves it as it is."""
    return value if value == -1 else value & MASK32


def _id16(value: int) -> int:
    """Widen a 16-bit user or group (low2highuid)."""
    value &= 0xFFFF
    return -1 if value == 0xFFFF else value


def _chown(k: Kernel, dirfd: int, path: bytes, owner: int, group: int, flags: int) -> int:
    if flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH):
        return -EINVAL
    with _at(k, dirfd, path, flags, WRITE) as found:
        if k.policy.kept is not None:
            from stinkarm.linux import fake_files

            return fake_files.on(found, lambda fd: fake_files.change_owner(k, fd, owner & MASK32, group & MASK32))
        os.chown(found.path, owner, group, dir_fd=found.fd, follow_symlinks=found.follow)
    return 0


def _fchown(k: Kernel, fd: int, owner: int, group: int) -> int:
    fd = k.policy.descriptors.check_change(fd)
    if k.policy.kept is not None:
        from stinkarm.linux import fake_files

        return fake_files.change_owner(k, fd, owner & MASK32, group & MASK32)
    os.fchown(fd, owner, group)
    return 0


@syscall(182, PATH)
def chown(k: Kernel, pathname: In[Path], owner: Id, group: Id) -> int:
    """Change a file's owner, 16 bits wide."""
    return _chown(k, AT_FDCWD, read_path(k, pathname), _id16(owner), _id16(group), 0)


@syscall(16, PATH)
def lchown(k: Kernel, pathname: In[Path], owner: Id, group: Id) -> int:
    """Change the owner of a file or symbolic link, 16 bits wide."""
    path = read_path(k, pathname)
    return _chown(k, AT_FDCWD, path, _id16(owner), _id16(group), AT_SYMLINK_NOFOLLOW)


@syscall(95, FD)
def fchown(k: Kernel, fd: Fd, owner: Id, group: Id) -> int:
    """Change an open file's owner, 16 bits wide."""
    return _fchown(k, fd, _id16(owner), _id16(group))


@syscall(212, PATH)
def chown32(k: Kernel, pathname: In[Path], owner: Id, group: Id) -> int:
    """Change a file's owner."""
    return _chown(k, AT_FDCWD, read_path(k, pathname), _id(owner), _id(group), 0)


@syscall(198, PATH)
def lchown32(k: Kernel, pathname: In[Path], owner: Id, group: Id) -> int:
    """Change the owner of a file or symbolic link."""
    path = read_path(k, pathname)
    return _chown(k, AT_FDCWD, path, _id(owner), _id(group), AT_SYMLINK_NOFOLLOW)


@syscall(207, FD)
def fchown32(k: Kernel, fd: Fd, owner: Id, group: Id) -> int:
    """Change an open file's owner."""
    return _fchown(k, fd, _id(owner), _id(group))


@syscall(325, PATH)
def fchownat(k: Kernel, dirfd: DirFd, pathname: In[Path], owner: Id, group: Id, flags: AtFlags) -> int:
    """Change a file's owner relative to a directory."""
    return _chown(k, dirfd, read_path(k, pathname), _id(owner), _id(group), flags)


# Times


def _utimens(k: Kernel, dirfd: int, pathname: int, times: int, flags: int) -> int:
    """Set times from a host address of two struct timespec, 0 for now."""
    if flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH):
        return -EINVAL
    if not pathname:
        if dirfd == AT_FDCWD:
            return -EFAULT
        if flags:
            return -EINVAL
        return call(HOST_UTIMENSAT, k.policy.descriptors.check_change(dirfd), 0, times, 0)
    with _at(k, dirfd, read_path(k, pathname), flags, WRITE) as found:
        return _path_call(HOST_UTIMENSAT, found.fd, found.path, times, _nofollow(found))


def _utimes(k: Kernel, dirfd: int, pathname: int, times: int) -> int:
    """Set times from two struct timeval."""
    if not times:
        return _utimens(k, dirfd, pathname, 0, 0)
    atime, atime_usec, mtime, mtime_usec = structs.TimevalPair.read(k.memory, times)
    if not 0 <= atime_usec < 1_000_000 or not 0 <= mtime_usec < 1_000_000:
        return -EINVAL
    pair = (c_int64 * 4)(atime, atime_usec * 1000, mtime, mtime_usec * 1000)
    return _utimens(k, dirfd, pathname, addressof(pair), 0)


@syscall(269, PATH)
def utimes(k: Kernel, filename: In[Path], times: In[TimevalPair]) -> int:
    """Set a file's times in microseconds."""
    return _utimes(k, AT_FDCWD, filename, times)


@syscall(326, PATH)
def futimesat(k: Kernel, dirfd: DirFd, pathname: In[Path], times: In[TimevalPair]) -> int:
    """Set a file's times in microseconds, relative to a directory."""
    return _utimes(k, dirfd, pathname, times)


@syscall(348, PATH)
def utimensat(k: Kernel, dirfd: DirFd, pathname: In[Path], times: In[TimespecPair], flags: AtFlags) -> int:
    """Set a file's times in nanoseconds, with 32-bit seconds."""
    if not times:
        return _utimens(k, dirfd, pathname, 0, flags)
    pair = (c_int64 * 4)(*structs.TimespecPair.read(k.memory, times))
    return _utimens(k, dirfd, pathname, addressof(pair), flags)


@syscall(412, PATH)
def utimensat_time64(k: Kernel, dirfd: DirFd, pathname: In[Path], times: In[Timespec64Pair], flags: AtFlags) -> int:
    """Set a file's times in nanoseconds."""
    if not times:
        return _utimens(k, dirfd, pathname, 0, flags)
    values = list(structs.Timespec64Pair.read(k.memory, times))
    for index in (1, 3):  # 32-bit kernels use the low half of tv_nsec
        values[index] &= MASK32
    pair = (c_int64 * 4)(*values)
    return _utimens(k, dirfd, pathname, addressof(pair), flags)


# File systems

# The host's struct statfs: f_type f_bsize f_blocks f_bfree f_bavail f_files f_ffree f_fsid[2] f_namelen
# f_frsize f_flags
_HOST_STATFS = "<qqQQQQQIIqqq"
_STATFS64_SIZES = (84, 88)  # with and without the packing of the EABI


def _file_system(k: Kernel, path: bytes) -> tuple[int, ...]:
    with k.policy.paths.find(AT_FDCWD, path) as found:
        buffer = create_string_buffer(128)
        if found.opath >= 0:
            return _file_system_of(found.opath)
        name = create_string_buffer(found.path)
        return _unpack_statfs(call(HOST_STATFS, addressof(name), addressof(buffer)), buffer.raw)


def _file_system_of(fd: int) -> tuple[int, ...]:
    buffer = create_string_buffer(128)
    return _unpack_statfs(call(HOST_FSTATFS, fd, addressof(buffer)), buffer.raw)


def _unpack_statfs(result: int, data: bytes) -> tuple[int, ...]:
    if result < 0:
        raise OSError(-result, os.strerror(-result))
    return unpack_from(_HOST_STATFS, data)


def _write_statfs(k: Kernel, address: int, values: tuple[int, ...]) -> int:
    """Write the old struct statfs, or fail where a number does not fit."""
    kind, bsize, blocks, bfree, bavail, files, ffree, *rest = values
    if (bsize | blocks | bfree | bavail | rest[3]) > MASK32:
        return -EOVERFLOW
    limit = 0xFFFFFFFFFFFFFFFF  # "not known" fits
    if any(number > MASK32 and number != limit for number in (files, ffree)):
        return -EOVERFLOW
    structs.Statfs.write(
        k.memory,
        address,
        kind & MASK32,
        bsize,
        blocks,
        bfree,
        bavail,
        files & MASK32,
        ffree & MASK32,
        *(number & MASK32 for number in rest),
    )
    return 0


def _write_statfs64(k: Kernel, size: int, address: int, values: tuple[int, ...]) -> int:
    kind, bsize, blocks, bfree, bavail, files, ffree, *rest = values
    structs.Statfs64.write(
        k.memory,
        address,
        kind & MASK32,
        bsize & MASK32,
        blocks,
        bfree,
        bavail,
        files,
        ffree,
        *(number & MASK32 for number in rest),
    )
    return 0


@syscall(99, PATH)
def statfs(k: Kernel, path: In[Path], buf: Out[Statfs]) -> int:
    """Give the status of a file system, in the old struct."""
    return _write_statfs(k, buf, _file_system(k, read_path(k, path)))


@syscall(100, FD)
def fstatfs(k: Kernel, fd: Fd, buf: Out[Statfs]) -> int:
    """Give the status of an open file's file system, in the old struct."""
    return _write_statfs(k, buf, _file_system_of(k.policy.descriptors.check(fd)))


@syscall(266, PATH)
def statfs64(k: Kernel, path: In[Path], sz: Size, buf: Out[Statfs64]) -> int:
    """Give the status of a file system."""
    if sz not in _STATFS64_SIZES:
        return -EINVAL
    return _write_statfs64(k, sz, buf, _file_system(k, read_path(k, path)))


@syscall(267, FD)
def fstatfs64(k: Kernel, fd: Fd, sz: Size, buf: Out[Statfs64]) -> int:
    """Give the status of an open file's file system."""
    if sz not in _STATFS64_SIZES:
        return -EINVAL
    return _write_statfs64(k, sz, buf, _file_system_of(k.policy.descriptors.check(fd)))


# Extended attributes


def _xattr(
    k: Kernel, number: int, pathname: int, follow: bool, need: int, name: Array[c_char] | None, *more: int
) -> int:
    """Make a host call that takes (path, name, ...); the one after it does not follow links."""
    with k.policy.paths.find(AT_FDCWD, read_path(k, pathname), follow=follow, need=need) as found:
        path = create_string_buffer(found.path)
        names = () if name is None else (addressof(name),)
        return call(number if found.follow else number + 1, addressof(path), *names, *more)


def _attribute(k: Kernel, name: int, change: bool = False) -> Array[c_char]:
    """Read an attribute's name, once, so that what is checked is what the host gets.

    The sandbox changes attributes of the name space `user` only.
    """
    text = k.memory.read_cstring(name, XATTR_NAME_MAX + 1)
    if len(text) > XATTR_NAME_MAX:
        raise OSError(ERANGE, "the attribute's name is too long")
    if k.policy.kept is not None and text == KEPT_ATTRIBUTE:
        raise OSError(EPERM if change else ENODATA, "what --fake-root keeps is no attribute of the guest's file")
    if change and k.policy.sandboxed and not text.startswith(b"user."):
        raise OSError(EPERM, "the sandbox changes user attributes only")
    return create_string_buffer(text)


@syscall(226, PATH)
def setxattr(k: Kernel, path: In[Path], name: In[String], value: In[Bytes], size: Size, flags: Hex) -> int:
    """Set an extended attribute."""
    data = (_attribute(k, name, True), k.pointer(value, size), size, flags)
    return _xattr(k, HOST_SETXATTR, path, True, WRITE, *data)


@syscall(227, PATH)
def lsetxattr(k: Kernel, path: In[Path], name: In[String], value: In[Bytes], size: Size, flags: Hex) -> int:
    """Set an extended attribute of a file or symbolic link."""
    data = (_attribute(k, name, True), k.pointer(value, size), size, flags)
    return _xattr(k, HOST_SETXATTR, path, False, WRITE, *data)


@syscall(228, FD)
def fsetxattr(k: Kernel, fd: Fd, name: In[String], value: In[Bytes], size: Size, flags: Hex) -> int:
    """Set an extended attribute of an open file."""
    fd = k.policy.descriptors.check_change(fd)
    attribute = _attribute(k, name, True)
    return call(HOST_FSETXATTR, fd, addressof(attribute), k.pointer(value, size), size, flags)


@syscall(229, PATH)
def getxattr(k: Kernel, path: In[Path], name: In[String], value: Out[Bytes], size: Size) -> int:
    """Give an extended attribute."""
    data = (_attribute(k, name), k.pointer(value, size), size)
    return _xattr(k, HOST_GETXATTR, path, True, READ, *data)


@syscall(230, PATH)
def lgetxattr(k: Kernel, path: In[Path], name: In[String], value: Out[Bytes], size: Size) -> int:
    """Give an extended attribute of a file or symbolic link."""
    data = (_attribute(k, name), k.pointer(value, size), size)
    return _xattr(k, HOST_GETXATTR, path, False, READ, *data)


@syscall(231, FD)
def fgetxattr(k: Kernel, fd: Fd, name: In[String], value: Out[Bytes], size: Size) -> int:
    """Give an extended attribute of an open file."""
    fd = k.policy.descriptors.check(fd)
    attribute = _attribute(k, name)
    return call(HOST_FGETXATTR, fd, addressof(attribute), k.pointer(value, size), size)


def _list(k: Kernel, path: int, list: int, size: int, *, follow: bool) -> int:
    if k.policy.kept is None:
        return _xattr(k, HOST_LISTXATTR, path, follow, READ, None, k.pointer(list, size), size)
    from stinkarm.linux import fake_files

    with k.policy.paths.find(AT_FDCWD, read_path(k, path), follow=follow, need=READ) as found:
        return _give_list(k, fake_files.listed(os.fsdecode(found.path), found.follow), list, size)


def _give_list(k: Kernel, names: bytes, list: int, size: int) -> int:
    if size and len(names) > size:
        return -ERANGE
    if size:
        k.memory.write(list, names)
    return len(names)


@syscall(232, PATH)
def listxattr(k: Kernel, path: In[Path], list: Out[Bytes], size: Size) -> int:
    """List extended attributes."""
    return _list(k, path, list, size, follow=True)


@syscall(233, PATH)
def llistxattr(k: Kernel, path: In[Path], list: Out[Bytes], size: Size) -> int:
    """List extended attributes of a file or symbolic link."""
    return _list(k, path, list, size, follow=False)


@syscall(234, FD)
def flistxattr(k: Kernel, fd: Fd, list: Out[Bytes], size: Size) -> int:
    """List extended attributes of an open file."""
    fd = k.policy.descriptors.check(fd)
    if k.policy.kept is not None:
        from stinkarm.linux import fake_files

        return _give_list(k, fake_files.listed(fd), list, size)
    return call(HOST_FLISTXATTR, fd, k.pointer(list, size), size)


@syscall(235, PATH)
def removexattr(k: Kernel, path: In[Path], name: In[String]) -> int:
    """Remove an extended attribute."""
    return _xattr(k, HOST_REMOVEXATTR, path, True, WRITE, _attribute(k, name, True))


@syscall(236, PATH)
def lremovexattr(k: Kernel, path: In[Path], name: In[String]) -> int:
    """Remove an extended attribute of a file or symbolic link."""
    return _xattr(k, HOST_REMOVEXATTR, path, False, WRITE, _attribute(k, name, True))


@syscall(237, FD)
def fremovexattr(k: Kernel, fd: Fd, name: In[String]) -> int:
    """Remove an extended attribute of an open file."""
    fd = k.policy.descriptors.check_change(fd)
    attribute = _attribute(k, name, True)
    return call(HOST_FREMOVEXATTR, fd, addressof(attribute))
