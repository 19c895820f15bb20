"""Timers that end in signals: setitimer, timer_create and its family.

Each is a timer of the host that sends a real-time signal, which says by its value which timer it was; the guest's
signal is made here. So neither the host's SIGALRM nor another guest is touched: where the process is not the guest's
alone, the signal goes to the host thread that made the timer.
"""

from __future__ import annotations

import os
import time
from _thread import get_native_id
from errno import EINVAL
from struct import Struct

from stinkarm.guest.native import addressof, create_string_buffer
from stinkarm.linux import capture, delivery, host, structs
from stinkarm.linux.declare import PURE, syscall

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.linux.kernel import Kernel
    from stinkarm.linux.parameters import (
        Clock,
        ClockFlags,
        In,
        ItimerKind,
        Itimerspec,
        Itimerspec64,
        Itimerval,
        Out,
        Sigevent,
        TimerId,
        Word,
    )
    from stinkarm.linux.structs import Layout

# x86-64 numbers: arch/x86/entry/syscalls/syscall_64.tbl
HOST_TIMER_CREATE = 222
HOST_TIMER_SETTIME = 223
HOST_TIMER_GETTIME = 224
HOST_TIMER_DELETE = 226

HOST_SIGNAL = 64  # told from a signal 64 that somebody sends by its si_code

CLOCK_MONOTONIC = 1
CLOCK_PROCESS_CPUTIME_ID = 2
CPUCLOCK_THREAD = 6  # CPUCLOCK_SCHED | CPUCLOCK_PERTHREAD_MASK, with a complemented thread id above
SIGEV_SIGNAL = 0
SIGEV_NONE = 1
SIGEV_THREAD_ID = 4
TIMER_ABSTIME = 1
SIGALRM, SIGVTALRM, SIGPROF = 14, 26, 27
LAST_SIGNAL = 64
INT_MAX = 0x7FFFFFFF
WORD = 0xFFFFFFFF

SECOND = 1_000_000_000
MICROSECONDS = 1_000_000
# A timer that expires more often keeps the emulator from anything else. What is left out counts as overrun.
SHORTEST = 200_000

# The clock and the signal of each kind of interval timer. They are kept as timers with a negative id.
ITIMERS = {
    0: (CLOCK_MONOTONIC, SIGALRM),
    1: (CLOCK_PROCESS_CPUTIME_ID, SIGVTALRM),
    2: (CLOCK_PROCESS_CPUTIME_ID, SIGPROF),
}

_host_event = Struct("<QiiI44x")
_host_value = Struct("<qqqq")
_expiry = Struct("<iii4xiiQ")

_by_cookie: dict[int, Timer] = {}
_cookies = iter(range(1, 1 << 62))  # threads take them at once


