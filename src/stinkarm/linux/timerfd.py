"""Timers that are read from a descriptor: the host's own, with ARM's two widths of time."""

from __future__ import annotations

from errno import EFAULT, EINVAL

from stinkarm.guest.native import addressof, c_int64
from stinkarm.linux import host, structs
from stinkarm.linux.declare import FD, syscall

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ctypes import Array

    from stinkarm.linux.kernel import Kernel
    from stinkarm.linux.parameters import Clock, Fd, Hex, In, Itimerspec, Itimerspec64, Out
    from stinkarm.linux.structs import Layout

# x86-64 numbers: arch/x86/entry/syscalls/syscall_64.tbl
HOST_TIMERFD_CREATE = 283
HOST_TIMERFD_SETTIME = 286
HOST_TIMERFD_GETTIME = 287

WORD = 0xFFFFFFFF


@syscall(350, FD)
def timerfd_create(k: Kernel, clockid: Clock, flags: Hex) -> Fd:
    """Make a timer that is read from a descriptor."""
    fd = host.call(HOST_TIMERFD_CREATE, clockid, flags)
    return k.policy.descriptors.add(fd) if fd >= 0 else fd


def _settime(k: Kernel, layout: Layout, fd: int, flags: int, new_value: int, old_value: int) -> int:
    if not new_value:
        return -EFAULT
    k.policy.descriptors.check(fd)
    interval, interval_ns, value, value_ns = layout.read(k.memory, new_value)
    if layout is structs.Itimerspec64:  # 32-bit kernels use the low half
        interval_ns, value_ns = interval_ns & WORD, value_ns & WORD
    if value < 0 or interval < 0:
        return -EINVAL
    new = (c_int64 * 4)(interval, interval_ns, value, value_ns)
    old = (c_int64 * 4)()
    result = host.call(HOST_TIMERFD_SETTIME, fd, flags, addressof(new), addressof(old))
    if result == 0 and old_value:
        _give(k, layout, old_value, old)
    return result


def _gettime(k: Kernel, layout: Layout, fd: int, curr_value: int) -> int:
    now = (c_int64 * 4)()
    result = host.call(HOST_TIMERFD_GETTIME, k.policy.descriptors.check(fd), addressof(now))
    if result == 0:
        _give(k, layout, curr_value, now)
    return result


def _give(k: Kernel, layout: Layout, address: int, times: Array[c_int64]) -> None:
    values = list(times)
    if layout is structs.Itimerspec:
        for index in (0, 2):  # seconds are cut to 32 bits, as in a 32-bit kernel
            values[index] = ((values[index] & WORD) ^ 0x80000000) - 0x80000000
    layout.write(k.memory, address, *values)


@syscall(353, FD)
def timerfd_settime(k: Kernel, fd: Fd, flags: Hex, new_value: In[Itimerspec], old_value: Out[Itimerspec]) -> int:
    """Set a timer."""
    return _settime(k, structs.Itimerspec, fd, flags, new_value, old_value)


@syscall(411, FD)
def timerfd_settime64(k: Kernel, fd: Fd, flags: Hex, new_value: In[Itimerspec64], old_value: Out[Itimerspec64]) -> int:
    """Set a timer, with 64-bit seconds."""
    return _settime(k, structs.Itimerspec64, fd, flags, new_value, old_value)


@syscall(354, FD)
def timerfd_gettime(k: Kernel, fd: Fd, curr_value: Out[Itimerspec]) -> int:
    """Give the time that is left of a timer, and its interval."""
    return _gettime(k, structs.Itimerspec, fd, curr_value)


@syscall(410, FD)
def timerfd_gettime64(k: Kernel, fd: Fd, curr_value: Out[Itimerspec64]) -> int:
    """Give the time that is left of a timer, and its interval, with 64-bit seconds."""
    return _gettime(k, structs.Itimerspec64, fd, curr_value)
