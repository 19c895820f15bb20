/* Threads: each test checks itself. `threads NAME...` runs tests by name, `threads` all that come back. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int failures;
#define check(condition) do { if (!(condition)) { \
    __atomic_add_fetch(&failures, 1, __ATOMIC_SEQ_CST); printf("failed: %s, line %d\n", #condition, __LINE__); } } while (0)
#define MAX 64
#define must(expression) check((expression) == 0)

static int gettid_(void) { return syscall(SYS_gettid); }
static int64_t now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1000000000ll + t.tv_nsec; }
static void nap(int ms) { struct timespec t = { ms / 1000, ms % 1000 * 1000000 }; while (nanosleep(&t, &t) && errno == EINTR) ; }
static struct timespec soon(int ms)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_nsec += ms % 1000 * 1000000;
    t.tv_sec += ms / 1000 + t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}
static void together(int count, void *(*function)(void *))
{
    pthread_t threads[MAX];
    for (intptr_t i = 0; i < count; i++) must(pthread_create(threads + i, 0, function, (void *)i));
    for (intptr_t i = 0; i < count; i++) {
        void *result;
        must(pthread_join(threads[i], &result));
        check(result == (void *)i);
    }
}
static void wait_for(volatile int *word, int value) { while (__atomic_load_n(word, __ATOMIC_SEQ_CST) != value) sched_yield(); }
static void set(volatile int *word, int value) { __atomic_store_n(word, value, __ATOMIC_SEQ_CST); }

/* Exclusives of each size, contended. */
static uint8_t count8; static uint16_t count16; static uint32_t count32; static uint64_t count64; static volatile uint32_t lock;
static uint32_t guarded[16];
static void *count(void *me)
{
    for (int i = 0; i < 20000; i++) {
        __atomic_add_fetch(&count8, 1, __ATOMIC_SEQ_CST);
        __atomic_add_fetch(&count16, 3, __ATOMIC_RELAXED);
        __atomic_add_fetch(&count32, 1, __ATOMIC_SEQ_CST);
        __atomic_add_fetch(&count64, 0x100000001ull, __ATOMIC_SEQ_CST);
        if (i % 8 == 0) {
            while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE)) sched_yield();
            for (int j = 0; j < 16; j++) guarded[j]++;
            __atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
        }
    }
    return me;
}
static void test_counter(void)
{
    together(8, count);
    check(count8 == (uint8_t)160000);
    check(count16 == (uint16_t)480000);
    check(count32 == 160000);
    check(count64 == 160000 * 0x100000001ull);
    for (int j = 0; j < 16; j++) check(guarded[j] == 20000);
}

/* Mutexes of each kind. */
static pthread_mutex_t mutex;
static int plain;
static void *add(void *me)
{
    for (int i = 0; i < 1500; i++) {
        must(pthread_mutex_lock(&mutex));
        int old = plain;
        if (i % 64 == 0) sched_yield();
        plain = old + 1;
        must(pthread_mutex_unlock(&mutex));
    }
    return me;
}
static void make_mutex(int type, int protocol, int robust, int shared, pthread_mutex_t *made)
{
    pthread_mutexattr_t a;
    must(pthread_mutexattr_init(&a));
    must(pthread_mutexattr_settype(&a, type));
    must(pthread_mutexattr_setprotocol(&a, protocol));
    must(pthread_mutexattr_setrobust(&a, robust));
    must(pthread_mutexattr_setpshared(&a, shared));
    must(pthread_mutex_init(made, &a));
}
static void contend(int type, int protocol, int robust, int shared)
{
    make_mutex(type, protocol, robust, shared, &mutex);
    plain = 0;
    together(6, add);
    check(plain == 9000);
    must(pthread_mutex_destroy(&mutex));
}
static void test_mutex(void)
{
    contend(PTHREAD_MUTEX_NORMAL, PTHREAD_PRIO_NONE, PTHREAD_MUTEX_STALLED, PTHREAD_PROCESS_PRIVATE);
    contend(PTHREAD_MUTEX_RECURSIVE, PTHREAD_PRIO_NONE, PTHREAD_MUTEX_STALLED, PTHREAD_PROCESS_SHARED);
    contend(PTHREAD_MUTEX_ERRORCHECK, PTHREAD_PRIO_NONE, PTHREAD_MUTEX_ROBUST, PTHREAD_PROCESS_PRIVATE);
}
static void test_pi_mutex(void)
{
    contend(PTHREAD_MUTEX_NORMAL, PTHREAD_PRIO_INHERIT, PTHREAD_MUTEX_STALLED, PTHREAD_PROCESS_PRIVATE);
    contend(PTHREAD_MUTEX_ERRORCHECK, PTHREAD_PRIO_INHERIT, PTHREAD_MUTEX_ROBUST, PTHREAD_PROCESS_SHARED);
}

