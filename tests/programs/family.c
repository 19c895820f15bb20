/* What processes see and do of each other, and how signals end what waits: each test checks itself. Built for ARM and
 * for the host; names of tests are arguments. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int failures;
static char *self;
#define check(condition) do { if (!(condition)) { failures++; \
    printf("failed at line %d: %s (errno %d)\n", __LINE__, #condition, errno); } } while (0)
#define equal(a, b) do { long a_ = (long)(a), b_ = (long)(b); if (a_ != b_) { failures++; \
    printf("failed at line %d: %s is %ld, not %ld (errno %d)\n", __LINE__, #a, a_, b_, errno); } } while (0)

static void nap(int milliseconds)
{
    struct timespec time = { milliseconds / 1000, milliseconds % 1000 * 1000000 };
    while (nanosleep(&time, &time)) continue;
}

static int ended(pid_t pid)
{
    int status = -1;
    equal(waitpid(pid, &status, __WALL), pid);
    return status;
}

static volatile sig_atomic_t handled;
static void count(int number) { (void)number; handled++; }
static void handle(int number, int flags)
{
    struct sigaction action = { .sa_handler = count, .sa_flags = flags };
    sigaction(number, &action, 0);
    handled = 0;
}

/* The errno of a call that a handler ends, though it has SA_RESTART. */
static int interrupted(long (*call)(int), int id)
{
    pid_t parent = getpid(), pid;
    handle(SIGUSR1, SA_RESTART);
    pid = fork();
    if (!pid) { /* again, for the first may come before the call waits */
        for (int i = 0; i < 40 && getppid() == parent; i++) { nap(50); kill(parent, SIGUSR1); }
        _exit(0);
    }
    errno = 0;
    long result = call(id);
    int error = errno;
    kill(pid, SIGKILL);
    ended(pid);
    check(result == -1 && handled);
    return error;
}
static long receive(int id) { struct { long type; char text[8]; } m; return msgrcv(id, &m, sizeof m.text, 1, 0); }
static long fill(int id) { struct { long type; char text[4096]; } m = { 1, "" }; while (!msgsnd(id, &m, sizeof m.text, 0)) continue; return -1; }
static long down(int id) { struct sembuf operation = { 0, -1, 0 }; return semop(id, &operation, 1); }
static long down_timed(int id) { struct sembuf operation = { 0, -1, 0 }; struct timespec limit = { 5, 0 }; return semtimedop(id, &operation, 1, &limit); }

static void test_never_restarted(void)
{
    int queue = msgget(IPC_PRIVATE, 0600), semaphore = semget(IPC_PRIVATE, 1, 0600);
    equal(interrupted(receive, queue), EINTR);
    equal(interrupted(fill, queue), EINTR);
    equal(interrupted(down, semaphore), EINTR);
    equal(interrupted(down_timed, semaphore), EINTR);
    msgctl(queue, IPC_RMID, 0);
    semctl(semaphore, 0, IPC_RMID);
}

static volatile stack_t seen_stack;
static void see_stack(int number) { (void)number; sigaltstack(0, (stack_t *)&seen_stack); }

/* A handler without SA_SIGINFO has no frame that could bring a stack back that has disarmed itself. */
static void test_autodisarm(void)
{
    static char room[65536];
    stack_t stack = { room, 1u << 31, sizeof room }, old;
    struct sigaction action = { .sa_handler = see_stack, .sa_flags = SA_ONSTACK };
    sigaction(SIGUSR1, &action, 0);
    equal(sigaltstack(&stack, 0), 0);
    raise(SIGUSR1);
    equal(seen_stack.ss_flags & 3, SS_DISABLE);
    equal(sigaltstack(0, &old), 0);
#ifdef __arm__ /* x86-64 has frames of one kind */
    equal(old.ss_flags, SS_DISABLE);
    equal(old.ss_size, 0);
#endif
}

