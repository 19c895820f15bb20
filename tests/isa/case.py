"""One-line instruction cases: parse, run, compare, print. tests/isa/README.md has the format."""

from __future__ import annotations

import re
from pathlib import Path

from stinkarm.guest import stop as stops
from stinkarm.guest.stop import Stop
from stinkarm.isa.declare import V8
from stinkarm.isa.decode import decoder
from stinkarm.isa.syntax import disassemble
from stinkarm.proof.world import (
    ALIASES,
    CODE,
    DATA,
    DATA_SIZE,
    NAMES,
    PATTERNS,
    READ_ONLY,
    READ_ONLY_SIZE,
    World,
    advance_it,
    arbitrary,
    code_bytes,
    is_it,
)

CASES = Path(__file__).parent / "cases"
STOPS = {name.replace(" ", "_"): kind for kind, name in stops.NAMES.items()}

Words = list[tuple[int, int]]

_MEMORY = re.compile(r"\[(0x[0-9a-f]+)\]", re.IGNORECASE)


class CaseError(ValueError):
    """A line that is not a case."""


class Effects:
    """One side of a case: registers by name, memory by address as (size, value), and how the run ended."""

    def __init__(self, text: str) -> None:
        self.registers: dict[str, int] = {}
        self.memory: dict[int, tuple[int, int]] = {}
        self.stop: dict[str, int] = {}
        for item in text.split():
            key, equals, value = item.partition("=")
            if not equals:
                raise CaseError(f"{item!r} is not name=value")
            place = _MEMORY.fullmatch(key)
            name = ALIASES.get(key, key)
            if place:
                if len(value) not in (2, 4, 8, 16):
                    raise CaseError(f"{item!r}: write 2, 4, 8 or 16 hex digits (a little-endian number of that size)")
                address = int(place[1], 16)
                if not DATA <= address <= DATA + DATA_SIZE - len(value) // 2:
                    raise CaseError(f"{item!r} is outside the data region, {DATA:#x} to {DATA + DATA_SIZE:#x}")
                self.memory[address] = (len(value) // 2, int(value, 16))
            elif name == "NZCV":
                self.registers |= dict(zip("NZCV", map(int, value), strict=True))
            elif name == "stop":
                if value not in STOPS:
                    raise CaseError(f"{item!r}: the stops are {', '.join(STOPS)}")
                self.stop["kind"] = STOPS[value]
            elif name in ("fault", "alignment", "fetch"):
                self.stop |= {"kind": STOPS[name], "address": int(value, 0)}
            elif name in ("detail", "write"):
                self.stop[name] = int(value, 0)
            elif name in NAMES:
                self.registers[name] = int(value, 0) & (1 << 64 if name[0] == "d" else 1 << 32) - 1
            else:
                raise CaseError(f"{item!r}: there is no {name!r}; see tests/isa/README.md")


class Case:
    """One line: instruction sets and words, UAL text, state before => state after."""

    def __init__(self, line: str) -> None:
        self.line = " ".join(line.split())
        head, bar, states = self.line.partition(" | ")
        before, arrow, after = f"{states} ".partition("=> ")
        if not bar or not arrow:
            raise CaseError(f"{line!r} is not `SET WORD TEXT | before => after`")
        sets, words, self.text = head.split(maxsplit=2)
        isas = sets.split("/")
        codes = words.split("/")
        if len(isas) != len(codes) or set(isas) - {"A32", "T32"}:
            raise CaseError(f"{line!r}: write one word for each of A32 and T32")
        self.code: dict[str, Words] = {
            isa: [(int(word, 16), len(word) // 2) for word in code.split("+")]
            for isa, code in zip(isas, codes, strict=True)
        }
        for isa, code in self.code.items():
            if any(length not in ((4,) if isa == "A32" else (2, 4)) for _, length in code):
                raise CaseError(f"{line!r}: a word has 8 hex digits, a T32 halfword 4")
        self.before = Effects(before)
        self.after = Effects(after)
        if self.before.stop:
            raise CaseError(f"{line!r}: a stop belongs after =>")

    def instructions(self, isa: str) -> list[str]:
        """Name the declared instructions that the words are (None for an UNDEFINED word is left out)."""
        found = (decoder().find(w, thumb=isa == "T32", length=n) for w, n in self.code[isa])
        return [encoding.instruction.name for encoding in found if encoding is not None]

    def needs_v8(self, isa: str) -> bool:
        """Say whether one of the words is an instruction that ARMv8 adds."""
        found = (decoder().find(w, thumb=isa == "T32", length=n) for w, n in self.code[isa])
        return any(encoding is not None and encoding.extension == V8 for encoding in found)

    def disassembly(self, isa: str) -> str:
        """Return the words in UAL, as the declarations print them, joined by `; `."""
        pc = self.before.registers.get("pc", CODE)
        it = self.before.registers.get("IT", 0)
        texts = []
        for word, length in self.code[isa]:
            text = disassemble(word, length, isa == "T32", pc, it)
            texts.append(" ".join(text.split()))
            pc += length
            it = word & 0xFF if isa == "T32" and length == 2 and is_it(word) else advance_it(it)
        return "; ".join(texts)

    def start(self, isa: str, fill: int) -> dict[str, int]:
        """Return the whole state before. What is not named is arbitrary: `fill` 0 and 1 give opposite bits."""
        values = arbitrary(fill) | {"v8": int(self.needs_v8(isa)), "T": int(isa == "T32")}
        return values | self.before.registers

    def data(self, fill: int) -> bytearray:
        """Return the bytes of the data region before."""
        data = bytearray(PATTERNS[fill])
        for address, (size, value) in self.before.memory.items():
            data[address - DATA : address - DATA + size] = value.to_bytes(size, "little")
        return data

    def run(self, world: World, isa: str, fill: int) -> list[str]:
        """Run on one engine and return what differs from the state after, a sentence each."""
        memory = world.memory
        start = self.start(isa, fill)
        data = self.data(fill)
        memory.write(DATA, data)
        world.set_code(start["pc"], code_bytes(self.code[isa], isa == "T32"))
        stop, got = world.run(start, len(self.code[isa]))

        differences = self._compare_stop(stop)
        stopped = self.after.stop.get("kind", stops.SYSCALL) != stops.SYSCALL
        want = self.automatic(start, isa, stopped) | self.after.registers
        differences += [f"{name} is {got[name]:#x}, not {want[name]:#x}" for name in NAMES if got[name] != want[name]]
        for address, (size, value) in self.after.memory.items():
            data[address - DATA : address - DATA + size] = value.to_bytes(size, "little")
        now = memory.read(DATA, DATA_SIZE)
        differences += [
            f"byte [{DATA + n:#x}] is {now[n]:02x}, not {data[n]:02x}" for n in range(DATA_SIZE) if now[n] != data[n]
        ]
        if any(memory.read(READ_ONLY, READ_ONLY_SIZE)):
            differences.append("read-only memory has changed")
        return differences

    def _compare_stop(self, stop: Stop) -> list[str]:
        want = {"kind": stops.BUDGET} | self.after.stop
        return [
            f"the run ended with {stop!r} ({key} {int(getattr(stop, key)):#x}), not with {key} {value:#x}"
            for key, value in want.items()
            if int(getattr(stop, key)) != value
        ]

    def automatic(self, start: dict[str, int], isa: str, stopped: bool) -> dict[str, int]:
        """Return the state after when the instructions do nothing: pc and ITSTATE move on."""
        if stopped:
            return start
        want = dict(start)
        for word, length in self.code[isa]:
            want["pc"] = want["pc"] + length & 0xFFFFFFFF
            if isa == "T32" and length == 2 and is_it(word):
                want["IT"] = word & 0xFF
            else:
                want["IT"] = advance_it(want["IT"])
        return want


def read_cases() -> list[tuple[str, Case]]:
    """Read all case files: (file name, case)."""
    cases = []
    for path in sorted(CASES.glob("*.txt")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if line.strip() and not line.startswith("#"):
                try:
                    cases.append((path.name, Case(line)))
                except ValueError as error:
                    raise CaseError(f"{path.name}:{number}: {error}") from error
    return cases
