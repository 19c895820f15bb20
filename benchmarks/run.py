"""Measure stinkarm beside qemu-arm and native code, on the same programs, in the same run.

The three take turns; each figure is the median of the runs, each ratio the median of the ratios run by run. What the
programs print must be what they print in qemu-arm. README.md here says what is measured and what must be installed.
"""

from __future__ import annotations

import argparse
import os
import platform
import shlex
import sys
from datetime import date
from pathlib import Path

from benchmarks import emulators, report
from benchmarks.emulators import Native, Qemu, Stinkarm
from benchmarks.measure import Run, adopt_orphans, measure
from benchmarks.report import Row
from benchmarks.sources import Command, Unavailable
from benchmarks.suite import BENCHMARKS, GOALS, Benchmark, Goal

HERE = Path(__file__).resolve().parent
QUICK_SECONDS, QUICK_RUNS = 0.2, 2


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--class", dest="classes", metavar="CLASS,...", help=f"of {', '.join(g.name for g in GOALS)}")
    parser.add_argument("--only", metavar="NAME,...", help="programs whose names (or name-target) these are")
    parser.add_argument("--runs", type=int, default=5, help="counted runs of each (default 5)")
    parser.add_argument("--seconds", type=float, help="about how long qemu-arm is to take, instead of 1 to 3")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_RUNS} runs of {QUICK_SECONDS} s")
    parser.add_argument("--mode", choices=("warm", "cold"), help="measure with a warm or a cold cache throughout")
    parser.add_argument(
        "--warm-ups",
        type=int,
        default=emulators.WARM_UPS,
        help=f"uncounted runs in warm mode (default {emulators.WARM_UPS})",
    )
    parser.add_argument("--engine", help="what to give to stinkarm as --engine")
    parser.add_argument("--stinkarm", default="", metavar="PROGRAM", help="another stinkarm than this environment's")
    parser.add_argument("--option", action="append", default=[], help="a further option of stinkarm's (repeatable)")
    parser.add_argument("--no-native", action="store_true", help="leave the native runs out")
    parser.add_argument("--build", action="store_true", help="only make the programs, and print the commands")
    parser.add_argument("--write", action="store_true", help="bring results.md, results.json and speeds.svg up to date")
    return parser.parse_args()


class Session:
    """One invocation: the three competitors and the options."""

    def __init__(self, chosen: argparse.Namespace) -> None:
        self.chosen = chosen
        self.runs = QUICK_RUNS if chosen.quick else chosen.runs
        extra = ["--engine", chosen.engine] if chosen.engine else []
        self.stinkarm = Stinkarm([*extra, *chosen.option], chosen.stinkarm)
        self.qemu, self.native = Qemu(), Native()
        words = " ".join([*extra, *chosen.option]) or "with the default engine"
        load = f"{os.getloadavg()[1]:.1f} processes were running or waiting"
        self.how = f"on {date.today()} {words}, in {self.runs} runs, while {load}"

    def seconds(self, goal: Goal) -> float:
        """Return how long qemu-arm is to take."""
        return self.chosen.seconds or (QUICK_SECONDS if self.chosen.quick else goal.seconds)

    def wanted(self, goal: Goal) -> list[tuple[Benchmark, str]]:
        """Return the programs of a goal that the options ask for, with their targets."""
        if self.chosen.classes and goal.name not in self.chosen.classes.split(","):
            return []
        names = self.chosen.only.split(",") if self.chosen.only else []
        return [
            (benchmark, target)
            for benchmark in BENCHMARKS
            for target in benchmark.targets
            if benchmark.group in goal.groups
            and (not goal.targets or target in goal.targets)
            and (not goal.only or benchmark.name in goal.only)
            and (not names or benchmark.name in names or f"{benchmark.name}-{target}" in names)
        ]

    def is_cold(self, goal: Goal) -> bool:
        """Say whether each run of stinkarm is to be a program's first."""
        return (self.chosen.mode or goal.mode) == "cold"

    def take(self, who: Stinkarm | Qemu | Native, command: Command, goal: Goal) -> Run:
        """Run a program once."""
        words, environment = who.call(command)
        return measure(
            words,
            environment,
            command.stdin,
            limit=emulators.RUN_SECONDS,
            patience=emulators.COLD_WORKER_SECONDS if self.is_cold(goal) else emulators.WORKER_SECONDS,
            watch_memory=goal.figure == "memory",
        )

    def row(self, goal: Goal, benchmark: Benchmark, target: str) -> Row:
        """Measure one program for one goal."""
        row = Row(goal, benchmark.name, target, how=self.how)
        cold = self.is_cold(goal)
        try:
            command = benchmark.at(target, self.seconds(goal))
            native = None if self.chosen.no_native else benchmark.at("native", self.seconds(goal))
        except Unavailable as problem:
            row.error = f"not available: {problem}"
            return row
        self.stinkarm.forget()
        expected = self.take(self.qemu, command, goal)
        for number in range(
            -1 if cold else -self.chosen.warm_ups, self.runs * (1 if self.chosen.quick else goal.repeat)
        ):
            if cold:
                self.stinkarm.forget()
            ours = self.take(self.stinkarm, command, goal)
            row.error = complaint(ours, benchmark, expected)
            if row.error:
                row.runs.clear()
                return row
            if number >= 0:
                runs = {"stinkarm": ours, "qemu": self.take(self.qemu, command, goal)}
                if native:
                    runs["native"] = self.take(self.native, native, goal)
                    if runs["native"].status < 0:
                        sys.exit(f"{benchmark.name}: native code ends with signal {-runs['native'].status}")
                row.runs.append({who: run.figures() for who, run in runs.items()})
        return row


