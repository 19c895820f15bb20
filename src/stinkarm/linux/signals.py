"""Signals: actions, masks, pending signals, and sending them.

A signal that the program sends itself takes its default action or is ignored, at once. Handlers are recorded
and not run yet: sending a signal that has one is ENOSYS. What the host sends goes to the emulator.
"""

from __future__ import annotations

import os
from errno import EAGAIN, EINVAL, ENOMEM, ENOSYS, EPERM, ESRCH
from struct import Struct

from stinkarm.linux import host
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
HOST_CLOCK_NANOSLEEP = 230
HOST_TGKILL = 234

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

PARTIAL = "Handlers are not run yet."

_action = Struct("<IIIQ")
_old_action = Struct("<IIII")
_stack = Struct("<IiI")


# Actions


def _act(k: Kernel, signum: int, new: tuple[int, int, int, int] | None) -> tuple[int, int, int, int]:
    """Set a signal's action (handler, flags, restorer, mask) and give the old one."""
    if not 1 <= signum <= LAST_SIGNAL or (new is not None and signum in (SIGKILL, SIGSTOP)):
        raise OSError(EINVAL, "this signal's action cannot be set")
    old = k.actions.get(signum, (0, 0, 0, 0))
    if new is not None:
        handler, flags, restorer, mask = new
        k.actions[signum] = (handler, flags & SA_FLAGS, restorer, mask & ~UNBLOCKABLE)
        if k.ignores(signum):
            k.pending &= ~(1 << (signum - 1))
    return old


@syscall(174, PURE, partial=PARTIAL)
def rt_sigaction(k: Kernel, signum: Signal, act: In[Sigaction], oldact: Out[Sigaction], sigsetsize: Size) -> int:
    """Set what a signal does."""
    if sigsetsize != SIGSET_SIZE:
        return -EINVAL
    new = _action.unpack(k.memory.read(act, _action.size)) if act else None
    old = _act(k, signum, new)
    if oldact:
        k.memory.write(oldact, _action.pack(*old))
    return 0


@syscall(67, PURE, partial=PARTIAL)
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
    if how == SIG_BLOCK:
        k.blocked |= signals & ~UNBLOCKABLE
    elif how == SIG_UNBLOCK:
        k.blocked &= ~signals
    elif how == SIG_SETMASK:
        k.blocked = signals & ~UNBLOCKABLE
    else:
        raise OSError(EINVAL, "how is none of SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK")


def _deliver_pending(k: Kernel) -> None:
    """Let pending signals act that are no longer blocked."""
    ready = k.pending & ~k.blocked
    while ready and k.exit_status is None:
        signal = (ready & -ready).bit_length()
        k.pending &= ~(1 << (signal - 1))
        k.raise_signal(signal)
        ready = k.pending & ~k.blocked


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
    _deliver_pending(k)
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
    _deliver_pending(k)
    return 0


@syscall(176, PURE)
def rt_sigpending(k: Kernel, set: Out[Sigset], sigsetsize: Size) -> int:
    """Give the signals that are waiting to be unblocked."""
    if sigsetsize > SIGSET_SIZE:
        return -EINVAL
    k.memory.write(set, (k.pending & k.blocked).to_bytes(SIGSET_SIZE, "little")[:sigsetsize])
    return 0


@syscall(73, PURE)
def sigpending(k: Kernel, set: Out[OldSigset]) -> int:
    """Give which of the first 32 signals are waiting to be unblocked."""
    k.write_word(set, k.pending & k.blocked)
    return 0


# Waiting


def _wait_for_ever(k: Kernel) -> int:
    """Wait for a signal that ends the process; a handler would end the wait, but none runs yet."""
    if k.exit_status is None:
        if any(action[0] > 1 for action in k.actions.values()):
            k.note("waiting for a signal; stinkarm does not run signal handlers yet.")
        return host.call(HOST_PAUSE)
    return 0


@syscall(29, PURE, partial=PARTIAL)
def pause(k: Kernel) -> int:
    """Wait for a signal."""
    return _wait_for_ever(k)


def _suspend(k: Kernel, mask: int) -> int:
    saved = k.blocked
    k.blocked = mask & ~UNBLOCKABLE
    try:
        _deliver_pending(k)
        return _wait_for_ever(k)
    finally:
        k.blocked = saved


@syscall(179, PURE, partial=PARTIAL)
def rt_sigsuspend(k: Kernel, mask: In[Sigset], sigsetsize: Size) -> int:
    """Wait for a signal with another mask."""
    if sigsetsize != SIGSET_SIZE:
        return -EINVAL
    return _suspend(k, int.from_bytes(k.memory.read(mask, SIGSET_SIZE), "little"))


@syscall(72, PURE, partial=PARTIAL)
def sigsuspend(k: Kernel, unused1: Int, unused2: Int, mask: OldSigset) -> int:
    """Wait for a signal with another mask of 32 signals, given as a number."""
    return _suspend(k, mask)


NANOSECONDS = 1_000_000_000
MAX_SECONDS = (1 << 63) // NANOSECONDS - 1
TIMER_ABSTIME = 1
CLOCK_MONOTONIC = 1


