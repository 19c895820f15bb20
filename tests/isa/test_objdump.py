"""Our disassembly and objdump's say the same, for words drawn from every encoding.

What is only another spelling is rewritten (`spell`), on both sides where that can be; what is different on purpose is
in DIFFERENCES, with the reason. `python -m tests.isa.test_objdump 200` draws 200 words an encoding; after the count, a
seed and a file to record in may follow.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random

import pytest

from stinkarm.isa.declare import ENCODINGS, V8, Encoding
from stinkarm.isa.decode import Decoded, decoder
from stinkarm.isa.fields import ror32
from stinkarm.isa.syntax import render
from stinkarm.proof import record
from stinkarm.proof.samples import keeps_should_be, random_word
from stinkarm.proof.world import advance_it, code_bytes

from .new_case import PREFIXES

BASE = 0x10000

# (the instruction's name, objdump's text, why they differ): regular expressions, matched whole and searched.
DIFFERENCES: tuple[tuple[str, str, str], ...] = (
    ("udf", "UNDEFINED", "it knows UDF only without a condition"),
    ("ssat|usat", r"asr #?0$", "ASR #32 is encoded as 0 (A8.4.1 DecodeImmShift); it prints the 0"),
    ("memory_hint_.*", "pldw|ldrsh", "unallocated memory hints are no-operations (A5.7.1, A6.3.8)"),
    (
        "(ldr|ldrs?b|ldrs?h)_literal",
        r"t\w* r\d+|t\w* (sp|lr|pc)",
        "pc as the base makes a literal load, whatever bits 11:8 are",
    ),
    ("hint", "sevl|esb|psb|csdb|tsb|bti|pac|aut|clrbhb", "hints of later architectures are no-operations in ARMv7"),
    ("dsb", "ssbb|dfb", "options of later architectures"),
    ("dmb|dsb", r"(ish|nsh|osh)?ld$", "options of later architectures"),
    ("mov_reg", "^nop", "it calls mov r8, r8 so"),
    ("(cdp|ldc|stc|mcr|mrc|mcrr|mrrc)2?", "", "it names the instructions of coprocessors that ARMv7 does not have"),
    ("vshl_immediate", r"^vshl\w*\.s", "it calls the elements signed"),
    ("v.*", "f(ld|st)m(ia|db)x", "it keeps the names of before UAL for an odd number of words"),
    ("vmov_immediate.*", "", "it prints the immediate's eight bits, and a 32-bit pattern for double precision too"),
    ("crc32h", r"crc32h", "it takes the register rd of T32 from the wrong bits"),
    ("(ldrd|strd)_imm", r"\]$", "it leaves out a writeback of 0"),
)

_NUMBER = re.compile(r"(?<![\w.])(-?)(0x[0-9a-f]+|\d+)\b")
_PAIR = re.compile(r"^((?:ldrd|ldrexd|ldaexd|strd)\w*|st[rl]exd\w* \w+,) (r\d+|sp|lr),? ?(?=\[)")
_SHIFTED_MOVE = re.compile(r"^mov(s?)(\w*) (\w+), (\w+), (lsl|lsr|asr|ror|rrx)( .*)?$")
_PC_SUM = re.compile(r"^(add|sub)w?(eq|ne|cs|cc|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)? (\w+), pc, (-?\d+)$")
_ROTATED = re.compile(r", (\d+), (\d+)$")
_REGISTERS = (*[f"r{n}" for n in range(13)], "sp", "lr", "pc")
_APSR = {"f": "nzcvq", "s": "g", "fs": "nzcvqg"}


def spell(text: str, address: int, thumb: bool) -> str:
    """Rewrite one side's text so that equal instructions have equal texts."""
    text = re.split("[@;]", text)[0].strip().lower()
    text = re.sub(r"^(\S+?)\.[wn](?=\s|$)", r"\1", " ".join(text.split())).replace("#", "")
    text = text.replace("r13", "sp").replace("r14", "lr").replace(", ", ",").replace(",", ", ")
    text = _NUMBER.sub(lambda m: str(-int(m[2], 0) if m[1] else int(m[2], 0)), text)
    text = re.sub(r"^(nop\w*) \{0\}$", r"\1", text)
    text = _spell_rotated(text) if text.startswith("msr") else _spell_sum_with_pc(text, address, thumb)
    if "[" not in text:
        text = _NUMBER.sub(lambda m: str(int(m[0]) & 0xFFFFFFFF), text)
    text = re.sub(r"(?<=[\w\]}]), -?0\]", "]", text)
    text = _PAIR.sub(lambda m: f"{m[1]} {m[2]}, {_REGISTERS[_REGISTERS.index(m[2]) + 1]}, ", text)
    text = re.sub(r"cpsr_(fs|f|s)\b", lambda m: "apsr_" + _APSR[m[1]], text).replace("cpsr", "apsr")
    text = _SHIFTED_MOVE.sub(lambda m: f"{m[5]}{m[1]}{m[2]} {m[3]}, {m[4]}" + (f",{m[6]}" if m[6] else ""), text)
    text = re.sub(r"^neg(\w*) (\w+), (\w+)$", r"rsb\1 \2, \3, 0", text)
    return _spell_operands(_spell_multiple(text))


