"""The names of flags and numbers that system calls take, as ARM Linux has them; only logs import this.

`BITS` are sets of flags: a mask and names for the part that is one number, then the flags, those of several
bits before those that they contain. `NUMBERS` are plain numbers.
"""

from __future__ import annotations

_Bits = tuple[int, dict[int, str], dict[int, str]]


def _flags(text: str, base: str = "", mask: int = 0) -> _Bits:
    return mask, _numbers(base), _numbers(text)


def _numbers(text: str) -> dict[int, str]:
    """Read "NAME=number NAME NAME", where a name without a number follows on the one before."""
    found: dict[int, str] = {}
    number = -1
    for word in text.split():
        name, equals, value = word.partition("=")
        number = int(value, 0) if equals else number + 1
        found[number] = name
    return found


def _prefixed(prefix: str, text: str) -> dict[int, str]:
    return {number: prefix + name for number, name in _numbers(text).items()}


SIGNALS = _prefixed(
    "SIG",
    "HUP=1 INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN "
    "TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS",
)
SIGNALS |= {number: f"SIGRT_{number - 32}" for number in range(32, 65)}

# siginfo.h: who has sent a signal, then why the kernel has, by the signal.
SI_CODES = {
    **{0: "SI_USER", 0x80: "SI_KERNEL", -1: "SI_QUEUE", -2: "SI_TIMER", -3: "SI_MESGQ", -4: "SI_ASYNCIO"},
    **{-5: "SI_SIGIO", -6: "SI_TKILL"},
}
SI_CODES_OF = {
    "SIGILL": _prefixed("ILL_", "ILLOPC=1 ILLOPN ILLADR ILLTRP PRVOPC PRVREG COPROC BADSTK"),
    "SIGFPE": _prefixed("FPE_", "INTDIV=1 INTOVF FLTDIV FLTOVF FLTUND FLTRES FLTINV FLTSUB"),
    "SIGSEGV": _prefixed("SEGV_", "MAPERR=1 ACCERR"),
    "SIGBUS": _prefixed("BUS_", "ADRALN=1 ADRERR OBJERR"),
    "SIGTRAP": _prefixed("TRAP_", "BRKPT=1 TRACE"),
    "SIGCHLD": _prefixed("CLD_", "EXITED=1 KILLED DUMPED TRAPPED STOPPED CONTINUED"),
    "SIGIO": _prefixed("POLL_", "IN=1 OUT MSG ERR PRI HUP"),
}

# fcntl.h as arch/arm/include/uapi/asm/fcntl.h changes it: DIRECTORY, NOFOLLOW, DIRECT and LARGEFILE differ.
_OPEN = (
    "O_SYNC=0o4010000 O_TMPFILE=0o20040000 O_CREAT=0o100 O_EXCL=0o200 O_NOCTTY=0o400 O_TRUNC=0o1000 "
    "O_APPEND=0o2000 O_NONBLOCK=0o4000 O_DSYNC=0o10000 O_ASYNC=0o20000 O_DIRECTORY=0o40000 "
    "O_NOFOLLOW=0o100000 O_DIRECT=0o200000 O_LARGEFILE=0o400000 O_NOATIME=0o1000000 O_CLOEXEC=0o2000000 "
    "O_PATH=0o10000000"
)
_CLONE = (
    "CLONE_NEWTIME=0x80 CLONE_VM=0x100 CLONE_FS=0x200 CLONE_FILES=0x400 CLONE_SIGHAND=0x800 CLONE_PIDFD=0x1000 "
    "CLONE_PTRACE=0x2000 CLONE_VFORK=0x4000 CLONE_PARENT=0x8000 CLONE_THREAD=0x10000 CLONE_NEWNS=0x20000 "
    "CLONE_SYSVSEM=0x40000 CLONE_SETTLS=0x80000 CLONE_PARENT_SETTID=0x100000 CLONE_CHILD_CLEARTID=0x200000 "
    "CLONE_UNTRACED=0x800000 CLONE_CHILD_SETTID=0x1000000 CLONE_NEWCGROUP=0x2000000 CLONE_NEWUTS=0x4000000 "
    "CLONE_NEWIPC=0x8000000 CLONE_NEWUSER=0x10000000 CLONE_NEWPID=0x20000000 CLONE_NEWNET=0x40000000 "
    "CLONE_IO=0x80000000"
)
_WAIT = "WNOHANG=1 WSTOPPED WEXITED=4 WCONTINUED=8 WNOWAIT=0x1000000 __WNOTHREAD=0x20000000 __WALL=0x40000000 "

