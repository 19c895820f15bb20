"""Signals by number and name. 1 to 31 are the same on ARM and x86-64 Linux."""

NAMES = (
    *("0", "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGKILL"),
    *("SIGUSR1", "SIGSEGV", "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGTERM", "SIGSTKFLT", "SIGCHLD", "SIGCONT"),
    *("SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGXCPU", "SIGXFSZ", "SIGVTALRM", "SIGPROF"),
    *("SIGWINCH", "SIGIO", "SIGPWR", "SIGSYS"),
)
SIGINT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGKILL, SIGSEGV, SIGALRM, SIGSTOP = 2, 4, 5, 6, 7, 8, 9, 11, 14, 19
SIGSYS = 31
SIGRTMIN = 32


def signal_name(number: int) -> str:
    """Name a signal as `kill -l` does."""
    return NAMES[number] if 0 < number < SIGRTMIN else f"SIGRTMIN+{number - SIGRTMIN}"
