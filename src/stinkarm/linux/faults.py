"""Faults of the guest's own code, as the signals that Linux makes of them (arch/arm/mm/fault.c, kernel/traps.c)."""

from __future__ import annotations

from stinkarm.guest import stop as stops
from stinkarm.guest.memory import GuestFault
from stinkarm.linux import delivery
from stinkarm.linux.delivery import SIGBUS, SIGILL, SIGSEGV, SIGTRAP
from stinkarm.linux.kernel import NO_ACTION, SIG_IGN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.engine.mending import Mender
    from stinkarm.guest.stop import Stop
    from stinkarm.linux.kernel import Kernel

SEGV_MAPERR, SEGV_ACCERR = 1, 2
BUS_ADRALN, BUS_ADRERR = 1, 2
ILL_ILLOPC = 1
TRAP_BRKPT = 1

TRAP_UNDEFINED = 6
TRAP_ABORT = 14

# Fault status registers (DDI0406C B3.13.3), as the sigcontext's error_code shows them.
FSR_ALIGNMENT = 1
FSR_TRANSLATION = 7
FSR_PERMISSION = 15
FSR_WRITE = 1 << 11
FSR_FETCH = 1 << 31

# What debuggers write over an instruction (arch/arm/kernel/ptrace.c): A32 but for its condition, T16, T32.
BREAK_A32 = 0x07F001F0
BREAK_T16 = 0xDE01
BREAK_T32 = 0xF7F0A000


def handle(k: Kernel, stop: Stop) -> bool:
    """Call the guest's handler for what stopped the engine. False: it has none, and the process ends."""
    if stop.kind == stops.FAULT and k.memory.find(stop.address) is None and k.memory.grow_down(stop.address):
        return True
    if stop.kind == stops.UNDEFINED and _is_debugger_break(k, stop):
        stop.kind = stops.DEBUGGER_BREAK
    elif stop.kind == stops.ALIGNMENT and _mend(k, stop):
        return True
    signal, code, address = _signal(k, stop)
    info = delivery.fault_info(signal, code, address)
    handler = delivery.action_of(k, signal)[0]
    if handler <= SIG_IGN or k.blocked >> (signal - 1) & 1:
        k.actions[signal] = NO_ACTION
        k.show_signal(signal, info)
        return False
    delivery.force(k, signal, info)
    # A handler's frame that cannot be written ends the process here too: then it is this fault that is reported.
    if k.exit_status is None:
        return True
    k.exit_status, k.exit_signal = None, 0
    return False


def _signal(k: Kernel, stop: Stop) -> tuple[int, int, int]:
    """Give the signal, si_code and si_addr of a stop, and note in the thread what its frames will show."""
    kind = stop.kind
    if kind in (stops.FAULT, stops.FETCH):
        return _abort(k, stop)
    if kind == stops.ALIGNMENT:
        k.trap = (0, FSR_ALIGNMENT | (FSR_WRITE if stop.write else 0), k.trap[2])
        return SIGBUS, BUS_ADRALN, stop.address
    if kind in (stops.BREAKPOINT, stops.DEBUGGER_BREAK):
        return SIGTRAP, TRAP_BRKPT, stop.pc
    k.trap = (TRAP_UNDEFINED, 0, k.trap[2])
    return SIGILL, ILL_ILLOPC, stop.pc


_menders: dict[int, Mender] = {}  # of each address space, once it needs one


def _mend(k: Kernel, stop: Stop) -> bool:
    """Do what the kernel does of an access that is not aligned. False: `stop` says why that is a fault."""
    from stinkarm.engine.mending import Mender

    mender = _menders.get(k.memory.base)
    if mender is None or mender.memory is not k.memory:
        mender = _menders[k.memory.base] = Mender(k.memory)
    if not mender.mends(k.state):
        return False
    made = mender.run(k.state, 1)
    if made.kind == stops.BUDGET:
        k.instructions += 1
        return True
    stop.kind, stop.address, stop.signal, stop.write = made.kind, made.address, made.signal, made.write
    return False


def _abort(k: Kernel, stop: Stop) -> tuple[int, int, int]:
    fetch = stop.kind == stops.FETCH
    address = stop.pc if fetch else stop.address
    if stop.signal == SIGBUS:
        signal, code, status = SIGBUS, BUS_ADRERR, FSR_TRANSLATION
    elif k.memory.find(address) is None:
        signal, code, status = SIGSEGV, SEGV_MAPERR, FSR_TRANSLATION
    else:
        signal, code, status = SIGSEGV, SEGV_ACCERR, FSR_PERMISSION
    if fetch:
        status |= FSR_FETCH
    elif stop.write:
        status |= FSR_WRITE
    k.trap = (TRAP_ABORT, status, address)
    return signal, code, address


def _is_debugger_break(k: Kernel, stop: Stop) -> bool:
    try:
        data = k.memory.read(stop.pc, 2 if k.state.thumb else 4)
        word = int.from_bytes(data, "little")
        if not k.state.thumb:
            return word & 0x0FFFFFFF == BREAK_A32
        if word != BREAK_T32 >> 16:
            return word == BREAK_T16
        return k.memory.read(stop.pc + 2, 2) == (BREAK_T32 & 0xFFFF).to_bytes(2, "little")
    except GuestFault:
        return False