BITS: dict[str, _Bits] = {
    "AccessMode": _flags("R_OK=4 W_OK=2 X_OK=1", "F_OK=0", 7),
    "AtFlags": _flags(
        "AT_SYMLINK_NOFOLLOW=0x100 AT_REMOVEDIR=0x200 AT_SYMLINK_FOLLOW=0x400 AT_NO_AUTOMOUNT=0x800 "
        "AT_EMPTY_PATH=0x1000 AT_STATX_FORCE_SYNC=0x2000 AT_STATX_DONT_SYNC=0x4000 AT_RECURSIVE=0x8000"
    ),
    "CloneFlags": _flags(_CLONE, " ".join(f"{name}={number}" for number, name in SIGNALS.items()), 0xFF),
    "ClockFlags": _flags("TIMER_ABSTIME=1"),
    "FallocateMode": _flags(
        "FALLOC_FL_KEEP_SIZE=1 FALLOC_FL_PUNCH_HOLE=2 FALLOC_FL_COLLAPSE_RANGE=8 FALLOC_FL_ZERO_RANGE=16 "
        "FALLOC_FL_INSERT_RANGE=32 FALLOC_FL_UNSHARE_RANGE=64"
    ),
    "FdFlags": _flags("FD_CLOEXEC=1"),
    "FlockOperation": _flags("LOCK_SH=1 LOCK_EX=2 LOCK_NB=4 LOCK_UN=8"),
    "FutexOperation": _flags(
        "FUTEX_PRIVATE_FLAG=128 FUTEX_CLOCK_REALTIME=256",
        "FUTEX_WAIT=0 FUTEX_WAKE FUTEX_FD FUTEX_REQUEUE FUTEX_CMP_REQUEUE FUTEX_WAKE_OP FUTEX_LOCK_PI "
        "FUTEX_UNLOCK_PI FUTEX_TRYLOCK_PI FUTEX_WAIT_BITSET FUTEX_WAKE_BITSET FUTEX_WAIT_REQUEUE_PI "
        "FUTEX_CMP_REQUEUE_PI FUTEX_LOCK_PI2",
        0x7F,
    ),
    "GetrandomFlags": _flags("GRND_NONBLOCK=1 GRND_RANDOM=2 GRND_INSECURE=4"),
    "InotifyMask": _flags(
        "IN_ALL_EVENTS=0xfff IN_ACCESS=1 IN_MODIFY=2 IN_ATTRIB=4 IN_CLOSE_WRITE=8 IN_CLOSE_NOWRITE=0x10 IN_OPEN=0x20 "
        "IN_MOVED_FROM=0x40 IN_MOVED_TO=0x80 IN_CREATE=0x100 IN_DELETE=0x200 IN_DELETE_SELF=0x400 "
        "IN_MOVE_SELF=0x800 IN_ONLYDIR=0x1000000 IN_DONT_FOLLOW=0x2000000 IN_EXCL_UNLINK=0x4000000 "
        "IN_MASK_CREATE=0x10000000 IN_MASK_ADD=0x20000000 IN_ONESHOT=0x80000000"
    ),
    "IpcCommand": _flags("IPC_64=0x100", "IPC_RMID=0 IPC_SET IPC_STAT IPC_INFO", 0xFF),
    "MapFlags": _flags(
        "MAP_FIXED=0x10 MAP_ANONYMOUS=0x20 MAP_GROWSDOWN=0x100 MAP_DENYWRITE=0x800 MAP_EXECUTABLE=0x1000 "
        "MAP_LOCKED=0x2000 MAP_NORESERVE=0x4000 MAP_POPULATE=0x8000 MAP_NONBLOCK=0x10000 MAP_STACK=0x20000 "
        "MAP_HUGETLB=0x40000 MAP_SYNC=0x80000 MAP_FIXED_NOREPLACE=0x100000",
        "MAP_FILE=0 MAP_SHARED MAP_PRIVATE MAP_SHARED_VALIDATE",
        0xF,
    ),
    "MemfdFlags": _flags("MFD_CLOEXEC=1 MFD_ALLOW_SEALING=2 MFD_HUGETLB=4 MFD_NOEXEC_SEAL=8 MFD_EXEC=16"),
    "MlockFlags": _flags("MLOCK_ONFAULT=1"),
    "MlockallFlags": _flags("MCL_CURRENT=1 MCL_FUTURE=2 MCL_ONFAULT=4"),
    "MremapFlags": _flags("MREMAP_MAYMOVE=1 MREMAP_FIXED=2 MREMAP_DONTUNMAP=4"),
    "MsgFlags": _flags(
        "MSG_OOB=1 MSG_PEEK=2 MSG_DONTROUTE=4 MSG_CTRUNC=8 MSG_PROBE=0x10 MSG_TRUNC=0x20 MSG_DONTWAIT=0x40 "
        "MSG_EOR=0x80 MSG_WAITALL=0x100 MSG_FIN=0x200 MSG_SYN=0x400 MSG_CONFIRM=0x800 MSG_RST=0x1000 "
        "MSG_ERRQUEUE=0x2000 MSG_NOSIGNAL=0x4000 MSG_MORE=0x8000 MSG_WAITFORONE=0x10000 MSG_BATCH=0x40000 "
        "MSG_ZEROCOPY=0x4000000 MSG_FASTOPEN=0x20000000 MSG_CMSG_CLOEXEC=0x40000000"
    ),
    "MsyncFlags": _flags("MS_ASYNC=1 MS_INVALIDATE=2 MS_SYNC=4"),
    "OpenFlags": _flags(_OPEN, "O_RDONLY=0 O_WRONLY O_RDWR O_ACCMODE", 3),
    "PipeFlags": _flags("O_NONBLOCK=0o4000 O_DIRECT=0o200000 O_CLOEXEC=0o2000000"),
    "PollEvents": _flags(
        "POLLIN=1 POLLPRI=2 POLLOUT=4 POLLERR=8 POLLHUP=0x10 POLLNVAL=0x20 POLLRDNORM=0x40 POLLRDBAND=0x80 "
        "POLLWRNORM=0x100 POLLWRBAND=0x200 POLLMSG=0x400 POLLREMOVE=0x1000 POLLRDHUP=0x2000"
    ),
    "Protection": _flags(
        "PROT_READ=1 PROT_WRITE=2 PROT_EXEC=4 PROT_SEM=8 PROT_GROWSDOWN=0x1000000 PROT_GROWSUP=0x2000000",
        "PROT_NONE=0",
        0xFFFFFFFF,
    ),
    "RenameFlags": _flags("RENAME_NOREPLACE=1 RENAME_EXCHANGE=2 RENAME_WHITEOUT=4"),
    "RwfFlags": _flags("RWF_HIPRI=1 RWF_DSYNC=2 RWF_SYNC=4 RWF_NOWAIT=8 RWF_APPEND=16"),
    "SigactionFlags": _flags(
        "SA_NOCLDSTOP=1 SA_NOCLDWAIT=2 SA_SIGINFO=4 SA_THIRTYTWO=0x2000000 SA_RESTORER=0x4000000 "
        "SA_ONSTACK=0x8000000 SA_RESTART=0x10000000 SA_NODEFER=0x40000000 SA_RESETHAND=0x80000000"
    ),
    "SigstackFlags": _flags("SS_ONSTACK=1 SS_DISABLE=2 SS_AUTODISARM=0x80000000"),
    "SocketType": _flags(
        "SOCK_NONBLOCK=0o4000 SOCK_CLOEXEC=0o2000000",
        "SOCK_STREAM=1 SOCK_DGRAM SOCK_RAW SOCK_RDM SOCK_SEQPACKET SOCK_DCCP SOCK_PACKET=10",
        0xF,
    ),
    "StatxMask": _flags(
        "STATX_ALL=0xfff STATX_BASIC_STATS=0x7ff STATX_TYPE=1 STATX_MODE=2 STATX_NLINK=4 STATX_UID=8 "
        "STATX_GID=16 STATX_ATIME=32 STATX_MTIME=64 STATX_CTIME=128 STATX_INO=256 STATX_SIZE=512 "
        "STATX_BLOCKS=1024 STATX_BTIME=0x800 STATX_MNT_ID=0x1000 STATX_DIOALIGN=0x2000"
    ),
    "WaitOptions": _flags(_WAIT + "__WCLONE=0x80000000"),
}

