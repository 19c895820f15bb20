"""Limits, usage, priorities, scheduling, processors.

Limits are kept for the process. In forward mode those that mean the same on the host are set there too;
those on memory are only kept, since the emulator's own memory would count.
"""

from __future__ import annotations

import os
from errno import EINVAL, EPERM
from struct import Struct

from stinkarm.guest.reserve import reserve
from stinkarm.linux import host
from stinkarm.linux.declare import PURE, syscall

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.linux.kernel import Kernel
    from stinkarm.linux.parameters import (
        Address,
        CpuMask,
        Hex,
        IdKind,
        In,
        Int,
        Out,
        Pid,
        Resource,
        Rlimit,
        Rlimit64,
        Rusage,
        SchedAttr,
        SchedParam,
        SchedPolicy,
        Size,
        Timespec,
        Timespec64,
        UInt,
        Usage,
        Word,
    )

# x86-64 numbers: arch/x86/entry/syscalls/syscall_64.tbl
HOST_SCHED_YIELD = 24
HOST_GETRUSAGE = 98
HOST_GETPRIORITY = 140
HOST_SETPRIORITY = 141
HOST_SCHED_SETPARAM = 142
HOST_SCHED_GETPARAM = 143
HOST_SCHED_SETSCHEDULER = 144
HOST_SCHED_GETSCHEDULER = 145
HOST_SCHED_GET_PRIORITY_MAX = 146
HOST_SCHED_GET_PRIORITY_MIN = 147
HOST_SCHED_RR_GET_INTERVAL = 148
HOST_IOPRIO_SET = 251
HOST_IOPRIO_GET = 252
HOST_PRLIMIT64 = 302
HOST_GETCPU = 309
HOST_SCHED_SETATTR = 314
HOST_SCHED_GETATTR = 315

WORD = 0xFFFFFFFF
INFINITY = WORD  # RLIM_INFINITY in 32 bits
INFINITY64 = (1 << 64) - 1
RLIMIT_NLIMITS = 16
RLIMIT_STACK = 3
RLIMIT_NOFILE = 7
KEPT_ONLY = (2, 3, 5, 9)  # DATA STACK RSS AS
STACK_SIZE = 8 << 20

_limit64 = Struct("<QQ")
_limit32 = Struct("<II")


def limits_of(k: Kernel, resource: int) -> tuple[int, int]:
    """Give a soft and a hard limit in 64 bits."""
    if not 0 <= resource < RLIMIT_NLIMITS:
        raise OSError(EINVAL, "no such resource")
    if resource not in k.limits:
        if resource == RLIMIT_NOFILE and reserve.soft:
            k.limits[resource] = (reserve.soft, reserve.hard)
        elif resource in KEPT_ONLY:
            soft = STACK_SIZE if resource == RLIMIT_STACK else INFINITY64
            k.limits[resource] = (soft, INFINITY64)
        else:
            k.limits[resource] = _host_limits(0, resource)
    return k.limits[resource]


def _host_limits(pid: int, resource: int, new: tuple[int, int] | None = None) -> tuple[int, int]:
    """Give the host's limits, and set them to `new`."""
    from stinkarm.guest.native import addressof, create_string_buffer

    old = create_string_buffer(16)
    wanted = None if new is None else create_string_buffer(_limit64.pack(*new), 16)
    result = host.call_always(HOST_PRLIMIT64, pid, resource, 0 if wanted is None else addressof(wanted), addressof(old))
    if result:
        raise OSError(-result, "prlimit64")
    soft, hard = _limit64.unpack(old.raw)
    return soft, hard


def _set_limits(k: Kernel, resource: int, soft: int, hard: int) -> None:
    """Set a limit of the process itself."""
    old_hard = limits_of(k, resource)[1]
    if soft > hard:
        raise OSError(EINVAL, "the soft limit is above the hard limit")
    if hard > old_hard and (k.policy.sandboxed or os.geteuid()):
        raise OSError(EPERM, "the hard limit cannot be raised")
    if resource == RLIMIT_NOFILE and reserve.soft:
        reserve.change(soft, hard)
    elif not k.policy.sandboxed and resource not in KEPT_ONLY:
        _host_limits(0, resource, (soft, hard))
    k.limits[resource] = (soft, hard)


@syscall(191, PURE)
def ugetrlimit(k: Kernel, resource: Resource, rlim: Out[Rlimit]) -> int:
    """Give a resource limit."""
    soft, hard = limits_of(k, resource)
    k.memory.write(rlim, _limit32.pack(min(soft, INFINITY), min(hard, INFINITY)))
    return 0


@syscall(75, PURE, partial="Limits on memory are kept and not enforced; in the sandbox none is enforced.")
def setrlimit(k: Kernel, resource: Resource, rlim: In[Rlimit]) -> int:
    """Set a resource limit."""
    limits = _limit32.unpack(k.memory.read(rlim, _limit32.size))
    soft, hard = (INFINITY64 if limit == INFINITY else limit for limit in limits)
    _set_limits(k, resource, soft, hard)
    return 0


