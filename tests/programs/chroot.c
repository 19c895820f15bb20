/* Changes the root directory, again and again, and out of it by a directory that is held open. Run in a root directory
 * that has nothing but this program, as /prog and /a/prog; tests/programs/test_roots.py has what Linux says to it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TRY(call) show(#call, (errno = 0, (int)(call)))

static void show(const char *call, int result)
{
    printf("%s = %d %s\n", call, result, errno ? strerror(errno) : "");
    fflush(stdout);
}

static void where(const char *text)
{
    char name[100], mark[100];
    char *found = getcwd(name, sizeof name);
    int size = readlink("/mark", mark, sizeof mark);

    printf("%s: in %s, root %.*s\n", text, found ? found : "no directory", size < 0 ? 1 : size, size < 0 ? "-" : mark);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    int held;

    if (argc > 1) {
        where("child");
        TRY(access("/b/c", F_OK));
        TRY(access("/a", F_OK));
        return 0;
    }
    mkdir("/a/b", 0755), mkdir("/a/b/c", 0755), mkdir("/b", 0755);
    symlink("outer", "/mark"), symlink("A", "/a/mark"), symlink("B", "/a/b/mark");
    symlink("/b/c", "/a/abs"), symlink("../../b", "/a/rel"), symlink("OUT", "/b/out");
    where("start");
    held = open("/", O_RDONLY | O_DIRECTORY);
    TRY(chroot("/none"));
    TRY(chroot("/prog"));
    TRY(chdir("/a"));
    TRY(chroot("."));
    where("in a");
    TRY(access("/abs", F_OK));
    TRY(access("/rel/c", F_OK));
    TRY(access("rel/out", F_OK));
    TRY(access("/../../b/c", F_OK));
    if (fork() == 0) {
        execl("/prog", "prog", "child", NULL);
        _exit(1);
    }
    wait(0);
    TRY(chroot("b"));
    where("in a/b");
    TRY(access("abs", F_OK));
    TRY(access("../a/mark", F_OK));
    TRY(access("b/..", F_OK));
    TRY(access("b/../b/c", F_OK));
    TRY(access("b/c/../../c", F_OK));
    TRY(fchdir(held));
    where("held");
    TRY(access("a/b/c", F_OK));
    TRY(access("../../a/b", F_OK));
    TRY(open("new", O_CREAT | O_RDWR, 0600) > 0);
    TRY(mkdir("newdir", 0700));
    TRY(rmdir("newdir"));
    TRY(rename("new", "a/new"));
    TRY(unlink("a/new"));
    TRY(chdir(".."));
    TRY(chroot("."));
    where("escaped");
    TRY(access("/a/b", F_OK));
    TRY(chroot("/a"));
    TRY(setuid(1234));
    TRY(chroot("/"));
    TRY(chdir("/"));
    where("end");
    return 0;
}
