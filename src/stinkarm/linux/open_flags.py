"""Translate open(2) flags: four of them have other values on ARM (asm/fcntl.h)."""

from __future__ import annotations

# ARM values; the rest are asm-generic's and the host's alike.
O_DIRECTORY = 0o40000
O_NOFOLLOW = 0o100000
O_DIRECT = 0o200000
O_LARGEFILE = 0o400000

HOST_DIRECT = 0o40000
HOST_LARGEFILE = 0o100000
HOST_DIRECTORY = 0o200000
HOST_NOFOLLOW = 0o400000

MAX_NON_LFS = 0x7FFFFFFF  # as far as files reach that are opened without O_LARGEFILE

_MOVED = O_DIRECTORY | O_NOFOLLOW | O_DIRECT | O_LARGEFILE  # the host uses the same four bits
O_CREAT = 0o100
O_ACCMODE = 0o3
O_TMPFILE = 0o20000000 | O_DIRECTORY

# include/linux/fcntl.h: VALID_OPEN_FLAGS. open and openat ignore other bits, openat2 refuses them.
VALID = 0o37777703
# FASYNC has no effect in open(2), since nobody owns the file yet; F_SETFL adds it.
FASYNC = 0o20000


def to_host(flags: int) -> int:
    """Give the host's flags for a guest's."""
    host = flags & VALID & ~_MOVED & ~FASYNC
    if flags & O_DIRECTORY:
        host |= HOST_DIRECTORY
    if flags & O_NOFOLLOW:
        host |= HOST_NOFOLLOW
    if flags & O_DIRECT:
        host |= HOST_DIRECT
    if flags & O_LARGEFILE:
        host |= HOST_LARGEFILE
    return host


def to_guest(flags: int) -> int:
    """Give the guest's flags for the host's."""
    guest = flags & ~_MOVED
    if flags & HOST_DIRECTORY:
        guest |= O_DIRECTORY
    if flags & HOST_NOFOLLOW:
        guest |= O_NOFOLLOW
    if flags & HOST_DIRECT:
        guest |= O_DIRECT
    if flags & HOST_LARGEFILE:
        guest |= O_LARGEFILE
    return guest
