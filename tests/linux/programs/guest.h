/* What the test programs use of Linux, without a C library, so that their files are small and every byte is known. */
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

static inline int call6(int n, u32 a, u32 b, u32 c, u32 d, u32 e, u32 f)
{
    register u32 r0 __asm__("r0") = a, r1 __asm__("r1") = b, r2 __asm__("r2") = c, r3 __asm__("r3") = d;
    register u32 r4 __asm__("r4") = e, r5 __asm__("r5") = f, r7 __asm__("r7") = n;
    __asm__ volatile("svc #0" : "+r"(r0) : "r"(r1), "r"(r2), "r"(r3), "r"(r4), "r"(r5), "r"(r7) : "memory", "cc");
    return r0;
}
#define CALL(n, a, b, c, d, e, f, ...) call6(n, (u32)(a), (u32)(b), (u32)(c), (u32)(d), (u32)(e), (u32)(f))
#define call(...) CALL(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

enum {
    NR_exit = 1, NR_read = 3, NR_write = 4, NR_close = 6, NR_getpid = 20, NR_pause = 29, NR_kill = 37, NR_pipe = 42,
    NR_sigaction = 67, NR_sigsuspend = 72, NR_setitimer = 104, NR_getitimer = 105, NR_sigreturn = 119,
    NR_mprotect = 125, NR_poll = 168, NR_nanosleep = 162, NR_rt_sigreturn = 173, NR_rt_sigaction = 174,
    NR_rt_sigprocmask = 175, NR_rt_sigpending = 176, NR_rt_sigtimedwait = 177, NR_rt_sigqueueinfo = 178,
    NR_rt_sigsuspend = 179, NR_sigaltstack = 186, NR_mmap2 = 192, NR_munmap = 91, NR_getuid = 199, NR_tkill = 238,
    NR_futex = 240, NR_exit_group = 248, NR_epoll_create1 = 357, NR_epoll_wait = 252, NR_timer_create = 257,
    NR_timer_settime = 258, NR_timer_gettime = 259, NR_timer_getoverrun = 260, NR_timer_delete = 261,
    NR_clock_gettime = 263, NR_tgkill = 268, NR_ppoll = 336, NR_pselect6 = 335, NR_epoll_pwait = 346,
    NR_signalfd4 = 355, NR_memfd_create = 385, NR_ftruncate = 93,
};
enum { EINTR = 4, EAGAIN = 11, EFAULT = 14 };
enum {
    SIGHUP = 1, SIGINT = 2, SIGQUIT = 3, SIGILL = 4, SIGTRAP = 5, SIGABRT = 6, SIGBUS = 7, SIGUSR1 = 10, SIGSEGV = 11, SIGUSR2 = 12,
    SIGALRM = 14, SIGTERM = 15, SIGCHLD = 17, SIGWINCH = 28, SIGVTALRM = 26, SIGPROF = 27, SIGRT = 40,
};
enum { SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK };
#define SA_SIGINFO 4u
#define SA_RESTORER 0x04000000u
#define SA_ONSTACK 0x08000000u
#define SA_RESTART 0x10000000u
#define SA_NODEFER 0x40000000u
#define SA_RESETHAND 0x80000000u

struct action { void *handler; u32 flags; void *restorer; u64 mask __attribute__((packed)); };
struct stack { void *sp; int flags; u32 size; };
struct info { int signo, errno_, code; union { struct { int pid; u32 uid; u32 value; }; u32 addr; struct { int tid, overrun; u32 timer_value; }; u8 pad[116]; }; };
struct mcontext { u32 trap_no, error_code, oldmask, r[16], cpsr, fault_address; };
struct vfp { u32 magic, size; u64 d[32]; u32 fpscr, pad, fpexc, fpinst, fpinst2, pad2; };
struct context {
    u32 flags; void *link; struct stack stack; struct mcontext m; u64 mask __attribute__((packed));
    u32 unused[30]; union { struct vfp vfp; u32 regspace[128]; } __attribute__((aligned(8)));
};
struct itimerval { int interval, interval_us, value, value_us; };
struct timespec { int s, ns; };

#define BIT(signal) (1ull << ((signal) - 1))

void *memset(void *p, int c, u32 n) { u8 *q = p; while (n--) *q++ = c; return p; }
void *memcpy(void *p, const void *s, u32 n) { u8 *q = p; const u8 *t = s; while (n--) *q++ = *t++; return p; }

static void print(const char *text) { u32 n = 0; while (text[n]) n++; call(NR_write, 1, text, n); }
static void print_hex(u32 value)
{
    char text[12] = "0x";
    for (int i = 0; i < 8; i++) text[2 + i] = "0123456789abcdef"[value >> (28 - 4 * i) & 15];
    text[10] = 0;
    print(text);
}
static int equal(const char *a, const char *b) { while (*a && *a == *b) a++, b++; return *a == *b; }

static int failures;
#define check(condition) do { if (!(condition)) { failures++; print("failed: " #condition "\n"); } } while (0)
#define check_equal(a, b) do { u32 a_ = (u32)(a), b_ = (u32)(b); if (a_ != b_) { \
    failures++; print("failed: " #a " == " #b ": "); print_hex(a_); print(" "); print_hex(b_); print("\n"); } } while (0)

/* setjmp and longjmp, of the core registers that a call keeps. */
typedef u32 jump_buffer[10];
__attribute__((naked, returns_twice)) static int save(u32 *buffer __attribute__((unused)))
{
    __asm__("stmia r0!, {r4-r11}\n str sp, [r0], #4\n str lr, [r0]\n mov r0, #0\n bx lr");
}
__attribute__((naked, noreturn)) static void jump(u32 *buffer __attribute__((unused)))
{
    __asm__("ldmia r0!, {r4-r11}\n ldr sp, [r0], #4\n ldr lr, [r0]\n mov r0, #1\n bx lr");
}

__attribute__((naked)) static void restorer(void) { __asm__("mov r7, #119\n svc #0"); }
__attribute__((naked)) static void rt_restorer(void) { __asm__("mov r7, #173\n svc #0"); }

static void act_with(int signal, void *handler, u32 flags, u64 mask)
{
    struct action action = { handler, flags | SA_RESTORER, flags & SA_SIGINFO ? (void *)rt_restorer : (void *)restorer, mask };
    check_equal(call(NR_rt_sigaction, signal, &action, 0, 8), 0);
}
static void act(int signal, void *handler, u32 flags) { act_with(signal, handler, flags, 0); }
static u64 set_mask(int how, u64 set)
{
    u64 old = 0;
    check_equal(call(NR_rt_sigprocmask, how, &set, &old, 8), 0);
    return old;
}
static u64 get_mask(void) { u64 old = 0; call(NR_rt_sigprocmask, SIG_BLOCK, 0, &old, 8); return old; }
static void raise(int signal) { check_equal(call(NR_tkill, call(NR_getpid), signal), 0); }
static u64 now(void) { struct timespec t; call(NR_clock_gettime, 1, &t); return t.s * 1000000000ull + t.ns; }
static void alarm_us(u32 us)
{
    struct itimerval t = { 0, 0, us / 1000000, us % 1000000 };
    check_equal(call(NR_setitimer, 0, &t, 0), 0);
}
static u8 *map(u32 size, int prot) { return (u8 *)call(NR_mmap2, 0, size, prot, 0x22, -1, 0); }

int run(const char *name);
__attribute__((naked, noreturn)) void _start(void) { __asm__("mov r0, sp\n bl start"); }
void start(u32 *sp)
{
    int code = run(sp[0] > 1 ? (const char *)sp[2] : "");
    call(NR_exit_group, code);
}
