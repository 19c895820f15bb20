"""Invalid operations, the one floating-point exception that the host traps while guest code runs, as LLVM IR.

ARM and the host agree on every result of add, sub, mul, div and sqrt but those of invalid operations: the default NaN
has another sign, and of two NaNs ARM prefers one that signals. So compiled regions (region_builder.py) compute without
a look at the result. What is invalid traps, and the handler of SIGFPE writes the result that ARM has, and goes on
behind the instruction. Elsewhere (the interpreter looks at its results, and comparisons and conversions have none that
differ) it lets the host do the one instruction with the exception masked: RFLAGS.TF then leads to SIGTRAP, whose
handler has it trap again. Either way MXCSR's sticky bit, FPSCR.IOC, is set by the processor.

In a virtual machine the first takes 1 microsecond, and the second 32.
"""

from ..guest.signals import SIGTRAP
from ..guest.state import OFFSETS
from .layout import CODE_SPACE

# Offsets of ucontext_t (its gregs begin at 40), struct _fpstate and siginfo_t on x86-64.
_R12, _RIP, _FLAGS, _FPSTATE = 72, 168, 176, 224
_MXCSR, _XMM, _MAGIC, _XSTATE_BV = 24, 160, 464, 512
_CODE = 8
_FP_XSTATE_MAGIC1 = 0x46505853
_FLTINV = 7  # si_code
_TF = 0x100
_INVALID_MASK = 0x80  # of MXCSR

_SYSCALL = 'call i64 asm sideeffect "syscall", "={rax},{rax},{rdi},{rsi},~{rcx},~{r11},~{memory}"'


def _field(name: str, base: str, offset: int, kind: str = "i32") -> str:
    return f"  %{name}p = getelementptr i8, ptr {base}, i64 {offset}\n  %{name} = load {kind}, ptr %{name}p, align 4"


def _by_width(name: str, double: int, single: int) -> str:
    return f"  %{name} = select i1 %is_double, i64 {double}, i64 {single}"


def _nan(x: str) -> str:
    """Have %{x}s say whether %{x} is a signalling NaN, and %{x}q be it as a quiet one."""
    return f"""  %{x}m = and i64 %{x}, %magnitude
  %{x}n = icmp ugt i64 %{x}m, %infinity
  %{x}b = and i64 %{x}, %quiet
  %{x}z = icmp eq i64 %{x}b, 0
  %{x}s = and i1 %{x}n, %{x}z
  %{x}q = or i64 %{x}, %quiet"""


