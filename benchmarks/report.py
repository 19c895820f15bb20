"""What the runs say: ratios, the rows of the table, and the results page."""

from __future__ import annotations

import json
import math
import statistics
from dataclasses import dataclass, field

from benchmarks.suite import BENCHMARKS, GOALS, Goal

FIGURES = {"processor": 0, "wall": 1, "memory": 3}
UNITS = {"processor": "processor s", "wall": "wall s", "memory": "MiB"}


@dataclass
class Row:
    """The runs of one program for one goal; `error` says why there are none."""

    goal: Goal
    name: str
    target: str
    runs: list[dict[str, list[float]]] = field(default_factory=list)
    error: str = ""
    how: str = ""  # when it was measured, and with which options

    @property
    def label(self) -> str:
        """The program's name and the instruction set, where there is a choice."""
        return f"{self.name}, {self.target.upper()}" if self.target in ("a32", "t32") else self.name

    def figures(self, who: str) -> list[float]:
        """Return the goal's figure of each run of stinkarm, qemu or native."""
        index = FIGURES[self.goal.figure]
        return [run[who][index] for run in self.runs if who in run]

    def speed(self) -> float:
        """Return how many times as fast as qemu-arm stinkarm is: the median of the ratios pair by pair."""
        pairs = zip(self.figures("qemu"), self.figures("stinkarm"), strict=True)
        return statistics.median(max(theirs, 1e-4) / max(ours, 1e-4) for theirs, ours in pairs)

    def native(self) -> float | None:
        """Return how many times native code's time stinkarm takes, if native code was run."""
        pairs = list(zip(self.figures("stinkarm"), self.figures("native"), strict=False))
        return statistics.median(ours / max(native, 1e-4) for ours, native in pairs) if pairs else None

    def workers(self) -> float:
        """Return the processor seconds of the processes that stinkarm started."""
        return statistics.median(run["stinkarm"][2] for run in self.runs)


def packed(rows: list[Row]) -> str:
    """Return rows as JSON, a line each."""
    lines = [
        json.dumps(
            {
                "class": r.goal.name,
                "program": r.name,
                "target": r.target,
                "how": r.how,
                "error": r.error,
                "runs": r.runs,
            }
        )
        for r in rows
    ]
    return "[\n" + ",\n".join(lines) + "\n]\n"


def unpacked(text: str) -> list[Row]:
    """Return the rows that `packed` wrote, but for those of classes that there are no more."""
    goals = {goal.name: goal for goal in GOALS}
    return [
        Row(goals[raw["class"]], raw["program"], raw["target"], raw["runs"], raw["error"], raw["how"])
        for raw in json.loads(text)
        if raw["class"] in goals
    ]


def merged(old: list[Row], new: list[Row]) -> list[tuple[Goal, list[Row]]]:
    """Return all rows in the order of the suite: the new ones, and old ones of programs that are not among them."""
    rows = {(row.goal.name, row.name, row.target): row for row in (*old, *new)}
    order = [
        (
            goal,
            [rows.get((goal.name, benchmark.name, target)) for benchmark in BENCHMARKS for target in benchmark.targets],
        )
        for goal in GOALS
    ]
    found = [(goal, [row for row in several if row is not None]) for goal, several in order]
    return [(goal, several) for goal, several in found if several]


def mean(values: list[float]) -> float:
    """Return the geometric mean."""
    return math.exp(statistics.fmean(math.log(value) for value in values))


def shown(value: float | None) -> str:
    """Return a number with as many digits as mean something."""
    if value is None:
        return "–"
    return f"{value:.0f}" if value >= 99.5 else f"{value:.3g}" if value >= 1 else f"{value:.3f}"


HEADING = ("program", "stinkarm", "qemu-arm", "native", "qemu-arm / stinkarm", "stinkarm / native", "workers' s")


def cells(row: Row) -> tuple[str, ...]:
    """Return one program's line of the table."""
    if row.error:
        return (row.label, row.error, "", "", "", "", "")
    scale = 1024 if row.goal.figure == "memory" else 1
    medians = [
        statistics.median(figures) / scale if (figures := row.figures(who)) else None
        for who in ("stinkarm", "qemu", "native")
    ]
    return (row.label, *map(shown, medians), shown(row.speed()), shown(row.native()), shown(row.workers()))


def verdict(goal: Goal, rows: list[Row]) -> tuple[str, str, bool | None]:
    """Return what was measured for a goal, what is missed, and whether it is reached (None: there is no goal)."""
    measured = [row for row in rows if not row.error]
    missed = [f"{row.label} does not run" for row in rows if row.error]
    if not measured:
        return "–", "; ".join(missed), False if missed else None
    speeds = {row.label: row.speed() for row in measured}
    average = mean(list(speeds.values()))
    slowest = min(speeds, key=speeds.__getitem__)
    words = f"{shown(average)}x" + (f" (least: {slowest} {shown(speeds[slowest])}x)" if len(speeds) > 1 else "")
    natives = [native for row in measured if (native := row.native()) is not None]
    if natives:
        words += f", {shown(mean(natives))}x native time"
    if goal.average and average < goal.average:
        missed.append(f"mean {shown(average)}x")
    low = [label for label, speed in speeds.items() if speed < goal.each]
    if low:
        missed.append(
            f"{', '.join(low)} below {goal.each:g}x"
            if len(low) < 4
            else f"{len(low)} of {len(speeds)} below {goal.each:g}x"
        )
    for name, least in goal.at_least:
        missed += [f"{row.label} {shown(row.speed())}x" for row in measured if row.name == name and row.speed() < least]
    if goal.native and natives and mean(natives) > goal.native:
        missed.append(f"{shown(mean(natives))}x native time")
    return words, "; ".join(missed), None if goal.wording() == "–" else not missed


def table(lines: list[tuple[str, ...]]) -> str:
    """Return a Markdown table; the first line is the heading."""
    head, *body = [f"| {' | '.join(line)} |" for line in lines]
    return "\n".join([head, "|" + "---|" * len(lines[0]), *body])


def summary(goals: list[tuple[Goal, list[Row]]]) -> str:
    """Return the table of the goals."""
    lines: list[tuple[str, ...]] = [("class", "goal", "measured", "reached", "missed by")]
    for goal, rows in goals:
        words, missed, reached = verdict(goal, rows)
        mark = {True: "yes", False: "no", None: "–"}[reached]
        lines.append((goal.title, goal.wording(), words, mark, missed))
    return table(lines)


def page(goals: list[tuple[Goal, list[Row]]], facts: list[str]) -> str:
    """Return the results page."""
    parts = ["# Measured beside qemu-arm and native code", *facts, summary(goals), "![The speeds](speeds.svg)"]
    for goal, rows in goals:
        parts += [f"## {goal.title[0].upper()}{goal.title[1:]}", f"{UNITS[goal.figure]}; goal: {goal.wording()}"]
        parts.append(table([HEADING, *map(cells, rows)]))
    return "\n\n".join(parts) + "\n"
