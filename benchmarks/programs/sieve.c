/* Byte loads and stores with a stride. */
#include "work.h"
#include <string.h>

static unsigned char composite[1 << 18];

int main(int argc, char **argv) {
    unsigned count = 0;
    for (unsigned round = work(argc, argv); round > 0; round--) {
        memset(composite, 0, sizeof composite);
        for (unsigned i = 2; i < sizeof composite; i++) {
            if (composite[i]) continue;
            count++;
            for (unsigned j = i * 2; j < sizeof composite; j += i) composite[j] = 1;
        }
    }
    printf("%u\n", count);
}
