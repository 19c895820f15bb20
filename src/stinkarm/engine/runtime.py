"""The fixed parts of the native interpreter, as LLVM IR text: entering and leaving it, decoding an entry that
nothing has filled yet, testing conditions, and turning a fault into a Stop.
"""

from __future__ import annotations

from ..guest import stop
from ..guest.signals import SIGFPE, SIGTRAP
from ..guest.state import OFFSETS
from .emit import CALL, PARAMETERS, PINS, HandlerBuilder, condition_ir
from .layout import CODE_SPACE, GUARD, TABLE_SIZE, THUMB_TABLE

ALWAYS = 14

# Handlers' addresses must not end up in tables, which would tie the image to where it is mapped.
ATTRIBUTES = """attributes #0 = { nounwind strictfp "no-builtins" }
attributes #1 = { nounwind "no-builtins" "no-jump-tables"="true" }
attributes #2 = { nounwind noinline strictfp "no-builtins" }"""


def _o(name: str) -> int:
    return OFFSETS[name]


# Entering and leaving generated code. `run` is called as void run(State *) with the C convention.
_SAVED = ("rbp", "rbx", "r12", "r13", "r14", "r15")
_ASM = [
    ".text",
    ".p2align 4",
    ".globl run",
    "run:",
    *[f"pushq %{r}" for r in _SAVED],
    f"movq %rsp, {_o('host_sp')}(%rdi)",
    f"stmxcsr {_o('host_mxcsr')}(%rdi)",
    f"ldmxcsr {_o('mxcsr')}(%rdi)",
    "movq %rdi, %r12",
    f"movq {_o('memory')}(%r12), %r13",
    f"movq {_o('entry')}(%r12), %r14",
    "leaq decode(%rip), %r15",
    f"movq {_o('budget')}(%r12), %rdi",
    f"movl {_o('n')}(%r12), %esi",
    f"movl {_o('z')}(%r12), %edx",
    f"movl {_o('c')}(%r12), %ecx",
    f"movl {_o('v')}(%r12), %r8d",
    f"cmpl $0, {_o('itstate')}(%r12)",
    "jne decode",
    "movl (%r14), %eax",
    "addq %r15, %rax",
    "jmpq *%rax",
    ".globl leave_spent",
    "leave_spent:",
    f"movl $1, {_o('stop')}(%r12)",
    ".globl leave",
    "leave:",
    f"movl %esi, {_o('n')}(%r12)",
    f"movl %edx, {_o('z')}(%r12)",
    f"movl %ecx, {_o('c')}(%r12)",
    f"movl %r8d, {_o('v')}(%r12)",
    f"movq %r14, {_o('entry')}(%r12)",
    f"movq %rdi, {_o('budget')}(%r12)",
    f"stmxcsr {_o('mxcsr')}(%r12)",
    f"ldmxcsr {_o('host_mxcsr')}(%r12)",
    f"movq {_o('host_sp')}(%r12), %rsp",
    *[f"popq %{r}" for r in reversed(_SAVED)],
    "retq",
]

RUNTIME = "\n".join(
    [
        'target triple = "x86_64-unknown-linux-gnu"',
        *[f'module asm "{line}"' for line in _ASM],
        "declare hidden void @run(ptr)",
        f"declare hidden preserve_nonecc void @leave({PARAMETERS})",
        f"declare hidden preserve_nonecc void @leave_spent({PARAMETERS})",
        "declare i32 @llvm.ctlz.i32(i32, i1)",
        "declare i32 @llvm.cttz.i32(i32, i1)",
        "declare i32 @llvm.ctpop.i32(i32)",
        "declare i32 @llvm.bitreverse.i32(i32)",
        "declare i32 @llvm.bswap.i32(i32)",
        "declare i64 @llvm.bswap.i64(i64)",
        "declare i16 @llvm.bswap.i16(i16)",
        ATTRIBUTES,
        # Handlers need not keep the stack aligned for the routines they seldom call.
        "!llvm.module.flags = !{!1}",
        '!1 = !{i32 1, !"override-stack-alignment", i32 8}',
        '!0 = !{!"branch_weights", i32 1, i32 100000}',
    ]
)

_ARGUMENTS = "ptr %st, ptr %mem, ptr %ip, ptr %base, i64 %budget, i32 %n, i32 %z, i32 %c, i32 %v"

