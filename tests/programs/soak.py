"""Run mixed programs for a long time with signals and children, and look for leaks and wrong output.

    python tests/programs/fetch.py --all
    python tests/programs/soak.py --minutes 30 [--jobs N] [--seed N] [-- STINKARM-OPTION...]

Two kinds of programs run at the same time:

- Residents (scripts/resident.pl, scripts/resident.py) live to the end: they make children, threads, files, mappings and
  sockets in rounds, and get SIGUSR1 and stops at random moments. Each round's output is checked. Their descriptors,
  threads, child processes and memory, as the host sees them between two rounds, must not grow.
- Visitors are lines of matrix.txt, chosen at random. A third of them runs undisturbed, a third is stopped and sent
  signals that programs ignore: the output must be that of the first run, which was compared with the line's
  reference. The last third is ended by a signal: at the end of the soak, nothing of it may be left.

It ends with status 1 when anything is wrong, and says what. `--seed` repeats the choices, not the moments.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import matrix
from test_debian import PROGRAMS

from stinkarm.engine.store import interpreter_path

SCRIPTS = Path(__file__).parent / "scripts"
PROGRAM = {".pl": "perl", ".py": "python3.11"}
MARK = "STINKARM_SOAK"
IGNORED = (signal.SIGWINCH, signal.SIGURG, signal.SIGCONT)
ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL, signal.SIGQUIT)
SETTLED = 0.3  # of the time has passed when the residents' first figures are taken
MEMORY_SLACK = 24 << 20


@dataclass(frozen=True)
class Figures:
    """What a process holds, as the host counts it."""

    descriptors: int
    threads: int
    children: int
    memory: int

    def grown(self, later: Figures) -> list[str]:
        """Name what has grown."""
        found = [
            f"{name} grew from {getattr(self, name)} to {getattr(later, name)}"
            for name in ("descriptors", "threads", "children")
            if getattr(later, name) > getattr(self, name)
        ]
        if later.memory > self.memory * 1.2 + MEMORY_SLACK:
            found.append(f"memory grew from {self.memory >> 20} to {later.memory >> 20} MiB")
        return found


@dataclass
class Findings:
    """What went wrong, and how much ran; all threads write to it."""

    wrong: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def report(self, text: str) -> None:
        """Note something wrong, and print it at once."""
        with self.lock:
            self.wrong.append(text)
        print(f"WRONG: {text}", flush=True)

    def count(self, name: str, number: int = 1) -> None:
        """Count what happened."""
        with self.lock:
            self.counts[name] = self.counts.get(name, 0) + number


def measure(pid: int) -> Figures | None:
    """Look at a process; None when it has ended."""
    try:
        status = dict(
            line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line
        )
        descriptors = len(os.listdir(f"/proc/{pid}/fd"))
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return None
    if "VmRSS" not in status:  # it has ended, and nobody has waited for it yet
        return None
    return Figures(descriptors, int(status["Threads"]), len(children), int(status["VmRSS"].split()[0]) << 10)


def least(pid: int, seconds: float = 10.0) -> Figures | None:
    """Give the smallest figures of a while: what is held between two rounds."""
    until = time.monotonic() + seconds
    found: list[Figures] = []
    while time.monotonic() < until and (figures := measure(pid)) is not None:
        found.append(figures)
        time.sleep(0.02)
    if not found:
        return None
    return Figures(*(min(getattr(f, name) for f in found) for name in Figures.__annotations__))


def marked() -> list[int]:
    """List the processes that this run has started and that are still there."""
    mark = f"{MARK}={os.getpid()}".encode()
    found = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if mark in Path(entry.path, "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
            except OSError:  # it has ended
                continue
    return found


class Resident:
    """A program that lives to the end."""

    def __init__(self, script: Path, folder: Path, options: list[str], findings: Findings) -> None:
        program = PROGRAM[script.suffix]
        self.name = script.name
        self.findings = findings
        self.rounds = 0
        self.sent = 0
        self.last = ""
        folder.mkdir()
        environment = {**os.environ, "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(folder)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "stinkarm", *options, "-L", str(PROGRAMS), "-C", "forward",
             str(PROGRAMS / "usr/bin" / program), str(script)],
            cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True,
        )  # fmt: skip
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self) -> None:
        """Check the lines that it prints."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.last = line.strip()
            if line.startswith("end "):
                return
            value = self.rounds + 1
            for step in range(1, 2001):
                value = (value * 31 + step) % 65521
            if self.last != f"{self.rounds + 1} {value}":
                rest = [self.last, *(line.rstrip() for line in self.process.stdout)]
                self.findings.report(f"{self.name} printed {rest[-20:]}, not {self.rounds + 1} {value}")
                return
            self.rounds += 1

    def disturb(self, dice: random.Random) -> None:
        """Send a signal, or stop it for a moment."""
        if self.rounds == 0 or self.process.poll() is not None:  # its handlers are not there yet
            return
        if dice.random() < 0.7:
            self.process.send_signal(signal.SIGUSR1)
            self.sent += 1
        else:
            self.process.send_signal(signal.SIGSTOP)
            time.sleep(dice.random() / 10)
            self.process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        """Ask it to end, and check what it says."""
        if self.process.poll() is not None:
            self.findings.report(f"{self.name} ended too early with status {self.process.returncode}: {self.last!r}")
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.findings.report(f"{self.name} does not end on SIGTERM; it is at round {self.rounds}")
            os.killpg(self.process.pid, signal.SIGKILL)
            return
        self.reader.join(60)
        words = self.last.split()
        if status or not words or words[0] != "end":
            self.findings.report(f"{self.name} ended with status {status}: {self.last!r}")
        elif not bool(self.sent) <= int(words[1]) <= self.sent:
            self.findings.report(f"{self.name} got {words[1]} of {self.sent} signals")
        self.findings.count(f"rounds of {self.name}", self.rounds)
        self.findings.count("signals to residents", self.sent)


