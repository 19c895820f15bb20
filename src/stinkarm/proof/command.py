"""The command `stinkarm-fuzz`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .world import ENGINES

if TYPE_CHECKING:
    from .fuzz import Fuzzer
    from .outcome import Difference

EPILOG = """\
Each difference that stinkarm/proof/divergences.py does not explain is printed as a line for tests/isa/cases, with no
more state than it takes; the state after => is the oracle's. The Arm manual decides who is right. The exit status
is 1 when there are differences, 2 when something is missing.
"""


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="stinkarm-fuzz",
        description="Run random ARM instructions on stinkarm's engines and on independent oracles, and compare.",
        epilog=EPILOG,
    )
    parser.add_argument("-w", "--words", type=int, default=100_000, help="how many instructions (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same words (%(default)s)")
    parser.add_argument("--engine", action="append", choices=tuple(ENGINES), help="repeatable (interpreter)")
    parser.add_argument("--oracle", action="append", choices=("unicorn", "qemu"), help="repeatable (unicorn)")
    parser.add_argument("--cpu", choices=("a15", "max"), help="one processor for all (max for words of ARMv8)")
    parser.add_argument("--only", default="", metavar="REGEX", help="of `name SET encoding`, such as '^ldr.* T32'")
    parser.add_argument("--family", default="", metavar="REGEX", help="of modules of isa/instructions, such as neon")
    parser.add_argument("--failures", type=int, default=20, metavar="N", help="stop after so many (%(default)s)")
    parser.add_argument("--record", type=Path, metavar="FILE", help="add how often each encoding was compared to FILE")
    return parser.parse_args(arguments)


def tell(fuzzer: Fuzzer, difference: Difference, engine: str) -> str:
    """Return a difference, shrunk, as text."""
    from .shrink import describe, shrink

    return describe(shrink(difference, lambda sample, data: fuzzer.check(sample, data, difference, engine)), engine)


def report(fuzzer: Fuzzer, seconds: float) -> str:
    """Return what was done, in words."""
    lines = [f"{fuzzer.drawn} words on {' and '.join(fuzzer.worlds)} in {seconds:.1f} s"]
    for name, judged in fuzzer.judged.items():
        counts = sorted(judged[e.id] for e in fuzzer.encodings)
        lines.append(
            f"{name}: {sum(counts)} compared, of {sum(map(bool, counts))} encodings (the least {counts[0]} times, "
            f"the median {counts[len(counts) // 2]}), {fuzzer.unjudged[name]} not judged"
        )
    for oracle in fuzzer.oracles:
        for sample in oracle.died:
            words = "+".join(f"{word:0{2 * length}x}" for word, length in sample.words)
            lines.append(f"{oracle.name} had no answer to {sample.isa} {words} ({sample.decoded.encoding!r})")
    texts = ", ".join(f"{known} {count}" for known, count in fuzzer.explained.most_common())
    lines.append(f"{sum(fuzzer.explained.values())} known divergences" + (f": {texts}" if texts else ""))
    lines.append(f"{len(fuzzer.failures)} unexplained differences")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz as the options say."""
    options = parse(arguments)
    try:
        import unicorn  # noqa: F401
    except ImportError:
        print("stinkarm-fuzz: unicorn is not installed; run: pip install 'stinkarm[test]'", file=sys.stderr)
        return 2
    from .fuzz import Fuzzer
    from .qemu import QemuMissing

    try:
        fuzzer = Fuzzer(
            options.engine or ["interpreter"],
            options.seed,
            options.only,
            family=options.family,
            oracles=options.oracle or ["unicorn"],
            cpu=options.cpu,
        )
    except (ValueError, QemuMissing) as error:
        print(f"stinkarm-fuzz: {error}", file=sys.stderr)
        return 2
    began = time.monotonic()
    try:
        fuzzer.run(options.words, options.failures)
    except KeyboardInterrupt:
        print("stinkarm-fuzz: stopped", file=sys.stderr)
    seconds = time.monotonic() - began
    for difference, engine in fuzzer.failures:
        print(tell(fuzzer, difference, engine), flush=True)
    print(report(fuzzer, seconds))
    if options.record:
        from .record import add

        add(options.record, {f"{e}/{o}": judged for o, judged in fuzzer.judged.items() for e in fuzzer.worlds})
    fuzzer.close()
    return 1 if fuzzer.failures else 0


if __name__ == "__main__":
    sys.exit(main())
