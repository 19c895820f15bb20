"""Unicorn (QEMU 5.0's ARM translator) as an independent judge of single instructions."""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Sequence
from typing import Any

import unicorn
from unicorn import arm_const as arm

from ..guest import stop as stops
from .outcome import Outcome
from .samples import SLOT, Sample, is_memory, is_vector
from .world import CODE, CODE_SIZE, DATA, DOUBLES, FLAGS, REGIONS, REGISTERS, code_bytes

MODE_USR = 0x10
FILLER = {0: 0xEF000000.to_bytes(4, "little"), 1: 0xDF00DF00.to_bytes(4, "little")}  # SVC #0, by CPSR.T

_REGISTERS = (
    *[getattr(arm, f"UC_ARM_REG_R{n}") for n in range(13)],
    arm.UC_ARM_REG_SP,
    arm.UC_ARM_REG_LR,
    arm.UC_ARM_REG_PC,
)
# cp, is64, sec, crn, crm, opc1, opc2
_TPIDRURW = (15, 0, 0, 13, 0, 0, 2)
_TPIDRURO = (15, 0, 0, 13, 0, 0, 3)
_CPACR = (15, 0, 0, 1, 0, 0, 2)
_DOUBLES = tuple(getattr(arm, f"UC_ARM_REG_D{n}") for n in range(32))
_SHIFT = {"N": 31, "Z": 30, "C": 29, "V": 28, "Q": 27}
_INTERRUPTS = {1: stops.UNDEFINED, 2: stops.SYSCALL, 3: stops.FETCH, 4: stops.ALIGNMENT, 7: stops.BREAKPOINT}


def pack_cpsr(values: dict[str, int]) -> int:
    """Return the CPSR of a state, user mode."""
    it = values["IT"]
    word = MODE_USR | (it & 3) << 25 | it >> 2 << 10 | values["GE"] << 16 | values["E"] << 9 | values["T"] << 5
    for name in FLAGS:
        word |= values[name] << _SHIFT[name]
    return word


def unpack_cpsr(word: int) -> dict[str, int]:
    """Return the named parts of a CPSR."""
    values = {name: word >> _SHIFT[name] & 1 for name in FLAGS}
    values["GE"] = word >> 16 & 15
    values["E"] = word >> 9 & 1
    values["T"] = word >> 5 & 1
    values["IT"] = (word >> 25 & 3) | (word >> 10 & 0x3F) << 2
    return values


class Registers:
    """Reads and writes many registers at once. Unicorn's own way takes most of a run."""

    def __init__(self, uc: Any, numbers: Sequence[int]) -> None:
        count = len(numbers)
        self.uc = uc
        self.count = ctypes.c_int(count)
        self.numbers = (ctypes.c_int * count)(*numbers)
        self.values = (ctypes.c_uint64 * count)()
        start = ctypes.addressof(self.values)
        self.pointers = (ctypes.c_void_p * count)(*[start + 8 * n for n in range(count)])

    def read(self) -> list[int]:
        """Return the registers, in the order of `numbers`."""
        if self.uc._do_reg_read_batch(self.numbers, self.pointers, self.count):
            raise RuntimeError("Unicorn cannot read its registers")
        return list(self.values)

    def write(self, values: Sequence[int]) -> None:
        """Set the registers."""
        self.values[:] = list(values)
        if self.uc._do_reg_write_batch(self.numbers, self.pointers, self.count):
            raise RuntimeError("Unicorn cannot write its registers")


class RanOn(Exception):
    """Unicorn did not stop where it was told to: the run says nothing."""


