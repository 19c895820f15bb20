"""Signals on their way: siginfo, queues, which comes next, and what it does.

`Kernel` holds the state, of which part is the process's and part the thread's. Nothing here is imported before a
program sends, takes or fails by a signal.
"""

from __future__ import annotations

import os
import stat
from _thread import get_ident
from errno import EINTR
from struct import Struct

from stinkarm.guest.state import WORD as WORD_OF
from stinkarm.linux import capture, frames, host
from stinkarm.linux.calls_that_wait import (
    FUTEX,
    FUTEX_COMMAND,
    FUTEX_LOCKS,
    FUTEX_WAITS,
    NEVER_RESTARTED,
    NOT_WAITING,
    OF_DESCRIPTOR,
    TRANSFERS,
    WAITS,
)
from stinkarm.linux.kernel import IGNORED_HERE, NO_ACTION, SIG_DFL, SIG_IGN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from stinkarm.linux.kernel import Kernel

SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGKILL, SIGSEGV = 4, 5, 7, 8, 9, 11
SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGIO, SIGSYS = 17, 18, 19, 20, 21, 22, 29, 31
FIRST_REALTIME = 32
INTERRUPT = WORD_OF["interrupt"]  # index in State.words
UNBLOCKABLE = 1 << (SIGKILL - 1) | 1 << (SIGSTOP - 1)
SYNCHRONOUS = (SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGSYS)
STOPS = (SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU)

SA_RESTART = 0x10000000
SA_NODEFER = 0x40000000
SA_RESETHAND = 0x80000000

SI_USER = 0
NSIGPOLL = 6  # how many codes POLL_IN and its like are
SI_KERNEL = 0x80
SI_QUEUE = -1
CLD_KILLED, CLD_DUMPED = 2, 3
SI_TIMER = -2
SI_TKILL = -6

MAX_QUEUED = 4096  # real-time signals that wait; Linux counts them per user (RLIMIT_SIGPENDING)

# siginfo_t of ARM and of x86-64: what is common, then by kind of signal.
_user = Struct("<iiiiII")  # signo errno code, pid uid value
_child = Struct("<iiiiIiii")  # pid uid status utime stime
_timer = Struct("<iiiiiI")  # timer id, overrun, value
_fault = Struct("<iiiI")  # address
_poll = Struct("<iiiii")  # band fd
_host_user = Struct("<iii4xiIQ")
_host_child = Struct("<iii4xiIi4xqq")
_host_poll = Struct("<iii4xqi")
INFO_SIZE = 128
WORD = 0xFFFFFFFF


# siginfo


def user_info(signal: int, code: int, value: int = 0) -> bytes:
    """Make the siginfo of a signal that this process sends."""
    return _user.pack(signal, 0, code, os.getpid(), os.getuid(), value).ljust(INFO_SIZE, b"\0")


def kernel_info(signal: int) -> bytes:
    """Make the siginfo of a signal that the kernel sends."""
    return _user.pack(signal, 0, SI_KERNEL, 0, 0, 0).ljust(INFO_SIZE, b"\0")


def child_info(signal: int, code: int, pid: int, status: int) -> bytes:
    """Make the siginfo that tells of a child."""
    return _child.pack(signal, 0, code, pid, os.getuid(), status, 0, 0).ljust(INFO_SIZE, b"\0")


def fault_info(signal: int, code: int, address: int) -> bytes:
    """Make the siginfo of a fault."""
    return _fault.pack(signal, 0, code, address).ljust(INFO_SIZE, b"\0")


def timer_info(signal: int, timer: int, overrun: int, value: int) -> bytes:
    """Make the siginfo of a timer."""
    return _timer.pack(signal, 0, SI_TIMER, timer, overrun, value & WORD).ljust(INFO_SIZE, b"\0")


def guest_info(k: Kernel, info: bytes) -> bytes:
    """Translate the host's siginfo."""
    signal, errno, code, pid, uid, value = _host_user.unpack_from(info)
    if signal == SIGCHLD and code > 0 and code != SI_KERNEL:
        *common, utime, stime = _host_child.unpack_from(info)
        if code == CLD_KILLED and k.family.has_dumped(pid):
            common[2] = CLD_DUMPED
        data = _child.pack(*common, utime & 0x7FFFFFFF, stime & 0x7FFFFFFF)
    elif 0 < code < (SI_KERNEL if signal == SIGIO else NSIGPOLL + 1):  # any signal that F_SETSIG has named
        *common, band, fd = _host_poll.unpack_from(info)
        data = _poll.pack(*common, band & 0x7FFFFFFF, fd)
    else:
        data = _user.pack(signal, errno, code, pid, uid, value & WORD)
    return data.ljust(INFO_SIZE, b"\0")


