"""The end of a thread, and of the process: apart from linux/process.py, because every program comes here."""

from __future__ import annotations

from stinkarm.linux.declare import PURE, syscall

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.linux.kernel import Kernel
    from stinkarm.linux.parameters import Int


@syscall(1, PURE)
def exit(k: Kernel, status: Int) -> int:
    """End the thread, and the process if there is no other."""
    k.leaves = not k.threads.alone
    k.exit_status = status & 0xFF
    return status  # which leaves r0 as the program's end is to be shown


@syscall(248, PURE)
def exit_group(k: Kernel, status: Int) -> int:
    """End the process."""
    k.exit_status = status & 0xFF
    return status  # which leaves r0 as the program's end is to be shown
