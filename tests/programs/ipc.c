/* System V and POSIX objects between processes, locks, watches, files in memory: each test checks itself. Built for ARM
 * and for the host; a folder to write in is the first argument, names of tests may follow. */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static int failures;
static const char *folder;
#define check(condition) do { if (!(condition)) { failures++; \
    printf("failed at line %d: %s (errno %d)\n", __LINE__, #condition, errno); } } while (0)
#define equal(a, b) do { long a_ = (long)(a), b_ = (long)(b); if (a_ != b_) { failures++; \
    printf("failed at line %d: %s is %ld, not %ld (errno %d)\n", __LINE__, #a, a_, b_, errno); } } while (0)
#define fails(call, number) do { errno = 0; check((long)(call) == -1); equal(errno, number); } while (0)

static char *path_of(const char *name)
{
    static char path[2][300];
    static int which;
    which = !which;
    snprintf(path[which], sizeof path[which], "%s/%s", folder, name);
    return path[which];
}

static int child(int (*run)(void))
{
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) _exit(run());
    equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int shared_id;
static int in_child_shm(void)
{
    volatile int *there = shmat(shared_id, 0, 0);
    if (there == (void *)-1 || *there != 1) return 1;
    *there = 2;
    return shmdt((void *)there) ? 2 : 0;
}

static void test_shm(void)
{
    struct shmid_ds about;
    int id = shared_id = shmget(IPC_PRIVATE, 10000, IPC_CREAT | 0640);
    check(id >= 0);
    volatile int *here = shmat(id, 0, 0), *again = shmat(id, 0, SHM_RDONLY);
    check(here != (void *)-1 && again != (void *)-1 && here != again);
    *here = 1;
    equal(*again, 1);
    equal(child(in_child_shm), 0);
    equal(*here, 2);
    equal(shmctl(id, IPC_STAT, &about), 0);
    equal(about.shm_segsz, 10000);
    equal(about.shm_nattch, 2);
    equal(about.shm_perm.mode & 0777, 0640);
    equal(about.shm_perm.uid, geteuid());
    equal(about.shm_cpid, getpid());
    check(about.shm_atime && about.shm_ctime && labs((long)(time(0) - about.shm_atime)) < 100);
    about.shm_perm.mode = 0600;
    equal(shmctl(id, IPC_SET, &about), 0);
    equal(shmctl(id, IPC_STAT, &about), 0);
    equal(about.shm_perm.mode & 0777, 0600);
    equal(shmdt((void *)again), 0);
    fails(shmdt((void *)again), EINVAL);
    fails(shmdt((char *)here + 4096), EINVAL);
    char *place = mmap(0, 0x40000, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    /* Not SHMLBA: musl says 4096, and Linux has four pages on ARM. */
    place = (char *)(((uintptr_t)place + 0x3fff) & -0x4000);
    fails(shmat(id, place, 0), EINVAL); /* something is there */
    check(shmat(id, place + 4, SHM_RND | SHM_REMAP) == place);
    equal(*(volatile int *)place, 2);
    /* Unmapping a part leaves the rest, which shmdt finds. */
    equal(munmap(place, 4096), 0);
    equal(place[4096], 0);
    equal(shmdt(place), 0);
    equal(shmctl(id, IPC_STAT, &about), 0);
    equal(about.shm_nattch, 1);
    equal(shmctl(id, IPC_RMID, 0), 0);
    equal(*here, 2); /* until it is unmapped */
    equal(shmdt((void *)here), 0);
    fails(shmat(id, 0, 0), EINVAL);
    fails(shmget(IPC_PRIVATE, 0, 0600), EINVAL);
    key_t key = 0x5713a000 + getpid() % 0x1000;
    id = shmget(key, 100, IPC_CREAT | IPC_EXCL | 0600);
    check(id >= 0);
    fails(shmget(key, 100, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
    equal(shmget(key, 100, 0), id);
    equal(shmctl(id, IPC_RMID, 0), 0);
    fails(shmget(key, 100, 0), ENOENT);
}

union semun { int val; struct semid_ds *buf; unsigned short *array; };

static int set_id;
static int in_child_sem(void)
{
    struct sembuf up = { 0, 1, SEM_UNDO };
    usleep(20000);
    return semop(set_id, &up, 1);
}

static void test_sem(void)
{
    struct semid_ds about;
    unsigned short values[3] = { 5, 6, 7 };
    union semun arg;
    int id = set_id = semget(IPC_PRIVATE, 3, 0600);
    check(id >= 0);
    arg.array = values;
    equal(semctl(id, 0, SETALL, arg), 0);
    equal(semctl(id, 1, GETVAL), 6);
    arg.val = 0;
    equal(semctl(id, 0, SETVAL, arg), 0);
    memset(values, 0, sizeof values);
    arg.array = values;
    equal(semctl(id, 0, GETALL, arg), 0);
    equal(values[0], 0);
    equal(values[2], 7);
    struct sembuf down[2] = { { 0, -1, 0 }, { 2, -7, 0 } };
    down[0].sem_flg = IPC_NOWAIT;
    fails(semop(id, down, 2), EAGAIN);
    equal(semctl(id, 2, GETVAL), 7);
    struct timespec soon = { 0, 10000000 };
    down[0].sem_flg = 0;
    fails(semtimedop(id, down, 2, &soon), EAGAIN);
    pid_t pid = fork();
    if (pid == 0) _exit(in_child_sem());
    equal(semop(id, down, 2), 0);
    waitpid(pid, 0, 0);
    equal(semctl(id, 2, GETVAL), 0);
    equal(semctl(id, 0, GETPID), pid); /* its SEM_UNDO was last */
    arg.buf = &about;
    equal(semctl(id, 0, IPC_STAT, arg), 0);
    equal(about.sem_nsems, 3);
    check(about.sem_otime && labs((long)(time(0) - about.sem_otime)) < 100);
    about.sem_perm.mode = 0640;
    equal(semctl(id, 0, IPC_SET, arg), 0);
    equal(semctl(id, 0, IPC_STAT, arg), 0);
    equal(about.sem_perm.mode & 0777, 0640);
    struct seminfo limits;
    arg.buf = (void *)&limits;
    check(semctl(0, 0, IPC_INFO, arg) >= 0);
    check(limits.semmsl > 0 && limits.semvmx == 32767);
    equal(semctl(id, 0, IPC_RMID), 0);
    fails(semop(id, down, 1), EINVAL);
}

static void test_msg(void)
{
    struct { long kind; char text[64]; } message = { 3, "third" };
    struct msqid_ds about;
    int id = msgget(IPC_PRIVATE, 0600);
    check(id >= 0);
    equal(msgsnd(id, &message, 6, 0), 0);
    message.kind = 1;
    strcpy(message.text, "a first one");
    equal(msgsnd(id, &message, 12, IPC_NOWAIT), 0);
    equal(msgctl(id, IPC_STAT, &about), 0);
    equal(about.msg_qnum, 2);
    equal(about.msg_lspid, getpid());
    check(about.msg_qbytes > 100 && labs((long)(time(0) - about.msg_stime)) < 100);
    memset(&message, 0, sizeof message);
    equal(msgrcv(id, &message, sizeof message.text, -5, 0), 12);
    equal(message.kind, 1);
    equal(strcmp(message.text, "a first one"), 0);
    fails(msgrcv(id, &message, 3, 0, 0), E2BIG);
    memset(&message, 0, sizeof message);
    equal(msgrcv(id, &message, 3, 0, MSG_NOERROR), 3);
    equal(message.kind, 3);
    equal(strcmp(message.text, "thi"), 0);
    fails(msgrcv(id, &message, 3, 0, IPC_NOWAIT), ENOMSG);
    about.msg_qbytes = 1000;
    equal(msgctl(id, IPC_SET, &about), 0);
    equal(msgctl(id, IPC_STAT, &about), 0);
    equal(about.msg_qbytes, 1000);
    message.kind = 0;
    fails(msgsnd(id, &message, 1, 0), EINVAL);
    equal(msgctl(id, IPC_RMID, 0), 0);
    fails(msgrcv(id, &message, 3, 0, 0), EINVAL);
}

static volatile int caught;
static volatile long caught_value;
static void on_signal(int number, siginfo_t *info, void *context)
{
    (void)context;
    caught = number;
    caught_value = info->si_value.sival_int;
}

static void test_mq(void)
{
    char name[40], data[100];
    snprintf(name, sizeof name, "/stinkarm-%d", (int)getpid());
    struct mq_attr attr = { .mq_maxmsg = 3, .mq_msgsize = 50 }, seen;
    mqd_t queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
    check(queue != (mqd_t)-1);
    if (queue == (mqd_t)-1) return;
    fails(mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr), EEXIST);
    equal(mq_send(queue, "low", 4, 1), 0);
    equal(mq_send(queue, "high", 5, 9), 0);
    equal(mq_getattr(queue, &seen), 0);
    equal(seen.mq_maxmsg, 3);
    equal(seen.mq_msgsize, 50);
    equal(seen.mq_curmsgs, 2);
    unsigned priority = 0;
    equal(mq_receive(queue, data, sizeof data, &priority), 5);
    equal(priority, 9);
    equal(strcmp(data, "high"), 0);
    equal(mq_receive(queue, data, sizeof data, 0), 4);
    struct timespec soon;
    clock_gettime(CLOCK_REALTIME, &soon);
    fails(mq_timedreceive(queue, data, sizeof data, 0, &soon), ETIMEDOUT);
    fails(mq_receive(queue, data, 10, 0), EMSGSIZE);
    attr.mq_flags = O_NONBLOCK;
    equal(mq_setattr(queue, &attr, &seen), 0);
    equal(seen.mq_flags, 0);
    fails(mq_receive(queue, data, sizeof data, 0), EAGAIN);
    struct sigaction action = { .sa_flags = SA_SIGINFO };
    action.sa_sigaction = on_signal;
    sigaction(SIGUSR1, &action, 0);
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
    event.sigev_value.sival_int = 0x1234567;
    equal(mq_notify(queue, &event), 0);
    fails(mq_notify(queue, &event), EBUSY);
    equal(mq_send(queue, "x", 1, 0), 0);
    for (int i = 0; i < 100 && !caught; i++) usleep(1000);
    equal(caught, SIGUSR1);
    equal(caught_value, 0x1234567);
    equal(mq_close(queue), 0);
    equal(mq_unlink(name), 0);
    fails(mq_unlink(name), ENOENT);
}

static int lock_fd;
static int try_lock(void)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 10 };
    if (fcntl(lock_fd, F_SETLK, &lock) != -1 || (errno != EAGAIN && errno != EACCES)) return 1;
    if (fcntl(lock_fd, F_GETLK, &lock)) return 2;
    if (lock.l_type != F_WRLCK || lock.l_pid != getppid() || lock.l_start != 5 || lock.l_len != 10) return 3;
    lock.l_start = 100;
    lock.l_type = F_RDLCK;
    return fcntl(lock_fd, F_SETLK, &lock) ? 4 : 0;
}

static void test_locks(void)
{
    int fd = lock_fd = open(path_of("locked"), O_RDWR | O_CREAT, 0600), other = open(path_of("locked"), O_RDWR);
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 5, .l_len = 10 };
    equal(fcntl(fd, F_SETLK, &lock), 0);
    equal(child(try_lock), 0);
    lock.l_type = F_UNLCK;
    equal(fcntl(fd, F_SETLKW, &lock), 0);
    struct flock wide = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0x300000000, .l_len = 1 };
    equal(fcntl(fd, F_OFD_SETLK, &wide), 0);
    fails(fcntl(other, F_OFD_SETLK, &wide), EAGAIN);
    equal(fcntl(other, F_OFD_GETLK, &wide), 0);
    check(wide.l_start == 0x300000000 && wide.l_pid == -1);
    wide.l_pid = 7;
    fails(fcntl(other, F_OFD_SETLK, &wide), EINVAL);
    wide.l_pid = 0;
    wide.l_type = F_UNLCK;
    equal(fcntl(fd, F_OFD_SETLK, &wide), 0);
    equal(flock(fd, LOCK_EX), 0);
    fails(flock(other, LOCK_SH | LOCK_NB), EWOULDBLOCK);
    equal(flock(fd, LOCK_UN), 0);
    equal(flock(other, LOCK_SH | LOCK_NB), 0);
    equal(lockf(fd, F_LOCK, 0), 0);
    equal(lockf(fd, F_ULOCK, 0), 0);
    close(fd);
    close(other);
    unlink(path_of("locked"));
}

