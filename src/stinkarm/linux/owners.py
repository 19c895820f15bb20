"""Who is sent a signal when a descriptor is ready (O_ASYNC), and which.

The host sends it, and it is taken for the guest as any other; so it can only be had where the guest owns the host's
signals, and for those that `linux/capture.py` takes.
"""

from __future__ import annotations

from errno import EINVAL, EPERM
from struct import pack, unpack

from stinkarm.guest.native import addressof, create_string_buffer
from stinkarm.linux import host
from stinkarm.linux.capture import NEVER_TAKEN
from stinkarm.linux.timers import HOST_SIGNAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.linux.kernel import Kernel

HOST_IOCTL = 16
HOST_FCNTL = 72

F_SETOWN, F_GETOWN, F_SETSIG = 8, 9, 10
F_SETOWN_EX, F_GETOWN_EX = 15, 16
F_OWNER_TID, F_OWNER_PID, F_OWNER_PGRP = range(3)
FIOASYNC = 0x5452
SIZE = 8  # of struct f_owner_ex


def fcntl(k: Kernel, fd: int, cmd: int, arg: int) -> int:
    """Do one of the commands above on a descriptor that is the guest's."""
    if cmd == F_GETOWN:
        kind, number = _owner(fd)
        return -number if kind == F_OWNER_PGRP else number
    if cmd == F_GETOWN_EX:
        k.memory.write(arg, pack("<ii", *_owner(fd)))
        return 0
    if not k.owns_host_signals:
        return -EINVAL
    if cmd == F_SETSIG:
        if arg > 64:
            return -EINVAL
        if arg in NEVER_TAKEN or arg in k.kept or arg == HOST_SIGNAL:
            return -EPERM
        return host.call(HOST_FCNTL, fd, cmd, arg)
    if cmd == F_SETOWN_EX:
        kind, number = unpack("<ii", k.memory.read(arg, SIZE))
    else:
        signed = arg - (arg >> 31 << 32)
        kind, number = (F_OWNER_PGRP, -signed) if signed < 0 else (F_OWNER_PID, signed)
    return _set_owner(k, fd, kind, number)


def _owner(fd: int) -> tuple[int, int]:
    owner = create_string_buffer(SIZE)
    result = host.call(HOST_FCNTL, fd, F_GETOWN_EX, addressof(owner))
    if result < 0:
        raise OSError(-result, "F_GETOWN_EX")
    kind, number = unpack("<ii", owner.raw)
    return kind, number


def _set_owner(k: Kernel, fd: int, kind: int, number: int) -> int:
    if kind not in (F_OWNER_TID, F_OWNER_PID, F_OWNER_PGRP):
        return -EINVAL
    if kind == F_OWNER_TID and number not in k.threads.members and number:
        return -EPERM
    allowed = not number or kind == F_OWNER_TID or (kind == F_OWNER_PID and number == k.threads.leader)
    if not allowed and not k.may_signal(-number if kind == F_OWNER_PGRP else number):
        k.policy.deny(f"signals to {number}")
        return -EPERM
    owner = create_string_buffer(pack("<ii", kind, number), SIZE)
    return host.call(HOST_FCNTL, fd, F_SETOWN_EX, addressof(owner))


def set_async(k: Kernel, fd: int, argp: int) -> int:
    """Switch O_ASYNC on or off."""
    if not k.owns_host_signals:
        return -EINVAL
    return host.call(HOST_IOCTL, fd, FIOASYNC, k.memory.host(argp, 4))
