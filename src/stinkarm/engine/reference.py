"""The reference engine: Python integers, one instruction at a time. Slow and obvious: the living definition."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..guest import stop
from ..guest.memory import GuestFault, Memory
from ..guest.state import MASK32, WORD, State
from ..guest.stop import Stop
from ..isa.decode import Decoded, decoder, is_wide
from ..isa.fields import Number
from ..isa.operations import Machine, Value
from ..isa.tables import TABLES
from .floating_reference import FloatingReference

SIGBUS, SIGSEGV = 7, 11

_BINARY: dict[str, Callable[[int, int], int]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
    "shl": lambda a, b: a << b,
    "lshr": lambda a, b: a >> b,
    "udiv": lambda a, b: a // b,
}


class IntValue(Value):
    """A guest value that is a Python int, 0 <= number < 2**width."""

    __slots__ = ("number",)

    def __init__(self, machine: Machine, width: int, number: int) -> None:
        super().__init__(machine, width)
        self.number = number & (1 << width) - 1

    @property
    def signed(self) -> int:
        """The number in two's complement."""
        return self.number - (self.number >> (self.width - 1) << self.width)

    def __repr__(self) -> str:
        return f"{self.number:#x}:{self.width}"


class IntVector(Value):
    """A vector whose lanes are IntValues."""

    __slots__ = ("items",)

    def __init__(self, machine: Machine, items: Sequence[IntValue]) -> None:
        super().__init__(machine, items[0].width, len(items))
        self.items = items

    def __repr__(self) -> str:
        return repr(self.items)


def _int(value: Value) -> int:
    assert isinstance(value, IntValue)
    return value.number


def _lanes(value: Value) -> Sequence[IntValue]:
    if isinstance(value, IntVector):
        return value.items
    assert isinstance(value, IntValue)
    return [value]


def _clamp(number: int, width: int, *, signed: bool) -> int:
    low, high = (-(1 << width - 1), (1 << width - 1) - 1) if signed else (0, (1 << width) - 1)
    return max(low, min(high, number))


def _signed(value: Value) -> int:
    assert isinstance(value, IntValue)
    return value.signed


class _Ended(Exception):
    """The instruction stops the engine."""

    def __init__(self, kind: int, **details: Any) -> None:
        super().__init__(kind)
        self.kind = kind
        self.details = details


