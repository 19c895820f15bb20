"""The routines behind floating.py, as LLVM IR: floating point as the manual says, where handlers do not do it alone.

    fp_<op>_<width>          one operation, exactly, with the controls of a given FPSCR (the last argument)
    fp_<op>_<width>x<lanes>  the same on whole vectors as long as the host does what ARM does, else lane by lane;
                             with FPSCR's controls, or (suffix s) the standard ones

All keep MXCSR's sticky flags truthful: a host operation that could raise others than ARM's is preceded by a look at
its operands, or MXCSR is put back afterwards. Exceptions found otherwise go to the stored word of FPSCR.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence

from ..guest.state import FP_DEFAULT_NAN, FP_EXACT, FP_FLUSH, FP_ROUNDING, FPSCR_MASK
from ..isa.floating import ROUNDINGS
from ..isa.operations import Value
from .emit import HandlerBuilder
from .floating import CONVENTION, FORMATS, OPERANDS, UNDERFLOWS, Format, float_type, routine_name
from .floating_fma import fma_of_doubles, fma_of_singles
from .ir import IrValue, ir_type, name_of, type_of
from .softfloat import DN, DZC, FZ, IDC, IOC, IXC, OFC, UFC, recip_estimate, recip_sqrt_estimate

_ASM = 'call void asm sideeffect "{}mxcsr $0", "{}*m,~{{memory}}"(ptr elementtype(i32) %mx{})'
_MASKED = 0x1F80  # MXCSR: no trap, to nearest
_INVALID_MASK = 0x80
_TO_ZERO = _MASKED | 3 << 13


class Routine(HandlerBuilder):
    """A function that handlers call. `parameters`: LLVM types by name; a float's Value is its bits."""

    def __init__(self, name: str, result: str, parameters: dict[str, str]) -> None:
        super().__init__(thumb=0, length=4)
        self.name = name
        self.result = result
        self.parameters = parameters

    def text(self) -> str:
        """Return the whole function."""
        parameters = ", ".join(["ptr %st", *(f"{t} %{name}" for name, t in self.parameters.items())])
        return "\n".join(
            [
                f"define internal {CONVENTION} {self.result} @{self.name}({parameters}) #2 {{",
                "entry:",
                "  %mx0 = alloca i32, align 4",  # what MXCSR is to be again
                "  %mx1 = alloca i32, align 4",
                "  br label %body",
                "body:",
                *self.lines,
                *([] if self.ended else ["  ret void"]),
                "}",
            ]
        )

    def float_parameter(self, name: str, width: int, lanes: int = 1) -> IrValue:
        """Return the bits of a floating-point parameter."""
        return self._bits(width, lanes, f"%{name}")

    def word_parameter(self, name: str, width: int = 32) -> IrValue:
        """Return an integer parameter."""
        return IrValue(self, width, f"%{name}")

    def give(self, value: Value, *, as_float: bool = True) -> None:
        """Return from the routine."""
        name, t = (self._float(value), self.result) if as_float else (name_of(value), type_of(value))
        self._do(f"ret {t} {name}")
        self.ended = True

    def like(self, number: int, value: Value) -> Value:
        """Return a constant of the shape of `value`."""
        constant = self.const(number, value.width)
        return constant if value.lanes == 1 else self.splat(constant, value.lanes)

    def like_bits(self, bit: int, value: Value) -> Value:
        """Return a bit for each lane of `value`."""
        constant = self.const(bit, 1)
        return constant if value.lanes == 1 else self.splat(constant, value.lanes)

    def pick(self, condition: Value, a: Value | int, b: Value | int) -> Value:
        """Select between values, or ints beside a Value (two ints are words)."""
        if isinstance(a, int):
            a = self.like(a, b) if isinstance(b, Value) else self.const(a)
        if isinstance(b, int):
            b = self.like(b, a)
        return self.select(condition, a, b)

    # MXCSR and FPSCR

    def read_mxcsr(self, slot: int) -> IrValue:
        """Return MXCSR, which `slot` (0 or 1) holds then."""
        self._do(_ASM.format("st", "=", slot))
        return IrValue(self, 32, self._new(f"load i32, ptr %mx{slot}, align 4"))

    def put_back_mxcsr(self) -> None:
        """Load MXCSR from slot 0."""
        self._do(_ASM.format("ld", "", 0))

    def write_mxcsr(self, value: Value) -> None:
        """Set MXCSR."""
        self._do(f"store i32 {name_of(value)}, ptr %mx1, align 4")
        self._do(_ASM.format("ld", "", 1))

    def mxcsr_of(self, controls: Value) -> Value:
        """Return the MXCSR of an FPSCR's rounding mode (as guest/state.py does)."""
        return (controls >> 23 & 1 | controls >> 21 & 2) << 13 | _MASKED

    def raise_exceptions(self, flags: Value) -> None:
        """Add to the cumulative flags of FPSCR."""
        self._store_state("fpscr", name_of(self.system_register("fpscr") | flags))
        mode = self.system_register("fp_mode")
        self._store_state("fp_mode", name_of(mode & ~(flags >> 2 & FP_EXACT)))

    # What a number is

    def is_denormal(self, value: Value) -> Value:
        """Say whether a number is denormal and not zero."""
        return ((value << 1) - 1).ult(2 * FORMATS[value.width].smallest_normal - 1)

    def is_nan(self, value: Value) -> Value:
        """Say whether a number is a NaN."""
        return self.like(2 * FORMATS[value.width].infinity, value).ult(value << 1)

    def is_signalling(self, value: Value) -> Value:
        """Say whether a number is a signalling NaN."""
        return self.is_nan(value) & (value & FORMATS[value.width].quiet).eq(0)

    def flushed(self, value: Value, controls: Value) -> tuple[Value, Value]:
        """Return a number, as zero if it is denormal and FZ says so, and the exception of that."""
        flush = self.is_denormal(value) & (controls & FZ).ne(0)
        return self.pick(flush, value & FORMATS[value.width].sign, value), self.pick(flush, IDC, 0)

    def all_flushed(self, values: Sequence[Value], controls: Value) -> tuple[list[Value], Value]:
        """Flush several numbers."""
        flags: Value = self.const(0)
        results = []
        for value in values:
            result, flag = self.flushed(value, controls)
            results.append(result)
            flags = flags | flag
        return results, flags

    def nan_of(self, values: Sequence[Value], controls: Value) -> tuple[Value, Value, Value]:
        """Return whether there is a NaN, the NaN that results, and its exception (FPProcessNaNs)."""
        numbers = FORMATS[values[0].width]
        result: Value = self.const(numbers.default_nan, numbers.width)
        any_nan: Value = self.const(0, 1)
        any_signalling: Value = self.const(0, 1)
        for value in reversed(values):
            result = self.pick(self.is_nan(value), value | numbers.quiet, result)
            any_nan = any_nan | self.is_nan(value)
        for value in reversed(values):
            result = self.pick(self.is_signalling(value), value | numbers.quiet, result)
            any_signalling = any_signalling | self.is_signalling(value)
        result = self.pick((controls & DN).ne(0), numbers.default_nan, result)
        return any_nan, result, self.pick(any_signalling, IOC, 0)

    def rounds_up(self, mode: Value, sign: Value, odd: Value, rest: Value, half: Value) -> Value:
        """Say whether a magnitude goes up that has `rest` beyond its last bit; `half` is half of that bit's unit."""
        some, tie, more = rest.ne(0), rest.eq(half), half.ult(rest)
        up = mode.eq(ROUNDINGS["nearest"]) & (more | tie & odd)
        up = up | mode.eq(ROUNDINGS["away"]) & (more | tie)
        up = up | mode.eq(ROUNDINGS["up"]) & some & ~sign
        return up | mode.eq(ROUNDINGS["down"]) & some & sign


