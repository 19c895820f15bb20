/* Print the size of every struct in linux/structs.py and the offset and size of its fields, as the ARM EABI has
 * them. layout.txt is what this printed:
 *
 *     arm-linux-gnueabi-gcc -static -o layout layout.c && qemu-arm ./layout > layout.txt
 *
 * Only kernel headers are used, so that no C library type stands in for a kernel one.
 */
#include <asm/fcntl.h>
#include <asm/poll.h>
#include <asm/sigcontext.h>
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <asm/stat.h>
#include <asm/statfs.h>
#include <asm/termbits.h>
#include <asm/termios.h>
#include <linux/capability.h>
#include <linux/eventpoll.h>
#include <linux/futex.h>
#include <linux/mqueue.h>
#include <linux/msg.h>
#include <linux/openat2.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <linux/sem.h>
#include <linux/shm.h>
#include <linux/stat.h>
#include <linux/sysinfo.h>
#include <linux/time.h>
#include <linux/time_types.h>
#include <linux/times.h>
#include <linux/timex.h>
#include <linux/uio.h>
#include <linux/utsname.h>

int printf(const char *, ...);

/* Kernel structs that no header for programs has. */
struct linux_dirent { unsigned long d_ino, d_off; unsigned short d_reclen; char d_name[]; }; /* fs/readdir.c */
struct linux_dirent64 { __u64 d_ino; __s64 d_off; unsigned short d_reclen; unsigned char d_type; char d_name[]; }; /* linux/dirent.h */
#undef sa_handler
struct kernel_sigaction { void *sa_handler; unsigned long sa_flags; void *sa_restorer; unsigned long sa_mask[2]; }; /* linux/signal_types.h */
struct old_sigaction { void *sa_handler; unsigned long sa_mask, sa_flags; void *sa_restorer; }; /* linux/signal_types.h */
struct select_sigmask { void *ss; __u32 ss_len; }; /* fs/select.c, struct sigset_argpack */
struct user_msghdr { void *msg_name; int msg_namelen; struct iovec *msg_iov; __kernel_size_t msg_iovlen; void *msg_control; __kernel_size_t msg_controllen; unsigned int msg_flags; }; /* linux/socket.h */
struct mmsghdr { struct user_msghdr msg_hdr; unsigned int msg_len; }; /* linux/socket.h */
struct cmsghdr { __kernel_size_t cmsg_len; int cmsg_level, cmsg_type; }; /* linux/socket.h */
struct timespec_pair { struct timespec atime, mtime; };
struct timespec64_pair { struct __kernel_timespec atime, mtime; };
struct timeval_pair { struct timeval atime, mtime; };

