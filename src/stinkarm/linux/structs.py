"""The structs of the ARM EABI that system calls read and write, as the kernel headers lay them out.

A field is "name:code@offset", with the codes of the `struct` module ("3I" is an array of three); what no
field covers is padding, written as zeros. Each is named as the annotations of system calls name it.
`tests/linux/abi/` compares every size and offset with what a C program compiled for ARM prints.
"""

from __future__ import annotations

from struct import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from stinkarm.guest.memory import Memory


class Layout:
    """One struct: its C name, its size in bytes, its fields.

    `pack` and `unpack` take and give the fields' values in order, an array's one after the other.
    """

    __slots__ = ("_fields", "_struct", "fields_text", "name", "size")

    def __init__(self, name: str, size: int, fields: str) -> None:
        self.name = name
        self.size = size
        self.fields_text = fields
        self._fields: list[tuple[str, str, int]] | None = None
        self._struct: Struct | None = None

    @property
    def fields(self) -> list[tuple[str, str, int]]:
        """The fields: name, code, offset."""
        if self._fields is None:
            self._fields = []
            for row in self.fields_text.split():
                name, _, place = row.partition(":")
                code, _, offset = place.partition("@")
                self._fields.append((name, code, int(offset)))
        return self._fields

    @property
    def struct(self) -> Struct:
        """The `struct.Struct` of it."""
        if self._struct is None:
            text = "<"
            end = 0
            for name, code, offset in self.fields:
                if offset < end:
                    raise ValueError(f"Field {name} of {self.name} starts at {offset}, before {end}.")
                text += f"{offset - end}x{code}"
                end = offset + Struct("<" + code).size
            self._struct = Struct(f"{text}{self.size - end}x")
        return self._struct

    def pack(self, *values: Any) -> bytes:
        """Give the bytes of one struct; numbers must fit their fields."""
        return self.struct.pack(*values)

    def unpack(self, data: Any) -> tuple[Any, ...]:
        """Give the values of one struct."""
        return self.struct.unpack(data)

    def read(self, memory: Memory, address: int) -> tuple[Any, ...]:
        """Give the values of the struct at a guest address; raise GuestFault where it cannot be read."""
        return self.struct.unpack(memory.read(address, self.size))

    def write(self, memory: Memory, address: int, *values: Any) -> None:
        """Write a struct to a guest address; raise GuestFault where it cannot be written."""
        memory.write(address, self.struct.pack(*values))

    def __repr__(self) -> str:
        return f"Layout({self.name}, {self.size} bytes)"


# Time: asm/posix_types.h, linux/time.h, linux/time_types.h, linux/timex.h
Timespec = Layout("struct old_timespec32", 8, "tv_sec:i@0 tv_nsec:i@4")
Timespec64 = Layout("struct __kernel_timespec", 16, "tv_sec:q@0 tv_nsec:q@8")
TimespecPair = Layout(
    "struct old_timespec32[2]", 16, "atime.tv_sec:i@0 atime.tv_nsec:i@4 mtime.tv_sec:i@8 mtime.tv_nsec:i@12"
)
Timespec64Pair = Layout(
    "struct __kernel_timespec[2]",
    32,
    "atime.tv_sec:q@0 atime.tv_nsec:q@8 mtime.tv_sec:q@16 mtime.tv_nsec:q@24",
)
Timeval = Layout("struct timeval", 8, "tv_sec:i@0 tv_usec:i@4")
TimevalPair = Layout("struct timeval[2]", 16, "atime.tv_sec:i@0 atime.tv_usec:i@4 mtime.tv_sec:i@8 mtime.tv_usec:i@12")
Timezone = Layout("struct timezone", 8, "tz_minuteswest:i@0 tz_dsttime:i@4")
Itimerval = Layout(
    "struct itimerval",
    16,
    "it_interval.tv_sec:i@0 it_interval.tv_usec:i@4 it_value.tv_sec:i@8 it_value.tv_usec:i@12",
)
Itimerspec = Layout(
    "struct old_itimerspec32",
    16,
    "it_interval.tv_sec:i@0 it_interval.tv_nsec:i@4 it_value.tv_sec:i@8 it_value.tv_nsec:i@12",
)
Itimerspec64 = Layout(
    "struct __kernel_itimerspec",
    32,
    "it_interval.tv_sec:q@0 it_interval.tv_nsec:q@8 it_value.tv_sec:q@16 it_value.tv_nsec:q@24",
)
Tms = Layout("struct tms", 16, "tms_utime:i@0 tms_stime:i@4 tms_cutime:i@8 tms_cstime:i@12")
Timex = Layout(
    "struct old_timex32",
    128,
    "modes:I@0 offset:i@4 freq:i@8 maxerror:i@12 esterror:i@16 status:i@20 constant:i@24 precision:i@28 "
    "tolerance:i@32 time.tv_sec:i@36 time.tv_usec:i@40 tick:i@44 ppsfreq:i@48 jitter:i@52 shift:i@56 "
    "stabil:i@60 jitcnt:i@64 calcnt:i@68 errcnt:i@72 stbcnt:i@76 tai:i@80",
)
Timex64 = Layout(
    "struct __kernel_timex",
    208,
    "modes:I@0 offset:q@8 freq:q@16 maxerror:q@24 esterror:q@32 status:i@40 constant:q@48 precision:q@56 "
    "tolerance:q@64 time.tv_sec:q@72 time.tv_usec:q@80 tick:q@88 ppsfreq:q@96 jitter:q@104 shift:i@112 "
    "stabil:q@120 jitcnt:q@128 calcnt:q@136 errcnt:q@144 stbcnt:q@152 tai:i@160",
)

