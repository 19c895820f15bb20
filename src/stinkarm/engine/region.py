"""Grow a region from hot code and write it as one LLVM function.

A region is what direct control flow reaches from an entry, as far as it has been executed: loops whole, both ways of a
condition, and small functions that it calls, in place. It is left for the code table: for calls that are
not taken in, returns, what was never executed, and instructions that the interpreter does. Where such a call returns
to is another entry of the region.

Instructions are known by their *places*: addresses with bit 0 set in T32, as interworking has them. A region may go
from one instruction set to the other and back; its entries are of one.

Instructions are counted a block at a time. No cycle is free of a look at the budget: a block that is reached from
one that does not stand before it begins with one, and leaves for the interpreter when the longest way to the next look
could spend it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..guest.state import FP_DEFAULT_NAN, FP_EXACT, FP_FLUSH, FP_ROUNDING, OFFSETS
from ..isa.decode import Decoder, is_wide
from ..isa.tables import TABLES
from .emit import PARAMETERS
from .jump_tables import jump_table
from .layout import ENTRY_SIZE, THUMB_TABLE
from .ordinary import CHECK, look_at_operands
from .region_builder import RegionBuilder, Unsupported
from .region_fragment import (
    BACK,
    FLAG_SLOTS,
    FP_FLAG_SLOTS,
    GE_SLOT,
    HERE,
    INEXACT,
    LATER,
    LEAVING,
    MARGIN,
    REGISTERS,
    RETURN,
    SPILL,
    STUB,
    Fragment,
    label_of,
)
from .runtime import ALWAYS, ATTRIBUTES
from .store import region_level

MOST_INSTRUCTIONS = 600
MOST_INLINED = 120  # instructions of a function that is copied to its calls
MOST_TINY = 16  # of one that is copied even if the region has more than half of what it may have
DEEPEST = 2  # such calls within calls
MOST_INCLUDED = 50  # instructions of a function that becomes part of a region that calls it
MOST_AROUND = 300  # of one that calls itself
_NEAR = 4096
MOST_OF_STUB = 8  # instructions of what only jumps on, such as an entry of a PLT
MOST_TOGETHER = 200  # instructions of a region beyond which no function is included

Key = tuple[int, tuple[int, ...]]


class Code(NamedTuple):
    """What a region is made of: guest code, read when it was asked for.

    `read(address, size)` returns bytes of executable memory, or None; `constant(address, size)` only if they are not
    writable. `executed(place)` says whether an instruction has ever run. `thumb` is the set of the entries.
    `callees(link)` lists the places of the functions that the indirect call has called which leaves `link` in LR, or
    that were called by way of a stub at the place `link`. `unusual(place)` says whether an instruction often has
    numbers that those of a region are not made for.
    """

    read: Callable[[int, int], bytes | None]
    constant: Callable[[int, int], bytes | None]
    executed: Callable[[int], bool]
    thumb: bool
    v8: bool
    callees: Callable[[int], Sequence[int]] = lambda link: ()
    unusual: Callable[[int], bool] = lambda place: False


class Region(NamedTuple):
    """IR text of a region, its entries, the code it depends on, and what its indirect calls leave in LR.

    `by_set` has where its A32 and its T32 instructions are. `entries` are addresses. `stubs` tells, of some of the
    `calls`, by way of what they call; `stub` says that it is such a way itself.
    """

    text: str
    entries: list[int]
    ranges: list[tuple[int, int]]
    instructions: int
    calls: list[int]
    by_set: tuple[list[tuple[int, int]], list[tuple[int, int]]]
    stubs: dict[int, int]
    stub: bool


class _Measure(NamedTuple):
    """How many `instructions` a function has; `alone`: it does without calls and the interpreter.

    `stub`: it is a few, and jumps on to what the instructions do not tell.
    """

    instructions: int
    alone: bool
    stub: bool


class _Growth:
    """Instructions reachable from entries, each as a fragment.

    `mixed`: something goes to an instruction of an IT block, which it then is not; a table that is none, most likely.
    """

    mixed = False

    def __init__(self, code: Code, decoder: Decoder, routines: dict[str, int], *, tables: bool = True) -> None:
        self.tables = tables
        self.code = code
        self.decoder = decoder
        self.fragments: dict[Key, Fragment] = {}
        self.entries: list[int] = []  # places, as functions are below
        self.covered: set[tuple[int, int]] = set()
        self._its: dict[Key, int] = {}
        self._gone_to: set[Key] = set()
        self._around: set[int] = set()  # functions that the first entry is in
        self._measured: dict[int, _Measure] = {}
        self._measuring = False
        self.stubs: dict[int, int] = {}  # what calls leave in LR -> the stubs that they call
        self.builder = RegionBuilder(
            routines=routines,
            literal=self._literal,
            inline=self._is_to_inline,
            include=self._is_to_include,
            callees=self._callees,
            unusual=code.unusual,
            avx=region_level() != "x86-64-v2",
        )

    def _literal(self, address: int, size: int) -> int | None:
        data = self.code.constant(address, size)
        if data is None:
            return None
        self.covered.add((address, size))
        return int.from_bytes(data, "little")

    def _fetch(self, pc: int, thumb: bool) -> tuple[int, int] | None:
        if not thumb:
            data = self.code.read(pc, 4)
            return None if data is None else (int.from_bytes(data, "little"), 4)
        data = self.code.read(pc, 2)
        if data is None:
            return None
        first = int.from_bytes(data, "little")
        if not is_wide(first):
            return first, 2
        data = self.code.read(pc + 2, 2)
        return None if data is None else (first << 16 | int.from_bytes(data, "little"), 4)

    def emit(self, key: Key) -> Fragment | None:
        """Write one instruction, or return None if the interpreter has to do it."""
        place, context = key
        pc, thumb = place & ~1, bool(place & 1)
        it = self._its.get(key, 0)
        fetched = self._fetch(pc, thumb)
        if fetched is None:
            return None
        word, size = fetched
        decoded = self.decoder.decode(word, thumb=thumb, length=size, pc=pc, itstate=it, v8=self.code.v8)
        if decoded is None or decoded.encoding.is_unpredictable(decoded.fields):
            return None
        encoding, fields = decoded.encoding, decoded.fields
        next_it = 0
        if it & 7:
            next_it = it & 0xE0 | it << 1 & 0x1F
        elif encoding.instruction.name == "it":
            next_it = word & 0xFF
        cond = ALWAYS
        if encoding.conditional:
            cond = fields["cond"]
        elif it and not encoding.unconditional:
            cond = it >> 4
        builder = self.builder
        fragment = builder.begin(place, size, it, next_it, context)
        name = encoding.instruction.name
        table = jump_table(name, fields, pc, self.code.constant, thumb=thumb) if self.tables else None

        # By a register that no return is by, or what is loaded from somewhere else than the stack.
        builder.jumps_on = table is None and fields.get("rm") != 14 and fields.get("rn") != 13

        def execute() -> None:
            if table is not None:
                if table.read[1]:
                    self.covered.add(table.read)
                places = [None if target is None else target | thumb for target in table.targets]
                builder.jump_by(table.by, [target if self._is_known(target) else None for target in places])
            encoding.execute(builder, fields)

        try:
            if cond >= ALWAYS:
                execute()
            else:
                builder.when(builder.condition(cond), execute)
        except Unsupported:
            return None
        builder.finish()
        self.covered.add((pc, size))
        return fragment

    def _is_known(self, target: int | None) -> bool:
        return target is not None and self.code.executed(target)

    def _is_to_inline(self, callee: int, context: tuple[int, ...]) -> bool:
        if self._measuring or len(context) > DEEPEST or len(self.fragments) >= MOST_INSTRUCTIONS:
            return False
        measure = self._measure(callee)
        # Large functions must not take the room of small ones, whose calls cost more than they do.
        if measure.instructions > MOST_TINY and len(self.fragments) >= MOST_INSTRUCTIONS // 2:
            return False
        if measure.stub:
            # It is worth it once something is known of where it leads.
            self.builder.calls.add(context[-1])
            self.stubs[context[-1]] = callee
            known = self._callees(context[-1])
            return any(self._is_to_inline(c, context) for c in known if not self._measure(c).stub)
        return measure.alone and measure.instructions <= MOST_INLINED

    def _is_to_include(self, callee: int) -> bool:
        if self._measuring:
            return False
        if (callee, ()) in self.fragments:
            return True
        measure = self._measure(callee)
        if callee in self._around:
            return True
        few = 0 < measure.instructions <= MOST_INCLUDED
        return len(self.fragments) < MOST_TOGETHER and few and not measure.stub

    def _measure(self, callee: int) -> _Measure:
        known = self._measured.get(callee)
        if known is None:
            if not self.code.executed(callee):
                return _Measure(0, alone=False, stub=False)
            other = _Growth(self.code, self.decoder, self.builder.routines, tables=self.tables)
            other._measuring = True
            root = self.entries[0] if self.entries else callee
            most = MOST_AROUND if callee < root < callee + _NEAR else MOST_INLINED
            count = other.grow([(callee, (1,))], most + 1)
            if count <= most and (root, (1,)) in other.fragments:
                self._around.add(callee)
            known = self._measured[callee] = _Measure(count, not other.left_out, other.is_stub())
        return known

    def is_stub(self) -> bool:
        """Say whether this is a few instructions that jump on to what they do not tell, and do not return."""
        fragments = self.fragments.values()
        returns = any(not f.jumps_on and (f.returns or (1, ()) in f.targets) for f in fragments)
        return len(fragments) <= MOST_OF_STUB and any(f.jumps_on for f in fragments) and not returns

    def _callees(self, link: int) -> list[int]:
        """List what a call is known to have called: itself, or others by way of the same stub."""
        known = list(self.code.callees(link))
        if link in self.stubs:
            known += [callee for callee in self.code.callees(self.stubs[link]) if callee not in known]
        return known

    left_out = False

    def grow(self, roots: list[Key], most: int) -> int:
        """Follow control flow from `roots`; return how many instructions there are, at most `most`."""
        stack = list(reversed(roots))
        callees: list[Key] = []
        forced = set(roots)
        while (stack or callees) and len(self.fragments) < most:
            if not stack:
                callee = callees.pop(0)
                if len(self.fragments) >= MOST_TOGETHER:
                    continue
                stack.append(callee)
            key = stack.pop()
            if key in self.fragments:
                continue
            if key not in forced and not self.code.executed(key[0]):
                continue
            fragment = self.emit(key)
            if fragment is None:
                self.left_out = True
                # The interpreter does it; what follows may be reached from there.
                continue
            self.fragments[key] = fragment
            callees += [(callee, ()) for callee in fragment.callees]
            if fragment.return_to is not None:
                self.left_out = True
                may_be_entry = bool(fragment.return_to & 1) == self.code.thumb
                if (may_be_entry or self._measuring) and self.code.executed(fragment.return_to):
                    if key[1] == ():
                        self.entries.append(fragment.return_to)
                    stack.insert(0, (fragment.return_to, key[1]))
            if fragment.jumps_on and len(key[1]) == 1 and not self._measuring:
                # Where that returns to is an entry of the region as after other calls.
                (link,) = key[1]
                if bool(link & 1) == self.code.thumb and self.code.executed(link):
                    self.entries.append(link)
                    stack.insert(0, (link, ()))
            stack.extend(reversed(fragment.targets))
            self._gone_to.update(fragment.targets)
            if fragment.falls:
                following = (fragment.next_pc, key[1])
                self._its[following] = fragment.next_it
                stack.append(following)
        self.mixed = any(self._its.get(key) for key in self._gone_to)
        return len(self.fragments)

    def by_set(self, thumb: int) -> list[tuple[int, int]]:
        """Return where instructions of one set are."""
        places = [(place, fragment) for (place, _), fragment in self.fragments.items() if place & 1 == thumb]
        return _merged({(place & ~1, fragment.next_pc - place & 7) for place, fragment in places})


def grow(code: Code, entries: list[int], decoder: Decoder, routines: dict[str, int]) -> Region | None:
    """Return the region that begins at `entries`, or None if the interpreter has to do the first one's instruction."""
    for tables in (True, False):
        growth = _Growth(code, decoder, routines, tables=tables)
        places = [entry | code.thumb for entry in entries]
        growth.entries.extend(places)
        growth.grow([(place, ()) for place in places], MOST_INSTRUCTIONS)
        if not growth.mixed:
            break
    present = [entry for entry in dict.fromkeys(growth.entries) if (entry, ()) in growth.fragments]
    present = [entry for entry in present if not growth._its.get((entry, ()), 0)]
    if growth.mixed or not present or present[0] != places[0]:
        return None
    return Region(
        _Assembly(growth, present).text(),
        [place & ~1 for place in present],
        _merged(growth.covered),
        len(growth.fragments),
        sorted(growth.builder.calls),
        (growth.by_set(0), growth.by_set(1)),
        growth.stubs,
        growth.is_stub(),
    )


