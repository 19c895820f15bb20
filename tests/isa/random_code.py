"""Run pages of random bytes as code: nothing may crash, hang, or write where the guest may not.

    python -m tests.isa.random_code --pages 2500 --set A32 --seed 1 [--compare | --step]

A page runs with a budget; after each stop it goes on at the next instruction, so that much of the page is reached.
With `--compare` the reference engine runs the same and must stop, and leave registers and memory, the same way; with
`--step` a second interpreter must, that runs a few instructions at a time.
"""

from __future__ import annotations

import argparse
import sys
from random import Random

from stinkarm.guest import stop as stops
from stinkarm.guest.state import OFFSETS
from stinkarm.guest.stop import Stop
from stinkarm.isa.declare import ENCODINGS
from stinkarm.isa.decode import decoder, is_wide
from stinkarm.proof.samples import random_address, random_double, random_number, random_word
from stinkarm.proof.world import (
    CODE,
    CODE_SIZE,
    DATA,
    DATA_SIZE,
    NAMES,
    READ_ONLY,
    READ_ONLY_SIZE,
    REGISTERS,
    World,
    advance_it,
    code_bytes,
)

PAGE = 4096
BUDGET = 400
RUNS = 16  # a page
_BUDGET = OFFSETS["budget"] // 8


class Harm(Exception):
    """Random code did what no code may do."""


def random_page(rng: Random, thumb: bool, *, plain: bool) -> bytes:
    """Return a page of code: random bytes, in A32 mostly with the condition AL so that they do something.

    Every other page is one of declared instructions. `plain`: without IT.
    """
    if rng.random() < 0.5:
        return _page_of_instructions(rng, thumb, plain)
    page = bytearray(rng.randbytes(PAGE))
    if not thumb and rng.random() < 0.8:
        for at in range(3, PAGE, 4):
            if rng.random() < 0.9:
                page[at] = page[at] & 0xF | 0xE0
    if thumb and plain:
        # A branch into an IT block is UNPREDICTABLE, and the engines do differ there: so have no IT.
        for at in range(1, PAGE, 2):
            if page[at] == 0xBF:
                page[at] = 0xBE
    return bytes(page)


def _page_of_instructions(rng: Random, thumb: bool, plain: bool) -> bytes:
    choice = [e for e in ENCODINGS if e.thumb == thumb and not (plain and e.instruction.name == "it")]
    page = b""
    while len(page) < PAGE:
        encoding = rng.choice(choice)
        page += code_bytes([(random_word(rng, encoding), encoding.length)], thumb)
    return page[:PAGE]


def random_start(rng: Random, thumb: bool) -> dict[str, int]:
    """Return the registers to begin with: most point to data."""
    values = dict.fromkeys(NAMES, 0)
    for name in REGISTERS:
        values[name] = random_address(rng) if rng.random() < 0.6 else random_number(rng)
    for n in range(32):
        values[f"d{n}"] = random_double(rng)
    return values | {"pc": CODE, "T": int(thumb), "GE": rng.getrandbits(4)}


class Runner:
    """One engine and its memory, ready for page after page."""

    def __init__(self, engine: str, step: Random | None = None) -> None:
        self.world = World(engine)
        self.step = step

    def prepare(self, code: bytes, data: bytes) -> None:
        """Lay out memory: the page, which cannot be written, and the data."""
        memory = self.world.memory
        memory.protect(CODE, CODE_SIZE, 7)
        self.world.set_code(CODE, code)
        memory.protect(CODE, CODE_SIZE, 3)
        memory.protect(CODE, PAGE, 5)
        memory.write(DATA, data)

    def run(self, values: dict[str, int]) -> tuple[Stop, dict[str, int]]:
        """Run until a stop; check what the stop says."""
        stop, after = self.world.run(values, BUDGET) if self.step is None else self._run_in_steps(values, self.step)
        left = self.left
        if stop.kind not in stops.NAMES or stop.pc != after["pc"]:
            raise Harm(f"{stop!r} of kind {stop.kind} with pc {after['pc']:#x}")
        if (stop.kind == stops.BUDGET) != (left == 0) and stop.kind != stops.SYSCALL:
            raise Harm(f"{stop!r} with {left} of {BUDGET} instructions left")
        if stop.kind == stops.FAULT and self._allowed(stop):
            raise Harm(f"{stop!r} at {stop.address:#x}, which is mapped")
        return stop, after

    @property
    def left(self) -> int:
        """The instructions of the budget that were not used."""
        return self.world.state.signed[_BUDGET]

    def _run_in_steps(self, values: dict[str, int], rng: Random) -> tuple[Stop, dict[str, int]]:
        left = BUDGET
        while True:
            count = min(left, rng.randrange(1, 5))
            stop, values = self.world.run(values, count)
            left -= count - self.left
            if stop.kind != stops.BUDGET or left == 0:
                self.world.state.signed[_BUDGET] = left
                return stop, values

    @staticmethod
    def _allowed(stop: Stop) -> bool:
        address = stop.address
        if DATA <= address <= DATA + DATA_SIZE - 16:
            return True
        return not stop.write and CODE <= address <= CODE + CODE_SIZE - 16

    def check(self, code: bytes) -> None:
        """Refuse changes where nothing may be written."""
        if self.world.memory.read(CODE, PAGE) != code or any(self.world.memory.read(READ_ONLY, READ_ONLY_SIZE)):
            raise Harm("memory that may not be written has changed")


