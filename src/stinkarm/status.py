"""What the stinkarm process says to its shell when it ends.

0–255 from the guest's own `exit` pass through. The rest is decided here, and only here.
"""

import os
from _thread import get_ident

from stinkarm.guest.signals import SIGKILL, SIGSTOP

OK = 0
USAGE = 2  # the command line is wrong
LIMIT = 124  # --timeout or --max-instructions ended the guest, as in timeout(1)
FAILED = 125  # stinkarm itself could not do it: no memory to reserve, no toolchain, no engine
NOT_EXECUTABLE = 126  # the program was found, but is none that stinkarm runs
NOT_FOUND = 127
SIGNAL = 128  # plus the number of the signal that ended the guest

HELP = (
    (OK, "the program ended with status 0; any other status of its own passes through"),
    (USAGE, "the command line is wrong"),
    (LIMIT, "--timeout or --max-instructions ended the program"),
    (FAILED, "stinkarm itself failed, for example because it could not reserve memory"),
    (NOT_EXECUTABLE, "the program is not one that stinkarm runs"),
    (NOT_FOUND, "the program was not found"),
    (SIGNAL, "plus N: signal N ended the program (139 for SIGSEGV)"),
)


class StinkarmError(Exception):
    """Why a program could not be run; the text is for the user."""


class UsageError(StinkarmError):
    """The command line, or an argument of the Python API, is wrong."""


class ProgramNotFound(StinkarmError):
    """There is no file of the program's name."""


class NotExecutable(StinkarmError):
    """The program's file is there, but is none that stinkarm runs."""


class Failed(StinkarmError):
    """Something that stinkarm itself needs is not to be had; the text says what to do."""


STATUSES: dict[type[BaseException], int] = {
    UsageError: USAGE,
    ProgramNotFound: NOT_FOUND,
    NotExecutable: NOT_EXECUTABLE,
    Failed: FAILED,
}


def of_error(error: BaseException) -> int | None:
    """Give the exit status that stands for an exception, None for one that is a defect of stinkarm."""
    return STATUSES.get(type(error))


def end_by_signal(number: int) -> None:
    """End this process by signal `number`, as the guest would have ended, without a core file.

    The parent sees a signal death, which shells show as 128 + number. Where the signal cannot end the
    process (this is the init process of a container), exit with that number instead.
    """
    import _signal  # type: ignore[import-not-found,unused-ignore]  # `signal` costs an import of enum
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if number not in (SIGKILL, SIGSTOP):
        try:
            _signal.signal(number, _signal.SIG_DFL)
        except ValueError:  # only Python's main thread may; this is a guest's other thread
            from stinkarm.linux import capture

            capture.leave(number, ignore=False)
        _signal.pthread_sigmask(_signal.SIG_UNBLOCK, {number})
    _signal.pthread_kill(get_ident(), number)  # this very thread, so that it does not go on
    os._exit(SIGNAL + number)
