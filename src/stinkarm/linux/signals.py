"""The system calls of signals: actions, masks, waiting, the signal stack, returning, sending.

What becomes of a signal is in linux/delivery.py, the frames of handlers in linux/frames.py.
"""

from __future__ import annotations

import os
from errno import EAGAIN, EINTR, EINVAL, ENOMEM, EPERM, ESRCH
from struct import Struct

from stinkarm.linux import delivery, frames, host
from stinkarm.linux.declare import PURE, syscall

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.linux.kernel import Kernel
    from stinkarm.linux.parameters import (
        In,
        Int,
        OldSigaction,
        OldSigset,
        Out,
        Pid,
        Sigaction,
        Siginfo,
        SigmaskHow,
        Signal,
        Sigset,
        Size,
        StackT,
        Timespec,
        Timespec64,
    )

# x86-64 numbers: arch/x86/entry/syscalls/syscall_64.tbl
HOST_PAUSE = 34
HOST_KILL = 62
HOST_TKILL = 200
HOST_RT_SIGQUEUEINFO = 129
HOST_CLOCK_NANOSLEEP = 230
HOST_TGKILL = 234
HOST_RT_TGSIGQUEUEINFO = 297

SIGKILL = 9
SIGSEGV = 11
SIGSTOP = 19
LAST_SIGNAL = 64
SIGSET_SIZE = 8
UNBLOCKABLE = 1 << (SIGKILL - 1) | 1 << (SIGSTOP - 1)
WORD = 0xFFFFFFFF

# NOCLDSTOP NOCLDWAIT SIGINFO EXPOSE_TAGBITS THIRTYTWO RESTORER ONSTACK RESTART NODEFER RESETHAND
SA_FLAGS = 0xDE000807

SIG_BLOCK = 0
SIG_UNBLOCK = 1
SIG_SETMASK = 2

SI_USER = 0
SI_TKILL = -6

_action = Struct("<IIIQ")
_old_action = Struct("<IIII")
_stack = Struct("<IiI")


# Actions


def _act(k: Kernel, signum: int, new: tuple[int, int, int, int] | None) -> tuple[int, int, int, int]:
    """Set a signal's action (handler, flags, restorer, mask) and give the old one."""
    if not 1 <= signum <= LAST_SIGNAL or (new is not None and signum in (SIGKILL, SIGSTOP)):
        raise OSError(EINVAL, "this signal's action cannot be set")
    with k.threads.lock:
        old = delivery.action_of(k, signum)
        if new is not None:
            handler, flags, restorer, mask = new
            k.actions[signum] = (handler, flags & SA_FLAGS, restorer, mask & ~UNBLOCKABLE)
            if k.ignores(signum):
                delivery.discard(k, (signum,))
            delivery.follow(k, 1 << (signum - 1))
        return old


@syscall(174, PURE)
def rt_sigaction(k: Kernel, signum: Signal, act: In[Sigaction], oldact: Out[Sigaction], sigsetsize: Size) -> int:
    """Set what a signal does."""
    if sigsetsize != SIGSET_SIZE:
        return -EINVAL
    new = _action.unpack(k.memory.read(act, _action.size)) if act else None
    old = _act(k, signum, new)
    if oldact:
        k.memory.write(oldact, _action.pack(*old))
    return 0


@syscall(67, PURE)
def sigaction(k: Kernel, signum: Signal, act: In[OldSigaction], oldact: Out[OldSigaction]) -> int:
    """Set what a signal does, with a 32-bit mask."""
    new = None
    if act:
        handler, mask, flags, restorer = _old_action.unpack(k.memory.read(act, _old_action.size))
        new = (handler, flags, restorer, mask)
    handler, flags, restorer, mask = _act(k, signum, new)
    if oldact:
        k.memory.write(oldact, _old_action.pack(handler, mask & WORD, flags, restorer))
    return 0


# Masks


def _change_mask(k: Kernel, how: int, signals: int) -> None:
    old = k.blocked
    if how == SIG_BLOCK:
        k.blocked |= signals & ~UNBLOCKABLE
    elif how == SIG_UNBLOCK:
        k.blocked &= ~signals
    elif how == SIG_SETMASK:
        k.blocked = signals & ~UNBLOCKABLE
    else:
        raise OSError(EINVAL, "how is none of SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK")
    delivery.mask_changed(k, old)


