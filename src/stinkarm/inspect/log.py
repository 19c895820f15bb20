"""Write the log: stamped lines on stderr or in a file, never on the guest's stdout."""

import os
import time

from stinkarm.guest.host import duplicate
from stinkarm.guest.reserve import reserve

TOPICS = ("elf", "syscalls", "memory", "instructions", "jit")

CLOSED = -1  # no descriptor yet
GONE = -2  # nobody is listening any more
NOTHING_OPEN = (CLOSED,) * 6


class Log:
    """Where log lines go and which topics are wanted.

    Each topic of `TOPICS` is a bool attribute, so that asking costs one attribute read;
    `strace` asks for strace's one-line form of system calls. `start` is the `time.perf_counter()`
    that stamps count from. `path` names a file to write to (truncated); without it lines go to
    a duplicate of stderr, which the guest cannot close or replace by way of fd 2. `opened` are the descriptors of a
    log that goes on, or -1. `summary` asks for a count of system calls at the end, which is collected in `counts`.
    `report` and `policy` are files for the end (inspect/refusals.py), `refusals` what the family shares until then.
    """

    HELD = ("_descriptor", "_stderr", "counts", "refusals", "report", "policy")  # the numbers of descriptors

    __slots__ = (
        *("_descriptor", "_stderr", "counts", "elf", "instructions", "jit", "memory", "path", "policy"),
        *("refusals", "report", "start", "strace", "summary", "syscalls"),
    )

    def __init__(
        self,
        topics: tuple[str, ...] | list[str] = (),
        path: str | None = None,
        *,
        strace: bool = False,
        summary: bool = False,
        start: float | None = None,
        report: str | None = None,
        policy: str | None = None,
        opened: tuple[int, ...] = NOTHING_OPEN,
    ) -> None:
        self.elf = "elf" in topics
        self.syscalls = "syscalls" in topics
        self.memory = "memory" in topics
        self.instructions = "instructions" in topics
        self.jit = "jit" in topics
        self.strace = strace
        self.path = path
        self.start = time.perf_counter() if start is None else start
        self.summary = summary
        self._descriptor, self._stderr, self.counts, self.refusals, self.report, self.policy = opened
        if self.descriptors:
            return
        if report is not None:
            self.report = _create(report)
        if policy is not None:
            self.policy = _create(policy)
        if summary:
            file = os.memfd_create("stinkarm", os.MFD_CLOEXEC)
            self.counts = keep_away(file)
            os.close(file)
        if path is not None:
            self._descriptor = _create(path)
        elif self.any:
            self.open()

    @property
    def any(self) -> bool:
        """Say whether any topic is on."""
        return self.elf or self.syscalls or self.memory or self.instructions or self.jit or self.strace or self.summary

    def share_refusals(self) -> int:
        """Make the file that a family shares before there is a second process; return its descriptor."""
        if self.refusals < 0:
            file = os.memfd_create("stinkarm", os.MFD_CLOEXEC)
            self.refusals = keep_away(file)
            os.close(file)
        return self.refusals

    @property
    def asks_for_refusals(self) -> bool:
        """Say whether there is something to be read or written at the end of the family's first process."""
        return self.report >= 0 or self.policy >= 0 or (self.refusals >= 0 and os.fstat(self.refusals).st_size > 0)

    @property
    def descriptors(self) -> list[int]:
        """The host file descriptors that are open, none of which are the guest's."""
        return [descriptor for descriptor in self.opened if descriptor >= 0]

    @property
    def opened(self) -> tuple[int, ...]:
        """The descriptors that another log can go on with."""
        return self._descriptor, self._stderr, self.counts, self.refusals, self.report, self.policy

    def open(self) -> None:
        """Take a descriptor of stderr, before the guest can put another file in its place."""
        if self._stderr == CLOSED:
            try:
                self._stderr = keep_away(2)
            except OSError:  # started with stderr closed: there is nobody to tell
                self._stderr = GONE

    def line(self, text: str) -> None:
        """Write `text` on a line of its own, stamped with the milliseconds since start."""
        self.write(f"[{(time.perf_counter() - self.start) * 1000:10.3f}ms] {text}\n")

    def write(self, text: str) -> None:
        """Write `text` as it is."""
        if self.path is None:
            self.open()
        if not _write(self._stderr if self.path is None else self._descriptor, text):
            # The reader went away or the disk is full: the guest runs on, unlogged.
            for descriptor in (self._descriptor, self._stderr):
                if descriptor >= 0:
                    os.close(descriptor)
            self._descriptor = self._stderr = GONE
            self.elf = self.syscalls = self.memory = self.instructions = self.jit = self.strace = self.summary = False

    def tell(self, text: str) -> None:
        """Write what the user must see: to stderr, and to the file when there is one."""
        self.open()
        _write(self._stderr, text)
        if self.path is not None:
            self.write(text)

    def close(self) -> None:
        """Give the descriptors back."""
        for descriptor in self.descriptors:
            os.close(descriptor)
        self._descriptor, self._stderr, self.counts, self.refusals, self.report, self.policy = NOTHING_OPEN


def _create(path: str) -> int:
    """Create a file, or make it empty; return its descriptor, away from the guest's."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    try:
        return keep_away(file)
    finally:
        os.close(file)


def _write(descriptor: int, text: str) -> bool:
    """Write all of `text`, unless nobody listens; False when that has only now come out."""
    if descriptor < 0:
        return True
    data = text.encode("utf-8", "backslashreplace")
    try:
        while data:
            data = data[os.write(descriptor, data) :]
    except BlockingIOError:  # a guest made the shared terminal non-blocking; the rest of the line is lost
        return True
    except OSError:
        return False
    return True


def keep_away(descriptor: int) -> int:
    """Return a close-on-exec duplicate of `descriptor` away from the guest's: numbered high, if the limit allows it."""
    return duplicate(descriptor, reserve.first_hidden())
