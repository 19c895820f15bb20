"""Which words are instructions: the reference engine and Unicorn must agree, opcode by opcode.

Words are drawn over all opcode bits, not from the declarations, so that an instruction nobody declared is found.
`python -m tests.isa.test_validity 16` draws 16 words an opcode instead of the test's few.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from random import Random

import pytest

from stinkarm.engine.reference import Reference
from stinkarm.guest import stop as stops
from stinkarm.guest.mapping import MAP_ANONYMOUS, MAP_PRIVATE
from stinkarm.guest.memory import MAP_FIXED, Memory
from stinkarm.guest.state import State
from stinkarm.isa.decode import Decoded, decoder
from stinkarm.isa.syntax import disassemble
from stinkarm.proof.samples import NOP16, keeps_should_be
from stinkarm.proof.world import code_bytes

unicorn = pytest.importorskip("unicorn")

CODE, SIZE, SLOT = 0x10000, 0x10000, 4
NOWHERE = 0x40000000  # what every register holds: any access faults, which is not being UNDEFINED
# How many words the test draws of each space for a value of the opcode bits; see draw.
EACH = {"A32": 6, "A32_unconditional": 2, "T16": 2, "T32": 4}


def _register(rng: Random) -> int:
    """Return a register number, often 0 or pc: should-be bits are such, and pc makes some other instructions."""
    return rng.choice((rng.randrange(13), rng.randrange(13), rng.randrange(13), 0, 13, 14, 15, 15))


def draw(space: str, rng: Random, each: int) -> Iterator[int]:
    """Yield words of a space: `each` for every value of the opcode bits, about."""
    if space == "T16":
        for high in range(0xE8):
            yield from (high << 8 | low for low in rng.sample(range(256), min(256, 8 * each)))
        return
    if space == "T32":
        # Bits 27:20 and 7:4 choose nearly everything; for want of time the test takes a part of them.
        for high in range(0xE80, 0x1000):
            for low in rng.sample(range(256), min(256, 16 * each)):
                yield high << 20 | _register(rng) << 16 | _register(rng) << 12 | low << 4 | _register(rng)
        return
    top = 0xE0000000 if space == "A32" else 0xF0000000
    for opcode in range(1 << 12):
        for _ in range(each):
            registers = _register(rng) << 16 | _register(rng) << 12 | _register(rng) << 8 | _register(rng)
            yield top | opcode >> 4 << 20 | (opcode & 15) << 4 | registers


# Words that Unicorn runs though they are UNDEFINED: (mask, value) of Advanced SIMD data processing in A32.
LAX = (
    (0xFFA00F10, 0xF3200D10),  # VMUL.F32 with bit 21 set (DDI0406C A7.4.1)
    (0xFF800F50, 0xF3800D00),  # VQDMULL with U set (DDI0406C A7.4.2)
)


def is_lax(space: str, word: int) -> bool:
    """Say whether Unicorn is known to run an UNDEFINED word."""
    if space == "T32" and word >> 24 in (0xEF, 0xFF):
        word = 0xF2 << 24 | word >> 4 & 1 << 24 | word & 0xFFFFFF
    return any(word & mask == value for mask, value in LAX)


class Judges:
    """The reference engine and Unicorn, asked about words in one page range."""

    def __init__(self, space: str, words: list[int]) -> None:
        from unicorn import arm_const as arm

        self.thumb = space[0] == "T"
        self.length = 2 if space == "T16" else 4
        self.words = words
        after = [(NOP16, 2)] if self.length == 2 else []  # for IT to have something to work on
        code = code_bytes([item for word in words for item in ((word, self.length), *after)], self.thumb)
        self.memory = Memory()
        self.memory.map(CODE, SIZE, 7, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED)
        self.memory.write(CODE, code)
        self.memory.protect(CODE, SIZE, 5)  # or what is stored beside pc would be run later
        self.engine = Reference(self.memory)
        self.state = State()
        self.uc = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_ARM)
        self.uc.ctl_set_cpu_model(arm.UC_CPU_ARM_CORTEX_A15)
        self.uc.reg_write(arm.UC_ARM_REG_CP_REG, (15, 0, 0, 1, 0, 0, 2, 0xF << 20))  # CPACR
        self.uc.reg_write(arm.UC_ARM_REG_FPEXC, 1 << 30)
        self.uc.mem_map(CODE, SIZE, 5)
        self.uc.mem_write(CODE, code)
        self.uc.hook_add(unicorn.UC_HOOK_INTR, self._on_interrupt)
        self.interrupt = 0
        self.cpsr = arm.UC_ARM_REG_CPSR
        self.registers = [(getattr(arm, f"UC_ARM_REG_R{n}"), NOWHERE) for n in range(15)]

    def close(self) -> None:
        """Give the memory back."""
        self.memory.close()

    def _on_interrupt(self, uc: object, number: int, _data: object) -> None:
        self.interrupt = number
        self.uc.emu_stop()

    def reference(self, index: int) -> int:
        """Return how the reference engine stops after one instruction."""
        state = self.state
        for n in range(15):
            state.r[n] = NOWHERE
        state.cpsr = 0x10 | self.thumb << 5
        state.r[15] = CODE + index * SLOT
        return self.engine.run(state, 1).kind

    def unicorn_undefined(self, index: int) -> bool:
        """Say whether Unicorn takes an Undefined Instruction exception."""
        self.uc.reg_write(self.cpsr, 0x10 | self.thumb << 5)
        self.uc.reg_write_batch(self.registers)
        self.interrupt = 0
        try:
            self.uc.emu_start(CODE + index * SLOT | self.thumb, 1 << 32, count=1)
        except unicorn.UcError as error:
            return bool(error.errno == unicorn.UC_ERR_INSN_INVALID)
        return self.interrupt == 1


def is_excused(decoded: Decoded | None, ours: bool) -> bool:
    """Say whether the two may differ about a word; `ours`: it is UNDEFINED for the reference engine."""
    if decoded is None:
        return False
    if not keeps_should_be(decoded) or decoded.encoding.is_unpredictable(decoded.fields):
        return True
    name = decoded.encoding.instruction.name
    if ours:
        # It takes LDC and STC of p14 for MRRC and MCRR, and finds debug registers there.
        return name in ("ldc", "stc") and decoded.word >> 8 & 15 == 14
    # It leaves its run by an exception of its own (hints), or runs on behind the block that it skips (IT).
    return name in ("hint", "it")


def compare(space: str, words: list[int]) -> tuple[int, dict[str, list[str]]]:
    """Return how many words were judged, and the disagreements by the instruction we take the word for."""
    found: dict[str, list[str]] = defaultdict(list)
    judged = 0
    for start in range(0, len(words), SIZE // SLOT):
        judges = Judges(space, words[start : start + SIZE // SLOT])
        thumb, length = judges.thumb, judges.length
        for index, word in enumerate(judges.words):
            kind = judges.reference(index)
            if is_lax(space, word):
                continue
            judged += 1
            ours, theirs = kind == stops.UNDEFINED, judges.unicorn_undefined(index)
            if ours == theirs:
                continue
            decoded = decoder().decode(word, thumb=thumb, length=length, pc=CODE)
            if not is_excused(decoded, ours):
                text = disassemble(word, length, thumb, CODE)
                said = "UNDEFINED here, runs there" if ours else "runs here, UNDEFINED there"
                name = decoded.encoding.id if decoded else "not declared"
                found[name].append(f"{space} {word:0{2 * length}x} {text}: {said}")
        judges.close()
    return judged, found


@pytest.mark.parametrize("space", EACH)
def test_unicorn_agrees_which_words_are_instructions(space: str) -> None:
    words = list(draw(space, Random(space), EACH[space]))
    judged, found = compare(space, words)
    assert not found, "\n".join(line for lines in found.values() for line in lines[:3])
    # Otherwise the test has lost its subject.
    assert judged > len(words) // 2


def main() -> int:
    """Draw as many words an opcode as the first argument says, and print every disagreement."""
    each = int(sys.argv[1]) if len(sys.argv) > 1 else 16
    seed = sys.argv[2] if len(sys.argv) > 2 else "1"
    status = 0
    for space in EACH:
        words = list(draw(space, Random(seed + space), each))
        judged, found = compare(space, words)
        print(f"{space}: {judged} of {len(words)} words judged, {sum(map(len, found.values()))} disagreements")
        for lines in found.values():
            print("\n".join(lines[:5]))
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
