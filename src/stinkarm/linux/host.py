"""System calls of the host, made with guest buffers where both have the same layout.

Going straight to the host kernel makes it check the guest's pointers: a bad one is EFAULT, and
a huge length does what it does on Linux.
"""

from errno import EINTR

from stinkarm.guest.native import CDLL, c_long, get_errno

_syscall = CDLL(None, use_errno=True).syscall
_syscall.restype = c_long
_syscall.argtypes = (c_long,) * 7


# Converting seven arguments takes longer than a short read does.
_syscall3 = CDLL(None, use_errno=True).syscall
_syscall3.restype = c_long
_syscall3.argtypes = (c_long,) * 4


def call3(number: int, a: int, b: int, c: int) -> int:
    """Make a system call of three arguments, as `call` does."""
    result: int = _syscall3(number, a, b, c)
    if result == -1:
        error = get_errno()
        return call(number, a, b, c) if error == EINTR else -error
    return result


def call(number: int, a: int = 0, b: int = 0, c: int = 0, d: int = 0, e: int = 0, f: int = 0) -> int:
    """Make the x86-64 system call `number`; give its result, or the negated error number.

    An interrupted call is made again once Python's signal handlers have run, so that Ctrl-C and
    timeouts can raise out of it.
    """
    result: int = _syscall(number, a, b, c, d, e, f)
    while result == -1:
        error = get_errno()
        if error != EINTR:
            return -error
        result = _syscall(number, a, b, c, d, e, f)
    return result


def call_once(number: int, a: int = 0, b: int = 0, c: int = 0, d: int = 0, e: int = 0, f: int = 0) -> int:
    """Make a system call as `call` does, but give -EINTR when it is interrupted."""
    result: int = _syscall(number, a, b, c, d, e, f)
    return -get_errno() if result == -1 else result
