"""Loads and stores that Linux mends when their address is not aligned, compared with the same at an aligned one."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

import stinkarm
from stinkarm.engine.mending import MENDED
from stinkarm.isa.declare import T32, Encoding
from stinkarm.isa.decode import decoder

CODE = 0x10000
DATA = 0x200000
MIDDLE = DATA + 0x2000  # of four pages
NEAR = 0x400  # bytes around the base that are looked at


def encodings() -> list[Encoding]:
    """List what is mended, in both sets; but not what has no base register."""
    decoder()
    from stinkarm.isa.declare import ENCODINGS

    return [one for one in ENCODINGS if one.instruction.name in MENDED - {"ldrd_literal"}]


ALL = encodings()


def words(encoding: Encoding, seed: str) -> Iterator[tuple[int, int, dict[str, int]]]:
    """Give random words of an encoding: the word, its size, its fields."""
    pattern = encoding.pattern
    thumb = encoding.isa == T32
    size = pattern.width // 8
    chance = random.Random(seed)
    for _ in range(400):
        word = (pattern.value | chance.getrandbits(pattern.width) & ~pattern.mask) & (1 << pattern.width) - 1
        if not thumb and "cond" in pattern.fields:
            word = word & 0x0FFFFFFF | 0xE0000000
        decoded = decoder().decode(word, thumb=thumb, length=size, pc=CODE, itstate=0, v8=False)
        if decoded is not None and decoded.encoding is encoding and not encoding.is_unpredictable(decoded.fields):
            yield word, size, decoded.fields


def place(emulator: stinkarm.Emulator, word: int, size: int, *, thumb: bool) -> None:
    """Put an instruction where it is executed next."""
    halves = (word,) if size == 2 else (word >> 16, word & 0xFFFF)
    data = b"".join(half.to_bytes(2, "little") for half in halves) if thumb else word.to_bytes(4, "little")
    emulator.write(CODE, data)
    emulator.jump(CODE | thumb)


@pytest.fixture(scope="module")
def emulator() -> Iterator[stinkarm.Emulator]:
    with stinkarm.Emulator.from_code(bytes(64), address=CODE) as emulator:
        emulator.map(DATA, 0x4000)
        yield emulator


def step(
    emulator: stinkarm.Emulator,
    word: int,
    size: int,
    base: str,
    start: int,
    content: bytes,
    values: list[int],
    *,
    thumb: bool,
) -> tuple[list[int], bytes]:
    """Execute an instruction whose base register holds `start`; give the registers and the bytes around it."""
    emulator.write(start - NEAR, content)
    for number, value in enumerate(values):
        emulator.registers[f"r{number}" if number < 13 else ("sp", "lr")[number - 13]] = value
    emulator.registers[base] = start
    place(emulator, word, size, thumb=thumb)
    reason = emulator.step()
    assert reason.kind in ("instructions", "step"), reason
    names = [*(f"r{number}" for number in range(13)), "sp", "lr", "pc", "cpsr"]
    return [emulator.registers[name] for name in names], emulator.read(start - NEAR, 2 * NEAR)


@pytest.mark.parametrize("encoding", ALL, ids=lambda one: f"{one.isa}-{one.instruction.name}-{one.name}")
def test_unaligned_is_as_aligned(emulator: stinkarm.Emulator, encoding: Encoding) -> None:
    thumb = encoding.isa == T32
    chance = random.Random(str(encoding))
    done = 0
    for word, size, fields in words(encoding, str(encoding)):
        number = fields.get("rn", 13)
        listed = fields.get("registers", 0)
        if number == 15 or fields.get("rm") == number or listed >> number & 1 or number in _stored(fields, encoding):
            continue  # what the base register holds is an operand, or is lost
        base = f"r{number}" if number < 13 else ("sp", "lr")[number - 13]
        values = [chance.getrandbits(32) for _ in range(15)]
        if "rm" in fields:
            values[fields["rm"]] = chance.randrange(-128, 128) * 4 & 0xFFFFFFFF
        content = bytearray(chance.randbytes(2 * NEAR))
        shift = chance.randrange(1, 4)
        results = [
            step(emulator, word, size, base, MIDDLE + by, bytes(content), values, thumb=thumb) for by in (0, shift)
        ]
        (aligned, after), (shifted, after_shifted) = results
        assert after == after_shifted, hex(word)
        aligned[number] += shift
        assert aligned == shifted, hex(word)
        done += 1
        if done == 40:
            break
    assert done >= 5, "hardly a word was tried"


def _stored(fields: dict[str, int], encoding: Encoding) -> tuple[int, ...]:
    """Give the registers that a doubleword is of."""
    return (fields["rt"], fields.get("rt2", fields["rt"] + 1)) if "rt" in fields else ()


@pytest.mark.parametrize(
    ("word", "thumb"), [(0xE8B0000E, False), (0xE8A0000E, False), (0xE8B0000E, True), (0xE1C020D0, False)]
)
def test_a_fault_in_the_middle(word: int, thumb: bool) -> None:
    with stinkarm.Emulator.from_code(bytes(64), address=CODE) as emulator:
        emulator.map(DATA, 0x1000)
        emulator.registers["r0"] = DATA + 0x1000 - 7
        before = [emulator.registers[f"r{number}"] for number in range(13)]
        place(emulator, word, 4, thumb=thumb)
        reason = emulator.step()
        assert reason.kind == "signaled" and reason.crash is not None
        assert (reason.crash.signal_name, reason.crash.address) == ("SIGSEGV", DATA + 0x1000)
        assert [emulator.registers[f"r{number}"] for number in range(13)] == before


@pytest.mark.parametrize(
    ("word", "what"),
    [(0xED900A00, "vldr s0, [r0]"), (0xEC900B02, "vldmia r0, {d0}"), (0xF420079F, "vld1.32 {d0}, [r0 @64]"),
     (0xE1901F9F, "ldrex r1, [r0]"), (0xE1821F90, "strex r1, r0, [r2]")],
)  # fmt: skip
def test_what_linux_does_not_mend(word: int, what: str) -> None:
    with stinkarm.Emulator.from_code(bytes(64), address=CODE) as emulator:
        emulator.map(DATA, 0x1000)
        emulator.registers["r0"] = emulator.registers["r2"] = DATA + 2
        place(emulator, word, 4, thumb=False)
        reason = emulator.step()
        assert reason.kind == "signaled" and reason.crash is not None, what
        assert reason.crash.signal_name == "SIGBUS", what