class Oracle:
    """A Cortex-A15 in user mode, or with `v8` a processor that has what ARMv8 adds.

    `memory` maps a region's start to its bytes, which may be read and written; two oracles may have the same.
    """

    def __init__(
        self,
        regions: tuple[tuple[int, int, int], ...] = REGIONS,
        *,
        v8: bool = False,
        memory_of: Oracle | None = None,
    ) -> None:
        self.uc = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_ARM)
        self.uc.ctl_set_cpu_model(arm.UC_CPU_ARM_MAX if v8 else arm.UC_CPU_ARM_CORTEX_A15)
        self.uc.reg_write(arm.UC_ARM_REG_CP_REG, (*_CPACR, 0xF << 20))
        self.uc.reg_write(arm.UC_ARM_REG_FPEXC, 1 << 30)
        self.memory: dict[int, memoryview] = {}
        self._maps: dict[int, mmap.mmap] = {}
        for start, size, prot in regions:
            pages = memory_of._maps[start] if memory_of else mmap.mmap(-1, size)
            self._maps[start] = pages
            pointer = ctypes.addressof(ctypes.c_char.from_buffer(pages))
            self.uc.mem_map_ptr(start, size, prot, pointer)
            self.memory[start] = memoryview(pages)
        self._core, self._doubles = Registers(self.uc, _REGISTERS), Registers(self.uc, _DOUBLES)
        self._interrupt = 0
        self._access: tuple[int, bool] | None = None
        self._outside: int | None = None
        self._left = self._begin = self._end = 0
        self.uc.hook_add(unicorn.UC_HOOK_CODE, self._on_code)
        self.uc.hook_add(unicorn.UC_HOOK_INTR, self._on_interrupt)
        self.uc.hook_add(unicorn.UC_HOOK_MEM_INVALID, self._on_access)

    def _on_interrupt(self, uc: Any, number: int, _data: Any) -> None:
        self._interrupt = number
        uc.emu_stop()

    def _on_access(self, _uc: Any, access: int, address: int, _size: int, _value: int, _data: Any) -> bool:
        # The rest of the instruction still runs, with its further accesses: the first is the one that counts.
        if self._access is None:
            self._access = (address, access in (unicorn.UC_MEM_WRITE_UNMAPPED, unicorn.UC_MEM_WRITE_PROT))
        return False

    def forget_code(self) -> None:
        """Drop all translations, after code has been written."""
        self.uc.ctl_flush_tb()

    def run(
        self, values: dict[str, int], words: list[tuple[int, int]], *, vector: bool = True
    ) -> tuple[dict[str, int], dict[str, int]]:
        """Run the instructions at pc, which are `words`; return (how it stopped: kind, address, write; the state then).

        Each runs once: a branch leaves them for good. FILLER must follow them. Without `vector`, D registers
        and FPSCR are left out. A run neither begins nor ends within an IT block: Unicorn keeps ITSTATE only
        while it runs.
        """
        if values["IT"]:
            raise ValueError("Unicorn cannot begin in the middle of an IT block")
        uc = self.uc
        uc.reg_write(arm.UC_ARM_REG_CPSR, pack_cpsr(values))
        numbers = [values[name] for name in REGISTERS]
        numbers[15] |= values["T"]  # writing pc also writes CPSR.T
        self._core.write(numbers)
        uc.reg_write(arm.UC_ARM_REG_CP_REG, (*_TPIDRURW, values["tpidrurw"]))
        uc.reg_write(arm.UC_ARM_REG_CP_REG, (*_TPIDRURO, values["tpidruro"]))
        if vector:
            self._doubles.write([values[name] for name in DOUBLES])
            uc.reg_write(arm.UC_ARM_REG_FPSCR, values["fpscr"])
        stop = self._run(values["pc"], values["T"], words)
        got = dict(zip(REGISTERS, self._core.read(), strict=True))
        if self._outside is not None and got["pc"] != self._outside:
            # Sometimes (around IT blocks) Unicorn cannot stop at once: then the SVC that follows stops it.
            if stop["kind"] != stops.SYSCALL or got["pc"] != self._outside + (2 if values["T"] else 4):
                raise RanOn
            got["pc"] = self._outside
            stop = {"kind": stops.BUDGET}
        got |= unpack_cpsr(uc.reg_read(arm.UC_ARM_REG_CPSR))
        got["tpidrurw"] = uc.reg_read(arm.UC_ARM_REG_CP_REG, _TPIDRURW)
        if vector:
            got |= zip(DOUBLES, self._doubles.read(), strict=True)
            got["fpscr"] = uc.reg_read(arm.UC_ARM_REG_FPSCR)
        return stop, values | got

    def _on_code(self, uc: Any, address: int, _size: int, _data: Any) -> None:
        self._left -= 1
        if self._outside is None and (self._left < 0 or not self._begin <= address < self._end):
            self._outside = address
            uc.emu_stop()

    def _run(self, pc: int, thumb: int, words: list[tuple[int, int]]) -> dict[str, int]:
        # Unicorn's own counting and its `until` fail around IT blocks and conditional instructions.
        uc = self.uc
        self._interrupt = 0
        self._access = None
        self._outside = None
        self._left = len(words)
        self._begin, self._end = pc, pc + sum(length for _, length in words)
        try:
            uc.emu_start(pc | thumb, 1 << 32)
        except unicorn.UcError as error:
            if error.errno == unicorn.UC_ERR_INSN_INVALID:
                # What a branch goes to may be undefined: that is not the branch's fault.
                inside = self._begin <= uc.reg_read(arm.UC_ARM_REG_PC) < self._end
                return {"kind": stops.UNDEFINED if inside else stops.BUDGET}
            if error.errno in (unicorn.UC_ERR_FETCH_UNMAPPED, unicorn.UC_ERR_FETCH_PROT):
                # Unicorn looks at the next instruction already: that is not this one's fault.
                moved = uc.reg_read(arm.UC_ARM_REG_PC) != pc
                return {"kind": stops.BUDGET if moved else stops.FETCH}
            if self._access is None:
                raise
            if not self._begin <= uc.reg_read(arm.UC_ARM_REG_PC) < self._end:
                raise RanOn from error
            address, write = self._access
            return {"kind": stops.FAULT, "address": address, "write": int(write)}
        if self._interrupt:
            return {"kind": _INTERRUPTS[self._interrupt]}
        return {"kind": stops.BUDGET}


