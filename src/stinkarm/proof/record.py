"""How often each encoding has been compared: the file that docs/instruction-set.md takes its numbers from."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from ..isa.declare import ENCODINGS

if TYPE_CHECKING:
    from .fuzz import Fuzzer

HEAD = "# Random words compared, by encoding: `stinkarm-fuzz --record` adds to it. engine/oracle=count"


def read(path: Path) -> dict[str, Counter[str]]:
    """Return the counts of each encoding id, by `engine/oracle`."""
    counts: dict[str, Counter[str]] = {}
    if path.exists():
        for line in path.read_text(encoding="ascii").splitlines():
            if line and not line.startswith("#"):
                name, *items = line.split()
                counts[name] = Counter({kind: int(count) for kind, count in (item.split("=") for item in items)})
    return counts


def write(path: Path, counts: dict[str, Counter[str]]) -> None:
    """Write the counts of all encodings that are declared; those of others are dropped."""
    lines = [HEAD]
    for encoding in sorted(ENCODINGS, key=lambda e: e.id):
        found = counts.get(encoding.id, Counter())
        lines.append(" ".join([encoding.id, *(f"{kind}={found[kind]}" for kind in sorted(found) if found[kind])]))
    path.write_text("\n".join(lines) + "\n", encoding="ascii")


def add(path: Path, fuzzer: Fuzzer) -> None:
    """Add what a fuzzer has compared to a file."""
    counts = read(path)
    for oracle, judged in fuzzer.judged.items():
        for engine in fuzzer.worlds:
            for name, count in judged.items():
                counts.setdefault(name, Counter())[f"{engine}/{oracle}"] += count
    write(path, counts)
