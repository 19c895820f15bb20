"""Calls that stinkarm does not have yet, declared so that a log shows what they were asked.

In forward mode they answer ENOSYS; what would reach the network, other processes or the system is refused in
the sandbox, as a locked-down host would.
"""

from __future__ import annotations

from errno import ENOSYS

from stinkarm.linux.declare import PROCESS, PURE, SOCKET, SYSTEM, missing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.linux.kernel import Kernel
    from stinkarm.linux.parameters import (
        Address,
        Bytes,
        CloneFlags,
        Fd,
        FdPair,
        Hex,
        In,
        InOut,
        Int,
        Mode,
        Msghdr,
        Out,
        Path,
        Pid,
        PtraceRequest,
        Size,
        SocketDomain,
        SocketType,
        String,
        UInt,
        Word,
    )

# Other processes


@missing(26, PROCESS)
def ptrace(k: Kernel, request: PtraceRequest, pid: Pid, addr: Address, data: Address) -> int:
    """Trace a process."""
    return -ENOSYS


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


# Sockets


@missing(281, SOCKET)
def socket(k: Kernel, domain: SocketDomain, type: SocketType, protocol: Int) -> Fd:
    """Make a socket."""
    return -ENOSYS


@missing(288, SOCKET)
def socketpair(k: Kernel, domain: SocketDomain, type: SocketType, protocol: Int, sv: Out[FdPair]) -> int:
    """Make two connected sockets."""
    return -ENOSYS


@missing(282, SOCKET)
def bind(k: Kernel, sockfd: Fd, addr: In[Bytes], addrlen: Size) -> int:
    """Name a socket."""
    return -ENOSYS


@missing(283, SOCKET)
def connect(k: Kernel, sockfd: Fd, addr: In[Bytes], addrlen: Size) -> int:
    """Connect a socket."""
    return -ENOSYS


@missing(284, SOCKET)
def listen(k: Kernel, sockfd: Fd, backlog: Int) -> int:
    """Accept connections."""
    return -ENOSYS


@missing(285, SOCKET)
def accept(k: Kernel, sockfd: Fd, addr: Address, addrlen: InOut[Word]) -> Fd:
    """Take a connection."""
    return -ENOSYS


@missing(366, SOCKET)
def accept4(k: Kernel, sockfd: Fd, addr: Address, addrlen: InOut[Word], flags: Hex) -> Fd:
    """Take a connection."""
    return -ENOSYS


@missing(289, SOCKET)
def send(k: Kernel, sockfd: Fd, buf: In[Bytes], len: Size, flags: Hex) -> int:
    """Send."""
    return -ENOSYS


@missing(290, SOCKET)
def sendto(k: Kernel, sockfd: Fd, buf: In[Bytes], len: Size, flags: Hex, dest_addr: In[Bytes], addrlen: Size) -> int:
    """Send to an address."""
    return -ENOSYS


@missing(291, SOCKET)
def recv(k: Kernel, sockfd: Fd, buf: Out[Bytes], len: Size, flags: Hex) -> int:
    """Receive."""
    return -ENOSYS


@missing(292, SOCKET)
def recvfrom(
    k: Kernel, sockfd: Fd, buf: Out[Bytes], len: Size, flags: Hex, src_addr: Address, addrlen: InOut[Word]
) -> int:
    """Receive, and learn from whom."""
    return -ENOSYS


@missing(293, SOCKET)
def shutdown(k: Kernel, sockfd: Fd, how: Int) -> int:
    """End a direction of a connection."""
    return -ENOSYS


@missing(294, SOCKET)
def setsockopt(k: Kernel, sockfd: Fd, level: Int, optname: Int, optval: In[Bytes], optlen: Size) -> int:
    """Set an option of a socket."""
    return -ENOSYS


@missing(295, SOCKET)
def getsockopt(k: Kernel, sockfd: Fd, level: Int, optname: Int, optval: Address, optlen: InOut[Word]) -> int:
    """Give an option of a socket."""
    return -ENOSYS


@missing(296, SOCKET)
def sendmsg(k: Kernel, sockfd: Fd, msg: In[Msghdr], flags: Hex) -> int:
    """Send a message."""
    return -ENOSYS


@missing(297, SOCKET)
def recvmsg(k: Kernel, sockfd: Fd, msg: In[Msghdr], flags: Hex) -> int:
    """Receive a message."""
    return -ENOSYS


@missing(374, SOCKET)
def sendmmsg(k: Kernel, sockfd: Fd, msgvec: Address, vlen: UInt, flags: Hex) -> int:
    """Send messages."""
    return -ENOSYS


@missing(365, SOCKET)
def recvmmsg(k: Kernel, sockfd: Fd, msgvec: Address, vlen: UInt, flags: Hex, timeout: Address) -> int:
    """Receive messages."""
    return -ENOSYS


@missing(417, SOCKET)
def recvmmsg_time64(k: Kernel, sockfd: Fd, msgvec: Address, vlen: UInt, flags: Hex, timeout: Address) -> int:
    """Receive messages."""
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


@missing(61, SYSTEM)
def chroot(k: Kernel, path: In[Path]) -> int:
    """Change the root directory."""
    return -ENOSYS


@missing(218, SYSTEM)
def pivot_root(k: Kernel, new_root: In[Path], put_old: In[Path]) -> int:
    """Change the root of the mount namespace."""
    return -ENOSYS


@missing(51, SYSTEM)
def acct(k: Kernel, filename: In[Path]) -> int:
    """Account for processes."""
    return -ENOSYS


@missing(74, SYSTEM)
def sethostname(k: Kernel, name: In[Bytes], len: Size) -> int:
    """Name the host."""
    return -ENOSYS


@missing(121, SYSTEM)
def setdomainname(k: Kernel, name: In[Bytes], len: Size) -> int:
    """Name the host's NIS domain."""
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


# Shared memory, semaphores and queues between processes


@missing(307, PROCESS)
def shmget(k: Kernel, key: Hex, size: Size, shmflg: Mode) -> int:
    """Make or find a shared memory segment."""
    return -ENOSYS


@missing(305, PROCESS)
def shmat(k: Kernel, shmid: Int, shmaddr: Address, shmflg: Hex) -> Address:
    """Map a shared memory segment."""
    return -ENOSYS


@missing(299, PROCESS)
def semget(k: Kernel, key: Hex, nsems: Int, semflg: Mode) -> int:
    """Make or find semaphores."""
    return -ENOSYS


@missing(303, PROCESS)
def msgget(k: Kernel, key: Hex, msgflg: Mode) -> int:
    """Make or find a message queue."""
    return -ENOSYS


@missing(274, PROCESS)
def mq_open(k: Kernel, name: In[String], oflag: Hex, mode: Mode, attr: Address) -> Fd:
    """Open a message queue."""
    return -ENOSYS


# Inside the process


@missing(383, PURE)
def seccomp(k: Kernel, operation: UInt, flags: Hex, args: Address) -> int:
    """Filter system calls."""
    return -ENOSYS