#ifdef __arm__
#define BREAK(name, before, code) __attribute__((naked, noinline)) static void name(void) { __asm__ volatile(before code "\n bx lr"); }
#pragma GCC push_options
#pragma GCC target("arm")
BREAK(break_a32, "", ".inst 0xe7f001f0")
BREAK(break_bkpt, "", "bkpt #3")
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("thumb")
BREAK(break_t16, "", ".inst.n 0xde01")
BREAK(break_t32, "", ".inst.w 0xf7f0a000")
BREAK(break_bkpt_t16, "", "bkpt #3")
#pragma GCC pop_options
static void (*const breaks[])(void) = { break_a32, break_bkpt, break_t16, break_t32, break_bkpt_t16 };
#else
static void break_int3(void) { __asm__ volatile("int3"); }
static void (*const breaks[])(void) = { break_int3 };
#endif

static void test_breakpoints(void)
{
    for (unsigned i = 0; i < sizeof breaks / sizeof *breaks; i++)
        for (int how = 0; how < 3; how++) {
            pid_t pid = fork();
            if (!pid) {
                sigset_t all;
                sigfillset(&all);
                if (how == 1) signal(SIGTRAP, SIG_IGN);
                if (how == 2) sigprocmask(SIG_BLOCK, &all, 0);
                breaks[i]();
                _exit(0);
            }
            int status = ended(pid);
            check(WIFSIGNALED(status));
            equal(WTERMSIG(status), SIGTRAP);
        }
}

/* A crash is one while a timer runs, and what a program does with signal 64 is not the timers' business. */
static void test_timers_do_not_disturb(void)
{
    struct itimerval fast = { { 0, 50 }, { 0, 50 } };
    for (int i = 0; i < 8; i++) {
        pid_t pid = fork();
        if (!pid) {
            handle(SIGALRM, 0);
            setitimer(ITIMER_REAL, &fast, 0);
            while (handled < 3 + i) continue;
            *(volatile int *)4 = 1;
        }
        equal(WTERMSIG(ended(pid)), SIGSEGV);
    }
    handle(SIGALRM, 0);
    setitimer(ITIMER_REAL, &fast, 0);
    signal(64, SIG_IGN);
    signal(64, SIG_DFL);
    while (handled < 20) continue;
    signal(64, SIG_IGN);
    handled = 0;
    while (handled < 20) continue;
    signal(64, SIG_DFL);
    memset(&fast, 0, sizeof fast);
    setitimer(ITIMER_REAL, &fast, 0);
}

static void leave(int number) { (void)number; _exit(7); }
static void test_big_endian_data(void)
{
    pid_t pid = fork();
    if (!pid) {
        struct itimerval soon = { { 0, 0 }, { 0, 300000 } };
        signal(SIGALRM, leave);
        setitimer(ITIMER_REAL, &soon, 0);
#ifdef __arm__
        __asm__ volatile("setend be");
#endif
        for (;;) __asm__ volatile("");
    }
    nap(4000); /* an engine that is slow then still looks at signals */
    int status = 0;
    equal(waitpid(pid, &status, WNOHANG), pid);
    equal(WEXITSTATUS(status), 7);
    kill(pid, SIGKILL);
}

/* A child that has left a core file, to waitpid, to waitid and in the siginfo of SIGCHLD; one that has not. */
static void test_core_flag(void)
{
    struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
    char place[] = "/tmp/family-XXXXXX";
    siginfo_t info, sent;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, 0);
    check(mkdtemp(place) && !chdir(place));
    equal(setrlimit(RLIMIT_CORE, &limit), 0);
    for (int dumps = 0; dumps < 2; dumps++) {
        pid_t pid = fork();
        if (!pid) {
            raise(dumps ? SIGFPE : SIGKILL);
            _exit(1);
        }
        equal(sigwaitinfo(&set, &sent), SIGCHLD);
        equal(sent.si_code, dumps ? CLD_DUMPED : CLD_KILLED);
        equal(sent.si_status, dumps ? SIGFPE : SIGKILL);
        equal(waitid(P_PID, pid, &info, WEXITED | WNOWAIT), 0);
        equal(info.si_code, dumps ? CLD_DUMPED : CLD_KILLED);
        equal(!!WCOREDUMP(ended(pid)), dumps);
    }
    unlink("core");
    chdir("/");
    rmdir(place);
}

/* Names. Who looks is the parent, a child, and a child's child. */

static char *slurp(const char *name)
{
    static char text[1 << 16];
    int fd = open(name, O_RDONLY), size = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    close(fd);
    text[size < 0 ? 0 : size] = 0;
    return text;
}
static char *of(int pid, const char *name)
{
    static char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    return path;
}

