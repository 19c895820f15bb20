"""Compare random instructions with Unicorn: registers, flags, pc, instruction set, faults, and memory byte for byte.

    python -m tests.isa.fuzz --words 100000 --engine interpreter --seed 1 [--only REGEX]

Prints each difference that tests/isa/divergences.py does not explain, as a case line that can be tried alone.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import Counter
from random import Random

from stinkarm.guest import stop as stops
from stinkarm.isa.declare import ENCODINGS, Encoding
from stinkarm.isa.decode import decoder
from stinkarm.isa.syntax import disassemble

from .divergences import DIVERGENCES, Difference
from .oracle import FILLER, Oracle, RanOn
from .samples import SLOT, SLOTS, Sample, is_memory, is_vector, random_sample
from .world import CODE, CODE_SIZE, DATA, DATA_SIZE, DOUBLES, FLAGS, REGISTERS, World, code_bytes

COMPARED = (*REGISTERS, *FLAGS, "GE", "E", "T", "IT", "tpidrurw")
COMPARED_VECTOR = (*COMPARED, *DOUBLES, "fpscr")
ENDED_BY_FAULT = (stops.FAULT, stops.ALIGNMENT, stops.UNDEFINED, stops.FETCH)


def name_of(encoding: Encoding) -> str:
    """Return what `--only` and divergences match: `name SET encoding`."""
    return f"{encoding.instruction.name} {encoding.isa} {encoding.name}"


class Fuzzer:
    """Runs samples on one engine and on Unicorn, side by side."""

    def __init__(self, engine: str, seed: int, only: str = "") -> None:
        decoder()
        self.rng = Random(seed)
        self.world = World(engine)
        self.oracle = Oracle()
        self.oracle_v8 = Oracle(v8=True, memory_of=self.oracle)
        self.encodings = [e for e in ENCODINGS if re.search(only, name_of(e))]
        if not self.encodings:
            raise ValueError(f"no encoding matches {only!r}")
        self.words: Counter[str] = Counter()  # by encoding
        self.unjudged = 0
        self.explained: Counter[str] = Counter()  # by divergence
        self.failures: list[tuple[Difference, str]] = []

    def close(self) -> None:
        """Give the memory back."""
        self.world.close()

    def _forget_code(self) -> None:
        self.oracle.forget_code()
        self.oracle_v8.forget_code()

    def run(self, words: int, most_failures: int = 20) -> None:
        """Compare `words` samples, the encodings in turn; stop early after `most_failures` unexplained differences."""
        order = list(self.encodings)
        self.rng.shuffle(order)
        turn = empty = 0
        while sum(self.words.values()) < words and len(self.failures) < most_failures:
            count = min(SLOTS, words - sum(self.words.values()))
            batch: list[Sample] = []
            while len(batch) < count:
                sample = self._draw(order[turn % len(order)], CODE + len(batch) * SLOT)
                turn += 1
                if sample is not None:
                    batch.append(sample)
                    empty = 0
                elif (empty := empty + 1) == len(order):
                    raise RuntimeError(f"no word of {[e.id for e in order]} can be judged")
            judged = sum(self.words.values())
            self._run_batch(batch, most_failures)
            if sum(self.words.values()) == judged:
                raise RuntimeError(f"not one of {len(batch)} words could be judged: nothing here runs yet")

    def _draw(self, encoding: Encoding, address: int) -> Sample | None:
        for _ in range(40):
            sample = random_sample(self.rng, encoding, address)
            if sample is not None and sample.decoded.encoding is encoding:
                return sample
        return sample

    def _run_batch(self, batch: list[Sample], most_failures: int) -> None:
        code = bytearray()
        for sample in batch:
            thumb = sample.isa == "T32"
            one = code_bytes(sample.words, thumb)
            one += FILLER[thumb][: -len(one) % 4]
            code += (one + FILLER[thumb] * (SLOT // 4))[:SLOT]
        code += bytes(CODE_SIZE - len(code))
        self.world.set_code(CODE, bytes(code))
        self.oracle.memory[CODE][:] = bytes(code)
        self._forget_code()
        data = self.rng.randbytes(DATA_SIZE)
        self.world.memory.write(DATA, data)
        self.oracle.memory[DATA][:] = data
        for sample in batch:
            agreed = self._run_sample(sample)
            if len(self.failures) >= most_failures:
                return
            if is_memory(sample.name):
                self._judge_code(sample, bytes(code), agreed)

    def _judge_code(self, sample: Sample, code: bytes, agreed: bool) -> None:
        """Compare the code, which a sample may have stored to, and put it right for the later samples."""
        ours, theirs = self.world.memory.read(CODE, CODE_SIZE), bytes(self.oracle.memory[CODE])
        if ours != theirs and agreed:
            at = next(n for n in range(CODE_SIZE) if ours[n] != theirs[n])
            raise RuntimeError(f"{sample.decoded.encoding!r} {sample.words} stored differently at {CODE + at:#x}")
        if ours != code or theirs != code:
            self.world.set_code(CODE, code)
            self.oracle.memory[CODE][:] = code
            self._forget_code()

    def _run_sample(self, sample: Sample) -> bool:
        """Run a sample on both sides; say whether they agree (or the sample cannot be judged)."""
        stop, ours = self.world.run(sample.start, len(sample.words))
        our_stop = {"kind": stop.kind}
        if stop.kind in (stops.FAULT, stops.ALIGNMENT):
            our_stop |= {"address": stop.address, "write": int(stop.write)}
        vector = is_vector(sample.name)
        try:
            oracle = self.oracle_v8 if sample.start["v8"] else self.oracle
            their_stop, theirs = oracle.run(sample.start, sample.words, vector=vector)
        except RanOn:
            self.unjudged += 1
            self.oracle.memory[DATA][:] = self.world.memory.read(DATA, DATA_SIZE)
            return True
        self.words[sample.decoded.encoding.id] += 1
        if their_stop["kind"] == stops.ALIGNMENT:
            # Unicorn does not tell the address.
            our_stop = {"kind": stop.kind}
        memory = self.world.memory.read(DATA, DATA_SIZE) != self.oracle.memory[DATA]
        names = frozenset(name for name in (COMPARED_VECTOR if vector else COMPARED) if ours[name] != theirs[name])
        if their_stop == our_stop and stop.kind in ENDED_BY_FAULT:
            # What an aborted instruction has done to its registers by then is nobody's business but ours: nothing.
            names = frozenset(name for name in self._untouched(sample) if ours[name] != sample.start[name])
        agreed = their_stop == our_stop and not names and not memory
        if not agreed:
            self._judge(Difference(sample, ours, theirs, our_stop, their_stop, names, memory))
        if memory:
            self.world.memory.write(DATA, bytes(self.oracle.memory[DATA]))
        return agreed

    @staticmethod
    def _untouched(sample: Sample) -> tuple[str, ...]:
        """Name what must be as before when the tested instruction did not complete."""
        if sample.tested == 0:
            return COMPARED
        # Loads exclusive before it wrote r4 and r5; IT and its block moved pc and ITSTATE.
        return tuple(name for name in COMPARED if name not in ("r4", "r5", "pc", "IT"))

    def _judge(self, difference: Difference) -> None:
        encoding = name_of(difference.sample.decoded.encoding)
        for divergence in DIVERGENCES:
            if re.search(divergence.encodings, encoding) and divergence.applies(difference):
                self.explained[divergence.name] += 1
                return
        self.failures.append((difference, self.describe(difference)))

    def describe(self, difference: Difference) -> str:
        """Return a difference as a case line (the state after is Unicorn's) and what each side says."""
        sample = difference.sample
        thumb = sample.isa == "T32"
        words = "+".join(f"{word:0{2 * length}x}" for word, length in sample.words)
        start = sample.start
        texts, pc = [], start["pc"]
        for word, length in sample.words:
            texts.append(" ".join(disassemble(word, length, thumb, pc).split()))
            pc += length
        registers = [name for name in REGISTERS if name != "pc" or start["pc"] != CODE]
        before = [f"{name}={start[name]:#x}" for name in registers]
        before += ["NZCV=" + "".join(str(start[name]) for name in "NZCV"), f"Q={start['Q']}", f"GE={start['GE']:#x}"]
        before += [f"{name}={start[name]}" for name in ("E", "v8") if start[name]]
        if is_vector(sample.name):
            before += [f"{name}={start[name]:#x}" for name in ("fpscr", *DOUBLES[:8])]
        after = [f"{name}={difference.theirs[name]:#x}" for name in COMPARED if difference.theirs[name] != start[name]]
        lines = [f"{sample.isa} {words} {'; '.join(texts)} | {' '.join(before)} => {' '.join(after)}"]
        lines.append(f"    {sample.decoded.encoding!r}: {sample.decoded.encoding.pattern.text}")
        for who, stop, state in (
            ("stinkarm", difference.our_stop, difference.ours),
            ("unicorn", difference.their_stop, difference.theirs),
        ):
            told = " ".join(f"{name}={state[name]:#x}" for name in sorted(difference.names))
            ended = stops.NAMES[stop["kind"]] + "".join(
                f" {key}={value:#x}" for key, value in stop.items() if key != "kind"
            )
            lines.append(f"    {who}: {ended}; {told}")
        if difference.memory:
            ours = self.world.memory.read(DATA, DATA_SIZE)
            theirs = bytes(self.oracle.memory[DATA])
            at = [n for n in range(DATA_SIZE) if ours[n] != theirs[n]][:16]
            lines.append("    memory: " + " ".join(f"[{DATA + n:#x}] {ours[n]:02x}/{theirs[n]:02x}" for n in at))
        return "\n".join(lines)


def main() -> int:
    """Fuzz as the options say."""
    parser = argparse.ArgumentParser(prog="python -m tests.isa.fuzz", description="Compare random words with Unicorn.")
    parser.add_argument("--words", type=int, default=100_000)
    parser.add_argument("--engine", choices=("reference", "interpreter"), default="interpreter")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--only", default="", help="a regular expression over `name SET encoding`, such as '^ldr.* T32'"
    )
    parser.add_argument("--failures", type=int, default=20, help="stop after so many differences")
    options = parser.parse_args()
    fuzzer = Fuzzer(options.engine, options.seed, options.only)
    began = time.monotonic()
    fuzzer.run(options.words, options.failures)
    seconds = time.monotonic() - began
    for _, text in fuzzer.failures:
        print(text)
    total = sum(fuzzer.words.values())
    print(f"{total} words of {len(fuzzer.words)} encodings on {options.engine} in {seconds:.1f} s, ", end="")
    print(f"{fuzzer.unjudged} not judged, {len(fuzzer.failures)} unexplained differences")
    print(f"explained: {dict(fuzzer.explained)}")
    return 1 if fuzzer.failures else 0


if __name__ == "__main__":
    sys.exit(main())
