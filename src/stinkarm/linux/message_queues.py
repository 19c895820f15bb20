"""Message queues of the host: System V's, whose messages begin with a `long`, and POSIX's, which are descriptors."""

from __future__ import annotations

from errno import EBADF, EINVAL

from stinkarm.guest.native import addressof, c_int64, create_string_buffer
from stinkarm.linux import host, open_flags, structs
from stinkarm.linux.declare import PROCESS, syscall
from stinkarm.linux.ipc import IPC_64, IPC_INFO, IPC_RMID, IPC_SET, IPC_STAT, control, read_permissions, seconds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.linux.kernel import Kernel
    from stinkarm.linux.parameters import (
        Address,
        Fd,
        Hex,
        In,
        Int,
        IpcCommand,
        IpcKey,
        Mode,
        MqAttr,
        OpenFlags,
        Out,
        Sigevent,
        Size,
        String,
        Timespec,
        Timespec64,
        UInt,
        Word,
    )
    from stinkarm.linux.structs import Layout

# x86-64 numbers: arch/x86/entry/syscalls/syscall_64.tbl
HOST_MSGGET = 68
HOST_MSGSND = 69
HOST_MSGRCV = 70
HOST_MSGCTL = 71
HOST_MQ_OPEN = 240
HOST_MQ_UNLINK = 241
HOST_MQ_TIMEDSEND = 242
HOST_MQ_TIMEDRECEIVE = 243
HOST_MQ_NOTIFY = 244
HOST_MQ_GETSETATTR = 245

MSG_STAT = 11
MSG_INFO = 12
MSG_STAT_ANY = 13
MAX_MESSAGE = 1 << 24
MSG_QBYTES = 15  # index of the field

SIGEV_SIGNAL, SIGEV_NONE, SIGEV_THREAD = range(3)
NOTIFY_COOKIE_LEN = 32

# struct msqid64_ds of x86-64: perm (48 bytes), stime, rtime, ctime, cbytes, qnum, qbytes, lspid, lrpid
HOST_DS = "<IIIIIIH6x16xqqqQQQii16x"
HOST_INFO = "<7iH2x"  # struct msginfo, as on ARM


# System V


@syscall(303, PROCESS)
def msgget(k: Kernel, key: IpcKey, msgflg: Hex) -> int:
    """Make or find a message queue."""
    return host.call(HOST_MSGGET, key, msgflg)


@syscall(301, PROCESS)
def msgsnd(k: Kernel, msqid: Int, msgp: Address, msgsz: Size, msgflg: Hex) -> int:
    """Append a message to a queue."""
    if msgsz > MAX_MESSAGE:
        return -EINVAL
    kind = int.from_bytes(k.memory.read(msgp, 4), "little", signed=True)
    message = kind.to_bytes(8, "little", signed=True) + (k.memory.read(msgp + 4, msgsz) if msgsz else b"")
    buffer = create_string_buffer(message, len(message))
    return host.call(HOST_MSGSND, msqid, addressof(buffer), msgsz, msgflg)


@syscall(302, PROCESS)
def msgrcv(k: Kernel, msqid: Int, msgp: Address, msgsz: Size, msgtyp: Int, msgflg: Hex) -> int:
    """Take a message from a queue."""
    if msgsz > 0x7FFFFFFF:
        return -EINVAL
    room = min(msgsz, MAX_MESSAGE)
    buffer = create_string_buffer(8 + room)
    result = host.call(HOST_MSGRCV, msqid, addressof(buffer), room, msgtyp, msgflg)
    if result >= 0:
        data = buffer.raw
        k.memory.write(msgp, data[:4] + data[8 : 8 + result])
    return result


@syscall(304, PROCESS, partial="structs without IPC_64, which no C library since 1999 asks for, are EINVAL")
def msgctl(k: Kernel, msqid: Int, cmd: IpcCommand, buf: Address) -> int:
    """Ask about, change or remove a message queue."""
    command = cmd & ~IPC_64
    if command == IPC_RMID:
        return host.call(HOST_MSGCTL, msqid, command)
    if command in (IPC_INFO, MSG_INFO):
        values = control(HOST_MSGCTL, msqid, command, HOST_INFO)
        if isinstance(values, int):
            return values
        structs.Msginfo.write(k.memory, buf, *values)
        return values.result
    if not cmd & IPC_64:
        return -EINVAL
    if command == IPC_SET:
        limit = structs.Msqid64Ds.read(k.memory, buf)[MSG_QBYTES]
        return read_permissions(k, HOST_MSGCTL, msqid, buf, HOST_DS, last=limit)
    if command in (IPC_STAT, MSG_STAT, MSG_STAT_ANY):
        values = control(HOST_MSGCTL, msqid, command, HOST_DS)
        if isinstance(values, int):
            return values
        *permissions, stime, rtime, ctime, held, count, limit, sender, receiver = values
        times = (*seconds(stime), *seconds(rtime), *seconds(ctime))
        counts = (min(value, 0xFFFFFFFF) for value in (held, count, limit))
        structs.Msqid64Ds.write(k.memory, buf, *permissions, *times, *counts, sender, receiver)
        return values.result
    return -EINVAL


# POSIX


def _wide(values: tuple[int, ...]) -> bytes:
    """Give the host's struct mq_attr."""
    return b"".join(value.to_bytes(8, "little", signed=True) for value in values) + bytes(32)


