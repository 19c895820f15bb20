"""Users and groups, capabilities.

In the sandbox the guest keeps the ids it has: setting them to what they are succeeds, anything else is EPERM.
Calls that end in 32 take 32-bit ids; the older ones 16-bit ids, in which 65535 means -1.
"""

from __future__ import annotations

import os
from errno import EFAULT, EINVAL, EPERM

from stinkarm.linux import host
from stinkarm.linux.declare import PURE, SYSTEM, syscall

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from stinkarm.linux.kernel import Kernel
    from stinkarm.linux.parameters import (
        CapData,
        CapHeader,
        Half,
        HalfIds,
        Id,
        Ids,
        In,
        InOut,
        Int,
        Out,
        Word,
    )

# x86-64 numbers: arch/x86/entry/syscalls/syscall_64.tbl
HOST_GETUID = 102
HOST_GETGID = 104
HOST_GETEUID = 107
HOST_GETEGID = 108
HOST_SETFSUID = 122
HOST_SETFSGID = 123
HOST_CAPGET = 125
HOST_CAPSET = 126

OVERFLOW_ID = 65534
MAX_GROUPS = 65536


def _wide(id: int) -> int:
    """Widen a 16-bit id."""
    id &= 0xFFFF
    return -1 if id == 0xFFFF else id


def _narrow(id: int) -> int:
    """Give an id as 16 bits can hold it."""
    return id if id <= 0xFFFF else OVERFLOW_ID


def _set(k: Kernel, change: Callable[..., object], current: tuple[int, int, int], *ids: int) -> int:
    """Change ids on the host; in the sandbox, only to what they all are."""
    wanted = [id if id == -1 else id & 0xFFFFFFFF for id in ids]
    if k.policy.sandboxed:
        same = (-1, *(current[:1] if len(set(current)) == 1 else ()))
        return 0 if all(id in same for id in wanted) else -EPERM
    change(*wanted)
    return 0


def _set_uid(k: Kernel, change: Callable[..., object], *ids: int) -> int:
    return _set(k, change, os.getresuid(), *ids)


def _set_gid(k: Kernel, change: Callable[..., object], *ids: int) -> int:
    return _set(k, change, os.getresgid(), *ids)


@syscall(24, PURE)
def getuid(k: Kernel) -> Id:
    """Give the real user."""
    return _narrow(os.getuid())


@syscall(199, PURE, direct=HOST_GETUID)
def getuid32(k: Kernel) -> Id:
    """Give the real user."""
    return os.getuid()


@syscall(49, PURE)
def geteuid(k: Kernel) -> Id:
    """Give the effective user."""
    return _narrow(os.geteuid())


@syscall(201, PURE, direct=HOST_GETEUID)
def geteuid32(k: Kernel) -> Id:
    """Give the effective user."""
    return os.geteuid()


@syscall(47, PURE)
def getgid(k: Kernel) -> Id:
    """Give the real group."""
    return _narrow(os.getgid())


@syscall(200, PURE, direct=HOST_GETGID)
def getgid32(k: Kernel) -> Id:
    """Give the real group."""
    return os.getgid()


@syscall(50, PURE)
def getegid(k: Kernel) -> Id:
    """Give the effective group."""
    return _narrow(os.getegid())


@syscall(202, PURE, direct=HOST_GETEGID)
def getegid32(k: Kernel) -> Id:
    """Give the effective group."""
    return os.getegid()


@syscall(23, PURE)
def setuid(k: Kernel, uid: Id) -> int:
    """Set the effective user, and for root the real and saved one."""
    return setuid32(k, _wide(uid))


@syscall(213, PURE)
def setuid32(k: Kernel, uid: Id) -> int:
    """Set the effective user, and for root the real and saved one."""
    return -EINVAL if uid == -1 else _set_uid(k, os.setuid, uid)


@syscall(46, PURE)
def setgid(k: Kernel, gid: Id) -> int:
    """Set the effective group, and for root the real and saved one."""
    return setgid32(k, _wide(gid))


@syscall(214, PURE)
def setgid32(k: Kernel, gid: Id) -> int:
    """Set the effective group, and for root the real and saved one."""
    return -EINVAL if gid == -1 else _set_gid(k, os.setgid, gid)


@syscall(70, PURE)
def setreuid(k: Kernel, ruid: Id, euid: Id) -> int:
    """Set the real and effective user."""
    return setreuid32(k, _wide(ruid), _wide(euid))


@syscall(203, PURE)
def setreuid32(k: Kernel, ruid: Id, euid: Id) -> int:
    """Set the real and effective user."""
    return _set_uid(k, os.setreuid, ruid, euid)


@syscall(71, PURE)
def setregid(k: Kernel, rgid: Id, egid: Id) -> int:
    """Set the real and effective group."""
    return setregid32(k, _wide(rgid), _wide(egid))


@syscall(204, PURE)
def setregid32(k: Kernel, rgid: Id, egid: Id) -> int:
    """Set the real and effective group."""
    return _set_gid(k, os.setregid, rgid, egid)


@syscall(164, PURE)
def setresuid(k: Kernel, ruid: Id, euid: Id, suid: Id) -> int:
    """Set the real, effective and saved user."""
    return setresuid32(k, _wide(ruid), _wide(euid), _wide(suid))


@syscall(208, PURE)
def setresuid32(k: Kernel, ruid: Id, euid: Id, suid: Id) -> int:
    """Set the real, effective and saved user."""
    return _set_uid(k, os.setresuid, ruid, euid, suid)


@syscall(170, PURE)
def setresgid(k: Kernel, rgid: Id, egid: Id, sgid: Id) -> int:
    """Set the real, effective and saved group."""
    return setresgid32(k, _wide(rgid), _wide(egid), _wide(sgid))