def complaint(ours: Run, benchmark: Benchmark, expected: Run) -> str:
    """Say how a run of stinkarm differs from one of qemu-arm, if it does."""
    if ours.status != expected.status:
        last = ours.errors.decode(errors="replace").strip().splitlines()[-1:]
        return f"ends with status {ours.status} ({expected.status} in qemu-arm): {' '.join(last)[:120]}"
    if benchmark.comparable(ours.output) != benchmark.comparable(expected.output):
        return "prints something else than in qemu-arm"
    return ""


def facts(session: Session, rows: list[Row]) -> list[str]:
    """Return what the results page says of how it was made."""
    model = next(line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name"))
    return [
        "Medians of runs in turns. Speeds are qemu-arm's time divided by stinkarm's, run by run: above 1, stinkarm is "
        "faster. Processor seconds are user and system time of the process; the processes that stinkarm starts to "
        "compile are counted apart, as workers.",
        f"{session.qemu.version()}; CPython {platform.python_version()}; {model.partition(':')[2].strip()}, "
        f"{os.cpu_count()} processors. Made by `python -m benchmarks --write`; the raw runs are in results.json: of "
        "each run processor, wall and worker seconds, and KiB.",
        "Measured " + "; ".join(sorted({row.how for row in rows})) + ".",
    ]


def write(session: Session, new: list[Row]) -> None:
    """Write the results page, the raw runs and the plot; what was not measured now stays as it was."""
    from benchmarks.plot import draw

    path = HERE / "results.json"
    goals = report.merged(report.unpacked(path.read_text()) if path.exists() else [], new)
    rows = [row for _, several in goals for row in several]
    (HERE / "results.md").write_text(report.page(goals, facts(session, rows)))
    path.write_text(report.packed(rows))
    draw(goals, HERE / "speeds.svg")


def main() -> None:
    """Measure, print, and write the results on request."""
    chosen = options()
    session = Session(chosen)
    unknown = set((chosen.classes or "").split(",")) - {"", *(goal.name for goal in GOALS)}
    if unknown:
        sys.exit(f"there is no class {', '.join(sorted(unknown))}; there are {', '.join(g.name for g in GOALS)}")
    if chosen.build:
        build(session)
        return
    adopt_orphans()
    session.stinkarm.prepare()
    goals: list[tuple[Goal, list[Row]]] = []
    for goal in GOALS:
        wanted = session.wanted(goal)
        if not wanted:
            continue
        print(f"\n{goal.title} ({report.UNITS[goal.figure]}); goal: {goal.wording()}", flush=True)
        print(report.table([report.HEADING]), flush=True)
        rows: list[Row] = []
        for benchmark, target in wanted:
            rows.append(session.row(goal, benchmark, target))
            print(f"| {' | '.join(report.cells(rows[-1]))} |", flush=True)
        words, missed, reached = report.verdict(goal, rows)
        print(f"{words}: {'reached' if reached else 'measured' if reached is None else f'not reached ({missed})'}")
        goals.append((goal, rows))
        if chosen.write:  # what follows may take long, and be interrupted
            write(session, rows)
    print(f"\n{report.summary(goals)}")


def build(session: Session) -> None:
    """Make all programs that the options ask for, and print the commands that run them."""
    pairs = {(each.name, target): (each, goal) for goal in GOALS for each, target in session.wanted(goal)}
    seen = set()
    for (name, target), (benchmark, goal) in pairs.items():
        for each in (target, "native"):
            if (name, each) in seen:
                continue
            seen.add((name, each))
            try:
                command = benchmark.at(each, session.seconds(goal))
            except Unavailable as problem:
                print(f"{name}, {each}: not available: {problem}")
                continue
            words = shlex.join((session.native if each == "native" else session.stinkarm).call(command)[0])
            print(f"{name}, {each}: {words}" + (f" < {command.stdin}" if command.stdin else ""), flush=True)


if __name__ == "__main__":
    main()
