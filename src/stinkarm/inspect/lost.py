"""Programs that have lost their way: what returned from `_start`, or ran on behind the end of its code."""

from __future__ import annotations

from stinkarm.guest import stop as stops
from stinkarm.guest.mapping import PROT_EXEC
from stinkarm.guest.memory import PAGE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.guest.memory import Memory
    from stinkarm.guest.state import State
    from stinkarm.guest.stop import Stop
    from stinkarm.inspect.modules import Module, Modules

_NEAR = 2 * PAGE  # how far a program may have run on through the rest of its pages


def explain(state: State, memory: Memory, stop: Stop, modules: Modules) -> str:
    """Say what a program has forgotten, as the end of a sentence; "" when it is nothing of this kind."""
    program = modules.program
    if program is None:
        return ""
    pc = stop.pc
    if stop.kind == stops.FETCH and pc == 0 and modules.start_sp and state.r[13] == modules.start_sp:
        name = _name(program, modules.entry) or "the code at the program's entry"
        return f": {name} has returned, and nothing has called it; a program ends with the system call exit"
    module = modules.at(pc)
    if module is None and stop.kind == stops.FETCH:  # through zeros to the end of the last page, which are no-ops
        below = memory.find(pc - 1)
        if below is None or not below.prot & PROT_EXEC or below.end != pc:
            return ""
        module = modules.at(pc - 1)
    if module is not program or program.in_code(pc):
        return ""
    end = program.end_of_code(pc)
    if not 0 < end <= pc < end + _NEAR:
        return ""
    return (
        f": execution has run on behind the end of the code at {end:#010x}; "
        f"{_name(program, end - 1) or 'the last function'} must end with a return, a branch or the system call exit"
    )


def _name(program: Module, address: int) -> str:
    """Name the last function that starts at or before an address; "" without one."""
    for table in program.tables:
        found = table.lookup(address, reach=False)
        if found is not None:
            return found[0]
    return ""
