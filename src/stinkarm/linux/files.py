"""Reading, writing and arranging what open files hold."""

from __future__ import annotations

import os
from errno import EFBIG, EINVAL, EOPNOTSUPP, EOVERFLOW, EPERM, EPIPE
from struct import iter_unpack, unpack

from stinkarm.guest.native import addressof, c_int64, c_uint64
from stinkarm.linux.declare import FD, syscall
from stinkarm.linux.host import call, call3
from stinkarm.linux.open_flags import MAX_NON_LFS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ctypes import Array

    from stinkarm.linux.kernel import Kernel
    from stinkarm.linux.parameters import (
        AdviceFlags,
        Bytes,
        FallocateMode,
        Fd,
        Hex,
        In,
        InOut,
        Int,
        Iovecs,
        Off,
        Off64,
        Out,
        RwfFlags,
        Size,
        UInt,
        Whence,
        Word,
    )

# x86-64 numbers: arch/x86/entry/syscalls/syscall_64.tbl
HOST_READ = 0
HOST_WRITE = 1
HOST_LSEEK = 8
HOST_PREAD64 = 17
HOST_PWRITE64 = 18
HOST_READV = 19
HOST_WRITEV = 20
HOST_SENDFILE = 40
HOST_FCNTL = 72
HOST_FSYNC = 74
HOST_FDATASYNC = 75
HOST_FTRUNCATE = 77
HOST_READAHEAD = 187
HOST_FADVISE64 = 221
HOST_SPLICE = 275
HOST_TEE = 276
HOST_SYNC_FILE_RANGE = 277
HOST_VMSPLICE = 278
HOST_FALLOCATE = 285
HOST_PREADV = 295
HOST_PWRITEV = 296
HOST_SYNCFS = 306
HOST_COPY_FILE_RANGE = 326
HOST_PREADV2 = 327
HOST_PWRITEV2 = 328

SIGPIPE = 13
RWF_NOWAIT = 8
UIO_MAXIOV = 1024
# include/uapi/linux/fs.h: RWF_HIPRI DSYNC SYNC NOWAIT APPEND. NOAPPEND would overwrite what is only appended to.
RWF_KNOWN = 0x1F
RWF_UNKNOWN = 1 << 30
SSIZE_MAX = 0x7FFFFFFF
F_GETFL = 3
WRITE_VECTORS = (HOST_WRITEV, HOST_PWRITEV, HOST_PWRITEV2)
FIRST_POSITION = 0x10000000  # as in linux/paths.py, which getdents64 is in


def _wrote(k: Kernel, result: int) -> int:
    """Send SIGPIPE where Linux does: nobody reads what was written."""
    if result == -EPIPE:
        k.raise_signal(SIGPIPE)
    return result


@syscall(3, FD, direct=HOST_READ)
def read(k: Kernel, fd: Fd, buf: Out[Bytes], count: Size) -> int:
    """Read from a file."""
    descriptors = k.policy.descriptors
    if fd in descriptors.made:
        return descriptors.made[fd].read(k, fd, ((buf, count),))
    return call3(HOST_READ, descriptors.check(fd), k.memory.host(buf, count), count)


@syscall(4, FD, direct=HOST_WRITE)
def write(k: Kernel, fd: Fd, buf: In[Bytes], len: Size) -> int:
    """Write to a file."""
    if fd in k.policy.descriptors.made:
        return k.policy.descriptors.made[fd].write(k, fd, ((buf, len),))
    if fd in k.policy.descriptors.small:
        len = _below_limit(k, fd, len)
    result = call3(HOST_WRITE, k.policy.descriptors.check(fd), k.memory.host(buf, len), len)
    return result if result >= 0 else _wrote(k, result)


def iovecs(k: Kernel, address: int, count: int) -> Array[c_uint64]:
    """Read the guest's struct iovecs as the host's."""
    if count > UIO_MAXIOV:
        raise OSError(EINVAL, "too many struct iovec")
    words = unpack(f"<{2 * count}I", k.memory.read(address, 8 * count))
    host = (c_uint64 * (2 * count))()
    for index in range(0, 2 * count, 2):
        length = words[index + 1]
        if length > SSIZE_MAX:
            raise OSError(EINVAL, "a length is negative")
        host[index] = k.memory.host(words[index], length)
        host[index + 1] = length
    return host


def _vector(k: Kernel, number: int, fd: int, iov: int, iovcnt: int, *more: int) -> int:
    k.policy.descriptors.check(fd)
    if fd in k.policy.descriptors.made:
        return _made_vector(k, number, fd, iov, iovcnt, *more)
    vector = iovecs(k, iov, iovcnt)
    if fd in k.policy.descriptors.small and number in WRITE_VECTORS:
        _cut(vector, _below_limit(k, fd, sum(vector[1::2]), more[0] if more and more[0] != -1 else None))
    return call(number, fd, addressof(vector), iovcnt, *more) if more else call3(number, fd, addressof(vector), iovcnt)


