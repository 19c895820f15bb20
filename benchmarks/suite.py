"""What is measured, and how fast it is to be: the programs and the goals."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import sources
from benchmarks.sources import PROGRAMS, SYSROOTS, Command

BOTH = ("a32", "t32")


@dataclass(frozen=True)
class Benchmark:
    """A program, what makes its command for a target and an amount of work, and how much takes qemu-arm a second."""

    name: str
    group: str
    command: Callable[[str, int], Command]
    amount: int = 0  # 0: it always does the same
    targets: tuple[str, ...] = ("a32",)
    varying: str = ""  # a pattern for lines of output that differ from run to run

    def comparable(self, output: bytes) -> bytes:
        """Return the output without what differs from run to run."""
        if not self.varying:
            return output
        return b"\n".join(line for line in output.splitlines() if not re.search(self.varying.encode(), line))

    def at(self, target: str, seconds: float) -> Command:
        """Return the command that takes qemu-arm about so many seconds."""
        return self.command(target, max(1, round(self.amount * seconds)))


def own(
    name: str, group: str, amount: int, *, targets: tuple[str, ...] = ("a32",), arm: str = "", native: str = ""
) -> Benchmark:
    """Return a benchmark of ours; `arm` and `native` are further options for the compilers."""

    def command(target: str, amount: int) -> Command:
        source = next((path for path in (PROGRAMS / f"{name}.c", PROGRAMS / f"{name}.cpp") if path.exists()), None)
        if source is None:
            raise sources.Unavailable(f"there is no {name}.c in benchmarks/programs")
        options = native.split() if target == "native" else []
        return Command((str(sources.compile_program(name, target, [source], options, arm.split())), str(amount)))

    return Benchmark(name, group, command, amount, targets)


def coremark(target: str, amount: int) -> Command:
    """Return CoreMark's command: the seeds of a performance run, then the iterations."""
    return Command((str(sources.coremark(target)), "0x0", "0x0", "0x66", str(amount), "7", "1", "2000"))


def dhrystone(target: str, amount: int) -> Command:
    """Return Dhrystone's command; it reads the number of runs."""
    path = sources.CACHE / "inputs" / f"number-{amount}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{amount}\n")
    return Command((str(sources.dhrystone(target)),), stdin=path)


def hello_glibc(target: str, amount: int) -> Command:
    """Return the greeting, linked statically against glibc; only ARM's is: the host's is the host's own."""
    del amount
    return Command((str(sources.compile_program("hello_glibc", target, [PROGRAMS / "hello.c"], [], [])),))


def hello_musl(target: str, amount: int) -> Command:
    """Return the greeting, linked statically against musl."""
    del amount
    return Command((str(sources.musl_hello(target)),))


def debian(
    name: str,
    group: str,
    packages: str,
    program: str,
    arguments: Callable[[int], list[str]],
    amount: int = 0,
    *,
    native: tuple[str, str] = ("", ""),
    stdin: Callable[[int], Path] | None = None,
) -> Benchmark:
    """Return a benchmark of a program in Debian's packages; a static one if `packages` is a single name.

    `native` is the package and the program that do the same work on the host, where their names differ.
    """

    def command(target: str, amount: int) -> Command:
        architecture = "amd64" if target == "native" else "armhf"
        first, *libraries = packages.split()
        package, file = native if native[0] and target == "native" else (first, program)
        names = (package, *libraries)
        root = sources.unpack(architecture, names)
        path = root / file
        if not path.exists():
            raise sources.Unavailable(f"{', '.join(names)} for {architecture} have no {path.relative_to(root)}")
        given = stdin(amount) if stdin else None
        sysroot = None if len(names) == 1 else SYSROOTS[architecture]
        return Command((str(path), *arguments(amount)), given, sysroot)

    return Benchmark(name, group, command, amount, ("armhf",))


def script(name: str) -> str:
    """Return the path of one of our scripts."""
    return str(PROGRAMS / name)


def text(amount: int) -> list[str]:
    """Return the text input, as often as the amount says."""
    return [str(sources.text_input(TEXT_KILOBYTES))] * amount