static void test_inotify(void)
{
    char buffer[1000];
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), watch = inotify_add_watch(fd, folder, IN_CREATE | IN_DELETE | IN_MOVE);
    check(fd >= 0 && watch >= 0);
    fails(read(fd, buffer, sizeof buffer), EAGAIN);
    close(open(path_of("watched"), O_CREAT | O_WRONLY, 0600));
    char *before = path_of("watched");
    rename(before, path_of("moved"));
    struct pollfd ready = { fd, POLLIN, 0 };
    equal(poll(&ready, 1, 2000), 1);
    int size = read(fd, buffer, sizeof buffer), count = 0;
    unsigned cookie = 0;
    for (int at = 0; at < size; count++) {
        struct inotify_event *event = (void *)(buffer + at);
        static const unsigned masks[] = { IN_CREATE, IN_MOVED_FROM, IN_MOVED_TO };
        static const char *names[] = { "watched", "watched", "moved" };
        equal(event->wd, watch);
        check(count < 3 && event->mask == masks[count] && !strcmp(event->name, names[count]));
        if (count == 1) cookie = event->cookie;
        if (count == 2) check(cookie && cookie == event->cookie);
        at += sizeof *event + event->len;
    }
    equal(count, 3);
    fails(inotify_add_watch(fd, path_of("nothing here"), IN_CREATE), ENOENT);
    fails(inotify_add_watch(fd, path_of("moved"), IN_CREATE | IN_ONLYDIR), ENOTDIR);
    equal(inotify_rm_watch(fd, watch), 0);
    fails(inotify_rm_watch(fd, watch), EINVAL);
    close(fd);
    unlink(path_of("moved"));
}