class Visitors:
    """Lines of matrix.txt, one after another in a folder of their own; `known` is what each gives, for all jobs."""

    def __init__(
        self,
        lines: list[matrix.Line],
        known: dict[str, matrix.Result],
        folder: Path,
        options: list[str],
        findings: Findings,
    ) -> None:
        self.lines = lines
        self.folder = folder
        self.options = options
        self.findings = findings
        self.known = known

    def visit(self, dice: random.Random) -> None:
        """Run one line, in one of the three ways."""
        line = dice.choice(self.lines)
        if line.text not in self.known:
            self.first(line)
            return
        way = dice.choice(("undisturbed", "disturbed", "ended"))
        ours = self.run(line, dice, way)
        self.findings.count(way)
        if way == "ended":
            return
        known = self.known[line.text]
        if (ours.status, ours.stdout) != (known.status, known.stdout):
            found = matrix.differences(line, ours, known)
            self.findings.report(f"{way}: {line}: {'; '.join(found)}")

    def first(self, line: matrix.Line) -> None:
        """Run a line for the first time: compare it with its reference."""
        try:
            different, ours = matrix.check(line, self.folder, self.options)
        except matrix.NoReferenceError:
            self.lines.remove(line)
            return
        self.findings.count("compared")
        if different:
            self.findings.report(f"{line}: {'; '.join(different)}")
            self.lines.remove(line)
        else:
            self.known[line.text] = ours

    def run(self, line: matrix.Line, dice: random.Random, way: str) -> matrix.Result:
        """Run a line while signals come."""
        known = self.known[line.text]
        moments = [dice.random() * known.seconds for _ in range(dice.randrange(1, 4))]
        chosen = [dice.choice(IGNORED) for _ in moments]
        last = dice.choice(ENDING)

        def started(pid: int) -> None:
            if way != "undisturbed":
                threading.Thread(target=_disturb, args=(pid, moments, chosen, last if way == "ended" else None)).start()

        emulator = [sys.executable, "-m", "stinkarm", *self.options, "-L", str(PROGRAMS), "-C", "forward"]
        return matrix.perform(emulator, line, self.folder / "work", started=started)


