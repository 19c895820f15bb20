/* What -strace shows of a family: a handler, a child that executes, one that is killed, a thread that waits, a crash. */
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void handle(int signal) { (void)signal; }

static void *wait_for_byte(void *fd) {
    char byte;
    read(*(int *)fd, &byte, 1);
    return 0;
}

int main(int argc, char **argv) {
    int pipe_ends[2];
    pthread_t thread;
    pid_t child;
    if (argc > 1)
        return 3;
    signal(SIGUSR1, handle);
    raise(SIGUSR1);
    if (fork() == 0) {
        char *const variables[] = {"A=1", "B=2", 0};
        execle(argv[0], argv[0], "again", (char *)0, variables);
    }
    wait(0);
    child = fork();
    while (child == 0)
        pause();
    kill(child, SIGKILL);
    wait(0);
    pipe(pipe_ends);
    pthread_create(&thread, 0, wait_for_byte, pipe_ends);
    usleep(100000);
    write(pipe_ends[1], "x", 1);
    pthread_join(thread, 0);
    *(volatile int *)16 = 1;
    return 0;
}
