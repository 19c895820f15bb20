/* The C library's qsort: calls through a pointer from code that is not ours. */
#include "work.h"

static unsigned numbers[20000];

static int compare(const void *a, const void *b) {
    unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
    return x < y ? -1 : x > y;
}

int main(int argc, char **argv) {
    unsigned seed = 1, sum = 0;
    for (unsigned round = work(argc, argv); round > 0; round--) {
        for (unsigned i = 0; i < 20000; i++) numbers[i] = next_random(&seed);
        qsort(numbers, 20000, sizeof *numbers, compare);
        sum = sum * 31 + numbers[10000];
    }
    printf("%u\n", sum);
}