def _below_limit(k: Kernel, fd: int, count: int, offset: int | None = None) -> int:
    """Give how many bytes may be written, so that nothing of a file that was opened without O_LARGEFILE is above 2 GiB.

    Raises EFBIG where it is none (generic_write_check_limits).
    """
    if not count or not k.policy.descriptors.small[fd]:
        return count
    if call(HOST_FCNTL, fd, F_GETFL) & os.O_APPEND:
        offset = os.fstat(fd).st_size
    elif offset is None:
        offset = call(HOST_LSEEK, fd, 0, os.SEEK_CUR)
    if offset >= MAX_NON_LFS:
        raise OSError(EFBIG, "the file was opened without O_LARGEFILE")
    return min(count, MAX_NON_LFS - offset) if offset >= 0 else count


def _cut(vector: Array[c_uint64], count: int) -> None:
    """Let struct iovecs name no more than so many bytes."""
    for index in range(1, len(vector), 2):
        vector[index] = min(vector[index], count)
        count -= vector[index]


def _position_at(k: Kernel, address: int) -> int | None:
    return k.memory.read_u64(address) if address else None


def _made_vector(
    k: Kernel, number: int, fd: int, iov: int, iovcnt: int, offset: int = -1, unused: int = 0, flags: int = 0
) -> int:
    """Read or write what is made up; an offset of -1 is the file's own position."""
    if iovcnt > UIO_MAXIOV or number == HOST_VMSPLICE:
        return -EINVAL
    places = tuple(iter_unpack("<II", k.memory.read(iov, 8 * iovcnt)))
    if any(size > SSIZE_MAX for _, size in places):
        return -EINVAL
    made = k.policy.descriptors.made[fd]
    transfer = made.read if number in (HOST_READV, HOST_PREADV, HOST_PREADV2) else made.write
    at_position = number in (HOST_PREADV, HOST_PWRITEV) or offset != -1
    if flags & ~RWF_NOWAIT:
        return transfer(k, fd, (), offset if at_position else None) or -EOPNOTSUPP
    return transfer(k, fd, places, offset if at_position else None)


def _position(low: int, high: int) -> int:
    """Join the two halves of a file position, which is signed."""
    value = low | high << 32
    return value - (1 << 64) if value >> 63 else value


@syscall(145, FD, direct=HOST_READV, special="vector")
def readv(k: Kernel, fd: Fd, iov: Out[Iovecs], iovcnt: UInt) -> int:
    """Read into several buffers."""
    return _vector(k, HOST_READV, fd, iov, iovcnt)


@syscall(146, FD, direct=HOST_WRITEV, special="vector")
def writev(k: Kernel, fd: Fd, iov: In[Iovecs], iovcnt: UInt) -> int:
    """Write from several buffers."""
    return _wrote(k, _vector(k, HOST_WRITEV, fd, iov, iovcnt))


@syscall(180, FD, direct=HOST_PREAD64)
def pread64(k: Kernel, fd: Fd, buf: Out[Bytes], count: Size, offset: Off64) -> int:
    """Read at a position, leaving the file's own position alone."""
    if fd in k.policy.descriptors.made:
        return -EINVAL if offset < 0 else k.policy.descriptors.made[fd].read(k, fd, ((buf, count),), offset)
    return call(HOST_PREAD64, k.policy.descriptors.check(fd), k.memory.host(buf, count), count, offset)


@syscall(181, FD, direct=HOST_PWRITE64)
def pwrite64(k: Kernel, fd: Fd, buf: In[Bytes], count: Size, offset: Off64) -> int:
    """Write at a position, leaving the file's own position alone."""
    if fd in k.policy.descriptors.made:
        return -EINVAL if offset < 0 else k.policy.descriptors.made[fd].write(k, fd, ((buf, count),), offset)
    fd = k.policy.descriptors.check(fd)
    if fd in k.policy.descriptors.small:
        count = _below_limit(k, fd, count, offset)
    return _wrote(k, call(HOST_PWRITE64, fd, k.memory.host(buf, count), count, offset))


@syscall(361, FD)
def preadv(k: Kernel, fd: Fd, iov: Out[Iovecs], iovcnt: UInt, pos_l: UInt, pos_h: UInt) -> int:
    """Read into several buffers from a position."""
    return _vector(k, HOST_PREADV, fd, iov, iovcnt, _position(pos_l, pos_h))


@syscall(362, FD)
def pwritev(k: Kernel, fd: Fd, iov: In[Iovecs], iovcnt: UInt, pos_l: UInt, pos_h: UInt) -> int:
    """Write from several buffers to a position."""
    return _wrote(k, _vector(k, HOST_PWRITEV, fd, iov, iovcnt, _position(pos_l, pos_h)))