@syscall(175, PURE)
def rt_sigprocmask(k: Kernel, how: SigmaskHow, set: In[Sigset], oldset: Out[Sigset], sigsetsize: Size) -> int:
    """Change which signals are blocked."""
    if sigsetsize != SIGSET_SIZE:
        return -EINVAL
    old = k.blocked
    if set:
        _change_mask(k, how, int.from_bytes(k.memory.read(set, SIGSET_SIZE), "little"))
    if oldset:
        k.memory.write(oldset, old.to_bytes(SIGSET_SIZE, "little"))
    return 0


@syscall(126, PURE)
def sigprocmask(k: Kernel, how: SigmaskHow, set: In[OldSigset], oldset: Out[OldSigset]) -> int:
    """Change which of the first 32 signals are blocked."""
    old = k.blocked
    if set:
        signals = int.from_bytes(k.memory.read(set, 4), "little")
        _change_mask(k, how, signals | (old & ~WORD if how == SIG_SETMASK else 0))
    if oldset:
        k.write_word(oldset, old)
    return 0


def _pending(k: Kernel) -> int:
    delivery.collect(k)
    return delivery.pending_set(k) & k.blocked


@syscall(176, PURE)
def rt_sigpending(k: Kernel, set: Out[Sigset], sigsetsize: Size) -> int:
    """Give the signals that are waiting to be unblocked."""
    if sigsetsize > SIGSET_SIZE:
        return -EINVAL
    k.memory.write(set, _pending(k).to_bytes(SIGSET_SIZE, "little")[:sigsetsize])
    return 0


@syscall(73, PURE)
def sigpending(k: Kernel, set: Out[OldSigset]) -> int:
    """Give which of the first 32 signals are waiting to be unblocked."""
    k.write_word(set, _pending(k))
    return 0


# Waiting


def _wait_for_ever(k: Kernel) -> int:
    """Wait for a signal that has a handler, or ends the process."""
    delivery.check(k)
    return host.call(HOST_PAUSE)


@syscall(29, PURE)
def pause(k: Kernel) -> int:
    """Wait for a signal."""
    return _wait_for_ever(k)


@syscall(179, PURE)
def rt_sigsuspend(k: Kernel, mask: In[Sigset], sigsetsize: Size) -> int:
    """Wait for a signal with another mask."""
    if sigsetsize != SIGSET_SIZE:
        return -EINVAL
    wanted = int.from_bytes(k.memory.read(mask, SIGSET_SIZE), "little")
    return delivery.masked(k, wanted, lambda: _wait_for_ever(k))


@syscall(72, PURE)
def sigsuspend(k: Kernel, unused1: Int, unused2: Int, mask: OldSigset) -> int:
    """Wait for a signal with another mask of 32 signals, given as a number."""
    return delivery.masked(k, mask, lambda: _wait_for_ever(k))


NANOSECONDS = 1_000_000_000
MAX_SECONDS = (1 << 63) // NANOSECONDS - 1
TIMER_ABSTIME = 1
CLOCK_MONOTONIC = 1


def _timed_wait(k: Kernel, set: int, info: int, timeout: int, timespec: Struct) -> int:
    """Take a pending signal of a set; without one, wait for it until the timeout."""
    wanted = int.from_bytes(k.memory.read(set, SIGSET_SIZE), "little") & ~UNBLOCKABLE
    seconds = nanoseconds = 0
    if timeout:
        seconds, nanoseconds = timespec.unpack(k.memory.read(timeout, timespec.size))
        if not 0 <= nanoseconds < NANOSECONDS or seconds < 0:
            return -EINVAL
    # Those that are not blocked act no more by default while they are waited for.
    blocked = k.blocked
    k.waiting = wanted
    k.blocked |= wanted
    delivery.mask_changed(k, blocked)
    try:
        taken = _take(k, wanted, seconds * NANOSECONDS + nanoseconds if timeout else None)
    finally:
        k.waiting = 0
        k.blocked = blocked
        k.attention = True
        delivery.pass_on(k, wanted & blocked)
    if taken is None:
        return -EAGAIN
    signal, data = taken
    if info:
        k.memory.write(info, data)
    return signal


