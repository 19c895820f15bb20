"""Small ELF files made field by field, right or wrong as a test wants them."""

import struct

# mov r0, #161; mov r7, #1; svc #0
EXIT_161 = bytes.fromhex("a100a0e3 0170a0e3 000000ef")

PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_PHDR, PT_GNU_STACK = 1, 2, 3, 6, 0x6474E551
R, W, X = 4, 2, 1


def segment(data: bytes = b"", **fields: int) -> dict[str, int | bytes]:
    """One program header, and the bytes that it has in the file."""
    given = {"p_type": PT_LOAD, "p_flags": R | X, "p_vaddr": 0x8000, "p_align": 0x1000, "data": data}
    return given | fields


def elf_file(segments: list[dict[str, int | bytes]] | None = None, **fields: int | bytes) -> bytes:
    """Make an ELF file; the segments' bytes stand behind the headers, congruent to their addresses."""
    if segments is None:
        segments = [segment(EXIT_161)]
    content = bytearray(52 + 32 * len(segments))
    table = b""
    for given in segments:
        data, align = given["data"], given["p_align"]
        assert isinstance(data, bytes)
        assert isinstance(align, int)
        offset = given.get("p_offset")
        if offset is None:
            offset = len(content)
            if align > 1 and align & (align - 1) == 0:
                offset += (given["p_vaddr"] - offset) % align
            content += bytes(offset - len(content)) + data
        table += struct.pack(
            "<8I",
            given["p_type"],
            offset,
            given["p_vaddr"],
            given.get("p_paddr", given["p_vaddr"]),
            given.get("p_filesz", len(data)),
            given.get("p_memsz", len(data)),
            given["p_flags"],
            align,
        )
    header = {
        "e_ident": b"\x7fELF\1\1\1" + bytes(9),
        "e_type": 2,
        "e_machine": 40,
        "e_version": 1,
        "e_entry": 0x8000,
        "e_phoff": 52,
        "e_shoff": 0,
        "e_flags": 0x05000200,
        "e_ehsize": 52,
        "e_phentsize": 32,
        "e_phnum": len(segments),
        "e_shentsize": 40,
        "e_shnum": 0,
        "e_shstrndx": 0,
    } | fields
    content[:52] = struct.pack("<16sHHIIIIIHHHHHH", *header.values())
    content[52 : 52 + len(table)] = table
    return bytes(content)
