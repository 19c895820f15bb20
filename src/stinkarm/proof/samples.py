"""Random instructions in random states, drawn from the declarations."""

from __future__ import annotations

from random import Random

from ..isa.declare import A32, ENCODINGS, V8, Encoding
from ..isa.decode import Decoded, decoder
from .numbers import interesting
from .world import CODE_SIZE, DATA, DATA_SIZE, DOUBLES, READ_ONLY, REGISTERS, advance_it, it_length

SLOT = 32  # bytes of code a sample may take
SLOTS = CODE_SIZE // SLOT - 4  # the rest is for pc-relative loads past the end

EDGES = (
    *(0, 1, 2, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0x80000001),
    *(0xFFFFFFFE, 0xFFFFFFFF, 0x7FFF8000, 0x80007FFF, 0x80808080, 0x7F7F7F7F, 0x55555555, 0xAAAAAAAA),
)
DOUBLE_EDGES = (
    *(0, 1 << 63, 0x3FF0000000000000, 0x7FF0000000000000, 0xFFF0000000000000, 0x7FF8000000000000, 1),
    *(0x3F8000003F800000, 0x7F800000FF800000, 0x7FC0000080000000, 0x0000000180000001, 0x007FFFFF00800000),
)
MEMORY_NAMES = ("ld", "st", "swp", "push", "pop", "tb", "pl", "vld", "vst", "vpush", "vpop")
CLREX = {True: 0xF3BF8F2F, False: 0xF57FF01F}
NOP16 = 0xBF00


class Sample:
    """Instructions to run, the one that is tested among them, and the state to begin with."""

    __slots__ = ("decoded", "start", "tested", "words")

    def __init__(self, words: list[tuple[int, int]], decoded: Decoded, tested: int, start: dict[str, int]) -> None:
        self.words = words
        self.decoded = decoded
        self.tested = tested  # its place in `words`
        self.start = start

    @property
    def name(self) -> str:
        """The name of the instruction tested."""
        return self.decoded.encoding.instruction.name

    @property
    def isa(self) -> str:
        """A32 or T32."""
        return self.decoded.encoding.isa

    @property
    def in_it(self) -> bool:
        """Say whether the tested instruction stands in an IT block."""
        return bool(self.decoded.fields["in_it"])


def is_memory(name: str) -> bool:
    """Say whether an instruction of this name computes an address."""
    return name.startswith(MEMORY_NAMES)


def is_vector(name: str) -> bool:
    """Say whether an instruction of this name may use D registers or FPSCR."""
    return name.startswith(("v", "aes", "sha1", "sha256"))


def random_field(rng: Random, width: int) -> int:
    """Return a random number of `width` bits, often an edge."""
    top = (1 << width) - 1
    kind = rng.random()
    if kind < 0.7:
        return rng.randint(0, top)
    if kind < 0.8:
        return 1 << rng.randrange(width)
    return rng.choice((0, top, top >> 1, 1 & top))


def random_word(rng: Random, encoding: Encoding) -> int:
    """Return a random word of an encoding; should-be bits are what they should be."""
    pattern = encoding.pattern
    word = pattern.value | pattern.should_be
    for name, (lsb, width) in pattern.fields.items():
        if name == "cond":
            value = 14 if rng.random() < 0.8 else rng.randrange(14)
            if encoding.isa != A32 and width == 4:
                value = rng.randrange(14)
        elif width == 4 and name[0] == "r":
            value = rng.randrange(16) if rng.random() < 0.4 else rng.randrange(15)
        else:
            value = random_field(rng, width)
        word |= value << lsb
    return word


def keeps_should_be(decoded: Decoded) -> bool:
    """Say whether a word's should-be bits are so: it may have been drawn for an encoding that defers to this one."""
    pattern = decoded.encoding.pattern
    examined = pattern.mask
    for lsb, width in pattern.fields.values():
        examined |= (1 << width) - 1 << lsb
    return (decoded.word ^ pattern.should_be) & ~examined & (1 << pattern.width) - 1 == 0


def random_number(rng: Random) -> int:
    """Return a random 32-bit value, often an edge, a shift amount or an address."""
    kind = rng.random()
    if kind < 0.35:
        return rng.getrandbits(32)
    if kind < 0.7:
        return rng.choice(EDGES)
    if kind < 0.85:
        return rng.randrange(70)
    return rng.getrandbits(32) >> rng.randrange(32)


def random_address(rng: Random) -> int:
    """Return an address, mostly in the middle of the data region, seldom near its edges or outside."""
    kind = rng.random()
    if kind < 0.8:
        address = DATA + DATA_SIZE // 2 + rng.randrange(-0x800, 0x800)
    elif kind < 0.92:
        address = rng.choice((DATA, DATA + 0x1000, DATA + DATA_SIZE)) + rng.randrange(-70, 70)
    elif kind < 0.95:
        address = READ_ONLY + rng.randrange(0x1000)
    else:
        address = rng.choice((0, 0xFFFFFFFC, 0x80000000, 0xFFFFFFFF, rng.getrandbits(32)))
    if rng.random() < 0.75:
        address &= ~rng.choice((3, 3, 7))
    return address & 0xFFFFFFFF