def _known(flags: int) -> int:
    """Give RWF flags for the host, with one that it does not know for all that are not known here."""
    return flags & RWF_KNOWN | (RWF_UNKNOWN if flags & ~RWF_KNOWN else 0)


@syscall(392, FD)
def preadv2(k: Kernel, fd: Fd, iov: Out[Iovecs], iovcnt: UInt, pos_l: UInt, pos_h: UInt, flags: RwfFlags) -> int:
    """Read into several buffers from a position (-1: the file's own), with RWF flags."""
    return _vector(k, HOST_PREADV2, fd, iov, iovcnt, _position(pos_l, pos_h), 0, _known(flags))


@syscall(393, FD)
def pwritev2(k: Kernel, fd: Fd, iov: In[Iovecs], iovcnt: UInt, pos_l: UInt, pos_h: UInt, flags: RwfFlags) -> int:
    """Write from several buffers to a position (-1: the file's own), with RWF flags."""
    return _wrote(k, _vector(k, HOST_PWRITEV2, fd, iov, iovcnt, _position(pos_l, pos_h), 0, _known(flags)))


def _seek(k: Kernel, fd: int, offset: int, whence: int) -> int:
    """Move a file's position; in a directory, to one that getdents64 gave."""
    descriptors = k.policy.descriptors
    positions = descriptors.positions.get(descriptors.check(fd))
    if fd in descriptors.made:
        return descriptors.made[fd].seek(offset, whence)
    if positions is None:
        return call3(HOST_LSEEK, fd, offset, whence)
    if whence == os.SEEK_SET:
        if offset == 0:
            positions.clear()
        elif 0 <= offset - FIRST_POSITION < len(positions):
            result = call(HOST_LSEEK, fd, positions[offset - FIRST_POSITION], whence)
            return offset if result >= 0 else result
    result = call(HOST_LSEEK, fd, offset, whence)
    return FIRST_POSITION + positions.index(result) if result in positions else result


@syscall(19, FD)
def lseek(k: Kernel, fd: Fd, offset: Int, whence: Whence) -> int:
    """Move the file position; one that does not fit 31 bits is moved to, and EOVERFLOW."""
    result = _seek(k, fd, offset, whence)
    return result if result <= MAX_NON_LFS else -EOVERFLOW


@syscall(140, FD, direct=HOST_LSEEK, special="llseek")
def _llseek(k: Kernel, fd: Fd, offset_high: UInt, offset_low: UInt, result: Out[Off], whence: Whence) -> int:
    """Move the file position, 64 bits wide."""
    position = _seek(k, fd, _position(offset_low, offset_high), whence)
    if position < 0:
        return position
    k.memory.write(result, position.to_bytes(8, "little"))
    return 0


def _check_arrange(k: Kernel, fd: int) -> int:
    """Check a descriptor whose file is about to lose or move contents.

    What the sandbox was given for appending may only be appended to.
    """
    descriptors = k.policy.descriptors
    fd = descriptors.hold(fd)
    if descriptors.only_appends(fd):
        raise OSError(EPERM, "the sandbox only appends here")
    return fd


@syscall(93, FD)
def ftruncate(k: Kernel, fd: Fd, length: Int) -> int:
    """Set the length of a file."""
    return call(HOST_FTRUNCATE, _check_arrange(k, fd), length)


@syscall(194, FD)
def ftruncate64(k: Kernel, fd: Fd, length: Off64) -> int:
    """Set the length of a file, 64 bits wide."""
    return call(HOST_FTRUNCATE, _check_arrange(k, fd), length)


@syscall(352, FD)
def fallocate(k: Kernel, fd: Fd, mode: FallocateMode, offset: Off64, len: Off64) -> int:
    """Reserve, free or move the space of a file."""
    return call(HOST_FALLOCATE, _check_arrange(k, fd), mode, offset, len)


@syscall(270, FD)
def arm_fadvise64_64(k: Kernel, fd: Fd, advice: AdviceFlags, offset: Off64, len: Off64) -> int:
    """Announce how a file will be read. ARM has the advice second, so that pairs are aligned."""
    return call(HOST_FADVISE64, k.policy.descriptors.check(fd), offset, len, advice)


@syscall(225, FD)
def readahead(k: Kernel, fd: Fd, offset: Off64, count: Size) -> int:
    """Read a part of a file into the page cache."""
    return call(HOST_READAHEAD, k.policy.descriptors.check(fd), offset, count)


@syscall(36, FD)
def sync(k: Kernel) -> int:
    """Write everything to disk; from the sandbox, nothing, since it is the whole machine's."""
    if not k.policy.sandboxed:
        os.sync()
    return 0


