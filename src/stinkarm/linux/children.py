"""Child processes: making them and waiting for them. Threads, which the same calls make, are in linux/threads.py.

A child is a fork of the whole emulator: guest memory is private or shared on the host as it is for the guest, so that
the host's own copy-on-write makes the child's. A child that borrows its parent's memory (vfork, posix_spawn) is a
fork as well; what it changed in memory is given back before the parent goes on (`linux/vfork.py`).
"""

from __future__ import annotations

import os
from errno import ECHILD, EINVAL, ENOSYS, EPERM, ESRCH
from struct import Struct

from stinkarm.guest.native import PyDLL, addressof, c_long, c_void_p, create_string_buffer, get_errno
from stinkarm.guest.signals import SIGKILL
from stinkarm.guest.state import WORD
from stinkarm.linux import host
from stinkarm.linux.declare import CHILD, PURE, syscall

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.linux.kernel import Kernel
    from stinkarm.linux.parameters import (
        Address,
        CloneArgs,
        CloneFlags,
        IdKind,
        In,
        Out,
        Pid,
        Rusage,
        Siginfo,
        Size,
        WaitOptions,
        Word,
    )

# x86-64 numbers: arch/x86/entry/syscalls/syscall_64.tbl
HOST_CLONE = 56
HOST_WAIT4 = 61
HOST_WAITID = 247

PR_GET_TID_ADDRESS = 40

_python = PyDLL(None, use_errno=True)
_python.syscall.restype = c_long
_python.syscall.argtypes = [c_long] * 6
_python.prctl.argtypes = [c_long, c_void_p]

TPIDRURO = WORD["tpidruro"]
SIGCHLD = 17

# include/uapi/linux/sched.h
CSIGNAL = 0xFF
CLONE_VM = 0x100
CLONE_FS = 0x200
CLONE_FILES = 0x400
CLONE_SIGHAND = 0x800
CLONE_PIDFD = 0x1000
CLONE_PTRACE = 0x2000
CLONE_VFORK = 0x4000
CLONE_PARENT = 0x8000
CLONE_THREAD = 0x10000
CLONE_SYSVSEM = 0x40000
CLONE_SETTLS = 0x80000
CLONE_PARENT_SETTID = 0x100000
CLONE_CHILD_CLEARTID = 0x200000
CLONE_DETACHED = 0x400000
CLONE_UNTRACED = 0x800000
CLONE_CHILD_SETTID = 0x1000000
CLONE_IO = 0x80000000
CLONE_CLEAR_SIGHAND = 1 << 32
# NEWTIME NEWNS NEWCGROUP NEWUTS NEWIPC NEWUSER NEWPID NEWNET: what needs privileges.
CLONE_NAMESPACES = 0x80 | 0x20000 | 0x7E000000
# What two processes cannot share here, and INTO_CGROUP.
SHARING = CLONE_VM | CLONE_FS | CLONE_FILES  # linux/sharing.py
UNSUPPORTED = CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_PARENT | 1 << 33
KNOWN3 = 0xFFFFFF00 | CLONE_CLEAR_SIGHAND | 1 << 33

CLONE_ARGS_SIZES = (64, 4096)  # CLONE_ARGS_SIZE_VER0, a page
PARTIAL = (
    "Processes need `--allow-run`, unless they share memory, files and directory, and share no handlers; threads must "
    "share all: else ENOSYS."
)


# Making


@syscall(2, CHILD)
def fork(k: Kernel) -> Pid:
    """Make a child that is a copy of the process."""
    return _make(k, SIGCHLD)


@syscall(
    190,
    CHILD,
    partial="What the child changes in memory is the parent's when the child has ended or run a program; with other "
    "threads, only what is near the stack pointer.",
)
def vfork(k: Kernel) -> Pid:
    """Make a child that borrows the memory; go on when it has ended or runs another program."""
    return _make(k, CLONE_VM | CLONE_VFORK | SIGCHLD)


@syscall(120, PURE, partial=PARTIAL)
def clone(k: Kernel, flags: CloneFlags, stack: Address, parent_tid: Address, tls: Address, child_tid: Address) -> Pid:
    """Make a child or a thread."""
    pidfd = parent_tid if flags & CLONE_PIDFD else 0
    if flags & CLONE_PIDFD and flags & (CLONE_PARENT_SETTID | CLONE_DETACHED):
        return -EINVAL
    return _make(k, flags, stack=stack, tls=tls, parent_tid=parent_tid, child_tid=child_tid, pidfd=pidfd)