static int memory_fd;
static int write_memory(void)
{
    volatile int *there = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memory_fd, 0);
    *there = 77;
    return 0;
}

static void test_memfd(void)
{
    int fd = memory_fd = memfd_create("some name", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    check(fd >= 0);
    equal(ftruncate(fd, 8192), 0);
    volatile int *here = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    check(here != MAP_FAILED);
    equal(child(write_memory), 0);
    equal(here[0], 77);
    equal(pwrite(fd, "abcd", 4, 4096), 4);
    equal(here[1024], 0x64636261);
    munmap((void *)here, 8192);
    equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK), 0);
    equal(fcntl(fd, F_GET_SEALS), F_SEAL_WRITE | F_SEAL_SHRINK);
    fails(write(fd, "x", 1), EPERM);
    fails(ftruncate(fd, 1), EPERM);
    check(mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
    close(fd);
}

static void test_splice(void)
{
    int a[2], b[2];
    char data[32];
    loff_t at = 2;
    equal(pipe(a), 0);
    equal(pipe(b), 0);
    int fd = open(path_of("spliced"), O_RDWR | O_CREAT | O_TRUNC, 0600);
    equal(write(fd, "0123456789", 10), 10);
    equal(splice(fd, &at, a[1], 0, 5, 0), 5);
    equal(at, 7);
    equal(tee(a[0], b[1], 3, 0), 3);
    equal(read(b[0], data, 32), 3);
    equal(memcmp(data, "234", 3), 0);
    equal(read(a[0], data, 32), 5);
    struct iovec parts[2] = { { "one", 3 }, { "two", 3 } };
    equal(vmsplice(a[1], parts, 2, 0), 6);
    at = 100;
    equal(splice(a[0], 0, fd, &at, 6, SPLICE_F_MOVE), 6);
    equal(pread(fd, data, 6, 100), 6);
    equal(memcmp(data, "onetwo", 6), 0);
    equal(splice(a[0], 0, b[1], 0, 6, SPLICE_F_NONBLOCK), -1);
    equal(errno, EAGAIN);
    fails(splice(fd, 0, fd, 0, 6, 0), EINVAL);
    loff_t from = 0, to = 200;
    equal(copy_file_range(fd, &from, fd, &to, 10, 0), 10);
    equal(to, 210);
    close(a[0]); close(a[1]); close(b[0]); close(b[1]);
    close(fd);
    unlink(path_of("spliced"));
}

