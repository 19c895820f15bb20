// Carry out the steps that the arguments name, and print a line for each: what came of it, or the number of the error.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static char buffer[1 << 22];

static int say(const char *step, int result) {
    if (result < 0) printf("%s: %d\n", step, errno);
    else printf("%s: ok\n", step);
    return 0;
}

static int fill(int out, const char *from) {
    int in = open(from, O_RDONLY);
    if (in < 0) return -1;
    int size = read(in, buffer, sizeof buffer);
    close(in);
    return write(out, buffer, size) == size ? 0 : -1;
}

static int put(const char *name, int flags, const char *text) {
    int out = open(name, flags, 0755);
    if (out < 0) return -1;
    int result = *text == '@' ? fill(out, text + 1) : write(out, text, strlen(text));
    close(out);
    return result;
}

static void show(const char *name) {
    int in = open(name, O_RDONLY);
    int size = in < 0 ? -1 : read(in, buffer, 100);
    if (size < 0) printf("read: %d\n", errno);
    else {
        buffer[size] = 0;
        printf("read: %.*s\n", (int)strcspn(buffer, "\n"), buffer);
    }
    if (in >= 0) close(in);
}

static int run(const char *name, char *argv0) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        char *arguments[] = {argv0, "argument", NULL};
        execve(name, arguments, environ);
        _exit(100 + errno);
    }
    int status = 0;
    waitpid(child, &status, 0);
    printf("run: %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    return 0;
}

static void count(void) {
    int found = 0;
    struct stat status;
    for (int fd = 3; fd < 4096; fd++) found += fstat(fd, &status) == 0;
    printf("descriptors: %d\n", found);
}

static int preload(const char *library) {
    static char text[64];
    int fd = memfd_create("library", 0);
    sprintf(text, "/proc/self/fd/%d", fd);
    setenv("LD_PRELOAD", text, 1);
    return fill(fd, library);
}

static int overwrite(int fd) {
    struct iovec vector = {"OVERWRITTEN", 11};
    int result = syscall(SYS_pwritev2, fd, &vector, 1, 0, 0, 0x20);  // RWF_NOAPPEND
    char *map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    if (map != MAP_FAILED && mprotect(map, 4096, PROT_READ | PROT_WRITE) == 0) memcpy(map, "OVERWRITTEN", 11), result = 0;
    return result;
}

int main(int argc, char **argv) {
    for (int at = 1; at < argc; at++) {
        char *step = argv[at], *first = at + 1 < argc ? argv[at + 1] : "", *second = at + 2 < argc ? argv[at + 2] : "";
        int used = 1;
        if (!strcmp(step, "read")) show(first);
        else if (!strcmp(step, "unlink")) say(step, unlink(first));
        else if (!strcmp(step, "rmdir")) say(step, rmdir(first));
        else if (!strcmp(step, "mkdir")) say(step, mkdir(first, 0755));
        else if (!strcmp(step, "chdir")) say(step, chdir(first));
        else if (!strcmp(step, "truncate")) say(step, truncate(first, 0));
        else if (!strcmp(step, "preload")) say(step, preload(first));
        else if (!strcmp(step, "set")) say(step, putenv(first));
        else if (!strcmp(step, "overwrite")) say(step, overwrite(atoi(first)));
        else if (!strcmp(step, "copies")) for (int left = atoi(first); left > 0; left--) fcntl(0, F_DUPFD_CLOEXEC, 3);
        else if (!strcmp(step, "wait")) usleep(1000 * atoi(first));
        else if (!strcmp(step, "again") || !strcmp(step, "count") || !strcmp(step, "child")) used = 0;
        else used = 2;
        if (!strcmp(step, "count")) count();
        else if (!strcmp(step, "again")) {  // execute this program anew for the steps that follow
            argv[at] = "acts";
            fflush(stdout);
            execve("/proc/self/exe", argv + at, environ);
            say(step, -1);
        } else if (!strcmp(step, "child")) {  // the steps that follow are a child's, up to "parent"
            fflush(stdout);
            int status;
            if (fork()) {
                wait(&status);
                while (at + 1 < argc && strcmp(argv[at + 1], "parent")) at++;
                at++;
            }
        } else if (!strcmp(step, "parent")) return 0;
        else if (!strcmp(step, "write")) say(step, put(first, O_WRONLY | O_CREAT | O_TRUNC, second));
        else if (!strcmp(step, "change")) say(step, put(first, O_WRONLY, second));
        else if (!strcmp(step, "symlink")) say(step, symlink(first, second));
        else if (!strcmp(step, "link")) say(step, link(first, second));
        else if (!strcmp(step, "rename")) say(step, rename(first, second));
        else if (!strcmp(step, "exchange")) say(step, syscall(SYS_renameat2, AT_FDCWD, first, AT_FDCWD, second, 2));
        else if (!strcmp(step, "run")) run(first, second);
        at += used;
    }
    return 0;
}
