/* Random numbers of a program, its thread, its children and what they execute: getrandom twice, then AT_RANDOM. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

static void *show(void *name) {
    unsigned first, second, *start = (unsigned *)getauxval(AT_RANDOM);
    if (getrandom(&first, sizeof first, 0) != 4 || getrandom(&second, sizeof second, GRND_NONBLOCK) != 4)
        return 0;
    printf("%s %08x %08x %08x\n", (char *)name, first, second, start[0]);
    fflush(stdout);
    return 0;
}

int main(int argc, char **argv) {
    pthread_t thread;
    show(argv[argc > 1]);
    if (argc > 1)
        return 0;
    pthread_create(&thread, 0, show, "thread");
    pthread_join(thread, 0);
    if (fork() == 0) {
        show("child");
        execl(argv[0], argv[0], "executed", (char *)0);
    }
    wait(0);
    if (vfork() == 0) {
        execl(argv[0], argv[0], "spawned", (char *)0);
        _exit(1);
    }
    wait(0);
    show("end");
    return 0;
}
