/* Signals of a single thread: each test checks itself; `signals NAME` runs one, `signals` all that do not die. */
#include "guest.h"

static volatile int count, order[8], seen_signal;
static volatile u64 seen_mask;
static struct info seen_info;
static struct context seen_context;
static jump_buffer back;

static void counting(int signal) { seen_signal = signal; count++; seen_mask = get_mask(); }
static void reporting(int signal, struct info *info, struct context *context)
{
    seen_signal = signal;
    count++;
    seen_info = *info;
    seen_context = *context;
    seen_mask = get_mask();
}
static void ready(void) { count = seen_signal = 0; seen_mask = 0; memset(&seen_info, 0xEE, sizeof seen_info); }

static void test_handler(void)
{
    act(SIGUSR1, counting, 0);
    raise(SIGUSR1);
    check_equal(count, 1);
    check_equal(seen_signal, SIGUSR1);
    check(seen_mask == BIT(SIGUSR1));
    check(get_mask() == 0);
    call(NR_kill, call(NR_getpid), SIGUSR1);
    call(NR_tgkill, call(NR_getpid), call(NR_getpid), SIGUSR1);
    check_equal(count, 3);
}

static void test_masks(void)
{
    act_with(SIGUSR1, counting, 0, BIT(SIGUSR2) | BIT(9) | BIT(19) | BIT(50));
    raise(SIGUSR1);
    check(seen_mask == (BIT(SIGUSR1) | BIT(SIGUSR2) | BIT(50)));
    act_with(SIGUSR1, counting, SA_NODEFER, BIT(SIGUSR2));
    raise(SIGUSR1);
    check(seen_mask == BIT(SIGUSR2));
    set_mask(SIG_SETMASK, BIT(SIGTERM));
    raise(SIGUSR1);
    check(seen_mask == (BIT(SIGTERM) | BIT(SIGUSR2)));
    check(set_mask(SIG_SETMASK, 0) == BIT(SIGTERM));
}

static void test_siginfo(void)
{
    act(SIGUSR1, reporting, SA_SIGINFO);
    raise(SIGUSR1);
    check_equal(seen_info.signo, SIGUSR1);
    check_equal(seen_info.errno_, 0);
    check_equal(seen_info.code, -6);
    check_equal(seen_info.pid, call(NR_getpid));
    check_equal(seen_info.uid, call(NR_getuid));
    call(NR_kill, call(NR_getpid), SIGUSR1);
    check_equal(seen_info.code, 0);
    check_equal(seen_info.pid, call(NR_getpid));
    struct info info;
    memset(&info, 0, sizeof info);
    info.code = -1;
    info.pid = 1234;
    info.uid = 5678;
    info.value = 0xCAFE0123;
    check_equal(call(NR_rt_sigqueueinfo, call(NR_getpid), SIGUSR1, &info), 0);
    check_equal(seen_info.signo, SIGUSR1);
    check_equal(seen_info.code, -1);
    check_equal(seen_info.pid, 1234);
    check_equal(seen_info.uid, 5678);
    check_equal(seen_info.value, 0xCAFE0123);
}

static void test_resethand(void)
{
    act(SIGUSR1, counting, SA_RESETHAND);
    raise(SIGUSR1);
    check_equal(count, 1);
    check(seen_mask == BIT(SIGUSR1));
    struct action old;
    check_equal(call(NR_rt_sigaction, SIGUSR1, 0, &old, 8), 0);
    check_equal(old.handler, 0);
    check_equal(old.flags & SA_RESETHAND, SA_RESETHAND);
}

static int depth;
static void nesting(int signal)
{
    order[count++] = signal;
    if (signal == SIGUSR1 && !depth++) {
        raise(SIGUSR2);
        raise(SIGUSR1); /* blocked here, so it comes when this handler is done */
        order[count++] = 0;
    }
}
static void test_nested(void)
{
    depth = 0;
    act(SIGUSR1, nesting, 0);
    act(SIGUSR2, nesting, 0);
    raise(SIGUSR1);
    check_equal(count, 4);
    check_equal(order[0], SIGUSR1);
    check_equal(order[1], SIGUSR2);
    check_equal(order[2], 0);
    check_equal(order[3], SIGUSR1);
}

static void test_queue(void)
{
    act(SIGRT, nesting, 0);
    act(SIGRT + 1, nesting, 0);
    act(SIGUSR2, nesting, 0);
    set_mask(SIG_SETMASK, ~0ull);
    raise(SIGRT + 1);
    raise(SIGRT);
    raise(SIGRT);
    raise(SIGUSR2);
    raise(SIGUSR2);
    u64 set = 0;
    check_equal(call(NR_rt_sigpending, &set, 8), 0);
    check(set == (BIT(SIGRT) | BIT(SIGRT + 1) | BIT(SIGUSR2)));
    check_equal(count, 0);
    depth = 1;
    set_mask(SIG_SETMASK, 0);
    check_equal(count, 4); /* each on top of the other, so the last to begin is the first that ends */
    int found = 0;
    for (int i = 0; i < count; i++) found += order[i] == SIGRT;
    check_equal(found, 2);
}

