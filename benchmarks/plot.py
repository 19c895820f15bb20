"""The plot of the results: one bar a program, one colour a class."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.report import Row
from benchmarks.suite import Goal


def draw(goals: list[tuple[Goal, list[Row]]], path: Path) -> None:
    """Draw the speeds relative to qemu-arm's, on a logarithmic scale."""
    try:
        import matplotlib
    except ImportError:
        sys.exit("the plot needs matplotlib: pip install -e '.[bench]'")
    matplotlib.use("agg")
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "stinkarm", "font.size": 8})
    from matplotlib import pyplot

    bars = [(index, row) for index, (_, rows) in enumerate(goals) for row in rows if not row.error]
    figure, axes = pyplot.subplots(figsize=(8, 1 + 0.16 * (len(bars) + len(goals))), layout="constrained")
    colours = pyplot.get_cmap("tab20").colors
    positions, labels, place = [], [], 0.0
    for index, (goal, rows) in enumerate(goals):
        measured = [row for row in rows if not row.error]
        places = [place + offset for offset in range(len(measured))]
        axes.barh(places, [row.speed() - 1 for row in measured], left=1, color=colours[index], label=goal.title)
        if goal.average and places:
            axes.plot([goal.average] * 2, [places[0] - 0.5, places[-1] + 0.5], color="black", linewidth=1)
        positions += places
        labels += [row.label for row in measured]
        place += len(measured) + 1
    axes.axvline(1, color="black", linewidth=0.5)
    axes.set_xscale("log")
    axes.set_yticks(positions, labels)
    axes.set_ylim(place, -1)
    axes.set_xlabel("times qemu-arm's speed (black lines: goals for the mean of the class)")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.legend(loc="lower right", fontsize=7)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