@syscall(435, PURE, partial=PARTIAL)
def clone3(k: Kernel, cl_args: In[CloneArgs], size: Size) -> Pid:
    """Make a child or a thread."""
    from stinkarm.linux.structs import CloneArgs as layout

    smallest, largest = CLONE_ARGS_SIZES
    if size > largest:
        return -7  # E2BIG
    if size < smallest:
        return -EINVAL
    data = k.memory.read(cl_args, size)
    if any(data[layout.size :]):
        return -7
    flags, pidfd, child_tid, parent_tid, signal, stack, stack_size, tls, set_tid, set_tid_size, _ = layout.unpack(
        data[: layout.size].ljust(layout.size, b"\0")
    )
    if flags & ~KNOWN3 or flags & CLONE_DETACHED or signal > 64 or bool(stack) != bool(stack_size):
        return -EINVAL
    if (flags & (CLONE_THREAD | CLONE_PARENT) and signal) or bool(set_tid) != bool(set_tid_size):
        return -EINVAL
    if set_tid:
        return -EPERM
    return _make(
        k,
        flags | signal,
        stack=stack + stack_size & 0xFFFFFFFF if stack else 0,
        tls=tls & 0xFFFFFFFF,
        parent_tid=parent_tid & 0xFFFFFFFF,
        child_tid=child_tid & 0xFFFFFFFF,
        pidfd=pidfd & 0xFFFFFFFF if flags & CLONE_PIDFD else 0,
    )


def _make(
    k: Kernel,
    flags: int,
    *,
    stack: int = 0,
    tls: int = 0,
    parent_tid: int = 0,
    child_tid: int = 0,
    pidfd: int = 0,
) -> int:
    """Make a thread, or a child process; 0 in the child."""
    if flags & CLONE_NAMESPACES:
        return -EPERM
    if (flags & CLONE_SIGHAND and not flags & CLONE_VM) or (flags & CLONE_THREAD and not flags & CLONE_SIGHAND):
        return -EINVAL
    if flags & CLONE_THREAD:
        from stinkarm.linux import threads

        return threads.make(k, flags, stack, tls, parent_tid, child_tid)
    if flags & (SHARING | CLONE_VFORK) == SHARING and not flags & (UNSUPPORTED & ~SHARING) and not pidfd:
        from stinkarm.linux import sharing

        return sharing.make(k, flags, stack, tls, parent_tid, child_tid)
    if k.policy.sandboxed and not k.policy.runs:
        k.deny(CHILD)
        return -EPERM
    borrows = bool(flags & CLONE_VM)
    if flags & UNSUPPORTED or (borrows and not flags & CLONE_VFORK):
        k.note("clone for a process that shares more than memory is not implemented: it answers ENOSYS.")
        return -ENOSYS
    if not k.may_fork:
        k.note("children run under the stinkarm command and stinkarm.run only: this answers ENOSYS.")
        return -ENOSYS
    if pidfd:
        k.policy.descriptors.check_room()
    k.family.begin(k.policy.descriptors)
    k.keep_children()
    if k.policy.sandboxed:
        k.policy.descriptors.hide(k.log.share_refusals(), k.log, "refusals")
    link = None
    if flags & CLONE_VFORK:
        from stinkarm.linux.vfork import Link

        link = Link(k, borrows)
    try:
        with (
            k.threads.lock,
            k.policy.descriptors.lock,
            k.memory.lock,
        ):  # which other threads may hold, whom the child will not have
            pid = _copy(flags & CSIGNAL)
            if pid == 0:
                k.begin_child(link)
    except OSError:
        if link is not None:
            link.close()
        raise
    if pid == 0:
        if flags & CLONE_CLEAR_SIGHAND:
            k.actions = {number: action for number, action in k.actions.items() if action[0] == 1}
        if stack:
            k.state.r[13] = stack
        if flags & CLONE_SETTLS:
            k.state.words[TPIDRURO] = tls
        k.clear_child_tid = child_tid if flags & CLONE_CHILD_CLEARTID else 0
        if flags & CLONE_CHILD_SETTID:
            put(k, child_tid, os.getpid())
        return 0
    k.children.add(pid)
    k.family.enter(pid)
    if k.random is not None:
        k.random.branch()  # which is the child's
    if k.tracer is not None:
        k.tracer.begin_family()
    if pidfd:
        fd = os.pidfd_open(pid)
        put(k, pidfd, k.policy.descriptors.add(fd))
    if flags & CLONE_PARENT_SETTID:
        put(k, parent_tid, pid)
    if link is not None:
        link.wait()
    return pid


def _copy(signal: int) -> int:
    """Make a child process whose end sends `signal`, if it is not 0; give its id, or 0 in the child."""
    if signal == SIGCHLD:
        return os.fork()
    # The C library's fork knows no other signal. What it would do in the child: there, the thread has another id.
    address = create_string_buffer(8)
    flags, tid = signal, 0
    if not _python.prctl(PR_GET_TID_ADDRESS, addressof(address)):
        flags |= CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID
        tid = int.from_bytes(address.raw, "little")
    _python.PyOS_BeforeFork()
    pid: int = _python.syscall(HOST_CLONE, flags, 0, 0, tid, 0)
    error = get_errno()
    if pid == 0:
        _python.PyOS_AfterFork_Child()
        return 0
    _python.PyOS_AfterFork_Parent()
    if pid < 0:
        raise OSError(error, os.strerror(error))
    return pid


def put(k: Kernel, address: int, value: int) -> None:
    """Write a number where the kernel does not mind if that fails (put_user whose result is not looked at)."""
    from stinkarm.guest.memory import GuestFault

    try:
        k.write_word(address, value)
    except GuestFault:
        k.note(f"clone could not write to {address:#x}")


