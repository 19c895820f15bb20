"""Run random programs compiled, and compare them with the interpreter, the reference engine and Unicorn.

    python -m stinkarm.proof.compare_programs --programs 1000 --seed 1 [--set A32] [--unicorn]

Each program runs on the interpreter; then with its regions compiled as it gets hot; then with all of it compiled; and
then with budgets that end in the middle, and a few instructions at a time. Registers, memory, why it stopped, and how
much of the budget was left must be the same.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from random import Random
from typing import NamedTuple

from ..engine.interpreter import Interpreter
from ..engine.reference import Reference
from ..guest import native as ctypes
from ..guest import stop as stops
from ..guest.mapping import MAP_ANONYMOUS, MAP_PRIVATE
from ..guest.memory import MAP_FIXED, Memory
from ..guest.state import OFFSETS, State
from ..isa.decode import decoder
from ..isa.syntax import disassemble
from .programs import BASES, INDEX, Program
from .samples import random_double, random_number
from .world import (
    CODE,
    CODE_SIZE,
    DATA,
    DATA_SIZE,
    NAMES,
    READ_ONLY,
    READ_ONLY_SIZE,
    REGISTERS,
    read_state,
    write_state,
)

RENEWED_EVERY = 200  # programs
MOST = 60_000  # instructions of a program
LONGEST_STORE = 128  # bytes
MIXED = "mixed"  # in a seed: functions of both sets, called by way of stubs
ROUNDING = 3 << 22  # FPSCR.RMode
_BUDGET = OFFSETS["budget"] // 8


class Result(NamedTuple):
    """How a run ended."""

    stop: dict[str, int]
    state: dict[str, int]
    data: bytes
    left: int


class Machine:
    """Memory as in World, but code cannot be written; and an engine on it."""

    def __init__(self, engine: str) -> None:
        self.memory = Memory()
        for start, size, prot in ((CODE, CODE_SIZE, 3), (DATA, DATA_SIZE, 3), (READ_ONLY, READ_ONLY_SIZE, 1)):
            self.memory.map(start, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED)
        if engine == "reference":
            self.engine: Interpreter | Reference = Reference(self.memory)
        else:
            self.engine = Interpreter(self.memory, jit="sync,hot=1" if engine == "jit" else "")
        self.state = State()

    def close(self) -> None:
        """Give the memory back."""
        if isinstance(self.engine, Interpreter):
            self.engine.close()
        self.memory.close()

    def set_code(self, code: bytes) -> None:
        """Have a program, and nothing else, executable."""
        self.memory.protect(CODE, CODE_SIZE, 3)
        self.memory.write(CODE, code.ljust(CODE_SIZE, b"\0"))
        self.memory.protect(CODE, CODE_SIZE, 5)
        self.engine.flush(CODE, CODE + CODE_SIZE)

    def run(self, values: dict[str, int], data: bytes, budgets: list[int]) -> Result:
        """Run from a state, with one budget after another."""
        self.memory.write(DATA, data)
        state = self.state
        write_state(state, values)
        if isinstance(self.engine, Interpreter) and self.engine.jit is not None:
            self.engine.jit.prepare(state)
        left = 0
        for budget in budgets:
            left += budget
            stop = self.engine.run(state, budget)
            left -= budget - state.signed[_BUDGET]
            if stop.kind != stops.BUDGET:
                break
        told = {"kind": stop.kind, "pc": stop.pc, "detail": stop.detail if stop.kind == stops.SYSCALL else 0}
        if stop.kind in (stops.FAULT, stops.ALIGNMENT):
            # Of several words that one instruction loads, either engine may tell another one of the refused page.
            told |= {"page": stop.address & -4096, "write": int(stop.write)}
        return Result(told, read_state(state), self.memory.read(DATA, DATA_SIZE), left)


def start_state(rng: Random, thumb: bool) -> dict[str, int]:
    """Return the state in which a program begins."""
    values = dict.fromkeys(NAMES, 0)
    for name in REGISTERS:
        values[name] = random_number(rng)
    for n in range(32):
        values[f"d{n}"] = random_double(rng)
    for flag in "NZCVQ":
        values[flag] = rng.getrandbits(1)
    for n in BASES:
        values[f"r{n}"] = DATA + DATA_SIZE // 2 + 4 * rng.randrange(-128, 128)
    if rng.random() < 0.15:  # a fault is near
        values[f"r{rng.choice(BASES)}"] = rng.choice((DATA + 64, DATA + DATA_SIZE - 64, READ_ONLY + 64, 0x40000))
    if rng.random() < 0.3:
        values["fpscr"] = rng.getrandbits(32) & rng.choice((0xFFC0009F, 0xFC00009F))
    values[f"r{INDEX}"] = rng.randrange(4)
    values["sp"] = DATA + 0x1800
    return values | {"pc": CODE, "T": int(thumb), "GE": rng.getrandbits(4), "tpidruro": rng.getrandbits(32)}


def differences(a: Result, b: Result) -> list[str]:
    """Return how two results differ, in words."""
    told = []
    if a.stop != b.stop:
        told.append(f"stops {_stop(a)} and {_stop(b)}")
    if a.left != b.left:
        told.append(f"left {a.left} and {b.left}")
    told += [f"{name} {a.state[name]:#x} and {b.state[name]:#x}" for name in NAMES if a.state[name] != b.state[name]]
    data = b.data
    if a.stop.get("write") and a.stop == b.stop and a.stop["kind"] == stops.FAULT:
        # Of a store that reaches into a refused page, what goes before that page may have been written.
        border = max(0, a.stop["page"] - DATA)
        begun = slice(max(0, border - LONGEST_STORE), border)
        data = data[: begun.start] + a.data[begun] + data[begun.stop :]
    told += [f"[{DATA + n:#x}] {a.data[n]:02x} and {data[n]:02x}" for n in range(DATA_SIZE) if a.data[n] != data[n]][:8]
    return told


def _stop(result: Result) -> str:
    return stops.NAMES[result.stop["kind"]] + "".join(f" {k}={v:#x}" for k, v in result.stop.items() if k != "kind")


class Comparison:
    """Machines side by side, and what became of the programs that ran on them."""

    def __init__(self, *, unicorn: bool, reference: int = 0) -> None:
        decoder()
        self.plain = Machine("interpreter")
        self.compiled = Machine("jit")
        self.reference = Machine("reference") if reference else None
        self.each = reference  # one program of so many on the reference engine
        self.oracle = None
        if unicorn:
            from .oracle import Oracle

            self.oracle = Oracle()
        self.count: Counter[str] = Counter()
        self.failures: list[str] = []

    def close(self) -> None:
        """Give the memory back."""
        for machine in (self.plain, self.compiled, self.reference):
            if machine is not None:
                machine.close()

    def run(self, seed: str, thumb: bool) -> None:
        """Run one program in all ways; note what differs."""
        rng = Random(seed)
        program = Program(rng, thumb, mixed=MIXED in seed)
        values, data = start_state(rng, thumb), rng.randbytes(DATA_SIZE)
        code = bytes(program.code)
        self.plain.set_code(code)
        self.compiled.set_code(code)
        wanted = self.plain.run(values, data, [MOST])
        done = MOST - wanted.left
        self.count["programs"] += 1
        if self.count["programs"] % RENEWED_EVERY == 0:  # there is room for so many regions only
            self.compiled.close()
            self.compiled = Machine("jit")
            self.compiled.set_code(code)
        self.count["words"] += program.words
        self.count["instructions"] += done
        self.count[f"ended by {stops.NAMES[wanted.stop['kind']]}"] += 1
        if self.reference is not None and self.count["programs"] % self.each == 0:
            self.reference.set_code(code)
            self._check(seed, "reference", wanted, self.reference.run(values, data, [MOST]))
        if self.oracle is not None:
            self._ask(seed, program, values, data, wanted)
        self._check(seed, "getting hot", wanted, self.compiled.run(values, data, [MOST]))
        entered = self._compile(thumb)
        self._check(seed, "compiled", wanted, self.compiled.run(values, data, [MOST]))
        if entered:
            self.count["compiled"] += 1
            self.count["entered"] += not any(self._operands(thumb))
        for _ in range(3):
            budget = rng.randrange(1, done + 1) if done else 1
            part = self.plain.run(values, data, [budget])
            self._check(seed, f"compiled, budget {budget}", part, self.compiled.run(values, data, [budget]))
        budgets = [rng.randrange(1, rng.choice((4, 40, 400, 2000))) for _ in range(done)]
        self._check(seed, "compiled, in steps", wanted, self.compiled.run(values, data, [*budgets, MOST]), left=False)

    def _operands(self, thumb: bool) -> bytes:
        """Return what decoding would leave of the program's first instruction."""
        engine = self.compiled.engine
        assert isinstance(engine, Interpreter)
        return engine.table.read(engine.table.entry(CODE, thumb))[4:8]

    def _compile(self, thumb: bool) -> bool:
        """Compile all of the program that has run; say whether there is a region at its beginning."""
        engine = self.compiled.engine
        assert isinstance(engine, Interpreter)
        assert engine.jit is not None
        engine.jit.hot(self.compiled.state, CODE, thumb)
        ctypes.memmove(engine.table.entry(CODE, thumb) + 4, bytes(4), 4)
        return engine.jit.is_region(CODE, thumb)

    def _ask(self, seed: str, program: Program, values: dict[str, int], data: bytes, ours: Result) -> None:
        """Compare with Unicorn."""
        from .oracle import RanOn

        assert self.oracle is not None
        self.oracle.memory[CODE][:] = bytes(program.code).ljust(CODE_SIZE, b"\0")
        self.oracle.memory[DATA][:] = data
        self.oracle.forget_code()
        if ours.stop["kind"] != stops.SYSCALL:
            return
        if values["fpscr"] & ROUNDING and any(name.startswith("vcvt_from_fixed") for name in program.names):
            return  # the known divergence "rounding of fixed point"
        try:
            stop, state = self.oracle.run(values, [(0, 4)] * MOST)
        except RanOn:
            return
        self.count["with Unicorn"] += 1
        if stop["kind"] != stops.SYSCALL:
            self.failures.append(f"{seed}: Unicorn ends with {stops.NAMES[stop['kind']]}")
            return
        theirs = Result(ours.stop, ours.state | state, bytes(self.oracle.memory[DATA]), ours.left)
        told = differences(ours, theirs)
        if told:
            self.count["not as Unicorn"] += 1
            self.failures.append(f"{seed}: Unicorn: {'; '.join(told)}")

    def _check(self, seed: str, how: str, wanted: Result, got: Result, *, left: bool = True) -> None:
        if not left:
            got = got._replace(left=wanted.left)
        told = differences(wanted, got)
        if told:
            self.failures.append(f"{seed}: {how}: {'; '.join(told)}")