@syscall(118, FD)
def fsync(k: Kernel, fd: Fd) -> int:
    """Write a file to disk."""
    return call(HOST_FSYNC, k.policy.descriptors.check(fd))


@syscall(148, FD)
def fdatasync(k: Kernel, fd: Fd) -> int:
    """Write a file's contents to disk."""
    return call(HOST_FDATASYNC, k.policy.descriptors.check(fd))


@syscall(373, FD)
def syncfs(k: Kernel, fd: Fd) -> int:
    """Write a file system to disk; from the sandbox, the one file."""
    fd = k.policy.descriptors.check(fd)
    return call(HOST_FSYNC if k.policy.sandboxed else HOST_SYNCFS, fd)


@syscall(341, FD)
def arm_sync_file_range(k: Kernel, fd: Fd, flags: Hex, offset: Off64, nbytes: Off64) -> int:
    """Write a part of a file to disk. ARM has the flags second, so that pairs are aligned."""
    return call(HOST_SYNC_FILE_RANGE, k.policy.descriptors.check(fd), offset, nbytes, flags)


@syscall(187, FD)
def sendfile(k: Kernel, out_fd: Fd, in_fd: Fd, offset: InOut[Word], count: Size) -> int:
    """Copy between descriptors, with a 32-bit position."""
    k.policy.descriptors.of_host(out_fd)
    k.policy.descriptors.of_host(in_fd)
    if out_fd in k.policy.descriptors.small:
        count = _below_limit(k, out_fd, count)
    if not offset:
        return _wrote(k, call(HOST_SENDFILE, out_fd, in_fd, 0, count))
    start = int.from_bytes(k.memory.read(offset, 4), "little", signed=True)
    if start < 0:
        return -EINVAL
    # The position must stay within 31 bits, as for every file that was opened without O_LARGEFILE.
    if start + count > MAX_NON_LFS:
        if start == MAX_NON_LFS:
            return -EOVERFLOW
        count = MAX_NON_LFS - start
    position = c_int64(start)
    result = call(HOST_SENDFILE, out_fd, in_fd, addressof(position), count)
    k.memory.write(offset, position.value.to_bytes(4, "little"))
    return _wrote(k, result)


@syscall(239, FD)
def sendfile64(k: Kernel, out_fd: Fd, in_fd: Fd, offset: InOut[Off], count: Size) -> int:
    """Copy between descriptors."""
    k.policy.descriptors.of_host(out_fd)
    k.policy.descriptors.of_host(in_fd)
    if out_fd in k.policy.descriptors.small:
        count = _below_limit(k, out_fd, count)
    return _wrote(k, call(HOST_SENDFILE, out_fd, in_fd, k.pointer(offset, 8), count))


@syscall(391, FD)
def copy_file_range(
    k: Kernel, fd_in: Fd, off_in: InOut[Off], fd_out: Fd, off_out: InOut[Off], len: Size, flags: UInt
) -> int:
    """Copy between files."""
    k.policy.descriptors.of_host(fd_in)
    _check_arrange(k, k.policy.descriptors.of_host(fd_out))
    if fd_out in k.policy.descriptors.small:
        len = _below_limit(k, fd_out, len, _position_at(k, off_out))
    return call(HOST_COPY_FILE_RANGE, fd_in, k.pointer(off_in, 8), fd_out, k.pointer(off_out, 8), len, flags)


@syscall(340, FD)
def splice(k: Kernel, fd_in: Fd, off_in: InOut[Off], fd_out: Fd, off_out: InOut[Off], len: Size, flags: Hex) -> int:
    """Move bytes between a pipe and a file."""
    k.policy.descriptors.of_host(fd_in)
    k.policy.descriptors.of_host(fd_out)
    if fd_out in k.policy.descriptors.small:
        len = _below_limit(k, fd_out, len, _position_at(k, off_out))
    result = call(HOST_SPLICE, fd_in, k.pointer(off_in, 8), fd_out, k.pointer(off_out, 8), len, flags)
    return _wrote(k, result)


@syscall(342, FD)
def tee(k: Kernel, fd_in: Fd, fd_out: Fd, len: Size, flags: Hex) -> int:
    """Copy bytes from a pipe to a pipe without consuming them."""
    k.policy.descriptors.of_host(fd_in)
    k.policy.descriptors.of_host(fd_out)
    return _wrote(k, call(HOST_TEE, fd_in, fd_out, len, flags))


@syscall(343, FD)
def vmsplice(k: Kernel, fd: Fd, iov: In[Iovecs], nr_segs: UInt, flags: Hex) -> int:
    """Put memory into a pipe or take it out."""
    return _wrote(k, _vector(k, HOST_VMSPLICE, fd, iov, nr_segs, flags))