/* The size up to a flexible array is where the array starts, as the kernel has it. */
#define STRUCT(name, type) printf(#name " %u\n", (unsigned)sizeof(type))
#define UP_TO(name, type, last) printf(#name " %u\n", (unsigned)__builtin_offsetof(type, last))
#define FIELD(name, type, field) \
    printf(#name " " #field " %u %u\n", (unsigned)__builtin_offsetof(type, field), (unsigned)sizeof(((type *)0)->field))

int main(void)
{
    STRUCT(Timespec, struct timespec);
    FIELD(Timespec, struct timespec, tv_sec);
    FIELD(Timespec, struct timespec, tv_nsec);
    STRUCT(Timespec64, struct __kernel_timespec);
    FIELD(Timespec64, struct __kernel_timespec, tv_sec);
    FIELD(Timespec64, struct __kernel_timespec, tv_nsec);
    STRUCT(TimespecPair, struct timespec_pair);
    FIELD(TimespecPair, struct timespec_pair, atime.tv_sec);
    FIELD(TimespecPair, struct timespec_pair, atime.tv_nsec);
    FIELD(TimespecPair, struct timespec_pair, mtime.tv_sec);
    FIELD(TimespecPair, struct timespec_pair, mtime.tv_nsec);
    STRUCT(Timespec64Pair, struct timespec64_pair);
    FIELD(Timespec64Pair, struct timespec64_pair, atime.tv_sec);
    FIELD(Timespec64Pair, struct timespec64_pair, atime.tv_nsec);
    FIELD(Timespec64Pair, struct timespec64_pair, mtime.tv_sec);
    FIELD(Timespec64Pair, struct timespec64_pair, mtime.tv_nsec);
    STRUCT(Timeval, struct timeval);
    FIELD(Timeval, struct timeval, tv_sec);
    FIELD(Timeval, struct timeval, tv_usec);
    STRUCT(TimevalPair, struct timeval_pair);
    FIELD(TimevalPair, struct timeval_pair, atime.tv_sec);
    FIELD(TimevalPair, struct timeval_pair, atime.tv_usec);
    FIELD(TimevalPair, struct timeval_pair, mtime.tv_sec);
    FIELD(TimevalPair, struct timeval_pair, mtime.tv_usec);
    STRUCT(Timezone, struct timezone);
    FIELD(Timezone, struct timezone, tz_minuteswest);
    FIELD(Timezone, struct timezone, tz_dsttime);
    STRUCT(Itimerval, struct itimerval);
    FIELD(Itimerval, struct itimerval, it_interval.tv_sec);
    FIELD(Itimerval, struct itimerval, it_interval.tv_usec);
    FIELD(Itimerval, struct itimerval, it_value.tv_sec);
    FIELD(Itimerval, struct itimerval, it_value.tv_usec);
    STRUCT(Itimerspec, struct itimerspec);
    FIELD(Itimerspec, struct itimerspec, it_interval.tv_sec);
    FIELD(Itimerspec, struct itimerspec, it_interval.tv_nsec);
    FIELD(Itimerspec, struct itimerspec, it_value.tv_sec);
    FIELD(Itimerspec, struct itimerspec, it_value.tv_nsec);
    STRUCT(Itimerspec64, struct __kernel_itimerspec);
    FIELD(Itimerspec64, struct __kernel_itimerspec, it_interval.tv_sec);
    FIELD(Itimerspec64, struct __kernel_itimerspec, it_interval.tv_nsec);
    FIELD(Itimerspec64, struct __kernel_itimerspec, it_value.tv_sec);
    FIELD(Itimerspec64, struct __kernel_itimerspec, it_value.tv_nsec);
    STRUCT(Tms, struct tms);
    FIELD(Tms, struct tms, tms_utime);
    FIELD(Tms, struct tms, tms_stime);
    FIELD(Tms, struct tms, tms_cutime);
    FIELD(Tms, struct tms, tms_cstime);
    STRUCT(Timex, struct timex);
    FIELD(Timex, struct timex, modes);
    FIELD(Timex, struct timex, offset);
    FIELD(Timex, struct timex, freq);
    FIELD(Timex, struct timex, maxerror);
    FIELD(Timex, struct timex, esterror);
    FIELD(Timex, struct timex, status);
    FIELD(Timex, struct timex, constant);
    FIELD(Timex, struct timex, precision);
    FIELD(Timex, struct timex, tolerance);
    FIELD(Timex, struct timex, time.tv_sec);
    FIELD(Timex, struct timex, time.tv_usec);
    FIELD(Timex, struct timex, tick);
    FIELD(Timex, struct timex, ppsfreq);
    FIELD(Timex, struct timex, jitter);
    FIELD(Timex, struct timex, shift);
    FIELD(Timex, struct timex, stabil);
    FIELD(Timex, struct timex, jitcnt);
    FIELD(Timex, struct timex, calcnt);
    FIELD(Timex, struct timex, errcnt);
    FIELD(Timex, struct timex, stbcnt);
    FIELD(Timex, struct timex, tai);
    STRUCT(Timex64, struct __kernel_timex);
    FIELD(Timex64, struct __kernel_timex, modes);
    FIELD(Timex64, struct __kernel_timex, offset);
    FIELD(Timex64, struct __kernel_timex, freq);
    FIELD(Timex64, struct __kernel_timex, maxerror);
    FIELD(Timex64, struct __kernel_timex, esterror);
    FIELD(Timex64, struct __kernel_timex, status);
    FIELD(Timex64, struct __kernel_timex, constant);
    FIELD(Timex64, struct __kernel_timex, precision);
    FIELD(Timex64, struct __kernel_timex, tolerance);
    FIELD(Timex64, struct __kernel_timex, time.tv_sec);
    FIELD(Timex64, struct __kernel_timex, time.tv_usec);
    FIELD(Timex64, struct __kernel_timex, tick);
    FIELD(Timex64, struct __kernel_timex, ppsfreq);
    FIELD(Timex64, struct __kernel_timex, jitter);
    FIELD(Timex64, struct __kernel_timex, shift);
    FIELD(Timex64, struct __kernel_timex, stabil);
    FIELD(Timex64, struct __kernel_timex, jitcnt);
    FIELD(Timex64, struct __kernel_timex, calcnt);
    FIELD(Timex64, struct __kernel_timex, errcnt);
    FIELD(Timex64, struct __kernel_timex, stbcnt);
    FIELD(Timex64, struct __kernel_timex, tai);
    STRUCT(Stat, struct stat);
    FIELD(Stat, struct stat, st_dev);
    FIELD(Stat, struct stat, st_ino);
    FIELD(Stat, struct stat, st_mode);
    FIELD(Stat, struct stat, st_nlink);
    FIELD(Stat, struct stat, st_uid);
    FIELD(Stat, struct stat, st_gid);
    FIELD(Stat, struct stat, st_rdev);
    FIELD(Stat, struct stat, st_size);
    FIELD(Stat, struct stat, st_blksize);
    FIELD(Stat, struct stat, st_blocks);
    FIELD(Stat, struct stat, st_atime);
    FIELD(Stat, struct stat, st_atime_nsec);
    FIELD(Stat, struct stat, st_mtime);
    FIELD(Stat, struct stat, st_mtime_nsec);
    FIELD(Stat, struct stat, st_ctime);
    FIELD(Stat, struct stat, st_ctime_nsec);
    STRUCT(Stat64, struct stat64);
    FIELD(Stat64, struct stat64, st_dev);
    FIELD(Stat64, struct stat64, __st_ino);
    FIELD(Stat64, struct stat64, st_mode);
    FIELD(Stat64, struct stat64, st_nlink);
    FIELD(Stat64, struct stat64, st_uid);
    FIELD(Stat64, struct stat64, st_gid);
    FIELD(Stat64, struct stat64, st_rdev);
    FIELD(Stat64, struct stat64, st_size);
    FIELD(Stat64, struct stat64, st_blksize);
    FIELD(Stat64, struct stat64, st_blocks);
    FIELD(Stat64, struct stat64, st_atime);
    FIELD(Stat64, struct stat64, st_atime_nsec);
    FIELD(Stat64, struct stat64, st_mtime);
    FIELD(Stat64, struct stat64, st_mtime_nsec);
    FIELD(Stat64, struct stat64, st_ctime);
    FIELD(Stat64, struct stat64, st_ctime_nsec);
    FIELD(Stat64, struct stat64, st_ino);
    STRUCT(Statx, struct statx);
    FIELD(Statx, struct statx, stx_mask);
    FIELD(Statx, struct statx, stx_blksize);
    FIELD(Statx, struct statx, stx_attributes);
    FIELD(Statx, struct statx, stx_nlink);
    FIELD(Statx, struct statx, stx_uid);
    FIELD(Statx, struct statx, stx_gid);
    FIELD(Statx, struct statx, stx_mode);
    FIELD(Statx, struct statx, stx_ino);
    FIELD(Statx, struct statx, stx_size);
    FIELD(Statx, struct statx, stx_blocks);
    FIELD(Statx, struct statx, stx_attributes_mask);
    FIELD(Statx, struct statx, stx_atime.tv_sec);
    FIELD(Statx, struct statx, stx_atime.tv_nsec);
    FIELD(Statx, struct statx, stx_btime.tv_sec);
    FIELD(Statx, struct statx, stx_btime.tv_nsec);
    FIELD(Statx, struct statx, stx_ctime.tv_sec);
    FIELD(Statx, struct statx, stx_ctime.tv_nsec);
    FIELD(Statx, struct statx, stx_mtime.tv_sec);
    FIELD(Statx, struct statx, stx_mtime.tv_nsec);
    FIELD(Statx, struct statx, stx_rdev_major);
    FIELD(Statx, struct statx, stx_rdev_minor);
    FIELD(Statx, struct statx, stx_dev_major);
    FIELD(Statx, struct statx, stx_dev_minor);
    FIELD(Statx, struct statx, stx_mnt_id);
    FIELD(Statx, struct statx, stx_dio_mem_align);
    FIELD(Statx, struct statx, stx_dio_offset_align);
    STRUCT(Statfs, struct statfs);
    FIELD(Statfs, struct statfs, f_type);
    FIELD(Statfs, struct statfs, f_bsize);
    FIELD(Statfs, struct statfs, f_blocks);
    FIELD(Statfs, struct statfs, f_bfree);
    FIELD(Statfs, struct statfs, f_bavail);
    FIELD(Statfs, struct statfs, f_files);
    FIELD(Statfs, struct statfs, f_ffree);
    FIELD(Statfs, struct statfs, f_fsid);
    FIELD(Statfs, struct statfs, f_namelen);
    FIELD(Statfs, struct statfs, f_frsize);
    FIELD(Statfs, struct statfs, f_flags);
    STRUCT(Statfs64, struct statfs64);
    FIELD(Statfs64, struct statfs64, f_type);
    FIELD(Statfs64, struct statfs64, f_bsize);
    FIELD(Statfs64, struct statfs64, f_blocks);
    FIELD(Statfs64, struct statfs64, f_bfree);
    FIELD(Statfs64, struct statfs64, f_bavail);
    FIELD(Statfs64, struct statfs64, f_files);
    FIELD(Statfs64, struct statfs64, f_ffree);
    FIELD(Statfs64, struct statfs64, f_fsid);
    FIELD(Statfs64, struct statfs64, f_namelen);
    FIELD(Statfs64, struct statfs64, f_frsize);
    FIELD(Statfs64, struct statfs64, f_flags);
    UP_TO(Dirent, struct linux_dirent, d_name);
    FIELD(Dirent, struct linux_dirent, d_ino);
    FIELD(Dirent, struct linux_dirent, d_off);
    FIELD(Dirent, struct linux_dirent, d_reclen);
    UP_TO(Dirent64, struct linux_dirent64, d_name);
    FIELD(Dirent64, struct linux_dirent64, d_ino);
    FIELD(Dirent64, struct linux_dirent64, d_off);
    FIELD(Dirent64, struct linux_dirent64, d_reclen);
    FIELD(Dirent64, struct linux_dirent64, d_type);
    STRUCT(Flock, struct flock);
    FIELD(Flock, struct flock, l_type);
    FIELD(Flock, struct flock, l_whence);
    FIELD(Flock, struct flock, l_start);
    FIELD(Flock, struct flock, l_len);
    FIELD(Flock, struct flock, l_pid);
    STRUCT(Flock64, struct flock64);
    FIELD(Flock64, struct flock64, l_type);
    FIELD(Flock64, struct flock64, l_whence);
    FIELD(Flock64, struct flock64, l_start);
    FIELD(Flock64, struct flock64, l_len);
    FIELD(Flock64, struct flock64, l_pid);
    STRUCT(FOwnerEx, struct f_owner_ex);
    FIELD(FOwnerEx, struct f_owner_ex, type);
    FIELD(FOwnerEx, struct f_owner_ex, pid);
    STRUCT(OpenHow, struct open_how);
    FIELD(OpenHow, struct open_how, flags);
    FIELD(OpenHow, struct open_how, mode);
    FIELD(OpenHow, struct open_how, resolve);
    STRUCT(Iovec, struct iovec);
    FIELD(Iovec, struct iovec, iov_base);
    FIELD(Iovec, struct iovec, iov_len);
    STRUCT(Pollfd, struct pollfd);
    FIELD(Pollfd, struct pollfd, fd);
    FIELD(Pollfd, struct pollfd, events);
    FIELD(Pollfd, struct pollfd, revents);
    STRUCT(EpollEvent, struct epoll_event);
    FIELD(EpollEvent, struct epoll_event, events);
    FIELD(EpollEvent, struct epoll_event, data);
    STRUCT(SelectSigmask, struct select_sigmask);
    FIELD(SelectSigmask, struct select_sigmask, ss);
    FIELD(SelectSigmask, struct select_sigmask, ss_len);
    STRUCT(Termios, struct termios);
    FIELD(Termios, struct termios, c_iflag);
    FIELD(Termios, struct termios, c_oflag);
    FIELD(Termios, struct termios, c_cflag);
    FIELD(Termios, struct termios, c_lflag);
    FIELD(Termios, struct termios, c_line);
    FIELD(Termios, struct termios, c_cc);
    STRUCT(Termios2, struct termios2);
    FIELD(Termios2, struct termios2, c_iflag);
    FIELD(Termios2, struct termios2, c_oflag);
    FIELD(Termios2, struct termios2, c_cflag);
    FIELD(Termios2, struct termios2, c_lflag);
    FIELD(Termios2, struct termios2, c_line);
    FIELD(Termios2, struct termios2, c_cc);
    FIELD(Termios2, struct termios2, c_ispeed);
    FIELD(Termios2, struct termios2, c_ospeed);
    STRUCT(Winsize, struct winsize);
    FIELD(Winsize, struct winsize, ws_row);
    FIELD(Winsize, struct winsize, ws_col);
    FIELD(Winsize, struct winsize, ws_xpixel);
    FIELD(Winsize, struct winsize, ws_ypixel);
    STRUCT(Rlimit, struct rlimit);
    FIELD(Rlimit, struct rlimit, rlim_cur);
    FIELD(Rlimit, struct rlimit, rlim_max);
    STRUCT(Rlimit64, struct rlimit64);
    FIELD(Rlimit64, struct rlimit64, rlim_cur);
    FIELD(Rlimit64, struct rlimit64, rlim_max);
    STRUCT(Rusage, struct rusage);
    FIELD(Rusage, struct rusage, ru_utime.tv_sec);
    FIELD(Rusage, struct rusage, ru_utime.tv_usec);
    FIELD(Rusage, struct rusage, ru_stime.tv_sec);
    FIELD(Rusage, struct rusage, ru_stime.tv_usec);
    FIELD(Rusage, struct rusage, ru_maxrss);
    FIELD(Rusage, struct rusage, ru_ixrss);
    FIELD(Rusage, struct rusage, ru_idrss);
    FIELD(Rusage, struct rusage, ru_isrss);
    FIELD(Rusage, struct rusage, ru_minflt);
    FIELD(Rusage, struct rusage, ru_majflt);
    FIELD(Rusage, struct rusage, ru_nswap);
    FIELD(Rusage, struct rusage, ru_inblock);
    FIELD(Rusage, struct rusage, ru_oublock);
    FIELD(Rusage, struct rusage, ru_msgsnd);
    FIELD(Rusage, struct rusage, ru_msgrcv);
    FIELD(Rusage, struct rusage, ru_nsignals);
    FIELD(Rusage, struct rusage, ru_nvcsw);
    FIELD(Rusage, struct rusage, ru_nivcsw);
    STRUCT(Sysinfo, struct sysinfo);
    FIELD(Sysinfo, struct sysinfo, uptime);
    FIELD(Sysinfo, struct sysinfo, loads);
    FIELD(Sysinfo, struct sysinfo, totalram);
    FIELD(Sysinfo, struct sysinfo, freeram);
    FIELD(Sysinfo, struct sysinfo, sharedram);
    FIELD(Sysinfo, struct sysinfo, bufferram);
    FIELD(Sysinfo, struct sysinfo, totalswap);
    FIELD(Sysinfo, struct sysinfo, freeswap);
    FIELD(Sysinfo, struct sysinfo, procs);
    FIELD(Sysinfo, struct sysinfo, totalhigh);
    FIELD(Sysinfo, struct sysinfo, freehigh);
    FIELD(Sysinfo, struct sysinfo, mem_unit);
    STRUCT(Utsname, struct new_utsname);
    FIELD(Utsname, struct new_utsname, sysname);
    FIELD(Utsname, struct new_utsname, nodename);
    FIELD(Utsname, struct new_utsname, release);
    FIELD(Utsname, struct new_utsname, version);
    FIELD(Utsname, struct new_utsname, machine);
    FIELD(Utsname, struct new_utsname, domainname);
    STRUCT(SchedParam, struct sched_param);
    FIELD(SchedParam, struct sched_param, sched_priority);
    STRUCT(SchedAttr, struct sched_attr);
    FIELD(SchedAttr, struct sched_attr, size);
    FIELD(SchedAttr, struct sched_attr, sched_policy);
    FIELD(SchedAttr, struct sched_attr, sched_flags);
    FIELD(SchedAttr, struct sched_attr, sched_nice);
    FIELD(SchedAttr, struct sched_attr, sched_priority);
    FIELD(SchedAttr, struct sched_attr, sched_runtime);
    FIELD(SchedAttr, struct sched_attr, sched_deadline);
    FIELD(SchedAttr, struct sched_attr, sched_period);
    FIELD(SchedAttr, struct sched_attr, sched_util_min);
    FIELD(SchedAttr, struct sched_attr, sched_util_max);
    STRUCT(RobustListHead, struct robust_list_head);
    FIELD(RobustListHead, struct robust_list_head, list.next);
    FIELD(RobustListHead, struct robust_list_head, futex_offset);
    FIELD(RobustListHead, struct robust_list_head, list_op_pending);
    STRUCT(CloneArgs, struct clone_args);
    FIELD(CloneArgs, struct clone_args, flags);
    FIELD(CloneArgs, struct clone_args, pidfd);
    FIELD(CloneArgs, struct clone_args, child_tid);
    FIELD(CloneArgs, struct clone_args, parent_tid);
    FIELD(CloneArgs, struct clone_args, exit_signal);
    FIELD(CloneArgs, struct clone_args, stack);
    FIELD(CloneArgs, struct clone_args, stack_size);
    FIELD(CloneArgs, struct clone_args, tls);
    FIELD(CloneArgs, struct clone_args, set_tid);
    FIELD(CloneArgs, struct clone_args, set_tid_size);
    FIELD(CloneArgs, struct clone_args, cgroup);
    STRUCT(CapHeader, struct __user_cap_header_struct);
    FIELD(CapHeader, struct __user_cap_header_struct, version);
    FIELD(CapHeader, struct __user_cap_header_struct, pid);
    STRUCT(CapData, struct __user_cap_data_struct);
    FIELD(CapData, struct __user_cap_data_struct, effective);
    FIELD(CapData, struct __user_cap_data_struct, permitted);
    FIELD(CapData, struct __user_cap_data_struct, inheritable);
    STRUCT(Sigaction, struct kernel_sigaction);
    FIELD(Sigaction, struct kernel_sigaction, sa_handler);
    FIELD(Sigaction, struct kernel_sigaction, sa_flags);
    FIELD(Sigaction, struct kernel_sigaction, sa_restorer);
    FIELD(Sigaction, struct kernel_sigaction, sa_mask);
    STRUCT(OldSigaction, struct old_sigaction);
    FIELD(OldSigaction, struct old_sigaction, sa_handler);
    FIELD(OldSigaction, struct old_sigaction, sa_mask);
    FIELD(OldSigaction, struct old_sigaction, sa_flags);
    FIELD(OldSigaction, struct old_sigaction, sa_restorer);
    STRUCT(StackT, stack_t);
    FIELD(StackT, stack_t, ss_sp);
    FIELD(StackT, stack_t, ss_flags);
    FIELD(StackT, stack_t, ss_size);
    STRUCT(Siginfo, siginfo_t);
    FIELD(Siginfo, siginfo_t, si_signo);
    FIELD(Siginfo, siginfo_t, si_errno);
    FIELD(Siginfo, siginfo_t, si_code);
    FIELD(Siginfo, siginfo_t, si_pid);
    FIELD(Siginfo, siginfo_t, si_uid);
    FIELD(Siginfo, siginfo_t, si_value);
    STRUCT(Sigevent, struct sigevent);
    FIELD(Sigevent, struct sigevent, sigev_value);
    FIELD(Sigevent, struct sigevent, sigev_signo);
    FIELD(Sigevent, struct sigevent, sigev_notify);
    FIELD(Sigevent, struct sigevent, sigev_notify_thread_id);
    STRUCT(Sigcontext, struct sigcontext);
    FIELD(Sigcontext, struct sigcontext, trap_no);
    FIELD(Sigcontext, struct sigcontext, error_code);
    FIELD(Sigcontext, struct sigcontext, oldmask);
    FIELD(Sigcontext, struct sigcontext, arm_r0);
    FIELD(Sigcontext, struct sigcontext, arm_r1);
    FIELD(Sigcontext, struct sigcontext, arm_r2);
    FIELD(Sigcontext, struct sigcontext, arm_r3);
    FIELD(Sigcontext, struct sigcontext, arm_r4);
    FIELD(Sigcontext, struct sigcontext, arm_r5);
    FIELD(Sigcontext, struct sigcontext, arm_r6);
    FIELD(Sigcontext, struct sigcontext, arm_r7);
    FIELD(Sigcontext, struct sigcontext, arm_r8);
    FIELD(Sigcontext, struct sigcontext, arm_r9);
    FIELD(Sigcontext, struct sigcontext, arm_r10);
    FIELD(Sigcontext, struct sigcontext, arm_fp);
    FIELD(Sigcontext, struct sigcontext, arm_ip);
    FIELD(Sigcontext, struct sigcontext, arm_sp);
    FIELD(Sigcontext, struct sigcontext, arm_lr);
    FIELD(Sigcontext, struct sigcontext, arm_pc);
    FIELD(Sigcontext, struct sigcontext, arm_cpsr);
    FIELD(Sigcontext, struct sigcontext, fault_address);
    STRUCT(Msghdr, struct user_msghdr);
    FIELD(Msghdr, struct user_msghdr, msg_name);
    FIELD(Msghdr, struct user_msghdr, msg_namelen);
    FIELD(Msghdr, struct user_msghdr, msg_iov);
    FIELD(Msghdr, struct user_msghdr, msg_iovlen);
    FIELD(Msghdr, struct user_msghdr, msg_control);
    FIELD(Msghdr, struct user_msghdr, msg_controllen);
    FIELD(Msghdr, struct user_msghdr, msg_flags);
    STRUCT(Mmsghdr, struct mmsghdr);
    FIELD(Mmsghdr, struct mmsghdr, msg_hdr);
    FIELD(Mmsghdr, struct mmsghdr, msg_len);
    STRUCT(Cmsghdr, struct cmsghdr);
    FIELD(Cmsghdr, struct cmsghdr, cmsg_len);
    FIELD(Cmsghdr, struct cmsghdr, cmsg_level);
    FIELD(Cmsghdr, struct cmsghdr, cmsg_type);
    STRUCT(Ipc64Perm, struct ipc64_perm);
    FIELD(Ipc64Perm, struct ipc64_perm, key);
    FIELD(Ipc64Perm, struct ipc64_perm, uid);
    FIELD(Ipc64Perm, struct ipc64_perm, gid);
    FIELD(Ipc64Perm, struct ipc64_perm, cuid);
    FIELD(Ipc64Perm, struct ipc64_perm, cgid);
    FIELD(Ipc64Perm, struct ipc64_perm, mode);
    FIELD(Ipc64Perm, struct ipc64_perm, seq);
    STRUCT(Shmid64Ds, struct shmid64_ds);
    FIELD(Shmid64Ds, struct shmid64_ds, shm_perm.key);
    FIELD(Shmid64Ds, struct shmid64_ds, shm_perm.uid);
    FIELD(Shmid64Ds, struct shmid64_ds, shm_perm.gid);
    FIELD(Shmid64Ds, struct shmid64_ds, shm_perm.cuid);
    FIELD(Shmid64Ds, struct shmid64_ds, shm_perm.cgid);
    FIELD(Shmid64Ds, struct shmid64_ds, shm_perm.mode);
    FIELD(Shmid64Ds, struct shmid64_ds, shm_perm.seq);
    FIELD(Shmid64Ds, struct shmid64_ds, shm_segsz);
    FIELD(Shmid64Ds, struct shmid64_ds, shm_atime);
    FIELD(Shmid64Ds, struct shmid64_ds, shm_atime_high);
    FIELD(Shmid64Ds, struct shmid64_ds, shm_dtime);
    FIELD(Shmid64Ds, struct shmid64_ds, shm_dtime_high);
    FIELD(Shmid64Ds, struct shmid64_ds, shm_ctime);
    FIELD(Shmid64Ds, struct shmid64_ds, shm_ctime_high);
    FIELD(Shmid64Ds, struct shmid64_ds, shm_cpid);
    FIELD(Shmid64Ds, struct shmid64_ds, shm_lpid);
    FIELD(Shmid64Ds, struct shmid64_ds, shm_nattch);
    STRUCT(Semid64Ds, struct semid64_ds);
    FIELD(Semid64Ds, struct semid64_ds, sem_perm.key);
    FIELD(Semid64Ds, struct semid64_ds, sem_perm.uid);
    FIELD(Semid64Ds, struct semid64_ds, sem_perm.gid);
    FIELD(Semid64Ds, struct semid64_ds, sem_perm.cuid);
    FIELD(Semid64Ds, struct semid64_ds, sem_perm.cgid);
    FIELD(Semid64Ds, struct semid64_ds, sem_perm.mode);
    FIELD(Semid64Ds, struct semid64_ds, sem_perm.seq);
    FIELD(Semid64Ds, struct semid64_ds, sem_otime);
    FIELD(Semid64Ds, struct semid64_ds, sem_otime_high);
    FIELD(Semid64Ds, struct semid64_ds, sem_ctime);
    FIELD(Semid64Ds, struct semid64_ds, sem_ctime_high);
    FIELD(Semid64Ds, struct semid64_ds, sem_nsems);
    STRUCT(Msqid64Ds, struct msqid64_ds);
    FIELD(Msqid64Ds, struct msqid64_ds, msg_perm.key);
    FIELD(Msqid64Ds, struct msqid64_ds, msg_perm.uid);
    FIELD(Msqid64Ds, struct msqid64_ds, msg_perm.gid);
    FIELD(Msqid64Ds, struct msqid64_ds, msg_perm.cuid);
    FIELD(Msqid64Ds, struct msqid64_ds, msg_perm.cgid);
    FIELD(Msqid64Ds, struct msqid64_ds, msg_perm.mode);
    FIELD(Msqid64Ds, struct msqid64_ds, msg_perm.seq);
    FIELD(Msqid64Ds, struct msqid64_ds, msg_stime);
    FIELD(Msqid64Ds, struct msqid64_ds, msg_stime_high);
    FIELD(Msqid64Ds, struct msqid64_ds, msg_rtime);
    FIELD(Msqid64Ds, struct msqid64_ds, msg_rtime_high);
    FIELD(Msqid64Ds, struct msqid64_ds, msg_ctime);
    FIELD(Msqid64Ds, struct msqid64_ds, msg_ctime_high);
    FIELD(Msqid64Ds, struct msqid64_ds, msg_cbytes);
    FIELD(Msqid64Ds, struct msqid64_ds, msg_qnum);
    FIELD(Msqid64Ds, struct msqid64_ds, msg_qbytes);
    FIELD(Msqid64Ds, struct msqid64_ds, msg_lspid);
    FIELD(Msqid64Ds, struct msqid64_ds, msg_lrpid);
    STRUCT(Shminfo64, struct shminfo64);
    FIELD(Shminfo64, struct shminfo64, shmmax);
    FIELD(Shminfo64, struct shminfo64, shmmin);
    FIELD(Shminfo64, struct shminfo64, shmmni);
    FIELD(Shminfo64, struct shminfo64, shmseg);
    FIELD(Shminfo64, struct shminfo64, shmall);
    STRUCT(ShmInfo, struct shm_info);
    FIELD(ShmInfo, struct shm_info, used_ids);
    FIELD(ShmInfo, struct shm_info, shm_tot);
    FIELD(ShmInfo, struct shm_info, shm_rss);
    FIELD(ShmInfo, struct shm_info, shm_swp);
    FIELD(ShmInfo, struct shm_info, swap_attempts);
    FIELD(ShmInfo, struct shm_info, swap_successes);
    STRUCT(Seminfo, struct seminfo);
    FIELD(Seminfo, struct seminfo, semmap);
    FIELD(Seminfo, struct seminfo, semmni);
    FIELD(Seminfo, struct seminfo, semmns);
    FIELD(Seminfo, struct seminfo, semmnu);
    FIELD(Seminfo, struct seminfo, semmsl);
    FIELD(Seminfo, struct seminfo, semopm);
    FIELD(Seminfo, struct seminfo, semume);
    FIELD(Seminfo, struct seminfo, semusz);
    FIELD(Seminfo, struct seminfo, semvmx);
    FIELD(Seminfo, struct seminfo, semaem);
    STRUCT(Msginfo, struct msginfo);
    FIELD(Msginfo, struct msginfo, msgpool);
    FIELD(Msginfo, struct msginfo, msgmap);
    FIELD(Msginfo, struct msginfo, msgmax);
    FIELD(Msginfo, struct msginfo, msgmnb);
    FIELD(Msginfo, struct msginfo, msgmni);
    FIELD(Msginfo, struct msginfo, msgssz);
    FIELD(Msginfo, struct msginfo, msgtql);
    FIELD(Msginfo, struct msginfo, msgseg);
    STRUCT(MqAttr, struct mq_attr);
    FIELD(MqAttr, struct mq_attr, mq_flags);
    FIELD(MqAttr, struct mq_attr, mq_maxmsg);
    FIELD(MqAttr, struct mq_attr, mq_msgsize);
    FIELD(MqAttr, struct mq_attr, mq_curmsgs);
    return 0;
}
