"""System V semaphores: the host's own."""

from __future__ import annotations

from errno import E2BIG, EINVAL

from stinkarm.guest.native import addressof, c_int64, create_string_buffer
from stinkarm.linux import host, structs
from stinkarm.linux.declare import PROCESS, syscall
from stinkarm.linux.ipc import IPC_64, IPC_INFO, IPC_RMID, IPC_SET, IPC_STAT, control, read_permissions, seconds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.linux.kernel import Kernel
    from stinkarm.linux.parameters import Address, Hex, In, Int, IpcCommand, IpcKey, Timespec, Timespec64, UInt

# x86-64 numbers: arch/x86/entry/syscalls/syscall_64.tbl
HOST_SEMGET = 64
HOST_SEMCTL = 66
HOST_SEMTIMEDOP = 220

GETPID, GETVAL, GETALL, GETNCNT, GETZCNT, SETVAL, SETALL = range(11, 18)
SEM_STAT = 18
SEM_INFO = 19
SEM_STAT_ANY = 20

SEMBUF_SIZE = 6
MAX_OPERATIONS = 32000  # SEMOPM is at most this, unless somebody has raised it
MAX_SEMAPHORES = 1 << 16

# struct semid64_ds of x86-64: perm (48 bytes), otime, ctime with a word after each, nsems
HOST_DS = "<IIIIIIH6x16xq8xq8xQ16x"
HOST_INFO = "<10i"  # struct seminfo, as on ARM


@syscall(299, PROCESS)
def semget(k: Kernel, key: IpcKey, nsems: Int, semflg: Hex) -> int:
    """Make or find a set of semaphores."""
    return host.call(HOST_SEMGET, key, nsems, semflg)


def _semop(k: Kernel, semid: int, sops: int, nsops: int, timeout: tuple[int, int] | None) -> int:
    if nsops > MAX_OPERATIONS:
        return -E2BIG
    size = nsops * SEMBUF_SIZE
    operations = create_string_buffer(k.memory.read(sops, size) if size else b"", max(size, 1))
    limit = None if timeout is None else (c_int64 * 2)(*timeout)
    return host.call(HOST_SEMTIMEDOP, semid, addressof(operations), nsops, addressof(limit) if limit else 0)


@syscall(298, PROCESS)
def semop(k: Kernel, semid: Int, sops: Address, nsops: UInt) -> int:
    """Change semaphores, all or none, waiting until that is possible."""
    return _semop(k, semid, sops, nsops, None)


@syscall(312, PROCESS)
def semtimedop(k: Kernel, semid: Int, sops: Address, nsops: UInt, timeout: In[Timespec]) -> int:
    """Change semaphores, waiting for some time."""
    if not timeout:
        return _semop(k, semid, sops, nsops, None)
    second, nanosecond = structs.Timespec.read(k.memory, timeout)
    return _semop(k, semid, sops, nsops, (second, nanosecond))


@syscall(420, PROCESS)
def semtimedop_time64(k: Kernel, semid: Int, sops: Address, nsops: UInt, timeout: In[Timespec64]) -> int:
    """Change semaphores, waiting for some time, with 64-bit seconds."""
    if not timeout:
        return _semop(k, semid, sops, nsops, None)
    second, nanosecond = structs.Timespec64.read(k.memory, timeout)
    return _semop(k, semid, sops, nsops, (second, nanosecond & 0xFFFFFFFF))  # 32-bit kernels use the low half


@syscall(300, PROCESS, partial="structs without IPC_64, which no C library since 1999 asks for, are EINVAL")
def semctl(k: Kernel, semid: Int, semnum: Int, cmd: IpcCommand, arg: Address) -> int:
    """Ask about, change or remove a set of semaphores."""
    command = cmd & ~IPC_64
    if command in (IPC_RMID, GETPID, GETVAL, GETNCNT, GETZCNT):
        return host.call(HOST_SEMCTL, semid, semnum, command)
    if command == SETVAL:
        return host.call(HOST_SEMCTL, semid, semnum, command, arg)
    if command in (GETALL, SETALL):
        return _all(k, semid, command, arg)
    if command in (IPC_INFO, SEM_INFO):
        values = control(HOST_SEMCTL, semid, command, HOST_INFO, semnum)
        if isinstance(values, int):
            return values
        structs.Seminfo.write(k.memory, arg, *values)
        return values.result
    if not cmd & IPC_64:
        return -EINVAL
    if command == IPC_SET:
        return read_permissions(k, HOST_SEMCTL, semid, arg, HOST_DS, semnum=semnum)
    if command in (IPC_STAT, SEM_STAT, SEM_STAT_ANY):
        values = control(HOST_SEMCTL, semid, command, HOST_DS, semnum)
        if isinstance(values, int):
            return values
        *permissions, otime, ctime, count = values
        structs.Semid64Ds.write(k.memory, arg, *permissions, *seconds(otime), *seconds(ctime), count)
        return values.result
    return -EINVAL


def _all(k: Kernel, semid: int, command: int, arg: int) -> int:
    """Get or set the values of all semaphores of a set: numbers of 16 bits."""
    known = control(HOST_SEMCTL, semid, IPC_STAT, HOST_DS, 0)
    if isinstance(known, int):
        return known
    size = 2 * min(known[-1], MAX_SEMAPHORES)
    values = create_string_buffer(k.memory.read(arg, size) if command == SETALL else b"", 2 * MAX_SEMAPHORES)
    result = host.call(HOST_SEMCTL, semid, 0, command, addressof(values))
    if result >= 0 and command == GETALL:
        k.memory.write(arg, values.raw[:size])
    return result