# Files: asm/stat.h, linux/stat.h, asm/statfs.h, linux/dirent.h, asm/fcntl.h, linux/openat2.h, linux/uio.h
Stat = Layout(
    "struct stat",
    64,
    "st_dev:I@0 st_ino:I@4 st_mode:H@8 st_nlink:H@10 st_uid:H@12 st_gid:H@14 st_rdev:I@16 st_size:I@20 "
    "st_blksize:I@24 st_blocks:I@28 st_atime:I@32 st_atime_nsec:I@36 st_mtime:I@40 st_mtime_nsec:I@44 "
    "st_ctime:I@48 st_ctime_nsec:I@52",
)
Stat64 = Layout(
    "struct stat64",
    104,
    "st_dev:Q@0 __st_ino:I@12 st_mode:I@16 st_nlink:I@20 st_uid:I@24 st_gid:I@28 st_rdev:Q@32 st_size:q@48 "
    "st_blksize:I@56 st_blocks:Q@64 st_atime:I@72 st_atime_nsec:I@76 st_mtime:I@80 st_mtime_nsec:I@84 "
    "st_ctime:I@88 st_ctime_nsec:I@92 st_ino:Q@96",
)
Statx = Layout(
    "struct statx",
    256,
    "stx_mask:I@0 stx_blksize:I@4 stx_attributes:Q@8 stx_nlink:I@16 stx_uid:I@20 stx_gid:I@24 stx_mode:H@28 "
    "stx_ino:Q@32 stx_size:Q@40 stx_blocks:Q@48 stx_attributes_mask:Q@56 stx_atime.tv_sec:q@64 "
    "stx_atime.tv_nsec:I@72 stx_btime.tv_sec:q@80 stx_btime.tv_nsec:I@88 stx_ctime.tv_sec:q@96 "
    "stx_ctime.tv_nsec:I@104 stx_mtime.tv_sec:q@112 stx_mtime.tv_nsec:I@120 stx_rdev_major:I@128 "
    "stx_rdev_minor:I@132 stx_dev_major:I@136 stx_dev_minor:I@140 stx_mnt_id:Q@144 stx_dio_mem_align:I@152 "
    "stx_dio_offset_align:I@156",
)
Statfs = Layout(
    "struct statfs",
    64,
    "f_type:I@0 f_bsize:I@4 f_blocks:I@8 f_bfree:I@12 f_bavail:I@16 f_files:I@20 f_ffree:I@24 f_fsid:2I@28 "
    "f_namelen:I@36 f_frsize:I@40 f_flags:I@44",
)
Statfs64 = Layout(
    "struct statfs64",
    84,
    "f_type:I@0 f_bsize:I@4 f_blocks:Q@8 f_bfree:Q@16 f_bavail:Q@24 f_files:Q@32 f_ffree:Q@40 f_fsid:2I@48 "
    "f_namelen:I@56 f_frsize:I@60 f_flags:I@64",
)
Dirent = Layout("struct linux_dirent", 10, "d_ino:I@0 d_off:I@4 d_reclen:H@8")  # then the name
Dirent64 = Layout("struct linux_dirent64", 19, "d_ino:Q@0 d_off:q@8 d_reclen:H@16 d_type:B@18")  # then the name
Flock = Layout("struct flock", 16, "l_type:h@0 l_whence:h@2 l_start:i@4 l_len:i@8 l_pid:i@12")
Flock64 = Layout("struct flock64", 32, "l_type:h@0 l_whence:h@2 l_start:q@8 l_len:q@16 l_pid:i@24")
FOwnerEx = Layout("struct f_owner_ex", 8, "type:i@0 pid:i@4")
OpenHow = Layout("struct open_how", 24, "flags:Q@0 mode:Q@8 resolve:Q@16")
Iovec = Layout("struct iovec", 8, "iov_base:I@0 iov_len:I@4")
Pollfd = Layout("struct pollfd", 8, "fd:i@0 events:h@4 revents:h@6")
EpollEvent = Layout("struct epoll_event", 16, "events:I@0 data:Q@8")
SelectSigmask = Layout("the last argument of pselect6", 8, "ss:I@0 ss_len:I@4")