/* A thread that ends with locks. */
static pthread_mutex_t dying[3];
static void *die_with_locks(void *me)
{
    for (int i = 0; i < 3; i++) must(pthread_mutex_lock(dying + i));
    return me;
}
static void *wait_for_dead(void *me)
{
    check(pthread_mutex_lock(dying + 2) == EOWNERDEAD);
    must(pthread_mutex_consistent(dying + 2));
    must(pthread_mutex_unlock(dying + 2));
    return me;
}
static void robust(int protocol)
{
    for (int i = 0; i < 3; i++)
        make_mutex(PTHREAD_MUTEX_NORMAL, protocol, PTHREAD_MUTEX_ROBUST, i & 1, dying + i);
    pthread_t holder, waiter;
    must(pthread_create(&holder, 0, die_with_locks, 0));
    must(pthread_join(holder, 0));
    must(pthread_create(&waiter, 0, wait_for_dead, 0));
    must(pthread_join(waiter, 0));
    check(pthread_mutex_lock(dying) == EOWNERDEAD);
    must(pthread_mutex_consistent(dying));
    must(pthread_mutex_unlock(dying));
    must(pthread_mutex_lock(dying));
    must(pthread_mutex_unlock(dying));
    check(pthread_mutex_lock(dying + 1) == EOWNERDEAD);
    must(pthread_mutex_unlock(dying + 1));
    check(pthread_mutex_lock(dying + 1) == ENOTRECOVERABLE);
}
static volatile int holding;
static void *die_while_waited_for(void *me)
{
    must(pthread_mutex_lock(dying));
    set(&holding, 1);
    nap(30);
    return me;
}
static void test_robust(void)
{
    robust(PTHREAD_PRIO_NONE);
    robust(PTHREAD_PRIO_INHERIT);
    for (int protocol = 0; protocol < 2; protocol++) {
        make_mutex(PTHREAD_MUTEX_NORMAL, protocol ? PTHREAD_PRIO_INHERIT : PTHREAD_PRIO_NONE, PTHREAD_MUTEX_ROBUST, 0, dying);
        pthread_t holder;
        holding = 0;
        must(pthread_create(&holder, 0, die_while_waited_for, 0));
        wait_for(&holding, 1);
        check(pthread_mutex_lock(dying) == EOWNERDEAD);
        must(pthread_join(holder, 0));
    }
}
/* ... and a process. */
static void *exit_with_lock(void *page) { pthread_mutex_lock(page); _exit(0); }
static void robust_shared(void)
{
    pthread_mutex_t *page = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (int way = 0; way < 3; way++) {
        make_mutex(PTHREAD_MUTEX_NORMAL, PTHREAD_PRIO_NONE, PTHREAD_MUTEX_ROBUST, PTHREAD_PROCESS_SHARED, page);
        int pid = fork();
        if (!pid) {
            pthread_t thread;
            if (way == 0) exit_with_lock(page);
            if (way == 2) { pthread_mutex_lock(page); raise(SIGTERM); }
            pthread_create(&thread, 0, exit_with_lock, page);
            for (;;) pause();
        }
        int status;
        check(waitpid(pid, &status, 0) == pid);
        check(status == (way == 2 ? SIGTERM : 0));
        check(pthread_mutex_lock(page) == EOWNERDEAD);
    }
}

/* Condition variables, semaphores, barriers, read-write locks. */
static pthread_mutex_t queue_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER, emptied = PTHREAD_COND_INITIALIZER;
static int queue[4], head, tail, sum;
static void *produce(void *me)
{
    for (int i = 1; i <= 300; i++) {
        must(pthread_mutex_lock(&queue_lock));
        while (tail - head == 4) must(pthread_cond_wait(&emptied, &queue_lock));
        queue[tail++ % 4] = i;
        if (i & 1) pthread_cond_signal(&filled); else pthread_cond_broadcast(&filled);
        must(pthread_mutex_unlock(&queue_lock));
    }
    return me;
}
static void *consume(void *me)
{
    for (int i = 1; i <= 300; i++) {
        must(pthread_mutex_lock(&queue_lock));
        while (tail == head) must(pthread_cond_wait(&filled, &queue_lock));
        sum += queue[head++ % 4];
        pthread_cond_broadcast(&emptied);
        must(pthread_mutex_unlock(&queue_lock));
    }
    return me;
}
static void *produce_or_consume(void *me) { return (intptr_t)me & 1 ? produce(me) : consume(me); }
static void test_condition(void)
{
    together(6, produce_or_consume);
    check(sum == 3 * 300 * 301 / 2);
    struct timespec until = soon(30);
    int64_t before = now();
    must(pthread_mutex_lock(&queue_lock));
    check(pthread_cond_timedwait(&filled, &queue_lock, &until) == ETIMEDOUT);
    must(pthread_mutex_unlock(&queue_lock));
    check(now() - before >= 25000000);
}

static sem_t ping, pong;
static int turns;
static void *play(void *me)
{
    for (int i = 0; i < 500; i++) {
        must(sem_wait(me ? &pong : &ping));
        check(turns++ % 2 == (me ? 1 : 0));
        must(sem_post(me ? &ping : &pong));
    }
    return me;
}
static void test_semaphore(void)
{
    must(sem_init(&ping, 0, 1));
    must(sem_init(&pong, 1, 0));
    together(2, play);
    check(turns == 1000);
    struct timespec until = soon(20);
    must(sem_wait(&ping));
    check(sem_timedwait(&ping, &until) == -1 && errno == ETIMEDOUT);
}

static pthread_barrier_t barrier;
static int arrivals[50], serial;
static void *meet(void *me)
{
    for (int i = 0; i < 50; i++) {
        __atomic_add_fetch(arrivals + i, 1, __ATOMIC_SEQ_CST);
        int result = pthread_barrier_wait(&barrier);
        if (result == PTHREAD_BARRIER_SERIAL_THREAD) __atomic_add_fetch(&serial, 1, __ATOMIC_SEQ_CST);
        else check(result == 0);
        check(arrivals[i] == 5);
    }
    return me;
}
static void test_barrier(void)
{
    must(pthread_barrier_init(&barrier, 0, 5));
    together(5, meet);
    check(serial == 50);
}

