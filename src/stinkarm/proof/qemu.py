"""qemu-arm as an independent judge of single instructions: many in one process, which `qemu_driver.c` is in.

The driver enters each sample by returning from a signal handler with the sample's registers, and has them again in the
signal that ends it. Nothing stops qemu-arm after one instruction but what follows: all other code raises a signal too.
"""

from __future__ import annotations

import contextlib
import shutil
import signal
import struct
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ..guest import stop as stops
from ..toolchain import build
from .oracle import pack_cpsr, unpack_cpsr
from .outcome import Outcome
from .samples import SLOT, Sample, is_memory
from .world import CODE, CODE_SIZE, DATA, DOUBLES, REGISTERS, code_bytes

DRIVER = Path(__file__).with_name("qemu_driver.c")
DRIVER_BASE = 0x5A5A0000
_BUILD = ("-marm", "-O1", "-nostdlib", "-ffreestanding")
CPUS = {0: "cortex-a15", 1: "max"}

# UDF in A32; in T32 the lower halfword is UDF and the upper one a branch to the next halfword, which is that UDF.
FILL = 0xE7FFDEFF
THUMB_FILL = 0xDE00
MOST_SAMPLES = 2048  # MOST_SAMPLES of the driver

# Where something of qemu-arm's own, of its guest's stack or of the driver may be: what samples find there is not ours.
_OTHERS = ((0x3F000000, 0x42000000), (DRIVER_BASE, DRIVER_BASE + 0x400000), (0xFFFF0000 - 64, 1 << 32))

_SAMPLE = struct.Struct(f"<5I15I I {SLOT}s 32Q")
_RESULT = struct.Struct("<6I15I I 32Q I")
_SIGNALS = {
    signal.SIGILL: stops.UNDEFINED,
    signal.SIGTRAP: stops.BREAKPOINT,
    signal.SIGSEGV: stops.FAULT,
    signal.SIGBUS: stops.ALIGNMENT,
}
_SECONDS = 60


class QemuMissing(Exception):
    """qemu-arm, or a compiler for the driver, is not installed; the message says what to install."""


