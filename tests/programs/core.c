/* Ends by a signal that leaves a core file: "fault", or "abort" with a second thread that waits. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

char text[] = "what was in memory";
char *mapped;
volatile double number = 3.25;

static void *wait_for_ever(void *argument)
{
    for (;;) pause();
    return argument;
}

static int inner(int depth)
{
    if (depth == 2) *(volatile int *)0x1234 = depth;
    return inner(depth + 1) + 1;
}

int main(int argc, char **argv)
{
    pthread_t thread;
    register double kept __asm__("d8") = number;
    mapped = mmap(0, 1 << 26, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    strcpy(mapped + (1 << 25), "in the middle");
    __asm__ volatile("" : "+w"(kept));
    if (argc > 2) prctl(PR_SET_DUMPABLE, 0);
    if (!strcmp(argv[1], "fault")) return inner(0);
    pthread_create(&thread, 0, wait_for_ever, 0);
    usleep(50000);
    abort();
}
