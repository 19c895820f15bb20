"""One run of a command: what it took, what it left behind, what it printed."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Run:
    """What a run took: `processor` is user and system time of the process, `workers` that of those it started."""

    processor: float
    wall: float
    workers: float
    memory: int  # peak resident KiB of the process, if it was watched
    status: int
    output: bytes
    errors: bytes

    def figures(self) -> list[float]:
        """Return what the results keep: processor, wall and worker seconds, and KiB."""
        return [round(self.processor, 4), round(self.wall, 4), round(self.workers, 4), self.memory]


def adopt_orphans() -> None:
    """Make processes that outlive their parents this one's children, so that what they take is counted."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def measure(
    words: list[str],
    environment: dict[str, str],
    stdin: Path | None,
    *,
    limit: float,
    patience: float,
    watch_memory: bool = False,
) -> Run:
    """Run a command to its end, and wait for the processes that it leaves behind."""
    with (
        open(stdin or os.devnull, "rb") as given,
        tempfile.TemporaryFile() as output,
        tempfile.TemporaryFile() as errors,
    ):
        began = time.perf_counter()
        process = subprocess.Popen(words, stdin=given, stdout=output, stderr=errors, env=environment)
        watcher = _Watcher(process.pid) if watch_memory else None
        killer = threading.Timer(limit, process.kill)
        killer.start()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        wall = time.perf_counter() - began
        killer.cancel()
        memory = watcher.stop() if watcher else 0
        children = _children_seconds(process.pid)  # in ticks of 10 ms: its own time is exact if it had none
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        left = _wait_for_orphans(patience)
        output.seek(0)
        errors.seek(0)
        own = max(0.0, usage.ru_utime + usage.ru_stime - children)
        return Run(own, wall, children + left, memory, process.returncode, output.read(), errors.read())


def _children_seconds(pid: int) -> float:
    """Return the processor time of the children that a process has waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / _TICKS


def _wait_for_orphans(patience: float) -> float:
    """Wait for all processes that were left behind; return what they took. End them when patience is over."""
    seconds, deadline = 0.0, time.monotonic() + patience
    while True:
        try:
            pid, _, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return seconds
        if pid:
            seconds += usage.ru_utime + usage.ru_stime
        else:
            if time.monotonic() > deadline:
                for child in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
                    os.kill(int(child), signal.SIGKILL)
            time.sleep(0.002)


class _Watcher(threading.Thread):
    """Reads a process's peak memory while it runs: `ru_maxrss` would count what it was before exec, too."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.path, self.peak, self.over = Path(f"/proc/{pid}/status"), 0, threading.Event()
        self.start()

    def run(self) -> None:
        while not self.over.wait(0.02):
            for line in self.path.read_text().splitlines():
                if line.startswith("VmHWM:"):
                    self.peak = int(line.split()[1])

    def stop(self) -> int:
        self.over.set()
        self.join()
        return self.peak