class Timer:
    """A guest's timer and the host's that drives it. Times are in nanoseconds.

    `info` is the siginfo that is pending for it, `overrun` what the last one that was delivered said, `missed` the
    expirations since the pending one. `scale` is by how much its interval is shorter than the host's. `thread` is the
    one that gets the signal (SIGEV_THREAD_ID), or 0. `used` is the processor's time of each thread at the last
    expiry of an interval timer that counts it.
    """

    __slots__ = (
        *("clock", "cookie", "host_id", "id", "info", "interval", "kernel"),
        *("missed", "notify", "overrun", "scale", "signal", "thread", "used", "value"),
    )

    def __init__(
        self, kernel: Kernel, id: int, clock: int, notify: int, signal: int, value: int, thread: int = 0
    ) -> None:
        self.kernel = kernel
        self.id = id
        self.clock = clock
        self.notify = notify
        self.signal = signal
        self.value = value
        self.thread = thread
        self.interval = 0
        self.scale = 1
        self.info: bytes | None = None
        self.missed = 0
        self.overrun = 0
        self.used: dict[int, int] = {}
        self.cookie = next(_cookies)
        self.host_id = self._create()

    def _create(self) -> int:
        if self.notify == SIGEV_NONE:
            event = _host_event.pack(self.cookie, 0, SIGEV_NONE, 0)
        else:
            capture.install(self.kernel)
            capture.take(HOST_SIGNAL)
            capture.in_use.add(HOST_SIGNAL)  # whatever the guest does with this signal
            self.kernel.captured.add(HOST_SIGNAL)
            kind, thread = (SIGEV_SIGNAL, 0) if self.kernel.owns_host_signals else (SIGEV_THREAD_ID, get_native_id())
            event = _host_event.pack(self.cookie, HOST_SIGNAL, kind, thread)
        data = create_string_buffer(event, _host_event.size)
        made = create_string_buffer(4)
        result = host.call_always(HOST_TIMER_CREATE, self.clock, addressof(data), addressof(made))
        if result:
            raise OSError(-result, os.strerror(-result))
        _by_cookie[self.cookie] = self
        return int.from_bytes(made.raw, "little")

    def delete(self) -> None:
        """Give the host's timer back; a signal that is pending stays so."""
        del _by_cookie[self.cookie]
        host.call_always(HOST_TIMER_DELETE, self.host_id)

    def get(self) -> tuple[int, int]:
        """Give the interval and the time left."""
        answer = create_string_buffer(32)
        result = host.call_always(HOST_TIMER_GETTIME, self.host_id, addressof(answer))
        if result:
            raise OSError(-result, os.strerror(-result))
        _, _, seconds, nanoseconds = _host_value.unpack(answer.raw)
        return self.interval, seconds * SECOND + nanoseconds

    def set(self, interval: int, value: int, flags: int = 0) -> None:
        """Start the timer, or stop it with a value of 0."""
        self.info = None
        self.missed = 0
        self.interval = interval
        self.scale = -(-SHORTEST // interval) if 0 < interval < SHORTEST and self.notify != SIGEV_NONE else 1
        times = (*divmod(interval * self.scale, SECOND), *divmod(value, SECOND))
        data = create_string_buffer(_host_value.pack(*times), 32)
        result = host.call_always(HOST_TIMER_SETTIME, self.host_id, flags, addressof(data), 0)
        if result:
            raise OSError(-result, os.strerror(-result))

    def expire(self, count: int) -> None:
        """Send the signal for `count` expirations, if it is not pending still."""
        count = (count - 1) * self.scale + 1
        if self.info is not None:
            self.missed += count if self.scale == 1 else count - 1 + self.scale
            return
        self.missed = count - 1
        if self.id < 0:
            thread = self._burning() if self.clock == CLOCK_PROCESS_CPUTIME_ID else None
            if thread is None or thread.blocked >> (self.signal - 1) & 1:
                delivery.send(self.kernel, self.signal, delivery.kernel_info(self.signal), process=True)
            else:
                delivery.send(thread, self.signal, delivery.kernel_info(self.signal))
            return
        info = delivery.timer_info(self.signal, self.id, 0, self.value)
        target = self.kernel.threads.members.get(self.thread) if self.thread else self.kernel
        if target is None:  # a thread that has ended
            return
        queue = target.pending if self.thread else target.shared
        if delivery.send(target, self.signal, info, process=not self.thread) and any(
            entry[1] is info for entry in queue
        ):
            self.info = info

    def _burning(self) -> Kernel | None:
        """Give the thread that has used most of the processor since the last time; None if there is only one."""
        members = self.kernel.threads.members
        if len(members) < 2:
            return None
        used = {}
        for tid in tuple(members):
            try:
                used[tid] = time.clock_gettime_ns(~tid << 3 | CPUCLOCK_THREAD)
            except OSError:  # it has ended
                continue
        spent = {tid: now - self.used.get(tid, 0) for tid, now in used.items()}
        self.used = used
        return members.get(max(spent, key=lambda tid: spent[tid])) if spent else None

    def delivered(self) -> bytes:
        """Give the siginfo of the pending signal as it is taken, with the overruns until now."""
        self.overrun = min(self.missed, INT_MAX)
        self.missed = 0
        self.info = None
        return delivery.timer_info(self.signal, self.id, self.overrun, self.value)


def expired(info: bytes) -> None:
    """Let the timer act whose expiry the host told of; it may be deleted by now."""
    _, _, _, _, overrun, cookie = _expiry.unpack_from(info)
    timer = _by_cookie.get(cookie)
    if timer is not None:
        timer.expire(overrun + 1)


def recover(k: Kernel) -> None:
    """Let those timers act that may have expired, when it was lost which: periodic ones, and those that are over."""
    for timer in list(k.timers.values()):
        if timer.notify != SIGEV_NONE and (timer.interval or not timer.get()[1]):
            timer.expire(1)


def dequeued(k: Kernel, info: bytes) -> bytes:
    """Give the siginfo that a taken signal has in the end."""
    for timer in k.timers.values():
        if timer.info is info:
            return timer.delivered()
    return info


# Interval timers


def _itimer(k: Kernel, which: int) -> tuple[int, int]:
    timer = k.timers.get(-1 - which)
    return timer.get() if timer is not None else (0, 0)


def _write_itimerval(k: Kernel, address: int, times: tuple[int, int]) -> None:
    interval, left = (-(-time // 1000) for time in times)
    structs.Itimerval.write(k.memory, address, *divmod(interval, MICROSECONDS), *divmod(left, MICROSECONDS))


@syscall(105, PURE)
def getitimer(k: Kernel, which: ItimerKind, curr_value: Out[Itimerval]) -> int:
    """Give the time left of an interval timer."""
    if which not in ITIMERS:
        return -EINVAL
    _write_itimerval(k, curr_value, _itimer(k, which))
    return 0


@syscall(104, PURE, partial="ITIMER_VIRTUAL counts system time too.")
def setitimer(k: Kernel, which: ItimerKind, new_value: In[Itimerval], old_value: Out[Itimerval]) -> int:
    """Start or stop an interval timer."""
    values = structs.Itimerval.read(k.memory, new_value) if new_value else (0, 0, 0, 0)
    pairs = (values[:2], values[2:])
    if which not in ITIMERS or any(not 0 <= micro < MICROSECONDS or seconds < 0 for seconds, micro in pairs):
        return -EINVAL
    old = _itimer(k, which)
    interval, value = (seconds * SECOND + micro * 1000 for seconds, micro in pairs)
    timer = k.timers.get(-1 - which)
    if timer is None and value:
        clock, signal = ITIMERS[which]
        timer = k.timers[-1 - which] = Timer(k, -1 - which, clock, SIGEV_SIGNAL, signal, 0)
    if timer is not None:
        timer.set(interval if value else 0, value)
    if old_value:
        _write_itimerval(k, old_value, old)
    return 0


# POSIX timers


def _find(k: Kernel, timerid: int) -> Timer:
    timer = k.timers.get(timerid) if timerid >= 0 else None
    if timer is None:
        raise OSError(EINVAL, "there is no such timer")
    return timer


@syscall(257, PURE)
def timer_create(k: Kernel, clockid: Clock, sevp: In[Sigevent], timerid: Out[Word]) -> int:
    """Make a timer."""
    new = next(number for number in range(len(k.timers) + 1) if number not in k.timers)
    value, signal, notify, thread = new, SIGALRM, SIGEV_SIGNAL, 0
    if sevp:
        value, signal, notify, thread = structs.Sigevent.read(k.memory, sevp)
        # SIGEV_THREAD is the C library's: to the kernel it is SIGEV_SIGNAL.
        if notify & ~2 not in (SIGEV_SIGNAL, SIGEV_NONE, SIGEV_THREAD_ID):
            return -EINVAL
        notify &= ~2
        if notify != SIGEV_THREAD_ID:
            thread = 0
        elif thread not in k.threads.members:
            return -EINVAL
        if notify != SIGEV_NONE and not 0 < signal <= LAST_SIGNAL:
            return -EINVAL
    if clockid < 0 and k.policy.sandboxed and clockid >> 3 != -1 and k.foreign(~(clockid >> 3)):
        return -EINVAL
    timer = Timer(k, new, clockid, notify, signal, value, thread)
    # Another thread may have made a timer meanwhile.
    while k.timers.setdefault(timer.id, timer) is not timer:
        timer.id += 1
    try:
        k.write_word(timerid, timer.id)
    except BaseException:
        del k.timers[timer.id]
        timer.delete()
        raise
    return 0


@syscall(261, PURE)
def timer_delete(k: Kernel, timerid: TimerId) -> int:
    """Delete a timer."""
    _find(k, timerid)
    timer = k.timers.pop(timerid, None)
    if timer is None:  # another thread was faster
        return -EINVAL
    timer.delete()
    return 0


@syscall(260, PURE)
def timer_getoverrun(k: Kernel, timerid: TimerId) -> int:
    """Give how often the timer had expired again when its last signal was delivered."""
    return _find(k, timerid).overrun


def _settime(k: Kernel, timerid: int, flags: int, new: int, old: int, layout: Layout) -> int:
    if not new:
        return -EINVAL
    values = layout.read(k.memory, new)
    pairs = [(seconds, nanoseconds & WORD) for seconds, nanoseconds in (values[:2], values[2:])]
    if any(not 0 <= nanoseconds < SECOND or seconds < 0 for seconds, nanoseconds in pairs):
        return -EINVAL
    timer = _find(k, timerid)
    interval, value = (seconds * SECOND + nanoseconds for seconds, nanoseconds in pairs)
    before = timer.get()
    timer.set(interval, value, flags & TIMER_ABSTIME)
    if old:
        _write(k, old, before, layout)
    return 0


def _write(k: Kernel, address: int, times: tuple[int, int], layout: Layout) -> None:
    seconds = (1 << (63 if layout is structs.Itimerspec64 else 31)) - 1
    parts = [part for time in times for part in (min(time // SECOND, seconds), time % SECOND)]
    layout.write(k.memory, address, *parts)


@syscall(258, PURE)
def timer_settime(
    k: Kernel, timerid: TimerId, flags: ClockFlags, new_value: In[Itimerspec], old_value: Out[Itimerspec]
) -> int:
    """Start or stop a timer."""
    return _settime(k, timerid, flags, new_value, old_value, structs.Itimerspec)


@syscall(409, PURE)
def timer_settime64(
    k: Kernel, timerid: TimerId, flags: ClockFlags, new_value: In[Itimerspec64], old_value: Out[Itimerspec64]
) -> int:
    """Start or stop a timer, with 64-bit seconds."""
    return _settime(k, timerid, flags, new_value, old_value, structs.Itimerspec64)


@syscall(259, PURE)
def timer_gettime(k: Kernel, timerid: TimerId, curr_value: Out[Itimerspec]) -> int:
    """Give the time left of a timer."""
    _write(k, curr_value, _find(k, timerid).get(), structs.Itimerspec)
    return 0


@syscall(408, PURE)
def timer_gettime64(k: Kernel, timerid: TimerId, curr_value: Out[Itimerspec64]) -> int:
    """Give the time left of a timer, with 64-bit seconds."""
    _write(k, curr_value, _find(k, timerid).get(), structs.Itimerspec64)
    return 0
