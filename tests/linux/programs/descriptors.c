/* Descriptors as programs meet them, checked from inside: prints "ok NAME" for each test, or a line for each failure.
 * With a test's name as argument it does that one. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define MANY 40 /* more often than native code needs to learn a call */
#define CHECK(what) ((what) ? 0 : (printf("line %d: %s: %s\n", __LINE__, #what, strerror(errno)), failures++))
#define FAILS(what, error) CHECK(((errno = 0), (what) == -1 && errno == (error)))

static int failures;
static const char *self;

static int exited_with(pid_t pid, int status)
{
    int got;
    return waitpid(pid, &got, 0) == pid && WIFEXITED(got) && WEXITSTATUS(got) == status;
}

static int make_signalfd(int signal_number, int flags)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal_number);
    sigprocmask(SIG_BLOCK, &set, 0);
    return signalfd(-1, &set, flags);
}

static int readable(int fd)
{
    struct pollfd look = { fd, POLLIN, 0 };
    return poll(&look, 1, 0);
}

static int reads_signal(int fd, int number)
{
    struct signalfd_siginfo info;
    memset(&info, 0, sizeof info);
    return read(fd, &info, sizeof info) == sizeof info && (int)info.ssi_signo == number;
}

static void test_signalfd_read_often(void)
{
    struct signalfd_siginfo info;
    struct iovec parts[2] = { { &info, 100 }, { (char *)&info + 100, 28 } };
    int fd = make_signalfd(SIGUSR1, SFD_NONBLOCK);
    for (int n = 0; n < MANY; n++) {
        raise(SIGUSR1);
        CHECK(readable(fd) == 1 && reads_signal(fd, SIGUSR1) && readable(fd) == 0);
        FAILS(read(fd, &info, sizeof info), EAGAIN);
    }
    for (int n = 0; n < MANY; n++) {
        raise(SIGUSR1);
        CHECK(readv(fd, parts, 2) == 128 && info.ssi_signo == SIGUSR1);
        FAILS(readv(fd, parts, 2), EAGAIN);
        raise(SIGUSR1);
        CHECK(preadv2(fd, parts, 2, -1, 0) == 128 && info.ssi_signo == SIGUSR1);
    }
}

static void test_signalfd_does_only_what_it_can(void)
{
    int fd = make_signalfd(SIGUSR1, SFD_NONBLOCK), ends[2];
    char bytes[256];
    struct iovec part = { bytes, 200 };
    CHECK(pipe(ends) == 0);
    for (int n = 0; n < MANY; n++) {
        raise(SIGUSR1);
        FAILS(write(fd, bytes, 8), EINVAL);
        FAILS(writev(fd, &part, 1), EINVAL);
        FAILS(pread(fd, bytes, 128, 0), ESPIPE);
        FAILS(pwrite(fd, bytes, 128, 0), ESPIPE);
        FAILS(sendfile(ends[1], fd, 0, 128), EINVAL);
        FAILS(splice(fd, 0, ends[1], 0, 128, 0), EINVAL);
        FAILS(tee(fd, ends[1], 128, 0), EINVAL);
        FAILS(read(fd, bytes, 100), EINVAL);
        CHECK(readv(fd, &part, 0) == 0);
        CHECK(readable(fd) == 1 && reads_signal(fd, SIGUSR1));
    }
    CHECK((fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK)) == (O_RDWR | O_NONBLOCK));
    sigset_t set;
    sigemptyset(&set);
    FAILS(signalfd(700, &set, 0), EBADF);
    FAILS(signalfd(ends[0], &set, 0), EINVAL);
}