# Queues


def action_of(k: Kernel, signal: int) -> tuple[int, int, int, int]:
    """Give a signal's action; one that was never set may have been ignored by who started this process."""
    action = k.actions.get(signal)
    if action is None:
        action = NO_ACTION
        inherits = k.owns_host_signals and signal not in IGNORED_HERE and signal not in capture.NEVER_TAKEN
        if inherits and capture.ignored(signal):
            action = (SIG_IGN, 0, 0, 0)
        k.actions[signal] = action
    return action


def ignores(k: Kernel, signal: int) -> bool:
    """Say whether a signal does nothing, by choice or by default."""
    action_of(k, signal)
    return k.ignores(signal)


def send(k: Kernel, signal: int, info: bytes, *, process: bool = False) -> bool:
    """Make a signal pending for the thread, or for the process. False: too many are."""
    with k.threads.lock:
        if signal == SIGKILL:
            k.end(SIGKILL)
            notify(k)
            return True
        if signal == SIGCONT:
            discard(k, STOPS)
        elif signal in STOPS:
            discard(k, (SIGCONT,))
        first = k.threads.members.get(k.threads.leader, k) if process else k
        if not (first.blocked | first.waiting) >> (signal - 1) & 1 and ignores(k, signal):
            return True
        queue = k.shared if process else k.pending
        if signal < FIRST_REALTIME:
            if all(signal != other for other, _ in queue):
                queue.append((signal, info))
        elif len(queue) >= MAX_QUEUED:
            return False
        else:
            queue.append((signal, info))
        if k.policy.descriptors.signals:
            from stinkarm.linux import signalfd

            signalfd.update(k)
        if not process:
            notify(k)
        else:
            _choose(k, signal)
        return True


def notify(k: Kernel) -> None:
    """Make a thread look at its signals."""
    k.attention = True
    if k.threads.several and k.ident != get_ident():
        capture.wake(k)


def _choose(k: Kernel, signal: int) -> None:
    """Let a thread look at a signal of the process: the first one if it takes it, else this one, else another."""
    bit = 1 << (signal - 1)
    members = k.threads.members
    for thread in (members.get(k.threads.leader, k), k, *members.values()):
        if thread.exit_status is None and (not thread.blocked & bit or thread.waiting & bit):
            notify(thread)
            return
    k.attention = True


def pass_on(k: Kernel, signals: int) -> None:
    """Let other threads look at signals of the process that this one does not take any more."""
    if k.threads.several:
        for signal, _ in k.shared:
            if signals >> (signal - 1) & 1:
                _choose(k, signal)


def discard(k: Kernel, signals: tuple[int, ...]) -> None:
    """Forget pending signals of every thread."""
    for queue in (*(thread.pending for thread in k.threads.members.values()), k.pending, k.shared):
        queue[:] = [entry for entry in queue if entry[0] not in signals]


def pending_set(k: Kernel) -> int:
    """Give the pending signals, blocked or not, as a set."""
    found = 0
    for queue in (k.pending, k.shared):
        for signal, _ in queue:
            found |= 1 << (signal - 1)
    return found


def _best(queue: list[tuple[int, bytes]], wanted: int) -> int:
    """Find the entry to take: faults first, then the lowest number, then the oldest. -1: none."""
    best, best_rank = -1, (2, 0)
    for index, (signal, _) in enumerate(queue):
        if wanted >> (signal - 1) & 1:
            rank = (0 if signal in SYNCHRONOUS else 1, signal)
            if rank < best_rank:
                best, best_rank = index, rank
    return best


def peek(k: Kernel, wanted: int) -> int:
    """Give the pending signal of a set that comes first, 0 if there is none."""
    for queue in (k.pending, k.shared):
        index = _best(queue, wanted)
        if index >= 0:
            return queue[index][0]
    return 0


