"""The process: its identity, limits, and end."""

from __future__ import annotations

import os

from stinkarm.linux.declare import PURE, syscall

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.linux.kernel import Kernel
    from stinkarm.linux.parameters import Address, Int, Pid


@syscall(1, PURE)
def exit(k: Kernel, status: Int) -> int:
    """End the thread, which is the only one, and so the process."""
    k.exit_status = status & 0xFF
    return 0


@syscall(248, PURE)
def exit_group(k: Kernel, status: Int) -> int:
    """End the process."""
    k.exit_status = status & 0xFF
    return 0


@syscall(20, PURE)
def getpid(k: Kernel) -> Pid:
    """Give the process id, which is the host's."""
    return os.getpid()


@syscall(64, PURE)
def getppid(k: Kernel) -> Pid:
    """Give the parent's process id."""
    return os.getppid()


@syscall(256, PURE)
def set_tid_address(k: Kernel, tidptr: Address) -> Pid:
    """Record where to clear the thread id at the end of the thread; give the thread id."""
    return os.getpid()