static void test_signalfd_copies(void)
{
    int fd = make_signalfd(SIGUSR1, SFD_NONBLOCK), copies[5], pair[2];
    char bytes[8] = "x", control[CMSG_SPACE(sizeof(int))];
    struct iovec part = { bytes, 1 };
    struct msghdr message = { 0, 0, &part, 1, control, sizeof control, 0 };
    copies[0] = dup(fd);
    copies[1] = dup2(fd, 77);
    copies[2] = fcntl(fd, F_DUPFD_CLOEXEC, 90);
    copies[3] = dup3(fd, 78, O_CLOEXEC);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET, head->cmsg_type = SCM_RIGHTS, head->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(head), &fd, sizeof fd);
    CHECK(sendmsg(pair[0], &message, 0) == 1 && recvmsg(pair[1], &message, 0) == 1);
    memcpy(&copies[4], CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
    for (int c = 0; c < 5; c++)
        for (int n = 0; n < MANY; n++) {
            raise(SIGUSR1);
            CHECK(readable(copies[c]) == 1 && reads_signal(copies[c], SIGUSR1) && readable(fd) == 0);
        }
    close(fd);
    raise(SIGUSR1);
    CHECK(reads_signal(copies[1], SIGUSR1));
    for (int c = 0; c < 5; c++)
        close(copies[c]);
    /* The numbers are anything's again. */
    CHECK(pipe(pair) == 0 && dup2(pair[0], 77) == 77);
    for (int n = 0; n < MANY; n++)
        CHECK(write(pair[1], "ab", 2) == 2 && read(77, bytes, 8) == 2);
}

static void test_signalfd_of_a_child(void)
{
    int fd = make_signalfd(SIGUSR1, SFD_NONBLOCK), copy = dup(fd);
    raise(SIGUSR1);
    pid_t child = fork();
    if (!child) {
        CHECK(readable(fd) == 0);
        for (int n = 0; n < MANY; n++) {
            raise(SIGUSR1);
            CHECK(readable(copy) == 1 && reads_signal(fd, SIGUSR1) && readable(copy) == 0);
        }
        raise(SIGUSR1); /* which is the child's alone */
        _exit(failures);
    }
    CHECK(exited_with(child, 0));
    CHECK(readable(fd) == 1 && reads_signal(copy, SIGUSR1) && readable(fd) == 0);
}

static void test_signalfd_of_the_next_program(void)
{
    int fd = make_signalfd(SIGUSR1, SFD_NONBLOCK), closed = dup(fd);
    char number[12], number_of_closed[12];
    fcntl(closed, F_SETFD, FD_CLOEXEC);
    pid_t child = fork();
    if (!child) {
        raise(SIGUSR1); /* pending across the execve */
        sprintf(number, "%d", fd), sprintf(number_of_closed, "%d", closed);
        execl(self, self, "--next", number, number_of_closed, (char *)0);
        _exit(99);
    }
    CHECK(exited_with(child, 0));
    CHECK(readable(fd) == 0);
}

static int next_program(int fd, int closed)
{
    CHECK(fcntl(closed, F_GETFD) == -1);
    CHECK(readable(fd) == 1 && reads_signal(fd, SIGUSR1) && readable(fd) == 0);
    for (int n = 0; n < MANY; n++) {
        raise(SIGUSR1);
        CHECK(readable(fd) == 1 && reads_signal(fd, SIGUSR1) && readable(fd) == 0);
    }
    return failures;
}

