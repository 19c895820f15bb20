"""What the host's kernel is told of the guest, so that its own /proc/PID shows the guest and not the emulator.

The names of threads are the host's (`Kernel.name`). Arguments and variables are shown by /proc/PID/cmdline and environ,
which read them where PR_SET_MM_MAP has said that they are: in guest memory, as they are then. It also keeps where the
program is, for `linux/proc_others.py`, in numbers that the host has no other use for.
"""

from __future__ import annotations

import os
from struct import pack

from stinkarm.guest.memory import GuestFault
from stinkarm.guest.native import addressof, create_string_buffer
from stinkarm.linux import host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.guest.image import Image
    from stinkarm.linux.kernel import Kernel

# x86-64 numbers: arch/x86/entry/syscalls/syscall_64.tbl
HOST_BRK = 12
HOST_PRCTL = 157

# include/uapi/linux/prctl.h
PR_SET_NAME = 15
PR_SET_MM = 35
PR_SET_MM_MAP = 14
NO_FILE = -1  # exe_fd: only who has CAP_SYS_RESOURCE may change it, and not while the program is mapped

START_BRK = 44  # in /proc/self/stat, behind the name: field 47 of `man 5 proc`


def set_name(name: bytes) -> None:
    """Name the calling thread."""
    text = create_string_buffer(name)
    host.call_always(HOST_PRCTL, PR_SET_NAME, addressof(text))


def publish(k: Kernel, image: Image) -> None:
    """Tell the host where the program, its stack, its arguments and its variables are.

    A host that does not take it (it was built without CONFIG_CHECKPOINT_RESTORE) shows the emulator's.
    """
    set_name(k.name)
    fd = os.open("/proc/self/stat", os.O_RDONLY | os.O_CLOEXEC)  # which takes half as long as open()
    start_brk = int(os.read(fd, 1024).rpartition(b")")[2].split()[START_BRK])
    os.close(fd)
    base = k.memory.base
    argv, middle, _, end = strings(k)
    text = pack(
        "<11QQIi",
        *(base + image.start, base + image.end, base, base),  # start_code, end_code, start_data, end_data
        *(start_brk, host.call_always(HOST_BRK), base + k.policy.stack),
        *(base + argv, base + middle, base + middle, base + end),
        *(0, 0, NO_FILE),  # no auxiliary vector
    )
    described = create_string_buffer(text, len(text))
    host.call_always(HOST_PRCTL, PR_SET_MM, PR_SET_MM_MAP, addressof(described), len(text))


def strings(k: Kernel) -> tuple[int, int, int, int]:
    """Give where the arguments and variables are: start and end of each."""
    try:
        start = k.memory.read_u32(k.policy.stack + 4) if k.policy.arguments and k.policy.stack else 0
    except GuestFault:
        start = 0
    if not start:
        return 0, 0, 0, 0
    middle = start + sum(len(text) + 1 for text in k.policy.arguments)
    return start, middle, middle, middle + sum(len(text) + 1 for text in k.policy.variables)


def read_name(tid: int) -> bytes:
    """Give the name of a thread of this process."""
    with open(f"/proc/self/task/{tid}/comm", "rb", buffering=0) as file:
        return file.read(64)[:-1]
