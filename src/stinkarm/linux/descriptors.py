"""Descriptors themselves: copying, closing, locking them, and making pipes and their like."""

from __future__ import annotations

import os
from errno import EBADF, EBUSY, EINVAL, EOVERFLOW, EPERM
from struct import pack, unpack

from stinkarm.guest.direct import UNKNOWN
from stinkarm.guest.native import addressof, c_uint64
from stinkarm.guest.reserve import reserve
from stinkarm.linux import open_flags
from stinkarm.linux.declare import FD, syscall
from stinkarm.linux.host import call, call_always
from stinkarm.linux.structs import Flock
from stinkarm.sandbox.descriptors import INHERITED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.linux.kernel import Kernel
    from stinkarm.linux.parameters import (
        FcntlCommand,
        Fd,
        FdPair,
        FlockOperation,
        Hex,
        In,
        OpenFlags,
        Out,
        PipeFlags,
        String,
        UInt,
    )

HOST_CLOSE = 3
HOST_FCNTL = 72
HOST_FLOCK = 73
HOST_EVENTFD2 = 290
HOST_DUP3 = 292
HOST_PIPE2 = 293
HOST_MEMFD_CREATE = 319

O_CLOEXEC = 0o2000000
O_APPEND = 0o2000
O_NONBLOCK = 0o4000

# include/uapi/asm-generic/fcntl.h, linux/fcntl.h
F_DUPFD = 0
F_GETFD = 1
F_SETFD = 2
F_GETFL = 3
F_SETFL = 4
F_GETLK = 5
F_SETLK = 6
F_SETLKW = 7
F_SETOWN = 8
F_GETOWN = 9
F_SETSIG = 10
F_GETSIG = 11
F_GETLK64 = 12
F_SETLK64 = 13
F_SETLKW64 = 14
F_SETOWN_EX = 15
F_GETOWN_EX = 16
F_OFD_GETLK = 36
F_OFD_SETLKW = 38
F_SETLEASE = 1024
F_GETLEASE = 1025
F_NOTIFY = 1026
F_DUPFD_CLOEXEC = 1030
F_SETPIPE_SZ = 1031
F_GETPIPE_SZ = 1032
F_ADD_SEALS = 1033
F_GET_SEALS = 1034
F_GET_RW_HINT = 1035
F_SET_FILE_RW_HINT = 1038

_OWNERS = frozenset((F_SETOWN, F_GETOWN, F_SETSIG, F_SETOWN_EX, F_GETOWN_EX))
_PLAIN = frozenset((F_GETFD, F_SETFD, F_GETSIG, F_GETLEASE, F_SETPIPE_SZ, F_GETPIPE_SZ, F_ADD_SEALS, F_GET_SEALS))

CLOSE_RANGE_UNSHARE = 2
CLOSE_RANGE_CLOEXEC = 4
MAX_OFF32 = 0x7FFFFFFF
# CLOEXEC, ALLOW_SEALING, NOEXEC_SEAL, EXEC. Not HUGETLB: a mapping of a page would replace a huge page of the guest.
MFD_FLAGS = 1 | 2 | 8 | 16
HOST_SCHED_YIELD = 24
ATTEMPTS = 1000


@syscall(6, FD)
def close(k: Kernel, fd: Fd) -> int:
    """Close a descriptor; it is closed even when that fails."""
    descriptors = k.policy.descriptors
    if not k.threads.several:
        descriptors.check(fd)
        descriptors.remove(fd)
        return call_always(HOST_CLOSE, fd)  # begun although a signal has come: the number is free already
    return _close_with_threads(k, fd)


def _close_with_threads(k: Kernel, fd: int) -> int:
    descriptors = k.policy.descriptors
    with descriptors.lock:
        descriptors.check(fd)
        descriptors.remove(fd)
        if descriptors.vacate(fd):
            return 0
    return call_always(HOST_CLOSE, fd)  # begun although a signal has come: the number is free already


@syscall(436, FD)
def close_range(k: Kernel, first: UInt, last: UInt, flags: Hex) -> int:
    """Close the descriptors from `first` to `last`, or mark them close-on-exec."""
    if flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC) or first > last:
        return -EINVAL
    for fd in k.policy.descriptors.close_range(first, last):
        if flags & CLOSE_RANGE_CLOEXEC:
            call(HOST_FCNTL, fd, F_SETFD, 1)
        else:
            try:
                close(k, fd)
            except OSError:  # another thread has closed it
                continue
    return 0


def _copy(k: Kernel, fd: int, command: int, lowest: int) -> int:
    """Give the guest a copy of its own descriptor at a number that is not below `lowest`."""
    descriptors = k.policy.descriptors
    with descriptors.lock:
        descriptors.check(fd)
        copy = call(HOST_FCNTL, fd, command, lowest)
        if copy >= 0 and lowest >= reserve.soft > 0:
            os.close(copy)
            return -EINVAL
        return descriptors.add_copy(copy, fd, lowest=lowest) if copy >= 0 else copy


