"""Count system calls, and show the table that `strace -c` shows: `-c`, `--strace-summary`."""

from __future__ import annotations

import os
import time

from stinkarm.inspect.strace import Tracer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.guest.memory import Memory
    from stinkarm.inspect.log import Log
    from stinkarm.linux.declare import Syscall

RULE = "------ ----------- ----------- --------- --------- ----------------\n"


class CallSummary(Tracer):
    """Counts the calls of a thread.

    Each process adds its counts to a file in memory that all of the family have, when it ends and before it executes
    another program. The first one shows them at its end: what others do after it is not in the table.
    """

    def __init__(self, log: Log, memory: Memory) -> None:
        super().__init__(log, memory)
        self._threads = [self]
        self._counts: dict[str, list[int]] = {}  # calls, errors, nanoseconds of the processor
        self._start = 0

    def another(self) -> CallSummary:
        """Make one for another thread."""
        new = CallSummary(self.log, self.memory)
        self._threads.append(new)
        new._threads = self._threads
        return new

    def begin_family(self, *, is_child: bool = False) -> None:
        """Forget what the parent has counted."""
        if is_child:
            self._threads = [self]
            self._counts = {}
            self._start = time.thread_time_ns()  # of a thread of its own, which goes on in the call that made it

    def enter(self, call: Syscall, arguments: tuple[int, ...]) -> None:
        """Count a call."""
        self._start = time.thread_time_ns()
        self._counts.setdefault(call.name, [0, 0, 0])[0] += 1

    def leave(self, call: Syscall, arguments: tuple[int, ...], result: int | None) -> None:
        """Note the time that a call took, and whether it failed."""
        counts = self._counts.setdefault(call.name, [0, 0, 0])
        counts[1] += result is not None and result < 0
        counts[2] += time.thread_time_ns() - self._start

    def finish(self, *, is_first: bool) -> None:
        """Add the process's counts to the family's; show these at the end of the first one."""
        if self.log.counts < 0:  # nobody listens any more
            return
        lines = [
            f"{name} {calls} {errors} {nanoseconds}\n"
            for thread in self._threads
            for name, (calls, errors, nanoseconds) in thread._counts.items()
        ]
        for thread in self._threads:
            thread._counts = {}
        os.write(self.log.counts, "".join(lines).encode())
        if is_first:
            self.log.write(table(os.pread(self.log.counts, os.fstat(self.log.counts).st_size, 0).decode()))


def table(lines: str) -> str:
    """Lay out the table of lines of name, calls, errors and nanoseconds."""
    sums: dict[str, list[int]] = {}
    for line in lines.splitlines():
        name, *numbers = line.split()
        sums[name] = [a + int(b) for a, b in zip(sums.get(name, (0, 0, 0)), numbers, strict=True)]
    total = [sum(column) for column in zip(*sums.values(), strict=True)] or [0, 0, 0]
    rows = sorted(sums.items(), key=lambda row: (-row[1][2], row[0]))
    shown = "".join(_row(name, numbers, total[2]) for name, numbers in rows)
    head = "% time     seconds  usecs/call     calls    errors syscall\n"
    return head + RULE + shown + RULE + _row("total", total, total[2])


def _row(name: str, numbers: list[int], total: int) -> str:
    calls, errors, time_taken = numbers
    share = 100 * time_taken / total if total else 0.0
    each = time_taken // 1000 // max(calls, 1)
    return f"{share:6.2f} {time_taken / 1e9:11.6f} {each:11} {calls:9} {errors or '':9} {name}\n"
