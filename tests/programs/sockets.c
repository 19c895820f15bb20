/* Sockets, epoll, event and timer descriptors as programs use them: each test checks itself. Built for ARM and for the
 * host; a folder for Unix sockets is the first argument, names of tests may follow. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/errqueue.h>
#include <linux/filter.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int failures;
static const char *folder;
#define check(condition) do { if (!(condition)) { failures++; \
    printf("failed at line %d: %s (errno %d)\n", __LINE__, #condition, errno); } } while (0)
#define equal(a, b) do { long a_ = (long)(a), b_ = (long)(b); if (a_ != b_) { failures++; \
    printf("failed at line %d: %s is %ld, not %ld (errno %d)\n", __LINE__, #a, a_, b_, errno); } } while (0)
#define fails(call, number) do { errno = 0; check((call) == -1); equal(errno, number); } while (0)

static int loopback(int type, struct sockaddr_in *at)
{
    int fd = socket(AF_INET, type, 0);
    socklen_t size = sizeof *at;
    memset(at, 0, size);
    at->sin_family = AF_INET;
    at->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    equal(bind(fd, (struct sockaddr *)at, size), 0);
    equal(getsockname(fd, (struct sockaddr *)at, &size), 0);
    equal(size, sizeof *at);
    check(at->sin_port != 0);
    return fd;
}

static void connected(int ends[2])
{
    struct sockaddr_in at, peer;
    socklen_t size = sizeof peer;
    int server = loopback(SOCK_STREAM, &at);
    equal(listen(server, 5), 0);
    ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    equal(connect(ends[0], (struct sockaddr *)&at, sizeof at), 0);
    ends[1] = accept4(server, (struct sockaddr *)&peer, &size, SOCK_CLOEXEC);
    check(ends[1] >= 0);
    equal(size, sizeof peer);
    equal(peer.sin_family, AF_INET);
    equal(fcntl(ends[1], F_GETFD), FD_CLOEXEC);
    close(server);
}

static void test_pair(void)
{
    int s[2];
    char data[16] = "";
    equal(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    equal(write(s[0], "hello", 5), 5);
    equal(recv(s[1], data, 16, MSG_PEEK), 5);
    equal(read(s[1], data, 16), 5);
    equal(memcmp(data, "hello", 5), 0);
    equal(send(s[1], "abc", 3, MSG_NOSIGNAL), 3);
    int waiting = 0;
    equal(ioctl(s[0], FIONREAD, &waiting), 0);
    equal(waiting, 3);
    equal(recv(s[0], data, 2, 0), 2);
    equal(shutdown(s[1], SHUT_WR), 0);
    equal(recv(s[0], data, 16, MSG_WAITALL), 1);
    equal(recv(s[0], data, 16, 0), 0);
    close(s[0]);
    close(s[1]);
    equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, s), 0);
    fails(recv(s[0], data, 16, 0), EAGAIN);
    equal(send(s[0], "0123456789", 10, 0), 10);
    equal(recv(s[1], data, 4, MSG_TRUNC), 10);
    close(s[0]);
    close(s[1]);
    fails(socketpair(AF_INET, SOCK_STREAM, 0, s), EOPNOTSUPP);
    fails(send(9999, "x", 1, 0), EBADF);
}

static volatile int caught;
static void on_signal(int number) { caught = number; }

static void test_pipe_signal(void)
{
    int s[2];
    equal(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    close(s[1]);
    signal(SIGPIPE, on_signal);
    caught = 0;
    fails(send(s[0], "x", 1, MSG_NOSIGNAL), EPIPE);
    equal(caught, 0);
    fails(send(s[0], "x", 1, 0), EPIPE);
    equal(caught, SIGPIPE);
    caught = 0;
    fails(write(s[0], "x", 1), EPIPE);
    equal(caught, SIGPIPE);
    signal(SIGPIPE, SIG_DFL);
    close(s[0]);
}

static void test_unix_names(void)
{
    struct sockaddr_un at = { AF_UNIX, "" }, seen;
    socklen_t size = sizeof seen;
    struct stat status;
    snprintf(at.sun_path, sizeof at.sun_path, "%s/stream", folder);
    int server = socket(AF_UNIX, SOCK_STREAM, 0);
    equal(bind(server, (struct sockaddr *)&at, sizeof at), 0);
    equal(stat(at.sun_path, &status), 0);
    check(S_ISSOCK(status.st_mode));
    int other = socket(AF_UNIX, SOCK_STREAM, 0);
    fails(bind(other, (struct sockaddr *)&at, sizeof at), EADDRINUSE);
    fails(connect(other, (struct sockaddr *)&at, sizeof at), ECONNREFUSED);
    equal(listen(server, 1), 0);
    equal(getsockname(server, (struct sockaddr *)&seen, &size), 0);
    equal(size, offsetof(struct sockaddr_un, sun_path) + strlen(at.sun_path) + 1);
    equal(strcmp(seen.sun_path, at.sun_path), 0);
    size = 5; /* cut */
    memset(&seen, 'x', sizeof seen);
    equal(getsockname(server, (struct sockaddr *)&seen, &size), 0);
    equal(size, offsetof(struct sockaddr_un, sun_path) + strlen(at.sun_path) + 1);
    equal(seen.sun_path[3], 'x');
    equal(connect(other, (struct sockaddr *)&at, sizeof at), 0);
    size = sizeof seen;
    int accepted = accept(server, (struct sockaddr *)&seen, &size);
    check(accepted >= 0);
    equal(size, 2); /* the client has no name */
    size = sizeof seen;
    equal(getpeername(other, (struct sockaddr *)&seen, &size), 0);
    equal(strcmp(seen.sun_path, at.sun_path), 0);
    struct ucred who;
    size = sizeof who;
    equal(getsockopt(accepted, SOL_SOCKET, SO_PEERCRED, &who, &size), 0);
    equal(size, sizeof who);
    equal(who.pid, getpid());
    equal(who.uid, geteuid());
    close(accepted);
    close(other);
    close(server);
    equal(unlink(at.sun_path), 0);
    other = socket(AF_UNIX, SOCK_STREAM, 0);
    fails(connect(other, (struct sockaddr *)&at, sizeof at), ENOENT);
    close(other);

    /* Datagrams with names, so that there is somebody to answer. */
    struct sockaddr_un a = { AF_UNIX, "" }, b = { AF_UNIX, "" };
    snprintf(a.sun_path, sizeof a.sun_path, "%s/a", folder);
    snprintf(b.sun_path, sizeof b.sun_path, "%s/b", folder);
    int one = socket(AF_UNIX, SOCK_DGRAM, 0), two = socket(AF_UNIX, SOCK_DGRAM, 0);
    equal(bind(one, (struct sockaddr *)&a, sizeof a), 0);
    equal(bind(two, (struct sockaddr *)&b, sizeof b), 0);
    equal(sendto(one, "ping", 4, 0, (struct sockaddr *)&b, sizeof b), 4);
    char data[8];
    size = sizeof seen;
    equal(recvfrom(two, data, 8, 0, (struct sockaddr *)&seen, &size), 4);
    equal(strcmp(seen.sun_path, a.sun_path), 0);
    equal(sendto(two, "pong!", 5, 0, (struct sockaddr *)&seen, size), 5);
    equal(recv(one, data, 8, 0), 5);
    close(one);
    close(two);
    unlink(a.sun_path);
    unlink(b.sun_path);
}