def random_state(rng: Random, decoded: Decoded, address: int, thumb: bool) -> dict[str, int]:
    """Return the state in which an instruction begins."""
    values = {name: random_number(rng) for name in REGISTERS}
    fields = decoded.fields
    name = decoded.encoding.instruction.name
    if is_memory(name):
        base = fields.get("rn", 13)
        index = fields.get("rm")
        if isinstance(index, int) and index < 16 and rng.random() < 0.8:
            values[REGISTERS[index]] = rng.randrange(-64, 64) & 0xFFFFFFFF
        values["sp"] = random_address(rng)
        values[REGISTERS[base]] = random_address(rng)
        if rng.random() < 0.8:  # as the alignment that a NEON transfer asks for
            values[REGISTERS[base]] &= ~fields.get("mask", 0)
    values["pc"] = address
    for flag in "NZCVQ":
        values[flag] = rng.getrandbits(1)
    values |= {"GE": rng.getrandbits(4), "T": int(thumb), "IT": 0, "fpscr": 0, "E": 0}
    values["E"] = int(is_memory(name) and rng.random() < 0.03)
    values |= {"tpidruro": rng.getrandbits(32), "tpidrurw": rng.getrandbits(32)}
    # Whether an UNDEFINED word that fails its condition does nothing is IMPLEMENTATION DEFINED (DDI0406C A8.3.1).
    conditional = fields["in_it"] or fields.get("cond", 14) != 14
    values["v8"] = int(decoded.encoding.extension == V8 and (conditional or rng.random() < 0.9))
    vector = is_vector(name)
    if vector:
        kind = rng.choice((0, 16, 32, 64))
        some = [random_double(rng, kind) for _ in range(12)]
        values |= zip(DOUBLES, rng.choices(some, k=32), strict=True)
    else:
        values |= dict.fromkeys(DOUBLES, 0)
    if vector:
        # Often without what compiled code leaves to the interpreter: FZ, DN, and a rounding mode.
        values["fpscr"] = rng.getrandbits(32) & rng.choice((0xFFC0009F, 0xFC00009F, 0))
    return values


def random_double(rng: Random, width: int = 0) -> int:
    """Return 64 random bits, often integers worth trying, or floating-point numbers of `width` bits."""
    kind = rng.random()
    if width and kind < 0.8:
        return sum(interesting(rng, width) << lsb for lsb in range(0, 64, width))
    if kind < 0.4:
        return rng.getrandbits(64)
    if kind < 0.7:
        return rng.choice(DOUBLE_EDGES)
    return rng.choice(EDGES) << 32 | rng.choice(EDGES)


def random_sample(rng: Random, encoding: Encoding, address: int) -> Sample | None:
    """Return a sample of an encoding (or of one that it defers to), or None when the word drawn cannot be judged."""
    thumb = encoding.thumb
    word = random_word(rng, encoding)
    length = encoding.length
    words: list[tuple[int, int]] = []
    tested, itstate, behind = 0, 0, 0
    name = encoding.instruction.name
    if name.startswith(("strex", "stlex")):
        words.append((CLREX[thumb], 4))
        load = _matching_load(rng, encoding, word)
        if load is not None and rng.random() < 0.7:
            words.append((load, 4))
    elif thumb and rng.random() < 0.3:
        before = rng.randrange(4)
        behind = rng.randrange(4 - before) if rng.random() < 0.4 else 0
        itstate = _random_it(rng, before + 1 + behind)
        words.append((0xBF00 | itstate, 2))
        words += [(NOP16, 2)] * before
        for _ in range(before):
            itstate = advance_it(itstate)
    tested = len(words)
    pc = address + sum(size for _, size in words)
    words.append((word, length))
    decoded = decoder().decode(word, thumb=thumb, length=length, pc=pc, itstate=itstate)
    if decoded is None or decoded.encoding.is_unpredictable(decoded.fields) or not keeps_should_be(decoded):
        return None
    if decoded.encoding.instruction.name == "it":
        behind = it_length(word)
    words += [(NOP16, 2)] * behind
    return Sample(words, decoded, tested, random_state(rng, decoded, address, thumb))


def _random_it(rng: Random, count: int) -> int:
    """Return firstcond:mask of an IT block of `count` instructions."""
    first = rng.randrange(15)
    mask = 1 << 4 - count
    for bit in range(5 - count, 4):
        mask |= (first & 1 if first == 14 else rng.getrandbits(1)) << bit
    return first << 4 | mask


def _matching_load(rng: Random, encoding: Encoding, word: int) -> int | None:
    """Return a load exclusive for a store exclusive: mostly of the same size and address."""
    wanted = encoding.instruction.name.replace("strex", "ldrex").replace("stlex", "ldaex")
    loads = [e for e in ENCODINGS if e.isa == encoding.isa and e.instruction.name.startswith(wanted[:5])]
    same = [e for e in loads if e.instruction.name == wanted]
    load = rng.choice(same if same and rng.random() < 0.85 else loads)
    fields = encoding.pattern.extract(word)
    result = load.pattern.value | load.pattern.should_be
    if "cond" in load.pattern.fields:
        result |= 14 << 28
    values = {"rn": fields["rn"], "rt": 4, "rt2": 5} | {n: fields[n] for n in ("imm8",) if n in fields}
    for name, value in values.items():
        if name in load.pattern.fields:
            result |= value << load.pattern.fields[name][0]
    if fields["rn"] in (4, 5, 15):
        return None
    return result
