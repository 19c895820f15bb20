/* What each call that takes a descriptor says of each kind of descriptor: a line "CALL KIND ANSWER" for each pair. The
 * same source, built for another machine, must print the same. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <termios.h>
#include <unistd.h>

static char bytes[4096];
static struct iovec part = { bytes, 16 };
static struct stat status;
static struct statfs file_system;
static struct sockaddr_storage address;
static socklen_t length;
static struct msghdr message;
static struct mmsghdr messages[1];
static struct epoll_event event = { EPOLLIN, { 0 } };
static struct itimerspec times;
static struct termios terminal;
static struct winsize window;
static struct flock file_lock;
static sigset_t signals;
static int number, ends[2], plain, epoll_set;
static off_t position;

enum { BAD_NUMBERS = 5 };
static int kinds[32];
static const char *names[32];
static int count;

static void kind(const char *name, int fd)
{
    names[count] = name;
    kinds[count++] = fd;
}

static void make(void)
{
    struct sockaddr_un here = { AF_UNIX, "listening" };
    int made[2];
    kind("minus one", -1), kind("minus five", -5), kind("closed", 700);
    kind("largest", 0x7fffffff), kind("least", -0x7fffffff - 1);
    kind("file", open("file", O_RDWR | O_CREAT | O_TRUNC, 0600));
    kind("read only", open("file", O_RDONLY));
    kind("write only", open("file", O_WRONLY));
    kind("appending", open("file", O_RDWR | O_APPEND));
    kind("path", open("file", O_PATH));
    kind("directory", open(".", O_RDONLY | O_DIRECTORY));
    kind("directory path", open(".", O_PATH | O_DIRECTORY));
    kind("null", open("/dev/null", O_RDWR));
    pipe2(made, O_NONBLOCK);
    kind("pipe out", made[0]), kind("pipe in", made[1]);
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, made);
    kind("pair", made[0]);
    kind("datagram", socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0));
    kind("listening", socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
    bind(kinds[count - 1], (void *)&here, sizeof here), listen(kinds[count - 1], 1);
    kind("eventfd", eventfd(0, EFD_NONBLOCK));
    kind("timerfd", timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
    kind("epoll", epoll_create1(0));
    kind("inotify", inotify_init1(IN_NONBLOCK));
    kind("memfd", memfd_create("memory", 0));
    kind("signalfd", signalfd(-1, &signals, SFD_NONBLOCK));
    kind("own memory", open("/proc/self/mem", O_RDONLY));
}

#define CALL(what, expression) do { errno = 0; long answer = (long)(expression); \
    if (answer < 0) printf("%s, %s: %s\n", what, names[n], strerror(errno)); \
    else if (strchr(what, '*')) printf("%s, %s: done\n", what, names[n]); \
    else printf("%s, %s: %ld\n", what, names[n], answer); } while (0)

static int is_made_up(int n)
{
    return !strcmp(names[n], "signalfd") || !strcmp(names[n], "own memory");
}

static void try_reading_and_writing(int n, int fd)
{
    CALL("read", read(fd, bytes, 0));
    CALL("write", write(fd, bytes, 0));
    CALL("pread", pread(fd, bytes, 0, 0));
    if (n >= BAD_NUMBERS)
        CALL("pread before 0", pread(fd, bytes, 1, -1));
    CALL("pwrite", pwrite(fd, bytes, 0, 0));
    CALL("readv", readv(fd, &part, 0));
    CALL("writev", writev(fd, &part, 0));
    CALL("preadv", preadv(fd, &part, 0, 0));
    CALL("pwritev", pwritev(fd, &part, 0, 0));
    CALL("preadv2 unknown flag", preadv2(fd, &part, 1, 0, 0x40000000));
    CALL("pwritev2 unknown flag", pwritev2(fd, &part, 1, 0, 0x40000000));
    CALL("lseek", lseek(fd, 0, SEEK_SET));
    CALL("lseek whence", lseek(fd, 0, 99));
    if (!is_made_up(n))
        CALL("sendfile in", sendfile(plain, fd, 0, 0));
    if (!is_made_up(n))
        CALL("sendfile out", sendfile(fd, plain, 0, 0));
    CALL("splice in", splice(fd, 0, plain, 0, 1, SPLICE_F_NONBLOCK));
    if (!is_made_up(n))
        CALL("splice out", splice(ends[0], 0, fd, 0, 1, SPLICE_F_NONBLOCK));
    if (n >= BAD_NUMBERS)
        CALL("splice flags", splice(fd, 0, fd, 0, 1, 0x4000));
    CALL("tee in", tee(fd, ends[1], 1, SPLICE_F_NONBLOCK));
    if (!is_made_up(n))
        CALL("tee out", tee(ends[0], fd, 1, SPLICE_F_NONBLOCK));
    if (!is_made_up(n))
        CALL("vmsplice", vmsplice(fd, &part, 0, 0));
}

static void try_files(int n, int fd)
{
    CALL("ftruncate", ftruncate(fd, 0));
    if (n >= BAD_NUMBERS)
        CALL("ftruncate negative", ftruncate(fd, -1));
    if (!is_made_up(n))
        CALL("fallocate", fallocate(fd, 0, 0, 1));
    CALL("fallocate mode", fallocate(fd, 0x4000, 0, 1));
    CALL("fallocate length", fallocate(fd, 0, 0, 0));
    if (!is_made_up(n))
        CALL("readahead", readahead(fd, 0, 1));
    CALL("fsync", fsync(fd));
    CALL("fdatasync", fdatasync(fd));
    CALL("syncfs", syncfs(fd));
    if (!is_made_up(n))
        CALL("sync_file_range", sync_file_range(fd, 0, 1, SYNC_FILE_RANGE_WRITE));
    CALL("sync_file_range flags", sync_file_range(fd, 0, 1, 0x40));
    if (!is_made_up(n))
        CALL("copy_file_range in", copy_file_range(fd, 0, plain, 0, 0, 0));
    if (!is_made_up(n))
        CALL("copy_file_range out", copy_file_range(plain, 0, fd, 0, 0, 0));
    CALL("copy_file_range flags", copy_file_range(fd, 0, fd, 0, 0, 1));
    CALL("fstat", fstat(fd, &status));
    CALL("fstatfs", fstatfs(fd, &file_system));
    CALL("getdents", getdents64(fd, bytes, 0));
    CALL("flock", flock(fd, LOCK_SH | LOCK_NB));
    if (n >= BAD_NUMBERS)
        CALL("flock unknown", flock(fd, 0x40));
    CALL("fchdir", fchdir(fd));
    CALL("openat", openat(fd, "missing", O_RDONLY));
    CALL("mkdirat", mkdirat(fd, "file", 0700));
    CALL("unlinkat", unlinkat(fd, "missing", 0));
    CALL("fstatat", fstatat(fd, "missing", &status, 0));
    CALL("fstatat empty", fstatat(fd, "", &status, AT_EMPTY_PATH));
    CALL("fstatat flags", fstatat(fd, "file", &status, 0x40000));
    CALL("faccessat", faccessat(fd, "missing", R_OK, 0));
    CALL("readlinkat", readlinkat(fd, "missing", bytes, 10));
    CALL("renameat", renameat(fd, "missing", fd, "other"));
    CALL("linkat", linkat(fd, "missing", fd, "other", 0));
    CALL("symlinkat", symlinkat("missing", fd, "file"));
    CALL("utimensat", utimensat(fd, "missing", 0, 0));
    if (n < BAD_NUMBERS || !is_made_up(n)) {
        CALL("futimens", futimens(fd, 0));
        /* As it is: one of them is /dev/null, and root may change it. */
        CALL("fchmod", fstat(fd, &status) ? fchmod(fd, 0600) : fchmod(fd, status.st_mode & 07777));
        CALL("fchown", fchown(fd, -1, -1));
        CALL("fsetxattr", fsetxattr(fd, "user.a", "b", 1, 0));
        CALL("fgetxattr", fgetxattr(fd, "user.missing", bytes, 10));
        CALL("fremovexattr", fremovexattr(fd, "user.missing"));
        CALL("mmap", mmap(0, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED ? -1 : 0);
        CALL("mmap to write", mmap(0, 4096, PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED ? -1 : 0);
    }
}

