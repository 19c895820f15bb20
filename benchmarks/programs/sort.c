#include <stdio.h>
#include <stdlib.h>
static unsigned numbers[200000];
static int compare(const void *a, const void *b) {
    unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
    return x < y ? -1 : x > y;
}
int main(void) {
    unsigned seed = 1;
    for (unsigned i = 0; i < 200000; i++) numbers[i] = seed = seed * 1664525 + 1013904223;
    qsort(numbers, 200000, sizeof *numbers, compare);
    printf("%u %u\n", numbers[0], numbers[199999]);
}
