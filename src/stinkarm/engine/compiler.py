"""Region -> machine code: LLVM IR text to a position-independent piece that is mapped near the interpreter."""

from __future__ import annotations

import struct
from functools import cache

from .piece import ALIGNMENT, Piece

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .region import Region

FAULT_RECORD = 16  # distance to the access, distance to its stub, two words for the state block


class CompileError(Exception):
    """LLVM does not take a region."""


_SHT_RELA = 4
_SHF_ALLOC = 2
_SHN_ABS = 0xFFF1
_R_PC32 = (2, 4)  # R_X86_64_PC32, R_X86_64_PLT32


def link(obj: bytes) -> tuple[bytes, dict[str, tuple[int, int]]]:
    """Lay out the loaded sections of one ELF object; return the bytes and (offset, size) of each section by name."""
    (shoff,) = struct.unpack_from("<Q", obj, 40)
    shnum, shstrndx = struct.unpack_from("<HH", obj, 60)
    sections = [struct.unpack_from("<IIQQQQIIQQ", obj, shoff + 64 * i) for i in range(shnum)]
    names_at = sections[shstrndx][4]

    def name_of(at: int) -> str:
        return obj[at : obj.index(b"\0", at)].decode()

    data = bytearray()
    places: dict[int, int] = {}
    by_name: dict[str, tuple[int, int]] = {}
    # .text first, so that the code begins the piece.
    order = sorted(range(shnum), key=lambda i: name_of(names_at + sections[i][0]) != ".text")
    for i in order:
        name, kind, flags, _, offset, size, _, _, align, _ = sections[i]
        text = name_of(names_at + name)
        if not flags & _SHF_ALLOC or not size or text == ".eh_frame":
            continue
        if align > ALIGNMENT:
            raise CompileError(f"a section of a region that wants to stand at a multiple of {align}")
        data += bytes(-len(data) % max(align, 1))
        places[i] = len(data)
        by_name[text] = (len(data), size)
        data += bytes(size) if kind == 8 else obj[offset : offset + size]
    symbols = next(s for s in sections if s[1] == 2)
    for _, kind, _, _, offset, size, _, info, _, _ in sections:
        if kind != _SHT_RELA or info not in places:
            continue
        for at in range(offset, offset + size, 24):
            where, what, addend = struct.unpack_from("<QQq", obj, at)
            _, _, _, section, value, _ = struct.unpack_from("<IBBHQQ", obj, symbols[4] + 24 * (what >> 32))
            if what & 0xFFFFFFFF not in _R_PC32 or section not in places:
                raise CompileError(f"a relocation of type {what & 0xFFFFFFFF} in a region")
            place = places[info] + where
            struct.pack_into("<i", data, place, places[section] + value + addend - place)
    return bytes(data), by_name


@cache
def _set_options() -> None:
    """Tell LLVM, once in a process, what is not among the options of a target machine."""
    from llvmlite import binding as llvm

    # Loop strength reduction makes a register of each address in a loop. Here they are ARM registers plus a number,
    # which x86's addressing modes do, and registers are what there is least of: without it, code is faster by 5% and
    # compiled in a tenth less time.
    llvm.set_option("", "-disable-lsr")


class Compiler:
    """Compiles regions for one kind of host processor.

    `speed` is at least 1: without optimisation, LLVM's register allocator loses values on the way to a stub.
    """

    def __init__(self, cpu: str, speed: int = 2) -> None:
        from llvmlite import binding as llvm

        _set_options()
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        llvm.initialize_native_asmparser()
        self._llvm = llvm
        target = llvm.Target.from_triple("x86_64-unknown-linux-gnu")
        self._machine = target.create_target_machine(cpu=cpu, opt=speed, reloc="pic", codemodel="small")
        self._options = llvm.create_pipeline_tuning_options(speed_level=speed)
        self._options.loop_vectorization = self._options.slp_vectorization = False
        self._options.loop_unrolling = False

    def optimise(self, text: str) -> object:
        """Return the optimised module of IR text."""
        llvm = self._llvm
        try:
            module = llvm.parse_assembly(text)
        except RuntimeError as error:
            raise CompileError(str(error)) from None
        # Most of LLVM's own sequence finds nothing to do in a region, and takes five times as long.
        builder = llvm.create_pass_builder(self._machine, self._options)
        manager = llvm.create_new_function_pass_manager()
        manager.add_sroa_pass()
        manager.add_simplify_cfg_pass()
        manager.add_instruction_combine_pass()
        manager.add_jump_threading_pass()
        manager.add_aggressive_dce_pass()
        manager.add_simplify_cfg_pass()
        manager.run(module.get_function("region"), builder)
        return module

    def assembly(self, text: str) -> str:
        """Return the assembly of IR text."""
        return str(self._machine.emit_assembly(self.optimise(text)))

    def compile(self, region: Region) -> Piece:
        """Compile a region."""
        obj = bytes(self._machine.emit_object(self.optimise(region.text)))
        code, sections = link(obj)
        faults, size = sections.get(".faults", (0, 0))
        return Piece(code, faults, size // FAULT_RECORD, region.entries, region.ranges, region.instructions)
