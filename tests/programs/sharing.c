/* A process that shares memory, files and directory, and traces the threads of the one that made it. Prints "ok". */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK(what) do { if (!(what)) { printf("line %d: %s, errno %d\n", __LINE__, #what, errno); failed = 1; } } while (0)

static volatile int failed, started, spins, marked, over;
static pid_t parent, spinner, tracer;
static int opened;

static void *spin(void *argument)
{
    spinner = syscall(SYS_gettid);
    started++;
    asm volatile("ldr r7, =0x12345678\n1: ldr r6, [%0]\nadd r6, #1\nstr r6, [%0]\nldr r6, [%1]\ncmp r6, #0\nbeq 1b\n"
                 : : "r"(&spins), "r"(&over) : "r6", "r7", "memory", "cc");
    return argument;
}

static void *wait_for_input(void *argument)
{
    int *ends = argument;
    char byte;

    started++;
    CHECK(read(ends[0], &byte, 1) == 1 && byte == 'x');
    return NULL;
}

static void handler(int number)
{
    marked = number;
}

static int trace(void *argument)
{
    unsigned long words[18], again[18], half[4] = {0};
    unsigned char vfp[260];
    struct iovec vector = {again, sizeof again};
    int status, before;

    (void)argument;
    CHECK(getpid() == tracer || !tracer);
    CHECK(getpid() != parent && getppid() == parent && syscall(SYS_gettid) == getpid());
    opened = open("/dev/null", O_RDONLY);
    CHECK(syscall(SYS_fork) == -1);
    CHECK(signal(SIGUSR1, SIG_IGN) == handler);
    CHECK(ptrace(PTRACE_DETACH, spinner, 0, 0) == -1 && errno == ESRCH);
    CHECK(ptrace(PTRACE_ATTACH, getpid(), 0, 0) == -1);
    CHECK(ptrace(PTRACE_ATTACH, parent, 0, 0) == 0 && waitpid(parent, &status, __WALL) == parent);
    CHECK(ptrace(PTRACE_ATTACH, spinner, 0, 0) == 0);
    CHECK(ptrace(PTRACE_ATTACH, spinner, 0, 0) == -1 && errno == EPERM);
    CHECK(waitpid(spinner, &status, __WALL) == spinner && WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    before = spins;
    CHECK(ptrace(PTRACE_GETREGS, spinner, 0, words) == 0 && words[7] == 0x12345678);
    CHECK(ptrace(PTRACE_GETREGSET, spinner, (void *)1, &vector) == 0 && vector.iov_len == 72);
    CHECK(memcmp(words, again, sizeof words) == 0);
    vector = (struct iovec){half, 8};
    CHECK(ptrace(PTRACE_GETREGSET, spinner, (void *)1, &vector) == 0 && vector.iov_len == 8 && half[1] == words[1] && !half[2]);
    vector = (struct iovec){vfp, sizeof vfp};
    CHECK(ptrace(PTRACE_GETREGSET, spinner, (void *)0x400, &vector) == 0 && vector.iov_len == 260);
    CHECK(ptrace(PTRACE_GETREGSET, spinner, (void *)77, &vector) == -1 && errno == EINVAL);
    CHECK(ptrace(PTRACE_PEEKDATA, spinner, &spins, 0) == before);
    usleep(30000);
    CHECK(spins == before);
    CHECK(ptrace(PTRACE_CONT, spinner, 0, SIGUSR1) == 0);
    while (spins == before || !marked)
        sched_yield();
    CHECK(marked == SIGUSR1);
    CHECK(ptrace(PTRACE_GETREGS, spinner, 0, words) == -1 && errno == ESRCH);
    CHECK(ptrace(PTRACE_DETACH, parent, 0, 0) == 0);
    return 37; /* which lets go what is still traced */
}

static int end(void *argument)
{
    if (argument)
        kill(getpid(), SIGTERM);
    syscall(SYS_exit_group, 5);
    return 0;
}

static int child(int (*function)(void *), void *argument, int flags)
{
    static char stack[2][65536] __attribute__((aligned(8)));

    return clone(function, stack[flags != 0] + sizeof stack[0], CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_UNTRACED | flags, argument);
}

int main(void)
{
    pthread_t threads[2];
    int ends[2], status, pid, before;

    parent = getpid();
    CHECK(pipe(ends) == 0);
    signal(SIGUSR1, handler);
    CHECK(prctl(0x59616d61, getpid(), 0, 0, 0) == 0 || errno == EINVAL);
    CHECK(ptrace(PTRACE_ATTACH, parent, 0, 0) == -1 && errno == EPERM);
    pthread_create(&threads[0], NULL, spin, NULL);
    pthread_create(&threads[1], NULL, wait_for_input, ends);
    while (started < 2)
        sched_yield();
    pid = tracer = child(trace, NULL, 0);
    CHECK(pid > 0);
    CHECK(waitpid(pid, &status, 0) == -1 && errno == ECHILD);
    CHECK(waitpid(pid, &status, __WALL) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 37);
    CHECK(waitpid(pid, &status, __WALL) == -1 && errno == ECHILD);
    CHECK(fcntl(opened, F_GETFD) == 0);
    CHECK(signal(SIGUSR1, SIG_DFL) == handler);
    before = spins;
    while (spins == before)
        sched_yield();
    pid = child(end, NULL, SIGCHLD);
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 5);
    pid = child(end, &status, 0);
    CHECK(waitpid(-1, &status, __WCLONE) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    over = 1;
    CHECK(write(ends[1], "x", 1) == 1);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    if (!failed)
        puts("ok");
    return failed;
}
