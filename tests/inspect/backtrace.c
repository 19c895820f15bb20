/* Goes wrong in a way that is chosen by name, or works, with functions of every shape (test_backtrace.py). */
#include <alloca.h>
#include <assert.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OUT_OF_LINE __attribute__((noinline, noclone))

char *volatile nowhere;
volatile int sink;
volatile double real;

OUT_OF_LINE int leaf(int a, int b)
{
    return a * b + 3;
}

OUT_OF_LINE int early(int n)
{
    if (n < 3)
        return n;
    return leaf(n, n) + leaf(n, 2) + early(n - 1);
}

OUT_OF_LINE int variable(int n)
{
    char text[n * 8 + 1];
    memset(text, n, sizeof text);
    sink = leaf(text[1], n);
    return text[n] + sink;
}

OUT_OF_LINE int allocated(int n)
{
    char *text = alloca(n + 16);
    snprintf(text, n + 16, "%d", n);
    return text[0] + leaf(n, 1);
}

OUT_OF_LINE int large(int n)
{
    char text[5000];
    memset(text, n, sizeof text);
    return leaf(text[17], n) + variable(n & 7);
}

OUT_OF_LINE double floating(double x, double y)
{
    double a = x * y, b = sqrt(y) + x;
    real = a;
    return sin(a) + b == 0 ? a : b + pow(x, y);
}

OUT_OF_LINE int choose(int n)
{
    switch (n) {
    case 0: return leaf(1, 2);
    case 1: return variable(3);
    case 2: return allocated(9);
    case 3: return early(5);
    case 4: return large(1);
    case 5: return leaf(n, n) + allocated(2);
    case 6: return -1;
    case 7: return variable(9);
    }
    return 0;
}

static int order(const void *a, const void *b)
{
    return leaf(*(const int *)a, 1) - leaf(*(const int *)b, 1);
}

OUT_OF_LINE int work(void)
{
    int numbers[12];
    for (int i = 0; i < 12; i++)
        numbers[i] = i * 7 % 11;
    qsort(numbers, 12, sizeof numbers[0], order);
    for (int i = 0; i < 8; i++)
        sink += choose(i);
    real = floating(1.5, 2.5);
    printf("%d %f\n", sink, real);
    return 0;
}

OUT_OF_LINE int wrong(const char *how)
{
    if (!strcmp(how, "library"))
        return strlen(nowhere) + 1;
    if (!strcmp(how, "abort"))
        abort();
    if (!strcmp(how, "assert"))
        assert(sink == 17);
    if (!strcmp(how, "write"))
        *nowhere = 1;
    if (!strcmp(how, "jump"))
        return ((int (*)(void))nowhere)() + 1;
    if (!strcmp(how, "raise"))
        raise(SIGSEGV);
    if (!strcmp(how, "smash")) {
        char text[16];
        memset(text, 0x41, 400);
        return text[sink] + wrong("write");
    }
    for (; !strcmp(how, "loop");)
        sink++;
    return 1;
}

OUT_OF_LINE int between(const char *how)
{
    char text[100];
    memset(text, sink, sizeof text);
    return wrong(how) + text[3];
}

OUT_OF_LINE int recurse(int n, const char *how)
{
    volatile int kept = n;
    return (n ? recurse(n - 1, how) : between(how)) + kept;
}

void handler(int signal)
{
    sink = between("write") + signal;
}

OUT_OF_LINE void in_handler(int information)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = information ? SA_SIGINFO : 0};
    sigaction(SIGUSR1, &action, 0);
    raise(SIGUSR1);
}

int main(int count, char **arguments)
{
    if (count < 2)
        return work();
    if (!strcmp(arguments[1], "handler"))
        in_handler(count > 2);
    if (!strcmp(arguments[1], "child") && fork() == 0)
        return between(arguments[2]);
    if (count > 2)
        return recurse(atoi(arguments[2]), arguments[1]);
    return between(arguments[1]);
}
