"""What running one sample did, and how two sides differ in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from ..guest import stop as stops
from .samples import Sample, is_vector
from .world import CODE, DATA, DOUBLES, FLAGS, REGISTERS

COMPARED = (*REGISTERS, *FLAGS, "GE", "E", "T", "IT", "tpidrurw")
COMPARED_VECTOR = (*COMPARED, *DOUBLES, "fpscr")
ENDED_BY_FAULT = (stops.FAULT, stops.ALIGNMENT, stops.UNDEFINED, stops.FETCH)


class Outcome(NamedTuple):
    """How the run ended (kind, and what else is known: address, write), the state then, DATA and, if known, CODE."""

    stop: dict[str, int]
    state: dict[str, int]
    data: bytes
    code: bytes | None


class Oracle(Protocol):
    """Somebody else's answer. `name` is what divergences call it; `isolated`: CODE has one sample at a time."""

    name: str
    isolated: bool
    died: list[Sample]  # what it could not be asked about because it ended, or did not end

    def run(self, samples: Sequence[Sample], data: bytes, ours: Sequence[Outcome]) -> list[Outcome | None]:
        """Run each sample with `data` in DATA; None is what it cannot judge. `ours`: what our engine says."""
        ...

    def close(self) -> None:
        """Give up what it holds."""
        ...


class Difference(NamedTuple):
    """What one sample did on both sides. `names` are what differs of the state; `memory`: bytes differ."""

    sample: Sample
    ours: dict[str, int]
    theirs: dict[str, int]
    our_stop: dict[str, int]
    their_stop: dict[str, int]
    names: frozenset[str]
    memory: bool
    oracle: str
    changed: tuple[tuple[int, int, int], ...]  # address, our byte, their byte
    before: bytes  # DATA before
    after: bytes  # and after, on their side


def _untouched(sample: Sample) -> tuple[str, ...]:
    """Name what must be as before when the tested instruction did not complete."""
    if sample.tested == 0:
        return COMPARED
    # Loads exclusive before it wrote r4 and r5; IT and its block moved pc and ITSTATE.
    return tuple(name for name in COMPARED if name not in ("r4", "r5", "pc", "IT"))


def compare(sample: Sample, ours: Outcome, theirs: Outcome, oracle: str, before: bytes) -> Difference | None:
    """Return how two outcomes differ, or None."""
    names = COMPARED_VECTOR if is_vector(sample.name) else COMPARED
    # Not every oracle tells the address of a fault, or whether it was a write.
    our_stop = {key: value for key, value in ours.stop.items() if key in theirs.stop}
    differ = frozenset(name for name in names if ours.state[name] != theirs.state[name])
    if theirs.stop == our_stop and our_stop["kind"] in ENDED_BY_FAULT:
        # What an aborted instruction has done to its registers by then is nobody's business but ours: nothing.
        differ = frozenset(name for name in _untouched(sample) if ours.state[name] != sample.start[name])
    changed: list[tuple[int, int, int]] = []
    for start, a, b in ((DATA, ours.data, theirs.data), (CODE, ours.code, theirs.code)):
        if a is not None and b is not None and a != b:
            changed += [(start + n, a[n], b[n]) for n in range(len(a)) if a[n] != b[n]]
    if theirs.stop == our_stop and not differ and not changed:
        return None
    return Difference(
        *(sample, ours.state, theirs.state, our_stop, theirs.stop, differ, bool(changed), oracle, tuple(changed)),
        *(before, theirs.data),
    )
