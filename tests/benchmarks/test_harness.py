"""The benchmarks' own arithmetic, and what they count."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.report import Row, merged, packed, unpacked, verdict
from benchmarks.suite import BENCHMARKS, GOALS, Goal

ROOT = Path(__file__).resolve().parent.parent.parent
BURN = "import time\nend = time.process_time() + {}\nwhile time.process_time() < end: pass\n"


def row(goal: Goal, name: str, *pairs: tuple[float, float]) -> Row:
    """Make the runs of a program: (stinkarm's, qemu-arm's) processor seconds."""
    runs = [{"stinkarm": [ours, 9.0, 0.0, 0], "qemu": [theirs, 9.0, 0.0, 0]} for ours, theirs in pairs]
    return Row(goal, name, "armhf", runs)


def test_speed_is_the_median_of_the_ratios_run_by_run() -> None:
    goal = Goal("x", "x", ("x",))
    assert row(goal, "p", (1, 3), (2, 2), (10, 50)).speed() == 3


def test_verdict() -> None:
    goal = Goal("x", "x", ("x",), average=1.5, each=1)
    words, missed, reached = verdict(goal, [row(goal, "p", (1, 2)), row(goal, "q", (2, 16))])
    assert (words, missed, reached) == ("4x (least: p 2x)", "", True)
    words, missed, reached = verdict(goal, [row(goal, "p", (2, 1)), row(goal, "q", (2, 16))])
    assert (words, missed, reached) == ("2x (least: p 0.500x)", "p below 1x", False)
    words, missed, reached = verdict(goal, [row(goal, "p", (1, 2)), Row(goal, "q", "armhf", [], "fails")])
    assert (missed, reached) == ("q does not run", False)


def test_every_program_is_in_a_goal() -> None:
    groups = {group for goal in GOALS for group in goal.groups}
    assert {benchmark.group for benchmark in BENCHMARKS} == groups
    assert len({benchmark.name for benchmark in BENCHMARKS}) == len(BENCHMARKS)


def measured(words: list[str], **options: float) -> dict[str, Any]:
    """Measure a command in a process of its own, as `measure` waits for all children there are."""
    code = (
        "import dataclasses, sys\n"
        "from benchmarks.measure import adopt_orphans, measure\n"
        "adopt_orphans()\n"
        f"run = measure({words!r}, {{'PATH': '/usr/bin:/bin'}}, None, **{options!r})\n"
        "print(dataclasses.asdict(run))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    result = ast.literal_eval(done.stdout)
    assert isinstance(result, dict)
    return result


def test_own_and_other_processes_are_counted_apart() -> None:
    child = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {BURN.format(0.3)!r}])\n"
    orphan = f"subprocess.Popen([sys.executable, '-c', {BURN.format(0.3)!r}])\n"
    words = [sys.executable, "-c", BURN.format(0.5) + child + orphan + "print('out')"]
    run = measured(words, limit=100, patience=100, watch_memory=True)
    assert (run["status"], run["output"], run["errors"]) == (0, b"out\n", b"")
    assert 0.45 < run["processor"] < 0.9
    assert 0.55 < run["workers"] < 1.2
    assert 1000 < run["memory"] < 100_000


def test_patience_with_what_is_left_behind_ends() -> None:
    run = measured(["sh", "-c", "sleep 100 & exit 3"], limit=100, patience=0.2)
    assert run["status"] == 3 and run["workers"] < 1


def test_results_are_kept_and_replaced_by_program() -> None:
    goal, other = GOALS[0], GOALS[1]
    old = [Row(goal, "crc", "a32", [{"stinkarm": [1, 1, 0, 0], "qemu": [2, 2, 0, 0]}]), Row(other, "lua", "armhf")]
    new = [Row(goal, "crc", "a32", [{"stinkarm": [1, 1, 0, 0], "qemu": [4, 4, 0, 0]}]), Row(goal, "fib", "t32")]
    result = merged(unpacked(packed(old)), new)
    assert [(g.name, [row.label for row in rows]) for g, rows in result] == [
        ("integer", ["crc, A32", "fib, T32"]),
        ("real", ["lua"]),
    ]
    assert result[0][1][0].speed() == 4