static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static int left_half, right_half;
static void *read_or_write(void *me)
{
    for (int i = 0; i < 400; i++) {
        if ((intptr_t)me < 2) {
            must(pthread_rwlock_wrlock(&rwlock));
            left_half++;
            if (i % 32 == 0) sched_yield();
            right_half++;
        } else {
            must(pthread_rwlock_rdlock(&rwlock));
            check(left_half == right_half);
        }
        must(pthread_rwlock_unlock(&rwlock));
    }
    return me;
}
static void test_rwlock(void) { together(6, read_or_write); check(left_half == 800); }

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int initialized;
static void initialize(void) { nap(10); initialized++; }
static void *want_it(void *me) { must(pthread_once(&once, initialize)); check(initialized == 1); return me; }
static void test_once(void) { together(8, want_it); }

static void *hold(void *me)
{
    must(pthread_mutex_lock(dying));
    set(&holding, 1);
    wait_for(&holding, 2);
    must(pthread_mutex_unlock(dying));
    return me;
}
static void test_timed_locks(void)
{
    pthread_mutex_t held;
    for (int protocol = 0; protocol < 2; protocol++) {
        make_mutex(PTHREAD_MUTEX_NORMAL, protocol ? PTHREAD_PRIO_INHERIT : PTHREAD_PRIO_NONE, 0, 0, dying);
        holding = 0;
        pthread_t holder;
        must(pthread_create(&holder, 0, hold, 0));
        wait_for(&holding, 1);
        struct timespec until = soon(5);
        check(pthread_mutex_timedlock(dying, &until) == ETIMEDOUT);
        check(pthread_mutex_trylock(dying) == EBUSY);
        set(&holding, 2);
        must(pthread_join(holder, 0));
        must(pthread_mutex_timedlock(dying, &until));
    }
    make_mutex(PTHREAD_MUTEX_ERRORCHECK, PTHREAD_PRIO_INHERIT, 0, 0, &held);
    must(pthread_mutex_lock(&held));
    check(pthread_mutex_lock(&held) == EDEADLK);
}

/* Thread-local storage. */
static __thread int own = 7;
static __thread char big[5000];
static pthread_key_t key;
static int destroyed;
static void destroy(void *value) { __atomic_add_fetch(&destroyed, (intptr_t)value, __ATOMIC_SEQ_CST); }
static void *use_tls(void *me)
{
    check(own == 7);
    own += (intptr_t)me;
    memset(big, (intptr_t)me + 1, sizeof big);
    must(pthread_setspecific(key, (void *)((intptr_t)me + 1)));
    nap(5);
    check(own == 7 + (intptr_t)me);
    for (unsigned i = 0; i < sizeof big; i++) check(big[i] == (intptr_t)me + 1);
    check(pthread_getspecific(key) == (void *)((intptr_t)me + 1));
    errno = (intptr_t)me;
    sched_yield();
    check(errno == (intptr_t)me);
    return me;
}
static void test_tls(void)
{
    must(pthread_key_create(&key, destroy));
    together(10, use_tls);
    check(destroyed == 55);
    check(own == 7);
}

/* Ids, and what clone writes. */
static int ids[MAX];
static pthread_barrier_t all_here;
static void *take_id(void *me)
{
    ids[(intptr_t)me] = gettid_();
    check(getpid() != gettid_());
    pthread_barrier_wait(&all_here);
    return me;
}
static void test_many(void)
{
    must(pthread_barrier_init(&all_here, 0, MAX));
    together(MAX, take_id);
    for (int i = 0; i < MAX; i++)
        for (int j = 0; j < i; j++) check(ids[i] != ids[j]);
    check(getpid() == gettid_());
}
static void *nothing(void *me) { return me; }
static void test_create(void) { for (int i = 0; i < 60; i++) together(4, nothing); }

static char clone_stack[65536] __attribute__((aligned(16)));
static volatile int parent_word, child_word = -1, cloned;
static int clone_body(void *argument)
{
    cloned = *(int *)argument == 5 ? syscall(SYS_gettid) : -1;
    return 0;
}
static void test_clone(void)
{
    int argument = 5;
    int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_PARENT_SETTID
        | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
    int tid = clone(clone_body, clone_stack + sizeof clone_stack, flags, &argument, &parent_word, 0, &child_word);
    check(tid > 0);
    check(parent_word == tid);
    int seen;
    while ((seen = __atomic_load_n(&child_word, __ATOMIC_SEQ_CST)) != 0)
        syscall(SYS_futex, &child_word, FUTEX_WAIT, seen, 0, 0, 0);
    check(cloned == tid);
    errno = 0;
    check(syscall(SYS_tgkill, getpid(), 99999999, 0) == -1 && errno == ESRCH);
    check(clone(clone_body, clone_stack + sizeof clone_stack, CLONE_THREAD, 0) == -1 && errno == EINVAL);
}