# Fill the first eight bytes of an entry, the handler last: another thread may be reading it.
FINISH = f"""
define internal void @finish(ptr %ip, ptr %handler, i32 %cond, i32 %it, i32 %wide) #0 noinline {{
  %h = ptrtoint ptr %handler to i64
  %b = ptrtoint ptr @decode to i64
  %d = sub i64 %h, %b
  %own = trunc i64 %d to i32
  %always = icmp uge i32 %cond, {ALWAYS}
  %t0 = shl i32 %wide, 4
  %t1 = or i32 %t0, %cond
  %slot = getelementptr [32 x i32], ptr @condition_offsets, i32 0, i32 %t1
  %test = load i32, ptr %slot, align 4
  %first = select i1 %always, i32 %own, i32 %test
  %top = shl i32 %it, 24
  %second = or i32 %own, %top
  %p = getelementptr inbounds i8, ptr %ip, i64 4
  store i32 %second, ptr %p, align 4
  store atomic i32 %first, ptr %ip release, align 4
  ret void
}}
"""

# Decode `count` instructions from `pc` on: one, or an IT and its block. Their halfwords and entries were touched.
# The last is filled first: another thread that finds the IT filled must find its block filled, or it would decode
# that as if it were outside one.
DECODE_T32_BLOCK = f"""
define internal void @decode_T32_block(ptr %ip, i32 %pc, i32 %it, i32 %count, ptr %st) #0 noinline {{
  %memp = getelementptr inbounds i8, ptr %st, i64 {_o("memory")}
  %mem = load ptr, ptr %memp, align 8
  %a1 = zext i32 %pc to i64
  %p1 = getelementptr i8, ptr %mem, i64 %a1
  %hw1 = load volatile i16, ptr %p1, align 1
  %h1 = zext i16 %hw1 to i32
  %h5 = lshr i32 %h1, 11
  %is_wide = icmp uge i32 %h5, 29
  %alone = icmp eq i32 %count, 1
  br i1 %alone, label %decode, label %others
others:
  %size = select i1 %is_wide, i32 4, i32 2
  %next_pc = add i32 %pc, %size
  %entries = shl i32 %size, 3
  %step = zext i32 %entries to i64
  %next_ip = getelementptr i8, ptr %ip, i64 %step
  %outside = icmp eq i32 %it, 0
  %block = and i32 %h1, 255
  %low = and i32 %it, 7
  %last = icmp eq i32 %low, 0
  %cond = and i32 %it, 224
  %moved = shl i32 %it, 1
  %moved5 = and i32 %moved, 31
  %rest = or i32 %cond, %moved5
  %inside = select i1 %last, i32 0, i32 %rest
  %next_it = select i1 %outside, i32 %block, i32 %inside
  %fewer = sub i32 %count, 1
  call void @decode_T32_block(ptr %next_ip, i32 %next_pc, i32 %next_it, i32 %fewer, ptr %st)
  br label %decode
decode:
  br i1 %is_wide, label %wide, label %narrow
narrow:
  call void @decode_T16(ptr %ip, i32 %pc, i32 %h1, i32 %it, ptr %st)
  ret void
wide:
  %pc2 = add i32 %pc, 2
  %a2 = zext i32 %pc2 to i64
  %p2 = getelementptr i8, ptr %mem, i64 %a2
  %hw2 = load volatile i16, ptr %p2, align 1
  %h2 = zext i16 %hw2 to i32
  %high = shl i32 %h1, 16
  %word = or i32 %high, %h2
  call void @decode_T32(ptr %ip, i32 %pc, i32 %word, i32 %it, ptr %st)
  ret void
}}
"""


def condition_handlers() -> list[str]:
    """Return the handlers that test a condition, for both lengths, and the table of their offsets."""
    texts = []
    names = []
    for wide in (0, 1):
        for cond in range(ALWAYS):
            builder = HandlerBuilder(thumb=wide, length=4)
            name = f"cond_{cond}_{wide}"
            names.append(name)

            def then(builder: HandlerBuilder = builder) -> None:
                slot = builder._new("getelementptr inbounds i8, ptr %ip, i64 4")
                both = builder._new(f"load i32, ptr {slot}, align 4")
                offset = builder._new(f"zext i32 {builder._new(f'and i32 {both}, 16777215')} to i64")
                handler = builder._new(f"getelementptr i8, ptr %base, i64 {offset}")
                builder._do(f"{CALL} {handler}({_ARGUMENTS})")
                builder._do("ret void")
                builder.ended = True

            builder.when(condition_ir(builder, cond), then)
            texts.append(
                f"define internal preserve_nonecc void @{name}({PARAMETERS}) #0 align 16 {{\n{builder.text()}}}\n"
            )
        names += ["decode", "decode"]
    table = ", ".join(
        f"i32 trunc (i64 sub (i64 ptrtoint (ptr @{n} to i64), i64 ptrtoint (ptr @decode to i64)) to i32)" for n in names
    )
    texts.append(f"@condition_offsets = internal constant [32 x i32] [ {table} ]")
    return texts


