"""Users and groups, capabilities, and the root directory.

With --fake-root the ids are linux/fake_ids.py's. Otherwise, in the sandbox, the guest keeps those it has: setting
them to what they are succeeds, anything else is EPERM. Calls that end in 32 take 32-bit ids; the older ones 16-bit
ids, in which 65535 means -1.
"""

from __future__ import annotations

import os
from errno import EACCES, EFAULT, EINVAL, EPERM

from stinkarm.guest.native import addressof, create_string_buffer
from stinkarm.linux import host
from stinkarm.linux.declare import PURE, SYSTEM, syscall
from stinkarm.linux.paths import AT_FDCWD, read_path

TYPE_CHECKING = False
if TYPE_CHECKING:
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
        Path,
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

PR_SET_KEEPCAPS = 8
OVERFLOW_ID = 65534
MAX_GROUPS = 65536


def _wide(id: int) -> int:
    """Widen a 16-bit id."""
    id &= 0xFFFF
    return -1 if id == 0xFFFF else id


def _narrow(id: int) -> int:
    """Give an id as 16 bits can hold it."""
    return id if id <= 0xFFFF else OVERFLOW_ID


def _uids(k: Kernel) -> tuple[int, int, int]:
    """Give the real, effective and saved user."""
    fake = k.policy.fake
    return os.getresuid() if fake is None else (fake.uids[0], fake.uids[1], fake.uids[2])


def _gids(k: Kernel) -> tuple[int, int, int]:
    """Give the real, effective and saved group."""
    fake = k.policy.fake
    return os.getresgid() if fake is None else (fake.gids[0], fake.gids[1], fake.gids[2])


def _set(k: Kernel, change: str, *ids: int) -> int:
    """Change ids; in the sandbox, only to what they all are."""
    fake = k.policy.fake
    if fake is not None:
        fake.keeps = bool(k.attributes.get(PR_SET_KEEPCAPS))
        getattr(fake, change)(*(id & 0xFFFFFFFF for id in ids))
        return 0
    wanted = [id if id == -1 else id & 0xFFFFFFFF for id in ids]
    if k.policy.sandboxed:
        current = _uids(k) if change.endswith("uid") else _gids(k)
        same = (-1, *(current[:1] if len(set(current)) == 1 else ()))
        return 0 if all(id in same for id in wanted) else -EPERM
    if k.before_ids_change is not None and change.endswith("uid") and any(id > 0 for id in wanted):
        k.before_ids_change()  # root may still reach everything, whatever its groups are
    getattr(os, change)(*wanted)
    return 0


@syscall(24, PURE)
def getuid(k: Kernel) -> Id:
    """Give the real user."""
    return _narrow(_uids(k)[0])


@syscall(199, PURE, direct=HOST_GETUID)
def getuid32(k: Kernel) -> Id:
    """Give the real user."""
    return _uids(k)[0]


@syscall(49, PURE)
def geteuid(k: Kernel) -> Id:
    """Give the effective user."""
    return _narrow(_uids(k)[1])


@syscall(201, PURE, direct=HOST_GETEUID)
def geteuid32(k: Kernel) -> Id:
    """Give the effective user."""
    return _uids(k)[1]


@syscall(47, PURE)
def getgid(k: Kernel) -> Id:
    """Give the real group."""
    return _narrow(_gids(k)[0])


@syscall(200, PURE, direct=HOST_GETGID)
def getgid32(k: Kernel) -> Id:
    """Give the real group."""
    return _gids(k)[0]


@syscall(50, PURE)
def getegid(k: Kernel) -> Id:
    """Give the effective group."""
    return _narrow(_gids(k)[1])


@syscall(202, PURE, direct=HOST_GETEGID)
def getegid32(k: Kernel) -> Id:
    """Give the effective group."""
    return _gids(k)[1]


@syscall(23, PURE)
def setuid(k: Kernel, uid: Id) -> int:
    """Set the effective user, and for root the real and saved one."""
    return setuid32(k, _wide(uid))