static void try_descriptors(int n, int fd)
{
    int copy;
    CALL("dup*", copy = dup(fd));
    close(copy);
    CALL("dup2", dup2(fd, 600));
    CALL("dup2 minus one", dup2(fd, -1));
    CALL("dup2 largest", dup2(fd, 0x7fffffff));
    CALL("dup3 flags", dup3(fd, 600, 1));
    CALL("dup3 itself", dup3(fd, fd, 0));
    CALL("F_DUPFD", fcntl(fd, F_DUPFD, 640));
    if (n >= BAD_NUMBERS)
        CALL("F_DUPFD negative", fcntl(fd, F_DUPFD, -1));
    CALL("F_DUPFD largest", fcntl(fd, F_DUPFD, 0x7fffffff));
    close(600), close(640);
    CALL("F_GETFD", fcntl(fd, F_GETFD));
    CALL("F_SETFD", fcntl(fd, F_SETFD, 0));
    CALL("F_GETFL*", fcntl(fd, F_GETFL));
    CALL("F_SETFL", fcntl(fd, F_SETFL, O_NONBLOCK));
    CALL("F_GETLK", (file_lock.l_type = F_RDLCK, fcntl(fd, F_GETLK, &file_lock)));
    CALL("F_SETLK", (file_lock.l_type = F_UNLCK, fcntl(fd, F_SETLK, &file_lock)));
    CALL("F_GETOWN", fcntl(fd, F_GETOWN));
    CALL("F_GETSIG", fcntl(fd, F_GETSIG));
    if (!is_made_up(n))
        CALL("F_GETPIPE_SZ", fcntl(fd, F_GETPIPE_SZ));
    CALL("F_GET_SEALS", fcntl(fd, F_GET_SEALS));
    if (!is_made_up(n))
        CALL("F_ADD_SEALS unknown", fcntl(fd, F_ADD_SEALS, 0x4000));
    CALL("unknown command", fcntl(fd, 4711, 0));
    CALL("FIOCLEX", ioctl(fd, FIOCLEX, 0));
    CALL("FIONBIO", (number = 1, ioctl(fd, FIONBIO, &number)));
    CALL("TCGETS", tcgetattr(fd, &terminal));
    CALL("TIOCGWINSZ", ioctl(fd, TIOCGWINSZ, &window));
    if (!is_made_up(n))
        CALL("FIONREAD", ioctl(fd, FIONREAD, &number));
}

