"""Floating point on the host's own unit: the part of a handler that computes.

While guest code runs, MXCSR has the rounding mode of FPSCR, only Invalid Operation traps (traps.py), and its sticky
flags are FPSCR's (guest/state.py). A handler does the operation as it stands and looks at the result. It calls a
routine (floating_routines.py), which does as the manual says, where the two machines differ: NaN results, FPSCR.FZ,
and results that round up to the smallest normal number, which are tiny before rounding (ARM) but not after (x86).

Operations are LLVM's constrained ones, which stay in order and are never computed at build time.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from ..guest.state import FP_FLUSH, FP_ROUNDING
from ..isa.fields import Number
from ..isa.floating import ROUNDINGS
from ..isa.operations import Machine, Value
from .ir import IrValue, ir_type, name_of, type_of

CONVENTION = "preserve_mostcc"

_ROUNDING = 'metadata !"round.dynamic"'
_EXCEPT = 'metadata !"fpexcept.strict"'
_SCALARS = {32: "float", 64: "double"}

# How many operands the operations of `fp` have, and whether a result of theirs can be tiny and inexact.
OPERANDS = {
    **dict.fromkeys(("sqrt", "recpe", "rsqrte"), 1),
    **dict.fromkeys(("add", "sub", "mul", "div", "min", "max", "minnm", "maxnm", "recps", "rsqrts"), 2),
    "fma": 3,
}
UNDERFLOWS = frozenset({"mul", "div", "fma", "fptrunc"})
_HOST = {"add": "fadd", "sub": "fsub", "mul": "fmul", "div": "fdiv"}
# The operations that a handler does by itself.
INLINE = frozenset({"add", "sub", "mul", "div", "sqrt"})


class Format:
    """The numbers that describe a format: bits of the fraction, the bias, and patterns without sign."""

    def __init__(self, width: int, fraction_bits: int) -> None:
        self.width = width
        self.fraction_bits = fraction_bits
        self.exponent_bits = width - 1 - fraction_bits
        self.bias = (1 << self.exponent_bits - 1) - 1
        self.sign = 1 << width - 1
        self.smallest_normal = 1 << fraction_bits
        self.infinity = (1 << self.exponent_bits) - 1 << fraction_bits
        self.quiet = 1 << fraction_bits - 1
        self.default_nan = self.infinity | self.quiet


FORMATS = {16: Format(16, 10), 32: Format(32, 23), 64: Format(64, 52)}


def float_type(width: int, lanes: int = 1) -> str:
    """Return the LLVM type of floating-point values."""
    return _SCALARS[width] if lanes == 1 else f"<{lanes} x {_SCALARS[width]}>"


def _suffix(width: int, lanes: int) -> str:
    return f"f{width}" if lanes == 1 else f"v{lanes}f{width}"


def routine_name(op: str, width: int, lanes: int, *, standard: bool) -> str:
    """Name the routine that does an operation of `fp` with FPSCR's controls, or the standard ones."""
    return f"fp_{op}_{width}x{lanes}{'s' if standard else ''}"


