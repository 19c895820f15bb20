"""Print a ready case line: assemble (ARM binutils needed), run, and write down what changed.

    python -m tests.isa.new_case A32/T32 "adcs r0, r1, r2" r1=1 r2=2 C=1
    python -m tests.isa.new_case A32 0xe0b10002 r1=1 r2=2 C=1

The state after comes from Unicorn (else from the reference engine), and a second line is printed for
each engine that disagrees. `;` separates several instructions. Several cases can be read from standard
input, one a line: `A32 adcs r0, r1, r2 | r1=1 r2=2 C=1`.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from stinkarm.guest import stop as stops
from stinkarm.proof.world import (
    CODE,
    DATA,
    DATA_SIZE,
    FLAGS,
    NAMES,
    World,
    code_bytes,
    engine_names,
)

from .case import STOPS, Case, CaseError

ARCHITECTURES = (
    ".arch armv7-a\n.arch_extension idiv\n.arch_extension sec\n.fpu neon-vfpv4\n",
    ".arch armv8-a\n.arch_extension crc\n.fpu crypto-neon-fp-armv8\n",
)
PREFIXES = ("arm-linux-gnueabi-", "arm-linux-gnueabihf-", "arm-none-eabi-")


def assemble(isa: str, text: str, address: int = CODE) -> str:
    """Return the words of instructions, as a case writes them: hex, joined by +."""
    prefix = next((p for p in PREFIXES if shutil.which(p + "as")), None)
    if prefix is None:
        raise CaseError("no ARM assembler is installed; install binutils-arm-linux-gnueabi or write the word yourself")
    mode = "thumb" if isa == "T32" else "arm"
    body = f".syntax unified\n.{mode}\n.org {address:#x}\n" + text.replace(";", "\n") + "\n"
    with tempfile.TemporaryDirectory() as folder:
        obj, raw = Path(folder, "o"), Path(folder, "b")
        # IT blocks are written out where they are wanted.
        command = [
            prefix + "as",
            "-mimplicit-it=never" if "it" in text else "-mimplicit-it=always",
            "-o",
            str(obj),
            "-",
        ]
        for architecture in ARCHITECTURES:
            result = subprocess.run(command, input=architecture + body, text=True, capture_output=True, check=False)
            if result.returncode == 0:
                break
        if result.returncode:
            raise CaseError(f"{text!r} does not assemble in {isa}:\n{result.stderr}")
        subprocess.run([prefix + "objcopy", "-O", "binary", "-j", ".text", str(obj), str(raw)], check=True)
        data = raw.read_bytes()[address:]
    words = []
    while data:
        first = int.from_bytes(data[:2], "little")
        if isa == "A32":
            words.append(f"{int.from_bytes(data[:4], 'little'):08x}")
            data = data[4:]
        elif first >> 11 >= 0b11101:
            words.append(f"{first:04x}{int.from_bytes(data[2:4], 'little'):04x}")
            data = data[4:]
        else:
            words.append(f"{first:04x}")
            data = data[2:]
    return "+".join(words)


Result = tuple[dict[str, int], dict[str, int], bytes, bytes]  # stop, state, data before, data after


def _run_unicorn(case: Case, isa: str, fill: int) -> Result:
    from stinkarm.proof.oracle import FILLER, Oracle

    start, data = case.start(isa, fill), case.data(fill)
    oracle = Oracle(v8=bool(start["v8"]))
    oracle.memory[DATA][:] = data
    thumb = isa == "T32"
    code = code_bytes(case.code[isa], thumb)
    code += FILLER[thumb][: -len(code) % 4] + FILLER[thumb]
    oracle.memory[CODE][start["pc"] - CODE : start["pc"] - CODE + len(code)] = code
    stop, state = oracle.run(start, case.code[isa])
    return stop, state, data, bytes(oracle.memory[DATA])


def _run_engine(case: Case, isa: str, fill: int, name: str) -> Result:
    world = World(name)
    start, data = case.start(isa, fill), case.data(fill)
    world.memory.write(DATA, data)
    world.set_code(start["pc"], code_bytes(case.code[isa], isa == "T32"))
    stop, state = world.run(start, len(case.code[isa]))
    result = {"kind": stop.kind, "address": stop.address, "write": int(stop.write)}
    after = world.memory.read(DATA, DATA_SIZE)
    world.close()
    return result, state, data, after


def _number(value: int) -> str:
    return str(value) if value < 10 else f"{value:#x}"


def _memory_items(runs: tuple[Result, Result]) -> list[str]:
    """Return what was written: the bytes that changed in either run, as few numbers as may be."""
    changed = [n for n in range(DATA_SIZE) if any(before[n] != after[n] for _, _, before, after in runs)]
    items = []
    while changed:
        start = changed[0]
        length = next((n for n, at in enumerate(changed) if at != start + n), len(changed))
        size = length if length in (2, 4, 8) else next(n for n in (4, 2, 1) if not start % n and n <= length)
        values = [int.from_bytes(after[start : start + size], "little") for _, _, _, after in runs]
        if values[0] != values[1]:
            raise CaseError(
                f"[{DATA + start:#x}] depends on state that is not named: it became {values[0]:#x} and {values[1]:#x}"
            )
        items.append(f"[{DATA + start:#x}]={values[0]:0{2 * size}x}")
        changed = changed[size:]
    return items


def effects(case: Case, isa: str, fill: int, result: Result) -> list[str]:
    """Return the items after => that say what a run did."""
    stop, state, _, _ = result
    items = []
    kind = stop["kind"]
    start = case.automatic(case.start(isa, fill), isa, kind not in (stops.BUDGET, stops.SYSCALL))
    changed = [name for name in NAMES if state[name] != start[name]]
    # Flags are named together, changed or not: the cases check that they do not depend on what they were.
    for name in changed:
        if name not in FLAGS[:4]:
            items.append(f"{name}={_number(state[name])}")
    if set(changed) & set(FLAGS[:4]):
        items.append("NZCV=" + "".join(str(state[name]) for name in FLAGS[:4]))
    if kind in (stops.FAULT, stops.ALIGNMENT):
        items.append(f"{stops.NAMES[kind]}={stop['address']:#x}" if "address" in stop else "stop=alignment")
    elif kind != stops.BUDGET:
        items.append("stop=" + next(name for name, value in STOPS.items() if value == kind))
    return items


def _merge(case: Case, isa: str, runs: tuple[Result, Result]) -> str:
    """Join what two runs with opposite fills did; refuse what depends on state that is not named."""
    both = [dict(i.split("=") for i in effects(case, isa, fill, run)) for fill, run in enumerate(runs)]
    if "NZCV" in both[0] or "NZCV" in both[1]:
        for fill, run in enumerate(runs):
            both[fill]["NZCV"] = "".join(str(run[1][name]) for name in FLAGS[:4])
        if both[0]["NZCV"] != both[1]["NZCV"]:
            flags = [{f: run[1][f] for f in FLAGS[:4]} for run in runs]
            both[0].pop("NZCV")
            both[1].pop("NZCV")
            for name in FLAGS[:4]:
                if flags[0][name] == flags[1][name]:
                    both[0][name] = both[1][name] = str(flags[0][name])
    merged = dict(both[0])
    for name in {**both[0], **both[1]}:
        a, b = both[0].get(name), both[1].get(name)
        if a is not None and b is not None and a != b:
            raise CaseError(f"{name} depends on state that is not named: it became {a} and {b}")
        merged[name] = a if a is not None else str(b)
    ends = [f"{name}={merged.pop(name)}" for name in ("fault", "alignment", "stop") if name in merged]
    return " ".join([*(f"{name}={value}" for name, value in merged.items()), *_memory_items(runs), *ends])


def _ask_unicorn(case: Case, isa: str) -> str | None:
    """Return what Unicorn says the state after is, or None (told on stderr) when it cannot say."""
    if case.before.registers.get("IT"):
        return None
    try:
        from stinkarm.proof.oracle import RanOn
    except ImportError:
        print("unicorn is not installed; the reference engine says what happens", file=sys.stderr)
        return None
    try:
        return _merge(case, isa, (_run_unicorn(case, isa, 0), _run_unicorn(case, isa, 1)))
    except RanOn:
        print(f"unicorn ran past {case.line!r}; the reference engine says what happens", file=sys.stderr)
        return None


def make(sets: str, text: str, before: str) -> list[str]:
    """Return the case line, and a line for each engine that sees it otherwise."""
    text = text.strip()
    isas = sets.split("/")
    given = text.startswith("0x")
    words = [word[2:] for word in text.split("/")] if given else [assemble(isa, text) for isa in isas]
    notes, afters, texts = [], [], []
    for isa, word in zip(isas, words, strict=True):
        case = Case(f"{isa} {word} ? | {before} =>")
        texts.append(case.disassembly(isa))
        sides = {}
        theirs = _ask_unicorn(case, isa)
        if theirs is not None:
            sides["unicorn"] = theirs
        for name in engine_names():
            sides[name] = _merge(case, isa, (_run_engine(case, isa, 0, name), _run_engine(case, isa, 1, name)))
        afters.append(next(iter(sides.values())))
        notes += [f"# {name} in {isa}: => {side}" for name, side in sides.items() if side != afters[-1]]
    if len(set(texts)) == 1 and len(set(afters)) == 1:
        lines = [f"{sets} {'/'.join(words)} {texts[0]} | {before} => {afters[0]}"]
    else:
        lines = [f"{i} {w} {t} | {before} => {a}" for i, w, t, a in zip(isas, words, texts, afters, strict=True)]
    return [" ".join(line.split()) for line in lines] + notes


def main() -> int:
    """Make the case of the arguments, or those of standard input."""
    arguments = sys.argv[1:]
    requests = []
    if len(arguments) >= 2:
        requests.append((arguments[0], arguments[1], " ".join(arguments[2:])))
    elif not arguments:
        for line in sys.stdin:
            head, _, before = line.partition("|")
            if head.strip():
                sets, text = head.split(maxsplit=1)
                requests.append((sets, text, before.strip()))
    else:
        print(__doc__, file=sys.stderr)
        return 2
    status = 0
    for sets, text, before in requests:
        try:
            print("\n".join(make(sets, text, before)), flush=True)
        except (CaseError, ValueError) as error:
            print(f"# {sets} {text} | {before}: {error}", file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