def _with_host(r: Routine, controls: Value, compute: Callable[[], IrValue], *, underflows: bool) -> tuple[Value, Value]:
    """Compute with the host in the rounding mode of `controls`; return the result and the exceptions as ARM has them.

    The operands are flushed and no NaNs. Whether the result is tiny is decided before rounding: one that came to be
    the smallest normal number is computed again, towards zero.
    """
    r.read_mxcsr(0)
    r.write_mxcsr(r.mxcsr_of(controls))
    value = compute()
    sticky = r.read_mxcsr(1)
    truncated = value
    if underflows:
        r.write_mxcsr(r.const(_TO_ZERO))
        truncated = compute()
    r.put_back_mxcsr()
    numbers = FORMATS[value.width]
    inexact = sticky.bit(5)
    magnitude, limit = value << 1, 2 * numbers.smallest_normal
    tiny = (magnitude - 1).ult(limit - 1)
    if underflows:
        rounded_up = magnitude.eq(limit) & (truncated << 1).ult(limit)
        tiny = tiny | inexact & (magnitude.eq(0) | rounded_up)
    nan = r.is_nan(value)
    flush = tiny & (controls & FZ).ne(0)
    exceptions = sticky & IOC | sticky >> 1 & (DZC | OFC | IXC)
    exceptions = exceptions | r.pick(nan, IOC, 0) | r.pick(tiny & inexact, UFC, 0)
    result = r.pick(nan, numbers.default_nan, value)
    return r.pick(flush, value & numbers.sign, result), r.pick(flush, UFC, exceptions)


# What an operation does with flushed operands; where one is a NaN, the result is not used.
Compute = Callable[[Routine, Sequence[Value], Value], tuple[Value, Value]]


def _on_host(op: str) -> Compute:
    return lambda r, operands, controls: _with_host(
        r, controls, lambda: r.host(op, *operands), underflows=op in UNDERFLOWS
    )


def _fma_of_singles(r: Routine, operands: Sequence[Value], controls: Value) -> tuple[Value, Value]:
    return _with_host(r, controls, lambda: fma_of_singles(r, *operands), underflows=True)


def _fma_of_doubles(r: Routine, operands: Sequence[Value], controls: Value) -> tuple[Value, Value]:
    return fma_of_doubles(r, operands, controls, lambda compute: _with_host(r, controls, compute, underflows=True))


def _largest(r: Routine, op: str, a: Value, b: Value) -> Value:
    """Return the larger or smaller of two numbers; -0 is below +0."""

    def order(value: Value) -> Value:
        return value ^ value.asr(value.width - 1) >> 1

    first = order(b).slt(order(a))
    return r.select(first, a, b) if op.startswith("max") else r.select(first, b, a)


def _extreme(op: str) -> Compute:
    return lambda r, operands, _controls: (_largest(r, op, *operands), r.const(0))


def _recip_estimate(r: Routine, operands: Sequence[Value], _controls: Value) -> tuple[Value, Value]:
    (a,) = operands
    sign, exponent = a & 1 << 31, a >> 23 & 0xFF
    estimate = _table(r, "recip", a >> 15 & 0xFF)
    usual = sign | (r.const(253) - exponent) << 23 | estimate << 15
    zero, infinite = (a << 1).eq(0), (a << 1).eq(2 * FORMATS[32].infinity)
    small = r.const(252).ult(exponent)
    result = r.pick(small, sign, r.pick(zero, sign | FORMATS[32].infinity, usual))
    return result, r.pick(zero, DZC, r.pick(small & ~infinite, UFC, 0))