static u8 alternate[16384] __attribute__((aligned(8)));
static u32 handler_sp;
static struct stack handler_stack;
static void on_stack(int signal)
{
    u32 here;
    __asm__ volatile("mov %0, sp" : "=r"(here));
    handler_sp = here;
    count++;
    call(NR_sigaltstack, 0, &handler_stack);
    struct stack other = { alternate, 0, sizeof alternate };
    check_equal(call(NR_sigaltstack, &other, 0), signal == SIGUSR1 ? -1 : 0); /* EPERM on it */
    if (signal == SIGUSR1 && count == 1) {
        raise(SIGUSR2); /* without SA_ONSTACK: stays where it is */
        check(handler_sp > (u32)alternate && handler_sp < here);
    }
}
static void plain(int signal) { on_stack(signal == SIGUSR2 ? SIGUSR1 : signal); }
static void test_altstack(void)
{
    struct stack stack = { alternate, 0, sizeof alternate }, old;
    check_equal(call(NR_sigaltstack, &stack, 0), 0);
    act(SIGUSR1, on_stack, SA_ONSTACK);
    act(SIGUSR2, plain, 0);
    raise(SIGUSR1);
    check_equal(count, 2);
    check_equal(handler_stack.flags, 1);
    check_equal(handler_stack.size, sizeof alternate);
    check_equal(call(NR_sigaltstack, 0, &old), 0);
    check_equal(old.flags, 0);
    act(SIGUSR1, reporting, SA_ONSTACK | SA_SIGINFO);
    raise(SIGUSR1);
    check_equal(seen_context.stack.sp, alternate);
    check_equal(seen_context.stack.size, sizeof alternate);
    stack.flags = 2;
    check_equal(call(NR_sigaltstack, &stack, 0), 0);
    raise(SIGUSR1);
    check_equal(seen_context.stack.flags, 2);
    check_equal(seen_context.stack.sp, 0);
}

static void test_autodisarm(void)
{
    struct stack stack = { alternate, 1u << 31, sizeof alternate }, old;
    check_equal(call(NR_sigaltstack, &stack, 0), 0);
    act(SIGALRM, on_stack, SA_ONSTACK | SA_SIGINFO);
    raise(SIGALRM); /* the stack is disarmed, so the handler may set another */
    check(handler_sp > (u32)alternate && handler_sp < (u32)alternate + sizeof alternate);
    check_equal(handler_stack.flags, 2);
    check_equal(call(NR_sigaltstack, 0, &old), 0);
    check_equal(old.sp, alternate);
    check_equal(old.flags, 1u << 31);
    stack.flags = 2;
    call(NR_sigaltstack, &stack, 0);
}