static void test_abstract(void)
{
    struct sockaddr_un at = { AF_UNIX, "\0stinkarm test" };
    socklen_t size = offsetof(struct sockaddr_un, sun_path) + 14;
    int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
    equal(bind(server, (struct sockaddr *)&at, size), 0);
    equal(listen(server, 1), 0);
    equal(connect(client, (struct sockaddr *)&at, size), 0);
    struct sockaddr_un seen;
    socklen_t room = sizeof seen;
    equal(getpeername(client, (struct sockaddr *)&seen, &room), 0);
    equal(room, size);
    equal(memcmp(&seen, &at, size), 0);
    close(client);
    close(server);
}

static void test_tcp(void)
{
    int s[2], one = 1;
    char data[64];
    connected(s);
    equal(send(s[0], "over tcp", 8, MSG_MORE), 8);
    equal(send(s[0], ".", 1, 0), 1);
    equal(recv(s[1], data, 9, MSG_WAITALL), 9);
    equal(setsockopt(s[0], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one), 0);
    one = 0;
    socklen_t size = sizeof one;
    equal(getsockopt(s[0], IPPROTO_TCP, TCP_NODELAY, &one, &size), 0);
    equal(one, 1);
    struct tcp_info info;
    size = sizeof info;
    memset(&info, 0, sizeof info);
    equal(getsockopt(s[0], IPPROTO_TCP, TCP_INFO, &info, &size), 0);
    equal(size, sizeof info);
    equal(info.tcpi_state, TCP_ESTABLISHED);
    check(info.tcpi_snd_mss >= 500);
    char name[16] = "";
    size = sizeof name;
    equal(getsockopt(s[0], IPPROTO_TCP, TCP_CONGESTION, name, &size), 0);
    check(name[0] >= 'a' && name[0] <= 'z');
    struct linger linger = { 1, 3 };
    equal(setsockopt(s[0], SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
    memset(&linger, 0, sizeof linger);
    size = sizeof linger;
    equal(getsockopt(s[0], SOL_SOCKET, SO_LINGER, &linger, &size), 0);
    equal(linger.l_linger, 3);
    equal(send(s[0], "!", 1, MSG_OOB), 1);
    struct pollfd urgent = { s[1], POLLPRI, 0 };
    equal(poll(&urgent, 1, 5000), 1);
    equal(recv(s[1], data, 4, MSG_OOB), 1);
    equal(data[0], '!');
    struct sockaddr_in peer, own;
    size = sizeof peer;
    equal(getpeername(s[0], (struct sockaddr *)&peer, &size), 0);
    equal(getsockname(s[1], (struct sockaddr *)&own, &size), 0);
    equal(peer.sin_port, own.sin_port);
    close(s[0]);
    equal(recv(s[1], data, 64, 0), 0);
    close(s[1]);

    /* A connection that nobody waits for, and one that is not waited for. */
    struct sockaddr_in at;
    int server = loopback(SOCK_STREAM, &at);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    fails(connect(client, (struct sockaddr *)&at, sizeof at), ECONNREFUSED);
    close(client);
    equal(listen(server, 1), 0);
    client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int result = connect(client, (struct sockaddr *)&at, sizeof at);
    check(result == 0 || errno == EINPROGRESS);
    struct pollfd ready = { client, POLLOUT, 0 };
    equal(poll(&ready, 1, 5000), 1);
    int error = -1;
    size = sizeof error;
    equal(getsockopt(client, SOL_SOCKET, SO_ERROR, &error, &size), 0);
    equal(error, 0);
    size = sizeof error;
    equal(getsockopt(server, SOL_SOCKET, SO_ACCEPTCONN, &error, &size), 0);
    equal(error, 1);
    close(client);
    close(server);
    fails(listen(client, 1), EBADF);
}

static void test_udp(void)
{
    struct sockaddr_in a, b, from;
    int one = loopback(SOCK_DGRAM, &a), two = loopback(SOCK_DGRAM, &b), on = 1;
    char data[64];
    socklen_t size = sizeof from;
    equal(sendto(one, "datagram", 8, 0, (struct sockaddr *)&b, sizeof b), 8);
    equal(recvfrom(two, data, 64, 0, (struct sockaddr *)&from, &size), 8);
    equal(from.sin_port, a.sin_port);
    equal(connect(one, (struct sockaddr *)&b, sizeof b), 0);
    equal(send(one, "", 0, 0), 0);
    equal(recv(two, data, 64, 0), 0);
    struct sockaddr none = { AF_UNSPEC, "" };
    equal(connect(one, &none, sizeof none), 0);
    fails(send(one, "x", 1, 0), EDESTADDRREQ);

    /* Where a datagram went to and when it came, beside it. */
    equal(setsockopt(two, IPPROTO_IP, IP_PKTINFO, &on, sizeof on), 0);
    equal(setsockopt(two, IPPROTO_IP, IP_RECVTTL, &on, sizeof on), 0);
    equal(setsockopt(two, SOL_SOCKET, SO_TIMESTAMP, &on, sizeof on), 0);
    equal(sendto(one, "stamped", 7, 0, (struct sockaddr *)&b, sizeof b), 7);
    char control[256];
    struct iovec parts[2] = { { data, 3 }, { data + 10, 10 } };
    struct msghdr message = { &from, sizeof from, parts, 2, control, sizeof control, 0 };
    equal(recvmsg(two, &message, 0), 7);
    equal(memcmp(data, "sta", 3), 0);
    equal(memcmp(data + 10, "mped", 4), 0);
    equal(message.msg_namelen, sizeof from);
    int seen = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo *info = (void *)CMSG_DATA(c);
            equal(c->cmsg_len, CMSG_LEN(sizeof *info));
            equal(info->ipi_addr.s_addr, htonl(INADDR_LOOPBACK));
            seen |= 1;
        } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL) {
            check(*(int *)CMSG_DATA(c) > 0);
            seen |= 2;
        } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMP) {
            struct timeval stamp, now;
            memcpy(&stamp, CMSG_DATA(c), sizeof stamp);
            gettimeofday(&now, 0);
            equal(c->cmsg_len, CMSG_LEN(sizeof stamp));
            check(now.tv_sec - stamp.tv_sec >= 0 && now.tv_sec - stamp.tv_sec < 60);
            seen |= 4;
        }
    }
    equal(seen, 7);

    /* Sending from a chosen address, by a control message. */
    struct { struct cmsghdr header; struct in_pktinfo info; } choose;
    memset(&choose, 0, sizeof choose);
    choose.header.cmsg_len = CMSG_LEN(sizeof choose.info);
    choose.header.cmsg_level = IPPROTO_IP;
    choose.header.cmsg_type = IP_PKTINFO;
    choose.info.ipi_spec_dst.s_addr = htonl(INADDR_LOOPBACK);
    struct iovec part = { "chosen", 6 };
    struct msghdr sending = { &b, sizeof b, &part, 1, &choose, sizeof choose, 0 };
    equal(sendmsg(one, &sending, 0), 6);
    message.msg_controllen = 0;
    message.msg_namelen = sizeof from;
    equal(recvmsg(two, &message, 0), 6);
    check(message.msg_flags & MSG_CTRUNC);
    choose.header.cmsg_len = 1;
    fails(sendmsg(one, &sending, 0), EINVAL);
    close(two);

    /* An error that came back is told with the address that it is about. */
    equal(setsockopt(one, IPPROTO_IP, IP_RECVERR, &on, sizeof on), 0);
    equal(sendto(one, "lost", 4, 0, (struct sockaddr *)&b, sizeof b), 4);
    struct pollfd error = { one, 0, 0 };
    equal(poll(&error, 1, 5000), 1);
    check(error.revents & POLLERR);
    struct msghdr told = { &from, sizeof from, parts, 2, control, sizeof control, 0 };
    equal(recvmsg(one, &told, MSG_ERRQUEUE), 4);
    struct cmsghdr *c = CMSG_FIRSTHDR(&told);
    check(c && c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR);
    if (c) {
        equal(((struct sock_extended_err *)CMSG_DATA(c))->ee_errno, ECONNREFUSED);
        equal(((struct sock_extended_err *)CMSG_DATA(c))->ee_origin, SO_EE_ORIGIN_ICMP);
    }
    close(one);
}