def _rsqrt_estimate(r: Routine, operands: Sequence[Value], _controls: Value) -> tuple[Value, Value]:
    (a,) = operands
    zero, infinite = (a << 1).eq(0), a.eq(FORMATS[32].infinity)
    negative = a.slt(0) & ~zero
    exponent = a >> 23 & 0xFF
    estimate = _table(r, "rsqrt", a >> 16 & 0xFF)
    usual = (r.const(380) - exponent) >> 1 << 23 | estimate << 15
    result = r.pick(infinite, 0, r.pick(zero, a & 1 << 31 | FORMATS[32].infinity, usual))
    return (
        r.pick(negative, FORMATS[32].default_nan, result),
        r.pick(zero, DZC, r.pick(negative, IOC, 0)),
    )


def _table(r: Routine, table: str, index: Value) -> Value:
    """Return the low eight bits of an estimate; the ninth is one."""
    wide = name_of(index.zext(64))
    pointer = r._new(f"getelementptr inbounds [256 x i8], ptr @{table}_estimates, i64 0, i64 {wide}")
    return IrValue(r, 8, r._new(f"load i8, ptr {pointer}")).zext(32)


def _tables() -> str:
    """Return the estimates: of a reciprocal, by 8 bits of fraction; of a root's, by the exponent's low bit and 7."""
    recip = [recip_estimate(256 | n) for n in range(256)]
    rsqrt = [recip_sqrt_estimate(128 | n & 127, 512 if n >> 7 else 256) for n in range(256)]
    return "\n".join(
        f"@{name}_estimates = internal constant [256 x i8] [{', '.join(f'i8 {n & 255}' for n in numbers)}]"
        for name, numbers in (("recip", recip), ("rsqrt", rsqrt))
    )


EXTREMES = ("min", "max", "minnm", "maxnm")
_COMPUTE: dict[str, Compute] = {
    **{op: _on_host(op) for op in ("add", "sub", "mul", "div", "sqrt", "fma")},
    **{op: _extreme(op) for op in EXTREMES},
    "recpe": _recip_estimate,
    "rsqrte": _rsqrt_estimate,
}
STEPS = frozenset({"recps", "rsqrts"})


def exact(op: str, width: int, compute: Compute) -> Routine:
    """Return the routine of one operation on single values."""
    t = float_type(width)
    names = "abc"[: OPERANDS[op]]
    r = Routine(f"fp_{op}_{width}", t, {**dict.fromkeys(names, t), "controls": "i32"})
    controls = r.word_parameter("controls")
    values, flags = r.all_flushed([r.float_parameter(name, width) for name in names], controls)
    if op.endswith("nm"):
        values = _numbers_first(r, op, *values)
    any_nan, nan, nan_flags = r.nan_of(values, controls)
    if op == "fma":
        # Infinity * 0 is invalid even where the addend is a quiet NaN.
        infinite, zero = 2 * FORMATS[width].infinity, 0
        x, y = values[1] << 1, values[2] << 1
        undefined = x.eq(infinite) & y.eq(zero) | x.eq(zero) & y.eq(infinite)
        nan = r.pick(undefined & any_nan & nan_flags.eq(0), FORMATS[width].default_nan, nan)
        nan_flags = nan_flags | r.pick(undefined, IOC, 0)
    result, result_flags = compute(r, values, controls)
    r.raise_exceptions(flags | r.pick(any_nan, nan_flags, result_flags))
    r.give(r.pick(any_nan, nan, result))
    return r


def _numbers_first(r: Routine, op: str, a: Value, b: Value) -> list[Value]:
    """Replace the only quiet NaN by what can never be the result (FPMaxNum, FPMinNum)."""
    numbers = FORMATS[a.width]
    last = numbers.infinity | (numbers.sign if op == "maxnm" else 0)
    quiet_a, quiet_b = (r.is_nan(value) & ~r.is_signalling(value) for value in (a, b))
    return [r.pick(quiet_a & ~quiet_b, last, a), r.pick(quiet_b & ~quiet_a, last, b)]


def exact_step(op: str) -> Routine:
    """Return the routine of recps or rsqrts on single values: a product and a difference, each rounded."""
    r = Routine(f"fp_{op}_32", "float", {"a": "float", "b": "float", "controls": "i32"})
    controls = r.word_parameter("controls")
    (a, b), flags = r.all_flushed([r.float_parameter(name, 32) for name in "ab"], controls)
    r.raise_exceptions(flags)
    infinite = 2 * FORMATS[32].infinity
    x, y = a << 1, b << 1
    undefined = x.eq(infinite) & y.eq(0) | x.eq(0) & y.eq(infinite)
    a = r.pick(undefined, 0, a)
    b = r.pick(undefined, 0, b)
    product = r.call_float("fp_mul_32", (a, b), (controls,), 32)
    minuend = r.const(0x40000000 if op == "recps" else 0x40400000)
    result = r.call_float("fp_sub_32", (minuend, product), (controls,), 32)
    if op == "rsqrts":
        result = r.call_float("fp_mul_32", (result, r.const(0x3F000000)), (controls,), 32)
    r.give(result)
    return r


# Whole vectors