static void try_sockets(int n, int fd)
{
    struct sockaddr_un elsewhere = { AF_UNIX, "missing/socket" };
    CALL("bind", bind(fd, (void *)&elsewhere, sizeof elsewhere));
    CALL("connect", connect(fd, (void *)&elsewhere, sizeof elsewhere));
    if (strcmp(names[n], "datagram") && strcmp(names[n], "pair"))
        CALL("listen", listen(fd, 1));
    CALL("accept", accept(fd, 0, 0));
    CALL("accept4 flags", accept4(fd, 0, 0, 1));
    CALL("getsockname", (length = 0, getsockname(fd, (void *)&address, &length)));
    CALL("getpeername", (length = 0, getpeername(fd, (void *)&address, &length)));
    CALL("shutdown how", shutdown(fd, 99));
    CALL("send", send(fd, bytes, 0, MSG_DONTWAIT | MSG_NOSIGNAL));
    CALL("sendto", sendto(fd, bytes, 0, MSG_DONTWAIT | MSG_NOSIGNAL, 0, 0));
    CALL("recv", recv(fd, bytes, 0, MSG_DONTWAIT));
    CALL("recvfrom", recvfrom(fd, bytes, 1, MSG_DONTWAIT, 0, 0));
    CALL("sendmsg", sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL));
    CALL("recvmsg", recvmsg(fd, &message, MSG_DONTWAIT));
    CALL("sendmmsg of none", sendmmsg(fd, messages, 0, MSG_DONTWAIT));
    CALL("recvmmsg of none", recvmmsg(fd, messages, 0, MSG_DONTWAIT, 0));
    CALL("recvmmsg", recvmmsg(fd, messages, 1, MSG_DONTWAIT, 0));
    CALL("getsockopt", (length = sizeof number, getsockopt(fd, SOL_SOCKET, SO_TYPE, &number, &length)));
    CALL("setsockopt", setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &number, sizeof number));
    CALL("setsockopt short", setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &number, 1));
}

static void try_special(int n, int fd)
{
    CALL("epoll_ctl set", epoll_ctl(fd, EPOLL_CTL_ADD, ends[0], &event));
    if (n < BAD_NUMBERS || !is_made_up(n))
        CALL("epoll_ctl", epoll_ctl(epoll_set, EPOLL_CTL_ADD, fd, &event));
    CALL("epoll_ctl delete", epoll_ctl(fd, EPOLL_CTL_DEL, plain, 0));
    CALL("epoll_ctl operation", epoll_ctl(fd, 99, ends[0], &event));
    CALL("epoll_wait", epoll_wait(fd, &event, 1, 0));
    CALL("epoll_wait none", epoll_wait(fd, &event, 0, 0));
    CALL("timerfd_settime", timerfd_settime(fd, 0, &times, 0));
    if (n >= BAD_NUMBERS)
        CALL("timerfd_settime flags", timerfd_settime(fd, 0x40, &times, 0));
    CALL("timerfd_gettime", timerfd_gettime(fd, &times));
    CALL("inotify_add_watch", inotify_add_watch(fd, "file", IN_CREATE));
    if (n >= BAD_NUMBERS && !strstr(names[n], "path"))
        CALL("inotify_add_watch mask", inotify_add_watch(fd, "file", 0));
    CALL("inotify_rm_watch", inotify_rm_watch(fd, 4711));
    if (fd != -1)
        CALL("signalfd*", signalfd(fd, &signals, 0));
    struct pollfd look = { fd, POLLIN | POLLOUT, 0 };
    if (!is_made_up(n) && poll(&look, 1, 0) >= 0)
        printf("poll, %s: %x\n", names[n], look.revents);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&signals);
    memset(&message, 0, sizeof message);
    unlink("listening"), unlink("file");
    pipe2(ends, O_NONBLOCK);
    plain = open("plain", O_RDWR | O_CREAT, 0600);
    epoll_set = epoll_create1(0);
    make();
    for (int n = 0; n < count; n++) {
        if (n >= BAD_NUMBERS && kinds[n] < 0) {
            printf("%s: %s\n", names[n], strerror(errno));
            return 1;
        }
        try_reading_and_writing(n, kinds[n]);
        try_files(n, kinds[n]);
        try_descriptors(n, kinds[n]);
        try_sockets(n, kinds[n]);
        try_special(n, kinds[n]);
    }
    for (int n = BAD_NUMBERS; n < count; n++) {
        CALL("close", close(kinds[n]));
        CALL("close again", close(kinds[n]));
    }
    return 0;
}