@syscall(213, PURE)
def setuid32(k: Kernel, uid: Id) -> int:
    """Set the effective user, and for root the real and saved one."""
    return -EINVAL if uid == -1 else _set(k, "setuid", uid)


@syscall(46, PURE)
def setgid(k: Kernel, gid: Id) -> int:
    """Set the effective group, and for root the real and saved one."""
    return setgid32(k, _wide(gid))


@syscall(214, PURE)
def setgid32(k: Kernel, gid: Id) -> int:
    """Set the effective group, and for root the real and saved one."""
    return -EINVAL if gid == -1 else _set(k, "setgid", gid)


@syscall(70, PURE)
def setreuid(k: Kernel, ruid: Id, euid: Id) -> int:
    """Set the real and effective user."""
    return setreuid32(k, _wide(ruid), _wide(euid))


@syscall(203, PURE)
def setreuid32(k: Kernel, ruid: Id, euid: Id) -> int:
    """Set the real and effective user."""
    return _set(k, "setreuid", ruid, euid)


@syscall(71, PURE)
def setregid(k: Kernel, rgid: Id, egid: Id) -> int:
    """Set the real and effective group."""
    return setregid32(k, _wide(rgid), _wide(egid))


@syscall(204, PURE)
def setregid32(k: Kernel, rgid: Id, egid: Id) -> int:
    """Set the real and effective group."""
    return _set(k, "setregid", rgid, egid)


@syscall(164, PURE)
def setresuid(k: Kernel, ruid: Id, euid: Id, suid: Id) -> int:
    """Set the real, effective and saved user."""
    return setresuid32(k, _wide(ruid), _wide(euid), _wide(suid))


@syscall(208, PURE)
def setresuid32(k: Kernel, ruid: Id, euid: Id, suid: Id) -> int:
    """Set the real, effective and saved user."""
    return _set(k, "setresuid", ruid, euid, suid)


@syscall(170, PURE)
def setresgid(k: Kernel, rgid: Id, egid: Id, sgid: Id) -> int:
    """Set the real, effective and saved group."""
    return setresgid32(k, _wide(rgid), _wide(egid), _wide(sgid))


@syscall(210, PURE)
def setresgid32(k: Kernel, rgid: Id, egid: Id, sgid: Id) -> int:
    """Set the real, effective and saved group."""
    return _set(k, "setresgid", rgid, egid, sgid)


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
    return _give_narrow_ids(k, (ruid, euid, suid), _uids(k))


@syscall(209, PURE)
def getresuid32(k: Kernel, ruid: Out[Word], euid: Out[Word], suid: Out[Word]) -> int:
    """Give the real, effective and saved user."""
    return _give_ids(k, (ruid, euid, suid), _uids(k))


@syscall(171, PURE)
def getresgid(k: Kernel, rgid: Out[Half], egid: Out[Half], sgid: Out[Half]) -> int:
    """Give the real, effective and saved group."""
    return _give_narrow_ids(k, (rgid, egid, sgid), _gids(k))


@syscall(211, PURE)
def getresgid32(k: Kernel, rgid: Out[Word], egid: Out[Word], sgid: Out[Word]) -> int:
    """Give the real, effective and saved group."""
    return _give_ids(k, (rgid, egid, sgid), _gids(k))


def _get_groups(k: Kernel, size: int, address: int, width: int) -> int:
    groups = os.getgroups() if k.policy.fake is None else k.policy.fake.groups
    if size < 0 or 0 < size < len(groups):
        return -EINVAL
    if size:
        ids = groups if width == 4 else map(_narrow, groups)
        k.memory.write(address, b"".join(id.to_bytes(width, "little") for id in ids))
    return len(groups)