# Terminals: asm/termbits.h, asm/termios.h
Termios = Layout("struct termios", 36, "c_iflag:I@0 c_oflag:I@4 c_cflag:I@8 c_lflag:I@12 c_line:B@16 c_cc:19s@17")
Termios2 = Layout(
    "struct termios2",
    44,
    "c_iflag:I@0 c_oflag:I@4 c_cflag:I@8 c_lflag:I@12 c_line:B@16 c_cc:19s@17 c_ispeed:I@36 c_ospeed:I@40",
)
Winsize = Layout("struct winsize", 8, "ws_row:H@0 ws_col:H@2 ws_xpixel:H@4 ws_ypixel:H@6")

# The process and the machine: linux/resource.h linux/utsname.h linux/sysinfo.h linux/sched.h linux/futex.h
Rlimit = Layout("struct rlimit", 8, "rlim_cur:I@0 rlim_max:I@4")
Rlimit64 = Layout("struct rlimit64", 16, "rlim_cur:Q@0 rlim_max:Q@8")
Rusage = Layout(
    "struct rusage",
    72,
    "ru_utime.tv_sec:i@0 ru_utime.tv_usec:i@4 ru_stime.tv_sec:i@8 ru_stime.tv_usec:i@12 ru_maxrss:i@16 "
    "ru_ixrss:i@20 ru_idrss:i@24 ru_isrss:i@28 ru_minflt:i@32 ru_majflt:i@36 ru_nswap:i@40 ru_inblock:i@44 "
    "ru_oublock:i@48 ru_msgsnd:i@52 ru_msgrcv:i@56 ru_nsignals:i@60 ru_nvcsw:i@64 ru_nivcsw:i@68",
)
Sysinfo = Layout(
    "struct sysinfo",
    64,
    "uptime:i@0 loads:3I@4 totalram:I@16 freeram:I@20 sharedram:I@24 bufferram:I@28 totalswap:I@32 "
    "freeswap:I@36 procs:H@40 totalhigh:I@44 freehigh:I@48 mem_unit:I@52",
)
Utsname = Layout(
    "struct new_utsname",
    390,
    "sysname:65s@0 nodename:65s@65 release:65s@130 version:65s@195 machine:65s@260 domainname:65s@325",
)
SchedParam = Layout("struct sched_param", 4, "sched_priority:i@0")
SchedAttr = Layout(
    "struct sched_attr",
    56,
    "size:I@0 sched_policy:I@4 sched_flags:Q@8 sched_nice:i@16 sched_priority:I@20 sched_runtime:Q@24 "
    "sched_deadline:Q@32 sched_period:Q@40 sched_util_min:I@48 sched_util_max:I@52",
)
RobustListHead = Layout("struct robust_list_head", 12, "list.next:I@0 futex_offset:i@4 list_op_pending:I@8")
CloneArgs = Layout(
    "struct clone_args",
    88,
    "flags:Q@0 pidfd:Q@8 child_tid:Q@16 parent_tid:Q@24 exit_signal:Q@32 stack:Q@40 stack_size:Q@48 tls:Q@56 "
    "set_tid:Q@64 set_tid_size:Q@72 cgroup:Q@80",
)
CapHeader = Layout("struct __user_cap_header_struct", 8, "version:I@0 pid:i@4")
CapData = Layout("struct __user_cap_data_struct", 12, "effective:I@0 permitted:I@4 inheritable:I@8")

