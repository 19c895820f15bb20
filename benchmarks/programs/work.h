/* How much a benchmark does: each takes one number, and its time grows in proportion to it. */
#include <stdio.h>
#include <stdlib.h>

static unsigned work(int argc, char **argv) {
    if (argc == 2) return strtoul(argv[1], NULL, 10);
    fprintf(stderr, "usage: %s AMOUNT\n", argv[0]);
    exit(2);
}

/* The same numbers everywhere. */
static inline unsigned next_random(unsigned *seed) { return *seed = *seed * 1664525 + 1013904223; }