def _spell_rotated(text: str) -> str:
    """Write an immediate that is given as a byte and a rotation as one number."""
    return _ROTATED.sub(lambda m: f", {ror32(int(m[1]), int(m[2]))}", text)


def _spell_sum_with_pc(text: str, address: int, thumb: bool) -> str:
    """Write `add rd, pc, number` as ADR."""
    found = _PC_SUM.match(_spell_rotated(text))
    if not found:
        return text
    pc = address + 4 & ~3 if thumb else address + 8
    target = pc + int(found[4]) if found[1] == "add" else pc - int(found[4])
    return f"adr{found[2] or ''} {found[3]}, {target & 0xFFFFFFFF}"


def _spell_multiple(text: str) -> str:
    """Write PUSH and POP where they are meant, and LDM for LDMIA."""
    text = re.sub(r"^(v?)ldm(?:ia|fd)(\w*) sp!, (?={)", r"\1pop\2 ", text)
    text = re.sub(r"^(v?)ldm(eq|ne|cs|cc|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)? sp!, (?={)", r"\1pop\2 ", text)
    text = re.sub(r"^(v?)stm(?:db|fd)(\w*) sp!, (?={)", r"\1push\2 ", text)
    text = re.sub(r"^ldr(\w*) (\w+), \[sp\], 4$", r"pop\1 {\2}", text)
    text = re.sub(r"^str(\w*) (\w+), \[sp, -4\]!$", r"push\1 {\2}", text)
    return re.sub(r"^(v?)(ldm|stm)ia", r"\1\2", text)


def _spell_operands(text: str) -> str:
    """Leave out a destination that is the first operand again (the last one of MUL)."""
    name, _, operands = text.partition(" ")
    parts = operands.split(", ")
    if len(parts) >= 3 and "[" not in operands and "{" not in operands:
        if parts[0] == parts[1]:
            del parts[1]
        elif name.startswith("mul") and parts[0] == parts[2]:
            del parts[2]
    return f"{name} {', '.join(parts)}".strip()


def find_objdump() -> str | None:
    """Return the command of an ARM objdump that knows `-m armv7`."""
    return next((p + "objdump" for p in PREFIXES if shutil.which(p + "objdump")), None)


def objdump(command: str, code: bytes, thumb: bool, folder: Path, *, v8: bool = False) -> dict[int, str]:
    """Return objdump's texts by address, the code beginning at BASE; `v8`: with what ARMv8 adds."""
    path = folder / "code.bin"
    path.write_bytes(code)
    names = "reg-names-std,force-thumb" if thumb else "reg-names-std"
    options = ["-D", "-z", "-b", "binary", "-m", "armv8-a" if v8 else "armv7", "-M", names, f"--adjust-vma={BASE:#x}"]
    result = subprocess.run([command, *options, str(path)], capture_output=True, text=True, check=True)
    lines = [line.split("\t") for line in result.stdout.splitlines()]
    return {int(line[0].strip(" :"), 16): " ".join(line[2:]) for line in lines if len(line) >= 3}


def draw(encoding: Encoding, rng: Random, count: int) -> list[Decoded]:
    """Return up to `count` words of an encoding that the manual gives one meaning."""
    words = []
    for _ in range(20 * count):
        word = random_word(rng, encoding)
        decoded = decoder().decode(word, thumb=encoding.thumb, length=encoding.length, pc=BASE)
        found = decoder().find(word, thumb=encoding.thumb, length=encoding.length)
        assert found is not None, f"{encoding!r} does not find its own word {word:#x}"
        if decoded is None or decoded.encoding is not encoding or not keeps_should_be(decoded):
            continue
        # IT would change what objdump prints for the words that follow.
        if not encoding.is_unpredictable(decoded.fields) and encoding.instruction.name != "it":
            words.append(decoded)
        if len(words) == count:
            break
    return words


def compare(command: str, folder: Path, seed: int, count: int) -> tuple[Counter[str], Counter[str], list[str]]:
    """Return how many words were compared by encoding, what DIFFERENCES explained, and the other differences."""
    decoder()
    rng = Random(seed)
    compared: Counter[str] = Counter()
    explained: Counter[str] = Counter()
    found = []
    for thumb, v8 in ((False, False), (True, False), (False, True), (True, True)):
        chosen = [e for e in ENCODINGS if e.thumb == thumb and (e.extension == V8) == v8]
        words = [word for e in chosen for word in draw(e, rng, count)]
        theirs = objdump(command, code_bytes([(w.word, w.length) for w in words], thumb), thumb, folder, v8=v8)
        address = BASE
        for drawn in words:
            here = decoder().decode(drawn.word, thumb=thumb, length=drawn.length, pc=address)
            assert here is not None
            ours, text = render(here), theirs.get(address, "nothing")
            name = here.encoding.instruction.name
            compared[here.encoding.id] += 1
            if spell(ours, address, thumb) != spell(text, address, thumb):
                why = next((w for n, t, w in DIFFERENCES if re.fullmatch(n, name) and re.search(t, text)), None)
                if why is None:
                    found.append(f"{here.encoding.id} {drawn.word:0{2 * drawn.length}x}: {ours!r}, objdump {text!r}")
                else:
                    explained[why] += 1
            address += drawn.length
    return compared, explained, found


