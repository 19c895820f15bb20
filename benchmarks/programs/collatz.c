/* Short conditional instructions whose conditions are hard to foresee. */
#include "work.h"

int main(int argc, char **argv) {
    unsigned limit = work(argc, argv) * 100, longest = 0, best = 0;
    for (unsigned start = 1; start < limit; start++) {
        unsigned length = 0;
        for (unsigned n = start; n != 1 && length < 1000; length++) n = n & 1 ? n * 3 + 1 : n >> 1;
        if (length > longest) longest = length, best = start;
    }
    printf("%u %u\n", best, longest);
}
