"""Build the native interpreter: LLVM IR text -> optimised machine code -> one flat file that is mapped and run.

    python -m stinkarm.engine.build [--cpu x86-64-v2|x86-64-v3] OUTPUT

The file is a page of header (magic, symbol offsets) and then code and constants, linked so that nothing
in it depends on where it is mapped.
"""

from __future__ import annotations

import io
import os
import struct
import sys
import time

from .image import HEADER_SIZE, SYMBOLS, pack_header
from .store import cpu_level

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


def link(obj: bytes) -> tuple[bytes, dict[str, int]]:
    """Lay out the loaded sections of an object and resolve its references; return (image, symbol offsets)."""
    from elftools.elf.elffile import ELFFile
    from elftools.elf.relocation import RelocationSection
    from elftools.elf.sections import SymbolTableSection

    elf = ELFFile(io.BytesIO(obj))
    image = bytearray()
    places: dict[int, int] = {}
    for index, section in enumerate(elf.iter_sections()):
        if section["sh_flags"] & 2 and section["sh_size"] and section.name != ".eh_frame":  # SHF_ALLOC
            image += bytes(-len(image) % max(section["sh_addralign"], 1))
            places[index] = len(image)
            image += section.data()
    symbols = elf.get_section_by_name(".symtab")
    assert isinstance(symbols, SymbolTableSection)
    for section in elf.iter_sections():
        if not isinstance(section, RelocationSection) or section["sh_info"] not in places:
            continue
        base = places[section["sh_info"]]
        for relocation in section.iter_relocations():
            symbol = symbols.get_symbol(relocation["r_info_sym"])
            if symbol["st_shndx"] not in places:
                raise RuntimeError(f"generated code refers to {symbol.name!r}, which it does not contain")
            if relocation["r_info_type"] not in (R_X86_64_PC32, R_X86_64_PLT32):
                raise RuntimeError(f"generated code has a relocation of type {relocation['r_info_type']}")
            where = base + relocation["r_offset"]
            value = places[symbol["st_shndx"]] + symbol["st_value"] + relocation["r_addend"] - where
            struct.pack_into("<i", image, where, value)
    offsets = {s.name: places[s["st_shndx"]] + s["st_value"] for s in symbols.iter_symbols() if s["st_shndx"] in places}
    return bytes(image), offsets


def build(path: str, cpu: str) -> None:
    """Build the interpreter for an x86-64 level and write it to `path` atomically."""
    from ..isa.decode import decoder
    from .generate import Generator

    ir = Generator(decoder(), fma=cpu != "x86-64-v2").module()
    image, offsets = link(compile_ir(ir, cpu))
    data = pack_header([offsets[name] for name in SYMBOLS]) + image
    temporary = f"{path}.{os.getpid()}.tmp"
    with open(temporary, "wb") as file:
        file.write(data)
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