@syscall(369, PURE, partial="Limits on memory are kept and not enforced; in the sandbox none is enforced.")
def prlimit64(k: Kernel, pid: Pid, resource: Resource, new_limit: In[Rlimit64], old_limit: Out[Rlimit64]) -> int:
    """Give and set a resource limit."""
    if not 0 <= resource < RLIMIT_NLIMITS:
        return -EINVAL
    new = None
    if new_limit:
        limits = _limit64.unpack(k.memory.read(new_limit, _limit64.size))
        # A 32-bit kernel holds limits in 32 bits; what does not fit is no limit.
        soft, hard = (INFINITY64 if limit >= INFINITY else limit for limit in limits)
        new = (soft, hard)
    if k.foreign(pid):
        return -EPERM
    if pid not in (0, os.getpid()):
        old = _host_limits(pid, resource, new)
    else:
        old = limits_of(k, resource)
        if new:
            _set_limits(k, resource, *new)
    if old_limit:
        k.memory.write(old_limit, _limit64.pack(*(INFINITY64 if limit >= INFINITY else limit for limit in old)))
    return 0


@syscall(77, PURE)
def getrusage(k: Kernel, who: Usage, usage: Out[Rusage]) -> int:
    """Give what the process has used."""
    from stinkarm.guest.native import addressof, create_string_buffer

    answer = create_string_buffer(144)
    result = host.call(HOST_GETRUSAGE, who, addressof(answer))
    if result:
        return result
    values = Struct("<18q").unpack(answer.raw)
    k.memory.write(usage, Struct("<18I").pack(*(value & WORD for value in values)))
    return 0


# Priorities. In the sandbox the guest may only make itself less important.

PRIO_PROCESS = 0
MAX_NICE = 19


def _nice(k: Kernel, increment: int) -> int:
    if increment < 0 and k.policy.sandboxed:
        return -EPERM
    increment = max(-40, min(40, increment))
    wanted = max(-20, min(MAX_NICE, 20 - host.call(HOST_GETPRIORITY, PRIO_PROCESS, 0) + increment))
    result = host.call(HOST_SETPRIORITY, PRIO_PROCESS, 0, wanted)
    return -EPERM if result < 0 else 0


@syscall(34, PURE)
def nice(k: Kernel, inc: Int) -> int:
    """Change the priority of the process."""
    return _nice(k, inc)


@syscall(96, PURE)
def getpriority(k: Kernel, which: IdKind, who: Pid) -> int:
    """Give a priority as 20 minus the nice value."""
    if which == PRIO_PROCESS and k.foreign(who):
        return -EPERM
    if which != PRIO_PROCESS and k.policy.sandboxed:
        return -EPERM if which in (1, 2) else -EINVAL
    return host.call(HOST_GETPRIORITY, which, who)


@syscall(97, PURE)
def setpriority(k: Kernel, which: IdKind, who: Pid, prio: Int) -> int:
    """Set the nice value."""
    if k.policy.sandboxed:
        if which not in (0, 1, 2):
            return -EINVAL
        now = 20 - host.call(HOST_GETPRIORITY, PRIO_PROCESS, 0)
        if which != PRIO_PROCESS or k.foreign(who) or prio < now:
            return -EPERM
    return host.call(HOST_SETPRIORITY, which, who, prio)


IOPRIO_WHO_PROCESS = 1
IOPRIO_CLASSES = (0, 2, 3)  # NONE BE IDLE


@syscall(315, PURE)
def ioprio_get(k: Kernel, which: Int, who: Pid) -> int:
    """Give the priority of input and output."""
    if k.policy.sandboxed and (which != IOPRIO_WHO_PROCESS or k.foreign(who)):
        return -EPERM
    return host.call(HOST_IOPRIO_GET, which, who)


@syscall(314, PURE)
def ioprio_set(k: Kernel, which: Int, who: Pid, ioprio: Int) -> int:
    """Set the priority of input and output."""
    if k.policy.sandboxed and (which != IOPRIO_WHO_PROCESS or k.foreign(who) or ioprio >> 13 not in IOPRIO_CLASSES):
        return -EPERM
    return host.call(HOST_IOPRIO_SET, which, who, ioprio)


# Scheduling

SCHED_FLAGS = 0x40000000  # SCHED_RESET_ON_FORK
HARMLESS_POLICIES = (0, 3, 5)  # SCHED_OTHER SCHED_BATCH SCHED_IDLE


@syscall(158, PURE, direct=HOST_SCHED_YIELD)
def sched_yield(k: Kernel) -> int:
    """Let others run."""
    return host.call(HOST_SCHED_YIELD)


@syscall(159, PURE)
def sched_get_priority_max(k: Kernel, policy: SchedPolicy) -> int:
    """Give the highest priority of a policy."""
    return host.call(HOST_SCHED_GET_PRIORITY_MAX, policy)


@syscall(160, PURE)
def sched_get_priority_min(k: Kernel, policy: SchedPolicy) -> int:
    """Give the lowest priority of a policy."""
    return host.call(HOST_SCHED_GET_PRIORITY_MIN, policy)