NUMBERS: dict[str, dict[int, str]] = {
    "AdviceFlags": _prefixed("POSIX_FADV_", "NORMAL=0 RANDOM SEQUENTIAL WILLNEED DONTNEED NOREUSE"),
    "Clock": _prefixed(
        "CLOCK_",
        "REALTIME=0 MONOTONIC PROCESS_CPUTIME_ID THREAD_CPUTIME_ID MONOTONIC_RAW REALTIME_COARSE "
        "MONOTONIC_COARSE BOOTTIME REALTIME_ALARM BOOTTIME_ALARM TAI=11",
    ),
    "FcntlCommand": _prefixed(
        "F_",
        "DUPFD=0 GETFD SETFD GETFL SETFL GETLK SETLK SETLKW SETOWN GETOWN SETSIG GETSIG GETLK64 SETLK64 SETLKW64 "
        "SETOWN_EX GETOWN_EX GETOWNER_UIDS OFD_GETLK=36 OFD_SETLK OFD_SETLKW SETLEASE=1024 GETLEASE NOTIFY "
        "DUPFD_QUERY CREATED_QUERY DUPFD_CLOEXEC=1030 SETPIPE_SZ GETPIPE_SZ ADD_SEALS GET_SEALS GET_RW_HINT "
        "SET_RW_HINT GET_FILE_RW_HINT SET_FILE_RW_HINT",
    ),
    "IoctlRequest": _numbers(
        "TCGETS=0x5401 TCSETS TCSETSW TCSETSF TCGETA TCSETA TCSETAW TCSETAF TCSBRK TCXONC TCFLSH TIOCEXCL "
        "TIOCNXCL TIOCSCTTY TIOCGPGRP TIOCSPGRP TIOCOUTQ TIOCSTI TIOCGWINSZ TIOCSWINSZ TIOCMGET TIOCMBIS "
        "TIOCMBIC TIOCMSET TIOCGSOFTCAR TIOCSSOFTCAR FIONREAD TIOCLINUX TIOCCONS TIOCGSERIAL TIOCSSERIAL "
        "TIOCPKT FIONBIO TIOCNOTTY TIOCSETD TIOCGETD TCSBRKP TIOCSBRK=0x5427 TIOCCBRK TIOCGSID "
        "TCGETS2=0x802c542a TCSETS2=0x402c542b TCSETSW2=0x402c542c TCSETSF2=0x402c542d TIOCGPTN=0x80045430 "
        "TIOCSPTLCK=0x40045431 TIOCGPTPEER=0x5441 FIONCLEX=0x5450 FIOCLEX FIOASYNC FIOQSIZE=0x545e "
        "FIOGETOWN=0x8903 BLKGETSIZE64=0x80041272 FICLONE=0x40049409 FS_IOC_GETFLAGS=0x80046601 "
        "FS_IOC_SETFLAGS=0x40046602"
    ),
    "ItimerKind": _prefixed("ITIMER_", "REAL=0 VIRTUAL PROF"),
    "IpcKey": {0: "IPC_PRIVATE"},
    "LockType": _prefixed("F_", "RDLCK=0 WRLCK UNLCK"),
    "MadviseAdvice": _prefixed(
        "MADV_",
        "NORMAL=0 RANDOM SEQUENTIAL WILLNEED DONTNEED FREE=8 REMOVE DONTFORK DOFORK MERGEABLE UNMERGEABLE "
        "HUGEPAGE NOHUGEPAGE DONTDUMP DODUMP WIPEONFORK KEEPONFORK COLD PAGEOUT POPULATE_READ POPULATE_WRITE "
        "DONTNEED_LOCKED COLLAPSE HWPOISON=100 SOFT_OFFLINE GUARD_INSTALL GUARD_REMOVE",
    ),
    "PrctlOption": _prefixed(
        "PR_",
        "SET_PDEATHSIG=1 GET_PDEATHSIG GET_DUMPABLE SET_DUMPABLE GET_UNALIGN SET_UNALIGN GET_KEEPCAPS "
        "SET_KEEPCAPS GET_FPEMU SET_FPEMU GET_FPEXC SET_FPEXC GET_TIMING SET_TIMING SET_NAME GET_NAME "
        "GET_ENDIAN=19 SET_ENDIAN GET_SECCOMP SET_SECCOMP CAPBSET_READ CAPBSET_DROP GET_TSC SET_TSC "
        "GET_SECUREBITS SET_SECUREBITS SET_TIMERSLACK GET_TIMERSLACK TASK_PERF_EVENTS_DISABLE "
        "TASK_PERF_EVENTS_ENABLE MCE_KILL MCE_KILL_GET SET_MM SET_CHILD_SUBREAPER GET_CHILD_SUBREAPER "
        "SET_NO_NEW_PRIVS GET_NO_NEW_PRIVS GET_TID_ADDRESS SET_THP_DISABLE GET_THP_DISABLE "
        "CAP_AMBIENT=47 SET_IO_FLUSHER=57 GET_IO_FLUSHER SET_VMA=0x53564d41 SET_PTRACER=0x59616d61",
    ),
    "PtraceRequest": _prefixed(
        "PTRACE_",
        "TRACEME=0 PEEKTEXT PEEKDATA PEEKUSR POKETEXT POKEDATA POKEUSR CONT KILL SINGLESTEP GETREGS=12 SETREGS "
        "GETFPREGS SETFPREGS ATTACH DETACH SYSCALL=24 SETOPTIONS=0x4200 GETEVENTMSG GETSIGINFO SETSIGINFO "
        "GETREGSET SETREGSET SEIZE INTERRUPT LISTEN",
    ),
    "Resource": _prefixed(
        "RLIMIT_",
        "CPU=0 FSIZE DATA STACK CORE RSS NPROC NOFILE MEMLOCK AS LOCKS SIGPENDING MSGQUEUE NICE RTPRIO RTTIME",
    ),
    "SchedPolicy": _prefixed("SCHED_", "OTHER=0 FIFO RR BATCH IDLE=5 DEADLINE EXT"),
    "ShutdownHow": _prefixed("SHUT_", "RD=0 WR RDWR"),
    "SigmaskHow": _prefixed("SIG_", "BLOCK=0 UNBLOCK SETMASK"),
    "Signal": SIGNALS,
    "SocketDomain": _prefixed(
        "AF_", "UNSPEC=0 UNIX INET AX25 IPX APPLETALK INET6=10 NETLINK=16 PACKET ALG=38 VSOCK=40"
    ),
    "SocketLevel": _numbers(
        "SOL_IP=0 SOL_SOCKET IPPROTO_TCP=6 IPPROTO_UDP=17 SOL_IPV6=41 SOL_ICMPV6=58 SOL_RAW=255 SOL_NETLINK=270"
    ),
    "Usage": _prefixed("RUSAGE_", "CHILDREN=-1 SELF THREAD"),
    "Whence": _prefixed("SEEK_", "SET=0 CUR END DATA HOLE"),
}