LIBRARIES = "libc6 libgcc-s1 zlib1g libtinfo6 libreadline8"
PYTHON = "python3.11-minimal libpython3.11-minimal libpython3.11-stdlib libexpat1 libssl3 libbz2-1.0 liblzma5"
COMPILER = "cpp-12 libgmp10 libisl23 libmpc3 libmpfr6 libzstd1 libstdc++6"
NATIVE_CC1 = ("cpp-12-arm-linux-gnueabihf", "usr/lib/gcc-cross/arm-linux-gnueabihf/12/cc1")
AS_NEON = "-mfpu=neon"
AS_SSE = "-O3"
TEXT_KILOBYTES = 256

_BASH, _BUSYBOX, _LUA, _SQLITE, _PYTHON, _CC1 = (
    ("bash-static", "bin/bash-static"),
    ("busybox-static", "bin/busybox"),
    (f"lua5.4 {LIBRARIES}", "usr/bin/lua5.4"),
    (f"sqlite3 libsqlite3-0 {LIBRARIES}", "usr/bin/sqlite3"),
    (f"{PYTHON} {LIBRARIES}", "usr/bin/python3.11"),
    (f"{COMPILER} {LIBRARIES}", "usr/lib/gcc/arm-linux-gnueabihf/12/cc1"),
)
_COREMARK_VARIES = r"[Tt]otal|Iterations|CoreMark 1\.0|at least 10 secs|[Cc]ompiler"
_DHRYSTONE_VARIES = r"Ptr_Comp|Microseconds|Dhrystones per|time too small|increase number"

BENCHMARKS = (
    Benchmark("coremark", "integer", coremark, 8000, BOTH, _COREMARK_VARIES),
    Benchmark("dhrystone", "integer", dhrystone, 5_000_000, BOTH, _DHRYSTONE_VARIES),
    own("sha256", "integer", 350, targets=BOTH),
    own("qsort", "integer", 130, targets=BOTH),
    own("sieve", "integer", 480, targets=BOTH),
    own("crc", "integer", 50000, targets=BOTH),
    own("fib", "integer", 7500, targets=BOTH),
    own("calls", "integer", 26000, targets=BOTH),
    own("bytecode", "integer", 13000, targets=BOTH),
    own("binary_trees", "integer", 9000, targets=BOTH),
    own("map", "integer", 9000, targets=BOTH),
    debian("bash loops", "real", *_BASH, lambda n: [script("loops.bash"), str(n)], 620),
    debian("bash arrays", "real", *_BASH, lambda n: [script("arrays.bash"), str(n)], 25),
    debian("busybox awk", "real", *_BUSYBOX, lambda n: ["awk", "-f", script("words.awk"), *text(n)], 4),
    debian("busybox grep", "real", *_BUSYBOX, lambda n: ["grep", "-hcE", "(ba|ki)[a-m]+te* [0-9]+", *text(n)], 24),
    debian("busybox sort", "real", *_BUSYBOX, lambda n: ["sort", "-k2,2", "-k1,1", *text(n)], 12),
    debian("busybox gzip", "real", *_BUSYBOX, lambda n: ["gzip", "-c", *text(n)], 11),
    debian("lua", "real", *_LUA, lambda n: [script("mix.lua"), str(n)], 780),
    debian("sqlite", "real", *_SQLITE, lambda n: [":memory:"], 43000, stdin=sources.sql_input),
    debian("python", "real", *_PYTHON, lambda n: [script("mix.py"), str(n)], 700),
    own("nbody", "float", 750),
    own("spectral_norm", "float", 750),
    own("linpack", "float", 350),
    own("whetstone", "float", 10000),
    own("mandelbrot", "float", 2900),
    own("saxpy", "neon", 23000, arm=AS_NEON, native=AS_SSE),
    own("sad", "neon", 7000, arm=AS_NEON, native=AS_SSE),
    own("sgemm", "neon", 550, arm=AS_NEON, native=AS_SSE),
    own("matrix4", "neon", 25000, arm=AS_NEON, native=AS_SSE),
    own("memcpy", "neon", 10000, arm=AS_NEON),
    own("strlen", "neon", 36000, arm=AS_NEON),
    own("exact", "unusual", 3000, targets=BOTH, arm=AS_NEON, native=AS_SSE),
    own("missing", "unusual", 19000, targets=BOTH, arm=AS_NEON, native=AS_SSE),
    own("counter", "atomics", 7000),
    own("collatz", "atomics", 20000),
    debian("bash -c :", "flat", *_BASH, lambda n: ["-c", ":"]),
    debian("python start", "flat", *_PYTHON, lambda n: ["-c", "print('started')"]),
    debian("cc1", "flat", *_CC1, lambda n: ["-quiet", str(sources.c_input(1000)), "-o", "-"], native=NATIVE_CC1),
    Benchmark("hello musl", "start", hello_musl, targets=("t32",)),
    Benchmark("hello glibc", "start", hello_glibc, targets=("t32",)),
    own("getppid", "syscalls", 3000),
    own("write_null", "syscalls", 2000),
    own("clock", "syscalls", 1500),
)


