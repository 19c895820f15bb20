"""What an instruction of a region is until the region is put together: text with marks in it, and where control goes.

`region_builder.py` writes it, `region.py` fills in the marks.
"""

from __future__ import annotations

REGISTERS = tuple(f"r{n}" for n in range(15))
LEAVING = ("leaving_n", "leaving_z", "leaving_c", "leaving_v")
GE_SLOT = "ge"  # APSR.GE, a byte each that is 0 or 0xFF
FP_FLAG_SLOTS = ("fpn", "fpz", "fpc", "fpv")  # 0 or 1 each
FLAG_SLOTS = ("fn", "fz", "cx", "cy", "vx", "vy", "lx", "ly")

# Marks in the lines of an instruction, filled in when the region is put together.
STUB = "\x01"  # label of a stub; its number stands between two of these
BACK = "\x02"  # how many instructions of the block were counted and not done
RETURN = "\x06"  # where an address may be one that a call of the region left in LR
MARGIN = "\x07"  # how much more of the budget is left than `budget_left` says
INEXACT = "\x0f"  # where FPSCR.IXC must be set
LATER = "\x10"  # what a part of the extension registers is kept as
SPILL = "\x03"  # where registers are written to the state block

# Begins a block that goes on to one that is shared. It has the block stay, and with it the moves to where the shared
# one wants things: else they would stand before the way here parts from the way that is usual.
HERE = '  call void asm sideeffect "", ""()'


class Fragment:
    """The text of one instruction, and where control goes from it.

    `written`: register slots it may write. `targets`: (place, context) keys that it may go to. `falls`: it may go on
    to the next instruction. `stubs` and `spills`: what was written before each, by number. `asides`: text that stands
    elsewhere. `ordinary`: words of extension registers that it leaves with ordinary numbers (ordinary.py).
    `conditional`: parts of it may not be done. `jumps_on`: a function may go on somewhere else with it.
    """

    __slots__ = (
        "asides",
        "callees",
        "conditional",
        "falls",
        "jumps_on",
        "lines",
        "next_it",
        "next_pc",
        "ordinary",
        "return_to",
        "returns",
        "spills",
        "stubs",
        "targets",
        "written",
    )

    def __init__(self, next_pc: int, next_it: int) -> None:
        self.lines: list[str] = []
        self.asides: list[str] = []
        self.ordinary: set[int] = set()
        self.conditional = False
        self.jumps_on = False
        self.written: set[str] = set()
        self.targets: list[tuple[int, tuple[int, ...]]] = []
        self.stubs: list[tuple[int, frozenset[str]]] = []
        self.spills: list[frozenset[str]] = []
        self.falls = True
        self.next_pc = next_pc
        self.next_it = next_it
        self.return_to: int | None = None  # where a call that is not inlined returns to
        self.callees: list[int] = []  # functions that it calls as parts of the region
        self.returns = False  # it may return to any call of a function that is part of the region


def label_of(place: int, context: tuple[int, ...]) -> str:
    """Name the block of an instruction."""
    return f"i{place:x}" + "".join(f"_{link:x}" for link in context)
