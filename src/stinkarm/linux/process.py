"""The process: its place among processes, its personality, the machine's name."""

from __future__ import annotations

import os
from errno import EINTR, EINVAL, ENOSYS, EPERM

from stinkarm.linux import host
from stinkarm.linux.declare import CHILD, PURE, SYSTEM, syscall

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.linux.kernel import Kernel
    from stinkarm.linux.parameters import (
        Address,
        Bytes,
        GetrandomFlags,
        Hex,
        In,
        Int,
        Out,
        Pid,
        PrctlOption,
        Size,
        Sysinfo,
        Utsname,
        Word,
    )

# x86-64 numbers: arch/x86/entry/syscalls/syscall_64.tbl
HOST_GETPID = 39
HOST_SYSINFO = 99
HOST_SETPGID = 109
HOST_GETPPID = 110
HOST_GETPGRP = 111
HOST_SETSID = 112
HOST_GETPGID = 121
HOST_GETSID = 124
HOST_SETHOSTNAME = 170
HOST_SETDOMAINNAME = 171
HOST_GETRANDOM = 318

GETRANDOM_MOST = 0x1FFFFFF  # bytes that a call gives: getrandom(2)
HOST_MEMBARRIER = 324

PAGE = 4096
WORD_LIMIT = 1 << 32


@syscall(0, PURE)
def restart_syscall(k: Kernel) -> int:
    """Restart an interrupted call; there is never one to restart, which Linux answers so."""
    return -EINTR


# Identity


@syscall(20, PURE, direct=HOST_GETPID)
def getpid(k: Kernel) -> Pid:
    """Give the process id, which is the host's."""
    return os.getpid() if k.sharer is None else k.tid


@syscall(224, PURE)
def gettid(k: Kernel) -> Pid:
    """Give the thread id, which is the host's."""
    return k.tid


@syscall(64, PURE, direct=HOST_GETPPID)
def getppid(k: Kernel) -> Pid:
    """Give the parent's process id."""
    return os.getppid() if k.sharer is None else k.parent


@syscall(256, PURE)
def set_tid_address(k: Kernel, tidptr: Address) -> Pid:
    """Record where to clear the thread id at the end of the thread; give the thread id."""
    k.clear_child_tid = tidptr
    return k.tid


@syscall(65, PURE, direct=HOST_GETPGRP)
def getpgrp(k: Kernel) -> Pid:
    """Give the process group."""
    return os.getpgrp()


@syscall(132, PURE)
def getpgid(k: Kernel, pid: Pid) -> Pid:
    """Give a process's group."""
    return -EPERM if k.foreign(pid) else host.call(HOST_GETPGID, pid)


@syscall(147, PURE)
def getsid(k: Kernel, pid: Pid) -> Pid:
    """Give a process's session."""
    return -EPERM if k.foreign(pid) else host.call(HOST_GETSID, pid)


@syscall(57, CHILD)
def setpgid(k: Kernel, pid: Pid, pgid: Pid) -> int:
    """Put the process, or a child of it, into a process group."""
    if k.foreign(pid) or (k.policy.sandboxed and pgid not in (0, pid) and not k.owns_group(pgid)):
        return -EPERM
    result = host.call(HOST_SETPGID, pid, pgid)
    if result == 0:
        k.groups.add(pgid or pid or os.getpid())
    return result


@syscall(66, CHILD)
def setsid(k: Kernel) -> Pid:
    """Start a session."""
    result = host.call(HOST_SETSID)
    if result > 0:
        k.groups.add(result)
    return result


# Threads and their locks

ROBUST_LIST_SIZE = 12


@syscall(338, PURE)
def set_robust_list(k: Kernel, head: Address, len: Size) -> int:
    """Record where the thread keeps the list of the locks that it holds."""
    if len != ROBUST_LIST_SIZE:
        return -EINVAL
    k.robust_list = head
    return 0


@syscall(339, PURE)
def get_robust_list(k: Kernel, pid: Pid, head_ptr: Out[Word], len_ptr: Out[Word]) -> int:
    """Give what set_robust_list recorded."""
    thread = k.threads.members.get(pid) if pid else k
    if thread is None:
        return -EPERM
    k.write_word(len_ptr, ROBUST_LIST_SIZE)
    k.write_word(head_ptr, thread.robust_list)
    return 0


@syscall(398, PURE, partial="Answers ENOSYS, as a kernel without restartable sequences.")
def rseq(k: Kernel, rseq: Address, rseq_len: Size, flags: Hex, sig: Hex) -> int:
    """Register a restartable sequence."""
    return -ENOSYS


