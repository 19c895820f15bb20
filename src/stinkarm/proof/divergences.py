"""Where the oracles and the engines are known to differ: what each says, and why. The one list of them.

The fuzzer refuses a difference that no entry explains; an entry that explains nothing any more is stale and fails.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from ..guest import stop as stops
from ..isa.decode import decoder
from .outcome import Difference
from .world import CODE, CODE_SIZE, REGISTERS


class Divergence(NamedTuple):
    """One entry: which encodings it is about, when it applies, what each side says, why (with the manual's section).

    `encodings` is a regular expression over `name SET encoding`; `oracles` are those that it is about.
    """

    name: str
    encodings: str
    applies: Callable[[Difference], bool]
    ours: str
    theirs: str
    why: str
    oracles: tuple[str, ...] = ("unicorn",)


def _unaligned_pc(d: Difference) -> bool:
    return d.names == {"pc"} and not d.ours["T"] and d.theirs["pc"] & 3 == 2 and d.ours["pc"] == d.theirs["pc"] - 2


_ALIGNED = re.compile(r"ldm|stm|push|pop|ldrd|strd|v?ld|v?st|swp")


def _alignment(d: Difference) -> bool:
    name = d.sample.name
    if d.our_stop["kind"] != stops.ALIGNMENT or not _ALIGNED.match(name):
        return False
    return d.their_stop["kind"] in (stops.BUDGET, stops.FAULT) and "ex" not in name


def _debug_register(d: Difference) -> bool:
    return (
        d.sample.name in ("mrc", "mcr", "mrrc", "ldc")
        and d.sample.decoded.fields["coproc"] == 14
        and d.our_stop["kind"] == stops.UNDEFINED
        and d.their_stop["kind"] == stops.BUDGET
    )


def _second_page(d: Difference) -> bool:
    if d.our_stop["kind"] != stops.FAULT or d.their_stop["kind"] != stops.FAULT:
        return False
    untouched = all(d.ours[name] == d.sample.start[name] for name in REGISTERS if name != "pc")
    ours, theirs = d.our_stop["address"], d.their_stop["address"]
    return d.sample.name in ("ldm", "pop") and untouched and theirs & 0xFFF == 0 and theirs < ours < theirs + 64


def _into_it_block(d: Difference) -> bool:
    target, begin = d.ours["pc"], d.sample.start["pc"]
    end = begin + sum(size for _, size in d.sample.words)
    if d.sample.in_it and begin < target < end:  # its own block, where Unicorn has done one instruction more
        return d.names <= {"IT", "pc"} and d.theirs["IT"] == 0 and 0 <= d.theirs["pc"] - target <= 4
    itself = d.sample.name == "b" and target == end - d.sample.words[-1][1]
    left = itself or not begin <= target <= end
    return d.names == {"IT"} and left and CODE <= target < CODE + CODE_SIZE and d.theirs["IT"] == 0


def _across_pages(d: Difference) -> bool:
    return d.memory and d.our_stop == d.their_stop and d.our_stop["kind"] == stops.FAULT and not d.names


def _other_size(d: Difference) -> bool:
    if not d.sample.name.startswith(("strex", "stlex")) or d.sample.tested == 0:
        return False
    word, length = d.sample.words[d.sample.tested - 1]
    load = decoder().find(word, thumb=d.sample.isa == "T32", length=length)
    return load is not None and load.instruction.name[len("ldrex") :] != d.sample.name[len("strex") :]


def _hint_in_it(d: Difference) -> bool:
    ended = d.their_stop["kind"] == stops.UNDEFINED or (d.names == {"IT", "pc"} and d.theirs["pc"] < d.ours["pc"])
    return (
        d.our_stop["kind"] == stops.BUDGET and d.sample.in_it and d.sample.decoded.fields["hint"] in (1, 2, 3) and ended
    )


def _rounded_otherwise(d: Difference) -> bool:
    if d.our_stop != d.their_stop or len(d.names) != 1 or not d.ours["fpscr"] >> 22 & 3:
        return False
    (name,) = d.names
    return name[0] == "d" and abs(d.ours[name] - d.theirs[name]) in (1, 1 << 32)


DIVERGENCES: list[Divergence] = [
    Divergence(
        "interworking to an address that is 2 modulo 4",
        r"^(bx|blx_reg|bxj|ldr_|ldm|pop|mov_|add_|sub_|adc|sbc|rsb|rsc|and|orr|eor|bic|mvn|ls|as|ro|rr|adr)",
        _unaligned_pc,
        "clears bits 1 and 0 of the address",
        "leaves bit 1 set in an A32 pc",
        "BXWritePC with address<1:0> == '10' is UNPREDICTABLE (DDI0406C A2.3.1)",
        oracles=("unicorn", "qemu"),
    ),
    Divergence(
        "E of MSR",
        r"^msr",
        lambda d: d.sample.name.startswith("msr") and d.names == {"E"},
        "writes CPSR.E from bit 9 when mask<1> is set",
        "never changes E in user mode",
        "CPSRWriteByInstr: the E bit is writable at any privilege (DDI0406C B1.3.3)",
    ),
    Divergence(
        "alignment",
        r"^(v?ldm|v?stm|push|pop|ldrd|strd|vldr|vstr|vpush|vpop|v(ld|st)\d|lda|stl|swp)",
        _alignment,
        "an alignment fault",
        "accesses the bytes",
        "these check alignment whatever SCTLR.A says (MemA, MemO, @align; DDI0406C A3.2.1, table A3-1)",
        oracles=("unicorn", "qemu"),
    ),
    Divergence(
        "alignment of a store exclusive that fails",
        r"^st[rl]ex",
        lambda d: (
            d.sample.name.startswith(("strex", "stlex"))
            and d.our_stop["kind"] == stops.ALIGNMENT
            and d.their_stop["kind"] == stops.BUDGET
        ),
        "an alignment fault",
        "looks at its monitor first, and stores nothing",
        "ExclusiveMonitorsPass checks alignment before the monitors (DDI0406C A8.8.212, B2.4.5)",
        oracles=("unicorn", "qemu"),
    ),
    Divergence(
        "debug registers",
        r"^(mrc|mcr|mrrc|mcrr|ldc|stc)",
        _debug_register,
        "UNDEFINED: User mode has no CP14",
        "reads some debug registers as zero, and does LDC as if it were MRRC",
        "DBGDSCR.UDCCdis decides whether User mode has access (DDI0406C C6.3)",
        oracles=("unicorn", "qemu"),
    ),
    Divergence(
        "fault in the second page of a load of many registers",
        r"^(ldm|pop)",
        _second_page,
        "tells the address of the last word, and leaves all registers as they were",
        "tells the address of the first word of that page, and has loaded the registers before it",
        "both words are refused; which is told is not defined (DDI0406C B3.13)",
        oracles=("unicorn", "qemu"),
    ),
    Divergence(
        "branch into an IT block",
        r"^(b|bl|cbz) T32",
        _into_it_block,
        "the interpreter goes on with the conditions that the block had when it was decoded",
        "goes on without conditions",
        "a branch to an instruction in an IT block is UNPREDICTABLE (DDI0406C A8.8.54)",
    ),
    Divergence(
        "fault in the second page of one store",
        r"^v?st",
        _across_pages,
        "stores nothing",
        "has stored the bytes in the first page",
        "memory is UNKNOWN where an aborted store would have written (DDI0406C B1.9.8)",
        oracles=("unicorn", "qemu"),
    ),
    Divergence(
        "VTRN of one register with itself",
        r"^vtrn",
        lambda d: d.sample.name == "vtrn" and d.sample.decoded.fields["dd"] == d.sample.decoded.fields["dm"],
        "leaves the even elements, twice each",
        "leaves the register as it was, where elements have 32 bits",
        "the contents of such a register are UNKNOWN (DDI0406C A8.8.420)",
        oracles=("unicorn", "qemu"),
    ),
    Divergence(
        "store exclusive of another size than the load",
        r"^st[rl]ex",
        _other_size,
        "fails: the monitor remembers the size",
        "stores when the bytes it compares are the same, though it may say that it failed",
        "whether such a store is marked is IMPLEMENTATION DEFINED, but a failed one stores nothing (DDI0406C A3.4.1)",
        oracles=("unicorn", "qemu"),
    ),
    Divergence(
        "short vectors",
        r"^vmsr",
        lambda d: d.our_stop["kind"] == stops.UNDEFINED and d.their_stop["kind"] == stops.BUDGET,
        "refuses to set FPSCR.Len or Stride",
        "sets them, and finds arithmetic UNDEFINED from then on",
        "there are no short vectors; to refuse early spares all arithmetic the question (DDI0406C A2.7.1)",
        oracles=("unicorn", "qemu"),
    ),
    Divergence(
        "rounding of fixed point",
        r"^vcvt_from_fixed",
        _rounded_otherwise,
        "rounds to nearest",
        "rounds as FPSCR says",
        "round_nearest = TRUE (DDI0406C A8.8.308)",
    ),
    Divergence(
        "hint within an IT block",
        r"^hint T32",
        _hint_in_it,
        "YIELD, WFE and WFI do nothing",
        "ends its run there, sometimes with an exception of its own",
        "a hint may be a no-operation (DDI0406C A8.8.424 to A8.8.426)",
    ),
    Divergence(
        "floating-point accelerator",
        r"^(cdp|ldc|stc|mcr|mrc|mcrr|mrrc)",
        lambda d: d.sample.decoded.word >> 8 & 15 in (1, 2, 9),
        "UNDEFINED: there is no coprocessor 1 or 2",
        "does as the FPA11 of the 1990s does, and takes other words, and coprocessor 9's, for that or no-operations",
        "qemu-arm brings Linux's emulator of it; coprocessors that are not there are UNDEFINED (DDI0406C A2.9)",
        oracles=("qemu",),
    ),
    Divergence(
        "UDF as a breakpoint",
        r"^udf",
        lambda d: d.our_stop["kind"] == stops.UNDEFINED and d.their_stop["kind"] == stops.BREAKPOINT,
        "UNDEFINED",
        "a breakpoint: SIGTRAP",
        "Linux takes one UDF of each set for breakpoints; the instruction is UNDEFINED (DDI0406C A8.8.247)",
        oracles=("qemu",),
    ),
    Divergence(
        "ITSTATE after a coprocessor register was read",
        r"^(mrc|mcr|mrrc|mcrr).* T32",
        lambda d: d.names == {"IT"} and d.sample.in_it and d.theirs["IT"] != 0 and d.ours["IT"] == 0,
        "ITSTATE is zero after the last instruction of a block",
        "sometimes forgets to write it before the next instruction faults",
        "ITAdvance clears ITSTATE after the last instruction (DDI0406C A2.5.2)",
        oracles=("qemu",),
    ),
]