static void test_its_memory_as_a_file(void)
{
    int fd = open64("/proc/self/mem", O_RDWR), word = 0, got = 0;
    off64_t place = (unsigned long)&word;
    struct iovec parts[2] = { { &got, 2 }, { (char *)&got + 2, 2 } };
    CHECK(fd >= 0 && (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR);
    for (int n = 1; n <= MANY; n++) {
        word = n;
        CHECK(pread64(fd, &got, 4, place) == 4 && got == n);
        CHECK(lseek64(fd, place, SEEK_SET) == place && read(fd, &got, 4) == 4 && got == n);
        got = -n;
        CHECK(pwrite64(fd, &got, 4, place) == 4 && word == -n);
        got = 0;
        CHECK(preadv64(fd, parts, 2, place) == 4 && got == -n);
        got = n;
        CHECK(lseek64(fd, place, SEEK_SET) == place && writev(fd, parts, 2) == 4 && word == n);
    }
    FAILS(pread64(fd, &got, 4, 16), EIO);
    close(fd);
}

static int use_up(void)
{
    int fd, last = -1;
    while ((fd = dup(1)) >= 0)
        last = fd;
    return last;
}

static void set_soft_limit(int soft)
{
    struct rlimit limit;
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = soft < 0 ? limit.rlim_max : (rlim_t)soft;
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

static void test_none_left(void)
{
    char bytes[100];
    struct stat status;
    struct timespec moment = { 0, 1000 };
    struct itimerval never = { { 0, 0 }, { 0, 0 } };
    int fds[2] = { -2, -2 }, signals = make_signalfd(SIGUSR2, SFD_NONBLOCK);
    set_soft_limit(42);
    CHECK(use_up() == 41);
    FAILS(dup(1), EMFILE);
    /* What makes a descriptor fails, and leaves nothing behind. */
    FAILS(open("new", O_CREAT | O_WRONLY, 0600), EMFILE);
    FAILS(stat("new", &status), ENOENT);
    FAILS(pipe(fds), EMFILE);
    CHECK(fds[0] == -2);
    FAILS(socket(AF_UNIX, SOCK_STREAM, 0), EMFILE);
    FAILS(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), EMFILE);
    FAILS(epoll_create1(0), EMFILE);
    FAILS(eventfd(0, 0), EMFILE);
    FAILS(timerfd_create(CLOCK_MONOTONIC, 0), EMFILE);
    FAILS(inotify_init(), EMFILE);
    FAILS(memfd_create("memory", 0), EMFILE);
    FAILS(signalfd(-1, &(sigset_t){ 0 }, 0), EMFILE);
    FAILS(open("/proc/self/mem", O_RDONLY), EMFILE);
    FAILS(open("/proc/self/maps", O_RDONLY), EMFILE);
    FAILS(fcntl(1, F_DUPFD, 5), EMFILE);
    FAILS(fcntl(1, F_DUPFD, 42), EINVAL);
    FAILS(dup2(1, 42), EBADF);
    /* Everything else goes on, also what is done for the first time. */
    CHECK(getcwd(bytes, sizeof bytes) && mkdir("made", 0700) == 0 && rmdir("made") == 0);
    CHECK(nanosleep(&moment, 0) == 0 && setitimer(ITIMER_REAL, &never, 0) == 0);
    CHECK(mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
    CHECK(sched_yield() == 0 && getpgid(0) > 0 && times(0) != -1 && poll(0, 0, 1) == 0);
    CHECK(raise(SIGUSR2) == 0 && reads_signal(signals, SIGUSR2));
    pid_t child = fork();
    if (!child) {
        FAILS(dup(1), EMFILE);
        execl(self, self, "--none-left", (char *)0);
        _exit(99);
    }
    CHECK(exited_with(child, 0));
    close(20), close(21);
    CHECK(dup(1) == 20 && dup(1) == 21);
    FAILS(dup(1), EMFILE);
    close(20), close(21);
    CHECK(pipe(fds) == 0 && fds[0] == 20 && fds[1] == 21);
}

static int none_left_next(void)
{
    struct rlimit limit;
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur == 42);
    FAILS(dup(1), EMFILE);
    FAILS(open("new", O_CREAT | O_WRONLY, 0600), EMFILE);
    return failures;
}

static void test_one_left_is_not_enough_for_two(void)
{
    char bytes[8] = "x", control[CMSG_SPACE(2 * sizeof(int))];
    struct iovec part = { bytes, 1 };
    struct msghdr message = { 0, 0, &part, 1, control, sizeof control, 0 };
    int pair[2], ends[2] = { -2, -2 }, sent[2] = { 0, 1 }, last;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET, head->cmsg_type = SCM_RIGHTS, head->cmsg_len = CMSG_LEN(sizeof sent);
    memcpy(CMSG_DATA(head), sent, sizeof sent);
    CHECK(sendmsg(pair[0], &message, 0) == 1);
    set_soft_limit(42);
    last = use_up();
    close(last);
    FAILS(pipe(ends), EMFILE);
    FAILS(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), EMFILE);
    CHECK(dup(1) == last);
    close(last);
    CHECK(recvmsg(pair[1], &message, 0) == 1 && message.msg_flags & MSG_CTRUNC);
    CHECK(CMSG_FIRSTHDR(&message)->cmsg_len == CMSG_LEN(sizeof(int)));
    memcpy(sent, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
    CHECK(sent[0] == last);
}

static void test_copies_at_every_number(void)
{
    struct rlimit limit;
    int refused = 0, ends[2];
    char byte = 'x';
    set_soft_limit(-1);
    CHECK(pipe(ends) == 0);
    getrlimit(RLIMIT_NOFILE, &limit);
    for (int n = ends[1] + 1; n < (int)limit.rlim_cur; n++)
        refused += (n & 1 ? dup2(ends[1], n) : dup3(ends[1], n, O_CLOEXEC)) != n;
    CHECK(refused == 0);
    FAILS(dup2(1, limit.rlim_cur), EBADF);
    FAILS(dup(1), EMFILE);
    for (int n = ends[1] + 1; n < (int)limit.rlim_cur; n += 97)
        CHECK(write(n, &byte, 1) == 1 && read(ends[0], &byte, 1) == 1);
    /* The emulator still has what it needs. */
    CHECK(mkdir("made", 0700) == 0 && rmdir("made") == 0);
    pid_t child = fork();
    if (!child)
        _exit(17);
    CHECK(exited_with(child, 17));
    for (int n = ends[1] + 1; n < (int)limit.rlim_cur; n++)
        refused += close(n);
    CHECK(refused == 0);
    FAILS(close(ends[1] + 1), EBADF);
}

static void test_a_lower_limit_leaves_what_is_open(void)
{
    int fd = dup2(1, 300);
    set_soft_limit(50);
    CHECK(fcntl(fd, F_GETFD) == 0 && write(fd, "", 0) == 0);
    FAILS(dup2(1, 300), EBADF);
    FAILS(fcntl(1, F_DUPFD, 50), EINVAL);
    CHECK(use_up() == 49);
    set_soft_limit(310);
    CHECK(use_up() == 309 && close(fd) == 0 && dup(1) == 300);
}

/* The flags that fdinfo shows are those of this machine's headers. */
static void test_flags_are_shown_as_they_are_here(void)
{
    static const int flags[] = { O_RDONLY, O_RDWR | O_APPEND, O_WRONLY | O_NONBLOCK, O_RDONLY | O_DIRECTORY };
    char name[64], line[200];
    for (int n = 0; n < 4; n++) {
        int directory = flags[n] & O_DIRECTORY;
        int fd = open(directory ? "." : "file", flags[n] | O_CLOEXEC | (directory ? 0 : O_CREAT), 0600);
        long shown = -1;
        sprintf(name, "/proc/self/fdinfo/%d", fd);
        FILE *file = fopen(name, "r");
        CHECK(file != 0);
        while (file && fgets(line, sizeof line, file))
            if (!strncmp(line, "flags:", 6))
                shown = strtol(line + 6, 0, 8);
        fclose(file);
        CHECK(shown == (fcntl(fd, F_GETFL) | O_CLOEXEC));
        CHECK((shown & (O_ACCMODE | O_APPEND | O_NONBLOCK | O_DIRECTORY | O_CLOEXEC)) == (flags[n] | O_CLOEXEC));
        close(fd);
    }
}

#ifdef __arm__
#define LIMIT 0x7fffffffll
#define LARGE 0400000 /* O_LARGEFILE, whatever the C library calls it */

static int open_small(int flags)
{
    return syscall(SYS_openat, AT_FDCWD, "small", flags, 0600);
}

static void writes_to_the_limit(int fd, int source)
{
    char bytes[100] = "";
    struct iovec parts[2] = { { bytes, 6 }, { bytes, 60 } };
    off64_t at;
    CHECK(!(fcntl(fd, F_GETFL) & LARGE));
    for (int n = 0; n < MANY; n++) {
        CHECK(lseek64(fd, LIMIT - 10, SEEK_SET) == LIMIT - 10 && write(fd, bytes, 100) == 10);
        FAILS(write(fd, bytes, 1), EFBIG);
        CHECK(write(fd, bytes, 0) == 0);
        CHECK(lseek64(fd, LIMIT - 10, SEEK_SET) == LIMIT - 10 && writev(fd, parts, 2) == 10);
        FAILS(writev(fd, parts, 2), EFBIG);
        CHECK(pwrite64(fd, bytes, 100, LIMIT - 3) == 3 && pwrite64(fd, bytes, 1, LIMIT - 1) == 1);
        FAILS(pwrite64(fd, bytes, 1, LIMIT), EFBIG);
        FAILS(pwrite64(fd, bytes, 1, 1ll << 40), EFBIG);
        CHECK(pwritev64(fd, parts, 2, LIMIT - 3) == 3);
        FAILS(pwritev64(fd, parts, 2, LIMIT), EFBIG);
        CHECK(pread64(fd, bytes, 100, LIMIT - 3) == 3 && pread64(fd, bytes, 100, 1ll << 40) == 0);
    }
    lseek64(source, 0, SEEK_SET);
    CHECK(lseek64(fd, LIMIT - 4, SEEK_SET) == LIMIT - 4 && sendfile(fd, source, 0, 50) == 4);
    FAILS(sendfile(fd, source, 0, 50), EFBIG);
    at = LIMIT - 2;
    CHECK(copy_file_range(source, &(off64_t){ 0 }, fd, &at, 50, 0) == 2);
    FAILS(copy_file_range(source, &(off64_t){ 0 }, fd, &(off64_t){ LIMIT }, 50, 0), EFBIG);
    CHECK(lseek64(fd, 0, SEEK_END) == LIMIT);
}

static void test_without_largefile(void)
{
    char bytes[100] = "", number[12];
    int source = open("source", O_RDWR | O_CREAT, 0600), fd = open_small(O_RDWR | O_CREAT), large, appending;
    CHECK(write(source, bytes, 100) == 100);
    writes_to_the_limit(fd, source);
    writes_to_the_limit(dup(fd), source);
    writes_to_the_limit(dup2(fd, 77), source);
    pid_t child = fork();
    if (!child) {
        writes_to_the_limit(fd, source);
        sprintf(number, "%d", fd);
        if (!failures)
            execl(self, self, "--small", number, (char *)0);
        _exit(99);
    }
    CHECK(exited_with(child, 0));
    appending = open_small(O_WRONLY | O_APPEND);
    for (int n = 0; n < MANY; n++)
        FAILS(write(appending, bytes, 1), EFBIG);
    CHECK(ftruncate64(appending, LIMIT - 5) == 0 && write(appending, bytes, 100) == 5);
    large = open_small(O_RDWR | LARGE);
    CHECK(fcntl(large, F_GETFL) & LARGE);
    for (int n = 0; n < MANY; n++)
        CHECK(lseek64(large, LIMIT, SEEK_SET) == LIMIT && write(large, bytes, 100) == 100);
    FAILS(open_small(O_RDONLY), EOVERFLOW);
    FAILS(open_small(O_RDWR | O_CREAT), EOVERFLOW);
    FAILS(open_small(O_RDWR | O_TRUNC), EOVERFLOW);
    FAILS(syscall(SYS_creat, "small", 0600), EOVERFLOW);
    FAILS(syscall(SYS_open, "small", O_RDONLY, 0), EOVERFLOW);
    CHECK(lseek64(large, 0, SEEK_END) == LIMIT + 100); /* nobody has emptied it */
    CHECK(open_small(O_PATH) >= 0 && open_small(O_RDONLY | LARGE) >= 0);
    /* A number is anything's again. */
    CHECK(dup2(large, fd) == fd && pwrite64(fd, bytes, 1, LIMIT) == 1);
    CHECK(unlink("small") == 0);
}

static int small_next(int fd)
{
    char bytes[10] = "";
    CHECK(!(fcntl(fd, F_GETFL) & LARGE));
    for (int n = 0; n < MANY; n++)
        FAILS(pwrite64(fd, bytes, 1, LIMIT), EFBIG);
    return failures;
}
#endif

static struct {
    const char *name;
    void (*run)(void);
} tests[] = {
#define TEST(name) { #name, test_##name }
    TEST(signalfd_read_often),
    TEST(signalfd_does_only_what_it_can),
    TEST(signalfd_copies),
    TEST(signalfd_of_a_child),
    TEST(signalfd_of_the_next_program),
    TEST(its_memory_as_a_file),
    TEST(flags_are_shown_as_they_are_here),
#ifdef __arm__
    TEST(without_largefile),
#endif
    TEST(none_left),
    TEST(one_left_is_not_enough_for_two),
    TEST(copies_at_every_number),
    TEST(a_lower_limit_leaves_what_is_open),
};

int main(int argc, char **argv)
{
    self = argv[0];
    if (argc == 4 && !strcmp(argv[1], "--next"))
        return next_program(atoi(argv[2]), atoi(argv[3]));
#ifdef __arm__
    if (argc == 3 && !strcmp(argv[1], "--small"))
        return small_next(atoi(argv[2]));
#endif
    if (argc == 2 && !strcmp(argv[1], "--none-left"))
        return none_left_next();
    for (unsigned n = 0; n < sizeof tests / sizeof *tests; n++) {
        if (argc > 1 && strcmp(argv[1], tests[n].name))
            continue;
        int before = failures;
        tests[n].run();
        if (failures == before)
            printf("ok %s\n", tests[n].name);
        fflush(stdout);
    }
    return failures != 0;
}
