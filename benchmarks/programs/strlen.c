/* The C library's strlen, short and long, aligned and not. */
#include <string.h>
#include "work.h"

static char text[16384];

int main(int argc, char **argv) {
    static const unsigned lengths[8] = {5, 1000, 31, 16000, 100, 3, 4096, 260};
    unsigned sum = 0;
    memset(text, 'x', sizeof text);
    for (unsigned round = work(argc, argv); round > 0; round--)
        for (unsigned i = 0; i < 8; i++) {
            text[(round & 7) + lengths[i]] = 0;
            sum += strlen(text + (round & 7));
            text[(round & 7) + lengths[i]] = 'x';
        }
    printf("%u\n", sum);
}
