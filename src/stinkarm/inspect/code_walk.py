"""What a function has done to the stack by some instruction, found out from its code alone.

The unwinding tables of ARM tell that for calls, and a program may have a fault anywhere: in a prologue, an epilogue, a
function without tables. So the code is followed from the function's start, with what is known of each register: that
it is some distance from the CFA (what sp was at the start), that it still is what the caller had, or a number.
"""

from __future__ import annotations

from stinkarm.guest.memory import GuestFault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from stinkarm.guest.memory import Memory

    Value = tuple[str, int] | None  # ("cfa", distance), ("entry", register), ("number", n)

SP, LR, PC = 13, 14, 15
_MASK = 0xFFFFFFFF
_MAX_STEPS = 3000
_MAX_DISTANCE = 1 << 16  # bytes from a function's start
_MAX_PROLOGUES = 4
_MAX_CASES = 1023
_PIECE = 512
_CLOBBERED = (0, 1, 2, 3, 12, LR)  # by a call
_AL = 14


class Known:
    """What is known at one instruction: of registers, and of words of the stack, by their distance from the CFA."""

    __slots__ = ("it", "registers", "slots", "sp_varies")

    def __init__(self) -> None:
        self.registers: list[Value] = [("entry", number) for number in range(16)]
        self.registers[SP] = ("cfa", 0)
        self.registers[PC] = None
        self.slots: dict[int, Value] = {}
        self.it = 0  # instructions left of an IT block
        self.sp_varies = False  # what is not known of sp is known of a frame pointer

    def copy(self) -> Known:
        """Make another that can change."""
        new = Known.__new__(Known)
        new.registers, new.slots, new.it = self.registers[:], dict(self.slots), self.it
        return new

    def callers(self, memory: Memory, registers: list[int | None]) -> Iterator[list[int | None]]:
        """Give what may be the registers of the caller, from those at this instruction, the likeliest first.

        Raises GuestFault.
        """
        # Where ways join, one of which has moved sp by what is not known, a frame pointer is right.
        bases = (7, 11, SP, *range(11)) if self.sp_varies else (SP, 7, 11, *range(11))
        found: list[int] = []
        for number in bases:
            value, held = self.registers[number], registers[number]
            if value is not None and value[0] == "cfa" and held is not None:
                cfa = held - value[1] & _MASK
                if cfa not in found:
                    found.append(cfa)
                    yield self._caller(memory, registers, cfa)

    def _caller(self, memory: Memory, registers: list[int | None], cfa: int) -> list[int | None]:
        found: list[int | None] = [None] * 16
        for number, value in enumerate(self.registers):
            if value is not None and value[0] == "entry" and registers[number] is not None:
                found[value[1]] = registers[number]
        # Where ways join only one was followed, and a register may have changed on the other; what is saved has not.
        sp = registers[SP]
        for distance, value in self.slots.items():
            if value is not None and value[0] == "entry" and (sp is None or cfa + distance >= sp):
                found[value[1]] = memory.read_u32(cfa + distance & _MASK)
        found[PC], found[SP] = found[LR], cfa
        for number in _CLOBBERED:
            found[number] = None
        return found


def known_at(memory: Memory, start: int, end: int, pc: int, thumb: bool, one: bool = True) -> Known | None:
    """Follow code in [start, end) to pc. None: it is not reached in what can be followed.

    `one`: it is one function; else others may begin behind its end.
    """
    if not 0 <= pc - start <= _MAX_DISTANCE:
        return None
    return _Walk(memory, start, max(end, pc + 1), pc, thumb, one).run()