def _take(k: Kernel, wanted: int, timeout: int | None) -> tuple[int, bytes] | None:
    """Wait for a signal of a set, for `timeout` nanoseconds or for ever; another one raises Interrupted."""
    import time

    from stinkarm.guest.native import addressof, create_string_buffer

    until = create_string_buffer(16)
    if timeout is not None:
        seconds, nanoseconds = divmod(time.monotonic_ns() + timeout, NANOSECONDS)
        until = create_string_buffer(Struct("<qq").pack(min(seconds, MAX_SECONDS), nanoseconds), 16)
    while True:
        delivery.collect(k)
        taken = delivery.dequeue(k, wanted)
        if taken is not None or timeout == 0:
            return taken
        if k.exit_status is not None or delivery.peek(k, ~k.blocked):
            delivery.interrupted(k)
        if timeout is None:
            result = host.call_once(HOST_PAUSE)
        else:
            result = host.call_once(HOST_CLOCK_NANOSLEEP, CLOCK_MONOTONIC, TIMER_ABSTIME, addressof(until))
        if result != -EINTR:
            timeout = 0


@syscall(177, PURE)
def rt_sigtimedwait(k: Kernel, set: In[Sigset], info: Out[Siginfo], timeout: In[Timespec], sigsetsize: Size) -> int:
    """Wait for a signal of a set and take it."""
    return -EINVAL if sigsetsize != SIGSET_SIZE else _timed_wait(k, set, info, timeout, Struct("<ii"))


@syscall(421, PURE)
def rt_sigtimedwait_time64(
    k: Kernel, set: In[Sigset], info: Out[Siginfo], timeout: In[Timespec64], sigsetsize: Size
) -> int:
    """Wait for a signal of a set and take it."""
    return -EINVAL if sigsetsize != SIGSET_SIZE else _timed_wait(k, set, info, timeout, Struct("<qq"))


# The signal stack

SS_ONSTACK = 1
SS_DISABLE = 2
SS_AUTODISARM = 1 << 31
MINSIGSTKSZ = 2048


@syscall(186, PURE)
def sigaltstack(k: Kernel, ss: In[StackT], old_ss: Out[StackT]) -> int:
    """Set the stack that signal handlers run on."""
    new = _stack.unpack(k.memory.read(ss, _stack.size)) if ss else None
    base, flags, size = k.altstack
    autodisarm = flags & SS_AUTODISARM
    on_stack = frames.on_stack(k.altstack, k.state.r[13])
    if new is not None:
        if on_stack:
            return -EPERM
        set_altstack(k, *new)
    if old_ss:
        shown = (SS_DISABLE if not size else SS_ONSTACK if on_stack else 0) | autodisarm
        k.memory.write(old_ss, Struct("<III").pack(base, shown, size))
    return 0


def set_altstack(k: Kernel, base: int, flags: int, size: int) -> None:
    """Set the signal stack."""
    mode = flags & WORD & ~SS_AUTODISARM
    if mode not in (0, SS_ONSTACK, SS_DISABLE):
        raise OSError(EINVAL, "ss_flags")
    if mode == SS_DISABLE:
        base = size = 0
    elif size < MINSIGSTKSZ:
        raise OSError(ENOMEM, "the stack is smaller than MINSIGSTKSZ")
    k.altstack = (base, flags & WORD, size)


# Returning from a handler


def _return(k: Kernel, with_info: bool) -> int:
    if not frames.leave(k, with_info=with_info):
        k.force_signal(SIGSEGV)
    return k.state.r[0]


@syscall(119, PURE)
def sigreturn(k: Kernel) -> int:
    """Return from a signal handler without SA_SIGINFO; SIGSEGV if sp is not at its frame."""
    return _return(k, False)


@syscall(173, PURE)
def rt_sigreturn(k: Kernel) -> int:
    """Return from a signal handler with SA_SIGINFO; SIGSEGV if sp is not at its frame."""
    return _return(k, True)


# Sending


