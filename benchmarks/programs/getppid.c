/* System calls that do nothing, a thousand for each unit of work. */
#include <sys/syscall.h>
#include <unistd.h>

#include "work.h"

int main(int argc, char **argv) {
    unsigned answered = 0;
    for (unsigned i = 1000 * work(argc, argv); i; i--) answered += syscall(SYS_getppid) > 0;
    printf("%u\n", answered);
}
