"""Calls that stinkarm does not have yet, declared so that a log shows what they were asked.

In forward mode they answer ENOSYS; what would reach the network, other processes or the system is refused in
the sandbox, as a locked-down host would.
"""

from __future__ import annotations

from errno import ENOSYS

from stinkarm.linux.declare import PROCESS, PURE, SYSTEM, missing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.linux.kernel import Kernel
    from stinkarm.linux.parameters import (
        Address,
        CloneFlags,
        Fd,
        Hex,
        In,
        Int,
        Path,
        Pid,
        Size,
        String,
        UInt,
    )

# Other processes


@missing(376, PROCESS)
def process_vm_readv(
    k: Kernel, pid: Pid, local_iov: Address, liovcnt: Size, remote_iov: Address, riovcnt: Size, flags: Hex
) -> int:
    """Read another process's memory."""
    return -ENOSYS


@missing(377, PROCESS)
def process_vm_writev(
    k: Kernel, pid: Pid, local_iov: Address, liovcnt: Size, remote_iov: Address, riovcnt: Size, flags: Hex
) -> int:
    """Write another process's memory."""
    return -ENOSYS


@missing(424, PROCESS)
def pidfd_send_signal(k: Kernel, pidfd: Fd, sig: Int, info: Address, flags: Hex) -> int:
    """Send a signal."""
    return -ENOSYS


@missing(434, PROCESS)
def pidfd_open(k: Kernel, pid: Pid, flags: Hex) -> Fd:
    """Open a process."""
    return -ENOSYS


@missing(438, PROCESS)
def pidfd_getfd(k: Kernel, pidfd: Fd, targetfd: Int, flags: Hex) -> Fd:
    """Take a descriptor of another process."""
    return -ENOSYS


# The system


@missing(21, SYSTEM)
def mount(
    k: Kernel, source: In[Path], target: In[Path], filesystemtype: In[String], mountflags: Hex, data: Address
) -> int:
    """Mount a file system."""
    return -ENOSYS


@missing(52, SYSTEM)
def umount2(k: Kernel, target: In[Path], flags: Hex) -> int:
    """Unmount a file system."""
    return -ENOSYS


@missing(218, SYSTEM)
def pivot_root(k: Kernel, new_root: In[Path], put_old: In[Path]) -> int:
    """Change the root of the mount namespace."""
    return -ENOSYS


@missing(51, SYSTEM)
def acct(k: Kernel, filename: In[Path]) -> int:
    """Account for processes."""
    return -ENOSYS


@missing(87, SYSTEM)
def swapon(k: Kernel, path: In[Path], swapflags: Hex) -> int:
    """Begin swapping to a file."""
    return -ENOSYS


@missing(115, SYSTEM)
def swapoff(k: Kernel, path: In[Path]) -> int:
    """Stop swapping to a file."""
    return -ENOSYS


@missing(88, SYSTEM)
def reboot(k: Kernel, magic: Hex, magic2: Hex, cmd: Hex, arg: Address) -> int:
    """Restart the machine."""
    return -ENOSYS


@missing(103, SYSTEM)
def syslog(k: Kernel, type: Int, bufp: Address, len: Int) -> int:
    """Read the kernel's log."""
    return -ENOSYS


@missing(111, SYSTEM)
def vhangup(k: Kernel) -> int:
    """Hang up the terminal."""
    return -ENOSYS


@missing(128, SYSTEM)
def init_module(k: Kernel, module_image: Address, len: Size, param_values: In[String]) -> int:
    """Load a kernel module."""
    return -ENOSYS


@missing(379, SYSTEM)
def finit_module(k: Kernel, fd: Fd, param_values: In[String], flags: Hex) -> int:
    """Load a kernel module."""
    return -ENOSYS


@missing(129, SYSTEM)
def delete_module(k: Kernel, name: In[String], flags: Hex) -> int:
    """Unload a kernel module."""
    return -ENOSYS


@missing(337, SYSTEM)
def unshare(k: Kernel, flags: CloneFlags) -> int:
    """Leave namespaces."""
    return -ENOSYS


@missing(375, SYSTEM)
def setns(k: Kernel, fd: Fd, nstype: CloneFlags) -> int:
    """Enter a namespace."""
    return -ENOSYS


@missing(386, SYSTEM)
def bpf(k: Kernel, cmd: Int, attr: Address, size: UInt) -> int:
    """Run programs in the kernel."""
    return -ENOSYS


@missing(364, SYSTEM)
def perf_event_open(k: Kernel, attr: Address, pid: Pid, cpu: Int, group_fd: Fd, flags: Hex) -> Fd:
    """Measure performance."""
    return -ENOSYS


@missing(383, PURE)
def seccomp(k: Kernel, operation: UInt, flags: Hex, args: Address) -> int:
    """Filter system calls."""
    return -ENOSYS