def _begin_careful(r: Routine) -> None:
    """Keep MXCSR while it is not known that IXC is set: an operation that is then done again may set it wrongly."""

    def keep() -> None:
        sticky = r.read_mxcsr(0)
        r.raise_exceptions(sticky >> 1 & IXC)

    r.when(r._mode_is(FP_EXACT), keep)


def _end_careless(r: Routine) -> None:
    """Undo the flags of an operation that is done again, unless they matter no more because IXC is set."""
    r.when(r._mode_is(FP_EXACT), r.put_back_mxcsr)


def _fast(r: Routine, op: str, operands: Sequence[Value]) -> tuple[Value, Value, Value]:
    """Do an operation on vectors; return the result, the lanes where it cannot be trusted, and the zeros.

    (A tiny result that is zero is not inexact for ARM when it was flushed, but is for the host.)
    """
    if op in STEPS:
        product = r.host("mul", *operands)
        limit = 2 * FORMATS[32].smallest_normal
        bad = ((product << 1) - 1).ult(limit)
        result = r.host("sub", r.like(0x40000000 if op == "recps" else 0x40400000, product), product)
        if op == "rsqrts":
            result = r.host("mul", result, r.like(0x3F000000, product))
        return result, bad, (product << 1).eq(0)
    result = r.host(op, *operands)
    limit = 2 * FORMATS[result.width].smallest_normal
    bad = ((result << 1) - 1).ult(limit if op in UNDERFLOWS else limit - 1)
    return result, bad | r.is_nan(result), (result << 1).eq(0)


def _special(r: Routine, op: str, value: Value, *, standard: bool) -> Value:
    """Say in which lanes an operand is one that the host treats otherwise, or may trap over."""
    numbers = FORMATS[value.width]
    if op in STEPS:
        # Infinities too: infinity * 0 is not invalid here.
        return r.like(2 * (numbers.infinity - numbers.smallest_normal) - 1, value).ult(
            (value << 1) - 2 * numbers.smallest_normal
        ) & (value << 1).ne(0)
    if op in EXTREMES:
        return r.is_denormal(value) | r.is_nan(value)
    special = r.like(2 * numbers.infinity - 1, value).ult(value << 1)
    return special | r.is_denormal(value) if standard else special


def _is_invalid(r: Routine, op: str, values: Sequence[Value]) -> Value:
    """Say in which lanes an operation on numbers that are no NaNs is invalid."""
    infinite, zero = 2 * FORMATS[values[0].width].infinity, 0
    doubled = [value << 1 for value in values]
    if op in ("add", "sub"):
        a, b = values
        opposite = (a ^ b).slt(0)
        return doubled[0].eq(infinite) & doubled[1].eq(infinite) & (opposite if op == "add" else ~opposite)
    if op == "div":
        a, b = doubled
        return a.eq(zero) & b.eq(zero) | a.eq(infinite) & b.eq(infinite)
    if op == "sqrt":
        return values[0].slt(0) & doubled[0].ne(zero)
    x, y = doubled[-2:]
    undefined = x.eq(infinite) & y.eq(zero) | x.eq(zero) & y.eq(infinite)
    if op == "mul":
        return undefined
    opposite = (values[0] ^ values[1] ^ values[2]).slt(0)
    return undefined | doubled[0].eq(infinite) & (x.eq(infinite) | y.eq(infinite)) & opposite


def _nans(r: Routine, op: str, values: Sequence[Value], *, standard: bool) -> tuple[Value, Value, Value]:
    """Return in which lanes the result is a NaN, that NaN, and in which lanes that is an invalid operation."""
    width = values[0].width
    default = r.like(FORMATS[width].default_nan, values[0])
    any_nan: Value = r.like_bits(0, values[0])
    signalling = any_nan
    nan: Value = default
    for value in reversed(values):
        is_nan = r.is_nan(value)
        any_nan = any_nan | is_nan
        signalling = signalling | r.is_signalling(value)
        nan = r.select(is_nan, value | FORMATS[width].quiet, nan)
    if standard:
        nan = default
    else:
        for value in reversed(values):
            nan = r.select(r.is_signalling(value), value | FORMATS[width].quiet, nan)
    invalid = _is_invalid(r, op, values)
    if op == "fma":
        # Infinity * 0 is invalid even where the addend is a quiet NaN.
        x, y = values[1] << 1, values[2] << 1
        infinite = 2 * FORMATS[width].infinity
        product = (x.eq(infinite) & y.eq(0) | x.eq(0) & y.eq(infinite)) & ~signalling
        nan = r.select(product, default, nan)
        invalid = invalid & ~any_nan | product
    else:
        invalid = invalid & ~any_nan
    return any_nan | invalid, nan, invalid | signalling


