/* Shows files and lists directories, after doing things that /proc tells of: a second thread, signals, open files. */
#define _FILE_OFFSET_BITS 64
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void *wait_for_ever(void *argument)
{
    for (;;) pause();
    return argument;
}

#define equal(a, b) if ((long)(a) != (long)(b)) { printf("line %d: %s is %ld\n", __LINE__, #a, (long)(a)); return 1; }

/* Its own memory as a file. */
static int use_memory(void)
{
    static char text[] = "abcdefgh", got[8];
    int fd = open("/proc/self/mem", O_RDWR), other = open("/proc/thread-self/mem", O_RDONLY | O_CLOEXEC);
    equal(pread(fd, got, 8, (off_t)(unsigned long)text), 8);
    equal(memcmp(text, got, 8), 0);
    equal(lseek(fd, (off_t)(unsigned long)text + 2, SEEK_SET), (off_t)(unsigned long)text + 2);
    equal(write(fd, "XY", 2), 2);
    equal(strcmp(text, "abXYefgh"), 0);
    equal(read(fd, got, 2), 2);
    equal(memcmp(got, "ef", 2), 0);
    equal(lseek(fd, 0, SEEK_CUR), (off_t)(unsigned long)text + 6);
    int copy = dup(fd);
    equal(read(copy, got, 2), 2);
    equal(memcmp(got, "gh", 2), 0);
    equal(pread(fd, got, 8, 8), -1); /* nothing is there */
    equal(pwrite(fd, "x", 1, 8), -1);
    equal(pwrite(other, "x", 1, (off_t)(unsigned long)text), -1);
    equal(lseek(fd, 0, SEEK_END), -1);
    close(copy);
    close(fd);
    equal(pread(fd, got, 8, (off_t)(unsigned long)text), -1);
    equal(open("/dev/null", O_RDONLY), fd);
    equal(read(fd, got, 8), 0);
    puts("ok");
    return 0;
}

int main(int argc, char **argv)
{
    pthread_t thread;
    sigset_t set;
    signal(SIGUSR1, SIG_IGN);
    signal(SIGUSR2, exit);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, 0);
    raise(SIGTERM);
    char *volatile touched = malloc(10 << 20); /* or a compiler sees that nobody reads it */
    memset(touched, 1, 5 << 20);
    if (getenv("THREAD")) pthread_create(&thread, 0, wait_for_ever, 0);
    unsetenv("THREAD");
    if (argc > 1 && !strcmp(argv[1], "memory")) return use_memory();
    for (int i = 1; i < argc; i++) {
        struct stat status;
        char buffer[4096], path[300];
        snprintf(path, sizeof path, argv[i], (int)getpid());
        printf("== %s\n", path);
        if (stat(path, &status)) { perror("stat"); continue; }
        if (S_ISDIR(status.st_mode)) {
            DIR *folder = opendir(path);
            if (!folder) { perror("opendir"); continue; }
            for (struct dirent *entry; (entry = readdir(folder));)
                if (entry->d_name[0] != '.' && atoi(entry->d_name) != dirfd(folder)) printf("%s\n", entry->d_name);
            closedir(folder);
            continue;
        }
        int fd = open(path, O_RDONLY), size;
        if (fd < 0) { perror("open"); continue; }
        fflush(stdout);
        while ((size = read(fd, buffer, sizeof buffer)) > 0) write(1, buffer, size);
        close(fd);
    }
    return touched[0] != 1;
}