/* Every register must be as it was: core, flags, VFP. The handler changes them all. */
__attribute__((naked)) static void spoiling(int signal __attribute__((unused)))
{
    __asm__(".fpu neon\n"
            "push {r4-r11, lr}\n"
            "vmov.i32 q0, #0\n vmov q1, q0\n vmov q2, q0\n vmov q3, q0\n vmov q4, q0\n vmov q5, q0\n vmov q6, q0\n"
            "vmov q7, q0\n vmov q8, q0\n vmov q9, q0\n vmov q10, q0\n vmov q11, q0\n vmov q12, q0\n vmov q13, q0\n"
            "vmov q14, q0\n vmov q15, q0\n mov r0, #0\n vmsr fpscr, r0\n"
            "mov r1, #0\n mov r2, #0\n mov r3, #0\n mov r12, #0\n cmp r0, #0\n"
            "pop {r4-r11, pc}");
}
static u64 before[32], after[32];
static u32 core[16];
/* r0: pid, r1: before, r2: after, r3: core, which gets r0-r12, the CPSR and the FPSCR after the handler. */
__attribute__((naked, target("arm"))) static void spoil(u32 pid __attribute__((unused)), u64 *b __attribute__((unused)),
                                         u64 *a __attribute__((unused)), u32 *c __attribute__((unused)))
{
    __asm__(".fpu neon\n"
            "push {r2-r11, lr}\n"
            "vldmia r1!, {d0-d15}\n vldmia r1, {d16-d31}\n"
            "movw r1, #0x0010\n movt r1, #0xF840\n vmsr fpscr, r1\n"
            "mov r2, #0x22\n mov r3, #0x33\n mov r4, #0x44\n mov r5, #0x55\n mov r6, #0x66\n mov r8, #0x88\n"
            "mov r9, #0x99\n mov r10, #0xAA\n mov r11, #0xBB\n mov r12, #0xCC\n"
            "mov r1, #0x80000001\n lsrs lr, r1, #1\n mov lr, #0x80000000\n orrs lr, lr, lr\n" /* N, C */
            "mov r1, #10\n mov r7, #238\n"
            "svc #0\n"
            "push {r12}\n push {r0-r3}\n" /* then r2 is at sp + 20, r3 at sp + 24 */
            "mrs r1, cpsr\n ldr r0, [sp, #24]\n str r1, [r0, #52]\n"
            "vmrs r1, fpscr\n str r1, [r0, #56]\n"
            "pop {r1, r2}\n stmia r0!, {r1, r2}\n pop {r1, r2}\n stmia r0!, {r1, r2}\n"
            "stmia r0!, {r4-r11}\n pop {r1}\n str r1, [r0]\n"
            "ldr r0, [sp]\n vstmia r0!, {d0-d15}\n vstmia r0, {d16-d31}\n"
            "mov r0, #0\n vmsr fpscr, r0\n"
            "pop {r2-r11, pc}");
}
static void test_registers(void)
{
    static const u32 expected[13] = { 0, 10, 0x22, 0x33, 0x44, 0x55, 0x66, 238, 0x88, 0x99, 0xAA, 0xBB, 0xCC };
    u64 kept[8];
    for (int i = 0; i < 32; i++) before[i] = 0x0123456789ABCDEFull * (i + 1);
    act(SIGUSR1, spoiling, 0);
    __asm__ volatile(".fpu neon\n vstmia %0, {d8-d15}" : : "r"(kept) : "memory");
    spoil(call(NR_getpid), before, after, core);
    __asm__ volatile(".fpu neon\n vldmia %0, {d8-d15}" : : "r"(kept) : "memory");
    for (int i = 0; i < 13; i++) check_equal(core[i], expected[i]);
    check_equal(core[13] & 0xF80F0000, 0xA0000000 | (core[13] & 0x000F0000));
    check_equal(core[14], 0xF8400010);
    for (int i = 0; i < 32; i++) check(before[i] == after[i]);
}

static void test_frame(void)
{
    act_with(SIGUSR1, reporting, SA_SIGINFO, 0);
    set_mask(SIG_SETMASK, BIT(SIGTERM) | BIT(60));
    u32 sp;
    __asm__ volatile("mov %0, sp\n vmov.f64 d9, #1.0" : "=r"(sp) : : "d9");
    raise(SIGUSR1);
    set_mask(SIG_SETMASK, 0);
    check(seen_context.mask == (BIT(SIGTERM) | BIT(60)));
    check_equal(seen_context.m.oldmask, BIT(SIGTERM));
    check_equal(seen_context.flags, 0);
    check_equal(seen_context.link, 0);
    check(sp - seen_context.m.r[13] < 256);
    check_equal(seen_context.m.r[0], 0);
    check_equal(seen_context.m.r[7], NR_tkill);
    check_equal(seen_context.m.cpsr & 0x1F, 0x10);
    check_equal(seen_context.vfp.magic, 0x56465001);
    check_equal(seen_context.vfp.size, 288);
    check(seen_context.vfp.d[9] == 0x3FF0000000000000ull);
    check_equal(sizeof(struct context), 744);
}

/* A handler changes what the program goes on with. */
static void changing(int signal, struct info *info, struct context *context)
{
    (void)signal, (void)info;
    context->m.r[0] = 0x1234;
    context->vfp.d[8] = 0x4045000000000000ull;
    context->mask = BIT(SIGTERM);
}
static void test_changed_frame(void)
{
    act(SIGUSR1, changing, SA_SIGINFO);
    u64 d8;
    int result = call(NR_tkill, call(NR_getpid), SIGUSR1);
    __asm__ volatile(".fpu neon\n vstr d8, [%0]" : : "r"(&d8) : "memory");
    check_equal(result, 0x1234);
    check(d8 == 0x4045000000000000ull);
    check(set_mask(SIG_SETMASK, 0) == BIT(SIGTERM));
}

static void no_restorer(int signal, void *handler, u32 flags)
{
    struct action action = { handler, flags, 0, 0 };
    check_equal(call(NR_rt_sigaction, signal, &action, 0, 8), 0);
}
__attribute__((target("thumb"))) static void thumb_counting(int signal) { seen_signal = signal; count++; }
__attribute__((target("thumb"))) static void thumb_reporting(int signal, struct info *info, struct context *context)
{
    reporting(signal, info, context);
}
static void test_thumb_and_return_code(void)
{
    act(SIGUSR1, thumb_counting, 0);
    raise(SIGUSR1);
    act(SIGUSR1, thumb_reporting, SA_SIGINFO);
    raise(SIGUSR1);
    no_restorer(SIGUSR1, counting, 0);
    raise(SIGUSR1);
    no_restorer(SIGUSR1, thumb_counting, 0);
    raise(SIGUSR1);
    no_restorer(SIGUSR1, reporting, SA_SIGINFO);
    raise(SIGUSR1);
    no_restorer(SIGUSR1, thumb_reporting, SA_SIGINFO);
    raise(SIGUSR1);
    check_equal(count, 6);
    check(get_mask() == 0);
}