static void test_ipv6(void)
{
    struct sockaddr_in6 at, from;
    socklen_t size = sizeof at;
    memset(&at, 0, sizeof at);
    at.sin6_family = AF_INET6;
    at.sin6_addr = in6addr_loopback;
    int one = socket(AF_INET6, SOCK_DGRAM, 0), on = 1;
    if (one < 0 || bind(one, (struct sockaddr *)&at, size)) { close(one); return; } /* a machine without IPv6 */
    equal(getsockname(one, (struct sockaddr *)&at, &size), 0);
    equal(setsockopt(one, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on), -1); /* it is bound by now */
    equal(setsockopt(one, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on), 0);
    equal(sendto(one, "six", 3, 0, (struct sockaddr *)&at, sizeof at), 3);
    char data[8], control[64];
    struct iovec part = { data, 8 };
    struct msghdr message = { &from, sizeof from, &part, 1, control, sizeof control, 0 };
    equal(recvmsg(one, &message, 0), 3);
    equal(from.sin6_port, at.sin6_port);
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    check(c && c->cmsg_type == IPV6_PKTINFO && c->cmsg_len == CMSG_LEN(sizeof(struct in6_pktinfo)));
    close(one);
}

static void send_descriptors(int to, int count, int *fds)
{
    union { char space[CMSG_SPACE(4 * sizeof(int))]; struct cmsghdr header; } control;
    struct iovec part = { "d", 1 };
    struct msghdr message = { 0, 0, &part, 1, &control, CMSG_SPACE(count * sizeof(int)), 0 };
    memset(&control, 0, sizeof control);
    control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
    equal(sendmsg(to, &message, 0), 1);
}

