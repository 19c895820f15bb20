"""Compare random instructions with oracles: registers, flags, pc, instruction set, faults, and memory byte for byte."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from random import Random

from ..guest import stop as stops
from ..isa.declare import ENCODINGS, V8, Encoding
from ..isa.decode import decoder
from .divergences import DIVERGENCES
from .oracle import Unicorn, batch_code
from .outcome import Difference, Oracle, Outcome, compare
from .qemu import Qemu, empty_code, slot_bytes, slot_of
from .samples import SLOT, SLOTS, Sample, is_memory, random_sample
from .world import CODE, CODE_SIZE, DATA, DATA_SIZE, World

ORACLES: dict[str, type[Unicorn | Qemu]] = {"unicorn": Unicorn, "qemu": Qemu}
CPUS = {"a15": 0, "max": 1}


def name_of(encoding: Encoding) -> str:
    """Return what `--only` and divergences match: `name SET encoding`."""
    return f"{encoding.instruction.name} {encoding.isa} {encoding.name}"


def family_of(encoding: Encoding) -> str:
    """Return the module of isa/instructions that declares an encoding."""
    return encoding.instruction.meaning.__module__.rpartition(".")[2]


def explanation(difference: Difference) -> str | None:
    """Name the known divergence that a difference is a case of."""
    encoding = name_of(difference.sample.decoded.encoding)
    for divergence in DIVERGENCES:
        if (
            difference.oracle in divergence.oracles
            and re.search(divergence.encodings, encoding)
            and divergence.applies(difference)
        ):
            return divergence.name
    return None


def play(world: World, samples: Sequence[Sample], data: bytes, *, isolated: bool) -> list[Outcome]:
    """Run samples on an engine, each with `data` in DATA, and together or alone in CODE."""
    outcomes = []
    world.memory.write(DATA, data)
    code = empty_code() if isolated else batch_code(samples)
    world.set_code(CODE, code)
    if not isolated:
        world.prepare((sample.start, len(sample.words)) for sample in samples)
    for sample in samples:
        wanted = code
        if isolated:
            at = slot_of(sample)
            wanted = code[: at - CODE] + slot_bytes(sample) + code[at - CODE + SLOT :]
            world.set_code(at, wanted[at - CODE : at - CODE + SLOT])
        stop, state = world.run(sample.start, len(sample.words))
        told = {"kind": stop.kind}
        if stop.kind in (stops.FAULT, stops.ALIGNMENT):
            told |= {"address": stop.address, "write": int(stop.write)}
        data_now, code_now = world.memory.read(DATA, DATA_SIZE), None
        if data_now != data:
            world.memory.write(DATA, data)
        if is_memory(sample.name):
            code_now = world.memory.read(CODE, CODE_SIZE)
            if code_now != wanted:
                world.set_code(CODE, code)
        if isolated:
            world.set_code(at, code[at - CODE : at - CODE + SLOT])
        outcomes.append(Outcome(told, state, data_now, code_now))
    return outcomes


class Fuzzer:
    """Runs samples on engines and on oracles, side by side.

    `only` is a regular expression over `name SET encoding`; `family` one over modules of isa/instructions; `cpu` runs
    all words on one processor, where otherwise those that ARMv8 adds have `max`. `encodings` narrows them further.
    """

    def __init__(
        self,
        engine: str | Sequence[str],
        seed: int,
        only: str = "",
        *,
        family: str = "",
        oracles: Sequence[str] = ("unicorn",),
        cpu: str | None = None,
    ) -> None:
        decoder()
        self.rng = Random(seed)
        self.cpu = cpu
        self.encodings = [e for e in ENCODINGS if re.search(only, name_of(e)) and re.search(family, family_of(e))]
        if cpu == "a15":
            self.encodings = [e for e in self.encodings if e.extension != V8]
        if not self.encodings:
            raise ValueError(f"no encoding matches {only or family!r}")
        self.oracles: list[Oracle] = [ORACLES[name]() for name in oracles]
        engines = (engine,) if isinstance(engine, str) else tuple(engine)
        self.worlds = {name: World(name) for name in engines}
        self.drawn = 0
        self.judged: dict[str, Counter[str]] = {name: Counter() for name in oracles}  # by encoding id
        self.unjudged: Counter[str] = Counter()  # by oracle
        self.explained: Counter[str] = Counter()  # by divergence
        self.failures: list[tuple[Difference, str]] = []  # with the engine's name

    def close(self) -> None:
        """Give the memory back."""
        for world in self.worlds.values():
            world.close()
        for oracle in self.oracles:
            oracle.close()

    def run(self, words: int, most_failures: int = 20) -> None:
        """Compare `words` samples, the encodings in turn; stop early after `most_failures` unexplained differences."""
        order = list(self.encodings)
        self.rng.shuffle(order)
        turn = empty = 0
        end = self.drawn + words
        while self.drawn < end and len(self.failures) < most_failures:
            batch: list[Sample] = []
            while len(batch) < min(SLOTS, end - self.drawn):
                sample = self._draw(order[turn % len(order)], CODE + len(batch) * SLOT)
                turn += 1
                if sample is not None:
                    batch.append(sample)
                    empty = 0
                elif (empty := empty + 1) == len(order):
                    raise RuntimeError(f"no word of {[e.id for e in order]} can be judged")
            self._run_batch(batch, most_failures)
            self.drawn += len(batch)

    def _draw(self, encoding: Encoding, address: int) -> Sample | None:
        sample = None
        for _ in range(40):
            sample = random_sample(self.rng, encoding, address)
            if sample is not None and sample.decoded.encoding is encoding:
                break
        if sample is not None and self.cpu is not None:
            sample.start["v8"] = CPUS[self.cpu]
        return sample

    def _run_batch(self, batch: list[Sample], most_failures: int) -> None:
        data = self.rng.randbytes(DATA_SIZE)
        for difference, engine in self.differences(batch, data, count=True):
            name = explanation(difference)
            if name is not None:
                self.explained[name] += 1
            elif len(self.failures) < most_failures:
                self.failures.append((difference, engine))

    def differences(self, batch: list[Sample], data: bytes, *, count: bool = False) -> list[tuple[Difference, str]]:
        """Return all differences in a batch of samples, explained or not, with the engine's name."""
        found = []
        played: dict[tuple[str, bool], list[Outcome]] = {}
        for oracle in self.oracles:
            for name, world in self.worlds.items():
                if (name, oracle.isolated) not in played:
                    played[name, oracle.isolated] = play(world, batch, data, isolated=oracle.isolated)
            answers = oracle.run(batch, data, played[next(iter(self.worlds)), oracle.isolated])
            for n, (sample, answer) in enumerate(zip(batch, answers, strict=True)):
                if answer is None:
                    self.unjudged[oracle.name] += count
                    continue
                if count:
                    self.judged[oracle.name][sample.decoded.encoding.id] += 1
                for name in self.worlds:
                    difference = compare(sample, played[name, oracle.isolated][n], answer, oracle.name, data)
                    if difference is not None:
                        found.append((difference, name))
        return found

    def check(self, sample: Sample, data: bytes, difference: Difference, engine: str) -> Difference | None:
        """Run one sample where a difference was found; return its difference now, but not a known one."""
        oracle = next(one for one in self.oracles if one.name == difference.oracle)
        ours = play(self.worlds[engine], [sample], data, isolated=oracle.isolated)
        (answer,) = oracle.run([sample], data, ours)
        if answer is None:
            return None
        found = compare(sample, ours[0], answer, oracle.name, data)
        return found if found is not None and explanation(found) is None else None