static void look_at(int pid, const char *comm, const char *argument, const char *variable)
{
    char line[64], program[300], other[300];
    snprintf(line, sizeof line, "%s\n", comm);
    check(!strcmp(slurp(of(pid, "comm")), line));
    check(!strcmp(slurp(of(pid, "cmdline")), argument));
    check(!variable || !strcmp(slurp(of(pid, "environ")), variable));
    snprintf(line, sizeof line, "Name:\t%s\n", comm);
    check(!strncmp(slurp(of(pid, "status")), line, strlen(line)));
    snprintf(line, sizeof line, "%d (%s) ", pid, comm);
    check(!strncmp(slurp(of(pid, "stat")), line, strlen(line)));
    long size = readlink("/proc/self/exe", program, sizeof program);
    equal(readlink(of(pid, "exe"), other, sizeof other), size);
    check(!memcmp(program, other, size));
    program[size] = 0;
    check(strstr(slurp(of(pid, "maps")), program) != 0);
#ifdef __arm__
    check(!strstr(slurp(of(pid, "maps")), "python"));
    check(strstr(slurp(of(pid, "maps")), "[stack]") != 0);
#endif
    long pages = strtol(slurp(of(pid, "statm")), 0, 10);
    check(pages > 0 && pages < 1 << 20);
}

static int pipes[2];
static void *say_and_wait(void *unused) { (void)unused; write(pipes[1], "x", 1); for (;;) pause(); }

static void test_names(void)
{
    char name[64] = "", text[64], argument[64], byte;
    pthread_t thread;
    equal(pipe(pipes), 0);
    pthread_create(&thread, 0, say_and_wait, 0);
    read(pipes[0], &byte, 1);
    equal(pthread_setname_np(thread, "worker"), 0);
    equal(pthread_getname_np(thread, name, sizeof name), 0);
    check(!strcmp(name, "worker"));
    snprintf(text, sizeof text, "/proc/self/task/%d/comm", getpid());
    prctl(PR_SET_NAME, "a name longer than it may be");
    check(!strcmp(slurp("/proc/self/comm"), "a name longer t\n"));
    check(!strcmp(slurp(text), "a name longer t\n"));
    int fd = open(text, O_WRONLY | O_TRUNC);
    equal(write(fd, "written", 7), 7);
    close(fd);
    prctl(PR_GET_NAME, name);
    check(!strcmp(name, "written"));
    check(!strncmp(slurp("/proc/self/status"), "Name:\twritten\n", 14));

    const char *last = strrchr(self, '/') ? strrchr(self, '/') + 1 : self;
    snprintf(argument, sizeof argument, "%d", pipes[1]);
    for (int executes = 0; executes < 2; executes++) {
        pid_t pid = fork();
        if (!pid) {
            char *arguments[] = { "called so", "wait", argument, 0 }, *variables[] = { "VARIABLE=of the child", 0 };
            if (executes) execve(self, arguments, variables);
            prctl(PR_SET_NAME, "(a) child");
            say_and_wait(0);
        }
        read(pipes[0], &byte, 1);
        const char *comm = executes ? last : "(a) child", *first = executes ? "called so" : self;
        look_at(pid, comm, first, executes ? "VARIABLE=of the child" : 0);
        pid_t other = fork(); /* a brother looks, and looks at its parent */
        if (!other) {
            failures = 0;
            look_at(pid, comm, first, executes ? "VARIABLE=of the child" : 0);
            look_at(getppid(), "written", self, 0);
            _exit(failures);
        }
        equal(ended(other), 0);
        kill(pid, SIGKILL);
        ended(pid);
        equal(open(of(pid, "stat"), O_RDONLY), -1);
        equal(errno, ENOENT);
    }
}

/* Robust locks whose holder ends in every way: what was held comes to who waits. */
#define LOCKS 40
static pthread_mutex_t *locks;
static void *hold(void *argument)
{
    for (int i = 0; i < LOCKS; i++) pthread_mutex_lock(&locks[i]);
    for (int i = 0; i < LOCKS; i += 3) pthread_mutex_unlock(&locks[i]);
    write(pipes[1], "x", 1);
    if (argument) for (;;) __asm__ volatile("");
    for (;;) pause();
}