static void test_descriptors(void)
{
    int s[2], ends[2], got[4];
    char data[16];
    union { char space[CMSG_SPACE(4 * sizeof(int))]; struct cmsghdr header; } control;
    struct iovec part = { data, 1 };
    struct msghdr message = { 0, 0, &part, 1, &control, sizeof control, 0 };
    equal(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    equal(pipe(ends), 0);
    send_descriptors(s[0], 2, ends);
    equal(recvmsg(s[1], &message, MSG_CMSG_CLOEXEC), 1);
    equal(message.msg_controllen, CMSG_SPACE(8));
    equal(control.header.cmsg_len, CMSG_LEN(8));
    equal(control.header.cmsg_type, SCM_RIGHTS);
    memcpy(got, CMSG_DATA(&control.header), 8);
    check(got[0] != ends[0] && got[1] != ends[1]);
    equal(fcntl(got[0], F_GETFD), FD_CLOEXEC);
    equal(write(got[1], "through", 7), 7);
    equal(read(ends[0], data, 16), 7);
    close(got[0]);
    close(got[1]);

    /* Room for one of three: the others are closed. */
    int three[3] = { ends[0], ends[1], ends[0] };
    send_descriptors(s[0], 3, three);
    message.msg_controllen = CMSG_LEN(sizeof(int));
    message.msg_flags = 0;
    equal(recvmsg(s[1], &message, 0), 1);
    check(message.msg_flags & MSG_CTRUNC);
    equal(control.header.cmsg_len, CMSG_LEN(4));
    memcpy(got, CMSG_DATA(&control.header), 4);
    int next = dup(0);
    equal(next, got[0] + 1);
    close(next);
    close(got[0]);

    int bad = 4321;
    struct msghdr sending = { 0, 0, &part, 1, &control, CMSG_SPACE(4), 0 };
    control.header.cmsg_len = CMSG_LEN(4);
    memcpy(CMSG_DATA(&control.header), &bad, 4);
    fails(sendmsg(s[0], &sending, 0), EBADF);
    close(ends[0]);
    close(ends[1]);

    /* Who sent it. */
    int on = 1;
    equal(setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on), 0);
    equal(send(s[0], "c", 1, 0), 1);
    union { char space[CMSG_SPACE(sizeof(struct ucred))]; struct cmsghdr header; } who;
    struct msghdr credentials = { 0, 0, &part, 1, &who, sizeof who, 0 };
    equal(recvmsg(s[1], &credentials, 0), 1);
    equal(who.header.cmsg_type, SCM_CREDENTIALS);
    struct ucred seen = { 0, 0, 0 };
    memcpy(&seen, CMSG_DATA(&who.header), sizeof seen);
    equal(seen.pid, getpid());
    equal(seen.gid, getegid());
    seen.pid = getpid();
    memcpy(CMSG_DATA(&who.header), &seen, sizeof seen);
    credentials.msg_controllen = sizeof who;
    equal(sendmsg(s[0], &credentials, 0), 1);
    close(s[0]);
    close(s[1]);
}

