"""System calls of the host, made with guest buffers where both have the same layout.

Going straight to the host kernel makes it check the guest's pointers: a bad one is EFAULT, and
a huge length does what it does on Linux.
"""

from ctypes import CDLL, c_long, get_errno
from errno import EINTR

_libc_syscall = CDLL(None, use_errno=True).syscall
_libc_syscall.restype = c_long

# x86-64 numbers: arch/x86/entry/syscalls/syscall_64.tbl
READ = 0
WRITE = 1
OPENAT = 257
GETRANDOM = 318


def call(number: int, *arguments: int) -> int:
    """Make a host system call; give its result, or the negated error number.

    An interrupted call is made again once Python's signal handlers have run, so that Ctrl-C and
    timeouts can raise out of it.
    """
    while True:
        result: int = _libc_syscall(c_long(number), *map(c_long, arguments))
        if result != -1:
            return result
        error = get_errno()
        if error != EINTR:
            return -error
