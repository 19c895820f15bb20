"""The stack frames of signal handlers, as arch/arm/kernel/signal.c lays them out.

`struct sigframe` is a ucontext and four words of code that return from the handler; `struct rt_sigframe`, of
handlers with SA_SIGINFO, has a siginfo before it. Offsets here are within the ucontext.
"""

from __future__ import annotations

from struct import Struct

from stinkarm.guest.kuser import SIGNAL_RETURN, SIGRETURN_CODE
from stinkarm.guest.memory import GuestFault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.linux.kernel import Kernel

SA_SIGINFO = 4
SA_RESTORER = 0x04000000
SA_ONSTACK = 0x08000000

SS_DISABLE = 2
SS_AUTODISARM = 1 << 31

INFO_SIZE = 128
UC_FLAGS = 0
UC_STACK = 8
UC_MCONTEXT = 20
UC_SIGMASK = 104
UC_REGSPACE = 232
UCONTEXT_SIZE = 744
RETCODE = UCONTEXT_SIZE  # right behind the ucontext
SIGFRAME_SIZE = UCONTEXT_SIZE + 16
RT_SIGFRAME_SIZE = INFO_SIZE + SIGFRAME_SIZE

SIGFRAME_MAGIC = 0x5AC3C35A  # in uc_flags of a frame without siginfo, for those who unwind the stack
VFP_MAGIC = 0x56465001
VFP_SIZE = 288
FPEXC_EN = 1 << 30
FPSCR_LEN_STRIDE = 0x370000

_head = Struct("<IIIiI")  # uc_flags uc_link, uc_stack
_mcontext = Struct("<3I16III")  # trap_no error_code oldmask, r0 to pc, cpsr fault_address
_vfp = Struct("<II32QI4xIII4xI")  # magic size, d0 to d31 fpscr, fpexc fpinst fpinst2; what follows: 0
_stack = Struct("<IiI")

# CPSR: arch/arm/include/uapi/asm/ptrace.h
PSR_FLAGS = 0xFF000000
PSR_STATUS = 0x00FF0000
PSR_EXTENSION = 0x0000FF00
PSR_IT = 0x0600FC00
PSR_E = 0x200
PSR_A = 0x100
PSR_I = 0x80
PSR_F = 0x40
PSR_T = 0x20
MODE = 0x1F
USER_MODE = 0x10

WORD = 0xFFFFFFFF
UNBLOCKABLE = 1 << 8 | 1 << 18  # SIGKILL SIGSTOP


def on_stack(altstack: tuple[int, int, int], sp: int) -> bool:
    """Say whether `sp` is on the signal stack; never, when it disarms itself."""
    base, flags, size = altstack
    return not flags & SS_AUTODISARM and 0 < sp - base <= size


def enter(k: Kernel, signal: int, info: bytes, action: tuple[int, int, int, int], mask: int) -> bool:
    """Write a frame that restores the registers and `mask`, and go on in the handler.

    False: the frame cannot be written; no register has changed.
    """
    handler, flags, restorer, _ = action
    state = k.state
    words, r = state.words, state.r
    sp = r[13]
    base, _, size = k.altstack
    if flags & SA_ONSTACK and size and not on_stack(k.altstack, sp):
        sp = base + size & WORD
    with_info = bool(flags & SA_SIGINFO)
    frame = (sp - (RT_SIGFRAME_SIZE if with_info else SIGFRAME_SIZE)) & WORD & ~7
    context = frame + INFO_SIZE if with_info else frame
    thumb = handler & 1
    index = 2 * thumb + 3 * with_info
    data = _ucontext(k, mask, with_info) + SIGRETURN_CODE[4 * index : 4 * index + 8].ljust(16, b"\0")
    try:
        k.memory.write(frame, info + data if with_info else data)
    except GuestFault:
        return False
    cpsr = state.cpsr & ~(PSR_FLAGS | PSR_E | PSR_IT)
    state.cpsr = cpsr | PSR_T if thumb else cpsr & ~PSR_T
    state.fpscr &= ~FPSCR_LEN_STRIDE
    words[25] = 0  # exclusive_size: an exception clears the monitor
    r[0] = signal
    if with_info:
        r[1], r[2] = frame, context
    r[13] = frame
    r[14] = restorer if flags & SA_RESTORER else SIGNAL_RETURN + 4 * index + thumb
    r[15] = handler & (~1 if thumb else ~3) & WORD
    if k.altstack[1] & SS_AUTODISARM:  # only a frame with a siginfo brings it back
        k.altstack = (0, SS_DISABLE, 0)
    return True


def _ucontext(k: Kernel, mask: int, with_info: bool) -> bytes:
    """Make the ucontext of the registers as they are."""
    state = k.state
    base, stack_flags, size = k.altstack
    number, error, address = k.trap
    data = bytearray(UCONTEXT_SIZE)
    if with_info:
        _head.pack_into(data, 0, 0, 0, base, stack_flags - (stack_flags >> 31 << 32), size)
    else:
        _head.pack_into(data, 0, SIGFRAME_MAGIC, 0, 0, 0, 0)
    _mcontext.pack_into(data, UC_MCONTEXT, number, error, mask & WORD, *state.r, state.cpsr, address)
    data[UC_SIGMASK : UC_SIGMASK + 8] = mask.to_bytes(8, "little")
    _vfp.pack_into(data, UC_REGSPACE, VFP_MAGIC, VFP_SIZE, *state.doubles[16:48], state.fpscr, FPEXC_EN, 0, 0, 0)
    return bytes(data)


def leave(k: Kernel, *, with_info: bool) -> bool:
    """Restore the registers and the mask from the frame at sp. False: there is no frame, or it is broken."""
    state = k.state
    frame = state.r[13]
    if frame & 7:
        return False
    context = frame + INFO_SIZE if with_info else frame
    try:
        data = k.memory.read(context, UCONTEXT_SIZE)
    except GuestFault:
        return False
    *_, cpsr, _ = values = _mcontext.unpack_from(data, UC_MCONTEXT)
    old = k.blocked
    k.blocked = int.from_bytes(data[UC_SIGMASK : UC_SIGMASK + 8], "little") & ~UNBLOCKABLE
    for index in range(16):
        state.r[index] = values[3 + index]
    valid = not cpsr & PSR_I and cpsr & MODE == USER_MODE
    state.cpsr = cpsr & ~(PSR_F | PSR_A) if valid else cpsr & (PSR_FLAGS | PSR_STATUS | PSR_EXTENSION | PSR_T)
    state.r[15] &= WORD - 1 if state.thumb else WORD - 3
    state.words[25] = 0
    magic, size, *rest = _vfp.unpack_from(data, UC_REGSPACE)
    if magic != VFP_MAGIC or size != VFP_SIZE:
        valid = False
    if not valid:
        return False
    for index in range(32):
        state.doubles[16 + index] = rest[index]
    state.fpscr = rest[32]
    if with_info:
        _restore_altstack(k, *_stack.unpack_from(data, UC_STACK))
    if k.owns_host_signals or k.pending or k.shared:
        from stinkarm.linux import delivery

        delivery.mask_changed(k, old)
    return True


def _restore_altstack(k: Kernel, base: int, flags: int, size: int) -> None:
    """Set the signal stack as it was; what sigaltstack would refuse is left as it is."""
    from stinkarm.linux import signals

    if not on_stack(k.altstack, k.state.r[13]):
        try:
            signals.set_altstack(k, base, flags, size)
        except OSError:
            return  # as restore_altstack() in kernel/signal.c, which only minds what it cannot read