/* Futexes as such. */
static int word, other_word, woken;
static void *wait_bits(void *me)
{
    int bits = 1 << (intptr_t)me;
    while (syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, 0, 0, 0, bits) == -1 && errno == EINTR) ;
    __atomic_add_fetch(&woken, 1, __ATOMIC_SEQ_CST);
    return me;
}
static void wake_exactly(int bits, int total)
{
    while (syscall(SYS_futex, &word, FUTEX_WAKE_BITSET_PRIVATE, 9, 0, 0, bits) != 1) sched_yield();
    while (__atomic_load_n(&woken, __ATOMIC_SEQ_CST) != total) sched_yield();
}
static void *wait_plainly(void *me)
{
    while (syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, 0, 0, 0) == -1 && errno == EINTR) ;
    __atomic_add_fetch(&woken, 1, __ATOMIC_SEQ_CST);
    return me;
}
static void test_futex(void)
{
    pthread_t threads[4];
    for (intptr_t i = 0; i < 3; i++) must(pthread_create(threads + i, 0, wait_bits, (void *)i));
    wake_exactly(2, 1);
    wake_exactly(1, 2);
    wake_exactly(4, 3);
    for (int i = 0; i < 3; i++) must(pthread_join(threads[i], 0));
    for (intptr_t i = 0; i < 4; i++) must(pthread_create(threads + i, 0, wait_plainly, 0));
    int moved = 0;
    while (moved < 4) { /* waiters are moved to the other word, whose waiters are then woken */
        int result = syscall(SYS_futex, &word, FUTEX_CMP_REQUEUE_PRIVATE, 0, 4, &other_word, 0);
        check(result >= 0);
        moved += result;
        sched_yield();
    }
    check(syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 9, 0, 0, 0) == 0);
    check(syscall(SYS_futex, &word, FUTEX_CMP_REQUEUE_PRIVATE, 0, 4, &other_word, 1) == -1 && errno == EAGAIN);
    other_word = 5;
    int operation = FUTEX_OP(FUTEX_OP_ADD, 3, FUTEX_OP_CMP_EQ, 5);
    check(syscall(SYS_futex, &word, FUTEX_WAKE_OP_PRIVATE, 1, 2, &other_word, operation) == 2);
    check(other_word == 8);
    check(syscall(SYS_futex, &other_word, FUTEX_WAKE_PRIVATE, 9, 0, 0, 0) == 2);
    for (int i = 0; i < 4; i++) must(pthread_join(threads[i], 0));
    check(woken == 7);
}

struct waiter { uint64_t value, address; uint32_t flags, reserved; };
static void *wait_for_two(void *me)
{
    struct waiter waiters[2] = { { 0, (uintptr_t)&word, 2 | 128, 0 }, { 8, (uintptr_t)&other_word, 2 | 128, 0 } };
    long result;
    while ((result = syscall(449, waiters, 2, 0, 0, 0)) == -1 && errno == EINTR) ;
    check(result == 1);
    return me;
}
static void test_waitv(void)
{
    struct waiter waiter = { 1, (uintptr_t)&word, 2 | 128, 0 };
    int64_t until[2] = { now() / 1000000000, 0 };
    other_word = 8;
    check(syscall(449, &waiter, 1, 0, 0, 0) == -1 && errno == EAGAIN);
    waiter.value = 0;
    check(syscall(449, &waiter, 1, 0, until, CLOCK_MONOTONIC) == -1 && errno == ETIMEDOUT);
    check(syscall(449, &waiter, 0, 0, 0, 0) == -1 && errno == EINVAL);
    check(syscall(449, &waiter, 129, 0, 0, 0) == -1 && errno == EINVAL);
    pthread_t thread;
    must(pthread_create(&thread, 0, wait_for_two, 0));
    while (syscall(SYS_futex, &other_word, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0) != 1) sched_yield();
    must(pthread_join(thread, 0));
}

/* Signals of threads. */
static volatile int got[MAX], got_signal, got_tid;
static void note_signal(int signal) { got_signal = signal; __atomic_store_n(&got_tid, gettid_(), __ATOMIC_SEQ_CST); }
static void handle(int signal, void (*handler)(int), int flags)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = flags;
    must(sigaction(signal, &action, 0));
}
static volatile int spinning, stop_spinning, spinner_tid;
static void *spin(void *me)
{
    spinner_tid = gettid_();
    set(&spinning, 1);
    while (!stop_spinning) ;
    return me;
}
static void *wait_in_read(void *fd)
{
    char byte;
    spinner_tid = gettid_();
    set(&spinning, 1);
    check(read((intptr_t)fd, &byte, 1) == -1 && errno == EINTR);
    return 0;
}
static void test_thread_signals(void)
{
    int ends[2];
    must(pipe(ends));
    handle(SIGUSR1, note_signal, 0);
    pthread_t thread;
    for (int i = 0; i < 5; i++) { /* a loop */
        spinning = stop_spinning = got_tid = 0;
        must(pthread_create(&thread, 0, spin, 0));
        wait_for(&spinning, 1);
        int64_t before = now();
        must(pthread_kill(thread, SIGUSR1));
        wait_for(&got_tid, spinner_tid);
        check(now() - before < 2000000000);
        stop_spinning = 1;
        must(pthread_join(thread, 0));
    }
    for (int i = 0; i < 5; i++) { /* a call that waits, or does not quite yet */
        spinning = got_tid = 0;
        must(pthread_create(&thread, 0, wait_in_read, (void *)(intptr_t)ends[0]));
        wait_for(&spinning, 1);
        while (got_tid != spinner_tid) { must(pthread_kill(thread, SIGUSR1)); nap(i ? 1 : 20); }
        char byte = 0;
        (void)byte;
        void *result;
        struct timespec until = soon(50);
        while (pthread_timedjoin_np(thread, &result, &until) == ETIMEDOUT) { pthread_kill(thread, SIGUSR1); until = soon(50); }
    }
    got_tid = 0;
    must(pthread_kill(pthread_self(), SIGUSR1));
    check(got_tid == gettid_());
}