class FloatingBuilder(Machine):
    """The floating-point half of HandlerBuilder."""

    block: str

    @abstractmethod
    def _new(self, text: str) -> str:
        """Add an instruction with a result; return its name."""

    @abstractmethod
    def _do(self, text: str) -> None:
        """Add an instruction."""

    @abstractmethod
    def _label(self, hint: str) -> str:
        """Return a new label."""

    @abstractmethod
    def _begin(self, label: str) -> None:
        """Begin a block."""

    @abstractmethod
    def _load_state(self, name: str) -> str:
        """Load a word of the state block."""

    @abstractmethod
    def const(self, number: Number, width: int = 32) -> IrValue:
        """Return a decode-time number as a Value."""

    # Between bits and numbers

    def _bits(self, width: int, lanes: int, name: str) -> IrValue:
        text = f"bitcast {float_type(width, lanes)} {name} to {ir_type(width, lanes)}"
        return IrValue(self, width, self._new(text), lanes=lanes)

    def _float(self, value: Value) -> str:
        """Return a value as LLVM floating point."""
        return self._new(f"bitcast {type_of(value)} {name_of(value)} to {float_type(value.width, value.lanes)}")

    def _float_argument(self, value: Value) -> str:
        return f"{float_type(value.width, value.lanes)} {self._float(value)}"

    def host(self, op: str, *operands: Value) -> IrValue:
        """Do add sub mul div sqrt fma (operand 0 + operand 1 * operand 2) with MXCSR as it stands."""
        width, lanes = operands[0].width, operands[0].lanes
        ordered = (*operands[1:], operands[0]) if op == "fma" else operands
        arguments = ", ".join([self._float_argument(operand) for operand in ordered])
        function = f"@llvm.experimental.constrained.{_HOST.get(op, op)}.{_suffix(width, lanes)}"
        t = float_type(width, lanes)
        return self._bits(width, lanes, self._new(f"call {t} {function}({arguments}, {_ROUNDING}, {_EXCEPT})"))

    def host_convert(self, op: str, value: Value, width: int) -> IrValue:
        """Do fpext or fptrunc (a number's bits), sitofp or uitofp (an integer); return the bits."""
        lanes = value.lanes
        t, integer = float_type(width, lanes), op.endswith("itofp")
        argument = f"{type_of(value)} {name_of(value)}" if integer else self._float_argument(value)
        if integer:
            source = f"i{value.width}" if lanes == 1 else f"v{lanes}i{value.width}"
        else:
            source = _suffix(value.width, lanes)
        rounding = "" if op == "fpext" else f"{_ROUNDING}, "
        function = f"@llvm.experimental.constrained.{op}.{_suffix(width, lanes)}.{source}"
        return self._bits(width, lanes, self._new(f"call {t} {function}({argument}, {rounding}{_EXCEPT})"))

    # Calling routines

    def _routine(self, name: str) -> str:
        """Return what stands for a routine in a call."""
        return f"@{name}"

    def call_float(self, name: str, operands: Sequence[Value], extra: Sequence[Value], width: int) -> IrValue:
        """Call a routine that returns floating point of `width` bits, as many lanes as its first operand has."""
        lanes = operands[0].lanes
        arguments = self._arguments_of(operands, extra)
        return self._bits(
            width, lanes, self._new(f"call {CONVENTION} {float_type(width, lanes)} {self._routine(name)}({arguments})")
        )

    def call_integer(self, name: str, operands: Sequence[Value], extra: Sequence[Value]) -> IrValue:
        """Call a routine that returns 32-bit integers, as many lanes as its first operand has."""
        lanes = operands[0].lanes if operands else 1
        arguments = self._arguments_of(operands, extra)
        return IrValue(
            self,
            32,
            self._new(f"call {CONVENTION} {ir_type(32, lanes)} {self._routine(name)}({arguments})"),
            lanes=lanes,
        )

    def _arguments_of(self, operands: Sequence[Value], extra: Sequence[Value]) -> str:
        floats = [self._float_argument(operand) for operand in operands]
        return ", ".join(["ptr %st", *floats, *(f"{type_of(value)} {name_of(value)}" for value in extra)])

    def controls(self, *, standard: bool) -> Value:
        """Return the FPSCR whose controls an operation uses (StandardFPSCRValue keeps AHP)."""
        word = self.system_register("fpscr")
        return word & 1 << 26 | 0x03000000 if standard else word

    # Going aside

    def _go_aside(self, condition: Value, aside: str) -> None:
        """Leave for the block `aside` in the rare case of a condition."""
        stay = self._label("stay")
        self._do(f"br i1 {name_of(condition)}, label %{aside}, label %{stay}, !prof !0")
        self._begin(stay)

    def _mode_is(self, mask: int) -> Value:
        return (IrValue(self, 32, self._load_state("fp_mode")) & mask).ne(0)

    def _joined(self, t: str, fast: str, aside: str, after: str, slow: str) -> str:
        """End the fast way and the slow one, which stands in the current block; return their phi."""
        block = self.block
        self._do(f"br label %{after}")
        self._begin(after)
        return self._new(f"phi {t} [ {fast}, %{aside} ], [ {slow}, %{block} ]")

    def _is_unusual(self, result: IrValue, *, underflows: bool) -> Value:
        """Say whether a result is a NaN, or the smallest normal number where that may come of a tiny one."""
        t, suffix = float_type(result.width), _suffix(result.width, 1)
        name, predicate, other = self._float(result), "uno", ""
        if underflows:
            # Both at once: unordered with, or equal to, the smallest normal number.
            name = self._new(f"call {t} @llvm.fabs.{suffix}({t} {name})")
            predicate, other = "ueq", self._float(self.const(FORMATS[result.width].smallest_normal, result.width))
        arguments = f'{t} {name}, {t} {other or name}, metadata !"{predicate}", {_EXCEPT}'
        return IrValue(self, 1, self._new(f"call i1 @llvm.experimental.constrained.fcmp.{suffix}({arguments})"))

    def _host_compare(self, predicate: str, a: Value, b: Value) -> IrValue:
        """Compare as the host does; only NaNs that signal raise something."""
        arguments = f'{self._float_argument(a)}, {self._float_argument(b)}, metadata !"{predicate}", {_EXCEPT}'
        function = f"@llvm.experimental.constrained.fcmp.{_suffix(a.width, 1)}"
        return IrValue(self, 1, self._new(f"call i1 {function}({arguments})"))

    def fp(self, op: str, *operands: Value, standard: bool = False) -> Value:
        width, lanes = operands[0].width, operands[0].lanes
        name = routine_name(op, width, lanes, standard=standard)
        if standard or op not in INLINE:
            return self.call_float(name, operands, (), width)
        aside, after = self._label("aside"), self._label("after")
        self._go_aside(self._mode_is(FP_FLUSH), aside)
        result = self.host(op, *operands)
        self._go_aside(self._is_unusual(result, underflows=op in UNDERFLOWS), aside)
        fast, fast_block = self._float(result), self.block
        self._do(f"br label %{after}")
        self._begin(aside)
        slow = self._float(self.call_float(name, operands, (), width))
        return self._bits(width, 1, self._joined(float_type(width), fast, fast_block, after, slow))

    def unsigned_estimate(self, op: str, a: Value) -> Value:
        lanes = [self.call_integer(f"unsigned_{op}", (), (self.lane(a, i),)) for i in range(a.lanes)]
        return self.from_lanes(lanes)

    # Comparisons

    def fp_compare(self, a: Value, b: Value, *, signal_quiet: bool = False) -> Value:
        aside, after = self._label("aside"), self._label("after")
        self._go_aside(self._mode_is(FP_FLUSH), aside)
        op = "ucomis" + ("s" if a.width == 32 else "d")
        arguments = f"{self._float_argument(a)}, {self._float_argument(b)}"
        # Not as outputs of flags: LLVM has read one of them after other instructions had changed the flags.
        text, outputs = f"{op} $4, $3; setb $0; sete $1; setp $2", "=&q,=&q,=&q,x,x,~{dirflag},~{fpsr},~{flags}"
        three = self._new(f'call {{ i8, i8, i8 }} asm sideeffect "{text}", "{outputs}"({arguments})')
        below, equal, unordered = (
            IrValue(self, 8, self._new(f"extractvalue {{ i8, i8, i8 }} {three}, {i}")).ne(0) for i in range(3)
        )
        if signal_quiet:
            self._go_aside(unordered, aside)
        ordered = self.select(below, self.const(0b1000), self.select(equal, self.const(0b0110), self.const(0b0010)))
        fast, fast_block = name_of(self.select(unordered, self.const(0b0011), ordered)), self.block
        self._do(f"br label %{after}")
        self._begin(aside)
        slow = self._call_scalar_integer(f"compare_{a.width}", (a, b), (self.const(int(signal_quiet)),))
        joined = self._joined("i32", fast, fast_block, after, name_of(slow))
        return IrValue(self, 32, joined).trunc(4)

    def _call_scalar_integer(
        self, name: str, operands: Sequence[Value], extra: Sequence[Value], *, standard: bool = False
    ) -> IrValue:
        """Call a routine that takes the controls last and returns an i32."""
        return self.call_integer(name, operands, (*extra, self.controls(standard=standard)))

    def fp_test(self, op: str, a: Value, b: Value) -> Value:
        return self.call_integer(f"test_{op}_x{a.lanes}", (a, b), ()).slt(0)

    # Conversions

    def fp_convert(self, a: Value, width: int, *, standard: bool = False) -> Value:
        if {a.width, width} == {32, 64} and a.lanes == 1 and not standard:
            return self._convert_inline(a, width)
        if {a.width, width} == {16, 64}:
            middle = self.fp_convert(a, 32, standard=standard) if width == 64 else self._odd_single(a)
            return self.fp_convert(middle, width, standard=standard)
        controls = self.controls(standard=standard)
        name = f"convert_{a.width}_{width}"
        results: list[Value] = []
        for i in range(a.lanes):
            lane = self.lane(a, i)
            if a.width == 16:
                results.append(self.call_half(name, lane, controls, width))
            elif width == 16:
                results.append(self.call_integer(name, (lane,), (controls,)).trunc(16))
            else:
                results.append(self.call_float(name, (lane,), (controls,), width))
        return self.from_lanes(results)

    def _odd_single(self, a: Value) -> Value:
        """Return a double-precision number as a single that half precision rounds to the same: a lost bit leaves a 1.

        Below what half precision has, only whether it is zero or denormal matters; above, nothing.
        """
        sign, magnitude = (a >> 32).trunc(32) & 1 << 31, a & (1 << 63) - 1
        near = magnitude.maximum(0x3810000000000001, signed=False).minimum(0x47EFFFFFFFFFFFFF, signed=False)
        denormal = self.select(magnitude.eq(0), self.const(0), self.const(1))
        finite = self.select(magnitude.ult(1 << 52), denormal, ((near - (896 << 52)) >> 29).trunc(32))
        special = (magnitude >> 29).trunc(32) & 0x7FFFFF | 0x7F800000
        result = self.select(magnitude.ult(0x7FF << 52), finite, special)
        lost = (a & (1 << 29) - 1).ne(0).zext(32)
        return sign | result | lost

    def call_half(self, name: str, a: Value, controls: Value, width: int) -> IrValue:
        """Call a routine that takes a half-precision number."""
        arguments = f"ptr %st, i32 {name_of(a.zext(32))}, i32 {name_of(controls)}"
        return self._bits(
            width, 1, self._new(f"call {CONVENTION} {float_type(width)} {self._routine(name)}({arguments})")
        )

    def _convert_inline(self, a: Value, width: int) -> Value:
        aside, after = self._label("aside"), self._label("after")
        op = "fpext" if width == 64 else "fptrunc"
        self._go_aside(self._mode_is(FP_FLUSH), aside)
        result = self.host_convert(op, a, width)
        self._go_aside(self._is_unusual(result, underflows=op in UNDERFLOWS), aside)
        fast, fast_block = self._float(result), self.block
        self._do(f"br label %{after}")
        self._begin(aside)
        controls = self.controls(standard=False)
        slow = self._float(self.call_float(f"convert_{a.width}_{width}", (a,), (controls,), width))
        return self._bits(width, 1, self._joined(float_type(width), fast, fast_block, after, slow))

    def fp_to_fixed(
        self,
        a: Value,
        width: int,
        *,
        signed: bool,
        fraction_bits: Number = 0,
        rounding: str = "zero",
        standard: bool = False,
    ) -> Value:
        whole = isinstance(fraction_bits, int) and fraction_bits == 0 and width == 32
        if whole and standard and rounding == "zero":
            return self.call_integer(f"to_integer_{'s' if signed else 'u'}x{a.lanes}", (a,), ())
        if whole and not standard and rounding in ("zero", "fpscr"):
            return self._to_integer_inline(a, signed=signed, rounding=rounding)
        controls = self.controls(standard=standard)
        extra = (
            self.const(width),
            self.const(int(signed)),
            self.const(fraction_bits),
            self.rounding_mode(rounding, controls),
            controls,
        )
        lanes = [self.call_integer(f"to_fixed_{a.width}", (self.lane(a, i),), extra) for i in range(a.lanes)]
        return self.from_lanes([lane.trunc(width) for lane in lanes])

    def rounding_mode(self, rounding: str, controls: Value) -> Value:
        """Return the number of a rounding mode (ROUNDINGS)."""
        return controls.bits(23, 22).zext(32) if rounding == "fpscr" else self.const(ROUNDINGS[rounding])

    def host_to_integer(self, a: Value, *, width: int, truncate: bool) -> IrValue:
        """Convert one number to a signed integer of `width` bits; what does not fit gives the smallest one."""
        op = f"cvt{'t' if truncate else ''}s{'s' if a.width == 32 else 'd'}2si"
        modifier = "k" if width == 32 else "q"
        text = f'"{op} $1, ${{0:{modifier}}}", "=r,x"({self._float_argument(a)})'
        return IrValue(self, width, self._new(f"call i{width} asm sideeffect {text}"))

    def _to_integer_inline(self, a: Value, *, signed: bool, rounding: str) -> Value:
        aside, after = self._label("aside"), self._label("after")
        self._go_aside(self._mode_is(FP_FLUSH), aside)
        # Only what certainly fits: what is invalid traps, and MXCSR's other flags would not be ARM's.
        if signed:
            largest = 0x4EFFFFFF if a.width == 32 else 0x41DFFFFFFFC00000  # 2**31 - 1
            self._go_aside(self.const(2 * largest, a.width).ult(a << 1), aside)
            result = self.host_to_integer(a, width=32, truncate=rounding == "zero")
        else:
            largest = 0x4F7FFFFF if a.width == 32 else 0x41EFFFFFFFE00000  # 2**32 - 1
            self._go_aside(self.const(largest, a.width).ult(a), aside)
            result = self.host_to_integer(a, width=64, truncate=rounding == "zero")
            result = IrValue(self, 32, name_of(result.trunc(32)))
        fast_block = self.block
        self._do(f"br label %{after}")
        self._begin(aside)
        controls = self.controls(standard=False)
        extra = (
            self.const(32),
            self.const(int(signed)),
            self.const(0),
            self.rounding_mode(rounding, controls),
            controls,
        )
        slow = self.call_integer(f"to_fixed_{a.width}", (a,), extra)
        return IrValue(self, 32, self._joined("i32", result.name, fast_block, after, slow.name))

    def fixed_to_fp(
        self,
        a: Value,
        width: int,
        *,
        signed: bool,
        fraction_bits: Number = 0,
        rounding: str = "fpscr",
        standard: bool = False,
    ) -> Value:
        if a.width == 16:
            a, signed = (a.sext(32) if signed else a.zext(32)), True
            exact = True
        else:
            exact = width == 64
        op = "sitofp" if signed else "uitofp"
        if exact or (rounding == "fpscr" and not standard):
            result = self.host_convert(op, a, width)
        else:
            result = self._to_nearest(op, a)
        if isinstance(fraction_bits, int) and fraction_bits == 0:
            return result
        scaled = result - self._shape(self.const(fraction_bits, width) << FORMATS[width].fraction_bits, result.lanes)
        return self.select(result.eq(0), result, scaled)

    def _shape(self, value: Value, lanes: int) -> Value:
        return value if lanes == 1 else self.splat(value, lanes)

    def _to_nearest(self, op: str, a: Value) -> IrValue:
        """Convert 32-bit integers to single precision, to nearest whatever FPSCR says."""
        aside, after = self._label("aside"), self._label("after")
        self._go_aside(self._mode_is(FP_ROUNDING), aside)
        fast = self._float(self.host_convert(op, a, 32))
        fast_block = self.block
        self._do(f"br label %{after}")
        self._begin(aside)
        results = []
        for i in range(a.lanes):
            lane = self.lane(a, i)
            wide = lane.sext(64) if op == "sitofp" else lane.zext(64)
            call = f"call {CONVENTION} float {self._routine('to_nearest')}(ptr %st, i64 {name_of(wide)})"
            results.append(self._bits(32, 1, self._new(call)))
        slow = self._float(self.from_lanes(results))
        joined = self._joined(float_type(32, a.lanes), fast, fast_block, after, slow)
        return self._bits(32, a.lanes, joined)

    def fp_round_to_integral(self, a: Value, *, rounding: str, exact: bool, standard: bool = False) -> Value:
        controls = self.controls(standard=standard)
        extra = (self.rounding_mode(rounding, controls), self.const(int(exact)), controls)
        lanes = [self.call_float(f"integral_{a.width}", (self.lane(a, i),), extra, a.width) for i in range(a.lanes)]
        return self.from_lanes(lanes)

    # FPSCR

    def fpscr(self) -> Value:
        return self.call_integer("read_fpscr", (), ())

    def set_fpscr(self, value: Value) -> None:
        self._do(f"call {CONVENTION} void {self._routine('write_fpscr')}(ptr %st, i32 {name_of(value)})")
