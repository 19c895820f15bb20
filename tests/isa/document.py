"""Write docs/instruction-set.md: `python -m tests.isa.document`.

From the declarations, the case files, and fuzzed.txt, which `stinkarm-fuzz --record tests/isa/fuzzed.txt` and
`python -m tests.isa.test_objdump 200 1 tests/isa/fuzzed.txt` add to.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path

from stinkarm.isa.declare import A32, ENCODINGS, INSTRUCTIONS, V8, Encoding, Instruction
from stinkarm.isa.decode import decoder
from stinkarm.proof import record
from stinkarm.proof.divergences import DIVERGENCES
from stinkarm.proof.fuzz import family_of
from stinkarm.proof.world import engine_names

from .case import read_cases

HERE = Path(__file__).parent
RECORD = HERE / "fuzzed.txt"
PAGE = HERE.parents[1] / "docs" / "instruction-set.md"
LEAST = 20

# No word of theirs can be compared: in User mode they are UNPREDICTABLE whatever their operands are.
PRIVILEGED = {"eret", "ldm_privileged", "stm_privileged", "rfe", "srs", "subs_pc_lr"}

KINDS = (
    ("interpreter/unicorn", "Unicorn, interpreter"),
    ("reference/unicorn", "Unicorn, reference"),
    ("interpreter/qemu", "qemu-arm"),
    ("objdump", "objdump"),
)

HEAD = """\
# Instructions

Made by `python -m tests.isa.document` from the declarations in `src/stinkarm/isa/instructions/`; a test checks that
this page is current.

stinkarm declares {instructions} instructions in {encodings} encodings ({a32} of A32, {t16} of T32 with 16 bits,
{t32} with 32): all that a User mode program has on a Cortex-A15 with VFPv4 and Advanced SIMD, and with `-cpu max`
what ARMv8 adds to A32 and T32. Each is declared once, and runs on every engine: {engines}.

How each is checked:

- **cases**: lines of `tests/isa/cases`, from the manual's edge conditions; every engine runs them, and what a line does
  not name must not change.
- **Unicorn**, **qemu-arm**: random words in random states, with a taste for edges, compared bit for bit: registers,
  flags, FPSCR, memory, faults. The columns tell how many, as recorded in `tests/isa/fuzzed.txt`. Every encoding was
  compared with Unicorn on the interpreter at least {least} times, but for {exceptions}.
- **objdump**: random words whose disassembly was compared with binutils'.

{words}

