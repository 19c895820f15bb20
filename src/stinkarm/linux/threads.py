"""Threads: making one, and what the kernel does when one ends.

A guest thread is a host thread, which runs in parallel with the others whenever it is not in Python. Its id is the
host thread's, so that the host's futexes, clocks and scheduler mean the same one.
"""

from __future__ import annotations

import _thread
from errno import EAGAIN, EINVAL, ENOSYS

from stinkarm.guest.memory import GuestFault
from stinkarm.linux import capture, delivery, host, robust
from stinkarm.linux.children import (
    CLONE_CHILD_CLEARTID,
    CLONE_CHILD_SETTID,
    CLONE_FILES,
    CLONE_FS,
    CLONE_PARENT_SETTID,
    CLONE_PIDFD,
    CLONE_SETTLS,
    CLONE_VFORK,
    TPIDRURO,
    put,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from stinkarm.linux.kernel import Kernel

HOST_PAUSE = 34  # arch/x86/entry/syscalls/syscall_64.tbl

SHARED = CLONE_FS | CLONE_FILES

MAX_THREADS = 4096
STACK_SIZE = 4 << 20  # of the host thread, for Python; the guest's stack is elsewhere


# Making


def make(k: Kernel, flags: int, stack: int, tls: int, parent_tid: int, child_tid: int) -> int:
    """Start a thread; give its id."""
    if flags & CLONE_PIDFD:
        return -EINVAL
    if flags & SHARED != SHARED or flags & CLONE_VFORK:
        k.note("clone for a thread with files of its own, or that is waited for, is not implemented: ENOSYS.")
        return -ENOSYS
    if k.run_thread is None:
        k.note("threads run under the stinkarm command and stinkarm.run only: this answers ENOSYS.")
        return -ENOSYS
    if len(k.threads.members) >= MAX_THREADS:
        return -EAGAIN
    if not k.threads.several:
        begin(k)
    new = k.new_thread()
    state = new.state
    state.r[0] = 0
    if stack:
        state.r[13] = stack
    if flags & CLONE_SETTLS:
        state.words[TPIDRURO] = tls
    if flags & CLONE_CHILD_CLEARTID:
        new.clear_child_tid = child_tid
    addresses = []
    if flags & CLONE_PARENT_SETTID:
        addresses.append(parent_tid)
    if flags & CLONE_CHILD_SETTID:
        addresses.append(child_tid)
    started = _thread.allocate_lock()
    started.acquire()

    def run() -> None:
        try:
            _enter(new, addresses)
        finally:
            started.release()
        assert new.run_thread is not None
        new.run_thread(new)

    try:
        _thread.start_new_thread(run, ())
    except RuntimeError:  # the host has no more
        return -EAGAIN
    with started:
        return new.tid


def begin(k: Kernel) -> None:
    """Make ready for a second thread."""
    capture.install(k)
    capture.prepare_to_wake()
    k.ident = _thread.get_ident()
    _thread.stack_size(STACK_SIZE)
    k.policy.descriptors.begin_threads()
    k.threads.several = True


def _enter(k: Kernel, addresses: list[int]) -> None:
    """Let the calling host thread be a guest's; write its id where clone was told to."""
    k.tid = _thread.get_native_id()
    k.ident = _thread.get_ident()
    capture.install(k)
    for address in addresses:
        put(k, address, k.tid)
    with k.threads.lock:
        k.threads.members[k.tid] = k
        if k.threads.over:
            stop(k)
        elif k.shared:
            k.attention = True


# Ending


def stop(k: Kernel) -> None:
    """Make a thread stop that the end of the process finds running."""
    k.leaves = True
    k.exit_status = 0
    delivery.notify(k)


def claim_end(k: Kernel) -> bool:
    """End the process, on behalf of its last thread or of the one that ends it; False if another thread has."""
    with k.threads.lock:
        if k.threads.over:
            return False
        k.threads.over = True
        others = [thread for thread in k.threads.members.values() if thread is not k]
        for thread in others:
            stop(thread)
    for thread in (k, *others):
        if thread.holds_robust_locks:
            robust.walk(thread)
    return True


def leave(k: Kernel) -> bool:
    """End the thread: release what it holds. True: it was the last one.

    The id that is cleared tells the guest that the stack is free, so nothing of the guest's runs after that.
    """
    release(k, shared=not k.threads.alone)
    with k.threads.lock:
        del k.threads.members[k.tid]
        k.threads.executed += k.instructions
        delivery.pass_on(k, (1 << 64) - 1)
        return not k.threads.members


def release(k: Kernel, *, shared: bool) -> None:
    """Let go what a thread that ends holds; with `shared` memory, clear its id."""
    if k.holds_robust_locks:
        robust.walk(k)
    if k.clear_child_tid and shared:
        try:
            k.write_word(k.clear_child_tid, 0)
        except GuestFault:
            pass
        else:
            robust.wake(k, k.clear_child_tid)
    robust.forget(k)


def park(k: Kernel) -> NoReturn:
    """Wait for the end of the process in its first host thread, whose guest thread has ended; pass signals on."""
    while True:
        host.call_once(HOST_PAUSE)
        delivery.collect(k)