@syscall(41, FD)
def dup(k: Kernel, oldfd: Fd) -> Fd:
    """Copy a descriptor to the lowest free number."""
    return _copy(k, oldfd, F_DUPFD, 0)


@syscall(63, FD)
def dup2(k: Kernel, oldfd: Fd, newfd: Fd) -> Fd:
    """Copy a descriptor to a given number."""
    k.policy.descriptors.check(oldfd)
    if oldfd == newfd:
        result = call(HOST_FCNTL, oldfd, F_GETFD)
        return result if result < 0 else newfd
    return _dup_to(k, oldfd, newfd, 0)


@syscall(358, FD)
def dup3(k: Kernel, oldfd: Fd, newfd: Fd, flags: OpenFlags) -> Fd:
    """Copy a descriptor to a given number, with flags."""
    if flags & ~O_CLOEXEC or oldfd == newfd:
        return -EINVAL
    k.policy.descriptors.check(oldfd)
    return _dup_to(k, oldfd, newfd, flags)


def _dup_to(k: Kernel, oldfd: int, newfd: int, flags: int) -> int:
    """Copy a descriptor to a number that is the guest's, or free; EBUSY if another thread of the emulator has it."""
    if newfd < 0 or newfd >= reserve.soft > 0:
        return -EBADF
    descriptors = k.policy.descriptors
    if newfd in descriptors.hidden and not k.threads.several and call(HOST_FCNTL, oldfd, F_GETFD) >= 0:
        descriptors.make_way(newfd)
    for _ in range(ATTEMPTS):
        with descriptors.lock:
            descriptors.check(oldfd)
            if descriptors.takes(newfd, not k.threads.several):
                descriptors.kinds[newfd] = UNKNOWN
                got = call(HOST_DUP3, oldfd, newfd, flags)
            else:
                # To take a number only if it is free, at once, is what F_DUPFD can do.
                got = call(HOST_FCNTL, oldfd, F_DUPFD_CLOEXEC if flags else F_DUPFD, newfd)
            if got == newfd:
                return descriptors.add_copy(newfd, oldfd, lowest=newfd)
        if got == -EINVAL:  # above RLIMIT_NOFILE
            return -EBADF
        if got < 0:
            return got
        os.close(got)
        if newfd in descriptors.hidden or not k.threads.several:
            break
        call(HOST_SCHED_YIELD)  # the emulator has it in another thread's call
    return -EBUSY


# Pipes and their like


def _pipe(k: Kernel, address: int, flags: int) -> int:
    if flags & ~(O_CLOEXEC | O_NONBLOCK | open_flags.O_DIRECT):
        return -EINVAL
    ends = (c_uint64 * 1)()
    result = call(HOST_PIPE2, addressof(ends), open_flags.to_host(flags))
    if result < 0:
        return result
    descriptors = k.policy.descriptors
    made = descriptors.add_pair(ends[0] & 0xFFFFFFFF, ends[0] >> 32)
    try:
        k.memory.write(address, pack("<ii", *made))
    except BaseException:
        for end in made:
            close(k, end)
        raise
    return 0


@syscall(42, FD)
def pipe(k: Kernel, pipefd: Out[FdPair]) -> int:
    """Make a pipe."""
    return _pipe(k, pipefd, 0)


@syscall(359, FD)
def pipe2(k: Kernel, pipefd: Out[FdPair], flags: PipeFlags) -> int:
    """Make a pipe, with flags."""
    return _pipe(k, pipefd, flags)


@syscall(351, FD)
def eventfd(k: Kernel, initval: UInt) -> Fd:
    """Make an event counter."""
    return _made(k, call(HOST_EVENTFD2, initval, 0))


@syscall(356, FD)
def eventfd2(k: Kernel, initval: UInt, flags: Hex) -> Fd:
    """Make an event counter, with flags."""
    return _made(k, call(HOST_EVENTFD2, initval, flags))


@syscall(385, FD, partial="MFD_HUGETLB is EINVAL.")
def memfd_create(k: Kernel, name: In[String], flags: Hex) -> Fd:
    """Make a file in memory that has no name in any directory."""
    if flags & ~MFD_FLAGS:
        return -EINVAL
    return _made(k, call(HOST_MEMFD_CREATE, k.memory.host(name, 1), flags))


def _made(k: Kernel, fd: int) -> int:
    return k.policy.descriptors.add(fd) if fd >= 0 else fd


# Locks and flags


@syscall(143, FD)
def flock(k: Kernel, fd: Fd, operation: FlockOperation) -> int:
    """Lock a whole file, or unlock it."""
    return call(HOST_FLOCK, k.policy.descriptors.check(fd), operation)