static void *take_unblocked(void *me)
{
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR2);
    if (me) must(pthread_sigmask(SIG_UNBLOCK, &mask, 0));
    spinner_tid = me ? gettid_() : spinner_tid;
    __atomic_add_fetch(&spinning, 1, __ATOMIC_SEQ_CST);
    while (!stop_spinning) poll(0, 0, me ? 100 : 2); /* not pause: the signal may come just before it */
    return me;
}
static void test_process_signals(void)
{
    sigset_t mask, old, pending;
    handle(SIGUSR2, note_signal, 0);
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR2);
    must(pthread_sigmask(SIG_BLOCK, &mask, &old));
    spinning = stop_spinning = got_tid = 0;
    pthread_t threads[3];
    for (intptr_t i = 0; i < 3; i++) must(pthread_create(threads + i, 0, take_unblocked, (void *)(i == 1 ? 1 : i & 0)));
    wait_for(&spinning, 3);
    must(kill(getpid(), SIGUSR2)); /* only one does not block it */
    wait_for(&got_tid, spinner_tid);
    stop_spinning = 1;
    got_tid = 0;
    must(pthread_kill(threads[1], SIGUSR2));
    for (int i = 0; i < 3; i++) must(pthread_join(threads[i], 0));
    must(kill(getpid(), SIGUSR2)); /* nobody: it stays pending */
    must(sigpending(&pending));
    check(sigismember(&pending, SIGUSR2));
    got_tid = 0;
    must(pthread_sigmask(SIG_SETMASK, &old, 0));
    check(got_tid == gettid_());
}

static void *wait_with_sigwait(void *me)
{
    sigset_t mask;
    int signal = 0;
    sigemptyset(&mask);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGRTMIN + 3);
    set(&spinning, 1);
    must(sigwait(&mask, &signal));
    check(signal == SIGTERM);
    set(&spinning, 2);
    must(sigwait(&mask, &signal));
    check(signal == SIGRTMIN + 3);
    return me;
}
static void test_sigwait(void)
{
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGRTMIN + 3);
    must(pthread_sigmask(SIG_BLOCK, &mask, 0));
    pthread_t thread;
    spinning = 0;
    must(pthread_create(&thread, 0, wait_with_sigwait, 0));
    wait_for(&spinning, 1);
    nap(5);
    must(kill(getpid(), SIGTERM));
    wait_for(&spinning, 2);
    must(pthread_kill(thread, SIGRTMIN + 3));
    must(pthread_join(thread, 0));
    must(pthread_sigmask(SIG_UNBLOCK, &mask, 0));
}

static __thread volatile uintptr_t stack_base;
static __thread volatile int on_stack;
static void look_at_stack(int signal)
{
    volatile char here = signal;
    uintptr_t address = (uintptr_t)&here;
    on_stack = address - stack_base < 32768;
}
static void *use_altstack(void *me)
{
    sigset_t mask;
    stack_t stack = { .ss_sp = malloc(32768), .ss_size = 32768 }, old;
    stack_base = (uintptr_t)stack.ss_sp;
    must(sigaltstack(0, &old));
    check(old.ss_flags == SS_DISABLE); /* a new thread has none */
    must(sigaltstack(&stack, 0));
    must(pthread_sigmask(SIG_SETMASK, 0, &mask));
    check(sigismember(&mask, SIGHUP) == 1); /* but the mask of who made it */
    for (int i = 0; i < 20; i++) {
        on_stack = 0;
        must(pthread_kill(pthread_self(), SIGUSR1));
        check(on_stack);
    }
    return me;
}
static void test_altstacks(void)
{
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGHUP);
    must(pthread_sigmask(SIG_BLOCK, &mask, 0));
    handle(SIGUSR1, look_at_stack, SA_ONSTACK);
    stack_t stack = { .ss_sp = malloc(32768), .ss_size = 32768 };
    must(sigaltstack(&stack, 0));
    together(6, use_altstack);
    must(pthread_sigmask(SIG_UNBLOCK, &mask, 0));
}

static __thread sigjmp_buf back;
static __thread int faults;
static void recover(int signal) { (void)signal; faults++; siglongjmp(back, 1); }
static void *fault(void *me)
{
    for (volatile int i = 0; i < 30; i++)
        if (!sigsetjmp(back, 1)) *(volatile int *)(intptr_t)(16 + 4 * (intptr_t)me) = 1;
    check(faults == 30);
    return me;
}
static void test_faults(void)
{
    handle(SIGSEGV, recover, 0);
    together(6, fault);
    handle(SIGSEGV, SIG_DFL, 0);
}

