"""Memory: the calls of `man 2 mmap` and its neighbours, on `guest/memory.py`."""

from __future__ import annotations

import os
from errno import EACCES, EINVAL, ENOMEM, ENOSYS, EPERM

from stinkarm.linux import host
from stinkarm.linux.declare import FD, PURE, syscall

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.linux.kernel import Kernel
    from stinkarm.linux.parameters import (
        Address,
        Bytes,
        Fd,
        MadviseAdvice,
        MapFlags,
        MlockallFlags,
        MlockFlags,
        MremapFlags,
        MsyncFlags,
        Out,
        Protection,
        Size,
        UInt,
    )

# x86-64 numbers: arch/x86/entry/syscalls/syscall_64.tbl
HOST_MINCORE = 27
HOST_MLOCK = 149
HOST_MUNLOCK = 150
HOST_MLOCK2 = 325

MAP_SHARED = 1  # and a bit of MAP_SHARED_VALIDATE
MAP_ANONYMOUS = 0x20
PAGE = 4096
ADDRESS_SPACE = 1 << 32
TASK_SIZE = 0xBF000000


@syscall(45, PURE)
def brk(k: Kernel, addr: Address) -> Address:
    """Move the program break; give where it is afterwards."""
    return k.memory.brk(addr)


@syscall(192, FD, partial="MAP_HUGETLB is EINVAL.")
def mmap2(k: Kernel, addr: Address, length: Size, prot: Protection, flags: MapFlags, fd: Fd, pgoffset: UInt) -> Address:
    """Map files or anonymous memory; the offset counts pages of 4096 bytes."""
    if flags & MAP_ANONYMOUS:
        return k.memory.map(addr, length, prot, flags)
    fd = k.policy.descriptors.hold(fd)
    name = _file_name(fd)
    if not name:
        k.policy.descriptors.check_open(fd)
    if flags & MAP_SHARED and k.policy.descriptors.only_appends(fd):
        return -EACCES  # also to read: mprotect could make it writable
    return k.memory.map(addr, length, prot, flags, fd=fd, offset=pgoffset * PAGE, name=name)


def _file_name(fd: int) -> str:
    """Give the name of an open file, for crash reports."""
    try:
        return os.readlink(f"/proc/self/fd/{fd}")
    except OSError:  # not open, which mmap itself will find, or no /proc
        return ""


@syscall(91, PURE)
def munmap(k: Kernel, addr: Address, length: Size) -> int:
    """Unmap memory."""
    k.memory.unmap(addr, length)
    return 0


@syscall(125, PURE)
def mprotect(k: Kernel, addr: Address, len: Size, prot: Protection) -> int:
    """Change the protection of memory."""
    k.memory.protect(addr, len, prot)
    return 0


@syscall(163, PURE)
def mremap(
    k: Kernel, old_address: Address, old_size: Size, new_size: Size, flags: MremapFlags, new_address: Address
) -> Address:
    """Resize or move a mapping."""
    return k.memory.remap(old_address, old_size, new_size, flags, new_address)


@syscall(220, PURE, partial="MADV_DONTFORK has no effect; HWPOISON, SOFT_OFFLINE and guard pages are EINVAL.")
def madvise(k: Kernel, addr: Address, length: Size, advice: MadviseAdvice) -> int:
    """Advise about the use of memory."""
    k.memory.advise(addr, length, advice)
    return 0


@syscall(144, PURE)
def msync(k: Kernel, addr: Address, length: Size, flags: MsyncFlags) -> int:
    """Write a shared file mapping back."""
    k.memory.sync(addr, length, flags)
    return 0


def _whole_pages(addr: int, length: int) -> tuple[int, int]:
    """Give the pages that a range touches as start and size, or raise EINVAL when it wraps around."""
    start = addr & -PAGE
    end = (addr + length + PAGE - 1) & -PAGE
    if end > ADDRESS_SPACE or (end == ADDRESS_SPACE and length):
        raise OSError(EINVAL, "the range wraps around the address space")
    return start, end - start


def _check_mapped(k: Kernel, start: int, size: int) -> None:
    """Raise ENOMEM where the guest has nothing mapped (the host sees its whole reservation as mapped)."""
    end = start + size
    while start < end:
        mapping = k.memory.find(start)
        if mapping is None:
            raise OSError(ENOMEM, "the range is not mapped")
        start = mapping.end


@syscall(150, PURE)
def mlock(k: Kernel, addr: Address, len: Size) -> int:
    """Keep pages in memory."""
    start, size = _whole_pages(addr, len)
    _check_mapped(k, start, size)
    return host.call(HOST_MLOCK, k.memory.host(start, size), size)


@syscall(390, PURE)
def mlock2(k: Kernel, addr: Address, len: Size, flags: MlockFlags) -> int:
    """Keep pages in memory, perhaps only once they are used."""
    start, size = _whole_pages(addr, len)
    _check_mapped(k, start, size)
    return host.call(HOST_MLOCK2, k.memory.host(start, size), size, flags)


@syscall(151, PURE)
def munlock(k: Kernel, addr: Address, len: Size) -> int:
    """Let pages be swapped out again."""
    start, size = _whole_pages(addr, len)
    _check_mapped(k, start, size)
    return host.call(HOST_MUNLOCK, k.memory.host(start, size), size)


MCL_ALL = 7  # MCL_CURRENT MCL_FUTURE MCL_ONFAULT
MCL_ONFAULT = 4


@syscall(152, PURE, partial="EPERM: it would lock the emulator's own memory as well.")
def mlockall(k: Kernel, flags: MlockallFlags) -> int:
    """Keep all pages in memory."""
    return -EINVAL if not flags or flags & ~MCL_ALL or flags == MCL_ONFAULT else -EPERM


@syscall(153, PURE)
def munlockall(k: Kernel) -> int:
    """Let all pages be swapped out again."""
    for mapping in k.memory.mappings:
        host.call(HOST_MUNLOCK, k.memory.base + mapping.start, mapping.end - mapping.start)
    return 0


@syscall(219, PURE)
def mincore(k: Kernel, addr: Address, length: Size, vec: Out[Bytes]) -> int:
    """Say which pages are in memory, a byte a page."""
    if addr & (PAGE - 1):
        return -EINVAL
    if addr + length > TASK_SIZE:
        return -ENOMEM
    start, size = _whole_pages(addr, length)
    target = k.memory.host(vec, size // PAGE)
    _check_mapped(k, start, size)
    return host.call(HOST_MINCORE, k.memory.host(start, size), size, target)


@syscall(253, PURE, partial="EINVAL, as for anything but a shared file mapping.")
def remap_file_pages(k: Kernel, addr: Address, size: Size, prot: Protection, pgoff: UInt, flags: MapFlags) -> int:
    """Rearrange the pages of a shared mapping."""
    return -EINVAL


@syscall(462, PURE, partial="Answers ENOSYS, as a kernel before 6.10.")
def mseal(k: Kernel, addr: Address, len: Size, flags: UInt) -> int:
    """Seal mappings against change."""
    return -ENOSYS