static void test_several(void)
{
    struct sockaddr_in a, b, from[3];
    int one = loopback(SOCK_DGRAM, &a), two = loopback(SOCK_DGRAM, &b);
    char text[3][8] = { "first", "second", "third" }, data[3][8];
    struct iovec parts[3];
    struct mmsghdr messages[3];
    memset(messages, 0, sizeof messages);
    for (int i = 0; i < 3; i++) {
        parts[i] = (struct iovec){ text[i], strlen(text[i]) };
        messages[i].msg_hdr.msg_name = &b;
        messages[i].msg_hdr.msg_namelen = sizeof b;
        messages[i].msg_hdr.msg_iov = &parts[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    equal(sendmmsg(one, messages, 3, 0), 3);
    equal(messages[1].msg_len, 6);
    for (int i = 0; i < 3; i++) {
        parts[i] = (struct iovec){ data[i], 8 };
        messages[i].msg_hdr.msg_name = &from[i];
        messages[i].msg_hdr.msg_namelen = sizeof from[i];
        messages[i].msg_len = 0;
    }
    equal(recvmmsg(two, messages, 2, 0, 0), 2);
    equal(messages[0].msg_len, 5);
    equal(memcmp(data[1], "second", 6), 0);
    equal(from[1].sin_port, a.sin_port);
    equal(recvmmsg(two, messages, 3, MSG_WAITFORONE, 0), 1);
    fails(recvmmsg(two, messages, 3, MSG_DONTWAIT, 0), EAGAIN);
    struct timespec limit = { 0, 1 };
    equal(sendto(one, "x", 1, 0, (struct sockaddr *)&b, sizeof b), 1);
    equal(recvmmsg(two, messages, 3, 0, &limit), 1);
    close(one);
    close(two);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void test_timeouts(void)
{
    int s[2];
    char data[4];
    struct timeval limit = { 0, 30000 }, seen = { 9, 9 };
    socklen_t size = sizeof seen;
    equal(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    equal(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    equal(getsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &seen, &size), 0);
    equal(size, sizeof seen);
    equal(seen.tv_sec, 0);
    check(seen.tv_usec >= 30000 && seen.tv_usec < 45000);
    double start = now();
    fails(recv(s[0], data, 4, 0), EAGAIN);
    check(now() - start >= 0.025);
    limit.tv_usec = 2000000;
    fails(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), EDOM);
    fails(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &limit, 4), EINVAL);
    size = sizeof seen;
    equal(getsockopt(s[0], SOL_SOCKET, SO_SNDTIMEO, &seen, &size), 0);
    equal(seen.tv_sec, 0);
    equal(seen.tv_usec, 0);
    close(s[0]);
    close(s[1]);
}

static void test_options(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0), value = 0, on = 1;
    socklen_t size = sizeof value;
    equal(getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &size), 0);
    equal(value, SOCK_DGRAM);
    equal(getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &value, &size), 0);
    equal(value, AF_INET);
    equal(getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &value, &size), 0);
    equal(value, IPPROTO_UDP);
    value = 50000;
    equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &value, sizeof value), 0);
    equal(getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &value, &size), 0);
    equal(value, 100000);
    equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
    equal(setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on), 0);
    unsigned char small = 9;
    equal(setsockopt(fd, IPPROTO_IP, IP_TTL, &small, 1), 0);
    size = sizeof value;
    equal(getsockopt(fd, IPPROTO_IP, IP_TTL, &value, &size), 0);
    equal(value, 9);
    equal(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), -1);
    fails(setsockopt(fd, SOL_SOCKET, 9999, &on, sizeof on), ENOPROTOOPT);
    fails(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, (void *)8, sizeof on), EFAULT);
    fails(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, 1), EINVAL);
    size = -1;
    fails(getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &size), EINVAL);

    /* A filter that lets nothing through, then one that lets all. */
    struct sockaddr_in at;
    int in = loopback(SOCK_DGRAM, &at);
    struct sock_filter none[] = { { BPF_RET | BPF_K, 0, 0, 0 } }, all[] = { { BPF_RET | BPF_K, 0, 0, 0xffff } };
    struct sock_fprog program = { 1, none };
    equal(setsockopt(in, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program), 0);
    equal(sendto(fd, "gone", 4, 0, (struct sockaddr *)&at, sizeof at), 4);
    char data[8];
    fails(recv(in, data, 8, MSG_DONTWAIT), EAGAIN);
    program.filter = all;
    equal(setsockopt(in, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program), 0);
    equal(sendto(fd, "here", 4, 0, (struct sockaddr *)&at, sizeof at), 4);
    equal(recv(in, data, 8, 0), 4);
    close(in);
    close(fd);
}