def _disturb(group: int, moments: list[float], chosen: list[signal.Signals], last: signal.Signals | None) -> None:
    """Send signals to a process group, as long as it is there."""
    try:
        for moment, number in zip(moments, chosen, strict=True):
            time.sleep(moment)
            os.killpg(group, signal.SIGSTOP)
            os.killpg(group, number)
            os.killpg(group, signal.SIGCONT)
        if last is not None:
            os.killpg(group, last)
            time.sleep(1)
            os.killpg(group, signal.SIGKILL)  # programs may ignore the other
        # Linux loses a SIGCONT to a process group whose members ignore it for a child that is just being forked, but
        # not the SIGSTOP before it: __send_signal_locked does not reach `multiprocess` for what is ignored.
        while True:
            time.sleep(1)
            os.killpg(group, signal.SIGCONT)
    except ProcessLookupError:  # it has ended
        pass


def soak(minutes: float, jobs: int, seed: int, options: list[str]) -> Findings:
    """Run everything for a while."""
    findings = Findings()
    base = Path(f"/tmp/stinkarm-soak-{os.getpid()}")
    base.mkdir()
    os.environ[MARK] = str(os.getpid())
    scripts = [script for script in sorted(SCRIPTS.glob("resident.*")) if matrix.find_program(PROGRAM[script.suffix])]
    lines = [line for line in matrix.read_lines() if line.tested and matrix.is_there(line)]
    known: dict[str, matrix.Result] = {}
    until = time.monotonic() + minutes * 60

    def job(number: int) -> None:
        try:
            dice = random.Random(seed * 1000 + number)
            visitors = Visitors(list(lines), known, base / f"job{number}", options, findings)
            while time.monotonic() < until:
                visitors.visit(dice)
        except Exception as error:
            findings.report(f"the soak itself failed: {error!r}")
            raise

    threads = [threading.Thread(target=job, args=(number,)) for number in range(jobs)]
    try:
        residents = [Resident(script, base / script.name, options, findings) for script in scripts]
        for thread in threads:
            thread.start()
        settled = watch(residents, minutes * 60, random.Random(seed))
        for resident in residents:
            compare(resident, settled.get(resident.name), findings)
            resident.end()
        for thread in threads:
            thread.join()
        time.sleep(2)
    finally:
        until = 0.0
        for pid in marked():
            try:
                command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                os.kill(pid, signal.SIGKILL)
            except OSError:  # it has ended
                continue
            findings.report(f"process {pid} is left: {command[-200:]}")
    shutil.rmtree(base, ignore_errors=True)
    return findings


def watch(residents: list[Resident], seconds: float, dice: random.Random) -> dict[str, Figures | None]:
    """Disturb the residents for a while; give their figures once they have settled."""
    began = time.monotonic()
    settled: dict[str, Figures | None] = {}
    while time.monotonic() < began + seconds:
        for resident in residents:
            resident.disturb(dice)
        if not settled and time.monotonic() - began > SETTLED * seconds:
            settled = {resident.name: least(resident.process.pid) for resident in residents}
        time.sleep(dice.random() / 2)
    return settled


def compare(resident: Resident, first: Figures | None, findings: Findings) -> None:
    """Compare the last figures of a resident with the first."""
    later = least(resident.process.pid)
    if first is None or later is None:
        findings.report(f"{resident.name} could not be measured")
        return
    print(f"{resident.name}: {first} at first, {later} at last", flush=True)
    for grown in first.grown(later):
        findings.report(f"{resident.name}: {grown}")


def main() -> int:
    """Soak for as long as is asked for."""
    parser = argparse.ArgumentParser(description="Run mixed programs for a long time and look for leaks.")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2, help="visitors at the same time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("options", nargs="*", metavar="STINKARM-OPTION", help="after --: options for stinkarm")
    options = parser.parse_args()
    interpreter_path()  # built now, or the first programs would have to wait for it
    findings = soak(options.minutes, options.jobs, options.seed, options.options)
    print(", ".join(f"{number} {name}" for name, number in sorted(findings.counts.items())))
    print(f"{len(findings.wrong)} things are wrong" if findings.wrong else "nothing is wrong")
    return 1 if findings.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