def _timed_wait(k: Kernel, set: int, info: int, timeout: int, timespec: Struct) -> int:
    """Take a pending signal of a set; without one, wait for the timeout."""
    wanted = int.from_bytes(k.memory.read(set, SIGSET_SIZE), "little") & ~UNBLOCKABLE
    seconds = nanoseconds = 0
    if timeout:
        seconds, nanoseconds = timespec.unpack(k.memory.read(timeout, timespec.size))
        if not 0 <= nanoseconds < NANOSECONDS or seconds < 0:
            return -EINVAL
    ready = k.pending & wanted
    if ready:
        signal = (ready & -ready).bit_length()
        k.pending &= ~(1 << (signal - 1))
        if info:
            values = Struct("<iiiiI").pack(signal, 0, SI_TKILL, os.getpid(), os.getuid())
            k.memory.write(info, values.ljust(128, b"\0"))
        return signal
    if not timeout:
        return _wait_for_ever(k)
    if seconds or nanoseconds:
        import time

        from stinkarm.guest.native import addressof, create_string_buffer

        seconds, nanoseconds = divmod(time.monotonic_ns() + seconds * NANOSECONDS + nanoseconds, NANOSECONDS)
        until = create_string_buffer(Struct("<qq").pack(min(seconds, MAX_SECONDS), nanoseconds), 16)
        host.call(HOST_CLOCK_NANOSLEEP, CLOCK_MONOTONIC, TIMER_ABSTIME, addressof(until), 0)
    return -EAGAIN


@syscall(177, PURE, partial="Only takes signals that the program sent itself.")
def rt_sigtimedwait(k: Kernel, set: In[Sigset], info: Out[Siginfo], timeout: In[Timespec], sigsetsize: Size) -> int:
    """Wait for a signal of a set and take it."""
    return -EINVAL if sigsetsize != SIGSET_SIZE else _timed_wait(k, set, info, timeout, Struct("<ii"))


@syscall(421, PURE, partial="Only takes signals that the program sent itself.")
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
    on_stack = not autodisarm and 0 < k.state.r[13] - base <= size
    if new is not None:
        if on_stack:
            return -EPERM
        _set_altstack(k, *new)
    if old_ss:
        shown = (SS_DISABLE if not size else SS_ONSTACK if on_stack else 0) | autodisarm
        k.memory.write(old_ss, Struct("<III").pack(base, shown, size))
    return 0


def _set_altstack(k: Kernel, base: int, flags: int, size: int) -> None:
    mode = flags & WORD & ~SS_AUTODISARM
    if mode not in (0, SS_ONSTACK, SS_DISABLE):
        raise OSError(EINVAL, "ss_flags")
    if mode == SS_DISABLE:
        base = size = 0
    elif size < MINSIGSTKSZ:
        raise OSError(ENOMEM, "the stack is smaller than MINSIGSTKSZ")
    k.altstack = (base, flags & WORD, size)


# Returning from a handler: none has been called, so there is no frame to return to.


@syscall(119, PURE, partial=PARTIAL)
def sigreturn(k: Kernel) -> int:
    """Return from a signal handler; SIGSEGV without a frame."""
    k.raise_signal(SIGSEGV, forced=True)
    return k.state.r[0]


@syscall(173, PURE, partial=PARTIAL)
def rt_sigreturn(k: Kernel) -> int:
    """Return from a signal handler; SIGSEGV without a frame."""
    k.raise_signal(SIGSEGV, forced=True)
    return k.state.r[0]


# Sending


def _send_self(k: Kernel, signal: int) -> int:
    if not 0 <= signal <= LAST_SIGNAL:
        return -EINVAL
    return 0 if not signal or k.raise_signal(signal) else -ENOSYS


@syscall(37, PURE, partial=PARTIAL)
def kill(k: Kernel, pid: Pid, sig: Signal) -> int:
    """Send a signal to a process."""
    if pid == os.getpid():
        return _send_self(k, sig)
    if not 0 <= sig <= LAST_SIGNAL:
        return -EINVAL
    if k.policy.sandboxed:
        return -EPERM
    return -ESRCH if pid == -(1 << 31) else host.call(HOST_KILL, pid, sig)


@syscall(238, PURE, partial=PARTIAL)
def tkill(k: Kernel, tid: Pid, sig: Signal) -> int:
    """Send a signal to a thread."""
    if tid <= 0:
        return -EINVAL
    if tid == os.getpid():
        return _send_self(k, sig)
    return -EPERM if k.policy.sandboxed else host.call(HOST_TKILL, tid, sig)


@syscall(268, PURE, partial=PARTIAL)
def tgkill(k: Kernel, tgid: Pid, tid: Pid, sig: Signal) -> int:
    """Send a signal to a thread of a process."""
    if tgid <= 0 or tid <= 0:
        return -EINVAL
    if tgid == os.getpid():
        return _send_self(k, sig) if tid == tgid else -ESRCH
    return -EPERM if k.policy.sandboxed else host.call(HOST_TGKILL, tgid, tid, sig)


def _queue(k: Kernel, pid: int, sig: int, info: int) -> int:
    code = int.from_bytes(k.memory.read(info, 128)[8:12], "little", signed=True)
    if pid == os.getpid():
        return _send_self(k, sig)
    return -EPERM if k.policy.sandboxed or code >= SI_USER or code == SI_TKILL else -ENOSYS


@syscall(178, PURE, partial="Only to the process itself, and without the value.")
def rt_sigqueueinfo(k: Kernel, tgid: Pid, sig: Signal, info: In[Siginfo]) -> int:
    """Send a signal with a value."""
    return _queue(k, tgid, sig, info)


@syscall(363, PURE, partial="Only to the process itself, and without the value.")
def rt_tgsigqueueinfo(k: Kernel, tgid: Pid, tid: Pid, sig: Signal, info: In[Siginfo]) -> int:
    """Send a signal with a value to a thread."""
    return -EINVAL if tgid <= 0 or tid <= 0 else _queue(k, tid, sig, info)