static void test_interrupted(void)
{
    int s[2];
    char data[4];
    struct sigaction action = { .sa_handler = on_signal };
    struct itimerval soon = { { 0, 0 }, { 0, 20000 } };
    equal(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    sigaction(SIGALRM, &action, 0);
    setitimer(ITIMER_REAL, &soon, 0);
    fails(recv(s[0], data, 4, 0), EINTR);
    equal(caught, SIGALRM);
    struct sockaddr_in at;
    int server = loopback(SOCK_STREAM, &at);
    listen(server, 1);
    setitimer(ITIMER_REAL, &soon, 0);
    fails(accept(server, 0, 0), EINTR);
    struct iovec part = { data, 4 };
    struct msghdr message = { 0, 0, &part, 1, 0, 0, 0 };
    setitimer(ITIMER_REAL, &soon, 0);
    fails(recvmsg(s[0], &message, 0), EINTR);
    /* With SA_RESTART the call goes on, unless the socket has a time limit. */
    action.sa_flags = SA_RESTART;
    sigaction(SIGALRM, &action, 0);
    struct timeval limit = { 5, 0 };
    setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setitimer(ITIMER_REAL, &soon, 0);
    fails(recv(s[0], data, 4, 0), EINTR);
    limit.tv_sec = 0;
    setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (fork() == 0) {
        usleep(60000);
        write(s[1], "late", 4);
        _exit(0);
    }
    caught = 0;
    setitimer(ITIMER_REAL, &soon, 0);
    equal(recv(s[0], data, 4, 0), 4);
    equal(caught, SIGALRM);
    wait(0);
    close(server);
    close(s[0]);
    close(s[1]);
}

static void test_epoll(void)
{
    int s[2], fd = epoll_create1(EPOLL_CLOEXEC);
    char data[8];
    struct epoll_event event, events[4];
    equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s), 0);
    event.events = EPOLLIN | EPOLLET;
    event.data.u64 = 0x123456789abcdef0;
    equal(epoll_ctl(fd, EPOLL_CTL_ADD, s[0], &event), 0);
    fails(epoll_ctl(fd, EPOLL_CTL_ADD, s[0], &event), EEXIST);
    event.events = EPOLLOUT | EPOLLONESHOT;
    event.data.u64 = 0xfedcba9876543210;
    equal(epoll_ctl(fd, EPOLL_CTL_ADD, s[1], &event), 0);
    equal(epoll_wait(fd, events, 4, 1000), 1);
    equal(events[0].events, EPOLLOUT);
    check(events[0].data.u64 == 0xfedcba9876543210);
    equal(epoll_wait(fd, events, 4, 0), 0);
    write(s[1], "xy", 2);
    equal(epoll_wait(fd, events, 4, 1000), 1);
    check(events[0].data.u64 == 0x123456789abcdef0);
    equal(epoll_wait(fd, events, 4, 0), 0); /* edges are told once */
    write(s[1], "z", 1);
    event.events = EPOLLIN | EPOLLOUT;
    equal(epoll_ctl(fd, EPOLL_CTL_MOD, s[1], &event), 0);
    equal(epoll_wait(fd, events, 4, 1000), 2);
    equal(epoll_wait(fd, events, 1, 1000), 1);
    equal(read(s[0], data, 8), 3);
    equal(epoll_ctl(fd, EPOLL_CTL_DEL, s[1], 0), 0);
    fails(epoll_ctl(fd, EPOLL_CTL_MOD, s[1], &event), ENOENT);
    fails(epoll_wait(fd, events, 0, 0), EINVAL);
    close(s[1]);
    equal(epoll_wait(fd, events, 4, 1000), 1);
    check(events[0].events & EPOLLHUP);
    close(s[0]);
    equal(epoll_wait(fd, events, 4, 0), 0);
    close(fd);
}