def go_on(stop: Stop, after: dict[str, int], code: bytes) -> dict[str, int] | None:
    """Return the state to go on with after a stop: at the next instruction, or back in the page."""
    values = dict(after)
    at = stop.pc - CODE
    if not 0 <= at < PAGE - 4:
        # It left the page: come back somewhere in the middle, in the same instruction set.
        return None
    if stop.kind not in (stops.BUDGET, stops.SYSCALL):
        first = int.from_bytes(code[at : at + 2], "little")
        values["pc"] += 4 if not values["T"] or is_wide(first) else 2
        values["IT"] = advance_it(values["IT"])
    return values


def run_page(rng: Random, runners: list[Runner], thumb: bool) -> dict[int, int]:
    """Run one page on each engine; return how often each kind of stop came."""
    code = random_page(rng, thumb, plain=len(runners) > 1 and runners[1].step is None)
    data = rng.randbytes(DATA_SIZE)
    for runner in runners:
        runner.prepare(code, data)
    values: dict[str, int] | None = random_start(rng, thumb)
    counts: dict[int, int] = {}
    for _ in range(RUNS):
        if values is None:
            values = random_start(rng, thumb) | {"pc": CODE + rng.randrange(0, PAGE - 64) & (-2 if thumb else -4)}
        results = [runner.run(values) for runner in runners]
        stop, after = results[0]
        if len(results) > 1:
            compare(runners, values, results)
        counts[stop.kind] = counts.get(stop.kind, 0) + 1
        for runner in runners:
            runner.check(code)
        values = go_on(stop, after, code)
    return counts


def stop_of(stop: Stop) -> dict[str, int]:
    """Return what a stop of its kind says."""
    told = {"kind": stop.kind, "pc": stop.pc}
    if stop.kind in (stops.FAULT, stops.ALIGNMENT):
        # Of several words that one instruction loads, either engine may tell another one of the refused page.
        told |= {"page": stop.address & -PAGE, "write": int(stop.write)}
    if stop.kind == stops.FAULT:
        told["signal"] = stop.signal
    if stop.kind in (stops.SYSCALL, stops.BREAKPOINT):
        told["detail"] = stop.detail
    return told


LONGEST_STORE = 128  # bytes: VSTM of sixteen doublewords


def compare(runners: list[Runner], start: dict[str, int], results: list[tuple[Stop, dict[str, int]]]) -> None:
    """Raise Harm where the two engines differ."""
    (a, after_a), (b, after_b) = results
    told = [stop_of(stop) for stop in (a, b)]
    left = [runner.left for runner in runners]
    names = [name for name in NAMES if after_a[name] != after_b[name]]
    data = [runner.world.memory.read(DATA, DATA_SIZE) for runner in runners]
    if a.kind == b.kind == stops.FAULT and a.write and b.write:
        # Of a store that reaches into a refused page, what goes before that page may have been written.
        border = max(0, (a.address & -PAGE) - DATA)
        begun = slice(max(0, border - LONGEST_STORE), border)
        data[1] = data[1][: begun.start] + data[0][begun] + data[1][begun.stop :]
        runners[1].world.memory.write(DATA, data[1])
    if told[0] != told[1] or left[0] != left[1] or names or data[0] != data[1]:
        values = " ".join(f"{name}={after_a[name]:#x}/{after_b[name]:#x}" for name in names)
        memory = [f"[{DATA + n:#x}]" for n in range(DATA_SIZE) if data[0][n] != data[1][n]][:8]
        raise Harm(
            f"from pc {start['pc']:#x}: {a!r} {told[0]} {left[0]} left, {b!r} {told[1]} {left[1]} left; "
            f"{values} {' '.join(memory)}"
        )


def main() -> int:
    """Run as many pages as asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.isa.random_code", description="Run random bytes as code.")
    parser.add_argument("--pages", type=int, default=2500)
    parser.add_argument("--set", choices=("A32", "T32"), default="A32")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--compare", action="store_true")
    parser.add_argument("--step", action="store_true")
    options = parser.parse_args()
    decoder()  # declares the instructions
    runners = [Runner("interpreter")]
    if options.compare:
        runners.append(Runner("reference"))
    elif options.step:
        runners.append(Runner("interpreter", Random(options.seed)))
    total: dict[int, int] = {}
    for page in range(options.pages):
        seed = f"{options.set} {options.seed} {page}"
        try:
            counts = run_page(Random(seed), runners, options.set == "T32")
        except Harm as harm:
            print(f"page {seed!r}: {harm}")
            return 1
        for kind, count in counts.items():
            total[kind] = total.get(kind, 0) + count
    for runner in runners:
        runner.world.close()
    print(", ".join(f"{stops.NAMES[kind]} {count}" for kind, count in sorted(total.items())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
