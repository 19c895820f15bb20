"""Loads and stores that need an aligned address, made at any: what Linux does for programs on ARMv7.

LDM, STM, PUSH, POP, LDRD and STRD are (arch/arm/mm/alignment.c, /proc/cpu/alignment as it is at first); what
transfers extension registers, exclusives, and Advanced SIMD forms that name an alignment are not.
"""

from __future__ import annotations

from ..guest.memory import GuestFault
from ..guest.state import WORD
from .reference import IntMachine, Reference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..guest.state import State

MENDED = frozenset(
    ("ldm", "stm", "pop", "push", "ldrd_imm", "ldrd_literal", "ldrd_reg", "strd_imm", "strd_reg"),
)


class _AnyAddress(IntMachine):
    """The machine without alignment faults."""

    def _check_aligned(self, address: int, size: int, *, write: bool) -> None:
        return


class Mender(Reference):
    """Executes one instruction at a time."""

    machine = _AnyAddress

    def mends(self, state: State) -> bool:
        """Say whether Linux mends the instruction at r15."""
        words = state.words
        thumb, pc = bool(words[WORD["thumb"]]), words[15]
        try:
            word, length = self.fetch(pc, thumb)
        except GuestFault:
            return False
        itstate, v8 = words[WORD["itstate"]], bool(words[WORD["v8"]])
        decoded = self.decoder.decode(word, thumb=thumb, length=length, pc=pc, itstate=itstate, v8=v8)
        return decoded is not None and decoded.encoding.instruction.name in MENDED
