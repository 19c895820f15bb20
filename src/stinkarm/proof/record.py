"""How often each encoding has been compared: the file that docs/instruction-set.md takes its numbers from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from ..isa.declare import ENCODINGS

HEAD = """\
# Random words compared, by encoding: `stinkarm-fuzz --record` adds to it.
# kind=count, where kind is engine/oracle, or objdump (`python -m tests.isa.test_objdump`)."""


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


def add(path: Path, more: Mapping[str, Mapping[str, int]]) -> None:
    """Add counts to those of a file: by kind, by encoding id."""
    counts = read(path)
    for kind, judged in more.items():
        for name, count in judged.items():
            counts.setdefault(name, Counter())[kind] += count
    write(path, counts)