static volatile int ticks, tick_tid;
static void tick(union sigval value) { (void)value; __atomic_add_fetch(&ticks, 1, __ATOMIC_SEQ_CST); }
static void tick_here(int signal) { (void)signal; tick_tid = gettid_(); ticks++; }
static void *count_ticks(void *me)
{
    struct sigevent event;
    memset(&event, 0, sizeof event);
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = SIGUSR1;
    event._sigev_un._tid = gettid_();
    timer_t timer;
    struct itimerspec times = { { 0, 3000000 }, { 0, 3000000 } };
    must(timer_create(CLOCK_MONOTONIC, &event, &timer));
    must(timer_settime(timer, 0, &times, 0));
    ticks = 0;
    while (ticks < 5) ;
    check(tick_tid == gettid_());
    must(timer_delete(timer));
    return me;
}
static void test_timers(void)
{
    handle(SIGUSR1, tick_here, 0);
    together(1, count_ticks);
    struct sigevent event;
    memset(&event, 0, sizeof event);
    event.sigev_notify = SIGEV_THREAD;
    event.sigev_notify_function = tick;
    timer_t timer;
    struct itimerspec times = { { 0, 3000000 }, { 0, 3000000 } };
    ticks = 0;
    must(timer_create(CLOCK_MONOTONIC, &event, &timer));
    must(timer_settime(timer, 0, &times, 0));
    int64_t until = now() + 5000000000ll;
    while (ticks < 5 && now() < until) nap(2);
    check(ticks >= 5);
    must(timer_delete(timer));
}

/* Cancelling. */
static int cleaned;
static void clean(void *argument) { __atomic_add_fetch(&cleaned, (intptr_t)argument, __ATOMIC_SEQ_CST); }
static pthread_mutex_t never_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static void unlock(void *argument) { pthread_mutex_unlock(argument); }
static void *be_cancelled(void *way)
{
    int ends[2];
    char byte;
    pthread_cleanup_push(clean, (void *)1);
    set(&spinning, 1);
    switch ((intptr_t)way) {
    case 0: must(pipe(ends)); if (read(ends[0], &byte, 1)) {} break;
    case 1: nap(100000); break;
    case 2:
        pthread_mutex_lock(&never_lock);
        pthread_cleanup_push(unlock, &never_lock);
        for (;;) pthread_cond_wait(&never, &never_lock);
        pthread_cleanup_pop(0);
        break;
    case 3: for (;;) pthread_testcancel();
    case 4: pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, 0); for (;;) ;
    }
    pthread_cleanup_pop(0);
    return 0;
}
static void test_cancel(void)
{
    for (intptr_t way = 0; way < 5; way++)
        for (int late = 0; late < 2; late++) {
            pthread_t thread;
            void *result;
            spinning = 0;
            must(pthread_create(&thread, 0, be_cancelled, (void *)way));
            wait_for(&spinning, 1);
            if (late) nap(10);
            must(pthread_cancel(thread));
            must(pthread_join(thread, &result));
            check(result == PTHREAD_CANCELED);
        }
    check(cleaned == 10);
    must(pthread_mutex_trylock(&never_lock));
}

/* Memory that is mapped, protected and unmapped by all at once. */
static void *map_and_unmap(void *me)
{
    unsigned seed = (intptr_t)me + 1;
    for (int i = 0; i < 100; i++) {
        size_t size = 4096u << rand_r(&seed) % 5;
        uint32_t *block = mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (block == MAP_FAILED) { check(0); break; }
        uint32_t mark = (intptr_t)me << 16 | i;
        for (size_t j = 0; j < size / 4; j += 512) { check(block[j] == 0); block[j] = mark; }
        must(mprotect(block, 4096, PROT_READ));
        must(mprotect(block, 4096, PROT_READ | PROT_WRITE));
        char *small = malloc(i * 37 % 3000 + 1);
        memset(small, (intptr_t)me, i * 37 % 3000 + 1);
        if (size > 4096) {
            uint32_t *moved = mremap(block, size, size * 2, MREMAP_MAYMOVE);
            check(moved != MAP_FAILED);
            block = moved;
            for (size_t j = 0; j < size / 4; j += 512) check(block[j] == mark);
            size *= 2;
        }
        must(munmap(block, size));
        free(small);
    }
    return me;
}
static void test_memory(void) { together(6, map_and_unmap); }

#ifdef __arm__
/* Code that is made beside code that runs: 16 functions of 16 bytes each, the even ones run while the odd ones are
   written again and again. */
static uint32_t *code;
static volatile int making;
static int (*function_at(int index))(int) { return (int (*)(int))(code + 4 * index); }
static void write_function(int index, int value)
{
    code[4 * index] = 0xe2800000 | (value & 0xff); /* add r0, r0, #value */
    code[4 * index + 1] = 0xe2800001;              /* add r0, r0, #1 */
    code[4 * index + 2] = 0xe12fff1e;              /* bx lr */
    __builtin___clear_cache((char *)(code + 4 * index), (char *)(code + 4 * index + 4));
}
static void *run_code(void *me)
{
    while (making)
        for (int index = 0; index < 16; index += 2)
            if (function_at(index)(1000) != 1001 + index) { check(0); return me; }
    return me;
}
static void test_code(void)
{
    code = mmap(0, 8192, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int index = 0; index < 16; index++) write_function(index, index);
    pthread_t threads[2];
    making = 1;
    for (int i = 0; i < 2; i++) must(pthread_create(threads + i, 0, run_code, 0));
    for (int i = 0; i < 4000; i++) {
        int index = 2 * (i % 8) + 1;
        write_function(index, i);
        check(function_at(index)(0) == (i & 0xff) + 1);
    }
    making = 0;
    for (int i = 0; i < 2; i++) must(pthread_join(threads[i], 0));
}
#else
static void test_code(void) {}
#endif