def _give_carefully(r: Routine, op: str, operands: Sequence[Value], *, standard: bool) -> None:
    """Do an operation with the host whatever its operands are, but for results that may be tiny before rounding.

    The host sees no operand that it would trap over. Of what it must not see in standard arithmetic, denormal
    operands become zeros before, and tiny results after the operation. If these have made MXCSR inexact, and that
    matters, it is done again without them.
    """
    numbers = FORMATS[operands[0].width]
    values = list(operands)
    flags: Value = r.const(0)
    if standard:
        for i, value in enumerate(values):
            denormal = r.is_denormal(value)
            values[i] = r.select(denormal, value & numbers.sign, value)
            flags = flags | r.pick(r.any_lane(denormal), IDC, 0)
    is_nan, nan, invalid = _nans(r, op, values, standard=standard)
    flags = flags | r.pick(r.any_lane(invalid), IOC, 0)
    values = [r.select(is_nan, nan, value) for value in values]
    underflows = op in UNDERFLOWS
    if standard and underflows:
        _begin_careful(r)
    result = r.host(op, *values)
    magnitude = result << 1
    unsure: Value = r.like_bits(0, result)
    tiny = unsure
    if underflows:
        unsure = magnitude.eq(2 * numbers.smallest_normal)
    if standard:
        tiny = r.is_denormal(result)
        if underflows:
            lost = magnitude.eq(0) & (values[-1] << 1).ne(0) & (values[-2] << 1).ne(0)
            if op == "fma":
                unsure = unsure | lost
            else:
                tiny = tiny | lost
    any_tiny = r.any_lane(tiny)

    def finish() -> None:
        if standard and underflows:

            def again() -> None:
                r.put_back_mxcsr()
                r.host(op, *[r.select(tiny, r.like(0, value), value) for value in values])

            r.when(r._mode_is(FP_EXACT) & any_tiny, again)
        r.raise_exceptions(flags | r.pick(any_tiny, UFC, 0))
        r.give(r.select(tiny, result & numbers.sign, result) if standard else result)

    if not underflows:
        finish()
        return
    r.when(r.any_lane(unsure), (lambda: _end_careless(r)) if standard else lambda: None, finish)


def whole(op: str, width: int, lanes: int, *, standard: bool, by_host: bool) -> Routine:
    """Return the routine of an operation on vectors (or single values): on the host if that is right, else by lanes."""
    t = float_type(width, lanes)
    names = "abc"[: OPERANDS[op]]
    r = Routine(routine_name(op, width, lanes, standard=standard), t, dict.fromkeys(names, t))
    operands = [r.float_parameter(name, width, lanes) for name in names]
    arithmetic = op not in EXTREMES and op not in STEPS

    def at_once() -> None:
        if op in EXTREMES:
            r.give(_largest(r, op, *operands))
            return
        _begin_careful(r)
        result, bad, zero = _fast(r, op, operands)
        again: Value = r.any_lane(bad)
        if op in UNDERFLOWS or op in STEPS:
            again = again | r._mode_is(FP_EXACT) & r.any_lane(zero)
        r.when(again, lambda: _end_careless(r), lambda: r.give(result))

    if by_host:
        mode = FP_ROUNDING if standard else FP_FLUSH | FP_DEFAULT_NAN
        aside: Value = r.const(0, 1)
        if standard and op not in EXTREMES:
            aside = r._mode_is(FP_ROUNDING)
        for operand in operands:
            aside = aside | r.any_lane(_special(r, op, operand, standard=standard))
        if standard or not arithmetic:
            r.when(aside, lambda: None, at_once)
        if arithmetic:
            r.when(r._mode_is(mode), lambda: None, lambda: _give_carefully(r, op, operands, standard=standard))
    controls = r.controls(standard=standard)
    results = [
        r.call_float(f"fp_{op}_{width}", [r.lane(operand, i) for operand in operands], (controls,), width)
        for i in range(lanes)
    ]
    r.give(r.from_lanes(results))
    return r


# Comparisons


def _nzcv(r: Routine, a: Value, b: Value, *, signal_quiet: Value) -> tuple[Value, Value]:
    """Compare flushed numbers (FPCompare); return NZCV as a word, and exceptions."""
    unordered = r.is_nan(a) | r.is_nan(b)
    signalling = r.is_signalling(a) | r.is_signalling(b) | unordered & signal_quiet
    equal = a.eq(b) | ((a | b) << 1).eq(0)
    below = (a ^ a.asr(a.width - 1) >> 1).slt(b ^ b.asr(b.width - 1) >> 1)
    ordered = r.pick(equal, r.const(0b0110), r.pick(below, r.const(0b1000), r.const(0b0010)))
    return r.pick(unordered, r.const(0b0011), ordered), r.pick(signalling, IOC, 0)


def compare(width: int) -> Routine:
    """Return the routine of FPCompare."""
    t = float_type(width)
    r = Routine(f"compare_{width}", "i32", {"a": t, "b": t, "signal_quiet": "i32", "controls": "i32"})
    (a, b), flags = r.all_flushed([r.float_parameter(n, width) for n in "ab"], r.word_parameter("controls"))
    nzcv, exceptions = _nzcv(r, a, b, signal_quiet=r.word_parameter("signal_quiet").ne(0))
    r.raise_exceptions(flags | exceptions)
    r.give(nzcv, as_float=False)
    return r


_PREDICATES = {"eq": "oeq", "ge": "oge", "gt": "ogt"}
_HOLDS = {"eq": (0b0110,), "ge": (0b0110, 0b0010), "gt": (0b0010,)}


def test_lane(op: str) -> Routine:
    """Return the routine of FPCompareEQ, GE or GT on single values: all ones, or zero."""
    r = Routine(f"test_{op}", "i32", {"a": "float", "b": "float", "controls": "i32"})
    (a, b), flags = r.all_flushed([r.float_parameter(n, 32) for n in "ab"], r.word_parameter("controls"))
    nzcv, exceptions = _nzcv(r, a, b, signal_quiet=r.const(int(op != "eq"), 1))
    r.raise_exceptions(flags | exceptions)
    holds: Value = r.const(0, 1)
    for value in _HOLDS[op]:
        holds = holds | nzcv.eq(value)
    r.give(holds.sext(32), as_float=False)
    return r