/* A fault in the middle of an IT block: the handler must run whole, the rest of the block as it was. */
static u32 page_value;
static void repairing(int signal, struct info *info, struct context *context)
{
    reporting(signal, info, context);
    call(NR_mmap2, info->addr & ~0xFFFu, 4096, 3, 0x32, -1, 0);
    *(u32 *)(info->addr & ~3u) = page_value;
}
__attribute__((target("thumb"), noinline)) static u32 it_block(u32 *address)
{
    u32 result = 0;
    __asm__ volatile(".syntax unified\n movs r2, #1\n cmp r2, #1\n"
                     "ittee eq\n ldreq r3, [%1]\n addeq %0, r3, #1\n addne %0, r3, #2\n movne r2, #7\n"
                     "add %0, %0, r2\n"
                     : "=&r"(result) : "r"(address) : "r2", "r3", "cc");
    return result;
}
static void test_repair(void)
{
    act(SIGSEGV, repairing, SA_SIGINFO);
    u8 *page = map(4096, 3);
    call(NR_munmap, page, 4096);
    page_value = 41;
    check_equal(*(volatile u32 *)(page + 8), 41);
    check_equal(count, 1);
    check_equal(seen_info.code, 1);
    check_equal(seen_info.addr, page + 8);
    check_equal(seen_context.m.fault_address, page + 8);
    check_equal(seen_context.m.trap_no, 14);
    check_equal(seen_context.m.error_code & 0x800, 0);
    call(NR_munmap, page, 4096);
    page_value = 100;
    check_equal(it_block((u32 *)page), 102);
    check_equal(count, 2);
    check((seen_context.m.cpsr & 0x20) && (seen_context.m.cpsr & 0x0600FC00));
    call(NR_munmap, page, 4096);
    *(volatile u32 *)(page + 4) = 7;
    check_equal(count, 3);
    check_equal(seen_context.m.error_code & 0x800, 0x800);
    check_equal(*(volatile u32 *)(page + 4), 7);
}

static void escaping(int signal, struct info *info, struct context *context)
{
    reporting(signal, info, context);
    jump(back);
}
static void test_faults(void)
{
    act(SIGSEGV, escaping, SA_SIGINFO | SA_NODEFER);
    act(SIGBUS, escaping, SA_SIGINFO | SA_NODEFER);
    act(SIGILL, escaping, SA_SIGINFO | SA_NODEFER);
    act(SIGTRAP, escaping, SA_SIGINFO | SA_NODEFER);
    u8 *page = map(4096, 1);
    if (!save(back)) *(volatile u32 *)(page + 16) = 1;
    check_equal(seen_signal, SIGSEGV);
    check_equal(seen_info.code, 2);
    check_equal(seen_info.addr, page + 16);
    if (!save(back)) ((void (*)(void))0x7F000000)();
    check_equal(seen_signal, SIGSEGV);
    check_equal(seen_info.code, 1);
    check_equal(seen_info.addr, 0x7F000000);
    check_equal(seen_context.m.r[15], 0x7F000000);
    if (!save(back)) ((void (*)(void))page)();
    check_equal(seen_signal, SIGSEGV);
    check_equal(seen_info.addr, page);
    int fd = call(NR_memfd_create, "x", 0);
    call(NR_ftruncate, fd, 4096);
    page = (u8 *)call(NR_mmap2, 0, 8192, 3, 1, fd, 0);
    page[0] = 1;
    if (!save(back)) page[4096 + 4] = 1;
    check_equal(seen_signal, SIGBUS);
    check_equal(seen_info.code, 2);
    check_equal(seen_info.addr, page + 4100);
    if (!save(back)) { __asm__ volatile(".global udf_here\nudf_here: udf #7"); }
    extern char udf_here, bkpt_here;
    check_equal(seen_signal, SIGILL);
    check_equal(seen_info.code, 1);
    check_equal(seen_info.addr, &udf_here);
    check_equal(seen_context.m.r[15], &udf_here);
    if (!save(back)) { __asm__ volatile(".global bkpt_here\nbkpt_here: bkpt #0"); }
    check_equal(seen_signal, SIGTRAP);
    check_equal(seen_info.addr, &bkpt_here);
    if (!save(back)) { __asm__ volatile(".word 0xe7f001f0"); }
    check_equal(seen_signal, SIGTRAP);
    check_equal(seen_info.code, 1);
    check_equal(count, 7);
}

