/* Runs single instructions in given states on whatever runs this program, and tells what they did.
 *
 * Standard input: CODE's fill word, the 8 KiB of DATA, then samples. Standard output: one result for each. Each sample is
 * entered by returning from a signal handler, which sets all registers, and left by the signal that the instruction or
 * what follows it raises, which has them all again. qemu.py has the other side of both formats.
 */

typedef unsigned int word;

enum {
    CODE = 0x10000, CODE_SIZE = 0x8000,
    DATA = 0x20000, DATA_SIZE = 0x2000,
    READ_ONLY = 0x30000, READ_ONLY_SIZE = 0x1000,
    SLOT_WORDS = 8, VECTOR_WORDS = 64, MOST_SAMPLES = 2048,
    SIGILL = 4, SIGTRAP = 5, SIGBUS = 7, SIGFPE = 8, SIGSEGV = 11,
    SA_SIGINFO = 4, SA_RESTORER = 0x04000000, SA_ONSTACK = 0x08000000, SA_NODEFER = 0x40000000,
    MAP_PRIVATE_FIXED_ANONYMOUS = 0x32,
    VFP_MAGIC = 0x56465001,
    /* Words of a ucontext: where r0 is, and where the coprocessors' frames begin. */
    UC_R0 = 8, UC_PC = UC_R0 + 15, UC_CPSR = UC_R0 + 16, UC_FRAMES = 58
};

struct sample {
    word slot, pc, cpsr, tpidrurw, tpidruro, r[15], fpscr, code[SLOT_WORDS], d[VECTOR_WORDS];
};

struct result {
    word signal, code, address, pc, cpsr, tpidrurw, r[15], fpscr, d[VECTOR_WORDS], changes;
};

static word fill, data[DATA_SIZE / 4];
static struct sample samples[MOST_SAMPLES];
static struct result result;
static word changes[2 * (CODE_SIZE + DATA_SIZE) / 4];
static word count, at;
static word stack[4096];

static word call(word number, word a, word b, word c, word d, word e, word f)
{
    register word r0 __asm__("r0") = a, r1 __asm__("r1") = b, r2 __asm__("r2") = c, r3 __asm__("r3") = d;
    register word r4 __asm__("r4") = e, r5 __asm__("r5") = f, r7 __asm__("r7") = number;
    __asm__ volatile("svc #0" : "+r"(r0) : "r"(r1), "r"(r2), "r"(r3), "r"(r4), "r"(r5), "r"(r7) : "memory");
    return r0;
}

static void quit(word status)
{
    for (;;)
        call(1, status, 0, 0, 0, 0, 0);
}

static void put(const void *bytes, word size)
{
    word from = (word)bytes;
    while (size) {
        word done = call(4, 1, from, size, 0, 0, 0);
        if (done - 1 >= size)
            quit(3);
        from += done;
        size -= done;
    }
}

static word get(void *bytes, word size)
{
    word got = 0;
    while (got < size) {
        word done = call(3, 0, (word)bytes + got, size - got, 0, 0, 0);
        if (done > size)
            quit(4);
        if (!done)
            break;
        got += done;
    }
    return got;
}

/* Word by word and volatile: a compiler must not make calls of memcpy and memset of it. */
static void copy(volatile word *to, const volatile word *from, word words)
{
    for (word n = 0; n < words; n++)
        to[n] = from[n];
}

static void compare(word start, word words, const word *want, word step)
{
    volatile word *now = (volatile word *)start;
    for (word n = 0; n < words; n++) {
        word wanted = *want;
        if (now[n] != wanted) {
            changes[2 * result.changes] = start + 4 * n;
            changes[2 * result.changes + 1] = now[n];
            result.changes++;
            now[n] = wanted;
        }
        want += step;
    }
}

static volatile word *vector_frame(volatile word *context)
{
    volatile word *frame = context + UC_FRAMES;
    while (frame[0] != VFP_MAGIC) {
        if (!frame[1])
            quit(5);
        frame += frame[1] / 4;
    }
    return frame + 2;
}