def test(op: str, lanes: int) -> Routine:
    """Return the routine of FPCompareEQ, GE or GT on vectors: lanes of all ones, or zero."""
    t = float_type(32, lanes)
    r = Routine(f"test_{op}_x{lanes}", ir_type(32, lanes), {"a": t, "b": t})
    operands: list[Value] = [r.float_parameter(name, 32, lanes) for name in "ab"]

    def by_host() -> None:
        function = (
            f"@llvm.experimental.constrained.fcmp{'' if op == 'eq' else 's'}.{'f32' if lanes == 1 else f'v{lanes}f32'}"
        )
        arguments = f'{t} %a, {t} %b, metadata !"{_PREDICATES[op]}", metadata !"fpexcept.strict"'
        holds = IrValue(r, 1, r._new(f"call {ir_type(1, lanes)} {function}({arguments})"), lanes=lanes)
        r.give(holds.sext(32), as_float=False)

    special = [r.is_denormal(operand) for operand in operands]
    if op != "eq":
        special += [r.is_nan(operand) for operand in operands]  # which would trap
    r.when(functools.reduce(operator.or_, map(r.any_lane, special)), lambda: None, by_host)
    controls = r.controls(standard=True)
    results = [
        r.call_integer(f"test_{op}", [r.lane(operand, i) for operand in operands], (controls,)) for i in range(lanes)
    ]
    r.give(r.from_lanes(results), as_float=False)
    return r


# Conversions


def _converted_nan(r: Routine, value: Value, controls: Value, width: int) -> Value:
    """Return a NaN in another format (FPConvertNaN)."""
    ours, theirs = FORMATS[value.width], FORMATS[width]
    sign = _resized(r, value >> ours.width - 1, width) << theirs.width - 1
    fraction = value & ours.quiet - 1
    if theirs.fraction_bits < ours.fraction_bits:
        fraction = _resized(r, fraction >> ours.fraction_bits - theirs.fraction_bits, width)
    else:
        fraction = _resized(r, fraction, width) << theirs.fraction_bits - ours.fraction_bits
    return r.pick((controls & DN).ne(0), theirs.default_nan, sign | fraction | theirs.default_nan)


def _resized(r: Routine, value: Value, width: int) -> Value:
    return value.zext(width) if width > value.width else value.trunc(width)


def convert(width: int, to: int) -> Routine:
    """Return the routine of FPSingleToDouble or FPDoubleToSingle."""
    r = Routine(f"convert_{width}_{to}", float_type(to), {"a": float_type(width), "controls": "i32"})
    controls = r.word_parameter("controls")
    a, flags = r.flushed(r.float_parameter("a", width), controls)
    op = "fptrunc" if to == 32 else "fpext"
    result, exceptions = _with_host(r, controls, lambda: r.host_convert(op, a, to), underflows=to == 32)
    nan = r.is_nan(a)
    r.raise_exceptions(flags | r.pick(nan, r.pick(r.is_signalling(a), IOC, 0), exceptions))
    r.give(r.pick(nan, _converted_nan(r, a, controls, to), result))
    return r


def half_to_single() -> Routine:
    """Return the routine of FPHalfToSingle."""
    r = Routine("convert_16_32", "float", {"a": "i32", "controls": "i32"})
    controls, a = r.word_parameter("controls"), r.word_parameter("a")
    half = a.trunc(16)
    sign, magnitude = (a & 0x8000) << 16, a & 0x7FFF
    # A denormal is a small integer times 2**-24.
    integer = r.host_convert("sitofp", magnitude, 32)
    small = r.pick(magnitude.eq(0), 0, integer - (24 << 23))
    normal = (magnitude << 13) + (112 << 23)
    result = sign | r.pick(magnitude.ult(0x400), small, normal)
    ieee = (controls & 1 << 26).eq(0)
    result = r.pick(ieee & magnitude.eq(0x7C00), sign | FORMATS[32].infinity, result)
    nan = ieee & r.is_nan(half)
    result = r.pick(nan, _converted_nan(r, half, controls, 32), result)
    r.raise_exceptions(r.pick(nan & r.is_signalling(half), IOC, 0))
    r.give(result)
    return r


def single_to_half() -> Routine:
    """Return the routine of FPSingleToHalf, by integers."""
    r = Routine("convert_32_16", "i32", {"a": "float", "controls": "i32"})
    controls = r.word_parameter("controls")
    alternative = (controls & 1 << 26).ne(0)
    a, flags = r.flushed(r.float_parameter("a", 32), controls)
    sign_bit = a.bit(31)
    biased = a >> 23 & 0xFF
    mantissa = a & 0x7FFFFF | r.pick(biased.eq(0), 0, r.const(1 << 23))
    tiny = biased.ult(127 - 14)
    short = r.pick(tiny, r.const(127 - 14) - biased, r.const(0))
    drop = (short + 13).minimum(25, signed=False)
    kept, rest = mantissa >> drop, mantissa & (r.const(1) << drop) - 1
    up = r.rounds_up(controls.bits(23, 22).zext(32), sign_bit, kept.trunc(1), rest, r.const(1) << drop - 1)
    base = r.pick(tiny, 0, (biased - (127 - 14)) << 10)
    packed = base + kept + up.zext(32)
    inexact = rest.ne(0) & mantissa.ne(0)
    exceptions = r.pick(inexact, IXC, 0) | r.pick(inexact & tiny, UFC, 0)
    # Too large: 0x7FFF in the alternative format; else infinity, or the largest number where that lies towards zero.
    over = r.pick(alternative, r.const(0x8000), r.const(0x7C00)).ule(packed)
    mode = controls.bits(23, 22)
    outwards = mode.eq(0) | mode.eq(1) & ~sign_bit | mode.eq(2) & sign_bit
    largest = r.pick(alternative, 0x7FFF, r.pick(outwards, r.const(0x7C00), r.const(0x7BFF)))
    result = r.pick(over, largest, packed)
    exceptions = r.pick(over, r.pick(alternative, IOC, OFC | IXC), exceptions)
    infinite, nan = (a << 1).eq(2 * FORMATS[32].infinity), r.is_nan(a)
    result = r.pick(infinite, r.pick(alternative, 0x7FFF, 0x7C00), result)
    exceptions = r.pick(infinite, r.pick(alternative, IOC, 0), exceptions)
    exceptions = r.pick(nan, r.pick(alternative | r.is_signalling(a), IOC, 0), exceptions)
    result = result | sign_bit.zext(32) << 15
    converted = _converted_nan(r, a, controls, 16).zext(32)
    result = r.pick(nan, r.pick(alternative, sign_bit.zext(32) << 15, converted), result)
    r.raise_exceptions(flags | exceptions)
    r.give(result, as_float=False)
    return r


