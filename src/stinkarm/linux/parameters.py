"""The parameter types of system calls, for annotations and the type checker only.

Nothing imports this module at run time. Every type is the plain integer that the register
holds; the name tells `declare.py` how to decode it and `inspect/strace.py` how to show it.
"""

from typing import Generic, TypeAlias, TypeVar

T = TypeVar("T")


class In(int, Generic[T]):
    """The guest address of a T that the call reads."""


class Out(int, Generic[T]):
    """The guest address of a T that the call writes."""


class InOut(int, Generic[T]):
    """The guest address of a T that the call reads and writes."""


# One signed register.
Int: TypeAlias = int
Fd: TypeAlias = int
DirFd: TypeAlias = int  # a descriptor or AT_FDCWD
Pid: TypeAlias = int
Id: TypeAlias = int  # a user or group; -1 leaves it as it is
ItimerKind: TypeAlias = int
IdKind: TypeAlias = int  # P_PID, P_ALL… or PRIO_PROCESS…
Clock: TypeAlias = int
TimerId: TypeAlias = int
Signal: TypeAlias = int
Whence: TypeAlias = int

# One unsigned register.
UInt: TypeAlias = int
Hex: TypeAlias = int
Size: TypeAlias = int
Address: TypeAlias = int
Mode: TypeAlias = int  # file mode, octal
Device: TypeAlias = int

# A register pair.
Off64: TypeAlias = int
U64: TypeAlias = int

# One unsigned register, shown by a table of `inspect/flags.py` of the same name.
AccessMode: TypeAlias = int
AdviceFlags: TypeAlias = int
AtFlags: TypeAlias = int
CloneFlags: TypeAlias = int
ClockFlags: TypeAlias = int
FallocateMode: TypeAlias = int
FcntlCommand: TypeAlias = int
FdFlags: TypeAlias = int
FlockOperation: TypeAlias = int
FutexOperation: TypeAlias = int
GetrandomFlags: TypeAlias = int
InotifyMask: TypeAlias = int
IoctlRequest: TypeAlias = int
IpcCommand: TypeAlias = int
IpcKey: TypeAlias = int
MadviseAdvice: TypeAlias = int
MapFlags: TypeAlias = int
MlockFlags: TypeAlias = int
MlockallFlags: TypeAlias = int
MremapFlags: TypeAlias = int
MsgFlags: TypeAlias = int
MsyncFlags: TypeAlias = int
OpenFlags: TypeAlias = int
PipeFlags: TypeAlias = int
PrctlOption: TypeAlias = int
Protection: TypeAlias = int
PtraceRequest: TypeAlias = int
RenameFlags: TypeAlias = int
Resource: TypeAlias = int
RwfFlags: TypeAlias = int
SchedPolicy: TypeAlias = int
ShutdownHow: TypeAlias = int
SigmaskHow: TypeAlias = int
WaitOptions: TypeAlias = int
OldSigset: TypeAlias = int  # 32 signals; also what In and Out point to
SocketDomain: TypeAlias = int
SocketLevel: TypeAlias = int
SocketType: TypeAlias = int
StatxMask: TypeAlias = int
Usage: TypeAlias = int  # RUSAGE_SELF…


# What In, Out and InOut point to. The length of an array is the parameter after it, or for Out[Bytes] and
# Out[Dirents] the call's result.
class Path:
    """A NUL-terminated file name."""


class String:
    """A NUL-terminated string."""


class Strings:
    """A NULL-terminated array of string addresses."""


class Bytes:
    """Bytes."""


class Word:
    """One 32-bit number."""


class Half:
    """One 16-bit number."""


class HalfIds:
    """An array of 16-bit users or groups."""


class Words:
    """An array of 32-bit numbers."""


class Ids:
    """An array of users or groups."""


class CpuMask:
    """A set of processors; its size in bytes is the parameter before it."""


class FdPair:
    """Two descriptors (pipe, socketpair)."""


class Off:
    """A 64-bit file offset."""


class Sigset:
    """A kernel sigset_t; its size in bytes is the parameter after it."""


class FdSet:
    """A select bit set; its length in bits is the call's first parameter."""


class Iovecs:
    """An array of struct iovec, with the bytes that they name; Out: these are written."""


class Pollfds:
    """An array of struct pollfd."""


class Sockaddr:
    """An address of a socket; its size is the parameter after it, or what that points to."""


class OptionValue:
    """The value of a socket's option; the parameter after it points to its size."""


class Mmsghdrs:
    """An array of struct mmsghdr; its length is the parameter after it."""


class Dirents:
    """Directory entries of getdents64."""


# Structs of `linux/structs.py` of the same name.
class Flock: ...


class Flock64: ...


class Itimerval: ...


class OpenHow: ...


class Rlimit: ...


class Rlimit64: ...


class RobustListHead: ...


class Rusage: ...


class SchedParam: ...


class Sigaction: ...


class StackT: ...


class Stat: ...


class Stat64: ...


class Statfs: ...


class Statfs64: ...


class Statx: ...


class Sysinfo: ...


class Termios: ...


class Timespec: ...


class Timespec64: ...


class TimespecPair: ...


class Timespec64Pair: ...


class Timeval: ...


class TimevalPair: ...


class Timezone: ...


class Timex: ...


class Tms: ...


class Utsname: ...


class Winsize: ...


class CapData: ...


class CapHeader: ...


class SchedAttr: ...


class Siginfo: ...


class OldSigaction: ...


class Timex64: ...


class EpollEvent: ...


class Itimerspec: ...


class Itimerspec64: ...


class CloneArgs: ...


class Sigevent: ...


class Msghdr: ...


class MqAttr: ...


class SelectSigmask: ...


class Termios2: ...


class Dirent: ...


class FOwnerEx: ...