def dequeue(k: Kernel, wanted: int) -> tuple[int, bytes] | None:
    """Take the pending signal of a set that comes first."""
    with k.threads.lock:
        for queue in (k.pending, k.shared):
            index = _best(queue, wanted)
            if index >= 0:
                signal, info = queue.pop(index)
                if k.timers:
                    from stinkarm.linux import timers

                    info = timers.dequeued(k, info)
                if k.policy.descriptors.signals:
                    from stinkarm.linux import signalfd

                    signalfd.update(k)
                return signal, info
        return None


# The host's signals


def collect(k: Kernel) -> None:
    """Make pending what the host has sent."""
    k.state.words[INTERRUPT] = 0
    if k.renamed is not None:
        k.name = k.renamed
    if not host.arrived[0]:
        return
    with k.threads.lock:
        ended = False
        for info in capture.taken():
            signal, _, code = _fault.unpack_from(info)[:3]
            if code == SI_TIMER:
                from stinkarm.linux import timers

                timers.expired(info)
            elif code == capture.LOST_CODE:
                from stinkarm.linux import timers

                timers.recover(k)
            else:
                send(k if k.sharer is None else k.sharer.lender, signal, guest_info(k, info), process=True)
                ended = ended or signal == SIGCHLD
        if ended and k.reaps:
            from stinkarm.linux import children

            children.reap(k)


def follow(k: Kernel, signals: int) -> None:
    """Make the host do with these signals what the guest's actions and the masks of its threads need."""
    if not k.owns_host_signals:
        return
    with k.threads.lock:
        blocked = k.blocked
        for thread in k.threads.members.values():
            blocked |= thread.blocked
        while signals:
            signal = (signals & -signals).bit_length()
            signals &= signals - 1
            if signal in capture.NEVER_TAKEN or signal in capture.in_use or signal in k.kept:
                continue
            handler = action_of(k, signal)[0]
            taken = signal in k.captured
            if handler > SIG_IGN or blocked >> (signal - 1) & 1 or (signal == SIGCHLD and k.reaps):
                if not taken:
                    capture.install(k)
                    capture.take(signal)
                    k.captured.add(signal)
            elif handler == SIG_IGN or taken:
                capture.leave(signal, ignore=handler == SIG_IGN)
                k.captured.discard(signal)


def mask_changed(k: Kernel, old: int) -> None:
    """Do what a change of the thread's mask needs."""
    new = k.blocked & ~old
    if new and k.owns_host_signals:
        blocked = new
        for signal in k.captured:
            blocked &= ~(1 << (signal - 1))
        follow(k, blocked)
    if k.pending or k.shared:
        k.attention = True
        if new:
            pass_on(k, new)


# Waiting


def interrupted(k: Kernel) -> None:
    """Look at a signal that interrupted a host call; raise Interrupted if the guest's call must end for it.

    Signals that only stop the process act at once, so that the call can go on where it was.
    """
    collect(k)
    while k.exit_status is None and (signal := peek(k, ~k.blocked)):
        handler = action_of(k, signal)[0]
        if handler == SIG_DFL and signal in STOPS:
            dequeue(k, 1 << (signal - 1))
            _stop(k, signal)
        elif k.ignores(signal):
            dequeue(k, 1 << (signal - 1))
        else:
            raise host.Interrupted
    if k.exit_status is not None or (k.tracing is not None and k.tracing.wanted):
        raise host.Interrupted


def check(k: Kernel) -> None:
    """Raise Interrupted when a call that would wait must not begin to."""
    if k.attention or host.arrived[0]:
        interrupted(k)


def masked(k: Kernel, mask: int | None, wait: Callable[[], int]) -> int:
    """Wait with another mask. When a signal ends the wait, its handler's frame restores the mask."""
    if mask is None:
        return wait()
    old = k.blocked
    k.saved_mask = old
    k.blocked = mask & ~UNBLOCKABLE
    mask_changed(k, old)
    interrupted_by_signal = False
    try:
        check(k)
        return wait()
    except host.Interrupted:
        interrupted_by_signal = True
        raise
    finally:
        if not interrupted_by_signal:
            restore_mask(k)


def restore_mask(k: Kernel) -> None:
    """Undo the mask of `masked`."""
    if k.saved_mask is not None:
        old = k.blocked
        k.blocked, k.saved_mask = k.saved_mask, None
        mask_changed(k, old)