def prologues(memory: Memory, start: int, pc: int, thumb: bool) -> list[int]:
    """Find the instructions before pc that push lr, the nearest first: functions that nothing names start there."""
    start = -(-start // 4) * 4
    try:
        data = memory.read(start, pc - start)
    except GuestFault:
        return []
    size = 2 if thumb else 4
    found = []
    for at in range(len(data) - 4 & -size, -1, -size):
        word = int.from_bytes(data[at : at + 4], "little")
        if (not thumb and word & 0xFFFFC000 == 0xE92D4000) or (
            thumb and (word & 0xFF00 == 0xB500 or word & 0xC000FFFF == 0x4000E92D)
        ):
            found.append(start + at)
            if len(found) == _MAX_PROLOGUES:
                break
    return found


class _Walk:
    """One walk. What an instruction does is in `target`, `falls`, `called` and `leaves` until the next."""

    def __init__(self, memory: Memory, start: int, end: int, pc: int, thumb: bool, one: bool) -> None:
        self.memory = memory
        self.one = one
        self.start = start
        self.end = min(end, start + _MAX_DISTANCE)
        self.compared = 0  # what was last compared with a number: how long a table of branches is
        self.pc = pc
        self.thumb = thumb
        self.steps = 0
        self.seen: set[int] = set()
        self.ready: list[tuple[int, Known]] = []
        self.later: list[tuple[int, Known]] = []  # behind calls, which may never come back
        self.jump: Known | None = None  # at an indirect jump of this function
        self.address = 0
        self.known = Known()
        self.sp_varies = False
        self.literals: set[int] = set()  # words that are loaded as data
        self.pieces: dict[int, bytes] = {}  # of the code, as it was when it was first looked at

    def run(self) -> Known | None:
        """Walk until pc is reached."""
        at = self.start
        known = Known()
        while self.steps < _MAX_STEPS:
            found = self.walk(at, known)
            if found is not None:
                return found
            # A `switch` goes on there; or another function begins, where nothing names it.
            at = self.first_unseen(at)
            if at > self.pc:
                return None
            known = self.jump.copy() if self.one and self.jump is not None else Known()
        return None

    def read(self, address: int) -> tuple[int, int]:
        """Read an instruction and its length. Raises GuestFault."""
        at = address - self.start & -_PIECE
        piece = self.pieces.get(at)
        if piece is None:
            # Two bytes more, for the second half of an instruction, unless the mapping ends there.
            first = self.start + at
            try:
                piece = self.memory.read(first, _PIECE + 2)
            except GuestFault as fault:
                piece = self.memory.read(first, max(fault.address - first, 2))
            self.pieces[at] = piece
        offset = address - self.start - at
        size = 2 if self.thumb else 4
        word = int.from_bytes(piece[offset : offset + size], "little")
        if offset + size > len(piece):
            raise GuestFault(address, False)
        if self.thumb and word >> 11 in (0b11101, 0b11110, 0b11111):
            if offset + 4 > len(piece):
                raise GuestFault(address, False)
            return word << 16 | int.from_bytes(piece[offset + 2 : offset + 4], "little"), 4
        return word, size

    def first_unseen(self, at: int) -> int:
        """Find the first place from `at` on that was not seen, behind what was."""
        size = 2 if self.thumb else 4
        while at in self.seen or at & ~3 in self.literals:
            at += size
            if at - size in self.seen and self.thumb and at not in self.seen and self._is_wide(at - size):
                at += size
        return at

    def _is_wide(self, address: int) -> bool:
        try:
            return self.read(address)[1] == 4
        except GuestFault:
            return False

    def walk(self, start: int, known: Known) -> Known | None:
        """Follow everything that can be reached from a place."""
        self.ready.append((start, known))
        while self.ready or self.later:
            address, known = self.ready.pop() if self.ready else self.later.pop(0)
            while address not in self.seen and self.steps < _MAX_STEPS:
                if address == self.pc:
                    known.sp_varies = self.sp_varies
                    return known
                if not self.start <= address < self.end:
                    break
                self.seen.add(address)
                self.steps += 1
                try:
                    word, length = self.read(address)
                except GuestFault:
                    break
                after = self.step(address, word, length, known)
                if after is None:
                    break
                address, known = address + length, after
        return None

    def step(self, address: int, word: int, length: int, before: Known) -> Known | None:
        """Do an instruction; note where it branches to; give what is known behind it, None if it does not go there."""
        self.address, self.known = address, before.copy()
        self.target, self.falls, self.called, self.leaves = -1, True, False, False
        conditional = before.it > 0
        if before.it:
            self.known.it -= 1
        if not self.thumb:
            conditional = word >> 28 < _AL
            self.a32(word)
        elif length == 2:
            self.t16(word)
        else:
            self.t32(word)
        after = self.known
        if self.target >= 0:
            self.ready.append((self.target, after.copy()))
        if self.leaves and self.jump is None and not self.returns(before):
            self.jump = after.copy()
        if conditional and not self.called:
            after = _either(before, after)
        elif self.leaves or not self.falls:
            return None
        if self.called:
            for number in _CLOBBERED:
                after.registers[number] = None
            self.later.append((address + length, after))
            return None
        return after

    def returns(self, before: Known) -> bool:
        """Say whether the jump that was just done goes to the caller."""
        return self.known.registers[PC] == ("entry", LR) or before.registers[SP] != self.known.registers[SP]

    # What instructions do

    def set(self, number: int, value: Value) -> None:
        """Write a register; writing pc leaves."""
        self.known.registers[number] = value
        if number == SP and value is None:
            self.sp_varies = True
        if number == PC:
            self.leaves = True

    def clear(self, *numbers: int) -> None:
        """Forget registers that are written by what is not followed."""
        for number in numbers:
            if number not in (SP, PC):
                self.known.registers[number] = None

    def get(self, number: int) -> Value:
        """Read a register."""
        if number == PC:
            return ("number", self.address + 4 & ~3 if self.thumb else self.address + 8)
        return self.known.registers[number]

    def add(self, target: int, source: Value, amount: Value, sign: int = 1) -> None:
        """Set a register to a sum or difference."""
        if sign > 0 and amount is not None and amount[0] == "cfa":
            source, amount = amount, source
        if source is None or amount is None or source[0] == "entry" or amount[0] != "number":
            self.set(target, None)
            return
        value = source[1] + sign * amount[1]
        self.set(target, ("cfa", _signed(value)) if source[0] == "cfa" else ("number", value & _MASK))

    def store(self, base: Value, distance: int, number: int) -> None:
        """Store a register at a distance from a value."""
        if base is not None and base[0] == "cfa":
            self.known.slots[base[1] + distance] = self.known.registers[number]

    def load(self, base: Value, distance: int, number: int) -> None:
        """Load a register from a distance from a value."""
        value: Value = None
        if base is not None and base[0] == "cfa":
            value = self.known.slots.get(base[1] + distance)
        elif base is not None and base[0] == "number":
            self.literals.add(base[1] + distance)
            try:
                value = ("number", self.memory.read_u32(base[1] + distance & _MASK))
            except GuestFault:
                value = None
        self.set(number, value)

    def single(self, load: bool, number: int, base: int, distance: int, *, word: bool, pre: bool, back: bool) -> None:
        """Do LDR or STR and their like with an immediate offset; `back`: the base is written."""
        value = self.get(base)
        at = distance if pre else 0
        if back:
            self.add(base, value, ("number", distance))
        if load:
            self.load(value if word else None, at, number)
        elif word:
            self.store(value, at, number)

    def multiple(self, load: bool, base: int, mask: int, *, up: bool, before: bool, back: bool) -> None:
        """Do LDM or STM."""
        value, count = self.get(base), mask.bit_count()
        at = (4 if before else 0) if up else -4 * count + (0 if before else 4)
        if back:
            self.add(base, value, ("number", 4 * count if up else -4 * count))
        for number in range(16):
            if mask >> number & 1:
                if load:
                    self.load(value, at, number)
                else:
                    self.store(value, at, number)
                at += 4

    def branch(self, target: int) -> None:
        """Go to an address."""
        self.target, self.falls = target & _MASK, False

    def call(self) -> None:
        """Call something."""
        self.called = True

    def jump_to(self, number: int) -> None:
        """Do BX, or MOV to pc."""
        self.set(PC, self.get(number))

    # A32

    def a32(self, w: int) -> None:
        """Do an A32 instruction (DDI0406C A5)."""
        group = w >> 25 & 7
        if w >> 28 == 15:
            if group == 5:
                self.call()  # BLX
            elif w >> 24 == 0xF4 and w & 15 != 15 and not w & 1 << 20 | 1 << 23:
                self.clear(w >> 16 & 15)
        elif group == 5:
            if w & 1 << 24:
                self.call()
            else:
                self.branch(self.address + 8 + (_extended(w & 0xFFFFFF, 24) << 2))
        elif group == 4:
            up, before, back = bool(w & 1 << 23), bool(w & 1 << 24), bool(w & 1 << 21)
            self.multiple(bool(w & 1 << 20), w >> 16 & 15, w & 0xFFFF, up=up, before=before, back=back)
        elif group == 2 or (group == 3 and not w & 16):
            self.a32_load_store(w, immediate=group == 2)
        elif group == 3:
            self.clear(w >> 16 & 15, w >> 12 & 15)
        elif group < 2:
            self.a32_data(w)
        else:
            self.coprocessor(w)

    def a32_load_store(self, w: int, *, immediate: bool) -> None:
        """Do LDR, STR, LDRB, STRB."""
        load, pre, back = bool(w & 1 << 20), bool(w & 1 << 24), bool(w & 1 << 21) or not w & 1 << 24
        base, number = w >> 16 & 15, w >> 12 & 15
        if immediate:
            distance = w & 0xFFF if w & 1 << 23 else -(w & 0xFFF)
            self.single(load, number, base, distance, word=not w & 1 << 22, pre=pre, back=back)
            return
        if back:
            self.clear(base)
        if load and number == base == PC and w & 0xFF0 == 0x100:  # LDR pc, [pc, rm, LSL #2]
            self.cases(self.words(self.address + 8, 4))
        if load:
            self.set(number, None)

    def cases(self, targets: list[int]) -> None:
        """Go to each case of a `switch`."""
        for target in targets:
            self.ready.append((target & _MASK, self.known.copy()))

    def words(self, table: int, size: int) -> list[int]:
        """Read a table as long as the last comparison says."""
        try:
            data = self.memory.read(table, size * (self.compared + 1))
        except GuestFault:
            return []
        self.literals.update(range(table & ~3, table + len(data), 4))
        return [int.from_bytes(data[at : at + size], "little") for at in range(0, len(data), size)]

    def a32_data(self, w: int) -> None:
        """Do a data-processing instruction, a multiplication, or what else is between them."""
        number, rn, rm = w >> 12 & 15, w >> 16 & 15, w & 15
        immediate = w >> 25 & 1
        if not immediate and w & 0x90 == 0x90:
            self.a32_extra(w)
            return
        operation = w >> 21 & 15
        if operation & 12 == 8 and not w & 1 << 20:  # what has no S there: miscellaneous
            if immediate:
                if operation == 8:
                    self.set(number, ("number", rn << 12 | w & 0xFFF))  # MOVW
                elif operation == 10:
                    self.movt(number, rn << 12 | w & 0xFFF)
            elif w & 0x0FFFFFF0 == 0x012FFF10:
                self.jump_to(rm)
            elif w & 0x0FFFFFF0 == 0x012FFF30:
                self.call()
            elif w & 0xF0 or not w & 1 << 21:
                self.clear(number, rn)
            return
        if operation & 12 == 8:
            if immediate and operation == 10:
                self.compared = w & 255
            return
        if number == PC and w & 0x0FFFFFF0 == 0x008FF100:  # ADD pc, pc, rm, LSL #2, into branches
            self.leaves = True
            self.cases([self.address + 8 + 4 * index for index in range(self.compared + 1)])
            return
        amount: Value = None
        if immediate:
            turn = (w >> 8 & 15) * 2
            amount = ("number", ((w & 255) >> turn | (w & 255) << 32 - turn) & _MASK)
        elif not w & 0xFF0:
            amount = self.get(rm)
        self.operate(operation, number, rn, amount)

    def operate(self, operation: int, number: int, rn: int, amount: Value) -> None:
        """Do a data-processing operation by its A32 number."""
        if operation == 4:
            self.add(number, self.get(rn), amount)
        elif operation == 2:
            self.add(number, self.get(rn), amount, -1)
        elif operation == 13:
            self.set(number, amount)
        elif operation == 15:
            self.set(number, ("number", ~amount[1] & _MASK) if amount is not None and amount[0] == "number" else None)
        else:
            source = self.get(rn)
            if operation == 12 and source is not None and amount is not None and source[0] == amount[0] == "number":
                self.set(number, ("number", source[1] | amount[1]))
            else:
                self.set(number, None)

    def movt(self, number: int, top: int) -> None:
        """Do MOVT."""
        old = self.get(number)
        self.set(number, ("number", old[1] & 0xFFFF | top << 16) if old is not None and old[0] == "number" else None)

    def a32_extra(self, w: int) -> None:
        """Do a multiplication, an exclusive, or a load or store of a halfword or a doubleword."""
        base, number, kind = w >> 16 & 15, w >> 12 & 15, w >> 5 & 3
        if not kind:
            self.clear(number, base if not w & 1 << 24 else number)
            return
        distance = (w >> 4 & 0xF0 | w & 15) if w & 1 << 22 else 0
        pre, back = bool(w & 1 << 24), bool(w & 1 << 21) or not w & 1 << 24
        known = bool(w & 1 << 22)
        distance = distance if w & 1 << 23 else -distance
        load = bool(w & 1 << 20) or kind == 2
        self.double(w & 1 << 20 == 0 and kind > 1, load, number, number + 1, base, distance, known, pre, back)

    def double(
        self,
        double: bool,
        load: bool,
        first: int,
        second: int,
        base: int,
        distance: int,
        known: bool,
        pre: bool,
        back: bool,
    ) -> None:
        """Do LDRD or STRD if `double`, else a load or store of less than a word."""
        value = self.get(base) if known else None
        at = distance if pre else 0
        if back:
            self.add(base, value, ("number", distance))
        if not double:
            if load:
                self.clear(first)
        elif load:
            self.load(value, at, first)
            self.load(value, at + 4, second & 15)
        else:
            self.store(value, at, first)
            self.store(value, at + 4, second & 15)

    def coprocessor(self, w: int) -> None:
        """Do an instruction of VFP, Advanced SIMD or a coprocessor, or SVC; they are the same in T32."""
        number, rn = w >> 12 & 15, w >> 16 & 15
        if w >> 24 & 15 == 15:
            self.clear(0)
        elif w & 0x0FE00000 == 0x0C400000:  # two core registers
            if w & 1 << 20:
                self.clear(number, rn)
        elif w & 0x0E000000 == 0x0C000000:
            if w & 1 << 21:
                size = 4 * (w & 255)
                self.add(rn, self.get(rn), ("number", size if w & 1 << 23 else -size))
        elif w & 0x0F100010 == 0x0E100010 and number != PC:
            self.clear(number)

    # T32

    def t16(self, h: int) -> None:
        """Do a T32 instruction of 16 bits (DDI0406C A6.2)."""
        low, number, rn = h & 7, h >> 8 & 7, h >> 3 & 7
        top = h >> 11
        if top < 3:
            self.set(low, self.get(rn) if not h >> 6 else None)
        elif top == 3:
            amount: Value = ("number", h >> 6 & 7) if h & 1 << 10 else self.get(h >> 6 & 7)
            self.add(low, self.get(rn), amount, -1 if h & 1 << 9 else 1)
        elif top < 8:
            if top == 4:
                self.set(number, ("number", h & 255))
            elif top == 5:
                self.compared = h & 255
            elif top > 5:
                self.add(number, self.get(number), ("number", h & 255), -1 if top == 7 else 1)
        elif top == 8:
            self.t16_data(h)
        elif top == 9:
            self.load(self.get(PC), 4 * (h & 255), number)
        elif top < 12:
            if h >> 9 & 7 >= 3:
                self.clear(low)
        elif top < 14:
            self.single(top == 13, low, rn, 4 * (h >> 6 & 31), word=True, pre=True, back=False)
        elif top < 18:
            if h & 1 << 11:
                self.clear(low)
        elif top < 20:
            self.single(top == 19, number, SP, 4 * (h & 255), word=True, pre=True, back=False)
        elif top < 22:
            self.add(number, self.get(SP if top == 21 else PC), ("number", 4 * (h & 255)))
        elif top < 24:
            self.t16_other(h)
        elif top < 26:
            back = top == 24 or not h >> number & 1
            self.multiple(top == 25, number, h & 255, up=True, before=False, back=back)
        elif top == 28:
            self.branch(self.address + 4 + (_extended(h & 0x7FF, 11) << 1))
        elif h >> 8 == 0xDF:
            self.clear(0)
        elif h >> 8 == 0xDE:
            self.falls = False
        else:
            self.target = self.address + 4 + (_extended(h & 255, 8) << 1) & _MASK

    def t16_data(self, h: int) -> None:
        """Do a data-processing instruction of low registers, or one of all registers, or BX."""
        number, rm = h & 7 | h >> 4 & 8, h >> 3 & 15
        if not h & 1 << 10:
            if h >> 6 & 15 not in (8, 10, 11):
                self.clear(h & 7)
        elif h >> 8 == 0x44:
            self.add(number, self.get(number), self.get(rm))
        elif h >> 8 == 0x46:
            self.set(number, self.get(rm))
        elif h >> 8 == 0x47:
            if h & 1 << 7:
                self.call()
            else:
                self.jump_to(rm)

    def t16_other(self, h: int) -> None:
        """Do one of the miscellaneous instructions of 16 bits (A6.2.5)."""
        if h >> 8 == 0xB0:
            self.add(SP, self.get(SP), ("number", 4 * (h & 127)), -1 if h & 128 else 1)
        elif h & 0xF500 == 0xB100:  # CBZ, CBNZ
            self.target = self.address + 4 + (h >> 3 & 0x1F) * 2 + (h >> 9 & 1) * 64
        elif h & 0xFE00 == 0xB400:
            self.multiple(False, SP, h & 255 | h >> 8 << LR & 1 << LR, up=False, before=True, back=True)
        elif h & 0xFE00 == 0xBC00:
            self.multiple(True, SP, h & 255 | h >> 8 << PC & 1 << PC, up=True, before=False, back=True)
        elif h >> 8 in (0xB2, 0xBA):
            self.clear(h & 7)
        elif h >> 8 == 0xBF and h & 15:
            self.known.it = 4 - ((h & -h & 15).bit_length() - 1)

    def t32(self, w: int) -> None:
        """Do a T32 instruction of 32 bits (A6.3)."""
        if w >> 26 & 7 == 3:  # 1110 11 and 1111 11
            self.coprocessor(w)
        elif w >> 27 == 0b11101:
            self.t32_multiple_double_data(w)
        elif w >> 27 == 0b11110:
            if w & 0x8000:
                self.t32_branch(w)
            else:
                self.t32_immediate(w)
        elif w >> 25 == 0b1111100:
            self.t32_load_store(w)
        elif w >> 24 == 0xFB:
            self.clear(w >> 8 & 15, w >> 12 & 15)
        else:
            self.clear(w >> 8 & 15)

    def t32_multiple_double_data(self, w: int) -> None:
        """Do what begins with 11101: LDM, STM, LDRD, STRD, exclusives, TBB, and shifted registers."""
        base, number, second, rm = w >> 16 & 15, w >> 12 & 15, w >> 8 & 15, w & 15
        load, back = bool(w & 1 << 20), bool(w & 1 << 21)
        if w & 0x02000000:
            operation, shift = w >> 21 & 15, w & 0x70F0
            amount = self.get(rm) if not shift else None
            self.t32_operate(operation, second, base, amount, bool(w & 1 << 20))
        elif not w & 1 << 22:
            before = bool(w & 1 << 24)
            self.multiple(load, base, w & 0xFFFF, up=not before, before=before, back=back)
        elif w & 0x01200000:
            distance = 4 * (w & 255) if w & 1 << 23 else -4 * (w & 255)
            pre = bool(w & 1 << 24)
            self.double(True, load, number, second, base, distance, True, pre, back)
        elif w & 0xFFF000E0 == 0xE8D00000:  # TBB, TBH
            self.leaves = True
            if base == PC:
                table = self.address + 4
                self.cases([table + 2 * entry for entry in self.words(table, 2 if w & 0x10 else 1)])
        else:
            self.clear(number if load else rm, second)

    def t32_operate(self, operation: int, number: int, rn: int, amount: Value, flags: bool) -> None:
        """Do a data-processing operation by its T32 number."""
        if number == PC and flags:  # TST, TEQ, CMN, CMP
            if operation == 13 and amount is not None and amount[0] == "number":
                self.compared = min(amount[1], _MAX_CASES)
            return
        as_a32 = {8: 4, 13: 2, 2: 13 if rn == PC else 12, 3: 15 if rn == PC else 1}.get(operation, 0)
        self.operate(as_a32, number, rn, amount)

    def t32_immediate(self, w: int) -> None:
        """Do a data-processing instruction with an immediate."""
        number, rn = w >> 8 & 15, w >> 16 & 15
        imm12 = w >> 15 & 0x800 | w >> 4 & 0x700 | w & 255
        if not w & 1 << 25:
            self.t32_operate(w >> 21 & 15, number, rn, ("number", _expanded(imm12)), bool(w & 1 << 20))
            return
        operation = w >> 20 & 31
        if operation == 0:
            self.add(number, self.get(rn), ("number", imm12))
        elif operation == 10:
            self.add(number, self.get(rn), ("number", imm12), -1)
        elif operation == 4:
            self.set(number, ("number", rn << 12 | imm12))
        elif operation == 12:
            self.movt(number, rn << 12 | imm12)
        else:
            self.clear(number)

    def t32_branch(self, w: int) -> None:
        """Do a branch, a call or a miscellaneous control instruction (A6.3.4)."""
        sign, j1, j2 = w >> 26 & 1, w >> 13 & 1, w >> 11 & 1
        far = _extended(
            sign << 24 | (j1 ^ sign ^ 1) << 23 | (j2 ^ sign ^ 1) << 22 | (w >> 16 & 0x3FF) << 12 | (w & 0x7FF) << 1, 25
        )
        match w & 0x5000:
            case 0x1000:
                self.branch(self.address + 4 + far)
            case 0x5000 | 0x4000:
                self.call()
            case _:
                if w >> 22 & 15 < _AL:
                    near = sign << 20 | j2 << 19 | j1 << 18 | (w >> 16 & 0x3F) << 12 | (w & 0x7FF) << 1
                    self.target = self.address + 4 + _extended(near, 21) & _MASK
                elif w & 0xFFF0F000 == 0xF7F0A000:  # UDF
                    self.falls = False
                elif w & 0xFFE00000 == 0xF3E00000:  # MRS
                    self.clear(w >> 8 & 15)

    def t32_load_store(self, w: int) -> None:
        """Do a load or store of one register, or of Advanced SIMD elements (A6.3.7 to A6.3.10)."""
        base, number, load, word = w >> 16 & 15, w >> 12 & 15, bool(w & 1 << 20), w >> 21 & 3 == 2
        if w & 0xFF100000 == 0xF9000000:
            if w & 15 != 15:
                self.clear(base)
        elif load and number == PC and not word:
            pass  # PLD, PLI
        elif base == PC and load:
            distance = w & 0xFFF if w & 1 << 23 else -(w & 0xFFF)
            self.single(load, number, base, distance, word=word, pre=True, back=False)
        elif w & 1 << 23:
            self.single(load, number, base, w & 0xFFF, word=word, pre=True, back=False)
        elif w & 0x800:
            distance = w & 255 if w & 1 << 9 else -(w & 255)
            pre, back = bool(w & 1 << 10), bool(w & 1 << 8)
            self.single(load, number, base, distance, word=word, pre=pre, back=back)
        elif load:
            self.set(number, None)


def _either(before: Known, after: Known) -> Known:
    """Give what is known behind an instruction that may not have been executed; if it moves sp, it was not."""
    if before.registers[SP] != after.registers[SP]:
        unchanged = before.copy()
        unchanged.it = after.it
        return unchanged
    pairs = zip(before.registers, after.registers, strict=True)
    after.registers = [old if old == new else None for old, new in pairs]
    after.slots = {at: value for at, value in after.slots.items() if before.slots.get(at) == value}
    return after


def _extended(value: int, bits: int) -> int:
    """Extend a sign."""
    return value - (1 << bits) if value >> bits - 1 & 1 else value


def _signed(value: int) -> int:
    value &= _MASK
    return value - (1 << 32) if value >> 31 else value


def _expanded(imm12: int) -> int:
    """Expand a modified immediate constant of T32 (A6.3.2)."""
    byte = imm12 & 255
    match imm12 >> 8:
        case 0:
            return byte
        case 1:
            return byte << 16 | byte
        case 2:
            return byte << 24 | byte << 8
        case 3:
            return byte * 0x01010101
        case _:
            value, turn = 0x80 | imm12 & 127, imm12 >> 7
            return (value >> turn | value << 32 - turn) & _MASK