static void test_longjmp(void)
{
    volatile int i;
    act(SIGSEGV, escaping, SA_SIGINFO);
    for (i = 0; i < 1000; i++) {
        if (!save(back)) *(volatile u32 *)0x10 = 1;
        check(set_mask(SIG_SETMASK, 0) == BIT(SIGSEGV));
    }
    check_equal(count, 1000);
}

static void test_alignment(void)
{
    act(SIGBUS, escaping, SA_SIGINFO);
    u8 *page = map(4096, 3);
    if (!save(back)) { __asm__ volatile("ldrex r2, [%0]" : : "r"(page + 2) : "r2"); }
    check_equal(seen_signal, SIGBUS);
    check_equal(seen_info.code, 1);
    check_equal(seen_info.addr, page + 2);
    set_mask(SIG_SETMASK, 0);
}

#pragma GCC diagnostic ignored "-Winfinite-recursion"
static u32 recurse(u32 n) { volatile u32 space[256]; space[n & 255] = n; return recurse(n + 1) + space[n & 255]; }
static void test_stack_overflow(void)
{
    struct stack stack = { alternate, 0, sizeof alternate };
    call(NR_sigaltstack, &stack, 0);
    act(SIGSEGV, escaping, SA_SIGINFO | SA_ONSTACK);
    if (!save(back)) recurse(0);
    check_equal(count, 1);
    set_mask(SIG_SETMASK, 0);
    stack.flags = 2;
    call(NR_sigaltstack, &stack, 0);
}

/* Frames that a program made up. */
static void bad_sigreturn(u32 cpsr, u32 magic, u32 shift)
{
    /* The handler's own frame goes below it. */
    static struct { u8 room[4096]; struct info info; struct context context; u32 code[4]; } frame __attribute__((aligned(8)));
    memset(&frame, 0, sizeof frame);
    frame.context.m.cpsr = cpsr;
    frame.context.m.r[13] = (u32)alternate + 8192;
    frame.context.vfp.magic = magic;
    frame.context.vfp.size = 288;
    if (!save(back))
        __asm__ volatile("mov sp, %0\n mov r7, #173\n svc #0" : : "r"((u8 *)&frame.info + shift) : "r7");
}
static void test_hostile_frames(void)
{
    act(SIGSEGV, escaping, SA_SIGINFO | SA_NODEFER);
    bad_sigreturn(0x13, 0x56465001, 0); /* supervisor mode */
    check_equal(count, 1);
    check_equal(seen_info.code, 0x80);
    bad_sigreturn(0x10 | 0x80, 0x56465001, 0); /* interrupts off */
    check_equal(count, 2);
    bad_sigreturn(0x10, 0x12345678, 0);
    check_equal(count, 3);
    bad_sigreturn(0x10, 0x56465001, 4);
    check_equal(count, 4);
}

static void test_suspend(void)
{
    act(SIGUSR1, counting, 0);
    set_mask(SIG_SETMASK, BIT(SIGUSR1) | BIT(SIGTERM));
    raise(SIGUSR1);
    check_equal(count, 0);
    u64 set = BIT(SIGINT);
    check_equal(call(NR_rt_sigsuspend, &set, 8), -EINTR);
    check_equal(count, 1);
    check(seen_mask == (BIT(SIGINT) | BIT(SIGUSR1)));
    check(get_mask() == (BIT(SIGUSR1) | BIT(SIGTERM)));
    raise(SIGUSR1);
    check_equal(call(NR_sigsuspend, 0, 0, (u32)BIT(SIGINT)), -EINTR);
    check_equal(count, 2);
    act(SIGALRM, counting, SA_RESTART);
    alarm_us(20000);
    set = BIT(SIGUSR1);
    check_equal(call(NR_rt_sigsuspend, &set, 8), -EINTR);
    check_equal(seen_signal, SIGALRM);
    set_mask(SIG_SETMASK, 0);
    alarm_us(20000);
    check_equal(call(NR_pause), -EINTR);
    check_equal(count, 4);
}