def batch_code(samples: Sequence[Sample]) -> bytes:
    """Return CODE with samples in it, each in the slot that it was drawn for."""
    code = bytearray(CODE_SIZE)
    for sample in samples:
        thumb = sample.isa == "T32"
        one = code_bytes(sample.words, thumb)
        one += FILLER[thumb][: -len(one) % 4]
        at = (sample.start["pc"] & -SLOT) - CODE
        code[at : at + SLOT] = (one + FILLER[thumb] * (SLOT // 4))[:SLOT]
    return bytes(code)


class Unicorn:
    """Unicorn, as both processors of an Oracle."""

    name = "unicorn"
    isolated = False

    def __init__(self) -> None:
        self.v7 = Oracle()
        self.v8 = Oracle(v8=True, memory_of=self.v7)
        self.died: list[Sample] = []

    def close(self) -> None:
        """Nothing is held."""

    def _set(self, region: int, content: bytes) -> None:
        self.v7.memory[region][:] = content
        if region == CODE:
            self.v7.forget_code()
            self.v8.forget_code()

    def run(self, samples: Sequence[Sample], data: bytes, ours: Sequence[Outcome]) -> list[Outcome | None]:
        """Run each sample with `data` in DATA; None is what cannot be judged."""
        outcomes: list[Outcome | None] = []
        code = batch_code(samples)
        self._set(CODE, code)
        self._set(DATA, data)
        for sample in samples:
            oracle = self.v8 if sample.start["v8"] else self.v7
            try:
                stop, state = oracle.run(sample.start, sample.words, vector=is_vector(sample.name))
            except RanOn:
                outcomes.append(None)
                self._set(CODE, code)
                self._set(DATA, data)
                continue
            data_now, code_now = bytes(self.v7.memory[DATA]), None
            if data_now != data:
                self._set(DATA, data)
            if is_memory(sample.name):
                code_now = bytes(self.v7.memory[CODE])
                if code_now != code:
                    self._set(CODE, code)
            outcomes.append(Outcome(stop, state, data_now, code_now))
        return outcomes