@syscall(389, PURE)
def membarrier(k: Kernel, cmd: Int, flags: Hex, cpu_id: Int) -> int:
    """Order memory accesses of all threads."""
    return host.call(HOST_MEMBARRIER, cmd, flags, cpu_id)


# prctl: include/uapi/linux/prctl.h
PR_SET_PDEATHSIG = 1
PR_GET_PDEATHSIG = 2
PR_GET_DUMPABLE = 3
PR_SET_DUMPABLE = 4
PR_GET_KEEPCAPS = 7
PR_SET_KEEPCAPS = 8
PR_GET_TIMING = 13
PR_SET_TIMING = 14
PR_SET_NAME = 15
PR_GET_NAME = 16
PR_GET_SECCOMP = 21
PR_CAPBSET_READ = 23
CAP_LAST_CAP = 40
PR_GET_SECUREBITS = 27
PR_SET_TIMERSLACK = 29
PR_GET_TIMERSLACK = 30
PR_SET_CHILD_SUBREAPER = 36
PR_GET_CHILD_SUBREAPER = 37
PR_SET_NO_NEW_PRIVS = 38
PR_GET_NO_NEW_PRIVS = 39
PR_GET_TID_ADDRESS = 40
PR_SET_THP_DISABLE = 41
PR_GET_THP_DISABLE = 42

PR_SET_PTRACER = 0x59616D61
HOST_PRCTL = 157
DEFAULT_TIMER_SLACK = 50_000  # nanoseconds
NAME_SIZE = 16

# Attributes that are kept and have no effect: the option that sets one, and the largest value.
KEPT = {
    PR_SET_PDEATHSIG: 64,
    PR_SET_DUMPABLE: 1,
    PR_SET_KEEPCAPS: 1,
    PR_SET_TIMING: 0,
    PR_SET_TIMERSLACK: 0xFFFFFFFF,
    PR_SET_CHILD_SUBREAPER: 0xFFFFFFFF,
    PR_SET_NO_NEW_PRIVS: 1,
    PR_SET_THP_DISABLE: 0xFFFFFFFF,
}
# The option that answers with one: which, and its value before it is set.
ANSWERED = {
    PR_GET_DUMPABLE: (PR_SET_DUMPABLE, 1),
    PR_GET_KEEPCAPS: (PR_SET_KEEPCAPS, 0),
    PR_GET_TIMING: (PR_SET_TIMING, 0),
    PR_GET_SECCOMP: (0, 0),
    PR_GET_SECUREBITS: (0, 0),
    PR_GET_TIMERSLACK: (PR_SET_TIMERSLACK, DEFAULT_TIMER_SLACK),
    PR_GET_NO_NEW_PRIVS: (PR_SET_NO_NEW_PRIVS, 0),
    PR_GET_THP_DISABLE: (PR_SET_THP_DISABLE, 0),
}
# The option that writes one to memory.
WRITTEN = {PR_GET_PDEATHSIG: PR_SET_PDEATHSIG, PR_GET_CHILD_SUBREAPER: PR_SET_CHILD_SUBREAPER}
# Options whose unused arguments must be zero.
STRICT = (PR_SET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS, PR_SET_THP_DISABLE, PR_GET_THP_DISABLE)


@syscall(
    172,
    PURE,
    partial="Death signal, dumpable, keepcaps, timer slack, subreaper, no_new_privs and THP are kept "
    "and have no effect; options that are not listed here or in prctl's table are EINVAL.",
)
def prctl(k: Kernel, option: PrctlOption, arg2: Hex, arg3: Hex, arg4: Hex, arg5: Hex) -> int:
    """Read or change an attribute of the process."""
    attributes = k.attributes
    if option in STRICT and (arg3 or arg4 or arg5 or (option in ANSWERED and arg2)):
        return -EINVAL
    if option in KEPT:
        if arg2 > KEPT[option] or (option == PR_SET_NO_NEW_PRIVS and not arg2):
            return -EINVAL
        if option == PR_SET_TIMERSLACK and not arg2:
            arg2 = DEFAULT_TIMER_SLACK
        elif option in (PR_SET_CHILD_SUBREAPER, PR_SET_THP_DISABLE):
            arg2 = int(arg2 != 0)
        attributes[option] = arg2
        return 0
    if option in ANSWERED:
        return attributes.get(*ANSWERED[option])
    if option in WRITTEN:
        k.write_word(arg2, attributes.get(WRITTEN[option], 0))
    elif option == PR_GET_TID_ADDRESS:
        k.write_word(arg2, k.clear_child_tid)
    elif option == PR_GET_NAME:
        k.memory.write(arg2, k.name.ljust(NAME_SIZE, b"\0"))
    elif option == PR_SET_NAME:
        k.name = _read_name(k, arg2)
    elif option == PR_SET_PTRACER:
        return 0  # what may trace may do so anyway (linux/tracing.py)
    elif option == PR_CAPBSET_READ and k.policy.fake is not None:
        return 1 if arg2 <= CAP_LAST_CAP else -EINVAL
    elif option == PR_CAPBSET_READ:
        return host.call(HOST_PRCTL, option, arg2)
    else:
        return -EINVAL
    return 0


