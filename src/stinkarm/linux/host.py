"""System calls of the host, made with guest buffers where both have the same layout.

Going straight to the host kernel makes it check the guest's pointers: a bad one is EFAULT, and
a huge length does what it does on Linux.

Once host signals are taken for the guest (`linux/capture.py`), calls are made by `capture`'s own code, which does
not begin a call after a signal has arrived, or when the calling thread's flag is set; until then by libc.
"""

from _thread import _local
from errno import EINTR

from stinkarm.guest.native import CDLL, addressof, c_long, c_uint64, get_errno

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Interrupted(Exception):
    """A signal came while the guest's call waited: it has a handler, or it ends the process.

    `begun` is false when the host's call was not made, because the signal was there before it.
    """

    begun = True


class NotBegun(Interrupted):
    """A signal came before the host's call was made."""

    begun = False


# What the native code answers instead of making a call; no error of Linux has this number where programs see it.
NOT_BEGUN = 512


# Not 0 when host signals have been taken that the guest's kernel has not looked at.
_arrived = (c_uint64 * 1)()
arrived = memoryview(_arrived).cast("B").cast("Q")
arrived_address: int = addressof(_arrived)

# Where no thread has a flag of its own.
_no_flag = (c_uint64 * 1)()
no_flag: int = addressof(_no_flag)


class _Current(_local):
    """The calling thread's: `flag` is the address of a word that is not 0 when it must not begin to wait."""

    flag = no_flag


current = _Current()

# Called when a call was interrupted; it may raise Interrupted, else the call is made again.
on_interrupt: "Callable[[], None] | None" = None

_MAX_ERRNO = 4095

_syscall: "Callable[..., int]"
_syscall = _libc_syscall = CDLL(None, use_errno=True).syscall
_libc_syscall.restype = c_long
_libc_syscall.argtypes = (c_long,) * 8

# Converting seven arguments takes longer than a short read does.
_syscall3: "Callable[..., int]"
_syscall3 = _libc_syscall3 = CDLL(None, use_errno=True).syscall
_libc_syscall3.restype = c_long
_libc_syscall3.argtypes = (c_long,) * 5

_by_libc = True  # so errors are in errno, not in the result


def call_through(address: int, address3: int) -> None:
    """Make system calls from now on through native code: long call(number, a, b, c, d, e, f, flag), errors negated.

    `address3` is the same for three arguments.
    """
    global _syscall, _syscall3, _by_libc  # noqa: PLW0603
    from stinkarm.guest.native import CFUNCTYPE

    _syscall = CFUNCTYPE(*(c_long,) * 9)(address)
    _syscall3 = CFUNCTYPE(*(c_long,) * 6)(address3)
    _by_libc = False


def call3(number: int, a: int, b: int, c: int) -> int:
    """Make a system call of three arguments, as `call` does."""
    result = _syscall3(number, a, b, c, current.flag)
    if -_MAX_ERRNO <= result < 0:
        error = get_errno() if _by_libc else -result
        if error not in (EINTR, NOT_BEGUN):
            return -error
        _look(error)
        return call(number, a, b, c)
    return result


def call(number: int, a: int = 0, b: int = 0, c: int = 0, d: int = 0, e: int = 0, f: int = 0) -> int:
    """Make the x86-64 system call `number`; give its result, or the negated error number.

    An interrupted call is made again once Python's signal handlers have run, so that Ctrl-C and
    timeouts can raise out of it; it raises Interrupted when a signal came that the guest must see first.
    """
    while True:
        result = _syscall(number, a, b, c, d, e, f, current.flag)
        if not -_MAX_ERRNO <= result < 0:
            return result
        error = get_errno() if _by_libc else -result
        if error not in (EINTR, NOT_BEGUN):
            return -error
        _look(error)


def call_once(number: int, a: int = 0, b: int = 0, c: int = 0, d: int = 0, e: int = 0, f: int = 0) -> int:
    """Make a system call as `call` does, but give -EINTR when it is interrupted."""
    result = _syscall(number, a, b, c, d, e, f, current.flag)
    if _by_libc:
        return -get_errno() if result == -1 else result
    return -EINTR if result == -NOT_BEGUN else result


def call_always(number: int, a: int = 0, b: int = 0, c: int = 0, d: int = 0, e: int = 0, f: int = 0) -> int:
    """Make a system call that does not wait, whatever signals have come."""
    result = _libc_syscall(number, a, b, c, d, e, f, 0)
    return -get_errno() if result == -1 else int(result)


def _look(error: int) -> None:
    """Look at why a call was interrupted, or not begun."""
    if error == EINTR:
        interrupted()
        return
    try:
        interrupted()
    except Interrupted:
        raise NotBegun from None


def interrupted() -> None:
    """Look at why a call was interrupted; raise Interrupted if the guest must see it."""
    if on_interrupt is not None:
        on_interrupt()