# The instructions that regions have: VEX3.0F {51 58 59 5C 5E} with registers, and without AVX F2 or F3 [REX] 0F ...
TRAPS = f"""
define internal void @on_trap(i32 %signal, ptr %info, ptr %context) #0 {{
{_field("rip", "%context", _RIP, "i64")}
{_field("flags", "%context", _FLAGS, "i64")}
{_field("fp", "%context", _FPSTATE, "ptr")}
{_field("mxcsr", "%fp", _MXCSR)}
{_field("code", "%info", _CODE)}
  %begin = ptrtoint ptr @run to i64
  %offset = sub i64 %rip, %begin
  %within = icmp ult i64 %offset, {CODE_SPACE}
  br i1 %within, label %which, label %host
which:
  %is_trap = icmp eq i32 %signal, {SIGTRAP}
  br i1 %is_trap, label %step, label %invalid
step:
  %tf = and i64 %flags, {_TF}
  %stepped = icmp ne i64 %tf, 0
  br i1 %stepped, label %after, label %host
after:
  %flags1 = xor i64 %flags, {_TF}
  store i64 %flags1, ptr %flagsp
  %mxcsr1 = and i32 %mxcsr, {~_INVALID_MASK & 0xFFFF}
  store i32 %mxcsr1, ptr %mxcsrp
  ret void
invalid:
  %is_invalid = icmp eq i32 %code, {_FLTINV}
  br i1 %is_invalid, label %where, label %host
where:
  %end = ptrtoint ptr @end_of_code to i64
  %size = sub i64 %end, %begin
  %in_region = icmp uge i64 %offset, %size
  br i1 %in_region, label %decode, label %mask
mask:
  %flags2 = or i64 %flags, {_TF}
  store i64 %flags2, ptr %flagsp
  %mxcsr2 = or i32 %mxcsr, {_INVALID_MASK}
  store i32 %mxcsr2, ptr %mxcsrp
  ret void
decode:
  %at = inttoptr i64 %rip to ptr
  %word = load i32, ptr %at, align 1
  %lastp = getelementptr i8, ptr %at, i64 4
  %last8 = load i8, ptr %lastp
  %last = zext i8 %last8 to i32
  %byte0 = and i32 %word, 255
  %w1 = lshr i32 %word, 8
  %byte1 = and i32 %w1, 255
  %w2 = lshr i32 %word, 16
  %byte2 = and i32 %w2, 255
  %byte3 = lshr i32 %word, 24
  %is_vex = icmp eq i32 %byte0, 196
  br i1 %is_vex, label %vex, label %legacy
vex:
  %map = and i32 %byte1, 31
  %map_0f = icmp eq i32 %map, 1
  %prefix = and i32 %byte2, 6
  %scalar = icmp uge i32 %prefix, 2
  %vdouble = trunc i32 %byte2 to i1
  %unextended = xor i32 %byte1, 255
  %vr = lshr i32 %unextended, 7
  %vb1 = lshr i32 %unextended, 5
  %vb = and i32 %vb1, 1
  %first0 = xor i32 %byte2, 255
  %first1 = lshr i32 %first0, 3
  %vfirst = and i32 %first1, 15
  %vex_fine = and i1 %map_0f, %scalar
  br label %fields
legacy:
  %ldouble = icmp eq i32 %byte0, 242
  %lsingle = icmp eq i32 %byte0, 243
  %legacy_scalar = or i1 %ldouble, %lsingle
  %rex0 = and i32 %byte1, 240
  %is_rex = icmp eq i32 %rex0, 64
  %rex = select i1 %is_rex, i32 %byte1, i32 0
  %lr1 = lshr i32 %rex, 2
  %lr = and i32 %lr1, 1
  %lb = and i32 %rex, 1
  %escape = select i1 %is_rex, i32 %byte2, i32 %byte1
  %is_escape = icmp eq i32 %escape, 15
  %lop = select i1 %is_rex, i32 %byte3, i32 %byte2
  %lmodrm = select i1 %is_rex, i32 %last, i32 %byte3
  %legacy_length = select i1 %is_rex, i64 5, i64 4
  %legacy_fine = and i1 %legacy_scalar, %is_escape
  br label %fields
fields:
  %fine = phi i1 [ %vex_fine, %vex ], [ %legacy_fine, %legacy ]
  %is_double = phi i1 [ %vdouble, %vex ], [ %ldouble, %legacy ]
  %op = phi i32 [ %byte3, %vex ], [ %lop, %legacy ]
  %modrm = phi i32 [ %last, %vex ], [ %lmodrm, %legacy ]
  %r8 = phi i32 [ %vr, %vex ], [ %lr, %legacy ]
  %b8 = phi i32 [ %vb, %vex ], [ %lb, %legacy ]
  %vex_first = phi i32 [ %vfirst, %vex ], [ 0, %legacy ]
  %length = phi i64 [ 5, %vex ], [ %legacy_length, %legacy ]
  %is_sqrt = icmp eq i32 %op, 81
  %is_add = icmp eq i32 %op, 88
  %is_mul = icmp eq i32 %op, 89
  %is_sub = icmp eq i32 %op, 92
  %is_div = icmp eq i32 %op, 94
  %known0 = or i1 %is_sqrt, %is_add
  %known1 = or i1 %is_mul, %is_sub
  %known2 = or i1 %known0, %is_div
  %known = or i1 %known1, %known2
  %registers = icmp uge i32 %modrm, 192
  %fine1 = and i1 %fine, %known
  %fine2 = and i1 %fine1, %registers
  br i1 %fine2, label %compute, label %mask
compute:
  %reg0 = lshr i32 %modrm, 3
  %reg1 = and i32 %reg0, 7
  %reg2 = shl i32 %r8, 3
  %reg = or i32 %reg1, %reg2
  %rm1 = and i32 %modrm, 7
  %rm2 = shl i32 %b8, 3
  %rm = or i32 %rm1, %rm2
  %first2 = select i1 %is_vex, i32 %vex_first, i32 %reg
  %first = select i1 %is_sqrt, i32 %rm, i32 %first2
  %xmm = getelementptr i8, ptr %fp, i64 {_XMM}
  %ap = getelementptr [16 x i8], ptr %xmm, i32 %first
  %bp = getelementptr [16 x i8], ptr %xmm, i32 %rm
  %dp = getelementptr [16 x i8], ptr %xmm, i32 %reg
  %a64 = load i64, ptr %ap
  %b64 = load i64, ptr %bp
  %d64 = load i64, ptr %dp
{_by_width("all", -1, 0xFFFFFFFF)}
{_by_width("magnitude", (1 << 63) - 1, (1 << 31) - 1)}
{_by_width("infinity", 0x7FF << 52, 0xFF << 23)}
{_by_width("quiet", 1 << 51, 1 << 22)}
  %a = and i64 %a64, %all
  %b = and i64 %b64, %all
{_nan("a")}
{_nan("b")}
  %default = or i64 %infinity, %quiet
  %result0 = select i1 %bs, i64 %bq, i64 %default
  %result = select i1 %as, i64 %aq, i64 %result0
  %others = xor i64 %all, -1
  %kept = and i64 %d64, %others
  %written = or i64 %kept, %result
  store i64 %written, ptr %dp
  %next = add i64 %rip, %length
  store i64 %next, ptr %ripp
  ; Who compiles hears of it (jit.py).
{_field("st", "%context", _R12, "ptr")}
{_field("left", "%st", OFFSETS["unusual_left"])}
  %left1 = sub i32 %left, 1
  store i32 %left1, ptr %leftp
  %whichp = getelementptr i8, ptr %st, i64 {OFFSETS["unusual_ip"]}
  store i64 %rip, ptr %whichp
{_field("magic", "%fp", _MAGIC)}
  %has_header = icmp eq i32 %magic, {_FP_XSTATE_MAGIC1}
  br i1 %has_header, label %header, label %done
header:
  ; All of the registers may have been zero: then they would be so again.
{_field("components", "%fp", _XSTATE_BV, "i64")}
  %components1 = or i64 %components, 2
  store i64 %components1, ptr %componentsp
  br label %done
done:
  ret void
host:
  call void @leave_to_host(i32 %signal)
  %was_sent = icmp sle i32 %code, 0
  br i1 %was_sent, label %raise, label %done
raise:
  ; gettid, tkill: by default it ends the process, as soon as this handler returns.
  %thread = {_SYSCALL}(i64 186, i64 0, i64 0)
  %signal64 = sext i32 %signal to i64
  %raised = {_SYSCALL}(i64 200, i64 %thread, i64 %signal64)
  br label %done
}}
"""
