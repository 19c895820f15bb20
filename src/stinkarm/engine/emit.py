"""Turn one traced declaration into one handler of the native interpreter, as LLVM IR text.

A handler is a function that executes one instruction and tail-calls the next one's handler. Its
arguments stay in fixed host registers all the way (calling convention preserve_none):

    %st  r12  the state block (guest/state.py)      %budget rdi  instructions left
    %mem r13  host address of guest address 0       %n rsi %z rdx %c rcx %v r8  the flags, each
    %ip  r14  this instruction's code-table entry                 in the form of the state block
    %base r15 what handler offsets count from

Guest memory is touched only by inline assembly whose inputs pin these values to these registers,
as they were when the instruction began. So a fault always finds them there, for free.

A code-table entry has 16 bytes: u32 handler offset; u32 second handler offset (for a conditional
instruction, the one that runs when the condition holds; in its top byte, ITSTATE of an instruction
in an IT block); 8 bytes of operands, laid out a handler by `HandlerBuilder.layout`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..guest import stop
from ..guest.state import HOT_COUNTERS, OFFSETS
from ..isa.fields import Field, Number
from ..isa.operations import Flags, Value
from ..isa.tables import TABLES
from .floating import FloatingBuilder
from .ir import IrValue, ir_type
from .ir import mangled as _mangled
from .ir import name_of as _name
from .ir import type_of as _type
from .layout import ENTRY_SIZE, THUMB_TABLE

OPERANDS = 8  # where the operand bytes of an entry begin
OPERAND_BYTES = 8

PARAMETERS = "ptr %st, ptr %mem, ptr %ip, ptr %base, i64 %budget, i32 %n, i32 %z, i32 %c, i32 %v"
CALL = "musttail call preserve_nonecc void"
PAUSES = 8  # after a STREX that another thread was faster than
PINS = "{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8}"


# How far the next instruction's entry is, in bytes: an operand of handlers that are the same for any length.
ADVANCE = Field.named("advance", 8)

_INTRINSICS = {
    "smin": "smin",
    "smax": "smax",
    "umin": "umin",
    "umax": "umax",
    "sadd_sat": "sadd.sat",
    "uadd_sat": "uadd.sat",
    "ssub_sat": "ssub.sat",
    "usub_sat": "usub.sat",
    "rbit": "bitreverse",
    "rev": "bswap",
    "popcount": "ctpop",
}


class HandlerBuilder(FloatingBuilder):
    """Records one execution of a meaning as IR.

    `length`: the bytes of the instruction. None has the distance to the next entry be an operand, so that A32 and T32
    encodings get the same text.
    """

    def __init__(self, *, thumb: int, length: int | None) -> None:
        self.thumb = thumb
        self.advance = ENTRY_SIZE * (2 if thumb and length == 4 else 1)
        self.any_length = length is None
        self.lines: list[str] = []
        self.slots: list[tuple[Field, int]] = []
        self._splats: set[str] = set()  # the names of vectors whose lanes are the same
        self.flags = {"n": "%n", "z": "%z", "c": "%c", "v": "%v"}
        self.block = "body"
        self.ended = False
        self._names = 0
        self._blocks = 0
        self._pc_is_stored = False

    # Text

    def _new(self, text: str) -> str:
        self._names += 1
        self.lines.append(f"  %t{self._names} = {text}")
        return f"%t{self._names}"

    def _value(self, width: int, text: str) -> IrValue:
        return IrValue(self, width, self._new(text))

    def _do(self, text: str) -> None:
        self.lines.append(f"  {text}")

    def _label(self, hint: str) -> str:
        self._blocks += 1
        return f"{hint}{self._blocks}"

    def _begin(self, label: str) -> None:
        self.lines.append(f"{label}:")
        self.block = label

    def _slot(self, field: Field, size: int) -> str:
        for i, (known, known_size) in enumerate(self.slots):
            if known.key == field.key and known_size == size:
                return f"%slot{i}"
        self.slots.append((field, size))
        return f"%slot{len(self.slots) - 1}"

    def layout(self) -> list[tuple[Field, int, int]]:
        """Return the operands as (field, bytes, offset in the entry), widest first."""
        offset = OPERANDS
        placed = []
        for field, size in sorted(self.slots, key=lambda slot: -slot[1]):
            placed.append((field, size, offset))
            offset += size
        if offset > OPERANDS + OPERAND_BYTES:
            raise ValueError(f"the operands {self.slots} need more than {OPERAND_BYTES} bytes")
        return placed

    def text(self) -> str:
        """Return the body of the handler (without its `define` line), operands loaded first."""
        if not self.ended:
            if self.any_length:
                self._tail_by_length()
            else:
                self._tail("%next")
            self.ended = True
        lines = ["entry:", f"  %next = getelementptr inbounds i8, ptr %ip, i64 {self.advance}"]
        for field, size, offset in self.layout():
            i = next(i for i, (f, s) in enumerate(self.slots) if f is field and s == size)
            lines.append(f"  %slot{i}p = getelementptr inbounds i8, ptr %ip, i64 {offset}")
            bits = size * 8
            if size == 4:
                lines.append(f"  %slot{i} = load i32, ptr %slot{i}p, align 4")
            else:
                lines.append(f"  %slot{i}n = load i{bits}, ptr %slot{i}p, align {size}")
                lines.append(f"  %slot{i} = zext i{bits} %slot{i}n to i32")
        if self._pc_is_stored:
            lines += self._store_pc()
        lines.append("  br label %body")
        lines.append("body:")
        return "\n".join(lines + self.lines) + "\n"

    def _pins(self) -> str:
        return "ptr %st, ptr %mem, ptr %ip, ptr %base, i64 %budget, i32 %n, i32 %z, i32 %c, i32 %v"

    def _arguments(self, ip: str, budget: str) -> str:
        f = self.flags
        return (
            f"ptr %st, ptr %mem, ptr {ip}, ptr %base, i64 {budget}, "
            f"i32 {f['n']}, i32 {f['z']}, i32 {f['c']}, i32 {f['v']}"
        )

    def _tail(self, ip: str, *, branch: bool = False) -> None:
        """Count the instruction and go to the entry `ip`; for a branch, count that too."""
        budget = self._new("sub i64 %budget, 1")
        spent = self._new(f"icmp eq i64 {budget}, 0")
        stop_here, go_on = self._label("spent"), self._label("go")
        self._do(f"br i1 {spent}, label %{stop_here}, label %{go_on}, !prof !0")
        self._begin(stop_here)
        arguments = self._arguments(ip, budget)
        self._do(f"{CALL} @leave_spent({arguments})")
        self._do("ret void")
        self._begin(go_on)
        if branch:
            self._count_branch(ip, arguments)
        self.dispatch(arguments)

    def _count_branch(self, ip: str, arguments: str, *, leave: str = "@leave") -> None:
        """Report the target once it has been branched to often. The counters are hashed by it."""
        place = self._new(f"and i64 {self._new(f'ptrtoint ptr {ip} to i64')}, {(HOT_COUNTERS - 1) * ENTRY_SIZE}")
        offset = self._new(f"lshr i64 {place}, 2")
        counters = self._new(f"getelementptr inbounds i8, ptr %st, i64 {OFFSETS['hot']}")
        pointer = self._new(f"getelementptr inbounds i8, ptr {counters}, i64 {offset}")
        left = self._new(f"add i32 {self._new(f'load i32, ptr {pointer}, align 4')}, -1")
        self._do(f"store i32 {left}, ptr {pointer}, align 4")
        hot, cold = self._label("hot"), self._label("cold")
        self._do(f"br i1 {self._new(f'icmp eq i32 {left}, 0')}, label %{hot}, label %{cold}, !prof !0")
        self._begin(hot)
        self._store_state("stop", str(stop.HOT))
        self._do(f"{CALL} {leave}({arguments})")
        self._do("ret void")
        self._begin(cold)

    def _tail_by_length(self) -> None:
        """Go to the next entry or the one after it: a predicted branch, where adding an operand would delay all."""
        step = self._slot(ADVANCE, 1)
        wide, narrow = self._label("wide"), self._label("narrow")
        self._do(f"br i1 {self._new(f'icmp eq i32 {step}, {ENTRY_SIZE}')}, label %{narrow}, label %{wide}")
        for label, distance in ((narrow, ENTRY_SIZE), (wide, 2 * ENTRY_SIZE)):
            self._begin(label)
            self._tail(self._new(f"getelementptr inbounds i8, ptr %ip, i64 {distance}"))

    def dispatch(self, arguments: str) -> None:
        """Jump to the handler that the entry in `arguments` names."""
        offset = self._new(f'call i64 asm sideeffect "movl (%r14), ${{0:k}}", "=r,{PINS},~{{memory}}"({arguments})')
        handler = self._new(f"getelementptr i8, ptr %base, i64 {offset}")
        self._do(f"{CALL} {handler}({arguments})")
        self._do("ret void")

    def _end(self, ip: str) -> None:
        self._tail(ip, branch=True)
        self.ended = True

    # Values

    def const(self, number: Number, width: int = 32) -> IrValue:
        if isinstance(number, int):
            return IrValue(self, width, str(number & (1 << width) - 1))
        size = 1 if number.bound < 1 << 8 else 2 if number.bound < 1 << 16 else 4
        value = IrValue(self, 32, self._slot(number, size))
        if width == 32:
            return value
        return self._value(width, f"{'zext' if width > 32 else 'trunc'} i32 {value.name} to i{width}")

    def _shaped(self, width: int, lanes: int, text: str) -> IrValue:
        return IrValue(self, width, self._new(text), lanes=lanes)

    def binary(self, op: str, a: Value, b: Value) -> IrValue:
        t = _type(a)
        if op in _INTRINSICS:
            function = _INTRINSICS[op]
            suffix = _mangled(a)
            return self._shaped(a.width, a.lanes, f"call {t} @llvm.{function}.{suffix}({t} {_name(a)}, {t} {_name(b)})")
        if op == "shl" and a.width == 32 and a.lanes > 1 and _name(b) not in self._splats:
            # Without AVX2, LLVM multiplies by a power of two that it makes as floating point. 2**31 would be Invalid
            # Operation there, and set MXCSR's sticky flag: so shift by 16 at most, twice.
            half = self._shaped(32, a.lanes, f"lshr {t} {_name(b)}, {_name(b.like(1))}")
            rest = self._shaped(32, a.lanes, f"sub {t} {_name(b)}, {half.name}")
            first = self._shaped(32, a.lanes, f"shl {t} {_name(a)}, {half.name}")
            return self._shaped(32, a.lanes, f"shl {t} {first.name}, {rest.name}")
        return self._shaped(a.width, a.lanes, f"{op} {t} {_name(a)}, {_name(b)}")

    def compare(self, op: str, a: Value, b: Value) -> IrValue:
        return self._shaped(1, a.lanes, f"icmp {op} {_type(a)} {_name(a)}, {_name(b)}")

    def unary(self, op: str, a: Value) -> IrValue:
        t = _type(a)
        if op == "clz":
            return self._shaped(a.width, a.lanes, f"call {t} @llvm.ctlz.{_mangled(a)}({t} {_name(a)}, i1 false)")
        return self._shaped(a.width, a.lanes, f"call {t} @llvm.{_INTRINSICS[op]}.{_mangled(a)}({t} {_name(a)})")

    def convert(self, op: str, a: Value, width: int) -> IrValue:
        assert isinstance(a, IrValue)
        if op == "zext" and a.word is not None and width >= 32:
            if width == 32:
                return IrValue(self, 32, a.word)
            return self._value(width, f"zext i32 {a.word} to i{width}")
        return self._shaped(width, a.lanes, f"{op} {_type(a)} {a.name} to {ir_type(width, a.lanes)}")

    def select(self, condition: Value, a: Value, b: Value) -> IrValue:
        t = _type(a)
        return self._shaped(
            a.width, a.lanes, f"select {_type(condition)} {_name(condition)}, {t} {_name(a)}, {t} {_name(b)}"
        )

    # Vectors

    def splat(self, value: Value, lanes: int) -> IrValue:
        assert isinstance(value, IrValue)
        t = ir_type(value.width, lanes)
        if not value.name.startswith("%"):
            literal = ", ".join([f"i{value.width} {value.name}"] * lanes)
            return self._known_splat(IrValue(self, value.width, f"<{literal}>", lanes=lanes))
        first = self._new(f"insertelement {t} poison, i{value.width} {value.name}, i32 0")
        return self._known_splat(
            self._shaped(value.width, lanes, f"shufflevector {t} {first}, {t} poison, <{lanes} x i32> zeroinitializer")
        )

    def _known_splat(self, value: IrValue) -> IrValue:
        self._splats.add(value.name)
        return value

    def lane(self, vector: Value, index: int) -> IrValue:
        assert isinstance(vector, IrValue)
        if vector.lanes == 1:
            return vector
        return self._value(vector.width, f"extractelement {_type(vector)} {vector.name}, i32 {index}")

    def from_lanes(self, values: Sequence[Value]) -> IrValue:
        first = values[0]
        assert isinstance(first, IrValue)
        if len(values) == 1:
            return first
        t = ir_type(first.width, len(values))
        name = "poison"
        for i, value in enumerate(values):
            name = self._new(f"insertelement {t} {name}, i{first.width} {_name(value)}, i32 {i}")
        return IrValue(self, first.width, name, lanes=len(values))

    def shuffle(self, a: Value, b: Value, indexes: Sequence[int]) -> IrValue:
        if a.lanes == 1:
            pair = (a, b)
            return self.from_lanes([pair[i] for i in indexes])
        if len(indexes) == 1:
            return self.lane(a if indexes[0] < a.lanes else b, indexes[0] % a.lanes)
        t = _type(a)
        mask = ", ".join(f"i32 {i}" for i in indexes)
        return self._shaped(
            a.width,
            len(indexes),
            f"shufflevector {t} {_name(a)}, {t} {_name(b)}, <{len(indexes)} x i32> <{mask}>",
        )

    def reinterpret(self, value: Value, width: int) -> IrValue:
        assert isinstance(value, IrValue)
        lanes = value.width * value.lanes // width
        if lanes == value.lanes:
            return value
        return self._shaped(width, lanes, f"bitcast {_type(value)} {value.name} to {ir_type(width, lanes)}")

    def lookup(self, table: str, index: Value) -> Value:
        width = TABLES[table].width
        entries: list[Value] = []
        for i in range(index.lanes):
            wide = _name(self.lane(index, i).zext(64))
            pointer = self._new(f"getelementptr inbounds i{width}, ptr @table_{table}, i64 {wide}")
            entries.append(self._value(width, f"load i{width}, ptr {pointer}, align {width // 8}"))
        return self.from_lanes(entries)

    def any_lane(self, condition: Value) -> IrValue:
        assert isinstance(condition, IrValue)
        if condition.lanes == 1:
            return condition
        t = _type(condition)
        return self._value(1, f"call i1 @llvm.vector.reduce.or.{_mangled(condition)}({t} {condition.name})")

    def vector(self, first: Number, bits: int, width: int) -> IrValue:
        t = ir_type(width, bits // width)
        return self._shaped(width, bits // width, f"load {t}, ptr {self._extension_pointer(first)}, align 4")

    def set_vector(self, first: Number, value: Value) -> None:
        self._do(f"store {_type(value)} {_name(value)}, ptr {self._extension_pointer(first)}, align 4")

    def _element_pointer(self, byte: Number) -> str:
        if isinstance(byte, int):
            return self._new(f"getelementptr inbounds i8, ptr %st, i64 {OFFSETS['d'] + byte}")
        bytes_ = self._new(f"getelementptr inbounds i8, ptr %st, i64 {OFFSETS['d']}")
        wide = self._new(f"zext i32 {self._slot(byte, 1)} to i64")
        return self._new(f"getelementptr inbounds i8, ptr {bytes_}, i64 {wide}")

    def element(self, byte: Number, size: int) -> Value:
        return self._value(8 * size, f"load i{8 * size}, ptr {self._element_pointer(byte)}, align {size}").zext(32)

    def set_element(self, byte: Number, size: int, value: Value) -> None:
        narrow = value.trunc(8 * size)
        self._do(f"store {_type(narrow)} {_name(narrow)}, ptr {self._element_pointer(byte)}, align {size}")

    def table_byte(self, first: Number, index: Value) -> IrValue:
        wide = _name(index.zext(64))
        pointer = self._new(f"getelementptr inbounds i8, ptr {self._extension_pointer(first)}, i64 {wide}")
        return self._value(8, f"load i8, ptr {pointer}")

    def when(self, condition: Value, then: Callable[[], None], otherwise: Callable[[], None] | None = None) -> None:
        yes, no, after = self._label("then"), self._label("else"), self._label("after")
        self._do(f"br i1 {_name(condition)}, label %{yes}, label %{no}")
        before = dict(self.flags)
        ways: list[tuple[str, dict[str, str]]] = []
        for label, action in ((yes, then), (no, otherwise)):
            self._begin(label)
            self.flags = dict(before)
            self.ended = False
            if action is not None:
                action()
            if not self.ended:
                self._do(f"br label %{after}")
                ways.append((self.block, self.flags))
        self.flags = before
        self.ended = not ways
        if not ways:
            return
        self._begin(after)
        for flag in before:
            incoming = {env[flag] for _, env in ways}
            if len(incoming) == 1:
                self.flags[flag] = incoming.pop()
            else:
                pairs = ", ".join(f"[ {env[flag]}, %{block} ]" for block, env in ways)
                self.flags[flag] = self._new(f"phi i32 {pairs}")

    # Registers

    def _state_pointer(self, name: str) -> str:
        return self._new(f"getelementptr inbounds i8, ptr %st, i64 {OFFSETS[name]}")

    def _load_state(self, name: str) -> str:
        return self._new(f"load i32, ptr {self._state_pointer(name)}, align 4")

    def _store_state(self, name: str, value: str) -> None:
        self._do(f"store i32 {value}, ptr {self._state_pointer(name)}, align 4")

    def _register_pointer(self, n: Number) -> str:
        if isinstance(n, int):
            return self._new(f"getelementptr inbounds i32, ptr %st, i64 {n}")
        index = self._new(f"zext i32 {self._slot(n, 1)} to i64")
        return self._new(f"getelementptr inbounds i32, ptr %st, i64 {index}")

    def pc(self) -> Field:
        """The decode-time number that r15 reads as."""
        return Field.named("pc", 32) + (4 if self.thumb else 8)

    def _need_pc(self) -> None:
        """Have r15's word in the state block hold pc, so that any register number may be read there."""
        self._pc_is_stored = True

    def _store_pc(self) -> list[str]:
        shift, first, ahead = (3, THUMB_TABLE, 4) if self.thumb else (2, 0, 8)
        return [
            f"  %tablep = getelementptr inbounds i8, ptr %st, i64 {OFFSETS['table']}",
            "  %table = load i64, ptr %tablep, align 8",
            "  %here = ptrtoint ptr %ip to i64",
            "  %from_table = sub i64 %here, %table",
            f"  %from_first = sub i64 %from_table, {first}",
            f"  %wide_pc = lshr i64 %from_first, {shift}",
            "  %narrow_pc = trunc i64 %wide_pc to i32",
            f"  %pc = add i32 %narrow_pc, {ahead}",
            f"  %pcp = getelementptr inbounds i8, ptr %st, i64 {15 * 4}",
            "  store i32 %pc, ptr %pcp, align 4",
        ]

    def reg(self, n: Number) -> IrValue:
        if isinstance(n, int):
            if n == 15:
                return self.const(self.pc())
        elif n == 15:
            self._need_pc()
        return self._value(32, f"load i32, ptr {self._register_pointer(n)}, align 4")

    def set_reg(self, n: Number, value: Value) -> None:
        self._do(f"store i32 {_name(value)}, ptr {self._register_pointer(n)}, align 4")

    def flag(self, name: str) -> IrValue:
        if name == "q":
            word = self._load_state("q")
            return IrValue(self, 1, self._new(f"icmp ne i32 {word}, 0"), word)
        word = self.flags[name]
        if name == "c":
            return IrValue(self, 1, self._new(f"icmp ne i32 {word}, 0"), word)
        return self._value(1, f"icmp {'eq' if name == 'z' else 'slt'} i32 {word}, 0")

    def set_flag(self, name: str, value: Value) -> None:
        if name == "z":
            value = ~value
        word = _name(value.zext(32))
        if name == "q":
            self._store_state("q", word)
        elif name in "nv":
            self.flags[name] = self._new(f"shl i32 {word}, 31")
        else:
            self.flags[name] = word

    def set_nz(self, result: Value) -> None:
        if result.width == 64:
            self.flags["n"] = _name(result.bits(63, 32))
            self.flags["z"] = _name((result | result >> 32).trunc(32))
        else:
            self.flags["n"] = self.flags["z"] = _name(result)

    def set_overflow_word(self, word: Value) -> None:
        self.flags["v"] = _name(word)

    def ge(self) -> Value:
        return IrValue(self, 32, self._load_state("ge")).trunc(4)

    def set_ge(self, value: Value) -> None:
        self._store_state("ge", _name(value.zext(32)))

    def system_register(self, name: str) -> IrValue:
        return IrValue(self, 32, self._load_state(name))

    def set_system_register(self, name: str, value: Value) -> None:
        self._store_state(name, _name(value))

    def set_big_endian(self, big: Number) -> None:
        self._store_state("big_endian", self.const(big).name)
        if big:
            # Handlers load little-endian: the reference engine runs big-endian stretches.
            self._stop(stop.BUDGET, "%next", counted=True)

    def _extension_pointer(self, index: Number) -> str:
        if isinstance(index, int):
            return self._new(f"getelementptr inbounds i8, ptr %st, i64 {OFFSETS['d'] + 4 * index}")
        words = self._new(f"getelementptr inbounds i8, ptr %st, i64 {OFFSETS['d']}")
        wide = self._new(f"zext i32 {self._slot(index, 1)} to i64")
        return self._new(f"getelementptr inbounds i32, ptr {words}, i64 {wide}")

    def extension_word(self, index: Number) -> IrValue:
        return self._value(32, f"load i32, ptr {self._extension_pointer(index)}, align 4")

    def set_extension_word(self, index: Number, value: Value) -> None:
        self._do(f"store i32 {_name(value)}, ptr {self._extension_pointer(index)}, align 4")

    # Memory

    def _pinned(self, result: str, template: str, operands: str, constraints: str) -> str:
        inputs = ", ".join(part for part in (operands, self._pins()) if part)
        call = f'asm sideeffect "{template}", "{constraints},{PINS},~{{memory}},~{{flags}}"({inputs})'
        if result:
            return self._new(f"call {result} {call}")
        self._do(f"call void {call}")
        return ""

    def _check_aligned(self, address: Value, size: int, *, write: bool) -> None:
        self.check_aligned(address, size - 1, write=write)

    def check_aligned(self, address: Value, mask: Number, *, write: bool) -> None:
        if isinstance(mask, int) and mask == 0:
            return
        bad = self._new(f"icmp ne i32 {_name(address & mask)}, 0")
        fault, fine = self._label("misaligned"), self._label("aligned")
        self._do(f"br i1 {bad}, label %{fault}, label %{fine}, !prof !0")
        self._begin(fault)
        self._store_state("fault_address", _name(address))
        self._store_state("fault_write", str(int(write)))
        self._leave(stop.ALIGNMENT, "%ip", "%budget", original=True)
        self._begin(fine)

    def load(self, address: Value, size: int, *, signed: bool = False, aligned: bool = False) -> IrValue:
        if aligned:
            self._check_aligned(address, size, write=False)
        op = {(1, False): "movzbl", (2, False): "movzwl", (1, True): "movsbl", (2, True): "movswl"}.get(
            (size, signed), "movl"
        )
        host = _name(address.zext(64))
        if size == 8:
            return IrValue(self, 64, self._pinned("i64", "movq ($1,%r13), $0", f"i64 {host}", "=r,r"))
        return IrValue(self, 32, self._pinned("i32", f"{op} ($1,%r13), $0", f"i64 {host}", "=r,r"))

    def store(self, address: Value, size: int, value: Value, *, aligned: bool = False) -> None:
        if aligned:
            self._check_aligned(address, size, write=True)
        op, modifier = {1: ("movb", ":b"), 2: ("movw", ":w"), 4: ("movl", ":k"), 8: ("movq", ":q")}[size]
        host = _name(address.zext(64))
        self._pinned("", f"{op} ${{0{modifier}}}, ($1,%r13)", f"i{value.width} {_name(value)}, i64 {host}", "r,r")

    def load_elements(self, address: Value, bits: int, size: Number) -> IrValue:
        if bits <= 64:
            return self.load(address, bits // 8)
        host = _name(address.zext(64))
        pair = self._pinned("<2 x i64>", "movdqu ($1,%r13), $0", f"i64 {host}", "=x,r")
        return IrValue(self, 64, pair, lanes=2)

    def store_elements(self, address: Value, value: Value, size: Number) -> None:
        if value.lanes == 1:
            self.store(address, value.width // 8, value)
            return
        host = _name(address.zext(64))
        self._pinned("", "movdqu $0, ($1,%r13)", f"<2 x i64> {_name(value)}, i64 {host}", "x,r")

    def _loop(self, start: list[tuple[str, str]], step: Callable[[list[str]], tuple[list[str], str]]) -> None:
        """Loop over variables, each given as (type, first value), until `step` says that it is over.

        `step` gets their names and returns their next values and an i1.
        """
        head, done = self._label("each"), self._label("done")
        before = self.block
        self._do(f"br label %{head}")
        self._begin(head)
        at = len(self.lines)
        names = []
        for _ in start:
            self._names += 1
            names.append(f"%t{self._names}")
        following, over = step(names)
        self._do(f"br i1 {over}, label %{done}, label %{head}")
        self.lines[at:at] = [
            f"  {name} = phi {kind} [ {first}, %{before} ], [ {after}, %{self.block} ]"
            for name, (kind, first), after in zip(names, start, following, strict=True)
        ]
        self._begin(done)

    def _multiple(self, registers: Number, address: Value, each: Callable[[str, IrValue], None]) -> None:
        """Loop over the one bits of a register list, lowest first, with word addresses going up."""

        def step(names: list[str]) -> tuple[list[str], str]:
            rest, where = names
            number = self._new(f"call i32 @llvm.cttz.i32(i32 {rest}, i1 true)")
            index = self._new(f"zext i32 {number} to i64")
            each(self._new(f"getelementptr inbounds i32, ptr %st, i64 {index}"), IrValue(self, 32, where))
            less = self._new(f"add i32 {rest}, -1")
            left = self._new(f"and i32 {rest}, {less}")
            return [left, self._new(f"add i32 {where}, 4")], self._new(f"icmp eq i32 {left}, 0")

        self._loop([("i32", self.const(registers).name), ("i32", _name(address))], step)

    def load_multiple(self, registers: Number, address: Value) -> None:
        if registers == 0:
            return
        self._check_aligned(address, 4, write=False)
        self._touch(address, self.const(registers.bit_count()) << 2)
        self._multiple(registers, address, self._load_word)

    def _touch(self, address: Value, size: Value) -> None:
        """Load from each page that words at `address` lie in: then nothing can fault with registers half loaded."""
        self.load(address, 4)
        self.load(address.maximum(address + size - 4 & -4096, signed=False), 4)

    def _load_word(self, pointer: str, where: IrValue, size: int = 4) -> None:
        self._do(f"store i{8 * size} {_name(self.load(where, size))}, ptr {pointer}, align 4")

    def _store_word(self, pointer: str, where: IrValue, size: int = 4) -> None:
        self.store(where, size, self._value(8 * size, f"load i{8 * size}, ptr {pointer}, align 4"))

    def store_multiple(self, registers: Number, address: Value) -> None:
        if registers == 0:
            return
        self._check_aligned(address, 4, write=True)
        if registers >> 15:
            self._need_pc()
        self._multiple(registers, address, self._store_word)

    def _extension_words(
        self, first: Number, count: Number, address: Value, each: Callable[[str, IrValue, int], None], *, double: int
    ) -> None:
        """Loop over consecutive extension registers, with addresses going up.

        Doublewords are moved whole: the host would have to wait where two halves that were just stored are read as one.
        """
        words = 2 if double else 1
        pointer = self._extension_pointer(first)
        if count == words:  # what compilers write to walk through an array
            each(pointer, IrValue(self, 32, _name(address)), 4 * words)
            return

        def step(names: list[str]) -> tuple[list[str], str]:
            at, where, left = names
            each(at, IrValue(self, 32, where), 4 * words)
            fewer = self._new(f"sub i32 {left}, {words}")
            following = [
                self._new(f"getelementptr inbounds i32, ptr {at}, i64 {words}"),
                self._new(f"add i32 {where}, {4 * words}"),
                fewer,
            ]
            return following, self._new(f"icmp eq i32 {fewer}, 0")

        self._loop([("ptr", pointer), ("i32", _name(address)), ("i32", self.const(count).name)], step)

    def load_extension_words(self, first: Number, count: Number, address: Value, *, double: int) -> None:
        self._check_aligned(address, 4, write=False)
        if count != (2 if double else 1):
            self._touch(address, self.const(count) << 2)
        self._extension_words(first, count, address, self._load_word, double=double)

    def store_extension_words(self, first: Number, count: Number, address: Value, *, double: int) -> None:
        self._check_aligned(address, 4, write=True)
        self._extension_words(first, count, address, self._store_word, double=double)

    def load_exclusive(self, address: Value, size: int) -> Value:
        # The STREX that follows wants the cache line for itself: were it shared first, it would be waited for twice.
        self._do(f'call void asm sideeffect "prefetchw ($0,$1)", "r,r"(i64 {_name(address.zext(64))}, ptr %mem)')
        value = self.load(address, size, aligned=True)
        wide = value.zext(64)
        self._store_state("exclusive_size", str(size))
        self._store_state("exclusive_address", _name(address))
        self._do(f"store i64 {_name(wide)}, ptr {self._state_pointer('exclusive_value')}, align 8")
        return value

    def store_exclusive(self, address: Value, size: int, value: Value) -> IrValue:
        self._check_aligned(address, size, write=True)
        held_size = IrValue(self, 32, self._load_state("exclusive_size"))
        held_address = IrValue(self, 32, self._load_state("exclusive_address"))
        held = held_size.eq(size) & held_address.eq(address)
        suffix, mod = {1: ("b", ":b"), 2: ("w", ":w"), 4: ("l", ":k"), 8: ("q", ":q")}[size]
        attempt, after = self._label("attempt"), self._label("after")
        failed_from = self.block
        self._do(f"br i1 {_name(held)}, label %{attempt}, label %{after}")
        self._begin(attempt)
        expected = self._new(f"load i64, ptr {self._state_pointer('exclusive_value')}, align 8")
        wide_value = _name(value.zext(64))
        host = _name(address.zext(64))
        equal = self._compare_exchange(suffix, mod, wide_value, host, expected)
        differs = self._new(f"icmp eq i8 {equal}, 0")
        status_of_attempt = self._new(f"zext i1 {differs} to i32")
        attempted_from = self.block
        # Another thread was faster: let it go on, or both would only take the cache line from each other.
        wait = self._label("wait")
        self._do(f"br i1 {differs}, label %{wait}, label %{after}")
        self._begin(wait)
        self._do(f'call void asm sideeffect "{"pause; " * PAUSES}", "~{{memory}}"()')
        self._do(f"br label %{after}")
        self._begin(after)
        status = self._new(f"phi i32 [ 1, %{failed_from} ], [ 1, %{wait} ], [ {status_of_attempt}, %{attempted_from} ]")
        self._store_state("exclusive_size", "0")
        return IrValue(self, 32, status)

    def _compare_exchange(self, suffix: str, mod: str, value: str, host: str, expected: str) -> str:
        # The expected value goes in rax, which cmpxchg overwrites: so rax is an output as well.
        pair = self._pinned(
            "{ i8, i64 }",
            f"lock; cmpxchg{suffix} ${{2{mod}}}, ($3,%r13); sete $0",
            f"i64 {value}, i64 {host}, i64 {expected}",
            "=&q,={rax},r,r,1",
        )
        return self._new(f"extractvalue {{ i8, i64 }} {pair}, 0")

    def clear_exclusive(self) -> None:
        self._store_state("exclusive_size", "0")

    def swap(self, address: Value, size: int, value: Value) -> Value:
        self._check_aligned(address, size, write=True)
        host = _name(address.zext(64))
        # A fault is that of a read, where one would fault (WnR, DDI0406C B3.13.3).
        self.load(address, size)
        suffix, mod = {1: ("b", ":b"), 4: ("l", ":k")}[size]
        old = self._pinned("i32", f"xchg{suffix} ${{0{mod}}}, ($2,%r13)", f"i32 {_name(value)}, i64 {host}", "=q,0,r")
        return IrValue(self, 32, old) & (0xFF if size == 1 else 0xFFFFFFFF)

    def barrier(self) -> None:
        self._do("fence seq_cst")

    # Going on

    def _entry_of(self, address: str, *, thumb: bool) -> str:
        """Return the entry of a run-time guest address."""
        table = self._new(f"load ptr, ptr {self._state_pointer('table')}, align 8")
        wide = self._new(f"zext i32 {address} to i64")
        if thumb:
            even = self._new(f"and i64 {wide}, -2")
            offset = self._new(f"shl i64 {even}, 3")
            offset = self._new(f"add i64 {offset}, {THUMB_TABLE}")
        else:
            word = self._new(f"and i64 {wide}, -4")
            offset = self._new(f"shl i64 {word}, 2")
        return self._new(f"getelementptr i8, ptr {table}, i64 {offset}")

    def _direct(self, target: Number) -> str:
        distance = target - Field.named("pc", 32)
        step = self._new(f"sext i32 {self.const(distance).name} to i64")
        scaled = self._new(f"shl i64 {step}, {3 if self.thumb else 2}")
        return self._new(f"getelementptr i8, ptr %ip, i64 {scaled}")

    def branch_to(self, target: Number) -> None:
        self._end(self._direct(target))

    def branch_if(self, condition: Value, target: Number) -> None:
        def taken() -> None:
            self.branch_to(target)

        self.when(condition, taken)

    def branch_exchange_to(self, target: Number) -> None:
        self._end(self._entry_of(self.const(target).name, thumb=not self.thumb))

    def branch_write_pc(self, address: Value) -> None:
        self._end(self._entry_of(_name(address), thumb=bool(self.thumb)))

    def bx_write_pc(self, address: Value) -> None:
        name = _name(address)
        as_arm = self._entry_of(name, thumb=False)
        as_thumb = self._entry_of(name, thumb=True)
        bit = _name(address.trunc(1))
        self._end(self._new(f"select i1 {bit}, ptr {as_thumb}, ptr {as_arm}"))

    def _leave(self, kind: int, ip: str, budget: str, *, original: bool = False) -> None:
        self._store_state("stop", str(kind))
        arguments = self._pins() if original else self._arguments(ip, budget)
        self._do(f"{CALL} @leave({arguments})")
        self._do("ret void")

    def _stop(self, kind: int, ip: str, *, counted: bool, detail: Number = 0) -> None:
        self._store_state("stop_detail", self.const(detail).name)
        budget = self._new("sub i64 %budget, 1") if counted else "%budget"
        self._leave(kind, ip, budget)
        self.ended = True

    def supervisor_call(self, number: Number) -> None:
        self._store_state("stop_detail", self.const(number).name)
        self._store_state("stop", str(stop.SYSCALL))
        if self.thumb:
            top = self._new(f"getelementptr inbounds i8, ptr %ip, i64 {OPERANDS - 1}")
            self._store_state("svc_it", self._new(f"zext i8 {self._new(f'load i8, ptr {top}, align 1')} to i32"))
        budget = self._new("sub i64 %budget, 1")
        self._do(f"{CALL} @system_call({self._arguments('%next', budget)})")
        self._do("ret void")
        self.ended = True

    def breakpoint(self, number: Number) -> None:
        self._stop(stop.BREAKPOINT, "%ip", counted=False, detail=number)

    def undefined(self) -> None:
        self._stop(stop.UNDEFINED, "%ip", counted=False)

    def start_it_block(self, firstcond: Number, mask: Number) -> None:
        """Do nothing: the decoder gave the block's instructions their conditions when it decoded the IT."""

    # Arithmetic that has a better form than the derived one

    def subtract(self, x: Value, y: Value) -> tuple[Value, Flags]:
        result = x - y
        return result, Flags(result, y.ule(x), (x ^ y) & (x ^ result))


def condition_ir(builder: HandlerBuilder, cond: int) -> IrValue:
    """Return the condition `cond` (0 EQ .. 13 LE, A8.3) as a 1-bit value."""
    flag = builder.flag
    base = cond >> 1
    if base == 0:
        value: Value = flag("z")
    elif base == 1:
        value = flag("c")
    elif base == 2:
        value = flag("n")
    elif base == 3:
        value = flag("v")
    elif base == 4:
        value = flag("c") & ~flag("z")
    else:
        f = builder.flags
        same = IrValue(builder, 32, builder._new(f"xor i32 {f['n']}, {f['v']}"))
        value = same.sge(0)
        if base == 6:
            value = value & ~flag("z")
    if cond & 1:
        value = ~value
    assert isinstance(value, IrValue)
    return value
