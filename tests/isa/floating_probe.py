"""Machine code of single floating-point operations, to be compared with the exact arithmetic."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence

from llvmlite import binding as llvm

from stinkarm.engine.floating_routines import Routine, floating_text
from stinkarm.engine.reference import IntMachine
from stinkarm.engine.runtime import ATTRIBUTES
from stinkarm.guest.memory import Memory
from stinkarm.guest.state import OFFSETS, State
from stinkarm.isa.operations import Machine, Value

Meaning = Callable[..., Value]
Shape = tuple[int, int]  # width and lanes
PLACE = 16  # bytes of an operand


class Probe:
    """A meaning over operands of given shapes, to be run by the reference engine and natively."""

    def __init__(self, name: str, meaning: Meaning, shapes: Sequence[Shape]) -> None:
        self.name = name
        self.meaning = meaning
        self.shapes = shapes

    def ir(self) -> str:
        """Return a C function (state, operands, result)."""
        r = _CFunction(f"probe_{self.name}", "void", {"in": "ptr", "out": "ptr"})
        r.enter()
        operands: list[Value] = []
        for i, (width, lanes) in enumerate(self.shapes):
            t = f"i{width}" if lanes == 1 else f"<{lanes} x i{width}>"
            pointer = r._new(f"getelementptr i8, ptr %in, i64 {i * PLACE}")
            operands.append(r._shaped(width, lanes, f"load {t}, ptr {pointer}, align 1"))
        result = self.meaning(r, *operands)
        if result.width < 8:
            result = result.zext(8)
        t = f"i{result.width}" if result.lanes == 1 else f"<{result.lanes} x i{result.width}>"
        r._do(f"store {t} {result.name}, ptr %out, align 1")  # type: ignore[attr-defined]
        r.leave()
        return r.text()


class _CFunction(Routine):
    def text(self) -> str:
        """Return the function with the convention of C."""
        return super().text().replace("define internal preserve_mostcc", "define").replace("#2", "#0")

    def _host_mxcsr(self, op: str, name: str) -> None:
        pointer = self._state_pointer(name)
        out = "=" if op == "st" else ""
        self._do(f'call void asm sideeffect "{op}mxcsr $0", "{out}*m,~{{memory}}"(ptr elementtype(i32) {pointer})')

    def enter(self) -> None:
        """Do what `run` does."""
        self._host_mxcsr("st", "host_mxcsr")
        self._host_mxcsr("ld", "mxcsr")

    def leave(self) -> None:
        """Do what `leave` does."""
        self._host_mxcsr("st", "mxcsr")
        self._host_mxcsr("ld", "host_mxcsr")


class Bench:
    """Probes, compiled for one x86-64 level."""

    def __init__(self, probes: Sequence[Probe], cpu: str) -> None:
        self.probes = {probe.name: probe for probe in probes}
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        llvm.initialize_native_asmparser()
        fma = cpu != "x86-64-v2"
        text = "\n".join(
            [
                ATTRIBUTES,
                '!0 = !{!"branch_weights", i32 1, i32 100000}',
                floating_text(fma=fma),
                *[p.ir() for p in probes],
            ]
        )
        module = llvm.parse_assembly(text)
        module.verify()
        target = llvm.Target.from_default_triple()
        machine = target.create_target_machine(cpu=cpu, opt=2, codemodel="jitdefault", jit=True)
        builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=2))
        builder.getModulePassManager().run(module, builder)
        self._engine = llvm.create_mcjit_compiler(module, machine)
        self._engine.finalize_object()
        prototype = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p)
        self._functions = {p.name: prototype(self._engine.get_function_address(f"probe_{p.name}")) for p in probes}
        self._state = State()
        self._reference_state = State()
        self._memory = Memory()
        self._machine = IntMachine(self._reference_state, self._memory)

    def close(self) -> None:
        """Give the memory back."""
        self._memory.close()

    def native(self, name: str, operands: Sequence[int], fpscr: int, sticky: int = 0) -> tuple[int, int]:
        """Run natively; return the result and FPSCR. `sticky`: FPSCR flags that are in MXCSR before."""
        state = self._state
        state.fpscr = fpscr
        # What is invalid does not trap here: the code is none that the handler knows.
        state.words[OFFSETS["mxcsr"] // 4] |= 0x80 | (sticky & 1) | (sticky & 0x1E) << 1
        out = ctypes.create_string_buffer(16)
        data = b"".join(number.to_bytes(PLACE, "little") for number in operands)
        self._functions[name](state.address, data, out)
        return int.from_bytes(out.raw, "little"), state.fpscr

    def reference(self, name: str, operands: Sequence[int], fpscr: int) -> tuple[int, int]:
        """Run on the reference engine's machine; return the result and FPSCR."""
        probe = self.probes[name]
        self._reference_state.fpscr = fpscr
        values = [
            self._machine._of_bits(number, width * lanes, width)
            for number, (width, lanes) in zip(operands, probe.shapes, strict=True)
        ]
        result = probe.meaning(self._machine, *values)
        return self._machine._bits(result), self._reference_state.fpscr


def probe(name: str, shapes: Sequence[Shape], meaning: Callable[..., Value]) -> Probe:
    """Return a probe."""
    return Probe(name, meaning, shapes)


__all__ = ["Bench", "Machine", "Probe", "probe"]