/* Descriptors: opened and closed by all at once. */
static void *open_and_close(void *me)
{
    for (int i = 0; i < 200; i++) {
        int ends[2];
        char byte = 0, sent = (intptr_t)me;
        if (pipe(ends)) { check(0); return me; }
        int copy = dup(ends[1]);
        check(write(copy, &sent, 1) == 1);
        check(read(ends[0], &byte, 1) == 1 && byte == sent);
        must(close(ends[0]));
        must(close(ends[1]));
        must(close(copy));
    }
    return me;
}
static void test_descriptors(void)
{
    int before = dup(0);
    close(before);
    together(4, open_and_close);
    int after = dup(0);
    check(before == after); /* the lowest number, again */
    close(after);
    int ends[2];
    must(pipe(ends));
    check(ends[0] == before);
}

/* Processes. */
static volatile int ticking;
static void *keep_ticking(void *me) { while (1) { ticking++; sched_yield(); } return me; }
static void *fork_here(void *status)
{
    int pid = fork();
    if (!pid) {
        if (gettid_() != getpid()) _exit(1);
        int before = ticking;
        nap(20);
        if (before != ticking) _exit(2); /* nobody else is here */
        together(4, nothing);
        _exit(failures ? 3 : 42);
    }
    check(pid > 0);
    check(waitpid(pid, status, 0) == pid);
    return status;
}
static void fork_thread(void)
{
    pthread_t ticker, forker;
    must(pthread_create(&ticker, 0, keep_ticking, 0));
    for (int i = 0; i < 10; i++) {
        int status = 0;
        must(pthread_create(&forker, 0, fork_here, &status));
        must(pthread_join(forker, 0));
        check(WIFEXITED(status) && WEXITSTATUS(status) == 42);
    }
}
static const char *program;
static char changing[1 << 14];
static volatile int change_stopped;
static void *change_memory(void *block)
{
    volatile char *bytes = block;
    for (unsigned round = 1; !change_stopped; round++)
        for (unsigned i = 0; i < sizeof changing; i += 64) {
            if (bytes[i] != (char)(round - 1)) { check(0); return block; }
            bytes[i] = round;
        }
    return block;
}
static void spawn_thread(void) /* vfork and posix_spawn while others change memory, also beside what the child changes */
{
    pthread_t threads[2];
    char near[sizeof changing]; /* the stack pointer of the one that waits for its child */
    memset(near, 0, sizeof near);
    must(pthread_create(threads, 0, change_memory, changing));
    must(pthread_create(threads + 1, 0, change_memory, near));
    for (int i = 0; i < 20; i++) {
        volatile int told = 0;
        int status, pid = vfork();
        if (!pid) { told = i + 1; changing[1] = 5; _exit(3); }
        check(told == i + 1);
        check(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 3);
        char *const argv[] = { (char *)program, "exec_done", 0 };
        char name[1000];
        snprintf(name, sizeof name, "%s-missing", program);
        if (i % 10 == 0) {
            must(posix_spawn(&pid, program, 0, 0, argv, 0));
            check(waitpid(pid, &status, 0) == pid && status == 0);
        }
        check(posix_spawn(&pid, name, 0, 0, argv, 0) == ENOENT);
    }
    change_stopped = 1;
    for (int i = 0; i < 2; i++) must(pthread_join(threads[i], 0));
}
static void *exec_here(void *me)
{
    execl(program, program, "exec_done", (char *)0);
    check(0);
    return me;
}
static void exec_thread(void)
{
    pthread_t ticker, thread;
    must(pthread_create(&ticker, 0, keep_ticking, 0));
    must(pthread_create(&thread, 0, exec_here, 0));
    for (;;) pause();
}
static void exec_done(void) { check(gettid_() == getpid()); printf("executed\n"); }