static void finish(word signal, const volatile word *info, volatile word *context)
{
    const struct sample *sample = &samples[at];
    volatile word *vector = vector_frame(context);
    word slot = sample->slot - CODE;

    result.signal = signal;
    result.code = info[2];
    result.address = info[3];
    result.pc = context[UC_PC];
    result.cpsr = context[UC_CPSR];
    __asm__ volatile("mrc p15, 0, %0, c13, c0, 2" : "=r"(result.tpidrurw));
    copy(result.r, context + UC_R0, 15);
    copy(result.d, vector, VECTOR_WORDS);
    result.fpscr = vector[VECTOR_WORDS];
    result.changes = 0;
    compare(CODE, slot / 4, &fill, 0);
    compare(sample->slot, SLOT_WORDS, sample->code, 1);
    compare(sample->slot + 4 * SLOT_WORDS, (CODE_SIZE - slot) / 4 - SLOT_WORDS, &fill, 0);
    compare(DATA, DATA_SIZE / 4, data, 1);
    put(&result, sizeof result);
    put(changes, 8 * result.changes);
    for (word n = 0; n < SLOT_WORDS; n++)
        ((volatile word *)sample->slot)[n] = fill;
    at++;
}

static void begin(volatile word *context)
{
    const struct sample *sample = &samples[at];
    volatile word *vector = vector_frame(context);

    copy((volatile word *)sample->slot, sample->code, SLOT_WORDS);
    call(0xf0002, sample->slot, sample->slot + 4 * SLOT_WORDS, 0, 0, 0, 0); /* cacheflush */
    call(0xf0005, sample->tpidruro, 0, 0, 0, 0, 0);                       /* set_tls */
    __asm__ volatile("mcr p15, 0, %0, c13, c0, 2" : : "r"(sample->tpidrurw));
    copy(context + UC_R0, sample->r, 15);
    context[UC_PC] = sample->pc;
    context[UC_CPSR] = sample->cpsr;
    copy(vector, sample->d, VECTOR_WORDS);
    vector[VECTOR_WORDS] = sample->fpscr;
}

static void on_signal(word signal, const volatile word *info, volatile word *context)
{
    static word running;
    if (running)
        finish(signal, info, context);
    running = 1;
    if (at == count)
        quit(0);
    begin(context);
}

__attribute__((naked)) static void sigreturn(void)
{
    __asm__("mov r7, #173\n\tsvc #0");
}

void _start(void)
{
    static const word signals[] = {SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV};
    static word regions[3][3] = {{CODE, CODE_SIZE, 7}, {DATA, DATA_SIZE, 3}, {READ_ONLY, READ_ONLY_SIZE, 1}};
    word alternate[3] = {(word)stack, 0, sizeof stack};
    word action[5] = {(word)on_signal, SA_SIGINFO | SA_RESTORER | SA_ONSTACK | SA_NODEFER, (word)sigreturn, 0, 0};

    for (word n = 0; n < 3; n++)
        if (call(192, regions[n][0], regions[n][1], regions[n][2], MAP_PRIVATE_FIXED_ANONYMOUS, ~0u, 0) != regions[n][0])
            quit(2);
    if (get(&fill, 4) != 4 || get(data, sizeof data) != sizeof data)
        quit(6);
    count = get(samples, sizeof samples) / sizeof samples[0];
    for (word n = 0; n < CODE_SIZE / 4; n++)
        ((volatile word *)CODE)[n] = fill;
    copy((volatile word *)DATA, data, DATA_SIZE / 4);
    call(186, (word)alternate, 0, 0, 0, 0, 0); /* sigaltstack */
    for (word n = 0; n < 5; n++)
        call(174, signals[n], (word)action, 0, 8, 0, 0); /* rt_sigaction */
    __asm__ volatile(".word 0xe7f000f0"); /* udf #0 */
    quit(7);
}
