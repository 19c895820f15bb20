"""Turn guest instructions into LLVM IR whose guest registers are values of LLVM, for a region (region.py).

It is `HandlerBuilder` with another idea of where things are. Registers and flags are stack slots that LLVM makes into
values; every number of an instruction is an int. What must be exact, and when:

- An access of guest memory may fault, and then every register must be what it was when the instruction began. Each
  access is inline assembly with a second way out (`callbr`), a *stub* that writes the registers to the state block and
  has the interpreter do the instruction again. The table that leads from the address of the access to its stub is in
  the section `.faults`, and costs nothing until it is used.
- Where control leaves the region, the registers that may have changed in it are written to the state block.

Flags are kept as the operands of what set them, so that nothing computes a flag that nothing reads:
C is `cy <= cx` unsigned, V is the signed overflow of `vx - vy`, N != V is `lx < ly` signed; N and Z are words as in the
state block.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..guest.state import FP_EXACT, FP_FLUSH, FP_ROUNDING
from ..isa.fields import Field, Number
from ..isa.operations import Flags, Value
from .emit import CALL, PINS, HandlerBuilder
from .floating import FORMATS, INLINE, UNDERFLOWS, float_type, routine_name
from .ir import IrValue, ir_type, type_of
from .ir import name_of as _name
from .ordinary import CHECK, Operand, is_tiny, look_at_results, may_be_tiny
from .region_fragment import (
    BACK,
    FP_FLAG_SLOTS,
    GE_SLOT,
    HERE,
    INEXACT,
    LATER,
    LEAVING,
    MARGIN,
    RETURN,
    SPILL,
    STUB,
    Fragment,
    label_of,
)

# What extension registers are kept as, by bits, and how they are moved.
KEPT = {32: "float", 64: "double", 128: "<2 x i64>"}
_WIDEST = 128
MOVES = {32: "movss", 64: "movsd", 128: "movups"}

BACKWARD = ", !prof !2"  # of a branch whose first way goes round a loop

_DISPLACEMENT = 0x8000  # within the guard around guest memory


class Unsupported(Exception):
    """An instruction that the interpreter is to do."""


class RegionValue(IrValue):
    """`base`: this is the value of that name plus `displacement`. `pair`: operands, if it is V of `result`."""

    __slots__ = ("base", "displacement", "pair", "result")

    def __init__(
        self,
        builder: HandlerBuilder,
        name: str,
        *,
        base: str = "",
        displacement: int = 0,
        pair: tuple[str, str] = ("", ""),
        result: str = "",
    ) -> None:
        super().__init__(builder, 32, name)
        self.base = base
        self.displacement = displacement
        self.pair = pair
        self.result = result


class Carry(IrValue):
    """The carry of a subtraction of `pair`."""

    __slots__ = ("pair",)

    def __init__(self, builder: HandlerBuilder, name: str, pair: tuple[str, str]) -> None:
        super().__init__(builder, 1, name)
        self.pair = pair


class RegionBuilder(HandlerBuilder):
    """Records instructions of a region. `routines`: where the interpreter has its routines, counted from `decode`."""

    def __init__(
        self,
        *,
        routines: dict[str, int],
        literal: Callable[[int, int], int | None],
        inline: Callable[[int, tuple[int, ...]], bool],
        include: Callable[[int], bool],
        callees: Callable[[int], Sequence[int]],
        unusual: Callable[[int], bool],
        avx: bool,
    ) -> None:
        super().__init__(thumb=0, length=4)  # `begin` says of which set an instruction is
        self.routines = routines
        self.literal = literal  # (address, size) -> what read-only code holds there, or None
        self.inline = inline  # (callee, context) -> whether to have a copy of it here
        self.include = include  # callee -> whether it is to be part of the region
        self.callees = callees  # what an indirect call leaves in LR -> functions that it has called
        self.unusual = unusual  # place -> whether it often has numbers that are out of the ordinary
        self.calls: set[int] = set()  # what indirect calls leave in LR
        self.links: set[int] = set()  # what LR holds after the calls of functions that are part of the region
        self.flags = {}
        # Beside AVX instructions, those without it wait for the upper halves of registers.
        self._move = "v" if avx else ""
        # Of the standard arithmetic, what is done in place.
        self._whole = ("add", "sub", "mul", "fma") if avx else ("add", "sub", "mul")
        self._inline = INLINE | {"fma"} if avx else INLINE  # and of the other
        self.uses_floating = False
        self.uses_flags = False  # of FPSCR
        self.uses_ge = False
        self.widths: dict[int, set[int]] = {}  # of each doubleword register: the sizes of accesses, in bytes
        self.tables: set[str] = set()
        self.fragment = Fragment(0, 0)
        self.context: tuple[int, ...] = ()
        self.at = 0
        self.it = 0
        self.careful = False  # the instruction is of those
        self._link: int | None = None
        self.jumps_on = False  # where this instruction branches to is not where a function returns to
        self._stub = -1
        self._stubs = 0
        self._reduced = ("", 0)  # what a number was subtracted to give, with flags, and the number
        self._redo = ""  # label of the block that has the interpreter do the instruction
        self._sources: dict[str, tuple[int, ...]] = {}  # the words of extension registers that values are of
        self._numbers: set[str] = set()  # values that are single floating-point numbers
        self._ordinary: set[str] = set()  # values that are ordinary numbers once `_results` have been looked at
        self._results: list[Value] = []

    # One instruction

    def begin(self, at: int, size: int, it: int, next_it: int, context: tuple[int, ...]) -> Fragment:
        """Begin the instruction at `at`, whose bit 0 is set in T32; return what will hold it."""
        self.thumb = at & 1
        self.fragment = Fragment(at + size & 0xFFFFFFFF, next_it)
        self.lines = self.fragment.lines
        self.at, self.it, self.context = at, it, context
        self.ended = False
        self.block = "in"  # phis of a meaning name blocks that it made itself
        self._link = None
        self._stub = -1
        self._reduced = ("", 0)
        self._redo = ""
        self._sources.clear()
        self._numbers.clear()
        self._ordinary.clear()
        self.careful = self.unusual(at)
        self._begin(self._label("in"))
        return self.fragment

    def finish(self) -> None:
        """End the instruction."""
        self.fragment.falls = not self.ended
        link = self._link
        if link is not None and link == self.fragment.next_pc and not self._inlined:
            self.fragment.return_to = self.fragment.next_pc

    _inlined = False

    def _slot(self, field: Field, size: int) -> str:
        raise AssertionError(f"{field!r} is not an int")

    def _wrote(self, slot: str) -> None:
        self.fragment.written.add(slot)
        self._stub = -1

    def pc(self) -> int:  # type: ignore[override]
        """Return the number that r15 reads as."""
        return (self.at & ~1) + (4 if self.thumb else 8) & 0xFFFFFFFF

    # Slots

    def _get(self, slot: str, kind: str = "i32") -> str:
        return self._new(f"load {kind}, ptr %{slot}, align 4")

    def _put(self, slot: str, name: str) -> None:
        self._do(f"store i32 {name}, ptr %{slot}, align 4")
        self._stub = -1

    def reg(self, n: Number) -> IrValue:
        assert isinstance(n, int)
        return self.const(self.pc()) if n == 15 else IrValue(self, 32, self._get(f"r{n}"))

    def set_reg(self, n: Number, value: Value) -> None:
        name = _name(value)
        self._put(f"r{n}", name)
        self._wrote(f"r{n}")
        if name == self._reduced[0]:
            # What was there before is needed no more: C and V of x - number follow from the result, too.
            number = self._reduced[1]
            for slot, operand in (
                ("cx", str(~number & 0xFFFFFFFF)),
                ("cy", name),
                ("vx", name),
                ("vy", str(-number & 0xFFFFFFFF)),
            ):
                self._put(slot, operand)
        if n == 14:
            self._link = int(name) if not name.startswith("%") else None

    def _need_pc(self) -> None:
        raise AssertionError("r15 is known")

    # Flags

    def flag(self, name: str) -> IrValue:
        if name == "q":
            return super().flag("q")
        if name == "c":
            return IrValue(self, 1, self._new(f"icmp ule i32 {self._get('cy')}, {self._get('cx')}"))
        if name == "v":
            return IrValue(self, 1, self._new(f"icmp slt i32 {self._overflow_word()}, 0"))
        slot = self._get(f"f{name}")
        return IrValue(self, 1, self._new(f"icmp {'eq' if name == 'z' else 'slt'} i32 {slot}, 0"))

    def _overflow_word(self) -> str:
        x, y = self._get("vx"), self._get("vy")
        difference = self._new(f"sub i32 {x}, {y}")
        return self._new(f"and i32 {self._new(f'xor i32 {x}, {y}')}, {self._new(f'xor i32 {x}, {difference}')}")

    def flag_words(self) -> tuple[str, str, str, str]:
        """Return n, z, c, v in the form of the state block."""
        c = self._new(f"zext i1 {self.flag('c').name} to i32")
        return self._get("fn"), self._get("fz"), c, self._overflow_word()

    def _less(self) -> None:
        """Have N != V follow from the words of N and V."""
        self._put("lx", self._new(f"xor i32 {self._get('fn')}, {self._overflow_word()}"))
        self._put("ly", "0")

    def set_flag(self, name: str, value: Value) -> None:
        if name == "q":
            super().set_flag("q", value)
            return
        if name == "c":
            if isinstance(value, Carry):
                self._put("cx", value.pair[0])
                self._put("cy", value.pair[1])
            else:
                self._put("cx", _name(value.zext(32)))
                self._put("cy", "1")
        elif name == "z":
            self._put("fz", _name((~value).zext(32)))
        else:
            word = self._new(f"shl i32 {_name(value.zext(32))}, 31")
            if name == "v":
                self.set_overflow_word(IrValue(self, 32, word))
            else:
                self._put("fn", word)
                self._less()

    def set_nz(self, result: Value) -> None:
        if result.width == 64:
            self._put("fn", _name(result.bits(63, 32)))
            self._put("fz", _name((result | result >> 32).trunc(32)))
        else:
            self._put("fn", _name(result))
            self._put("fz", _name(result))
        self._less()

    def set_overflow_word(self, word: Value) -> None:
        if isinstance(word, RegionValue) and word.pair[0]:
            x, y = word.pair
            for slot, name in (("vx", x), ("vy", y), ("lx", x), ("ly", y)):
                self._put(slot, name)
            if not y.startswith("%") and int(y) not in (0, 1 << 31):
                self._reduced = (word.result, int(y))
            return
        self._put("vx", self._new(f"and i32 {_name(word)}, -2147483648"))
        self._put("vy", "1")
        self._less()

    def ge(self) -> Value:
        self.uses_ge = True
        bytes_ = self._new(f"bitcast i32 {self._get(GE_SLOT)} to <4 x i8>")
        bits = self._new(f"icmp slt <4 x i8> {bytes_}, zeroinitializer")
        return IrValue(self, 4, self._new(f"bitcast <4 x i1> {bits} to i4"))

    def set_ge(self, value: Value) -> None:
        self.uses_ge = True
        bits = self._new(f"bitcast i4 {_name(value)} to <4 x i1>")
        bytes_ = self._new(f"sext <4 x i1> {bits} to <4 x i8>")
        self._put(GE_SLOT, self._new(f"bitcast <4 x i8> {bytes_} to i32"))
        self._wrote(GE_SLOT)

    def add(self, x: Value, y: Value) -> tuple[Value, Flags]:
        if _name(y).startswith("%") or int(_name(y)) in (0, 1 << 31):
            return super().add(x, y)
        opposite = self.const(-int(_name(y)))
        return self._difference(x, opposite, x + y, (x ^ opposite))

    def subtract(self, x: Value, y: Value) -> tuple[Value, Flags]:
        return self._difference(x, y, x - y, x ^ y)

    def _difference(self, x: Value, y: Value, result: Value, differ: Value) -> tuple[Value, Flags]:
        """Return `result`, which is x - y, with its flags; `differ`: x ^ y."""
        pair = (_name(x), _name(y))
        carry = Carry(self, self._new(f"icmp ule i32 {pair[1]}, {pair[0]}"), pair)
        word = differ & (x ^ result)
        return result, Flags(result, carry, RegionValue(self, _name(word), pair=pair, result=_name(result)))

    def condition(self, cond: int) -> IrValue:
        """Return the condition `cond` (0 EQ .. 13 LE, A8.3) as a 1-bit value."""
        base = cond >> 1
        if base < 4:
            value: Value = self.flag("zcnv"[base])
        elif base == 4:
            value = self.flag("c") & ~self.flag("z")
        else:
            value = IrValue(self, 1, self._new(f"icmp sge i32 {self._get('lx')}, {self._get('ly')}"))
            if base == 6:
                value = value & ~self.flag("z")
        if cond & 1:
            value = ~value
        assert isinstance(value, IrValue)
        return value

    # Values

    def binary(self, op: str, a: Value, b: Value) -> IrValue:
        result = super().binary(op, a, b)
        if op == "xor" and a.width == 32 and _name(b) == _name(a.like(1 << 31)):
            self._derive(result, a)
        if _name(a) in self._numbers:
            # Not as integers, which would move them to registers of another kind.
            if op == "xor" and _name(b) == str(1 << a.width - 1):
                negated = self._number(a.width, f"fneg {self._float_argument(a)}")
                self._derive(negated, a)
                return negated
            if op == "and" and _name(b) == str((1 << a.width - 1) - 1):
                t = KEPT[a.width]
                return self._number(a.width, f"call {t} @llvm.fabs.f{a.width}({self._float_argument(a)})")
        if op not in ("add", "sub") or result.width != 32 or result.lanes > 1:
            return result
        x, y = _name(a), _name(b)
        if y.startswith("%") or not x.startswith("%"):
            return result
        displacement = int(y) if op == "add" else -int(y)
        displacement = (displacement + (1 << 31) & 0xFFFFFFFF) - (1 << 31)
        if abs(displacement) >= _DISPLACEMENT:
            return result
        if isinstance(a, RegionValue) and a.base and abs(a.displacement + displacement) < _DISPLACEMENT:
            return RegionValue(self, result.name, base=a.base, displacement=a.displacement + displacement)
        return RegionValue(self, result.name, base=x, displacement=displacement)

    def lookup(self, table: str, index: Value) -> Value:
        self.tables.add(table)
        return super().lookup(table, index)

    def system_register(self, name: str) -> IrValue:
        return IrValue(self, 32, self._load_state(name))

    # Extension registers: one slot of 256 bytes, which LLVM takes apart

    def _note(self, byte: int, size: int, *, write: bool) -> str:
        """Note an access of the extension registers; return a pointer."""
        for n in range(byte // 8, (byte + size + 7) // 8):
            self.widths.setdefault(n, set()).add(size)
            if write:
                self._wrote(f"d{n}")
        return self._new(f"getelementptr inbounds i8, ptr %vfp, i64 {byte}")

    @staticmethod
    def _kind(first: int, bits: int) -> str:
        return f"{LATER}{first}.{bits}{LATER}"

    def kind(self, first: int, bits: int) -> str:
        """Return what extension registers are kept as, from word `first` on.

        LLVM keeps a slot that is accessed in several sizes in a register only if the larger ones are vectors of the
        smaller ones.
        """
        place = first // 2
        sizes = set(self.widths[place])
        if bits == _WIDEST:
            sizes |= self.widths[place + 1]
        elif 16 in sizes:
            sizes |= self.widths.get(place ^ 1, set())
        return f"<{bits // 32} x float>" if bits > 32 and 4 in sizes else KEPT[bits]

    def extension_word(self, index: Number) -> IrValue:
        return self.vector(index, 32, 32)

    def set_extension_word(self, index: Number, value: Value) -> None:
        self.set_vector(index, value)

    def vector(self, first: Number, bits: int, width: int) -> IrValue:
        assert isinstance(first, int)
        if bits > _WIDEST:
            # Kept as they are moved, so that nothing is joined and taken apart again.
            parts = [self.vector(first + at // 32, min(_WIDEST, bits - at), width) for at in range(0, bits, _WIDEST)]
            return self.from_lanes([self.lane(part, i) for part in parts for i in range(part.lanes)])
        pointer = self._note(4 * first, bits // 8, write=False)
        t = ir_type(width, bits // width)
        kind = self._kind(first, bits)
        kept = self._new(f"load {kind}, ptr {pointer}, align 4")
        value = self._shaped(width, bits // width, f"bitcast {kind} {kept} to {t}")
        self._sources[value.name] = tuple(range(first, first + bits // 32))
        if bits == width and bits in (32, 64):
            self._numbers.add(value.name)
        return value

    def splat(self, value: Value, lanes: int) -> IrValue:
        result = super().splat(value, lanes)
        self._derive(result, value)
        return result

    def _derive(self, result: IrValue, value: Value) -> None:
        """Note that a result is ordinary if a value is."""
        name = _name(value)
        if name in self._ordinary:
            self._ordinary.add(result.name)
        elif name in self._sources:
            self._sources[result.name] = self._sources[name]

    def set_vector(self, first: Number, value: Value) -> None:
        assert isinstance(first, int)
        self._look_at_results()
        bits = value.width * value.lanes
        if bits > _WIDEST:
            each = _WIDEST // value.width
            for at in range(0, value.lanes, each):
                lanes = [self.lane(value, i) for i in range(at, min(at + each, value.lanes))]
                self.set_vector(first + at * value.width // 32, self.from_lanes(lanes))
            return
        if _name(value) in self._ordinary:
            self.fragment.ordinary.update(range(first, first + bits // 32))
        pointer = self._note(4 * first, bits // 8, write=True)
        kind = self._kind(first, bits)
        kept = self._new(f"bitcast {type_of(value)} {_name(value)} to {kind}")
        self._do(f"store {kind} {kept}, ptr {pointer}, align 4")

    def element(self, byte: Number, size: int) -> Value:
        assert isinstance(byte, int)
        lane = self.vector(byte // 8 * 2, 64, 8 * size)
        return self.lane(lane, byte % 8 // size).zext(32)

    def set_element(self, byte: Number, size: int, value: Value) -> None:
        assert isinstance(byte, int)
        vector = self.vector(byte // 8 * 2, 64, 8 * size)
        text = (
            f"insertelement {type_of(vector)} {vector.name}, i{8 * size} {_name(value.trunc(8 * size))}, "
            f"i32 {byte % 8 // size}"
        )
        self.set_vector(byte // 8 * 2, self._shaped(8 * size, 8 // size, text))

    def table_byte(self, first: Number, index: Value) -> IrValue:
        raise Unsupported("VTBL")

    # Memory

    def _new_stub(self) -> int:
        if self._stub < 0:
            self._stub = self._stubs
            self._stubs += 1
            self.fragment.stubs.append((self._stub, frozenset(self.fragment.written)))
        return self._stub

    def _pinned(self, result: str, template: str, operands: str, constraints: str) -> str:
        return self._access(result, template, operands, constraints, "~{flags}" if "lock" in template else "")

    def _access(self, result: str, template: str, operands: str, constraints: str, clobbers: str) -> str:
        first = len(constraints.split(","))
        table = (
            f".pushsection .faults,\\22a\\22,@progbits; .long 1b-., ${{{first + 4}:l}}-., ${{{first + 2}:c}}, "
            f"${{{first + 3}:c}}; .popsection"
        )
        lock = "lock; " if template.startswith("lock; ") else ""
        body = template.removeprefix("lock; ")
        first_instruction, _, rest = body.partition(";")
        text = f"1: {lock}{first_instruction}; {table}" + (f";{rest}" if rest else "")
        inputs = ", ".join(
            part for part in (operands, f"ptr %st, ptr %mem, i32 \x04{self.at}\x04, i32 {BACK}{self.it}{BACK}") if part
        )
        pins = "{r12},{r13},i,i,!i" + (f",{clobbers}" if clobbers else "")
        go_on = self._label("ok")
        stub = self._new_stub()
        call = (
            f'callbr {result or "void"} asm sideeffect "{text}", "{constraints},{pins}"({inputs}) '
            f"to label %{go_on} [label %f{STUB}{stub}{STUB}], !prof !3"
        )
        name = ""
        if result:
            name = self._new(call)
        else:
            self._do(call)
        self._begin(go_on)
        return name

    def _address(self, address: Value) -> tuple[str, int]:
        """Return a 64-bit host offset and a displacement; together an address, or one in the guard around memory."""
        if isinstance(address, RegionValue) and address.base:
            return self._new(f"zext i32 {address.base} to i64"), address.displacement
        return self._new(f"zext i32 {_name(address)} to i64"), 0

    def load(self, address: Value, size: int, *, signed: bool = False, aligned: bool = False) -> IrValue:
        if aligned:
            self._check_aligned(address, size, write=False)
        name = _name(address)
        if not name.startswith("%") and not signed:
            known = self.literal(int(name), size)
            if known is not None:
                return self.const(known, 64 if size == 8 else 32)
        op = {(1, False): "movzbl", (2, False): "movzwl", (1, True): "movsbl", (2, True): "movswl"}.get(
            (size, signed), "movq" if size == 8 else "movl"
        )
        host, displacement = self._address(address)
        width = 64 if size == 8 else 32
        loaded = self._access(
            f"i{width}", f"{op} ${{2:c}}($1,%r13), $0", f"i64 {host}, i32 {displacement}", "=r,r,i", ""
        )
        return IrValue(self, width, loaded)

    def store(self, address: Value, size: int, value: Value, *, aligned: bool = False) -> None:
        if aligned:
            self._check_aligned(address, size, write=True)
        op, modifier = {1: ("movb", ":b"), 2: ("movw", ":w"), 4: ("movl", ":k"), 8: ("movq", ":q")}[size]
        host, displacement = self._address(address)
        name = _name(value)
        kind = "r" if name.startswith("%") or size == 8 else "ri"
        operand = f"${{0{modifier}}}"
        if kind == "ri":
            number = int(name) & (1 << 8 * size) - 1
            name, kind, operand = str(number - (1 << 32) if number >> 31 else number), "i", "$$${0:c}"
        self._access(
            "",
            f"{op} {operand}, ${{2:c}}($1,%r13)",
            f"i{value.width} {name}, i64 {host}, i32 {displacement}",
            f"{kind},r,i",
            "",
        )

    def load_elements(self, address: Value, bits: int, size: Number) -> IrValue:
        known = None if _name(address).startswith("%") else self.literal(int(_name(address)), bits // 8)
        return self._load_extension(address, bits) if known is None else self.const(known, bits)

    def _load_extension(self, address: Value, bits: int) -> IrValue:
        """Load 32, 64 or 128 bits for extension registers, in lanes of at most 64."""
        host, displacement = self._address(address)
        text = f"{self._move}{MOVES[bits]} ${{2:c}}($1,%r13), $0"
        kept = self._access(KEPT[bits], text, f"i64 {host}, i32 {displacement}", "=x,r,i", "")
        width = min(bits, 64)
        return self._shaped(width, bits // width, f"bitcast {KEPT[bits]} {kept} to {ir_type(width, bits // width)}")

    def _store_extension(self, address: Value, value: Value) -> None:
        bits = value.width * value.lanes
        host, displacement = self._address(address)
        kept = self._new(f"bitcast {type_of(value)} {_name(value)} to {KEPT[bits]}")
        text = f"{self._move}{MOVES[bits]} $0, ${{2:c}}($1,%r13)"
        self._access("", text, f"{KEPT[bits]} {kept}, i64 {host}, i32 {displacement}", "x,r,i", "")

    def store_elements(self, address: Value, value: Value, size: Number) -> None:
        self._store_extension(address, value)

    def load_extension_words(self, first: Number, count: Number, address: Value, *, double: int) -> None:
        assert isinstance(first, int)
        assert isinstance(count, int)
        self._check_aligned(address, 4, write=False)
        step = 2 if double else 1
        values = [self._load_extension(address + 4 * i, 32 * step) for i in range(0, count, step)]
        for i, value in enumerate(values):
            self.set_vector(first + i * step, value)

    def store_extension_words(self, first: Number, count: Number, address: Value, *, double: int) -> None:
        assert isinstance(first, int)
        assert isinstance(count, int)
        self._check_aligned(address, 4, write=True)
        step = 2 if double else 1
        for i in range(0, count, step):
            self._store_extension(address + 4 * i, self.vector(first + i, 32 * step, 32 * step))

    def load_multiple(self, registers: Number, address: Value) -> None:
        assert isinstance(registers, int)
        numbers = [n for n in range(16) if registers >> n & 1]
        if not numbers:
            return
        self._check_aligned(address, 4, write=False)
        values = [self.load(address + 4 * i, 4) for i in range(len(numbers))]
        for n, value in zip(numbers, values, strict=True):
            self.set_reg(n, value)

    def store_multiple(self, registers: Number, address: Value) -> None:
        assert isinstance(registers, int)
        numbers = [n for n in range(16) if registers >> n & 1]
        if not numbers:
            return
        self._check_aligned(address, 4, write=True)
        for i, n in enumerate(numbers):
            self.store(address + 4 * i, 4, self.reg(n))

    def _touch(self, address: Value, size: Value) -> None:
        """Do nothing: what faults is done again from its beginning."""

    def check_aligned(self, address: Value, mask: Number, *, write: bool) -> None:
        if mask == 0:
            return
        bad = self._new(f"icmp ne i32 {_name(address & mask)}, 0")
        fine, again = self._label("aligned"), self._label("again")
        self._do(f"br i1 {bad}, label %{again}, label %{fine}, !prof !0")
        self._begin(again)
        self._again()
        self._begin(fine)

    def _again(self) -> None:
        """Have the interpreter do this instruction."""
        self._do(f"store i32 \x04{self.at}\x04, ptr %fault_ip, align 4")
        self._do(f"store i32 {BACK}{self.it}{BACK}, ptr %fault_info, align 4")
        self._do(f"br label %f{STUB}{self._new_stub()}{STUB}")

    # Floating point: a region runs while FPSCR asks for nothing unusual, and begins with a look at that

    def _mode_is(self, mask: int) -> Value:
        if mask & (FP_FLUSH | FP_ROUNDING):
            self.uses_floating = True
            return IrValue(self, 1, "false")
        return super()._mode_is(mask)

    def fp(self, op: str, *operands: Value, standard: bool = False) -> Value:
        if op not in (self._whole if standard else self._inline):
            return super().fp(op, *operands, standard=standard)
        self.uses_floating = True  # it rounds to nearest
        if self.careful:
            return self._compute_carefully(op, operands, standard=standard)
        if not standard:
            result = self._compute(op, operands)
            if op == "fma":
                # Which NaN it is depends on other rules.
                self._redo_if(_name(self._host_compare("uno", result, result)))
            return result
        if op not in ("add", "sub"):
            # A product that is flushed may have been inexact. (A sum that small never is.)
            stay = self._label("stay")
            self._do(f"{INEXACT} {self._redo_label()} {stay}")
            self._begin(stay)
        self._look_at_operands(operands)
        result = self.host(op, *operands)
        self._ordinary.add(result.name)
        self._results.append(result)
        return result

    def _compute(self, op: str, operands: Sequence[Value]) -> IrValue:
        """Do add sub mul div sqrt fma of single values, all but the last as an instruction that traps.py knows.

        Which NaN results depends on the order of operands. LLVM would change it, its assembler for a shorter encoding.
        Where it traps is in the table of accesses.
        """
        width, count = operands[0].width, len(operands)
        suffix = "s" if width == 32 else "d"
        if op == "fma":
            text, kinds = f"vfmadd231s{suffix} $3, $2, $0", ["0", "x", "x"]
        elif self._move:
            text, kinds = f"{{vex3}} v{op}s{suffix} ${count}, $1, $0", ["x"] * count
        else:
            text, kinds = f"{op}s{suffix} ${count}, $0", ["0", "x"][-count:]
        site = f".pushsection .faults,\\22a\\22,@progbits; .long 1b-., 0, ${{{count + 2}:c}}, 0; .popsection"
        constraints = ",".join(["=x", *kinds, "{r12}", "i", "~{dirflag}", "~{fpsr}"])
        arguments = ", ".join([*map(self._float_argument, operands), "ptr %st", f"i32 \x04{self.at}\x04"])
        asm = f'asm sideeffect "1: {text}; {site}", "{constraints}"({arguments})'
        return self._number(width, f"call {KEPT[width]} {asm}")

    def _compute_carefully(self, op: str, operands: Sequence[Value], *, standard: bool) -> IrValue:
        """Do an operation whose operands or results often are none that it could be done in place for.

        These are for a routine of the interpreter.
        """
        first = operands[0]
        width, lanes = first.width, first.lanes
        aside, after = self._label("aside"), self._label("after")
        special: Value = self.any_lane(self._is_special(operands[0], standard=standard))
        for operand in operands[1:]:
            special = special | self.any_lane(self._is_special(operand, standard=standard))
        if op == "div":
            special = special | (operands[1] << 1).eq(0)
        elif op == "sqrt":
            special = special | first.slt(0)
        self._go_aside(special, aside)
        if not standard:
            result = self._compute(op, operands)
        else:
            if op in UNDERFLOWS:
                # A product that is flushed may have been inexact. (A sum that small never is.)
                look, stay = self._label("look"), self._label("stay")
                self._do(f"br i1 {_name(self._mode_is(FP_EXACT))}, label %{look}, label %{stay}")
                self._begin(look)
                tiny = may_be_tiny(self, operands[-2], operands[-1], fused=op == "fma")
                self._do(f"br i1 {_name(self.any_lane(tiny))}, label %{aside}, label %{stay}, !prof !0")
                self._begin(stay)
            result = self.host(op, *operands)
            self._go_aside(self.any_lane(is_tiny(self, result)), aside)
        t = float_type(width, lanes)
        fast, fast_block = self._float(result), self.block
        self._do(f"br label %{after}")
        self._begin(aside)
        slow = self._float(self.call_float(routine_name(op, width, lanes, standard=standard), operands, (), width))
        joined = self._bits(width, lanes, self._joined(t, fast, fast_block, after, slow))
        (self._ordinary if standard else self._numbers).add(joined.name)
        return joined

    def _is_special(self, value: Value, *, standard: bool) -> Value:
        """Say in which lanes an operand is infinite or a NaN or, in standard arithmetic, denormal."""
        numbers = FORMATS[value.width]
        doubled, infinite = value << 1, 2 * numbers.infinity
        if not standard:
            return ~doubled.ult(infinite)
        smallest = 2 * numbers.smallest_normal
        return ~(doubled - smallest).ult(infinite - smallest) & doubled.ne(0)

    def _number(self, width: int, text: str) -> IrValue:
        result = self._bits(width, 1, self._new(text))
        self._numbers.add(result.name)
        return result

    def fp_compare(self, a: Value, b: Value, *, signal_quiet: bool = False) -> Value:
        """Compare what is ordered."""
        self.uses_floating = True
        unordered = self._host_compare("uno", a, b)
        if not self.careful:
            self._redo_if(_name(unordered))
        less, equal = self._host_compare("ult", a, b), self._host_compare("ueq", a, b)
        ordered = less.zext(4) << 3 | equal.zext(4) << 2 | (~less).zext(4) << 1
        if not self.careful:
            return ordered
        if signal_quiet:

            def invalid() -> None:
                self._store_state("fpscr", _name(self.system_register("fpscr") | 1))

            super().when(unordered, invalid)
        return self.select(unordered, self.const(0b0011, 4), ordered)

    def fp_flag(self, name: str) -> Value:
        self.uses_flags = True
        return IrValue(self, 1, self._new(f"icmp ne i32 {self._get(f'fp{name}')}, 0"))

    def set_fp_flags(self, nzcv: Value) -> None:
        self.uses_flags = True
        for slot, bit in zip(FP_FLAG_SLOTS, (3, 2, 1, 0), strict=True):
            self._put(slot, _name(nzcv.bit(bit).zext(32)))
        self._wrote("fp0")

    def fpscr(self) -> Value:
        word = super().fpscr() & 0x0FFFFFFF
        for i, name in enumerate("nzcv"):
            word = word | self.fp_flag(name).zext(32) << 31 - i
        return word

    def fp_multiply_add(self, addend: Value, a: Value, b: Value, *, negate: bool = False) -> Value:
        if not self.careful:
            self._look_at_operands((a, b, addend))
        return super().fp_multiply_add(addend, a, b, negate=negate)

    def _look_at_operands(self, operands: Sequence[Value]) -> None:
        """Have the interpreter do the instruction if it is not certain that operands are ordinary numbers."""
        unknown = [operand for operand in operands if _name(operand) not in self._ordinary]
        if not unknown:
            return
        what = [Operand(_name(value), value.lanes, self._sources.get(_name(value), ())) for value in unknown]
        stay = self._label("stay")
        self._do(CHECK.join(["", self._redo_label(), stay, *(operand.text() for operand in what)]))
        self._begin(stay)
        self._ordinary.update(map(_name, unknown))

    def _look_at_results(self) -> None:
        """The same for results, before they are used."""
        if self._results:
            results, self._results = self._results, []
            look_at_results(self, results, self._redo_label(), self._begin)

    def _redo_label(self) -> str:
        """Return a block that has the interpreter do this instruction, which has written nothing yet."""
        if not self._redo:
            if self.fragment.written:
                raise Unsupported("a result that comes late")
            self._redo = self._label("again")
            lines, block, self.lines = self.lines, self.block, self.fragment.asides
            self._begin(self._redo)
            self._store_state("unusual_place", f"\x04{self.at}\x04")
            self._store_state("unusual_left", _name(self.system_register("unusual_left") - 1))
            self._again()
            self.lines, self.block = lines, block
        return self._redo

    def _redo_if(self, condition: str) -> None:
        """Have the interpreter do this instruction in the rare case of a condition."""
        again, stay = self._redo_label(), self._label("stay")
        self._do(f"br i1 {condition}, label %{again}, label %{stay}, !prof !0")
        self._begin(stay)

    def when(self, condition: Value, then: Callable[[], None], otherwise: Callable[[], None] | None = None) -> None:
        self.fragment.conditional = True
        branch, known = len(self.lines), len(self.fragment.targets)
        super().when(condition, then, otherwise)
        # Where a region is entered in an inner loop, LLVM takes that and the outer ones for one.
        if any(target & ~1 <= self.at and context == self.context for target, context in self.fragment.targets[known:]):
            self.lines[branch] += BACKWARD

    def _routine(self, name: str) -> str:
        offset = self.routines.get(name)
        if offset is None:
            raise Unsupported(name)
        return self._new(f"getelementptr i8, ptr %base, i64 {offset}")

    def set_fpscr(self, value: Value) -> None:
        raise Unsupported("FPSCR")

    def set_big_endian(self, big: Number) -> None:
        raise Unsupported("SETEND")

    # Going on

    def _goto(self, target: int, context: tuple[int, ...]) -> None:
        self.fragment.targets.append((target, context))
        self._do(f"br label %{label_of(target, context)}")
        self.ended = True

    def branch_to(self, target: Number) -> None:
        assert isinstance(target, int)
        self._branch(target | self.thumb)

    def branch_exchange_to(self, target: Number) -> None:
        assert isinstance(target, int)
        self._branch(target | 1 - self.thumb)

    def _branch(self, target: int) -> None:
        self._inlined = False
        link = self._link
        if link is None or link != self.fragment.next_pc:
            self._goto(target, self.context)
        elif self.inline(target, (*self.context, link)):
            self._inlined = True
            self._goto(target, (*self.context, link))
        elif not self.context and self.include(target):
            self.links.add(link)
            self.fragment.callees.append(target)
            self._do(f"br label %{label_of(target, ())}")
            self.ended = True
        else:
            self._leave_for(target)

    def jump_by(self, index: int, targets: Sequence[int | None]) -> None:
        """Go to `targets[i]` if register `index` is `i`; else, and where that is None, go on with the instruction."""
        value, go_on = self.reg(index), self._label("elsewhere")
        cases = []
        for i, target in enumerate(targets):
            if target is not None:
                self.fragment.targets.append((target, self.context))
                cases.append(f"i32 {i}, label %{label_of(target, self.context)}")
        self._do(f"switch i32 {value.name}, label %{go_on} [ {' '.join(cases)} ]")
        self._begin(go_on)

    def _leave_for(self, target: int) -> None:
        """Leave the region for a known place."""
        self._tail(self._new(f"getelementptr i8, ptr %ip, i64 \x05{target}\x05"))
        self.ended = True

    def _if_return(self, address: str, *, exchanging: bool) -> None:
        """Stay in the region if `address` is where a function of it was called from.

        `exchanging`: its bit 0 says in which instruction set to go on; else that is this one.
        """
        self._inlined = False
        if not self.context:
            if self._link is None or self._link != self.fragment.next_pc:
                go_on = self._label("elsewhere")
                self.fragment.returns = True
                self._do(f"{RETURN}{address} {go_on} {'01' if exchanging else self.thumb}")
                self._begin(go_on)
            return
        link = self.context[-1]
        if not exchanging and link & 1 != self.thumb:
            return
        back, go_on = self._label("back"), self._label("elsewhere")
        same = self._new(f"icmp eq i32 {address}, {link}")
        self._do(f"br i1 {same}, label %{back}, label %{go_on}")
        self._begin(back)
        self._goto(link, self.context[:-1])
        self._begin(go_on)

    def _if_known(self, address: str) -> None:
        """Stay in the region if an indirect call calls what it has called before, be it by way of a stub."""
        link = self._link
        if link is not None and link == self.fragment.next_pc:
            whole = (*self.context, link)
        elif self.jumps_on and self.context:
            whole, link = self.context, self.context[-1]
        else:
            return
        self.calls.add(link)
        cases = []
        for callee in self.callees(link):
            context = whole
            if self.inline(callee, context):
                self.fragment.targets.append((callee, context))
            elif len(context) == 1 and self.include(callee):
                context = ()
                self.links.add(link)
                self.fragment.callees.append(callee)
            else:
                continue
            cases.append(f"i32 {callee}, label %{label_of(callee, context)}")
        if cases:
            go_on = self._label("elsewhere")
            self._do(f"switch i32 {address}, label %{go_on} [ {' '.join(cases)} ]")
            self._begin(go_on)

    def branch_write_pc(self, address: Value) -> None:
        self._if_return(_name(address), exchanging=False)
        super().branch_write_pc(address)

    def bx_write_pc(self, address: Value) -> None:
        name = _name(address)
        if not name.startswith("%") and int(name) & 3 != 2:  # a veneer: to what a constant says, or BX PC
            self._branch(int(name))
            return
        if self._link is None:
            self.fragment.jumps_on = self.jumps_on
        self._if_return(name, exchanging=True)
        self._if_known(name)
        super().bx_write_pc(address)

    def _tail(self, ip: str, *, branch: bool = False) -> None:
        self._do(f"{SPILL}{len(self.fragment.spills)}{SPILL}")
        self.fragment.spills.append(frozenset(self.fragment.written))
        self.leave(ip)

    def budget(self) -> str:
        """Return how many instructions are left."""
        return self._new(f"add i64 {self._new('load i64, ptr %budget_left, align 8')}, {MARGIN}")

    def leave(self, ip: str) -> None:
        """Go to the entry `ip`; if the interpreter does what is there, count that as the interpreter's branches do."""
        budget = self.budget()
        words = self.flag_words()
        arguments = self._all_arguments(ip, budget, *words)
        fetch = f'call i64 asm sideeffect "movl (%r14), ${{0:k}}", "=r,{PINS},~{{memory}}"({arguments})'
        offset = self._new(fetch)
        go_on, aside = self._label("go"), self._label("aside")
        is_cold = self._new(f"icmp ult i64 {offset}, {self.routines['end_of_code']}")
        self._do(f"br i1 {is_cold}, label %{aside}, label %{go_on}, !prof !0")
        self._begin(aside)
        self.lines.append(HERE)
        for slot, name in zip(LEAVING, words, strict=True):
            self._do(f"store i32 {name}, ptr %{slot}, align 4")
        self._do(f"store ptr {ip}, ptr %leaving_for, align 8")
        self._do("br label %leave_counted")
        self._begin(go_on)
        handler = self._new(f"getelementptr i8, ptr %base, i64 {offset}")
        self._do(f"{CALL} {handler}({arguments})")
        self._do("ret void")

    def leave_counted(self) -> None:
        """Write the block that counts what is not compiled yet where a region is left for it."""
        self._begin("leave_counted")
        ip = self._new("load ptr, ptr %leaving_for, align 8")
        budget = self.budget()
        words = [self._get(slot) for slot in LEAVING]
        arguments = self._all_arguments(ip, budget, *words)
        leave = f"getelementptr i8, ptr %base, i64 {self.routines['leave']}"
        self._count_branch(ip, arguments, leave=self._new(leave))
        self.dispatch(arguments)

    @staticmethod
    def _all_arguments(ip: str, budget: str, n: str, z: str, c: str, v: str) -> str:
        return f"ptr %st, ptr %mem, ptr {ip}, ptr %base, i64 {budget}, i32 {n}, i32 {z}, i32 {c}, i32 {v}"

    def supervisor_call(self, number: Number) -> None:
        raise Unsupported("SVC")

    def breakpoint(self, number: Number) -> None:
        raise Unsupported("BKPT")

    def undefined(self) -> None:
        raise Unsupported("UNDEFINED")