static void test_xattr(void)
{
    char *file = path_of("attributes"), value[16], list[64];
    int fd = open(file, O_RDWR | O_CREAT, 0600);
    if (setxattr(file, "user.one", "first", 5, 0) && errno == ENOTSUP) goto out; /* not on this file system */
    fails(setxattr(file, "user.one", "x", 1, XATTR_CREATE), EEXIST);
    fails(fsetxattr(fd, "user.two", "x", 1, XATTR_REPLACE), ENODATA);
    equal(lsetxattr(file, "user.two", "2", 1, 0), 0);
    equal(getxattr(file, "user.one", value, 16), 5);
    equal(memcmp(value, "first", 5), 0);
    equal(lgetxattr(file, "user.two", value, 16), 1);
    equal(fgetxattr(fd, "user.one", 0, 0), 5);
    fails(fgetxattr(fd, "user.one", value, 2), ERANGE);
    equal(listxattr(file, list, sizeof list), 18);
    equal(llistxattr(file, 0, 0), 18);
    equal(flistxattr(fd, list, sizeof list), 18);
    check(!strcmp(list, "user.one") || !strcmp(list, "user.two"));
    equal(removexattr(file, "user.one"), 0);
    equal(lremovexattr(file, "user.two"), 0);
    fails(fremovexattr(fd, "user.two"), ENODATA);
out:
    close(fd);
    unlink(file);
}