def decode_handler(*, again: bool = False) -> str:
    """Return `@decode`, the handler of an entry that nothing has filled yet.

    `again`: return `@redecode` instead, which does one instruction whose entry may be that of a compiled region, and
    leaves the entry as it was.
    """
    name = "redecode" if again else "decode"
    keep = "  %kept = load i32, ptr %ip, align 4" if again else ""
    put_back = ""
    if again:
        put_back = """  %was_filled = icmp ne i32 %kept, 0
  %left_there = select i1 %was_filled, i32 %kept, i32 %h
  store i32 %left_there, ptr %ip, align 4"""
    table, itstate = _o("table"), _o("itstate")
    fetch = f'asm sideeffect "movzwl ($1,%r13), $0", "=r,r,{PINS},~{{memory}},~{{flags}}"'
    touch_entry = f'asm sideeffect "movl ($1), $0", "=r,r,{PINS},~{{memory}},~{{flags}}"'
    fetch_word = f'asm sideeffect "movl ($1,%r13), $0", "=r,r,{PINS},~{{memory}},~{{flags}}"'
    return f"""
define hidden preserve_nonecc void @{name}({PARAMETERS}) #0 align 16 {{
{keep}
  %tp = getelementptr inbounds i8, ptr %st, i64 {table}
  %t = load i64, ptr %tp, align 8
  %i = ptrtoint ptr %ip to i64
  %off = sub i64 %i, %t
  %ts = sub i64 %off, {THUMB_TABLE}
  %thumb = icmp sge i64 %ts, 0
  br i1 %thumb, label %t32, label %a32
a32:
  %pa = lshr i64 %off, 2
  %w = call i32 {fetch_word}(i64 %pa, {_ARGUMENTS})
  %pa32 = trunc i64 %pa to i32
  %top = lshr i32 %w, 28
  %uncond = icmp eq i32 %top, 15
  br i1 %uncond, label %a32u, label %a32c
a32u:
  call void @decode_A32_unconditional(ptr %ip, i32 %pa32, i32 %w, i32 0, ptr %st)
  br label %go
a32c:
  call void @decode_A32(ptr %ip, i32 %pa32, i32 %w, i32 0, ptr %st)
  br label %go
t32:
  %pt = lshr i64 %ts, 3
  %itp = getelementptr inbounds i8, ptr %st, i64 {itstate}
  %it = load i32, ptr %itp, align 4
  %inside = icmp ne i32 %it, 0
  %it_left = call i32 @llvm.cttz.i32(i32 %it, i1 false)
  %left = sub i32 4, %it_left
  %first = call i32 {fetch}(i64 %pt, {_ARGUMENTS})
  %it_op = and i32 %first, 65280
  %maybe_it = icmp eq i32 %it_op, 48896
  %mask = and i32 %first, 15
  %masked = icmp ne i32 %mask, 0
  %is_it = and i1 %maybe_it, %masked
  %mask_left = call i32 @llvm.cttz.i32(i32 %mask, i1 false)
  %block = sub i32 5, %mask_left
  %alone = select i1 %is_it, i32 %block, i32 1
  %count = select i1 %inside, i32 %left, i32 %alone
  br label %touch
touch:
  ; Whatever faults, faults here, with the registers in their places.
  %at = phi i64 [ %pt, %t32 ], [ %next_at, %touched ]
  %place = phi ptr [ %ip, %t32 ], [ %next_place, %touched ]
  %togo = phi i32 [ %count, %t32 ], [ %fewer, %touched ]
  %pi = ptrtoint ptr %place to i64
  %old = call i32 {touch_entry}(i64 %pi, {_ARGUMENTS})
  %hw1 = call i32 {fetch}(i64 %at, {_ARGUMENTS})
  %h5 = lshr i32 %hw1, 11
  %wide = icmp uge i32 %h5, 29
  br i1 %wide, label %second, label %touched
second:
  %at2 = add i64 %at, 2
  %hw2 = call i32 {fetch}(i64 %at2, {_ARGUMENTS})
  br label %touched
touched:
  %size = phi i64 [ 2, %touch ], [ 4, %second ]
  %next_at = add i64 %at, %size
  %entries = shl i64 %size, 3
  %next_place = getelementptr i8, ptr %place, i64 %entries
  %fewer = sub i32 %togo, 1
  %over = icmp eq i32 %fewer, 0
  br i1 %over, label %fill, label %touch
fill:
  %pt32 = trunc i64 %pt to i32
  call void @decode_T32_block(ptr %ip, i32 %pt32, i32 %it, i32 %count, ptr %st)
  store i32 0, ptr %itp, align 4
  br label %go
go:
  %h = load i32, ptr %ip, align 4
{put_back}
  %hz = zext i32 %h to i64
  %handler = getelementptr i8, ptr %base, i64 %hz
  {CALL} %handler({_ARGUMENTS})
  ret void
}}
"""


