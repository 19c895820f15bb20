/* Does what only root may, and shows what files and ids are then; with an argument, what they are in a later run. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#define TRY(call) show(#call, (errno = 0, (int)(call)))

static void show(const char *call, int result)
{
    printf("%s = %d %s\n", call, result, errno ? strerror(errno) : "");
    fflush(stdout);
}

static void look(const char *name)
{
    struct stat a;
    struct statx b;

    if (lstat(name, &a) || statx(AT_FDCWD, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &b)) {
        printf("%s: %s\n", name, strerror(errno));
        return;
    }
    printf("%s: %o %d:%d", name, a.st_mode, a.st_uid, a.st_gid);
    if (a.st_rdev)
        printf(" device %d,%d", major(a.st_rdev), minor(a.st_rdev));
    if (a.st_mode != b.stx_mode || a.st_uid != b.stx_uid || a.st_gid != b.stx_gid ||
        major(a.st_rdev) != b.stx_rdev_major || minor(a.st_rdev) != b.stx_rdev_minor)
        printf(" but statx says otherwise");
    puts("");
    fflush(stdout);
}

static void look_at_all(void)
{
    static const char *const names[] = {"file", "dir", "dir/x", "null", "disk", "link", "fifo", "ro", "mine"};

    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        look(names[i]);
}

/* Send who is sending; give the user that arrives, or -1 if it may not be said. */
static int send_as(uid_t uid)
{
    struct ucred who = {getpid(), uid, getgid()}, peer;
    union { struct cmsghdr header; char room[CMSG_SPACE(sizeof who)]; } control = {{0}};
    struct iovec byte = {&who, 1};
    struct msghdr message = {.msg_iov = &byte, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    socklen_t size = sizeof peer;
    int ends[2], on = 1;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) || setsockopt(ends[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on))
        return -2;
    control.header = (struct cmsghdr){CMSG_LEN(sizeof who), SOL_SOCKET, SCM_CREDENTIALS};
    memcpy(CMSG_DATA(&control.header), &who, sizeof who);
    if (sendmsg(ends[0], &message, 0) != 1)
        return -1;
    if (recvmsg(ends[1], &message, 0) != 1 || getsockopt(ends[1], SOL_SOCKET, SO_PEERCRED, &peer, &size) || peer.uid)
        return -3;
    memcpy(&who, CMSG_DATA(&control.header), sizeof who);
    return who.uid;
}

int main(int argc, char **argv)
{
    char list[100];
    uid_t r, e, s;

    printf("ids %d %d %d %d\n", getuid(), geteuid(), getgid(), getegid());
    if (argc > 1) {
        look_at_all();
        return 0;
    }
    umask(022);
    close(open("file", O_CREAT | O_RDWR, 0640));
    TRY(chown("file", 105, 7));
    TRY(chmod("file", 06755));
    look("file");
    TRY(fchownat(AT_FDCWD, "file", 106, -1, 0));
    TRY(chmod("file", 04755));
    TRY(mkdir("dir", 0500));
    TRY(open("dir/x", O_CREAT | O_WRONLY, 0) > 0);
    TRY(mknod("null", S_IFCHR | 0666, makedev(1, 3)));
    TRY(mknod("disk", S_IFBLK | 0660, makedev(8, 1)));
    TRY(symlink("file", "link"));
    TRY(lchown("link", 3, 4));
    TRY(mkfifo("fifo", 0600));
    TRY(chown("fifo", 8, 9));
    close(open("ro", O_CREAT | O_WRONLY, 0444));
    TRY(open("ro", O_RDWR) > 0);
    TRY(access("ro", W_OK));
    TRY(access("ro", X_OK));
    TRY(write(open("null", O_WRONLY), "x", 1));
    TRY(open("disk", O_RDONLY));
    TRY(listxattr("file", list, sizeof list));
    TRY(getxattr("file", "user.stinkarm.status", list, sizeof list));
    TRY(open("locked/file", O_RDWR) > 0);
    TRY(prctl(PR_CAPBSET_READ, 18));
    TRY(send_as(0));
    TRY(send_as(105));
    TRY(setgroups(2, (gid_t[]){5, 6}));
    TRY(getgroups(0, NULL));
    TRY(setresgid(65534, 65534, 65534));
    TRY(seteuid(7));
    TRY(open("mine", O_CREAT | O_RDWR, 0600) > 0);
    TRY(chown("file", 0, 0));
    TRY(setuid(0));
    TRY(setuid(105));
    getresuid(&r, &e, &s);
    printf("%d %d %d\n", r, e, s);
    TRY(setuid(0));
    TRY(chroot("dir"));
    TRY(mknod("no", S_IFCHR, makedev(1, 3)));
    TRY(send_as(0));
    look_at_all();
    return 0;
}