def to_fixed(width: int) -> Routine:
    """Return the routine of FPToFixed, by integers."""
    names = ("size", "signed", "fraction_bits", "rounding", "controls")
    r = Routine(f"to_fixed_{width}", "i32", {"a": float_type(width), **dict.fromkeys(names, "i32")})
    size, is_signed, fraction_bits, rounding, controls = (r.word_parameter(name) for name in names)
    numbers = FORMATS[width]
    a, flags = r.flushed(r.float_parameter("a", width), controls)
    sign, mantissa, right = _unpacked(r, numbers, a)
    right = right - fraction_bits
    # Further left, or right, it is out of all ranges, or nothing is kept.
    left = (r.const(0) - right).minimum(62 - numbers.fraction_bits, signed=True).maximum(0, signed=True).zext(64)
    drop = right.minimum(62, signed=True).maximum(0, signed=True).zext(64)
    shifted = mantissa << left
    kept, rest = shifted >> drop, shifted & (r.const(1, 64) << drop) - 1
    half = r.pick(drop.eq(0), r.const(1, 64), r.const(1, 64) << (drop - 1 & 63))
    magnitude = kept + r.rounds_up(rounding, sign, kept.trunc(1), rest, half).zext(64)
    one = r.const(1, 64) << (size - is_signed).zext(64)
    limit = r.pick(sign, r.pick(is_signed.ne(0), one, 0), one - 1)
    over = limit.ult(magnitude)
    magnitude = r.pick(over, limit, magnitude)
    number = r.pick(sign, r.const(0, 64) - magnitude, magnitude).trunc(32)
    nan = r.is_nan(a)
    exceptions = r.pick(nan | over, IOC, r.pick(rest.ne(0), r.const(IXC), r.const(0)))
    r.raise_exceptions(flags | exceptions)
    r.give(r.pick(nan, 0, number), as_float=False)
    return r


def _unpacked(r: Routine, numbers: Format, a: Value) -> tuple[Value, Value, Value]:
    """Return sign, mantissa (64 bits), and how far right of the point its last bit is (a word, signed)."""
    biased = _resized_word(a >> numbers.fraction_bits & (1 << numbers.exponent_bits) - 1)
    implicit = r.pick(biased.eq(0), 0, r.const(numbers.smallest_normal, 64))
    mantissa = (a & numbers.smallest_normal - 1).zext(64) | implicit
    exponent = biased.maximum(1, signed=False)
    return a.bit(a.width - 1), mantissa, r.const(numbers.bias + numbers.fraction_bits) - exponent


def _resized_word(value: Value) -> Value:
    return value if value.width == 32 else value.trunc(32)


def to_nearest() -> Routine:
    """Return the routine that converts a 64-bit integer of at most 33 bits to single precision, to nearest."""
    r = Routine("to_nearest", "float", {"a": "i64"})
    a = r.word_parameter("a", 64)
    value, exceptions = _with_host(r, r.const(0), lambda: r.host_convert("sitofp", a, 32), underflows=False)
    r.raise_exceptions(exceptions)
    r.give(value)
    return r


def to_integer(lanes: int, *, signed: bool) -> Routine:
    """Return the routine that truncates to 32-bit integers with standard arithmetic."""
    t = float_type(32, lanes)
    r = Routine(f"to_integer_{'s' if signed else 'u'}x{lanes}", ir_type(32, lanes), {"a": t})
    a = r.float_parameter("a", 32, lanes)
    # The host truncates to signed integers: what does not fit there is not for it.
    special = r.is_denormal(a) | r.like(0x4EFFFFFF, a).ult(a & 0x7FFFFFFF if signed else a)

    def by_host() -> None:
        if lanes == 1:
            result = r.host_to_integer(a, width=32, truncate=True)
        else:
            four = a if lanes == 4 else r.shuffle(a, r.like(0, a), (0, 1, 2, 3))
            t4 = ir_type(32, 4)
            name = r._new(f'call {t4} asm sideeffect "cvttps2dq $1, $0", "=x,x"(<4 x float> {r._float(four)})')
            result = IrValue(r, 32, name, lanes=4)
            if lanes == 2:
                result = r.shuffle(result, result, (0, 1))
        r.give(result, as_float=False)

    r.when(r.any_lane(special), lambda: None, by_host)
    controls = r.controls(standard=True)
    extra = (r.const(32), r.const(int(signed)), r.const(0), r.const(ROUNDINGS["zero"]), controls)
    results = [r.call_integer("to_fixed_32", (r.lane(a, i),), extra) for i in range(lanes)]
    r.give(r.from_lanes(results), as_float=False)
    return r


