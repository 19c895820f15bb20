"""The vocabulary in which meanings are written, named as in the manual's pseudocode.

A meaning gets a `Machine` and decode-time fields (plain ints, or `Field`s while the native
interpreter is built; see fields.py). What a program computes are `Value`s: fixed-width integers that
cannot be branched on or used as an index. Each engine implements the abstract operations of
`Machine`; everything else here is derived from them, once.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import NamedTuple

from .fields import Number
from .floating import FloatingOperations

LSL, LSR, ASR, ROR, RRX = range(5)


class Value:
    """A guest value of `width` bits, or a vector of `lanes` such values. Arithmetic wraps, lane by lane.

    Both sides of an operation have one shape. An int or a decode-time field beside a Value becomes a constant of
    its shape. `>>` shifts in zeros (`asr` copies the sign); a shift amount must be below the width.
    """

    __slots__ = ("lanes", "machine", "width")

    def __init__(self, machine: Machine, width: int, lanes: int = 1) -> None:
        self.machine = machine
        self.width = width
        self.lanes = lanes

    def __bool__(self) -> bool:
        raise TypeError("a guest value has no truth while meaning is described: use m.select or m.when")

    def __index__(self) -> int:
        raise TypeError("a guest value cannot be an index: use m.select, m.when or m.for_each_register")

    def _binary(self, op: str, other: Value | Number) -> Value:
        return self.machine.binary(op, self, self.like(other))

    def like(self, other: Value | Number) -> Value:
        """Return a number in the shape of this value; or a value, which must have it."""
        if not isinstance(other, Value):
            value = self.machine.const(other, self.width)
            return value if self.lanes == 1 else self.machine.splat(value, self.lanes)
        if other.width != self.width:
            raise TypeError(f"the two sides have {self.width} and {other.width} bits: extend or truncate one")
        if other.lanes != self.lanes:
            raise TypeError(f"the two sides have {self.lanes} and {other.lanes} lanes: splat one")
        return other

    def __add__(self, other: Value | Number) -> Value:
        return self._binary("add", other)

    __radd__ = __add__

    def __sub__(self, other: Value | Number) -> Value:
        return self._binary("sub", other)

    def __rsub__(self, other: Number) -> Value:
        return self.like(other)._binary("sub", self)

    def __mul__(self, other: Value | Number) -> Value:
        return self._binary("mul", other)

    def __and__(self, other: Value | Number) -> Value:
        return self._binary("and", other)

    def __or__(self, other: Value | Number) -> Value:
        return self._binary("or", other)

    def __xor__(self, other: Value | Number) -> Value:
        return self._binary("xor", other)

    def __invert__(self) -> Value:
        return self._binary("xor", (1 << self.width) - 1)

    def __neg__(self) -> Value:
        return self.like(0)._binary("sub", self)

    def __lshift__(self, other: Value | Number) -> Value:
        return self._binary("shl", other)

    def __rshift__(self, other: Value | Number) -> Value:
        return self._binary("lshr", other)

    def asr(self, other: Value | Number) -> Value:
        """Shift right, copying the sign bit in."""
        return self._binary("ashr", other)

    def minimum(self, other: Value | Number, *, signed: bool) -> Value:
        """Return the smaller one."""
        return self._binary("smin" if signed else "umin", other)

    def maximum(self, other: Value | Number, *, signed: bool) -> Value:
        """Return the larger one."""
        return self._binary("smax" if signed else "umax", other)

    def saturating_add(self, other: Value | Number, *, signed: bool) -> Value:
        """Add, clamped to the range of the type."""
        return self._binary("sadd_sat" if signed else "uadd_sat", other)

    def saturating_subtract(self, other: Value | Number, *, signed: bool) -> Value:
        """Subtract, clamped to the range of the type."""
        return self._binary("ssub_sat" if signed else "usub_sat", other)

    def unsigned_divide(self, other: Value | Number) -> Value:
        """Divide unsigned; the divisor must not be zero."""
        return self._binary("udiv", other)

    def signed_divide(self, other: Value | Number) -> Value:
        """Divide signed, towards zero; the divisor must not be zero, nor the quotient overflow."""
        return self._binary("sdiv", other)

    def eq(self, other: Value | Number) -> Value:
        """Compare; a 1-bit Value, as for all comparisons."""
        return self.machine.compare("eq", self, self.like(other))

    def ne(self, other: Value | Number) -> Value:
        """Return self != other."""
        return self.machine.compare("ne", self, self.like(other))

    def ult(self, other: Value | Number) -> Value:
        """Return self < other, unsigned."""
        return self.machine.compare("ult", self, self.like(other))

    def ule(self, other: Value | Number) -> Value:
        """Return self <= other, unsigned."""
        return self.machine.compare("ule", self, self.like(other))

    def uge(self, other: Value | Number) -> Value:
        """Return self >= other, unsigned."""
        return self.machine.compare("ule", self.like(other), self)

    def slt(self, other: Value | Number) -> Value:
        """Return self < other, signed."""
        return self.machine.compare("slt", self, self.like(other))

    def sle(self, other: Value | Number) -> Value:
        """Return self <= other, signed."""
        return self.machine.compare("sle", self, self.like(other))

    def sge(self, other: Value | Number) -> Value:
        """Return self >= other, signed."""
        return self.machine.compare("sle", self.like(other), self)

    def zext(self, width: int) -> Value:
        """Zero-extend (or keep) to `width` bits."""
        return self if width == self.width else self.machine.convert("zext", self, width)

    def sext(self, width: int) -> Value:
        """Sign-extend (or keep) to `width` bits."""
        return self if width == self.width else self.machine.convert("sext", self, width)

    def trunc(self, width: int) -> Value:
        """Keep the low `width` bits."""
        return self if width == self.width else self.machine.convert("trunc", self, width)

    def bits(self, high: int, low: int) -> Value:
        """Return bits high..low as a Value of that width."""
        shifted = self >> low if low else self
        return shifted.trunc(high - low + 1)

    def bit(self, index: int) -> Value:
        """Return one bit as a 1-bit Value."""
        return self.bits(index, index)

    def ror(self, amount: Value | Number) -> Value:
        """Rotate right by `amount`, modulo the width (a power of two)."""
        amount = self.like(amount) & (self.width - 1)
        back = (self.like(0) - amount) & (self.width - 1)
        return self >> amount | self << back

    def count_leading_zeros(self) -> Value:
        """Return the number of zero bits above the highest one bit (the width for zero)."""
        return self.machine.unary("clz", self)

    def count_ones(self) -> Value:
        """Return the number of one bits."""
        return self.machine.unary("popcount", self)

    def reverse_bits(self) -> Value:
        """Return the bits in the opposite order."""
        return self.machine.unary("rbit", self)

    def reverse_bytes(self) -> Value:
        """Return the bytes in the opposite order."""
        return self.machine.unary("rev", self)


class Flags(NamedTuple):
    """N, Z, C, V of a result. N and Z come from `result`; C is one bit; V is the sign bit of `overflow`."""

    result: Value
    carry: Value
    overflow: Value


class Machine(FloatingOperations):
    """What a meaning may do. One instance serves one execution (or one translation) of one instruction."""

    thumb: int  # 1 in T32: known when decoding

    # Abstract: values

    @abstractmethod
    def const(self, number: Number, width: int = 32) -> Value:
        """Return a decode-time number as a Value."""

    @abstractmethod
    def binary(self, op: str, a: Value, b: Value) -> Value:
        """Apply add sub mul and or xor shl lshr ashr udiv sdiv smin smax umin umax {s,u}{add,sub}_sat."""

    @abstractmethod
    def compare(self, op: str, a: Value, b: Value) -> Value:
        """Apply eq ne ult ule slt sle; the result has one bit."""

    @abstractmethod
    def unary(self, op: str, a: Value) -> Value:
        """Apply clz rbit rev popcount."""

    @abstractmethod
    def convert(self, op: str, a: Value, width: int) -> Value:
        """Apply zext sext trunc."""

    @abstractmethod
    def select(self, condition: Value, a: Value, b: Value) -> Value:
        """Return `a` where the 1-bit condition (one, or one a lane) is one, else `b`."""

    @abstractmethod
    def when(self, condition: Value, then: Callable[[], None], otherwise: Callable[[], None] | None = None) -> None:
        """Do `then` or `otherwise`, by a 1-bit condition."""

    # Abstract: vectors

    @abstractmethod
    def splat(self, value: Value, lanes: int) -> Value:
        """Return a vector with `value` in every lane."""

    @abstractmethod
    def lane(self, vector: Value, index: int) -> Value:
        """Return one lane. (Lane 0 of a single value is itself.)"""

    @abstractmethod
    def from_lanes(self, values: Sequence[Value]) -> Value:
        """Return the vector of these lanes, lowest first; a single one is itself."""

    @abstractmethod
    def shuffle(self, a: Value, b: Value, indexes: Sequence[int]) -> Value:
        """Return the lanes of a:b (a's come first, from 0) that `indexes` name."""

    @abstractmethod
    def reinterpret(self, value: Value, width: int) -> Value:
        """Return the same bits as lanes of another width."""

    @abstractmethod
    def lookup(self, table: str, index: Value) -> Value:
        """Return entry `index` (8 bits, or lanes of 8 bits) of a table of tables.py."""

    @abstractmethod
    def any_lane(self, condition: Value) -> Value:
        """Return one bit: is any lane of the 1-bit condition one?"""

    @abstractmethod
    def vector(self, first: Number, bits: int, width: int) -> Value:
        """Read 32, 64 or 128 bits of the extension registers from word `first` on, as lanes of `width`."""

    @abstractmethod
    def set_vector(self, first: Number, value: Value) -> None:
        """Write the extension registers from word `first` on."""

    @abstractmethod
    def element(self, byte: Number, size: int) -> Value:
        """Read 1, 2 or 4 bytes of the extension registers from byte `byte` on, zero-extended to 32 bits."""

    @abstractmethod
    def set_element(self, byte: Number, size: int, value: Value) -> None:
        """Write the low 1, 2 or 4 bytes of a 32-bit value to the extension registers from byte `byte` on."""

    @abstractmethod
    def table_byte(self, first: Number, index: Value) -> Value:
        """Return byte `index` (8 bits, known to be in range) of the extension registers from word `first` on."""

    # Abstract: registers

    @abstractmethod
    def reg(self, n: Number) -> Value:
        """Read r0..r15; r15 reads as the instruction's address + 8 (A32) or + 4 (T32)."""

    @abstractmethod
    def set_reg(self, n: Number, value: Value) -> None:
        """Write r0..r14. (pc is written by the branch operations.)"""

    @abstractmethod
    def flag(self, name: str) -> Value:
        """Read the flag n, z, c, v or q as one bit."""

    @abstractmethod
    def set_flag(self, name: str, value: Value) -> None:
        """Write the flag n, z, c, v or q."""

    @abstractmethod
    def set_nz(self, result: Value) -> None:
        """Set N and Z from a 32-bit or 64-bit result."""

    @abstractmethod
    def set_overflow_word(self, word: Value) -> None:
        """Set V to the sign bit of a 32-bit value."""

    @abstractmethod
    def ge(self) -> Value:
        """Read APSR.GE as a 4-bit Value."""

    @abstractmethod
    def set_ge(self, value: Value) -> None:
        """Write APSR.GE (4 bits)."""

    @abstractmethod
    def system_register(self, name: str) -> Value:
        """Read a 32-bit register of the state block: tpidruro, tpidrurw, fpscr.

        (fpscr so read or written: N, Z, C, V and QC only; the rest needs `fpscr` and `set_fpscr`.)
        """

    @abstractmethod
    def set_system_register(self, name: str, value: Value) -> None:
        """Write tpidrurw; or fpscr, changed in N, Z, C, V and QC only."""

    @abstractmethod
    def set_big_endian(self, big: Number) -> None:
        """Set CPSR.E: the byte order of data accesses."""

    @abstractmethod
    def extension_word(self, index: Number) -> Value:
        """Read a word of the extension registers: s0 is word 0, d0 words 0 and 1, up to word 63."""

    @abstractmethod
    def set_extension_word(self, index: Number, value: Value) -> None:
        """Write a word of the extension registers."""

    # Abstract: memory

    @abstractmethod
    def load(self, address: Value, size: int, *, signed: bool = False, aligned: bool = False) -> Value:
        """Load 1, 2 or 4 bytes, extended to 32 bits; or 8 bytes, a 64-bit Value.

        `aligned`: an address that is not a multiple of `size` is an alignment fault.
        """

    @abstractmethod
    def store(self, address: Value, size: int, value: Value, *, aligned: bool = False) -> None:
        """Store the low 1, 2 or 4 bytes of a 32-bit value, or a 64-bit one."""

    @abstractmethod
    def load_multiple(self, registers: Number, address: Value) -> None:
        """Load a bit list of r0..r14, lowest first, from a word-aligned address upwards; all or none."""

    @abstractmethod
    def store_multiple(self, registers: Number, address: Value) -> None:
        """Store a bit list of r0..r15, lowest first, at a word-aligned address upwards."""

    @abstractmethod
    def load_extension_words(self, first: Number, count: Number, address: Value, *, double: int) -> None:
        """Load `count` extension register words from a word-aligned address upwards; all or none.

        `double`: they are doublewords, of which big-endian memory holds the high word first.
        """

    @abstractmethod
    def store_extension_words(self, first: Number, count: Number, address: Value, *, double: int) -> None:
        """Store `count` extension register words at a word-aligned address upwards."""

    @abstractmethod
    def check_aligned(self, address: Value, mask: Number, *, write: bool) -> None:
        """Make an alignment fault of an address in which a bit of `mask` (0, or a power of two less one) is set."""

    @abstractmethod
    def load_elements(self, address: Value, bits: int, size: Number) -> Value:
        """Load 32, 64 or 128 bits of elements of `size` bytes (their byte order is the data's), the first one lowest.

        More than 32 bits come in lanes of 64.
        """

    @abstractmethod
    def store_elements(self, address: Value, value: Value, size: Number) -> None:
        """Store 32 bits, or one or two lanes of 64, as elements of `size` bytes, the lowest one first."""

    @abstractmethod
    def load_exclusive(self, address: Value, size: int) -> Value:
        """Load 1, 2, 4 or 8 bytes (a 32-bit or 64-bit Value) and mark the address for store_exclusive."""

    @abstractmethod
    def store_exclusive(self, address: Value, size: int, value: Value) -> Value:
        """Store when the monitor still holds the address and memory is unchanged; return 0 (stored) or 1, 32 bits."""

    @abstractmethod
    def clear_exclusive(self) -> None:
        """Open the local monitor (CLREX)."""

    @abstractmethod
    def swap(self, address: Value, size: int, value: Value) -> Value:
        """Exchange 1 or 4 bytes with memory atomically; return what was there, 32 bits."""

    def barrier(self) -> None:
        """Order memory accesses before with those after (DMB, DSB). Nothing to do while guest threads take turns."""

    # Abstract: where to go next. Each ends the instruction: nothing may follow on that path.

    @abstractmethod
    def branch_to(self, target: Number) -> None:
        """Branch to a decode-time address in the current instruction set."""

    @abstractmethod
    def branch_if(self, condition: Value, target: Number) -> None:
        """Branch to a decode-time address if the condition holds, else go on."""

    @abstractmethod
    def branch_exchange_to(self, target: Number) -> None:
        """Branch to a decode-time address in the other instruction set (BLX immediate)."""

    @abstractmethod
    def branch_write_pc(self, address: Value) -> None:
        """Branch in the current instruction set; low bits are cleared (A2.3.1)."""

    @abstractmethod
    def bx_write_pc(self, address: Value) -> None:
        """Branch with interworking: bit 0 selects T32 (A2.3.1)."""

    @abstractmethod
    def supervisor_call(self, number: Number) -> None:
        """SVC: stop for a system call."""

    @abstractmethod
    def breakpoint(self, number: Number) -> None:
        """BKPT: stop."""

    @abstractmethod
    def undefined(self) -> None:
        """Stop: the word is UNDEFINED."""

    @abstractmethod
    def start_it_block(self, firstcond: Number, mask: Number) -> None:
        """IT: make the next one to four instructions conditional."""

    # Derived

    def carry(self) -> Value:
        """Return C as one bit."""
        return self.flag("c")

    def add_with_carry(self, x: Value, y: Value, carry: Value) -> tuple[Value, Flags]:
        """Add two 32-bit values and a 1-bit carry (A2.2.1)."""
        wide = x.zext(64) + y.zext(64) + carry.zext(64)
        result = wide.trunc(32)
        return result, Flags(result, wide.bit(32), (x ^ result) & (y ^ result))

    def add(self, x: Value, y: Value) -> tuple[Value, Flags]:
        """Add: AddWithCarry(x, y, 0)."""
        result = x + y
        return result, Flags(result, result.ult(x), (x ^ result) & (y ^ result))

    def subtract(self, x: Value, y: Value) -> tuple[Value, Flags]:
        """Subtract: AddWithCarry(x, NOT(y), 1)."""
        result = x - y
        return result, Flags(result, x.uge(y), (x ^ y) & (x ^ result))

    def set_qc(self, condition: Value) -> None:
        """Set FPSCR.QC where the 1-bit condition (or any lane of it) is one; nothing but VMSR clears it."""
        word = self.system_register("fpscr")
        self.set_system_register("fpscr", word | self.any_lane(condition).zext(32) << 27)

    def set_nzcv(self, flags: Flags) -> None:
        """Set N, Z, C and V."""
        self.set_nz(flags.result)
        self.set_flag("c", flags.carry)
        self.set_overflow_word(flags.overflow)

    def shift_c(self, value: Value, kind: Number, amount: Number) -> tuple[Value, Value]:
        """Shift by a decode-time amount (A2.2.1 Shift_C); return (result, carry out).

        Amounts: LSL 0..31, LSR and ASR 1..32, ROR 1..31; RRX ignores it.
        """
        if kind == LSL:
            if amount == 0:
                return value, self.carry()
            wide = value.zext(64) << amount
            return wide.trunc(32), wide.bit(32)
        if kind == LSR:
            wide = value.zext(64) << 1 >> amount
            return (wide >> 1).trunc(32), wide.trunc(1)
        if kind == ASR:
            wide = (value.sext(64) << 1).asr(amount)
            return (wide >> 1).trunc(32), wide.trunc(1)
        if kind == ROR:
            result = value.ror(amount)
            return result, result.bit(31)
        return value >> 1 | self.carry().zext(32) << 31, value.trunc(1)

    def shift(self, value: Value, kind: Number, amount: Number) -> Value:
        """Shift by a decode-time amount as shift_c does, without carry out."""
        if kind == LSL:
            return value if amount == 0 else value << amount
        if kind == LSR:
            return (value.zext(64) >> amount).trunc(32)
        if kind == ASR:
            return value.sext(64).asr(amount).trunc(32)
        return self.shift_c(value, kind, amount)[0]

    def shift_by_register_c(self, value: Value, kind: Number, amount: Value) -> tuple[Value, Value]:
        """Shift by the low byte of a 32-bit value, 0..255 (A2.2.1); return (result, carry out)."""
        amount = amount & 0xFF
        if kind == ROR:
            result = value.ror(amount)
            out = result >> 31
        else:
            # One more than 32 already gives what every larger amount gives.
            clamped = self.select(amount.ult(33), amount, self.const(33)).zext(64)
            if kind == LSL:
                wide = value.zext(64) << clamped
                result, out = wide.trunc(32), (wide >> 32).trunc(32)
            else:
                wide = (value.sext(64) << 1).asr(clamped) if kind == ASR else value.zext(64) << 1 >> clamped
                result, out = (wide >> 1).trunc(32), wide.trunc(32)
        return result, self.select(amount.eq(0), self.carry().zext(32), out).trunc(1)

    def shift_by_register(self, value: Value, kind: Number, amount: Value) -> Value:
        """Shift by the low byte of a 32-bit value, without carry out."""
        amount = amount & 0xFF
        if kind == ROR:
            return value.ror(amount)
        small = amount.ult(32)
        if kind == ASR:
            return value.asr(self.select(small, amount, self.const(31)))
        within = amount & 31
        shifted = value << within if kind == LSL else value >> within
        return self.select(small, shifted, self.const(0))

    def write_alu(self, rd: Number, result: Value) -> None:
        """Write rd; if it is pc, branch as ALUWritePC does (A2.3.1). Must come last."""
        if rd == 15:
            if self.thumb:
                self.branch_write_pc(result)
            else:
                self.bx_write_pc(result)
        else:
            self.set_reg(rd, result)

    def write_loaded(self, rt: Number, value: Value) -> None:
        """Write rt; if it is pc, branch with interworking (LoadWritePC). Must come last."""
        if rt == 15:
            self.bx_write_pc(value)
        else:
            self.set_reg(rt, value)

    def saturate_q(self, value: Value, saturated: Value) -> Value:
        """Set Q where `saturated` differs from `value`; return it."""
        changed = saturated.ne(value)
        self.set_flag("q", self.flag("q") | changed)
        return saturated

    def signed_saturate(self, value: Value, bits: Number) -> Value:
        """Clamp a signed value to `bits` bits (A2.2.1 SignedSat), in the value's own width."""
        one = self.const(1, value.width)
        limit = one << (bits - 1)
        high, low = limit - 1, self.const(0, value.width) - limit
        value = self.select(high.slt(value), high, value)
        return self.select(value.slt(low), low, value)

    def unsigned_saturate(self, value: Value, bits: Number) -> Value:
        """Clamp a signed value to 0..2^bits-1 (A2.2.1 UnsignedSat), in the value's own width."""
        high = (self.const(1, value.width) << bits) - 1
        zero = self.const(0, value.width)
        value = self.select(high.slt(value), high, value)
        return self.select(value.slt(zero), zero, value)

    def join(self, high: Value, low: Value) -> Value:
        """Return high:low, as wide as both together."""
        width = high.width + low.width
        return high.zext(width) << low.width | low.zext(width)

    def fp_flag(self, name: str) -> Value:
        return self.system_register("fpscr").bit(31 - "nzcv".index(name))

    def set_fp_flags(self, nzcv: Value) -> None:
        # FPSCR is read here and not before: a comparison may have raised an exception.
        self.set_system_register("fpscr", self.system_register("fpscr") & 0x0FFFFFFF | nzcv.zext(32) << 28)

    def apsr(self) -> Value:
        """Return the APSR as MRS reads it: NZCVQ and GE."""
        word = self.const(0)
        for name, bit in (("n", 31), ("z", 30), ("c", 29), ("v", 28), ("q", 27)):
            word = word | self.flag(name).zext(32) << bit
        return word | self.ge().zext(32) << 16