# Signals: asm/signal.h, asm/siginfo.h, asm/sigcontext.h
Sigaction = Layout("struct sigaction", 20, "sa_handler:I@0 sa_flags:I@4 sa_restorer:I@8 sa_mask:Q@12")
OldSigaction = Layout("struct old_sigaction", 16, "sa_handler:I@0 sa_mask:I@4 sa_flags:I@8 sa_restorer:I@12")
StackT = Layout("stack_t", 12, "ss_sp:I@0 ss_flags:i@4 ss_size:I@8")
Siginfo = Layout("siginfo_t", 128, "si_signo:i@0 si_errno:i@4 si_code:i@8 si_pid:i@12 si_uid:I@16 si_value:I@20")
Sigevent = Layout("struct sigevent", 64, "sigev_value:I@0 sigev_signo:i@4 sigev_notify:i@8 sigev_notify_thread_id:i@12")
Sigcontext = Layout(
    "struct sigcontext",
    84,
    "trap_no:I@0 error_code:I@4 oldmask:I@8 arm_r0:I@12 arm_r1:I@16 arm_r2:I@20 arm_r3:I@24 arm_r4:I@28 "
    "arm_r5:I@32 arm_r6:I@36 arm_r7:I@40 arm_r8:I@44 arm_r9:I@48 arm_r10:I@52 arm_fp:I@56 arm_ip:I@60 "
    "arm_sp:I@64 arm_lr:I@68 arm_pc:I@72 arm_cpsr:I@76 fault_address:I@80",
)

# Sockets: linux/socket.h
Msghdr = Layout(
    "struct user_msghdr",
    28,
    "msg_name:I@0 msg_namelen:i@4 msg_iov:I@8 msg_iovlen:I@12 msg_control:I@16 msg_controllen:I@20 msg_flags:I@24",
)
Mmsghdr = Layout("struct mmsghdr", 32, "msg_hdr:28s@0 msg_len:I@28")
Cmsghdr = Layout("struct compat_cmsghdr", 12, "cmsg_len:I@0 cmsg_level:i@4 cmsg_type:i@8")  # then the data


# Objects between processes: asm-generic/ipcbuf.h shmbuf.h sembuf.h msgbuf.h, linux/shm.h sem.h msg.h mqueue.h
def _permissions(prefix: str) -> str:
    return " ".join(prefix + field for field in _PERM.split()) + " "


_PERM = "key:I@0 uid:I@4 gid:I@8 cuid:I@12 cgid:I@16 mode:H@20 seq:H@24"
Ipc64Perm = Layout("struct ipc64_perm", 36, _PERM)
Shmid64Ds = Layout(
    "struct shmid64_ds",
    84,
    _permissions("shm_perm.")
    + "shm_segsz:I@36 shm_atime:I@40 shm_atime_high:I@44 shm_dtime:I@48 shm_dtime_high:I@52 shm_ctime:I@56 "
    "shm_ctime_high:I@60 shm_cpid:i@64 shm_lpid:i@68 shm_nattch:I@72",
)
Semid64Ds = Layout(
    "struct semid64_ds",
    64,
    _permissions("sem_perm.") + "sem_otime:I@36 sem_otime_high:I@40 sem_ctime:I@44 sem_ctime_high:I@48 sem_nsems:I@52",
)
Msqid64Ds = Layout(
    "struct msqid64_ds",
    88,
    _permissions("msg_perm.")
    + "msg_stime:I@36 msg_stime_high:I@40 msg_rtime:I@44 msg_rtime_high:I@48 msg_ctime:I@52 msg_ctime_high:I@56 "
    "msg_cbytes:I@60 msg_qnum:I@64 msg_qbytes:I@68 msg_lspid:i@72 msg_lrpid:i@76",
)
Shminfo64 = Layout("struct shminfo64", 36, "shmmax:I@0 shmmin:I@4 shmmni:I@8 shmseg:I@12 shmall:I@16")
ShmInfo = Layout(
    "struct shm_info",
    24,
    "used_ids:i@0 shm_tot:I@4 shm_rss:I@8 shm_swp:I@12 swap_attempts:I@16 swap_successes:I@20",
)
Seminfo = Layout(
    "struct seminfo",
    40,
    "semmap:i@0 semmni:i@4 semmns:i@8 semmnu:i@12 semmsl:i@16 semopm:i@20 semume:i@24 semusz:i@28 "
    "semvmx:i@32 semaem:i@36",
)
Msginfo = Layout(
    "struct msginfo",
    32,
    "msgpool:i@0 msgmap:i@4 msgmax:i@8 msgmnb:i@12 msgmni:i@16 msgssz:i@20 msgtql:i@24 msgseg:H@28",
)
MqAttr = Layout("struct mq_attr", 32, "mq_flags:i@0 mq_maxmsg:i@4 mq_msgsize:i@8 mq_curmsgs:i@12")