_NOTED = {
    "stop": "%stop",
    "fault_address": "%ga",
    "fault_write": "%write",
    "fault_signal": "%signal",
    "fault_code": "%code",
}
_NOTES = "\n".join(
    f"  %sp{i} = getelementptr i8, ptr %st, i64 {_o(name)}\n  store i32 {value}, ptr %sp{i}"
    for i, (name, value) in enumerate(_NOTED.items())
)
# rt_sigaction(signal, {SIG_DFL}, NULL, 8)
_DEFAULT_ACTION = (
    'call i64 asm sideeffect "syscall", "={rax},{rax},{rdi},{rsi},{rdx},{r10},~{rcx},~{r11},~{memory}"'
    "(i64 13, i64 %s, ptr %none, i64 0, i64 8)"
)

# A record of the list of compiled regions: where it begins and ends, where its table of accesses is, and how many
# there are. The first record has their number in its first field.
REGION_RECORD = 32

# The signal handler. For SIGFPE and SIGTRAP see traps.py. SIGSEGV and SIGBUS: a fault of generated code becomes a Stop:
# note it, and let the thread go on at `leave`, where the pinned registers are what they must be. In a compiled region
# (region_builder.py) it goes on at the stub of the access. Any other fault is the host's own: default action.
# The offsets are those of siginfo_t and ucontext_t (gregs begin at 40) on x86-64.
FAULT = f"""
define hidden void @on_fault(i32 %signal, ptr %info, ptr %context) #0 {{
  %is_fpe = icmp eq i32 %signal, {SIGFPE}
  %is_step = icmp eq i32 %signal, {SIGTRAP}
  %is_trap = or i1 %is_fpe, %is_step
  br i1 %is_trap, label %trap, label %fault
trap:
  call void @on_trap(i32 %signal, ptr %info, ptr %context)
  ret void
fault:
  %ripp = getelementptr i8, ptr %context, i64 168
  %rip = load i64, ptr %ripp
  %begin = ptrtoint ptr @run to i64
  %end = ptrtoint ptr @end_of_code to i64
  %size = sub i64 %end, %begin
  %offset = sub i64 %rip, %begin
  %ours = icmp ult i64 %offset, %size
  %addrp = getelementptr i8, ptr %info, i64 16
  %addr = load i64, ptr %addrp
  %r12p = getelementptr i8, ptr %context, i64 72
  %st = load ptr, ptr %r12p
  br i1 %ours, label %guest, label %maybe_region
maybe_region:
  %in_region = icmp ult i64 %offset, {CODE_SPACE}
  br i1 %in_region, label %region, label %host
region:
  %rtablep = getelementptr i8, ptr %st, i64 {_o("table")}
  %rtable = load i64, ptr %rtablep
  %from_rtable = sub i64 %addr, %rtable
  %from_rguard = add i64 %from_rtable, {GUARD}
  %rfetch = icmp ult i64 %from_rguard, {TABLE_SIZE + 2 * GUARD}
  br i1 %rfetch, label %guest, label %find
find:
  %listp = getelementptr i8, ptr %st, i64 {_o("regions")}
  %list = load ptr, ptr %listp
  %count = load i64, ptr %list
  %first = getelementptr i8, ptr %list, i64 {REGION_RECORD}
  br label %next_region
next_region:
  %number = phi i64 [ 0, %find ], [ %number1, %other_region ]
  %record = phi ptr [ %first, %find ], [ %record1, %other_region ]
  %any_left = icmp ult i64 %number, %count
  br i1 %any_left, label %look, label %host
look:
  %rbegin = load i64, ptr %record
  %rendp = getelementptr i8, ptr %record, i64 8
  %rend = load i64, ptr %rendp
  %rsize = sub i64 %rend, %rbegin
  %rwithin = sub i64 %rip, %rbegin
  %found = icmp ult i64 %rwithin, %rsize
  br i1 %found, label %sites, label %other_region
other_region:
  %number1 = add i64 %number, 1
  %record1 = getelementptr i8, ptr %record, i64 {REGION_RECORD}
  br label %next_region
sites:
  %sitesp = getelementptr i8, ptr %record, i64 16
  %site0 = load ptr, ptr %sitesp
  %site_countp = getelementptr i8, ptr %record, i64 24
  %site_count = load i64, ptr %site_countp
  br label %next_site
next_site:
  %k = phi i64 [ 0, %sites ], [ %k1, %other_site ]
  %any_sites = icmp ult i64 %k, %site_count
  br i1 %any_sites, label %look_site, label %host
look_site:
  %site = getelementptr [4 x i32], ptr %site0, i64 %k
  %site_rel = load i32, ptr %site
  %site_rel64 = sext i32 %site_rel to i64
  %site_i = ptrtoint ptr %site to i64
  %site_rip = add i64 %site_i, %site_rel64
  %this_site = icmp eq i64 %site_rip, %rip
  br i1 %this_site, label %to_stub, label %other_site
other_site:
  %k1 = add i64 %k, 1
  br label %next_site
to_stub:
  %stub_relp = getelementptr i8, ptr %site, i64 4
  %stub_rel = load i32, ptr %stub_relp
  %stub_rel64 = sext i32 %stub_rel to i64
  %stub_i = ptrtoint ptr %stub_relp to i64
  %stub = add i64 %stub_i, %stub_rel64
  %site_ipp = getelementptr i8, ptr %site, i64 8
  %site_ip = load i32, ptr %site_ipp
  %fault_ipp = getelementptr i8, ptr %st, i64 {_o("fault_ip")}
  store i32 %site_ip, ptr %fault_ipp
  %site_infop = getelementptr i8, ptr %site, i64 12
  %site_info = load i32, ptr %site_infop
  %fault_infop = getelementptr i8, ptr %st, i64 {_o("fault_info")}
  store i32 %site_info, ptr %fault_infop
  store i64 %stub, ptr %ripp
  ret void
guest:
  ; A system call goes on in Python, which finds the fault again.
  %callingp = getelementptr i8, ptr %st, i64 {_o("calling")}
  %calling = load i32, ptr %callingp
  %in_call = icmp ne i32 %calling, 0
  br i1 %in_call, label %call, label %note
call:
  store i32 0, ptr %callingp
  %leave_call = ptrtoint ptr @leave to i64
  store i64 %leave_call, ptr %ripp
  ret void
note:
  %r13p = getelementptr i8, ptr %context, i64 80
  %mem = load i64, ptr %r13p
  %codep = getelementptr i8, ptr %info, i64 8
  %code = load i32, ptr %codep
  %errp = getelementptr i8, ptr %context, i64 192
  %err = load i64, ptr %errp
  %tablep = getelementptr i8, ptr %st, i64 {_o("table")}
  %table = load i64, ptr %tablep
  %from_table = sub i64 %addr, %table
  %from_guard = add i64 %from_table, {GUARD}
  %is_fetch = icmp ult i64 %from_guard, {TABLE_SIZE + 2 * GUARD}
  %stop = select i1 %is_fetch, i32 {stop.FETCH}, i32 {stop.FAULT}
  %guest_address = sub i64 %addr, %mem
  %ga = trunc i64 %guest_address to i32
  %w0 = lshr i64 %err, 1
  %w1 = and i64 %w0, 1
  %write = trunc i64 %w1 to i32
{_NOTES}
  %leave = ptrtoint ptr @leave to i64
  store i64 %leave, ptr %ripp
  ret void
host:
  call void @leave_to_host(i32 %signal)
  ret void
}}
define internal void @leave_to_host(i32 %signal) #0 {{
  %none = alloca [32 x i8], align 8
  call void @llvm.memset.p0.i64(ptr %none, i8 0, i64 32, i1 true)
  %s = sext i32 %signal to i64
  %r = {_DEFAULT_ACTION}
  ret void
}}
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
"""

# Last of all, so that its address ends the code.
END = "define hidden void @end_of_code() #0 { ret void }"
