"""Which system calls may wait, by number, and what a signal then does to them (`man 7 signal`)."""

# A handler ends these with EINTR even if it has SA_RESTART (ERESTARTNOHAND, ERESTART_RESTARTBLOCK and EINTR in the
# kernel's sources): pause, nanosleep, clock_nanosleep, (rt_)sigsuspend, rt_sigtimedwait, poll, select, epoll_wait,
# semop, semtimedop, msgsnd, msgrcv and their like.
NEVER_RESTARTED = frozenset(
    (29, 72, 142, 162, 168, 177, 179, 252, 265, 298, 301, 302, 312, 335, 336, 346, 407, 413, 414, 420, 421, 441),
)
# These are made in order to wait, so a signal that comes just before may as well have come during the wait: wait4,
# waitid, flock, connect, accept, mq_timedsend, mq_timedreceive and their like.
WAITS = frozenset((114, 143, 276, 277, 280, 283, 285, 366, 418, 419))
# futex and futex_time64, which wait if they are FUTEX_WAIT, FUTEX_WAIT_BITSET or FUTEX_WAIT_REQUEUE_PI.
FUTEX = (240, 422)
FUTEX_COMMAND = 0x7F
FUTEX_WAITS = (0, 9, 11)
# FUTEX_LOCK_PI and FUTEX_LOCK_PI2 are always made again (ERESTARTNOINTR).
FUTEX_LOCKS = (6, 13)
# These wait if the descriptor in r0 is not a regular file's: read, write, readv, writev, send, recv and their like.
TRANSFERS = frozenset((3, 4, 145, 146, 289, 290, 291, 292, 296, 297, 365, 374, 417))
# Of all these, what does not wait if this register has this bit (WNOHANG, LOCK_NB, IPC_NOWAIT, MSG_DONTWAIT) ...
NOT_WAITING = {
    **{114: (2, 1), 280: (3, 1), 143: (1, 4), 301: (3, 0o4000), 302: (4, 0o4000)},
    **dict.fromkeys((289, 290, 291, 292, 365, 374), (3, 0x40)),
    **dict.fromkeys((296, 297), (2, 0x40)),
}
# ... and if the descriptor in r0 has O_NONBLOCK.
OF_DESCRIPTOR = TRANSFERS | {276, 277, 283, 285, 366, 418, 419}

# After these the thread may never come back to its kernel here: all that wait, fcntl64 for a lock, execve, execveat.
MAY_NOT_RETURN = NEVER_RESTARTED | WAITS | TRANSFERS | {*FUTEX, 11, 221, 387}
