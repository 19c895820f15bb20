/* Descriptors as programs meet them, checked from inside: prints "ok NAME" for each test, or a line for each failure.
 * With a test's name as argument it does that one. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
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
};

int main(int argc, char **argv)
{
    self = argv[0];
    if (argc == 4 && !strcmp(argv[1], "--next"))
        return next_program(atoi(argv[2]), atoi(argv[3]));
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
