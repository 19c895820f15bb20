"""Measure stinkarm beside qemu-arm, in the same run, on the same ARM programs.

    python benchmarks/run.py [--runs N] [--only NAME,...] [--write]

Runs of the two alternate; each figure is the median of the runs, each ratio the median of the ratios pair
by pair. `--write` puts the table into benchmarks/results.md and the raw runs into benchmarks/results.json. It needs
qemu-arm and arm-linux-gnueabi-gcc (Debian: qemu-user, gcc-arm-linux-gnueabi). CoreMark's sources come from
the PyPI package pythondata-cpu-ibex, which ships them; pip fetches it once into the user's cache.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tarfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "stinkarm-benchmarks"
COMPILER = "arm-linux-gnueabi-gcc"
FLAGS = ["-O2", "-static", "-march=armv7-a"]
COREMARK = "pythondata-cpu-ibex==0.0.post2937"
COREMARK_ITERATIONS = 2000


def need(program: str, package: str) -> str:
    """Return the path of a program, or end with a sentence that says what to install."""
    path = shutil.which(program)
    if path is None:
        sys.exit(f"{program} is not installed; on Debian: apt-get install {package}")
    return path


def coremark_sources() -> Path:
    """Return the folder of CoreMark's sources, fetched if need be."""
    folder = CACHE / "coremark"
    if not folder.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:"]
        subprocess.run([*command, "-d", str(CACHE), COREMARK], check=True)
        archive = next(CACHE.glob("pythondata*cpu*ibex*.tar.gz"))
        with tarfile.open(archive) as tar:
            for member in tar.getmembers():
                _, marker, name = member.name.partition("/vendor/eembc_coremark/")
                if marker and member.isfile():
                    target = folder / name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    source = tar.extractfile(member)
                    assert source is not None
                    target.write_bytes(source.read())
    return folder


def build(name: str, instruction_set: str) -> Path:
    """Compile one program for A32 or T32 and return its path."""
    CACHE.mkdir(parents=True, exist_ok=True)
    output = CACHE / f"{name}-{instruction_set.lower()}"
    mode = "-marm" if instruction_set == "A32" else "-mthumb"
    if name == "coremark":
        folder = coremark_sources()
        sources = [str(p) for p in sorted(folder.glob("core_*.c"))] + [str(folder / "simple" / "core_portme.c")]
        options = [f"-I{folder}", f"-I{folder / 'simple'}", '-DFLAGS_STR="-O2"', "-DPERFORMANCE_RUN=1"]
        options.append(f"-DITERATIONS={COREMARK_ITERATIONS}")
    else:
        sources, options = [str(HERE / "programs" / f"{name}.c")], []
    subprocess.run([COMPILER, *FLAGS, mode, *options, *sources, "-o", str(output)], check=True)
    return output


def measure(command: list[str]) -> tuple[float, bytes]:
    """Run a command; return its user + system seconds and its output."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, result.stdout


def wall(command: list[str]) -> float:
    """Run a command; return its wall-clock seconds."""
    began = time.perf_counter()
    subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return time.perf_counter() - began


def instructions(stinkarm: list[str], program: Path) -> int:
    """Return how many guest instructions a program executes."""
    import stinkarm as api

    del stinkarm
    return api.run(str(program), syscalls="forward").instructions


def compare(stinkarm: list[str], qemu: str, program: Path, runs: int) -> dict[str, list[float]]:
    """Alternate runs of both; check that what the program computes is the same."""
    ours: list[float] = []
    theirs: list[float] = []
    for run in range(runs + 1):
        seconds_ours, out_ours = measure([*stinkarm, "-C", "forward", str(program)])
        seconds_theirs, out_theirs = measure([qemu, str(program)])
        if program.name.startswith("coremark"):
            keep = [b"crc" in line for line in out_ours.splitlines()]
            out_ours = b"".join(x for x, k in zip(out_ours.splitlines(), keep, strict=True) if k)
            out_theirs = b"".join(x for x in out_theirs.splitlines() if b"crc" in x)
        if out_ours != out_theirs:
            sys.exit(f"{program.name}: stinkarm prints {out_ours!r}, qemu-arm {out_theirs!r}")
        if run:
            ours.append(seconds_ours)
            theirs.append(seconds_theirs)
    return {"stinkarm": ours, "qemu": theirs}


def start_up(stinkarm: list[str], qemu: str, runs: int) -> dict[str, list[float]]:
    """Alternate wall-clock times of the three-instruction program."""
    program = str(HERE.parent / "examples" / "exit.elf")
    ours, theirs = [], []
    for run in range(runs * 4 + 1):
        pair = wall([*stinkarm, program]), wall([qemu, program])
        if run:
            ours.append(pair[0])
            theirs.append(pair[1])
    return {"stinkarm": ours, "qemu": theirs}


def row(name: str, raw: dict[str, list[float]], count: int) -> str:
    """Return one line of the table."""
    ours, theirs = statistics.median(raw["stinkarm"]), statistics.median(raw["qemu"])
    ratio = statistics.median(a / b for a, b in zip(raw["stinkarm"], raw["qemu"], strict=True))
    mips = f"{count / ours / 1e6:.0f}" if count else "–"
    return f"| {name} | {ours * 1000:.0f} | {theirs * 1000:.0f} | {ratio:.2f} | {mips} |"


def main() -> None:
    """Measure, print, and write the results page on request."""
    names = ["coremark", *sorted(p.stem for p in (HERE / "programs").glob("*.c"))]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="counted runs of each (default 5)")
    parser.add_argument("--only", default=",".join(["start-up", *names]), help="names, comma separated")
    parser.add_argument("--write", action="store_true", help="write results.md and results.json")
    options = parser.parse_args()
    qemu = need("qemu-arm", "qemu-user")
    need(COMPILER, "gcc-arm-linux-gnueabi")
    script = Path(sys.executable).with_name("stinkarm")
    stinkarm = [str(script)] if script.exists() else [sys.executable, "-m", "stinkarm"]
    chosen = options.only.split(",")
    version = subprocess.run([qemu, "--version"], capture_output=True, text=True, check=True).stdout.split("\n")[0]
    raw: dict[str, dict[str, list[float]]] = {}
    lines = [
        "| program | stinkarm ms | qemu-arm ms | ratio | MIPS of stinkarm |",
        "|---|---|---|---|---|",
    ]
    if "start-up" in chosen:
        raw["start-up"] = start_up(stinkarm, qemu, options.runs)
        lines.append(row("start-up: exit.elf, wall clock", raw["start-up"], 0))
        print(lines[-1], flush=True)
    for name in names:
        if name not in chosen:
            continue
        for instruction_set in ("A32", "T32"):
            program = build(name, instruction_set)
            label = f"{name}, {instruction_set}"
            raw[label] = compare(stinkarm, qemu, program, options.runs)
            lines.append(row(label, raw[label], instructions(stinkarm, program)))
            print(lines[-1], flush=True)
    if options.write:
        page = f"""# Measured beside qemu-arm

Medians of {options.runs} alternating runs (start-up: {options.runs * 4}); processor seconds unless said otherwise;
the ratio is stinkarm / qemu-arm, pair by pair: below 1, stinkarm is faster.
{version}; CPython {platform.python_version()}.
Made by `python benchmarks/run.py --write`; the raw runs are in results.json.

{chr(10).join(lines)}
"""
        (HERE / "results.md").write_text(page)
        (HERE / "results.json").write_text(json.dumps(raw, indent=1) + "\n")


if __name__ == "__main__":
    main()
