/* Shows files and lists directories, after doing things that /proc tells of: a second thread, signals, open files. */
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
    char *touched = malloc(10 << 20);
    memset(touched, 1, 5 << 20);
    if (getenv("THREAD")) pthread_create(&thread, 0, wait_for_ever, 0);
    unsetenv("THREAD");
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
