"""The LLVM IR of some handlers and regions, kept in tests/isa/golden, so that each change of it is a readable diff.

python -m tests.isa.golden        writes the files anew
"""

from __future__ import annotations

from pathlib import Path

from stinkarm.engine.generate import Generator
from stinkarm.engine.region import Code, grow
from stinkarm.isa.decode import decoder
from stinkarm.isa.syntax import disassemble, render
from stinkarm.proof.world import code_bytes

FOLDER = Path(__file__).parent / "golden"

WORDS = """
A32 e0810002  A32 e0910002  A32 e0b10002  A32 e04f0102  A32 e081f002  A32 e1a00211  A32 e1b00001  A32 e2500001
A32 e3500000  A32 e3a00001  A32 e3000001  A32 e1510002  A32 e0010392  A32 e0854392  A32 e710f211  A32 e6e80011
A32 e6510f92  A32 e6820fb1  A32 e16f0f11  A32 e5910004  A32 e5b10004  A32 e5d10001  A32 e7810102  A32 e1c100d8
A32 e8b0000e  A32 e92d4010  A32 e8bd8010  A32 e1910f9f  A32 e1812f90  A32 e1010092  A32 0a000001  A32 eb000001
A32 e12fff1e  A32 fa000000  A32 ef000000  A32 e7f000f0  A32 e10f0000  A32 e128f000  A32 f1010200
T32 1840  T32 4148  T32 2001  T32 6808  T32 b510  T32 bd10  T32 b108  T32 d0fe  T32 4770  T32 bf08  T32 df00
T32 f3610042  T32 e8d0f001  T32 f7fffffe
"""


def names() -> list[tuple[str, int, int]]:
    """Return the words as (instruction set, word, length)."""
    items = WORDS.split()
    return [(isa, int(word, 16), len(word) // 2) for isa, word in zip(items[::2], items[1::2], strict=True)]


def file_name(isa: str, word: int, length: int) -> str:
    """Return the name of a word's file."""
    return f"{isa}_{word:0{2 * length}x}.ll"


def handler_of(generator: Generator, isa: str, word: int, length: int) -> str:
    """Return the handler that a word at 0x8000 gets, with its disassembly in the first line."""
    decoded = decoder().decode(word, thumb=isa == "T32", length=length, pc=0x8000)
    assert decoded is not None, f"{isa} {word:#x} is UNDEFINED"
    for path, leaf in generator.leaves(decoded.encoding):
        if all(bool(question.evaluate(decoded.fields)) == truth for question, truth in path):
            texts = {name: text for text, name in generator.handlers.items()}
            operands = [f"{size} bytes at {offset}: {field!r}" for field, size, offset in leaf.layout]
            lines = [f"; {render(decoded)}    ({decoded.encoding!r})", *[f"; {operand}" for operand in operands]]
            return "\n".join(lines) + "\n" + texts[leaf.handler]
    raise AssertionError(f"no outcome of {decoded.encoding!r} is that of {word:#x}")


# Regions, as the words of a program at 0x8000 whose first instruction is the entry. None uses floating point, whose
# text depends on the host's processor.
REGIONS = {
    "A32_loop": ("A32", "e5810004 e2500001 1afffffc e12fff1e"),
    "A32_call_in_place": ("A32", "eb000001 e2511001 1afffffc e0800001 e12fff1e"),
    "A32_fault_in_the_middle": ("A32", "e2822001 e8a1000c e2833001 e8bd8010"),
    "A32_conditions": ("A32", "e1500001 c0822000 b0433000 e0a44005 e12fff1e"),
    "T32_it_block": ("T32", "2800 bf0c 3101 3201 6008 4770"),
    "T32_jump_table": ("T32", "2801 d805 e8dff000 0301 3101 4770 3201 4770"),
}


def region_of(isa: str, words: str) -> str:
    """Return the text of a region."""
    thumb = isa == "T32"
    items = [(int(word, 16), len(word) // 2) for word in words.split()]
    code = code_bytes(items, thumb)
    start, end = 0x8000, 0x8000 + len(code)

    def read(address: int, size: int) -> bytes | None:
        return code[address - start : address - start + size] if start <= address <= end - size else None

    program = Code(read=read, constant=read, executed=range(start, end).__contains__, thumb=thumb, v8=False)
    routines = {"redecode": 0x100, "leave": 0x200, "end_of_code": 0x300}
    region = grow(program, [start], decoder(), routines)
    assert region is not None
    addresses = [start + sum(size for _, size in items[:n]) for n in range(len(items))]
    texts = [disassemble(word, size, thumb, pc) for (word, size), pc in zip(items, addresses, strict=True)]
    lines = [f"; {pc:#x}  {' '.join(text.split())}" for pc, text in zip(addresses, texts, strict=True)]
    return "\n".join([*lines, region.text])


def main() -> None:
    """Write all files, and remove those of words that are not in the list."""
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.ll"):
        path.unlink()
    generator = Generator(decoder())
    for isa, word, length in names():
        (FOLDER / file_name(isa, word, length)).write_text(handler_of(generator, isa, word, length))
    for name, (isa, words) in REGIONS.items():
        (FOLDER / f"region_{name}.ll").write_text(region_of(isa, words))
    print(f"wrote {len(names()) + len(REGIONS)} files in {FOLDER}")


if __name__ == "__main__":
    main()
