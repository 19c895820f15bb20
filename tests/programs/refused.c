/* Be refused things: read a file thrice, create one, look for what is not there. With "child", have a child be refused one more;
 * with "replace", run itself in its place. Ends with 1 when something was refused that matters. */
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    int refused = 0;
    if (!strcmp(what, "probes")) {
        open("/etc/ld.so.preload", O_RDONLY);
        open("/usr/lib/locale/locale-archive", O_RDONLY);
        open("/usr/lib/x86_64-linux-gnu/gconv/gconv-modules", O_RDONLY);
        open("/there/is/no/such/file", O_RDONLY);
        return 1;
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