def end_of_wait(k: Kernel, number: int, *, begun: bool = True) -> int:
    """Give r0 of an interrupted call: -EINTR, or as it was, with pc back at the SVC, to make the call again.

    A call that was not `begun` and would not have waited must not fail because of a signal: it is made after the
    handler.
    """
    k.attention = True
    state = k.state
    if k.exit_status is not None:
        return -EINTR
    signal = peek(k, ~k.blocked)
    handler, flags, _, _ = action_of(k, signal) if signal else NO_ACTION
    ends = number in NEVER_RESTARTED or not flags & SA_RESTART
    if number in FUTEX and state.r[1] & FUTEX_COMMAND in FUTEX_LOCKS:
        ends = False
    if handler > SIG_IGN and ends and (begun or _would_wait(k, number)):
        return -EINTR
    state.r[15] = (state.r[15] - (2 if state.thumb else 4)) & WORD
    return state.r[0]


def _would_wait(k: Kernel, number: int) -> bool:
    """Say whether a call is one that waits for something."""
    registers = k.state.r
    if number in FUTEX:
        return registers[1] & FUTEX_COMMAND in FUTEX_WAITS
    index, bit = NOT_WAITING.get(number, (0, 0))
    if registers[index] & bit:
        return False
    try:
        if number in OF_DESCRIPTOR and not os.get_blocking(registers[0]):
            return False
        if number in TRANSFERS:
            return not stat.S_ISREG(os.fstat(registers[0]).st_mode)
        return number in NEVER_RESTARTED or number in WAITS
    except (OSError, OverflowError):  # the call will say so
        return False


def end_without_restart(k: Kernel) -> int:
    """Give what an interrupted call answers that no handler makes to be made again."""
    k.attention = True
    return -EINTR


# Acting


def deliver(k: Kernel) -> None:
    """Let every pending signal act that is not blocked: end or stop the process, or set up a handler's call."""
    k.attention = False
    collect(k)
    if k.tracing is not None:
        k.tracing.stop()
    while k.exit_status is None:
        with k.threads.lock:  # so that a handler that is to run once does
            taken = dequeue(k, ~k.blocked)
            if taken is None:
                break
            signal, info = taken
            handler = action_of(k, signal)[0]
            if handler == SIG_IGN or k.ignores(signal):
                continue
            k.show_signal(signal, info)
            if handler != SIG_DFL:
                _call_handler(k, signal, info)
                continue
        if signal in STOPS:
            _stop(k, signal)
        else:
            k.end(signal, info)
    restore_mask(k)


def force(k: Kernel, signal: int, info: bytes) -> bool:
    """Let a signal act at once that the thread's own code caused. False: it ends the process."""
    k.show_signal(signal, info)
    handler = action_of(k, signal)[0]
    bit = 1 << (signal - 1)
    if handler == SIG_IGN or k.blocked & bit:
        k.actions[signal] = NO_ACTION
        k.blocked &= ~bit
        handler = SIG_DFL
    if handler != SIG_DFL:
        _call_handler(k, signal, info)
        return k.exit_status is None
    k.end(signal, info)
    return False


def _call_handler(k: Kernel, signal: int, info: bytes) -> None:
    """Set the registers up so that the guest goes on in its handler."""
    action = action_of(k, signal)
    flags, mask = action[1], action[3]
    if flags & SA_RESETHAND:
        k.actions[signal] = (SIG_DFL, *action[1:])
        follow(k, 1 << (signal - 1))
    old = k.blocked if k.saved_mask is None else k.saved_mask
    if not frames.enter(k, signal, info, action, old):
        # The handler's frame cannot be written (force_sigsegv): a handler for SIGSEGV itself would fail again.
        if signal == SIGSEGV:
            k.actions[SIGSEGV] = NO_ACTION
        force(k, SIGSEGV, kernel_info(SIGSEGV))
        return
    k.saved_mask = None
    before = k.blocked
    k.blocked |= mask & ~UNBLOCKABLE
    if not flags & SA_NODEFER:
        k.blocked |= 1 << (signal - 1)
    mask_changed(k, before)
    k.attention = k.attention or bool(k.pending or k.shared)


def _stop(k: Kernel, signal: int) -> None:
    """Stop the process until it is continued, by the same signal where the host may have it."""
    if signal in k.captured:
        capture.leave(signal, ignore=False)
        try:
            os.kill(os.getpid(), signal)
        finally:
            capture.take(signal)
    else:
        os.kill(os.getpid(), signal if k.owns_host_signals and signal not in k.kept else SIGSTOP)