def _read_name(k: Kernel, address: int) -> bytes:
    """Read up to 15 bytes of a string, as strncpy_from_user does."""
    name = b""
    while len(name) < NAME_SIZE - 1:
        byte = k.memory.read(address + len(name), 1)
        if byte == b"\0":
            break
        name += byte
    return name


PER_MASK = 0xFF
PER_LINUX = 0
PER_LINUX32 = 8  # what it changes, uname's machine, is armv7l already
PERSONALITY_QUERY = 0xFFFFFFFF


@syscall(136, PURE, partial="The flags are kept and have no effect; only PER_LINUX and PER_LINUX32 are accepted.")
def personality(k: Kernel, persona: Hex) -> int:
    """Read or change the execution domain."""
    old = k.personality
    if persona != PERSONALITY_QUERY:
        if persona & PER_MASK not in (PER_LINUX, PER_LINUX32):
            return -EINVAL
        k.personality = persona
    return old


# The machine


@syscall(122, PURE)
def uname(k: Kernel, buf: Out[Utsname]) -> int:
    """Give the names of the system. A sandboxed guest does not learn the host's own name."""
    from stinkarm.linux.structs import Utsname as layout

    nodename, version = "stinkarm", "#1 SMP"
    if not k.policy.sandboxed:
        own = os.uname()
        nodename, version = own.nodename, own.version
    texts = ("Linux", nodename, k.release, version, "armv7l", "(none)")
    layout.write(k.memory, buf, *(text.encode()[:64] for text in texts))
    return 0


@syscall(74, SYSTEM)
def sethostname(k: Kernel, name: In[Bytes], len: Size) -> int:
    """Name the host, if the emulator may."""
    return _set_name(k, HOST_SETHOSTNAME, name, len)


@syscall(121, SYSTEM)
def setdomainname(k: Kernel, name: In[Bytes], len: Size) -> int:
    """Name the host's NIS domain, if the emulator may."""
    return _set_name(k, HOST_SETDOMAINNAME, name, len)


def _set_name(k: Kernel, number: int, name: int, length: int) -> int:
    signed = length - (length >> 31 << 32)
    return host.call(number, k.memory.host(name, length) if signed > 0 else 0, signed)


@syscall(116, PURE)
def sysinfo(k: Kernel, info: Out[Sysinfo]) -> int:
    """Give load, memory and uptime; sizes in units of a page, as they must fit 32 bits."""
    from struct import unpack_from

    from stinkarm.guest.native import addressof, create_string_buffer
    from stinkarm.linux.structs import Sysinfo as layout

    answer = create_string_buffer(112)
    result = host.call(HOST_SYSINFO, addressof(answer))
    if result:
        return result
    uptime, *numbers = unpack_from("=q3Q6QH6x2QI", answer)
    *loads_and_sizes, unit = numbers
    loads, sizes, processes, high = (
        loads_and_sizes[:3],
        loads_and_sizes[3:9],
        loads_and_sizes[9],
        loads_and_sizes[10:],
    )
    if any(size >= WORD_LIMIT for size in sizes) and unit < PAGE:
        sizes, high = ([size * unit // PAGE for size in part] for part in (sizes, high))
        unit = PAGE
    small = [min(size, WORD_LIMIT - 1) for size in (*sizes, processes, *high)]
    layout.write(k.memory, info, uptime, *loads, *small, unit)
    return 0


@syscall(384, PURE)
def getrandom(k: Kernel, buf: Out[Bytes], buflen: Size, flags: GetrandomFlags) -> int:
    """Give random bytes."""
    if k.random is not None:
        host.call(HOST_GETRANDOM, 0, 0, flags)  # which looks at the flags
        size = min(buflen, GETRANDOM_MOST)
        k.memory.write(buf, k.random.take(size))
        return size
    return host.call(HOST_GETRANDOM, k.memory.host(buf, buflen), buflen, flags)
