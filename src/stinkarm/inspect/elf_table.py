"""The headers of an ELF program as a table (`--log elf`)."""

from __future__ import annotations

from stinkarm.guest.elf import E_MACHINES, ET_DYN, PF_R, PF_W, PF_X, Elf


def elf_table(elf: Elf) -> str:
    """Write the ELF header and the program headers, to follow the stamp of a log line."""
    return "\\\n" + "\n".join([*_header_lines(elf), "", *_program_header_lines(elf), ""])


def _header_lines(elf: Elf) -> list[str]:
    magic = ", ".join(f"{byte:02x}" for byte in elf.e_ident[:4])
    fields = (
        ("Magic", f"[{magic}]"),
        ("Class", "ELF32"),
        ("Data", "Little endian"),
        ("Type", "Shared object (PIE)" if elf.e_type == ET_DYN else "Executable"),
        ("Machine", E_MACHINES.get(elf.e_machine, str(elf.e_machine))),
        ("Version", str(elf.e_version)),
        ("Entry point", f"{elf.e_entry:#x}"),
        ("Program hdr offset", f"{elf.e_phoff} ({elf.e_phentsize} bytes each)"),
        ("Section hdr offset", str(elf.e_shoff)),
        ("Flags", f"0x{elf.e_flags:08x}"),
        ("EH size", str(elf.e_ehsize)),
        ("# Program headers", str(elf.e_phnum)),
        ("# Section headers", str(elf.e_shnum)),
        ("Str tbl index", str(elf.e_shstrndx)),
    )
    return ["ELF Header:", *(f"  {name + ':':<19} {value}" for name, value in fields)]


def _program_header_lines(elf: Elf) -> list[str]:
    width = max(8, *(len(header.type_name) for header in elf.program_headers))
    columns = f"{'Offset':>8} {'VirtAddr':>10} {'PhysAddr':>10} {'FileSz':>8} {'MemSz':>8} {'Flags':>6}"
    lines = ["Program Headers:", f"  {'Type':<{width}} {columns} {'Align':>6}"]
    for header in elf.program_headers:
        flags = [letter for letter, bit in (("R", PF_R), ("W", PF_W), ("X", PF_X)) if header.p_flags & bit]
        lines.append(
            f"  {header.type_name:<{width}} 0x{header.p_offset:06x} 0x{header.p_vaddr:08x} "
            f"0x{header.p_paddr:08x} 0x{header.p_filesz:06x} 0x{header.p_memsz:06x} "
            f"{'|'.join(flags) or '-':>6} {hex(header.p_align):>6}"
        )
    return lines