def _send(k: Kernel, signal: int, code: int) -> int:
    """Send a signal to the process, or with SI_TKILL to the thread of `k`."""
    if not 0 <= signal <= LAST_SIGNAL:
        return -EINVAL
    if signal:
        info = delivery.user_info(signal, code)
        if not delivery.send(k, signal, info, process=code == SI_USER) and code != SI_USER:
            return -EAGAIN
    return 0


@syscall(37, PURE, partial="In the sandbox only to the process itself, its children and its parent: others are EPERM.")
def kill(k: Kernel, pid: Pid, sig: Signal) -> int:
    """Send a signal to a process."""
    if pid == os.getpid():
        return _send(k if k.sharer is None else k.sharer.lender, sig, SI_USER)
    if k.sharer is not None and pid == k.tid:
        return _send(k, sig, SI_USER)
    if pid in k.threads.sharers:
        return _send(k.threads.sharers[pid].kernel, sig, SI_USER)
    if not 0 <= sig <= LAST_SIGNAL:
        return -EINVAL
    if not k.may_signal(pid):
        return -EPERM
    return -ESRCH if pid == -(1 << 31) else host.call(HOST_KILL, pid, sig)


@syscall(238, PURE, partial="In the sandbox only to the process itself, its children and its parent: others are EPERM.")
def tkill(k: Kernel, tid: Pid, sig: Signal) -> int:
    """Send a signal to a thread."""
    if tid <= 0:
        return -EINVAL
    thread = k.threads.members.get(tid)
    if thread is not None:
        return _send(thread, sig, SI_TKILL)
    return host.call(HOST_TKILL, tid, sig) if k.may_signal(tid) else -EPERM


@syscall(268, PURE, partial="In the sandbox only to the process itself, its children and its parent: others are EPERM.")
def tgkill(k: Kernel, tgid: Pid, tid: Pid, sig: Signal) -> int:
    """Send a signal to a thread of a process."""
    if tgid <= 0 or tid <= 0:
        return -EINVAL
    if tgid == os.getpid():
        thread = k.threads.members.get(tid)
        return _send(thread, sig, SI_TKILL) if thread is not None else -ESRCH
    return host.call(HOST_TGKILL, tgid, tid, sig) if k.may_signal(tgid) else -EPERM


_queued = Struct("<iiiiII")
_host_queued = Struct("<iii4xiIQ96x")


def _queue(k: Kernel, target: tuple[int, ...], signal: int, info: int) -> int:
    """Send a signal with the guest's own siginfo; `target` is a process, or a process and its thread."""
    data = k.memory.read(info, delivery.INFO_SIZE)
    _, errno, code, pid, uid, value = _queued.unpack_from(data)
    if target[0] == os.getpid():
        thread = k.threads.members.get(target[-1]) if len(target) > 1 else k
        if thread is None:
            return -ESRCH
        if not 0 <= signal <= LAST_SIGNAL:
            return -EINVAL
        data = signal.to_bytes(4, "little") + data[4:]
        sent = not signal or delivery.send(thread, signal, data, process=len(target) == 1)
        return 0 if sent else -EAGAIN
    if not k.may_signal(target[0]) or code >= SI_USER or code == SI_TKILL:
        return -EPERM
    from stinkarm.guest.native import addressof, create_string_buffer

    translated = create_string_buffer(_host_queued.pack(signal, errno, code, pid, uid, value), _host_queued.size)
    if len(target) == 1:
        return host.call(HOST_RT_SIGQUEUEINFO, target[0], signal, addressof(translated))
    return host.call(HOST_RT_TGSIGQUEUEINFO, target[0], target[1], signal, addressof(translated))


@syscall(178, PURE, partial="In the sandbox only to the process itself, its children and its parent: others are EPERM.")
def rt_sigqueueinfo(k: Kernel, tgid: Pid, sig: Signal, info: In[Siginfo]) -> int:
    """Send a signal with a value."""
    return _queue(k, (tgid,), sig, info)


@syscall(363, PURE, partial="In the sandbox only to the process itself, its children and its parent: others are EPERM.")
def rt_tgsigqueueinfo(k: Kernel, tgid: Pid, tid: Pid, sig: Signal, info: In[Siginfo]) -> int:
    """Send a signal with a value to a thread."""
    return -EINVAL if tgid <= 0 or tid <= 0 else _queue(k, (tgid, tid), sig, info)
