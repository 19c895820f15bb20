"""Show registers as text."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from stinkarm.guest.state import State

NAMES = (*(f"r{i}" for i in range(13)), "sp", "lr", "pc")
IN_A_ROW = 4


def read_registers(state: State) -> dict[str, int]:
    """Copy the core registers and the CPSR by name."""
    registers = dict(zip(NAMES, state.r, strict=True))
    registers["cpsr"] = state.cpsr
    return registers


def describe_cpsr(cpsr: int) -> str:
    """Say what is in a CPSR: flags (a capital is set), GE bits, instruction set, IT state."""
    flags = "".join(
        letter.upper() if cpsr >> bit & 1 else letter for letter, bit in zip("nzcvq", (31, 30, 29, 28, 27), strict=True)
    )
    itstate = (cpsr >> 25 & 3) | (cpsr >> 10 & 0x3F) << 2
    parts = [flags, f"GE={cpsr >> 16 & 0xF:04b}", "T32" if cpsr >> 5 & 1 else "A32"]
    if cpsr >> 9 & 1:
        parts.append("big-endian data")
    if itstate:
        parts.append(f"ITSTATE={itstate:08b}")
    return " ".join(parts)


def format_registers(registers: Mapping[str, int]) -> str:
    """Lay out registers, four in a row, with the CPSR spelled out below them."""
    cells = [f"{name:>3} {registers[name]:08x}" for name in NAMES]
    rows = ["  ".join(cells[i : i + IN_A_ROW]) for i in range(0, len(cells), IN_A_ROW)]
    rows.append(f"cpsr {registers['cpsr']:08x}  ({describe_cpsr(registers['cpsr'])})")
    return "\n".join(rows)


def format_changes(before: Mapping[str, int], after: Mapping[str, int]) -> str:
    """List what an instruction changed, pc left out: `r0=0x000000a1 flags=nZCvq`."""
    changes = [f"{name}={after[name]:#010x}" for name in NAMES[:15] if before[name] != after[name]]
    old, new = describe_cpsr(before["cpsr"]), describe_cpsr(after["cpsr"])
    for name, was, now in zip(("flags", "", ""), old.split(" "), new.split(" "), strict=False):
        if was != now:
            changes.append(f"{name}={now}" if name else now)
    return " ".join(changes)