def slot_bytes(sample: Sample) -> bytes:
    """Return the code of a sample and what stops it, as large as a slot."""
    thumb = sample.isa == "T32"
    code = code_bytes(sample.words, thumb)
    if thumb:
        return code + THUMB_FILL.to_bytes(2, "little") * ((SLOT - len(code)) // 2)
    return code + FILL.to_bytes(4, "little") * ((SLOT - len(code)) // 4)


def slot_of(sample: Sample) -> int:
    """Return the address of the slot that a sample was drawn for."""
    return sample.start["pc"] & -SLOT


def empty_code() -> bytes:
    """Return CODE without a sample in it."""
    return FILL.to_bytes(4, "little") * (CODE_SIZE // 4)


def is_judged(sample: Sample, ours: Outcome) -> bool:
    """Say whether a run in qemu-arm tells anything about a sample."""
    start, stop = sample.start, ours.stop
    if start["E"] or stop["kind"] == stops.SYSCALL:
        return False  # signal frames cannot set E; a system call would be made
    pc = ours.state["pc"]
    ended = start["pc"] + sum(length for _, length in sample.words)
    if stop["kind"] == stops.BUDGET and start["pc"] - 2 <= pc < ended:
        return False  # a branch to itself, or back (from the upper halfword of FILL as well): nothing stops it
    if sample.name == "hint":
        return False  # WFI, WFE and YIELD end the instruction loop of qemu-arm
    places = [pc, *([stop["address"]] if "address" in stop else [])]
    if is_memory(sample.name):
        places.append(start[REGISTERS[sample.decoded.fields.get("rn", 13)]])
    return not any(low <= place < high for place in places for low, high in _OTHERS)


class Qemu:
    """qemu-arm, as a Cortex-A15 and as its `max` processor."""

    name = "qemu"
    isolated = True

    def __init__(self) -> None:
        self.command = shutil.which("qemu-arm")
        if self.command is None:
            raise QemuMissing("qemu-arm is not installed; Debian has it in qemu-user")
        self.folder = tempfile.TemporaryDirectory(prefix="stinkarm-fuzz-")
        self.driver = str(Path(self.folder.name) / "driver")
        from ..status import Failed

        try:
            build(str(DRIVER), self.driver, extra=(*_BUILD, f"-Wl,-Ttext-segment={DRIVER_BASE:#x}"))
        except Failed as error:
            self.folder.cleanup()
            raise QemuMissing(str(error)) from error
        self.died: list[Sample] = []  # ended qemu-arm, or did not end

    def close(self) -> None:
        """Remove the driver."""
        self.folder.cleanup()

    def run(self, samples: Sequence[Sample], data: bytes, ours: Sequence[Outcome]) -> list[Outcome | None]:
        """Run each sample with `data` in DATA; None is what cannot be judged."""
        outcomes: list[Outcome | None] = [None] * len(samples)
        for v8, cpu in CPUS.items():
            places = [n for n, s in enumerate(samples) if s.start["v8"] == v8 and is_judged(s, ours[n])]
            while places:
                some = places[:MOST_SAMPLES]
                results = self._run(cpu, [samples[n] for n in some], data)
                for n, result in zip(some, results, strict=False):
                    outcomes[n] = self._outcome(samples[n], result, data, ours[n])
                done = len(results)
                if done < len(some):
                    self.died.append(samples[some[done]])
                    done += 1
                places = places[done:]
        return outcomes

    def _run(self, cpu: str, samples: list[Sample], data: bytes) -> list[tuple[tuple[int, ...], list[int]]]:
        """Run samples in one process; what comes back is shorter when one of them ends it."""
        given = FILL.to_bytes(4, "little") + data + b"".join(self._pack(sample) for sample in samples)
        command = [str(self.command), "-cpu", cpu, self.driver]
        with tempfile.TemporaryFile() as told:
            # The sample that hangs is the one whose result is missing.
            with contextlib.suppress(subprocess.TimeoutExpired):
                subprocess.run(
                    command, input=given, stdout=told, stderr=subprocess.DEVNULL, timeout=_SECONDS, check=False
                )
            told.seek(0)
            return self._unpack(told.read())

    @staticmethod
    def _pack(sample: Sample) -> bytes:
        start = sample.start
        return _SAMPLE.pack(
            *(slot_of(sample), start["pc"], pack_cpsr(start)),
            *(start["tpidrurw"], start["tpidruro"]),
            *[start[name] for name in REGISTERS[:15]],
            start["fpscr"],
            slot_bytes(sample),
            *[start[name] for name in DOUBLES],
        )

    @staticmethod
    def _unpack(told: bytes) -> list[tuple[tuple[int, ...], list[int]]]:
        results = []
        at = 0
        while at + _RESULT.size <= len(told):
            result = _RESULT.unpack_from(told, at)
            at += _RESULT.size
            size = 8 * result[-1]
            if at + size > len(told):
                break
            results.append((result, list(struct.unpack_from(f"<{size // 4}I", told, at))))
            at += size
        return results

    @staticmethod
    def _outcome(
        sample: Sample, result: tuple[tuple[int, ...], list[int]], data: bytes, ours: Outcome
    ) -> Outcome | None:
        (number, _, address, pc, cpsr, tpidrurw, *registers), changes = result
        state = sample.start | dict(zip(REGISTERS[:15], registers, strict=False)) | unpack_cpsr(cpsr)
        state |= {"tpidrurw": tpidrurw, "fpscr": registers[15]}
        state |= dict(zip(DOUBLES, registers[16:48], strict=True))
        ended = sample.start["pc"] + sum(length for _, length in sample.words)
        if number == signal.SIGFPE:
            return None  # qemu-arm's floating-point accelerator of the 1990s
        stop = {"kind": _SIGNALS[signal.Signals(number)]}
        if not sample.start["pc"] <= pc < ended:
            stop = {"kind": stops.BUDGET}
            if state["T"] and pc & 3 == 0 and ours.state["pc"] == pc - 2:
                pc -= 2  # the upper halfword of FILL
        elif stop["kind"] in (stops.FAULT, stops.ALIGNMENT):
            stop["address"] = address
        state["pc"] = pc
        memory = {DATA: bytearray(data), CODE: bytearray(empty_code())}
        at = slot_of(sample) - CODE
        memory[CODE][at : at + SLOT] = slot_bytes(sample)
        for place, word in zip(changes[::2], changes[1::2], strict=True):
            start = DATA if place >= DATA else CODE
            memory[start][place - start : place - start + 4] = word.to_bytes(4, "little")
        return Outcome(stop, state, bytes(memory[DATA]), bytes(memory[CODE]) if is_memory(sample.name) else None)