/* Ends. */
static void *wait_in_futex(void *me) { pthread_mutex_lock(&never_lock); pthread_cond_wait(&never, &never_lock); return me; }
static void *read_for_ever(void *me)
{
    int ends[2];
    char byte;
    must(pipe(ends));
    check(read(ends[0], &byte, 1) == 99);
    return me;
}
static void *leave_soon(void *status) { nap(20); _exit((intptr_t)status); }
static void exit_while(void *(*others)(void *), int in_main)
{
    pthread_t thread;
    for (int i = 0; i < 3; i++) must(pthread_create(&thread, 0, others, 0));
    if (in_main) leave_soon((void *)7);
    must(pthread_create(&thread, 0, leave_soon, (void *)7));
    others(0);
}
static void exit_read(void) { exit_while(read_for_ever, 0); }
static void exit_futex(void) { exit_while(wait_in_futex, 0); }
static void exit_loop(void) { exit_while(spin, 0); }
static void exit_read_main(void) { exit_while(read_for_ever, 1); }
static void exit_loop_main(void) { exit_while(spin, 1); }
static void *print_later(void *me) { nap(30); printf("later\n"); fflush(stdout); return me; }
static void exit_main_first(void)
{
    pthread_t thread;
    must(pthread_create(&thread, 0, print_later, 0));
    pthread_exit(0);
}
static void *end_thread_only(void *me) { nap(10); syscall(SYS_exit, 9); return me; }
static void exit_each(void)
{
    pthread_t thread;
    must(pthread_create(&thread, 0, end_thread_only, 0));
    syscall(SYS_exit, 5);
}
static void *crash_here(void *me) { nap(10); *(volatile int *)8 = 1; return me; }
static void crash(void)
{
    pthread_t thread;
    must(pthread_create(&thread, 0, crash_here, 0));
    pthread_join(thread, 0);
}
static void *kill_here(void *me) { nap(10); kill(getpid(), SIGTERM); return me; }
static void end_by_signal(void)
{
    pthread_t thread;
    must(pthread_create(&thread, 0, kill_here, 0));
    pthread_exit(0);
}
static void run_for_ever(void)
{
    pthread_t thread;
    must(pthread_create(&thread, 0, spin, 0));
    must(pthread_create(&thread, 0, wait_in_futex, 0));
    wait_for(&spinning, 1);
    printf("ready\n");
    fflush(stdout);
    pthread_join(thread, 0);
}
static void say_hup(int signal) { (void)signal; if (write(1, "hup\n", 4)) {} }
static void wait_for_host(void) /* main ends; a thread that computes takes what comes from outside */
{
    pthread_t thread;
    handle(SIGHUP, say_hup, 0);
    must(pthread_create(&thread, 0, spin, 0));
    wait_for(&spinning, 1);
    printf("ready\n");
    fflush(stdout);
    pthread_exit(0);
}

/* Against the sandbox: a descriptor becomes another file while another thread's call is under way. */
static volatile int attacking = 1;
static const char **arguments;
static volatile int writable_fd, readable_fd, swapped_fd;
static void *swap(void *me)
{
    while (attacking) {
        dup2(writable_fd, swapped_fd);
        dup2(readable_fd, swapped_fd);
    }
    return me;
}
static void attack_rights(void) /* ATTACK WRITABLE READABLE: nothing may be made in READABLE */
{
    pthread_t thread;
    int made = 0;
    writable_fd = open(arguments[2], O_RDONLY | O_DIRECTORY);
    readable_fd = open(arguments[3], O_RDONLY | O_DIRECTORY);
    swapped_fd = dup(writable_fd);
    check(writable_fd >= 0 && readable_fd >= 0);
    must(pthread_create(&thread, 0, swap, 0));
    int64_t until = now() + 1500000000;
    while (now() < until) {
        int fd = openat(swapped_fd, "made", O_CREAT | O_WRONLY, 0600);
        if (fd >= 0) { made++; close(fd); }
        mkdirat(swapped_fd, "directory", 0700);
        fchmod(swapped_fd, 0711);
        unlinkat(writable_fd, "made", 0);
        unlinkat(writable_fd, "directory", AT_REMOVEDIR);
    }
    attacking = 0;
    must(pthread_join(thread, 0));
    check(made > 0);
}

/* Work for `count` threads, which shows how parallel they are. */
static volatile uint32_t result;
static int workers;
static void *work(void *me)
{
    uint32_t x = 1;
    for (int i = 0; i < 60000000 / workers; i++) x = x * 1664525 + 1013904223 + (x >> 7);
    result = x;
    return me;
}
static void work1(void) { workers = 1; together(1, work); }
static void work2(void) { workers = 2; together(2, work); }

#define TEST(name) { #name, test_##name }
#define OTHER(name) { #name, name }
static const struct { const char *name; void (*run)(void); } tests[] = {
    TEST(counter), TEST(mutex), TEST(pi_mutex), TEST(robust), TEST(condition), TEST(semaphore), TEST(barrier),
    TEST(rwlock), TEST(once), TEST(timed_locks), TEST(tls), TEST(many), TEST(create), TEST(clone), TEST(futex), TEST(waitv),
    TEST(thread_signals), TEST(process_signals), TEST(sigwait), TEST(altstacks), TEST(faults), TEST(timers),
    TEST(cancel), TEST(memory), TEST(code), TEST(descriptors),
}, others[] = {
    OTHER(robust_shared), OTHER(fork_thread), OTHER(exec_thread), OTHER(spawn_thread), OTHER(exec_done), OTHER(exit_read), OTHER(exit_futex),
    OTHER(exit_loop), OTHER(exit_read_main), OTHER(exit_loop_main), OTHER(exit_main_first), OTHER(exit_each),
    OTHER(attack_rights), OTHER(crash), OTHER(end_by_signal), OTHER(run_for_ever), OTHER(wait_for_host), OTHER(work1), OTHER(work2),
};

int main(int argc, char **argv)
{
    program = argv[0];
    arguments = (const char **)argv;
    setvbuf(stdout, 0, _IOLBF, 0);
    for (unsigned i = 0; i < sizeof tests / sizeof *tests; i++) {
        int wanted = argc < 2;
        for (int j = 1; j < argc; j++) wanted |= !strcmp(argv[j], tests[i].name);
        if (!wanted) continue;
        int already = failures;
        tests[i].run();
        printf("%s %s\n", failures == already ? "ok" : "not ok", tests[i].name);
    }
    for (unsigned i = 0; i < sizeof others / sizeof *others; i++)
        if (argc > 1 && !strcmp(argv[1], others[i].name)) others[i].run();
    return failures != 0;
}