def test_objdump_prints_the_same_instructions(tmp_path: Path) -> None:
    command = find_objdump()
    if command is None:
        pytest.skip("no ARM objdump is installed (binutils-arm-linux-gnueabi)")
    compared, _, found = compare(command, tmp_path, 1, 12)
    assert not found, "\n".join(found[:40])
    assert len(compared) > 500


# Address, halfwords or word, text; what objdump prints of an archive's members.
_LISTED = re.compile(r"^ *([0-9a-f]+):\t([0-9a-f]{4}(?: [0-9a-f]{4})?|[0-9a-f]{8}) *\t(.*)$")


def listed(lines: Iterable[str]) -> Iterator[tuple[Decoded | None, int, str]]:
    """Yield the distinct instructions of a listing, decoded, with ITSTATE and objdump's text."""
    seen = set()
    itstate = 0
    for line in lines:
        found = _LISTED.match(line)
        if found is None or found[3].startswith("."):
            itstate = 0
            continue
        thumb, length = len(found[2]) != 8, 2 if len(found[2]) == 4 else 4
        word = int(found[2].replace(" ", ""), 16)
        now = itstate if thumb else 0
        itstate = word & 0xFF if length == 2 and word >> 8 == 0xBF and word & 15 else advance_it(now)
        if (word, thumb, now) not in seen:
            seen.add((word, thumb, now))
            decoded = decoder().decode(word, thumb=thumb, length=length, pc=int(found[1], 16), itstate=now)
            yield decoded, now, found[3].replace("\t", " ")


@pytest.mark.parametrize("prefix", ["arm-linux-gnueabihf-", "arm-linux-gnueabi-"])
@pytest.mark.parametrize("library", ["libm.a", "libgcc.a"])
def test_compiled_code_is_declared(prefix: str, library: str) -> None:
    """What GCC and glibc's authors wrote is declared, never UNPREDICTABLE, and has objdump's text, in IT blocks too."""
    if shutil.which(prefix + "gcc") is None:
        pytest.skip(f"{prefix}gcc is not installed")
    path = subprocess.check_output([prefix + "gcc", f"-print-file-name={library}"], text=True).strip()
    if not Path(path).is_file():
        pytest.skip(f"{prefix}gcc has no {library}")
    command = [prefix + "objdump", "-d", "-M", "reg-names-std", path]
    count = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for decoded, itstate, text in listed(process.stdout):
            count += 1
            assert decoded is not None, f"{text!r} is not declared"
            fields, encoding = decoded.fields, decoded.encoding
            assert not encoding.is_unpredictable(fields), f"{text!r} is called UNPREDICTABLE"
            name = encoding.instruction.name
            known = any(re.fullmatch(n, name) and re.search(t, text) for n, t, _ in DIFFERENCES)
            # Branches are not linked yet.
            if "<" not in text and not known:
                assert spell(render(decoded, itstate), decoded.pc, encoding.thumb) == spell(
                    text, decoded.pc, encoding.thumb
                )
    assert count > 1000


def test_any_word_has_a_text() -> None:
    """The crash report and the log disassemble whatever a guest jumped to, UNPREDICTABLE words too."""
    decoder()
    rng = Random(2)
    for encoding in ENCODINGS:
        for _ in range(20):
            word = rng.getrandbits(encoding.pattern.width) & ~encoding.pattern.mask | encoding.pattern.value
            for itstate in (0, 0x18):
                decoded = decoder().decode(
                    word, thumb=encoding.thumb, length=encoding.length, pc=0xFFFFFFFC, itstate=itstate
                )
                if decoded is not None:
                    assert render(decoded, itstate)


def main() -> int:
    """Draw as many words an encoding as the first argument says; print what differs."""
    import tempfile

    command = find_objdump()
    if command is None:
        print("no ARM objdump is installed (binutils-arm-linux-gnueabi)", file=sys.stderr)
        return 2
    count, seed = (int(argument) for argument in (sys.argv[1:3] + ["200", "1"][len(sys.argv) - 1 :])[:2])
    with tempfile.TemporaryDirectory() as folder:
        compared, explained, found = compare(command, Path(folder), seed, count)
    if len(sys.argv) > 3 and not found:
        record.add(Path(sys.argv[3]), {"objdump": compared})
    print("\n".join(found))
    print(f"{compared.total()} words of {len(compared)} encodings, {len(found)} differences")
    for why, times in explained.items():
        print(f"  {times} explained: {why}")
    stale = [why for _, _, why in DIFFERENCES if why not in explained] if count >= 200 else []
    for why in stale:
        print(f"stale, it explained nothing: {why}")
    return 1 if found or stale else 0


if __name__ == "__main__":
    sys.exit(main())