@syscall(210, PURE)
def setresgid32(k: Kernel, rgid: Id, egid: Id, sgid: Id) -> int:
    """Set the real, effective and saved group."""
    return _set_gid(k, os.setresgid, rgid, egid, sgid)


def _give_ids(k: Kernel, addresses: tuple[int, ...], ids: tuple[int, ...]) -> int:
    for address, id in zip(addresses, ids, strict=True):
        k.write_word(address, id)
    return 0


def _give_narrow_ids(k: Kernel, addresses: tuple[int, ...], ids: tuple[int, ...]) -> int:
    for address, id in zip(addresses, ids, strict=True):
        k.memory.write(address, _narrow(id).to_bytes(2, "little"))
    return 0


@syscall(165, PURE)
def getresuid(k: Kernel, ruid: Out[Half], euid: Out[Half], suid: Out[Half]) -> int:
    """Give the real, effective and saved user."""
    return _give_narrow_ids(k, (ruid, euid, suid), os.getresuid())


@syscall(209, PURE)
def getresuid32(k: Kernel, ruid: Out[Word], euid: Out[Word], suid: Out[Word]) -> int:
    """Give the real, effective and saved user."""
    return _give_ids(k, (ruid, euid, suid), os.getresuid())


@syscall(171, PURE)
def getresgid(k: Kernel, rgid: Out[Half], egid: Out[Half], sgid: Out[Half]) -> int:
    """Give the real, effective and saved group."""
    return _give_narrow_ids(k, (rgid, egid, sgid), os.getresgid())


@syscall(211, PURE)
def getresgid32(k: Kernel, rgid: Out[Word], egid: Out[Word], sgid: Out[Word]) -> int:
    """Give the real, effective and saved group."""
    return _give_ids(k, (rgid, egid, sgid), os.getresgid())


def _get_groups(k: Kernel, size: int, address: int, width: int) -> int:
    groups = os.getgroups()
    if size < 0 or 0 < size < len(groups):
        return -EINVAL
    if size:
        ids = groups if width == 4 else map(_narrow, groups)
        k.memory.write(address, b"".join(id.to_bytes(width, "little") for id in ids))
    return len(groups)


def _set_groups(k: Kernel, size: int, address: int, width: int) -> int:
    if k.policy.sandboxed:
        return -EPERM
    if not 0 <= size <= MAX_GROUPS:
        return -EINVAL
    data = k.memory.read(address, size * width) if size else b""
    os.setgroups([int.from_bytes(data[i : i + width], "little") for i in range(0, len(data), width)])
    return 0


@syscall(80, PURE)
def getgroups(k: Kernel, size: Int, list: Out[HalfIds]) -> int:
    """Give the supplementary groups."""
    return _get_groups(k, size, list, 2)


@syscall(205, PURE)
def getgroups32(k: Kernel, size: Int, list: Out[Ids]) -> int:
    """Give the supplementary groups."""
    return _get_groups(k, size, list, 4)


@syscall(81, PURE)
def setgroups(k: Kernel, size: Int, list: In[HalfIds]) -> int:
    """Set the supplementary groups."""
    return _set_groups(k, size, list, 2)


@syscall(206, PURE)
def setgroups32(k: Kernel, size: Int, list: In[Ids]) -> int:
    """Set the supplementary groups."""
    return _set_groups(k, size, list, 4)


def _set_fs(k: Kernel, number: int, id: int) -> int:
    """Set the user or group for file access; give the old one. There is no error: -1 changes nothing."""
    return host.call(number, -1 if k.policy.sandboxed else id) & 0xFFFFFFFF


@syscall(138, PURE)
def setfsuid(k: Kernel, fsuid: Id) -> Id:
    """Set the user for file access; give the old one."""
    return _narrow(_set_fs(k, HOST_SETFSUID, _wide(fsuid)))


@syscall(215, PURE)
def setfsuid32(k: Kernel, fsuid: Id) -> Id:
    """Set the user for file access; give the old one."""
    return _set_fs(k, HOST_SETFSUID, fsuid)


@syscall(139, PURE)
def setfsgid(k: Kernel, fsgid: Id) -> Id:
    """Set the group for file access; give the old one."""
    return _narrow(_set_fs(k, HOST_SETFSGID, _wide(fsgid)))


@syscall(216, PURE)
def setfsgid32(k: Kernel, fsgid: Id) -> Id:
    """Set the group for file access; give the old one."""
    return _set_fs(k, HOST_SETFSGID, fsgid)


# struct __user_cap_data_struct follows once for the first version of the interface, twice for the others.
CAPABILITY_VERSIONS = {0x19980330: 1, 0x20071026: 2, 0x20080522: 2}
CAP_HEADER_SIZE = 8
CAP_DATA_SIZE = 12


@syscall(184, PURE)
def capget(k: Kernel, hdrp: InOut[CapHeader], datap: Out[CapData]) -> int:
    """Give a process's capabilities."""
    header = k.memory.read(hdrp, CAP_HEADER_SIZE)
    if k.foreign(int.from_bytes(header[4:], "little")):
        return -EPERM
    count = CAPABILITY_VERSIONS.get(int.from_bytes(header[:4], "little"), 0)
    return host.call(HOST_CAPGET, k.memory.host(hdrp, CAP_HEADER_SIZE), k.pointer(datap, CAP_DATA_SIZE * count))


@syscall(185, SYSTEM)
def capset(k: Kernel, hdrp: In[CapHeader], datap: In[CapData]) -> int:
    """Set the thread's capabilities."""
    if not datap:
        return -EFAULT
    return host.call(HOST_CAPSET, k.memory.host(hdrp, CAP_HEADER_SIZE), k.memory.host(datap, 2 * CAP_DATA_SIZE))