static void test_robust(void)
{
    enum { EXIT, TERM, KILL, EXECUTE, KILL_LOOP, KILL_THREAD, KILL_GRANDCHILD, WAYS };
    char argument[16], byte;
    locks = mmap(0, 1 << 16, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    equal(pipe(pipes), 0);
    snprintf(argument, sizeof argument, "%d", pipes[1]);
    for (int inherit = 0; inherit < 2; inherit++) for (int way = 0; way < WAYS; way++) {
        pthread_mutexattr_t attributes;
        pthread_mutexattr_init(&attributes);
        pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
        pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
        pthread_mutexattr_setprotocol(&attributes, inherit ? PTHREAD_PRIO_INHERIT : PTHREAD_PRIO_NONE);
        for (int i = 0; i < LOCKS; i++) pthread_mutex_init(&locks[i], &attributes);
        pid_t pid = fork();
        if (!pid) {
            pthread_t thread;
            if (way == KILL_GRANDCHILD && (pid = fork())) { nap(300); kill(pid, SIGKILL); ended(pid); _exit(0); }
            if (way == KILL_THREAD) { pthread_create(&thread, 0, hold, 0); for (;;) pause(); }
            if (way == EXIT || way == EXECUTE) {
                for (int i = 0; i < LOCKS; i++) pthread_mutex_lock(&locks[i]);
                for (int i = 0; i < LOCKS; i += 3) pthread_mutex_unlock(&locks[i]);
                if (way == EXECUTE) execl(self, self, "wait", argument, (char *)0);
                write(pipes[1], "x", 1);
                _exit(0);
            }
            hold(way == KILL_LOOP ? "" : 0);
        }
        read(pipes[0], &byte, 1);
        nap(100);
        if (way == TERM) kill(pid, SIGTERM);
        else if (way == KILL || way == KILL_LOOP || way == KILL_THREAD) kill(pid, SIGKILL);
        for (int i = 0; i < LOCKS; i++) {
            struct timespec limit;
            clock_gettime(CLOCK_REALTIME, &limit);
            limit.tv_sec += 2;
            int result = pthread_mutex_timedlock(&locks[i], &limit), wanted = i % 3 ? EOWNERDEAD : 0;
            if (result != wanted) { printf("way %d, lock %d, PI %d: ", way, i, inherit); equal(result, wanted); break; }
        }
        if (way == EXECUTE) kill(pid, SIGKILL);
        ended(pid);
        fcntl(pipes[0], F_SETFL, O_NONBLOCK);
        while (read(pipes[0], &byte, 1) == 1) continue;
        fcntl(pipes[0], F_SETFL, 0);
    }
}

/* Children that nobody waits for. Their numbers are free, and signals to them are refused, once they have ended. */
static void test_ignored_children(void)
{
    for (int how = 0; how < 2; how++) {
        struct sigaction action = { .sa_handler = how ? count : SIG_IGN, .sa_flags = how ? SA_NOCLDWAIT : 0 };
        siginfo_t info;
        sigaction(SIGCHLD, &action, 0);
        pid_t first = fork(), second;
        if (!first) _exit(0);
        nap(300);
        errno = 0;
        equal(kill(first, 0), -1);
        check(errno == ESRCH || errno == EPERM);
        equal(waitpid(first, 0, 0), -1);
        equal(errno, ECHILD);
        first = fork();
        if (!first) { nap(300); _exit(0); }
        second = fork();
        if (!second) { nap(100); _exit(0); }
        equal(waitpid(first, 0, WNOHANG), 0);
        equal(waitid(P_ALL, 0, &info, WEXITED | WNOHANG), 0);
        while ((errno = 0, waitpid(-1, 0, 0)) == -1 && errno == EINTR) continue;
        equal(errno, ECHILD);
        equal(kill(first, 0), -1);
        equal(kill(second, 0), -1);
    }
    signal(SIGCHLD, SIG_DFL);
}

/* The signal of a timer that counts the processor's time goes to the thread that uses it, be the first one awake or not. */
static volatile pthread_t burning;
static volatile int at_burning, at_others;
static void count_thread(int number)
{
    (void)number;
    if (pthread_equal(pthread_self(), burning)) at_burning++;
    else at_others++;
}
static void *burn(void *unused) { while (at_burning + at_others < 20) continue; return unused; }

static void test_profiling(void)
{
    static const int kinds[] = { ITIMER_PROF, ITIMER_VIRTUAL }, numbers[] = { SIGPROF, SIGVTALRM };
    for (int i = 0; i < 2; i++) {
        struct itimerval often = { { 0, 10000 }, { 0, 10000 } }, never = { { 0, 0 }, { 0, 0 } };
        pthread_t thread;
        signal(numbers[i], count_thread);
        at_burning = at_others = 0;
        setitimer(kinds[i], &often, 0);
        pthread_create(&thread, 0, burn, 0);
        burning = thread;
        while (at_burning + at_others < 20) nap(20);
        pthread_join(thread, 0);
        setitimer(kinds[i], &never, 0);
        check(at_burning >= 18);
    }
}

/* What a guest in the sandbox finds of processes that are none of its own: nothing. */
static void strangers(void)
{
    struct stat about;
    DIR *folder = opendir("/proc");
    pid_t pid = fork(), found = 0;
    if (!pid) for (;;) pause();
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        int number = atoi(entry->d_name);
        check(!number || number == getpid() || number == pid);
        if (number == pid) found = number;
    }
    equal(found, pid);
    const char *names[] = { "/proc/1", "/proc/1/stat", "/proc/1/exe", "/proc/99999999/stat", "/proc/./1/comm", "/proc/99999999" };
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        errno = 0;
        equal(stat(names[i], &about), -1);
        equal(errno, ENOENT);
        errno = 0;
        equal(open(names[i], O_RDONLY), -1);
        equal(errno, ENOENT);
    }
    struct timespec soon = { 1, 0 }; /* of 1970 */
    volatile int owners[] = { 1, 2, 99999999 };
    for (unsigned i = 0; i < sizeof owners / sizeof *owners; i++) {
        equal(syscall(SYS_futex, &owners[i], 6 | 128, 0, &soon, 0, 0), -1); /* FUTEX_LOCK_PI, private */
        equal(errno, ESRCH);
    }
    equal(stat(of(pid, ""), &about), 0);
    equal(open(of(pid, "mem"), O_RDONLY), -1);
    equal(open(of(pid, "comm"), O_WRONLY), -1);
    kill(pid, SIGKILL);
    ended(pid);
    equal(stat(of(pid, ""), &about), -1);
}

