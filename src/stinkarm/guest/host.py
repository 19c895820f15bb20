"""The host's memory calls, and others that Python imports modules for, through libc.

`copy_out` and `copy_in` go through the kernel, so that it checks the host's page protection: an access
that is not allowed, at this very moment, is reported and not a crash.
"""

import errno
import os
from _thread import _local

from stinkarm.guest import native as ctypes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ctypes import _FuncPointer

PAGE = 4096

PROT_NONE = 0
PROT_READ = 1
PROT_WRITE = 2
PROT_EXEC = 4

MAP_SHARED = 0x01
MAP_PRIVATE = 0x02
MAP_FIXED = 0x10
MAP_ANONYMOUS = 0x20
MAP_NORESERVE = 0x4000
MAP_FIXED_NOREPLACE = 0x100000

MREMAP_MAYMOVE = 1
MREMAP_FIXED = 2
MREMAP_DONTUNMAP = 4

F_DUPFD_CLOEXEC = 1030
HUGETLBFS_MAGIC = (0x958458F6).to_bytes(8, "little")  # include/uapi/linux/magic.h
RLIMIT_NOFILE = 7

_MAP_FAILED = (1 << 64) - 1
_SCRATCH = 65536  # bytes that one system call copies

_pointer = ctypes.c_void_p
_size = ctypes.c_size_t
_int = ctypes.c_int
_long = ctypes.c_long

# Changes of mappings may take long (freeing gigabytes), so they release the GIL; small copies keep it.
_libc = ctypes.CDLL(None, use_errno=True)
_quick = ctypes.PyDLL(None, use_errno=True)

_mmap = _libc.mmap
_mmap.restype = _size
_mmap.argtypes = [_pointer, _size, _int, _int, _int, _long]
_munmap = _libc.munmap
_munmap.argtypes = [_pointer, _size]
_mprotect = _libc.mprotect
_mprotect.argtypes = [_pointer, _size, _int]
_mremap = _libc.mremap
_mremap.restype = _size
_mremap.argtypes = [_pointer, _size, _size, _int, _pointer]
_madvise = _libc.madvise
_madvise.argtypes = [_pointer, _size, _int]
_msync = _libc.msync
_msync.argtypes = [_pointer, _size, _int]
_fcntl = _quick.fcntl
_fstatfs = _quick.fstatfs
_fstatfs.argtypes = [_int, _pointer]
_getrlimit = _quick.getrlimit
_setrlimit = _quick.setrlimit
for _function in (_getrlimit, _setrlimit):
    _function.argtypes = [_int, _pointer]
_process_vm_readv = _quick.process_vm_readv
_process_vm_writev = _quick.process_vm_writev
for _function in (_process_vm_readv, _process_vm_writev):
    _function.restype = ctypes.c_ssize_t
    _function.argtypes = [_int, _pointer, ctypes.c_ulong, _pointer, ctypes.c_ulong, ctypes.c_ulong]
_pread = _libc.pread
_pwrite = _libc.pwrite
for _function in (_pread, _pwrite):
    _function.restype = ctypes.c_ssize_t
    _function.argtypes = [_int, _pointer, _size, _long]


def _error() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))


def mmap(address: int, size: int, prot: int, flags: int, fd: int = -1, offset: int = 0) -> int:
    """Map memory and return its host address, or raise OSError."""
    result: int = _mmap(address, size, prot, flags, fd, offset)
    if result == _MAP_FAILED:
        raise _error()
    return result


def munmap(address: int, size: int) -> None:
    """Unmap memory, or raise OSError."""
    if _munmap(address, size):
        raise _error()


def mprotect(address: int, size: int, prot: int) -> None:
    """Change protection, or raise OSError."""
    if _mprotect(address, size, prot):
        raise _error()


def mremap(address: int, old_size: int, new_size: int, flags: int, new_address: int) -> int:
    """Move or resize a mapping and return its address, or raise OSError."""
    result: int = _mremap(address, old_size, new_size, flags, new_address)
    if result == _MAP_FAILED:
        raise _error()
    return result


def madvise(address: int, size: int, advice: int) -> None:
    """Advise the kernel about a range, or raise OSError."""
    if _madvise(address, size, advice):
        raise _error()


def msync(address: int, size: int, flags: int) -> None:
    """Write a shared mapping back to its file, or raise OSError."""
    if _msync(address, size, flags):
        raise _error()


def duplicate(fd: int, lowest: int) -> int:
    """Duplicate a descriptor to a close-on-exec one numbered `lowest` or higher, or raise OSError.

    Where RLIMIT_NOFILE leaves none there, it gets the lowest free number above 2.
    """
    result: int = _fcntl(fd, F_DUPFD_CLOEXEC, lowest)
    if result < 0 and ctypes.get_errno() in (errno.EINVAL, errno.EMFILE):
        result = _fcntl(fd, F_DUPFD_CLOEXEC, 3)
    if result < 0:
        raise _error()
    return result


