"""A process that shares memory, files and directory with the one that has made it (clone with VM, FS and FILES).

Two processes of the host cannot share Python. So it is one more thread of this one, which the guest sees as a process:
with an id, a parent, signals and an end of its own. It can neither fork, nor execute a program, nor make threads. Who
makes such a process wants to look at its own threads with ptrace (linux/tracing.py), as LeakSanitizer does.
"""

from __future__ import annotations

import _thread
import os
from errno import EAGAIN, ECHILD, ENOSYS

from stinkarm.guest.direct import DirectCalls
from stinkarm.linux import capture, delivery, threads
from stinkarm.linux.children import (
    CLONE_CHILD_CLEARTID,
    CLONE_CHILD_SETTID,
    CLONE_PARENT_SETTID,
    CLONE_SETTLS,
    CSIGNAL,
    SIGCHLD,
    TPIDRURO,
    put,
)
from stinkarm.linux.kernel import Threads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.linux.kernel import Kernel
    from stinkarm.linux.tracing import Tracing

WNOHANG = 1
WNOWAIT = 0x01000000
WALL = 0x40000000
WCLONE = 0x80000000
PAUSE = 0.01  # seconds between two looks for signals, while a wait goes on
CLD_EXITED, CLD_KILLED = 1, 2


class Sharer:
    """Such a process, as the one that it shares with knows it: `signal` tells of its end, `status` is wait4's then.

    `lender` is the first kernel that it shares with; `traced` are the threads that it has attached to, by their ids.
    """

    __slots__ = ("ended", "kernel", "lender", "signal", "status", "traced")

    def __init__(self, lender: Kernel, kernel: Kernel, signal: int) -> None:
        self.lender = lender
        self.kernel = kernel
        self.signal = signal
        self.status = 0
        self.traced: dict[int, Tracing] = {}
        self.ended = _thread.allocate_lock()
        self.ended.acquire()

    def awaited(self, options: int) -> bool:
        """Say whether waiting with these options waits for it (eligible_child)."""
        return bool(options & WALL) or bool(options & WCLONE) == (self.signal != SIGCHLD)


def make(k: Kernel, flags: int, stack: int, tls: int, parent_tid: int, child_tid: int) -> int:
    """Start the process; give its id."""
    if k.run_thread is None or k.sharer is not None:
        k.note("a process that shares memory and files runs under the stinkarm command and stinkarm.run: ENOSYS.")
        return -ENOSYS
    if len(k.threads.members) + len(k.threads.sharers) >= threads.MAX_THREADS:
        return -EAGAIN
    if not k.threads.several:
        threads.begin(k)
    new = _copy(k, flags & CSIGNAL)
    state = new.state
    state.r[0] = 0
    if stack:
        state.r[13] = stack
    if flags & CLONE_SETTLS:
        state.words[TPIDRURO] = tls
    if flags & CLONE_CHILD_CLEARTID:
        new.clear_child_tid = child_tid
    addresses = [parent_tid] if flags & CLONE_PARENT_SETTID else []
    if flags & CLONE_CHILD_SETTID:
        addresses.append(child_tid)
    started = _thread.allocate_lock()
    started.acquire()
    run_thread = k.run_thread

    def run() -> None:
        try:
            _enter(k, new, addresses)
        finally:
            started.release()
        run_thread(new)

    try:
        _thread.start_new_thread(run, ())
    except RuntimeError:  # the host has no more
        return -EAGAIN
    with started:
        return new.tid


def _copy(k: Kernel, signal: int) -> Kernel:
    """Make the kernel of a process that has what it does not share as fork gives it."""
    new = k.new_thread()
    new.sharer = Sharer(k, new, signal)
    new.threads = Threads()
    new.threads.several = True
    new.attributes, new.limits, new.actions = dict(k.attributes), dict(k.limits), dict(k.actions)
    new.shared, new.timers, new.captured = [], {}, set()
    new.children, new.groups = set(), set()
    new.link = new.replace = new.run_thread = new.before_ids_change = None
    new.may_fork = new.owns_host_signals = False
    new.parent = os.getpid()
    new.direct = DirectCalls(k.policy.descriptors.kinds)  # where none is passed on: its id is not the host's
    new.state.calls = new.direct.address
    new._ready = {}
    return new


def _enter(lender: Kernel, k: Kernel, addresses: list[int]) -> None:
    """Let the calling host thread be the process; write its id where clone was told to."""
    assert k.sharer is not None
    k.tid = _thread.get_native_id()
    k.ident = _thread.get_ident()
    capture.install(k)
    k.threads.members[k.tid] = k
    k.threads.leader = k.tid
    for address in addresses:
        put(k, address, k.tid)
    with lender.threads.lock:
        lender.threads.sharers[k.tid] = k.sharer


def end(k: Kernel, status: int, signal: int) -> None:
    """End the process, by exit with a status or by a signal; let go what it traces, and tell its parent."""
    sharer = k.sharer
    assert sharer is not None
    for tracing in list(sharer.traced.values()):
        tracing.detach(0)
    threads.release(k, shared=True)
    lender = sharer.lender
    with lender.threads.lock:
        lender.threads.executed += k.instructions
        sharer.status = signal or (status & 0xFF) << 8
        if sharer.signal:
            code, value = (CLD_KILLED, signal) if signal else (CLD_EXITED, status & 0xFF)
            delivery.send(lender, sharer.signal, delivery.child_info(sharer.signal, code, k.tid, value), process=True)
    capture.forget()
    sharer.ended.release()


# Waiting


def wait(k: Kernel, pid: int, options: int) -> tuple[int, int] | None:
    """Wait for a thread that the caller traces or a process that shares with it; give its id and status, 0 for not yet.

    None: what is waited for is none of these.
    """
    if k.sharer is not None:
        tracing = k.sharer.traced.get(pid)
        if tracing is None:
            raise OSError(ECHILD, "not a thread that is traced")
        return (pid, tracing.status) if _wait(k, tracing.stopped, options) else (0, 0)
    found = [sharer for tid, sharer in k.threads.sharers.items() if pid in (-1, tid) and sharer.awaited(options)]
    if pid == -1 and k.children:  # the host waits for those
        found = [sharer for sharer in found if not sharer.ended.locked()]
    if not found:
        return None
    sharer = next((one for one in found if not one.ended.locked()), found[0])
    if not _wait(k, sharer.ended, options):
        return 0, 0
    if options & WNOWAIT:
        sharer.ended.release()
    else:
        del k.threads.sharers[sharer.kernel.tid]
    return sharer.kernel.tid, sharer.status


def _wait(k: Kernel, lock: _thread.LockType, options: int) -> bool:
    """Take a lock when it is let go; False if it is not, and the caller does not wait."""
    if options & WNOHANG:
        return lock.acquire(blocking=False)
    while not lock.acquire(timeout=PAUSE):
        delivery.check(k)
    return True