def listing(seed: str, thumb: bool) -> str:
    """Return the program of a seed as text. Functions of the other set are not told apart."""
    program = Program(Random(seed), thumb, mixed=MIXED in seed)
    lines, at = [], 0
    while at + 4 <= len(program.code):
        first = int.from_bytes(program.code[at : at + 2], "little")
        second = int.from_bytes(program.code[at + 2 : at + 4], "little")
        wide = not thumb or first >> 11 >= 29
        word = (first << 16 | second) if thumb and wide else second << 16 | first if wide else first
        lines.append(f"{CODE + at:#x}  {word:08x}  {disassemble(word, 4 if wide else 2, thumb, CODE + at)}")
        at += 4 if wide else 2
    return "\n".join(lines)


def main() -> int:
    """Compare as the options say."""
    parser = argparse.ArgumentParser(description="Compare random programs, compiled and not.")
    parser.add_argument("--programs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--set", choices=("A32", "T32"))
    parser.add_argument("--unicorn", action="store_true")
    parser.add_argument("--reference", type=int, default=0, metavar="N", help="each Nth on the reference engine too")
    parser.add_argument("--failures", type=int, default=10)
    parser.add_argument("--list", metavar="SEED", help="print the program of a seed, as it is told in a failure")
    options = parser.parse_args()
    if options.list:
        print(listing(options.list, options.list.startswith("T32")))
        return 0
    comparison = Comparison(unicorn=options.unicorn, reference=options.reference)
    began = time.monotonic()
    told = 0
    for number in range(options.programs):
        name = options.set or ("A32", "T32")[number & 1]
        kind = f"{name} {MIXED}" if number & 2 else name
        comparison.run(f"{kind} {options.seed} {number}", name == "T32")
        for text in comparison.failures[told:]:
            print(text, flush=True)
        told = len(comparison.failures)
        if told >= options.failures:
            break
    comparison.close()
    print(f"{time.monotonic() - began:.1f} s, {told} differences; {dict(comparison.count)}")
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