static void test_timedwait(void)
{
    u64 set = BIT(SIGUSR1) | BIT(SIGRT), all = set | BIT(SIGALRM);
    struct info info;
    set_mask(SIG_SETMASK, all);
    raise(SIGRT);
    raise(SIGUSR1);
    check_equal(call(NR_rt_sigtimedwait, &set, &info, 0, 8), SIGUSR1);
    check_equal(info.signo, SIGUSR1);
    check_equal(info.code, -6);
    check_equal(info.pid, call(NR_getpid));
    check_equal(call(NR_rt_sigtimedwait, &set, 0, 0, 8), SIGRT);
    struct timespec none = { 0, 0 }, some = { 0, 20000000 };
    check_equal(call(NR_rt_sigtimedwait, &set, 0, &none, 8), -EAGAIN);
    u64 start = now();
    check_equal(call(NR_rt_sigtimedwait, &set, 0, &some, 8), -EAGAIN);
    check(now() - start >= 20000000);
    set = BIT(SIGALRM);
    alarm_us(20000);
    check_equal(call(NR_rt_sigtimedwait, &set, &info, 0, 8), SIGALRM);
    set_mask(SIG_SETMASK, BIT(SIGUSR1));
    act(SIGALRM, counting, SA_RESTART);
    set = BIT(SIGUSR1);
    alarm_us(20000);
    check_equal(call(NR_rt_sigtimedwait, &set, 0, 0, 8), -EINTR);
    check_equal(count, 1);
    set_mask(SIG_SETMASK, 0);
}

static int pipe_fds[2];
static void writing(int signal) { counting(signal); call(NR_write, pipe_fds[1], "x", 1); }
static void test_restart(void)
{
    char byte = 0;
    struct timespec second = { 5, 0 }, left = { -1, -1 };
    call(NR_pipe, pipe_fds);
    act(SIGALRM, counting, 0);
    alarm_us(20000);
    check_equal(call(NR_read, pipe_fds[0], &byte, 1), -EINTR);
    check_equal(count, 1);
    act(SIGALRM, writing, SA_RESTART);
    alarm_us(20000);
    check_equal(call(NR_read, pipe_fds[0], &byte, 1), 1);
    check_equal(byte, 'x');
    check_equal(count, 2);
    act(SIGALRM, counting, SA_RESTART);
    alarm_us(20000);
    check_equal(call(NR_nanosleep, &second, &left), -EINTR);
    check(left.s == 4 && left.ns > 0);
    struct { int fd; short events, revents; } poll = { pipe_fds[0], 1, 0 };
    alarm_us(20000);
    check_equal(call(NR_poll, &poll, 1, -1), -EINTR);
    alarm_us(20000);
    check_equal(call(NR_ppoll, &poll, 1, &second, 0, 8), -EINTR);
    check_equal(second.s, 4);
    second.s = 5;
    second.ns = 0;
    alarm_us(20000);
    check_equal(call(NR_pselect6, 0, 0, 0, 0, &second, 0), -EINTR);
    int epoll = call(NR_epoll_create1, 0);
    u8 event[16];
    alarm_us(20000);
    check_equal(call(NR_epoll_wait, epoll, event, 1, -1), -EINTR);
    u32 word = 0;
    second.s = 5;
    alarm_us(20000);
    check_equal(call(NR_futex, &word, 0, 0, &second), -EINTR);
    check_equal(count, 8);
    call(NR_close, epoll);
}

static void test_poll_mask(void)
{
    call(NR_pipe, pipe_fds);
    struct { int fd; short events, revents; } poll = { pipe_fds[0], 1, 0 };
    u64 none = 0;
    act(SIGUSR1, counting, SA_RESTART);
    act(SIGALRM, counting, SA_RESTART);
    set_mask(SIG_SETMASK, BIT(SIGUSR1) | BIT(SIGALRM));
    raise(SIGUSR1);
    check_equal(call(NR_ppoll, &poll, 1, 0, &none, 8), -EINTR);
    check_equal(count, 1);
    check(get_mask() == (BIT(SIGUSR1) | BIT(SIGALRM)));
    struct { u64 *set; u32 size; } argument = { &none, 8 };
    alarm_us(20000);
    check_equal(call(NR_pselect6, 0, 0, 0, 0, 0, &argument), -EINTR);
    check_equal(seen_signal, SIGALRM);
    int epoll = call(NR_epoll_create1, 0);
    u8 event[16];
    raise(SIGUSR1);
    check_equal(call(NR_epoll_pwait, epoll, event, 1, -1, &none, 8), -EINTR);
    check_equal(count, 3);
    call(NR_close, epoll);
    set_mask(SIG_SETMASK, 0);
}

static void test_ignored_does_not_interrupt(void)
{
    struct timespec some = { 0, 60000000 };
    act(SIGALRM, (void *)1, 0);
    alarm_us(10000);
    u64 start = now();
    check_equal(call(NR_nanosleep, &some, 0), 0);
    check(now() - start >= 60000000);
}

