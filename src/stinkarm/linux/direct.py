"""Let native code pass a program's calls on to the host, where nobody needs to look at them.

A declaration says `direct=` when the host's call of that number, with the same arguments, does what it does whenever
it succeeds. How the registers are passed follows from the parameters' types (`shape_of`). This module is imported once
a program has made some such call often; it fills what `guest/direct.py` describes.
"""

from __future__ import annotations

import os
import stat
from struct import unpack_from

from stinkarm.guest import direct, native
from stinkarm.guest.direct import NOT_DIRECT, PIPE, PLAIN, SMALL, SOCKET, UNKNOWN
from stinkarm.linux import host
from stinkarm.linux.declare import Syscall

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from stinkarm.linux.kernel import Kernel

HOST_FCNTL = 72
HOST_FSTATFS = 138  # arch/x86/entry/syscalls/syscall_64.tbl

F_GETFL = 3

# How a register of each type is passed (guest/direct.py); a buffer takes the number after it.
_LETTERS = {"Fd": "f", "In[Bytes]": "p", "Out[Bytes]": "p", "Size": "n", "Off64": "q"}

# include/uapi/linux/magic.h: file systems whose files never make a reader wait for somebody else.
_DISKS = frozenset(
    (
        *(0xEF53, 0x58465342, 0x9123683E, 0xF2F52010, 0x2FC12FC1),  # ext4, XFS, Btrfs, F2FS, ZFS
        *(0x01021994, 0x858458F6, 0x794C7630, 0x73717368, 0x4D44),  # tmpfs, ramfs, overlayfs, SquashFS, FAT
    )
)
# Devices that always answer at once: null, zero, full, urandom.
_DEVICES = frozenset((1, minor) for minor in (3, 5, 7, 9))


def shape_of(call: Syscall) -> str:
    """Give how native code passes on a call, one of `guest/direct.py` SHAPES."""
    call.prepare()
    if call.special:
        return call.special
    letters = "".join(_LETTERS.get(kind, "?") for _, kind in call.parameters) or "none"
    if letters not in direct.SHAPES:
        raise ValueError(f"{call.name} is declared as direct, but native code passes on no call with such parameters.")
    return letters


def begin(k: Kernel, call: Syscall, handler: Callable[..., int]) -> Callable[..., int]:
    """Have native code pass on a call from now on; give the handler for those that it leaves to Python."""
    shape = shape_of(call)
    if shape.startswith(("clock", "time")):
        # The C library's function, which asks no kernel where it need not.
        function = native.CDLL(None).clock_gettime
        k.direct.set_clock(native.c_void_p.from_buffer(function).value or 0)
    k.direct.pass_on(call.number, shape, call.direct)
    if not call.parameters or call.parameters[0][1] != "Fd":
        return handler
    kinds = k.policy.descriptors.kinds

    def learning(k: Kernel, fd: int, *rest: int) -> int:
        result = handler(k, fd, *rest)
        if result >= 0 and kinds[fd] == UNKNOWN:
            with k.policy.descriptors.lock:  # so that it is what is learned until then
                kind = kind_of(fd)
                if kind == PLAIN and k.policy.descriptors.small.get(fd):
                    appends = host.call(HOST_FCNTL, fd, F_GETFL) & os.O_APPEND
                    kind = NOT_DIRECT if appends else SMALL
                k.policy.descriptors.learn(fd, kind)
        return result

    return learning


def kind_of(fd: int) -> int:
    """Give what native code may do with an open descriptor."""
    status = os.fstat(fd)
    mode = status.st_mode
    if stat.S_ISFIFO(mode):
        return PIPE
    if stat.S_ISSOCK(mode):
        return SOCKET
    if stat.S_ISCHR(mode):
        device = (os.major(status.st_rdev), os.minor(status.st_rdev))
        return PLAIN if device in _DEVICES else NOT_DIRECT
    if stat.S_ISREG(mode):
        answer = native.create_string_buffer(120)
        if host.call(HOST_FSTATFS, fd, native.addressof(answer)) == 0 and unpack_from("<q", answer.raw)[0] in _DISKS:
            return PLAIN
    return NOT_DIRECT