def command(fd: int, number: int) -> int:
    """Make an fcntl call that takes no argument, or raise OSError."""
    result: int = _fcntl(fd, number)
    if result < 0:
        raise _error()
    return result


def has_large_pages(fd: int) -> bool:
    """Say whether a file is of huge pages: the host would map more of it than it was asked for."""
    try:
        if os.fstat(fd).st_blksize <= PAGE:
            return False
    except OSError:  # not open, which mmap will find
        return False
    answer = ctypes.create_string_buffer(120)
    return not _fstatfs(fd, ctypes.addressof(answer)) and answer.raw[:8] == HUGETLBFS_MAGIC


def descriptor_limits() -> tuple[int, int]:
    """Give how many descriptors this process may have, and may allow itself."""
    limits = (ctypes.c_uint64 * 2)()
    if _getrlimit(RLIMIT_NOFILE, ctypes.addressof(limits)):
        raise _error()
    return limits[0], limits[1]


def set_descriptor_limits(soft: int, hard: int) -> None:
    """Set them, or raise OSError."""
    if _setrlimit(RLIMIT_NOFILE, ctypes.addressof((ctypes.c_uint64 * 2)(soft, hard))):
        raise _error()


def count_mappings() -> int:
    """Count this process's mappings, whose limit is vm.max_map_count; 0 where there is no /proc."""
    lines = 0
    try:
        with open("/proc/self/maps", "rb", buffering=0) as maps:
            while text := maps.read(65536):
                lines += text.count(b"\n")
    except FileNotFoundError:
        return 0
    return lines


class _Scratch(_local):
    """One thread's buffer and the two iovecs of process_vm_readv, made once."""

    def __init__(self) -> None:
        self.buffer = ctypes.create_string_buffer(_SCRATCH)
        self.bytes = memoryview(self.buffer).cast("B")
        self.iovecs = (ctypes.c_uint64 * 4)()
        self.words = memoryview(self.iovecs).cast("B").cast("Q")
        self.words[0] = ctypes.addressof(self.buffer)
        self.local = ctypes.addressof(self.iovecs)
        self.remote = self.local + 16


_scratch = _Scratch()


def copy_out(address: int, size: int) -> bytes:
    """Read up to `size` bytes at a host address; fewer come back if a page in the way is not readable."""
    if size <= _SCRATCH:
        return _copy_out(address, size)
    parts = []
    while size > 0:
        part = _copy_out(address, min(size, _SCRATCH))
        parts.append(part)
        if len(part) < min(size, _SCRATCH):
            break
        address += len(part)
        size -= len(part)
    return b"".join(parts)


def _copy_out(address: int, size: int) -> bytes:
    scratch = _scratch
    words = scratch.words
    words[1] = words[3] = size
    words[2] = address
    # The process id is asked for each time: after a fork, the old one names the parent.
    count: int = _process_vm_readv(os.getpid(), scratch.local, 1, scratch.remote, 1, 0)
    if count < 0 and ctypes.get_errno() in _NOT_PERMITTED:
        count = _through_file(_pwrite, _pread, address, words[0], size)
    return bytes(scratch.bytes[: max(0, count)])


def copy_in(address: int, data: bytes | bytearray | memoryview) -> int:
    """Write bytes to a host address and return how many went in before a page that is not writable."""
    scratch = _scratch
    words = scratch.words
    done = 0
    size = len(data)
    while done < size:
        part = data[done : done + _SCRATCH]
        length = len(part)
        scratch.bytes[:length] = part
        words[1] = words[3] = length
        words[2] = address + done
        count: int = _process_vm_writev(os.getpid(), scratch.local, 1, scratch.remote, 1, 0)
        if count < 0 and ctypes.get_errno() in _NOT_PERMITTED:
            count = _through_file(_pwrite, _pread, words[0], address + done, length)
        done += max(0, count)
        if count < length:
            break
    return done


# A seccomp filter (an old container runtime) may refuse process_vm_readv even on oneself.
_NOT_PERMITTED = (errno.EPERM, errno.ENOSYS)


def _through_file(pwrite: "_FuncPointer", pread: "_FuncPointer", source: int, target: int, size: int) -> int:
    """Copy by writing to and reading from a file in memory: slower, and checked by the kernel as well."""
    fd = os.memfd_create("copy", os.MFD_CLOEXEC)
    try:
        count = pwrite(fd, source, size, 0)
        return max(0, pread(fd, target, count, 0)) if count > 0 else 0
    finally:
        os.close(fd)