static volatile u64 rang;
static void ringing(int signal) { (void)signal; rang = now(); count++; }
static void test_loop(void)
{
    act(SIGALRM, ringing, 0);
    u64 start = now();
    alarm_us(30000);
    rang = 0;
    u32 turns = 0;
    while (!rang && ++turns < 4000000000u) __asm__ volatile("");
    check(rang - start >= 30000000);
    check(rang - start < 500000000);
    struct itimerval interval = { 0, 5000, 0, 5000 }, left, old;
    call(NR_setitimer, 0, &interval, 0);
    while (count < 6) __asm__ volatile("");
    check_equal(call(NR_getitimer, 0, &left), 0);
    check_equal(left.interval_us, 5000);
    check(left.value == 0 && left.value_us <= 5001);
    interval.interval_us = interval.value_us = 0;
    check_equal(call(NR_setitimer, 0, &interval, &old), 0);
    check_equal(old.interval_us, 5000);
    act(SIGPROF, counting, 0);
    interval.value_us = 20000;
    call(NR_setitimer, 2, &interval, 0);
    count = 0;
    for (turns = 0; !count && turns < 4000000000u; turns++) __asm__ volatile("");
    check_equal(seen_signal, SIGPROF);
}

static void test_timers(void)
{
    struct { u32 value; int signo, notify, tid; u8 pad[48]; } event = { 0xBEEF, SIGRT, 0, 0, { 0 } };
    struct { struct timespec interval, value; } times = { { 0, 2000000 }, { 0, 2000000 } }, old;
    int timer = -1, none = -1;
    act(SIGRT, reporting, SA_SIGINFO);
    check_equal(call(NR_timer_create, 1, &event, &timer), 0);
    check_equal(call(NR_timer_settime, timer, 0, &times, &old), 0);
    check(old.value.s == 0 && old.value.ns == 0);
    set_mask(SIG_SETMASK, BIT(SIGRT));
    struct timespec some = { 0, 30000000 };
    call(NR_nanosleep, &some, 0);
    set_mask(SIG_SETMASK, 0);
    check(count >= 1);
    check_equal(call(NR_timer_gettime, timer, &old), 0);
    check_equal(old.interval.ns, 2000000);
    check_equal(call(NR_timer_delete, timer), 0);
    check_equal(seen_info.signo, SIGRT);
    check_equal(seen_info.code, -2);
    check_equal(seen_info.tid, timer);
    check_equal(seen_info.timer_value, 0xBEEF);
    check_equal(call(NR_timer_delete, timer), -22);
    event.notify = 1;
    check_equal(call(NR_timer_create, 1, &event, &none), 0);
    times.value.s = 100;
    check_equal(call(NR_timer_settime, none, 0, &times, 0), 0);
    check_equal(call(NR_timer_gettime, none, &old), 0);
    check(old.value.s >= 99);
    check_equal(call(NR_timer_getoverrun, none), 0);
    check_equal(call(NR_timer_delete, none), 0);
}

static void test_overrun(void)
{
    struct { u32 value; int signo, notify, tid; u8 pad[48]; } event = { 1, SIGRT, 0, 0, { 0 } };
    struct { struct timespec interval, value; } times = { { 0, 1000000 }, { 0, 1000000 } };
    struct timespec some = { 0, 30000000 };
    u64 set = BIT(SIGRT);
    struct info info;
    int timer;
    set_mask(SIG_SETMASK, set);
    check_equal(call(NR_timer_create, 1, &event, &timer), 0);
    check_equal(call(NR_timer_settime, timer, 0, &times, 0), 0);
    call(NR_nanosleep, &some, 0);
    check_equal(call(NR_rt_sigtimedwait, &set, &info, 0, 8), SIGRT);
    check(info.overrun >= 20);
    check_equal(call(NR_timer_getoverrun, timer), info.overrun);
    call(NR_timer_delete, timer);
    set_mask(SIG_SETMASK, 0);
}

static void test_signalfd(void)
{
    u64 set = BIT(SIGUSR1) | BIT(SIGALRM);
    u32 data[64];
    set_mask(SIG_SETMASK, set);
    int fd = call(NR_signalfd4, -1, &set, 8, 0x800); /* SFD_NONBLOCK */
    check(fd >= 0);
    check_equal(call(NR_read, fd, data, sizeof data), -EAGAIN);
    struct { int fd; short events, revents; } poll = { fd, 1, 0 };
    check_equal(call(NR_poll, &poll, 1, 0), 0);
    raise(SIGUSR1);
    check_equal(call(NR_poll, &poll, 1, 0), 1);
    check_equal(poll.revents, 1);
    check_equal(call(NR_read, fd, data, sizeof data), 128);
    check_equal(data[0], SIGUSR1);
    check_equal(data[2], -6);
    check_equal(data[3], call(NR_getpid));
    check_equal(call(NR_poll, &poll, 1, 0), 0);
    check_equal(call(NR_close, fd), 0);
    fd = call(NR_signalfd4, -1, &set, 8, 0);
    alarm_us(20000);
    check_equal(call(NR_read, fd, data, sizeof data), 128);
    check_equal(data[0], SIGALRM);
    poll.fd = fd;
    alarm_us(20000);
    check_equal(call(NR_poll, &poll, 1, 5000), 1);
    raise(SIGUSR1);
    check_equal(call(NR_read, fd, data, sizeof data), 256);
    check_equal(data[0], SIGUSR1);
    check_equal(data[32], SIGALRM);
    set = BIT(SIGUSR2);
    check_equal(call(NR_signalfd4, fd, &set, 8, 0), fd);
    call(NR_close, fd);
    set_mask(SIG_SETMASK, 0);
}

