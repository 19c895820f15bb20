"""Log each instruction as it runs: `--log instructions`."""

from __future__ import annotations

from stinkarm.guest.memory import GuestFault
from stinkarm.inspect.disassembly import disassemble_at
from stinkarm.inspect.registers import format_changes, read_registers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.guest.memory import Memory
    from stinkarm.guest.state import State
    from stinkarm.inspect.log import Log

TEXT_WIDTH = 50


class InstructionLog:
    """Shows each single step: address, word, disassembly, and the registers that it changed."""

    def __init__(self, log: Log, state: State, memory: Memory) -> None:
        self.log = log
        self.state = state
        self.memory = memory
        self._registers: dict[str, int] = {}
        self._line = ""

    def before(self) -> None:
        """Note the instruction that is about to run; it may change its own registers, word or mapping."""
        state = self.state
        self._registers = read_registers(state)
        cpsr = self._registers["cpsr"]
        itstate = (cpsr >> 25 & 3) | (cpsr >> 10 & 0x3F) << 2
        pc = state.r[15]
        try:
            self._line = str(disassemble_at(self.memory, pc, state.thumb, itstate))
        except GuestFault:
            self._line = f"{pc:08x}  (no code can be read here)"

    def after(self, thread: int = 0) -> None:
        """Write the line; with the number of the thread, if it is not 0."""
        changes = format_changes(self._registers, read_registers(self.state))
        whose = f"{thread} " if thread else ""
        self.log.line(f"{whose}{self._line:<{TEXT_WIDTH}} {changes}".rstrip())