@syscall(274, PROCESS)
def mq_open(k: Kernel, name: In[String], oflag: OpenFlags, mode: Mode, attr: In[MqAttr]) -> Fd:
    """Open or make a message queue; the C library has taken the slash off its name."""
    k.policy.descriptors.check_room()
    wanted = None
    if attr:
        data = _wide(structs.MqAttr.read(k.memory, attr))
        wanted = create_string_buffer(data, len(data))
    place = addressof(wanted) if wanted is not None else 0
    fd = host.call(HOST_MQ_OPEN, k.memory.host(name, 1), open_flags.to_host(oflag), mode, place)
    return k.policy.descriptors.add(fd) if fd >= 0 else fd


@syscall(275, PROCESS)
def mq_unlink(k: Kernel, name: In[String]) -> int:
    """Remove a message queue's name."""
    return host.call(HOST_MQ_UNLINK, k.memory.host(name, 1))


def _time(k: Kernel, layout: Layout, address: int) -> list[int] | None:
    if not address:
        return None
    second, nanosecond = layout.read(k.memory, address)
    return [second, nanosecond & 0xFFFFFFFF if layout is structs.Timespec64 else nanosecond]


def _send(k: Kernel, mqdes: int, text: int, size: int, priority: int, time: list[int] | None) -> int:
    limit = None if time is None else (c_int64 * 2)(*time)
    place = addressof(limit) if limit is not None else 0
    fd = k.policy.descriptors.check(mqdes)
    return host.call(HOST_MQ_TIMEDSEND, fd, k.memory.host(text, size), size, priority, place)


def _receive(k: Kernel, mqdes: int, text: int, size: int, priority: int, time: list[int] | None) -> int:
    limit = None if time is None else (c_int64 * 2)(*time)
    place = addressof(limit) if limit is not None else 0
    fd = k.policy.descriptors.check(mqdes)
    return host.call(HOST_MQ_TIMEDRECEIVE, fd, k.memory.host(text, size), size, k.pointer(priority, 4), place)


@syscall(276, PROCESS)
def mq_timedsend(
    k: Kernel, mqdes: Fd, msg_ptr: Address, msg_len: Size, msg_prio: UInt, abs_timeout: In[Timespec]
) -> int:
    """Put a message into a queue, waiting until some time."""
    return _send(k, mqdes, msg_ptr, msg_len, msg_prio, _time(k, structs.Timespec, abs_timeout))


@syscall(418, PROCESS)
def mq_timedsend_time64(
    k: Kernel, mqdes: Fd, msg_ptr: Address, msg_len: Size, msg_prio: UInt, abs_timeout: In[Timespec64]
) -> int:
    """Put a message into a queue, waiting until some time, with 64-bit seconds."""
    return _send(k, mqdes, msg_ptr, msg_len, msg_prio, _time(k, structs.Timespec64, abs_timeout))


@syscall(277, PROCESS)
def mq_timedreceive(
    k: Kernel, mqdes: Fd, msg_ptr: Address, msg_len: Size, msg_prio: Out[Word], abs_timeout: In[Timespec]
) -> int:
    """Take a message from a queue, waiting until some time."""
    return _receive(k, mqdes, msg_ptr, msg_len, msg_prio, _time(k, structs.Timespec, abs_timeout))


@syscall(419, PROCESS)
def mq_timedreceive_time64(
    k: Kernel, mqdes: Fd, msg_ptr: Address, msg_len: Size, msg_prio: Out[Word], abs_timeout: In[Timespec64]
) -> int:
    """Take a message from a queue, waiting until some time, with 64-bit seconds."""
    return _receive(k, mqdes, msg_ptr, msg_len, msg_prio, _time(k, structs.Timespec64, abs_timeout))


@syscall(278, PROCESS)
def mq_notify(k: Kernel, mqdes: Fd, sevp: In[Sigevent]) -> int:
    """Ask to be told of a message in an empty queue: by a signal, by a message on a netlink socket, or not any more."""
    fd = k.policy.descriptors.check(mqdes)
    if not sevp:
        return host.call(HOST_MQ_NOTIFY, fd, 0)
    value, number, how, _ = structs.Sigevent.read(k.memory, sevp)
    if how == SIGEV_THREAD:  # the number is of a socket, the value the address of what it is sent
        if number < 0:
            return -EBADF
        k.policy.descriptors.check(number)
        value = k.memory.host(value, NOTIFY_COOKIE_LEN)
    elif how not in (SIGEV_SIGNAL, SIGEV_NONE):
        return -EINVAL
    data = value.to_bytes(8, "little") + number.to_bytes(4, "little", signed=True) + how.to_bytes(4, "little")
    event = create_string_buffer(data, 64)
    return host.call(HOST_MQ_NOTIFY, fd, addressof(event))


@syscall(279, PROCESS)
def mq_getsetattr(k: Kernel, mqdes: Fd, newattr: In[MqAttr], oldattr: Out[MqAttr]) -> int:
    """Give how large a queue is, and set whether it waits."""
    fd = k.policy.descriptors.check(mqdes)
    new, old = create_string_buffer(64), create_string_buffer(64)
    if newattr:
        new = create_string_buffer(_wide(structs.MqAttr.read(k.memory, newattr)), 64)
    place = addressof(new) if newattr else 0
    result = host.call(HOST_MQ_GETSETATTR, fd, place, addressof(old))
    if result >= 0 and oldattr:
        values = (int.from_bytes(old.raw[at : at + 8], "little", signed=True) for at in range(0, 32, 8))
        structs.MqAttr.write(k.memory, oldattr, *values)
    return result
