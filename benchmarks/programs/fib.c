/* Calls and returns. */
#include "work.h"

static unsigned fib(unsigned n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

int main(int argc, char **argv) {
    unsigned sum = 0;
    for (unsigned i = work(argc, argv); i > 0; i--) sum += fib(20 + i % 4);
    printf("%u\n", sum);
}