def _merged(ranges: set[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return (start, end) of what (address, size) pairs cover, those that nearly touch as one."""
    merged: list[tuple[int, int]] = []
    for start, size in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], start + size))
        else:
            merged.append((start, start + size))
    return merged


_KIND = re.compile(f"{LATER}(\\d+)\\.(\\d+){LATER}")
_MARK = re.compile(f"{STUB}(\\d+){STUB}|{BACK}(\\d+){BACK}|\x04(\\d+)\x04|\x05(\\d+)\x05")


class _Assembly:
    """Puts the fragments of a region together."""

    def __init__(self, growth: _Growth, entries: list[int]) -> None:
        self.growth = growth
        self.builder = growth.builder
        self.fragments = growth.fragments
        self.entries = entries
        self.returns = [(link, ()) for link in sorted(self.builder.links) if (link, ()) in self.fragments]
        self.order = self._in_order()
        self.position = {key: i for i, key in enumerate(self.order)}
        self.exits: dict[Key, set[str]] = {}
        self.stub_texts: list[str] = []
        self.dirty = self._flow()
        self.leaders, self.checked = self._leaders()
        self.lines: list[str] = []
        self._known: set[int] = set()  # words of extension registers that hold ordinary numbers (ordinary.py)
        self._flags_known = False  # FPSCR.IXC is known to be set

    def _in_order(self) -> list[Key]:
        """Return the instructions in reverse postorder: only loops go back in it."""
        seen: set[Key] = set()
        order: list[Key] = []
        for entry in reversed(self.entries):
            stack: list[tuple[Key, bool]] = [((entry, ()), False)]
            while stack:
                key, done = stack.pop()
                if done:
                    order.append(key)
                elif key in self.fragments and key not in seen:
                    seen.add(key)
                    stack.append((key, True))
                    stack.extend((successor, False) for successor in reversed(self._successors(key)))
        return order[::-1]

    def _successors(self, key: Key) -> list[Key]:
        fragment = self.fragments[key]
        following = [(fragment.next_pc, key[1])] if fragment.falls else []
        following += [(callee, ()) for callee in fragment.callees]
        if fragment.returns:
            following += self.returns
        return [*fragment.targets, *following]

    def _flow(self) -> dict[Key, set[str]]:
        """Return which registers may differ from the state block at the beginning of each instruction."""
        dirty: dict[Key, set[str]] = {key: set() for key in self.order}
        work = list(reversed(self.order))
        while work:
            key = work.pop()
            after = dirty[key] | self.fragments[key].written
            for successor in self._successors(key):
                known = dirty.get(successor)
                if known is None:
                    self.exits.setdefault(successor, set()).update(after)
                elif not after <= known:
                    known |= after
                    work.append(successor)
        return dirty

    def _ends_block(self, key: Key) -> bool:
        fragment = self.fragments[key]
        return bool(fragment.targets or fragment.spills or fragment.callees or not fragment.falls)

    def _leaders(self) -> tuple[set[Key], set[Key]]:
        leaders: set[Key] = {(entry, ()) for entry in self.entries}
        checked: set[Key] = set()
        before: Key | None = None
        for i, key in enumerate(self.order):
            if before is None or self._ends_block(before) or self._successors(before) != [key]:
                leaders.add(key)
            for successor in self._successors(key):
                place = self.position.get(successor)
                if place is None:
                    continue
                if place != i + 1 or self._ends_block(key):
                    leaders.add(successor)
                if place <= i:
                    checked.add(successor)
            before = key
        return leaders, checked

    # Text

    def _distance(self, place: int) -> int:
        return (self._index(place) - self._index(self.entries[0])) * ENTRY_SIZE

    def _spill(self, registers: set[str] | frozenset[str]) -> list[str]:
        """Write registers to the state block."""
        lines: list[str] = []
        for slot in sorted(registers):
            if slot == GE_SLOT:
                lines += self._bits_of_ge()
                continue
            if slot == "fp0":
                lines += self._flags_of_fpscr()
                continue
            n = int(slot[1:])
            if slot[0] == "r":
                self._copy(lines, "i32", f"%{slot}", "%st", 4 * n)
                continue
            base = OFFSETS["d"]
            for kind, byte in self._pieces(n):
                from_ = f"%v{self._unique()}"
                lines.append(f"  {from_} = getelementptr inbounds i8, ptr %vfp, i64 {byte}")
                self._copy(lines, kind, from_, "%st", base + byte)
        return lines

    def _bits_of_ge(self) -> list[str]:
        """Write APSR.GE to the state block."""
        name = f"%g{self._unique()}"
        return [
            f"  {name} = load i32, ptr %{GE_SLOT}, align 4",
            f"  {name}b = and i32 {name}, {0x08040201}",  # a bit of each byte
            f"  {name}m = mul i32 {name}b, {0x01010101}",
            f"  {name}s = lshr i32 {name}m, 24",
            f"  {name}p = getelementptr inbounds i8, ptr %st, i64 {OFFSETS['ge']}",
            f"  store i32 {name}s, ptr {name}p, align 4",
        ]

    def _flags_of_fpscr(self) -> list[str]:
        """Write FPSCR's flags to the state block."""
        name = f"%q{self._unique()}"
        lines = [
            f"  {name}p = getelementptr inbounds i8, ptr %st, i64 {OFFSETS['fpscr']}",
            f"  {name}old = load i32, ptr {name}p, align 4",
            f"  {name}0 = and i32 {name}old, {0x0FFFFFFF}",
        ]
        for i, slot in enumerate(FP_FLAG_SLOTS):
            lines += [
                f"  {name}{slot} = load i32, ptr %{slot}, align 4",
                f"  {name}s{i} = shl i32 {name}{slot}, {31 - i}",
                f"  {name}{i + 1} = or i32 {name}{i}, {name}s{i}",
            ]
        return [*lines, f"  store i32 {name}4, ptr {name}p, align 4"]

    def _copy(self, lines: list[str], kind: str, source: str, target: str, offset: int) -> None:
        value = f"%s{self._unique()}"
        lines += [
            f"  {value} = load {kind}, ptr {source}, align 4",
            f"  {value}p = getelementptr inbounds i8, ptr {target}, i64 {offset}",
            f"  store {kind} {value}, ptr {value}p, align 4",
        ]

    def _read(self, lines: list[str], kind: str, offset: int, target: str) -> None:
        """Copy from the state block."""
        value = f"%s{self._unique()}"
        lines += [
            f"  {value}p = getelementptr inbounds i8, ptr %st, i64 {offset}",
            f"  {value} = load {kind}, ptr {value}p, align 4",
            f"  store {kind} {value}, ptr {target}, align 4",
        ]

    def _pieces(self, n: int) -> list[tuple[str, int]]:
        """Return how a doubleword register is copied, as types and byte offsets: as it is used."""
        widths = self.builder.widths[n]
        if widths == {4}:
            return [("float", 8 * n), ("float", 8 * n + 4)]
        return [(self.builder.kind(2 * n, 64), 8 * n)]

    _count = 0

    def _unique(self) -> int:
        self._count += 1
        return self._count

    def _fill(self, line: str, back: int) -> str:
        def replace(match: re.Match[str]) -> str:
            stub, it, here, far = match.groups()
            if stub is not None:
                return stub
            if it is not None:
                return _signed(back | int(it) << 24)
            if here is not None:
                return _signed(self._index(int(here)))
            return str(self._distance(int(far)))

        return _MARK.sub(replace, line)

    def _block(self, keys: list[Key]) -> None:
        """Write a run of instructions that is entered at its first one only."""
        first = keys[0]
        lines = self.lines
        lines.append(f"{label_of(*first)}:")
        budget = self._unique()
        lines.append(f"  %b{budget} = load i64, ptr %budget_left, align 8")
        store = f"  store i64 %d{budget}, ptr %budget_left, align 8"
        # LLVM is not to know what is left now: it would count from what was left before, and keep both in loops.
        if first in self.checked:
            # One instruction of the processor: it joins SUB and JL, not ADD and JS, which LLVM would have. What is
            # left goes the other way by way of memory: on that way an output of `callbr` may be lost.
            rest = f"movq $0, {OFFSETS['budget']}($2); jmp ${{4:l}}"
            text = f"subq $3, $0; jl 1f; .subsection 1; 1: {rest}; .previous"
            lines += [
                f'  %d{budget} = callbr i64 asm sideeffect "{text}", "=r,0,{{r12}},i,!i,~{{flags}}"'
                f"(i64 %b{budget}, ptr %st, i64 {len(keys)})",
                f"    to label %n{budget} [label %x{label_of(*first)}], !prof !3",
                f"n{budget}:",
                store,
            ]
            self._spent_text(first, len(keys))
        else:
            lines += [
                f"  %s{budget} = sub i64 %b{budget}, {len(keys)}",
                f'  %d{budget} = call i64 asm "", "=r,0"(i64 %s{budget})',
                store,
            ]
        for key in keys:
            for number, written in self.fragments[key].stubs:
                self._stub_text(number, self.dirty[key] | written)
        self._known, self._flags_known = set(), False
        for i, key in enumerate(keys):
            fragment = self.fragments[key]
            self._fragment(fragment, key, len(keys) - i)
        last = keys[-1]
        if self.fragments[last].falls:
            self._close(last)

    def _fragment(self, fragment: Fragment, key: Key, back: int) -> None:
        start = fragment.lines[0]
        self.lines.append(f"  br label %{start[:-1]}")
        for line in fragment.lines:
            first = line.lstrip()[:1]
            if first == CHECK:
                lines, known = look_at_operands(line, f"%w{self._unique()}", self._known)
                self.lines += lines
                if not fragment.conditional:
                    self._known |= known
            elif first == INEXACT:
                self._inexact(*line.split()[1:])
                self._flags_known |= not fragment.conditional
            elif first == RETURN:
                self.lines.append(self._return(*line.strip().strip(RETURN).split()))
            elif first == SPILL:
                number = int(line.strip().strip(SPILL))
                self.lines += self._spill(self.dirty[key] | fragment.spills[number])
            else:
                self.lines.append(self._filled(line, back))
        self.stub_texts += [self._filled(line, back) for line in fragment.asides]
        for slot in fragment.written:
            if slot[0] == "d":
                self._known -= {2 * int(slot[1:]), 2 * int(slot[1:]) + 1}
        if not fragment.conditional:
            self._known |= fragment.ordinary

    def _inexact(self, again: str, stay: str) -> None:
        """Have the interpreter go on while it matters whether an operation is inexact; look once a block."""
        if self._flags_known:
            self.lines.append(f"  br label %{stay}")
            return
        name = f"%m{self._unique()}"
        self.lines += [
            f"  {name}p = getelementptr inbounds i8, ptr %st, i64 {OFFSETS['fp_mode']}",
            f"  {name}w = load i32, ptr {name}p, align 4",
            f"  {name}b = and i32 {name}w, {FP_EXACT}",
            f"  {name} = icmp ne i32 {name}b, 0",
            f"  br i1 {name}, label %{again}, label %{stay}, !prof !0",
        ]

    def _filled(self, line: str, back: int) -> str:
        if LATER in line:
            line = _KIND.sub(lambda match: self.builder.kind(int(match[1]), int(match[2])), line)
        if "\x01" in line or "\x02" in line or "\x04" in line or "\x05" in line:
            return self._fill(line, back)
        return line

    def _return(self, address: str, otherwise: str, sets: str) -> str:
        """Go to where a function was called from, if that is in the region and of one of the `sets`."""
        cases = " ".join(f"i32 {key[0]}, label %{label_of(*key)}" for key in self.returns if str(key[0] & 1) in sets)
        return f"  switch i32 {address}, label %{otherwise} [ {cases} ]"

    def _close(self, key: Key) -> None:
        following = (self.fragments[key].next_pc, key[1])
        self.lines.append(f"  br label %{label_of(*following)}")

    def _stub_text(self, number: int, registers: set[str]) -> None:
        self.stub_texts += [f"f{number}:", HERE, *self._spill(registers), "  br label %again"]

    def _spent_text(self, key: Key, count: int) -> None:
        """Leave for the interpreter at a block that was counted: the budget is nearly spent."""
        it = self.growth._its.get(key, 0)
        self.stub_texts += [
            f"x{label_of(*key)}:",
            *self._read_budget(),
            f"  store i32 {_signed(self._index(key[0]))}, ptr %fault_ip, align 4",
            self._fill(f"  store i32 {BACK}{it}{BACK}, ptr %fault_info, align 4", count),
            *self._spill(self.dirty[key]),
            "  br label %again",
        ]

    def _read_budget(self) -> list[str]:
        lines: list[str] = []
        self._read(lines, "i64", OFFSETS["budget"], "%budget_left")
        return lines

    def _exit_text(self, key: Key, registers: set[str]) -> list[str]:
        builder = self.builder
        builder.lines = []
        ip = builder._new(f"getelementptr i8, ptr %ip, i64 {self._distance(key[0])}")
        it = self.growth._its.get(key, 0)
        if it:
            # The interpreter need not have decoded this IT block.
            n, z, c, v = builder.flag_words()
            budget = builder.budget()
            builder._store_state("itstate", str(it))
            self._redecode(f"ptr %st, ptr %mem, ptr {ip}, ptr %base, i64 {budget}, i32 {n}, i32 {z}, i32 {c}, i32 {v}")
        else:
            builder.leave(ip)
        return [f"{label_of(*key)}:", *self._spill(registers), *builder.lines]

    def _again(self) -> list[str]:
        """Return the end of all stubs: the interpreter does an instruction again."""
        builder = self.builder
        builder.lines = []
        n, z, c, v = builder.flag_words()
        number = builder._new(f"zext i32 {builder._load_state('fault_ip')} to i64")
        table = builder._new(f"load ptr, ptr {builder._state_pointer('table')}, align 8")
        ip = builder._new(f"getelementptr [{ENTRY_SIZE} x i8], ptr {table}, i64 {number}")
        info = builder._load_state("fault_info")
        back = builder._new(f"zext i32 {builder._new(f'and i32 {info}, 65535')} to i64")
        budget = builder._new(f"add i64 {builder.budget()}, {back}")
        builder._store_state("itstate", builder._new(f"lshr i32 {info}, 24"))
        self._redecode(f"ptr %st, ptr %mem, ptr {ip}, ptr %base, i64 {budget}, i32 {n}, i32 {z}, i32 {c}, i32 {v}")
        return ["again:", *builder.lines]

    def _redecode(self, arguments: str) -> None:
        """Have the interpreter decode and do the instruction in `arguments`, whatever stands in the code table."""
        builder = self.builder
        redecode = builder._new(f"getelementptr i8, ptr %base, i64 {builder.routines['redecode']}")
        builder._do(f"musttail call preserve_nonecc void {redecode}({arguments})")
        builder._do("ret void")

    def text(self) -> str:
        """Return the module."""
        self._blocks()
        exits = []
        for key, registers in self.exits.items():
            exits += self._exit_text(key, registers)
        again = self._again() if self.stub_texts else []
        counted: list[str] = []
        self.builder.lines = counted
        self.builder.leave_counted()
        parameters = PARAMETERS.replace("ptr %st", "ptr noalias %st").replace("ptr %ip", "ptr %ip0")
        define = f"define hidden preserve_nonecc void @region({parameters}) #0 align 16 {{"
        text = "\n".join(
            [
                'target triple = "x86_64-unknown-linux-gnu"',
                *_declarations(),
                *(_table_text(table) for table in sorted(self.builder.tables)),
                define,
                *self._prologue(),
                *self.lines,
                *self.stub_texts,
                *exits,
                *again,
                *counted,
                "}\n",
            ]
        )
        return text.replace(MARGIN, str(len(self.fragments)))

    def _blocks(self) -> None:
        run: list[Key] = []
        for key in self.order:
            if key in self.leaders and run:
                self._block(run)
                run = []
            run.append(key)
        if run:
            self._block(run)

    def _prologue(self) -> list[str]:
        lines = ["entry:", "  %budget_left = alloca i64, align 8"]
        slots = (*REGISTERS, *FLAG_SLOTS, *FP_FLAG_SLOTS, GE_SLOT, *LEAVING)
        lines += [f"  %{slot} = alloca i32, align 4" for slot in slots]
        lines.append("  %leaving_for = alloca ptr, align 8")
        lines.append("  %vfp = alloca [256 x i8], align 16")
        lines += [
            f"  %fault_ip = getelementptr inbounds i8, ptr %st, i64 {OFFSETS['fault_ip']}",
            f"  %fault_info = getelementptr inbounds i8, ptr %st, i64 {OFFSETS['fault_info']}",
            f"  %short = icmp sle i64 %budget, {len(self.fragments)}",
        ]
        refuse = "%short"
        if self.builder.uses_floating:
            lines += [
                f"  %modep = getelementptr inbounds i8, ptr %st, i64 {OFFSETS['fp_mode']}",
                "  %mode = load i32, ptr %modep, align 4",
                f"  %unusual_bits = and i32 %mode, {FP_FLUSH | FP_ROUNDING | FP_DEFAULT_NAN}",
                "  %unusual = icmp ne i32 %unusual_bits, 0",
                "  %refused = or i1 %short, %unusual",
            ]
            refuse = "%refused"
        lines += [f"  br i1 {refuse}, label %refuse, label %begin, !prof !0", "refuse:"]
        redecode = self.builder.routines["redecode"]
        lines += [
            f"  %redecode = getelementptr i8, ptr %base, i64 {redecode}",
            "  musttail call preserve_nonecc void %redecode(ptr %st, ptr %mem, ptr %ip0, ptr %base, i64 %budget, "
            "i32 %n, i32 %z, i32 %c, i32 %v)",
            "  ret void",
            "begin:",
            f"  %more = sub i64 %budget, {MARGIN}",
            "  store i64 %more, ptr %budget_left, align 8",
            "  store i32 %n, ptr %fn, align 4",
            "  store i32 %z, ptr %fz, align 4",
            "  store i32 %c, ptr %cx, align 4",
            "  store i32 1, ptr %cy, align 4",
            "  %v0 = and i32 %v, -2147483648",
            "  store i32 %v0, ptr %vx, align 4",
            "  store i32 1, ptr %vy, align 4",
            "  %l0 = xor i32 %n, %v",
            "  store i32 %l0, ptr %lx, align 4",
            "  store i32 0, ptr %ly, align 4",
        ]
        if len(self.entries) == 1:
            arrival = self._arrival(self.entries[0])
            return [*lines, "  %ip = getelementptr i8, ptr %ip0, i64 0", *arrival]
        cases = " ".join(f"i32 {self._index(entry)}, label %at{i}" for i, entry in enumerate(self.entries) if i)
        lines += [
            f"  %tablep = getelementptr inbounds i8, ptr %st, i64 {OFFSETS['table']}",
            "  %table = load ptr, ptr %tablep, align 8",
            "  %here = ptrtoint ptr %ip0 to i64",
            "  %start = ptrtoint ptr %table to i64",
            "  %wide_index = sub i64 %here, %start",
            f"  %index64 = lshr i64 %wide_index, {ENTRY_SIZE.bit_length() - 1}",
            "  %index = trunc i64 %index64 to i32",
            f"  %ip = getelementptr i8, ptr %table, i64 {self._index(self.entries[0]) * ENTRY_SIZE}",
            f"  switch i32 %index, label %at0 [ {cases} ]",
        ]
        for i, entry in enumerate(self.entries):
            lines += [f"at{i}:", *self._arrival(entry)]
        return lines

    def _arrival(self, entry: int) -> list[str]:
        """Read the registers and begin at an entry. Each has this for itself: what it does not need is not read."""
        lines: list[str] = []
        for n, slot in enumerate(REGISTERS):
            self._read(lines, "i32", 4 * n, f"%{slot}")
        if self.builder.uses_flags:
            word = f"%s{self._unique()}"
            lines += [
                f"  {word}p = getelementptr inbounds i8, ptr %st, i64 {OFFSETS['fpscr']}",
                f"  {word} = load i32, ptr {word}p, align 4",
            ]
            for i, slot in enumerate(FP_FLAG_SLOTS):
                lines += [
                    f"  {word}{slot} = lshr i32 {word}, {31 - i}",
                    f"  {word}b{i} = and i32 {word}{slot}, 1",
                    f"  store i32 {word}b{i}, ptr %{slot}, align 4",
                ]
        if self.builder.uses_ge:
            bits = f"%s{self._unique()}"
            lines += [
                f"  {bits}p = getelementptr inbounds i8, ptr %st, i64 {OFFSETS['ge']}",
                f"  {bits} = load i32, ptr {bits}p, align 4",
                f"  {bits}m = mul i32 {bits}, {0x00204081}",  # a bit to each byte
                f"  {bits}b = and i32 {bits}m, {0x01010101}",
                f"  {bits}w = mul i32 {bits}b, 255",
                f"  store i32 {bits}w, ptr %{GE_SLOT}, align 4",
            ]
        for n in sorted(self.builder.widths):
            for kind, byte in self._pieces(n):
                at = f"%v{self._unique()}"
                lines.append(f"  {at} = getelementptr inbounds i8, ptr %vfp, i64 {byte}")
                self._read(lines, kind, OFFSETS["d"] + byte, at)
        return [*lines, f"  br label %{label_of(entry, ())}"]

    @staticmethod
    def _index(place: int) -> int:
        """Return the number of an instruction's entry in the code table: 32 bits."""
        return THUMB_TABLE // ENTRY_SIZE + (place >> 1) if place & 1 else place >> 2


def _signed(word: int) -> str:
    return str(word - (1 << 32) if word >> 31 else word)


def _declarations() -> list[str]:
    return [
        ATTRIBUTES,
        "!llvm.module.flags = !{!1}",
        '!1 = !{i32 1, !"override-stack-alignment", i32 8}',
        '!0 = !{!"branch_weights", i32 1, i32 100000}',
        '!2 = !{!"branch_weights", i32 31, i32 1}',
        '!3 = !{!"branch_weights", i32 100000, i32 1}',
    ]


def _table_text(name: str) -> str:
    width, entries = TABLES[name]
    items = ", ".join(f"i{width} {entry}" for entry in entries)
    return f"@table_{name} = internal constant [{len(entries)} x i{width}] [ {items} ], align 64"