# Waiting

WAIT4_OPTIONS = 0xE000000B  # WNOHANG WUNTRACED WCONTINUED __WNOTHREAD __WALL __WCLONE
WAITID_OPTIONS = 0xE100000F
WAITID_EVENTS = 0xE  # WSTOPPED WEXITED WCONTINUED
WNOWAIT = 0x01000000
P_PIDFD = 3
CLD_EXITED, CLD_KILLED, CLD_DUMPED = 1, 2, 3
CLD_ENDED = (CLD_EXITED, CLD_KILLED, CLD_DUMPED)
CORE = 0x80  # in a status: WCOREDUMP
RUSAGE = Struct("<18q")
_siginfo = Struct("<iii4xiIi")  # of x86-64: signo errno code pid uid status
_guest_siginfo = Struct("<iiiiIi")


def _childless(k: Kernel) -> bool:
    """Say whether the guest has no child. What the emulator itself started is not the guest's."""
    return not k.children and not (k.may_fork and not k.policy.sandboxed)


def reap(k: Kernel) -> None:
    """Wait for the children that have ended, for a guest that does not want to."""
    while True:
        try:
            info = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if info is None or info.si_pid not in k.children:
            return
        os.waitid(os.P_PID, info.si_pid, os.WEXITED | os.WNOHANG)
        k.children.discard(info.si_pid)
        _show_end(k, info.si_pid, 0 if info.si_code == CLD_EXITED else info.si_status)


@syscall(114, PURE)
def wait4(k: Kernel, pid: Pid, wstatus: Out[Word], options: WaitOptions, rusage: Out[Rusage]) -> Pid:
    """Wait for a child."""
    if options & ~WAIT4_OPTIONS:
        return -EINVAL
    if pid == -(1 << 31):
        return -ESRCH
    if k.sharer is not None or k.threads.sharers:
        from stinkarm.linux import sharing

        ended = sharing.wait(k, pid, options)
        if ended is not None:
            if ended[0] and wstatus:
                k.write_word(wstatus, ended[1])
            return ended[0]
    if _childless(k):
        return -ECHILD
    status = create_string_buffer(4)
    usage = create_string_buffer(RUSAGE.size)
    while True:
        result = host.call(HOST_WAIT4, pid, addressof(status), options, addressof(usage) if rusage else 0)
        if result <= 0:
            return result
        value = int.from_bytes(status.raw, "little")
        if not k.reaps or value & 0xFF == 0x7F or value == 0xFFFF:
            break
        k.children.discard(result)  # which is as if it had never been there
    if value & 0xFF != 0x7F and value != 0xFFFF:  # neither stopped nor continued
        k.children.discard(result)
        _show_end(k, result, value & 0x7F)
        if value & 0x7F and k.family.has_dumped(result):
            value |= CORE
    if wstatus:
        k.write_word(wstatus, value)
    if rusage:
        _write_rusage(k, rusage, usage.raw)
    return result


def _show_end(k: Kernel, pid: int, signal: int) -> None:
    """Show the end of a child that could not do so itself."""
    if signal == SIGKILL and k.tracer is not None:
        k.tracer.end("killed by SIGKILL", pid)


def _write_rusage(k: Kernel, address: int, usage: bytes) -> None:
    values = RUSAGE.unpack(usage)
    k.memory.write(address, Struct("<18I").pack(*(value & 0xFFFFFFFF for value in values)))


@syscall(280, PURE)
def waitid(k: Kernel, idtype: IdKind, id: Pid, infop: Out[Siginfo], options: WaitOptions, rusage: Out[Rusage]) -> int:
    """Wait for a child."""
    if options & ~WAITID_OPTIONS or not options & WAITID_EVENTS or not 0 <= idtype <= P_PIDFD:
        return -EINVAL
    if (idtype == 1 and id <= 0) or (idtype in (2, P_PIDFD) and id < 0):
        return -EINVAL
    if idtype == P_PIDFD:
        k.policy.descriptors.check(id)
    if _childless(k):
        return -ECHILD
    info = create_string_buffer(128)
    usage = create_string_buffer(RUSAGE.size)
    while True:
        result = host.call(HOST_WAITID, idtype, id, addressof(info), options, addressof(usage) if rusage else 0)
        if result < 0:
            return result
        signal, errno, code, pid, uid, status = _siginfo.unpack_from(info.raw)
        if not (pid and code in CLD_ENDED and k.reaps):
            break
        reap(k)  # also with WNOWAIT
    if code == CLD_KILLED and k.family.has_dumped(pid):
        code = CLD_DUMPED
    if pid and code in CLD_ENDED and not options & WNOWAIT:
        k.children.discard(pid)
        _show_end(k, pid, 0 if code == CLD_EXITED else status)
    if pid and rusage:
        _write_rusage(k, rusage, usage.raw)
    if infop:
        k.memory.write(infop, _guest_siginfo.pack(signal, errno, code, pid, uid, status))
    return 0