FILE_TYPES = _numbers(
    "S_IFIFO=0o010000 S_IFCHR=0o020000 S_IFDIR=0o040000 S_IFBLK=0o060000 S_IFREG=0o100000 S_IFLNK=0o120000 "
    "S_IFSOCK=0o140000"
)


def show_number(names: dict[int, str], value: int) -> str:
    """Give the name of a number, or the number."""
    return names.get(value) or (f"{value:#x}" if value > 0xFFFF else str(value))


def show_bits(bits: _Bits, value: int) -> str:
    """Give a set of flags as names joined by |, with what has no name in hexadecimal."""
    mask, base, flags = bits
    value &= 0xFFFFFFFFFFFFFFFF
    words = []
    part = value & mask
    rest = value
    if part in base:
        words.append(base[part])
        rest &= ~part
        if part == 0 and rest and "|" not in base[0] and not base[0].startswith(("O_", "FUTEX_")):
            words.clear()  # F_OK, PROT_NONE and MAP_FILE are the absence of flags
    for flag, name in flags.items():
        if flag and rest & flag == flag:
            words.append(name)
            rest &= ~flag
    if rest or not words:
        words.append(hex(rest) if rest else "0")
    return "|".join(words)


def show_mode(mode: int) -> str:
    """Give permissions in octal."""
    return f"{mode:#05o}".replace("0o", "0", 1) if mode else "000"


def show_file_mode(mode: int) -> str:
    """Give a file's type and permissions."""
    kind = FILE_TYPES.get(mode & 0o170000)
    return f"{kind}|{show_mode(mode & 0o7777)}" if kind else show_mode(mode)