def integral(width: int) -> Routine:
    """Return the routine of FPRoundInt, by integers."""
    names = ("rounding", "exact", "controls")
    r = Routine(f"integral_{width}", float_type(width), {"a": float_type(width), **dict.fromkeys(names, "i32")})
    rounding, is_exact, controls = (r.word_parameter(name) for name in names)
    numbers = FORMATS[width]
    a, flags = r.flushed(r.float_parameter("a", width), controls)
    sign, mantissa, right = _unpacked(r, numbers, a)
    drop = right.minimum(62, signed=True).maximum(0, signed=True).zext(64)
    kept, rest = mantissa >> drop, mantissa & (r.const(1, 64) << drop) - 1
    half = r.pick(drop.eq(0), r.const(1, 64), r.const(1, 64) << (drop - 1 & 63))
    up = r.rounds_up(rounding, sign, kept.trunc(1), rest, half)
    integer = kept + up.zext(64)
    # Exact: an integer of at most as many bits as the fraction has, and one.
    magnitude = r.host_convert("sitofp", integer, width)
    result = magnitude | a & numbers.sign
    is_large = right.sle(0)
    any_nan, nan, nan_flags = r.nan_of([a], controls)
    inexact = rest.ne(0) & ~is_large & is_exact.ne(0)
    r.raise_exceptions(flags | r.pick(any_nan, nan_flags, r.pick(inexact, IXC, 0)))
    r.give(r.pick(any_nan, nan, r.pick(is_large, a, result)))
    return r


def unsigned_estimate(op: str) -> Routine:
    """Return the routine of UnsignedRecipEstimate or UnsignedRSqrtEstimate."""
    r = Routine(f"unsigned_{op}", "i32", {"a": "i32"})
    a = r.word_parameter("a")
    if op == "recpe":
        estimate, defined = _table(r, "recip", a >> 23 & 0xFF), a.slt(0)
    else:
        index = r.pick(a.slt(0), a >> 24 & 0x7F, a >> 23 & 0x7F | 0x80)
        estimate, defined = _table(r, "rsqrt", index), (a >> 30).ne(0)
    r.give(r.pick(defined, estimate << 23 | 1 << 31, 0xFFFFFFFF), as_float=False)
    return r


# FPSCR


def read_fpscr() -> Routine:
    """Return the routine that reads FPSCR as the guest sees it."""
    r = Routine("read_fpscr", "i32", {})
    sticky = r.read_mxcsr(0)
    r.give(r.system_register("fpscr") | sticky & 1 | sticky >> 1 & 0x1E, as_float=False)
    return r


def write_fpscr() -> Routine:
    """Return the routine that writes FPSCR, as State.fpscr does."""
    r = Routine("write_fpscr", "void", {"value": "i32"})
    value = r.word_parameter("value") & FPSCR_MASK
    r._store_state("fpscr", name_of(value))
    mode = r.pick((value & FZ).ne(0), FP_FLUSH, 0) | r.pick((value & 3 << 22).ne(0), FP_ROUNDING, 0)
    mode = mode | r.pick((value & DN).ne(0), FP_DEFAULT_NAN, 0)
    r._store_state("fp_mode", name_of(mode | r.pick((value & IXC).ne(0), 0, r.const(FP_EXACT))))
    r.write_mxcsr(r.mxcsr_of(value) ^ _INVALID_MASK)
    return r


def all_routines(*, fma: bool) -> list[Routine]:
    """Return every routine; those that no handler needs are dropped when the module is optimised."""
    routines = [exact(op, width, compute) for op, compute in _COMPUTE.items() for width in _widths(op)]
    if not fma:
        routines = [routine for routine in routines if not routine.name.startswith("fp_fma_")]
        routines += [exact("fma", 32, _fma_of_singles), exact("fma", 64, _fma_of_doubles)]
    routines += [exact_step(op) for op in sorted(STEPS)]
    for op in OPERANDS:
        by_host = op not in ("recpe", "rsqrte") and (fma or op != "fma")
        routines += [whole(op, 32, lanes, standard=True, by_host=by_host) for lanes in (1, 2, 4)]
        if op not in STEPS and op not in ("recpe", "rsqrte"):
            routines += [whole(op, width, 1, standard=False, by_host=by_host) for width in (32, 64)]
    routines += [compare(width) for width in (32, 64)]
    for op in _PREDICATES:
        routines += [test_lane(op), *(test(op, lanes) for lanes in (1, 2, 4))]
    routines += [convert(32, 64), convert(64, 32), half_to_single(), single_to_half()]
    routines += [to_fixed(width) for width in (32, 64)]
    routines += [to_integer(lanes, signed=signed) for lanes in (1, 2, 4) for signed in (True, False)]
    routines += [integral(width) for width in (32, 64)]
    routines += [unsigned_estimate(op) for op in ("recpe", "rsqrte")]
    return [*routines, to_nearest(), read_fpscr(), write_fpscr()]


def _widths(op: str) -> tuple[int, ...]:
    return (32,) if op in ("recpe", "rsqrte") else (32, 64)


def floating_text(*, fma: bool) -> str:
    """Return the routines and their tables as LLVM IR; `fma`: the host has FMA instructions."""
    return "\n".join([_tables(), *(routine.text() for routine in all_routines(fma=fma))])