static void test_eventfd(void)
{
    uint64_t value = 0;
    int fd = eventfd(3, EFD_NONBLOCK | EFD_SEMAPHORE);
    equal(read(fd, &value, 8), 8);
    equal(value, 1);
    value = 5;
    equal(write(fd, &value, 8), 8);
    for (int i = 0; i < 7; i++) equal(read(fd, &value, 8), 8);
    fails(read(fd, &value, 8), EAGAIN);
    close(fd);
    fd = eventfd(0x80000000u, 0);
    equal(read(fd, &value, 8), 8);
    check(value == 0x80000000u);
    fails(read(fd, &value, 4), EINVAL);
    close(fd);
    fails(eventfd(0, 0x1000), EINVAL);
}

static void test_timerfd(void)
{
    uint64_t times = 0;
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    struct itimerspec when = { { 0, 5000000 }, { 0, 10000000 } }, before;
    check(fd >= 0);
    fails(read(fd, &times, 8), EAGAIN);
    equal(timerfd_settime(fd, 0, &when, &before), 0);
    equal(before.it_value.tv_nsec, 0);
    equal(timerfd_gettime(fd, &before), 0);
    equal(before.it_interval.tv_nsec, 5000000);
    check(before.it_value.tv_sec == 0 && before.it_value.tv_nsec <= 10000000);
    struct pollfd ready = { fd, POLLIN, 0 };
    equal(poll(&ready, 1, 5000), 1);
    usleep(20000);
    equal(read(fd, &times, 8), 8);
    check(times >= 2 && times < 5000);
    memset(&when, 0, sizeof when);
    equal(timerfd_settime(fd, 0, &when, 0), 0);
    equal(timerfd_gettime(fd, &before), 0);
    equal(before.it_value.tv_nsec, 0);
    clock_gettime(CLOCK_MONOTONIC, &when.it_value);
    when.it_value.tv_nsec = 0; /* it is past already */
    equal(timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, 0), 0);
    equal(poll(&ready, 1, 5000), 1);
    equal(read(fd, &times, 8), 8);
    when.it_value.tv_nsec = 1000000000;
    fails(timerfd_settime(fd, 0, &when, 0), EINVAL);
    fails(timerfd_settime(0, 0, &before, 0), EINVAL);
    close(fd);
    fails(timerfd_create(99, 0), EINVAL);
}