static void test_old_sigaction(void)
{
    struct { void *handler; u32 mask, flags; void *restorer; } action = { counting, (u32)BIT(SIGUSR2), SA_RESTORER, restorer };
    check_equal(call(NR_sigaction, SIGUSR1, &action, 0), 0);
    raise(SIGUSR1);
    check_equal(count, 1);
    check(seen_mask == (BIT(SIGUSR1) | BIT(SIGUSR2)));
}

/* These end the process. */
static void die_blocked(void) { set_mask(SIG_SETMASK, BIT(SIGSEGV)); act(SIGSEGV, counting, 0); *(volatile int *)8 = 1; }
static void die_ignored(void) { act(SIGSEGV, (void *)1, 0); *(volatile int *)8 = 1; }
static void die_without_stack(void) { act(SIGSEGV, counting, 0); recurse(0); }
static void die_in_default(void) { set_mask(SIG_SETMASK, BIT(SIGTERM)); raise(SIGTERM); set_mask(SIG_SETMASK, 0); }
static void die_by_frame(void) { act(SIGSEGV, (void *)1, 0); __asm__ volatile("mov r7, #173\n svc #0" : : : "r7"); }
static void die_by_alarm(void) { alarm_us(10000); for (;;) __asm__ volatile(""); }
static void die_waiting(void) { alarm_us(10000); call(NR_pause); }

/* These wait for signals from outside: "ready" is written when they may come. */
static void wait_term(void)
{
    act(SIGTERM, reporting, SA_SIGINFO);
    act(SIGUSR1, counting, 0);
    print("ready\n");
    while (count < 2) __asm__ volatile("");
    check_equal(seen_info.signo, SIGTERM);
    print("SIGTERM ");
    print_hex(seen_info.code);
    print("\n");
}
static void wait_pause(void)
{
    act(SIGHUP, counting, 0);
    print("ready\n");
    call(NR_pause);
    print(seen_signal == SIGHUP ? "SIGHUP\n" : "?\n");
}
static void wait_ignored(void)
{
    act(SIGINT, (void *)1, 0);
    set_mask(SIG_SETMASK, BIT(SIGTERM));
    print("ready\n");
    u64 set = BIT(SIGTERM);
    check_equal(call(NR_rt_sigtimedwait, &set, &seen_info, 0, 8), SIGTERM);
    print("done\n");
}
static void wait_default(void) { print("ready\n"); for (;;) __asm__ volatile(""); }

#define TEST(name) { #name, test_##name }
#define OTHER(name) { #name, name }
static const struct { const char *name; void (*run)(void); } tests[] = {
    TEST(handler), TEST(masks), TEST(siginfo), TEST(resethand), TEST(nested), TEST(queue), TEST(altstack),
    TEST(autodisarm), TEST(registers), TEST(frame), TEST(changed_frame), TEST(thumb_and_return_code), TEST(repair),
    TEST(faults), TEST(longjmp), TEST(alignment), TEST(stack_overflow), TEST(hostile_frames), TEST(suspend),
    TEST(timedwait), TEST(restart), TEST(poll_mask), TEST(ignored_does_not_interrupt), TEST(loop), TEST(timers),
    TEST(overrun), TEST(signalfd), TEST(old_sigaction),
}, others[] = {
    OTHER(die_blocked), OTHER(die_ignored), OTHER(die_without_stack), OTHER(die_in_default), OTHER(die_by_frame),
    OTHER(die_by_alarm), OTHER(die_waiting), OTHER(wait_term), OTHER(wait_pause), OTHER(wait_ignored),
    OTHER(wait_default),
};

int run(const char *name)
{
    int ran = 0;
    for (u32 i = 0; i < sizeof tests / sizeof *tests; i++) {
        if (*name && !equal(name, tests[i].name)) continue;
        int already = failures;
        ready();
        tests[i].run();
        print(failures == already ? "ok " : "not ok ");
        print(tests[i].name);
        print("\n");
        ran++;
    }
    for (u32 i = 0; i < sizeof others / sizeof *others; i++)
        if (equal(name, others[i].name)) { others[i].run(); ran++; }
    return ran == 0 || failures != 0;
}