class IntMachine(FloatingReference):
    """Executes one instruction on a State and a Memory."""

    def __init__(self, state: State, memory: Memory) -> None:
        self.state = state
        self.words = state.words
        self.memory = memory
        self.thumb = 0
        self.address = 0  # of the instruction
        self.next_pc = 0
        self.decoded: Decoded | None = None

    # Values

    def number_of(self, value: Value) -> int:
        return _int(value)

    def const(self, number: Number, width: int = 32) -> IntValue:
        assert isinstance(number, int)
        return IntValue(self, width, number)

    def _each(self, function: Callable[..., IntValue], *operands: Value) -> IntValue | IntVector:
        """Apply a function of single values to each lane."""
        if all(operand.lanes == 1 for operand in operands):
            return function(*operands)
        return self.from_lanes([function(*lanes) for lanes in zip(*map(_lanes, operands), strict=True)])

    def binary(self, op: str, a: Value, b: Value) -> Value:
        return self._each(lambda x, y: self._binary(op, x, y), a, b)

    def _binary(self, op: str, a: IntValue, b: IntValue) -> IntValue:
        if op in ("shl", "lshr", "ashr") and b.number >= a.width:
            raise ValueError(f"a shift of {a.width} bits by {b.number}")
        if op == "ashr":
            return IntValue(self, a.width, a.signed >> b.number)
        if op == "sdiv":
            quotient = abs(a.signed) // abs(b.signed)
            return IntValue(self, a.width, quotient if (a.signed < 0) == (b.signed < 0) else -quotient)
        if op in _BINARY:
            return IntValue(self, a.width, _BINARY[op](a.number, b.number))
        signed = op[0] == "s"
        x, y = (a.signed, b.signed) if signed else (a.number, b.number)
        if op.endswith("_sat"):
            return IntValue(self, a.width, _clamp(x + y if op[1:4] == "add" else x - y, a.width, signed=signed))
        return IntValue(self, a.width, min(x, y) if op[1:] == "min" else max(x, y))

    def compare(self, op: str, a: Value, b: Value) -> Value:
        return self._each(lambda x, y: self._compare(op, x, y), a, b)

    def _compare(self, op: str, a: IntValue, b: IntValue) -> IntValue:
        x, y = (a.signed, b.signed) if op[0] == "s" else (a.number, b.number)
        truth = x == y if op == "eq" else x != y if op == "ne" else x < y if op[1:] == "lt" else x <= y
        return IntValue(self, 1, int(truth))

    def unary(self, op: str, a: Value) -> Value:
        return self._each(lambda x: self._unary(op, x), a)

    def _unary(self, op: str, a: IntValue) -> IntValue:
        number = a.number
        if op == "clz":
            return IntValue(self, a.width, a.width - number.bit_length())
        if op == "popcount":
            return IntValue(self, a.width, number.bit_count())
        if op == "rbit":
            return IntValue(self, a.width, int(f"{number:0{a.width}b}"[::-1], 2))
        return IntValue(self, a.width, int.from_bytes(number.to_bytes(a.width // 8, "little"), "big"))

    def convert(self, op: str, a: Value, width: int) -> Value:
        return self._each(lambda x: IntValue(self, width, x.signed if op == "sext" else x.number), a)

    def select(self, condition: Value, a: Value, b: Value) -> Value:
        if condition.lanes == 1:
            return a if _int(condition) else b
        return self._each(lambda c, x, y: x if c.number else y, condition, a, b)

    # Vectors

    def splat(self, value: Value, lanes: int) -> Value:
        return self.from_lanes([value] * lanes)

    def lane(self, vector: Value, index: int) -> IntValue:
        return _lanes(vector)[index]

    def from_lanes(self, values: Sequence[Value]) -> IntValue | IntVector:
        items = [value for value in values if isinstance(value, IntValue)]
        return items[0] if len(items) == 1 else IntVector(self, items)

    def shuffle(self, a: Value, b: Value, indexes: Sequence[int]) -> Value:
        both = [*_lanes(a), *_lanes(b)]
        return self.from_lanes([both[i] for i in indexes])

    def reinterpret(self, value: Value, width: int) -> Value:
        return self._of_bits(self._bits(value), value.width * value.lanes, width)

    @staticmethod
    def _bits(value: Value) -> int:
        return sum(item.number << i * value.width for i, item in enumerate(_lanes(value)))

    def _of_bits(self, number: int, bits: int, width: int) -> Value:
        return self.from_lanes([IntValue(self, width, number >> i) for i in range(0, bits, width)])

    def lookup(self, table: str, index: Value) -> Value:
        width, entries = TABLES[table]
        return self._each(lambda x: IntValue(self, width, entries[x.number]), index)

    def any_lane(self, condition: Value) -> IntValue:
        return IntValue(self, 1, int(any(item.number for item in _lanes(condition))))

    def vector(self, first: Number, bits: int, width: int) -> Value:
        number = sum(_int(self.extension_word(first + i)) << 32 * i for i in range(bits // 32))
        return self._of_bits(number, bits, width)

    def set_vector(self, first: Number, value: Value) -> None:
        number = self._bits(value)
        for i in range(value.width * value.lanes // 32):
            self.set_extension_word(first + i, IntValue(self, 32, number >> 32 * i))

    def element(self, byte: Number, size: int) -> IntValue:
        assert isinstance(byte, int)
        word = self.extension_word(byte // 4)
        return IntValue(self, 32, word.number >> byte % 4 * 8 & (1 << 8 * size) - 1)

    def set_element(self, byte: Number, size: int, value: Value) -> None:
        assert isinstance(byte, int)
        shift = byte % 4 * 8
        mask = (1 << 8 * size) - 1 << shift
        kept = self.extension_word(byte // 4).number & ~mask
        self.set_extension_word(byte // 4, IntValue(self, 32, kept | _int(value) << shift & mask))

    def table_byte(self, first: Number, index: Value) -> IntValue:
        number = _int(index)
        word = self.extension_word(first + number // 4)
        return IntValue(self, 8, word.number >> number % 4 * 8)

    def when(self, condition: Value, then: Callable[[], None], otherwise: Callable[[], None] | None = None) -> None:
        if _int(condition):
            then()
        elif otherwise is not None:
            otherwise()

    # Registers

    def reg(self, n: Number) -> IntValue:
        if n == 15:
            return IntValue(self, 32, self.address + (4 if self.thumb else 8))
        assert isinstance(n, int)
        return IntValue(self, 32, self.words[n])

    def set_reg(self, n: Number, value: Value) -> None:
        assert isinstance(n, int) and n < 15, "pc is written by the branch operations"
        self.words[n] = _int(value)

    def flag(self, name: str) -> IntValue:
        word = self.words[WORD[name]]
        truth = {"n": word >> 31, "z": int(word == 0), "c": word, "v": word >> 31, "q": word}[name]
        return IntValue(self, 1, truth)

    def set_flag(self, name: str, value: Value) -> None:
        bit = _int(value)
        self.words[WORD[name]] = {"n": bit << 31, "z": 1 - bit, "c": bit, "v": bit << 31, "q": bit}[name]

    def set_nz(self, result: Value) -> None:
        self.set_flag("n", result.bit(result.width - 1))
        self.set_flag("z", result.eq(0))

    def set_overflow_word(self, word: Value) -> None:
        self.set_flag("v", word.bit(31))

    def ge(self) -> IntValue:
        return IntValue(self, 4, self.words[WORD["ge"]])

    def set_ge(self, value: Value) -> None:
        self.words[WORD["ge"]] = _int(value.trunc(4))

    def system_register(self, name: str) -> IntValue:
        return IntValue(self, 32, self.words[WORD[name]])

    def set_system_register(self, name: str, value: Value) -> None:
        self.words[WORD[name]] = _int(value)

    def set_big_endian(self, big: Number) -> None:
        assert isinstance(big, int)
        self.words[WORD["big_endian"]] = big

    def extension_word(self, index: Number) -> IntValue:
        assert isinstance(index, int) and index < 64
        return IntValue(self, 32, self.words[WORD["d"] + index])

    def set_extension_word(self, index: Number, value: Value) -> None:
        assert isinstance(index, int) and index < 64
        self.words[WORD["d"] + index] = _int(value)

    # Memory

    @property
    def _order(self) -> str:
        return "big" if self.words[WORD["big_endian"]] else "little"

    def _check_aligned(self, address: int, size: int, *, write: bool) -> None:
        if address % size:
            raise _Ended(stop.ALIGNMENT, address=address, write=write)

    def _read(self, address: int, size: int) -> int:
        return int.from_bytes(self.memory.read(address, size), self._order)  # type: ignore[arg-type]

    def _write(self, address: int, size: int, number: int) -> None:
        data = (number & (1 << 8 * size) - 1).to_bytes(size, self._order)  # type: ignore[arg-type]
        self.memory.write(address, data)

    def load(self, address: Value, size: int, *, signed: bool = False, aligned: bool = False) -> IntValue:
        if aligned:
            self._check_aligned(_int(address), size, write=False)
        value = IntValue(self, 8 * size, self._read(_int(address), size))
        return value if size == 8 else IntValue(self, 32, value.signed if signed else value.number)

    def store(self, address: Value, size: int, value: Value, *, aligned: bool = False) -> None:
        if aligned:
            self._check_aligned(_int(address), size, write=True)
        self._write(_int(address), size, _int(value))

    def check_aligned(self, address: Value, mask: Number, *, write: bool) -> None:
        assert isinstance(mask, int)
        self._check_aligned(_int(address), mask + 1, write=write)

    def _in_order(self, data: bytes, size: int) -> bytes:
        """Return the bytes of elements with those of each in the other order, if that is the data's."""
        if not self.words[WORD["big_endian"]]:
            return data
        return b"".join(data[i : i + size][::-1] for i in range(0, len(data), size))

    def load_elements(self, address: Value, bits: int, size: Number) -> Value:
        assert isinstance(size, int)
        data = self._in_order(self.memory.read(_int(address), bits // 8), size)
        return self._of_bits(int.from_bytes(data, "little"), bits, min(bits, 64))

    def store_elements(self, address: Value, value: Value, size: Number) -> None:
        assert isinstance(size, int)
        data = self._bits(value).to_bytes(value.width // 8 * value.lanes, "little")
        self.memory.write(_int(address), self._in_order(data, size))

    def _listed(self, registers: Number) -> list[int]:
        assert isinstance(registers, int)
        return [n for n in range(16) if registers >> n & 1]

    def load_multiple(self, registers: Number, address: Value) -> None:
        numbers = self._listed(registers)
        if not numbers:
            return
        self._check_aligned(_int(address), 4, write=False)
        values = [self.load(address + 4 * i, 4) for i in range(len(numbers))]
        for n, value in zip(numbers, values, strict=True):
            self.set_reg(n, value)

    def store_multiple(self, registers: Number, address: Value) -> None:
        numbers = self._listed(registers)
        if not numbers:
            return
        self._check_aligned(_int(address), 4, write=True)
        for i, n in enumerate(numbers):
            self.store(address + 4 * i, 4, self.reg(n))

    def _extension_order(self, first: int, count: int, double: int) -> list[int]:
        """Return the words in the order of their addresses: big-endian doublewords have the high word first."""
        swap = double and self.words[WORD["big_endian"]]
        return [(first + i) ^ 1 if swap else first + i for i in range(count)]

    def load_extension_words(self, first: Number, count: Number, address: Value, *, double: int) -> None:
        assert isinstance(first, int) and isinstance(count, int)
        self._check_aligned(_int(address), 4, write=False)
        values = [self.load(address + 4 * i, 4) for i in range(count)]
        for index, value in zip(self._extension_order(first, count, double), values, strict=True):
            self.set_extension_word(index, value)

    def store_extension_words(self, first: Number, count: Number, address: Value, *, double: int) -> None:
        assert isinstance(first, int) and isinstance(count, int)
        self._check_aligned(_int(address), 4, write=True)
        for i, index in enumerate(self._extension_order(first, count, double)):
            self.store(address + 4 * i, 4, self.extension_word(index))

    def _words_in_order(self, number: int, size: int) -> int:
        """Keep the word at the lower address the low one (LDREXD, STREXD; DDI0406C A8.8.77), in either byte order."""
        return number >> 32 | (number & MASK32) << 32 if size == 8 and self.words[WORD["big_endian"]] else number

    def load_exclusive(self, address: Value, size: int) -> IntValue:
        self._check_aligned(_int(address), size, write=False)
        number = self._words_in_order(self._read(_int(address), size), size)
        self.words[WORD["exclusive_size"]] = size
        self.words[WORD["exclusive_address"]] = _int(address)
        self.state.doubles[WORD["exclusive_value"] // 2] = number
        return IntValue(self, 64 if size == 8 else 32, number)

    def store_exclusive(self, address: Value, size: int, value: Value) -> IntValue:
        self._check_aligned(_int(address), size, write=True)
        held = self.words[WORD["exclusive_size"]] == size and self.words[WORD["exclusive_address"]] == _int(address)
        status = 1
        if held:
            with self.memory.lock:  # other threads' stores come before or after
                old = self._words_in_order(self._read(_int(address), size), size)
                same = old == self.state.doubles[WORD["exclusive_value"] // 2]
                # As the native engine's locked instruction, a store that fails still needs a writable page.
                self._write(_int(address), size, self._words_in_order(_int(value) if same else old, size))
            status = 0 if same else 1
        self.clear_exclusive()
        return IntValue(self, 32, status)

    def clear_exclusive(self) -> None:
        self.words[WORD["exclusive_size"]] = 0

    def swap(self, address: Value, size: int, value: Value) -> IntValue:
        self._check_aligned(_int(address), size, write=True)
        with self.memory.lock:
            old = self._read(_int(address), size)
            self._write(_int(address), size, _int(value))
        return IntValue(self, 32, old)

    # Going on

    def _go(self, address: int, thumb: int) -> None:
        self.words[WORD["thumb"]] = thumb
        self.next_pc = address & (MASK32 - 1 if thumb else MASK32 - 3)

    def branch_to(self, target: Number) -> None:
        assert isinstance(target, int)
        self._go(target, self.thumb)

    def branch_if(self, condition: Value, target: Number) -> None:
        if _int(condition):
            self.branch_to(target)

    def branch_exchange_to(self, target: Number) -> None:
        assert isinstance(target, int)
        self._go(target, 1 - self.thumb)

    def branch_write_pc(self, address: Value) -> None:
        self._go(_int(address), self.thumb)

    def bx_write_pc(self, address: Value) -> None:
        self._go(_int(address), _int(address) & 1)

    def supervisor_call(self, number: Number) -> None:
        raise _Ended(stop.SYSCALL, detail=number)

    def breakpoint(self, number: Number) -> None:
        raise _Ended(stop.BREAKPOINT, detail=number)

    def undefined(self) -> None:
        raise _Ended(stop.UNDEFINED)

    def start_it_block(self, firstcond: Number, mask: Number) -> None:
        assert isinstance(firstcond, int) and isinstance(mask, int)
        self.words[WORD["itstate"]] = firstcond << 4 | mask


def condition_holds(words: Any, cond: int) -> bool:
    """Say whether the condition `cond` (0..15) holds for the flags in a state block (A8.3.1)."""
    n, z = words[WORD["n"]] >> 31, words[WORD["z"]] == 0
    c, v = bool(words[WORD["c"]]), words[WORD["v"]] >> 31
    base = (z, c, bool(n), bool(v), c and not z, n == v, n == v and not z, True)[cond >> 1]
    return base if cond & 1 == 0 or cond == 15 else not base


class Reference:
    """Runs guest code of one address space by executing the declarations directly."""

    machine = IntMachine

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.decoder = decoder()

    def leave(self) -> None:
        """Do nothing: nothing is compiled."""

    def start_broker(self) -> int:
        """Give -1: nothing is done in other processes."""
        return -1

    def use_broker(self, descriptor: int) -> None:
        """Do nothing: nothing is done in other processes."""

    def close(self) -> None:
        """Do nothing: there is nothing to give back."""

    def begin_child(self) -> None:
        """Do nothing: nothing is shared."""

    def flush(self, start: int, end: int) -> None:
        """Do nothing: no translation is kept."""

    def run(self, state: State, budget: int, *, until_little_endian: bool = False) -> Stop:
        """Run at most `budget` instructions from r15 on; say why it stopped."""
        machine = self.machine(state, self.memory)
        words = state.words
        while budget > 0:
            pc = words[15]
            try:
                counted = self._step(machine)
            except _Ended as ended:
                counts = ended.kind == stop.SYSCALL
                if counts:
                    self._finish(machine)
                state.signed[52] = budget - counts
                return Stop(ended.kind, words[15], **ended.details)
            except GuestFault as fault:
                state.signed[52] = budget
                return self._faulted(machine, pc, fault)
            budget -= counted
            if until_little_endian and not words[WORD["big_endian"]]:
                break
        state.signed[52] = budget
        return Stop(stop.BUDGET, words[15])

    def fetch(self, pc: int, thumb: bool) -> tuple[int, int]:
        """Return the instruction at `pc` as (word, bytes), or raise GuestFault."""
        read = self.memory.read
        if not thumb:
            return int.from_bytes(read(pc, 4), "little"), 4
        first = int.from_bytes(read(pc, 2), "little")
        if not is_wide(first):
            return first, 2
        return first << 16 | int.from_bytes(read(pc + 2, 2), "little"), 4

    def _executable(self, pc: int) -> bool:
        mapping = self.memory.find(pc)
        return mapping is not None and bool(mapping.prot & 4)

    def _step(self, machine: IntMachine) -> int:
        """Execute one instruction."""
        words = machine.words
        pc = words[15]
        if not self._executable(pc):
            raise _Ended(stop.FETCH, address=pc, signal=SIGSEGV)
        machine.thumb = words[WORD["thumb"]]
        machine.address = pc
        word, length = self.fetch(pc, bool(machine.thumb))
        itstate = words[WORD["itstate"]]
        v8 = bool(words[WORD["v8"]])
        decoded = self.decoder.decode(word, thumb=bool(machine.thumb), length=length, pc=pc, itstate=itstate, v8=v8)
        machine.next_pc = (pc + length) & MASK32
        machine.decoded = decoded
        if decoded is None:
            raise _Ended(stop.UNDEFINED)
        cond = decoded.fields.get("cond", 14) if itstate & 0xF == 0 else itstate >> 4
        if decoded.encoding.unconditional or condition_holds(words, cond):
            if decoded.encoding.is_unpredictable(decoded.fields):
                raise _Ended(stop.UNDEFINED)
            decoded.encoding.execute(machine, decoded.fields)
        self._finish(machine, itstate)
        return 1

    @staticmethod
    def _finish(machine: IntMachine, itstate: int | None = None) -> None:
        """Advance pc, and ITSTATE if the instruction stood in an IT block."""
        words = machine.words
        now = words[WORD["itstate"]]
        if now and (itstate is None or now == itstate):
            words[WORD["itstate"]] = 0 if now & 7 == 0 else now & 0xE0 | now << 1 & 0x1F
        words[15] = machine.next_pc

    def _faulted(self, machine: IntMachine, pc: int, fault: GuestFault) -> Stop:
        mapping = self.memory.find(fault.address)
        # SEGV_MAPERR, SEGV_ACCERR, or beyond the end of a file: BUS_ADRERR.
        if mapping is None:
            signal, code = SIGSEGV, 1
        elif mapping.prot & (2 if fault.write else 5):
            signal, code = SIGBUS, 2
        else:
            signal, code = SIGSEGV, 2
        return Stop(stop.FAULT, pc, address=fault.address, write=fault.write, signal=signal, code=code)