static void test_interfaces(void)
{
    struct ifaddrs *all = 0;
    int loopback = 0;
    equal(getifaddrs(&all), 0);
    for (struct ifaddrs *i = all; i; i = i->ifa_next)
        if (i->ifa_addr && i->ifa_addr->sa_family == AF_INET && i->ifa_flags & IFF_LOOPBACK)
            loopback += ((struct sockaddr_in *)i->ifa_addr)->sin_addr.s_addr == htonl(INADDR_LOOPBACK);
    check(loopback >= 1);
    freeifaddrs(all);
    unsigned index = if_nametoindex("lo");
    check(index > 0);
    char name[IF_NAMESIZE] = "";
    check(if_indextoname(index, name) && !strcmp(name, "lo"));
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct ifreq request;
    memset(&request, 0x55, sizeof request);
    strcpy(request.ifr_name, "lo");
    equal(ioctl(fd, SIOCGIFADDR, &request), 0);
    equal(((struct sockaddr_in *)&request.ifr_addr)->sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    equal(ioctl(fd, SIOCGIFFLAGS, &request), 0);
    check(request.ifr_flags & IFF_UP);
    equal(ioctl(fd, SIOCGIFMTU, &request), 0);
    check(request.ifr_mtu > 1000);
    struct ifreq many[8];
    struct ifconf list = { sizeof many, { (void *)many } };
    equal(ioctl(fd, SIOCGIFCONF, &list), 0);
    check(list.ifc_len >= (int)sizeof *many && list.ifc_len % sizeof *many == 0);
    equal(strcmp(many[0].ifr_name, "lo"), 0);
    close(fd);
}

#define TEST(name) { #name, test_##name }
static const struct { const char *name; void (*run)(void); } tests[] = {
    TEST(pair), TEST(pipe_signal), TEST(unix_names), TEST(abstract), TEST(tcp), TEST(udp), TEST(ipv6), TEST(descriptors),
    TEST(several), TEST(timeouts), TEST(options), TEST(interrupted), TEST(epoll), TEST(eventfd), TEST(timerfd),
    TEST(interfaces),
};

int main(int argc, char **argv)
{
    folder = argv[1];
    if (argc > 2 && !strcmp(argv[2], "exec")) execl(argv[0], argv[0], folder, "tcp", (char *)0);
    setvbuf(stdout, 0, _IOLBF, 0);
    for (unsigned i = 0; i < sizeof tests / sizeof *tests; i++) {
        int wanted = argc < 3, before = failures;
        for (int j = 2; j < argc; j++) wanted |= !strcmp(argv[j], tests[i].name);
        if (!wanted) continue;
        tests[i].run();
        printf("%s %s\n", failures == before ? "ok" : "not ok", tests[i].name);
    }
    return failures != 0;
}
