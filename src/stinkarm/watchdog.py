"""What --timeout has behind it: a process that ends the family when its own timers do not.

Each process of a family has a timer. It does not help in one that is stopped, or in a program of the host. So the first
process makes another before the guest begins: not a child of it that the guest could wait for, in a session of its own,
with no descriptors but what it needs, and outside of the walls. After the deadline it continues all that are stopped,
so that they report as ever, and then kills those that are left, until there is none. It ends with the family.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # `signal` is the same with enums, whose import takes longer
import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from stinkarm.linux.family import Family
    from stinkarm.sandbox.descriptors import Descriptors

SIGKILL, SIGCONT = 9, 18
GRACE = 0.3  # seconds after the deadline, in which processes end by their own timers
REPORTING = 2.0  # ... and more for those that were stopped, until they are killed
STEP = 0.05
LONG_STEP = 0.5  # between looks for processes that have outlived the first one


def start(family: Family, descriptors: Descriptors, timeout: float) -> None:
    """Start it for the family of this process, whose time is over in `timeout` seconds."""
    deadline = time.monotonic() + timeout
    family.begin(descriptors)
    first = os.pidfd_open(os.getpid())
    try:
        pid = os.fork()
        if pid == 0:
            _detach(family, first, deadline)
        os.waitpid(pid, 0)
    finally:
        os.close(first)


def _detach(family: Family, first: int, deadline: float) -> NoReturn:
    try:
        if os.fork() == 0:
            os.setsid()
            _signal.pthread_sigmask(_signal.SIG_SETMASK, ())
            for number in range(1, 65):
                if number not in (SIGKILL, 19, 32, 33) and _signal.getsignal(number) not in (None, _signal.SIG_IGN):
                    _signal.signal(number, _signal.SIG_DFL)
            kept = sorted((family.fd, first))
            for low, high in zip((0, *(fd + 1 for fd in kept)), (*kept, os.sysconf("SC_OPEN_MAX")), strict=True):
                os.closerange(low, min(high, 1 << 20))
            _watch(family, first, deadline)
    finally:
        os._exit(0)


def _watch(family: Family, first: int, deadline: float) -> None:
    import select

    poll = select.poll()
    poll.register(first, select.POLLIN)
    ended = poll.poll(max(0.0, deadline - time.monotonic()) * 1000)
    while ended and time.monotonic() < deadline:
        if not _living(family):
            return
        time.sleep(LONG_STEP)
    time.sleep(GRACE)
    for pid in _living(family):
        _send(family, pid, SIGCONT)
    until = time.monotonic() + REPORTING
    while _living(family) and time.monotonic() < until:
        time.sleep(STEP)
    while living := _living(family):
        for pid in living:
            _send(family, pid, SIGKILL)
        time.sleep(STEP)


def _living(family: Family) -> list[int]:
    """List the processes of the family that have not ended; this one is not of it."""
    return [pid for pid in family.members() if not _is_zombie(pid)]


def _is_zombie(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
            return file.read(512).rpartition(b")")[2].split()[0] in (b"Z", b"X")
    except OSError:
        return True


def _send(family: Family, pid: int, number: int) -> None:
    """Send a signal to a process that is of the family when it is opened."""
    try:
        process = os.pidfd_open(pid)
    except OSError:
        return
    try:
        if family.knows(pid):
            _signal.pidfd_send_signal(process, number)
    except OSError:  # it has ended, or is another user's by now
        return
    finally:
        os.close(process)
