"""The host calls that path resolution needs and `os` does not have."""

import os
from errno import EINTR

from stinkarm.guest.native import (
    CDLL,
    byref,
    c_char_p,
    c_int,
    c_long,
    c_uint64,
    c_void_p,
    create_string_buffer,
    get_errno,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ctypes import Array

_libc = CDLL(None, use_errno=True)
_syscall = _libc.syscall
_syscall.restype = c_long
_syscall.argtypes = (c_long, c_int, c_char_p, c_void_p, c_long)
_fstatfs = _libc.fstatfs
_fstatfs.argtypes = (c_int, c_void_p)

SYS_OPENAT2 = 437  # the same on every architecture

AT_FDCWD = -100

# include/uapi/linux/openat2.h
RESOLVE_NO_XDEV = 0x01
RESOLVE_NO_MAGICLINKS = 0x02
RESOLVE_NO_SYMLINKS = 0x04
RESOLVE_BENEATH = 0x08
RESOLVE_IN_ROOT = 0x10
RESOLVE_CACHED = 0x20

# include/uapi/linux/magic.h
PROC_SUPER_MAGIC = 0x9FA0

_OpenHow = c_uint64 * 3  # flags, mode, resolve
_STATFS_SIZE = 256  # struct statfs is 120 bytes; f_type is its first long


def openat2(dirfd: int, path: bytes, flags: int, mode: int, resolve: int) -> int:
    """Open `path` below `dirfd`; give a descriptor that is close-on-exec, or raise OSError."""
    how: Array[c_uint64] = _OpenHow(flags | os.O_CLOEXEC, mode, resolve)
    while True:
        fd: int = _syscall(SYS_OPENAT2, dirfd, path, byref(how), 24)
        if fd >= 0:
            return fd
        error = get_errno()
        if error != EINTR:
            raise OSError(error, os.strerror(error), path)


def filesystem_type(fd: int) -> int:
    """Give f_type of the file system that a descriptor is on."""
    buffer = create_string_buffer(_STATFS_SIZE)
    if _fstatfs(fd, buffer) < 0:
        error = get_errno()
        raise OSError(error, os.strerror(error))
    return int.from_bytes(buffer.raw[:8], "little")