@syscall(55, FD, partial="F_SETLEASE and F_NOTIFY are refused")
def fcntl(k: Kernel, fd: Fd, cmd: FcntlCommand, arg: Hex) -> int:
    """Do various things to a descriptor, with 32-bit locks."""
    k.policy.descriptors.check(fd)
    if cmd in (F_GETLK, F_SETLK, F_SETLKW):
        return _lock32(k, fd, cmd, arg)
    return _fcntl(k, fd, cmd, arg)


@syscall(221, FD, partial="F_SETLEASE and F_NOTIFY are refused")
def fcntl64(k: Kernel, fd: Fd, cmd: FcntlCommand, arg: Hex) -> int:
    """Do various things to a descriptor."""
    k.policy.descriptors.check(fd)
    if cmd in (F_GETLK, F_SETLK, F_SETLKW):
        return _lock32(k, fd, cmd, arg)
    if F_GETLK64 <= cmd <= F_SETLKW64:
        # struct flock64 of ARM is laid out as the host's struct flock.
        return call(HOST_FCNTL, fd, cmd - F_GETLK64 + F_GETLK, k.memory.host(arg, 32))
    if F_OFD_GETLK <= cmd <= F_OFD_SETLKW:
        return call(HOST_FCNTL, fd, cmd, k.memory.host(arg, 32))
    return _fcntl(k, fd, cmd, arg)


def _fcntl(k: Kernel, fd: int, cmd: int, arg: int) -> int:
    """Do what fcntl and fcntl64 have in common."""
    if cmd in _PLAIN:
        return call(HOST_FCNTL, fd, cmd, arg)
    if cmd in (F_DUPFD, F_DUPFD_CLOEXEC):
        return _copy(k, fd, cmd, arg)
    if cmd == F_GETFL:
        result = call(HOST_FCNTL, fd, F_GETFL)
        if result >= 0 and fd in k.policy.descriptors.made:
            result = result & ~(os.O_ACCMODE | os.O_PATH) | k.policy.descriptors.made[fd].access
        return result if result < 0 else flags_of(k, fd, result)
    if cmd == F_SETFL:
        flags = open_flags.to_host(arg)
        return _set_flags(k, fd, flags | arg & open_flags.FASYNC if k.owns_host_signals else flags)
    if cmd in _OWNERS:
        from stinkarm.linux import owners

        return owners.fcntl(k, fd, cmd, arg)
    if cmd in (F_SETLEASE, F_NOTIFY):
        return -EPERM if k.policy.sandboxed else -EINVAL
    if F_GET_RW_HINT <= cmd <= F_SET_FILE_RW_HINT:
        return call(HOST_FCNTL, fd, cmd, k.memory.host(arg, 8))
    k.policy.descriptors.check_open(fd)
    return -EINVAL


def flags_of(k: Kernel, fd: int, host_flags: int) -> int:
    """Give the flags of open(2) as the guest sees them: the host opens everything with O_LARGEFILE."""
    flags = open_flags.to_guest(host_flags)
    return flags & ~open_flags.O_LARGEFILE if fd in k.policy.descriptors.small else flags


def _set_flags(k: Kernel, fd: int, flags: int) -> int:
    """Set status flags; what the sandbox was given for appending stays so."""
    fd = k.policy.descriptors.hold(fd)
    if k.policy.descriptors.rights_of(fd) & INHERITED and k.policy.sandboxed:
        now = call(HOST_FCNTL, fd, F_GETFL)
        if now >= 0 and now & O_APPEND and not flags & O_APPEND:
            return -EPERM
    result = call(HOST_FCNTL, fd, F_SETFL, flags)
    for small in k.policy.descriptors.small:  # native code takes them for what is not appended to
        k.policy.descriptors.kinds[small] = UNKNOWN
    return result


def _lock32(k: Kernel, fd: int, cmd: int, address: int) -> int:
    """Lock with the 32-bit struct flock, or ask who holds a lock."""
    kind, whence, start, length, pid = Flock.read(k.memory, address)
    host = (c_uint64 * 4).from_buffer_copy(pack("<hh4xqqi4x", kind, whence, start, length, pid))
    result = call(HOST_FCNTL, fd, cmd, addressof(host))
    if result < 0 or cmd != F_GETLK:
        return result
    kind, whence, start, length, pid = unpack("<hh4xqqi4x", bytes(host))
    if kind != 2:  # F_UNLCK: nobody holds it
        if start > MAX_OFF32:
            return -EOVERFLOW
        length = min(length, MAX_OFF32)
    else:
        _, _, start, length, pid = Flock.read(k.memory, address)
    Flock.write(k.memory, address, kind, whence, start, length, pid)
    return 0