#define TEST(name) { #name, test_##name }
static const struct { const char *name; void (*run)(void); } tests[] = {
    TEST(never_restarted), TEST(autodisarm), TEST(breakpoints), TEST(timers_do_not_disturb),
    TEST(big_endian_data), TEST(core_flag), TEST(names), TEST(robust), TEST(ignored_children), TEST(profiling),
};

int main(int argc, char **argv)
{
    self = argv[0];
    if (argc == 3 && !strcmp(argv[1], "wait")) { pipes[1] = atoi(argv[2]); say_and_wait(0); }
    setbuf(stdout, 0);
    if (argc == 2 && !strcmp(argv[1], "strangers")) strangers();
    if (argc == 2 && !strcmp(argv[1], "stop")) { kill(getpid(), SIGSTOP); return 0; }
    if (argc == 2 && !strcmp(argv[1], "stop_parent")) {
        if (!fork()) kill(getppid(), SIGSTOP);
        for (;;) pause();
    }
    if (argc == 2 && !strcmp(argv[1], "host")) {
        sigset_t all;
        sigfillset(&all);
        sigprocmask(SIG_BLOCK, &all, 0);
        if (!fork()) execl("/bin/sleep", "sleep", "600", (char *)0);
        setsid();
        execl("/bin/sleep", "sleep", "600", (char *)0);
    }
    for (unsigned i = 0; i < sizeof tests / sizeof *tests; i++) {
        int wanted = argc < 2, already = failures;
        for (int j = 1; j < argc; j++) wanted |= !strcmp(argv[j], tests[i].name);
        if (!wanted) continue;
        tests[i].run();
        if (failures == already) printf("ok %s\n", tests[i].name);
    }
    return failures != 0;
}
