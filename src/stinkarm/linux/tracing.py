"""Tracing: what ptrace does for a process that shares memory with the threads it looks at (linux/sharing.py).

A traced thread stops where it looks at its signals: after a slice, after a call, or in the middle of a call that waits,
which it takes up again. Its registers are in its state block then.
"""

from __future__ import annotations

import _thread
from errno import EFAULT, EINVAL, EIO, ENOSYS, EPERM, ESRCH
from struct import pack

from stinkarm.linux import delivery
from stinkarm.linux.core import general_registers, vfp_registers
from stinkarm.linux.declare import PROCESS, PURE, syscall

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.linux.kernel import Kernel
    from stinkarm.linux.parameters import Address, Pid, PtraceRequest
    from stinkarm.linux.sharing import Sharer

PTRACE_PEEKTEXT, PTRACE_PEEKDATA = 1, 2
PTRACE_CONT = 7
PTRACE_GETREGS = 12
PTRACE_ATTACH, PTRACE_DETACH = 16, 17
PTRACE_GETVFPREGS = 27
PTRACE_GETREGSET = 0x4204
NT_PRSTATUS, NT_ARM_VFP = 1, 0x400
LAST_SIGNAL = 64
STOPPED = 0x7F  # WIFSTOPPED, below the signal


class Tracing:
    """One thread that is traced: `stopped` is let go when it has stopped, `status` is wait4's then."""

    __slots__ = ("_goes", "_is_there", "kernel", "sharer", "status", "stopped", "wanted")

    def __init__(self, sharer: Sharer, kernel: Kernel) -> None:
        self.sharer = sharer
        self.kernel = kernel
        self.status = delivery.SIGSTOP << 8 | STOPPED
        self.stopped = _thread.allocate_lock()
        self.stopped.acquire()
        self._goes = _thread.allocate_lock()
        self._goes.acquire()
        self._is_there = False
        self.wanted = True

    def stop(self) -> None:
        """Stop the calling thread, which is the traced one, if that is wanted."""
        with self.kernel.threads.lock:
            if not self.wanted:
                return
            self._is_there = True
            self.stopped.release()
        self._goes.acquire()

    @property
    def is_stopped(self) -> bool:
        """Say whether the thread has stopped and does not go on by itself."""
        return self._is_there

    def go_on(self, signal: int) -> None:
        """Let the thread go on, with a signal if it is not 0."""
        if signal:
            delivery.send(self.kernel, signal, delivery.kernel_info(signal))
        with self.kernel.threads.lock:
            self.wanted = False
            if self._is_there:
                self._is_there = False
                self.stopped.acquire(blocking=False)  # which nobody may have waited for
                self._goes.release()

    def detach(self, signal: int) -> None:
        """Let the thread go on, and trace it no more."""
        self.sharer.traced.pop(self.kernel.tid, None)
        with self.kernel.threads.lock:
            self.kernel.tracing = None
            self.go_on(signal)


@syscall(
    26,
    PURE,
    partial="Only a process that `clone` has made with CLONE_VM, CLONE_FS and CLONE_FILES may trace, and only the "
    "threads that it shares memory with: ATTACH, CONT, DETACH, GETREGS, GETVFPREGS, GETREGSET and PEEKDATA.",
)
def ptrace(k: Kernel, request: PtraceRequest, pid: Pid, addr: Address, data: Address) -> int:
    """Trace a thread."""
    if k.sharer is None:
        if k.policy.sandboxed:
            k.deny(PROCESS)
            return -EPERM
        if request == PTRACE_ATTACH and pid in k.threads.members:
            return -EPERM
        k.note("ptrace is implemented for a process that shares memory with what it traces only: this answers ENOSYS.")
        return -ENOSYS
    if request == PTRACE_ATTACH:
        return _attach(k.sharer, pid)
    tracing = k.sharer.traced.get(pid)
    if tracing is None or not tracing.is_stopped:
        return -ESRCH
    if request in (PTRACE_CONT, PTRACE_DETACH):
        if data > LAST_SIGNAL:
            return -EIO
        (tracing.detach if request == PTRACE_DETACH else tracing.go_on)(data)
        return 0
    return _read(k, tracing.kernel, request, addr, data)


def _attach(sharer: Sharer, pid: int) -> int:
    lender = sharer.lender
    with lender.threads.lock:
        target = lender.threads.members.get(pid)
        if target is None or target.exit_status is not None:
            return -ESRCH
        if target.tracing is not None:
            return -EPERM
        target.tracing = sharer.traced[pid] = Tracing(sharer, target)
        delivery.notify(target)
    return 0


def _read(k: Kernel, target: Kernel, request: int, addr: int, data: int) -> int:
    """Give registers or memory of a thread that is stopped."""
    if request in (PTRACE_PEEKTEXT, PTRACE_PEEKDATA):
        if addr & 3:
            return -EIO
        k.memory.write(data, k.memory.read(addr, 4))
    elif request == PTRACE_GETREGS:
        k.memory.write(data, pack("<18I", *general_registers(target)))
    elif request == PTRACE_GETVFPREGS:
        k.memory.write(data, vfp_registers(target))
    elif request == PTRACE_GETREGSET:
        if addr not in (NT_PRSTATUS, NT_ARM_VFP):
            return -EINVAL
        registers = pack("<18I", *general_registers(target)) if addr == NT_PRSTATUS else vfp_registers(target)
        base, size = k.memory.read_u32(data), k.memory.read_u32(data + 4)
        if size % 4:
            return -EINVAL
        if not base:
            return -EFAULT
        k.memory.write(base, registers[:size])
        k.write_word(data + 4, min(size, len(registers)))
    else:
        return -EIO
    return 0
