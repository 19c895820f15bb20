"""System V shared memory: the host's segments, mapped into the guest's reservation."""

from __future__ import annotations

from errno import EINVAL, ENOMEM

from stinkarm.guest import host as host_memory
from stinkarm.guest.mapping import PROT_EXEC, PROT_READ, PROT_WRITE
from stinkarm.linux import host
from stinkarm.linux.declare import PROCESS, syscall
from stinkarm.linux.ipc import IPC_64, IPC_INFO, IPC_RMID, IPC_SET, IPC_STAT, control, read_permissions, seconds
from stinkarm.linux.structs import Shmid64Ds, ShmInfo, Shminfo64

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.linux.kernel import Kernel
    from stinkarm.linux.parameters import Address, Hex, Int, IpcCommand, IpcKey, Size

# x86-64 numbers: arch/x86/entry/syscalls/syscall_64.tbl
HOST_SHMGET = 29
HOST_SHMAT = 30
HOST_SHMCTL = 31

SHM_RDONLY = 0o10000
SHM_RND = 0o20000
SHM_REMAP = 0o40000
SHM_EXEC = 0o100000
SHMLBA = 4 * 4096  # of ARM, which insists on it

SHM_LOCK = 11
SHM_UNLOCK = 12
SHM_STAT = 13
SHM_INFO = 14
SHM_STAT_ANY = 15

PAGE = 4096
NAME = "/SYSV"

# struct shmid64_ds of x86-64: perm (48 bytes), segsz, atime, dtime, ctime, cpid, lpid, nattch
HOST_DS = "<IIIIIIH6x16xQqqqiiQ16x"
HOST_INFO = "<5Q32x"  # struct shminfo64
HOST_USE = "<i4x5Q"  # struct shm_info


@syscall(307, PROCESS)
def shmget(k: Kernel, key: IpcKey, size: Size, shmflg: Hex) -> int:
    """Make or find a shared memory segment."""
    return host.call(HOST_SHMGET, key, size, shmflg)


@syscall(305, PROCESS)
def shmat(k: Kernel, shmid: Int, shmaddr: Address, shmflg: Hex) -> Address:
    """Map a shared memory segment."""
    address = shmaddr
    if address & (SHMLBA - 1):
        if not shmflg & SHM_RND:
            return -EINVAL
        address &= -SHMLBA
    if shmflg & SHM_REMAP and not address:
        return -EINVAL
    values = control(HOST_SHMCTL, shmid, IPC_STAT, HOST_DS)
    if isinstance(values, int):
        return values
    key, size = values[0], values[7]
    if size > 0xFFFFFFFF:
        return -ENOMEM
    prot = PROT_READ | (0 if shmflg & SHM_RDONLY else PROT_WRITE) | (PROT_EXEC if shmflg & SHM_EXEC else 0)
    # Mapped where the host likes and moved from there, so that no wrong size can reach over anything.
    outside = host.call(HOST_SHMAT, shmid, 0, shmflg & SHM_RDONLY)
    if outside < 0:
        return outside
    size = (size + PAGE - 1) & -PAGE
    try:
        return k.memory.adopt(outside, address, size, prot, name=f"{NAME}{key:08x}", replace=bool(shmflg & SHM_REMAP))
    except BaseException:
        host_memory.munmap(outside, size)
        raise


@syscall(306, PROCESS)
def shmdt(k: Kernel, shmaddr: Address) -> int:
    """Unmap a shared memory segment."""
    with k.memory.lock:
        parts = [m for m in k.memory.mappings if m.name.startswith(NAME) and m.start - m.offset == shmaddr]
        first = min(parts, key=lambda mapping: mapping.start, default=None)
        if first is None:
            return -EINVAL
        for mapping in parts:
            if mapping.name == first.name:
                k.memory.unmap(mapping.start, mapping.end - mapping.start)
        return 0


@syscall(308, PROCESS, partial="structs without IPC_64, which no C library since 1999 asks for, are EINVAL")
def shmctl(k: Kernel, shmid: Int, cmd: IpcCommand, buf: Address) -> int:
    """Ask about, change or remove a shared memory segment."""
    command = cmd & ~IPC_64
    if command in (IPC_RMID, SHM_LOCK, SHM_UNLOCK):
        return host.call(HOST_SHMCTL, shmid, command)
    if not cmd & IPC_64:
        return -EINVAL
    if command == IPC_SET:
        return read_permissions(k, HOST_SHMCTL, shmid, buf, HOST_DS)
    if command in (IPC_STAT, SHM_STAT, SHM_STAT_ANY):
        values = control(HOST_SHMCTL, shmid, command, HOST_DS)
        if isinstance(values, int):
            return values
        result, *permissions, size, atime, dtime, ctime, cpid, lpid, attached = (values.result, *values)
        times = (*seconds(atime), *seconds(dtime), *seconds(ctime))
        Shmid64Ds.write(k.memory, buf, *permissions, size & 0xFFFFFFFF, *times, cpid, lpid, attached & 0xFFFFFFFF)
        return int(result)
    if command == IPC_INFO:
        values = control(HOST_SHMCTL, shmid, command, HOST_INFO)
        if isinstance(values, int):
            return values
        Shminfo64.write(k.memory, buf, *(min(value, 0xFFFFFFFF) for value in values))
        return values.result
    if command == SHM_INFO:
        values = control(HOST_SHMCTL, shmid, command, HOST_USE)
        if isinstance(values, int):
            return values
        ShmInfo.write(k.memory, buf, values[0], *(min(value, 0xFFFFFFFF) for value in values[1:]))
        return values.result
    return -EINVAL
