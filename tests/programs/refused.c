/* Be refused things: read a file thrice, create one, look for what is not there. With "child", have a child be refused one more;
 * with "replace", run itself in its place; with "descriptors", list those that can be used. Ends with 1 when something was refused that matters. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    int refused = 0;
    struct sockaddr_un nscd = {AF_UNIX, "/var/run/nscd/socket"}, none = {AF_UNIX, "/there/is/no/such/socket"};
    if (!strcmp(what, "probes")) {
        open("/etc/ld.so.preload", O_RDONLY);
        open("/usr/lib/locale/locale-archive", O_RDONLY);
        open("/usr/lib/x86_64-linux-gnu/gconv/gconv-modules", O_RDONLY);
        open("/proc/mounts", O_RDONLY);
        open("/dev/tty", O_RDWR);
        open("/there/is/no/such/file", O_RDONLY);
        connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&nscd, sizeof nscd);
        connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&none, sizeof none);
        return 1;
    }
    if (!strcmp(what, "descriptors")) { /* that it was not given, before and after a fork */
        pid_t child = fork();
        for (int fd = 3; fd < 4096; fd++)
            if (write(fd, "x", 1) >= 0 || dup(fd) >= 0)
                printf("%d\n", fd);
        if (child == 0)
            return 0;
        wait(0);
        return 0;
    }
    refused |= open("made.txt", O_WRONLY | O_CREAT, 0600) < 0;
    for (int times = 0; times < 3; times++)
        refused |= open("/etc/hosts", O_RDONLY) < 0;
    open("/there/is/no/such/file", O_RDONLY);
    if (!strcmp(what, "escape"))
        open("a\033]0;title\007\n$(touch made.txt)", O_WRONLY | O_CREAT, 0600);
    if (!strcmp(what, "child")) {
        if (fork() == 0) {
            open("/etc/passwd", O_RDONLY);
            _exit(1);
        }
        wait(0);
    }
    if (!strcmp(what, "replace"))
        execl(argv[0], argv[0], "probes", (char *)0);
    if (!strcmp(what, "crash"))
        *(volatile int *)16 = 1;
    return strcmp(what, "succeed") ? refused : 0;
}