def _set_groups(k: Kernel, size: int, address: int, width: int) -> int:
    fake = k.policy.fake
    if k.policy.sandboxed and fake is None:
        return -EPERM
    if not 0 <= size <= MAX_GROUPS:
        return -EINVAL
    data = k.memory.read(address, size * width) if size else b""
    groups = [int.from_bytes(data[i : i + width], "little") for i in range(0, len(data), width)]
    (os if fake is None else fake).setgroups(groups)
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
    fake = k.policy.fake
    if fake is not None:
        return (fake.setfsuid if number == HOST_SETFSUID else fake.setfsgid)(id & 0xFFFFFFFF)
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


@syscall(61, SYSTEM)
def chroot(k: Kernel, path: In[Path]) -> int:
    """Change the root directory."""
    with k.policy.paths.find(AT_FDCWD, read_path(k, path)) as found:
        fd = os.open(found.path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=found.fd)
    searched = os.access(f"/proc/self/fd/{fd}", os.X_OK, effective_ids=True)
    if not searched or not _may_chroot(k):
        os.close(fd)
        return -EPERM if searched else -EACCES
    k.policy.change_root(fd)
    return 0


def _may_chroot(k: Kernel) -> bool:
    """Say whether the thread has CAP_SYS_CHROOT, really or as --fake-root says."""
    if k.policy.fake is not None:
        return k.policy.fake.can(CAP_SYS_CHROOT)
    header = create_string_buffer(CAP_VERSION.to_bytes(4, "little"), CAP_HEADER_SIZE)
    data = create_string_buffer(2 * CAP_DATA_SIZE)
    result = host.call(HOST_CAPGET, addressof(header), addressof(data))
    return result == 0 and bool(int.from_bytes(data.raw[:4], "little") >> CAP_SYS_CHROOT & 1)


# struct __user_cap_data_struct follows once for the first version of the interface, twice for the others.
CAPABILITY_VERSIONS = {0x19980330: 1, 0x20071026: 2, 0x20080522: 2}
CAP_HEADER_SIZE = 8
CAP_DATA_SIZE = 12
CAP_VERSION = 0x20080522
CAP_SYS_CHROOT = 18


@syscall(184, PURE)
def capget(k: Kernel, hdrp: InOut[CapHeader], datap: Out[CapData]) -> int:
    """Give a process's capabilities."""
    header = k.memory.read(hdrp, CAP_HEADER_SIZE)
    pid = int.from_bytes(header[4:], "little", signed=True)
    if k.foreign(pid):
        return -EPERM
    count = CAPABILITY_VERSIONS.get(int.from_bytes(header[:4], "little"), 0)
    fake = k.policy.fake
    if fake is None or not count or not datap:
        return host.call(HOST_CAPGET, k.memory.host(hdrp, CAP_HEADER_SIZE), k.pointer(datap, CAP_DATA_SIZE * count))
    if pid < 0:
        return -EINVAL
    sets = (fake.effective, fake.permitted, fake.inheritable)
    words = [number >> 32 * at & 0xFFFFFFFF for at in range(count) for number in sets]
    k.memory.write(datap, b"".join(word.to_bytes(4, "little") for word in words))
    return 0


@syscall(185, PURE)
def capset(k: Kernel, hdrp: In[CapHeader], datap: In[CapData]) -> int:
    """Set the thread's capabilities."""
    fake = k.policy.fake
    if k.policy.sandboxed and fake is None:
        k.deny(SYSTEM)
        return -EPERM
    if not datap:
        return -EFAULT
    header = k.memory.read(hdrp, CAP_HEADER_SIZE)
    count = CAPABILITY_VERSIONS.get(int.from_bytes(header[:4], "little"), 0)
    if fake is None or not count:
        return host.call(HOST_CAPSET, k.memory.host(hdrp, CAP_HEADER_SIZE), k.memory.host(datap, 2 * CAP_DATA_SIZE))
    if int.from_bytes(header[4:], "little") not in (0, k.tid):
        return -EPERM
    data = k.memory.read(datap, CAP_DATA_SIZE * count)
    words = [int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4)]
    fake.set_capabilities(*(low | high << 32 for low, high in zip(words[:3], words[3:] or (0, 0, 0), strict=True)))
    return 0
