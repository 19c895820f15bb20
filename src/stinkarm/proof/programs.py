"""Random programs that end: straight-line code, loops, conditional branches, IT blocks, calls, table jumps, literals.

Instructions are drawn from the declarations. What a program needs to come to its end is out of their reach: r6 and r7
point to data, r8 and r10 count loops, r9 points to a function, r12 is a small index, sp and lr are the stack's and the
calls'.
"""

from __future__ import annotations

from random import Random

from ..engine.region_builder import RegionBuilder, Unsupported
from ..isa.declare import A32, ENCODINGS, V8, Encoding
from ..isa.decode import decoder
from .samples import is_memory, keeps_should_be, random_word
from .world import CODE, advance_it

BASES = (6, 7)
INNER, OUTER, INDEX = 8, 10, 12
POINTER = 9
KEPT = {f"r{n}" for n in (*BASES, INNER, POINTER, OUTER, INDEX, 13, 14)}
# Not in the middle of a program: they end it, go elsewhere, or do what is not decided.
LEFT_OUT = (
    *("b", "bl", "blx_imm", "blx_reg", "bx", "bxj", "cbz", "tbb", "tbh", "it", "svc", "bkpt", "udf", "cps", "hint"),
    *("setend", "smc", "hvc", "eret", "rfe", "srs", "subs_pc_lr", "ldm_privileged", "stm_privileged", "dbg"),
    *("cdp", "cdp2", "mcr", "mcr2", "mrc", "mrc2", "mcrr", "mcrr2", "mrrc", "mrrc2", "ldc", "ldc2", "stc", "stc2"),
    *("msr_imm", "msr_reg", "vmsr", "push", "pop", "push_one", "pop_one", "mrc_pmuserenr"),
)
INTERPRETED = ("vtbl", "vtbx")


def choices(thumb: bool) -> list[Encoding]:
    """Return the encodings that programs are made of."""
    decoder()
    return [e for e in ENCODINGS if e.thumb == thumb and e.extension != V8 and e.instruction.name not in LEFT_OUT]