UNPREDICTABLE words are UNDEFINED in stinkarm and are not drawn. What an oracle does otherwise than the manual or within
the freedom that it leaves is listed in `src/stinkarm/proof/divergences.py`, and [below](#known-divergences).
"""


UNDERFLOW = (
    "And one between the engines: compiled code detects underflow after rounding, as the host does. A product or "
    "quotient within half a last place below the smallest normal number rounds up to that in all engines, but only "
    "the others set FPSCR.UFC then ([design](design.md#floating-point))."
)


def _cases() -> tuple[Counter[str], int]:
    """Count the case lines of each encoding (by id), and all."""
    counts: Counter[str] = Counter()
    cases = read_cases()
    for _, case in cases:
        for isa, words in case.code.items():
            found = {decoder().find(word, thumb=isa == "T32", length=length) for word, length in words}
            counts.update(encoding.id for encoding in found if encoding is not None)
    return counts, len(cases)


def _range(numbers: list[int]) -> str:
    """Return the least number and the greatest."""
    low, high = min(numbers), max(numbers)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _encodings(encodings: list[Encoding]) -> str:
    """Name encodings: A32 A1, A2; T32 T1."""
    texts = []
    for isa in sorted({e.isa for e in encodings}):
        names = dict.fromkeys(e.name.partition("_")[0] for e in encodings if e.isa == isa)
        texts.append(f"{isa} {' '.join(names)}")
    return ", ".join(texts)


def _syntax(instruction: Instruction) -> str:
    """Return the assembler syntax, without the template's braces."""
    text = re.sub(r"\{\{|\}\}", lambda m: m[0][0], re.sub(r"(?<!\{)\{(\w+)\}(?!\})", r"<\1>", instruction.syntax))
    return " ".join(text.split()).replace("|", "\\|").replace("<c>", "")


def _family(
    name: str, instructions: list[Instruction], counts: dict[str, Counter[str]], cases: Counter[str]
) -> list[str]:
    lines = [f"### {name}", ""]
    lines += ["| instruction | manual | encodings | cases | " + " | ".join(title for _, title in KINDS) + " |"]
    lines += ["|---|---|---|---:|" + "---:|" * len(KINDS)]
    for one in instructions:
        told = [_range([counts[e.id][kind] for e in one.encodings]) for kind, _ in KINDS]
        extension = " (ARMv8)" if any(e.extension == V8 for e in one.encodings) else ""
        lines.append(
            f"| `{_syntax(one)}` | {one.ref}{extension} | {_encodings(one.encodings)} | "
            f"{sum(cases[e.id] for e in one.encodings)} | {' | '.join(told)} |"
        )
    return [*lines, ""]


def too_few(counts: dict[str, Counter[str]]) -> list[str]:
    """Name the encodings that were compared with Unicorn on the interpreter less often than they must be."""
    return [
        f"{e.id} {counts[e.id]['interpreter/unicorn']}"
        for e in ENCODINGS
        if counts[e.id]["interpreter/unicorn"] < LEAST and e.instruction.name not in PRIVILEGED
    ]


def document() -> str:
    """Give the page."""
    decoder()
    counts = {e.id: Counter[str]() for e in ENCODINGS} | record.read(RECORD)
    cases, lines_of_cases = _cases()
    totals = [f"{sum(counts[e.id][kind] for e in ENCODINGS):,} words with {title}" for kind, title in KINDS]
    lines = [
        HEAD.format(
            instructions=len(INSTRUCTIONS),
            encodings=len(ENCODINGS),
            a32=sum(e.isa == A32 for e in ENCODINGS),
            t16=sum(e.isa != A32 and e.length == 2 for e in ENCODINGS),
            t32=sum(e.isa != A32 and e.length == 4 for e in ENCODINGS),
            engines=", ".join(engine_names()),
            least=LEAST,
            exceptions="those that are UNPREDICTABLE in User mode (" + ", ".join(sorted(PRIVILEGED)) + ")",
            words=f"In all: {lines_of_cases:,} case lines; " + "; ".join(totals) + ".",
        )
    ]
    families: dict[str, list[Instruction]] = {}
    for one in INSTRUCTIONS.values():
        families.setdefault(family_of(one.encodings[0]), []).append(one)
    lines += ["## Families", "", "| family | instructions | A32 | T32 | cases | the least compared encoding |"]
    lines += ["|---|---:|---:|---:|---:|---|"]
    for name in sorted(families):
        encodings = [e for one in families[name] for e in one.encodings]
        judged = [e for e in encodings if e.instruction.name not in PRIVILEGED]
        least = min(judged, key=lambda e: counts[e.id]["interpreter/unicorn"])
        lines.append(
            f"| [{name}](#{name}) | {len(families[name])} | {sum(e.isa == A32 for e in encodings)} | "
            f"{sum(e.isa != A32 for e in encodings)} | {sum(cases[e.id] for e in encodings)} | "
            f"{least!r}: {counts[least.id]['interpreter/unicorn']} |"
        )
    lines += ["", "## Instructions by family", ""]
    lines += ["An instruction with several encodings has the counts of its least and its most compared one.", ""]
    for name in sorted(families):
        lines += _family(name, families[name], counts, cases)
    lines += ["## Known divergences", "", "| about | oracle | stinkarm | the oracle | why |", "|---|---|---|---|---|"]
    for divergence in DIVERGENCES:
        lines.append(
            f"| {divergence.name} | {', '.join(divergence.oracles)} | {divergence.ours} | {divergence.theirs} | "
            f"{divergence.why} |"
        )
    lines += ["", UNDERFLOW]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the page."""
    PAGE.write_text(document(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
