"""Time: clocks, sleeping, interval timers. Calls that end in 64 take 64-bit seconds, the others 32-bit ones."""

from __future__ import annotations

import time
from errno import EINVAL, EPERM
from struct import Struct

from stinkarm.linux import host, structs
from stinkarm.linux.declare import PURE, syscall

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.linux.kernel import Kernel
    from stinkarm.linux.parameters import (
        Clock,
        ClockFlags,
        In,
        InOut,
        Out,
        Timespec,
        Timespec64,
        Timeval,
        Timex,
        Timex64,
        Timezone,
        Tms,
    )
    from stinkarm.linux.structs import Layout

# x86-64 numbers: arch/x86/entry/syscalls/syscall_64.tbl
HOST_TIMES = 100
HOST_ADJTIMEX = 159
HOST_CLOCK_GETRES = 229
HOST_CLOCK_NANOSLEEP = 230

CLOCK_MONOTONIC = 1
CLOCK_REALTIME = 0
CLOCK_THREAD_CPUTIME_ID = 3
TIMER_ABSTIME = 1

NANOSECONDS = 1_000_000_000
MAX_SECONDS = (1 << 63) // NANOSECONDS - 1  # KTIME_SEC_MAX: what the kernel counts in nanoseconds
WORD = 0xFFFFFFFF

_pair32 = Struct("<II").pack  # seconds wrap in 2038, as in a 32-bit kernel
_pair64 = Struct("<qq").pack
_read32 = Struct("<ii").unpack
_read64 = Struct("<qq").unpack


def _own_clock(k: Kernel, clockid: int) -> None:
    """Refuse the processor-time clock of another process in the sandbox."""
    if clockid < 0 and k.policy.sandboxed and clockid >> 3 != -1:
        pid = ~(clockid >> 3)
        if k.foreign(pid):
            raise OSError(EINVAL, "the clock of another process")


