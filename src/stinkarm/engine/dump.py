"""Show what a region becomes, for `--dump`: its guest code, the IR, what LLVM makes of that, and the machine code."""

from __future__ import annotations

from ..isa.decode import is_wide
from ..isa.syntax import disassemble
from .compiler import Compiler
from .region import Code, Region


def describe(region: Region, code: Code, compiler: Compiler, kinds: list[str]) -> str:
    """Write the `kinds` (of regions, ir, opt, asm) of a region."""
    title = f"{region.entries[0]:#010x} ({'T32' if code.thumb else 'A32'})"
    texts = []
    for kind in kinds:
        if kind == "regions":
            text = _guest_code(region, code)
        elif kind == "ir":
            text = region.text
        elif kind == "opt":
            text = str(compiler.optimise(region.text))
        else:
            text = compiler.assembly(region.text)
        texts.append(f"; {kind} of {title}\n{text.rstrip()}\n")
    return "".join(texts)


def _guest_code(region: Region, code: Code) -> str:
    lines = ["entries " + " ".join(f"{entry:#x}" for entry in region.entries)]
    other = region.by_set[not code.thumb]
    for start, end in region.ranges:
        at = start
        while at < end:
            thumb = code.thumb != any(low <= at < high for low, high in other)
            data = code.read(at, 2 if thumb else 4)
            if data is None:
                break
            word, length = int.from_bytes(data, "little"), len(data)
            if thumb and is_wide(word) and at + 4 <= end:
                second = code.read(at + 2, 2)
                if second is not None:
                    word, length = word << 16 | int.from_bytes(second, "little"), 4
            lines.append(f"  {at:08x}  {word:0{2 * length}x}  {disassemble(word, length, thumb, at)}".rstrip())
            at += length
        lines.append("")
    return "\n".join(lines)
