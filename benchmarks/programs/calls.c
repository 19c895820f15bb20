/* Calls through function pointers, in an order that is hard to foresee. */
#include "work.h"

typedef unsigned function(unsigned);

static unsigned add(unsigned x) { return x + 0x9e3779b9; }
static unsigned rotate(unsigned x) { return x << 7 | x >> 25; }
static unsigned mix(unsigned x) { return x ^ x >> 15; }
static unsigned multiply(unsigned x) { return x * 2654435761u; }
static unsigned negate(unsigned x) { return -x; }
static unsigned swap(unsigned x) { return x << 16 | x >> 16; }
static unsigned invert(unsigned x) { return ~x; }
static unsigned twice(unsigned x) { return x + x + 1; }

static function *volatile operations[8] = {add, rotate, mix, multiply, negate, swap, invert, twice};

int main(int argc, char **argv) {
    unsigned x = 1, seed = 1;
    for (unsigned i = work(argc, argv) * 1000; i > 0; i--) {
        x = operations[next_random(&seed) >> 29](x);
        x = operations[i & 7](x);
    }
    printf("%08x\n", x);
}