@syscall(263, PURE, direct=0, special="clock32")
def clock_gettime(k: Kernel, clockid: Clock, tp: Out[Timespec]) -> int:
    """Read a clock."""
    _own_clock(k, clockid)
    now = time.clock_gettime_ns(clockid)
    k.memory.write(tp, _pair32(now // NANOSECONDS & WORD, now % NANOSECONDS))
    return 0


@syscall(403, PURE, direct=0, special="clock64")
def clock_gettime64(k: Kernel, clockid: Clock, tp: Out[Timespec64]) -> int:
    """Read a clock."""
    _own_clock(k, clockid)
    now = time.clock_gettime_ns(clockid)
    k.memory.write(tp, _pair64(now // NANOSECONDS, now % NANOSECONDS))
    return 0


@syscall(264, PURE)
def clock_getres(k: Kernel, clockid: Clock, res: Out[Timespec]) -> int:
    """Give the resolution of a clock."""
    _own_clock(k, clockid)
    seconds, nanoseconds = _resolution(clockid)
    if res:
        k.memory.write(res, _pair32(seconds & WORD, nanoseconds))
    return 0


@syscall(406, PURE)
def clock_getres_time64(k: Kernel, clockid: Clock, res: Out[Timespec64]) -> int:
    """Give the resolution of a clock."""
    _own_clock(k, clockid)
    seconds, nanoseconds = _resolution(clockid)
    if res:
        k.memory.write(res, _pair64(seconds, nanoseconds))
    return 0


def _resolution(clockid: int) -> tuple[int, int]:
    from stinkarm.guest.native import addressof, create_string_buffer

    answer = create_string_buffer(16)
    result = host.call(HOST_CLOCK_GETRES, clockid, addressof(answer))
    if result:
        raise OSError(-result, "clock_getres")
    seconds, nanoseconds = _read64(answer.raw)
    return seconds, nanoseconds


@syscall(78, PURE, direct=0, special="timeofday")
def gettimeofday(k: Kernel, tv: Out[Timeval], tz: Out[Timezone]) -> int:
    """Give the time in microseconds since 1970. The time zone is always 0."""
    if tv:
        now = time.time_ns()
        k.memory.write(tv, _pair32(now // NANOSECONDS & WORD, now % NANOSECONDS // 1000))
    if tz:
        k.memory.write(tz, bytes(8))
    return 0


@syscall(43, PURE)
def times(k: Kernel, buf: Out[Tms]) -> int:
    """Give processor time and elapsed time in ticks of 10 ms."""
    from stinkarm.guest.native import addressof, create_string_buffer

    answer = create_string_buffer(32)
    elapsed = host.call(HOST_TIMES, addressof(answer))
    if buf:
        ticks = Struct("<4q").unpack(answer.raw)
        k.memory.write(buf, Struct("<4I").pack(*(tick & WORD for tick in ticks)))
    return elapsed & WORD


# Sleeping


def _sleep(k: Kernel, clockid: int, flags: int, time_wanted: tuple[int, int], rem: int, layout: Layout) -> int:
    """Sleep until the time is over; when a signal ends it, a relative sleep leaves in *rem what is left."""
    seconds, nanoseconds = time_wanted
    if not 0 <= nanoseconds < NANOSECONDS or seconds < 0:
        return -EINVAL
    _own_clock(k, clockid)
    relative = not flags & TIMER_ABSTIME
    if relative:
        if clockid == CLOCK_THREAD_CPUTIME_ID:
            return -EINVAL
        if clockid == CLOCK_REALTIME:  # setting the clock does not change a relative sleep
            clockid = CLOCK_MONOTONIC
        deadline = time.clock_gettime_ns(clockid) + seconds * NANOSECONDS + nanoseconds
        seconds, nanoseconds = divmod(deadline, NANOSECONDS)
    from stinkarm.guest.native import addressof, create_string_buffer

    until = create_string_buffer(_pair64(min(seconds, MAX_SECONDS), nanoseconds), 16)
    try:
        return host.call(HOST_CLOCK_NANOSLEEP, clockid, TIMER_ABSTIME, addressof(until), 0)
    except host.Interrupted:
        if relative and rem:
            left = max(0, deadline - time.clock_gettime_ns(clockid))
            layout.write(k.memory, rem, *divmod(left, NANOSECONDS))
        raise


@syscall(162, PURE)
def nanosleep(k: Kernel, req: In[Timespec], rem: Out[Timespec]) -> int:
    """Sleep."""
    return _sleep(k, CLOCK_MONOTONIC, 0, _read32(k.memory.read(req, 8)), rem, structs.Timespec)


@syscall(265, PURE)
def clock_nanosleep(k: Kernel, clockid: Clock, flags: ClockFlags, req: In[Timespec], rem: Out[Timespec]) -> int:
    """Sleep by a clock."""
    return _sleep(k, clockid, flags, _read32(k.memory.read(req, 8)), rem, structs.Timespec)


@syscall(407, PURE)
def clock_nanosleep_time64(
    k: Kernel, clockid: Clock, flags: ClockFlags, req: In[Timespec64], rem: Out[Timespec64]
) -> int:
    """Sleep by a clock."""
    return _sleep(k, clockid, flags, _read64_word(k.memory.read(req, 16)), rem, structs.Timespec64)


def _read64_word(data: bytes) -> tuple[int, int]:
    """Read a __kernel_timespec; of its nanoseconds only the low word counts (get_timespec64)."""
    seconds, nanoseconds = _read64(data)
    return seconds, nanoseconds & WORD


# Setting the time: always refused, as to a program without CAP_SYS_TIME.


@syscall(79, PURE, partial="EPERM: the time cannot be set.")
def settimeofday(k: Kernel, tv: In[Timeval], tz: In[Timezone]) -> int:
    """Set the time."""
    return -EPERM


@syscall(262, PURE, partial="EPERM: the time cannot be set.")
def clock_settime(k: Kernel, clockid: Clock, tp: In[Timespec]) -> int:
    """Set a clock."""
    return -EPERM


@syscall(404, PURE, partial="EPERM: the time cannot be set.")
def clock_settime64(k: Kernel, clockid: Clock, tp: In[Timespec64]) -> int:
    """Set a clock."""
    return -EPERM


def _adjtimex(k: Kernel, buf: int, wide: bool) -> int:
    """Read the state of the clock's adjustment; changing it is EPERM."""
    from stinkarm.guest.native import addressof, create_string_buffer
    from stinkarm.linux.structs import Timex as narrow_layout
    from stinkarm.linux.structs import Timex64 as wide_layout

    if int.from_bytes(k.memory.read(buf, 4), "little"):
        return -EPERM
    answer = create_string_buffer(wide_layout.size)
    state = host.call(HOST_ADJTIMEX, addressof(answer))
    if state < 0:
        return state
    if wide:  # the host's own struct is laid out the same
        k.memory.write(buf, answer.raw)
        return state
    values = wide_layout.unpack(answer.raw)
    narrow = (values[0] & WORD, *((value + (1 << 31)) % (1 << 32) - (1 << 31) for value in values[1:]))
    narrow_layout.write(k.memory, buf, *narrow)
    return state


@syscall(124, PURE, partial="Only reads: with modes it is EPERM.")
def adjtimex(k: Kernel, buf: InOut[Timex]) -> int:
    """Read how the clock is adjusted."""
    return _adjtimex(k, buf, False)


@syscall(372, PURE, partial="Only reads CLOCK_REALTIME: with modes it is EPERM.")
def clock_adjtime(k: Kernel, clockid: Clock, buf: InOut[Timex]) -> int:
    """Read how a clock is adjusted."""
    return -EINVAL if clockid != CLOCK_REALTIME else _adjtimex(k, buf, False)


@syscall(405, PURE, partial="Only reads CLOCK_REALTIME: with modes it is EPERM.")
def clock_adjtime64(k: Kernel, clockid: Clock, buf: InOut[Timex64]) -> int:
    """Read how a clock is adjusted."""
    return -EINVAL if clockid != CLOCK_REALTIME else _adjtimex(k, buf, True)