@dataclass(frozen=True)
class Goal:
    """A row of the table to reach: of which programs, measured how, and what is to hold.

    Speeds are qemu-arm's time divided by stinkarm's: 3 is three times as fast.
    """

    name: str
    title: str
    groups: tuple[str, ...]
    mode: str = "warm"  # or cold: each run starts with an empty cache
    figure: str = "processor"  # user + system seconds of the process; or wall, or memory
    seconds: float = 1.0  # of qemu-arm, about
    targets: tuple[str, ...] = ()  # only these, if any
    only: tuple[str, ...] = ()  # only these programs, if any
    average: float = 0.0  # what the geometric mean of the speeds is to be
    each: float = 0.0  # what each speed is to be
    at_least: tuple[tuple[str, float], ...] = ()  # what the speed of one program is to be
    native: float = 0.0  # how many times native code's time the geometric mean may be
    repeat: int = 1  # how many times as many runs: for what is over in a blink

    def wording(self) -> str:
        """Return what the goal asks for, in words."""
        words = []
        if self.average:
            words.append(f"geometric mean ≥ {self.average:g}x")
        if self.each:
            words.append(f"each ≥ {self.each:g}x")
        words += [f"{name} ≥ {speed:.2g}x" for name, speed in self.at_least]
        if self.native:
            words.append(f"≤ {self.native:g}x native time")
        return "; ".join(words) or "–"


COMPUTING = ("integer", "real", "float", "neon", "atomics")

# Where stinkarm is to be much faster, runs are longer: else they would measure how it starts.
GOALS = (
    Goal("integer", "integer kernels, warm", ("integer",), seconds=2, average=3, each=1, native=1.8),
    Goal("real", "real branchy programs, warm", ("real",), seconds=2, average=3),
    Goal("float", "floating point, warm", ("float",), seconds=3, average=10),
    Goal("neon", "NEON, warm", ("neon",), seconds=3, average=10),
    Goal("unusual", "exact results and NaNs, warm", ("unusual",), seconds=2, each=1),
    Goal("atomics", "atomics, predicated code, warm", ("atomics",), figure="wall", each=1),
    Goal(
        "first",
        "first run, cold cache",
        COMPUTING,
        mode="cold",
        figure="wall",
        seconds=3,
        targets=("a32", "armhf"),
        average=1.5,
    ),
    Goal("flat-cold", "flat and large, cold", ("flat",), mode="cold", figure="wall", each=0.8, repeat=2),
    Goal("flat-warm", "flat and large, warm", ("flat",), figure="wall", each=2, repeat=2),
    Goal(
        "start",
        "start, warm cache",
        ("start",),
        figure="wall",
        repeat=8,
        at_least=(("hello musl", 1 / 1.2), ("hello glibc", 1.0)),
    ),
    Goal(
        "memory",
        "memory: peak of the main process",
        ("integer",),
        figure="memory",
        targets=("a32",),
        only=("coremark",),
        each=0.5,
    ),
    Goal("syscalls", "system calls", ("syscalls",), each=1 / 1.5),
)
