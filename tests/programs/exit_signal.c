/* What a child's end sends, and which wait sees it: clone's exit signal, __WCLONE and __WALL. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t signals[65], codes[65];
static volatile pid_t pids[65];

static void handler(int number, siginfo_t *info, void *context)
{
    (void)context;
    signals[number]++;
    codes[number] = info->si_code;
    pids[number] = info->si_pid;
}

static pid_t make(int signal, int status)
{
    fflush(stdout);
    pid_t pid = syscall(SYS_clone, signal, 0, 0, 0, 0);
    if (pid == 0)
        _exit(status);
    return pid;
}

static void show(const char *what, pid_t pid, pid_t wanted, int options)
{
    int status = 0;
    pid_t result = waitpid(wanted, &status, options);

    if (result == -1)
        printf("%s: %s\n", what, strerror(errno));
    else
        printf("%s: %s, status %d\n", what, result == pid ? "the child" : "another", WEXITSTATUS(status));
}

static void end_of(int signal)
{
    int before = signal ? signals[signal] : 0;
    pid_t pid = make(signal, 7);
    siginfo_t info;

    /* It has ended when waitid sees it, whatever its signal is. */
    while (waitid(P_PID, pid, &info, WEXITED | WNOWAIT | __WALL) == -1 && errno == EINTR)
        ;
    printf("signal %d: came %d", signal, signal ? signals[signal] - before : 0);
    if (signal)
        printf(" with code %d from %s", codes[signal], pids[signal] == pid ? "the child" : "another");
    printf("; waitid tells of signal %d\n", info.si_signo);
    show("  wait4 of it", pid, pid, 0);
    if (signal != SIGCHLD) {
        show("  wait4 of any", pid, -1, WNOHANG);
        show("  wait4 with __WCLONE", pid, pid, __WCLONE);
    }
    show("  wait4 with __WALL", pid, -1, __WALL);
}

int main(int argc, char **argv)
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART};

    if (argc > 1)
        return 9;
    sigaction(SIGCHLD, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGRTMIN + 3, &action, NULL);
    end_of(SIGCHLD);
    end_of(SIGUSR1);
    end_of(SIGRTMIN + 3);
    end_of(0);

    struct clone_args arguments = {.exit_signal = SIGUSR1};
    fflush(stdout);
    pid_t pid = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid == 0)
        _exit(5);
    show("clone3: wait4", pid, pid, 0);
    show("clone3: wait4 with __WALL", pid, pid, __WALL);
    printf("SIGUSR1 came %d times\n", signals[SIGUSR1]);

    fflush(stdout);
    pid = syscall(SYS_clone, SIGUSR1, 0, 0, 0, 0);
    if (pid == 0) {
        execl(argv[0], argv[0], "again", NULL);
        _exit(1);
    }
    show("executed: wait4 with __WALL", pid, pid, __WALL);
    printf("SIGUSR1 came %d times, SIGCHLD %d\n", signals[SIGUSR1], signals[SIGCHLD]);
    pid = make(65, 3);
    show("signal 65: wait4 with __WALL", pid, pid, __WALL);
    return 0;
}