static volatile int ready_fd;
static void on_ready(int number, siginfo_t *info, void *context)
{
    (void)context;
    caught = number;
    ready_fd = info->si_fd;
}

static void test_async(void)
{
    int s[2], on = 1;
    struct sigaction action = { .sa_flags = SA_SIGINFO };
    struct f_owner_ex owner = { F_OWNER_PID, 0 };
    action.sa_sigaction = on_ready;
    sigaction(SIGIO, &action, 0);
    sigaction(SIGRTMIN + 3, &action, 0);
    equal(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    equal(fcntl(s[0], F_SETOWN, getpid()), 0);
    equal(fcntl(s[0], F_GETOWN), getpid());
    equal(fcntl(s[0], F_GETOWN_EX, &owner), 0);
    equal(owner.type, F_OWNER_PID);
    equal(owner.pid, getpid());
    equal(ioctl(s[0], FIOASYNC, &on), 0);
    check(fcntl(s[0], F_GETFL) & O_ASYNC);
    caught = 0;
    equal(write(s[1], "x", 1), 1);
    for (int i = 0; i < 1000 && !caught; i++) usleep(1000);
    equal(caught, SIGIO);
    equal(fcntl(s[0], F_SETSIG, SIGRTMIN + 3), 0);
    equal(fcntl(s[0], F_GETSIG), SIGRTMIN + 3);
    caught = 0;
    equal(write(s[1], "x", 1), 1);
    for (int i = 0; i < 1000 && !caught; i++) usleep(1000);
    equal(caught, SIGRTMIN + 3);
    equal(ready_fd, s[0]);
    fails(fcntl(s[0], F_SETSIG, 65), EINVAL);
    on = 0;
    equal(ioctl(s[0], FIOASYNC, &on), 0);
    check(!(fcntl(s[0], F_GETFL) & O_ASYNC));
    close(s[0]);
    close(s[1]);
}

static int terminal_fd;
static int take_terminal(void)
{
    char name[64];
    if (setsid() == -1) return 1;
    signal(SIGHUP, SIG_IGN); /* giving the terminal up sends it */
    if (ioctl(terminal_fd, TIOCSCTTY, 0)) return 2;
    if (tcgetpgrp(terminal_fd) != getpid() || tcgetsid(terminal_fd) != getpid()) return 3;
    if (tcsetpgrp(terminal_fd, getpid())) return 4;
    if (ttyname_r(terminal_fd, name, sizeof name)) return 5;
    return ioctl(terminal_fd, TIOCNOTTY) ? 6 : 0;
}

static void test_terminal(void)
{
    char data[32];
    struct termios settings;
    struct winsize size = { 40, 132, 0, 0 }, seen = { 0, 0, 0, 0 };
    int master = posix_openpt(O_RDWR | O_NOCTTY), number = -1;
    check(master >= 0);
    if (master < 0) return;
    equal(grantpt(master), 0);
    equal(unlockpt(master), 0);
    equal(ioctl(master, TIOCGPTN, &number), 0);
    int terminal = terminal_fd = open(ptsname(master), O_RDWR | O_NOCTTY);
    check(terminal >= 0 && isatty(terminal));
    equal(ioctl(master, TIOCSWINSZ, &size), 0);
    equal(ioctl(terminal, TIOCGWINSZ, &seen), 0);
    equal(seen.ws_col, 132);
    equal(write(master, "line\n", 5), 5);
    int waiting = 0;
    struct pollfd there = { terminal, POLLIN, 0 };
    equal(poll(&there, 1, 5000), 1);
    equal(ioctl(terminal, FIONREAD, &waiting), 0);
    equal(waiting, 5);
    equal(read(terminal, data, 32), 5);
    equal(read(master, data, 32), 6); /* the echo */
    equal(tcgetattr(terminal, &settings), 0);
    cfmakeraw(&settings);
    cfsetspeed(&settings, B9600);
    equal(tcsetattr(terminal, TCSANOW, &settings), 0);
    memset(&settings, 0, sizeof settings);
    equal(tcgetattr(terminal, &settings), 0);
    check(!(settings.c_lflag & (ECHO | ICANON)));
    equal(cfgetospeed(&settings), B9600);
    equal(write(terminal, "a\n", 2), 2);
    equal(read(master, data, 32), 2);
    equal(tcflush(terminal, TCIOFLUSH), 0);
    equal(tcdrain(terminal), 0);
    equal(child(take_terminal), 0);
    int peer = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    check(peer >= 0 && isatty(peer));
    close(peer);
    close(terminal);
    close(master);
    fails(tcgetattr(memfd_create("none", 0), &settings), ENOTTY);
}

#define TEST(name) { #name, test_##name }
static const struct { const char *name; void (*run)(void); } tests[] = {
    TEST(shm), TEST(sem), TEST(msg), TEST(mq), TEST(locks), TEST(inotify), TEST(memfd), TEST(splice), TEST(xattr),
    TEST(async), TEST(terminal),
};

int main(int argc, char **argv)
{
    folder = argv[1];
    setvbuf(stdout, 0, _IOLBF, 0);
    for (unsigned i = 0; i < sizeof tests / sizeof *tests; i++) {
        int wanted = argc < 3, before = failures;
        for (int j = 2; j < argc; j++) wanted |= !strcmp(argv[j], tests[i].name);
        if (!wanted) continue;
        tests[i].run();
        printf("%s %s\n", failures == before ? "ok" : "not ok", tests[i].name);
    }
    return failures != 0;
}
