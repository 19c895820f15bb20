/* Looks at the clock, a thousand for each unit of work. */
#include <time.h>

#include "work.h"

int main(int argc, char **argv) {
    unsigned later = 0;
    struct timespec before = {0}, now;
    for (unsigned i = 1000 * work(argc, argv); i; i--) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        later += now.tv_sec > before.tv_sec || (now.tv_sec == before.tv_sec && now.tv_nsec >= before.tv_nsec);
        before = now;
    }
    printf("%u\n", later);
}