@syscall(157, PURE)
def sched_getscheduler(k: Kernel, pid: Pid) -> int:
    """Give the scheduling policy."""
    return -EPERM if k.foreign(pid) else host.call(HOST_SCHED_GETSCHEDULER, pid)


@syscall(156, PURE)
def sched_setscheduler(k: Kernel, pid: Pid, policy: SchedPolicy, param: In[SchedParam]) -> int:
    """Set the scheduling policy and priority."""
    if k.foreign(pid) or (k.policy.sandboxed and policy & ~SCHED_FLAGS not in HARMLESS_POLICIES):
        return -EPERM
    return host.call(HOST_SCHED_SETSCHEDULER, pid, policy, k.pointer(param, 4))


@syscall(155, PURE)
def sched_getparam(k: Kernel, pid: Pid, param: Out[SchedParam]) -> int:
    """Give the scheduling priority."""
    return -EPERM if k.foreign(pid) else host.call(HOST_SCHED_GETPARAM, pid, k.pointer(param, 4))


@syscall(154, PURE)
def sched_setparam(k: Kernel, pid: Pid, param: In[SchedParam]) -> int:
    """Set the scheduling priority."""
    return -EPERM if k.foreign(pid) else host.call(HOST_SCHED_SETPARAM, pid, k.pointer(param, 4))


@syscall(381, PURE)
def sched_getattr(k: Kernel, pid: Pid, attr: Out[SchedAttr], size: UInt, flags: Hex) -> int:
    """Give the scheduling policy and its attributes."""
    return -EPERM if k.foreign(pid) else host.call(HOST_SCHED_GETATTR, pid, k.pointer(attr, size), size, flags)


@syscall(380, PURE)
def sched_setattr(k: Kernel, pid: Pid, attr: In[SchedAttr], flags: Hex) -> int:
    """Set the scheduling policy and its attributes."""
    if k.policy.sandboxed:
        return -EPERM
    return host.call(HOST_SCHED_SETATTR, pid, k.pointer(attr, 4), flags)


def _rr_interval(k: Kernel, pid: int) -> tuple[int, int]:
    from stinkarm.guest.native import addressof, create_string_buffer

    if k.foreign(pid):
        raise OSError(EPERM, "another process")
    answer = create_string_buffer(16)
    result = host.call(HOST_SCHED_RR_GET_INTERVAL, pid, addressof(answer))
    if result:
        raise OSError(-result, "sched_rr_get_interval")
    seconds, nanoseconds = Struct("<qq").unpack(answer.raw)
    return seconds, nanoseconds


@syscall(161, PURE)
def sched_rr_get_interval(k: Kernel, pid: Pid, tp: Out[Timespec]) -> int:
    """Give the round-robin interval."""
    k.memory.write(tp, Struct("<ii").pack(*_rr_interval(k, pid)))
    return 0


@syscall(423, PURE)
def sched_rr_get_interval_time64(k: Kernel, pid: Pid, tp: Out[Timespec64]) -> int:
    """Give the round-robin interval."""
    k.memory.write(tp, Struct("<qq").pack(*_rr_interval(k, pid)))
    return 0


# Processors


def _processors() -> int:
    """Give nr_cpu_ids, the number of processors that there may be."""
    try:
        with open("/sys/devices/system/cpu/possible", encoding="ascii") as file:
            return int(file.read().strip().split(",")[-1].split("-")[-1]) + 1
    except (OSError, ValueError):  # no /sys
        return os.cpu_count() or 1


@syscall(242, PURE)
def sched_getaffinity(k: Kernel, pid: Pid, cpusetsize: Size, mask: Out[CpuMask]) -> int:
    """Give the processors that the process may run on; give the size of the kernel's set in bytes."""
    if k.foreign(pid):
        return -EPERM
    processors = _processors()
    if cpusetsize * 8 < processors or cpusetsize & 3:
        return -EINVAL
    bits = sum(1 << processor for processor in os.sched_getaffinity(pid))
    size = min(cpusetsize, (processors + 31) // 32 * 4)
    k.memory.write(mask, bits.to_bytes(size, "little"))
    return size


@syscall(241, PURE)
def sched_setaffinity(k: Kernel, pid: Pid, cpusetsize: Size, mask: In[CpuMask]) -> int:
    """Set the processors that the process may run on."""
    if k.foreign(pid):
        return -EPERM
    processors = _processors()
    size = min(cpusetsize, (processors + 31) // 32 * 4)
    bits = int.from_bytes(k.memory.read(mask, size) if size else b"", "little")
    os.sched_setaffinity(pid, [processor for processor in range(processors) if bits >> processor & 1])
    return 0


@syscall(345, PURE)
def getcpu(k: Kernel, cpu: Out[Word], node: Out[Word], tcache: Address) -> int:
    """Give the processor that the thread runs on."""
    return host.call(HOST_GETCPU, k.pointer(cpu, 4), k.pointer(node, 4), 0)
