/* The C library's memcpy, short and long, aligned and not. */
#include <string.h>
#include "work.h"

static char source[70000], target[70000];

int main(int argc, char **argv) {
    static const unsigned lengths[8] = {16, 65536, 100, 4096, 1000, 33, 16384, 260};
    unsigned seed = 1, sum = 0;
    for (unsigned i = 0; i < sizeof source; i++) source[i] = next_random(&seed) >> 24;
    for (unsigned round = work(argc, argv); round > 0; round--)
        for (unsigned i = 0; i < 64; i++) {
            unsigned length = lengths[i & 7];
            memcpy(target + (i >> 3), source + (round & 15), length);
            sum += target[(i >> 3) + length / 2];
        }
    printf("%u\n", sum);
}