class Program:
    """Machine code that begins at CODE and ends with SVC #0, in A32 or T32; functions may be in the other set.

    `mixed`: half of them are, and half are called by way of a stub.
    """

    def __init__(self, rng: Random, thumb: bool, *, size: int = 14, mixed: bool = False) -> None:
        self.rng = rng
        self.mixed = mixed
        self.thumb = thumb
        self.entry_thumb = thumb
        self.code = bytearray()
        self._choices = {set_: choices(set_) for set_ in (False, True)}
        self._builder = self._make_builder()
        self._literals: list[tuple[int, bool, int]] = []  # where the load is, its set, its register
        self._calls: list[tuple[int, bool, int]] = []  # where the call is, its set, the function's number
        self._pointers: list[tuple[int, bool, int, int]] = []  # MOVW and MOVT of an address, and the condition
        self.words = 0  # drawn from the declarations
        self.names: set[str] = set()  # of their instructions
        self._block(size, depth=0, callable_from=0)
        self._end()
        self._functions()
        self._pool()

    @staticmethod
    def _make_builder() -> RegionBuilder:
        names = _Anything()
        return RegionBuilder(
            routines=names,
            literal=lambda address, size: None,
            inline=lambda to, context: False,
            include=lambda to: False,
            callees=lambda link: (),
            unusual=lambda place: False,
            avx=True,
        )

    # Places

    @property
    def at(self) -> int:
        """The address of what comes next."""
        return CODE + len(self.code)

    def _put(self, word: int, length: int = 4) -> int:
        """Write an instruction; return where it is."""
        at = self.at
        if self.thumb and length == 4:
            self.code += (word >> 16).to_bytes(2, "little") + (word & 0xFFFF).to_bytes(2, "little")
        else:
            self.code += word.to_bytes(length, "little")
        return at

    def _patch(self, at: int, word: int, thumb: bool) -> None:
        data = word.to_bytes(4, "little")
        if thumb:
            data = (word >> 16).to_bytes(2, "little") + (word & 0xFFFF).to_bytes(2, "little")
        self.code[at - CODE : at - CODE + 4] = data

    @staticmethod
    def _branch(at: int, target: int, cond: int, thumb: bool) -> int:
        if not thumb:
            return cond << 28 | 0x0A000000 | (target - at - 8) >> 2 & 0xFFFFFF
        offset = target - at - 4 >> 1
        sign = offset >> 31 & 1
        if cond == 14:
            return 0xF0009000 | 1 << 13 | 1 << 11 | sign << 26 | (offset >> 11 & 0x3FF) << 16 | offset & 0x7FF
        return (
            0xF0008000
            | sign << 26
            | cond << 22
            | (offset >> 11 & 0x3F) << 16
            | sign << 13
            | sign << 11
            | offset & 0x7FF
        )

    def _call(self, at: int, target: int, thumb: bool, to_thumb: bool) -> int:
        if not thumb:
            if to_thumb:
                return 0xFA000000 | (target - at - 8 >> 1 & 1) << 24 | (target - at - 8) >> 2 & 0xFFFFFF
            return 0xEB000000 | (target - at - 8) >> 2 & 0xFFFFFF
        offset = (target - (at + 4 if to_thumb else at + 4 & -4)) >> 1
        sign = offset >> 31 & 1
        return (
            0xF000C000
            | (1 << 12 if to_thumb else 0)
            | sign << 26
            | 1 << 13
            | 1 << 11
            | (offset >> 11 & 0x3FF) << 16
            | offset & 0x7FF
        )

    # Pieces

    def _set_number(self, register: int, number: int) -> None:
        if self.thumb:
            self._put(0xF04F0000 | register << 8 | number)
        else:
            self._put(0xE3A00000 | register << 12 | number)

    def _count_down(self, register: int) -> None:
        if self.thumb:
            self._put(0xF1B00001 | register << 16 | register << 8)
        else:
            self._put(0xE2500001 | register << 16 | register << 12)

    def _block(self, size: int, depth: int, callable_from: int) -> None:
        rng = self.rng
        while size > 0:
            kind = rng.random()
            inner = rng.randrange(2, 7)
            if kind < 0.12 and depth < 2:
                counter = (OUTER, INNER)[depth] if not callable_from else INNER
                if callable_from and depth:
                    continue  # r8 is taken
                self._loop(counter, inner, depth, callable_from)
                size -= inner
            elif kind < 0.24 and depth < 3:
                self._skip(inner, depth + 1, callable_from)
                size -= inner
            elif kind < 0.32 and callable_from < 2 and len(self._calls) + len(self._pointers) // 2 < 12:
                if rng.random() < 0.4:
                    self._call_by_pointer(callable_from)
                else:
                    self._calls.append((self._put(0), self.thumb, rng.randrange(2) + 2 * callable_from))
            elif kind < 0.37:
                self._literals.append((self._put(0), self.thumb, rng.randrange(6)))
            elif kind < 0.42:
                self._table_jump(depth, callable_from)
            elif kind < 0.55 and self.thumb:
                self._it_block()
                size -= 2
            else:
                self._word()
                size -= 1

    def _loop(self, counter: int, size: int, depth: int, callable_from: int) -> None:
        self._set_number(counter, self.rng.randrange(1, 6))
        start = self.at
        # A function that is called may count with r8 too.
        self._block(size, depth + 1, callable_from if counter == OUTER else 2)
        self._count_down(counter)
        at = self._put(0)
        self._patch(at, self._branch(at, start, 1, self.thumb), self.thumb)

    def _skip(self, size: int, depth: int, callable_from: int) -> None:
        thumb = self.thumb
        if thumb and self.rng.random() < 0.3:
            at = self._put(0, 2)
            for _ in range(self.rng.randrange(1, 5)):
                self._word()
            offset = self.at - at - 4
            word = 0xB100 | self.rng.getrandbits(1) << 11 | self.rng.randrange(8)
            word |= (offset >> 6 & 1) << 9 | (offset >> 1 & 31) << 3
            self.code[at - CODE : at - CODE + 2] = word.to_bytes(2, "little")
            return
        at = self._put(0)
        self._block(size, depth, callable_from)
        cond = self.rng.randrange(15)
        if self.rng.random() < 0.5:
            over = self._put(0)
            self._patch(at, self._branch(at, self.at, cond, thumb), thumb)
            for _ in range(self.rng.randrange(1, 4)):
                self._word()
            self._patch(over, self._branch(over, self.at, 14, thumb), thumb)
        else:
            self._patch(at, self._branch(at, self.at, cond, thumb), thumb)

    def _table_jump(self, depth: int, callable_from: int) -> None:
        """Jump by r12, which is 0 to 3."""
        if self.thumb:
            self._put(0xE8DFF000 | INDEX)
            table = len(self.code)
            self._put(0, 4)
            targets = []
            for _ in range(4):
                targets.append(self.at)
                self._word()
            self.code[table : table + 4] = bytes((target - CODE - table) // 2 for target in targets)
        else:
            # ldr pc, [pc, r12, lsl #2], and a word before the table
            self._put(0xE79FF100 | INDEX)
            self._put(0xE1A00000)
            table = len(self.code)
            for _ in range(4):
                self._put(0)
            for n in range(4):
                self.code[table + 4 * n : table + 4 * n + 4] = self.at.to_bytes(4, "little")
                self._word()

    def _call_by_pointer(self, callable_from: int) -> None:
        """Call one of two functions, or the same one always."""
        rng = self.rng
        for cond in (14, rng.randrange(14)):
            if self.thumb and cond != 14:
                self._put(0xBF04 | cond << 4 | (cond & 1) << 3, 2)  # for two instructions
            self._pointers.append((self._put(0), self.thumb, rng.randrange(2) + 2 * callable_from, cond))
            self._put(0)
        if self.thumb:
            self._put(0x4780 | POINTER << 3, 2)
        else:
            self._put(0xE12FFF30 | POINTER)

    def _it_block(self) -> None:
        rng = self.rng
        count = rng.randrange(1, 5)
        first = rng.randrange(14)
        mask = 1 << 4 - count
        for bit in range(5 - count, 4):
            mask |= rng.getrandbits(1) << bit
        self._put(0xBF00 | first << 4 | mask, 2)
        it = first << 4 | mask
        for _ in range(count):
            self._word(it)
            it = advance_it(it)

    def _end(self) -> None:
        if self.thumb:
            self._put(0xDF00, 2)
        else:
            self._put(0xEF000000)

    def _functions(self) -> None:
        """Write the functions: 0 and 1 may call 2 and 3, which call none."""
        rng = self.rng
        places = {}
        for number in range(4):
            self.thumb = rng.random() < 0.5 if self.mixed or rng.random() < 0.3 else self.entry_thumb
            self.code += bytes(-len(self.code) % 4)
            places[number] = (self.at, self.thumb)
            leaf = number >= 2
            if not leaf or rng.random() < 0.5:
                saved = rng.getrandbits(6) | 1 << INNER
                self._put(0xE92D4000 | saved)
                self._block(rng.randrange(1, 8), 0, 1 + leaf)
                if rng.random() < 0.5:
                    self._put(0xE8BD8000 | saved)
                    continue
                self._put(0xE8BD4000 | saved)
            else:
                for _ in range(rng.randrange(1, 8)):
                    self._word()
            if self.thumb:
                self._put(0x4770, 2)
            else:
                one_set = not self.entry_thumb and not self.mixed
                self._put(rng.choice((0xE12FFF1E, 0xE12FFF1E, 0xE1A0F00E)) if one_set else 0xE12FFF1E)
        if self.mixed:
            places = {n: self._stub(*place) if rng.random() < 0.5 else place for n, place in places.items()}
        for at, thumb, number in self._calls:
            target, to_thumb = places[number]
            self._patch(at, self._call(at, target, thumb, to_thumb), thumb)
        for at, thumb, number, cond in self._pointers:
            target, to_thumb = places[number]
            address = target | to_thumb
            for n, half in enumerate((address & 0xFFFF, address >> 16)):
                self._patch(at + 4 * n, self._move_half(half, cond, thumb, top=n), thumb)

    def _stub(self, target: int, to_thumb: bool) -> tuple[int, bool]:
        """Write what jumps to a function, by a constant or a register; return its place and set."""
        self.thumb = self.rng.random() < 0.5
        self.code += bytes(-len(self.code) % 4)
        place = self.at, self.thumb
        address = target | to_thumb
        if self.rng.random() < 0.3:
            # ldr pc, [pc, #-4], or #0
            self._put(0xF8DFF000 if self.thumb else 0xE51FF004)
            self.code += address.to_bytes(4, "little")
            return place
        for n, half in enumerate((address & 0xFFFF, address >> 16)):
            self._put(self._move_half(half, 14, self.thumb, top=n))
        if self.thumb:
            self._put(0x4700 | POINTER << 3, 2)
        else:
            self._put(0xE12FFF10 | POINTER)
        return place

    @staticmethod
    def _move_half(half: int, cond: int, thumb: bool, *, top: int) -> int:
        """Return MOVW or MOVT of r9."""
        if not thumb:
            return cond << 28 | 0x03000000 | top << 22 | half >> 12 << 16 | POINTER << 12 | half & 0xFFF
        word = 0xF2400000 | top << 23 | half >> 12 << 16 | POINTER << 8 | half & 0xFF
        return word | (half >> 11 & 1) << 26 | (half >> 8 & 7) << 12

    def _pool(self) -> None:
        self.code += bytes(-len(self.code) % 4)
        for at, thumb, register in self._literals:
            base = (at + 4 & -4) if thumb else at + 8
            if self.at - base < 4096:
                word = (0xF8DF0000 if thumb else 0xE59F0000) | register << 12 | self.at - base
                self.code += self.rng.randbytes(4)
            else:
                word = 0xF3AF8000 if thumb else 0xE1A00000
            self._patch(at, word, thumb)

    # Words

    def _word(self, it: int = 0) -> None:
        """Write one instruction of the declarations."""
        while True:
            encoding = self.rng.choice(self._choices[self.thumb])
            word = self._registers(encoding, random_word(self.rng, encoding))
            if self._is_fine(encoding, word, it):
                self._put(word, encoding.length)
                self.words += 1
                self.names.add(encoding.instruction.name)
                return

    def _registers(self, encoding: Encoding, word: int) -> int:
        """Let most register fields name registers that a program may write, and bases point to data."""
        rng = self.rng
        memory = is_memory(encoding.instruction.name)
        for name, (lsb, width) in encoding.pattern.fields.items():
            number = None
            if name == "registers":
                number = rng.getrandbits(6) | (rng.getrandbits(width) & 0x3F)
            elif memory and name == "rn":
                number = rng.choice(BASES)
            elif memory and name == "rm" and width == 4 and rng.random() < 0.9:
                number = rng.choice((INDEX, 15)) if encoding.instruction.name.startswith(("vld", "vst")) else INDEX
            elif name[0] == "r" and width in (3, 4) and name not in ("rm2", "rotate"):
                number = rng.randrange(6)
            elif memory and name in ("w", "w_bit"):
                number = int(rng.random() < 0.1)
            if number is not None:
                word = word & ~((1 << width) - 1 << lsb) | number << lsb
        return word

    def _is_fine(self, encoding: Encoding, word: int, it: int) -> bool:
        decoded = decoder().decode(word, thumb=self.thumb, length=encoding.length, pc=self.at, itstate=it)
        if decoded is None or decoded.encoding is not encoding or decoded.encoding.is_unpredictable(decoded.fields):
            return False
        name = encoding.instruction.name
        if not keeps_should_be(decoded) or (encoding.isa == A32 and decoded.fields.get("cond", 14) == 15):
            return False
        if name in INTERPRETED:
            return True
        builder = self._builder
        fragment = builder.begin(self.at | self.thumb, encoding.length, it, 0, ())
        try:
            encoding.execute(builder, decoded.fields)
        except Unsupported:
            return False
        if fragment.targets or fragment.spills or builder.ended:
            return False
        kept = fragment.written & KEPT
        return not kept or (is_memory(name) and kept <= {"r6", "r7"} and self.rng.random() < 0.15)


class _Anything(dict[str, int]):
    """Routines that are all somewhere."""

    def __missing__(self, name: str) -> int:
        return 0

    def get(self, name: str, default: object = None) -> int:
        """Return a number, whatever the name."""
        return 0
