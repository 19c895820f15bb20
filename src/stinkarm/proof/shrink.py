"""Shrink a difference to one instruction and the state that matters, and print it as a case line."""

from __future__ import annotations

from collections.abc import Callable

from ..guest import stop as stops
from ..isa.decode import decoder
from ..isa.syntax import disassemble
from .outcome import Difference
from .samples import Sample
from .world import CODE, DATA, DATA_SIZE, FLAGS, NAMES, PATTERNS, arbitrary

# Runs a sample with DATA as given; returns the difference, unless there is none or it is a known one.
Check = Callable[[Sample, bytes], Difference | None]
LINE = 64  # bytes of memory that are tried at once, before each word of them
RUNS_THE_CODE = ("pc", "T", "IT", "v8")


class Shrunk:
    """A difference with as little state as it takes: the registers `named`, the words of DATA at `kept`."""

    def __init__(self, difference: Difference, named: set[str], kept: list[int]) -> None:
        self.difference = difference
        self.named = named
        self.kept = kept


def _alone(sample: Sample) -> Sample | None:
    """Return the tested instruction without those around it, at the beginning of CODE."""
    word, length = sample.words[sample.tested]
    decoded = decoder().decode(word, thumb=sample.isa == "T32", length=length, pc=CODE, itstate=0)
    if decoded is None or decoded.encoding is not sample.decoded.encoding:
        return None
    return Sample([(word, length)], decoded, 0, sample.start | {"pc": CODE})


def _with(sample: Sample, values: dict[str, int]) -> Sample:
    return Sample(sample.words, sample.decoded, sample.tested, sample.start | values)


def shrink(difference: Difference, check: Check) -> Shrunk:
    """Leave out what the difference does not need. `check` must find the difference as it is."""
    sample, data = difference.sample, difference.before
    alone = _alone(sample)
    if alone is not None and check(alone, data):
        sample = alone
    fills = [arbitrary(fill) for fill in (0, 1)]
    named = {name for name in NAMES if name not in RUNS_THE_CODE}
    for name in sorted(named):
        if all(check(_with(sample, {name: fill[name]}), data) for fill in fills):
            named.discard(name)
            sample = _with(sample, {name: fills[0][name]})
    kept = list(range(0, DATA_SIZE, 4))
    if all(check(sample, pattern) for pattern in PATTERNS):
        kept = []
        data = PATTERNS[0]
    else:
        for size in (LINE, 4):
            for start in sorted({n // size * size for n in kept}):
                tries = [data[:start] + p[start : start + size] + data[start + size :] for p in PATTERNS]
                if all(check(sample, one) for one in tries):
                    kept = [n for n in kept if not start <= n < start + size]
                    data = tries[0]
    last = check(sample, data)
    return Shrunk(last or difference, named, kept)


def _before(shrunk: Shrunk) -> list[str]:
    start = shrunk.difference.sample.start
    flags = [name for name in FLAGS[:4] if name in shrunk.named]
    items = [f"{n}={start[n]:#x}" for n in NAMES if n in shrunk.named and n not in FLAGS[:4]]
    if len(flags) == 4:
        items.append("NZCV=" + "".join(str(start[name]) for name in flags))
    else:
        items += [f"{name}={start[name]}" for name in flags]
    if start["pc"] != CODE:
        items.append(f"pc={start['pc']:#x}")
    data = shrunk.difference.before
    items += [f"[{DATA + n:#x}]={int.from_bytes(data[n : n + 4], 'little'):08x}" for n in shrunk.kept]
    return items


def _after(difference: Difference) -> list[str]:
    """Say what the oracle says: what has changed, and how the run ended."""
    start, state, stop = difference.sample.start, difference.theirs, difference.their_stop
    kind = stop["kind"]
    moved = 0 if kind not in (stops.BUDGET, stops.SYSCALL) else sum(n for _, n in difference.sample.words)
    want = start | {"pc": start["pc"] + moved & 0xFFFFFFFF}
    changed = [name for name in NAMES if state[name] != want[name]]
    items = [f"{name}={state[name]:#x}" for name in changed if name not in FLAGS[:4]]
    if set(changed) & set(FLAGS[:4]):
        items.append("NZCV=" + "".join(str(state[name]) for name in FLAGS[:4]))
    before, after = difference.before, difference.after
    items += [f"[{DATA + n:#x}]={after[n]:02x}" for n in range(len(after)) if before[n] != after[n]]
    if kind in (stops.FAULT, stops.ALIGNMENT) and "address" in stop:
        items.append(f"{stops.NAMES[kind]}={stop['address']:#x}" + (" write=1" if stop.get("write") else ""))
    elif kind != stops.BUDGET:
        items.append(f"stop={stops.NAMES[kind]}")
    return items


def _side(who: str, stop: dict[str, int], state: dict[str, int], names: frozenset[str]) -> str:
    ended = stops.NAMES[stop["kind"]] + "".join(f" {key}={value:#x}" for key, value in stop.items() if key != "kind")
    told = " ".join(f"{name}={state[name]:#x}" for name in sorted(names))
    return f"    {who}: {ended}; {told}".rstrip("; ")


def describe(shrunk: Shrunk, engine: str) -> str:
    """Return a difference as a case line (the state after is the oracle's) and what each side says."""
    difference = shrunk.difference
    sample = difference.sample
    texts, pc = [], sample.start["pc"]
    for word, length in sample.words:
        texts.append(" ".join(disassemble(word, length, sample.isa == "T32", pc).split()))
        pc += length
    words = "+".join(f"{word:0{2 * length}x}" for word, length in sample.words)
    line = f"{sample.isa} {words} {'; '.join(texts)} | {' '.join(_before(shrunk))} => {' '.join(_after(difference))}"
    lines = [
        " ".join(line.split()),
        f"    {sample.decoded.encoding!r}: {sample.decoded.encoding.pattern.text}",
        _side(engine, difference.our_stop, difference.ours, difference.names),
        _side(difference.oracle, difference.their_stop, difference.theirs, difference.names),
    ]
    if difference.changed:
        some = " ".join(f"[{at:#x}] {ours:02x}/{theirs:02x}" for at, ours, theirs in difference.changed[:16])
        lines.append(f"    memory: {some}")
    return "\n".join(lines)
