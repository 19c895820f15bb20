"""Build the native interpreter: LLVM IR text -> optimised machine code -> one flat file that is mapped and run.

    python -m stinkarm.engine.build [--cpu x86-64-v2|x86-64-v3] OUTPUT

The file is a page of header (magic, symbol offsets) and then code and constants, linked so that nothing
in it depends on where it is mapped.
"""

from __future__ import annotations

import contextlib
import io
import os
import struct
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from .image import HEADER_SIZE, SYMBOLS, pack_header, pack_routines
from .modules import split
from .store import cpu_level

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

PARTS = 16  # modules: enough that processors finish at about the same time
SHF_ALLOC = 2
R_X86_64_PC32 = 2
R_X86_64_PLT32 = 4


def compile_ir(ir: str, cpu: str, *, speed: int = 2) -> bytes:
    """Return the ELF object that LLVM makes of a module."""
    from llvmlite import binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    llvm.initialize_native_asmparser()
    module = llvm.parse_assembly(ir)
    target = llvm.Target.from_triple("x86_64-unknown-linux-gnu")
    machine = target.create_target_machine(cpu=cpu, opt=speed, reloc="pic", codemodel="small")
    options = llvm.create_pipeline_tuning_options(speed_level=speed)
    builder = llvm.create_pass_builder(machine, options)
    manager = builder.getModulePassManager()
    manager.run(module, builder)
    return bytes(machine.emit_object(module))


class _Image:
    """Objects laid out one behind the other."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.symbols: dict[str, int] = {}
        self._fixes: list[tuple[int, str | int, int]] = []

    def add(self, obj: bytes) -> None:
        """Add the loaded sections of an object."""
        from elftools.elf.elffile import ELFFile
        from elftools.elf.relocation import RelocationSection
        from elftools.elf.sections import SymbolTableSection

        elf = ELFFile(io.BytesIO(obj))
        places: dict[int, int] = {}
        for index, section in enumerate(elf.iter_sections()):
            if section["sh_flags"] & SHF_ALLOC and section["sh_size"] and section.name != ".eh_frame":
                self.data += bytes(-len(self.data) % max(section["sh_addralign"], 1))
                places[index] = len(self.data)
                self.data += section.data()
        table = elf.get_section_by_name(".symtab")
        assert isinstance(table, SymbolTableSection)
        for symbol in table.iter_symbols():
            if symbol["st_shndx"] in places and symbol["st_info"]["bind"] == "STB_GLOBAL":
                self.symbols[symbol.name] = places[symbol["st_shndx"]] + symbol["st_value"]
        for section in elf.iter_sections():
            if not isinstance(section, RelocationSection) or section["sh_info"] not in places:
                continue
            for relocation in section.iter_relocations():
                symbol = table.get_symbol(relocation["r_info_sym"])
                if relocation["r_info_type"] not in (R_X86_64_PC32, R_X86_64_PLT32):
                    raise RuntimeError(f"generated code has a relocation of type {relocation['r_info_type']}")
                target: str | int = symbol.name
                if symbol["st_shndx"] in places:
                    target = places[symbol["st_shndx"]] + symbol["st_value"]
                where = places[section["sh_info"]] + relocation["r_offset"]
                self._fixes.append((where, target, relocation["r_addend"]))

    def resolve(self) -> None:
        """Fill in the distances between what refers and what is referred to."""
        for where, target, addend in self._fixes:
            if isinstance(target, str):
                if target not in self.symbols:
                    raise RuntimeError(f"generated code refers to {target!r}, which it does not contain")
                target = self.symbols[target]
            struct.pack_into("<i", self.data, where, target + addend - where)


def link(objects: Iterable[bytes]) -> tuple[bytes, dict[str, int]]:
    """Lay out objects one behind the other and resolve their references; return (image, symbol offsets)."""
    image = _Image()
    for obj in objects:
        image.add(obj)
    image.resolve()
    return bytes(image.data), image.symbols


def _compile_all(modules: list[str], cpu: str) -> list[bytes]:
    """Compile modules side by side, in processes of their own: LLVM ends the process on a fatal error."""
    with ProcessPoolExecutor(min(len(modules), os.cpu_count() or 1)) as pool:
        try:
            return list(pool.map(compile_ir, modules, [cpu] * len(modules)))
        except BrokenProcessPool:
            raise RuntimeError("LLVM ended while it compiled the interpreter (out of memory?)") from None


def build(path: str, cpu: str) -> None:
    """Build the interpreter for an x86-64 level and write it to `path` atomically."""
    from ..isa.declare import ENCODINGS
    from ..isa.decode import decoder, prove
    from .floating_routines import all_routines
    from .generate import Generator

    made = decoder()
    prove(ENCODINGS)
    ir = Generator(made, fma=cpu != "x86-64-v2").module()
    image, offsets = link(_compile_all(split(ir, PARTS), cpu))
    # What compiled regions may call, counted from `decode`, stands at the end.
    exported = {"redecode", "leave", "end_of_code", *(routine.name for routine in all_routines(fma=True))}
    routines = {name: at - offsets["decode"] for name, at in offsets.items() if name in exported}
    image += bytes(-len(image) % 16) + pack_routines(routines)
    header = pack_header([offsets[name] for name in SYMBOLS], HEADER_SIZE + len(image))
    temporary = f"{path}.{os.getpid()}.tmp"
    with contextlib.suppress(FileNotFoundError):  # left behind by one that was killed
        os.unlink(temporary)
    # Whatever the umask, nobody else may change what will be run.
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    with open(descriptor, "wb") as file:
        file.write(header + image)
        file.flush()
        os.fsync(descriptor)
    os.replace(temporary, path)


def main() -> int:
    """Build to the path given as the argument."""
    arguments = sys.argv[1:]
    cpu = cpu_level()
    if arguments[:1] == ["--cpu"]:
        cpu, arguments = arguments[1], arguments[2:]
    if len(arguments) != 1:
        print("usage: python -m stinkarm.engine.build [--cpu x86-64-v2|x86-64-v3] OUTPUT", file=sys.stderr)
        return 2
    path = arguments[0]
    began = time.monotonic()
    build(path, cpu)
    print(f"built {path} ({os.path.getsize(path) - HEADER_SIZE} bytes) in {time.monotonic() - began:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
